/* SPDX-License-Identifier: GPL-3.0-or-later */
/* response: a spin at rest in a constant field, and what becomes of small differences from it.
 *
 * In the field B = (Omega, B_y, B_z), with Gamma = diag(Gamma_1, gamma_T, gamma_T) and p = gamma_up - gamma_down (model.h),
 *   m' = 2 B x m - Gamma m + p e_x = -A m + p e_x,   A = Gamma - 2 [B]_x,
 *   A^-1 = (diag(gamma_T^2, Gamma_1 gamma_T, Gamma_1 gamma_T) + 4 B B^T + 2 [Gamma B]_x)/det,
 *   det  = Gamma_1 gamma_T^2 + 4 B.Gamma B,
 * sums of terms that are not negative where it matters, so that rates of any size keep their digits.  Where Gamma_1 > 0 the
 * spin forgets where it came from, m = p A^-1 e_x.  Where nothing is lost it keeps its component c along the field, m = c
 * B/|B|.  Dephasing alone (Gamma_1 = 0) leaves nothing but what is along x, and that if the field is. */
#ifndef DICKEMAP_RESPONSE_H
#define DICKEMAP_RESPONSE_H
#include <stdbool.h>

#include "dickemap/model.h"

typedef enum rest_kind {
  REST_ALONG_FIELD, /* no losses: m = c B/|B| */
  REST_FORGETS,     /* Gamma_1 > 0: m depends on B alone */
  REST_ALONG_X      /* dephasing alone: m = c e_x, without a field of the modes */
} rest_kind;

rest_kind dkm_rest_kind(const dkm_point *point);

/* B of amplitudes 2 Re beta, 2 Im beta summed over the modes, h and v of model.h: out[3]. */
static inline void dkm_rest_field(const dkm_point *point, double h, double v, double *B) {
  B[0] = point->Omega;
  B[1] = point->imbalance * point->g0 * v;
  B[2] = point->g0 * h;
}

/* The spin at rest in B; false if there is none, or no end of them: no field, dephasing alone with a field across x.
 * c: as above; REST_FORGETS: ignored. */
bool dkm_rest_spin(const dkm_point *point, const double *B, double c, double *m);

/* Its change with the field, by[i] = dm_i/dB_y and bz[i] = dm_i/dB_z. */
void dkm_rest_slopes(const dkm_point *point, const double *B, double c, double *by, double *bz);

/* Small differences of a spin that is at m: d' = L d + dB_y drive_y + dB_z drive_z in `size` coordinates d, of which
 * y = read_y.d and z = read_z.d.  Three of them where the spin forgets; else two across the field, the third is kept. */
typedef struct spin_motion {
  int size;
  double L[3][3], drive_y[3], drive_z[3], read_y[3], read_z[3];
} spin_motion;
void dkm_rest_motion(const dkm_point *point, const double *B, const double *m, spin_motion *motion);

#endif
