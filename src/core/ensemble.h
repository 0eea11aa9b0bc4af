/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ensemble: the workspace that ensemble.c shares with the kernels, one kernel for each
 * instruction set (ensemble_avx512.c, ensemble_avx2.c, ensemble_plain.c), all of them
 * compiled from one body, ensemble_body.h.
 *
 * Structure of arrays, lane fastest: a "vector" below is `lanes` doubles, one of each point.
 *
 *   classes[k]   block of ensemble_class_vectors(P) vectors for class k:
 *                  H[0 ... P-1]  Taylor coefficients of 2 g0 h_k
 *                  X[0 ... P-4]  of x_k;  X[0] is the state
 *                  Y[0 ... P-4]  of y_k;  the last four orders are used up as they are formed
 *                  Z             z_k (its coefficients follow from Y: Z[n+1] = 2 Omega Y[n]/(n+1))
 *                  Q             1/(2 |m_k|^2) of the start, 0 for an empty spin
 *   modes[mu]    block of 2 (P + 1) vectors: R[0 ... P] of Re beta_mu, I[0 ... P] of Im beta_mu
 *
 * with P the order of the Taylor expansion.  Where coefficients are streamed (ensemble_body.h), there are
 * blocks for a single group of classes and
 *
 *   states[k]    4 vectors: x_k, y_k, z_k, Q.
 *
 * For modes that follow the spins (ensemble_slow.h)
 *
 *   slow[mu]     block of 3 P vectors: prediction and solution of R[0 ... P-1], sum_k w_k G_{mu,k} z_k[0 ... P-1]
 *   held         what lanes that are not to move are given back after a step.
 *
 * For samples between the ends of steps
 *
 *   series[mu]   block of 3 P vectors: coefficients 0 ... P-1 of sum_k w_k G_{mu,k} z_k, Re beta_mu and Im beta_mu in the
 *                last step, about its beginning, t_begin. */
#ifndef DICKEMAP_ENSEMBLE_H
#define DICKEMAP_ENSEMBLE_H
#include "dickemap/integrator.h"

enum { ENSEMBLE_MAX_LANES = 8, ENSEMBLE_MAX_ORDER = 24, ENSEMBLE_GROUP_BITS = 3, ENSEMBLE_STATE_VECTORS = 4 };

/* How much faster than everything else in its lane a mode must be for slow steps to pay (tests/bench/stiff). */
static const double ensemble_slow_gain = 12.0;

/* For spins with losses and unbalanced couplings (ensemble_open.h) the block of a class is
 *
 *   H[0 ... P-1], V[0 ... P-1]   coefficients of 2 g0 h_k and 2 eta g0 v_k
 *   X, Y, Z[0 ... P]             of the spin
 *   Q */

/* One double for each lane. */
typedef double ensemble_vector[ENSEMBLE_MAX_LANES] __attribute__((aligned(64)));

