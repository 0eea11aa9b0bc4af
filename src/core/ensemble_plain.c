/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ensemble kernel for any CPU: 2 lanes and the C library's fused multiply-add, which is an
 * instruction where the machine has one and correctly rounded software elsewhere. */
#include <math.h>

enum { LANES = 2 };
typedef double vec __attribute__((vector_size(16)));

static inline __attribute__((always_inline)) vec fma_(vec a, vec b, vec c) {
  return (vec){fma(a[0], b[0], c[0]), fma(a[1], b[1], c[1])};
}
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
