/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dickemap plan: what a job is and what it would take, without running it.
 *
 * The cost of a point varies by orders of magnitude over a grid (relaxation slows down near every threshold), so it
 * is measured: probe points go through the same seam as a run.  They are every stride-th point of the flattened
 * grid, stride near the golden ratio and coprime to the number of points, so that all of the grid and every value of
 * every axis come up evenly.  At least MIN_PROBES, and more while that takes little time.
 *
 * In a run the vector lanes are always full, and a point costs its share of them.  So that this is true of the
 * last and slowest probe too, other points of the grid keep the lanes company until it is done; they do not
 * count.  After a while those still under way are given up, and the estimate is a lower bound. */
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "dickemap/evaluate.h"
#include "dickemap/job.h"
#include "dickemap/store.h"

enum { MIN_PROBES = 16, MAX_PROBES = 1024 };
static const double probe_seconds = 2, give_up_seconds = 30;

static const char help[] =
    "usage: dickemap plan JOB.yaml [--set KEY=VALUE]...\n"
    "Checks a job and prints its points, the size of its output file, the memory that a rank takes and an\n"
    "estimate of its computing time from a few probe points (a few seconds, half a minute at most).\n"
    "Writes no file.\n\n"
    "  --set KEY=VALUE   replace a key of the job, such as model.Omega=0.4 or axes.g0.points=50\n"
    "  --help            this text\n\n"
    "Exit codes: 0 the job is right, 1 it is wrong (the reason is printed).\n";

typedef struct probes {
  const dkm_job *job;
  int64_t stride;
  double t_start, t_end;
  int64_t n_started, n_finished; /* points of any kind */
  int64_t n_lanes;               /* most points ever under way together */
  int n_probes;                  /* of the points started first; 0: not yet known */
  int n_done;                    /* of the probes */
  struct {
    bool done;
    double started, cost; /* seconds */
  } probe[MAX_PROBES];
} probes;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int64_t golden_stride(int64_t n) {
  int64_t stride = (int64_t)(0.6180339887498949 * (double)n) + 1;
  for (;; stride++) {
    int64_t a = n, b = stride;
    while (b != 0) {
      int64_t rest = a % b;
      a = b;
      b = rest;
    }
    if (a == 1) return stride;
  }
}

static bool next_point(void *context, dkm_point *point, int64_t *id) {
  probes *p = context;
  int64_t i = p->n_started, n = p->job->n_points;
  double t = now();
  if (p->n_probes == 0 && (i == MAX_PROBES || i == n || (i >= MIN_PROBES && t - p->t_start > probe_seconds)))
    p->n_probes = (int)i;
  if (p->n_probes != 0 && (p->n_probes == n || p->n_done == p->n_probes)) return false;
  if (p->n_probes == 0) p->probe[i].started = t;
  dkm_job_point(p->job, (i % n) * p->stride % n, point);
  *id = i;
  p->n_started++;
  if (p->n_started - p->n_finished > p->n_lanes) p->n_lanes = p->n_started - p->n_finished;
  return true;
}

static void take_record(void *context, int64_t id, const dkm_record *record, const double *state) {
  probes *p = context;
  (void)state;
  p->n_finished++;
  if (p->n_probes != 0 && id >= p->n_probes) return;
  p->probe[id].done = true;
  p->probe[id].cost = record->wall_time;
  p->n_done++;
}

