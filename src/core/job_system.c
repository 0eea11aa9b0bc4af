/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The system of a job: patterns by number, by the distribution of their couplings, from files, or random. */
#include "job_system.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/option.h"
#include "dickemap/task.h"
#include "job_axes.h"
#include "job_files.h"
#include "job_spelling.h"
#include "job_warnings.h"

/* Probabilities that a job writes in decimals sum to 1 within this. */
static const double probability_rounding = 1e-9;
enum { MOST_VALUES = 4096 };

/* ---- keys ---- */

static bool is_given(const dkm_job_source *source, const char *key) {
  const dkm_key_text *text = dkm_schema_text(source, key);
  return text->value || text->values;
}

/* Keys that say something of certain mappings alone. */
static dkm_status refuse_others(const dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  static const struct {
    const char *key;
    dkm_mapping mapping;
  } keys[] = {{"model.values", DKM_VALUES}, {"model.probabilities", DKM_VALUES}, {"model.matrix", DKM_MATRIX},
              {"model.images", DKM_MATRIX}, {"model.shades", DKM_MATRIX},        {"initial.cue", DKM_MATRIX},
              {"model.spins", DKM_RANDOM},  {"model.pattern_seed", DKM_RANDOM}};
  const dkm_option *mapping = DKM_OPTION(system.mapping);
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    if (is_given(source, keys[i].key) && job->system.mapping != keys[i].mapping)
      return dkm_schema_fail(source, err, keys[i].key, "is for model.mapping: %s alone, but that is %s",
                             mapping->words[keys[i].mapping], dkm_option_word(mapping, job));
  return DKM_OK;
}

/* Says what memory it would take: 3 doubles a class and 2 a mode for one state, and for a rank as much as at
 * DKM_MAX_MODES times the number of classes. */
static dkm_status fail_too_many_patterns(const dkm_job_source *source, dkm_mapping mapping, double n_modes,
                                         dkm_error *err) {
  const dkm_solver solver = {.tolerance = DKM_OPTION(solver.tolerance)->fallback};
  dkm_system largest;
  dkm_status status = dkm_system_of_patterns(&largest, mapping, DKM_MAX_MODES, err);
  if (status != DKM_OK) return status;
  int exponent = (int)n_modes - (mapping == DKM_GAUGED ? 1 : 0);
  double state_bytes = 8 * (3 * ldexp(1, exponent) + 2 * n_modes);
  double rank_bytes = ldexp(dkm_integrator_bytes(&largest, &solver, NULL), (int)n_modes - DKM_MAX_MODES);
  return dkm_schema_fail(source, err, "model.patterns",
                         "is %.0f, but must be an integer 1 ... %d: with 2^%d classes a state would take %.3g GB and "
                         "a rank, which integrates several at once, %.3g GB",
                         n_modes, DKM_MAX_MODES, exponent, state_bytes / 1e9, rank_bytes / 1e9);
}

dkm_status dkm_job_numbers_read(dkm_numbers *numbers, const dkm_job_source *source, const dkm_option *option,
                                dkm_error *err) {
  const dkm_key_text *text = dkm_schema_text(source, option->key);
  char allowed[DKM_LIMITS_BYTES];
  if (!text->values)
    return dkm_schema_fail(source, err, option->key, "is missing, but must be a list, each of it %s",
                           dkm_limits_text(&option->limits, allowed));
  numbers->values = malloc(text->values_count * sizeof *numbers->values);
  if (!numbers->values) return dkm_fail(err, DKM_MEMORY, "%s: out of memory", source->path);
  for (unsigned i = 0; i < text->values_count; i++) {
    char key[64];
    snprintf(key, sizeof key, "%s[%u]", option->key, i + 1);
    dkm_status status =
        dkm_number_read(source, err, key, text->values[i], &option->limits, &numbers->values[numbers->n]);
    if (status != DKM_OK) return status;
    numbers->n++;
  }
  return DKM_OK;
}

