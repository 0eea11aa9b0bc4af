/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Axes of a job.
 *
 *   values                 as they stand
 *   from, to, points       linear       v_i = from + (to - from) i/(points - 1)
 *   ... scale: log         logarithmic  v_i = from (to/from)^(i/(points - 1))
 *   ... sample: random     independent numbers between the ends, or a Sobol sequence of all such axes of a dimension
 *   file                   the column of that name of a table (CSV)
 *
 * linear and log with exact ends (job_spacing.c).  Every axis is a dimension of its own and its values are coordinates, hence
 * strictly monotonic; axes with the same `zip` share a dimension named by the group, and their values may be in any
 * order, as those of samples and files are: these are in the group `point` where they name none.
 *
 * Three passes: what each axis varies and how long it is; how they form a grid, where the number of points is
 * checked; the values. */
#include "job_axes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/task.h"
#include "job_files.h"
#include "job_sample.h"
#include "job_spacing.h"
#include "job_spelling.h"
#include "job_table.h"

enum { KEY_BYTES = DKM_PLACE_BYTES };

/* "axes[2].points"; i counts from 0, users from 1. */
static const char *axis_key(int i, const char *key, char out[KEY_BYTES]) {
  snprintf(out, KEY_BYTES, "axes[%d]%s%s", i + 1, *key ? "." : "", key);
  return out;
}

/* ---- first pass: parameter, name, length ---- */

static dkm_status read_name(dkm_job *job, const dkm_job_source *source, int i, dkm_error *err) {
  char key[KEY_BYTES], reason[DKM_REASON_BYTES];
  dkm_axis *axis = &job->axes[i];
  const char *name = source->keys->axes[i].name;
  axis_key(i, "name", key);
  if (!name) return dkm_schema_fail(source, err, key, "is missing, but must say what the axis varies, such as g0");
  if (!dkm_parameter_parse(name, job->system.n_modes, &axis->parameter, &axis->mode, reason))
    return dkm_schema_fail(source, err, key, "is wrong: %s", reason);
  const char *varied = axis->parameter->name;
  snprintf(axis->long_name, sizeof axis->long_name, axis->mode ? "%s[%d]" : "%s", varied, axis->mode);
  snprintf(axis->name, sizeof axis->name, axis->mode ? "%s_%d" : "%s", varied, axis->mode);
  for (int j = 0; j < i; j++) {
    const dkm_axis *other = &job->axes[j];
    if (other->parameter != axis->parameter) continue;
    if (other->mode == axis->mode)
      return dkm_schema_fail(source, err, key, "occurs twice: axes %d and %d both vary %s", j + 1, i + 1,
                             axis->long_name);
    if (other->mode == 0 || axis->mode == 0)
      return dkm_schema_fail(source, err, key, "is ambiguous: axes %s and %s both vary %s[%d]", other->long_name,
                             axis->long_name, varied, other->mode + axis->mode);
  }
  return DKM_OK;
}

