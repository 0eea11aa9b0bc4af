/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dickemap run: all points of a job into one file.
 *
 *   rank 0 reads the job -> every rank has it -> the output is checked -> evaluators
 *   -> rank 0 creates the file -> all open it -> schedule (below) -> closed -> summary
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
 * its block open, there are at most (lanes + 1) open blocks, whatever the size of the job. */
#include <assert.h>
#include <getopt.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "dickemap/evaluate.h"
#include "dickemap/job.h"
#include "dickemap/progress.h"
#include "dickemap/schedule.h"
#include "dickemap/store.h"

enum {
  LANES = 8,                 /* ranges are multiples of the ensemble's lane count */
  MAX_BLOCKS = 4 * LANES,    /* more than points can be under way */
  MAX_BLOCK_POINTS = 1024,   /* writing a block costs some 10 us a field: nothing for this many points */
  BLOCK_BYTES = 1024 * 1024, /* fewer points where states are kept */
  MAX_WRITTEN = 64           /* blocks written and not reported yet */
};
static const double sync_interval = 1.0; /* seconds; what a kill can lose */

static const char help[] =
    "usage: mpirun -n RANKS dickemap run JOB.yaml [OPTIONS]\n"
    "Computes all points of a job and writes them into one HDF5 file.\n\n"
    "  -o, --output FILE.h5   the file to write (default: the job's name with .h5, in the current folder)\n"
    "      --overwrite        replace an existing file\n"
    "      --set KEY=VALUE    override a key of the job, such as solver.t_max=1e5; may be repeated\n"
    "      --cpu NAME         instruction set (default: the best that the machine has)\n"
    "  -q, --quiet            no progress on standard error\n"
    "  -h, --help             this text\n\n"
    "Rank 0 hands out points and the others compute; a single rank does everything itself.\n";

struct arguments {
  const char *job, *output, *cpu;
  const char **sets; /* room for argc */
  int n_sets;
  bool overwrite, quiet, help;
};

struct block {
  dkm_range range;
  int64_t n_finished;
  double t_open;
  bool open;
  dkm_record *records; /* block_points of them, allocated when first needed */
  double *states;      /* block_points * state_size, or NULL */
};

struct written {
  dkm_range range;
  uint8_t status[MAX_BLOCK_POINTS];
};

