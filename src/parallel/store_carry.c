/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_carry: records of old files in a new one; see dickemap/carry.h.
 *
 * The new file is walked in blocks of consecutive points:
 *
 *   match          index of each point in the old grid, or none
 *   judge          old status, records, checksums, read in windows: what is done, agrees with its checksum and, if another
 *                  method made it, with theory, is accepted
 *   copy           of each variable: block of the new file + accepted values -> back
 *
 * All files are read for records of this program's method first, and then for others: where one file has the old
 * record of a point and another the new one, the new one counts.
 *
 * The old file may have other fields and other codes (store.h): what is taken is its records, as the reader gives them.
 * Only the values of states are copied as they are.  Where classes depend on the point (dkm_system.spins) each file has
 * room for as many as its own job needs, and NaN where a point has fewer.
 *
 * Only raw data are written: metadata of a file never change.  Blocks of either file are contiguous reads and writes;
 * single points would cost as much each.  Where neighbours in the new grid are far apart in the old one (axes in
 * another order), a block's points are taken in the old order. */
#define _GNU_SOURCE /* qsort_r */
#include "dickemap/carry.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/match.h"
#include "store_hdf5.h"

enum {
  BLOCK = 1 << 13,
  GAP = 256 /* reading so many points more costs less than another call */
};
#define STATE_BYTES ((size_t)1 << 24) /* of the states of a window */

struct carrying {
  const dkm_carry *carry;
  dkm_carry_source *source;
  const char *new_path;
  dkm_match *match;
  dkm_store_reader *reader; /* of the old file: records for checksums */
  dkm_hdf5_file from, to;   /* cells, to be read */
  bool has_from, has_to;
  dkm_store *store; /* of the new file, to be written */
  dkm_form form;    /* of the records of both */
  bool others;      /* this time it is about records of other methods */
  bool skipped;     /* the other time there is something */
  bool further;     /* the new job's limits are larger */
  size_t n_state;
  int64_t block, window;
  /* of the points of a block */
  int64_t *i_old; /* -1: nothing to take */
  int64_t *order, n_ordered;
  uint8_t *marks, *methods;
  uint32_t *checksums;
  char *taken; /* records */
  dkm_store_reader *reader_there; /* of the new file, once it is asked for what it holds already */
  char *there;
  double *states_there;
  bool has_there; /* of this block */
  /* of the points of a window */
  char *records;
  uint8_t *old_marks;
  uint32_t *old_checksums, *computed;
  double *states;      /* if the new file keeps them, as there */
  double *states_from; /* as in the old file */
};

/* ---- windows ---- */

static int by_old_index(const void *a, const void *b, void *context) {
  const int64_t *i_old = context, i = *(const int64_t *)a, j = *(const int64_t *)b;
  return (i_old[i] > i_old[j]) - (i_old[i] < i_old[j]);
}

/* The points of the block that have something to take, in the order of the old grid. */
static void order_block(struct carrying *c, int64_t n) {
  bool is_ascending = true;
  c->n_ordered = 0;
  for (int64_t i = 0; i < n; i++) {
    if (c->i_old[i] < 0) continue;
    is_ascending = is_ascending && (c->n_ordered == 0 || c->i_old[i] >= c->i_old[c->order[c->n_ordered - 1]]);
    c->order[c->n_ordered++] = i;
  }
  if (!is_ascending) qsort_r(c->order, (size_t)c->n_ordered, sizeof *c->order, by_old_index, c->i_old);
}

struct window {
  int64_t begin, end;   /* of `order` */
  int64_t first, count; /* points of the old grid, which hold all that they take */
};

/* The window that begins with order[k]; false at the end. */
static bool next_window(const struct carrying *c, int64_t k, struct window *window) {
  if (k == c->n_ordered) return false;
  const int64_t first = c->i_old[c->order[k]];
  int64_t last = first;
  *window = (struct window){.begin = k, .first = first};
  for (k++; k < c->n_ordered; k++) {
    const int64_t next = c->i_old[c->order[k]];
    if (next > last + GAP || next - first >= c->window) break;
    last = next;
  }
  window->end = k;
  window->count = last - first + 1;
  return true;
}

