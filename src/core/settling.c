/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the Lyapunov function V of landscape.h excludes oscillations.
 *
 * A look (at times that grow by a constant factor) asks how V stands to the barriers.
 *
 * Patterns as many as classes (rank K: gauged M <= 2, every exact start): the end is the minimum itself, a fixed point.
 *   settled     V is below the barrier of its valley, and the landscape is certified
 *   predicted   V is below it, uncertified; or spins keep their components along their fields, and led to the same
 *               leading overlap all the time from t to 4 t and for some periods; or means have been steady for long
 *   symmetric   only one mode is above its threshold: |xi| is settled anyway. When the bound is reached the sign is open
 *
 * More classes than patterns: the label is settled or predicted in these ways, and then order parameters are followed
 * (plateau.c), until a dressed fixed point has caught them (stationary.c), until they are steady, or as long as it is
 * worth it. */
#include "settling.h"

#include <math.h>
#include <string.h>

/* Looks are at times that grow by this factor; the first is early in the fastest oscillation, and before the fields
 * g0 h <= 2 M g0^2 t, which modes build up, have turned a spin far: else steps without number might come before it. */
static const double look_factor = 1.15, first_look = 0.3;
/* Where nobody wants more than the outcome a look costs as much as some steps. */
static const double rare_look_factor = 1.3, late_first_look = 1.0;
/* Frozen spins are believed after the time has grown by this factor, so many periods of the slowest motion and so many
 * steps.  (Of 162 such predictions for M = 2 over decades that V proved or refuted later all were right; after a factor
 * of 2, 2 of 137 were wrong.  tests/bench/verdicts judges them all.) */
static const double frozen_factor = 4.0, frozen_periods = 4.0;
enum { FROZEN_STEPS = 20 };
/* Where nobody wants more than the outcome V mostly proves it within a few periods.  Frozen spins, which take longer to ask than
 * the steps between, are asked from then on, and spectra, which take hundreds of steps, only of what neither has decided. */
static const double frozen_patience = 4.0, spectrum_patience = 32.0;
/* A label is predicted after so many steady octaves and steps; where every end is a fixed point, after more. */
enum { STEADY_OCTAVES = 4, STEADY_STEPS = 2000, LASTING_OCTAVES = 6, LASTING_STEPS = 20000 };
/* Where only the sign is open it is worth this part of max_steps, and so many steps if there is no such bound. */
enum { SIGN_PART = 50, SIGN_STEPS = 20000, SIGN_LONGER = 5 };

void dkm_settling_begin(dkm_settling *s, const dkm_inquiry *q, dkm_lane *lane) {
  *s = (dkm_settling){.holds = true,
                      .full_rank = dkm_landscape_full_rank(q->system),
                      .t_below = NAN,
                      .since_t = NAN,
                      .change = NAN,
                      .change_before = NAN,
                      .barrier = NAN};
  double slowest = 2.0 * fabs(q->point->Omega);
  for (int mu = 0; mu < q->system->n_modes; mu++) slowest = fmin(slowest, fabs(q->point->Omega_mu[mu]));
  s->period = 2.0 * M_PI / slowest;
  const double fastest = dkm_inquiry_largest_frequency(q), first = q->solver->until_settled ? late_first_look : first_look;
  s->octave_end = 2.0 * M_PI / fastest;
  lane->t_pause =
      fmin(first / fastest, first / (q->point->g0 * q->system->largest * sqrt(2.0 * q->system->n_modes)));
}

/* ---- barriers and labels ---- */

bool dkm_settling_is_settled(const dkm_settling *s) {
  return !isnan(s->t_below);
}

void dkm_settling_fill_barrier(const dkm_settling *s, dkm_record *record) {
  if (s->proven) record->t_settled = s->t_below;
  if (isfinite(s->barrier)) record->L_saddle = s->barrier;
}

/* Asks whether V is below the barrier of its valley. */
static void ask_valley(dkm_settling *s, const dkm_inquiry *q, double value, double t) {
  dkm_valley valley;
  if (dkm_settling_is_settled(s) || !dkm_landscape_may_be_settled(q->landscape, value)) return;
  dkm_landscape_valley(q->landscape, q->u, value, &valley);
  if (!valley.below) return;
  s->t_below = t;
  s->proven = valley.settled;
  s->barrier = valley.barrier;
  memcpy(s->xi, valley.xi, sizeof s->xi);
}

