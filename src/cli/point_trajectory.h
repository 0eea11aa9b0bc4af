/* SPDX-License-Identifier: GPL-3.0-or-later */
/* point_trajectory: the way of a point through time, into a file or on standard output; for `point --trajectory`. */
#ifndef DICKEMAP_POINT_TRAJECTORY_H
#define DICKEMAP_POINT_TRAJECTORY_H
#include "dickemap/job.h"

typedef struct dkm_point_samples {
  const char *path;          /* FILE.csv, FILE.h5, "-": standard output; NULL: none are wanted */
  double t_start, t_end, dt; /* 0: default */
} dkm_point_samples;

/* Before anything is computed: whether the arguments go together, and, second, whether the file can be made. DKM_INPUT. */
dkm_status dkm_point_samples_check(const dkm_point_samples *samples, dkm_error *err);
dkm_status dkm_point_samples_check_file(const dkm_point_samples *samples, dkm_error *err);

bool dkm_point_samples_are_printed(const dkm_point_samples *samples);

/* Computes and writes them. t_record: when the record ended; cpu as in dkm_integrator_create. Fails with DKM_INPUT, DKM_IO,
 * DKM_MEMORY, DKM_NUMERIC; a file is then not there. */
dkm_status dkm_point_samples_write(const dkm_point_samples *samples, const dkm_job *job, const dkm_point *point, double t_record,
                                   const char *cpu, dkm_error *err);

#endif
