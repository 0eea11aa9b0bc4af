/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is asked about a trajectory: not about the classes that are integrated, but about the smallest system that its start
 * stays in, and there about the bodies that its spins form. */
#include <math.h>
#include <string.h>

#include "evaluate_engine.h"

/* The landscape for the questions about a trajectory: one that is turned to them, or one that no other lane uses. */
static int choose_landscape(engine *g, int lane) {
  const trajectory *t = &g->lanes[lane];
  bool used[INTEGRATOR_MAX_LANES] = {false};
  const int n = dkm_integrator_lanes(g->integrator);
  for (int i = 0; i < n; i++)
    if (g->landscape[i] && dkm_landscape_is_at(g->landscape[i], dkm_start_asked(&t->start), &t->start.point,
                                               dkm_start_lengths(&t->start)))
      return i;
  for (int other = 0; other < n; other++)
    if (other != lane && dkm_integrator_lane(g->integrator, other)->active && g->lanes[other].landscape >= 0)
      used[g->lanes[other].landscape] = true;
  for (int i = lane;; i = (i + 1) % n) /* there are as many as lanes */
    if (!used[i]) return i;
}

dkm_status dkm_evaluate_inquire(const dkm_evaluator *e, engine *g, int lane, const double *u, dkm_inquiry *q,
                                dkm_error *err) {
  trajectory *t = &g->lanes[lane];
  if (t->landscape < 0) t->landscape = choose_landscape(g, lane);
  dkm_landscape **landscape = &g->landscape[t->landscape];
  const dkm_start *start = &t->start;
  const bool projected = is_projected(t), by_bodies = start->bodies.n_bodies > 0;
  const dkm_system *asked = dkm_start_asked(start);
  dkm_status status = projected ? dkm_evaluate_need_reduced(g, err) : DKM_OK;
  if (status == DKM_OK && by_bodies) status = dkm_evaluate_need_means(g, err);
  if (status == DKM_OK && !*landscape) status = dkm_landscape_create(&g->system, landscape, err);
  /* One class and mode come to rest, unless spins lose something, couplings are unbalanced or a drive repeats. */
  const bool rests = start->is_pattern && dkm_point_dynamics(&start->point) == DKM_DYNAMICS_CONSERVED &&
                     !dkm_drive_repeats(start->full.drive);
  const bool cycles = t->sampled_once && !rests, losses = dkm_point_has_losses(&start->point);
  if (status == DKM_OK && cycles) status = dkm_cycle_workspace_fit(&g->cycles, asked, losses, err);
  if (status != DKM_OK) return status;
  double *reduced = projected ? g->reduced_u : g->u;
  *q = (dkm_inquiry){.system = asked,
                     .point = &start->point,
                     .lengths = dkm_start_lengths(start),
                     .solver = &e->solver,
                     .workspace = g->workspace,
                     .cycles = cycles ? g->cycles : NULL,
                     .landscape = *landscape,
                     .u = by_bodies ? g->means : reduced,
                     .scratch = projected ? g->reduced_scratch : g->scratch};
  dkm_fixedpoint_set_system(g->workspace, q->system);
  if ((status = dkm_landscape_set_system(*landscape, q->system, err)) != DKM_OK) return status;
  if (projected)
    dkm_start_reduce_state(start, u, reduced);
  else if (u != g->u)
    memcpy(g->u, u, dkm_model_size(&start->system) * sizeof *u);
  if (by_bodies) dkm_bodies_means(&start->bodies, reduced, q->u);
  return DKM_OK;
}

void dkm_evaluate_reduce_window(const trajectory *t, dkm_window *window) {
  if (!is_projected(t)) return;
  const dkm_window full = *window;
  for (int mu = t->start.full.n_modes - 1; mu >= 0; mu--) {
    const int i = t->start.mode_group[mu];
    const double factor = t->start.mode_factor[mu];
    if (i < 0) continue;
    window->mean[i] = full.mean[mu] / factor;
    window->rms[i] = full.rms[mu] / fabs(factor);
    window->occupation[i] = full.occupation[mu] / (factor * factor);
  }
}

dkm_status dkm_evaluate_end_state(engine *g, int lane, const dkm_inquiry *q, const dkm_record *record, const double **u,
                                  dkm_error *err) {
  const trajectory *t = &g->lanes[lane];
  double *reduced = is_projected(t) ? g->reduced_u : g->u;
  *u = reduced;
  const dkm_bodies *bodies = &t->start.bodies;
  if (!bodies->n_bodies) return DKM_OK;
  if (!bodies->forgets) return dkm_bodies_turn(bodies, q->u, reduced, err);
  /* What is left of differences within a body is no part of the end. */
  if (dkm_record_comes_to_rest(record) || record->verdict == DKM_VERDICT_LIMIT_CYCLE)
    dkm_bodies_spread(bodies, q->u, reduced);
  return DKM_OK;
}
