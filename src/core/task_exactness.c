/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The task `exactness`: the exact dynamics of finitely many spins from a product state, beside the mean field from the same start
 * (finite.h), at the times of the job.
 *
 * A point is one density matrix; or, where that does not fit into exactness.memory, the mean over exactness.trajectories quantum
 * trajectories, one after the other, whose sums and the one under way are what is saved of it. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/clock.h"
#include "dickemap/finite.h"
#include "dickemap/start.h"
#include "dickemap/task.h"

/* ---- fields ---- */

typedef enum failure { FAILURE_NONE, FAILURE_NOT_AT_REST, FAILURE_START, FAILURE_MEMORY, N_FAILURES } failure;

static const char *failure_name(int code) {
  static const char *const names[N_FAILURES] = {"none", "not_at_rest", "start", "memory"};
  return code >= 0 && code < N_FAILURES ? names[code] : "?";
}

static const char *failure_text(int code) {
  static const char *const texts[N_FAILURES] = {
      "the computation came to its end", "exactness.start is rest, but the mean field does not come to rest from the cue",
      "the start is no product of pure states",
      "the levels that are needed do not fit into exactness.memory, or steps became too short"};
  return code >= 0 && code < N_FAILURES ? texts[code] : "?";
}

static const char *way_name(int code) {
  static const char *const names[] = {"none", "master", "trajectories", "symmetric"};
  return code >= 0 && code <= DKM_FINITE_SYMMETRIC ? names[code] : "?";
}

static const char *way_text(int code) {
  static const char *const texts[] = {"nothing was computed", "the density matrix of large spins and modes",
                                      "the mean over quantum trajectories",
                                      "the density matrix in the permutation-invariant space of single spins"};
  return code >= 0 && code <= DKM_FINITE_SYMMETRIC ? texts[code] : "?";
}

static const char *frame_name(int code) {
  static const char *const names[] = {"none", "laboratory", "mean_field", "following"};
  return code >= 0 && code <= DKM_FINITE_FOLLOWING ? names[code] : "?";
}

static const char *frame_text(int code) {
  static const char *const texts[] = {"nothing was computed", "amplitudes decay freely, axes stand still", "that of the mean field",
                                      "that of the state itself"};
  return code >= 0 && code <= DKM_FINITE_FOLLOWING ? texts[code] : "?";
}

static const dkm_codes failures = {N_FAILURES, failure_name, failure_text};
static const dkm_codes ways = {DKM_FINITE_SYMMETRIC + 1, way_name, way_text};
static const dkm_codes frames = {DKM_FINITE_FOLLOWING + 1, frame_name, frame_text};

enum {
  E_N, E_N_SE, E_SPINS, E_MODES, LIMIT, BOUND, BOUND_PAPER,
  XI, XI_SE, XI_MF, ALPHA_RE, ALPHA_RE_SE, ALPHA_RE_MF, ALPHA_IM, ALPHA_IM_SE, ALPHA_IM_MF, OCCUPATION, OCCUPATION_SE,
  SPIN, SPIN_SE, SPIN_MF,
  RATE, RATE_PAPER, WAY, FRAME, FAILURE, TRAJECTORIES, JUMPS, LEVELS_SPIN, LEVELS_MODE, EDGE, TRACE, NEGATIVITY, STEP_ERROR,
  METHOD, STEPS, WALL_TIME, N_FIELDS
};

#define TIME(name, text)  {name, DKM_FLOAT64, DKM_SCALE_NUMBER, DKM_PER_TIME, 0, 1, "1", text, NULL}
#define MODE(name, text)  {name, DKM_FLOAT64, DKM_SCALE_NUMBER, DKM_PER_TIME_AND_MODE, 0, 1, "1", text, NULL}
#define SPINS(name, text) {name, DKM_FLOAT64, DKM_SCALE_NUMBER, DKM_PER_TIME_AND_SPIN, 0, 1, "1", text, NULL}
#define POINT(scale, name, type, text) {name, type, DKM_SCALE_##scale, DKM_PER_POINT, 0, 1, "1", text, NULL}
#define CODE(name, text, codes)        {name, DKM_UINT8, DKM_SCALE_NUMBER, DKM_PER_POINT, 0, 1, "1", text, &codes}

