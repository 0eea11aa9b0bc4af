/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ensemble_open: steps of spins that lose energy or coherence, and of unbalanced couplings (model.h).
 *
 * With V = 2 eta g0 v_k beside H = 2 g0 h_k the normalised derivatives are
 *
 *   (n+1) X[n+1] = - sum_j H[j] Y[n-j] + sum_j V[j] Z[n-j] - Gamma_1 X[n] (+ gamma_up - gamma_down for n = 0)
 *   (n+1) Y[n+1] = + sum_j H[j] X[n-j] - 2 Omega Z[n] - gamma_T Y[n]
 *   (n+1) Z[n+1] = 2 Omega Y[n] - sum_j V[j] X[n-j] - gamma_T Z[n]
 *   (n+1) R[n+1] = Omega_mu I[n] - (kappa_mu/2) R[n] + eta g0 sum_k w_k G_{mu,k} Y[n]
 *   (n+1) I[n+1] = -Omega_mu R[n] - (kappa_mu/2) I[n] - g0 sum_k w_k G_{mu,k} Z[n]
 *
 * An imbalance lets y_k act on the modes, and these on the spins, within one order, so that a sweep over the classes is
 * one order, where that of ensemble_body.h is four.  While a drive changes g0 and Omega along straight lines, g0 = a + b
 * t, products with them have two terms, as in (g0 xi)[n] = a xi[n] + b xi[n-1].  Coefficients are kept.  Where nothing
 * is lost every spin is brought back to its length after each step, as there. */
#ifndef DICKEMAP_ENSEMBLE_OPEN_H
#define DICKEMAP_ENSEMBLE_OPEN_H
#include "ensemble.h"
#include "ensemble_sums.h"
#include "ensemble_vector.h"

typedef struct open_step {
  vec g0, g0_slope, two_Omega, Omega_slope; /* at the beginning of the step; of Omega: 2 Omega, and twice its slope */
  sums sums;
  fields along_z, along_y; /* of H and V */
  vec sum_y[DKM_MAX_MODES], sum_z[DKM_MAX_MODES]; /* sum_k w_k G_{mu,k} of Y[n], Z[n], the last order that is known, */
  vec y_before[DKM_MAX_MODES], z_before[DKM_MAX_MODES]; /* and the one before it, while a drive goes on */
  vec xi_rate[DKM_MAX_MODES];                           /* of order 1 */
  vec norm, norm_before;                                /* largest |coefficient| of orders P-4 and P-5 */
} open_step;

/* ---- one order ---- */

/* Amplitudes of 2 factor beta[n], 2 (factor beta)[n] with `slope`. */
INLINE void open_fields_begin(const ensemble *e, fields *f, const int P, int n, const int imaginary, vec factor,
                              const bool driven, vec slope) {
  const int M = e->system.n_modes, bits = e->bits;
  f->partial[bits][0] = (vec){0};
  for (int mu = 0; mu < M; mu++) {
    const int b = e->couplings ? mu : M - 1 - mu;
    const double *beta = e->modes + ((size_t)mu * ensemble_mode_vectors(P) + imaginary * (P + 1) + n) * LANES;
    vec amplitude = factor * load(beta);
    if (driven && n > 0) amplitude = fma_(slope, load(beta - LANES), amplitude);
    *(b < bits || e->couplings ? &f->amplitude[b][0] : &f->partial[bits][0]) = amplitude;
  }
}

/* Fields of one order of a group, into vector `at` of each block. */
INLINE void open_group_fields(const ensemble *e, fields *f, const int low, int64_t k, double *block, const int P,
                              int at) {
  const size_t stride = (size_t)ensemble_open_vectors(P) * LANES;
  if (e->couplings) {
    any_fields(e, f, low, k, block + at * LANES, stride, 1);
    return;
  }
  fields_move_to(f, e->bits, low, k, 1);
  spread(f, low, 0, block + at * LANES, stride);
}

