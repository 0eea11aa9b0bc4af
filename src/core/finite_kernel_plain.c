/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loops of finite-N dynamics for any CPU, and which ones this machine runs. */
#include <string.h>

#include "finite_kernel_body.h"

const finite_kernel dkm_finite_kernel_plain = {"plain", combine, size, pure, density};

const finite_kernel *dkm_finite_kernel_of(const char *cpu) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && !(cpu && strcmp(cpu, "plain") == 0)) return &dkm_finite_kernel_avx2;
#endif
  return &dkm_finite_kernel_plain;
}
