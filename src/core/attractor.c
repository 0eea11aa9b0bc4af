/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which way a trajectory is judged; see dickemap/attractor.h. */
#include "dickemap/attractor.h"

#include <math.h>

#include "dickemap/drive.h"
#include "gsl_calls.h"
#include "inquiry.h"
#include "separation.h"

/* A spin whose length is off by this is no solution any more, whatever the trajectory looks like. It drifts with the
 * error of the steps and the time: by 0.3 in 2e4/kappa at tolerance 1e-3 with method gsl, 1e-7 at 1e-10; ensemble:
 * 1e-8 and 1e-13. */
static const double lost_length = 1e-2;

double dkm_inquiry_largest_frequency(const dkm_inquiry *q) {
  const bool driven = dkm_drive_repeats(q->system->drive);
  double largest = 2.0 * fabs(driven ? dkm_drive_most(q->system->drive, q->point).Omega : q->point->Omega);
  for (int mu = 0; mu < q->system->n_modes; mu++)
    largest = fmax(largest, fabs(q->point->Omega_mu[mu]) + 0.5 * q->point->kappa_mu[mu]);
  return fmax(largest, fmax(dkm_point_gamma_1(q->point), dkm_point_gamma_T(q->point)));
}

bool dkm_inquiry_may_be_dark(const dkm_inquiry *q) {
  return !dkm_point_has_losses(q->point) && !dkm_landscape_full_rank(q->system);
}

double dkm_inquiry_drive_period(const dkm_inquiry *q) {
  return dkm_drive_period(q->system->drive, q->point);
}

double dkm_inquiry_steepness(const dkm_inquiry *q) {
  const dkm_point most = dkm_drive_most(q->system->drive, q->point);
  const double fields = 4.0 * most.g0 * q->system->largest * sqrt((double)q->system->n_modes);
  return q->point->imbalance == 0.0 ? fields : fields * (1.0 + fabs(q->point->imbalance));
}

int64_t dkm_inquiry_steps(const dkm_attractor *a, const dkm_lane *lane) {
  return a->steps + lane->steps;
}

bool dkm_inquiry_is_out(const dkm_attractor *a, const dkm_inquiry *q, const dkm_lane *lane) {
  return lane->t >= q->solver->t_max ||
         (q->solver->max_steps > 0 && dkm_inquiry_steps(a, lane) >= q->solver->max_steps);
}

double dkm_inquiry_next_pause(dkm_attractor *a, const dkm_inquiry *q, const dkm_lane *lane, double pause) {
  const int64_t steps = dkm_inquiry_steps(a, lane), left = q->solver->max_steps - steps;
  if (q->solver->max_steps <= 0 || steps == 0) return pause;
  const double last = lane->t + (double)(left > 1 ? left : 1) * (lane->t / (double)steps);
  if (last >= pause) return pause;
  a->limited = true;
  return last;
}

double dkm_inquiry_residual(const dkm_inquiry *q) {
  return dkm_model_residual(q->system, q->point, q->u, q->scratch);
}

bool dkm_attractor_at_once(const dkm_inquiry *q, dkm_record *record) {
  if (!dkm_exact_outcome(q, record)) return false;
  record->limited = DKM_LIMITED_NO;
  return true;
}

void dkm_attractor_fill_unseen(const dkm_inquiry *q, const dkm_lane *lane, dkm_record *record) {
  const dkm_attractor none = {.drift = NAN};
  double unknown[DKM_MAX_MODES];
  for (int mu = 0; mu < DKM_MAX_MODES; mu++) unknown[mu] = NAN;
  if (lane->failure == DKM_FAILURE_NONE) {
    dkm_oscillation_fill_unseen(&none, q, lane, record);
    record->residual = NAN; /* in a drive rates are those of a moment */
    record->limited = DKM_LIMITED_YES;
    return;
  }
  dkm_record_fill_common(&none, q, unknown, lane, record);
  record->verdict = DKM_VERDICT_FAILED;
  record->failure = (uint8_t)lane->failure;
  record->limited = DKM_LIMITED_NO;
}

dkm_status dkm_attractor_stir(const dkm_system *system, const dkm_point *point, const dkm_start *symmetric, double *u,
                              dkm_error *err) {
  static const double rounding = 1e-15;
  dkm_gsl_begin();
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  dkm_gsl_end();
  if (!rng) return dkm_fail(err, DKM_MEMORY, "out of memory for a trajectory");
  dkm_separation_depart(system, point, symmetric, 0, rng, u, rounding);
  gsl_rng_free(rng);
  return DKM_OK;
}

