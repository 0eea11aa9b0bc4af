/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clock: how long things take. */
#ifndef DICKEMAP_CLOCK_H
#define DICKEMAP_CLOCK_H
#include <time.h>

/* Seconds since some moment in the past; never set back. */
static inline double dkm_clock_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
