/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Eigenvalues of the equations linearised about a fixed point.
 *
 * Let p_k, q_k be the components of delta m_k along y and along e = (-g0 h_k, 0, Omega)/|B_k|,
 * both transverse to the field.  With |B_k| = B the same for all classes of a group g,
 *   p_k' = -2 B q_k + 2 g0 c_k (Omega/B) delta h_k,   q_k' = 2 B p_k,
 * and the modes see only Q_mu = sum_{k in g} w_k f_{mu,k} q_k Omega/B, a part of delta xi_mu.
 * With P_mu alike these close:
 *   P_mu' = -2 B Q_mu + sum_nu A_mu,nu delta Re beta_nu,   Q_mu' = 2 B P_mu,
 *   A_mu,nu = 4 g0 (Omega/B)^2 sum_{k in g} w_k f_{mu,k} f_{nu,k} c_k.
 * Patterns that look alike within a group (every group of fewer than M classes has such) make
 * some of the Q_mu dependent; they are replaced by coordinates in the range of the group's Gram matrix
 * sum_{k in g} w_k f_{mu,k} f_{nu,k}, of dimension r_g.  The problem that remains has
 * 2 sum_g r_g + 2M rows.  All other directions are neutral: K lengths, 2(K - sum_g r_g) of
 * precession that no mode sees. */
#include <complex.h>
#include <gsl/gsl_eigen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixedpoint_workspace.h"
#include "gsl_calls.h"

/* Fields that agree to this relative accuracy are of one group: they differ by rounding. */
static const double same_field = 1e-11;
/* Eigenvalues of the Gram matrix below this belong to its kernel. */
static const double kernel = 1e-10;
/* |Re lambda| below this times the largest |lambda| is neutral: the accuracy of the eigenvalue solver for
 * the matrices of up to some hundred rows that occur here. */
static const double neutral = 1e-11;

/* One group: its field, and the linear maps of its coordinates. */
typedef struct group {
  double B;
  int rank;
  double basis[DKM_MAX_MODES * DKM_MAX_MODES]; /* [mu*M + i], i < rank: orthonormal columns */
  double drive[DKM_MAX_MODES * DKM_MAX_MODES]; /* [i*M + nu] = sum_mu basis[mu,i] A_mu,nu */
} group;

static int by_field(const void *a, const void *b) {
  const double fa = ((const class_field *)a)->B, fb = ((const class_field *)b)->B;
  return (fa > fb) - (fa < fb);
}

/* basis and rank from the group's Gram matrix. */
static dkm_status reduce_gram(const double *gram, int M, group *g, dkm_error *err) {
  dkm_gsl_begin();
  gsl_matrix *a = gsl_matrix_alloc((size_t)M, (size_t)M), *vectors = gsl_matrix_alloc((size_t)M, (size_t)M);
  gsl_vector *values = gsl_vector_alloc((size_t)M);
  gsl_eigen_symmv_workspace *workspace = gsl_eigen_symmv_alloc((size_t)M);
  dkm_status status = DKM_OK;
  if (!a || !vectors || !values || !workspace) {
    status = dkm_fail(err, DKM_MEMORY, "out of memory for a spectrum");
    goto cleanup;
  }
  double trace = 0.0;
  for (int i = 0; i < M * M; i++) gsl_matrix_set(a, (size_t)(i / M), (size_t)(i % M), gram[i]);
  for (int mu = 0; mu < M; mu++) trace += gram[mu * M + mu];
  if (gsl_eigen_symmv(a, values, vectors, workspace)) {
    status = dkm_fail(err, DKM_NUMERIC, "the eigenvalues of a Gram matrix did not converge");
    goto cleanup;
  }
  g->rank = 0;
  for (int i = 0; i < M; i++) {
    if (gsl_vector_get(values, (size_t)i) <= kernel * trace) continue;
    for (int mu = 0; mu < M; mu++) g->basis[mu * M + g->rank] = gsl_matrix_get(vectors, (size_t)mu, (size_t)i);
    g->rank++;
  }
cleanup:
  dkm_gsl_end();
  if (a) gsl_matrix_free(a);
  if (vectors) gsl_matrix_free(vectors);
  if (values) gsl_vector_free(values);
  if (workspace) gsl_eigen_symmv_free(workspace);
  return status;
}

/* The group of classes order[first ... end-1], whose c_k stand in w->c. */
static dkm_status make_group(dkm_fixedpoint_workspace *w, const dkm_point *point, int64_t first, int64_t end, double B,
                             group *g, dkm_error *err) {
  const int M = w->system.n_modes;
  double gram[DKM_MAX_MODES * DKM_MAX_MODES], coupling[DKM_MAX_MODES * DKM_MAX_MODES];
  memset(w->q, 0, (size_t)w->system.n_classes * sizeof *w->q);
  for (int64_t j = first; j < end; j++) w->q[w->order[j].k] = 1.0;
  dkm_system_gram(&w->system, w->q, gram);
  memset(w->q, 0, (size_t)w->system.n_classes * sizeof *w->q);
  for (int64_t j = first; j < end; j++) w->q[w->order[j].k] = w->c[w->order[j].k];
  dkm_system_gram(&w->system, w->q, coupling);

  g->B = B;
  dkm_status status = reduce_gram(gram, M, g, err);
  if (status != DKM_OK) return status;
  const double factor = 4.0 * point->g0 * (point->Omega / B) * (point->Omega / B);
  for (int i = 0; i < g->rank; i++)
    for (int nu = 0; nu < M; nu++) {
      double sum = 0.0;
      for (int mu = 0; mu < M; mu++) sum += g->basis[mu * M + i] * coupling[mu * M + nu];
      g->drive[i * M + nu] = factor * sum;
    }
  return DKM_OK;
}

