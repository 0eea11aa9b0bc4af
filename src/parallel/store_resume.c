/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_resume: what is left to do in a file; see dickemap/resume.h.
 *
 * `status` decides: 0 is to be done.  With `check` a record must also agree with its checksum, which is computed from
 * the values in the file as it was when they were written.  What is done although it must be computed again is
 * first marked as to be done:
 *
 *   find (serial, read-only) -> all ranks open -> the master resets marks, syncs -> schedule */
#define _GNU_SOURCE /* realpath */
#include "dickemap/resume.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_hdf5.h"

enum { STATUS_BLOCK = 1 << 20, RECORD_BLOCK = 4096, FIRST_RANGES = 64 };
#define STATE_BYTES ((size_t)1 << 24) /* of the states of a block of records */

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
  if (origin == DKM_HDF5_DAMAGED) {
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
                        "output %s cannot be resumed: it holds another job, which differs in %s; -o names another "
                        "file, --overwrite instead of --resume replaces it",
                        path, keys);
  }
  free(ours);
  free(theirs);
  if (id >= 0) H5Fclose(id);
  return status;
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

/* ---- checksums ---- */

struct records {
  int64_t block;
  size_t n_state;
  dkm_record *records;
  uint32_t *checksums;
  double *states;
};

static void free_records(struct records *r) {
  free(r->records);
  free(r->checksums);
  free(r->states);
}

static bool allocate_records(struct records *r, const dkm_job *job) {
  r->n_state = job->keep_state ? dkm_model_size(&job->patterns) : 0;
  r->block = RECORD_BLOCK;
  while (r->block > 1 && (size_t)r->block * r->n_state * sizeof(double) > STATE_BYTES) r->block /= 2;
  r->records = malloc((size_t)r->block * sizeof *r->records);
  r->checksums = malloc((size_t)r->block * sizeof *r->checksums);
  if (r->n_state) r->states = malloc((size_t)r->block * r->n_state * sizeof *r->states);
  return r->records && r->checksums && (!r->n_state || r->states);
}

/* wrong[i]: the record of point first + i is not what its checksum says, or its mark not what the record says. */
static dkm_status compare_checksums(dkm_store_reader *reader, const dkm_job *job, struct records *r, int64_t first,
                                    int64_t count, const uint8_t *marks, bool *wrong, dkm_error *err) {
  for (int64_t n; count > 0; count -= n, first += n, wrong += n, marks += n) {
    n = count < r->block ? count : r->block;
    dkm_status status = dkm_store_reader_records(reader, first, n, r->records, r->checksums, err);
    if (!status && r->n_state) status = dkm_store_reader_states(reader, first, n, r->states, err);
    if (status) return status;
    for (int64_t i = 0; i < n; i++) {
      const double *state = r->n_state ? r->states + (size_t)i * r->n_state : NULL;
      wrong[i] =
          dkm_record_checksum(&r->records[i], job->patterns.n_modes, state, r->n_state) != r->checksums[i] ||
          (marks[i] == DKM_STATUS_POINT_FAILED) != (r->records[i].verdict == DKM_VERDICT_FAILED);
    }
  }
  return DKM_OK;
}

/* ---- what is left ---- */

dkm_status dkm_resume_find(const char *path, const dkm_job *job, bool check, bool retry_failed, dkm_resume *resume,
                           dkm_error *err) {
  struct ranges todo = {0}, reset = {0};
  struct records records = {0};
  dkm_store_reader *reader = NULL;
  const int64_t block = job->n_points < STATUS_BLOCK ? job->n_points : STATUS_BLOCK;
  uint8_t *marks = malloc((size_t)block);
  bool *wrong = calloc((size_t)block, sizeof *wrong);
  dkm_status status = DKM_OK;

  *resume = (dkm_resume){0};
  if (!marks || !wrong || (check && !allocate_records(&records, job))) goto no_memory;
  status = dkm_store_reader_open(path, &reader, err);
  for (int64_t first = 0, n; !status && first < job->n_points; first += n) {
    n = job->n_points - first < block ? job->n_points - first : block;
    status = dkm_store_reader_status(reader, first, n, marks, err);
    if (!status && check) { /* stretches that are marked */
      for (int64_t i = 0, end; i < n && !status; i = end) {
        end = i + 1;
        if (marks[i] == DKM_STATUS_TODO) continue;
        while (end < n && marks[end] != DKM_STATUS_TODO) end++;
        status = compare_checksums(reader, job, &records, first + i, end - i, marks + i, wrong + i, err);
      }
    }
    if (status) break;
    for (int64_t i = 0; i < n; i++) {
      const bool is_todo = marks[i] == DKM_STATUS_TODO;
      const bool is_wrong = !is_todo && (wrong[i] || marks[i] > DKM_STATUS_POINT_FAILED);
      const bool is_retried = !is_wrong && retry_failed && marks[i] == DKM_STATUS_POINT_FAILED;
      if (!is_todo && !is_wrong && !is_retried) continue;
      if (!add_point(&todo, first + i) || (!is_todo && !add_point(&reset, first + i))) goto no_memory;
      resume->n_points++;
      resume->n_wrong += is_wrong;
      resume->n_retried += is_retried;
    }
  }
  goto cleanup;

no_memory:
  status = dkm_fail(err, DKM_MEMORY, "output %s: out of memory for the list of what is left (%lld ranges)", path,
                    (long long)(todo.n + reset.n));
cleanup:
  dkm_store_reader_close(reader);
  free_records(&records);
  free(wrong);
  free(marks);
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

/* ---- leftovers ---- */

void dkm_resume_remove_leftovers(const char *path) {
  char *target = realpath(path, NULL);
  if (!target) target = strdup(path);
  if (!target) return;
  char *slash = strrchr(target, '/');
  const char *name = slash ? slash + 1 : target;
  const size_t length = strlen(name);
  DIR *folder = NULL;
  if (!slash) {
    folder = opendir(".");
  } else if (slash == target) {
    folder = opendir("/");
  } else {
    *slash = '\0';
    folder = opendir(target);
  }
  static const char infix[] = ".new-";
  for (struct dirent *entry; folder && (entry = readdir(folder));) {
    if (strncmp(entry->d_name, name, length) != 0 || strncmp(entry->d_name + length, infix, strlen(infix)) != 0)
      continue;
    char *end;
    const long pid = strtol(entry->d_name + length + strlen(infix), &end, 10);
    if (pid <= 0 || *end != '\0') continue;
    unlinkat(dirfd(folder), entry->d_name, 0);
  }
  if (folder) closedir(folder);
  free(target);
}
