/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Is it right to stop early?  argv = SEED N_POINTS [CAP [T_MAX]], times in units of 1/Omega
 * or so (2e4 and 1e5)
 *
 * N_POINTS random points where no Lyapunov function excludes oscillations (M = 2 ... 5, modes of both signs, tilted
 * starts, everything else random) are evaluated as always.  The very same trajectories then go on where the evaluation
 * stopped them, in the same lane of the same integrator: nothing but the stop is different, so chaos on the way cannot
 * excuse a difference.  (Where there is one, bench/verdicts asks whether outcomes are right.)
 *
 *   fixed_point, dark_precession   for DECAYS decay times of the record's decay_rate, CAP at most (those capped
 *                    are counted, and must have come nearer by exp(-decay_rate CAP), up to a factor of 3). Then
 *                    N_LOOKS looks at the trajectory over LOOK_PERIODS of its slowest periods:
 *                    the same class (all variables at rest, or spins that go on precessing while the overlaps
 *                    are steady), the same retrieved pattern, every xi_mu to 1e-8 or, if that is more,
 *                    to the record's xi_error.
 *   limit_cycle, quasiperiodic, irregular   for WAIT times the time it took, then N_WINDOWS windows of the longest
 *                    kind: a cycle with the same period each time; a torus that never closes nor parts
 *                    exponentially; separations that keep growing (in calm between bursts, up to MOST_WINDOWS).
 *                    Chaos that lasted for several windows and yet died out later, as README.md says it may, has
 *                    a column of its own: no finite time excludes that.
 *   undecided, failed   are counted: there is nothing to compare.
 *
 * Also: the record is that of dkm_evaluate, bit for bit, so that what is tested is what the program does.
 * Prints every mismatch with its parameters, then a table.  Exit code 3 if there was one. */
#include <float.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/attractor.h"
#include "dickemap/evaluate.h"
#include "dickemap/sampling.h"
#include "dickemap/theory.h"

enum { MAX_M = 5, MAX_LANES = 8, N_LOOKS = 200, N_WINDOWS = 3, MOST_WINDOWS = 12, LOOK_PERIODS = 20, DECAYS = 30, WAIT = 2 };
static const double tolerance = 1e-10, xi_agrees = 1e-8, period_agrees = 1e-6, recurs_in_window = 1e-6, at_rest = 1e-7, grows = 5.0;

/* Of N_LOOKS looks at a trajectory long after the stop. */
typedef struct aftermath {
  double waited, until;  /* time between the stop and the first look, time of the last */
  bool capped;
  double gamma;          /* slowest decay of what the trajectory can do */
  double distance, speed; /* of the trajectory from the record's state when it was stopped, its max |u'| then */
  int n;
  double xi_sum[DKM_MAX_MODES], xi_low[DKM_MAX_MODES], xi_high[DKM_MAX_MODES];
  double precession, residual; /* the largest, of the last look */
  int n_windows;
  dkm_motion windows[MOST_WINDOWS];
} aftermath;

/* One point and all that became of it. */
typedef struct trial {
  dkm_system system;
  dkm_point point;
  dkm_record record, evaluated;
  aftermath after;
  char complaint[256]; /* empty: none */
  bool died_out;       /* irregular, and at rest or regular later */
} trial;

static void check(dkm_status status, const dkm_error *err) {
  if (status == DKM_OK) return;
  fprintf(stderr, "early_stop: %s\n", err->message);
  exit(2);
}

static void *allocate(size_t n, size_t size) {
  void *p = calloc(n, size);
  if (p) return p;
  fprintf(stderr, "early_stop: out of memory\n");
  exit(2);
}

/* ---- random points ---- */

static double between(gsl_rng *rng, double low, double high) {
  return low + (high - low) * gsl_rng_uniform(rng);
}

static double log_between(gsl_rng *rng, double low, double high) {
  return low * pow(high / low, gsl_rng_uniform(rng));
}

static bool one_in(gsl_rng *rng, int n) {
  return gsl_rng_uniform_int(rng, (unsigned long)n) == 0;
}

