/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_stream: random numbers of one trajectory, from (seed, index) and a counter alone: number i of a stream is SplitMix64's
 * (G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014) at key + i times the golden ratio. */
#ifndef DICKEMAP_FINITE_STREAM_H
#define DICKEMAP_FINITE_STREAM_H
#include <stdint.h>

typedef struct finite_stream {
  uint64_t key, counter;
} finite_stream;

static inline uint64_t finite_stream_mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

#define FINITE_GOLDEN 0x9e3779b97f4a7c15u /* 2^64 over the golden ratio, odd */

static inline finite_stream finite_stream_of(uint64_t seed, uint64_t index) {
  return (finite_stream){.key = finite_stream_mix(finite_stream_mix(seed + FINITE_GOLDEN) ^ (index + 1) * FINITE_GOLDEN)};
}

/* In (0, 1). */
static inline double finite_stream_next(finite_stream *stream) {
  const uint64_t z = finite_stream_mix(stream->key + ++stream->counter * FINITE_GOLDEN);
  return ((double)(z >> 11) + 0.5) * 0x1p-53;
}

#endif
