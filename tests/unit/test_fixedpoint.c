/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_headers.h"

#include <gsl/gsl_complex_math.h>
#include <gsl/gsl_eigen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/fixedpoint.h"
#include "dickemap/theory.h"
#include "random_points.h"

enum { MAX_STATE = 3 * 32 + 2 * 5, MAX_CLASSES = 32 };

static dkm_fixedpoint_workspace *workspace_for(const dkm_patterns *p) {
  dkm_fixedpoint_workspace *w = NULL;
  assert_int_equal(dkm_fixedpoint_workspace_create(p, &w, NULL), DKM_OK);
  return w;
}

static void newton_finds_the_pattern_state_of_eq_12(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 60; trial++) {
    const int M = 1 + trial % 5;
    dkm_patterns p;
    double exact[MAX_STATE], u[MAX_STATE], found[MAX_STATE];
    dkm_fixedpoint fixed;
    dkm_patterns_init(&p, trial % 2 ? DKM_GAUGED : DKM_UNGAUGED, M, NULL);
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

/* All 3K + 2M eigenvalues of the Jacobian; the right-hand side is quadratic, so that central
 * differences are exact up to rounding. Sorted into growing, damped and neutral. */
static dkm_spectrum dense_spectrum(const dkm_patterns *p, const dkm_point *pt, const double *u, double neutral) {
  const size_t n = dkm_model_size(p);
  gsl_matrix *a = gsl_matrix_alloc(n, n);
  gsl_vector_complex *values = gsl_vector_complex_alloc(n);
  gsl_eigen_nonsymm_workspace *w = gsl_eigen_nonsymm_alloc(n);
  double up[MAX_STATE], down[MAX_STATE], dup[MAX_STATE], ddown[MAX_STATE], work[2 * MAX_CLASSES];
  for (size_t j = 0; j < n; j++) {
    memcpy(up, u, n * sizeof *u);
    memcpy(down, u, n * sizeof *u);
    up[j] += 0.5;
    down[j] -= 0.5;
    dkm_model_rhs(p, pt, up, dup, work);
    dkm_model_rhs(p, pt, down, ddown, work);
    for (size_t i = 0; i < n; i++) gsl_matrix_set(a, i, j, dup[i] - ddown[i]);
  }
  assert_int_equal(gsl_eigen_nonsymm(a, values, w), 0);
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
  gsl_matrix_free(a);
  gsl_vector_complex_free(values);
  gsl_eigen_nonsymm_free(w);
  return s;
}

/* Any overlaps are those of a fixed point of some c_k: random c_k, Newton from random u. */
static void the_spectrum_is_that_of_the_dense_jacobian(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int compared = 0;
  for (int trial = 0; trial < 200; trial++) {
    const int M = 1 + trial % 4;
    dkm_patterns p;
    double u[MAX_STATE], found[MAX_STATE];
    dkm_fixedpoint fixed;
    dkm_spectrum s;
    dkm_patterns_init(&p, trial % 2 ? DKM_GAUGED : DKM_UNGAUGED, M, NULL);
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
  dkm_patterns p;
  dkm_patterns_init(&p, DKM_GAUGED, 4, NULL);
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

static void there_is_no_fixed_point_without_fields(void **state) {
  (void)state;
  dkm_patterns p;
  double u[MAX_STATE] = {0}, found[MAX_STATE];
  dkm_fixedpoint fixed;
  dkm_patterns_init(&p, DKM_GAUGED, 2, NULL);
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
      cmocka_unit_test(there_is_no_fixed_point_without_fields),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
