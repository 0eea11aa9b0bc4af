/* SPDX-License-Identifier: GPL-3.0-or-later */
/* agree: plain collectives, before and after the dynamic part of a run; see dickemap/agree.h. */
#include "dickemap/agree.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/clock.h"
#include "patience.h"

enum { AGREE = 1 }; /* a tag; the messages of schedule.c have a communicator of their own */

/* Rank 0 hears all outcomes, and so knows who is missing.  *speaker: the lowest rank that did not succeed, or INT_MAX.
 * heard[n_ranks] is false before; NULL: there was no memory for it, and those that are missing are only counted. */
static dkm_status gather_outcomes(MPI_Comm comm, int n_ranks, double seconds, bool *heard, int *speaker,
                                  dkm_error *err) {
  const double t_end = dkm_clock_now() + seconds;
  dkm_status status = DKM_OK;
  int n_missing = n_ranks - 1;
  long ns = 0;
  while (n_missing > 0 && !status) {
    int arrived = 0, failed = 0;
    MPI_Status from;
    int code = MPI_Iprobe(MPI_ANY_SOURCE, AGREE, comm, &arrived, &from);
    if (code == MPI_SUCCESS && arrived)
      code = MPI_Recv(&failed, 1, MPI_INT, from.MPI_SOURCE, AGREE, comm, MPI_STATUS_IGNORE);
    if (code != MPI_SUCCESS) {
      status = dkm_patience_fail_mpi(err, comm, code, "MPI_Recv");
    } else if (arrived) {
      if (heard) heard[from.MPI_SOURCE] = true;
      n_missing--;
      ns = 0;
      if (failed && from.MPI_SOURCE < *speaker) *speaker = from.MPI_SOURCE;
    } else if (dkm_clock_now() > t_end) {
      if (!heard) return dkm_fail(err, DKM_PARALLEL, "%d ranks did not answer for %.0f s", n_missing, seconds);
      int first = 1;
      while (heard[first]) first++;
      char more[32] = "";
      if (n_missing > 1) snprintf(more, sizeof more, ", nor did %d more", n_missing - 1);
      status = dkm_fail(err, DKM_PARALLEL, "rank %d did not answer for %.0f s%s", first, seconds, more);
    } else {
      dkm_patience_nap(&ns);
    }
  }
  return status;
}

dkm_status dkm_agree_within(MPI_Comm comm, double seconds, double seconds_for_first, dkm_status status,
                            dkm_error *err) {
  static int failed; /* not on the stack: a request that is given up may use it until the process ends */
  int rank, n_ranks, speaker = INT_MAX;
  if (status == DKM_PARALLEL) return status; /* the others cannot be reached, and waiting once was enough */
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &n_ranks);
  const double patience = dkm_patience_of(comm, seconds);
  if (rank == MASTER) {
    dkm_error silent = {0};
    bool *heard = calloc((size_t)n_ranks, sizeof *heard); /* without it, rank 0 takes part and fails for all */
    if (!heard && !status) status = dkm_fail(err, DKM_MEMORY, "out of memory (the list of %d ranks)", n_ranks);
    speaker = status ? MASTER : INT_MAX;
    const dkm_status gathered = gather_outcomes(comm, n_ranks, patience, heard, &speaker, &silent);
    free(heard);
    if (gathered) {
      if (!status || !err) return dkm_fail(err, DKM_PARALLEL, "%s", silent.message);
      const dkm_error own = *err; /* both are true */
      return dkm_fail(err, DKM_PARALLEL, "%s; %s", own.message, silent.message);
    }
  } else {
    MPI_Request request;
    failed = status != DKM_OK;
    const int code = MPI_Isend(&failed, 1, MPI_INT, MASTER, AGREE, comm, &request);
    if (dkm_patience_complete_within(comm, patience, code, "MPI_Isend", &request, err)) return DKM_PARALLEL;
  }
  const double for_first = rank == MASTER ? patience : dkm_patience_of(comm, fmax(seconds, seconds_for_first));
  if (dkm_patience_broadcast_within(comm, for_first, &speaker, sizeof speaker, MASTER, err)) return DKM_PARALLEL;
  if (speaker == INT_MAX) return DKM_OK;
  dkm_error outcome = {0};
  if (rank == speaker) dkm_fail(&outcome, status, "%s", err ? err->message : dkm_status_text(status));
  if (dkm_patience_broadcast_within(comm, patience, &outcome, sizeof outcome, speaker, err)) return DKM_PARALLEL;
  return dkm_fail(err, outcome.status, "%s", outcome.message);
}

