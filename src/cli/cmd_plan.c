/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dickemap plan: what a job is and what it would take, without running it.
 *
 * The cost of a point varies by orders of magnitude over a grid (relaxation slows down near every threshold), so it
 * is measured: probe points go through the same seam as a run.  They are every stride-th point of the flattened
 * grid, stride near the golden ratio and coprime to the number of points, so that all of the grid and every value of
 * every axis come up evenly.  At least MIN_PROBES, and more while that takes little time.
 *
 * Most of the time goes into few points, so the estimate tells of the tail: quantiles, what the slowest points take,
 * how far off the mean of the probes may be, and what slower points than all of them could add (tail.h).  The only
 * bound is solver.max_steps, of tasks whose points are so many trajectories; of others there is none.
 *
 * In a run the vector lanes are always full, and a point costs its share of them.  So that this is true of the
 * last and slowest probe too, other points of the grid keep the lanes company until it is done; they do not
 * count.  After a while those still under way are given up, and the estimate is a lower bound. */
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "cli.h"
#include "dickemap/clock.h"
#include "dickemap/job.h"
#include "dickemap/option.h"
#include "dickemap/store.h"
#include "dickemap/task.h"
#include "run_worker.h"
#include "tail.h"

enum { MIN_PROBES = 16, MAX_PROBES = 1024 };
static const double probe_seconds = 2, give_up_seconds = 30;
static const double large_share = 0.2; /* of the total: one probe that has it makes the estimate a matter of luck */

static const char help[] =
    "usage: dickemap plan JOB.yaml [--set KEY=VALUE]...\n"
    "Checks a job and prints its points, the size of its output file, the memory that a rank takes and an\n"
    "estimate of its computing time from a few probe points (a few seconds, half a minute at most): how time and\n"
    "steps are distributed, what the slowest points take, and the bound that solver.max_steps sets, where it sets one.\n"
    "Writes no file.\n\n"
    "  --set KEY=VALUE   replace a key of the job, such as model.Omega=0.4 or axes.g0.points=50\n"
    "  --help            this text\n\n"
    "Exit codes: 0 the job is right, 1 it is wrong (the reason is printed).\n";

typedef struct probes {
  const dkm_job *job;
  dkm_form form;
  int64_t stride, inverse; /* of the stride, modulo the number of points */
  double t_start, t_end;
  int64_t n_started, n_finished; /* points of any kind */
  int64_t n_lanes;               /* most points ever under way together */
  int n_probes;                  /* of the points started first; 0: not yet known */
  int n_done;                    /* of the probes */
  struct {
    bool done, failed;
    bool stopped;         /* at max_steps, before it was decided */
    double started, cost; /* seconds */
    int64_t steps;
  } probe[MAX_PROBES];
} probes;

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

/* The number by which a stride has to be multiplied to be 1 modulo n, both coprime (Euclid). */
static int64_t inverse_of(int64_t stride, int64_t n) {
  int64_t a = n, b = stride % n, x = 0, y = 1;
  while (b != 0) {
    const int64_t quotient = a / b, rest = a - quotient * b, next = x - quotient * y;
    a = b;
    b = rest;
    x = y;
    y = next;
  }
  return x < 0 ? x + n : x;
}

static bool next_point(void *context, int64_t *i_point) {
  probes *p = context;
  int64_t i = p->n_started, n = p->job->n_points;
  double t = dkm_clock_now();
  if (p->n_probes == 0 && (i == MAX_PROBES || i == n || (i >= MIN_PROBES && t - p->t_start > probe_seconds)))
    p->n_probes = (int)i;
  if (p->n_probes != 0 && (p->n_probes == n || p->n_done == p->n_probes)) return false;
  if (i >= n && p->form.task != &dkm_task_sweep) return false; /* others need no company */
  if (p->n_probes == 0) p->probe[i].started = t;
  *i_point = (i % n) * p->stride % n;
  p->n_started++;
  if (p->n_started - p->n_finished > p->n_lanes) p->n_lanes = p->n_started - p->n_finished;
  return true;
}

