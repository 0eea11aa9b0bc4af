/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_carry: records of old files in a new one; see dickemap/carry.h.
 *
 * The new file is walked in blocks of consecutive points:
 *
 *   match          index of each point in the old grid, or none
 *   judge          old status, records, checksums (and states), read in windows: what is done and agrees is accepted
 *   copy           of each variable: block of the new file + accepted cells from the old one -> back
 *
 * Blocks of either file are contiguous reads and writes; single points would cost as much each.  Where neighbours in
 * the new grid are far apart in the old one (axes in another order), windows are small and it takes longer. */
#define _GNU_SOURCE /* asprintf */
#include "dickemap/carry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/match.h"
#include "store_hdf5.h"

enum {
  BLOCK = 1 << 13,
  GAP = 256,               /* reading so many points more costs less than another call */
  STATUS_BLOCK = 1 << 20
};
#define STATE_BYTES ((size_t)1 << 24) /* of the states of a window */

struct carrying {
  const dkm_carry *carry;
  dkm_carry_source *source;
  const char *new_path;
  dkm_match *match;
  dkm_store_reader *reader; /* of the old file: records for checksums */
  dkm_hdf5_file from, to;   /* cells */
  bool has_from, has_to;
  size_t n_state_old, n_state;
  int64_t block, window;
  /* of the points of a block */
  int64_t *i_old; /* -1: nothing to take */
  uint8_t *marks;
  uint32_t *checksums;
  /* of the points of a window */
  dkm_record *records;
  uint8_t *old_marks;
  uint32_t *old_checksums;
  double *states;
};

/* ---- windows ---- */

struct window {
  int64_t begin, end; /* points of the block */
  int64_t first, count; /* points of the old grid, which hold all that they take */
};

/* The next window at or behind point i of the block of n; false if nothing is left to take. */
static bool next_window(const struct carrying *c, int64_t i, int64_t n, struct window *window) {
  while (i < n && c->i_old[i] < 0) i++;
  if (i == n) return false;
  int64_t low = c->i_old[i], high = low;
  *window = (struct window){.begin = i};
  for (i++; i < n; i++) {
    const int64_t j = c->i_old[i];
    if (j < 0) continue;
    if (j < low - GAP || j > high + GAP) break;
    const int64_t new_low = j < low ? j : low, new_high = j > high ? j : high;
    if (new_high - new_low >= c->window) break;
    low = new_low;
    high = new_high;
  }
  window->end = i;
  window->first = low;
  window->count = high - low + 1;
  return true;
}

/* ---- judge ---- */

static dkm_status judge_point(struct carrying *c, int64_t i_point, int64_t i, int64_t j, dkm_error *err) {
  const dkm_job *job = c->carry->job;
  const dkm_record *record = &c->records[j];
  const double *state = c->states ? c->states + (size_t)j * c->n_state_old : NULL;
  const int64_t wanted = c->i_old[i];
  char point[DKM_MESSAGE_BYTES / 2];
  c->i_old[i] = -1;
  if (wanted < 0 || c->old_marks[j] == DKM_STATUS_TODO) return DKM_OK;
  if (c->old_marks[j] > DKM_STATUS_POINT_FAILED ||
      dkm_record_checksum(record, job->patterns.n_modes, state, c->n_state_old) != c->old_checksums[j]) {
    c->source->n_damaged++;
    return DKM_OK;
  }
  /* The new file may keep less. */
  const uint32_t checksum = c->n_state == c->n_state_old
                                ? c->old_checksums[j]
                                : dkm_record_checksum(record, job->patterns.n_modes, NULL, 0);
  if (c->marks[i] != DKM_STATUS_TODO) {
    if (c->checksums[i] != checksum)
      return dkm_fail(err, DKM_INPUT,
                      "%s holds another record of %s than a file named before it (checksums %08x and %08x); compute the "
                      "point anew in one of them, or leave one out",
                      c->source->path, dkm_job_describe_point(job, i_point, point, sizeof point), (unsigned)checksum,
                      (unsigned)c->checksums[i]);
    c->source->n_repeated++;
    return DKM_OK;
  }
  c->i_old[i] = wanted;
  c->marks[i] = c->old_marks[j];
  c->checksums[i] = checksum;
  c->source->n_carried++;
  return DKM_OK;
}

