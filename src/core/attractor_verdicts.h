/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What attractor.c (when to look, oscillations), stationary.c (trajectories that come to rest) and attractor_record.c
 * share. u: the state of the lane, state: room for another one (3K + 2M values each). */
#ifndef DICKEMAP_ATTRACTOR_VERDICTS_H
#define DICKEMAP_ATTRACTOR_VERDICTS_H
#include "dickemap/attractor.h"

/* ---- attractor.c ---- */

/* Of the modes and of the bare spins. */
double attractor_largest_frequency(const dkm_patterns *patterns, const dkm_point *point);

/* Of the next window of samples. */
double attractor_window_length(const dkm_attractor *a, const dkm_patterns *patterns, const dkm_point *point,
                               const double *u);

/* ---- attractor_record.c ---- */

/* alpha of a mode from its beta = alpha/sqrt(K). */
void attractor_fill_alpha(const dkm_patterns *patterns, int mu, double beta_re, double beta_im, dkm_record *record);
/* Members that every verdict has in common. */
void attractor_fill_common(const dkm_attractor *a, const dkm_patterns *patterns, const dkm_point *point,
                           const double *xi_rms, const dkm_lane *lane, dkm_record *record);
/* What a fixed point, dressed or not, and its spectrum (NULL: unknown) say. */
void attractor_fill_stationary(const dkm_patterns *patterns, const dkm_fixedpoint *fixed, const double *state,
                               const dkm_spectrum *spectrum, dkm_record *record);
/* Means over the last window. The mean of beta follows from that of xi: the mean of beta' is
 * the change of beta over the window divided by its length. */
void attractor_fill_means(const dkm_patterns *patterns, const dkm_point *point, const dkm_window *window,
                          dkm_record *record);
/* max_i |u_i'|; scratch: 3K + 2M + 2K values. */
double attractor_residual(const dkm_patterns *patterns, const dkm_point *point, const double *u, double *scratch);

/* ---- stationary.c: true if the record is complete ---- */

/* Tries to end the trajectory at a fixed point near u. */
bool stationary_try_fixed_point(dkm_attractor *a, dkm_fixedpoint_workspace *workspace, const dkm_patterns *patterns,
                                const dkm_point *point, const dkm_window *window, dkm_lane *lane, double *u,
                                double *state, dkm_record *record);

/* A start exactly on a fixed point stays there, stable or not. */
bool stationary_try_rest(const dkm_attractor *a, dkm_fixedpoint_workspace *workspace, const dkm_patterns *patterns,
                         const dkm_point *point, const dkm_window *window, const dkm_lane *lane, const double *u,
                         double *state, dkm_record *record);

/* Whether spins that precess about a stable fixed point explain all that was seen of the order parameters. */
bool stationary_is_dark_precession(const dkm_attractor *a, dkm_fixedpoint_workspace *workspace,
                                   const dkm_patterns *patterns, const dkm_point *point, const dkm_series *series,
                                   const dkm_motion *motion, const dkm_lane *lane, const double *u, double *state,
                                   dkm_record *record);

/* Whether an oscillation dies, and at the rate at which it must about a stable fixed point nearby. With one mode alone
 * there is one slow pair of directions, whose amplitude A obeys A' = -gamma A (1 + a A^2 + ...): as the
 * correction is below a tenth now, it will be the less the smaller A becomes. With more
 * modes the slowest of several may be hidden still, and the rates of the next windows decide. */
bool stationary_is_relaxation(dkm_attractor *a, dkm_fixedpoint_workspace *workspace, const dkm_patterns *patterns,
                              const dkm_point *point, const dkm_motion *motion, double length, const dkm_lane *lane,
                              double *u, double *state, dkm_record *record);

/* Whether a window of samples can tell that a trajectory whose rates fall is about to settle: it has come so near a
 * damped fixed point that linear theory may apply, or precession explains what is left. (Spins that get out of
 * step because of their precession die as t^(-1/4), so there is no end to wait for.) */
bool stationary_settles(dkm_attractor *a, dkm_fixedpoint_workspace *workspace, const dkm_patterns *patterns,
                        const dkm_point *point, const double *u, double *state);

#endif
