/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spectra about fixed points: directions by the sign and size of their rates.
 *
 * Classes with fields of equal strength are one group (w->order, sorted by field).  Small systems are one matrix
 * (spectrum_dense.c), large ones a secular equation (spectrum_secular.c); symmetric states have a quartic a mode. */
#include <math.h>
#include <stdlib.h>

#include "gsl_calls.h"
#include "spectrum_parts.h"

/* Fields that agree to this relative accuracy are of one group: they differ by rounding. */
static const double same_field = 1e-11;
/* More rows of the matrix than these take longer than the secular equation. */
enum { DENSE_ROWS = 600 };

static int by_field(const void *a, const void *b) {
  const double fa = ((const class_field *)a)->B, fb = ((const class_field *)b)->B;
  return (fa > fb) - (fa < fb);
}

dkm_status dkm_spectrum_sort_fields(dkm_fixedpoint_workspace *w, const dkm_point *point, const double *state,
                                    double tolerance, int64_t *n_groups, dkm_error *err) {
  const int64_t K = w->system.n_classes;
  const int M = w->system.n_modes;
  double amplitude[DKM_MAX_MODES];
  for (int mu = 0; mu < M; mu++) amplitude[mu] = 2.0 * state[3 * K + mu];
  dkm_system_fields(&w->system, amplitude, w->h);
  for (int64_t k = 0; k < K; k++) {
    const double bz = point->g0 * w->h[k], B = hypot(point->Omega, bz);
    if (!(B > 0.0)) return dkm_fail(err, DKM_NUMERIC, "no spectrum: the field of class %lld vanishes", (long long)k);
    w->c[k] = (state[k] * point->Omega + state[2 * K + k] * bz) / B;
    w->order[k] = (class_field){B, k};
  }
  qsort(w->order, (size_t)K, sizeof *w->order, by_field);
  *n_groups = 0;
  for (int64_t first = 0; first < K; first = dkm_spectrum_group_end(w, tolerance, first)) ++*n_groups;
  return DKM_OK;
}

int64_t dkm_spectrum_group_end(const dkm_fixedpoint_workspace *w, double tolerance, int64_t first) {
  int64_t j = first + 1;
  while (j < w->system.n_classes && !(w->order[j].B > w->order[first].B * (1.0 + tolerance))) j++;
  return j;
}

void dkm_spectrum_count(dkm_spectrum *spectrum, double rate, double unknown) {
  if (fabs(rate) <= unknown) {
    spectrum->n_marginal++;
    return;
  }
  spectrum->growth_rate = fmax(spectrum->growth_rate, rate); /* fmax and fmin leave out the NaN */
  if (rate > 0.0) {
    spectrum->n_unstable++;
    return;
  }
  spectrum->n_damped++;
  spectrum->decay_rate = fmin(spectrum->decay_rate, -rate);
}

void dkm_spectrum_count_all(dkm_spectrum *spectrum, const dkm_eigenvalues *eigenvalues, double unknown) {
  for (int64_t i = 0; i < eigenvalues->n; i++)
    dkm_spectrum_count(spectrum, creal(eigenvalues->values[i]), unknown * eigenvalues->scale);
}

static const dkm_spectrum no_directions = {.growth_rate = NAN, .decay_rate = NAN};

/* The distance of an eigenvalue from the pole p = +-2iB near it, delta of
 *   delta (delta + 2p) ((p + delta + kappa_mu/2)^2 + Omega_mu^2) = C.
 * The faster a spin precesses the less a mode damps it, and the more digits of the rate are lost in the eigenvalue
 * itself (strong coupling: rates of 1e-12 beside frequencies of 1e3); delta has them all. */
static double complex distance_from_pole(const dkm_point *point, int mu, double complex p, double C,
                                         double complex delta) {
  enum { STEPS = 12 };
  const double half_kappa = 0.5 * point->kappa_mu[mu], Omega = point->Omega_mu[mu];
  for (int i = 0; i < STEPS; i++) {
    const double complex shifted = p + delta + half_kappa, N = shifted * shifted + Omega * Omega;
    const double complex f = delta * (delta + 2.0 * p) * N - C;
    const double complex slope = 2.0 * (delta + p) * N + delta * (delta + 2.0 * p) * 2.0 * shifted;
    const double complex step = f / slope;
    delta -= step;
    if (cabs(step) <= 1e-15 * cabs(delta)) break;
  }
  return delta;
}

