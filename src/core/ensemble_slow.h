/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ensemble_slow: steps in which fast modes follow the spins instead of being resolved.
 *
 * In a bad cavity, |lambda| >> 2|B| with lambda = kappa_mu/2 + i Omega_mu, a mode keeps nothing of its start:
 *
 *   beta(tau) = b(tau) + exp(-lambda tau) c,    b' = -lambda b - i g0 xi(tau),
 *
 * with b as smooth as the spins.  Once the transient c has died, a step needs no resolution of lambda: the spins get an
 * ordinary Taylor series in the field of b.  That of Re b follows from the top order down, with D = |lambda|^2:
 *
 *   D R[n] = -(Omega_mu g0 xi[n] + kappa_mu (n+1) R[n+1] + (n+1)(n+2) R[n+2]),                                     (1)
 *
 * and Im b = (R' + (kappa_mu/2) R)/Omega_mu.  It is an asymptotic series in (frequency of the spins)/|lambda|, exact
 * to exp(-|lambda| times the distance of the nearest singularity of xi in complex time).
 *
 * The spins need R[0 ... P-1], which need xi to the same order, and so the spins.  The loop is closed by a
 * prediction: the polynomial of the step before, moved on by that step.  Where xi is known already, to order m+1 before
 * the sweep that uses R[m] and R[m+1], (1) mends the prediction: hence sweeps of two orders.  (Of four, two were used as
 * predicted, and steps in a cavity were shorter by factors of 1.1 to 1.5.)  After the step (1) is solved with all of xi;
 * the integral over the step of the difference between the field used and the one found bounds the error that the
 * prediction has left in the spins.  Where it exceeds the tolerance the step is not taken, the state stays as it is to
 * the last bit, and what was found is the prediction of the next attempt: each gains a factor (frequency of the
 * spins)/|lambda|.  The error of a prediction falls as the P-th power of the step, so that shortening the step is
 * usually cheaper (slow_known_step).
 *
 * Steps are then three quarters of what the Taylor series of the spins allows, rho tolerance^(1/P), with rho the distance
 * of their nearest singularity in complex time.  (Orders 16 and 24 in place of 20 took the same time or more.)  A step is
 * that of ensemble_body.h and (1), O(P) a mode; for a single class, where chains of dependent operations are what takes
 * the time, it takes 2.8 times as long as an ordinary one, for 128 classes 1.4 times.
 *
 * If c turns out not to have died, the lane goes on with ordinary steps for as long as c needs to decay; if attempts
 * fail SLOW_TRIES times in a row, for 64 of them, twice as many each time, up to 4096.  A mode counts as slow only while
 * it is so much faster than the rest of its lane that it pays (ensemble_slow_gain).
 *
 * Lanes that take slow steps and lanes that take ordinary ones take turns, and what is not a lane's turn leaves it as
 * it is.  Everything here depends on what is in the lane alone. */
#ifndef DICKEMAP_ENSEMBLE_SLOW_H
#define DICKEMAP_ENSEMBLE_SLOW_H
#include "ensemble.h"
#include "ensemble_vector.h"

enum { SLOW_TRIES = 6 };
/* The part of the tolerance that a slow step may use. Steps bounded by a fast mode follow the spins far more closely
 * than to the tolerance; so that errors after a long time do not depend on which steps were taken, slow ones are some
 * 15 % shorter than they might be. */
static const double slow_share = 1.0 / 16;
/* Slow steps shorter than this many ordinary ones cost more than these. */
static const double slow_worth = 1.6;
/* Ordinary rounds between two slow ones where lanes of a batch need both. */
static const int ordinary_rounds = 6;
static const double pause_least = 64.0, pause_most = 4096.0; /* in ordinary steps */
static const double next_time = 1.0 + 0x1p-50;                /* times a time is later, whatever the rounding */

typedef enum slow_round { ROUND_ORDINARY, ROUND_SLOW, ROUND_MIXED } slow_round;

/* What the parts of a slow step share. */
typedef struct slow {
  ivec lanes, taken;                /* which lanes want a slow step; which have taken it */
  ivec modes[DKM_MAX_MODES];        /* slow modes, of these lanes only */
  vec first[DKM_MAX_MODES];         /* R[0] as the spins were given it */
  vec mismatch[ENSEMBLE_MAX_ORDER]; /* of the field, by order */
} slow;

INLINE double *prediction_of(const ensemble *e, int P, int mu) {
  return e->slow + (size_t)mu * ensemble_slow_vectors(P) * LANES;
}
INLINE double *solution_of(const ensemble *e, int P, int mu) {
  return prediction_of(e, P, mu) + P * LANES;
}
/* sum_k w_k G_{mu,k} Z[n] */
INLINE double *sums_of(const ensemble *e, int P, int mu) {
  return prediction_of(e, P, mu) + 2 * P * LANES;
}

INLINE vec mask_of(ivec mask, vec a) {
  return (vec)(mask & (ivec)a);
}

INLINE vec ordinary_step_length(const ensemble *e, int P) {
  return set(calm[P / 4]) / load(e->mode_frequency);
}

/* ---- whose turn it is ---- */

/* Finds the lanes that want a slow step. Those that might but do not are asked again some ordinary steps later. */
INLINE void slow_find(ensemble *e, slow *w, const int P) {
  const int M = e->system.n_modes;
  const vec t = load(e->t), gain = set(ensemble_slow_gain);
  ivec look = t >= load(e->t_look);
  w->lanes = (ivec){0};
  if (!any(look)) return;
  const vec length = ordinary_step_length(e, P);
  look &= load(e->t_limit) - t > set(2.0) * length;
  vec amplitude = {0};
  for (int mu = 0; mu < M; mu++)
    amplitude = amplitude + abs_(load(e->modes + (size_t)mu * ensemble_mode_vectors(P) * LANES));
  const vec spins = precession(e, amplitude);
  vec rest = spins;
  for (int mu = 0; mu < M; mu++) {
    const vec pace = load(e->pace[mu]);
    w->modes[mu] = look & (t >= load(e->t_try[mu])) & (pace > gain * spins);
    rest = max_(rest, choose(w->modes[mu], (vec){0}, pace));
  }
  w->lanes = look & (load(e->mode_frequency) > gain * rest);
  const ivec later = look & ~w->lanes;
  store(e->t_look, choose(later, fma_(set(16.0), length, t), load(e->t_look)));
  for (int mu = 0; mu < M; mu++) {
    w->modes[mu] &= w->lanes;
    store(e->settled[mu], choose(later, (vec){0}, load(e->settled[mu])));
  }
}

INLINE slow_round slow_round_of(ensemble *e, slow *w, const int P) {
  const vec never = set(1.0) / set(0.0);
  slow_find(e, w, P);
  if (!any(w->lanes)) return ROUND_ORDINARY;
  /* Empty slots never pause and need no turn. */
  if (!any(~w->lanes & (load(e->t_pause) < never))) return ROUND_SLOW;
  e->turn = (e->turn + 1) % (ordinary_rounds + 1);
  return e->turn == 0 ? ROUND_SLOW : ROUND_MIXED;
}

/* ---- lanes that are to stay as they are ---- */

INLINE double *hold_or_release(double *held, double *at, const bool release, ivec moved) {
  if (release)
    store(at, choose(moved, load(at), load(held)));
  else
    store(held, load(at));
  return held + LANES;
}

/* Everything that a step changes and a later one starts from, copied to e->held or, for lanes that have not moved, back
 * from there. First of all Re and Im beta of each mode. */
INLINE void slow_exchange(ensemble *e, const int P, const bool streamed, const bool release, ivec moved) {
  const int M = e->system.n_modes;
  double *held = e->held;
  for (int mu = 0; mu < M; mu++) {
    double *R = e->modes + (size_t)mu * ensemble_mode_vectors(P) * LANES;
    held = hold_or_release(held, R, release, moved);
    held = hold_or_release(held, R + (P + 1) * LANES, release, moved);
  }
  for (int mu = 0; mu < M; mu++) {
    held = hold_or_release(held, e->sum_z[mu], release, moved);
    held = hold_or_release(held, e->sum_y[mu], release, moved);
    held = hold_or_release(held, e->sum_xi[mu], release, moved);
    held = hold_or_release(held, e->sum_xi_sq[mu], release, moved);
    held = hold_or_release(held, e->sum_beta_sq[mu], release, moved);
  }
  held = hold_or_release(held, e->t, release, moved);
  held = hold_or_release(held, e->steps, release, moved);
  held = hold_or_release(held, e->finite, release, moved);
  held = hold_or_release(held, e->window_length, release, moved);
  held = hold_or_release(held, e->rate_max, release, moved);
  const int x = streamed ? 0 : ensemble_class_x(P), y = streamed ? 1 : ensemble_class_y(P),
            z = streamed ? 2 : ensemble_class_z(P);
  const size_t stride = (size_t)(streamed ? ENSEMBLE_STATE_VECTORS : ensemble_class_vectors(P)) * LANES;
  double *state = streamed ? e->states : e->classes;
  for (int64_t k = 0; k < e->n_classes; k++, state += stride) {
    held = hold_or_release(held, state + x * LANES, release, moved);
    held = hold_or_release(held, state + y * LANES, release, moved);
    held = hold_or_release(held, state + z * LANES, release, moved);
  }
}

/* Where e->held has the state's `finite`. */
INLINE const double *held_finite(const ensemble *e) {
  return e->held + (7 * e->system.n_modes + 2) * LANES;
}

/* ---- modes that follow ---- */

typedef struct following {
  vec drive, first, second; /* -Omega_mu g0/D, -kappa_mu/D, -1/D */
} following;

INLINE following following_of(const ensemble *e, int mu) {
  const vec over_D = load(e->over_D[mu]);
  return (following){-(load(e->Omega_mu[mu]) * load(e->g0) * over_D),
                     -(set(2.0) * load(e->half_kappa[mu]) * over_D), -over_D};
}

/* (1): R[n] from the sum of order n, R[n+1] and R[n+2]; R[n+1], the last to be known, is added last. */
INLINE vec follow(const following *f, int n, vec sum_z, vec r1, vec r2) {
  const vec known = fma_(set((n + 1.0) * (n + 2.0)) * f->second, r2, f->drive * sum_z);
  return fma_(set(n + 1.0) * f->first, r1, known);
}

/* R[m], R[m+1] of slow modes: the prediction, mended by what is known of xi. In the last sweep, which has no sums
 * between its orders, R[m+2] and R[m+3] are those predicted. */
INLINE void slow_fields(ensemble *e, slow *w, const int P, int m, const bool last) {
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    double *R = e->modes + ((size_t)mu * ensemble_mode_vectors(P) + m) * LANES;
    const double *prediction = prediction_of(e, P, mu) + m * LANES, *sum_z = sums_of(e, P, mu) + m * LANES;
    const following f = following_of(e, mu);
    vec r[BLOCK];
    r[3] = load(prediction + 3 * LANES);
    r[2] = load(prediction + 2 * LANES);
    r[1] = follow(&f, m + 1, load(sum_z + LANES), r[2], r[3]);
    r[0] = follow(&f, m, load(sum_z), r[1], r[2]);
    for (int i = 0; i < (last ? BLOCK : PAIR); i++)
      store(R + i * LANES, choose(w->modes[mu], r[i], load(R + i * LANES)));
    if (m == 0) w->first[mu] = load(R);
  }
}

