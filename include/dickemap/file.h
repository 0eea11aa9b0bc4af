/* SPDX-License-Identifier: GPL-3.0-or-later */
/* file: the system's calls on files, each of them as one expects it: a call that a signal interrupts is made again, and
 * what is written or read in pieces is written or read to its end.  -1 with errno is a failure, as from the system; what
 * has a status has a sentence for users, too. */
#ifndef DICKEMAP_FILE_H
#define DICKEMAP_FILE_H
#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "dickemap/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether an errno blames the name, or who may use it, and not the storage below or what the process has open. */
bool dkm_file_blames_name(int error);

/* The descriptor is closed where another program is executed; mode: of a file that is created. */
int dkm_file_open(const char *path, int flags, mode_t mode);
int dkm_file_open_at(int folder, const char *name, int flags, mode_t mode);

/* To be closed with closedir; NULL with errno. */
DIR *dkm_file_open_folder(const char *path);

/* 0 also where a signal came in between: the descriptor is closed then, and may belong to somebody else by now. */
int dkm_file_close(int descriptor);

/* Up to n bytes, from where the last one ended or from a place; fewer only at the end of the file. */
ssize_t dkm_file_read(int descriptor, void *bytes, size_t n);
ssize_t dkm_file_read_at(int descriptor, void *bytes, size_t n, uint64_t offset);

/* All n bytes, and 0; on failure a part may have been written. */
int dkm_file_write(int descriptor, const void *bytes, size_t n);
int dkm_file_write_at(int descriptor, const void *bytes, size_t n, uint64_t offset);

/* fsync and fdatasync; 0 also where the file system knows no such thing. */
int dkm_file_sync(int descriptor);
int dkm_file_sync_data(int descriptor);

/* Puts the names in the folder of a path on disk; 0 also where that folder may be written, but not read. */
int dkm_file_sync_folder(const char *path);

/* The folder of a path ("." if it names none), and where symbolic links in a path lead (the path itself if there is
 * nothing); both malloc'ed, NULL without memory. */
char *dkm_file_folder(const char *path);
char *dkm_file_target(const char *path);

/* What is read whole: what it must be ("a job file"), the most bytes of it (a multiple of 1 MiB), and what is said to who has
 * more ("is larger than 32 MiB, but ..."). */
typedef struct dkm_file_limits {
  const char *what;
  size_t most;
  const char *advice;
  bool is_text; /* it may hold no zero byte */
} dkm_file_limits;

/* All bytes of a file or a pipe and a 0 after them, to be freed with free().  Fails with DKM_INPUT where the name or what it
 * leads to is wrong, DKM_IO, DKM_MEMORY; *bytes is then NULL. */
dkm_status dkm_file_load(const char *path, const dkm_file_limits *limits, char **bytes, size_t *n_bytes,
                         dkm_error *err);

/* Whether two names lead to one file. */
bool dkm_file_is_same(const struct stat *a, const struct stat *b);

/* ftruncate and fallocate. */
int dkm_file_truncate(int descriptor, uint64_t n_bytes);
int dkm_file_allocate(int descriptor, int mode, uint64_t offset, uint64_t n_bytes);

#ifdef __cplusplus
}
#endif

#endif
