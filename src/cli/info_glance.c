/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file at a glance: what was asked, how far it is, what was found. What does not occur is not mentioned. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "dickemap/basins.h"
#include "dickemap/option.h"
#include "dickemap/task.h"
#include "info.h"

enum { BAR = 40 };

/* Never 100 % of less than all. */
static double percent(int64_t n, int64_t of) {
  const double exact = of > 0 ? 100.0 * (double)n / (double)of : 0.0;
  return n < of ? fmin(99.9, exact) : exact;
}

static void print_job(const dkm_info *info) {
  const dkm_job *job = info->job;
  char spins[DKM_SPINS_BYTES];
  dkm_cli_say(stdout, "%s%s%s\n", info->path, job->title[0] ? ": " : "", job->title);
  dkm_cli_say(stdout, "task %s of %s: %d pattern%s, %s, %s\n", job->task->name, job->path, job->system.n_modes,
              job->system.n_modes == 1 ? "" : "s", dkm_option_word(DKM_OPTION(system.mapping), job),
              dkm_cli_spins(job, &job->system, spins));
  for (int i = 0; i < job->n_sets; i++) dkm_cli_say(stdout, "%s%s", i ? " " : "with ", job->sets[i]);
  if (job->n_sets > 0) printf("\n");
  dkm_cli_say_unit(job, "");
  printf("\n");
}

static void print_axes(const dkm_job *job) {
  int width = 0;
  for (int i = 0; i < job->n_axes; i++) width = (int)fmax(width, (double)strlen(job->axes[i].long_name));
  for (int i = 0; i < job->n_axes; i++) {
    const dkm_axis *axis = &job->axes[i];
    const bool is_counted = axis->dim == job->n_dims, is_searched = axis->dim > job->n_dims;
    dkm_cli_say(stdout, "  %-*s %7" PRId64 " value%s %.10g", width, axis->long_name, axis->n, axis->n == 1 ? ": " : "s:",
                axis->values[0]);
    if (axis->n > 1) printf(" to %.10g", axis->values[axis->n - 1]);
    if (axis->zip[0]) dkm_cli_say(stdout, ", in %s", axis->zip);
    printf("%s\n", is_counted ? ", counted over" : is_searched ? ", searched along" : "");
  }
  if (job->n_axes > 0) printf("\n");
}

static void print_progress(const dkm_info *info) {
  const dkm_survey *s = &info->survey;
  const int64_t n = s->done + s->left;
  const int full = n > 0 ? (int)((double)BAR * (double)s->done / (double)n) : BAR;
  printf("[");
  for (int i = 0; i < BAR; i++) putchar(i < full ? '#' : '-');
  printf("] %.1f %%\n", n > 0 ? percent(s->done, n) : 100.0);
  printf("%12" PRId64 "  point%s done, %" PRId64 " left", s->done, s->done == 1 ? "" : "s", s->left);
  if (info->shard.n > 1)
    printf(", of shard %d/%d; %" PRId64 " are in others", info->shard.index, info->shard.n, s->others);
  else if (info->job->reduces)
    printf(", %" PRId64 " starts each", info->job->n_starts);
  printf("\n");
  if (info->unfinished.n_usable > 0)
    printf("%12" PRId64 "  under way, at t = %.6g to %.6g\n", info->unfinished.n_usable, info->unfinished.t_least, info->unfinished.t_most);
  if (s->other_method > 0) printf("%12" PRId64 "  of an older method\n", s->other_method);
  printf("\n");
}

/* ---- what was found ---- */

static void print_count(int64_t n, int64_t of, const char *what, const char *more) {
  if (n > 0) printf("%12" PRId64 "  %5.1f %%  %s%s\n", n, percent(n, of), what, more);
}