/* Down to the minimum with all spins aligned, from where these overlaps are; false if its label is not theirs. */
static bool go_down(const dkm_inquiry *q, const double *xi, dkm_valley *valley) {
  dkm_landscape_aligned_state(q->landscape, xi, q->scratch);
  dkm_landscape_valley(q->landscape, q->scratch, INFINITY, valley);
  return valley->known && dkm_plateau_label(q, valley->xi) == dkm_plateau_label(q, xi);
}

/* Whether frozen spins have led to the same leading overlap for long; *valley: the minimum below it. */
static bool is_predicted(dkm_settling *s, const dkm_inquiry *q, const dkm_window *window, double value, double t,
                         int64_t steps, dkm_valley *valley) {
  dkm_frozen frozen;
  int label = 0;
  if (q->solver->until_settled && t < frozen_patience * s->period) return false;
  if (dkm_landscape_frozen(q->landscape, q->u, value, &frozen) && value < frozen.barrier) {
    /* An oscillation over the barrier shows in the window even where this look misses it. */
    const double mean = window->mean[frozen.leading];
    if (mean * frozen.xi[frozen.leading] > 0.0 && fabs(mean) > window->rms[frozen.leading])
      label = dkm_plateau_label(q, frozen.xi);
  }
  if (label == 0 || label != s->leading) {
    s->leading = label;
    s->since_t = t;
    s->since_steps = steps;
    return false;
  }
  if (t < frozen_factor * s->since_t || t < s->since_t + frozen_periods * s->period ||
      (double)steps < frozen_factor * (double)s->since_steps + FROZEN_STEPS)
    return false;
  return go_down(q, frozen.xi, valley);
}

static int64_t steps_for_sign(const dkm_inquiry *q) {
  return q->solver->max_steps > 0 ? 1 + q->solver->max_steps / SIGN_PART : SIGN_STEPS;
}

/* ---- outcomes alone ---- */

/* Where nobody wants more than the outcome it is that of a minimum, as soon as it is known which: xi are its overlaps. */
static void end_known(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, const dkm_lane *lane, const double *xi,
                      double value, dkm_record *record) {
  const dkm_settling *s = &a->settling;
  dkm_record_fill_common(a, q, window->rms, lane, record);
  memcpy(record->xi, xi, (size_t)q->system->n_modes * sizeof *xi);
  dkm_settling_fill_barrier(s, record);
  record->verdict = DKM_VERDICT_RELAXING;
  record->how = (uint8_t)(dkm_settling_is_settled(s) && s->proven ? DKM_HOW_SETTLED : DKM_HOW_PREDICTED);
  record->L_end = value;
  dkm_record_name_pattern(record, q->system->n_modes);
}

/* ---- patterns as many as classes ---- */

static void end_aligned(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, const dkm_lane *lane,
                        dkm_how how, const double *xi, dkm_record *record) {
  dkm_exact_fill_aligned(a, q, xi, window->rms, lane, record);
  dkm_settling_fill_barrier(&a->settling, record);
  record->verdict = DKM_VERDICT_FIXED_POINT;
  record->how = (uint8_t)how;
}

/* |xi| where a single mode is above its threshold, with the sign that it has now. */
static bool end_symmetric(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, const dkm_lane *lane,
                          dkm_record *record) {
  dkm_valley valley;
  if (dkm_landscape_n_active(q->landscape) != 1) return false;
  dkm_landscape_valley(q->landscape, q->u, INFINITY, &valley);
  if (!valley.known) return false;
  end_aligned(a, q, window, lane, DKM_HOW_SYMMETRIC, valley.xi, record);
  record->L_saddle = valley.barrier;
  return true;
}

