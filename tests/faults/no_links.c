/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Preloaded: a file system that knows neither hard links nor a rename that does not overwrite. */
#define _GNU_SOURCE /* renameat2 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

int link(const char *from, const char *to) {
  (void)from;
  (void)to;
  errno = EPERM;
  return -1;
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
  if (flags == 0) return renameat(from_folder, from, to_folder, to);
  errno = EINVAL;
  return -1;
}
