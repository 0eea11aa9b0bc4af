/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where order parameters are, in octaves of time [t, 2t], and how they drift: for systems of more classes than
 * patterns, in which energy may stay locked in spins whose precession no mode sees.  Then the label is settled, but
 * not xi.
 *
 *   dark_precession   overlaps and modes are steady, the end has directions that no mode sees, and those that modes see have had
 *                     time to decay
 *   relaxing          they still drift, or will once slow spins that modes do see have aligned: the record has the plateau, the
 *                     minimum that lies ahead, and the rate */
#include <math.h>
#include <string.h>

#include "settling.h"

/* An octave is steady if the leading overlap is ahead of the next by so many times what means changed and rms are. */
static const double ahead_of_change = 20.0, ahead_of_rms = 3.0;
/* Once the label is known order parameters are followed for this factor of the steps up to there and so many more, and
 * longer by the second factor while the spread of the last octave is above this. */
static const double follow_factor = 1.5, follow_longer = 4.0, spread_enough = 0.02;
enum { FOLLOW_STEPS = 15000 };
/* Steadier than this they need not be followed further, and are called steady at all up to the second number. */
static const double steady_enough = 1e-7, steady_at_all = 0.02;
/* In units of the spread of the means of the windows in the last octave: errors of its own mean and of that of a
 * window. */
static const double octave_error = 0.3, window_error = 0.5;
/* Means of windows weigh the ends of steps, whose lengths go with the phase of an oscillation: in units of its rms. */
static const double step_error = 0.03;
/* A window whose means are further from those of the last octave than so many times that spread shows that they have
 * left. */
static const double left_spreads = 2.0;
/* The overlap that stands out by so many times what is not known does so; nothing is called steady before so many
 * periods of the slowest motion; what modes see has decayed after so many decay times of the slowest direction. */
static const double ahead_at_all = 3.0, steady_periods = 4.0, decayed = 5.0;
/* Means that change by equal amounts in each octave are known to this many of them: a factor of 64 in time. */
static const double octaves_ahead = 6.0;

static double largest_of(const dkm_inquiry *q, const double *a) {
  double m = 0.0;
  for (int mu = 0; mu < q->system->n_modes; mu++) m = fmax(m, fabs(a[mu]));
  return m;
}

static double largest_difference(const dkm_inquiry *q, const double *a, const double *b) {
  double m = 0.0;
  for (int mu = 0; mu < q->system->n_modes; mu++) m = fmax(m, fabs(a[mu] - b[mu]));
  return m;
}

/* By how much the leading overlap is ahead of the next. */
static double lead_of(const dkm_inquiry *q, const double *xi) {
  double second;
  dkm_record_leading(xi, q->system->n_modes, 0.0, &second);
  return largest_of(q, xi) - second;
}

int dkm_plateau_label(const dkm_inquiry *q, const double *xi) {
  double second;
  return dkm_record_leading(xi, q->system->n_modes, DKM_RETRIEVED_OVERLAP, &second);
}

/* ---- octaves ---- */

/* Means of the octave that ends now (or so far). */
static void average(const dkm_settling *s, const dkm_inquiry *q, double *mean, double *rms, double *occupation) {
  for (int mu = 0; mu < q->system->n_modes; mu++) {
    mean[mu] = s->sum_xi[mu] / s->length;
    rms[mu] = sqrt(fmax(0.0, s->sum_xi_sq[mu] / s->length - mean[mu] * mean[mu]));
    occupation[mu] = s->sum_occupation[mu] / s->length;
  }
}

static void close_octave(dkm_settling *s, const dkm_inquiry *q, double t) {
  const int M = q->system->n_modes, label_before = dkm_plateau_label(q, s->mean);
  memcpy(s->mean_earlier, s->mean_before, sizeof s->mean);
  memcpy(s->mean_before, s->mean, sizeof s->mean);
  s->middle_earlier = s->middle_before;
  s->middle_before = s->middle;
  s->middle = 0.5 * (s->octave_start + t);
  average(s, q, s->mean, s->rms, s->occupation);
  s->change_before = s->change;
  s->change = s->n_octaves > 0 ? largest_difference(q, s->mean, s->mean_before) : NAN;
  s->spread = largest_difference(q, s->high, s->low);
  s->n_octaves++;
  const bool steady = lead_of(q, s->mean) > ahead_of_change * s->change + ahead_of_rms * largest_of(q, s->rms) &&
                      dkm_plateau_label(q, s->mean) == label_before;
  s->n_steady = steady ? s->n_steady + 1 : 0;
  s->octave_start = t;
  s->octave_end = 2.0 * t;
  s->length = 0.0;
  s->n_windows = 0;
  for (int mu = 0; mu < M; mu++) s->sum_xi[mu] = s->sum_xi_sq[mu] = s->sum_occupation[mu] = 0.0;
}

