/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the critical points of the landscape say of a state: in which valley it is, and whether it can leave that. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "landscape_workspace.h"

/* V is known to some rounding errors of its terms, and to the steps' errors. */
static const double value_margin = 1e-9;
/* A minimum of the list, as descent finds it. */
static const double same_minimum = 1e-4;
/* An eigenvalue of the Hessian above this is that of a minimum. */
static const double least_curvature = 1e-9;

/* ---- critical points ---- */

/* Whether there are critical points to be known, and how much of them can be. */
static bool can_search(const dkm_landscape *l, search_extent *extent) {
  const bool small = l->n_active <= SEARCH_MODES && l->system.n_classes <= SEARCH_CLASSES;
  if (landscape_has_unit_patterns(l)) {
    *extent = SEARCH_EVEN;
    return l->n_active <= SEARCH_MODES;
  }
  *extent = !small ? SEARCH_PART : l->even ? SEARCH_EVEN : SEARCH_WHOLE;
  return l->system.n_classes <= SEARCH_CLASSES_PART;
}

bool dkm_landscape_is_even(const dkm_landscape *l) {
  search_extent extent;
  return can_search(l, &extent) && extent == SEARCH_EVEN;
}

/* +-1 patterns of the active modes. */
static void search_patterns(search *s) {
  s->patterns = true;
  s->n_classes = (int64_t)1 << (s->n - 1);
  for (int64_t k = 0; k < s->n_classes; k++) {
    s->w[k] = 1.0 / (double)s->n_classes;
    for (int i = 0; i < s->n; i++) s->f[k * s->n + i] = i > 0 && (k >> (s->n - 1 - i) & 1) ? -1.0 : 1.0;
  }
}

/* Classes whose columns are equal, or opposite, make one. */
static bool is_known_column(search *s, const double *f, double weight) {
  for (int64_t c = 0; c < s->n_classes; c++) {
    const double *known = s->f + c * s->n;
    bool plus = true, minus = true;
    for (int i = 0; i < s->n && (plus || minus); i++) {
      plus = plus && f[i] == known[i];
      minus = minus && f[i] == -known[i];
    }
    if (!plus && !minus) continue;
    s->w[c] += weight;
    return true;
  }
  return false;
}

static void search_tables(dkm_landscape *l, search *s) {
  const bool merge = l->system.n_classes <= SEARCH_CLASSES;
  double f[DKM_MAX_MODES];
  s->patterns = false;
  s->n_classes = 0;
  for (int64_t k = 0; k < l->system.n_classes; k++) {
    const double weight = dkm_system_weight(&l->system, k) * (l->s ? l->s[k] : 1.0);
    for (int i = 0; i < s->n; i++) f[i] = dkm_system_coupling(&l->system, l->active[i], k);
    if (weight == 0.0 || (merge && is_known_column(s, f, weight))) continue;
    s->w[s->n_classes] = weight;
    memcpy(s->f + s->n_classes++ * s->n, f, (size_t)s->n * sizeof *f);
  }
}

void dkm_landscape_search(dkm_landscape *l) {
  search *s = &l->search;
  search_extent extent;
  if (l->searched || l->n_active == 0 || !can_search(l, &extent)) return;
  s->n = l->n_active;
  for (int i = 0; i < l->n_active; i++) s->r[i] = l->r[l->active[i]];
  if (landscape_has_unit_patterns(l))
    search_patterns(s);
  else
    search_tables(l, s);
  dkm_search_run(s, extent);
  l->searched = true;
}

int dkm_landscape_critical(dkm_landscape *l, const dkm_critical **points, bool *certified) {
  search_extent extent;
  const bool can = can_search(l, &extent);
  dkm_landscape_search(l);
  const int n = l->n_active == 0 ? 1 : can ? l->search.n_points : 0;
  *certified = l->n_active == 0 || (can && l->search.certified);
  free(l->critical);
  l->critical = calloc((size_t)(n > 0 ? n : 1), sizeof *l->critical);
  *points = l->critical;
  if (!l->critical) return 0;
  for (int p = 0; p < n; p++) {
    dkm_critical *c = &l->critical[p];
    if (l->n_active == 0) {
      *c = (dkm_critical){.value = l->origin * l->unit, .escape = INFINITY, .n_images = 1};
      continue;
    }
    const search_point *s = &l->search.points[p];
    c->value = s->U * l->unit;
    c->escape = s->escape * l->unit;
    c->index = s->index;
    c->n_images = dkm_search_multiplicity(&l->search, s);
    for (int i = 0; i < l->n_active; i++) {
      const double xi = dkm_landscape_overlap_of(l, l->active[i], s->q[i]);
      c->xi[l->active[i]] = extent == SEARCH_EVEN ? fabs(xi) : xi;
    }
  }
  return n;
}

