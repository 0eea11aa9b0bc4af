/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ground: what the files of dickemap/ground.h share. */
#ifndef DICKEMAP_CORE_GROUND_H
#define DICKEMAP_CORE_GROUND_H
#include "dickemap/ground.h"

/* Fills an empty ground in no order by Newton's method from many places.  g0 > 0, Omega != 0.  Fails with DKM_MEMORY; what is in
 * `ground` then is the caller's to free. */
dkm_status dkm_ground_newton(const dkm_system *system, const dkm_point *point, dkm_fixedpoint_workspace *workspace,
                             dkm_ground *ground, dkm_error *err);

#endif
