/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One point's way through time. */
#include "dickemap/trajectory.h"

#include "dickemap/drive.h"
#include "dickemap/start.h"

#include <math.h>
#include <stdlib.h>

void dkm_trajectory_free(dkm_trajectory *trajectory) {
  free(trajectory->t);
  free(trajectory->xi);
  free(trajectory->alpha_re);
  free(trajectory->alpha_im);
  *trajectory = (dkm_trajectory){0};
}

/* The next sample, at time t; false if the trajectory fails before. */
static bool take_sample(dkm_integrator *integrator, const dkm_start *start, bool inside, double t,
                        dkm_trajectory *out) {
  const size_t M = (size_t)out->n_modes, first = (size_t)out->n * M;
  double *re = out->alpha_re + first, *im = out->alpha_im + first;
  double *xi = out->xi + first, part[3][DKM_MAX_MODES];
  if (!dkm_integrator_sample(integrator, 0, t, part[0], part[1], part[2])) return false;
  for (size_t mu = 0; mu < M; mu++) {
    const int i = inside ? start->mode_group[mu] : (int)mu;
    const double factor = inside ? start->mode_factor[mu] : 1.0;
    xi[mu] = i < 0 ? 0.0 : factor * part[0][i];
    re[mu] = i < 0 ? 0.0 : factor * part[1][i];
    im[mu] = i < 0 ? 0.0 : factor * part[2][i];
  }
  for (size_t mu = 0; mu < M; mu++) {
    re[mu] *= start->full.alpha_factor;
    im[mu] *= start->full.alpha_factor;
  }
  out->t[out->n++] = t;
  return true;
}

dkm_status dkm_trajectory_compute(const dkm_system *system, const dkm_point *point, const dkm_solver *solver,
                                  const char *cpu, double t_start, double t_end, double dt, dkm_trajectory *out,
                                  dkm_error *err) {
  const int64_t n_intervals = (int64_t)floor((t_end - t_start) / dt * (1.0 + 1e-12)); /* 0.3/0.1 is a little less than 3 */
  const size_t n = (size_t)n_intervals + 1, M = (size_t)system->n_modes;
  dkm_integrator *integrator = NULL;
  dkm_start start = {0};
  bool inside = false;
  double *u = malloc(dkm_model_size(system) * sizeof *u);
  dkm_solver between = *solver;
  between.between_steps = true;
  const bool driven = dkm_drive_kind_of(system->drive) != DKM_DRIVE_NONE;
  between.dynamics = driven ? DKM_DYNAMICS_DRIVEN : dkm_point_dynamics(point);
  *out = (dkm_trajectory){.n_modes = system->n_modes,
                          .t = malloc(n * sizeof(double)),
                          .xi = malloc(n * M * sizeof(double)),
                          .alpha_re = malloc(n * M * sizeof(double)),
                          .alpha_im = malloc(n * M * sizeof(double))};
  dkm_status status = DKM_OK;
  if (!u || !out->t || !out->xi || !out->alpha_re || !out->alpha_im)
    status = dkm_fail(err, DKM_MEMORY, "out of memory for a trajectory of %zu samples", n);
  if (status == DKM_OK) status = dkm_start_create(system, point, &start, err);
  inside = start.is_reduced && !start.is_pattern;
  if (status == DKM_OK)
    status = dkm_integrator_create(inside ? &start.system : &start.full, &between, cpu ? cpu : dkm_cpu_best_for_one(),
                                   &integrator, err);
  if (status == DKM_OK) status = dkm_start_state(&start, inside, u, err);
  if (status != DKM_OK) goto cleanup;

  const dkm_point followed = driven ? dkm_start_driven_point(&start, inside) : inside ? start.point : start.given;
  dkm_integrator_load(integrator, 0, &followed, u, 0.0);
  dkm_lane *lane = dkm_integrator_lane(integrator, 0);
  for (int64_t i = 0; i <= n_intervals && status == DKM_OK; i++)
    if (!take_sample(integrator, &start, inside, t_start + dt * (double)i, out))
      status =
          dkm_fail(err, DKM_NUMERIC, "the trajectory failed at t = %g: %s", lane->t, dkm_failure_text(lane->failure));
  out->steps = lane->steps;

cleanup:
  dkm_integrator_destroy(integrator);
  dkm_start_free(&start);
  free(u);
  if (status != DKM_OK) dkm_trajectory_free(out);
  return status;
}