dkm_status dkm_agree(MPI_Comm comm, dkm_status status, dkm_error *err) {
  return dkm_agree_within(comm, DKM_AGREE_PATIENCE, 0, status, err);
}

dkm_status dkm_agree_with_first(MPI_Comm comm, double seconds_for_first, dkm_status status, dkm_error *err) {
  return dkm_agree_within(comm, DKM_AGREE_PATIENCE, seconds_for_first, status, err);
}

dkm_status dkm_agree_sum(MPI_Comm comm, int n, int64_t *values, dkm_error *err) {
  enum { PIECE = 64 };
  static int64_t piece[PIECE]; /* as above */
  for (int at = 0; at < n; at += PIECE) {
    const int n_now = n - at < PIECE ? n - at : PIECE;
    MPI_Request request;
    memcpy(piece, values + at, (size_t)n_now * sizeof *piece);
    const int code = MPI_Iallreduce(MPI_IN_PLACE, piece, n_now, MPI_INT64_T, MPI_SUM, comm, &request);
    if (dkm_patience_complete(comm, code, "MPI_Iallreduce", &request, err)) return DKM_PARALLEL;
    memcpy(values + at, piece, (size_t)n_now * sizeof *piece);
  }
  return DKM_OK;
}

static bool occurs_before(const char (*words)[DKM_WORD_BYTES], int i) {
  for (int j = 0; j < i; j++)
    if (strcmp(words[j], words[i]) == 0) return true;
  return false;
}

dkm_status dkm_agree_list_words(MPI_Comm comm, const char *word, char *list, size_t list_bytes, dkm_error *err) {
  enum { TAIL_BYTES = 24 };         /* of " and 2147483647 more" */
  static char mine[DKM_WORD_BYTES]; /* as above */
  char(*words)[DKM_WORD_BYTES] = NULL;
  int rank, n_ranks, n_more = 0;
  MPI_Request request;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &n_ranks);
  memset(mine, 0, sizeof mine);
  strncpy(mine, word, sizeof mine - 1);
  list[0] = '\0';
  dkm_status status = DKM_OK;
  if (rank == MASTER && !(words = malloc((size_t)n_ranks * sizeof *words)))
    status = dkm_fail(err, DKM_MEMORY, "out of memory (the words of %d ranks)", n_ranks);
  status = dkm_agree(comm, status, err);
  if (status) goto cleanup;
  const int code = MPI_Igather(mine, DKM_WORD_BYTES, MPI_CHAR, words, DKM_WORD_BYTES, MPI_CHAR, MASTER, comm, &request);
  status = dkm_patience_complete(comm, code, "MPI_Igather", &request, err);
  if (status) return status; /* words stay where they are, like `mine` */
  if (rank != MASTER) goto cleanup;
  for (int i = 0; i < n_ranks; i++) {
    const size_t used = strlen(list), length = strlen(words[i]);
    if (length == 0 || occurs_before(words, i)) continue;
    if (n_more > 0 || used + length + TAIL_BYTES + 2 >= list_bytes)
      n_more++;
    else
      sprintf(list + used, "%s%s", used ? ", " : "", words[i]);
  }
  if (n_more > 0) sprintf(list + strlen(list), " and %d more", n_more);
cleanup:
  free(words);
  return status;
}
