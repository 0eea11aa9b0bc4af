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
/* Separations of chaotic motion grow by more than exp of the first over the second half of the time, and at a rate that
 * is above zero by so many errors; those of regular motion by less than exp of DKM_REGULAR_GROWTH. */
static const double chaotic_growth = 8.0, chaotic_errors = 3.0;
/* Much of chaos is a transient: it is followed for so many Lyapunov times.  It is over when separations grow in a long
 * window by less than this fraction of what they should. */
static const double chaos_enough = 1e4, chaos_over = 0.1;
/* Where time or work end before that, so many are needed: motion that drifts slowly has bursts that look chaotic. */
static const double chaos_least = 100.0;
/* On a torus the energy changes in the window by less than this fraction of |Omega| size^2, and in the time passed, or so
 * many times 1/|Omega|, as well unless its drift is zero within so many errors; the means and the size of the two halves
 * of a window agree to this fraction of the size; separations grow in it by exp of `steady_growth` at most. */
static const double steady_energy = 3e-2, steady_moments = 1e-2, steady_growth = 3.0, power_errors = 3.0,
                    slow_time = 1e5;
/* Lines that lie closer than a window resolves pull each other, and may stay although they do not seem to.  Two long
 * windows that are steady are enough then, if the size and the leading line agree between them to so much. */
static const double same_size = 2e-3, same_bins = 0.5;
/* What oscillates little may grow for ever: of each overlap the rms agrees between the windows to this, or it does not
 * move. */
static const double same_rms = 1e-2;
/* Steady windows that make a torus, at times that double in the end; and long ones, where components of spins along
 * their axes may drift for long until it loses its stability; the longest count twice. */
enum { STEADY_WINDOWS = 2, STEADY_WINDOWS_DARK = 3 };
/* A cycle does not let a trajectory go that is so near that even quadratic terms are a hundredth of the decay; or within
 * the second distance if it came nearer at the cycle's own rate, to the third, by this factor at least. */
/* An attempt at a cycle takes some four integrations of as many columns as there are directions: shooting is not tried for
 * periods that times the number of directions exceed this fraction of the time passed. Columns resolve modes that only
 * follow the spins, which the trajectory may not: time then counts as what it would take with steps of this phase. */
static const double shooting_share = 0.5, shooting_phase = 5.0;
static const double cycle_close = 1e-2, cycle_linear = 0.1, cycle_agreement = 0.1, cycle_nearer = 1.5;
/* Periods that agree to this are of the same cycle. */
static const double same_period = 1e-6;
/* Where the decay can be told from a window of samples, it is waited for this many of those at most: a small cost. A
 * fixed point is the same as the last if overlaps differ by less than the second number. */
static const double caught_windows = 30.0, near_again = 0.01;
/* A window is at least this fraction of the time passed: looks are O(log t) in number. */
static const double window_fraction = 0.03;

/* Motion under losses that are weak is that of the spins as they are, for as long as 1/rate: nothing is called persistent before
 * so many of those. */
static const double forgotten = 10.0;
static bool has_forgotten(const dkm_inquiry *q, double t) {
  const double gamma_1 = dkm_point_gamma_1(q->point), gamma_T = dkm_point_gamma_T(q->point);
  if (!dkm_point_has_losses(q->point)) return true;
  return t * (gamma_1 > 0.0 ? fmin(gamma_1, gamma_T) : gamma_T) >= forgotten;
}

/* Order parameters that are this slow and a state that is this near a fixed point are at rest; what is put back of the directions that
 * grow there (1e-15) is large after so many of their times. */
static const double stuck_rate = 1e-12, stuck_distance = 1e-12, stirred_growth = 40.0;

static double slowest_frequency(const dkm_inquiry *q) {
  const double largest = dkm_inquiry_largest_frequency(q);
  double slowest = largest;
  if (q->point->Omega != 0.0) slowest = fmin(slowest, 2.0 * fabs(q->point->Omega));
  for (int mu = 0; mu < q->system->n_modes; mu++) slowest = fmin(slowest, fabs(q->point->Omega_mu[mu]));
  return fmax(slowest, 1e-3 * largest);
}

