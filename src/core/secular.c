/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of the secular matrix, see secular.h.
 *
 * With lambda = i (y + e), e complex, a pole pair is a sum of two real ones,
 *   1/(lambda^2 + p^2) = -(1/2p) (1/(e + y - p) - 1/(e + y + p)),
 * and those with |y - p| >= apart |e| are a power series in e with real coefficients:
 *   sum_n (-e)^n (-1/2p) ((y - p)^(-n-1) - (y + p)^(-n-1)).
 * The poles are cut into segments of neighbours; each has its y, its reach of e, and the series of all that is far. */
#include "secular.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PACKED = DKM_MAX_MODES * (DKM_MAX_MODES + 1) / 2 };
/* Poles of a segment, terms of its series: apart^-TERMS is rounding. */
enum { SEGMENT = 48, TERMS = 34 };
static const double apart = 3.0;
/* A segment's series reaches so much further than its poles do, in units of its half width. */
static const double reach_beyond = 1.25;

struct secular_segment {
  double middle, reach; /* y, largest |e| */
  int64_t near, far;    /* poles near ... far-1 are not in the series */
};

/* Sums of a packed symmetric complex matrix, of its derivative, and of the moduli of the terms of the former. */
typedef struct sums {
  double re[MAX_PACKED], im[MAX_PACKED], slope_re[MAX_PACKED], slope_im[MAX_PACKED], size[MAX_PACKED];
} sums;

dkm_status dkm_secular_create(const dkm_point *point, int n_modes, int64_t n_poles, dkm_secular *s, dkm_error *err) {
  *s = (dkm_secular){.n_modes = n_modes, .n_packed = n_modes * (n_modes + 1) / 2, .n_poles = n_poles};
  memcpy(s->Omega, point->Omega_mu, sizeof s->Omega);
  for (int mu = 0; mu < n_modes; mu++) s->half_kappa[mu] = 0.5 * point->kappa_mu[mu];
  const size_t n = n_poles > 0 ? (size_t)n_poles : 1;
  s->pole = calloc(n, sizeof *s->pole);
  s->rank = calloc(n, sizeof *s->rank);
  s->coupling = calloc(n * (size_t)s->n_packed, sizeof *s->coupling);
  if (s->pole && s->rank && s->coupling) return DKM_OK;
  dkm_secular_free(s);
  return dkm_fail(err, DKM_MEMORY, "out of memory for a spectrum");
}

void dkm_secular_free(dkm_secular *s) {
  free(s->pole);
  free(s->rank);
  free(s->coupling);
  free(s->segments);
  free(s->terms);
  *s = (dkm_secular){0};
}

