/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_headers.h"

#include <string.h>

#include "dickemap/evaluate.h"
#include "dickemap/sensitivity.h"
#include "evaluation.h"
#include "random_points.h"

static dkm_record evaluate_one(const dkm_system *p, const dkm_point *pt, int method, double tolerance, double t_max) {
  dkm_solver solver = {.tolerance = tolerance, .t_max = t_max, .sensitivity = true};
  dkm_record r;
  solver.method = method;
  evaluate_all(p, &solver, NULL, 1, pt, &r);
  return r;
}

/* Modes of opposite sign, M = 2: a limit cycle and chaos for ever. */
static const dkm_point cycle = {.g0 = 0.722,
                                .Omega = 0.5,
                                .Omega_mu = {2.142, -1.758},
                                .kappa_mu = {0.495, 0.609},
                                .pattern = 1,
                                .overlap = 1.0,
                                .perturbation = 0.01,
                                .seed = 1};
static const dkm_point chaos = {.g0 = 1.034,
                                .Omega = 0.5,
                                .Omega_mu = {1.688, -1.410},
                                .kappa_mu = {1.346, 1.277},
                                .pattern = 1,
                                .overlap = 1.0,
                                .perturbation = 0.01,
                                .seed = 1};

/* One mode at the unstable normal state, but for a tilt. */
static dkm_point near_the_saddle(double perturbation) {
  dkm_point pt = fig3_point(1.0, 1);
  pt.overlap = 0.0;
  pt.perturbation = perturbation;
  return pt;
}

/* Points of every kind: with and without perturbation, at rest and not. */
enum { N_MIXED = 20 };
static void mixed_points(dkm_point *points) {
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int i = 0; i < N_MIXED; i++) points[i] = random_point(rng, 2, 1, i % 4 != 0);
  points[3] = cycle;
  points[8] = chaos;
  gsl_rng_free(rng);
}

static void all_else_has_the_same_bits_with_and_without(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 2);
  dkm_point points[N_MIXED];
  mixed_points(points);
  for (int method = 0; method < 2; method++) {
    dkm_record without[N_MIXED], with[N_MIXED];
    dkm_solver solver = {.tolerance = 1e-10, .t_max = 2e3};
    const int n = method == DKM_METHOD_GSL ? 6 : N_MIXED;
    solver.method = method;
    evaluate_all(&p, &solver, NULL, n, points, without);
    solver.sensitivity = true;
    evaluate_all(&p, &solver, NULL, n, points, with);
    for (int i = 0; i < n; i++) {
      assert_true(isnan(without[i].amplification) && isnan(without[i].amplification_total));
      assert_int_equal(without[i].sensitive, DKM_SENSITIVE_NOT_MEASURED);
      assert_true(with[i].amplification >= 1.0 && with[i].amplification_total >= with[i].amplification);
      assert_int_not_equal(with[i].sensitive, DKM_SENSITIVE_NOT_MEASURED);
      with[i].amplification = with[i].amplification_total = NAN;
      with[i].sensitive = DKM_SENSITIVE_NOT_MEASURED;
      assert_int_equal(dkm_record_checksum(&with[i], 2, NULL, 0), dkm_record_checksum(&without[i], 2, NULL, 0));
    }
  }
}

