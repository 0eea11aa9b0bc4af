/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Patterns, points by their thresholds, and whole evaluations for tests, which fail if these do; after cmocka. */
#ifndef EVALUATION_H
#define EVALUATION_H
#include <math.h>

#include "dickemap/evaluate.h"
#include "dickemap/theory.h"

static inline dkm_system patterns_of(dkm_mapping mapping, int n_modes) {
  dkm_system p;
  assert_int_equal(dkm_system_of_patterns(&p, mapping, n_modes, NULL), DKM_OK);
  return p;
}

/* M modes of ratios g0/g_mu = ratio[mu]. */
static inline dkm_point point_of_ratios(int n_modes, const double *ratio) {
  dkm_point pt = {.g0 = 1.0, .Omega = 0.5, .pattern = 1, .overlap = 1.0, .seed = 1};
  for (int mu = 0; mu < n_modes; mu++) { /* g_mu^2 = |Omega| D/(2 |Omega_mu|), here with kappa_mu = Omega_mu */
    pt.Omega_mu[mu] = pt.kappa_mu[mu] = 1.6 * pt.g0 * pt.g0 / (ratio[mu] * ratio[mu] * pt.Omega);
    assert_close(pt.g0 / dkm_theory_g_crit(&pt, mu), ratio[mu], 1e-14 * ratio[mu]);
  }
  return pt;
}

/* records: n of them. */
static inline void evaluate_all(const dkm_system *p, const dkm_solver *solver, const char *cpu, int n,
                                const dkm_point *points, dkm_record *records) {
  dkm_evaluator *e;
  assert_int_equal(dkm_evaluator_create(p, solver, cpu, &e, NULL), DKM_OK);
  assert_int_equal(dkm_evaluate(e, n, points, records, NULL, NULL), DKM_OK);
  dkm_evaluator_destroy(e);
}

#endif
