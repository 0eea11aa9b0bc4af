/* SPDX-License-Identifier: GPL-3.0-or-later */
/* evaluate_engine: what an evaluator consists of (evaluate_engine.c makes it), for evaluate_place.c, which fills lanes,
 * evaluate.c, which looks at them, evaluate_shadows.c, which leads their shadows, evaluate_inquire.c, which turns what is
 * integrated into what is asked about, evaluate_report.c, which turns the answer into a record of the point, and
 * evaluate_save.c, which puts trajectories aside and continues them. */
#ifndef DICKEMAP_EVALUATE_ENGINE_H
#define DICKEMAP_EVALUATE_ENGINE_H
#include "dickemap/attractor.h"
#include "dickemap/drive.h"
#include "dickemap/evaluate.h"
#include "dickemap/sampling.h"
#include "dickemap/sensitivity.h"
#include "dickemap/start.h"
#include "dickemap/units.h"
#include "integrator_method.h"

/* What a trajectory brings along from a drive that is over. */
typedef struct past_drive {
  double time;           /* how long that took, of the trajectory's time ... */
  int64_t steps;         /* ... and in steps */
  struct engine *engine; /* where it was followed, and ... */
  int shadow;            /* ... which of its shadows has followed it; -1: none, or that has gone on */
} past_drive;

/* One lane's trajectory. */
typedef struct trajectory {
  dkm_start start; /* the inquiry is about what dkm_start_asked says, and so is the record until it is reported; owned */
  bool inside;     /* that is also what is integrated, and not the full one */
  int64_t id;
  dkm_attractor attractor;
  bool sampled; /* a window of samples is under way, or separations are followed without */
  bool sampled_once; /* or one was before */
  bool drives; /* it follows a drive to its end, and nothing is asked about it before */
  past_drive past;
  double wall_time;
  int landscape;         /* which of the engine's; -1: not chosen yet */
  int shadow;            /* of g->sensitivity, if that is measured */
  double t_look, t_note; /* when the attractor wants to look, and when the shadow's next target is to be noted */
} trajectory;

/* A trajectory that is over, while its shadow catches up. */
typedef struct ending {
  bool waiting;
  trajectory trajectory;
  dkm_record record;
  double *u; /* the state that the record describes, of the smallest system; kept if somebody needs it */
} ending;

