/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Classes of single spins, and of independent couplings. */
#define _GNU_SOURCE /* qsort_r */
#include "dickemap/spins.h"

#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gsl_calls.h"

/* Streams of random numbers by what they are for, in the lowest five bits of their seeds: 1 ... 20 are tilts of cues
 * (model.c), 31 separations. */
enum { STREAM_FLIPS = 29, STREAM_PATTERNS = 30 };

/* ---- spins ---- */

/* Rows of what classes are told apart by, M couplings and the cue: [j*(M + 1)]. */
typedef struct table {
  int n_modes;
  bool has_cue;
  double *rows;
  int64_t *order;
} table;

static double *row_of(const table *t, int64_t j) {
  return t->rows + j * (t->n_modes + 1);
}

/* Larger couplings come first: +-1 columns stand as in the paper's Fig. 2. */
static int compare_rows(const table *t, int64_t a, int64_t b) {
  const double *of_a = row_of(t, a), *of_b = row_of(t, b);
  for (int i = 0; i < t->n_modes + t->has_cue; i++)
    if (of_a[i] != of_b[i]) return of_a[i] > of_b[i] ? -1 : 1;
  return 0;
}

static int by_row(const void *a, const void *b, void *context) {
  const int64_t ja = *(const int64_t *)a, jb = *(const int64_t *)b;
  const int order = compare_rows(context, ja, jb);
  return order ? order : (ja > jb) - (ja < jb);
}

static gsl_rng *new_stream(int64_t seed, int stream) {
  dkm_gsl_begin();
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  dkm_gsl_end();
  if (rng) gsl_rng_set(rng, (unsigned long)(seed * 32 + stream));
  return rng;
}

static dkm_status fill_couplings(const dkm_spins *spins, const dkm_point *point, table *t, dkm_error *err) {
  const int M = spins->n_modes;
  gsl_rng *rng = spins->G ? NULL : new_stream(point->pattern_seed, STREAM_PATTERNS);
  if (!spins->G && !rng) return dkm_fail(err, DKM_MEMORY, "out of memory for the random number generator");
  for (int64_t j = 0; j < spins->n_spins; j++) {
    double *row = row_of(t, j);
    for (int mu = 0; mu < M; mu++)
      row[mu] = spins->G                                ? spins->G[mu * spins->n_spins + j] + 0.0 /* no -0.0 */
                : mu == 0 || gsl_rng_uniform(rng) < 0.5 ? 1.0
                                                        : -1.0;
  }
  if (rng) gsl_rng_free(rng);
  return DKM_OK;
}

/* The cue of each spin, before any is flipped. */
static void fill_cue(const dkm_spins *spins, const dkm_point *point, table *t) {
  const bool mixture = dkm_point_has_mixture(point, spins->n_modes);
  double largest = ldexp(1.0, -spins->log2_unit);
  for (int64_t j = 0; j < spins->n_spins; j++) largest = fmax(largest, fabs(row_of(t, j)[point->pattern - 1]));
  for (int64_t j = 0; j < spins->n_spins; j++) {
    double *row = row_of(t, j);
    row[spins->n_modes] = spins->cue ? spins->cue[j]
                          : mixture  ? dkm_mixture_sign(point, row, spins->n_modes)
                                     : row[point->pattern - 1] / largest;
  }
}

/* The first n of a random order of all spins. */
static dkm_status flip_spins(const dkm_spins *spins, const dkm_point *point, table *t, dkm_error *err) {
  const int64_t N = spins->n_spins, n = point->flip_exactly;
  if (n > N)
    return dkm_fail(err, DKM_INPUT, "%lld spins cannot be flipped, there are %lld", (long long)n, (long long)N);
  gsl_rng *rng = new_stream(point->seed, STREAM_FLIPS);
  if (!rng) return dkm_fail(err, DKM_MEMORY, "out of memory for the random number generator");
  for (int64_t j = 0; j < N; j++) t->order[j] = j;
  for (int64_t j = 0; j < n; j++) {
    const int64_t other = j + (int64_t)gsl_rng_uniform_int(rng, (unsigned long)(N - j)), spin = t->order[other];
    t->order[other] = t->order[j];
    t->order[j] = spin;
    double *cue = row_of(t, spin) + spins->n_modes;
    *cue = 0.0 - *cue; /* no -0.0 */
  }
  gsl_rng_free(rng);
  return DKM_OK;
}

static int64_t count_classes(const table *t, int64_t n) {
  int64_t K = 0;
  for (int64_t j = 0; j < n; j++) K += j == 0 || compare_rows(t, t->order[j - 1], t->order[j]) != 0;
  return K;
}

