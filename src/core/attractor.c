/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verdicts on trajectories. */
#include "dickemap/attractor.h"

#include <math.h>
#include <string.h>

#include "dickemap/theory.h"

/* Newton is tried once all rates of the order parameters stayed below this fraction of the
 * largest frequency for a window; further away it finds other fixed points, or none. */
static const double calm_rate = 1e-2;
/* See attractor.h.  Nonlinear terms are then a hundredth of the slowest decay. */
static const double close = 1e-2;
/* The second way to stop: from what distance, over what factor and how exactly the decay must be the linear one.
 * The largest rate of a window is that at its beginning, up to the phase of the oscillation
 * that was sampled: some 1e-2. */
static const double linear_distance = 0.1, linear_factor = M_E, linear_agreement = 0.1;
/* Spins whose transverse parts are below this are at rest: ten times what rounding and
 * truncation leave of them at the tightest useful tolerance. */
static const double at_rest = 1e-9;
/* With precession of amplitude p the order parameters are steady only up to order p^2: the c_k
 * are constants, and the fields of the classes equal, up to that. What is left is asked to be a hundredth of
 * it, or as small as truncation errors let it become, and small in any case. */
static const double steady_fraction = 1e-2, steady_least = 1e-9, steady_most = 1e-5;
/* A window is at least this fraction of the time passed: looks are O(log t) in number. */
static const double window_fraction = 0.03;
/* A pattern is retrieved if its overlap is above the first of these; another one whose
 * overlap is more than the second fraction of it makes a mixture. */
static const double retrieved_overlap = 1e-6, mixture_fraction = 1e-2;

static double largest_frequency(const dkm_patterns *patterns, const dkm_point *point) {
  double largest = 2.0 * fabs(point->Omega);
  for (int mu = 0; mu < patterns->n_modes; mu++)
    largest = fmax(largest, fabs(point->Omega_mu[mu]) + 0.5 * point->kappa_mu[mu]);
  return largest;
}

static double slowest_frequency(const dkm_patterns *patterns, const dkm_point *point) {
  double largest = largest_frequency(patterns, point), slowest = largest;
  if (point->Omega != 0.0) slowest = fmin(slowest, 2.0 * fabs(point->Omega));
  for (int mu = 0; mu < patterns->n_modes; mu++) slowest = fmin(slowest, fabs(point->Omega_mu[mu]));
  return fmax(slowest, 1e-3 * largest);
}

static void next_window(dkm_attractor *a, dkm_lane *lane) {
  a->t_start = lane->t;
  lane->t_pause = lane->t + fmax(a->shortest, window_fraction * lane->t);
}

void dkm_attractor_begin(dkm_attractor *a, const dkm_patterns *patterns, const dkm_point *point,
                         const dkm_solver *solver, dkm_lane *lane) {
  *a = (dkm_attractor){.shortest = 4.0 * M_PI / slowest_frequency(patterns, point), .drift = NAN};
  lane->t_limit = solver->t_max;
  next_window(a, lane);
}

/* Everything that needs no integration. */
static void fill_theory(const dkm_patterns *patterns, const dkm_point *point, dkm_record *record) {
  const int cue = point->pattern - 1;
  record->xi_theory = dkm_theory_xi(point, cue);
  record->g_crit = dkm_theory_g_crit(point, cue);
  record->g_retrieve = dkm_theory_g_retrieve(patterns, point, cue);
}

static void fill_alpha(const dkm_patterns *patterns, int mu, double beta_re, double beta_im, dkm_record *record) {
  const double root_K = sqrt((double)patterns->n_classes);
  record->alpha_re[mu] = root_K * beta_re;
  record->alpha_im[mu] = root_K * beta_im;
}

static int8_t retrieved_pattern(const dkm_patterns *patterns, const double *xi) {
  int largest = 0;
  for (int mu = 1; mu < patterns->n_modes; mu++)
    if (fabs(xi[mu]) > fabs(xi[largest])) largest = mu;
  if (!(fabs(xi[largest]) > retrieved_overlap)) return 0;
  for (int mu = 0; mu < patterns->n_modes; mu++)
    if (mu != largest && fabs(xi[mu]) > mixture_fraction * fabs(xi[largest])) return DKM_RETRIEVED_MIXTURE;
  return (int8_t)(xi[largest] > 0.0 ? largest + 1 : -(largest + 1));
}

/* Members that every verdict has in common. */
static void fill_common(const dkm_attractor *a, const dkm_patterns *patterns, const dkm_point *point,
                        const dkm_window *window, const dkm_lane *lane, dkm_record *record) {
  dkm_record_clear(record);
  fill_theory(patterns, point, record);
  record->t_end = lane->t;
  record->steps = lane->steps;
  record->drift = a->drift;
  memcpy(record->xi_rms, window->rms, (size_t)patterns->n_modes * sizeof(double));
}

