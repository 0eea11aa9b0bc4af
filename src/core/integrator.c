/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The interface over the two integration methods. */
#include "dickemap/integrator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "integrator_method.h"

struct dkm_integrator {
  const integrator_method *method;
  void *workspace;
  int n_lanes;
  dkm_lane lanes[INTEGRATOR_MAX_LANES];
  bool driven;
  const dkm_drive *drive[INTEGRATOR_MAX_LANES]; /* of lanes that are driven, with their points */
  dkm_point point[INTEGRATOR_MAX_LANES];
};

static const integrator_method *method_of(const dkm_solver *solver) {
  return solver->method == DKM_METHOD_GSL ? &dkm_integrator_gsl : &dkm_integrator_ensemble;
}

dkm_status dkm_integrator_create(const dkm_system *system, const dkm_solver *solver, const char *cpu,
                                 dkm_integrator **out, dkm_error *err) {
  dkm_integrator *integrator = calloc(1, sizeof *integrator);
  if (!integrator) return dkm_fail(err, DKM_MEMORY, "out of memory for an integrator");
  integrator->method = method_of(solver);
  dkm_status status =
      integrator->method->create(system, solver, cpu, &integrator->workspace, &integrator->n_lanes, err);
  if (status != DKM_OK) {
    free(integrator);
    return status;
  }
  integrator->driven = solver->dynamics == DKM_DYNAMICS_DRIVEN;
  for (int lane = 0; lane < INTEGRATOR_MAX_LANES; lane++) integrator->drive[lane] = system->drive;
  *out = integrator;
  return DKM_OK;
}

void dkm_integrator_destroy(dkm_integrator *integrator) {
  if (!integrator) return;
  integrator->method->destroy(integrator->workspace);
  free(integrator);
}

double dkm_integrator_bytes(const dkm_system *system, const dkm_solver *solver, const char *cpu) {
  return sizeof(dkm_integrator) + method_of(solver)->bytes(system, solver, cpu);
}

int dkm_integrator_lanes(const dkm_integrator *integrator) {
  return integrator->n_lanes;
}

dkm_lane *dkm_integrator_lane(dkm_integrator *integrator, int lane) {
  return &integrator->lanes[lane];
}

int dkm_integrator_order(const dkm_integrator *integrator) {
  return integrator->method->order(integrator->workspace);
}

void dkm_integrator_set_system(dkm_integrator *integrator, int lane, const dkm_system *system) {
  integrator->method->set_system(integrator->workspace, lane, system);
  integrator->drive[lane] = system->drive;
}

static void set_piece(dkm_integrator *integrator, int lane) {
  const dkm_piece piece =
      dkm_drive_piece(integrator->drive[lane], &integrator->point[lane], integrator->lanes[lane].piece);
  integrator->method->set_piece(integrator->workspace, lane, &piece);
}

void dkm_integrator_load(dkm_integrator *integrator, int lane, const dkm_point *point, const double *u, double t) {
  integrator->lanes[lane] = (dkm_lane){.active = true, .t = t, .t_pause = INFINITY, .t_limit = INFINITY};
  integrator->method->load(integrator->workspace, lane, point, u, t);
  if (!integrator->driven) return;
  integrator->point[lane] = *point;
  integrator->lanes[lane].piece = dkm_drive_piece_at(integrator->drive[lane], point, t);
  set_piece(integrator, lane);
}

void dkm_integrator_unload(dkm_integrator *integrator, int lane) {
  integrator->lanes[lane] = (dkm_lane){.active = false};
  integrator->method->unload(integrator->workspace, lane);
}

void dkm_integrator_state(const dkm_integrator *integrator, int lane, double *u) {
  integrator->method->state(integrator->workspace, lane, u);
}

void dkm_integrator_window(dkm_integrator *integrator, int lane, dkm_window *window) {
  integrator->method->window(integrator->workspace, lane, window);
}

