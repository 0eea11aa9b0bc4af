/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The start of a point, and the invariant subspace that it lies in. */
#define _GNU_SOURCE /* qsort_r */
#include "dickemap/start.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/spins.h"
#include "dickemap/theory.h"

/* Sums that vanish but for the rounding of weights and couplings, relative to their terms. */
static const double rounding = 1e-13;

/* ---- which classes are alike ---- */

/* What a class is compared by: x, y, z of its start and its couplings to the active modes, with the sign that makes the
 * first of y, z, G that is not 0 positive. */
typedef struct comparison {
  const dkm_system *system;
  const double *u;
  const signed char *sign;
  bool active[DKM_MAX_MODES];
} comparison;

static double value_of(const comparison *c, int64_t k, int i, double sign) {
  const int64_t K = c->system->n_classes;
  return i == 0 ? c->u[k] : sign * (i < 3 ? c->u[i * K + k] : dkm_system_coupling(c->system, i - 3, k));
}

static bool counts(const comparison *c, int i) {
  return i < 3 || c->active[i - 3];
}

static signed char sign_of_class(const comparison *c, int64_t k) {
  for (int i = 1; i < 3 + c->system->n_modes; i++) {
    const double value = counts(c, i) ? value_of(c, k, i, 1.0) : 0.0;
    if (value != 0.0) return value > 0.0 ? 1 : -1;
  }
  return 1;
}

static int compare_classes(const comparison *c, int64_t a, int64_t b) {
  for (int i = 0; i < 3 + c->system->n_modes; i++) {
    if (!counts(c, i)) continue;
    const double of_a = value_of(c, a, i, c->sign[a]), of_b = value_of(c, b, i, c->sign[b]);
    if (of_a != of_b) return of_a < of_b ? -1 : 1;
  }
  return 0;
}

static int by_likeness(const void *a, const void *b, void *context) {
  const int64_t ka = *(const int64_t *)a, kb = *(const int64_t *)b;
  const int order = compare_classes(context, ka, kb);
  return order ? order : (ka > kb) - (ka < kb);
}

/* Whether a group, order[first ... end-1], drives mode mu. */
static bool drives(const comparison *c, const int64_t *order, int64_t first, int64_t end, int mu) {
  double sum = 0.0, size = 0.0;
  for (int64_t j = first; j < end; j++) {
    const int64_t k = order[j];
    const double wG = dkm_system_weight(c->system, k) * dkm_system_coupling(c->system, mu, k);
    sum += c->sign[k] * wG;
    size += fabs(wG);
  }
  return fabs(sum) > rounding * size;
}

/* Groups classes for the active modes; true if these drive no other, else those that they drive are active too. */
static bool group_classes(comparison *c, signed char *sign, int64_t *order, int64_t *class_of, int64_t *n_groups) {
  const int64_t K = c->system->n_classes;
  bool closed = true;
  for (int64_t k = 0; k < K; k++) {
    sign[k] = sign_of_class(c, k);
    order[k] = k;
  }
  qsort_r(order, (size_t)K, sizeof *order, by_likeness, c);
  *n_groups = 0;
  bool active[DKM_MAX_MODES];
  memcpy(active, c->active, sizeof active);
  for (int64_t first = 0, end; first < K; first = end) {
    for (end = first; end < K && compare_classes(c, order[first], order[end]) == 0; end++)
      class_of[order[end]] = *n_groups;
    ++*n_groups;
    for (int mu = 0; mu < c->system->n_modes; mu++)
      if (!active[mu] && drives(c, order, first, end, mu)) {
        active[mu] = true;
        closed = false;
      }
  }
  memcpy(c->active, active, sizeof active);
  return closed;
}

/* ---- the smaller system ---- */

static void take_modes(dkm_start *start, const bool *active) {
  int n = 0;
  start->point.pattern = 1;
  for (int mu = 0; mu < start->full.n_modes; mu++) {
    if (!active[mu]) continue;
    start->mode_of[n] = mu;
    start->point.Omega_mu[n] = start->given.Omega_mu[mu];
    start->point.kappa_mu[n] = start->given.kappa_mu[mu];
    start->point.mixture[n] = start->given.mixture[mu];
    if (mu == start->given.pattern - 1) start->point.pattern = n + 1;
    n++;
  }
  start->point.seed = 0; /* of nothing: directions that are drawn there depend on the point alone */
  start->system.n_modes = n;
}