/* ---- the kinds of systems ---- */

static dkm_status read_n_modes(dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  const dkm_option *patterns = DKM_OPTION(system.n_modes);
  const char *text = dkm_schema_text(source, patterns->key)->value;
  const double n_modes = text ? dkm_number_parse(text) : NAN;
  double value;
  if (n_modes > patterns->limits.max && n_modes <= 1000 && n_modes == floor(n_modes) &&
      dkm_system_has_patterns(&job->system))
    return fail_too_many_patterns(source, job->system.mapping, n_modes, err);
  dkm_status status = dkm_number_read(source, err, patterns->key, text, &patterns->limits, &value);
  if (status == DKM_OK) job->system.n_modes = (int)value;
  return status;
}

static dkm_status read_values(dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  const dkm_option *values = DKM_OPTION(values), *probabilities = DKM_OPTION(probabilities);
  dkm_status status = read_n_modes(job, source, err);
  if (status == DKM_OK) status = dkm_job_numbers_read(&job->values, source, values, err);
  if (status == DKM_OK) status = dkm_job_numbers_read(&job->probabilities, source, probabilities, err);
  if (status != DKM_OK) return status;
  const int n = job->values.n;
  double sum = 0.0;
  if (n > MOST_VALUES)
    return dkm_schema_fail(source, err, values->key, "has %d numbers, but may have %d at most", n, MOST_VALUES);
  if (job->probabilities.n != n)
    return dkm_schema_fail(source, err, probabilities->key, "has %d number%s, but must have %d, one for each of %s",
                           job->probabilities.n, job->probabilities.n == 1 ? "" : "s", n, values->key);
  for (int i = 0; i < n; i++) {
    sum += job->probabilities.values[i];
    for (int j = 0; j < i; j++)
      if (job->values.values[i] == job->values.values[j]) {
        char key[64];
        snprintf(key, sizeof key, "%s[%d]", values->key, i + 1);
        return dkm_schema_fail(source, err, key, "is %.15g, as is %s[%d], but each must be another",
                               job->values.values[i], values->key, j + 1);
      }
  }
  if (!(fabs(sum - 1.0) <= probability_rounding))
    return dkm_schema_fail(source, err, probabilities->key, "has the sum %.12g, but must have the sum 1", sum);
  if (n == 1 && job->values.values[0] == 0.0)
    return dkm_schema_fail(source, err, values->key, "is 0 alone, but must have some other number");
  for (int i = 0; i < n; i++) job->probabilities.values[i] /= sum;
  if (dkm_values_n_classes(job->system.n_modes, n, job->values.values, job->probabilities.values) == 0)
    return dkm_schema_fail(source, err, values->key,
                           "has %d numbers, and %d patterns of them %.7g columns: more than %lld classes", n,
                           job->system.n_modes, pow(n, job->system.n_modes), (long long)DKM_MAX_CLASSES);
  return dkm_values_realise(job->system.n_modes, n, job->values.values, job->probabilities.values,
                            &job->tables->couplings, err);
}

static dkm_status read_cue(dkm_job *job, const dkm_job_source *source, const dkm_file_source *files, dkm_error *err) {
  const char *key = DKM_OPTION(cue_file)->key;
  dkm_error inner = {.status = DKM_OK};
  dkm_status status = dkm_job_names_read(&job->cue_file, source, key, err);
  if (status != DKM_OK || job->cue_file.n == 0) return status;
  if ((status = dkm_job_files_keep(job, source, files, key, &job->cue_file, DKM_FILE_AS_IT_IS, err)) != DKM_OK)
    return status;
  dkm_job_tables *t = job->tables;
  t->cue = malloc((size_t)t->matrix.n_columns * sizeof *t->cue);
  if (!t->cue) return dkm_fail(err, DKM_MEMORY, "out of memory for a cue");
  const dkm_matrix_file file = dkm_job_files_view(job, job->cue_file.names[0]);
  status = dkm_matrix_parse_cue(&t->matrix, &file, DKM_READ_GREY, t->cue, &inner);
  return status == DKM_INPUT ? dkm_schema_fail(source, err, key, "cannot be used: %s", inner.message)
         : status == DKM_OK  ? DKM_OK
                             : dkm_fail(err, status, "%s", inner.message);
}

