/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ground: all stationary states of a point in which every spin lies along its field, with the lowest energy; with losses of single
 * spins there are no others.
 *
 * Where there is a landscape U (landscape.h) they are its critical points, and a theorem ties both: the number of directions that
 * grow is the index of U, the number of its negative eigenvalues there, and their rates are real.  Minima are what a trajectory
 * can end in; those of index 1 are the passes between their basins.
 *
 * Elsewhere (modes of both signs, losses, unbalanced couplings) they are found by Newton's method for the modes, from many places,
 * and a trajectory may end in none of them.  In both cases the signs (-1)^n_unstable of all states add up to 1, which shows when
 * some are missing.  Without losses, states with some classes turned against their fields are stationary too: they are no part
 * of this. */
#ifndef DICKEMAP_GROUND_H
#define DICKEMAP_GROUND_H
#include "dickemap/fixedpoint.h"
#include "dickemap/landscape.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dkm_ground_state {
  double xi[DKM_MAX_MODES], alpha_re[DKM_MAX_MODES], alpha_im[DKM_MAX_MODES]; /* of one image */
  double U;         /* V of landscape.h there, in the units of g0; NaN without a landscape, as `escape` */
  double escape;    /* minima: U of the lowest saddle that leads to another minimum; infinity: none; saddles: NaN */
  int index;        /* of U; -1 without a landscape */
  int64_t n_images; /* xi and -xi, or all reflections where U is even in each overlap; 1: the normal state */
  bool has_spectrum; /* false: it could not be computed (dkm_fixedpoint_spectrum) */
  dkm_spectrum spectrum;
} dkm_ground_state;

typedef struct dkm_ground {
  int64_t n;
  dkm_ground_state *states; /* n; rising in U, or in n_unstable; those that are equal in that falling in xi[0], xi[1], ... */
  bool has_landscape;
  int64_t n_all, n_stable;  /* with images */
  bool complete;            /* certified (dkm_landscape_critical), or the signs add up to 1, none is degenerate and the last one was
                               found early: necessary for having found all, not sufficient */
} dkm_ground;

/* Searches them; a drive that ends counts as what it is in the end.  Lengths of the spins are those of the point's start.  Fails
 * with DKM_INPUT where states are no isolated points (g0 or Omega is 0, dephasing alone) or do not rest (a drive that repeats);
 * DKM_MEMORY. */
dkm_status dkm_ground_find(const dkm_system *system, const dkm_point *point, dkm_ground *ground, dkm_error *err);
void dkm_ground_free(dkm_ground *ground);

#ifdef __cplusplus
}
#endif

#endif
