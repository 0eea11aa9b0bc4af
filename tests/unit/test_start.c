/* SPDX-License-Identifier: GPL-3.0-or-later */
/* start: the subspaces that are found are invariant, and as small as they can be where that is known. */
#include "couplings.h"

#include <math.h>
#include <string.h>

#include "dickemap/start.h"

enum { MOST_CLASSES = 64, MOST_STATE = 3 * MOST_CLASSES + 2 * DKM_MAX_MODES };

static dkm_point some_point(gsl_rng *rng, int M) {
  dkm_point pt = {
      .g0 = uniform_between(rng, 0.3, 2), .Omega = uniform_between(rng, 0.2, 1), .pattern = 1, .overlap = 0.9};
  for (int mu = 0; mu < M; mu++) {
    pt.Omega_mu[mu] = uniform_between(rng, 0.5, 3);
    pt.kappa_mu[mu] = uniform_between(rng, 0.2, 2);
  }
  return pt;
}

static dkm_start start_of(const dkm_system *system, const dkm_point *pt) {
  dkm_start start;
  assert_int_equal(dkm_start_create(system, pt, &start, NULL), DKM_OK);
  return start;
}

/* The full equations carry every lifted state along the lifted derivative of the reduced ones. */
static void check_invariance(gsl_rng *rng, const dkm_start *start) {
  double reduced[MOST_STATE], rate[MOST_STATE], u[MOST_STATE], du[MOST_STATE], lifted[MOST_STATE], back[MOST_STATE];
  double work[2 * MOST_CLASSES];
  const size_t n = dkm_model_size(&start->system), size = dkm_model_size(&start->full);
  if (start->point.g0 == 0.0) { /* no mode ever sees a spin: not now, and not after any precession about x */
    assert_int_equal(dkm_start_state(start, false, u, NULL), DKM_OK);
    for (int i = 0; i < 2; i++) {
      double xi[DKM_MAX_MODES];
      dkm_model_overlaps(&start->full, u, xi, work);
      for (int mu = 0; mu < start->full.n_modes; mu++) assert_close(xi[mu], 0, 1e-13);
      memcpy(u + 2 * start->full.n_classes, u + start->full.n_classes, (size_t)start->full.n_classes * sizeof *u);
    }
    return;
  }
  for (size_t i = 0; i < n; i++) reduced[i] = uniform_between(rng, -1, 1);
  for (int64_t k = 0; k < start->full.n_classes; k++) /* classes that stay along x */
    for (int i = 1; i < 3 && start->sign && start->sign[k] == 0; i++)
      reduced[i * start->system.n_classes + start->class_of[k]] = 0.0;
  dkm_start_lift_state(start, reduced, u);
  dkm_model_rhs(&start->full, &start->given, u, du, work);
  dkm_model_rhs(&start->system, &start->point, reduced, rate, work);
  dkm_start_lift_state(start, rate, lifted);
  for (size_t i = 0; i < size; i++) assert_close(du[i], lifted[i], 1e-11);
  dkm_start_reduce_state(start, u, back);
  for (size_t i = 0; i < n; i++) assert_close(back[i], reduced[i], 1e-13);
}

/* And the start lies in it. */
static void check_start(const dkm_start *start) {
  double full[MOST_STATE], reduced[MOST_STATE], lifted[MOST_STATE];
  assert_int_equal(dkm_start_state(start, false, full, NULL), DKM_OK);
  assert_int_equal(dkm_start_state(start, true, reduced, NULL), DKM_OK);
  dkm_start_lift_state(start, reduced, lifted);
  for (size_t i = 0; i < dkm_model_size(&start->full); i++) assert_close(full[i], lifted[i], 1e-14);
}

/* A small system whose classes and modes are taken several times, with signs: at most that is left of it. */
static void copies_with_signs_are_found(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 300; trial++) {
    const int m = 1 + trial % 3, k = 1 + trial % 5, per_mode = 1 + trial % 2, per_class = 1 + trial % 4;
    const int M = m * per_mode, K = k * per_class;
    double small[5][3], G[MOST_CLASSES * DKM_MAX_MODES], w[MOST_CLASSES], w_small[5], cue[MOST_CLASSES], z[5];
    double sign_of_mode[DKM_MAX_MODES];
    dkm_point pt = some_point(rng, M);
    for (int c = 0; c < k; c++) {
      w_small[c] = uniform_between(rng, 0.1, 1);
      z[c] = uniform_between(rng, -1, 1);
      for (int a = 0; a < m; a++) small[c][a] = uniform_between(rng, -1, 1);
    }
    for (int mu = 0; mu < M; mu++) {
      sign_of_mode[mu] = gsl_rng_uniform(rng) < 0.5 ? -1 : 1;
      pt.Omega_mu[mu] = pt.Omega_mu[mu % m];
      pt.kappa_mu[mu] = pt.kappa_mu[mu % m];
    }
    double total = 0.0;
    for (int j = 0; j < K; j++) total += w_small[j % k];
    for (int j = 0; j < K; j++) {
      const int c = j % k;
      const double sign = gsl_rng_uniform(rng) < 0.5 ? -1 : 1;
      w[j] = w_small[c] / total;
      cue[j] = sign * z[c];
      for (int mu = 0; mu < M; mu++) G[j * M + mu] = sign * sign_of_mode[mu] * small[c][mu % m];
    }
    dkm_couplings t;
    assert_int_equal(dkm_couplings_create(DKM_MATRIX, M, K, G, w, cue, &t, NULL), DKM_OK);
    dkm_start start = start_of(&t.system, &pt);
    assert_true(start.system.n_classes <= k && start.system.n_modes <= m);
    assert_int_equal(start.is_reduced, per_mode > 1 || per_class > 1);
    check_start(&start);
    check_invariance(rng, &start);
    dkm_start_free(&start);
    dkm_couplings_free(&t);
  }
  gsl_rng_free(rng);
}

