/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ensemble_body: the Taylor integrator, once, for every instruction set.
 *
 * The file that includes this defines the vector type `vec` of LANES doubles, `fma_`,
 * `max_` and the name KERNEL.  Everything else is GCC's vector arithmetic.  All fused multiply-adds are
 * explicit and all sums are in a fixed order, so that every instruction set gives the same
 * bits; step sizes need powers, and take them from exponents and short polynomials below instead of a
 * vector math library, whose last bits differ between instruction sets.
 *
 * Method (Taylor series; Jorba and Zou 2005 for the step).  The right-hand side is
 * quadratic, so the normalised derivatives follow from convolutions: with H = 2 g0 h_k
 *
 *   (n+1) X[n+1] = - sum_j H[j] Y[n-j]
 *   (n+1) Y[n+1] = + sum_j H[j] X[n-j] - 2 Omega Z[n]
 *   (n+1) Z[n+1] = 2 Omega Y[n]
 *   (n+1) R[n+1] = Omega_mu I[n] - (kappa_mu/2) R[n]
 *   (n+1) I[n+1] = -Omega_mu R[n] - (kappa_mu/2) I[n] - g0 sum_k w_k f_{mu,k} Z[n]
 *
 * Four orders at once.  A change of y_k takes three more derivatives to come back to it:
 * Y[n] -> Z[n+1] -> I[n+2] -> R[n+3], H[n+3].  So if X and Y are known up to order m, H is
 * known up to m+3, and every class can go to order m+4 on its own.  One sweep over the classes
 * thus does four orders: 8 fused multiply-adds for 3 loads in the convolutions, P/4 sweeps
 * a step, and the sums over the classes are formed while their terms are in registers.
 *
 * After each step every spin is brought back to its conserved length.
 *
 * References: A. Jorba and M. Zou, Exp. Math. 14, 99 (2005). */
#include <stdint.h>
#include <string.h>

#include "ensemble.h"

#define INLINE static inline __attribute__((always_inline))
typedef int64_t ivec __attribute__((vector_size(sizeof(vec))));

INLINE vec set(double a) {
  return a - (vec){0};
}
INLINE vec load(const double *p) {
  return *(const vec *)p;
}
INLINE void store(double *p, vec a) {
  *(vec *)p = a;
}
INLINE vec abs_(vec a) {
  return (vec)((ivec)a & (INT64_MAX - (ivec){0}));
}
INLINE vec choose(ivec mask, vec yes, vec no) {
  return (vec)((mask & (ivec)yes) | (~mask & (ivec)no));
}
INLINE vec min_(vec a, vec b) {
  return -max_(-a, -b);
}

/* log2(a) within 1e-2 for normal a > 0: the exponent, and a parabola that meets log2 at the mantissas 1, sqrt 2
 * and 2. A step is the 1/P-th power of such a number: 0.05 % of accuracy. */
