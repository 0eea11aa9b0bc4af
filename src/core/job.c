/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a YAML file to a validated job.
 *
 *   text, --set  --job_schema-->  keys as text  --job_axes, here-->  dkm_job
 *
 * A parameter that an axis gives need not be given elsewhere; where it is, it is checked all the same. */
#include "dickemap/job.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/file.h"
#include "dickemap/ground.h"
#include "dickemap/option.h"
#include "dickemap/task.h"
#include "job_axes.h"
#include "job_exactness.h"
#include "job_schema.h"
#include "job_spelling.h"
#include "job_system.h"
#include "job_uses.h"
#include "job_warnings.h"

enum { MAX_FILE_BYTES = 1 << 25, MAX_TITLE_BYTES = 1000, MAX_UNIT_BYTES = 40, KEY_BYTES = 64 };

/* ---- keys to values ---- */

static dkm_status fail_unknown_word(const dkm_job_source *source, dkm_error *err, const dkm_option *option,
                                    const char *text) {
  char quoted[DKM_QUOTE_BYTES], allowed[128] = "";
  for (const char *const *word = option->words; *word; word++) {
    const size_t used = strlen(allowed);
    const char *before = word == option->words ? "" : word[1] ? ", " : " or ";
    snprintf(allowed + used, sizeof allowed - used, "%s%s", before, *word);
  }
  return dkm_schema_fail(source, err, option->key, "is %s, but must be %s", dkm_quote(text, quoted), allowed);
}

static dkm_status read_option(dkm_job *job, const dkm_job_source *source, const dkm_option *option, dkm_error *err) {
  const char *text = dkm_schema_text(source, option->key)->value;
  double value = option->fallback;
  if (text && option->words) {
    int i = 0;
    while (option->words[i] && strcmp(text, option->words[i]) != 0) i++;
    if (!option->words[i]) return fail_unknown_word(source, err, option, text);
    value = i;
  } else if (text || isnan(value)) {
    dkm_status status = dkm_number_read(source, err, option->key, text, &option->limits, &value);
    if (status != DKM_OK) return status;
  }
  dkm_option_set(option, job, value);
  return DKM_OK;
}

/* Solver and output. */
static dkm_status read_options(dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  dkm_status status = DKM_OK;
  for (int i = 0; i < dkm_n_options && status == DKM_OK; i++)
    if (!dkm_option_of_system(&dkm_options[i]) && dkm_options[i].kind == DKM_OPTION_NUMBER)
      status = read_option(job, source, &dkm_options[i], err);
  if (status == DKM_OK && job->reduces && !dkm_schema_text(source, DKM_OPTION(solver.until_settled)->key)->value)
    job->solver.until_settled = true;
  job->sensitivity_given = dkm_schema_text(source, DKM_OPTION(solver.sensitivity)->key)->value != NULL;
  return status;
}

/* A parameter with one value. */
static dkm_status read_scalar(dkm_job *job, const dkm_job_source *source, const dkm_parameter *parameter,
                              const char *text, dkm_error *err) {
  dkm_limits limits = dkm_parameter_limits(parameter, job->system.n_modes);
  double value;
  dkm_status status = dkm_number_read(source, err, parameter->key, text, &limits, &value);
  if (status == DKM_OK) dkm_parameter_set(parameter, &job->base, job->system.n_modes, 0, value);
  return status;
}

/* A parameter with a list of M values, or of one for all modes. */
static dkm_status read_per_mode(dkm_job *job, const dkm_job_source *source, const dkm_parameter *parameter,
                                const dkm_key_text *text, dkm_error *err) {
  const int n_modes = job->system.n_modes;
  const unsigned n = text->values_count;
  dkm_limits limits = dkm_parameter_limits(parameter, n_modes);
  if (!text->values && n_modes == 1) return dkm_schema_fail(source, err, parameter->key, "is missing, but must be a list of 1 value");
  if (!text->values)
    return dkm_schema_fail(source, err, parameter->key, "is missing, but must be a list of 1 or %d values", n_modes);
  if (n != 1 && n != (unsigned)n_modes)
    return dkm_schema_fail(source, err, parameter->key, "has %u values, but must have %s%d, the number of patterns", n,
                           n_modes == 1 ? "" : "1 or ", n_modes);
  for (unsigned i = 0; i < n; i++) {
    char key[KEY_BYTES];
    double value;
    snprintf(key, sizeof key, "%s[%u]", parameter->key, i + 1);
    dkm_status status = dkm_number_read(source, err, key, text->values[i], &limits, &value);
    if (status != DKM_OK) return status;
    dkm_parameter_set(parameter, &job->base, n_modes, n == 1 ? 0 : (int)i + 1, value);
  }
  return DKM_OK;
}