static void fill_stationary(const dkm_patterns *patterns, const dkm_fixedpoint *fixed, const double *state,
                            const dkm_spectrum *spectrum, dkm_record *record) {
  const int M = patterns->n_modes;
  const double *re = state + 3 * patterns->n_classes, *im = re + M;
  for (int mu = 0; mu < M; mu++) {
    record->xi[mu] = fixed->xi[mu];
    fill_alpha(patterns, mu, re[mu], im[mu], record);
    record->occupation[mu] = (double)patterns->n_classes * (re[mu] * re[mu] + im[mu] * im[mu]);
  }
  record->retrieved = retrieved_pattern(patterns, record->xi);
  record->drift = fixed->distance;
  record->precession = fixed->precession;
  if (!spectrum) return;
  record->growth_rate = spectrum->growth_rate;
  record->decay_rate = spectrum->decay_rate;
  record->n_unstable = (int32_t)spectrum->n_unstable;
  record->n_neutral = (int32_t)spectrum->n_neutral;
}

/* Means over the last window. The mean of beta follows from that of xi: the mean of beta' is
 * the change of beta over the window divided by its length. */
static void fill_means(const dkm_patterns *patterns, const dkm_point *point, const dkm_window *window,
                       dkm_record *record) {
  for (int mu = 0; mu < patterns->n_modes; mu++) {
    const double D = point->Omega_mu[mu] * point->Omega_mu[mu] + 0.25 * point->kappa_mu[mu] * point->kappa_mu[mu];
    const double factor = -point->g0 * window->mean[mu] / D;
    record->xi[mu] = window->mean[mu];
    fill_alpha(patterns, mu, factor * point->Omega_mu[mu], factor * 0.5 * point->kappa_mu[mu], record);
    record->occupation[mu] = (double)patterns->n_classes * window->occupation[mu];
  }
}

static double residual_of(const dkm_patterns *patterns, const dkm_point *point, const double *u, double *scratch) {
  const size_t n = dkm_model_size(patterns);
  double largest = 0.0;
  dkm_model_rhs(patterns, point, u, scratch, scratch + n);
  for (size_t i = 0; i < n; i++)
    if (!(fabs(scratch[i]) <= largest)) largest = fabs(scratch[i]);
  return largest;
}

/* The distance within which a fixed point of this decay rate does not let go. */
static double capture_distance(const dkm_patterns *patterns, const dkm_point *point, double decay_rate) {
  return close * decay_rate / (4.0 * point->g0 * sqrt((double)patterns->n_modes) + decay_rate);
}

/* Whether the rates of the order parameters fall as those of the slowest direction do. */
static bool decays_linearly(dkm_attractor *a, const dkm_patterns *patterns, const dkm_fixedpoint *fixed,
                            const dkm_window *window, double distance, double gamma) {
  bool same = a->has_anchor && distance <= linear_distance;
  for (int mu = 0; mu < patterns->n_modes; mu++) same = same && fabs(fixed->xi[mu] - a->anchor_xi[mu]) < 1e-6;
  if (same && window->rate_max > a->anchor_rate / linear_factor) return false; /* too early to tell */
  const double measured = log(a->anchor_rate / window->rate_max) / (a->t_start - a->anchor_t);
  if (same && fabs(measured / gamma - 1.0) <= linear_agreement) return true;
  a->has_anchor = distance <= linear_distance;
  a->anchor_t = a->t_start;
  a->anchor_rate = window->rate_max;
  memcpy(a->anchor_xi, fixed->xi, sizeof a->anchor_xi);
  return false;
}

