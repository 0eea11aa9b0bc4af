/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random systems with points and spins' lengths for tests, and U of their landscapes; after cmocka. */
#ifndef SCENE_H
#define SCENE_H
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "couplings.h"
#include "dickemap/landscape.h"
#include "dickemap/theory.h"

enum { MOST_CLASSES = 40, MOST_MODES = 4, MOST_STATE = 3 * MOST_CLASSES + 2 * MOST_MODES };

/* A system, a point for which the theorem holds, lengths, and the landscape of these. */
typedef struct scene {
  int M;
  int64_t K;
  dkm_couplings couplings;
  dkm_point point;
  double lengths[MOST_CLASSES];
  dkm_landscape *landscape;
  double g_c;
  int n;
  const dkm_critical *points;
  bool certified;
} scene;

static inline void search_scene(scene *s) {
  dkm_landscape_turn(s->landscape, &s->point, s->lengths);
  s->n = dkm_landscape_critical(s->landscape, &s->points, &s->certified);
}

/* The trial-th of random scenes, all signs, half of them of unit spins, g0 between low and high times g_c. */
static inline scene random_scene(gsl_rng *rng, int trial, int M, int64_t K, double low, double high) {
  scene s = {.M = M, .K = K, .couplings = random_couplings(rng, M, K), .point = random_point(rng, M, 0, 1)};
  if (trial % 2) s.point.Omega *= -1;
  for (int mu = 0; mu < M && trial / 2 % 2; mu++) s.point.Omega_mu[mu] *= -1;
  for (int64_t k = 0; k < K; k++) s.lengths[k] = trial / 4 % 2 ? uniform_between(rng, 0.2, 1) : 1;
  s.g_c = dkm_theory_g_normal(&s.couplings.system, &s.point, s.lengths);
  s.point.g0 = s.g_c * uniform_between(rng, low, high);
  assert_int_equal(dkm_landscape_create(&s.couplings.system, &s.landscape, NULL), DKM_OK);
  return s;
}

static inline void end_scene(scene *s) {
  dkm_landscape_destroy(s->landscape);
  dkm_couplings_free(&s->couplings);
}

static inline int size_between(gsl_rng *rng, int least, int most) {
  return least + (int)gsl_rng_uniform_int(rng, (unsigned long)(most - least + 1));
}

/* Spins of the given lengths in any direction, modes of any amplitude. */
static inline void random_state(gsl_rng *rng, const scene *s, double *u) {
  for (int64_t k = 0; k < s->K; k++) {
    const double z = uniform_between(rng, -1, 1), phi = uniform_between(rng, 0, 2 * M_PI), rest = sqrt(1 - z * z);
    u[k] = s->lengths[k] * rest * cos(phi);
    u[s->K + k] = s->lengths[k] * rest * sin(phi);
    u[2 * s->K + k] = s->lengths[k] * z;
  }
  for (int i = 0; i < 2 * s->M; i++) u[3 * s->K + i] = uniform_between(rng, -1, 1);
}

/* U(q) of landscape.h, its gradient and Hessian (may be NULL), written out once more. */
static inline double potential(const scene *s, const double *q, double *grad, double *hessian) {
  const int M = s->M;
  double U = 0, r[MOST_MODES];
  for (int mu = 0; mu < M; mu++) {
    r[mu] = s->point.g0 / dkm_theory_g_crit(&s->point, mu);
    U += 0.5 * q[mu] * q[mu];
    if (grad) grad[mu] = q[mu];
    for (int nu = 0; hessian && nu < M; nu++) hessian[mu * M + nu] = mu == nu;
  }
  for (int64_t k = 0; k < s->K; k++) {
    const double w = dkm_system_weight(&s->couplings.system, k) * s->lengths[k];
    double v = 0, c[MOST_MODES];
    for (int mu = 0; mu < M; mu++) v += (c[mu] = dkm_system_coupling(&s->couplings.system, mu, k) * r[mu]) * q[mu];
    U -= 0.5 * w * sqrt(1 + 2 * v * v);
    for (int mu = 0; mu < M; mu++) {
      if (grad) grad[mu] -= w * c[mu] * v / sqrt(1 + 2 * v * v);
      for (int nu = 0; hessian && nu < M; nu++) hessian[mu * M + nu] -= w * c[mu] * c[nu] * pow(1 + 2 * v * v, -1.5);
    }
  }
  return U;
}

static inline void q_of(const scene *s, const double *xi, double *q) {
  for (int mu = 0; mu < s->M; mu++)
    q[mu] = -copysign(1, s->point.Omega_mu[0]) * xi[mu] * s->point.g0 / dkm_theory_g_crit(&s->point, mu) / M_SQRT2;
}

#endif
