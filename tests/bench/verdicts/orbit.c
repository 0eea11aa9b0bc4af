/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trajectories, closed orbits and states at rest (orbit.h). */
#include "orbit.h"

#include <gsl/gsl_complex_math.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- flow ---- */

static int flow_rhs(double t, const double u[], double du[], void *params) {
  flow *f = params;
  (void)t;
  f->n_evaluations += 1 + f->n_tangents;
  equations_rhs(f->e, u, du);
  for (int i = 1; i <= f->n_tangents; i++) equations_tangent(f->e, u, u + i * f->n, du + i * f->n);
  return GSL_SUCCESS;
}

void flow_begin(flow *f, const equations *e, const double *u, int n_tangents, double tolerance) {
  const int n = equations_size(e);
  const size_t all = (size_t)n * (size_t)(1 + n_tangents);
  *f = (flow){.e = e, .n = n, .n_tangents = n_tangents, .step = 1e-3, .u = calloc(all, sizeof *f->u)};
  f->stepper = gsl_odeiv2_step_alloc(gsl_odeiv2_step_rk8pd, all);
  f->control = gsl_odeiv2_control_y_new(tolerance, tolerance);
  f->evolve = gsl_odeiv2_evolve_alloc(all);
  if (!f->u || !f->stepper || !f->control || !f->evolve) exit(2);
  f->system = (gsl_odeiv2_system){flow_rhs, NULL, all, NULL};
  memcpy(f->u, u, (size_t)n * sizeof *u);
}

void flow_end(flow *f) {
  gsl_odeiv2_evolve_free(f->evolve);
  gsl_odeiv2_control_free(f->control);
  gsl_odeiv2_step_free(f->stepper);
  free(f->u);
}

bool flow_step(flow *f, double t_end) {
  f->system.params = f;
  const double planned = f->step;
  const int status = gsl_odeiv2_evolve_apply(f->evolve, f->control, f->stepper, &f->system, &f->t, t_end, &f->step, f->u);
  if (f->t == t_end && f->step < planned) f->step = planned; /* it was shortened to end there */
  return status == GSL_SUCCESS;
}

bool flow_until(flow *f, double t_end) {
  while (f->t < t_end)
    if (!flow_step(f, t_end)) return false;
  return true;
}

bool flow_within(flow *f, const double *from, double dt, double *to) {
  const size_t all = f->system.dimension;
  double error[all];
  f->system.params = f;
  memcpy(to, from, all * sizeof *to);
  if (dt == 0.0) return true;
  gsl_odeiv2_step_reset(f->stepper);
  return gsl_odeiv2_step_apply(f->stepper, f->t, dt, to, error, NULL, NULL, &f->system) == GSL_SUCCESS;
}

void flow_renormalise(flow *f) {
  equations_renormalise(f->e, f->u);
  gsl_odeiv2_evolve_reset(f->evolve);
}

void order_parameters(const equations *e, const double *u, double *v) {
  equations_overlaps(e, u, v);
  memcpy(v + e->M, u + 3 * e->K, 2 * (size_t)e->M * sizeof *v);
}

static double largest_difference(int n, const double *a, const double *b) {
  double largest = 0.0;
  for (int i = 0; i < n; i++) largest = fmax(largest, fabs(a[i] - b[i]));
  return largest;
}

static double order_distance(const equations *e, const double *a, const double *b) {
  double v[3 * MAX_M], w[3 * MAX_M];
  order_parameters(e, a, v);
  order_parameters(e, b, w);
  return largest_difference(3 * e->M, v, w);
}

/* ---- linear algebra ---- */

/* The shortest least-squares solution of A x = b, rows >= columns, singular values below `cut` of the largest left out.
 * A is overwritten. */
