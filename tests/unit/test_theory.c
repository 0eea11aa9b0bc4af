/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_headers.h"

#include <gsl/gsl_complex.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_matrix.h>
#include <math.h>

#include "couplings.h"
#include "dickemap/theory.h"
#include "jacobian.h"
#include "random_points.h"

enum { MAX_CLASSES = 32, MAX_STATE = 3 * MAX_CLASSES + 2 * 5 };

static void critical_couplings_of_fig_3(void **state) {
  (void)state;
  const double g_crit[] = {0.645497, 0.728869, 0.806226, 0.877971}, g_ret[] = {0.6455, 0.7745, 0.9010, 1.0239};
  const double xi[] = {0.887046, 0.808393, 0.693744, 0.520094}; /* g0 = 0.95 */
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, 4, NULL);
  for (int nu = 0; nu < 4; nu++) {
    dkm_point pt = fig3_point(0.95, nu + 1);
    assert_close(dkm_theory_g_crit(&pt, nu), g_crit[nu], 5e-7);
    assert_close(dkm_theory_g_retrieve(&p, &pt, nu), g_ret[nu], 5e-5);
    assert_close(dkm_theory_xi(&pt, nu), xi[nu], 5e-7);
  }
}

static void there_is_no_overlap_below_the_critical_coupling(void **state) {
  (void)state;
  dkm_point pt = fig3_point(0.6454, 1);
  assert_true(dkm_theory_xi(&pt, 0) == 0.0);
  pt.g0 = dkm_theory_g_crit(&pt, 0);
  assert_true(dkm_theory_xi(&pt, 0) == 0.0);
  pt.g0 *= 1.000001;
  assert_true(dkm_theory_xi(&pt, 0) > 0.0);
}

static void closed_forms_hold_for_either_sign_and_not_without_omega(void **state) {
  (void)state;
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, 4, NULL);
  const dkm_point red = fig3_point(0.95, 1);
  dkm_point pt = red;
  pt.Omega_mu[2] = -2.5;
  assert_true(dkm_theory_applies(&pt));
  assert_true(dkm_theory_g_crit(&pt, 2) == dkm_theory_g_crit(&red, 2));
  assert_true(dkm_theory_xi(&pt, 2) == dkm_theory_xi(&red, 2));
  assert_true(dkm_theory_alpha(&p, &pt, 2) == -conj(dkm_theory_alpha(&p, &red, 2)));
  /* With modes of both signs no pattern state is stable, with modes of one sign it does not matter which. */
  for (int nu = 0; nu < 4; nu++) assert_true(isnan(dkm_theory_g_retrieve(&p, &pt, nu)));
  for (int mu = 0; mu < 4; mu++) pt.Omega_mu[mu] = -red.Omega_mu[mu];
  for (int nu = 0; nu < 4; nu++) assert_true(dkm_theory_g_retrieve(&p, &pt, nu) == dkm_theory_g_retrieve(&p, &red, nu));
  pt.Omega = 0.0;
  assert_false(dkm_theory_applies(&pt));
  assert_true(isnan(dkm_theory_g_crit(&pt, 2)));
  assert_true(isnan(dkm_theory_g_retrieve(&p, &pt, 2)));
  assert_true(isnan(dkm_theory_xi(&pt, 2)));
  assert_true(isnan(creal(dkm_theory_alpha(&p, &pt, 2))));
}

/* A point of M modes of either sign, with either sign of Omega, at g0 = factor g_nu of its cue. */
static dkm_point signed_point(gsl_rng *rng, int M, double factor) {
  dkm_point pt = random_point(rng, M, 1, 0);
  if (gsl_rng_uniform(rng) < 0.5) pt.Omega = -pt.Omega;
  pt.g0 = factor * dkm_theory_g_crit(&pt, pt.pattern - 1);
  return pt;
}

static void pattern_states_of_either_sign_are_stationary(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int n[2][2] = {{0}};
  for (int trial = 0; trial < 200; trial++) {
    const int M = 1 + trial % 5;
    dkm_system p;
    double u[MAX_STATE], du[MAX_STATE], work[2 * MAX_CLASSES], xi[DKM_MAX_MODES];
    dkm_system_of_patterns(&p, trial % 2 ? DKM_GAUGED : DKM_UNGAUGED, M, NULL);
    const dkm_point pt = signed_point(rng, M, uniform_between(rng, 0.5, 3.0));
    const int nu = pt.pattern - 1, K = (int)p.n_classes, sign = trial % 3 ? 1 : -1;
    dkm_theory_pattern_state(&p, &pt, nu, sign, u);
    dkm_model_rhs(&p, &pt, u, du, work);
    for (size_t i = 0; i < dkm_model_size(&p); i++) assert_close(du[i], 0.0, 1e-13);
    for (int k = 0; k < K; k++) {
      assert_close(u[k] * u[k] + u[2 * K + k] * u[2 * K + k], 1.0, 1e-14);
      assert_true(u[k] * pt.Omega * pt.Omega_mu[nu] < 0.0);
    }
    dkm_model_overlaps(&p, u, xi, work);
    assert_close(xi[nu], sign * dkm_theory_xi(&pt, nu), 1e-14);
    const double complex alpha = sign * dkm_theory_alpha(&p, &pt, nu), beta = u[3 * K + nu] + I * u[3 * K + M + nu];
    assert_true(cabs(alpha - sqrt((double)K) * beta) <= 1e-14 * (1.0 + cabs(alpha)));
    n[pt.Omega > 0.0][pt.Omega_mu[nu] > 0.0]++;
  }
  for (int i = 0; i < 4; i++) assert_true(n[i / 2][i % 2] > 20);
  gsl_rng_free(rng);
}

