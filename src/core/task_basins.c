/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The task `basins`: the starts of a cell (cells.h), counted by what they end in. */
#include <math.h>
#include <stdlib.h>

#include "cells.h"
#include "dickemap/basins.h"

/* ---- fields ---- */

enum {
  COUNT, PROBABILITY, LOW, HIGH, XI_MEAN, XI_STD, SECOND, SETTLED_OF,
  RETRIEVAL, RETRIEVAL_LOW, RETRIEVAL_HIGH, EITHER, EITHER_LOW, EITHER_HIGH, ENTROPY, SETTLED, DECIDED, UNDECIDED, FAILED, SENSITIVE,
  LIMITED, METHOD, STEPS, WALL_TIME, N_FIELDS
};

#define OUTCOME(scale, name, type, text) {name, type, DKM_SCALE_##scale, DKM_PER_OUTCOME, 0, 1, "1", text, NULL}
#define POINT(scale, name, type, text)   {name, type, DKM_SCALE_##scale, DKM_PER_POINT, 0, 1, "1", text, NULL}

static const dkm_field rows[] = {
    [COUNT] = OUTCOME(NUMBER, "count", DKM_INT64, "starts that end so"),
    [PROBABILITY] = OUTCOME(NUMBER, "probability", DKM_FLOAT64, "of this outcome: the share of starts that have one"),
    [LOW] = OUTCOME(NUMBER, "probability_low", DKM_FLOAT64, "lower end of its interval of 95 % (Wilson)"),
    [HIGH] = OUTCOME(NUMBER, "probability_high", DKM_FLOAT64, "upper end of its interval of 95 % (Wilson)"),
    [XI_MEAN] = OUTCOME(OVERLAP, "xi_mean", DKM_FLOAT64, "mean of the leading overlap over starts that end so"),
    [XI_STD] = OUTCOME(OVERLAP, "xi_std", DKM_FLOAT64, "standard deviation of that overlap"),
    [SECOND] = OUTCOME(OVERLAP, "xi_second_mean", DKM_FLOAT64, "mean of the second largest |xi|: far above 0 where mixtures lead"),
    [SETTLED_OF] = OUTCOME(TIME, "t_settled_mean", DKM_FLOAT64, "mean time from which that outcome was certain"),
    [RETRIEVAL] = POINT(NUMBER, "retrieval", DKM_FLOAT64,
                        "probability that the cue's own pattern leads in the end, with its sign; NaN: not all cues are patterns"),
    [RETRIEVAL_LOW] = POINT(NUMBER, "retrieval_low", DKM_FLOAT64, "lower end of its interval of 95 % (Wilson)"),
    [RETRIEVAL_HIGH] = POINT(NUMBER, "retrieval_high", DKM_FLOAT64, "upper end of its interval of 95 % (Wilson)"),
    [EITHER] = POINT(NUMBER, "retrieval_either_sign", DKM_FLOAT64, "the same with either sign, as the paper counts"),
    [EITHER_LOW] = POINT(NUMBER, "retrieval_either_sign_low", DKM_FLOAT64, "lower end of its interval of 95 % (Wilson)"),
    [EITHER_HIGH] = POINT(NUMBER, "retrieval_either_sign_high", DKM_FLOAT64, "upper end of its interval of 95 % (Wilson)"),
    [ENTROPY] = POINT(NUMBER, "entropy", DKM_FLOAT64, "of the outcomes: -sum p ln p"),
    [SETTLED] = POINT(TIME, "t_settled", DKM_FLOAT64, "mean time from which outcomes were certain, of starts where that is known"),
    [DECIDED] = POINT(NUMBER, "n_decided", DKM_INT64, "starts that have an outcome"),
    [UNDECIDED] = POINT(NUMBER, "n_undecided", DKM_INT64, "starts that have none"),
    [FAILED] = POINT(NUMBER, "n_failed", DKM_INT64, "of these, integrations that failed"),
    [SENSITIVE] = POINT(NUMBER, "n_sensitive", DKM_INT64,
                        "starts whose outcome errors of the size of the tolerance may have decided; -1: solver.sensitivity is off"),
    [LIMITED] = POINT(NUMBER, "n_limited", DKM_INT64,
                      "starts that larger limits of the solver may tell more of; -1: made by a version that did not note it"),
    [METHOD] = POINT(NUMBER, "method", DKM_UINT8, "version of the methods behind the record"),
    [STEPS] = POINT(NUMBER, "steps", DKM_INT64, "number of integration steps of all starts, attempts included"),
    [WALL_TIME] = {"wall_time", DKM_FLOAT64, DKM_SCALE_TIME, DKM_PER_POINT, 0, 0, "s", "time spent on the point", NULL},
};
static const dkm_field_list fields = {rows, N_FIELDS};
_Static_assert((int)N_FIELDS <= (int)DKM_MOST_FIELDS, "DKM_MOST_FIELDS is too small");