static void draw(gsl_rng *rng, trial *t) {
  const int M = one_in(rng, 2) ? 2 : 3 + (int)gsl_rng_uniform_int(rng, MAX_M - 2); /* with more there is more chaos */
  /* Ungauged, tilted classes turn in pairs, and the evaluation asks about these (bodies.h), which is not done here. */
  dkm_system_of_patterns(&t->system, DKM_GAUGED, M, NULL);
  dkm_point *p = &t->point;
  *p = (dkm_point){.g0 = between(rng, 0.05, 2.0), .Omega = between(rng, 0.2, 1.2) * (one_in(rng, 4) ? -1.0 : 1.0)};
  for (int mu = 0; mu < M; mu++) p->kappa_mu[mu] = log_between(rng, 0.3, 3.0);
  do
    for (int mu = 0; mu < M; mu++) p->Omega_mu[mu] = between(rng, 0.5, 3.0) * (one_in(rng, 2) ? -1.0 : 1.0);
  while (dkm_landscape_sign(&t->system, p) != 0);
  p->pattern = 1 + (int)gsl_rng_uniform_int(rng, (unsigned long)M);
  /* The pattern itself, anything, or (next to) the normal state, a saddle above the first g_nu. */
  p->overlap = one_in(rng, 3) ? 1.0 : one_in(rng, 5) ? 0.0 : between(rng, -1.0, 1.0);
  p->perturbation = log_between(rng, 1e-6, 0.3);
  p->seed = (int64_t)gsl_rng_uniform_int(rng, 1000);
}

static void print_trial(const trial *t) {
  const dkm_point *p = &t->point;
  printf("  M %d %s, g0 %.17g, Omega %.17g, pattern %d, overlap %.17g, perturbation %.17g, seed %lld, Omega_mu [",
         t->system.n_modes, t->system.mapping == DKM_GAUGED ? "gauged" : "ungauged", p->g0, p->Omega, p->pattern,
         p->overlap, p->perturbation, (long long)p->seed);
  for (int mu = 0; mu < t->system.n_modes; mu++) printf("%s%.17g", mu ? ", " : "", p->Omega_mu[mu]);
  printf("], kappa_mu [");
  for (int mu = 0; mu < t->system.n_modes; mu++) printf("%s%.17g", mu ? ", " : "", p->kappa_mu[mu]);
  printf("]\n");
}

/* ---- the trajectories ---- */

/* A lane's trajectory: first as the evaluation has it, then beyond. */
typedef struct follower {
  trial *trial;
  dkm_attractor attractor;
  dkm_sampling *sampling;
  bool sampled, beyond, oscillates;
} follower;

/* Points that one integrator can take: one set of patterns. */
typedef struct group {
  dkm_system system;
  dkm_solver solver;
  double cap;
  dkm_integrator *integrator;
  dkm_fixedpoint_workspace *workspace;
  dkm_landscape *landscape;
  dkm_cycle_workspace *cycles;
  double *u, *scratch, *state, *rates;
  follower lanes[MAX_LANES];
} group;

static bool is_oscillation(const dkm_record *r) {
  return r->verdict == DKM_VERDICT_LIMIT_CYCLE || r->verdict == DKM_VERDICT_QUASIPERIODIC ||
         r->verdict == DKM_VERDICT_IRREGULAR;
}

static bool is_stationary(const dkm_record *r) {
  return r->verdict == DKM_VERDICT_FIXED_POINT || r->verdict == DKM_VERDICT_DARK_PRECESSION;
}

static void begin_samples(group *g, int lane, int n_samples, double fastest) {
  follower *f = &g->lanes[lane];
  dkm_error err;
  if (!f->sampling) check(dkm_sampling_create(&g->system, tolerance, g->integrator, lane, &f->sampling, &err), &err);
  f->sampled = true;
  dkm_sampling_begin(f->sampling, &f->trial->point, n_samples,
                     dkm_sampling_spacing(&g->system, &f->trial->point, g->u, fastest), g->u, g->scratch);
}

