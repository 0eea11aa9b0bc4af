/* SPDX-License-Identifier: GPL-3.0-or-later */
/* file: the system's calls on files; see dickemap/file.h.  Signals of ours restart most calls by themselves
 * (SA_RESTART), but not where a network file system or a debugger interrupts them. */
#define _GNU_SOURCE /* fallocate, realpath */
#include "dickemap/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int dkm_file_open_at(int folder, const char *name, int flags, mode_t mode) {
  int descriptor;
  do {
    descriptor = openat(folder, name, flags | O_CLOEXEC, mode);
  } while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

bool dkm_file_blames_name(int error) {
  static const int of_names[] = {ENOENT, ENOTDIR, EISDIR, EACCES, EPERM, EROFS, ELOOP, ENAMETOOLONG};
  for (size_t i = 0; i < sizeof of_names / sizeof *of_names; i++)
    if (error == of_names[i]) return true;
  return false;
}

int dkm_file_open(const char *path, int flags, mode_t mode) {
  return dkm_file_open_at(AT_FDCWD, path, flags, mode);
}

DIR *dkm_file_open_folder(const char *path) {
  DIR *folder;
  do {
    folder = opendir(path);
  } while (!folder && errno == EINTR);
  return folder;
}

int dkm_file_close(int descriptor) {
  return close(descriptor) == 0 || errno == EINTR ? 0 : -1;
}

ssize_t dkm_file_read(int descriptor, void *bytes, size_t n) {
  size_t done = 0;
  while (done < n) {
    const ssize_t got = read(descriptor, (char *)bytes + done, n - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    done += (size_t)got;
  }
  return (ssize_t)done;
}

ssize_t dkm_file_read_at(int descriptor, void *bytes, size_t n, uint64_t offset) {
  size_t done = 0;
  while (done < n) {
    const ssize_t got = pread(descriptor, (char *)bytes + done, n - done, (off_t)(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    done += (size_t)got;
  }
  return (ssize_t)done;
}

int dkm_file_write(int descriptor, const void *bytes, size_t n) {
  size_t done = 0;
  while (done < n) {
    const ssize_t put = write(descriptor, (const char *)bytes + done, n - done);
    if (put < 0 && errno == EINTR) continue;
    if (put == 0) errno = ENOSPC; /* no progress and no reason */
    if (put <= 0) return -1;
    done += (size_t)put;
  }
  return 0;
}

int dkm_file_write_at(int descriptor, const void *bytes, size_t n, uint64_t offset) {
  size_t done = 0;
  while (done < n) {
    const ssize_t put = pwrite(descriptor, (const char *)bytes + done, n - done, (off_t)(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put == 0) errno = ENOSPC;
    if (put <= 0) return -1;
    done += (size_t)put;
  }
  return 0;
}

/* What such a file system keeps is as safe as it makes it. */
static bool knows_no_sync(void) {
  return errno == EINVAL || errno == ENOTSUP || errno == ENOSYS;
}

int dkm_file_sync(int descriptor) {
  int answer;
  while ((answer = fsync(descriptor)) != 0 && errno == EINTR) continue;
  return answer != 0 && knows_no_sync() ? 0 : answer;
}

int dkm_file_sync_data(int descriptor) {
  int answer;
  while ((answer = fdatasync(descriptor)) != 0 && errno == EINTR) continue;
  return answer != 0 && knows_no_sync() ? 0 : answer;
}

char *dkm_file_folder(const char *path) {
  const char *slash = strrchr(path, '/');
  if (!slash) return strdup(".");
  return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

char *dkm_file_target(const char *path) {
  char *target = realpath(path, NULL);
  return target ? target : strdup(path);
}

static dkm_status too_large(const char *path, const dkm_file_limits *limits, dkm_error *err) {
  return dkm_fail(err, DKM_INPUT, "%s: is larger than %zu MiB, but %s", path, limits->most >> 20, limits->advice);
}

/* Until the end, which a pipe does not tell. */
static dkm_status read_all(int descriptor, const char *path, const dkm_file_limits *limits, char **bytes, size_t *used,
                           dkm_error *err) {
  size_t capacity = 0;
  for (ssize_t n = 1; n > 0; *used += (size_t)n) {
    if (*used + 1 >= capacity) {
      capacity = capacity ? 2 * capacity : 1 << 14;
      char *larger = realloc(*bytes, capacity);
      if (!larger) return dkm_fail(err, DKM_MEMORY, "%s: out of memory while reading it", path);
      *bytes = larger;
    }
    n = dkm_file_read(descriptor, *bytes + *used, capacity - *used - 1);
    if (n < 0) return dkm_fail(err, DKM_IO, "%s: cannot be read: %s", path, strerror(errno));
    if (limits->is_text && memchr(*bytes + *used, '\0', (size_t)n))
      return dkm_fail(err, DKM_INPUT, "%s: is not a text file (it holds a zero byte)", path);
    if (*used + (size_t)n > limits->most) return too_large(path, limits, err);
  }
  (*bytes)[*used] = '\0';
  return DKM_OK;
}

dkm_status dkm_file_load(const char *path, const dkm_file_limits *limits, char **bytes, size_t *n_bytes,
                         dkm_error *err) {
  struct stat info;
  dkm_status status;
  const int descriptor = dkm_file_open(path, O_RDONLY, 0);
  *bytes = NULL;
  *n_bytes = 0;
  if (descriptor < 0 || fstat(descriptor, &info) != 0)
    status = dkm_fail(err, dkm_file_blames_name(errno) ? DKM_INPUT : DKM_IO, "%s: cannot be read: %s", path,
                      strerror(errno));
  else if (S_ISDIR(info.st_mode))
    status = dkm_fail(err, DKM_INPUT, "%s: is a folder, but must be %s", path, limits->what);
  else if (S_ISREG(info.st_mode) && (uint64_t)info.st_size > limits->most)
    status = too_large(path, limits, err);
  else
    status = read_all(descriptor, path, limits, bytes, n_bytes, err);
  if (descriptor >= 0) dkm_file_close(descriptor);
  if (status == DKM_OK) return DKM_OK;
  free(*bytes);
  *bytes = NULL;
  *n_bytes = 0;
  return status;
}

bool dkm_file_is_same(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

int dkm_file_sync_folder(const char *path) {
  char *folder = dkm_file_folder(path);
  if (!folder) return -1;
  const int descriptor = dkm_file_open(folder, O_RDONLY | O_DIRECTORY, 0);
  int answer = descriptor >= 0 ? dkm_file_sync(descriptor) : errno == EACCES ? 0 : -1;
  const int said = errno;
  if (descriptor >= 0) dkm_file_close(descriptor);
  free(folder);
  errno = said;
  return answer;
}

int dkm_file_truncate(int descriptor, uint64_t n_bytes) {
  int answer;
  while ((answer = ftruncate(descriptor, (off_t)n_bytes)) != 0 && errno == EINTR) continue;
  return answer;
}

int dkm_file_allocate(int descriptor, int mode, uint64_t offset, uint64_t n_bytes) {
  int answer;
  while ((answer = fallocate(descriptor, mode, (off_t)offset, (off_t)n_bytes)) != 0 && errno == EINTR) continue;
  return answer;
}
