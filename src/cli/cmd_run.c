/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dickemap run: all points of a job into one file.
 *
 *   rank 0 reads the job -> every rank has it -> the output is checked (run_output.c) -> evaluators
 *   -> rank 0 takes the lock, creates the file or finds what is left in it, writes into its history -> all open it
 *   -> schedule: workers compute (run_worker.c), rank 0 marks and looks whether to end (ending.c)
 *   -> closed -> the history says how it ended -> lock released -> summary
 *
 * With --resume a file that exists is continued, and one that does not is begun. */
#include <getopt.h>
#include <math.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attempt.h"
#include "cli.h"
#include "dickemap/clock.h"
#include "dickemap/evaluate.h"
#include "dickemap/job.h"
#include "dickemap/lock.h"
#include "dickemap/progress.h"
#include "dickemap/schedule.h"
#include "dickemap/store.h"
#include "ending.h"
#include "ranks.h"
#include "run_output.h"
#include "run_worker.h"

static const char help[] =
    "usage: mpirun -n RANKS dickemap run JOB.yaml [OPTIONS]\n"
    "Computes all points of a job and writes them into one HDF5 file.\n\n"
    "  -o, --output FILE.h5   the file to write (default: the job's name with .h5, in the current folder)\n"
    "      --overwrite        replace an existing file\n"
    "      --resume           continue an existing file of the same job; begin it if there is none\n"
    "      --check            with --resume: compare all records with their checksums and marks, redo wrong ones\n"
    "      --retry-failed     with --resume: also redo points with verdict `failed`\n"
    "      --extend OLD.h5    begin with the points that this file has, of a job with other axes; may be repeated\n"
    "      --shard I/N        compute part I of N only, in a file of its own (default: with .IofN.h5); see merge\n"
    "      --time-limit TIME  end in good order before; minutes, HH:MM:SS or D-HH:MM:SS\n"
    "      --save-interval TIME  save points under way that take long this often (default: 1 minute)\n"
    "      --break-lock       ignore that another run seems to use the output\n"
    "      --set KEY=VALUE    override a key of the job, such as solver.t_max=1e5; may be repeated\n"
    "      --cpu NAME         instruction set (default: the best that the machine has)\n"
    "  -q, --quiet            no progress on standard error\n"
    "  -h, --help             this text\n\n"
    "Rank 0 hands out points and the others compute; a single rank does everything itself.\n"
    "Signal USR1, the time limit and the end of a SLURM job end a run early with exit code 85: everything\n"
    "finished is in the file, and --resume continues it, also inside points that were under way: their states are\n"
    "in the folder FILE.h5.unfinished (not with solver.sensitivity).\n";

struct arguments {
  const char *job, *cpu;
  const char **sets, **old; /* room for argc each */
  int n_sets;
  double t_start, time_limit; /* seconds, time_limit from t_start; INFINITY for none */
  double save_interval;       /* seconds */
  dkm_run_output output;
  bool break_lock, quiet, help;
};

/* Seconds for which the others wait for rank 0 at the end, which may have to copy a file that was taken from it. */
static const double closing_patience = 3600;
enum { ATTEMPT_BYTES = 256 }; /* of the hosts, of the instruction sets of a run */

struct run {
  const dkm_job *job;
  const char *output; /* as printed */
  dkm_run_worker worker;
  /* master */
  dkm_lock *lock;
  bool lost; /* another run has the lock */
  dkm_progress progress;
  dkm_ending ending;
  int64_t n_points;         /* of the job, or of the shard */
  int64_t n_before, n_done; /* of them, done before this run, and with what it has done */
  int64_t n_marked;         /* by this run */
  double t_look;            /* when to look next whether the output is still there */
  bool quiet;
};

static const double look_interval = 5; /* seconds */

static dkm_status work(void *context, dkm_schedule *schedule, dkm_error *err) {
  struct run *run = context;
  return dkm_run_work(&run->worker, schedule, err);
}

/* ---- master ---- */

static dkm_status mark_done(void *context, dkm_range range, const uint8_t *status, dkm_error *err) {
  struct run *run = context;
  const dkm_status marked = dkm_store_mark(run->worker.store, range.first, range.count, status, err);
  if (!marked) run->n_marked += range.count;
  return marked;
}

