/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match: which points of one job are points of another; see dickemap/match.h.
 *
 * A point is looked for along each dimension of the old grid on its own, by binary search for the values that the axes
 * of that dimension would have; what no axis of the old job varies is compared at the end. */
#define _GNU_SOURCE /* qsort_r */
#include "dickemap/match.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/option.h"
#include "dickemap/task.h"
#include "job_axes.h"

/* Relative difference of numbers that mean the same and were rounded in different ways. */
static const double rounding = 1e-13;

struct dimension {
  int n_axes;
  const dkm_axis *axes[DKM_MAX_AXES];
  int64_t n, *order; /* indices 0 ... n-1, the tuples of values ascending */
};

struct dkm_match {
  const dkm_job *old, *job;
  bool is_identity;
  struct dimension dims[DKM_MAX_AXES];
};

/* ---- one dimension ---- */

static int compare_values(double a, double b) {
  return (a > b) - (a < b);
}

static int compare_entries(const void *a, const void *b, void *context) {
  const struct dimension *dim = context;
  const int64_t i = *(const int64_t *)a, j = *(const int64_t *)b;
  for (int k = 0; k < dim->n_axes; k++) {
    const int order = compare_values(dim->axes[k]->values[i], dim->axes[k]->values[j]);
    if (order) return order;
  }
  return (i > j) - (i < j);
}