/* The first pole that is not below y. */
static int64_t first_from(const dkm_secular *s, double y) {
  int64_t low = 0, high = s->n_poles;
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (s->pole[middle] < y)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* The series of poles first ... end-1 about the middle of a segment, added to terms[n*n_packed + i], in powers of
 * e/reach, and the moduli of what they are at the middle, terms[TERMS*n_packed + i]. */
static void add_to_series(const dkm_secular *s, const secular_segment *segment, int64_t first, int64_t end,
                          double *terms) {
  const int T = s->n_packed;
  for (int64_t j = first; j < end; j++) {
    const double *C = &s->coupling[j * T], p = s->pole[j];
    const double below = segment->middle - p, above = segment->middle + p;
    double a = -0.5 / p / below, b = -0.5 / p / above;
    const double size = fabs(a - b);
    for (int n = 0; n < TERMS; n++) {
      const double factor = a - b;
      double *term = &terms[n * T];
      for (int i = 0; i < T; i++) term[i] += factor * C[i];
      a *= -segment->reach / below;
      b *= -segment->reach / above;
    }
    for (int i = 0; i < T; i++) terms[TERMS * T + i] += size * fabs(C[i]);
  }
}

dkm_status dkm_secular_expand(dkm_secular *s, dkm_error *err) {
  const int64_t n = (s->n_poles + SEGMENT - 1) / SEGMENT;
  if (n < 8) return DKM_OK;
  const size_t stride = (size_t)(TERMS + 1) * (size_t)s->n_packed;
  s->segments = calloc((size_t)n, sizeof *s->segments);
  s->terms = calloc((size_t)n * stride, sizeof *s->terms);
  if (!s->segments || !s->terms) return dkm_fail(err, DKM_MEMORY, "out of memory for a spectrum");
  s->n_segments = n;
  for (int64_t i = 0; i < n; i++) {
    secular_segment *segment = &s->segments[i];
    const int64_t last = (i + 1) * SEGMENT < s->n_poles ? (i + 1) * SEGMENT - 1 : s->n_poles - 1;
    const double low = s->pole[i * SEGMENT], high = s->pole[last];
    segment->middle = low + 0.5 * (high - low);
    segment->reach = reach_beyond * 0.5 * (high - low);
    segment->near = first_from(s, segment->middle - apart * segment->reach);
    segment->far = first_from(s, segment->middle + apart * segment->reach);
    if (segment->far <= last) segment->far = last + 1; /* a segment of one pole */
    double *terms = &s->terms[(size_t)i * stride];
    add_to_series(s, segment, 0, segment->near, terms);
    add_to_series(s, segment, segment->far, s->n_poles, terms);
  }
  return DKM_OK;
}

/* Adds poles first ... end-1 but for `skip`. */
static void add_poles(const dkm_secular *s, dkm_offset z, int64_t first, int64_t end, int64_t skip, sums *N) {
  enum { AT_ONCE = 4 };
  const int T = s->n_packed;
  double f[4][AT_ONCE], size[AT_ONCE];
  const double *C[AT_ONCE];
  int n = 0;
  for (int64_t j = first; j < end; j++) {
    if (j != skip) {
      /* 1/((lambda - ip)(lambda + ip)); its derivative is -2 lambda times its square. */
      const double below = (z.base - s->pole[j]) + z.im, above = (z.base + s->pole[j]) + z.im;
      const double pr = z.re * z.re - below * above, pi = z.re * (below + above), square = pr * pr + pi * pi;
      const double re = pr / square, im = -pi / square;
      const double square_re = re * re - im * im, square_im = 2.0 * re * im;
      const double y = z.base + z.im;
      C[n] = &s->coupling[j * T];
      f[0][n] = re;
      f[1][n] = im;
      f[2][n] = -2.0 * (z.re * square_re - y * square_im);
      f[3][n] = -2.0 * (z.re * square_im + y * square_re);
      size[n] = fabs(re) + fabs(im);
      n++;
    }
    if (n == 0 || (n < AT_ONCE && j + 1 < end)) continue;
    for (; n < AT_ONCE; n++) {
      C[n] = C[0];
      f[0][n] = f[1][n] = f[2][n] = f[3][n] = size[n] = 0.0;
    }
    for (int i = 0; i < T; i++) {
      const double c0 = C[0][i], c1 = C[1][i], c2 = C[2][i], c3 = C[3][i];
      N->re[i] += (f[0][0] * c0 + f[0][1] * c1) + (f[0][2] * c2 + f[0][3] * c3);
      N->im[i] += (f[1][0] * c0 + f[1][1] * c1) + (f[1][2] * c2 + f[1][3] * c3);
      N->slope_re[i] += (f[2][0] * c0 + f[2][1] * c1) + (f[2][2] * c2 + f[2][3] * c3);
      N->slope_im[i] += (f[3][0] * c0 + f[3][1] * c1) + (f[3][2] * c2 + f[3][3] * c3);
      N->size[i] += (size[0] * fabs(c0) + size[1] * fabs(c1)) + (size[2] * fabs(c2) + size[3] * fabs(c3));
    }
    n = 0;
  }
}

/* Adds the series of a segment at e. */
static void add_series(const dkm_secular *s, int64_t i_segment, double e_re, double e_im, sums *N) {
  const int T = s->n_packed;
  const double reach = s->segments[i_segment].reach, *terms = &s->terms[i_segment * (TERMS + 1) * T];
  const double x = e_re / reach, y = e_im / reach;
  double power_re = 1.0, power_im = 0.0, slope_re = 0.0, slope_im = 0.0; /* n e^(n-1) */
  for (int n = 0; n < TERMS; n++) {
    const double *term = &terms[n * T];
    /* d/d lambda = -i d/de */
    const double dr = slope_im / reach, di = -slope_re / reach;
    for (int i = 0; i < T; i++) {
      N->re[i] += power_re * term[i];
      N->im[i] += power_im * term[i];
      N->slope_re[i] += dr * term[i];
      N->slope_im[i] += di * term[i];
    }
    slope_re = (n + 1) * power_re;
    slope_im = (n + 1) * power_im;
    const double re = power_re * x - power_im * y;
    power_im = power_re * y + power_im * x;
    power_re = re;
  }
  for (int i = 0; i < T; i++) N->size[i] += 2.0 * terms[TERMS * T + i];
}

/* The sum over all poles. */
static void sum_of_poles(const dkm_secular *s, dkm_offset z, int64_t skip, sums *N) {
  const size_t bytes = (size_t)s->n_packed * sizeof(double);
  memset(N->re, 0, bytes);
  memset(N->im, 0, bytes);
  memset(N->slope_re, 0, bytes);
  memset(N->slope_im, 0, bytes);
  memset(N->size, 0, bytes);
  const double y = z.base + z.im;
  if (s->n_segments > 0 && y >= 0.0) {
    int64_t i = first_from(s, y) / SEGMENT;
    if (i >= s->n_segments) i = s->n_segments - 1;
    const secular_segment *segment = &s->segments[i];
    /* lambda = i (middle + e) */
    const double e_re = (z.base - segment->middle) + z.im, e_im = -z.re;
    if (segment->reach > 0.0 && e_re * e_re + e_im * e_im <= segment->reach * segment->reach &&
        (skip < 0 || (skip >= segment->near && skip < segment->far))) {
      add_series(s, i, e_re, e_im, N);
      add_poles(s, z, segment->near, segment->far, skip, N);
      return;
    }
  }
  add_poles(s, z, 0, s->n_poles, skip, N);
}

/* Inverse and |det|^2 of a complex matrix [mu*M + nu], overwritten, by elimination with pivots. */
static bool invert(int M, double *re, double *im, double *inverse_re, double *inverse_im, double *det,
                   int64_t *exponent) {
  memset(inverse_re, 0, (size_t)(M * M) * sizeof *inverse_re);
  memset(inverse_im, 0, (size_t)(M * M) * sizeof *inverse_im);
  for (int i = 0; i < M; i++) inverse_re[i * M + i] = 1.0;
  *det = 1.0;
  *exponent = 0;
  for (int k = 0; k < M; k++) {
    int pivot = k;
    double largest = 0.0;
    for (int i = k; i < M; i++) {
      const double size = re[i * M + k] * re[i * M + k] + im[i * M + k] * im[i * M + k];
      if (size > largest) {
        largest = size;
        pivot = i;
      }
    }
    if (!(largest > 0.0) || !isfinite(largest)) return false;
    for (int i = 0; i < M && pivot != k; i++) {
      double *rows[] = {re, im, inverse_re, inverse_im};
      for (int a = 0; a < 4; a++) {
        const double kept = rows[a][k * M + i];
        rows[a][k * M + i] = rows[a][pivot * M + i];
        rows[a][pivot * M + i] = kept;
      }
    }
    int shift;
    *det = frexp(*det * largest, &shift);
    *exponent += shift;
    const double pr = re[k * M + k] / largest, pi = -im[k * M + k] / largest; /* 1/pivot */
    double *kr = &re[k * M], *ki = &im[k * M], *qr = &inverse_re[k * M], *qi = &inverse_im[k * M];
    for (int j = 0; j < M; j++) {
      const double a = kr[j] * pr - ki[j] * pi, b = qr[j] * pr - qi[j] * pi;
      ki[j] = kr[j] * pi + ki[j] * pr;
      kr[j] = a;
      qi[j] = qr[j] * pi + qi[j] * pr;
      qr[j] = b;
    }
    for (int i = 0; i < M; i++) {
      const double fr = re[i * M + k], fi = im[i * M + k];
      if (i == k) continue;
      double *ir = &re[i * M], *ii = &im[i * M], *jr = &inverse_re[i * M], *ji = &inverse_im[i * M];
      for (int j = 0; j < M; j++) {
        ir[j] -= fr * kr[j] - fi * ki[j];
        ii[j] -= fr * ki[j] + fi * kr[j];
        jr[j] -= fr * qr[j] - fi * qi[j];
        ji[j] -= fr * qi[j] + fi * qr[j];
      }
    }
  }
  return true;
}

bool dkm_secular_at(const dkm_secular *s, dkm_offset z, int64_t skip, dkm_secular_value *value) {
  const int M = s->n_modes;
  double re[DKM_MAX_MODES * DKM_MAX_MODES], im[DKM_MAX_MODES * DKM_MAX_MODES];
  sums N;
  sum_of_poles(s, z, skip, &N);
  const double y = z.base + z.im;
  for (int mu = 0; mu < M; mu++) {
    const int i = mu * (mu + 3) / 2;
    const double a = z.re + s->half_kappa[mu], Omega = s->Omega[mu];
    N.re[i] -= (a * a - (y - Omega) * (y + Omega)) / Omega;
    N.im[i] -= 2.0 * a * y / Omega;
    N.slope_re[i] -= 2.0 * a / Omega;
    N.slope_im[i] -= 2.0 * y / Omega;
    N.size[i] += (a * a + y * y + Omega * Omega) / fabs(Omega);
  }
  /* These are -N and -N': the inverse changes its sign, nothing else does. */
  for (int mu = 0; mu < M; mu++)
    for (int nu = 0; nu <= mu; nu++) {
      const int i = mu * (mu + 1) / 2 + nu;
      re[mu * M + nu] = re[nu * M + mu] = -N.re[i];
      im[mu * M + nu] = im[nu * M + mu] = -N.im[i];
    }
  if (!invert(M, re, im, value->inverse_re, value->inverse_im, &value->det, &value->exponent)) return false;
  value->slope_re = value->slope_im = value->rounding = 0.0;
  for (int mu = 0; mu < M; mu++)
    for (int nu = 0; nu < M; nu++) {
      const int i = mu >= nu ? mu * (mu + 1) / 2 + nu : nu * (nu + 1) / 2 + mu;
      const double a = value->inverse_re[mu * M + nu], b = value->inverse_im[mu * M + nu];
      value->slope_re -= a * N.slope_re[i] - b * N.slope_im[i];
      value->slope_im -= a * N.slope_im[i] + b * N.slope_re[i];
      value->rounding += (fabs(a) + fabs(b)) * N.size[i];
    }
  return isfinite(value->slope_re) && isfinite(value->slope_im) && isfinite(value->rounding);
}
