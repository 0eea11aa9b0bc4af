/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Coordinates of a new file, and what it says of its patterns and classes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/basins.h"
#include "store_layout.h"

/* ---- coordinates ---- */

typedef struct coordinate {
  const char *name, *units, *long_name, *dim_name; /* a dimension scale if its name is its dimension's */
  hsize_t n;
  hid_t file_type, memory_type;
  const void *values;
  const char *meanings; /* of values that are codes, one word each; NULL */
} coordinate;

static dkm_status put_coordinate(creation *c, const coordinate *x) {
  dkm_status status = DKM_OK;
  hid_t dataset = H5I_INVALID_HID;
  const hid_t space = H5Screate_simple(1, &x->n, NULL);
  if (space < 0 ||
      (dataset = H5Dcreate2(c->file, x->name, x->file_type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)) < 0 ||
      H5Dwrite(dataset, x->memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, x->values) < 0) {
    status = dkm_layout_failed(c, x->name);
    goto cleanup;
  }
  if (strcmp(x->name, x->dim_name) == 0) {
    if (H5DSset_scale(dataset, x->name) < 0) status = dkm_layout_failed(c, x->name);
  } else {
    status = dkm_layout_attach_scales(c, dataset, 1, &x->dim_name, x->name);
  }
  if (status == DKM_OK) status = dkm_layout_put_string(c, dataset, "units", x->units);
  if (status == DKM_OK) status = dkm_layout_put_string(c, dataset, "long_name", x->long_name);
  if (status == DKM_OK && x->meanings) {
    status = dkm_layout_put_attribute(c, dataset, "flag_values", x->file_type, x->memory_type, x->n, x->values);
    if (status == DKM_OK) status = dkm_layout_put_string(c, dataset, "flag_meanings", x->meanings);
  }
cleanup: /* a coordinate is written when its dataset is closed */
  if (dataset >= 0 && H5Dclose(dataset) < 0 && status == DKM_OK) status = dkm_layout_failed(c, x->name);
  if (space >= 0) H5Sclose(space);
  return status;
}

/* A coordinate first, first + 1, ... */
static dkm_status put_counted(creation *c, const char *name, const char *long_name, int32_t first, hsize_t n) {
  int32_t *values = malloc(n * sizeof *values);
  if (!values)
    return dkm_fail(c->err, DKM_MEMORY, "output %s cannot be created: out of memory for `%s`", c->path, name);
  for (hsize_t i = 0; i < n; i++) values[i] = first + (int32_t)i;
  const dkm_status status =
      put_coordinate(c, &(coordinate){name, "1", long_name, name, n, H5T_STD_I32LE, H5T_NATIVE_INT32, values, NULL});
  free(values);
  return status;
}

static const dkm_axis *axis_named(const dkm_job *job, const char *name) {
  for (int i = 0; i < job->n_axes; i++)
    if (strcmp(job->axes[i].name, name) == 0) return &job->axes[i];
  return NULL;
}

/* Whole numbers, such as patterns and seeds, stay such in the file. */
static dkm_status put_axis(creation *c, const dkm_axis *axis) {
  const bool whole = axis->parameter->type != DKM_FLOAT64;
  char units[DKM_UNITS_BYTES];
  return put_coordinate(c, &(coordinate){axis->name, dkm_unit_text(axis->parameter->units, axis->parameter->scale, c->job->unit, units),
                                         axis->long_name, c->job->dim_name[axis->dim], (hsize_t)axis->n,
                                         whole ? H5T_STD_I32LE : H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, axis->values, NULL});
}

/* What starts ended in, of a job that counts it. */
static dkm_status put_outcomes(creation *c) {
  const int M = (int)c->grid.n_modes, n = dkm_outcome_number(M);
  int32_t values[2 * DKM_MAX_MODES + 16];
  char words[(2 * DKM_MAX_MODES + 16) * DKM_OUTCOME_BYTES] = "", word[DKM_OUTCOME_BYTES];
  size_t used = 0;
  for (int i = 0; i < n; i++) {
    values[i] = dkm_outcome_at(M, i);
    used += (size_t)snprintf(words + used, sizeof words - used, "%s%s", i ? " " : "", dkm_outcome_word(values[i], word));
  }
  const coordinate outcome = {"outcome", "1", "pattern that leads at rest, with its sign; 0: none leads; 100 and more: other ends",
                              "outcome", (hsize_t)n, H5T_STD_I32LE, H5T_NATIVE_INT32, values, words};
  return put_coordinate(c, &outcome);
}

static bool has_shape(const creation *c, dkm_shape shape) {
  for (int f = 0; f < c->form.n_fields; f++)
    if (c->form.fields[f].shape == shape) return true;
  return false;
}

