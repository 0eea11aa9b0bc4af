/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_pages: see finite_pages.h. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "finite_pages.h"

#include <stddef.h>
#include <sys/mman.h>

double *dkm_finite_pages_take(int64_t n) {
  void *pages = mmap(NULL, (size_t)n * sizeof(double), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return pages == MAP_FAILED ? NULL : pages;
}

void dkm_finite_pages_give(double *pages, int64_t n) {
  if (pages) munmap(pages, (size_t)n * sizeof(double));
}
