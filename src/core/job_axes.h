/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job_axes: from the list `axes` to dimensions and values. Internal to the job module. */
#ifndef DICKEMAP_JOB_AXES_H
#define DICKEMAP_JOB_AXES_H
#include "dickemap/job.h"
#include "job_system.h"

/* Fills n_axes, axes, n_dims, shape, dim_name, n_points, reduces, n_starts and searches; task and system must be set.  Sizes
 * are checked before anything of that size is allocated.  Fails with DKM_INPUT, DKM_MEMORY; the axes' values are then still owned by
 * the job. */
dkm_status dkm_job_axes_read(dkm_job *job, const dkm_job_source *source, const dkm_file_source *files, dkm_error *err);

/* Whether an axis gives this parameter (mode 1 ... M of a per-mode one, else 0). */
bool dkm_job_axes_cover(const dkm_job *job, const dkm_parameter *parameter, int mode);

/* Whether axes give all of it: each mode of a per-mode one. */
bool dkm_job_axes_give(const dkm_job *job, const dkm_parameter *parameter);

/* The first axis that varies a parameter; -1: none. */
int dkm_job_axes_find(const dkm_job *job, const dkm_parameter *parameter);

/* The least and the largest value that any point has of a parameter, of all modes if it is per mode; the base must have been
 * read. */
void dkm_job_axes_range(const dkm_job *job, const dkm_parameter *parameter, double *least, double *largest);

/* Whether any point has another than 0. */
bool dkm_job_axes_any(const dkm_job *job, const dkm_parameter *parameter);

/* Where a job gives a parameter, as the key path of a message: its key; or, of the axes that vary it, what has this value, an item of a
 * list ("axes[2].values[3]") or an end ("axes[2].to"); the first of these axes if nothing has it, as NaN. Returns out. */
enum { DKM_PLACE_BYTES = 64 };
const char *dkm_job_axes_place(const dkm_job *job, const dkm_job_source *source, const dkm_parameter *parameter, double value,
                               char out[DKM_PLACE_BYTES]);

#endif
