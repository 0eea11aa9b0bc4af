/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_space: the truncated space of K large spins and M modes, and what its operators are in it.
 *
 * Basis: |j_0 ... j_(K-1); n_0 ... n_(M-1)>, j_k = 0 ... d_k - 1 flips of class k away from the third axis of its frame (S' = 2J'
 * along it is N - 2j), n_mu = 0 ... d_(K+mu) - 1 photons above the displacement of the frame.  A factor f is a class (f < K) or a
 * mode; its stride is the product of the dimensions behind it,
 *
 *   row = sum_f i_f stride_f,   stride_(K+M-1) = 1.
 *
 * A class with d_k = N + 1 is whole; every other factor is cut off, and the weight of its last two levels (states of one parity
 * may leave the last one empty) tells whether that matters.
 *
 * In the moving frame (finite_flow.h) the Hamiltonian is
 *
 *   H = sum_mu Omega_mu n_mu + (g/sqrt N) sum_k F_k (R_k.S'_k - N zeta_k) + sum_k v_k.S'_k + sum_mu (c_mu b_mu^+ + c_mu^* b_mu),
 *   F_k = sum_mu f_{mu,k} (b_mu + b_mu^+),
 *
 * where R_k holds the z components of the axes of the frame of class k; what evolves a state between jumps is
 * A = -i H - (1/2) sum_mu kappa_mu n_mu.  Local. */
#ifndef DICKEMAP_FINITE_SPACE_H
#define DICKEMAP_FINITE_SPACE_H
#include <stdbool.h>
#include <stdint.h>

#include "dickemap/finite.h"

enum { FINITE_MAX_FACTORS = DKM_FINITE_MAX_CLASSES + DKM_FINITE_MAX_MODES };

typedef struct finite_space {
  int K, M, N;
  int d[FINITE_MAX_FACTORS];         /* levels of each factor */
  int64_t stride[FINITE_MAX_FACTORS];
  int64_t rows;                      /* their product */
  int64_t mode_rows;                 /* of the modes alone */
  double *root;                      /* sqrt(i), i = 0 ... largest d of a mode */
  double *climb;                     /* sqrt(j (N - j + 1)), j = 0 ... largest d of a class: <j-1|J+|j> */
  double *omega_n, *half_kappa_n;    /* sum_mu Omega_mu n_mu and sum_mu kappa_mu n_mu / 2 of each of mode_rows rows */
} finite_space;

/* Fails with DKM_MEMORY; the space is then empty, which dkm_finite_space_free takes too. */
dkm_status dkm_finite_space_create(const dkm_finite_model *model, const int *d, finite_space *space, dkm_error *err);
void dkm_finite_space_free(finite_space *space);

/* What multiplies the operators: changes from stage to stage. */
typedef struct finite_operator {
  const finite_space *space;
  double scale;                                                     /* g/sqrt N */
  double f[DKM_FINITE_MAX_CLASSES][DKM_FINITE_MAX_MODES];           /* +-1 */
  double R[DKM_FINITE_MAX_CLASSES][3], zeta[DKM_FINITE_MAX_CLASSES];
  bool has_v, has_c;                                                /* whether any of these is not 0 */
  double v[DKM_FINITE_MAX_CLASSES][3];
  double c_re[DKM_FINITE_MAX_MODES], c_im[DKM_FINITE_MAX_MODES];
  double kappa[DKM_FINITE_MAX_MODES];
} finite_operator;

/* First and second moments in the frame, of a state of trace (or norm) `norm`, divided by it. */
typedef struct finite_moments {
  double norm;
  double S[DKM_FINITE_MAX_CLASSES][3];                              /* <S'> = 2<J'> */
  double SS[DKM_FINITE_MAX_CLASSES];                                /* <S'.S'>, N (N + 2) of a whole large spin */
  double b_re[DKM_FINITE_MAX_MODES], b_im[DKM_FINITE_MAX_MODES];    /* <b> */
  double n[DKM_FINITE_MAX_MODES];                                   /* <b^+ b> */
} finite_moments;

/* psi: planes of real and imaginary parts, 2 rows values.  P: a hermitian matrix as one real one, rows^2 values: real parts at
 * and below the diagonal; above it, at [c*rows + r], c < r, the imaginary part of the element (r, c). */
void dkm_finite_space_moments_pure(const finite_space *space, const double *psi, finite_moments *out);
void dkm_finite_space_moments_density(const finite_space *space, const double *P, finite_moments *out);

/* Weight, relative to all of it, of the levels of factor f from `level` on. */
double dkm_finite_space_tail_pure(const finite_space *space, const double *psi, int f, int level);
double dkm_finite_space_tail_density(const finite_space *space, const double *P, int f, int level);

/* Copies a state into a space of other dimensions: new levels are empty, old ones that are not there are lost. */
void dkm_finite_space_move_pure(const finite_space *from, const double *psi, const finite_space *to, double *out);
void dkm_finite_space_move_density(const finite_space *from, const double *P, const finite_space *to, double *out);

/* psi <- b_mu psi. */
void dkm_finite_space_lower(const finite_space *space, int mu, double *psi);

#endif