/* As src/core/evaluate.c does. */
static void sample_as_asked(group *g, int lane, bool follow) {
  follower *f = &g->lanes[lane];
  dkm_oscillation *o = &f->attractor.oscillation;
  if (o->anew && f->sampling) dkm_sampling_forget(f->sampling);
  o->anew = false;
  if (!follow) {
    begin_samples(g, lane, o->n_samples, o->fastest);
    return;
  }
  f->sampled = true;
  dkm_sampling_follow(f->sampling, &f->trial->point, o->t_sample,
                      dkm_sampling_spacing(&g->system, &f->trial->point, g->u, o->fastest), g->u);
}

static double largest_rate(group *g, const dkm_point *point, const double *u) {
  const size_t n = dkm_model_size(&g->system);
  double largest = 0.0;
  dkm_model_rhs(&g->system, point, u, g->rates, g->scratch);
  for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(g->rates[i]));
  return largest;
}

/* The evaluation has ended this trajectory: where to go on. Returns false if there is nothing to see. */
static bool go_beyond(group *g, int lane) {
  follower *f = &g->lanes[lane];
  aftermath *after = &f->trial->after;
  dkm_lane *l = dkm_integrator_lane(g->integrator, lane);
  const dkm_record *r = &f->trial->record;
  double wait;
  f->beyond = true;
  after->gamma = NAN;
  f->oscillates = is_oscillation(r);
  if (!is_stationary(r) && !f->oscillates) return false;
  if (f->oscillates)
    wait = WAIT * l->t;
  else {
    after->gamma = r->decay_rate;
    wait = after->gamma > 0.0 ? DECAYS / after->gamma : g->cap; /* NaN: nothing decays */
    const size_t n = dkm_model_size(&g->system);
    dkm_integrator_state(g->integrator, lane, g->state);
    for (size_t i = 0; i < n; i++) after->distance = fmax(after->distance, fabs(g->state[i] - g->u[i]));
    after->speed = largest_rate(g, &f->trial->point, g->state);
  }
  after->capped = wait > g->cap;
  l->t_pause = l->t_limit = INFINITY; /* the integrator takes the steps that it would have taken */
  l->t_pause = l->t + fmin(wait, g->cap);
  after->waited = fmin(wait, g->cap);
  return true;
}

/* Looks at a trajectory long after its stop. Returns false once enough was seen. */
static bool look_beyond(group *g, int lane) {
  follower *f = &g->lanes[lane];
  aftermath *after = &f->trial->after;
  dkm_lane *l = dkm_integrator_lane(g->integrator, lane);
  const int M = g->system.n_modes;
  double xi[DKM_MAX_MODES];
  if (l->failure != DKM_FAILURE_NONE) {
    snprintf(f->trial->complaint, sizeof f->trial->complaint, "failed beyond the stop");
    return false;
  }
  after->until = l->t;
  dkm_integrator_state(g->integrator, lane, g->u);
  if (f->oscillates) {
    begin_samples(g, lane, DKM_MOTION_MOST, f->attractor.oscillation.fastest);
    return true;
  }
  dkm_model_overlaps(&g->system, g->u, xi, g->scratch);
  for (int mu = 0; mu < M; mu++) {
    after->xi_sum[mu] += xi[mu];
    after->xi_low[mu] = after->n ? fmin(after->xi_low[mu], xi[mu]) : xi[mu];
    after->xi_high[mu] = after->n ? fmax(after->xi_high[mu], xi[mu]) : xi[mu];
  }
  if (++after->n < N_LOOKS) {
    l->t_pause = l->t + LOOK_PERIODS * 0.5 * f->attractor.oscillation.shortest / N_LOOKS;
    return true;
  }
  dkm_fixedpoint fixed;
  after->precession = NAN;
  if (dkm_fixedpoint_near(g->workspace, &f->trial->point, g->u, false, &fixed, g->state))
    after->precession = fixed.precession;
  after->residual = largest_rate(g, &f->trial->point, g->u);
  return false;
}

