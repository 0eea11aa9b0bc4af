/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random parameters for tests: reproducible, printed by the tests that fail on them. */
#ifndef RANDOM_POINTS_H
#define RANDOM_POINTS_H
#include <gsl/gsl_rng.h>
#include <stdio.h>

#include "dickemap/model.h"

static inline double uniform_between(gsl_rng *rng, double low, double high) {
  return low + (high - low) * gsl_rng_uniform(rng);
}

/* A point of M modes with everything of order one; blue: Omega_mu of either sign. */
static inline dkm_point random_point(gsl_rng *rng, int n_modes, int blue, int perturbed) {
  dkm_point p = {.g0 = uniform_between(rng, 0.2, 1.8), .Omega = uniform_between(rng, 0.3, 1.0)};
  for (int mu = 0; mu < n_modes; mu++) {
    p.Omega_mu[mu] = uniform_between(rng, 0.7, 3.0) * (blue && gsl_rng_uniform(rng) < 0.5 ? -1.0 : 1.0);
    p.kappa_mu[mu] = uniform_between(rng, 0.5, 2.0);
  }
  p.pattern = 1 + (int)gsl_rng_uniform_int(rng, (unsigned long)n_modes);
  p.overlap = uniform_between(rng, -1.0, 1.0);
  p.perturbation = perturbed ? uniform_between(rng, 1e-3, 0.3) : 0.0;
  p.seed = (int64_t)gsl_rng_uniform_int(rng, 1000);
  return p;
}

static inline void print_point(const dkm_point *p, int n_modes) {
  printf("M = %d, g0 = %.17g, Omega = %.17g, pattern %d, overlap %.17g, perturbation %.17g, seed %lld", n_modes, p->g0,
         p->Omega, p->pattern, p->overlap, p->perturbation, (long long)p->seed);
  for (int mu = 0; mu < n_modes; mu++) printf(", (%.17g, %.17g)", p->Omega_mu[mu], p->kappa_mu[mu]);
  printf("\n");
}

/* The parameters of Fig. 3. */
static inline dkm_point fig3_point(double g0, int pattern) {
  dkm_point p = {.g0 = g0, .Omega = 0.5, .pattern = pattern, .overlap = 1.0, .seed = 1};
  for (int mu = 0; mu < 4; mu++) {
    p.Omega_mu[mu] = 0.5 * (mu + 3);
    p.kappa_mu[mu] = 1.0;
  }
  return p;
}

#endif