/* Notes the sums of orders m+2 ... m+1+count after the sweep that began at m. */
INLINE void slow_note_sums(ensemble *e, const step *s, const int P, int m, const int count) {
  for (int mu = 0; mu < e->system.n_modes; mu++)
#pragma GCC unroll 4
    for (int i = 0; i < count; i++)
      store(sums_of(e, P, mu) + (m + 2 + i) * LANES,
            load(e->two_Omega) * set(inverse[m + i + 2]) * collected(e, &s->sums, mu, i));
}

/* Solves (1) for orders n = last ... 0 where r1 and r2, R[last+1] and R[last+2], are those used (closed) or 0, and
 * compares with what was used. */
INLINE void slow_solve(ensemble *e, slow *w, const int P, const int last, const bool closed) {
  for (int n = 0; n < P; n++) w->mismatch[n] = (vec){0};
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    const double *R = e->modes + (size_t)mu * ensemble_mode_vectors(P) * LANES, *sum_z = sums_of(e, P, mu);
    double *solution = solution_of(e, P, mu);
    const following f = following_of(e, mu);
    const vec weight = mask_of(w->modes[mu], load(e->field_most));
    vec r1 = closed ? load(R + (last + 1) * LANES) : (vec){0}, r2 = closed ? load(R + (last + 2) * LANES) : (vec){0};
    for (int n = last; n >= 0; n--) {
      const vec r = follow(&f, n, load(sum_z + n * LANES), r1, r2);
      const vec used = n == 0 ? w->first[mu] : load(R + n * LANES);
      store(solution + n * LANES, r);
      w->mismatch[n] = fma_(weight, abs_(r - used), w->mismatch[n]);
      r2 = r1;
      r1 = r;
    }
  }
}