/* An integrator with everything that goes with it. */
typedef struct engine {
  dkm_system system; /* the largest that is integrated */
  dkm_solver solver; /* of one kind of equations */
  dkm_integrator *integrator;
  dkm_fixedpoint_workspace *workspace;
  dkm_landscape *landscape[INTEGRATOR_MAX_LANES]; /* once they were needed: what was found is kept, for lanes that ask the same */
  double *u;       /* 3K + 2M values */
  double *scratch; /* 3K + 2M + 2K values */
  double *reduced_u, *reduced_scratch; /* the same, for inquiries about less than what is integrated; once needed */
  double *means;                       /* of bodies (bodies.h), likewise */
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

/* What an engine integrates: the full system; one class and one mode; of +-1 patterns, smaller systems of other couplings. */
typedef enum engine_kind { FULL, PATTERN, TABLES, N_ENGINE_KINDS } engine_kind;

/* Each of them with each kind of equations (model.h): what a lane does must not depend on what others do. */
enum { N_ENGINES = N_ENGINE_KINDS * DKM_N_DYNAMICS };
static inline int engine_index(engine_kind kind, dkm_dynamics dynamics) {
  return (int)dynamics * N_ENGINE_KINDS + (int)kind;
}

/* Tables of all classes of +-1 patterns are made up to so many; beyond, starts that could do with less are integrated in
 * the full space. */
enum { TABLES_MOST_CLASSES = 4096 };

/* A point, or a trajectory at the end of its drive, that looks for a lane. */
typedef struct arrival {
  bool has_start; /* once it was made */
  dkm_start start;
  int64_t id;
  bool driven;           /* the drive is over */
  bool looked_up;        /* whether something was saved of it, which may be ... */
  bool resumes;          /* ... of a trajectory whose drive was over and that had gone on */
  const engine *waits_for; /* that had no free lane when it was asked; NULL */
  past_drive past;
  double wall_time;
} arrival;

struct dkm_evaluator {
  dkm_units units;   /* what everything here is in; points and records come and go in those of the caller */
  dkm_system system; /* in them */
  dkm_solver solver;
  char cpu[16]; /* "": the best */
  engine engines[N_ENGINES];
  unsigned used; /* bit i: engine i has had a start (engines lie far apart, and each step of a stream asks) */
  double *lifted, *laid_out;           /* states of the full space, once needed */
  dkm_fixedpoint_workspace *full_space; /* for spectra there, once needed */
  double *full_scratch;
  dkm_cycle_workspace *full_cycles; /* for Floquet exponents there, likewise */
  double t_advanced; /* when lanes were advanced last; 0: not since something else was done */
  bool has_waiting; /* a point whose engine had no free lane when it came */
  dkm_point point;
  arrival waiting;
  int n_arrivals; /* trajectories whose drive is over, likewise */
  arrival arrivals[INTEGRATOR_MAX_LANES * N_ENGINE_KINDS];
};

/* An engine with everything in it but landscapes, samples and states, which are made when they are needed. Fails with
 * DKM_INPUT for an unknown cpu, DKM_MEMORY. */
dkm_status dkm_evaluate_create_engine(const dkm_evaluator *evaluator, engine_kind kind, dkm_dynamics dynamics, engine *g,
                                      dkm_error *err);

/* Doubles in the scratch of an inquiry: 3K + 2M + 2K. */
size_t dkm_evaluate_scratch_size(const dkm_system *system);

/* Makes g->sampling[lane], if it is not there yet, one for the system of the lane's trajectory. */
dkm_status dkm_evaluate_need_sampling(const dkm_evaluator *evaluator, engine *g, int lane, dkm_error *err);

/* Makes g->reduced_u and g->reduced_scratch, or g->means, likewise. */
dkm_status dkm_evaluate_need_reduced(engine *g, dkm_error *err);
dkm_status dkm_evaluate_need_means(engine *g, dkm_error *err);

/* What the engine integrates, and with what parameters. */
static inline const dkm_system *integrated_system(const trajectory *t) {
  return t->inside ? &t->start.system : &t->start.full;
}
static inline dkm_point integrated_point(const trajectory *t) {
  const bool driven = t->drives || dkm_drive_repeats(t->start.full.drive);
  return driven ? dkm_start_driven_point(&t->start, t->inside) : t->inside ? t->start.point : t->start.given;
}
/* Whether the state that is integrated is one of the full system, and has to be reduced. */
static inline bool is_projected(const trajectory *t) {
  return t->start.is_reduced && !t->inside;
}
/* The symmetry that a shadow of it keeps; NULL: none. */
static inline const dkm_start *kept_symmetry(const trajectory *t) {
  return is_projected(t) ? &t->start : NULL;
}

/* ---- evaluate_place.c ---- */

/* Fills lanes until there are no points now, or the next one has to wait for a lane; *more: or so many outcomes were
 * known at once that it is time to ask whether to go on. */
dkm_status dkm_evaluate_refill(dkm_evaluator *evaluator, const dkm_stream *stream, bool *more, dkm_error *err);

/* ---- evaluate_shadows.c, if g->sensitivity is measured ---- */

/* The attractor, or a drive, has set t_pause; the shadow may want a target before. Also without shadows. */
void dkm_evaluate_set_pause(engine *g, int lane);

/* A shadow for the lane's trajectory, which begins at g->u: that of its past drive if there is one. Returns false if none is
 * free. */
bool dkm_evaluate_take_shadow(engine *g, int lane);

/* The state u of a lane is a target of its shadow. */
void dkm_evaluate_note_target(engine *g, int lane, const double *u);

/* Advances those whose turn it is; or until that of a lane is at its last target. */
void dkm_evaluate_advance_shadows(engine *g);
void dkm_evaluate_catch_up(engine *g, int lane);

/* Separations of the lane up to now were measured by others, or none has grown: its shadow goes on from there (dkm_sensitivity_resume).
 * g->u: the state. */
void dkm_evaluate_resume_shadow(engine *g, int lane, const double *shadow, dkm_growth growth);

/* What a shadow that has caught up says of the record of t; it is free then. */
void dkm_evaluate_end_shadow(const dkm_evaluator *evaluator, engine *g, int shadow, const trajectory *t,
                             dkm_record *record);

/* Keeps a record and u until the shadow of the lane has caught up; and passes on the records whose shadows have. Fail with
 * DKM_MEMORY. */
dkm_status dkm_evaluate_keep_ending(engine *g, int lane, const dkm_record *record, const double *u, dkm_error *err);
dkm_status dkm_evaluate_report_endings(dkm_evaluator *evaluator, engine *g, const dkm_stream *stream, dkm_error *err);

/* ---- evaluate_save.c ---- */

/* Looks up what the stream has saved of an arrival whose point has a drive that ends: it then resumes, or is driven already. Fails
 * with DKM_MEMORY. */
dkm_status dkm_evaluate_look_up(const dkm_evaluator *evaluator, const dkm_stream *stream, arrival *a, dkm_error *err);

/* Continues the point that g->lanes[lane] was just given, if the stream has something saved of it; *resumed: whether. */
dkm_status dkm_evaluate_resume(const dkm_evaluator *evaluator, engine *g, int lane, const dkm_stream *stream,
                               bool *resumed, dkm_error *err);

/* ---- evaluate_inquire.c ---- */

/* Asks about the trajectory of a lane.  u (of the system that is integrated) is its state; q->u is that
 * of what is asked about, and q->scratch room for the answer.  Fails with DKM_MEMORY. */
dkm_status dkm_evaluate_inquire(const dkm_evaluator *evaluator, engine *g, int lane, const double *u, dkm_inquiry *q,
                                dkm_error *err);
/* Of a window, likewise. */
void dkm_evaluate_reduce_window(const trajectory *t, dkm_window *window);

/* After an inquiry that completed this record: *u is the state that it describes, of `start.system`, and the engine's, until
 * the next inquiry.  Fails with DKM_MEMORY. */
dkm_status dkm_evaluate_end_state(engine *g, int lane, const dkm_inquiry *q, const dkm_record *record, const double **u,
                                  dkm_error *err);

/* ---- evaluate_report.c ---- */

/* Passes a record on and ends its trajectory. u: the state that it describes, reduced as the record
 * is. Fails with DKM_MEMORY. */
dkm_status dkm_evaluate_report(dkm_evaluator *evaluator, trajectory *t, dkm_record *record, const double *u,
                               const dkm_stream *stream, dkm_error *err);

#endif
