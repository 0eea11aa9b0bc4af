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
 *   linear already, and can only become more so.
 *
 * The record then holds the fixed point itself. */
#ifndef DICKEMAP_ATTRACTOR_H
#define DICKEMAP_ATTRACTOR_H
#include "dickemap/fixedpoint.h"
#include "dickemap/integrator.h"
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
} dkm_attractor;

/* Prepares for a trajectory that was just loaded into a lane; sets its t_pause, t_limit. */
void dkm_attractor_begin(dkm_attractor *attractor, const dkm_patterns *patterns, const dkm_point *point,
                         const dkm_solver *solver, dkm_lane *lane);

/* Looks at a lane that has reached t_pause or t_limit or has failed. u: its state (3K + 2M
 * values); u_start: the state that it started from.  Returns true if the trajectory ends
 * here; the record is then complete but for wall_time, and u is the state that it
 * describes (the fixed point itself where there is one). Otherwise sets a new t_pause. */
bool dkm_attractor_look(dkm_attractor *attractor, dkm_fixedpoint_workspace *workspace, const dkm_patterns *patterns,
                        const dkm_point *point, const dkm_solver *solver, const dkm_window *window, dkm_lane *lane,
                        double *u, double *scratch, dkm_record *record);

#endif
