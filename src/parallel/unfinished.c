/* SPDX-License-Identifier: GPL-3.0-or-later */
/* unfinished: states of points under way, in files of their own; see dickemap/unfinished.h. */
#include "dickemap/unfinished.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "dickemap/attractor.h"
#include "dickemap/file.h"
#include "dickemap/record.h"

static const char tag[16] = "dickemap-state 1", suffix[] = ".unfinished";

enum { VERSION_BYTES = 96, NAME_BYTES = 48 }; /* of a file in the folder */

/* Before the bytes of a state.  The bytes are those of structs: a build that lays them out otherwise cannot use them.
 * */
struct head {
  char tag[sizeof tag];
  char version[VERSION_BYTES];
  int64_t i_point, n_bytes;
  double t;
  uint32_t sizes[3];            /* of dkm_point, dkm_attractor, dkm_lane */
  uint32_t job_crc, job_bytes;  /* of the canonical text */
  uint32_t bytes_crc, head_crc; /* head_crc: of the head up to here */
  uint32_t zero;
};

enum use { USABLE, OTHER_VERSION, OTHER_JOB, DAMAGED, ABSENT };

struct entry {
  int64_t i_point;
  bool settled, swept; /* reported; and one sweep has passed since */
};

struct dkm_unfinished {
  char *folder;
  struct head expected;  /* what the heads of usable states have in common */
  struct entry *entries; /* ascending */
  size_t n, room;
  size_t n_settled;
  void *bytes; /* of the state loaded last */
};

/* ---- names ---- */

/* All links to one output share a folder. malloc'ed, NULL without memory. */
static char *folder_of(const char *output) {
  char *target = realpath(output, NULL), *folder = NULL;
  if (!target) target = strdup(output);
  if (target && (folder = malloc(strlen(target) + sizeof suffix))) sprintf(folder, "%s%s", target, suffix);
  free(target);
  return folder;
}

/* "FOLDER/17", "FOLDER/17.new"; malloc'ed, NULL without memory. */
static char *name_of(const char *folder, int64_t i_point, const char *ending) {
  char *name = malloc(strlen(folder) + NAME_BYTES);
  if (name) sprintf(name, "%s/%" PRId64 "%s", folder, i_point, ending);
  return name;
}

/* Whether it is the name of a state, or of one half written. */
static bool parse_name(const char *name, int64_t *i_point, bool *half) {
  char *end, same[NAME_BYTES];
  if (name[0] < '0' || name[0] > '9') return false;
  errno = 0;
  *i_point = strtoll(name, &end, 10);
  *half = strcmp(end, ".new") == 0;
  if (errno != 0 || (*end != '\0' && !*half)) return false;
  snprintf(same, sizeof same, "%" PRId64 "%s", *i_point, *half ? ".new" : "");
  return strcmp(same, name) == 0;
}

static void remove_state(const char *folder, int64_t i_point, const char *ending) {
  char *name = name_of(folder, i_point, ending);
  if (name) unlink(name);
  free(name);
}

/* ---- which points have a state ---- */

