/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job_files: the files that a job names. Internal to the job module.  They are kept with it, so that other ranks and output
 * files have all that it needs. */
#ifndef DICKEMAP_JOB_FILES_H
#define DICKEMAP_JOB_FILES_H
#include "job_system.h"

/* What is kept of a file: its bytes, or those of the states in it (dkm_job_set_states_reader). */
typedef enum dkm_file_kind { DKM_FILE_AS_IT_IS, DKM_FILE_OF_STATES } dkm_file_kind;

/* The names that a key gives; none if it is absent. Fails with DKM_INPUT for an empty one, DKM_MEMORY. */
dkm_status dkm_job_names_read(dkm_file_names *names, const dkm_job_source *source, const char *key, dkm_error *err);

/* Makes the bytes of these files the job's, if they are not yet. Fails with DKM_INPUT, DKM_MEMORY. */
dkm_status dkm_job_files_keep(dkm_job *job, const dkm_job_source *source, const dkm_file_source *files, const char *key,
                              const dkm_file_names *names, dkm_file_kind kind, dkm_error *err);

/* A file that is kept, NULL if there is none of this name; and one that is, as it is read. */
const dkm_job_file *dkm_job_files_find(const dkm_job *job, const char *name);
dkm_matrix_file dkm_job_files_view(const dkm_job *job, const char *name);

/* All files and names. */
void dkm_job_files_free(dkm_job *job);

#endif