dkm_status dkm_layout_put_coordinates(creation *c) {
  static const int8_t xyz[3] = {0, 1, 2};
  const dkm_job *job = c->job;
  dkm_status status = DKM_OK;
  if (job->n_dims == 0) status = put_counted(c, c->grid.name[0], "the one point", 0, c->grid.shape[0]);
  for (int d = 0; d < job->n_dims + job->reduces + job->searches && status == DKM_OK; d++) { /* the starts have theirs as well */
    const dkm_axis *axis = axis_named(job, job->dim_name[d]);
    status = axis ? put_axis(c, axis)
                  : put_counted(c, job->dim_name[d], "index of axes that advance together", 0, (hsize_t)job->shape[d]);
  }
  for (int i = 0; i < job->n_axes && status == DKM_OK; i++)
    if (strcmp(job->axes[i].name, job->dim_name[job->axes[i].dim]) != 0) status = put_axis(c, &job->axes[i]);
  if (status == DKM_OK && has_shape(c, DKM_PER_OUTCOME)) status = put_outcomes(c);
  if (status == DKM_OK && has_shape(c, DKM_PER_STATE))
    status = put_counted(c, "state", "stationary state, from 0, rising in U", 0, c->grid.n_states);
  if (status == DKM_OK) status = put_counted(c, "mode", "boson mode and its pattern, from 1", 1, c->grid.n_modes);
  if (status != DKM_OK || !c->job->keep_state) return status;
  status = put_counted(c, "class", "class of identical spins, from 0", 0, c->grid.n_classes);
  if (status == DKM_OK)
    status = put_coordinate(
        c, &(coordinate){"xyz", "1", "component of a spin", "xyz", 3, H5T_STD_I8LE, H5T_NATIVE_INT8, xyz, "x y z"});
  return status;
}

/* ---- tables ---- */

/* A dataset beside the fields: extent and names of its n_dims dimensions; values NULL: correlations. */
typedef struct table {
  const char *name, *long_name;
  int n_dims;
  hsize_t extent[3];
  const char *dims[3];
  const double *values;
} table;

/* The last two dimensions are those of the patterns; one before them where random patterns depend on the point. */
static dkm_status write_correlations(creation *c, hid_t dataset, const table *t) {
  const hsize_t M = c->grid.n_modes, n = t->n_dims == 3 ? t->extent[0] : 1;
  const hsize_t one[3] = {t->n_dims == 3 ? 1 : M, M, M};
  double C[DKM_MAX_MODES * DKM_MAX_MODES];
  dkm_status status = DKM_OK;
  const hid_t file_space = H5Dget_space(dataset), memory_space = H5Screate_simple(t->n_dims, one, NULL);
  if (file_space < 0 || memory_space < 0) status = dkm_layout_failed(c, t->name);
  for (hsize_t i = 0; i < n && status == DKM_OK; i++) {
    const hsize_t start[3] = {i, 0, 0};
    status = dkm_job_correlations(c->job, (int64_t)i, C, c->err);
    if (status == DKM_OK && (H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, one, NULL) < 0 ||
                             H5Dwrite(dataset, H5T_NATIVE_DOUBLE, memory_space, file_space, H5P_DEFAULT, C) < 0))
      status = dkm_layout_failed(c, t->name);
  }
  if (file_space >= 0) H5Sclose(file_space);
  if (memory_space >= 0) H5Sclose(memory_space);
  return status;
}

static dkm_status put_table(creation *c, const table *t) {
  dkm_status status = DKM_OK;
  hid_t dataset = H5I_INVALID_HID;
  const hid_t space = H5Screate_simple(t->n_dims, t->extent, NULL);
  if (space < 0 ||
      (dataset = H5Dcreate2(c->file, t->name, H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)) < 0 ||
      (t->values && H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, t->values) < 0))
    status = dkm_layout_failed(c, t->name);
  if (status == DKM_OK && !t->values) status = write_correlations(c, dataset, t);
  if (status == DKM_OK) status = dkm_layout_attach_scales(c, dataset, t->n_dims, t->dims, t->name);
  if (status == DKM_OK) status = dkm_layout_put_string(c, dataset, "units", "1");
  if (status == DKM_OK) status = dkm_layout_put_string(c, dataset, "long_name", t->long_name);
  if (dataset >= 0 && H5Dclose(dataset) < 0 && status == DKM_OK) status = dkm_layout_failed(c, t->name);
  if (space >= 0) H5Sclose(space);
  return status;
}

static dkm_status put_correlations(creation *c) {
  const dkm_axis *axis = dkm_job_correlation_axis(c->job);
  const hsize_t M = c->grid.n_modes;
  table t = {.name = "correlation",
             .long_name = "of patterns: sum over spins of G_mu G_nu, divided by their number",
             .n_dims = 2,
             .extent = {M, M},
             .dims = {"mode", "other_mode"}};
  if (axis) {
    t.n_dims = 3;
    t.extent[0] = (hsize_t)axis->n;
    t.extent[2] = M;
    t.dims[0] = c->job->dim_name[axis->dim];
    t.dims[1] = "mode";
    t.dims[2] = "other_mode";
  }
  const dkm_status status = put_counted(c, "other_mode", "boson mode and its pattern, from 1", 1, M);
  return status == DKM_OK ? put_table(c, &t) : status;
}

dkm_status dkm_layout_put_tables(creation *c) {
  const dkm_system *system = &c->job->system;
  const hsize_t M = c->grid.n_modes, K = c->grid.n_classes;
  if (dkm_system_has_patterns(system)) return DKM_OK;
  dkm_status status = dkm_job_n_correlations(c->job) > 0 ? put_correlations(c) : DKM_OK;
  if (status != DKM_OK || !c->job->keep_state || !system->couplings) return status;
  status =
      put_table(c, &(table){"coupling", "G of the spins of a class", 2, {K, M}, {"class", "mode"}, system->couplings});
  if (status == DKM_OK)
    status =
        put_table(c, &(table){"weight", "share of all spins that a class holds", 1, {K}, {"class"}, system->weights});
  return status;
}
