/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ensemble_body: the Taylor integrator, once, for every instruction set.
 *
 * The file that includes this defines what ensemble_vector.h asks for.  All fused multiply-adds are explicit
 * and all sums are in a fixed order, so that every instruction set gives the same bits.
 *
 * Method (Taylor series; Jorba and Zou 2005 for the step).  The right-hand side is
 * quadratic, so the normalised derivatives follow from convolutions: with H = 2 g0 h_k
 *
 *   (n+1) X[n+1] = - sum_j H[j] Y[n-j]
 *   (n+1) Y[n+1] = + sum_j H[j] X[n-j] - 2 Omega Z[n]
 *   (n+1) Z[n+1] = 2 Omega Y[n]
 *   (n+1) R[n+1] = Omega_mu I[n] - (kappa_mu/2) R[n]
 *   (n+1) I[n+1] = -Omega_mu R[n] - (kappa_mu/2) I[n] - g0 sum_k w_k G_{mu,k} Z[n]
 *
 * Four orders at once.  A change of y_k takes three more derivatives to come back to it:
 * Y[n] -> Z[n+1] -> I[n+2] -> R[n+3], H[n+3].  So if X and Y are known up to order m, H is
 * known up to m+3, and every class can go to order m+4 on its own.  One sweep over the classes
 * thus does four orders: 8 fused multiply-adds for 3 loads in the convolutions, P/4 sweeps
 * a step, and the sums over the classes are formed while their terms are in registers.  The step follows
 * from orders that are known before the last sweep, which therefore sums the series of each class at once.
 *
 * Kept or streamed.  A class depends on the others through H alone.  Where the coefficients of all classes would not
 * fit into the cache, they are not kept: each sweep forms those of a group of classes again, from the state and H,
 * in a block that stays in the nearest cache (1 + 4 + 9 + ... quarters of orders instead of 1 + 3 + 5 + ...: about
 * twice the arithmetic, a tenth of the memory). The operations on a class are the same, and so are its bits.
 *
 * After each step every spin is brought back to its conserved length.
 *
 * References: A. Jorba and M. Zou, Exp. Math. 14, 99 (2005). */
#include <stdint.h>
#include <string.h>

#include "ensemble.h"
#include "ensemble_sums.h"
#include "ensemble_vector.h"

/* ---- Taylor coefficients ----------------------------------------------------------------- */

/* 1/n */
static const double inverse[ENSEMBLE_MAX_ORDER + 4] = {
    0.0,      1.0 / 1,  1.0 / 2,  1.0 / 3,  1.0 / 4,  1.0 / 5,  1.0 / 6,  1.0 / 7,  1.0 / 8,  1.0 / 9,
    1.0 / 10, 1.0 / 11, 1.0 / 12, 1.0 / 13, 1.0 / 14, 1.0 / 15, 1.0 / 16, 1.0 / 17, 1.0 / 18, 1.0 / 19,
    1.0 / 20, 1.0 / 21, 1.0 / 22, 1.0 / 23, 1.0 / 24, 1.0 / 25, 1.0 / 26, 1.0 / 27};

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

