/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shadows of trajectories, each with a queue of targets. */
#include "dickemap/sensitivity.h"

#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/sampling.h"
#include "gsl_calls.h"
#include "integrator_method.h"
#include "separation.h"

enum { MAX_SHADOWS = INTEGRATOR_MAX_LANES + INTEGRATOR_MAX_LANES / 2, N_TARGETS = 4, N_OCTAVES = 64 };

/* The direction in which errors grow in the end may be one that had died out before, while others stayed as they are: that
 * of the order, before a ramp takes the coupling over threshold, or before spins that precess have lost enough energy for
 * the dressed normal state to become unstable.  So errors go on being made: after so many stretches something random is
 * added, this part of the first separation in units of which the present one has grown. (A fixed part of the present one would
 * begin the transient growth of a random direction again and again, and make an exponential of it.)  An error made in
 * between is underestimated by some factor of ten. */
enum { FRESH_STRETCHES = 4 };
static const double fresh_part = 0.1;

/* A stretch has about this many steps of the trajectory: its shadow takes half a step more, since it ends there
 * exactly. */
static const double stretch_steps = 16.0;
/* Nor is it longer than this over g0.  In the norm |dm|^2 + |2 dbeta|^2 precession and losses let no separation grow,
 * and the coupling by exp(2 g0 t) at most (with w the weights, |sum_mu G_mu dbeta_mu|_w = |dbeta|); so a stretch
 * multiplies it by 2 exp(14) = 2e6 at the very most, from the smaller of both distances below to 0.02. */
static const double stretch_longest = 7.0;
/* A separation that grew beyond this is no small one: its stretch is repeated from a smaller distance. */
static const double separation_largest = 1e-2, separation_smaller = 1e-3;
/* Below this there is nothing left of the direction but rounding errors. */
static const double separation_least = 1e-14;
static const double amplification_most = 1e300;
/* Overlaps have settled once they stay within this fraction of the largest around those of the end.  Saddles that are
 * closer than that to the end take part in no decision any more; with 0.25 those near a barely stable pattern were
 * missed. */
static const double settled = 0.1;

typedef struct target {
  double t;
  double *u;
} target;

/* The overlaps while `largest` was between two powers of two, or above the last of them. */
typedef struct octave {
  double first; /* value of `largest` in it, 0: there was none */
  double least[DKM_MAX_MODES], most[DKM_MAX_MODES];
} octave;

typedef struct shadow {
  bool taken, fed, failed; /* fed: more targets will come */
  dkm_system system;
  bool has_symmetry;
  dkm_start symmetric; /* a view: its tables are the trajectory's */
  dkm_point point;
  double t, *trajectory; /* where the stretch begins; values: 3K + 2M, of the pool of its owner */
  double *v;             /* the shadow there */
  double separation;     /* of both */
  int stale;     /* stretches since something random was added */
  int64_t draws; /* random directions so far */
  target targets[N_TARGETS];
  int first, n_targets;
  double t_noted; /* of the last target */
  int64_t steps_noted;
  int lane;                /* -1: none */
  double growing, largest; /* max over s <= t of D(t)/D(s), and the largest that this ever was */
  octave octaves[N_OCTAVES];
} shadow;

struct dkm_sensitivity {
  dkm_integrator *integrator;
  gsl_rng *rng;
  double separation, separation_small, separation_largest;
  bool draining;
  int n_shadows, n_lanes;
  double *states, *end;         /* of all shadows; one more */
  double *scratch;              /* 2K values */
  int at[INTEGRATOR_MAX_LANES]; /* whose shadow is in a lane, -1: none */
  shadow shadows[MAX_SHADOWS];
};

static int shadows_for(int lanes) {
  return lanes + (lanes + 1) / 2;
}

