/* SPDX-License-Identifier: GPL-3.0-or-later */
/* schedule: who computes which points.  Only schedule.c, agree.c and share_job.c, with patience.c beneath them, send
 * and receive messages; the protocol is drawn at the top of schedule.c.
 *
 * Rank 0 is the master; it hands out ranges of point indices (todo.h) and sleeps between polls.  Every worker holds one
 * range ahead of the one it computes, so that a request never waits for the network.  A communicator of one rank
 * runs everything inline.  More ranks than points is fine.
 *
 * The list of points may grow while it is computed, by points that depend on what was reported (`more`).  Then there may be
 * nothing to hand out for a while: requests are left unanswered until reports have brought points, or none are under way
 * and there are no more. */
#ifndef DICKEMAP_SCHEDULE_H
#define DICKEMAP_SCHEDULE_H
#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>

#include "dickemap/status.h"
#include "dickemap/todo.h"

typedef struct dkm_schedule dkm_schedule;

/* How a run ends before its time; each is more urgent than the one before. */
typedef enum dkm_stop {
  DKM_STOP_NOT,
  DKM_STOP_DRAW_NO_MORE, /* no new ranges and no new points; those under way are finished */
  DKM_STOP_GIVE_UP,      /* those under way are given up as well */
  DKM_STOP_LEAVE_BEHIND  /* ranks that have not answered to that are not waited for */
} dkm_stop;

/* What one rank does; all callbacks get `context`. A status other than DKM_OK from any of them
 * ends the run on all ranks with that status. */
typedef struct dkm_schedule_ops {
  void *context;
  /* Worker: compute points, drawing ranges with dkm_schedule_next until it says that there
   * are no more; call dkm_schedule_report for what is computed, written and synced. */
  dkm_status (*work)(void *context, dkm_schedule *schedule, dkm_error *err);
  /* Master: these records are safe on disk; status[i] as in store.h. */
  dkm_status (*done)(void *context, dkm_range range, const uint8_t *status, dkm_error *err);
  /* Master, may be NULL: gives ranges that were not in todo, one a call, until *range is empty (as it is before): no more
   * for now. Asked at first, and again when something was done since, but not before a range is to be handed out;
   * at the end also after a stop, to know whether anything is left. */
  dkm_status (*more)(void *context, dkm_range *range, dkm_error *err);
  /* Master: called a few times a second. notice: seconds, the greatest that workers have reported. May set
   * *stop (DKM_STOP_NOT before), which is passed on to all workers; a stop is never taken back. */
  dkm_status (*tick)(void *context, int64_t n_done, double notice, dkm_stop *stop, dkm_error *err);
} dkm_schedule_ops;

typedef enum dkm_next {
  DKM_NEXT_RANGE,
  DKM_NEXT_WAIT,   /* none has arrived yet */
  DKM_NEXT_REPORT, /* only where there is `more`: there may be none before what is finished here has been reported */
  DKM_NEXT_END     /* there are no more */
} dkm_next;

/* Runs all points of todo (n_todo ranges, needed on rank 0 only, disjoint and ascending). Collective: every
 * rank returns the same status and message, which begins with "rank 2 on n003: " where another rank than 0 has failed.
 * *stopped (on every rank): not all points were done, because `tick`
 * asked to stop.
 *
 * Where ranks do not answer any more, rank 0 alone returns: DKM_STOPPED after DKM_STOP_LEAVE_BEHIND, DKM_PARALLEL if they
 * have not given up within a minute of a failure, which the message begins with.  The message names them and says
 * what is known of them; everything that they have reported has been passed to `done`.  Nothing collective is possible then,
 * and MPI_Abort is to follow, since the other ranks wait. */
dkm_status dkm_schedule_run(MPI_Comm comm, int64_t n_todo, const dkm_range *todo, int lanes,
                            const dkm_schedule_ops *ops, bool *stopped, dkm_error *err);

/* ---- called from within `work` ---- */

/* Takes the range held ahead and asks for another. wait: sleeps until one has arrived, instead of DKM_NEXT_WAIT.
 * DKM_NEXT_REPORT, with and without waiting, as long as points that were drawn are not reported: those that are finished
 * are to be reported, the others gone on with. */
dkm_next dkm_schedule_next(dkm_schedule *schedule, bool wait, dkm_range *range);

/* Reports a range, or a part of one, as safe on disk with its status bytes; count 0: only says notice, the seconds that
 * this rank would like to be told before the end (0 if unknown). Every point that was drawn must have been reported
 * before `work` returns DKM_OK, unless the run was interrupted or is stopping. */
dkm_status dkm_schedule_report(dkm_schedule *schedule, dkm_range range, const uint8_t *status, double notice,
                               dkm_error *err);

/* What the master's `tick` has asked for; no more ranges come once it is not DKM_STOP_NOT. */
dkm_stop dkm_schedule_stopping(dkm_schedule *schedule);

/* True once the master wants everybody to give up at once (another rank failed). */
bool dkm_schedule_interrupted(dkm_schedule *schedule);

#endif
