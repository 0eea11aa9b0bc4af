/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verdicts on trajectories that come to rest, or whose order parameters do. */
#include <math.h>
#include <string.h>

#include "dickemap/sampling.h"
#include "inquiry.h"

/* See attractor.h.  Nonlinear terms are then a hundredth of the slowest decay. */
static const double close = 1e-2;
/* The second way to stop: from what distance, over what factor and how exactly the decay must be the linear one.
 * The largest rate of a window is that at its beginning, up to the phase of the oscillation
 * that was sampled: some 1e-2. */
static const double linear_distance = 0.1, linear_factor = M_E, linear_agreement = 0.1;
/* The third: an oscillation whose size falls by this fraction at least within half a window of samples, at that rate. */
static const double relaxing_least = 1e-4;
/* Damped directions of a fixed point with one mode: its own two and those of the spins that it sees. */
enum { ONE_MODE = 4 };
/* Spins whose transverse parts are below this are at rest: ten times what rounding and
 * truncation leave of them at the tightest useful tolerance. */
static const double at_rest = 1e-9;
/* With precession of amplitude p the order parameters are steady only up to order p^2: the c_k
 * are constants, and the fields of the classes equal, up to that. What is left is asked to be a hundredth of
 * it, or as small as truncation errors let it become, and small in any case. */
static const double steady_fraction = 1e-2, steady_least = 1e-9, steady_most = 1e-5;
/* With samples of a whole window at hand they may fluctuate by half of p^2, which is what precession
 * takes from the component along the field, up to the second number: spins whose fields differ at that
 * order get out of step, and excite the modes, for ever: as p^3, while p falls as t^(-1/4). */
static const double steady_sampled_fraction = 0.5, steady_sampled_most = 5e-4;
/* Fields that count as equal may differ by more than p^2: tried from what is ten times rounding, to this at most. */
static const double least_unequal = 1e-10, most_unequal = 1e-3;
/* A trajectory near a damped fixed point has this many decay times to be caught by it before
 * it is sampled: exp(-30) is rounding error.  Spins that precess end at a distance of 1e-5 at most. */
static const double caught_within = 30.0, caught_within_precessing = 12.0;

/* Newton is tried once all rates of the order parameters stayed below this fraction of the
 * largest frequency for a window; further away it finds other fixed points, or none. */
static const double calm_rate = 1e-2;

bool dkm_stationary_rates_are_calm(const dkm_inquiry *q, double rate_max) {
  return rate_max <= calm_rate * dkm_inquiry_largest_frequency(q);
}

bool dkm_stationary_is_calm(const dkm_inquiry *q, const dkm_window *window) {
  return dkm_stationary_rates_are_calm(q, window->rate_max);
}

/* The distance within which a fixed point of this decay rate does not let go. */
static double capture_distance(const dkm_inquiry *q, double decay_rate) {
  return close * decay_rate / (dkm_inquiry_steepness(q) + decay_rate);
}

/* The distance within which the spins of a state that dephasing alone leads to are known: whatever they have along x stays, and
 * until then changes with the square of what they have across, by so much. */
static const double x_known = 1e-10;
static double settled_distance(const dkm_inquiry *q, double decay_rate) {
  const bool stays = dkm_point_has_losses(q->point) && dkm_point_gamma_1(q->point) == 0.0;
  return stays ? sqrt(x_known * decay_rate / (dkm_inquiry_steepness(q) + decay_rate)) : INFINITY;
}

/* Whether the rates of the order parameters fall as those of the slowest direction do. */
static bool decays_linearly(dkm_approach *a, double t_start, const dkm_inquiry *q, const dkm_fixedpoint *fixed,
                            const dkm_window *window, double distance, double gamma) {
  bool same = a->has_anchor && distance <= linear_distance;
  for (int mu = 0; mu < q->system->n_modes; mu++) same = same && fabs(fixed->xi[mu] - a->anchor_xi[mu]) < 1e-6;
  if (same && window->rate_max > a->anchor_rate / linear_factor) return false; /* too early to tell */
  const double measured = log(a->anchor_rate / window->rate_max) / (t_start - a->anchor_t);
  if (same && fabs(measured / gamma - 1.0) <= linear_agreement) return true;
  a->has_anchor = distance <= linear_distance;
  a->anchor_t = t_start;
  a->anchor_rate = window->rate_max;
  memcpy(a->anchor_xi, fixed->xi, sizeof a->anchor_xi);
  return false;
}

