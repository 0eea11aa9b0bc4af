/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The seam: keeps the lanes of an integrator filled, asks the attractor about each of them,
 * and passes records on.  (What an evaluator consists of, and what its other files do: evaluate_engine.h.) */
#include "dickemap/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/clock.h"
#include "evaluate_engine.h"

/* How long to compute between two questions whether to go on, in seconds. */
static const double interrupt_interval = 5e-3;

/* Where looks take no longer than to ask for the time, they count with the next advance, and that is when the time is asked for. */
static bool is_quick(const dkm_evaluator *e) {
  return e->solver.until_settled && e->t_advanced > 0.0;
}

/* Begins a window of samples of a lane, or to follow its separations without; g->u is its state. */
static dkm_status begin_samples(const dkm_evaluator *e, engine *g, int lane, bool follow, dkm_error *err) {
  trajectory *t = &g->lanes[lane];
  dkm_oscillation *o = &t->attractor.oscillation;
  const dkm_point driven = integrated_point(t), *point = &driven;
  dkm_status status = dkm_evaluate_need_sampling(e, g, lane, err);
  if (status != DKM_OK) return status;
  t->sampled = t->sampled_once = true;
  const double dt = dkm_sampling_spacing(integrated_system(t), point, g->u, o->fastest);
  if (g->sensitivity) {
    dkm_evaluate_note_target(g, lane, g->u);
    dkm_sensitivity_pause(g->sensitivity, t->shadow);
  }
  if (o->anew) dkm_sampling_forget(g->sampling[lane]);
  o->anew = false;
  if (follow)
    dkm_sampling_follow(g->sampling[lane], point, o->t_sample, dt, g->u);
  else
    dkm_sampling_begin(g->sampling[lane], point, o->n_samples, dt, g->u, g->scratch);
  return DKM_OK;
}

static bool is_spent(const dkm_lane *l) {
  return l->steps_pause > 0 && l->steps >= l->steps_pause;
}

/* What to do with a lane that asks for attention. At the end its record is complete, and
 * q->u the state that it describes. */
static dkm_status outlook_of(const dkm_evaluator *e, engine *g, int lane, dkm_inquiry *q, dkm_record *record,
                             dkm_outlook *outlook, dkm_error *err) {
  trajectory *t = &g->lanes[lane];
  dkm_lane *l = dkm_integrator_lane(g->integrator, lane);
  dkm_sampling *sampling = g->sampling[lane];
  dkm_window window;
  dkm_status status = DKM_OK;
  *outlook = DKM_OUTLOOK_GO_ON;
  if (!t->sampled || (l->failure != DKM_FAILURE_NONE && !dkm_sampling_on_shadow(sampling))) {
    dkm_integrator_window(g->integrator, lane, &window);
    dkm_integrator_state(g->integrator, lane, g->u);
    if ((status = dkm_evaluate_inquire(e, g, lane, g->u, q, err)) != DKM_OK) return status;
    dkm_evaluate_reduce_window(t, &window);
    const bool quick = e->solver.until_settled; /* see is_quick */
    const double before = quick ? 0.0 : dkm_clock_now();
    *outlook = dkm_attractor_look(&t->attractor, q, &window, l, record);
    if (!quick) t->wall_time += dkm_clock_now() - before;
    return DKM_OK;
  }
  if (is_spent(l)) dkm_sampling_cut(sampling);
  const dkm_point point = integrated_point(t);
  if (!dkm_sampling_continue(sampling, &point, g->u, g->scratch)) return DKM_OK;
  t->sampled = false;
  t->attractor.steps += dkm_sampling_steps(sampling);
  if (g->sensitivity) /* separations are measured already */
    dkm_evaluate_resume_shadow(g, lane, dkm_sampling_shadow(sampling), dkm_sampling_growth(sampling));
  if ((status = dkm_evaluate_inquire(e, g, lane, g->u, q, err)) != DKM_OK) return status;
  const dkm_exponent *exponent = dkm_sampling_exponent(sampling);
  const bool quick = e->solver.until_settled;
  const double before = dkm_clock_now(); /* not of the shadows, whose time is theirs */
  *outlook = dkm_sampling_follows(sampling) ? dkm_attractor_followed(&t->attractor, q, exponent, l, record)
                                            : dkm_attractor_judge(&t->attractor, q, dkm_sampling_series(sampling),
                                                                  exponent, dkm_sampling_fastest(sampling), l, record);
  if (!quick) t->wall_time += dkm_clock_now() - before;
  return DKM_OK;
}

