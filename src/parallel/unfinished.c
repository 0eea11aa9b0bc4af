/* SPDX-License-Identifier: GPL-3.0-or-later */
/* unfinished: states of points under way, in files of their own; see dickemap/unfinished.h.
 *
 * The folder is opened once, and must be ours; files in it are reached through that descriptor alone, are made by
 * O_EXCL and never followed, so that no link that somebody plants leads us elsewhere. */
#define _GNU_SOURCE /* O_NOFOLLOW */
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

enum { VERSION_BYTES = 96, NAME_BYTES = 48, WHY_BYTES = 160 }; /* NAME_BYTES: of a file in the folder */

/* Before the bytes of a state.  The bytes are those of structs: a build that lays them out otherwise cannot use them. */
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
  int descriptor;        /* of the folder, or -1 */
  char why[WHY_BYTES];   /* the folder is not to be used: "is ..."; or "" */
  struct head expected;  /* what the heads of usable states have in common */
  struct entry *entries; /* ascending */
  size_t n, room;
  size_t n_settled;
  void *bytes; /* of the state loaded last */
};

/* ---- names ---- */

/* All links to one output share a folder. malloc'ed, NULL without memory. */
static char *folder_of(const char *output) {
  char *target = dkm_file_target(output), *folder = NULL;
  if (target && (folder = malloc(strlen(target) + sizeof suffix))) sprintf(folder, "%s%s", target, suffix);
  free(target);
  return folder;
}

/* "17", "17.new" */
static const char *name_of(int64_t i_point, const char *ending, char name[NAME_BYTES]) {
  snprintf(name, NAME_BYTES, "%" PRId64 "%s", i_point, ending);
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

static void remove_state(int folder, int64_t i_point, const char *ending) {
  char name[NAME_BYTES];
  unlinkat(folder, name_of(i_point, ending, name), 0);
}

/* ---- the folder ---- */

/* A descriptor, or -1 with errno 0 if there is none, another errno, or a reason in `why` not to use it: "" otherwise,
 * also where there is no folder.  Whoever owns the folder around it, or everybody if that is everybody's (as all
 * folders look on file systems without permissions), could replace the output itself anyway. */
static int open_folder(const char *path, char why[WHY_BYTES]) {
  struct stat folder, around;
  why[0] = '\0';
  const int descriptor = dkm_file_open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK, 0);
  if (descriptor < 0) {
    if (lstat(path, &folder) == 0 && !S_ISDIR(folder.st_mode))
      snprintf(why, WHY_BYTES, "is %s, not a folder", S_ISLNK(folder.st_mode) ? "a link" : "a file");
    if (errno == ENOENT) errno = 0;
    return -1;
  }
  if (fstat(descriptor, &folder) != 0 || fstatat(descriptor, "..", &around, 0) != 0)
    snprintf(why, WHY_BYTES, "cannot be looked at: %s", strerror(errno));
  else if (folder.st_uid != geteuid() && folder.st_uid != around.st_uid)
    snprintf(why, WHY_BYTES, "belongs to another user (uid %lu)", (unsigned long)folder.st_uid);
  else if ((folder.st_mode & S_IWOTH) && (around.st_mode & (S_IWOTH | S_ISVTX)) != S_IWOTH)
    snprintf(why, WHY_BYTES, "can be written by everybody");
  return descriptor;
}

static dkm_status refuse_folder(dkm_status status, const char *folder, const char *why, dkm_error *err) {
  return dkm_fail(
      err, status,
      "%s, where states of unfinished points are kept, %s: it is not used; remove it, or name another output "
      "with -o",
      folder, why);
}

dkm_status dkm_unfinished_check(const char *output, dkm_error *err) {
  char why[WHY_BYTES], *folder = folder_of(output);
  dkm_status status = DKM_OK;
  if (!folder) return dkm_fail(err, DKM_MEMORY, "out of memory (the folder of unfinished points)");
  const int descriptor = open_folder(folder, why);
  if (why[0]) status = refuse_folder(DKM_INPUT, folder, why, err);
  if (descriptor >= 0) dkm_file_close(descriptor);
  free(folder);
  return status;
}

