/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The exact limit of a trajectory: Newton's method for the M overlaps. */
#include "dickemap/fixedpoint.h"

#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixedpoint_workspace.h"
#include "gsl_calls.h"

/* Newton converges quadratically from nearby; from further away it is not wanted. */
enum { MAX_ITERATIONS = 30 };

dkm_status dkm_fixedpoint_workspace_create(const dkm_system *system, dkm_fixedpoint_workspace **out, dkm_error *err) {
  const size_t K = (size_t)system->n_classes, M = (size_t)system->n_modes;
  dkm_fixedpoint_workspace *w = calloc(1, sizeof *w);
  if (w) {
    w->system = *system;
    w->c = calloc(K, sizeof *w->c);
    w->h = calloc(K, sizeof *w->h);
    w->q = calloc(K, sizeof *w->q);
    w->v = calloc(K, sizeof *w->v);
    w->work = calloc(2 * K, sizeof *w->work);
    w->du = calloc(dkm_model_size(system), sizeof *w->du);
    w->order = calloc(K, sizeof *w->order);
    dkm_gsl_begin();
    w->jacobian = gsl_matrix_alloc(2 * M, 2 * M);
    w->step = gsl_vector_alloc(2 * M);
    w->permutation = gsl_permutation_alloc(2 * M);
    dkm_gsl_end();
  }
  if (!w || !w->c || !w->h || !w->q || !w->v || !w->work || !w->du || !w->order || !w->jacobian || !w->step ||
      !w->permutation) {
    dkm_fixedpoint_workspace_destroy(w);
    return dkm_fail(err, DKM_MEMORY, "out of memory for the search of fixed points");
  }
  *out = w;
  return DKM_OK;
}

void dkm_fixedpoint_set_system(dkm_fixedpoint_workspace *w, const dkm_system *system) {
  w->system = *system;
}

void dkm_fixedpoint_workspace_destroy(dkm_fixedpoint_workspace *w) {
  if (!w) return;
  free(w->c);
  free(w->h);
  free(w->q);
  free(w->v);
  free(w->work);
  free(w->du);
  free(w->order);
  if (w->jacobian) gsl_matrix_free(w->jacobian);
  if (w->step) gsl_vector_free(w->step);
  if (w->permutation) gsl_permutation_free(w->permutation);
  free(w);
}

double dkm_fixedpoint_workspace_bytes(const dkm_system *system) {
  return sizeof(dkm_fixedpoint_workspace) + 10.0 * sizeof(double) * (double)system->n_classes;
}

/* h_k for given overlaps, the modes in equilibrium with them. */
static void fields_of_overlaps(dkm_fixedpoint_workspace *w, const dkm_point *point, const double *xi) {
  double amplitude[DKM_MAX_MODES];
  for (int mu = 0; mu < w->system.n_modes; mu++) {
    double D = dkm_point_D(point, mu);
    amplitude[mu] = -2.0 * point->g0 * point->Omega_mu[mu] * xi[mu] / D;
  }
  dkm_system_fields(&w->system, amplitude, w->h);
}

/* c_k and the precession of u. Returns false if a field vanishes. */
static bool project_spins(dkm_fixedpoint_workspace *w, const dkm_point *point, const double *u, bool aligned,
                          double *precession) {
  const int64_t K = w->system.n_classes;
  const int M = w->system.n_modes;
  double amplitude[DKM_MAX_MODES];
  for (int mu = 0; mu < M; mu++) amplitude[mu] = 2.0 * u[3 * K + mu];
  dkm_system_fields(&w->system, amplitude, w->h);
  *precession = 0.0;
  for (int64_t k = 0; k < K; k++) {
    const double x = u[k], y = u[K + k], z = u[2 * K + k];
    const double bx = point->Omega, bz = point->g0 * w->h[k], B = hypot(bx, bz);
    if (!(B > 0.0)) return false;
    const double c = (x * bx + z * bz) / B, across = (x * bz - z * bx) / B;
    *precession = fmax(*precession, hypot(y, across));
    w->c[k] = aligned ? copysign(sqrt(x * x + y * y + z * z), c) : c;
  }
  return true;
}

