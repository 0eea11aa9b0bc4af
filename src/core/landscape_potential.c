/* SPDX-License-Identifier: GPL-3.0-or-later */
/* U(q) and ways through it: Newton to any critical point, down, and up to a saddle. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gsl_calls.h"
#include "landscape_search.h"

enum { NEWTON_STEPS = 60, DESCENT_STEPS = 100000, CLIMBING_STEPS = 100, MOST = DKM_MAX_MODES };
/* Where |grad U| is below this q is a critical point to rounding, when Newton has one more step to go. */
static const double converged = 1e-10;
/* Work of a square root with a division, and of an eigenvalue problem by n^3, in multiplications. */
static const double work_of_root = 10.0, work_of_eigen = 30.0;

bool dkm_search_begin(search *s, int n, int64_t n_classes) {
  s->f = calloc((size_t)n_classes * (size_t)n, sizeof *s->f);
  s->w = calloc((size_t)n_classes, sizeof *s->w);
  bool sound = s->f && s->w;
  s->n_eigen = n;
  dkm_gsl_begin();
  for (int i = 1; i <= n; i++) sound = (s->eigen[i] = gsl_eigen_symmv_alloc((size_t)i)) && sound;
  dkm_gsl_end();
  return sound;
}

void dkm_search_end(search *s) {
  for (int i = 1; i <= s->n_eigen; i++)
    if (s->eigen[i]) gsl_eigen_symmv_free(s->eigen[i]);
  free(s->f);
  free(s->w);
}

double dkm_search_potential(search *s, const double *q, double *grad) {
  const int n = s->n;
  double U = 0.0, sum[MOST] = {0}, rq[MOST];
  for (int i = 0; i < n; i++) rq[i] = s->r[i] * q[i];
  for (int64_t k = 0; k < s->n_classes; k++) {
    const double *f = s->f + k * n, w = s->w[k];
    double v = 0.0;
    for (int i = 0; i < n; i++) v += f[i] * rq[i];
    const double root = sqrt(1.0 + 2.0 * v * v), part = w * v / root;
    U -= 0.5 * w * root;
    for (int i = 0; i < n; i++) sum[i] += f[i] * part;
  }
  s->work += (double)s->n_classes * (2.0 * n + work_of_root);
  for (int i = 0; i < n; i++) U += 0.5 * q[i] * q[i];
  for (int i = 0; grad && i < n; i++) grad[i] = q[i] - s->r[i] * sum[i];
  return U;
}

/* Hessian H[i*n + j]. */
static void hessian(search *s, const double *q, double *H) {
  const int n = s->n;
  double rq[MOST];
  memset(H, 0, (size_t)(n * n) * sizeof *H);
  for (int i = 0; i < n; i++) rq[i] = s->r[i] * q[i];
  for (int64_t k = 0; k < s->n_classes; k++) {
    const double *f = s->f + k * n;
    double v = 0.0;
    for (int i = 0; i < n; i++) v += f[i] * rq[i];
    const double root = sqrt(1.0 + 2.0 * v * v), c = s->w[k] / (root * root * root);
    for (int i = 0; i < n; i++)
      for (int j = 0; j <= i; j++) H[i * n + j] += f[i] * f[j] * c;
  }
  s->work += (double)s->n_classes * (n + n * (n + 1) + work_of_root);
  for (int i = 0; i < n; i++)
    for (int j = 0; j <= i; j++) H[j * n + i] = H[i * n + j] = (i == j) - s->r[i] * s->r[j] * H[i * n + j];
}

static void eigen(search *s, int n, double *matrix, double *values, double *vectors) {
  gsl_matrix_view a = gsl_matrix_view_array(matrix, (size_t)n, (size_t)n);
  gsl_matrix_view e = gsl_matrix_view_array(vectors, (size_t)n, (size_t)n);
  gsl_vector_view d = gsl_vector_view_array(values, (size_t)n);
  dkm_gsl_begin();
  gsl_eigen_symmv(&a.matrix, &d.vector, &e.matrix, s->eigen[n]);
  gsl_eigen_symmv_sort(&d.vector, &e.matrix, GSL_EIGEN_SORT_VAL_ASC);
  dkm_gsl_end();
  s->work += work_of_eigen * n * n * n;
}