/* Of the logarithm of a separation in a window, up to the present one. */
static double mean_growth(const aftermath *after) {
  double sum = 0.0;
  const int n = after->n_windows < MOST_WINDOWS ? after->n_windows + 1 : MOST_WINDOWS;
  for (int i = 0; i < n; i++) sum += after->windows[i].growth / n;
  return sum;
}

static bool window_beyond(group *g, int lane) {
  follower *f = &g->lanes[lane];
  aftermath *after = &f->trial->after;
  const dkm_series *series = dkm_sampling_series(f->sampling);
  if (dkm_sampling_fastest(f->sampling) * series->dt > 1.2 * DKM_MOTION_PHASE) { /* as the attractor does */
    f->attractor.oscillation.fastest = dkm_sampling_fastest(f->sampling);
    begin_samples(g, lane, DKM_MOTION_MOST, f->attractor.oscillation.fastest);
    return true;
  }
  dkm_motion_analyse(series, &f->trial->point, tolerance, &after->windows[after->n_windows]);
  after->until = dkm_integrator_lane(g->integrator, lane)->t;
  const bool calm = f->trial->record.verdict == DKM_VERDICT_IRREGULAR && mean_growth(after) <= grows;
  if (++after->n_windows >= (calm ? MOST_WINDOWS : N_WINDOWS)) return false;
  begin_samples(g, lane, DKM_MOTION_MOST, f->attractor.oscillation.fastest);
  return true;
}

/* What the evaluation asks about a lane's trajectory. */
static dkm_inquiry inquire(const group *g, const follower *f) {
  return (dkm_inquiry){.system = &g->system, .point = &f->trial->point, .solver = &g->solver,
                       .workspace = g->workspace, .landscape = g->landscape, .cycles = g->cycles, .u = g->u, .scratch = g->scratch};
}

/* The evaluation's own way with a lane (src/core/evaluate.c). Returns false once the point is done with. */
static bool look(group *g, int lane) {
  follower *f = &g->lanes[lane];
  dkm_lane *l = dkm_integrator_lane(g->integrator, lane);
  const dkm_inquiry q = inquire(g, f);
  dkm_record record;
  dkm_outlook outlook;
  if (f->sampled && l->failure == DKM_FAILURE_NONE) {
    if (!dkm_sampling_continue(f->sampling, &f->trial->point, g->u, g->scratch)) return true;
    f->sampled = false;
    if (f->beyond) return window_beyond(g, lane);
    f->attractor.steps += dkm_sampling_steps(f->sampling);
    const dkm_exponent *exponent = dkm_sampling_exponent(f->sampling);
    outlook = dkm_sampling_follows(f->sampling)
                  ? dkm_attractor_followed(&f->attractor, &q, exponent, l, &record)
                  : dkm_attractor_judge(&f->attractor, &q, dkm_sampling_series(f->sampling), exponent,
                                        dkm_sampling_fastest(f->sampling), l, &record);
  } else {
    if (f->beyond) return look_beyond(g, lane);
    dkm_window window;
    dkm_integrator_window(g->integrator, lane, &window);
    dkm_integrator_state(g->integrator, lane, g->u);
    outlook = dkm_attractor_look(&f->attractor, &q, &window, l, &record);
  }
  if (outlook == DKM_OUTLOOK_SAMPLE || outlook == DKM_OUTLOOK_FOLLOW)
    sample_as_asked(g, lane, outlook == DKM_OUTLOOK_FOLLOW);
  if (outlook != DKM_OUTLOOK_END) return true;
  f->trial->record = record;
  return go_beyond(g, lane);
}

static void start(group *g, int lane, trial *t) {
  follower *f = &g->lanes[lane];
  dkm_error err;
  dkm_sampling *sampling = f->sampling;
  *f = (follower){.trial = t, .sampling = sampling};
  const dkm_inquiry q = inquire(g, f);
  check(dkm_model_start(&g->system, &t->point, g->u, &err), &err);
  dkm_integrator_load(g->integrator, lane, &t->point, g->u, 0.0);
  dkm_attractor_begin(&f->attractor, &q, dkm_integrator_lane(g->integrator, lane));
}

