/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two records of one point: the same bits, the same but for the last digits, or not the same. */
#include "dickemap/compare.h"

#include <math.h>
#include <string.h>

#include "cmocka_headers.h"

static dkm_system system;
static dkm_point point;
static dkm_record a, b;
static dkm_form form;

/* Frequencies of some hundred: what is asked of rates must not depend on the unit. */
static int setup(void **state) {
  (void)state;
  if (dkm_system_of_patterns(&system, DKM_GAUGED, 2, NULL)) return 1;
  point =
      (dkm_point){.g0 = 100, .Omega = 50, .Omega_mu = {150, 200}, .kappa_mu = {100, 100}, .pattern = 1, .overlap = 1};
  dkm_form_of_sweep(system.n_modes, &form);
  dkm_record_clear(&a);
  a.verdict = DKM_VERDICT_DARK_PRECESSION;
  for (int i = 0; i < dkm_n_fields; i++)
    for (int mu = 0; dkm_fields[i].type == DKM_FLOAT64 && mu < (dkm_fields[i].shape == DKM_PER_MODE ? 2 : 1); mu++) {
      const double value = 0.25 * (i + 1 + mu);
      memcpy((char *)&a + dkm_fields[i].offset + (size_t)mu * sizeof value, &value, sizeof value);
    }
  a.steps = 1000;
  a.limited = DKM_LIMITED_NO;
  b = a;
  return 0;
}

/* With states of three values; NULL: without. */
static dkm_agreement compare_with(const dkm_record *p, const double *u, const dkm_record *q, const double *v,
                                  dkm_difference *difference) {
  return dkm_compare_records(&form, &system, &point, (dkm_compared){p, u, u ? 3 : 0}, (dkm_compared){q, v, v ? 3 : 0},
                             difference);
}

static dkm_agreement compare(dkm_difference *difference) {
  dkm_difference other;
  const dkm_agreement agreement = compare_with(&a, NULL, &b, NULL, difference);
  assert_int_equal(compare_with(&b, NULL, &a, NULL, &other), agreement);
  assert_true(difference->relative == other.relative && difference->allowed == other.allowed);
  return agreement;
}

static void records_with_the_same_bits_are_the_same(void **state) {
  (void)state;
  dkm_difference d;
  assert_int_equal(compare(&d), DKM_AGREEMENT_BITS);
  assert_null(d.name);
  a.lyapunov = NAN; /* of any sign and payload */
  b.lyapunov = -NAN;
  b.wall_time = 7.0; /* is never the same */
  b.xi[2] = 5.0;     /* a mode that there is not */
  assert_int_equal(compare(&d), DKM_AGREEMENT_BITS);
}

static void what_one_of_them_did_not_note_is_no_difference(void **state) {
  (void)state;
  dkm_difference d;
  b.limited = DKM_LIMITED_UNKNOWN;
  assert_int_equal(compare(&d), DKM_AGREEMENT_BITS);
  b.limited = DKM_LIMITED_YES;
  assert_int_equal(compare(&d), DKM_AGREEMENT_NONE);
  assert_string_equal(d.name, "limited");
}

static void every_reproducible_field_is_compared(void **state) {
  for (int i = 0; i < dkm_n_fields; i++) {
    const dkm_field *field = &dkm_fields[i];
    for (int mu = 0; mu < (field->shape == DKM_PER_MODE ? 2 : 1); mu++) {
      dkm_difference d;
      assert_int_equal(setup(state), 0);
      unsigned char *value = (unsigned char *)&b + field->offset + (size_t)mu * dkm_field_type_bytes(field->type);
      if (field->type == DKM_FLOAT64) {
        double x;
        memcpy(&x, value, sizeof x);
        x = nextafter(x, INFINITY);
        memcpy(value, &x, sizeof x);
      } else {
        value[0] ^= 1;
      }
      const dkm_agreement expected = !field->reproducible         ? DKM_AGREEMENT_BITS
                                     : field->type == DKM_FLOAT64 ? DKM_AGREEMENT_DIGITS
                                                                  : DKM_AGREEMENT_NONE;
      assert_int_equal(compare(&d), expected);
      if (field->reproducible) assert_string_equal(d.name, field->name);
    }
  }
}