/* Order n+1 of a class from X, Y, Z, H and V up to order n. */
INLINE void open_class_order(const ensemble *e, const open_step *s, double *block, const int P, int n,
                             const bool turned, const bool driven, vec *x, vec *y, vec *z) {
  const double *H = block, *V = block + ensemble_open_v(P) * LANES;
  const double *X = block + ensemble_open_x(P) * LANES, *Y = block + ensemble_open_y(P) * LANES,
               *Z = block + ensemble_open_z(P) * LANES;
  const vec inverse_n = set(inverse[n + 1]), gamma_T = load(e->gamma_T);
  vec a = {0}, b = {0}, c = {0}, d = {0}; /* sums of H Y, H X, V Z, V X */
  for (int j = 0; j <= n; j++) {
    const vec h = load(H + j * LANES), x_j = load(X + (n - j) * LANES);
    a = fma_(h, load(Y + (n - j) * LANES), a);
    b = fma_(h, x_j, b);
    if (turned) {
      const vec v = load(V + j * LANES);
      c = fma_(v, load(Z + (n - j) * LANES), c);
      d = fma_(v, x_j, d);
    }
  }
  const vec x_n = load(X + n * LANES), y_n = load(Y + n * LANES), z_n = load(Z + n * LANES);
  const vec two_Omega = s->two_Omega;
  vec x_rate = fma_(-load(e->gamma_1), x_n, -a), z_rate = fma_(-gamma_T, z_n, two_Omega * y_n);
  vec y_rate = fma_(-gamma_T, y_n, fma_(-two_Omega, z_n, b));
  if (driven && n > 0) {
    y_rate = fma_(-s->Omega_slope, load(Z + (n - 1) * LANES), y_rate);
    z_rate = fma_(s->Omega_slope, load(Y + (n - 1) * LANES), z_rate);
  }
  if (n == 0) x_rate = x_rate + load(e->pump);
  if (turned) {
    x_rate = x_rate + c;
    z_rate = z_rate - d;
  }
  *x = x_rate * inverse_n;
  *y = y_rate * inverse_n;
  *z = z_rate * inverse_n;
}

INLINE void open_group_order(ensemble *e, open_step *s, const int low, int64_t k, const int P, int n, const bool turned,
                             const bool driven) {
  const size_t stride = (size_t)ensemble_open_vectors(P) * LANES;
  double *block = e->classes + (size_t)k * stride;
  open_group_fields(e, &s->along_z, low, k, block, P, n);
  if (turned) open_group_fields(e, &s->along_y, low, k, block, P, ensemble_open_v(P) + n);
#pragma GCC unroll 1
  for (int j = 0; j < 1 << low; j++) {
    double *of_class = block + j * stride;
    vec x, y, z;
    open_class_order(e, s, of_class, P, n, turned, driven, &x, &y, &z);
    store(of_class + (ensemble_open_x(P) + n + 1) * LANES, x);
    store(of_class + (ensemble_open_y(P) + n + 1) * LANES, y);
    store(of_class + (ensemble_open_z(P) + n + 1) * LANES, z);
    const vec largest = max_(abs_(x), max_(abs_(y), abs_(z)));
    if (n + 1 == P - BLOCK) s->norm = max_(s->norm, largest);
    if (n + 1 == P - BLOCK - 1) s->norm_before = max_(s->norm_before, largest);
  }
}

/* Calls `call` for the group of 2^low classes that begins with each k. */
#define OPEN_GROUPS(e, call)                                                                                           \
  do {                                                                                                                 \
    if ((e)->bits >= GROUP_BITS)                                                                                       \
      for (int64_t k = 0; k < (e)->n_classes; k += 1 << GROUP_BITS) call(GROUP_BITS, k);                               \
    else if ((e)->bits == 2)                                                                                           \
      call(2, 0);                                                                                                      \
    else if ((e)->bits == 1)                                                                                           \
      call(1, 0);                                                                                                      \
    else                                                                                                               \
      call(0, 0);                                                                                                      \
  } while (0)

/* sum_k w_k G_{mu,k} of what stands in vector `at` of each class. */
INLINE void open_sums(ensemble *e, sums *c, const int P, int at, vec *sum) {
  const size_t stride = (size_t)ensemble_open_vectors(P) * LANES;
#define ADD(low, k) group_add(e, c, low, k, e->classes + (size_t)(k)*stride + at * LANES, stride, 1)
  OPEN_GROUPS(e, ADD);
#undef ADD
  for (int mu = 0; mu < e->system.n_modes; mu++) sum[mu] = collected(e, c, mu, 0);
}

INLINE void open_modes_order(ensemble *e, open_step *s, const int P, int n, const bool driven) {
  const vec inverse_n = set(inverse[n + 1]), eta = load(e->eta);
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    double *R = e->modes + (size_t)mu * ensemble_mode_vectors(P) * LANES, *I = R + (P + 1) * LANES;
    const vec Omega_mu = load(e->Omega_mu[mu]), half_kappa = load(e->half_kappa[mu]);
    const vec r = load(R + n * LANES), i = load(I + n * LANES);
    vec along_y = s->g0 * s->sum_y[mu], along_z = s->g0 * s->sum_z[mu];
    if (driven && n > 0) {
      along_y = fma_(s->g0_slope, s->y_before[mu], along_y);
      along_z = fma_(s->g0_slope, s->z_before[mu], along_z);
    }
    const vec r_rate = fma_(eta, along_y, fma_(Omega_mu, i, -(half_kappa * r)));
    const vec i_rate = -(along_z + fma_(half_kappa, i, Omega_mu * r));
    store(R + (n + 1) * LANES, r_rate * inverse_n);
    store(I + (n + 1) * LANES, i_rate * inverse_n);
    if (e->series) store(e->series + ((size_t)mu * ensemble_series_vectors(P) + n) * LANES, s->sum_z[mu]);
  }
}

