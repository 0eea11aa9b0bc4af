/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run_output: what a run does about its output before it begins: its name, whether it may be written, the new file or
 * what is left in an old one.  Rank 0 only. */
#ifndef DICKEMAP_RUN_OUTPUT_H
#define DICKEMAP_RUN_OUTPUT_H
#include <stdio.h>

#include "dickemap/carry.h"
#include "dickemap/resume.h"

typedef struct dkm_run_output {
  const char *path;
  bool overwrite, resume, check, retry_failed;
  bool has_shard;
  dkm_shard shard; /* DKM_SHARD_WHOLE without one; after dkm_run_output_check that of a file that is resumed */
  int n_old;
  const char *const *old; /* files to extend */
} dkm_run_output;

/* jobs/fig3.yaml -> fig3.h5, shard 1 of 4: fig3.1of4.h5; malloc'ed, the caller frees. */
dkm_status dkm_run_output_name(const char *job, const dkm_shard *shard, bool has_shard, char **out, dkm_error *err);

/* Whether the output may be written, touching nothing.  *exists: it is to be continued. */
dkm_status dkm_run_output_check(dkm_run_output *output, const dkm_job *job, bool *exists, dkm_error *err);

/* With the lock: creates the file, or finds one to continue; then what is left in it to do.  Tells on stderr what it
 * found wrong in the file, and on `told` (NULL: nowhere) what it took from old ones. */
dkm_status dkm_run_output_prepare(dkm_run_output *output, const dkm_job *job, const dkm_provenance *provenance,
                                  FILE *told, dkm_resume *resume, dkm_error *err);

#endif
