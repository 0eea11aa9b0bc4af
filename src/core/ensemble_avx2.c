/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ensemble kernel for AVX2 with fused multiply-add: 4 lanes. */
#include <immintrin.h>

enum { LANES = 4 };
typedef double vec __attribute__((vector_size(32)));

static inline __attribute__((always_inline)) vec fma_(vec a, vec b, vec c) {
  return _mm256_fmadd_pd(a, b, c);
}
static inline __attribute__((always_inline)) vec max_(vec a, vec b) {
  return _mm256_max_pd(a, b);
}
static inline __attribute__((always_inline)) vec sqrt_(vec a) {
  return _mm256_sqrt_pd(a);
}

#include "ensemble_body.h"

static bool supported(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

const ensemble_kernel dkm_ensemble_avx2 = {"avx2", LANES, supported, advance};
