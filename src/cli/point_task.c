/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A task's engine for one point, which is all of a job without axes; see point_task.h. */
#include "point_task.h"

#include <stdlib.h>
#include <string.h>

bool dkm_point_task_is_asked(const dkm_job *job) {
  return job->task == &dkm_task_exactness;
}

typedef struct single {
  size_t bytes;
  void *record;
  bool given;
} single;

static bool next_point(void *context, int64_t *i_point) {
  single *of = context;
  if (of->given) return false;
  of->given = true;
  *i_point = 0;
  return true;
}

static void take_record(void *context, int64_t i_point, const void *record, const double *state) {
  single *of = context;
  (void)i_point, (void)state;
  memcpy(of->record, record, of->bytes);
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
  single of = {.bytes = form->bytes, .record = *record};
  const dkm_task_stream stream = {.context = &of, .next = next_point, .done = take_record};
  dkm_status status = job->task->create(&alone, cpu, &engine, err);
  if (!status) status = job->task->run(engine, &stream, err);
  job->task->destroy(engine);
  if (!status) return DKM_OK;
  free(*record);
  *record = NULL;
  return status;
}
