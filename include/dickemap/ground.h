/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ground: all stationary states of a point in which every spin lies along its field, the ground branch.
 *
 * They are the critical points of the landscape U (landscape.h), each with the spectrum of the equations linearised about it.
 * A theorem ties both: for modes of one sign the number of directions that grow is the index of U, the number of its negative
 * eigenvalues there, and their rates are real.  Minima are what a trajectory can end in; those of index 1 are the passes between
 * their basins.  States with some classes turned against their fields are stationary too, and never stable: they are no part of
 * this. */
#ifndef DICKEMAP_GROUND_H
#define DICKEMAP_GROUND_H
#include "dickemap/fixedpoint.h"
#include "dickemap/landscape.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dkm_ground_state {
  double xi[DKM_MAX_MODES], alpha_re[DKM_MAX_MODES], alpha_im[DKM_MAX_MODES]; /* of one image */
  double U;         /* V of landscape.h there, in the units of g0 */
  double escape;    /* minima: U of the lowest saddle that leads to another minimum; infinity: none; saddles: NaN */
  int index;        /* of U */
  int64_t n_images; /* xi and -xi, or all reflections where U is even in each overlap; 1: the normal state */
  bool has_spectrum; /* false: it could not be computed (dkm_fixedpoint_spectrum) */
  dkm_spectrum spectrum;
} dkm_ground_state;

typedef struct dkm_ground {
  int64_t n;
  dkm_ground_state *states; /* n; rising in U, those of equal U falling in xi[0], xi[1], ... */
  int64_t n_all, n_minima;  /* with images */
  bool complete;            /* certified (dkm_landscape_critical): necessary for having found all, not sufficient */
} dkm_ground;

/* Searches them; a drive that ends counts as what it is in the end.  Lengths of the spins are those of the point's start.  Fails
 * with DKM_INPUT where there is no landscape (dkm_landscape_sign), with the reason; DKM_MEMORY. */
dkm_status dkm_ground_find(const dkm_system *system, const dkm_point *point, dkm_ground *ground, dkm_error *err);
void dkm_ground_free(dkm_ground *ground);

#ifdef __cplusplus
}
#endif

#endif