/* Names that the output file uses itself and that a dimension can therefore not have. */
static bool name_is_taken(const char *name, const dkm_job *job) {
  static const char *const tables[] = {"correlation", "other_mode", "coupling", "weight", NULL};
  const dkm_field_list *fields = job->task->fields;
  static const char *const others[] = {"mode", "class", "xyz", "status", "checksum", "m", "beta_re", "beta_im"};
  static const char *const dimensions[DKM_N_SHAPES] = {
      [DKM_PER_OUTCOME] = "outcome", [DKM_PER_STATE] = "state",          [DKM_PER_STATE_AND_MODE] = "state",
      [DKM_PER_TIME] = "time",       [DKM_PER_TIME_AND_MODE] = "time", [DKM_PER_TIME_AND_SPIN] = "time"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (strcmp(name, others[i]) == 0) return true;
  for (int i = 0; tables[i] && !dkm_system_has_patterns(&job->system); i++)
    if (strcmp(name, tables[i]) == 0) return true;
  for (int i = 0; i < fields->n; i++) {
    const char *dimension = dimensions[fields->rows[i].shape];
    if (strcmp(name, fields->rows[i].name) == 0 || (dimension && strcmp(name, dimension) == 0)) return true;
  }
  return false;
}

/* The group of lists that name none. It may have one axis alone: a list of points. */
static const char list_group[] = "point";

/* Whether the values of an axis are in no order. */
static bool is_list(const dkm_axis_keys *keys) {
  return keys->sample || keys->file;
}

static dkm_status read_zip(dkm_job *job, const dkm_job_source *source, int i, dkm_error *err) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
  char key[KEY_BYTES], quoted[DKM_QUOTE_BYTES];
  const char *zip = source->keys->axes[i].zip;
  if (!zip && is_list(&source->keys->axes[i])) zip = list_group;
  if (!zip) return DKM_OK;
  axis_key(i, "zip", key);
  size_t length = strlen(zip), n_letters = strspn(zip, letters);
  char allowed[sizeof letters + 10];
  snprintf(allowed, sizeof allowed, "%s0123456789", letters);
  if (n_letters == 0 || strspn(zip, allowed) != length || length >= DKM_NAME_BYTES)
    return dkm_schema_fail(source, err, key,
                           "is %s, but must be a name of letters, digits and _, at most %d, not beginning with a digit",
                           dkm_quote(zip, quoted), DKM_NAME_BYTES - 1);
  bool is_axis = dkm_parameter_named(zip, length) != NULL;
  for (int j = 0; j < (int)source->keys->axes_count && !is_axis; j++) is_axis = strcmp(zip, job->axes[j].name) == 0;
  if (is_axis || name_is_taken(zip, job))
    return dkm_schema_fail(source, err, key, "is %s, a name that the output file gives to %s; choose another",
                           dkm_quote(zip, quoted), is_axis ? "an axis" : "something else");
  snprintf(job->axes[i].zip, sizeof job->axes[i].zip, "%s", zip);
  return DKM_OK;
}

/* The column of a file: counted, or read into the axis. */
static dkm_status read_column(const dkm_job *job, const dkm_job_source *source, int i, int64_t *n, double *values,
                              dkm_error *err) {
  char key[KEY_BYTES];
  const dkm_axis *axis = &job->axes[i];
  const dkm_limits limits = dkm_parameter_limits(axis->parameter, job->system.n_modes);
  const dkm_job_file *file = dkm_job_files_find(job, source->keys->axes[i].file);
  dkm_error why = {.status = DKM_OK};
  const dkm_status status = dkm_table_column(file, axis->long_name, axis->name, &limits, n, values, &why);
  return status == DKM_OK ? DKM_OK
                          : dkm_schema_fail(source, err, axis_key(i, "file", key), "cannot be used: %s", why.message);
}

static dkm_status count_column(dkm_job *job, const dkm_job_source *source, const dkm_file_source *files, int i, dkm_error *err) {
  char key[KEY_BYTES];
  char *name = source->keys->axes[i].file;
  const dkm_file_names names = {1, &name};
  axis_key(i, "file", key);
  if (*name == '\0') return dkm_schema_fail(source, err, key, "is empty, but must name a file");
  const dkm_status status = dkm_job_files_keep(job, source, files, key, &names, DKM_FILE_AS_IT_IS, err);
  return status == DKM_OK ? read_column(job, source, i, &job->axes[i].n, NULL, err) : status;
}

