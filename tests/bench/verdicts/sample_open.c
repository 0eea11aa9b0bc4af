/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random points with losses of single spins, or with unequal co- and counter-rotating couplings (sample.h). */
#include <math.h>
#include <stdbool.h>

#include "sample.h"

int sample_open_point(uint64_t seed, kind k, int64_t index, dkm_point *p) {
  uint64_t state = sample_stream(seed, k, index);
  const int M = 1 + sample_one_of(&state, 3);
  const double sign = sample_one_of(&state, 6) == 0 ? -1.0 : 1.0;
  const bool both = sample_one_of(&state, 4) == 0;
  *p = (dkm_point){.Omega = sample_log_uniform(&state, 0.2, 5.0)};
  for (int mu = 0; mu < M; mu++) {
    p->Omega_mu[mu] = sign * (both && mu > 0 ? -1.0 : 1.0) * sample_log_uniform(&state, 0.2, 5.0);
    p->kappa_mu[mu] = sample_log_uniform(&state, 0.2, 5.0);
  }
  p->g0 = sample_g_least(p, M) * sample_log_uniform(&state, 0.5, 5.0);
  p->pattern = 1 + sample_one_of(&state, M);
  p->overlap = sample_one_of(&state, 4) == 0 ? 1.0 : 2.0 * sample_uniform(&state) - 1.0;
  const bool exact = sample_one_of(&state, 4) == 0 && M == 1; /* of more modes, rounding leaves the cue's subspace */
  p->perturbation = exact ? 0.0 : sample_log_uniform(&state, 1e-3, 0.3);
  p->seed = sample_one_of(&state, 1 << 20);
  if (k != UNBALANCED) {
    const int which = 1 + sample_one_of(&state, 7); /* at least one of the three */
    if (which & 1) p->gamma_down = sample_log_uniform(&state, 1e-3, 1.0);
    if (which & 2) p->gamma_up = sample_log_uniform(&state, 1e-3, 1.0);
    if (which & 4) p->gamma_phi = sample_log_uniform(&state, 1e-3, 1.0);
  }
  if (k != LOSSES) p->imbalance = 2.0 * sample_uniform(&state) - 1.0;
  return M;
}
