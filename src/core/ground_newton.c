/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stationary states where there is no landscape: Newton's method from many places, and a sum that shows what is missing.
 *
 * With every spin at rest in the fields of the modes the equations for the modes are f(beta) = 0, where f falls off like -beta far
 * away, since spins are bounded: the signs of the determinants of f' at its zeros add up to a known number, whatever the parameters.
 * In terms of the linearised equations that sign is (-1)^n_unstable, eigenvalues being real or in pairs:
 *   sum over all states of (-1)^n_unstable = 1.
 * That holds whichever spins are turned against their fields. */
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground.h"
#include "gsl_calls.h"
#include "response.h"

/* Starts: overlaps in all directions of {-1, 0, 1}^M up to MOST_DIRECTIONS of them, of each size below, and random ones, in rounds
 * until nothing shows that a state is missing, or that has taken long. */
enum { MOST_DIRECTIONS = 729, RANDOM_STARTS = 100, RANDOM_STARTS_OF_A_MODE = 100, MOST_ROUNDS = 200, MOST_STATES = 4096 };
static const double sizes[] = {0.1, 0.4, 0.9};
static const double least_size = 0.01; /* of random ones: with losses overlaps are small */
static const double most_work = 1e8;   /* starts times classes, beyond the first round */
/* The last of them must have been found before this part of the starts was over. */
static const double found_by = 0.6;
/* States of the modes closer than this, in units of what overlaps of order one make, are the same. */
static const double same_state = 1e-7, zero = 1e-9;

typedef struct search {
  ground_work *work;
  const dkm_system *system; /* the work's, as */
  const dkm_point *point;
  int n_inverted;
  const int64_t *inverted;
  gsl_rng *rng;
  double along;         /* of spins in their fields: -1, +1 */
  double unit;          /* of beta */
  bool even;            /* each mode's sign is a symmetry */
  double *start, *state; /* 3K + 2M values each */
  int64_t n_starts, last_new; /* tried; that which found the last new state */
  dkm_ground *ground;
} search;

/* One of the images of a state stands for all: that to which these signs of the modes lead. */
static void signs_to_image(const search *s, const double *re, double *sign) {
  const int M = s->system->n_modes;
  int first = 0;
  while (first < M && re[first] == 0.0) first++;
  for (int mu = 0; mu < M; mu++) {
    const int by = s->even ? mu : first;
    sign[mu] = by < M && re[by] * s->point->Omega_mu[by] > 0.0 ? -1.0 : 1.0;
  }
}

static bool is_known(const search *s, const double *beta) {
  const int M = s->system->n_modes;
  for (int64_t i = 0; i < s->ground->n; i++) {
    const dkm_ground_state *known = &s->ground->states[i];
    double away = 0.0;
    for (int mu = 0; mu < M; mu++)
      away = fmax(away, fmax(fabs(known->alpha_re[mu] - beta[mu]), fabs(known->alpha_im[mu] - beta[M + mu])));
    if (away < same_state * s->unit) return true;
  }
  return false;
}

/* A state that Newton found, unless it is known; its alphas are beta until the search is over. */
static dkm_status add(search *s, const double *xi, dkm_error *err) {
  const int M = s->system->n_modes;
  double beta[2 * DKM_MAX_MODES], sign[DKM_MAX_MODES];
  dkm_ground_state new = {.U = NAN, .escape = NAN, .index = -1, .n_inverted = s->n_inverted, .n_images = 1};
  int n_signs = 0;
  memcpy(beta, s->state + 3 * s->system->n_classes, 2 * (size_t)M * sizeof *beta);
  for (int i = 0; i < 2 * M; i++)
    if (fabs(beta[i]) < zero * s->unit) beta[i] = 0.0;
  signs_to_image(s, beta, sign);
  for (int mu = 0; mu < M; mu++) {
    beta[mu] *= sign[mu];
    beta[M + mu] *= sign[mu];
  }
  if (is_known(s, beta)) return DKM_OK;
  for (int mu = 0; mu < M; mu++) {
    n_signs += beta[mu] != 0.0;
    new.xi[mu] = beta[mu] == 0.0 && beta[M + mu] == 0.0 ? 0.0 : sign[mu] * xi[mu];
    new.alpha_re[mu] = beta[mu];
    new.alpha_im[mu] = beta[M + mu];
  }
  if (n_signs > 0) new.n_images = s->even ? (int64_t)1 << n_signs : 2;
  const dkm_status status = dkm_ground_take_spectrum(s->work, s->state, &new, err);
  if (status != DKM_OK) return status;
  for (int i = 0; i < s->n_inverted; i++) new.inverted[i] = s->inverted[i];
  if (s->work->landscape) new.U = dkm_landscape_value(s->work->landscape, s->state);
  s->ground->states[s->ground->n++] = new;
  s->last_new = s->n_starts;
  return DKM_OK;
}

