/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run_master: what rank 0 of `dickemap run` does beside handing out points: marks what is done, looks whether to end
 * and whether output and lock are still its own, and says at the end what is true of the file.  Local, rank 0 only. */
#ifndef DICKEMAP_RUN_MASTER_H
#define DICKEMAP_RUN_MASTER_H
#include "attempt.h"
#include "dickemap/lock.h"
#include "dickemap/progress.h"
#include "dickemap/schedule.h"
#include "dickemap/store.h"
#include "dickemap/unfinished.h"
#include "ending.h"
#include "run_worker.h"

typedef struct dkm_run_master {
  const char *path; /* of the output */
  dkm_store *store; /* borrowed; NULL before it is open and once it is closed */
  dkm_lock *lock;   /* owned by who took it */
  bool lost;        /* another run has the lock */
  dkm_progress progress;
  dkm_ending ending;
  dkm_attempt attempt;
  int64_t n_points;         /* of the job, or of the shard */
  int64_t n_before, n_done; /* of them, done before this run, and with what it has done */
  int64_t n_marked, n_synced; /* by this run, and of them on disk */
  double t_look;            /* when to look next whether the output is still there */
  bool quiet;
} dkm_run_master;

/* done and tick of dkm_schedule_ops. */
dkm_status dkm_run_master_mark(dkm_run_master *master, dkm_range range, const uint8_t *status, dkm_error *err);
dkm_status dkm_run_master_tick(dkm_run_master *master, int64_t n_done, double notice, dkm_stop *stop, dkm_error *err);

/* The last look at the output, when all others have closed it: what the run, which came to `status`, says of it must be
 * true of the file under that name.  Closes the store.  The outcome of the run: `status`, or what is wrong.  If the
 * file was taken away, no line is added to the history of what is there instead (attempt.begun). */
dkm_status dkm_run_master_finish(dkm_run_master *master, dkm_status status, dkm_error *err);

/* The same where some ranks do not answer any more, as err says: what they and the others have reported is kept. */
dkm_status dkm_run_master_finish_without(dkm_run_master *master, double elapsed, dkm_status status, dkm_error *err);

/* Standard output: verdicts and points of all workers together. */
void dkm_run_master_print(const dkm_run_master *master, const dkm_run_worker *sum, const dkm_shard *shard,
                          double elapsed);

/* The last line of the history: how a run ended that came to `status`, which it returns, or what went wrong with the
 * line. */
dkm_status dkm_run_master_end_attempt(dkm_run_master *master, dkm_status status, dkm_error *err);

/* Says on standard error what goes on inside, and what does not although there is a state of it. */
void dkm_run_master_tell_states(const dkm_run_master *master, const dkm_unfinished *unfinished);

/* Removes states of points that are done, while nobody else works on the output; complete: of all points. */
void dkm_run_master_tidy_states(const dkm_run_master *master, bool complete);

#endif
