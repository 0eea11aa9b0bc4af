/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_layout: a new file under way. Internal to its layout, store_layout.c and store_coordinates.c. */
#ifndef DICKEMAP_STORE_LAYOUT_H
#define DICKEMAP_STORE_LAYOUT_H
#include "store_hdf5.h"

typedef struct creation {
  hid_t file;
  const char *path; /* the final name, for messages */
  const dkm_job *job;
  const dkm_provenance *provenance;
  dkm_hdf5_grid grid;
  dkm_form form;
  bool sparse;
  dkm_hdf5_region raw[DKM_HDF5_MAX_VARIABLES]; /* of the variables on the grid */
  int n_raw;
  char *history; /* malloc'ed */
  dkm_error *err;
} creation;

/* ---- store_layout.c ---- */

/* Fails with HDF5's reason; the next thing to be done after the call of HDF5 that failed. */
dkm_status dkm_layout_failed(creation *c, const char *what);

dkm_status dkm_layout_put_attribute(creation *c, hid_t object, const char *name, hid_t file_type, hid_t memory_type,
                                    hsize_t n, const void *values);

/* A short attribute, of fixed length. */
dkm_status dkm_layout_put_string(creation *c, hid_t object, const char *name, const char *text);

/* Attaches the scale of each dimension to a dataset that lies along them. */
dkm_status dkm_layout_attach_scales(creation *c, hid_t dataset, int n_dims, const char *const *dim_name,
                                    const char *what);

/* ---- store_coordinates.c ---- */

/* Of all dimensions, and of axes that advance together. */
dkm_status dkm_layout_put_coordinates(creation *c);

/* Of patterns that are not known from M and the mapping alone; classes of a system that all points share. */
dkm_status dkm_layout_put_tables(creation *c);

#endif
