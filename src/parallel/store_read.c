/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_read: what a file is, the job inside it, and its records; also while a run writes.
 *
 * The serial driver, read-only, without locks: a writer of ours never changes metadata, so
 * there is nothing to protect, and locking fails outright on some network file systems.
 * Nothing is buffered between calls, so that each call sees the file as it is then. */
#include "store_hdf5.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dickemap/file.h"

enum { STATUS_BLOCK = 1 << 20 };

struct dkm_store_reader {
  char *path;
  bool has_job;
  dkm_job job;
  dkm_shard shard;
  bool has_file, guarded;
  dkm_hdf5_file file;
  double *states; /* of a buffer of points, once a checksum needs them */
};

/* ---- what a file says about itself ---- */

static herr_t without_lock(hid_t access) {
#ifdef DKM_HDF5_SETS_LOCKING
  return H5Pset_file_locking(access, false, true);
#else
  (void)access; /* before HDF5 1.10.7 the environment alone says it; H5Fopen looks there each time */
  return setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1);
#endif
}

hid_t dkm_hdf5_open_read_only(const char *path) {
  hid_t id = H5I_INVALID_HID;
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  if (access < 0) return access;
  if (without_lock(access) >= 0 && H5Pset_sieve_buf_size(access, 0) >= 0 &&
      H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0)
    do { /* HDF5 itself makes reads again that a signal interrupted, but not this */
      id = H5Fopen(path, H5F_ACC_RDONLY, access);
    } while (id < 0 && dkm_hdf5_was_interrupted());
  if (id >= 0) H5Pclose(access); /* otherwise it would clear the reason; a property list is lost */
  return id;
}

bool dkm_hdf5_int_attribute(hid_t file, const char *name, long long *value) {
  if (H5Aexists(file, name) <= 0) return false;
  const hid_t attribute = H5Aopen(file, name, H5P_DEFAULT);
  if (attribute < 0) return false;
  const hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
  const bool found = type >= 0 && space >= 0 && H5Tget_class(type) == H5T_INTEGER &&
                     H5Sget_simple_extent_npoints(space) == 1 && H5Aread(attribute, H5T_NATIVE_LLONG, value) >= 0;
  if (space >= 0) H5Sclose(space);
  if (type >= 0) H5Tclose(type);
  H5Aclose(attribute);
  return found;
}

char *dkm_hdf5_text_attribute(hid_t file, const char *name) {
  hid_t attribute = H5I_INVALID_HID, type = H5I_INVALID_HID, space = H5I_INVALID_HID, memory = H5I_INVALID_HID;
  char *text = NULL, *read = NULL;
  if (H5Aexists(file, name) <= 0) return NULL;
  if ((attribute = H5Aopen(file, name, H5P_DEFAULT)) < 0) goto cleanup;
  if ((type = H5Aget_type(attribute)) < 0 || H5Tget_class(type) != H5T_STRING) goto cleanup;
  if ((space = H5Aget_space(attribute)) < 0 || H5Sget_simple_extent_npoints(space) != 1) goto cleanup;
  if ((memory = H5Tcopy(H5T_C_S1)) < 0) goto cleanup;
  if (H5Tset_cset(memory, H5Tget_cset(type)) < 0) goto cleanup;
  if (H5Tis_variable_str(type) > 0) {
    if (H5Tset_size(memory, H5T_VARIABLE) < 0 || H5Aread(attribute, memory, &read) < 0) goto cleanup;
    text = strdup(read ? read : "");
    H5Dvlen_reclaim(memory, space, H5P_DEFAULT, &read);
  } else {
    const size_t size = H5Tget_size(type);
    if (size == 0 || H5Tset_size(memory, size + 1) < 0) goto cleanup;
    if (!(text = calloc(size + 1, 1)) || H5Aread(attribute, memory, text) < 0) {
      free(text);
      text = NULL;
    }
  }
cleanup:
  if (memory >= 0) H5Tclose(memory);
  if (space >= 0) H5Sclose(space);
  if (type >= 0) H5Tclose(type);
  if (attribute >= 0) H5Aclose(attribute);
  return text;
}

