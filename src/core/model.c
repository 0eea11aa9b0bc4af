/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mean-field equations (7), (S27), and the start of a trajectory. */
#include "dickemap/model.h"

#include <math.h>

#include "mersenne.h"

size_t dkm_model_size(const dkm_system *system) {
  return 3 * (size_t)system->n_classes + 2 * (size_t)system->n_modes;
}

void dkm_model_overlaps(const dkm_system *system, const double *u, double *xi, double *work) {
  dkm_system_sums(system, u + 2 * system->n_classes, xi, work);
}

static void add_losses(const dkm_point *point, int64_t K, const double *u, double *du) {
  const double gamma_1 = dkm_point_gamma_1(point), gamma_T = dkm_point_gamma_T(point), pump = dkm_point_pump(point);
  for (int64_t k = 0; k < K; k++) {
    du[k] += pump - gamma_1 * u[k];
    du[K + k] -= gamma_T * u[K + k];
    du[2 * K + k] -= gamma_T * u[2 * K + k];
  }
}

/* The field along y, and what drives the modes with it. v: K values, and K more to sum. */
static void add_imbalance(const dkm_system *system, const dkm_point *point, const double *u, double *du, double *v) {
  const int64_t K = system->n_classes;
  const int M = system->n_modes;
  const double *x = u, *z = u + 2 * K, *im = u + 3 * K + M;
  double amplitude[DKM_MAX_MODES] = {0}, sum[DKM_MAX_MODES];
  for (int mu = 0; mu < M; mu++) amplitude[mu] = 2.0 * im[mu];
  dkm_system_fields(system, amplitude, v);
  for (int64_t k = 0; k < K; k++) {
    const double by = point->imbalance * point->g0 * v[k];
    du[k] += 2.0 * by * z[k];
    du[2 * K + k] -= 2.0 * by * x[k];
  }
  dkm_system_sums(system, u + K, sum, v);
  for (int mu = 0; mu < M; mu++) du[3 * K + mu] += point->imbalance * point->g0 * sum[mu];
}

void dkm_model_rhs(const dkm_system *system, const dkm_point *point, const double *u, double *du, double *work) {
  const int64_t K = system->n_classes;
  const int M = system->n_modes;
  const double *x = u, *y = u + K, *z = u + 2 * K, *re = u + 3 * K, *im = re + M;
  double *dx = du, *dy = du + K, *dz = du + 2 * K, *dre = du + 3 * K, *dim = dre + M;
  double *h = work;
  double amplitude[DKM_MAX_MODES] = {0}, xi[DKM_MAX_MODES];

  for (int mu = 0; mu < M; mu++) amplitude[mu] = 2.0 * re[mu];
  dkm_system_fields(system, amplitude, h);
  for (int64_t k = 0; k < K; k++) {
    dx[k] = -2.0 * point->g0 * h[k] * y[k];
    dy[k] = -2.0 * point->Omega * z[k] + 2.0 * point->g0 * h[k] * x[k];
    dz[k] = 2.0 * point->Omega * y[k];
  }
  dkm_model_overlaps(system, u, xi, work + K);
  for (int mu = 0; mu < M; mu++) {
    double half_kappa = 0.5 * point->kappa_mu[mu];
    dre[mu] = point->Omega_mu[mu] * im[mu] - half_kappa * re[mu];
    dim[mu] = -point->Omega_mu[mu] * re[mu] - half_kappa * im[mu] - point->g0 * xi[mu];
  }
  if (dkm_point_has_losses(point)) add_losses(point, K, u, du);
  if (point->imbalance != 0.0) add_imbalance(system, point, u, du, work);
}

double dkm_model_residual(const dkm_system *system, const dkm_point *point, const double *u, double *work) {
  const size_t n = dkm_model_size(system);
  double largest = 0.0;
  dkm_model_rhs(system, point, u, work, work + n);
  for (size_t i = 0; i < n; i++) largest = dkm_larger(largest, fabs(work[i]));
  return largest;
}

