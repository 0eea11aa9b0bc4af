/* SPDX-License-Identifier: GPL-3.0-or-later */
/* landscape: the Lyapunov function of the equations, and the energy landscape that the memory is.
 *
 * With Q_mu = Re beta_mu, D_mu = Omega_mu^2 + kappa_mu^2/4,
 *
 *   L = sum_mu (Q_mu'^2 + D_mu Q_mu^2)/(2 Omega_mu) + g0 sum_mu Q_mu xi_mu + (Omega/2) sum_k w_k x_k,
 *   dL/dt = - sum_mu (kappa_mu/Omega_mu) Q_mu'^2,
 *
 * since (7) implies Q'' = -kappa Q' - D Q - Omega_mu g0 xi.  With all Omega_mu of one sign V = sign(Omega_mu) L falls
 * for ever, and where it does not fall the order parameters are constant (LaSalle): every trajectory ends in a fixed
 * point or in dark precession, and where the patterns are as many as the classes constant order parameters mean
 * constant spins, so that only a fixed point is left.
 *
 * With every spin along its field V becomes a potential in M dimensions.  In units of |Omega|, with r_mu = g0/g_mu
 * (g_mu of theory.h), q_mu = Q_mu sqrt(D_mu/(|Omega Omega_mu|)) and the lengths s_k = |m_k| <= 1 of the spins, which
 * are constants of motion, it depends on the r_mu and s_k alone:
 *
 *   U(q) = sum_mu q_mu^2/2 - (1/2) sum_k w_k s_k sqrt(1 + 2 v_k^2),   v_k = sum_mu G_{mu,k} r_mu q_mu.
 *
 * Its minima are the stable states.  Parts of {V <= c} merge only at critical points of V of index 1; there all spins
 * are aligned (a class turned against its field adds two descending directions), so they are the saddles of U.  Once V
 * is below the lowest saddle through which the present valley of U can be left the outcome is settled: aligning spins
 * and stopping Q never raises V, and descent in U along a path that never rises leads to the minimum.
 *
 * Classes whose couplings are all 0 keep their x_k and are seen by no mode: V and U are without them.
 *
 * Facts that make the search small.  With C_{mu,nu} = sum_k w_k s_k G_{mu,k} G_{nu,k} the Hessian at q = 0 is
 * 1 - r C r: where no eigenvalue of r C r is above 1, g0 <= g_c (dkm_theory_g_normal), U is convex and the normal state
 * is the only critical point.  U(-q) = U(q).  +-1 patterns, and other couplings that are distributed evenly, have a U
 * that is even in each q_mu (signs of rows permute columns): then one orthant of starts is enough, a critical point
 * stands for 2^(number of its q that are not 0) images, and a mode with r_mu^2 C_{mu,mu} <= 1 has q_mu = 0 at every
 * critical point (sum_k G phi(v_k), phi' <= 1, cannot hold up q_mu), so that only the other modes are searched.  In
 * general modes cannot be left out one by one, not even where C is diagonal: phi is no linear function.
 *
 * All functions are local and use + - * / sqrt alone, up to the library's eigenvalues of small symmetric matrices. */
#ifndef DICKEMAP_LANDSCAPE_H
#define DICKEMAP_LANDSCAPE_H
#include <stdbool.h>

#include "dickemap/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the theorem holds for every start at this point: the sign of the Omega_mu if all have the same, g0 > 0,
 * Omega != 0, couplings are equal for co- and counter-rotating terms and there are no losses of single spins and no drive that
 * repeats; otherwise 0.  For a start on the symmetric subspace of its cue (start.h) ask for the reduced point. */
int dkm_landscape_sign(const dkm_system *system, const dkm_point *point);

/* L at u (3K + 2M values), as above; work: 2K values, overwritten. */
double dkm_landscape_lyapunov(const dkm_system *system, const dkm_point *point, const double *u, double *work);

/* Whether constant order parameters mean constant spins: the rank of the couplings is K, and no weight is 0. */
bool dkm_landscape_full_rank(const dkm_system *system);

typedef struct dkm_landscape dkm_landscape;

/* A workspace. Fails with DKM_MEMORY. Tables of couplings are copied, to see later whether they have changed, and also
 * borrowed: they must live as long as the landscape speaks of them. */
dkm_status dkm_landscape_create(const dkm_system *system, dkm_landscape **out, dkm_error *err);
void dkm_landscape_destroy(dkm_landscape *landscape);
double dkm_landscape_bytes(const dkm_system *system);

/* The system that is spoken of from the next dkm_landscape_turn on; at first that of creation, and with at most the
 * classes and modes of that.  What was found is kept if the contents of the tables are the same, wherever they lie.
 * Fails with DKM_MEMORY. */
dkm_status dkm_landscape_set_system(dkm_landscape *landscape, const dkm_system *system, dkm_error *err);