/* x[0 ... 3] = X[m+1 ... m+4], y alike, of one class from X, Y up to order m and H up to m+3. */
BULKY void class_orders(const ensemble *e, const double *block, const int P, int m, vec *x, vec *y) {
  const double *H = block, *X = block + ensemble_class_x(P) * LANES, *Y = block + ensemble_class_y(P) * LANES;
  vec w0 = load(H + m * LANES), w1 = load(H + (m + 1) * LANES), w2 = load(H + (m + 2) * LANES),
      w3 = load(H + (m + 3) * LANES);
  const vec x0 = load(X), y0 = load(Y);
  vec a[BLOCK] = {w0 * y0, w1 * y0, w2 * y0, w3 * y0}; /* sum H Y */
  vec b[BLOCK] = {w0 * x0, w1 * x0, w2 * x0, w3 * x0}; /* sum H X */
  /* The window w over H slides down by one as the order q of X, Y rises; m is a multiple of 4. */
  for (int q = 1; q < m; q += 4) {
    const double *hq = H + (m - q) * LANES, *xq = X + q * LANES, *yq = Y + q * LANES;
    w3 = load(hq);
    convolve(a, b, w3, w0, w1, w2, load(xq), load(yq));
    w2 = load(hq - LANES);
    convolve(a, b, w2, w3, w0, w1, load(xq + LANES), load(yq + LANES));
    w1 = load(hq - 2 * LANES);
    convolve(a, b, w1, w2, w3, w0, load(xq + 2 * LANES), load(yq + 2 * LANES));
    w0 = load(hq - 3 * LANES);
    convolve(a, b, w0, w1, w2, w3, load(xq + 3 * LANES), load(yq + 3 * LANES));
  }
  /* Now w = H[0 ... 3]; what is left are the terms with the orders found here. */
  x[0] = set(-inverse[m + 1]) * a[0];
  if (m == 0)
    y[0] = fma_(-load(e->two_Omega), load(block + ensemble_class_z(P) * LANES), b[0]);
  else
    y[0] = fma_(-load(e->rotation[m]), load(Y + (m - 1) * LANES), set(inverse[m + 1]) * b[0]);
  a[1] = fma_(w0, y[0], a[1]);
  b[1] = fma_(w0, x[0], b[1]);
  x[1] = set(-inverse[m + 2]) * a[1];
  y[1] = fma_(-load(e->rotation[m + 1]), load(Y + m * LANES), set(inverse[m + 2]) * b[1]);
  a[2] = fma_(w0, y[1], fma_(w1, y[0], a[2]));
  b[2] = fma_(w0, x[1], fma_(w1, x[0], b[2]));
  x[2] = set(-inverse[m + 3]) * a[2];
  y[2] = fma_(-load(e->rotation[m + 2]), y[0], set(inverse[m + 3]) * b[2]);
  a[3] = fma_(w0, y[2], fma_(w1, y[1], fma_(w2, y[0], a[3])));
  b[3] = fma_(w0, x[2], fma_(w1, x[1], fma_(w2, x[0], b[3])));
  x[3] = set(-inverse[m + 4]) * a[3];
  y[3] = fma_(-load(e->rotation[m + 3]), y[1], set(inverse[m + 4]) * b[3]);
}

/* The same for orders m+1 and m+2 alone, m even, from H up to m+1: for slow steps. */
INLINE void class_pair(const ensemble *e, const double *block, const int P, int m, vec *x, vec *y) {
  const double *H = block, *X = block + ensemble_class_x(P) * LANES, *Y = block + ensemble_class_y(P) * LANES;
  vec w0 = load(H + m * LANES), w1 = load(H + (m + 1) * LANES);
  /* Terms of even q and, in c and d, of odd q: chains that need not wait for each other. */
  vec a[PAIR] = {w0 * load(Y), w1 * load(Y)}, b[PAIR] = {w0 * load(X), w1 * load(X)};
  vec c[PAIR] = {(vec){0}, (vec){0}}, d[PAIR] = {(vec){0}, (vec){0}};
  for (int q = 1; q < m; q += 2) {
    const double *hq = H + (m - q) * LANES, *xq = X + q * LANES, *yq = Y + q * LANES;
    w1 = load(hq);
    c[0] = fma_(w1, load(yq), c[0]);
    d[0] = fma_(w1, load(xq), d[0]);
    c[1] = fma_(w0, load(yq), c[1]);
    d[1] = fma_(w0, load(xq), d[1]);
    w0 = load(hq - LANES);
    a[0] = fma_(w0, load(yq + LANES), a[0]);
    b[0] = fma_(w0, load(xq + LANES), b[0]);
    a[1] = fma_(w1, load(yq + LANES), a[1]);
    b[1] = fma_(w1, load(xq + LANES), b[1]);
  }
  /* Now w0 = H[0]. */
  x[0] = set(-inverse[m + 1]) * (a[0] + c[0]);
  b[0] = set(inverse[m + 1]) * (b[0] + d[0]);
  if (m == 0)
    y[0] = fma_(-load(e->two_Omega), load(block + ensemble_class_z(P) * LANES), b[0]);
  else
    y[0] = fma_(-load(e->rotation[m]), load(Y + (m - 1) * LANES), b[0]);
  x[1] = set(-inverse[m + 2]) * fma_(w0, y[0], a[1] + c[1]);
  y[1] = fma_(-load(e->rotation[m + 1]), load(Y + m * LANES), set(inverse[m + 2]) * fma_(w0, x[0], b[1] + d[1]));
}

