/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The drive of a job: lists of times and factors. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/option.h"
#include "job_axes.h"
#include "job_system.h"

enum { KEY_BYTES = 64 };

static bool is_given(const dkm_job_source *source, const dkm_option *option) {
  return dkm_schema_text(source, option->key)->values != NULL;
}

/* "drive.time[2]" */
static const char *entry_of(const dkm_option *option, int i, char key[KEY_BYTES]) {
  snprintf(key, KEY_BYTES, "%s[%d]", option->key, i + 1);
  return key;
}

static dkm_status check_times(const dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  const dkm_option *option = DKM_OPTION(drive_time);
  const double *time = job->drive_time.values;
  const int n = job->drive_time.n;
  char key[KEY_BYTES];
  if (n < 2 || n > DKM_MAX_KNOTS)
    return dkm_schema_fail(source, err, option->key, "has %d number%s, but must have 2 ... %d", n, n == 1 ? "" : "s",
                           DKM_MAX_KNOTS);
  for (int i = 1; i < n; i++) {
    if (time[i] < time[i - 1])
      return dkm_schema_fail(source, err, entry_of(option, i, key),
                             "is %.15g, but must not be below the one before, %.15g", time[i], time[i - 1]);
    if (i > 1 && time[i] == time[i - 2])
      return dkm_schema_fail(source, err, entry_of(option, i, key), "is %.15g for the third time, but two make a jump",
                             time[i]);
  }
  if (time[0] != 0.0)
    return dkm_schema_fail(source, err, entry_of(option, 0, key), "is %.15g, but must be 0, the beginning", time[0]);
  if (time[n - 1] != 1.0)
    return dkm_schema_fail(source, err, entry_of(option, n - 1, key), "is %.15g, but must be 1, the end", time[n - 1]);
  return DKM_OK;
}

/* One factor for each time; all 1 if none are given. */
static dkm_status read_factors(const dkm_job *job, dkm_numbers *factors, const dkm_job_source *source,
                               const dkm_option *option, double *out, dkm_error *err) {
  for (int i = 0; i < job->drive_time.n; i++) out[i] = 1.0;
  if (!is_given(source, option)) return DKM_OK;
  dkm_status status = dkm_job_numbers_read(factors, source, option, err);
  if (status != DKM_OK) return status;
  if (factors->n != job->drive_time.n)
    return dkm_schema_fail(source, err, option->key, "has %d number%s, but must have %d, one for each of %s",
                           factors->n, factors->n == 1 ? "" : "s", job->drive_time.n, DKM_OPTION(drive_time)->key);
  memcpy(out, factors->values, (size_t)factors->n * sizeof *out);
  return DKM_OK;
}

/* Every point has a duration, if there is a drive, and else none. */
static dkm_status check_durations(const dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  const dkm_parameter *duration = DKM_PARAMETER(duration);
  const bool drives = job->drive_time.n > 0;
  bool has_axis = false;
  for (int i = 0; i < job->n_axes; i++) {
    char place[DKM_PLACE_BYTES];
    if (job->axes[i].parameter != duration) continue;
    has_axis = true;
    if (!drives)
      return dkm_schema_fail(source, err, dkm_job_axes_place(job, source, duration, NAN, place),
                             "varies the duration of a drive, but there is none: %s is missing", DKM_OPTION(drive_time)->key);
    for (int64_t j = 0; j < job->axes[i].n; j++)
      if (!(job->axes[i].values[j] > 0.0))
        return dkm_schema_fail(source, err, dkm_job_axes_place(job, source, duration, job->axes[i].values[j], place),
                               "is %.15g, but a drive needs a number > 0", job->axes[i].values[j]);
  }
  if (!drives && job->base.duration != 0.0)
    return dkm_schema_fail(source, err, duration->key, "is given without %s", DKM_OPTION(drive_time)->key);
  if (!drives && job->drive_repeats)
    return dkm_schema_fail(source, err, DKM_OPTION(drive_repeats)->key, "is given without %s",
                           DKM_OPTION(drive_time)->key);
  if (drives && !has_axis && !(job->base.duration > 0.0))
    return dkm_schema_fail(source, err, duration->key, "is %s, but a drive needs a number > 0",
                           dkm_schema_text(source, duration->key)->value ? "0" : "missing");
  return DKM_OK;
}

dkm_status dkm_job_drive_read(dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  const dkm_option *time = DKM_OPTION(drive_time), *g0 = DKM_OPTION(drive_g0), *Omega = DKM_OPTION(drive_Omega);
  dkm_status status = DKM_OK;
  if (is_given(source, time) || is_given(source, g0) || is_given(source, Omega))
    status = dkm_job_numbers_read(&job->drive_time, source, time, err);
  if (status == DKM_OK && job->drive_time.n > 0) status = check_times(job, source, err);
  if (status == DKM_OK) status = check_durations(job, source, err);
  if (status != DKM_OK || job->drive_time.n == 0) return status;
  job->drive = calloc(1, sizeof *job->drive);
  if (!job->drive) return dkm_fail(err, DKM_MEMORY, "%s: out of memory", source->path);
  job->drive->n = job->drive_time.n;
  job->drive->repeat = job->drive_repeats;
  memcpy(job->drive->time, job->drive_time.values, (size_t)job->drive->n * sizeof *job->drive->time);
  status = read_factors(job, &job->drive_g0, source, g0, job->drive->g0, err);
  if (status == DKM_OK) status = read_factors(job, &job->drive_Omega, source, Omega, job->drive->Omega, err);
  job->system.drive = job->drive;
  return status;
}