static void print_sweep(const dkm_survey *s) {
  const int64_t n_failed = dkm_survey_code(s, "verdict", DKM_VERDICT_FAILED);
  for (int v = DKM_VERDICT_NONE + 1; v < DKM_N_VERDICTS; v++) {
    const int64_t n = dkm_survey_code(s, "verdict", v);
    print_count(n, s->done, dkm_verdict_name(v), "");
    if (v == DKM_VERDICT_FIXED_POINT) print_count(s->unstable, n, "of these unstable: any tilt of the start leads away", "");
    for (int f = DKM_FAILURE_NONE + 1; f < DKM_N_FAILURES && v == DKM_VERDICT_FAILED; f++)
      print_count(dkm_survey_code(s, "failure", f), n_failed, "of these as ", dkm_failure_text(f));
  }
}

static void print_outcomes(const dkm_survey *s, const dkm_job *job) {
  const int64_t n = s->done * job->n_starts;
  const int n_modes = job->system.n_modes;
  char text[DKM_OUTCOME_BYTES];
  for (int i = 0; i < dkm_outcome_number(n_modes); i++)
    print_count(s->outcomes[i], n, "of starts end in ", dkm_outcome_text(dkm_outcome_at(n_modes, i), text));
  print_count(s->undecided, n, "of starts have no outcome", "");
}

static void print_shocks(const dkm_survey *s, const dkm_job *job) {
  static const char *const counts[][2] = {{"n_found", "of starts lose their pattern between two values"},
                                          {"n_at_once", "at the first value"},
                                          {"n_never", "at none of the values"},
                                          {"n_undecided", "nobody knows where"}};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    const dkm_survey_values *of = dkm_survey_of(s, counts[i][0]);
    print_count(of ? (int64_t)of->sum : 0, s->done * job->n_starts, counts[i][1], "");
  }
}

/* Of tasks without a verdict: what their codes say. */
static void print_codes(const dkm_survey *s) {
  for (int f = 0; f < s->form.n_fields; f++) {
    const dkm_field *field = &s->form.fields[f];
    for (int code = 0; field->codes && code < field->codes->n && code < DKM_SURVEY_CODES; code++) {
      char what[64];
      snprintf(what, sizeof what, "%s %s: ", field->name, field->codes->name(code));
      print_count(s->codes[f][code], s->done, what, field->codes->text(code));
    }
  }
}

/* A task has some of these. */
static void print_ranges(const dkm_survey *s) {
  static const char *const shown[] = {"xi",           "xi_mean",  "pattern_xi", "retrieval",     "entropy",
                                      "fatal_median", "n_states", "n_stable",   "E_N",           "edge_weight"};
  for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
    const dkm_survey_values *range = dkm_survey_of(s, shown[i]);
    if (range) printf("%-14s %.6g to %.6g\n", shown[i], range->least + 0.0, range->most + 0.0);
  }
}

/* ---- runs ---- */

static void print_last(const dkm_info *info) {
  const dkm_attempt_told *last = &info->last;
  char duration[32];
  if (!isnan(info->seconds_left)) {
    dkm_cli_duration(info->seconds_left, duration, sizeof duration);
    printf("%-14s %s, if the rest goes as before\n", "time left", duration);
  }
  if (!info->has_last) return;
  printf("%-14s ", "last run");
  dkm_cli_say(stdout, "%s", last->begun[0] ? last->begun : last->ended);
  if (!isnan(last->seconds)) {
    dkm_cli_duration(last->seconds, duration, sizeof duration);
    printf(", took %s", duration);
  }
  dkm_cli_say(stdout, ": %s\n",
              last->ended[0]       ? last->how
              : info->is_under_way ? "under way"
                                   : "no end recorded, it was killed or cannot be seen from here");
}

void dkm_info_print_glance(const dkm_info *info) {
  const dkm_survey *s = &info->survey;
  const dkm_task *task = info->job->task;
  print_job(info);
  print_axes(info->job);
  print_progress(info);
  if (task == &dkm_task_sweep) print_sweep(s);
  if (task == &dkm_task_basins) print_outcomes(s, info->job);
  if (task == &dkm_task_fatal) print_shocks(s, info->job);
  if (task != &dkm_task_sweep) print_codes(s);
  if (s->done > 0) printf("\n");
  print_ranges(s);
  print_last(info);
}
