/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Lyapunov function, the landscape of a point, and descent in it; see dickemap/landscape.h.
 *
 * Descent.  U = |q|^2/2 - C(q) with C convex, so q -> grad C(q) is the minimum of a parabola that touches U at q
 * and lies above it everywhere: U never rises along the straight line to it, which therefore never leaves the part of
 * {U <= c} that it began in (the convex-concave procedure; here it is also Hopfield's iteration).  Where U is even in
 * each q_mu it keeps their signs, since phi(v) = v/sqrt(1 + 2 v^2) rises and is odd. */
#include "dickemap/landscape.h"

#include "dickemap/drive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "landscape_workspace.h"

/* Weights of classes that are reflections of each other, where they are sums of the same terms. */
static const double same_weight = 1e-12;
/* Lengths that are 1 but for this are 1. */
static const double rounding = 1e-13;

/* ---- the theorem ---- */

int dkm_landscape_sign(const dkm_system *system, const dkm_point *point) {
  const int sign = point->Omega_mu[0] > 0.0 ? 1 : -1;
  if (dkm_drive_repeats(system->drive)) return 0;
  if (!(point->g0 > 0.0) || point->Omega == 0.0 || dkm_point_dynamics(point) != DKM_DYNAMICS_CONSERVED) return 0;
  for (int mu = 1; mu < system->n_modes; mu++)
    if ((point->Omega_mu[mu] > 0.0 ? 1 : -1) != sign) return 0;
  return sign;
}

/* All of L but the term of x. */
static double lyapunov_of_modes(const dkm_system *system, const dkm_point *point, const double *u, double *work) {
  const int M = system->n_modes;
  const double *re = u + 3 * system->n_classes, *im = re + M;
  double xi[DKM_MAX_MODES], L = 0.0;
  dkm_model_overlaps(system, u, xi, work);
  for (int mu = 0; mu < M; mu++) {
    const double Q = re[mu], rate = point->Omega_mu[mu] * im[mu] - 0.5 * point->kappa_mu[mu] * Q;
    L += (rate * rate + dkm_point_D(point, mu) * Q * Q) / (2.0 * point->Omega_mu[mu]);
    L += point->g0 * Q * xi[mu];
  }
  return L;
}

double dkm_landscape_lyapunov(const dkm_system *system, const dkm_point *point, const double *u, double *work) {
  return lyapunov_of_modes(system, point, u, work) + 0.5 * point->Omega * dkm_system_mean(system, u, work);
}

bool dkm_landscape_full_rank(const dkm_system *system) {
  for (int64_t k = 0; system->weights && k < system->n_classes; k++)
    if (!(system->weights[k] > 0.0)) return false;
  return dkm_system_full_rank(system);
}

/* ---- a workspace ---- */

/* Classes that a search may have to know: +-1 patterns of the active modes, or all of the system. */
static int64_t searched_classes(const dkm_system *system) {
  const int64_t patterns = (int64_t)1 << (SEARCH_MODES - 1), K = system->n_classes;
  return K < patterns ? patterns : K > SEARCH_CLASSES_PART ? SEARCH_CLASSES_PART : K;
}

dkm_status dkm_landscape_create(const dkm_system *system, dkm_landscape **out, dkm_error *err) {
  const size_t K = (size_t)system->n_classes, M = (size_t)system->n_modes;
  dkm_landscape *l = calloc(1, sizeof *l);
  if (l) {
    l->v = calloc(K, sizeof *l->v);
    l->p = calloc(K, sizeof *l->p);
    l->a = calloc(K, sizeof *l->a);
    l->work = calloc(2 * K, sizeof *l->work);
    l->lengths = calloc(K, sizeof *l->lengths);
    l->s_room = calloc(K, sizeof *l->s_room);
  }
  if (!l || !l->v || !l->p || !l->a || !l->work || !l->lengths || !l->s_room ||
      !dkm_search_begin(&l->search, (int)M, searched_classes(system))) {
    dkm_landscape_destroy(l);
    return dkm_fail(err, DKM_MEMORY, "out of memory for the energy landscape");
  }
  l->n_left = INT64_MAX;
  for (size_t k = 0; k < K; k++) l->lengths[k] = 1.0;
  if (dkm_landscape_set_system(l, system, err) != DKM_OK) {
    dkm_landscape_destroy(l);
    return DKM_MEMORY;
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
  free(l->lengths);
  free(l->s_room);
  free(l->tables);
  free(l->critical);
  free(l);
}

double dkm_landscape_bytes(const dkm_system *system) {
  const double K = (double)system->n_classes, M = system->n_modes;
  return sizeof(dkm_landscape) + sizeof(double) * (7.0 * K + (double)searched_classes(system) * (M + 1.0) +
                                                   (system->couplings ? K * (M + 1.0) : 0.0));
}

dkm_status dkm_landscape_set_system(dkm_landscape *l, const dkm_system *system, dkm_error *err) {
  const size_t K = (size_t)system->n_classes, n_couplings = K * (size_t)system->n_modes;
  bool same = system->n_modes == l->system.n_modes && system->n_classes == l->system.n_classes &&
              !system->couplings == !l->system.couplings;
  if (system->couplings && l->room < n_couplings + K) {
    free(l->tables);
    l->tables = malloc((n_couplings + K) * sizeof *l->tables);
    l->room = l->tables ? n_couplings + K : 0;
    if (!l->tables) return dkm_fail(err, DKM_MEMORY, "out of memory for the energy landscape");
    same = false;
  }
  if (system->couplings) {
    double *weights = l->tables + n_couplings;
    same = same && memcmp(l->tables, system->couplings, n_couplings * sizeof *l->tables) == 0 &&
           memcmp(weights, system->weights, K * sizeof *weights) == 0;
    memcpy(l->tables, system->couplings, n_couplings * sizeof *l->tables);
    memcpy(weights, system->weights, K * sizeof *weights);
  }
  l->system = *system;
  if (!same) {
    l->prepared = false;
    l->common = NAN;
  }
  return DKM_OK;
}

/* ---- what follows from couplings and lengths ---- */

static bool column_is_zero(const dkm_system *system, int64_t k) {
  for (int mu = 0; mu < system->n_modes; mu++)
    if (dkm_system_coupling(system, mu, k) != 0.0) return false;
  return true;
}

/* Whether class j is class k with the sign of mode mu turned (-1: none), up to the sign of both. */
static bool is_reflection(const dkm_landscape *l, int mu, int64_t k, int64_t j) {
  const dkm_system *system = &l->system;
  bool plus = true, minus = true;
  for (int nu = 0; nu < system->n_modes && (plus || minus); nu++) {
    const double turned = dkm_system_coupling(system, nu, k) * (nu == mu ? -1.0 : 1.0);
    const double other = dkm_system_coupling(system, nu, j);
    plus = plus && other == turned;
    minus = minus && other == -turned;
  }
  return plus || minus;
}

/* Whether U is even in q_mu: as much weight on each column as on its reflections. */
static bool is_even_in(dkm_landscape *l, int mu) {
  const int64_t K = l->system.n_classes;
  for (int64_t k = 0; k < K; k++) {
    double here = 0.0, there = 0.0;
    for (int64_t j = 0; j < K; j++) {
      const double weight = dkm_system_weight(&l->system, j) * l->lengths[j];
      if (is_reflection(l, -1, k, j)) here += weight;
      if (is_reflection(l, mu, k, j)) there += weight;
    }
    if (!(fabs(here - there) <= same_weight * (here + there))) return false;
  }
  return true;
}

static void prepare(dkm_landscape *l) {
  const dkm_system *system = &l->system;
  const int64_t K = system->n_classes;
  const int M = system->n_modes;
  double sum = 0.0;
  bool unit = true;
  for (int64_t k = 0; k < K; k++) {
    l->s_room[k] = system->couplings && column_is_zero(system, k) ? 0.0 : l->lengths[k];
    unit = unit && l->s_room[k] == 1.0;
    l->v[k] = l->s_room[k];
    sum += dkm_system_weight(system, k) * l->s_room[k];
  }
  l->s = unit ? NULL : l->s_room;
  dkm_system_gram(system, l->v, l->correlations);
  if (dkm_system_has_patterns(system) && unit) {
    l->even = true;
    l->origin = -0.5;
  } else {
    l->even = K <= SEARCH_CLASSES;
    for (int mu = 0; mu < M && l->even; mu++) l->even = is_even_in(l, mu);
    l->origin = -0.5 * sum;
  }
  l->prepared = true;
  l->sign = 0; /* so that nothing that was found is kept */
}

/* Where U is even in each mode those are active that lower U on their own: a mode with r_mu^2 C_{mu,mu} <= 1 has q_mu
 * = 0 at every critical point.  Otherwise all of them, or none if the Hessian at q = 0 has no negative direction. */
static void find_active(dkm_landscape *l) {
  const int M = l->system.n_modes;
  const double *C = l->correlations;
  double matrix[DKM_MAX_MODES * DKM_MAX_MODES];
  bool all = false;
  if (!l->even) {
    for (int mu = 0; mu < M; mu++)
      for (int nu = 0; nu < M; nu++) matrix[mu * M + nu] = l->r[mu] * l->r[nu] * C[mu * M + nu];
    all = dkm_search_largest_eigenvalue(&l->search, M, matrix) > 1.0;
  }
  l->n_active = 0;
  for (int mu = 0; mu < M; mu++)
    if (all || (l->even && (landscape_has_unit_patterns(l) ? l->r[mu] > 1.0 : l->r[mu] * l->r[mu] * C[mu * M + mu] > 1.0)))
      l->active[l->n_active++] = mu;
}

/* Whether all that it depends on is what it was. */
static bool is_same_landscape(const dkm_landscape *l, const dkm_point *point) {
  const dkm_point *last = &l->point;
  const size_t bytes = (size_t)l->system.n_modes * sizeof *point->Omega_mu;
  return last->g0 == point->g0 && last->Omega == point->Omega && last->imbalance == point->imbalance &&
         last->gamma_down == point->gamma_down && last->gamma_up == point->gamma_up &&
         last->gamma_phi == point->gamma_phi && memcmp(last->Omega_mu, point->Omega_mu, bytes) == 0 &&
         memcmp(last->kappa_mu, point->kappa_mu, bytes) == 0;
}

/* As a length is kept. */
static double kept_length(double length) {
  return fabs(length - 1.0) < rounding ? 1.0 : length;
}

bool dkm_landscape_is_at(const dkm_landscape *l, const dkm_system *system, const dkm_point *point, const double *lengths) {
  const size_t K = (size_t)system->n_classes, n = K * (size_t)system->n_modes;
  const double common = kept_length(dkm_point_length(point));
  if (!l->prepared || l->sign == 0 || system->n_modes != l->system.n_modes || system->n_classes != l->system.n_classes ||
      !system->couplings != !l->system.couplings || !is_same_landscape(l, point))
    return false;
  if (system->couplings && (memcmp(l->tables, system->couplings, n * sizeof *l->tables) != 0 ||
                            memcmp(l->tables + n, system->weights, K * sizeof *l->tables) != 0))
    return false;
  for (size_t k = 0; k < K; k++)
    if (l->lengths[k] != (lengths ? kept_length(lengths[k]) : common)) return false;
  return true;
}

void dkm_landscape_turn(dkm_landscape *l, const dkm_point *point, const double *lengths) {
  const double common = lengths ? NAN : kept_length(dkm_point_length(point));
  for (int64_t k = 0; common != l->common && k < l->system.n_classes; k++) {
    const double length = lengths ? kept_length(lengths[k]) : common;
    if (length == l->lengths[k]) continue;
    l->lengths[k] = length;
    l->prepared = false;
  }
  l->common = common;
  if (!l->prepared) prepare(l);
  if (l->sign != 0 && is_same_landscape(l, point)) return;
  bool same = l->sign != 0;
  l->point = *point;
  l->sign = dkm_landscape_sign(&l->system, point);
  l->unit = fabs(point->Omega);
  for (int mu = 0; mu < l->system.n_modes; mu++) {
    const double stiffness = dkm_point_D(point, mu) / fabs(point->Omega_mu[mu]);
    const double r = point->g0 * sqrt(2.0 / (l->unit * stiffness));
    same = same && r == l->r[mu];
    l->r[mu] = r;
    l->scale[mu] = sqrt(l->unit / stiffness);
  }
  if (same) return;
  find_active(l);
  l->searched = false;
}

int dkm_landscape_n_active(const dkm_landscape *l) {
  return l->n_active;
}

/* ---- values ---- */

double dkm_landscape_value(dkm_landscape *l, const double *u) {
  const double *x = u, of_modes = lyapunov_of_modes(&l->system, &l->point, u, l->work);
  if (l->s) { /* without classes that no mode sees */
    for (int64_t k = 0; k < l->system.n_classes; k++) l->v[k] = l->s[k] > 0.0 ? u[k] : 0.0;
    x = l->v;
  }
  return l->sign * (of_modes + 0.5 * l->point.Omega * dkm_system_mean(&l->system, x, l->work));
}

double dkm_landscape_potential(dkm_landscape *l, const double *a, const double *q, double *next) {
  const int64_t K = l->system.n_classes;
  const int M = l->system.n_modes;
  const double *shares = l->system.weights;
  double amplitude[DKM_MAX_MODES] = {0}, sum[DKM_MAX_MODES], U = 0.0, roots = 0.0;
  for (int mu = 0; mu < M; mu++) amplitude[mu] = l->r[mu] * q[mu];
  dkm_system_fields(&l->system, amplitude, l->v);
  for (int64_t k = 0; k < K; k++) { /* roots and quotients apart from their sum, which has an order: several at a time */
    const double v = l->v[k], weight = a ? a[k] : 1.0, root = sqrt(1.0 + 2.0 * v * v);
    l->p[k] = weight * v / root;
    l->v[k] = weight * root;
  }
  for (int64_t k = 0; k < K; k++) roots += shares ? shares[k] * l->v[k] : l->v[k];
  dkm_system_sums(&l->system, l->p, sum, l->work);
  for (int mu = 0; mu < M; mu++) {
    next[mu] = l->r[mu] * sum[mu];
    U += 0.5 * q[mu] * q[mu];
  }
  return U - 0.5 * (shares ? roots : l->system.weight * roots);
}

static const double most_work = 2e9;

void dkm_landscape_bound(dkm_landscape *l) {
  const double columns = l->system.couplings ? l->system.n_modes : 1.0; /* see dkm_system_fields */
  l->n_left = 1 + (int64_t)(most_work / ((double)l->system.n_classes * columns));
}

bool dkm_landscape_unbound(dkm_landscape *l) {
  const bool sufficed = l->n_left >= 0;
  l->n_left = INT64_MAX;
  return sufficed;
}

bool dkm_landscape_descend(dkm_landscape *l, const double *a, const landscape_set *set, double accuracy, int most_steps,
                           double *q, double *U) {
  const int M = l->system.n_modes;
  double next[DKM_MAX_MODES];
  for (int it = 0; it < most_steps; it++) {
    double change = 0.0, size = 1e-12;
    if (--l->n_left < 0) return false;
    *U = dkm_landscape_potential(l, a, q, next);
    if (set) set->project(set, l, next);
    for (int mu = 0; mu < M; mu++) {
      change = fmax(change, fabs(next[mu] - q[mu]));
      size = fmax(size, fabs(next[mu]));
      q[mu] = next[mu];
    }
    if (change <= accuracy * size) return true;
  }
  return false;
}

void dkm_landscape_coordinates(const dkm_landscape *l, const double *u, double *q) {
  for (int mu = 0; mu < l->system.n_modes; mu++) q[mu] = u[3 * l->system.n_classes + mu] / l->scale[mu];
}

double dkm_landscape_overlap_of(const dkm_landscape *l, int mu, double q) {
  return -l->sign * M_SQRT2 * q / l->r[mu];
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
    const double bz = l->v[k], b = sqrt(1.0 + bz * bz), length = l->lengths[k];
    state[k] = -l->sign * along * length / b;
    state[K + k] = 0.0;
    state[2 * K + k] = -l->sign * bz * length / b;
  }
}
