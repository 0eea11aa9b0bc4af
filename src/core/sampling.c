/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Samples of a trajectory and of the separation from its shadow.
 *
 * Reference: G. Benettin, L. Galgani, A. Giorgilli and J.-M. Strelcyn, Meccanica 15, 9 (1980). */
#include "dickemap/sampling.h"

#include <float.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct dkm_sampling {
  dkm_patterns patterns;
  dkm_series *series;
  double *trajectory, *shadow; /* states at the end and at the beginning of the stretch, 3K + 2M values each */
  double separation;
  double fastest;
  bool on_shadow;              /* which of them is in the lane */
  double t_stretch;            /* where the stretch began */
  int64_t steps;               /* of the trajectory up to then */
};

dkm_status dkm_sampling_create(const dkm_patterns *patterns, dkm_sampling **out, dkm_error *err) {
  dkm_sampling *s = calloc(1, sizeof *s);
  dkm_status status = DKM_OK;
  if (s) {
    s->patterns = *patterns;
    s->trajectory = calloc(dkm_model_size(patterns), sizeof *s->trajectory);
    s->shadow = calloc(dkm_model_size(patterns), sizeof *s->shadow);
  }
  if (!s || !s->trajectory || !s->shadow)
    status = dkm_fail(err, DKM_MEMORY, "out of memory for two states of a trajectory");
  else
    status = dkm_series_create(patterns->n_modes, &s->series, err);
  if (status != DKM_OK) {
    dkm_sampling_destroy(s);
    return status;
  }
  *out = s;
  return DKM_OK;
}

int64_t dkm_sampling_steps(const dkm_sampling *s) {
  return s->steps;
}

void dkm_sampling_destroy(dkm_sampling *s) {
  if (!s) return;
  dkm_series_destroy(s->series);
  free(s->trajectory);
  free(s->shadow);
  free(s);
}

double dkm_sampling_bytes(const dkm_patterns *patterns) {
  return sizeof(dkm_sampling) + dkm_series_bytes(patterns->n_modes) +
         2.0 * sizeof(double) * (double)dkm_model_size(patterns);
}

const dkm_series *dkm_sampling_series(const dkm_sampling *s) {
  return s->series;
}

double dkm_sampling_fastest(const dkm_sampling *s) {
  return s->fastest;
}

/* The fastest of the modes and of the precession 2|B_k|, |h_k| <= sum_mu 2 |Re beta_mu|. */
static double fastest_frequency(const dkm_patterns *patterns, const dkm_point *point, const double *u) {
  const double *re = u + 3 * patterns->n_classes;
  double field = 0.0, fastest = 0.0;
  for (int mu = 0; mu < patterns->n_modes; mu++) {
    field += 2.0 * point->g0 * fabs(re[mu]);
    fastest = fmax(fastest, fabs(point->Omega_mu[mu]));
  }
  return fmax(fastest, 2.0 * sqrt(point->Omega * point->Omega + field * field));
}

double dkm_sampling_spacing(const dkm_patterns *patterns, const dkm_point *point, const double *u, double fastest) {
  return DKM_MOTION_PHASE / fmax(fastest, fastest_frequency(patterns, point, u));
}

/* ---- the shadow ---- */

/* A vector in the cube (-1, 1)^3. */
static void random_vector(gsl_rng *rng, double *a) {
  for (int i = 0; i < 3; i++) a[i] = 2.0 * gsl_rng_uniform(rng) - 1.0;
}

/* Adds to each spin a vector transverse to it, to each mode anything. */
static dkm_status depart(const dkm_patterns *patterns, const dkm_point *point, double *u, double size, dkm_error *err) {
  const int64_t K = patterns->n_classes;
  const int M = patterns->n_modes, cue = point->pattern - 1;
  const bool symmetric = point->perturbation == 0.0;
  double a[3] = {0};
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  if (!rng) return dkm_fail(err, DKM_MEMORY, "out of memory for the random number generator");
  /* A stream that no start uses (those have a cue of 1 ... 20 here), and the same for the quotient of a symmetric start. */
  gsl_rng_set(rng, (unsigned long)((symmetric ? 0 : point->seed) * 32 + 31));
  for (int64_t k = 0; k < K; k++) {
    if (k == 0 || !symmetric) random_vector(rng, a);
    const double sign = symmetric ? dkm_patterns_sign(patterns, cue, k) * dkm_patterns_sign(patterns, cue, 0) : 1.0;
    double *x = u + k, *y = u + K + k, *z = u + 2 * K + k;
    /* m x a is an axial vector: the symmetry (x, y, z) -> (x, -y, -z) is a rotation, which carries a along. */
    const double ay = sign * a[1], az = sign * a[2];
    const double dx = *y * az - *z * ay, dy = *z * a[0] - *x * az, dz = *x * ay - *y * a[0];
    *x += size * dx;
    *y += size * dy;
    *z += size * dz;
  }
  for (int mu = 0; mu < M; mu++) {
    if (symmetric && mu != cue) continue;
    random_vector(rng, a);
    u[3 * K + mu] += size * a[0];
    u[3 * K + M + mu] += size * a[1];
  }
  gsl_rng_free(rng);
  return DKM_OK;
}

