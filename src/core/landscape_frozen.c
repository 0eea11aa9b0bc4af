/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The landscape U_a of spins that keep their components along their fields, and how far the leading overlap is from
 * another one in it; see dickemap/landscape.h.
 *
 * Any surface between two valleys is crossed by every way from one to the other, so the lowest point of U_a on it is no
 * higher than the pass.
 *
 *   +-1 patterns  where another mode's field on the spins is as strong as that of the leading one (planes); and where
 *                 those of all others together are (the ridge): far above threshold spins begin to change over there, and
 *                 planes lead through deeper third valleys.  What is below either does not pass
 *   any couplings patterns overlap: their states have parts along the other modes, or no valley of their own.  So the
 *                 other valleys are looked for: downhill from each pattern, and from the lowest minima of U.  Those
 *                 with another label are set apart from the present one by the plane across the line between the two
 *                 minima through its highest point, the opposite valley by the plane through 0 */
#include <math.h>
#include <string.h>

#include "landscape_workspace.h"

/* a_k of u, into l->a. */
static void weigh_classes(dkm_landscape *l, const double *u, const double *q) {
  const int64_t K = l->system.n_classes;
  const double along = l->point.Omega > 0.0 ? 1.0 : -1.0;
  double amplitude[DKM_MAX_MODES] = {0};
  for (int mu = 0; mu < l->system.n_modes; mu++) amplitude[mu] = M_SQRT2 * l->r[mu] * q[mu];
  dkm_system_fields(&l->system, amplitude, l->v); /* 2 g0 sum_mu f Q/|Omega| */
  for (int64_t k = 0; k < K; k++) {
    const double bz = l->v[k], component = -l->sign * (along * u[k] + bz * u[2 * K + k]) / sqrt(1.0 + bz * bz);
    l->a[k] = component > 0.0 && !(l->s && l->s[k] == 0.0) ? component : 0.0;
  }
}

/* ---- surfaces ---- */

static void project_on_plane(const landscape_set *set, const dkm_landscape *l, double *q) {
  double out = -set->offset;
  for (int mu = 0; mu < l->system.n_modes; mu++) out += set->normal[mu] * q[mu];
  for (int mu = 0; mu < l->system.n_modes; mu++) q[mu] -= out * set->normal[mu];
}

/* The lowest point of U_a on this surface that descent from the projection of q finds. */
static bool lowest_on(dkm_landscape *l, const landscape_set *set, double accuracy, const double *q, double *U) {
  double p[DKM_MAX_MODES];
  memcpy(p, q, (size_t)l->system.n_modes * sizeof *p);
  set->project(set, l, p);
  return dkm_landscape_descend(l, l->a, set, accuracy, LANDSCAPE_STEPS, p, U);
}

/* The lowest point of U_a on this surface that descent finds from q, from where the field of one other mode is turned, and from where
 * those of all are: spins that are not along their fields make these ends unequal.  Ends as soon as it is at or below `enough`.
 * Returns false if a descent does not converge. */
static bool lowest_around(dkm_landscape *l, const landscape_set *set, const double *q, int lead, double enough, double *lowest) {
  *lowest = INFINITY;
  for (int turned = -2; turned < l->n_active && *lowest > enough; turned++) { /* -2: none, -1: all */
    double from[DKM_MAX_MODES], U;
    if (turned >= 0 && l->active[turned] == lead) continue;
    memcpy(from, q, (size_t)l->system.n_modes * sizeof *from);
    for (int i = 0; i < l->n_active; i++)
      if ((turned == -1 || turned == i) && l->active[i] != lead) from[l->active[i]] = -from[l->active[i]];
    if (!lowest_on(l, set, LANDSCAPE_ACCURACY, from, &U)) return false;
    *lowest = fmin(*lowest, U);
  }
  return true;
}

/* The lowest point of U_a where another mode has a field as strong as that of the leading one, r_lead q_lead = +- r_nu q_nu. */
static bool planes_around(dkm_landscape *l, const double *q, int lead, double enough, double *lowest) {
  *lowest = INFINITY;
  for (int i = 0; i < l->n_active && *lowest > enough; i++)
    for (int side = -1; side <= 1 && l->active[i] != lead && *lowest > enough; side += 2) {
      const int nu = l->active[i];
      const double norm = sqrt(l->r[nu] * l->r[nu] + l->r[lead] * l->r[lead]);
      double normal[DKM_MAX_MODES] = {0}, U;
      normal[lead] = l->r[lead] / norm;
      normal[nu] = -side * l->r[nu] / norm;
      if (!lowest_around(l, &(landscape_set){.project = project_on_plane, .normal = normal}, q, lead, enough, &U)) return false;
      *lowest = fmin(*lowest, U);
    }
  return true;
}

