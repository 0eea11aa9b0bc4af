/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check: what theory says against a record, without integrating anything.
 *
 * With g_c = min_nu g_nu (theory.h), for orthogonal rows of patterns (of other couplings and shorter spins: what holds of it):
 *   any record      |xi_mu| <= 1 and sum_mu xi_mu^2 <= 1; `retrieved` and xi_second are those of xi, `retrieved` that of
 *                   xi_limit where that is certain; what the record says about theory is what theory.h says; L does not rise
 *   oscillations    need modes of both signs and a start outside the one-mode subspaces (landscape.h), or g0 = 0
 *                   what the verdict rests on is there: a cycle is closed and damped, an exponent is positive or zero
 *   steady          (fixed_point, dark_precession, and the limit of relaxing) xi = 0 for g0 < g_c, whatever the signs:
 *                   constant fields give |xi_mu| = |Re beta_mu| D_mu/(g0 |Omega_mu|) and
 *                   sum_mu xi_mu^2 <= sum_k w_k z_k^2 <= (2 g0/Omega)^2 sum_mu (Re beta_mu)^2, hence
 *                   sum_mu (g_mu^4 - g0^4) (Re beta_mu)^2 <= 0
 *                   (of any couplings and lengths of spins for modes of one sign alone, g_c that of the normal state)
 *   dark_precession impossible where rank G = K and Omega != 0: constant overlaps mean constant z_k, then y_k = 0
 *   fixed_point     xi_mu = sum_k w_k f_{mu,k} c_k g0 h_k/|B_k| with c_k = -sign(Omega_mu) |m_k| of the bodies (bodies.h), modes
 *                   of one sign; with modes of both signs c_k = +-1, which is known where rank G = K
 *   no perturbation the quotient (start.h) has one class and one mode: Eq. 12 if overlap != 0 and Omega != 0
 *   g0 = 0          spins precess with period pi/|Omega|
 *   Omega = 0       z_k and xi are constants of motion */
#ifndef DICKEMAP_CHECK_H
#define DICKEMAP_CHECK_H
#include <stdbool.h>
#include <stddef.h>

#include "dickemap/model.h"
#include "dickemap/record.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the record of this point can be right.  If not, `why` (why_bytes, may be 0) says in one clause what is wrong.
 * Records of any method; one that says nothing (never written, failed, a code that does not exist) can be right. Takes
 * what a start takes (start.h). */
bool dkm_check_record(const dkm_system *system, const dkm_point *point, const dkm_record *record, char *why,
                      size_t why_bytes);

/* How well xi is known: xi_error, and of methods that did not fill it 1e-6 and, where spins precess with amplitude p,
 * p^2/2 more. */
double dkm_check_xi_error(const dkm_record *record);

/* Whether Eq. 12 is what the record has to say: +-1 patterns, no perturbation, some overlap, Omega != 0, g0 > 0, and fixed_point, or
 * relaxing with a limit. */
bool dkm_check_has_closed_form(const dkm_system *system, const dkm_point *point, const dkm_record *record);

/* The largest deviation from it, of |xi| and of occupations (those relative where above 1; relaxing: not compared). */
double dkm_check_deviation(const dkm_system *system, const dkm_point *point, const dkm_record *record);

#ifdef __cplusplus
}
#endif

#endif