INLINE void open_order(ensemble *e, open_step *s, const int P, int n, const bool turned, const bool driven) {
  const vec four = set(4.0), four_eta = four * load(e->eta);
  open_fields_begin(e, &s->along_z, P, n, 0, four * s->g0, driven, four * s->g0_slope);
  if (turned) open_fields_begin(e, &s->along_y, P, n, 1, four_eta * s->g0, driven, four_eta * s->g0_slope);
#define ORDER(low, k) open_group_order(e, s, low, k, P, n, turned, driven)
  OPEN_GROUPS(e, ORDER);
#undef ORDER
  open_modes_order(e, s, P, n, driven);
  if (n + 1 == P) return;
  for (int mu = 0; driven && mu < e->system.n_modes; mu++) {
    s->y_before[mu] = s->sum_y[mu];
    s->z_before[mu] = s->sum_z[mu];
  }
  open_sums(e, &s->sums, P, ensemble_open_z(P) + n + 1, s->sum_z);
  if (turned) open_sums(e, &s->sums, P, ensemble_open_y(P) + n + 1, s->sum_y);
  for (int mu = 0; mu < e->system.n_modes && n == 0; mu++) s->xi_rate[mu] = s->sum_z[mu];
}

/* ---- a step ---- */

INLINE vec open_step_size(const ensemble *e, const open_step *s, const int P) {
  const int last = P - BLOCK, before = last - 1;
  vec norm = s->norm, norm_before = s->norm_before, scale = set(1.0), real = {0}, imaginary = {0};
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    const double *R = e->modes + (size_t)mu * ensemble_mode_vectors(P) * LANES, *I = R + (P + 1) * LANES;
    norm = max_(norm, max_(abs_(load(R + last * LANES)), abs_(load(I + last * LANES))));
    norm_before = max_(norm_before, max_(abs_(load(R + before * LANES)), abs_(load(I + before * LANES))));
    const vec r0 = abs_(load(R)), i0 = abs_(load(I));
    scale = max_(scale, max_(r0, i0));
    real = real + r0;
    imaginary = imaginary + i0;
  }
  const vec along_y = load(e->eta_field_most) * imaginary, other = precession(e, real);
  const vec fastest = sqrt_(fma_(along_y, along_y, other * other));
  const vec losses = max_(load(e->gamma_1), load(e->gamma_T));
  return step_from(P, e->tolerance, norm, norm_before, scale, max_(max_(fastest, losses), load(e->mode_frequency)));
}

/* As restore_length, where the field has a part along y, too. */
INLINE void open_restore_length(vec *x, vec *y, vec *z, vec Q, vec b_x, vec b_y, vec b_z) {
  const vec square = fma_(*x, *x, fma_(*y, *y, *z * *z));
  const vec b_square = fma_(b_z, b_z, fma_(b_y, b_y, b_x * b_x));
  const vec along = fma_(b_x, *x, fma_(b_y, *y, b_z * *z));
  const vec p_x = fma_(b_square, *x, -(along * b_x)), p_y = fma_(b_square, *y, -(along * b_y)),
            p_z = fma_(b_square, *z, -(along * b_z));
  const vec p_square = fma_(p_x, p_x, fma_(p_y, p_y, p_z * p_z));
  const ivec aligned = p_square <= set(0.02) * b_square * b_square * square;
  const vec relative = fma_(-square, Q, set(0.5));
  const vec factor = choose(aligned, relative, relative * square * b_square / choose(aligned, set(1.0), p_square));
  *x = fma_(factor, choose(aligned, *x, p_x), *x);
  *y = fma_(factor, choose(aligned, *y, p_y), *y);
  *z = fma_(factor, choose(aligned, *z, p_z), *z);
}

/* A class at t + h. */
INLINE void open_class_state(const open_step *s, double *block, const int P, vec h, const bool turned, ivec conserved) {
  double *X = block + ensemble_open_x(P) * LANES, *Y = block + ensemble_open_y(P) * LANES,
         *Z = block + ensemble_open_z(P) * LANES;
  vec x = load(X + P * LANES), y = load(Y + P * LANES), z = load(Z + P * LANES);
#pragma GCC unroll 4
  for (int n = P - 1; n >= 0; n--) {
    x = fma_(x, h, load(X + n * LANES));
    y = fma_(y, h, load(Y + n * LANES));
    z = fma_(z, h, load(Z + n * LANES));
  }
  if (turned && any(conserved)) { /* of the field at the beginning of the step, as in ensemble_body.h */
    vec restored[3] = {x, y, z};
    open_restore_length(&restored[0], &restored[1], &restored[2], load(block + ensemble_open_q(P) * LANES),
                        s->two_Omega, load(block + ensemble_open_v(P) * LANES), load(block));
    x = choose(conserved, restored[0], x);
    y = choose(conserved, restored[1], y);
    z = choose(conserved, restored[2], z);
  }
  store(X, x);
  store(Y, y);
  store(Z, z);
}

