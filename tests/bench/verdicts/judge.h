/* SPDX-License-Identifier: GPL-3.0-or-later */
/* judge: what becomes of a trajectory, by means that share nothing with the program but the start.
 *
 * The equations (7), with losses of single spins and unequal co- and counter-rotating couplings, are written out once more,
 * as plainly as they can be, and integrated with GSL's rk8pd.  Without these two the Lyapunov function L is compared with the
 * barriers of the landscape
 *     U(q) = 1/2 sum_mu g0^2 |Omega_mu|/D_mu q_mu^2 - 1/2 sum_k w sqrt(Omega^2 + 4 g0^2 v_k^2),
 *     v_k = sum_mu f_mu,k (g0 |Omega_mu|/D_mu) q_mu,   xi_mu = -sign(Omega_mu) q_mu at its critical points,
 * that a dense search finds: Newton from many random places, and from the least of U along the planes v_k = 0, where
 * barriers are at strong coupling. */
#ifndef VERDICTS_JUDGE_H
#define VERDICTS_JUDGE_H
#include <stdbool.h>

#include "sample.h"

/* The equations of one point, every number spelt out. */
typedef struct equations {
  int M, K, V; /* V: the sign of all Omega_mu */
  double g0, Omega, w, eta;
  bool lossy; /* spins lose their lengths: along x at `along`, where `pump` drives them, across it at `across` */
  double along, across, pump;
  double Omega_mu[MAX_M], kappa_mu[MAX_M], D[MAX_M],
      reach[MAX_M]; /* reach = g0 |Omega_mu|/D_mu: |Q_mu| at |xi_mu| = 1 */
  double f[MAX_M][MAX_K];
} equations;

void equations_of(const dkm_point *point, int M, equations *e);

/* Those of the cue's mode alone, one class: an exact start stays there. */
void equations_of_cue(const dkm_point *point, equations *e);

int equations_size(const equations *e);
void equations_rhs(const equations *e, const double *u, double *du);
void equations_tangent(const equations *e, const double *u, const double *v, double *dv); /* dv = J(u) v */
void equations_overlaps(const equations *e, const double *u, double *xi);

/* For K <= MOST_K: J[i][j] = d u_i' / d u_j; and orthonormal directions that keep the spins' lengths, basis[i], i = 0 ...
 * 2K + 2M - 1, or all 3K + 2M of them where there are losses; returns their number. */
enum { MOST_K = 8, MOST = 3 * MOST_K + 2 * 4 };
void equations_jacobian(const equations *e, const double *u, double J[MOST][MOST]);
int equations_basis(const equations *e, const double *u, double basis[MOST][MOST]);

/* Puts spins back to unit length, which the equations conserve where there are no losses. */
void equations_renormalise(const equations *e, double *u);
double equations_lyapunov(const equations *e, const double *u); /* V L: falls for ever */
double equations_landscape(const equations *e, const double *q);

/* Critical points of U. */
typedef struct critical_points {
  int n, euler;         /* euler: sum of (-1)^index, 1 if none is missing */
  double lowest_saddle; /* U; infinite if there is none */
  double lowest;        /* U of the lowest minimum */
  struct {
    double q[MAX_M], U;
    int index;
  } at[4096];
} critical_points;

/* n_starts random starts for Newton, so many for each kind of start. */
void critical_search(const equations *e, int n_starts, critical_points *found);

/* The minimum of U down from q (overwritten). */
void descend(const equations *e, double *q);
void descend_from_overlaps(const equations *e, const double *xi, double *xi_end); /* overlaps in, overlaps out */

enum { MAX_WINDOWS = 64 };

typedef enum ending {
  NOT_JUDGED, /* work ended first */
  SETTLED,    /* L fell below the lowest saddle */
  ARRIVED,    /* L and all xi_mu steady over factors of 2 in time; M >= 3: also if L is below the saddle */
} ending;

/* One integration. */
typedef struct history {
  ending end;
  double t_settled; /* NaN: never */
  double t;
  int64_t evaluations;  /* of the right-hand side */
  double xi_end[MAX_M]; /* of the minimum of U: down from the end, or from the mean of the last window */
  int n_windows;        /* each ends at a power of 2 of time; a last one may be shorter */
  struct {
    double t, L, mean[MAX_M], rms;
  } windows[MAX_WINDOWS];
} history;

typedef struct judgement {
  int M; /* of the equations integrated */
  double lowest_saddle, lowest;
  history first, second; /* tolerances 1e-11 and 1e-12 */
} judgement;

/* work: bound on the evaluations of the right-hand side, for each of the two integrations. */
void judge(const equations *e, const double *start, bool until_settled, double work, judgement *out);

/* Another integration, against the barriers that are known. */
void judge_once_more(const equations *e, const double *start, bool until_settled, const judgement *j, double tolerance,
                     double work, history *out);

#endif
