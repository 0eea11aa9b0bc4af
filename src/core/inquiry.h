/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inquiry: what the files behind attractor.h share (see there who does what).
 *
 *   attractor.c -> exact.c, settling.c (and plateau.c), oscillation.c, heteroclinic.c -> stationary.c; all of them -> attractor_record.c
 *
 * q: the inquiry; q->u is the state looked at. */
#ifndef DICKEMAP_INQUIRY_H
#define DICKEMAP_INQUIRY_H
#include "dickemap/attractor.h"

/* ---- attractor.c ---- */

/* The largest frequency of the modes and of the bare spins. */
double dkm_inquiry_largest_frequency(const dkm_inquiry *q);

/* Steps of the trajectory so far, and whether that is all it may take, in work or in time. */
int64_t dkm_inquiry_steps(const dkm_attractor *a, const dkm_lane *lane);
bool dkm_inquiry_is_out(const dkm_attractor *a, const dkm_inquiry *q, const dkm_lane *lane);

/* `pause`, or sooner if the steps that are left will not last until then at the pace so far (which a->limited notes). */
double dkm_inquiry_next_pause(dkm_attractor *a, const dkm_inquiry *q, const dkm_lane *lane, double pause);

/* Whether spins may precess for ever in a way that no mode sees: nothing damps them, and there are more of them than the
 * modes can tell apart. */
bool dkm_inquiry_may_be_dark(const dkm_inquiry *q);

/* The period of the drive that the trajectory follows for ever; 0: g0 and Omega are constant. */
double dkm_inquiry_drive_period(const dkm_inquiry *q);

/* How strongly the equations bend: quadratic terms in a distance d are some steepness d^2 of a rate. */
double dkm_inquiry_steepness(const dkm_inquiry *q);

/* max_i |u_i'| at q->u. */
double dkm_inquiry_residual(const dkm_inquiry *q);

/* By how much the length of a spin has changed, the largest: a constant of motion where nothing is lost, 0 where something is. */
double dkm_inquiry_lost_length(const dkm_inquiry *q);

/* Amplitudes of xi above this are of large motion. */
#define DKM_LARGE_MOTION 0.1

/* ---- attractor_record.c: members of records ---- */

/* alpha of a mode from its beta = alpha/sqrt(K). */
void dkm_record_fill_alpha(const dkm_system *system, int mu, double beta_re, double beta_im, dkm_record *record);
/* Members that every verdict has in common. lane: NULL at time 0. */
void dkm_record_fill_common(const dkm_attractor *a, const dkm_inquiry *q, const double *xi_rms, const dkm_lane *lane,
                            dkm_record *record);
/* The members that count and measure directions. */
void dkm_record_fill_spectrum(const dkm_spectrum *spectrum, dkm_record *record);
/* What a fixed point, dressed or not, and its spectrum (NULL: unknown) say. */
void dkm_record_fill_stationary(const dkm_inquiry *q, const dkm_fixedpoint *fixed, const double *state,
                                const dkm_spectrum *spectrum, dkm_record *record);
/* Mean overlaps and occupations (of beta). The mean of beta follows from that of xi: the mean of beta' is the change
 * of beta over the window divided by its length. (Of unbalanced couplings it does not: alpha is NaN.) */
void dkm_record_fill_means(const dkm_inquiry *q, const double *xi, const double *occupation, dkm_record *record);
/* How fast xi_limit (or xi) is approached, |xi - limit| being `distance` at time t: rate, its error, relaxation_time. */
void dkm_record_fill_relaxation(dkm_record *record, double t, double distance, double rate, double error);
/* Half of peak to peak of each xi, and the largest. */
void dkm_record_fill_amplitudes(const dkm_inquiry *q, const double *xi_amplitude, dkm_record *record);
/* xi_error of a fixed point by Newton's method. */
double dkm_record_newton_error(const dkm_inquiry *q, const double *xi);

/* ---- exact.c ---- */

bool dkm_exact_outcome(const dkm_inquiry *q, dkm_record *record);

/* The fixed point with overlaps xi and every spin along its field, whose spectrum is taken: into the record, q->u
 * becomes that state. a, lane: NULL at time 0. */
void dkm_exact_fill_aligned(const dkm_attractor *a, const dkm_inquiry *q, const double *xi, const double *xi_rms,
                            const dkm_lane *lane, dkm_record *record);

/* ---- settling.c: where the theorem holds ---- */

void dkm_settling_begin(dkm_settling *s, const dkm_inquiry *q, dkm_lane *lane);
dkm_outlook dkm_settling_look(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, dkm_lane *lane,
                              dkm_record *record);

/* ---- oscillation.c: where it does not ---- */

void dkm_oscillation_begin(dkm_attractor *a, const dkm_inquiry *q, dkm_lane *lane);
dkm_outlook dkm_oscillation_look(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, dkm_lane *lane,
                                 dkm_record *record);
dkm_outlook dkm_oscillation_judge(dkm_attractor *a, const dkm_inquiry *q, const dkm_series *series,
                                  const dkm_exponent *exponent, double fastest, dkm_lane *lane, dkm_record *record);
