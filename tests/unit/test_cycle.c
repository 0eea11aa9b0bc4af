/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The linearised trajectory, shooting, Floquet exponents, and the exponent of separations: against differences of
 * trajectories, GSL, closed forms, and series whose exponent is known. */
#include "dickemap/cycle.h"

#include <gsl/gsl_odeiv2.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/core/tangent.h"
#include "cmocka_headers.h"
#include "dickemap/evaluate.h"
#include "dickemap/exponent.h"
#include "random_points.h"

enum { MOST = 64 };

static dkm_system patterns_of(dkm_mapping mapping, int n_modes) {
  dkm_system p;
  assert_int_equal(dkm_system_of_patterns(&p, mapping, n_modes, NULL), DKM_OK);
  return p;
}

/* The point whose regular oscillation PHYSICS names, and one of M = 4 with dark spins. */
static dkm_point blue_pair(void) {
  return (dkm_point){.g0 = 0.722, .Omega = 0.5, .Omega_mu = {2.142, -1.758}, .kappa_mu = {0.495, 0.609},
                     .pattern = 1, .overlap = 1.0, .perturbation = 0.01, .seed = 1};
}

/* ---- the linearised trajectory ---- */

static void columns_are_differences_of_trajectories(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int i = 0; i < 24; i++) {
    const dkm_system p = patterns_of(i % 2 ? DKM_UNGAUGED : DKM_GAUGED, 1 + i % 3);
    const dkm_point pt = random_point(rng, p.n_modes, 1, 1);
    const size_t n = dkm_model_size(&p);
    double u[MOST], start[MOST], columns[MOST * MOST] = {0}, end[MOST];
    dkm_tangent *t;
    assert_int_equal(dkm_tangent_create(&p, &t, NULL), DKM_OK);
    assert_int_equal(dkm_model_start(&p, &pt, start, NULL), DKM_OK);
    for (size_t j = 0; j < n; j++) columns[j * n + j] = 1.0;
    memcpy(u, start, sizeof u);
    assert_true(dkm_tangent_advance(t, &pt, 0.0, 7.0, u, columns, (int)n, true));
    /* central differences of the flow itself: their error is eps^2, which falls by 16 between two eps */
    for (size_t c = 0; c < n; c++) {
      double worst[2] = {0};
      for (int k = 0; k < 2; k++) {
        const double eps = k ? 0.25e-3 : 1e-3;
        double plus[MOST], minus[MOST];
        memcpy(plus, start, sizeof plus);
        memcpy(minus, start, sizeof minus);
        plus[c] += eps;
        minus[c] -= eps;
        assert_true(dkm_tangent_advance(t, &pt, 0.0, 7.0, plus, NULL, 0, true));
        assert_true(dkm_tangent_advance(t, &pt, 0.0, 7.0, minus, NULL, 0, true));
        for (size_t row = 0; row < n; row++)
          worst[k] = fmax(worst[k], fabs((plus[row] - minus[row]) / (2 * eps) - columns[row * n + c]));
      }
      if (!(worst[1] < 1e-9 || worst[1] < worst[0] / 12))
        fail_msg("point %d, column %zu: %g, then %g", i, c, worst[0], worst[1]);
    }
    /* two halves are the whole */
    memcpy(end, start, sizeof end);
    assert_true(dkm_tangent_advance(t, &pt, 0.0, 3.1, end, NULL, 0, true));
    assert_true(dkm_tangent_advance(t, &pt, 0.0, 3.9, end, NULL, 0, true));
    for (size_t j = 0; j < n; j++) assert_close(end[j], u[j], 1e-12);
    dkm_tangent_destroy(t);
  }
  gsl_rng_free(rng);
}

typedef struct system_of {
  dkm_system p;
  dkm_point pt;
} system_of;

static int right_hand_side(double t, const double u[], double du[], void *params) {
  double work[MOST];
  system_of *s = params;
  (void)t;
  dkm_model_rhs(&s->p, &s->pt, u, du, work);
  return GSL_SUCCESS;
}

static void the_trajectory_is_that_of_gsl(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int i = 0; i < 20; i++) {
    system_of s = {.p = patterns_of(DKM_GAUGED, 1 + i % 4)};
    s.pt = random_point(rng, s.p.n_modes, 1, 1);
    double u[MOST], v[MOST], time = 0.0;
    dkm_tangent *t;
    assert_int_equal(dkm_model_start(&s.p, &s.pt, u, NULL), DKM_OK);
    memcpy(v, u, sizeof v);
    assert_int_equal(dkm_tangent_create(&s.p, &t, NULL), DKM_OK);
    assert_true(dkm_tangent_advance(t, &s.pt, 0.0, 10.0, u, NULL, 0, true));
    gsl_odeiv2_system system = {right_hand_side, NULL, dkm_model_size(&s.p), &s};
    gsl_odeiv2_driver *driver = gsl_odeiv2_driver_alloc_y_new(&system, gsl_odeiv2_step_rk8pd, 1e-3, 1e-14, 0.0);
    assert_int_equal(gsl_odeiv2_driver_apply(driver, &time, 10.0, v), GSL_SUCCESS);
    for (size_t j = 0; j < system.dimension; j++) assert_close(u[j], v[j], 1e-10);
    gsl_odeiv2_driver_free(driver);
    dkm_tangent_destroy(t);
  }
  gsl_rng_free(rng);
}

