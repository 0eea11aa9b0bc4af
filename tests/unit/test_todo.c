/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sizes of ranges: a rule that can be checked without any messages. */
#include "dickemap/todo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { LANES = 8 };

static const double quick = 1e-9; /* seconds a point */

static void a_range_takes_a_tenth_of_a_second_at_the_present_pace(void **state) {
  (void)state;
  assert_int_equal(dkm_todo_range_size(1000000, 100, LANES, 1e-3), 96); /* 100, rounded down to lanes */
  assert_int_equal(dkm_todo_range_size(1000000, 100, LANES, 0.02), 5);  /* slow points lie together: few at once */
  assert_int_equal(dkm_todo_range_size(1000000, 100, LANES, 50.0), 1);
}

static void before_the_pace_is_known_a_range_fills_the_lanes_once(void **state) {
  (void)state;
  assert_int_equal(dkm_todo_range_size(1000000, 100, LANES, 0), LANES);
  assert_int_equal(dkm_todo_range_size(50, 10, LANES, 0), 5);
  assert_int_equal(dkm_todo_range_size(5, 10, LANES, 0), 1);
}

static void on_large_machines_ranges_last_20_us_for_each_worker(void **state) {
  (void)state;
  assert_int_equal(dkm_todo_range_size(1000000000, 10000, LANES, 1e-3), 200);
  assert_int_equal(dkm_todo_range_size(1000000000, 100000, LANES, 1e-3), 2000);
}

static void a_range_is_at_most_a_quarter_of_each_workers_share(void **state) {
  (void)state;
  assert_int_equal(dkm_todo_range_size(3200, 4, LANES, 1e-5), 200);
  assert_int_equal(dkm_todo_range_size(3200, 100, LANES, 1e-4), LANES);
  assert_int_equal(dkm_todo_range_size(1200, 100, LANES, 1e-3), 3);
  assert_int_equal(dkm_todo_range_size(20, 100, LANES, 1e-3), 1);
}

static void ranges_too_small_for_the_master_are_made_only_if_a_worker_has_no_larger_share(void **state) {
  (void)state;
  /* 10 us * 10^5 workers, 1 ms a point: 1000 points; a quarter of the share would be 250 */
  assert_int_equal(dkm_todo_range_size(100000000, 100000, LANES, 1e-3), 1000);
  assert_int_equal(dkm_todo_range_size(500000, 100000, LANES, 1e-3), 5);
  assert_int_equal(dkm_todo_range_size(50000, 100000, LANES, 1e-3), 1);
}

static void a_range_never_exceeds_4096_rounds_of_lanes(void **state) {
  (void)state;
  assert_int_equal(dkm_todo_range_size(1000000000, 1, LANES, quick), 4096 * LANES);
  assert_int_equal(dkm_todo_range_size(1000000000, 1, 1, quick), 4096);
  assert_int_equal(dkm_todo_range_size(1000000000, 100000, 1, 1e-300), 4096);
}

static void ranges_cover_everything_and_never_grow_at_a_steady_pace(void **state) {
  (void)state;
  const double paces[] = {0, 1e-6, 1e-3, 0.05};
  for (size_t i = 0; i < sizeof paces / sizeof paces[0]; i++)
    for (int n_workers = 1; n_workers < 5000; n_workers = 3 * n_workers + 1) {
      int64_t previous = INT64_MAX;
      for (int64_t left = 1000003, size; left > 0; left -= size) {
        size = dkm_todo_range_size(left, n_workers, LANES, paces[i]);
        assert_true(size >= 1 && size <= left);
        assert_true(size <= LANES || size == left || size % LANES == 0);
        assert_true(size <= previous);
        previous = size;
      }
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_range_takes_a_tenth_of_a_second_at_the_present_pace),
      cmocka_unit_test(before_the_pace_is_known_a_range_fills_the_lanes_once),
      cmocka_unit_test(on_large_machines_ranges_last_20_us_for_each_worker),
      cmocka_unit_test(a_range_is_at_most_a_quarter_of_each_workers_share),
      cmocka_unit_test(ranges_too_small_for_the_master_are_made_only_if_a_worker_has_no_larger_share),
      cmocka_unit_test(a_range_never_exceeds_4096_rounds_of_lanes),
      cmocka_unit_test(ranges_cover_everything_and_never_grow_at_a_steady_pace),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
