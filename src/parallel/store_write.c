/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_write: every rank writes its records into a file that is already whole.
 *
 *   each rank    open
 *   a worker     write, write, ..., sync;  then it reports to the master
 *   the master   mark, look
 *   each rank    close
 *
 * Where each value lies was fixed when the file was made: HDF5 says at which place each dataset begins, and from then
 * on records are written there by plain pwrite, in the type that the dataset has.  So nothing here waits for another
 * rank, no rank can touch metadata, and what the system says of a write is known.  (Through MPI-IO a rank that failed
 * while it opened or closed the file left the others waiting for ever, a read that failed there could end as zeros
 * written over metadata, and reasons were lost.  A run needs nothing of what MPI-IO adds: collective writes and file
 * views.)
 *
 * Network file systems.  A client of NFS keeps pages of the file, and may write a whole page that it has read although
 * only a part of it was written here: it would put back old bytes of records that other nodes have written since.  It
 * does not do so for a descriptor that cannot read, while the file has a lock on a part of it, or with O_DSYNC; hence
 * O_WRONLY, and on NFS a lock on one byte that is no byte of the file. */
#define _GNU_SOURCE /* F_OFD_SETLK, asprintf, SEEK_DATA */
#include "store_hdf5.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "dickemap/file.h"

struct dkm_store {
  char *path;
  int descriptor, readable; /* to write, and to look at it */
  off_t size; /* when it was opened */
  char guard[DKM_GUARD_BYTES]; /* "": it has none */
  dkm_form form;
  int n_variables;
  dkm_hdf5_variable variable[DKM_HDF5_MAX_VARIABLES];
  uint64_t place[DKM_HDF5_MAX_VARIABLES]; /* of point 0 in the file */
  size_t n_modes, n_classes;
  size_t n_state; /* doubles of a state, 0 if none is kept */
  int64_t chunk;  /* points that the buffer holds of any one variable */
  void *buffer;
};

/* ---- opening ---- */

/* Whether the values of a dataset, which are one run of bytes, have the type that creation gave them. */
static bool has_its_type(hid_t dataset, const dkm_hdf5_variable *variable) {
  const hid_t type = H5Dget_type(dataset);
  const bool equal = type >= 0 && H5Tequal(type, variable->file_type) > 0;
  if (type >= 0) H5Tclose(type);
  return equal;
}

/* Where everything lies, by HDF5, which reads only and has let go of the file afterwards. */
static dkm_status find_places(dkm_store *store, const dkm_job *job, dkm_error *err) {
  char reason[DKM_HDF5_REASON_BYTES];
  dkm_hdf5_file file;
  hid_t id = H5I_INVALID_HID;
  const dkm_hdf5_origin origin = dkm_hdf5_recognise(store->path, &id, reason);
  if (origin != DKM_HDF5_OURS) {
    if (id >= 0) H5Fclose(id);
    return dkm_fail(err, DKM_IO, "%s cannot be opened for writing: it %s", store->path, reason);
  }
  dkm_status status = dkm_hdf5_file_attach(&file, id, store->path, job, err);
  if (!status && !dkm_hdf5_is_current(&file))
    status = dkm_fail(err, DKM_INPUT, "%s has the fields of another version and cannot be written", store->path);
  store->form = file.form;
  store->n_variables = file.n_variables;
  size_t most_bytes = 1;
  for (int i = 0; i < file.n_variables && !status; i++) {
    const dkm_hdf5_variable *variable = &file.variable[i];
    const size_t bytes = (size_t)variable->n_values * variable->value_bytes;
    const haddr_t place = H5Dget_offset(file.dataset[i]);
    if (place == HADDR_UNDEF || !has_its_type(file.dataset[i], variable))
      status = dkm_fail(err, DKM_INPUT,
                        "%s cannot be written: another program has changed how its dataset `%s` is stored; run --extend "
                        "takes its records into a new file",
                        store->path, variable->name);
    store->variable[i] = *variable;
    store->place[i] = (uint64_t)place;
    if (bytes > most_bytes) most_bytes = bytes;
  }
  store->n_modes = (size_t)file.grid.counts.n_modes;
  store->n_classes = (size_t)file.grid.counts.n_classes;
  store->n_state = job->keep_state ? dkm_model_size(&job->system) : 0;
  store->chunk = most_bytes < DKM_HDF5_BUFFER_BYTES ? (int64_t)(DKM_HDF5_BUFFER_BYTES / most_bytes) : 1;
  store->buffer = malloc((size_t)store->chunk * most_bytes);
  if (dkm_hdf5_file_detach(&file) < 0 && !status)
    status = dkm_fail(err, DKM_IO, "%s could not be closed after reading where its datasets are", store->path);
  if (!store->buffer && !status)
    status = dkm_fail(err, DKM_MEMORY, "%s: out of memory for the buffer of one run of points", store->path);
  return status;
}