bool dkm_plateau_add_window(dkm_settling *s, const dkm_inquiry *q, const dkm_window *window, double t) {
  s->length += window->length;
  s->n_windows++;
  for (int mu = 0; mu < q->system->n_modes; mu++) {
    const double mean = window->mean[mu], rms = window->rms[mu];
    if (s->n_windows == 1 || mean < s->low[mu]) s->low[mu] = mean;
    if (s->n_windows == 1 || mean > s->high[mu]) s->high[mu] = mean;
    s->sum_xi[mu] += window->length * mean;
    s->sum_xi_sq[mu] += window->length * (rms * rms + mean * mean);
    s->sum_occupation[mu] += window->length * window->occupation[mu];
  }
  if (t < s->octave_end) return false;
  close_octave(s, q, t);
  return true;
}

/* How far the means may still go: for some octaves as in the last ones, and by no less than they scatter.  (What
 * changes from octave to octave fluctuates too much to be taken for a geometric series.) */
static double drift_ahead(const dkm_settling *s) {
  if (s->n_octaves < 3) return 1.0;
  return octaves_ahead * fmax(0.5 * s->spread, fmax(s->change, 0.5 * s->change_before));
}

/* Whether order parameters have left where they were in the last octave, which then says nothing of now. */
static bool has_left(const dkm_settling *s, const dkm_inquiry *q, const dkm_window *window) {
  return largest_difference(q, window->mean, s->mean) > left_spreads * s->spread;
}

bool dkm_plateau_is_steady(const dkm_settling *s, int n_octaves, int64_t n_steps, int64_t steps, double t) {
  return s->n_steady >= n_octaves && steps >= n_steps && t >= steady_periods * s->period;
}

bool dkm_plateau_stands_out(const dkm_settling *s, const dkm_inquiry *q) {
  if (s->n_octaves < 3) return false;
  const double lead = lead_of(q, s->mean);
  /* It may grow as it will, but not shrink fast. */
  const bool grows =
      lead >= lead_of(q, s->mean_before) && dkm_plateau_label(q, s->mean) == dkm_plateau_label(q, s->mean_before);
  return lead > ahead_at_all * (s->spread + step_error * largest_of(q, s->rms) + (grows ? 0.0 : s->change));
}

bool dkm_plateau_is_there(const dkm_settling *s, const dkm_inquiry *q, const dkm_window *window) {
  if (s->n_octaves < 3 || has_left(s, q, window)) return false;
  return dkm_plateau_stands_out(s, q) ||
         (largest_of(q, s->mean) > ahead_at_all * (s->spread + step_error * largest_of(q, s->rms)) &&
          s->spread <= steady_at_all);
}

bool dkm_plateau_is_quiet(const dkm_settling *s) {
  return s->spread <= spread_enough;
}

bool dkm_plateau_is_followed(const dkm_settling *s, int64_t steps) {
  const double longer = dkm_plateau_is_quiet(s) ? 1.0 : follow_longer;
  return s->n_octaves >= 4 && (drift_ahead(s) + s->spread <= steady_enough ||
                               (double)steps >= longer * (follow_factor * (double)s->steps_known + FOLLOW_STEPS));
}

/* ---- verdicts ---- */

void dkm_plateau_undecided(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, const dkm_lane *lane,
                           dkm_record *record) {
  dkm_settling *s = &a->settling;
  double mean[DKM_MAX_MODES], rms[DKM_MAX_MODES], occupation[DKM_MAX_MODES];
  const bool whole = s->n_octaves > 0 && (s->length == 0.0 || !has_left(s, q, window));
  if (!whole) average(s, q, mean, rms, occupation);
  dkm_record_fill_common(a, q, whole ? s->rms : rms, lane, record);
  dkm_record_fill_means(q, whole ? s->mean : mean, whole ? s->occupation : occupation, record);
  record->residual = dkm_inquiry_residual(q);
  record->drift = s->change;
  record->xi_error = s->n_octaves < 3 || !whole ? 1.0 : fmin(1.0, drift_ahead(s) + s->spread);
  record->L_end = dkm_landscape_value(q->landscape, q->u);
  dkm_settling_fill_barrier(s, record);
  dkm_record_name_pattern(record, q->system->n_modes);
  record->verdict = DKM_VERDICT_UNDECIDED;
}

/* The minimum with aligned spins that it goes to, or would but for what stays locked. */
typedef struct end {
  bool found;
  double xi[DKM_MAX_MODES], L;
  bool has_spectrum, dark; /* dark: it has directions that no mode sees */
  dkm_spectrum spectrum;
} end;