static dkm_status read_length(dkm_job *job, const dkm_job_source *source, const dkm_file_source *files, int i,
                              dkm_error *err) {
  char key[KEY_BYTES];
  const dkm_axis_keys *keys = &source->keys->axes[i];
  const char *also = keys->points   ? "points"
                     : keys->from   ? "from"
                     : keys->to     ? "to"
                     : keys->scale  ? "scale"
                     : keys->sample ? "sample"
                     : keys->seed   ? "seed"
                                    : NULL;
  if (keys->file && (keys->values || also))
    return dkm_schema_fail(source, err, axis_key(i, "", key), "has both file and %s, but must have one of them",
                           keys->values ? "values" : also);
  if (keys->file) return count_column(job, source, files, i, err);
  if (keys->seed && !keys->sample)
    return dkm_schema_fail(source, err, axis_key(i, "seed", key), "has no effect without sample: random");
  if (keys->values) {
    if (also)
      return dkm_schema_fail(source, err, axis_key(i, "", key),
                             "has both values and %s, but must have either values or from, to and points", also);
    job->axes[i].n = keys->values_count;
    return DKM_OK;
  }
  if (!also)
    return dkm_schema_fail(source, err, axis_key(i, "", key), "is empty, but must have values or from, to and points");
  double points;
  dkm_status status = dkm_number_read(source, err, axis_key(i, "points", key), keys->points,
                                      &(dkm_limits){.min = 1, .max = (double)DKM_MAX_POINTS, .integer = true}, &points);
  if (status == DKM_OK) job->axes[i].n = (int64_t)points;
  return status;
}

/* ---- second pass: the grid ---- */

static dkm_status join_zip(dkm_job *job, const dkm_job_source *source, int i, int j, dkm_error *err) {
  char key[KEY_BYTES];
  dkm_axis *axis = &job->axes[i];
  const dkm_axis *first = &job->axes[j];
  if (axis->n != first->n)
    return dkm_schema_fail(source, err, axis_key(i, "", key), "has %lld values, but %s, in the same zip %s, has %lld",
                           (long long)axis->n, first->long_name, axis->zip, (long long)first->n);
  axis->dim = first->dim;
  return DKM_OK;
}

/* What an axis is called where it is asked for: its group, or its own name as a job spells it. */
static const char *called(const dkm_axis *axis) {
  return *axis->zip ? axis->zip : axis->long_name;
}

/* Whether the job counts over this axis: `reduce` names it, or its group. */
static bool is_reduced(const dkm_job_source *source, const dkm_axis *axis) {
  const char *name = source->keys->reduce;
  return name && (strcmp(name, called(axis)) == 0 || (!*axis->zip && strcmp(name, axis->name) == 0));
}

/* Whether the smallest fatal value is searched along it. */
static bool is_searched(const dkm_job_source *source, const dkm_axis *axis) {
  const char *name = source->keys->fatal;
  return name && !*axis->zip && strcmp(name, axis->long_name) == 0; /* no shock has modes */
}

/* That dimension comes last. */
static dkm_status put_searched_last(dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  const dkm_parameter *const shocks[] = {DKM_PARAMETER(perturbation), DKM_PARAMETER(flip), DKM_PARAMETER(flip_exactly)};
  char quoted[DKM_QUOTE_BYTES];
  const char *name = source->keys->fatal;
  if (!name) return DKM_OK;
  for (int i = 0; i < job->n_axes; i++) {
    dkm_axis *axis = &job->axes[i];
    if (!is_searched(source, axis)) continue;
    if (axis->parameter != shocks[0] && axis->parameter != shocks[1] && axis->parameter != shocks[2])
      return dkm_schema_fail(source, err, "fatal", "is %s, but must be a shock: perturbation, flip or flip_exactly", name);
    axis->dim = job->n_dims + 1;
    job->searches = true;
    job->shape[axis->dim] = axis->n;
    memcpy(job->dim_name[axis->dim], axis->name, sizeof axis->name);
  }
  if (!job->searches || strcmp(name, source->keys->reduce) == 0)
    return dkm_schema_fail(source, err, "fatal", "is %s, but must be an axis of the job that is in no group, and not that of reduce",
                           dkm_quote(name, quoted));
  return DKM_OK;
}