/* A uniform direction in the plane, without trigonometric functions: Marsaglia's rejection
 * from the disc. */
static void random_direction(mersenne *rng, double *cosine, double *sine) {
  double a, b, square;
  do {
    a = 2.0 * mersenne_uniform(rng) - 1.0;
    b = 2.0 * mersenne_uniform(rng) - 1.0;
    square = a * a + b * b;
  } while (square > 1.0 || square == 0.0);
  double norm = sqrt(square);
  *cosine = a / norm;
  *sine = b / norm;
}

/* One stream for each (seed, cue): 20 cues fit into 5 bits, and the result is never 0, which the generator would replace by its
 * default. */
enum { SEED_STEP = 32 };
static uint64_t stream_of(const dkm_point *point) {
  return (uint64_t)(point->seed * SEED_STEP + point->pattern);
}

/* Starts mostly ask for one seed after the other.  Once one has followed the last, generators of the next few are seeded together, and
 * handed out when they are asked for: which those are changes no number. */
typedef struct seeded {
  uint64_t last; /* asked for */
  uint64_t first;
  int n_taken; /* of those from `first` on that were seeded together */
  mersenne rng[MERSENNE_MOST];
} seeded;

/* The generator of a stream: one of those, or *own. */
static mersenne *begin_stream(uint64_t stream, mersenne *own) {
  static _Thread_local seeded s = {.n_taken = MERSENNE_MOST};
  const bool follows = stream == s.last + SEED_STEP;
  s.last = stream;
  if (follows && s.n_taken == MERSENNE_MOST) {
    mersenne_seed_many(s.rng, MERSENNE_MOST, stream, SEED_STEP);
    s.first = stream;
    s.n_taken = 0;
  }
  if (s.n_taken < MERSENNE_MOST && stream == s.first + (uint64_t)s.n_taken * SEED_STEP) return &s.rng[s.n_taken++];
  s.n_taken = MERSENNE_MOST;
  mersenne_seed(own, stream);
  return own;
}

/* m -> (m + p |m| e)/sqrt(1 + p^2) for every spin m = (x, 0, z), with e a unit vector
 * perpendicular to m: a rotation by arctan(p). */
static void tilt_spins(const dkm_system *system, const dkm_point *point, double *u) {
  const int64_t K = system->n_classes;
  double *x = u, *y = u + K, *z = u + 2 * K;
  mersenne own, *rng = begin_stream(stream_of(point), &own);
  const double p = point->perturbation, norm = sqrt(1.0 + p * p);
  const bool shorter = point->flip != 0.0;
  for (int64_t k = 0; k < K; k++) {
    double c, s, x0 = x[k], z0 = z[k];
    random_direction(rng, &c, &s);
    x[k] = (x0 + p * c * z0) / norm; /* |m| e = c (z, 0, -x) + s (0, |m|, 0) */
    y[k] = (shorter ? sqrt(x0 * x0 + z0 * z0) : 1.0) * p * s / norm;
    z[k] = (z0 - p * c * x0) / norm;
  }
}

/* A direction in space, from the ball. */
static void random_axis(mersenne *rng, double *a) {
  double square;
  do {
    square = 0.0;
    for (int i = 0; i < 3; i++) {
      a[i] = 2.0 * mersenne_uniform(rng) - 1.0;
      square += a[i] * a[i];
    }
  } while (square > 1.0 || square == 0.0);
}

/* m -> (m + p |m| e)/sqrt(1 + p^2) with e along m x a. */
void dkm_model_tilt(const dkm_system *system, const dkm_point *point, double *u) {
  const int64_t K = system->n_classes;
  const double p = point->perturbation, norm = sqrt(1.0 + p * p);
  mersenne own, *rng = begin_stream(stream_of(point), &own);
  for (int64_t k = 0; k < K; k++) {
    double a[3], m[3] = {u[k], u[K + k], u[2 * K + k]}, e[3], across = 0.0;
    const double length = sqrt(m[0] * m[0] + m[1] * m[1] + m[2] * m[2]);
    random_axis(rng, a);
    for (int i = 0; i < 3; i++) {
      const int j = (i + 1) % 3, l = (i + 2) % 3;
      e[i] = m[j] * a[l] - m[l] * a[j];
      across += e[i] * e[i];
    }
    if (!(across > 0.0)) continue; /* a spin of no length, or along the axis */
    for (int i = 0; i < 3; i++) u[i * K + k] = (m[i] + p * length * e[i] / sqrt(across)) / norm;
  }
}

