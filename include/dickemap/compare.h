/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compare: whether two records of one point and one method are the same, and those of two methods name the same end.
 *
 * On x86-64 with one version of GSL they have the same bits.  Elsewhere eigenvalues, Newton's steps and the library's
 * functions may differ in the last digit, and what is computed from them with it.  With solver.method ensemble, whose
 * steps use + - * / sqrt and fma alone, the trajectory itself is still the same; so
 *
 *   whole numbers and codes   are equal
 *   numbers                   agree within 1e-12 max(1, |a|, |b|); of a fixed point, whose overlaps are roots that Newton's method
 *                             finds, also within the sum of both xi_error: next to a threshold these roots are nearly double
 *   overlaps                  likewise, with max |G| in place of 1
 *   rates                     agree within 1e-12 times the largest rate in the equations (dkm_compare_rate), or times themselves
 *   times                     agree as their inverse, a rate, does: T within 1e-12 (T + rate T^2)
 *   NaN                       is equal to NaN
 *
 * (Measured with every result of GSL and of the library's functions changed by up to one unit in the last place: of
 * 10000 records of the jobs in jobs/ and of starts with tilts up to 0.3, no whole number changed, and all agreed in
 * this sense.) With solver.method gsl, whose steps depend on the library's `pow`, other machines agree to the error
 * of its tolerance only, which is less than what is asked for here.
 *
 * Records of two methods name the same end if
 *
 *   at rest, both             overlaps agree within the sum of both xi_error (check.h)
 *   one is under way          (`relaxing`; one method may have followed it for longer) its overlaps or its limit agree with those
 *                             of the other; else, as the plateau of one time is not that of another, if both know the pattern
 *                             in which it ends (`retrieved`, unless `how` is not_applicable) and it is the same one, and that end
 *                             is not one minimum to both, which would have to agree
 *   moving                    means over windows depend on the steps taken: verdicts alone are compared
 *
 * Where the end of one under way is not known its plateau may drift as it did: a little within an octave of time.  Further apart
 * there is nothing to compare.  The sign counts unless a record says that it is that of the state so far (`symmetric`), or is
 * sensitive. */
#ifndef DICKEMAP_COMPARE_H
#define DICKEMAP_COMPARE_H
#include "dickemap/model.h"
#include "dickemap/record.h"
#include "dickemap/task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum dkm_agreement {
  DKM_AGREEMENT_BITS,   /* every reproducible field has the same bits */
  DKM_AGREEMENT_DIGITS, /* they agree as above */
  DKM_AGREEMENT_NONE
} dkm_agreement;

/* What differs most: in units of what is allowed. */
typedef struct dkm_difference {
  const char *name; /* of the field, "state"; NULL: nothing */
  double a, b;      /* the two values */
  double relative;  /* |a - b| over max(1 or max |G|, |a|, |b|), the rate, T + rate T^2; infinite where that makes no sense */
  double allowed;   /* |a - b| over what is allowed */
} dkm_difference;

/* A record of any task, and its n_state values as in dkm_record_checksum; NULL, 0: without. */
typedef struct dkm_compared {
  const void *record;
  const double *state;
  size_t n_state;
} dkm_compared;

/* Two records of the same form and point, and their states if both have one.  *difference is filled whatever the answer. */
dkm_agreement dkm_compare_records(const dkm_form *form, const dkm_system *system, const dkm_point *point, dkm_compared a,
                                  dkm_compared b, dkm_difference *difference);

typedef enum dkm_ends {
  DKM_ENDS_SAME,
  DKM_ENDS_OPEN, /* they say nothing of each other */
  DKM_ENDS_DIFFERENT
} dkm_ends;

/* Of two records of a sweep that are neither undecided nor failed, b made by the method of that name.  *largest grows to the
 * largest difference of overlaps that were compared; `what` (DKM_MESSAGE_BYTES) says what is different. */
dkm_ends dkm_compare_ends(const dkm_system *system, const dkm_record *a, const dkm_record *b, const char *method, double *largest,
                          char *what);

/* Upper bound of the rates in the equations of a point, for fields as large as the record's. */
double dkm_compare_rate(const dkm_system *system, const dkm_point *point, const dkm_record *record);

#ifdef __cplusplus
}
#endif

#endif