/* See "Network file systems" above. False if no lock could be had: then every write has to be put on disk at once. */
static bool keep_pages_apart(int descriptor) {
  enum { NFS = 0x6969, N_TRIES = 4096 };
  struct statfs disk;
  if (fstatfs(descriptor, &disk) != 0 || disk.f_type != NFS) return true;
  for (int i = 0; i < N_TRIES; i++) { /* each holder, on any node, has a byte of its own */
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = ((off_t)1 << 61) + (getpid() + i) % N_TRIES, .l_len = 1};
    if (fcntl(descriptor, F_OFD_SETLK, &lock) == 0) return true;
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) return false;
  }
  return false;
}

static void destroy(dkm_store *store) {
  if (!store) return;
  if (store->descriptor >= 0) dkm_file_close(store->descriptor);
  if (store->readable >= 0) dkm_file_close(store->readable);
  free(store->buffer);
  free(store->path);
  free(store);
}

dkm_status dkm_store_open(const char *path, const dkm_job *job, dkm_store **out, dkm_error *err) {
  dkm_status status = DKM_OK;
  dkm_store *store = calloc(1, sizeof *store);
  struct stat found, read, named;

  *out = NULL;
  dkm_hdf5_quiet();
  if (store) store->descriptor = store->readable = -1;
  if (!store || !(store->path = strdup(path))) {
    status = dkm_fail(err, DKM_MEMORY, "%s: out of memory while opening it for writing", path);
    goto cleanup;
  }
  store->descriptor = dkm_file_open(path, O_WRONLY, 0);
  if (store->descriptor >= 0 && !keep_pages_apart(store->descriptor)) {
    dkm_file_close(store->descriptor);
    store->descriptor = dkm_file_open(path, O_WRONLY | O_DSYNC, 0);
  }
  if (store->descriptor < 0 || fstat(store->descriptor, &found) != 0) {
    status = dkm_fail(err, DKM_IO, "%s cannot be opened for writing: %s", path, strerror(errno));
    goto cleanup;
  }
  store->size = found.st_size;
  if ((status = find_places(store, job, err))) goto cleanup;
  store->readable = dkm_file_open(path, O_RDONLY, 0);
  const dkm_guard_state state =
      store->readable < 0 ? DKM_GUARD_UNREADABLE : dkm_guard_check(store->readable, store->guard);
  if (state == DKM_GUARD_UNREADABLE || fstat(store->readable, &read) != 0 || stat(path, &named) != 0)
    status = dkm_fail(err, DKM_IO, "%s cannot be read: %s", path, strerror(errno));
  else if (state == DKM_GUARD_BROKEN || !dkm_file_is_same(&found, &read) || !dkm_file_is_same(&found, &named))
    status = dkm_fail(err, DKM_IO, "%s was replaced while it was opened", path);

cleanup:
  if (!status) {
    *out = store;
    return DKM_OK;
  }
  destroy(store);
  return status;
}

dkm_status dkm_store_close(dkm_store *store, dkm_error *err) {
  dkm_status status = dkm_store_sync(store, err);
  if (dkm_file_close(store->descriptor) != 0 && status == DKM_OK)
    status = dkm_fail(err, DKM_IO, "%s could not be closed: %s", store->path, strerror(errno));
  store->descriptor = -1;
  destroy(store);
  return status;
}

/* ---- whether the file is still there ---- */

enum { WHAT_BYTES = 4200 };

/* What became of the file that is open, whose name leads elsewhere or nowhere: a clause. */
static void say_where(const dkm_store *store, char what[WHAT_BYTES]) {
  static const char gone[] = " (deleted)"; /* what the system adds to the last name that it knew */
  char link[64], name[WHAT_BYTES - 200] = "";
  struct stat found = {.st_nlink = 1};
  snprintf(link, sizeof link, "/proc/self/fd/%d", store->descriptor);
  const ssize_t n = readlink(link, name, sizeof name - 1);
  const bool is_known = fstat(store->descriptor, &found) == 0 && n > 0;
  if (is_known && found.st_nlink == 0)
    snprintf(what, WHAT_BYTES, "was removed or replaced by another program while the run was using it");
  else if (is_known && n > (ssize_t)strlen(gone) && strcmp(name + n - strlen(gone), gone) == 0)
    snprintf(what, WHAT_BYTES,
             "was removed or replaced by another program while the run was using it; what was done is in the file that it "
             "was, which has %ld other name%s (hard links)",
             (long)found.st_nlink, found.st_nlink == 1 ? "" : "s");
  else if (is_known)
    snprintf(what, WHAT_BYTES,
             "was moved by another program while the run was using it, and is now %s: moved back it can be resumed", name);
  else
    snprintf(what, WHAT_BYTES, "was moved or replaced by another program while the run was using it");
}