/* ---- what is kept of a start ---- */

typedef struct ended {
  double xi, xi_second, t_settled;
  int32_t outcome;
  uint8_t has_failed, is_sensitive, is_limited;
  uint8_t has_cue, is_cue; /* the start is made of a pattern; it leads in the end: 1: with its sign, 2: upside down */
} ended;

static bool take(const dkm_job *job, int64_t i_point, int64_t j, const dkm_record *record, void *kept) {
  const int outcome = dkm_outcome_of(record), cue = dkm_cells_cue(job, i_point, j);
  /* Starts that are not followed to rest count with where they lead to, also those of which that is only predicted. */
  const bool is_cut_short = job->solver.until_settled && outcome != DKM_OUTCOME_NONE && record->verdict == DKM_VERDICT_RELAXING;
  const double *end = is_cut_short && !isnan(record->xi_limit[0]) ? record->xi_limit : dkm_record_end(record);
  *(ended *)kept = (ended){.xi = dkm_outcome_overlap(outcome, end),
                           .xi_second = dkm_outcome_second(record, end),
                           .t_settled = record->t_settled,
                           .outcome = outcome,
                           .has_failed = record->verdict == DKM_VERDICT_FAILED,
                           .is_sensitive = record->sensitive == DKM_SENSITIVE_YES,
                           .is_limited = record->limited != DKM_LIMITED_NO,
                           .has_cue = cue != DKM_OUTCOME_NONE,
                           .is_cue = cue == DKM_OUTCOME_NONE ? 0 : outcome == cue ? 1 : outcome == -cue ? 2 : 0};
  return true;
}

/* ---- counting ---- */

static void put_outcomes(const dkm_form *form, void *record, int n_modes, const dkm_basins *b) {
  int64_t n_settled = 0;
  double settled = 0.0;
  for (int i = 0; i < dkm_outcome_number(n_modes); i++) {
    const dkm_basin *basin = dkm_basins_find(b, dkm_outcome_at(n_modes, i));
    const int64_t n = basin ? basin->n : 0;
    dkm_cells_put(form, record, COUNT, i, (double)n);
    dkm_cells_put_share(form, record, PROBABILITY, i, n, b->n);
    if (!basin) continue;
    dkm_cells_put(form, record, XI_MEAN, i, basin->xi_mean);
    dkm_cells_put(form, record, SECOND, i, basin->xi_second);
    if (n > 1) dkm_cells_put(form, record, XI_STD, i, sqrt(basin->xi_squares / (double)(n - 1)));
    if (basin->n_settled > 0) dkm_cells_put(form, record, SETTLED_OF, i, basin->t_settled);
    n_settled += basin->n_settled;
    settled += basin->t_settled * (double)basin->n_settled;
  }
  if (n_settled > 0) dkm_cells_put(form, record, SETTLED, 0, settled / (double)n_settled);
}