/* Puts back what rounding has erased of the state of a lane; pauses stay as they were set. */
static dkm_status stir(engine *g, int lane, dkm_error *err) {
  trajectory *t = &g->lanes[lane];
  dkm_lane *l = dkm_integrator_lane(g->integrator, lane);
  const dkm_point point = integrated_point(t);
  const double time = l->t, pause = l->t_pause, limit = l->t_limit;
  dkm_integrator_state(g->integrator, lane, g->u);
  if (g->sensitivity) {
    dkm_evaluate_note_target(g, lane, g->u);
    dkm_evaluate_catch_up(g, lane);
  }
  dkm_status status = dkm_attractor_stir(integrated_system(t), &point, kept_symmetry(t), g->u, err);
  if (status != DKM_OK) return status;
  if (g->sensitivity) dkm_evaluate_resume_shadow(g, lane, g->u, (dkm_growth){0});
  t->attractor.steps += l->steps;
  dkm_integrator_load(g->integrator, lane, &point, g->u, time);
  l->t_pause = pause;
  l->t_limit = limit;
  dkm_evaluate_set_pause(g, lane);
  return DKM_OK;
}

static void empty_lane(engine *g, int lane) {
  dkm_integrator_unload(g->integrator, lane);
  g->n_active--;
}

/* A drive that has failed, or taken all the steps that a trajectory may take; u: where it is. */
static dkm_status end_in_drive(dkm_evaluator *e, engine *g, int lane, const double *u, const dkm_stream *stream,
                               dkm_error *err) {
  trajectory *t = &g->lanes[lane];
  const dkm_lane *l = dkm_integrator_lane(g->integrator, lane);
  dkm_record record;
  dkm_inquiry q;
  const double *at;
  dkm_status status = dkm_evaluate_inquire(e, g, lane, u, &q, err);
  if (status != DKM_OK) return status;
  dkm_attractor_fill_unseen(&q, l, &record);
  if (g->sensitivity) dkm_sensitivity_release(g->sensitivity, t->shadow);
  record.wall_time = t->wall_time;
  empty_lane(g, lane);
  t->past.time = 0.0; /* t_end is that of the lane */
  status = dkm_evaluate_end_state(g, lane, &q, &record, &at, err);
  return status == DKM_OK ? dkm_evaluate_report(e, t, &record, at, stream, err) : status;
}

/* A drive is over, g->u being its end: the trajectory goes on elsewhere. */
static dkm_status look_at_drive(dkm_evaluator *e, engine *g, int lane, const dkm_stream *stream, dkm_error *err) {
  trajectory *t = &g->lanes[lane];
  const dkm_lane *l = dkm_integrator_lane(g->integrator, lane);
  const double *u = g->u;
  dkm_status status = DKM_OK;
  dkm_integrator_state(g->integrator, lane, g->u);
  if (l->failure != DKM_FAILURE_NONE || l->t < t->start.given.duration)
    return end_in_drive(e, g, lane, g->u, stream, err);
  if (g->sensitivity) {
    dkm_evaluate_note_target(g, lane, g->u);
    dkm_evaluate_catch_up(g, lane);
  }
  if (is_projected(t)) {
    if ((status = dkm_evaluate_need_reduced(g, err)) != DKM_OK) return status;
    dkm_start_reduce_state(&t->start, g->u, g->reduced_u);
    u = g->reduced_u;
  }
  if ((status = dkm_start_move(&t->start, u, err)) != DKM_OK) return status;
  e->arrivals[e->n_arrivals++] =
      (arrival){.has_start = true,
                .start = t->start,
                .id = t->id,
                .driven = true,
                .past = {.time = l->t, .steps = l->steps, .engine = g, .shadow = t->shadow},
                .wall_time = t->wall_time};
  t->start = (dkm_start){0};
  empty_lane(g, lane);
  return DKM_OK;
}