INLINE vec log2_rough(vec a) {
  const ivec bits = (ivec)a;
  /* The exponent field as a double: or-ing it into 2^52 writes it into the lowest bits. */
  const vec exponent = (vec)((int64_t)0x4330000000000000 | (ivec)((bits >> 52) & 0x7ff)) - set(0x1p52 + 1023.0);
  const vec mantissa = (vec)((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  return exponent + fma_(fma_(set(-0.35355339), mantissa, set(2.06066017)), mantissa, set(-1.70710678));
}

/* 2^a within 1e-3 for |a| < 1000: 2^round(a) times a cubic. */
INLINE vec exp2_rough(vec a) {
  const vec shifted = a + set(0x1.8p52); /* its lowest bits hold round(a) */
  const vec f = a - (shifted - set(0x1.8p52));
  const vec p = fma_(fma_(fma_(set(0.0555), f, set(0.2402)), f, set(0.69315)), f, set(1.0));
  return (vec)((ivec)p + ((ivec)shifted << 52));
}

/* ---- sums over the classes while they pass by -------------------------------------------
 * Classes are taken in groups of 8 (or all of them, if there are fewer), a group being the
 * lowest three bits of k.  Within a group both sums are unrolled butterflies.  Between groups, h_k without
 * its lowest bits is formed again only below the lowest bit that turned, and overlap sums
 * are collected as a binary counter collects carries: two neighbours of height l merge into
 * one of height l+1, (T, s_0 ... s_{l-1}) and (T', s') into (T + T', s + s', T - T').
 * Both give the bits of dkm_patterns_fields and dkm_patterns_sums. */
enum { BLOCK = 4, GROUP_BITS = 3 }; /* BLOCK: orders a sweep */

typedef struct fields {
  vec amplitude[DKM_MAX_MODES][BLOCK]; /* 4 g0 R, by bit of k */
  vec partial[DKM_MAX_MODES + 1][BLOCK]; /* h from the bits >= index */
} fields;

typedef struct sums {
  vec total[DKM_MAX_MODES + 1][BLOCK];
  vec s[DKM_MAX_MODES + 1][DKM_MAX_MODES][BLOCK]; /* [height][bit] */
} sums;

INLINE int bits_of(const dkm_patterns *p) {
  return p->mapping == DKM_GAUGED ? p->n_modes - 1 : p->n_modes;
}

/* Brings partial[low] to the group that begins with class k. */
INLINE void fields_move_to(fields *f, int bits, int low, int64_t k) {
  int top = k == 0 ? bits : __builtin_ctzll((unsigned long long)k) + 1;
  for (int b = top - 1; b >= low; b--)
    for (int i = 0; i < BLOCK; i++)
      f->partial[b][i] = (k >> b) & 1 ? f->partial[b + 1][i] - f->amplitude[b][i]
                                      : f->partial[b + 1][i] + f->amplitude[b][i];
}

/* h of the 2^low classes of a group, one order, to p, p + stride, ... */
INLINE void spread(const fields *f, const int low, int i, double *p, size_t stride) {
  vec h[1 << GROUP_BITS];
  h[0] = f->partial[low][i];
#pragma GCC unroll 8
  for (int b = low - 1; b >= 0; b--)
#pragma GCC unroll 8
    for (int j = (1 << (low - 1 - b)) - 1; j >= 0; j--) {
      vec partial = h[j];
      h[2 * j] = partial + f->amplitude[b][i];
      h[2 * j + 1] = partial - f->amplitude[b][i];
    }
#pragma GCC unroll 8
  for (int j = 0; j < 1 << low; j++) store(p + (size_t)j * stride, h[j]);
}

/* The sums over the 2^low values at p, p + stride, ...: total and s[0 ... low-1]. */
INLINE void gather(const int low, const double *p, size_t stride, vec *total, vec *s) {
  vec t[1 << GROUP_BITS], d[1 << GROUP_BITS];
#pragma GCC unroll 8
  for (int j = 0; j < 1 << low; j++) t[j] = load(p + (size_t)j * stride);
#pragma GCC unroll 8
  for (int b = 0; b < low; b++) {
#pragma GCC unroll 8
    for (int j = 0; j < 1 << (low - 1 - b); j++) {
      d[j] = t[2 * j] - t[2 * j + 1];
      t[j] = t[2 * j] + t[2 * j + 1];
    }
#pragma GCC unroll 8
    for (int n = 1 << (low - 1 - b); n > 1; n /= 2)
#pragma GCC unroll 8
      for (int j = 0; j < n / 2; j++) d[j] = d[2 * j] + d[2 * j + 1];
    s[b] = d[0];
  }
  *total = t[0];
}

/* Adds the group that begins with class k; its values of order i stand at p + i LANES, those
 * of its next class a stride further. */
INLINE void sums_add_group(sums *c, const int low, int64_t k, const double *p, size_t stride, const int n_orders) {
  vec total[BLOCK], s[DKM_MAX_MODES][BLOCK], group[GROUP_BITS + 1];
#pragma GCC unroll 4
  for (int i = 0; i < n_orders; i++) {
    gather(low, p + i * LANES, stride, &total[i], group);
#pragma GCC unroll 3
    for (int b = 0; b < low; b++) s[b][i] = group[b];
  }
  int height = low;
  for (int64_t left = k >> low; left & 1; left >>= 1, height++) {
    for (int b = 0; b < height; b++)
      for (int i = 0; i < n_orders; i++) s[b][i] = c->s[height][b][i] + s[b][i];
    for (int i = 0; i < n_orders; i++) {
      s[height][i] = c->total[height][i] - total[i];
      total[i] = c->total[height][i] + total[i];
    }
  }
  for (int i = 0; i < n_orders; i++) c->total[height][i] = total[i];
  for (int b = 0; b < height; b++)
    for (int i = 0; i < n_orders; i++) c->s[height][b][i] = s[b][i];
}

/* Overlap sums out of the counter: bit b belongs to mode M-1-b, the total to a uniform row. */
INLINE vec collected(const sums *c, const dkm_patterns *p, int bits, int mu, int i) {
  int b = p->n_modes - 1 - mu;
  return b < bits ? c->s[bits][b][i] : c->total[bits][i];
}

/* ---- Taylor coefficients ----------------------------------------------------------------- */

/* 1/n */
static const double inverse[ENSEMBLE_MAX_ORDER + 4] = {
    0.0,      1.0 / 1,  1.0 / 2,  1.0 / 3,  1.0 / 4,  1.0 / 5,  1.0 / 6,  1.0 / 7,  1.0 / 8,  1.0 / 9,  1.0 / 10,
    1.0 / 11, 1.0 / 12, 1.0 / 13, 1.0 / 14, 1.0 / 15, 1.0 / 16, 1.0 / 17, 1.0 / 18, 1.0 / 19, 1.0 / 20, 1.0 / 21,
    1.0 / 22, 1.0 / 23, 1.0 / 24, 1.0 / 25, 1.0 / 26, 1.0 / 27};

/* Adds one known order to four convolutions: a += (w0 ... w3) y, b += (w0 ... w3) x. */
INLINE void convolve(vec *a, vec *b, vec w0, vec w1, vec w2, vec w3, vec x, vec y) {
  a[0] = fma_(w0, y, a[0]);
  b[0] = fma_(w0, x, b[0]);
  a[1] = fma_(w1, y, a[1]);
  b[1] = fma_(w1, x, b[1]);
  a[2] = fma_(w2, y, a[2]);
  b[2] = fma_(w2, x, b[2]);
  a[3] = fma_(w3, y, a[3]);
  b[3] = fma_(w3, x, b[3]);
}

/* X[m+1 ... m+4], Y[m+1 ... m+4] of one class from X, Y up to order m and H up to m+3; raises
 * the norms of the last order and the one before. */
INLINE void class_orders(const ensemble *e, double *block, const int P, int m, vec *norm, vec *norm_before) {
  double *H = block, *X = H + P * LANES, *Y = X + (P + 1) * LANES;
  vec w0 = load(H + m * LANES), w1 = load(H + (m + 1) * LANES), w2 = load(H + (m + 2) * LANES),
      w3 = load(H + (m + 3) * LANES);
  const vec x0 = load(X), y0 = load(Y);
  vec a[BLOCK] = {w0 * y0, w1 * y0, w2 * y0, w3 * y0}; /* sum H Y */
  vec b[BLOCK] = {w0 * x0, w1 * x0, w2 * x0, w3 * x0}; /* sum H X */
  /* The window w over H slides down by one as the order q of X, Y rises; m is a multiple of 4. */
  for (int q = 1; q < m; q += 4) {
    const double *h = H + (m - q) * LANES, *x = X + q * LANES, *y = Y + q * LANES;
    w3 = load(h);
    convolve(a, b, w3, w0, w1, w2, load(x), load(y));
    w2 = load(h - LANES);
    convolve(a, b, w2, w3, w0, w1, load(x + LANES), load(y + LANES));
    w1 = load(h - 2 * LANES);
    convolve(a, b, w1, w2, w3, w0, load(x + 2 * LANES), load(y + 2 * LANES));
    w0 = load(h - 3 * LANES);
    convolve(a, b, w0, w1, w2, w3, load(x + 3 * LANES), load(y + 3 * LANES));
  }
  /* Now w = H[0 ... 3]; what is left are the terms with the orders found here. */
  vec x1 = set(-inverse[m + 1]) * a[0], y1;
  if (m == 0)
    y1 = fma_(-load(e->two_Omega), load(Y + (P + 1) * LANES), b[0]);
  else
    y1 = fma_(-load(e->rotation[m]), load(Y + (m - 1) * LANES), set(inverse[m + 1]) * b[0]);
  a[1] = fma_(w0, y1, a[1]);
  b[1] = fma_(w0, x1, b[1]);
  vec x2 = set(-inverse[m + 2]) * a[1];
  vec y2 = fma_(-load(e->rotation[m + 1]), load(Y + m * LANES), set(inverse[m + 2]) * b[1]);
  a[2] = fma_(w0, y2, fma_(w1, y1, a[2]));
  b[2] = fma_(w0, x2, fma_(w1, x1, b[2]));
  vec x3 = set(-inverse[m + 3]) * a[2];
  vec y3 = fma_(-load(e->rotation[m + 2]), y1, set(inverse[m + 3]) * b[2]);
  a[3] = fma_(w0, y3, fma_(w1, y2, fma_(w2, y1, a[3])));
  b[3] = fma_(w0, x3, fma_(w1, x2, fma_(w2, x1, b[3])));
  vec x4 = set(-inverse[m + 4]) * a[3];
  vec y4 = fma_(-load(e->rotation[m + 3]), y2, set(inverse[m + 4]) * b[3]);
  X += (m + 1) * LANES;
  Y += (m + 1) * LANES;
  store(X, x1);
  store(Y, y1);
  store(X + LANES, x2);
  store(Y + LANES, y2);
  store(X + 2 * LANES, x3);
  store(Y + 2 * LANES, y3);
  store(X + 3 * LANES, x4);
  store(Y + 3 * LANES, y4);
  if (m + BLOCK == P) {
    *norm = max_(*norm, max_(abs_(x4), abs_(y4)));
    *norm_before = max_(*norm_before, max_(abs_(x3), abs_(y3)));
  }
}

/* I[n+2] and R[n+3] of one mode from sum_k f_{mu,k} Z[n+1], for n = first ... first+count-1. */
INLINE void mode_orders(const ensemble *e, const int P, int mu, int first, int count, const vec *sum_z) {
  double *R = e->modes + (size_t)mu * ensemble_mode_vectors(P) * LANES, *I = R + (P + 1) * LANES;
  const vec Omega_mu = load(e->Omega_mu[mu]), half_kappa = load(e->half_kappa[mu]);
  const vec g_weight = load(e->g0) * set(e->patterns.weight);
  vec i1 = load(I + (first + 1) * LANES), r1 = load(R + (first + 1) * LANES), r2 = load(R + (first + 2) * LANES);
#pragma GCC unroll 4
  for (int i = 0; i < count; i++) {
    const int n = first + i;
    i1 = fma_(g_weight, sum_z[i], fma_(half_kappa, i1, Omega_mu * r1)) * set(-inverse[n + 2]);
    r1 = r2;
    r2 = fma_(Omega_mu, i1, -(half_kappa * r2)) * set(inverse[n + 3]);
    store(I + (n + 2) * LANES, i1);
    if (n + 3 <= P) store(R + (n + 3) * LANES, r2);
  }
}

/* The orders of the modes that follow from the state alone: R[1 ... 3], I[1], I[2]. */
INLINE void modes_begin(const ensemble *e, int P) {
  const vec g_weight = load(e->g0) * set(e->patterns.weight), two_Omega = load(e->two_Omega);
  for (int mu = 0; mu < e->patterns.n_modes; mu++) {
    double *R = e->modes + (size_t)mu * ensemble_mode_vectors(P) * LANES, *I = R + (P + 1) * LANES;
    const vec Omega_mu = load(e->Omega_mu[mu]), half_kappa = load(e->half_kappa[mu]);
    vec r0 = load(R), i0 = load(I);
    vec i1 = -fma_(g_weight, load(e->sum_z[mu]), fma_(half_kappa, i0, Omega_mu * r0));
    vec r1 = fma_(Omega_mu, i0, -(half_kappa * r0));
    store(I + LANES, i1);
    store(R + LANES, r1);
    store(R + 2 * LANES, fma_(Omega_mu, i1, -(half_kappa * r1)) * set(inverse[2]));
    const vec sum_z1 = two_Omega * load(e->sum_y[mu]);
    mode_orders(e, P, mu, 0, 1, &sum_z1);
  }
}

/* One group of 2^low classes in a sweep. */
INLINE void sweep_group(ensemble *e, sums *c, fields *f, const int low, int64_t k, const int P, int m, vec *norm,
                        vec *norm_before) {
  const size_t stride = (size_t)ensemble_class_vectors(P) * LANES;
  double *block = e->classes + (size_t)k * stride;
  fields_move_to(f, bits_of(&e->patterns), low, k);
#pragma GCC unroll 4
  for (int i = 0; i < BLOCK; i++) spread(f, low, i, block + (m + i) * LANES, stride);
#pragma GCC unroll 1
  for (int j = 0; j < 1 << low; j++) class_orders(e, block + (size_t)j * stride, P, m, norm, norm_before);
  const double *Y = block + (P + P + 1 + m + 1) * LANES;
  if (m + BLOCK == P)
    sums_add_group(c, low, k, Y, stride, 2);
  else
    sums_add_group(c, low, k, Y, stride, BLOCK);
}

/* One sweep over the classes: orders m+1 ... m+4 of all of them, then of the modes. In the
 * last sweep the norms of orders P and P-1 are raised. */
INLINE void sweep(ensemble *e, sums *c, fields *f, const int P, int m, vec *norm, vec *norm_before) {
  const dkm_patterns *p = &e->patterns;
  const int M = p->n_modes, bits = bits_of(p);
  for (int i = 0; i < BLOCK; i++) {
    f->partial[bits][i] = (vec){0};
    for (int mu = 0; mu < M; mu++) {
      const int b = M - 1 - mu;
      vec amplitude = load(e->four_g0) * load(e->modes + ((size_t)mu * ensemble_mode_vectors(P) + m + i) * LANES);
      *(b < bits ? &f->amplitude[b][i] : &f->partial[bits][i]) = amplitude;
    }
  }
  switch (bits) {
  case 0: sweep_group(e, c, f, 0, 0, P, m, norm, norm_before); break;
  case 1: sweep_group(e, c, f, 1, 0, P, m, norm, norm_before); break;
  case 2: sweep_group(e, c, f, 2, 0, P, m, norm, norm_before); break;
  default:
    for (int64_t k = 0; k < p->n_classes; k += 1 << GROUP_BITS)
      sweep_group(e, c, f, GROUP_BITS, k, P, m, norm, norm_before);
  }
  const int count = m + BLOCK == P ? 2 : BLOCK; /* two more would give modes beyond order P */
  for (int mu = 0; mu < M; mu++) {
    vec sum[BLOCK] = {{0}};
#pragma GCC unroll 4
    for (int i = 0; i < count; i++)
      sum[i] = load(e->two_Omega) * set(inverse[m + i + 2]) * collected(c, p, bits, mu, i);
    mode_orders(e, P, mu, m + 1, count, sum);
  }
}

/* ---- one step ------------------------------------------------------------------------------ */

/* Step from the last two orders (Jorba and Zou, Eq. 3-8): both of their terms at most
 * tolerance * scale, with scale = 1 for the spins and the largest amplitude for the modes if
 * that is larger.
 *
 * Near a fixed point that alone would let steps grow until small deviations are no longer
 * followed, only bounded.  A polynomial of order P = 4n multiplies an oscillation of
 * frequency w by exp(i h w) (1 - i r), r = (h w)^(P+1)/(P+1)!, that is its amplitude by
 * 1 - r sin(h w) a step.  `calm` bounds h w such that r <= 1e-7: relaxation is followed down
 * to rates of some 1e-6 of the frequency. */
INLINE vec step_size(const ensemble *e, const int P, vec norm, vec norm_before) {
  static const double calm[ENSEMBLE_MAX_ORDER / 4 + 1] = {0.0, 0.104, 0.692, 1.64, 2.78, 4.03, 5.34};
  vec scale = set(1.0), field = {0};
  for (int mu = 0; mu < e->patterns.n_modes; mu++) {
    const double *R = e->modes + (size_t)mu * ensemble_mode_vectors(P) * LANES, *I = R + (P + 1) * LANES;
    norm = max_(norm, max_(abs_(load(R + P * LANES)), abs_(load(I + P * LANES))));
    norm_before = max_(norm_before, max_(abs_(load(R + (P - 1) * LANES)), abs_(load(I + (P - 1) * LANES))));
    vec r0 = abs_(load(R));
    scale = max_(scale, max_(r0, abs_(load(I))));
    field = field + r0;
  }
  const vec goal = log2_rough(scale * set(e->tolerance));
  vec by_last = (goal - log2_rough(norm)) * set(1.0 / P);
  vec by_before = (goal - log2_rough(norm_before)) * set(1.0 / (P - 1));
  /* Precession at 2|B_k| = hypot(2 Omega, 2 g0 h_k) <= larger + smaller/2. */
  const vec one = abs_(load(e->two_Omega)), other = load(e->four_g0) * field;
  const vec frequency = max_(load(e->frequency), fma_(min_(one, other), set(0.5), max_(one, other)));
  return min_(exp2_rough(min_(by_last, by_before)), set(calm[P / 4]) / frequency);
}

/* Brings a spin back to its conserved length, |m|^2 = 1/(2 Q), along its part transverse to
 * the field b = (2 Omega, 0, 2 g0 h_k): m . b, its energy, stays as it is.  (Scaling the
 * spin as a whole would conserve the length just as well, but it turns the error in the
 * length into one in the energy; the error at the end of a run was 10 times larger then.)
 * A spin that is almost aligned has no transverse part to speak of and is scaled.
 *
 * With d = (|m|^2_exact - |m|^2)/2 and p = |b|^2 m_transverse: m += d |b|^2 p/|p|^2. */
INLINE void restore_length(vec *x, vec *y, vec *z, vec Q, vec two_Omega, vec field) {
  const vec square = fma_(*x, *x, fma_(*y, *y, *z * *z));
  const vec b_square = fma_(field, field, two_Omega * two_Omega);
  const vec along = fma_(two_Omega, *x, field * *z);
  const vec px = fma_(b_square, *x, -(along * two_Omega)), py = b_square * *y, pz = fma_(b_square, *z, -(along * field));
  const vec p_square = fma_(px, px, fma_(py, py, pz * pz));
  const ivec aligned = p_square <= set(0.02) * b_square * b_square * square;
  const vec relative = fma_(-square, Q, set(0.5)); /* d/|m|^2_exact */
  const vec factor = choose(aligned, relative, relative * square * b_square / choose(aligned, set(1.0), p_square));
  *x = fma_(factor, choose(aligned, *x, px), *x);
  *y = fma_(factor, choose(aligned, *y, py), *y);
  *z = fma_(factor, choose(aligned, *z, pz), *z);
}

/* New states of N neighbouring classes at t + h: two at a time, since the chains of
 * multiply-adds of a single one would wait for each other. */
INLINE void classes_update(double *block, const int N, size_t stride, const int P, vec h, vec two_Omega,
                           const vec *z_factor) {
  vec x[2], y[2], z[2];
#pragma GCC unroll 2
  for (int j = 0; j < N; j++) {
    const double *X = block + j * stride + P * LANES;
    x[j] = load(X + P * LANES);
    y[j] = load(X + (2 * P + 1) * LANES);
    z[j] = (vec){0};
  }
#pragma GCC unroll 4
  for (int n = P - 1; n >= 0; n--) {
    const vec factor = z_factor[n];
#pragma GCC unroll 2
    for (int j = 0; j < N; j++) {
      const double *X = block + j * stride + (P + n) * LANES;
      const vec yn = load(X + (P + 1) * LANES);
      x[j] = fma_(x[j], h, load(X));
      z[j] = fma_(factor, yn, z[j]);
      y[j] = fma_(y[j], h, yn);
    }
  }
#pragma GCC unroll 2
  for (int j = 0; j < N; j++) {
    double *X = block + j * stride + P * LANES, *Y = X + (P + 1) * LANES, *Z = Y + (P + 1) * LANES;
    z[j] = z[j] + load(Z);
    restore_length(&x[j], &y[j], &z[j], load(Z + LANES), two_Omega, load(block + j * stride));
    store(X, x[j]);
    store(Y, y[j]);
    store(Z, z[j]);
  }
}

INLINE void update_group(ensemble *e, sums *c, const int low, int64_t k, const int P, vec h, const vec *z_factor) {
  const size_t stride = (size_t)ensemble_class_vectors(P) * LANES;
  const int at_once = low > 0 ? 2 : 1;
  double *block = e->classes + (size_t)k * stride, pair[(1 << GROUP_BITS) * 2 * LANES] __attribute__((aligned(64)));
#pragma GCC unroll 1
  for (int j = 0; j < 1 << low; j += at_once) {
    classes_update(block + j * stride, at_once, stride, P, h, load(e->two_Omega), z_factor);
    for (int i = j; i < j + at_once; i++) {
      store(pair + 2 * i * LANES, load(block + i * stride + (P + 2 * (P + 1)) * LANES));
      store(pair + (2 * i + 1) * LANES, load(block + i * stride + (P + (P + 1)) * LANES));
    }
  }
  sums_add_group(c, low, k, pair, 2 * LANES, 2);
}

/* New state at t + h from the coefficients, and its sums of z (first) and y (second). */
INLINE void update(ensemble *e, sums *c, const int P, vec h) {
  const dkm_patterns *p = &e->patterns;
  const int M = p->n_modes, bits = bits_of(p);
  vec z_factor[ENSEMBLE_MAX_ORDER], power = load(e->two_Omega); /* 2 Omega h^(n+1)/(n+1) */
  for (int n = 0; n < P; n++) {
    power = power * h;
    z_factor[n] = power * set(inverse[n + 1]);
  }
  switch (bits) {
  case 0: update_group(e, c, 0, 0, P, h, z_factor); break;
  case 1: update_group(e, c, 1, 0, P, h, z_factor); break;
  case 2: update_group(e, c, 2, 0, P, h, z_factor); break;
  default:
    for (int64_t k = 0; k < p->n_classes; k += 1 << GROUP_BITS) update_group(e, c, GROUP_BITS, k, P, h, z_factor);
  }
  vec finite = load(e->finite);
  for (int mu = 0; mu < M; mu++) {
    double *R = e->modes + (size_t)mu * ensemble_mode_vectors(P) * LANES, *I = R + (P + 1) * LANES;
    vec r = load(R + P * LANES), i = load(I + P * LANES);
#pragma GCC unroll 4
    for (int n = P - 1; n >= 0; n--) {
      r = fma_(r, h, load(R + n * LANES));
      i = fma_(i, h, load(I + n * LANES));
    }
    store(R, r);
    store(I, i);
    finite = fma_(r + i, set(0.0), finite); /* a class that is not finite shows here one step later */
    store(e->sum_z[mu], collected(c, p, bits, mu, 0));
    store(e->sum_y[mu], collected(c, p, bits, mu, 1));
  }
  store(e->finite, finite);
}

/* What the caller wants to know of the window, at the state before the step. */
INLINE void observe(ensemble *e, int P, vec h) {
  const vec weight = set(e->patterns.weight), two_Omega = load(e->two_Omega);
  vec rate = load(e->rate_max);
  for (int mu = 0; mu < e->patterns.n_modes; mu++) {
    const double *R = e->modes + (size_t)mu * ensemble_mode_vectors(P) * LANES, *I = R + (P + 1) * LANES;
    vec xi = weight * load(e->sum_z[mu]), h_xi = h * xi;
    store(e->sum_xi[mu], load(e->sum_xi[mu]) + h_xi);
    store(e->sum_xi_sq[mu], fma_(h_xi, xi, load(e->sum_xi_sq[mu])));
    const vec r = load(R), i = load(I);
    store(e->sum_beta_sq[mu], fma_(h, fma_(r, r, i * i), load(e->sum_beta_sq[mu])));
    rate = max_(rate, abs_(two_Omega * weight * load(e->sum_y[mu])));
    rate = max_(rate, max_(abs_(load(R + LANES)), abs_(load(I + LANES))));
  }
  store(e->rate_max, rate);
  store(e->window_length, load(e->window_length) + h);
}

INLINE bool any(ivec mask) {
  int64_t all = 0;
  for (int lane = 0; lane < LANES; lane++) all |= mask[lane];
  return all != 0;
}

INLINE void advance_order(ensemble *e, const int P) {
  sums c;
  fields f;
  ivec event;
  do {
    vec norm = {0}, norm_before = {0};
    modes_begin(e, P);
#pragma GCC unroll 8
    for (int m = 0; m < P; m += BLOCK) sweep(e, &c, &f, P, m, &norm, &norm_before);
    vec h = step_size(e, P, norm, norm_before);
    const vec t = load(e->t), t_limit = load(e->t_limit);
    const ivec to_limit = h >= t_limit - t;
    h = choose(to_limit, t_limit - t, h);
    const vec t_new = choose(to_limit, t_limit, t + h);
    observe(e, P, h);
    update(e, &c, P, h);
    /* Time that stands still is an end like a state that is not finite. */
    const vec finite = choose(t_new > t, load(e->finite), set(0.0) / set(0.0));
    store(e->finite, finite);
    store(e->t, t_new);
    store(e->steps, load(e->steps) + set(1.0));
    event = (t_new >= load(e->t_pause)) | (t_new >= t_limit) | (finite != finite);
  } while (!any(event));
}

static void advance(ensemble *e) {
  switch (e->order) {
  case 12: advance_order(e, 12); break;
  case 16: advance_order(e, 16); break;
  case 20: advance_order(e, 20); break;
  case 24: advance_order(e, 24); break;
  }
}
