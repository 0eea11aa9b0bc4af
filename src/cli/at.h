/* SPDX-License-Identifier: GPL-3.0-or-later */
/* at: which point --at asks for, and where that is in the grid (at.c);
 *     what it gives to a job that lacks a parameter (at_settings.c). */
#ifndef DICKEMAP_AT_H
#define DICKEMAP_AT_H
#include <stdbool.h>

#include "arguments.h"
#include "dickemap/job.h"

/* The point that the items of all --at give, separated by commas: every axis of more than one value, or the group that it
 * is in, must be among them.  command and where are for messages: "point", "job.yaml". DKM_INPUT, DKM_MEMORY. */
dkm_status dkm_at_choose(const dkm_texts *at, const char *command, const char *where, const dkm_job *job, dkm_point *point,
                         dkm_error *err);

/* The values that the items of all --at give, as settings of a job that lacks those parameters (dkm_job_read_completed): "model.g0=1.1",
 * "model.Omega_mu=[1,2]" of those of all modes.  To be freed by dkm_at_free_settings, also after a failure: DKM_MEMORY. */
dkm_status dkm_at_settings(const dkm_texts *at, dkm_texts *settings, dkm_error *err);
void dkm_at_free_settings(dkm_texts *settings);

/* DKM_INPUT if an item names what is no axis of the grid, nor a group of them. */
dkm_status dkm_at_check_axes(const dkm_texts *at, const char *command, const char *where, const dkm_job *job, dkm_error *err);

/* Where it is nearest to the grid: index[d] along each dimension, those of `reduce` and `fatal` too; of axes that advance
 * together the smallest sum of squares, each in units of its range; of several the first. */
void dkm_at_nearest(const dkm_job *job, const dkm_point *point, int64_t index[DKM_MAX_AXES]);

/* The value of the last item of that name, up to a comma or the end, with its length in *bytes; NULL: there is none.  mode: 1 ... M of a
 * quantity of single modes, in either spelling, Omega_mu[2] or Omega_mu_2; 0: of the bare name. */
const char *dkm_at_find(const dkm_texts *at, const char *name, int mode, size_t *bytes);

/* What a point has of an axis. */
double dkm_at_value(const dkm_axis *axis, const dkm_point *point);

#endif