dkm_status dkm_sensitivity_create(const dkm_system *system, const dkm_solver *solver, const char *cpu,
                                  dkm_sensitivity **out, dkm_error *err) {
  const size_t size = dkm_model_size(system), each = N_TARGETS + 2;
  dkm_sensitivity *s = calloc(1, sizeof *s);
  if (!s) return dkm_fail(err, DKM_MEMORY, "out of memory for the measurement of sensitivity");
  /* Where the errors from the steps and those from finite size are alike. */
  s->separation = fmax(1e-7, sqrt(solver->tolerance));
  s->separation_largest = fmax(separation_largest, 10.0 * s->separation);
  s->separation_small = fmax(separation_smaller * s->separation, 10.0 * solver->tolerance);
  dkm_status status = dkm_integrator_create(system, solver, cpu, &s->integrator, err);
  if (status != DKM_OK) {
    free(s);
    return status;
  }
  s->n_lanes = dkm_integrator_lanes(s->integrator);
  s->n_shadows = shadows_for(s->n_lanes);
  dkm_gsl_begin();
  s->rng = gsl_rng_alloc(gsl_rng_mt19937);
  dkm_gsl_end();
  s->states = calloc((size_t)s->n_shadows * each * size, sizeof *s->states);
  s->end = calloc(size, sizeof *s->end);
  s->scratch = calloc(2 * (size_t)system->n_classes, sizeof *s->scratch);
  if (!s->rng || !s->states || !s->end || !s->scratch) {
    dkm_sensitivity_destroy(s);
    return dkm_fail(err, DKM_MEMORY, "out of memory for the measurement of sensitivity");
  }
  for (int i = 0; i < s->n_shadows; i++) {
    double *own = s->states + (size_t)i * each * size;
    s->shadows[i] = (shadow){.lane = -1, .trajectory = own, .v = own + size};
    for (int j = 0; j < N_TARGETS; j++) s->shadows[i].targets[j].u = own + (size_t)(2 + j) * size;
  }
  for (int lane = 0; lane < s->n_lanes; lane++) s->at[lane] = -1;
  *out = s;
  return DKM_OK;
}

void dkm_sensitivity_destroy(dkm_sensitivity *s) {
  if (!s) return;
  dkm_integrator_destroy(s->integrator);
  if (s->rng) gsl_rng_free(s->rng);
  free(s->states);
  free(s->end);
  free(s->scratch);
  free(s);
}

double dkm_sensitivity_bytes(const dkm_system *system, const dkm_solver *solver, const char *cpu) {
  const int lanes = solver->method == DKM_METHOD_GSL ? 1 : INTEGRATOR_MAX_LANES;
  return sizeof(dkm_sensitivity) + dkm_integrator_bytes(system, solver, cpu) +
         sizeof(double) * ((double)dkm_model_size(system) * (1.0 + shadows_for(lanes) * (N_TARGETS + 2)) +
                           2.0 * (double)system->n_classes);
}

int dkm_sensitivity_shadows(const dkm_sensitivity *s) {
  return s->n_shadows;
}

/* ---- growth ---- */

/* The amplification so far is in [2^o, 2^(o+1)). */
static int octave_of(const shadow *f) {
  return (int)fmin(ilogb(f->largest), N_OCTAVES - 1);
}

/* A stretch has grown the separation by this factor and ends where the overlaps are xi. */
static void grow(shadow *f, double factor, int n_modes, const double *xi) {
  f->growing = fmin(fmax(1.0, f->growing * factor), amplification_most);
  f->largest = fmax(f->largest, f->growing);
  octave *o = &f->octaves[octave_of(f)];
  if (o->first == 0.0) {
    o->first = f->largest;
    memcpy(o->least, xi, (size_t)n_modes * sizeof *xi);
    memcpy(o->most, xi, (size_t)n_modes * sizeof *xi);
  }
  for (int mu = 0; mu < n_modes; mu++) {
    o->least[mu] = fmin(o->least[mu], xi[mu]);
    o->most[mu] = fmax(o->most[mu], xi[mu]);
  }
}

double dkm_sensitivity_total(const dkm_sensitivity *s, int i) {
  return s->shadows[i].failed ? NAN : s->shadows[i].largest;
}