/* Tries to end the trajectory at a fixed point near u. */
static bool try_fixed_point(dkm_attractor *a, dkm_fixedpoint_workspace *workspace, const dkm_patterns *patterns,
                            const dkm_point *point, const dkm_window *window, dkm_lane *lane, double *u,
                            double *state, dkm_record *record) {
  const bool symmetric = point->perturbation == 0.0;
  dkm_fixedpoint fixed;
  dkm_spectrum full, sector;
  a->t_attempt = lane->t + 0.1 * lane->t; /* unless something better comes up below */

  /* In the symmetric subspace one spin stands for all and nothing is dark. */
  bool aligned = symmetric;
  if (!dkm_fixedpoint_near(workspace, point, u, aligned, &fixed, state)) return false;
  if (!aligned && fixed.precession <= at_rest) {
    aligned = true;
    if (!dkm_fixedpoint_near(workspace, point, u, aligned, &fixed, state)) return false;
  }
  const bool has_full = dkm_fixedpoint_spectrum(workspace, point, state, -1, aligned ? 0.0 : fixed.precession, &full, NULL) == DKM_OK;
  const dkm_spectrum *relevant = &full;
  if (symmetric) {
    if (dkm_fixedpoint_spectrum(workspace, point, state, point->pattern - 1, 0.0, &sector, NULL) != DKM_OK) return false;
    relevant = &sector;
  } else if (!has_full)
    return false;
  if (relevant->n_unstable > 0 || relevant->n_marginal > 0 || !(relevant->decay_rate > 0.0)) return false;

  const double gamma = relevant->decay_rate, distance = aligned ? fixed.distance_all : fixed.distance;
  double near = capture_distance(patterns, point, gamma);
  if (!aligned)
    near = fmin(near, fmin(steady_most, fmax(steady_least, steady_fraction * fixed.precession * fixed.precession)));
  /* A state may pass by a fixed point; but then its rates are not those of its distance. */
  const bool captured =
      distance <= near && window->rate_max <= 100.0 * largest_frequency(patterns, point) * near;
  if (!captured && !(aligned && decays_linearly(a, patterns, &fixed, window, distance, gamma))) {
    if (distance <= linear_distance)
      a->t_attempt = fmin(lane->t + fmin(0.9 * log(distance / near), aligned ? 0.3 : INFINITY) / gamma, 2.0 * lane->t);
    return false;
  }
  fill_common(a, patterns, point, window, lane, record);
  fill_stationary(patterns, &fixed, state, has_full ? &full : NULL, record);
  record->verdict = aligned ? DKM_VERDICT_FIXED_POINT : DKM_VERDICT_DARK_PRECESSION;
  if (aligned) {
    record->residual = fixed.residual;
    memcpy(u, state, dkm_model_size(patterns) * sizeof *u);
  }
  return true;
}

/* A start exactly on a fixed point stays there, stable or not. */
static bool try_rest(const dkm_attractor *a, dkm_fixedpoint_workspace *workspace, const dkm_patterns *patterns,
                     const dkm_point *point, const dkm_window *window, const dkm_lane *lane, const double *u,
                     double *state, dkm_record *record) {
  dkm_fixedpoint fixed;
  dkm_spectrum full;
  if (!dkm_fixedpoint_near(workspace, point, u, true, &fixed, state) || fixed.distance_all > 1e-12) return false;
  const bool has_full = dkm_fixedpoint_spectrum(workspace, point, u, -1, 0.0, &full, NULL) == DKM_OK;
  fill_common(a, patterns, point, window, lane, record);
  fill_stationary(patterns, &fixed, u, has_full ? &full : NULL, record);
  record->verdict = DKM_VERDICT_FIXED_POINT;
  record->residual = 0.0;
  return true;
}

bool dkm_attractor_look(dkm_attractor *a, dkm_fixedpoint_workspace *workspace, const dkm_patterns *patterns,
                        const dkm_point *point, const dkm_solver *solver, const dkm_window *window, dkm_lane *lane,
                        double *u, double *scratch, dkm_record *record) {
  if (lane->failure != DKM_FAILURE_NONE) {
    fill_common(a, patterns, point, window, lane, record);
    record->verdict = DKM_VERDICT_FAILED;
    record->failure = (uint8_t)lane->failure;
    return true;
  }
  if (a->has_mean) {
    a->drift = 0.0;
    for (int mu = 0; mu < patterns->n_modes; mu++)
      a->drift = fmax(a->drift, fabs(window->mean[mu] - a->mean[mu]));
  }
  memcpy(a->mean, window->mean, sizeof a->mean);
  a->has_mean = true;

  if (window->rate_max == 0.0 && residual_of(patterns, point, u, scratch) == 0.0 &&
      try_rest(a, workspace, patterns, point, window, lane, u, scratch, record))
    return true;
  if (window->rate_max <= calm_rate * largest_frequency(patterns, point) && lane->t >= a->t_attempt &&
      try_fixed_point(a, workspace, patterns, point, window, lane, u, scratch, record)) {
    if (record->verdict != DKM_VERDICT_FIXED_POINT) record->residual = residual_of(patterns, point, u, scratch);
    return true;
  }
  if (lane->t >= solver->t_max) {
    fill_common(a, patterns, point, window, lane, record);
    fill_means(patterns, point, window, record);
    record->residual = residual_of(patterns, point, u, scratch);
    record->verdict = DKM_VERDICT_UNDECIDED;
    return true;
  }
  next_window(a, lane);
  return false;
}
