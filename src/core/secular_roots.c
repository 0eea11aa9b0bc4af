/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The roots of the polynomial f of secular.h, all at once.
 *
 * Ehrlich and Aberth: each approximation z_i moves by Newton's step for f/prod_(k != i) (z - z_k),
 *   z_i -= 1/(f'/f - sum_(k != i) 1/(z_i - z_k)),   f'/f = tr N^-1 N' + sum_j 2 r_j z/(z^2 + p_j^2),
 * so that no two of them go to one root; it converges as the third power of the error at simple roots.  Near each pole
 * start as many as it has directions, where the spins that precess there would be damped by modes that do not move
 * else: delta = tr(N_-j^-1 C_j)/(2 i p_j r_j), N_-j the matrix without that pole.  Two more for each mode start
 * where it oscillates alone.  Spins always have a partner at the conjugate, which needs no work of its own; if a pair
 * comes to the real axis it becomes two free numbers.
 *
 * Proof (B. T. Smith, J. ACM 17, 661 (1970)): with W_i = f(z_i)/prod_(k != i) (z_i - z_k) the discs about
 * z_i of radius n |W_i| hold all n roots, and each connected part of their union as many as it has discs.  f is known
 * up to rounding errors, which are added to |W_i|.  So two approximations of one root, or one of none, are noticed by a
 * disc that reaches as far as the root that was missed.
 *
 * References: O. Aberth, Math. Comp. 27, 339 (1973); D. A. Bini, Numer. Algorithms 13, 179 (1996). */
#include "secular_roots.h"

#include <complex.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A fraction of the offset that ends the iteration of a root. */
static const double converged = 1e-14;
/* Where rounding may be this fraction of det N, that is 0. */
static const double rounded = 0.05;
enum { MAX_SWEEPS = 300 };
/* A root with an imaginary part beyond this fraction of its modulus is one of two. */
static const double surely_complex = 1e-6;
/* Rounding errors of an entry of N, of its inverse and of the products: so many of its terms' sum. */
static const double roundings = 16.0 * DBL_EPSILON;
/* A rate is known if the radius is this fraction of it at most (n times what is left of error), or this fraction of the
 * largest modulus, where a matrix leaves rates open too. */
static const double known = 1e-2, neutral = 1e-11;

void dkm_secular_roots_free(dkm_secular_roots *r) {
  free(r->base);
  free(r->re);
  free(r->im);
  free(r->radius);
  free(r->is_found);
  *r = (dkm_secular_roots){0};
}

static dkm_status create(const dkm_secular *s, dkm_secular_roots *r, dkm_error *err) {
  const int64_t n = 2 * s->n_bright + 2 * s->n_modes;
  *r = (dkm_secular_roots){.capacity = n};
  double **arrays[] = {&r->base, &r->re, &r->im, &r->radius};
  r->is_found = calloc((size_t)n, sizeof *r->is_found);
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
    *arrays[i] = calloc((size_t)n, sizeof(double));
    if (!*arrays[i] || !r->is_found) {
      dkm_secular_roots_free(r);
      return dkm_fail(err, DKM_MEMORY, "out of memory for a spectrum");
    }
  }
  return DKM_OK;
}

static dkm_offset number(const dkm_secular_roots *r, int64_t i) {
  return (dkm_offset){r->base[i], r->re[i], r->im[i]};
}

static double modulus(double re, double im) {
  return sqrt(re * re + im * im);
}

/* Of csqrt the last bit may depend on the machine. */
static double complex square_root(double complex z) {
  const double size = modulus(creal(z), cimag(z));
  const double re = sqrt(0.5 * (size + fabs(creal(z)))), im = re > 0.0 ? 0.5 * fabs(cimag(z)) / re : 0.0;
  const double complex root = creal(z) < 0.0 ? im + I * re : re + I * im;
  return cimag(z) < 0.0 ? conj(root) : root;
}

/* ---- starts ---- */

static void add(dkm_secular_roots *r, double base, double re, double im) {
  r->base[r->n] = base;
  r->re[r->n] = re;
  r->im[r->n] = im;
  r->is_found[r->n] = false;
  r->n++;
}

