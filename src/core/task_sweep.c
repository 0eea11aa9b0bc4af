/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The task `sweep`: one trajectory from each point, by the evaluator (evaluate.h). */
#include <stdlib.h>

#include "dickemap/check.h"
#include "dickemap/task.h"

typedef struct sweep {
  const dkm_job *job;
  dkm_evaluator *evaluator;
} sweep;

static void destroy(void *engine) {
  sweep *s = engine;
  if (!s) return;
  dkm_evaluator_destroy(s->evaluator);
  free(s);
}

static dkm_status create(const dkm_job *job, const char *cpu, void **engine, dkm_error *err) {
  sweep *s = calloc(1, sizeof *s);
  *engine = NULL;
  if (!s) return dkm_fail(err, DKM_MEMORY, "out of memory for an evaluator");
  s->job = job;
  const dkm_status status = dkm_evaluator_create(&job->system, &job->solver, cpu, &s->evaluator, err);
  if (status == DKM_OK)
    *engine = s;
  else
    destroy(s);
  return status;
}

static double bytes(const dkm_job *job, const char *cpu) {
  bool occurs[DKM_N_DYNAMICS];
  dkm_job_dynamics(job, occurs);
  return dkm_evaluator_bytes(&job->system, &job->solver, cpu, dkm_job_needs_all_classes(job), occurs);
}

/* ---- one stream as the other ---- */

struct passing {
  const dkm_job *job;
  const dkm_task_stream *to;
};

static bool pass_next(void *context, dkm_point *point, int64_t *id) {
  const struct passing *p = context;
  if (!p->to->next(p->to->context, id)) return false;
  dkm_job_point(p->job, *id, point);
  return true;
}

static void pass_done(void *context, int64_t id, const dkm_record *record, const double *state) {
  const struct passing *p = context;
  p->to->done(p->to->context, id, record, state);
}

static bool pass_interrupt(void *context) {
  const struct passing *p = context;
  return p->to->interrupt(p->to->context);
}

static bool pass_resume(void *context, int64_t id, const void **saved, size_t *n_bytes) {
  const struct passing *p = context;
  return p->to->resume(p->to->context, id, saved, n_bytes);
}

static void pass_resumed(void *context, int64_t id, double t) {
  const struct passing *p = context;
  p->to->resumed(p->to->context, id, t);
}

static dkm_status run(void *engine, const dkm_task_stream *to, dkm_error *err) {
  sweep *s = engine;
  struct passing passing = {s->job, to};
  const dkm_stream stream = {.context = &passing,
                             .next = pass_next,
                             .done = pass_done,
                             .interrupt = to->interrupt ? pass_interrupt : NULL,
                             .wants_states = to->wants_states,
                             .resume = to->resume ? pass_resume : NULL,
                             .resumed = to->resumed ? pass_resumed : NULL};
  return dkm_evaluate_stream(s->evaluator, &stream, err);
}

static dkm_status save(void *engine, double least_seconds, dkm_save *put, void *context, dkm_error *err) {
  return dkm_evaluator_save(((sweep *)engine)->evaluator, least_seconds, put, context, err);
}

static bool has_failed(const dkm_form *form, const void *record) {
  (void)form;
  return ((const dkm_record *)record)->verdict == DKM_VERDICT_FAILED;
}

static bool check(const dkm_job *job, int64_t i_point, const void *record, char *why, size_t why_bytes) {
  dkm_point point;
  dkm_job_point(job, i_point, &point);
  return dkm_check_record(&job->system, &point, record, why, why_bytes);
}

const dkm_task dkm_task_sweep = {.name = "sweep",
                                 .text = "one trajectory from each point",
                                 .fields = &dkm_record_fields,
                                 .record_bytes = sizeof(dkm_record),
                                 .keeps_states = true,
                                 .create = create,
                                 .destroy = destroy,
                                 .bytes = bytes,
                                 .run = run,
                                 .save = save,
                                 .has_failed = has_failed,
                                 .check = check};
