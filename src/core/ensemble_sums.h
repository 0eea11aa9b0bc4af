/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ensemble_sums: h_k and the overlap sums, formed while the classes pass by.
 *
 * Classes are taken in groups of 8 (or all of them, if there are fewer), a group being the
 * lowest three bits of k.  Within a group both sums are unrolled butterflies.  Between groups, h_k without
 * its lowest bits is formed again only below the lowest bit that turned, and overlap sums
 * are collected as a binary counter collects carries: two neighbours of height l merge into
 * one of height l+1, (T, s_0 ... s_{l-1}) and (T', s') into (T + T', s + s', T - T').
 * Both give the bits of dkm_system_fields and dkm_system_sums. */
#ifndef DICKEMAP_ENSEMBLE_SUMS_H
#define DICKEMAP_ENSEMBLE_SUMS_H
#include <string.h>

#include "ensemble.h"
#include "ensemble_vector.h"

enum { BLOCK = 4, PAIR = 2, GROUP_BITS = ENSEMBLE_GROUP_BITS }; /* BLOCK: orders a sweep, PAIR: in slow steps */

typedef struct fields {
  vec amplitude[DKM_MAX_MODES][BLOCK]; /* 4 g0 R, by bit of k */
  vec partial[DKM_MAX_MODES + 1][BLOCK]; /* h from the bits >= index */
} fields;

typedef struct sums {
  vec total[DKM_MAX_MODES + 1][BLOCK];
  vec s[DKM_MAX_MODES + 1][DKM_MAX_MODES][BLOCK]; /* [height][bit] */
} sums;

/* Brings partial[low] to the group that begins with class k. */
INLINE void fields_move_to(fields *f, int bits, int low, int64_t k, const int orders) {
  int top = k == 0 ? bits : __builtin_ctzll((unsigned long long)k) + 1;
  for (int b = top - 1; b >= low; b--)
    for (int i = 0; i < orders; i++)
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

/* ---- couplings of any values: every class has its own, of each lane ---- */

/* As fields_move_to and spread, for `orders` orders. */
BULKY void any_fields(const ensemble *e, const fields *f, const int low, int64_t k, double *p, size_t stride,
                      const int orders) {
  const int M = e->system.n_modes;
  const double *G = e->couplings + (size_t)k * M * LANES;
  for (int j = 0; j < 1 << low; j++, p += stride, G += M * LANES) {
    vec h[BLOCK] = {{0}};
    for (int mu = 0; mu < M; mu++) {
      const vec g = load(G + mu * LANES);
      for (int i = 0; i < orders; i++) h[i] = h[i] + g * f->amplitude[mu][i];
    }
    for (int i = 0; i < orders; i++) store(p + i * LANES, h[i]);
  }
}

/* As sums_add_group: c->s[0][mu] holds the weighted sums so far.  Class after class, products rounded: the bits of
 * dkm_system_sums. */
BULKY void any_add_group(const ensemble *e, sums *c, const int low, int64_t k, const double *p, size_t stride,
                         const int n_orders) {
  const int M = e->system.n_modes;
  const double *wG = e->weighted + (size_t)k * M * LANES;
  for (int mu = 0; mu < M; mu++) {
    vec sum[BLOCK] = {{0}};
    for (int i = 0; k > 0 && i < n_orders; i++) sum[i] = c->s[0][mu][i];
    for (int j = 0; j < 1 << low; j++) {
      const vec g = load(wG + ((size_t)j * M + mu) * LANES);
      for (int i = 0; i < n_orders; i++) sum[i] = sum[i] + g * load(p + (size_t)j * stride + i * LANES);
    }
    for (int i = 0; i < n_orders; i++) c->s[0][mu][i] = sum[i];
  }
}

/* ---- of either kind ---- */

INLINE void group_add(const ensemble *e, sums *c, const int low, int64_t k, const double *p, size_t stride,
                      const int n_orders) {
  if (e->couplings)
    any_add_group(e, c, low, k, p, stride, n_orders);
  else
    sums_add_group(c, low, k, p, stride, n_orders);
}

/* sum_k w_k G_{mu,k} (...) of order i when all groups have been added.  Of +-1 patterns bit b belongs to mode M-1-b, the
 * total to a uniform row; to multiply by their weight is exact. */
INLINE vec collected(const ensemble *e, const sums *c, int mu, int i) {
  if (e->couplings) return c->s[0][mu][i];
  const int b = e->system.n_modes - 1 - mu, bits = e->bits;
  return set(e->system.weight) * (b < bits ? c->s[bits][b][i] : c->total[bits][i]);
}

#endif
