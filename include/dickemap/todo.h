/* SPDX-License-Identifier: GPL-3.0-or-later */
/* todo: which points are left to do, and how large the ranges are in which they are handed out: as many points as take a
 * fixed time at the present pace, and fewer towards the end.  Ranges may be added at any time.  Local, and without any
 * messages: schedule.h has those. */
#ifndef DICKEMAP_TODO_H
#define DICKEMAP_TODO_H
#include <stdbool.h>
#include <stdint.h>

#include "dickemap/status.h"

typedef struct dkm_range {
  int64_t first, count;
} dkm_range;

enum { DKM_TODO_MAX_ROUNDS = 4096 }; /* a range has at most so many points a lane */

/* Size of the next range when `left` points are left (> 0) and a worker takes seconds_per_point (0: not known yet, then
 * `lanes` points, at most left/workers): what takes 0.1 s, or 20 us for each worker where that is longer; at most
 * left/(4 workers), or, where that takes less than 10 us for each worker, what takes as long, up to left/workers; between
 * one point and 4096 lanes; a multiple of lanes if it is more than lanes; at most `left`.  Why: todo.c. */
int64_t dkm_todo_range_size(int64_t left, int n_workers, int lanes, double seconds_per_point);

typedef struct dkm_todo {
  int64_t n_left, n_total; /* points: not drawn yet, ever given */
  int n_workers, lanes;
  dkm_range head;          /* what is left of the range that is being cut */
  const dkm_range *ranges; /* those after it, borrowed */
  int64_t n_ranges;
  dkm_range *added; /* those after these: added[n_used] ... added[n_added - 1] */
  int64_t n_used, n_added, n_room;
  double pace_seconds, pace_points; /* of the ranges computed last, older ones with less and less weight */
} dkm_todo;

/* All points of `ranges`, which must stay where they are. */
void dkm_todo_begin(dkm_todo *todo, int64_t n_ranges, const dkm_range *ranges, int n_workers, int lanes);

/* One more range, which comes last. Fails with DKM_MEMORY, and nothing has changed. */
dkm_status dkm_todo_add(dkm_todo *todo, dkm_range range, dkm_error *err);

/* Frees what was added. */
void dkm_todo_end(dkm_todo *todo);

/* The next range to hand out; false if no points are left. */
bool dkm_todo_draw(dkm_todo *todo, dkm_range *range);

/* A worker took so long for so many points. */
void dkm_todo_note_pace(dkm_todo *todo, int64_t count, double seconds);

#endif
