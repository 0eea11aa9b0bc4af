/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run_worker: points in, records on disk.
 *
 * A worker draws points from its range one at a time, as lanes become free, and collects their
 * records in blocks, runs of consecutive points:
 *
 *   range   |-------- drawn ---------|.......... not yet ..........|
 *   blocks  |==done==|=done=|=open===|
 *
 * A block grows while points are drawn into it, until it is full, its range ends, or it has been
 * open for a second.  When its last record arrives it is written at once, and every second what was
 * written is synced to disk and then reported to the master.  Since a point under way keeps
 * its block open, there are at most (lanes + 1) open blocks, whatever the size of the job.
 *
 * When the run is to end before its time, no more points are drawn.  Those under way are finished
 * or given up, as the master says; what is finished in a block that is not complete is then
 * written in pieces. */
#include "run_worker.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
  MAX_BLOCKS = 4 * DKM_RUN_LANES, /* more than points can be under way */
  MAX_BLOCK_POINTS = 1024,        /* writing a block costs some 10 us a field: nothing for this many points */
  BLOCK_BYTES = 1024 * 1024,      /* fewer points where states are kept */
  MAX_WRITTEN = 8192,             /* blocks written and not reported yet, */
  MAX_WRITTEN_POINTS = 1 << 16    /* and points in them: blocks are small where only some points are left to do */
};
static const double sync_interval = 1.0; /* seconds; what a kill can lose */

struct block {
  dkm_range range;
  int64_t n_finished;
  bool finished[MAX_BLOCK_POINTS];
  double t_open;
  bool open;
  dkm_record *records; /* block_points of them, allocated when first needed */
  double *states;      /* block_points * state_size, or NULL */
};

struct run {
  dkm_run_worker *worker;
  dkm_schedule *schedule;
  dkm_range left; /* what has not been drawn yet of the range in hand */
  struct block blocks[MAX_BLOCKS], *current;
  size_t state_size; /* 3K + 2M, or 0 if states are not kept */
  int64_t block_points;
  dkm_range written[MAX_WRITTEN];
  uint8_t status[MAX_WRITTEN_POINTS]; /* of the points in `written`, one after the other */
  int n_written, n_status;
  double t_synced;
  double longest; /* seconds from drawing a point to its record; up to a second too much */
  dkm_error failure;
};

double dkm_run_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What was written is put on disk first and only then reported. */
static void sync_and_report(struct run *run) {
  run->t_synced = dkm_run_now();
  if (run->n_written == 0 || run->failure.status) return;
  run->failure.status = dkm_store_sync(run->worker->store, &run->failure);
  const uint8_t *marks = run->status;
  for (int i = 0; i < run->n_written && !run->failure.status; i++) {
    run->failure.status = dkm_schedule_report(run->schedule, run->written[i], marks, run->longest, &run->failure);
    marks += run->written[i].count;
  }
  run->n_written = run->n_status = 0;
}

/* Points start ... start+count-1 of a block, all finished. */
static void write_part(struct run *run, const struct block *block, int64_t start, int64_t count) {
  const dkm_record *records = block->records + start;
  const double *states = block->states ? block->states + (size_t)start * run->state_size : NULL;
  if (run->failure.status) return;
  run->failure.status =
      dkm_store_write(run->worker->store, block->range.first + start, count, records, states, &run->failure);
  if (run->failure.status) return;
  run->written[run->n_written++] = (dkm_range){.first = block->range.first + start, .count = count};
  for (int64_t i = 0; i < count; i++)
    run->status[run->n_status++] =
        records[i].verdict == DKM_VERDICT_FAILED ? DKM_STATUS_POINT_FAILED : DKM_STATUS_DONE;
  const bool is_full = run->n_written == MAX_WRITTEN || run->n_status + MAX_BLOCK_POINTS > MAX_WRITTEN_POINTS;
  if (is_full || dkm_run_now() - run->t_synced >= sync_interval) sync_and_report(run);
}

static void write_if_complete(struct run *run, struct block *block) {
  if (block == run->current || block->n_finished < block->range.count || run->failure.status) return;
  block->open = false;
  write_part(run, block, 0, block->range.count);
}

/* What is finished in a block of which some points were given up. */
static void write_finished(struct run *run, struct block *block) {
  for (int64_t start = 0, end; start < block->range.count; start = end) {
    end = start + 1;
    if (!block->finished[start]) continue;
    while (end < block->range.count && block->finished[end]) end++;
    write_part(run, block, start, end - start);
  }
  block->open = false;
}

/* No more points are drawn into the current block. */
static void seal_current(struct run *run) {
  struct block *block = run->current;
  run->current = NULL;
  if (block) write_if_complete(run, block);
}