/* The dimension of the starts comes after all others, wherever its axes stand. */
static dkm_status put_reduced_last(dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  char quoted[DKM_QUOTE_BYTES], names[DKM_MAX_AXES * (DKM_NAME_BYTES + 2)] = "";
  job->n_starts = 1;
  if (!source->keys->reduce) return DKM_OK;
  for (int i = 0; i < job->n_axes; i++) {
    dkm_axis *axis = &job->axes[i];
    const char *name = called(axis);
    bool is_new = true;
    for (int j = 0; j < i; j++) is_new = is_new && strcmp(name, called(&job->axes[j])) != 0;
    if (is_new) snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", *names ? ", " : "", name);
    if (!is_reduced(source, axis)) continue;
    axis->dim = job->n_dims;
    job->reduces = true;
    job->n_starts = job->shape[axis->dim] = axis->n;
    snprintf(job->dim_name[axis->dim], DKM_NAME_BYTES, "%s", *axis->zip ? axis->zip : axis->name);
  }
  if (!job->reduces)
    return dkm_schema_fail(source, err, "reduce", "is %s, but must be an axis of the job (it has: %s)",
                           dkm_quote(source->keys->reduce, quoted), *names ? names : "none");
  if (job->n_starts > DKM_MAX_STARTS)
    return dkm_schema_fail(source, err, "reduce", "counts over %lld starts, but at most %lld are possible",
                           (long long)job->n_starts, (long long)DKM_MAX_STARTS);
  return DKM_OK;
}

static dkm_status form_grid(dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  char key[KEY_BYTES], quoted[DKM_QUOTE_BYTES];
  double n_points = 1; /* cannot overflow, and is exact wherever it is allowed */
  double n_values = 0;
  for (int i = 0; i < job->n_axes; i++) {
    dkm_axis *axis = &job->axes[i];
    int first = i, n_zipped = 0;
    n_values += (double)axis->n;
    for (int j = job->n_axes - 1; *axis->zip && j >= 0; j--)
      if (strcmp(job->axes[j].zip, axis->zip) == 0) {
        n_zipped++;
        if (j < i) first = j;
      }
    if (n_zipped == 1 && !is_list(&source->keys->axes[i]) && strcmp(axis->zip, list_group) != 0)
      return dkm_schema_fail(source, err, axis_key(i, "zip", key), "is %s, but no other axis is in that group",
                             dkm_quote(axis->zip, quoted));
    if (first < i) {
      dkm_status status = join_zip(job, source, i, first, err);
      if (status != DKM_OK) return status;
      continue;
    }
    if (is_reduced(source, axis) || is_searched(source, axis)) continue;
    axis->dim = job->n_dims++;
    job->shape[axis->dim] = axis->n;
    snprintf(job->dim_name[axis->dim], DKM_NAME_BYTES, "%s", *axis->zip ? axis->zip : axis->name);
    n_points *= (double)axis->n;
  }
  dkm_status status = put_reduced_last(job, source, err);
  if (status == DKM_OK) status = put_searched_last(job, source, err);
  if (status != DKM_OK) return status;
  if (n_points > (double)DKM_MAX_POINTS)
    return dkm_schema_fail(source, err, "axes", "make %.*g points, but at most %lld are possible",
                           n_points < 1e15 ? 15 : 4, n_points, (long long)DKM_MAX_POINTS);
  if (n_values > (double)DKM_MAX_AXIS_VALUES)
    return dkm_schema_fail(source, err, "axes", "have %.0f values in all, but at most %lld are possible", n_values,
                           (long long)DKM_MAX_AXIS_VALUES);
  job->n_points = (int64_t)n_points;
  return DKM_OK;
}

/* ---- third pass: values ---- */

static dkm_status read_values(dkm_axis *axis, const dkm_job_source *source, int i, const dkm_limits *limits,
                              dkm_error *err) {
  for (int64_t j = 0; j < axis->n; j++) {
    char item[40], key[KEY_BYTES];
    snprintf(item, sizeof item, "values[%lld]", (long long)j + 1);
    dkm_status status =
        dkm_number_read(source, err, axis_key(i, item, key), source->keys->axes[i].values[j], limits, &axis->values[j]);
    if (status != DKM_OK) return status;
  }
  return DKM_OK;
}

