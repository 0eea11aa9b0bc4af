/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A fixed point against the equations and its spectrum against that of the dense Jacobian, restricted to the directions
 * that keep every spin's length (the K lengths themselves are neutral). */
#include <gsl/gsl_complex_math.h>
#include <gsl/gsl_eigen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trial.h"

enum { MOST_K = 8, MOST = 3 * MOST_K + 2 * 4 };

/* Of equations_rhs, row by row. */
static void jacobian(const equations *e, const double *u, double J[MOST][MOST]) {
  const int K = e->K, M = e->M, re = 3 * K, im = re + M;
  memset(J, 0, MOST * sizeof *J);
  for (int k = 0; k < K; k++) {
    const int x = k, y = K + k, z = 2 * K + k;
    double h = 0.0;
    for (int mu = 0; mu < M; mu++) h += e->f[mu][k] * 2.0 * u[re + mu];
    J[x][y] = -2.0 * e->g0 * h;
    J[y][z] = -2.0 * e->Omega;
    J[y][x] = 2.0 * e->g0 * h;
    J[z][y] = 2.0 * e->Omega;
    for (int mu = 0; mu < M; mu++) {
      J[x][re + mu] = -4.0 * e->g0 * e->f[mu][k] * u[y];
      J[y][re + mu] = 4.0 * e->g0 * e->f[mu][k] * u[x];
      J[im + mu][z] = -e->g0 * e->w * e->f[mu][k];
    }
  }
  for (int mu = 0; mu < M; mu++) {
    J[re + mu][re + mu] = J[im + mu][im + mu] = -0.5 * e->kappa_mu[mu];
    J[re + mu][im + mu] = e->Omega_mu[mu];
    J[im + mu][re + mu] = -e->Omega_mu[mu];
  }
}

/* Two unit vectors perpendicular to the spin m and to each other. */
static void transverse(const double m[3], double a[3], double b[3]) {
  int least = 0;
  for (int i = 1; i < 3; i++)
    if (fabs(m[i]) < fabs(m[least])) least = i;
  double length = 0.0, square = m[0] * m[0] + m[1] * m[1] + m[2] * m[2];
  for (int i = 0; i < 3; i++) a[i] = (i == least) - m[least] * m[i] / square;
  for (int i = 0; i < 3; i++) length += a[i] * a[i];
  for (int i = 0; i < 3; i++) a[i] /= sqrt(length);
  for (int i = 0; i < 3; i++) b[i] = (m[(i + 1) % 3] * a[(i + 2) % 3] - m[(i + 2) % 3] * a[(i + 1) % 3]) / sqrt(square);
}

static int by_size(const void *a, const void *b) {
  const double x = fabs(*(const double *)a), y = fabs(*(const double *)b);
  return (x > y) - (x < y);
}

/* Real parts, ascending in size; returns how many, *scale: the largest |eigenvalue|. */
static int real_parts(const equations *e, const double *u, double *parts, double *scale) {
  const int K = e->K, n = equations_size(e), reduced = 2 * K + 2 * e->M;
  double J[MOST][MOST], basis[MOST][MOST] = {{0}}, packed[MOST * MOST];
  jacobian(e, u, J);
  for (int k = 0; k < K; k++) {
    const double m[3] = {u[k], u[K + k], u[2 * K + k]};
    double a[3], b[3];
    transverse(m, a, b);
    for (int i = 0; i < 3; i++) basis[2 * k][i * K + k] = a[i], basis[2 * k + 1][i * K + k] = b[i];
  }
  for (int i = 0; i < 2 * e->M; i++) basis[2 * K + i][3 * K + i] = 1.0;
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
    if (!(fabs(xi[mu] - r->xi[mu]) <= 1e-9)) complain(t, WRONG, "xi_%d = %.10g, of the state %.10g", mu + 1, r->xi[mu], xi[mu]);

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
