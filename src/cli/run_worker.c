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
 * Where new points depend on what is reported, there may be none to draw until it is (DKM_NEXT_REPORT): then what is finished
 * is written in pieces, synced and reported while the other lanes go on, and all of it before this rank sleeps.
 *
 * When the run is to end before its time, no more points are drawn.  Those under way are finished
 * or given up, as the master says; what is finished in a block that is not complete is then
 * written in pieces, and the states of those given up are saved (unfinished.h).  States of points that take long are
 * also saved from time to time, so that a kill does not lose hours inside a point.  A point that is drawn goes on from
 * its state if it has one, which is removed when the record has been on disk and reported for a second. */
#include "run_worker.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "dickemap/clock.h"

enum {
  MAX_BLOCKS = 4 * DKM_RUN_LANES, /* more than points can be under way */
  MAX_BLOCK_POINTS = 1024,        /* writing a block costs some 10 us a field: nothing for this many points */
  BLOCK_BYTES = 1024 * 1024,      /* fewer points where states are kept */
  MAX_WRITTEN = 8192,             /* blocks written and not reported yet, */
  MAX_WRITTEN_POINTS = 1 << 16    /* and points in them: blocks are small where only some points are left to do */
};
static const double sync_interval = 1.0;   /* seconds; what a kill can lose */
static const double report_interval = 0.1; /* seconds, where others may wait for reports: the length of a range */
/* What is not worth being saved: in seconds when the run ends, and as a part of the interval between saves. */
static const double least_suspended = 0.1, least_saved = 1.0 / 6;
static const double most_saving = 0.01; /* part of the time that may be spent on saving, other than at the end */

struct block {
  dkm_range range;
  int64_t n_finished;
  bool unwritten[MAX_BLOCK_POINTS]; /* finished, and still to be written */
  double t_open;
  bool open;
  char *records;       /* block_points of them, allocated when first needed */
  double *states;      /* block_points * state_size, or NULL */
};

struct run {
  dkm_run_worker *worker;
  dkm_schedule *schedule;
  dkm_range left; /* what has not been drawn yet of the range in hand */
  dkm_form form; /* of records */
  struct block blocks[MAX_BLOCKS], *current;
  size_t state_size; /* 3K + 2M, or 0 if states are not kept */
  int64_t block_points;
  dkm_range written[MAX_WRITTEN];
  uint8_t status[MAX_WRITTEN_POINTS]; /* of the points in `written`, one after the other */
  int n_written, n_status;
  double t_synced;
  bool is_awaited;        /* there may be no points to draw before more is reported */
  double notice;          /* see dkm_schedule_report; ending.h has what a rank needs */
  double t_saved, saving; /* when states were saved last, and the seconds that it took */
  bool stopped, save_failed;
  dkm_error failure;
};

/* Whether points under way are lost at an end, and so must be given the time that they take: shadows cannot be continued, nor
 * searches for states. */
static bool gives_up(const dkm_job *job) {
  return job->solver.sensitivity || !job->task->save;
}

/* What was written is put on disk first and only then reported. */
static void sync_and_report(struct run *run) {
  run->t_synced = dkm_clock_now();
  dkm_unfinished_sweep(run->worker->unfinished);
  if (run->n_written == 0 || run->failure.status) return;
  run->failure.status = dkm_store_sync(run->worker->store, &run->failure);
  const uint8_t *marks = run->status;
  for (int i = 0; i < run->n_written && !run->failure.status; i++) {
    run->failure.status = dkm_schedule_report(run->schedule, run->written[i], marks, run->notice, &run->failure);
    if (!run->failure.status)
      dkm_unfinished_settle(run->worker->unfinished, run->written[i].first, run->written[i].count);
    marks += run->written[i].count;
  }
  run->n_written = run->n_status = 0;
}

/* Points start ... start+count-1 of a block, all finished. */
static void write_part(struct run *run, const struct block *block, int64_t start, int64_t count) {
  char *records = dkm_form_record(&run->form, block->records, start);
  const double *states = block->states ? block->states + (size_t)start * run->state_size : NULL;
  if (run->failure.status) return;
  run->failure.status =
      dkm_store_write(run->worker->store, block->range.first + start, count, records, states, &run->failure);
  if (run->failure.status) return;
  run->written[run->n_written++] = (dkm_range){.first = block->range.first + start, .count = count};
  for (int64_t i = 0; i < count; i++)
    run->status[run->n_status++] =
        dkm_form_has_failed(&run->form, dkm_form_record(&run->form, records, i)) ? DKM_STATUS_POINT_FAILED : DKM_STATUS_DONE;
  const bool is_full = run->n_written == MAX_WRITTEN || run->n_status + MAX_BLOCK_POINTS > MAX_WRITTEN_POINTS;
  if (is_full || dkm_clock_now() - run->t_synced >= sync_interval) sync_and_report(run);
}

