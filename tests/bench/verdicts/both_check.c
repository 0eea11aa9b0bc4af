/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A record with modes of both signs against the judge (both.h). */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "both.h"

/* Relative, of periods; absolute, of overlaps of a state at rest and of means over a cycle; of Floquet exponents. */
static const double period_agrees = 1e-6, rest_agrees = 1e-6, mean_agrees = 1e-3, floquet_agrees = 1e-3;

static const double judge_tolerance = 1e-12;

double both_field(const dkm_record *record, const char *name, int mode) {
  for (int i = 0; i < dkm_n_fields; i++) {
    const dkm_field *f = &dkm_fields[i];
    if (strcmp(f->name, name) != 0) continue;
    const char *at = (const char *)record + f->offset;
    switch (f->type) {
    case DKM_FLOAT64:
      return ((const double *)(const void *)at)[f->per_mode ? mode : 0];
    case DKM_INT64:
      return (double)((const int64_t *)(const void *)at)[f->per_mode ? mode : 0];
    default:
      return NAN;
    }
  }
  return NAN;
}

static void find(both_trial *t, both_finding finding, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void find(both_trial *t, both_finding finding, const char *format, ...) {
  if (t->finding != BOTH_AGREES) return; /* the first one stands */
  va_list list;
  const int at = snprintf(t->complaint, sizeof t->complaint, "%s at t_end %.4g: ",
                          dkm_verdict_name(t->records[MIDDLE].verdict), t->records[MIDDLE].t_end);
  va_start(list, format);
  vsnprintf(t->complaint + at, sizeof t->complaint - (size_t)at, format, list);
  va_end(list);
  t->finding = finding;
}

/* ---- the judge's pursuits ---- */

/* Long enough for the slowest frequency to show. */
static double first_window(const equations *e) {
  double slowest = 2.0 * fabs(e->Omega);
  for (int mu = 0; mu < e->M; mu++) slowest = fmin(slowest, hypot(e->Omega_mu[mu], 0.5 * e->kappa_mu[mu]));
  return slowest < 0.1 ? 25.6 / slowest : 256.0;
}

static void pursue_start(const both_trial *t, const equations *e, double tolerance, double work, truth *out) {
  dkm_system system;
  dkm_error err;
  double u[MAX_STATE];
  if (dkm_system_of_patterns(&system, DKM_GAUGED, t->M, &err) != DKM_OK ||
      dkm_model_start(&system, &t->point, u, &err) != DKM_OK)
    exit(2);
  const truth_options o = {tolerance, first_window(e), 256.0 * first_window(e), work};
  truth_find(e, u, &o, out);
}

/* From the final state of the record, `times` as long as it took. */
static void pursue_claim(both_trial *t, const equations *e, double times, double work) {
  const truth_options o = {judge_tolerance, first_window(e), times * t->records[MIDDLE].t_end, work};
  truth_find(e, t->state, &o, &t->claim);
  t->has_claim = true;
}

/* ---- what is held against a record ---- */

static double distance(int n, const double *a, const double *b) {
  double largest = 0.0;
  for (int i = 0; i < n; i++) largest = fmax(largest, fabs(a[i] - b[i]));
  return largest;
}

/* Cycles and their mirror images, of the two signs of each overlap, are told apart: both start from one state. */
static void check_cycle(both_trial *t) {
  const dkm_record *r = &t->records[MIDDLE];
  const truth *c = &t->claim;
  if (c->kind == TRUTH_UNKNOWN) {
    find(t, BOTH_LATE, "the judge cannot tell at t + %.4g (size %.4g, before %.4g)", c->t, c->size, c->size_before);
    return;
  }
  if (c->kind != TRUTH_CYCLE) {
    find(t, BOTH_WRONG, "%s when followed to t + %.4g, exponent %.4g +- %.2g", truth_name(c->kind), c->t, c->lyapunov,
         c->lyapunov_error);
    return;
  }
  const double ratio = r->period / c->period;
  if (!(fabs(ratio - 1.0) <= period_agrees)) {
    if (ratio > 1.5 && fabs(ratio - round(ratio)) <= 1e-3)
      find(t, BOTH_WRONG, "period %.10g, %g times the shortest %.10g", r->period, round(ratio), c->period);
    else
      find(t, BOTH_WRONG, "period %.10g, of the cycle %.10g", r->period, c->period);
  }
  if (!(distance(t->M, r->xi, c->mean) <= mean_agrees))
    find(t, BOTH_WRONG, "means of xi off by %.3g", distance(t->M, r->xi, c->mean));
  if (isnan(r->growth_rate) || isnan(c->growth)) return;
  t->asked_floquet = true;
  t->right_floquet = fabs(r->growth_rate - c->growth) <= floquet_agrees * fabs(c->growth) + 1e-7 &&
                     (isnan(r->decay_rate) || fabs(r->decay_rate - c->decay) <= floquet_agrees * c->decay + 1e-7) &&
                     r->n_unstable == c->n_unstable;
  if (!t->right_floquet)
    find(t, BOTH_WRONG, "Floquet exponents: growth %.6g, of the judge %.6g; decay %.6g, %.6g; %d grow", r->growth_rate,
         c->growth, r->decay_rate, c->decay, r->n_unstable);
}

static void check_torus(both_trial *t) {
  const truth *c = &t->claim;
  if (c->kind == TRUTH_UNKNOWN)
    find(t, BOTH_LATE, "the judge cannot tell at t + %.4g (size %.4g, before %.4g, exponent %.3g +- %.2g)", c->t, c->size,
         c->size_before, c->lyapunov, c->lyapunov_error);
  else if (c->kind != TRUTH_TORUS)
    find(t, BOTH_WRONG, "%s from t + %.4g on, period %.8g, exponent %.4g +- %.2g", truth_name(c->kind), c->t_known,
         c->period, c->lyapunov, c->lyapunov_error);
}

static void check_chaos(both_trial *t) {
  const dkm_record *r = &t->records[MIDDLE];
  const truth *c = &t->claim;
  if (c->kind == TRUTH_UNKNOWN) {
    find(t, BOTH_LATE, "the judge cannot tell at t + %.4g, chaos until t + %.4g, exponent %.3g +- %.2g, recorded %.3g", c->t,
         c->chaos_until, c->lyapunov, c->lyapunov_error, r->lyapunov);
    return;
  }
  if (c->kind != TRUTH_CHAOS) {
    find(t, BOTH_DIES_OUT, "%s from t + %.4g on; exponent recorded %.4g, later %.2g +- %.2g", truth_name(c->kind),
         c->t_known, r->lyapunov, c->lyapunov, c->lyapunov_error);
    return;
  }
  const double claimed = both_field(r, "lyapunov_error", 0), difference = fabs(r->lyapunov - c->lyapunov);
  t->asked_exponent = true;
  t->close_exponent = difference <= 3.0 * hypot(isnan(claimed) ? 0.0 : claimed, c->lyapunov_error);
  t->near_exponent = difference <= 0.3 * c->lyapunov;
}

/* States at rest hold for the start: the record's final state is the state itself. */
static void check_rest(both_trial *t, const equations *e, double work) {
  const dkm_record *r = &t->records[MIDDLE];
  const double *end = r->verdict == DKM_VERDICT_RELAXING ? r->xi_limit : r->xi;
  const truth *s = &t->start;
  if (s->kind == TRUTH_UNKNOWN) {
    rest found;
    const bool stable = rest_find(e, t->state, &found) && found.n_unstable == 0;
    find(t, BOTH_LATE, "the judge cannot tell at t = %.4g; the state is %sstable", s->t, stable ? "" : "not ");
    return;
  }
  const double bound = fmax(rest_agrees, isnan(r->xi_error) ? 0.0 : r->xi_error);
  if (s->kind == TRUTH_REST && distance(t->M, end, s->mean) <= bound) return;
  truth again; /* another path to it, from errors of another size */
  pursue_start(t, e, 1e-11, work, &again);
  const bool same = again.kind == s->kind && (s->kind != TRUTH_REST || distance(t->M, again.mean, s->mean) <= 1e-6);
  find(t, same ? BOTH_WRONG : BOTH_SENSITIVE, "the judge sees %s, xi off by %.3g", truth_name(s->kind),
       distance(t->M, end, s->mean));
}

void both_judge(both_trial *t, double work) {
  const dkm_record *r = &t->records[MIDDLE];
  equations e;
  equations_of(&t->point, t->M, &e);
  if (!t->has_start) pursue_start(t, &e, judge_tolerance, work, &t->start);
  t->has_start = true;
  t->finding = BOTH_AGREES;
  switch (r->verdict) {
  case DKM_VERDICT_LIMIT_CYCLE:
    pursue_claim(t, &e, 5.0, work);
    check_cycle(t);
    break;
  case DKM_VERDICT_QUASIPERIODIC:
    pursue_claim(t, &e, 5.0, work);
    check_torus(t);
    break;
  case DKM_VERDICT_IRREGULAR: /* the record's time and nine times more; longer for the exponent's sake */
    pursue_claim(t, &e, 20.0, work);
    check_chaos(t);
    break;
  case DKM_VERDICT_FIXED_POINT:
  case DKM_VERDICT_DARK_PRECESSION:
  case DKM_VERDICT_RELAXING:
    check_rest(t, &e, work);
    break;
  case DKM_VERDICT_UNDECIDED:
    pursue_claim(t, &e, 1.0, work);
    break;
  default:
    find(t, BOTH_WRONG, "failed (%s)", dkm_failure_name(r->failure));
  }
}
