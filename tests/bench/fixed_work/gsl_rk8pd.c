/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GSL odeiv2, rk8pd: argv = tolerance, reference. */
#include <gsl/gsl_errno.h>
#include <gsl/gsl_odeiv2.h>

#include "workload.h"

DEFINE_RHS(rhs, double)

static double tolerance;

static int gsl_rhs(double t, const double u[], double du[], void *g) {
  (void)t;
  rhs(*(double *)g, u, du);
  return GSL_SUCCESS;
}

static void solve(double *xi) {
  double g, u[N_STATE];
  gsl_odeiv2_system system = {gsl_rhs, NULL, N_STATE, &g};
  gsl_odeiv2_driver *driver =
      gsl_odeiv2_driver_alloc_y_new(&system, gsl_odeiv2_step_rk8pd, 1e-2, 1e-2 * tolerance, tolerance);
  for (int i = 0; i < N_POINTS; i++) {
    double t = 0.0;
    g = coupling_of(i);
    start_of(i, u);
    gsl_odeiv2_driver_reset_hstart(driver, 1e-2);
    if (gsl_odeiv2_driver_apply(driver, &t, T_END, u) != GSL_SUCCESS) exit(1);
    overlaps_of(u, xi + i * N_MODES);
  }
  gsl_odeiv2_driver_free(driver);
}

int main(int argc, char **argv) {
  if (argc != 3) return 1;
  tolerance = atof(argv[1]);
  return report(argv[2], solve);
}
