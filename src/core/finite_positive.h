/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_positive: how far a density matrix is from being positive. */
#ifndef DICKEMAP_FINITE_POSITIVE_H
#define DICKEMAP_FINITE_POSITIVE_H
#include <stdint.h>

/* 0 if P (finite_space.h, rows^2 values) is positive, otherwise the smallest power of ten from 1e-16 on which makes it so when it
 * is added to the diagonal: by Cholesky's decomposition, which exists only then.  NaN if 1 is not enough.  work: 2 rows^2. */
double dkm_finite_negativity(int64_t rows, const double *P, double *work);

#endif
