/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_headers.h"

#include <complex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "integrate.h"
#include "random_points.h"

enum { MAX_STATE = 3 * 512 + 2 * 10, MAX_CLASSES = 512 };

static void overlaps(const dkm_system *p, const double *u, double *xi) {
  double work[2 * MAX_CLASSES];
  dkm_model_overlaps(p, u, xi, work);
}

/* Transients amplify a difference up to some 10^3 within t = 50; with modes of either sign many are chaotic
 * (exponents up to 0.3), and the comparison ends sooner. */
static void ensemble_and_gsl_agree_on_random_points(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  gsl_rng_set(rng, 20210715);
  for (int trial = 0; trial < 200; trial++) {
    const int M = 1 + trial % 6;
    dkm_system p;
    double u[MAX_STATE], v[MAX_STATE], xi_u[DKM_MAX_MODES], xi_v[DKM_MAX_MODES];
    dkm_system_of_patterns(&p, trial % 4 == 0 ? DKM_UNGAUGED : DKM_GAUGED, M, NULL);
    dkm_point pt = random_point(rng, M, trial % 5 == 0, trial % 2);
    dkm_integrator *ensemble = integrator_for(&p, DKM_METHOD_ENSEMBLE, 1e-11, DKM_DYNAMICS_CONSERVED, NULL);
    dkm_integrator *gsl = integrator_for(&p, DKM_METHOD_GSL, 1e-11, DKM_DYNAMICS_CONSERVED, NULL);
    dkm_model_start(&p, &pt, u, NULL);
    memcpy(v, u, sizeof u);
    const double t = trial % 5 == 0 ? 15.0 : 50.0;
    integrate(ensemble, 0, &pt, u, 0.0, t);
    integrate(gsl, 0, &pt, v, 0.0, t);
    overlaps(&p, u, xi_u);
    overlaps(&p, v, xi_v);
    for (int mu = 0; mu < M; mu++) {
      if (!(fabs(xi_u[mu] - xi_v[mu]) <= 1e-7)) print_point(&pt, M);
      assert_close(xi_u[mu], xi_v[mu], 1e-7);
    }
    dkm_integrator_destroy(ensemble);
    dkm_integrator_destroy(gsl);
  }
  gsl_rng_free(rng);
}

/* g0 = 0: every spin precesses about x at 2 Omega, every mode decays by itself. */
static void uncoupled_spins_precess_and_modes_decay(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int method = DKM_METHOD_ENSEMBLE; method <= DKM_METHOD_GSL; method++)
    for (int M = 1; M <= 5; M++) {
      dkm_system p;
      double u[MAX_STATE], u0[MAX_STATE];
      dkm_system_of_patterns(&p, DKM_GAUGED, M, NULL);
      dkm_point pt = random_point(rng, M, 1, 1);
      pt.g0 = 0.0;
      dkm_model_start(&p, &pt, u, NULL);
      const int64_t K = p.n_classes;
      for (int i = 0; i < 2 * M; i++) u[3 * K + i] = uniform_between(rng, -1, 1);
      memcpy(u0, u, sizeof u);
      const double t = 30.0, c = cos(2 * pt.Omega * t), s = sin(2 * pt.Omega * t);
      dkm_integrator *integrator = integrator_for(&p, method, 1e-12, DKM_DYNAMICS_CONSERVED, NULL);
      integrate(integrator, 0, &pt, u, 0.0, t);
      for (int64_t k = 0; k < K; k++) {
        assert_close(u[k], u0[k], 1e-10);
        assert_close(u[K + k], c * u0[K + k] - s * u0[2 * K + k], 1e-10);
        assert_close(u[2 * K + k], c * u0[2 * K + k] + s * u0[K + k], 1e-10);
      }
      for (int mu = 0; mu < M; mu++) {
        double complex beta = (u0[3 * K + mu] + I * u0[3 * K + M + mu]) *
                              cexp(-(I * pt.Omega_mu[mu] + pt.kappa_mu[mu] / 2) * t);
        assert_close(u[3 * K + mu], creal(beta), 1e-10);
        assert_close(u[3 * K + M + mu], cimag(beta), 1e-10);
      }
      dkm_integrator_destroy(integrator);
    }
  gsl_rng_free(rng);
}