/* What spins that precess with amplitude p may leave of motion in steady order parameters. */
static double steadiness(double p) {
  return fmin(steady_most, fmax(steady_least, steady_fraction * p * p));
}

/* The same over a whole window of samples. */
double dkm_stationary_sampled_steadiness(double p) {
  return fmin(steady_sampled_most, fmax(steady_least, steady_sampled_fraction * p * p));
}

/* The spectrum about a state with spins that precess with amplitude p. Their fields differ by p^2, relatively, or more
 * where a soft mode answers to the differences between the c_k. Fields that differ by eps get spins out of step at
 * the rate 2 B eps, and what of them the modes then see, damped at the rate gamma, is some p 2 B eps/gamma: as long
 * as that is within the steadiness that is asked for, the fields are equal and the precession dark.  Order parameters
 * that were seen to be steady far below p^2, to `deviation`, tell fields apart that differ by less than p^2. */
static bool dressed_spectrum(const dkm_inquiry *q, const double *state, double p, double deviation,
                             dkm_spectrum *spectrum) {
  const double fastest = DKM_MOTION_PHASE / dkm_sampling_spacing(q->system, q->point, state, 0.0); /* at least 2 B */
  if (dkm_fixedpoint_spectrum(q->workspace, q->point, state, -1, p * p, spectrum, NULL) != DKM_OK) return false;
  if (p == 0.0) return true;
  for (double eps = fmax(10.0 * p * p, least_unequal); spectrum->n_marginal > 0 && eps <= most_unequal; eps *= 10.0) {
    dkm_spectrum wider;
    if (dkm_fixedpoint_spectrum(q->workspace, q->point, state, -1, eps, &wider, NULL) != DKM_OK) return false;
    if (wider.n_marginal == 0 && p * fastest * eps <= steadiness(p) * wider.decay_rate) *spectrum = wider;
  }
  if (spectrum->n_unstable + spectrum->n_marginal > 0 && deviation <= fmin(at_rest, steady_fraction * p * p)) {
    dkm_spectrum closer;
    if (dkm_fixedpoint_spectrum(q->workspace, q->point, state, -1, fmax(deviation, least_unequal), &closer, NULL) !=
        DKM_OK)
      return false;
    if (closer.n_unstable + closer.n_marginal == 0) *spectrum = closer;
  }
  return true;
}

/* How fast the order parameters settle about spins that precess: those that get out of step, because their fields
 * differ a little, are damped much more slowly than that, and the less the smaller they are. */
static double bright_decay_rate(const dkm_inquiry *q, const double *state, double p, double gamma) {
  dkm_spectrum bright;
  if (dkm_fixedpoint_spectrum(q->workspace, q->point, state, -1, fmax(10.0 * p * p, most_unequal), &bright, NULL) !=
          DKM_OK ||
      bright.n_unstable > 0 || bright.n_marginal > 0)
    return gamma;
  return fmax(gamma, bright.decay_rate);
}

/* A fixed point, and which way the trajectory can leave it. */
typedef struct limit {
  dkm_fixedpoint fixed;
  bool aligned; /* nothing will be left of the precession */
  dkm_spectrum spectrum;
} limit;

/* The fixed point near q->u, state q->scratch, if all that the trajectory can do there is to come closer. */
static bool find_limit(const dkm_inquiry *q, limit *l) {
  const dkm_point *point = q->point;
  double *state = q->scratch;
  l->aligned = !dkm_inquiry_may_be_dark(q); /* constant order parameters mean constant spins */
  if (!dkm_fixedpoint_near(q->workspace, point, q->u, l->aligned, &l->fixed, state)) return false;
  if (!l->aligned && l->fixed.precession <= at_rest) {
    l->aligned = true;
    if (!dkm_fixedpoint_near(q->workspace, point, q->u, l->aligned, &l->fixed, state)) return false;
  }
  if (!dressed_spectrum(q, state, l->aligned ? 0.0 : l->fixed.precession, INFINITY, &l->spectrum)) return false;
  if (!l->aligned && l->spectrum.n_neutral <= q->system->n_classes) {
    /* Nothing but the lengths is neutral: no precession is dark, all of it will die. */
    l->aligned = true;
    if (!dkm_fixedpoint_near(q->workspace, point, q->u, l->aligned, &l->fixed, state) ||
        dkm_fixedpoint_spectrum(q->workspace, point, state, -1, 0.0, &l->spectrum, NULL) != DKM_OK)
      return false;
  }
  return l->spectrum.n_unstable == 0 && l->spectrum.n_marginal == 0 && l->spectrum.decay_rate > 0.0;
}

