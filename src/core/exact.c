/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Outcomes that are known at time 0, and the fixed points with every spin along its field.
 *
 *   g0 = 0       spins precess about x at 2 Omega for ever, modes stay empty: xi_mu(t) = Re (xi_mu + i eta_mu) exp(2 i Omega t),
 *                eta_mu = sum_k w_k f_{mu,k} y_k
 *   Omega = 0    z and xi are constants; beta_mu -> -i g0 xi_mu/(i Omega_mu + kappa_mu/2); spins precess about z at 2 g0 h_k
 *   at rest      a start on which nothing moves
 *   losses       without coupling or splitting nothing holds what y and z lose: spins end along x (balanced couplings; dephasing
 *                alone: without coupling only, x stays where it is)
 *   g0 <= g_c of the normal state, where the theorem holds (landscape.h): xi -> 0 */
#include <math.h>
#include <string.h>

#include "inquiry.h"

/* xi_error where order parameters are known in closed form: rounding. */
static const double rounding = 1e-14;

static void fill_settled(const dkm_inquiry *q, dkm_verdict verdict, dkm_record *record) {
  record->verdict = (uint8_t)verdict;
  record->how = DKM_HOW_SETTLED;
  record->t_settled = 0.0;
  dkm_record_name_pattern(record, q->system->n_modes);
}

/* The largest part of a spin across x (of = 0) or across z (of = 2). */
static double largest_across(const dkm_inquiry *q, int of, const double *h) {
  const int64_t K = q->system->n_classes;
  const double *a = q->u + (of == 0 ? 2 * K : 0), *y = q->u + K;
  double largest = 0.0;
  for (int64_t k = 0; k < K; k++)
    if (!h || h[k] != 0.0) largest = fmax(largest, sqrt(a[k] * a[k] + y[k] * y[k]));
  return largest;
}

static void without_coupling(const dkm_inquiry *q, dkm_record *record) {
  const int64_t K = q->system->n_classes;
  const int M = q->system->n_modes;
  const double Omega = fabs(q->point->Omega), across = Omega > 0.0 ? largest_across(q, 0, NULL) : 0.0;
  double xi[DKM_MAX_MODES], eta[DKM_MAX_MODES], zero[DKM_MAX_MODES] = {0}, largest = 0.0;
  dkm_model_overlaps(q->system, q->u, xi, q->scratch);
  dkm_system_sums(q->system, q->u + K, eta, q->scratch);
  memset(q->u + 3 * K, 0, 2 * (size_t)M * sizeof *q->u); /* what a drive has left in modes decays */
  dkm_record_fill_common(NULL, q, NULL, NULL, record);
  dkm_record_fill_means(q, Omega > 0.0 ? zero : xi, zero, record);
  record->residual = dkm_inquiry_residual(q);
  record->xi_error = rounding;
  record->precession = across;
  if (across == 0.0) {
    fill_settled(q, DKM_VERDICT_FIXED_POINT, record);
    return;
  }
  for (int mu = 0; mu < M; mu++) {
    const double amplitude = sqrt(xi[mu] * xi[mu] + eta[mu] * eta[mu]);
    record->xi_rms[mu] = amplitude * M_SQRT1_2;
    record->xi_amplitude[mu] = amplitude;
    largest = fmax(largest, amplitude);
  }
  if (largest <= rounding * q->system->largest) { /* classes precess against each other */
    for (int mu = 0; mu < M; mu++) record->xi_rms[mu] = 0.0;
    for (int mu = 0; mu < M; mu++) record->xi_amplitude[mu] = NAN;
    fill_settled(q, DKM_VERDICT_DARK_PRECESSION, record);
    return;
  }
  record->amplitude = largest;
  record->cycle_residual = 0.0;
  record->period = M_PI / Omega;
  record->frequency_1 = 2.0 * Omega;
  record->lyapunov = record->lyapunov_error = 0.0;
  fill_settled(q, DKM_VERDICT_LIMIT_CYCLE, record);
}

