/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_hdf5: the list of variables, runs of points as selections, reasons in words.
 *
 * Runs.  Work comes in runs of the flattened index, while the datasets have one dimension
 * for each axis.  A run is a stack of boxes: the rest of a row, whole rows, whole planes,
 * ..., and back down: at most 2 n_dims - 1 of them.  HDF5 sees that together they are
 * contiguous in the file and moves them in one read or write. */
#include "store_hdf5.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/file.h"

enum { N_SPACES = DKM_HDF5_N_SHAPES + DKM_HDF5_MAX_VARIABLES };

void dkm_hdf5_grid_of(const dkm_job *job, dkm_hdf5_grid *grid) {
  dkm_dims_of_points(job, &grid->dims);
  grid->n_dims = grid->dims.n;
  for (int d = 0; d < grid->n_dims; d++) grid->shape[d] = (hsize_t)grid->dims.size[d];
  grid->counts = dkm_counts_of(job);
}

int dkm_hdf5_extent(const dkm_hdf5_grid *grid, int shape, hsize_t *extent, const char **name) {
  dkm_dims dims = grid->dims;
  if (shape < DKM_N_SHAPES) {
    dkm_dims_add(&dims, (dkm_shape)shape, &grid->counts);
  } else {
    assert(shape == DKM_HDF5_PER_CLASS);
    dkm_dims_add_beside(&dims, DKM_BESIDE_M, grid->counts.n_modes, grid->counts.n_classes);
  }
  for (int d = 0; d < dims.n; d++) {
    extent[d] = (hsize_t)dims.size[d];
    if (name) name[d] = dims.name[d];
  }
  return dims.n;
}

hid_t dkm_hdf5_file_type(dkm_field_type type) {
  switch (type) {
  case DKM_FLOAT64:
    return H5T_IEEE_F64LE;
  case DKM_INT64:
    return H5T_STD_I64LE;
  case DKM_INT32:
    return H5T_STD_I32LE;
  case DKM_INT8:
    return H5T_STD_I8LE;
  case DKM_UINT8:
    return H5T_STD_U8LE;
  }
  return H5I_INVALID_HID;
}

hid_t dkm_hdf5_memory_type(dkm_field_type type) {
  switch (type) {
  case DKM_FLOAT64:
    return H5T_NATIVE_DOUBLE;
  case DKM_INT64:
    return H5T_NATIVE_INT64;
  case DKM_INT32:
    return H5T_NATIVE_INT32;
  case DKM_INT8:
    return H5T_NATIVE_INT8;
  case DKM_UINT8:
    return H5T_NATIVE_UINT8;
  }
  return H5I_INVALID_HID;
}

int dkm_hdf5_variables(const dkm_job *job, const dkm_form *form, dkm_hdf5_variable *variable) {
  static const double no_float64 = NAN;
  int n = 0;
  for (; n < form->n_fields; n++) {
    const dkm_field *field = &form->fields[n];
    variable[n] = (dkm_hdf5_variable){.name = field->name,
                                      .units = field->units,
                                      .long_name = field->long_name,
                                      .shape = (int)field->shape,
                                      .n_values = form->n_values[n],
                                      .type = field->type,
                                      .file_type = dkm_hdf5_file_type(field->type),
                                      .memory_type = dkm_hdf5_memory_type(field->type),
                                      .field = field,
                                      .offset = form->offset[n],
                                      .fill = dkm_field_fill(field)};
  }
  const struct {
    int shape;
    hid_t file_type, memory_type;
    const void *fill;
  } besides[DKM_N_BESIDES] = {
      [DKM_BESIDE_STATUS] = {DKM_PER_POINT, H5T_STD_U8LE, H5T_NATIVE_UINT8, NULL},
      [DKM_BESIDE_CHECKSUM] = {DKM_PER_POINT, H5T_STD_U32LE, H5T_NATIVE_UINT32, NULL},
      [DKM_BESIDE_M] = {DKM_HDF5_PER_CLASS, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &no_float64},
      [DKM_BESIDE_BETA_RE] = {DKM_PER_MODE, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &no_float64},
      [DKM_BESIDE_BETA_IM] = {DKM_PER_MODE, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &no_float64}};
  for (int i = 0; i < dkm_besides_of(job); i++) {
    dkm_dims dims = {0};
    dkm_dims_add_beside(&dims, (dkm_beside)i, job->system.n_modes, job->system.n_classes);
    variable[n++] = (dkm_hdf5_variable){.name = dkm_besides[i].name,
                                        .units = "1",
                                        .long_name = dkm_besides[i].long_name,
                                        .shape = besides[i].shape,
                                        .n_values = (hsize_t)dkm_dims_values(&dims),
                                        .file_type = besides[i].file_type,
                                        .memory_type = besides[i].memory_type,
                                        .fill = besides[i].fill};
  }
  for (int i = 0; i < n; i++) variable[i].value_bytes = H5Tget_size(variable[i].file_type);
  return n;
}