static void spin_length_is_conserved(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 6; trial++) {
    dkm_system p;
    double u[MAX_STATE], u0[MAX_STATE];
    dkm_system_of_patterns(&p, DKM_GAUGED, 4, NULL);
    dkm_point pt = random_point(rng, 4, trial % 2, 1);
    dkm_integrator *integrator = integrator_for(&p, DKM_METHOD_ENSEMBLE, 1e-10, DKM_DYNAMICS_CONSERVED, NULL);
    dkm_model_start(&p, &pt, u, NULL);
    for (int64_t i = 0; i < 3 * p.n_classes; i++) u[i] *= 0.7; /* not only unit spins */
    memcpy(u0, u, sizeof u);
    integrate(integrator, 0, &pt, u, 0.0, 1e4);
    assert_close(dkm_model_length_error(&p, u, u0), 0, 1e-12);
    dkm_integrator_destroy(integrator);
  }
  gsl_rng_free(rng);
}

static void the_symmetric_subspace_is_kept_to_the_last_bit(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 12; trial++) {
    const int M = 2 + trial % 5;
    dkm_system p;
    double u[MAX_STATE];
    dkm_system_of_patterns(&p, trial % 2 ? DKM_UNGAUGED : DKM_GAUGED, M, NULL);
    dkm_point pt = random_point(rng, M, trial % 3 == 0, 0);
    const int nu = pt.pattern - 1;
    const int64_t K = p.n_classes;
    const int method = trial % 4 < 2 ? DKM_METHOD_ENSEMBLE : DKM_METHOD_GSL;
    dkm_integrator *integrator = integrator_for(&p, method, 1e-9, DKM_DYNAMICS_CONSERVED, NULL);
    dkm_model_start(&p, &pt, u, NULL);
    integrate(integrator, 0, &pt, u, 0.0, 300.0);
    for (int64_t k = 0; k < K; k++) {
      assert_true(u[k] == u[0]);
      assert_true(dkm_system_coupling(&p, nu, k) * u[K + k] == dkm_system_coupling(&p, nu, 0) * u[K]);
      assert_true(dkm_system_coupling(&p, nu, k) * u[2 * K + k] == dkm_system_coupling(&p, nu, 0) * u[2 * K]);
    }
    for (int mu = 0; mu < M; mu++)
      if (mu != nu) assert_true(u[3 * K + mu] == 0.0 && u[3 * K + M + mu] == 0.0);
    dkm_integrator_destroy(integrator);
  }
  gsl_rng_free(rng);
}

/* Loads the points into lanes as they come free, in the given order, and keeps the states at t = 40. */
static void run_all(dkm_integrator *integrator, const dkm_system *p, int n, const dkm_point *points,
                    const int *order, double *states) {
  const int lanes = dkm_integrator_lanes(integrator);
  const size_t size = dkm_model_size(p);
  int in_lane[8], next = 0, active = 0;
  do {
    for (int l = 0; l < lanes; l++) {
      dkm_lane *lane = dkm_integrator_lane(integrator, l);
      if (lane->active && lane->t >= 40.0) {
        dkm_integrator_state(integrator, l, states + (size_t)in_lane[l] * size);
        dkm_integrator_unload(integrator, l);
        active--;
      }
      if (!lane->active && next < n) {
        double u[MAX_STATE];
        in_lane[l] = order[next++];
        dkm_model_start(p, &points[in_lane[l]], u, NULL);
        dkm_integrator_load(integrator, l, &points[in_lane[l]], u, 0.0);
        lane->t_limit = 40.0;
        active++;
      }
    }
    dkm_integrator_advance(integrator);
  } while (active > 0);
}