static void numbers_agree_within_1e_12(void **state) {
  (void)state;
  dkm_difference d;
  a.xi[0] = 0.5;
  b.xi[0] = 0.5 + 0.9e-12;
  assert_int_equal(compare(&d), DKM_AGREEMENT_DIGITS);
  assert_true(fabs(d.relative - 0.9e-12) < 1e-15);
  b.xi[0] = 0.5 + 1.1e-12;
  assert_int_equal(compare(&d), DKM_AGREEMENT_NONE);
  assert_string_equal(d.name, "xi");
  b = a;
  a.amplification = 1e30; /* relative where large */
  b.amplification = 1e30 * (1 + 0.9e-12);
  assert_int_equal(compare(&d), DKM_AGREEMENT_DIGITS);
  b.amplification = 1e30 * (1 + 1.1e-12);
  assert_int_equal(compare(&d), DKM_AGREEMENT_NONE);
}

static void overlaps_of_a_fixed_point_agree_within_their_error(void **state) {
  (void)state;
  dkm_difference d;
  a.xi_error = b.xi_error = 1e-9;
  b.xi[1] = a.xi[1] + 1.5e-9;
  assert_int_equal(compare(&d), DKM_AGREEMENT_NONE);
  a.verdict = b.verdict = DKM_VERDICT_FIXED_POINT;
  assert_int_equal(compare(&d), DKM_AGREEMENT_DIGITS);
  b.xi[1] = a.xi[1] + 2.5e-9;
  assert_int_equal(compare(&d), DKM_AGREEMENT_NONE);
  a.xi_error = b.xi_error = NAN;
  b.xi[1] = a.xi[1] + 1e-13;
  assert_int_equal(compare(&d), DKM_AGREEMENT_DIGITS);
}

static void rates_are_measured_by_those_of_the_equations(void **state) {
  (void)state;
  dkm_difference d;
  const double rate = dkm_compare_rate(&system, &point, &a);
  assert_true(rate >= 200.0);
  a.growth_rate = 1e-9; /* is as good as 0 */
  b.growth_rate = a.growth_rate + 0.9e-12 * rate;
  assert_int_equal(compare(&d), DKM_AGREEMENT_DIGITS);
  b.growth_rate = a.growth_rate + 1.1e-12 * rate;
  assert_int_equal(compare(&d), DKM_AGREEMENT_NONE);
  assert_string_equal(d.name, "growth_rate");
}

static void times_agree_as_their_inverse_does(void **state) {
  (void)state;
  dkm_difference d;
  const double rate = dkm_compare_rate(&system, &point, &a), slow = 1e-4;
  a.relaxation_time = 1.0 / slow;
  b.relaxation_time = 1.0 / (slow + 0.9e-12 * rate);
  assert_int_equal(compare(&d), DKM_AGREEMENT_DIGITS);
  b.relaxation_time = 1.0 / (slow + 1.2e-12 * rate);
  assert_int_equal(compare(&d), DKM_AGREEMENT_NONE);
  assert_string_equal(d.name, "relaxation_time");
}

static void nan_and_infinity_agree_with_nothing_else(void **state) {
  (void)state;
  dkm_difference d;
  static const double values[] = {0.0, 1.0, INFINITY, -INFINITY, NAN};
  for (int i = 0; i < 5; i++)
    for (int j = 0; j < 5; j++) {
      a.period = values[i];
      b.period = values[j];
      assert_int_equal(compare(&d), i == j ? DKM_AGREEMENT_BITS : DKM_AGREEMENT_NONE);
    }
  a.period = 0.0;
  b.period = -0.0;
  assert_int_equal(compare(&d), DKM_AGREEMENT_DIGITS);
}