/* Another run works on the same file by force: it has it.  Everything finished is in the file, and stays. */
static void look_at_lock(struct run *run) {
  char note[DKM_MESSAGE_BYTES / 2];
  run->lost = dkm_lock_is_lost(run->lock, note, sizeof note);
  if (note[0] && !run->lost) dkm_cli_say(stderr, "%s: %s\n", run->output, note);
  if (!run->lost) return;
  if (run->ending.stop == DKM_STOP_NOT)
    snprintf(run->ending.reason, sizeof run->ending.reason, "%.*s", (int)sizeof run->ending.reason - 1, note);
  run->ending.stop = DKM_STOP_GIVE_UP;
}

static dkm_status tick(void *context, int64_t n_done, double notice, dkm_stop *stop, dkm_error *err) {
  struct run *run = context;
  const double t = dkm_clock_now();
  run->n_done = run->n_before + n_done;
  if (t >= run->t_look) {
    const dkm_status status = dkm_store_look(run->worker.store, err);
    if (status) return status;
    run->t_look = t + look_interval;
  }
  const dkm_stop before = run->ending.stop;
  if (!run->lost) look_at_lock(run);
  *stop = dkm_ending_look(&run->ending, notice);
  if (*stop != before && *stop != DKM_STOP_LEAVE_BEHIND && !run->quiet) {
    dkm_progress_end(&run->progress, run->n_done);
    dkm_cli_say(stderr, "ending early (%s): %s\n", run->ending.reason,
            *stop != DKM_STOP_GIVE_UP ? "points under way are finished"
            : run->ending.suspends    ? "points under way are suspended"
                                      : "points under way are given up");
  } else if (*stop == before && !run->quiet) {
    dkm_progress_update(&run->progress, run->n_done);
  }
  return DKM_OK;
}

/* Whether the file under the output's name has everything that was marked as done, at least. */
static dkm_status count_marks(const struct run *run, const char *path, dkm_error *err) {
  dkm_store_reader *reader = NULL;
  int64_t n_done = 0;
  dkm_status status = dkm_store_reader_open(path, &reader, err);
  if (!status) status = dkm_store_reader_count_done(reader, &n_done, err);
  dkm_store_reader_close(reader);
  if (!status && n_done < run->n_before + run->n_marked)
    status = dkm_fail(err, DKM_IO,
                      "%s holds %lld points that are done, and should hold %lld: another program changed it while the run "
                      "was using it; --resume computes the rest",
                      path, (long long)n_done, (long long)(run->n_before + run->n_marked));
  return status;
}

/* The last look at the output, when all others have closed it: what the run, which came to `status`, says of it must be
 * true of the file under that name.  Closes it. */
static dkm_status finish_output(struct run *run, dkm_attempt *attempt, dkm_status status, dkm_error *err) {
  const char *path = attempt->output;
  dkm_error why = {0}, lost = {0};
  char *copy = NULL;
  dkm_store_sync(run->worker.store, NULL); /* closing says whether that failed */
  if (dkm_store_look(run->worker.store, &why)) {
    attempt->begun = false; /* the history under that name is not ours */
    const dkm_status rescued = dkm_store_rescue(run->worker.store, &copy, &lost);
    if (rescued)
      status = dkm_fail(err, DKM_IO, "%s; %s", why.message, lost.message);
    else if (copy)
      status = dkm_fail(err, DKM_IO, "%s; what was done is in %s, which can be given the old name and resumed", why.message,
                        copy);
    else
      status = dkm_fail(err, DKM_IO, "%s", why.message);
  }
  free(copy);
  const dkm_status closed = dkm_store_close(run->worker.store, status ? NULL : err);
  run->worker.store = NULL;
  if (!status) status = closed;
  return status ? status : count_marks(run, path, err);
}

/* ---- points that were under way ---- */

static bool is_marked(void *context, int64_t i_point) {
  dkm_store_reader *reader = context;
  uint8_t status = DKM_STATUS_TODO;
  if (i_point >= dkm_store_reader_job(reader)->n_points) return true;
  return dkm_store_reader_status(reader, i_point, 1, &status, NULL) == DKM_OK && status != DKM_STATUS_TODO;
}

