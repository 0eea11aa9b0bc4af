/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sums over the classes of a system: O(K) for +-1 patterns, O(K M) for any couplings.
 *
 * f_{mu,k} is the sign (-1)^(bit M-1-mu of k): up to the order of the bits a row of a
 * Hadamard matrix that belongs to a single bit.  Only these M of the K Walsh functions are needed,
 * which is why O(K) suffices where the full transform takes O(K log K). */
#include "dickemap/system.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- systems ---- */

dkm_status dkm_system_of_patterns(dkm_system *system, dkm_mapping mapping, int n_modes, dkm_error *err) {
  if (n_modes < 1 || n_modes > DKM_MAX_MODES)
    return dkm_fail(err, DKM_INPUT, "number of patterns %d is outside 1 ... %d", n_modes, DKM_MAX_MODES);
  const int64_t K = (int64_t)1 << (mapping == DKM_GAUGED ? n_modes - 1 : n_modes);
  *system = (dkm_system){.mapping = mapping,
                         .n_modes = n_modes,
                         .n_classes = K,
                         .weight = 1.0 / (double)K,
                         .largest = 1.0,
                         .alpha_factor = sqrt((double)K),
                         .occupation_factor = (double)K};
  return DKM_OK;
}

dkm_status dkm_couplings_create(dkm_mapping mapping, int n_modes, int64_t n_classes, const double *G, const double *w,
                                const double *cue, dkm_couplings *out, dkm_error *err) {
  const size_t K = (size_t)n_classes, M = (size_t)n_modes;
  *out = (dkm_couplings){.memory = malloc(K * (2 * M + 2) * sizeof(double))};
  if (!out->memory) return dkm_fail(err, DKM_MEMORY, "out of memory for the couplings of %lld classes", (long long)K);
  double *couplings = out->memory, *weighted = couplings + K * M, *weights = weighted + K * M, largest = 0.0;
  memcpy(couplings, G, K * M * sizeof *G);
  memcpy(weights, w, K * sizeof *w);
  if (cue) memcpy(weights + K, cue, K * sizeof *cue);
  for (size_t k = 0; k < K; k++)
    for (size_t mu = 0; mu < M; mu++) {
      weighted[k * M + mu] = w[k] * G[k * M + mu];
      largest = fmax(largest, fabs(G[k * M + mu]));
    }
  out->system = (dkm_system){.mapping = mapping,
                             .n_modes = n_modes,
                             .n_classes = n_classes,
                             .weight = NAN,
                             .largest = largest,
                             .alpha_factor = 1.0,
                             .occupation_factor = 1.0,
                             .couplings = couplings,
                             .weighted = weighted,
                             .weights = weights,
                             .cue = cue ? weights + K : NULL};
  return DKM_OK;
}

dkm_status dkm_couplings_create_like(const dkm_system *other, int n_modes, int64_t n_classes, const double *G,
                                     const double *w, dkm_couplings *out, dkm_error *err) {
  const dkm_mapping mapping = dkm_system_has_patterns(other) ? DKM_MATRIX : other->mapping;
  dkm_status status = dkm_couplings_create(mapping, n_modes, n_classes, G, w, NULL, out, err);
  if (status != DKM_OK) return status;
  out->system.alpha_factor = other->alpha_factor;
  out->system.occupation_factor = other->occupation_factor;
  out->system.log2_unit = other->log2_unit;
  out->system.drive = other->drive;
  return DKM_OK;
}

void dkm_couplings_free(dkm_couplings *couplings) {
  free(couplings->memory);
  *couplings = (dkm_couplings){0};
}

double dkm_system_coupling(const dkm_system *system, int mu, int64_t k) {
  if (system->couplings) return system->couplings[k * system->n_modes + mu];
  /* In the gauged mapping bit M-1 of k < 2^(M-1) is 0, so that mu = 0 needs no special case. */
  return (k >> (system->n_modes - 1 - mu)) & 1 ? -1.0 : 1.0;
}

double dkm_system_weight(const dkm_system *system, int64_t k) {
  return system->weights ? system->weights[k] : system->weight;
}

/* Sums that vanish but for rounding, relative to their terms. */
static const double rounding = 1e-13;

