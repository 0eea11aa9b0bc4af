/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Some points of a task that is no sweep, anew: there is no other method for them, but the same one must say the same. */
#include <stdlib.h>
#include <string.h>

#include "dickemap/clock.h"
#include "dickemap/compare.h"
#include "verify.h"

/* A stream of one point, given up at a deadline. */
struct attempt {
  const dkm_form *form;
  int64_t i_point;
  bool drawn, finished;
  double deadline;
  void *record;
};

static bool attempt_next(void *context, int64_t *i_point) {
  struct attempt *attempt = context;
  if (attempt->drawn) return false;
  attempt->drawn = true;
  *i_point = attempt->i_point;
  return true;
}

static void attempt_done(void *context, int64_t i_point, const void *record, const double *state) {
  struct attempt *attempt = context;
  (void)i_point;
  (void)state;
  attempt->finished = true;
  memcpy(attempt->record, record, attempt->form->bytes);
}

static bool attempt_interrupt(void *context) {
  return dkm_clock_now() > ((const struct attempt *)context)->deadline;
}

void dkm_verify_same(dkm_verification *v, const dkm_verify_sampled *sampled, const void *anew) {
  dkm_difference difference;
  dkm_point point;
  dkm_job_point(v->job, sampled->i_point, &point);
  const dkm_agreement agreement =
      dkm_compare_records(&v->form, &v->job->system, &point, (dkm_compared){.record = sampled->record},
                          (dkm_compared){.record = anew}, &difference);
  v->again.n++;
  v->n_same_bits += agreement == DKM_AGREEMENT_BITS;
  if (agreement == DKM_AGREEMENT_DIGITS && difference.relative > v->again.largest) v->again.largest = difference.relative;
  if (agreement == DKM_AGREEMENT_NONE)
    dkm_verify_differs(v, &v->again, sampled->i_point, "%s is %.17g, the same method finds %.17g", difference.name,
                       difference.a, difference.b);
}

dkm_status dkm_verify_task(dkm_verification *v, dkm_error *err) {
  const dkm_task *task = v->form.task;
  void *engine = NULL, *record = NULL;
  if (v->skips_again) return DKM_OK;
  dkm_status status = task->create(v->job, NULL, &engine, err);
  if (!status && !(record = malloc(v->form.bytes)))
    status = dkm_fail(err, DKM_MEMORY, "verify: out of memory for a record");
  for (int64_t i = 0; i < v->n_sampled && !status; i++) {
    struct attempt attempt = {.form = &v->form,
                              .i_point = v->sampled[i].i_point,
                              .deadline = dkm_clock_now() + v->seconds,
                              .record = record};
    const dkm_task_stream stream = {
        .context = &attempt, .next = attempt_next, .done = attempt_done, .interrupt = attempt_interrupt};
    status = task->run(engine, &stream, err);
    if (!status && attempt.finished) dkm_verify_same(v, &v->sampled[i], record);
    v->n_given_up += !status && !attempt.finished;
  }
  free(record);
  if (engine) task->destroy(engine);
  return status;
}
