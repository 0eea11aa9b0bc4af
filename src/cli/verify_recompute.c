/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Some points of a file anew, by the other integration method.
 *
 *   stored record ---- compare ---- the same point by the other method
 *                         | differ
 *                         v
 *   stored record ---- compare ---- the same point by the job's own method, sensitivity measured
 *                         | agree, and errors of the size of the tolerance decide the outcome: undetermined
 *                         v
 *                     a difference
 *
 * Where they agree the job's own method computes the point once more: the bits must be those of the file on one kind of
 * machine, and agree to 1e-12 with those of another (compare.h). */
#include <stdlib.h>

#include "dickemap/clock.h"
#include "dickemap/compare.h"
#include "dickemap/evaluate.h"
#include "verify.h"

const char *dkm_verify_method(const dkm_job *job) {
  return job->solver.method == DKM_METHOD_ENSEMBLE ? "gsl" : "ensemble";
}

/* ---- one point ---- */

/* A stream of one point, given up at a deadline. */
struct attempt {
  dkm_point point;
  bool drawn, finished;
  double deadline;
  dkm_record record;
};

static bool attempt_next(void *context, dkm_point *point, int64_t *id) {
  struct attempt *attempt = context;
  if (attempt->drawn) return false;
  attempt->drawn = true;
  *point = attempt->point;
  *id = 0;
  return true;
}

static void attempt_done(void *context, int64_t id, const dkm_record *record, const double *state) {
  struct attempt *attempt = context;
  (void)id;
  (void)state;
  attempt->finished = true;
  attempt->record = *record;
}

static bool attempt_interrupt(void *context) {
  return dkm_clock_now() > ((const struct attempt *)context)->deadline;
}

/* attempt->finished tells whether there was time for it. */
static dkm_status evaluate_one(const dkm_verification *v, dkm_evaluator *evaluator, int64_t i_point,
                               struct attempt *attempt, dkm_error *err) {
  const dkm_stream stream = {
      .context = attempt, .next = attempt_next, .done = attempt_done, .interrupt = attempt_interrupt};
  *attempt = (struct attempt){.deadline = dkm_clock_now() + v->seconds};
  dkm_job_point(v->job, i_point, &attempt->point);
  return dkm_evaluate_stream(evaluator, &stream, err);
}

/* ---- two records of one point ---- */

/* Nothing was found out about such a point. */
static bool is_open(const dkm_record *record) {
  return record->verdict == DKM_VERDICT_UNDECIDED || record->verdict == DKM_VERDICT_FAILED;
}

/* ---- the sample ---- */

static int by_point(const void *a, const void *b) {
  const int64_t i = ((const dkm_verify_sampled *)a)->i_point, j = ((const dkm_verify_sampled *)b)->i_point;
  return (i > j) - (i < j);
}

static const dkm_record *record_of(const dkm_verify_sampled *sampled) {
  return sampled->record;
}

/* Whether the job's own method makes this record again, and says that its outcome is a matter of the last digits. */
static dkm_status is_undetermined(const dkm_verification *v, const dkm_verify_sampled *sampled, bool *answer,
                                  dkm_error *err) {
  dkm_solver own = v->job->solver;
  dkm_evaluator *evaluator = NULL;
  struct attempt attempt;
  char what[DKM_MESSAGE_BYTES];
  double largest = 0.0;
  *answer = false;
  if (record_of(sampled)->sensitive == DKM_SENSITIVE_NO) return DKM_OK;
  own.sensitivity = true;
  dkm_status status = dkm_evaluator_create(&v->job->system, &own, NULL, &evaluator, err);
  if (!status) status = evaluate_one(v, evaluator, sampled->i_point, &attempt, err);
  if (!status)
    *answer =
        attempt.finished && attempt.record.sensitive == DKM_SENSITIVE_YES &&
        dkm_compare_ends(&v->job->system, record_of(sampled), &attempt.record, "", &largest, what) == DKM_ENDS_SAME;
  dkm_evaluator_destroy(evaluator);
  return status;
}

/* The record that the job's own method makes, against that of the file. */
static dkm_status compare_again(dkm_verification *v, dkm_evaluator *own, const dkm_verify_sampled *sampled,
                                dkm_error *err) {
  struct attempt attempt;
  const dkm_status status = evaluate_one(v, own, sampled->i_point, &attempt, err);
  if (status == DKM_OK && attempt.finished) dkm_verify_same(v, sampled, &attempt.record);
  return status;
}

/* own: makes records again as the job does; NULL: they are not made. */
static dkm_status compare(dkm_verification *v, dkm_evaluator *own, const dkm_verify_sampled *sampled,
                          const dkm_record *anew, dkm_error *err) {
  char what[DKM_MESSAGE_BYTES];
  bool undetermined;
  double largest = v->recomputed.largest;
  switch (dkm_compare_ends(&v->job->system, record_of(sampled), anew, dkm_verify_method(v->job), &largest, what)) {
  case DKM_ENDS_SAME:
    v->recomputed.n++;
    v->recomputed.largest = largest;
    return own ? compare_again(v, own, sampled, err) : DKM_OK;
  case DKM_ENDS_OPEN:
    v->n_undecided++;
    return DKM_OK;
  case DKM_ENDS_DIFFERENT:
    break;
  }
  const dkm_status status = is_undetermined(v, sampled, &undetermined, err);
  if (status) return status;
  if (undetermined) {
    v->n_undetermined++;
    return DKM_OK;
  }
  v->recomputed.n++;
  v->recomputed.largest = largest;
  dkm_verify_differs(v, &v->recomputed, sampled->i_point, "%s", what);
  return DKM_OK;
}

dkm_status dkm_verify_recompute(dkm_verification *v, dkm_error *err) {
  dkm_solver other = v->job->solver;
  dkm_evaluator *evaluator = NULL, *own = NULL;
  if (v->n_sampled == 0) return DKM_OK;
  if (v->form.task != &dkm_task_sweep) return dkm_verify_task(v, err);
  other.method = other.method == DKM_METHOD_ENSEMBLE ? DKM_METHOD_GSL : DKM_METHOD_ENSEMBLE;
  other.sensitivity = false;
  qsort(v->sampled, (size_t)v->n_sampled, sizeof *v->sampled, by_point);
  dkm_status status = dkm_evaluator_create(&v->job->system, &other, NULL, &evaluator, err);
  if (!status && !v->skips_again) status = dkm_evaluator_create(&v->job->system, &v->job->solver, NULL, &own, err);
  for (int64_t i = 0; i < v->n_sampled && !status; i++) {
    const dkm_verify_sampled *sampled = &v->sampled[i];
    struct attempt attempt;
    if (is_open(record_of(sampled))) {
      v->n_undecided++;
      continue;
    }
    status = evaluate_one(v, evaluator, sampled->i_point, &attempt, err);
    if (status) break;
    if (!attempt.finished)
      v->n_given_up++;
    else if (is_open(&attempt.record))
      v->n_undecided++;
    else
      status = compare(v, own, sampled, &attempt.record, err);
  }
  dkm_evaluator_destroy(own);
  dkm_evaluator_destroy(evaluator);
  return status;
}
