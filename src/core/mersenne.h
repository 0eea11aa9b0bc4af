/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mersenne: the numbers of GSL's gsl_rng_mt19937, made one by one.
 *
 * A start needs two numbers a class, while GSL fills a state of 624 words twice before it gives the first (some 10 us, more than
 * the steps of a trajectory of a few periods).  Here words are made when they are asked for: the same numbers, bit for bit.
 *
 * Reference: M. Matsumoto and T. Nishimura, ACM Trans. Model. Comput. Simul. 8, 3 (1998), with the seeding of 2002. */
#ifndef DICKEMAP_MERSENNE_H
#define DICKEMAP_MERSENNE_H
#include <stdint.h>

enum { MERSENNE_N = 624, MERSENNE_M = 397 };

typedef struct mersenne {
  uint32_t word[MERSENNE_N];
  int n_seeded; /* of the first generation */
  int next;     /* word to be made anew */
} mersenne;

/* Word i of the first generation, from the one before. */
static inline uint32_t mersenne_word(uint32_t before, int i) {
  return 1812433253u * (before ^ (before >> 30)) + (uint32_t)i;
}

/* As gsl_rng_set: seed 0 is 4357. */
static inline void mersenne_seed(mersenne *m, uint64_t seed) {
  m->word[0] = (uint32_t)(seed == 0 ? 4357 : seed);
  m->n_seeded = 1;
  m->next = 0;
}

/* m[j] as by mersenne_seed(m[j], seed + j step) for j = 0 ... n-1, n <= MERSENNE_MOST, their first words side by side: each is four
 * operations that wait for each other, so that eight generators take about twice as long as one. */
enum { MERSENNE_MOST = 8, MERSENNE_FIRST_WORDS = MERSENNE_M + 48 };
static inline void mersenne_seed_many(mersenne *m, int n, uint64_t seed, uint64_t step) {
  uint32_t word[MERSENNE_MOST];
  for (int j = 0; j < n; j++) {
    mersenne_seed(&m[j], seed + (uint64_t)j * step);
    word[j] = m[j].word[0];
  }
  for (int i = 1; i < MERSENNE_FIRST_WORDS; i++)
    for (int j = 0; j < n; j++) m[j].word[i] = word[j] = mersenne_word(word[j], i);
  for (int j = 0; j < n; j++) m[j].n_seeded = MERSENNE_FIRST_WORDS;
}

static inline uint32_t mersenne_old(mersenne *m, int i) {
  for (; m->n_seeded <= i; m->n_seeded++) m->word[m->n_seeded] = mersenne_word(m->word[m->n_seeded - 1], m->n_seeded);
  return m->word[i];
}

/* As gsl_rng_uniform: in [0, 1), a multiple of 2^-32. */
static inline double mersenne_uniform(mersenne *m) {
  const int i = m->next, after = i + 1 == MERSENNE_N ? 0 : i + 1;
  const int other = i + MERSENNE_M < MERSENNE_N ? i + MERSENNE_M : i + MERSENNE_M - MERSENNE_N;
  const uint32_t far = mersenne_old(m, other); /* words before it are seeded by that */
  const uint32_t y = (mersenne_old(m, i) & 0x80000000u) | (mersenne_old(m, after) & 0x7fffffffu);
  uint32_t out = far ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfu : 0);
  m->word[i] = out;
  m->next = after;
  out ^= out >> 11;
  out ^= (out << 7) & 0x9d2c5680u;
  out ^= (out << 15) & 0xefc60000u;
  out ^= out >> 18;
  return (double)out / 4294967296.0;
}

#endif
