/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Systems with couplings of any values, for tests. */
#ifndef COUPLINGS_H
#define COUPLINGS_H
#include <stdlib.h>

#include "cmocka_headers.h"
#include "dickemap/system.h"
#include "random_points.h"

/* The same system by tables of its couplings. */
static inline dkm_couplings tables_of(const dkm_system *system) {
  const size_t K = (size_t)system->n_classes, M = (size_t)system->n_modes;
  double *G = malloc(K * M * sizeof *G), *w = malloc(K * sizeof *w);
  dkm_couplings out;
  for (size_t k = 0; k < K; k++) {
    w[k] = dkm_system_weight(system, (int64_t)k);
    for (size_t mu = 0; mu < M; mu++) G[k * M + mu] = dkm_system_coupling(system, (int)mu, (int64_t)k);
  }
  assert_int_equal(dkm_couplings_create(DKM_MATRIX, (int)M, (int64_t)K, G, w, NULL, &out, NULL), DKM_OK);
  free(G);
  free(w);
  return out;
}

/* Couplings between -1 and 1 and weights that sum to 1, at random. */
static inline dkm_couplings random_couplings(gsl_rng *rng, int M, int64_t K) {
  double *G = malloc((size_t)K * (size_t)M * sizeof *G), *w = malloc((size_t)K * sizeof *w), sum = 0.0;
  dkm_couplings out;
  for (int64_t k = 0; k < K; k++) sum += w[k] = uniform_between(rng, 0.1, 1);
  for (int64_t k = 0; k < K; k++) w[k] /= sum;
  for (int64_t i = 0; i < K * M; i++) G[i] = uniform_between(rng, -1, 1);
  assert_int_equal(dkm_couplings_create(DKM_MATRIX, M, K, G, w, NULL, &out, NULL), DKM_OK);
  free(G);
  free(w);
  return out;
}

#endif
