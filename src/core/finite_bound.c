/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_bound: what E_N(t) cannot exceed, see dickemap/finite.h.
 *
 * The sharper constant.  With E = m^N - m, b_mu = <A^+A + AA^+> and S_k = sum_a <E_a,k^2>, large spins conserve <S_k^2> and the mean
 * field |m_k|, so that S_k' = -2 d(m_k.<m_k^N>)/dt; of that only 4 g sum_mu f <(A + A^+)(m_x E_y - m_y E_x)> is left, at most
 * 4 sqrt(2) g sqrt(b_mu S_k) a pair, since (A + A^+)^2 <= 2 (A^+A + AA^+).  b_mu' = -2 kappa_mu <A^+A> + ..., at most
 * 2 sqrt(2) g sqrt(b_mu S_k) a pair.  Together 6 sqrt(2) g sum sqrt(b_mu S_k) <= 3 sqrt(2) g sqrt(M K) E_N, and g = g0/sqrt(K). */
#include <math.h>

#include "dickemap/exponent.h"

#include "finite_check.h"

double dkm_finite_constant_paper(const dkm_finite_model *model) {
  if (finite_model_has_losses(model)) return NAN;
  const int M = model->n_modes, K = dkm_finite_classes(model);
  const double g = fabs(model->g0) / sqrt((double)K), all = 2.0 * K; /* 2^M */
  double beta = 0.0, Gamma = 0.0;
  for (int mu = 0; mu < M; mu++) {
    const double alpha = sqrt(model->alpha_re[mu] * model->alpha_re[mu] + model->alpha_im[mu] * model->alpha_im[mu]);
    beta = fmax(beta, 2.0 * (alpha + (g > 0.0 ? sqrt(3.0) * all * g / model->kappa_mu[mu] : 0.0)));
    Gamma = fmax(Gamma, fabs(model->Omega_mu[mu]) + 0.5 * model->kappa_mu[mu]);
  }
  const double c0 = 12.0 * fabs(model->Omega) + 24.0 * M * g + (g > 0.0 ? 12.0 * g * M * beta : 0.0);
  const double d0 = 2.0 * (Gamma + K * g);
  return 2.0 * M * d0 + 3.0 * K * c0;
}

double dkm_finite_constant(const dkm_finite_model *model) {
  if (finite_model_has_losses(model)) return NAN;
  return 3.0 * sqrt(2.0) * sqrt((double)model->n_modes) * fabs(model->g0);
}

double dkm_finite_start_error(const dkm_finite_model *model) {
  if (!finite_model_has_losses(model)) return (2.0 * dkm_finite_classes(model) + model->n_modes) / model->spins_per_class;
  double sum = model->n_modes;
  for (int k = 0; k < dkm_finite_classes(model); k++) {
    double m[3];
    dkm_finite_spin(model, k, m);
    sum += 3.0 - (m[0] * m[0] + m[1] * m[1] + m[2] * m[2]);
  }
  return sum / model->spins_per_class;
}

double dkm_finite_log_bound(const dkm_finite_model *model, double C, double t) {
  return dkm_exponent_log(dkm_finite_start_error(model)) + (t > 0.0 || isnan(C) ? C * t : 0.0); /* also of an infinite C */
}
