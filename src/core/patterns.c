/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Classes of the large-spin mapping and the two O(K) sums over f_{mu,k}.
 *
 * f_{mu,k} is the sign (-1)^(bit M-1-mu of k): up to the order of the bits a row of a
 * Hadamard matrix that belongs to a single bit.  Only these M of the K Walsh functions are needed,
 * which is why O(K) suffices where the full transform takes O(K log K). */
#include "dickemap/patterns.h"

#include <string.h>

dkm_status dkm_patterns_init(dkm_patterns *patterns, dkm_mapping mapping, int n_modes, dkm_error *err) {
  if (n_modes < 1 || n_modes > DKM_MAX_MODES)
    return dkm_fail(err, DKM_INPUT, "number of patterns %d is outside 1 ... %d", n_modes, DKM_MAX_MODES);
  patterns->mapping = mapping;
  patterns->n_modes = n_modes;
  patterns->n_classes = (int64_t)1 << (mapping == DKM_GAUGED ? n_modes - 1 : n_modes);
  patterns->weight = 1.0 / (double)patterns->n_classes;
  return DKM_OK;
}

int dkm_patterns_sign(const dkm_patterns *patterns, int mu, int64_t k) {
  /* In the gauged mapping bit M-1 of k < 2^(M-1) is 0, so that mu = 0 needs no special case. */
  return (k >> (patterns->n_modes - 1 - mu)) & 1 ? -1 : 1;
}

void dkm_patterns_fields(const dkm_patterns *patterns, const double *a, double *h) {
  int64_t n = 1;
  int mu = 0;
  if (patterns->mapping == DKM_GAUGED)
    h[0] = a[mu++];
  else {
    h[0] = a[0];
    h[1] = -a[0];
    n = 2;
    mu = 1;
  }
  for (; mu < patterns->n_modes; mu++, n *= 2)
    for (int64_t j = n - 1; j >= 0; j--) { /* backwards: h[2j] and h[2j+1] replace h[j] in place */
      double partial = h[j];
      h[2 * j] = partial + a[mu];
      h[2 * j + 1] = partial - a[mu];
    }
}

void dkm_patterns_sums(const dkm_patterns *patterns, const double *q, double *s, double *work) {
  int64_t n = patterns->n_classes;
  const double *level = q; /* q summed over the bits treated so far; from the second level on in work[0 ... n-1] */
  double *difference = work + n / 2;
  int mu = patterns->n_modes - 1;
  for (; n > 1; mu--) {
    int64_t half = n / 2;
    for (int64_t j = 0; j < half; j++) {
      double even = level[2 * j], odd = level[2 * j + 1];
      work[j] = even + odd;
      difference[j] = even - odd;
    }
    for (int64_t m = half; m > 1; m /= 2)
      for (int64_t j = 0; j < m / 2; j++) difference[j] = difference[2 * j] + difference[2 * j + 1];
    s[mu] = difference[0];
    level = work;
    n = half;
  }
  if (mu == 0) s[0] = level[0]; /* gauged: the uniform row is left */
}
