/* SPDX-License-Identifier: GPL-3.0-or-later */
/* labels: see dickemap/labels.h. */
#include "dickemap/labels.h"

#include <stdio.h>
#include <string.h>

#include "dickemap/task.h"

/* ---- dimensions ---- */

static void add(dkm_dims *dims, const char *name, int64_t size) {
  dims->name[dims->n] = name;
  dims->size[dims->n++] = size;
}

/* Of the spins of all classes. */
static void add_spins(dkm_dims *dims, int64_t n_classes) {
  add(dims, "class", n_classes);
  add(dims, "xyz", 3);
}

void dkm_dims_of_points(const dkm_job *job, dkm_dims *dims) {
  *dims = (dkm_dims){0};
  for (int d = 0; d < job->n_dims; d++) add(dims, job->dim_name[d], job->shape[d]);
  if (job->n_dims > 0) return;
  const char *lone = DKM_LONE_DIMENSION;
  for (int d = 0; d < job->reduces + job->searches; d++) /* dimensions of starts have their names first */
    if (strcmp(job->dim_name[d], lone) == 0) lone = DKM_LONE_CELL;
  add(dims, lone, 1);
}

dkm_counts dkm_counts_of(const dkm_job *job) {
  return (dkm_counts){.n_modes = job->system.n_modes,
                      .n_classes = job->system.n_classes,
                      .n_states = job->n_states,
                      .n_times = job->exactness.n_times};
}

static bool has_times(dkm_shape shape) {
  return shape == DKM_PER_TIME || shape == DKM_PER_TIME_AND_MODE || shape == DKM_PER_TIME_AND_SPIN;
}

void dkm_dims_add(dkm_dims *dims, dkm_shape shape, const dkm_counts *counts) {
  if (shape == DKM_PER_OUTCOME) add(dims, "outcome", dkm_outcome_number(counts->n_modes));
  if (shape == DKM_PER_STATE || shape == DKM_PER_STATE_AND_MODE) add(dims, "state", counts->n_states);
  if (has_times(shape)) add(dims, "time", counts->n_times);
  if (shape == DKM_PER_MODE || shape == DKM_PER_STATE_AND_MODE || shape == DKM_PER_TIME_AND_MODE)
    add(dims, "mode", counts->n_modes);
  if (shape == DKM_PER_TIME_AND_SPIN) add_spins(dims, counts->n_classes);
}

int64_t dkm_dims_values(const dkm_dims *dims) {
  int64_t n = 1;
  for (int d = 0; d < dims->n; d++) n *= dims->size[d];
  return n;
}

/* ---- coordinates ---- */

static const char mode_text[] = "boson mode and its pattern, from 1";

/* A coordinate first, first + 1, ... of its own dimension. */
static void add_counted(dkm_coordinates *c, const char *name, const char *long_name, int32_t first, int64_t n) {
  c->rows[c->n++] = (dkm_coordinate){
      .name = name, .units = "1", .long_name = long_name, .dim = name, .type = DKM_INT32, .n = n, .first = first};
}

/* Whole numbers, such as patterns and seeds, stay such. */
static void add_axis(dkm_coordinates *c, const dkm_job *job, const dkm_axis *axis) {
  dkm_coordinate *row = &c->rows[c->n++];
  *row = (dkm_coordinate){.name = axis->name,
                          .long_name = axis->long_name,
                          .dim = job->dim_name[axis->dim],
                          .type = axis->parameter->type == DKM_FLOAT64 ? DKM_FLOAT64 : DKM_INT32,
                          .n = axis->n,
                          .values = axis->values,
                          .axis = axis};
  dkm_unit_text(axis->parameter->units, axis->parameter->scale, job->unit, row->units);
}

/* What starts ended in, of a job that counts it. */
static void add_outcomes(dkm_coordinates *c, int n_modes) {
  const int n = dkm_outcome_number(n_modes);
  char word[DKM_OUTCOME_BYTES];
  size_t used = 0;
  for (int i = 0; i < n; i++) {
    const int outcome = dkm_outcome_at(n_modes, i);
    c->outcomes[i] = outcome;
    used += (size_t)snprintf(c->outcome_words + used, sizeof c->outcome_words - used, "%s%s", i ? " " : "",
                             dkm_outcome_word(outcome, word));
  }
  c->rows[c->n++] = (dkm_coordinate){
      .name = "outcome",
      .units = "1",
      .long_name = "pattern that leads at rest, with its sign; 0: none leads; 100 and more: other ends",
      .dim = "outcome",
      .type = DKM_INT32,
      .n = n,
      .values = c->outcomes,
      .meanings = c->outcome_words};
}

/* When the fields of a task are sampled. */
static void add_times(dkm_coordinates *c, const dkm_job *job) {
  dkm_coordinate *row = &c->rows[c->n++];
  *row = (dkm_coordinate){.name = "time", .long_name = "time since the start", .dim = "time", .type = DKM_FLOAT64,
                          .n = job->exactness.n_times, .values = job->exactness.times};
  dkm_unit_text("1", DKM_SCALE_TIME, job->unit, row->units);
}

static const dkm_axis *axis_named(const dkm_job *job, const char *name) {
  for (int i = 0; i < job->n_axes; i++)
    if (strcmp(job->axes[i].name, name) == 0) return &job->axes[i];
  return NULL;
}

static bool has_shape(const dkm_job *job, dkm_shape shape) {
  for (int f = 0; f < job->task->fields->n; f++)
    if (job->task->fields->rows[f].shape == shape) return true;
  return false;
}

static bool has_correlations(const dkm_job *job) {
  return !dkm_system_has_patterns(&job->system) && dkm_job_n_correlations(job) > 0;
}