static bool was_stopped(const probes *p, const dkm_record *record) {
  return p->job->solver.max_steps > 0 && record->steps >= p->job->solver.max_steps &&
         (record->verdict == DKM_VERDICT_UNDECIDED || record->verdict == DKM_VERDICT_RELAXING);
}

static void take_record(void *context, int64_t i_point, const void *record, const double *state) {
  probes *p = context;
  const dkm_form *form = &p->form;
  const int64_t id = i_point * p->inverse % p->job->n_points; /* in the order in which they were started */
  (void)state;
  p->n_finished++;
  if ((p->n_probes != 0 && id >= p->n_probes) || p->probe[id].done) return;
  p->probe[id].done = true;
  p->probe[id].cost = *(const double *)dkm_form_at(form, record, form->wall_time);
  p->probe[id].steps = *(const int64_t *)dkm_form_at(form, record, form->steps);
  p->probe[id].stopped = form->task == &dkm_task_sweep && was_stopped(p, record);
  p->probe[id].failed = dkm_form_has_failed(form, record);
  p->n_done++;
}

static bool enough(void *context) {
  const probes *p = context;
  return (p->n_probes != 0 && p->n_done == p->n_probes) || dkm_clock_now() - p->t_start > give_up_seconds;
}

/* ---- the estimate ---- */

/* What the probes say together. A probe that was given up counts with the time that it has had, its steps are not
 * known. */
typedef struct sample {
  int n, n_done, n_stopped, n_failed;
  double cost[MAX_PROBES];  /* of n, ascending */
  double steps[MAX_PROBES]; /* of n_done, ascending */
  double least_given_up;    /* cost from which on quantiles are lower bounds */
  double seconds, sum_done, sum_steps;
} sample;

static void take_sample(const probes *p, sample *s) {
  *s = (sample){.n = p->n_probes, .least_given_up = INFINITY};
  for (int i = 0; i < s->n; i++) {
    const bool done = p->probe[i].done;
    s->cost[i] = done ? p->probe[i].cost : (p->t_end - p->probe[i].started) / (double)p->n_lanes;
    s->seconds += s->cost[i];
    if (!done) {
      s->least_given_up = fmin(s->least_given_up, s->cost[i]);
      continue;
    }
    s->sum_done += s->cost[i];
    s->sum_steps += (double)p->probe[i].steps;
    s->n_stopped += p->probe[i].stopped;
    s->n_failed += p->probe[i].failed;
    s->steps[s->n_done++] = (double)p->probe[i].steps;
  }
  dkm_tail_sort(s->cost, s->n);
  dkm_tail_sort(s->steps, s->n_done);
}

static const struct {
  const char *name;
  double q;
} quantiles[] = {{"median", 0.5}, {"90 %", 0.9}, {"99 %", 0.99}, {"largest", 1}};
enum { N_QUANTILES = sizeof quantiles / sizeof *quantiles };

static void print_distributions(const sample *s) {
  char text[32];
  printf("time of a point");
  for (int i = 0; i < N_QUANTILES; i++) {
    const double cost = dkm_tail_quantile(s->cost, s->n, quantiles[i].q);
    dkm_cli_duration(cost, text, sizeof text);
    printf("%s %s %s%s", i ? "," : "", quantiles[i].name, cost >= s->least_given_up ? "more than " : "", text);
  }
  printf("\n");
  if (s->n_done == 0 || s->sum_steps == 0) return;
  printf("steps          ");
  for (int i = 0; i < N_QUANTILES; i++)
    printf("%s %s %.0f", i ? "," : "", quantiles[i].name, dkm_tail_quantile(s->steps, s->n_done, quantiles[i].q));
  printf("%s\n", s->n_done < s->n ? ", of those that finished" : "");
}