/* Looks at a lane that asks for attention; passes its record on and empties it if its trajectory is over. */
static dkm_status look(dkm_evaluator *e, engine *g, int lane, const dkm_stream *stream, dkm_error *err) {
  trajectory *t = &g->lanes[lane];
  dkm_lane *l = dkm_integrator_lane(g->integrator, lane);
  dkm_record record;
  if (g->sensitivity && !t->sampled && l->failure == DKM_FAILURE_NONE && l->t >= t->t_note) {
    dkm_integrator_state(g->integrator, lane, g->u);
    dkm_evaluate_note_target(g, lane, g->u);
    l->t_pause = fmin(t->t_look, t->t_note);
    if (l->t < t->t_look && l->t < l->t_limit && !is_spent(l)) return DKM_OK;
  }
  if (t->drives) return look_at_drive(e, g, lane, stream, err);
  dkm_inquiry q;
  dkm_outlook outlook;
  dkm_status status = outlook_of(e, g, lane, &q, &record, &outlook, err);
  if (status != DKM_OK) return status;
  if (outlook == DKM_OUTLOOK_SAMPLE || outlook == DKM_OUTLOOK_FOLLOW)
    return begin_samples(e, g, lane, outlook == DKM_OUTLOOK_FOLLOW, err);
  if (outlook == DKM_OUTLOOK_STIR) return stir(g, lane, err);
  if (outlook == DKM_OUTLOOK_GO_ON) {
    if (!t->sampled) dkm_evaluate_set_pause(g, lane);
    return DKM_OK;
  }
  record.wall_time = t->wall_time;
  const double *u;
  if ((status = dkm_evaluate_end_state(g, lane, &q, &record, &u, err)) != DKM_OK) return status;
  const bool shadowed = g->sensitivity && record.verdict != DKM_VERDICT_FAILED;
  if (shadowed)
    status = dkm_evaluate_keep_ending(g, lane, &record, u, err);
  else if (g->sensitivity)
    dkm_sensitivity_release(g->sensitivity, t->shadow);
  empty_lane(g, lane);
  return shadowed ? status : dkm_evaluate_report(e, t, &record, u, stream, err);
}

/* Empties everything, so that the next stream begins afresh. */
static void give_up(dkm_evaluator *e) {
  e->has_waiting = false;
  dkm_start_free(&e->waiting.start);
  for (int i = 0; i < e->n_arrivals; i++) dkm_start_free(&e->arrivals[i].start);
  e->n_arrivals = 0;
  for (int i = 0; i < N_ENGINES; i++) {
    engine *g = &e->engines[i];
    g->n_active = 0;
    g->n_endings = 0;
    for (int lane = 0; g->integrator && lane < dkm_integrator_lanes(g->integrator); lane++)
      dkm_integrator_unload(g->integrator, lane);
    for (int j = 0; g->sensitivity && j < dkm_sensitivity_shadows(g->sensitivity); j++) {
      dkm_sensitivity_release(g->sensitivity, j);
      dkm_start_free(&g->endings[j].trajectory.start);
      g->endings[j].waiting = false;
    }
  }
}

/* A lane may have done all the work that it may before the time for which a look was planned, or a window of samples is
 * full: fields may grow by orders of magnitude on the way. Returns the step, 0: none, or that is the shadow's. */
static int64_t last_step(const dkm_evaluator *e, const engine *g, int lane) {
  const trajectory *t = &g->lanes[lane];
  if (e->solver.max_steps <= 0 || (t->sampled && dkm_sampling_on_shadow(g->sampling[lane]))) return 0;
  const int64_t before = t->attractor.steps + (t->sampled ? dkm_sampling_steps(g->sampling[lane]) : 0);
  return before < e->solver.max_steps ? e->solver.max_steps - before : 1;
}

