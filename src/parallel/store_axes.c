/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_axes: whether the coordinates of a file are those of the job inside it.
 *
 * Records are found by their index, and the program takes parameters from the job.  Other readers take them from
 * the coordinates, which nothing else of the store ever reads: damaged there, a file would give right numbers at
 * wrong places. */
#include "store_hdf5.h"

#include <stdlib.h>

/* Compares one coordinate with its n values. */
static dkm_status check_coordinate(hid_t file, const char *path, const char *name, int64_t n, const double *values,
                                   dkm_error *err) {
  char reason[DKM_HDF5_REASON_BYTES];
  double *read = NULL;
  hid_t space = H5I_INVALID_HID;
  dkm_status status = DKM_OK;

  const hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
  if (dataset < 0) return dkm_hdf5_damaged(path, err, "coordinate `%s` cannot be opened", name);
  space = H5Dget_space(dataset);
  const long long n_read = space < 0 ? -1 : (long long)H5Sget_simple_extent_npoints(space);
  if (n_read != n) {
    status =
        dkm_fail(err, DKM_DIFFERENT, "coordinate %s has %lld values, but the job has %lld", name, n_read, (long long)n);
    goto cleanup;
  }
  read = malloc((size_t)n * sizeof *read);
  if (!read) {
    status = dkm_fail(err, DKM_MEMORY, "%s: out of memory for coordinate `%s`", path, name);
    goto cleanup;
  }
  if (H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, read) < 0) {
    status = dkm_fail(err, DKM_IO, "%s: coordinate `%s` cannot be read: %s", path, name,
                      dkm_hdf5_reason(reason, sizeof reason));
    goto cleanup;
  }
  for (int64_t i = 0; i < n && status == DKM_OK; i++)
    if (!(read[i] == values[i]))
      status = dkm_fail(err, DKM_DIFFERENT, "coordinate %s[%lld] is %.17g, but the job says %.17g", name, (long long)i,
                        read[i], values[i]);

cleanup:
  free(read);
  if (space >= 0) H5Sclose(space);
  H5Dclose(dataset);
  return status;
}

dkm_status dkm_store_check_axes(const char *path, const dkm_job *job, dkm_error *err) {
  char reason[DKM_HDF5_REASON_BYTES];
  double mode[DKM_MAX_MODES];
  hid_t id = H5I_INVALID_HID;

  dkm_hdf5_quiet();
  const dkm_hdf5_origin origin = dkm_hdf5_recognise(path, &id, reason);
  if (origin != DKM_HDF5_OURS) {
    if (id >= 0) H5Fclose(id);
    return dkm_fail(err, DKM_IO, "%s %s", path, reason);
  }
  for (int mu = 0; mu < job->system.n_modes; mu++) mode[mu] = mu + 1;
  dkm_status status = check_coordinate(id, path, "mode", job->system.n_modes, mode, err);
  for (int i = 0; i < job->n_axes && status == DKM_OK; i++)
    status = check_coordinate(id, path, job->axes[i].name, job->axes[i].n, job->axes[i].values, err);
  H5Fclose(id);
  return status;
}
