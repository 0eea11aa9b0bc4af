/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ensemble kernel for any CPU: 2 lanes.  The fused multiply-add is an instruction where every machine of the
 * architecture has one.  x86-64 does not promise it, and the C library would be asked through a pointer, or take 40
 * times as long in software: there it is made of additions and multiplications (ensemble_fma.h). */
#include <math.h>

enum { LANES = 2 };
typedef double vec __attribute__((vector_size(16)));

#if defined __x86_64__ && !defined __FMA__
#include "ensemble_fma.h"
#define BULKY static __attribute__((noinline))

static inline __attribute__((always_inline)) vec fma_(vec a, vec b, vec c) {
  return fma_of_pair(a, b, c);
}
#else
static inline __attribute__((always_inline)) vec fma_(vec a, vec b, vec c) {
  return (vec){fma(a[0], b[0], c[0]), fma(a[1], b[1], c[1])};
}
#endif
/* As the vector instructions do: the second operand if one is not a number. */
static inline __attribute__((always_inline)) vec max_(vec a, vec b) {
  return (vec){a[0] > b[0] ? a[0] : b[0], a[1] > b[1] ? a[1] : b[1]};
}
static inline __attribute__((always_inline)) vec sqrt_(vec a) {
  return (vec){sqrt(a[0]), sqrt(a[1])};
}

#include "ensemble_body.h"

static bool supported(void) {
  return true;
}

const ensemble_kernel dkm_ensemble_plain = {"plain", LANES, supported, advance};
