/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The task `exactness`: the exact dynamics of finitely many spins from a product state, beside the mean field from the same start
 * (finite.h), at the times of the job.
 *
 * A point is one density matrix; or, where that does not fit into exactness.memory, the mean over exactness.trajectories quantum
 * trajectories, one after the other, whose sums and the one under way are what is saved of it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/clock.h"
#include "dickemap/finite.h"
#include "dickemap/start.h"
#include "exactness_record.h"

/* ---- the engine ---- */

/* What a saved point begins with; sums of n values and their squares follow, then the computation under way. */
typedef struct saved_point {
  uint32_t format, method;
  int64_t n_values, n_done;
  double spent;
  dkm_finite_diagnostics said;
} saved_point;
enum { SAVED_FORMAT = 2 };

typedef struct exactness_engine {
  const dkm_job *job;
  const char *cpu;
  dkm_evaluator *evaluator; /* of starts at rest; NULL until the first */
  dkm_form form;
  void *record;
  double *u;                /* a start, 3K + 2M values */
  /* The point under way. */
  const dkm_task_stream *stream;
  int64_t i_point;
  dkm_finite_model model;
  dkm_finite_how how;
  dkm_finite *finite;       /* the computation, or the trajectory, under way; NULL: none */
  int64_t n_done;           /* trajectories that are in the sums */
  dkm_finite_diagnostics said;
  double *row, *sums, *mean, *errors, *limit; /* of all times: values and overlaps; sums and squares; ... */
  double begun, spent;
} engine;

static int64_t n_times(const engine *e) {
  return e->job->exactness.n_times;
}

static int n_columns(const dkm_job *job) {
  return dkm_exactness_columns(&(dkm_finite_model){.n_modes = job->system.n_modes});
}

static size_t n_values(const engine *e) {
  return (size_t)n_times(e) * (size_t)n_columns(e->job);
}

static void destroy(void *of) {
  engine *e = of;
  if (!e) return;
  dkm_finite_destroy(e->finite);
  dkm_evaluator_destroy(e->evaluator);
  free(e->record);
  free(e->u);
  free(e->row);
  free(e);
}

static dkm_status create(const dkm_job *job, const char *cpu, void **out, dkm_error *err) {
  engine *e = calloc(1, sizeof *e);
  *out = NULL;
  if (e) {
    e->job = job;
    e->cpu = cpu;
    dkm_form_of(job, &e->form);
    e->record = malloc(e->form.bytes);
    e->u = malloc(dkm_model_size(&job->system) * sizeof *e->u);
    e->row = calloc(5 * n_values(e) + 3 * (size_t)n_times(e), sizeof *e->row);
  }
  if (!e || !e->record || !e->u || !e->row) {
    destroy(e);
    return dkm_fail(err, DKM_MEMORY, "out of memory for a record");
  }
  const size_t n = n_values(e);
  e->sums = e->row + n;
  e->mean = e->row + 3 * n;
  e->errors = e->row + 4 * n;
  e->limit = e->row + 5 * n;
  *out = e;
  return DKM_OK;
}

static double bytes_of(const dkm_job *job, const char *cpu) {
  dkm_form form;
  dkm_form_of(job, &form);
  const double values = (double)job->exactness.n_times * n_columns(job);
  const double evaluator = job->exactness.start == DKM_EXACTNESS_REST
                               ? dkm_evaluator_bytes(&job->system, &job->solver, cpu, dkm_job_needs_all_classes(job), NULL)
                               : 0.0;
  return (double)form.bytes + 8.0 * sizeof(double) * values + 1e6 * job->exactness.memory + evaluator;
}

/* ---- the start ---- */

typedef struct rest_context {
  engine *engine;
  dkm_point point;
  bool given, found;
} rest_context;

static bool next_start(void *context, dkm_point *point, int64_t *id) {
  rest_context *c = context;
  if (c->given) return false;
  c->given = true;
  *point = c->point;
  *id = 0;
  return true;
}

static void take_rest(void *context, int64_t id, const dkm_record *record, const double *state) {
  rest_context *c = context;
  (void)id;
  c->found = record->verdict == DKM_VERDICT_FIXED_POINT;
  if (c->found) memcpy(c->engine->u, state, dkm_model_size(&c->engine->job->system) * sizeof *state);
}

static bool is_interrupted(void *context) {
  const rest_context *c = context;
  const dkm_task_stream *stream = c->engine->stream;
  return stream->interrupt && stream->interrupt(stream->context);
}

