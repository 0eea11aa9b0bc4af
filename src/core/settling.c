/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the Lyapunov function V of landscape.h excludes oscillations.
 *
 * A look (at times that grow by a constant factor) asks how V stands to the barriers.
 *
 * Patterns as many as classes (rank K: gauged M <= 2, every exact start): the end is the minimum itself, a fixed point.
 *   settled     V is below the barrier of its valley, and the landscape is certified
 *   predicted   V is below it, uncertified; or spins keep their components along their fields, and led to the same
 *               leading overlap all the time from t to 4 t and for some periods
 *   symmetric   only one mode is above its threshold: |xi| is settled anyway. When the bound is reached the sign is open
 *
 * More classes than patterns: energy may stay locked in spins whose precession no mode sees, so the label (the leading
 * overlap) is settled, but not xi, and above threshold the end may even be xi = 0.  Order parameters are followed in octaves
 * of time, [t, 2t], whose means tell how they drift: until a dressed fixed point has caught them (stationary.c), until they
 * are steady, or as long as it is worth it.  Then
 *   dark_precession   they are steady, and the end has directions that no mode sees
 *   relaxing          they still drift, or will once the slow spins that every mode sees have aligned: the record has the
 *                     plateau, the limit if the label is settled, and the rate */
#include <math.h>
#include <string.h>

#include "dickemap/landscape.h"
#include "inquiry.h"

/* Looks are at times that grow by this factor; the first is early in the fastest oscillation. */
static const double look_factor = 1.15, first_look = 0.3;
/* Frozen spins are believed after the time has grown by this factor, so many periods of the slowest motion
 * and so many steps (tests/bench/verdicts: of some 5000 predictions none was wrong that waited so long). */
static const double frozen_factor = 4.0, frozen_periods = 4.0;
enum { FROZEN_STEPS = 20 };
/* An octave is steady if the leading overlap is ahead of the next by so many times what means changed and rms are; a
 * label is predicted after so many of them and steps; where every end is a fixed point, after more. */
static const double ahead_of_change = 20.0, ahead_of_rms = 3.0;
enum { STEADY_OCTAVES = 4, STEADY_STEPS = 2000, LASTING_OCTAVES = 6, LASTING_STEPS = 20000 };
/* Once the label is known order parameters are followed for this factor of the steps up to there and so many more, and
 * longer by the second factor while the spread of the last octave is above this. */
static const double follow_factor = 1.25, follow_longer = 3.0, spread_enough = 0.02;
enum { FOLLOW_STEPS = 5000 };
/* Where only the sign is open it is worth this part of max_steps, and so many steps if there is no such bound. */
enum { SIGN_PART = 50, SIGN_STEPS = 20000, SIGN_LONGER = 5 };
/* Steadier than this they need not be followed further, and are called steady at all up to the second number. */
static const double steady_enough = 1e-7, steady_at_all = 0.02;
/* In units of the spread of the means of the windows in the last octave: errors of its own mean and of that of a window. */
static const double octave_error = 0.3, window_error = 0.5;
/* Means of windows weigh the ends of steps, whose lengths go with the phase of an oscillation: in units of its rms. */
static const double step_error = 0.02;
/* A window whose means are further from those of the last octave than so many times that spread shows that they have left. */
static const double left_spreads = 2.0;
/* The overlap that stands out by so many times what is not known does so; and nothing is called steady before so many
 * periods of the slowest motion. */
static const double ahead_at_all = 3.0, steady_periods = 4.0;
/* Means that change by equal amounts in each octave are known to this many of them: a factor of 64 in time. */
static const double octaves_ahead = 6.0;

void settling_begin(dkm_settling *s, const dkm_inquiry *q, dkm_lane *lane) {
  *s = (dkm_settling){.holds = true, .full_rank = dkm_landscape_full_rank(q->patterns), .t_settled = NAN, .since_t = NAN,
                      .change = NAN, .change_before = NAN, .rate_before = NAN, .limit = NAN, .barrier = NAN};
  double slowest = 2.0 * fabs(q->point->Omega);
  for (int mu = 0; mu < q->patterns->n_modes; mu++) slowest = fmin(slowest, fabs(q->point->Omega_mu[mu]));
  s->period = 2.0 * M_PI / slowest;
  s->octave_end = 2.0 * M_PI / inquiry_largest_frequency(q);
  lane->t_pause = first_look / inquiry_largest_frequency(q);
}

/* ---- octaves ---- */

