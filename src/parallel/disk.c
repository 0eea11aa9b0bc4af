/* SPDX-License-Identifier: GPL-3.0-or-later */
/* disk: plain calls of the system on files; see disk.h. */
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int dkm_disk_open(const char *path, int flags, mode_t mode) {
  int descriptor;
  do descriptor = open(path, flags | O_CLOEXEC, mode);
  while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

ssize_t dkm_disk_read(int descriptor, void *out, size_t n, uint64_t offset) {
  size_t done = 0;
  while (done < n) {
    const ssize_t got = pread(descriptor, (char *)out + done, n - done, (off_t)(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    done += (size_t)got;
  }
  return (ssize_t)done;
}

int dkm_disk_write(int descriptor, const void *bytes, size_t n, uint64_t offset) {
  size_t done = 0;
  while (done < n) {
    const ssize_t put = pwrite(descriptor, (const char *)bytes + done, n - done, (off_t)(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put == 0) errno = EIO; /* a file system that takes nothing and gives no reason */
    if (put <= 0) return -1;
    done += (size_t)put;
  }
  return 0;
}

int dkm_disk_sync_data(int descriptor) {
  int answer;
  do answer = fdatasync(descriptor);
  while (answer != 0 && errno == EINTR);
  return answer;
}

int dkm_disk_sync(int descriptor) {
  int answer;
  do answer = fsync(descriptor);
  while (answer != 0 && errno == EINTR);
  return answer;
}

/* Where close is interrupted, Linux has closed the file all the same. */
int dkm_disk_close(int descriptor) {
  return close(descriptor) == 0 || errno == EINTR ? 0 : -1;
}