static void solve_least(int rows, int columns, double *A, double *b, double cut, double *x) {
  const size_t m = (size_t)rows, n = (size_t)columns;
  gsl_matrix_view matrix = gsl_matrix_view_array(A, m, n);
  gsl_vector_view right = gsl_vector_view_array(b, m), solution = gsl_vector_view_array(x, n);
  gsl_matrix *V = gsl_matrix_alloc(n, n);
  gsl_vector *S = gsl_vector_alloc(n), *work = gsl_vector_alloc(n);
  gsl_linalg_SV_decomp(&matrix.matrix, V, S, work);
  for (size_t i = 0; i < n; i++)
    if (gsl_vector_get(S, i) < cut * gsl_vector_get(S, 0)) gsl_vector_set(S, i, 0.0);
  gsl_linalg_SV_solve(&matrix.matrix, V, S, &right.vector, &solution.vector);
  gsl_matrix_free(V);
  gsl_vector_free(S);
  gsl_vector_free(work);
}

/* Eigenvalues of A, n x n, overwritten. */
static void eigenvalues(int n, double *A, gsl_complex *values) {
  gsl_matrix_view matrix = gsl_matrix_view_array(A, (size_t)n, (size_t)n);
  gsl_vector_complex *vector = gsl_vector_complex_alloc((size_t)n);
  gsl_eigen_nonsymm_workspace *work = gsl_eigen_nonsymm_alloc((size_t)n);
  gsl_eigen_nonsymm_params(0, 1, work);
  gsl_eigen_nonsymm(&matrix.matrix, vector, work);
  for (int i = 0; i < n; i++) values[i] = gsl_vector_complex_get(vector, (size_t)i);
  gsl_vector_complex_free(vector);
  gsl_eigen_nonsymm_free(work);
}

/* basis J basis^T, `reduced` rows; J[i*n + j]. */
static void reduce(int n, int reduced, double basis[MOST][MOST], const double *J, double *out) {
  double half[MOST * MOST];
  for (int i = 0; i < reduced; i++)
    for (int j = 0; j < n; j++) {
      double sum = 0.0;
      for (int a = 0; a < n; a++) sum += basis[i][a] * J[a * n + j];
      half[i * n + j] = sum;
    }
  for (int i = 0; i < reduced; i++)
    for (int j = 0; j < reduced; j++) {
      double sum = 0.0;
      for (int a = 0; a < n; a++) sum += half[i * n + a] * basis[j][a];
      out[i * reduced + j] = sum;
    }
}

/* ---- cycles ---- */

/* u(period) and du(period)/du(0), out[i*n + j]. */
static bool monodromy(const equations *e, const double *u, double period, double tolerance, double *end, double *out,
                      int64_t *n_evaluations) {
  flow f;
  const int n = equations_size(e);
  flow_begin(&f, e, u, n, tolerance);
  for (int j = 0; j < n; j++) f.u[n * (1 + j) + j] = 1.0;
  const bool fine = flow_until(&f, period);
  memcpy(end, f.u, (size_t)n * sizeof *end);
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) out[i * n + j] = f.u[n * (1 + j) + i];
  *n_evaluations += f.n_evaluations;
  flow_end(&f);
  return fine;
}

/* Rows: u(T) = u(0); no shift along the flow; no change of a spin's length that is kept. */
static void newton_step(const equations *e, const double *u, const double *end, const double *Phi, double *du,
                        double *dT) {
  const int n = equations_size(e), K = e->K, kept = e->lossy ? 0 : K, rows = n + 1 + kept, columns = n + 1;
  double A[(MOST + 1 + MOST_K) * (MOST + 1)] = {0}, b[MOST + 1 + MOST_K] = {0}, x[MOST + 1], rate[MOST], rate_end[MOST];
  equations_rhs(e, u, rate);
  equations_rhs(e, end, rate_end);
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < n; j++) A[i * columns + j] = Phi[i * n + j] - (i == j);
    A[i * columns + n] = rate_end[i];
    b[i] = u[i] - end[i];
    A[n * columns + i] = rate[i];
  }
  for (int k = 0; k < kept; k++)
    for (int a = 0; a < 3; a++) A[(n + 1 + k) * columns + a * K + k] = u[a * K + k];
  solve_least(rows, columns, A, b, 1e-11, x);
  memcpy(du, x, (size_t)n * sizeof *du);
  *dT = x[n];
}