typedef struct ensemble {
  dkm_system system; /* the largest that is loaded; of +-1 patterns the only one */
  int64_t n_classes; /* K, for couplings of any values rounded up to whole groups of empty classes */
  int bits;          /* log2 of n_classes, or of a group if there are couplings */
  double *couplings; /* G_{mu,k} of each lane, vector k*M + mu; NULL: +-1 patterns */
  double *weighted;  /* w_k G_{mu,k} */
  dkm_system of_lane[ENSEMBLE_MAX_LANES];
  int lanes, order; /* order: 12, 16, 20 or 24, see ensemble_body.h */
  double tolerance;
  dkm_dynamics dynamics;
  double *classes, *modes;
  double *states; /* NULL: coefficients are kept */

  /* Parameters of each lane's point, scaled as the kernel needs them. */
  ensemble_vector g0, four_g0, two_Omega;
  ensemble_vector field_most; /* 4 g0 max |G|: what |Re beta_mu| gives a spin at most */
  ensemble_vector Omega_mu[DKM_MAX_MODES], half_kappa[DKM_MAX_MODES];
  ensemble_vector rotation[ENSEMBLE_MAX_ORDER]; /* (2 Omega)^2/(n (n+1)), n >= 1 */
  ensemble_vector mode_frequency;               /* the largest of the modes, as it counts for the step */
  ensemble_vector gamma_1, gamma_T, pump, eta, eta_field_most; /* eta_field_most: |eta| field_most */
  /* While a drive changes them, g0 and 2 Omega are straight lines from piece_begin on; g0, above, and Omega_begin are what they are
   * there, and field_most, two_Omega their largest sizes. */
  ensemble_vector Omega_begin, g0_slope, Omega_slope, piece_begin;

  /* sum_k w_k G_{mu,k} z_k and sum_k w_k G_{mu,k} y_k of the state. */
  ensemble_vector sum_z[DKM_MAX_MODES], sum_y[DKM_MAX_MODES];

  /* Modes that may be slow: how fast each counts for an ordinary step, 1/|lambda_mu|^2, 1/Omega_mu, what may be left of
   * a transient, when it may be slow, and 1 if it was in the last step. Of each lane: when to look whether modes are
   * slow (infinity: never), attempts in a row, and how long to wait once they have failed. */
  double *slow, *held; /* NULL: every mode is resolved */
  ensemble_vector pace[DKM_MAX_MODES], over_D[DKM_MAX_MODES], over_Omega[DKM_MAX_MODES], transient_most[DKM_MAX_MODES];
  ensemble_vector t_try[DKM_MAX_MODES], settled[DKM_MAX_MODES];
  ensemble_vector t_look, tries, pause;
  int turn; /* of rounds in which some lanes wait */

  double *series;          /* of the last step; NULL: not wanted */
  ensemble_vector t_begin; /* when it began */

  /* Progress of each lane. */
  ensemble_vector t, t_pause, t_limit, steps, steps_pause, finite; /* finite: NaN once the state is not */
  /* The window of each lane: time, largest rate, time integrals of xi, xi^2 and |beta|^2. */
  ensemble_vector window_length, rate_max;
  ensemble_vector sum_xi[DKM_MAX_MODES], sum_xi_sq[DKM_MAX_MODES], sum_beta_sq[DKM_MAX_MODES];
} ensemble;

typedef struct ensemble_kernel {
  const char *cpu;
  int lanes;
  bool (*supported)(void);
  /* Steps all lanes until one of them has reached t_pause or t_limit or is not finite. */
  void (*advance)(ensemble *e);
} ensemble_kernel;

extern const ensemble_kernel dkm_ensemble_plain;
#if defined(__x86_64__)
extern const ensemble_kernel dkm_ensemble_avx2, dkm_ensemble_avx512;
#endif

/* Where X, Y, Z and Q begin in the block of a class, and the number of vectors in the blocks of a class and a mode. */
static inline int ensemble_class_x(int order) {
  return order;
}
static inline int ensemble_class_y(int order) {
  return order + (order - 3);
}
static inline int ensemble_class_z(int order) {
  return order + 2 * (order - 3);
}
static inline int ensemble_class_q(int order) {
  return ensemble_class_z(order) + 1;
}
static inline int ensemble_class_vectors(int order) {
  /* An odd number of vectors: blocks a power of two apart would compete for the same lines of the cache. */
  return (ensemble_class_q(order) + 1) | 1;
}
static inline int ensemble_open_v(int order) {
  return order;
}
static inline int ensemble_open_x(int order) {
  return 2 * order;
}
static inline int ensemble_open_y(int order) {
  return 3 * order + 1;
}
static inline int ensemble_open_z(int order) {
  return 4 * order + 2;
}
static inline int ensemble_open_q(int order) {
  return 5 * order + 3;
}
static inline int ensemble_open_vectors(int order) {
  return (ensemble_open_q(order) + 1) | 1;
}
static inline int ensemble_mode_vectors(int order) {
  return 2 * (order + 1);
}
static inline int ensemble_series_vectors(int order) {
  return 3 * order;
}
static inline int ensemble_slow_vectors(int order) {
  return 3 * order;
}
static inline size_t ensemble_held_vectors(int64_t n_classes, int n_modes) {
  return 3 * (size_t)n_classes + 7 * (size_t)n_modes + 5;
}

#endif
