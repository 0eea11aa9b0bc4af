/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an evaluator consists of: made, destroyed, and how much memory that takes. */
#include "evaluate_engine.h"

#include <stdio.h>
#include <stdlib.h>

static dkm_system one_pattern(void) {
  dkm_system system;
  dkm_system_of_patterns(&system, DKM_GAUGED, 1, NULL); /* cannot fail for M = 1 */
  return system;
}

size_t dkm_evaluate_scratch_size(const dkm_system *system) {
  return dkm_model_size(system) + 2 * (size_t)system->n_classes;
}

static void destroy_engine(engine *g) {
  dkm_integrator_destroy(g->integrator);
  dkm_fixedpoint_workspace_destroy(g->workspace);
  dkm_cycle_workspace_destroy(g->cycles);
  for (int lane = 0; lane < INTEGRATOR_MAX_LANES; lane++) {
    dkm_sampling_destroy(g->sampling[lane]);
    dkm_landscape_destroy(g->landscape[lane]);
    dkm_start_free(&g->lanes[lane].start);
  }
  for (int i = 0; g->endings && i < dkm_sensitivity_shadows(g->sensitivity); i++) {
    free(g->endings[i].u);
    dkm_start_free(&g->endings[i].trajectory.start);
  }
  free(g->endings);
  free(g->shadow_time);
  free(g->served);
  dkm_sensitivity_destroy(g->sensitivity);
  free(g->u);
  free(g->scratch);
  free(g->reduced_u);
  free(g->reduced_scratch);
  free(g->means);
  *g = (engine){0};
}

static dkm_status create_sensitivity(const dkm_evaluator *e, engine *g, dkm_error *err) {
  dkm_status status = dkm_sensitivity_create(&g->system, &g->solver, e->cpu[0] ? e->cpu : NULL, &g->sensitivity, err);
  if (status != DKM_OK) return status;
  const size_t n = (size_t)dkm_sensitivity_shadows(g->sensitivity);
  g->endings = calloc(n, sizeof *g->endings);
  g->shadow_time = calloc(n, sizeof *g->shadow_time);
  g->served = calloc(n, sizeof *g->served);
  if (!g->endings || !g->shadow_time || !g->served) return dkm_fail(err, DKM_MEMORY, "out of memory for an evaluator");
  return DKM_OK;
}

dkm_status dkm_evaluate_create_engine(const dkm_evaluator *e, engine_kind kind, dkm_dynamics dynamics, engine *g,
                                      dkm_error *err) {
  *g = (engine){.system = kind == PATTERN ? one_pattern() : e->system, .solver = e->solver};
  g->solver.dynamics = dynamics;
  if (kind == TABLES) g->system.mapping = DKM_MATRIX; /* as large */
  dkm_status status = dkm_integrator_create(&g->system, &g->solver, e->cpu[0] ? e->cpu : NULL, &g->integrator, err);
  if (status == DKM_OK) status = dkm_fixedpoint_workspace_create(&g->system, &g->workspace, err);
  if (status == DKM_OK) {
    g->u = calloc(dkm_model_size(&g->system), sizeof *g->u);
    g->scratch = calloc(dkm_evaluate_scratch_size(&g->system), sizeof *g->scratch);
    if (!g->u || !g->scratch) status = dkm_fail(err, DKM_MEMORY, "out of memory for an evaluator");
  }
  if (status == DKM_OK && e->solver.sensitivity) status = create_sensitivity(e, g, err);
  if (status != DKM_OK) destroy_engine(g);
  return status;
}

dkm_status dkm_evaluate_need_sampling(const dkm_evaluator *e, engine *g, int lane, dkm_error *err) {
  const trajectory *t = &g->lanes[lane];
  dkm_status status = DKM_OK;
  if (!g->sampling[lane])
    status = dkm_sampling_create(&g->system, e->solver.tolerance, g->integrator, lane, &g->sampling[lane], err);
  if (status == DKM_OK) dkm_sampling_set_system(g->sampling[lane], integrated_system(t), kept_symmetry(t));
  return status;
}