dkm_status dkm_store_look(const dkm_store *store, dkm_error *err) {
  char what[WHAT_BYTES] = "";
  struct stat named, open;
  char guard[DKM_GUARD_BYTES];
  const bool is_named = stat(store->path, &named) == 0;
  if ((!is_named && errno != ENOENT && errno != ENOTDIR) || fstat(store->readable, &open) != 0)
    return dkm_fail(err, DKM_IO, "%s cannot be looked at any more: %s", store->path, strerror(errno));
  if (!is_named || !dkm_file_is_same(&named, &open)) {
    say_where(store, what);
  } else if (store->guard[0]) {
    const dkm_guard_state state = dkm_guard_check(store->readable, guard);
    if (state == DKM_GUARD_UNREADABLE)
      return dkm_fail(err, DKM_IO, "%s cannot be read any more: %s", store->path, strerror(errno));
    const bool is_ours = state == DKM_GUARD_GOOD && memcmp(guard, store->guard, sizeof guard) == 0;
    if (!is_ours && open.st_size <= store->size) /* else something was appended, which does no harm */
      snprintf(what, sizeof what,
               "was overwritten or cut by another program while the run was using it: what was computed is lost, unless "
               "there is a copy to be resumed");
  }
  return what[0] ? dkm_fail(err, DKM_DIFFERENT, "%s %s", store->path, what) : DKM_OK;
}