dkm_hdf5_origin dkm_hdf5_recognise_guarded(const char *path, hid_t *id, bool *guarded, char *reason) {
  char hdf5_reason[DKM_HDF5_REASON_BYTES - 40];
  long long format = 0;

  *id = H5I_INVALID_HID;
  *guarded = false;
  reason[0] = '\0';
  struct stat file;
  const int descriptor = dkm_file_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0); /* a FIFO would be waited for */
  if (descriptor < 0) {
    const bool name = dkm_file_blames_name(errno);
    snprintf(reason, DKM_HDF5_REASON_BYTES, "cannot be read: %s", strerror(errno));
    return name ? DKM_HDF5_FOREIGN : DKM_HDF5_UNREADABLE;
  }
  if (fstat(descriptor, &file) == 0 && !S_ISREG(file.st_mode)) {
    snprintf(reason, DKM_HDF5_REASON_BYTES, "is not a regular file");
    dkm_file_close(descriptor);
    return DKM_HDF5_FOREIGN;
  }
  const dkm_guard_state guard = dkm_guard_check(descriptor, NULL);
  *guarded = guard == DKM_GUARD_GOOD;
  if (guard == DKM_GUARD_UNREADABLE) snprintf(reason, DKM_HDF5_REASON_BYTES, "cannot be read: %s", strerror(errno));
  dkm_file_close(descriptor);
  if (guard == DKM_GUARD_UNREADABLE) return DKM_HDF5_UNREADABLE;
  if (guard == DKM_GUARD_BROKEN) { /* HDF5 may not survive it */
    snprintf(reason, DKM_HDF5_REASON_BYTES,
             "is damaged, or another program changed it: its metadata do not agree with their checksum (if the change "
             "was meant: delete its attribute metadata_checksum)");
    return DKM_HDF5_DAMAGED;
  }
  htri_t is_hdf5;
  do {
    is_hdf5 = H5Fis_hdf5(path);
  } while (is_hdf5 < 0 && dkm_hdf5_was_interrupted());
  if (is_hdf5 == 0) {
    snprintf(reason, DKM_HDF5_REASON_BYTES, "is not an HDF5 file");
    return DKM_HDF5_FOREIGN;
  }
  if (is_hdf5 < 0 || (*id = dkm_hdf5_open_read_only(path)) < 0) {
    const bool of_storage = is_hdf5 < 0 || *guarded;
    snprintf(reason, DKM_HDF5_REASON_BYTES, "%s: %s", of_storage ? "cannot be read" : "is a damaged HDF5 file",
             dkm_hdf5_reason(hdf5_reason, sizeof hdf5_reason));
    return of_storage ? DKM_HDF5_UNREADABLE : DKM_HDF5_DAMAGED;
  }
  if (H5Aexists(*id, "dickemap_version") <= 0 || !dkm_hdf5_int_attribute(*id, "format_version", &format)) {
    /* What has a checksum of its metadata that agrees is ours. */
    snprintf(reason, DKM_HDF5_REASON_BYTES,
             *guarded ? "cannot be read: HDF5 does not find the version of its format"
                      : "is an HDF5 file, but not one of dickemap's");
    H5Fclose(*id);
    *id = H5I_INVALID_HID;
    return *guarded ? DKM_HDF5_UNREADABLE : DKM_HDF5_FOREIGN;
  }
  if (format < DKM_STORE_OLDEST_FORMAT || format > DKM_STORE_FORMAT_VERSION) {
    snprintf(reason, DKM_HDF5_REASON_BYTES,
             "has format %lld of dickemap's files, while this version of the program reads formats %d to %d", format,
             DKM_STORE_OLDEST_FORMAT, DKM_STORE_FORMAT_VERSION);
    return DKM_HDF5_OTHER_FORMAT;
  }
  if (!dkm_hdf5_is_local(*id, reason)) {
    H5Fclose(*id);
    *id = H5I_INVALID_HID;
    return DKM_HDF5_FOREIGN;
  }
  return DKM_HDF5_OURS;
}

dkm_hdf5_origin dkm_hdf5_recognise(const char *path, hid_t *id, char *reason) {
  bool guarded;
  return dkm_hdf5_recognise_guarded(path, id, &guarded, reason);
}

/* ---- the reader ---- */

