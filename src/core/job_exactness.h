/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job_exactness: what a job says of the task exactness. Internal to the job module. */
#ifndef DICKEMAP_JOB_EXACTNESS_H
#define DICKEMAP_JOB_EXACTNESS_H
#include "dickemap/job.h"
#include "job_schema.h"

/* Checks keys, task and axes against each other and makes exactness.times, which the job then owns; all else must have been read.
 * Fails with DKM_INPUT, DKM_MEMORY. */
dkm_status dkm_job_exactness_read(dkm_job *job, const dkm_job_source *source, dkm_error *err);

#endif
