/* SPDX-License-Identifier: GPL-3.0-or-later */
/* leftovers: see dickemap/leftovers.h.  A name alone proves nothing: notes.h5.new-2 may be anybody's. */
#define _GNU_SOURCE /* flock */
#include "dickemap/leftovers.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dickemap/file.h"

#include "lock_holder.h"

enum { BEGINNING_BYTES = 512 };

struct folder {
  DIR *directory;
  long dead;
};

/* Reads up to `size` bytes of a file of our own that has one name; their number, or -1. */
static ssize_t read_own(const struct folder *folder, const char *name, char *bytes, size_t size, bool *flocked) {
  struct stat file;
  ssize_t n = -1;
  const int descriptor =
      dkm_file_open_at(dirfd(folder->directory), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
  if (descriptor < 0) return -1;
  *flocked = flock(descriptor, LOCK_SH | LOCK_NB) != 0;
  if (fstat(descriptor, &file) == 0 && S_ISREG(file.st_mode) && file.st_nlink == 1 && file.st_uid == geteuid())
    n = dkm_file_read_at(descriptor, bytes, size, 0);
  dkm_file_close(descriptor);
  return n;
}

/* ---- files half made ---- */

/* What HDF5 leaves when it is killed: it may write the beginning last. */
static bool is_half_made(const char *bytes, size_t n) {
  static const char signature[] = "\211HDF\r\n\032\n";
  size_t n_zero = 0;
  if (n >= sizeof signature - 1 && memcmp(bytes, signature, sizeof signature - 1) == 0) return true;
  while (n_zero < n && bytes[n_zero] == '\0') n_zero++;
  return n_zero == n;
}

static bool is_left_file(const struct folder *folder, const char *name, const char *number) {
  char bytes[BEGINNING_BYTES], *end;
  bool flocked;
  const long pid = strtol(number, &end, 10);
  if (!isdigit((unsigned char)number[0]) || *end != '\0' || pid <= 0 || pid != folder->dead) return false;
  const ssize_t n = read_own(folder, name, bytes, sizeof bytes, &flocked);
  return n >= 0 && !flocked && is_half_made(bytes, (size_t)n);
}

/* ---- locks that did not get their name ---- */

static bool is_left_lock(const struct folder *folder, const char *name, const char *number) {
  char text[DKM_HOLDER_TEXT_BYTES], *end;
  bool flocked;
  dkm_holder holder, us;
  dkm_holder_signs signs = {.age = DKM_HOLDER_SILENCE};
  const char *why;
  const long pid = strtol(number, &end, 10);
  if (!isdigit((unsigned char)number[0]) || *end != '-') return false;
  const ssize_t n = read_own(folder, name, text, sizeof text - 1, &flocked);
  if (n <= 0 || flocked) return false;
  text[n] = '\0';
  dkm_holder_describe_us(&us);
  return dkm_holder_parse(text, &holder) && holder.pid == pid &&
         dkm_holder_judge(&holder, &us, &signs, &why) == DKM_HOLDER_DEAD;
}

/* ---- the folder ---- */

static void look_through(struct folder *folder, const char *output) {
  static const char new_file[] = ".new-", new_lock[] = ".lock.new-";
  const size_t length = strlen(output);
  for (struct dirent *entry; (entry = readdir(folder->directory));) {
    const char *name = entry->d_name, *rest = name + length;
    if (strncmp(name, output, length) != 0) continue;
    if ((strncmp(rest, new_file, strlen(new_file)) == 0 && is_left_file(folder, name, rest + strlen(new_file))) ||
        (strncmp(rest, new_lock, strlen(new_lock)) == 0 && is_left_lock(folder, name, rest + strlen(new_lock))))
      unlinkat(dirfd(folder->directory), name, 0);
  }
}

void dkm_leftovers_remove(const char *output, long dead) {
  struct folder folder = {.dead = dead};
  char *target = dkm_file_target(output);
  if (!target) return;
  const char *slash = strrchr(target, '/'), *name = slash ? slash + 1 : target;
  char *path = dkm_file_folder(target);
  if (path) folder.directory = dkm_file_open_folder(path);
  if (folder.directory) {
    look_through(&folder, name);
    closedir(folder.directory);
  }
  free(path);
  free(target);
}
