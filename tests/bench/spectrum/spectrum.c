/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One spectrum of 2^(M-1) classes of +-1 patterns with unequal fields.  argv = M, what, [seed [dense]]; what:
 *
 *   aligned   spins against their fields, as in a stable state
 *   cluster   nearly so, about a pattern state: fields within 1e-3 of each other
 *   any       components of either sign, and modes of either sign
 *
 * Prints different fields, CPU seconds of the roots, sweeps, growing directions, decay rate, the largest radius
 * beside the distance from its pole; with `dense` CPU seconds of the matrix, growing directions, decay rate, and the
 * largest distance of one of its eigenvalues from the roots beside the largest modulus. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "secular_roots.h"
#include "spectrum_parts.h"

static double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t state = 1;

static double between(double low, double high) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return low + (high - low) * (double)(state >> 11) * 0x1p-53;
}

int main(int argc, char **argv) {
  static const double same_field = 1e-11;
  if (argc < 3) return 1;
  const int M = atoi(argv[1]);
  const char *what = argv[2];
  const bool any = strcmp(what, "any") == 0, cluster = strcmp(what, "cluster") == 0;
  state = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
  for (int i = 0; i < 10; i++) between(0, 1);
  dkm_system system;
  dkm_error err;
  if (dkm_system_of_patterns(&system, DKM_GAUGED, M, &err) != DKM_OK) return 1;
  const int64_t K = system.n_classes;
  dkm_point point = {.Omega = 0.5};
  double lowest = INFINITY, amplitude[DKM_MAX_MODES];
  double *u = calloc(dkm_model_size(&system), sizeof *u), *h = calloc((size_t)K, sizeof *h);
  for (int mu = 0; mu < M; mu++) {
    point.Omega_mu[mu] = between(0.7, 3) * (any && between(0, 1) < 0.5 ? -1 : 1);
    point.kappa_mu[mu] = between(0.5, 2);
    lowest = fmin(lowest, sqrt(point.Omega * dkm_point_D(&point, mu) / fabs(2.0 * point.Omega_mu[mu])));
    u[3 * K + mu] = cluster ? (mu == 0 ? 0.7 : 1e-3 * between(-1, 1)) : between(-0.5, 0.5);
    amplitude[mu] = 2.0 * u[3 * K + mu];
  }
  point.g0 = 1.5 * lowest;
  dkm_system_fields(&system, amplitude, h);
  for (int64_t k = 0; k < K; k++) {
    const double bz = point.g0 * h[k], B = sqrt(point.Omega * point.Omega + bz * bz);
    const double c = any ? between(-1, 1) : cluster ? between(-1, -0.99) : -1;
    u[k] = c * point.Omega / B;
    u[2 * K + k] = c * bz / B;
  }
  dkm_fixedpoint_workspace *w;
  dkm_secular s;
  dkm_secular_roots roots;
  int64_t n_groups, n_undriven;
  if (dkm_fixedpoint_workspace_create(&system, &w, &err) != DKM_OK) return 1;
  const double began = cpu_seconds();
  if (dkm_spectrum_sort_fields(w, &point, u, same_field, &n_groups, &err) != DKM_OK ||
      dkm_spectrum_secular(w, &point, same_field, n_groups, &s, &n_undriven, &err) != DKM_OK ||
      dkm_secular_roots_find(&s, &roots, &err) != DKM_OK) {
    fprintf(stderr, "%s\n", err.message);
    return 1;
  }
  const double seconds = cpu_seconds() - began;
  double slowest = INFINITY, radius = 0.0;
  int64_t n_unstable = 0;
  for (int64_t i = 0; i < roots.n; i++) {
    if (roots.re[i] > 0.0)
      n_unstable += i < roots.n_pairs ? 2 : 1;
    else
      slowest = fmin(slowest, -roots.re[i]);
    radius = fmax(radius, roots.radius[i] / sqrt(roots.re[i] * roots.re[i] + roots.im[i] * roots.im[i]));
  }
  printf("%lld %.6g %d %lld %.10g %.3g", (long long)n_groups, seconds, roots.sweeps, (long long)n_unstable, slowest,
         radius);
  if (argc > 4 && strcmp(argv[4], "dense") == 0) {
    dkm_eigenvalues e;
    double apart = 0.0;
    int64_t dense_unstable = 0;
    const double before = cpu_seconds();
    if (dkm_spectrum_dense(w, &point, same_field, n_groups, INT64_MAX, &e, &err) != DKM_OK) return 1;
    const double dense_seconds = cpu_seconds() - before;
    slowest = INFINITY;
    for (int64_t i = 0; i < e.n; i++) {
      if (creal(e.values[i]) > 0.0)
        dense_unstable++;
      else
        slowest = fmin(slowest, -creal(e.values[i]));
      double nearest = INFINITY;
      for (int64_t k = 0; k < roots.n; k++) {
        const double x = roots.re[k] - creal(e.values[i]), y = roots.base[k] + roots.im[k], Y = cimag(e.values[i]);
        nearest = fmin(nearest, x * x + (y - Y) * (y - Y));
        if (k < roots.n_pairs) nearest = fmin(nearest, x * x + (y + Y) * (y + Y));
      }
      apart = fmax(apart, sqrt(nearest) / e.scale);
    }
    printf(" %.6g %lld %.10g %.3g", dense_seconds, (long long)dense_unstable, slowest, apart);
    free(e.values);
  }
  printf("\n");
  dkm_secular_roots_free(&roots);
  dkm_secular_free(&s);
  dkm_fixedpoint_workspace_destroy(w);
  free(u);
  free(h);
  return 0;
}
