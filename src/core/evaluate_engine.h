/* SPDX-License-Identifier: GPL-3.0-or-later */
/* evaluate_engine: what an evaluator consists of, for evaluate.c, which fills lanes and looks at them, and
 * evaluate_save.c, which puts trajectories aside and continues them. */
#ifndef DICKEMAP_EVALUATE_ENGINE_H
#define DICKEMAP_EVALUATE_ENGINE_H
#include "dickemap/attractor.h"
#include "dickemap/evaluate.h"
#include "dickemap/sampling.h"
#include "dickemap/sensitivity.h"
#include "integrator_method.h"

/* One lane's trajectory. */
typedef struct trajectory {
  dkm_point point;       /* as given */
  dkm_point small_point; /* as integrated, in the quotient */
  int64_t id;
  dkm_attractor attractor;
  bool sampled; /* a window of samples is under way */
  double wall_time;
  int shadow;            /* of g->sensitivity, if that is measured */
  double t_look, t_note; /* when the attractor wants to look, and when the shadow's next target is to be noted */
} trajectory;

/* A trajectory that is over, while its shadow catches up. */
typedef struct ending {
  bool waiting;
  dkm_point point;
  int64_t id;
  dkm_record record;
  double *u; /* the state that the record describes, 3K + 2M values; kept if somebody needs it */
} ending;

/* An integrator with everything that goes with it: one for the full space, one for the quotient. */
typedef struct engine {
  bool quotient;
  dkm_patterns patterns; /* of the system that is integrated */
  dkm_integrator *integrator;
  dkm_fixedpoint_workspace *workspace;
  double *u;       /* 3K + 2M values */
  double *scratch; /* 3K + 2M + 2K values */
  int n_active;
  trajectory lanes[INTEGRATOR_MAX_LANES];
  dkm_sampling *sampling[INTEGRATOR_MAX_LANES]; /* of each lane, once it needed one */
  dkm_sensitivity *sensitivity;                 /* NULL: not measured */
  int n_endings;
  ending *endings;     /* by shadow */
  double *shadow_time; /* spent on each */
  bool *served;
} engine;

enum { FULL, QUOTIENT, N_ENGINES };

struct dkm_evaluator {
  dkm_patterns patterns;
  dkm_solver solver;
  char cpu[16]; /* "": the best */
  engine engines[N_ENGINES];
  double *lifted;   /* a state of the full space, 3K + 2M values; only if states are asked for */
  bool has_waiting; /* a point whose engine had no free lane when it came */
  dkm_point waiting;
  int64_t waiting_id;
};

/* The point as its engine integrates it. */
static inline const dkm_point *integrated_point(const engine *g, const trajectory *t) {
  return g->quotient ? &t->small_point : &t->point;
}

/* Continues the point that g->lanes[lane] was just given, if the stream has something saved of it; *resumed: whether.
 * */
dkm_status evaluate_resume(const dkm_evaluator *evaluator, engine *g, int lane, const dkm_stream *stream, bool *resumed,
                           dkm_error *err);

#endif