static dkm_status read_matrix(dkm_job *job, const dkm_job_source *source, const dkm_file_source *files,
                              dkm_error *err) {
  const char *matrix = DKM_OPTION(matrix_file)->key, *images = DKM_OPTION(image_files)->key;
  const char *key = is_given(source, images) ? images : matrix;
  const char *patterns = DKM_OPTION(system.n_modes)->key;
  dkm_error inner = {.status = DKM_OK};
  dkm_matrix_file views[DKM_MAX_MODES];
  if (is_given(source, matrix) && is_given(source, images))
    return dkm_schema_fail(source, err, images, "is given beside %s, but patterns come from one of them", matrix);
  dkm_status status = dkm_job_names_read(&job->matrix_file, source, matrix, err);
  if (status == DKM_OK) status = dkm_job_names_read(&job->image_files, source, images, err);
  if (status != DKM_OK) return status;
  const dkm_file_names *names = key == images ? &job->image_files : &job->matrix_file;
  if (names->n == 0)
    return dkm_schema_fail(source, err, matrix, "is missing, but model.mapping: matrix needs it, or %s", images);
  if (names->n > DKM_MAX_MODES)
    return dkm_schema_fail(source, err, key, "names %d images, but must name 1 ... %d, one a pattern", names->n,
                           DKM_MAX_MODES);
  if ((status = dkm_job_files_keep(job, source, files, key, names, DKM_FILE_AS_IT_IS, err)) != DKM_OK) return status;
  for (int i = 0; i < names->n; i++) views[i] = dkm_job_files_view(job, names->names[i]);
  dkm_job_tables *t = job->tables;
  status = dkm_matrix_parse(names->n, views, job->shades, &t->matrix, &inner);
  if (status == DKM_INPUT) return dkm_schema_fail(source, err, key, "cannot be used: %s", inner.message);
  if (status != DKM_OK) return dkm_fail(err, status, "%s", inner.message);
  job->system.n_modes = t->matrix.n_rows;
  if (is_given(source, patterns)) {
    if ((status = read_n_modes(job, source, err)) != DKM_OK) return status;
    if (job->system.n_modes != t->matrix.n_rows)
      return dkm_schema_fail(source, err, patterns, "is %d, but %s gives %d", job->system.n_modes, key,
                             t->matrix.n_rows);
  }
  job->n_spins = t->matrix.n_columns;
  t->spins =
      (dkm_spins){.mapping = DKM_MATRIX, .n_modes = t->matrix.n_rows, .n_spins = job->n_spins, .G = t->matrix.values};
  status = read_cue(job, source, files, err);
  t->spins.cue = t->cue;
  return status == DKM_OK ? dkm_job_warn_of_duplicates(job, err) : status;
}

static dkm_status read_random(dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  const dkm_option *spins = DKM_OPTION(n_spins);
  dkm_limits limits = spins->limits;
  double value;
  limits.min = 1;
  dkm_status status = read_n_modes(job, source, err);
  if (status == DKM_OK)
    status = dkm_number_read(source, err, spins->key, dkm_schema_text(source, spins->key)->value, &limits, &value);
  if (status != DKM_OK) return status;
  job->n_spins = (int64_t)value;
  job->tables->spins = (dkm_spins){.mapping = DKM_RANDOM, .n_modes = job->system.n_modes, .n_spins = job->n_spins};
  return DKM_OK;
}