/* ---- an open file ---- */

static size_t most_bytes_a_point(const dkm_hdf5_file *file) {
  size_t most = 1;
  for (int i = 0; i < file->n_variables; i++) {
    const size_t bytes = (size_t)file->variable[i].n_values * file->variable[i].value_bytes;
    if (bytes > most) most = bytes;
  }
  return most;
}

int64_t dkm_hdf5_chunk(const dkm_hdf5_file *file) {
  const size_t bytes = most_bytes_a_point(file);
  return bytes < DKM_HDF5_BUFFER_BYTES ? (int64_t)(DKM_HDF5_BUFFER_BYTES / bytes) : 1;
}

/* Whether a dataset has the extent that the job wants. */
static bool has_extent(hid_t dataset, int n_dims, const hsize_t *extent) {
  hsize_t found[H5S_MAX_RANK];
  const hid_t space = H5Dget_space(dataset);
  const bool same = space >= 0 && H5Sget_simple_extent_ndims(space) == n_dims &&
                    H5Sget_simple_extent_dims(space, found, NULL) == n_dims &&
                    memcmp(found, extent, (size_t)n_dims * sizeof *extent) == 0;
  if (space >= 0) H5Sclose(space);
  return same;
}

static bool has_shape(const dkm_hdf5_file *file, int shape) {
  for (int i = 0; i < file->n_known; i++)
    if (file->variable[i].shape == shape) return true;
  return false;
}

dkm_status dkm_hdf5_file_attach(dkm_hdf5_file *file, hid_t id, const char *path, const dkm_job *job, dkm_error *err) {
  hsize_t extent[DKM_MOST_DIMS];
  char reason[DKM_HDF5_REASON_BYTES];
  long long format;

  memset(file, 0, sizeof *file);
  file->id = id;
  for (int i = 0; i < DKM_HDF5_MAX_VARIABLES; i++) file->dataset[i] = H5I_INVALID_HID;
  for (int s = 0; s < N_SPACES; s++) file->space[s] = H5I_INVALID_HID;
  dkm_hdf5_grid_of(job, &file->grid);
  dkm_form_of(job, &file->form);
  file->n_known = file->n_variables = dkm_hdf5_variables(job, &file->form, file->variable);
  if (!dkm_hdf5_int_attribute(id, "format_version", &format))
    return dkm_hdf5_damaged(path, err, "it does not say of which format it is");
  file->format = (int)format;
  const dkm_status listed = dkm_hdf5_list_fields(file, path, err);
  if (listed) return listed;

  file->buffer = malloc((size_t)dkm_hdf5_chunk(file) * most_bytes_a_point(file));
  if (!file->buffer) return dkm_fail(err, DKM_MEMORY, "%s: out of memory for the buffer of one run of points", path);
  for (int s = 0; s < DKM_HDF5_N_SHAPES; s++) {
    if (!has_shape(file, s)) continue;
    const int n_dims = dkm_hdf5_extent(&file->grid, s, extent, NULL);
    file->space[s] = H5Screate_simple(n_dims, extent, NULL);
    if (file->space[s] < 0) return dkm_fail(err, DKM_IO, "%s: %s", path, dkm_hdf5_reason(reason, sizeof reason));
  }
  for (int i = 0; i < file->n_known; i++) {
    const dkm_hdf5_variable *variable = &file->variable[i];
    if (variable->field && !dkm_hdf5_has_field(file, i)) continue;
    file->dataset[i] = H5Dopen2(id, variable->name, H5P_DEFAULT);
    if (file->dataset[i] < 0) return dkm_hdf5_damaged(path, err, "dataset `%s` cannot be opened", variable->name);
    const int n_dims = dkm_hdf5_extent(&file->grid, variable->shape, extent, NULL);
    if (!has_extent(file->dataset[i], n_dims, extent))
      return dkm_fail(err, DKM_IO, "%s does not fit the job: dataset `%s` has another shape", path, variable->name);
  }
  return dkm_hdf5_read_codes(file, path, err);
}