static double window_length(const dkm_oscillation *o, const dkm_inquiry *q) {
  return o->n_samples * dkm_sampling_spacing(q->system, q->point, q->u, o->fastest);
}

/* Whether a window of samples ends before t_max, and max_steps at the pace so far; a->limited notes where it does not. */
static bool room_for_samples(dkm_attractor *a, const dkm_inquiry *q, const dkm_lane *lane) {
  const double length = window_length(&a->oscillation, q), steps = (double)dkm_inquiry_steps(a, lane);
  const double more = fmax(steps * length / lane->t, a->oscillation.n_samples); /* steps end at samples */
  const bool has_room = !(q->solver->max_steps > 0 && steps + more > (double)q->solver->max_steps) &&
                        lane->t + length <= q->solver->t_max;
  a->limited = a->limited || !has_room;
  return has_room;
}

static void next_window(dkm_attractor *a, const dkm_inquiry *q, dkm_lane *lane) {
  a->t_start = lane->t;
  lane->t_pause =
      dkm_inquiry_next_pause(a, q, lane, lane->t + fmax(a->oscillation.shortest, window_fraction * lane->t));
}

void dkm_oscillation_begin(dkm_attractor *a, const dkm_inquiry *q, dkm_lane *lane) {
  dkm_oscillation *o = &a->oscillation;
  double slowest_loss = INFINITY;
  for (int mu = 0; mu < q->system->n_modes; mu++) slowest_loss = fmin(slowest_loss, q->point->kappa_mu[mu]);
  o->shortest = fmax(4.0 * M_PI / slowest_frequency(q), dkm_inquiry_drive_period(q));
  o->n_samples = DKM_MOTION_LEAST;
  o->anew = true;
  o->t_sample = fmax(transient_windows * o->shortest, transient_decays / slowest_loss);
  next_window(a, q, lane);
}

/* Gives a trajectory that has come near a damped fixed point time to be caught. Where a window of samples can tell the
 * decay it need not wait for more than some of those. */
static void hold_samples(dkm_oscillation *o, const dkm_inquiry *q, const stationary_near *near, double t) {
  const double patience =
      near->by_samples ? fmin(near->patience, caught_windows * window_length(o, q)) : near->patience;
  bool same = o->near_since > 0.0;
  for (int mu = 0; mu < q->system->n_modes; mu++) same = same && fabs(near->xi[mu] - o->near_xi[mu]) < near_again;
  if (!same) {
    o->near_since = t;
    memcpy(o->near_xi, near->xi, sizeof o->near_xi);
  }
  o->t_sample = fmax(o->t_sample, o->near_since + patience);
}

/* ---- what windows and separations show ---- */

static bool is_chaotic(const dkm_exponent_estimate *now) {
  const double error = sqrt(now->error * now->error - now->doubt * now->doubt);
  return now->rate - now->doubt > chaotic_errors * error && now->late_growth > chaotic_growth;
}

/* Whether the lines of this window are those of the one before. */
static bool has_same_lines(const dkm_oscillation *o, const dkm_motion *motion, double bin) {
  const dkm_motion *last = &o->motion;
  if (motion->kind != DKM_MOTION_TORUS || last->kind != DKM_MOTION_TORUS) return false;
  /* The second line may be either of two equal ones on both sides of the first. */
  const double leading = last->frequency[0], second = last->frequency[1], apart = torus_bins * fmax(bin, o->bin);
  if (!(fabs(motion->frequency[0] - leading) <= apart)) return false;
  if (!(fmin(fabs(motion->frequency[1] - second), fabs(motion->frequency[1] - (2.0 * leading - second))) <= apart))
    return false;
  return fabs(motion->weight[1] / last->weight[1] - 1.0) <= torus_weight;
}

/* Whether nothing but phases changes, as far as the window tells: neither the energy nor the moments, and separations
 * do not grow. */