static int by_size(const void *a, const void *b) {
  const double x = fabs(*(const double *)a), y = fabs(*(const double *)b);
  return (x > y) - (x < y);
}

static void floquet(const equations *e, const double *Phi, cycle *c) {
  const int n = equations_size(e);
  double basis[MOST][MOST], small[MOST * MOST], exponents[MOST];
  gsl_complex values[MOST];
  const int reduced = equations_basis(e, c->u, basis);
  reduce(n, reduced, basis, Phi, small);
  eigenvalues(reduced, small, values);
  for (int i = 0; i < reduced; i++) exponents[i] = log(gsl_complex_abs(values[i])) / c->period;
  qsort(exponents, (size_t)reduced, sizeof *exponents, by_size);
  c->phase = fabs(exponents[0]);
  c->growth = -INFINITY;
  c->decay = INFINITY;
  const double noise = fmax(1e-8, 10.0 * c->phase);
  for (int i = 1; i < reduced; i++) {
    c->growth = fmax(c->growth, exponents[i]);
    if (exponents[i] < 0.0) c->decay = fmin(c->decay, -exponents[i]);
    c->n_unstable += exponents[i] > noise;
  }
  c->has_floquet = true;
}

/* The shortest period: whether an n-th part closes the orbit already. */
static void shorten(const equations *e, double tolerance, cycle *c, int64_t *n_evaluations) {
  for (int parts = 7; parts > 1; parts--) {
    flow f;
    flow_begin(&f, e, c->u, 0, tolerance);
    flow_until(&f, c->period / parts);
    const double missed = largest_difference(f.n, f.u, c->u);
    *n_evaluations += f.n_evaluations;
    flow_end(&f);
    if (missed < 1e-6) {
      c->period /= parts;
      return;
    }
  }
}

bool cycle_close(const equations *e, const double *guess, double period, double tolerance, cycle *out,
                 int64_t *n_evaluations) {
  enum { MOST_STEPS = 12 };
  const int n = equations_size(e);
  double end[MOST], *Phi = malloc(MOST * MOST * sizeof *Phi), du[MOST], dT;
  if (!Phi) exit(2);
  *out = (cycle){.period = period, .residual = INFINITY};
  memcpy(out->u, guess, (size_t)n * sizeof *guess);
  bool closed = false;
  double best = INFINITY;
  for (int i = 0; i < MOST_STEPS; i++) {
    if (!monodromy(e, out->u, out->period, tolerance, end, Phi, n_evaluations)) break;
    out->residual = largest_difference(n, end, out->u);
    closed = out->residual < 1e-10;
    if (closed || !isfinite(out->residual) || (i > 4 && out->residual > 0.3 * best)) break;
    best = fmin(best, out->residual);
    newton_step(e, out->u, end, Phi, du, &dT);
    double size = fabs(dT) / out->period;
    for (int j = 0; j < n; j++) size = fmax(size, fabs(du[j]));
    if (!(size < 0.5)) break; /* not near one */
    for (int j = 0; j < n; j++) out->u[j] += du[j];
    out->period += dT;
    equations_renormalise(e, out->u);
  }
  if (closed) {
    const double before = out->period;
    shorten(e, tolerance, out, n_evaluations);
    if (out->period < before && !monodromy(e, out->u, out->period, tolerance, end, Phi, n_evaluations)) closed = false;
    out->moved = order_distance(e, guess, out->u);
    if (closed) floquet(e, Phi, out);
  }
  free(Phi);
  return closed;
}

