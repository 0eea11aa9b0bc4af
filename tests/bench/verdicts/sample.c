/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random points over decades (sample.h). */
#include "sample.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char *kind_name(kind k) {
  static const char *const names[N_KINDS] = {"exact", "tilted, M <= 2", "tilted, M >= 3", "both signs", "both signs, moderate",
                                               "losses", "unbalanced", "losses and unbalanced"};
  return names[k];
}

static uint64_t next_bits(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static const char *const words[N_KINDS] = {"exact", "few", "many", "both", "moderate", "losses", "unbalanced", "open"};

const char *sample_word(kind k) {
  return words[k];
}

bool sample_of_word(const char *word, kind *k) {
  for (int i = 0; i < N_KINDS; i++)
    if (strcmp(word, words[i]) == 0) {
      *k = (kind)i;
      return true;
    }
  return false;
}

double sample_uniform(uint64_t *state) {
  return ((double)(next_bits(state) >> 11) + 0.5) * 0x1p-53;
}

double sample_log_uniform(uint64_t *state, double low, double high) {
  return low * pow(high / low, sample_uniform(state));
}

int sample_one_of(uint64_t *state, int n) {
  return (int)(sample_uniform(state) * n);
}

double sample_g_crit(const dkm_point *p, int nu) {
  const double frequency = fabs(p->Omega_mu[nu]), D = frequency * frequency + 0.25 * p->kappa_mu[nu] * p->kappa_mu[nu];
  return sqrt(0.5 * fabs(p->Omega) / frequency * D);
}

double sample_g_least(const dkm_point *p, int M) {
  double least = INFINITY;
  for (int nu = 0; nu < M; nu++) least = fmin(least, sample_g_crit(p, nu));
  return least;
}

/* -1 or 1 for each of M modes, not all equal. */
static void both_signs(uint64_t *state, int M, double *sign) {
  const int first = sample_one_of(state, M); /* two modes that differ, the rest as it comes */
  for (int mu = 0; mu < M; mu++) sign[mu] = sample_one_of(state, 2) == 0 ? -1.0 : 1.0;
  sign[(first + 1) % M] = -sign[first];
}

static int sample_both(uint64_t *state, kind k, dkm_point *p) {
  const bool moderate = k == MODERATE;
  const int M = 2 + sample_one_of(state, 3);
  double sign[MAX_M] = {0};
  *p = (dkm_point){.Omega = moderate ? sample_log_uniform(state, 0.2, 5.0) : sample_log_uniform(state, 0.01, 10.0)};
  if (!moderate && sample_one_of(state, 4) == 0) p->Omega = -p->Omega;
  both_signs(state, M, sign);
  for (int mu = 0; mu < M; mu++) {
    p->Omega_mu[mu] = sign[mu] * (moderate ? sample_log_uniform(state, 0.2, 5.0) : sample_log_uniform(state, 0.01, 50.0));
    p->kappa_mu[mu] = moderate ? sample_log_uniform(state, 0.2, 5.0) : sample_log_uniform(state, 1e-3, 50.0);
  }
  p->g0 = sample_g_least(p, M) * (moderate ? sample_log_uniform(state, 0.5, 3.0) : sample_log_uniform(state, 0.01, 30.0));
  p->pattern = 1 + sample_one_of(state, M);
  p->overlap = 2.0 * sample_uniform(state) - 1.0;
  if (sample_one_of(state, 4) == 0) p->overlap = 1.0;
  p->perturbation = moderate ? sample_log_uniform(state, 1e-3, 0.3) : sample_log_uniform(state, 1e-4, 0.5);
  p->seed = sample_one_of(state, 1 << 20);
  return M;
}

uint64_t sample_stream(uint64_t seed, kind k, int64_t index) {
  uint64_t state = seed;
  state = next_bits(&state) + (uint64_t)k;
  return next_bits(&state) + (uint64_t)index;
}

int sample_point(uint64_t seed, kind k, int64_t index, dkm_point *p) {
  uint64_t state = sample_stream(seed, k, index);
  if (k >= N_ONE_SIGN) return sample_both(&state, k, p);
  const int M = k == EXACT        ? 1 + sample_one_of(&state, MAX_M)
                : k == TILTED_FEW ? 1 + sample_one_of(&state, 2)
                                  : 3 + sample_one_of(&state, MAX_M - 2);
  *p = (dkm_point){.Omega = sample_log_uniform(&state, 0.01, 10.0) * (sample_one_of(&state, 4) == 0 ? -1.0 : 1.0)};
  const double sign = sample_one_of(&state, 4) == 0 ? -1.0 : 1.0;
  for (int mu = 0; mu < M; mu++) {
    p->Omega_mu[mu] = sign * sample_log_uniform(&state, 0.01, 50.0);
    p->kappa_mu[mu] = sample_log_uniform(&state, 1e-3, 50.0);
  }
  p->g0 = sample_g_least(p, M) * sample_log_uniform(&state, 0.01, 30.0);
  p->pattern = 1 + sample_one_of(&state, M);
  p->overlap = 2.0 * sample_uniform(&state) - 1.0;
  if (sample_one_of(&state, 4) == 0) p->overlap = 1.0;
  if (k == EXACT && sample_one_of(&state, 50) == 0) p->overlap = 0.0; /* at rest, on a saddle or a summit above g_nu */
  p->perturbation = k == EXACT ? 0.0 : sample_log_uniform(&state, 1e-4, 0.5);
  p->seed = sample_one_of(&state, 1 << 20);
  return M;
}

void sample_print(const dkm_point *p, int M) {
  printf("/* M = %d */ {.g0 = %.17g, .Omega = %.17g, .Omega_mu = {", M, p->g0, p->Omega);
  for (int mu = 0; mu < M; mu++) printf("%s%.17g", mu ? ", " : "", p->Omega_mu[mu]);
  printf("}, .kappa_mu = {");
  for (int mu = 0; mu < M; mu++) printf("%s%.17g", mu ? ", " : "", p->kappa_mu[mu]);
  printf("}, .pattern = %d, .overlap = %.17g, .perturbation = %.17g, .seed = %lld}", p->pattern, p->overlap,
         p->perturbation, (long long)p->seed);
}
