/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_check: see finite_check.h and dkm_finite_check in dickemap/finite.h. */
#include "finite_check.h"

#include <math.h>

static const double unit_tolerance = 1e-9; /* of |m_k(0)|, within which it is 1 */

static bool is_rate(double x) {
  return isfinite(x) && x >= 0.0;
}

static double length_of(const double *s) {
  return sqrt(s[0] * s[0] + s[1] * s[1] + s[2] * s[2]);
}

static dkm_status check_model(const dkm_finite_model *m, dkm_error *err) {
  if (m->n_modes < 1 || m->n_modes > DKM_FINITE_MAX_MODES)
    return dkm_fail(err, DKM_INPUT, "finitely many spins: %d modes; 1 ... %d are possible", m->n_modes, DKM_FINITE_MAX_MODES);
  if (m->spins_per_class < 1)
    return dkm_fail(err, DKM_INPUT, "spins_per_class is %d; it must be at least 1", m->spins_per_class);
  if (!isfinite(m->g0) || !isfinite(m->Omega)) return dkm_fail(err, DKM_INPUT, "g0 and Omega must be finite");
  for (int mu = 0; mu < m->n_modes; mu++) {
    if (!isfinite(m->Omega_mu[mu])) return dkm_fail(err, DKM_INPUT, "Omega_mu[%d] must be finite", mu + 1);
    if (!is_rate(m->kappa_mu[mu])) return dkm_fail(err, DKM_INPUT, "kappa_mu[%d] is %g; it must be >= 0", mu + 1, m->kappa_mu[mu]);
    if (!isfinite(m->alpha_re[mu]) || !isfinite(m->alpha_im[mu]))
      return dkm_fail(err, DKM_INPUT, "the amplitude of mode %d at the start must be finite", mu + 1);
  }
  if (!is_rate(m->gamma_down) || !is_rate(m->gamma_up) || !is_rate(m->gamma_phi))
    return dkm_fail(err, DKM_INPUT, "gamma_down, gamma_up and gamma_phi must be >= 0");
  for (int k = 0; k < dkm_finite_classes(m); k++) {
    const double length = length_of(m->spin[k]);
    if (!(length <= 1.0 + unit_tolerance))
      return dkm_fail(err, DKM_INPUT, "the spins of class %d start with length %.12g; no spin is longer than 1", k + 1, length);
    if (length < 1.0 - unit_tolerance && !finite_model_has_losses(m))
      return dkm_fail(err, DKM_INPUT, "the spins of class %d start with length %.12g; without losses of single spins it must be 1",
                      k + 1, length);
  }
  return DKM_OK;
}

void dkm_finite_spin(const dkm_finite_model *model, int k, double *m) {
  const double *s = model->spin[k], length = length_of(s);
  const bool pure = length >= 1.0 - unit_tolerance;
  for (int a = 0; a < 3; a++) m[a] = pure ? s[a] / length : s[a];
}

dkm_status dkm_finite_check(const dkm_finite_model *model, int64_t n_times, const double *times, const dkm_finite_how *how,
                            dkm_error *err) {
  const dkm_status status = check_model(model, err);
  if (status) return status;
  if (n_times < 1) return dkm_fail(err, DKM_INPUT, "no times are asked for");
  for (int64_t i = 0; i < n_times; i++)
    if (!isfinite(times[i]) || times[i] < 0.0 || (i > 0 && times[i] <= times[i - 1]))
      return dkm_fail(err, DKM_INPUT, "time %lld is %g; times must be >= 0 and rise", (long long)i + 1, times[i]);
  if (!how) return DKM_OK;
  if (!(how->tolerance == 0.0 || (how->tolerance >= 1e-14 && how->tolerance <= 1e-2)))
    return dkm_fail(err, DKM_INPUT, "the tolerance of steps is %g; 1e-14 ... 1e-2 are possible", how->tolerance);
  if (!(how->edge == 0.0 || (how->edge >= 1e-20 && how->edge <= 1e-2)))
    return dkm_fail(err, DKM_INPUT, "the weight at the edge is %g; 1e-20 ... 1e-2 are possible", how->edge);
  if (!(how->memory >= 0.0)) return dkm_fail(err, DKM_INPUT, "%g bytes of memory are no limit", how->memory);
  if (how->n_trajectories < 0 || how->n_trajectories == 1)
    return dkm_fail(err, DKM_INPUT, "%lld trajectories; a standard error needs 2", (long long)how->n_trajectories);
  const bool lossy = finite_model_has_losses(model), symmetric = how->method == DKM_FINITE_SYMMETRIC;
  if (lossy && how->method != DKM_FINITE_AUTO && !symmetric)
    return dkm_fail(err, DKM_INPUT, "losses of single spins leave the large spins' space: they need method symmetric");
  if (symmetric || lossy) {
    if (model->n_modes != 1) return dkm_fail(err, DKM_INPUT, "losses of single spins are computed for one mode, not %d", model->n_modes);
    if (model->spins_per_class > DKM_FINITE_MAX_SYMMETRIC)
      return dkm_fail(err, DKM_INPUT, "spins_per_class is %d; with losses of single spins at most %d are possible",
                      model->spins_per_class, DKM_FINITE_MAX_SYMMETRIC);
  }
  return DKM_OK;
}

dkm_finite_how dkm_finite_how_complete(const dkm_finite_how *how) {
  dkm_finite_how out = how ? *how : (dkm_finite_how){0};
  if (out.frame == DKM_FINITE_BEST) out.frame = DKM_FINITE_FOLLOWING;
  const bool sampled = out.method == DKM_FINITE_TRAJECTORIES; /* which have errors of 1/sqrt(n) */
  if (out.tolerance == 0.0) out.tolerance = sampled ? DKM_FINITE_TOLERANCE_SAMPLED : DKM_FINITE_TOLERANCE;
  if (out.edge == 0.0) out.edge = sampled ? DKM_FINITE_EDGE_SAMPLED : DKM_FINITE_EDGE;
  if (out.memory == 0.0) out.memory = DKM_FINITE_MEMORY;
  if (out.n_trajectories == 0) out.n_trajectories = DKM_FINITE_N_TRAJECTORIES;
  return out;
}
