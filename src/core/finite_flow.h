/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_flow: the classical numbers beside a quantum state: the mean field, and the frame that the state is kept in.
 *
 *   mean field   m_k' = 2 (Omega, 0, g h_k) x m_k (+ losses),  alpha_mu' = -(i Omega_mu + kappa_mu/2) alpha_mu - i g sum_k f z_k,
 *                h_k = sum_mu f_{mu,k} 2 Re alpha_mu
 *   frame        e' = 2 W_k x e for the three axes of class k,
 *                alpha_f,mu' = -(i Omega_mu + kappa_mu/2) alpha_f,mu - i g sum_k f zeta_k + u_mu
 *
 * For any zeta, W and u the same master equation holds for b = a - sqrt(N) alpha_f and S' = S along the axes, with jump operators b
 * and the Hamiltonian of finite_space.h, where, with B_k = (Omega, 0, g sum_mu f 2 Re alpha_f,mu),
 *
 *   R_k,i = z component of axis i,   v_k,i = (B_k - W_k).e_i,   c_mu = -i sqrt(N) u_mu.
 *
 * Numbers in a row: m_k at 3k; Re, Im alpha_mu at 3K + 2mu; axes 1, 2, 3 of class k at 3K + 2M + 9k, x, y, z each; Re, Im alpha_f,mu
 * at 12K + 2M + 2mu. */
#ifndef DICKEMAP_FINITE_FLOW_H
#define DICKEMAP_FINITE_FLOW_H
#include "finite_space.h"

typedef struct finite_flow {
  const dkm_finite_model *model;
  dkm_finite_frame frame;
  int K, M;
  double g, f[DKM_FINITE_MAX_CLASSES][DKM_FINITE_MAX_MODES];
  /* Of the step: zeta_k = zeta + zeta_rate (t - t0), turning of the axes beside that by B, in their own components, and u. */
  double t0, zeta[DKM_FINITE_MAX_CLASSES], zeta_rate[DKM_FINITE_MAX_CLASSES], turn[DKM_FINITE_MAX_CLASSES][3];
  double u_re[DKM_FINITE_MAX_MODES], u_im[DKM_FINITE_MAX_MODES];
  bool turns, drifts; /* whether any of these is not 0 */
} finite_flow;

static inline int finite_flow_size(int K, int M) { return 12 * K + 4 * M; }
static inline int finite_flow_axes(int K, int M, int k) { return 3 * K + 2 * M + 9 * k; }
static inline int finite_flow_alpha(int K, int M, int mu) { return 12 * K + 2 * M + 2 * mu; }

void dkm_finite_flow_create(const dkm_finite_model *model, dkm_finite_frame frame, finite_flow *flow);

/* The numbers at the start: the frame is where the mean field is. */
void dkm_finite_flow_start(const finite_flow *flow, double *c);

/* The mean field's part of c', the first 3K + 2M numbers, from these of c: Eqs. (7), with losses of single spins. */
void dkm_finite_flow_mean_field(const finite_flow *flow, const double *c, double *dc);

/* dc = c' */
void dkm_finite_flow_rhs(const finite_flow *flow, double t, const double *c, double *dc);

/* What the Hamiltonian is at time t; op->space stays. */
void dkm_finite_flow_operator(const finite_flow *flow, double t, const double *c, finite_operator *op);

/* Sets zeta, and turn and u, which bring the frame back to the state at this rate, for a step from t: DKM_FINITE_FOLLOWING alone.
 * (A density matrix has <b> = 0 by itself, and rate 0.) */
void dkm_finite_flow_follow(finite_flow *flow, double t, double rate, const double *c, const finite_moments *moments);

/* The row of values of a state with these moments. */
void dkm_finite_flow_row(const finite_flow *flow, const double *c, const finite_moments *moments, double *row);

#endif
