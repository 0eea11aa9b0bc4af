/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cost of the equations with M patterns: argv = M, tolerance, instruction set.  Prints, in nanoseconds a class,
 *
 *   kept      one order of a Taylor step, coefficients kept in memory (a step of order P is P right-hand sides)
 *   streamed  the same, coefficients formed again in each sweep
 *   rhs       the scalar right-hand side dkm_model_rhs, sums in O(K)
 *   direct    the same with sums sum_k f_{mu,k} z_k and sum_mu f_{mu,k} h_mu written out, O(M K)
 *
 * and the bytes of a lane for both.  A way that does not apply (no groups of classes) is NaN. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dickemap/integrator.h"

static double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

enum { ROUNDS = 5 };
static const double least_seconds = 0.02; /* of a round */

static void point_of(int M, int i, dkm_point *point) {
  *point = (dkm_point){.g0 = 0.8 + 0.05 * i, .Omega = 0.5, .pattern = 1 + i % M, .overlap = 0.9, .perturbation = 0.1,
                       .seed = 1 + i};
  for (int mu = 0; mu < M; mu++) {
    point->Omega_mu[mu] = 1.5 + 0.1 * mu;
    point->kappa_mu[mu] = 1.0;
  }
}

/* Nanoseconds a class, lane and order of a step, the fastest round. */
static double measure_steps(const dkm_system *system, double tolerance, const char *cpu, int coefficients,
                            double *bytes) {
  dkm_solver solver = {.method = DKM_METHOD_ENSEMBLE, .tolerance = tolerance, .t_max = 1e7};
  dkm_integrator *integrator;
  dkm_error err;
  solver.coefficients = coefficients;
  if (coefficients == DKM_COEFFICIENTS_STREAMED && system->n_modes < 4) return *bytes = NAN; /* less than a group */
  double *u = malloc(dkm_model_size(system) * sizeof *u), best = INFINITY;
  if (!u || dkm_integrator_create(system, &solver, cpu, &integrator, &err) != DKM_OK) exit(1);
  const int lanes = dkm_integrator_lanes(integrator);
  *bytes = dkm_integrator_bytes(system, &solver, cpu) / lanes;
  for (int l = 0; l < lanes; l++) {
    dkm_point point;
    point_of(system->n_modes, l, &point);
    if (dkm_model_start(system, &point, u, &err) != DKM_OK) exit(1);
    dkm_integrator_load(integrator, l, &point, u, 0.0);
  }
  for (int round = 0; round < ROUNDS; round++) {
    const int64_t before = dkm_integrator_lane(integrator, 0)->steps;
    const double begin = cpu_seconds();
    double seconds;
    do {
      for (int l = 0; l < lanes; l++) {
        dkm_lane *lane = dkm_integrator_lane(integrator, l);
        lane->t_pause = lane->t + (system->n_modes < 8 ? 10.0 : 0.0);
      }
      dkm_integrator_advance(integrator);
      seconds = cpu_seconds() - begin;
    } while (seconds < least_seconds);
    const double n_steps = (double)(dkm_integrator_lane(integrator, 0)->steps - before);
    best = fmin(best, seconds / n_steps / lanes / dkm_integrator_order(integrator));
  }
  dkm_integrator_destroy(integrator);
  free(u);
  return 1e9 * best / (double)system->n_classes;
}

/* Equations (7) with every sum written out. */
static void direct_rhs(const dkm_system *system, const dkm_point *point, const signed char *f, const double *u,
                       double *du) {
  const int64_t K = system->n_classes;
  const int M = system->n_modes;
  const double *x = u, *y = u + K, *z = u + 2 * K, *re = u + 3 * K, *im = re + M;
  double sum[DKM_MAX_MODES] = {0};
  for (int64_t k = 0; k < K; k++) {
    double h = 0.0;
    for (int mu = 0; mu < M; mu++) {
      h += f[k * M + mu] * 2.0 * re[mu];
      sum[mu] += f[k * M + mu] * z[k];
    }
    du[k] = -2.0 * point->g0 * h * y[k];
    du[K + k] = -2.0 * point->Omega * z[k] + 2.0 * point->g0 * h * x[k];
    du[2 * K + k] = 2.0 * point->Omega * y[k];
  }
  for (int mu = 0; mu < M; mu++) {
    const double half_kappa = 0.5 * point->kappa_mu[mu];
    du[3 * K + mu] = point->Omega_mu[mu] * im[mu] - half_kappa * re[mu];
    du[3 * K + M + mu] =
        -point->Omega_mu[mu] * re[mu] - half_kappa * im[mu] - point->g0 * system->weight * sum[mu];
  }
}

/* Nanoseconds a class of a scalar right-hand side. */
static double measure_rhs(const dkm_system *system, bool direct) {
  const int64_t K = system->n_classes;
  const int M = system->n_modes;
  const size_t size = dkm_model_size(system);
  double *u = malloc(size * sizeof *u), *du = malloc(size * sizeof *du), *work = malloc(2 * (size_t)K * sizeof *work);
  signed char *f = malloc((size_t)K * (size_t)M);
  double best = INFINITY;
  dkm_point point;
  dkm_error err;
  point_of(M, 0, &point);
  if (!u || !du || !work || !f || dkm_model_start(system, &point, u, &err) != DKM_OK) exit(1);
  for (int64_t i = 0; i < K * M; i++) f[i] = (signed char)dkm_system_coupling(system, (int)(i % M), i / M);
  for (int mu = 0; mu < 2 * M; mu++) u[3 * K + mu] = 0.1 + 0.01 * mu;
  for (int round = 0; round < ROUNDS; round++) {
    const double begin = cpu_seconds();
    double seconds;
    int64_t n = 0;
    do {
      for (int64_t classes = 0; classes < 1 << 14; classes += K, n++) { /* looking at the clock takes time as well */
        if (direct)
          direct_rhs(system, &point, f, u, du);
        else
          dkm_model_rhs(system, &point, u, du, work);
        u[3 * K] += 1e-12 * du[0]; /* so that nothing is done only once */
      }
      seconds = cpu_seconds() - begin;
    } while (seconds < least_seconds);
    best = fmin(best, seconds / (double)n);
  }
  free(u);
  free(du);
  free(work);
  free(f);
  return 1e9 * best / (double)K;
}

int main(int argc, char **argv) {
  dkm_system system;
  dkm_error err;
  double kept_bytes, streamed_bytes;
  if (argc < 4) return 1;
  if (dkm_system_of_patterns(&system, DKM_GAUGED, atoi(argv[1]), &err) != DKM_OK) {
    fprintf(stderr, "%s\n", err.message);
    return 1;
  }
  const double tolerance = atof(argv[2]);
  const double kept = measure_steps(&system, tolerance, argv[3], DKM_COEFFICIENTS_KEPT, &kept_bytes);
  const double streamed = measure_steps(&system, tolerance, argv[3], DKM_COEFFICIENTS_STREAMED, &streamed_bytes);
  printf("%.4f %.4f %.4f %.4f %.0f %.0f\n", kept, streamed, measure_rhs(&system, false), measure_rhs(&system, true),
         kept_bytes, streamed_bytes);
  return 0;
}
