/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is wrong with a record. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trial.h"

/* A closed form is met to this; a spin's label is read off by descent from overlaps above `nothing`. */
static const double form_agrees = 1e-8, label_agrees = 1e-5, nothing = 1e-5;

void complain(trial *t, finding finding, const char *format, ...) {
  if (t->finding == WRONG) return; /* the first complaint stands */
  va_list list;
  va_start(list, format);
  vsnprintf(t->complaint, sizeof t->complaint, format, list);
  va_end(list);
  t->finding = finding;
}

static bool steady_verdict(const dkm_record *r) {
  return r->verdict == DKM_VERDICT_FIXED_POINT || r->verdict == DKM_VERDICT_DARK_PRECESSION;
}

const double *claimed_end(const trial *t) {
  const dkm_record *r = &t->record;
  if (t->given_up) return NULL;
  if (steady_verdict(r)) return r->xi;
  if (r->verdict != DKM_VERDICT_RELAXING && r->verdict != DKM_VERDICT_UNDECIDED) return NULL;
  for (int mu = 0; mu < t->M; mu++)
    if (isnan(r->xi_limit[mu])) return NULL;
  return r->xi_limit;
}

double closed_form(const dkm_point *p, int nu) {
  const double ratio = sample_g_crit(p, nu) / p->g0;
  return ratio < 1.0 ? sqrt((1.0 - ratio) * (1.0 + ratio) * (1.0 + ratio * ratio)) : 0.0;
}

static double error_bound(const dkm_record *r) {
  if (!isnan(r->xi_error)) return r->xi_error;
  return 1e-6 + (isnan(r->precession) ? 0.0 : 0.4 * r->precession * r->precession);
}

static double distance(int M, const double *a, const double *b) {
  double largest = 0.0;
  for (int mu = 0; mu < M; mu++) largest = fmax(largest, fabs(a[mu] - b[mu]));
  return largest;
}

/* The same for a record that leaves the signs open (`symmetric`). */
static double distance_as_known(const trial *t, int M, const double *a, const double *b) {
  double largest = 0.0;
  if (t->record.how != DKM_HOW_SYMMETRIC) return distance(M, a, b);
  for (int mu = 0; mu < M; mu++) largest = fmax(largest, fabs(fabs(a[mu]) - fabs(b[mu])));
  return largest;
}

/* An exact start ends in the state of its cue or, at rest, nowhere. */
static void check_exact(trial *t, const double *end) {
  const int cue = t->point.pattern - 1;
  const double form = t->point.overlap == 0.0 ? 0.0 : closed_form(&t->point, cue);
  for (int mu = 0; mu < t->M; mu++) {
    const double right = mu == cue ? form : 0.0;
    if (!(fabs(fabs(end[mu]) - right) <= form_agrees))
      complain(t, WRONG, "|xi_%d| = %.10g, closed form %.10g", mu + 1, fabs(end[mu]), right);
  }
}

/* What L of the record is known without integration: at a limit with all spins aligned it is U. */
static void check_levels(trial *t, const double *end) {
  const dkm_record *r = &t->record;
  equations e;
  double q[MAX_M];
  if (isnan(r->L_limit)) return;
  if (!(r->L_limit <= r->L_end + 1e-9 * fabs(r->L_limit)))
    complain(t, WRONG, "L ends at %.12g, below its limit %.12g", r->L_end, r->L_limit);
  if (t->kind == TILTED_MANY || (t->kind == EXACT && t->point.overlap == 0.0)) return;
  equations_of(&t->point, t->M, &e);
  for (int mu = 0; mu < t->M; mu++) q[mu] = -e.V * end[mu];
  const double U = equations_landscape(&e, q);
  if (!(fabs(U - r->L_limit) <= 1e-8 * fabs(U))) complain(t, WRONG, "L_limit = %.12g, U there %.12g", r->L_limit, U);
}

/* A tilted start ends in a minimum of U if rank G = K, and in the normal state below the least g_nu anyway. */
static void check_minimum(trial *t, const double *end) {
  equations e;
  const bool normal = t->point.g0 <= sample_g_least(&t->point, t->M);
  if (normal) {
    const double zero[MAX_M] = {0};
    const double bound = t->kind == TILTED_MANY ? form_agrees + error_bound(&t->record) : form_agrees;
    if (!(distance(t->M, end, zero) <= bound)) complain(t, WRONG, "xi is not 0 below every g_nu");
    t->asked_label = true;
    t->right_label = t->finding != WRONG;
    return;
  }
  if (t->kind == TILTED_MANY) return;
  critical_points *found = malloc(sizeof *found);
  if (!found) exit(2);
  equations_of(&t->point, t->M, &e);
  critical_search(&e, 20, found);
  double least = INFINITY;
  for (int i = 0; i < found->n; i++) {
    double xi[MAX_M];
    for (int mu = 0; mu < t->M; mu++) xi[mu] = -e.V * found->at[i].q[mu];
    if (found->at[i].index == 0) least = fmin(least, distance(t->M, xi, end));
  }
  free(found);
  if (!(least <= form_agrees)) complain(t, WRONG, "xi is %.3g away from the nearest minimum of U", least);
}

