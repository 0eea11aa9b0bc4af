/* SPDX-License-Identifier: GPL-3.0-or-later */
/* shard: one of n parts of a grid, computed by a run of its own into a file of its own, and merged later.
 *
 * Points are dealt in blocks of consecutive points, like cards, with another player first in each round:
 *
 *   block   0 1 2 3 | 4 5 6 7 | 8 9 ...
 *   shard   1 2 3 4 | 2 3 4 1 | 3 4 ...         of 4
 *
 * Every shard gets points from everywhere, so that all of them take about the same time although costs vary over the
 * grid, and its points still are runs that can be written at once.  Without the turn, a shard would get the same
 * columns of a row whose length is a multiple of a round.
 *
 * A shard's file has the layout of the whole grid, sparse: every reader, info, verify and resume take it as it is, and
 * merging is copying.  (All runs writing into one file would do without a merge, but clients of a network file
 * system that write to the same pages at the same time lose each other's data.) */
#ifndef DICKEMAP_SHARD_H
#define DICKEMAP_SHARD_H
#include <stdbool.h>

#include "dickemap/schedule.h"

enum { DKM_MAX_SHARDS = 100000, DKM_SHARD_MAX_BLOCK = 4096 };

typedef struct dkm_shard {
  int index, n;  /* index = 1 ... n; n = 1 is the whole grid */
  int64_t block; /* points dealt at a time, 1 ... DKM_SHARD_MAX_BLOCK */
} dkm_shard;

#define DKM_SHARD_WHOLE ((dkm_shard){.index = 1, .n = 1, .block = 1})

/* Reads "i/n"; the block is 1.  DKM_INPUT. */
dkm_status dkm_shard_parse(const char *text, dkm_shard *shard, dkm_error *err);

/* The block to deal a grid of n_points in: 16 of them a shard or more, if there are points enough, and a number of them
 * that makes shards even. */
int64_t dkm_shard_block(int n_shards, int64_t n_points);

/* Whether index, n and block make sense. */
bool dkm_shard_is_valid(const dkm_shard *shard);

bool dkm_shard_has(const dkm_shard *shard, int64_t i_point);

/* Number of the shard's points in a grid of n_points. */
int64_t dkm_shard_size(const dkm_shard *shard, int64_t n_points);

/* What the shard has of n ranges (disjoint, ascending), as a new list of the same kind that the caller frees.
 * DKM_MEMORY. */
dkm_status dkm_shard_cut(const dkm_shard *shard, int64_t n, const dkm_range *ranges, int64_t *n_out, dkm_range **out,
                         dkm_error *err);

#endif