/* The estimate, and how far it can be trusted. */
static void print_total(const sample *s, const dkm_job *job) {
  char total[32];
  const bool given_up = s->n_done < s->n;
  const double n_rest = (double)(job->n_points - s->n), mean = s->seconds / s->n;
  const double seconds = s->seconds + n_rest * mean, largest = s->cost[s->n - 1];
  dkm_cli_duration(seconds, total, sizeof total);
  printf("estimate        %s%.3g core-hours (%s on one core)", given_up ? "more than " : "", seconds / 3600, total);
  if (n_rest > 0 && !given_up) {
    double interval[2];
    dkm_tail_mean_interval(s->cost, s->n, interval);
    printf(", %.3g to %.3g (90 %%) from the probe points alone", (s->seconds + n_rest * interval[0]) / 3600,
           (s->seconds + n_rest * interval[1]) / 3600);
  }
  printf("\n");
  if (n_rest > 0 && largest > large_share * s->seconds)
    printf("note            one probe point carries %.0f %% of the estimate: another choice of them may change it as "
           "much\n",
           100 * largest / s->seconds);
}

/* Whether a point is so many trajectories, which max_steps stops. Of a search their number is open. */
static bool is_bounded(const dkm_job *job) {
  return job->solver.max_steps > 0 && !job->searches && job->task != &dkm_task_exactness && job->task != &dkm_task_states;
}

/* What points would cost that are stopped by max_steps alone. */
static void print_bounds(const sample *s, const dkm_job *job) {
  char step[32];
  const double max_steps = (double)job->solver.max_steps * (double)job->n_starts, n_rest = (double)(job->n_points - s->n);
  if (!is_bounded(job) || s->sum_steps <= 0) return;
  const double seconds_a_step = s->sum_done / s->sum_steps, largest = max_steps * seconds_a_step;
  dkm_cli_duration(seconds_a_step, step, sizeof step);
  if (n_rest > 0 && s->n_done == s->n)
    printf(
        "unseen          up to %.2g %% of the points may be slower than any probe (95 %%) and take %.3g core-hours, at "
        "max_steps\n",
        100 * dkm_tail_unseen(s->n), dkm_tail_unseen(s->n) * n_rest * largest / 3600);
  printf("at most         %.3g core-hours, with every point at max_steps, %.0f steps of %s\n",
         largest * (double)job->n_points / 3600, max_steps, step);
}

static void print_estimate(const probes *p) {
  char limit[32];
  sample s;
  take_sample(p, &s);
  const bool given_up = s.n_done < s.n;
  dkm_cli_duration(give_up_seconds, limit, sizeof limit);
  printf("probe points    %d of %d finished%s%s", s.n_done, s.n, given_up ? " within " : "", given_up ? limit : "");
  if (p->form.task == &dkm_task_sweep) printf(", %d stopped at max_steps undecided", s.n_stopped);
  if (s.n_failed > 0) printf(", %d failed", s.n_failed);
  printf("\n");
  print_distributions(&s);
  if (s.n >= 100)
    printf("tail            the slowest 1 %% of the points take %.0f %% of the time\n",
           100 * dkm_tail_share(s.cost, s.n, 0.01));
  else /* too few to tell */
    printf("tail            the slowest probe point takes %.0f %% of the time of all\n",
           100 * s.cost[s.n - 1] / s.seconds);
  print_total(&s, p->job);
  print_bounds(&s, p->job);
}

/* ---- the subcommand ---- */

static dkm_status probe(const dkm_job *job, dkm_error *err) {
  probes p = {.job = job, .stride = golden_stride(job->n_points)};
  void *engine = NULL;
  dkm_status status = job->task->create(job, NULL, &engine, err);
  if (status != DKM_OK) return status;
  dkm_form_of(job, &p.form);
  p.inverse = inverse_of(p.stride, job->n_points);
  const dkm_task_stream stream = {.context = &p, .next = next_point, .done = take_record, .interrupt = enough};
  p.t_start = dkm_clock_now();
  status = job->task->run(engine, &stream, err);
  p.t_end = dkm_clock_now();
  if (p.n_probes == 0) p.n_probes = (int)p.n_started; /* given up before all of them were started */
  if (status == DKM_OK) print_estimate(&p);
  job->task->destroy(engine);
  return status;
}