/* Parses the job that the file holds, with the --set strings of its run. */
static dkm_status read_job(dkm_store_reader *reader, hid_t id, dkm_error *err) {
  char *text = dkm_hdf5_text_attribute(id, "job"), *name = dkm_hdf5_text_attribute(id, "job_file");
  char *sets = dkm_hdf5_text_attribute(id, "job_sets");
  const char **set = NULL;
  dkm_job_file *files = NULL;
  int n_sets = 0, n_files = 0;
  dkm_error inner = {.status = DKM_OK};
  dkm_status status = DKM_OK;

  if (!text) {
    status = dkm_hdf5_damaged(reader->path, err, "the job inside it cannot be read");
    goto cleanup;
  }
  if (sets) {
    size_t n_lines = 1;
    for (const char *c = sets; *c; c++) n_lines += *c == '\n';
    set = malloc(n_lines * sizeof *set);
    if (!set) {
      status = dkm_fail(err, DKM_MEMORY, "%s: out of memory for the job inside it", reader->path);
      goto cleanup;
    }
    char *rest = sets;
    for (char *line; (line = strsep(&rest, "\n"));) set[n_sets++] = line;
  }
  if ((status = dkm_hdf5_get_job_files(id, reader->path, &n_files, &files, err)) != DKM_OK) goto cleanup;
  status = dkm_job_parse_with_files(&reader->job, name ? name : "job", text, n_sets, set, n_files, files, &inner);
  if (status != DKM_OK)
    dkm_fail(err, status = status == DKM_INPUT ? DKM_IO : status, "%s: the job inside it cannot be used: %s",
             reader->path, inner.message);
  else
    reader->has_job = true;

cleanup:
  dkm_hdf5_free_job_files(n_files, files);
  free(set);
  free(sets);
  free(name);
  free(text);
  return status;
}

/* Which part of the grid the file is for. */
static dkm_status read_shard(dkm_store_reader *reader, hid_t id, dkm_error *err) {
  static const char *const names[] = {"shard", "n_shards", "shard_block"};
  long long value[3];
  int n = 0;
  reader->shard = DKM_SHARD_WHOLE;
  if (H5Aexists(id, names[0]) == 0) return DKM_OK;
  while (n < 3 && dkm_hdf5_int_attribute(id, names[n], &value[n]) && value[n] > 0 && value[n] <= INT_MAX) n++;
  if (n == 3) reader->shard = (dkm_shard){.index = (int)value[0], .n = (int)value[1], .block = value[2]};
  if (n == 3 && dkm_shard_is_valid(&reader->shard)) return DKM_OK;
  return dkm_hdf5_damaged(reader->path, err, "it does not say which shard it is");
}

dkm_status dkm_store_reader_open(const char *path, dkm_store_reader **out, dkm_error *err) {
  char reason[DKM_HDF5_REASON_BYTES];
  struct stat found;
  hid_t id = H5I_INVALID_HID;
  dkm_status status = DKM_OK;

  *out = NULL;
  dkm_hdf5_quiet();
  if (stat(path, &found) != 0) return dkm_fail(err, DKM_INPUT, "%s: %s", path, strerror(errno));
  if (S_ISDIR(found.st_mode)) return dkm_fail(err, DKM_INPUT, "%s is a folder", path);

  dkm_store_reader *reader = calloc(1, sizeof *reader);
  if (!reader || !(reader->path = strdup(path))) {
    free(reader);
    return dkm_fail(err, DKM_MEMORY, "%s: out of memory while opening it", path);
  }
  const dkm_hdf5_origin origin = dkm_hdf5_recognise_guarded(path, &id, &reader->guarded, reason);
  if (origin == DKM_HDF5_OURS)
    status = read_job(reader, id, err);
  else
    status = dkm_fail(err, origin == DKM_HDF5_DAMAGED || origin == DKM_HDF5_UNREADABLE ? DKM_IO : DKM_INPUT, "%s %s",
                      path, reason);
  if (status == DKM_OK) status = read_shard(reader, id, err);
  if (status == DKM_OK) {
    reader->has_file = true;
    status = dkm_hdf5_file_attach(&reader->file, id, path, &reader->job, err);
  } else if (id >= 0) {
    H5Fclose(id);
  }
  if (status != DKM_OK) {
    dkm_store_reader_close(reader);
    return status;
  }
  *out = reader;
  return DKM_OK;
}

void dkm_store_reader_close(dkm_store_reader *reader) {
  if (!reader) return;
  if (reader->has_file) dkm_hdf5_file_detach(&reader->file);
  if (reader->has_job) dkm_job_free(&reader->job);
  free(reader->states);
  free(reader->path);
  free(reader);
}

bool dkm_store_reader_guarded(const dkm_store_reader *reader) {
  return reader->guarded;
}

bool dkm_store_reader_is_current(const dkm_store_reader *reader) {
  return dkm_hdf5_is_current(&reader->file);
}

