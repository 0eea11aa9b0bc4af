/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run_job: all points of a job into one file.
 *
 *   read      rank 0 reads the job -> every rank has it -> the output is checked (run_output.c) -> evaluators
 *   begin     rank 0 takes the lock, creates the file or finds what is left in it, writes into its history -> all open it
 *   compute   schedule: workers compute (run_worker.c), rank 0 marks and looks whether to end (run_master.c)
 *   finish    closed by all -> rank 0 looks whether the file has what it should -> summary
 *   then      the history says how it ended -> lock released
 *
 * Each of the first four is collective, and every rank leaves it with the same outcome.  With --resume a file that
 * exists is continued, and one that does not is begun. */
#include "run_job.h"

#include <math.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "dickemap/agree.h"
#include "dickemap/clock.h"
#include "dickemap/here.h"
#include "dickemap/job.h"
#include "dickemap/schedule.h"
#include "dickemap/share_job.h"
#include "ranks.h"
#include "run_master.h"
#include "run_worker.h"

/* Seconds for which the others wait for rank 0 at the end, which may have to copy a file that was taken from it. */
static const double closing_patience = 3600;
enum { ATTEMPT_BYTES = 256 }; /* of the hosts, of the instruction sets of a run */

struct run {
  dkm_run_request *request;
  dkm_job job;
  int rank, n_ranks;
  bool is_master, is_worker;
  dkm_run_worker worker;
  dkm_run_master master; /* on rank 0 */
  dkm_resume resume;
  char hosts[ATTEMPT_BYTES], instruction_sets[ATTEMPT_BYTES];
  double t_start; /* of computing */
  bool stopped;
};

/* ---- read ---- */

/* What the history says about this run, besides what rank 0 knows: where all ranks are and what they compute with.
 * Collective. */
static dkm_status describe_attempt(const dkm_run_request *request, bool worker, char hosts[ATTEMPT_BYTES],
                                   char instruction_sets[ATTEMPT_BYTES], dkm_error *err) {
  char host[DKM_WORD_BYTES];
  dkm_here_host(host, sizeof host);
  dkm_status status = dkm_agree_list_words(MPI_COMM_WORLD, host, hosts, ATTEMPT_BYTES, err);
  if (status) return status;
  const char *used = !worker ? "" : request->cpu ? request->cpu : dkm_cpu_best();
  return dkm_agree_list_words(MPI_COMM_WORLD, used, instruction_sets, ATTEMPT_BYTES, err);
}

static dkm_status read_job(struct run *run, dkm_error *err) {
  const dkm_run_request *request = run->request;
  dkm_ending *ending = &run->master.ending;
  bool exists;
  dkm_status status = dkm_ending_catch_signals(!run->is_master, err);
  if (!status && run->is_master) status = dkm_ending_begin(ending, request->t_start, request->time_limit, err);
  if (!status && run->is_master) status = dkm_job_read(&run->job, request->job, request->n_sets, request->sets, err);
  if (!status && run->is_master) dkm_cli_warn(&run->job);
  status = dkm_agree_with_first(MPI_COMM_WORLD, INFINITY, status, err);
  if (!status) status = dkm_share_job(MPI_COMM_WORLD, &run->job, err);
  if (status) return status;
  ending->suspends = !run->job.solver.sensitivity && run->job.task->save;

  if (run->is_master) status = dkm_run_output_check(&run->request->output, &run->job, &exists, err);
  status = dkm_agree_with_first(MPI_COMM_WORLD, INFINITY, status, err);
  if (status) return status;

  if (run->is_worker)
    status = run->job.task->create(&run->job, request->cpu, &run->worker.engine, err);
  status = dkm_agree(MPI_COMM_WORLD, status, err);
  return status ? status : describe_attempt(request, run->is_worker, run->hosts, run->instruction_sets, err);
}

/* ---- begin ---- */

