/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The shadows of trajectories (sensitivity.h): their targets, their turns, and what they say of the records. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/clock.h"
#include "evaluate_engine.h"

void dkm_evaluate_set_pause(engine *g, int lane) {
  trajectory *t = &g->lanes[lane];
  dkm_lane *l = dkm_integrator_lane(g->integrator, lane);
  t->t_look = l->t_pause;
  if (g->sensitivity) l->t_pause = fmin(t->t_look, t->t_note);
}

bool dkm_evaluate_take_shadow(engine *g, int lane) {
  trajectory *t = &g->lanes[lane];
  const past_drive *past = &t->past;
  const dkm_point point = integrated_point(t);
  const bool goes_on = past->shadow >= 0;
  t->shadow =
      goes_on ? dkm_sensitivity_take_over(g->sensitivity, past->engine->sensitivity, past->shadow, &point, g->u, &t->t_note)
              : dkm_sensitivity_begin(g->sensitivity, integrated_system(t), kept_symmetry(t), &point, g->u, &t->t_note);
  if (t->shadow < 0) return false;
  g->shadow_time[t->shadow] = goes_on ? past->engine->shadow_time[past->shadow] : 0.0;
  t->past.shadow = -1;
  return true;
}

void dkm_evaluate_note_target(engine *g, int lane, const double *u) {
  trajectory *t = &g->lanes[lane];
  const dkm_lane *l = dkm_integrator_lane(g->integrator, lane);
  t->t_note = dkm_sensitivity_note(g->sensitivity, t->shadow, l->t, u, l->steps);
}

void dkm_evaluate_advance_shadows(engine *g) {
  const double before = dkm_clock_now();
  const int n = dkm_sensitivity_advance(g->sensitivity, g->served);
  const double share = (dkm_clock_now() - before) / n;
  for (int i = 0; i < dkm_sensitivity_shadows(g->sensitivity); i++)
    if (g->served[i]) g->shadow_time[i] += share;
}

void dkm_evaluate_catch_up(engine *g, int lane) {
  while (dkm_sensitivity_behind(g->sensitivity, g->lanes[lane].shadow)) dkm_evaluate_advance_shadows(g);
}

void dkm_evaluate_resume_shadow(engine *g, int lane, const double *shadow, dkm_growth growth) {
  trajectory *t = &g->lanes[lane];
  const double now = dkm_integrator_lane(g->integrator, lane)->t;
  dkm_evaluate_catch_up(g, lane);
  t->t_note = dkm_sensitivity_resume(g->sensitivity, t->shadow, now, g->u, shadow, growth);
}

/* The product speaks of tens of steps; the errors of more of them, until the outcome was settled, may add up, as
 * those of a phase do. */
static double errors_of_steps(const trajectory *t, const dkm_record *record) {
  const double part = record->t_settled < record->t_end ? record->t_settled / record->t_end : 1.0;
  return fmax(1.0, ((double)t->past.steps + part * (double)record->steps) / DKM_SENSITIVE_STEPS);
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

void dkm_evaluate_end_shadow(const dkm_evaluator *e, engine *g, int shadow, const trajectory *t, dkm_record *record) {
  fill_sensitivity(e, g, shadow, t, record);
  record->wall_time += g->shadow_time[shadow];
  dkm_sensitivity_release(g->sensitivity, shadow);
}

dkm_status dkm_evaluate_keep_ending(engine *g, int lane, const dkm_record *record, const double *u, dkm_error *err) {
  trajectory *t = &g->lanes[lane];
  ending *end = &g->endings[t->shadow];
  const size_t size = dkm_model_size(&g->system);
  dkm_integrator_state(g->integrator, lane, g->scratch);
  dkm_evaluate_note_target(g, lane, g->scratch);
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

dkm_status dkm_evaluate_report_endings(dkm_evaluator *e, engine *g, const dkm_stream *stream, dkm_error *err) {
  dkm_status status = DKM_OK;
  for (int i = 0; g->n_endings > 0 && i < dkm_sensitivity_shadows(g->sensitivity) && status == DKM_OK; i++) {
    ending *end = &g->endings[i];
    if (!end->waiting || !dkm_sensitivity_done(g->sensitivity, i)) continue;
    dkm_evaluate_end_shadow(e, g, i, &end->trajectory, &end->record);
    end->waiting = false;
    g->n_endings--;
    status = dkm_evaluate_report(e, &end->trajectory, &end->record, end->u, stream, err);
  }
  return status;
}
