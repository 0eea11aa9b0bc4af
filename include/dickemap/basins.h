/* SPDX-License-Identifier: GPL-3.0-or-later */
/* basins: how often starts end in each attractor.
 *
 * Records of starts that differ in a random choice (a seed) are counted by their outcome.  Ends at rest are told apart by
 * `retrieved`, the pattern of the leading overlap with its sign; other motion by its verdict.  What is undecided or has failed, or
 * whose sign is open (how: symmetric), has no outcome, and is counted beside: were it known, each probability might be higher or
 * lower by as much. */
#ifndef DICKEMAP_BASINS_H
#define DICKEMAP_BASINS_H
#include "dickemap/record.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A code for what a record ended in:
 *   nu or -nu   at rest, pattern nu leads, with its sign
 *   0           at rest, and no pattern leads: there is none, or several have the same |xi|, within its error
 *   101         at rest (but for dark precession) where directions grow, which is a saddle
 *   100 + v     other motion, of verdict v
 *   DKM_OUTCOME_NONE   undecided, failed, of open sign, or relaxing to nobody knows what */
enum { DKM_OUTCOME_NONE = -1000, DKM_OUTCOME_OF_VERDICT = 100 };
int dkm_outcome_of(const dkm_record *record);

/* All that there are with M modes, ascending: number i = 0 ... dkm_outcome_number(M) - 1. */
int dkm_outcome_number(int n_modes);
int dkm_outcome_at(int n_modes, int i);

/* Of overlaps `end`, those of the record where it ends (dkm_record_end), or where it leads to (xi_limit): that with the pattern of an
 * outcome, NaN where it is none; and the second largest |xi|. */
double dkm_outcome_overlap(int outcome, const double *end);
double dkm_outcome_second(const dkm_record *record, const double *end);

/* "pattern +3", "no pattern", "saddle", "limit_cycle", ... into text; and the same as one word: "pattern_3", "minus_pattern_3",
 * "no_pattern", ... */
enum { DKM_OUTCOME_BYTES = 32 };
const char *dkm_outcome_text(int outcome, char text[DKM_OUTCOME_BYTES]);
const char *dkm_outcome_word(int outcome, char text[DKM_OUTCOME_BYTES]);

/* Starts with one outcome. */
typedef struct dkm_basin {
  int outcome;
  int64_t n;
  double xi_second; /* mean of the second largest |xi| */
  double xi_mean, xi_squares; /* of the leading overlap; sum of squares about it (Welford): NaN for motion without a pattern */
  int64_t n_settled;          /* of which it is known when they settled */
  double t_settled;           /* mean of these */
} dkm_basin;

/* Starts of one cell. */
typedef struct dkm_basins {
  int64_t n, n_undecided; /* n: those with an outcome */
  int n_basins, room;
  dkm_basin *basins; /* in the order in which they first occurred, until they are sorted */
} dkm_basins;

/* Counts a record in; a cell begins as zeros.  Results depend on the order only by rounding.  Fails with DKM_MEMORY. */
dkm_status dkm_basins_add(dkm_basins *basins, const dkm_record *record, dkm_error *err);

/* The same of a start of which only so much is known: its outcome, its leading overlap, the second largest |xi|, and when it
 * settled (NaN: not known). */
dkm_status dkm_basins_add_start(dkm_basins *basins, int outcome, double xi, double xi_second, double t_settled, dkm_error *err);

/* What a record of the task `basins` (task.h) has counted, in that form.  Of how many starts the time is known at which they settled
 * it does not say: all with that outcome, if of any.  Fails with DKM_MEMORY. */
struct dkm_form;
dkm_status dkm_basins_of_record(const struct dkm_form *form, const void *record, int n_modes, dkm_basins *basins, dkm_error *err);

/* That of an outcome; NULL if no start had it. */
const dkm_basin *dkm_basins_find(const dkm_basins *basins, int outcome);

/* Those with the most starts first; of equal ones patterns before others, +1, -1, +2, ... */
void dkm_basins_sort(dkm_basins *basins);

/* -sum p ln p of the outcomes; NaN without any. */
double dkm_basins_entropy(const dkm_basins *basins);

void dkm_basins_free(dkm_basins *basins);

#ifdef __cplusplus
}
#endif

#endif