/* Index along the dimension, or -1. */
static int64_t find_along(const struct dimension *dim, const dkm_point *point) {
  double wanted[DKM_MAX_AXES];
  for (int k = 0; k < dim->n_axes; k++)
    wanted[k] = dkm_parameter_get(dim->axes[k]->parameter, point, dim->axes[k]->mode);
  for (int64_t low = 0, high = dim->n; low < high;) {
    const int64_t middle = low + (high - low) / 2, i = dim->order[middle];
    int order = 0;
    for (int k = 0; k < dim->n_axes && !order; k++) order = compare_values(dim->axes[k]->values[i], wanted[k]);
    if (order == 0) return i;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return -1;
}

/* ---- the whole point ---- */

static bool same_grid(const dkm_job *a, const dkm_job *b) {
  dkm_point first_a, first_b;
  if (a->n_axes != b->n_axes || a->n_dims != b->n_dims || a->system.n_modes != b->system.n_modes) return false;
  for (int i = 0; i < a->n_axes; i++) {
    const dkm_axis *x = &a->axes[i], *y = &b->axes[i];
    if (x->parameter != y->parameter || x->mode != y->mode || x->dim != y->dim || x->n != y->n ||
        memcmp(x->values, y->values, (size_t)x->n * sizeof *x->values) != 0)
      return false;
  }
  dkm_job_point(a, 0, &first_a);
  dkm_job_point(b, 0, &first_b);
  return dkm_point_equal(&first_a, &first_b, a->system.n_modes);
}

dkm_status dkm_match_create(const dkm_job *old, const dkm_job *job, dkm_match **out, dkm_error *err) {
  dkm_match *match = calloc(1, sizeof *match);
  *out = match;
  if (!match) goto no_memory;
  match->old = old;
  match->job = job;
  match->is_identity = same_grid(old, job);
  for (int i = 0; i < old->n_axes && !match->is_identity; i++) {
    struct dimension *dim = &match->dims[old->axes[i].dim]; /* of the one that is reduced no more is asked: jobs agree in it */
    dim->axes[dim->n_axes++] = &old->axes[i];
    dim->n = old->axes[i].n;
  }
  for (int d = 0; d < old->n_dims && !match->is_identity; d++) {
    struct dimension *dim = &match->dims[d];
    if (!(dim->order = malloc((size_t)dim->n * sizeof *dim->order))) goto no_memory;
    for (int64_t i = 0; i < dim->n; i++) dim->order[i] = i;
    qsort_r(dim->order, (size_t)dim->n, sizeof *dim->order, compare_entries, dim);
  }
  return DKM_OK;

no_memory:
  dkm_match_destroy(match);
  *out = NULL;
  return dkm_fail(err, DKM_MEMORY, "out of memory for the comparison of two grids");
}

void dkm_match_destroy(dkm_match *match) {
  if (!match) return;
  for (int d = 0; d < DKM_MAX_AXES; d++) free(match->dims[d].order);
  free(match);
}

int64_t dkm_match_find(const dkm_match *match, int64_t i_point) {
  const dkm_job *old = match->old;
  dkm_point point, found;
  int64_t i_old = 0;
  if (match->is_identity) return i_point;
  dkm_job_point(match->job, i_point, &point);
  for (int d = 0; d < old->n_dims; d++) {
    const int64_t i = find_along(&match->dims[d], &point);
    if (i < 0) return -1;
    i_old = i_old * old->shape[d] + i;
  }
  dkm_job_point(old, i_old, &found);
  return dkm_point_equal(&point, &found, old->system.n_modes) ? i_old : -1;
}

/* ---- what they have in common, parameter by parameter ---- */

struct values {
  int64_t n;
  double *sorted;       /* owned */
  const dkm_axis *axis; /* or NULL where the job has one value */
};

static int compare_doubles(const void *a, const void *b) {
  return compare_values(*(const double *)a, *(const double *)b);
}

/* All values that a parameter (mode = 1 ... M of a per-mode one, else 0) takes in a job; false if out of memory. */
static bool values_of(const dkm_job *job, const dkm_parameter *parameter, int mode, struct values *values) {
  *values = (struct values){.n = 1};
  for (int i = 0; i < job->n_axes; i++)
    if (job->axes[i].parameter == parameter && (job->axes[i].mode == 0 || job->axes[i].mode == mode))
      values->axis = &job->axes[i];
  if (values->axis) values->n = values->axis->n;
  values->sorted = malloc((size_t)values->n * sizeof *values->sorted);
  if (!values->sorted) return false;
  if (!values->axis) {
    values->sorted[0] = dkm_parameter_get(parameter, &job->base, mode);
    return true;
  }
  memcpy(values->sorted, values->axis->values, (size_t)values->n * sizeof *values->sorted);
  qsort(values->sorted, (size_t)values->n, sizeof *values->sorted, compare_doubles);
  return true;
}

static bool share_a_value(const struct values *a, const struct values *b) {
  for (int64_t i = 0, j = 0; i < a->n && j < b->n;) {
    if (a->sorted[i] == b->sorted[j]) return true;
    if (a->sorted[i] < b->sorted[j])
      i++;
    else
      j++;
  }
  return false;
}

static void add_key(char *out, size_t out_bytes, int *n, const char *prefix, const char *key) {
  const size_t used = strlen(out);
  snprintf(out + used, out_bytes - used, "%s%s%s", (*n)++ ? ", " : "", prefix, key);
}

/* Appends the parameter's key unless the jobs share a value of it; false if out of memory. */
static bool compare_parameter(const dkm_job *old, const dkm_job *job, const dkm_parameter *parameter, int mode,
                              char *out, size_t out_bytes, int *n) {
  struct values theirs = {0}, ours = {0};
  const bool good = values_of(old, parameter, mode, &theirs) && values_of(job, parameter, mode, &ours);
  if (good && !share_a_value(&theirs, &ours)) {
    const dkm_axis *axis = ours.axis ? ours.axis : theirs.axis;
    char key[DKM_NAME_BYTES];
    snprintf(key, sizeof key, mode ? "%s[%d]" : "%s", parameter->key, mode);
    add_key(out, out_bytes, n, axis ? "axes." : "", axis ? axis->long_name : key);
  }
  free(theirs.sorted);
  free(ours.sorted);
  return good;
}

/* Whether a line of a canonical text is the same for all points and no parameter of theirs: what the system is, and how
 * it is solved, keys of later versions among these. */
static bool is_rule(const char *line) {
  static const char *const starts[] = {"solver.", "task ", "reduce ", "fatal ", "output.states ", "output.inverted ", "exactness."};
  for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
    if (strncmp(line, starts[i], strlen(starts[i])) == 0) return true;
  for (int i = 0; i < dkm_n_options; i++) {
    const size_t length = strlen(dkm_options[i].key);
    if (strncmp(line, dkm_options[i].key, length) == 0 && line[length] == ' ')
      return dkm_option_of_system(&dkm_options[i]) || strncmp(line, "drive.", strlen("drive.")) == 0;
  }
  return false;
}

/* How far points are followed at most. */
enum { N_LIMITS = 2 };
static const dkm_option *limit_at(int i) {
  return i == 0 ? DKM_OPTION(solver.t_max) : DKM_OPTION(solver.max_steps);
}

bool dkm_match_goes_further(const dkm_job *old, const dkm_job *job) {
  bool further = false;
  for (int i = 0; i < N_LIMITS; i++) {
    const double theirs = dkm_option_get(limit_at(i), old), ours = dkm_option_get(limit_at(i), job);
    if (ours < theirs) return false;
    further = further || ours > theirs;
  }
  return further;
}

static bool is_limit(const char *line) {
  for (int i = 0; i < N_LIMITS; i++) {
    const size_t length = strlen(limit_at(i)->key);
    if (strncmp(line, limit_at(i)->key, length) == 0 && line[length] == ' ') return true;
  }
  return false;
}

static bool notes_limits(const dkm_job *job) {
  dkm_form form;
  dkm_form_of(job, &form);
  return form.limited >= 0;
}

int dkm_match_limits(const dkm_job *old, const dkm_job *job, char *out, size_t out_bytes) {
  const bool may_grow = notes_limits(job);
  int n = 0;
  if (out_bytes > 0) *out = '\0';
  for (int i = 0; i < N_LIMITS; i++) {
    const double theirs = dkm_option_get(limit_at(i), old), ours = dkm_option_get(limit_at(i), job);
    if (may_grow ? ours >= theirs : ours == theirs) continue;
    const size_t used = strlen(out);
    snprintf(out + used, out_bytes - used, "%s%s is %.15g, but was %.15g in the file", n++ ? ", " : "", limit_at(i)->key, ours, theirs);
  }
  if (n > 0) {
    const size_t used = strlen(out);
    snprintf(out + used, out_bytes - used, ", and points can be taken only where %s",
             may_grow ? "limits are as large or larger" : "limits are the same, as records of this task do not note their say");
  }
  return n;
}

/* ---- what a record is a sum over ---- */

static bool same_values(const dkm_job *a, const dkm_job *b, int dim_a, int dim_b) {
  const dkm_axis *of_a[DKM_MAX_AXES], *of_b[DKM_MAX_AXES];
  int n_a = 0, n_b = 0;
  for (int i = 0; i < a->n_axes; i++)
    if (a->axes[i].dim == dim_a) of_a[n_a++] = &a->axes[i];
  for (int i = 0; i < b->n_axes; i++)
    if (b->axes[i].dim == dim_b) of_b[n_b++] = &b->axes[i];
  bool same = n_a == n_b;
  for (int i = 0; i < n_a && same; i++)
    same = strcmp(of_a[i]->name, of_b[i]->name) == 0 && of_a[i]->n == of_b[i]->n &&
           memcmp(of_a[i]->values, of_b[i]->values, (size_t)of_a[i]->n * sizeof *of_a[i]->values) == 0;
  return same;
}

bool dkm_match_starts(const dkm_job *old, const dkm_job *job, char *out, size_t out_bytes) {
  const struct {
    bool is_theirs, is_ours;
    const char *verb;
  } dims[] = {{old->reduces, job->reduces, "reduce counts"}, {old->searches, job->searches, "fatal searches"}};
  bool any = false;
  if (out_bytes > 0) *out = '\0';
  for (int d = 0; d < 2; d++) { /* they come behind the dimensions of points */
    const int theirs = old->n_dims + d, ours = job->n_dims + d;
    if (!dims[d].is_theirs || !dims[d].is_ours || same_values(old, job, theirs, ours)) continue;
    const char *name = old->dim_name[theirs], *our_name = job->dim_name[ours];
    const char *others = old->shape[theirs] == job->shape[ours] && strcmp(name, our_name) == 0 ? " others (or in another order)" : "";
    const char *of = strcmp(name, our_name) == 0 ? "" : " of ";
    const size_t used = strlen(out);
    snprintf(out + used, out_bytes - used, "%s%s %" PRId64 " values of %s in the file, %" PRId64 "%s%s%s in the job", any ? ", " : "",
             dims[d].verb, old->shape[theirs], name, job->shape[ours], others, of, *of ? our_name : "");
    any = true;
  }
  const size_t used = strlen(out);
  if (any) snprintf(out + used, out_bytes - used, ": a record is about all of them together, and none can be added to it; run the job "
                                                  "without --extend, into a new file");
  return any;
}

/* Keeps these of all lines; limits: also those of the work. */
static char *keep_rules(char *canonical, bool limits) {
  char *end = canonical;
  for (const char *line = canonical; line && *line;) {
    size_t length = strcspn(line, "\n");
    length += line[length] == '\n';
    if (is_rule(line) && (limits || !is_limit(line))) {
      memmove(end, line, length);
      end += length;
    }
    line += length;
  }
  if (canonical) *end = '\0';
  return canonical;
}

int dkm_match_differences(const dkm_job *old, const dkm_job *job, char *out, size_t out_bytes) {
  const bool limits = !notes_limits(job) || !dkm_match_goes_further(old, job);
  char *theirs = keep_rules(dkm_job_canonical(old), limits), *ours = keep_rules(dkm_job_canonical(job), limits);
  int n = theirs && ours ? dkm_job_differences(theirs, ours, out, out_bytes) : -1;
  free(theirs);
  free(ours);
  if (n < 0) return -1;
  if (old->system.n_modes != job->system.n_modes) return n;
  for (int i = 0; i < dkm_n_parameters; i++) {
    const dkm_parameter *p = &dkm_parameters[i];
    for (int mode = p->per_mode; mode <= (p->per_mode ? old->system.n_modes : 0); mode++) {
      const int n_before = n;
      if (!compare_parameter(old, job, p, mode, out, out_bytes, &n)) return -1;
      const bool all_modes = dkm_job_axes_cover(job, p, 0) || dkm_job_axes_cover(old, p, 0);
      if (n > n_before && all_modes) break; /* one axis for all of them */
    }
  }
  return n;
}

int64_t dkm_match_rounded(const dkm_job *old, const dkm_job *job, int i_axis, double example[2]) {
  const dkm_axis *axis = &job->axes[i_axis];
  struct values theirs;
  int64_t n = 0;
  if (!values_of(old, axis->parameter, axis->mode ? axis->mode : axis->parameter->per_mode, &theirs)) return -1;
  for (int64_t i = 0; i < axis->n; i++) {
    const double value = axis->values[i];
    int64_t low = 0, high = theirs.n; /* the first that is not below */
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      if (theirs.sorted[middle] < value)
        low = middle + 1;
      else
        high = middle;
    }
    if (low < theirs.n && theirs.sorted[low] == value) continue;
    for (int64_t j = low - 1; j <= low; j++)
      if (j >= 0 && j < theirs.n && fabs(theirs.sorted[j] - value) <= rounding * fabs(value)) {
        if (n++ == 0) {
          example[0] = theirs.sorted[j];
          example[1] = value;
        }
        break;
      }
  }
  free(theirs.sorted);
  return n;
}