/* Advances the lanes of one engine and looks at those that ask for it. */
static dkm_status advance_lanes(dkm_evaluator *e, engine *g, const dkm_stream *stream, dkm_error *err) {
  const int n_active = g->n_active;
  for (int lane = 0; lane < dkm_integrator_lanes(g->integrator); lane++)
    dkm_integrator_lane(g->integrator, lane)->steps_pause = last_step(e, g, lane);
  const double before = is_quick(e) ? e->t_advanced : dkm_clock_now();
  dkm_integrator_advance(g->integrator);
  e->t_advanced = dkm_clock_now();
  const double share = (e->t_advanced - before) / n_active;
  for (int lane = 0; lane < dkm_integrator_lanes(g->integrator); lane++) {
    dkm_lane *l = dkm_integrator_lane(g->integrator, lane);
    if (!l->active) continue;
    g->lanes[lane].wall_time += share;
    if (l->t < l->t_pause && l->t < l->t_limit && l->failure == DKM_FAILURE_NONE && !is_spent(l)) continue;
    dkm_status status = look(e, g, lane, stream, err);
    if (status != DKM_OK) return status;
  }
  return DKM_OK;
}

/* The same, and the shadows if it is their turn. */
static dkm_status advance(dkm_evaluator *e, engine *g, const dkm_stream *stream, dkm_error *err) {
  dkm_status status = g->n_active > 0 ? advance_lanes(e, g, stream, err) : DKM_OK;
  if (!g->sensitivity || status != DKM_OK) return status;
  while (dkm_sensitivity_due(g->sensitivity)) dkm_evaluate_advance_shadows(g);
  return dkm_evaluate_report_endings(e, g, stream, err);
}

dkm_status dkm_evaluate_stream(dkm_evaluator *e, const dkm_stream *stream, dkm_error *err) {
  dkm_status status = DKM_OK;
  double asked = dkm_clock_now();
  e->t_advanced = 0.0;
  for (bool more; (status = dkm_evaluate_refill(e, stream, &more, err)) == DKM_OK;) {
    bool busy = more || e->n_arrivals > 0, advanced = false;
    for (int i = 0; i < N_ENGINES && status == DKM_OK; i++)
      if (e->used >> i & 1 && e->engines[i].n_active + e->engines[i].n_endings > 0) {
        busy = true;
        advanced = advanced || e->engines[i].n_active > 0;
        status = advance(e, &e->engines[i], stream, err);
      }
    if (status != DKM_OK || !busy) break;
    if (stream->interrupt && (advanced && is_quick(e) ? e->t_advanced : dkm_clock_now()) - asked > interrupt_interval) {
      asked = dkm_clock_now();
      if (stream->interrupt(stream->context)) {
        give_up(e);
        return DKM_OK;
      }
      e->t_advanced = 0.0; /* that was no computing */
    }
  }
  if (status != DKM_OK) give_up(e);
  return status;
}

/* ---- the same for an array ---- */

typedef struct batch {
  int64_t n, next;
  size_t state_size;
  const dkm_point *points;
  dkm_record *records;
  double *states;
} batch;

static bool batch_next(void *context, dkm_point *point, int64_t *id) {
  batch *b = context;
  if (b->next == b->n) return false;
  *id = b->next++;
  *point = b->points[*id];
  return true;
}

static void batch_done(void *context, int64_t id, const dkm_record *record, const double *state) {
  batch *b = context;
  b->records[id] = *record;
  if (b->states) memcpy(b->states + (size_t)id * b->state_size, state, b->state_size * sizeof *state);
}

dkm_status dkm_evaluate(dkm_evaluator *e, int64_t n, const dkm_point *points, dkm_record *records, double *states,
                        dkm_error *err) {
  batch b = {n, 0, dkm_model_size(&e->system), points, records, states};
  const dkm_stream stream = {.context = &b, .next = batch_next, .done = batch_done, .wants_states = states != NULL};
  return dkm_evaluate_stream(e, &stream, err);
}
