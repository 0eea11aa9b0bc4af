/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sampling: takes the samples of motion.h from a trajectory in a lane, and measures how fast
 * a small separation from it grows.
 *
 * The trajectory is advanced by a stretch of 8 samples; then a second one, the shadow, that started close by is
 * advanced through the same stretch in the same lane, the ratio of their separations is
 * kept, and the shadow is brought back along the separation to its first distance (Benettin et al. 1980), on the other
 * side of the trajectory, so that quadratic terms cancel. Since both
 * take turns in one lane, any method will do, with any number of lanes, and what is measured
 * depends on this trajectory alone.
 *
 * Between windows the trajectory may be followed with its shadow alone, in longer stretches: the growth is summed from
 * window to window (exponent.h) for as long as the shadow goes on.
 *
 * The separation, weighted over the classes: sqrt(sum_k w_k |dm_k|^2 + sum_mu |dbeta_mu|^2). It
 * is sqrt(tolerance), within 1e-7 ... 1e-4, where the errors from the steps and those from finite size
 * are alike, about sqrt(tolerance) in each logarithm; its first direction is random but depends on the point alone,
 * keeps the lengths of the spins and, for a start without perturbation, the symmetry of the cue. */
#ifndef DICKEMAP_SAMPLING_H
#define DICKEMAP_SAMPLING_H
#include "dickemap/exponent.h"
#include "dickemap/integrator.h"
#include "dickemap/motion.h"
#include "dickemap/start.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dkm_sampling dkm_sampling;

/* For windows of one lane of an integrator, which must outlive it; tolerance: that of its steps. The patterns are
 * copied. Fails with DKM_MEMORY. */
dkm_status dkm_sampling_create(const dkm_system *system, double tolerance, dkm_integrator *integrator, int lane,
                               dkm_sampling **out, dkm_error *err);

/* The system of the trajectories to come: with at most the classes and modes of that of creation.  symmetric: as in
 * separation.h, borrowed until the next call; NULL: there is nothing to be kept. */
void dkm_sampling_set_system(dkm_sampling *sampling, const dkm_system *system, const dkm_start *symmetric);

void dkm_sampling_destroy(dkm_sampling *sampling);
double dkm_sampling_bytes(const dkm_system *system);

/* Spacing for a trajectory that is at u: the fastest frequency, of precession (2|B_k|) or of
 * a mode, times this is DKM_MOTION_PHASE. fastest: a lower bound for that frequency.  A whole number of them is the period of a
 * drive that repeats. */
double dkm_sampling_spacing(const dkm_system *system, const dkm_point *point, const double *u, double fastest);

/* The trajectory in the lane is another one, or separations are to be measured anew: the shadow departs again at the
 * next beginning.  It does so by itself where the trajectory went on without it. */
void dkm_sampling_forget(dkm_sampling *sampling);

/* Begins a window of n_samples at the time and state of the lane. u: that state. scratch: 3K + 2M + 2K values. */
void dkm_sampling_begin(dkm_sampling *sampling, const dkm_point *point, int n_samples, double dt, const double *u,
                        double *scratch);

/* Begins to follow the trajectory with its shadow from there, without samples, to the time `until`.
 * dt: as for samples. */
void dkm_sampling_follow(dkm_sampling *sampling, const dkm_point *point, double until, double dt, const double *u);

/* To be called when the lane has reached its t_limit; u becomes its state. Returns true once the window is full, or
 * the time to follow is over:
 * the lane then holds the trajectory itself, at the time of the last stretch's end.  Also when the lane has failed with
 * the shadow in it, which says nothing about the trajectory: the growth of that stretch is NaN, and another shadow
 * departs. */
bool dkm_sampling_continue(dkm_sampling *sampling, const dkm_point *point, double *u, double *scratch);

/* The trajectory, in the lane, goes no further than it is now, unless that is where the last stretch ends: call
 * dkm_sampling_continue then, and what was begun last will be over with this stretch, as if it had no samples. */
void dkm_sampling_cut(dkm_sampling *sampling);

/* Whether what was begun last has no samples. */
bool dkm_sampling_follows(const dkm_sampling *sampling);

/* Whether the lane holds the shadow now. */
bool dkm_sampling_on_shadow(const dkm_sampling *sampling);

/* A window under way can be put aside together with the lane (dkm_integrator_save), as dkm_sampling_saved_bytes()
 * bytes; what is restored goes on with the same bits.  Restoring fails (false, and no window is under way) if the bytes
 * are not n_bytes of a window of the same number of classes and modes. */
size_t dkm_sampling_saved_bytes(const dkm_sampling *sampling);
void dkm_sampling_save(const dkm_sampling *sampling, void *bytes);
bool dkm_sampling_restore(dkm_sampling *sampling, const void *bytes, size_t n_bytes);

/* Steps of the trajectory in the last window, up to the stretch under way, and of the lane before it: the lane's own
 * count begins anew in every stretch. */
int64_t dkm_sampling_steps(const dkm_sampling *sampling);

const dkm_series *dkm_sampling_series(const dkm_sampling *sampling);

/* The growth of separations since the shadow departed first. */
const dkm_exponent *dkm_sampling_exponent(const dkm_sampling *sampling);

/* The growth in what was begun last, which is over: by stretches, of a window, or over all of it. */
dkm_growth dkm_sampling_growth(const dkm_sampling *sampling);

/* The shadow at the end of a full window, close to the trajectory there, along the separation that has grown. */
const double *dkm_sampling_shadow(const dkm_sampling *sampling);

/* Upper bound of the frequencies met in the window, see dkm_sampling_spacing. */
double dkm_sampling_fastest(const dkm_sampling *sampling);

#ifdef __cplusplus
}
#endif

#endif