enum { N_POINTS = 37 };

static void bits_depend_on_neither_the_order_of_points_nor_the_instruction_set_nor_what_is_kept(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int M = 1; M <= 7; M++) { /* 1 ... 64 classes: every size of a group, and several groups */
    dkm_system p;
    dkm_point points[N_POINTS];
    int forward[N_POINTS], backward[N_POINTS];
    dkm_system_of_patterns(&p, DKM_GAUGED, M, NULL);
    for (int i = 0; i < N_POINTS; i++) {
      points[i] = random_point(rng, M, i % 3 == 0, i % 2);
      forward[i] = i;
      backward[i] = N_POINTS - 1 - i;
    }
    const size_t bytes = N_POINTS * dkm_model_size(&p) * sizeof(double);
    double *reference = malloc(bytes), *other = malloc(bytes);
    dkm_integrator *integrator = integrator_for(&p, DKM_METHOD_ENSEMBLE, 1e-9, DKM_DYNAMICS_CONSERVED, NULL);
    run_all(integrator, &p, N_POINTS, points, forward, reference);
    run_all(integrator, &p, N_POINTS, points, backward, other);
    assert_memory_equal(reference, other, bytes);
    dkm_integrator_destroy(integrator);
    for (const char *const *cpu = dkm_cpu_names(); *cpu; cpu++) {
      if (!dkm_cpu_supported(*cpu)) continue;
      for (int streamed = 0; streamed <= 1; streamed++) {
        const dkm_solver solver = {.tolerance = 1e-9,
                                   .t_max = 1e7,
                                   .coefficients = streamed ? DKM_COEFFICIENTS_STREAMED : DKM_COEFFICIENTS_KEPT};
        assert_int_equal(dkm_integrator_create(&p, &solver, *cpu, &integrator, NULL), DKM_OK);
        run_all(integrator, &p, N_POINTS, points, forward, other);
        if (memcmp(reference, other, bytes) != 0)
          fail_msg("instruction set %s, M = %d, coefficients %s: other bits", *cpu, M, streamed ? "streamed" : "kept");
        dkm_integrator_destroy(integrator);
      }
    }
    free(reference);
    free(other);
  }
  gsl_rng_free(rng);
}

static void a_lane_that_is_not_finite_fails_alone(void **state) {
  (void)state;
  dkm_system p;
  double u[MAX_STATE], alone[MAX_STATE], beside[MAX_STATE];
  dkm_system_of_patterns(&p, DKM_GAUGED, 4, NULL);
  dkm_point pt = fig3_point(1.1, 2);
  dkm_integrator *integrator = integrator_for(&p, DKM_METHOD_ENSEMBLE, 1e-10, DKM_DYNAMICS_CONSERVED, NULL);
  dkm_model_start(&p, &pt, u, NULL);
  memcpy(alone, u, sizeof u);
  integrate(integrator, 0, &pt, alone, 0.0, 20.0);

  const int last = dkm_integrator_lanes(integrator) - 1;
  dkm_integrator_unload(integrator, 0);
  dkm_integrator_load(integrator, last, &pt, u, 0.0);
  dkm_integrator_lane(integrator, last)->t_limit = 20.0;
  u[5] = NAN;
  dkm_integrator_load(integrator, 0, &pt, u, 0.0);
  dkm_integrator_lane(integrator, 0)->t_limit = 20.0;
  while (dkm_integrator_lane(integrator, 0)->failure == DKM_FAILURE_NONE) dkm_integrator_advance(integrator);
  assert_int_equal(dkm_integrator_lane(integrator, 0)->failure, DKM_FAILURE_NOT_FINITE);
  dkm_integrator_unload(integrator, 0);
  while (dkm_integrator_lane(integrator, last)->t < 20.0) dkm_integrator_advance(integrator);
  assert_int_equal(dkm_integrator_lane(integrator, last)->failure, DKM_FAILURE_NONE);
  dkm_integrator_state(integrator, last, beside);
  assert_memory_equal(alone, beside, dkm_model_size(&p) * sizeof(double));
  dkm_integrator_destroy(integrator);
}