/* States of points that are done are of no use any more. Rank 0, while nobody else works on the output. */
static void tidy_states(const char *path, bool complete) {
  dkm_store_reader *reader = NULL;
  if (complete)
    dkm_unfinished_tidy(path, NULL, NULL);
  else if (dkm_store_reader_open(path, &reader, NULL) == DKM_OK)
    dkm_unfinished_tidy(path, is_marked, reader);
  dkm_store_reader_close(reader);
}

/* What goes on inside, and what does not although there is a state of it. */
static void tell_states(const dkm_unfinished *unfinished, bool quiet) {
  dkm_unfinished_survey found;
  const char *folder = dkm_unfinished_folder(unfinished);
  dkm_unfinished_look(unfinished, &found);
  if (found.n_usable > 0 && !quiet)
    dkm_cli_say(stderr, "%s: %lld point%s on inside, from t = %.6g%s\n", folder, (long long)found.n_usable,
            found.n_usable == 1 ? " goes" : "s go", found.t_least, found.n_usable == 1 ? "" : " and later");
  const int64_t n_useless = found.n_other_version + found.n_other_job + found.n_damaged;
  if (n_useless > 0)
    dkm_cli_say(
        stderr,
        "%s: %lld state%s not used (%lld of another version of dickemap, %lld of another job, %lld damaged): %s anew\n",
        folder, (long long)n_useless, n_useless == 1 ? " is" : "s are", (long long)found.n_other_version,
        (long long)found.n_other_job, (long long)found.n_damaged,
        n_useless == 1 ? "the point begins" : "the points begin");
}

static void print_summary(const struct run *run, const dkm_run_output *output, double elapsed) {
  char duration[32], shard[64] = "";
  int64_t n_done = 0;
  for (int v = DKM_VERDICT_NONE + 1; v < DKM_N_VERDICTS; v++) n_done += run->worker.n_verdicts[v];
  dkm_cli_duration(elapsed, duration, sizeof duration);
  for (int v = DKM_VERDICT_NONE + 1; v < DKM_N_VERDICTS; v++) {
    if (run->worker.n_verdicts[v] > 0) printf("%12lld  %s\n", (long long)run->worker.n_verdicts[v], dkm_verdict_name(v));
    if (v == DKM_VERDICT_FIXED_POINT && run->worker.n_unstable > 0)
      printf("%12lld  of these unstable: any tilt of the start leads away\n", (long long)run->worker.n_unstable);
  }
  if (run->n_before > 0) printf("%12lld  points were done before\n", (long long)run->n_before);
  if (run->worker.n_resumed > 0) printf("%12lld  points went on inside\n", (long long)run->worker.n_resumed);
  if (output->shard.n > 1) snprintf(shard, sizeof shard, " of shard %d/%d", output->shard.index, output->shard.n);
  dkm_cli_say(stdout, "%12lld  points%s in %s (%.3g points/s), written to %s\n", (long long)n_done, shard, duration,
         (double)n_done / elapsed, output->path);
}

/* ---- the command ---- */

