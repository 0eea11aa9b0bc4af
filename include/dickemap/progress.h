/* SPDX-License-Identifier: GPL-3.0-or-later */
/* progress: how far the run is, on stderr: a bar that rewrites itself on a terminal, a
 * plain line every 10 s elsewhere (batch logs). Rank 0 only. */
#ifndef DICKEMAP_PROGRESS_H
#define DICKEMAP_PROGRESS_H
#include <stdbool.h>
#include <stdint.h>

typedef struct dkm_progress_mark {
  double elapsed; /* seconds since the start */
  int64_t n_done;
} dkm_progress_mark;

typedef struct dkm_progress {
  int64_t n_total;    /* points of the job */
  int64_t n_before;   /* done before this run began */
  double t_start;     /* seconds, monotonic clock */
  double t_printed;
  bool terminal;
  bool begun;                          /* the first points of this run have been reported, */
  dkm_progress_mark first, since, next; /* and how far it was then; the ETA's rate is since `since` */
} dkm_progress;

void dkm_progress_start(dkm_progress *progress, int64_t n_total, int64_t n_before);

/* Prints if it is time to. n_done includes n_before. */
void dkm_progress_update(dkm_progress *progress, int64_t n_done);

/* Prints the last state and leaves the line. */
void dkm_progress_end(dkm_progress *progress, int64_t n_done);

/* How far it is now, for the ETA; dkm_progress_update and _end do it themselves. */
void dkm_progress_note(dkm_progress *progress, int64_t n_done, double elapsed);

/* One line "done/total points, percent, rate, ETA" into out[out_bytes]; elapsed in seconds. */
void dkm_progress_line(const dkm_progress *progress, int64_t n_done, double elapsed, char *out, int out_bytes);

#endif