static dkm_outlook look_full_rank(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, dkm_lane *lane,
                                  double value, dkm_record *record) {
  dkm_settling *s = &a->settling;
  dkm_valley valley;
  const int64_t steps = dkm_inquiry_steps(a, lane);
  dkm_plateau_add_window(s, q, window, lane->t);
  if (dkm_settling_is_settled(s)) {
    end_aligned(a, q, window, lane, s->proven ? DKM_HOW_SETTLED : DKM_HOW_PREDICTED, s->xi, record);
    return DKM_OUTLOOK_END;
  }
  if (is_predicted(s, q, window, value, lane->t, steps, &valley) ||
      (dkm_plateau_is_steady(s, LASTING_OCTAVES, LASTING_STEPS, steps, lane->t) && go_down(q, s->mean, &valley))) {
    end_aligned(a, q, window, lane, DKM_HOW_PREDICTED, valley.xi, record);
    return DKM_OUTLOOK_END;
  }
  const bool out = dkm_inquiry_is_out(a, q, lane);
  if ((out || steps >= steps_for_sign(q)) && end_symmetric(a, q, window, lane, record)) {
    a->limited = true;
    return DKM_OUTLOOK_END;
  }
  if (!out) return DKM_OUTLOOK_GO_ON;
  dkm_plateau_undecided(a, q, window, lane, record);
  return DKM_OUTLOOK_END;
}

/* ---- more classes than patterns ---- */

/* Whether the label is known: settled, or predicted in one of two ways.  *xi: overlaps of the minimum, where one is known, else
 * NULL. */
static bool is_known(dkm_settling *s, const dkm_inquiry *q, const dkm_window *window, double value, double t,
                     int64_t steps, dkm_valley *valley, const double **xi) {
  *xi = NULL;
  if (dkm_settling_is_settled(s)) {
    *xi = s->xi;
    return true;
  }
  if (is_predicted(s, q, window, value, t, steps, valley) && dkm_plateau_stands_out(s, q) &&
      dkm_plateau_label(q, s->mean) == s->leading) {
    *xi = valley->xi;
    return true;
  }
  return dkm_plateau_is_steady(s, STEADY_OCTAVES, STEADY_STEPS, steps, t);
}

/* Tries whether a dressed fixed point has caught the trajectory, where V = value. */
static bool is_reached(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, const dkm_lane *lane,
                       double value, dkm_record *record) {
  stationary_near ignored;
  if (!dkm_stationary_is_calm(q, window) || lane->t < a->approach.t_attempt ||
      !dkm_stationary_try_fixed_point(a, q, window, lane, &ignored, record))
    return false;
  record->L_end = value;
  /* What stays locked in spins that precess is that of the state. */
  if (record->verdict == DKM_VERDICT_FIXED_POINT) record->L_limit = dkm_landscape_value(q->landscape, q->u);
  dkm_settling_fill_barrier(&a->settling, record);
  return true;
}

/* Overlaps and modes below this have died, where spins precess that keep the energy. */
static const double dead = 1e-9;
enum { DEAD_OCTAVES = 3 };

/* Above the thresholds the end can be xi = 0 all the same: energy that is locked in precessing spins keeps V above the
 * saddle at xi = 0, and lowers the components of spins along their field until the normal state, dressed by them, is
 * stable. */
static bool has_died(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, const dkm_lane *lane,
                     double value, dkm_record *record) {
  const dkm_settling *s = &a->settling;
  const double *modes = q->u + 3 * q->system->n_classes;
  const double none[DKM_MAX_MODES] = {0};
  double precession;
  dkm_spectrum dressed;
  if (s->n_octaves < DEAD_OCTAVES || value < -0.5 * fabs(q->point->Omega)) return false;
  for (int mu = 0; mu < q->system->n_modes; mu++)
    if (fabs(s->mean[mu]) + s->rms[mu] > dead || fabs(window->mean[mu]) + window->rms[mu] > dead ||
        fabs(modes[mu]) + fabs(modes[q->system->n_modes + mu]) > dead)
      return false;
  if (!dkm_stationary_dressed_spectrum(q, &dressed, &precession) || dressed.n_unstable > 0) return false;
  dkm_record_fill_common(a, q, s->rms, lane, record);
  dkm_record_fill_means(q, none, none, record);
  dkm_record_fill_spectrum(&dressed, record);
  record->verdict = DKM_VERDICT_DARK_PRECESSION;
  record->how = DKM_HOW_REACHED;
  record->xi_error = dead;
  record->precession = precession;
  record->residual = dkm_inquiry_residual(q);
  record->drift = s->change;
  record->L_end = value;
  dkm_record_name_pattern(record, q->system->n_modes);
  return true;
}

