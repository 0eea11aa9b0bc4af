/* SPDX-License-Identifier: GPL-3.0-or-later */
/* attractor: when to stop a trajectory, and what to say about it.
 *
 * An inquiry is one trajectory's questions: the system and the point that it is of, and the workspaces to answer with.
 * A start in a smaller invariant subspace is inquired into as the system that it stays in (start.h),
 * whichever system is integrated.
 *
 *   at once     exact.c        without coupling (g0 = 0), without splitting (Omega = 0), below every threshold, at rest
 *   by theorem  settling.c     where a Lyapunov function excludes oscillations (landscape.h): the outcome is settled
 *                              once it is below a barrier; how far to follow order parameters then: plateau.c
 *   otherwise   oscillation.c  windows of samples (sampling.h, motion.h): cycles, tori, chaos
 *   near rest   stationary.c   fixed points, dressed or not, that a trajectory has come close to; both ask it
 *
 * Rest.  Once the order parameters have hardly moved for a whole window, Newton's method gives the fixed point nearby
 * and the spectrum says whether the trajectory can still leave it.  Let gamma be the decay rate of the slowest of the
 * directions that order parameters take part in.  With all of them damped, the integration stops as soon as
 *
 *   d <= close gamma/(4 g0 sqrt(M) + gamma): even quadratic terms in the distance d are a
 *   hundredth of the slowest decay;                                     or
 *   the rates of the order parameters fell by a factor e, at the rate gamma within 10 %: the motion is
 *   linear already, and can only become more so.
 *
 * The record then holds the fixed point itself.
 *
 * Oscillations (modes of both signs).  A trajectory that is not on its way to a fixed point by the end of a transient
 * is sampled in windows that double in length, and between them followed with its shadow, so that one exponent is
 * measured over all of the time; from a length of 2^13 samples on the time between windows doubles.
 *   limit_cycle    shooting (cycle.h) from what recurs converges to a cycle without growing directions that the
 *                  trajectory is so near, or approaches at the cycle's own rate, that it cannot leave it;
 *   quasiperiodic  windows in succession show the same lines, or are long and steady; separations have not grown
 *                  over the second half of the time by more than shear does, and the energy has no drift;
 *   heteroclinic   where K = rank and the eigenvalues at x = -1 and x = +1 say that the cycle between them attracts: the
 *                  trajectory has come to one of them, for the second time at least, so near or for so long that
 *                  rounding has erased by what it would leave; or a window of large motion has moments of rest;
 *   irregular      the exponent is above zero by three times its error, and separations have grown over the second half
 *                  of the time too.  Much of chaos is a transient: it is followed for 10^4 Lyapunov times, or as far
 *                  as t_max and max_steps allow, but for 100 at least.  Where a window shows that it has died all
 *                  begins anew, as it does where a calm spell is not followed.
 * With losses what would lead away from a state that has lost its stability on the way may die before it does, to below the
 * smallest numbers; once all else is at rest there it is put back at the size of rounding, as it would come back by itself.
 * Order parameters that fluctuate by no more than the precession of spins about a stable fixed point explains are
 * steady: dark precession. */
#ifndef DICKEMAP_ATTRACTOR_H
#define DICKEMAP_ATTRACTOR_H
#include "dickemap/cycle.h"
#include "dickemap/exponent.h"
#include "dickemap/fixedpoint.h"
#include "dickemap/integrator.h"
#include "dickemap/landscape.h"
#include "dickemap/motion.h"
#include "dickemap/record.h"
#include "dickemap/start.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is asked about, and what with. All borrowed. */
typedef struct dkm_inquiry {
  const dkm_system *system;
  const dkm_point *point;
  const double *lengths; /* |m_k|, K constants of motion; NULL: dkm_point_length each */
  const dkm_solver *solver;
  dkm_fixedpoint_workspace *workspace;
  dkm_landscape *landscape;
  dkm_cycle_workspace *cycles; /* NULL before the first window of samples */
  double *u;       /* the state that is looked at, 3K + 2M values; at the end the one that the record describes */
  double *scratch; /* 3K + 2M + 2K values */
} dkm_inquiry;

/* What is remembered where the theorem holds. */
typedef struct dkm_settling {
  bool holds, full_rank;
  double period;                     /* of the slowest motion that spins or modes make */
  double t_below;                    /* when V was first seen below the barrier of its valley; NaN: not yet */
  bool proven;                       /* the landscape was certified then */
  double xi[DKM_MAX_MODES], barrier; /* overlaps of the minimum of that valley, and the barrier */
  /* Since when frozen spins (landscape.h) lead to the same leading overlap, and how many steps that was after. */
  int leading;
  double since_t;
  int64_t since_steps;
  /* The octave under way: sums over its windows, the lowest and highest of their means. */
  double octave_start, octave_end, length;
  int n_windows;
  double sum_xi[DKM_MAX_MODES], sum_xi_sq[DKM_MAX_MODES], sum_occupation[DKM_MAX_MODES];
  double low[DKM_MAX_MODES], high[DKM_MAX_MODES];
  /* The last octaves: how many, how many in succession were steady; means and middles of the last three, ... */
  int n_octaves, n_steady;
  double mean[DKM_MAX_MODES], mean_before[DKM_MAX_MODES], mean_earlier[DKM_MAX_MODES];
  double middle, middle_before, middle_earlier;
  double rms[DKM_MAX_MODES], occupation[DKM_MAX_MODES]; /* ... and of the last one */
  double change, change_before; /* largest changes of the means between the last three */
  double spread;                /* largest difference of the means of windows in the last one */
  int64_t steps_known;          /* when the label was known; 0: it is not */
} dkm_settling;