/* I[n+2] and R[n+3] of one mode from sum_k w_k G_{mu,k} Z[n+1], for n = first ... first+count-1. */
BULKY void mode_orders(const ensemble *e, const int P, int mu, int first, int count, const vec *sum_z) {
  double *R = e->modes + (size_t)mu * ensemble_mode_vectors(P) * LANES, *I = R + (P + 1) * LANES;
  const vec Omega_mu = load(e->Omega_mu[mu]), half_kappa = load(e->half_kappa[mu]);
  const vec g0 = load(e->g0);
  vec i1 = load(I + (first + 1) * LANES), r1 = load(R + (first + 1) * LANES), r2 = load(R + (first + 2) * LANES);
#pragma GCC unroll 4
  for (int i = 0; i < count; i++) {
    const int n = first + i;
    i1 = fma_(g0, sum_z[i], fma_(half_kappa, i1, Omega_mu * r1)) * set(-inverse[n + 2]);
    r1 = r2;
    r2 = fma_(Omega_mu, i1, -(half_kappa * r2)) * set(inverse[n + 3]);
    store(I + (n + 2) * LANES, i1);
    if (n + 3 <= P) store(R + (n + 3) * LANES, r2);
  }
}

/* The orders of the modes that follow from the state alone: R[1 ... 3], I[1], I[2]. */
BULKY void modes_begin(const ensemble *e, int P) {
  const vec g0 = load(e->g0), two_Omega = load(e->two_Omega);
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    double *R = e->modes + (size_t)mu * ensemble_mode_vectors(P) * LANES, *I = R + (P + 1) * LANES;
    const vec Omega_mu = load(e->Omega_mu[mu]), half_kappa = load(e->half_kappa[mu]);
    vec r0 = load(R), i0 = load(I);
    vec i1 = -fma_(g0, load(e->sum_z[mu]), fma_(half_kappa, i0, Omega_mu * r0));
    vec r1 = fma_(Omega_mu, i0, -(half_kappa * r0));
    store(I + LANES, i1);
    store(R + LANES, r1);
    store(R + 2 * LANES, fma_(Omega_mu, i1, -(half_kappa * r1)) * set(inverse[2]));
    const vec sum_z1 = two_Omega * load(e->sum_y[mu]);
    mode_orders(e, P, mu, 0, 1, &sum_z1);
  }
}

/* The functions of sweeps have the number of orders a sweep as `orders`, BLOCK or, for slow steps, PAIR. */

/* What the sweeps of a step share; `fields`: one for each sweep so far where coefficients are not kept, else one. */
typedef struct step {
  sums sums;
  fields fields[ENSEMBLE_MAX_ORDER / PAIR];
  vec norm, norm_before;               /* largest |coefficient| of orders P-4 and P-5 */
  vec h, z_factor[ENSEMBLE_MAX_ORDER]; /* of the last sweep: the step, 2 Omega h^(n+1)/(n+1) */
} step;

/* Fields of orders m ... m+orders-1 for a sweep. */
INLINE void fields_begin(const ensemble *e, fields *f, const int P, int m, const int orders) {
  const int M = e->system.n_modes, bits = e->bits;
  for (int i = 0; i < orders; i++) {
    f->partial[bits][i] = (vec){0};
    for (int mu = 0; mu < M; mu++) {
      const int b = e->couplings ? mu : M - 1 - mu;
      vec amplitude = load(e->four_g0) * load(e->modes + ((size_t)mu * ensemble_mode_vectors(P) + m + i) * LANES);
      *(b < bits || e->couplings ? &f->amplitude[b][i] : &f->partial[bits][i]) = amplitude;
    }
  }
}

/* H[m ... m+orders-1] of a group. */
INLINE void group_fields(const ensemble *e, fields *f, const int low, int64_t k, double *block, const int P, int m,
                         const int orders) {
  if (e->couplings) {
    any_fields(e, f, low, k, block + m * LANES, (size_t)ensemble_class_vectors(P) * LANES, orders);
    return;
  }
  fields_move_to(f, e->bits, low, k, orders);
#pragma GCC unroll 4
  for (int i = 0; i < orders; i++)
    spread(f, low, i, block + (m + i) * LANES, (size_t)ensemble_class_vectors(P) * LANES);
}