static bool is_steady(const dkm_inquiry *q, const dkm_motion *motion, int n_samples, double length, double t) {
  /* What the oscillation has of energy, and a time that is long even where modes are fast and damp spins slowly. */
  const double Omega = fabs(q->point->Omega), allowed = steady_energy * Omega * fmin(1.0, motion->size * motion->size);
  /* Errors of steps are balanced by as much power as they bring. */
  const double power = fabs(motion->power), of_steps = q->solver->tolerance * n_samples / length;
  /* There is no balance of energy then, nor is anything conserved. */
  const bool losses = dkm_point_has_losses(q->point) || dkm_inquiry_drive_period(q) > 0.0;
  const bool stays = losses || power * fmax(t, slow_time / Omega) <= allowed ||
                     power <= power_errors * motion->power_resolution + of_steps;
  return stays && (losses || (power + motion->power_resolution) * length <= allowed) &&
         motion->growth < steady_growth && motion->drift <= steady_moments * motion->size &&
         fabs(motion->half_size[1] / motion->half_size[0] - 1.0) <= steady_moments;
}

static bool has_same_overlaps(const dkm_inquiry *q, const dkm_motion *motion, const dkm_motion *last) {
  for (int mu = 0; mu < q->system->n_modes; mu++) {
    const double now = motion->xi_rms[mu], before = last->xi_rms[mu];
    if (fmax(now, before) > DKM_LEAST_MOTION && !(fabs(now - before) <= same_rms * before)) return false;
  }
  return true;
}

/* Whether this window, one of several that were steady, shows a torus, the same as the one before it. */
static bool is_torus(const dkm_oscillation *o, const dkm_inquiry *q, const dkm_motion *motion, double bin,
                     const dkm_exponent_estimate *now) {
  if (isnan(motion->frequency[1]) ||
      o->n_steady < (dkm_inquiry_may_be_dark(q) ? STEADY_WINDOWS_DARK : STEADY_WINDOWS) || isnan(now->rate) ||
      !(now->late_growth < DKM_REGULAR_GROWTH) || !has_same_overlaps(q, motion, &o->motion))
    return false;
  if (has_same_lines(o, motion, bin)) return true;
  return o->n_samples > DKM_MOTION_LONG && motion->kind != DKM_MOTION_CHAOS &&
         fabs(motion->size / o->motion.size - 1.0) <= same_size &&
         fabs(motion->frequency[0] - o->motion.frequency[0]) <= same_bins * fmax(bin, o->bin);
}

/* ---- cycles ---- */

/* Whether the trajectory cannot leave a damped cycle any more. */
static bool is_caught(dkm_oscillation *o, const dkm_inquiry *q, const dkm_cycle *cycle, double t) {
  const double gamma = cycle->spectrum.decay_rate;
  if (cycle->precession > 0.0) return cycle->distance <= dkm_stationary_sampled_steadiness(cycle->precession);
  const double distance = cycle->distance_all;
  if (distance <= cycle_close * gamma / (dkm_inquiry_steepness(q) + gamma)) return true;
  const bool same = o->cycle_t > 0.0 && fabs(cycle->period / o->cycle_period - 1.0) <= same_period;
  if (same && distance > o->cycle_distance / cycle_nearer && distance <= o->cycle_distance)
    return false; /* too early */
  const double measured = same ? dkm_exponent_log(o->cycle_distance / distance) / (t - o->cycle_t) : 0.0;
  if (distance <= cycle_linear && fabs(measured / gamma - 1.0) <= cycle_agreement) return true;
  o->cycle_t = t;
  o->cycle_period = cycle->period;
  o->cycle_distance = distance;
  return false;
}

/* How many times the work of the trajectory it takes to integrate over the same time with every mode resolved. */
static double resolving(const dkm_inquiry *q, double steps, double t) {
  double fastest = 0.0;
  for (int mu = 0; mu < q->system->n_modes; mu++) fastest = fmax(fastest, sqrt(dkm_point_D(q->point, mu)));
  return fmax(1.0, fastest / shooting_phase * t / steps);
}

/* Periods to look for cycles with: what recurs; of a driven trajectory first the drive's own and twice that, then the multiples of
 * it that are next to what recurs. Returns their number. */
