/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check_subject: what the questions of check.c and check_rest.c are about, and what they have in common.  A question is a
 * function that returns whether a record may be right, or says why not (object). */
#ifndef DICKEMAP_CHECK_SUBJECT_H
#define DICKEMAP_CHECK_SUBJECT_H
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "dickemap/check.h"
#include "dickemap/drive.h"
#include "dickemap/start.h"

/* Of methods that did not fill xi_error: limits found by Newton's method; what is left is for points close to a
 * threshold. */
static const double usual_error = 1e-6;
/* What is computed twice from the same numbers, or found by Newton's method. */
static const double rounding = 1e-10;
/* Overlaps are at most 1, and sums of squares too, but for rounding in K terms. */
static const double excess = 1e-9;
static const double self_consistency = 1e-8;

/* What the questions are about: the point, its full system, and the smallest one that it stays in; all but what is
 * given with couplings in these units (units.h). */
typedef struct subject {
  double unit;
  const dkm_point *given;
  const dkm_record *given_record;
  const dkm_system *system;
  const dkm_point *point;
  const dkm_record *record;
  const dkm_start *start;
  bool exact;          /* one class and one mode: Eq. 12 */
  int sign;            /* of the Lyapunov function of what is followed, 0: there is none */
  const double *limit; /* M overlaps that are steady in the end; NULL if the record names none */
  double xi_error;
  char *why;
  size_t why_bytes;
} subject;

/* Returns false, so that a question may end with it. */
__attribute__((format(printf, 2, 3))) static inline bool object(const subject *s, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int n = vsnprintf(s->why, s->why_bytes, format, arguments);
  va_end(arguments);
  if (s->unit != 1.0 && n >= 0 && (size_t)n < s->why_bytes)
    snprintf(s->why + n, s->why_bytes - (size_t)n, " (overlaps in units of %g)", s->unit);
  return false;
}

static inline bool is_steady(int verdict) {
  return verdict == DKM_VERDICT_FIXED_POINT || verdict == DKM_VERDICT_DARK_PRECESSION;
}

static inline bool is_oscillation(int verdict) {
  return verdict == DKM_VERDICT_LIMIT_CYCLE || verdict == DKM_VERDICT_QUASIPERIODIC ||
         verdict == DKM_VERDICT_IRREGULAR || verdict == DKM_VERDICT_HETEROCLINIC;
}

/* NaN agrees with NaN, infinity with itself. */
static inline bool same(double stored, double computed, double tolerance) {
  if (isinf(computed)) return stored == computed;
  if (isnan(stored) || isnan(computed)) return isnan(stored) && isnan(computed);
  return fabs(stored - computed) <= tolerance * fmax(1.0, fabs(computed));
}

static inline bool is_conserved(const subject *s) {
  return dkm_point_dynamics(s->point) == DKM_DYNAMICS_CONSERVED;
}

/* Whether a drive has carried it away from its start, or goes on for ever. */
static inline bool is_driven(const subject *s) {
  return dkm_drive_kind_of(s->system->drive) != DKM_DRIVE_NONE;
}

static inline bool is_driven_for_ever(const subject *s) {
  return dkm_drive_repeats(s->system->drive);
}

/* Of states at rest (check_rest.c). */
bool dkm_check_normal_state_below_g_c(const subject *s);
bool dkm_check_occupations_go_with_overlaps(const subject *s);
bool dkm_check_modes_are_at_rest(const subject *s);
bool dkm_check_fixed_point_is_self_consistent(const subject *s);
bool dkm_check_spins_are_those_of_the_modes(const subject *s);
bool dkm_check_exact_start_ends_in_eq_12(const subject *s);
bool dkm_check_overlap_of_the_start_is_kept(const subject *s);

#endif