/* Orders m+1 ... m+orders of a group. */
INLINE void group_orders(const ensemble *e, step *s, const int low, double *block, const int P, int m, const int orders,
                         const bool norms) {
  const size_t stride = (size_t)ensemble_class_vectors(P) * LANES;
#pragma GCC unroll 1
  for (int j = 0; j < 1 << low; j++, block += stride) {
    vec x[BLOCK], y[BLOCK];
    double *X = block + (ensemble_class_x(P) + m + 1) * LANES, *Y = block + (ensemble_class_y(P) + m + 1) * LANES;
    if (orders == BLOCK)
      class_orders(e, block, P, m, x, y);
    else
      class_pair(e, block, P, m, x, y);
#pragma GCC unroll 4
    for (int i = 0; i < orders; i++) {
      store(X + i * LANES, x[i]);
      store(Y + i * LANES, y[i]);
    }
    if (norms) {
      s->norm = max_(s->norm, max_(abs_(x[orders - 1]), abs_(y[orders - 1])));
      s->norm_before = max_(s->norm_before, max_(abs_(x[orders - 2]), abs_(y[orders - 2])));
    }
  }
}

/* The block of the group that begins with class k; where coefficients are not kept they are formed again, up to order
 * m. */
INLINE double *group_begin(ensemble *e, step *s, const int low, int64_t k, const int P, int m, const int orders,
                           const bool streamed) {
  const size_t stride = (size_t)ensemble_class_vectors(P) * LANES;
  if (!streamed) return e->classes + (size_t)k * stride;
  const double *state = e->states + (size_t)k * ENSEMBLE_STATE_VECTORS * LANES;
  double *block = e->classes;
  for (int j = 0; j < 1 << low; j++, block += stride, state += ENSEMBLE_STATE_VECTORS * LANES) {
    store(block + ensemble_class_x(P) * LANES, load(state));
    store(block + ensemble_class_y(P) * LANES, load(state + LANES));
    store(block + ensemble_class_z(P) * LANES, load(state + 2 * LANES));
    store(block + ensemble_class_q(P) * LANES, load(state + 3 * LANES));
  }
#pragma GCC unroll 1
  for (int n = 0; n < m; n += orders) {
    group_fields(e, &s->fields[n / orders], low, k, e->classes, P, n, orders);
    group_orders(e, s, low, e->classes, P, n, orders, false);
  }
  return e->classes;
}

INLINE fields *fields_of_sweep(step *s, int m, const int orders, const bool streamed) {
  return &s->fields[streamed ? m / orders : 0];
}

/* One group of 2^low classes in a sweep. */
INLINE void sweep_group(ensemble *e, step *s, const int low, int64_t k, const int P, int m, const int orders,
                        const bool streamed) {
  double *block = group_begin(e, s, low, k, P, m, orders, streamed);
  group_fields(e, fields_of_sweep(s, m, orders, streamed), low, k, block, P, m, orders);
  group_orders(e, s, low, block, P, m, orders, m + orders + BLOCK == P);
  group_add(e, &s->sums, low, k, block + (ensemble_class_y(P) + m + 1) * LANES,
                 (size_t)ensemble_class_vectors(P) * LANES, orders);
}

/* sum_k w_k G_{mu,k} Z[n] for n = first ... first+count-1, for samples between the ends of steps. */
INLINE void keep_sums(ensemble *e, const int P, int mu, int first, const int count, const vec *sum) {
  double *xi = e->series + (size_t)mu * ensemble_series_vectors(P) * LANES;
  for (int i = 0; i < count; i++) store(xi + (first + i) * LANES, sum[i]);
}