/* ---- judge ---- */

/* Whether a record agrees with its mark and its checksum, and can be understood. */
static bool is_whole(const struct carrying *c, int64_t j) {
  const void *record = dkm_form_record(&c->form, c->records, j);
  const int mark = dkm_form_has_failed(&c->form, record) ? DKM_STATUS_POINT_FAILED : DKM_STATUS_DONE;
  return dkm_form_is_written(&c->form, record) && !dkm_form_unknown_code(&c->form, record) && c->old_marks[j] == mark &&
         c->computed[j] == c->old_checksums[j];
}

/* States of n points, from the old file's number of classes to the new one's. */
static void lay_out(const struct carrying *c, int64_t n) {
  const size_t K_from = (size_t)c->from.grid.counts.n_classes, K = (size_t)c->to.grid.counts.n_classes;
  const size_t rest = c->n_state - 3 * K, n_from = 3 * K_from + rest;
  for (size_t i = 0; i < (size_t)n; i++) {
    const double *from = c->states_from + i * n_from;
    double *to = c->states + i * c->n_state;
    for (size_t component = 0; component < 3; component++)
      for (size_t k = 0; k < K; k++) to[component * K + k] = k < K_from ? from[component * K_from + k] : NAN;
    memcpy(to + 3 * K, from + 3 * K_from, rest * sizeof *to);
  }
}

/* The records of a block that the new file holds, and their states. */
static dkm_status read_there(struct carrying *c, int64_t first, int64_t n, dkm_error *err) {
  dkm_status status = DKM_OK;
  if (c->has_there) return DKM_OK;
  if (!c->reader_there && (status = dkm_store_reader_open(c->new_path, &c->reader_there, err))) return status;
  if (!c->there) c->there = malloc((size_t)c->block * c->form.bytes);
  if (c->states && !c->states_there) c->states_there = malloc((size_t)c->block * c->n_state * sizeof *c->states_there);
  if (!c->there || (c->states && !c->states_there))
    return dkm_fail(err, DKM_MEMORY, "%s: out of memory for a block of points", c->new_path);
  status = dkm_store_reader_records(c->reader_there, first, n, c->there, NULL, NULL, err);
  if (!status && c->states) status = dkm_store_reader_states(c->reader_there, first, n, c->states_there, err);
  c->has_there = !status;
  return status;
}

/* A file named before had point i of the block, whose record and state here are these: the same but for their last
 * digits, as another machine may have them? */
static dkm_status judge_repeated(struct carrying *c, int64_t i_point, int64_t i, int64_t n, const void *record,
                                 const double *state, dkm_error *err) {
  const dkm_job *job = c->carry->job;
  char point[DKM_MESSAGE_BYTES / 2];
  dkm_point parameters;
  dkm_difference difference;
  const dkm_status status = read_there(c, i_point - i, n, err);
  if (status) return status;
  dkm_job_point(job, i_point, &parameters);
  dkm_compared there = {.record = dkm_form_record(&c->form, c->there, i)}, here = {.record = record};
  if (state) {
    there.state = c->states_there + (size_t)i * c->n_state;
    here.state = state;
    there.n_state = here.n_state = c->n_state;
  }
  const dkm_agreement agreement = dkm_compare_records(&c->form, &job->system, &parameters, there, here, &difference);
  if (agreement == DKM_AGREEMENT_NONE)
    return dkm_fail(err, DKM_INPUT,
                    "%s holds another record of %s than a file named before it (%s is %.17g, not %.17g); compute the "
                    "point anew in one of them, or leave one out",
                    c->source->path, dkm_job_describe_point(job, i_point, point, sizeof point), difference.name,
                    difference.b, difference.a);
  c->source->n_in_digits++;
  if (!c->source->most.name || difference.relative > c->source->most.relative) c->source->most = difference;
  return DKM_OK;
}