double dkm_sensitivity_settled(const dkm_sensitivity *s, int i, const double *xi) {
  const shadow *f = &s->shadows[i];
  double amplification = dkm_sensitivity_total(s, i), around = 0.0;
  for (int mu = 0; mu < f->system.n_modes; mu++) around = fmax(around, settled * fabs(xi[mu]));
  if (isnan(amplification)) return NAN;
  /* From the end backwards, to the last octave in which the overlaps were elsewhere. */
  for (int j = octave_of(f); j >= 0; j--) {
    const octave *o = &f->octaves[j];
    if (o->first == 0.0) continue;
    for (int mu = 0; mu < f->system.n_modes; mu++)
      if (o->most[mu] > xi[mu] + around || o->least[mu] < xi[mu] - around) return amplification;
    amplification = o->first;
  }
  return amplification;
}

/* ---- the trajectory's side ---- */

/* v += size * (a random direction); returns the separation that it then has. */
static double depart(const dkm_sensitivity *s, shadow *f, double size) {
  dkm_separation_depart(&f->system, &f->point, f->has_symmetry ? &f->symmetric : NULL, f->draws++, s->rng, f->v, size);
  return dkm_separation_of(&f->system, f->trajectory, f->v);
}

/* Puts v at the proper distance from the trajectory, along the direction that it has or, if there is none left, a
 * random one. */
static void set_distance(dkm_sensitivity *s, shadow *f) {
  double separation = dkm_separation_of(&f->system, f->trajectory, f->v);
  if (!(separation > separation_least)) {
    memcpy(f->v, f->trajectory, dkm_model_size(&f->system) * sizeof *f->v);
    separation = depart(s, f, 1.0);
  } else if (++f->stale == FRESH_STRETCHES) {
    separation = depart(s, f, fresh_part * separation / f->growing);
    f->stale = 0;
  }
  dkm_separation_scale(&f->system, &f->point, f->trajectory, f->v, s->separation / separation);
  f->separation = s->separation;
}

/* For a stretch that is not known yet: a period of the fastest frequency. */
static double first_stretch(const shadow *f, const double *u) {
  return 2.0 * M_PI / DKM_MOTION_PHASE * dkm_sampling_spacing(&f->system, &f->point, u, 0.0);
}

/* Of the modes to all spins: sum_mu,k w_k G_{mu,k}^2 bounds the square; 1 for +-1 patterns, whose rows are orthogonal. */
static double coupling_most(const dkm_system *system) {
  double sum = 0.0;
  if (dkm_system_has_patterns(system)) return 1.0;
  for (int64_t k = 0; k < system->n_classes; k++)
    for (int mu = 0; mu < system->n_modes; mu++)
      sum += dkm_system_weight(system, k) * dkm_system_coupling(system, mu, k) * dkm_system_coupling(system, mu, k);
  return sqrt(sum) > 0.0 ? sqrt(sum) : 1.0;
}

static double next_target(const shadow *f, double length) {
  return f->t_noted +
         (f->point.g0 > 0.0 ? fmin(length, stretch_longest / (f->point.g0 * coupling_most(&f->system))) : length);
}

/* A free shadow, whose separation is not chosen yet; NULL if there is none. */
static shadow *take_shadow(dkm_sensitivity *s, const dkm_system *system, const dkm_start *symmetric,
                           const dkm_point *point, const double *u) {
  int i = 0;
  while (i < s->n_shadows && s->shadows[i].taken) i++;
  if (i == s->n_shadows) return NULL;
  shadow *f = &s->shadows[i];
  f->taken = f->fed = true;
  f->failed = false;
  f->system = *system;
  f->has_symmetry = symmetric != NULL;
  if (symmetric) f->symmetric = *symmetric;
  f->point = *point;
  f->t = f->t_noted = 0.0;
  f->stale = 0;
  f->draws = 0;
  f->steps_noted = 0;
  f->first = f->n_targets = 0;
  f->growing = f->largest = 1.0;
  for (int j = 0; j < N_OCTAVES; j++) f->octaves[j].first = 0.0;
  memcpy(f->trajectory, u, dkm_model_size(&f->system) * sizeof *u);
  memcpy(f->v, u, dkm_model_size(&f->system) * sizeof *u);
  return f;
}

