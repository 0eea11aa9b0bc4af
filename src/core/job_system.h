/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job_system: what a job says of its spins. Internal to the job module. */
#ifndef DICKEMAP_JOB_SYSTEM_H
#define DICKEMAP_JOB_SYSTEM_H
#include "dickemap/job.h"
#include "dickemap/spins.h"
#include "dickemap/states.h"
#include "job_schema.h"

/* What a system is a view of; owned by its job. */
typedef struct dkm_job_tables {
  dkm_matrix matrix;       /* of mapping: matrix */
  double *cue;             /* matrix.n_columns values, or NULL */
  dkm_spins spins;         /* of mapping: matrix and random */
  dkm_couplings couplings; /* where all points have the same system */
  dkm_states states;       /* to start from, if a job names some */
  int64_t most_flipped;    /* where they have not: the largest flip_exactly that there is room for */
} dkm_job_tables;

/* Where the bytes of files come from: from the files given, or from disk. */
typedef struct dkm_file_source {
  bool from_disk; /* names are relative to the folder of the job */
  int n;
  const dkm_job_file *files;
} dkm_file_source;

/* Reads mapping, patterns, and the tables of the system, but for what depends on axes. Fails with DKM_INPUT,
 * DKM_MEMORY, DKM_IO. */
dkm_status dkm_job_system_read(dkm_job *job, const dkm_job_source *source, const dkm_file_source *files, dkm_error *err);

/* The rest of it, once axes and the base point are known. */
dkm_status dkm_job_system_finish(dkm_job *job, const dkm_job_source *source, const dkm_file_source *files,
                                 dkm_error *err);

/* A list of numbers within the limits of its row. Fails with DKM_INPUT if it is missing, DKM_MEMORY. */
dkm_status dkm_job_numbers_read(dkm_numbers *numbers, const dkm_job_source *source, const dkm_option *option,
                                dkm_error *err);

/* job_drive.c: what g0 and Omega do with time, once the base point, axes and the system are known. Fails with DKM_INPUT,
 * DKM_MEMORY. */
dkm_status dkm_job_drive_read(dkm_job *job, const dkm_job_source *source, dkm_error *err);

/* Whether a point that is none of the job's is one of its system: --at. Fails with DKM_INPUT and a message that begins
 * with the label. */
dkm_status dkm_job_system_check_point(const dkm_job *job, const dkm_point *point, const char *label, dkm_error *err);

/* Everything that these have made. */
void dkm_job_system_free(dkm_job *job);

#endif
