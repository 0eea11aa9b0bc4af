/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ensemble kernel for AVX-512: 8 lanes. */
#include <immintrin.h>

enum { LANES = 8 };
typedef double vec __attribute__((vector_size(64)));

static inline __attribute__((always_inline)) vec fma_(vec a, vec b, vec c) {
  return _mm512_fmadd_pd(a, b, c);
}
static inline __attribute__((always_inline)) vec max_(vec a, vec b) {
  return _mm512_max_pd(a, b);
}
static inline __attribute__((always_inline)) vec sqrt_(vec a) {
  return _mm512_sqrt_pd(a);
}

#include "ensemble_body.h"

static bool supported(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

const ensemble_kernel dkm_ensemble_avx512 = {"avx512", LANES, supported, advance};
