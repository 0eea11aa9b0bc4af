/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sensitivity: how much a small difference is amplified on its way to the verdict.
 *
 * Each trajectory is followed by a shadow (separation.h), in an integrator of its own.  The trajectory is not touched:
 * from time to time its state is noted as a target; the shadow is advanced to the time of the target, the growth of
 * the separation over this stretch is kept, and the shadow is brought back along the separation to its first distance,
 * sqrt(tolerance).  A shadow is loaded anew for every stretch, so any free lane will do; what is measured depends
 * on the trajectory and its targets alone.
 *
 * With D(t) the accumulated growth, an error made at time s has grown by D(t)/D(s) at time t.  What can decide between
 * two ends is the worst of them,
 *
 *   amplification = max over s <= t of D(t)/D(s)   (s, t: ends of stretches),   1 <= amplification <= 1e300.
 *
 * A trajectory that passes a basin boundary at distance d, the stable manifold of some saddle, leaves it when d has
 * grown to order 1: amplification ~ 1/d, and errors of the size of the solver's tolerance decide if d <~ tolerance.
 *
 * Errors go on being made, also in directions in which earlier ones have died out: every few stretches something random is added to
 * the separation, a tenth of the size of the first one, in another direction each time.
 *
 * Differences may grow further once the trajectory is in the basin of what it ends in, most of all where relaxation
 * is slow: the phases of precession, and with them the last digits of xi, then depend on errors, but not the
 * outcome.  So for a trajectory that comes to rest growth counts only as long as the outcome is not settled: up to the
 * first target since which all overlaps have stayed within a tenth of the largest around those of the end.
 *
 * Functions are local and use + - * / sqrt alone: the same bits on every machine. */
#ifndef DICKEMAP_SENSITIVITY_H
#define DICKEMAP_SENSITIVITY_H
#include "dickemap/exponent.h"
#include "dickemap/integrator.h"
#include "dickemap/start.h"

#ifdef __cplusplus
extern "C" {
#endif

/* sensitive: amplification * tolerance is at least this.  Of order one up to three factors of ten: the errors of tens
 * of steps add up before the growth outruns them, a random direction has a part of them only in the one that grows,
 * and basins part at distances of a tenth rather than one.  tests/bench/sensitivity approaches basin boundaries: of
 * 2000 outcomes that changed with the tolerance, none had a product below 1.1e-3. */
#define DKM_SENSITIVE_PRODUCT 1e-3
/* Beyond so many steps the product counts in proportion to them: two outcomes that changed with the tolerance after
 * some thousand steps had products of 3e-5 and 3e-4 without that. */
#define DKM_SENSITIVE_STEPS 30.0

typedef struct dkm_sensitivity dkm_sensitivity;

/* For as many trajectories as the solver's integrator has lanes, and half as many that are over and whose shadows are
 * still to catch up. cpu as in dkm_integrator_create. Fails with DKM_INPUT, DKM_MEMORY. */
dkm_status dkm_sensitivity_create(const dkm_system *system, const dkm_solver *solver, const char *cpu,
                                  dkm_sensitivity **out, dkm_error *err);
void dkm_sensitivity_destroy(dkm_sensitivity *sensitivity);
double dkm_sensitivity_bytes(const dkm_system *system, const dkm_solver *solver, const char *cpu);

/* Number of shadows; they are named 0 ... n-1 below. */
int dkm_sensitivity_shadows(const dkm_sensitivity *sensitivity);

/* Takes a shadow for a trajectory of a system that starts at time 0 from u, and writes when to note its first target; -1
 * if none is free. symmetric: whose symmetry the shadow keeps (separation.h), borrowed until it is released; NULL: there
 * is none to be kept. */
int dkm_sensitivity_begin(dkm_sensitivity *sensitivity, const dkm_system *system, const dkm_start *symmetric,
                          const dkm_point *point, const double *u, double *t_next);

/* Takes a shadow to go on with that of another workspace, of other equations, which is not behind and is released: its trajectory
 * goes on as that of this point, from u at time 0.  Returns as `begin`; -1: nothing has changed. */
int dkm_sensitivity_take_over(dkm_sensitivity *sensitivity, dkm_sensitivity *from, int shadow, const dkm_point *point,
                              const double *u, double *t_next);

/* Notes a target: the trajectory is at u at time t, after `steps` steps since its start or the last resumption; there
 * must be room (dkm_sensitivity_due).  Does nothing if it is where the last target is. Returns when to note the next. */
double dkm_sensitivity_note(dkm_sensitivity *sensitivity, int shadow, double t, const double *u, int64_t steps);

/* A trajectory that is sampled (sampling.h) has a shadow there: no targets are noted from `pause` to `resume`. */
void dkm_sensitivity_pause(dkm_sensitivity *sensitivity, int shadow);

/* Whether it has targets left. */
bool dkm_sensitivity_behind(const dkm_sensitivity *sensitivity, int shadow);

/* The trajectory was followed with a shadow of sampling.h, with this growth (where that has failed the growth of this one
 * is unknown from then on); it is at u at time t, and that shadow at v. Not while this one is behind. Returns as
 * `note`. */
double dkm_sensitivity_resume(dkm_sensitivity *sensitivity, int shadow, double t, const double *u, const double *v,
                              dkm_growth growth);

/* The trajectory is over; the shadow catches up. */
void dkm_sensitivity_finish(dkm_sensitivity *sensitivity, int shadow);

/* Whether a shadow that was told to finish has caught up. */
bool dkm_sensitivity_done(const dkm_sensitivity *sensitivity, int shadow);

/* The amplification so far, and up to when the trajectory's outcome, to rest with overlaps xi, was settled.
 * NaN if the shadow could not be integrated. */
double dkm_sensitivity_total(const dkm_sensitivity *sensitivity, int shadow);
double dkm_sensitivity_settled(const dkm_sensitivity *sensitivity, int shadow, const double *xi);

/* Frees a shadow, whatever it is doing. */
void dkm_sensitivity_release(dkm_sensitivity *sensitivity, int shadow);

/* Whether shadows should be advanced now: there are enough targets to fill the lanes, or no room for more. */
bool dkm_sensitivity_due(dkm_sensitivity *sensitivity);

/* Puts shadows with targets into free lanes and advances until one has arrived. served[0 ... shadows-1] (may be NULL):
 * whether each was in a lane; returns their number. */
int dkm_sensitivity_advance(dkm_sensitivity *sensitivity, bool *served);

#ifdef __cplusplus
}
#endif

#endif
