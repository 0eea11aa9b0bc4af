/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run_job: all points of a job into one file, as `dickemap run` was asked to. */
#ifndef DICKEMAP_RUN_JOB_H
#define DICKEMAP_RUN_JOB_H
#include "run_output.h"

typedef struct dkm_run_request {
  const char *job, *command, *cpu; /* the job's file; the command line, for the history; NULL: the best there is */
  int n_sets;
  const char **sets;
  double t_start, time_limit; /* seconds, time_limit from t_start; INFINITY for none */
  double save_interval;       /* seconds */
  dkm_run_output output;
  bool break_lock, quiet;
} dkm_run_request;

/* Starts MPI and runs the job.  Collective: every rank returns the same status, unless ranks do not answer
 * any more, or rank 0 alone cannot write the last line of the history. */
dkm_status dkm_run_job(dkm_run_request *request, dkm_error *err);

#endif