static bool newton(dkm_fixedpoint_workspace *w, const dkm_point *point, double *xi) {
  const dkm_system *p = &w->system;
  const int64_t K = p->n_classes;
  const int M = p->n_modes;
  double gram[DKM_MAX_MODES * DKM_MAX_MODES], sum[DKM_MAX_MODES];
  for (int iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    fields_of_overlaps(w, point, xi);
    for (int64_t k = 0; k < K; k++) {
      const double bz = point->g0 * w->h[k], B = hypot(point->Omega, bz);
      if (!(B > 0.0)) return false;
      w->du[k] = w->c[k] * bz / B;
      w->q[k] = w->c[k] * point->Omega * point->Omega / (B * B * B); /* c d(bz/B)/dbz */
    }
    dkm_system_sums(p, w->du, sum, w->work);
    dkm_system_gram(p, w->q, gram);
    for (int mu = 0; mu < M; mu++) {
      gsl_vector_set(w->step, (size_t)mu, xi[mu] - sum[mu]);
      for (int nu = 0; nu < M; nu++) {
        double D = dkm_point_D(point, nu);
        double slope = -2.0 * point->g0 * point->g0 * point->Omega_mu[nu] / D; /* d(g0 h)/d(f xi_nu) */
        gsl_matrix_set(w->jacobian, (size_t)mu, (size_t)nu, (mu == nu) - gram[mu * M + nu] * slope);
      }
    }
    int sign;
    gsl_matrix_view jacobian = gsl_matrix_submatrix(w->jacobian, 0, 0, (size_t)M, (size_t)M);
    gsl_vector_view step = gsl_vector_subvector(w->step, 0, (size_t)M);
    gsl_permutation permutation = {(size_t)M, w->permutation->data};
    dkm_gsl_begin();
    const bool singular = gsl_linalg_LU_decomp(&jacobian.matrix, &permutation, &sign) ||
                          gsl_linalg_LU_svx(&jacobian.matrix, &permutation, &step.vector);
    dkm_gsl_end();
    if (singular) return false;
    double largest = 0.0;
    for (int mu = 0; mu < M; mu++) {
      const double change = gsl_vector_get(w->step, (size_t)mu);
      if (!isfinite(change)) return false;
      xi[mu] -= change;
      largest = fmax(largest, fabs(change));
    }
    /* Quadratic convergence: after a step of 1e-9 the next would be at rounding error, and so is xi. */
    if (largest < 1e-9) return true;
  }
  return false;
}

void dkm_fixedpoint_measure(dkm_fixedpoint_workspace *w, const dkm_point *point, const double *u, const double *xi_now,
                            const double *state, dkm_fixedpoint *fixed) {
  const dkm_system *p = &w->system;
  const int64_t K = p->n_classes;
  const int M = p->n_modes;
  fixed->distance = fixed->distance_all = fixed->residual = 0.0;
  for (int mu = 0; mu < M; mu++) fixed->distance = fmax(fixed->distance, fabs(xi_now[mu] - fixed->xi[mu]));
  for (int64_t i = 3 * K; i < 3 * K + 2 * M; i++) fixed->distance = fmax(fixed->distance, fabs(u[i] - state[i]));
  dkm_model_rhs(p, point, state, w->du, w->work);
  for (int64_t i = 0; i < 3 * K + 2 * M; i++) {
    fixed->distance_all = fmax(fixed->distance_all, fabs(u[i] - state[i]));
    fixed->residual = fmax(fixed->residual, fabs(w->du[i]));
  }
}

bool dkm_fixedpoint_near(dkm_fixedpoint_workspace *w, const dkm_point *point, const double *u, bool aligned,
                         dkm_fixedpoint *fixed, double *state) {
  if (dkm_point_dynamics(point) != DKM_DYNAMICS_CONSERVED)
    return dkm_fixedpoint_open_near(w, point, u, aligned, fixed, state);
  const dkm_system *p = &w->system;
  const int64_t K = p->n_classes;
  const int M = p->n_modes;
  double xi_now[DKM_MAX_MODES];
  if (!project_spins(w, point, u, aligned, &fixed->precession)) return false;
  dkm_model_overlaps(p, u, xi_now, w->work);
  memcpy(fixed->xi, xi_now, sizeof xi_now);
  if (!newton(w, point, fixed->xi)) return false;

  fields_of_overlaps(w, point, fixed->xi);
  for (int64_t k = 0; k < K; k++) {
    const double bz = point->g0 * w->h[k], B = hypot(point->Omega, bz);
    if (!(B > 0.0)) return false;
    state[k] = w->c[k] * point->Omega / B;
    state[K + k] = 0.0;
    state[2 * K + k] = w->c[k] * bz / B;
  }
  for (int mu = 0; mu < M; mu++)
    dkm_point_steady_mode(point, mu, fixed->xi[mu], &state[3 * K + mu], &state[3 * K + M + mu]);
  dkm_fixedpoint_measure(w, point, u, xi_now, state, fixed);
  return true;
}
