/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Outcomes counted, and what so many of so many starts tell of a probability. */
#include "dickemap/basins.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

#include "cmocka_headers.h"
#include "dickemap/proportion.h"

/* The limits are the two p for which |k/n - p| = z sqrt(p (1 - p)/n). */
static void wilson_limits_solve_their_equation(void **state) {
  (void)state;
  const double z = 1.959963984540054;
  for (int64_t n = 1; n < 2000; n = 3 * n + 1)
    for (int64_t k = 0; k <= n; k += n / 7 + 1) {
      const dkm_interval i = dkm_proportion_wilson(k, n);
      const double p = (double)k / (double)n;
      assert_true(i.low >= 0 && i.low <= p && p <= i.high && i.high <= 1);
      assert_true(fabs(p - i.low - z * sqrt(i.low * (1 - i.low) / (double)n)) < 1e-14);
      assert_true(fabs(i.high - p - z * sqrt(i.high * (1 - i.high) / (double)n)) < 1e-14);
      const dkm_interval mirror = dkm_proportion_wilson(n - k, n);
      assert_true(fabs(1 - mirror.high - i.low) < 1e-15 && fabs(1 - mirror.low - i.high) < 1e-15);
    }
  const dkm_interval none = dkm_proportion_wilson(0, 0), known = dkm_proportion_wilson(155, 200);
  assert_true(none.low == 0 && none.high == 1);
  assert_true(fabs(known.low - 0.712) < 5e-4 && fabs(known.high - 0.827) < 6e-4);
}

/* How often the interval holds the truth, by the binomial sum. */
static void wilson_intervals_cover_95_percent(void **state) {
  (void)state;
  enum { N = 50, N_P = 999 };
  double mean = 0.0;
  for (int i = 1; i <= N_P; i++) {
    const double p = i / (N_P + 1.0);
    double covered = 0.0;
    for (unsigned k = 0; k <= N; k++) {
      const dkm_interval interval = dkm_proportion_wilson(k, N);
      if (interval.low <= p && p <= interval.high) covered += gsl_ran_binomial_pdf(k, p, N);
    }
    assert_true(covered > 0.83); /* its worst, near 0 and 1 */
    mean += covered / N_P;
  }
  assert_true(fabs(mean - 0.95) < 0.01);
}

static dkm_record record_of(int verdict, int retrieved, double xi) {
  dkm_record r;
  dkm_record_clear(&r);
  r.verdict = (uint8_t)verdict;
  r.how = DKM_HOW_REACHED;
  r.retrieved = (int8_t)retrieved;
  if (retrieved) r.xi[abs(retrieved) - 1] = xi;
  return r;
}