/* Bounds the error that a wrong field leaves in unit spins after time h: the integral of |field used - field found|;
 * `slope`: h times its derivative. */
INLINE vec slow_error(const slow *w, const int P, vec h, vec *slope) {
  const vec square = h * h;
  vec even = {0}, odd = {0}, even_slope = {0}, odd_slope = {0}; /* chains that need not wait for each other */
  for (int n = P - 2; n >= 0; n -= 2) {
    even = fma_(even, square, set(inverse[n + 1]) * w->mismatch[n]);
    odd = fma_(odd, square, set(inverse[n + 2]) * w->mismatch[n + 1]);
    even_slope = fma_(even_slope, square, w->mismatch[n]);
    odd_slope = fma_(odd_slope, square, w->mismatch[n + 1]);
  }
  *slope = fma_(odd_slope, h, even_slope) * h;
  return fma_(odd, h, even) * h;
}

/* The step, h or shorter, after which the field is known well enough: Newton's method for log(error) over log h, a
 * convex curve. Where it would be less than half of h another attempt is the shorter way. */
INLINE vec slow_known_step(const ensemble *e, const slow *w, const int P, vec h) {
  const vec most = set(0.5 * slow_share * e->tolerance), least = set(0.5) * h;
#pragma GCC unroll 1
  for (int i = 0; i < 2; i++) {
    vec slope;
    const vec error = slow_error(w, P, h, &slope);
    const ivec too_long = (error > most) & (h > least);
    if (!any(too_long & w->lanes)) break;
    const vec shorter = exp2_rough((log2_rough(most) - log2_rough(error)) * error / slope);
    h = choose(too_long, max_(least, h * shorter), h);
  }
  return h;
}

