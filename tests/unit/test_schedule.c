/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sizes of ranges: a rule that can be checked without any messages. */
#include "dickemap/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { LANES = 8 };

static void a_range_is_a_quarter_of_each_workers_share(void **state) {
  (void)state;
  assert_int_equal(dkm_schedule_range_size(800, 1, LANES), 200);
  assert_int_equal(dkm_schedule_range_size(3200, 4, LANES), 200);
  assert_int_equal(dkm_schedule_range_size(1000, 2, LANES), 128); /* 125, rounded up to lanes */
}

static void a_range_fills_all_lanes_at_least_once(void **state) {
  (void)state;
  assert_int_equal(dkm_schedule_range_size(20, 100, LANES), LANES);
  assert_int_equal(dkm_schedule_range_size(LANES, 1, LANES), LANES);
}

static void a_range_never_exceeds_4096_rounds_of_lanes(void **state) {
  (void)state;
  assert_int_equal(dkm_schedule_range_size(1000000000, 1, LANES), 4096 * LANES);
  assert_int_equal(dkm_schedule_range_size(1000000000, 1, 1), 4096);
}

static void a_range_never_exceeds_what_is_left(void **state) {
  (void)state;
  for (int64_t left = 1; left <= 3 * LANES; left++) {
    int64_t size = dkm_schedule_range_size(left, 3, LANES);
    assert_true(size >= 1 && size <= left);
  }
}

static void ranges_are_multiples_of_lanes_but_for_the_last_and_never_grow(void **state) {
  (void)state;
  for (int n_workers = 1; n_workers < 200; n_workers += 7) {
    int64_t previous = INT64_MAX, n_ranges = 0;
    for (int64_t left = 1000003; left > 0; n_ranges++) {
      int64_t size = dkm_schedule_range_size(left, n_workers, LANES);
      assert_true(size == left || size % LANES == 0);
      assert_true(size <= previous);
      previous = size;
      left -= size;
    }
    /* Guided sizes: the number of ranges grows with the logarithm of the job, not with the job. */
    assert_true(n_ranges < 30 + 4 * n_workers * 14);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_range_is_a_quarter_of_each_workers_share),
      cmocka_unit_test(a_range_fills_all_lanes_at_least_once),
      cmocka_unit_test(a_range_never_exceeds_4096_rounds_of_lanes),
      cmocka_unit_test(a_range_never_exceeds_what_is_left),
      cmocka_unit_test(ranges_are_multiples_of_lanes_but_for_the_last_and_never_grow),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
