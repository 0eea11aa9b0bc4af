/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What records of oscillations say, whatever led to the verdict. */
#include <math.h>
#include <string.h>

#include "inquiry.h"

/* Of the order parameters of a cycle by Newton's method. */
static const double shooting_error = 1e-9;
/* Means over a window of samples are known to this fraction of the amplitude. */
static const double mean_error = 1e-2;

/* Of motion: at rest it would be how fast the trajectory could leave, if anything were left to leave by. */
static void fill_exponent(const dkm_motion *motion, const dkm_exponent_estimate *now, dkm_record *record) {
  if (motion->amplitude <= DKM_LEAST_MOTION) return;
  record->lyapunov = now->rate;
  record->lyapunov_error = now->error;
}

/* How the order parameters oscillate, as far as a window of samples tells. */
static void fill_oscillation(const dkm_inquiry *q, const dkm_motion *motion, dkm_record *record) {
  dkm_record_fill_amplitudes(q, motion->xi_amplitude, record);
  record->frequency_1 = motion->frequency[0];
  record->frequency_2 = motion->frequency[1];
  record->power = motion->power;
  record->power_error = motion->power_error;
}

/* Means of a motion about zero are zero up to the phase at which the window ends; 1: nothing is known. */
static double error_of_means(double drift, double amplitude) {
  return isnan(drift) ? 1.0 : fmin(1.0, fmax(drift, mean_error * amplitude));
}

/* The same of means that may go on to drift, for as long as the trajectory was followed. */
static double error_of_drifting(double drift, double length, double t, double amplitude) {
  return error_of_means(drift * fmax(1.0, t / length), amplitude);
}

/* What chaos adds: each Lyapunov time of the window tells as much as one independent value. But calm and bursts may
 * alternate, and what happened in other windows will come again. */
static double error_of_bursts(const dkm_oscillation *o) {
  return fmin(1.0, o->widest / sqrt(fmax(1.0, o->motion.growth)));
}

/* The same where separations may grow, for all that is known: `drifting`, of error_of_drifting, at least. */
static double error_of_undecided(const dkm_oscillation *o, double drifting) {
  return o->exponent.late_growth > DKM_REGULAR_GROWTH ? fmax(drifting, error_of_bursts(o)) : drifting;
}

/* A drive has rates at every moment. */
static double residual_of(const dkm_inquiry *q) {
  return dkm_inquiry_drive_period(q) > 0.0 ? NAN : dkm_inquiry_residual(q);
}

/* What was measured of each order parameter. */
static void fill_measured(const dkm_inquiry *q, const double *xi, const double *beta_re, const double *beta_im,
                          const double *beta_sq, dkm_record *record) {
  for (int mu = 0; mu < q->system->n_modes; mu++) {
    record->xi[mu] = xi[mu];
    dkm_record_fill_alpha(q->system, mu, beta_re[mu], beta_im[mu], record);
    record->occupation[mu] = q->system->occupation_factor * beta_sq[mu];
  }
}

void dkm_oscillation_fill_undecided(const dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window,
                                    const dkm_lane *lane, dkm_record *record) {
  const dkm_oscillation *o = &a->oscillation;
  dkm_record_fill_common(a, q, window->rms, lane, record);
  dkm_record_fill_means(q, window->mean, window->occupation, record);
  record->residual = residual_of(q);
  record->xi_error = error_of_drifting(a->drift, window->length, lane->t, o->has_motion ? o->motion.amplitude : 0.0);
  if (o->has_motion) record->xi_error = error_of_undecided(o, record->xi_error);
  dkm_record_name_pattern(record, q->system->n_modes);
  record->verdict = DKM_VERDICT_UNDECIDED;
  if (!o->has_motion) return;
  fill_oscillation(q, &o->motion, record);
  fill_exponent(&o->motion, &o->exponent, record);
}

void dkm_oscillation_fill_unseen(const dkm_attractor *a, const dkm_inquiry *q, const dkm_lane *lane,
                                 dkm_record *record) {
  const double *re = q->u + 3 * q->system->n_classes, *im = re + q->system->n_modes;
  dkm_window now = {0}; /* one sample */
  dkm_model_overlaps(q->system, q->u, now.mean, q->scratch);
  for (int mu = 0; mu < q->system->n_modes; mu++) {
    now.rms[mu] = NAN;
    now.occupation[mu] = re[mu] * re[mu] + im[mu] * im[mu];
  }
  dkm_oscillation_fill_undecided(a, q, &now, lane, record);
  fill_measured(q, now.mean, re, im, now.occupation, record);
  record->xi_error = 1.0;
  dkm_record_name_pattern(record, q->system->n_modes);
}

