/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compare: two records of one point, field by field or by their ends; see dickemap/compare.h. */
#include "dickemap/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/check.h"
#include "dickemap/units.h"

/* ---- the same method ---- */

static const double digits = 1e-12;

struct scales {
  double rate;    /* the largest in the equations */
  double overlap; /* what overlaps can be */
  double error;   /* of both, where xi is a root */
};

/* Without fields. */
static double rate_of(const dkm_system *system, const dkm_point *point) {
  double rate = 2 * fabs(point->Omega) + point->g0 * system->largest;
  for (int mu = 0; mu < system->n_modes; mu++) rate += fabs(point->Omega_mu[mu]) + point->kappa_mu[mu];
  return rate;
}

double dkm_compare_rate(const dkm_system *system, const dkm_point *point, const dkm_record *record) {
  double rate = rate_of(system, point);
  for (int mu = 0; mu < system->n_modes; mu++)
    rate += 4 * point->g0 * system->largest * sqrt(fmax(record->occupation[mu], 0.0) / system->occupation_factor);
  return rate;
}

static bool same_bits(const void *a, const void *b, dkm_field_type type) {
  double x, y;
  if (memcmp(a, b, dkm_field_type_bytes(type)) == 0) return true;
  if (type != DKM_FLOAT64) return false;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  return isnan(x) && isnan(y);
}

/* What a difference is measured by, and more of it that is allowed. */
static double scale_of(dkm_field_scale scale, double largest, const struct scales *s, double *more) {
  *more = 0.0;
  switch (scale) {
  case DKM_SCALE_NUMBER:
    *more = s->error / s->overlap;
    return fmax(1.0, largest);
  case DKM_SCALE_OVERLAP:
    *more = s->error;
    return fmax(s->overlap, largest);
  case DKM_SCALE_RATE:
  case DKM_SCALE_RATE_SQUARED:
    return fmax(s->rate, largest);
  case DKM_SCALE_TIME:
    return largest + s->rate * largest * largest;
  }
  return 0.0;
}

/* Two values that do not have the same bits. */
static void look_at(const char *name, double a, double b, dkm_field_type type, dkm_field_scale scale,
                    const struct scales *s, dkm_difference *most) {
  dkm_difference here = {.name = name, .a = a, .b = b, .relative = INFINITY, .allowed = INFINITY};
  double more;
  if (type == DKM_FLOAT64 && isfinite(a) && isfinite(b)) {
    const double difference = fabs(a - b), unit = scale_of(scale, fmax(fabs(a), fabs(b)), s, &more);
    here.relative = unit > 0.0 ? difference / unit : 0.0; /* 0.0 and -0.0 */
    here.allowed = difference > 0.0 ? difference / (digits * unit + more) : 0.0;
  }
  if (!most->name || here.allowed > most->allowed) *most = here;
}

/* Of a record that is one of a sweep: with the fields that it has seen, and what its xi are known to. */
static struct scales scales_of(const dkm_form *form, const dkm_system *system, const dkm_point *point, const void *of_a,
                               const void *of_b) {
  struct scales s = {.rate = rate_of(system, point), .overlap = system->largest};
  if (form->task != &dkm_task_sweep) return s;
  const dkm_record *a = of_a, *b = of_b;
  s.rate = fmax(dkm_compare_rate(system, point, a), dkm_compare_rate(system, point, b));
  if (a->verdict == DKM_VERDICT_FIXED_POINT && b->verdict == DKM_VERDICT_FIXED_POINT)
    s.error = fmax(a->xi_error + b->xi_error, 0.0); /* fmax leaves out a NaN */
  return s;
}

