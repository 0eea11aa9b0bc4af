/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_headers.h"

#include <gsl/gsl_complex_math.h>
#include <gsl/gsl_eigen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/fixedpoint.h"
#include "dickemap/integrator.h"
#include "dickemap/theory.h"
#include "jacobian.h"
#include "random_points.h"

enum { MAX_STATE = 3 * 32 + 2 * 5, MAX_CLASSES = 32 };

static dkm_fixedpoint_workspace *workspace_for(const dkm_system *p) {
  dkm_fixedpoint_workspace *w = NULL;
  assert_int_equal(dkm_fixedpoint_workspace_create(p, &w, NULL), DKM_OK);
  return w;
}

static void newton_finds_the_pattern_state_of_eq_12(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 60; trial++) {
    const int M = 1 + trial % 5;
    dkm_system p;
    double exact[MAX_STATE], u[MAX_STATE], found[MAX_STATE];
    dkm_fixedpoint fixed;
    dkm_system_of_patterns(&p, trial % 2 ? DKM_GAUGED : DKM_UNGAUGED, M, NULL);
    dkm_point pt = random_point(rng, M, 0, 0);
    const int nu = pt.pattern - 1;
    pt.g0 = dkm_theory_g_crit(&pt, nu) * uniform_between(rng, 1.1, 2.0);
    dkm_theory_pattern_state(&p, &pt, nu, -1, exact);
    for (size_t i = 0; i < dkm_model_size(&p); i++) u[i] = exact[i] + uniform_between(rng, -1e-4, 1e-4);
    for (int64_t k = 0; k < p.n_classes; k++) { /* unit spins */
      double *m[] = {u + k, u + p.n_classes + k, u + 2 * p.n_classes + k};
      double length = sqrt(*m[0] * *m[0] + *m[1] * *m[1] + *m[2] * *m[2]);
      for (int a = 0; a < 3; a++) *m[a] /= length;
    }
    dkm_fixedpoint_workspace *w = workspace_for(&p);
    assert_true(dkm_fixedpoint_near(w, &pt, u, true, &fixed, found));
    for (int mu = 0; mu < M; mu++) assert_close(fixed.xi[mu], mu == nu ? -dkm_theory_xi(&pt, nu) : 0, 1e-14);
    for (size_t i = 0; i < dkm_model_size(&p); i++) assert_close(found[i], exact[i], 1e-13);
    assert_true(fixed.residual <= 1e-14);
    assert_true(fixed.distance <= fixed.distance_all && fixed.distance_all < 1e-2 && fixed.precession < 1e-2);
    dkm_fixedpoint_workspace_destroy(w);
  }
  gsl_rng_free(rng);
}

/* All directions, sorted into growing, damped and neutral. */
static dkm_spectrum dense_spectrum(const dkm_system *p, const dkm_point *pt, const double *u, double neutral) {
  const size_t n = dkm_model_size(p);
  gsl_vector_complex *values = gsl_vector_complex_alloc(n);
  jacobian_eigenvalues(p, pt, u, values);
  dkm_spectrum s = {.growth_rate = -INFINITY, .decay_rate = INFINITY};
  for (size_t i = 0; i < n; i++) {
    double rate = GSL_REAL(gsl_vector_complex_get(values, i));
    if (fabs(rate) < neutral) {
      s.n_neutral++;
      continue;
    }
    s.growth_rate = fmax(s.growth_rate, rate);
    if (rate > 0)
      s.n_unstable++;
    else {
      s.n_damped++;
      s.decay_rate = fmin(s.decay_rate, -rate);
    }
  }
  gsl_vector_complex_free(values);
  return s;
}

/* Any overlaps are those of a fixed point of some c_k: random c_k, Newton from random u. */
static void the_spectrum_is_that_of_the_dense_jacobian(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int compared = 0;
  for (int trial = 0; trial < 200; trial++) {
    const int M = 1 + trial % 4;
    dkm_system p;
    double u[MAX_STATE], found[MAX_STATE];
    dkm_fixedpoint fixed;
    dkm_spectrum s;
    dkm_system_of_patterns(&p, trial % 2 ? DKM_GAUGED : DKM_UNGAUGED, M, NULL);
    dkm_point pt = random_point(rng, M, trial % 3 == 0, trial % 5 == 0);
    dkm_fixedpoint_workspace *w = workspace_for(&p);
    if (trial % 3 == 1) {
      pt.g0 = dkm_theory_g_crit(&pt, 0) * uniform_between(rng, 0.6, 1.8);
      dkm_theory_pattern_state(&p, &pt, 0, 1, u);
    } else {
      dkm_model_start(&p, &pt, u, NULL);
      for (int64_t i = 0; i < 3 * p.n_classes; i++) u[i] *= uniform_between(rng, 0.5, 1.0);
      for (int i = 0; i < 2 * M; i++) u[3 * p.n_classes + i] = uniform_between(rng, -0.5, 0.5);
    }
    if (dkm_fixedpoint_near(w, &pt, u, trial % 2, &fixed, found)) {
      dkm_spectrum dense = dense_spectrum(&p, &pt, found, 1e-6);
      assert_int_equal(dkm_fixedpoint_spectrum(w, &pt, found, -1, 0.0, &s, NULL), DKM_OK);
      if (s.decay_rate > 1e-5) { /* the dense problem tells neutral from damped only so far */
        if (s.n_unstable != dense.n_unstable || s.n_damped != dense.n_damped) print_point(&pt, M);
        assert_int_equal(s.n_unstable, dense.n_unstable);
        assert_int_equal(s.n_damped, dense.n_damped);
        assert_int_equal(s.n_neutral, dense.n_neutral);
        assert_close(s.growth_rate, dense.growth_rate, 1e-8);
        assert_close(s.decay_rate, dense.decay_rate, 1e-8);
        compared++;
      }
    }
    dkm_fixedpoint_workspace_destroy(w);
  }
  assert_true(compared > 100);
  gsl_rng_free(rng);
}