static void add_window(dkm_settling *s, const dkm_inquiry *q, const dkm_window *window) {
  s->length += window->length;
  s->n_windows++;
  for (int mu = 0; mu < q->patterns->n_modes; mu++) {
    const double mean = window->mean[mu], rms = window->rms[mu];
    s->low[mu] = s->n_windows == 1 ? mean : fmin(s->low[mu], mean);
    s->high[mu] = s->n_windows == 1 ? mean : fmax(s->high[mu], mean);
    s->sum_xi[mu] += window->length * mean;
    s->sum_xi_sq[mu] += window->length * (rms * rms + mean * mean);
    s->sum_occupation[mu] += window->length * window->occupation[mu];
  }
}

static double ahead(const dkm_inquiry *q, const double *xi) {
  double second, largest = 0.0;
  dkm_record_leading(xi, q->patterns->n_modes, 0.0, &second);
  for (int mu = 0; mu < q->patterns->n_modes; mu++) largest = fmax(largest, fabs(xi[mu]));
  return largest - second;
}

static int leading_label(const dkm_inquiry *q, const double *xi) {
  double second;
  return dkm_record_leading(xi, q->patterns->n_modes, 1e-6, &second);
}

/* Means of the octave that ends now (or so far) into mean, rms, occupation. */
static void average(const dkm_settling *s, const dkm_inquiry *q, double *mean, double *rms, double *occupation) {
  for (int mu = 0; mu < q->patterns->n_modes; mu++) {
    mean[mu] = s->sum_xi[mu] / s->length;
    rms[mu] = sqrt(fmax(0.0, s->sum_xi_sq[mu] / s->length - mean[mu] * mean[mu]));
    occupation[mu] = s->sum_occupation[mu] / s->length;
  }
}

static double largest_of(const dkm_inquiry *q, const double *a) {
  double m = 0.0;
  for (int mu = 0; mu < q->patterns->n_modes; mu++) m = fmax(m, fabs(a[mu]));
  return m;
}

static void close_octave(dkm_settling *s, const dkm_inquiry *q, double t) {
  const int M = q->patterns->n_modes, label_before = leading_label(q, s->mean);
  memcpy(s->mean_before, s->mean, sizeof s->mean);
  average(s, q, s->mean, s->rms, s->occupation);
  s->change_before = s->change;
  s->change = s->n_octaves > 0 ? 0.0 : NAN;
  for (int mu = 0; mu < M && s->n_octaves > 0; mu++)
    s->change = fmax(s->change, fabs(s->mean[mu] - s->mean_before[mu]));
  s->spread = 0.0;
  for (int mu = 0; mu < M; mu++) s->spread = fmax(s->spread, s->high[mu] - s->low[mu]);
  s->n_windows = 0;
  s->n_octaves++;
  const double gap = ahead(q, s->mean);
  const bool steady = gap > ahead_of_change * s->change + ahead_of_rms * largest_of(q, s->rms) &&
                      leading_label(q, s->mean) == label_before;
  s->n_steady = steady ? s->n_steady + 1 : 0;
  s->octave_start = t;
  s->octave_end = 2.0 * t;
  s->length = 0.0;
  for (int mu = 0; mu < M; mu++) s->sum_xi[mu] = s->sum_xi_sq[mu] = s->sum_occupation[mu] = 0.0;
}

/* How far the means may still go: as a geometric series if they change less and less, else for some octaves. */
static double drift_ahead(const dkm_settling *s) {
  if (s->n_octaves < 3) return 1.0;
  const double ratio = s->change / s->change_before;
  return ratio < octaves_ahead / (1.0 + octaves_ahead) ? s->change * (1.0 + ratio / (1.0 - ratio))
                                                       : s->change * octaves_ahead * fmax(1.0, ratio);
}

/* ---- the outcome ---- */

/* Asks whether V is below the barrier of its valley. */
static void ask_valley(dkm_settling *s, const dkm_inquiry *q, double value, double t) {
  dkm_valley valley;
  /* No saddle is above U(0) = -|Omega|/2: no need to search for them before. */
  if (!isnan(s->t_settled) || value >= -0.5 * fabs(q->point->Omega) ||
      !dkm_landscape_may_be_settled(q->landscape, value))
    return;
  dkm_landscape_valley(q->landscape, q->u, value, &valley);
  if (!valley.below) return;
  s->t_settled = t;
  s->proven = valley.settled;
  s->limit = valley.limit;
  s->barrier = valley.barrier;
  memcpy(s->xi, valley.xi, sizeof s->xi);
}