void check_cheaply(trial *t) {
  const dkm_record *r = &t->record;
  t->true_error = NAN;
  if (t->given_up) return;
  switch (r->verdict) {
  case DKM_VERDICT_LIMIT_CYCLE:
  case DKM_VERDICT_QUASIPERIODIC:
  case DKM_VERDICT_IRREGULAR:
    complain(t, WRONG, "an oscillation where L falls for ever");
    return;
  case DKM_VERDICT_FAILED:
    complain(t, WRONG, "failed (%s)", dkm_failure_name(r->failure));
    return;
  case DKM_VERDICT_DARK_PRECESSION:
    if (t->kind != TILTED_MANY) complain(t, WRONG, "dark_precession where constant xi means constant spins");
    break;
  case DKM_VERDICT_FIXED_POINT:
  case DKM_VERDICT_UNDECIDED:
  case DKM_VERDICT_RELAXING:
    break;
  default:
    complain(t, WRONG, "a verdict that does not exist: %d", r->verdict);
    return;
  }
  const double *end = claimed_end(t);
  if (!end) {
    if (r->verdict == DKM_VERDICT_RELAXING) complain(t, WRONG, "relaxing towards nothing: no xi_limit");
    return;
  }
  check_levels(t, end);
  if (t->kind == EXACT)
    check_exact(t, end);
  else
    check_minimum(t, end);
}

/* ---- the judge ---- */

bool worth_judging(const trial *t) {
  if (t->kind == EXACT) return t->point.overlap != 0.0 && t->point.g0 > sample_g_crit(&t->point, t->point.pattern - 1);
  return t->point.g0 > sample_g_least(&t->point, t->M);
}

static void begin(const trial *t, equations *e, double *u) {
  memset(u, 0, MAX_STATE * sizeof *u);
  if (t->kind == EXACT) {
    equations_of_cue(&t->point, e);
    u[0] = -sqrt(1.0 - t->point.overlap * t->point.overlap);
    u[2] = t->point.overlap;
    return;
  }
  dkm_system system;
  dkm_error err;
  equations_of(&t->point, t->M, e);
  if (dkm_system_of_patterns(&system, DKM_GAUGED, t->M, &err) != DKM_OK ||
      dkm_model_start(&system, &t->point, u, &err) != DKM_OK)
    exit(2);
}

void judge_trial(const trial *t, double work, judgement *out) {
  equations e;
  double u[MAX_STATE];
  begin(t, &e, u);
  judge(&e, u, t->kind != TILTED_MANY, work, out);
}

void judge_again(const trial *t, const judgement *j, double tolerance, double work, history *out) {
  equations e;
  double u[MAX_STATE];
  begin(t, &e, u);
  judge_once_more(&e, u, t->kind != TILTED_MANY, j, tolerance, work, out);
}

/* Where the landscape leads from these overlaps; from none at all, nowhere. */
static void label(const equations *e, const double *xi, double *end) {
  double largest = 0.0;
  for (int mu = 0; mu < e->M; mu++) largest = fmax(largest, fabs(xi[mu]));
  memset(end, 0, MAX_M * sizeof *end);
  if (largest > nothing) descend_from_overlaps(e, xi, end);
}

static void judged_label(const equations *e, const history *h, bool by_mean, double *end) {
  if (by_mean && h->n_windows > 0)
    label(e, h->windows[h->n_windows - 1].mean, end);
  else
    memcpy(end, h->xi_end, MAX_M * sizeof *end);
}

/* No barrier below L, but the same valley over the last factors of 2 in time, in both integrations. */
static void check_likely_label(trial *t, const equations *e, const double *claim, const history *first,
                               const history *second) {
  enum { LAST = 4 };
  const history *const both[] = {first, second};
  double said[MAX_M], seen[MAX_M], common[MAX_M];
  if (first->n_windows < LAST || second->n_windows < LAST) return;
  judged_label(e, first, true, common);
  for (int i = 0; i < 2; i++)
    for (int j = 1; j <= LAST; j++) {
      label(e, both[i]->windows[both[i]->n_windows - j].mean, seen);
      if (distance(e->M, seen, common) > label_agrees) return;
    }
  label(e, claim, said);
  t->asked_likely = true;
  t->right_likely = distance_as_known(t, e->M, said, common) <= label_agrees;
}