double dkm_mixture_sign(const dkm_point *point, const double *G, int n_modes) {
  double sum = 0.0, size = 0.0;
  for (int mu = 0; mu < n_modes; mu++) {
    const double term = point->mixture[mu] * G[mu];
    sum += term;
    size += fabs(term);
  }
  return fabs(sum) <= 1e-12 * size ? 0.0 : sum > 0.0 ? 1.0 : -1.0;
}

double dkm_point_length(const dkm_point *point) {
  const double z = (1.0 - 2.0 * point->flip) * point->overlap;
  return point->flip == 0.0 ? 1.0 : sqrt(fmax(0.0, 1.0 - point->overlap * point->overlap) + z * z);
}

static double cue_of_mixture(const dkm_system *system, const dkm_point *point, int64_t k) {
  double G[DKM_MAX_MODES];
  for (int mu = 0; mu < system->n_modes; mu++) G[mu] = dkm_system_coupling(system, mu, k);
  return dkm_mixture_sign(point, G, system->n_modes);
}

dkm_status dkm_model_start(const dkm_system *system, const dkm_point *point, double *u, dkm_error *err) {
  const int64_t K = system->n_classes;
  const bool mixture = dkm_point_has_mixture(point, system->n_modes);
  double largest = ldexp(1.0, -system->log2_unit); /* |G_cue|, or 1 */
  for (int64_t k = 0; system->couplings && k < K; k++)
    largest = fmax(largest, fabs(dkm_system_coupling(system, point->pattern - 1, k)));
  for (int64_t k = 0; k < K; k++) {
    const double cue = system->cue ? system->cue[k]
                       : mixture   ? cue_of_mixture(system, point, k)
                                   : dkm_system_coupling(system, point->pattern - 1, k) / largest;
    const double z = point->overlap * cue;
    u[k] = -sqrt(fmax(0.0, 1.0 - z * z));
    u[K + k] = 0.0;
    u[2 * K + k] = (1.0 - 2.0 * point->flip) * z;
  }
  for (int64_t i = 3 * K; i < 3 * K + 2 * system->n_modes; i++) u[i] = 0.0;
  if (point->perturbation > 0.0) tilt_spins(system, point, u);
  (void)err;
  return DKM_OK;
}

double dkm_model_precession(const dkm_system *system, const dkm_point *point, const double *u, double *work) {
  const int64_t K = system->n_classes;
  double amplitude[DKM_MAX_MODES] = {0}, largest = 0.0;
  for (int mu = 0; mu < system->n_modes; mu++) amplitude[mu] = 2.0 * u[3 * K + mu];
  dkm_system_fields(system, amplitude, work);
  for (int64_t k = 0; k < K; k++) {
    const double bx = point->Omega, bz = point->g0 * work[k], B = sqrt(bx * bx + bz * bz);
    const double across = B > 0.0 ? (u[k] * bz - u[2 * K + k] * bx) / B : 0.0;
    largest = fmax(largest, sqrt(u[K + k] * u[K + k] + across * across));
  }
  return largest;
}

static double length(int64_t K, const double *u, int64_t k) {
  return sqrt(u[k] * u[k] + u[K + k] * u[K + k] + u[2 * K + k] * u[2 * K + k]);
}

double dkm_model_length_error(const dkm_system *system, const double *u, const double *u_start) {
  const int64_t K = system->n_classes;
  double largest = 0.0;
  for (int64_t k = 0; k < K; k++) largest = dkm_larger(largest, fabs(length(K, u, k) - length(K, u_start, k)));
  return largest;
}