/* With the lock the file is made, or what is left in it is found. */
static dkm_status prepare_output(struct run *run, dkm_error *err) {
  dkm_run_request *request = run->request;
  dkm_run_output *output = &request->output;
  dkm_run_master *master = &run->master;
  char note[DKM_MESSAGE_BYTES];
  const dkm_provenance provenance = {.version = dkm_cli_version,
                                     .command = request->command,
                                     .instruction_set = request->cpu ? request->cpu : dkm_cpu_best(),
                                     .n_ranks = run->n_ranks};
  dkm_status status = dkm_lock_take(output->path, request->break_lock, &master->lock, note, sizeof note, err);
  if (status) return status;
  if (note[0]) dkm_cli_say(stderr, "%s: %s\n", output->path, note);
  status = dkm_run_output_prepare(output, &run->job, &provenance, request->quiet ? NULL : stderr, &run->resume, err);
  if (!status) status = dkm_lock_mark_output(master->lock, err);
  if (status) return status;
  master->n_points = master->attempt.n_points = dkm_shard_size(&output->shard, run->job.n_points);
  master->n_before = master->n_points - run->resume.n_points;
  if (run->resume.n_points == 0) return DKM_OK;
  status = dkm_attempt_begin(&master->attempt, master->n_before, err);
  if (!status) dkm_run_master_tidy_states(master, false);
  return status;
}

static dkm_status begin(struct run *run, dkm_error *err) {
  const char *path = run->request->output.path;
  dkm_status status = run->is_master ? prepare_output(run, err) : DKM_OK;
  status = dkm_agree_with_first(MPI_COMM_WORLD, INFINITY, status, err);
  if (!status) status = dkm_unfinished_open(path, dkm_cli_version, &run->job, &run->worker.unfinished, err);
  status = dkm_agree(MPI_COMM_WORLD, status, err);
  if (!status && run->is_master) dkm_run_master_tell_states(&run->master, run->worker.unfinished);
  if (!status) status = dkm_store_open(path, &run->job, &run->worker.store, err);
  run->master.store = run->worker.store;
  return dkm_agree(MPI_COMM_WORLD, status, err);
}

/* ---- compute ---- */

static dkm_status work(void *context, dkm_schedule *schedule, dkm_error *err) {
  struct run *run = context;
  return dkm_run_work(&run->worker, schedule, err);
}

static dkm_status mark_done(void *context, dkm_range range, const uint8_t *status, dkm_error *err) {
  struct run *run = context;
  return dkm_run_master_mark(&run->master, range, status, err);
}

static dkm_status tick(void *context, int64_t n_done, double notice, dkm_stop *stop, dkm_error *err) {
  struct run *run = context;
  return dkm_run_master_tick(&run->master, n_done, notice, stop, err);
}

/* DKM_PARALLEL and DKM_STOPPED: some ranks do not answer. */
static dkm_status compute(struct run *run, dkm_error *err) {
  const dkm_schedule_ops ops = {.context = run, .work = work, .done = mark_done, .tick = tick};
  dkm_run_master *master = &run->master;
  dkm_status status = DKM_OK;
  run->t_start = dkm_clock_now();
  if (run->is_master) {
    master->n_done = master->n_before;
    if (!master->quiet) dkm_progress_start(&master->progress, master->n_points, master->n_before);
    status = dkm_resume_reset(&run->resume, run->worker.store, err);
  }
  status = dkm_agree_with_first(MPI_COMM_WORLD, INFINITY, status, err);
  if (status) return status;
  status =
      dkm_schedule_run(MPI_COMM_WORLD, run->resume.n_todo, run->resume.todo, DKM_RUN_LANES, &ops, &run->stopped, err);
  if (status != DKM_PARALLEL) dkm_ending_answered();
  return status;
}

/* ---- finish ---- */

