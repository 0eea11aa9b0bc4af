/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Powers of two to and fro: every product here is exact. */
#include "dickemap/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int log2_unit_of(const dkm_system *system) {
  int exponent;
  if (dkm_system_has_patterns(system) || !(system->largest > 0.0)) return 0;
  const double fraction = frexp(system->largest, &exponent); /* in [1/2, 1) */
  return fraction == 0.5 ? exponent - 1 : exponent;
}

double dkm_units_of(const dkm_system *system) {
  return ldexp(1.0, log2_unit_of(system));
}

static dkm_status scale_tables(dkm_units *out, dkm_error *err) {
  const dkm_system given = out->system;
  const size_t n = (size_t)given.n_classes * (size_t)given.n_modes;
  double *G = malloc(n * sizeof *G);
  if (!G) return dkm_fail(err, DKM_MEMORY, "out of memory for couplings");
  for (size_t i = 0; i < n; i++) G[i] = given.couplings[i] / out->unit;
  dkm_status status = dkm_couplings_create(given.mapping, given.n_modes, given.n_classes, G, given.weights, given.cue,
                                           &out->tables, err);
  free(G);
  if (status != DKM_OK) return status;
  out->system.couplings = out->tables.system.couplings;
  out->system.weighted = out->tables.system.weighted;
  out->system.weights = out->tables.system.weights;
  out->system.cue = out->tables.system.cue;
  return DKM_OK;
}

static dkm_status scale_spins(dkm_units *out, dkm_error *err) {
  out->spins = *out->system.spins;
  const size_t n = (size_t)out->spins.n_modes * (size_t)out->spins.n_spins;
  if (!(out->G = malloc(n * sizeof *out->G))) return dkm_fail(err, DKM_MEMORY, "out of memory for couplings");
  for (size_t i = 0; i < n; i++) out->G[i] = out->spins.G[i] / out->unit;
  out->spins.G = out->G;
  out->spins.log2_unit = out->system.log2_unit;
  out->system.spins = &out->spins;
  return DKM_OK;
}

dkm_status dkm_units_create(const dkm_system *system, dkm_units *out, dkm_error *err) {
  dkm_status status = DKM_OK;
  const int log2_unit = log2_unit_of(system);
  *out = (dkm_units){.unit = ldexp(1.0, log2_unit), .system = *system};
  if (log2_unit == 0) return DKM_OK;
  out->system.log2_unit = log2_unit;
  out->system.largest /= out->unit;
  if (system->couplings) status = scale_tables(out, err);
  if (status == DKM_OK && system->spins && system->spins->G) status = scale_spins(out, err);
  if (status != DKM_OK) dkm_units_free(out);
  return status;
}

void dkm_units_free(dkm_units *units) {
  dkm_couplings_free(&units->tables);
  free(units->G);
  *units = (dkm_units){0};
}

dkm_point dkm_units_point(const dkm_units *units, const dkm_point *point) {
  dkm_point out = *point;
  out.g0 *= units->unit;
  return out;
}

dkm_point dkm_units_point_back(const dkm_units *units, const dkm_point *point) {
  dkm_point out = *point;
  out.g0 /= units->unit;
  return out;
}

void dkm_units_scale_record(double factor, int n_modes, dkm_record *record) {
  for (int i = 0; i < dkm_n_fields; i++) {
    const dkm_field *field = &dkm_fields[i];
    double *member = (double *)(void *)((char *)record + field->offset);
    for (int mu = 0; field->scale == DKM_SCALE_OVERLAP && mu < (field->shape == DKM_PER_MODE ? n_modes : 1); mu++)
      member[mu] *= factor;
  }
}