dkm_status dkm_evaluate_need_reduced(engine *g, dkm_error *err) {
  if (!g->reduced_u) g->reduced_u = calloc(dkm_model_size(&g->system), sizeof *g->reduced_u);
  if (!g->reduced_scratch)
    g->reduced_scratch = calloc(dkm_evaluate_scratch_size(&g->system), sizeof *g->reduced_scratch);
  return g->reduced_u && g->reduced_scratch ? DKM_OK : dkm_fail(err, DKM_MEMORY, "out of memory for an evaluator");
}

dkm_status dkm_evaluate_need_means(engine *g, dkm_error *err) {
  if (!g->means) g->means = calloc(dkm_model_size(&g->system), sizeof *g->means);
  return g->means ? DKM_OK : dkm_fail(err, DKM_MEMORY, "out of memory for an evaluator");
}

dkm_status dkm_evaluator_create(const dkm_system *system, const dkm_solver *solver, const char *cpu,
                                dkm_evaluator **out, dkm_error *err) {
  dkm_evaluator *e = calloc(1, sizeof *e);
  if (!e) return dkm_fail(err, DKM_MEMORY, "out of memory for an evaluator");
  dkm_status status = dkm_units_create(system, &e->units, err);
  e->system = e->units.system;
  e->solver = *solver;
  if (cpu) snprintf(e->cpu, sizeof e->cpu, "%s", cpu);
  /* The small engine is always made: it takes next to nothing, and says at once what is wrong with `cpu`. */
  if (status == DKM_OK) status = dkm_evaluate_create_engine(e, PATTERN, DKM_DYNAMICS_CONSERVED, &e->engines[PATTERN], err);
  if (status != DKM_OK) {
    dkm_units_free(&e->units);
    free(e);
    return status;
  }
  *out = e;
  return DKM_OK;
}

void dkm_evaluator_destroy(dkm_evaluator *e) {
  if (!e) return;
  for (int i = 0; i < N_ENGINES; i++) destroy_engine(&e->engines[i]);
  dkm_units_free(&e->units);
  free(e->lifted);
  free(e->laid_out);
  dkm_start_free(&e->waiting.start);
  for (int i = 0; i < e->n_arrivals; i++) dkm_start_free(&e->arrivals[i].start);
  dkm_fixedpoint_workspace_destroy(e->full_space);
  free(e->full_scratch);
  dkm_cycle_workspace_destroy(e->full_cycles);
  free(e);
}

static double engine_bytes(const dkm_system *system, const dkm_solver *solver, const char *cpu) {
  const double K = (double)system->n_classes, M = system->n_modes;
  /* Samples of as many lanes as there may be; and a point that is being saved or continued, with samples. */
  const double landscapes = dkm_landscape_bytes(system);
  const double saved = solver->sensitivity ? 0.0 : sizeof(double) * (4.0 * K + 33.0 * M) + dkm_sampling_bytes(system);
  return saved + dkm_integrator_bytes(system, solver, cpu) + dkm_fixedpoint_workspace_bytes(system) +
         dkm_cycle_workspace_bytes(system, solver->dynamics != DKM_DYNAMICS_CONSERVED) +
         INTEGRATOR_MAX_LANES * (dkm_sampling_bytes(system) + landscapes) +
         (solver->sensitivity ? dkm_sensitivity_bytes(system, solver, cpu) : 0.0) +
         sizeof(double) * (double)(dkm_model_size(system) + dkm_evaluate_scratch_size(system));
}

double dkm_evaluator_bytes(const dkm_system *system, const dkm_solver *solver, const char *cpu, bool perturbed,
                           const bool occurs[DKM_N_DYNAMICS]) {
  const dkm_system small_system = one_pattern();
  const bool full =
      perturbed || !dkm_system_has_patterns(system) || solver->full_space || solver->method != DKM_METHOD_ENSEMBLE;
  double bytes = sizeof(dkm_evaluator);
  for (int kind = 0; kind < DKM_N_DYNAMICS; kind++) {
    dkm_solver own = *solver;
    own.dynamics = (dkm_dynamics)kind;
    if (occurs ? !occurs[kind] : kind != DKM_DYNAMICS_CONSERVED) continue;
    bytes += engine_bytes(&small_system, &own, cpu) + (full ? engine_bytes(system, &own, cpu) : 0.0);
  }
  return bytes;
}