enum { PERIODS = DKM_MOTION_PERIODS + 2 };
static int candidates(const dkm_inquiry *q, const dkm_motion *motion, double periods[PERIODS]) {
  const double of_drive = dkm_inquiry_drive_period(q);
  int n = 0;
  if (of_drive > 0.0) {
    periods[n++] = of_drive;
    periods[n++] = 2.0 * of_drive;
  }
  for (int i = 0; i < motion->n_periods; i++) {
    const double multiple = of_drive > 0.0 ? of_drive * round(motion->periods[i] / of_drive) : motion->periods[i];
    bool known = of_drive > 0.0 && multiple == 0.0;
    for (int j = 0; of_drive > 0.0 && j < n; j++) known = known || periods[j] == multiple;
    if (!known) periods[n++] = multiple;
  }
  return n;
}

/* Looks for a damped cycle from what recurs; *caught: and the trajectory is its. Returns false if there is none near. */
static bool find_cycle(dkm_oscillation *o, const dkm_inquiry *q, const dkm_motion *motion, double steps, double t,
                       dkm_cycle *cycle, bool *caught) {
  const bool dress = dkm_inquiry_may_be_dark(q);
  *caught = false;
  const double kept = dkm_point_has_losses(q->point) ? 0.0 : (double)q->system->n_classes; /* lengths */
  const double directions = (double)dkm_model_size(q->system) - kept;
  const double longest = shooting_share * t / (directions * resolving(q, steps, t));
  double periods[PERIODS];
  const int n = candidates(q, motion, periods);
  for (int i = 0; i < n; i++) {
    if (periods[i] > longest) continue;
    if (!dkm_cycle_find(q->cycles, q->point, q->u, t, periods[i], dress, cycle, q->scratch)) continue;
    /* Nothing but the lengths is neutral: no precession is dark, all of it will die. */
    if (cycle->precession > 0.0 && cycle->spectrum.n_neutral <= q->system->n_classes &&
        !dkm_cycle_find(q->cycles, q->point, q->u, t, periods[i], false, cycle, q->scratch))
      continue;
    if (cycle->spectrum.n_unstable > 0 || !(cycle->spectrum.decay_rate > 0.0)) continue;
    const double distance = cycle->precession > 0.0 ? cycle->distance : cycle->distance_all;
    if (distance > cycle_linear) continue;
    *caught = is_caught(o, q, cycle, t);
    return true;
  }
  return false;
}

/* ---- the verdicts ---- */

/* Whether separations grow because of chaos, for so many Lyapunov times. Next to a saddle they grow as well. */
static bool is_irregular(const dkm_inquiry *q, const dkm_motion *motion, double length,
                         const dkm_exponent_estimate *now, double times) {
  const double expected = now->rate * length;
  const bool is_over = expected > steady_growth && motion->growth < chaos_over * expected;
  return is_chaotic(now) && now->rate * now->time >= times && !is_over &&
         !dkm_stationary_rates_are_calm(q, motion->rate_max);
}

/* Chaos, if it is no torus; or no more time or work, and nothing is shown. */
static dkm_verdict verdict_without(const dkm_attractor *a, const dkm_inquiry *q, const dkm_lane *lane) {
  const dkm_oscillation *o = &a->oscillation;
  const bool chaos = has_forgotten(q, lane->t) && is_irregular(q, &o->motion, 2.0 * M_PI / o->bin, &o->exponent, chaos_least);
  return chaos ? DKM_VERDICT_IRREGULAR : DKM_VERDICT_UNDECIDED;
}

/* When to take the next window, and whether the time until then is followed with its shadow. */
static dkm_outlook plan_next(dkm_attractor *a, const dkm_inquiry *q, const dkm_motion *motion,
                             const dkm_exponent_estimate *now, double length, dkm_lane *lane) {
  dkm_oscillation *o = &a->oscillation;
  o->has_mean = false;
  const double ratio = motion->half_size[1] / motion->half_size[0];
  const bool dies = o->relaxes || (motion->kind == DKM_MOTION_UNCLEAR && ratio < 1.0 - relaxing);
  o->t_sample = o->n_samples < DKM_MOTION_LONG ? lane->t + length : 2.0 * lane->t;
  /* The longest windows are for motion that stays, and slowly changes. */
  if (o->n_samples < (dies ? DKM_MOTION_LONG : DKM_MOTION_MOST)) o->n_samples *= 2;
  if (is_chaotic(now)) o->t_sample = fmin(o->t_sample, lane->t + fmax(length, chaos_enough / now->rate - now->time));
  if (dies) {
    const double decay_time = 0.5 * length / (1.0 - ratio);
    o->t_sample =
        lane->t + fmin(relaxing_longest * lane->t, (o->relaxes ? relaxing_again : relaxing_decays) * decay_time);
  }
  if (o->relaxes || dkm_stationary_rates_are_calm(q, motion->rate_max)) {
    next_window(a, q, lane);
    return DKM_OUTLOOK_GO_ON;
  }
  o->t_sample = fmin(dkm_inquiry_next_pause(a, q, lane, o->t_sample), q->solver->t_max);
  return DKM_OUTLOOK_FOLLOW;
}