/* Where no key gives a parameter it has its default; without one, an axis must give it, or all axes together. */
static dkm_status read_parameter(dkm_job *job, const dkm_job_source *source, const dkm_parameter *parameter,
                                 dkm_error *err) {
  const dkm_key_text *text = dkm_schema_text(source, parameter->key);
  if (!text->value && !text->values) {
    if (!isnan(parameter->fallback))
      dkm_parameter_set(parameter, &job->base, job->system.n_modes, 0, parameter->fallback);
    if (!isnan(parameter->fallback) || dkm_job_axes_give(job, parameter)) return DKM_OK;
    if (source->lacking) *source->lacking = parameter->key;
  }
  return parameter->per_mode ? read_per_mode(job, source, parameter, text, err)
                             : read_scalar(job, source, parameter, text->value, err);
}

static dkm_status read_base(dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  dkm_status status = DKM_OK;
  for (int i = 0; i < dkm_n_parameters && status == DKM_OK; i++)
    status = read_parameter(job, source, &dkm_parameters[i], err);
  for (int i = 0; i < job->n_axes && status == DKM_OK; i++)
    dkm_parameter_set(job->axes[i].parameter, &job->base, job->system.n_modes, job->axes[i].mode,
                      job->axes[i].values[0]);
  return status;
}

/* What a terminal would obey rather than show: C0 controls except tab and newline, DEL, and C1 controls in UTF-8. */
static bool has_controls(const char *text) {
  for (const unsigned char *c = (const unsigned char *)text; *c; c++)
    if ((iscntrl(*c) && *c != '\t' && *c != '\n') || (c[0] == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0)) return true;
  return false;
}

/* What is asked of each point.  Sweeps alone keep final states. */
static dkm_status read_task(dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  const char *name = source->keys->task;
  char quoted[DKM_QUOTE_BYTES];
  job->task = name ? dkm_task_named(name) : &dkm_task_sweep;
  if (!job->task)
    return dkm_schema_fail(source, err, "task", "is %s, but must be sweep, states or exactness", dkm_quote(name, quoted));
  if (source->keys->fatal && !source->keys->reduce)
    return dkm_schema_fail(source, err, "fatal", "has no effect without reduce, which says what is random in the starts");
  if (!source->keys->reduce) return DKM_OK;
  if (job->task != &dkm_task_sweep)
    return dkm_schema_fail(source, err, "reduce", "counts what starts end in, which task: %s has none of; leave one of them out",
                           job->task->name);
  job->task = source->keys->fatal ? &dkm_task_fatal : &dkm_task_basins;
  return DKM_OK;
}

static dkm_status check_states(const dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  const double choices = dkm_ground_choices(job->system.n_classes, job->most_inverted);
  if (choices > DKM_MOST_CHOICES)
    return dkm_schema_fail(source, err, DKM_OPTION(most_inverted)->key,
                           "is %d: so many of %" PRId64 " classes are %.0f choices, but must be at most %.0f", job->most_inverted,
                           job->system.n_classes, choices, DKM_MOST_CHOICES);
  return DKM_OK;
}

static dkm_status check_task(const dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  if (job->keep_state && !job->task->keeps_states)
    return dkm_schema_fail(source, err, "output.state", "is final, but %s%s keeps no states",
                           job->reduces ? "a job with reduce" : "task: ", job->reduces ? "" : job->task->name);
  const bool has_pattern = !job->system.cue && !job->system.from && !dkm_job_axes_any(job, DKM_PARAMETER(mixture)) &&
                           (job->base.overlap != 0.0 || dkm_job_axes_cover(job, DKM_PARAMETER(overlap), 0));
  if (job->searches && !has_pattern)
    return dkm_schema_fail(source, err, "fatal", "asks when a pattern is lost, but starts are made of none");
  return check_states(job, source, err);
}

/* A text that goes into the file as it is. */
static dkm_status read_text(const dkm_job_source *source, const char *key, const char *given, int most_bytes, const char *fallback,
                            char **text, dkm_error *err) {
  if (given && strlen(given) > (size_t)most_bytes)
    return dkm_schema_fail(source, err, key, "has %zu bytes, but must have at most %d", strlen(given), most_bytes);
  if (given && has_controls(given))
    return dkm_schema_fail(source, err, key, "holds a control character, but must be text");
  *text = strdup(given ? given : fallback);
  return *text ? DKM_OK : dkm_fail(err, DKM_MEMORY, "%s: out of memory", source->path);
}

