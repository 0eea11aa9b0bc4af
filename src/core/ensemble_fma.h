/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ensemble_fma: the fused multiply-add of two lanes where the instruction set has none, from additions and
 * multiplications, with the bits of the instruction.
 *
 * a b + c is known exactly as s - (t + e): the product is p - e (Dekker), and p + c is s - t (Knuth).  With r = t + e
 * rounded, t + e lies between (1 - 2^-51) r and (1 + 2^-51) r, which both are rounded again.  Rounding is monotonic:
 * where s less the one and s less the other round to the same number, a b + c does so, too.  They differ only where
 * that is within 2^-50 of the distance of a tie (Ziv), mostly because c and the factors have few digits and the sum is
 * a tie; then t + e is a number itself, and s - r is rounded once.  What is left goes to the C library.
 *
 * Errors are kept with the minus sign: an exact operation has an error of +0, and s - 0 keeps the sign of a zero s.
 *
 * The error of a product is no number where it is below the smallest one: factors must be 0 or above 2^-480.  What
 * overflows on the way, or is not finite, ends as something other than a number in the difference that is to be zero.
 *
 * References: T. J. Dekker, Numer. Math. 18, 224 (1971); A. Ziv, ACM Trans. Math. Softw. 17, 410 (1991). */
#ifndef DICKEMAP_ENSEMBLE_FMA_H
#define DICKEMAP_ENSEMBLE_FMA_H
#include <emmintrin.h>
#include <math.h>

#define FMA_INLINE static inline __attribute__((always_inline))
typedef __m128d fma_pair;

/* a = high + low, of 26 digits each: every product of two of them is exact. */
FMA_INLINE void fma_split(fma_pair a, fma_pair *high, fma_pair *low) {
  const fma_pair shifted = _mm_set1_pd(0x1p27 + 1.0) * a;
  *high = shifted - (shifted - a);
  *low = a - *high;
}

/* Returns a b rounded, and what it is too large by. */
FMA_INLINE fma_pair fma_product(fma_pair a, fma_pair b, fma_pair *excess) {
  fma_pair a1, a2, b1, b2;
  fma_split(a, &a1, &a2);
  fma_split(b, &b1, &b2);
  const fma_pair p = a * b;
  *excess = (((p - a1 * b1) - a1 * b2) - a2 * b1) - a2 * b2;
  return p;
}

/* The same of a + b. */
FMA_INLINE fma_pair fma_sum(fma_pair a, fma_pair b, fma_pair *excess) {
  const fma_pair s = a + b, of_b = s - a;
  *excess = ((s - of_b) - a) + (of_b - b);
  return s;
}

/* Whether a product with another such factor has an error that is a number. */
FMA_INLINE fma_pair fma_is_factor(fma_pair a) {
  const fma_pair size = _mm_andnot_pd(_mm_set1_pd(-0.0), a);
  return _mm_or_pd(_mm_cmpeq_pd(a, _mm_setzero_pd()), _mm_cmpge_pd(size, _mm_set1_pd(0x1p-480)));
}

/* z, where that is `known`; else what it should be. */
static __attribute__((noinline, cold)) fma_pair fma_resolve(fma_pair a, fma_pair b, fma_pair c, fma_pair z, int known) {
  fma_pair e, t, lost;
  const fma_pair p = fma_product(a, b, &e), s = fma_sum(p, c, &t), once = s - fma_sum(t, e, &lost);
  const fma_pair exact = _mm_and_pd(fma_is_factor(a), fma_is_factor(b));
  const int rounded_once = _mm_movemask_pd(_mm_and_pd(exact, _mm_cmpeq_pd(lost, _mm_setzero_pd())));
  for (int lane = 0; lane < 2; lane++)
    if (!(known >> lane & 1)) z[lane] = rounded_once >> lane & 1 ? once[lane] : fma(a[lane], b[lane], c[lane]);
  return z;
}

/* a b + c, rounded to nearest once. */
FMA_INLINE fma_pair fma_of_pair(fma_pair a, fma_pair b, fma_pair c) {
  fma_pair e, t;
  const fma_pair p = fma_product(a, b, &e), s = fma_sum(p, c, &t), r = t + e;
  const fma_pair z = s - r * _mm_set1_pd(1.0 - 0x1p-51), same = s - r * _mm_set1_pd(1.0 + 0x1p-51);
  const fma_pair exact = _mm_and_pd(fma_is_factor(a), fma_is_factor(b));
  const int known = _mm_movemask_pd(_mm_and_pd(exact, _mm_cmpeq_pd(z - same, _mm_setzero_pd())));
  return __builtin_expect(known == 3, 1) ? z : fma_resolve(a, b, c, z, known);
}

#endif
