/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run_worker: what a rank of `dickemap run` does that computes points: draws them, collects
 * their records in blocks, writes, syncs and reports these (diagram in run_worker.c). */
#ifndef DICKEMAP_RUN_WORKER_H
#define DICKEMAP_RUN_WORKER_H
#include "dickemap/job.h"
#include "dickemap/schedule.h"
#include "dickemap/store.h"
#include "dickemap/task.h"
#include "dickemap/unfinished.h"

enum { DKM_RUN_LANES = 8 }; /* ranges are multiples of the ensemble's lane count */

typedef struct dkm_run_worker {
  const dkm_job *job; /* borrowed, as are the next three */
  dkm_store *store;
  void *engine; /* of the job's task */
  dkm_unfinished *unfinished;
  double save_interval; /* seconds between saves of points that take long; they take a hundredth of the time at most */
  int64_t n_finished;                 /* points, here; of a sweep: */
  int64_t n_verdicts[DKM_N_VERDICTS]; /* what they ended in */
  int64_t n_unstable;                 /* of them, fixed points with directions that grow */
  int64_t n_undecided;                /* of tasks that count starts: those without an outcome */
  int64_t n_failed;                   /* of the others: points that have no result */
  int64_t n_suspended, n_resumed;     /* points saved when the run was stopped; points that went on inside */
} dkm_run_worker;

/* The work of dkm_schedule_ops. When it returns, every point that was finished has been written, synced and
 * reported, also after a stop, an interrupt or another rank's failure; those given up are as if never drawn, but that
 * the state of those that took a tenth of a second or more is saved. */
dkm_status dkm_run_work(dkm_run_worker *worker, dkm_schedule *schedule, dkm_error *err);

/* Bytes that it takes beside the engine and the store: blocks of records, and of states where these are kept. */
double dkm_run_worker_bytes(const dkm_job *job);

#endif
