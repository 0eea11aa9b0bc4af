/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_kernel_body: the loops of finite-N dynamics, once, for every instruction set.  What the compiler makes vectors of are
 * loops over elements that do not depend on each other, and sums in eight chains.
 *
 * A psi of one block after the other, the rows of all modes for given flips of the classes; there are few of them, in the fastest cache:
 *   spins     chi_mu = (g/sqrt N) sum_k f_{mu,k} (R_k.S'_k - N zeta_k) psi: S' along three axes is N - 2j on the diagonal, that of the
 *             block itself, and 2J-, 2J+ beside it, from blocks with a flip more or less of a class,
 *             a S'_x + b S'_y = (a - i b) J+ + (a + i b) J-
 *   modes     out = sum_mu [(-i Omega_mu - kappa_mu/2) n_mu psi - i (b_mu + b_mu^+) chi_mu], with (b + b^+) chi at n
 *             = sqrt(n) chi_(n-1) + sqrt(n+1) chi_(n+1), all within the block
 * A density matrix is a state of FINITE_LANES lanes, its columns; A rho for some of them at a time stays in the cache. */
#include <string.h>

#include "finite_kernel.h"

#define INLINE static inline __attribute__((always_inline))

static void combine(int64_t n, double *out, const double *y, int count, const double *c, const double *const *k) {
  enum { CHUNK = 64 };
  for (int64_t i0 = 0; i0 < n; i0 += CHUNK) {
    const int64_t m = n - i0 < CHUNK ? n - i0 : CHUNK;
    double sum[CHUNK];
    for (int64_t i = 0; i < m; i++) sum[i] = y[i0 + i];
    for (int j = 0; j < count; j++) {
      const double *kj = k[j] + i0, cj = c[j];
      for (int64_t i = 0; i < m; i++) sum[i] += cj * kj[i];
    }
    for (int64_t i = 0; i < m; i++) out[i0 + i] = sum[i];
  }
}

static double size(int64_t n, int count, const double *c, const double *const *k) {
  enum { CHUNK = 64, CHAINS = 8 };
  double chain[CHAINS] = {0};
  for (int64_t i0 = 0; i0 < n; i0 += CHUNK) {
    const int64_t m = n - i0 < CHUNK ? n - i0 : CHUNK;
    double sum[CHUNK] = {0};
    for (int j = 0; j < count; j++) {
      const double *kj = k[j] + i0, cj = c[j];
      for (int64_t i = 0; i < m; i++) sum[i] += cj * kj[i];
    }
    for (int64_t i = 0; i < CHUNK; i += CHAINS)
      for (int l = 0; l < CHAINS; l++) chain[l] += sum[i + l] * sum[i + l];
  }
  double all = 0.0;
  for (int l = 0; l < CHAINS; l++) all += chain[l];
  return all;
}

/* ---- A on a state of `lanes` lanes: element (row, lane) at [row*lanes + lane] of each plane ---- */

/* out = (-i omega - h) psi of a block, with the frequencies and half rates of its rows. */
INLINE void free_modes(const finite_space *s, int64_t lanes, const double *re, const double *im, double *restrict out_re,
                       double *restrict out_im) {
  if (lanes == 1) {
    for (int64_t r = 0; r < s->mode_rows; r++) {
      out_re[r] = s->omega_n[r] * im[r] - s->half_kappa_n[r] * re[r];
      out_im[r] = -s->omega_n[r] * re[r] - s->half_kappa_n[r] * im[r];
    }
  } else {
    for (int64_t r = 0; r < s->mode_rows; r++) {
      const double w = s->omega_n[r], h = s->half_kappa_n[r];
      for (int64_t l = r * lanes; l < (r + 1) * lanes; l++) {
        out_re[l] = w * im[l] - h * re[l];
        out_im[l] = -w * re[l] - h * im[l];
      }
    }
  }
}

/* What a S'_x + b S'_y + c S'_z - shift of a class needs to act on the n numbers of a block with j flips of it: those of the block itself,
 * of the one above and of the one below, and what multiplies them. */
typedef struct climb {
  double level, ua, ub, la, lb;
  const double *re, *im, *up_re, *up_im, *low_re, *low_im;
} climb;

INLINE climb climb_of(const finite_space *s, int k, int64_t j, const double *axis, double shift, int64_t lanes, const double *re,
                      const double *im) {
  const double above = j + 1 < s->d[k] ? s->climb[j + 1] : 0.0, below = s->climb[j];
  const int64_t next = s->stride[k] * lanes, up = j + 1 < s->d[k] ? next : 0, low = j > 0 ? -next : 0;
  return (climb){axis[2] * ((double)s->N - 2.0 * (double)j) - shift, above * axis[0], above * axis[1], below * axis[0], below * axis[1],
                 re, im, re + up, im + up, re + low, im + low};
}

INLINE double climb_re(const climb *a, int64_t l) {
  return a->level * a->re[l] + (a->ua * a->up_re[l] + a->ub * a->up_im[l]) + (a->la * a->low_re[l] - a->lb * a->low_im[l]);
}

INLINE double climb_im(const climb *a, int64_t l) {
  return a->level * a->im[l] + (a->ua * a->up_im[l] - a->ub * a->up_re[l]) + (a->la * a->low_im[l] + a->lb * a->low_re[l]);
}

/* out = (v.S' - shift) psi */
INLINE void turn(int64_t n, climb a, double *restrict out_re, double *restrict out_im) {
#pragma GCC ivdep
  for (int64_t l = 0; l < n; l++) {
    out_re[l] = climb_re(&a, l);
    out_im[l] = climb_im(&a, l);
  }
}

/* out (+)= e x */
INLINE void add_part(int64_t n, double e, bool first, const double *x, double *restrict out) {
  if (first)
    for (int64_t l = 0; l < n; l++) out[l] = e * x[l];
  else
    for (int64_t l = 0; l < n; l++) out[l] += e * x[l];
}

/* out += sign (b + b^+) chi for one plane of a block. */
INLINE void quadrature(const finite_space *s, int mu, double sign, int64_t lanes, const double *chi, double *restrict out) {
  const int64_t d = s->d[s->K + mu], inner = s->stride[s->K + mu] * lanes;
  const double *root = s->root;
  for (int64_t o = 0; o < s->mode_rows * lanes; o += d * inner) {
    const double *x = chi + o;
    double *restrict y = out + o;
    if (inner == 1) {
      y[0] += sign * (root[1] * x[1]);
      for (int64_t i = 1; i < d - 1; i++) y[i] += sign * (root[i] * x[i - 1] + root[i + 1] * x[i + 1]);
      y[d - 1] += sign * (root[d - 1] * x[d - 2]);
    } else {
      for (int64_t i = 0; i < d; i++) {
        const double below = sign * root[i], above = i + 1 < d ? sign * root[i + 1] : 0.0;
        const double *xi = x + i * inner, *down = i > 0 ? xi - inner : xi, *up = i + 1 < d ? xi + inner : xi;
        double *restrict yi = y + i * inner;
        for (int64_t l = 0; l < inner; l++) yi[l] += below * down[l] + above * up[l];
      }
    }
  }
}

/* out += -i (c b^+ + c^* b) psi. */
INLINE void drive(const finite_space *s, int mu, double c_re, double c_im, int64_t lanes, const double *re, const double *im,
                  double *out_re, double *out_im) {
  const int64_t d = s->d[s->K + mu], inner = s->stride[s->K + mu] * lanes;
  for (int64_t o = 0; o < s->rows * lanes; o += d * inner)
    for (int64_t i = 1; i < d; i++) {
      const int64_t here = o + i * inner, below = here - inner;
      const double p = s->root[i] * c_re, q = s->root[i] * c_im;
      for (int64_t l = 0; l < inner; l++) {
        out_re[here + l] += p * im[below + l] + q * re[below + l];
        out_im[here + l] -= p * re[below + l] - q * im[below + l];
        out_re[below + l] += p * im[here + l] - q * re[here + l];
        out_im[below + l] -= p * re[here + l] + q * im[here + l];
      }
    }
}

/* work: 2 (M + 1) mode_rows lanes, which is no more than 2 rows lanes: each class has two levels or more, and there are as many classes
 * as 2^(M-1). */
INLINE void apply(const finite_operator *op, int64_t lanes, const double *psi, double *out, double *work) {
  const finite_space *s = op->space;
  const int64_t n = s->rows * lanes, block = s->mode_rows * lanes;
  double *turned = work + 2 * s->M * block; /* planes, as those of chi_1, chi_2, ... before it */
  for (int64_t row = 0; row < s->rows; row += s->mode_rows) {
    const double *re = psi + row * lanes, *im = re + n;
    double *out_re = out + row * lanes, *out_im = out_re + n;
    free_modes(s, lanes, re, im, out_re, out_im);
    for (int k = 0; k < s->K; k++) {
      const int64_t j = row / s->stride[k] % s->d[k];
      if (op->has_v) {
        turn(block, climb_of(s, k, j, op->v[k], 0.0, lanes, re, im), turned, turned + block);
        add_part(block, 1.0, false, turned + block, out_re);
        add_part(block, -1.0, false, turned, out_im);
      }
      turn(block, climb_of(s, k, j, op->R[k], (double)s->N * op->zeta[k], lanes, re, im), turned, turned + block);
      for (int mu = 0; mu < s->M; mu++) add_part(2 * block, op->scale * op->f[k][mu], k == 0, turned, work + 2 * mu * block);
    }
    for (int mu = 0; mu < s->M; mu++) {
      quadrature(s, mu, 1.0, lanes, work + (2 * mu + 1) * block, out_re);
      quadrature(s, mu, -1.0, lanes, work + 2 * mu * block, out_im);
    }
  }
  if (op->has_c)
    for (int mu = 0; mu < s->M; mu++) drive(s, mu, op->c_re[mu], op->c_im[mu], lanes, psi, psi + n, out, out + n);
}

static void pure(const finite_operator *op, const double *psi, double *out, double *work) {
  apply(op, 1, psi, out, work);
}

/* ---- density matrices ---- */

/* out = sum_mu kappa_mu b_mu rho b_mu^+, row by row.  Both triangles of P are shifted alike. */
INLINE void jumps(const finite_operator *op, const double *P, double *out) {
  const finite_space *s = op->space;
  const int64_t rows = s->rows;
  for (int64_t r = 0; r < rows; r++) {
    double *restrict y = out + r * rows;
    memset(y, 0, (size_t)rows * sizeof *y);
    for (int mu = 0; mu < s->M; mu++) {
      const int64_t d = s->d[s->K + mu], stride = s->stride[s->K + mu], i = r / stride % d;
      if (i == d - 1) continue;
      const double from_row = op->kappa[mu] * s->root[i + 1];
      const double *x = P + (r + stride) * rows + stride;
      for (int64_t o = 0; o < rows; o += d * stride)
        if (stride == 1) {
          for (int64_t q = 0; q < d - 1; q++) y[o + q] += from_row * s->root[q + 1] * x[o + q];
        } else {
          for (int64_t q = 0; q < d - 1; q++) {
            const double e = from_row * s->root[q + 1];
            for (int64_t l = o + q * stride; l < o + (q + 1) * stride; l++) y[l] += e * x[l];
          }
        }
    }
  }
}

/* Rows of a density matrix lie so far apart that nobody foresees which part of the next ones will be asked for. */
enum { ROWS_AHEAD = 12 };
INLINE void foresee(const double *part, int64_t rows, int64_t r) {
  __builtin_prefetch(part + (r + ROWS_AHEAD < rows ? r + ROWS_AHEAD : r) * rows);
}

/* Columns c0 ... c0+count-1 of rho as a state of L lanes; lanes beyond them are not touched. */
INLINE void unpack(const double *P, int64_t rows, int64_t c0, int64_t count, int64_t L, double *restrict re, double *restrict im) {
  const double *from_column = P + c0, *from_row = P + c0 * rows; /* of the lower triangle; of the upper one */
  for (int64_t r = 0; r < c0; r++) { /* above the diagonal: conj(rho_cr) */
    foresee(from_column, rows, r);
    for (int64_t c = 0; c < count; c++) re[r * L + c] = from_row[c * rows + r], im[r * L + c] = -from_column[r * rows + c];
  }
  for (int64_t r = c0; r < c0 + count; r++)
    for (int64_t c = c0; c < c0 + count; c++) {
      re[r * L + c - c0] = r >= c ? P[r * rows + c] : P[c * rows + r];
      im[r * L + c - c0] = r > c ? P[c * rows + r] : r < c ? -P[r * rows + c] : 0.0;
    }
  for (int64_t r = c0 + count; r < rows; r++) {
    foresee(from_column, rows, r);
    for (int64_t c = 0; c < count; c++) re[r * L + c] = from_column[r * rows + c], im[r * L + c] = from_row[c * rows + r];
  }
}

/* out += X + X^+ for those columns of X. */
INLINE void add_both(double *restrict out, int64_t rows, int64_t c0, int64_t count, int64_t L, const double *re, const double *im) {
  double *to_column = out + c0, *to_row = out + c0 * rows;
  for (int64_t r = 0; r < c0; r++) {
    foresee(to_column, rows, r);
    for (int64_t c = 0; c < count; c++) to_row[c * rows + r] += re[r * L + c], to_column[r * rows + c] -= im[r * L + c];
  }
  for (int64_t r = c0; r < c0 + count; r++)
    for (int64_t c = c0; c < c0 + count; c++) {
      const double x = re[r * L + c - c0], y = im[r * L + c - c0];
      if (r == c)
        out[r * rows + r] += 2.0 * x;
      else if (r > c)
        out[r * rows + c] += x, out[c * rows + r] += y;
      else
        out[c * rows + r] += x, out[r * rows + c] -= y;
    }
  for (int64_t r = c0 + count; r < rows; r++) {
    foresee(to_column, rows, r);
    for (int64_t c = 0; c < count; c++) to_column[r * rows + c] += re[r * L + c], to_row[c * rows + r] += im[r * L + c];
  }
}

static void density(const finite_operator *op, const double *P, double *out, double *work) {
  enum { L = FINITE_LANES };
  const int64_t rows = op->space->rows, n = rows * L, whole = rows - rows % L;
  double *columns = work, *image = work + 2 * n, *fields = work + 4 * n;
  jumps(op, P, out);
  for (int64_t c0 = 0; c0 < whole; c0 += L) {
    unpack(P, rows, c0, L, L, columns, columns + n);
    apply(op, L, columns, image, fields);
    add_both(out, rows, c0, L, L, image, image + n);
  }
  if (whole == rows) return;
  memset(columns, 0, 2 * (size_t)n * sizeof *columns);
  unpack(P, rows, whole, rows - whole, L, columns, columns + n);
  apply(op, L, columns, image, fields);
  add_both(out, rows, whole, rows - whole, L, image, image + n);
}
