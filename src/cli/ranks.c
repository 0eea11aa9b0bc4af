/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ranks: start and end of MPI; see ranks.h. */
#define _GNU_SOURCE /* environ */
#include "ranks.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dickemap/agree.h"

/* Time for rank 0 to put on disk what it has, and to say what went wrong. */
enum { SECONDS_TO_SPEAK = 10 };

static bool started, left_behind, single_of_many;

/* A number in the environment, or -1. */
static long number_of(const char *variable) {
  const char *text = getenv(variable);
  if (!text || text[0] < '0' || text[0] > '9') return -1;
  return strtol(text, NULL, 10);
}

bool dkm_ranks_first(void) {
  /* mpirun of Open MPI; its mpirun, and srun, with PMIx; mpiexec of MPICH and of Intel */
  static const char *const variables[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"};
  int rank;
  if (single_of_many) return number_of("SLURM_PROCID") <= 0;
  if (started) return MPI_Comm_rank(MPI_COMM_WORLD, &rank) == MPI_SUCCESS && rank == 0;
  for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
    if (number_of(variables[i]) > 0) return false;
  return true;
}

/* Whether whoever started this process told MPI of the others: mpirun, or srun or mpiexec by PMIx, PMI-2 or PMI. */
static bool is_told_of_others(void) {
  if (number_of("OMPI_COMM_WORLD_SIZE") > 0) return true;
  for (char **variable = environ; *variable; variable++)
    if (strncmp(*variable, "PMI", 3) == 0) return true;
  return false;
}

/* srun has started n processes, and MPI, which does not know of srun, n worlds of one, or none: Open MPI then aborts in
 * MPI_Init.  A batch script that runs the program itself is no step of several tasks; what mpirun starts may be
 * within a step of its own, and knows its size. */
static dkm_status check_world(int n_ranks, long n_by_mpirun, dkm_error *err) {
  const long n_tasks = number_of("SLURM_STEP_NUM_TASKS");
  if (n_tasks <= n_ranks || n_by_mpirun == n_ranks) return DKM_OK;
  single_of_many = true;
  return dkm_fail(err, DKM_INPUT,
                  "run: srun has started %ld processes, but MPI sees %d: each would compute the whole job alone. Use "
                  "srun --mpi=pmix (`srun --mpi=list` says whether there is one), or mpirun within the allocation; for "
                  "separate runs: env -u SLURM_STEP_NUM_TASKS dickemap ...",
                  n_tasks, n_ranks);
}

dkm_status dkm_ranks_start(dkm_error *err) {
  int n_ranks, level;
  const long open_mpi = number_of("OMPI_COMM_WORLD_SIZE"),
             hydra = number_of("PMI_SIZE"); /* starting MPI may set them */
  if (!is_told_of_others() && check_world(1, -1, err)) return err->status;
  /* A lock has a thread of its own, which does not call MPI. */
  if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level) != MPI_SUCCESS || level < MPI_THREAD_FUNNELED)
    return dkm_fail(err, DKM_PARALLEL, "MPI cannot be started");
  started = true;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
  return check_world(n_ranks, open_mpi > 0 ? open_mpi : hydra, err);
}

void dkm_ranks_leave_behind(void) {
  left_behind = true;
}

void dkm_ranks_end(dkm_status status, const char *message) {
  dkm_error last = {0};
  if (!started) {
    /* A launcher ends all as soon as one has failed, so that rank 0 might not come to say why. */
    if (status && !dkm_ranks_first()) sleep(2);
    return;
  }
  if (status == DKM_PARALLEL && !dkm_ranks_first()) {
    /* Messages between ranks have failed, perhaps seen by this rank alone.  Rank 0 is given the time to speak for
     * all. */
    sleep(SECONDS_TO_SPEAK);
    fprintf(stderr, "dickemap: %s\n", message);
  }
  /* MPI_Finalize waits for all ranks, without end.  Nothing is lost where one of them hangs now. */
  if (status != DKM_PARALLEL && !left_behind && dkm_agree(MPI_COMM_WORLD, DKM_OK, &last) == DKM_OK) {
    MPI_Finalize();
    started = false;
    return;
  }
  if (last.status) fprintf(stderr, "dickemap: at the end: %s\n", last.message);
  if (last.status && !dkm_ranks_first()) status = last.status; /* rank 0 knows how the run went, the others do not */
  fflush(stdout);
  MPI_Abort(MPI_COMM_WORLD, dkm_status_exit_code(status));
}