/* Whatever is found in +-1 matrices of few spins, with equal and unequal modes, is invariant. */
static void what_is_found_is_invariant(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int n_reduced = 0, n_modes_merged = 0;
  for (int trial = 0; trial < 600; trial++) {
    const int M = 1 + trial % 5, K = 1 + (int)(gsl_rng_uniform(rng) * 16);
    double G[16 * 5], w[16];
    dkm_point pt = some_point(rng, M);
    for (int i = 0; i < K * M; i++) G[i] = gsl_rng_uniform(rng) < 0.3 ? 0 : gsl_rng_uniform(rng) < 0.5 ? -1 : 1;
    for (int c = 0; c < K; c++) w[c] = 1.0 / K;
    for (int mu = 0; mu < M && trial % 3; mu++) {
      pt.Omega_mu[mu] = pt.Omega_mu[0];
      pt.kappa_mu[mu] = pt.kappa_mu[0];
    }
    pt.pattern = 1 + trial % M;
    for (int mu = 0; mu < M && trial % 2; mu++) pt.mixture[mu] = gsl_rng_uniform(rng) < 0.5 ? 1 : -1;
    dkm_couplings t;
    assert_int_equal(dkm_couplings_create(DKM_MATRIX, M, K, G, w, NULL, &t, NULL), DKM_OK);
    dkm_start start = start_of(&t.system, &pt);
    n_reduced += start.is_reduced;
    for (int mu = 0; mu < M; mu++) n_modes_merged += fabs(start.mode_factor[mu]) > 0 && fabs(start.mode_factor[mu]) < 1;
    check_start(&start);
    check_invariance(rng, &start);
    dkm_start_free(&start);
    dkm_couplings_free(&t);
  }
  assert_true(n_reduced > 100 && n_modes_merged > 20);
  gsl_rng_free(rng);
}

static void patterns_and_symmetric_mixtures_are_one_mode(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int M = 1; M <= 6; M++) {
    dkm_system system;
    assert_int_equal(dkm_system_of_patterns(&system, M % 2 ? DKM_GAUGED : DKM_UNGAUGED, M, NULL), DKM_OK);
    dkm_couplings t = tables_of(&system);
    dkm_point pt = some_point(rng, M);
    pt.pattern = M;
    for (int i = 0; i < 2; i++) { /* as patterns, and as tables */
      dkm_start start = start_of(i ? &t.system : &system, &pt);
      assert_true(start.is_pattern && start.is_reduced);
      assert_int_equal(dkm_model_size(&start.system), 5);
      check_start(&start);
      check_invariance(rng, &start);
      dkm_start_free(&start);
    }
    for (int mu = 0; mu < M; mu++) {
      pt.Omega_mu[mu] = 1.5;
      pt.kappa_mu[mu] = 0.5;
    }
    for (int n = 1; n <= M; n++) { /* of n patterns; where they are even in number some classes stay along x */
      for (int mu = 0; mu < M; mu++) pt.mixture[mu] = mu < n ? (mu % 2 ? -0.5 : 0.5) : 0;
      dkm_start start = start_of(&system, &pt);
      assert_int_equal(start.system.n_modes, 1);
      assert_int_equal(start.system.n_classes, n / 2 + 1); /* by how many of them agree, up to the sign of all */
      check_start(&start);
      check_invariance(rng, &start);
      dkm_start_free(&start);
    }
    dkm_start start;
    pt.perturbation = 0.1;
    start = start_of(&system, &pt);
    assert_false(start.is_reduced);
    dkm_start_free(&start);
    dkm_couplings_free(&t);
  }
  gsl_rng_free(rng);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(copies_with_signs_are_found),
      cmocka_unit_test(what_is_found_is_invariant),
      cmocka_unit_test(patterns_and_symmetric_mixtures_are_one_mode),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