dkm_status dkm_job_system_read(dkm_job *job, const dkm_job_source *source, const dkm_file_source *files,
                               dkm_error *err) {
  dkm_status status = refuse_others(job, source, err);
  if (status != DKM_OK) return status;
  if (dkm_system_has_patterns(&job->system)) {
    const dkm_mapping mapping = job->system.mapping;
    if ((status = read_n_modes(job, source, err)) != DKM_OK) return status;
    return dkm_system_of_patterns(&job->system, mapping, job->system.n_modes, err);
  }
  job->tables = calloc(1, sizeof *job->tables);
  if (!job->tables) return dkm_fail(err, DKM_MEMORY, "%s: out of memory", source->path);
  if (job->system.mapping == DKM_VALUES) return read_values(job, source, err);
  return job->system.mapping == DKM_MATRIX ? read_matrix(job, source, files, err) : read_random(job, source, err);
}

/* ---- once axes are known ---- */

/* Parameters that say nothing of this system, or more than there is. */
static dkm_status check_parameters(const dkm_job *job, const dkm_job_source *source, double flipped, dkm_error *err) {
  const dkm_parameter *seed = DKM_PARAMETER(pattern_seed), *flip = DKM_PARAMETER(flip_exactly),
                      *mixture = DKM_PARAMETER(mixture);
  const char *mapping = dkm_option_word(DKM_OPTION(system.mapping), job);
  char place[DKM_PLACE_BYTES];
  if (dkm_job_axes_find(job, seed) >= 0 && job->system.mapping != DKM_RANDOM)
    return dkm_schema_fail(source, err, dkm_job_axes_place(job, source, seed, NAN, place),
                           "is for model.mapping: random alone, but that is %s", mapping);
  if (flipped > 0.0 && job->n_spins == 0)
    return dkm_schema_fail(source, err, dkm_job_axes_place(job, source, flip, flipped, place),
                           "is %.0f, but model.mapping: %s has no number of spins; initial.flip is for it", flipped,
                           mapping);
  if (flipped > (double)job->n_spins)
    return dkm_schema_fail(source, err, dkm_job_axes_place(job, source, flip, flipped, place),
                           "is %.0f, but must be an integer 0 ... %lld, the number "
                           "of spins",
                           flipped, (long long)job->n_spins);
  if (job->cue_file.n > 0 && (dkm_job_axes_find(job, mixture) >= 0 || dkm_point_has_mixture(&job->base, job->system.n_modes)))
    return dkm_schema_fail(source, err, dkm_job_axes_place(job, source, mixture, NAN, place), "is given beside %s, but there is one cue",
                           DKM_OPTION(cue_file)->key);
  return DKM_OK;
}

dkm_status dkm_job_system_check_point(const dkm_job *job, const dkm_point *point, const char *label, dkm_error *err) {
  const char *mapping = dkm_option_word(DKM_OPTION(system.mapping), job);
  const int64_t most = job->system.spins ? job->tables->most_flipped : 0;
  if (point->pattern_seed != job->base.pattern_seed && job->system.mapping != DKM_RANDOM)
    return dkm_fail(err, DKM_INPUT, "%s: pattern_seed is for model.mapping: random alone, but that is %s", label,
                    mapping);
  if (point->flip_exactly > 0 && job->n_spins == 0)
    return dkm_fail(err, DKM_INPUT, "%s: model.mapping: %s has no number of spins; flip is for it", label, mapping);
  if (point->flip_exactly > job->n_spins)
    return dkm_fail(err, DKM_INPUT, "%s: flip_exactly is %d, but must be an integer 0 ... %lld, the number of spins",
                    label, point->flip_exactly, (long long)job->n_spins);
  if (point->flip_exactly > most)
    return dkm_fail(
        err, DKM_INPUT,
        "%s: flip_exactly is %d, but the job flips %lld spins at most; --set initial.flip_exactly=%d changes it", label,
        point->flip_exactly, (long long)most, point->flip_exactly);
  if (job->system.from && !dkm_states_have(job->system.from, point->pattern_seed))
    return dkm_fail(err, DKM_INPUT, "%s: %s has no state of the patterns that pattern_seed %lld draws", label,
                    job->from_file.names[0], (long long)point->pattern_seed);
  if (job->drive && !(point->duration > 0.0))
    return dkm_fail(err, DKM_INPUT, "%s: duration is 0, but the job has a drive: it must be a number > 0", label);
  if (!job->drive && point->duration != 0.0)
    return dkm_fail(err, DKM_INPUT, "%s: duration is that of a drive, but the job has none", label);
  if (job->cue_file.n > 0 && dkm_point_has_mixture(point, job->system.n_modes))
    return dkm_fail(err, DKM_INPUT, "%s: a mixture beside %s, but there is one cue", label, DKM_OPTION(cue_file)->key);
  return DKM_OK;
}

