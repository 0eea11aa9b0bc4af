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
 * point or in dark precession. */
#ifndef DICKEMAP_LANDSCAPE_H
#define DICKEMAP_LANDSCAPE_H
#include "dickemap/model.h"

/* Whether the theorem holds for every start at this point: the sign of the Omega_mu if all have the same, g0 > 0 and
 * Omega != 0 (couplings are equal for co- and counter-rotating terms and there are no losses of single spins in this
 * model); otherwise 0.  For a start on the symmetric subspace of its cue (quotient.h) ask for the reduced point. */
int dkm_landscape_sign(const dkm_patterns *patterns, const dkm_point *point);

#endif
