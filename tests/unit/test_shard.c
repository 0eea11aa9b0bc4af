/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts of a grid: every point is in exactly one of them, and they are even. */
#include "dickemap/shard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
  int n;
  int64_t n_points, block; /* block 0: the one that the program takes */
} deals[] = {{1, 800, 0}, {2, 800, 0},  {3, 800, 0}, {4, 800, 0}, {7, 26, 0},  {40, 26, 0}, {4, 1, 0},
             {5, 999, 1}, {5, 999, 10}, {3, 90, 10}, {3, 91, 10}, {3, 89, 10}, {8, 4099, 8}, {16, 100000, 0}};
enum { N_DEALS = sizeof deals / sizeof *deals };

static dkm_shard shard_of(int deal, int index) {
  const int64_t block = deals[deal].block ? deals[deal].block : dkm_shard_block(deals[deal].n, deals[deal].n_points);
  return (dkm_shard){.index = index, .n = deals[deal].n, .block = block};
}

static void every_point_is_in_one_shard_whose_size_is_known(void **state) {
  (void)state;
  for (int d = 0; d < N_DEALS; d++) {
    int64_t total = 0;
    int *owners = calloc((size_t)deals[d].n_points, sizeof *owners);
    for (int index = 1; index <= deals[d].n; index++) {
      const dkm_shard shard = shard_of(d, index);
      int64_t size = 0;
      assert_true(dkm_shard_is_valid(&shard));
      for (int64_t i = 0; i < deals[d].n_points; i++) {
        if (!dkm_shard_has(&shard, i)) continue;
        owners[i]++;
        size++;
      }
      assert_int_equal(dkm_shard_size(&shard, deals[d].n_points), size);
      total += size;
    }
    for (int64_t i = 0; i < deals[d].n_points; i++) assert_int_equal(owners[i], 1);
    assert_int_equal(total, deals[d].n_points);
    free(owners);
  }
}

static void shards_are_even_to_a_block(void **state) {
  (void)state;
  for (int d = 0; d < N_DEALS; d++) {
    int64_t least = deals[d].n_points, most = 0;
    for (int index = 1; index <= deals[d].n; index++) {
      const dkm_shard shard = shard_of(d, index);
      const int64_t size = dkm_shard_size(&shard, deals[d].n_points);
      if (size < least) least = size;
      if (size > most) most = size;
    }
    assert_true(most - least <= shard_of(d, 1).block);
  }
}

/* Rows of 32 points in blocks of 8 for 4 shards: no shard gets the same columns of every row. */
static void every_shard_sees_every_column(void **state) {
  (void)state;
  for (int index = 1; index <= 4; index++) {
    const dkm_shard shard = {.index = index, .n = 4, .block = 8};
    int seen[32] = {0};
    for (int64_t i = 0; i < 32 * 8; i++) seen[i % 32] += dkm_shard_has(&shard, i);
    for (int column = 0; column < 32; column++) assert_int_equal(seen[column], 2);
  }
}

static void a_cut_has_the_shards_points_of_the_ranges_and_no_others(void **state) {
  (void)state;
  const dkm_range ranges[] = {{0, 5}, {7, 1}, {10, 200}, {300, 37}, {400, 2}, {403, 300}};
  const int n_ranges = sizeof ranges / sizeof *ranges;
  for (int64_t block = 1; block <= 64; block *= 2)
    for (int index = 1; index <= 3; index++) {
      const dkm_shard shard = {.index = index, .n = 3, .block = block};
      dkm_range *cut = NULL;
      int64_t n_cut = 0, i_cut = 0, offset = 0;
      assert_int_equal(dkm_shard_cut(&shard, n_ranges, ranges, &n_cut, &cut, NULL), DKM_OK);
      for (int r = 0; r < n_ranges; r++)
        for (int64_t i = ranges[r].first; i < ranges[r].first + ranges[r].count; i++) {
          if (!dkm_shard_has(&shard, i)) continue;
          assert_true(i_cut < n_cut);
          assert_int_equal(cut[i_cut].first + offset, i);
          if (++offset == cut[i_cut].count) {
            i_cut++;
            offset = 0;
          }
        }
      assert_int_equal(i_cut, n_cut);
      free(cut);
    }
}

static void a_cut_of_a_large_grid_is_short(void **state) {
  (void)state;
  dkm_shard shard = {.index = 77, .n = 100, .block = dkm_shard_block(100, 1000000000)};
  dkm_range *cut = NULL, all = {0, 1000000000};
  int64_t n_cut = 0;
  assert_true(shard.block > DKM_SHARD_MAX_BLOCK / 2 && shard.block <= DKM_SHARD_MAX_BLOCK);
  assert_int_equal(dkm_shard_cut(&shard, 1, &all, &n_cut, &cut, NULL), DKM_OK);
  assert_true(n_cut < 5000);
  free(cut);
}

static void names_of_shards_are_read_and_wrong_ones_refused(void **state) {
  (void)state;
  static const char *const wrong[] = {"",    "3",    "0/4",  "5/4", "1/0",  "-1/4", "1/4x", "1/",
                                      "/4",  " 1/4", "1 /4", "1/ 4", "a/b", "1/100001", "99999999999999999999/4"};
  dkm_shard shard;
  assert_int_equal(dkm_shard_parse("3/4", &shard, NULL), DKM_OK);
  assert_true(shard.index == 3 && shard.n == 4);
  assert_int_equal(dkm_shard_parse("1/1", &shard, NULL), DKM_OK);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    dkm_error err = {0};
    assert_int_equal(dkm_shard_parse(wrong[i], &shard, &err), DKM_INPUT);
    assert_non_null(strstr(err.message, "must be i/n"));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_point_is_in_one_shard_whose_size_is_known),
      cmocka_unit_test(shards_are_even_to_a_block),
      cmocka_unit_test(every_shard_sees_every_column),
      cmocka_unit_test(a_cut_has_the_shards_points_of_the_ranges_and_no_others),
      cmocka_unit_test(a_cut_of_a_large_grid_is_short),
      cmocka_unit_test(names_of_shards_are_read_and_wrong_ones_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
