/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job_sample: values of axes that no grid holds. Internal to the job module. */
#ifndef DICKEMAP_JOB_SAMPLE_H
#define DICKEMAP_JOB_SAMPLE_H
#include <stdbool.h>
#include <stdint.h>

#include "dickemap/status.h"

typedef struct dkm_sample {
  double from, to; /* the lowest value and the highest */
  bool is_log;     /* even in the logarithm */
  bool whole;      /* whole numbers from ... to, each as likely as the others */
} dkm_sample;

/* Independent numbers: the first n of a stream that `seed` and the number of the axis in its job give, so that more of them begin
 * with the same. */
dkm_status dkm_sample_random(const dkm_sample *sample, int64_t seed, int i_axis, int64_t n, double *values, dkm_error *err);

/* Coordinate i of the first n points of a Sobol sequence in n_axes dimensions, 1 ... 40. */
dkm_status dkm_sample_sobol(const dkm_sample *sample, int i, int n_axes, int64_t n, double *values, dkm_error *err);

#endif
