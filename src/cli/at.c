/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which point is asked for; see at.h. */
#define _GNU_SOURCE /* asprintf */
#include "at.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Applies the items of all --at, separated by commas. */
static dkm_status assign_all(const dkm_texts *at, const dkm_job *job, dkm_point *point, dkm_error *err) {
  dkm_status status = DKM_OK;
  for (int i = 0; i < at->n && !status; i++) {
    char *items = strdup(at->list[i]);
    if (!items) return dkm_fail(err, DKM_MEMORY, "out of memory (--at)");
    for (char *rest = items, *item; !status && (item = strsep(&rest, ","));)
      status = dkm_job_assign(job, point, item, err);
    free(items);
  }
  return status;
}

static bool is_named(const dkm_texts *at, const char *name) {
  size_t length = strlen(name);
  for (int i = 0; i < at->n; i++)
    for (const char *item = at->list[i]; item; item = strchr(item, ',') ? strchr(item, ',') + 1 : NULL)
      if (strncmp(item, name, length) == 0 && item[length] == '=') return true;
  return false;
}

/* As a job spells it, or a file: Omega_mu[2], Omega_mu_2. */
static bool is_axis_named(const dkm_texts *at, const dkm_axis *axis) {
  return is_named(at, axis->long_name) || is_named(at, axis->name);
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

/* ---- what a job lacks ---- */

/* What the last of the items gives to `name`, with its length in *bytes; NULL: nothing, or no number. */
static const char *value_of(const dkm_texts *at, const char *name, size_t *bytes) {
  const char *found = NULL;
  const size_t length = strlen(name);
  for (int i = 0; i < at->n; i++)
    for (const char *item = at->list[i]; item; item = strchr(item, ',') ? strchr(item, ',') + 1 : NULL)
      if (strncmp(item, name, length) == 0 && item[length] == '=') found = item + length + 1;
  char number[DKM_NAME_BYTES];
  *bytes = found ? strcspn(found, ",") : 0;
  if (*bytes == 0 || *bytes >= sizeof number) return NULL;
  snprintf(number, sizeof number, "%.*s", (int)*bytes, found);
  char *end;
  return isfinite(strtod(number, &end)) && *end == '\0' ? found : NULL;
}

/* "[1,2]" of Omega_mu_1=1,Omega_mu_2=2 or as a job spells these; of a single mode, which would be that of all, nothing. */
static int list_of_modes(const dkm_texts *at, const char *name, char list[DKM_MAX_MODES * DKM_NAME_BYTES]) {
  size_t used = 0, bytes;
  int n = 0;
  for (; n < DKM_MAX_MODES; n++) {
    char spelled[DKM_NAME_BYTES + 16];
    snprintf(spelled, sizeof spelled, "%s_%d", name, n + 1);
    const char *value = value_of(at, spelled, &bytes);
    if (!value) {
      snprintf(spelled, sizeof spelled, "%s[%d]", name, n + 1);
      value = value_of(at, spelled, &bytes);
    }
    if (!value) break;
    used += (size_t)snprintf(list + used, DKM_MAX_MODES * DKM_NAME_BYTES - used, "%c%.*s", n ? ',' : '[', (int)bytes, value);
  }
  if (n) snprintf(list + used, DKM_MAX_MODES * DKM_NAME_BYTES - used, "]");
  return n;
}

dkm_status dkm_at_settings(const dkm_texts *at, dkm_texts *settings, dkm_error *err) {
  *settings = (dkm_texts){.list = calloc((size_t)dkm_n_parameters, sizeof *settings->list)};
  char *list = malloc(DKM_MAX_MODES * DKM_NAME_BYTES);
  bool has_room = settings->list && list;
  for (int i = 0; i < dkm_n_parameters && has_room; i++) {
    const dkm_parameter *parameter = &dkm_parameters[i];
    size_t bytes;
    const char *value = value_of(at, parameter->name, &bytes);
    char *setting = NULL;
    int length = 0;
    if (value)
      length = asprintf(&setting, "%s=%.*s", parameter->key, (int)bytes, value);
    else if (parameter->per_mode && list_of_modes(at, parameter->name, list) > 1)
      length = asprintf(&setting, "%s=%s", parameter->key, list);
    has_room = length >= 0;
    if (length > 0) settings->list[settings->n++] = setting;
  }
  free(list);
  return has_room ? DKM_OK : dkm_fail(err, DKM_MEMORY, "out of memory (--at)");
}

void dkm_at_free_settings(dkm_texts *settings) {
  for (int i = 0; i < settings->n; i++) free((char *)settings->list[i]);
  free(settings->list);
  *settings = (dkm_texts){0};
}

/* ---- the grid ---- */

/* Whether item[0 ... bytes-1] names the axis, or its group. */
static bool names_axis(const char *item, size_t bytes, const dkm_axis *axis) {
  const char *const names[] = {axis->long_name, axis->name, axis->zip};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strlen(names[i]) == bytes && memcmp(names[i], item, bytes) == 0) return true;
  return false;
}

dkm_status dkm_at_check_axes(const dkm_texts *at, const char *command, const char *where, const dkm_job *job, dkm_error *err) {
  for (int i = 0; i < at->n; i++)
    for (const char *item = at->list[i], *next; item; item = next) {
      const size_t bytes = strcspn(item, "=,");
      const dkm_axis *axis = NULL;
      next = strchr(item, ',') ? strchr(item, ',') + 1 : NULL;
      for (int j = 0; j < job->n_axes && !axis; j++)
        if (names_axis(item, bytes, &job->axes[j])) axis = &job->axes[j];
      if (!axis)
        return dkm_fail(err, DKM_INPUT, "%s: --at %.*s: %s has no axis of that name", command, (int)(bytes < 200 ? bytes : 200), item,
                        where);
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
