/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_pages: memory of states, taken from the system and given back to it at once.  What malloc keeps of arrays that were freed would
 * come on top of what a computation was allowed (dkm_finite_how.memory), since each state is larger than the one before. */
#ifndef DICKEMAP_FINITE_PAGES_H
#define DICKEMAP_FINITE_PAGES_H
#include <stdint.h>

/* n zeros, n >= 1; NULL: there is no memory. */
double *dkm_finite_pages_take(int64_t n);

/* pages: of n numbers, or NULL. */
void dkm_finite_pages_give(double *pages, int64_t n);

#endif
