/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The seam: keeps the lanes of an integrator filled, asks the attractor about each of them,
 * and passes records on. */
#include "dickemap/evaluate.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dickemap/attractor.h"
#include "integrator_method.h"

/* How long to compute between two questions whether to go on, in seconds. */
static const double interrupt_interval = 5e-3;

/* One lane's trajectory. */
typedef struct trajectory {
  dkm_point point;
  int64_t id;
  dkm_attractor attractor;
  double wall_time;
} trajectory;

struct dkm_evaluator {
  dkm_patterns patterns;
  dkm_solver solver;
  dkm_integrator *integrator;
  dkm_fixedpoint_workspace *workspace;
  double *u;       /* 3K + 2M values */
  double *scratch; /* 3K + 2M + 2K values */
  trajectory lanes[INTEGRATOR_MAX_LANES];
};

static size_t scratch_size(const dkm_patterns *patterns) {
  return dkm_model_size(patterns) + 2 * (size_t)patterns->n_classes;
}

dkm_status dkm_evaluator_create(const dkm_patterns *patterns, const dkm_solver *solver, const char *cpu,
                                dkm_evaluator **out, dkm_error *err) {
  dkm_evaluator *e = calloc(1, sizeof *e);
  if (!e) return dkm_fail(err, DKM_MEMORY, "out of memory for an evaluator");
  e->patterns = *patterns;
  e->solver = *solver;
  dkm_status status = dkm_integrator_create(patterns, solver, cpu, &e->integrator, err);
  if (status == DKM_OK) status = dkm_fixedpoint_workspace_create(patterns, &e->workspace, err);
  if (status == DKM_OK) {
    e->u = calloc(dkm_model_size(patterns), sizeof *e->u);
    e->scratch = calloc(scratch_size(patterns), sizeof *e->scratch);
    if (!e->u || !e->scratch) status = dkm_fail(err, DKM_MEMORY, "out of memory for an evaluator");
  }
  if (status != DKM_OK) {
    dkm_evaluator_destroy(e);
    return status;
  }
  *out = e;
  return DKM_OK;
}

void dkm_evaluator_destroy(dkm_evaluator *e) {
  if (!e) return;
  dkm_integrator_destroy(e->integrator);
  dkm_fixedpoint_workspace_destroy(e->workspace);
  free(e->u);
  free(e->scratch);
  free(e);
}

double dkm_evaluator_bytes(const dkm_patterns *patterns, const dkm_solver *solver, const char *cpu) {
  return sizeof(dkm_evaluator) + dkm_integrator_bytes(patterns, solver, cpu) +
         dkm_fixedpoint_workspace_bytes(patterns) +
         sizeof(double) * (double)(dkm_model_size(patterns) + scratch_size(patterns));
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Loads the next point into a lane; false if there is none. */
static dkm_status refill(dkm_evaluator *e, int lane, const dkm_stream *stream, bool *filled, dkm_error *err) {
  trajectory *t = &e->lanes[lane];
  *filled = stream->next(stream->context, &t->point, &t->id);
  if (!*filled) return DKM_OK;
  dkm_status status = dkm_model_start(&e->patterns, &t->point, e->u, err);
  if (status != DKM_OK) return status;
  dkm_integrator_load(e->integrator, lane, &t->point, e->u, 0.0);
  dkm_attractor_begin(&t->attractor, &e->patterns, &t->point, &e->solver, dkm_integrator_lane(e->integrator, lane));
  t->wall_time = 0.0;
  return DKM_OK;
}

/* Looks at a lane that asks for attention; unloads it if its trajectory is over. */
static void look(dkm_evaluator *e, int lane, const dkm_stream *stream) {
  trajectory *t = &e->lanes[lane];
  dkm_lane *l = dkm_integrator_lane(e->integrator, lane);
  dkm_window window;
  dkm_record record;
  dkm_integrator_window(e->integrator, lane, &window);
  dkm_integrator_state(e->integrator, lane, e->u);
  if (!dkm_attractor_look(&t->attractor, e->workspace, &e->patterns, &t->point, &e->solver, &window, l, e->u,
                          e->scratch, &record))
    return;
  record.wall_time = t->wall_time;
  dkm_integrator_unload(e->integrator, lane);
  stream->done(stream->context, t->id, &record, e->u);
}

dkm_status dkm_evaluate_stream(dkm_evaluator *e, const dkm_stream *stream, dkm_error *err) {
  const int n_lanes = dkm_integrator_lanes(e->integrator);
  double before = now(), asked = before;
  for (;;) {
    int n_active = 0;
    for (int lane = 0; lane < n_lanes; lane++) {
      dkm_lane *l = dkm_integrator_lane(e->integrator, lane);
      if (!l->active) {
        bool filled;
        dkm_status status = refill(e, lane, stream, &filled, err);
        if (status != DKM_OK) return status;
      }
      n_active += l->active;
    }
    if (n_active == 0) return DKM_OK;

    dkm_integrator_advance(e->integrator);

    const double after = now();
    for (int lane = 0; lane < n_lanes; lane++) {
      dkm_lane *l = dkm_integrator_lane(e->integrator, lane);
      if (!l->active) continue;
      e->lanes[lane].wall_time += (after - before) / n_active;
      if (l->t >= l->t_pause || l->t >= l->t_limit || l->failure != DKM_FAILURE_NONE) look(e, lane, stream);
    }
    before = after;
    if (stream->interrupt && after - asked > interrupt_interval) {
      asked = after;
      if (stream->interrupt(stream->context)) {
        for (int lane = 0; lane < n_lanes; lane++) dkm_integrator_unload(e->integrator, lane);
        return DKM_OK;
      }
    }
  }
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
  batch b = {n, 0, dkm_model_size(&e->patterns), points, records, states};
  dkm_stream stream = {&b, batch_next, batch_done, NULL};
  return dkm_evaluate_stream(e, &stream, err);
}
