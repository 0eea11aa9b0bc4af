/* SPDX-License-Identifier: GPL-3.0-or-later */
/* start: where a trajectory begins, and the smallest system that it never leaves.
 *
 * The equations do not tell apart what starts alike and is coupled alike, and they have the symmetries (x, y, z), G -> (x, -y,
 * -z), -G of a class and beta, G -> -beta, -G of a mode.  So take groups of classes that start alike, each with a sign, and groups
 * of modes of equal frequency and loss, each with a sign, such that all classes of a group have the same sum of signed couplings to
 * the modes of a group, and all modes of a group the same weighted sum to the classes of a group (an equitable partition).  Then
 * a group stays alike for ever; modes whose sums are all 0 stay empty.  With beta' = sqrt(n) beta of a group of n modes and
 * G' = (sum of signed couplings)/sqrt(n) what is left is a system of the same form, one class for each group with the sum of the
 * weights.  The coarsest such groups are found by refinement.
 *
 * A start without perturbation along one of the +-1 patterns is the best case: one class and one mode, a system whose
 * cost does not grow with M.  A symmetric mixture of patterns with equal modes has one mode, too.  Of any couplings, classes
 * that are mirror images of each other become one, and modes that never see anything are left out.  A start whose spins
 * are tilted at random has nothing to reduce.
 *
 * The reduction is exact, and it is not only about time: on an invariant subspace a trajectory ends on what may be a
 * saddle of the full system, and rounding must not carry it away.  Stability is asked in the full space.
 *
 * What is left may hold classes that turn together (bodies.h).  They are integrated one by one; what the trajectory ends in is
 * asked of their means. */
#ifndef DICKEMAP_START_H
#define DICKEMAP_START_H
#include <stdbool.h>

#include "dickemap/bodies.h"
#include "dickemap/model.h"
#include "dickemap/record.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dkm_start {
  dkm_point given;        /* the point, with g0 and Omega as they are in the end if a drive (drive.h) is over some time */
  double g0, Omega;       /* as the point has them */
  bool uncoupled;         /* g0 of `point` is 0 because no mode ever sees a spin */
  dkm_system full;        /* its system */
  bool is_reduced;        /* the system below is smaller than that, or, where no mode ever sees a spin, the same without
                             coupling; else it is the same */
  bool is_pattern;        /* it is +-1 patterns with M = 1: one class, one mode, |G| = 1 */
  dkm_system system;      /* that the start stays in */
  dkm_point point;        /* the parameters of its modes */
  /* Of each mode of the full system, the mode that it is in (-1: it stays empty), and beta_mu = factor beta' */
  int mode_group[DKM_MAX_MODES];
  double mode_factor[DKM_MAX_MODES];
  /* Of each class of the full system, the class that it is in, and with which sign; NULL: the one class, with the sign
   * G_{cue,k}, or itself if nothing is reduced; owned. */
  int64_t *class_of;
  signed char *sign;
  double *u;            /* the reduced state at the start, of what is reduced by classes and signs, or `moved`; owned */
  bool moved;           /* the start is where the drive has led */
  double *lengths;      /* |m_k| of the classes of `system`; NULL: dkm_point_length each; owned */
  dkm_bodies bodies;    /* classes of `system` that turn together; none where it is uncoupled or Omega = 0 */
  dkm_couplings tables; /* of `system`, and ... */
  dkm_couplings own;    /* of `full`, if they are its own */
} dkm_start;

/* The start of a point of a system.  Fails with DKM_MEMORY; *start is then empty. */
dkm_status dkm_start_create(const dkm_system *system, const dkm_point *point, dkm_start *start, dkm_error *err);
void dkm_start_free(dkm_start *start);

/* Whether a point has a start that is one class and one mode, whatever the number of +-1 patterns: no table is needed. */
bool dkm_start_is_pattern(const dkm_system *system, const dkm_point *point);

/* What a trajectory's end is asked of: the bodies, where there are any, else `system`; and the lengths of its spins as above. */
static inline const dkm_system *dkm_start_asked(const dkm_start *start) {
  return start->bodies.n_bodies ? &start->bodies.system : &start->system;
}
static inline const double *dkm_start_lengths(const dkm_start *start) {
  return start->bodies.n_bodies ? start->bodies.lengths : start->lengths;
}

/* The state at the start, also where it comes from an earlier file: of `system` (3K + 2M values), or of `full`.  Fails
 * with DKM_MEMORY. */
dkm_status dkm_start_state(const dkm_start *start, bool reduced, double *u, dkm_error *err);

/* The parameters of `system` (reduced) or `full` while the drive goes on. */
dkm_point dkm_start_driven_point(const dkm_start *start, bool reduced);

/* Moves the start to where the drive has led: u, 3K + 2M doubles of `system`, wherever they stand. Fails with DKM_MEMORY. */
dkm_status dkm_start_move(dkm_start *start, const void *u, dkm_error *err);

/* +sign or -sign of class k of the full system in its class; 0 for one that stays along x. */
double dkm_start_sign(const dkm_start *start, int64_t k);

/* The reduced state (3K + 2M values of `system`) from u (3K + 2M values of `full`), which lies in the subspace; and u
 * from the reduced state. */
void dkm_start_reduce_state(const dkm_start *start, const double *u, double *reduced);
void dkm_start_lift_state(const dkm_start *start, const double *reduced, double *u);

/* The record of the full system from that of the reduced one, but for the spectrum and what closed forms say. */
void dkm_start_lift_record(const dkm_start *start, const dkm_record *reduced, dkm_record *record);

#ifdef __cplusplus
}
#endif

#endif
