/* SPDX-License-Identifier: GPL-3.0-or-later */
/* secular_roots: all roots of a secular equation, with proofs where they are. */
#ifndef DICKEMAP_SECULAR_ROOTS_H
#define DICKEMAP_SECULAR_ROOTS_H
#include "secular.h"

/* All roots: n_pairs of them stand for themselves and their conjugates, 0 ... n_pairs-1, the others for themselves. */
typedef struct dkm_secular_roots {
  int64_t n, n_pairs, capacity;
  double *base, *re, *im; /* of number i, as in dkm_offset */
  double *radius;         /* the union of these discs holds all roots, every connected part as many as discs */
  bool *is_found;         /* it does not move any more */
  int sweeps;             /* over all roots that were still moving */
} dkm_secular_roots;

/* Finds and proves them.  *out is to be freed on success only.  Fails with DKM_MEMORY, and with DKM_NUMERIC if
 * iterations do not converge or the proof fails. */
dkm_status dkm_secular_roots_find(const dkm_secular *s, dkm_secular_roots *out, dkm_error *err);
void dkm_secular_roots_free(dkm_secular_roots *roots);

/* Fills radius.  Fails with DKM_NUMERIC where the real part of a root would be left open: where a radius is neither
 * a hundredth of that nor 1e-11 of the largest modulus, or if the sum of all roots is not -sum_mu kappa_mu. */
dkm_status dkm_secular_roots_prove(const dkm_secular *s, dkm_secular_roots *roots, dkm_error *err);

#endif
