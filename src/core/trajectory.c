/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One point's way through time. */
#include "dickemap/trajectory.h"

#include <math.h>
#include <stdlib.h>

void dkm_trajectory_free(dkm_trajectory *trajectory) {
  free(trajectory->t);
  free(trajectory->xi);
  free(trajectory->alpha_re);
  free(trajectory->alpha_im);
  *trajectory = (dkm_trajectory){0};
}

static void take_sample(const dkm_patterns *patterns, double t, const double *u, double *work, dkm_trajectory *out) {
  const int M = out->n_modes;
  const double *re = u + 3 * patterns->n_classes, *im = re + M;
  const double root_K = sqrt((double)patterns->n_classes); /* alpha = sqrt(K) beta */
  const size_t first = (size_t)out->n * (size_t)M;
  out->t[out->n++] = t;
  dkm_model_overlaps(patterns, u, out->xi + first, work);
  for (int mu = 0; mu < M; mu++) {
    out->alpha_re[first + (size_t)mu] = root_K * re[mu];
    out->alpha_im[first + (size_t)mu] = root_K * im[mu];
  }
}

dkm_status dkm_trajectory_compute(const dkm_patterns *patterns, const dkm_point *point, const dkm_solver *solver,
                                  const char *cpu, double t_end, double dt, dkm_trajectory *out, dkm_error *err) {
  const int64_t n_steps = (int64_t)floor(t_end / dt * (1.0 + 1e-12)); /* 0.3/0.1 is a little less than 3 */
  const size_t n = (size_t)n_steps + 1, M = (size_t)patterns->n_modes;
  dkm_integrator *integrator = NULL;
  double *u = malloc(dkm_model_size(patterns) * sizeof *u);
  double *work = malloc(2 * (size_t)patterns->n_classes * sizeof *work);
  *out = (dkm_trajectory){.n_modes = patterns->n_modes,
                          .t = malloc(n * sizeof(double)),
                          .xi = malloc(n * M * sizeof(double)),
                          .alpha_re = malloc(n * M * sizeof(double)),
                          .alpha_im = malloc(n * M * sizeof(double))};
  dkm_status status = DKM_OK;
  if (!u || !work || !out->t || !out->xi || !out->alpha_re || !out->alpha_im)
    status = dkm_fail(err, DKM_MEMORY, "out of memory for a trajectory of %zu samples", n);
  if (status == DKM_OK) status = dkm_integrator_create(patterns, solver, cpu, &integrator, err);
  if (status == DKM_OK) status = dkm_model_start(patterns, point, u, err);
  if (status != DKM_OK) goto cleanup;

  take_sample(patterns, 0.0, u, work, out);
  dkm_integrator_load(integrator, 0, point, u, 0.0);
  dkm_lane *lane = dkm_integrator_lane(integrator, 0);
  for (int64_t i = 1; i <= n_steps; i++) {
    lane->t_limit = dt * (double)i;
    while (lane->t < lane->t_limit && lane->failure == DKM_FAILURE_NONE) dkm_integrator_advance(integrator);
    if (lane->failure != DKM_FAILURE_NONE) {
      status =
          dkm_fail(err, DKM_NUMERIC, "the trajectory failed at t = %g: %s", lane->t, dkm_failure_text(lane->failure));
      goto cleanup;
    }
    dkm_integrator_state(integrator, 0, u);
    take_sample(patterns, lane->t, u, work, out);
  }

cleanup:
  dkm_integrator_destroy(integrator);
  free(work);
  free(u);
  if (status != DKM_OK) dkm_trajectory_free(out);
  return status;
}
