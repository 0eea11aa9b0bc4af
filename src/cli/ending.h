/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ending: whether a run is to end before its work is done, and how urgently.
 *
 * Reasons: SIGUSR1 (batch systems send it some time before the end; mpirun and srun pass it to every rank),
 * SIGTERM and SIGINT, a time limit of our own, the end of the batch job (SLURM_JOB_END_TIME, or what squeue says).  
 * Rank 0 looks at all of them; the other ranks only have to survive the signals.
 *
 *   --------------- points are drawn ------------|-- those under way --|-- write, sync --|-- close --|
 *                                              t_draw               t_give_up         t_leave      t_end
 *
 *   reserve = min(20 s, a tenth of the limit)          t_give_up = t_end - reserve
 *   margin  = min(longest point so far, half of the limit)  t_draw = t_give_up - margin
 *
 * Where points under way can be suspended they need not be finished, and no core waits for the slowest of them:
 *
 *   ------------------------ points are drawn ------------------------|-- save --|-- write, sync --|-- close --|
 *                                                             t_draw = t_give_up               t_leave      t_end
 *
 * with a margin of twice the longest time that a rank has taken to save its points, at most half of the limit.
 *
 * After SIGUSR1 points under way have 30 s, or until t_give_up if that comes first.  A second SIGUSR1, SIGTERM or
 * SIGINT give them up, or suspend them, at once.
 *
 * Ranks that have not answered by t_leave are left behind: a quarter of the reserve before the end, but 10 s after
 * points were given up; after SIGUSR1 30 s, or as long as saving may take, after they were, and after SIGTERM and
 * SIGINT, which batch systems follow with SIGKILL half a minute later, 10 s. */
#ifndef DICKEMAP_ENDING_H
#define DICKEMAP_ENDING_H
#include "dickemap/schedule.h"

typedef struct dkm_ending {
  double t_end, limit; /* on the clock of dkm_clock_now; seconds from the start of the run to t_end; or INFINITY */
  const char *limit_name; /* "--time-limit", "SLURM_JOB_END_TIME", "the end of the batch job" */
  bool suspends; /* points under way are suspended when they are given up; set by the caller after dkm_ending_begin */
  double t_signal;     /* when the first SIGUSR1 was seen, or INFINITY */
  double t_gave_up;    /* when points under way were given up, or INFINITY */
  dkm_stop stop;       /* what was decided so far */
  char reason[512];    /* why, once stop is not DKM_STOP_NOT; room for what the caller adds */
} dkm_ending;

/* "90" (minutes), "MM:SS", "HH:MM:SS", "D-HH", "D-HH:MM", "D-HH:MM:SS", as SLURM's --time; or numbers with units d, h, m or
 * min, s: "1h30m", "1.5h"; option: for the message. DKM_INPUT. */
dkm_status dkm_ending_parse_time(const char *option, const char *text, double *seconds, dkm_error *err);

/* From now on signals are noted instead of killing the process; a second SIGTERM or SIGINT does.  On every rank; where
 * another one decides (follows), the process ends half a minute after a SIGTERM to which that one has not answered. */
dkm_status dkm_ending_catch_signals(bool follows, dkm_error *err);

/* The one that decides has answered: from now on it is waited for, however long it takes. */
void dkm_ending_answered(void);

/* t_start: when the run began, on the clock of dkm_clock_now; time_limit: seconds from then, INFINITY for none.  Also
 * reads SLURM_JOB_END_TIME or, in a batch job without it, asks squeue; the earlier end counts. DKM_INPUT if the
 * variable is not a number. */
dkm_status dkm_ending_begin(dkm_ending *ending, double t_start, double time_limit, dkm_error *err);

/* To be asked a few times a second; notice: the margin that workers ask for, in seconds. The answer never
 * becomes less urgent. */
dkm_stop dkm_ending_look(dkm_ending *ending, double notice);

#endif
