/* SPDX-License-Identifier: GPL-3.0-or-later */
/* theory: what can be said about a point without integrating it: critical couplings, the
 * pattern states of Eq. 12, and where they are stable.
 *
 * All closed forms here are for equally long spins on the aligned branch, where each spin has the component
 * -sign(Omega_nu) along its field: the only one on which the state of pattern nu exists.  (With losses of single spins their
 * lengths follow from the rates instead.)  They hold for either sign of
 * Omega and of Omega_nu, and are NaN for Omega = 0.  Modes count from 0. */
#ifndef DICKEMAP_THEORY_H
#define DICKEMAP_THEORY_H
#ifndef __cplusplus
#include <complex.h>
#endif
#include <stdbool.h>

#include "dickemap/model.h"
#include "dickemap/record.h"

#ifdef __cplusplus
extern "C" {
#endif

/* C's `double complex`, by the name that compilers of C++ know too. */
__extension__ typedef double _Complex dkm_complex;

/* Whether the closed forms hold: Omega != 0. */
bool dkm_theory_applies(const dkm_point *point);

/* Whether the states of pattern nu are those of Eq. 12, or of what takes its place below: Omega != 0, the pattern is a closed
 * world (system.h), and all spins are equally long, s: 1, less where they are flipped with a probability; or they lose energy,
 * and with it what they knew of the start. What is said below of pattern states is for such; otherwise it makes no sense.
 * Losses and imbalance together have no such closed form: false. */
bool dkm_theory_has_pattern_state(const dkm_system *system, const dkm_point *point, int nu);

/* g_nu = sqrt( |Omega/(2 s Omega_nu)| (Omega_nu^2 + kappa_nu^2/4) ): pattern state nu exists for
 * g0 >= g_nu.  With losses and imbalance it is where the normal state, with spins at x, can be held by mode nu: with a_0 =
 * 4 Omega^2 + gamma_T^2 the smallest g0 for which G = 4 g0^2 x/a_0 solves
 *   eta^2 a_0 G^2 + (2 Omega Omega_nu (1 + eta^2) - eta gamma_T kappa_nu) G + D_nu = 0;
 * infinity if there is none.  Losses: x = (gamma_up - gamma_down)/(gamma_up + gamma_down), so that
 *   g_nu^2 = D_nu a_0/(8 |Omega Omega_nu x|) if Omega Omega_nu x < 0, eta = 0 (dephasing alone, x = 0: infinity).
 * No losses: x = -+s, g_nu^2 = a Omega/(2 s), a = (Omega_nu (1 + eta^2) - sqrt(Omega_nu^2 (1 - eta^2)^2 - eta^2 kappa_nu^2))
 * /(2 eta^2). */
double dkm_theory_g_crit(const dkm_point *point, int nu);

/* g_c of the normal state for any couplings, where every spin of length s_k (lengths: K values, NULL: dkm_point_length
 * each) has x_k = -sign(Omega Omega_mu) s_k: stable for g0 < g_c, unstable for g0 > g_c,
 *   g_c = sqrt( |Omega|/(2 lambda_max(R C R)) ),  C_{mu,nu} = sum_k w_k s_k G_{mu,k} G_{nu,k},
 *   R = diag (D_mu/|Omega_mu|)^(-1/2).
 * and with losses sqrt(a_0/(8 |Omega x| lambda_max)) with C for s_k = 1, a_0 and x as above: nothing is steady below it
 * but the normal state.  NaN for unbalanced couplings. The smallest g_nu for +-1 patterns and unit spins.  Infinity if
 * no mode sees a spin; NaN if the Omega_mu have different signs (the normal state then grows at any g0 > 0), or without
 * memory for K numbers. */
double dkm_theory_g_normal(const dkm_system *system, const dkm_point *point, const double *lengths);

/* g_ret = g_nu sqrt(g_nu / min_mu g_mu): pattern state nu is linearly stable in the full
 * space only for g0 > g_ret; between g_nu and g_ret a start on the symmetric subspace still
 * reaches it and any other start leaves it.  NaN if the Omega_mu have different signs: mode mu then makes every pattern
 * state unstable whose Omega_nu has the other sign; if another pattern is no closed world; with losses or imbalance, where
 * oscillations can set in as well: see the spectrum. */
double dkm_theory_g_retrieve(const dkm_system *system, const dkm_point *point, int nu);

/* Eq. 12: |xi_nu| = |z| = s sqrt(1 - (g_nu/g0)^4), and 0 for g0 <= g_nu.  Losses: with r = (D_nu a_0)/(8 Omega Omega_nu
 * g0^2), x = -r, z^2 = (gamma_down - gamma_up - (gamma_down + gamma_up) r) Omega D_nu/(2 g0^2 Omega_nu gamma_T).
 * Imbalance: |B| = |Omega| (g0/g_nu)^2, |z| = 2 s g0 |Re beta|/|B|, Im beta/Re beta = 2 (a - Omega_nu)/kappa_nu, |B|^2 =
 * Omega^2 + 4 g0^2 ((Re beta)^2 + eta^2 (Im beta)^2).  NaN for both together. */
double dkm_theory_xi(const dkm_point *point, int nu);

/* x of every spin in pattern state nu: -sign(Omega Omega_nu) s (g_nu/g0)^2, with losses (gamma_up -
 * gamma_down)/(gamma_up + gamma_down) (g_nu/g0)^2; in the normal state below g_nu with 1 for the square.
 * NaN for dephasing alone, which leaves
 * spins with what they have along x. */
double dkm_theory_x(const dkm_point *point, int nu);

/* alpha_nu of pattern state nu with xi_nu = +|z|, in the paper's normalisation:
 * -sqrt(K) g0 |z| (Omega_nu + i kappa_nu/2)/(Omega_nu^2 + kappa_nu^2/4). */
dkm_complex dkm_theory_alpha(const dkm_system *system, const dkm_point *point, int nu);

/* The exact state of pattern nu (sign = +1 or -1) into u (3K + 2M values): an oracle for
 * tests.  x_k = -sign(Omega Omega_nu) (g_nu/g0)^2; for g0 <= g_nu the normal state, with 1 for the square. */
void dkm_theory_pattern_state(const dkm_system *system, const dkm_point *point, int nu, int sign, double *u);

/* The closed forms of pattern nu that people compare with: g_crit, g_retrieve, |xi|, |alpha|^2, NaN where they do not apply.
 * Returns false, and only NaN, where it has no such state. */
enum { DKM_N_CLOSED_FORMS = 4 };
extern const char *const dkm_closed_form_names[DKM_N_CLOSED_FORMS];
bool dkm_theory_closed_forms(const dkm_system *system, const dkm_point *point, int nu, double forms[DKM_N_CLOSED_FORMS]);

/* xi_theory, x_theory, g_crit and g_retrieve of the cue; NaN where the cue is a mixture or its pattern has no such
 * state.  With g0 and Omega as they are when a drive is over (the other functions here take them from the point); NaN
 * with one that repeats. */
void dkm_theory_fill(const dkm_system *system, const dkm_point *point, dkm_record *record);

/* The four roots of the quartic that governs mode mu about pattern state nu,
 *   (l^2 + 4 B^2) ((l + kappa_mu/2)^2 + Omega_mu^2) - 8 g0^2 sign(Omega_nu) Omega_mu Omega^2/B = 0,
 * B = |Omega| (g0/g_nu)^2 for g0 > g_nu and B = |Omega| in the normal state below. */
void dkm_theory_quartic(const dkm_point *point, int nu, int mu, dkm_complex roots[4]);

#ifdef __cplusplus
}
#endif

#endif
