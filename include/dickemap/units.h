/* SPDX-License-Identifier: GPL-3.0-or-later */
/* units: couplings of any size, in units in which they are close to 1.
 *
 * The equations know g0 G_{mu,k} alone, and so does everything but overlaps: with G' = G/unit and g0' = g0 unit states are
 * the same at all times, and xi' = xi/unit.  The unit is the smallest power of two that is not below max |G|, so
 * that nothing is rounded on the way, and 1 for +-1 patterns.  Whoever measures overlaps by numbers (is this one 0? do those stand
 * still?) does so in these units: an evaluator, and the checks of a record. */
#ifndef DICKEMAP_UNITS_H
#define DICKEMAP_UNITS_H
#include "dickemap/record.h"
#include "dickemap/spins.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dkm_units {
  double unit;
  dkm_system system;    /* with couplings in these units; a view, also of what follows: it must stay where it is */
  dkm_couplings tables; /* owned */
  dkm_spins spins;
  double *G;            /* of them; owned */
} dkm_units;

/* What the unit of a system in units of 1 would be. */
double dkm_units_of(const dkm_system *system);

/* Of a system in units of 1 that outlives it, and whose tables are used where the unit is 1.  Fails with DKM_MEMORY; *out is then
 * empty. */
dkm_status dkm_units_create(const dkm_system *system, dkm_units *out, dkm_error *err);
void dkm_units_free(dkm_units *units);

/* A point of the system in these units, and back. */
dkm_point dkm_units_point(const dkm_units *units, const dkm_point *point);
dkm_point dkm_units_point_back(const dkm_units *units, const dkm_point *point);

/* Overlaps of a record, what has DKM_SCALE_OVERLAP in the table of fields, times a factor: by the unit, from these units
 * to those of 1. */
void dkm_units_scale_record(double factor, int n_modes, dkm_record *record);

#ifdef __cplusplus
}
#endif

#endif