bool dkm_system_pattern_is_closed(const dkm_system *system, int nu) {
  if (dkm_system_has_patterns(system)) return true;
  if (!system->couplings) return false; /* of spins that depend on the point nothing is known here */
  const int M = system->n_modes;
  double sum[DKM_MAX_MODES] = {0}, size[DKM_MAX_MODES] = {0};
  for (int64_t k = 0; k < system->n_classes; k++) {
    const double *G = system->couplings + k * M, *wG = system->weighted + k * M;
    if (ldexp(fabs(G[nu]), system->log2_unit) != 1.0) return false;
    for (int mu = 0; mu < M; mu++) {
      sum[mu] += wG[mu] * G[nu];
      size[mu] += fabs(wG[mu]);
    }
  }
  for (int mu = 0; mu < M; mu++)
    if (mu != nu && fabs(sum[mu]) > rounding * size[mu]) return false;
  return true;
}

/* Rows are orthogonal in +-1 patterns; else the rank by elimination with full pivots, columns of length 1. */
bool dkm_system_full_rank(const dkm_system *system) {
  const int M = system->n_modes;
  const int64_t K = system->n_classes;
  if (K > M || dkm_system_has_patterns(system)) return K <= M;
  double a[DKM_MAX_MODES][DKM_MAX_MODES]; /* a[k][mu] */
  bool used[DKM_MAX_MODES] = {false};
  for (int64_t k = 0; k < K; k++) {
    double square = 0.0;
    for (int mu = 0; mu < M; mu++) square += system->couplings[k * M + mu] * system->couplings[k * M + mu];
    if (!(square > 0.0)) return false;
    for (int mu = 0; mu < M; mu++) a[k][mu] = system->couplings[k * M + mu] / sqrt(square);
  }
  for (int64_t step = 0; step < K; step++) {
    int64_t row = -1;
    int column = 0;
    for (int64_t k = 0; k < K; k++)
      for (int mu = 0; mu < M && !used[k]; mu++)
        if (row < 0 || fabs(a[k][mu]) > fabs(a[row][column])) {
          row = k;
          column = mu;
        }
    if (!(fabs(a[row][column]) > 1e-10)) return false;
    used[row] = true;
    for (int64_t k = 0; k < K; k++) {
      const double factor = used[k] ? 0.0 : a[k][column] / a[row][column];
      for (int mu = 0; mu < M && factor != 0.0; mu++) a[k][mu] -= factor * a[row][mu];
    }
  }
  return true;
}

void dkm_system_correlations(const dkm_system *system, double *C) {
  const int M = system->n_modes;
  for (int mu = 0; mu < M; mu++)
    for (int nu = 0; nu < M; nu++) {
      double sum = mu == nu;
      if (system->couplings) {
        sum = 0.0;
        for (int64_t k = 0; k < system->n_classes; k++)
          sum += system->weighted[k * M + mu] * system->couplings[k * M + nu];
      }
      C[mu * M + nu] = sum;
    }
}

/* ---- +-1 patterns ---- */

/* Few classes are a constant number to the compiler, which then needs no loops: they are most of the work of looks. */
#define INLINE static inline __attribute__((always_inline))
#define FOR_CLASSES(n_classes, function, ...) \
  switch (n_classes) { \
  case 4: \
    function(4, __VA_ARGS__); \
    break; \
  case 8: \
    function(8, __VA_ARGS__); \
    break; \
  default: \
    function(n_classes, __VA_ARGS__); \
  }

static void pattern_fields(const dkm_system *system, const double *a, double *h) {
  int64_t n = 1;
  int mu = 0;
  if (system->mapping == DKM_GAUGED)
    h[0] = a[mu++];
  else {
    h[0] = a[0];
    h[1] = -a[0];
    n = 2;
    mu = 1;
  }
  for (; mu < system->n_modes; mu++, n *= 2)
    for (int64_t j = n - 1; j >= 0; j--) { /* backwards: h[2j] and h[2j+1] replace h[j] in place */
      double partial = h[j];
      h[2 * j] = partial + a[mu];
      h[2 * j + 1] = partial - a[mu];
    }
}

INLINE void sums_of_classes(int64_t n, const dkm_system *system, const double *q, double *s, double *work) {
  const double *level = q; /* q summed over the bits treated so far; from the second level on in work[0 ... n-1] */
  double *difference = work + n / 2;
  int mu = system->n_modes - 1;
  for (; n > 1; mu--) {
    int64_t half = n / 2;
    for (int64_t j = 0; j < half; j++) {
      double even = level[2 * j], odd = level[2 * j + 1];
      work[j] = even + odd;
      difference[j] = even - odd;
    }
    for (int64_t m = half; m > 1; m /= 2)
      for (int64_t j = 0; j < m / 2; j++) difference[j] = difference[2 * j] + difference[2 * j + 1];
    s[mu] = system->weight * difference[0];
    level = work;
    n = half;
  }
  if (mu == 0) s[0] = system->weight * level[0]; /* gauged: the uniform row is left */
}

