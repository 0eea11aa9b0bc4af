/* SPDX-License-Identifier: GPL-3.0-or-later */
/* patterns: from random +-1 patterns to classes of identical spins (Fig. 2, Fig. S1 of the
 * paper) and the two sums over them that the equations of motion need.
 *
 * Spins whose column (G_1k ... G_Mk) is the same behave alike and form class k = 0 ... K-1.
 * For independent patterns and many spins every class holds the same share 1/K of them.
 *
 *   mapping   | classes K | f_{mu,k}, mu = 0 ... M-1
 *   gauged    | 2^(M-1)   | f_{0,k} = +1 (sigma_z -> -sigma_z on the other spins)
 *   ungauged  | 2^M       | as below for mu = 0 as well
 *
 * and otherwise f_{mu,k} = +1 if bit M-1-mu of k is 0, else -1.  Rows are orthogonal:
 * sum_k f_{mu,k} f_{nu,k} = K delta_{mu,nu}   (S26).
 *
 * In C modes and patterns count from 0; users see them counted from 1, as in the paper. */
#ifndef DICKEMAP_PATTERNS_H
#define DICKEMAP_PATTERNS_H
#include <stdint.h>

#include "dickemap/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DKM_MAX_MODES = 20 };

typedef enum dkm_mapping { DKM_GAUGED, DKM_UNGAUGED } dkm_mapping;

typedef struct dkm_patterns {
  dkm_mapping mapping;
  int n_modes;       /* M, 1 ... DKM_MAX_MODES */
  int64_t n_classes; /* K */
  double weight;     /* w_k = N_k/N_sp = 1/K, a power of two: multiplying by it is exact */
} dkm_patterns;

/* Fails with DKM_INPUT if n_modes is outside 1 ... DKM_MAX_MODES. */
dkm_status dkm_patterns_init(dkm_patterns *patterns, dkm_mapping mapping, int n_modes, dkm_error *err);

/* f_{mu,k} as +1 or -1. */
int dkm_patterns_sign(const dkm_patterns *patterns, int mu, int64_t k);

/* h[k] = sum_mu f_{mu,k} a[mu] for all k, in O(K): each mode doubles the list of partial
 * sums into a pair (h+a, h-a). a: M values; h: K values. */
void dkm_patterns_fields(const dkm_patterns *patterns, const double *a, double *h);

/* s[mu] = sum_k f_{mu,k} q[k], unweighted, for all mu, in O(K): neighbours are added and
 * subtracted in pairs.  Pairwise order matters for more than accuracy: q = c f_nu gives
 * s[mu] = 0 exactly for every other mu, so that rounding never carries a trajectory out of
 * the symmetric subspace of a pattern.
 * q: K values; s: M values; work: K values, overwritten. q and work must not overlap. */
void dkm_patterns_sums(const dkm_patterns *patterns, const double *q, double *s, double *work);

#ifdef __cplusplus
}
#endif

#endif
