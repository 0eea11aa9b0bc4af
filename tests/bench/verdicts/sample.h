/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sample: random points.  Over decades of every parameter, all Omega_mu of one sign, so that the Lyapunov theorem holds
 * for each of them; and with modes of both signs, over decades or moderate, where it does not.  A point depends on
 * (seed, kind, index) alone; only headers that are the same in version 0.1.0 are needed, so that both versions can be
 * given the same points. */
#ifndef VERDICTS_SAMPLE_H
#define VERDICTS_SAMPLE_H
#include "dickemap/model.h"

enum { MAX_M = 6, MAX_K = 32, MAX_STATE = 3 * MAX_K + 2 * MAX_M };

typedef enum kind {
  EXACT,       /* perturbation 0, M = 1 ... 6 */
  TILTED_FEW,  /* M = 1, 2: rank G = K */
  TILTED_MANY, /* M = 3 ... 6: spins can keep energy for ever */
  N_ONE_SIGN,
  BOTH = N_ONE_SIGN, /* tilted, M = 2 ... 4, signs of Omega_mu random but not all equal */
  MODERATE,          /* the same with every frequency and rate within a factor 5 of 1, g0/min g_nu 0.5 ... 3 */
  N_KINDS
} kind;

const char *kind_name(kind k);

/* Returns M. */
int sample_point(uint64_t seed, kind k, int64_t index, dkm_point *point);

/* g_nu with |Omega| and |Omega_nu|, of mode nu; and the least of all. */
double sample_g_crit(const dkm_point *point, int nu);
double sample_g_least(const dkm_point *point, int M);

/* The point as a C initialiser, one line without its end. */
void sample_print(const dkm_point *point, int M);

#endif