/* Whether the field of mode `lead`, with this sign, is stronger than those of all other active modes together. */
static bool rules_all_spins(const dkm_landscape *l, int lead, double turn, const double *q) {
  double others = 0.0;
  for (int i = 0; i < l->n_active; i++)
    if (l->active[i] != lead) others += l->r[l->active[i]] * fabs(q[l->active[i]]);
  return turn * l->r[lead] * q[lead] > others;
}

/* The points where turn r_lead q_lead = sum_nu |r_nu q_nu|, nu the other active modes: the nearest to q.  Those modes whose
 * fields would change their sign on the way have none. */
static void project_on_ridge(const landscape_set *set, const dkm_landscape *l, double *q) {
  const double r_lead = l->r[set->lead];
  bool gone[DKM_MAX_MODES] = {false};
  double step;
  for (bool again = true; again;) {
    double excess = set->turn * r_lead * q[set->lead], share = r_lead * r_lead;
    for (int i = 0; i < l->n_active; i++) {
      const int nu = l->active[i];
      if (nu == set->lead || gone[nu]) continue;
      excess -= l->r[nu] * fabs(q[nu]);
      share += l->r[nu] * l->r[nu];
    }
    step = excess / share;
    again = false;
    for (int i = 0; i < l->n_active; i++) {
      const int nu = l->active[i];
      if (nu == set->lead || gone[nu] || fabs(q[nu]) + step * l->r[nu] >= 0.0) continue;
      gone[nu] = again = true;
    }
  }
  q[set->lead] -= set->turn * step * r_lead;
  for (int i = 0; i < l->n_active; i++) {
    const int nu = l->active[i];
    if (nu != set->lead) q[nu] = gone[nu] ? 0.0 : copysign(fabs(q[nu]) + step * l->r[nu], q[nu]);
  }
}

/* The lowest point of U_a where spins may begin to follow other modes than the leading one. */
static bool ridge_around(dkm_landscape *l, const double *q, int lead, double turn, double enough, double *lowest) {
  return lowest_around(l, &(landscape_set){.project = project_on_ridge, .lead = lead, .turn = turn}, q, lead, enough, lowest);
}

/* The leading mode of U_a's minimum at q, and the overlaps. */
static int leading_of(const dkm_landscape *l, const double *q, double *xi) {
  int leading = 0;
  for (int mu = 0; mu < l->system.n_modes; mu++) {
    xi[mu] = dkm_landscape_overlap_of(l, mu, q[mu]);
    if (fabs(xi[mu]) > fabs(xi[leading])) leading = mu;
  }
  return leading;
}

/* What leaves crosses both surfaces, so either may show that V/|Omega| = value does not; the barrier is then that of the one that does. */
static bool lower_by_patterns(dkm_landscape *l, const double *start, const double *q, double value, dkm_frozen *frozen) {
  const int lead = frozen->leading;
  const double turn = q[lead] < 0.0 ? -1.0 : 1.0;
  double ridge, planes;
  if (value >= frozen->barrier) return true; /* no need */
  if (rules_all_spins(l, lead, turn, start) && rules_all_spins(l, lead, turn, q) && ridge_around(l, q, lead, turn, value, &ridge) &&
      value < ridge) {
    frozen->barrier = fmin(frozen->barrier, ridge);
    return true;
  }
  if (!planes_around(l, q, lead, value, &planes)) return false;
  frozen->barrier = fmin(frozen->barrier, planes);
  return true;
}

/* ---- any couplings ---- */

/* Where the way to another valley is sought, it need not be known to rounding. */
static const double rough = 1e-4;
enum { ROUGH_STEPS = 400, LINE = 16, MINIMA = 24 };

/* Lowers the barrier to that between the minimum at q and the one downhill from `from`, if its label is another one. */
static bool lower_towards(dkm_landscape *l, const double *q, double *from, dkm_frozen *frozen) {
  const int M = l->system.n_modes;
  double xi[DKM_MAX_MODES], normal[DKM_MAX_MODES], p[DKM_MAX_MODES], ignored[DKM_MAX_MODES];
  double length = 0.0, top = -INFINITY, at = 0.5, offset = 0.0, U;
  (void)dkm_landscape_descend(l, l->a, NULL, rough, ROUGH_STEPS, from, &U);
  const int other = leading_of(l, from, xi);
  if (other == frozen->leading && xi[other] * frozen->xi[other] > 0.0) return true;
  for (int mu = 0; mu < M; mu++) {
    normal[mu] = from[mu] - q[mu];
    length += normal[mu] * normal[mu];
  }
  length = sqrt(length);
  if (!(length > 0.0)) return true; /* no spin along its field: a single minimum at 0 */
  l->n_left -= LINE;
  for (int j = 1; j < LINE; j++) {
    for (int mu = 0; mu < M; mu++) p[mu] = q[mu] + normal[mu] * j / LINE;
    U = dkm_landscape_potential(l, l->a, p, ignored);
    if (U > top) {
      top = U;
      at = (double)j / LINE;
    }
  }
  for (int mu = 0; mu < M; mu++) {
    p[mu] = q[mu] + normal[mu] * at;
    normal[mu] /= length;
    offset += normal[mu] * p[mu];
  }
  const landscape_set plane = {.project = project_on_plane, .normal = normal, .offset = offset};
  if (!lowest_on(l, &plane, rough, p, &U)) return false;
  frozen->barrier = fmin(frozen->barrier, U);
  return true;
}