/* ---- starts from states ---- */

/* What a start from states leaves no room for. */
static dkm_status refuse_beside_states(const dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  static const char *const keys[] = {"initial.overlap", "initial.flip", "initial.flip_exactly", "initial.mixture",
                                     "initial.cue"};
  const char *from = DKM_OPTION(from_file)->key;
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    const char *name = strchr(keys[i], '.') + 1;
    const dkm_parameter *parameter = dkm_parameter_named(name, strlen(name));
    if (is_given(source, keys[i]) || (parameter && dkm_job_axes_find(job, parameter) >= 0))
      return dkm_schema_fail(source, err, from, "is given beside %s, but the start is a state of that file", name);
  }
  return DKM_OK;
}

/* The system is known by now. */
static dkm_status read_from(dkm_job *job, const dkm_job_source *source, const dkm_file_source *files, dkm_error *err) {
  const char *key = DKM_OPTION(from_file)->key;
  const dkm_axis *seeds = dkm_job_correlation_axis(job);
  dkm_error inner = {.status = DKM_OK};
  dkm_status status = dkm_job_names_read(&job->from_file, source, key, err);
  if (status != DKM_OK || job->from_file.n == 0) return status;
  if ((status = refuse_beside_states(job, source, err)) != DKM_OK) return status;
  if (!job->tables && !(job->tables = calloc(1, sizeof *job->tables)))
    return dkm_fail(err, DKM_MEMORY, "%s: out of memory", source->path);
  const char *name = job->from_file.names[0];
  if ((status = dkm_job_files_keep(job, source, files, key, &job->from_file, DKM_FILE_OF_STATES, err)) != DKM_OK)
    return status;
  const dkm_job_file *file = dkm_job_files_find(job, name);
  dkm_states *states = &job->tables->states;
  status = dkm_states_parse(name, file->bytes, file->n_bytes, states, &inner);
  if (status == DKM_MEMORY) return dkm_fail(err, status, "%s", inner.message);
  if (status == DKM_OK && (states->n_modes != job->system.n_modes || states->n_classes != job->system.n_classes))
    return dkm_schema_fail(source, err, key,
                           "has %d patterns and %lld classes, but the job has %d and %lld (a cue tells spins of equal "
                           "couplings apart)",
                           states->n_modes, (long long)states->n_classes, job->system.n_modes,
                           (long long)job->system.n_classes);
  if (status != DKM_OK) return dkm_schema_fail(source, err, key, "cannot be used: %s", inner.message);
  for (int64_t i = 0; i == 0 || (seeds && i < seeds->n); i++) {
    const double seed = seeds ? seeds->values[i] : (double)job->base.pattern_seed;
    if (dkm_states_have(states, (int64_t)seed)) continue;
    if (!seeds) return dkm_schema_fail(source, err, key, "has no state of the patterns that pattern_seed %.0f draws", seed);
    char place[DKM_PLACE_BYTES];
    return dkm_schema_fail(source, err, dkm_job_axes_place(job, source, seeds->parameter, seed, place),
                           "is %.0f, but %s has no state of the patterns that it draws", seed, key);
  }
  job->system.from = states;
  return DKM_OK;
}

