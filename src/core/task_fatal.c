/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The task `fatal`: of each start of a cell (cells.h) the smallest shock from which its pattern is lost.
 *
 *   values of the axis   v_1 ...  v_2 ...  v_3          one after the other, from the smallest
 *   the pattern leads     yes      yes      no          then bisected between the last two
 *
 * The place is known to a thousandth of the first value that is fatal, and whole numbers exactly.  Where a trajectory of the
 * bisection has no outcome the start counts with the smallest value that was found to be fatal.  Stronger shocks need not be
 * fatal, too: it is the first that was found.  Between two values of the axis more changes would go unseen, so the axis should
 * be as fine as they are. */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "cells.h"
#include "dickemap/basins.h"

/* ---- fields ---- */

enum {
  MEDIAN, LOW, HIGH, LEAST, QUARTER, THREE_QUARTERS,
  FOUND, AT_ONCE, NEVER, UNDECIDED, FAILED, LIMITED, METHOD, STEPS, WALL_TIME, N_FIELDS
};

#define NUMBER(name, text) {name, DKM_FLOAT64, DKM_SCALE_NUMBER, DKM_PER_POINT, 0, 1, "1", text, NULL}
#define COUNT(name, text)  {name, DKM_INT64, DKM_SCALE_NUMBER, DKM_PER_POINT, 0, 1, "1", text, NULL}

static const dkm_field rows[] = {
    [MEDIAN] = NUMBER("fatal_median", "smallest value from which the cue's pattern is lost, median over the starts; infinite: above all"),
    [LOW] = NUMBER("fatal_low", "lower end of the interval of 95 % of that median, by order statistics; NaN: too few starts"),
    [HIGH] = NUMBER("fatal_high", "upper end of that interval"),
    [LEAST] = NUMBER("fatal_least", "the least of all starts"),
    [QUARTER] = NUMBER("fatal_quarter", "from which a quarter of the starts is lost"),
    [THREE_QUARTERS] = NUMBER("fatal_three_quarters", "from which three quarters of the starts are lost"),
    [FOUND] = COUNT("n_found", "starts of which it was found between two values of the axis"),
    [AT_ONCE] = COUNT("n_at_once", "starts that are lost at its first value, which then counts"),
    [NEVER] = COUNT("n_never", "starts that are lost at none of its values"),
    [UNDECIDED] = COUNT("n_undecided", "starts of which it is not known, as a trajectory has no outcome"),
    [FAILED] = COUNT("n_failed", "of these, starts with an integration that failed"),
    [LIMITED] = COUNT("n_limited", "starts that larger limits of the solver may tell more of; -1: made by a version that did not note it"),
    [METHOD] = {"method", DKM_UINT8, DKM_SCALE_NUMBER, DKM_PER_POINT, 0, 1, "1", "version of the methods behind the record", NULL},
    [STEPS] = COUNT("steps", "number of integration steps of all trajectories, attempts included"),
    [WALL_TIME] = {"wall_time", DKM_FLOAT64, DKM_SCALE_TIME, DKM_PER_POINT, 0, 0, "s", "time spent on the point", NULL},
};
static const dkm_field_list fields = {rows, N_FIELDS};
_Static_assert((int)N_FIELDS <= (int)DKM_MOST_FIELDS, "DKM_MOST_FIELDS is too small");

/* ---- one start ---- */

typedef enum result { OPEN, IS_FOUND, IS_AT_ONCE, IS_NEVER, IS_UNDECIDED, HAS_FAILED, N_RESULTS } result;

typedef struct shock {
  int64_t i;        /* of the axis, while OPEN: 0 ... n-1, the next to try; n: bisecting */
  double low, high; /* the pattern was kept, and lost */
  double width;     /* between which it is bisected so far */
  int64_t result;
  int64_t is_limited; /* one of its trajectories was (record.h) */
} shock;

static const double accuracy = 1e-3;

static const dkm_axis *axis_of(const dkm_job *job) {
  const dkm_axis *axis = job->axes;
  while (axis->dim != job->n_dims + 1) axis++;
  return axis;
}

static double middle(const dkm_axis *axis, double low, double high) {
  if (axis->parameter->type != DKM_FLOAT64) return floor(0.5 * (low + high));
  return low > 0.0 ? sqrt(low * high) : 0.5 * (low + high);
}

static bool is_narrow(const dkm_axis *axis, const shock *s) {
  if (axis->parameter->type != DKM_FLOAT64) return s->high - s->low <= 1.0;
  const double next = middle(axis, s->low, s->high);
  return s->high - s->low <= s->width || next <= s->low || next >= s->high;
}

static double value_of(const dkm_axis *axis, const shock *s) {
  return s->i < axis->n ? axis->values[s->i] : middle(axis, s->low, s->high);
}

static void place(const dkm_job *job, const void *kept, dkm_point *point) {
  const dkm_axis *axis = axis_of(job);
  dkm_parameter_set(axis->parameter, point, job->system.n_modes, axis->mode, value_of(axis, kept));
}

