/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Quantiles, shares and the bootstrap of a small sample; see tail.h. */
#include "tail.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

enum { N_RESAMPLES = 1000 };
static const double outside = 0.05; /* of the resamples, on either side of the interval */

static int by_size(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

void dkm_tail_sort(double *values, int n) {
  qsort(values, (size_t)n, sizeof *values, by_size);
}

double dkm_tail_quantile(const double *sorted, int n, double q) {
  const double rank = ceil(q * n - 1e-9); /* 0.9 * 10 is no more than 9 */
  return sorted[rank < 1 ? 0 : rank > n ? n - 1 : (int)rank - 1];
}

double dkm_tail_share(const double *sorted, int n, double fraction) {
  double sum = 0, top = 0, left = fraction * n;
  for (int i = n - 1; i >= 0; i--, left--) {
    sum += sorted[i];
    top += fmin(fmax(left, 0), 1) * sorted[i];
  }
  return sum > 0 ? top / sum : 0;
}

void dkm_tail_mean_interval(const double *values, int n, double interval[2]) {
  double means[N_RESAMPLES];
  unsigned short state[3] = {1, 0, 0};
  for (int i = 0; i < N_RESAMPLES; i++) {
    double sum = 0;
    for (int j = 0; j < n; j++) sum += values[(int64_t)nrand48(state) * n >> 31];
    means[i] = sum / n;
  }
  dkm_tail_sort(means, N_RESAMPLES);
  interval[0] = dkm_tail_quantile(means, N_RESAMPLES, outside);
  interval[1] = dkm_tail_quantile(means, N_RESAMPLES, 1 - outside);
}

double dkm_tail_unseen(int n) {
  return 1 - pow(0.05, 1.0 / n);
}
