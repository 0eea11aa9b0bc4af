/* SPDX-License-Identifier: GPL-3.0-or-later */
/* share_job: what rank 0 has read reaches the others. */
#ifndef DICKEMAP_SHARE_JOB_H
#define DICKEMAP_SHARE_JOB_H
#include <mpi.h>

#include "dickemap/job.h"
#include "dickemap/status.h"

/* Collective: rank 0's job on every rank, axis values bit for bit (on the others *job is empty before
 * and owned by the caller after; on failure it stays empty there). */
dkm_status dkm_share_job(MPI_Comm comm, dkm_job *job, dkm_error *err);

#endif