static dkm_status judge(struct carrying *c, int64_t first, int64_t n, dkm_error *err) {
  struct window w;
  dkm_status status = DKM_OK;
  for (int64_t i = 0; !status && next_window(c, i, n, &w); i = w.end) {
    /* Status first: a record that is done then is complete when it is read. */
    status = dkm_store_reader_status(c->reader, w.first, w.count, c->old_marks, err);
    if (!status) status = dkm_store_reader_records(c->reader, w.first, w.count, c->records, c->old_checksums, err);
    if (!status && c->states) status = dkm_store_reader_states(c->reader, w.first, w.count, c->states, err);
    for (int64_t k = w.begin; !status && k < w.end; k++)
      if (c->i_old[k] >= 0) status = judge_point(c, first + k, k, c->i_old[k] - w.first, err);
  }
  return status;
}

/* ---- copy ---- */

static dkm_status cannot(const char *what, const char *path, const char *name, dkm_error *err) {
  char reason[DKM_HDF5_REASON_BYTES];
  return dkm_fail(err, DKM_IO, "%s: `%s` cannot be %s: %s", path, name, what, dkm_hdf5_reason(reason, sizeof reason));
}

/* The accepted cells of one variable from the old file into the block in c->to.buffer. */
static dkm_status take_cells(struct carrying *c, int v, int64_t n, dkm_error *err) {
  const dkm_hdf5_variable *variable = &c->to.variable[v];
  const size_t bytes = variable->value_bytes * (size_t)variable->n_values;
  struct window w;
  for (int64_t i = 0; next_window(c, i, n, &w); i = w.end) {
    if (dkm_hdf5_select(&c->from, w.first, w.count) < 0 || dkm_hdf5_get(&c->from, v, c->from.buffer) < 0)
      return cannot("read", c->source->path, variable->name, err);
    for (int64_t k = w.begin; k < w.end; k++)
      if (c->i_old[k] >= 0)
        memcpy((char *)c->to.buffer + (size_t)k * bytes,
               (const char *)c->from.buffer + (size_t)(c->i_old[k] - w.first) * bytes, bytes);
  }
  return DKM_OK;
}

static dkm_status copy(struct carrying *c, int64_t first, int64_t n, dkm_error *err) {
  if (dkm_hdf5_select(&c->to, first, n) < 0) return cannot("written", c->new_path, "a run of points", err);
  for (int v = 0; v < c->to.n_variables; v++) {
    const char *name = c->to.variable[v].name;
    const void *values = c->to.buffer;
    if (v == DKM_HDF5_STATUS) {
      values = c->marks;
    } else if (v == DKM_HDF5_CHECKSUM) {
      values = c->checksums;
    } else {
      if (dkm_hdf5_get(&c->to, v, c->to.buffer) < 0) return cannot("read", c->new_path, name, err);
      const dkm_status status = take_cells(c, v, n, err);
      if (status) return status;
    }
    if (dkm_hdf5_put(&c->to, v, values) < 0) return cannot("written", c->new_path, name, err);
  }
  return DKM_OK;
}

static dkm_status carry_block(struct carrying *c, int64_t first, int64_t n, dkm_error *err) {
  bool wants_any = false, takes_any = false;
  for (int64_t i = 0; i < n; i++) {
    const bool is_ours = !c->carry->shard || dkm_shard_has(c->carry->shard, first + i);
    c->i_old[i] = is_ours ? dkm_match_find(c->match, first + i) : -1;
    wants_any = wants_any || c->i_old[i] >= 0;
  }
  if (!wants_any) return DKM_OK;
  if (dkm_hdf5_select(&c->to, first, n) < 0 || dkm_hdf5_get(&c->to, DKM_HDF5_STATUS, c->marks) < 0 ||
      dkm_hdf5_get(&c->to, DKM_HDF5_CHECKSUM, c->checksums) < 0)
    return cannot("read", c->new_path, "status", err);
  dkm_status status = judge(c, first, n, err);
  for (int64_t i = 0; i < n; i++) takes_any = takes_any || c->i_old[i] >= 0;
  return status || !takes_any ? status : copy(c, first, n, err);
}

