/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_tables: what a job names beside its text, in the output file: a dataset of bytes for each file, in the group
 * job_files, with its name as an attribute.  The file alone reproduces the job. */
#define _GNU_SOURCE /* strdup */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_hdf5.h"

#define GROUP "job_files"

static dkm_status failed(const char *path, dkm_error *err) {
  char reason[DKM_HDF5_REASON_BYTES];
  return dkm_fail(err, DKM_IO, "output %s cannot be created: the files that the job names: %s", path,
                  dkm_hdf5_reason(reason, sizeof reason));
}

/* Datasets are named 1, 2, ...: names of files may hold anything. */
static dkm_status put_file(hid_t group, int i, const dkm_job_file *file, const char *path, dkm_error *err) {
  char name[16];
  const hsize_t n = file->n_bytes;
  hid_t dataset = H5I_INVALID_HID;
  snprintf(name, sizeof name, "%d", i + 1);
  const hid_t space = n > 0 ? H5Screate_simple(1, &n, NULL) : H5Screate(H5S_NULL);
  const bool put =
      space >= 0 &&
      (dataset = H5Dcreate2(group, name, H5T_STD_U8LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)) >= 0 &&
      (n == 0 || H5Dwrite(dataset, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, file->bytes) >= 0) &&
      H5LTset_attribute_string(group, name, "name", file->name) >= 0;
  dkm_status status = put ? DKM_OK : failed(path, err);
  if (dataset >= 0 && H5Dclose(dataset) < 0 && status == DKM_OK) status = failed(path, err);
  if (space >= 0) H5Sclose(space);
  return status;
}

dkm_status dkm_hdf5_put_job_files(hid_t file, const dkm_job *job, const char *path, dkm_error *err) {
  if (job->n_files == 0) return DKM_OK;
  const hid_t group = H5Gcreate2(file, GROUP, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  dkm_status status = group < 0 ? failed(path, err) : DKM_OK;
  for (int i = 0; i < job->n_files && status == DKM_OK; i++) status = put_file(group, i, &job->files[i], path, err);
  if (group >= 0 && H5Gclose(group) < 0 && status == DKM_OK) status = failed(path, err);
  return status;
}

static dkm_status get_file(hid_t group, int i, dkm_job_file *file, const char *path, dkm_error *err) {
  char name[16];
  snprintf(name, sizeof name, "%d", i + 1);
  const hid_t dataset = H5Dopen2(group, name, H5P_DEFAULT), space = dataset < 0 ? -1 : H5Dget_space(dataset);
  const hssize_t n = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
  dkm_status status = DKM_OK;
  *file = (dkm_job_file){.n_bytes = n > 0 ? (size_t)n : 0};
  if (n < 0 || n > DKM_MAX_MATRIX_FILE_BYTES || !(file->name = dkm_hdf5_text_attribute(dataset, "name")))
    status = dkm_hdf5_damaged(path, err, "a file that the job inside it names cannot be read");
  else if (!(file->bytes = malloc(file->n_bytes + 1)))
    status = dkm_fail(err, DKM_MEMORY, "%s: out of memory for the job inside it", path);
  else if (n > 0 && H5Dread(dataset, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, file->bytes) < 0)
    status = dkm_hdf5_damaged(path, err, "a file that the job inside it names cannot be read");
  if (space >= 0) H5Sclose(space);
  if (dataset >= 0) H5Dclose(dataset);
  return status;
}

void dkm_hdf5_free_job_files(int n, dkm_job_file *files) {
  for (int i = 0; i < n; i++) {
    free(files[i].name);
    free(files[i].bytes);
  }
  free(files);
}

dkm_status dkm_hdf5_get_job_files(hid_t file, const char *path, int *n, dkm_job_file **files, dkm_error *err) {
  H5G_info_t info;
  *n = 0;
  *files = NULL;
  if (H5Lexists(file, GROUP, H5P_DEFAULT) <= 0) return DKM_OK;
  const hid_t group = H5Gopen2(file, GROUP, H5P_DEFAULT);
  dkm_status status = DKM_OK;
  if (group < 0 || H5Gget_info(group, &info) < 0 || info.nlinks > DKM_MAX_MODES + 1 + DKM_MAX_AXES)
    status = dkm_hdf5_damaged(path, err, "the files that the job inside it names cannot be read");
  else if (!(*files = calloc(info.nlinks + 1, sizeof **files)))
    status = dkm_fail(err, DKM_MEMORY, "%s: out of memory for the job inside it", path);
  for (int i = 0; status == DKM_OK && i < (int)info.nlinks; i++) {
    ++*n;
    status = get_file(group, i, &(*files)[i], path, err);
  }
  if (group >= 0) H5Gclose(group);
  if (status == DKM_OK) return DKM_OK;
  dkm_hdf5_free_job_files(*n, *files);
  *n = 0;
  *files = NULL;
  return status;
}