/* The rest of a mode's series, before its state goes on. */
static __attribute__((noinline)) void keep_series(ensemble *e, int P, int mu) {
  double *xi = e->series + (size_t)mu * ensemble_series_vectors(P) * LANES;
  const double *R = e->modes + (size_t)mu * ensemble_mode_vectors(P) * LANES, *I = R + (P + 1) * LANES;
  store(xi, load(e->sum_z[mu]));
  store(xi + LANES, load(e->two_Omega) * load(e->sum_y[mu]));
  for (int n = 0; n < P; n++) {
    store(xi + (P + n) * LANES, load(R + n * LANES));
    store(xi + (2 * P + n) * LANES, load(I + n * LANES));
  }
}

/* One sweep over the classes: orders m+1 ... m+orders of all of them, then of the modes. */
INLINE void sweep(ensemble *e, step *s, const int P, int m, const int orders, const bool streamed) {
  const int bits = e->bits;
  fields_begin(e, fields_of_sweep(s, m, orders, streamed), P, m, orders);
  if (streamed || bits >= GROUP_BITS)
    for (int64_t k = 0; k < e->n_classes; k += 1 << GROUP_BITS)
      sweep_group(e, s, GROUP_BITS, k, P, m, orders, streamed);
  else if (bits == 2)
    sweep_group(e, s, 2, 0, P, m, orders, false);
  else if (bits == 1)
    sweep_group(e, s, 1, 0, P, m, orders, false);
  else
    sweep_group(e, s, 0, 0, P, m, orders, false);
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    vec sum[BLOCK];
#pragma GCC unroll 4
    for (int i = 0; i < orders; i++)
      sum[i] = load(e->two_Omega) * set(inverse[m + i + 2]) * collected(e, &s->sums, mu, i);
    if (e->series) keep_sums(e, P, mu, m + 2, orders, sum);
    mode_orders(e, P, mu, m + 1, orders, sum);
  }
}

/* ---- one step ------------------------------------------------------------------------------ */

/* Step from two orders (Jorba and Zou, Sec. 3.2).  The term of order n falls as (h/rho)^n, with the radius
 * of convergence rho = (scale/norm_n)^(1/n) estimated from n = P-4 and P-5, the smaller one: orders that are
 * known before the last sweep.  (From P and P-1 the largest errors at equal cost were no smaller, and less regular.)
 * The last term is to be tolerance * scale, with scale = 1 for the spins and the largest amplitude for the modes if
 * that is larger: h = rho tolerance^(1/P).
 *
 * Near a fixed point that alone would let steps grow until small deviations are no longer
 * followed, only bounded.  A polynomial of order P = 4n multiplies an oscillation of
 * frequency w by exp(i h w) (1 - i r), r = (h w)^(P+1)/(P+1)!, that is its amplitude by
 * 1 - r sin(h w) a step.  `calm` bounds h w such that r <= 1e-8 for the precession 2|B_k|, which may be undamped or
 * nearly so: relaxation is followed down to rates of some 1e-7 of the frequency.  A mode, w = |Omega_mu + i
 * kappa_mu/2|, decays by itself, so that a larger r may be allowed for it (mode_allowance in ensemble.c). */
static const double calm[ENSEMBLE_MAX_ORDER / 4 + 1] = {0.0, 0.0654, 0.535, 1.37, 2.42, 3.61, 4.87};

INLINE vec step_from(const int P, double tolerance, vec norm, vec norm_before, vec scale, vec frequency) {
  const vec log_scale = log2_rough(scale);
  const vec by_last = (log_scale - log2_rough(norm)) * set(1.0 / (P - BLOCK));
  const vec by_before = (log_scale - log2_rough(norm_before)) * set(1.0 / (P - BLOCK - 1));
  const vec rough = exp2_rough(fma_(log2_rough(set(tolerance)), set(1.0 / P), min_(by_last, by_before)));
  return min_(rough, set(calm[P / 4]) / frequency);
}

/* Cuts a step that would go beyond t_limit; returns the time at its end. */
INLINE vec end_of_step(const ensemble *e, vec *h) {
  const vec t = load(e->t), t_limit = load(e->t_limit);
  const ivec to_limit = *h >= t_limit - t;
  *h = choose(to_limit, t_limit - t, *h);
  return choose(to_limit, t_limit, t + *h);
}