const char *dkm_store_reader_unknown_field(const dkm_store_reader *reader) {
  return dkm_hdf5_unknown_field(&reader->file);
}

const dkm_job *dkm_store_reader_job(const dkm_store_reader *reader) {
  return &reader->job;
}

dkm_shard dkm_store_reader_shard(const dkm_store_reader *reader) {
  return reader->shard;
}

void dkm_store_reader_attribute(dkm_store_reader *reader, const char *name, char *out, size_t out_bytes) {
  long long number = 0;
  char *text = dkm_hdf5_text_attribute(reader->file.id, name);
  if (text)
    snprintf(out, out_bytes, "%s", text);
  else if (dkm_hdf5_int_attribute(reader->file.id, name, &number))
    snprintf(out, out_bytes, "%lld", number);
  else if (out_bytes > 0)
    out[0] = '\0';
  free(text);
}

char *dkm_store_reader_text(dkm_store_reader *reader, const char *name) {
  char *text = dkm_hdf5_text_attribute(reader->file.id, name);
  return text ? text : strdup("");
}

static dkm_status read_failed(const dkm_store_reader *reader, const char *what, dkm_error *err) {
  char reason[DKM_HDF5_REASON_BYTES];
  return dkm_fail(err, DKM_IO, "%s: `%s` cannot be read: %s", reader->path, what,
                  dkm_hdf5_reason(reason, sizeof reason));
}

dkm_status dkm_store_reader_status(dkm_store_reader *reader, int64_t first, int64_t count, uint8_t *status,
                                   dkm_error *err) {
  if (count == 0) return DKM_OK;
  if (dkm_hdf5_select(&reader->file, first, count) < 0 || dkm_hdf5_get(&reader->file, DKM_HDF5_STATUS(&reader->file.form), status) < 0)
    return read_failed(reader, "status", err);
  return DKM_OK;
}

/* ---- records ---- */

/* The record of a file that lacks some fields: made by the first method, unless it says otherwise. */
static void clear(const dkm_form *form, void *record) {
  dkm_form_clear(form, record);
  *(uint8_t *)dkm_form_member(form, record, form->method) = 1;
}

/* Moves n values of a field from the buffer into records. */
static void scatter(const dkm_hdf5_file *file, int f, int64_t n, char *records) {
  const size_t bytes = file->variable[f].value_bytes * (size_t)file->variable[f].n_values;
  const uint8_t *codes = file->codes[f];
  for (int64_t i = 0; i < n; i++, records += file->form.bytes) {
    uint8_t *member = dkm_form_member(&file->form, records, f);
    memcpy(member, (const char *)file->buffer + (size_t)i * bytes, bytes);
    for (size_t j = 0; codes && j < bytes; j++) member[j] = codes[member[j]];
  }
}

static dkm_status get_field(dkm_store_reader *reader, int f, dkm_error *err) {
  dkm_hdf5_file *file = &reader->file;
  return dkm_hdf5_get(file, f, file->buffer) < 0 ? read_failed(reader, file->variable[f].name, err) : DKM_OK;
}

/* The checksums of n points from the values in the file: what it lists, in its order, then the states.  The fields that
 * the table knows come into the records on the way. */
static dkm_status read_listed(dkm_store_reader *reader, int64_t first, int64_t n, char *records,
                              uint32_t *computed, dkm_error *err) {
  dkm_hdf5_file *file = &reader->file;
  dkm_status status = DKM_OK;
  if (computed) memset(computed, 0, (size_t)n * sizeof *computed);
  for (int l = 0; l < file->n_listed; l++) {
    const int f = file->listed[l];
    const dkm_hdf5_variable *variable = &file->variable[f];
    const size_t n_values = (size_t)variable->n_values, bytes = variable->value_bytes * n_values;
    if (!computed && !variable->field) continue;
    if ((status = get_field(reader, f, err))) return status;
    for (int64_t i = 0; computed && i < n; i++)
      computed[i] =
          dkm_record_crc(computed[i], variable->type, (const char *)file->buffer + (size_t)i * bytes, n_values);
    if (variable->field) scatter(file, f, n, records);
  }
  if (!computed) return DKM_OK;
  if (reader->job.keep_state) {
    const size_t n_state = dkm_model_size(&reader->job.system);
    if (!reader->states) reader->states = malloc((size_t)dkm_hdf5_chunk(file) * n_state * sizeof *reader->states);
    if (!reader->states) return dkm_fail(err, DKM_MEMORY, "%s: out of memory for states", reader->path);
    if ((status = dkm_store_reader_states(reader, first, n, reader->states, err))) return status;
    for (int64_t i = 0; i < n; i++)
      computed[i] = dkm_record_crc(computed[i], DKM_FLOAT64, reader->states + (size_t)i * n_state, n_state);
  }
  for (int64_t i = 0; i < n; i++) computed[i] = dkm_record_crc_end(computed[i]);
  return DKM_OK;
}