/* e->u becomes the end of a sweep's trajectory. */
static dkm_status find_rest(engine *e, const dkm_point *point, dkm_exactness_failure *why, dkm_error *err) {
  rest_context context = {.engine = e, .point = *point};
  const dkm_stream stream = {
      .context = &context, .next = next_start, .done = take_rest, .interrupt = is_interrupted, .wants_states = true};
  dkm_status status = DKM_OK;
  if (!e->evaluator) status = dkm_evaluator_create(&e->job->system, &e->job->solver, e->cpu, &e->evaluator, err);
  if (!status) status = dkm_evaluate_stream(e->evaluator, &stream, err);
  if (!status && !context.found) *why = DKM_EXACTNESS_NOT_AT_REST;
  return status;
}

static dkm_status find_cue(engine *e, const dkm_point *point, dkm_error *err) {
  dkm_start start;
  dkm_status status = dkm_start_create(&e->job->system, point, &start, err);
  if (status) return status;
  status = dkm_start_state(&start, false, e->u, err);
  dkm_start_free(&start);
  return status;
}

/* The model of the point, with its start. */
static dkm_status set_model(engine *e, const dkm_point *point, dkm_exactness_failure *why, dkm_error *err) {
  const int M = e->job->system.n_modes, K = (int)e->job->system.n_classes;
  const double per_class = sqrt((double)K); /* alpha = sqrt(K) beta */
  dkm_status status = e->job->exactness.start == DKM_EXACTNESS_REST ? find_rest(e, point, why, err) : find_cue(e, point, err);
  if (status || *why != DKM_EXACTNESS_DONE) return status;
  e->model = (dkm_finite_model){.n_modes = M, .spins_per_class = (int)point->spins_per_class, .g0 = point->g0, .Omega = point->Omega,
                                .gamma_down = point->gamma_down, .gamma_up = point->gamma_up, .gamma_phi = point->gamma_phi};
  for (int mu = 0; mu < M; mu++) {
    e->model.Omega_mu[mu] = point->Omega_mu[mu];
    e->model.kappa_mu[mu] = point->kappa_mu[mu];
    e->model.alpha_re[mu] = per_class * e->u[3 * K + mu];
    e->model.alpha_im[mu] = per_class * e->u[3 * K + M + mu];
  }
  for (int k = 0; k < K; k++)
    for (int a = 0; a < 3; a++) e->model.spin[k][a] = e->u[a * K + k];
  return DKM_OK;
}

/* ---- what is under way ---- */

static bool ask(void *context) {
  const engine *e = context;
  return e->stream->interrupt && e->stream->interrupt(e->stream->context);
}

/* How the point is computed by a method. Errors of trajectories below those of sampling would cost much and show nothing. */
static dkm_finite_how how_by(engine *e, const dkm_point *point, dkm_finite_method method) {
  const dkm_exactness *x = &e->job->exactness;
  const bool sampled = method == DKM_FINITE_TRAJECTORIES;
  return (dkm_finite_how){.method = method,
                          .frame = x->frame,
                          .tolerance = fmax(e->job->solver.tolerance, sampled ? DKM_FINITE_TOLERANCE_SAMPLED : 1e-14),
                          .edge = fmax(x->edge, sampled ? DKM_FINITE_EDGE_SAMPLED : 1e-20),
                          .memory = 1e6 * x->memory,
                          .n_trajectories = x->n_trajectories,
                          .cpu = e->cpu,
                          .seed = (uint64_t)point->seed,
                          .interrupt = ask,
                          .context = e};
}

/* That of its first attempt. */
static dkm_finite_method first_method(const engine *e, const dkm_point *point) {
  if (dkm_point_has_losses(point)) return DKM_FINITE_SYMMETRIC;
  return e->job->exactness.method == DKM_FINITE_AUTO ? DKM_FINITE_MASTER : e->job->exactness.method;
}

/* Values of all times, and overlaps, from a computation. */
static void read_values(const engine *e, const dkm_finite *finite, double *out) {
  const int own = dkm_finite_columns(&e->model);
  const double *values = dkm_finite_values(finite);
  for (int64_t i = 0; i < n_times(e); i++, values += own, out += own + e->model.n_modes) {
    memcpy(out, values, (size_t)own * sizeof *out);
    for (int mu = 0; mu < e->model.n_modes; mu++)
      out[own + mu] = dkm_exactness_overlap(&e->model, values + dkm_finite_column_spin(0) + 2, mu);
  }
}

static void drop(engine *e) {
  dkm_finite_destroy(e->finite);
  e->finite = NULL;
}