static void the_largest_difference_is_named(void **state) {
  (void)state;
  dkm_difference d;
  b.xi_rms[1] = a.xi_rms[1] + 1e-14;
  b.drift = a.drift * (1 + 1e-13);
  b.occupation[0] = a.occupation[0] * (1 + 1e-15);
  assert_int_equal(compare(&d), DKM_AGREEMENT_DIGITS);
  assert_string_equal(d.name, "drift");
  assert_true(d.a == a.drift && d.b == b.drift);
}

static void states_are_compared(void **state) {
  (void)state;
  dkm_difference d;
  const double u[3] = {1.0, -0.5, NAN};
  double v[3] = {1.0, -0.5, NAN};
  assert_int_equal(compare_with(&a, u, &b, v, &d), DKM_AGREEMENT_BITS);
  v[1] += 1e-13;
  assert_int_equal(compare_with(&a, u, &b, v, &d), DKM_AGREEMENT_DIGITS);
  v[1] += 1e-11;
  assert_int_equal(compare_with(&a, u, &b, v, &d), DKM_AGREEMENT_NONE);
  assert_string_equal(d.name, "state");
}

/* ---- ends by two methods ---- */

/* Under way at a time, two overlaps so far. */
static dkm_record under_way(int how, double t, double xi_1, double xi_2) {
  dkm_record r;
  dkm_record_clear(&r);
  r.verdict = DKM_VERDICT_RELAXING;
  r.how = (uint8_t)how;
  r.t_end = t;
  r.xi[0] = xi_1;
  r.xi[1] = xi_2;
  r.xi_error = 1e-4;
  dkm_record_name_pattern(&r, 2);
  return r;
}

static void set_limit(dkm_record *r, double xi_1, double xi_2) {
  r->xi_limit[0] = xi_1;
  r->xi_limit[1] = xi_2;
  dkm_record_name_pattern(r, 2);
}

static dkm_ends ends_of(const dkm_record *p, const dkm_record *q, char *what) {
  char other[DKM_MESSAGE_BYTES];
  double largest = 0.0;
  const dkm_ends ends = dkm_compare_ends(&system, p, q, "gsl", &largest, what);
  assert_int_equal(dkm_compare_ends(&system, q, p, "gsl", &largest, other), ends);
  return ends;
}

static void plateaus_of_two_times_are_compared_by_their_ends(void **state) {
  (void)state;
  char what[DKM_MESSAGE_BYTES];
  dkm_record early = under_way(DKM_HOW_PREDICTED, 1000, 0.52, 0.08), late = under_way(DKM_HOW_PREDICTED, 5000, 0.45, 0.03);
  assert_int_equal(ends_of(&early, &late, what), DKM_ENDS_SAME);
  set_limit(&early, 0.5, 0.5); /* downhill from there, no more */
  set_limit(&late, 0.6, 0.0);
  assert_int_equal(ends_of(&early, &late, what), DKM_ENDS_SAME);
  /* Certain minima must be one, whatever overlaps on the way say. */
  early = under_way(DKM_HOW_SETTLED, 1000, 0.1, 0.3);
  late.how = DKM_HOW_SETTLED;
  set_limit(&early, 0.6, 0.0);
  assert_int_equal(ends_of(&early, &late, what), DKM_ENDS_SAME);
  set_limit(&early, 0.61, 0.0);
  assert_int_equal(ends_of(&early, &late, what), DKM_ENDS_DIFFERENT);
  assert_string_equal(what, "|xi| of mode 1 is 0.61, gsl finds 0.6");
  late.verdict = DKM_VERDICT_FIXED_POINT;
  late.xi[0] = 0.61;
  late.xi[1] = 0.0;
  assert_int_equal(ends_of(&early, &late, what), DKM_ENDS_SAME);
  /* What keeps precessing may stay short of the minimum. */
  late.verdict = DKM_VERDICT_DARK_PRECESSION;
  late.xi[0] = 0.5;
  assert_int_equal(ends_of(&early, &late, what), DKM_ENDS_SAME);
}