/* Modes that follow overlaps xi. Unbalanced couplings let a state have any phase: every other start has random ones. */
static void place_modes(search *s, const double *xi, double *re, double *im) {
  for (int mu = 0; mu < s->system->n_modes; mu++) {
    dkm_point_steady_mode(s->point, mu, xi[mu], &re[mu], &im[mu]);
    if (s->point->imbalance == 0.0 || s->n_starts % 2) continue;
    const double size = hypot(re[mu], im[mu]) * 3.0 * gsl_rng_uniform(s->rng), phase = 2.0 * M_PI * gsl_rng_uniform(s->rng);
    re[mu] = size * cos(phase);
    im[mu] = size * sin(phase);
  }
}

/* Spins along the fields of the modes, those in s->start, or against them. */
static void place_spins(const search *s, const double *re, const double *im) {
  const int64_t K = s->system->n_classes;
  const double length = dkm_point_length(s->point);
  double *x = s->start, *y = x + K, *z = y + K, amplitude[DKM_MAX_MODES];
  for (int mu = 0; mu < s->system->n_modes; mu++) amplitude[mu] = 2.0 * s->point->g0 * re[mu];
  dkm_system_fields(s->system, amplitude, z);
  for (int mu = 0; mu < s->system->n_modes; mu++) amplitude[mu] = 2.0 * s->point->imbalance * s->point->g0 * im[mu];
  dkm_system_fields(s->system, amplitude, y);
  for (int64_t k = 0; k < K; k++) {
    const double scale = s->along * length / sqrt(s->point->Omega * s->point->Omega + y[k] * y[k] + z[k] * z[k]);
    x[k] = scale * s->point->Omega;
    y[k] *= scale;
    z[k] *= scale;
  }
  for (int i = 0; i < s->n_inverted; i++)
    for (int c = 0; c < 3; c++) s->start[c * K + s->inverted[i]] *= -1.0;
}

/* Newton's method from there. */
static dkm_status try_from(search *s, const double *xi, dkm_error *err) {
  double *re = s->start + 3 * s->system->n_classes, *im = re + s->system->n_modes;
  dkm_fixedpoint fixed;
  const dkm_status status = dkm_ground_ask(s->work, err);
  if (status != DKM_OK) return status;
  s->n_starts++;
  if (s->ground->n == MOST_STATES) return DKM_OK;
  place_modes(s, xi, re, im);
  place_spins(s, re, im);
  if (!dkm_fixedpoint_near(s->work->spectra, s->point, s->start, true, &fixed, s->state)) return DKM_OK;
  return add(s, fixed.xi, err);
}

static dkm_status try_directions(search *s, dkm_error *err) {
  const int M = s->system->n_modes;
  dkm_status status = DKM_OK;
  int64_t n = 1;
  for (int mu = 0; mu < M && n <= MOST_DIRECTIONS; mu++) n *= 3;
  if (n > MOST_DIRECTIONS) n = 0;
  for (int64_t i = 0; i < n && !status; i++)
    for (size_t j = 0; j < sizeof sizes / sizeof *sizes && !status; j++) {
      double xi[DKM_MAX_MODES];
      int64_t rest = i;
      for (int mu = 0; mu < M; mu++, rest /= 3) xi[mu] = sizes[j] * (double)(rest % 3 - 1);
      status = try_from(s, xi, err);
    }
  return status;
}

