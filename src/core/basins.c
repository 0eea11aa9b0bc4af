/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Outcomes, counted. */
#include "dickemap/basins.h"

#include "dickemap/exponent.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SADDLE = DKM_OUTCOME_OF_VERDICT + DKM_VERDICT_FIXED_POINT };

/* After patterns and none. */
static const int others[] = {SADDLE, DKM_OUTCOME_OF_VERDICT + DKM_VERDICT_LIMIT_CYCLE,
                             DKM_OUTCOME_OF_VERDICT + DKM_VERDICT_QUASIPERIODIC,
                             DKM_OUTCOME_OF_VERDICT + DKM_VERDICT_IRREGULAR,
                             DKM_OUTCOME_OF_VERDICT + DKM_VERDICT_HETEROCLINIC};
enum { N_OTHERS = sizeof others / sizeof *others };

/* Overlaps that differ by less than this part of them are equal but for rounding. */
static const double equal = 1e-6;

/* The largest |xi| but for that of one pattern; members of modes that there are not are NaN. */
static double second_to(int pattern, const double *xi) {
  double second = 0.0;
  for (int mu = 0; mu < DKM_MAX_MODES; mu++)
    if (mu != pattern - 1) second = fmax(second, fabs(xi[mu]));
  return second;
}

double dkm_outcome_second(const dkm_record *record, const double *end) {
  return end == record->xi ? record->xi_second : second_to(abs(record->retrieved), end);
}

/* Whether one pattern leads.  (Which of several with equal overlaps is called the leading one is a matter of their order.) */
static bool leads(const dkm_record *record) {
  if (record->retrieved == 0 || record->retrieved == DKM_RETRIEVED_MIXTURE) return false;
  const double *end = dkm_record_end(record);
  const double xi = fabs(end[abs(record->retrieved) - 1]), second = dkm_outcome_second(record, end);
  const double error = end != record->xi || isnan(record->xi_error) ? 0.0 : record->xi_error;
  return !(second > xi - fmax(equal * xi, fmin(error, 0.01 * xi)));
}

int dkm_outcome_of(const dkm_record *record) {
  if (record->how == DKM_HOW_SYMMETRIC) return DKM_OUTCOME_NONE; /* retrieved has the sign so far */
  switch (record->verdict) {
  case DKM_VERDICT_FIXED_POINT:
  case DKM_VERDICT_DARK_PRECESSION:
  case DKM_VERDICT_RELAXING:
    if (record->verdict == DKM_VERDICT_RELAXING && record->how == DKM_HOW_NOT_APPLICABLE) return DKM_OUTCOME_NONE;
    if (record->verdict != DKM_VERDICT_RELAXING && record->n_unstable > 0) return SADDLE;
    return leads(record) ? record->retrieved : 0;
  case DKM_VERDICT_LIMIT_CYCLE:
  case DKM_VERDICT_QUASIPERIODIC:
  case DKM_VERDICT_IRREGULAR:
  case DKM_VERDICT_HETEROCLINIC:
    return DKM_OUTCOME_OF_VERDICT + record->verdict;
  default:
    return DKM_OUTCOME_NONE;
  }
}

int dkm_outcome_number(int n_modes) {
  return 2 * n_modes + 1 + N_OTHERS;
}

int dkm_outcome_at(int n_modes, int i) {
  return i <= 2 * n_modes ? i - n_modes : others[i - 2 * n_modes - 1];
}

static bool is_pattern(int outcome) {
  return outcome != DKM_OUTCOME_NONE && outcome != 0 && outcome < DKM_OUTCOME_OF_VERDICT;
}

double dkm_outcome_overlap(int outcome, const double *end) {
  return is_pattern(outcome) ? end[abs(outcome) - 1] : NAN;
}

