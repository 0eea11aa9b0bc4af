/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Patterns and whole evaluations for tests, which fail if these do; after cmocka. */
#ifndef EVALUATION_H
#define EVALUATION_H
#include "dickemap/evaluate.h"

static inline dkm_system patterns_of(dkm_mapping mapping, int n_modes) {
  dkm_system p;
  assert_int_equal(dkm_system_of_patterns(&p, mapping, n_modes, NULL), DKM_OK);
  return p;
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