dkm_agreement dkm_compare_records(const dkm_form *form, const dkm_system *system, const dkm_point *point, dkm_compared a,
                                  dkm_compared b, dkm_difference *difference) {
  const struct scales scales = scales_of(form, system, point, a.record, b.record);
  const bool noted = dkm_form_limited(form, a.record) != DKM_LIMITED_UNKNOWN && dkm_form_limited(form, b.record) != DKM_LIMITED_UNKNOWN;
  *difference = (dkm_difference){0};
  for (int f = 0; f < form->n_fields; f++) {
    const dkm_field *field = &form->fields[f];
    if (f == form->limited && !noted) continue;
    const size_t bytes = dkm_field_type_bytes(field->type);
    const char *x = dkm_form_at(form, a.record, f), *y = dkm_form_at(form, b.record, f);
    for (size_t j = 0; field->reproducible && j < form->n_values[f]; j++, x += bytes, y += bytes)
      if (!same_bits(x, y, field->type))
        look_at(field->name, dkm_field_value(field->type, x, 0), dkm_field_value(field->type, y, 0), field->type,
                field->scale, &scales, difference);
  }
  for (size_t i = 0; i < a.n_state && i < b.n_state; i++)
    if (!same_bits(&a.state[i], &b.state[i], DKM_FLOAT64))
      look_at("state", a.state[i], b.state[i], DKM_FLOAT64, DKM_SCALE_NUMBER, &scales, difference);
  if (!difference->name) return DKM_AGREEMENT_BITS;
  return difference->allowed <= 1.0 ? DKM_AGREEMENT_DIGITS : DKM_AGREEMENT_NONE;
}

/* ---- another method: the same end ---- */

/* What Newton's method leaves of the last digits of both, in units of the couplings (units.h). */
static const double rounding = 1e-9;
/* Precession that is next to nothing: on the edge of what counts as rest it may be found on either side of it. */
static const double tiny_precession = 1e-6;
/* Plateaus further apart than so many octaves of time say nothing of each other. */
static const double octaves_apart = 1.0;

static bool is_under_way(const dkm_record *record) {
  return record->verdict == DKM_VERDICT_RELAXING;
}

static bool has_limit(const dkm_record *record) {
  return is_under_way(record) && !isnan(record->xi_limit[0]);
}

static bool same_verdict(const dkm_record *a, const dkm_record *b) {
  if (a->verdict == b->verdict) return true;
  if (!dkm_record_comes_to_rest(a) || !dkm_record_comes_to_rest(b)) return false;
  return is_under_way(a) || is_under_way(b) || (a->precession <= tiny_precession && b->precession <= tiny_precession);
}

static bool sign_is_open(const dkm_record *record) {
  return record->how == DKM_HOW_SYMMETRIC || record->sensitive == DKM_SENSITIVE_YES;
}

/* How two lists of overlaps are compared, and what came of it. */
struct comparison {
  int M;
  double tolerance;
  bool with_sign;
  const char *method;
  double largest;
  char *what;
};

static bool same_overlaps(struct comparison *c, const double *a, const double *b) {
  c->largest = 0.0;
  for (int mu = 0; mu < c->M; mu++) {
    const double difference = fabs(fabs(a[mu]) - fabs(b[mu]));
    c->largest = fmax(c->largest, difference);
    if (!(difference <= c->tolerance)) {
      snprintf(c->what, DKM_MESSAGE_BYTES, "|xi| of mode %d is %.10g, %s finds %.10g", mu + 1, fabs(a[mu]), c->method,
               fabs(b[mu]));
      return false;
    }
    if (c->with_sign && !(fabs(a[mu] - b[mu]) <= c->tolerance)) {
      snprintf(c->what, DKM_MESSAGE_BYTES, "xi of mode %d is %.10g, %s finds the other sign", mu + 1, a[mu], c->method);
      return false;
    }
  }
  return true;
}

/* Of a trajectory under way the overlaps of its limit or those so far, which come last: they are what a difference is told of. */
static bool same_somewhere(struct comparison *c, const dkm_record *a, const dkm_record *b) {
  const double *const ours[2] = {a->xi, a->xi_limit}, *const theirs[2] = {b->xi, b->xi_limit};
  for (int i = has_limit(a); i >= 0; i--)
    for (int j = has_limit(b); j >= 0; j--)
      if (same_overlaps(c, ours[i], theirs[j])) return true;
  return false;
}