/* tr A and tr A^2, A = N^-1 C_j. */
static void traces(const dkm_secular *s, int64_t j, const dkm_secular_value *value, double complex *first,
                   double complex *second) {
  const int M = s->n_modes;
  const double *C = &s->coupling[j * s->n_packed];
  double complex A[DKM_MAX_MODES * DKM_MAX_MODES];
  *first = *second = 0.0;
  for (int mu = 0; mu < M; mu++)
    for (int nu = 0; nu < M; nu++) {
      double re = 0.0, im = 0.0;
      for (int i = 0; i < M; i++) {
        const double c = C[i >= nu ? i * (i + 1) / 2 + nu : nu * (nu + 1) / 2 + i];
        re += value->inverse_re[mu * M + i] * c;
        im += value->inverse_im[mu * M + i] * c;
      }
      A[mu * M + nu] = re + I * im;
    }
  for (int mu = 0; mu < M; mu++) {
    *first += A[mu * M + mu];
    for (int nu = 0; nu < M; nu++) *second += A[mu * M + nu] * A[nu * M + mu];
  }
}

/* The roots near pole j, on a circle about their mean that is as wide as they scatter. */
static void start_near_pole(const dkm_secular *s, int64_t j, dkm_secular_roots *r) {
  const int rank = s->rank[j];
  const double p = s->pole[j];
  dkm_secular_value value;
  double complex mean = 1e-3 * p, turned = 0.0; /* where that cannot be told: somewhere close by */
  if (dkm_secular_at(s, (dkm_offset){p, 0.0, 0.0}, j, &value)) {
    double complex first, second;
    traces(s, j, &value, &first, &second);
    mean = -I * first / (2.0 * p * rank);
    if (rank > 1) turned = square_root(-second / (4.0 * p * p * rank) - mean * mean) + 1e-3 * mean;
  }
  const double size = modulus(creal(mean), cimag(mean)) + modulus(creal(turned), cimag(turned));
  const double shrink = size > 0.5 * p ? 0.5 * p / size : 1.0;
  for (int i = 0; i < rank; i++) {
    const double complex delta = shrink * (mean + turned);
    add(r, p, creal(delta), cimag(delta));
    /* By 137.5 degrees or, two of them, to the other side. */
    turned *= rank == 2 ? -1.0 : -0.7373688780783197 + 0.6754902942615237 * I;
  }
}

static void start(const dkm_secular *s, dkm_secular_roots *r) {
  r->n = 0;
  for (int64_t j = 0; j < s->n_poles; j++) start_near_pole(s, j, r);
  r->n_pairs = r->n;
  for (int mu = 0; mu < s->n_modes; mu++) { /* not quite conjugate, or they would stay so for ever */
    const double Omega = fabs(s->Omega[mu]);
    const double re = -s->half_kappa[mu] - 1e-3 * Omega;
    add(r, 0.0, re, (1.0 + 1e-3 * (mu + 1)) * Omega);
    add(r, 0.0, re * 1.01, -(1.0 + 2e-3 * (mu + 1)) * Omega);
  }
}

/* ---- iterations ---- */

/* Measures number i from the pole that is nearest, or from 0, whichever is closer. Returns whether that is new. */
static bool rebase(const dkm_secular *s, dkm_secular_roots *r, int64_t i) {
  const double y = r->base[i] + r->im[i], size = fabs(y);
  int64_t low = 0, high = s->n_poles;
  while (low < high) { /* the first pole that is not below |y| */
    const int64_t middle = (low + high) / 2;
    if (s->pole[middle] < size)
      low = middle + 1;
    else
      high = middle;
  }
  double best = r->base[i], nearest = fabs(r->im[i]);
  if (size < nearest) {
    best = 0.0;
    nearest = size;
  }
  for (int64_t j = low - 1; j <= low; j++) {
    if (j < 0 || j >= s->n_poles) continue;
    const double base = y < 0.0 ? -s->pole[j] : s->pole[j], apart = fabs((r->base[i] - base) + r->im[i]);
    if (apart < nearest) {
      nearest = apart;
      best = base;
    }
  }
  if (best == r->base[i]) return false;
  r->im[i] += r->base[i] - best;
  r->base[i] = best;
  return true;
}