void dkm_coordinates_of(const dkm_job *job, dkm_coordinates *c) {
  static const double xyz[] = {0, 1, 2};
  const int M = job->system.n_modes;
  dkm_dims dims;
  dkm_dims_of_points(job, &dims);
  c->n = 0;
  if (job->n_dims == 0) add_counted(c, dims.name[0], "the one point", 0, 1);
  for (int d = 0; d < job->n_dims + job->reduces + job->searches; d++) { /* the starts have theirs as well */
    const dkm_axis *axis = axis_named(job, job->dim_name[d]);
    if (axis)
      add_axis(c, job, axis);
    else
      add_counted(c, job->dim_name[d], "index of axes that advance together", 0, job->shape[d]);
  }
  for (int i = 0; i < job->n_axes; i++)
    if (strcmp(job->axes[i].name, job->dim_name[job->axes[i].dim]) != 0) add_axis(c, job, &job->axes[i]);
  if (has_shape(job, DKM_PER_OUTCOME)) add_outcomes(c, M);
  if (has_shape(job, DKM_PER_STATE)) add_counted(c, "state", "stationary state, from 0, rising in U", 0, job->n_states);
  if (has_shape(job, DKM_PER_TIME)) add_times(c, job);
  add_counted(c, "mode", mode_text, 1, M);
  if (job->keep_state || has_shape(job, DKM_PER_TIME_AND_SPIN)) {
    add_counted(c, "class", "class of identical spins, from 0", 0, job->system.n_classes);
    c->rows[c->n++] = (dkm_coordinate){.name = "xyz", .units = "1", .long_name = "component of a spin", .dim = "xyz",
                                       .type = DKM_INT8, .n = 3, .values = xyz, .meanings = "x y z"};
  }
  if (has_correlations(job)) add_counted(c, "other_mode", mode_text, 1, M);
}

/* ---- tables ---- */

/* The last two dimensions are those of the patterns; one before them where random patterns depend on the point. */
static void correlations_of(const dkm_job *job, dkm_table *table) {
  const dkm_axis *axis = dkm_job_correlation_axis(job);
  *table = (dkm_table){.name = "correlation",
                       .long_name = "of patterns: sum over spins of G_mu G_nu, divided by their number"};
  if (axis) add(&table->dims, job->dim_name[axis->dim], axis->n);
  add(&table->dims, "mode", job->system.n_modes);
  add(&table->dims, "other_mode", job->system.n_modes);
}

int dkm_tables_of(const dkm_job *job, dkm_table *tables) {
  const dkm_system *system = &job->system;
  int n = 0;
  if (dkm_system_has_patterns(system)) return 0;
  if (has_correlations(job)) correlations_of(job, &tables[n++]);
  if (!job->keep_state || !system->couplings) return n;
  tables[n] = (dkm_table){.name = "coupling", .long_name = "G of the spins of a class", .values = system->couplings};
  add(&tables[n].dims, "class", system->n_classes);
  add(&tables[n++].dims, "mode", system->n_modes);
  tables[n] = (dkm_table){.name = "weight", .long_name = "share of all spins that a class holds", .values = system->weights};
  add(&tables[n++].dims, "class", system->n_classes);
  return n;
}

/* ---- beside the fields ---- */

const dkm_beside_name dkm_besides[DKM_N_BESIDES] = {
    [DKM_BESIDE_STATUS] = {"status", "whether the point is done"},
    [DKM_BESIDE_CHECKSUM] = {"checksum", "CRC-32 of the record, wall_time left out; 0: never written"},
    [DKM_BESIDE_M] = {"m", "final spin vector of the class"},
    [DKM_BESIDE_BETA_RE] = {"beta_re", "real part of the mode's final amplitude beta"},
    [DKM_BESIDE_BETA_IM] = {"beta_im", "imaginary part of the mode's final amplitude beta"}};

int dkm_besides_of(const dkm_job *job) {
  return job->keep_state ? DKM_N_BESIDES : DKM_BESIDE_M;
}

void dkm_dims_add_beside(dkm_dims *dims, dkm_beside which, int n_modes, int64_t n_classes) {
  if (which == DKM_BESIDE_M) add_spins(dims, n_classes);
  if (which == DKM_BESIDE_BETA_RE || which == DKM_BESIDE_BETA_IM) add(dims, "mode", n_modes);
}

/* ---- codes ---- */

void dkm_codes_print(const dkm_codes *codes, char *names, size_t names_bytes, char *comment, size_t comment_bytes) {
  size_t n_names = 0, n_comment = 0;
  for (int i = 0; i < codes->n; i++) {
    if (n_names < names_bytes)
      n_names += (size_t)snprintf(names + n_names, names_bytes - n_names, "%s%s", i ? " " : "", codes->name(i));
    if (n_comment < comment_bytes)
      n_comment += (size_t)snprintf(comment + n_comment, comment_bytes - n_comment, "%s%s: %s", i ? "; " : "",
                                    codes->name(i), codes->text(i));
  }
}

static const char *const status_names[] = {"to_do", "done", "failed"};
static const char *const status_texts[] = {"still to be computed", "computed", "computed, but the integration failed"};

static const char *status_name(int status) {
  return status_names[status];
}

static const char *status_text(int status) {
  return status_texts[status];
}

const dkm_codes dkm_status_codes = {3, status_name, status_text};

const char *dkm_field_comment(const dkm_field *field) {
  _Static_assert(DKM_RETRIEVED_MIXTURE == 127, "said below");
  if (strcmp(field->name, "retrieved") != 0) return "";
  return "nu or -nu: the leading overlap is with pattern nu, with its sign; 0: no overlap to speak of; 127, in records "
         "of method 1 alone: a mixture of patterns";
}