static const dkm_field rows[] = {
    [E_N] = TIME("E_N", "mean squared distance of all classes and modes from the mean field, Eq. (9)"),
    [E_N_SE] = TIME("E_N_se", "standard error of E_N, of trajectories"),
    [E_SPINS] = TIME("E_N_spins", "the part of the spins in E_N"),
    [E_MODES] = TIME("E_N_modes", "the part of the modes in E_N"),
    [LIMIT] = TIME("N_E_N_limit", "limit of N E_N for N -> infinity: Gaussian fluctuations about the mean field"),
    [BOUND] = TIME("log_bound", "logarithm of the bound E_N(0) exp(bound_rate t); NaN with losses of single spins"),
    [BOUND_PAPER] = TIME("log_bound_paper", "logarithm of the bound of the paper, E_N(0) exp(bound_rate_paper t)"),
    [XI] = MODE("xi", "overlap with the pattern of the mode"),
    [XI_SE] = MODE("xi_se", "standard error of xi"),
    [XI_MF] = MODE("xi_mean_field", "xi of the mean field"),
    [ALPHA_RE] = MODE("alpha_re", "real part of the mode's amplitude alpha"),
    [ALPHA_RE_SE] = MODE("alpha_re_se", "standard error of alpha_re"),
    [ALPHA_RE_MF] = MODE("alpha_re_mean_field", "alpha_re of the mean field"),
    [ALPHA_IM] = MODE("alpha_im", "imaginary part of the mode's amplitude alpha"),
    [ALPHA_IM_SE] = MODE("alpha_im_se", "standard error of alpha_im"),
    [ALPHA_IM_MF] = MODE("alpha_im_mean_field", "alpha_im of the mean field"),
    [OCCUPATION] = MODE("occupation", "photons of the mode by spins of a class; |alpha|^2 of the mean field"),
    [OCCUPATION_SE] = MODE("occupation_se", "standard error of the occupation"),
    [SPIN] = SPINS("spin", "mean of sigma over the spins of the class"),
    [SPIN_SE] = SPINS("spin_se", "standard error of spin"),
    [SPIN_MF] = SPINS("spin_mean_field", "spin of the mean field"),
    [RATE] = POINT(RATE, "bound_rate", DKM_FLOAT64, "3 sqrt(2 M) |g0|: ln E_N grows no faster"),
    [RATE_PAPER] = POINT(RATE, "bound_rate_paper", DKM_FLOAT64, "the paper's constant C, with d0 as the proof of Lemma 4 has it"),
    [WAY] = CODE("dynamics", "how the dynamics were computed", ways),
    [FRAME] = CODE("frame", "which classical amplitudes and directions states were kept relative to", frames),
    [FAILURE] = CODE("failure", "why nothing was computed", failures),
    [TRAJECTORIES] = POINT(NUMBER, "n_trajectories", DKM_INT64, "trajectories that were averaged"),
    [JUMPS] = POINT(NUMBER, "n_jumps", DKM_INT64, "photons that they lost"),
    [LEVELS_SPIN] = POINT(NUMBER, "levels_spin", DKM_INT32, "largest number of levels of a class"),
    [LEVELS_MODE] = POINT(NUMBER, "levels_mode", DKM_INT32, "largest number of levels of a mode"),
    [EDGE] = POINT(NUMBER, "edge_weight", DKM_FLOAT64, "largest weight of the last two levels"),
    [TRACE] = POINT(NUMBER, "trace_error", DKM_FLOAT64, "largest distance of the trace from 1"),
    [NEGATIVITY] = POINT(NUMBER, "negativity", DKM_FLOAT64, "smallest power of ten that makes the last density matrix positive; 0: it is"),
    [STEP_ERROR] = POINT(NUMBER, "step_error", DKM_FLOAT64, "sum of the estimated errors of all steps, of one trajectory"),
    [METHOD] = POINT(NUMBER, "method", DKM_UINT8, "version of the methods behind the record"),
    [STEPS] = POINT(NUMBER, "steps", DKM_INT64, "number of integration steps, attempts included"),
    [WALL_TIME] = {"wall_time", DKM_FLOAT64, DKM_SCALE_TIME, DKM_PER_POINT, 0, 0, "s", "time spent on the point", NULL},
};
static const dkm_field_list fields = {rows, N_FIELDS};
_Static_assert((int)N_FIELDS <= (int)DKM_MOST_FIELDS, "DKM_MOST_FIELDS is too small");

/* ---- the engine ---- */

/* What a saved point begins with; sums of n values and their squares follow, then the computation under way. */
typedef struct saved_point {
  uint32_t format, method;
  int64_t n_values, n_done;
  double spent;
  dkm_finite_diagnostics said;
} saved_point;
enum { SAVED_FORMAT = 1 };

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