static void occupation_is_the_papers(void **state) {
  (void)state;
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, 4, NULL);
  dkm_point pt = fig3_point(1.5, 2);
  double z = dkm_theory_xi(&pt, 1), D = pt.Omega_mu[1] * pt.Omega_mu[1] + 0.25;
  double complex alpha = dkm_theory_alpha(&p, &pt, 1);
  assert_close(creal(alpha * conj(alpha)), 8 * pt.g0 * pt.g0 * z * z / D, 1e-14);
}

static void quartic_roots_solve_the_quartic(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 100; trial++) {
    dkm_point pt = signed_point(rng, 5, uniform_between(rng, 0.5, 3.0));
    double complex roots[4];
    for (int mu = 0; mu < 5; mu++) {
      double g_nu = dkm_theory_g_crit(&pt, 0);
      double B = fabs(pt.Omega) * (pt.g0 > g_nu ? pow(pt.g0 / g_nu, 2) : 1.0), sign = pt.Omega_mu[0] > 0 ? 1 : -1;
      dkm_theory_quartic(&pt, 0, mu, roots);
      for (int i = 0; i < 4; i++) {
        double complex l = roots[i], shifted = l + pt.kappa_mu[mu] / 2;
        double complex value = (l * l + 4 * B * B) * (shifted * shifted + pt.Omega_mu[mu] * pt.Omega_mu[mu]) -
                               8 * pt.g0 * pt.g0 * sign * pt.Omega_mu[mu] * pt.Omega * pt.Omega / B;
        assert_true(cabs(value) < 1e-9 * (1 + pow(cabs(l), 4) + 16 * pow(B, 4)));
      }
    }
  }
  gsl_rng_free(rng);
}

/* The 4M roots are among the 3K + 2M eigenvalues, and the others do not grow. */
static void quartics_are_the_spectrum_for_either_sign(void **state) {
  (void)state;
  enum { M = 3 };
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, M, NULL);
  gsl_vector_complex *dense = gsl_vector_complex_alloc(dkm_model_size(&p));
  for (int trial = 0; trial < 100; trial++) {
    const dkm_point pt = signed_point(rng, M, uniform_between(rng, 0.5, 3.0));
    const int nu = pt.pattern - 1;
    double u[MAX_STATE], largest = -INFINITY, largest_dense = -INFINITY;
    dkm_theory_pattern_state(&p, &pt, nu, 1, u);
    jacobian_eigenvalues(&p, &pt, u, dense);
    for (int mu = 0; mu < M; mu++) {
      double complex roots[4];
      dkm_theory_quartic(&pt, nu, mu, roots);
      for (int r = 0; r < 4; r++) {
        double nearest = INFINITY;
        for (size_t i = 0; i < dense->size; i++) {
          const gsl_complex value = gsl_vector_complex_get(dense, i);
          nearest = fmin(nearest, cabs(roots[r] - (GSL_REAL(value) + I * GSL_IMAG(value))));
          largest_dense = fmax(largest_dense, GSL_REAL(value));
        }
        assert_true(nearest < 1e-9 * (1.0 + cabs(roots[r])));
        largest = fmax(largest, creal(roots[r]));
      }
    }
    assert_close(largest_dense, fmax(largest, 0.0), 1e-8);
  }
  gsl_vector_complex_free(dense);
  gsl_rng_free(rng);
}