/* ---- one source ---- */

static dkm_status count_done(struct carrying *c, dkm_error *err) {
  const int64_t n_points = dkm_store_reader_job(c->reader)->n_points;
  const int64_t block = n_points < STATUS_BLOCK ? n_points : STATUS_BLOCK;
  dkm_status status = DKM_OK;
  uint8_t *marks = malloc((size_t)block);
  if (!marks) return dkm_fail(err, DKM_MEMORY, "%s: out of memory for the status of its points", c->source->path);
  for (int64_t first = 0, n; !status && first < n_points; first += n) {
    n = n_points - first < block ? n_points - first : block;
    status = dkm_store_reader_status(c->reader, first, n, marks, err);
    for (int64_t i = 0; !status && i < n; i++) c->source->n_done += marks[i] != DKM_STATUS_TODO;
  }
  free(marks);
  return status;
}

static dkm_status open_files(struct carrying *c, dkm_error *err) {
  char reason[DKM_HDF5_REASON_BYTES];
  hid_t id = H5I_INVALID_HID;
  dkm_status status = dkm_store_reader_open(c->source->path, &c->reader, err);
  if (status) return status;
  if (dkm_hdf5_recognise(c->source->path, &id, reason) != DKM_HDF5_OURS) {
    if (id >= 0) H5Fclose(id);
    return dkm_fail(err, DKM_IO, "%s %s", c->source->path, reason);
  }
  c->has_from = true;
  status = dkm_hdf5_file_attach(&c->from, id, c->source->path, dkm_store_reader_job(c->reader), err);
  if (status) return status;

  const hid_t access = H5Pcreate(H5P_FILE_ACCESS); /* as the file was created; not locked, as it has no name yet */
  if (access >= 0 && H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST) >= 0 &&
      H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0 && H5Pset_file_locking(access, false, true) >= 0)
    id = H5Fopen(c->new_path, H5F_ACC_RDWR, access);
  else
    id = H5I_INVALID_HID;
  if (id < 0) return cannot("opened", c->new_path, "file", err);
  H5Pclose(access);
  c->has_to = true;
  return dkm_hdf5_file_attach(&c->to, id, c->new_path, c->carry->job, err);
}

static bool allocate(struct carrying *c) {
  const int64_t from = dkm_hdf5_chunk(&c->from), to = dkm_hdf5_chunk(&c->to);
  c->block = to < BLOCK ? to : BLOCK;
  c->window = from < 2 * BLOCK ? from : 2 * BLOCK;
  while (c->window > 1 && (size_t)c->window * c->n_state_old * sizeof(double) > STATE_BYTES) c->window /= 2;
  c->i_old = malloc((size_t)c->block * sizeof *c->i_old);
  c->marks = malloc((size_t)c->block);
  c->checksums = malloc((size_t)c->block * sizeof *c->checksums);
  c->records = malloc((size_t)c->window * sizeof *c->records);
  c->old_marks = malloc((size_t)c->window);
  c->old_checksums = malloc((size_t)c->window * sizeof *c->old_checksums);
  if (c->n_state_old > 0) c->states = malloc((size_t)c->window * c->n_state_old * sizeof *c->states);
  return c->i_old && c->marks && c->checksums && c->records && c->old_marks && c->old_checksums &&
         (c->n_state_old == 0 || c->states);
}