struct run {
  const dkm_job *job;
  dkm_store *store;
  /* worker */
  dkm_evaluator *evaluator;
  dkm_schedule *schedule;
  dkm_range left; /* what has not been drawn yet of the range in hand */
  struct block blocks[MAX_BLOCKS], *current;
  size_t state_size; /* 3K + 2M, or 0 if states are not kept */
  int64_t block_points;
  struct written *written;
  int n_written;
  double t_synced;
  dkm_error failure;
  int64_t n_verdicts[DKM_N_VERDICTS];
  /* master */
  dkm_progress progress;
  int64_t n_done;
  bool quiet;
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- worker ---- */

/* What was written is put on disk first and only then reported. */
static void sync_and_report(struct run *run) {
  run->t_synced = now();
  if (run->n_written == 0 || run->failure.status) return;
  run->failure.status = dkm_store_sync(run->store, &run->failure);
  for (int i = 0; i < run->n_written && !run->failure.status; i++)
    run->failure.status =
        dkm_schedule_report(run->schedule, run->written[i].range, run->written[i].status, &run->failure);
  run->n_written = 0;
}

static void write_if_complete(struct run *run, struct block *block) {
  if (block == run->current || block->n_finished < block->range.count || run->failure.status) return;
  block->open = false;
  run->failure.status =
      dkm_store_write(run->store, block->range.first, block->range.count, block->records, block->states, &run->failure);
  if (run->failure.status) return;
  struct written *written = &run->written[run->n_written++];
  written->range = block->range;
  for (int64_t i = 0; i < block->range.count; i++)
    written->status[i] = block->records[i].verdict == DKM_VERDICT_FAILED ? DKM_STATUS_POINT_FAILED : DKM_STATUS_DONE;
  if (run->n_written == MAX_WRITTEN || now() - run->t_synced >= sync_interval) sync_and_report(run);
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
  block->t_open = now();
  block->open = true;
  run->current = block;
  return true;
}

/* dkm_stream.next */
static bool next_point(void *context, dkm_point *point, int64_t *id) {
  struct run *run = context;
  struct block *block = run->current;
  if (block &&
      (run->left.count == 0 || block->range.count == run->block_points || now() - block->t_open >= sync_interval))
    seal_current(run);
  if (run->failure.status) return false;
  if (run->left.count == 0 && dkm_schedule_next(run->schedule, false, &run->left) != DKM_NEXT_RANGE) return false;
  if (!run->current && !open_block(run)) return false;
  *id = run->left.first++;
  run->left.count--;
  run->current->range.count++;
  dkm_job_point(run->job, *id, point);
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
  block->n_finished++;
  run->n_verdicts[record->verdict]++;
  write_if_complete(run, block);
}

/* dkm_stream.interrupt */
static bool interrupted(void *context) {
  struct run *run = context;
  if (now() - run->t_synced >= sync_interval) sync_and_report(run);
  return run->failure.status || dkm_schedule_interrupted(run->schedule);
}

/* dkm_schedule_ops.work */
static dkm_status work(void *context, dkm_schedule *schedule, dkm_error *err) {
  struct run *run = context;
  const dkm_stream stream = {.context = run,
                             .next = next_point,
                             .done = take_record,
                             .interrupt = interrupted,
                             .wants_states = run->job->keep_state};
  run->schedule = schedule;
  run->t_synced = now();
  run->state_size = run->job->keep_state ? dkm_model_size(&run->job->patterns) : 0;
  run->block_points = (int64_t)(BLOCK_BYTES / (sizeof(dkm_record) + run->state_size * sizeof(double)));
  if (run->block_points > MAX_BLOCK_POINTS) run->block_points = MAX_BLOCK_POINTS;
  if (run->block_points < 1) run->block_points = 1;
  run->written = malloc(MAX_WRITTEN * sizeof *run->written);
  if (!run->written) return dkm_fail(err, DKM_MEMORY, "out of memory (%d blocks of status bytes)", MAX_WRITTEN);

  while (!run->failure.status && !dkm_schedule_interrupted(schedule) &&
         (run->left.count > 0 || dkm_schedule_next(schedule, true, &run->left) == DKM_NEXT_RANGE)) {
    dkm_error reason = {0};
    dkm_status status = dkm_evaluate_stream(run->evaluator, &stream, &reason);
    if (status && !run->failure.status) run->failure = reason;
    seal_current(run);
  }
  sync_and_report(run);

  for (int i = 0; i < MAX_BLOCKS; i++) {
    free(run->blocks[i].records);
    free(run->blocks[i].states);
  }
  free(run->written);
  return run->failure.status ? dkm_fail(err, run->failure.status, "%s", run->failure.message) : DKM_OK;
}

/* ---- master ---- */

static dkm_status mark_done(void *context, dkm_range range, const uint8_t *status, dkm_error *err) {
  struct run *run = context;
  return dkm_store_mark(run->store, range.first, range.count, status, err);
}

static dkm_status tick(void *context, int64_t n_done, bool *stop, dkm_error *err) {
  struct run *run = context;
  (void)err;
  *stop = false;
  run->n_done = n_done;
  if (!run->quiet) dkm_progress_update(&run->progress, n_done);
  return DKM_OK;
}

static void print_summary(const struct run *run, const char *output, double elapsed) {
  char duration[32];
  int64_t n_done = 0;
  for (int v = 0; v < DKM_N_VERDICTS; v++) n_done += run->n_verdicts[v];
  dkm_cli_duration(elapsed, duration, sizeof duration);
  for (int v = 0; v < DKM_N_VERDICTS; v++)
    if (run->n_verdicts[v] > 0) printf("%12lld  %s\n", (long long)run->n_verdicts[v], dkm_verdict_name(v));
  printf("%12lld  points in %s (%.3g points/s), written to %s\n", (long long)n_done, duration, (double)n_done / elapsed,
         output);
}

/* ---- the command ---- */

static dkm_status parse_arguments(int argc, char **argv, struct arguments *args, dkm_error *err) {
  enum { OVERWRITE = 256, SET, CPU };
  static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                          {"overwrite", no_argument, NULL, OVERWRITE},
                                          {"set", required_argument, NULL, SET},
                                          {"cpu", required_argument, NULL, CPU},
                                          {"quiet", no_argument, NULL, 'q'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
  int answer;
  optind = 1;
  while ((answer = getopt_long(argc, argv, ":o:qh", options, NULL)) != -1) switch (answer) {
    case 'o':
      args->output = optarg;
      break;
    case OVERWRITE:
      args->overwrite = true;
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
  if (optind == argc) return dkm_fail(err, DKM_INPUT, "run: no job file given; see `dickemap run --help`");
  if (optind + 1 < argc)
    return dkm_fail(err, DKM_INPUT, "run: unexpected argument \"%s\" after the job file %s; see `dickemap run --help`",
                    argv[optind + 1], argv[optind]);
  args->job = argv[optind];
  return DKM_OK;
}

/* jobs/fig3.yaml -> fig3.h5 */
static dkm_status default_output(const char *job, char **out, dkm_error *err) {
  const char *slash = strrchr(job, '/'), *name = slash ? slash + 1 : job, *dot = strrchr(name, '.');
  size_t length = dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0) ? (size_t)(dot - name) : strlen(name);
  *out = malloc(length + sizeof ".h5");
  if (!*out) return dkm_fail(err, DKM_MEMORY, "out of memory (the output's name)");
  memcpy(*out, name, length);
  strcpy(*out + length, ".h5");
  return DKM_OK;
}

/* The command line, for the file's history. */
static dkm_status join_command(int argc, char **argv, char **out, dkm_error *err) {
  size_t size = sizeof "dickemap";
  for (int i = 0; i < argc; i++) size += strlen(argv[i]) + 1;
  *out = malloc(size);
  if (!*out) return dkm_fail(err, DKM_MEMORY, "out of memory (the command line)");
  char *at = stpcpy(*out, "dickemap");
  for (int i = 0; i < argc; i++) at = stpcpy(stpcpy(at, " "), argv[i]);
  return DKM_OK;
}

static dkm_status run_job(const struct arguments *args, const char *output, const char *command, dkm_error *err) {
  const MPI_Comm comm = MPI_COMM_WORLD;
  dkm_job job = {0};
  struct run run = {.job = &job, .quiet = args->quiet};
  bool stopped = false;
  int rank, n_ranks;
  dkm_status status = DKM_OK;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &n_ranks);
  bool master = rank == 0, worker = !master || n_ranks == 1;

  if (master) status = dkm_job_read(&job, args->job, args->n_sets, args->sets, err);
  status = dkm_schedule_agree(comm, status, err);
  if (!status) status = dkm_schedule_share_job(comm, &job, err);
  if (status) goto cleanup;

  if (master) status = dkm_store_check_output(output, &job, args->overwrite, err);
  status = dkm_schedule_agree(comm, status, err);
  if (status) goto cleanup;

  if (worker) status = dkm_evaluator_create(&job.patterns, &job.solver, args->cpu, &run.evaluator, err);
  status = dkm_schedule_agree(comm, status, err);
  if (status) goto cleanup;

  if (master) {
    dkm_provenance provenance = {.version = dkm_cli_version,
                                 .command = command,
                                 .instruction_set = args->cpu ? args->cpu : dkm_cpu_best(),
                                 .n_ranks = n_ranks};
    status = dkm_store_create(output, &job, &provenance, args->overwrite, err);
  }
  status = dkm_schedule_agree(comm, status, err);
  if (!status) status = dkm_store_open(comm, output, &job, &run.store, err);
  if (status) goto cleanup;

  const dkm_range all = {.first = 0, .count = job.n_points};
  const dkm_schedule_ops ops = {.context = &run, .work = work, .done = mark_done, .tick = tick};
  double t_start = now();
  if (master && !run.quiet) dkm_progress_start(&run.progress, job.n_points, 0);
  status = dkm_schedule_run(comm, 1, &all, LANES, &ops, &stopped, err);
  if (master && !run.quiet) dkm_progress_end(&run.progress, status ? run.n_done : job.n_points);
  if (status == DKM_PARALLEL) goto cleanup; /* closing is collective: not possible any more */
  dkm_status closed = dkm_store_close(run.store, status ? NULL : err);
  if (!status) status = closed;
  if (!status) status = dkm_schedule_sum(comm, DKM_N_VERDICTS, run.n_verdicts, err);
  if (!status && master) print_summary(&run, output, now() - t_start);

cleanup:
  dkm_evaluator_destroy(run.evaluator);
  dkm_job_free(&job);
  return status;
}

dkm_status dkm_cmd_run(int argc, char **argv, dkm_error *err) {
  struct arguments args = {0};
  char *default_name = NULL, *command = NULL;
  dkm_status status = join_command(argc, argv, &command, err); /* before getopt reorders argv */
  args.sets = malloc(sizeof *args.sets * (size_t)(argc > 0 ? argc : 1));
  if (!args.sets && !status) status = dkm_fail(err, DKM_MEMORY, "out of memory (arguments)");
  if (!status) status = parse_arguments(argc, argv, &args, err);
  if (status) goto cleanup;
  if (args.help) {
    dkm_cli_print(help);
    goto cleanup;
  }
  if (!args.output) status = default_output(args.job, &default_name, err);
  if (!status) status = run_job(&args, args.output ? args.output : default_name, command, err);

cleanup:
  free(command);
  free(default_name);
  free(args.sets);
  return status;
}