static void pattern_sums(const dkm_system *system, const double *q, double *s, double *work) {
  FOR_CLASSES(system->n_classes, sums_of_classes, system, q, s, work)
}

/* The sum of the uniform row alone, with its bits. */
static double pattern_total(const dkm_system *system, const double *q, double *work) {
  const double *level = q;
  for (int64_t n = system->n_classes; n > 1; n /= 2) {
    for (int64_t j = 0; j < n / 2; j++) work[j] = level[2 * j] + level[2 * j + 1];
    level = work;
  }
  return system->weight * level[0];
}

/* q -> W[j] = sum_k (-1)^(parity of j & k) q_k, in place (fast Walsh-Hadamard transform). */
static void walsh_transform(double *q, int64_t n) {
  for (int64_t half = 1; half < n; half *= 2)
    for (int64_t block = 0; block < n; block += 2 * half)
      for (int64_t k = block; k < block + half; k++) {
        double a = q[k], b = q[k + half];
        q[k] = a + b;
        q[k + half] = a - b;
      }
}

/* f_{mu,k} = (-1)^(parity of mask & k). */
static int64_t mode_mask(const dkm_system *system, int mu) {
  return ((int64_t)1 << (system->n_modes - 1 - mu)) & (system->n_classes - 1);
}

/* A product of two rows is a row of the full Hadamard matrix, so that one Walsh transform
 * of q, O(K log K), gives all M^2 sums instead of O(K M^2) work. */
static void pattern_gram(const dkm_system *system, double *q, double *gram) {
  const int M = system->n_modes;
  walsh_transform(q, system->n_classes);
  for (int mu = 0; mu < M; mu++)
    for (int nu = 0; nu < M; nu++)
      gram[mu * M + nu] = system->weight * q[mode_mask(system, mu) ^ mode_mask(system, nu)];
}

/* ---- any couplings: class by class, each product rounded, as the vectorised kernel does (ensemble_sums.h) ---- */

void dkm_system_fields(const dkm_system *system, const double *a, double *h) {
  if (!system->couplings) {
    pattern_fields(system, a, h);
    return;
  }
  const int M = system->n_modes;
  for (int64_t k = 0; k < system->n_classes; k++) {
    const double *G = system->couplings + k * M;
    double sum = 0.0;
    for (int mu = 0; mu < M; mu++) sum += G[mu] * a[mu];
    h[k] = sum;
  }
}

void dkm_system_sums(const dkm_system *system, const double *q, double *s, double *work) {
  if (!system->couplings) {
    pattern_sums(system, q, s, work);
    return;
  }
  const int M = system->n_modes;
  for (int mu = 0; mu < M; mu++) s[mu] = 0.0;
  for (int64_t k = 0; k < system->n_classes; k++) {
    const double *wG = system->weighted + k * M;
    for (int mu = 0; mu < M; mu++) s[mu] += wG[mu] * q[k];
  }
}

double dkm_system_mean(const dkm_system *system, const double *q, double *work) {
  double sum = 0.0;
  if (!system->couplings && system->mapping == DKM_GAUGED) /* the first row is +1 for every class: summed in pairs */
    return pattern_total(system, q, work);
  for (int64_t k = 0; k < system->n_classes; k++) sum += system->weights ? system->weights[k] * q[k] : q[k];
  return system->weights ? sum : system->weight * sum;
}

void dkm_system_gram(const dkm_system *system, double *q, double *gram) {
  if (!system->couplings) {
    pattern_gram(system, q, gram);
    return;
  }
  const int M = system->n_modes;
  memset(gram, 0, (size_t)(M * M) * sizeof *gram);
  for (int64_t k = 0; k < system->n_classes; k++) {
    const double *G = system->couplings + k * M, *wG = system->weighted + k * M;
    if (q[k] == 0.0) continue;
    for (int mu = 0; mu < M; mu++)
      for (int nu = 0; nu <= mu; nu++) gram[mu * M + nu] += wG[mu] * G[nu] * q[k];
  }
  for (int mu = 0; mu < M; mu++)
    for (int nu = 0; nu < mu; nu++) gram[nu * M + mu] = gram[mu * M + nu];
}