herr_t dkm_hdf5_file_detach(dkm_hdf5_file *file) {
  herr_t result = 0;
  for (int i = 0; i < file->n_variables; i++)
    if (file->dataset[i] >= 0 && H5Dclose(file->dataset[i]) < 0) result = -1;
  for (int s = 0; s < N_SPACES; s++)
    if (file->space[s] >= 0 && H5Sclose(file->space[s]) < 0) result = -1;
  if (H5Fclose(file->id) < 0) result = -1;
  for (int i = 0; i < DKM_HDF5_MAX_VARIABLES; i++) free(file->codes[i]);
  free(file->list);
  free(file->buffer);
  memset(file, 0, sizeof *file);
  return result;
}

/* Selects the run in a dataspace whose dimensions beyond the grid's are taken whole. */
static herr_t select_run(hid_t space, const dkm_hdf5_grid *grid, int64_t first, int64_t count) {
  hsize_t extent[DKM_HDF5_MAX_DIMS], start[DKM_HDF5_MAX_DIMS], size[DKM_HDF5_MAX_DIMS], stride[DKM_MAX_AXES];
  const int n = H5Sget_simple_extent_dims(space, extent, NULL), last = grid->n_dims - 1;
  H5S_seloper_t add = H5S_SELECT_SET;

  stride[last] = 1;
  for (int d = last; d > 0; d--) stride[d - 1] = stride[d] * grid->shape[d];

  for (hsize_t i = (hsize_t)first, left = (hsize_t)count; left > 0; add = H5S_SELECT_OR) {
    for (int d = 0; d <= last; d++) {
      start[d] = i / stride[d] % grid->shape[d];
      size[d] = 1;
    }
    for (int d = last + 1; d < n; d++) {
      start[d] = 0;
      size[d] = extent[d];
    }
    int d = last; /* along which the box is cut; it is whole along those after */
    while (d > 0 && start[d] == 0 && left >= stride[d - 1]) {
      size[d] = grid->shape[d];
      d--;
    }
    size[d] = left / stride[d];
    if (size[d] > grid->shape[d] - start[d]) size[d] = grid->shape[d] - start[d];
    if (H5Sselect_hyperslab(space, add, start, NULL, size, NULL) < 0) return -1;
    i += size[d] * stride[d];
    left -= size[d] * stride[d];
  }
  return 0;
}

herr_t dkm_hdf5_select(dkm_hdf5_file *file, int64_t first, int64_t count) {
  assert(first >= 0 && count > 0);
  for (int s = 0; s < N_SPACES; s++)
    if (file->space[s] >= 0 && select_run(file->space[s], &file->grid, first, count) < 0) return -1;
  file->n_selected = (hsize_t)count;
  return 0;
}