/* Point i of a block of n, whose record is the j-th of the window. */
static dkm_status judge_point(struct carrying *c, int64_t i_point, int64_t i, int64_t n, int64_t j, dkm_error *err) {
  const dkm_job *job = c->carry->job;
  const void *record = dkm_form_record(&c->form, c->records, j);
  const uint8_t method = dkm_form_method(&c->form, record);
  const double *state = c->states ? c->states + (size_t)j * c->n_state : NULL;
  const int64_t wanted = c->i_old[i];
  c->i_old[i] = -1;
  if (c->old_marks[j] == DKM_STATUS_TODO) return DKM_OK;
  if (!is_whole(c, j)) {
    c->source->n_damaged += !c->others;
    return DKM_OK;
  }
  if (c->further && dkm_form_limited(&c->form, record) != DKM_LIMITED_NO) {
    c->source->n_limited += !c->others;
    return DKM_OK;
  }
  const bool is_other = method != DKM_RECORD_METHOD;
  c->skipped = c->skipped || (is_other && !c->others);
  if (is_other != c->others) return DKM_OK;
  if (is_other && c->marks[i] == DKM_STATUS_TODO) {
    char why[DKM_MESSAGE_BYTES];
    if (!dkm_form_stands(&c->form, job, i_point, record, why, sizeof why)) {
      c->source->n_refuted++;
      return DKM_OK;
    }
  }
  const uint32_t checksum = dkm_form_checksum(&c->form, record, state, c->n_state);
  if (c->marks[i] != DKM_STATUS_TODO) {
    if (c->checksums[i] != checksum && c->methods[i] == method) {
      const dkm_status status = judge_repeated(c, i_point, i, n, record, state, err);
      if (status) return status;
    }
    c->source->n_repeated++;
    return DKM_OK;
  }
  c->i_old[i] = wanted;
  c->marks[i] = c->old_marks[j];
  c->methods[i] = method;
  c->checksums[i] = checksum;
  memcpy(dkm_form_record(&c->form, c->taken, i), record, c->form.bytes);
  c->source->n_carried++;
  return DKM_OK;
}

static dkm_status judge(struct carrying *c, int64_t first, int64_t n, dkm_error *err) {
  struct window w;
  dkm_status status = DKM_OK;
  for (int64_t k = 0; !status && next_window(c, k, &w); k = w.end) {
    /* Status first: a record that is done then is complete when it is read. */
    status = dkm_store_reader_status(c->reader, w.first, w.count, c->old_marks, err);
    if (!status)
      status = dkm_store_reader_records(c->reader, w.first, w.count, c->records, c->old_checksums, c->computed, err);
    if (!status && c->states) status = dkm_store_reader_states(c->reader, w.first, w.count, c->states_from, err);
    if (!status && c->states) lay_out(c, w.count);
    for (int64_t l = w.begin; !status && l < w.end; l++) {
      const int64_t i = c->order[l];
      status = judge_point(c, first + i, i, n, c->i_old[i] - w.first, err);
    }
  }
  return status;
}

/* ---- copy ---- */

static dkm_status cannot(const char *what, const char *path, const char *name, dkm_error *err) {
  char reason[DKM_HDF5_REASON_BYTES];
  return dkm_fail(err, DKM_IO, "%s: `%s` cannot be %s: %s", path, name, what, dkm_hdf5_reason(reason, sizeof reason));
}

/* One field of the accepted records into the block in c->to.buffer. */
static void take_field(struct carrying *c, const dkm_hdf5_variable *variable) {
  const size_t bytes = variable->value_bytes * (size_t)variable->n_values;
  for (int64_t k = 0; k < c->n_ordered; k++) {
    const int64_t i = c->order[k];
    memcpy((char *)c->to.buffer + (size_t)i * bytes, (const char *)dkm_form_record(&c->form, c->taken, i) + variable->offset, bytes);
  }
}

