/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A fixed point against the equations and its spectrum against that of the dense Jacobian, restricted to the directions
 * that keep every spin's length (the K lengths themselves are neutral). */
#include <gsl/gsl_complex_math.h>
#include <gsl/gsl_eigen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trial.h"

static int by_size(const void *a, const void *b) {
  const double x = fabs(*(const double *)a), y = fabs(*(const double *)b);
  return (x > y) - (x < y);
}

/* Real parts, ascending in size; returns how many, *scale: the largest |eigenvalue|. */
static int real_parts(const equations *e, const double *u, double *parts, double *scale) {
  const int n = equations_size(e), reduced = 2 * e->K + 2 * e->M;
  double J[MOST][MOST], basis[MOST][MOST], packed[MOST * MOST];
  equations_jacobian(e, u, J);
  equations_basis(e, u, basis);
  for (int i = 0; i < reduced; i++)
    for (int j = 0; j < reduced; j++) {
      double sum = 0.0;
      for (int a = 0; a < n; a++)
        if (basis[i][a] != 0.0)
          for (int b = 0; b < n; b++) sum += basis[i][a] * J[a][b] * basis[j][b];
      packed[i * reduced + j] = sum;
    }
  gsl_matrix_view matrix = gsl_matrix_view_array(packed, (size_t)reduced, (size_t)reduced);
  gsl_vector_complex *values = gsl_vector_complex_alloc((size_t)reduced);
  gsl_eigen_nonsymm_workspace *work = gsl_eigen_nonsymm_alloc((size_t)reduced);
  gsl_eigen_nonsymm_params(0, 1, work);
  gsl_eigen_nonsymm(&matrix.matrix, values, work);
  *scale = 0.0;
  for (int i = 0; i < reduced; i++) {
    const gsl_complex value = gsl_vector_complex_get(values, (size_t)i);
    parts[i] = GSL_REAL(value);
    *scale = fmax(*scale, gsl_complex_abs(value));
  }
  gsl_vector_complex_free(values);
  gsl_eigen_nonsymm_free(work);
  qsort(parts, (size_t)reduced, sizeof *parts, by_size);
  return reduced;
}

void check_spectrum(trial *t) {
  const dkm_record *r = &t->record;
  if (t->given_up || r->verdict != DKM_VERDICT_FIXED_POINT || 1 << (t->M - 1) > MOST_K) return;
  equations e;
  double du[MAX_STATE], xi[MAX_M], parts[MOST], scale, residual = 0.0;
  equations_of(&t->point, t->M, &e);
  const int n = real_parts(&e, t->state, parts, &scale);
  t->has_spectrum = true;
  equations_rhs(&e, t->state, du);
  equations_overlaps(&e, t->state, xi);
  for (int i = 0; i < equations_size(&e); i++) residual = fmax(residual, fabs(du[i]));
  if (!(residual <= 1e-10 * scale)) complain(t, WRONG, "the state of a fixed point has max |u'| = %.3g", residual);
  for (int mu = 0; mu < t->M; mu++)
    if (!(fabs(xi[mu] - r->xi[mu]) <= 1e-9))
      complain(t, WRONG, "xi_%d = %.10g, of the state %.10g", mu + 1, r->xi[mu], xi[mu]);

  /* Neutral: pairs of dark precession. Rounding moves a real part by 2e-16 (median) to 7e-13 of the largest eigenvalue
   * (669 pattern states over decades, against their quartics). */
  const int dark = r->n_neutral - e.K;
  const double noise = 1e-11 * scale;
  if (dark < 0 || dark > n || dark % 2) {
    complain(t, WRONG, "n_neutral = %d with %d classes", r->n_neutral, e.K);
    return;
  }
  double growth = -INFINITY, decay = INFINITY;
  int unstable = 0, unclear = 0;
  for (int i = dark; i < n; i++) {
    growth = fmax(growth, parts[i]);
    if (parts[i] < 0.0) decay = fmin(decay, -parts[i]);
    unstable += parts[i] > noise;
    unclear += fabs(parts[i]) <= noise;
  }
  if (dark > 0 && fabs(parts[dark - 1]) > noise)
    complain(t, WRONG, "n_neutral = %d, but only %d directions are that slow", r->n_neutral, e.K);
  if (r->n_unstable < unstable || r->n_unstable > unstable + unclear)
    complain(t, WRONG, "n_unstable = %d, dense Jacobian %d (%d unclear)", r->n_unstable, unstable, unclear);
  if (n > dark && !isnan(r->growth_rate) && !(fabs(r->growth_rate - growth) <= noise + 1e-6 * fabs(growth)))
    complain(t, WRONG, "growth_rate = %.10g, dense Jacobian %.10g", r->growth_rate, growth);
  if (isfinite(decay) && !isnan(r->decay_rate) && !(fabs(r->decay_rate - decay) <= noise + 1e-6 * decay))
    complain(t, WRONG, "decay_rate = %.10g, dense Jacobian %.10g", r->decay_rate, decay);
  if (isnan(r->growth_rate) || (isnan(r->decay_rate) && isfinite(decay) && decay > noise))
    complain(t, WRONG, "a fixed point without a spectrum");
}