/* The error at t = 10 against a run at tolerance 1e-15 falls with the tolerance, not slower than tolerance^0.9. */
static void the_error_follows_the_tolerance(void **state) {
  (void)state;
  dkm_system p;
  double exact[MAX_STATE], u[MAX_STATE], start[MAX_STATE];
  dkm_system_of_patterns(&p, DKM_GAUGED, 3, NULL);
  dkm_point pt = {.g0 = 0.9, .Omega = 0.6, .Omega_mu = {1.2, 1.9, 0.8}, .kappa_mu = {1, 1.5, 0.7}, .pattern = 2,
                  .overlap = 0.8, .perturbation = 0.1, .seed = 5};
  dkm_model_start(&p, &pt, start, NULL);
  memcpy(exact, start, sizeof start);
  dkm_integrator *integrator = integrator_for(&p, DKM_METHOD_ENSEMBLE, 1e-15, DKM_DYNAMICS_CONSERVED, NULL);
  integrate(integrator, 0, &pt, exact, 0.0, 10.0);
  dkm_integrator_destroy(integrator);
  for (double tolerance = 1e-4; tolerance >= 1e-12; tolerance *= 1e-2) {
    double error = 0;
    integrator = integrator_for(&p, DKM_METHOD_ENSEMBLE, tolerance, DKM_DYNAMICS_CONSERVED, NULL);
    memcpy(u, start, sizeof start);
    integrate(integrator, 0, &pt, u, 0.0, 10.0);
    for (size_t i = 0; i < dkm_model_size(&p); i++) error = fmax(error, fabs(u[i] - exact[i]));
    if (!(error < 20 * tolerance)) fail_msg("tolerance %g, error %g", tolerance, error);
    dkm_integrator_destroy(integrator);
  }
}

/* Steps of equal length, forced by t_limit at a tolerance that would allow longer ones: the error at t = 6 against a
 * run at the finest tolerance falls with the power of the method's order, 12 at this tolerance, or a little faster:
 * spins are brought back to their lengths, and the next order still counts in steps this long. */
static void errors_of_fixed_steps_fall_with_the_order_of_the_method(void **state) {
  (void)state;
  enum { N = 6, ORDER = 12 };
  static const int n_steps[N] = {16, 18, 20, 24, 28, 32};
  const double t_end = 6.0;
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, 3, NULL);
  dkm_point pt = {.g0 = 0.9, .Omega = 0.6, .Omega_mu = {1.2, -1.9, 0.8}, .kappa_mu = {1, 1.5, 0.7}, .pattern = 2,
                  .overlap = 0.8, .perturbation = 0.1, .seed = 5};
  double exact[MAX_STATE], u[MAX_STATE], start[MAX_STATE], x[N], y[N], mean_x = 0, mean_y = 0, xy = 0, xx = 0;
  dkm_model_start(&p, &pt, start, NULL);
  memcpy(exact, start, sizeof start);
  dkm_integrator *integrator = integrator_for(&p, DKM_METHOD_ENSEMBLE, 1e-15, DKM_DYNAMICS_CONSERVED, NULL);
  integrate(integrator, 0, &pt, exact, 0.0, t_end);
  dkm_integrator_destroy(integrator);
  integrator = integrator_for(&p, DKM_METHOD_ENSEMBLE, 1e-3, DKM_DYNAMICS_CONSERVED, NULL);
  for (int i = 0; i < N; i++) {
    double error = 0;
    dkm_integrator_load(integrator, 0, &pt, start, 0.0);
    dkm_lane *lane = dkm_integrator_lane(integrator, 0);
    for (int j = 1; j <= n_steps[i]; j++) {
      lane->t_limit = t_end * j / n_steps[i];
      while (lane->t < lane->t_limit) dkm_integrator_advance(integrator);
    }
    assert_int_equal(lane->steps, n_steps[i]);
    dkm_integrator_state(integrator, 0, u);
    for (size_t k = 0; k < dkm_model_size(&p); k++) error = fmax(error, fabs(u[k] - exact[k]));
    assert_true(error > 1e-12); /* not yet rounding */
    x[i] = log(n_steps[i]);
    y[i] = -log(error);
    mean_x += x[i] / N;
    mean_y += y[i] / N;
  }
  for (int i = 0; i < N; i++) {
    xy += (x[i] - mean_x) * (y[i] - mean_y);
    xx += (x[i] - mean_x) * (x[i] - mean_x);
  }
  if (!(xy / xx > ORDER - 0.5 && xy / xx < ORDER + 2.0)) fail_msg("observed order %.2f", xy / xx);
  dkm_integrator_destroy(integrator);
}

