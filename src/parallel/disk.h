/* SPDX-License-Identifier: GPL-3.0-or-later */
/* disk: plain calls of the system on files, which go on where a signal interrupts them or only a part was moved.
 * All are local; those that fail leave the reason in errno. */
#ifndef DKM_DISK_H
#define DKM_DISK_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* open with O_CLOEXEC; mode: of a file that is made. -1 with errno. */
int dkm_disk_open(const char *path, int flags, mode_t mode);

/* Up to n bytes from a place; fewer only at the end of the file; -1 with errno. */
ssize_t dkm_disk_read(int descriptor, void *out, size_t n, uint64_t offset);

/* n bytes to a place. 0, or -1 with errno: then a part may have been written. */
int dkm_disk_write(int descriptor, const void *bytes, size_t n, uint64_t offset);

/* fdatasync and fsync. 0, or -1 with errno. */
int dkm_disk_sync_data(int descriptor);
int dkm_disk_sync(int descriptor);

/* close. 0, or -1 with errno, which is then that of an earlier write; the descriptor is gone in any case. */
int dkm_disk_close(int descriptor);

#endif
