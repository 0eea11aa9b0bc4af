/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_write: every rank writes its records into a file that is already whole.
 *
 *   all ranks    open (collective)
 *   a worker     write, write, ..., sync;  then it reports to the master
 *   the master   mark
 *   all ranks    close (collective)
 *
 * write, sync and mark are independent calls: only raw data moves, and its place in the
 * file was fixed when the file was created.  HDF5's own flush is collective, and MPI's
 * MPI_File_sync is so in one of its two implementations, so that data is put on disk
 * through a second, plain descriptor of the same file: the pages are the same.
 *
 * Opening is the dangerous moment: if one rank fails inside a collective call, the others
 * wait for ever.  So each rank first opens the file on its own, all agree that they could,
 * and only then they open it together. */
#define _GNU_SOURCE /* fallocate */
#include "store_hdf5.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct dkm_store {
  MPI_Comm comm;
  char *path;
  dkm_hdf5_file file;
  int descriptor; /* for fdatasync */
  size_t n_state; /* doubles of a state, 0 if none is kept */
};

/* Everybody's outcome is that of the first rank that failed: status and message. Collective. */
static dkm_status agree(MPI_Comm comm, dkm_status status, dkm_error *err) {
  struct {
    int ok, rank;
  } mine = {status == DKM_OK, 0}, worst;
  dkm_error told = {.status = status};
  MPI_Comm_rank(comm, &mine.rank);
  if (status != DKM_OK && err) told = *err;
  if (MPI_Allreduce(&mine, &worst, 1, MPI_2INT, MPI_MINLOC, comm) != MPI_SUCCESS ||
      (!worst.ok && MPI_Bcast(&told, (int)sizeof told, MPI_BYTE, worst.rank, comm) != MPI_SUCCESS))
    return dkm_fail(err, DKM_PARALLEL, "MPI failed while all ranks agreed on how it went with the output");
  if (worst.ok) return DKM_OK;
  return dkm_fail(err, told.status, "%s", told.message);
}

/* Opens through MPI-IO. Collective. */
static dkm_status open_together(dkm_store *store, dkm_error *err) {
  char reason[DKM_HDF5_REASON_BYTES];
  dkm_status status = DKM_OK;
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  if (access < 0 || H5Pset_fapl_mpio(access, store->comm, MPI_INFO_NULL) < 0)
    status = dkm_fail(err, DKM_PARALLEL, "%s: %s", store->path, dkm_hdf5_reason(reason, sizeof reason));
  status = agree(store->comm, status, err);
  if (status == DKM_OK) {
    /* A rank that has opened the file while another has not can only leave it open: closing
     * waits for the other. */
    store->file.id = H5Fopen(store->path, H5F_ACC_RDWR, access);
    if (store->file.id < 0)
      status = dkm_fail(err, DKM_IO, "%s cannot be opened for writing: %s", store->path,
                        dkm_hdf5_reason(reason, sizeof reason));
    status = agree(store->comm, status, err);
  }
  if (access >= 0) H5Pclose(access);
  return status;
}

dkm_status dkm_store_open(MPI_Comm comm, const char *path, const dkm_job *job, dkm_store **out, dkm_error *err) {
  dkm_status status = DKM_OK;
  dkm_store *store = calloc(1, sizeof *store);

  *out = NULL;
  dkm_hdf5_quiet();
  if (store) {
    store->comm = comm;
    store->file.id = H5I_INVALID_HID;
    store->path = strdup(path);
    store->descriptor = open(path, O_RDWR | O_CLOEXEC);
  }
  if (!store || !store->path)
    status = dkm_fail(err, DKM_MEMORY, "%s: out of memory while opening it for writing", path);
  else if (store->descriptor < 0)
    status = dkm_fail(err, DKM_IO, "%s cannot be opened for writing: %s", path, strerror(errno));
  status = agree(comm, status, err);
  if (status == DKM_OK) status = open_together(store, err);
  if (status == DKM_OK) {
    status = dkm_hdf5_file_attach(&store->file, store->file.id, path, job, err);
    if (status == DKM_OK && !dkm_hdf5_is_current(&store->file))
      status = dkm_fail(err, DKM_INPUT, "%s has the fields of another version and cannot be written", path);
    store->n_state = job->keep_state ? dkm_model_size(&job->patterns) : 0;
    status = agree(comm, status, err);
    if (status != DKM_OK) dkm_hdf5_file_detach(&store->file);
  }
  if (status == DKM_OK) {
    *out = store;
    return DKM_OK;
  }
  if (store) {
    if (store->descriptor >= 0) close(store->descriptor);
    free(store->path);
    free(store);
  }
  return status;
}

dkm_status dkm_store_close(dkm_store *store, dkm_error *err) {
  dkm_status status = dkm_store_sync(store, err);
  if (dkm_hdf5_file_detach(&store->file) < 0 && status == DKM_OK)
    status = dkm_fail(err, DKM_IO, "%s could not be closed in good order", store->path);
  if (close(store->descriptor) != 0 && status == DKM_OK)
    status = dkm_fail(err, DKM_IO, "%s could not be closed: %s", store->path, strerror(errno));
  status = agree(store->comm, status, err);
  free(store->path);
  free(store);
  return status;
}