/* The spins of a point, told apart and in order. */
static dkm_status fill_table(const dkm_spins *spins, const dkm_point *point, table *t, dkm_error *err) {
  const size_t N = (size_t)spins->n_spins, width = (size_t)spins->n_modes + 1;
  *t = (table){.n_modes = spins->n_modes,
               .has_cue = spins->cue || point->flip_exactly > 0,
               .rows = malloc(N * width * sizeof(double)),
               .order = malloc(N * sizeof(int64_t))};
  if (!t->rows || !t->order) return dkm_fail(err, DKM_MEMORY, "out of memory for %zu spins", N);
  dkm_status status = fill_couplings(spins, point, t, err);
  if (status == DKM_OK && t->has_cue) {
    fill_cue(spins, point, t);
    status = flip_spins(spins, point, t, err);
  }
  if (status != DKM_OK) return status;
  for (size_t j = 0; j < N; j++) t->order[j] = (int64_t)j;
  qsort_r(t->order, N, sizeof *t->order, by_row, t);
  return DKM_OK;
}

static void free_table(table *t) {
  free(t->rows);
  free(t->order);
}

dkm_status dkm_spins_realise(const dkm_spins *spins, const dkm_point *point, dkm_couplings *out, dkm_error *err) {
  const size_t M = (size_t)spins->n_modes;
  double *G = NULL, *w = NULL, *cue = NULL;
  int64_t K = 0;
  table t;
  *out = (dkm_couplings){0};
  dkm_status status = fill_table(spins, point, &t, err);
  if (status != DKM_OK) goto cleanup;
  K = count_classes(&t, spins->n_spins);
  G = malloc((size_t)K * M * sizeof *G);
  w = calloc((size_t)K, sizeof *w);
  cue = malloc((size_t)K * sizeof *cue);
  if (!G || !w || !cue) {
    status = dkm_fail(err, DKM_MEMORY, "out of memory for %lld classes", (long long)K);
    goto cleanup;
  }
  int64_t k = -1;
  for (int64_t j = 0; j < spins->n_spins; j++) {
    const double *row = row_of(&t, t.order[j]);
    if (j == 0 || compare_rows(&t, t.order[j - 1], t.order[j]) != 0) {
      k++;
      memcpy(G + (size_t)k * M, row, M * sizeof *G);
      cue[k] = row[M];
    }
    w[k] += 1.0; /* exact */
  }
  for (k = 0; k < K; k++) w[k] /= (double)spins->n_spins;
  status = dkm_couplings_create(spins->mapping, (int)M, K, G, w, t.has_cue ? cue : NULL, out, err);
  out->system.log2_unit = spins->log2_unit;

cleanup:
  free_table(&t);
  free(G);
  free(w);
  free(cue);
  return status;
}

dkm_status dkm_spins_system(const dkm_system *system, const dkm_point *point, dkm_couplings *own, const dkm_system **of_point,
                            dkm_error *err) {
  *own = (dkm_couplings){0};
  *of_point = system;
  if (!system->spins) return DKM_OK;
  const dkm_status status = dkm_spins_realise(system->spins, point, own, err);
  own->system.from = system->from;
  own->system.drive = system->drive;
  *of_point = &own->system;
  return status;
}

dkm_status dkm_spins_classes(const dkm_spins *spins, const dkm_point *point, int64_t *class_of, dkm_error *err) {
  table t;
  int64_t k = -1;
  dkm_status status = fill_table(spins, point, &t, err);
  for (int64_t j = 0; j < spins->n_spins && status == DKM_OK; j++) {
    k += j == 0 || compare_rows(&t, t.order[j - 1], t.order[j]) != 0;
    class_of[t.order[j]] = k;
  }
  free_table(&t);
  return status;
}

dkm_status dkm_spins_correlations(const dkm_spins *spins, const dkm_point *point, double *C, dkm_error *err) {
  const int M = spins->n_modes;
  table t = {.n_modes = M, .rows = malloc((size_t)spins->n_spins * ((size_t)M + 1) * sizeof(double))};
  dkm_status status = t.rows ? fill_couplings(spins, point, &t, err)
                             : dkm_fail(err, DKM_MEMORY, "out of memory for %lld spins", (long long)spins->n_spins);
  for (int i = 0; i < M * M; i++) C[i] = 0.0;
  for (int64_t j = 0; j < spins->n_spins && status == DKM_OK; j++) {
    const double *G = row_of(&t, j);
    for (int mu = 0; mu < M; mu++)
      for (int nu = mu; nu < M; nu++) C[mu * M + nu] += G[mu] * G[nu];
  }
  for (int mu = 0; mu < M; mu++)
    for (int nu = mu; nu < M; nu++) C[nu * M + mu] = C[mu * M + nu] /= (double)spins->n_spins;
  free_table(&t);
  return status;
}