static dkm_status check_values(const dkm_axis *axis, const dkm_job_source *source, int i, const dkm_limits *limits,
                               dkm_error *err) {
  char key[KEY_BYTES], allowed[DKM_LIMITS_BYTES];
  for (int64_t j = 0; j < axis->n; j++) {
    const double value = axis->values[j];
    if (!dkm_limits_allow(limits, value))
      return dkm_schema_fail(source, err, axis_key(i, "", key), "value %lld of %lld is %.15g, but must be %s",
                             (long long)j + 1, (long long)axis->n, value, dkm_limits_text(limits, allowed));
  }
  return DKM_OK;
}

/* Among the axes of its dimension that make a Sobol sequence together, of which there are *n. */
static int sobol_coordinate(const dkm_job *job, const dkm_job_source *source, int i, int *n) {
  int mine = 0;
  *n = 0;
  for (int j = 0; j < job->n_axes; j++) {
    const char *sample = source->keys->axes[j].sample;
    if (job->axes[j].dim != job->axes[i].dim || !sample || strcmp(sample, "sobol") != 0) continue;
    if (j == i) mine = *n;
    ++*n;
  }
  return mine;
}

static dkm_status make_sample(dkm_job *job, const dkm_job_source *source, int i, double from, bool is_log,
                              const dkm_limits *limits, dkm_error *err) {
  static const dkm_limits seeds = {.min = 0, .max = 134217727, .integer = true};
  const dkm_axis_keys *keys = &source->keys->axes[i];
  dkm_axis *axis = &job->axes[i];
  char key[KEY_BYTES], quoted[DKM_QUOTE_BYTES];
  double to, seed = 1;
  const bool is_sobol = strcmp(keys->sample, "sobol") == 0;
  if (!is_sobol && strcmp(keys->sample, "random") != 0)
    return dkm_schema_fail(source, err, axis_key(i, "sample", key), "is %s, but must be random or sobol",
                           dkm_quote(keys->sample, quoted));
  dkm_status status = dkm_number_read(source, err, axis_key(i, "to", key), keys->to, limits, &to);
  if (status != DKM_OK) return status;
  if (!(to > from))
    return dkm_schema_fail(source, err, axis_key(i, "to", key), "is %s, but must be above `from`", dkm_quote(keys->to, quoted));
  if (keys->seed && is_sobol)
    return dkm_schema_fail(source, err, axis_key(i, "seed", key), "has no effect with sample: sobol");
  if (keys->seed) status = dkm_number_read(source, err, axis_key(i, "seed", key), keys->seed, &seeds, &seed);
  if (status != DKM_OK) return status;
  const dkm_sample sample = {.from = from, .to = to, .is_log = is_log, .whole = axis->parameter->type != DKM_FLOAT64};
  if (is_log && sample.whole)
    return dkm_schema_fail(source, err, axis_key(i, "scale", key), "is log, but samples of %s are of whole numbers", axis->long_name);
  int n_sobol;
  const int coordinate = sobol_coordinate(job, source, i, &n_sobol);
  status = is_sobol ? dkm_sample_sobol(&sample, coordinate, n_sobol, axis->n, axis->values, err)
                    : dkm_sample_random(&sample, (int64_t)seed, i, axis->n, axis->values, err);
  return status == DKM_OK ? check_values(axis, source, i, limits, err) : status;
}

