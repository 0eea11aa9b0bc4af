/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job_uses: which keys have a say in the records of which task. Internal to the job module. */
#ifndef DICKEMAP_JOB_USES_H
#define DICKEMAP_JOB_USES_H
#include "dickemap/job.h"
#include "job_schema.h"

/* Refuses keys that have none, all of the job having been read: those made for one task, wherever they stand, and those of the solver
 * that are not what they are without.  from_disk: else the job is that of a file, and keys of the solver that versions before were
 * silent about are no reason not to read it.  Fails with DKM_INPUT. */
dkm_status dkm_job_uses_check(const dkm_job *job, const dkm_job_source *source, bool from_disk, dkm_error *err);

#endif