static bool belongs(const trial *t, const group *g) {
  return t->system.n_modes == g->system.n_modes && t->system.mapping == g->system.mapping;
}

/* Runs all trials of a group, lanes refilled as they come free. */
static void run_group(group *g, trial *trials, int n) {
  dkm_error err;
  const size_t size = dkm_model_size(&g->system);
  int next = 0, active;
  check(dkm_integrator_create(&g->system, &g->solver, NULL, &g->integrator, &err), &err);
  check(dkm_fixedpoint_workspace_create(&g->system, &g->workspace, &err), &err);
  check(dkm_landscape_create(&g->system, &g->landscape, &err), &err);
  check(dkm_cycle_workspace_create(&g->system, false, &g->cycles, &err), &err);
  g->u = allocate(size, sizeof *g->u);
  g->state = allocate(size, sizeof *g->state);
  g->rates = allocate(size, sizeof *g->rates);
  g->scratch = allocate(size + 2 * (size_t)g->system.n_classes, sizeof *g->scratch);
  do {
    active = 0;
    for (int lane = 0; lane < dkm_integrator_lanes(g->integrator) && lane < MAX_LANES; lane++) {
      dkm_lane *l = dkm_integrator_lane(g->integrator, lane);
      if (l->active && (l->t >= l->t_pause || l->t >= l->t_limit || l->failure != DKM_FAILURE_NONE) && !look(g, lane))
        dkm_integrator_unload(g->integrator, lane);
      while (!l->active && next < n) {
        if (belongs(&trials[next], g)) start(g, lane, &trials[next]);
        next++;
      }
      active += l->active;
    }
    dkm_integrator_advance(g->integrator);
  } while (active > 0);
  for (int lane = 0; lane < MAX_LANES; lane++) dkm_sampling_destroy(g->lanes[lane].sampling);
  dkm_integrator_destroy(g->integrator);
  dkm_fixedpoint_workspace_destroy(g->workspace);
  dkm_landscape_destroy(g->landscape);
  dkm_cycle_workspace_destroy(g->cycles);
  free(g->u);
  free(g->state);
  free(g->rates);
  free(g->scratch);
}

/* ---- what the program itself says ---- */

static bool alike(const trial *a, const trial *b) {
  return a->system.n_modes == b->system.n_modes && a->system.mapping == b->system.mapping;
}

/* All trials like the one at `first`, of those from there on. */
static void evaluate_alike(trial *trials, int first, int n, const dkm_solver *solver) {
  dkm_error err;
  dkm_evaluator *e;
  dkm_point *points = allocate((size_t)n, sizeof *points);
  dkm_record *records = allocate((size_t)n, sizeof *records);
  int n_points = 0;
  for (int i = first; i < n; i++)
    if (alike(&trials[i], &trials[first])) points[n_points++] = trials[i].point;
  check(dkm_evaluator_create(&trials[first].system, solver, NULL, &e, &err), &err);
  check(dkm_evaluate(e, n_points, points, records, NULL, &err), &err);
  n_points = 0;
  for (int i = first; i < n; i++)
    if (alike(&trials[i], &trials[first])) trials[i].evaluated = records[n_points++];
  dkm_evaluator_destroy(e);
  free(points);
  free(records);
}

static void evaluate(trial *trials, int n, const dkm_solver *solver) {
  for (int i = 0; i < n; i++) {
    bool seen = false;
    for (int j = 0; j < i && !seen; j++) seen = alike(&trials[i], &trials[j]);
    if (!seen) evaluate_alike(trials, i, n, solver);
  }
}

/* ---- comparison ---- */

#define COMPLAIN(t, ...) ((void)snprintf((t)->complaint, sizeof (t)->complaint, __VA_ARGS__))

/* How well xi is known; what integration adds to that. */
static double xi_promise(const dkm_record *r) {
  return fmax(xi_agrees, r->xi_error);
}