/* Columns of the computation, then an overlap for each mode. */
static int n_columns(int n_modes) {
  const dkm_finite_model model = {.n_modes = n_modes};
  return dkm_finite_columns(&model) + n_modes;
}

static size_t n_values(const engine *e) {
  return (size_t)n_times(e) * (size_t)n_columns(e->job->system.n_modes);
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
  const double values = (double)job->exactness.n_times * n_columns(job->system.n_modes);
  const double evaluator = job->exactness.start == DKM_EXACTNESS_REST
                               ? dkm_evaluator_bytes(&job->system, &job->solver, cpu, dkm_job_needs_all_classes(job), NULL)
                               : 0.0;
  /* Levels are added beside those that are there. */
  return (double)form.bytes + 8.0 * sizeof(double) * values + 2e6 * job->exactness.memory + evaluator;
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
static dkm_status find_rest(engine *e, const dkm_point *point, failure *why, dkm_error *err) {
  rest_context context = {.engine = e, .point = *point};
  const dkm_stream stream = {
      .context = &context, .next = next_start, .done = take_rest, .interrupt = is_interrupted, .wants_states = true};
  dkm_status status = DKM_OK;
  if (!e->evaluator) status = dkm_evaluator_create(&e->job->system, &e->job->solver, e->cpu, &e->evaluator, err);
  if (!status) status = dkm_evaluate_stream(e->evaluator, &stream, err);
  if (!status && !context.found) *why = FAILURE_NOT_AT_REST;
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
static dkm_status set_model(engine *e, const dkm_point *point, failure *why, dkm_error *err) {
  const int M = e->job->system.n_modes, K = (int)e->job->system.n_classes;
  const double per_class = sqrt((double)K); /* alpha = sqrt(K) beta */
  dkm_status status = e->job->exactness.start == DKM_EXACTNESS_REST ? find_rest(e, point, why, err) : find_cue(e, point, err);
  if (status || *why != FAILURE_NONE) return status;
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

/* Values of all times, and overlaps xi_mu = sum_k f_{mu,k} z_k/K, from a computation. */
static void read_values(const engine *e, const dkm_finite *finite, double *out) {
  const int M = e->model.n_modes, K = dkm_finite_classes(&e->model), own = dkm_finite_columns(&e->model), all = n_columns(M);
  const double *values = dkm_finite_values(finite);
  for (int64_t i = 0; i < n_times(e); i++) {
    memcpy(out + i * all, values + i * own, (size_t)own * sizeof *out);
    for (int mu = 0; mu < M; mu++) {
      double xi = 0.0;
      for (int k = 0; k < K; k++) xi += dkm_finite_pattern(&e->model, mu, k) * values[i * own + dkm_finite_column_spin(k) + 2];
      out[i * all + own + mu] = xi / K;
    }
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
  dkm_finite_add((int64_t)n_values(e), e->row, e->sums, e->sums + n_values(e));
  dkm_finite_merge(&e->model, &e->said, dkm_finite_said(e->finite));
  e->n_done++;
  return DKM_OK;
}

static int64_t n_wanted(const engine *e) {
  return e->how.method == DKM_FINITE_TRAJECTORIES ? e->how.n_trajectories : 1;
}

/* All of a point.  A density matrix that does not fit becomes trajectories, where the job leaves it open. */
static dkm_status compute(engine *e, const dkm_point *point, failure *why, dkm_error *err) {
  while (e->n_done < n_wanted(e)) {
    if (e->n_done > 0 && e->finite && dkm_finite_rows(e->finite) == n_times(e)) drop(e);
    dkm_error said = {.status = DKM_OK};
    const dkm_status status = advance(e, &said);
    if (status == DKM_NUMERIC && e->how.method == DKM_FINITE_MASTER && e->job->exactness.method == DKM_FINITE_AUTO) {
      drop(e);
      e->how = how_by(e, point, DKM_FINITE_TRAJECTORIES);
      continue;
    }
    if (status == DKM_NUMERIC) *why = FAILURE_MEMORY;
    if (status == DKM_INPUT) *why = FAILURE_START;
    if (status == DKM_NUMERIC || status == DKM_INPUT) return DKM_OK;
    if (status) return dkm_fail(err, status, "%s", said.message);
  }
  return DKM_OK;
}

/* ---- the record ---- */

static void put(engine *e, int field, int64_t i, double value) {
  dkm_field_put(rows[field].type, dkm_form_member(&e->form, e->record, field), (int)i, value);
}

static void put_time(engine *e, int64_t i, const double *mean, const double *error, const double *mean_field) {
  const int M = e->model.n_modes, K = dkm_finite_classes(&e->model), own = dkm_finite_columns(&e->model);
  const double t = e->job->exactness.times[i];
  put(e, E_N, i, mean[DKM_FINITE_ERROR]);
  put(e, E_N_SE, i, error[DKM_FINITE_ERROR]);
  put(e, E_SPINS, i, mean[DKM_FINITE_ERROR_SPINS]);
  put(e, E_MODES, i, mean[DKM_FINITE_ERROR_MODES]);
  put(e, LIMIT, i, e->limit[3 * i]);
  put(e, BOUND, i, dkm_finite_log_bound(&e->model, dkm_finite_constant(&e->model), t));
  put(e, BOUND_PAPER, i, dkm_finite_log_bound(&e->model, dkm_finite_constant_paper(&e->model), t));
  for (int mu = 0; mu < M; mu++) {
    const int c = dkm_finite_column_mode(K, mu);
    double xi = 0.0;
    for (int k = 0; k < K; k++) xi += dkm_finite_pattern(&e->model, mu, k) * mean_field[3 * k + 2];
    put(e, XI, i * M + mu, mean[own + mu]);
    put(e, XI_SE, i * M + mu, error[own + mu]);
    put(e, XI_MF, i * M + mu, xi / K);
    put(e, ALPHA_RE, i * M + mu, mean[c]);
    put(e, ALPHA_RE_SE, i * M + mu, error[c]);
    put(e, ALPHA_RE_MF, i * M + mu, mean_field[3 * K + 2 * mu]);
    put(e, ALPHA_IM, i * M + mu, mean[c + 1]);
    put(e, ALPHA_IM_SE, i * M + mu, error[c + 1]);
    put(e, ALPHA_IM_MF, i * M + mu, mean_field[3 * K + 2 * mu + 1]);
    put(e, OCCUPATION, i * M + mu, mean[c + 2]);
    put(e, OCCUPATION_SE, i * M + mu, error[c + 2]);
  }
  for (int k = 0; k < K; k++)
    for (int a = 0; a < 3; a++) {
      const int c = dkm_finite_column_spin(k) + a;
      put(e, SPIN, (i * K + k) * 3 + a, mean[c]);
      put(e, SPIN_SE, (i * K + k) * 3 + a, error[c]);
      put(e, SPIN_MF, (i * K + k) * 3 + a, mean_field[3 * k + a]);
    }
}

static int most_levels(const engine *e, int first, int n) {
  int most = 0;
  for (int f = first; f < first + n; f++) most = e->said.levels[f] > most ? e->said.levels[f] : most;
  return most;
}

static dkm_status fill(engine *e, dkm_error *err) {
  const int M = e->model.n_modes, K = dkm_finite_classes(&e->model), columns = n_columns(M);
  const size_t n = n_values(e);
  const bool averaged = e->how.method == DKM_FINITE_TRAJECTORIES;
  const double *mean_field = dkm_finite_mean_field(e->finite);
  dkm_status status = dkm_finite_fluctuations(&e->model, n_times(e), e->job->exactness.times, e->how.tolerance, e->limit, NULL, err);
  if (status == DKM_NUMERIC || status == DKM_INPUT) { /* not known, which is no fault of the rest */
    for (int64_t i = 0; i < 3 * n_times(e); i++) e->limit[i] = NAN;
    status = DKM_OK;
  }
  if (status) return status;
  if (averaged)
    dkm_finite_average((int64_t)n, e->n_done, e->sums, e->sums + n, e->mean, e->errors);
  else
    memcpy(e->mean, e->row, n * sizeof *e->mean), memset(e->errors, 0, n * sizeof *e->errors);
  for (int64_t i = 0; i < n_times(e); i++)
    put_time(e, i, e->mean + i * columns, e->errors + i * columns, mean_field + i * dkm_finite_mean_field_columns(&e->model));
  put(e, RATE, 0, dkm_finite_constant(&e->model));
  put(e, RATE_PAPER, 0, dkm_finite_constant_paper(&e->model));
  put(e, WAY, 0, e->said.method);
  put(e, FRAME, 0, e->said.frame);
  put(e, TRAJECTORIES, 0, averaged ? (double)e->n_done : 0);
  put(e, JUMPS, 0, (double)e->said.n_jumps);
  put(e, LEVELS_SPIN, 0, e->how.method == DKM_FINITE_SYMMETRIC ? e->model.spins_per_class + 1 : most_levels(e, 0, K));
  put(e, LEVELS_MODE, 0, e->how.method == DKM_FINITE_SYMMETRIC ? e->said.levels[1] : most_levels(e, K, M));
  put(e, EDGE, 0, e->said.edge_weight);
  put(e, TRACE, 0, e->said.trace_error);
  put(e, NEGATIVITY, 0, e->said.negativity);
  put(e, STEP_ERROR, 0, e->said.step_error);
  put(e, STEPS, 0, (double)(e->said.steps + e->said.rejected));
  return DKM_OK;
}

/* Fails with DKM_STOPPED if the stream wants to be interrupted. */
static dkm_status make_record(engine *e, dkm_error *err) {
  dkm_point point;
  failure why = FAILURE_NONE;
  drop(e);
  e->begun = dkm_clock_now();
  e->spent = 0.0;
  e->n_done = 0;
  e->said = (dkm_finite_diagnostics){.negativity = NAN};
  memset(e->sums, 0, 2 * n_values(e) * sizeof *e->sums);
  dkm_job_point(e->job, e->i_point, &point);
  dkm_form_clear(&e->form, e->record);
  dkm_status status = set_model(e, &point, &why, err);
  if (status == DKM_OK && why == FAILURE_NOT_AT_REST && ask(e)) return dkm_fail(err, DKM_STOPPED, "interrupted");
  e->how = how_by(e, &point, first_method(e, &point));
  if (status == DKM_OK && why == FAILURE_NONE) status = restore(e, &point, err);
  if (status == DKM_OK && why == FAILURE_NONE) status = compute(e, &point, &why, err);
  if (status == DKM_OK && why == FAILURE_NONE) status = fill(e, err);
  if (status != DKM_OK) return status;
  put(e, FAILURE, 0, why);
  if (why != FAILURE_NONE) put(e, STEPS, 0, 0), put(e, WAY, 0, 0), put(e, FRAME, 0, 0);
  put(e, WALL_TIME, 0, e->spent + dkm_clock_now() - e->begun);
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

static bool has_failed(const dkm_form *form, const void *record) {
  return dkm_form_value(form, record, FAILURE, 0) != FAILURE_NONE;
}

/* ---- what theory has against a record ---- */

static bool check(const dkm_job *job, int64_t i_point, const void *record, char *why, size_t why_bytes) {
  dkm_form form;
  dkm_point point;
  dkm_form_of(job, &form);
  dkm_job_point(job, i_point, &point);
  if (has_failed(&form, record)) return true;
  const int M = job->system.n_modes, K = (int)job->system.n_classes;
  const double start = (2.0 * K + M) / (double)point.spins_per_class, allowed = 1e-7;
  for (int64_t i = 0; i < job->exactness.n_times; i++) {
    const double E = dkm_form_value(&form, record, E_N, (int)i), se = dkm_form_value(&form, record, E_N_SE, (int)i);
    const double bound = dkm_form_value(&form, record, BOUND, (int)i), t = job->exactness.times[i];
    if (!(E > 0.0)) {
      snprintf(why, why_bytes, "E_N is %g at t = %g, but a sum of squares", E, t);
      return false;
    }
    if (i == 0 && !(fabs(E - start) <= allowed * start)) {
      snprintf(why, why_bytes, "E_N is %.12g at the start, but (2 K + M)/N is %.12g", E, start);
      return false;
    }
    if (log(E) > bound + allowed && log(fmax(E - 5.0 * se, 1e-300)) > bound + allowed) {
      snprintf(why, why_bytes, "ln E_N is %.12g at t = %g, above its bound %.12g", log(E), t, bound);
      return false;
    }
    for (int j = 0; j < M; j++) {
      const double xi = dkm_form_value(&form, record, XI, (int)i * M + j);
      if (!(fabs(xi) <= 1.0 + allowed)) {
        snprintf(why, why_bytes, "|xi| is %.12g at t = %g, above 1", fabs(xi), t);
        return false;
      }
    }
  }
  return true;
}

const dkm_task dkm_task_exactness = {.name = "exactness",
                                     .text = "the exact dynamics of finitely many spins beside the mean field",
                                     .fields = &fields,
                                     .create = create,
                                     .destroy = destroy,
                                     .bytes = bytes_of,
                                     .run = run,
                                     .save = save,
                                     .has_failed = has_failed,
                                     .check = check};
