/* SPDX-License-Identifier: GPL-3.0-or-later */
/* attractor: when to stop a trajectory, and what to say about it.
 *
 * The trajectory is looked at in windows of time.  Once the order parameters have hardly
 * moved for a whole window, Newton's method gives the fixed point nearby and the spectrum
 * says whether the trajectory can still leave it.  Let gamma be the decay rate of the slowest
 * of the directions that the trajectory can take: all that order parameters take part in or, for a start without
 * perturbation, the four of the symmetric subspace of the cue, which the integrators do not
 * leave by one bit.  With all of them damped, the integration stops as soon as
 *
 *   d <= close gamma/(4 g0 sqrt(M) + gamma): even quadratic terms in the distance d are a
 *   hundredth of the slowest decay;                                     or
 *   the rates of the order parameters fell by a factor e, at the rate gamma within 10 %: the motion is
 *   linear already, and can only become more so;                       or
 *   with one mode, hence one slow pair of directions: the size of the oscillation falls at that rate, within 10 %,
 *   in a window of samples.
 *
 * The record then holds the fixed point itself.
 *
 * A trajectory that is not on its way to a fixed point by the end of a transient is sampled
 * (sampling.h) in windows that double in length; each is discarded as transient when the
 * next begins, and from a length of 2^13 samples on the time between them doubles.  The motion
 * (motion.h) is a limit cycle as soon as a window shows it to recur; a torus or chaos when two windows
 * in succession say so, the torus with the same frequencies; weak or intermittent chaos
 * also when the growth of separations over several of these long windows says so together, and chaos is asked for
 * again at twice that time, as far as t_max allows, because much of it is a transient.  Order parameters that
 * fluctuate by no more than the precession of spins about a stable fixed point explains are
 * steady: dark precession. */
#ifndef DICKEMAP_ATTRACTOR_H
#define DICKEMAP_ATTRACTOR_H
#include "dickemap/fixedpoint.h"
#include "dickemap/integrator.h"
#include "dickemap/motion.h"
#include "dickemap/record.h"

/* What is remembered of one trajectory between two looks. */
typedef struct dkm_attractor {
  double t_start;       /* of the window under way */
  double shortest;      /* length of a window: two periods of the slowest frequency */
  double t_attempt;     /* not worth trying Newton before */
  double drift;         /* change of the mean overlaps between the last two windows */
  double mean[DKM_MAX_MODES]; /* of the last window */
  bool has_mean;
  /* A window in which a damped fixed point was near: where the decay is measured from. */
  bool has_anchor;
  double anchor_t, anchor_rate, anchor_xi[DKM_MAX_MODES];
  /* The damped fixed point that was near last, and since when. */
  double near_since, near_xi[DKM_MAX_MODES];
  bool relaxes; /* the last window of samples showed an oscillation that dies about a damped fixed point */
  /* When and how to sample next, and what the last window showed. */
  double t_sample, fastest;
  double rate_mark; /* the largest rate some time before that */
  int n_samples;
  dkm_motion_kind last_kind;
  double last_frequency[2], last_weight, last_bin;
  /* Growth of separations over the long windows that were unclear. */
  int n_long;
  double growth_sum, growth_square, lyapunov_sum;
  double chaos_since; /* when chaos was first confirmed, 0: it was not */
  int64_t steps; /* before the lane's present count */
} dkm_attractor;

typedef enum dkm_outlook {
  DKM_OUTLOOK_GO_ON,  /* a new t_pause is set */
  DKM_OUTLOOK_SAMPLE, /* take a window of dkm_attractor.n_samples, then call dkm_attractor_judge */
  DKM_OUTLOOK_END     /* the record is complete but for wall_time */
} dkm_outlook;

/* Prepares for a trajectory that was just loaded into a lane; sets its t_pause, t_limit. */
void dkm_attractor_begin(dkm_attractor *attractor, const dkm_patterns *patterns, const dkm_point *point,
                         const dkm_solver *solver, dkm_lane *lane);

/* Looks at a lane that has reached t_pause or t_limit or has failed. u: its state (3K + 2M
 * values); scratch: 3K + 2M + 2K values.  At the end u is the state that the record
 * describes (the fixed point itself where there is one). */
dkm_outlook dkm_attractor_look(dkm_attractor *attractor, dkm_fixedpoint_workspace *workspace,
                               const dkm_patterns *patterns, const dkm_point *point, const dkm_solver *solver,
                               const dkm_window *window, dkm_lane *lane, double *u, double *scratch,
                               dkm_record *record);

/* The same at the end of a window of samples. fastest: the largest frequency met in it; may
 * ask for another window at once. */
dkm_outlook dkm_attractor_judge(dkm_attractor *attractor, dkm_fixedpoint_workspace *workspace,
                                const dkm_patterns *patterns, const dkm_point *point, const dkm_solver *solver,
                                const dkm_series *series, double fastest, dkm_lane *lane, double *u, double *scratch,
                                dkm_record *record);

#endif
