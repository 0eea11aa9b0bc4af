/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sample: random points.  Over decades of every parameter, all Omega_mu of one sign, so that the Lyapunov theorem holds
 * for each of them; and with modes of both signs, with losses or unbalanced couplings, where it does not.  A point depends on
 * (seed, kind, index) alone; sample.c needs only headers that are the same in version 0.1.0, so that both versions can be
 * given the same points (of the kinds before LOSSES). */
#ifndef VERDICTS_SAMPLE_H
#define VERDICTS_SAMPLE_H
#include <stdbool.h>

#include "dickemap/model.h"

enum { MAX_M = 6, MAX_K = 32, MAX_STATE = 3 * MAX_K + 2 * MAX_M };

typedef enum kind {
  EXACT,       /* perturbation 0, M = 1 ... 6 */
  TILTED_FEW,  /* M = 1, 2: rank G = K */
  TILTED_MANY, /* M = 3 ... 6: spins can keep energy for ever */
  N_ONE_SIGN,
  BOTH = N_ONE_SIGN, /* tilted, M = 2 ... 4, signs of Omega_mu random but not all equal */
  MODERATE,          /* the same with every frequency and rate within a factor 5 of 1, g0/min g_nu 0.5 ... 3 */
  LOSSES,     /* tilted, M = 1 ... 3, one sign or both, moderate but for the rates of loss, 1e-3 ... 1 */
  UNBALANCED, /* the same with -1 < eta < 1 and no losses */
  OPEN_BOTH,  /* and with both */
  N_KINDS
} kind;

const char *kind_name(kind k);
const char *sample_word(kind k); /* one word, for options and files */
bool sample_of_word(const char *word, kind *k);

/* Returns M. */
int sample_point(uint64_t seed, kind k, int64_t index, dkm_point *point);

/* Of the kinds from LOSSES on (sample_open.c). */
int sample_open_point(uint64_t seed, kind k, int64_t index, dkm_point *point);

/* Random numbers; any state is a good one (splitmix64: Steele, Lea, Flood 2014), so each point can have its own stream. */
uint64_t sample_stream(uint64_t seed, kind k, int64_t index);
double sample_uniform(uint64_t *state);
double sample_log_uniform(uint64_t *state, double low, double high);
int sample_one_of(uint64_t *state, int n); /* 0 ... n-1 */

/* g_nu with |Omega| and |Omega_nu|, of mode nu; and the least of all. */
double sample_g_crit(const dkm_point *point, int nu);
double sample_g_least(const dkm_point *point, int M);

/* The point as a C initialiser, one line without its end. */
void sample_print(const dkm_point *point, int M);

#endif