static dkm_status finish(const dkm_job *job, const dkm_form *form, const void *kept, void *record, dkm_error *err) {
  const ended *starts = kept;
  dkm_basins b = {0};
  int64_t n_failed = 0, n_sensitive = 0, n_limited = 0, n_cue = 0, n_turned = 0, n_without = 0;
  dkm_status status = DKM_OK;
  for (int64_t j = 0; j < job->n_starts && status == DKM_OK; j++) {
    n_failed += starts[j].has_failed;
    n_sensitive += starts[j].is_sensitive;
    n_limited += starts[j].is_limited;
    n_cue += starts[j].is_cue == 1;
    n_turned += starts[j].is_cue == 2;
    n_without += !starts[j].has_cue;
    status = dkm_basins_add_start(&b, starts[j].outcome, starts[j].xi, starts[j].xi_second,
                                  starts[j].t_settled, err);
  }
  put_outcomes(form, record, job->system.n_modes, &b);
  if (n_without == 0) dkm_cells_put_share(form, record, RETRIEVAL, 0, n_cue, b.n);
  if (n_without == 0) dkm_cells_put_share(form, record, EITHER, 0, n_cue + n_turned, b.n);
  dkm_cells_put(form, record, ENTROPY, 0, dkm_basins_entropy(&b));
  dkm_cells_put(form, record, DECIDED, 0, (double)b.n);
  dkm_cells_put(form, record, UNDECIDED, 0, (double)b.n_undecided);
  dkm_cells_put(form, record, FAILED, 0, (double)n_failed);
  if (job->solver.sensitivity) dkm_cells_put(form, record, SENSITIVE, 0, (double)n_sensitive);
  dkm_cells_put(form, record, LIMITED, 0, (double)n_limited);
  dkm_basins_free(&b);
  return status;
}

static const cells_kind kind = {.kept_bytes = sizeof(ended), .take = take, .finish = finish};

static int64_t count_of(const dkm_form *form, const void *record, int field) {
  return *(const int64_t *)dkm_form_at(form, record, field);
}

/* ---- counts as they were ---- */

dkm_status dkm_basins_of_record(const dkm_form *form, const void *record, int n_modes, dkm_basins *basins, dkm_error *err) {
  const int n_outcomes = dkm_outcome_number(n_modes);
  int room = 1;
  for (int i = 0; i < n_outcomes; i++) room += dkm_form_value(form, record, COUNT, i) > 0;
  *basins = (dkm_basins){.n = count_of(form, record, DECIDED),
                         .n_undecided = count_of(form, record, UNDECIDED),
                         .room = room,
                         .basins = calloc((size_t)room, sizeof *basins->basins)};
  if (!basins->basins) return dkm_fail(err, DKM_MEMORY, "out of memory for the outcomes of a cell");
  for (int i = 0; i < n_outcomes; i++) {
    const int64_t n = (int64_t)dkm_form_value(form, record, COUNT, i);
    const double std = dkm_form_value(form, record, XI_STD, i), settled = dkm_form_value(form, record, SETTLED_OF, i);
    if (n == 0) continue;
    basins->basins[basins->n_basins++] = (dkm_basin){.outcome = dkm_outcome_at(n_modes, i),
                                                     .n = n,
                                                     .xi_second = dkm_form_value(form, record, SECOND, i),
                                                     .xi_mean = dkm_form_value(form, record, XI_MEAN, i),
                                                     .xi_squares = n > 1 ? std * std * (double)(n - 1) : 0.0,
                                                     .n_settled = isnan(settled) ? 0 : n,
                                                     .t_settled = isnan(settled) ? 0.0 : settled};
  }
  return DKM_OK;
}

/* ---- the task ---- */

/* No start has an outcome, and some have failed. */
static bool has_failed(const dkm_form *form, const void *record) {
  return count_of(form, record, DECIDED) == 0 && count_of(form, record, FAILED) > 0;
}

static int64_t n_undecided(const dkm_form *form, const void *record) {
  return count_of(form, record, UNDECIDED);
}

const dkm_task dkm_task_basins = {.name = "basins",
                                  .text = "all starts that differ along the axis of `reduce`, counted by what they end in",
                                  .fields = &fields,
                                  .cells = &kind,
                                  .create = dkm_cells_create,
                                  .destroy = dkm_cells_destroy,
                                  .bytes = dkm_cells_bytes,
                                  .run = dkm_cells_run,
                                  .save = dkm_cells_save,
                                  .has_failed = has_failed,
                                  .n_undecided = n_undecided};