/* A step has led to t_new. Time that stands still is an end like a state that is not finite. */
INLINE void count_step(ensemble *e, vec t_new) {
  const vec t = load(e->t);
  store(e->finite, choose(t_new > t, load(e->finite), set(0.0) / set(0.0)));
  store(e->t_begin, t);
  store(e->t, t_new);
  store(e->steps, load(e->steps) + set(1.0));
}

/* Lanes at which somebody has to look. */
INLINE ivec events(const ensemble *e) {
  const vec t = load(e->t), finite = load(e->finite);
  return (t >= load(e->t_pause)) | (t >= load(e->t_limit)) | (load(e->steps) >= load(e->steps_pause)) |
         (finite != finite);
}

/* An upper bound of 2|B_k| where sum_mu |Re beta_mu| = amplitude. */
INLINE vec precession(const ensemble *e, vec amplitude) {
  const vec two_Omega = load(e->two_Omega), field = load(e->field_most) * amplitude; /* the largest |2 g0 h_k| */
  return sqrt_(fma_(field, field, two_Omega * two_Omega));
}

BULKY vec step_size(const ensemble *e, const step *s, const int P) {
  const int last = P - BLOCK, before = last - 1;
  vec norm = s->norm, norm_before = s->norm_before, scale = set(1.0), amplitude = {0};
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    const double *R = e->modes + (size_t)mu * ensemble_mode_vectors(P) * LANES, *I = R + (P + 1) * LANES;
    norm = max_(norm, max_(abs_(load(R + last * LANES)), abs_(load(I + last * LANES))));
    norm_before = max_(norm_before, max_(abs_(load(R + before * LANES)), abs_(load(I + before * LANES))));
    vec r0 = abs_(load(R));
    scale = max_(scale, max_(r0, abs_(load(I))));
    amplitude = amplitude + r0;
  }
  return step_from(P, e->tolerance, norm, norm_before, scale, max_(precession(e, amplitude), load(e->mode_frequency)));
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
  const vec px = fma_(b_square, *x, -(along * two_Omega)), py = b_square * *y,
            pz = fma_(b_square, *z, -(along * field));
  const vec p_square = fma_(px, px, fma_(py, py, pz * pz));
  const ivec aligned = p_square <= set(0.02) * b_square * b_square * square;
  const vec relative = fma_(-square, Q, set(0.5)); /* d/|m|^2_exact */
  const vec factor = choose(aligned, relative, relative * square * b_square / choose(aligned, set(1.0), p_square));
  *x = fma_(factor, choose(aligned, *x, px), *x);
  *y = fma_(factor, choose(aligned, *y, py), *y);
  *z = fma_(factor, choose(aligned, *z, pz), *z);
}

/* States of N neighbouring classes at t + h, their series summed: two at a time, since the chains of multiply-adds of a
 * single one would wait for each other.  x, y: orders P-3 ... P of each on entry, x[j][0], y[j][0], z[j] on return. */
BULKY void class_states(const ensemble *e, const step *s, const double *block, const int N, const int P,
                        vec x[][BLOCK], vec y[][BLOCK], vec *z) {
  const size_t stride = (size_t)ensemble_class_vectors(P) * LANES;
  const vec h = s->h;
  vec sum_x[2] = {{0}}, sum_y[2] = {{0}};
#pragma GCC unroll 2
  for (int j = 0; j < N; j++) {
    sum_x[j] = x[j][3];
    sum_y[j] = y[j][3];
    z[j] = (vec){0};
  }
#pragma GCC unroll 3
  for (int i = 2; i >= 0; i--)
#pragma GCC unroll 2
    for (int j = 0; j < N; j++) {
      sum_x[j] = fma_(sum_x[j], h, x[j][i]);
      z[j] = fma_(s->z_factor[P - 3 + i], y[j][i], z[j]);
      sum_y[j] = fma_(sum_y[j], h, y[j][i]);
    }
#pragma GCC unroll 4
  for (int n = P - BLOCK; n >= 0; n--)
#pragma GCC unroll 2
    for (int j = 0; j < N; j++) {
      const double *X = block + j * stride + ensemble_class_x(P) * LANES,
                   *Y = block + j * stride + ensemble_class_y(P) * LANES;
      const vec yn = load(Y + n * LANES);
      sum_x[j] = fma_(sum_x[j], h, load(X + n * LANES));
      z[j] = fma_(s->z_factor[n], yn, z[j]);
      sum_y[j] = fma_(sum_y[j], h, yn);
    }
#pragma GCC unroll 2
  for (int j = 0; j < N; j++) {
    const double *H = block + j * stride;
    z[j] = z[j] + load(H + ensemble_class_z(P) * LANES);
    restore_length(&sum_x[j], &sum_y[j], &z[j], load(H + ensemble_class_q(P) * LANES), load(e->two_Omega), load(H));
    x[j][0] = sum_x[j];
    y[j][0] = sum_y[j];
  }
}