/* Down to the minimum with all spins aligned, from where these overlaps are: into s->xi, if its label is theirs. */
static bool go_down(dkm_settling *s, const dkm_inquiry *q, const double *xi) {
  dkm_valley valley;
  dkm_landscape_aligned_state(q->landscape, xi, q->scratch);
  dkm_landscape_valley(q->landscape, q->scratch, INFINITY, &valley);
  if (!valley.known || leading_label(q, valley.xi) != leading_label(q, xi)) return false;
  s->barrier = valley.barrier;
  memcpy(s->xi, valley.xi, sizeof s->xi);
  return true;
}

/* Whether frozen spins have led to the same leading overlap for long. s->xi: the minimum that they lead to. */
static bool is_predicted(dkm_settling *s, const dkm_inquiry *q, const dkm_window *window, double value, double t,
                         int64_t steps) {
  dkm_frozen frozen;
  int label = 0;
  if (dkm_landscape_frozen(q->landscape, q->u, &frozen) && value < frozen.barrier) {
    /* An oscillation over the barrier shows in the window even where this look misses it. */
    const double mean = window->mean[frozen.leading];
    if (mean * frozen.xi[frozen.leading] > 0.0 && fabs(mean) > window->rms[frozen.leading])
      label = leading_label(q, frozen.xi);
  }
  if (label == 0 || label != s->leading) {
    s->leading = label;
    s->since_t = t;
    s->since_steps = steps;
    return false;
  }
  if (t < frozen_factor * s->since_t || t < s->since_t + frozen_periods * s->period ||
      steps < (int64_t)frozen_factor * s->since_steps + FROZEN_STEPS)
    return false;
  return go_down(s, q, frozen.xi);
}

/* The same for means that have been steady for long. */
static bool is_lasting(dkm_settling *s, const dkm_inquiry *q, double t, int64_t steps) {
  return s->n_steady >= LASTING_OCTAVES && steps >= LASTING_STEPS && t >= steady_periods * s->period &&
         go_down(s, q, s->mean);
}

static void fill_barrier(const dkm_settling *s, dkm_record *record) {
  record->t_settled = s->t_settled;
  record->L_saddle = isfinite(s->barrier) ? s->barrier : NAN;
}

static bool end_aligned(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, const dkm_lane *lane,
                        dkm_how how, const double *xi, dkm_record *record) {
  if (!exact_fill_aligned(a, q, xi, window->rms, lane, record)) return false;
  fill_barrier(&a->settling, record);
  record->verdict = DKM_VERDICT_FIXED_POINT;
  record->how = (uint8_t)how;
  return true;
}

/* Whether order parameters have left where they were in the last octave, which then says nothing of now. */
static bool has_left(const dkm_settling *s, const dkm_inquiry *q, const dkm_window *window) {
  double distance = 0.0;
  for (int mu = 0; mu < q->patterns->n_modes; mu++) distance = fmax(distance, fabs(window->mean[mu] - s->mean[mu]));
  return distance > left_spreads * s->spread;
}

/* Nothing was shown: what is known nevertheless. */
static void end_undecided(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, const dkm_lane *lane,
                          dkm_record *record) {
  dkm_settling *s = &a->settling;
  double mean[DKM_MAX_MODES], rms[DKM_MAX_MODES], occupation[DKM_MAX_MODES];
  const bool whole = s->n_octaves > 0 && (s->length == 0.0 || !has_left(s, q, window));
  if (!whole) average(s, q, mean, rms, occupation);
  record_fill_common(a, q, whole ? s->rms : rms, lane, record);
  record_fill_means(q, whole ? s->mean : mean, whole ? s->occupation : occupation, record);
  record->residual = inquiry_residual(q);
  record->drift = s->change;
  record->xi_error = s->n_octaves < 3 || !whole ? 1.0 : fmin(1.0, drift_ahead(s) + s->spread);
  record->L_end = dkm_landscape_value(q->landscape, q->u);
  fill_barrier(s, record);
  record_fill_leading(q, record);
  record->verdict = DKM_VERDICT_UNDECIDED;
}

/* |xi| where a single mode is above its threshold, with the sign that it has now. */
static bool end_symmetric(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, const dkm_lane *lane,
                          dkm_record *record) {
  dkm_valley valley;
  if (dkm_landscape_n_active(q->landscape) != 1) return false;
  dkm_landscape_valley(q->landscape, q->u, INFINITY, &valley);
  if (!valley.known) return false;
  a->settling.barrier = valley.barrier;
  return end_aligned(a, q, window, lane, DKM_HOW_SYMMETRIC, valley.xi, record);
}

static int64_t steps_for_sign(const dkm_inquiry *q) {
  return q->solver->max_steps > 0 ? 1 + q->solver->max_steps / SIGN_PART : SIGN_STEPS;
}

