/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spectra of large systems: the poles of their secular equation (secular.h), and its roots by the sign of their real
 * parts. */
#include <gsl/gsl_eigen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gsl_calls.h"
#include "secular_roots.h"
#include "spectrum_parts.h"

/* Eigenvalues of a group's Gram matrix below this belong to its kernel, as in spectrum_dense.c. */
static const double kernel = 1e-10;
/* Components along fields below this times the largest are 0: rounding errors of those of spins across them. */
static const double no_component = 1e-13;

/* Eigenvectors of a symmetric n x n matrix a[i*n + k] (overwritten) into vectors[i*n + k], the k-th
 * eigenvalue into values[k]. */
static dkm_status diagonalise(int n, double *a, double *values, double *vectors, dkm_error *err) {
  gsl_matrix_view a_view = gsl_matrix_view_array(a, (size_t)n, (size_t)n);
  gsl_matrix_view vectors_view = gsl_matrix_view_array(vectors, (size_t)n, (size_t)n);
  gsl_vector_view values_view = gsl_vector_view_array(values, (size_t)n);
  dkm_gsl_begin();
  gsl_eigen_symmv_workspace *workspace = gsl_eigen_symmv_alloc((size_t)n);
  const bool fails = workspace && gsl_eigen_symmv(&a_view.matrix, &values_view.vector, &vectors_view.matrix, workspace);
  if (workspace) gsl_eigen_symmv_free(workspace);
  dkm_gsl_end();
  if (!workspace) return dkm_fail(err, DKM_MEMORY, "out of memory for a spectrum");
  if (fails) return dkm_fail(err, DKM_NUMERIC, "the eigenvalues of a Gram matrix did not converge");
  return DKM_OK;
}

/* sum_k w_k G_k G_k^T (gram) and sum_k w_k c_k G_k G_k^T (driven) of the classes order[first ... end-1]. */
static void sum_group(const dkm_fixedpoint_workspace *w, int64_t first, int64_t end, double *gram, double *driven) {
  const int M = w->system.n_modes;
  double G[DKM_MAX_MODES];
  memset(gram, 0, (size_t)(M * M) * sizeof *gram);
  memset(driven, 0, (size_t)(M * M) * sizeof *driven);
  for (int64_t j = first; j < end; j++) {
    const int64_t k = w->order[j].k;
    const double weight = dkm_system_weight(&w->system, k);
    for (int mu = 0; mu < M; mu++) G[mu] = dkm_system_coupling(&w->system, mu, k);
    for (int mu = 0; mu < M; mu++)
      for (int nu = 0; nu < M; nu++) {
        gram[mu * M + nu] += weight * G[mu] * G[nu];
        driven[mu * M + nu] += weight * w->c[k] * G[mu] * G[nu];
      }
  }
}

/* The directions of several classes with equal fields: how many modes see, how many they drive, and `driven` without
 * what rounding adds to it. */
static dkm_status reduce(int M, double *gram, double *driven, double smallest, int *seen, int *rank, dkm_error *err) {
  double values[DKM_MAX_MODES], vectors[DKM_MAX_MODES * DKM_MAX_MODES], basis[DKM_MAX_MODES * DKM_MAX_MODES];
  double inner[DKM_MAX_MODES * DKM_MAX_MODES], inner_vectors[DKM_MAX_MODES * DKM_MAX_MODES];
  double trace = 0.0;
  for (int mu = 0; mu < M; mu++) trace += gram[mu * M + mu];
  *seen = *rank = 0;
  dkm_status status = diagonalise(M, gram, values, vectors, err);
  if (status != DKM_OK) return status;
  for (int i = 0; i < M; i++) {
    if (values[i] <= kernel * trace) continue;
    for (int mu = 0; mu < M; mu++) basis[*seen * M + mu] = vectors[mu * M + i];
    ++*seen;
  }
  if (*seen == 0) return DKM_OK;
  const int n = *seen;
  for (int i = 0; i < n; i++)
    for (int k = 0; k < n; k++) {
      double sum = 0.0;
      for (int mu = 0; mu < M; mu++)
        for (int nu = 0; nu < M; nu++) sum += basis[i * M + mu] * driven[mu * M + nu] * basis[k * M + nu];
      inner[i * n + k] = sum;
    }
  status = diagonalise(n, inner, values, inner_vectors, err);
  if (status != DKM_OK) return status;
  memset(driven, 0, (size_t)(M * M) * sizeof *driven);
  for (int i = 0; i < n; i++) {
    double v[DKM_MAX_MODES] = {0};
    if (fabs(values[i]) <= smallest * trace) continue;
    for (int k = 0; k < n; k++)
      for (int mu = 0; mu < M; mu++) v[mu] += inner_vectors[k * n + i] * basis[k * M + mu];
    for (int mu = 0; mu < M; mu++)
      for (int nu = 0; nu < M; nu++) driven[mu * M + nu] += values[i] * v[mu] * v[nu];
    ++*rank;
  }
  return DKM_OK;
}

