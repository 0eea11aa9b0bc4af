/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where oscillations are possible: when to look and to sample, and the verdicts on them. */
#include <math.h>
#include <string.h>

#include "dickemap/sampling.h"
#include "inquiry.h"

/* The transient before the first samples: this many times 1/kappa of the slowest mode, and
 * this many of the shortest windows. */
static const double transient_decays = 50.0, transient_windows = 10.0;
/* An oscillation whose size falls by this fraction within half a window is taken to be on its
 * way to a fixed point, and given this many times its decay time, or a multiple of the time passed at most; near
 * a damped fixed point, where it may be recognised any time, a shorter while. */
static const double relaxing = 1e-3, relaxing_decays = 3.0, relaxing_again = 0.3, relaxing_longest = 2.0;
/* The same while it is not sampled: its largest rate fell by this fraction while the time rose by that factor. */
static const double relaxing_rate = 0.05, relaxing_look = 1.3;
/* A window in which frequencies rose to more than this many times what its spacing was meant for is taken again. */
static const double spacing_margin = 1.2;
/* Two windows in succession agree on the frequencies of a torus to this many bins of the
 * shorter one, on the relative power of the second line to this factor. */
static const double torus_bins = 0.1, torus_weight = 0.1;
/* Weak or intermittent chaos shows in several long windows together: the mean growth of a logarithm is above
 * what shear alone makes of it (1.4, by log 4) by far, and by three times its error. */
enum { WEAK_WINDOWS = 4 };
static const double weak_growth = 5.0, weak_errors = 3.0;
/* Chaos that is only a transient often dies soon: it has to be there still at this many times the time at which it
 * was seen first. (Going there without samples takes a fraction of the time that the samples took.) */
static const double chaos_lasts = 2.0;
/* Where the decay can be told from a window of samples, it is waited for this many of those at most: a small cost. A
 * fixed point is the same as the last if overlaps differ by less than the second number. */
static const double caught_windows = 30.0, near_again = 0.01;
/* Means over a window of samples are known to this fraction of the amplitude. */
static const double mean_error = 1e-2;
/* A window is at least this fraction of the time passed: looks are O(log t) in number. */
static const double window_fraction = 0.03;

static double slowest_frequency(const dkm_inquiry *q) {
  const double largest = dkm_inquiry_largest_frequency(q);
  double slowest = largest;
  if (q->point->Omega != 0.0) slowest = fmin(slowest, 2.0 * fabs(q->point->Omega));
  for (int mu = 0; mu < q->patterns->n_modes; mu++) slowest = fmin(slowest, fabs(q->point->Omega_mu[mu]));
  return fmax(slowest, 1e-3 * largest);
}

static double window_length(const dkm_oscillation *o, const dkm_inquiry *q) {
  return o->n_samples * dkm_sampling_spacing(q->patterns, q->point, q->u, o->fastest);
}

/* Whether a window of samples ends before t_max, and max_steps at the pace so far. */
static bool room_for_samples(const dkm_attractor *a, const dkm_inquiry *q, const dkm_lane *lane) {
  const double length = window_length(&a->oscillation, q), steps = (double)dkm_inquiry_steps(a, lane);
  if (q->solver->max_steps > 0 && steps * (1.0 + length / lane->t) > (double)q->solver->max_steps) return false;
  return lane->t + length <= q->solver->t_max;
}

static void next_window(dkm_attractor *a, const dkm_inquiry *q, dkm_lane *lane) {
  a->t_start = lane->t;
  lane->t_pause =
      dkm_inquiry_next_pause(a, q, lane, lane->t + fmax(a->oscillation.shortest, window_fraction * lane->t));
}

void dkm_oscillation_begin(dkm_attractor *a, const dkm_inquiry *q, dkm_lane *lane) {
  dkm_oscillation *o = &a->oscillation;
  double slowest_loss = INFINITY;
  for (int mu = 0; mu < q->patterns->n_modes; mu++) slowest_loss = fmin(slowest_loss, q->point->kappa_mu[mu]);
  o->shortest = 4.0 * M_PI / slowest_frequency(q);
  o->n_samples = DKM_MOTION_LEAST;
  o->t_sample = fmax(transient_windows * o->shortest, transient_decays / slowest_loss);
  next_window(a, q, lane);
}

/* Gives a trajectory that has come near a damped fixed point time to be caught. Where a window of samples can tell the
 * decay it need not wait for more than some of those. */
