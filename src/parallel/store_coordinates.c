/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Coordinates of a new file, and what it says of its patterns and classes, as labels.h has them. */
#include <stdlib.h>
#include <string.h>

#include "store_layout.h"

/* ---- coordinates ---- */

/* Numbers that are counted: first, first + 1, ... */
static dkm_status write_counted(creation *c, hid_t dataset, const dkm_coordinate *x) {
  int32_t *values = malloc((size_t)x->n * sizeof *values);
  dkm_status status = DKM_OK;
  if (!values)
    return dkm_fail(c->err, DKM_MEMORY, "output %s cannot be created: out of memory for `%s`", c->path, x->name);
  for (int64_t i = 0; i < x->n; i++) values[i] = x->first + (int32_t)i;
  if (H5Dwrite(dataset, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
    status = dkm_layout_failed(c, x->name);
  free(values);
  return status;
}

static dkm_status write_values(creation *c, hid_t dataset, const dkm_coordinate *x) {
  if (!x->values) return write_counted(c, dataset, x);
  return H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, x->values) < 0 ? dkm_layout_failed(c, x->name)
                                                                                            : DKM_OK;
}

/* A dimension scale if its name is its dimension's. */
static dkm_status put_coordinate(creation *c, const dkm_coordinate *x) {
  dkm_status status = DKM_OK;
  hid_t dataset = H5I_INVALID_HID;
  const hsize_t n = (hsize_t)x->n;
  const hid_t space = H5Screate_simple(1, &n, NULL), file_type = dkm_hdf5_file_type(x->type);
  if (space < 0 || (dataset = H5Dcreate2(c->file, x->name, file_type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)) < 0) {
    status = dkm_layout_failed(c, x->name);
    goto cleanup;
  }
  if ((status = write_values(c, dataset, x)) != DKM_OK) goto cleanup;
  if (strcmp(x->name, x->dim) == 0) {
    if (H5DSset_scale(dataset, x->name) < 0) status = dkm_layout_failed(c, x->name);
  } else {
    status = dkm_layout_attach_scales(c, dataset, 1, &x->dim, x->name);
  }
  if (status == DKM_OK) status = dkm_layout_put_string(c, dataset, "units", x->units);
  if (status == DKM_OK) status = dkm_layout_put_string(c, dataset, "long_name", x->long_name);
  if (status == DKM_OK && x->meanings) {
    status = dkm_layout_put_attribute(c, dataset, "flag_values", file_type, H5T_NATIVE_DOUBLE, n, x->values);
    if (status == DKM_OK) status = dkm_layout_put_string(c, dataset, "flag_meanings", x->meanings);
  }
cleanup: /* a coordinate is written when its dataset is closed */
  if (dataset >= 0 && H5Dclose(dataset) < 0 && status == DKM_OK) status = dkm_layout_failed(c, x->name);
  if (space >= 0) H5Sclose(space);
  return status;
}

dkm_status dkm_layout_put_coordinates(creation *c) {
  dkm_coordinates coordinates;
  dkm_status status = DKM_OK;
  dkm_coordinates_of(c->job, &coordinates);
  for (int i = 0; i < coordinates.n && status == DKM_OK; i++) status = put_coordinate(c, &coordinates.rows[i]);
  return status;
}

/* ---- tables ---- */

/* One matrix after the other. */
static dkm_status write_correlations(creation *c, hid_t dataset, const dkm_table *t) {
  const hsize_t M = (hsize_t)c->grid.counts.n_modes, n = t->dims.n == 3 ? (hsize_t)t->dims.size[0] : 1;
  const hsize_t one[3] = {t->dims.n == 3 ? 1 : M, M, M};
  double C[DKM_MAX_MODES * DKM_MAX_MODES];
  dkm_status status = DKM_OK;
  const hid_t file_space = H5Dget_space(dataset), memory_space = H5Screate_simple(t->dims.n, one, NULL);
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

static dkm_status put_table(creation *c, const dkm_table *t) {
  dkm_status status = DKM_OK;
  hid_t dataset = H5I_INVALID_HID;
  hsize_t extent[DKM_MOST_DIMS];
  for (int d = 0; d < t->dims.n; d++) extent[d] = (hsize_t)t->dims.size[d];
  const hid_t space = H5Screate_simple(t->dims.n, extent, NULL);
  if (space < 0 ||
      (dataset = H5Dcreate2(c->file, t->name, H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)) < 0 ||
      (t->values && H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, t->values) < 0))
    status = dkm_layout_failed(c, t->name);
  if (status == DKM_OK && !t->values) status = write_correlations(c, dataset, t);
  if (status == DKM_OK) status = dkm_layout_attach_scales(c, dataset, t->dims.n, t->dims.name, t->name);
  if (status == DKM_OK) status = dkm_layout_put_string(c, dataset, "units", "1");
  if (status == DKM_OK) status = dkm_layout_put_string(c, dataset, "long_name", t->long_name);
  if (dataset >= 0 && H5Dclose(dataset) < 0 && status == DKM_OK) status = dkm_layout_failed(c, t->name);
  if (space >= 0) H5Sclose(space);
  return status;
}

dkm_status dkm_layout_put_tables(creation *c) {
  dkm_table tables[DKM_MOST_TABLES];
  const int n = dkm_tables_of(c->job, tables);
  dkm_status status = DKM_OK;
  for (int i = 0; i < n && status == DKM_OK; i++) status = put_table(c, &tables[i]);
  return status;
}