/* Overlaps of the minimum in which it is certain to end; NULL: it may stay short of one for ever, or is not certain to. */
static const double *minimum_of(const dkm_record *record) {
  if (record->verdict == DKM_VERDICT_FIXED_POINT) return record->xi;
  return dkm_record_limit_is_certain(record) ? record->xi_limit : NULL;
}

static bool knows_pattern(const dkm_record *record) {
  return !is_under_way(record) || record->how != DKM_HOW_NOT_APPLICABLE;
}

/* Whether the pattern that b names leads in a as well, or next to none is behind (of equal overlaps either may be named). */
static bool leads_in(const struct comparison *c, const dkm_record *a, const dkm_record *b) {
  const double *xi = dkm_record_end(a);
  double largest = 0.0;
  if (b->retrieved == 0) return a->retrieved == 0;
  if (abs(b->retrieved) > c->M) return false;
  for (int mu = 0; mu < c->M; mu++) largest = fmax(largest, fabs(xi[mu]));
  const double there = xi[abs(b->retrieved) - 1];
  return fabs(there) > c->tolerance && fabs(there) >= largest - c->tolerance &&
         (!c->with_sign || (there > 0.0) == (b->retrieved > 0));
}

static dkm_ends compare_patterns(struct comparison *c, const dkm_record *a, const dkm_record *b) {
  c->largest = 0.0; /* no overlaps were */
  if (leads_in(c, a, b) || leads_in(c, b, a)) return DKM_ENDS_SAME;
  snprintf(c->what, DKM_MESSAGE_BYTES, "retrieved is %d, %s finds %d", a->retrieved, c->method, b->retrieved);
  return DKM_ENDS_DIFFERENT;
}

/* Plateaus of two times, which drift from octave to octave: nobody knows where to. */
static dkm_ends compare_plateaus(struct comparison *c, const dkm_record *a, const dkm_record *b) {
  const double octaves = fabs(log2(a->t_end / b->t_end));
  if (!(octaves <= octaves_apart)) return DKM_ENDS_OPEN;
  c->tolerance += octaves * fmax(is_under_way(a) ? a->drift : 0.0, is_under_way(b) ? b->drift : 0.0);
  return same_overlaps(c, a->xi, b->xi) ? DKM_ENDS_SAME : DKM_ENDS_DIFFERENT;
}

static dkm_ends compare_rest(struct comparison *c, const dkm_record *a, const dkm_record *b) {
  const double *const ours = minimum_of(a), *const theirs = minimum_of(b);
  if (ours && theirs) return same_overlaps(c, ours, theirs) ? DKM_ENDS_SAME : DKM_ENDS_DIFFERENT;
  if (same_somewhere(c, a, b)) return DKM_ENDS_SAME;
  if (!is_under_way(a) && !is_under_way(b)) return DKM_ENDS_DIFFERENT;
  return knows_pattern(a) && knows_pattern(b) ? compare_patterns(c, a, b) : compare_plateaus(c, a, b);
}

dkm_ends dkm_compare_ends(const dkm_system *system, const dkm_record *a, const dkm_record *b, const char *method, double *largest,
                          char *what) {
  struct comparison c = {.M = system->n_modes,
                         .tolerance = dkm_check_xi_error(a) + dkm_check_xi_error(b) + rounding * dkm_units_of(system),
                         .with_sign = !sign_is_open(a) && !sign_is_open(b),
                         .method = method,
                         .what = what};
  if (!same_verdict(a, b)) {
    snprintf(what, DKM_MESSAGE_BYTES, "verdict is %s, %s finds %s", dkm_verdict_name(a->verdict), method,
             dkm_verdict_name(b->verdict));
    return DKM_ENDS_DIFFERENT;
  }
  if (!dkm_record_comes_to_rest(a)) return DKM_ENDS_SAME;
  const dkm_ends ends = compare_rest(&c, a, b);
  if (ends != DKM_ENDS_OPEN) *largest = fmax(*largest, c.largest);
  return ends;
}