static void without_splitting(const dkm_inquiry *q, dkm_record *record) {
  const int64_t K = q->system->n_classes;
  const int M = q->system->n_modes;
  const dkm_point *point = q->point;
  double xi[DKM_MAX_MODES], amplitude[DKM_MAX_MODES], occupation[DKM_MAX_MODES];
  dkm_model_overlaps(q->system, q->u, xi, q->scratch);
  for (int mu = 0; mu < M; mu++) {
    double *re = &q->u[3 * K + mu], *im = &q->u[3 * K + M + mu];
    dkm_point_steady_mode(point, mu, xi[mu], re, im);
    amplitude[mu] = 2.0 * *re;
    occupation[mu] = *re * *re + *im * *im;
  }
  dkm_system_fields(q->system, amplitude, q->scratch);
  const double across = largest_across(q, 2, q->scratch);
  dkm_record_fill_common(NULL, q, NULL, NULL, record);
  dkm_record_fill_means(q, xi, occupation, record);
  record->residual = dkm_inquiry_residual(q);
  record->xi_error = rounding;
  record->precession = across;
  fill_settled(q, across > 0.0 ? DKM_VERDICT_DARK_PRECESSION : DKM_VERDICT_FIXED_POINT, record);
}

/* Every spin goes to where its losses take it, and modes are empty in the end. Returns false if there is no such state. */
static bool relax_alone(const dkm_inquiry *q, dkm_record *record) {
  dkm_fixedpoint fixed;
  dkm_spectrum spectrum;
  if (!dkm_fixedpoint_near(q->workspace, q->point, q->u, true, &fixed, q->scratch)) return false;
  const double distance = fixed.distance;
  bool empty = true; /* modes: else what a drive has left in them decays as well */
  for (int64_t i = 3 * q->system->n_classes; i < 3 * q->system->n_classes + 2 * q->system->n_modes; i++)
    empty = empty && q->u[i] == 0.0;
  memcpy(q->u, q->scratch, dkm_model_size(q->system) * sizeof *q->u);
  const bool has_spectrum = dkm_fixedpoint_spectrum(q->workspace, q->point, q->u, -1, 0.0, &spectrum, NULL) == DKM_OK;
  dkm_record_fill_common(NULL, q, NULL, NULL, record);
  dkm_record_fill_stationary(q, &fixed, q->u, has_spectrum ? &spectrum : NULL, record);
  record->residual = fixed.residual;
  record->xi_error = rounding;
  double rate = dkm_point_gamma_T(q->point);
  for (int mu = 0; mu < q->system->n_modes; mu++)
    if (!empty || q->point->g0 != 0.0) rate = fmin(rate, 0.5 * q->point->kappa_mu[mu]);
  dkm_record_fill_relaxation(record, 0.0, distance, rate, 0.0);
  fill_settled(q, DKM_VERDICT_FIXED_POINT, record);
  return true;
}

/* Whether all spins are along x and all modes empty: nothing but losses moves them. */
static bool is_on_axis(const dkm_inquiry *q) {
  const size_t size = dkm_model_size(q->system);
  for (size_t i = (size_t)q->system->n_classes; i < size; i++)
    if (q->u[i] != 0.0) return false;
  return true;
}

/* How far overlaps can be from those of `state` in the course of a precession, whatever its phase is now: y and z
 * turn into each other. */
static double largest_swing(const dkm_inquiry *q, const double *state) {
  const int64_t K = q->system->n_classes;
  double largest = 0.0;
  for (int64_t k = K; k < 2 * K; k++) {
    const double y = q->u[k] - state[k], z = q->u[K + k] - state[K + k];
    largest = fmax(largest, sqrt(y * y + z * z));
  }
  return largest;
}

