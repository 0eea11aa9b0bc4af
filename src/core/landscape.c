/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Lyapunov function and its landscape. */
#include "dickemap/landscape.h"

int dkm_landscape_sign(const dkm_patterns *patterns, const dkm_point *point) {
  const int sign = point->Omega_mu[0] > 0.0 ? 1 : -1;
  if (!(point->g0 > 0.0) || point->Omega == 0.0) return 0;
  for (int mu = 1; mu < patterns->n_modes; mu++)
    if ((point->Omega_mu[mu] > 0.0 ? 1 : -1) != sign) return 0;
  return sign;
}