/* Groups of equal |B_k|; malloc'ed into *groups. */
static dkm_status find_groups(dkm_fixedpoint_workspace *w, const dkm_point *point, const double *state,
                              double tolerance, group **groups, int64_t *n_groups, int64_t *rows, dkm_error *err) {
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
  int64_t n = 1, first = 0;
  for (int64_t j = 1; j < K; j++)
    if (w->order[j].B > w->order[first].B * (1.0 + tolerance)) {
      first = j;
      n++;
    }
  *rows = 2 * M;
  if (2 * n + 2 * M > DKM_SPECTRUM_MAX_ROWS) /* each group has rank 1 at least */
    return dkm_fail(err, DKM_NUMERIC, "no spectrum: %lld groups of fields are too many", (long long)n);
  *groups = calloc((size_t)n, sizeof **groups);
  if (!*groups) return dkm_fail(err, DKM_MEMORY, "out of memory for a spectrum");
  first = *n_groups = 0;
  for (int64_t j = 1; j <= K; j++) {
    if (j < K && !(w->order[j].B > w->order[first].B * (1.0 + tolerance))) continue;
    group *g = &(*groups)[(*n_groups)++];
    dkm_status status = make_group(w, point, first, j, w->order[first].B, g, err);
    if (status != DKM_OK) return status;
    *rows += 2 * g->rank;
    first = j;
  }
  if (*rows > DKM_SPECTRUM_MAX_ROWS)
    return dkm_fail(err, DKM_NUMERIC, "no spectrum: %lld rows are too many", (long long)*rows);
  return DKM_OK;
}

/* The reduced matrix: coordinates P, Q of each group, then Re, Im beta of the modes. */
static void fill_matrix(const dkm_system *p, const dkm_point *point, const group *groups, int64_t n_groups,
                        gsl_matrix *a) {
  const int M = p->n_modes;
  const size_t re = a->size1 - 2 * (size_t)M, im = re + (size_t)M;
  size_t row = 0;
  gsl_matrix_set_zero(a);
  for (int64_t j = 0; j < n_groups; j++) {
    const group *g = &groups[j];
    const size_t P = row, Q = row + (size_t)g->rank;
    for (int i = 0; i < g->rank; i++) {
      gsl_matrix_set(a, P + (size_t)i, Q + (size_t)i, -2.0 * g->B);
      gsl_matrix_set(a, Q + (size_t)i, P + (size_t)i, 2.0 * g->B);
      for (int mu = 0; mu < M; mu++) {
        gsl_matrix_set(a, P + (size_t)i, re + (size_t)mu, g->drive[i * M + mu]);
        gsl_matrix_set(a, im + (size_t)mu, Q + (size_t)i, -point->g0 * g->basis[mu * M + i]);
      }
    }
    row += 2 * (size_t)g->rank;
  }
  for (int mu = 0; mu < M; mu++) {
    gsl_matrix_set(a, re + (size_t)mu, re + (size_t)mu, -0.5 * point->kappa_mu[mu]);
    gsl_matrix_set(a, im + (size_t)mu, im + (size_t)mu, -0.5 * point->kappa_mu[mu]);
    gsl_matrix_set(a, re + (size_t)mu, im + (size_t)mu, point->Omega_mu[mu]);
    gsl_matrix_set(a, im + (size_t)mu, re + (size_t)mu, -point->Omega_mu[mu]);
  }
}

/* Eigenvalues of a (overwritten) into values[rows of a]; *scale: the largest modulus. */
static dkm_status eigenvalues(gsl_matrix *a, double complex *values, double *scale, dkm_error *err) {
  const size_t n = a->size1;
  dkm_status status = DKM_OK;
  dkm_gsl_begin();
  gsl_vector_complex *found = gsl_vector_complex_alloc(n);
  gsl_eigen_nonsymm_workspace *workspace = gsl_eigen_nonsymm_alloc(n);
  if (!found || !workspace) {
    status = dkm_fail(err, DKM_MEMORY, "out of memory for a spectrum");
    goto cleanup;
  }
  gsl_eigen_nonsymm_params(0, 1, workspace); /* balanced */
  if (gsl_eigen_nonsymm(a, found, workspace)) {
    status = dkm_fail(err, DKM_NUMERIC, "the eigenvalues of %zu rows did not converge", n);
    goto cleanup;
  }
  *scale = 0.0;
  for (size_t i = 0; i < n; i++) {
    const gsl_complex value = gsl_vector_complex_get(found, i);
    values[i] = GSL_REAL(value) + I * GSL_IMAG(value);
    *scale = fmax(*scale, cabs(values[i]));
  }
cleanup:
  dkm_gsl_end();
  if (found) gsl_vector_complex_free(found);
  if (workspace) gsl_eigen_nonsymm_free(workspace);
  return status;
}

