/* SPDX-License-Identifier: GPL-3.0-or-later */
/* evaluate_engine: what an evaluator consists of (evaluate_engine.c makes it), for evaluate.c, which fills lanes and
 * looks at them, and evaluate_save.c, which puts trajectories aside and continues them. */
#ifndef DICKEMAP_EVALUATE_ENGINE_H
#define DICKEMAP_EVALUATE_ENGINE_H
#include "dickemap/attractor.h"
#include "dickemap/evaluate.h"
#include "dickemap/sampling.h"
#include "dickemap/sensitivity.h"
#include "integrator_method.h"

enum { QUOTIENT_SIZE = 5 }; /* doubles in a state of one class and one mode */

/* One lane's trajectory. */
typedef struct trajectory {
  dkm_point point;       /* as given */
  dkm_point small_point; /* of the quotient, where the start is in one */
  bool reduced;          /* it is, and the inquiry is about that: so is the record until it is lifted */
  int64_t id;
  dkm_attractor attractor;
  bool sampled; /* a window of samples is under way, or separations are followed without */
  double wall_time;
  int shadow;            /* of g->sensitivity, if that is measured */
  double t_look, t_note; /* when the attractor wants to look, and when the shadow's next target is to be noted */
} trajectory;

/* A trajectory that is over, while its shadow catches up. */
typedef struct ending {
  bool waiting;
  trajectory trajectory;
  dkm_record record;
  double *u; /* the state that the record describes, of the quotient if reduced; kept if somebody needs it */
} ending;

/* An integrator with everything that goes with it: one for the full space, one for the quotient. */
typedef struct engine {
  bool quotient;
  dkm_system system; /* of the system that is integrated */
  dkm_integrator *integrator;
  dkm_fixedpoint_workspace *workspace;
  dkm_landscape *landscape[INTEGRATOR_MAX_LANES]; /* of each lane, once it was needed: lanes keep what they found */
  double *u;       /* 3K + 2M values */
  double *scratch; /* 3K + 2M + 2K values */
  /* The quotient, to inquire about starts in it: as above. */
  dkm_system small_system;
  dkm_fixedpoint_workspace *small_workspace;
  dkm_landscape *small_landscape[INTEGRATOR_MAX_LANES];
  double small_u[QUOTIENT_SIZE], small_scratch[QUOTIENT_SIZE + 2];
  int n_active;
  trajectory lanes[INTEGRATOR_MAX_LANES];
  dkm_sampling *sampling[INTEGRATOR_MAX_LANES]; /* of each lane, once it needed one */
  dkm_cycle_workspace *cycles;                  /* made with the first of them */
  dkm_sensitivity *sensitivity;                 /* NULL: not measured */
  int n_endings;
  ending *endings;     /* by shadow */
  double *shadow_time; /* spent on each */
  bool *served;
} engine;

enum { FULL, QUOTIENT, N_ENGINES };

struct dkm_evaluator {
  dkm_system system;
  dkm_solver solver;
  char cpu[16]; /* "": the best */
  engine engines[N_ENGINES];
  double *lifted;   /* a state of the full space, 3K + 2M values; only if states are asked for */
  bool has_waiting; /* a point whose engine had no free lane when it came */
  dkm_point waiting;
  int64_t waiting_id;
};

/* An engine with everything in it but landscapes, samples and states, which are made when they are needed. Fails with
 * DKM_INPUT for an unknown cpu, DKM_MEMORY. */
dkm_status dkm_evaluate_create_engine(const dkm_evaluator *evaluator, bool quotient, engine *g, dkm_error *err);

/* Makes g->sampling[lane] and g->cycles, if they are not there yet. */
dkm_status dkm_evaluate_need_sampling(const dkm_evaluator *evaluator, engine *g, int lane, dkm_error *err);

/* The point as its engine integrates it. */
static inline const dkm_point *integrated_point(const engine *g, const trajectory *t) {
  return g->quotient ? &t->small_point : &t->point;
}

/* Continues the point that g->lanes[lane] was just given, if the stream has something saved of it; *resumed: whether. */
dkm_status dkm_evaluate_resume(const dkm_evaluator *evaluator, engine *g, int lane, const dkm_stream *stream,
                               bool *resumed, dkm_error *err);

#endif