static dkm_status make_values(dkm_job *job, const dkm_job_source *source, int i, const dkm_limits *limits, dkm_error *err) {
  dkm_axis *axis = &job->axes[i];
  const dkm_axis_keys *keys = &source->keys->axes[i];
  char key[KEY_BYTES], quoted[DKM_QUOTE_BYTES];
  bool is_log = keys->scale && strcmp(keys->scale, "log") == 0;
  if (keys->scale && !is_log && strcmp(keys->scale, "linear") != 0)
    return dkm_schema_fail(source, err, axis_key(i, "scale", key), "is %s, but must be linear or log",
                           dkm_quote(keys->scale, quoted));
  dkm_limits end_limits = *limits;
  if (is_log && !(end_limits.min > 0)) { /* a logarithm needs positive ends, whatever the parameter allows */
    end_limits.min = 0;
    end_limits.min_excluded = true;
    end_limits.not_zero = false;
  }
  double from, to;
  dkm_status status = dkm_number_read(source, err, axis_key(i, "from", key), keys->from, &end_limits, &from);
  if (status != DKM_OK) return status;
  if (keys->sample) return make_sample(job, source, i, from, is_log, &end_limits, err);
  to = from;
  if (keys->to || axis->n > 1) {
    status = dkm_number_read(source, err, axis_key(i, "to", key), keys->to, &end_limits, &to);
    if (status != DKM_OK) return status;
  }
  if (axis->n == 1 && to != from)
    return dkm_schema_fail(source, err, axis_key(i, "points", key),
                           "is 1, but must be at least 2 since `from` and `to` differ");
  if (axis->n > 1 && to == from)
    return dkm_schema_fail(source, err, axis_key(i, "to", key), "is %s, but must differ from `from`",
                           dkm_quote(keys->to, quoted));
  const char *end = axis->n > 1 ? keys->to : NULL;
  if (is_log)
    dkm_spacing_log(keys->from, end, axis->n, axis->values);
  else
    dkm_spacing_linear(keys->from, end, axis->n, axis->values);
  return check_values(axis, source, i, limits, err);
}

static dkm_status fill_axis(dkm_job *job, const dkm_job_source *source, int i, dkm_error *err) {
  char key[KEY_BYTES];
  dkm_axis *axis = &job->axes[i];
  dkm_limits limits = dkm_parameter_limits(axis->parameter, job->system.n_modes);
  axis->values = malloc((size_t)axis->n * sizeof *axis->values);
  if (!axis->values)
    return dkm_fail(err, DKM_MEMORY, "%s: out of memory for the %lld values of axis %s", source->path,
                    (long long)axis->n, axis->long_name);
  const dkm_axis_keys *keys = &source->keys->axes[i];
  dkm_status status = keys->values ? read_values(axis, source, i, &limits, err)
                      : keys->file ? read_column(job, source, i, &axis->n, axis->values, err)
                                   : make_values(job, source, i, &limits, err);
  if (status != DKM_OK) return status;
  for (int64_t j = 1; j < axis->n && !*axis->zip; j++) {
    double before = axis->values[j - 1], value = axis->values[j];
    bool is_rising = axis->values[1] > axis->values[0];
    if (is_rising ? value > before : value < before) continue;
    return dkm_schema_fail(source, err, axis_key(i, source->keys->axes[i].values ? "values" : "", key),
                           "must rise or fall strictly, but value %lld is %.15g and value %lld is %.15g", (long long)j,
                           before, (long long)j + 1, value);
  }
  if (job->searches && axis->dim == job->n_dims + 1 && (axis->n < 2 || axis->values[1] < axis->values[0]))
    return dkm_schema_fail(source, err, axis_key(i, "", key), "must have at least two values that rise, as fatal searches along it");
  return DKM_OK;
}