static DIR *list_folder(int descriptor) {
  const int own = dkm_file_open_at(descriptor, ".", O_RDONLY | O_DIRECTORY, 0);
  DIR *directory = own >= 0 ? fdopendir(own) : NULL;
  if (!directory && own >= 0) dkm_file_close(own);
  return directory;
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
  dkm_status status = DKM_OK;
  u->descriptor = open_folder(u->folder, u->why);
  if (u->descriptor < 0 && (errno == 0 || u->why[0])) return DKM_OK;
  DIR *directory = u->descriptor >= 0 ? list_folder(u->descriptor) : NULL;
  if (!directory) return dkm_fail(err, DKM_IO, "%s cannot be read: %s", u->folder, strerror(errno));
  errno = 0;
  for (struct dirent *file; !status && (file = readdir(directory)); errno = 0) {
    struct entry found = {0};
    bool half;
    if (!parse_name(file->d_name, &found.i_point, &half) || half) continue;
    if (make_room(u))
      u->entries[u->n++] = found;
    else
      status = dkm_fail(err, DKM_MEMORY, "out of memory (the list of unfinished points)");
  }
  if (!status && errno != 0) status = dkm_fail(err, DKM_IO, "%s cannot be read: %s", u->folder, strerror(errno));
  closedir(directory);
  if (u->n > 0) qsort(u->entries, u->n, sizeof *u->entries, by_point);
  return status;
}

