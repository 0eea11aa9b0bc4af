/* SPDX-License-Identifier: GPL-3.0-or-later */
/* point_spins: a table of the single spins of a point, where they start and end; for `point --spins`. */
#ifndef DICKEMAP_POINT_SPINS_H
#define DICKEMAP_POINT_SPINS_H
#include "dickemap/job.h"

/* Before anything is computed: whether the job has single spins and the file can be made. */
dkm_status dkm_point_spins_check(const char *path, const dkm_job *job, dkm_error *err);

/* Writes CSV to a file that does not exist yet, one line a spin: its number from 1, its class from 0 (the
 * coordinate `class` of states), its vector at the start and
 * at the end.  state: the final state of the point, as dkm_evaluate gives it. Fails with DKM_INPUT, DKM_IO, DKM_MEMORY. */
dkm_status dkm_point_spins_write(const char *path, const dkm_job *job, const dkm_point *point, const double *state,
                                 dkm_error *err);

#endif