dkm_status dkm_spectrum_secular(dkm_fixedpoint_workspace *w, const dkm_point *point, double tolerance, int64_t n_groups,
                                dkm_secular *s, int64_t *n_undriven, dkm_error *err) {
  const int M = w->system.n_modes;
  double gram[DKM_MAX_MODES * DKM_MAX_MODES], driven[DKM_MAX_MODES * DKM_MAX_MODES], largest = 0.0;
  for (int64_t k = 0; k < w->system.n_classes; k++) largest = fmax(largest, fabs(w->c[k]));
  dkm_status status = dkm_secular_create(point, M, n_groups, s, err);
  if (status != DKM_OK) return status;
  *n_undriven = 0;
  int64_t n = 0, first = 0;
  while (first < w->system.n_classes) {
    const int64_t end = dkm_spectrum_group_end(w, tolerance, first);
    const double B = w->order[first].B;
    int seen = 0, rank = 0;
    sum_group(w, first, end, gram, driven);
    if (end == first + 1) {
      for (int mu = 0; mu < M; mu++) seen |= gram[mu * M + mu] > 0.0;
      rank = seen && fabs(w->c[w->order[first].k]) > no_component * largest;
    } else
      status = reduce(M, gram, driven, no_component * largest, &seen, &rank, err);
    if (status != DKM_OK) break;
    *n_undriven += 2 * (int64_t)(seen - rank);
    first = end;
    if (rank == 0) continue;
    s->pole[n] = 2.0 * B;
    s->rank[n] = rank;
    s->n_bright += rank;
    const double factor = -8.0 * point->g0 * point->g0 * point->Omega * point->Omega / B;
    for (int mu = 0; mu < M; mu++)
      for (int nu = 0; nu <= mu; nu++)
        s->coupling[n * s->n_packed + mu * (mu + 1) / 2 + nu] = factor * driven[mu * M + nu];
    n++;
  }
  s->n_poles = n;
  if (status == DKM_OK) status = dkm_secular_expand(s, err);
  if (status != DKM_OK) dkm_secular_free(s);
  return status;
}

dkm_status dkm_spectrum_by_roots(dkm_fixedpoint_workspace *w, const dkm_point *point, double tolerance,
                                 int64_t n_groups, dkm_spectrum *spectrum, dkm_error *err) {
  dkm_secular s;
  dkm_secular_roots roots;
  int64_t n_undriven = 0;
  if (n_groups > DKM_SPECTRUM_MAX_GROUPS)
    return dkm_fail(err, DKM_NUMERIC, "no spectrum: %lld fields of different strength, at most %d are taken",
                    (long long)n_groups, DKM_SPECTRUM_MAX_GROUPS);
  dkm_status status = dkm_spectrum_secular(w, point, tolerance, n_groups, &s, &n_undriven, err);
  if (status != DKM_OK) return status;
  status = dkm_secular_roots_find(&s, &roots, err);
  dkm_secular_free(&s);
  if (status != DKM_OK) return status;
  for (int64_t i = 0; i < roots.n; i++) {
    const double offset = sqrt(roots.re[i] * roots.re[i] + roots.im[i] * roots.im[i]);
    const double unknown = fmax(roots.radius[i], DKM_SPECTRUM_NEUTRAL * offset);
    dkm_spectrum_count(spectrum, roots.re[i], unknown);
    if (i < roots.n_pairs) dkm_spectrum_count(spectrum, roots.re[i], unknown);
  }
  spectrum->n_marginal += (int)n_undriven;
  dkm_secular_roots_free(&roots);
  return DKM_OK;
}
