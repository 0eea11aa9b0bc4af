/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job_spacing: the values of an axis that is given by `from`, `to` and `points`. Internal to the job module. */
#ifndef DICKEMAP_JOB_SPACING_H
#define DICKEMAP_JOB_SPACING_H
#include <stdint.h>

/* values[n], n >= 1, with values[0] = from and values[n-1] = to exactly; to may be NULL if n is 1.  The texts are
 * decimal numbers that dkm_number_parse has read.
 *
 * A value depends on the number that it stands for and not on the grid that it is in, as far as possible, so that the
 * points of a finer or longer grid have the same bits as those of the old one that they repeat:
 *   linear       the double next to from + (to - from) i/(n-1), which is computed exactly from the decimals; equal to
 *                what is read from `values: [...]`.  Ends of more than 18 digits, as in 1e-15 ... 1e5, are beyond that:
 *                their values are rounded several times, but still those of any refinement are shared.
 *   logarithmic  from (to/from)^(i/(n-1)) in long double, i/(n-1) in lowest terms: shared with every refinement, and
 *                but for a few in 1000 with other grids through the same numbers. */
void dkm_spacing_linear(const char *from, const char *to, int64_t n, double *values);
void dkm_spacing_log(const char *from, const char *to, int64_t n, double *values);

#endif
