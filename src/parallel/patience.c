/* SPDX-License-Identifier: GPL-3.0-or-later */
/* patience: waiting for other ranks; see patience.h. */
#include "patience.h"

#include <string.h>
#include <time.h>

#include "dickemap/agree.h"
#include "dickemap/clock.h"

/* The first nap after a message is short, since messages come in groups; then naps double.  A
 * poll takes some microseconds of CPU, so that one a millisecond is well below 1 % of a core,
 * and the range that a worker holds ahead hides the millisecond. */
enum { NAP_FIRST_NS = 50 * 1000, NAP_LONGEST_NS = 1000 * 1000 };

void dkm_patience_nap(long *ns) {
  if (*ns < NAP_FIRST_NS) *ns = NAP_FIRST_NS;
  nanosleep(&(struct timespec){.tv_nsec = *ns}, NULL);
  *ns = 2 * *ns < NAP_LONGEST_NS ? 2 * *ns : NAP_LONGEST_NS;
}

dkm_status dkm_patience_fail_mpi(dkm_error *err, MPI_Comm comm, int code, const char *call) {
  char reason[MPI_MAX_ERROR_STRING] = "unknown reason";
  int length, rank = -1;
  MPI_Error_string(code, reason, &length);
  MPI_Comm_rank(comm, &rank);
  return dkm_fail(err, DKM_PARALLEL, "%s failed on rank %d: %s", call, rank, reason);
}

double dkm_patience_of(MPI_Comm comm, double seconds) {
  enum { APART = 2, MAX_APART = 30 };
  int rank = 0;
  MPI_Comm_rank(comm, &rank);
  return rank == MASTER ? seconds : 1.1 * seconds + APART * (rank < MAX_APART ? rank : MAX_APART);
}

dkm_status dkm_patience_complete_within(MPI_Comm comm, double seconds, int code, const char *call, MPI_Request *request,
                                        dkm_error *err) {
  const double t_end = dkm_clock_now() + seconds;
  long ns = 0;
  int finished = 0;
  while (code == MPI_SUCCESS) {
    code = MPI_Test(request, &finished, MPI_STATUS_IGNORE);
    if (finished) break;
    if (code == MPI_SUCCESS && dkm_clock_now() > t_end) {
      int rank = -1;
      MPI_Comm_rank(comm, &rank);
      return dkm_fail(err, DKM_PARALLEL, "rank %d: other ranks, rank 0 perhaps, did not answer for %.0f s (%s)", rank,
                      seconds, call);
    }
    if (code == MPI_SUCCESS) dkm_patience_nap(&ns);
  }
  return code == MPI_SUCCESS ? DKM_OK : dkm_patience_fail_mpi(err, comm, code, call);
}

dkm_status dkm_patience_complete(MPI_Comm comm, int code, const char *call, MPI_Request *request, dkm_error *err) {
  return dkm_patience_complete_within(comm, dkm_patience_of(comm, DKM_AGREE_PATIENCE), code, call, request, err);
}

dkm_status dkm_patience_broadcast_within(MPI_Comm comm, double seconds, void *data, size_t n_bytes, int root,
                                         dkm_error *err) {
  static char piece[1 << 16]; /* outlives a request that is given up, and cannot be missing on one rank alone */
  int rank = -1;
  MPI_Comm_rank(comm, &rank);
  for (size_t at = 0; at < n_bytes; at += sizeof piece) {
    const size_t n = n_bytes - at < sizeof piece ? n_bytes - at : sizeof piece;
    MPI_Request request;
    if (rank == root) memcpy(piece, (const char *)data + at, n);
    const int code = MPI_Ibcast(piece, (int)n, MPI_BYTE, root, comm, &request);
    if (dkm_patience_complete_within(comm, seconds, code, "MPI_Ibcast", &request, err)) return DKM_PARALLEL;
    if (rank != root) memcpy((char *)data + at, piece, n);
  }
  return DKM_OK;
}

dkm_status dkm_patience_broadcast(MPI_Comm comm, void *data, size_t n_bytes, int root, dkm_error *err) {
  return dkm_patience_broadcast_within(comm, dkm_patience_of(comm, DKM_AGREE_PATIENCE), data, n_bytes, root, err);
}
