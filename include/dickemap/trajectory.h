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

/* Whose way it is, and how it is integrated. cpu: NULL (the best for one point) or as in dkm_integrator_create.
 * state: where it begins, at time t_state, such as where a record ended, 3K + 2M values of the system (of classes that the point does
 * not have they are not read), finite, and within 1e-6 of the subspace that the point's start lies in, else it fails with DKM_INPUT;
 * NULL: the point's own start, at 0. */
typedef struct dkm_course {
  const dkm_system *system;
  const dkm_point *point;
  const dkm_solver *solver;
  const char *cpu;
  const double *state;
  double t_state;
} dkm_course;

/* Integrates a point in the full space and samples it at t_start, t_start + dt, t_start + 2 dt ... <= t_end; t_state <= t_start <=
 * t_end, dt > 0.  *out is to be freed with dkm_trajectory_free.  Fails with DKM_INPUT (cpu), DKM_MEMORY, DKM_NUMERIC (the integration
 * failed). */
dkm_status dkm_trajectory_compute(const dkm_course *course, double t_start, double t_end, double dt, dkm_trajectory *out,
                                  dkm_error *err);
void dkm_trajectory_free(dkm_trajectory *trajectory);

/* Sample i: the state u (3K + 2M values of that system, which is the point's) is valid during the call. Returns false to end it. */
typedef bool dkm_trajectory_visit(void *context, int64_t i, const dkm_system *system, const double *u);

/* The same with whole states, at n times t_state <= t[0] <= t[1] <= ...: a step ends at each, so that both ways agree to the tolerance
 * of the solver, not to the bit.  Fails as above, and with DKM_STOPPED if `visit` ends it. */
dkm_status dkm_trajectory_follow(const dkm_course *course, int64_t n, const double *t, dkm_trajectory_visit *visit, void *context,
                                 dkm_error *err);

#ifdef __cplusplus
}
#endif

#endif