/* The accepted cells of one part of the states, from the old file. */
static dkm_status take_cells(struct carrying *c, int v, dkm_error *err) {
  const dkm_hdf5_variable *variable = &c->to.variable[v];
  const size_t bytes = variable->value_bytes * (size_t)variable->n_values;
  const size_t bytes_from = variable->value_bytes * (size_t)c->from.variable[v].n_values;
  const size_t common = bytes < bytes_from ? bytes : bytes_from;
  struct window w;
  for (int64_t k = 0; next_window(c, k, &w); k = w.end) {
    if (dkm_hdf5_select(&c->from, w.first, w.count) < 0 || dkm_hdf5_get(&c->from, v, c->from.buffer) < 0)
      return cannot("read", c->source->path, variable->name, err);
    for (int64_t l = w.begin; l < w.end; l++) {
      const int64_t i = c->order[l];
      char *cell = (char *)c->to.buffer + (size_t)i * bytes;
      memcpy(cell, (const char *)c->from.buffer + (size_t)(c->i_old[i] - w.first) * bytes_from, common);
      for (double *value = (double *)(cell + common); (char *)value < cell + bytes; value++) *value = NAN;
    }
  }
  return DKM_OK;
}

static dkm_status copy(struct carrying *c, int64_t first, int64_t n, dkm_error *err) {
  if (dkm_hdf5_select(&c->to, first, n) < 0) return cannot("read", c->new_path, "a run of points", err);
  for (int v = 0; v < c->to.n_variables; v++) {
    const char *name = c->to.variable[v].name;
    void *values = c->to.buffer;
    if (v == DKM_HDF5_STATUS(&c->form)) {
      values = c->marks;
    } else if (v == DKM_HDF5_CHECKSUM(&c->form)) {
      values = c->checksums;
    } else {
      if (dkm_hdf5_get(&c->to, v, c->to.buffer) < 0) return cannot("read", c->new_path, name, err);
      dkm_status status = DKM_OK;
      if (c->to.variable[v].field)
        take_field(c, &c->to.variable[v]);
      else
        status = take_cells(c, v, err);
      if (status) return status;
    }
    const dkm_status status = dkm_hdf5_write_values(c->store, v, first, n, values, err);
    if (status) return status;
  }
  return DKM_OK;
}

static dkm_status carry_block(struct carrying *c, int64_t first, int64_t n, dkm_error *err) {
  for (int64_t i = 0; i < n; i++) {
    const bool is_ours = !c->carry->shard || dkm_shard_has(c->carry->shard, first + i);
    c->i_old[i] = is_ours ? dkm_match_find(c->match, first + i) : -1;
  }
  order_block(c, n);
  if (c->n_ordered == 0) return DKM_OK;
  if (dkm_hdf5_select(&c->to, first, n) < 0 || dkm_hdf5_get(&c->to, DKM_HDF5_STATUS(&c->form), c->marks) < 0 ||
      dkm_hdf5_get(&c->to, DKM_HDF5_CHECKSUM(&c->form), c->checksums) < 0 ||
      dkm_hdf5_get(&c->to, c->form.method, c->methods) < 0)
    return cannot("read", c->new_path, "status", err);
  c->has_there = false;
  const dkm_status status = judge(c, first, n, err);
  if (status) return status;
  order_block(c, n); /* what was accepted */
  return c->n_ordered > 0 ? copy(c, first, n, err) : DKM_OK;
}

/* ---- one source ---- */

/* What a later version knows would be lost. */
static dkm_status open_old(const char *path, dkm_store_reader **reader, dkm_error *err) {
  const dkm_status status = dkm_store_reader_open(path, reader, err);
  const char *unknown = status ? NULL : dkm_store_reader_unknown_field(*reader);
  if (!unknown) return status;
  dkm_fail(err, DKM_INPUT, "%s has the field `%s` of a later version of dickemap, which would be lost", path, unknown);
  dkm_store_reader_close(*reader);
  *reader = NULL;
  return DKM_INPUT;
}