static void hold_samples(dkm_oscillation *o, const dkm_inquiry *q, const stationary_near *near, double t) {
  const double patience =
      near->by_samples ? fmin(near->patience, caught_windows * window_length(o, q)) : near->patience;
  bool same = o->near_since > 0.0;
  for (int mu = 0; mu < q->patterns->n_modes; mu++) same = same && fabs(near->xi[mu] - o->near_xi[mu]) < near_again;
  if (!same) {
    o->near_since = t;
    memcpy(o->near_xi, near->xi, sizeof o->near_xi);
  }
  o->t_sample = fmax(o->t_sample, o->near_since + patience);
}

static void fill_undecided(const dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, const dkm_lane *lane,
                           dkm_record *record) {
  dkm_record_fill_common(a, q, window->rms, lane, record);
  dkm_record_fill_means(q, window->mean, window->occupation, record);
  record->residual = dkm_inquiry_residual(q);
  record->xi_error = a->drift;
  dkm_record_fill_leading(q, record);
  record->verdict = DKM_VERDICT_UNDECIDED;
}

dkm_outlook dkm_oscillation_look(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, dkm_lane *lane,
                                 dkm_record *record) {
  dkm_oscillation *o = &a->oscillation;
  if (o->has_mean) {
    a->drift = 0.0;
    for (int mu = 0; mu < q->patterns->n_modes; mu++) a->drift = fmax(a->drift, fabs(window->mean[mu] - o->mean[mu]));
  }
  memcpy(o->mean, window->mean, sizeof o->mean);
  o->has_mean = true;

  if ((o->relaxes || dkm_stationary_is_calm(q, window)) && lane->t >= a->approach.t_attempt) {
    stationary_near near;
    if (dkm_stationary_try_fixed_point(a, q, window, lane, &near, record)) return DKM_OUTLOOK_END;
    if (near.is) hold_samples(o, q, &near, lane->t);
  }
  if (dkm_inquiry_is_out(a, q, lane)) {
    fill_undecided(a, q, window, lane, record);
    return DKM_OUTLOOK_END;
  }
  if (lane->t >= o->t_sample && room_for_samples(a, q, lane)) {
    const bool falls = window->rate_max < (1.0 - relaxing_rate) * o->rate_mark;
    o->rate_mark = window->rate_max;
    if (!falls) {
      o->relaxes = false;
      return DKM_OUTLOOK_SAMPLE;
    }
    if (dkm_stationary_settles(q, &o->relaxes)) return DKM_OUTLOOK_SAMPLE;
    o->t_sample = relaxing_look * lane->t;
  } else if (lane->t < 0.5 * o->t_sample)
    o->rate_mark = window->rate_max;
  next_window(a, q, lane);
  return DKM_OUTLOOK_GO_ON;
}

/* ---- oscillations ---- */

/* Whether this window and the one before it agree. */
static bool is_confirmed(const dkm_oscillation *o, const dkm_motion *motion, double bin) {
  if (motion->kind == DKM_MOTION_CYCLE) return true; /* the window confirms itself */
  if (motion->kind == DKM_MOTION_UNCLEAR || motion->kind != o->last_kind) return false;
  if (motion->kind == DKM_MOTION_CHAOS) return true;
  /* The second line may be either of two equal ones on both sides of the first. */
  const double leading = o->last_frequency[0], second = o->last_frequency[1];
  if (!(fabs(motion->frequency[0] - leading) <= torus_bins * bin)) return false;
  if (!(fmin(fabs(motion->frequency[1] - second), fabs(motion->frequency[1] - (2.0 * leading - second))) <=
        torus_bins * bin))
    return false;
  return fabs(motion->weight[1] / o->last_weight - 1.0) <= torus_weight;
}

/* Whether the long windows so far show chaos together; *motion then says so. */
static bool is_weak_chaos(dkm_oscillation *o, dkm_motion *motion) {
  if (o->n_samples < DKM_MOTION_LONG || (motion->kind != DKM_MOTION_UNCLEAR && motion->kind != DKM_MOTION_CHAOS))
    return false;
  o->n_long++;
  o->growth_sum += motion->growth;
  o->growth_square += motion->growth * motion->growth;
  o->lyapunov_sum += motion->lyapunov;
  const double n = o->n_long, mean = o->growth_sum / n, variance = fmax(0.0, o->growth_square / n - mean * mean);
  if (n < WEAK_WINDOWS || !(mean > weak_growth) || !(mean > weak_errors * sqrt(variance / (n - 1.0)))) return false;
  motion->kind = DKM_MOTION_CHAOS;
  motion->lyapunov = o->lyapunov_sum / n;
  return true;
}