/* MPI-IO keeps the system's reason to itself, so errno is cleared before the call and told after it.  A disk that is
 * full first takes a part without a complaint, which OMPIO reports and drops: then errno is 0, and the
 * system is asked for the space of those points once more. */
static dkm_status write_failed(const dkm_store *store, int i_variable, int64_t first, int64_t count, dkm_error *err) {
  char reason[DKM_HDF5_REASON_BYTES];
  const dkm_hdf5_variable *variable = &store->file.variable[i_variable];
  int said = errno;
  dkm_hdf5_reason(reason, sizeof reason);
  const haddr_t offset = H5Dget_offset(store->file.dataset[i_variable]);
  const off_t bytes = (off_t)variable->value_bytes * (off_t)variable->n_values;
  if (said == 0 && offset != HADDR_UNDEF &&
      fallocate(store->descriptor, FALLOC_FL_KEEP_SIZE, (off_t)offset + first * bytes, count * bytes) != 0 &&
      errno != EOPNOTSUPP && errno != ENOSYS)
    said = errno;
  return dkm_fail(err, DKM_IO, "%s: `%s` cannot be written: %s%s%s", store->path, variable->name, reason,
                  said ? "; the system said last: " : "", said ? strerror(said) : "");
}

static dkm_status select_failed(const dkm_store *store, dkm_error *err) {
  char reason[DKM_HDF5_REASON_BYTES];
  return dkm_fail(err, DKM_IO, "%s: a run of points cannot be selected: %s", store->path,
                  dkm_hdf5_reason(reason, sizeof reason));
}

/* One member of n records, or of the state behind each, into the buffer: the layout of the
 * dataset.  A state is x[K] y[K] z[K] Re beta[M] Im beta[M]. */
static void gather(dkm_store *store, int i_variable, int64_t n, const dkm_record *records, const double *states) {
  const dkm_hdf5_variable *variable = &store->file.variable[i_variable];
  const size_t n_classes = (size_t)store->file.grid.n_classes, n_modes = (size_t)store->file.grid.n_modes;
  const size_t bytes = variable->value_bytes * (size_t)variable->n_values;
  char *out = store->file.buffer;

  for (int64_t i = 0; i < n; i++, out += bytes) {
    if (variable->field) {
      memcpy(out, (const char *)&records[i] + variable->field->offset, bytes);
    } else if (i_variable == DKM_HDF5_CHECKSUM) {
      const double *state = states ? states + (size_t)i * store->n_state : NULL;
      const uint32_t checksum = dkm_record_checksum(&records[i], (int)n_modes, state, store->n_state);
      memcpy(out, &checksum, sizeof checksum);
    } else if (i_variable == DKM_HDF5_M) {
      const double *u = states + (size_t)i * store->n_state;
      double *m = (double *)out;
      for (size_t k = 0; k < n_classes; k++)
        for (size_t component = 0; component < 3; component++) m[3 * k + component] = u[component * n_classes + k];
    } else {
      const size_t offset = 3 * n_classes + (i_variable == DKM_HDF5_BETA_IM ? n_modes : 0);
      memcpy(out, states + (size_t)i * store->n_state + offset, bytes);
    }
  }
}

dkm_status dkm_store_write(dkm_store *store, int64_t first, int64_t count, const dkm_record *records,
                           const double *states, dkm_error *err) {
  const int64_t chunk = dkm_hdf5_chunk(&store->file);
  assert((states != NULL) == (store->n_state > 0));
  while (count > 0) {
    const int64_t n = count < chunk ? count : chunk;
    if (dkm_hdf5_select(&store->file, first, n) < 0) return select_failed(store, err);
    for (int i = 0; i < store->file.n_variables; i++) {
      if (i == DKM_HDF5_STATUS) continue;
      gather(store, i, n, records, states);
      errno = 0;
      if (dkm_hdf5_put(&store->file, i, store->file.buffer) < 0) return write_failed(store, i, first, n, err);
    }
    records += n;
    if (states) states += (size_t)n * store->n_state;
    first += n;
    count -= n;
  }
  return DKM_OK;
}

dkm_status dkm_store_sync(dkm_store *store, dkm_error *err) {
  if (fdatasync(store->descriptor) != 0)
    return dkm_fail(err, DKM_IO, "%s cannot be put on disk: %s", store->path, strerror(errno));
  return DKM_OK;
}

dkm_status dkm_store_mark(dkm_store *store, int64_t first, int64_t count, const uint8_t *status, dkm_error *err) {
  if (count == 0) return DKM_OK;
  if (dkm_hdf5_select(&store->file, first, count) < 0) return select_failed(store, err);
  errno = 0;
  if (dkm_hdf5_put(&store->file, DKM_HDF5_STATUS, status) < 0)
    return write_failed(store, DKM_HDF5_STATUS, first, count, err);
  return DKM_OK;
}