/* The window of the judge that holds time t, or its last one. */
static int window_at(const history *h, double t) {
  int i = 0;
  while (i < h->n_windows - 1 && h->windows[i].t < t) i++;
  return i;
}

/* |mean of window i - xi of the record|, and what the window itself leaves open, and what the judge's other tolerance makes
 * of it: where the way there is chaotic, the energy that stays locked depends on the last digits, and xi with it. */
static double window_error(const trial *t, const history *h, const history *other, int i, double *uncertainty) {
  const int j = window_at(other, h->windows[i].t);
  *uncertainty = h->windows[i].rms + 1e-6;
  if (i > 0) *uncertainty += distance(t->M, h->windows[i].mean, h->windows[i - 1].mean);
  if (other->n_windows > 0) *uncertainty += 2.0 * distance(t->M, h->windows[i].mean, other->windows[j].mean);
  return distance_as_known(t, t->M, h->windows[i].mean, t->record.xi);
}

static void check_steady_overlaps(trial *t, const history *h, const history *other) {
  const dkm_record *r = &t->record;
  double uncertainty;
  if (t->kind != TILTED_MANY || h->n_windows < 2) return;
  if (steady_verdict(r)) {
    const double error = window_error(t, h, other, h->n_windows - 1, &uncertainty);
    if (h->end == ARRIVED) {
      t->true_error = error;
      if (error > error_bound(r) + uncertainty)
        complain(t, WRONG, "xi is off by %.3g (judge's uncertainty %.3g), xi_error %.3g", error, uncertainty,
                 error_bound(r));
    } else if (error > error_bound(r) + uncertainty)
      complain(t, LATE, "xi differs by %.3g (uncertainty %.3g) at t = %.3g, where the judge had to stop", error,
               uncertainty, h->t);
  } else if (r->verdict == DKM_VERDICT_RELAXING) {
    const double error = window_error(t, h, other, window_at(h, r->t_end), &uncertainty);
    if (error > error_bound(r) + 2.0 * uncertainty)
      complain(t, r->t_end > h->t ? LATE : WRONG,
               "plateau off by %.3g at t = %.3g (judge's uncertainty %.3g), xi_error %.3g", error, r->t_end,
               uncertainty, error_bound(r));
  }
}

void check_with_judge(trial *t, const judgement *j, double work) {
  equations e;
  double right[MAX_M], said[MAX_M], other[MAX_M];
  const double *end = claimed_end(t);
  if (!end || t->finding == WRONG) return;
  if (t->kind == EXACT)
    equations_of_cue(&t->point, &e);
  else
    equations_of(&t->point, t->M, &e);
  const bool by_mean = t->kind == TILTED_MANY;
  if (j->first.end == NOT_JUDGED || j->second.end == NOT_JUDGED) {
    if (by_mean) check_likely_label(t, &e, end, &j->first, &j->second);
    complain(t, LATE, "not settled at t = %.3g, where the judge had to stop", fmin(j->first.t, j->second.t));
    return;
  }
  label(&e, t->kind == EXACT ? end + (t->point.pattern - 1) : end, said);
  judged_label(&e, &j->first, by_mean, right);
  judged_label(&e, &j->second, by_mean, other);
  const bool agrees = distance_as_known(t, e.M, said, right) <= label_agrees;
  bool sensitive = distance_as_known(t, e.M, right, other) > label_agrees;
  if (!agrees && !sensitive) { /* do errors as large as the program's change the judge's mind? */
    /* Chaos on the way gives either sign with equal chances: so many that they hardly agree by accident. */
    static const double tolerances[] = {1e-10, 1.3e-10, 1.6e-10, 2e-10, 2.5e-10, 3e-10, 4e-10, 5e-10, 6e-10, 7e-10, 8e-10, 1e-9};
    for (size_t i = 0; i < sizeof tolerances / sizeof *tolerances && !sensitive; i++) {
      history again;
      judge_again(t, j, tolerances[i], work, &again);
      judged_label(&e, &again, by_mean, other);
      sensitive = again.end != NOT_JUDGED && distance_as_known(t, e.M, right, other) > label_agrees;
    }
  }
  if (!sensitive) t->asked_label = true, t->right_label = agrees;
  if (!agrees) {
    char words[256] = "";
    for (int mu = 0, at = 0; mu < e.M && at < 200; mu++)
      at += snprintf(words + at, sizeof words - (size_t)at, "%s%.4g", mu ? ", " : "", right[mu]);
    complain(t, sensitive ? SENSITIVE : WRONG, "ends elsewhere: the judge's minimum has xi = (%s), settled at t = %.4g",
             words, j->first.t_settled);
  } else if (!sensitive)
    check_steady_overlaps(t, &j->first, &j->second);
}