bool dkm_stationary_settles(const dkm_inquiry *q, bool *relaxes) {
  limit l;
  *relaxes = false;
  if (!find_limit(q, &l)) return false;
  if (!l.aligned) return l.fixed.distance <= dkm_stationary_sampled_steadiness(l.fixed.precession);
  *relaxes = l.fixed.distance_all <= linear_distance;
  return *relaxes && l.spectrum.n_damped <= ONE_MODE;
}

/* xi_error of a limit: that of Newton's method, or of the lengths that spins have lost on the way (reference.c), and what
 * spins that precess leave open.  About xi = 0 these are nothing: all fields are the same, so that what modes do not see of the
 * precession they never will. */
static double limit_error(const dkm_inquiry *q, const dkm_fixedpoint *fixed, bool aligned) {
  double largest = 0.0;
  for (int mu = 0; mu < q->system->n_modes; mu++) largest = fmax(largest, fabs(fixed->xi[mu]));
  const bool of_modes = largest > at_rest;
  const double p = aligned || !of_modes ? 0.0 : fixed->precession;
  const double of_lengths = of_modes ? dkm_inquiry_lost_length(q) / largest : 0.0;
  return fmax(dkm_record_newton_error(q, fixed->xi), of_lengths) + DKM_PRECESSION_ERROR * p * p;
}

static void fill_limit(const dkm_attractor *a, const dkm_inquiry *q, const limit *l, const double *xi_rms,
                       const dkm_lane *lane, dkm_record *record) {
  dkm_record_fill_common(a, q, xi_rms, lane, record);
  dkm_record_fill_stationary(q, &l->fixed, q->scratch, &l->spectrum, record);
  record->xi_error = limit_error(q, &l->fixed, l->aligned);
  dkm_record_fill_relaxation(record, record->t_end, l->fixed.distance, l->spectrum.decay_rate, 0.0);
  dkm_record_name_pattern(record, q->system->n_modes);
  record->verdict = l->aligned ? DKM_VERDICT_FIXED_POINT : DKM_VERDICT_DARK_PRECESSION;
  record->how = DKM_HOW_REACHED;
  if (!l->aligned) {
    record->residual = dkm_inquiry_residual(q); /* ends the use of scratch */
    return;
  }
  record->residual = l->fixed.residual;
  memcpy(q->u, q->scratch, dkm_model_size(q->system) * sizeof *q->u);
}

bool dkm_stationary_try_fixed_point(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window,
                                    const dkm_lane *lane, stationary_near *near, dkm_record *record) {
  limit l;
  dkm_approach *approach = &a->approach;
  near->is = false;
  approach->t_attempt = lane->t + 0.1 * lane->t; /* unless something better comes up below */
  if (!find_limit(q, &l)) return false;
  const double gamma = l.spectrum.decay_rate, distance = l.aligned ? l.fixed.distance_all : l.fixed.distance;
  double capture = capture_distance(q, gamma);
  if (!l.aligned) capture = fmin(capture, steadiness(l.fixed.precession));
  const double known = settled_distance(q, gamma);
  capture = fmin(capture, known);
  /* A state may pass by a fixed point; but then its rates are not those of its distance. */
  const bool captured = distance <= capture && window->rate_max <= 100.0 * dkm_inquiry_largest_frequency(q) * capture;
  if (captured ||
      (l.aligned && distance <= known && decays_linearly(approach, a->t_start, q, &l.fixed, window, distance, gamma))) {
    fill_limit(a, q, &l, window->rms, lane, record);
    return true;
  }
  if (distance > linear_distance) return false;
  near->is = l.aligned || distance > dkm_stationary_sampled_steadiness(l.fixed.precession);
  near->by_samples = l.aligned && l.spectrum.n_damped <= ONE_MODE;
  if (near->is)
    near->patience = l.aligned ? caught_within / gamma
                               : caught_within_precessing / bright_decay_rate(q, q->scratch, l.fixed.precession, gamma);
  memcpy(near->xi, l.fixed.xi, sizeof near->xi);
  approach->t_attempt =
      fmin(lane->t + fmin(0.9 * log(distance / capture), l.aligned ? 0.3 : INFINITY) / gamma, 2.0 * lane->t);
  return false;
}

