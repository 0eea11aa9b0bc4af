/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The task `states`: all stationary states of each point (ground.h), as many as there is room for (`output.states`). */
#include <math.h>
#include <stdlib.h>

#include "dickemap/ground.h"
#include "dickemap/task.h"
#include "dickemap/clock.h"

/* ---- fields ---- */

typedef enum answer { NO, YES, NOT_APPLICABLE, N_ANSWERS } answer;

static const char *answer_name(int code) {
  static const char *const names[N_ANSWERS] = {"no", "yes", "not_applicable"};
  return code >= 0 && code < N_ANSWERS ? names[code] : "?";
}

static const char *complete_text(int code) {
  static const char *const texts[N_ANSWERS] = {
      "some were not found, or some are nearly degenerate", "by all that can be checked",
      "there are no isolated states at rest (g0 or Omega is 0, dephasing alone, a drive that repeats)"};
  return code >= 0 && code < N_ANSWERS ? texts[code] : "?";
}

static const char *full_text(int code) {
  static const char *const texts[N_ANSWERS] = {"all that were found are in the file",
                                               "those with the lowest U are: output.states is too small",
                                               "there are no isolated states at rest"};
  return code >= 0 && code < N_ANSWERS ? texts[code] : "?";
}

static const dkm_codes complete_codes = {N_ANSWERS, answer_name, complete_text};
static const dkm_codes full_codes = {N_ANSWERS, answer_name, full_text};

enum {
  XI, ALPHA_RE, ALPHA_IM, U, ESCAPE, INDEX, UNSTABLE, NEUTRAL, GROWTH, DECAY, INVERTED, MULTIPLICITY,
  PATTERN, N_STATES, N_STABLE, N_INVERTED, N_DIFFERENT, COMPLETE, FULL, METHOD, STEPS, WALL_TIME, N_FIELDS
};

#define MODE(scale, name, text)        {name, DKM_FLOAT64, DKM_SCALE_##scale, DKM_PER_STATE_AND_MODE, 0, 1, "1", text, NULL}
#define STATE(scale, name, type, text) {name, type, DKM_SCALE_##scale, DKM_PER_STATE, 0, 1, "1", text, NULL}
#define POINT(name, type, text)        {name, type, DKM_SCALE_NUMBER, DKM_PER_POINT, 0, 1, "1", text, NULL}

static const dkm_field rows[] = {
    [XI] = MODE(OVERLAP, "state_xi", "overlaps of one image of the state"),
    [ALPHA_RE] = MODE(NUMBER, "state_alpha_re", "real part of its modes' amplitudes alpha"),
    [ALPHA_IM] = MODE(NUMBER, "state_alpha_im", "imaginary part of its modes' amplitudes alpha"),
    [U] = STATE(RATE, "state_U", DKM_FLOAT64, "landscape there, modes of one sign without losses or imbalance"),
    [ESCAPE] = STATE(RATE, "state_escape", DKM_FLOAT64, "of a minimum: landscape of the lowest saddle that leads to another one"),
    [INDEX] = STATE(NUMBER, "state_index", DKM_INT32, "directions in which the landscape falls; -1 without one, or with inverted classes"),
    [UNSTABLE] = STATE(NUMBER, "state_n_unstable", DKM_INT32, "number of directions that grow; -1: not known"),
    [NEUTRAL] = STATE(NUMBER, "state_n_neutral", DKM_INT32, "number of directions that neither grow nor decay; -1: not known"),
    [GROWTH] = STATE(RATE, "state_growth_rate", DKM_FLOAT64, "largest real part in its spectrum, neutral directions left out"),
    [DECAY] = STATE(RATE, "state_decay_rate", DKM_FLOAT64, "decay rate of its slowest damped direction"),
    [INVERTED] = STATE(NUMBER, "state_n_inverted", DKM_INT32, "classes of spins that are turned against their fields"),
    [MULTIPLICITY] = STATE(NUMBER, "state_multiplicity", DKM_INT64, "images under the symmetries, itself among them"),
    [PATTERN] = {"pattern_xi", DKM_FLOAT64, DKM_SCALE_OVERLAP, DKM_PER_MODE, 0, 1, "1",
                 "overlap with each pattern in the minimum of the landscape that descent from the pattern leads to", NULL},
    [N_STATES] = POINT("n_states", DKM_INT64, "stationary states with every spin along its field, with all images; -1: not applicable"),
    [N_STABLE] = POINT("n_stable", DKM_INT64, "of these, stable ones"),
    [N_INVERTED] = POINT("n_inverted", DKM_INT64, "states with classes turned against their fields, up to output.inverted of them"),
    [N_DIFFERENT] = POINT("n_different", DKM_INT64, "states of all kinds that were found, one of all images"),
    [COMPLETE] = {"complete", DKM_UINT8, DKM_SCALE_NUMBER, DKM_PER_POINT, 0, 1, "1", "whether all were found", &complete_codes},
    [FULL] = {"full", DKM_UINT8, DKM_SCALE_NUMBER, DKM_PER_POINT, 0, 1, "1", "whether there was no room for more", &full_codes},
    [METHOD] = POINT("method", DKM_UINT8, "version of the methods behind the record"),
    [STEPS] = POINT("steps", DKM_INT64, "number of integration steps: none"),
    [WALL_TIME] = {"wall_time", DKM_FLOAT64, DKM_SCALE_TIME, DKM_PER_POINT, 0, 0, "s", "time spent on the point", NULL},
};
static const dkm_field_list fields = {rows, N_FIELDS};
_Static_assert((int)N_FIELDS <= (int)DKM_MOST_FIELDS, "DKM_MOST_FIELDS is too small");

