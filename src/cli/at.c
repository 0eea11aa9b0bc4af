/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which point is asked for; see at.h. */
#define _GNU_SOURCE /* strndup */
#include "at.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/meant.h"

static const char *skip_blanks(const char *text) {
  return text + strspn(text, " \t");
}

/* Items are separated by commas, blanks may stand before them.  NULL: that was the last of its text. */
static const char *next_item(const char *item) {
  const char *comma = strchr(item, ',');
  return comma && *skip_blanks(comma + 1) ? skip_blanks(comma + 1) : NULL;
}

/* Applies the items of all --at. */
static dkm_status assign_all(const dkm_texts *at, const dkm_job *job, dkm_point *point, dkm_error *err) {
  dkm_status status = DKM_OK;
  for (int i = 0; i < at->n && !status; i++) {
    for (const char *item = skip_blanks(at->list[i]); item && !status; item = next_item(item)) {
      char *own = strndup(item, strcspn(item, ","));
      if (!own) return dkm_fail(err, DKM_MEMORY, "out of memory (--at)");
      status = dkm_job_assign(job, point, own, err);
      free(own);
    }
  }
  return status;
}

/* Whether item[0 ... bytes-1] is the name of a quantity, of mode 1 ... M or 0: in the spelling of jobs or of files, "Omega_mu[2]",
 * "Omega_mu_2". */
static bool is_name_of(const char *item, size_t bytes, const char *name, int mode) {
  const size_t length = strlen(name);
  char in_jobs[DKM_NAME_BYTES] = "", in_files[DKM_NAME_BYTES] = "";
  if (bytes < length || memcmp(item, name, length) != 0) return false;
  if (mode) snprintf(in_jobs, sizeof in_jobs, "[%d]", mode);
  if (mode) snprintf(in_files, sizeof in_files, "_%d", mode);
  bytes -= length;
  return (bytes == strlen(in_jobs) && memcmp(item + length, in_jobs, bytes) == 0) ||
         (bytes == strlen(in_files) && memcmp(item + length, in_files, bytes) == 0);
}

const char *dkm_at_find(const dkm_texts *at, const char *name, int mode, size_t *bytes) {
  const char *found = NULL;
  for (int i = 0; i < at->n; i++)
    for (const char *item = skip_blanks(at->list[i]); item; item = next_item(item)) {
      const size_t name_bytes = strcspn(item, "=,");
      if (item[name_bytes] == '=' && is_name_of(item, name_bytes, name, mode)) found = item + name_bytes + 1;
    }
  *bytes = found ? strcspn(found, ",") : 0;
  return found;
}

static bool is_axis_named(const dkm_texts *at, const dkm_axis *axis) {
  size_t bytes;
  return dkm_at_find(at, axis->parameter->name, axis->mode, &bytes) != NULL;
}

/* Whether --at names none of the axes of a zip group, which is then asked for by its own name. */
static bool is_group_missing(const dkm_texts *at, const dkm_job *job, const char *group) {
  for (int i = 0; i < job->n_axes; i++)
    if (strcmp(job->axes[i].zip, group) == 0 && is_axis_named(at, &job->axes[i])) return false;
  return true;
}

/* An axis with several values has no default.  Dimension by dimension: if the point still depends on the index
 * after --at, one of its axes has not been given; of a zip group, one of those that --at does not name. */
dkm_status dkm_at_choose(const dkm_texts *at, const char *command, const char *where, const dkm_job *job, dkm_point *point,
                         dkm_error *err) {
  char missing[DKM_MAX_AXES * (DKM_NAME_BYTES + 2)] = "";
  int64_t stride = job->n_points;
  dkm_job_point(job, 0, point);
  dkm_status status = assign_all(at, job, point, err);
  for (int dim = 0; dim < job->n_dims && !status; dim++) {
    dkm_point last;
    stride /= job->shape[dim];
    dkm_job_point(job, (job->shape[dim] - 1) * stride, &last);
    status = assign_all(at, job, &last, err);
    if (status || dkm_point_equal(point, &last, job->system.n_modes)) continue;
    for (int i = 0; i < job->n_axes; i++) {
      const dkm_axis *axis = &job->axes[i];
      if (axis->dim != dim || is_axis_named(at, axis)) continue;
      const bool as_group = *axis->zip && is_group_missing(at, job, axis->zip);
      snprintf(missing + strlen(missing), sizeof missing - strlen(missing), "%s%s", missing[0] ? ", " : "",
               as_group ? axis->zip : axis->long_name);
      if (as_group) break;
    }
  }
  if (!status && missing[0])
    status = dkm_fail(err, DKM_INPUT, "%s: --at must give a value for every axis of %s, but has none for: %s", command, where,
                      missing);
  return status;
}

