/* SPDX-License-Identifier: GPL-3.0-or-later */
/* secular: the equation whose roots are the eigenvalues about a fixed point, M x M for any number of fields.
 *
 *   det N(lambda) = 0,   N_mu,nu = ((lambda + kappa_mu/2)^2 + Omega_mu^2)/Omega_mu delta_mu,nu
 *                                  - sum_j C_j,mu,nu/(lambda^2 + p_j^2),
 *   C_j = -(8 g0^2 Omega^2/B_j) sum_{k in j} w_k c_k G_k G_k^T,   p_j = 2 B_j,
 *
 * j: the groups of equal fields, c_k: components of the spins along them.  With r_j the rank of C_j,
 *   f = det N prod_j (lambda^2 + p_j^2)^(r_j) prod_mu Omega_mu
 * is a polynomial of degree 2 sum_j r_j + 2M with leading coefficient 1.  Its roots lie near the poles +-i p_j, all the
 * nearer the weaker the coupling or the closer the poles, so that a number is kept as its offset from one of them. */
#ifndef DICKEMAP_SECULAR_H
#define DICKEMAP_SECULAR_H
#include <stdint.h>

#include "dickemap/model.h"

/* The number i base + re + i im. */
typedef struct dkm_offset {
  double base; /* +-p_j, or 0 */
  double re, im;
} dkm_offset;

typedef struct secular_segment secular_segment;

typedef struct dkm_secular {
  int n_modes, n_packed; /* M, M (M+1)/2 */
  int64_t n_poles, n_bright; /* n_bright = sum_j r_j */
  double Omega[DKM_MAX_MODES], half_kappa[DKM_MAX_MODES];
  double *pole;     /* p_j > 0, ascending */
  int *rank;        /* r_j >= 1 */
  double *coupling; /* C_j,mu,nu, mu >= nu, at [j*n_packed + mu (mu + 1)/2 + nu] */
  int64_t n_segments;
  secular_segment *segments; /* of the poles: see dkm_secular_expand */
  double *terms;
} dkm_secular;

/* Room for n_poles poles; pole, rank and coupling are to be filled.  Fails with DKM_MEMORY; *s is then empty. */
dkm_status dkm_secular_create(const dkm_point *point, int n_modes, int64_t n_poles, dkm_secular *s, dkm_error *err);
void dkm_secular_free(dkm_secular *s);

/* Once all is filled: near each of some segments of the poles those far away are a power series, so that a value costs
 * as much as a few hundred poles do.  Small systems are left alone.  Fails with DKM_MEMORY. */
dkm_status dkm_secular_expand(dkm_secular *s, dkm_error *err);

/* N at one number. */
typedef struct dkm_secular_value {
  double inverse_re[DKM_MAX_MODES * DKM_MAX_MODES], inverse_im[DKM_MAX_MODES * DKM_MAX_MODES]; /* N^-1 [mu*M + nu] */
  double slope_re, slope_im; /* tr N^-1 N' */
  double det;                /* |det N|^2 = det 2^exponent */
  int64_t exponent;
  double rounding; /* sum_mu,nu |N^-1|_mu,nu sum of the moduli of what N_mu,nu consists of: det N is known to some
                    * roundings of this, relatively */
} dkm_secular_value;

/* Without pole `skip` and its conjugate if that is not negative.  Returns false where N is singular or overflows. */
bool dkm_secular_at(const dkm_secular *s, dkm_offset z, int64_t skip, dkm_secular_value *value);

#endif