/* ---- cycles ---- */

/* The state of a trajectory after some time. */
static void state_after(const dkm_system *p, const dkm_point *pt, double T, double *u) {
  dkm_tangent *t;
  assert_int_equal(dkm_model_start(p, pt, u, NULL), DKM_OK);
  assert_int_equal(dkm_tangent_create(p, &t, NULL), DKM_OK);
  assert_true(dkm_tangent_advance(t, pt, 0.0, T, u, NULL, 0, true));
  dkm_tangent_destroy(t);
}

/* Found from a state that is still on its way, also with a multiple of the period, it is where the trajectory ends, and
 * the trajectory approaches it at the rate of its slowest Floquet exponent. */
static void a_cycle_is_found_from_afar_with_its_shortest_period(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 2);
  const dkm_point pt = blue_pair();
  double u[MOST], cycle_state[MOST], distance[2];
  dkm_cycle_workspace *w;
  dkm_cycle cycle;
  assert_int_equal(dkm_cycle_workspace_create(&p, false, &w, NULL), DKM_OK);
  const double at[2] = {260.0, 340.0};
  for (int multiple = 1; multiple <= 3; multiple++)
    for (int i = 0; i < 2; i++) {
      state_after(&p, &pt, at[i], u);
      assert_true(dkm_cycle_find(w, &pt, u, 0.0, 9.484 * multiple, false, &cycle, cycle_state));
      assert_close(cycle.period, 9.48396, 1e-4);
      assert_true(cycle.residual < 1e-11 && cycle.precession == 0.0);
      assert_int_equal(cycle.spectrum.n_unstable, 0);
      assert_int_equal(cycle.spectrum.n_neutral, 2); /* lengths */
      distance[i] = cycle.distance_all;
    }
  const double rate = log(distance[0] / distance[1]) / (at[1] - at[0]);
  assert_true(distance[1] < distance[0] && distance[0] < 0.1);
  assert_true(rate > 0.5 * cycle.spectrum.decay_rate); /* of the slowest, or faster */
  dkm_cycle_workspace_destroy(w);
}

/* From any multiple of the period, with one prime factor or several. */
static void the_shortest_period_is_found(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 2);
  const dkm_point pt = blue_pair();
  double u[MOST], cycle_state[MOST];
  dkm_cycle_workspace *w;
  dkm_cycle cycle;
  assert_int_equal(dkm_cycle_workspace_create(&p, false, &w, NULL), DKM_OK);
  state_after(&p, &pt, 500.0, u);
  for (int multiple = 1; multiple <= 40; multiple++) {
    assert_true(dkm_cycle_find(w, &pt, u, 0.0, 9.48396 * multiple, false, &cycle, cycle_state));
    assert_close(cycle.period, 9.48396, 1e-4);
  }
  dkm_cycle_workspace_destroy(w);
}

static void a_fixed_point_is_no_cycle(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 1);
  const dkm_point pt = {.g0 = 0.3, .Omega = 0.7, .Omega_mu = {1.3}, .kappa_mu = {0.4}, .pattern = 1, .overlap = 0.6};
  double u[MOST] = {-1.0, 0.0, 0.0, 0.0, 0.0}, cycle_state[MOST];
  dkm_cycle_workspace *w;
  dkm_cycle cycle;
  assert_int_equal(dkm_cycle_workspace_create(&p, false, &w, NULL), DKM_OK);
  assert_false(dkm_cycle_find(w, &pt, u, 0.0, 5.0, false, &cycle, cycle_state));
  dkm_cycle_workspace_destroy(w);
}

