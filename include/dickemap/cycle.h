/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cycle: a periodic solution near a trajectory, by shooting, and its Floquet multipliers.
 *
 * A limit cycle is a solution of u(T; u_0) = u_0.  Newton's method finds it to rounding from a state and a period that
 * are near, or does not converge: then there is none there.  Its unknowns are the directions of the spins (their lengths
 * are constants of motion; where spins lose something: all components), the modes and T; the derivative is the monodromy
 * matrix (tangent.h), whose eigenvalues, the multipliers, tell how differences from the cycle grow or decay over a
 * period: Floquet exponents are log(multiplier)/T, what eigenvalues of the linearised equations are to a fixed point.
 *
 * Dressed cycles.  Where the patterns do not fix the spins (K > rank), periodic order parameters need no periodic spins:
 * in a field of period T each spin has a Floquet axis, along which its component at times 0, T, 2T, ... is conserved,
 * and what is transverse to it precesses, undamped if no mode sees it.  The cycle is then that of spins that lie along
 * their axes, shortened to that component: the order parameters of the trajectory are periodic up to the square of the
 * transverse part. */
#ifndef DICKEMAP_CYCLE_H
#define DICKEMAP_CYCLE_H
#include <stdbool.h>

#include "dickemap/fixedpoint.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dkm_cycle {
  double period;       /* the shortest */
  double residual;     /* max_i |u_i(T) - u_i(0)| */
  double distance;     /* of the order parameters of u from the point of the cycle found from it: max |xi|, |beta| */
  double distance_all; /* of all variables, max_i; dressed: without what precesses */
  double precession;   /* largest transverse part of a spin about its axis that was left out; 0: it is not dressed */
  /* Over a period: means, rms of xi about its mean, half of peak to peak of xi, mean of |beta|^2. */
  double xi[DKM_MAX_MODES], beta_re[DKM_MAX_MODES], beta_im[DKM_MAX_MODES];
  double xi_rms[DKM_MAX_MODES], xi_amplitude[DKM_MAX_MODES], beta_sq[DKM_MAX_MODES];
  double x_mean;         /* over all spins and a period */
  dkm_spectrum spectrum; /* by Floquet exponents; the direction of the flow, which is neutral, is left out */
} dkm_cycle;

typedef struct dkm_cycle_workspace dkm_cycle_workspace;

/* Fails with DKM_MEMORY. The patterns are copied. losses: of points whose spins lose something
 * (dkm_point_has_losses), all of them, or none.  With more than DKM_CYCLE_MAX_ROWS directions (2K + 2M, 3K + 2M) no cycle is ever
 * found. */
enum { DKM_CYCLE_MAX_ROWS = 600 };
dkm_status dkm_cycle_workspace_create(const dkm_system *system, bool losses, dkm_cycle_workspace **out,
                                      dkm_error *err);
void dkm_cycle_workspace_destroy(dkm_cycle_workspace *workspace);
/* Makes *workspace one for this system: the one that there is (NULL: none), or another one in its place.
 * Fails with DKM_MEMORY; *workspace is then NULL. */
dkm_status dkm_cycle_workspace_fit(dkm_cycle_workspace **workspace, const dkm_system *system, bool losses,
                                   dkm_error *err);
double dkm_cycle_workspace_bytes(const dkm_system *system, bool losses);

/* The cycle near u (3K + 2M values) with a period near that given.  With a drive that repeats (system.drive), t being the time of
 * u, the period is the multiple of the drive's next to it, or a part of that which is one, and a point that is at rest is a cycle
 * too. dress: spins may precess darkly.  On success *cycle
 * is filled and state (3K + 2M values, not u) is the point of it near u.  Returns false if Newton does not converge, or
 * to a point at rest; nothing is then promised about the outputs. */
bool dkm_cycle_find(dkm_cycle_workspace *workspace, const dkm_point *point, const double *u, double t, double period,
                    bool dress, dkm_cycle *cycle, double *state);

/* The Floquet exponents of a cycle through u (3K + 2M values, at time t) with this period.  Returns false with too many directions,
 * or if a number is not finite. */
bool dkm_cycle_exponents(dkm_cycle_workspace *workspace, const dkm_point *point, const double *u, double t, double period,
                         dkm_spectrum *spectrum);

#ifdef __cplusplus
}
#endif

#endif