static dkm_status carry_source(struct carrying *c, dkm_error *err) {
  const dkm_job *job = c->carry->job;
  dkm_status status = open_files(c, err);
  if (status) return status;
  const dkm_job *old = dkm_store_reader_job(c->reader);
  if ((status = count_done(c, err))) return status;
  c->source->lacks_states = job->keep_state && !old->keep_state;
  if (c->source->lacks_states) return DKM_OK;
  c->n_state_old = old->keep_state ? dkm_model_size(&old->patterns) : 0;
  c->n_state = job->keep_state ? dkm_model_size(&job->patterns) : 0;
  if (!allocate(c)) return dkm_fail(err, DKM_MEMORY, "%s: out of memory for a block of points", c->source->path);
  if ((status = dkm_match_create(old, job, &c->match, err))) return status;
  for (int64_t first = 0, n; !status && first < job->n_points; first += n) {
    n = job->n_points - first < c->block ? job->n_points - first : c->block;
    status = carry_block(c, first, n, err);
  }
  return status;
}

/* One line about where records came from, for the new file's attribute. */
static dkm_status add_line(const struct carrying *c, char **text, dkm_error *err) {
  char version[128], date[64];
  char *longer = NULL;
  dkm_store_reader_attribute(c->reader, "dickemap_version", version, sizeof version);
  dkm_store_reader_attribute(c->reader, "date_created", date, sizeof date);
  if (asprintf(&longer, "%s%s%s: %lld points, dickemap %s, created %s", *text ? *text : "", *text ? "\n" : "",
               c->source->path, (long long)c->source->n_carried, version, date) < 0)
    return dkm_fail(err, DKM_MEMORY, "%s: out of memory for the list of its sources", c->new_path);
  free(*text);
  *text = longer;
  return DKM_OK;
}

static dkm_status put_list(const struct carrying *c, const char *text, dkm_error *err) {
  const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
  hid_t attribute = H5I_INVALID_HID;
  dkm_status status = DKM_OK;
  if (type < 0 || space < 0 || H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0 ||
      (attribute = H5Acreate2(c->to.id, "records_from", type, space, H5P_DEFAULT, H5P_DEFAULT)) < 0 ||
      H5Awrite(attribute, type, &text) < 0)
    status = cannot("written", c->new_path, "records_from", err);
  if (attribute >= 0) H5Aclose(attribute);
  if (space >= 0) H5Sclose(space);
  if (type >= 0) H5Tclose(type);
  return status;
}

static dkm_status close_files(struct carrying *c, dkm_status status, dkm_error *err) {
  dkm_match_destroy(c->match);
  dkm_store_reader_close(c->reader);
  if (c->has_from) dkm_hdf5_file_detach(&c->from);
  if (c->has_to && dkm_hdf5_file_detach(&c->to) < 0 && !status)
    status = dkm_fail(err, DKM_IO, "%s could not be closed in good order", c->new_path);
  free(c->i_old);
  free(c->marks);
  free(c->checksums);
  free(c->records);
  free(c->old_marks);
  free(c->old_checksums);
  free(c->states);
  return status;
}

dkm_status dkm_carry_fill(void *context, const char *new_path, dkm_error *err) {
  const dkm_carry *carry = context;
  char *list = NULL;
  dkm_status status = DKM_OK;
  dkm_hdf5_quiet();
  for (int i = 0; i < carry->n_sources && !status; i++) {
    struct carrying c = {.carry = carry, .source = &carry->sources[i], .new_path = new_path};
    const char *path = c.source->path;
    *c.source = (dkm_carry_source){.path = path};
    status = carry_source(&c, err);
    if (!status) status = add_line(&c, &list, err);
    if (!status && i == carry->n_sources - 1) status = put_list(&c, list, err);
    status = close_files(&c, status, err);
  }
  free(list);
  return status;
}

dkm_status dkm_carry_check(const char *path, const dkm_job *job, dkm_error *err) {
  dkm_store_reader *reader = NULL;
  char keys[DKM_MESSAGE_BYTES / 2];
  dkm_status status = dkm_store_reader_open(path, &reader, err);
  if (status) return status;
  const int n = dkm_match_differences(dkm_store_reader_job(reader), job, keys, sizeof keys);
  if (n < 0)
    status = dkm_fail(err, DKM_MEMORY, "%s: out of memory for the comparison of its job", path);
  else if (n > 0)
    status = dkm_fail(err, DKM_INPUT, "%s has no point in common with the job: they differ in %s", path, keys);
  dkm_store_reader_close(reader);
  return status;
}