/* As step_size, with the orders of slow modes from the solution so far; shorter where the field is not known well
 * enough for so long a step. */
INLINE vec slow_step_size(const ensemble *e, const step *s, const slow *w, const int P) {
  const int last = P - BLOCK, before = last - 1;
  vec norm = s->norm, norm_before = s->norm_before, scale = set(1.0), amplitude = {0}, modes = {0};
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    const double *R = e->modes + (size_t)mu * ensemble_mode_vectors(P) * LANES, *I = R + (P + 1) * LANES;
    const double *solution = solution_of(e, P, mu);
    const ivec is_slow = w->modes[mu];
    const vec r_last = choose(is_slow, load(solution + last * LANES), load(R + last * LANES));
    const vec r_before = choose(is_slow, load(solution + before * LANES), load(R + before * LANES));
    norm = max_(norm, max_(abs_(r_last), mask_of(~is_slow, abs_(load(I + last * LANES)))));
    norm_before = max_(norm_before, max_(abs_(r_before), mask_of(~is_slow, abs_(load(I + before * LANES)))));
    vec r0 = abs_(load(R));
    scale = max_(scale, max_(r0, abs_(load(I))));
    amplitude = amplitude + r0;
    modes = max_(modes, mask_of(~is_slow, load(e->pace[mu])));
  }
  const vec fastest = max_(precession(e, amplitude), modes);
  return slow_known_step(e, w, P, step_from(P, slow_share * e->tolerance, norm, norm_before, scale, fastest));
}

/* Im beta' = (R'' + (kappa_mu/2) R')/Omega_mu for the window: that from beta itself would be what is left of it after a
 * cancellation. */
INLINE void slow_rates(ensemble *e, const slow *w, const int P) {
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    double *I1 = e->modes + ((size_t)mu * ensemble_mode_vectors(P) + P + 2) * LANES;
    const double *solution = solution_of(e, P, mu);
    const vec r2 = set(2.0) * load(solution + 2 * LANES);
    const vec rate = fma_(load(e->half_kappa[mu]), load(solution + LANES), r2) * load(e->over_Omega[mu]);
    store(I1, choose(w->modes[mu], rate, load(I1)));
  }
}

