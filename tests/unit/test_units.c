/* SPDX-License-Identifier: GPL-3.0-or-later */
/* units: the equations know g0 G alone, so couplings and g0 may be of any size, and records are the same bits. */
#include "couplings.h"

#include <math.h>
#include <string.h>

#include "dickemap/check.h"
#include "dickemap/evaluate.h"
#include "dickemap/units.h"

enum { M = 3, N = 7, POINTS = 12 };

static const int powers[] = {-30, -1, 1, 19};

/* The same matrix, 2^power times as large, as classes and as single spins. */
typedef struct scene {
  double G[N * M], rows[M * N], w[N], cue[N];
  dkm_couplings tables;
  dkm_spins spins;
  dkm_system of_spins;
} scene;

static void begin(int power, scene *s) {
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int k = 0; k < N; k++) {
    for (int mu = 0; mu < M; mu++) s->G[k * M + mu] = s->rows[mu * N + k] = ldexp(uniform_between(rng, -1, 1), power);
    s->w[k] = 1.0 / N;
    s->cue[k] = uniform_between(rng, -1, 1);
  }
  assert_int_equal(dkm_couplings_create(DKM_MATRIX, M, N, s->G, s->w, s->cue, &s->tables, NULL), DKM_OK);
  s->spins = (dkm_spins){.mapping = DKM_MATRIX, .n_modes = M, .n_spins = N, .G = s->rows, .cue = s->cue};
  s->of_spins = s->tables.system;
  s->of_spins.couplings = s->of_spins.weighted = s->of_spins.weights = s->of_spins.cue = NULL;
  s->of_spins.spins = &s->spins;
  gsl_rng_free(rng);
}

static void make_points(int power, bool both_signs, dkm_point *points) {
  for (int i = 0; i < POINTS; i++) {
    points[i] = (dkm_point){.g0 = ldexp(0.2 * pow(1.4, i), -power), .Omega = 0.5, .pattern = 1, .overlap = 0.8, .seed = 1};
    points[i].perturbation = i % 2 ? 0.1 : 0;
    for (int mu = 0; mu < M; mu++) {
      points[i].Omega_mu[mu] = (both_signs && mu == 1 ? -1 : 1) * (1 + 0.3 * mu);
      points[i].kappa_mu[mu] = 0.7 + 0.2 * mu;
    }
  }
}

static void evaluate(const dkm_system *system, const dkm_point *points, dkm_record *records, double *states) {
  const dkm_solver solver = {.tolerance = 1e-10, .t_max = 1e6, .max_steps = 2000};
  dkm_evaluator *evaluator;
  assert_int_equal(dkm_evaluator_create(system, &solver, NULL, &evaluator, NULL), DKM_OK);
  assert_int_equal(dkm_evaluate(evaluator, POINTS, points, records, states, NULL), DKM_OK);
  dkm_evaluator_destroy(evaluator);
  for (int i = 0; i < POINTS; i++) {
    char why[200] = "";
    assert_true(dkm_check_record(system, &points[i], &records[i], why, sizeof why));
    records[i].wall_time = 0;
  }
}

static void records_are_the_same_bits_in_any_units(void **state) {
  (void)state;
  static dkm_record expected[POINTS], found[POINTS];
  static double states[2][POINTS * (3 * N + 2 * M)];
  for (int both_signs = 0; both_signs < 2; both_signs++)
    for (size_t p = 0; p < sizeof powers / sizeof *powers; p++)
      for (int by_spins = 0; by_spins < 2; by_spins++) {
        dkm_point points[POINTS];
        scene s;
        begin(0, &s);
        make_points(0, both_signs, points);
        evaluate(by_spins ? &s.of_spins : &s.tables.system, points, expected, states[0]);
        dkm_couplings_free(&s.tables);
        begin(powers[p], &s);
        make_points(powers[p], both_signs, points);
        evaluate(by_spins ? &s.of_spins : &s.tables.system, points, found, states[1]);
        dkm_couplings_free(&s.tables);
        assert_memory_equal(states[0], states[1], sizeof states[0]);
        for (int i = 0; i < POINTS; i++) {
          for (int mu = 0; mu < M; mu++) assert_true(found[i].xi[mu] == ldexp(expected[i].xi[mu], powers[p]));
          assert_true(found[i].xi_error == ldexp(expected[i].xi_error, powers[p]));
          dkm_units_scale_record(ldexp(1, -powers[p]), M, &found[i]);
          assert_int_equal(dkm_record_checksum(&found[i], M, NULL, 0), dkm_record_checksum(&expected[i], M, NULL, 0));
        }
      }
}