static dkm_outlook look_full_rank(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, dkm_lane *lane,
                                  double value, dkm_record *record) {
  dkm_settling *s = &a->settling;
  if (!isnan(s->t_settled) &&
      end_aligned(a, q, window, lane, s->proven ? DKM_HOW_SETTLED : DKM_HOW_PREDICTED, s->xi, record))
    return DKM_OUTLOOK_END;
  if (lane->t >= s->octave_end) close_octave(s, q, lane->t);
  const int64_t steps = inquiry_steps(a, lane);
  if (isnan(s->t_settled) &&
      (is_predicted(s, q, window, value, lane->t, steps) || is_lasting(s, q, lane->t, steps)) &&
      end_aligned(a, q, window, lane, DKM_HOW_PREDICTED, s->xi, record))
    return DKM_OUTLOOK_END;
  const bool out = inquiry_is_out(a, q, lane);
  if ((out || steps >= steps_for_sign(q)) && end_symmetric(a, q, window, lane, record))
    return DKM_OUTLOOK_END;
  if (!out) return DKM_OUTLOOK_GO_ON;
  end_undecided(a, q, window, lane, record);
  return DKM_OUTLOOK_END;
}

/* ---- more classes than patterns ---- */

/* The fixed point with aligned spins that it goes to or is dressed from: its overlaps, and whether it has directions
 * that no mode sees. */
static bool find_end(const dkm_settling *s, const dkm_inquiry *q, double *xi, bool *dark, dkm_spectrum *spectrum) {
  dkm_valley valley;
  if (!isnan(s->t_settled))
    memcpy(xi, s->xi, sizeof s->xi);
  else {
    dkm_landscape_valley(q->landscape, q->u, INFINITY, &valley);
    if (!valley.known) return false;
    memcpy(xi, valley.xi, sizeof valley.xi);
  }
  dkm_landscape_aligned_state(q->landscape, xi, q->scratch);
  if (dkm_fixedpoint_spectrum(q->workspace, q->point, q->scratch, -1, 0.0, spectrum, NULL) != DKM_OK) return false;
  *dark = spectrum->n_neutral > q->patterns->n_classes;
  return true;
}

/* The approach to xi_limit between the last two octaves, whose middles are a factor of 2 apart. */
static void fill_rate(dkm_settling *s, const dkm_inquiry *q, double t, dkm_record *record) {
  double now = 0.0, before = 0.0;
  for (int mu = 0; mu < q->patterns->n_modes; mu++) {
    now = fmax(now, fabs(s->mean[mu] - record->xi_limit[mu]));
    before = fmax(before, fabs(s->mean_before[mu] - record->xi_limit[mu]));
  }
  const double rate = log(before / now) / (0.375 * s->octave_end);
  record->relaxation_rate = rate;
  record->relaxation_rate_error = isnan(s->rate_before) ? fabs(rate) : fabs(rate - s->rate_before);
  if (rate > 0.0) record->relaxation_time = t + log(fmax(1.0, now / 1e-3)) / rate;
}

/* Verdict on order parameters as they are in the last octave. known: the label is. */
static void end_plateau(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, const dkm_lane *lane,
                        bool known, dkm_record *record) {
  dkm_settling *s = &a->settling;
  double xi[DKM_MAX_MODES], precession = NAN;
  bool dark = true;
  dkm_spectrum spectrum, dressed;
  const bool settled = !isnan(s->t_settled), found = find_end(s, q, xi, &dark, &spectrum);
  const double L_limit = found ? dkm_landscape_value(q->landscape, q->scratch) : NAN;
  if (!stationary_dressed_spectrum(q, &dressed, &precession)) precession = NAN;
  const bool left = has_left(s, q, window);
  record_fill_common(a, q, left ? window->rms : s->rms, lane, record);
  /* Where order parameters drift, the last window is closer to where they are now than the last octave is. */
  const double ahead = drift_ahead(s), in_octave = octave_error * s->spread;
  const bool steady =
      known && dark && !left && ahead + in_octave <= steady_at_all && lane->t >= steady_periods * s->period;
  const bool octave = steady || (!left && s->change < 0.5 * s->spread);
  record_fill_means(q, octave ? s->mean : window->mean, octave ? s->occupation : window->occupation, record);
  if (found) {
    record->growth_rate = spectrum.growth_rate;
    record->decay_rate = spectrum.decay_rate;
    record->n_unstable = (int32_t)spectrum.n_unstable;
    record->n_neutral = (int32_t)spectrum.n_neutral;
  }
  record->precession = precession;
  record->residual = inquiry_residual(q);
  record->drift = s->change;
  record->L_end = dkm_landscape_value(q->landscape, q->u);
  record->L_limit = L_limit;
  fill_barrier(s, record);
  record->how = (uint8_t)(settled && s->proven ? DKM_HOW_SETTLED : known ? DKM_HOW_PREDICTED : DKM_HOW_SYMMETRIC);
  if (steady) {
    record->verdict = DKM_VERDICT_DARK_PRECESSION;
    record->xi_error = ahead + in_octave + step_error * largest_of(q, s->rms);
  } else {
    record->verdict = DKM_VERDICT_RELAXING;
    record->xi_error = window_error * s->spread + step_error * largest_of(q, left ? window->rms : s->rms);
    for (int mu = 0; left && mu < q->patterns->n_modes; mu++)
      record->xi_error = fmax(record->xi_error, window_error * fabs(window->mean[mu] - s->mean[mu]));
    if (found) {
      memcpy(record->xi_limit, xi, (size_t)q->patterns->n_modes * sizeof *xi);
      if (!left) fill_rate(s, q, lane->t, record);
    }
  }
  record_fill_leading(q, record);
}

