/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_trajectory: one trajectory as a small labelled file of its own:
 *   t [t], mode [mode], xi, alpha_re, alpha_im [t, mode], and as attributes the point and, as outputs have them, the job and
 *   its settings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_hdf5.h"

typedef struct writer {
  hid_t file;
  const char *path;
  dkm_error *err;
} writer;

static dkm_status failed(const writer *w, const char *what) {
  char reason[DKM_HDF5_REASON_BYTES];
  return dkm_fail(w->err, DKM_IO, "%s: %s could not be written: %s", w->path, what,
                  dkm_hdf5_reason(reason, sizeof reason));
}

static dkm_status put_scale(const writer *w, const char *name, hid_t type, hid_t memory, hsize_t n, const void *values,
                            const char *units, const char *long_name) {
  const hid_t space = H5Screate_simple(1, &n, NULL);
  const hid_t data = H5Dcreate2(w->file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  dkm_status status = DKM_OK;
  if (data < 0 || H5Dwrite(data, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0 || H5DSset_scale(data, name) < 0 ||
      H5LTset_attribute_string(w->file, name, "units", units) < 0 ||
      H5LTset_attribute_string(w->file, name, "long_name", long_name) < 0)
    status = failed(w, name);
  if (data >= 0) H5Dclose(data);
  if (space >= 0) H5Sclose(space);
  return status;
}

static dkm_status put_samples(const writer *w, const char *name, const dkm_trajectory *trajectory, const double *values,
                              const char *long_name) {
  const char *scales[] = {"t", "mode"};
  const hsize_t shape[] = {(hsize_t)trajectory->n, (hsize_t)trajectory->n_modes};
  dkm_status status = DKM_OK;
  if (H5LTmake_dataset(w->file, name, 2, shape, H5T_IEEE_F64LE, NULL) < 0) return failed(w, name);
  const hid_t data = H5Dopen2(w->file, name, H5P_DEFAULT);
  if (data < 0 || H5Dwrite(data, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0 ||
      H5LTset_attribute_string(w->file, name, "units", "1") < 0 ||
      H5LTset_attribute_string(w->file, name, "long_name", long_name) < 0)
    status = failed(w, name);
  for (unsigned i = 0; i < 2 && status == DKM_OK; i++) {
    const hid_t scale = H5Dopen2(w->file, scales[i], H5P_DEFAULT);
    if (scale < 0 || H5DSattach_scale(data, scale, i) < 0) status = failed(w, name);
    if (scale >= 0) H5Dclose(scale);
  }
  if (data >= 0) H5Dclose(data);
  return status;
}

static dkm_status put_parameter(const writer *w, const dkm_parameter *p, const dkm_point *point, int n_modes) {
  const void *value = (const char *)point + p->offset;
  const size_t n = p->per_mode ? (size_t)n_modes : 1;
  const herr_t code = p->type == DKM_FLOAT64 ? H5LTset_attribute_double(w->file, "/", p->name, value, n)
                      : p->type == DKM_INT64 ? H5LTset_attribute_long_long(w->file, "/", p->name, value, n)
                                             : H5LTset_attribute_int(w->file, "/", p->name, value, n);
  return code < 0 ? failed(w, p->name) : DKM_OK;
}

/* What the text of the job was read with, one a line; without any, no attribute. */
static dkm_status put_sets(const writer *w, const dkm_job *job) {
  char *sets = dkm_job_join_sets(job);
  dkm_status status = DKM_OK;
  if (!sets)
    status = dkm_fail(w->err, DKM_MEMORY, "%s: out of memory for its job", w->path);
  else if (*sets && H5LTset_attribute_string(w->file, "/", "job_sets", sets) < 0)
    status = failed(w, "job_sets");
  free(sets);
  return status;
}

/* Whole numbers come first, as they always have. */
static dkm_status put_point(const writer *w, const dkm_job *job, const dkm_point *point) {
  if (H5LTset_attribute_string(w->file, "/", "Conventions", "CF-1.10") < 0 ||
      H5LTset_attribute_string(w->file, "/", "title", "trajectory of one point") < 0 ||
      H5LTset_attribute_string(w->file, "/", "unit", job->unit) < 0 || H5LTset_attribute_string(w->file, "/", "job", job->text) < 0)
    return failed(w, "the point");
  dkm_status status = put_sets(w, job);
  for (int whole = 1; whole >= 0; whole--)
    for (int i = 0; i < dkm_n_parameters && status == DKM_OK; i++)
      if ((dkm_parameters[i].type != DKM_FLOAT64) == whole)
        status = put_parameter(w, &dkm_parameters[i], point, job->system.n_modes);
  return status;
}

dkm_status dkm_store_write_trajectory(const char *path, const dkm_job *job, const dkm_point *point,
                                      const dkm_trajectory *trajectory, dkm_error *err) {
  int modes[DKM_MAX_MODES];
  char units[DKM_UNITS_BYTES];
  dkm_hdf5_quiet();
  writer w = {dkm_hdf5_create(path, H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT), path, err};
  if (w.file < 0) return failed(&w, "the file");
  for (int mu = 0; mu < trajectory->n_modes; mu++) modes[mu] = mu + 1;
  dkm_status status = put_point(&w, job, point);
  if (status == DKM_OK)
    status = put_scale(&w, "t", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, (hsize_t)trajectory->n, trajectory->t,
                       dkm_unit_text("1", DKM_SCALE_TIME, job->unit, units), "time");
  if (status == DKM_OK)
    status = put_scale(&w, "mode", H5T_STD_I32LE, H5T_NATIVE_INT, (hsize_t)trajectory->n_modes, modes, "1",
                       "boson mode and its pattern, from 1");
  if (status == DKM_OK)
    status = put_samples(&w, "xi", trajectory, trajectory->xi, "overlap with the pattern of the mode");
  if (status == DKM_OK)
    status = put_samples(&w, "alpha_re", trajectory, trajectory->alpha_re, "real part of the mode's amplitude alpha");
  if (status == DKM_OK)
    status =
        put_samples(&w, "alpha_im", trajectory, trajectory->alpha_im, "imaginary part of the mode's amplitude alpha");
  if (H5Fclose(w.file) < 0 && status == DKM_OK) status = failed(&w, "the file");
  if (status != DKM_OK) remove(path);
  return status;
}
