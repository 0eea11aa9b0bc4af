/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_kernel: the loops of finite-N dynamics that take the time, one table of functions for each instruction set.
 *
 * All of them are made of the same additions and multiplications in the same order (finite_kernel_body.h), none is fused: the same
 * bits from each. */
#ifndef DICKEMAP_FINITE_KERNEL_H
#define DICKEMAP_FINITE_KERNEL_H
#include "finite_space.h"

enum { FINITE_LANES = 8 }; /* columns of a density matrix that are taken at once */

typedef struct finite_kernel {
  const char *cpu;

  /* out[i] = y[i] + sum_j c[j] k[j][i], i < n, j < count <= 12; out may be y. */
  void (*combine)(int64_t n, double *out, const double *y, int count, const double *c, const double *const *k);

  /* sum_i (sum_j c[j] k[j][i])^2 */
  double (*size)(int64_t n, int count, const double *c, const double *const *k);

  /* out = A psi; each 2*rows values, planes.  work: 2*rows. */
  void (*pure)(const finite_operator *op, const double *psi, double *out, double *work);

  /* out = A rho + rho A^+ + sum_mu kappa_mu b_mu rho b_mu^+; P and out as in finite_space.h; work: 6*rows*FINITE_LANES. */
  void (*density)(const finite_operator *op, const double *P, double *out, double *work);
} finite_kernel;

extern const finite_kernel dkm_finite_kernel_plain;
#if defined(__x86_64__)
extern const finite_kernel dkm_finite_kernel_avx2;
#endif

/* That of an instruction set, or of the fastest one below it; NULL: the fastest of this machine. */
const finite_kernel *dkm_finite_kernel_of(const char *cpu);

#endif