/* Lanes in which beta differs from b by more than may be dropped; `decay`: how long that takes to decay. What follows on
 * slow steps differs by the errors of two of them. */
INLINE ivec slow_transients(const ensemble *e, const slow *w, const int P, vec *decay) {
  ivec found = {0};
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    const double *held = e->held + 2 * mu * LANES, *solution = solution_of(e, P, mu);
    const vec r = load(solution), half_kappa = load(e->half_kappa[mu]);
    const vec i = fma_(half_kappa, r, load(solution + LANES)) * load(e->over_Omega[mu]);
    const vec c = abs_(load(held) - r) + abs_(load(held + LANES) - i);
    const vec most = load(e->transient_most[mu]) * fma_(set(31.0), load(e->settled[mu]), set(1.0));
    const ivec alive = w->modes[mu] & ~(c <= most);
    decay[mu] = mask_of(alive, set(1.4) * max_(set(1.0), log2_rough(c) - log2_rough(load(e->transient_most[mu]))) /
                                   (set(2.0) * half_kappa));
    found |= alive;
  }
  return found;
}

/* When lanes are to try again that have not taken the step, and how long those wait next time that give up. Not before an
 * ordinary step, however late it is: a decay may be too short for time to advance. */
INLINE void slow_put_off(ensemble *e, const slow *w, const int P, ivec transient, const vec *decay) {
  const vec t = load(e->t), length = ordinary_step_length(e, P), pause = load(e->pause);
  const vec tries = load(e->tries) + set(1.0);
  const ivec gives_up = w->lanes & ~w->taken & ~transient & (tries >= set(SLOW_TRIES)), stops = gives_up | transient;
  store(e->tries, choose(w->lanes, mask_of(~(w->taken | stops), tries), load(e->tries)));
  const vec longer = min_(set(2.0) * pause, set(pause_most)), shorter = max_(set(0.5) * pause, set(pause_least));
  store(e->pause, choose(gives_up, longer, choose(w->taken, shorter, pause)));
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    const vec until = max_(t + choose(gives_up, pause * length, decay[mu]), set(next_time) * t);
    store(e->t_try[mu], choose(stops & w->modes[mu], until, load(e->t_try[mu])));
    store(e->settled[mu], choose(w->lanes, mask_of(w->taken & w->modes[mu], set(1.0)), load(e->settled[mu])));
  }
  if (!any(gives_up)) return;
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    double *prediction = prediction_of(e, P, mu);
    for (int n = 0; n < P; n++) store(prediction + n * LANES, mask_of(~gives_up, load(prediction + n * LANES)));
  }
}