static dkm_status make_tables(dkm_start *start, int64_t n_groups, dkm_error *err) {
  const int M = start->system.n_modes;
  double *G = calloc((size_t)n_groups * (size_t)M, sizeof *G), *w = calloc((size_t)n_groups, sizeof *w);
  dkm_status status = G && w ? DKM_OK : dkm_fail(err, DKM_MEMORY, "out of memory for a start");
  for (int64_t k = 0; k < start->full.n_classes && status == DKM_OK; k++) {
    const int64_t group = start->class_of[k];
    w[group] += dkm_system_weight(&start->full, k);
    for (int i = 0; i < M; i++)
      G[group * M + i] = start->sign[k] * dkm_system_coupling(&start->full, start->mode_of[i], k);
  }
  if (status == DKM_OK)
    status = dkm_couplings_create(dkm_system_has_patterns(&start->full) ? DKM_MATRIX : start->full.mapping, M, n_groups,
                                  G, w, NULL, &start->tables, err);
  if (status == DKM_OK) {
    start->system = start->tables.system;
    start->system.alpha_factor = start->full.alpha_factor;
    start->system.occupation_factor = start->full.occupation_factor;
  }
  free(G);
  free(w);
  return status;
}

static void make_pattern(dkm_start *start) {
  dkm_system_of_patterns(&start->system, DKM_GAUGED, 1, NULL); /* cannot fail for M = 1 */
  start->is_reduced = start->is_pattern = true;
}

bool dkm_start_is_pattern(const dkm_system *system, const dkm_point *point) {
  return dkm_system_has_patterns(system) && point->perturbation == 0.0 &&
         !dkm_point_has_mixture(point, system->n_modes);
}

static dkm_status reduce(dkm_start *start, dkm_error *err) {
  const dkm_system *full = &start->full;
  const size_t K = (size_t)full->n_classes;
  if (full->cue) start->system.cue = NULL; /* the reduced start is taken from the full one */
  int64_t *order = malloc(K * sizeof *order), n_groups = 0;
  double *u = malloc(dkm_model_size(full) * sizeof *u);
  start->class_of = malloc(K * sizeof *start->class_of);
  start->sign = malloc(K * sizeof *start->sign);
  dkm_status status = order && u && start->class_of && start->sign
                          ? dkm_model_start(full, &start->given, u, err)
                          : dkm_fail(err, DKM_MEMORY, "out of memory for a start");
  if (status == DKM_OK) {
    comparison c = {.system = full, .u = u, .sign = start->sign};
    const bool mixture = dkm_point_has_mixture(&start->given, full->n_modes);
    for (int mu = 0; mu < full->n_modes; mu++)
      c.active[mu] = mixture ? start->given.mixture[mu] != 0.0 : mu == start->given.pattern - 1;
    while (!group_classes(&c, start->sign, order, start->class_of, &n_groups)) continue;
    int n_active = 0;
    for (int mu = 0; mu < full->n_modes; mu++) n_active += c.active[mu];
    start->is_reduced = n_active < full->n_modes || n_groups < full->n_classes;
    if (start->is_reduced) {
      take_modes(start, c.active);
      status = make_tables(start, n_groups, err);
    }
    if (status == DKM_OK && start->is_reduced && !mixture && !full->cue && n_groups == 1 &&
        start->system.n_modes == 1 && fabs(start->system.couplings[0]) == 1.0) {
      dkm_couplings_free(&start->tables);
      free(start->class_of);
      free(start->sign);
      start->class_of = NULL;
      start->sign = NULL;
      make_pattern(start);
    }
  }
  if (status == DKM_OK && start->is_reduced && !start->is_pattern) {
    start->u = malloc(dkm_model_size(&start->system) * sizeof *start->u);
    if (start->u)
      dkm_start_reduce_state(start, u, start->u);
    else
      status = dkm_fail(err, DKM_MEMORY, "out of memory for a start");
  }
  free(order);
  free(u);
  return status;
}

/* Spins that are flipped with a probability are shorter by what they had of z. */
static dkm_status measure_lengths(dkm_start *start, dkm_error *err) {
  const int64_t K = start->system.n_classes;
  const double common = dkm_point_length(&start->given);
  if (start->given.flip == 0.0 || start->is_pattern || dkm_system_has_patterns(&start->full)) return DKM_OK;
  double *u = malloc(dkm_model_size(&start->system) * sizeof *u);
  start->lengths = malloc((size_t)K * sizeof *start->lengths);
  dkm_status status = u && start->lengths ? dkm_start_state(start, true, u, err)
                                          : dkm_fail(err, DKM_MEMORY, "out of memory for a start");
  bool same = true;
  for (int64_t k = 0; k < K && status == DKM_OK; k++) {
    const double x = u[k], y = u[K + k], z = u[2 * K + k];
    start->lengths[k] = sqrt(x * x + y * y + z * z);
    same = same && fabs(start->lengths[k] - common) <= 1e-14;
  }
  free(u);
  if (status != DKM_OK || !same) return status;
  free(start->lengths);
  start->lengths = NULL;
  return DKM_OK;
}