static dkm_status read_keys(dkm_job *job, const dkm_job_source *source, const dkm_file_source *files, dkm_error *err) {
  dkm_status status = read_text(source, "title", source->keys->title, MAX_TITLE_BYTES, "", &job->title, err);
  if (status == DKM_OK) status = read_text(source, "unit", source->keys->unit, MAX_UNIT_BYTES, "1", &job->unit, err);
  if (status == DKM_OK && !*job->unit) status = dkm_schema_fail(source, err, "unit", "is empty, but must be one, such as MHz");
  if (status == DKM_OK) status = read_task(job, source, err);
  if (status == DKM_OK) status = read_option(job, source, DKM_OPTION(system.mapping), err);
  if (status == DKM_OK) status = read_option(job, source, DKM_OPTION(shades), err);
  if (status == DKM_OK) status = dkm_job_system_read(job, source, files, err);
  if (status == DKM_OK) status = dkm_job_axes_read(job, source, files, err);
  if (status == DKM_OK) status = read_base(job, source, err);
  if (status == DKM_OK) status = dkm_job_system_finish(job, source, files, err);
  if (status == DKM_OK) status = read_options(job, source, err);
  if (status == DKM_OK) status = dkm_job_drive_read(job, source, err);
  if (status == DKM_OK) status = dkm_job_uses_check(job, source, files->from_disk && !source->lacking, err);
  if (status == DKM_OK) status = check_task(job, source, err);
  if (status == DKM_OK) status = dkm_job_exactness_read(job, source, err);
  return status;
}

/* A --set of what axes give would change nothing; whoever sets it on the command line wants it. */
static dkm_status check_sets(const dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  for (int i = 0; i < source->n_sets; i++)
    for (int j = 0; j < dkm_n_parameters; j++) {
      const char *key = dkm_parameters[j].key, *name = dkm_parameters[j].name;
      if (strcmp(source->set_paths[i], key) == 0 && dkm_job_axes_give(job, &dkm_parameters[j]))
        return dkm_schema_fail(
            source, err, key,
            "would have no effect, since an axis gives %s: set the axis, such as axes.%s.values=[...]", name, name);
    }
  return DKM_OK;
}

/* ---- the whole job ---- */

static bool copy_sources(dkm_job *job, const char *path, const char *text, int n_sets, const char *const *sets) {
  job->path = strdup(path);
  job->text = strdup(text);
  job->sets = calloc((size_t)n_sets + 1, sizeof *job->sets);
  if (!job->path || !job->text || !job->sets) return false;
  for (; job->n_sets < n_sets; job->n_sets++) {
    job->sets[job->n_sets] = strdup(sets[job->n_sets]);
    if (!job->sets[job->n_sets]) return false;
  }
  return true;
}

/* Of a job that is read again and again until it is whole. */
struct completion {
  int n_own;           /* how many of its sets are not such that complete it */
  const char *lacking; /* the key of a parameter that nothing gives, if it failed for that; or NULL */
  int n_modes;         /* then those of the job */
};

/* From disk: the settings are those of a command line, and not what a file keeps of one.  completion: NULL for a job that is to be
 * whole. */
static dkm_status parse(dkm_job *job, const char *path, const char *text, int n_sets, const char *const *sets,
                        const dkm_file_source *files, struct completion *completion, dkm_error *err) {
  *job = (dkm_job){0};
  dkm_job_source source = {0};
  dkm_status status;
  if (!copy_sources(job, path, text, n_sets, sets))
    status = dkm_fail(err, DKM_MEMORY, "%s: out of memory", path);
  else
    status = dkm_schema_load(&source, path, text, n_sets, completion ? completion->n_own : n_sets, sets, err);
  source.lacking = completion ? &completion->lacking : NULL;
  if (status == DKM_OK) status = read_keys(job, &source, files, err);
  if (completion) completion->n_modes = job->system.n_modes;
  if (status == DKM_OK && files->from_disk) status = check_sets(job, &source, err);
  if (status == DKM_OK && files->from_disk) status = dkm_job_warn_beside_axes(job, &source, err);
  dkm_schema_free(&source);
  if (status != DKM_OK) dkm_job_free(job);
  return status;
}

dkm_status dkm_job_parse(dkm_job *job, const char *path, const char *text, int n_sets, const char *const *sets,
                         dkm_error *err) {
  return dkm_job_parse_with_files(job, path, text, n_sets, sets, 0, NULL, err);
}

dkm_status dkm_job_parse_with_files(dkm_job *job, const char *path, const char *text, int n_sets,
                                    const char *const *sets, int n_files, const dkm_job_file *files, dkm_error *err) {
  return parse(job, path, text, n_sets, sets, &(dkm_file_source){.n = n_files, .files = files}, NULL, err);
}