/* Its separation is that of f->v; returns its number. */
static int begin(dkm_sensitivity *s, shadow *f, double *t_next) {
  set_distance(s, f);
  *t_next = next_target(f, first_stretch(f, f->trajectory));
  return (int)(f - s->shadows);
}

int dkm_sensitivity_begin(dkm_sensitivity *s, const dkm_system *system, const dkm_start *symmetric,
                          const dkm_point *point, const double *u, double *t_next) {
  shadow *f = take_shadow(s, system, symmetric, point, u);
  if (!f) return -1;
  return begin(s, f, t_next);
}

int dkm_sensitivity_take_over(dkm_sensitivity *s, dkm_sensitivity *from, int i_from, const dkm_point *point,
                              const double *u, double *t_next) {
  const shadow *old = &from->shadows[i_from];
  shadow *f = take_shadow(s, &old->system, old->has_symmetry ? &old->symmetric : NULL, point, u);
  if (!f) return -1;
  f->failed = old->failed;
  f->growing = old->growing;
  f->largest = old->largest;
  memcpy(f->octaves, old->octaves, sizeof f->octaves);
  memcpy(f->v, old->v, dkm_model_size(&f->system) * sizeof *u);
  dkm_sensitivity_release(from, i_from);
  return begin(s, f, t_next);
}

double dkm_sensitivity_note(dkm_sensitivity *s, int i, double t, const double *u, int64_t steps) {
  shadow *f = &s->shadows[i];
  if (!(t > f->t_noted)) return next_target(f, first_stretch(f, u));
  const double step = (t - f->t_noted) / (double)(steps - f->steps_noted);
  f->t_noted = t;
  f->steps_noted = steps;
  if (!f->failed) {
    target *to = &f->targets[(f->first + f->n_targets++) % N_TARGETS];
    to->t = t;
    memcpy(to->u, u, dkm_model_size(&f->system) * sizeof *u);
  }
  return next_target(f, stretch_steps * step);
}

void dkm_sensitivity_pause(dkm_sensitivity *s, int i) {
  s->shadows[i].fed = false;
}

bool dkm_sensitivity_behind(const dkm_sensitivity *s, int i) {
  return s->shadows[i].n_targets > 0;
}

double dkm_sensitivity_resume(dkm_sensitivity *s, int i, double t, const double *u, const double *v,
                              dkm_growth growth) {
  shadow *f = &s->shadows[i];
  const size_t size = dkm_model_size(&f->system);
  for (int j = 0; j < growth.n; j++) f->failed = f->failed || isnan(growth.factors[j]);
  for (int j = 0; !f->failed && j < growth.n; j++)
    grow(f, growth.factors[j], f->system.n_modes, growth.xi + (size_t)j * growth.stride);
  f->fed = true;
  f->t = f->t_noted = t;
  f->steps_noted = 0;
  memcpy(f->trajectory, u, size * sizeof *u);
  memcpy(f->v, v, size * sizeof *v);
  set_distance(s, f);
  return next_target(f, first_stretch(f, u));
}

void dkm_sensitivity_finish(dkm_sensitivity *s, int i) {
  s->shadows[i].fed = false;
}

bool dkm_sensitivity_done(const dkm_sensitivity *s, int i) {
  const shadow *f = &s->shadows[i];
  return f->taken && !f->fed && f->n_targets == 0;
}

static void leave_lane(dkm_sensitivity *s, shadow *f) {
  if (f->lane < 0) return;
  dkm_integrator_unload(s->integrator, f->lane);
  s->at[f->lane] = -1;
  f->lane = -1;
}

void dkm_sensitivity_release(dkm_sensitivity *s, int i) {
  leave_lane(s, &s->shadows[i]);
  s->shadows[i].taken = s->shadows[i].fed = false;
  s->shadows[i].n_targets = 0;
}

/* ---- the shadow's side ---- */