dkm_status dkm_store_reader_records(dkm_store_reader *reader, int64_t first, int64_t count, void *records,
                                    uint32_t *stored, uint32_t *computed, dkm_error *err) {
  dkm_hdf5_file *file = &reader->file;
  const dkm_form *form = &file->form;
  const int64_t chunk = dkm_hdf5_chunk(file);
  dkm_status status = DKM_OK;
  char *block = records;
  for (int64_t n; count > 0 && !status; count -= n, first += n, block += (size_t)n * form->bytes) {
    n = count < chunk ? count : chunk;
    if (dkm_hdf5_select(file, first, n) < 0) return read_failed(reader, "a run of points", err);
    for (int64_t i = 0; i < n; i++) clear(form, block + (size_t)i * form->bytes);
    status = read_listed(reader, first, n, block, computed, err);
    for (int f = 0; f < form->n_fields && !status; f++) {
      if (form->fields[f].reproducible || file->dataset[f] < 0) continue;
      if (!(status = get_field(reader, f, err))) scatter(file, f, n, block);
    }
    if (!status && stored && dkm_hdf5_get(file, DKM_HDF5_CHECKSUM(form), stored) < 0)
      status = read_failed(reader, "checksum", err);
    if (stored) stored += n;
    if (computed) computed += n;
  }
  return status;
}

dkm_status dkm_store_reader_methods(dkm_store_reader *reader, int64_t first, int64_t count, uint8_t *methods,
                                    dkm_error *err) {
  dkm_hdf5_file *file = &reader->file;
  const int f = file->form.method;
  if (count == 0) return DKM_OK;
  if (file->dataset[f] < 0) {
    memset(methods, 1, (size_t)count);
    return DKM_OK;
  }
  if (dkm_hdf5_select(file, first, count) < 0 || dkm_hdf5_get(file, f, methods) < 0)
    return read_failed(reader, file->form.fields[f].name, err);
  return DKM_OK;
}

dkm_status dkm_store_reader_states(dkm_store_reader *reader, int64_t first, int64_t count, double *states,
                                   dkm_error *err) {
  dkm_hdf5_file *file = &reader->file;
  const int64_t chunk = dkm_hdf5_chunk(file);
  const size_t n_classes = (size_t)file->grid.counts.n_classes, n_modes = (size_t)file->grid.counts.n_modes;
  const size_t n_state = 3 * n_classes + 2 * n_modes;
  const double *values = file->buffer;
  if (!reader->job.keep_state)
    return dkm_fail(err, DKM_INPUT, "%s keeps no final states: its job says `output: {state: none}`", reader->path);
  for (int64_t n; count > 0; count -= n, first += n, states += (size_t)n * n_state) {
    n = count < chunk ? count : chunk;
    if (dkm_hdf5_select(file, first, n) < 0) return read_failed(reader, "a run of points", err);
    if (dkm_hdf5_get(file, DKM_HDF5_M(&file->form), file->buffer) < 0) return read_failed(reader, "m", err);
    for (size_t i = 0; i < (size_t)n; i++)
      for (size_t k = 0; k < n_classes; k++)
        for (size_t component = 0; component < 3; component++)
          states[i * n_state + component * n_classes + k] = values[(i * n_classes + k) * 3 + component];
    for (int part = 0; part < 2; part++) {
      const int i_variable = part ? DKM_HDF5_BETA_IM(&file->form) : DKM_HDF5_BETA_RE(&file->form);
      if (dkm_hdf5_get(file, i_variable, file->buffer) < 0)
        return read_failed(reader, file->variable[i_variable].name, err);
      for (size_t i = 0; i < (size_t)n; i++)
        memcpy(states + i * n_state + 3 * n_classes + (size_t)part * n_modes, values + i * n_modes,
               n_modes * sizeof *states);
    }
  }
  return DKM_OK;
}