/* Whether the trajectory rests at a fixed point that it should have left, and has nothing left to leave by. */
static bool is_stuck(dkm_oscillation *o, const dkm_inquiry *q, const dkm_window *window, double t) {
  dkm_fixedpoint fixed;
  dkm_spectrum spectrum;
  if (dkm_point_dynamics(q->point) == DKM_DYNAMICS_CONSERVED || t < o->t_stirred ||
      window->rate_max > stuck_rate * dkm_inquiry_largest_frequency(q))
    return false;
  if (!dkm_fixedpoint_near(q->workspace, q->point, q->u, true, &fixed, q->scratch) ||
      fixed.distance_all > stuck_distance ||
      dkm_fixedpoint_spectrum(q->workspace, q->point, q->scratch, -1, 0.0, &spectrum, NULL) != DKM_OK ||
      spectrum.n_unstable == 0)
    return false;
  o->t_stirred = t + stirred_growth / spectrum.growth_rate;
  return true;
}

dkm_outlook dkm_oscillation_look(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, dkm_lane *lane,
                                 dkm_record *record) {
  dkm_oscillation *o = &a->oscillation;
  if (o->has_mean) {
    a->drift = 0.0;
    for (int mu = 0; mu < q->system->n_modes; mu++) a->drift = fmax(a->drift, fabs(window->mean[mu] - o->mean[mu]));
  }
  memcpy(o->mean, window->mean, sizeof o->mean);
  o->has_mean = true;

  const bool driven = dkm_inquiry_drive_period(q) > 0.0; /* nothing rests then */
  if (!driven && dkm_heteroclinic_is_shown(a, q, window, lane, record)) return DKM_OUTLOOK_END;
  if (!driven && (o->relaxes || dkm_stationary_is_calm(q, window)) && lane->t >= a->approach.t_attempt) {
    stationary_near near;
    if (dkm_stationary_try_fixed_point(a, q, window, lane, &near, record)) return DKM_OUTLOOK_END;
    if (near.is) hold_samples(o, q, &near, lane->t);
  }
  if (dkm_inquiry_is_out(a, q, lane)) {
    dkm_oscillation_fill_undecided(a, q, window, lane, record);
    return DKM_OUTLOOK_END;
  }
  if (!driven && is_stuck(o, q, window, lane->t)) {
    o->t_sample = fmax(o->t_sample, o->t_stirred);
    next_window(a, q, lane);
    return DKM_OUTLOOK_STIR;
  }
  if (lane->t >= o->t_sample && room_for_samples(a, q, lane)) {
    const bool falls = !driven && window->rate_max < (1.0 - relaxing_rate) * o->rate_mark;
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

dkm_outlook dkm_oscillation_judge(dkm_attractor *a, const dkm_inquiry *q, const dkm_series *series,
                                  const dkm_exponent *exponent, double fastest, dkm_lane *lane, dkm_record *record) {
  dkm_oscillation *o = &a->oscillation;
  const double length = lane->t - series->t0, bin = 2.0 * M_PI / length;
  const dkm_exponent_estimate now = dkm_exponent_now(exponent);
  dkm_motion motion;
  lane->t_limit = q->solver->t_max;
  if (fastest * series->dt > spacing_margin * DKM_MOTION_PHASE) {
    o->fastest = fmax(o->fastest, fastest);
    if (room_for_samples(a, q, lane) && !dkm_inquiry_is_out(a, q, lane)) return DKM_OUTLOOK_SAMPLE;
    next_window(a, q, lane);
    return DKM_OUTLOOK_GO_ON;
  }
  dkm_motion_analyse(series, q->point, q->solver->tolerance, &motion);
  o->relaxes = false;
  const bool driven = dkm_inquiry_drive_period(q) > 0.0;
  if (!driven && dkm_stationary_is_dark_precession(a, q, series, &motion, lane, record)) {
    record->residual = dkm_inquiry_residual(q);
    return DKM_OUTLOOK_END;
  }
  if (!driven && motion.kind == DKM_MOTION_UNCLEAR &&
      dkm_stationary_is_relaxation(a, q, &motion, length, lane, &o->relaxes, record)) {
    record->residual = dkm_inquiry_residual(q);
    return DKM_OUTLOOK_END;
  }
  dkm_cycle cycle;
  bool caught = false;
  const bool near_cycle = motion.growth < chaotic_growth && !o->relaxes &&
                          find_cycle(o, q, &motion, (double)dkm_inquiry_steps(a, lane), lane->t, &cycle, &caught);
  if (caught) {
    dkm_oscillation_fill_cycle(a, q, &cycle, lane, record);
    return DKM_OUTLOOK_END;
  }
  const bool steady = is_steady(q, &motion, o->n_samples, length, lane->t);
  const bool counts = o->n_samples >= DKM_MOTION_LONG || !dkm_inquiry_may_be_dark(q);
  o->n_steady = steady ? o->n_steady + counts + (o->n_samples == DKM_MOTION_MOST) : 0;
  const bool forgotten_now = has_forgotten(q, lane->t);
  const bool torus = !near_cycle && forgotten_now && is_torus(o, q, &motion, bin, &now);
  const bool switches = !driven && dkm_heteroclinic_explains(q, &motion);
  o->motion = motion;
  o->exponent = now;
  o->n_large += motion.amplitude > DKM_LARGE_MOTION;
  for (int mu = 0; mu < q->system->n_modes; mu++) o->largest[mu] = fmax(o->largest[mu], motion.xi_amplitude[mu]);
  o->widest = fmax(now.time > 1.01 * length ? o->widest : 0.0, motion.amplitude);
  o->has_motion = true;
  o->bin = bin;
  const bool chaos = forgotten_now && is_irregular(q, &motion, length, &now, chaos_enough);
  if (torus || switches || chaos || dkm_inquiry_is_out(a, q, lane)) {
    dkm_oscillation_fill_end(a, q, torus ? DKM_VERDICT_QUASIPERIODIC : verdict_without(a, q, lane), lane, record);
    if (switches) dkm_heteroclinic_fill(record);
    return DKM_OUTLOOK_END;
  }
  /* Calm and bursts may alternate; but calm that is steady stays. */
  if (steady && o->n_samples >= DKM_MOTION_LONG && is_chaotic(&now) && motion.growth < chaos_over * now.rate * length) {
    o->anew = true;
    o->n_samples = DKM_MOTION_LONG / 2;
  }
  return plan_next(a, q, &motion, &now, length, lane);
}

dkm_outlook dkm_oscillation_followed(dkm_attractor *a, const dkm_inquiry *q, const dkm_exponent *exponent,
                                     dkm_lane *lane, dkm_record *record) {
  dkm_oscillation *o = &a->oscillation;
  lane->t_limit = q->solver->t_max;
  o->exponent = dkm_exponent_now(exponent);
  if (dkm_inquiry_is_out(a, q, lane)) {
    if (o->has_motion)
      dkm_oscillation_fill_end(a, q, verdict_without(a, q, lane), lane, record);
    else
      dkm_oscillation_fill_unseen(a, q, lane, record);
    return DKM_OUTLOOK_END;
  }
  if (room_for_samples(a, q, lane)) return DKM_OUTLOOK_SAMPLE;
  o->t_sample = dkm_inquiry_next_pause(a, q, lane, q->solver->t_max); /* the rest, for the exponent */
  return DKM_OUTLOOK_FOLLOW;
}
