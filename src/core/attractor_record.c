/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What verdicts put into the record of a trajectory. */
#include <math.h>
#include <string.h>

#include "inquiry.h"

void dkm_record_fill_alpha(const dkm_system *system, int mu, double beta_re, double beta_im, dkm_record *record) {
  record->alpha_re[mu] = system->alpha_factor * beta_re;
  record->alpha_im[mu] = system->alpha_factor * beta_im;
}

/* relaxation_time is when overlaps are this close to their limit. */
static const double relaxed = 1e-3;
/* What Newton's method leaves, and what rounding of the parameters makes of a small overlap, a square root. */
static const double newton_error = 1e-12, root_error = 1e-15;

void dkm_record_fill_relaxation(dkm_record *record, double t, double distance, double rate, double error) {
  record->relaxation_rate = rate;
  record->relaxation_rate_error = error;
  /* The C library's logarithm may differ in the last bit from one processor to another. */
  if (rate > error) /* else nobody knows */
    record->relaxation_time = t + (distance > relaxed ? dkm_exponent_log(distance / relaxed) / rate : 0.0);
}

void dkm_record_fill_amplitudes(const dkm_inquiry *q, const double *xi_amplitude, dkm_record *record) {
  record->amplitude = 0.0;
  for (int mu = 0; mu < q->system->n_modes; mu++) {
    record->xi_amplitude[mu] = xi_amplitude[mu];
    record->amplitude = fmax(record->amplitude, xi_amplitude[mu]);
  }
}

double dkm_record_newton_error(const dkm_inquiry *q, const double *xi) {
  double largest = 0.0;
  for (int mu = 0; mu < q->system->n_modes; mu++) largest = fmax(largest, fabs(xi[mu]));
  return newton_error + (largest > 0.0 ? root_error / fmax(largest, 1e-9) : 0.0);
}

void dkm_record_fill_common(const dkm_attractor *a, const dkm_inquiry *q, const double *xi_rms, const dkm_lane *lane,
                            dkm_record *record) {
  dkm_record_clear(record);
  record->t_end = lane ? lane->t : 0.0;
  record->steps = lane ? dkm_inquiry_steps(a, lane) : 0;
  record->drift = lane ? a->drift : 0.0;
  for (int mu = 0; mu < q->system->n_modes; mu++) record->xi_rms[mu] = xi_rms ? xi_rms[mu] : 0.0;
}

void dkm_record_fill_spectrum(const dkm_spectrum *spectrum, dkm_record *record) {
  record->growth_rate = spectrum->growth_rate;
  record->decay_rate = spectrum->decay_rate;
  record->n_unstable = (int32_t)spectrum->n_unstable;
  record->n_neutral = (int32_t)spectrum->n_neutral;
}

void dkm_record_fill_stationary(const dkm_inquiry *q, const dkm_fixedpoint *fixed, const double *state,
                                const dkm_spectrum *spectrum, dkm_record *record) {
  const int M = q->system->n_modes;
  const double *re = state + 3 * q->system->n_classes, *im = re + M;
  for (int mu = 0; mu < M; mu++) {
    record->xi[mu] = fixed->xi[mu];
    dkm_record_fill_alpha(q->system, mu, re[mu], im[mu], record);
    record->occupation[mu] = q->system->occupation_factor * (re[mu] * re[mu] + im[mu] * im[mu]);
  }
  record->drift = fixed->distance;
  record->precession = fixed->precession;
  if (spectrum) dkm_record_fill_spectrum(spectrum, record);
}

void dkm_record_fill_means(const dkm_inquiry *q, const double *xi, const double *occupation, dkm_record *record) {
  const dkm_point *point = q->point;
  for (int mu = 0; mu < q->system->n_modes; mu++) {
    const double D = dkm_point_D(point, mu);
    const double factor = -point->g0 * xi[mu] / D;
    /* With unbalanced couplings by means of y as well, with a drive by those of a product. */
    const bool known = (point->imbalance == 0.0 && dkm_inquiry_drive_period(q) == 0.0) || point->g0 == 0.0;
    record->xi[mu] = xi[mu];
    dkm_record_fill_alpha(q->system, mu, known ? factor * point->Omega_mu[mu] : NAN,
                          known ? factor * 0.5 * point->kappa_mu[mu] : NAN, record);
    /* Means of beta leave out what it changed by in the window: never above the mean of |beta|^2. */
    record->occupation[mu] =
        fmax(q->system->occupation_factor * occupation[mu],
             record->alpha_re[mu] * record->alpha_re[mu] + record->alpha_im[mu] * record->alpha_im[mu]);
  }
}
