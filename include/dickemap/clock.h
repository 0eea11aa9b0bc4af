/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clock: how long things take, and what time it is. */
#ifndef DICKEMAP_CLOCK_H
#define DICKEMAP_CLOCK_H
#include <time.h>

/* Seconds since some moment in the past; never set back. */
static inline double dkm_clock_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Now, as 2026-01-31T12:00:00Z. */
enum { DKM_CLOCK_DATE_BYTES = 32 };
static inline void dkm_clock_date(char out[DKM_CLOCK_DATE_BYTES]) {
  const time_t now = time(NULL);
  struct tm utc;
  out[0] = '\0';
  if (gmtime_r(&now, &utc)) strftime(out, DKM_CLOCK_DATE_BYTES, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

#endif