/* Adds a direction by its rate, the real part of an eigenvalue that is known within `unknown`. */
static void count(dkm_spectrum *spectrum, double rate, double unknown) {
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

/* Adds the eigenvalues of a (overwritten) to the spectrum, by the sign of their real parts. */
static dkm_status classify(gsl_matrix *a, dkm_spectrum *spectrum, dkm_error *err) {
  double scale = 0.0;
  double complex *values = malloc(a->size1 * sizeof *values);
  if (!values) return dkm_fail(err, DKM_MEMORY, "out of memory for a spectrum");
  dkm_status status = eigenvalues(a, values, &scale, err);
  for (size_t i = 0; i < a->size1 && status == DKM_OK; i++) count(spectrum, creal(values[i]), neutral * scale);
  free(values);
  return status;
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
  dkm_status status = eigenvalues(a, values, &scale, err);
  gsl_matrix_free(a);
  const double C = -8.0 * point->g0 * point->g0 * c * point->Omega_mu[mu] * point->Omega * point->Omega / B;
  for (int i = 0; i < 4 && status == DKM_OK; i++) {
    const double complex p = cimag(values[i]) > 0.0 ? 2.0 * B * I : -2.0 * B * I, delta = values[i] - p;
    double complex better = delta;
    if (cabs(delta) <= near_pole * cabs(p)) better = distance_from_pole(point, mu, p, C, delta);
    /* Newton has stayed with its eigenvalue, or the eigenvalue is as good. */
    if (cabs(delta) <= near_pole * cabs(p) && cabs(better - delta) <= 1e-9 * scale)
      count(spectrum, creal(better), neutral * cabs(better));
    else
      count(spectrum, creal(values[i]), neutral * scale);
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
  *spectrum = no_directions;
  dkm_status status = symmetric_field(point, small_state[0], small_state[2], 2.0 * small_state[3], &B, &c, err);
  for (int mu = 0; mu < system->n_modes && status == DKM_OK; mu++)
    status = add_sector(point, B, c, mu, spectrum, err);
  spectrum->n_neutral = (int64_t)dkm_model_size(system) - spectrum->n_unstable - spectrum->n_damped;
  return status;
}

static dkm_status sector_spectrum(const dkm_system *p, const dkm_point *point, const double *state, int nu,
                                  dkm_spectrum *spectrum, dkm_error *err) {
  const int64_t K = p->n_classes;
  double B = 0.0, c = 0.0;
  *spectrum = no_directions;
  dkm_status status = symmetric_field(point, state[0], state[2 * K],
                                      2.0 * state[3 * K + nu] * dkm_system_coupling(p, nu, 0), &B, &c, err);
  if (status == DKM_OK) status = add_sector(point, B, c, nu, spectrum, err);
  spectrum->n_neutral = spectrum->n_marginal;
  return status;
}

/* Whether all spins have the same component along their fields: with equal fields modes decouple then. */
static bool components_are_equal(const dkm_fixedpoint_workspace *w) {
  for (int64_t k = 1; k < w->system.n_classes; k++)
    if (fabs(w->c[k] - w->c[0]) > same_field) return false;
  return true;
}

dkm_status dkm_fixedpoint_spectrum(dkm_fixedpoint_workspace *w, const dkm_point *point, const double *state, int sector,
                                   double unequal, dkm_spectrum *spectrum, dkm_error *err) {
  if (sector >= 0) return sector_spectrum(&w->system, point, state, sector, spectrum, err);
  group *groups = NULL;
  int64_t n_groups = 0, rows = 0;
  gsl_matrix *a = NULL;
  dkm_status status = find_groups(w, point, state, fmax(same_field, unequal), &groups, &n_groups, &rows, err);
  if (status == DKM_OK && n_groups == 1 && components_are_equal(w)) {
    *spectrum = no_directions;
    for (int mu = 0; mu < w->system.n_modes && status == DKM_OK; mu++)
      status = add_sector(point, groups[0].B, w->c[0], mu, spectrum, err);
  } else if (status == DKM_OK) {
    dkm_gsl_begin();
    a = gsl_matrix_alloc((size_t)rows, (size_t)rows);
    dkm_gsl_end();
    if (!a) status = dkm_fail(err, DKM_MEMORY, "out of memory for a spectrum");
  }
  if (status == DKM_OK && a) {
    fill_matrix(&w->system, point, groups, n_groups, a);
    *spectrum = no_directions;
    status = classify(a, spectrum, err);
  }
  if (status == DKM_OK)
    spectrum->n_neutral = (int64_t)dkm_model_size(&w->system) - spectrum->n_unstable - spectrum->n_damped;
  if (a) gsl_matrix_free(a);
  free(groups);
  return status;
}