static dkm_status parse_arguments(int argc, char **argv, struct arguments *args, dkm_error *err) {
  enum { OVERWRITE = 256, RESUME, CHECK, RETRY_FAILED, EXTEND, SHARD, TIME_LIMIT, SAVE_INTERVAL, BREAK_LOCK, SET, CPU };
  static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                          {"overwrite", no_argument, NULL, OVERWRITE},
                                          {"resume", no_argument, NULL, RESUME},
                                          {"check", no_argument, NULL, CHECK},
                                          {"retry-failed", no_argument, NULL, RETRY_FAILED},
                                          {"extend", required_argument, NULL, EXTEND},
                                          {"shard", required_argument, NULL, SHARD},
                                          {"time-limit", required_argument, NULL, TIME_LIMIT},
                                          {"save-interval", required_argument, NULL, SAVE_INTERVAL},
                                          {"break-lock", no_argument, NULL, BREAK_LOCK},
                                          {"set", required_argument, NULL, SET},
                                          {"cpu", required_argument, NULL, CPU},
                                          {"quiet", no_argument, NULL, 'q'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
  int answer;
  optind = 1;
  while ((answer = getopt_long(argc, argv, ":o:qh", options, NULL)) != -1) switch (answer) {
    case 'o':
      args->output.path = optarg;
      break;
    case OVERWRITE:
      args->output.overwrite = true;
      break;
    case RESUME:
      args->output.resume = true;
      break;
    case CHECK:
      args->output.check = true;
      break;
    case RETRY_FAILED:
      args->output.retry_failed = true;
      break;
    case EXTEND:
      args->old[args->output.n_old++] = optarg;
      break;
    case SHARD:
      if (dkm_shard_parse(optarg, &args->output.shard, err)) return err->status;
      args->output.has_shard = true;
      break;
    case TIME_LIMIT:
      if (dkm_ending_parse_time("--time-limit", optarg, &args->time_limit, err)) return err->status;
      break;
    case SAVE_INTERVAL:
      if (dkm_ending_parse_time("--save-interval", optarg, &args->save_interval, err)) return err->status;
      break;
    case BREAK_LOCK:
      args->break_lock = true;
      break;
    case SET:
      args->sets[args->n_sets++] = optarg;
      break;
    case CPU:
      args->cpu = optarg;
      break;
    case 'q':
      args->quiet = true;
      break;
    case 'h':
      args->help = true;
      return DKM_OK;
    default:
      return dkm_cli_option_error(argv, answer, err);
    }
  if (args->output.resume && args->output.overwrite)
    return dkm_fail(err, DKM_INPUT, "run: --resume and --overwrite exclude each other; see `dickemap run --help`");
  if ((args->output.check || args->output.retry_failed) && !args->output.resume)
    return dkm_fail(err, DKM_INPUT, "run: %s needs --resume; see `dickemap run --help`",
                    args->output.check ? "--check" : "--retry-failed");
  if (optind == argc) return dkm_fail(err, DKM_INPUT, "run: no job file given; see `dickemap run --help`");
  if (optind + 1 < argc)
    return dkm_fail(err, DKM_INPUT, "run: unexpected argument \"%s\" after the job file %s; see `dickemap run --help`",
                    argv[optind + 1], argv[optind]);
  args->job = argv[optind];
  return DKM_OK;
}

/* What the history says about this run, besides what rank 0 knows: where all ranks are and what they compute with.
 * Collective. */
static dkm_status describe_attempt(const struct arguments *args, bool worker, char hosts[ATTEMPT_BYTES],
                                   char instruction_sets[ATTEMPT_BYTES], dkm_error *err) {
  char host[DKM_WORD_BYTES] = "";
  if (gethostname(host, sizeof host - 1) != 0) strcpy(host, "unknown");
  dkm_status status = dkm_schedule_list_words(MPI_COMM_WORLD, host, hosts, ATTEMPT_BYTES, err);
  status = dkm_schedule_agree(MPI_COMM_WORLD, status, err);
  if (status) return status;
  const char *used = !worker ? "" : args->cpu ? args->cpu : dkm_cpu_best();
  status = dkm_schedule_list_words(MPI_COMM_WORLD, used, instruction_sets, ATTEMPT_BYTES, err);
  return dkm_schedule_agree(MPI_COMM_WORLD, status, err);
}

/* Counts of all workers together, on every rank.  Collective. */
static dkm_status sum_counts(MPI_Comm comm, struct run *run, dkm_error *err) {
  dkm_run_worker *w = &run->worker;
  int64_t *const single[] = {&w->n_unstable, &w->n_suspended, &w->n_resumed};
  dkm_status status = dkm_schedule_sum(comm, DKM_N_VERDICTS, w->n_verdicts, err);
  for (size_t i = 0; i < sizeof single / sizeof *single && !status; i++)
    status = dkm_schedule_sum(comm, 1, single[i], err);
  if (status) return status;
  run->n_done = run->n_before;
  for (int v = DKM_VERDICT_NONE + 1; v < DKM_N_VERDICTS; v++) run->n_done += w->n_verdicts[v];
  return DKM_OK;
}

/* The last line of the history: how a run ended that came to `status`, which it returns, or what went wrong with the line. */
static dkm_status end_attempt(dkm_attempt *attempt, const struct run *run, dkm_status status, dkm_error *err) {
  dkm_error history = {0};
  char how[DKM_MESSAGE_BYTES + 16] = "complete";
  if (status == DKM_STOPPED)
    snprintf(how, sizeof how, "stopped early (%s)", run->ending.reason);
  else if (status)
    snprintf(how, sizeof how, "failed: %s", err->message);
  const dkm_status ended = dkm_attempt_end(attempt, run->n_before + run->n_marked, how, &history);
  return ended && !status ? dkm_fail(err, ended, "%s", history.message) : status;
}

/* Some ranks do not answer any more, as err says.  What they and the others have reported is kept: rank 0 puts its marks on
 * disk. */
static dkm_status end_without(struct run *run, dkm_attempt *attempt, double elapsed, dkm_status status, dkm_error *err) {
  const dkm_error why = *err;
  char duration[32];
  run->n_done = run->n_before + run->n_marked;
  if (!run->quiet) dkm_progress_end(&run->progress, run->n_done);
  if (status != DKM_STOPPED) return finish_output(run, attempt, status, err);
  if (finish_output(run, attempt, DKM_OK, err)) {
    const dkm_error also = *err;
    return dkm_fail(err, also.status, "%s; %s", also.message, why.message);
  }
  dkm_cli_duration(elapsed, duration, sizeof duration);
  printf("%12lld  points in %s, written to %s\n", (long long)run->n_marked, duration, attempt->output);
  const size_t used = strlen(run->ending.reason);
  snprintf(run->ending.reason + used, sizeof run->ending.reason - used, "; %s", why.message);
  return dkm_fail(err, DKM_STOPPED,
                  "stopped early (%s): %lld of %lld points done, %lld left; the same command with --resume continues",
                  run->ending.reason, (long long)run->n_done, (long long)run->n_points,
                  (long long)(run->n_points - run->n_done));
}

static dkm_status run_job(struct arguments *args, const char *command, dkm_error *err) {
  const MPI_Comm comm = MPI_COMM_WORLD;
  dkm_job job = {0};
  struct run run = {.job = &job,
                    .output = args->output.path,
                    .worker.job = &job,
                    .worker.save_interval = args->save_interval,
                    .quiet = args->quiet};
  dkm_run_output *output = &args->output;
  dkm_resume resume = {0};
  char note[DKM_MESSAGE_BYTES], hosts[ATTEMPT_BYTES], instruction_sets[ATTEMPT_BYTES];
  bool stopped = false, exists;
  int rank, n_ranks;
  if (dkm_ranks_start(err)) return err->status;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &n_ranks);
  bool master = rank == 0, worker = !master || n_ranks == 1;
  dkm_attempt attempt = {.output = args->output.path,
                         .command = command,
                         .instruction_sets = instruction_sets,
                         .hosts = hosts,
                         .n_ranks = n_ranks};

  dkm_status status = dkm_ending_catch_signals(!master, err);
  if (!status && master) status = dkm_ending_begin(&run.ending, args->t_start, args->time_limit, err);
  if (!status && master) status = dkm_job_read(&job, args->job, args->n_sets, args->sets, err);
  status = dkm_schedule_agree_with_first(comm, INFINITY, status, err);
  if (!status) status = dkm_schedule_share_job(comm, &job, err);
  if (status) goto cleanup;
  run.ending.suspends = !job.solver.sensitivity;

  if (master) status = dkm_run_output_check(output, &job, &exists, err);
  status = dkm_schedule_agree_with_first(comm, INFINITY, status, err);
  if (status) goto cleanup;

  if (worker) status = dkm_evaluator_create(&job.patterns, &job.solver, args->cpu, &run.worker.evaluator, err);
  status = dkm_schedule_agree(comm, status, err);
  if (status) goto cleanup;

  status = describe_attempt(args, worker, hosts, instruction_sets, err);
  if (status) goto cleanup;

  if (master) {
    const dkm_provenance provenance = {.version = dkm_cli_version,
                                       .command = command,
                                       .instruction_set = args->cpu ? args->cpu : dkm_cpu_best(),
                                       .n_ranks = n_ranks};
    status = dkm_lock_take(output->path, args->break_lock, &run.lock, note, sizeof note, err);
    if (!status && note[0]) dkm_cli_say(stderr, "%s: %s\n", output->path, note);
    if (!status) status = dkm_run_output_prepare(output, &job, &provenance, args->quiet ? NULL : stderr, &resume, err);
    if (!status) status = dkm_lock_mark_output(run.lock, err);
    run.n_points = attempt.n_points = dkm_shard_size(&output->shard, job.n_points);
    run.n_before = run.n_points - resume.n_points;
    if (!status && resume.n_points > 0) status = dkm_attempt_begin(&attempt, run.n_before, err);
  }
  if (!status && master && resume.n_points > 0) tidy_states(output->path, false);
  status = dkm_schedule_agree_with_first(comm, INFINITY, status, err);
  if (!status) status = dkm_unfinished_open(output->path, dkm_cli_version, &job, &run.worker.unfinished, err);
  status = dkm_schedule_agree(comm, status, err);
  if (!status && master) tell_states(run.worker.unfinished, args->quiet);
  if (!status) status = dkm_store_open(output->path, &job, &run.worker.store, err);
  status = dkm_schedule_agree(comm, status, err);
  if (status) goto cleanup;

  const dkm_schedule_ops ops = {.context = &run, .work = work, .done = mark_done, .tick = tick};
  const double t_start = dkm_clock_now();
  if (master) {
    run.n_done = run.n_before;
    if (!run.quiet) dkm_progress_start(&run.progress, run.n_points, run.n_before);
    status = dkm_resume_reset(&resume, run.worker.store, err);
  }
  status = dkm_schedule_agree_with_first(comm, INFINITY, status, err);
  if (!status) status = dkm_schedule_run(comm, resume.n_todo, resume.todo, DKM_RUN_LANES, &ops, &stopped, err);
  if (status == DKM_PARALLEL || status == DKM_STOPPED) { /* some ranks do not answer: nothing collective is possible */
    dkm_ranks_leave_behind();
    if (master) status = end_without(&run, &attempt, dkm_clock_now() - t_start, status, err);
    goto cleanup;
  }
  if (!master) {
    const dkm_status closed = dkm_store_close(run.worker.store, status ? NULL : err);
    run.worker.store = NULL;
    if (!status) status = closed;
  }
  status = dkm_schedule_agree(comm, status, err);
  if (master) status = finish_output(&run, &attempt, status, err);
  status = dkm_schedule_agree_with_first(comm, closing_patience, status, err);
  if (!status) status = sum_counts(comm, &run, err);
  if (master && !run.quiet) dkm_progress_end(&run.progress, run.n_done);
  if (!status && master) print_summary(&run, output, dkm_clock_now() - t_start);
  if (!status && master && !run.lost) tidy_states(output->path, !stopped);
  if (!status && stopped)
    status =
        dkm_fail(err, DKM_STOPPED,
                 "stopped early (%s): %lld of %lld points done, %lld left, %lld of them suspended; the same command "
                 "with --resume continues",
                 run.ending.reason, (long long)run.n_done, (long long)run.n_points,
                 (long long)(run.n_points - run.n_done), (long long)run.worker.n_suspended);

cleanup:
  if (run.worker.store) dkm_store_close(run.worker.store, NULL);
  if (attempt.begun && !run.lost) status = end_attempt(&attempt, &run, status, err);
  dkm_lock_release(run.lock);
  dkm_resume_free(&resume);
  dkm_unfinished_close(run.worker.unfinished);
  dkm_evaluator_destroy(run.worker.evaluator);
  dkm_job_free(&job);
  return status;
}