static void find_end(const dkm_settling *s, const dkm_inquiry *q, end *e) {
  dkm_valley valley;
  *e = (end){.found = true, .L = NAN};
  if (dkm_settling_is_settled(s))
    memcpy(e->xi, s->xi, sizeof s->xi);
  else {
    dkm_landscape_valley(q->landscape, q->u, INFINITY, &valley);
    e->found = valley.known;
    memcpy(e->xi, valley.xi, sizeof valley.xi);
  }
  if (!e->found) return;
  dkm_landscape_aligned_state(q->landscape, e->xi, q->scratch);
  e->L = dkm_landscape_value(q->landscape, q->scratch);
  e->has_spectrum = dkm_fixedpoint_spectrum(q->workspace, q->point, q->scratch, -1, 0.0, &e->spectrum, NULL) == DKM_OK;
  e->dark = e->has_spectrum && e->spectrum.n_neutral > q->system->n_classes;
}

/* The approach to xi_limit: from the last octaves where means have moved by more than windows scatter, else that of the
 * slowest direction that modes see, of which nothing was seen yet. */
static void fill_rate(const dkm_settling *s, const dkm_inquiry *q, const end *e, dkm_record *record) {
  const double now = largest_difference(q, s->mean, e->xi), before = largest_difference(q, s->mean_before, e->xi),
               earlier = largest_difference(q, s->mean_earlier, e->xi);
  if (before - now > 2.0 * s->spread && earlier > 0.0) {
    const double rate = dkm_exponent_log(before / now) / (s->middle - s->middle_before);
    const double rate_before = dkm_exponent_log(earlier / before) / (s->middle_before - s->middle_earlier);
    dkm_record_fill_relaxation(record, s->middle, now, rate, fabs(rate - rate_before));
  } else if (e->has_spectrum)
    dkm_record_fill_relaxation(record, s->middle, now, e->spectrum.decay_rate, e->spectrum.decay_rate);
}

/* Whether the modes have come to rest with the overlaps: their occupation is what the overlap makes of them and, at
 * most, what its fluctuations drive. (Where spins are locked to strong fields modes may ring on while overlaps
 * stand.) */
static bool modes_are_steady(const dkm_settling *s, const dkm_inquiry *q, double xi_error) {
  const dkm_point *point = q->point;
  for (int mu = 0; mu < q->system->n_modes; mu++) {
    const double factor = point->g0 * point->g0 / dkm_point_D(point, mu), xi = fabs(s->mean[mu]);
    const double driven = 2.0 * point->g0 / point->kappa_mu[mu] * s->rms[mu];
    const double excess = s->occupation[mu] - factor * xi * xi;
    const double unknown = factor * xi_error * (2.0 * xi + xi_error);
    if (excess < -unknown || excess > unknown + 4.0 * driven * driven) return false;
  }
  return true;
}

static void fill_end(const end *e, const dkm_inquiry *q, dkm_record *record) {
  dkm_spectrum dressed;
  if (!dkm_stationary_dressed_spectrum(q, &dressed, &record->precession)) record->precession = NAN;
  record->L_end = dkm_landscape_value(q->landscape, q->u);
  record->L_limit = e->L;
  if (e->has_spectrum) dkm_record_fill_spectrum(&e->spectrum, record);
}

void dkm_plateau_end(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, const dkm_lane *lane, dkm_how how,
                     dkm_record *record) {
  dkm_settling *s = &a->settling;
  const bool known = how == DKM_HOW_SETTLED || how == DKM_HOW_PREDICTED;
  end e;
  find_end(s, q, &e);
  const bool left = has_left(s, q, window);
  const double *rms = left ? window->rms : s->rms;
  const double fluctuation = step_error * largest_of(q, rms), error = drift_ahead(s) + octave_error * s->spread;
  const bool steady = known && e.dark && !left && error <= steady_at_all && lane->t >= steady_periods * s->period &&
                      lane->t * e.spectrum.decay_rate >= decayed && modes_are_steady(s, q, error);
  /* Where order parameters drift, the last window is closer to where they are now than the last octave is. */
  const bool octave = steady || (!left && s->change < 0.5 * s->spread);
  dkm_record_fill_common(a, q, rms, lane, record);
  dkm_record_fill_means(q, octave ? s->mean : window->mean, octave ? s->occupation : window->occupation, record);
  fill_end(&e, q, record);
  dkm_settling_fill_barrier(s, record);
  record->residual = dkm_inquiry_residual(q);
  record->drift = s->change;
  record->how = (uint8_t)how;
  if (steady) {
    record->verdict = DKM_VERDICT_DARK_PRECESSION;
    record->xi_error = error + fluctuation;
  } else {
    record->verdict = DKM_VERDICT_RELAXING;
    record->xi_error = window_error * s->spread + fluctuation;
    if (left) record->xi_error = fmax(record->xi_error, window_error * largest_difference(q, window->mean, s->mean));
    if (e.found) {
      memcpy(record->xi_limit, e.xi, (size_t)q->system->n_modes * sizeof *e.xi);
      fill_rate(s, q, &e, record);
    }
  }
  dkm_record_name_pattern(record, q->system->n_modes);
}