/* Whether chaos has lasted long enough to be no transient, as far as t_max allows to wait for that. */
static bool has_lasted(dkm_oscillation *o, const dkm_motion *motion, double t_max, double t, double length) {
  if (motion->kind != DKM_MOTION_CHAOS) return true;
  if (o->chaos_since == 0.0) o->chaos_since = t;
  const double until = chaos_lasts * o->chaos_since;
  if (until + 2.0 * length > t_max) return true;
  return t >= until;
}

static void fill_oscillation(const dkm_attractor *a, const dkm_inquiry *q, const dkm_motion *motion,
                             const dkm_lane *lane, dkm_record *record) {
  dkm_record_fill_common(a, q, motion->xi_rms, lane, record);
  for (int mu = 0; mu < q->patterns->n_modes; mu++) {
    record->xi[mu] = motion->xi[mu];
    dkm_record_fill_alpha(q->patterns, mu, motion->beta_re[mu], motion->beta_im[mu], record);
    record->occupation[mu] = (double)q->patterns->n_classes * motion->beta_sq[mu];
  }
  record->drift = motion->drift;
  /* Means of a motion about zero are zero up to the phase at which the window ends. */
  record->xi_error = fmax(motion->drift, mean_error * motion->amplitude);
  dkm_record_fill_leading(q, record);
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

/* The motion of a window was not clear: when to take the next. */
static void plan_next(dkm_attractor *a, const dkm_inquiry *q, const dkm_motion *motion, double length, double bin,
                      dkm_lane *lane) {
  dkm_oscillation *o = &a->oscillation;
  o->last_kind = motion->kind;
  memcpy(o->last_frequency, motion->frequency, sizeof o->last_frequency);
  o->last_weight = motion->weight[1];
  o->last_bin = bin;
  o->has_mean = false;
  const double ratio = motion->half_size[1] / motion->half_size[0];
  const bool dies = o->relaxes || (motion->kind == DKM_MOTION_UNCLEAR && ratio < 1.0 - relaxing);
  o->t_sample = o->n_samples < DKM_MOTION_LONG ? lane->t + length : 2.0 * lane->t;
  /* The longest windows are for motion that stays, and slowly changes. */
  if (o->n_samples < (dies ? DKM_MOTION_LONG : DKM_MOTION_MOST)) o->n_samples *= 2;
  if (motion->kind == DKM_MOTION_CHAOS && o->chaos_since > 0.0)
    o->t_sample = fmax(o->t_sample, chaos_lasts * o->chaos_since);
  if (dies) {
    const double decay_time = 0.5 * length / (1.0 - ratio);
    o->t_sample =
        lane->t + fmin(relaxing_longest * lane->t, (o->relaxes ? relaxing_again : relaxing_decays) * decay_time);
  }
  next_window(a, q, lane);
}

dkm_outlook dkm_oscillation_judge(dkm_attractor *a, const dkm_inquiry *q, const dkm_series *series, double fastest,
                                  dkm_lane *lane, dkm_record *record) {
  dkm_oscillation *o = &a->oscillation;
  const double length = lane->t - series->t0, bin = 2.0 * M_PI / length;
  dkm_motion motion;
  lane->t_limit = q->solver->t_max;
  if (fastest * series->dt > spacing_margin * DKM_MOTION_PHASE) {
    o->fastest = fmax(o->fastest, fastest);
    if (room_for_samples(a, q, lane) && !dkm_inquiry_is_out(a, q, lane)) return DKM_OUTLOOK_SAMPLE;
    next_window(a, q, lane);
    return DKM_OUTLOOK_GO_ON;
  }
  dkm_motion_analyse(series, q->solver->tolerance, &motion);
  o->relaxes = false;
  if (!dkm_stationary_is_dark_precession(a, q, series, &motion, lane, record)) {
    if (motion.kind == DKM_MOTION_UNCLEAR &&
        dkm_stationary_is_relaxation(a, q, &motion, length, lane, &o->relaxes, record))
      return DKM_OUTLOOK_END;
    /* Weak chaos is seen over a time that doubles from window to window, and has lasted. */
    const bool confirmed =
        is_confirmed(o, &motion, fmax(bin, o->last_bin)) && has_lasted(o, &motion, q->solver->t_max, lane->t, length);
    if (!confirmed && !is_weak_chaos(o, &motion)) {
      plan_next(a, q, &motion, length, bin, lane);
      return DKM_OUTLOOK_GO_ON;
    }
    fill_oscillation(a, q, &motion, lane, record);
  }
  record->residual = dkm_inquiry_residual(q);
  return DKM_OUTLOOK_END;
}