/* Whether spins with their present components along their fields lead to xi = 0: where more of them precess than there are
 * modes the energy of that may stay locked for ever, also above the thresholds. */
static bool is_locked(const dkm_inquiry *q, double value) {
  dkm_frozen frozen;
  if (dkm_landscape_full_rank(q->system)) return false;
  return dkm_landscape_frozen(q->landscape, q->u, value, &frozen) && fabs(frozen.xi[frozen.leading]) <= DKM_RETRIEVED_OVERLAP;
}

static dkm_how how_known(const dkm_settling *s, bool known, bool symmetric) {
  if (dkm_settling_is_settled(s) && s->proven) return DKM_HOW_SETTLED;
  return known ? DKM_HOW_PREDICTED : symmetric ? DKM_HOW_SYMMETRIC : DKM_HOW_NOT_APPLICABLE;
}

static dkm_outlook look_locked(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, dkm_lane *lane,
                               double value, dkm_record *record) {
  dkm_settling *s = &a->settling;
  const int64_t steps = dkm_inquiry_steps(a, lane);
  const double *xi;
  dkm_valley valley;
  const bool early = q->solver->until_settled && lane->t < spectrum_patience * s->period;
  if (!early && is_reached(a, q, window, lane, value, record)) return DKM_OUTLOOK_END;
  const bool full_octave = dkm_plateau_add_window(s, q, window, lane->t);
  if (full_octave && has_died(a, q, window, lane, value, record)) return DKM_OUTLOOK_END;
  const bool known = is_known(s, q, window, value, lane->t, steps, &valley, &xi), single = dkm_landscape_n_active(q->landscape) == 1;
  if (known && xi && q->solver->until_settled) {
    end_known(a, q, window, lane, xi, value, record);
    return DKM_OUTLOOK_END;
  }
  if (!known)
    s->steps_known = 0;
  else if (s->steps_known == 0)
    s->steps_known = steps;
  const bool enough = full_octave && known && dkm_plateau_is_followed(s, steps);
  const bool ends = enough || dkm_inquiry_is_out(a, q, lane);
  const bool may_be_symmetric = !known && single && s->n_octaves >= 3 &&
                                (ends || steps >= steps_for_sign(q) * (dkm_plateau_is_quiet(s) ? 1 : SIGN_LONGER));
  const bool symmetric = may_be_symmetric && !is_locked(q, value);
  if (!ends && !symmetric) return DKM_OUTLOOK_GO_ON;
  a->limited = a->limited || symmetric; /* of which there is a part for the sign */
  if (s->n_octaves >= 3 && (known || symmetric || dkm_plateau_is_there(s, q, window)))
    dkm_plateau_end(a, q, window, lane, how_known(s, known, symmetric), record);
  else
    dkm_plateau_undecided(a, q, window, lane, record);
  return DKM_OUTLOOK_END;
}

dkm_outlook dkm_settling_look(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, dkm_lane *lane,
                              dkm_record *record) {
  dkm_settling *s = &a->settling;
  dkm_landscape_turn(q->landscape, q->point, q->lengths);
  const double value = dkm_landscape_value(q->landscape, q->u);
  ask_valley(s, q, value, lane->t);
  if (q->solver->until_settled && dkm_settling_is_settled(s)) {
    end_known(a, q, window, lane, s->xi, value, record);
    return DKM_OUTLOOK_END;
  }
  const dkm_outlook outlook =
      s->full_rank ? look_full_rank(a, q, window, lane, value, record) : look_locked(a, q, window, lane, value, record);
  if (outlook == DKM_OUTLOOK_GO_ON) {
    a->t_start = lane->t;
    lane->t_pause = dkm_inquiry_next_pause(a, q, lane, (q->solver->until_settled ? rare_look_factor : look_factor) * lane->t);
  }
  return outlook;
}