void dkm_attractor_begin(dkm_attractor *a, const dkm_inquiry *q, dkm_lane *lane) {
  *a = (dkm_attractor){.drift = NAN};
  lane->t_limit = q->solver->t_max;
  if (dkm_landscape_sign(q->system, q->point) != 0)
    dkm_settling_begin(&a->settling, q, lane);
  else
    dkm_oscillation_begin(a, q, lane);
}

double dkm_inquiry_lost_length(const dkm_inquiry *q) {
  if (dkm_point_has_losses(q->point)) return 0.0;
  const int64_t K = q->system->n_classes;
  const double *x = q->u, *y = x + K, *z = y + K, common = dkm_point_length(q->point);
  double least = 1.0, most = 1.0; /* in units of what they were, squared; of short spins: in units of 1 */
  for (int64_t k = 0; k < K; k++) {
    const double length = q->lengths ? q->lengths[k] : common;
    const double square = x[k] * x[k] + y[k] * y[k] + z[k] * z[k] - length * length + 1.0;
    if (square < least) least = square;
    if (square > most) most = square;
  }
  return fmax(1.0 - sqrt(fmax(0.0, least)), sqrt(most) - 1.0);
}

/* Completes the record of a trajectory that has failed, or is no solution any more; rms as in a window. */
static bool has_failed(const dkm_attractor *a, const dkm_inquiry *q, const double *rms, dkm_lane *lane,
                       dkm_record *record) {
  if (lane->failure == DKM_FAILURE_NONE && dkm_inquiry_lost_length(q) > lost_length) lane->failure = DKM_FAILURE_LENGTH_LOST;
  if (lane->failure == DKM_FAILURE_NONE) return false;
  dkm_record_fill_common(a, q, rms, lane, record);
  record->verdict = DKM_VERDICT_FAILED;
  record->failure = (uint8_t)lane->failure;
  return true;
}

/* What ends here may do so because there is no more work or time; or it was looked at sooner for that, at some time before. */
static dkm_outlook note_limits(dkm_attractor *a, const dkm_inquiry *q, const dkm_lane *lane, dkm_outlook outlook,
                               dkm_record *record) {
  a->limited = a->limited || dkm_inquiry_is_out(a, q, lane);
  if (outlook == DKM_OUTLOOK_END) record->limited = a->limited ? DKM_LIMITED_YES : DKM_LIMITED_NO;
  return outlook;
}

dkm_outlook dkm_attractor_look(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, dkm_lane *lane,
                               dkm_record *record) {
  dkm_outlook outlook = DKM_OUTLOOK_END;
  if (!has_failed(a, q, window->rms, lane, record))
    outlook = a->settling.holds ? dkm_settling_look(a, q, window, lane, record)
                                : dkm_oscillation_look(a, q, window, lane, record);
  return note_limits(a, q, lane, outlook, record);
}

static bool has_failed_unseen(const dkm_attractor *a, const dkm_inquiry *q, dkm_lane *lane, dkm_record *record) {
  double unknown[DKM_MAX_MODES];
  for (int mu = 0; mu < DKM_MAX_MODES; mu++) unknown[mu] = NAN;
  return has_failed(a, q, unknown, lane, record);
}

dkm_outlook dkm_attractor_judge(dkm_attractor *a, const dkm_inquiry *q, const dkm_series *series,
                                const dkm_exponent *exponent, double fastest, dkm_lane *lane, dkm_record *record) {
  dkm_outlook outlook = DKM_OUTLOOK_END;
  if (!has_failed_unseen(a, q, lane, record))
    outlook = dkm_oscillation_judge(a, q, series, exponent, fastest, lane, record);
  return note_limits(a, q, lane, outlook, record);
}

dkm_outlook dkm_attractor_followed(dkm_attractor *a, const dkm_inquiry *q, const dkm_exponent *exponent, dkm_lane *lane,
                                   dkm_record *record) {
  dkm_outlook outlook = DKM_OUTLOOK_END;
  if (!has_failed_unseen(a, q, lane, record)) outlook = dkm_oscillation_followed(a, q, exponent, lane, record);
  return note_limits(a, q, lane, outlook, record);
}