static bool enough(void *context) {
  const probes *p = context;
  return (p->n_probes != 0 && p->n_done == p->n_probes) || now() - p->t_start > give_up_seconds;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void print_estimate(const probes *p) {
  char median[32], largest[32], total[32], limit[32];
  int n = p->n_probes;
  bool given_up = p->n_done < n;
  double costs[MAX_PROBES], sum = 0, sum_of_squares = 0;
  for (int i = 0; i < n; i++) {
    costs[i] = p->probe[i].done ? p->probe[i].cost : (p->t_end - p->probe[i].started) / (double)p->n_lanes;
    sum += costs[i];
    sum_of_squares += costs[i] * costs[i];
  }
  qsort(costs, (size_t)n, sizeof *costs, by_size);
  dkm_cli_duration(costs[n / 2], median, sizeof median);
  dkm_cli_duration(costs[n - 1], largest, sizeof largest);
  dkm_cli_duration(give_up_seconds, limit, sizeof limit);
  printf("probe points    %d of %d finished%s%s; time of a point: median %s, largest %s%s\n", p->n_done, n,
         given_up ? " within " : "", given_up ? limit : "", median, given_up ? "more than " : "", largest);
  double seconds = sum / n * (double)p->job->n_points;
  double relative_error = sqrt(fmax(0, sum_of_squares - sum * sum / n) / n / n) / (sum / n);
  dkm_cli_duration(seconds, total, sizeof total);
  printf("estimate        %s%.3g core-hours (%s on one core)", given_up ? "more than " : "", seconds / 3600, total);
  if (n < p->job->n_points && !given_up)
    printf(", give or take %.0f %%, from the probe points alone", 100 * relative_error);
  printf("\n");
}

static dkm_status probe(const dkm_job *job, dkm_error *err) {
  probes p = {.job = job, .stride = golden_stride(job->n_points)};
  dkm_evaluator *evaluator = NULL;
  dkm_status status = dkm_evaluator_create(&job->patterns, &job->solver, NULL, &evaluator, err);
  if (status != DKM_OK) return status;
  const dkm_stream stream = {.context = &p, .next = next_point, .done = take_record, .interrupt = enough};
  p.t_start = now();
  status = dkm_evaluate_stream(evaluator, &stream, err);
  p.t_end = now();
  if (p.n_probes == 0) p.n_probes = (int)p.n_started; /* given up before all of them were started */
  if (status == DKM_OK) print_estimate(&p);
  dkm_evaluator_destroy(evaluator);
  return status;
}

static void print_job(const dkm_job *job) {
  char file[32], memory[32];
  double axis_bytes = 0;
  const dkm_patterns *patterns = &job->patterns;
  printf("job             %s%s%s\n", job->path, *job->title ? ": " : "", job->title);
  printf("points          %" PRId64, job->n_points);
  for (int dim = 0; dim < job->n_dims; dim++)
    printf("%s%" PRId64 " %s", dim == 0 ? " = " : " x ", job->shape[dim], job->dim_name[dim]);
  printf("\n");
  for (int i = 0; i < job->n_axes; i++) {
    const dkm_axis *axis = &job->axes[i];
    axis_bytes += (double)axis->n * sizeof *axis->values;
    printf("axis            %s: %" PRId64 " value%s, %.6g", axis->long_name, axis->n, axis->n == 1 ? "" : "s",
           axis->values[0]);
    if (axis->n > 1) printf(" ... %.6g", axis->values[axis->n - 1]);
    if (*axis->zip) printf(", in zip %s", axis->zip);
    printf("\n");
  }
  printf("model           M = %d patterns, %s: K = %" PRId64 " classes, a state of %zu numbers\n", patterns->n_modes,
         patterns->mapping == DKM_GAUGED ? "gauged" : "ungauged", patterns->n_classes, dkm_model_size(patterns));
  dkm_cli_bytes(dkm_store_bytes(job), file, sizeof file);
  dkm_cli_bytes(dkm_evaluator_bytes(patterns, &job->solver, NULL, dkm_job_perturbed(job)) + axis_bytes, memory, sizeof memory);
  printf("output file     %s\n", file);
  printf("memory a rank   %s, beside the program and its libraries\n", memory);
}

static dkm_status plan(const char *path, int n_sets, const char *const *sets, dkm_error *err) {
  dkm_job job;
  dkm_status status = dkm_job_read(&job, path, n_sets, sets, err);
  if (status != DKM_OK) return status;
  print_job(&job);
  fflush(stdout);
  status = probe(&job, err);
  dkm_job_free(&job);
  return status;
}

dkm_status dkm_cmd_plan(int argc, char **argv, dkm_error *err) {
  static const struct option options[] = {
      {"set", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
  int rank, n_sets = 0;
  dkm_status status = DKM_OK;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  const char **sets = malloc((size_t)argc * sizeof *sets);
  if (!sets) return dkm_fail(err, DKM_MEMORY, "plan: out of memory");
  for (int answer; status == DKM_OK && (answer = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
    if (answer == 's')
      sets[n_sets++] = optarg;
    else if (answer == 'h') {
      dkm_cli_print(help);
      goto cleanup;
    } else
      status = dkm_cli_option_error(argv, answer, err);
  }
  if (status == DKM_OK && optind != argc - 1)
    status = dkm_fail(err, DKM_INPUT, "plan: expected one job file, got %d arguments; see `dickemap plan --help`",
                      argc - optind);
  if (status == DKM_OK && rank == 0) status = plan(argv[optind], n_sets, sets, err);
cleanup:
  free(sets);
  return status;
}
