/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trajectories put aside and continued.  `interrupt` is called between two calls of dkm_integrator_advance, when every
 * lane that asked for attention has had it: what a trajectory is then is in its lane, in its attractor and, while a
 * window of samples is under way, in its sampling; nothing else is carried from one look to the next. */
#include <stdlib.h>
#include <string.h>

#include "dickemap/parameter.h"
#include "evaluate_engine.h"

enum {
  PHASE_AFTER,  /* there is no drive that ends, or it is over */
  PHASE_DRIVES, /* it goes on */
  PHASE_ARRIVED /* it is over, and what follows has not begun: the state stands in place of a lane's bytes */
};

/* This, then the lane's bytes, then those of a window of samples if one is under way. */
typedef struct saved_point {
  dkm_point point;
  dkm_attractor attractor;
  double wall_time, drive_time;
  int64_t inside, sampled, drives, drive_steps;
} saved_point;

static size_t saved_bytes(const engine *g, int lane) {
  return sizeof(saved_point) + dkm_integrator_saved_bytes(g->integrator) +
         (g->lanes[lane].sampled ? dkm_sampling_saved_bytes(g->sampling[lane]) : 0);
}

static void save_lane(const engine *g, int lane, char *bytes) {
  const trajectory *t = &g->lanes[lane];
  saved_point *head = (saved_point *)bytes;
  memset(head, 0, sizeof *head);
  head->point = dkm_start_driven_point(&t->start, false);
  head->drives = t->drives ? PHASE_DRIVES : PHASE_AFTER;
  head->drive_time = t->past.time;
  head->drive_steps = t->past.steps;
  head->attractor = t->attractor;
  head->wall_time = t->wall_time;
  head->inside = t->inside;
  head->sampled = t->sampled;
  bytes += sizeof *head;
  dkm_integrator_save(g->integrator, lane, bytes);
  bytes += dkm_integrator_saved_bytes(g->integrator);
  if (t->sampled) dkm_sampling_save(g->sampling[lane], bytes);
}

static void save_arrival(const arrival *a, char *bytes) {
  saved_point *head = (saved_point *)bytes;
  memset(head, 0, sizeof *head);
  head->point = dkm_start_driven_point(&a->start, false);
  head->drives = PHASE_ARRIVED;
  head->drive_time = a->past.time;
  head->drive_steps = a->past.steps;
  head->wall_time = a->wall_time;
  memcpy(bytes + sizeof *head, a->start.u, dkm_model_size(&a->start.system) * sizeof(double));
}

/* Room for n bytes; NULL if there is none. */
static char *room_for(size_t n, char **bytes, size_t *room) {
  if (n <= *room) return *bytes;
  free(*bytes);
  *bytes = malloc(n);
  *room = *bytes ? n : 0;
  return *bytes;
}

static dkm_status no_room(size_t n, dkm_error *err) {
  return dkm_fail(err, DKM_MEMORY, "out of memory (%zu bytes for the state of a point)", n);
}

dkm_status dkm_evaluator_save(dkm_evaluator *e, double least_seconds, dkm_save *save, void *context, dkm_error *err) {
  char *bytes = NULL;
  size_t room = 0;
  bool more = !e->solver.sensitivity;
  for (int i = 0; i < N_ENGINES && more; i++) {
    const engine *g = &e->engines[i];
    for (int lane = 0; g->integrator && lane < dkm_integrator_lanes(g->integrator) && more; lane++) {
      const dkm_lane *l = dkm_integrator_lane(g->integrator, lane);
      if (!l->active || g->lanes[lane].wall_time < least_seconds) continue;
      const size_t n = saved_bytes(g, lane);
      if (!room_for(n, &bytes, &room)) return no_room(n, err);
      save_lane(g, lane, bytes);
      more = save(context, g->lanes[lane].id, l->t, bytes, n);
    }
  }
  for (int i = 0; i < e->n_arrivals && more; i++) {
    const arrival *a = &e->arrivals[i];
    const size_t size = dkm_model_size(&a->start.system) * sizeof(double), n = sizeof(saved_point) + size;
    if (a->wall_time < least_seconds) continue;
    if (!room_for(n, &bytes, &room)) return no_room(n, err);
    save_arrival(a, bytes);
    more = save(context, a->id, a->past.time, bytes, n);
  }
  free(bytes);
  return DKM_OK;
}