/* binomial(n, i) */
static const double binomial[ENSEMBLE_MAX_ORDER][ENSEMBLE_MAX_ORDER] = {
    {1},
    {1, 1},
    {1, 2, 1},
    {1, 3, 3, 1},
    {1, 4, 6, 4, 1},
    {1, 5, 10, 10, 5, 1},
    {1, 6, 15, 20, 15, 6, 1},
    {1, 7, 21, 35, 35, 21, 7, 1},
    {1, 8, 28, 56, 70, 56, 28, 8, 1},
    {1, 9, 36, 84, 126, 126, 84, 36, 9, 1},
    {1, 10, 45, 120, 210, 252, 210, 120, 45, 10, 1},
    {1, 11, 55, 165, 330, 462, 462, 330, 165, 55, 11, 1},
    {1, 12, 66, 220, 495, 792, 924, 792, 495, 220, 66, 12, 1},
    {1, 13, 78, 286, 715, 1287, 1716, 1716, 1287, 715, 286, 78, 13, 1},
    {1, 14, 91, 364, 1001, 2002, 3003, 3432, 3003, 2002, 1001, 364, 91, 14, 1},
    {1, 15, 105, 455, 1365, 3003, 5005, 6435, 6435, 5005, 3003, 1365, 455, 105, 15, 1},
    {1, 16, 120, 560, 1820, 4368, 8008, 11440, 12870, 11440, 8008, 4368, 1820, 560, 120, 16, 1},
    {1, 17, 136, 680, 2380, 6188, 12376, 19448, 24310, 24310, 19448, 12376, 6188, 2380, 680, 136, 17, 1},
    {1, 18, 153, 816, 3060, 8568, 18564, 31824, 43758, 48620, 43758, 31824, 18564, 8568, 3060, 816, 153, 18, 1},
    {1,     19,    171,   969,   3876,  11628, 27132, 50388, 75582, 92378,
     92378, 75582, 50388, 27132, 11628, 3876,  969,   171,   19,    1},
    {1,      20,     190,   1140,  4845,  15504, 38760, 77520, 125970, 167960, 184756,
     167960, 125970, 77520, 38760, 15504, 4845,  1140,  190,   20,     1},
    {1,      21,     210,    1330,   5985,  20349, 54264, 116280, 203490, 293930, 352716,
     352716, 293930, 203490, 116280, 54264, 20349, 5985,  1330,   210,    21,     1},
    {1,      22,     231,    1540,   7315,  26334, 74613, 170544, 319770, 497420, 646646, 705432,
     646646, 497420, 319770, 170544, 74613, 26334, 7315,  1540,   231,    22,     1},
    {1,       23,      253,    1771,   8855,   33649,  100947, 245157, 490314, 817190, 1144066, 1352078,
     1352078, 1144066, 817190, 490314, 245157, 100947, 33649,  8855,   1771,   253,    23,      1},
};

/* c[0 ... P-1], the coefficients of a polynomial, become those about tau = h: c[i] = h^-i sum_n binomial(n, i) h^n
 * c[n].  So written neither the sums nor the powers wait for each other. */
INLINE void slow_move(vec *c, const int P, vec h) {
  vec power[ENSEMBLE_MAX_ORDER], inverse_power[ENSEMBLE_MAX_ORDER];
  power[0] = inverse_power[0] = set(1.0);
  power[1] = h;
  inverse_power[1] = set(1.0) / h;
  c[1] = c[1] * h;
  for (int n = 2; n < P; n++) {
    power[n] = power[n / 2] * power[n - n / 2];
    inverse_power[n] = inverse_power[n / 2] * inverse_power[n - n / 2];
    c[n] = c[n] * power[n];
  }
  for (int i = 0; i < P; i += BLOCK) {
    vec sum[BLOCK] = {(vec){0}};
    for (int n = i; n < P; n++)
#pragma GCC unroll 4
      for (int j = 0; j < BLOCK; j++) sum[j] = fma_(set(binomial[n][i + j]), c[n], sum[j]); /* 0 where i + j > n */
#pragma GCC unroll 4
    for (int j = 0; j < BLOCK; j++) c[i + j] = sum[j] * inverse_power[i + j];
  }
}

/* As keep_series, for lanes where the mode is slow. */
INLINE void slow_keep_series(ensemble *e, const slow *w, const int P, int mu) {
  double *re = e->series + ((size_t)mu * ensemble_series_vectors(P) + P) * LANES, *im = re + P * LANES;
  const double *solution = solution_of(e, P, mu);
  for (int n = 0; n < P; n++) {
    const vec r = load(solution + n * LANES);
    const vec rate = n + 1 < P ? set(n + 1.0) * load(solution + (n + 1) * LANES) : (vec){0};
    const vec i = fma_(load(e->half_kappa[mu]), r, rate) * load(e->over_Omega[mu]);
    store(re + n * LANES, choose(w->modes[mu], r, load(re + n * LANES)));
    store(im + n * LANES, choose(w->modes[mu], i, load(im + n * LANES)));
  }
}

/* The state of slow modes at the end of the step, and the prediction for the next one: the solution, moved on where the
 * step was taken. */
