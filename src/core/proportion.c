/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Wilson's interval. */
#include "dickemap/proportion.h"

#include <math.h>

/* Of the normal distribution 95 % are within so many standard deviations. */
static const double z = 1.959963984540054;

dkm_interval dkm_proportion_wilson(int64_t k, int64_t n) {
  if (n <= 0) return (dkm_interval){0.0, 1.0};
  const double p = (double)k / (double)n, share = z * z / (double)n, scale = 1.0 / (1.0 + share);
  const double centre = scale * (p + 0.5 * share), half = scale * z * sqrt((p * (1.0 - p) + 0.25 * share) / (double)n);
  /* Rounding must not leave 0 out of k = 0, nor 1 of k = n. */
  return (dkm_interval){k == 0 ? 0.0 : centre - half, k == n ? 1.0 : centre + half};
}
