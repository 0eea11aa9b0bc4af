/* SPDX-License-Identifier: GPL-3.0-or-later */
/* system: what the spins are to the modes, classes of identical spins with couplings and weights, and the sums over
 * them that the equations need.
 *
 * Spins whose couplings (G_1k ... G_Mk) are the same behave alike and form class k = 0 ... K-1, the share w_k of all
 * spins, sum_k w_k = 1.  Whatever the couplings are, the equations know them through
 *
 *   fields    h_k    = sum_mu G_{mu,k} a_mu
 *   overlaps  xi_mu  = sum_k w_k G_{mu,k} z_k
 *
 * Random +-1 patterns of many spins (Fig. 2, Fig. S1 of the paper) are a case of their own: every class holds the same
 * share 1/K, and the rows of G belong to single bits of k, so that both sums take O(K) instead of O(K M).
 *
 *   mapping   | classes K | G_{mu,k} = f_{mu,k}, mu = 0 ... M-1
 *   gauged    | 2^(M-1)   | f_{0,k} = +1 (sigma_z -> -sigma_z on the other spins)
 *   ungauged  | 2^M       | as below for mu = 0 as well
 *
 * and otherwise f_{mu,k} = +1 if bit M-1-mu of k is 0, else -1.  Rows are orthogonal:
 * sum_k f_{mu,k} f_{nu,k} = K delta_{mu,nu}   (S26).
 *
 * A dkm_system is a view, copied by value: tables of couplings belong to whoever made them (dkm_couplings below) and
 * outlive every copy; nothing that takes a system frees or changes them.  In C modes and patterns count from 0; users
 * see them counted from 1, as in the paper. */
#ifndef DICKEMAP_SYSTEM_H
#define DICKEMAP_SYSTEM_H
#include <stdbool.h>
#include <stdint.h>

#include "dickemap/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DKM_MAX_MODES = 20 };

typedef enum dkm_mapping { DKM_GAUGED, DKM_UNGAUGED, DKM_VALUES, DKM_MATRIX, DKM_RANDOM } dkm_mapping;

typedef struct dkm_system {
  dkm_mapping mapping;
  int n_modes;             /* M, 1 ... DKM_MAX_MODES */
  int64_t n_classes;       /* K */
  double weight;           /* w_k = 1/K of +-1 patterns, a power of two: multiplying by it is exact */
  double alpha_factor;     /* alpha_mu = alpha_factor beta_mu: sqrt(K) for +-1 patterns, as in the paper, else 1 */
  double occupation_factor; /* its square */
  const double *couplings; /* G_{mu,k} at [k*M + mu]; NULL: +-1 patterns */
  const double *weighted;  /* w_k G_{mu,k}, likewise */
  const double *weights;   /* w_k, K values */
  const double *cue;       /* of starts, K values in [-1, 1]; NULL: a pattern of the point */
  double largest;          /* max |G_{mu,k}| */
  int log2_unit;           /* they are in units of 2^log2_unit (units.h): 0 but in an evaluator */
  const struct dkm_drive *drive; /* NULL: g0 and Omega are constant; else what they do with time (drive.h) */
  const struct dkm_states *from; /* NULL: starts are what the point says; else states of an earlier file (states.h) */
  const struct dkm_spins *spins; /* NULL: every point has this system; else it is made of these spins (spins.h), and
                                    what stands here is the largest that there can be, without tables */
} dkm_system;

/* +-1 patterns, mapping DKM_GAUGED or DKM_UNGAUGED.  Fails with DKM_INPUT if n_modes is outside 1 ... DKM_MAX_MODES. */
dkm_status dkm_system_of_patterns(dkm_system *system, dkm_mapping mapping, int n_modes, dkm_error *err);

/* Tables of a system with couplings of any values. */
typedef struct dkm_couplings {
  double *memory;    /* all three; free()d by dkm_couplings_free */
  dkm_system system; /* the view of them */
} dkm_couplings;

/* G: couplings [k*M + mu], w: K weights > 0, cue: K values or NULL; all are copied.  mapping says where they come from.
 * Fails with DKM_MEMORY; *out is then empty. */
dkm_status dkm_couplings_create(dkm_mapping mapping, int n_modes, int64_t n_classes, const double *G, const double *w,
                                const double *cue, dkm_couplings *out, dkm_error *err);
/* The same for a smaller system that says the same of its modes as another: its normalisation and units, and no cue. */
dkm_status dkm_couplings_create_like(const dkm_system *other, int n_modes, int64_t n_classes, const double *G,
                                     const double *w, dkm_couplings *out, dkm_error *err);
void dkm_couplings_free(dkm_couplings *couplings);

/* ---- what is asked of a system ---- */

static inline bool dkm_system_has_patterns(const dkm_system *system) { return system->mapping <= DKM_UNGAUGED; }

/* G_{mu,k} */
double dkm_system_coupling(const dkm_system *system, int mu, int64_t k);
/* w_k */
double dkm_system_weight(const dkm_system *system, int64_t k);

/* Whether pattern nu alone is a closed world: |G_{nu,k}| = 1 for every class, and no other row overlaps with it,
 * sum_k w_k G_{nu,k} G_{mu,k} = 0.  Then Eq. 12 describes its states.  (Couplings in units of 1.) */
bool dkm_system_pattern_is_closed(const dkm_system *system, int nu);

/* Whether different spins give different overlaps: the rank of G is K. */
bool dkm_system_full_rank(const dkm_system *system);

/* The matrix of correlations C_{mu,nu} = sum_k w_k G_{mu,k} G_{nu,k} at [mu*M + nu]. */
void dkm_system_correlations(const dkm_system *system, double *C);

/* ---- sums ---- */

/* h[k] = sum_mu G_{mu,k} a[mu] for all k.  a: M values; h: K values.  +-1 patterns: each mode doubles the list of
 * partial sums into a pair (h+a, h-a), O(K). */
void dkm_system_fields(const dkm_system *system, const double *a, double *h);

/* s[mu] = sum_k w_k G_{mu,k} q[k] for all mu.  +-1 patterns: neighbours are added and subtracted in pairs, O(K).
 * Pairwise order matters for more than accuracy: q = c f_nu gives s[mu] = 0 exactly for every other mu, so that
 * rounding never carries a trajectory out of the symmetric subspace of a pattern.
 * q: K values; s: M values; work: K values, overwritten. q and work must not overlap. */
void dkm_system_sums(const dkm_system *system, const double *q, double *s, double *work);

/* sum_k w_k q[k]; work as above. */
double dkm_system_mean(const dkm_system *system, const double *q, double *work);

/* gram[mu*M + nu] = sum_k w_k G_{mu,k} G_{nu,k} q[k]; q (K values) is overwritten. */
void dkm_system_gram(const dkm_system *system, double *q, double *gram);

#ifdef __cplusplus
}
#endif

#endif