static dkm_status open_files(struct carrying *c, dkm_error *err) {
  char reason[DKM_HDF5_REASON_BYTES];
  hid_t id = H5I_INVALID_HID;
  dkm_status status = open_old(c->source->path, &c->reader, err);
  if (status) return status;
  if (dkm_hdf5_recognise(c->source->path, &id, reason) != DKM_HDF5_OURS) {
    if (id >= 0) H5Fclose(id);
    return dkm_fail(err, DKM_IO, "%s %s", c->source->path, reason);
  }
  c->has_from = true;
  status = dkm_hdf5_file_attach(&c->from, id, c->source->path, dkm_store_reader_job(c->reader), err);
  if (status) return status;

  if ((status = dkm_store_open(c->new_path, c->carry->job, &c->store, err))) return status;
  if ((id = dkm_hdf5_open_read_only(c->new_path)) < 0) return cannot("opened", c->new_path, "file", err);
  c->has_to = true;
  return dkm_hdf5_file_attach(&c->to, id, c->new_path, c->carry->job, err);
}

static bool allocate(struct carrying *c) {
  const int64_t from = dkm_hdf5_chunk(&c->from), to = dkm_hdf5_chunk(&c->to);
  c->block = to < BLOCK ? to : BLOCK;
  c->window = from < 2 * BLOCK ? from : 2 * BLOCK;
  const size_t n_from = 3 * (size_t)c->from.grid.counts.n_classes + 2 * (size_t)c->from.grid.counts.n_modes;
  const size_t n_most = n_from > c->n_state ? n_from : c->n_state;
  while (c->n_state > 0 && c->window > 1 && (size_t)c->window * n_most * sizeof(double) > STATE_BYTES) c->window /= 2;
  c->i_old = malloc((size_t)c->block * sizeof *c->i_old);
  c->order = malloc((size_t)c->block * sizeof *c->order);
  c->marks = malloc((size_t)c->block);
  c->methods = malloc((size_t)c->block);
  c->checksums = malloc((size_t)c->block * sizeof *c->checksums);
  c->taken = malloc((size_t)c->block * c->form.bytes);
  c->records = malloc((size_t)c->window * c->form.bytes);
  c->old_marks = malloc((size_t)c->window);
  c->old_checksums = malloc((size_t)c->window * sizeof *c->old_checksums);
  c->computed = malloc((size_t)c->window * sizeof *c->computed);
  if (c->n_state > 0) {
    c->states = malloc((size_t)c->window * c->n_state * sizeof *c->states);
    c->states_from = malloc((size_t)c->window * n_from * sizeof *c->states_from);
  }
  return c->i_old && c->order && c->marks && c->methods && c->checksums && c->taken && c->records && c->old_marks &&
         c->old_checksums && c->computed && (c->n_state == 0 || (c->states && c->states_from));
}

static dkm_status carry_source(struct carrying *c, dkm_error *err) {
  const dkm_job *job = c->carry->job;
  dkm_status status = open_files(c, err);
  if (status) return status;
  const dkm_job *old = dkm_store_reader_job(c->reader);
  if (!c->others && (status = dkm_store_reader_count_done(c->reader, &c->source->n_done, err))) return status;
  c->source->lacks_states = job->keep_state && !old->keep_state;
  if (c->source->lacks_states) return DKM_OK;
  c->n_state = job->keep_state ? dkm_model_size(&job->system) : 0;
  c->further = dkm_match_goes_further(old, job);
  dkm_form_of(job, &c->form);
  if (!allocate(c)) return dkm_fail(err, DKM_MEMORY, "%s: out of memory for a block of points", c->source->path);
  if ((status = dkm_match_create(old, job, &c->match, err))) return status;
  for (int64_t first = 0, n; !status && first < job->n_points; first += n) {
    n = job->n_points - first < c->block ? job->n_points - first : c->block;
    status = carry_block(c, first, n, err);
  }
  return status;
}

