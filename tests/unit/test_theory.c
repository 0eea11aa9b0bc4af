/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_headers.h"

#include <math.h>

#include "dickemap/theory.h"
#include "random_points.h"

static void critical_couplings_of_fig_3(void **state) {
  (void)state;
  const double g_crit[] = {0.645497, 0.728869, 0.806226, 0.877971}, g_ret[] = {0.6455, 0.7745, 0.9010, 1.0239};
  const double xi[] = {0.887046, 0.808393, 0.693744, 0.520094}; /* g0 = 0.95 */
  dkm_patterns p;
  dkm_patterns_init(&p, DKM_GAUGED, 4, NULL);
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

static void closed_forms_say_where_they_do_not_apply(void **state) {
  (void)state;
  dkm_patterns p;
  dkm_patterns_init(&p, DKM_GAUGED, 4, NULL);
  dkm_point pt = fig3_point(0.95, 1);
  pt.Omega_mu[2] = -2.5;
  assert_true(dkm_theory_applies(&pt, 0));
  assert_false(dkm_theory_applies(&pt, 2));
  assert_true(isnan(dkm_theory_g_crit(&pt, 2)));
  assert_true(isnan(dkm_theory_xi(&pt, 2)));
  assert_true(isnan(creal(dkm_theory_alpha(&p, &pt, 2))));
  assert_true(isnan(dkm_theory_g_retrieve(&p, &pt, 0)));
  assert_false(isnan(dkm_theory_xi(&pt, 0)));
}

static void occupation_is_the_papers(void **state) {
  (void)state;
  dkm_patterns p;
  dkm_patterns_init(&p, DKM_GAUGED, 4, NULL);
  dkm_point pt = fig3_point(1.5, 2);
  double z = dkm_theory_xi(&pt, 1), D = pt.Omega_mu[1] * pt.Omega_mu[1] + 0.25;
  double complex alpha = dkm_theory_alpha(&p, &pt, 1);
  assert_close(creal(alpha * conj(alpha)), 8 * pt.g0 * pt.g0 * z * z / D, 1e-14);
}

static void quartic_roots_solve_the_quartic(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 100; trial++) {
    dkm_point pt = random_point(rng, 5, 0, 0);
    double complex roots[4];
    for (int mu = 0; mu < 5; mu++) {
      double g_nu = dkm_theory_g_crit(&pt, 0);
      double B = pt.g0 > g_nu ? pt.Omega * pow(pt.g0 / g_nu, 2) : pt.Omega;
      dkm_theory_quartic(&pt, 0, mu, roots);
      for (int i = 0; i < 4; i++) {
        double complex l = roots[i], shifted = l + pt.kappa_mu[mu] / 2;
        double complex value = (l * l + 4 * B * B) * (shifted * shifted + pt.Omega_mu[mu] * pt.Omega_mu[mu]) -
                               8 * pt.g0 * pt.g0 * pt.Omega_mu[mu] * pt.Omega * pt.Omega / B;
        assert_true(cabs(value) < 1e-9 * (1 + pow(cabs(l), 4) + 16 * pow(B, 4)));
      }
    }
  }
  gsl_rng_free(rng);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(critical_couplings_of_fig_3),
      cmocka_unit_test(there_is_no_overlap_below_the_critical_coupling),
      cmocka_unit_test(closed_forms_say_where_they_do_not_apply),
      cmocka_unit_test(occupation_is_the_papers),
      cmocka_unit_test(quartic_roots_solve_the_quartic),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