void dkm_exact_fill_aligned(const dkm_attractor *a, const dkm_inquiry *q, const double *xi, const double *xi_rms,
                            const dkm_lane *lane, dkm_record *record) {
  const int M = q->system->n_modes;
  double now[DKM_MAX_MODES], distance = 0.0;
  dkm_fixedpoint fixed;
  dkm_spectrum spectrum;
  const double L_end = dkm_landscape_value(q->landscape, q->u);
  dkm_model_overlaps(q->system, q->u, now, q->scratch);
  dkm_landscape_aligned_state(q->landscape, xi, q->scratch);
  const double swing = largest_swing(q, q->scratch);
  memcpy(q->u, q->scratch, dkm_model_size(q->system) * sizeof *q->u);
  if (dkm_fixedpoint_near(q->workspace, q->point, q->u, true, &fixed, q->scratch))
    memcpy(q->u, q->scratch, dkm_model_size(q->system) * sizeof *q->u);
  else { /* at a threshold Newton's method may crawl: what it started from is the minimum already */
    fixed = (dkm_fixedpoint){.residual = dkm_inquiry_residual(q)};
    memcpy(fixed.xi, xi, (size_t)M * sizeof *xi);
  }
  for (int mu = 0; mu < M; mu++) distance = fmax(distance, fabs(now[mu] - fixed.xi[mu]));
  const bool has_spectrum = dkm_fixedpoint_spectrum(q->workspace, q->point, q->u, -1, 0.0, &spectrum, NULL) == DKM_OK;
  dkm_record_fill_common(a, q, xi_rms, lane, record);
  dkm_record_fill_stationary(q, &fixed, q->u, has_spectrum ? &spectrum : NULL, record);
  record->drift = distance;
  record->residual = fixed.residual;
  record->xi_error = dkm_record_newton_error(q, fixed.xi);
  record->L_end = L_end;
  record->L_limit = dkm_landscape_value(q->landscape, q->u);
  if (has_spectrum) dkm_record_fill_relaxation(record, record->t_end, swing, spectrum.decay_rate, 0.0);
  dkm_record_name_pattern(record, q->system->n_modes);
}

/* Every spin that is not dark goes to its field. */
static void below_threshold(const dkm_inquiry *q, dkm_record *record) {
  const double none[DKM_MAX_MODES] = {0};
  const int M = q->system->n_modes;
  const size_t size = dkm_model_size(q->system);
  if (dkm_landscape_full_rank(q->system)) {
    dkm_exact_fill_aligned(NULL, q, none, NULL, NULL, record);
    record->xi_error = rounding;
    fill_settled(q, DKM_VERDICT_FIXED_POINT, record);
    return;
  }
  dkm_spectrum spectrum;
  double now[DKM_MAX_MODES];
  dkm_model_overlaps(q->system, q->u, now, q->scratch);
  dkm_landscape_aligned_state(q->landscape, none, q->scratch);
  const bool has_spectrum =
      dkm_fixedpoint_spectrum(q->workspace, q->point, q->scratch, -1, 0.0, &spectrum, NULL) == DKM_OK;
  dkm_fixedpoint fixed = {.precession = NAN};
  for (int mu = 0; mu < M; mu++) fixed.distance = fmax(fixed.distance, fabs(now[mu]));
  memset(q->scratch, 0, size * sizeof *q->scratch);
  dkm_record_fill_common(NULL, q, NULL, NULL, record);
  dkm_record_fill_stationary(q, &fixed, q->scratch, has_spectrum ? &spectrum : NULL, record);
  record->xi_error = rounding;
  record->L_end = dkm_landscape_value(q->landscape, q->u);
  if (has_spectrum) dkm_record_fill_relaxation(record, 0.0, fixed.distance, spectrum.decay_rate, 0.0);
  fill_settled(q, DKM_VERDICT_DARK_PRECESSION, record);
}

bool dkm_exact_outcome(const dkm_inquiry *q, dkm_record *record) {
  const dkm_point *point = q->point;
  if (dkm_point_has_losses(point) &&
      (point->g0 == 0.0 || (point->Omega == 0.0 && point->imbalance == 0.0 && dkm_point_gamma_1(point) > 0.0)))
    return relax_alone(q, record);
  if (dkm_point_gamma_1(point) > 0.0 && is_on_axis(q)) return relax_alone(q, record);
  if (point->g0 == 0.0) {
    without_coupling(q, record);
    return true;
  }
  if (point->Omega == 0.0 && dkm_point_dynamics(point) == DKM_DYNAMICS_CONSERVED) {
    without_splitting(q, record);
    return true;
  }
  if (dkm_stationary_try_rest(q, record)) return true;
  if (dkm_landscape_sign(q->system, q->point) == 0) return false;
  dkm_landscape_turn(q->landscape, q->point, q->lengths);
  if (dkm_landscape_n_active(q->landscape) > 0) return false;
  below_threshold(q, record);
  return true;
}
