/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Some points of a task that is no sweep, anew: there is no other method for them, but the same one must say the same. */
#include <stdlib.h>

#include "dickemap/clock.h"
#include "dickemap/compare.h"
#include "verify.h"

static bool is_too_late(void *deadline) {
  return dkm_clock_now() > *(const double *)deadline;
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
    double deadline = dkm_clock_now() + v->seconds;
    bool finished;
    status = dkm_task_run_one(&v->form, engine, v->sampled[i].i_point, is_too_late, &deadline, record, &finished, err);
    if (!status && finished) dkm_verify_same(v, &v->sampled[i], record);
    v->n_given_up += !status && !finished;
  }
  free(record);
  if (engine) task->destroy(engine);
  return status;
}