static double separation_of(const dkm_patterns *patterns, const double *u, const double *v) {
  const int64_t K = patterns->n_classes;
  double spins = 0.0, modes = 0.0;
  for (int64_t i = 0; i < 3 * K; i++) spins += (v[i] - u[i]) * (v[i] - u[i]);
  for (int64_t i = 3 * K; i < 3 * K + 2 * patterns->n_modes; i++) modes += (v[i] - u[i]) * (v[i] - u[i]);
  return sqrt(patterns->weight * spins + modes);
}

/* v -> u + factor (v - u), each spin of v at the length that it has in u. */
static void bring_back(const dkm_patterns *patterns, const double *u, double *v, double factor) {
  const int64_t K = patterns->n_classes;
  for (int64_t i = 0; i < 3 * K + 2 * patterns->n_modes; i++) v[i] = u[i] + factor * (v[i] - u[i]);
  for (int64_t k = 0; k < K; k++) {
    double *x = v + k, *y = v + K + k, *z = v + 2 * K + k;
    const double wanted = u[k] * u[k] + u[K + k] * u[K + k] + u[2 * K + k] * u[2 * K + k];
    const double square = *x * *x + *y * *y + *z * *z;
    if (!(square > 0.0)) continue;
    const double ratio = sqrt(wanted / square);
    *x *= ratio;
    *y *= ratio;
    *z *= ratio;
  }
}

/* ---- samples ---- */

static void take_sample(dkm_sampling *s, const dkm_point *point, const double *u, double *scratch) {
  const dkm_patterns *patterns = &s->patterns;
  dkm_series *series = s->series;
  const int M = patterns->n_modes;
  const size_t row = 3 * (size_t)M, n = dkm_model_size(patterns);
  const int64_t K = patterns->n_classes;
  double *value = series->values + (size_t)series->n * row, *rate = series->rates + (size_t)series->n * row;
  dkm_model_rhs(patterns, point, u, scratch, scratch + n);
  dkm_model_overlaps(patterns, u, value, scratch + n);
  dkm_model_overlaps(patterns, scratch, rate, scratch + n); /* xi is linear in z */
  memcpy(value + M, u + 3 * K, 2 * (size_t)M * sizeof *value);
  memcpy(rate + M, scratch + 3 * K, 2 * (size_t)M * sizeof *rate);
  s->fastest = fmax(s->fastest, fastest_frequency(patterns, point, u));
  series->n++;
}

static double sample_time(const dkm_series *series, int i) {
  return series->t0 + i * series->dt;
}

dkm_status dkm_sampling_begin(dkm_sampling *s, const dkm_point *point, double tolerance, int n_samples, double dt,
                              dkm_integrator *integrator, int lane, const double *u, double *scratch, dkm_error *err) {
  const size_t size = dkm_model_size(&s->patterns);
  dkm_lane *l = dkm_integrator_lane(integrator, lane);
  s->series->n_samples = n_samples;
  s->series->n = 0;
  s->series->t0 = s->t_stretch = l->t;
  s->series->dt = dt;
  s->on_shadow = false;
  s->fastest = 0.0;
  s->steps = l->steps;
  s->separation = fmin(1e-4, fmax(1e-7, sqrt(tolerance)));
  memcpy(s->shadow, u, size * sizeof *u);
  dkm_status status = depart(&s->patterns, point, s->shadow, 1.0, err);
  if (status != DKM_OK) return status;
  bring_back(&s->patterns, u, s->shadow, s->separation / separation_of(&s->patterns, u, s->shadow));
  /* Steps are counted from the load. */
  dkm_integrator_load(integrator, lane, point, u, s->series->t0);
  take_sample(s, point, u, scratch);
  l->t_limit = sample_time(s->series, 1);
  return DKM_OK;
}

bool dkm_sampling_continue(dkm_sampling *s, const dkm_point *point, dkm_integrator *integrator, int lane, double *u,
                           double *scratch) {
  dkm_series *series = s->series;
  dkm_lane *l = dkm_integrator_lane(integrator, lane);
  const size_t size = dkm_model_size(&s->patterns);
  dkm_integrator_state(integrator, lane, u);
  if (!s->on_shadow) {
    /* The last sample, n_samples, is only the end of the last stretch. */
    const int i = series->n;
    const bool end_of_stretch = i % DKM_MOTION_STRETCH == 0;
    if (i < series->n_samples && !end_of_stretch) {
      take_sample(s, point, u, scratch);
      l->t_limit = sample_time(series, i + 1);
      return false;
    }
    memcpy(s->trajectory, u, size * sizeof *u);
    s->steps += l->steps;
    dkm_integrator_load(integrator, lane, point, s->shadow, s->t_stretch);
    l->t_limit = sample_time(series, i);
    s->on_shadow = true;
    return false;
  }
  const int i = series->n;
  const double separation = fmax(separation_of(&s->patterns, s->trajectory, u), DBL_MIN); /* for the logarithm */
  series->growth[i / DKM_MOTION_STRETCH - 1] = separation / s->separation;
  memcpy(s->shadow, u, size * sizeof *u);
  bring_back(&s->patterns, s->trajectory, s->shadow, s->separation / separation);
  memcpy(u, s->trajectory, size * sizeof *u);
  s->on_shadow = false;
  s->t_stretch = sample_time(series, i);
  dkm_integrator_load(integrator, lane, point, u, s->t_stretch);
  if (i == series->n_samples) return true;
  take_sample(s, point, u, scratch);
  l->t_limit = sample_time(series, i + 1);
  return false;
}