bool dkm_landscape_may_be_settled(dkm_landscape *l, double value) {
  search_extent extent;
  if (l->n_active == 0) return true;
  if (!can_search(l, &extent) || value >= l->origin * l->unit)
    return false; /* no saddle is above U(0): no need to search for them yet */
  dkm_landscape_search(l);
  const double highest = l->search.certified ? l->search.highest_escape : l->search.lowest_saddle;
  return value < (highest - value_margin) * l->unit;
}

/* This much of each other pattern, so that descent does not end on a saddle. */
static const double aside = 1e-3;

double dkm_landscape_kept(dkm_landscape *l, int nu) { /* upside down, from q > 0, for one sign of the modes: U(-q) = U(q) */
  const int M = l->system.n_modes;
  double q[DKM_MAX_MODES], U;
  if (l->n_active == 0) return 0.0;
  for (int mu = 0; mu < M; mu++) {
    q[mu] = l->r[mu] * l->correlations[mu * M + nu] / M_SQRT2;
    if (mu != nu) q[mu] += aside * l->r[mu] * l->correlations[mu * M + mu] / M_SQRT2;
  }
  dkm_landscape_bound(l);
  const bool stands = dkm_landscape_descend(l, l->s, NULL, LANDSCAPE_ACCURACY, LANDSCAPE_STEPS, q, &U);
  return dkm_landscape_unbound(l) && stands ? M_SQRT2 * q[nu] / l->r[nu] : NAN;
}

/* ---- valleys ---- */

/* The minimum of the list at q (of the active modes), or NULL, and which image of it. */
static const search_point *minimum_at(const dkm_landscape *l, const double *q, int *image) {
  const search *s = &l->search;
  if (l->n_active == 1) { /* the only one */
    *image = dkm_search_image_at(s, &s->points[0], q, INFINITY);
    return &s->points[0];
  }
  for (int p = 0; p < s->n_points; p++) {
    *image = dkm_search_image_at(s, &s->points[p], q, same_minimum * s->scale);
    if (*image >= 0 && s->points[p].index == 0) return &s->points[p];
  }
  return NULL;
}

/* Whether U curves upwards at q. */
static bool is_minimum(dkm_landscape *l, const double *q) {
  double values[DKM_MAX_MODES], vectors[DKM_MAX_MODES * DKM_MAX_MODES];
  dkm_search_hessian_eigen(&l->search, q, values, vectors);
  return values[0] > least_curvature;
}

void dkm_landscape_valley(dkm_landscape *l, const double *u, double value, dkm_valley *valley) {
  double q[DKM_MAX_MODES], active[DKM_MAX_MODES], U = NAN;
  search_extent extent;
  int image = 0;
  *valley = (dkm_valley){.limit = NAN, .barrier = NAN};
  if (l->n_active == 0) {
    valley->known = valley->settled = valley->below = true;
    valley->limit = l->origin * l->unit;
    valley->barrier = INFINITY;
    return;
  }
  dkm_landscape_coordinates(l, u, q);
  /* A single pair of minima: q keeps its sign on the way down, which may take long near the threshold. */
  if (l->n_active > 1) {
    dkm_landscape_bound(l);
    const bool stands = dkm_landscape_descend(l, l->s, NULL, LANDSCAPE_ACCURACY, LANDSCAPE_STEPS, q, &U);
    if (!dkm_landscape_unbound(l) || !stands) return;
  }
  if (!can_search(l, &extent)) {
    valley->known = true;
    for (int mu = 0; mu < l->system.n_modes; mu++) valley->xi[mu] = dkm_landscape_overlap_of(l, mu, q[mu]);
    return;
  }
  dkm_landscape_search(l);
  for (int i = 0; i < l->n_active; i++) active[i] = q[l->active[i]];
  const search_point *minimum = minimum_at(l, active, &image);
  /* A part of them was searched: that this one is not among them says nothing. */
  if (!minimum && (landscape_has_unit_patterns(l) || l->search.certified || !is_minimum(l, active))) return;
  valley->known = true;
  valley->limit = (minimum ? minimum->U : U) * l->unit;
  const double barrier = l->search.certified ? minimum->escape : l->search.lowest_saddle;
  valley->barrier = barrier * l->unit;
  valley->below = value < (barrier - value_margin) * l->unit;
  valley->settled = valley->below && l->search.certified;
  for (int i = 0; i < l->n_active; i++) {
    double at = active[i];
    if (minimum && extent == SEARCH_EVEN)
      at = copysign(minimum->q[i], at);
    else if (minimum)
      at = image ? -minimum->q[i] : minimum->q[i];
    valley->xi[l->active[i]] = dkm_landscape_overlap_of(l, l->active[i], at);
  }
}