static void a_window_has_the_means_and_the_largest_rate(void **state) {
  (void)state;
  dkm_system p;
  double u[MAX_STATE];
  dkm_system_of_patterns(&p, DKM_GAUGED, 2, NULL);
  /* Free precession: xi_1 = cos(2 Omega t), mean 0, rms 1/sqrt 2, rate 2 Omega. */
  dkm_point pt = {.g0 = 0, .Omega = 0.5, .Omega_mu = {1, 1}, .kappa_mu = {1, 1}, .pattern = 1, .overlap = 1};
  for (int method = DKM_METHOD_ENSEMBLE; method <= DKM_METHOD_GSL; method++) {
    dkm_integrator *integrator = integrator_for(&p, method, 1e-10, DKM_DYNAMICS_CONSERVED, NULL);
    dkm_window window;
    dkm_model_start(&p, &pt, u, NULL);
    integrate(integrator, 0, &pt, u, 0.0, 2000 * M_PI);
    dkm_integrator_window(integrator, 0, &window);
    assert_close(window.length, 2000 * M_PI, 1e-8);
    assert_close(window.mean[0], 0, 0.02);
    assert_close(window.rms[0], sqrt(0.5), 0.1); /* samples are few a period, and steps depend on the phase */
    assert_close(window.rate_max, 1, 0.1); /* the same: at five steps in two periods cos(pi/10) is the least that is seen */
    assert_true(window.mean[1] == 0 && window.rms[1] == 0 && window.occupation[0] == 0);
    dkm_integrator_window(integrator, 0, &window);
    assert_true(window.length == 0 && window.rate_max == 0);
    dkm_integrator_destroy(integrator);
  }
}

static void an_instruction_set_must_exist(void **state) {
  (void)state;
  dkm_system p;
  dkm_error err;
  dkm_integrator *integrator;
  dkm_solver solver = {.method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = 1};
  dkm_system_of_patterns(&p, DKM_GAUGED, 2, NULL);
  assert_int_equal(dkm_integrator_create(&p, &solver, "sse9", &integrator, &err), DKM_INPUT);
  assert_non_null(strstr(err.message, "unknown instruction set \"sse9\""));
  assert_non_null(strstr(err.message, "plain"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ensemble_and_gsl_agree_on_random_points),
      cmocka_unit_test(uncoupled_spins_precess_and_modes_decay),
      cmocka_unit_test(spin_length_is_conserved),
      cmocka_unit_test(the_symmetric_subspace_is_kept_to_the_last_bit),
      cmocka_unit_test(bits_depend_on_neither_the_order_of_points_nor_the_instruction_set_nor_what_is_kept),
      cmocka_unit_test(a_lane_that_is_not_finite_fails_alone),
      cmocka_unit_test(the_error_follows_the_tolerance),
      cmocka_unit_test(errors_of_fixed_steps_fall_with_the_order_of_the_method),
      cmocka_unit_test(a_window_has_the_means_and_the_largest_rate),
      cmocka_unit_test(an_instruction_set_must_exist),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