/* ---- the engine ---- */

typedef struct states_engine {
  const dkm_job *job;
  dkm_form form;
  void *record;
} engine;

static void destroy(void *of) {
  engine *e = of;
  if (!e) return;
  free(e->record);
  free(e);
}

static dkm_status create(const dkm_job *job, const char *cpu, void **out, dkm_error *err) {
  engine *e = calloc(1, sizeof *e);
  (void)cpu;
  *out = NULL;
  if (e) {
    e->job = job;
    dkm_form_of(job, &e->form);
    e->record = malloc(e->form.bytes);
  }
  if (!e || !e->record) {
    destroy(e);
    return dkm_fail(err, DKM_MEMORY, "out of memory for a record");
  }
  *out = e;
  return DKM_OK;
}

static double bytes_of(const dkm_job *job, const char *cpu) {
  dkm_form form;
  (void)cpu;
  dkm_form_of(job, &form);
  return (double)form.bytes + (double)job->n_states * sizeof(dkm_ground_state);
}

static void put(engine *e, int field, int64_t i, double value) {
  dkm_field_put(rows[field].type, dkm_form_member(&e->form, e->record, field), (int)i, value);
}

static void put_state(engine *e, int64_t i, const dkm_ground_state *s) {
  const int M = e->job->system.n_modes;
  for (int mu = 0; mu < M; mu++) {
    put(e, XI, i * M + mu, s->xi[mu]);
    put(e, ALPHA_RE, i * M + mu, s->alpha_re[mu]);
    put(e, ALPHA_IM, i * M + mu, s->alpha_im[mu]);
  }
  put(e, U, i, s->U);
  put(e, ESCAPE, i, s->escape);
  put(e, INDEX, i, s->index);
  put(e, INVERTED, i, s->n_inverted);
  put(e, MULTIPLICITY, i, (double)s->n_images);
  if (!s->has_spectrum) return;
  put(e, UNSTABLE, i, (double)s->spectrum.n_unstable);
  put(e, NEUTRAL, i, (double)s->spectrum.n_neutral);
  put(e, GROWTH, i, s->spectrum.growth_rate);
  put(e, DECAY, i, s->spectrum.decay_rate);
}

/* Fails with DKM_STOPPED if the stream wants to be interrupted. */
static dkm_status make_record(engine *e, int64_t i_point, const dkm_task_stream *stream, dkm_error *err) {
  const dkm_ground_search how = {.most_inverted = e->job->most_inverted, .interrupt = stream->interrupt, .context = stream->context};
  dkm_point point;
  dkm_ground ground;
  const double before = dkm_clock_now();
  dkm_job_point(e->job, i_point, &point);
  dkm_form_clear(&e->form, e->record);
  dkm_error why = {.status = DKM_OK};
  const dkm_status status = dkm_ground_find(&e->job->system, &point, &how, &ground, &why);
  if (status != DKM_OK && status != DKM_INPUT) return dkm_fail(err, status, "%s", why.message);
  put(e, STEPS, 0, 0);
  put(e, COMPLETE, 0, status ? NOT_APPLICABLE : ground.complete ? YES : NO);
  put(e, FULL, 0, status ? NOT_APPLICABLE : ground.n > e->job->n_states ? YES : NO);
  put(e, WALL_TIME, 0, dkm_clock_now() - before);
  if (status) return DKM_OK; /* numbers stay what they are where nothing is known */
  put(e, N_STATES, 0, (double)ground.n_all);
  put(e, N_STABLE, 0, (double)ground.n_stable);
  put(e, N_INVERTED, 0, (double)ground.n_inverted);
  put(e, N_DIFFERENT, 0, (double)ground.n);
  for (int mu = 0; mu < e->job->system.n_modes; mu++) put(e, PATTERN, mu, ground.pattern_xi[mu]);
  for (int64_t i = 0; i < ground.n && i < e->job->n_states; i++) put_state(e, i, &ground.states[i]);
  dkm_ground_free(&ground);
  return DKM_OK;
}

static dkm_status run(void *of, const dkm_task_stream *stream, dkm_error *err) {
  engine *e = of;
  int64_t i_point;
  while (stream->next(stream->context, &i_point)) {
    const dkm_status status = make_record(e, i_point, stream, err);
    if (status == DKM_STOPPED) break;
    if (status != DKM_OK) return status;
    stream->done(stream->context, i_point, e->record, NULL);
    if (stream->interrupt && stream->interrupt(stream->context)) break;
  }
  return DKM_OK;
}

const dkm_task dkm_task_states = {.name = "states",
                                  .text = "all stationary states of each point",
                                  .fields = &fields,
                                  .create = create,
                                  .destroy = destroy,
                                  .bytes = bytes_of,
                                  .run = run};