static void print_job(const dkm_job *job) {
  char file[32], memory[32];
  double axis_bytes = 0;
  const dkm_system *system = &job->system;
  dkm_cli_say(stdout, "job             %s%s%s\n", job->path, *job->title ? ": " : "", job->title);
  if (job->task != &dkm_task_sweep) printf("task            %s: %s\n", job->task->name, job->task->text);
  dkm_cli_say_unit(job, "units           ");
  printf("points          %" PRId64, job->n_points);
  for (int dim = 0; dim < job->n_dims; dim++)
    dkm_cli_say(stdout, "%s%" PRId64 " %s", dim == 0 ? " = " : " x ", job->shape[dim], job->dim_name[dim]);
  if (job->reduces)
    dkm_cli_say(stdout, "%s of %" PRId64 " starts each, over %s", job->n_dims ? "," : "", job->n_starts,
                job->dim_name[job->n_dims]);
  printf("\n");
  for (int i = 0; i < job->n_axes; i++) {
    const dkm_axis *axis = &job->axes[i];
    axis_bytes += (double)axis->n * sizeof *axis->values;
    dkm_cli_say(stdout, "axis            %s: %" PRId64 " value%s, %.6g", axis->long_name, axis->n,
                axis->n == 1 ? "" : "s", axis->values[0]);
    if (axis->n > 1) printf(" ... %.6g", axis->values[axis->n - 1]);
    if (*axis->zip) dkm_cli_say(stdout, ", in zip %s", axis->zip);
    printf("\n");
  }
  if (dkm_job_seeds_in_part(job))
    printf("note            where initial.perturbation and flip_exactly are 0 nothing is random, and all seeds give the same start\n");
  printf("model           M = %d patterns, %s", system->n_modes, dkm_option_word(DKM_OPTION(system.mapping), job));
  if (job->n_spins > 0) printf(" of %" PRId64 " spin%s", job->n_spins, job->n_spins == 1 ? "" : "s");
  printf(": K = %" PRId64 " classes%s, a state of %zu numbers\n", system->n_classes, system->spins ? " at most" : "",
         dkm_model_size(system));
  dkm_cli_bytes(dkm_store_bytes(job), file, sizeof file);
  dkm_cli_bytes(job->task->bytes(job, NULL) + axis_bytes +
                    dkm_run_worker_bytes(job) + dkm_store_memory(job),
                memory, sizeof memory);
  printf("output file     %s, and some 100 KiB about it\n", file);
  printf("memory a rank   %s, beside the program and its libraries\n", memory);
}

static dkm_status plan(const char *path, int n_sets, const char *const *sets, dkm_error *err) {
  dkm_job job;
  dkm_status status = dkm_job_read(&job, path, n_sets, sets, err);
  if (status != DKM_OK) return status;
  dkm_cli_warn(&job);
  print_job(&job);
  fflush(stdout);
  status = probe(&job, err);
  dkm_job_free(&job);
  return status;
}

dkm_status dkm_cmd_plan(int argc, char **argv, dkm_error *err) {
  dkm_texts sets = {0};
  const dkm_argument arguments[] = {{"--set", 0, dkm_argument_texts, &sets}};
  bool helped;
  dkm_status status = dkm_arguments_read(argc, argv, help, 1, arguments, &helped, err);
  if (status == DKM_OK && !helped && optind != argc - 1)
    status = dkm_fail(err, DKM_INPUT, "plan: expected one job file, got %d arguments; see `dickemap plan --help`",
                      argc - optind);
  if (status == DKM_OK && !helped) status = plan(argv[optind], sets.n, sets.list, err);
  free(sets.list);
  return status;
}
