/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The seam: keeps the lanes of an integrator filled, asks the attractor about each of them,
 * and passes records on.  (What an evaluator consists of: evaluate_engine.c; what a record
 * of a smaller system says of the full one: evaluate_report.c.) */
#include "dickemap/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/clock.h"
#include "evaluate_engine.h"

/* How long to compute between two questions whether to go on, in seconds. */
static const double interrupt_interval = 5e-3;
/* Outcomes known at once take some microseconds each. */
enum { MANY_AT_ONCE = 256 };

static int free_lane(const engine *g) {
  for (int lane = 0; lane < dkm_integrator_lanes(g->integrator); lane++)
    if (!dkm_integrator_lane(g->integrator, lane)->active) return lane;
  return -1;
}

/* The attractor has set t_pause; the shadow may want a target before. */
static void set_pause(engine *g, int lane) {
  trajectory *t = &g->lanes[lane];
  dkm_lane *l = dkm_integrator_lane(g->integrator, lane);
  t->t_look = l->t_pause;
  if (g->sensitivity) l->t_pause = fmin(t->t_look, t->t_note);
}

static void fill_sensitivity(const dkm_evaluator *e, const engine *g, int shadow, const trajectory *t,
                             dkm_record *record);

/* ---- filling lanes ---- */

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
  if (e->solver.sensitivity) { /* nothing was amplified */
    record.amplification = record.amplification_total = 1.0;
    record.sensitive = DKM_SENSITIVE_NO;
  }
  record.wall_time = t->wall_time + dkm_clock_now() - before;
  if (t->ramp_shadow >= 0) { /* but in the drive */
    fill_sensitivity(e, t->ramp, t->ramp_shadow, t, &record);
    record.wall_time += t->ramp->shadow_time[t->ramp_shadow];
    dkm_sensitivity_release(t->ramp->sensitivity, t->ramp_shadow);
    t->ramp_shadow = -1;
  }
  const double *u;
  status = dkm_evaluate_end_state(g, lane, &q, &record, &u, err);
  return status == DKM_OK ? dkm_evaluate_report(e, t, &record, u, stream, err) : status;
}

/* Begins a trajectory in a lane at its start g->u, with a shadow if that is wanted; *begun: false if no shadow is
 * free. */