static const char *name_of(int outcome, char text[DKM_OUTCOME_BYTES], const char *plus, const char *minus, const char *none) {
  if (is_pattern(outcome))
    snprintf(text, DKM_OUTCOME_BYTES, "%s%d", outcome > 0 ? plus : minus, abs(outcome));
  else
    snprintf(text, DKM_OUTCOME_BYTES, "%s", outcome == 0                         ? none
                                            : outcome == SADDLE                  ? "saddle"
                                            : outcome > DKM_OUTCOME_OF_VERDICT   ? dkm_verdict_name(outcome - DKM_OUTCOME_OF_VERDICT)
                                                                                 : "undecided");
  return text;
}

const char *dkm_outcome_text(int outcome, char text[DKM_OUTCOME_BYTES]) {
  return name_of(outcome, text, "pattern +", "pattern -", "no pattern");
}

const char *dkm_outcome_word(int outcome, char text[DKM_OUTCOME_BYTES]) {
  return name_of(outcome, text, "pattern_", "minus_pattern_", "no_pattern");
}

/* That of an outcome, a new one if there is none; NULL without memory. */
static dkm_basin *basin_of(dkm_basins *b, int outcome) {
  for (int i = 0; i < b->n_basins; i++)
    if (b->basins[i].outcome == outcome) return &b->basins[i];
  if (b->n_basins == b->room) {
    const int room = b->room ? 2 * b->room : 4;
    dkm_basin *more = realloc(b->basins, (size_t)room * sizeof *more);
    if (!more) return NULL;
    b->basins = more;
    b->room = room;
  }
  b->basins[b->n_basins] = (dkm_basin){.outcome = outcome};
  return &b->basins[b->n_basins++];
}

dkm_status dkm_basins_add(dkm_basins *b, const dkm_record *record, dkm_error *err) {
  const int outcome = dkm_outcome_of(record);
  const double *end = dkm_record_end(record);
  return dkm_basins_add_start(b, outcome, dkm_outcome_overlap(outcome, end), dkm_outcome_second(record, end), record->t_settled, err);
}

dkm_status dkm_basins_add_start(dkm_basins *b, int outcome, double xi, double xi_second, double t_settled, dkm_error *err) {
  if (outcome == DKM_OUTCOME_NONE) {
    b->n_undecided++;
    return DKM_OK;
  }
  dkm_basin *to = basin_of(b, outcome);
  if (!to) return dkm_fail(err, DKM_MEMORY, "out of memory for the outcomes of a cell");
  b->n++;
  to->n++;
  const double away = xi - to->xi_mean;
  to->xi_mean += away / (double)to->n;
  to->xi_second += (xi_second - to->xi_second) / (double)to->n;
  to->xi_squares += away * (xi - to->xi_mean);
  if (!isnan(t_settled)) to->t_settled += (t_settled - to->t_settled) / (double)++to->n_settled;
  return DKM_OK;
}

const dkm_basin *dkm_basins_find(const dkm_basins *b, int outcome) {
  for (int i = 0; i < b->n_basins; i++)
    if (b->basins[i].outcome == outcome) return &b->basins[i];
  return NULL;
}

/* Patterns +1, -1, +2, ... first. */
static int rank_of(int outcome) {
  return is_pattern(outcome) ? 2 * abs(outcome) - (outcome > 0) : 1000 + outcome;
}

static int by_number(const void *a, const void *b) {
  const dkm_basin *x = a, *y = b;
  if (x->n != y->n) return x->n > y->n ? -1 : 1;
  return rank_of(x->outcome) - rank_of(y->outcome);
}

void dkm_basins_sort(dkm_basins *b) {
  if (b->n_basins > 1) qsort(b->basins, (size_t)b->n_basins, sizeof *b->basins, by_number);
}

double dkm_basins_entropy(const dkm_basins *b) {
  double sum = 0.0;
  for (int i = 0; i < b->n_basins; i++) {
    const double p = (double)b->basins[i].n / (double)b->n;
    sum -= p * dkm_exponent_log(p);
  }
  return b->n > 0 ? sum + 0.0 : NAN;
}

void dkm_basins_free(dkm_basins *b) {
  free(b->basins);
  *b = (dkm_basins){0};
}