/* What g_retrieve says is what the quartics say, for modes of either sign as long as it is the same. */
static void pattern_states_are_stable_from_g_retrieve_on(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, 4, NULL);
  for (int trial = 0; trial < 100; trial++) {
    dkm_point pt = random_point(rng, 4, 0, 0);
    const int nu = pt.pattern - 1;
    if (trial % 2) pt.Omega = -pt.Omega;
    if (trial % 4 > 1)
      for (int mu = 0; mu < 4; mu++) pt.Omega_mu[mu] = -pt.Omega_mu[mu];
    const double g_retrieve = dkm_theory_g_retrieve(&p, &pt, nu);
    assert_true(g_retrieve >= dkm_theory_g_crit(&pt, nu));
    for (int above = 0; above < 2; above++) {
      double growth = -INFINITY;
      pt.g0 = g_retrieve * (above ? 1.001 : 0.999);
      for (int mu = 0; mu < 4; mu++) {
        double complex roots[4];
        dkm_theory_quartic(&pt, nu, mu, roots);
        for (int r = 0; r < 4; r++) growth = fmax(growth, creal(roots[r]));
      }
      if (above || g_retrieve > dkm_theory_g_crit(&pt, nu)) assert_int_equal(growth < 0.0, above);
    }
  }
  gsl_rng_free(rng);
}

/* Largest real part of the eigenvalues at the normal state of spins of these lengths. */
static double growth_of_normal_state(const dkm_system *p, const dkm_point *pt, const double *lengths) {
  const int64_t K = p->n_classes;
  double u[MAX_STATE] = {0}, largest = -INFINITY;
  gsl_vector_complex *values = gsl_vector_complex_alloc(dkm_model_size(p));
  for (int64_t k = 0; k < K; k++) u[k] = (pt->Omega * pt->Omega_mu[0] < 0 ? 1 : -1) * (lengths ? lengths[k] : 1);
  jacobian_eigenvalues(p, pt, u, values);
  for (size_t i = 0; i < values->size; i++) largest = fmax(largest, GSL_REAL(gsl_vector_complex_get(values, i)));
  gsl_vector_complex_free(values);
  return largest;
}

/* For any couplings, weights and lengths, and either sign: the normal state grows from g_c on. */
static void the_normal_state_is_stable_up_to_g_normal(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 100; trial++) {
    const int M = 1 + trial % 5, K = 1 + (int)gsl_rng_uniform_int(rng, 12);
    dkm_couplings c = random_couplings(rng, M, K);
    dkm_point pt = random_point(rng, M, 0, 0);
    double lengths[MAX_CLASSES];
    if (trial % 2) pt.Omega *= -1;
    for (int mu = 0; mu < M && trial / 2 % 2; mu++) pt.Omega_mu[mu] *= -1;
    for (int k = 0; k < K; k++) lengths[k] = uniform_between(rng, 0.1, 1);
    for (int with_lengths = 0; with_lengths < 2; with_lengths++) {
      const double *of = with_lengths ? lengths : NULL, g_c = dkm_theory_g_normal(&c.system, &pt, of);
      pt.g0 = 0.99 * g_c;
      assert_true(growth_of_normal_state(&c.system, &pt, of) < 1e-6);
      pt.g0 = 1.01 * g_c;
      assert_true(growth_of_normal_state(&c.system, &pt, of) > 1e-4);
    }
    if (M > 1) {
      pt.Omega_mu[0] *= -1;
      assert_true(isnan(dkm_theory_g_normal(&c.system, &pt, NULL)));
    }
    pt.Omega = 0;
    assert_true(isnan(dkm_theory_g_normal(&c.system, &pt, NULL)));
    dkm_couplings_free(&c);
  }
  gsl_rng_free(rng);
}

static void g_normal_of_patterns_is_the_smallest_critical_coupling(void **state) {
  (void)state;
  const double half[8] = {0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5}, none[8] = {0};
  const dkm_point pt = fig3_point(1.0, 1);
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, 4, NULL);
  dkm_couplings tables = tables_of(&p);
  const double g_1 = dkm_theory_g_crit(&pt, 0);
  assert_close(dkm_theory_g_normal(&p, &pt, NULL), g_1, 1e-15);
  assert_close(dkm_theory_g_normal(&tables.system, &pt, NULL), g_1, 1e-15);
  assert_close(dkm_theory_g_normal(&p, &pt, half), g_1 * M_SQRT2, 1e-15); /* g_nu/sqrt(s) */
  assert_true(dkm_theory_g_normal(&p, &pt, none) == INFINITY);
  dkm_couplings_free(&tables);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(critical_couplings_of_fig_3),
      cmocka_unit_test(there_is_no_overlap_below_the_critical_coupling),
      cmocka_unit_test(closed_forms_hold_for_either_sign_and_not_without_omega),
      cmocka_unit_test(pattern_states_of_either_sign_are_stationary),
      cmocka_unit_test(occupation_is_the_papers),
      cmocka_unit_test(quartic_roots_solve_the_quartic),
      cmocka_unit_test(quartics_are_the_spectrum_for_either_sign),
      cmocka_unit_test(pattern_states_are_stable_from_g_retrieve_on),
      cmocka_unit_test(the_normal_state_is_stable_up_to_g_normal),
      cmocka_unit_test(g_normal_of_patterns_is_the_smallest_critical_coupling),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