/* No step goes beyond the piece of the drive in which it begins. */
static void advance_driven(dkm_integrator *integrator) {
  double limit[INTEGRATOR_MAX_LANES], end[INTEGRATOR_MAX_LANES];
  for (int lane = 0; lane < integrator->n_lanes; lane++) {
    dkm_lane *l = &integrator->lanes[lane];
    if (!l->active) continue;
    end[lane] = dkm_drive_piece(integrator->drive[lane], &integrator->point[lane], l->piece).end;
    limit[lane] = l->t_limit;
    l->t_limit = fmin(l->t_limit, end[lane]);
  }
  integrator->method->advance(integrator->workspace, integrator->lanes);
  for (int lane = 0; lane < integrator->n_lanes; lane++) {
    dkm_lane *l = &integrator->lanes[lane];
    if (!l->active) continue;
    l->t_limit = limit[lane];
    if (l->t < end[lane]) continue;
    do { /* rounding may leave a piece without length */
      l->piece++;
    } while (dkm_drive_piece(integrator->drive[lane], &integrator->point[lane], l->piece).end <= l->t);
    set_piece(integrator, lane);
  }
}

void dkm_integrator_advance(dkm_integrator *integrator) {
  bool any_active = false;
  for (int lane = 0; lane < integrator->n_lanes; lane++) any_active |= integrator->lanes[lane].active;
  if (!any_active) return;
  if (integrator->driven)
    advance_driven(integrator);
  else
    integrator->method->advance(integrator->workspace, integrator->lanes);
}

bool dkm_integrator_sample(dkm_integrator *integrator, int lane, double t, double *xi, double *beta_re,
                           double *beta_im) {
  const integrator_method *method = integrator->method;
  dkm_lane *l = &integrator->lanes[lane];
  *(method->is_between_steps(integrator->workspace) ? &l->t_pause : &l->t_limit) = t;
  while (l->t < t && l->failure == DKM_FAILURE_NONE) dkm_integrator_advance(integrator);
  if (l->failure != DKM_FAILURE_NONE) return false;
  method->order_parameters(integrator->workspace, lane, t, l->t, xi, beta_re, beta_im);
  return true;
}

size_t dkm_integrator_saved_bytes(const dkm_integrator *integrator) {
  return sizeof(dkm_lane) + sizeof(double) * integrator->method->saved_doubles(integrator->workspace);
}

void dkm_integrator_save(const dkm_integrator *integrator, int lane, void *bytes) {
  dkm_lane *saved = bytes;
  const dkm_lane *l = &integrator->lanes[lane];
  memset(saved, 0, sizeof *saved); /* also between the members */
  saved->active = l->active;
  saved->t = l->t;
  saved->t_pause = l->t_pause;
  saved->t_limit = l->t_limit;
  saved->piece = l->piece;
  saved->steps = l->steps;
  saved->failure = l->failure;
  integrator->method->save(integrator->workspace, lane, (double *)(saved + 1));
}

void dkm_integrator_restore(dkm_integrator *integrator, int lane, const dkm_point *point, const void *bytes) {
  const dkm_lane *saved = bytes;
  integrator->lanes[lane] = *saved;
  integrator->method->restore(integrator->workspace, lane, point, saved->steps, (const double *)(saved + 1));
  integrator->point[lane] = *point;
  if (integrator->driven) set_piece(integrator, lane);
}

int64_t dkm_integrator_steps_at_once(int64_t n_classes) {
  static const int64_t class_steps = 1 << 17;
  return class_steps > n_classes ? class_steps / n_classes : 1;
}

void dkm_integrator_window_statistics(dkm_window *window, int n_modes, const double *sum_xi, const double *sum_xi_sq,
                                      const double *sum_beta_sq) {
  const double inverse = window->length > 0.0 ? 1.0 / window->length : 0.0;
  for (int mu = 0; mu < n_modes; mu++) {
    double mean = sum_xi[mu] * inverse;
    window->mean[mu] = mean;
    const double square = sum_xi_sq[mu] * inverse - mean * mean;
    window->rms[mu] = square > 0.0 ? sqrt(square) : 0.0;
    window->occupation[mu] = sum_beta_sq[mu] * inverse;
  }
}