static void outcomes_have_names(void **state) {
  (void)state;
  char text[DKM_OUTCOME_BYTES];
  dkm_record r = record_of(DKM_VERDICT_FIXED_POINT, 3, 0.5);
  assert_string_equal(dkm_outcome_text(dkm_outcome_of(&r), text), "pattern +3");
  r.retrieved = -20;
  assert_string_equal(dkm_outcome_text(dkm_outcome_of(&r), text), "pattern -20");
  r.retrieved = 0;
  assert_string_equal(dkm_outcome_text(dkm_outcome_of(&r), text), "no pattern");
  r.growth_rate = 0.1;
  r.n_unstable = 1;
  assert_string_equal(dkm_outcome_text(dkm_outcome_of(&r), text), "saddle");
  r.verdict = DKM_VERDICT_DARK_PRECESSION;
  assert_string_equal(dkm_outcome_text(dkm_outcome_of(&r), text), "saddle");
  /* Of several equal overlaps none leads, of nearly equal ones one that exceeds the others by more than they are known to. */
  r = record_of(DKM_VERDICT_FIXED_POINT, 3, 0.5);
  r.xi_second = 0.5;
  assert_string_equal(dkm_outcome_text(dkm_outcome_of(&r), text), "no pattern");
  r.xi_second = 0.499;
  assert_string_equal(dkm_outcome_text(dkm_outcome_of(&r), text), "pattern +3");
  r.xi_error = 2e-3;
  assert_string_equal(dkm_outcome_text(dkm_outcome_of(&r), text), "no pattern");
  r = record_of(DKM_VERDICT_LIMIT_CYCLE, 0, 0);
  assert_string_equal(dkm_outcome_text(dkm_outcome_of(&r), text), "limit_cycle");
  r.verdict = DKM_VERDICT_UNDECIDED;
  assert_int_equal(dkm_outcome_of(&r), DKM_OUTCOME_NONE);
  r.verdict = DKM_VERDICT_FAILED;
  assert_int_equal(dkm_outcome_of(&r), DKM_OUTCOME_NONE);
  r = record_of(DKM_VERDICT_RELAXING, 1, 0.5);
  assert_string_equal(dkm_outcome_text(dkm_outcome_of(&r), text), "pattern +1");
  r.xi_second = 0.6; /* on its way another one leads */
  assert_string_equal(dkm_outcome_text(dkm_outcome_of(&r), text), "no pattern");
  r.how = DKM_HOW_SETTLED;
  r.xi_limit[0] = 0.7;
  r.xi_limit[2] = 0.2;
  assert_string_equal(dkm_outcome_text(dkm_outcome_of(&r), text), "pattern +1");
  assert_true(dkm_outcome_overlap(1, dkm_record_end(&r)) == 0.7 && dkm_outcome_second(&r, dkm_record_end(&r)) == 0.2);
  r.xi_limit[2] = 0.7;
  assert_string_equal(dkm_outcome_text(dkm_outcome_of(&r), text), "no pattern");
  r.how = DKM_HOW_NOT_APPLICABLE; /* where it goes is not known */
  assert_int_equal(dkm_outcome_of(&r), DKM_OUTCOME_NONE);
}

static void starts_are_counted_by_outcome(void **state) {
  (void)state;
  dkm_basins b = {0};
  char text[DKM_OUTCOME_BYTES];
  static const double xi[] = {0.2, 0.4, 0.9};
  assert_true(isnan(dkm_basins_entropy(&b)));
  for (int i = 0; i < 3; i++) {
    dkm_record r = record_of(DKM_VERDICT_FIXED_POINT, 2, xi[i]);
    if (i < 2) r.t_settled = 10.0 * (i + 1);
    assert_int_equal(dkm_basins_add(&b, &r, NULL), DKM_OK);
  }
  for (int nu = 1; nu <= 12; nu++) { /* more than there is room for at first */
    const dkm_record r = record_of(DKM_VERDICT_DARK_PRECESSION, -nu, -0.5);
    assert_int_equal(dkm_basins_add(&b, &r, NULL), DKM_OK);
  }
  dkm_record r = record_of(DKM_VERDICT_UNDECIDED, 0, 0);
  assert_int_equal(dkm_basins_add(&b, &r, NULL), DKM_OK);
  dkm_basins_sort(&b);
  assert_int_equal(b.n, 15);
  assert_int_equal(b.n_undecided, 1);
  assert_int_equal(b.n_basins, 13);
  assert_string_equal(dkm_outcome_text(b.basins[0].outcome, text), "pattern +2");
  assert_string_equal(dkm_outcome_text(b.basins[1].outcome, text), "pattern -1");
  assert_int_equal(b.basins[0].n, 3);
  assert_true(fabs(b.basins[0].xi_mean - 0.5) < 1e-15 && fabs(b.basins[0].xi_squares - 0.26) < 1e-15);
  assert_int_equal(b.basins[0].n_settled, 2);
  assert_true(b.basins[0].t_settled == 15);
  assert_true(fabs(dkm_basins_entropy(&b) - (0.2 * log(5) + 0.8 * log(15))) < 1e-14);
  dkm_basins_free(&b);
  assert_null(b.basins);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wilson_limits_solve_their_equation),
      cmocka_unit_test(wilson_intervals_cover_95_percent),
      cmocka_unit_test(outcomes_have_names),
      cmocka_unit_test(starts_are_counted_by_outcome),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