dkm_status dkm_spins_most_classes(const dkm_spins *spins, int64_t flipped, int64_t *n_classes, dkm_error *err) {
  int64_t columns = spins->n_modes - 1 < 30 ? (int64_t)1 << (spins->n_modes - 1) : spins->n_spins;
  if (spins->G) { /* as they are, with the cue */
    const dkm_point plain = {.pattern = 1};
    table t;
    dkm_status status = fill_table(spins, &plain, &t, err);
    columns = status == DKM_OK ? count_classes(&t, spins->n_spins) : 0;
    free_table(&t);
    if (status != DKM_OK) return status;
  }
  *n_classes = columns + (flipped < columns ? flipped : columns); /* a flipped spin makes one more at most */
  if (*n_classes > spins->n_spins) *n_classes = spins->n_spins;
  return DKM_OK;
}

/* ---- independent couplings ---- */

/* The value that -values[i] is, with the same probability; -1: there is none. */
static int mirrored(int n_values, const double *values, const double *probabilities, int i) {
  for (int j = 0; j < n_values; j++)
    if (values[j] == -values[i] && probabilities[j] == probabilities[i]) return j;
  return -1;
}

static bool is_even(int n_values, const double *values, const double *probabilities) {
  for (int i = 0; i < n_values; i++)
    if (mirrored(n_values, values, probabilities, i) < 0) return false;
  return true;
}

/* The next class in the order of the values, the last mode fastest; false: there is none. */
static bool next_class(int n_modes, int n_values, int *digit) {
  for (int mu = n_modes - 1; mu >= 0; mu--) {
    if (++digit[mu] < n_values) return true;
    digit[mu] = 0;
  }
  return false;
}

/* 1, and 2 of the two that the gauge makes one; 0 of the other. */
static int times(int n_modes, const double *values, const int *digit, bool even) {
  for (int mu = 0; even && mu < n_modes; mu++)
    if (values[digit[mu]] != 0.0) return values[digit[mu]] > 0.0 ? 2 : 0;
  return 1;
}

int64_t dkm_values_n_classes(int n_modes, int n_values, const double *values, const double *probabilities) {
  const bool even = is_even(n_values, values, probabilities);
  int64_t all = 1;
  int zeros = 0;
  for (int i = 0; i < n_values; i++) zeros += values[i] == 0.0;
  for (int mu = 0; mu < n_modes; mu++) {
    all *= n_values;
    if (all > 2 * DKM_MAX_CLASSES) return 0;
  }
  const int64_t K = even ? (all + (zeros > 0)) / 2 : all;
  return K <= DKM_MAX_CLASSES ? K : 0;
}

dkm_status dkm_values_realise(int n_modes, int n_values, const double *values, const double *probabilities,
                              dkm_couplings *out, dkm_error *err) {
  const bool even = is_even(n_values, values, probabilities);
  const int64_t K = dkm_values_n_classes(n_modes, n_values, values, probabilities);
  *out = (dkm_couplings){0};
  if (K == 0)
    return dkm_fail(err, DKM_INPUT, "%d patterns with %d values have more than %lld classes", n_modes, n_values,
                    (long long)DKM_MAX_CLASSES);
  double *G = malloc((size_t)K * (size_t)n_modes * sizeof *G), *w = malloc((size_t)K * sizeof *w);
  int digit[DKM_MAX_MODES] = {0};
  int64_t k = 0;
  dkm_status status = G && w ? DKM_OK : dkm_fail(err, DKM_MEMORY, "out of memory for %lld classes", (long long)K);
  for (bool more = status == DKM_OK; more; more = next_class(n_modes, n_values, digit)) {
    const int n_times = times(n_modes, values, digit, even);
    if (n_times == 0) continue;
    w[k] = n_times;
    for (int mu = 0; mu < n_modes; mu++) {
      G[k * n_modes + mu] = values[digit[mu]];
      w[k] *= probabilities[digit[mu]];
    }
    k++;
  }
  if (status == DKM_OK) status = dkm_couplings_create(DKM_VALUES, n_modes, K, G, w, NULL, out, err);
  free(G);
  free(w);
  return status;
}
