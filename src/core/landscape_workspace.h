/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What landscape.c (the Lyapunov function, descent), landscape_valley.c (critical points, valleys) and landscape_frozen.c (spins that
 * keep their components) share. */
#ifndef DICKEMAP_LANDSCAPE_WORKSPACE_H
#define DICKEMAP_LANDSCAPE_WORKSPACE_H
#include "landscape_search.h"

struct dkm_landscape {
  dkm_system system;
  dkm_point point;
  int sign;
  double unit;                 /* |Omega| */
  double r[DKM_MAX_MODES];     /* g0/g_mu */
  double scale[DKM_MAX_MODES]; /* Q_mu = scale q_mu */
  int n_active, active[DKM_MAX_MODES];
  int64_t n_left;       /* potentials that what is asked now may still take; less than 0: they did not suffice */
  double *v, *p, *work; /* K, K, 2K values */
  double *a;            /* K weights of classes */
  /* Derived from the system and from the lengths of its spins. */
  double *lengths;      /* K values; 1 if none were given */
  double common;        /* the length of all classes of `system`; NaN: not known */
  double *s;            /* the same, and 0 where a column is 0; NULL: all are 1 */
  double *s_room;       /* where s lies, if it does */
  double *tables;       /* copies of the couplings and weights, to see whether they have changed */
  size_t room;          /* numbers in them */
  bool prepared, even;  /* what is derived is up to date; U is even in each q_mu */
  double origin;        /* U(0) */
  double correlations[DKM_MAX_MODES * DKM_MAX_MODES]; /* C_{mu,nu} = sum_k w_k s_k G_{mu,k} G_{nu,k} */
  search search;
  bool searched;          /* for the present r */
  dkm_critical *critical; /* as handed out, lazily */
};

/* Whether the couplings are +-1 patterns, and all spins of length 1. */
static inline bool landscape_has_unit_patterns(const dkm_landscape *l) {
  return dkm_system_has_patterns(&l->system) && !l->s;
}

/* U_a(q), and next = grad C_a(q). a: weights of the classes (NULL: 1). */
double dkm_landscape_potential(dkm_landscape *l, const double *a, const double *q, double *next);

/* A set of q, by the projection onto it (q -> its nearest point of the set). */
typedef struct landscape_set {
  void (*project)(const struct landscape_set *set, const dkm_landscape *l, double *q);
  /* A plane normal.q = offset, of this unit normal; or */
  const double *normal;
  double offset;
  /* a ridge turn r_lead q_lead = sum_nu |r_nu q_nu|, nu the other active modes, turn the sign of q_lead. */
  int lead;
  double turn;
} landscape_set;

/* q -> grad C_a(q) until it stands still, for so many steps at most; within this set, if not NULL: the touching parabola
 * is the same in all directions, so its lowest point there is the projection. *U: at the end.  Returns whether it stands
 * still to a relative accuracy; not if n_left does not suffice. a: weights of the classes (NULL: 1). */
bool dkm_landscape_descend(dkm_landscape *l, const double *a, const landscape_set *set, double accuracy, int most_steps,
                           double *q, double *U);

/* Bounds what is asked from here on by the multiplications that one look is worth, a second or some; and ends that, and
 * returns whether it was enough.  (K M = 1e5: 2e4 potentials, more than is usually asked for; a million spins have to do
 * without answers that take longer.) */
void dkm_landscape_bound(dkm_landscape *l);
bool dkm_landscape_unbound(dkm_landscape *l);

/* Searches the critical points of U, if they can be searched and are not known yet. */
void dkm_landscape_search(dkm_landscape *l);

/* q_mu of u, and xi_mu = -sign sqrt(2) q_mu/r_mu of a critical point. */
void dkm_landscape_coordinates(const dkm_landscape *l, const double *u, double *q);
double dkm_landscape_overlap_of(const dkm_landscape *l, int mu, double q);

/* Descent ends where q moves by less than this, relatively, or is given up (at a threshold it crawls). */
#define LANDSCAPE_ACCURACY 1e-10
enum { LANDSCAPE_STEPS = 4000 };

#endif
