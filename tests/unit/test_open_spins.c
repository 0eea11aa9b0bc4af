/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Losses of single spins and unbalanced couplings: trajectories, fixed points and spectra, without verdicts. */
#include "cmocka_headers.h"

#include <gsl/gsl_complex_math.h>
#include <gsl/gsl_eigen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "couplings.h"
#include "dickemap/fixedpoint.h"
#include "dickemap/start.h"
#include "dickemap/theory.h"
#include "integrate.h"
#include "jacobian.h"
#include "random_points.h"

enum { MAX_CLASSES = 64, MAX_STATE = 3 * MAX_CLASSES + 2 * 6 };

/* Of each kind of equations, rates over decades. */
static dkm_point random_open_point(gsl_rng *rng, int n_modes, int kind) {
  dkm_point p = random_point(rng, n_modes, kind % 5 == 4, 1);
  const double scale = pow(10.0, uniform_between(rng, -2, 0));
  if (kind % 3 != 2) {
    p.gamma_down = uniform_between(rng, 0, 1) * scale;
    p.gamma_up = kind % 2 ? uniform_between(rng, 0, 1) * scale : 0.0;
    p.gamma_phi = kind % 4 ? uniform_between(rng, 0, 1) * scale : 0.0;
  }
  if (kind % 3 != 0) p.imbalance = uniform_between(rng, -1, 1);
  return p;
}

/* A system of patterns or of any couplings. */
static dkm_system system_for(gsl_rng *rng, int trial, int M, dkm_couplings *tables) {
  dkm_system p;
  *tables = (dkm_couplings){0};
  dkm_system_of_patterns(&p, trial % 4 == 0 ? DKM_UNGAUGED : DKM_GAUGED, M, NULL);
  if (trial % 3 == 1) {
    *tables = random_couplings(rng, M, 1 + (int64_t)gsl_rng_uniform_int(rng, 20));
    p = tables->system;
  }
  return p;
}

static void ensemble_and_gsl_agree(void **state) {
  (void)state;
  static const double tolerances[] = {1e-6, 1e-8, 1e-10, 1e-12};
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 200; trial++) {
    const int M = 1 + trial % 6;
    const double tolerance = tolerances[trial % 4];
    dkm_couplings tables;
    const dkm_system p = system_for(rng, trial / 4, M, &tables);
    double u[MAX_STATE], v[MAX_STATE];
    const dkm_point pt = random_open_point(rng, M, trial);
    dkm_integrator *ensemble = integrator_for(&p, DKM_METHOD_ENSEMBLE, tolerance, dkm_point_dynamics(&pt), NULL);
    dkm_integrator *gsl = integrator_for(&p, DKM_METHOD_GSL, 1e-13, 0, NULL);
    dkm_model_start(&p, &pt, u, NULL);
    memcpy(v, u, sizeof u);
    integrate(ensemble, 0, &pt, u, 0.0, 10.0);
    integrate(gsl, 0, &pt, v, 0.0, 10.0);
    const double error = difference(u, v, dkm_model_size(&p));
    if (!(error <= 1e3 * tolerance + 1e-10)) print_point(&pt, M);
    assert_close(error, 0.0, 1e3 * tolerance + 1e-10);
    dkm_integrator_destroy(ensemble);
    dkm_integrator_destroy(gsl);
    dkm_couplings_free(&tables);
  }
  gsl_rng_free(rng);
}

/* Whatever the instruction set, and whatever other lanes do. */
static void bits_depend_on_the_point_alone(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 12; trial++) {
    const int M = 1 + trial % 5;
    dkm_couplings tables;
    const dkm_system p = system_for(rng, trial, M, &tables);
    double start[MAX_STATE], first[MAX_STATE];
    bool has_first = false;
    const dkm_point pt = random_open_point(rng, M, trial);
    dkm_model_start(&p, &pt, start, NULL);
    for (const char *const *cpu = dkm_cpu_names(); *cpu; cpu++) {
      if (!dkm_cpu_supported(*cpu)) continue;
      dkm_integrator *integrator = integrator_for(&p, DKM_METHOD_ENSEMBLE, 1e-10, dkm_point_dynamics(&pt), *cpu);
      for (int lane = 0; lane < dkm_integrator_lanes(integrator); lane++) {
        double u[MAX_STATE];
        memcpy(u, start, sizeof u);
        for (int other = 0; other < lane; other++) { /* neighbours */
          dkm_point neighbour = pt;
          neighbour.g0 = 0.3 * (other + 1);
          dkm_integrator_load(integrator, other, &neighbour, start, 0.0);
        }
        integrate(integrator, lane, &pt, u, 0.0, 20.0);
        for (int other = 0; other <= lane; other++) dkm_integrator_unload(integrator, other);
        if (!has_first) memcpy(first, u, sizeof u);
        has_first = true;
        assert_memory_equal(u, first, dkm_model_size(&p) * sizeof *u);
      }
      dkm_integrator_destroy(integrator);
    }
    dkm_couplings_free(&tables);
  }
  gsl_rng_free(rng);
}