static dkm_status begin(const dkm_evaluator *e, engine *g, int lane, bool *begun, dkm_error *err) {
  trajectory *t = &g->lanes[lane];
  dkm_inquiry q;
  *begun = false;
  dkm_status status = dkm_evaluate_inquire(e, g, lane, g->u, &q, err);
  if (status != DKM_OK) return status;
  const dkm_point point = integrated_point(t);
  if (g->sensitivity) {
    const bool goes_on = t->ramp_shadow >= 0;
    t->shadow =
        goes_on
            ? dkm_sensitivity_take_over(g->sensitivity, t->ramp->sensitivity, t->ramp_shadow, &point, g->u, &t->t_note)
            : dkm_sensitivity_begin(g->sensitivity, integrated_system(t), kept_symmetry(t), &point, g->u, &t->t_note);
    if (t->shadow < 0) return DKM_OK;
    g->shadow_time[t->shadow] = goes_on ? t->ramp->shadow_time[t->ramp_shadow] : 0.0;
    t->ramp_shadow = -1;
  }
  dkm_integrator_set_system(g->integrator, lane, integrated_system(t));
  dkm_integrator_load(g->integrator, lane, &point, g->u, 0.0);
  dkm_attractor_begin(&t->attractor, &q, dkm_integrator_lane(g->integrator, lane));
  set_pause(g, lane);
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

/* Begins a drive in a lane at its start g->u; false if no shadow is free. */
static bool begin_drive(engine *g, int lane) {
  trajectory *t = &g->lanes[lane];
  const dkm_point point = integrated_point(t);
  if (g->sensitivity) {
    t->shadow = dkm_sensitivity_begin(g->sensitivity, integrated_system(t), kept_symmetry(t), &point, g->u, &t->t_note);
    if (t->shadow < 0) return false;
    g->shadow_time[t->shadow] = 0.0;
  }
  dkm_lane *l = dkm_integrator_lane(g->integrator, lane);
  dkm_integrator_set_system(g->integrator, lane, integrated_system(t));
  dkm_integrator_load(g->integrator, lane, &point, g->u, 0.0);
  l->t_limit = l->t_pause = point.duration;
  set_pause(g, lane);
  return true;
}

/* Puts an arrival, whose start becomes the lane's, into a lane of its engine, unless its outcome is known at once. */
static dkm_status enter(dkm_evaluator *e, engine *g, int lane, arrival *a, bool inside, bool drives, bool resumes,
                        const dkm_stream *stream, bool *placed, bool *at_once, dkm_error *err) {
  trajectory *t = &g->lanes[lane];
  const bool repeats = dkm_drive_repeats(a->start.full.drive);
  dkm_start_free(&t->start);
  *t = (trajectory){.start = a->start,
                    .id = a->id,
                    .inside = inside,
                    .drives = drives,
                    .drive_time = a->drive_time,
                    .drive_steps = a->drive_steps,
                    .wall_time = a->wall_time,
                    .ramp = a->ramp,
                    .ramp_shadow = a->driven && !resumes ? a->ramp_shadow : -1,
                    .shadow = -1};
  a->start = (dkm_start){0}; /* now the lane's */
  a->has_start = false;
  dkm_status status = dkm_start_state(&t->start, inside, g->u, err);
  if (status == DKM_OK && !drives && !repeats && !resumes) status = try_at_once(e, g, lane, stream, at_once, err);
  if (status != DKM_OK || *at_once) {
    *placed = *at_once;
    return status;
  }
  if (g->sampling[lane]) dkm_sampling_set_system(g->sampling[lane], integrated_system(t), kept_symmetry(t));
  if (!a->driven || resumes) status = dkm_evaluate_resume(e, g, lane, stream, placed, err);
  if (status == DKM_OK && !*placed && !resumes) { /* at_once may have used up the start */
    status = dkm_start_state(&t->start, inside, g->u, err);
    if (status == DKM_OK && !drives) status = begin(e, g, lane, placed, err);
    if (status == DKM_OK && drives) *placed = begin_drive(g, lane);
  }
  if (status == DKM_OK && *placed) g->n_active++;
  if (status == DKM_OK && !*placed) { /* no shadow is free, or what was saved is of something else after all */
    a->start = t->start;
    t->start = (dkm_start){0};
    a->has_start = true;
  }
  return status;
}

/* Places an arrival in a lane of its engine, if there is one free, unless its outcome is known at once. */
static dkm_status place(dkm_evaluator *e, arrival *a, const dkm_stream *stream, bool *placed, bool *at_once,
                        dkm_error *err) {
  const dkm_start *start = &a->start;
  const bool inside = goes_inside(e, start);
  const dkm_drive_kind drive = dkm_drive_kind_of(start->full.drive);
  *placed = *at_once = false;
  if (drive == DKM_DRIVE_ENDS && !a->driven && !a->looked_up) {
    dkm_status status = dkm_evaluate_look_up(e, stream, a, err);
    if (status != DKM_OK) return status;
  }
  const bool resumes = a->resumes, drives = drive == DKM_DRIVE_ENDS && !a->driven && !resumes;
  const engine_kind kind = engine_of(e, start, inside);
  const dkm_dynamics dynamics =
      drives || drive == DKM_DRIVE_REPEATS ? DKM_DYNAMICS_DRIVEN : dkm_point_dynamics(&start->point);
  engine *g = &e->engines[engine_index(kind, dynamics)];
  if (!g->integrator) {
    dkm_status status = dkm_evaluate_create_engine(e, kind, dynamics, g, err);
    if (status != DKM_OK) return status;
  }
  const int lane = free_lane(g);
  if (lane < 0) return DKM_OK;
  dkm_status status = enter(e, g, lane, a, inside, drives, resumes, stream, placed, at_once, err);
  if (status == DKM_OK && resumes && !*placed && !*at_once) { /* from the beginning of the drive after all */
    a->resumes = false;
    return place(e, a, stream, placed, at_once, err);
  }
  return status;
}

/* Gives lanes to trajectories whose drive is over; those that find none stay. */
static dkm_status place_arrivals(dkm_evaluator *e, const dkm_stream *stream, dkm_error *err) {
  dkm_status status = DKM_OK;
  int left = 0;
  for (int i = 0; i < e->n_arrivals; i++) {
    bool placed = false, at_once;
    if (status == DKM_OK) status = place(e, &e->arrivals[i], stream, &placed, &at_once, err);
    if (!placed) e->arrivals[left++] = e->arrivals[i];
  }
  e->n_arrivals = left;
  return status;
}

static dkm_status place_waiting(dkm_evaluator *e, const dkm_stream *stream, bool *placed, bool *at_once,
                                dkm_error *err) {
  *placed = *at_once = false;
  if (!e->waiting.has_start) {
    dkm_status status = dkm_start_create(&e->system, &e->point, &e->waiting.start, err);
    if (status != DKM_OK) return status;
    e->waiting.has_start = true;
  }
  dkm_status status = place(e, &e->waiting, stream, placed, at_once, err);
  if (*placed) e->has_waiting = false;
  return status;
}

/* Fills lanes until there are no points now, or the next one has to wait for a lane; *more: or so many outcomes were
 * known at once that it is time to ask whether to go on. */
static dkm_status refill(dkm_evaluator *e, const dkm_stream *stream, bool *more, dkm_error *err) {
  int n_at_once = 0;
  *more = false;
  dkm_status status = place_arrivals(e, stream, err);
  if (status != DKM_OK || e->n_arrivals > 0) return status;
  for (bool placed = true; placed && !*more;) {
    bool at_once;
    if (!e->has_waiting) {
      dkm_point point;
      e->waiting = (arrival){0};
      if (!stream->next(stream->context, &point, &e->waiting.id)) return DKM_OK;
      e->point = dkm_units_point(&e->units, &point);
      e->has_waiting = true;
    }
    if ((status = place_waiting(e, stream, &placed, &at_once, err)) != DKM_OK) return status;
    n_at_once += at_once;
    *more = n_at_once >= MANY_AT_ONCE;
  }
  return DKM_OK;
}

/* ---- sensitivity ---- */

/* The state u of a lane is a target of its shadow. */
static void note_target(engine *g, int lane, const double *u) {
  trajectory *t = &g->lanes[lane];
  const dkm_lane *l = dkm_integrator_lane(g->integrator, lane);
  t->t_note = dkm_sensitivity_note(g->sensitivity, t->shadow, l->t, u, l->steps);
}

static void advance_shadows(engine *g) {
  const double before = dkm_clock_now();
  const int n = dkm_sensitivity_advance(g->sensitivity, g->served);
  const double share = (dkm_clock_now() - before) / n;
  for (int i = 0; i < dkm_sensitivity_shadows(g->sensitivity); i++)
    if (g->served[i]) g->shadow_time[i] += share;
}

/* A window of samples is full, or separations were followed without: they are measured already; g->u: the state at the
 * end. */
static void note_samples(engine *g, int lane) {
  trajectory *t = &g->lanes[lane];
  const dkm_sampling *sampling = g->sampling[lane];
  while (dkm_sensitivity_behind(g->sensitivity, t->shadow)) advance_shadows(g);
  t->t_note = dkm_sensitivity_resume(g->sensitivity, t->shadow, dkm_integrator_lane(g->integrator, lane)->t, g->u,
                                     dkm_sampling_shadow(sampling), dkm_sampling_growth(sampling));
}

/* The product speaks of tens of steps; the errors of more of them, until the outcome was settled, may add up, as
 * those of a phase do. */
static double errors_of_steps(const trajectory *t, const dkm_record *record) {
  const double part = record->t_settled < record->t_end ? record->t_settled / record->t_end : 1.0;
  return fmax(1.0, ((double)t->drive_steps + part * (double)record->steps) / DKM_SENSITIVE_STEPS);
}

static void fill_sensitivity(const dkm_evaluator *e, const engine *g, int shadow, const trajectory *t,
                             dkm_record *record) {
  record->amplification_total = dkm_sensitivity_total(g->sensitivity, shadow);
  record->amplification = dkm_record_comes_to_rest(record) ? dkm_sensitivity_settled(g->sensitivity, shadow, record->xi)
                                                           : record->amplification_total;
  const double product = record->amplification * e->solver.tolerance * errors_of_steps(t, record);
  if (record->verdict == DKM_VERDICT_IRREGULAR || product >= DKM_SENSITIVE_PRODUCT)
    record->sensitive = DKM_SENSITIVE_YES;
  else if (!isnan(record->amplification))
    record->sensitive = DKM_SENSITIVE_NO;
}

/* ---- a lane that asks for attention ---- */

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
    note_target(g, lane, g->u);
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
    const double before = dkm_clock_now();
    *outlook = dkm_attractor_look(&t->attractor, q, &window, l, record);
    t->wall_time += dkm_clock_now() - before;
    return DKM_OK;
  }
  if (is_spent(l)) dkm_sampling_cut(sampling);
  const dkm_point point = integrated_point(t);
  if (!dkm_sampling_continue(sampling, &point, g->u, g->scratch)) return DKM_OK;
  t->sampled = false;
  t->attractor.steps += dkm_sampling_steps(sampling);
  if (g->sensitivity) note_samples(g, lane);
  if ((status = dkm_evaluate_inquire(e, g, lane, g->u, q, err)) != DKM_OK) return status;
  const dkm_exponent *exponent = dkm_sampling_exponent(sampling);
  const double before = dkm_clock_now(); /* not of note_samples, whose time is the shadows' */
  *outlook = dkm_sampling_follows(sampling) ? dkm_attractor_followed(&t->attractor, q, exponent, l, record)
                                            : dkm_attractor_judge(&t->attractor, q, dkm_sampling_series(sampling),
                                                                  exponent, dkm_sampling_fastest(sampling), l, record);
  t->wall_time += dkm_clock_now() - before;
  return DKM_OK;
}

