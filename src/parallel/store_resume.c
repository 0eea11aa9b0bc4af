/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_resume: what is left to do in a file; see dickemap/resume.h.
 *
 * `status` decides: 0 is to be done.  Records of another method must agree with theory, too.  With `check` a record
 * must also agree with its checksum, which is computed from the values in the file as it was when they were written.  
 * What is done although it must be computed again is first marked as to be done:
 *
 *   find (serial, read-only) -> all ranks open -> the master resets marks, syncs -> schedule */
#include "dickemap/resume.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dickemap/carry.h"
#include "store_hdf5.h"

enum { STATUS_BLOCK = 1 << 20, RECORD_BLOCK = 4096, FIRST_RANGES = 64 };

static dkm_status check_fields(const char *path, dkm_error *err) {
  dkm_store_reader *reader = NULL;
  dkm_status status = dkm_store_reader_open(path, &reader, err);
  const char *unknown = status ? NULL : dkm_store_reader_unknown_field(reader);
  if (unknown)
    status =
        dkm_fail(err, DKM_INPUT,
                 "output %s cannot be resumed: it has the field `%s` of a later version of dickemap, which this one "
                 "cannot compute",
                 path, unknown);
  dkm_store_reader_close(reader);
  return status;
}

/* Numbers mean the same in any unit, but the file tells one. */
static dkm_status check_unit(const char *path, hid_t id, const dkm_job *job, dkm_error *err) {
  char *unit = dkm_hdf5_text_attribute(id, "unit"); /* NULL of files that are older than it */
  dkm_status status = DKM_OK;
  if (unit && strcmp(unit, job->unit) != 0)
    status = dkm_fail(err, DKM_INPUT,
                      "output %s cannot be resumed: its unit is %s, and that of the job %s; --extend takes its points into a new "
                      "file (-o), with the unit of the job",
                      path, unit, job->unit);
  free(unit);
  return status;
}

dkm_status dkm_resume_check(const char *path, const dkm_job *job, bool *exists, dkm_error *err) {
  char reason[DKM_HDF5_REASON_BYTES], keys[DKM_MESSAGE_BYTES / 2];
  struct stat found;
  hid_t id = H5I_INVALID_HID;
  char *theirs = NULL, *ours = NULL;
  dkm_status status = DKM_OK;

  dkm_hdf5_quiet();
  *exists = stat(path, &found) == 0 || errno != ENOENT;
  if (!*exists) return DKM_OK;
  const dkm_hdf5_origin origin = dkm_hdf5_recognise(path, &id, reason);
  if (origin == DKM_HDF5_DAMAGED || origin == DKM_HDF5_UNREADABLE) {
    status = dkm_fail(err, DKM_IO, "output %s cannot be resumed: it %s", path, reason);
  } else if (origin != DKM_HDF5_OURS) {
    status = dkm_fail(err, DKM_INPUT, "output %s cannot be resumed: it %s", path, reason);
  } else {
    theirs = dkm_hdf5_text_attribute(id, "job_canonical");
    ours = dkm_job_canonical(job);
    if (!ours)
      status = dkm_fail(err, DKM_MEMORY, "output %s: out of memory for its job", path);
    else if (!theirs)
      status = dkm_fail(err, DKM_IO, "output %s cannot be resumed: its job cannot be read", path);
    else if (dkm_job_differences(theirs, ours, keys, sizeof keys) != 0)
      status = dkm_fail(err, DKM_INPUT,
                        "output %s cannot be resumed: it holds another job, which differs in %s; %s--overwrite instead of "
                        "--resume replaces it",
                        path, keys,
                        dkm_carry_check(path, job, NULL) ? "" : "--extend takes its points into a new file (-o), ");
  }
  free(ours);
  free(theirs);
  if (status == DKM_OK) status = check_unit(path, id, job, err);
  if (id >= 0) H5Fclose(id);
  return status ? status : check_fields(path, err);
}

/* ---- ranges ---- */

struct ranges {
  dkm_range *list;
  int64_t n, capacity;
};

static bool add_point(struct ranges *ranges, int64_t i_point) {
  if (ranges->n > 0 && ranges->list[ranges->n - 1].first + ranges->list[ranges->n - 1].count == i_point) {
    ranges->list[ranges->n - 1].count++;
    return true;
  }
  if (ranges->n == ranges->capacity) {
    const int64_t capacity = ranges->capacity ? 2 * ranges->capacity : FIRST_RANGES;
    dkm_range *larger = realloc(ranges->list, (size_t)capacity * sizeof *larger);
    if (!larger) return false;
    ranges->list = larger;
    ranges->capacity = capacity;
  }
  ranges->list[ranges->n++] = (dkm_range){.first = i_point, .count = 1};
  return true;
}

/* ---- records that are done, but not to be believed ---- */

struct records {
  uint8_t *methods; /* of a block of points; the others: of RECORD_BLOCK */
  char *records;
  uint32_t *stored, *computed;
  dkm_form form;
  int64_t most; /* of them */
};

static void free_records(struct records *r) {
  free(r->records);
  free(r->stored);
  free(r->computed);
  free(r->methods);
}

static bool allocate_records(struct records *r, int64_t block) {
  r->records = malloc((size_t)r->most * r->form.bytes);
  r->stored = malloc((size_t)r->most * sizeof *r->stored);
  r->computed = malloc((size_t)r->most * sizeof *r->computed);
  r->methods = malloc((size_t)block);
  return r->records && r->stored && r->computed && r->methods;
}

enum doubt { NO_DOUBT, WRONG, REFUTED };