dkm_status dkm_start_create(const dkm_system *system, const dkm_point *point, dkm_start *start, dkm_error *err) {
  *start = (dkm_start){.given = *point, .full = *system, .system = *system, .point = *point};
  for (int mu = 0; mu < system->n_modes; mu++) start->mode_of[mu] = mu;
  if (dkm_start_is_pattern(system, point)) {
    bool active[DKM_MAX_MODES] = {false};
    active[point->pattern - 1] = true;
    take_modes(start, active);
    make_pattern(start);
    return DKM_OK;
  }
  dkm_status status = DKM_OK;
  if (system->spins) {
    status = dkm_spins_realise(system->spins, point, &start->own, err);
    start->full = start->system = start->own.system;
  }
  if (status == DKM_OK && point->perturbation == 0.0) status = reduce(start, err);
  if (status == DKM_OK) status = measure_lengths(start, err);
  if (status != DKM_OK) dkm_start_free(start);
  return status;
}

void dkm_start_free(dkm_start *start) {
  free(start->class_of);
  free(start->sign);
  free(start->u);
  free(start->lengths);
  dkm_couplings_free(&start->tables);
  dkm_couplings_free(&start->own);
  *start = (dkm_start){0};
}

dkm_status dkm_start_state(const dkm_start *start, bool reduced, double *u, dkm_error *err) {
  if (!reduced) return dkm_model_start(&start->full, &start->given, u, err);
  if (!start->u) return dkm_model_start(&start->system, &start->point, u, err);
  memcpy(u, start->u, dkm_model_size(&start->system) * sizeof *u);
  return DKM_OK;
}

/* ---- states and records ---- */

double dkm_start_sign(const dkm_start *start, int64_t k) {
  return start->sign ? start->sign[k] : dkm_system_coupling(&start->full, start->given.pattern - 1, k);
}

static int64_t class_of(const dkm_start *start, int64_t k) {
  return start->class_of ? start->class_of[k] : 0;
}

void dkm_start_reduce_state(const dkm_start *start, const double *u, double *reduced) {
  const int64_t K = start->full.n_classes, n = start->system.n_classes;
  const int M = start->full.n_modes, m = start->system.n_modes;
  for (int64_t k = K - 1; k >= 0; k--) { /* the first of a class is the one that stays */
    const int64_t group = class_of(start, k);
    const double sign = dkm_start_sign(start, k);
    reduced[group] = u[k];
    reduced[n + group] = sign * u[K + k];
    reduced[2 * n + group] = sign * u[2 * K + k];
  }
  for (int i = 0; i < m; i++) {
    reduced[3 * n + i] = u[3 * K + start->mode_of[i]];
    reduced[3 * n + m + i] = u[3 * K + M + start->mode_of[i]];
  }
}

void dkm_start_lift_state(const dkm_start *start, const double *reduced, double *u) {
  const int64_t K = start->full.n_classes, n = start->system.n_classes;
  const int M = start->full.n_modes, m = start->system.n_modes;
  for (int64_t k = 0; k < K; k++) {
    const int64_t group = class_of(start, k);
    const double sign = dkm_start_sign(start, k);
    u[k] = reduced[group];
    u[K + k] = sign * reduced[n + group];
    u[2 * K + k] = sign * reduced[2 * n + group];
  }
  for (int i = 0; i < 2 * M; i++) u[3 * K + i] = 0.0;
  for (int i = 0; i < m; i++) {
    u[3 * K + start->mode_of[i]] = reduced[3 * n + i];
    u[3 * K + M + start->mode_of[i]] = reduced[3 * n + m + i];
  }
}

void dkm_start_lift_record(const dkm_start *start, const dkm_record *reduced, dkm_record *record) {
  const int M = start->full.n_modes, m = start->system.n_modes;
  const double factor = start->full.alpha_factor / start->system.alpha_factor;
  *record = *reduced;
  for (int mu = 0; mu < M; mu++) {
    record->xi[mu] = record->xi_rms[mu] = record->occupation[mu] = record->alpha_re[mu] = record->alpha_im[mu] = 0.0;
    record->xi_limit[mu] = isnan(reduced->xi_limit[0]) ? NAN : 0.0;
    record->xi_amplitude[mu] = isnan(reduced->xi_amplitude[0]) ? NAN : 0.0;
  }
  for (int i = 0; i < m; i++) {
    const int mu = start->mode_of[i];
    record->xi_limit[mu] = reduced->xi_limit[i];
    record->xi_amplitude[mu] = reduced->xi_amplitude[i];
    record->xi[mu] = reduced->xi[i];
    record->xi_rms[mu] = reduced->xi_rms[i];
    record->occupation[mu] = factor * factor * reduced->occupation[i];
    record->alpha_re[mu] = factor * reduced->alpha_re[i];
    record->alpha_im[mu] = factor * reduced->alpha_im[i];
  }
  dkm_theory_fill(&start->full, &start->given, record);
  const int leading = reduced->retrieved; /* +-(mode + 1), or 0 */
  if (leading != 0)
    record->retrieved = (int8_t)(leading > 0 ? start->mode_of[leading - 1] + 1 : -start->mode_of[-leading - 1] - 1);
}