/* An engine of a kind takes the points of an earlier one; to truncation they are the same. */
static void kinds_of_equations_contain_each_other(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 20; trial++) {
    const int M = 1 + trial % 4;
    double u[DKM_N_DYNAMICS][MAX_STATE];
    dkm_system p;
    dkm_system_of_patterns(&p, DKM_GAUGED, M, NULL);
    const dkm_point pt = random_point(rng, M, 0, 1);
    for (int kind = 0; kind < DKM_N_DYNAMICS; kind++) {
      dkm_integrator *integrator = integrator_for(&p, DKM_METHOD_ENSEMBLE, 1e-12, (dkm_dynamics)kind, NULL);
      dkm_model_start(&p, &pt, u[kind], NULL);
      const double length = dkm_point_length(&pt);
      integrate(integrator, 0, &pt, u[kind], 0.0, 20.0);
      for (int64_t k = 0; kind != DKM_DYNAMICS_LOSSY && k < p.n_classes; k++) {
        const double *m = u[kind] + k;
        const double square = m[0] * m[0] + m[p.n_classes] * m[p.n_classes] + m[2 * p.n_classes] * m[2 * p.n_classes];
        assert_close(sqrt(square), length, 1e-14); /* restored where nothing is lost */
      }
      assert_close(difference(u[0], u[kind], dkm_model_size(&p)), 0.0, 1e-8);
      dkm_integrator_destroy(integrator);
    }
  }
  gsl_rng_free(rng);
}

/* Without coupling: (x - x_e) falls as exp(-Gamma_1 t), y + i z turns and falls as exp(-gamma_T t). */
static void uncoupled_spins_relax_as_they_must(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 50; trial++) {
    dkm_point pt = random_open_point(rng, 2, 3 * trial);
    dkm_system p;
    double u[MAX_STATE], v[MAX_STATE];
    dkm_system_of_patterns(&p, DKM_GAUGED, 2, NULL);
    pt.g0 = 0.0;
    dkm_integrator *integrator = integrator_for(&p, DKM_METHOD_ENSEMBLE, 1e-12, DKM_DYNAMICS_LOSSY, NULL);
    dkm_model_start(&p, &pt, u, NULL);
    memcpy(v, u, sizeof u);
    const double t = uniform_between(rng, 0.1, 30);
    integrate(integrator, 0, &pt, v, 0.0, t);
    const double gamma_1 = dkm_point_gamma_1(&pt), x_e = gamma_1 > 0 ? dkm_point_pump(&pt) / gamma_1 : 0.0;
    const double kept = exp(-dkm_point_gamma_T(&pt) * t), c = cos(2 * pt.Omega * t), s = sin(2 * pt.Omega * t);
    for (int64_t k = 0; k < p.n_classes; k++) {
      const double *m = u + k;
      assert_close(v[k], x_e + (m[0] - x_e) * exp(-gamma_1 * t), 1e-11);
      assert_close(v[p.n_classes + k], kept * (c * m[p.n_classes] - s * m[2 * p.n_classes]), 1e-11);
      assert_close(v[2 * p.n_classes + k], kept * (s * m[p.n_classes] + c * m[2 * p.n_classes]), 1e-11);
    }
    dkm_integrator_destroy(integrator);
  }
  gsl_rng_free(rng);
}

/* N = sum |beta|^2 + sum w x/2 changes by the loss of the modes alone for eta = 1, N = sum |beta|^2 - sum w x/2 for -1. */
static void excitations_are_counted(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 100; trial++) {
    const int M = 1 + trial % 5;
    dkm_couplings tables;
    const dkm_system p = system_for(rng, trial, M, &tables);
    const int64_t K = p.n_classes;
    double u[MAX_STATE], du[MAX_STATE], work[2 * MAX_CLASSES], change = 0.0, loss = 0.0;
    dkm_point pt = random_point(rng, M, trial % 2, 1);
    pt.imbalance = trial % 2 ? 1.0 : -1.0;
    dkm_model_start(&p, &pt, u, NULL);
    for (int i = 0; i < 2 * M; i++) u[3 * K + i] = uniform_between(rng, -1, 1);
    dkm_model_rhs(&p, &pt, u, du, work);
    for (int64_t k = 0; k < K; k++) change += 0.5 * pt.imbalance * dkm_system_weight(&p, k) * du[k];
    for (int mu = 0; mu < M; mu++) {
      const double *beta = u + 3 * K + mu, *rate = du + 3 * K + mu;
      change += 2.0 * (beta[0] * rate[0] + beta[M] * rate[M]);
      loss += pt.kappa_mu[mu] * (beta[0] * beta[0] + beta[M] * beta[M]);
    }
    assert_close(change, -loss, 1e-13);
    dkm_couplings_free(&tables);
  }
  gsl_rng_free(rng);
}