static enum doubt doubt_of(const dkm_job *job, const struct records *r, int64_t i_point, int64_t i, uint8_t mark,
                           bool check) {
  const void *record = dkm_form_record(&r->form, r->records, i);
  char why[DKM_MESSAGE_BYTES];
  if (check && (r->computed[i] != r->stored[i] || !dkm_form_is_written(&r->form, record) ||
                (mark == DKM_STATUS_POINT_FAILED) != dkm_form_has_failed(&r->form, record)))
    return WRONG;
  if (dkm_form_method(&r->form, record) == DKM_RECORD_METHOD) return NO_DOUBT;
  return dkm_form_stands(&r->form, job, i_point, record, why, sizeof why) ? NO_DOUBT : REFUTED;
}

/* doubts[i] of point first + i, for those that are marked as done. Records are read only where there may be
 * something. */
static dkm_status doubt_all(dkm_store_reader *reader, struct records *r, int64_t first, int64_t count,
                            const uint8_t *marks, bool check, uint8_t *doubts, dkm_error *err) {
  const dkm_job *job = dkm_store_reader_job(reader);
  dkm_status status = dkm_store_reader_methods(reader, first, count, r->methods, err);
  memset(doubts, NO_DOUBT, (size_t)count);
  for (int64_t begin = 0, n; begin < count && !status; begin += n) {
    n = count - begin < r->most ? count - begin : r->most;
    bool wanted = false;
    for (int64_t i = begin; i < begin + n; i++)
      wanted = wanted || (marks[i] != DKM_STATUS_TODO && (check || r->methods[i] != DKM_RECORD_METHOD));
    if (!wanted) continue;
    status = dkm_store_reader_records(reader, first + begin, n, r->records, r->stored, check ? r->computed : NULL, err);
    for (int64_t i = 0; i < n && !status; i++)
      if (marks[begin + i] != DKM_STATUS_TODO)
        doubts[begin + i] = (uint8_t)doubt_of(job, r, first + begin + i, i, marks[begin + i], check);
  }
  return status;
}

/* ---- what is left ---- */

/* Adds what is left of a block of points. */
static bool add_block(int64_t first, int64_t n, const uint8_t *marks, const uint8_t *doubts, bool retry_failed,
                      struct ranges *todo, struct ranges *reset, dkm_resume *resume) {
  for (int64_t i = 0; i < n; i++) {
    const bool is_todo = marks[i] == DKM_STATUS_TODO;
    const bool is_wrong = !is_todo && (doubts[i] == WRONG || marks[i] > DKM_STATUS_POINT_FAILED);
    const bool is_refuted = !is_todo && !is_wrong && doubts[i] == REFUTED;
    const bool is_retried = !is_wrong && !is_refuted && retry_failed && marks[i] == DKM_STATUS_POINT_FAILED;
    if (!is_todo && !is_wrong && !is_refuted && !is_retried) continue;
    if (!add_point(todo, first + i) || (!is_todo && !add_point(reset, first + i))) return false;
    resume->n_points++;
    resume->n_wrong += is_wrong;
    resume->n_refuted += is_refuted;
    resume->n_retried += is_retried;
  }
  return true;
}

dkm_status dkm_resume_find(const char *path, const dkm_job *job, bool check, bool retry_failed, dkm_resume *resume,
                           dkm_error *err) {
  struct ranges todo = {0}, reset = {0};
  struct records records = {0};
  dkm_store_reader *reader = NULL;
  const int64_t block = job->n_points < STATUS_BLOCK ? job->n_points : STATUS_BLOCK;
  dkm_store_walk walk = {.most = block};
  uint8_t *doubts = malloc((size_t)block);
  dkm_status status = DKM_OK;

  *resume = (dkm_resume){0};
  dkm_form_of(job, &records.form);
  records.most = dkm_form_block(&records.form, RECORD_BLOCK);
  if (!doubts || !allocate_records(&records, block)) goto no_memory;
  status = dkm_store_reader_open(path, &reader, err);
  while (dkm_store_walk_on(&walk, reader, &status, err)) {
    status = doubt_all(reader, &records, walk.first, walk.n, walk.status, check, doubts, err);
    if (status) break;
    if (!add_block(walk.first, walk.n, walk.status, doubts, retry_failed, &todo, &reset, resume)) goto no_memory;
  }
  goto cleanup;

no_memory:
  status = dkm_fail(err, DKM_MEMORY, "output %s: out of memory for the list of what is left (%lld ranges)", path,
                    (long long)(todo.n + reset.n));
cleanup:
  dkm_store_reader_close(reader);
  free_records(&records);
  free(doubts);
  dkm_store_walk_end(&walk);
  if (status) {
    free(todo.list);
    free(reset.list);
    *resume = (dkm_resume){0};
    return status;
  }
  resume->todo = todo.list;
  resume->n_todo = todo.n;
  resume->reset = reset.list;
  resume->n_reset = reset.n;
  return DKM_OK;
}

void dkm_resume_free(dkm_resume *resume) {
  free(resume->todo);
  free(resume->reset);
  *resume = (dkm_resume){0};
}

dkm_status dkm_resume_reset(const dkm_resume *resume, dkm_store *store, dkm_error *err) {
  static const uint8_t to_do[RECORD_BLOCK]; /* DKM_STATUS_TODO */
  for (int64_t r = 0; r < resume->n_reset; r++) {
    const dkm_range *range = &resume->reset[r];
    for (int64_t i = 0, n; i < range->count; i += n) {
      n = range->count - i < RECORD_BLOCK ? range->count - i : RECORD_BLOCK;
      dkm_status status = dkm_store_mark(store, range->first + i, n, to_do, err);
      if (status) return status;
    }
  }
  return resume->n_reset > 0 ? dkm_store_sync(store, err) : DKM_OK;
}