void dkm_search_hessian_eigen(search *s, const double *q, double *values, double *vectors) {
  double H[MOST * MOST];
  hessian(s, q, H);
  eigen(s, s->n, H, values, vectors);
}

double dkm_search_largest_eigenvalue(search *s, int n, double *matrix) {
  double values[MOST], vectors[MOST * MOST];
  eigen(s, n, matrix, values, vectors);
  return values[n - 1];
}

static double largest(const double *a, int n) {
  double m = 0.0;
  for (int i = 0; i < n; i++) m = fmax(m, fabs(a[i]));
  return m;
}

/* Up along the softest direction, down along the others, each component of the gradient over |eigenvalue|. */
static void climbing_step(search *s, const double *q, const double *grad, double *step) {
  const int n = s->n;
  double values[MOST], vectors[MOST * MOST];
  dkm_search_hessian_eigen(s, q, values, vectors);
  for (int i = 0; i < n; i++) step[i] = 0.0;
  for (int j = 0; j < n; j++) {
    double along = 0.0;
    for (int i = 0; i < n; i++) along += vectors[i * n + j] * grad[i];
    const double scale = (j == 0 ? -1.0 : 1.0) * fmax(fabs(values[j]), 1e-3);
    for (int i = 0; i < n; i++) step[i] -= vectors[i * n + j] * (along / scale);
  }
}

/* Newton's step -H^-1 grad, by elimination with pivots; false if H is singular.  (GSL's LU decomposition allocates
 * memory each time.) */
static bool newton_step(search *s, const double *q, const double *grad, double *step) {
  const int n = s->n;
  double H[MOST * MOST];
  hessian(s, q, H);
  for (int i = 0; i < n; i++) step[i] = -grad[i];
  for (int c = 0; c < n; c++) {
    int pivot = c;
    for (int i = c + 1; i < n; i++)
      if (fabs(H[i * n + c]) > fabs(H[pivot * n + c])) pivot = i;
    if (!(fabs(H[pivot * n + c]) > 1e-14)) return false;
    for (int j = 0; pivot != c && j < n; j++) {
      const double h = H[c * n + j];
      H[c * n + j] = H[pivot * n + j];
      H[pivot * n + j] = h;
    }
    const double g = step[c];
    step[c] = step[pivot];
    if (pivot != c) step[pivot] = g;
    for (int i = c + 1; i < n; i++) {
      const double factor = H[i * n + c] / H[c * n + c];
      for (int j = c; j < n; j++) H[i * n + j] -= factor * H[c * n + j];
      step[i] -= factor * step[c];
    }
  }
  for (int c = n - 1; c >= 0; c--) {
    for (int j = c + 1; j < n; j++) step[c] -= H[c * n + j] * step[j];
    step[c] /= H[c * n + c];
  }
  return true;
}

bool dkm_search_newton(search *s, double *q) {
  double grad[MOST], step[MOST];
  for (int it = 0; it < NEWTON_STEPS; it++) {
    dkm_search_potential(s, q, grad);
    const double size = largest(grad, s->n);
    if (!newton_step(s, q, grad, step)) return false;
    const double length = largest(step, s->n), bound = 0.5 * s->scale;
    const double factor = length > bound ? bound / length : 1.0;
    for (int i = 0; i < s->n; i++) q[i] += factor * step[i];
    if (size <= converged * s->scale && length <= 1e-8 * s->scale) return true;
  }
  return false;
}

/* q -> grad of the convex part, see landscape.c. */
void dkm_search_descend(search *s, double *q, double accuracy) {
  double grad[MOST];
  for (int it = 0; it < DESCENT_STEPS && !search_is_over(s); it++) {
    dkm_search_potential(s, q, grad);
    for (int i = 0; i < s->n; i++) q[i] -= grad[i];
    if (largest(grad, s->n) < accuracy * s->scale) return;
  }
}

bool dkm_search_climb(search *s, double *q) {
  double grad[MOST], step[MOST];
  for (int it = 0; it < CLIMBING_STEPS; it++) {
    dkm_search_potential(s, q, grad);
    if (largest(grad, s->n) < 1e-6 * s->scale) return dkm_search_newton(s, q);
    climbing_step(s, q, grad, step);
    const double factor = fmin(1.0, 0.1 * s->scale / fmax(largest(step, s->n), 1e-300));
    for (int i = 0; i < s->n; i++) q[i] += factor * step[i];
  }
  return false;
}
