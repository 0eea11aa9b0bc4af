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

/* Each point i that is drawn adds 2i + 1 and 2i + 2: of an older range first, and at a steady pace in few ranges. */
static void what_is_added_comes_after_what_was_given_and_each_point_once(void **state) {
  (void)state;
  enum { N = 1 << 20 };
  dkm_todo todo;
  dkm_range range;
  int64_t next = 0, n_ranges = 0;
  dkm_todo_begin(&todo, 2, (dkm_range[]){{0, 1}, {1, 2}}, 2, LANES);
  dkm_todo_note_pace(&todo, 1, 1e-3);
  assert_int_equal(dkm_todo_add(&todo, (dkm_range){3, 4}, NULL), DKM_OK);
  for (; dkm_todo_draw(&todo, &range); n_ranges++) {
    assert_int_equal(range.first, next);
    next += range.count;
    for (int64_t i = range.first < 3 ? 3 : range.first; i < next && 2 * i + 2 < N; i++)
      assert_int_equal(dkm_todo_add(&todo, (dkm_range){2 * i + 1, 2}, NULL), DKM_OK);
    assert_int_equal(todo.n_left, todo.n_total - next);
  }
  assert_true(next >= N - 2 && next <= N);
  assert_true(n_ranges < N / 80); /* 96 points last a tenth of a second */
  dkm_todo_end(&todo);
}

/* Each point adds one that lies elsewhere: as many ranges as points, and never more than 100 of them left. */
static void ranges_that_were_used_give_their_memory_to_new_ones(void **state) {
  (void)state;
  dkm_todo todo;
  dkm_range range;
  dkm_todo_begin(&todo, 0, NULL, 1, LANES);
  for (int64_t i = 0; i < 100; i++) assert_int_equal(dkm_todo_add(&todo, (dkm_range){2 * i, 1}, NULL), DKM_OK);
  for (int64_t i = 0; i < 100000; i++) {
    assert_true(dkm_todo_draw(&todo, &range));
    assert_int_equal(range.first, 2 * i);
    assert_int_equal(dkm_todo_add(&todo, (dkm_range){2 * (i + 100), 1}, NULL), DKM_OK);
  }
  assert_true(todo.n_room <= 256);
  dkm_todo_end(&todo);
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
      cmocka_unit_test(what_is_added_comes_after_what_was_given_and_each_point_once),
      cmocka_unit_test(ranges_that_were_used_give_their_memory_to_new_ones),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