static bool take(const dkm_job *job, int64_t i_point, int64_t j, const dkm_record *record, void *kept) {
  const dkm_axis *axis = axis_of(job);
  const int outcome = dkm_outcome_of(record), cue = dkm_cells_cue(job, i_point, j);
  shock *s = kept;
  const double value = value_of(axis, s);
  s->is_limited = s->is_limited || record->limited != DKM_LIMITED_NO;
  if (outcome == DKM_OUTCOME_NONE) {
    s->result = s->i == axis->n                             ? IS_FOUND
                : record->verdict == DKM_VERDICT_FAILED ? HAS_FAILED
                                                            : IS_UNDECIDED;
    return true;
  }
  const bool is_kept = outcome == cue;
  if (is_kept) s->low = value;
  if (!is_kept) s->high = value;
  if (s->i < axis->n) {
    if (is_kept && ++s->i == axis->n) s->result = IS_NEVER;
    if (!is_kept && s->i == 0) s->result = IS_AT_ONCE;
    if (!is_kept) {
      s->i = axis->n;
      s->width = accuracy * value;
    }
  }
  if (s->result == OPEN && s->i == axis->n && is_narrow(axis, s)) s->result = IS_FOUND;
  return s->result != OPEN;
}

/* ---- all of them ---- */

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* As the median of an even number is the mean of two, where both are finite. */
static double quantile(const double *values, int64_t n, double q) {
  const double at = q * (double)(n - 1);
  const int64_t i = (int64_t)at;
  const double rest = at - (double)i;
  if (n == 0) return NAN;
  return rest > 0.0 && isfinite(values[i + 1]) ? values[i] + rest * (values[i + 1] - values[i]) : values[rest > 0.0 ? i + 1 : i];
}

/* The rank r, from 1, such that the median lies between the r-th value from either end with 95 %; 0: too few. */
static int64_t rank_of_median(int64_t n) {
  int64_t r = 0;
  while (2 * (r + 1) <= n && gsl_cdf_binomial_P((unsigned)r, 0.5, (unsigned)n) <= 0.025) r++;
  return r;
}

static dkm_status finish(const dkm_job *job, const dkm_form *form, const void *kept, void *record, dkm_error *err) {
  const shock *starts = kept;
  int64_t counts[N_RESULTS] = {0}, n = 0, n_limited = 0;
  double *values = malloc((size_t)job->n_starts * sizeof *values);
  if (!values) return dkm_fail(err, DKM_MEMORY, "out of memory for the starts of a point");
  for (int64_t j = 0; j < job->n_starts; j++) {
    counts[starts[j].result]++;
    n_limited += starts[j].is_limited;
    if (starts[j].result != IS_UNDECIDED && starts[j].result != HAS_FAILED)
      values[n++] = starts[j].result == IS_NEVER ? INFINITY : starts[j].high;
  }
  qsort(values, (size_t)n, sizeof *values, ascending);
  const int64_t r = rank_of_median(n);
  dkm_cells_put(form, record, MEDIAN, 0, quantile(values, n, 0.5));
  if (r > 0) dkm_cells_put(form, record, LOW, 0, values[r - 1]);
  if (r > 0) dkm_cells_put(form, record, HIGH, 0, values[n - r]);
  if (n > 0) dkm_cells_put(form, record, LEAST, 0, values[0]);
  dkm_cells_put(form, record, QUARTER, 0, quantile(values, n, 0.25));
  dkm_cells_put(form, record, THREE_QUARTERS, 0, quantile(values, n, 0.75));
  dkm_cells_put(form, record, FOUND, 0, (double)counts[IS_FOUND]);
  dkm_cells_put(form, record, AT_ONCE, 0, (double)counts[IS_AT_ONCE]);
  dkm_cells_put(form, record, NEVER, 0, (double)counts[IS_NEVER]);
  dkm_cells_put(form, record, UNDECIDED, 0, (double)(counts[IS_UNDECIDED] + counts[HAS_FAILED]));
  dkm_cells_put(form, record, FAILED, 0, (double)counts[HAS_FAILED]);
  dkm_cells_put(form, record, LIMITED, 0, (double)n_limited);
  free(values);
  return DKM_OK;
}

static const cells_kind kind = {.kept_bytes = sizeof(shock), .place = place, .take = take, .finish = finish};

static int64_t n_undecided(const dkm_form *form, const void *record) {
  return *(const int64_t *)dkm_form_at(form, record, UNDECIDED);
}

/* Of no start it is known, and some have failed. */
static bool has_failed(const dkm_form *form, const void *record) {
  const int64_t n_failed = *(const int64_t *)dkm_form_at(form, record, FAILED);
  return n_failed > 0 && isnan(*(const double *)dkm_form_at(form, record, LEAST));
}

const dkm_task dkm_task_fatal = {.name = "fatal",
                                 .text = "of all starts along the axis of `reduce` the smallest value of the axis of `fatal` from which "
                                         "the cue's pattern is lost",
                                 .fields = &fields,
                                 .cells = &kind,
                                 .create = dkm_cells_create,
                                 .destroy = dkm_cells_destroy,
                                 .bytes = dkm_cells_bytes,
                                 .run = dkm_cells_run,
                                 .save = dkm_cells_save,
                                 .has_failed = has_failed,
                                 .n_undecided = n_undecided};
