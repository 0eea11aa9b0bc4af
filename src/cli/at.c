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

/* What the last of the items gives to `name`, with its length in *bytes; NULL: nothing.  What is no number the job refuses. */
static const char *value_of(const dkm_texts *at, const char *name, size_t *bytes) {
  const char *found = NULL;
  const size_t length = strlen(name);
  for (int i = 0; i < at->n; i++)
    for (const char *item = at->list[i]; item; item = strchr(item, ',') ? strchr(item, ',') + 1 : NULL)
      if (strncmp(item, name, length) == 0 && item[length] == '=') found = item + length + 1;
  *bytes = found ? strcspn(found, ",") : 0;
  return found;
}

/* Writes "[1,2]" of Omega_mu_1=1,Omega_mu_2=2, or as a job spells these, and returns how many they are. */
static int print_modes(FILE *out, const dkm_texts *at, const char *name) {
  const char *values[DKM_MAX_MODES];
  size_t bytes[DKM_MAX_MODES];
  int n = 0;
  for (; n < DKM_MAX_MODES; n++) {
    char spelled[DKM_NAME_BYTES];
    snprintf(spelled, sizeof spelled, "%s_%d", name, n + 1);
    values[n] = value_of(at, spelled, &bytes[n]);
    if (!values[n]) {
      snprintf(spelled, sizeof spelled, "%s[%d]", name, n + 1);
      values[n] = value_of(at, spelled, &bytes[n]);
    }
    if (!values[n]) break;
  }
  for (int i = 0; i < n; i++) fprintf(out, "%c%.*s", i ? ',' : '[', (int)bytes[i], values[i]);
  if (n) fprintf(out, "]");
  return n;
}

/* "model.g0=1.1" in *setting, malloc'ed; NULL: --at does not give it. */
static dkm_status setting_of(const dkm_texts *at, const dkm_parameter *parameter, char **setting, dkm_error *err) {
  size_t size, bytes;
  FILE *out = open_memstream(setting, &size);
  if (!out) return dkm_fail(err, DKM_MEMORY, "out of memory (--at)");
  const char *value = value_of(at, parameter->name, &bytes);
  fprintf(out, "%s=", parameter->key);
  if (value) fprintf(out, "%.*s", (int)bytes, value);
  const bool is_given = value || (parameter->per_mode && print_modes(out, at, parameter->name));
  const bool is_whole = !ferror(out);
  if (fclose(out) || !is_whole) {
    free(*setting);
    return dkm_fail(err, DKM_MEMORY, "out of memory (--at)");
  }
  if (is_given) return DKM_OK;
  free(*setting);
  *setting = NULL;
  return DKM_OK;
}

dkm_status dkm_at_settings(const dkm_texts *at, dkm_texts *settings, dkm_error *err) {
  *settings = (dkm_texts){.list = calloc((size_t)dkm_n_parameters, sizeof *settings->list)};
  if (!settings->list) return dkm_fail(err, DKM_MEMORY, "out of memory (--at)");
  dkm_status status = DKM_OK;
  for (int i = 0; i < dkm_n_parameters && !status; i++) {
    char *setting = NULL;
    status = setting_of(at, &dkm_parameters[i], &setting, err);
    if (!status && setting) settings->list[settings->n++] = setting;
  }
  return status;
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