/* Copies what is not a hole. 0, or -1 with errno. */
static int copy_data(int from, int to, void *buffer, off_t size) {
  for (off_t at = 0, end; at < size; at = end) {
    const off_t data = lseek(from, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break; /* only holes are left */
    at = data < 0 ? at : data;
    end = data < 0 ? size : lseek(from, at, SEEK_HOLE); /* < 0: the file system knows no holes */
    if (end < 0) return -1;
    while (at < end) {
      const size_t n = end - at < (off_t)DKM_HDF5_BUFFER_BYTES ? (size_t)(end - at) : DKM_HDF5_BUFFER_BYTES;
      errno = EIO; /* of a read that is short */
      if (dkm_file_read_at(from, buffer, n, (uint64_t)at) != (ssize_t)n) return -1;
      if (dkm_file_write_at(to, buffer, n, (uint64_t)at) != 0) return -1;
      at += (off_t)n;
    }
  }
  return dkm_file_truncate(to, (uint64_t)size) == 0 ? dkm_file_sync(to) : -1;
}

/* The file that is open to a new name. */
static dkm_status copy_to(const dkm_store *store, const char *copy, dkm_error *err) {
  struct stat found;
  void *buffer = malloc(DKM_HDF5_BUFFER_BYTES);
  const int to = buffer ? dkm_file_open(copy, O_WRONLY | O_CREAT | O_EXCL, 0666) : -1;
  bool good = to >= 0 && fstat(store->readable, &found) == 0 &&
              copy_data(store->readable, to, buffer, found.st_size) == 0;
  dkm_status status = DKM_OK;
  if (!good) status = dkm_fail(err, DKM_IO, "%s cannot be copied to %s: %s", store->path, copy, strerror(errno));
  if (to >= 0 && dkm_file_close(to) != 0) good = false;
  if (!status && (!good || dkm_file_sync_folder(copy) != 0))
    status = dkm_fail(err, DKM_IO, "%s cannot be copied to %s: %s", store->path, copy, strerror(errno));
  if (to >= 0 && status) unlink(copy);
  free(buffer);
  return status;
}

dkm_status dkm_store_rescue(const dkm_store *store, char **copy, dkm_error *err) {
  const char *temporary = getenv("TMPDIR"), *slash = strrchr(store->path, '/');
  struct stat found;
  *copy = NULL;
  if (fstat(store->readable, &found) != 0 || found.st_nlink > 0) return DKM_OK;
  dkm_status status = DKM_OK;
  for (int i = 0; i < 2; i++) { /* the second where the folder is gone as well, or has no room */
    dkm_error why = {0};
    const int n = i == 0 ? asprintf(copy, "%s.rescued-%ld", store->path, (long)getpid())
                         : asprintf(copy, "%s/%s.rescued-%ld", temporary && temporary[0] ? temporary : "/tmp",
                                    slash ? slash + 1 : store->path, (long)getpid());
    if (n < 0) {
      *copy = NULL;
      return dkm_fail(err, DKM_MEMORY, "%s: out of memory for the name of a copy", store->path);
    }
    if (copy_to(store, *copy, &why) == DKM_OK) return DKM_OK;
    if (i == 0) status = dkm_fail(err, DKM_IO, "%s", why.message);
    free(*copy);
    *copy = NULL;
  }
  return status;
}

/* ---- writing ---- */

dkm_status dkm_hdf5_write_values(dkm_store *store, int i_variable, int64_t first, int64_t count, void *values,
                                 dkm_error *err) {
  const dkm_hdf5_variable *variable = &store->variable[i_variable];
  const size_t n = (size_t)count * (size_t)variable->n_values;
  char reason[DKM_HDF5_REASON_BYTES];
  /* Nothing is converted on a little-endian machine, where both types are the same. */
  if (H5Tconvert(variable->memory_type, variable->file_type, n, values, NULL, H5P_DEFAULT) < 0)
    return dkm_fail(err, DKM_IO, "%s: `%s` cannot be converted: %s", store->path, variable->name,
                    dkm_hdf5_reason(reason, sizeof reason));
  const uint64_t at = store->place[i_variable] + (uint64_t)first * variable->n_values * variable->value_bytes;
  if (dkm_file_write_at(store->descriptor, values, n * variable->value_bytes, at) != 0)
    return dkm_fail(err, DKM_IO, "%s: `%s` cannot be written: %s", store->path, variable->name, strerror(errno));
  return DKM_OK;
}

/* One member of n records, or of the state behind each, into the buffer: the layout of the
 * dataset.  A state is x[K] y[K] z[K] Re beta[M] Im beta[M]. */
static void gather(dkm_store *store, int i_variable, int64_t n, const char *records, const double *states) {
  const dkm_hdf5_variable *variable = &store->variable[i_variable];
  const size_t bytes = variable->value_bytes * (size_t)variable->n_values, n_classes = store->n_classes;
  char *out = store->buffer;

  for (int64_t i = 0; i < n; i++, out += bytes, records += store->form.bytes) {
    if (variable->field) {
      memcpy(out, records + variable->offset, bytes);
    } else if (i_variable == DKM_HDF5_CHECKSUM(&store->form)) {
      const double *state = states ? states + (size_t)i * store->n_state : NULL;
      const uint32_t checksum = dkm_form_checksum(&store->form, records, state, store->n_state);
      memcpy(out, &checksum, sizeof checksum);
    } else if (i_variable == DKM_HDF5_M(&store->form)) {
      const double *u = states + (size_t)i * store->n_state;
      double *m = (double *)out;
      for (size_t k = 0; k < n_classes; k++)
        for (size_t component = 0; component < 3; component++) m[3 * k + component] = u[component * n_classes + k];
    } else {
      const size_t offset = 3 * n_classes + (i_variable == DKM_HDF5_BETA_IM(&store->form) ? store->n_modes : 0);
      memcpy(out, states + (size_t)i * store->n_state + offset, bytes);
    }
  }
}

dkm_status dkm_store_write(dkm_store *store, int64_t first, int64_t count, const void *records,
                           const double *states, dkm_error *err) {
  const char *record = records;
  assert((states != NULL) == (store->n_state > 0));
  while (count > 0) {
    const int64_t n = count < store->chunk ? count : store->chunk;
    for (int i = 0; i < store->n_variables; i++) {
      if (i == DKM_HDF5_STATUS(&store->form)) continue;
      gather(store, i, n, record, states);
      const dkm_status status = dkm_hdf5_write_values(store, i, first, n, store->buffer, err);
      if (status) return status;
    }
    record += (size_t)n * store->form.bytes;
    if (states) states += (size_t)n * store->n_state;
    first += n;
    count -= n;
  }
  return DKM_OK;
}

dkm_status dkm_store_sync(dkm_store *store, dkm_error *err) {
  if (dkm_file_sync_data(store->descriptor) != 0)
    return dkm_fail(err, DKM_IO, "%s cannot be put on disk: %s", store->path, strerror(errno));
  return DKM_OK;
}

dkm_status dkm_store_mark(dkm_store *store, int64_t first, int64_t count, const uint8_t *status, dkm_error *err) {
  const uint64_t at = store->place[DKM_HDF5_STATUS(&store->form)] + (uint64_t)first; /* one byte a point, the same everywhere */
  if (dkm_file_write_at(store->descriptor, status, (size_t)count, at) != 0)
    return dkm_fail(err, DKM_IO, "%s: `status` cannot be written: %s", store->path, strerror(errno));
  return DKM_OK;
}
