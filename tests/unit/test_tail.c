/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_headers.h"

#include <math.h>

#include "tail.h"

static void quantiles_are_values_of_the_sample(void **state) {
  (void)state;
  double values[] = {5, 3, 1, 4, 2, 10, 9, 8, 7, 6};
  dkm_tail_sort(values, 10);
  for (int i = 0; i < 10; i++) assert_true(values[i] == i + 1);
  assert_true(dkm_tail_quantile(values, 10, 0.5) == 5);
  assert_true(dkm_tail_quantile(values, 10, 0.9) == 9);
  assert_true(dkm_tail_quantile(values, 10, 0.99) == 10);
  assert_true(dkm_tail_quantile(values, 10, 0) == 1 && dkm_tail_quantile(values, 10, 1) == 10);
  assert_true(dkm_tail_quantile(values, 1, 0.5) == 1);
}

static void the_share_of_the_largest_counts_parts_of_values(void **state) {
  (void)state;
  static const double values[] = {1, 1, 1, 1, 6}; /* of 10 */
  assert_true(fabs(dkm_tail_share(values, 5, 0.2) - 0.6) < 1e-15);
  assert_true(fabs(dkm_tail_share(values, 5, 0.1) - 0.3) < 1e-15);
  assert_true(fabs(dkm_tail_share(values, 5, 0.3) - 0.65) < 1e-15);
  assert_true(fabs(dkm_tail_share(values, 5, 1) - 1) < 1e-15);
  static const double nothing[] = {0, 0};
  assert_true(dkm_tail_share(nothing, 2, 0.01) == 0);
}

static void equal_costs_leave_no_doubt_about_their_mean(void **state) {
  (void)state;
  double values[20], interval[2];
  for (int i = 0; i < 20; i++) values[i] = 0.25;
  dkm_tail_mean_interval(values, 20, interval);
  assert_true(interval[0] == 0.25 && interval[1] == 0.25);
}

/* 400 values 1 ... 400: the mean is 200.5, its standard error 115.47/20, and 90 % of a normal law 1.645 of those. */
static void the_interval_is_that_of_a_normal_law_where_there_is_no_tail(void **state) {
  (void)state;
  double values[400], interval[2], again[2];
  for (int i = 0; i < 400; i++) values[i] = i + 1;
  dkm_tail_mean_interval(values, 400, interval);
  assert_true(fabs(interval[0] - (200.5 - 9.5)) < 1.5 && fabs(interval[1] - (200.5 + 9.5)) < 1.5);
  dkm_tail_mean_interval(values, 400, again);
  assert_true(again[0] == interval[0] && again[1] == interval[1]);
}

/* One value of 100 makes all of the sum: a sample has it 0 ... 3 times, in 37 % of them not at all. */
static void the_interval_is_wide_where_one_value_carries_the_sum(void **state) {
  (void)state;
  double values[100] = {[41] = 1}, interval[2];
  dkm_tail_mean_interval(values, 100, interval);
  assert_true(interval[0] == 0 && interval[1] == 0.03);
}

static void what_was_not_met_may_be_as_much_as_3_in_n(void **state) {
  (void)state;
  assert_true(fabs(dkm_tail_unseen(1000) * 1000 / 3 - 1) < 5e-3);
  assert_true(fabs(dkm_tail_unseen(1) - 0.95) < 1e-15);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(quantiles_are_values_of_the_sample),
      cmocka_unit_test(the_share_of_the_largest_counts_parts_of_values),
      cmocka_unit_test(equal_costs_leave_no_doubt_about_their_mean),
      cmocka_unit_test(the_interval_is_that_of_a_normal_law_where_there_is_no_tail),
      cmocka_unit_test(the_interval_is_wide_where_one_value_carries_the_sum),
      cmocka_unit_test(what_was_not_met_may_be_as_much_as_3_in_n),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
