/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of text (truth_line.h). */
#include "truth_line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void put(FILE *file, const char *key, int n, const double *values, int digits) {
  fprintf(file, " %s=", key);
  for (int i = 0; i < n; i++) fprintf(file, "%s%.*g", i ? "," : "", digits, values[i]);
}

void truth_line_write(FILE *file, uint64_t seed, kind k, int64_t index, int M, const dkm_point *p, const truth *t) {
  const int n = 3 * (1 << (M - 1)) + 2 * M;
  fprintf(file, "kind=%s sample=%s sample_seed=%llu index=%lld M=%d", truth_name(t->kind),
          sample_word(k), (unsigned long long)seed, (long long)index, M);
  put(file, "g0", 1, &p->g0, 17);
  put(file, "Omega", 1, &p->Omega, 17);
  put(file, "Omega_mu", M, p->Omega_mu, 17);
  put(file, "kappa_mu", M, p->kappa_mu, 17);
  fprintf(file, " pattern=%d overlap=%.17g perturbation=%.17g seed=%lld", p->pattern, p->overlap, p->perturbation,
          (long long)p->seed);
  put(file, "t_known", 1, &t->t_known, 9);
  put(file, "t", 1, &t->t, 9);
  put(file, "chaos_until", 1, &t->chaos_until, 9);
  put(file, "period", 1, &t->period, 12);
  put(file, "residual", 1, &t->residual, 3);
  put(file, "growth", 1, &t->growth, 10);
  put(file, "decay", 1, &t->decay, 10);
  fprintf(file, " n_unstable=%d n_evaluations=%lld", t->n_unstable, (long long)t->n_evaluations);
  put(file, "lyapunov", 1, &t->lyapunov, 6);
  put(file, "lyapunov_error", 1, &t->lyapunov_error, 3);
  put(file, "frequency", 2, t->frequency, 7);
  put(file, "weight", 1, &t->weight, 3);
  put(file, "size", 1, &t->size, 6);
  put(file, "size_before", 1, &t->size_before, 6);
  put(file, "distance", 1, &t->distance, 3);
  put(file, "amplitude", M, t->amplitude, 9);
  put(file, "mean", 3 * M, t->mean, 10);
  put(file, "state", n, t->state, 17);
  fprintf(file, "\n");
}

static void get(const char *line, const char *key, int most, double *values) {
  char word[64];
  snprintf(word, sizeof word, " %s=", key);
  const char *at = strstr(line, word);
  if (!at) return;
  char *end = (char *)(uintptr_t)at + strlen(word);
  for (int i = 0; i < most; i++) {
    values[i] = strtod(end, &end);
    if (*end++ != ',') break;
  }
}

bool truth_line_read(const char *line, uint64_t *seed, kind *k, int64_t *index, truth *t) {
  double value = NAN;
  if (strncmp(line, "kind=", 5) != 0 || !strchr(line, '\n')) return false; /* a line that was cut off counts for nothing */
  *t = (truth){.kind = TRUTH_UNKNOWN};
  for (int i = 0; i < N_TRUTHS; i++)
    if (strncmp(line + 5, truth_name((truth_kind)i), strlen(truth_name((truth_kind)i))) == 0) t->kind = (truth_kind)i;
  char sample[32] = "";
  const char *at = strstr(line, " sample=");
  if (!at || sscanf(at, " sample=%31s", sample) != 1 || !sample_of_word(sample, k)) return false;
  get(line, "sample_seed", 1, &value), *seed = (uint64_t)value;
  get(line, "index", 1, &value), *index = (int64_t)value;
  get(line, "t_known", 1, &t->t_known);
  get(line, "t", 1, &t->t);
  get(line, "chaos_until", 1, &t->chaos_until);
  get(line, "period", 1, &t->period);
  get(line, "residual", 1, &t->residual);
  get(line, "growth", 1, &t->growth);
  get(line, "decay", 1, &t->decay);
  get(line, "n_unstable", 1, &value), t->n_unstable = (int)value;
  get(line, "n_evaluations", 1, &value), t->n_evaluations = (int64_t)value;
  get(line, "lyapunov", 1, &t->lyapunov);
  get(line, "lyapunov_error", 1, &t->lyapunov_error);
  get(line, "frequency", 2, t->frequency);
  get(line, "weight", 1, &t->weight);
  get(line, "size", 1, &t->size);
  get(line, "size_before", 1, &t->size_before);
  get(line, "distance", 1, &t->distance);
  get(line, "amplitude", MAX_M, t->amplitude);
  get(line, "mean", 3 * MAX_M, t->mean);
  get(line, "state", MOST, t->state);
  return true;
}
