/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cost and results of the exact dynamics of finitely many spins: argv = N, g0, master | trajectories | laboratory
 * (trajectories in that frame, which is everyone else's), tolerance, edge, number of trajectories,
 * times.  M = 1, Omega = 0.5, Omega_1 = kappa = 1, start z = 0.9, x = -sqrt(0.19), no photons.  Prints the seconds of
 * CPU time, then E_N and its standard error at each time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dickemap/finite.h"

static double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc < 8) return 1;
  const dkm_finite_model model = {.n_modes = 1,
                                  .spins_per_class = atoi(argv[1]),
                                  .g0 = atof(argv[2]),
                                  .Omega = 0.5,
                                  .Omega_mu = {1.0},
                                  .kappa_mu = {1.0},
                                  .spin = {{-sqrt(0.19), 0.0, 0.9}}};
  const dkm_finite_how how = {.method = strcmp(argv[3], "master") == 0 ? DKM_FINITE_MASTER : DKM_FINITE_TRAJECTORIES,
                              .frame = strcmp(argv[3], "laboratory") == 0 ? DKM_FINITE_LABORATORY : DKM_FINITE_BEST,
                              .tolerance = atof(argv[4]),
                              .edge = atof(argv[5]),
                              .memory = 8e9,
                              .n_trajectories = atol(argv[6]),
                              .seed = 1};
  const int n_times = argc - 7, columns = dkm_finite_columns(&model);
  double *times = malloc((size_t)n_times * sizeof *times);
  for (int i = 0; i < n_times; i++) times[i] = atof(argv[7 + i]);
  dkm_finite_result r = {.values = malloc((size_t)(n_times * columns) * sizeof(double)),
                         .errors = malloc((size_t)(n_times * columns) * sizeof(double)),
                         .mean_field = malloc((size_t)(n_times * dkm_finite_mean_field_columns(&model)) * sizeof(double))};
  dkm_error err;
  const double begin = cpu_seconds();
  if (dkm_finite_run(&model, n_times, times, &how, &r, &err)) {
    fprintf(stderr, "%s\n", err.message);
    return 1;
  }
  printf("%.9f\n", cpu_seconds() - begin);
  for (int i = 0; i < n_times; i++) printf("%.15g %.15g\n", r.values[i * columns], r.errors[i * columns]);
  free(times);
  free(r.values);
  free(r.errors);
  free(r.mean_field);
  return 0;
}
