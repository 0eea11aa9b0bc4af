/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A task's engine for one point, which is all of a job without axes; see point_task.h. */
#include "point_task.h"

#include <stdlib.h>

bool dkm_point_task_is_asked(const dkm_job *job) {
  return job->task == &dkm_task_exactness;
}

dkm_status dkm_point_task_compute(const dkm_job *job, const dkm_point *point, const char *cpu, dkm_form *form, void **record,
                                  dkm_error *err) {
  dkm_job alone = *job; /* whose arrays stay the other's */
  void *engine = NULL;
  alone.n_axes = alone.n_dims = 0;
  alone.n_points = 1;
  alone.base = *point;
  dkm_form_of(&alone, form);
  *record = malloc(form->bytes);
  if (!*record) return dkm_fail(err, DKM_MEMORY, "point: out of memory for a record");
  bool finished;
  dkm_status status = job->task->create(&alone, cpu, &engine, err);
  if (!status) status = dkm_task_run_one(form, engine, 0, NULL, NULL, *record, &finished, err);
  job->task->destroy(engine);
  if (!status) return DKM_OK;
  free(*record);
  *record = NULL;
  return status;
}