/* From the spins of pattern mu, z_k ~ a_k sign(G_mu,k), on the side of q. */
static void pattern_start(dkm_landscape *l, int mu, const double *q, double *from) {
  const int M = l->system.n_modes;
  double sum[DKM_MAX_MODES], along = 0.0;
  for (int64_t k = 0; k < l->system.n_classes; k++) {
    const double G = dkm_system_coupling(&l->system, mu, k);
    l->p[k] = G == 0.0 ? 0.0 : M_SQRT1_2 * copysign(l->a[k], G);
  }
  dkm_system_sums(&l->system, l->p, sum, l->work);
  for (int nu = 0; nu < M; nu++) {
    from[nu] = l->r[nu] * sum[nu];
    along += from[nu] * q[nu];
  }
  for (int nu = 0; nu < M && along < 0.0; nu++) from[nu] = -from[nu];
}

/* Lowers the barrier to what is found on the plane through 0 across q, between the minimum and its opposite. */
static bool lower_across(dkm_landscape *l, const double *q, const double *from, dkm_frozen *frozen) {
  const int M = l->system.n_modes;
  double normal[DKM_MAX_MODES], length = 0.0, U;
  for (int mu = 0; mu < M; mu++) length += q[mu] * q[mu];
  length = sqrt(length);
  if (!(length > 0.0)) return true;
  for (int mu = 0; mu < M; mu++) normal[mu] = q[mu] / length;
  const landscape_set plane = {.project = project_on_plane, .normal = normal};
  if (!lowest_on(l, &plane, rough, from, &U)) return false;
  frozen->barrier = fmin(frozen->barrier, U);
  return true;
}

static bool lower_by_valleys(dkm_landscape *l, const double *q, dkm_frozen *frozen) {
  double from[DKM_MAX_MODES];
  for (int mu = 0; mu < l->system.n_modes; mu++) {
    pattern_start(l, mu, q, from);
    if (!lower_across(l, q, from, frozen) || !lower_towards(l, q, from, frozen)) return false;
  }
  int n_minima = 0;
  dkm_landscape_search(l);
  for (int p = 0; l->searched && p < l->search.n_points && n_minima < MINIMA; p++) {
    const search_point *minimum = &l->search.points[p];
    if (minimum->index > 0) continue;
    double along = 0.0;
    for (int mu = 0; mu < l->system.n_modes; mu++) from[mu] = 0.0;
    for (int i = 0; i < l->n_active; i++) along += minimum->q[i] * q[l->active[i]];
    for (int i = 0; i < l->n_active; i++) from[l->active[i]] = along < 0.0 ? -minimum->q[i] : minimum->q[i];
    if (!lower_towards(l, q, from, frozen)) return false;
    n_minima++;
  }
  return true;
}

static bool ask(dkm_landscape *l, const double *u, double value, dkm_frozen *frozen) {
  double start[DKM_MAX_MODES], q[DKM_MAX_MODES], U;
  dkm_landscape_coordinates(l, u, start);
  memcpy(q, start, (size_t)l->system.n_modes * sizeof *q);
  weigh_classes(l, u, q);
  if (!dkm_landscape_descend(l, l->a, NULL, LANDSCAPE_ACCURACY, LANDSCAPE_STEPS, q, &U)) return false;
  frozen->leading = leading_of(l, q, frozen->xi);
  /* To the other side of the leading mode the way is over q = 0, or through where another mode has taken over: there
   * half of the classes are between their two directions, as on the saddles between two patterns. (Of +-1 patterns.) */
  const double origin[DKM_MAX_MODES] = {0};
  double ignored[DKM_MAX_MODES];
  frozen->barrier = dkm_landscape_potential(l, l->a, origin, ignored);
  if (dkm_system_has_patterns(&l->system) && !l->s) {
    if (!lower_by_patterns(l, start, q, value, frozen)) return false;
  } else if (value < frozen->barrier && !lower_by_valleys(l, q, frozen)) { /* else no need */
    return false;
  }
  frozen->barrier *= l->unit;
  return true;
}

bool dkm_landscape_frozen(dkm_landscape *l, const double *u, double value, dkm_frozen *frozen) {
  dkm_landscape_bound(l);
  const bool found = ask(l, u, value / l->unit, frozen);
  return dkm_landscape_unbound(l) && found;
}