dkm_outlook dkm_oscillation_followed(dkm_attractor *a, const dkm_inquiry *q, const dkm_exponent *exponent,
                                     dkm_lane *lane, dkm_record *record);

/* Separations of regular motion grow by less than exp of this over the second half of the time: shear alone doubles them,
 * and motion that leaves an unstable torus has been seen at 1.65. */
#define DKM_REGULAR_GROWTH 1.3
/* What rounding leaves of the motion of an overlap. */
#define DKM_LEAST_MOTION 1e-12

/* ---- oscillation_record.c ---- */

/* A damped cycle that has caught the trajectory; its state is in q->scratch. */
void dkm_oscillation_fill_cycle(const dkm_attractor *a, const dkm_inquiry *q, const dkm_cycle *cycle,
                                const dkm_lane *lane, dkm_record *record);

/* What the last window of samples and separations have shown: quasiperiodic, irregular, or no more time or work (undecided). */
void dkm_oscillation_fill_end(const dkm_attractor *a, const dkm_inquiry *q, dkm_verdict verdict, const dkm_lane *lane,
                              dkm_record *record);

/* No more time or work while the order parameters are not sampled: their means now, and what the last samples have shown. */
void dkm_oscillation_fill_undecided(const dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window,
                                    const dkm_lane *lane, dkm_record *record);

/* `undecided` with overlaps as they are now, of which nothing more was seen: the first window of samples is not full. */
void dkm_oscillation_fill_unseen(const dkm_attractor *a, const dkm_inquiry *q, const dkm_lane *lane,
                                 dkm_record *record);

/* ---- heteroclinic.c ---- */

/* Whether a window of samples shows such a motion, and what a record of it has then that is not of the window. */
bool dkm_heteroclinic_explains(const dkm_inquiry *q, const dkm_motion *motion);
void dkm_heteroclinic_fill(dkm_record *record);

/* Whether the trajectory switches between saddles, for ever longer times: it has been at some before, or seen to move,
 * and is now so near to one, or has been there for so long, that rounding has erased by what it would leave; the record
 * is then complete. (An exact start on the way to a saddle would be in the quotient.) */
bool dkm_heteroclinic_is_shown(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window, const dkm_lane *lane,
                               dkm_record *record);

/* ---- stationary.c: true if the record is complete ---- */

/* How far spins that precess with amplitude p let order parameters stray in a whole window of samples; what steps may
 * leave at least. */
double dkm_stationary_sampled_steadiness(double p);

/* xi_error of spins that precess with amplitude p, in units of p^2. */
#define DKM_PRECESSION_ERROR 0.5

/* Whether the rates of a window are small enough to ask for the fixed point nearby. */
bool dkm_stationary_is_calm(const dkm_inquiry *q, const dkm_window *window);
bool dkm_stationary_rates_are_calm(const dkm_inquiry *q, double rate_max);

/* A damped fixed point that is near but has not caught the trajectory yet. */
typedef struct stationary_near {
  bool is;
  double xi[DKM_MAX_MODES];
  double patience; /* the time in which it should */
  bool by_samples; /* a window of samples could tell the decay */
} stationary_near;

/* Tries to end the trajectory at a fixed point near q->u. */
bool dkm_stationary_try_fixed_point(dkm_attractor *a, const dkm_inquiry *q, const dkm_window *window,
                                    const dkm_lane *lane, stationary_near *near, dkm_record *record);

/* A start exactly on a fixed point stays there, stable or not. */
bool dkm_stationary_try_rest(const dkm_inquiry *q, dkm_record *record);

/* The spectrum about the fixed point, dressed by the components along their fields that spins have at q->u, nearest to
 * it. *precession: the largest transverse part. Returns false if there is none. */
bool dkm_stationary_dressed_spectrum(const dkm_inquiry *q, dkm_spectrum *spectrum, double *precession);

/* Whether spins that precess about a stable fixed point explain all that was seen of the order parameters. */
bool dkm_stationary_is_dark_precession(const dkm_attractor *a, const dkm_inquiry *q, const dkm_series *series,
                                       const dkm_motion *motion, const dkm_lane *lane, dkm_record *record);

/* Whether an oscillation dies, and at the rate at which it must about a stable fixed point nearby; *relaxes: whether
 * it has come near one. With one mode alone
 * there is one slow pair of directions, whose amplitude A obeys A' = -gamma A (1 + a A^2 + ...): as the
 * correction is below a tenth now, it will be the less the smaller A becomes. With more
 * modes the slowest of several may be hidden still, and the rates of the next windows decide. */
bool dkm_stationary_is_relaxation(const dkm_attractor *a, const dkm_inquiry *q, const dkm_motion *motion, double length,
                                  const dkm_lane *lane, bool *relaxes, dkm_record *record);

/* Whether a window of samples can tell that a trajectory whose rates fall is about to settle: it has come so near a
 * damped fixed point that linear theory may apply, or precession explains what is left. (Spins that get out of
 * step because of their precession die as t^(-1/4), so there is no end to wait for.) *relaxes as above. */
bool dkm_stationary_settles(const dkm_inquiry *q, bool *relaxes);

#endif