static void the_spectrum_of_a_pattern_state_is_that_of_the_quartics(void **state) {
  (void)state;
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, 4, NULL);
  dkm_fixedpoint_workspace *w = workspace_for(&p);
  for (int nu = 0; nu < 4; nu++)
    for (double g0 = 0.3; g0 < 2.0; g0 += 0.17) {
      dkm_point pt = fig3_point(g0, nu + 1);
      double u[MAX_STATE], largest = -INFINITY, slowest = INFINITY;
      int n_unstable = 0;
      dkm_spectrum s, sector;
      dkm_theory_pattern_state(&p, &pt, nu, 1, u);
      for (int mu = 0; mu < 4; mu++) {
        double complex roots[4];
        dkm_theory_quartic(&pt, nu, mu, roots);
        for (int i = 0; i < 4; i++) {
          largest = fmax(largest, creal(roots[i]));
          n_unstable += creal(roots[i]) > 0;
          if (creal(roots[i]) < 0) slowest = fmin(slowest, -creal(roots[i]));
        }
        if (mu == nu) {
          assert_int_equal(dkm_fixedpoint_spectrum(w, &pt, u, nu, 0.0, &sector, NULL), DKM_OK);
          double sector_largest = -INFINITY;
          for (int i = 0; i < 4; i++) sector_largest = fmax(sector_largest, creal(roots[i]));
          assert_close(sector.growth_rate, sector_largest, 1e-11);
        }
      }
      assert_int_equal(dkm_fixedpoint_spectrum(w, &pt, u, -1, 0.0, &s, NULL), DKM_OK);
      assert_close(s.growth_rate, largest, 1e-11);
      assert_close(s.decay_rate, slowest, 1e-11);
      assert_int_equal(s.n_unstable, n_unstable);
      assert_int_equal(s.n_neutral, 3 * 8 + 2 * 4 - 16);
      /* One unstable direction for each mu with g0 < g_nu sqrt(g_nu/g_mu) (above g_nu). */
      if (g0 > dkm_theory_g_crit(&pt, nu)) {
        int expected = 0;
        double g_nu = dkm_theory_g_crit(&pt, nu);
        for (int mu = 0; mu < 4; mu++)
          expected += mu != nu && g0 < g_nu * sqrt(g_nu / dkm_theory_g_crit(&pt, mu));
        assert_int_equal(s.n_unstable, expected);
      }
    }
  dkm_fixedpoint_workspace_destroy(w);
}

/* Exponential rate at which max_i |u_i - fixed_i| changes: of its largest value in each of many windows of time, by least
 * squares, while that is between `least` and `most`. The windows are long against the periods. */
static double measured_rate(const dkm_system *p, const dkm_point *pt, const double *start, const double *fixed,
                            double window, double least, double most) {
  enum { LOOKS = 400, MOST = 4000 };
  const size_t n = dkm_model_size(p);
  const dkm_solver solver = {.method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-13, .t_max = 1e7};
  dkm_integrator *integrator;
  double u[MAX_STATE], sum = 0, x = 0, y = 0, xx = 0, xy = 0;
  assert_int_equal(dkm_integrator_create(p, &solver, NULL, &integrator, NULL), DKM_OK);
  dkm_integrator_load(integrator, 0, pt, start, 0.0);
  dkm_lane *lane = dkm_integrator_lane(integrator, 0);
  for (int i = 0; i < MOST; i++) {
    double largest = 0;
    for (int look = 1; look <= LOOKS; look++) {
      lane->t_limit = window * (i + (double)look / LOOKS);
      while (lane->t < lane->t_limit) dkm_integrator_advance(integrator);
      dkm_integrator_state(integrator, 0, u);
      for (size_t j = 0; j < n; j++) largest = fmax(largest, fabs(u[j] - fixed[j]));
    }
    if (largest < least) {
      if (sum > 0) break;
      continue;
    }
    if (largest > most) {
      if (sum > 0) break;
      continue;
    }
    const double t = window * i, logarithm = log(largest);
    sum += 1;
    x += t;
    y += logarithm;
    xx += t * t;
    xy += t * logarithm;
  }
  dkm_integrator_destroy(integrator);
  if (sum < 4) fail_msg("only %g windows", sum);
  return (sum * xy - x * y) / (sum * xx - x * x);
}