/* One group in the last sweep. What is summed over the classes: Y[P-3], Y[P-2], and z and y of the new state. */
INLINE void last_group(ensemble *e, step *s, const int low, int64_t k, const int P, const int orders,
                       const bool streamed) {
  const size_t stride = (size_t)ensemble_class_vectors(P) * LANES;
  const int m = P - BLOCK, at_once = low > 0 ? 2 : 1;
  double summed[(1 << GROUP_BITS) * BLOCK * LANES] __attribute__((aligned(64)));
  double *block = group_begin(e, s, low, k, P, m, orders, streamed);
  group_fields(e, fields_of_sweep(s, m, orders, streamed), low, k, block, P, m, BLOCK);
#pragma GCC unroll 1
  for (int j = 0; j < 1 << low; j += at_once) {
    vec x[2][BLOCK], y[2][BLOCK], z[2];
    double *sum = summed + j * BLOCK * LANES;
#pragma GCC unroll 2
    for (int i = 0; i < at_once; i++) {
      class_orders(e, block + (j + i) * stride, P, m, x[i], y[i]);
      store(sum + i * BLOCK * LANES, y[i][0]);
      store(sum + (i * BLOCK + 1) * LANES, y[i][1]);
    }
    class_states(e, s, block + j * stride, at_once, P, x, y, z);
#pragma GCC unroll 2
    for (int i = 0; i < at_once; i++) {
      double *state =
          streamed ? e->states + ((size_t)k + j + i) * ENSEMBLE_STATE_VECTORS * LANES : block + (j + i) * stride;
      store(sum + (i * BLOCK + 2) * LANES, z[i]);
      store(sum + (i * BLOCK + 3) * LANES, y[i][0]);
      store(state + (streamed ? 0 : ensemble_class_x(P) * LANES), x[i][0]);
      store(state + (streamed ? LANES : ensemble_class_y(P) * LANES), y[i][0]);
      store(state + (streamed ? 2 * LANES : ensemble_class_z(P) * LANES), z[i]);
    }
  }
  group_add(e, &s->sums, low, k, summed, BLOCK * LANES, BLOCK);
}

/* The last sweep, four orders after sweeps of `orders`: all classes and modes at t + h. */
INLINE void last_sweep(ensemble *e, step *s, const int P, const int orders, const bool streamed, vec h) {
  const int M = e->system.n_modes, bits = e->bits;
  vec power = load(e->two_Omega);
  s->h = h;
  for (int n = 0; n < P; n++) {
    power = power * h;
    s->z_factor[n] = power * set(inverse[n + 1]);
  }
  fields_begin(e, fields_of_sweep(s, P - BLOCK, orders, streamed), P, P - BLOCK, BLOCK);
  if (streamed || bits >= GROUP_BITS)
    for (int64_t k = 0; k < e->n_classes; k += 1 << GROUP_BITS) last_group(e, s, GROUP_BITS, k, P, orders, streamed);
  else if (bits == 2)
    last_group(e, s, 2, 0, P, orders, false);
  else if (bits == 1)
    last_group(e, s, 1, 0, P, orders, false);
  else
    last_group(e, s, 0, 0, P, orders, false);
  vec finite = load(e->finite);
  for (int mu = 0; mu < M; mu++) {
    double *R = e->modes + (size_t)mu * ensemble_mode_vectors(P) * LANES, *I = R + (P + 1) * LANES;
    vec sum[2]; /* two more would give modes beyond order P */
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++)
      sum[i] = load(e->two_Omega) * set(inverse[P - BLOCK + i + 2]) * collected(e, &s->sums, mu, i);
    mode_orders(e, P, mu, P - BLOCK + 1, 2, sum);
    if (e->series) {
      keep_sums(e, P, mu, P - 2, 2, sum);
      keep_series(e, P, mu);
    }
    vec r = load(R + P * LANES), i = load(I + P * LANES);
#pragma GCC unroll 4
    for (int n = P - 1; n >= 0; n--) {
      r = fma_(r, h, load(R + n * LANES));
      i = fma_(i, h, load(I + n * LANES));
    }
    store(R, r);
    store(I, i);
    finite = fma_(r + i, set(0.0), finite); /* a class that is not finite shows here one step later */
    store(e->sum_z[mu], collected(e, &s->sums, mu, 2));
    store(e->sum_y[mu], collected(e, &s->sums, mu, 3));
  }
  store(e->finite, finite);
}