/* Where the point is, or would be. */
static size_t position(const dkm_unfinished *u, int64_t i_point) {
  size_t low = 0, high = u->n;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (u->entries[middle].i_point < i_point)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static bool has(const dkm_unfinished *u, size_t at, int64_t i_point) {
  return at < u->n && u->entries[at].i_point == i_point;
}

static bool make_room(dkm_unfinished *u) {
  if (u->n < u->room) return true;
  const size_t room = u->room > 0 ? 2 * u->room : 16;
  struct entry *entries = realloc(u->entries, room * sizeof *entries);
  if (!entries) return false;
  u->entries = entries;
  u->room = room;
  return true;
}

static int by_point(const void *a, const void *b) {
  const int64_t x = ((const struct entry *)a)->i_point, y = ((const struct entry *)b)->i_point;
  return (x > y) - (x < y);
}

static dkm_status list(dkm_unfinished *u, dkm_error *err) {
  DIR *directory = opendir(u->folder);
  dkm_status status = DKM_OK;
  if (!directory && errno == ENOENT) return DKM_OK;
  if (!directory) return dkm_fail(err, DKM_IO, "%s cannot be read: %s", u->folder, strerror(errno));
  for (struct dirent *file; !status && (file = readdir(directory));) {
    struct entry found = {0};
    bool half;
    if (!parse_name(file->d_name, &found.i_point, &half) || half) continue;
    if (make_room(u))
      u->entries[u->n++] = found;
    else
      status = dkm_fail(err, DKM_MEMORY, "out of memory (the list of unfinished points)");
  }
  closedir(directory);
  if (u->n > 0) qsort(u->entries, u->n, sizeof *u->entries, by_point);
  return status;
}

dkm_status dkm_unfinished_open(const char *output, const char *version, const dkm_job *job, dkm_unfinished **out,
                               dkm_error *err) {
  dkm_unfinished *u = calloc(1, sizeof *u);
  char *canonical = dkm_job_canonical(job);
  dkm_status status = DKM_OK;
  if (u) u->folder = folder_of(output);
  if (!u || !u->folder || !canonical) {
    status = dkm_fail(err, DKM_MEMORY, "out of memory (the list of unfinished points)");
  } else {
    const size_t length = strlen(canonical);
    memcpy(u->expected.tag, tag, sizeof tag);
    snprintf(u->expected.version, sizeof u->expected.version, "%s, method %d", version, DKM_RECORD_METHOD);
    u->expected.sizes[0] = sizeof(dkm_point);
    u->expected.sizes[1] = sizeof(dkm_attractor);
    u->expected.sizes[2] = sizeof(dkm_lane);
    u->expected.job_bytes = (uint32_t)length;
    u->expected.job_crc = (uint32_t)crc32_z(0, (const Bytef *)canonical, length);
    status = list(u, err);
  }
  free(canonical);
  if (status) {
    dkm_unfinished_close(u);
    return status;
  }
  *out = u;
  return DKM_OK;
}

void dkm_unfinished_close(dkm_unfinished *u) {
  if (!u) return;
  free(u->folder);
  free(u->entries);
  free(u->bytes);
  free(u);
}

const char *dkm_unfinished_folder(const dkm_unfinished *u) {
  return u->folder;
}

/* ---- files ---- */

static uint32_t head_crc(const struct head *head) {
  return (uint32_t)crc32_z(0, (const Bytef *)head, offsetof(struct head, head_crc));
}

/* Opens the state of a point, *descriptor then behind its head; -1 unless USABLE. */
static enum use open_state(const dkm_unfinished *u, int64_t i_point, struct head *head, int *descriptor) {
  enum use use = DAMAGED;
  struct stat file;
  char *name = name_of(u->folder, i_point, "");
  *descriptor = name ? dkm_file_open(name, O_RDONLY, 0) : -1;
  free(name);
  if (*descriptor < 0) return errno == ENOENT ? ABSENT : DAMAGED;
  const struct head *wanted = &u->expected;
  if (dkm_file_read(*descriptor, head, sizeof *head) == (ssize_t)sizeof *head &&
      memcmp(head->tag, tag, sizeof tag) == 0 && head->head_crc == head_crc(head)) {
    if (memcmp(head->version, wanted->version, sizeof head->version) != 0 ||
        memcmp(head->sizes, wanted->sizes, sizeof head->sizes) != 0)
      use = OTHER_VERSION;
    else if (head->job_crc != wanted->job_crc || head->job_bytes != wanted->job_bytes || head->i_point != i_point)
      use = OTHER_JOB;
    else if (fstat(*descriptor, &file) == 0 && file.st_size == (off_t)sizeof *head + (off_t)head->n_bytes)
      use = USABLE;
  }
  if (use != USABLE) {
    dkm_file_close(*descriptor);
    *descriptor = -1;
  }
  return use;
}

void dkm_unfinished_look(const dkm_unfinished *u, dkm_unfinished_survey *survey) {
  *survey = (dkm_unfinished_survey){0};
  for (size_t i = 0; i < u->n; i++) {
    struct head head;
    int descriptor;
    switch (open_state(u, u->entries[i].i_point, &head, &descriptor)) {
    case USABLE:
      dkm_file_close(descriptor);
      if (survey->n_usable == 0 || head.t < survey->t_least) survey->t_least = head.t;
      if (survey->n_usable == 0 || head.t > survey->t_most) survey->t_most = head.t;
      survey->n_usable++;
      break;
    case OTHER_VERSION:
      survey->n_other_version++;
      break;
    case OTHER_JOB:
      survey->n_other_job++;
      break;
    case DAMAGED:
      survey->n_damaged++;
      break;
    case ABSENT:
      break; /* a run is working and has just finished it */
    }
  }
}

dkm_status dkm_unfinished_save(dkm_unfinished *u, int64_t i_point, double t, const void *bytes, size_t n_bytes,
                               dkm_error *err) {
  struct head head = u->expected;
  head.i_point = i_point;
  head.n_bytes = (int64_t)n_bytes;
  head.t = t;
  head.bytes_crc = (uint32_t)crc32_z(0, bytes, n_bytes);
  head.head_crc = head_crc(&head);

  const size_t at = position(u, i_point);
  const bool known = has(u, at, i_point);
  char *name = name_of(u->folder, i_point, ""), *half = name_of(u->folder, i_point, ".new");
  dkm_status status = DKM_OK;
  if (!name || !half || (!known && !make_room(u))) {
    status = dkm_fail(err, DKM_MEMORY, "out of memory (the name of a state)");
    goto cleanup;
  }
  if (mkdir(u->folder, 0777) != 0 && errno != EEXIST) {
    status = dkm_fail(err, DKM_IO, "%s cannot be made: %s", u->folder, strerror(errno));
    goto cleanup;
  }
  const int descriptor = dkm_file_open(half, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  bool good = descriptor >= 0 && dkm_file_write(descriptor, &head, sizeof head) == 0 && dkm_file_write(descriptor, bytes, n_bytes) == 0 &&
              dkm_file_sync(descriptor) == 0;
  if (descriptor >= 0 && dkm_file_close(descriptor) != 0) good = false;
  if (!good || rename(half, name) != 0) {
    status = dkm_fail(err, DKM_IO, "%s cannot be written: %s", half, strerror(errno));
    if (descriptor >= 0) unlink(half);
    goto cleanup;
  }
  if (!known) {
    memmove(u->entries + at + 1, u->entries + at, (u->n - at) * sizeof *u->entries);
    u->entries[at] = (struct entry){.i_point = i_point};
    u->n++;
  }

cleanup:
  free(name);
  free(half);
  return status;
}

bool dkm_unfinished_load(dkm_unfinished *u, int64_t i_point, const void **bytes, size_t *n_bytes, dkm_error *why) {
  struct head head;
  int descriptor;
  *why = (dkm_error){0};
  if (!has(u, position(u, i_point), i_point) || open_state(u, i_point, &head, &descriptor) != USABLE) return false;
  free(u->bytes);
  *n_bytes = (size_t)head.n_bytes;
  *bytes = u->bytes = malloc(*n_bytes > 0 ? *n_bytes : 1);
  if (!u->bytes)
    dkm_fail(why, DKM_MEMORY, "out of memory (%zu bytes)", *n_bytes);
  else if (dkm_file_read(descriptor, u->bytes, *n_bytes) != (ssize_t)*n_bytes)
    dkm_fail(why, DKM_IO, "it cannot be read");
  else if (crc32_z(0, u->bytes, *n_bytes) != head.bytes_crc)
    dkm_fail(why, DKM_IO, "wrong checksum");
  dkm_file_close(descriptor);
  return why->status == DKM_OK;
}

/* ---- points that are done ---- */

void dkm_unfinished_settle(dkm_unfinished *u, int64_t first, int64_t count) {
  for (size_t i = position(u, first); i < u->n && u->entries[i].i_point < first + count; i++) {
    if (u->entries[i].settled) continue;
    u->entries[i].settled = true;
    u->n_settled++;
  }
}

void dkm_unfinished_sweep(dkm_unfinished *u) {
  if (u->n_settled == 0) return;
  size_t n = 0;
  for (size_t i = 0; i < u->n; i++) {
    struct entry *entry = &u->entries[i];
    if (entry->settled && entry->swept) {
      remove_state(u->folder, entry->i_point, "");
      u->n_settled--;
      continue;
    }
    entry->swept = entry->settled;
    u->entries[n++] = *entry;
  }
  u->n = n;
}

void dkm_unfinished_tidy(const char *output, bool (*is_done)(void *context, int64_t i_point), void *context) {
  char *folder = folder_of(output);
  DIR *directory = folder ? opendir(folder) : NULL;
  for (struct dirent *file; directory && (file = readdir(directory));) {
    int64_t i_point;
    bool half;
    if (!parse_name(file->d_name, &i_point, &half)) continue;
    if (half)
      remove_state(folder, i_point, ".new");
    else if (!is_done || is_done(context, i_point))
      remove_state(folder, i_point, "");
  }
  if (directory) closedir(directory);
  if (folder) rmdir(folder); /* if it is empty */
  free(folder);
}