/* False if every block is open (then a lane must finish first) or memory is short. */
static bool open_block(struct run *run) {
  struct block *block = run->blocks;
  while (block < run->blocks + MAX_BLOCKS && block->open) block++;
  if (block == run->blocks + MAX_BLOCKS) return false;
  if (!block->records) block->records = malloc((size_t)run->block_points * sizeof *block->records);
  if (!block->states && run->state_size > 0)
    block->states = malloc((size_t)run->block_points * run->state_size * sizeof *block->states);
  if (!block->records || (run->state_size > 0 && !block->states)) {
    run->failure.status =
        dkm_fail(&run->failure, DKM_MEMORY, "out of memory (records of %lld points)", (long long)run->block_points);
    return false;
  }
  block->range = (dkm_range){.first = run->left.first, .count = 0};
  block->n_finished = 0;
  memset(block->finished, 0, sizeof block->finished);
  block->t_open = dkm_run_now();
  block->open = true;
  run->current = block;
  return true;
}

/* dkm_stream.next */
static bool next_point(void *context, dkm_point *point, int64_t *id) {
  struct run *run = context;
  struct block *block = run->current;
  if (block &&
      (run->left.count == 0 || block->range.count == run->block_points || dkm_run_now() - block->t_open >= sync_interval))
    seal_current(run);
  if (run->failure.status || dkm_schedule_stopping(run->schedule) != DKM_STOP_NOT) return false;
  if (run->left.count == 0 && dkm_schedule_next(run->schedule, false, &run->left) != DKM_NEXT_RANGE) return false;
  if (!run->current && !open_block(run)) return false;
  *id = run->left.first++;
  run->left.count--;
  run->current->range.count++;
  dkm_job_point(run->worker->job, *id, point);
  return true;
}

/* dkm_stream.done */
static void take_record(void *context, int64_t id, const dkm_record *record, const double *state) {
  struct run *run = context;
  struct block *block = run->blocks;
  while (!block->open || id < block->range.first || id >= block->range.first + block->range.count) {
    block++;
    assert(block < run->blocks + MAX_BLOCKS);
  }
  int64_t i = id - block->range.first;
  block->records[i] = *record;
  if (block->states) memcpy(block->states + (size_t)i * run->state_size, state, run->state_size * sizeof *state);
  block->finished[i] = true;
  block->n_finished++;
  const double took = dkm_run_now() - block->t_open;
  if (took > run->longest) run->longest = took;
  run->worker->n_verdicts[record->verdict]++;
  write_if_complete(run, block);
}

/* dkm_stream.interrupt */
static bool interrupted(void *context) {
  struct run *run = context;
  if (dkm_run_now() - run->t_synced >= sync_interval) sync_and_report(run);
  return run->failure.status || dkm_schedule_interrupted(run->schedule) ||
         dkm_schedule_stopping(run->schedule) == DKM_STOP_GIVE_UP;
}

dkm_status dkm_run_work(dkm_run_worker *worker, dkm_schedule *schedule, dkm_error *err) {
  const dkm_job *job = worker->job;
  struct run *run = calloc(1, sizeof *run);
  if (!run) return dkm_fail(err, DKM_MEMORY, "out of memory (%zu bytes for blocks of points)", sizeof *run);
  const dkm_stream stream = {.context = run,
                             .next = next_point,
                             .done = take_record,
                             .interrupt = interrupted,
                             .wants_states = job->keep_state};
  run->worker = worker;
  run->schedule = schedule;
  run->t_synced = dkm_run_now();
  run->state_size = job->keep_state ? dkm_model_size(&job->patterns) : 0;
  run->block_points = (int64_t)(BLOCK_BYTES / (sizeof(dkm_record) + run->state_size * sizeof(double)));
  if (run->block_points > MAX_BLOCK_POINTS) run->block_points = MAX_BLOCK_POINTS;
  if (run->block_points < 1) run->block_points = 1;

  while (!run->failure.status && !dkm_schedule_interrupted(schedule) &&
         dkm_schedule_stopping(schedule) == DKM_STOP_NOT &&
         (run->left.count > 0 || dkm_schedule_next(schedule, true, &run->left) == DKM_NEXT_RANGE)) {
    dkm_error reason = {0};
    dkm_status status = dkm_evaluate_stream(worker->evaluator, &stream, &reason);
    if (status && !run->failure.status) run->failure = reason;
    seal_current(run);
  }
  for (int i = 0; i < MAX_BLOCKS; i++)
    if (run->blocks[i].open) write_finished(run, &run->blocks[i]);
  sync_and_report(run);

  for (int i = 0; i < MAX_BLOCKS; i++) {
    free(run->blocks[i].records);
    free(run->blocks[i].states);
  }
  dkm_status status = run->failure.status ? dkm_fail(err, run->failure.status, "%s", run->failure.message) : DKM_OK;
  free(run);
  return status;
}
