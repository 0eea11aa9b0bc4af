/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All directions of a state, from the right-hand side alone: the judge of everything that is quicker. */
#ifndef JACOBIAN_H
#define JACOBIAN_H
#include "cmocka_headers.h"

#include <gsl/gsl_eigen.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/model.h"

/* The 3K + 2M eigenvalues of the Jacobian at u.  The right-hand side is quadratic, so that central differences are exact up to
 * rounding. */
static inline void jacobian_eigenvalues(const dkm_system *p, const dkm_point *point, const double *u,
                                        gsl_vector_complex *values) {
  const size_t n = dkm_model_size(p);
  gsl_matrix *jacobian = gsl_matrix_alloc(n, n);
  gsl_eigen_nonsymm_workspace *w = gsl_eigen_nonsymm_alloc(n);
  double *at = malloc(n * sizeof *at), *up = malloc(n * sizeof *up), *down = malloc(n * sizeof *down);
  double *work = malloc(2 * (size_t)p->n_classes * sizeof *work);
  assert_true(jacobian && w && at && up && down && work);
  memcpy(at, u, n * sizeof *at);
  for (size_t j = 0; j < n; j++) {
    at[j] = u[j] + 0.5;
    dkm_model_rhs(p, point, at, up, work);
    at[j] = u[j] - 0.5;
    dkm_model_rhs(p, point, at, down, work);
    at[j] = u[j];
    for (size_t i = 0; i < n; i++) gsl_matrix_set(jacobian, i, j, up[i] - down[i]);
  }
  assert_int_equal(gsl_eigen_nonsymm(jacobian, values, w), 0);
  gsl_eigen_nonsymm_free(w);
  gsl_matrix_free(jacobian);
  free(at);
  free(up);
  free(down);
  free(work);
}

#endif