static void load(dkm_sensitivity *s, shadow *f) {
  dkm_integrator_set_system(s->integrator, f->lane, &f->system);
  dkm_integrator_load(s->integrator, f->lane, &f->point, f->v, f->t);
  dkm_integrator_lane(s->integrator, f->lane)->t_limit = f->targets[f->first].t;
}

/* The shadow in a lane is where its target is, or has failed. */
static void arrive(dkm_sensitivity *s, shadow *f) {
  if (dkm_integrator_lane(s->integrator, f->lane)->failure != DKM_FAILURE_NONE) {
    f->failed = true;
    f->n_targets = 0;
    leave_lane(s, f);
    return;
  }
  target *to = &f->targets[f->first];
  dkm_integrator_state(s->integrator, f->lane, s->end);
  const double separation = dkm_separation_of(&f->system, to->u, s->end);
  if (separation > s->separation_largest && f->separation > s->separation_small) {
    dkm_separation_scale(&f->system, &f->point, f->trajectory, f->v, s->separation_small / f->separation);
    f->separation = s->separation_small;
    load(s, f);
    return;
  }
  double xi[DKM_MAX_MODES];
  dkm_model_overlaps(&f->system, to->u, xi, s->scratch);
  grow(f, separation / f->separation, f->system.n_modes, xi);
  double *last = f->trajectory;
  f->t = to->t;
  f->trajectory = to->u;
  to->u = last;
  memcpy(f->v, s->end, dkm_model_size(&f->system) * sizeof *f->v);
  set_distance(s, f);
  f->first = (f->first + 1) % N_TARGETS;
  if (--f->n_targets > 0)
    load(s, f);
  else
    leave_lane(s, f);
}

bool dkm_sensitivity_due(dkm_sensitivity *s) {
  int n_behind = 0, n_targets = 0, most = 0;
  bool fed = false, dry = false;
  for (int i = 0; i < s->n_shadows; i++) {
    const shadow *f = &s->shadows[i];
    if (!f->taken) continue;
    fed = fed || f->fed;
    dry = dry || (f->fed && f->n_targets == 0);
    n_behind += f->n_targets > 0;
    n_targets += f->n_targets;
    if (f->fed && f->n_targets > most) most = f->n_targets;
  }
  /* Once the lanes can be filled for a while they are kept busy until they cannot be filled any more, but might be
   * later. */
  if (n_behind == 0 || (dry && n_behind < s->n_lanes)) s->draining = false;
  if (most == N_TARGETS || !fed || (n_behind >= s->n_lanes && n_targets >= 2 * s->n_lanes)) s->draining = true;
  return s->draining && n_behind > 0;
}

/* The next one to be served: those that are over first, then those furthest behind. */
static shadow *next_in_line(dkm_sensitivity *s) {
  shadow *next = NULL;
  for (int i = 0; i < s->n_shadows; i++) {
    shadow *f = &s->shadows[i];
    if (f->n_targets == 0 || f->lane >= 0) continue;
    if (!next || (!f->fed && next->fed) || (f->fed == next->fed && f->n_targets > next->n_targets)) next = f;
  }
  return next;
}

int dkm_sensitivity_advance(dkm_sensitivity *s, bool *served) {
  shadow *f;
  int n_served = 0;
  for (int lane = 0; lane < s->n_lanes; lane++)
    if (s->at[lane] < 0 && (f = next_in_line(s))) {
      f->lane = lane;
      s->at[lane] = (int)(f - s->shadows);
      load(s, f);
    }
  for (int i = 0; i < s->n_shadows; i++) {
    n_served += s->shadows[i].lane >= 0;
    if (served) served[i] = s->shadows[i].lane >= 0;
  }
  dkm_integrator_advance(s->integrator);
  for (int lane = 0; lane < s->n_lanes; lane++) {
    const dkm_lane *l = dkm_integrator_lane(s->integrator, lane);
    if (l->active && (l->t >= l->t_limit || l->failure != DKM_FAILURE_NONE)) arrive(s, &s->shadows[s->at[lane]]);
  }
  return n_served;
}
