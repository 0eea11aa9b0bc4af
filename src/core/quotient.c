/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A start without perturbation as a system of one class and one mode. */
#include "dickemap/quotient.h"

#include <math.h>

#include "dickemap/fixedpoint.h"
#include "dickemap/theory.h"
#include "inquiry.h"

bool dkm_quotient_applies(const dkm_point *point) {
  return point->perturbation == 0.0;
}

dkm_system dkm_quotient_system(void) {
  dkm_system system;
  dkm_system_of_patterns(&system, DKM_GAUGED, 1, NULL); /* cannot fail for M = 1 */
  return system;
}

dkm_point dkm_quotient_point(const dkm_point *point) {
  const int nu = point->pattern - 1;
  dkm_point small = *point; /* what has no mode, pattern or tilt in it is the same */
  small.Omega_mu[0] = point->Omega_mu[nu];
  small.kappa_mu[0] = point->kappa_mu[nu];
  small.pattern = 1;
  small.seed = 0;
  return small;
}

void dkm_quotient_reduce_state(const dkm_system *system, const dkm_point *point, const double *u,
                               double *small_state) {
  const int64_t K = system->n_classes;
  const int nu = point->pattern - 1, sign = dkm_system_coupling(system, nu, 0);
  small_state[0] = u[0];
  small_state[1] = sign * u[K];
  small_state[2] = sign * u[2 * K];
  small_state[3] = u[3 * K + nu];
  small_state[4] = u[3 * K + system->n_modes + nu];
}

void dkm_quotient_lift_state(const dkm_system *system, const dkm_point *point, const double *small_state,
                             double *u) {
  const int64_t K = system->n_classes;
  const int M = system->n_modes, nu = point->pattern - 1;
  for (int64_t k = 0; k < K; k++) {
    const int sign = dkm_system_coupling(system, nu, k);
    u[k] = small_state[0];
    u[K + k] = sign * small_state[1];
    u[2 * K + k] = sign * small_state[2];
  }
  for (int i = 0; i < 2 * M; i++) u[3 * K + i] = 0.0;
  u[3 * K + nu] = small_state[3];
  u[3 * K + M + nu] = small_state[4];
}

dkm_status dkm_quotient_lift_record(const dkm_system *system, const dkm_point *point, const double *small_state,
                                    const dkm_record *small_record, dkm_record *record, dkm_error *err) {
  const int M = system->n_modes, nu = point->pattern - 1;
  const double root_K = system->alpha_factor;
  *record = *small_record;
  for (int mu = 0; mu < M; mu++) {
    record->xi[mu] = record->xi_rms[mu] = record->occupation[mu] = record->alpha_re[mu] = record->alpha_im[mu] = 0.0;
    record->xi_limit[mu] = isnan(small_record->xi_limit[0]) ? NAN : 0.0;
    record->xi_amplitude[mu] = isnan(small_record->xi_amplitude[0]) ? NAN : 0.0;
  }
  record->xi_limit[nu] = small_record->xi_limit[0];
  record->xi_amplitude[nu] = small_record->xi_amplitude[0];
  record->xi[nu] = small_record->xi[0];
  record->xi_rms[nu] = small_record->xi_rms[0];
  record->occupation[nu] = root_K * root_K * small_record->occupation[0];
  record->alpha_re[nu] = root_K * small_record->alpha_re[0];
  record->alpha_im[nu] = root_K * small_record->alpha_im[0];
  record->retrieved = (int8_t)(small_record->retrieved * point->pattern); /* 1, -1 or 0 */
  record->g_retrieve = dkm_theory_g_retrieve(system, point, nu);
  if (small_record->verdict != DKM_VERDICT_FIXED_POINT) return DKM_OK;

  dkm_spectrum spectrum;
  dkm_status status = dkm_fixedpoint_symmetric_spectrum(system, point, small_state, &spectrum, err);
  if (status == DKM_NUMERIC) { /* no field, no spectrum */
    record->growth_rate = record->decay_rate = NAN;
    return DKM_OK;
  }
  if (status != DKM_OK) return status;
  dkm_record_fill_spectrum(&spectrum, record);
  return DKM_OK;
}
