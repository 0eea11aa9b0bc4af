/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_run: all of a computation at once, and averages over trajectories, see dickemap/finite.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "finite_check.h"

void dkm_finite_add(int64_t n, const double *values, double *sum, double *square) {
  for (int64_t i = 0; i < n; i++) {
    sum[i] += values[i];
    square[i] += values[i] * values[i];
  }
}

void dkm_finite_average(int64_t n, int64_t n_trajectories, const double *sum, const double *square, double *mean, double *error) {
  const double T = (double)n_trajectories;
  for (int64_t i = 0; i < n; i++) {
    /* What rounding leaves of equal values is no spread. */
    const double m = sum[i] / T, all = square[i] / T - m * m, spread = all > 1e-14 * square[i] / T ? all : 0.0;
    error[i] = sqrt(spread / (T - 1.0));
    mean[i] = m;
  }
}

void dkm_finite_merge(const dkm_finite_model *model, dkm_finite_diagnostics *all, const dkm_finite_diagnostics *one) {
  const int n_factors = dkm_finite_classes(model) + model->n_modes;
  if (all->n_trajectories == 0) {
    *all = *one;
    all->n_trajectories = 1;
    return;
  }
  all->edge_weight = fmax(all->edge_weight, one->edge_weight);
  for (int f = 0; f < n_factors; f++)
    if (one->levels[f] > all->levels[f]) all->levels[f] = one->levels[f];
  all->memory = fmax(all->memory, one->memory);
  all->steps += one->steps;
  all->rejected += one->rejected;
  all->n_jumps += one->n_jumps;
  all->trace_error = fmax(all->trace_error, one->trace_error);
  all->step_error = fmax(all->step_error, one->step_error);
  all->n_trajectories++;
}

static dkm_status run_one(const dkm_finite_model *model, int64_t n_times, const double *times, const dkm_finite_how *how,
                          int64_t index, dkm_finite **out, dkm_error *err) {
  dkm_status status = dkm_finite_create(model, n_times, times, how, index, out, err);
  if (!status) status = dkm_finite_advance(*out, err);
  return status;
}

static dkm_status run_density(const dkm_finite_model *model, int64_t n_times, const double *times, const dkm_finite_how *how,
                              dkm_finite_result *out, dkm_error *err) {
  const size_t n = (size_t)n_times * (size_t)dkm_finite_columns(model);
  dkm_finite *e = NULL;
  const dkm_status status = run_one(model, n_times, times, how, 0, &e, err);
  if (!status) {
    memcpy(out->values, dkm_finite_values(e), n * sizeof *out->values);
    memset(out->errors, 0, n * sizeof *out->errors);
    memcpy(out->mean_field, dkm_finite_mean_field(e),
           (size_t)n_times * (size_t)dkm_finite_mean_field_columns(model) * sizeof *out->mean_field);
    out->said = *dkm_finite_said(e);
  }
  dkm_finite_destroy(e);
  return status;
}

static dkm_status run_trajectories(const dkm_finite_model *model, int64_t n_times, const double *times, const dkm_finite_how *how,
                                   dkm_finite_result *out, dkm_error *err) {
  const int64_t n = n_times * dkm_finite_columns(model);
  double *sum = calloc(2 * (size_t)n, sizeof *sum);
  if (!sum) return dkm_fail(err, DKM_MEMORY, "out of memory for averages over trajectories");
  dkm_status status = DKM_OK;
  out->said = (dkm_finite_diagnostics){.n_trajectories = 0};
  for (int64_t i = 0; i < how->n_trajectories && !status; i++) {
    dkm_finite *e = NULL;
    status = run_one(model, n_times, times, how, i, &e, err);
    if (!status) {
      if (i == 0)
        memcpy(out->mean_field, dkm_finite_mean_field(e),
               (size_t)n_times * (size_t)dkm_finite_mean_field_columns(model) * sizeof *out->mean_field);
      dkm_finite_add(n, dkm_finite_values(e), sum, sum + n);
      dkm_finite_merge(model, &out->said, dkm_finite_said(e));
    }
    dkm_finite_destroy(e);
  }
  if (!status) dkm_finite_average(n, how->n_trajectories, sum, sum + n, out->values, out->errors);
  free(sum);
  return status;
}

dkm_status dkm_finite_run(const dkm_finite_model *model, int64_t n_times, const double *times, const dkm_finite_how *how,
                          dkm_finite_result *out, dkm_error *err) {
  dkm_finite_how asked = how ? *how : (dkm_finite_how){0};
  dkm_status status = dkm_finite_check(model, n_times, times, &asked, err);
  if (status) return status;
  const bool automatic = asked.method == DKM_FINITE_AUTO;
  if (automatic) asked.method = finite_model_has_losses(model) ? DKM_FINITE_SYMMETRIC : DKM_FINITE_MASTER;
  const double allowed = asked.memory;
  if (automatic && asked.method == DKM_FINITE_MASTER && !(allowed > 0.0 && allowed < DKM_FINITE_MEMORY_AUTO))
    asked.memory = DKM_FINITE_MEMORY_AUTO;
  if (asked.method != DKM_FINITE_TRAJECTORIES) {
    status = run_density(model, n_times, times, &asked, out, err);
    if (status != DKM_LIMIT || !automatic || asked.method == DKM_FINITE_SYMMETRIC) return status;
    asked.method = DKM_FINITE_TRAJECTORIES; /* it did not fit */
    asked.memory = allowed;
  }
  asked = dkm_finite_how_complete(&asked);
  return run_trajectories(model, n_times, times, &asked, out, err);
}