/* Continues the point of t, just placed in a lane, from what was saved of it.  *restored: false if the bytes are of
 * something else.  All modes of the point must be those saved: the quotient has but one, while its record tells of
 * all. */
static dkm_status restore(const dkm_evaluator *e, engine *g, int lane, const char *bytes, size_t n_bytes,
                          bool *restored, dkm_error *err) {
  trajectory *t = &g->lanes[lane];
  const size_t lane_bytes = dkm_integrator_saved_bytes(g->integrator);
  saved_point head;
  *restored = false;
  if (n_bytes < sizeof head + lane_bytes) return DKM_OK;
  memcpy(&head, bytes, sizeof head);
  const dkm_point given = dkm_start_driven_point(&t->start, false);
  if (head.inside != t->inside || head.drives != t->drives) return DKM_OK;
  if (!dkm_point_equal(&head.point, &given, e->system.n_modes)) return DKM_OK;
  bytes += sizeof head;
  n_bytes -= sizeof head + lane_bytes;
  dkm_status status = head.sampled ? dkm_evaluate_need_sampling(e, g, lane, err) : DKM_OK;
  if (status != DKM_OK) return status;
  if (head.sampled ? !dkm_sampling_restore(g->sampling[lane], bytes + lane_bytes, n_bytes) : n_bytes != 0)
    return DKM_OK;
  dkm_integrator_set_system(g->integrator, lane, integrated_system(t));
  const dkm_point point = integrated_point(t);
  dkm_integrator_restore(g->integrator, lane, &point, bytes);
  t->past.time = head.drive_time;
  t->past.steps = head.drive_steps;
  t->attractor = head.attractor;
  t->wall_time = head.wall_time;
  t->sampled = t->sampled_once = head.sampled;
  if (!head.sampled && g->sampling[lane]) dkm_sampling_forget(g->sampling[lane]); /* of the point before */
  *restored = true;
  return DKM_OK;
}

dkm_status dkm_evaluate_look_up(const dkm_evaluator *e, const dkm_stream *stream, arrival *a, dkm_error *err) {
  const void *bytes;
  size_t n_bytes;
  saved_point head;
  const size_t size = dkm_model_size(&a->start.system) * sizeof(double);
  a->looked_up = true;
  if (e->solver.sensitivity || !stream->resume || !stream->resume(stream->context, a->id, &bytes, &n_bytes))
    return DKM_OK;
  if (n_bytes < sizeof head) return DKM_OK;
  memcpy(&head, bytes, sizeof head);
  const dkm_point given = dkm_start_driven_point(&a->start, false);
  if (!dkm_point_equal(&head.point, &given, e->system.n_modes)) return DKM_OK;
  a->resumes = head.drives == PHASE_AFTER;
  if (head.drives != PHASE_ARRIVED || n_bytes != sizeof head + size) return DKM_OK;
  dkm_status status = dkm_start_move(&a->start, (const char *)bytes + sizeof head, err);
  a->driven = status == DKM_OK;
  a->past.time = head.drive_time;
  a->past.steps = head.drive_steps;
  a->wall_time = head.wall_time;
  if (a->driven && stream->resumed) stream->resumed(stream->context, a->id, a->past.time);
  return status;
}

dkm_status dkm_evaluate_resume(const dkm_evaluator *e, engine *g, int lane, const dkm_stream *stream, bool *resumed,
                               dkm_error *err) {
  const void *bytes;
  size_t n_bytes;
  const int64_t id = g->lanes[lane].id;
  *resumed = false;
  if (e->solver.sensitivity || !stream->resume || !stream->resume(stream->context, id, &bytes, &n_bytes)) return DKM_OK;
  dkm_status status = restore(e, g, lane, bytes, n_bytes, resumed, err);
  if (*resumed && stream->resumed) stream->resumed(stream->context, id, dkm_integrator_lane(g->integrator, lane)->t);
  return status;
}