/* Largest difference of the mean xi from the record's. */
static double xi_difference(const trial *t) {
  double largest = 0.0;
  for (int mu = 0; mu < t->system.n_modes; mu++)
    largest = fmax(largest, fabs(t->after.xi_sum[mu] / t->after.n - t->record.xi[mu]));
  return largest;
}

static int retrieved_by(const double *xi, int M) {
  int largest = 0;
  for (int mu = 1; mu < M; mu++)
    if (fabs(xi[mu]) > fabs(xi[largest])) largest = mu;
  return xi[largest] > 0.0 ? largest + 1 : -(largest + 1);
}

static void compare_stationary(trial *t) {
  const dkm_record *r = &t->record;
  const aftermath *after = &t->after;
  const int M = t->system.n_modes;
  const double left = after->capped && after->gamma > 0.0 ? 3.0 * exp(-after->gamma * after->waited) : 0.0;
  const double allowed = xi_promise(r) + left * after->distance;
  double spread = 0.0, mean[DKM_MAX_MODES];
  for (int mu = 0; mu < M; mu++) {
    spread = fmax(spread, after->xi_high[mu] - after->xi_low[mu]);
    mean[mu] = after->xi_sum[mu] / after->n;
  }
  if (!(xi_difference(t) <= allowed)) COMPLAIN(t, "xi differs by %.1e (allowed %.1e)", xi_difference(t), allowed);
  if (!(spread <= 2.0 * allowed)) COMPLAIN(t, "xi is not steady, spread %.1e (allowed %.1e)", spread, 2.0 * allowed);
  if (r->verdict == DKM_VERDICT_FIXED_POINT && !(after->residual <= at_rest + left * after->speed))
    COMPLAIN(t, "not all variables are at rest: residual %.1e, precession %.1e", after->residual, after->precession);
  if (r->verdict == DKM_VERDICT_DARK_PRECESSION && !(after->precession >= 0.5 * r->precession))
    COMPLAIN(t, "the precession has died: %.1e, was %.1e", after->precession, r->precession);
  if (r->retrieved != 0 && retrieved_by(mean, M) != r->retrieved)
    COMPLAIN(t, "retrieved %d, later %d", r->retrieved, retrieved_by(mean, M));
}

static void compare_oscillation(trial *t) {
  const dkm_record *r = &t->record;
  double growth = 0.0;
  for (int i = 0; i < t->after.n_windows; i++) {
    const dkm_motion *m = &t->after.windows[i];
    growth += m->growth / t->after.n_windows;
    if (r->verdict == DKM_VERDICT_IRREGULAR) continue;
    const double period = m->n_periods > 0 ? m->periods[m->n_periods - 1] : NAN;
    const bool recurs = m->recurrence <= recurs_in_window;
    if (r->verdict == DKM_VERDICT_LIMIT_CYCLE && !recurs)
      COMPLAIN(t, "window %d is no cycle (kind %d, growth %.1f)", i, m->kind, m->growth);
    else if (r->verdict == DKM_VERDICT_LIMIT_CYCLE && !(fabs(period / r->period - 1.0) <= period_agrees))
      COMPLAIN(t, "the period was %.10g and is %.10g", r->period, period);
    else if (r->verdict == DKM_VERDICT_QUASIPERIODIC && recurs)
      COMPLAIN(t, "window %d is a cycle of period %.10g", i, period);
    else if (r->verdict == DKM_VERDICT_QUASIPERIODIC && (m->kind == DKM_MOTION_CHAOS || !(m->size > 1e-8)))
      COMPLAIN(t, "window %d is no torus (kind %d, growth %.1f, size %.1e)", i, m->kind, m->growth, m->size);
  }
  t->died_out = r->verdict == DKM_VERDICT_IRREGULAR && !(growth > grows);
}