/* Whether one overlap of the last octave stands out. */
static bool stands_out(const dkm_settling *s, const dkm_inquiry *q) {
  return s->n_octaves >= 3 && ahead(q, s->mean) > ahead_at_all * (s->change + s->spread);
}

/* Whether the label is known: settled, or predicted in one of two ways. */
static bool is_known(dkm_settling *s, const dkm_inquiry *q, const dkm_window *window, double value, double t,
                     int64_t steps) {
  if (!isnan(s->t_settled)) return true;
  if (is_predicted(s, q, window, value, t, steps) && stands_out(s, q) && leading_label(q, s->mean) == s->leading)
    return true;
  return s->n_steady >= STEADY_OCTAVES && steps >= STEADY_STEPS && t >= steady_periods * s->period;
}

static dkm_outlook look_locked(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, dkm_lane *lane,
                               double value, dkm_record *record) {
  dkm_settling *s = &a->settling;
  const int64_t steps = inquiry_steps(a, lane);
  const bool out = inquiry_is_out(a, q, lane);
  if (stationary_is_calm(q, window) && lane->t >= a->t_attempt &&
      stationary_try_fixed_point(a, q, window, lane, record)) {
    record->L_end = value;
    record->L_limit = dkm_landscape_value(q->landscape, q->u);
    fill_barrier(s, record);
    return DKM_OUTLOOK_END;
  }
  const bool full_octave = lane->t >= s->octave_end;
  if (full_octave) close_octave(s, q, lane->t);
  const bool known = is_known(s, q, window, value, lane->t, steps);
  if (known && s->steps_known == 0) s->steps_known = steps;
  if (!known) s->steps_known = 0;
  const double well = s->spread <= spread_enough ? 1.0 : follow_longer;
  const bool enough = full_octave && known && s->n_octaves >= 4 &&
                      (drift_ahead(s) + s->spread <= steady_enough ||
                       (double)steps >= well * (follow_factor * (double)s->steps_known + FOLLOW_STEPS));
  const bool sign_only = !known && dkm_landscape_n_active(q->landscape) == 1 && s->n_octaves >= 3 &&
                         steps >= steps_for_sign(q) * (s->spread <= spread_enough ? 1 : SIGN_LONGER);
  if (!enough && !out && !sign_only) return DKM_OUTLOOK_GO_ON;
  const bool seen = known || (stands_out(s, q) && !has_left(s, q, window));
  if (s->n_octaves >= 3 && (seen || dkm_landscape_n_active(q->landscape) == 1))
    end_plateau(a, q, window, lane, seen, record);
  else
    end_undecided(a, q, window, lane, record);
  return DKM_OUTLOOK_END;
}

dkm_outlook settling_look(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, dkm_lane *lane,
                          dkm_record *record) {
  dkm_settling *s = &a->settling;
  dkm_landscape_turn(q->landscape, q->point);
  const double value = dkm_landscape_value(q->landscape, q->u);
  add_window(s, q, window);
  ask_valley(s, q, value, lane->t);
  const dkm_outlook outlook = s->full_rank ? look_full_rank(a, q, window, lane, value, record)
                                           : look_locked(a, q, window, lane, value, record);
  if (outlook == DKM_OUTLOOK_GO_ON) {
    a->t_start = lane->t;
    lane->t_pause = fmax(look_factor * lane->t, lane->t + first_look / inquiry_largest_frequency(q));
  }
  return outlook;
}
