/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trajectory: one point's way through time, sampled at equal intervals. */
#ifndef DICKEMAP_TRAJECTORY_H
#define DICKEMAP_TRAJECTORY_H
#include "dickemap/integrator.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dkm_trajectory {
  int n_modes;
  int64_t n;     /* samples */
  int64_t steps; /* of the integration; those of the ensemble do not depend on where samples are */
  double *t;     /* t[i] */
  double *xi;    /* xi[i*n_modes + mu], and likewise alpha, in the paper's normalisation */
  double *alpha_re, *alpha_im;
} dkm_trajectory;

/* Integrates a point in the full space and samples it at t_start, t_start + dt, t_start + 2 dt ... <= t_end; 0 <= t_start <=
 * t_end, dt > 0. *out is to be
 * freed with dkm_trajectory_free. cpu: NULL (the best for one point) or as in dkm_integrator_create.
 * Fails with DKM_INPUT (cpu), DKM_MEMORY, DKM_NUMERIC (the integration failed). */
dkm_status dkm_trajectory_compute(const dkm_system *system, const dkm_point *point, const dkm_solver *solver,
                                  const char *cpu, double t_start, double t_end, double dt, dkm_trajectory *out,
                                  dkm_error *err);
void dkm_trajectory_free(dkm_trajectory *trajectory);

#ifdef __cplusplus
}
#endif

#endif
