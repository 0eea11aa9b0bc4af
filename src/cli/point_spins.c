/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The single spins of a point: spins of one class share one vector. */
#include "point_spins.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "dickemap/option.h"
#include "dickemap/spins.h"
#include "dickemap/start.h"

dkm_status dkm_point_spins_check(const char *path, const dkm_job *job, dkm_error *err) {
  if (!dkm_job_spins(job))
    return dkm_fail(err, DKM_INPUT,
                    "point: --spins is for a finite number of spins, model.mapping: matrix or random, but it is %s",
                    dkm_option_word(DKM_OPTION(system.mapping), job));
  if (strcmp(path, "-") == 0) return dkm_fail(err, DKM_INPUT, "point: --spins needs the name of a file");
  return dkm_cli_check_new(path, err);
}

dkm_status dkm_point_spins_write(const char *path, const dkm_job *job, const dkm_point *point, const double *state,
                                 dkm_error *err) {
  const dkm_spins *spins = dkm_job_spins(job);
  const int64_t N = spins->n_spins, K = job->system.n_classes; /* of the state */
  dkm_start start = {0};
  int64_t *class_of = malloc((size_t)N * sizeof *class_of);
  double *u = malloc(dkm_model_size(&job->system) * sizeof *u);
  FILE *file = NULL;
  dkm_status status = class_of && u ? dkm_start_create(&job->system, point, &start, err)
                                    : dkm_fail(err, DKM_MEMORY, "out of memory for %lld spins", (long long)N);
  if (status == DKM_OK) status = dkm_start_state(&start, false, u, err);
  if (status == DKM_OK) status = dkm_spins_classes(spins, point, class_of, err);
  if (status == DKM_OK && !(file = fopen(path, "wx")))
    status = dkm_fail(err, DKM_INPUT, "%s: cannot be written: %s", path, strerror(errno));
  if (status != DKM_OK) goto cleanup;
  const int64_t n = start.full.n_classes; /* of the start */
  fputs("spin,class,x_start,y_start,z_start,x,y,z\n", file);
  for (int64_t j = 0; j < N; j++) {
    const int64_t k = class_of[j];
    fprintf(file, "%lld,%lld,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g\n", (long long)j + 1, (long long)k, u[k], u[n + k],
            u[2 * n + k], state[k], state[K + k], state[2 * K + k]);
  }
  bool whole = !ferror(file);
  if (fclose(file)) whole = false;
  if (!whole) {
    remove(path);
    status = dkm_fail(err, DKM_IO, "%s: could not be written whole", path);
  }

cleanup:
  dkm_start_free(&start);
  free(class_of);
  free(u);
  return status;
}
