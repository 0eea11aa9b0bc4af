/* SPDX-License-Identifier: GPL-3.0-or-later */
/* quotient: the exact reduction for a start without perturbation.
 *
 * If every z_k = overlap f_{nu,k}, with x_k and y_k = 0 the same for all classes and empty
 * modes, then z_k = f_{nu,k} z, y_k = f_{nu,k} y, x_k = x and beta_mu = 0 (mu != nu) at all times, because
 * sum_k w_k f_{mu,k} f_{nu,k} = delta_{mu,nu}.  What is left is one class and one mode, a
 * system of the same form (M = 1, gauged) with the parameters of mode nu: exact, and at a
 * cost that does not grow with M.  The stability of what it ends in is asked in the full
 * space, where the problem splits into one of four dimensions for each mode. */
#ifndef DICKEMAP_QUOTIENT_H
#define DICKEMAP_QUOTIENT_H
#include <stdbool.h>

#include "dickemap/model.h"
#include "dickemap/record.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the start of this point lies in the symmetric subspace of its cue. */
bool dkm_quotient_applies(const dkm_point *point);

/* The reduced system: its patterns (M = 1, K = 1), the same for every point, and its point. */
dkm_system dkm_quotient_system(void);
dkm_point dkm_quotient_point(const dkm_point *point);

/* The 5 values of the reduced state from u (3K + 2M values), which lies in the subspace. */
void dkm_quotient_reduce_state(const dkm_system *system, const dkm_point *point, const double *u, double *small_state);

/* u (3K + 2M values) from the 5 values of the reduced state. */
void dkm_quotient_lift_state(const dkm_system *system, const dkm_point *point, const double *small_state, double *u);

/* The record of the full system from that of the reduced one. Spectrum: of all 3K + 2M
 * directions if the verdict is a fixed point. Fails with DKM_MEMORY, DKM_NUMERIC. */
dkm_status dkm_quotient_lift_record(const dkm_system *system, const dkm_point *point, const double *small_state,
                                    const dkm_record *small_record, dkm_record *record, dkm_error *err);

#ifdef __cplusplus
}
#endif

#endif