/* At a state in the symmetric subspace of a pattern all fields are equally strong, B, and all c_k equal, and
 * the rows P_mu, Q_mu, Re beta_mu, Im beta_mu of one mode decouple from all others:
 *   (lambda^2 + 4B^2) ((lambda + kappa_mu/2)^2 + Omega_mu^2) = C = -8 g0^2 c Omega_mu Omega^2/B. */
static dkm_status add_sector(const dkm_point *point, double B, double c, int mu, dkm_spectrum *spectrum,
                             dkm_error *err) {
  static const double near_pole =
      0.1; /* in units of the pole; there the other factor is still far from 0 if C is small */
  double scale = 0.0;
  double complex values[4];
  dkm_gsl_begin();
  gsl_matrix *a = gsl_matrix_calloc(4, 4);
  dkm_gsl_end();
  if (!a) return dkm_fail(err, DKM_MEMORY, "out of memory for a spectrum");
  gsl_matrix_set(a, 0, 1, -2.0 * B);
  gsl_matrix_set(a, 0, 2, 4.0 * point->g0 * c * (point->Omega / B) * (point->Omega / B));
  gsl_matrix_set(a, 1, 0, 2.0 * B);
  gsl_matrix_set(a, 2, 2, -0.5 * point->kappa_mu[mu]);
  gsl_matrix_set(a, 2, 3, point->Omega_mu[mu]);
  gsl_matrix_set(a, 3, 1, -point->g0);
  gsl_matrix_set(a, 3, 2, -point->Omega_mu[mu]);
  gsl_matrix_set(a, 3, 3, -0.5 * point->kappa_mu[mu]);
  dkm_status status = dkm_spectrum_eigenvalues(a, values, &scale, err);
  gsl_matrix_free(a);
  const double C = -8.0 * point->g0 * point->g0 * c * point->Omega_mu[mu] * point->Omega * point->Omega / B;
  for (int i = 0; i < 4 && status == DKM_OK; i++) {
    const double complex p = cimag(values[i]) > 0.0 ? 2.0 * B * I : -2.0 * B * I, delta = values[i] - p;
    double complex better = delta;
    if (cabs(delta) <= near_pole * cabs(p)) better = distance_from_pole(point, mu, p, C, delta);
    /* Newton has stayed with its eigenvalue, or the eigenvalue is as good. */
    if (cabs(delta) <= near_pole * cabs(p) && cabs(better - delta) <= 1e-9 * scale)
      dkm_spectrum_count(spectrum, creal(better), DKM_SPECTRUM_NEUTRAL * cabs(better));
    else
      dkm_spectrum_count(spectrum, creal(values[i]), DKM_SPECTRUM_NEUTRAL * scale);
  }
  return status;
}

/* B and c of a symmetric state from one of its spins and 2 Re beta f. */
static dkm_status symmetric_field(const dkm_point *point, double x, double z, double h, double *B, double *c,
                                  dkm_error *err) {
  const double bz = point->g0 * h;
  *B = hypot(point->Omega, bz);
  if (!(*B > 0.0)) return dkm_fail(err, DKM_NUMERIC, "no spectrum: the fields vanish");
  *c = (x * point->Omega + z * bz) / *B;
  return DKM_OK;
}

dkm_status dkm_fixedpoint_symmetric_spectrum(const dkm_system *system, const dkm_point *point,
                                             const double *small_state, dkm_spectrum *spectrum, dkm_error *err) {
  double B = 0.0, c = 0.0;
  dkm_status status;
  *spectrum = no_directions;
  if (dkm_point_dynamics(point) != DKM_DYNAMICS_CONSERVED)
    status = dkm_spectrum_open_symmetric(point, system->n_modes, system->n_classes, -1, small_state, spectrum, err);
  else {
    status = symmetric_field(point, small_state[0], small_state[2], 2.0 * small_state[3], &B, &c, err);
    for (int mu = 0; mu < system->n_modes && status == DKM_OK; mu++)
      status = add_sector(point, B, c, mu, spectrum, err);
  }
  spectrum->n_neutral = (int64_t)dkm_model_size(system) - spectrum->n_unstable - spectrum->n_damped;
  return status;
}