INLINE void open_modes_state(ensemble *e, const int P, vec h) {
  vec finite = load(e->finite);
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    double *R = e->modes + (size_t)mu * ensemble_mode_vectors(P) * LANES, *I = R + (P + 1) * LANES;
    double *series = e->series ? e->series + (size_t)mu * ensemble_series_vectors(P) * LANES : NULL;
    vec r = load(R + P * LANES), i = load(I + P * LANES);
    for (int n = P - 1; n >= 0; n--) {
      const vec r_n = load(R + n * LANES), i_n = load(I + n * LANES);
      if (series) store(series + (P + n) * LANES, r_n);
      if (series) store(series + (2 * P + n) * LANES, i_n);
      r = fma_(r, h, r_n);
      i = fma_(i, h, i_n);
    }
    store(R, r);
    store(I, i);
    finite = fma_(r + i, set(0.0), finite);
  }
  store(e->finite, finite);
}

INLINE void open_observe(ensemble *e, const open_step *s, const int P, vec h) {
  vec rate = load(e->rate_max);
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    const double *R = e->modes + (size_t)mu * ensemble_mode_vectors(P) * LANES, *I = R + (P + 1) * LANES;
    const vec xi = load(e->sum_z[mu]), h_xi = h * xi, r = load(R), i = load(I);
    store(e->sum_xi[mu], load(e->sum_xi[mu]) + h_xi);
    store(e->sum_xi_sq[mu], fma_(h_xi, xi, load(e->sum_xi_sq[mu])));
    store(e->sum_beta_sq[mu], fma_(h, fma_(r, r, i * i), load(e->sum_beta_sq[mu])));
    rate = max_(rate, max_(abs_(s->xi_rate[mu]), max_(abs_(load(R + LANES)), abs_(load(I + LANES)))));
  }
  store(e->rate_max, rate);
  store(e->window_length, load(e->window_length) + h);
}

INLINE void open_take_step(ensemble *e, open_step *s, const int P, const bool turned, const bool driven) {
  const vec nothing = {0}, since = load(e->t) - load(e->piece_begin);
  s->g0_slope = load(e->g0_slope);
  s->Omega_slope = load(e->Omega_slope);
  s->g0 = driven ? fma_(s->g0_slope, since, load(e->g0)) : load(e->g0);
  s->two_Omega = driven ? fma_(s->Omega_slope, since, load(e->Omega_begin)) : load(e->Omega_begin);
  s->norm = s->norm_before = nothing;
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    s->sum_y[mu] = load(e->sum_y[mu]);
    s->sum_z[mu] = load(e->sum_z[mu]);
  }
  for (int n = 0; n < P; n++) open_order(e, s, P, n, turned, driven);
  vec h = open_step_size(e, s, P);
  const vec t_new = end_of_step(e, &h);
  open_observe(e, s, P, h);
  const ivec conserved = (load(e->gamma_1) == nothing) & (load(e->gamma_T) == nothing);
  for (int64_t k = 0; k < e->n_classes; k++)
    open_class_state(s, e->classes + (size_t)k * ensemble_open_vectors(P) * LANES, P, h, turned, conserved);
  open_modes_state(e, P, h);
  open_sums(e, &s->sums, P, ensemble_open_z(P), s->sum_z);
  if (turned) open_sums(e, &s->sums, P, ensemble_open_y(P), s->sum_y);
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    store(e->sum_z[mu], s->sum_z[mu]);
    store(e->sum_y[mu], s->sum_y[mu]);
  }
  count_step(e, t_new);
}

/* P is no constant here, as it is in ensemble_body.h: sweeps of one order have no orders to unroll. */
INLINE void open_advance_as(ensemble *e, const bool turned, const bool driven) {
  open_step s;
  do {
    open_take_step(e, &s, e->order, turned, driven);
  } while (!any(events(e)));
}

static __attribute__((noinline)) void open_advance(ensemble *e) {
  if (e->dynamics == DKM_DYNAMICS_DRIVEN)
    open_advance_as(e, true, true);
  else if (e->dynamics == DKM_DYNAMICS_UNBALANCED)
    open_advance_as(e, true, false);
  else
    open_advance_as(e, false, false);
}

#endif
