/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compare: two records of one point, field by field; see dickemap/compare.h. */
#include "dickemap/compare.h"

#include <math.h>
#include <string.h>

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
  *difference = (dkm_difference){0};
  for (int f = 0; f < form->n_fields; f++) {
    const dkm_field *field = &form->fields[f];
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