static dkm_status sector_spectrum(const dkm_system *p, const dkm_point *point, const double *state, int nu,
                                  dkm_spectrum *spectrum, dkm_error *err) {
  const int64_t K = p->n_classes;
  double B = 0.0, c = 0.0;
  dkm_status status;
  *spectrum = no_directions;
  if (dkm_point_dynamics(point) != DKM_DYNAMICS_CONSERVED) {
    const double f = dkm_system_coupling(p, nu, 0);
    const double small_state[] = {state[0], f * state[K], f * state[2 * K], state[3 * K + nu],
                                  state[3 * K + p->n_modes + nu]};
    status = dkm_spectrum_open_symmetric(point, 1, 1, nu, small_state, spectrum, err);
  } else {
    status = symmetric_field(point, state[0], state[2 * K], 2.0 * state[3 * K + nu] * dkm_system_coupling(p, nu, 0), &B,
                             &c, err);
    if (status == DKM_OK) status = add_sector(point, B, c, nu, spectrum, err);
  }
  spectrum->n_neutral = spectrum->n_marginal;
  return status;
}

/* Whether all spins have the same component along their fields: with equal fields the modes of +-1 patterns decouple then. */
static bool components_are_equal(const dkm_fixedpoint_workspace *w) {
  for (int64_t k = 1; k < w->system.n_classes; k++)
    if (fabs(w->c[k] - w->c[0]) > same_field) return false;
  return true;
}

/* By the matrix, unless there are too many rows for it. */
static dkm_status small_spectrum(dkm_fixedpoint_workspace *w, const dkm_point *point, double tolerance,
                                 int64_t n_groups, bool *done, dkm_spectrum *spectrum, dkm_error *err) {
  dkm_eigenvalues found;
  const dkm_status status = dkm_spectrum_dense(w, point, tolerance, n_groups, DENSE_ROWS, &found, err);
  *done = status == DKM_OK && found.values;
  if (*done) dkm_spectrum_count_all(spectrum, &found, DKM_SPECTRUM_NEUTRAL);
  free(found.values);
  return status;
}

dkm_status dkm_fixedpoint_spectrum(dkm_fixedpoint_workspace *w, const dkm_point *point, const double *state, int sector,
                                   double unequal, dkm_spectrum *spectrum, dkm_error *err) {
  if (sector >= 0) return sector_spectrum(&w->system, point, state, sector, spectrum, err);
  const int M = w->system.n_modes;
  const double tolerance = fmax(same_field, unequal);
  int64_t n_groups = 0;
  bool done = false;
  *spectrum = no_directions;
  if (dkm_point_dynamics(point) != DKM_DYNAMICS_CONSERVED) {
    const dkm_status open = dkm_spectrum_open(w, point, state, tolerance, spectrum, err);
    if (open == DKM_OK)
      spectrum->n_neutral = (int64_t)dkm_model_size(&w->system) - spectrum->n_unstable - spectrum->n_damped;
    return open;
  }
  dkm_status status = dkm_spectrum_sort_fields(w, point, state, tolerance, &n_groups, err);
  if (status == DKM_OK && n_groups == 1 && dkm_system_has_patterns(&w->system) && components_are_equal(w)) {
    for (int mu = 0; mu < M && status == DKM_OK; mu++)
      status = add_sector(point, w->order[0].B, w->c[0], mu, spectrum, err);
    done = true;
  }
  if (status == DKM_OK && !done && 2 * n_groups + 2 * M <= DENSE_ROWS) /* each group has rank 1 at least */
    status = small_spectrum(w, point, tolerance, n_groups, &done, spectrum, err);
  if (status == DKM_OK && !done) status = dkm_spectrum_by_roots(w, point, tolerance, n_groups, spectrum, err);
  if (status == DKM_OK)
    spectrum->n_neutral = (int64_t)dkm_model_size(&w->system) - spectrum->n_unstable - spectrum->n_damped;
  return status;
}
