/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Integrators without anything around them. */
#ifndef INTEGRATE_H
#define INTEGRATE_H
#include "cmocka_headers.h"

#include <math.h>

#include "dickemap/integrator.h"

static inline dkm_integrator *integrator_for(const dkm_system *p, int method, double tolerance, dkm_dynamics dynamics,
                                             const char *cpu) {
  dkm_solver solver = {.tolerance = tolerance, .t_max = 1e7, .dynamics = dynamics};
  dkm_integrator *integrator = NULL;
  solver.method = method;
  assert_int_equal(dkm_integrator_create(p, &solver, cpu, &integrator, NULL), DKM_OK);
  return integrator;
}

/* u at time `from` -> u at time t, in this lane. Returns the number of steps. */
static inline int64_t integrate(dkm_integrator *integrator, int at, const dkm_point *pt, double *u, double from,
                                double t) {
  dkm_integrator_load(integrator, at, pt, u, from);
  dkm_lane *lane = dkm_integrator_lane(integrator, at);
  lane->t_limit = t;
  while (lane->t < t) {
    dkm_integrator_advance(integrator);
    assert_int_equal(lane->failure, DKM_FAILURE_NONE);
  }
  assert_true(lane->t == t);
  dkm_integrator_state(integrator, at, u);
  return lane->steps;
}

/* The largest difference of two states; NaN if there is one. */
static inline double difference(const double *u, const double *v, size_t n) {
  double largest = 0.0;
  for (size_t i = 0; i < n; i++) largest = dkm_larger(largest, fabs(u[i] - v[i]));
  return largest;
}

#endif