/* sum_j r_j 2z/(z^2 + p_j^2) - sum_(k != i) 1/(z - z_k).  Pairs see the mean of the free numbers and of their conjugates,
 * so that both of a pair move alike. */
static double complex sum_of_distances(const dkm_secular *s, const dkm_secular_roots *r, int64_t i) {
  const double base = r->base[i], x = r->re[i], y = r->im[i];
  double re = 0.0, im = 0.0;
  for (int64_t j = 0; j < s->n_poles; j++) {
    const double below = (base - s->pole[j]) + y, above = (base + s->pole[j]) + y, rank = s->rank[j];
    const double a = rank / (x * x + below * below), b = rank / (x * x + above * above);
    re += x * a + x * b;
    im -= below * a + above * b;
  }
  for (int64_t k = 0; k < r->n_pairs; k++) { /* the conjugates */
    const double dx = x - r->re[k], dy = (base + r->base[k]) + (y + r->im[k]), a = 1.0 / (dx * dx + dy * dy);
    re -= dx * a;
    im += dy * a;
  }
  for (int part = 0; part < 2; part++) {
    const int64_t first = part == 0 ? 0 : i + 1, end = part == 0 ? i : r->n;
    for (int64_t k = first; k < end; k++) {
      const double dx = x - r->re[k], dy = (base - r->base[k]) + (y - r->im[k]);
      const double a = (k < r->n_pairs || i >= r->n_pairs ? 1.0 : 0.5) / (dx * dx + dy * dy);
      re -= dx * a;
      im += dy * a;
    }
  }
  for (int64_t k = r->n_pairs; k < r->n && i < r->n_pairs; k++) {
    const double dx = x - r->re[k], dy = (base + r->base[k]) + (y + r->im[k]), a = 0.5 / (dx * dx + dy * dy);
    re -= dx * a;
    im += dy * a;
  }
  return re + I * im;
}

/* Moves number i by as much aside, in a direction of its own. */
static void step_aside(dkm_secular_roots *r, int64_t i, double much) {
  r->re[i] += much;
  r->im[i] += (0.7 + 0.1 * (double)(i % 13)) * much;
}

/* Moves number i.  Returns whether it has come to rest. */
static bool improve(const dkm_secular *s, dkm_secular_roots *r, int64_t i) {
  dkm_secular_value value;
  const double size = modulus(r->re[i], r->im[i]), y = r->base[i] + r->im[i];
  const double complex others = sum_of_distances(s, r, i);
  if (!(size > 0.0) || !isfinite(creal(others)) || !isfinite(cimag(others))) { /* on a pole or on another number */
    step_aside(r, i, 1e-9 * (size > 0.0 ? size : r->base[i] != 0.0 ? fabs(r->base[i]) : s->half_kappa[0]));
    return false;
  }
  if (!dkm_secular_at(s, number(r, i), -1, &value)) { /* on a root */
    step_aside(r, i, 4.0 * DBL_EPSILON * size);
    return false;
  }
  if (DBL_EPSILON * value.rounding >= rounded) return true;
  const double re = value.slope_re + creal(others), im = value.slope_im + cimag(others), square = re * re + im * im;
  double dx = re / square, dy = -im / square;
  const double step = modulus(dx, dy), longest = 0.5 * (modulus(r->re[i], y) + s->half_kappa[0]);
  if (!(step <= longest)) { /* some of its own size, at most */
    dx = step < INFINITY ? dx * longest / step : longest;
    dy = step < INFINITY ? dy * longest / step : longest;
  }
  r->re[i] -= dx;
  r->im[i] -= dy;
  return !rebase(s, r, i) && step <= converged * size;
}