static dkm_status close_files(struct carrying *c, dkm_status status, dkm_error *err) {
  dkm_match_destroy(c->match);
  dkm_store_reader_close(c->reader);
  dkm_store_reader_close(c->reader_there);
  if (c->has_from) dkm_hdf5_file_detach(&c->from);
  if (c->has_to) dkm_hdf5_file_detach(&c->to);
  if (c->store) {
    const dkm_status closed = dkm_store_close(c->store, status ? NULL : err);
    if (!status) status = closed;
  }
  free(c->i_old);
  free(c->order);
  free(c->marks);
  free(c->methods);
  free(c->checksums);
  free(c->records);
  free(c->old_marks);
  free(c->old_checksums);
  free(c->computed);
  free(c->taken);
  free(c->there);
  free(c->states_there);
  free(c->states);
  free(c->states_from);
  return status;
}

dkm_status dkm_carry_fill(void *context, const char *new_path, dkm_error *err) {
  const dkm_carry *carry = context;
  dkm_status status = DKM_OK;
  dkm_hdf5_quiet();
  for (int others = 0; others <= 1; others++)
    for (int i = 0; i < carry->n_sources && !status; i++) {
      struct carrying c = {.carry = carry, .source = &carry->sources[i], .new_path = new_path, .others = others};
      if (others && !c.source->has_others) continue;
      if (!others) *c.source = (dkm_carry_source){.path = c.source->path};
      status = close_files(&c, carry_source(&c, err), err);
      c.source->has_others = c.skipped;
    }
  return status;
}

/* ---- before ---- */

dkm_status dkm_carry_check(const char *path, const dkm_job *job, dkm_error *err) {
  dkm_store_reader *reader = NULL;
  char keys[DKM_MESSAGE_BYTES / 2], limits[DKM_MESSAGE_BYTES / 2], starts[DKM_MESSAGE_BYTES / 2];
  dkm_status status = open_old(path, &reader, err);
  if (status) return status;
  const bool has_limits = dkm_match_limits(dkm_store_reader_job(reader), job, limits, sizeof limits) > 0;
  const bool has_starts = dkm_match_starts(dkm_store_reader_job(reader), job, starts, sizeof starts);
  const int n = dkm_match_differences(dkm_store_reader_job(reader), job, keys, sizeof keys);
  if (n < 0)
    status = dkm_fail(err, DKM_MEMORY, "%s: out of memory for the comparison of its job", path);
  else if (n > 0)
    status = dkm_fail(err, DKM_INPUT, "%s has no point in common with the job: they differ in %s%s%s%s%s", path, keys,
                      has_limits ? "; " : "", limits, has_starts ? "; " : "", starts);
  dkm_store_reader_close(reader);
  return status;
}

dkm_status dkm_carry_describe(const dkm_carry *carry, char **out, dkm_error *err) {
  size_t bytes = 0;
  dkm_status status = DKM_OK;
  *out = NULL;
  FILE *text = open_memstream(out, &bytes);
  if (!text) return dkm_fail(err, DKM_MEMORY, "out of memory for the list of files that records come from");
  for (int i = 0; i < carry->n_sources && !status; i++) {
    dkm_store_reader *reader = NULL;
    char version[128], date[64], gsl[64];
    if ((status = dkm_store_reader_open(carry->sources[i].path, &reader, err))) break;
    const dkm_shard shard = dkm_store_reader_shard(reader);
    dkm_store_reader_attribute(reader, "dickemap_version", version, sizeof version);
    dkm_store_reader_attribute(reader, "date_created", date, sizeof date);
    dkm_store_reader_attribute(reader, "gsl_version", gsl, sizeof gsl);
    fprintf(text, "%s%s: dickemap %s, GSL %s, created %s", i ? "\n" : "", carry->sources[i].path, version, gsl, date);
    if (shard.n > 1) fprintf(text, ", shard %d of %d", shard.index, shard.n);
    dkm_store_reader_close(reader);
  }
  const bool failed = ferror(text);
  if ((fclose(text) != 0 || failed) && !status)
    status = dkm_fail(err, DKM_MEMORY, "out of memory for the list of files that records come from");
  if (status) {
    free(*out);
    *out = NULL;
  }
  return status;
}
