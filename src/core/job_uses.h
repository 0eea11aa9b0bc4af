/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job_uses: which keys have a say in the records of which task. Internal to the job module. */
#ifndef DICKEMAP_JOB_USES_H
#define DICKEMAP_JOB_USES_H
#include "dickemap/job.h"
#include "job_schema.h"

/* Refuses keys that have none, all of the job having been read: those made for one task, wherever they stand, and those of the solver
 * that are not what they are without.  strictly: else the job is that of a file, of which versions before were silent
 * about keys of the solver, or of a single point, which is followed whatever its task is.  Fails with DKM_INPUT. */
dkm_status dkm_job_uses_check(const dkm_job *job, const dkm_job_source *source, bool strictly, dkm_error *err);

#endif
