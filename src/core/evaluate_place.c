/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Filling lanes: with points that come, and with trajectories whose drive is over (arrivals), which go on in an engine of
 * other equations. */
#include <math.h>

#include "dickemap/clock.h"
#include "evaluate_engine.h"

/* Outcomes known at once take some microseconds each. */
enum { MANY_AT_ONCE = 256 };

/* Where an arrival goes, and what it does there. */
typedef struct seat {
  engine *engine;
  int lane;
  bool inside, drives; /* as in a trajectory */
  bool resumes;        /* as in an arrival */
} seat;

typedef enum fate_kind {
  FATE_WAITS, /* no lane, or no shadow, is free */
  FATE_PLACED,
  FATE_AT_ONCE /* its outcome was known at once, and was passed on */
} fate_kind;

static int free_lane(const engine *g) {
  for (int lane = 0; lane < dkm_integrator_lanes(g->integrator); lane++)
    if (!dkm_integrator_lane(g->integrator, lane)->active) return lane;
  return -1;
}

/* Whether the outcome of a lane's trajectory, which begins at g->u, is known at once; then it is passed on. */
static dkm_status try_at_once(dkm_evaluator *e, engine *g, int lane, const dkm_stream *stream, bool *known,
                              dkm_error *err) {
  trajectory *t = &g->lanes[lane];
  dkm_inquiry q;
  dkm_record record;
  const double before = dkm_clock_now();
  dkm_status status = dkm_evaluate_inquire(e, g, lane, g->u, &q, err);
  *known = status == DKM_OK && dkm_attractor_at_once(&q, &record);
  if (!*known) return status;
  record.wall_time = t->wall_time + dkm_clock_now() - before;
  if (t->past.shadow >= 0) {
    dkm_evaluate_end_shadow(e, t->past.engine, t->past.shadow, t, &record);
    t->past.shadow = -1;
  } else if (e->solver.sensitivity) { /* nothing was amplified */
    record.amplification = record.amplification_total = 1.0;
    record.sensitive = DKM_SENSITIVE_NO;
  }
  const double *u;
  status = dkm_evaluate_end_state(g, lane, &q, &record, &u, err);
  return status == DKM_OK ? dkm_evaluate_report(e, t, &record, u, stream, err) : status;
}

/* Begins a trajectory in a lane at its start g->u, with a shadow if that is wanted; *begun: false if no shadow is
 * free. */
static dkm_status begin(const dkm_evaluator *e, engine *g, int lane, bool *begun, dkm_error *err) {
  trajectory *t = &g->lanes[lane];
  dkm_lane *l = dkm_integrator_lane(g->integrator, lane);
  const dkm_point point = integrated_point(t);
  dkm_inquiry q;
  *begun = false;
  if (!t->drives) {
    dkm_status status = dkm_evaluate_inquire(e, g, lane, g->u, &q, err);
    if (status != DKM_OK) return status;
  }
  if (g->sensitivity && !dkm_evaluate_take_shadow(g, lane)) return DKM_OK;
  dkm_integrator_set_system(g->integrator, lane, integrated_system(t));
  dkm_integrator_load(g->integrator, lane, &point, g->u, 0.0);
  if (t->drives)
    l->t_limit = l->t_pause = point.duration;
  else
    dkm_attractor_begin(&t->attractor, &q, l);
  dkm_evaluate_set_pause(g, lane);
  *begun = true;
  return DKM_OK;
}

/* Whether a trajectory is integrated inside the smallest system of its start. */
static bool goes_inside(const dkm_evaluator *e, const dkm_start *start) {
  if (e->solver.method != DKM_METHOD_ENSEMBLE || e->solver.full_space || !start->is_reduced) return false;
  return start->is_pattern || !dkm_system_has_patterns(&e->system) ||
         (start->tables.memory && e->system.n_classes <= TABLES_MOST_CLASSES);
}

static engine_kind engine_of(const dkm_evaluator *e, const dkm_start *start, bool inside) {
  if (!inside) return FULL;
  return start->is_pattern ? PATTERN : dkm_system_has_patterns(&e->system) ? TABLES : FULL;
}

/* The start of an arrival becomes that of a lane.  (Member by member: what is remembered of trajectories is some kilobytes, which
 * dkm_attractor_begin writes.) */
static void take_seat(trajectory *t, const seat *to, arrival *a) {
  dkm_start_free(&t->start);
  t->start = a->start;
  a->start = (dkm_start){0};
  t->id = a->id;
  t->inside = to->inside;
  t->drives = to->drives;
  t->sampled = t->sampled_once = false;
  t->past = a->past;
  t->wall_time = a->wall_time;
  t->landscape = t->shadow = -1;
  t->t_look = t->t_note = 0.0;
  if (to->drives) t->attractor = (dkm_attractor){0}; /* none before it is over */
}