static void compare(trial *t) {
  const int M = t->system.n_modes;
  if (t->complaint[0]) return;
  if (is_stationary(&t->record)) compare_stationary(t);
  if (is_oscillation(&t->record)) compare_oscillation(t);
  dkm_theory_fill(&t->system, &t->point, &t->record); /* last of all, by dkm_evaluate */
  t->record.x_mean = t->evaluated.x_mean;             /* likewise, from the state */
  if (dkm_record_checksum(&t->record, M, NULL, 0) != dkm_record_checksum(&t->evaluated, M, NULL, 0))
    COMPLAIN(t, "dkm_evaluate has another record: %s", dkm_verdict_name(t->evaluated.verdict));
}

/* ---- report ---- */

static int report(const trial *trials, int n) {
  int n_wrong = 0, n_close = 0, n_dark = 0;
  double worst = 0.0;
  printf("%-16s %6s %6s %9s %8s %10s %12s %12s\n", "verdict", "points", "capped", "different", "died out", "max |d xi|",
         "time to stop", "time beyond");
  for (int verdict = 0; verdict < DKM_N_VERDICTS; verdict++) {
    int count = 0, capped = 0, wrong = 0, died = 0;
    double difference = 0.0, stop = 0.0, beyond = 0.0;
    for (int i = 0; i < n; i++) {
      const trial *t = &trials[i];
      if (t->record.verdict != verdict) continue;
      count++;
      capped += t->after.capped;
      wrong += t->complaint[0] != 0;
      died += t->died_out;
      stop += t->record.t_end;
      if (t->after.until > 0.0) beyond += t->after.until - t->record.t_end;
      if (!is_stationary(&t->record) || t->after.capped || t->after.n == 0) continue;
      difference = fmax(difference, xi_difference(t));
      if (verdict != DKM_VERDICT_DARK_PRECESSION) continue;
      n_dark++;
      n_close += xi_difference(t) <= xi_agrees;
      worst = fmax(worst, xi_difference(t) / (t->record.precession * t->record.precession));
    }
    n_wrong += wrong;
    if (count)
      printf("%-16s %6d %6d %9d %8d %10.1e %12.3g %12.3g\n", dkm_verdict_name(verdict), count, capped, wrong, died,
             difference, stop / count, beyond / count);
  }
  if (n_dark)
    printf("dark_precession: %d of %d within %.0e, largest |d xi|/precession^2 %.1e\n", n_close, n_dark, xi_agrees, worst);
  return n_wrong;
}

int main(int argc, char **argv) {
  if (argc < 3) return 1;
  const unsigned long seed = strtoul(argv[1], NULL, 10);
  const int n = atoi(argv[2]);
  const double cap = argc > 3 ? atof(argv[3]) : 2e4, t_max = argc > 4 ? atof(argv[4]) : 1e5;
  if (n < 1) return 1;
  gsl_set_error_handler_off();
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  trial *trials = allocate((size_t)n, sizeof *trials);
  const dkm_solver solver = {.method = DKM_METHOD_ENSEMBLE, .tolerance = tolerance, .t_max = t_max};
  if (!rng) return 2;
  gsl_rng_set(rng, seed);
  for (int i = 0; i < n; i++) draw(rng, &trials[i]);
  evaluate(trials, n, &solver);

  for (int M = 2; M <= MAX_M; M++) {
    group g = {.solver = solver, .cap = cap};
    dkm_system_of_patterns(&g.system, DKM_GAUGED, M, NULL);
    run_group(&g, trials, n);
  }
  for (int i = 0; i < n; i++) {
    compare(&trials[i]);
    if (!trials[i].complaint[0] && !trials[i].died_out) continue;
    printf("point %d of seed %lu, %s at t = %.6g: %s\n", i, seed, dkm_verdict_name(trials[i].record.verdict),
           trials[i].record.t_end, trials[i].complaint[0] ? trials[i].complaint : "the chaos died out later");
    print_trial(&trials[i]);
  }
  const int n_wrong = report(trials, n);
  printf("%d points of seed %lu, %d different\n", n, seed, n_wrong);
  free(trials);
  gsl_rng_free(rng);
  return n_wrong ? 3 : 0;
}
