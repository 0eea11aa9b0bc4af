/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loops of finite-N dynamics for AVX2. */
#include "finite_kernel_body.h"

const finite_kernel dkm_finite_kernel_avx2 = {"avx2", combine, size, pure, density};