static void ends_in_different_patterns_are_different(void **state) {
  (void)state;
  char what[DKM_MESSAGE_BYTES];
  dkm_record first = under_way(DKM_HOW_PREDICTED, 1000, 0.52, 0.08), other = under_way(DKM_HOW_PREDICTED, 5000, 0.08, 0.45);
  assert_int_equal(ends_of(&first, &other, what), DKM_ENDS_DIFFERENT);
  assert_string_equal(what, "retrieved is 1, gsl finds 2");
  other = under_way(DKM_HOW_PREDICTED, 5000, -0.45, 0.0);
  assert_int_equal(ends_of(&first, &other, what), DKM_ENDS_DIFFERENT);
  other.how = DKM_HOW_SYMMETRIC; /* its sign is that of its time */
  assert_int_equal(ends_of(&first, &other, what), DKM_ENDS_SAME);
  other = under_way(DKM_HOW_PREDICTED, 5000, 0.0, 0.0);
  other.verdict = DKM_VERDICT_DARK_PRECESSION;
  assert_int_equal(ends_of(&first, &other, what), DKM_ENDS_DIFFERENT);
  /* Of equal overlaps either may be named. */
  first = under_way(DKM_HOW_SETTLED, 1000, 0.3, 0.1);
  set_limit(&first, 0.5, 0.5);
  other = under_way(DKM_HOW_PREDICTED, 5000, 0.44, 0.45);
  assert_true(first.retrieved == 1 && other.retrieved == 2);
  assert_int_equal(ends_of(&first, &other, what), DKM_ENDS_SAME);
}

static void plateaus_without_an_end_are_compared_within_their_drift_or_not_at_all(void **state) {
  (void)state;
  char what[DKM_MESSAGE_BYTES];
  dkm_record first = under_way(DKM_HOW_NOT_APPLICABLE, 1000, 0.5, 0.1), other = under_way(DKM_HOW_PREDICTED, 1900, 0.48, 0.1);
  assert_int_equal(ends_of(&first, &other, what), DKM_ENDS_DIFFERENT);
  assert_string_equal(what, "|xi| of mode 1 is 0.5, gsl finds 0.48");
  first.drift = 0.025;
  assert_int_equal(ends_of(&first, &other, what), DKM_ENDS_SAME);
  other.t_end = 1001;
  assert_int_equal(ends_of(&first, &other, what), DKM_ENDS_DIFFERENT);
  other.t_end = 2500;
  assert_int_equal(ends_of(&first, &other, what), DKM_ENDS_OPEN);
  other.xi[0] = 0.5; /* the same nevertheless */
  assert_int_equal(ends_of(&first, &other, what), DKM_ENDS_SAME);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(records_with_the_same_bits_are_the_same, setup),
      cmocka_unit_test_setup(what_one_of_them_did_not_note_is_no_difference, setup),
      cmocka_unit_test(every_reproducible_field_is_compared),
      cmocka_unit_test_setup(numbers_agree_within_1e_12, setup),
      cmocka_unit_test_setup(overlaps_of_a_fixed_point_agree_within_their_error, setup),
      cmocka_unit_test_setup(rates_are_measured_by_those_of_the_equations, setup),
      cmocka_unit_test_setup(times_agree_as_their_inverse_does, setup),
      cmocka_unit_test_setup(nan_and_infinity_agree_with_nothing_else, setup),
      cmocka_unit_test_setup(the_largest_difference_is_named, setup),
      cmocka_unit_test_setup(states_are_compared, setup),
      cmocka_unit_test_setup(plateaus_of_two_times_are_compared_by_their_ends, setup),
      cmocka_unit_test_setup(ends_in_different_patterns_are_different, setup),
      cmocka_unit_test_setup(plateaus_without_an_end_are_compared_within_their_drift_or_not_at_all, setup),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
