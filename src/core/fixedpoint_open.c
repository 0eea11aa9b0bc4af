/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fixed points with losses of single spins or unbalanced couplings: Newton's method for the 2M amplitudes of the modes.
 *
 * Each spin is at rest in its field (response.h), so that m_k is a function of Re beta, Im beta, and
 *   Omega_mu Im beta_mu - (kappa_mu/2) Re beta_mu + eta g0 sum_k w_k G_{mu,k} y_k = 0
 *  -Omega_mu Re beta_mu - (kappa_mu/2) Im beta_mu -     g0 sum_k w_k G_{mu,k} z_k = 0
 * are 2M equations for them, whatever the number of classes. */
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <string.h>

#include "fixedpoint_workspace.h"
#include "gsl_calls.h"
#include "response.h"

/* As in fixedpoint.c: quadratic convergence, after a step of 1e-9 the next would be at rounding error. */
enum { MAX_ITERATIONS = 30 };
static const double small_step = 1e-9;
/* A component of spins along x that dephasing leaves is a limit only where the modes are this empty. */
static const double empty_modes = 0.1;

void dkm_fixedpoint_open_fields(dkm_fixedpoint_workspace *w, const dkm_point *point, const double *re,
                                const double *im) {
  double amplitude[DKM_MAX_MODES] = {0};
  for (int mu = 0; mu < w->system.n_modes; mu++) amplitude[mu] = 2.0 * re[mu];
  dkm_system_fields(&w->system, amplitude, w->h);
  if (point->imbalance == 0.0) {
    memset(w->v, 0, (size_t)w->system.n_classes * sizeof *w->v);
    return;
  }
  for (int mu = 0; mu < w->system.n_modes; mu++) amplitude[mu] = 2.0 * im[mu];
  dkm_system_fields(&w->system, amplitude, w->v);
}

/* The components of spins that stay (response.h) into w->c, and the largest transverse part. Returns false if a field vanishes. */
static bool project_spins(dkm_fixedpoint_workspace *w, const dkm_point *point, const double *u, bool aligned,
                          double *precession) {
  const int64_t K = w->system.n_classes;
  const rest_kind kind = dkm_rest_kind(point);
  *precession = 0.0;
  for (int64_t k = 0; k < K; k++) {
    const double m[3] = {u[k], u[K + k], u[2 * K + k]};
    double B[3], along = 0.0, square = 0.0, length = 0.0, size;
    w->c[k] = m[0];
    if (kind != REST_ALONG_FIELD) continue;
    dkm_rest_field(point, w->h[k], w->v[k], B);
    size = sqrt(B[0] * B[0] + B[1] * B[1] + B[2] * B[2]);
    if (!(size > 0.0)) return false;
    for (int i = 0; i < 3; i++) along += m[i] * B[i] / size;
    for (int i = 0; i < 3; i++) {
      const double across = m[i] - along * B[i] / size;
      square += across * across;
      length += m[i] * m[i];
    }
    *precession = fmax(*precession, sqrt(square));
    w->c[k] = aligned ? copysign(sqrt(length), along) : along;
  }
  return true;
}

/* sum_k w_k G_{mu,k} G_{nu,k} dm_k/dB, component `of` (1: y, 2: z) with the field component `with`, into gram. */
static void take_gram(dkm_fixedpoint_workspace *w, const dkm_point *point, int of, int with, double *gram) {
  for (int64_t k = 0; k < w->system.n_classes; k++) {
    double B[3], by[3], bz[3];
    dkm_rest_field(point, w->h[k], w->v[k], B);
    dkm_rest_slopes(point, B, w->c[k], by, bz);
    w->q[k] = with == 1 ? by[of] : bz[of];
  }
  dkm_system_gram(&w->system, w->q, gram);
}

/* Spins at rest in the fields of w, 3K values; false if there are none. */
static bool place_spins(const dkm_fixedpoint_workspace *w, const dkm_point *point, double *state) {
  const int64_t K = w->system.n_classes;
  for (int64_t k = 0; k < K; k++) {
    double B[3], m[3];
    dkm_rest_field(point, w->h[k], w->v[k], B);
    if (!dkm_rest_spin(point, B, w->c[k], m)) return false;
    for (int i = 0; i < 3; i++) state[i * K + k] = m[i];
  }
  return true;
}