/* ---- fixed points ---- */

static int by_real_part(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Real parts of all eigenvalues of the Jacobian, sorted. */
static size_t dense_rates(const dkm_system *p, const dkm_point *pt, const double *u, double *rates) {
  const size_t n = dkm_model_size(p);
  gsl_vector_complex *values = gsl_vector_complex_alloc(n);
  jacobian_eigenvalues(p, pt, u, values);
  for (size_t i = 0; i < n; i++) rates[i] = GSL_REAL(gsl_vector_complex_get(values, i));
  qsort(rates, n, sizeof *rates, by_real_part);
  gsl_vector_complex_free(values);
  return n;
}

/* Newton from anywhere: what it finds is at rest, and directions are those of the dense Jacobian. */
static void fixed_points_and_spectra_are_those_of_the_equations(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int found_lossy = 0, found_unbalanced = 0;
  for (int trial = 0; trial < 600; trial++) {
    const int M = 1 + trial % 4;
    dkm_couplings tables;
    const dkm_system p = system_for(rng, trial, M, &tables);
    const int64_t K = p.n_classes;
    double u[MAX_STATE], v[MAX_STATE], rates[MAX_STATE];
    dkm_fixedpoint fixed;
    dkm_spectrum s;
    dkm_fixedpoint_workspace *w = NULL;
    const dkm_point pt = random_open_point(rng, M, trial);
    assert_int_equal(dkm_fixedpoint_workspace_create(&p, &w, NULL), DKM_OK);
    dkm_model_start(&p, &pt, u, NULL);
    for (int64_t i = 0; i < 3 * K; i++) u[i] *= uniform_between(rng, 0.5, 1.0);
    for (int i = 0; i < 2 * M; i++) u[3 * K + i] = uniform_between(rng, -0.5, 0.5);
    if (dkm_fixedpoint_near(w, &pt, u, trial % 2, &fixed, v)) {
      const bool lossy = dkm_point_has_losses(&pt);
      assert_close(fixed.residual, 0.0, 1e-11);
      const size_t n = dense_rates(&p, &pt, v, rates);
      int64_t unstable = 0;
      double growth = -INFINITY, decay = INFINITY;
      for (size_t i = 0; i < n; i++) {
        if (fabs(rates[i]) < 1e-7) continue;
        unstable += rates[i] > 0;
        growth = fmax(growth, rates[i]);
        if (rates[i] < 0) decay = fmin(decay, -rates[i]);
      }
      assert_int_equal(dkm_fixedpoint_spectrum(w, &pt, v, -1, 0.0, &s, NULL), DKM_OK);
      if (lossy || s.decay_rate > 1e-5) {
        if (s.n_unstable != unstable || fabs(s.decay_rate - decay) > 1e-7) print_point(&pt, M);
        assert_int_equal(s.n_unstable, unstable);
        assert_close(s.growth_rate, growth, 1e-7);
        assert_close(s.decay_rate, decay, 1e-7);
        assert_int_equal(s.n_unstable + s.n_damped + s.n_neutral, n);
        if (dkm_point_gamma_1(&pt) > 0) assert_int_equal(s.n_neutral, 0);
        found_lossy += lossy;
        found_unbalanced += pt.imbalance != 0.0;
      }
    }
    dkm_fixedpoint_workspace_destroy(w);
    dkm_couplings_free(&tables);
  }
  printf("%d fixed points with losses, %d with unbalanced couplings\n", found_lossy, found_unbalanced);
  assert_true(found_lossy > 200 && found_unbalanced > 200);
  gsl_rng_free(rng);
}

/* The state of one pattern: from its start, by Newton and by the reduced state. */
static void pattern_states_have_the_spectrum_of_their_sectors(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int found = 0;
  for (int trial = 0; trial < 100; trial++) {
    const int M = 1 + trial % 4;
    dkm_system p;
    double u[MAX_STATE], v[MAX_STATE];
    dkm_fixedpoint fixed;
    dkm_spectrum full, sectors, alone;
    dkm_fixedpoint_workspace *w = NULL;
    dkm_point pt = random_open_point(rng, M, trial);
    dkm_system_of_patterns(&p, trial % 3 ? DKM_GAUGED : DKM_UNGAUGED, M, NULL);
    pt.perturbation = 0.0;
    pt.overlap = 0.9;
    assert_int_equal(dkm_fixedpoint_workspace_create(&p, &w, NULL), DKM_OK);
    dkm_model_start(&p, &pt, u, NULL);
    u[3 * p.n_classes + pt.pattern - 1] = -0.5;
    if (dkm_fixedpoint_near(w, &pt, u, true, &fixed, v)) {
      const int nu = pt.pattern - 1;
      const double f = dkm_system_coupling(&p, nu, 0);
      const double small_state[] = {v[0], f * v[p.n_classes], f * v[2 * p.n_classes], v[3 * p.n_classes + nu],
                                    v[3 * p.n_classes + M + nu]};
      assert_int_equal(dkm_fixedpoint_spectrum(w, &pt, v, -1, 0.0, &full, NULL), DKM_OK);
      assert_int_equal(dkm_fixedpoint_spectrum(w, &pt, v, nu, 0.0, &alone, NULL), DKM_OK);
      assert_int_equal(dkm_fixedpoint_symmetric_spectrum(&p, &pt, small_state, &sectors, NULL), DKM_OK);
      assert_int_equal(full.n_unstable, sectors.n_unstable);
      assert_int_equal(full.n_damped, sectors.n_damped);
      assert_int_equal(full.n_neutral, sectors.n_neutral);
      assert_close(full.growth_rate, sectors.growth_rate, 1e-11);
      assert_close(full.decay_rate, sectors.decay_rate, 1e-11);
      assert_true(alone.n_unstable <= full.n_unstable && alone.growth_rate <= full.growth_rate + 1e-12);
      found++;
    }
    dkm_fixedpoint_workspace_destroy(w);
  }
  assert_true(found > 60);
  gsl_rng_free(rng);
}

/* Hopf points of one-mode pattern states: stable below, unstable above. */
static void hopf_points_are_where_they_are_known_to_be(void **state) {
  (void)state;
  static const struct {
    double Omega, Omega_1, kappa, gamma_down, gamma_phi, g_nu, g_hopf;
  } cases[] = {{0.5, 1.0, 0.3, 0.1, 0.5, 0.733110880, 1.01925821}, {1.5, 2.2, 0.4, 0.1, 0.6, 1.397305307, 1.60639331}};
  for (int i = 0; i < 2; i++)
    for (int side = -1; side <= 1; side += 2) {
      dkm_system p;
      double u[5] = {-0.5, 0.1, 0.3, -0.4, -0.1}, v[5];
      dkm_fixedpoint fixed;
      dkm_spectrum s;
      dkm_fixedpoint_workspace *w = NULL;
      dkm_point pt = {.g0 = cases[i].g_hopf + side * 1e-6,
                      .Omega = cases[i].Omega,
                      .Omega_mu = {cases[i].Omega_1},
                      .kappa_mu = {cases[i].kappa},
                      .pattern = 1,
                      .overlap = 1,
                      .gamma_down = cases[i].gamma_down,
                      .gamma_phi = cases[i].gamma_phi};
      dkm_system_of_patterns(&p, DKM_GAUGED, 1, NULL);
      assert_int_equal(dkm_fixedpoint_workspace_create(&p, &w, NULL), DKM_OK);
      assert_true(dkm_fixedpoint_near(w, &pt, u, true, &fixed, v));
      assert_true(fabs(fixed.xi[0]) > 0.1);
      assert_close(dkm_theory_g_crit(&pt, 0), cases[i].g_nu, 1e-9);
      assert_close(fabs(fixed.xi[0]), dkm_theory_xi(&pt, 0), 1e-12);
      assert_int_equal(dkm_fixedpoint_spectrum(w, &pt, v, -1, 0.0, &s, NULL), DKM_OK);
      assert_int_equal(s.n_unstable, side < 0 ? 0 : 2);
      dkm_fixedpoint_workspace_destroy(w);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ensemble_and_gsl_agree),
      cmocka_unit_test(bits_depend_on_the_point_alone),
      cmocka_unit_test(kinds_of_equations_contain_each_other),
      cmocka_unit_test(uncoupled_spins_relax_as_they_must),
      cmocka_unit_test(excitations_are_counted),
      cmocka_unit_test(fixed_points_and_spectra_are_those_of_the_equations),
      cmocka_unit_test(pattern_states_have_the_spectrum_of_their_sectors),
      cmocka_unit_test(hopf_points_are_where_they_are_known_to_be),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
