/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verdicts on trajectories. */
#include "dickemap/attractor.h"

#include <math.h>
#include <string.h>

#include "dickemap/sampling.h"
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
/* With samples of a whole window at hand they may fluctuate by a tenth of p^2, a fifth of what precession
 * takes from the component along the field, up to the second number: spins whose fields differ at that
 * order get out of step, and excite the modes, for 1e5 periods and more. */
static const double steady_sampled_fraction = 0.5, steady_sampled_most = 5e-4;
/* Fields that count as equal may differ by more than p^2: tried from what is ten times rounding, to this at most. */
static const double least_unequal = 1e-10, most_unequal = 1e-3;
/* The transient before the first samples: this many times 1/kappa of the slowest mode, and
 * this many of the shortest windows. */
static const double transient_decays = 50.0, transient_windows = 10.0;
/* A trajectory near a damped fixed point has this many decay times to be caught by it before
 * it is sampled: exp(-30) is rounding error.  Spins that precess end at a distance of 1e-5 at most. */
static const double caught_within = 30.0, caught_within_precessing = 12.0;
/* Where the decay can be told from a window of samples, it is waited for this many of those at most: a small cost. */
static const double caught_windows = 30.0;
/* An oscillation whose size falls by this fraction within half a window is taken to be on its
 * way to a fixed point, and given this many times its decay time, or a multiple of the time passed at most. */
/* About a damped fixed point even this much tells the rate well enough, and another look is due after this fraction
 * of the decay time. */
static const double relaxing_least = 1e-4, relaxing_again = 0.3;
static const double relaxing = 1e-3, relaxing_decays = 3.0, relaxing_longest = 2.0;
/* The same while it is not sampled: its largest rate fell by this fraction while the time rose by that factor. */
static const double relaxing_rate = 0.05, relaxing_look = 1.3;
/* A window in which frequencies rose to more than this many times what its spacing was meant for is taken again. */
static const double spacing_margin = 1.2;
/* Two windows in succession agree on the frequencies of a torus to this many bins of the
 * shorter one, on the relative power of the second line to this factor. */
static const double torus_bins = 0.1, torus_weight = 0.1;
/* Weak or intermittent chaos shows in several of the longest windows together: the mean growth of a logarithm is above
 * what shear alone makes of it (1.4, by log 4) by far, and by three times its error. */
enum { WEAK_WINDOWS = 4 };
/* Damped directions of a fixed point with one mode: its own two and those of the spins that it sees. */
enum { ONE_MODE = 4 };
static const double weak_growth = 5.0, weak_errors = 3.0;
/* Chaos that is only a transient often dies soon: it has to be there still at this many times the time at which it
 * was seen first. (Going there without samples takes a fraction of the time that the samples took.) */
