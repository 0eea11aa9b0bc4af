/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_headers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/theory.h"
#include "random_points.h"

enum { MAX_STATE = 3 * 64 + 2 * 6, MAX_CLASSES = 64 };

/* Eq. (S27) with the sums written out. */
static void plain_rhs(const dkm_system *p, const dkm_point *pt, const double *u, double *du) {
  const int64_t K = p->n_classes;
  const int M = p->n_modes;
  for (int64_t k = 0; k < K; k++) {
    double h = 0;
    for (int mu = 0; mu < M; mu++) h += dkm_system_coupling(p, mu, k) * 2 * u[3 * K + mu];
    du[k] = -2 * pt->g0 * h * u[K + k];
    du[K + k] = -2 * pt->Omega * u[2 * K + k] + 2 * pt->g0 * h * u[k];
    du[2 * K + k] = 2 * pt->Omega * u[K + k];
  }
  for (int mu = 0; mu < M; mu++) {
    double xi = 0, re = u[3 * K + mu], im = u[3 * K + M + mu];
    for (int64_t k = 0; k < K; k++) xi += dkm_system_coupling(p, mu, k) * u[2 * K + k] / (double)K;
    double complex beta = -(I * pt->Omega_mu[mu] + pt->kappa_mu[mu] / 2) * (re + I * im) - I * pt->g0 * xi;
    du[3 * K + mu] = creal(beta);
    du[3 * K + M + mu] = cimag(beta);
  }
}

static void the_right_hand_side_is_the_papers(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int M = 1; M <= 6; M++)
    for (int mapping = DKM_GAUGED; mapping <= DKM_UNGAUGED; mapping++) {
      dkm_system p;
      double u[MAX_STATE], du[MAX_STATE], expected[MAX_STATE], work[2 * MAX_CLASSES];
      dkm_system_of_patterns(&p, (dkm_mapping)mapping, M, NULL);
      dkm_point pt = random_point(rng, M, 1, 0);
      const size_t n = dkm_model_size(&p);
      for (size_t i = 0; i < n; i++) u[i] = uniform_between(rng, -1, 1);
      dkm_model_rhs(&p, &pt, u, du, work);
      plain_rhs(&p, &pt, u, expected);
      for (size_t i = 0; i < n; i++) assert_close(du[i], expected[i], 1e-13);
    }
  gsl_rng_free(rng);
}

static void the_pattern_state_of_eq_12_is_stationary(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 50; trial++) {
    const int M = 1 + trial % 6;
    dkm_system p;
    double u[MAX_STATE], du[MAX_STATE], work[2 * MAX_CLASSES], xi[DKM_MAX_MODES];
    dkm_system_of_patterns(&p, trial % 2 ? DKM_GAUGED : DKM_UNGAUGED, M, NULL);
    dkm_point pt = random_point(rng, M, 0, 0);
    for (int nu = 0; nu < M; nu++) {
      pt.g0 = dkm_theory_g_crit(&pt, nu) * uniform_between(rng, 0.5, 2.0);
      dkm_theory_pattern_state(&p, &pt, nu, trial % 3 ? 1 : -1, u);
      dkm_model_rhs(&p, &pt, u, du, work);
      for (size_t i = 0; i < dkm_model_size(&p); i++) assert_close(du[i], 0, 1e-14);
      dkm_model_overlaps(&p, u, xi, work);
      for (int mu = 0; mu < M; mu++)
        assert_close(fabs(xi[mu]), mu == nu ? dkm_theory_xi(&pt, nu) : 0, 1e-15);
    }
  }
  gsl_rng_free(rng);
}

static void the_start_has_the_cues_overlap_and_unit_spins(void **state) {
  (void)state;
  dkm_system p;
  double u[MAX_STATE], xi[DKM_MAX_MODES], work[2 * MAX_CLASSES];
  dkm_system_of_patterns(&p, DKM_GAUGED, 4, NULL);
  dkm_point pt = fig3_point(1.0, 3);
  pt.overlap = 0.6;
  assert_int_equal(dkm_model_start(&p, &pt, u, NULL), DKM_OK);
  dkm_model_overlaps(&p, u, xi, work);
  for (int mu = 0; mu < 4; mu++) assert_true(xi[mu] == (mu == 2 ? 0.6 : 0.0));
  for (int k = 0; k < 8; k++) assert_close(u[k], -0.8, 1e-16);
  for (int i = 0; i < 8; i++) assert_true(u[24 + i] == 0.0);
}