/* What is finished in a block: all of it at once, or pieces between points that are under way or were given up. */
static void write_finished(struct run *run, struct block *block) {
  for (int64_t start = 0, end; start < block->range.count; start = end) {
    for (end = start; end < block->range.count && block->unwritten[end]; end++) block->unwritten[end] = false;
    if (end > start)
      write_part(run, block, start, end - start);
    else
      end++;
  }
}

static void write_if_complete(struct run *run, struct block *block) {
  if (block == run->current || block->n_finished < block->range.count || run->failure.status) return;
  block->open = false;
  write_finished(run, block);
}

/* No more points are drawn into the current block. */
static void seal_current(struct run *run) {
  struct block *block = run->current;
  run->current = NULL;
  if (block) write_if_complete(run, block);
}

/* What is finished in all blocks, synced and reported. */
static void write_all_finished(struct run *run) {
  seal_current(run);
  for (int i = 0; i < MAX_BLOCKS; i++)
    if (run->blocks[i].open) write_finished(run, &run->blocks[i]);
  sync_and_report(run);
}

/* False if every block is open (then a lane must finish first) or memory is short. */
static bool open_block(struct run *run) {
  struct block *block = run->blocks;
  while (block < run->blocks + MAX_BLOCKS && block->open) block++;
  if (block == run->blocks + MAX_BLOCKS) return false;
  if (!block->records) block->records = malloc((size_t)run->block_points * run->form.bytes);
  if (!block->states && run->state_size > 0)
    block->states = malloc((size_t)run->block_points * run->state_size * sizeof *block->states);
  if (!block->records || (run->state_size > 0 && !block->states)) {
    run->failure.status =
        dkm_fail(&run->failure, DKM_MEMORY, "out of memory (records of %lld points)", (long long)run->block_points);
    return false;
  }
  block->range = (dkm_range){.first = run->left.first, .count = 0};
  block->n_finished = 0;
  memset(block->unwritten, 0, sizeof block->unwritten);
  block->t_open = dkm_clock_now();
  block->open = true;
  run->current = block;
  return true;
}

/* Whether there are points to draw. */
static bool has_range(struct run *run, bool wait) {
  if (run->left.count > 0) return true;
  const dkm_next next = dkm_schedule_next(run->schedule, wait, &run->left);
  run->is_awaited = next == DKM_NEXT_REPORT;
  return next == DKM_NEXT_RANGE;
}

/* The same when nothing is under way: nothing is held back while this rank sleeps. */
static bool wait_for_range(struct run *run) {
  if (has_range(run, true)) return true;
  if (!run->is_awaited) return false;
  write_all_finished(run);
  return has_range(run, true);
}

/* dkm_task_stream.next */
static bool next_point(void *context, int64_t *i_point) {
  struct run *run = context;
  struct block *block = run->current;
  if (block && (run->left.count == 0 || block->range.count == run->block_points ||
                dkm_clock_now() - block->t_open >= sync_interval))
    seal_current(run);
  if (run->failure.status || dkm_schedule_stopping(run->schedule) != DKM_STOP_NOT) return false;
  if (!has_range(run, false)) return false;
  if (!run->current && !open_block(run)) return false;
  *i_point = run->left.first++;
  run->left.count--;
  run->current->range.count++;
  return true;
}

/* What is said of a sweep in the end. */
static void count_verdict(dkm_run_worker *worker, const dkm_record *record) {
  worker->n_verdicts[record->verdict]++;
  worker->n_unstable += dkm_record_is_unstable(record);
}

/* dkm_task_stream.done */
static void take_record(void *context, int64_t id, const void *record, const double *state) {
  struct run *run = context;
  struct block *block = run->blocks;
  while (!block->open || id < block->range.first || id >= block->range.first + block->range.count) {
    block++;
    assert(block < run->blocks + MAX_BLOCKS);
  }
  int64_t i = id - block->range.first;
  memcpy(dkm_form_record(&run->form, block->records, i), record, run->form.bytes);
  if (block->states) memcpy(block->states + (size_t)i * run->state_size, state, run->state_size * sizeof *state);
  block->unwritten[i] = true;
  block->n_finished++;
  const double took = dkm_clock_now() - block->t_open; /* up to a second too much */
  if (gives_up(run->worker->job) && took > run->notice) run->notice = took;
  run->worker->n_finished++;
  if (run->form.task == &dkm_task_sweep)
    count_verdict(run->worker, record);
  else if (run->form.task->n_undecided)
    run->worker->n_undecided += run->form.task->n_undecided(&run->form, record);
  else
    run->worker->n_failed += dkm_form_has_failed(&run->form, record);
  write_if_complete(run, block);
}

/* ---- points under way ---- */

/* dkm_task_stream.resume */
static bool offer_state(void *context, int64_t id, const void **bytes, size_t *n_bytes) {
  struct run *run = context;
  dkm_error why;
  if (dkm_unfinished_load(run->worker->unfinished, id, bytes, n_bytes, &why)) return true;
  if (why.status)
    dkm_cli_say(stderr, "%s/%lld is not used (%s): the point begins anew\n",
                dkm_unfinished_folder(run->worker->unfinished), (long long)id, why.message);
  return false;
}