static dkm_status try_random(search *s, dkm_error *err) {
  const int M = s->system->n_modes, n = RANDOM_STARTS + RANDOM_STARTS_OF_A_MODE * M;
  dkm_status status = DKM_OK;
  for (int i = 0; i < n && !status; i++) {
    double xi[DKM_MAX_MODES];
    const double size = pow(least_size, gsl_rng_uniform(s->rng));
    for (int mu = 0; mu < M; mu++) xi[mu] = size * (2.0 * gsl_rng_uniform(s->rng) - 1.0);
    status = try_from(s, xi, err);
  }
  return status;
}

/* Whether nothing shows that states are missing. */
static bool is_complete(const search *s) {
  const dkm_ground *g = s->ground;
  int64_t sum = 0;
  for (int64_t i = 0; i < g->n; i++) {
    const dkm_ground_state *state = &g->states[i];
    /* An inverted class may precess in resonance with the others, which is marginal, but a pair. */
    if (!state->has_spectrum || (s->n_inverted == 0 && state->spectrum.n_marginal > 0)) return false;
    sum += (state->spectrum.n_unstable % 2 ? -1 : 1) * state->n_images;
  }
  return g->n < MOST_STATES && sum == 1 && (double)s->last_new <= found_by * (double)s->n_starts;
}

static void finish(const search *s) {
  dkm_ground *g = s->ground;
  g->complete = is_complete(s);
  for (int64_t i = 0; i < g->n; i++)
    for (int mu = 0; mu < s->system->n_modes; mu++) {
      g->states[i].alpha_re[mu] *= s->system->alpha_factor;
      g->states[i].alpha_im[mu] *= s->system->alpha_factor;
    }
}

static bool one_sign(const dkm_system *system, const dkm_point *point) {
  for (int mu = 1; mu < system->n_modes; mu++)
    if ((point->Omega_mu[mu] > 0.0) != (point->Omega_mu[0] > 0.0)) return false;
  return true;
}

dkm_status dkm_ground_newton(ground_work *work, int n_inverted, const int64_t *inverted, dkm_ground *ground, dkm_error *err) {
  const dkm_system *system = work->system;
  const dkm_point *point = work->point;
  const size_t size = dkm_model_size(system);
  search s = {.work = work, .system = system, .point = point, .n_inverted = n_inverted, .inverted = inverted, .ground = ground};
  s.even = dkm_system_has_patterns(system) && n_inverted == 0; /* other images have other classes inverted */
  s.along = one_sign(system, point) && point->Omega_mu[0] < 0.0 ? 1.0 : -1.0;
  for (int mu = 0; mu < system->n_modes; mu++)
    s.unit = fmax(s.unit, point->g0 * system->largest / sqrt(dkm_point_D(point, mu)));
  dkm_gsl_begin();
  s.rng = gsl_rng_alloc(gsl_rng_mt19937);
  dkm_gsl_end();
  s.start = malloc(size * sizeof *s.start);
  s.state = malloc(size * sizeof *s.state);
  ground->states = malloc(MOST_STATES * sizeof *ground->states);
  dkm_status status = s.rng && s.start && s.state && ground->states ? DKM_OK : dkm_fail(err, DKM_MEMORY, "out of memory for states");
  const double nothing[DKM_MAX_MODES] = {0};
  if (!status) status = try_from(&s, nothing, err);
  if (!status) status = try_directions(&s, err);
  for (int round = 0; !status && (round == 0 || (round < MOST_ROUNDS && !is_complete(&s))); round++) {
    if (round > 0 && (double)s.n_starts * (double)system->n_classes > most_work) break;
    status = try_random(&s, err);
  }
  if (!status) finish(&s);
  free(s.start);
  free(s.state);
  if (s.rng) gsl_rng_free(s.rng);
  return status;
}