/* What an earlier process has left of it; without, it begins at its start. */
static dkm_status restore(engine *e, const dkm_point *point, dkm_error *err) {
  const void *bytes;
  size_t n_bytes;
  saved_point head;
  const size_t sums = 2 * n_values(e) * sizeof *e->sums;
  if (!e->stream->resume || !e->stream->resume(e->stream->context, e->i_point, &bytes, &n_bytes)) return DKM_OK;
  if (n_bytes < sizeof head + sums) return DKM_OK;
  memcpy(&head, bytes, sizeof head);
  if (head.format != SAVED_FORMAT || head.n_values != (int64_t)n_values(e) || head.n_done < 0) return DKM_OK;
  const bool fell_back = head.method == DKM_FINITE_TRAJECTORIES && e->job->exactness.method == DKM_FINITE_AUTO;
  if (head.method != e->how.method && !fell_back) return DKM_OK;
  const dkm_finite_how how = how_by(e, point, (dkm_finite_method)head.method);
  dkm_error why = {.status = DKM_OK};
  dkm_status status = dkm_finite_create(&e->model, n_times(e), e->job->exactness.times, &how, head.n_done, &e->finite, &why);
  if (!status)
    status = dkm_finite_restore(e->finite, (const char *)bytes + sizeof head + sums, n_bytes - sizeof head - sums, &why);
  if (status) {
    drop(e);
    return status == DKM_MEMORY ? dkm_fail(err, status, "%s", why.message) : DKM_OK;
  }
  memcpy(e->sums, (const char *)bytes + sizeof head, sums);
  e->how = how;
  e->n_done = head.n_done;
  e->said = head.said;
  e->spent = head.spent;
  if (e->stream->resumed) {
    const int64_t n = dkm_finite_rows(e->finite);
    e->stream->resumed(e->stream->context, e->i_point, n > 0 ? e->job->exactness.times[n - 1] : 0.0);
  }
  return DKM_OK;
}

static dkm_status save(void *of, double least_seconds, dkm_save *keep, void *context, dkm_error *err) {
  engine *e = of;
  const size_t sums = 2 * n_values(e) * sizeof *e->sums;
  const double spent = e->spent + dkm_clock_now() - e->begun;
  if (!e->finite || spent < least_seconds) return DKM_OK;
  const size_t n = dkm_finite_saved_bytes(e->finite);
  char *bytes = malloc(sizeof(saved_point) + sums + n);
  if (!bytes) return dkm_fail(err, DKM_MEMORY, "out of memory to save a point");
  const saved_point head = {.format = SAVED_FORMAT, .method = e->how.method, .n_values = (int64_t)n_values(e), .n_done = e->n_done,
                            .spent = spent, .said = e->said};
  memcpy(bytes, &head, sizeof head);
  memcpy(bytes + sizeof head, e->sums, sums);
  dkm_finite_save(e->finite, bytes + sizeof head + sums);
  const int64_t reached = dkm_finite_rows(e->finite);
  keep(context, e->i_point, reached > 0 ? e->job->exactness.times[reached - 1] : 0.0, bytes, sizeof head + sums + n);
  free(bytes);
  return DKM_OK;
}

/* The next computation to its end: of the density matrix, or of one trajectory, which is added to the sums. */
static dkm_status advance(engine *e, dkm_error *err) {
  dkm_status status = DKM_OK;
  if (!e->finite)
    status = dkm_finite_create(&e->model, n_times(e), e->job->exactness.times, &e->how, e->n_done, &e->finite, err);
  if (!status) status = dkm_finite_advance(e->finite, err);
  if (status) return status;
  read_values(e, e->finite, e->row);
  if (e->how.method == DKM_FINITE_TRAJECTORIES) dkm_finite_add((int64_t)n_values(e), e->row, e->sums, e->sums + n_values(e));
  dkm_finite_merge(&e->model, &e->said, dkm_finite_said(e->finite));
  e->n_done++;
  return DKM_OK;
}

static int64_t n_wanted(const engine *e) {
  return e->how.method == DKM_FINITE_TRAJECTORIES ? e->how.n_trajectories : 1;
}