bool dkm_stationary_try_rest(const dkm_inquiry *q, dkm_record *record) {
  dkm_fixedpoint fixed;
  dkm_spectrum full;
  if (dkm_inquiry_residual(q) != 0.0 || !dkm_fixedpoint_near(q->workspace, q->point, q->u, true, &fixed, q->scratch) ||
      fixed.distance_all > 1e-12)
    return false;
  const bool has_full = dkm_fixedpoint_spectrum(q->workspace, q->point, q->u, -1, 0.0, &full, NULL) == DKM_OK;
  dkm_record_fill_common(NULL, q, NULL, NULL, record);
  dkm_record_fill_stationary(q, &fixed, q->u, has_full ? &full : NULL, record);
  record->xi_error = dkm_record_newton_error(q, fixed.xi);
  dkm_record_name_pattern(record, q->system->n_modes);
  record->verdict = DKM_VERDICT_FIXED_POINT;
  record->how = DKM_HOW_SETTLED;
  record->t_settled = 0.0;
  record->residual = 0.0;
  return true;
}

bool dkm_stationary_dressed_spectrum(const dkm_inquiry *q, dkm_spectrum *spectrum, double *precession) {
  dkm_fixedpoint fixed;
  if (!dkm_fixedpoint_near(q->workspace, q->point, q->u, false, &fixed, q->scratch)) return false;
  *precession = fixed.precession;
  return dressed_spectrum(q, q->scratch, fixed.precession, INFINITY, spectrum);
}

bool dkm_stationary_is_dark_precession(const dkm_attractor *a, const dkm_inquiry *q, const dkm_series *series,
                                       const dkm_motion *motion, const dkm_lane *lane, dkm_record *record) {
  const int M = q->system->n_modes;
  dkm_fixedpoint fixed;
  dkm_spectrum spectrum;
  if (!dkm_inquiry_may_be_dark(q) || !dkm_fixedpoint_near(q->workspace, q->point, q->u, false, &fixed, q->scratch))
    return false;
  const double *beta = q->scratch + 3 * q->system->n_classes;
  double deviation = 0.0;
  for (int i = 0; i < series->n; i++)
    for (int c = 0; c < 3 * M; c++) {
      const double apart = fabs(series->values[i * 3 * M + c] - (c < M ? fixed.xi[c] : beta[c - M]));
      if (apart > deviation) deviation = apart; /* gcc 12 for aarch64 dies over fmax here (vect_transform_reduction) */
    }
  if (!(deviation <= dkm_stationary_sampled_steadiness(fixed.precession)) ||
      !dressed_spectrum(q, q->scratch, fixed.precession, deviation, &spectrum))
    return false;
  if (spectrum.n_marginal > 0) {
    /* They are not seen in the samples, and will not be: growth that slow takes 1e10 periods. Do the others hold? */
    dkm_spectrum wider;
    if (dkm_fixedpoint_spectrum(q->workspace, q->point, q->scratch, -1, most_unequal, &wider, NULL) != DKM_OK ||
        wider.n_unstable > 0 || wider.n_marginal > 0)
      return false;
  }
  if (spectrum.n_unstable > 0) return false;
  dkm_record_fill_common(a, q, motion->xi_rms, lane, record);
  dkm_record_fill_stationary(q, &fixed, q->scratch, &spectrum, record);
  record->xi_error = fmax(deviation, limit_error(q, &fixed, false));
  dkm_record_name_pattern(record, q->system->n_modes);
  record->verdict = DKM_VERDICT_DARK_PRECESSION;
  record->how = DKM_HOW_REACHED;
  return true;
}

bool dkm_stationary_is_relaxation(const dkm_attractor *a, const dkm_inquiry *q, const dkm_motion *motion, double length,
                                  const dkm_lane *lane, bool *relaxes, dkm_record *record) {
  const double ratio = motion->half_size[1] / motion->half_size[0];
  limit l;
  if (!(ratio < 1.0 - relaxing_least) || !find_limit(q, &l) || !l.aligned || l.fixed.distance_all > linear_distance)
    return false;
  *relaxes = true;
  const double measured = -log(ratio) / (0.5 * length);
  if (!(fabs(measured / l.spectrum.decay_rate - 1.0) <= linear_agreement) || l.spectrum.n_damped > ONE_MODE)
    return false;
  fill_limit(a, q, &l, motion->xi_rms, lane, record);
  return true;
}