static void exchange(dkm_secular_roots *r, int64_t i, int64_t k) {
  double *arrays[] = {r->base, r->re, r->im};
  const bool is_found = r->is_found[i];
  r->is_found[i] = r->is_found[k];
  r->is_found[k] = is_found;
  for (size_t a = 0; a < sizeof arrays / sizeof *arrays; a++) {
    const double kept = arrays[a][i];
    arrays[a][i] = arrays[a][k];
    arrays[a][k] = kept;
  }
}

/* A pair on or across the real axis becomes two numbers. */
static void part_pairs(dkm_secular_roots *r) {
  for (int64_t i = 0; i < r->n_pairs; i++) {
    if (r->base[i] + r->im[i] > 0.0) continue;
    exchange(r, i, r->n_pairs - 1);
    const int64_t k = --r->n_pairs;
    const double shift = 0.1 * modulus(r->re[k], r->base[k] + r->im[k]);
    r->is_found[k] = false;
    add(r, -r->base[k], r->re[k] + shift, -r->im[k] + 0.3 * shift);
    i--;
  }
}

/* Makes two free numbers of a pair that still moves. Returns whether there is one. */
static bool free_a_pair(dkm_secular_roots *r) {
  for (int64_t i = 0; i < r->n_pairs; i++) {
    if (r->is_found[i]) continue;
    exchange(r, i, r->n_pairs - 1);
    const int64_t k = --r->n_pairs;
    add(r, -r->base[k], r->re[k], -r->im[k]);
    return true;
  }
  return false;
}

/* A free root that is not real and the free number nearest to its conjugate become a pair.  If none is free, as where
 * two of them have found roots that are not conjugate, a pair that still moves gives one. */
static void join_pairs(dkm_secular_roots *r) {
  for (int64_t i = r->n_pairs; i < r->n; i++) {
    const double x = r->re[i], y = r->base[i] + r->im[i], size = modulus(x, y);
    if (!r->is_found[i] || fabs(y) <= surely_complex * size) continue;
    int64_t partner = -1;
    double nearest = INFINITY;
    for (int64_t k = r->n_pairs; k < r->n; k++) {
      const double dx = x - r->re[k], dy = (r->base[i] + r->base[k]) + (r->im[i] + r->im[k]);
      const double apart = modulus(dx, dy);
      if (k == i || !(apart < nearest) || (r->is_found[k] && apart > surely_complex * size)) continue;
      nearest = apart;
      partner = k;
    }
    if (partner < 0 && free_a_pair(r)) partner = r->n - 1;
    if (partner < 0) continue;
    if (y < 0.0) {
      r->base[i] = -r->base[i];
      r->im[i] = -r->im[i];
    }
    exchange(r, partner, r->n - 1);
    if (i == r->n - 1) i = partner;
    r->n--;
    exchange(r, i, r->n_pairs);
    i = r->n_pairs++;
  }
}

static int64_t count_moving(const dkm_secular_roots *r) {
  int64_t n = 0;
  for (int64_t i = 0; i < r->n; i++) n += !r->is_found[i];
  return n;
}

dkm_status dkm_secular_roots_find(const dkm_secular *s, dkm_secular_roots *out, dkm_error *err) {
  dkm_status status = create(s, out, err);
  if (status != DKM_OK) return status;
  start(s, out);
  int64_t n_moving = count_moving(out);
  for (out->sweeps = 0; n_moving > 0 && out->sweeps < MAX_SWEEPS; out->sweeps++) {
    for (int64_t i = 0; i < out->n; i++)
      if (!out->is_found[i]) out->is_found[i] = improve(s, out, i);
    part_pairs(out);
    join_pairs(out);
    n_moving = count_moving(out);
  }
  if (n_moving > 0)
    status = dkm_fail(err, DKM_NUMERIC, "no spectrum: %lld of %lld eigenvalues did not converge", (long long)n_moving,
                      (long long)(out->n + out->n_pairs));
  else
    status = dkm_secular_roots_prove(s, out, err);
  if (status != DKM_OK) dkm_secular_roots_free(out);
  return status;
}

/* ---- proof ---- */