/* Puts an arrival, whose start becomes the lane's, into its seat, unless its outcome is known at once. */
static dkm_status enter(dkm_evaluator *e, const seat *to, arrival *a, const dkm_stream *stream, fate_kind *fate,
                        dkm_error *err) {
  engine *g = to->engine;
  trajectory *t = &g->lanes[to->lane];
  const bool asks = !to->drives && !to->resumes && !dkm_drive_repeats(a->start.full.drive);
  bool known = false, placed = false;
  take_seat(t, to, a);
  dkm_status status = dkm_start_state(&t->start, to->inside, g->u, err);
  if (status == DKM_OK && asks) status = try_at_once(e, g, to->lane, stream, &known, err);
  if (status != DKM_OK) return status;
  if (known) {
    *fate = FATE_AT_ONCE;
    return DKM_OK;
  }
  dkm_sampling *sampling = g->sampling[to->lane];
  if (sampling) dkm_sampling_set_system(sampling, integrated_system(t), kept_symmetry(t));
  if (!a->driven) status = dkm_evaluate_resume(e, g, to->lane, stream, &placed, err);
  if (status == DKM_OK && !placed && !to->resumes) status = begin(e, g, to->lane, &placed, err);
  if (status != DKM_OK) return status;
  if (placed) {
    *fate = FATE_PLACED;
    g->n_active++;
    return DKM_OK;
  }
  a->start = t->start; /* no shadow is free, or what was saved is of something else after all */
  t->start = (dkm_start){0};
  return DKM_OK;
}

/* Places an arrival in a lane of its engine, if there is one free, unless its outcome is known at once. */
static dkm_status place(dkm_evaluator *e, arrival *a, const dkm_stream *stream, fate_kind *fate, dkm_error *err) {
  const dkm_start *start = &a->start;
  const dkm_drive_kind drive = dkm_drive_kind_of(start->full.drive);
  dkm_status status = DKM_OK;
  *fate = FATE_WAITS;
  if (a->waits_for && a->waits_for->n_active == dkm_integrator_lanes(a->waits_for->integrator)) return DKM_OK; /* as before */
  if (drive == DKM_DRIVE_ENDS && !a->driven && !a->looked_up) status = dkm_evaluate_look_up(e, stream, a, err);
  if (status != DKM_OK) return status;
  seat to = {.inside = goes_inside(e, start),
             .drives = drive == DKM_DRIVE_ENDS && !a->driven && !a->resumes,
             .resumes = a->resumes};
  const engine_kind kind = engine_of(e, start, to.inside);
  const bool driven = to.drives || drive == DKM_DRIVE_REPEATS;
  const dkm_dynamics dynamics = driven ? DKM_DYNAMICS_DRIVEN : dkm_point_dynamics(&start->point);
  to.engine = &e->engines[engine_index(kind, dynamics)];
  if (!to.engine->integrator) status = dkm_evaluate_create_engine(e, kind, dynamics, to.engine, err);
  if (status != DKM_OK) return status;
  e->used |= 1u << engine_index(kind, dynamics);
  to.lane = free_lane(to.engine);
  a->waits_for = to.lane < 0 ? to.engine : NULL;
  if (to.lane < 0) return DKM_OK;
  status = enter(e, &to, a, stream, fate, err);
  if (status != DKM_OK || !to.resumes || *fate != FATE_WAITS) return status;
  a->resumes = false; /* from the beginning of the drive after all */
  return place(e, a, stream, fate, err);
}

/* Gives lanes to trajectories whose drive is over; those that find none stay. */
static dkm_status place_arrivals(dkm_evaluator *e, const dkm_stream *stream, dkm_error *err) {
  dkm_status status = DKM_OK;
  int left = 0;
  for (int i = 0; i < e->n_arrivals; i++) {
    fate_kind fate = FATE_WAITS;
    if (status == DKM_OK) status = place(e, &e->arrivals[i], stream, &fate, err);
    if (fate == FATE_WAITS) e->arrivals[left++] = e->arrivals[i];
  }
  e->n_arrivals = left;
  return status;
}

static dkm_status place_waiting(dkm_evaluator *e, const dkm_stream *stream, fate_kind *fate, dkm_error *err) {
  if (!e->waiting.has_start) {
    dkm_status status = dkm_start_create(&e->system, &e->point, &e->waiting.start, err);
    if (status != DKM_OK) return status;
    e->waiting.has_start = true;
  }
  dkm_status status = place(e, &e->waiting, stream, fate, err);
  if (*fate != FATE_WAITS) e->has_waiting = false;
  return status;
}

dkm_status dkm_evaluate_refill(dkm_evaluator *e, const dkm_stream *stream, bool *more, dkm_error *err) {
  int n_at_once = 0;
  *more = false;
  dkm_status status = place_arrivals(e, stream, err);
  if (status != DKM_OK || e->n_arrivals > 0) return status;
  for (fate_kind fate = FATE_PLACED; fate != FATE_WAITS && !*more;) {
    if (!e->has_waiting) {
      dkm_point point;
      e->waiting = (arrival){.past = {.shadow = -1}};
      if (!stream->next(stream->context, &point, &e->waiting.id)) return DKM_OK;
      e->point = dkm_units_point(&e->units, &point);
      e->has_waiting = true;
    }
    fate = FATE_WAITS;
    if ((status = place_waiting(e, stream, &fate, err)) != DKM_OK) return status;
    n_at_once += fate == FATE_AT_ONCE;
    *more = n_at_once >= MANY_AT_ONCE;
  }
  return DKM_OK;
}
