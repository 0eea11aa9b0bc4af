/* SPDX-License-Identifier: GPL-3.0-or-later */
/* todo: which points are left to do, and how large ranges are; see dickemap/todo.h.
 *
 * How large ranges are: points differ by a factor of 10^5 in cost, and the slow ones lie together in a grid.  A share
 * of what is left (guided sizes alone) then is a trap: the worker that draws the slow corner of the grid has it for
 * itself.  So a range is a length of time: what lasts RANGE_SECONDS at the pace of the ranges that were finished last.
 * That is long against the 0.3 ms that it takes to write the records of a range, and short against any run.  On large
 * machines it is longer, since the master spends about MESSAGE_SECONDS on each REQUEST and REPORT: for W workers,
 * BUSY_FACTOR W MESSAGE_SECONDS keep it half free.  Towards the end a range is no more than 1/RANGES_PER_WORKER of
 * an equal share of what is left, down to single points; if that were less than LEAST_FACTOR W MESSAGE_SECONDS, so
 * that workers would queue at the master, it is that, or the whole equal share.  The pace counts a worker's time from
 * taking a range to having drawn all of it; waiting for the master is left out, or an overloaded master would make
 * ranges smaller and have more to do.  These numbers were chosen with tests/bench/parallel_efficiency/replay.c; its
 * table is in tests/README.md. */
#include "dickemap/todo.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* PACE_MEMORY: ranges over which the pace is averaged. */
enum { RANGES_PER_WORKER = 4, PACE_MEMORY = 64, BUSY_FACTOR = 4, LEAST_FACTOR = 2 };
static const double RANGE_SECONDS = 0.1, MESSAGE_SECONDS = 5e-6;

int64_t dkm_todo_range_size(int64_t left, int n_workers, int lanes, double seconds_per_point) {
  const int64_t most = DKM_TODO_MAX_ROUNDS * (int64_t)lanes, equal = left / n_workers, share = equal / RANGES_PER_WORKER;
  int64_t size = lanes, least = lanes;
  if (seconds_per_point > 0) {
    const double message = n_workers * MESSAGE_SECONDS;
    size = (int64_t)fmin(fmax(RANGE_SECONDS, BUSY_FACTOR * message) / seconds_per_point, (double)most);
    least = (int64_t)fmin(LEAST_FACTOR * message / seconds_per_point, (double)most);
  }
  if (least > equal) least = equal;
  if (size > share) size = share;
  if (size < least) size = least;
  if (size < 1) size = 1;
  if (size > lanes) size -= size % lanes;
  return size < left ? size : left;
}

void dkm_todo_note_pace(dkm_todo *todo, int64_t count, double seconds) {
  todo->pace_points += (double)count - todo->pace_points / PACE_MEMORY;
  todo->pace_seconds += seconds - todo->pace_seconds / PACE_MEMORY;
}

void dkm_todo_begin(dkm_todo *todo, int64_t n_ranges, const dkm_range *ranges, int n_workers, int lanes) {
  *todo = (dkm_todo){.ranges = ranges, .n_ranges = n_ranges, .n_workers = n_workers, .lanes = lanes};
  for (int64_t i = 0; i < n_ranges; i++) todo->n_total += ranges[i].count;
  todo->n_left = todo->n_total;
}

void dkm_todo_end(dkm_todo *todo) {
  free(todo->added);
  todo->added = NULL;
}

/* Room for one more. Ranges that were used make room first, if they are half of all: then each is moved about once. */
static dkm_status make_room(dkm_todo *todo, dkm_error *err) {
  if (todo->n_added < todo->n_room) return DKM_OK;
  if (todo->n_used > 0 && 2 * todo->n_used >= todo->n_added) {
    todo->n_added -= todo->n_used;
    memmove(todo->added, todo->added + todo->n_used, (size_t)todo->n_added * sizeof *todo->added);
    todo->n_used = 0;
    return DKM_OK;
  }
  const int64_t n_room = todo->n_room > 0 ? 2 * todo->n_room : 64;
  dkm_range *added = realloc(todo->added, (size_t)n_room * sizeof *added);
  if (!added) return dkm_fail(err, DKM_MEMORY, "out of memory (%lld ranges of points to do)", (long long)n_room);
  todo->added = added;
  todo->n_room = n_room;
  return DKM_OK;
}

dkm_status dkm_todo_add(dkm_todo *todo, dkm_range range, dkm_error *err) {
  dkm_range *last = todo->n_added > todo->n_used ? &todo->added[todo->n_added - 1] : NULL;
  if (last && range.first == last->first + last->count) { /* points found one by one still make long ranges */
    last->count += range.count;
  } else {
    const dkm_status status = make_room(todo, err);
    if (status) return status;
    todo->added[todo->n_added++] = range;
  }
  todo->n_left += range.count;
  todo->n_total += range.count;
  return DKM_OK;
}

static dkm_range next_given_or_added(dkm_todo *todo) {
  if (todo->n_ranges == 0) return todo->added[todo->n_used++];
  todo->n_ranges--;
  return *todo->ranges++;
}

bool dkm_todo_draw(dkm_todo *todo, dkm_range *range) {
  if (todo->n_left == 0) return false;
  while (todo->head.count == 0) todo->head = next_given_or_added(todo);
  const double pace = todo->pace_points > 0 ? todo->pace_seconds / todo->pace_points : 0;
  int64_t count = dkm_todo_range_size(todo->n_left, todo->n_workers, todo->lanes, pace);
  if (count > todo->head.count) count = todo->head.count;
  *range = (dkm_range){.first = todo->head.first, .count = count};
  todo->head.first += count;
  todo->head.count -= count;
  todo->n_left -= count;
  return true;
}