dkm_status dkm_job_axes_read(dkm_job *job, const dkm_job_source *source, const dkm_file_source *files, dkm_error *err) {
  unsigned n_axes = source->keys->axes_count;
  dkm_status status = DKM_OK;
  job->n_points = job->n_starts = 1;
  if (n_axes > DKM_MAX_AXES)
    return dkm_schema_fail(source, err, "axes", "has %u axes, but at most %d are possible", n_axes, DKM_MAX_AXES);
  job->n_axes = (int)n_axes;
  for (int i = 0; i < job->n_axes && status == DKM_OK; i++) status = read_name(job, source, i, err);
  for (int i = 0; i < job->n_axes && status == DKM_OK; i++) status = read_zip(job, source, i, err);
  for (int i = 0; i < job->n_axes && status == DKM_OK; i++) status = read_length(job, source, files, i, err);
  if (status == DKM_OK) status = form_grid(job, source, err);
  for (int i = 0; i < job->n_axes && status == DKM_OK; i++) status = fill_axis(job, source, i, err);
  return status;
}

bool dkm_job_axes_cover(const dkm_job *job, const dkm_parameter *parameter, int mode) {
  for (int i = 0; i < job->n_axes; i++)
    if (job->axes[i].parameter == parameter && (job->axes[i].mode == 0 || job->axes[i].mode == mode)) return true;
  return false;
}

void dkm_job_axes_range(const dkm_job *job, const dkm_parameter *parameter, double *least, double *largest) {
  *least = INFINITY;
  *largest = -INFINITY;
  for (int mode = parameter->per_mode; mode <= (parameter->per_mode ? job->system.n_modes : 0); mode++) {
    const double value = dkm_parameter_get(parameter, &job->base, mode); /* has the first value of each axis */
    *least = fmin(*least, value);
    *largest = fmax(*largest, value);
  }
  for (int i = 0; i < job->n_axes; i++)
    for (int64_t j = 0; job->axes[i].parameter == parameter && j < job->axes[i].n; j++) {
      *least = fmin(*least, job->axes[i].values[j]);
      *largest = fmax(*largest, job->axes[i].values[j]);
    }
}

bool dkm_job_axes_any(const dkm_job *job, const dkm_parameter *parameter) {
  double least, largest;
  dkm_job_axes_range(job, parameter, &least, &largest);
  return least != 0.0 || largest != 0.0;
}

/* What of an axis has a value: values[3], from, to; false: nothing does, or a file or a sample made it. */
enum { PART_BYTES = 40 };
static bool find_value(const dkm_axis *axis, const dkm_axis_keys *keys, double value, char out[PART_BYTES]) {
  const int64_t n = keys->values ? axis->n : keys->from && !keys->sample ? (axis->n > 1) + 1 : 0;
  for (int64_t j = 0; j < n; j++) {
    if (axis->values[keys->values || j == 0 ? j : axis->n - 1] != value) continue;
    if (keys->values)
      snprintf(out, PART_BYTES, "values[%lld]", (long long)j + 1);
    else
      snprintf(out, PART_BYTES, "%s", j == 0 ? "from" : "to");
    return true;
  }
  return false;
}

const char *dkm_job_axes_place(const dkm_job *job, const dkm_job_source *source, const dkm_parameter *parameter, double value,
                               char out[DKM_PLACE_BYTES]) {
  char part[PART_BYTES];
  int first = -1;
  for (int i = 0; i < job->n_axes; i++) {
    if (job->axes[i].parameter != parameter) continue;
    if (first < 0) first = i;
    if (find_value(&job->axes[i], &source->keys->axes[i], value, part)) return axis_key(i, part, out);
  }
  if (first >= 0) return axis_key(first, "", out);
  snprintf(out, DKM_PLACE_BYTES, "%s", parameter->key);
  return out;
}

int dkm_job_axes_find(const dkm_job *job, const dkm_parameter *parameter) {
  for (int i = 0; i < job->n_axes; i++)
    if (job->axes[i].parameter == parameter) return i;
  return -1;
}

bool dkm_job_axes_give(const dkm_job *job, const dkm_parameter *parameter) {
  for (int mode = parameter->per_mode; mode <= (parameter->per_mode ? job->system.n_modes : 0); mode++)
    if (!dkm_job_axes_cover(job, parameter, mode)) return false;
  return true;
}
