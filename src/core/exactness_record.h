/* SPDX-License-Identifier: GPL-3.0-or-later */
/* exactness_record: the fields of the task exactness, records of what finite.h computes, and what theory has against one. */
#ifndef DICKEMAP_EXACTNESS_RECORD_H
#define DICKEMAP_EXACTNESS_RECORD_H
#include "dickemap/finite.h"
#include "dickemap/task.h"

typedef enum dkm_exactness_failure {
  DKM_EXACTNESS_DONE,
  DKM_EXACTNESS_NOT_AT_REST,
  DKM_EXACTNESS_START,
  DKM_EXACTNESS_MEMORY,
  DKM_EXACTNESS_STEPS,
  DKM_EXACTNESS_N_FAILURES
} dkm_exactness_failure;

extern const dkm_field_list dkm_exactness_fields;

/* Columns of a row of what is computed: those of finite.h, then the overlap with each mode's pattern. */
static inline int dkm_exactness_columns(const dkm_finite_model *model) {
  return dkm_finite_columns(model) + model->n_modes;
}

/* xi_mu = sum_k f_{mu,k} z_k/K of spins x, y, z one after the other; z: that of the first class. */
static inline double dkm_exactness_overlap(const dkm_finite_model *model, const double *z, int mu) {
  const int K = dkm_finite_classes(model);
  double xi = 0.0;
  for (int k = 0; k < K; k++) xi += dkm_finite_pattern(model, mu, k) * z[3 * k];
  return xi / K;
}

/* Of a point; rows of n_times times. */
typedef struct dkm_exactness_result {
  const dkm_finite_model *model;
  int64_t n_times;
  const double *times;
  const double *mean, *errors; /* of dkm_exactness_columns */
  const double *mean_field;    /* of dkm_finite_mean_field_columns */
  const double *limit;         /* of 3: dkm_finite_fluctuations */
  const dkm_finite_diagnostics *said;
} dkm_exactness_result;

/* All fields but wall_time of a record that was cleared. */
void dkm_exactness_fill(const dkm_form *form, void *record, const dkm_exactness_result *result);

/* The same of a point without a result; of one that does not fit into the memory with the levels that were asked for last,
 * and what they would have taken. */
void dkm_exactness_fill_failure(const dkm_form *form, void *record, dkm_exactness_failure why, const dkm_finite_model *model,
                                const dkm_finite_diagnostics *said);

/* As in dkm_task. */
bool dkm_exactness_has_failed(const dkm_form *form, const void *record);
bool dkm_exactness_check(const dkm_job *job, int64_t i_point, const void *record, char *why, size_t why_bytes);

#endif
