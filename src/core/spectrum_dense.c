/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Eigenvalues about a fixed point from one matrix; the reference for large systems, whose matrix it would be too.
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
#include <gsl/gsl_eigen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gsl_calls.h"
#include "spectrum_parts.h"

/* Eigenvalues of the Gram matrix below this belong to its kernel. */
static const double kernel = 1e-10;

/* One group: its field, and the linear maps of its coordinates. */
typedef struct group {
  double B;
  int rank;
  double basis[DKM_MAX_MODES * DKM_MAX_MODES]; /* [mu*M + i], i < rank: orthonormal columns */
  double drive[DKM_MAX_MODES * DKM_MAX_MODES]; /* [i*M + nu] = sum_mu basis[mu,i] A_mu,nu */
} group;

dkm_status dkm_spectrum_reduce_gram(const double *gram, int M, double *basis, int *rank, dkm_error *err) {
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
  *rank = 0;
  for (int i = 0; i < M; i++) {
    if (gsl_vector_get(values, (size_t)i) <= kernel * trace) continue;
    for (int mu = 0; mu < M; mu++) basis[mu * M + *rank] = gsl_matrix_get(vectors, (size_t)mu, (size_t)i);
    ++*rank;
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
  dkm_status status = dkm_spectrum_reduce_gram(gram, M, g->basis, &g->rank, err);
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
static dkm_status make_groups(dkm_fixedpoint_workspace *w, const dkm_point *point, double tolerance, int64_t n_groups,
                              group **groups, int64_t *rows, dkm_error *err) {
  *rows = 2 * w->system.n_modes;
  *groups = calloc((size_t)n_groups, sizeof **groups);
  if (!*groups) return dkm_fail(err, DKM_MEMORY, "out of memory for a spectrum");
  int64_t first = 0;
  for (int64_t j = 0; j < n_groups; j++) {
    const int64_t end = dkm_spectrum_group_end(w, tolerance, first);
    group *g = &(*groups)[j];
    dkm_status status = make_group(w, point, first, end, w->order[first].B, g, err);
    if (status != DKM_OK) return status;
    *rows += 2 * g->rank;
    first = end;
  }
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

dkm_status dkm_spectrum_eigenvalues(gsl_matrix *a, double complex *values, double *scale, dkm_error *err) {
  const size_t n = a->size1;
  dkm_status status = DKM_OK;
  dkm_gsl_begin();
  gsl_vector_complex *found = gsl_vector_complex_alloc(n);
  gsl_eigen_nonsymm_workspace *workspace = gsl_eigen_nonsymm_alloc(n);
  if (!found || !workspace) {
    status = dkm_fail(err, DKM_MEMORY, "out of memory for a spectrum");
    goto cleanup;
  }
  if (!dkm_gsl_eigenvalues(a, found, workspace)) {
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

dkm_status dkm_spectrum_dense(dkm_fixedpoint_workspace *w, const dkm_point *point, double tolerance, int64_t n_groups,
                              int64_t most_rows, dkm_eigenvalues *out, dkm_error *err) {
  group *groups = NULL;
  gsl_matrix *a = NULL;
  *out = (dkm_eigenvalues){0};
  dkm_status status = make_groups(w, point, tolerance, n_groups, &groups, &out->n, err);
  if (status != DKM_OK || out->n > most_rows) goto cleanup;
  dkm_gsl_begin();
  a = gsl_matrix_alloc((size_t)out->n, (size_t)out->n);
  dkm_gsl_end();
  out->values = malloc((size_t)out->n * sizeof *out->values);
  if (!a || !out->values) {
    status = dkm_fail(err, DKM_MEMORY, "out of memory for a spectrum");
    goto cleanup;
  }
  fill_matrix(&w->system, point, groups, n_groups, a);
  status = dkm_spectrum_eigenvalues(a, out->values, &out->scale, err);
cleanup:
  if (a) gsl_matrix_free(a);
  free(groups);
  if (status != DKM_OK) {
    free(out->values);
    out->values = NULL;
  }
  return status;
}