/* Counts of all workers together, on every rank.  Collective. */
static dkm_status sum_counts(struct run *run, dkm_error *err) {
  dkm_run_worker *w = &run->worker;
  int64_t *const single[] = {&w->n_finished, &w->n_unstable, &w->n_undecided, &w->n_failed, &w->n_suspended, &w->n_resumed};
  dkm_status status = dkm_agree_sum(MPI_COMM_WORLD, DKM_N_VERDICTS, w->n_verdicts, err);
  for (size_t i = 0; i < sizeof single / sizeof *single && !status; i++)
    status = dkm_agree_sum(MPI_COMM_WORLD, 1, single[i], err);
  if (status) return status;
  run->master.n_done = run->master.n_before + w->n_finished;
  return DKM_OK;
}

/* status: what computing came to. */
static dkm_status finish(struct run *run, dkm_status status, dkm_error *err) {
  dkm_run_master *master = &run->master;
  if (!run->is_master) {
    const dkm_status closed = dkm_store_close(run->worker.store, status ? NULL : err);
    if (!status) status = closed;
  }
  run->worker.store = NULL; /* that of rank 0 is its master's to close */
  status = dkm_agree(MPI_COMM_WORLD, status, err);
  const bool all_answered = status != DKM_PARALLEL;
  if (!all_answered) dkm_ranks_leave_behind();
  if (run->is_master) status = dkm_run_master_finish(master, status, err);
  if (!all_answered) return status;
  status = dkm_agree_with_first(MPI_COMM_WORLD, closing_patience, status, err);
  if (!status) status = sum_counts(run, err);
  if (run->is_master && !master->quiet) dkm_progress_end(&master->progress, master->n_done);
  if (status) return status;
  if (run->is_master) {
    dkm_run_master_print(master, &run->worker, &run->request->output.shard, dkm_clock_now() - run->t_start);
    if (!master->lost) dkm_run_master_tidy_states(master, !run->stopped);
  }
  if (!run->stopped) return DKM_OK;
  return dkm_fail(err, DKM_STOPPED,
                  "stopped early (%s): %lld of %lld points done, %lld left, %lld of them suspended; the same command "
                  "with --resume continues",
                  master->ending.reason, (long long)master->n_done, (long long)master->n_points,
                  (long long)(master->n_points - master->n_done), (long long)run->worker.n_suspended);
}

dkm_status dkm_run_job(dkm_run_request *request, dkm_error *err) {
  struct run run = {.request = request,
                    .worker.save_interval = request->save_interval,
                    .master = {.path = request->output.path, .quiet = request->quiet}};
  /* Starting MPI takes half a second, in which a signal may come. */
  if (dkm_ending_catch_signals(false, err) || dkm_ranks_start(err)) return err->status;
  MPI_Comm_rank(MPI_COMM_WORLD, &run.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &run.n_ranks);
  run.is_master = run.rank == 0;
  run.is_worker = !run.is_master || run.n_ranks == 1;
  run.worker.job = &run.job;
  run.master.attempt = (dkm_attempt){.output = request->output.path,
                                     .command = request->command,
                                     .instruction_sets = run.instruction_sets,
                                     .hosts = run.hosts,
                                     .n_ranks = run.n_ranks};

  dkm_status status = read_job(&run, err);
  if (!status) status = begin(&run, err);
  if (!status) {
    status = compute(&run, err);
    if (status != DKM_PARALLEL && status != DKM_STOPPED) {
      status = finish(&run, status, err);
    } else { /* nothing collective is possible any more */
      dkm_ranks_leave_behind();
      if (run.is_master) {
        run.worker.store = NULL;
        status = dkm_run_master_finish_without(&run.master, dkm_clock_now() - run.t_start, status, err);
      }
    }
  }

  if (run.worker.store) dkm_store_close(run.worker.store, NULL);
  status = dkm_run_master_end_attempt(&run.master, status, err);
  dkm_lock_release(run.master.lock);
  dkm_resume_free(&run.resume);
  dkm_unfinished_close(run.worker.unfinished);
  if (run.worker.engine) run.job.task->destroy(run.worker.engine);
  dkm_job_free(&run.job);
  return status;
}
