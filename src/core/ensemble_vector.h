/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ensemble_vector: arithmetic on vectors of LANES doubles, the same bits on every instruction set: what GCC's
 * vector types do not offer, and powers for step sizes from exponents and short polynomials instead of a vector
 * math library, whose last bits differ between instruction sets.
 *
 * The file that includes this defines `vec`, LANES, `fma_`, `max_` and `sqrt_`, and perhaps BULKY. */
#ifndef DICKEMAP_ENSEMBLE_VECTOR_H
#define DICKEMAP_ENSEMBLE_VECTOR_H
#include <stdbool.h>
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))
/* Functions of many multiply-adds: as good as INLINE, unless that is dozens of instructions for each. */
#ifndef BULKY
#define BULKY INLINE
#endif
typedef int64_t ivec __attribute__((vector_size(sizeof(vec))));

INLINE vec set(double a) {
  return a - (vec){0};
}
INLINE vec load(const double *p) {
  return *(const vec *)p;
}
INLINE void store(double *p, vec a) {
  *(vec *)p = a;
}
INLINE vec abs_(vec a) {
  return (vec)((ivec)a & (INT64_MAX - (ivec){0}));
}
INLINE vec choose(ivec mask, vec yes, vec no) {
  return (vec)((mask & (ivec)yes) | (~mask & (ivec)no));
}
INLINE vec min_(vec a, vec b) {
  return -max_(-a, -b);
}

/* log2(a) within 1e-2 for normal a > 0: the exponent, and a parabola that meets log2 at the mantissas 1, sqrt 2
 * and 2. A step is the 1/P-th power of such a number: 0.05 % of accuracy. */
INLINE vec log2_rough(vec a) {
  const ivec bits = (ivec)a;
  /* The exponent field as a double: or-ing it into 2^52 writes it into the lowest bits. */
  const vec exponent = (vec)((int64_t)0x4330000000000000 | (ivec)((bits >> 52) & 0x7ff)) - set(0x1p52 + 1023.0);
  const vec mantissa = (vec)((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  return exponent + fma_(fma_(set(-0.35355339), mantissa, set(2.06066017)), mantissa, set(-1.70710678));
}

/* 2^a within 1e-3 for |a| < 1000: 2^round(a) times a cubic. */
INLINE vec exp2_rough(vec a) {
  const vec shifted = a + set(0x1.8p52); /* its lowest bits hold round(a) */
  const vec f = a - (shifted - set(0x1.8p52));
  const vec p = fma_(fma_(fma_(set(0.0555), f, set(0.2402)), f, set(0.69315)), f, set(1.0));
  return (vec)((ivec)p + ((ivec)shifted << 52));
}

INLINE bool any(ivec mask) {
  int64_t all = 0;
  for (int lane = 0; lane < LANES; lane++) all |= mask[lane];
  return all != 0;
}

#endif