/* An overlap where all end at 0. */
static void a_record_that_is_wrong_is_found_in_any_units(void **state) {
  (void)state;
  for (size_t p = 0; p < sizeof powers / sizeof *powers; p++) {
    static dkm_record records[POINTS];
    dkm_point points[POINTS];
    scene s;
    char why[200] = "";
    begin(powers[p], &s);
    make_points(powers[p], false, points);
    evaluate(&s.tables.system, points, records, NULL);
    assert_int_equal(records[0].verdict, DKM_VERDICT_DARK_PRECESSION);
    records[0].xi[1] = ldexp(1e-3, powers[p]); /* not 0, in units of the couplings, with all that goes with it */
    records[0].xi_second = 0;
    records[0].retrieved = 2;
    records[0].occupation[1] = 0.2 * 0.2 * 1e-6 / dkm_point_D(&points[0], 1);
    assert_false(dkm_check_record(&s.tables.system, &points[0], &records[0], why, sizeof why));
    dkm_couplings_free(&s.tables);
  }
}

/* Rows of +-2^power that are orthogonal: their states are known in closed form, with g0 the smaller the larger they are. */
static void closed_forms_are_in_units_of_1(void **state) {
  (void)state;
  for (size_t p = 0; p < sizeof powers / sizeof *powers; p++) {
    const double one = ldexp(1, powers[p]), G[] = {1, 3 * one, 1, -3 * one, -1, 3 * one, -1, -3 * one};
    const double w[] = {0.25, 0.25, 0.25, 0.25};
    const dkm_solver solver = {.tolerance = 1e-10, .t_max = 1e6, .max_steps = 20000};
    const dkm_point point = {.g0 = 0.9, .Omega = 0.5, .Omega_mu = {1, 1}, .kappa_mu = {1, 1}, .pattern = 1, .overlap = 0.9};
    dkm_couplings tables;
    dkm_evaluator *evaluator;
    dkm_record record;
    assert_int_equal(dkm_couplings_create(DKM_MATRIX, 2, 4, G, w, NULL, &tables, NULL), DKM_OK);
    assert_int_equal(dkm_evaluator_create(&tables.system, &solver, NULL, &evaluator, NULL), DKM_OK);
    assert_int_equal(dkm_evaluate(evaluator, 1, &point, &record, NULL, NULL), DKM_OK);
    assert_close(record.g_crit, 0.5590169943749475, 1e-12);
    assert_close(record.xi_theory, sqrt(1 - pow(record.g_crit / 0.9, 4)), 1e-12);
    assert_close(fabs(record.xi[0]), record.xi_theory, 1e-9 * fmax(1, one));
    assert_true(record.xi[1] == 0 && dkm_check_record(&tables.system, &point, &record, NULL, 0));
    dkm_evaluator_destroy(evaluator);
    dkm_couplings_free(&tables);
  }
}

/* Patterns of +-1 stay as they are, and tables that need nothing are not copied. */
static void where_couplings_are_close_to_1_nothing_is_made(void **state) {
  (void)state;
  dkm_system patterns;
  dkm_units units;
  scene s;
  assert_int_equal(dkm_system_of_patterns(&patterns, DKM_GAUGED, M, NULL), DKM_OK);
  assert_int_equal(dkm_units_create(&patterns, &units, NULL), DKM_OK);
  assert_true(units.unit == 1 && !units.tables.memory);
  begin(0, &s);
  assert_int_equal(dkm_units_create(&s.tables.system, &units, NULL), DKM_OK);
  assert_true(units.unit == 1 && units.system.couplings == s.tables.system.couplings);
  dkm_couplings_free(&s.tables);
  begin(4, &s);
  assert_int_equal(dkm_units_create(&s.tables.system, &units, NULL), DKM_OK);
  assert_true(units.unit == 16 && units.system.log2_unit == 4 && units.system.largest == s.tables.system.largest / 16);
  const dkm_point point = {.g0 = 0.3}, there = dkm_units_point(&units, &point);
  assert_true(there.g0 == 0.3 * 16 && dkm_units_point_back(&units, &there).g0 == 0.3);
  dkm_units_free(&units);
  dkm_couplings_free(&s.tables);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(records_are_the_same_bits_in_any_units),
      cmocka_unit_test(a_record_that_is_wrong_is_found_in_any_units),
      cmocka_unit_test(closed_forms_are_in_units_of_1),
      cmocka_unit_test(where_couplings_are_close_to_1_nothing_is_made),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
