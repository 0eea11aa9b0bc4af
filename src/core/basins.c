/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Outcomes, counted. */
#include "dickemap/basins.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Codes: patterns are 1 ... 2M (+1, -1, +2, -2, ...), then these, then verdicts. */
enum { NO_PATTERN = 1000, SADDLE, OF_VERDICT };

int dkm_outcome_of(const dkm_record *record) {
  switch (record->verdict) {
  case DKM_VERDICT_FIXED_POINT:
  case DKM_VERDICT_DARK_PRECESSION:
  case DKM_VERDICT_RELAXING:
    if (record->verdict == DKM_VERDICT_RELAXING && record->how == DKM_HOW_NOT_APPLICABLE) return DKM_OUTCOME_NONE;
    if (dkm_record_is_unstable(record)) return SADDLE;
    if (record->retrieved == 0 || record->retrieved == DKM_RETRIEVED_MIXTURE) return NO_PATTERN;
    return 2 * abs(record->retrieved) - (record->retrieved > 0);
  case DKM_VERDICT_LIMIT_CYCLE:
  case DKM_VERDICT_QUASIPERIODIC:
  case DKM_VERDICT_IRREGULAR:
    return OF_VERDICT + record->verdict;
  default:
    return DKM_OUTCOME_NONE;
  }
}

static bool is_pattern(int outcome) {
  return outcome > DKM_OUTCOME_NONE && outcome < NO_PATTERN;
}

const char *dkm_outcome_text(int outcome, char text[DKM_OUTCOME_BYTES]) {
  if (is_pattern(outcome))
    snprintf(text, DKM_OUTCOME_BYTES, "pattern %c%d", outcome % 2 ? '+' : '-', (outcome + 1) / 2);
  else
    snprintf(text, DKM_OUTCOME_BYTES, "%s", outcome == NO_PATTERN ? "no pattern"
                                            : outcome == SADDLE   ? "saddle"
                                            : outcome > OF_VERDICT ? dkm_verdict_name(outcome - OF_VERDICT)
                                                                   : "undecided");
  return text;
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
  if (outcome == DKM_OUTCOME_NONE) {
    b->n_undecided++;
    return DKM_OK;
  }
  dkm_basin *to = basin_of(b, outcome);
  if (!to) return dkm_fail(err, DKM_MEMORY, "out of memory for the outcomes of a cell");
  b->n++;
  to->n++;
  const double xi = is_pattern(outcome) ? record->xi[(outcome + 1) / 2 - 1] : NAN, away = xi - to->xi_mean;
  to->xi_mean += away / (double)to->n;
  to->xi_squares += away * (xi - to->xi_mean);
  if (!isnan(record->t_settled)) to->t_settled += (record->t_settled - to->t_settled) / (double)++to->n_settled;
  return DKM_OK;
}

static int by_number(const void *a, const void *b) {
  const dkm_basin *x = a, *y = b;
  if (x->n != y->n) return x->n > y->n ? -1 : 1;
  return (x->outcome > y->outcome) - (x->outcome < y->outcome);
}

void dkm_basins_sort(dkm_basins *b) {
  if (b->n_basins > 1) qsort(b->basins, (size_t)b->n_basins, sizeof *b->basins, by_number);
}

double dkm_basins_entropy(const dkm_basins *b) {
  double sum = 0.0;
  for (int i = 0; i < b->n_basins; i++) {
    const double p = (double)b->basins[i].n / (double)b->n;
    sum -= p * log(p);
  }
  return b->n > 0 ? sum + 0.0 : NAN;
}

void dkm_basins_free(dkm_basins *b) {
  free(b->basins);
  *b = (dkm_basins){0};
}
