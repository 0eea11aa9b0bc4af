/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fixedpoint: the exact limit of a trajectory that has come close to it, and its spectrum.
 *
 * At any fixed point, and for any steady order parameters with spins that precess about
 * constant fields, spin k has a conserved component c_k along its field
 * B_k = (Omega, 0, g0 h_k), and
 *   Re beta_mu = -g0 Omega_mu xi_mu/D_mu,   D_mu = Omega_mu^2 + kappa_mu^2/4,
 *   xi_mu = sum_k w_k f_{mu,k} c_k g0 h_k/|B_k|:
 * M equations for the M overlaps, whatever the number of classes.  With losses of single spins or unbalanced couplings spins are at
 * rest in their fields in another way (model.h), and there are 2M equations for Re beta, Im beta. */
#ifndef DICKEMAP_FIXEDPOINT_H
#define DICKEMAP_FIXEDPOINT_H
#include <stdbool.h>

#include "dickemap/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A fixed point found from a state u. */
typedef struct dkm_fixedpoint {
  double xi[DKM_MAX_MODES];
  double distance;     /* of the order parameters: max over mu of |xi - xi*|, |beta - beta*| */
  double distance_all; /* of all variables: max_i |u_i - u*_i| */
  double precession;   /* max_k of the part of m_k transverse to its field, both those of u */
  double residual;     /* max_i |u_i'| at the fixed point */
} dkm_fixedpoint;

typedef struct dkm_fixedpoint_workspace dkm_fixedpoint_workspace;

/* Fails with DKM_MEMORY. The patterns are copied. */
dkm_status dkm_fixedpoint_workspace_create(const dkm_system *system, dkm_fixedpoint_workspace **out,
                                           dkm_error *err);
/* The system of the questions to come: with at most the classes and modes of that of creation. */
void dkm_fixedpoint_set_system(dkm_fixedpoint_workspace *workspace, const dkm_system *system);

void dkm_fixedpoint_workspace_destroy(dkm_fixedpoint_workspace *workspace);

/* Bytes of a workspace. */
double dkm_fixedpoint_workspace_bytes(const dkm_system *system);

/* Newton's method for xi, from the overlaps of u. The components along the fields are those
 * of u, c_k = m_k.B_k/|B_k|, or, if `aligned`, sign(c_k) |m_k|: the limit when nothing
 * precesses.  On success *fixed is filled and state (3K + 2M values) holds the fixed point,
 * spins along their fields.  Returns false if Newton does not converge or a field vanishes;
 * nothing is then promised about the outputs. */
bool dkm_fixedpoint_near(dkm_fixedpoint_workspace *workspace, const dkm_point *point, const double *u, bool aligned,
                         dkm_fixedpoint *fixed, double *state);

/* Directions about a fixed point, by the real part of their eigenvalue. */
typedef struct dkm_spectrum {
  double growth_rate; /* largest real part, neutral directions left out: < 0 if stable */
  double decay_rate;  /* smallest -(real part) of the damped directions; NaN if there is none */
  int64_t n_unstable, n_damped;
  int64_t n_neutral;  /* conserved lengths, undamped precession that no mode sees */
  int n_marginal;     /* of the neutral ones, those that the order parameters do take part in */
} dkm_spectrum;

/* Spectrum of the equations linearised at `state`, whose spins lie along their fields.
 *   sector < 0    all 3K + 2M directions
 *   sector = nu   the 4 directions within the symmetric subspace of pattern nu, where a
 *                 trajectory without perturbation stays for ever: z_k = f_{nu,k} z,
 *                 beta_mu = 0 for mu != nu (lengths left out); state must lie in it
 * unequal: 0 at a fixed point.  Otherwise fields that differ by no more than this, relatively, count as
 * equal: that gives the dressed spectrum of spins that precess (then shorter in `state` than they
 * are) and get out of step so slowly that it does not matter.
 * Classes with fields of equal strength act as one, so a pattern state costs an eigenvalue
 * problem of 4M rows, not 3K + 2M.  Up to 600 rows it is solved as one matrix; with more the eigenvalues are
 * the roots of an M x M determinant, each with a disc that is proved to hold it, and rates keep their digits however
 * small they are beside frequencies.  Time grows as the square of the number of different fields and memory as
 * that number times M^2 (4096 fields, M = 13: 1 to 3 s, 6 MB; 16384, M = 15: half a minute, 30 MB).  Fails with
 * DKM_MEMORY, and with DKM_NUMERIC if there are more than DKM_SPECTRUM_MAX_GROUPS of them, if iterations do not converge,
 * or if the proof fails.  With losses of single spins or unbalanced couplings there are two or three rows for each rank of a group,
 * and always one matrix: DKM_NUMERIC beyond 1600 rows. */
enum { DKM_SPECTRUM_MAX_GROUPS = 16384 };
dkm_status dkm_fixedpoint_spectrum(dkm_fixedpoint_workspace *workspace, const dkm_point *point, const double *state,
                                   int sector, double unequal, dkm_spectrum *spectrum, dkm_error *err);

/* All 3K + 2M directions about a fixed point in the symmetric subspace of the cue (start.h),
 * given by its reduced state (x, y, z, Re beta, Im beta): M problems of 4 rows, whatever K is.
 * Fails with DKM_MEMORY, DKM_NUMERIC. */
dkm_status dkm_fixedpoint_symmetric_spectrum(const dkm_system *system, const dkm_point *point,
                                             const double *small_state, dkm_spectrum *spectrum, dkm_error *err);

#ifdef __cplusplus
}
#endif

#endif