/* libyaml and the lists that libcyaml makes take some six times the text, on every rank. */
static const dkm_file_limits job_file = {
    .what = "a job file",
    .most = MAX_FILE_BYTES,
    .advice = "a job file must be smaller; an axis with that many values is one of from, to and points, or is cut into "
              "several jobs",
    .is_text = true};

dkm_status dkm_job_read(dkm_job *job, const char *path, int n_sets, const char *const *sets, dkm_error *err) {
  *job = (dkm_job){0};
  char *text;
  size_t n_bytes;
  dkm_status status = dkm_file_load(path, &job_file, &text, &n_bytes, err);
  if (status) return status;
  status = dkm_job_read_text(job, path, text, n_sets, sets, err);
  free(text);
  return status;
}

dkm_status dkm_job_read_text(dkm_job *job, const char *path, const char *text, int n_sets, const char *const *sets,
                             dkm_error *err) {
  return parse(job, path, text, n_sets, sets, &(dkm_file_source){.from_disk = true}, NULL, err);
}

/* Of settings that of a key; NULL: none. */
static const char *setting_of(int n, const char *const *settings, const char *key) {
  const size_t bytes = strlen(key);
  for (int i = 0; i < n; i++)
    if (strncmp(settings[i], key, bytes) == 0 && settings[i][bytes] == '=') return settings[i];
  return NULL;
}

/* "model.Omega_mu=[1.5]", in brackets: of mode 1 alone, where a job takes one value as that of all. */
static bool is_of_one_mode(const char *setting) {
  const char *value = strchr(setting, '=') + 1;
  return *value == '[' && !strchr(value, ',');
}

/* That --at, which more settings are of, may give what is lacking. */
static void say_how(const char *lacking, dkm_error *err) {
  const size_t used = err ? strlen(err->message) : 0;
  if (err) snprintf(err->message + used, sizeof err->message - used, "; --at %s=... gives it, too", strchr(lacking, '.') + 1);
}

/* Read again with each setting that turns out to be needed: only where axes have been read it is known what is lacking. */
static dkm_status read_completed(dkm_job *job, const char *path, const char *text, int n_sets, const char **sets, int n_more,
                                 const char *const *more, dkm_error *err) {
  struct completion completion = {.n_own = n_sets};
  for (;;) {
    const char *setting;
    completion.lacking = NULL;
    const dkm_status status = parse(job, path, text, n_sets, sets, &(dkm_file_source){.from_disk = true}, &completion, err);
    if (status != DKM_INPUT || !completion.lacking) return status;
    if (!(setting = setting_of(n_more, more, completion.lacking))) {
      if (more) say_how(completion.lacking, err);
      return status;
    }
    if (completion.n_modes > 1 && is_of_one_mode(setting)) return status;
    if (setting_of(n_sets, sets, completion.lacking)) return status; /* it was no use */
    sets[n_sets++] = setting;
  }
}

dkm_status dkm_job_read_completed(dkm_job *job, const char *path, int n_sets, const char *const *sets, int n_more,
                                  const char *const *more, dkm_error *err) {
  *job = (dkm_job){0};
  char *text;
  size_t n_bytes;
  const char **all = malloc((size_t)(n_sets + n_more + 1) * sizeof *all);
  if (!all) return dkm_fail(err, DKM_MEMORY, "%s: out of memory", path);
  for (int i = 0; i < n_sets; i++) all[i] = sets[i];
  dkm_status status = dkm_file_load(path, &job_file, &text, &n_bytes, err);
  if (!status) {
    status = read_completed(job, path, text, n_sets, all, n_more, more, err);
    free(text);
  }
  free(all);
  return status;
}

char *dkm_job_join_sets(const dkm_job *job) {
  size_t bytes = 1, used = 0;
  for (int i = 0; i < job->n_sets; i++) bytes += strlen(job->sets[i]) + 1;
  char *text = calloc(bytes, 1);
  for (int i = 0; text && i < job->n_sets; i++)
    used += (size_t)snprintf(text + used, bytes - used, "%s%s", i ? "\n" : "", job->sets[i]);
  return text;
}

void dkm_job_free(dkm_job *job) {
  free(job->path);
  free(job->text);
  free(job->title);
  free(job->unit);
  free(job->exactness.times);
  for (int i = 0; i < job->n_sets; i++) free(job->sets[i]);
  free(job->sets);
  for (int i = 0; i < job->n_axes; i++) free(job->axes[i].values);
  dkm_job_system_free(job);
  *job = (dkm_job){0};
}
