/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job_warnings: what a job says that is hardly meant. Internal to the job module.  All add to job->warning, and fail with DKM_MEMORY. */
#ifndef DICKEMAP_JOB_WARNINGS_H
#define DICKEMAP_JOB_WARNINGS_H
#include "job_system.h"

/* Two patterns of files that are the same, or the same but for the sign. */
dkm_status dkm_job_warn_of_duplicates(dkm_job *job, dkm_error *err);

/* Axes along which nothing changes, or nothing but what closed forms are about. */
dkm_status dkm_job_warn_of_idle_axes(dkm_job *job, dkm_error *err);

/* In a file a key of what axes give may stand beside them, as a value for other uses of the job; but whoever wrote it may think that it
 * has a say.  Beside axes of a --set, which are for once, it is what holds otherwise. */
dkm_status dkm_job_warn_beside_axes(dkm_job *job, const dkm_job_source *source, dkm_error *err);

#endif
