/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cavities whose modes are much faster than the spins, to t = T, one class and one mode.  argv = what, tolerance, g0, T
 * [, instruction set]; what:
 *
 *   slow, slow8      the ensemble integrator, one trajectory or a full batch of lanes (g0 within 2 % of each other)
 *   resolved, ...8   the same with every mode resolved
 *   msbdf, bsimp     GSL's, with the exact Jacobian
 *
 * Prints CPU seconds a trajectory, steps, and the state of the (first) trajectory. */
#include <gsl/gsl_errno.h>
#include <gsl/gsl_odeiv2.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dickemap/integrator.h"

static double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static dkm_point cavity(double g0) {
  return (dkm_point){.g0 = g0, .Omega = 0.025, .Omega_mu = {20}, .kappa_mu = {16.2}, .pattern = 1, .overlap = 0.8};
}

static double run_ensemble(bool resolve, bool batch, double tolerance, double g0, double T, const char *cpu, double *u,
                           long *steps) {
  dkm_system system;
  dkm_error err;
  dkm_integrator *integrator;
  dkm_solver solver = {.tolerance = tolerance, .t_max = 1e9, .resolve_modes = resolve};
  if (dkm_system_of_patterns(&system, DKM_GAUGED, 1, &err) != DKM_OK ||
      dkm_integrator_create(&system, &solver, cpu || batch ? cpu : dkm_cpu_best_for_one(), &integrator, &err) !=
          DKM_OK)
    exit(1);
  const int n = batch ? dkm_integrator_lanes(integrator) : 1;
  double best = INFINITY;
  for (int round = 0; round < 3; round++) {
    for (int l = 0; l < n; l++) {
      dkm_point point = cavity(g0 * (1 + 0.02 * l / 8));
      if (dkm_model_start(&system, &point, u, &err) != DKM_OK) exit(1);
      dkm_integrator_load(integrator, l, &point, u, 0.0);
      dkm_integrator_lane(integrator, l)->t_limit = T;
    }
    const double begin = cpu_seconds();
    for (int left = n; left > 0;) {
      dkm_integrator_advance(integrator);
      for (int l = 0; l < n; l++) {
        dkm_lane *lane = dkm_integrator_lane(integrator, l);
        if (!lane->active || lane->t < T) continue;
        if (l == 0) {
          dkm_integrator_state(integrator, l, u);
          *steps = (long)lane->steps;
        }
        dkm_integrator_unload(integrator, l);
        left--;
      }
    }
    best = fmin(best, (cpu_seconds() - begin) / n);
  }
  dkm_integrator_destroy(integrator);
  return best;
}

static int rhs(double t, const double u[], double du[], void *context) {
  const dkm_point *p = context;
  const double h = 4 * p->g0 * u[3], k = 0.5 * p->kappa_mu[0];
  (void)t;
  du[0] = -h * u[1];
  du[1] = h * u[0] - 2 * p->Omega * u[2];
  du[2] = 2 * p->Omega * u[1];
  du[3] = p->Omega_mu[0] * u[4] - k * u[3];
  du[4] = -p->Omega_mu[0] * u[3] - k * u[4] - p->g0 * u[2];
  return GSL_SUCCESS;
}

static int jacobian(double t, const double u[], double *J, double dfdt[], void *context) {
  const dkm_point *p = context;
  const double g = 4 * p->g0, h = g * u[3], k = 0.5 * p->kappa_mu[0], W = 2 * p->Omega, Om = p->Omega_mu[0];
  const double all[25] = {0, -h, 0, -g * u[1], 0, h,  0,  -W, g * u[0], 0,      0,   W, 0,
                          0, 0,  0, 0,         0, -k, Om, 0,  0,        -p->g0, -Om, -k};
  (void)t;
  memcpy(J, all, sizeof all);
  memset(dfdt, 0, 5 * sizeof *dfdt);
  return GSL_SUCCESS;
}

static double run_gsl(const gsl_odeiv2_step_type *type, double tolerance, double g0, double T, double *u, long *steps) {
  dkm_system system;
  dkm_point point = cavity(g0);
  gsl_odeiv2_system equations = {rhs, jacobian, 5, &point};
  gsl_odeiv2_driver *driver = gsl_odeiv2_driver_alloc_y_new(&equations, type, 1e-3, tolerance, tolerance);
  double t = 0.0;
  dkm_system_of_patterns(&system, DKM_GAUGED, 1, NULL);
  dkm_model_start(&system, &point, u, NULL);
  const double begin = cpu_seconds();
  const int code = gsl_odeiv2_driver_apply(driver, &t, T, u);
  const double seconds = cpu_seconds() - begin;
  if (code != GSL_SUCCESS) {
    fprintf(stderr, "GSL: %s at t = %g\n", gsl_strerror(code), t);
    u[0] = NAN;
  }
  *steps = (long)driver->n;
  gsl_odeiv2_driver_free(driver);
  return seconds;
}

int main(int argc, char **argv) {
  double u[5], seconds;
  long steps = 0;
  if (argc < 5) return 1;
  const char *what = argv[1], *cpu = argc > 5 ? argv[5] : NULL;
  const double tolerance = atof(argv[2]), g0 = atof(argv[3]), T = atof(argv[4]);
  gsl_set_error_handler_off();
  if (strncmp(what, "slow", 4) == 0 || strncmp(what, "resolved", 8) == 0)
    seconds = run_ensemble(what[0] == 'r', strchr(what, '8') != NULL, tolerance, g0, T, cpu, u, &steps);
  else
    seconds = run_gsl(strcmp(what, "msbdf") == 0 ? gsl_odeiv2_step_msbdf : gsl_odeiv2_step_bsimp, tolerance, g0, T, u,
                      &steps);
  printf("%.9f %ld %.17g %.17g %.17g %.17g %.17g\n", seconds, steps, u[0], u[1], u[2], u[3], u[4]);
  return 0;
}