/* Keeps a record and u until the shadow of the lane has caught up. */
static dkm_status keep_ending(engine *g, int lane, const dkm_record *record, const double *u, dkm_error *err) {
  trajectory *t = &g->lanes[lane];
  ending *end = &g->endings[t->shadow];
  const size_t size = dkm_model_size(&g->system);
  dkm_integrator_state(g->integrator, lane, g->scratch);
  note_target(g, lane, g->scratch);
  dkm_sensitivity_finish(g->sensitivity, t->shadow);
  if (!end->u && !(end->u = calloc(size, sizeof *end->u)))
    return dkm_fail(err, DKM_MEMORY, "out of memory for a state");
  end->waiting = true;
  end->trajectory = *t;
  end->record = *record;
  memcpy(end->u, u, dkm_model_size(&t->start.system) * sizeof *end->u);
  t->start = (dkm_start){0}; /* now that of the ending */
  g->n_endings++;
  return DKM_OK;
}

/* Passes on the records whose shadows have caught up. */
static dkm_status report_endings(dkm_evaluator *e, engine *g, const dkm_stream *stream, dkm_error *err) {
  dkm_status status = DKM_OK;
  for (int i = 0; g->n_endings > 0 && i < dkm_sensitivity_shadows(g->sensitivity) && status == DKM_OK; i++) {
    ending *end = &g->endings[i];
    if (!end->waiting || !dkm_sensitivity_done(g->sensitivity, i)) continue;
    fill_sensitivity(e, g, i, &end->trajectory, &end->record);
    end->record.wall_time += g->shadow_time[i];
    dkm_sensitivity_release(g->sensitivity, i);
    end->waiting = false;
    g->n_endings--;
    status = dkm_evaluate_report(e, &end->trajectory, &end->record, end->u, stream, err);
  }
  return status;
}