/* dkm_task_stream.resumed. The bytes have been taken; of density matrices they are as large as the matrix. */
static void count_resumed(void *context, int64_t id, double t) {
  struct run *run = context;
  (void)id;
  (void)t;
  dkm_unfinished_forget(run->worker->unfinished);
  run->worker->n_resumed++;
}

/* A dkm_save. That a state cannot be saved is no reason to end: it costs time, no result. */
static bool save_state(void *context, int64_t id, double t, const void *bytes, size_t n_bytes) {
  struct run *run = context;
  dkm_error why = {0};
  if (dkm_unfinished_save(run->worker->unfinished, id, t, bytes, n_bytes, &why)) {
    if (!run->save_failed) dkm_cli_say(stderr, "points under way cannot be saved: %s\n", why.message);
    run->save_failed = true;
    return false;
  }
  if (run->stopped) run->worker->n_suspended++;
  return true;
}

static void save_points(struct run *run, double least_seconds) {
  dkm_error why = {0};
  const double before = dkm_clock_now();
  const dkm_task *task = run->form.task;
  if (task->save && task->save(run->worker->engine, least_seconds, save_state, run, &why) && !run->save_failed) {
    dkm_cli_say(stderr, "points under way cannot be saved: %s\n", why.message);
    run->save_failed = true;
  }
  run->t_saved = dkm_clock_now();
  run->saving = run->t_saved - before;
}

/* Also tells the master if it took longer than before: an end must be announced that long before, and twice that as all
 * ranks then save at once. */
static void save_slow_points(struct run *run) {
  save_points(run, least_saved * run->worker->save_interval);
  if (gives_up(run->worker->job) || 2 * run->saving <= run->notice || run->failure.status) return;
  run->notice = 2 * run->saving;
  run->failure.status = dkm_schedule_report(run->schedule, (dkm_range){0}, NULL, run->notice, &run->failure);
}

/* dkm_task_stream.interrupt */
static bool interrupted(void *context) {
  struct run *run = context;
  const double t = dkm_clock_now();
  run->stopped = run->failure.status || dkm_schedule_interrupted(run->schedule) ||
                 dkm_schedule_stopping(run->schedule) >= DKM_STOP_GIVE_UP;
  if (run->stopped) { /* what is finished comes first */
    write_all_finished(run);
    save_points(run, least_suspended);
  } else if (t >= run->t_saved + fmax(run->worker->save_interval, run->saving / most_saving)) {
    save_slow_points(run);
  }
  if (run->is_awaited && t - run->t_synced >= report_interval)
    write_all_finished(run);
  else if (t - run->t_synced >= sync_interval)
    sync_and_report(run);
  return run->stopped;
}

static size_t state_values(const dkm_job *job) {
  return job->keep_state ? dkm_model_size(&job->system) : 0;
}

static size_t bytes_a_point(const dkm_job *job) {
  dkm_form form;
  dkm_form_of(job, &form);
  return form.bytes + state_values(job) * sizeof(double);
}

static int64_t points_a_block(const dkm_job *job) {
  const int64_t n = (int64_t)(BLOCK_BYTES / bytes_a_point(job));
  return n < 1 ? 1 : n > MAX_BLOCK_POINTS ? MAX_BLOCK_POINTS : n;
}

double dkm_run_worker_bytes(const dkm_job *job) {
  const int64_t block = points_a_block(job);
  return sizeof(struct run) +
         (DKM_RUN_LANES + 1.0) * (double)(job->n_points < block ? job->n_points : block) * (double)bytes_a_point(job);
}

dkm_status dkm_run_work(dkm_run_worker *worker, dkm_schedule *schedule, dkm_error *err) {
  const dkm_job *job = worker->job;
  struct run *run = calloc(1, sizeof *run);
  if (!run) return dkm_fail(err, DKM_MEMORY, "out of memory (%zu bytes for blocks of points)", sizeof *run);
  const dkm_task_stream stream = {.context = run,
                             .next = next_point,
                             .done = take_record,
                             .interrupt = interrupted,
                             .wants_states = job->keep_state,
                             .resume = offer_state,
                             .resumed = count_resumed};
  dkm_form_of(job, &run->form);
  run->worker = worker;
  run->schedule = schedule;
  run->t_synced = run->t_saved = dkm_clock_now();
  run->state_size = state_values(job);
  run->block_points = points_a_block(job);

  while (!run->failure.status && !dkm_schedule_interrupted(schedule) &&
         dkm_schedule_stopping(schedule) == DKM_STOP_NOT && wait_for_range(run)) {
    dkm_error reason = {0};
    dkm_status status = job->task->run(worker->engine, &stream, &reason);
    if (status && !run->failure.status) run->failure = reason;
    seal_current(run);
  }
  write_all_finished(run);

  for (int i = 0; i < MAX_BLOCKS; i++) {
    free(run->blocks[i].records);
    free(run->blocks[i].states);
  }
  dkm_status status = run->failure.status ? dkm_fail(err, run->failure.status, "%s", run->failure.message) : DKM_OK;
  free(run);
  return status;
}
