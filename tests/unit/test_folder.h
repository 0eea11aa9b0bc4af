/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A new folder for the files of a test. */
#ifndef TEST_FOLDER_H
#define TEST_FOLDER_H
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Its path into folder, in $TMPDIR or /tmp. Returns false if there is none. */
static inline bool make_test_folder(const char *name, char *folder, size_t folder_bytes) {
  const char *base = getenv("TMPDIR");
  const int n = snprintf(folder, folder_bytes, "%s/dkm-%s-XXXXXX", base ? base : "/tmp", name);
  return n > 0 && (size_t)n < folder_bytes && mkdtemp(folder);
}

#endif