void cycle_means(const equations *e, const cycle *c, double tolerance, double *mean, double *amplitude) {
  enum { N = 512 }; /* uniform over a period: exact but for harmonics above it */
  flow f;
  double v[3 * MAX_M], low[MAX_M], high[MAX_M];
  flow_begin(&f, e, c->u, 0, tolerance);
  for (int i = 0; i < 3 * e->M; i++) mean[i] = 0.0;
  for (int mu = 0; mu < e->M; mu++) low[mu] = INFINITY, high[mu] = -INFINITY;
  for (int i = 0; i < N; i++) {
    flow_until(&f, c->period * i / N);
    order_parameters(e, f.u, v);
    for (int j = 0; j < 3 * e->M; j++) mean[j] += v[j] / N;
    for (int mu = 0; mu < e->M; mu++) low[mu] = fmin(low[mu], v[mu]), high[mu] = fmax(high[mu], v[mu]);
  }
  for (int mu = 0; mu < e->M; mu++) amplitude[mu] = 0.5 * (high[mu] - low[mu]);
  flow_end(&f);
}

/* ---- rest ---- */

bool rest_find(const equations *e, const double *guess, rest *out) {
  const int n = equations_size(e), K = e->K, kept = e->lossy ? 0 : K, rows = n + kept;
  double J[MOST][MOST], A[(MOST + MOST_K) * MOST], b[MOST + MOST_K], du[MOST], rate[MOST], packed[MOST * MOST];
  *out = (rest){.growth = -INFINITY, .decay = INFINITY};
  memcpy(out->u, guess, (size_t)n * sizeof *guess);
  equations_renormalise(e, out->u);
  for (int i = 0;; i++) {
    out->residual = 0.0;
    equations_rhs(e, out->u, rate);
    for (int j = 0; j < n; j++) out->residual = fmax(out->residual, fabs(rate[j]));
    if (out->residual < 1e-13) break;
    if (i == 30 || !isfinite(out->residual)) break;
    equations_jacobian(e, out->u, J);
    memset(A, 0, sizeof A);
    memset(b, 0, sizeof b);
    for (int r = 0; r < n; r++) {
      for (int j = 0; j < n; j++) A[r * n + j] = J[r][j];
      b[r] = -rate[r];
    }
    for (int k = 0; k < kept; k++)
      for (int a = 0; a < 3; a++) A[(n + k) * n + a * K + k] = out->u[a * K + k];
    solve_least(rows, n, A, b, 1e-12, du);
    double size = 0.0;
    for (int j = 0; j < n; j++) size = fmax(size, fabs(du[j]));
    for (int j = 0; j < n; j++) out->u[j] += du[j] * (size > 0.3 ? 0.3 / size : 1.0);
    equations_renormalise(e, out->u);
  }
  if (!(out->residual < 1e-11)) return false;
  double basis[MOST][MOST], small[MOST * MOST], scale = 0.0;
  gsl_complex values[MOST];
  out->moved = order_distance(e, guess, out->u);
  equations_jacobian(e, out->u, J);
  for (int r = 0; r < n; r++)
    for (int j = 0; j < n; j++) packed[r * n + j] = J[r][j];
  const int reduced = equations_basis(e, out->u, basis);
  reduce(n, reduced, basis, packed, small);
  eigenvalues(reduced, small, values);
  for (int i = 0; i < reduced; i++) scale = fmax(scale, gsl_complex_abs(values[i]));
  const double noise = 1e-9 * scale;
  out->real = -INFINITY;
  for (int i = 0; i < reduced; i++) {
    const double part = GSL_REAL(values[i]);
    if (fabs(GSL_IMAG(values[i])) > 1e-6 * scale && part > out->real)
      out->real = part, out->imaginary = fabs(GSL_IMAG(values[i]));
    if (fabs(part) <= noise) continue;
    out->growth = fmax(out->growth, part);
    if (part < 0.0) out->decay = fmin(out->decay, -part);
    out->n_unstable += part > 0.0;
  }
  return true;
}
