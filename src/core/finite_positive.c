/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_positive: see finite_positive.h. */
#include "finite_positive.h"

#include <math.h>
#include <stdbool.h>

/* Whether P + shift has a decomposition L L^+; L: 2 rows^2 values, planes of the lower triangle by rows. */
static bool decomposes(int64_t rows, const double *P, double shift, double *L) {
  double *re = L, *im = L + rows * rows;
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c <= r; c++) {
      double x = P[r * rows + c], y = r == c ? 0.0 : P[c * rows + r];
      const double *a = re + r * rows, *b = im + r * rows, *p = re + c * rows, *q = im + c * rows;
      for (int64_t i = 0; i < c; i++) {
        x -= a[i] * p[i] + b[i] * q[i];
        y -= b[i] * p[i] - a[i] * q[i];
      }
      if (r == c) {
        if (!(x + shift > 0.0)) return false;
        re[r * rows + r] = sqrt(x + shift);
        im[r * rows + r] = 0.0;
      } else {
        re[r * rows + c] = x / p[c];
        im[r * rows + c] = y / p[c];
      }
    }
  return true;
}

double dkm_finite_negativity(int64_t rows, const double *P, double *work) {
  if (decomposes(rows, P, 0.0, work)) return 0.0;
  for (double shift = 1e-16; shift <= 1.0; shift *= 10.0)
    if (decomposes(rows, P, shift, work)) return shift;
  return NAN;
}