/* Turns to a point for which the theorem holds, and spins of these lengths; cheap.  lengths: K values, those of the
 * start (of a later state they have other bits; next to 1 rounding errors do not matter), NULL: dkm_point_length each.
 * The functions below speak of this point.  Critical points are searched when they are first asked for, and kept for
 * all points of the same g0, Omega, Omega_mu, kappa_mu, lengths that follow one another. */
void dkm_landscape_turn(dkm_landscape *landscape, const dkm_point *point, const double *lengths);

/* Whether it is turned to just that, so that nothing of what was found would be lost. */
bool dkm_landscape_is_at(const dkm_landscape *landscape, const dkm_system *system, const dkm_point *point,
                         const double *lengths);

/* V at u (3K + 2M values), not divided by anything; without classes that no mode sees. */
double dkm_landscape_value(dkm_landscape *landscape, const double *u);

/* The overlap with pattern nu, > 0 if it has its sign, in the minimum of U that descent leads to from where the modes follow
 * spins that all lie along the pattern, or nearly: not on a saddle.  NaN if it takes too long. */
double dkm_landscape_kept(dkm_landscape *landscape, int nu);

/* Number of modes that may have an overlap at a critical point; 0: the normal state is where every trajectory ends, 1:
 * or one of two images of a single minimum.  Where U is even in each q_mu those with r_mu^2 C_{mu,mu} > 1 (+-1
 * patterns: g0 > g_mu), otherwise M or 0. */
int dkm_landscape_n_active(const dkm_landscape *landscape);

/* What the landscape says of a state. */
typedef struct dkm_valley {
  bool known;                 /* descent led to a minimum */
  bool settled;               /* V is below the barrier, and that is proven: the landscape is certified */
  bool below;                 /* V is below the barrier, which is the lowest that was found */
  double xi[DKM_MAX_MODES];   /* overlaps of the minimum */
  double limit, barrier;      /* V at the minimum; lowest saddle that leads out of its valley (of all, if not certified;
                                 infinity: there is none; NaN: not known) */
} dkm_valley;

/* The valley of u, where V = value. */
void dkm_landscape_valley(dkm_landscape *landscape, const double *u, double value, dkm_valley *valley);

/* Whether V = value is below the highest barrier: otherwise there is no need to ask for the valley. */
bool dkm_landscape_may_be_settled(dkm_landscape *landscape, double value);

/* The landscape of spins that keep their present components along their fields: each class weighted by a_k = -sign
 * m_k.b_k/|b_k| (those that are negative by 0), adiabatic invariants where spins are fast, constants of dark
 * precession. V is exactly U_a(q) plus the kinetic term, so the leading mode is kept while V is below U_a on a surface
 * that sets its valley apart from those of others: for +-1 patterns where the field of another mode on the spins, or that
 * of all others together, becomes as strong as its own, otherwise on planes across the lines to other valleys
 * (landscape_frozen.c).  The barrier is the lowest point that descent from a few points finds there, not all valleys may be
 * known, the a_k may change: no proof.  Where V is not below it, it need not be the lowest. */
typedef struct dkm_frozen {
  double xi[DKM_MAX_MODES]; /* of the minimum of U_a that descent from q leads to */
  int leading;              /* mode with the largest of them */
  double barrier;           /* of U_a, as V */
} dkm_frozen;

/* value: V of u.  Returns false if a descent does not converge, or for more classes than that it could be asked in seconds. */
bool dkm_landscape_frozen(dkm_landscape *landscape, const double *u, double value, dkm_frozen *frozen);

/* All spins aligned with the fields of overlaps xi, modes at rest, into state (3K + 2M values). (A class that no mode
 * sees keeps its x_k in fact.) */
void dkm_landscape_aligned_state(dkm_landscape *landscape, const double *xi, double *state);

/* ---- critical points, for tests and whoever wants the whole landscape ---- */

/* Whether images of critical points are all their reflections, xi >= 0 being one of them (U is even in each q_mu);
 * otherwise they are xi and -xi. */
bool dkm_landscape_is_even(const dkm_landscape *landscape);

typedef struct dkm_critical {
  double xi[DKM_MAX_MODES]; /* one of the images */
  double value;             /* V */
  double escape;            /* minima: lowest saddle that leads to another minimum; infinity: none */
  int index;                /* negative eigenvalues of the Hessian */
  int n_images;
} dkm_critical;

/* Number of critical points up to images, those with the lowest V first (owned by the landscape, until it turns to
 * another point).  *certified: sum (-1)^index over all images is 1, none is degenerate, all minima are joined, and the
 * search came to its end: systems of many modes or classes are searched in part (landscape_search.h). */
int dkm_landscape_critical(dkm_landscape *landscape, const dkm_critical **points, bool *certified);

#ifdef __cplusplus
}
#endif

#endif