dkm_status dkm_job_system_finish(dkm_job *job, const dkm_job_source *source, const dkm_file_source *files,
                                 dkm_error *err) {
  double least, flipped; /* exactly, by any point */
  dkm_job_axes_range(job, DKM_PARAMETER(flip_exactly), &least, &flipped);
  dkm_job_tables *t = job->tables;
  dkm_status status = check_parameters(job, source, flipped, err);
  if (status != DKM_OK) return status;
  if (job->system.mapping == DKM_VALUES || (job->system.mapping == DKM_MATRIX && flipped == 0.0)) {
    if (job->system.mapping == DKM_MATRIX) status = dkm_spins_realise(&t->spins, &job->base, &t->couplings, err);
    if (status == DKM_OK) job->system = t->couplings.system;
  } else if (!dkm_system_has_patterns(&job->system)) {
    job->system.alpha_factor = job->system.occupation_factor = 1.0;
    job->system.largest = job->system.mapping == DKM_RANDOM ? 1.0 : 0.0;
    for (int64_t i = 0; i < t->matrix.n_rows * t->matrix.n_columns; i++)
      job->system.largest = fmax(job->system.largest, fabs(t->matrix.values[i]));
    job->system.weight = NAN;
    job->system.spins = &t->spins;
    t->most_flipped = (int64_t)flipped;
    status = dkm_spins_most_classes(&t->spins, (int64_t)flipped, &job->system.n_classes, err);
  }
  if (status == DKM_OK) status = read_from(job, source, files, err);
  return status == DKM_OK ? dkm_job_warn_of_idle_axes(job, err) : status;
}

const dkm_axis *dkm_job_correlation_axis(const dkm_job *job) {
  const int i = dkm_job_axes_find(job, DKM_PARAMETER(pattern_seed));
  return i < 0 ? NULL : &job->axes[i];
}

/* Random couplings are drawn at some 1e8 a second. */
static const double most_draws = 3e8;

int64_t dkm_job_n_correlations(const dkm_job *job) {
  const dkm_axis *axis = dkm_job_correlation_axis(job);
  if (dkm_system_has_patterns(&job->system)) return 0;
  if (!axis) return 1;
  return (double)axis->n * (double)job->n_spins * job->system.n_modes <= most_draws ? axis->n : 0;
}

dkm_status dkm_job_correlations(const dkm_job *job, int64_t i, double *C, dkm_error *err) {
  const dkm_axis *axis = dkm_job_correlation_axis(job);
  dkm_point point = job->base;
  if (!dkm_job_spins(job)) {
    dkm_system_correlations(&job->system, C);
    return DKM_OK;
  }
  if (axis) dkm_parameter_set(axis->parameter, &point, job->system.n_modes, 0, axis->values[i]);
  return dkm_spins_correlations(dkm_job_spins(job), &point, C, err);
}

bool dkm_job_flips_spins(const dkm_job *job) {
  return job->tables && job->tables->most_flipped > 0;
}

const dkm_spins *dkm_job_spins(const dkm_job *job) {
  return job->n_spins > 0 ? &job->tables->spins : NULL;
}

void dkm_job_system_free(dkm_job *job) {
  free(job->values.values);
  free(job->probabilities.values);
  free(job->drive_time.values);
  free(job->drive_g0.values);
  free(job->drive_Omega.values);
  free(job->drive);
  dkm_job_files_free(job);
  free(job->warning);
  if (!job->tables) return;
  dkm_matrix_free(&job->tables->matrix);
  free(job->tables->cue);
  dkm_states_free(&job->tables->states);
  dkm_couplings_free(&job->tables->couplings);
  free(job->tables);
}