dkm_status dkm_unfinished_open(const char *output, const char *version, const dkm_job *job, dkm_unfinished **out,
                               dkm_error *err) {
  dkm_unfinished *u = calloc(1, sizeof *u);
  char *canonical = dkm_job_canonical(job);
  dkm_status status = DKM_OK;
  if (u) {
    u->descriptor = -1;
    u->folder = folder_of(output);
  }
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
  if (u->descriptor >= 0) dkm_file_close(u->descriptor);
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
  char name[NAME_BYTES];
  *descriptor = dkm_file_open_at(u->descriptor, name_of(i_point, "", name),
                                 O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0); /* a FIFO would be waited for */
  if (*descriptor < 0) return errno == ENOENT ? ABSENT : DAMAGED;
  const struct head *wanted = &u->expected;
  if (fstat(*descriptor, &file) == 0 && S_ISREG(file.st_mode) &&
      dkm_file_read(*descriptor, head, sizeof *head) == (ssize_t)sizeof *head &&
      memcmp(head->tag, tag, sizeof tag) == 0 && head->head_crc == head_crc(head)) {
    if (memcmp(head->version, wanted->version, sizeof head->version) != 0 ||
        memcmp(head->sizes, wanted->sizes, sizeof head->sizes) != 0)
      use = OTHER_VERSION;
    else if (head->job_crc != wanted->job_crc || head->job_bytes != wanted->job_bytes || head->i_point != i_point)
      use = OTHER_JOB;
    else if (file.st_size == (off_t)sizeof *head + (off_t)head->n_bytes)
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

/* With a descriptor of a folder that may be used. */
static dkm_status make_folder(dkm_unfinished *u, dkm_error *err) {
  if (u->descriptor < 0) {
    if (mkdir(u->folder, 0755) != 0 && errno != EEXIST)
      return dkm_fail(err, DKM_IO, "%s cannot be made: %s", u->folder, strerror(errno));
    u->descriptor = open_folder(u->folder, u->why);
    if (u->descriptor < 0 && !u->why[0])
      return dkm_fail(err, DKM_IO, "%s cannot be opened: %s", u->folder, errno ? strerror(errno) : "it is gone again");
  }
  return u->why[0] ? refuse_folder(DKM_IO, u->folder, u->why, err) : DKM_OK;
}

/* A new file in it, -1 with errno.  What an earlier run left half written is replaced, and so is a folder that was
 * removed since it was opened. */
static int make_half(dkm_unfinished *u, const char *half, dkm_error *err) {
  int descriptor = -1;
  for (int i = 0; i < 3 && descriptor < 0; i++) {
    if (make_folder(u, err)) return -1;
    descriptor = dkm_file_open_at(u->descriptor, half, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
    if (descriptor < 0 && errno == EEXIST) {
      unlinkat(u->descriptor, half, 0);
    } else if (descriptor < 0 && errno == ENOENT) {
      dkm_file_close(u->descriptor);
      u->descriptor = -1;
    } else if (descriptor < 0) {
      break;
    }
  }
  if (descriptor < 0) dkm_fail(err, DKM_IO, "%s/%s cannot be written: %s", u->folder, half, strerror(errno));
  return descriptor;
}

dkm_status dkm_unfinished_save(dkm_unfinished *u, int64_t i_point, double t, const void *bytes, size_t n_bytes,
                               dkm_error *err) {
  char name[NAME_BYTES], half[NAME_BYTES];
  struct head head = u->expected;
  head.i_point = i_point;
  head.n_bytes = (int64_t)n_bytes;
  head.t = t;
  head.bytes_crc = (uint32_t)crc32_z(0, bytes, n_bytes);
  head.head_crc = head_crc(&head);

  const size_t at = position(u, i_point);
  const bool known = has(u, at, i_point);
  if (!known && !make_room(u)) return dkm_fail(err, DKM_MEMORY, "out of memory (the list of unfinished points)");
  name_of(i_point, "", name);
  name_of(i_point, ".new", half);
  const int descriptor = make_half(u, half, err);
  if (descriptor < 0) return DKM_IO;
  bool good = dkm_file_write(descriptor, &head, sizeof head) == 0 && dkm_file_write(descriptor, bytes, n_bytes) == 0 &&
              dkm_file_sync(descriptor) == 0;
  if (dkm_file_close(descriptor) != 0) good = false;
  good = good && renameat(u->descriptor, half, u->descriptor, name) == 0;
  if (good) good = dkm_file_sync(u->descriptor) == 0; /* its name */
  if (!good) {
    const dkm_status status = dkm_fail(err, DKM_IO, "%s/%s cannot be written: %s", u->folder, half, strerror(errno));
    unlinkat(u->descriptor, half, 0);
    return status;
  }
  if (!known) {
    memmove(u->entries + at + 1, u->entries + at, (u->n - at) * sizeof *u->entries);
    u->entries[at] = (struct entry){.i_point = i_point};
    u->n++;
  }
  return DKM_OK;
}

bool dkm_unfinished_load(dkm_unfinished *u, int64_t i_point, const void **bytes, size_t *n_bytes, dkm_error *why) {
  struct head head;
  int descriptor;
  *why = (dkm_error){0};
  if (u->why[0] || !has(u, position(u, i_point), i_point) || open_state(u, i_point, &head, &descriptor) != USABLE)
    return false;
  dkm_unfinished_forget(u);
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

void dkm_unfinished_forget(dkm_unfinished *u) {
  free(u->bytes);
  u->bytes = NULL;
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
      remove_state(u->descriptor, entry->i_point, "");
      u->n_settled--;
      continue;
    }
    entry->swept = entry->settled;
    u->entries[n++] = *entry;
  }
  u->n = n;
}

void dkm_unfinished_tidy(const char *output, bool (*is_done)(void *context, int64_t i_point), void *context) {
  char why[WHY_BYTES], *path = folder_of(output);
  const int folder = path ? open_folder(path, why) : -1;
  DIR *directory = folder >= 0 && !why[0] ? list_folder(folder) : NULL;
  for (struct dirent *file; directory && (file = readdir(directory));) {
    int64_t i_point;
    bool half;
    if (!parse_name(file->d_name, &i_point, &half)) continue;
    if (half)
      remove_state(folder, i_point, ".new");
    else if (!is_done || is_done(context, i_point))
      remove_state(folder, i_point, "");
  }
  if (directory) {
    closedir(directory);
    rmdir(path); /* if it is empty */
  }
  if (folder >= 0) dkm_file_close(folder);
  free(path);
}