/* In company, in the other order, and alone with each instruction set. */
static void amplifications_do_not_depend_on_neighbours_or_instruction_set(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 2);
  dkm_point points[N_MIXED], reversed[N_MIXED];
  dkm_record together[N_MIXED], other[N_MIXED], alone;
  const dkm_solver solver = {.method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = 5e3, .sensitivity = true};
  dkm_evaluator *e;
  mixed_points(points);
  for (int i = 0; i < N_MIXED; i++) reversed[N_MIXED - 1 - i] = points[i];
  evaluate_all(&p, &solver, NULL, N_MIXED, points, together);
  evaluate_all(&p, &solver, NULL, N_MIXED, reversed, other);
  for (int i = 0; i < N_MIXED; i++)
    assert_int_equal(dkm_record_checksum(&together[i], 2, NULL, 0),
                     dkm_record_checksum(&other[N_MIXED - 1 - i], 2, NULL, 0));
  for (const char *const *cpu = dkm_cpu_names(); *cpu; cpu++) {
    if (!dkm_cpu_supported(*cpu)) continue;
    assert_int_equal(dkm_evaluator_create(&p, &solver, *cpu, &e, NULL), DKM_OK);
    for (int i = 0; i < N_MIXED; i++) {
      assert_int_equal(dkm_evaluate(e, 1, &points[i], &alone, NULL, NULL), DKM_OK);
      assert_memory_equal(&alone.amplification, &together[i].amplification, sizeof alone.amplification);
      assert_memory_equal(&alone.amplification_total, &together[i].amplification_total, sizeof alone.amplification);
      assert_int_equal(alone.sensitive, together[i].sensitive);
    }
    dkm_evaluator_destroy(e);
  }
}

/* While a trajectory is still at the normal state, separations grow with the largest eigenvalue there. */
static void a_saddle_amplifies_at_its_growth_rate(void **state) {
  (void)state;
  for (int n_modes = 1; n_modes <= 3; n_modes += 2) {
    const dkm_system p = patterns_of(DKM_GAUGED, n_modes);
    const dkm_point exact = near_the_saddle(0.0), pt = near_the_saddle(1e-12);
    const double rate = evaluate_one(&p, &exact, DKM_METHOD_ENSEMBLE, 1e-10, 1e7).growth_rate;
    for (int method = 0; method < 2; method++) {
      const dkm_record early = evaluate_one(&p, &pt, method, 1e-10, 20),
                       late = evaluate_one(&p, &pt, method, 1e-10, 30);
      /* With one mode |xi| is known anyway. */
      assert_int_equal(late.how, n_modes == 1 ? DKM_HOW_SYMMETRIC : DKM_HOW_NOT_APPLICABLE);
      assert_close(log(late.amplification_total / early.amplification_total) / 10.0, rate, 0.02 * rate);
    }
  }
}

/* What decides is the tilt: it is amplified until the outcome is settled, some 1e-3 away from the saddle, where V is below
 * that by more than its rounding, or at the next look.  (With enough damping: otherwise trajectories come back to the saddle,
 * and decide again.) */
static void the_amplification_is_inverse_to_the_distance_from_a_basin_boundary(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 1);
  for (double tilt = 1e-5; tilt > 5e-12; tilt *= 0.1) {
    dkm_point pt = near_the_saddle(tilt);
    pt.kappa_mu[0] = 4.0;
    pt.g0 = 1.1; /* g_1 = 1.02 */
    const dkm_record r = evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, 1e-10, 1e7);
    assert_int_equal(abs(r.retrieved), 1);
    assert_int_equal(r.how, DKM_HOW_SETTLED);
    assert_close(log10(r.amplification * tilt), -2.5, 1.0);
    assert_int_equal(r.sensitive,
                     r.amplification * 1e-10 >= DKM_SENSITIVE_PRODUCT ? DKM_SENSITIVE_YES : DKM_SENSITIVE_NO);
    if (tilt < 2e-11) assert_int_equal(r.sensitive, DKM_SENSITIVE_YES);
  }
}

/* Between g_nu and g_ret a tilt of 1e-6 is amplified until it leads elsewhere; the symmetric start has nothing to amplify. */
static void below_g_ret_a_tilt_is_amplified_until_it_shows(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 4);
  dkm_point pt = fig3_point(0.95, 4);
  const dkm_record exact = evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, 1e-10, 1e7);
  pt.perturbation = 1e-6;
  const dkm_record tilted = evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, 1e-10, 1e7);
  assert_int_equal(abs(tilted.retrieved), 1);
  assert_true(tilted.amplification > 1e5 && tilted.amplification < 1e9);
  assert_true(exact.amplification < 1e3);
  assert_int_equal(exact.sensitive, DKM_SENSITIVE_NO);
}