/* More classes than modes: spins keep precessing about their Floquet axes, and the order parameters are periodic. */
static void a_dressed_cycle_explains_periodic_order_parameters(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_UNGAUGED, 2);
  const dkm_point pt = blue_pair();
  double u[MOST], cycle_state[MOST], later[MOST], xi[2][DKM_MAX_MODES], work[MOST];
  dkm_cycle_workspace *w;
  dkm_tangent *t;
  dkm_cycle cycle;
  assert_int_equal(dkm_cycle_workspace_create(&p, false, &w, NULL), DKM_OK);
  assert_int_equal(dkm_tangent_create(&p, &t, NULL), DKM_OK);
  state_after(&p, &pt, 4000.0, u);
  assert_true(dkm_cycle_find(w, &pt, u, 0.0, 9.484, true, &cycle, cycle_state));
  assert_int_equal(cycle.spectrum.n_unstable, 0);
  assert_true(cycle.residual < 1e-11);
  const double p_square = cycle.precession * cycle.precession;
  assert_true(cycle.distance <= 1e-6 + p_square);
  for (int n = 1; n <= 3; n++) { /* the trajectory's own order parameters recur as well as that says */
    memcpy(later, u, sizeof later);
    assert_true(dkm_tangent_advance(t, &pt, 0.0, n * cycle.period, later, NULL, 0, true));
    dkm_model_overlaps(&p, u, xi[0], work);
    dkm_model_overlaps(&p, later, xi[1], work);
    for (int mu = 0; mu < 2; mu++) assert_close(xi[1][mu], xi[0][mu], 1e-6 + 4 * p_square);
  }
  dkm_tangent_destroy(t);
  dkm_cycle_workspace_destroy(w);
}

/* ---- cycles that are born at Hopf points, found and followed with GSL (tests/bench/verdicts/hopf.c) ---- */

/* The numbers after key= in a line, at most n; returns how many. */
static int numbers_of(const char *line, const char *key, double *values, int n) {
  char wanted[32];
  snprintf(wanted, sizeof wanted, " %s=", key);
  const char *at = strstr(line, wanted);
  int found = 0;
  if (!at) return 0;
  for (at += strlen(wanted); found < n; at++) {
    char *end;
    values[found++] = strtod(at, &end);
    at = end;
    if (*at != ',') break;
  }
  return found;
}

static double number_of(const char *line, const char *key) {
  double value = NAN;
  assert_int_equal(numbers_of(line, key, &value, 1), 1);
  return value;
}

static dkm_point hopf_point_of(const char *line) {
  dkm_point pt = {.Omega = number_of(line, "Omega"), .pattern = (int)number_of(line, "pattern"),
                  .overlap = number_of(line, "overlap"), .perturbation = number_of(line, "perturbation"),
                  .seed = (int64_t)number_of(line, "seed")};
  assert_int_equal(numbers_of(line, "Omega_mu", pt.Omega_mu, 3), 3);
  assert_int_equal(numbers_of(line, "kappa_mu", pt.kappa_mu, 3), 3);
  return pt;
}

static void cycles_that_are_born_small_are_found(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 3);
  const dkm_solver solver = {.method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = 1e7, .max_steps = 4000000};
  FILE *file = fopen(HOPF_TABLE, "r");
  static char line[4096];
  dkm_point pt = {0};
  dkm_cycle_workspace *w;
  dkm_evaluator *evaluator;
  int n_points = 0, n_cycles = 0, n_reached = 0;
  double least = INFINITY, start_g0 = NAN, frequency = NAN;
  assert_non_null(file);
  assert_int_equal(dkm_cycle_workspace_create(&p, false, &w, NULL), DKM_OK);
  assert_int_equal(dkm_evaluator_create(&p, &solver, NULL, &evaluator, NULL), DKM_OK);
  while (fgets(line, sizeof line, file)) {
    if (strncmp(line, "point=", 6) == 0) {
      pt = hopf_point_of(line);
      start_g0 = number_of(line, "start_g0");
      frequency = number_of(line, "frequency");
      n_points++;
    }
    if (strncmp(line, "cycle ", 6) != 0) continue;
    double u[MOST] = {0}, cycle_state[MOST], largest = 0.0;
    dkm_cycle cycle;
    const double amplitude = number_of(line, "amplitude"), period = number_of(line, "period");
    pt.g0 = number_of(line, "g0");
    assert_int_equal(numbers_of(line, "state", u, MOST), (int)dkm_model_size(&p));
    u[12] += 0.03 * amplitude;
    assert_true(dkm_cycle_find(w, &pt, u, 0.0, period * 1.0001, false, &cycle, cycle_state));
    assert_close(cycle.period, period, 1e-7 * period);
    for (int mu = 0; mu < 3; mu++) largest = fmax(largest, cycle.xi_amplitude[mu]);
    assert_close(largest, amplitude, 1e-4 * amplitude);
    assert_close(2 * M_PI / cycle.period, frequency, 0.05 * frequency);
    least = fmin(least, amplitude);
    n_cycles++;
    if (pt.g0 != start_g0) continue;
    dkm_record r;
    assert_int_equal(dkm_evaluate(evaluator, 1, &pt, &r, NULL, NULL), DKM_OK);
    assert_string_equal(dkm_verdict_name(r.verdict), "limit_cycle");
    assert_close(r.period, period, 1e-4 * period);
    assert_true(r.n_unstable == 0 && r.cycle_residual < 1e-9);
    n_reached++;
  }
  assert_true(n_points == 5 && n_cycles >= 25 && n_reached == 5 && least < 1.1e-3);
  fclose(file);
  dkm_evaluator_destroy(evaluator);
  dkm_cycle_workspace_destroy(w);
}