/* What the caller wants to know of the window, at the state before the step. */
BULKY void observe(ensemble *e, int P, vec h) {
  const vec two_Omega = load(e->two_Omega);
  vec rate = load(e->rate_max);
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    const double *R = e->modes + (size_t)mu * ensemble_mode_vectors(P) * LANES, *I = R + (P + 1) * LANES;
    vec xi = load(e->sum_z[mu]), h_xi = h * xi;
    store(e->sum_xi[mu], load(e->sum_xi[mu]) + h_xi);
    store(e->sum_xi_sq[mu], fma_(h_xi, xi, load(e->sum_xi_sq[mu])));
    const vec r = load(R), i = load(I);
    store(e->sum_beta_sq[mu], fma_(h, fma_(r, r, i * i), load(e->sum_beta_sq[mu])));
    rate = max_(rate, abs_(two_Omega * load(e->sum_y[mu])));
    rate = max_(rate, max_(abs_(load(R + LANES)), abs_(load(I + LANES))));
  }
  store(e->rate_max, rate);
  store(e->window_length, load(e->window_length) + h);
}

#include "ensemble_open.h"
#include "ensemble_slow.h"

/* One step of every lane with all modes resolved. */
INLINE void ordinary_step(ensemble *e, step *s, const int P, const bool streamed) {
  s->norm = s->norm_before = (vec){0};
  modes_begin(e, P);
  if (streamed)
#pragma GCC unroll 1
    for (int m = 0; m < P - BLOCK; m += BLOCK) sweep(e, s, P, m, BLOCK, true);
  else
#pragma GCC unroll 8
    for (int m = 0; m < P - BLOCK; m += BLOCK) sweep(e, s, P, m, BLOCK, false);
  vec h = step_size(e, s, P);
  const vec t_new = end_of_step(e, &h);
  observe(e, P, h);
  last_sweep(e, s, P, BLOCK, streamed, h);
  count_step(e, t_new);
}

INLINE void advance_order(ensemble *e, const int P, const bool streamed) {
  step s;
  slow w;
  w.lanes = w.taken = (ivec){0};
  do {
    const slow_round round = e->slow ? slow_round_of(e, &w, P) : ROUND_ORDINARY;
    if (round != ROUND_ORDINARY) slow_exchange(e, P, streamed, false, (ivec){0});
    if (round == ROUND_SLOW)
      slow_step_of_order(e, &w, P, streamed);
    else
      ordinary_step(e, &s, P, streamed);
    if (round != ROUND_ORDINARY) slow_exchange(e, P, streamed, true, round == ROUND_SLOW ? w.taken : ~w.lanes);
    if (round == ROUND_SLOW) store(e->steps, load(e->steps) + mask_of(w.lanes, set(1.0)));
  } while (!any(events(e)));
}

static void advance(ensemble *e) {
  if (e->dynamics != DKM_DYNAMICS_CONSERVED) {
    open_advance(e);
    return;
  }
  const bool streamed = e->states != NULL;
  switch (e->order) {
  case 12:
    streamed ? advance_order(e, 12, true) : advance_order(e, 12, false);
    break;
  case 16:
    streamed ? advance_order(e, 16, true) : advance_order(e, 16, false);
    break;
  case 20:
    streamed ? advance_order(e, 20, true) : advance_order(e, 20, false);
    break;
  case 24:
    streamed ? advance_order(e, 24, true) : advance_order(e, 24, false);
    break;
  }
}
