/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ground: what the files of dickemap/ground.h share. */
#ifndef DICKEMAP_CORE_GROUND_H
#define DICKEMAP_CORE_GROUND_H
#include "dickemap/ground.h"

/* Fills an empty ground in no order by Newton's method from many places.  g0 > 0, Omega != 0.  Fails with DKM_MEMORY; what is in
 * `ground` then is the caller's to free. */
dkm_status dkm_ground_newton(const dkm_system *system, const dkm_point *point, dkm_fixedpoint_workspace *workspace,
                             dkm_ground *ground, dkm_error *err);

/* The spectrum about a state (3K + 2M values) into it, or that there is none. Fails with DKM_MEMORY. */
dkm_status dkm_ground_take_spectrum(dkm_fixedpoint_workspace *workspace, const dkm_point *point, const double *state,
                                    dkm_ground_state *out, dkm_error *err);

/* n_all and n_stable, from the states. */
void dkm_ground_count(dkm_ground *ground);

#endif