static void every_spin_is_tilted_by_the_same_angle(void **state) {
  (void)state;
  dkm_system p;
  double u[MAX_STATE], straight[MAX_STATE];
  dkm_system_of_patterns(&p, DKM_GAUGED, 6, NULL);
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  dkm_point pt = random_point(rng, 6, 0, 0);
  gsl_rng_free(rng);
  dkm_model_start(&p, &pt, straight, NULL);
  pt.perturbation = 0.01;
  dkm_model_start(&p, &pt, u, NULL);
  const int64_t K = p.n_classes;
  double mean_y = 0;
  for (int64_t k = 0; k < K; k++) {
    double cosine = 0;
    for (int a = 0; a < 3; a++) cosine += u[a * K + k] * straight[a * K + k];
    assert_close(cosine, 1 / sqrt(1 + 1e-4), 1e-15);
    mean_y += u[K + k] / (double)K;
  }
  assert_close(dkm_model_length_error(&p, u, straight), 0, 1e-15);
  assert_true(fabs(mean_y) < 0.005); /* directions differ: 32 of them in the same would give 0.01 */
}

static void the_tilt_depends_on_seed_and_cue_alone(void **state) {
  (void)state;
  dkm_system p;
  double first[MAX_STATE], again[MAX_STATE];
  dkm_system_of_patterns(&p, DKM_GAUGED, 4, NULL);
  dkm_point pt = fig3_point(0.7, 2);
  pt.perturbation = 0.1;
  dkm_model_start(&p, &pt, first, NULL);
  dkm_point other = pt;
  other.g0 = 1.3;
  other.kappa_mu[1] = 2.5;
  dkm_model_start(&p, &other, again, NULL);
  assert_memory_equal(first, again, dkm_model_size(&p) * sizeof(double));
  other.seed++;
  dkm_model_start(&p, &other, again, NULL);
  assert_memory_not_equal(first, again, dkm_model_size(&p) * sizeof(double));
}

/* Few classes, and more than the numbers that are seeded ahead; ascending seeds are, others are not. */
static void a_tilt_is_the_same_whatever_was_asked_before(void **state) {
  (void)state;
  enum { N_SEEDS = 40 };
  static double ascending[N_SEEDS + 1][MAX_STATE];
  for (int M = 4; M <= 6; M += 2) {
    dkm_system p;
    double u[MAX_STATE];
    dkm_system_of_patterns(&p, M == 4 ? DKM_GAUGED : DKM_UNGAUGED, M, NULL);
    dkm_point pt = {.g0 = 1, .Omega = 0.5, .pattern = 2, .overlap = 0.9, .perturbation = 0.1};
    const size_t size = dkm_model_size(&p) * sizeof *u;
    for (pt.seed = 1; pt.seed <= N_SEEDS; pt.seed++) dkm_model_start(&p, &pt, ascending[pt.seed], NULL);
    for (int i = 0; i < 4 * N_SEEDS; i++) { /* twice each, backwards, in jumps; with another cue in between */
      const int64_t seed = i < N_SEEDS ? 1 + i / 2 : i < 2 * N_SEEDS ? 2 * N_SEEDS - i : 1 + (7 * i) % N_SEEDS;
      pt.seed = i % 5 == 0 ? seed + 1 : seed;
      pt.pattern = i % 5 == 0 ? 1 : 2;
      dkm_model_start(&p, &pt, u, NULL);
      if (i % 5 == 0) continue;
      assert_memory_equal(u, ascending[seed], size);
    }
  }
}

/* Wherever it stands: a state that is not finite is at no fixed point, and has no length. */
static void a_nan_is_not_lost(void **state) {
  (void)state;
  dkm_system p;
  double start[MAX_STATE], u[MAX_STATE], work[MAX_STATE + 2 * MAX_CLASSES];
  dkm_system_of_patterns(&p, DKM_GAUGED, 4, NULL);
  const dkm_point pt = fig3_point(0.7, 2);
  dkm_model_start(&p, &pt, start, NULL);
  for (int64_t k = 0; k < p.n_classes; k++) {
    memcpy(u, start, sizeof u);
    u[k] = NAN;
    assert_true(isnan(dkm_model_length_error(&p, u, start)));
    assert_true(isnan(dkm_model_residual(&p, &pt, u, work)));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_right_hand_side_is_the_papers),
      cmocka_unit_test(the_pattern_state_of_eq_12_is_stationary),
      cmocka_unit_test(the_start_has_the_cues_overlap_and_unit_spins),
      cmocka_unit_test(every_spin_is_tilted_by_the_same_angle),
      cmocka_unit_test(the_tilt_depends_on_seed_and_cue_alone),
      cmocka_unit_test(a_tilt_is_the_same_whatever_was_asked_before),
      cmocka_unit_test(a_nan_is_not_lost),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