/* Multiplies mantissa 2^exponent. */
static void multiply(double factor, double *mantissa, int64_t *exponent) {
  *mantissa *= factor;
  if (*mantissa > 1e-100 && *mantissa < 1e100) return;
  int shift;
  *mantissa = frexp(*mantissa, &shift);
  *exponent += shift;
}

/* |W_i| with what rounding may add to it. */
static double weierstrass(const dkm_secular *s, const dkm_secular_roots *r, int64_t i) {
  const double base = r->base[i], x = r->re[i], y = r->im[i];
  dkm_secular_value value;
  dkm_offset z = number(r, i);
  if (!dkm_secular_at(s, z, -1, &value)) {
    z.re += 4.0 * DBL_EPSILON * modulus(x, y); /* right on a root */
    if (!dkm_secular_at(s, z, -1, &value)) return INFINITY;
  }
  double product = value.det;
  int64_t exponent = value.exponent;
  for (int mu = 0; mu < s->n_modes; mu++) multiply(s->Omega[mu] * s->Omega[mu], &product, &exponent);
  for (int64_t j = 0; j < s->n_poles; j++) {
    const double below = (base - s->pole[j]) + y, above = (base + s->pole[j]) + y;
    for (int k = 0; k < s->rank[j]; k++)
      multiply((x * x + below * below) * (x * x + above * above), &product, &exponent);
  }
  for (int64_t k = 0; k < r->n; k++) {
    const double dx = x - r->re[k], difference = (base - r->base[k]) + (y - r->im[k]);
    const double sum = (base + r->base[k]) + (y + r->im[k]);
    const double apart = dx * dx + difference * difference, from_conjugate = dx * dx + sum * sum;
    double square = k == i ? 1.0 : apart;
    if (k < r->n_pairs)
      square *= from_conjugate;
    else if (i < r->n_pairs && from_conjugate < apart)
      square = from_conjugate; /* what the conjugate of a pair sees of a free number: the larger of both discs */
    multiply(1.0 / square, &product, &exponent);
  }
  if (exponent % 2 != 0) {
    product *= 2.0;
    exponent--;
  }
  const double W = sqrt(product);
  if (exponent > 2000) return INFINITY;
  return (exponent < -2000 ? 0.0 : ldexp(W, (int)(exponent / 2))) * (1.0 + roundings * value.rounding);
}

dkm_status dkm_secular_roots_prove(const dkm_secular *s, dkm_secular_roots *r, dkm_error *err) {
  const double n = (double)(2 * s->n_bright + 2 * s->n_modes);
  double scale = 0.0, sum = 0.0;
  if ((double)(r->n + r->n_pairs) != n)
    return dkm_fail(err, DKM_NUMERIC, "no spectrum: %lld of %.0f eigenvalues", (long long)(r->n + r->n_pairs), n);
  for (int64_t i = 0; i < r->n; i++) {
    const double size = modulus(r->re[i], r->base[i] + r->im[i]);
    if (size > scale) scale = size;
    sum += i < r->n_pairs ? 2.0 * r->re[i] : r->re[i];
  }
  for (int mu = 0; mu < s->n_modes; mu++) sum += 2.0 * s->half_kappa[mu];
  double worst = 0.0;
  int64_t n_open = 0;
  for (int64_t i = 0; i < r->n; i++) {
    r->radius[i] = n * weierstrass(s, r, i);
    if (r->radius[i] <= known * fabs(r->re[i]) || r->radius[i] <= neutral * scale) continue;
    n_open++;
    if (!(r->radius[i] <= worst)) worst = r->radius[i];
  }
  if (n_open > 0)
    return dkm_fail(err, DKM_NUMERIC, "no spectrum: %lld of %lld eigenvalues are not certain (radius %.3g of %.3g)",
                    (long long)n_open, (long long)r->n, worst, scale);
  if (!(fabs(sum) <= n * neutral * scale))
    return dkm_fail(err, DKM_NUMERIC, "no spectrum: eigenvalues miss their sum by %.3g of %.3g", sum, scale);
  return DKM_OK;
}