/* ---- the grid ---- */

/* Whether item[0 ... bytes-1] names the axis, or its group. */
static bool names_axis(const char *item, size_t bytes, const dkm_axis *axis) {
  return is_name_of(item, bytes, axis->parameter->name, axis->mode) || is_name_of(item, bytes, axis->zip, 0);
}

/* With the axes that there are, and groups of them. */
static dkm_status fail_unknown_axis(const char *item, size_t bytes, const char *command, const char *where, const dkm_job *job,
                                    dkm_error *err) {
  enum { MOST = 2 * DKM_MAX_AXES, SHOWN = 200 };
  const char *names[MOST];
  char list[MOST * (DKM_NAME_BYTES + 2)] = "", typed[SHOWN + 1], meant[DKM_MEANT_BYTES];
  int n = 0;
  for (int i = 0; i < job->n_axes; i++) {
    const dkm_axis *axis = &job->axes[i];
    bool is_new = *axis->zip;
    for (int j = 0; j < i; j++) is_new = is_new && strcmp(job->axes[j].zip, axis->zip) != 0;
    if (axis->dim >= job->n_dims) continue;
    names[n++] = axis->long_name;
    if (is_new) names[n++] = axis->zip;
  }
  for (int i = 0; i < n; i++) snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", names[i]);
  snprintf(typed, sizeof typed, "%.*s", (int)(bytes < SHOWN ? bytes : SHOWN), item);
  return dkm_fail(err, DKM_INPUT, "%s: --at %s: %s has no axis of that name; %sit has: %s", command, typed, where,
                  dkm_meant_text(typed, n, names, meant), n ? list : "none");
}

dkm_status dkm_at_check_axes(const dkm_texts *at, const char *command, const char *where, const dkm_job *job, dkm_error *err) {
  for (int i = 0; i < at->n; i++)
    for (const char *item = skip_blanks(at->list[i]); item; item = next_item(item)) {
      const size_t bytes = strcspn(item, "=,");
      const dkm_axis *axis = NULL;
      for (int j = 0; j < job->n_axes && !axis; j++)
        if (names_axis(item, bytes, &job->axes[j])) axis = &job->axes[j];
      if (!axis)
        return fail_unknown_axis(item, bytes, command, where, job, err);
      if (axis->dim >= job->n_dims)
        return dkm_fail(err, DKM_INPUT, "%s: --at %.*s: the records of %s are about all values of that axis", command, (int)bytes,
                        item, where);
    }
  return DKM_OK;
}

double dkm_at_value(const dkm_axis *axis, const dkm_point *point) {
  return dkm_parameter_get(axis->parameter, point, axis->mode);
}

static double range_of(const dkm_axis *axis) {
  double least = axis->values[0], most = least;
  for (int64_t j = 1; j < axis->n; j++) {
    least = fmin(least, axis->values[j]);
    most = fmax(most, axis->values[j]);
  }
  return most > least ? most - least : 1.0;
}

void dkm_at_nearest(const dkm_job *job, const dkm_point *point, int64_t index[DKM_MAX_AXES]) {
  double range[DKM_MAX_AXES];
  for (int i = 0; i < job->n_axes; i++) range[i] = range_of(&job->axes[i]);
  for (int dim = 0; dim < job->n_dims + job->reduces + job->searches; dim++) {
    double least = INFINITY;
    index[dim] = 0;
    for (int64_t j = 0; j < job->shape[dim]; j++) {
      double sum = 0.0;
      for (int i = 0; i < job->n_axes; i++) {
        const dkm_axis *axis = &job->axes[i];
        const double away = axis->dim == dim ? (axis->values[j] - dkm_at_value(axis, point)) / range[i] : 0.0;
        sum += away * away;
      }
      if (sum < least) {
        least = sum;
        index[dim] = j;
      }
    }
  }
}
