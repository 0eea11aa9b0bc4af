/* SPDX-License-Identifier: GPL-3.0-or-later */
/* shard: who gets which block; see dickemap/shard.h. */
#include "dickemap/shard.h"

#include <errno.h>
#include <stdlib.h>

enum { BLOCKS_PER_SHARD = 16, FIRST_RANGES = 64 }; /* at least, where there are points enough */

dkm_status dkm_shard_parse(const char *text, dkm_shard *shard, dkm_error *err) {
  char *end = NULL;
  long part[2] = {0};
  bool good = true;
  for (int i = 0; i < 2 && good; i++) {
    const char *at = i == 0 ? text : end + 1;
    errno = 0;
    good = *at >= '0' && *at <= '9';
    if (good) part[i] = strtol(at, &end, 10);
    good = good && errno == 0 && *end == (i == 0 ? '/' : '\0');
  }
  if (!good || part[1] < 1 || part[1] > DKM_MAX_SHARDS || part[0] < 1 || part[0] > part[1])
    return dkm_fail(err, DKM_INPUT, "run: --shard is \"%.40s\", but must be i/n, shard i = 1 ... n of n = 1 ... %d",
                    text, DKM_MAX_SHARDS);
  *shard = (dkm_shard){.index = (int)part[0], .n = (int)part[1], .block = 1};
  return DKM_OK;
}

int64_t dkm_shard_block(int n_shards, int64_t n_points) {
  const int64_t longest_round = n_shards * (int64_t)DKM_SHARD_MAX_BLOCK;
  int64_t fewest = (n_points + longest_round - 1) / longest_round, best = 1, least = INT64_MAX;
  if (fewest < BLOCKS_PER_SHARD) fewest = BLOCKS_PER_SHARD;
  /* Of these numbers of rounds the one that leaves the fewest places empty at the end: shards are even then. */
  for (int64_t n_rounds = fewest; n_rounds <= 2 * fewest; n_rounds++) {
    const int64_t n_blocks = n_shards * n_rounds, block = (n_points + n_blocks - 1) / n_blocks;
    const int64_t n_empty = n_blocks * block - n_points;
    if (n_empty >= least) continue;
    least = n_empty;
    best = block;
  }
  return best;
}

bool dkm_shard_is_valid(const dkm_shard *shard) {
  return shard->n >= 1 && shard->n <= DKM_MAX_SHARDS && shard->index >= 1 && shard->index <= shard->n &&
         shard->block >= 1 && shard->block <= DKM_SHARD_MAX_BLOCK;
}

/* The shard's block in a round. */
static int64_t block_of_round(const dkm_shard *shard, int64_t i_round) {
  return i_round * shard->n + (shard->index - 1 + shard->n - i_round % shard->n) % shard->n;
}

bool dkm_shard_has(const dkm_shard *shard, int64_t i_point) {
  const int64_t i_block = i_point / shard->block;
  return block_of_round(shard, i_block / shard->n) == i_block;
}

int64_t dkm_shard_size(const dkm_shard *shard, int64_t n_points) {
  const int64_t n_blocks = (n_points + shard->block - 1) / shard->block, n_rounds = n_blocks / shard->n;
  int64_t size = n_rounds * shard->block; /* of whole rounds, whose last block may be cut */
  const bool is_cut = n_blocks > 0 && dkm_shard_has(shard, n_points - 1);
  if (block_of_round(shard, n_rounds) < n_blocks) size += shard->block;
  return is_cut ? size - (n_blocks * shard->block - n_points) : size;
}

dkm_status dkm_shard_cut(const dkm_shard *shard, int64_t n, const dkm_range *ranges, int64_t *n_out, dkm_range **out,
                         dkm_error *err) {
  const int64_t round = shard->n * shard->block;
  int64_t n_list = 0, capacity = 0;
  dkm_range *list = NULL;
  for (int64_t r = 0; r < n; r++) {
    const int64_t begin = ranges[r].first, end = begin + ranges[r].count;
    for (int64_t i_round = begin / round; i_round * round < end; i_round++) {
      int64_t first = block_of_round(shard, i_round) * shard->block, last = first + shard->block;
      if (first < begin) first = begin;
      if (last > end) last = end;
      if (first >= last) continue;
      if (n_list > 0 && list[n_list - 1].first + list[n_list - 1].count == first) {
        list[n_list - 1].count += last - first;
        continue;
      }
      if (n_list == capacity) {
        capacity = capacity ? 2 * capacity : FIRST_RANGES;
        dkm_range *larger = realloc(list, (size_t)capacity * sizeof *larger);
        if (!larger) {
          free(list);
          return dkm_fail(err, DKM_MEMORY, "out of memory for the points of shard %d/%d", shard->index, shard->n);
        }
        list = larger;
      }
      list[n_list++] = (dkm_range){.first = first, .count = last - first};
    }
  }
  *out = list;
  *n_out = n_list;
  return DKM_OK;
}