/* Puts back what rounding has erased of the state of a lane; pauses stay as they were set. */
static dkm_status stir(engine *g, int lane, dkm_error *err) {
  trajectory *t = &g->lanes[lane];
  dkm_lane *l = dkm_integrator_lane(g->integrator, lane);
  const dkm_point point = integrated_point(t);
  const double time = l->t, pause = l->t_pause, limit = l->t_limit;
  dkm_integrator_state(g->integrator, lane, g->u);
  if (g->sensitivity) {
    note_target(g, lane, g->u);
    while (dkm_sensitivity_behind(g->sensitivity, t->shadow)) advance_shadows(g);
  }
  dkm_status status = dkm_attractor_stir(integrated_system(t), &point, kept_symmetry(t), g->u, err);
  if (status != DKM_OK) return status;
  if (g->sensitivity) t->t_note = dkm_sensitivity_resume(g->sensitivity, t->shadow, time, g->u, g->u, (dkm_growth){0});
  t->attractor.steps += l->steps;
  dkm_integrator_load(g->integrator, lane, &point, g->u, time);
  l->t_pause = pause;
  l->t_limit = limit;
  set_pause(g, lane);
  return DKM_OK;
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
  dkm_integrator_unload(g->integrator, lane);
  g->n_active--;
  t->drive_time = 0.0; /* t_end is that of the lane */
  status = dkm_evaluate_end_state(g, lane, &q, &record, &at, err);
  return status == DKM_OK ? dkm_evaluate_report(e, t, &record, at, stream, err) : status;
}