INLINE void slow_finish(ensemble *e, const slow *w, const int P, vec h) {
  vec finite = load(held_finite(e));
  const vec moved = choose(w->taken, h, set(1.0));
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    double *R = e->modes + (size_t)mu * ensemble_mode_vectors(P) * LANES, *I = R + (P + 1) * LANES;
    double *prediction = prediction_of(e, P, mu);
    const double *solution = solution_of(e, P, mu);
    vec c[ENSEMBLE_MAX_ORDER];
    if (e->series) slow_keep_series(e, w, P, mu);
    for (int n = 0; n < P; n++) c[n] = load(solution + n * LANES);
    if (any(w->taken)) slow_move(c, P, moved);
    const vec r = choose(w->modes[mu], c[0], load(R));
    const vec i = choose(w->modes[mu], fma_(load(e->half_kappa[mu]), c[0], c[1]) * load(e->over_Omega[mu]), load(I));
    store(R, r);
    store(I, i);
    finite = fma_(r + i, set(0.0), finite);
    for (int n = 0; n < P; n++) {
      const vec found = choose(w->taken, c[n], load(solution + n * LANES));
      store(prediction + n * LANES, choose(w->modes[mu], found, load(prediction + n * LANES)));
    }
  }
  store(e->finite, finite);
}

/* ---- one attempt ---- */

/* w->taken: the lanes that have made the step; of the others the state is no more of any use. */
INLINE void slow_step(ensemble *e, slow *w, int P, bool streamed) {
  step shared, *s = &shared;
  vec decay[DKM_MAX_MODES];
  s->norm = s->norm_before = (vec){0};
  modes_begin(e, P);
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    double *sum_z = sums_of(e, P, mu);
    store(sum_z, load(e->sum_z[mu]));
    store(sum_z + LANES, load(e->two_Omega) * load(e->sum_y[mu]));
  }
#pragma GCC unroll 1
  for (int m = 0; m < P - BLOCK; m += PAIR) {
    slow_fields(e, w, P, m, false);
    sweep(e, s, P, m, PAIR, streamed);
    slow_note_sums(e, s, P, m, PAIR);
  }
  slow_fields(e, w, P, P - BLOCK, true);
  slow_solve(e, w, P, P - BLOCK + 1, true);
  slow_rates(e, w, P);

  const vec t = load(e->t), t_limit = load(e->t_limit), length = ordinary_step_length(e, P);
  vec h = slow_step_size(e, s, w, P);
  const ivec to_limit = h >= t_limit - t;
  h = mask_of(w->lanes, choose(to_limit, t_limit - t, h));
  const vec t_new = choose(to_limit, t_limit, t + h);
  observe(e, P, h);
  last_sweep(e, s, P, PAIR, streamed, h);
  slow_note_sums(e, s, P, P - BLOCK, 2);

  slow_solve(e, w, P, P - 1, false);
  vec slope;
  const ivec exact = w->lanes & (slow_error(w, P, h, &slope) <= set(slow_share * e->tolerance));
  const ivec transient = exact & slow_transients(e, w, P, decay);
  w->taken = exact & ~transient;
  slow_put_off(e, w, P, transient, decay);
  slow_finish(e, w, P, h);
  store(e->finite, choose(t_new > t, load(e->finite), set(0.0) / set(0.0)));
  store(e->t_begin, t);
  store(e->t, t_new);
  /* Steps that are hardly longer than ordinary ones do not pay. */
  const ivec too_short = w->taken & ~to_limit & (h < set(slow_worth) * length);
  store(e->t_look, choose(too_short, fma_(set(pause_least), length, t_new), load(e->t_look)));
}

/* Not parts of `advance`, which would take minutes to compile; for each order, which saves an eighth of the time where
 * coefficients are kept. */
#define APART static __attribute__((noinline)) void
APART slow_step_12(ensemble *e, slow *w) {
  slow_step(e, w, 12, false);
}
APART slow_step_16(ensemble *e, slow *w) {
  slow_step(e, w, 16, false);
}
APART slow_step_20(ensemble *e, slow *w) {
  slow_step(e, w, 20, false);
}
APART slow_step_24(ensemble *e, slow *w) {
  slow_step(e, w, 24, false);
}
APART slow_step_streamed(ensemble *e, slow *w, int P) {
  slow_step(e, w, P, true);
}

INLINE void slow_step_of_order(ensemble *e, slow *w, const int P, const bool streamed) {
  if (streamed)
    slow_step_streamed(e, w, P);
  else if (P == 12)
    slow_step_12(e, w);
  else if (P == 16)
    slow_step_16(e, w);
  else if (P == 20)
    slow_step_20(e, w);
  else
    slow_step_24(e, w);
}

#endif
