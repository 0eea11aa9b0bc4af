/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ground: what the files of dickemap/ground.h share. */
#ifndef DICKEMAP_CORE_GROUND_H
#define DICKEMAP_CORE_GROUND_H
#include "dickemap/ground.h"

/* What all parts of a search have in common. */
typedef struct ground_work {
  const dkm_system *system;
  const dkm_point *point;
  dkm_landscape *landscape; /* turned to the point; NULL: there is none */
  dkm_fixedpoint_workspace *spectra;
  const dkm_ground_search *how;
  double t_asked;           /* when the caller was asked last whether to go on */
} ground_work;

/* Fails with DKM_STOPPED if the search is to be given up. */
dkm_status dkm_ground_ask(ground_work *work, dkm_error *err);

/* Fills an empty ground, its n, states and whether they are complete, in no order by Newton's method from many places, with these
 * classes inverted.  g0 > 0, Omega != 0.  Fails with DKM_MEMORY, DKM_STOPPED; what is in `ground` then is the caller's to free. */
dkm_status dkm_ground_newton(ground_work *work, int n_inverted, const int64_t *inverted, dkm_ground *ground, dkm_error *err);

/* The order of a ground, for qsort. */
int dkm_ground_by_depth(const void *a, const void *b);

/* Of +-1 patterns: leaves one of all images of each state, with their number, and puts them in order. */
void dkm_ground_merge_images(const dkm_system *system, const dkm_point *point, dkm_ground *ground);

/* The spectrum about a state (3K + 2M values) into it, or that there is none. Fails with DKM_MEMORY. */
dkm_status dkm_ground_take_spectrum(const ground_work *work, const double *state, dkm_ground_state *out, dkm_error *err);

#endif