static const double chaos_lasts = 2.0;
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
  double slowest_loss = INFINITY;
  for (int mu = 0; mu < patterns->n_modes; mu++) slowest_loss = fmin(slowest_loss, point->kappa_mu[mu]);
  *a = (dkm_attractor){.shortest = 4.0 * M_PI / slowest_frequency(patterns, point), .drift = NAN,
                       .n_samples = DKM_MOTION_LEAST};
  a->t_sample = fmax(transient_windows * a->shortest, transient_decays / slowest_loss);
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
                        const double *xi_rms, const dkm_lane *lane, dkm_record *record) {
  dkm_record_clear(record);
  fill_theory(patterns, point, record);
  record->t_end = lane->t;
  record->steps = a->steps + lane->steps;
  record->drift = a->drift;
  if (xi_rms) memcpy(record->xi_rms, xi_rms, (size_t)patterns->n_modes * sizeof(double));
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

/* What spins that precess with amplitude p may leave of motion in steady order parameters. */
static double steadiness(double p) {
  return fmin(steady_most, fmax(steady_least, steady_fraction * p * p));
}

/* The same over a whole window of samples. */
static double sampled_steadiness(double p) {
  return fmin(steady_sampled_most, steady_sampled_fraction * p * p);
}

/* The spectrum about a state with spins that precess with amplitude p. Their fields differ by p^2, relatively, or more
 * where a soft mode answers to the differences between the c_k. Fields that differ by eps get spins out of step at
 * the rate 2 B eps, and what of them the modes then see, damped at the rate gamma, is some p 2 B eps/gamma: as long
 * as that is within the steadiness that is asked for, the fields are equal and the precession dark. */
static bool dressed_spectrum(dkm_fixedpoint_workspace *workspace, const dkm_patterns *patterns, const dkm_point *point,
                             const double *state, double p, dkm_spectrum *spectrum) {
  const double fastest = DKM_MOTION_PHASE / dkm_sampling_spacing(patterns, point, state, 0.0); /* at least 2 B */
  if (dkm_fixedpoint_spectrum(workspace, point, state, -1, p * p, spectrum, NULL) != DKM_OK) return false;
  if (p == 0.0) return true;
  for (double eps = fmax(10.0 * p * p, least_unequal); spectrum->n_marginal > 0 && eps <= most_unequal; eps *= 10.0) {
    dkm_spectrum wider;
    if (dkm_fixedpoint_spectrum(workspace, point, state, -1, eps, &wider, NULL) != DKM_OK) return false;
    if (wider.n_marginal == 0 && p * fastest * eps <= steadiness(p) * wider.decay_rate) *spectrum = wider;
  }
  return true;
}

/* How fast the order parameters settle about spins that precess: those that get out of step, because their fields
 * differ a little, are damped much more slowly than that, and the less the smaller they are. */
static double bright_decay_rate(dkm_fixedpoint_workspace *workspace, const dkm_point *point, const double *state,
                                double p, double gamma) {
  dkm_spectrum bright;
  if (dkm_fixedpoint_spectrum(workspace, point, state, -1, fmax(10.0 * p * p, most_unequal), &bright, NULL) != DKM_OK ||
      bright.n_unstable > 0 || bright.n_marginal > 0)
    return gamma;
  return fmax(gamma, bright.decay_rate);
}

/* Of the next window of samples. */
static double window_length(const dkm_attractor *a, const dkm_patterns *patterns, const dkm_point *point,
                            const double *u) {
  return a->n_samples * dkm_sampling_spacing(patterns, point, u, a->fastest);
}

static bool room_for_samples(const dkm_attractor *a, const dkm_patterns *patterns, const dkm_point *point,
                             const dkm_solver *solver, const dkm_lane *lane, const double *u) {
  return lane->t + window_length(a, patterns, point, u) <= solver->t_max;
}

/* Gives a trajectory that has come near a damped fixed point time to be caught. */
static void hold_samples(dkm_attractor *a, const dkm_patterns *patterns, const dkm_fixedpoint *fixed, double t,
                         double patience) {
  bool same = a->near_since > 0.0;
  for (int mu = 0; mu < patterns->n_modes; mu++)
    same = same && fabs(fixed->xi[mu] - a->near_xi[mu]) < 0.1 * linear_distance;
  if (!same) {
    a->near_since = t;
    memcpy(a->near_xi, fixed->xi, sizeof a->near_xi);
  }
  a->t_sample = fmax(a->t_sample, a->near_since + patience);
}

/* A fixed point, and which way the trajectory can leave it. */
typedef struct limit {
  dkm_fixedpoint fixed;
  bool aligned;        /* nothing will be left of the precession */
  bool has_full;
  dkm_spectrum full;   /* of all directions */
  dkm_spectrum taken;  /* of those that the trajectory can take */
} limit;

/* The fixed point near u, state, if all that the trajectory can do there is to come closer. */
static bool find_limit(dkm_fixedpoint_workspace *workspace, const dkm_patterns *patterns, const dkm_point *point,
                       const double *u, limit *l, double *state) {
  const bool symmetric = point->perturbation == 0.0;
  /* In the symmetric subspace one spin stands for all and nothing is dark. */
  l->aligned = symmetric;
  if (!dkm_fixedpoint_near(workspace, point, u, l->aligned, &l->fixed, state)) return false;
  if (!l->aligned && l->fixed.precession <= at_rest) {
    l->aligned = true;
    if (!dkm_fixedpoint_near(workspace, point, u, l->aligned, &l->fixed, state)) return false;
  }
  l->has_full = dressed_spectrum(workspace, patterns, point, state, l->aligned ? 0.0 : l->fixed.precession, &l->full);
  if (!l->aligned && l->has_full && l->full.n_neutral <= patterns->n_classes) {
    /* Nothing but the lengths is neutral: no precession is dark, all of it will die. */
    l->aligned = true;
    if (!dkm_fixedpoint_near(workspace, point, u, l->aligned, &l->fixed, state)) return false;
    l->has_full = dkm_fixedpoint_spectrum(workspace, point, state, -1, 0.0, &l->full, NULL) == DKM_OK;
  }
  if (symmetric) {
    if (dkm_fixedpoint_spectrum(workspace, point, state, point->pattern - 1, 0.0, &l->taken, NULL) != DKM_OK) return false;
  } else if (!l->has_full)
    return false;
  else
    l->taken = l->full;
  return l->taken.n_unstable == 0 && l->taken.n_marginal == 0 && l->taken.decay_rate > 0.0;
}

/* Whether a window of samples can tell that a trajectory whose rates fall is about to settle: it has come so near a
 * damped fixed point that linear theory may apply, or precession explains what is left. (Spins that get out of
 * step because of their precession die as t^(-1/4), so there is no end to wait for.) */
static bool settles(dkm_attractor *a, dkm_fixedpoint_workspace *workspace, const dkm_patterns *patterns,
                    const dkm_point *point, const double *u, double *state) {
  limit l;
  a->relaxes = false;
  if (!find_limit(workspace, patterns, point, u, &l, state)) return false;
  if (!l.aligned) return l.fixed.distance <= sampled_steadiness(l.fixed.precession);
  a->relaxes = l.fixed.distance_all <= linear_distance;
  return a->relaxes && l.taken.n_damped <= ONE_MODE;
}

static void fill_limit(const dkm_attractor *a, const dkm_patterns *patterns, const dkm_point *point, const limit *l,
                       const double *xi_rms, const dkm_lane *lane, const double *state, double *u, dkm_record *record) {
  fill_common(a, patterns, point, xi_rms, lane, record);
  fill_stationary(patterns, &l->fixed, state, l->has_full ? &l->full : NULL, record);
  record->verdict = l->aligned ? DKM_VERDICT_FIXED_POINT : DKM_VERDICT_DARK_PRECESSION;
  if (!l->aligned) return;
  record->residual = l->fixed.residual;
  memcpy(u, state, dkm_model_size(patterns) * sizeof *u);
}

/* Tries to end the trajectory at a fixed point near u. */
static bool try_fixed_point(dkm_attractor *a, dkm_fixedpoint_workspace *workspace, const dkm_patterns *patterns,
                            const dkm_point *point, const dkm_window *window, dkm_lane *lane, double *u,
                            double *state, dkm_record *record) {
  limit l;
  a->t_attempt = lane->t + 0.1 * lane->t; /* unless something better comes up below */
  if (!find_limit(workspace, patterns, point, u, &l, state)) return false;
  const double gamma = l.taken.decay_rate, distance = l.aligned ? l.fixed.distance_all : l.fixed.distance;
  double near = capture_distance(patterns, point, gamma);
  if (!l.aligned) near = fmin(near, steadiness(l.fixed.precession));
  /* A state may pass by a fixed point; but then its rates are not those of its distance. */
  const bool captured =
      distance <= near && window->rate_max <= 100.0 * largest_frequency(patterns, point) * near;
  if (!captured && !(l.aligned && decays_linearly(a, patterns, &l.fixed, window, distance, gamma))) {
    if (distance > linear_distance) return false;
    if (l.aligned) {
      const double measured = l.taken.n_damped > ONE_MODE ? INFINITY : caught_windows * window_length(a, patterns, point, u);
      hold_samples(a, patterns, &l.fixed, lane->t, fmin(caught_within / gamma, measured));
    } else if (distance > sampled_steadiness(l.fixed.precession))
      hold_samples(a, patterns, &l.fixed, lane->t,
                   caught_within_precessing / bright_decay_rate(workspace, point, state, l.fixed.precession, gamma));
    a->t_attempt = fmin(lane->t + fmin(0.9 * log(distance / near), l.aligned ? 0.3 : INFINITY) / gamma, 2.0 * lane->t);
    return false;
  }
  fill_limit(a, patterns, point, &l, window->rms, lane, state, u, record);
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
  fill_common(a, patterns, point, window->rms, lane, record);
  fill_stationary(patterns, &fixed, u, has_full ? &full : NULL, record);
  record->verdict = DKM_VERDICT_FIXED_POINT;
  record->residual = 0.0;
  return true;
}

dkm_outlook dkm_attractor_look(dkm_attractor *a, dkm_fixedpoint_workspace *workspace, const dkm_patterns *patterns,
                               const dkm_point *point, const dkm_solver *solver, const dkm_window *window,
                               dkm_lane *lane, double *u, double *scratch, dkm_record *record) {
  if (lane->failure != DKM_FAILURE_NONE) {
    fill_common(a, patterns, point, window->rms, lane, record);
    record->verdict = DKM_VERDICT_FAILED;
    record->failure = (uint8_t)lane->failure;
    return DKM_OUTLOOK_END;
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
    return DKM_OUTLOOK_END;
  if ((a->relaxes || window->rate_max <= calm_rate * largest_frequency(patterns, point)) && lane->t >= a->t_attempt &&
      try_fixed_point(a, workspace, patterns, point, window, lane, u, scratch, record)) {
    if (record->verdict != DKM_VERDICT_FIXED_POINT) record->residual = residual_of(patterns, point, u, scratch);
    return DKM_OUTLOOK_END;
  }
  if (lane->t >= solver->t_max) {
    fill_common(a, patterns, point, window->rms, lane, record);
    fill_means(patterns, point, window, record);
    record->residual = residual_of(patterns, point, u, scratch);
    record->verdict = DKM_VERDICT_UNDECIDED;
    return DKM_OUTLOOK_END;
  }
  if (lane->t >= a->t_sample && room_for_samples(a, patterns, point, solver, lane, u)) {
    const bool relaxes = window->rate_max < (1.0 - relaxing_rate) * a->rate_mark;
    a->rate_mark = window->rate_max;
    if (!relaxes || settles(a, workspace, patterns, point, u, scratch)) return DKM_OUTLOOK_SAMPLE;
    a->t_sample = relaxing_look * lane->t;
  } else if (lane->t < 0.5 * a->t_sample)
    a->rate_mark = window->rate_max;
  next_window(a, lane);
  return DKM_OUTLOOK_GO_ON;
}

/* ---- oscillations ---- */

/* Whether spins that precess about a stable fixed point explain all that was seen of the order parameters. */
static bool is_dark_precession(const dkm_attractor *a, dkm_fixedpoint_workspace *workspace,
                               const dkm_patterns *patterns, const dkm_point *point, const dkm_series *series,
                               const dkm_motion *motion, const dkm_lane *lane, const double *u, double *state,
                               dkm_record *record) {
  const int M = patterns->n_modes;
  dkm_fixedpoint fixed;
  dkm_spectrum spectrum;
  if (point->perturbation == 0.0 || !dkm_fixedpoint_near(workspace, point, u, false, &fixed, state)) return false;
  const double steady = sampled_steadiness(fixed.precession);
  const double *beta = state + 3 * patterns->n_classes;
  for (int i = 0; i < series->n; i++)
    for (int c = 0; c < 3 * M; c++)
      if (!(fabs(series->values[i * 3 * M + c] - (c < M ? fixed.xi[c] : beta[c - M])) <= steady)) return false;
  if (!dressed_spectrum(workspace, patterns, point, state, fixed.precession, &spectrum)) return false;
  if (spectrum.n_marginal > 0) {
    /* Nothing of them is seen in the samples, and nothing can grow of them in less than 1e10 times; do the others hold? */
    dkm_spectrum wider;
    if (dkm_fixedpoint_spectrum(workspace, point, state, -1, most_unequal, &wider, NULL) != DKM_OK ||
        wider.n_unstable > 0 || wider.n_marginal > 0)
      return false;
  }
  if (spectrum.n_unstable > 0) return false;
  fill_common(a, patterns, point, motion->xi_rms, lane, record);
  fill_stationary(patterns, &fixed, state, &spectrum, record);
  record->verdict = DKM_VERDICT_DARK_PRECESSION;
  return true;
}

/* Whether an oscillation dies, and at the rate at which it must about a stable fixed point nearby. With one mode alone
 * there is one slow pair of directions, whose amplitude A obeys A' = -gamma A (1 + a A^2 + ...): as the
 * correction is below a tenth now, it will be the less the smaller A becomes. With more
 * modes the slowest of several may be hidden still, and the rates of the next windows decide. */
static bool is_relaxation(dkm_attractor *a, dkm_fixedpoint_workspace *workspace, const dkm_patterns *patterns,
                          const dkm_point *point, const dkm_motion *motion, double length, const dkm_lane *lane,
                          double *u, double *state, dkm_record *record) {
  const double ratio = motion->half_size[1] / motion->half_size[0];
  limit l;
  a->relaxes = false;
  if (!(ratio < 1.0 - relaxing_least) || !find_limit(workspace, patterns, point, u, &l, state) || !l.aligned ||
      l.fixed.distance_all > linear_distance)
    return false;
  a->relaxes = true;
  const double measured = -log(ratio) / (0.5 * length);
  if (!(fabs(measured / l.taken.decay_rate - 1.0) <= linear_agreement) || l.taken.n_damped > ONE_MODE) return false;
  fill_limit(a, patterns, point, &l, motion->xi_rms, lane, state, u, record);
  return true;
}

/* Whether this window and the one before it agree. */
static bool is_confirmed(const dkm_attractor *a, const dkm_motion *motion, double bin) {
  if (motion->kind == DKM_MOTION_CYCLE) return true; /* the window confirms itself */
  if (motion->kind == DKM_MOTION_UNCLEAR || motion->kind != a->last_kind) return false;
  if (motion->kind == DKM_MOTION_CHAOS) return true;
  for (int i = 0; i < 2; i++)
    if (!(fabs(motion->frequency[i] - a->last_frequency[i]) <= torus_bins * bin)) return false;
  return fabs(motion->weight[1] / a->last_weight - 1.0) <= torus_weight;
}

/* Whether the longest windows so far show chaos together; *motion then says so. */
static bool is_weak_chaos(dkm_attractor *a, dkm_motion *motion) {
  if (a->n_samples < DKM_MOTION_LONG || (motion->kind != DKM_MOTION_UNCLEAR && motion->kind != DKM_MOTION_CHAOS)) return false;
  a->n_long++;
  a->growth_sum += motion->growth;
  a->growth_square += motion->growth * motion->growth;
  a->lyapunov_sum += motion->lyapunov;
  const double n = a->n_long, mean = a->growth_sum / n, variance = fmax(0.0, a->growth_square / n - mean * mean);
  if (n < WEAK_WINDOWS || !(mean > weak_growth) || !(mean > weak_errors * sqrt(variance / (n - 1.0)))) return false;
  motion->kind = DKM_MOTION_CHAOS;
  motion->lyapunov = a->lyapunov_sum / n;
  return true;
}

/* Whether chaos has lasted long enough to be no transient, as far as t_max allows to wait for that. */
static bool has_lasted(dkm_attractor *a, const dkm_motion *motion, const dkm_solver *solver, double t, double length) {
  if (motion->kind != DKM_MOTION_CHAOS) return true;
  if (a->chaos_since == 0.0) a->chaos_since = t;
  const double until = chaos_lasts * a->chaos_since;
  if (until + 2.0 * length > solver->t_max) return true;
  return t >= until;
}

static void fill_oscillation(const dkm_attractor *a, const dkm_patterns *patterns, const dkm_point *point,
                             const dkm_motion *motion, const dkm_lane *lane, dkm_record *record) {
  fill_common(a, patterns, point, motion->xi_rms, lane, record);
  for (int mu = 0; mu < patterns->n_modes; mu++) {
    record->xi[mu] = motion->xi[mu];
    fill_alpha(patterns, mu, motion->beta_re[mu], motion->beta_im[mu], record);
    record->occupation[mu] = (double)patterns->n_classes * motion->beta_sq[mu];
  }
  record->drift = motion->drift;
  record->amplitude = motion->amplitude;
  record->lyapunov = motion->lyapunov;
  if (motion->kind == DKM_MOTION_CHAOS) {
    record->verdict = DKM_VERDICT_IRREGULAR;
    return;
  }
  record->verdict = motion->kind == DKM_MOTION_CYCLE ? DKM_VERDICT_LIMIT_CYCLE : DKM_VERDICT_QUASIPERIODIC;
  record->period = motion->period;
  record->frequency_1 = motion->frequency[0];
  record->frequency_2 = motion->frequency[1];
}

dkm_outlook dkm_attractor_judge(dkm_attractor *a, dkm_fixedpoint_workspace *workspace, const dkm_patterns *patterns,
                                const dkm_point *point, const dkm_solver *solver, const dkm_series *series,
                                double fastest, dkm_lane *lane, double *u, double *scratch, dkm_record *record) {
  const double length = lane->t - series->t0, bin = 2.0 * M_PI / length;
  dkm_motion motion;
  lane->t_limit = solver->t_max;
  if (fastest * series->dt > spacing_margin * DKM_MOTION_PHASE) {
    a->fastest = fmax(a->fastest, fastest);
    if (room_for_samples(a, patterns, point, solver, lane, u)) return DKM_OUTLOOK_SAMPLE;
    next_window(a, lane);
    return DKM_OUTLOOK_GO_ON;
  }
  dkm_motion_analyse(series, solver->tolerance, &motion);
  const bool dark = is_dark_precession(a, workspace, patterns, point, series, &motion, lane, u, scratch, record);
  if (!dark && motion.kind == DKM_MOTION_UNCLEAR &&
      is_relaxation(a, workspace, patterns, point, &motion, length, lane, u, scratch, record))
    return DKM_OUTLOOK_END;
  /* Weak chaos is seen over a time that doubles from window to window, and has lasted. */
  if (!dark && ((is_confirmed(a, &motion, fmax(bin, a->last_bin)) && has_lasted(a, &motion, solver, lane->t, length)) ||
                is_weak_chaos(a, &motion)))
    fill_oscillation(a, patterns, point, &motion, lane, record);
  else if (!dark) {
    a->last_kind = motion.kind;
    memcpy(a->last_frequency, motion.frequency, sizeof a->last_frequency);
    a->last_weight = motion.weight[1];
    a->last_bin = bin;
    a->has_mean = false;
    const double ratio = motion.half_size[1] / motion.half_size[0];
    const bool dies = a->relaxes || (motion.kind == DKM_MOTION_UNCLEAR && ratio < 1.0 - relaxing);
    a->t_sample = a->n_samples < DKM_MOTION_LONG ? lane->t + length : 2.0 * lane->t;
    /* The longest windows are for motion that stays, and slowly changes. */
    if (a->n_samples < (dies ? DKM_MOTION_LONG : DKM_MOTION_MOST)) a->n_samples *= 2;
    if (motion.kind == DKM_MOTION_CHAOS && a->chaos_since > 0.0)
      a->t_sample = fmax(a->t_sample, chaos_lasts * a->chaos_since);
    if (a->relaxes)
      a->t_sample = lane->t + relaxing_again * 0.5 * length / (1.0 - ratio);
    else if (dies)
      a->t_sample = lane->t + fmin(relaxing_longest * lane->t, relaxing_decays * 0.5 * length / (1.0 - ratio));
    next_window(a, lane);
    return DKM_OUTLOOK_GO_ON;
  }
  record->residual = residual_of(patterns, point, u, scratch);
  return DKM_OUTLOOK_END;
}
