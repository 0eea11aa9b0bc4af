/* SPDX-License-Identifier: GPL-3.0-or-later */
/* separation: of a trajectory and its shadow, a second one that starts close by and measures how a small difference
 * grows (Benettin's method). What sampling.c and sensitivity.c share. States: 3K + 2M values each (model.h).
 *
 * Reference: G. Benettin, L. Galgani, A. Giorgilli and J.-M. Strelcyn, Meccanica 15, 9 (1980). */
#ifndef DICKEMAP_SEPARATION_H
#define DICKEMAP_SEPARATION_H
#include <gsl/gsl_rng.h>

#include "dickemap/start.h"

/* u += size * (a random direction): transverse to each spin whose length is kept, anything for others and for each mode.
 * It depends on the point's seed and on `draw`, 0, 1, ... (rng, an mt19937, is seeded here), and nothing else.
 * symmetric: NULL, or the start whose full system this is and whose symmetry is to be kept; it takes the place of the seed. */
void dkm_separation_depart(const dkm_system *system, const dkm_point *point, const dkm_start *symmetric, int64_t draw,
                           gsl_rng *rng, double *u, double size);

/* sqrt(sum_k w_k |dm_k|^2 + sum_mu |dbeta_mu|^2) of u and v. */
double dkm_separation_of(const dkm_system *system, const double *u, const double *v);

/* v -> u + factor (v - u), each spin of v at the length that it has in u, unless it loses something. factor < 0: to the
 * other side. */
void dkm_separation_scale(const dkm_system *system, const dkm_point *point, const double *u, double *v, double factor);

#endif
