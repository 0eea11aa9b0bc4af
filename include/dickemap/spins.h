/* SPDX-License-Identifier: GPL-3.0-or-later */
/* spins: from single spins, or the distribution of their couplings, to classes (system.h).
 *
 *   matrix   a finite number of spins with given couplings: classes are the distinct columns, weights N_k/N exact
 *   random   a finite number of spins with random +-1 columns, of which the first row is made +1 (gauged): which columns
 *            occur, and how often, depends on the point's pattern_seed
 *   values   M independent couplings with values x_i and probabilities p_i each (Fig. S2): d^M classes, weights the
 *            products of p_i; where the distribution is even, x -> -x, classes that differ by the sign of all couplings
 *            are one by the gauge sigma_z -> -sigma_z: those are kept whose first coupling that is not 0 is positive
 *
 * Of a finite number of spins some can be flipped exactly, and the cue can be an image of its own: a class is then a
 * column with a value of the cue, and the system depends on the point (dkm_system.spins). Which spins are flipped depends
 * on the seed alone. */
#ifndef DICKEMAP_SPINS_H
#define DICKEMAP_SPINS_H
#include "dickemap/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* At most so many classes and spins of these kinds. */
#define DKM_MAX_CLASSES ((int64_t)1 << 20)

typedef struct dkm_spins {
  dkm_mapping mapping; /* DKM_MATRIX or DKM_RANDOM */
  int n_modes;
  int64_t n_spins;     /* N, 1 ... DKM_MAX_CLASSES */
  const double *G;     /* matrix: of spin j, [mu*N + j], as rows are read; borrowed */
  int log2_unit;       /* G is in units of 2^log2_unit (units.h) */
  const double *cue;   /* N values in [-1, 1], or NULL: a pattern of the point, or a mixture; borrowed */
} dkm_spins;

/* The classes of these spins at a point. Fails with DKM_MEMORY, and with DKM_INPUT if more spins are to be flipped than
 * there are. */
dkm_status dkm_spins_realise(const dkm_spins *spins, const dkm_point *point, dkm_couplings *out, dkm_error *err);

/* The system that a point has: `system` itself, or, where it depends on the point, own->system with the same drive and earlier
 * states; *own is to be freed in any case.  Fails as dkm_spins_realise. */
dkm_status dkm_spins_system(const dkm_system *system, const dkm_point *point, dkm_couplings *own, const dkm_system **of_point,
                            dkm_error *err);

/* Of each spin, the class that it is in at a point: class_of[j], N values. Fails with DKM_MEMORY. */
dkm_status dkm_spins_classes(const dkm_spins *spins, const dkm_point *point, int64_t *class_of, dkm_error *err);

/* The correlations of their patterns, C[mu*M + nu] = sum_j G_{mu,j} G_{nu,j}/N, at a point; with no spin flipped.  Fails with
 * DKM_MEMORY. */
dkm_status dkm_spins_correlations(const dkm_spins *spins, const dkm_point *point, double *C, dkm_error *err);

/* The largest number of classes that points have, where at most `flipped` spins are flipped exactly. */
dkm_status dkm_spins_most_classes(const dkm_spins *spins, int64_t flipped, int64_t *n_classes, dkm_error *err);

/* Classes of independent couplings; their number without making them (0: more than DKM_MAX_CLASSES). n_values >= 1;
 * probabilities > 0 that sum to 1. Fails with DKM_MEMORY, and with DKM_INPUT if there are too many. */
int64_t dkm_values_n_classes(int n_modes, int n_values, const double *values, const double *probabilities);
dkm_status dkm_values_realise(int n_modes, int n_values, const double *values, const double *probabilities,
                              dkm_couplings *out, dkm_error *err);

#ifdef __cplusplus
}
#endif

#endif