/* One mode, one class: nothing is dark, and everything decays as the slowest direction does. Either sign of Omega_mu:
 * with Omega_mu < 0 the spins point along their fields. */
static void trajectories_decay_at_the_rate_of_the_spectrum(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, 1, NULL);
  dkm_fixedpoint_workspace *w = workspace_for(&p);
  int compared = 0, blue = 0;
  for (int trial = 0; trial < 2000 && compared < 24; trial++) {
    dkm_point pt = random_point(rng, 1, 1, 0);
    double u[MAX_STATE], fixed_state[MAX_STATE];
    dkm_fixedpoint fixed;
    dkm_spectrum s;
    /* Any fixed point of either orientation of the spin: Newton from a random state. */
    dkm_model_start(&p, &pt, u, NULL);
    u[0] *= pt.Omega_mu[0] < 0 ? -1 : 1;
    u[3] = uniform_between(rng, -0.6, 0.6);
    if (!dkm_fixedpoint_near(w, &pt, u, true, &fixed, fixed_state)) continue;
    assert_int_equal(dkm_fixedpoint_spectrum(w, &pt, fixed_state, -1, 0.0, &s, NULL), DKM_OK);
    if (s.n_unstable > 0 || s.n_marginal > 0 || !(s.decay_rate > 0.002 && s.decay_rate < 0.03)) continue;
    memcpy(u, fixed_state, sizeof u); /* a small turn of the spin, its length kept */
    u[1] = 1e-2;
    const double rest = sqrt((1 - 1e-4) / (u[0] * u[0] + u[2] * u[2]));
    u[0] *= rest;
    u[2] *= rest;
    const double rate = measured_rate(&p, &pt, u, fixed_state, fmax(25, 0.5 / s.decay_rate), 1e-9, 1e-5);
    if (!(fabs(rate / s.decay_rate + 1.0) < 0.01)) {
      print_point(&pt, 1);
      fail_msg("decays at %.6g, spectrum %.6g", -rate, s.decay_rate);
    }
    blue += pt.Omega_mu[0] < 0;
    compared++;
  }
  assert_true(compared >= 20 && blue >= 4);
  dkm_fixedpoint_workspace_destroy(w);
  gsl_rng_free(rng);
}

/* Between g_nu and g_ret a perturbation of the pattern state grows as the spectrum says. */
static void trajectories_leave_a_pattern_at_the_growth_rate_of_the_spectrum(void **state) {
  (void)state;
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, 4, NULL);
  dkm_fixedpoint_workspace *w = workspace_for(&p);
  for (int nu = 1; nu < 4; nu++)
    for (int i = 0; i < 2; i++) {
      dkm_point pt = fig3_point(1, nu + 1);
      double u[MAX_STATE], fixed[MAX_STATE];
      dkm_spectrum s;
      const double below = dkm_theory_g_crit(&pt, nu), above = dkm_theory_g_retrieve(&p, &pt, nu);
      pt.g0 = below + (i ? 0.75 : 0.4) * (above - below);
      dkm_theory_pattern_state(&p, &pt, nu, 1, fixed);
      assert_int_equal(dkm_fixedpoint_spectrum(w, &pt, fixed, -1, 0.0, &s, NULL), DKM_OK);
      assert_true(s.n_unstable >= 1 && s.growth_rate > 0);
      memcpy(u, fixed, sizeof u);
      u[3 * p.n_classes] += 1e-9; /* the mode of the easiest pattern */
      const double rate = measured_rate(&p, &pt, u, fixed, 0.5 / s.growth_rate, 1e-6, 1e-3);
      if (!(fabs(rate / s.growth_rate - 1.0) < 0.01)) fail_msg("pattern %d: grows at %.6g, spectrum %.6g", nu + 1, rate, s.growth_rate);
    }
  dkm_fixedpoint_workspace_destroy(w);
}

static void there_is_no_fixed_point_without_fields(void **state) {
  (void)state;
  dkm_system p;
  double u[MAX_STATE] = {0}, found[MAX_STATE];
  dkm_fixedpoint fixed;
  dkm_system_of_patterns(&p, DKM_GAUGED, 2, NULL);
  dkm_point pt = fig3_point(1.0, 1);
  pt.Omega = 0.0;
  dkm_fixedpoint_workspace *w = workspace_for(&p);
  assert_false(dkm_fixedpoint_near(w, &pt, u, true, &fixed, found));
  dkm_fixedpoint_workspace_destroy(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(newton_finds_the_pattern_state_of_eq_12),
      cmocka_unit_test(the_spectrum_is_that_of_the_dense_jacobian),
      cmocka_unit_test(the_spectrum_of_a_pattern_state_is_that_of_the_quartics),
      cmocka_unit_test(trajectories_decay_at_the_rate_of_the_spectrum),
      cmocka_unit_test(trajectories_leave_a_pattern_at_the_growth_rate_of_the_spectrum),
      cmocka_unit_test(there_is_no_fixed_point_without_fields),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
