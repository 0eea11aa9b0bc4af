/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A trajectory and its shadow. */
#include "separation.h"

#include <math.h>
#include <stdbool.h>

/* A vector in the cube (-1, 1)^3. */
static void random_vector(gsl_rng *rng, double *a) {
  for (int i = 0; i < 3; i++) a[i] = 2.0 * gsl_rng_uniform(rng) - 1.0;
}

/* Streams that no start uses: those have a cue of 1 ... 20 here.  Later draws are those of seeds far away. */
static void seed_stream(gsl_rng *rng, int64_t seed, int64_t draw) {
  gsl_rng_set(rng, (unsigned long)((seed + 1000003 * draw) % (DKM_MAX_SEED + 1) * 32 + 31));
}

/* Classes that are one in the reduced system get the same vector, of a stream of its own. */
static void vector_of_class(const dkm_start *symmetric, int64_t k, int64_t draw, int64_t *drawn, gsl_rng *rng, double *a) {
  const int64_t group = symmetric->class_of ? symmetric->class_of[k] : 0;
  if (group == *drawn) return;
  seed_stream(rng, group, draw);
  random_vector(rng, a);
  *drawn = group;
}

void dkm_separation_depart(const dkm_system *system, const dkm_point *point, const dkm_start *symmetric, int64_t draw,
                           gsl_rng *rng, double *u, double size) {
  const int64_t K = system->n_classes;
  const int M = system->n_modes;
  int64_t drawn = -1;
  double a[3] = {0};
  const bool losses = dkm_point_has_losses(point);
  seed_stream(rng, symmetric ? 0 : point->seed, draw);
  for (int64_t k = 0; k < K; k++) {
    if (symmetric)
      vector_of_class(symmetric, k, draw, &drawn, rng, a);
    else
      random_vector(rng, a);
    const double sign = !symmetric            ? 1.0
                        : symmetric->class_of ? dkm_start_sign(symmetric, k)
                                              : dkm_start_sign(symmetric, k) * dkm_start_sign(symmetric, 0);
    double *x = u + k, *y = u + K + k, *z = u + 2 * K + k;
    /* m x a is an axial vector: the symmetry (x, y, z) -> (x, -y, -z) is a rotation, which carries a along. */
    const double ay = sign * a[1], az = sign * a[2];
    const double dx = losses ? a[0] : *y * az - *z * ay;
    const double dy = losses ? ay : *z * a[0] - *x * az, dz = losses ? az : *x * ay - *y * a[0];
    *x += size * dx;
    *y += size * dy;
    *z += size * dz;
  }
  if (symmetric && symmetric->class_of) seed_stream(rng, symmetric->system.n_classes, draw);
  const int n_groups = symmetric ? symmetric->system.n_modes : M;
  for (int group = 0; group < n_groups; group++) {
    random_vector(rng, a);
    for (int mu = 0; mu < M; mu++) {
      if (symmetric ? symmetric->mode_group[mu] != group : mu != group) continue;
      const double factor = symmetric ? symmetric->mode_factor[mu] : 1.0;
      u[3 * K + mu] += size * factor * a[0];
      u[3 * K + M + mu] += size * factor * a[1];
    }
  }
}

double dkm_separation_of(const dkm_system *system, const double *u, const double *v) {
  const int64_t K = system->n_classes;
  double spins = 0.0, modes = 0.0;
  for (int64_t i = 0; i < 3 * K; i++) {
    const double difference = v[i] - u[i];
    spins += system->weights ? system->weights[i % K] * difference * difference : difference * difference;
  }
  if (!system->weights) spins *= system->weight;
  for (int64_t i = 3 * K; i < 3 * K + 2 * system->n_modes; i++) modes += (v[i] - u[i]) * (v[i] - u[i]);
  return sqrt(spins + modes);
}

void dkm_separation_scale(const dkm_system *system, const dkm_point *point, const double *u, double *v, double factor) {
  const int64_t K = system->n_classes;
  for (int64_t i = 0; i < 3 * K + 2 * system->n_modes; i++) v[i] = u[i] + factor * (v[i] - u[i]);
  if (dkm_point_has_losses(point)) return;
  for (int64_t k = 0; k < K; k++) {
    double *x = v + k, *y = v + K + k, *z = v + 2 * K + k;
    const double wanted = u[k] * u[k] + u[K + k] * u[K + k] + u[2 * K + k] * u[2 * K + k];
    const double square = *x * *x + *y * *y + *z * *z;
    if (!(square > 0.0)) continue;
    const double ratio = sqrt(wanted / square);
    *x *= ratio;
    *y *= ratio;
    *z *= ratio;
  }
}