herr_t dkm_hdf5_get(dkm_hdf5_file *file, int i_variable, void *values) {
  const dkm_hdf5_variable *variable = &file->variable[i_variable];
  const hsize_t n = file->n_selected * variable->n_values;
  const hid_t memory = H5Screate_simple(1, &n, NULL);
  if (memory < 0) return -1;
  if (H5Dread(file->dataset[i_variable], variable->memory_type, memory, file->space[variable->shape], H5P_DEFAULT,
              values) < 0)
    return -1; /* the dataspace is lost, the reason is kept: closing would clear it */
  return H5Sclose(memory);
}

/* ---- reasons ---- */

void dkm_hdf5_quiet(void) {
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

struct reason {
  char *out;
  size_t out_bytes;
};

/* Where HDF5 quotes the system, as in "file write failed: time = ..., filename = ..., errno = 28,
 * error message = 'No space left on device', buf = ...", that part and the system's words are
 * enough. */
static void shorten(char *text) {
  static const char before[] = "error message = '";
  char *message = strstr(text, before), *end = strstr(text, ": ");
  if (!message || !end || message < end) return;
  message += strlen(before);
  const size_t length = strcspn(message, "'");
  memmove(end + 2, message, length);
  end[2 + length] = '\0';
}

static herr_t take_first(unsigned n, const H5E_error2_t *entry, void *client) {
  struct reason *reason = client;
  if (n == 0) snprintf(reason->out, reason->out_bytes, "%s", entry->desc ? entry->desc : "no description");
  return 0;
}

const char *dkm_hdf5_reason(char *out, size_t out_bytes) {
  struct reason reason = {out, out_bytes};
  snprintf(out, out_bytes, "HDF5 gives no reason");
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_first, &reason);
  shorten(out);
  for (char *c = out; *c; c++) /* one line */
    if (*c == '\n') *c = ' ';
  return out;
}

/* The same quotation as a number; names of files may hold anything, but stand before it. */
static herr_t take_error(unsigned n, const H5E_error2_t *entry, void *client) {
  static const char before[] = "errno = ";
  const char *at = n == 0 ? entry->desc : NULL;
  while (at && (at = strstr(at, before))) *(int *)client = atoi(at += strlen(before));
  return 0;
}

bool dkm_hdf5_was_interrupted(void) {
  int error = 0;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_error, &error);
  return error == EINTR;
}

hid_t dkm_hdf5_create(const char *path, unsigned flags, hid_t how, hid_t access) {
  hid_t file;
  do {
    file = H5Fcreate(path, flags, how, access);
  } while (file < 0 && dkm_hdf5_was_interrupted());
  return file;
}

static bool is_sound(const char *path) {
  const int descriptor = dkm_file_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
  const dkm_guard_state state = descriptor < 0 ? DKM_GUARD_UNREADABLE : dkm_guard_check(descriptor, NULL);
  if (descriptor >= 0) dkm_file_close(descriptor);
  return state == DKM_GUARD_GOOD || state == DKM_GUARD_UNREADABLE;
}

dkm_status dkm_hdf5_damaged(const char *path, dkm_error *err, const char *format, ...) {
  char why[DKM_HDF5_REASON_BYTES] = "", what[DKM_MESSAGE_BYTES / 2];
  struct reason reason = {why, sizeof why};
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_first, &reason); /* nothing, if HDF5 has not failed */
  if (why[0]) dkm_hdf5_reason(why, sizeof why);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  return dkm_fail(err, DKM_IO, "%s %s: %s%s%s", path, is_sound(path) ? "cannot be read" : "is damaged", what,
                  why[0] ? ": " : "", why);
}

dkm_status dkm_store_begin(dkm_error *err) {
  const herr_t before = H5dont_atexit(); /* fails where it was called before */
  (void)before;
  /* Initialised before MPI, HDF5 does not ask MPI_Finalize to end it. */
  return H5open() < 0 ? dkm_fail(err, DKM_IO, "the HDF5 library cannot be started") : DKM_OK;
}

void dkm_store_library_version(char *out, size_t out_bytes) {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  snprintf(out, out_bytes, "HDF5 %u.%u.%u", major, minor, release);
}