static void damping_amplifies_nothing(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 1);
  const double tolerances[] = {1e-4, 1e-10, 1e-14};
  for (int i = 0; i < 3; i++)
    for (int perturbed = 0; perturbed < 2; perturbed++) {
      dkm_point pt = fig3_point(0.4, 1);
      pt.perturbation = 0.01 * perturbed;
      const dkm_record r = evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, tolerances[i], 1e7);
      assert_true(r.amplification >= 1.0 && r.amplification < 5.0);
      assert_int_equal(r.sensitive, DKM_SENSITIVE_NO);
    }
}

/* In slow relaxation within the basin of a pattern, settled long before, phases of precession are amplified beyond all bounds, without any
 * consequence for the pattern (tests/bench/sensitivity). */
static void what_grows_after_the_outcome_is_settled_does_not_count(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 3);
  dkm_point pt = fig3_point(1.79, 1);
  pt.overlap = 0.9;
  pt.perturbation = 0.01;
  const dkm_record r = evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, 1e-10, 1e5);
  assert_int_equal(abs(r.retrieved), 1);
  assert_true(r.amplification < 1e6 && r.amplification_total > 1e9);
  assert_int_equal(r.sensitive, DKM_SENSITIVE_NO);
}

static void chaos_is_sensitive_and_a_cycle_is_not(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 2);
  for (int method = 0; method < 2; method++) {
    const dkm_record irregular = evaluate_one(&p, &chaos, method, 1e-10, 1e5),
                     regular = evaluate_one(&p, &cycle, method, 1e-10, 1e5);
    assert_int_equal(irregular.verdict, DKM_VERDICT_IRREGULAR);
    assert_int_equal(irregular.sensitive, DKM_SENSITIVE_YES);
    /* Two windows of some 600 at an exponent of 0.32. */
    assert_true(irregular.amplification > 1e100 && irregular.amplification == irregular.amplification_total);
    assert_int_equal(regular.verdict, DKM_VERDICT_LIMIT_CYCLE);
    assert_int_equal(regular.sensitive, DKM_SENSITIVE_NO);
    assert_true(regular.amplification < 1e4);
  }
}

static void a_failed_point_is_not_measured_and_the_next_one_is(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 2);
  dkm_point points[] = {chaos, fig3_point(1.0, 1), fig3_point(1.2, 2)};
  const dkm_solver solver = {.method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = 1e6, .sensitivity = true};
  dkm_record r[3];
  points[0].g0 = 1e200;
  evaluate_all(&p, &solver, NULL, 3, points, r);
  assert_int_equal(r[0].verdict, DKM_VERDICT_FAILED);
  assert_true(isnan(r[0].amplification) && isnan(r[0].amplification_total));
  assert_int_equal(r[0].sensitive, DKM_SENSITIVE_NOT_MEASURED);
  for (int i = 1; i < 3; i++) assert_true(r[i].amplification >= 1.0);
}

/* The quotient measures what the full space does within the symmetry of the cue, GSL what the ensemble does, between
 * other times: a separation oscillates. */
static void the_quotient_and_gsl_measure_the_same(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 3);
  for (int i = 0; i < 8; i++) {
    const dkm_point pt = fig3_point(0.55 + 0.12 * i, 1 + i % 3);
    dkm_solver solver = {
        .method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = 1e6, .sensitivity = true, .full_space = true};
    dkm_record full;
    evaluate_all(&p, &solver, NULL, 1, &pt, &full);
    const dkm_record small = evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, 1e-10, 1e6);
    const dkm_record gsl = evaluate_one(&p, &pt, DKM_METHOD_GSL, 1e-10, 1e6);
    assert_true(full.amplification / small.amplification > 0.5 && full.amplification / small.amplification < 2.0);
    assert_true(gsl.amplification / small.amplification > 0.5 && gsl.amplification / small.amplification < 2.0);
  }
}

