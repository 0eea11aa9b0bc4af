/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_space: tables, moments and weights of a truncated space, see finite_space.h. */
#include "finite_space.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

dkm_status dkm_finite_space_create(const dkm_finite_model *model, const int *d, finite_space *space, dkm_error *err) {
  const int M = model->n_modes, K = dkm_finite_classes(model), N = model->spins_per_class;
  *space = (finite_space){.K = K, .M = M, .N = N, .rows = 1, .mode_rows = 1};
  int largest_mode = 0, largest_class = 0;
  for (int f = K + M - 1; f >= 0; f--) {
    space->d[f] = d[f];
    space->stride[f] = space->rows;
    space->rows *= d[f];
    if (f >= K) {
      space->mode_rows *= d[f];
      if (d[f] > largest_mode) largest_mode = d[f];
    } else if (d[f] > largest_class) {
      largest_class = d[f];
    }
  }
  space->root = malloc(((size_t)largest_mode + 1) * sizeof *space->root);
  space->climb = malloc(((size_t)largest_class + 1) * sizeof *space->climb);
  space->omega_n = malloc((size_t)space->mode_rows * sizeof *space->omega_n);
  space->half_kappa_n = malloc((size_t)space->mode_rows * sizeof *space->half_kappa_n);
  if (!space->root || !space->climb || !space->omega_n || !space->half_kappa_n) {
    dkm_finite_space_free(space);
    return dkm_fail(err, DKM_MEMORY, "out of memory for a space of %lld states", (long long)space->rows);
  }
  for (int i = 0; i <= largest_mode; i++) space->root[i] = sqrt((double)i);
  for (int j = 0; j <= largest_class; j++) space->climb[j] = j > N ? 0.0 : sqrt((double)j * ((double)N - j + 1.0));
  for (int64_t row = 0; row < space->mode_rows; row++) {
    space->omega_n[row] = space->half_kappa_n[row] = 0.0;
    for (int mu = 0; mu < M; mu++) {
      const double n = (double)(row / space->stride[K + mu] % d[K + mu]);
      space->omega_n[row] += model->Omega_mu[mu] * n;
      space->half_kappa_n[row] += 0.5 * model->kappa_mu[mu] * n;
    }
  }
  return DKM_OK;
}

void dkm_finite_space_free(finite_space *space) {
  free(space->root);
  free(space->climb);
  free(space->omega_n);
  free(space->half_kappa_n);
  *space = (finite_space){0};
}

/* ---- moments ---- */

/* A state of either kind: its diagonal, and elements (r, r - stride) below it. */
typedef struct view {
  const finite_space *space;
  const double *psi, *P;
} view;

static inline double weight_at(const view *v, int64_t r) {
  const int64_t rows = v->space->rows;
  return v->psi ? v->psi[r] * v->psi[r] + v->psi[rows + r] * v->psi[rows + r] : v->P[r * rows + r];
}

/* rho_{r,q}, q < r */
static inline void element_at(const view *v, int64_t r, int64_t q, double *re, double *im) {
  const int64_t rows = v->space->rows;
  if (v->psi) {
    const double *a = v->psi, *b = v->psi + rows;
    *re = a[r] * a[q] + b[r] * b[q];
    *im = b[r] * a[q] - a[r] * b[q];
  } else {
    *re = v->P[r * rows + q];
    *im = v->P[q * rows + r];
  }
}

/* sum over rows of a table's entry times the weight, and of <i-1|lowering|i> rho_{i,i-1}, for factor f.  Two chains of additions
 * do not wait for each other. */