/* ---- the exponent ---- */

static void the_logarithm_is_that_of_the_library(void **state) {
  (void)state;
  for (double a = 1e-300; a < 1e300; a *= 1.37)
    assert_close(dkm_exponent_log(a), log(a), 4e-16 * (1 + fabs(log(a))));
  assert_true(dkm_exponent_log(1.0) == 0.0);
}

/* Growth that is correlated over some stretches: the error is that of the mean, in 300 series. */
static void the_exponent_is_within_its_error(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int within = 0;
  double ratio = 0.0;
  enum { SERIES = 300 };
  for (int i = 0; i < SERIES; i++) {
    dkm_exponent e;
    double burst = 0.0;
    dkm_exponent_begin(&e);
    assert_true(isnan(dkm_exponent_now(&e).rate));
    for (int j = 0; j < 20000; j++) {
      burst = 0.9 * burst + gsl_rng_uniform(rng) - 0.5;
      dkm_exponent_add(&e, exp(0.4 + burst), 2.0, 0.0);
    }
    const dkm_exponent_estimate now = dkm_exponent_now(&e);
    assert_close(now.time, 4e4, 1e-6);
    assert_close(now.late_time, 2e4, 1e3);
    within += fabs(now.rate - 0.2) <= 3.0 * now.error;
    ratio += now.error * now.error / SERIES;
  }
  assert_true(within >= 0.97 * SERIES);
  /* sum of correlated steps: variance (1/12)/(1 - 0.9)^2 a step */
  const double expected = sqrt(1.0 / 12) / 0.1 * sqrt(15000.0) / 3e4;
  assert_true(sqrt(ratio) > 0.8 * expected && sqrt(ratio) < 1.5 * expected);
  gsl_rng_free(rng);
}

static void shear_has_no_exponent(void **state) {
  (void)state;
  dkm_exponent e;
  dkm_exponent_begin(&e);
  double separation = 1.0;
  for (int j = 1; j < 5000; j++) {
    dkm_exponent_add(&e, (1.0 + j) / separation, 1.0, 0.0);
    separation = 1.0 + j;
  }
  const dkm_exponent_estimate now = dkm_exponent_now(&e);
  assert_true(now.rate > 0.0 && now.rate <= now.error);
  assert_close(now.late_growth, log(2.0), 0.05);
  dkm_exponent_add(&e, NAN, 1.0, 0.0); /* of a shadow that failed */
  assert_true(dkm_exponent_now(&e).rate == now.rate);
}

static void half_of_what_is_doubtful_counts(void **state) {
  (void)state;
  dkm_exponent e;
  dkm_exponent_begin(&e);
  for (int j = 0; j < 5000; j++) dkm_exponent_add(&e, exp(0.3), 2.0, 0.1);
  const dkm_exponent_estimate now = dkm_exponent_now(&e);
  assert_close(now.rate, 0.125, 1e-12);
  assert_close(now.doubt, 0.025, 1e-12);
  assert_true(now.error >= now.doubt && now.error < 1.01 * now.doubt);
  assert_close(now.late_growth, 0.2 * 2500, 50);
}

/* A motion that was calm for most of the time: the error says that its rate is not known. */
static void an_exponent_that_changes_has_a_large_error(void **state) {
  (void)state;
  dkm_exponent e;
  dkm_exponent_begin(&e);
  for (int j = 0; j < 6400; j++) dkm_exponent_add(&e, exp(j < 5000 ? 0.0 : 0.1), 1.0, 0.0);
  const dkm_exponent_estimate now = dkm_exponent_now(&e);
  assert_true(now.rate + 3.0 * now.error >= 0.1 && now.rate < 3.0 * now.error);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(columns_are_differences_of_trajectories),
      cmocka_unit_test(the_trajectory_is_that_of_gsl),
      cmocka_unit_test(a_cycle_is_found_from_afar_with_its_shortest_period),
      cmocka_unit_test(the_shortest_period_is_found),
      cmocka_unit_test(a_fixed_point_is_no_cycle),
      cmocka_unit_test(a_dressed_cycle_explains_periodic_order_parameters),
      cmocka_unit_test(cycles_that_are_born_small_are_found),
      cmocka_unit_test(the_logarithm_is_that_of_the_library),
      cmocka_unit_test(the_exponent_is_within_its_error),
      cmocka_unit_test(shear_has_no_exponent),
      cmocka_unit_test(half_of_what_is_doubtful_counts),
      cmocka_unit_test(an_exponent_that_changes_has_a_large_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
