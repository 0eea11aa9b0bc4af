/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Lyapunov function, and what the landscape says of a state; see dickemap/landscape.h.
 *
 * Descent.  U = |q|^2/2 - C(q) with C convex, so q -> grad C(q) is the minimum of a parabola that touches U at q
 * and lies above it everywhere: U never rises along the straight line to it, which therefore never leaves the part of
 * {U <= c} that it began in (the convex-concave procedure; here it is also Hopfield's iteration).  It keeps the sign
 * of each q_mu, since phi(v) = v/sqrt(1 + 2 v^2) rises and is odd. */
#include "dickemap/landscape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "landscape_search.h"

/* Descent ends where q moves by less than this, relatively, or is given up (at a threshold it crawls). */
static const double descent_accuracy = 1e-10;
enum { DESCENT_STEPS = 4000 };
/* V is known to some rounding errors of its terms, and to the steps' errors. */
static const double value_margin = 1e-9;
/* A minimum of the list, as descent finds it. */
static const double same_minimum = 1e-4;

struct dkm_landscape {
  dkm_system system;
  dkm_point point;
  int sign;
  double unit;                 /* |Omega| */
  double r[DKM_MAX_MODES];     /* g0/g_mu */
  double scale[DKM_MAX_MODES]; /* Q_mu = scale q_mu */
  int n_active, active[DKM_MAX_MODES];
  double *v, *p, *work; /* K, K, 2K values */
  double *a;            /* K weights of classes */
  search search;
  bool searched;          /* for the present r */
  dkm_critical *critical; /* as handed out, lazily */
};

/* ---- the theorem ---- */

int dkm_landscape_sign(const dkm_system *system, const dkm_point *point) {
  const int sign = point->Omega_mu[0] > 0.0 ? 1 : -1;
  if (!(point->g0 > 0.0) || point->Omega == 0.0) return 0;
  for (int mu = 1; mu < system->n_modes; mu++)
    if ((point->Omega_mu[mu] > 0.0 ? 1 : -1) != sign) return 0;
  return sign;
}

bool dkm_landscape_full_rank(const dkm_system *system) {
  return dkm_system_full_rank(system);
}

/* ---- a workspace ---- */

dkm_status dkm_landscape_create(const dkm_system *system, dkm_landscape **out, dkm_error *err) {
  const size_t K = (size_t)system->n_classes;
  dkm_landscape *l = calloc(1, sizeof *l);
  if (l) {
    l->system = *system;
    l->v = calloc(K, sizeof *l->v);
    l->p = calloc(K, sizeof *l->p);
    l->a = calloc(K, sizeof *l->a);
    l->work = calloc(2 * K, sizeof *l->work);
  }
  if (!l || !l->v || !l->p || !l->a || !l->work || !dkm_search_begin(&l->search)) {
    dkm_landscape_destroy(l);
    return dkm_fail(err, DKM_MEMORY, "out of memory for the energy landscape");
  }
  *out = l;
  return DKM_OK;
}

void dkm_landscape_destroy(dkm_landscape *l) {
  if (!l) return;
  dkm_search_end(&l->search);
  free(l->v);
  free(l->p);
  free(l->a);
  free(l->work);
  free(l->critical);
  free(l);
}

double dkm_landscape_bytes(const dkm_system *system) {
  return sizeof(dkm_landscape) + 5.0 * sizeof(double) * (double)system->n_classes;
}

void dkm_landscape_set_system(dkm_landscape *l, const dkm_system *system) {
  l->system = *system;
}

void dkm_landscape_turn(dkm_landscape *l, const dkm_point *point) {
  bool same = l->sign != 0;
  l->point = *point;
  l->sign = dkm_landscape_sign(&l->system, point);
  l->unit = fabs(point->Omega);
  l->n_active = 0;
  for (int mu = 0; mu < l->system.n_modes; mu++) {
    const double stiffness = dkm_point_D(point, mu) / fabs(point->Omega_mu[mu]);
    const double r = point->g0 * sqrt(2.0 / (l->unit * stiffness));
    same = same && r == l->r[mu];
    l->r[mu] = r;
    l->scale[mu] = sqrt(l->unit / stiffness);
    if (r > 1.0) l->active[l->n_active++] = mu;
  }
  if (!same) l->searched = false;
}

int dkm_landscape_n_active(const dkm_landscape *l) {
  return l->n_active;
}

double dkm_landscape_value(dkm_landscape *l, const double *u) {
  const int64_t K = l->system.n_classes;
  const int M = l->system.n_modes;
  const dkm_point *point = &l->point;
  double xi[DKM_MAX_MODES], value = 0.0;
  dkm_model_overlaps(&l->system, u, xi, l->work);
  for (int mu = 0; mu < M; mu++) {
    const double Q = u[3 * K + mu], P = u[3 * K + M + mu];
    const double rate = point->Omega_mu[mu] * P - 0.5 * point->kappa_mu[mu] * Q;
    value += (rate * rate + dkm_point_D(point, mu) * Q * Q) / (2.0 * fabs(point->Omega_mu[mu]));
    value += l->sign * point->g0 * Q * xi[mu];
  }
  return value + l->sign * 0.5 * point->Omega * dkm_system_mean(&l->system, u, l->work);
}

/* ---- descent ---- */

/* U_a(q), and next = grad C_a(q). a: weights of the classes (NULL: 1). */
static double potential(dkm_landscape *l, const double *a, const double *q, double *next) {
  const int64_t K = l->system.n_classes;
  const int M = l->system.n_modes;
  const double *shares = l->system.weights;
  double amplitude[DKM_MAX_MODES] = {0}, sum[DKM_MAX_MODES], U = 0.0, roots = 0.0;
  for (int mu = 0; mu < M; mu++) amplitude[mu] = l->r[mu] * q[mu];
  dkm_system_fields(&l->system, amplitude, l->v);
  for (int64_t k = 0; k < K; k++) {
    const double v = l->v[k], weight = a ? a[k] : 1.0, root = sqrt(1.0 + 2.0 * v * v);
    roots += shares ? shares[k] * (weight * root) : weight * root;
    l->p[k] = weight * v / root;
  }
  dkm_system_sums(&l->system, l->p, sum, l->work);
  for (int mu = 0; mu < M; mu++) {
    next[mu] = l->r[mu] * sum[mu];
    U += 0.5 * q[mu] * q[mu];
  }
  return U - 0.5 * (shares ? roots : l->system.weight * roots);
}

/* q -> grad C_a(q) until it stands still; in the plane through the origin with this unit normal, if not NULL: the
 * touching parabola is the same in all directions, so its lowest point there is the projection.  *U: at the end. */
static bool descend(dkm_landscape *l, const double *a, const double *normal, double *q, double *U) {
  const int M = l->system.n_modes;
  double next[DKM_MAX_MODES];
  for (int it = 0; it < DESCENT_STEPS; it++) {
    double change = 0.0, size = 1e-12, out = 0.0;
    *U = potential(l, a, q, next);
    for (int mu = 0; normal && mu < M; mu++) out += normal[mu] * next[mu];
    for (int mu = 0; mu < M; mu++) {
      if (normal) next[mu] -= out * normal[mu];
      change = fmax(change, fabs(next[mu] - q[mu]));
      size = fmax(size, fabs(next[mu]));
      q[mu] = next[mu];
    }
    if (change <= descent_accuracy * size) return true;
  }
  return false;
}

static void coordinates(const dkm_landscape *l, const double *u, double *q) {
  for (int mu = 0; mu < l->system.n_modes; mu++) q[mu] = u[3 * l->system.n_classes + mu] / l->scale[mu];
}

/* xi_mu = -sign sqrt(2) q_mu/r_mu at a critical point. */
static double overlap_of(const dkm_landscape *l, int mu, double q) {
  return -l->sign * M_SQRT2 * q / l->r[mu];
}

/* ---- critical points ---- */

static bool can_search(const dkm_landscape *l) {
  return l->n_active <= SEARCH_MODES;
}

static void search_all(dkm_landscape *l) {
  double r[SEARCH_MODES];
  if (l->searched || l->n_active == 0 || !can_search(l)) return;
  for (int i = 0; i < l->n_active; i++) r[i] = l->r[l->active[i]];
  dkm_search_run(&l->search, l->n_active, r);
  l->searched = true;
}

int dkm_landscape_critical(dkm_landscape *l, const dkm_critical **points, bool *certified) {
  search_all(l);
  const int n = l->n_active == 0 ? 1 : can_search(l) ? l->search.n_points : 0;
  *certified = l->n_active == 0 || (can_search(l) && l->search.certified);
  free(l->critical);
  l->critical = calloc((size_t)(n > 0 ? n : 1), sizeof *l->critical);
  *points = l->critical;
  if (!l->critical) return 0;
  for (int p = 0; p < n; p++) {
    dkm_critical *c = &l->critical[p];
    if (l->n_active == 0) {
      *c = (dkm_critical){.value = -0.5 * l->unit, .escape = INFINITY, .n_images = 1};
      continue;
    }
    const search_point *s = &l->search.points[p];
    c->value = s->U * l->unit;
    c->escape = s->escape * l->unit;
    c->index = s->index;
    c->n_images = 1 << s->n_nonzero;
    for (int i = 0; i < l->n_active; i++) c->xi[l->active[i]] = fabs(overlap_of(l, l->active[i], s->q[i]));
  }
  return n;
}

bool dkm_landscape_may_be_settled(dkm_landscape *l, double value) {
  if (l->n_active == 0) return true;
  if (!can_search(l) || value >= -0.5 * l->unit)
    return false; /* no saddle is above U(0): no need to search for them yet */
  search_all(l);
  const double highest = l->search.certified ? l->search.highest_escape : l->search.lowest_saddle;
  return value < (highest - value_margin) * l->unit;
}

/* The minimum of the list at q, or NULL. */
static const search_point *minimum_at(const dkm_landscape *l, const double *q) {
  double size = 0.0;
  if (l->n_active == 1) return &l->search.points[0];
  for (int i = 0; i < l->n_active; i++) size = fmax(size, l->r[l->active[i]]);
  for (int p = 0; p < l->search.n_points; p++) {
    const search_point *s = &l->search.points[p];
    int i = 0;
    while (i < l->n_active && fabs(fabs(q[l->active[i]]) - s->q[i]) <= same_minimum * size) i++;
    if (i == l->n_active && s->index == 0) return s;
  }
  return NULL;
}

void dkm_landscape_valley(dkm_landscape *l, const double *u, double value, dkm_valley *valley) {
  double q[DKM_MAX_MODES], U;
  *valley = (dkm_valley){.limit = NAN, .barrier = NAN};
  if (l->n_active == 0) {
    valley->known = valley->settled = valley->below = true;
    valley->limit = -0.5 * l->unit;
    valley->barrier = INFINITY;
    return;
  }
  coordinates(l, u, q);
  /* A single pair of minima: q keeps its sign on the way down, which may take long near the threshold. */
  if (l->n_active > 1 && !descend(l, NULL, NULL, q, &U)) return;
  if (!can_search(l)) {
    valley->known = true;
    for (int mu = 0; mu < l->system.n_modes; mu++) valley->xi[mu] = overlap_of(l, mu, q[mu]);
    return;
  }
  search_all(l);
  const search_point *minimum = minimum_at(l, q);
  if (!minimum) return;
  valley->known = true;
  valley->limit = minimum->U * l->unit;
  const double barrier = l->search.certified ? minimum->escape : l->search.lowest_saddle;
  valley->barrier = barrier * l->unit;
  valley->below = value < (barrier - value_margin) * l->unit;
  valley->settled = valley->below && l->search.certified;
  for (int i = 0; i < l->n_active; i++) {
    const int mu = l->active[i];
    valley->xi[mu] = overlap_of(l, mu, copysign(minimum->q[i], q[mu]));
  }
}

/* ---- frozen spins ---- */

/* a_k of u, into l->a. */
static void weigh_classes(dkm_landscape *l, const double *u, const double *q) {
  const int64_t K = l->system.n_classes;
  const double along = l->point.Omega > 0.0 ? 1.0 : -1.0;
  double amplitude[DKM_MAX_MODES] = {0};
  for (int mu = 0; mu < l->system.n_modes; mu++) amplitude[mu] = M_SQRT2 * l->r[mu] * q[mu];
  dkm_system_fields(&l->system, amplitude, l->v); /* 2 g0 sum_mu f Q/|Omega| */
  for (int64_t k = 0; k < K; k++) {
    const double bz = l->v[k], component = -l->sign * (along * u[k] + bz * u[2 * K + k]) / sqrt(1.0 + bz * bz);
    l->a[k] = component > 0.0 ? component : 0.0;
  }
}

/* The lowest point of U_a where modes `lead` and `other` have fields of equal strength on the spins, r_lead q_lead =
 * side r_other q_other, from the projection of q. */
static bool barrier_between(dkm_landscape *l, const double *q, int lead, int other, double side, double *U) {
  const int M = l->system.n_modes;
  const double norm = sqrt(l->r[other] * l->r[other] + l->r[lead] * l->r[lead]);
  double normal[DKM_MAX_MODES] = {0}, p[DKM_MAX_MODES], out = 0.0;
  normal[lead] = l->r[lead] / norm;
  normal[other] = -side * l->r[other] / norm;
  for (int mu = 0; mu < M; mu++) out += normal[mu] * q[mu];
  for (int mu = 0; mu < M; mu++) p[mu] = q[mu] - out * normal[mu];
  return descend(l, l->a, normal, p, U);
}

bool dkm_landscape_frozen(dkm_landscape *l, const double *u, dkm_frozen *frozen) {
  const int M = l->system.n_modes;
  double q[DKM_MAX_MODES], U;
  coordinates(l, u, q);
  weigh_classes(l, u, q);
  if (!descend(l, l->a, NULL, q, &U)) return false;
  frozen->leading = 0;
  for (int mu = 0; mu < M; mu++) {
    frozen->xi[mu] = overlap_of(l, mu, q[mu]);
    if (fabs(frozen->xi[mu]) > fabs(frozen->xi[frozen->leading])) frozen->leading = mu;
  }
  /* To the other side of the leading mode the way is over q = 0, or through where another mode has taken over: there
   * half of the classes are between their two directions, as on the saddles between two patterns. */
  const double origin[DKM_MAX_MODES] = {0};
  double ignored[DKM_MAX_MODES];
  const int lead = frozen->leading;
  frozen->barrier = potential(l, l->a, origin, ignored);
  for (int i = 0; i < l->n_active; i++) {
    const int mu = l->active[i];
    if (mu == lead) continue;
    if (!barrier_between(l, q, lead, mu, q[lead] * q[mu] >= 0.0 ? 1.0 : -1.0, &U)) return false;
    frozen->barrier = fmin(frozen->barrier, U);
  }
  frozen->barrier *= l->unit;
  return true;
}

void dkm_landscape_aligned_state(dkm_landscape *l, const double *xi, double *state) {
  const int64_t K = l->system.n_classes;
  const int M = l->system.n_modes;
  double amplitude[DKM_MAX_MODES];
  for (int mu = 0; mu < M; mu++) {
    dkm_point_steady_mode(&l->point, mu, xi[mu], &state[3 * K + mu], &state[3 * K + M + mu]);
    amplitude[mu] = 2.0 * l->point.g0 * state[3 * K + mu] / l->unit;
  }
  dkm_system_fields(&l->system, amplitude, l->v);
  const double along = l->point.Omega > 0.0 ? 1.0 : -1.0;
  for (int64_t k = 0; k < K; k++) {
    const double bz = l->v[k], b = sqrt(1.0 + bz * bz);
    state[k] = -l->sign * along / b;
    state[K + k] = 0.0;
    state[2 * K + k] = -l->sign * bz / b;
  }
}
