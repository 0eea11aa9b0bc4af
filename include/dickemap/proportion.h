/* SPDX-License-Identifier: GPL-3.0-or-later */
/* proportion: a probability, of which so many of so many trials tell.
 *
 * Reference: E. B. Wilson, J. Am. Stat. Assoc. 22, 209 (1927). */
#ifndef DICKEMAP_PROPORTION_H
#define DICKEMAP_PROPORTION_H
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dkm_interval {
  double low, high; /* 0 <= low <= high <= 1 */
} dkm_interval;

/* Wilson's interval of 95 % for k of n, 0 <= k <= n: the probabilities p with |k/n - p| <= z sqrt(p (1 - p)/n), z = 1.96.  Of
 * n = 0: 0 ... 1. */
dkm_interval dkm_proportion_wilson(int64_t k, int64_t n);

#ifdef __cplusplus
}
#endif

#endif