/* All of a point.  A density matrix that does not fit becomes trajectories, where the job leaves it open. */
static dkm_status compute(engine *e, const dkm_point *point, dkm_exactness_failure *why, dkm_error *err) {
  while (e->n_done < n_wanted(e)) {
    if (e->n_done > 0 && e->finite && dkm_finite_rows(e->finite) == n_times(e)) drop(e);
    dkm_error said = {.status = DKM_OK};
    const dkm_status status = advance(e, &said);
    if (status == DKM_LIMIT && e->how.method == DKM_FINITE_MASTER && e->job->exactness.method == DKM_FINITE_AUTO) {
      drop(e);
      e->how = how_by(e, point, DKM_FINITE_TRAJECTORIES);
      continue;
    }
    if (status == DKM_LIMIT) {
      *why = DKM_EXACTNESS_MEMORY;
      if (e->finite) dkm_finite_merge(&e->model, &e->said, dkm_finite_said(e->finite));
    }
    if (status == DKM_NUMERIC) *why = DKM_EXACTNESS_STEPS;
    if (status == DKM_INPUT) *why = DKM_EXACTNESS_START;
    if (*why != DKM_EXACTNESS_DONE) return DKM_OK;
    if (status) return dkm_fail(err, status, "%s", said.message);
  }
  return DKM_OK;
}

/* ---- the record ---- */

static dkm_status fill(engine *e, dkm_error *err) {
  const size_t n = n_values(e);
  const bool averaged = e->how.method == DKM_FINITE_TRAJECTORIES;
  dkm_status status = dkm_finite_fluctuations(&e->model, n_times(e), e->job->exactness.times, e->how.tolerance, e->limit, NULL, err);
  if (status == DKM_NUMERIC || status == DKM_INPUT) { /* not known, which is no fault of the rest */
    for (int64_t i = 0; i < 3 * n_times(e); i++) e->limit[i] = NAN;
    status = DKM_OK;
  }
  if (status) return status;
  if (averaged)
    dkm_finite_average((int64_t)n, e->n_done, e->sums, e->sums + n, e->mean, e->errors);
  else
    memset(e->errors, 0, n * sizeof *e->errors);
  const dkm_exactness_result result = {.model = &e->model,
                                       .n_times = n_times(e),
                                       .times = e->job->exactness.times,
                                       .mean = averaged ? e->mean : e->row,
                                       .errors = e->errors,
                                       .mean_field = dkm_finite_mean_field(e->finite),
                                       .limit = e->limit,
                                       .said = &e->said};
  dkm_exactness_fill(&e->form, e->record, &result);
  return DKM_OK;
}

/* Fails with DKM_STOPPED if the stream wants to be interrupted. */
static dkm_status make_record(engine *e, dkm_error *err) {
  dkm_point point;
  dkm_exactness_failure why = DKM_EXACTNESS_DONE;
  drop(e);
  e->begun = dkm_clock_now();
  e->spent = 0.0;
  e->n_done = 0;
  e->said = (dkm_finite_diagnostics){.negativity = NAN};
  memset(e->sums, 0, 2 * n_values(e) * sizeof *e->sums);
  dkm_job_point(e->job, e->i_point, &point);
  dkm_form_clear(&e->form, e->record);
  dkm_status status = set_model(e, &point, &why, err);
  if (status == DKM_OK && why == DKM_EXACTNESS_NOT_AT_REST && ask(e)) return dkm_fail(err, DKM_STOPPED, "interrupted");
  e->how = how_by(e, &point, first_method(e, &point));
  if (status == DKM_OK && why == DKM_EXACTNESS_DONE) status = restore(e, &point, err);
  if (status == DKM_OK && why == DKM_EXACTNESS_DONE) status = compute(e, &point, &why, err);
  if (status == DKM_OK && why == DKM_EXACTNESS_DONE) status = fill(e, err);
  if (status != DKM_OK) return status;
  if (why != DKM_EXACTNESS_DONE) dkm_exactness_fill_failure(&e->form, e->record, why, &e->model, &e->said);
  dkm_field_put(DKM_FLOAT64, dkm_form_member(&e->form, e->record, e->form.wall_time), 0, e->spent + dkm_clock_now() - e->begun);
  return DKM_OK;
}

static dkm_status run(void *of, const dkm_task_stream *stream, dkm_error *err) {
  engine *e = of;
  e->stream = stream;
  while (stream->next(stream->context, &e->i_point)) {
    const dkm_status status = make_record(e, err);
    if (status == DKM_STOPPED) break;
    if (status != DKM_OK) return status;
    drop(e);
    stream->done(stream->context, e->i_point, e->record, NULL);
    if (stream->interrupt && stream->interrupt(stream->context)) break;
  }
  return DKM_OK;
}

const dkm_task dkm_task_exactness = {.name = "exactness",
                                     .text = "the exact dynamics of finitely many spins beside the mean field",
                                     .fields = &dkm_exactness_fields,
                                     .create = create,
                                     .destroy = destroy,
                                     .bytes = bytes_of,
                                     .run = run,
                                     .save = save,
                                     .has_failed = dkm_exactness_has_failed,
                                     .check = dkm_exactness_check};