dkm_status dkm_cmd_run(int argc, char **argv, dkm_error *err) {
  struct arguments args = {
      .t_start = dkm_clock_now(), .time_limit = INFINITY, .save_interval = 60, .output.shard = DKM_SHARD_WHOLE};
  char *default_name = NULL, *command = NULL;
  dkm_status status = dkm_cli_join_command(argc, argv, &command, err); /* before getopt reorders argv */
  args.sets = malloc(sizeof *args.sets * (size_t)(argc > 0 ? argc : 1));
  args.old = malloc(sizeof *args.old * (size_t)(argc > 0 ? argc : 1));
  args.output.old = args.old;
  if ((!args.sets || !args.old) && !status) status = dkm_fail(err, DKM_MEMORY, "out of memory (arguments)");
  if (!status) status = parse_arguments(argc, argv, &args, err);
  if (status) goto cleanup;
  if (args.help) {
    dkm_cli_print(help);
    goto cleanup;
  }
  if (!args.output.path) {
    status = dkm_run_output_name(args.job, &args.output.shard, args.output.has_shard, &default_name, err);
    args.output.path = default_name;
  }
  if (!status) status = run_job(&args, command, err);

cleanup:
  free(command);
  free(default_name);
  free(args.old);
  free(args.sets);
  return status;
}