/* What is remembered of fixed points that a trajectory has come close to. */
typedef struct dkm_approach {
  double t_attempt; /* not worth trying Newton before */
  /* A window in which a damped fixed point was near: where the decay is measured from. */
  bool has_anchor;
  double anchor_t, anchor_rate, anchor_xi[DKM_MAX_MODES];
} dkm_approach;

/* What is remembered where oscillations are possible. */
typedef struct dkm_oscillation {
  double shortest;      /* length of a window: two periods of the slowest frequency */
  double mean[DKM_MAX_MODES]; /* of the last window */
  bool has_mean;
  /* The damped fixed point that was near last, and since when. */
  double near_since, near_xi[DKM_MAX_MODES];
  bool relaxes; /* the last window of samples showed an oscillation that dies about a damped fixed point */
  /* When and how to sample next, and what the last window showed. */
  double t_sample, fastest;
  double rate_mark; /* the largest rate some time before that */
  int n_samples;
  bool has_motion;
  dkm_motion motion;
  dkm_exponent_estimate exponent; /* what separations had done by its end, or later */
  int n_steady; /* windows in succession in which nothing but phases changed; the longest count twice, short ones not
                   where spins may drift */
  double bin;   /* of its spectrum */
  bool anew;    /* what separations have done before that window counts no more */
  /* The damped cycle that was near last: how near, and when. */
  double cycle_t, cycle_period, cycle_distance;
  /* Saddles that the trajectory was at, whether it is at one and since when. */
  int n_saddles;
  bool at_saddle;
  double saddle_since;
  int n_large;                   /* windows of large motion */
  double largest[DKM_MAX_MODES]; /* amplitudes of any window */
  double t_stirred;              /* when what was put back of an unstable direction should have grown */
  double widest;                 /* the largest amplitude since `exponent` is measured without a break */
} dkm_oscillation;

/* What is remembered of one trajectory between two looks. */
typedef struct dkm_attractor {
  double t_start; /* of the window under way */
  double drift;   /* change of the mean overlaps between the last two windows */
  int64_t steps;  /* before the lane's present count */
  int64_t limited; /* whether max_steps or t_max has changed what was done so far, or its end (record.h) */
  dkm_approach approach;
  dkm_settling settling;       /* one of the two */
  dkm_oscillation oscillation;
} dkm_attractor;

typedef enum dkm_outlook {
  DKM_OUTLOOK_GO_ON,  /* a new t_pause is set */
  DKM_OUTLOOK_SAMPLE, /* take a window of oscillation.n_samples, then call dkm_attractor_judge */
  DKM_OUTLOOK_FOLLOW, /* follow separations until oscillation.t_sample, then call dkm_attractor_followed */
  DKM_OUTLOOK_STIR,   /* move the state by what rounding has erased of it (dkm_attractor_stir), and go on: a new t_pause is set */
  DKM_OUTLOOK_END     /* the record is complete but for wall_time */
} dkm_outlook;

/* Whether the outcome is known without integrating anything; the record is then complete but for wall_time, and
 * inquiry->u, the start, has become the fixed point if it is one, and else is the start still, with modes at rest
 * where Omega = 0. */
bool dkm_attractor_at_once(const dkm_inquiry *inquiry, dkm_record *record);

/* The record of a trajectory that ends in its drive, because it has failed (lane->failure) or taken too many steps; but for
 * wall_time. */
void dkm_attractor_fill_unseen(const dkm_inquiry *inquiry, const dkm_lane *lane, dkm_record *record);

/* Prepares for a trajectory that was just loaded into a lane; sets its t_pause, t_limit. */
void dkm_attractor_begin(dkm_attractor *attractor, const dkm_inquiry *inquiry, dkm_lane *lane);

/* A state at rest, of a system and point, moved by the size of rounding in a direction that depends on the point alone; symmetric: as
 * in sampling.h.  Fails with DKM_MEMORY. */
dkm_status dkm_attractor_stir(const dkm_system *system, const dkm_point *point, const dkm_start *symmetric, double *u,
                              dkm_error *err);

/* Looks at a lane that has reached t_pause or t_limit or has failed; inquiry->u is its state. */
dkm_outlook dkm_attractor_look(dkm_attractor *attractor, const dkm_inquiry *inquiry, const dkm_window *window,
                               dkm_lane *lane, dkm_record *record);

/* The same at the end of a window of samples. exponent: what separations have done until then. fastest: the largest
 * frequency met in it; may ask for another window at once. */
dkm_outlook dkm_attractor_judge(dkm_attractor *attractor, const dkm_inquiry *inquiry, const dkm_series *series,
                                const dkm_exponent *exponent, double fastest, dkm_lane *lane, dkm_record *record);

/* The same after following without samples: the next window, or the end. */
dkm_outlook dkm_attractor_followed(dkm_attractor *attractor, const dkm_inquiry *inquiry, const dkm_exponent *exponent,
                                   dkm_lane *lane, dkm_record *record);

#ifdef __cplusplus
}
#endif

#endif