/* Stretches with given growth that end at given overlaps, through the window of a sampled trajectory. */
static void growth_counts_between_any_two_times_until_the_outcome_is_settled(void **state) {
  (void)state;
  enum { N = 6 };
  static const struct {
    double growth[N], xi[N], end, total, settled;
  } cases[] = {
      /* what was lost before the growth, and after it, is no matter */
      {{0.1, 0.1, 100, 0.5, 0.1, 1}, {0, 0, 0, 0, 0, 0}, 0.9, 100, 100},
      {{50, 0.01, 100, 0.5, 4, 1}, {0, 0, 0, 0, 0, 0}, 0.9, 200, 200},
      /* the stretch on which the outcome was settled still counts */
      {{10, 10, 10, 10, 10, 10}, {-0.9, -0.9, 0.85, 0.95, 0.9, 0.9}, 0.9, 1e6, 1e3},
      {{10, 10, 10, 10, 10, 10}, {-0.9, 0.9, 0.9, 0.7, 0.9, 0.9}, 0.9, 1e6, 1e5},
      {{10, 10, 10, 10, 10, 10}, {0.9, 0.9, 0.9, 0.9, 0.9, 0.9}, 0.9, 1e6, 10},
      {{1e200, 1e200, 1, 1, 1, 1}, {0, 0, 0, 0, 0, 0}, 0.9, 1e300, 1e300},
  };
  const dkm_system p = patterns_of(DKM_GAUGED, 1);
  const dkm_point pt = fig3_point(1.0, 1);
  const dkm_solver solver = {.method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = 1};
  dkm_sensitivity *s;
  double u[5], v[5], t_next;
  assert_int_equal(dkm_sensitivity_create(&p, &solver, NULL, &s, NULL), DKM_OK);
  assert_int_equal(dkm_model_start(&p, &pt, u, NULL), DKM_OK);
  memcpy(v, u, sizeof v);
  v[3] += 1e-5;
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    const int shadow = dkm_sensitivity_begin(s, &p, NULL, &pt, u, &t_next);
    dkm_sensitivity_pause(s, shadow);
    dkm_sensitivity_resume(s, shadow, 1.0, u, v, (dkm_growth){N, cases[c].growth, cases[c].xi, 1});
    assert_close(dkm_sensitivity_total(s, shadow), cases[c].total, 1e-12 * cases[c].total);
    assert_close(dkm_sensitivity_settled(s, shadow, &cases[c].end), cases[c].settled, 1e-12 * cases[c].settled);
    dkm_sensitivity_release(s, shadow);
  }
  dkm_sensitivity_destroy(s);
}

static void the_shadows_are_part_of_the_memory_that_is_planned(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 20); /* states far above the windows of samples */
  dkm_solver solver = {.method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = 1, .coefficients = DKM_COEFFICIENTS_KEPT};
  const double without = dkm_evaluator_bytes(&p, &solver, NULL, true, NULL);
  solver.sensitivity = true;
  const double ratio = dkm_evaluator_bytes(&p, &solver, NULL, true, NULL) / without;
  assert_true(ratio > 1.8 && ratio < 2.5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_else_has_the_same_bits_with_and_without),
      cmocka_unit_test(amplifications_do_not_depend_on_neighbours_or_instruction_set),
      cmocka_unit_test(a_saddle_amplifies_at_its_growth_rate),
      cmocka_unit_test(the_amplification_is_inverse_to_the_distance_from_a_basin_boundary),
      cmocka_unit_test(below_g_ret_a_tilt_is_amplified_until_it_shows),
      cmocka_unit_test(damping_amplifies_nothing),
      cmocka_unit_test(what_grows_after_the_outcome_is_settled_does_not_count),
      cmocka_unit_test(chaos_is_sensitive_and_a_cycle_is_not),
      cmocka_unit_test(a_failed_point_is_not_measured_and_the_next_one_is),
      cmocka_unit_test(the_quotient_and_gsl_measure_the_same),
      cmocka_unit_test(growth_counts_between_any_two_times_until_the_outcome_is_settled),
      cmocka_unit_test(the_shadows_are_part_of_the_memory_that_is_planned),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
