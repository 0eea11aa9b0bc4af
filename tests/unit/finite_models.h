/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finitely many spins that tests ask for. */
#ifndef FINITE_MODELS_H
#define FINITE_MODELS_H
#include <math.h>
#include <stdlib.h>

#include "dickemap/finite.h"

/* One mode, Omega = 0.5, Omega_1 = kappa = 1, all spins along (-sqrt(1 - z^2), 0, z), no photons. */
static inline dkm_finite_model one_mode(int N, double g0, double z) {
  return (dkm_finite_model){.n_modes = 1, .spins_per_class = N, .g0 = g0, .Omega = 0.5, .Omega_mu = {1.0}, .kappa_mu = {1.0},
                            .spin = {{-sqrt(1.0 - z * z), 0.0, z}}};
}

/* Rows of a result that the caller frees by free_rows. */
typedef struct rows {
  double *values, *errors, *mean_field;
  int columns;
  dkm_finite_diagnostics said;
} rows;

static inline rows run_rows(const dkm_finite_model *model, int n_times, const double *times, const dkm_finite_how *how) {
  rows out = {.columns = dkm_finite_columns(model)};
  out.values = calloc((size_t)(n_times * out.columns), sizeof(double));
  out.errors = calloc((size_t)(n_times * out.columns), sizeof(double));
  out.mean_field = calloc((size_t)(n_times * dkm_finite_mean_field_columns(model)), sizeof(double));
  dkm_finite_result result = {.values = out.values, .errors = out.errors, .mean_field = out.mean_field};
  dkm_error err = {0};
  if (dkm_finite_run(model, n_times, times, how, &result, &err)) fail_msg("%s", err.message);
  out.said = result.said;
  return out;
}

static inline double row_value(const rows *r, int i_time, int column) {
  return r->values[i_time * r->columns + column];
}

static inline void free_rows(rows *r) {
  free(r->values);
  free(r->errors);
  free(r->mean_field);
}

#endif
