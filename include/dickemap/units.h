/* SPDX-License-Identifier: GPL-3.0-or-later */
/* units: couplings of any size, in units in which they are close to 1.
 *
 * The equations know g0 G_{mu,k} alone, and so does everything but overlaps: with G' = G/unit and g0' = g0 unit states are
 * the same at all times, and xi' = xi/unit.  The unit is the power of two next above max |G|, so that
 * nothing is rounded on the way, and 1 for +-1 patterns.  Whoever measures overlaps by numbers (is this one 0? do those stand
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

/* Of a system in units of 1 that outlives it, and whose tables are used where the unit is 1.  Fails with DKM_MEMORY; *out is then
 * empty. */
dkm_status dkm_units_create(const dkm_system *system, dkm_units *out, dkm_error *err);
void dkm_units_free(dkm_units *units);

/* A point of the system in these units, and the other way round. */
dkm_point dkm_units_point(const dkm_units *units, const dkm_point *point);
dkm_point dkm_units_point_back(const dkm_units *units, const dkm_point *point);

/* A record in units of `from`, for one in units of 1: overlaps times `from`, closed forms left out. */
void dkm_units_scale_record(double from, int n_modes, dkm_record *record);

#ifdef __cplusplus
}
#endif

#endif
