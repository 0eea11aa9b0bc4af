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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(records_with_the_same_bits_are_the_same, setup),
      cmocka_unit_test(every_reproducible_field_is_compared),
      cmocka_unit_test_setup(numbers_agree_within_1e_12, setup),
      cmocka_unit_test_setup(overlaps_of_a_fixed_point_agree_within_their_error, setup),
      cmocka_unit_test_setup(rates_are_measured_by_those_of_the_equations, setup),
      cmocka_unit_test_setup(times_agree_as_their_inverse_does, setup),
      cmocka_unit_test_setup(nan_and_infinity_agree_with_nothing_else, setup),
      cmocka_unit_test_setup(the_largest_difference_is_named, setup),
      cmocka_unit_test_setup(states_are_compared, setup),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