/* beta: Re of all modes, then Im. */
static bool take_step(dkm_fixedpoint_workspace *w, const dkm_point *point, double *beta, double *largest) {
  const int M = w->system.n_modes;
  const int64_t K = w->system.n_classes;
  const double g0 = point->g0, eta_g0 = point->imbalance * point->g0;
  double gram[4][DKM_MAX_MODES * DKM_MAX_MODES] = {{0}}, along_y[DKM_MAX_MODES] = {0}, along_z[DKM_MAX_MODES];
  dkm_fixedpoint_open_fields(w, point, beta, beta + M);
  if (!place_spins(w, point, w->du)) return false;
  dkm_system_sums(&w->system, w->du + 2 * K, along_z, w->work);
  take_gram(w, point, 2, 2, gram[3]);
  if (eta_g0 != 0.0) {
    dkm_system_sums(&w->system, w->du + K, along_y, w->work);
    take_gram(w, point, 1, 1, gram[0]);
    take_gram(w, point, 1, 2, gram[1]);
    take_gram(w, point, 2, 1, gram[2]);
  }
  for (int mu = 0; mu < M; mu++) {
    const double Omega = point->Omega_mu[mu], half_kappa = 0.5 * point->kappa_mu[mu];
    gsl_vector_set(w->step, (size_t)mu, Omega * beta[M + mu] - half_kappa * beta[mu] + eta_g0 * along_y[mu]);
    gsl_vector_set(w->step, (size_t)(M + mu), -Omega * beta[mu] - half_kappa * beta[M + mu] - g0 * along_z[mu]);
    for (int nu = 0; nu < M; nu++) {
      const int at = mu * M + nu;
      const bool same = mu == nu;
      /* dB_y = 2 eta g0 G dIm beta, dB_z = 2 g0 G dRe beta */
      gsl_matrix_set(w->jacobian, (size_t)mu, (size_t)nu, -half_kappa * same + eta_g0 * 2.0 * g0 * gram[1][at]);
      gsl_matrix_set(w->jacobian, (size_t)mu, (size_t)(M + nu), Omega * same + eta_g0 * 2.0 * eta_g0 * gram[0][at]);
      gsl_matrix_set(w->jacobian, (size_t)(M + mu), (size_t)nu, -Omega * same - g0 * 2.0 * g0 * gram[3][at]);
      gsl_matrix_set(w->jacobian, (size_t)(M + mu), (size_t)(M + nu),
                     -half_kappa * same - g0 * 2.0 * eta_g0 * gram[2][at]);
    }
  }
  int sign;
  const size_t n = 2 * (size_t)M;
  gsl_matrix_view jacobian = gsl_matrix_submatrix(w->jacobian, 0, 0, n, n);
  gsl_vector_view step = gsl_vector_subvector(w->step, 0, n);
  gsl_permutation permutation = {n, w->permutation->data};
  dkm_gsl_begin();
  const bool singular = gsl_linalg_LU_decomp(&jacobian.matrix, &permutation, &sign) ||
                        gsl_linalg_LU_svx(&jacobian.matrix, &permutation, &step.vector);
  dkm_gsl_end();
  *largest = 0.0;
  for (size_t i = 0; i < n && !singular; i++) {
    const double change = gsl_vector_get(w->step, i);
    if (!isfinite(change)) return false;
    beta[i] -= change;
    *largest = fmax(*largest, fabs(change));
  }
  return !singular;
}

static bool newton(dkm_fixedpoint_workspace *w, const dkm_point *point, double *beta) {
  double unit = 0.0, largest; /* what overlaps of order 1 make of the modes */
  for (int mu = 0; mu < w->system.n_modes; mu++)
    unit = fmax(unit, point->g0 * w->system.largest / sqrt(dkm_point_D(point, mu)));
  for (int iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    if (!take_step(w, point, beta, &largest)) return false;
    if (largest <= small_step * unit) return true;
  }
  return false;
}

bool dkm_fixedpoint_open_near(dkm_fixedpoint_workspace *w, const dkm_point *point, const double *u, bool aligned,
                              dkm_fixedpoint *fixed, double *state) {
  const dkm_system *p = &w->system;
  const int64_t K = p->n_classes;
  const int M = p->n_modes;
  double xi_now[DKM_MAX_MODES], beta[2 * DKM_MAX_MODES];
  memcpy(beta, u + 3 * K, 2 * (size_t)M * sizeof *beta);
  dkm_model_overlaps(p, u, xi_now, w->work);
  dkm_fixedpoint_open_fields(w, point, beta, beta + M);
  if (!project_spins(w, point, u, aligned, &fixed->precession)) return false;
  if (dkm_rest_kind(point) == REST_ALONG_X) { /* whatever is along x stays */
    for (int i = 0; i < 2 * M; i++) {
      if (fabs(beta[i]) > empty_modes) return false;
      beta[i] = 0.0;
    }
  } else if (point->g0 == 0.0)
    memset(beta, 0, 2 * (size_t)M * sizeof *beta);
  else if (!newton(w, point, beta))
    return false;
  dkm_fixedpoint_open_fields(w, point, beta, beta + M);
  if (!place_spins(w, point, state)) return false;
  memcpy(state + 3 * K, beta, 2 * (size_t)M * sizeof *beta);
  dkm_model_overlaps(p, state, fixed->xi, w->work);
  dkm_fixedpoint_measure(w, point, u, xi_now, state, fixed);
  return true;
}