/* What a window of samples shows, whatever the verdict. */
static void fill_motion(const dkm_attractor *a, const dkm_inquiry *q, const dkm_motion *motion, const dkm_lane *lane,
                        dkm_record *record) {
  dkm_record_fill_common(a, q, motion->xi_rms, lane, record);
  fill_measured(q, motion->xi, motion->beta_re, motion->beta_im, motion->beta_sq, record);
  fill_oscillation(q, motion, record);
  record->drift = motion->drift;
}

/* What a cycle is to the map over a period of the drive: a fixed point, or a cycle of so many of them. */
static void fill_response(const dkm_inquiry *q, const dkm_cycle *cycle, dkm_record *record) {
  record->period_multiple = (int32_t)lround(cycle->period / dkm_inquiry_drive_period(q));
  record->power = record->power_error = NAN;
  record->lyapunov = cycle->spectrum.growth_rate; /* there is no direction along the flow */
  if (record->period_multiple > 1) return;
  record->verdict = cycle->precession > 0.0 ? DKM_VERDICT_DARK_PRECESSION : DKM_VERDICT_FIXED_POINT;
  record->how = DKM_HOW_REACHED;
}

void dkm_oscillation_fill_cycle(const dkm_attractor *a, const dkm_inquiry *q, const dkm_cycle *cycle,
                                const dkm_lane *lane, dkm_record *record) {
  const double p = cycle->precession;
  dkm_record_fill_common(a, q, cycle->xi_rms, lane, record);
  dkm_record_fill_amplitudes(q, cycle->xi_amplitude, record);
  fill_measured(q, cycle->xi, cycle->beta_re, cycle->beta_im, cycle->beta_sq, record);
  dkm_record_fill_spectrum(&cycle->spectrum, record);
  record->x_mean = cycle->x_mean;
  record->xi_error = fmax(shooting_error, DKM_PRECESSION_ERROR * p * p);
  dkm_record_name_pattern(record, q->system->n_modes);
  record->verdict = DKM_VERDICT_LIMIT_CYCLE;
  record->drift = cycle->distance;
  record->precession = p;
  record->period = cycle->period;
  record->cycle_residual = cycle->residual;
  record->frequency_1 = 2.0 * M_PI / cycle->period;
  record->lyapunov = record->lyapunov_error = 0.0; /* along the flow; all others decay */
  record->power = record->power_error = 0.0;
  if (p == 0.0) memcpy(q->u, q->scratch, dkm_model_size(q->system) * sizeof *q->u);
  record->residual = residual_of(q);
  if (dkm_inquiry_drive_period(q) > 0.0) fill_response(q, cycle, record);
}

void dkm_oscillation_fill_end(const dkm_attractor *a, const dkm_inquiry *q, dkm_verdict verdict, const dkm_lane *lane,
                              dkm_record *record) {
  const dkm_motion *motion = &a->oscillation.motion;
  const dkm_exponent_estimate *now = &a->oscillation.exponent;
  const double length = 2.0 * M_PI / a->oscillation.bin;
  fill_motion(a, q, motion, lane, record);
  fill_exponent(motion, now, record);
  record->verdict = verdict;
  record->xi_error = error_of_means(motion->drift, motion->amplitude);
  if (verdict == DKM_VERDICT_QUASIPERIODIC) { /* without the transient: over the second half separations grow by shear at most */
    record->lyapunov = now->late_growth / now->late_time;
    record->lyapunov_error = DKM_REGULAR_GROWTH / now->late_time;
  } else if (verdict == DKM_VERDICT_IRREGULAR) {
    record->xi_error = fmax(record->xi_error, error_of_bursts(&a->oscillation));
    record->lyapunov_times = now->rate * now->time;
    record->frequency_1 = record->frequency_2 = NAN; /* its spectrum has no lines */
  } else {
    const double drifting = error_of_drifting(motion->drift, 0.5 * length, lane->t, motion->amplitude);
    record->xi_error = error_of_undecided(&a->oscillation, drifting);
  }
  dkm_record_name_pattern(record, q->system->n_modes);
  record->residual = residual_of(q);
}