static void moments_of(const view *v, finite_moments *out) {
  const finite_space *s = v->space;
  double norm = 0.0;
  for (int64_t r = 0; r < s->rows; r++) norm += weight_at(v, r);
  out->norm = norm;
  for (int f = 0; f < s->K + s->M; f++) {
    const double *table = f < s->K ? s->climb : s->root;
    const int64_t stride = s->stride[f], d = s->d[f];
    double level = 0.0, re = 0.0, im = 0.0;
    for (int64_t o = 0; o < s->rows; o += d * stride)
      for (int64_t i = 1; i < d; i++) {
        double w = 0.0, x = 0.0, y = 0.0;
        for (int64_t r = o + i * stride; r < o + (i + 1) * stride; r++) {
          double a, b;
          element_at(v, r, r - stride, &a, &b);
          w += weight_at(v, r);
          x += a;
          y += b;
        }
        level += (double)i * w;
        re += table[i] * x;
        im += table[i] * y;
      }
    level /= norm;
    re /= norm;
    im /= norm;
    if (f < s->K) { /* re + i im = <J+> */
      out->S[f][0] = 2.0 * re;
      out->S[f][1] = 2.0 * im;
      out->S[f][2] = (double)s->N - 2.0 * level;
      out->SS[f] = (double)s->N * ((double)s->N + 2.0);
    } else {
      out->b_re[f - s->K] = re;
      out->b_im[f - s->K] = im;
      out->n[f - s->K] = level;
    }
  }
}

void dkm_finite_space_moments_pure(const finite_space *space, const double *psi, finite_moments *out) {
  moments_of(&(view){space, psi, NULL}, out);
}

void dkm_finite_space_moments_density(const finite_space *space, const double *P, finite_moments *out) {
  moments_of(&(view){space, NULL, P}, out);
}

/* ---- edges ---- */

static double tail_of(const view *v, int f, int level) {
  const finite_space *s = v->space;
  const int64_t stride = s->stride[f], d = s->d[f];
  double tail = 0.0, all = 0.0;
  for (int64_t r = 0; r < s->rows; r++) all += weight_at(v, r);
  if (level < 0) level = 0;
  for (int64_t o = 0; o < s->rows; o += d * stride)
    for (int64_t r = o + level * stride; r < o + d * stride; r++) tail += weight_at(v, r);
  return tail / all;
}

double dkm_finite_space_tail_pure(const finite_space *space, const double *psi, int f, int level) {
  return tail_of(&(view){space, psi, NULL}, f, level);
}

double dkm_finite_space_tail_density(const finite_space *space, const double *P, int f, int level) {
  return tail_of(&(view){space, NULL, P}, f, level);
}

/* ---- other dimensions ---- */

/* The row of `to` that is row r of `from`; -1: there is none.  It rises with r, so that what is below a diagonal stays so. */
static int64_t moved_row(const finite_space *from, int64_t r, const finite_space *to) {
  int64_t row = 0;
  for (int f = 0; f < from->K + from->M; f++) {
    const int64_t i = r / from->stride[f] % from->d[f];
    if (i >= to->d[f]) return -1;
    row += i * to->stride[f];
  }
  return row;
}

void dkm_finite_space_move_pure(const finite_space *from, const double *psi, const finite_space *to, double *out) {
  memset(out, 0, 2 * (size_t)to->rows * sizeof *out);
  for (int64_t r = 0; r < from->rows; r++) {
    const int64_t row = moved_row(from, r, to);
    if (row < 0) continue;
    out[row] = psi[r];
    out[to->rows + row] = psi[from->rows + r];
  }
}

void dkm_finite_space_move_density(const finite_space *from, const double *P, const finite_space *to, double *out) {
  memset(out, 0, (size_t)to->rows * (size_t)to->rows * sizeof *out);
  for (int64_t r = 0; r < from->rows; r++) {
    const int64_t row = moved_row(from, r, to);
    if (row < 0) continue;
    for (int64_t c = 0; c < from->rows; c++) {
      const int64_t column = moved_row(from, c, to);
      if (column >= 0) out[row * to->rows + column] = P[r * from->rows + c];
    }
  }
}

void dkm_finite_space_lower(const finite_space *space, int mu, double *psi) {
  const int f = space->K + mu;
  const int64_t stride = space->stride[f], d = space->d[f];
  for (int plane = 0; plane < 2; plane++, psi += space->rows)
    for (int64_t o = 0; o < space->rows; o += d * stride) {
      for (int64_t i = 1; i < d; i++)
        for (int64_t r = o + i * stride; r < o + (i + 1) * stride; r++) psi[r - stride] = space->root[i] * psi[r];
      memset(psi + o + (d - 1) * stride, 0, (size_t)stride * sizeof *psi);
    }
}
