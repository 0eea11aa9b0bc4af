/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ensemble integrator: argv = tolerance, reference [, instruction set]. Also prints steps a point and the order. */
#include <string.h>

#include "dickemap/integrator.h"
#include "workload.h"

static dkm_system spins;
static dkm_integrator *integrator;
static int64_t n_steps; /* of a round */

static void point_of(int i, dkm_point *point) {
  *point = (dkm_point){.g0 = g0_of(i), .Omega = OMEGA, .pattern = cue_of(i) + 1, .overlap = 0.9};
  for (int mu = 0; mu < N_MODES; mu++) {
    point->Omega_mu[mu] = OMEGA * (mu + 3);
    point->kappa_mu[mu] = KAPPA;
  }
}

static void solve(double *xi) {
  const int lanes = dkm_integrator_lanes(integrator);
  double u[N_STATE];
  int in_lane[8] = {0}, next = 0, n_done = 0;
  n_steps = 0;
  while (n_done < N_POINTS) {
    for (int l = 0; l < lanes; l++) {
      dkm_lane *lane = dkm_integrator_lane(integrator, l);
      if (lane->active && lane->t >= T_END) {
        dkm_integrator_state(integrator, l, u);
        overlaps_of(u, xi + in_lane[l] * N_MODES);
        n_steps += lane->steps;
        dkm_integrator_unload(integrator, l);
        n_done++;
      }
      if (!lane->active && next < N_POINTS) {
        dkm_point point;
        point_of(next, &point);
        start_of(next, u);
        dkm_integrator_load(integrator, l, &point, u, 0.0);
        lane->t_limit = T_END;
        in_lane[l] = next++;
      }
    }
    dkm_integrator_advance(integrator);
  }
}

int main(int argc, char **argv) {
  dkm_error err;
  if (argc < 3) return 1;
  dkm_solver solver = {.method = DKM_METHOD_ENSEMBLE, .tolerance = atof(argv[1]), .t_max = 1e7};
  if (dkm_system_of_patterns(&spins, DKM_GAUGED, N_MODES, &err) != DKM_OK ||
      dkm_integrator_create(&spins, &solver, argc > 3 ? argv[3] : NULL, &integrator, &err) != DKM_OK) {
    fprintf(stderr, "%s\n", err.message);
    return 1;
  }
  int code = report(argv[2], solve);
  printf("%.3f %d\n", (double)n_steps / N_POINTS, dkm_integrator_order(integrator));
  dkm_integrator_destroy(integrator);
  return code;
}
