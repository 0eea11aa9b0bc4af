/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_kernel_body: the loops of finite-N dynamics, once, for every instruction set.  What the compiler makes vectors of are
 * loops over elements that do not depend on each other, and sums in eight chains.
 *
 * A psi in three passes over the state:
 *   modes     out = sum_mu (-i Omega_mu - kappa_mu/2) n_mu psi
 *   fields    for each class, phi = (g/sqrt N) F_k psi, with (b + b^+) psi at n = sqrt(n) psi_(n-1) + sqrt(n+1) psi_(n+1)
 *   spins     out += -i (R_k.S'_k - N zeta_k) phi: S' along three axes is N - 2j on the diagonal and 2J-, 2J+ beside it,
 *             a S'_x + b S'_y = (a - i b) J+ + (a + i b) J-
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

/* out = (-i omega - h) psi with the frequencies and half rates of the modes. */
INLINE void free_modes(const finite_space *s, int64_t lanes, const double *re, const double *im, double *restrict out_re,
                       double *restrict out_im) {
  const int64_t m = s->mode_rows;
  for (int64_t o = 0; o < s->rows; o += m)
    if (lanes == 1) {
      for (int64_t r = 0; r < m; r++) {
        out_re[o + r] = s->omega_n[r] * im[o + r] - s->half_kappa_n[r] * re[o + r];
        out_im[o + r] = -s->omega_n[r] * re[o + r] - s->half_kappa_n[r] * im[o + r];
      }
    } else {
      for (int64_t r = 0; r < m; r++) {
        const double w = s->omega_n[r], h = s->half_kappa_n[r];
        const int64_t at = (o + r) * lanes;
        for (int64_t l = at; l < at + lanes; l++) {
          out_re[l] = w * im[l] - h * re[l];
          out_im[l] = -w * re[l] - h * im[l];
        }
      }
    }
}

/* out (+)= e (b + b^+) psi for one plane. */
INLINE void quadrature(const finite_space *s, int mu, double e, bool first, int64_t lanes, const double *psi, double *restrict out) {
  const int64_t d = s->d[s->K + mu], inner = s->stride[s->K + mu] * lanes;
  const double *root = s->root;
  for (int64_t o = 0; o < s->rows * lanes; o += d * inner) {
    const double *x = psi + o;
    double *restrict y = out + o;
    if (inner == 1) {
      if (first) {
        y[0] = e * (root[1] * x[1]);
        for (int64_t i = 1; i < d - 1; i++) y[i] = e * (root[i] * x[i - 1] + root[i + 1] * x[i + 1]);
        y[d - 1] = e * (root[d - 1] * x[d - 2]);
      } else {
        y[0] += e * (root[1] * x[1]);
        for (int64_t i = 1; i < d - 1; i++) y[i] += e * (root[i] * x[i - 1] + root[i + 1] * x[i + 1]);
        y[d - 1] += e * (root[d - 1] * x[d - 2]);
      }
    } else {
      for (int64_t i = 0; i < d; i++) {
        const double below = e * root[i], above = i + 1 < d ? e * root[i + 1] : 0.0;
        const double *xi = x + i * inner, *down = i > 0 ? xi - inner : xi, *up = i + 1 < d ? xi + inner : xi;
        double *restrict yi = y + i * inner;
        if (first)
          for (int64_t l = 0; l < inner; l++) yi[l] = below * down[l] + above * up[l];
        else
          for (int64_t l = 0; l < inner; l++) yi[l] += below * down[l] + above * up[l];
      }
    }
  }
}

/* out += -i (a S'_x + b S'_y + c S'_z - shift) psi for class k. */
INLINE void spin(const finite_space *s, int k, const double *axis, double shift, int64_t lanes, const double *re, const double *im,
                 double *restrict out_re, double *restrict out_im) {
  const int64_t d = s->d[k], inner = s->stride[k] * lanes;
  const double a = axis[0], b = axis[1], c = axis[2];
  for (int64_t o = 0; o < s->rows * lanes; o += d * inner)
    for (int64_t j = 0; j < d; j++) {
      const int64_t at = o + j * inner;
      const double level = c * ((double)s->N - 2.0 * (double)j) - shift;
      const double above = j + 1 < d ? s->climb[j + 1] : 0.0, below = s->climb[j];
      const double ua = above * a, ub = above * b, la = below * a, lb = below * b;
      const double *xr = re + at, *xi = im + at;
      const double *ur = j + 1 < d ? xr + inner : xr, *ui = j + 1 < d ? xi + inner : xi;
      const double *lr = j > 0 ? xr - inner : xr, *li = j > 0 ? xi - inner : xi;
      double *restrict yr = out_re + at, *restrict yi = out_im + at;
      for (int64_t l = 0; l < inner; l++) {
        yr[l] += level * xi[l] + (ua * ui[l] - ub * ur[l]) + (la * li[l] + lb * lr[l]);
        yi[l] -= level * xr[l] + (ua * ur[l] + ub * ui[l]) + (la * lr[l] - lb * li[l]);
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

INLINE void apply(const finite_operator *op, int64_t lanes, const double *psi, double *out, double *work) {
  const finite_space *s = op->space;
  const int64_t n = s->rows * lanes;
  free_modes(s, lanes, psi, psi + n, out, out + n);
  for (int k = 0; k < s->K; k++) {
    for (int mu = 0; mu < s->M; mu++)
      for (int plane = 0; plane < 2; plane++)
        quadrature(s, mu, op->scale * op->f[k][mu], mu == 0, lanes, psi + plane * n, work + plane * n);
    spin(s, k, op->R[k], (double)s->N * op->zeta[k], lanes, work, work + n, out, out + n);
    if (op->has_v) spin(s, k, op->v[k], 0.0, lanes, psi, psi + n, out, out + n);
  }
  if (op->has_c)
    for (int mu = 0; mu < s->M; mu++) drive(s, mu, op->c_re[mu], op->c_im[mu], lanes, psi, psi + n, out, out + n);
}

static void pure(const finite_operator *op, const double *psi, double *out, double *work) {
  apply(op, 1, psi, out, work);
}

/* ---- density matrices ---- */

/* out = sum_mu kappa_mu b_mu rho b_mu^+.  Both triangles of P are shifted alike. */
INLINE void jumps(const finite_operator *op, const double *P, double *out) {
  const finite_space *s = op->space;
  const int64_t rows = s->rows;
  memset(out, 0, (size_t)(rows * rows) * sizeof *out);
  for (int mu = 0; mu < s->M; mu++) {
    const int64_t d = s->d[s->K + mu], stride = s->stride[s->K + mu];
    for (int64_t r = 0; r < rows - stride; r++) {
      const int64_t i = r / stride % d;
      if (i == d - 1) continue;
      const double from_row = op->kappa[mu] * s->root[i + 1];
      const double *x = P + (r + stride) * rows + stride;
      double *restrict y = out + r * rows;
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

/* Columns c0 ... c0+L-1 of rho as a state of L lanes; those beyond the last are 0. */
INLINE void unpack(const double *P, int64_t rows, int64_t c0, int64_t L, double *re, double *im) {
  const int64_t c1 = c0 + L < rows ? c0 + L : rows;
  if (c1 - c0 < L) memset(re, 0, (size_t)(rows * L) * sizeof *re), memset(im, 0, (size_t)(rows * L) * sizeof *im);
  for (int64_t r = 0; r < c0; r++) /* above the diagonal: conj(rho_cr) */
    for (int64_t c = c0; c < c1; c++) re[r * L + c - c0] = P[c * rows + r], im[r * L + c - c0] = -P[r * rows + c];
  for (int64_t r = c0; r < c1; r++)
    for (int64_t c = c0; c < c1; c++) {
      re[r * L + c - c0] = r >= c ? P[r * rows + c] : P[c * rows + r];
      im[r * L + c - c0] = r > c ? P[c * rows + r] : r < c ? -P[r * rows + c] : 0.0;
    }
  for (int64_t r = c1; r < rows; r++)
    for (int64_t c = c0; c < c1; c++) re[r * L + c - c0] = P[r * rows + c], im[r * L + c - c0] = P[c * rows + r];
}

/* out += X + X^+ for those columns of X. */
INLINE void add_both(double *out, int64_t rows, int64_t c0, int64_t L, const double *re, const double *im) {
  const int64_t c1 = c0 + L < rows ? c0 + L : rows;
  for (int64_t r = 0; r < c0; r++)
    for (int64_t c = c0; c < c1; c++) out[c * rows + r] += re[r * L + c - c0], out[r * rows + c] -= im[r * L + c - c0];
  for (int64_t r = c0; r < c1; r++)
    for (int64_t c = c0; c < c1; c++) {
      const double x = re[r * L + c - c0], y = im[r * L + c - c0];
      if (r == c)
        out[r * rows + r] += 2.0 * x;
      else if (r > c)
        out[r * rows + c] += x, out[c * rows + r] += y;
      else
        out[c * rows + r] += x, out[r * rows + c] -= y;
    }
  for (int64_t r = c1; r < rows; r++)
    for (int64_t c = c0; c < c1; c++) out[r * rows + c] += re[r * L + c - c0], out[c * rows + r] += im[r * L + c - c0];
}

static void density(const finite_operator *op, const double *P, double *out, double *work) {
  const int64_t rows = op->space->rows, n = rows * FINITE_LANES;
  double *columns = work, *image = work + 2 * n, *fields = work + 4 * n;
  jumps(op, P, out);
  for (int64_t c0 = 0; c0 < rows; c0 += FINITE_LANES) {
    unpack(P, rows, c0, FINITE_LANES, columns, columns + n);
    apply(op, FINITE_LANES, columns, image, fields);
    add_both(out, rows, c0, FINITE_LANES, image, image + n);
  }
}