/* A drive is over: the trajectory goes on elsewhere. */
static dkm_status look_at_drive(dkm_evaluator *e, engine *g, int lane, const dkm_stream *stream, dkm_error *err) {
  trajectory *t = &g->lanes[lane];
  const dkm_lane *l = dkm_integrator_lane(g->integrator, lane);
  dkm_integrator_state(g->integrator, lane, g->u);
  if (g->sensitivity && l->failure == DKM_FAILURE_NONE && (l->t >= t->t_note || l->t >= l->t_limit)) {
    note_target(g, lane, g->u);
    dkm_integrator_lane(g->integrator, lane)->t_pause = fmin(t->t_look, t->t_note);
    if (l->t < l->t_limit && !is_spent(l)) return DKM_OK;
    while (dkm_sensitivity_behind(g->sensitivity, t->shadow)) advance_shadows(g);
  }
  if (l->failure != DKM_FAILURE_NONE || l->t < t->start.given.duration)
    return end_in_drive(e, g, lane, g->u, stream, err);
  const double *u = g->u;
  dkm_status status = DKM_OK;
  if (t->start.is_reduced && !t->inside) {
    if ((status = dkm_evaluate_need_reduced(g, err)) != DKM_OK) return status;
    dkm_start_reduce_state(&t->start, g->u, g->reduced_u);
    u = g->reduced_u;
  }
  if ((status = dkm_start_move(&t->start, u, err)) != DKM_OK) return status;
  e->arrivals[e->n_arrivals++] = (arrival){.has_start = true,
                                           .start = t->start,
                                           .id = t->id,
                                           .driven = true,
                                           .drive_time = l->t,
                                           .drive_steps = l->steps,
                                           .ramp = g,
                                           .ramp_shadow = t->shadow,
                                           .wall_time = t->wall_time};
  t->start = (dkm_start){0};
  dkm_integrator_unload(g->integrator, lane);
  g->n_active--;
  return DKM_OK;
}

/* Looks at a lane that asks for attention; passes its record on and empties it if its trajectory is over. */
static dkm_status look(dkm_evaluator *e, engine *g, int lane, const dkm_stream *stream, dkm_error *err) {
  trajectory *t = &g->lanes[lane];
  dkm_lane *l = dkm_integrator_lane(g->integrator, lane);
  dkm_record record;
  if (t->drives) return look_at_drive(e, g, lane, stream, err);
  if (g->sensitivity && !t->sampled && l->failure == DKM_FAILURE_NONE && l->t >= t->t_note) {
    dkm_integrator_state(g->integrator, lane, g->u);
    note_target(g, lane, g->u);
    l->t_pause = fmin(t->t_look, t->t_note);
    if (l->t < t->t_look && l->t < l->t_limit && !is_spent(l)) return DKM_OK;
  }
  dkm_inquiry q;
  dkm_outlook outlook;
  dkm_status status = outlook_of(e, g, lane, &q, &record, &outlook, err);
  if (status != DKM_OK) return status;
  if (outlook == DKM_OUTLOOK_SAMPLE || outlook == DKM_OUTLOOK_FOLLOW)
    return begin_samples(e, g, lane, outlook == DKM_OUTLOOK_FOLLOW, err);
  if (outlook == DKM_OUTLOOK_STIR) return stir(g, lane, err);
  if (outlook == DKM_OUTLOOK_GO_ON) {
    if (!t->sampled) set_pause(g, lane);
    return DKM_OK;
  }
  record.wall_time = t->wall_time;
  const double *u;
  if ((status = dkm_evaluate_end_state(g, lane, &q, &record, &u, err)) != DKM_OK) return status;
  const bool shadowed = g->sensitivity && record.verdict != DKM_VERDICT_FAILED;
  if (shadowed)
    status = keep_ending(g, lane, &record, u, err);
  else if (g->sensitivity)
    dkm_sensitivity_release(g->sensitivity, t->shadow);
  dkm_integrator_unload(g->integrator, lane);
  g->n_active--;
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
  const double before = dkm_clock_now();
  dkm_integrator_advance(g->integrator);
  const double share = (dkm_clock_now() - before) / n_active;
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
  while (dkm_sensitivity_due(g->sensitivity)) advance_shadows(g);
  return report_endings(e, g, stream, err);
}

dkm_status dkm_evaluate_stream(dkm_evaluator *e, const dkm_stream *stream, dkm_error *err) {
  dkm_status status = DKM_OK;
  double asked = dkm_clock_now();
  for (bool more; (status = refill(e, stream, &more, err)) == DKM_OK;) {
    bool busy = more || e->n_arrivals > 0;
    for (int i = 0; i < N_ENGINES && status == DKM_OK; i++)
      if (e->engines[i].n_active + e->engines[i].n_endings > 0) {
        busy = true;
        status = advance(e, &e->engines[i], stream, err);
      }
    if (status != DKM_OK || !busy) break;
    if (stream->interrupt && dkm_clock_now() - asked > interrupt_interval) {
      asked = dkm_clock_now();
      if (stream->interrupt(stream->context)) {
        give_up(e);
        return DKM_OK;
      }
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
