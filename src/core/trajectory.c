/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One point's way through time. */
#include "dickemap/trajectory.h"

#include "dickemap/drive.h"
#include "dickemap/start.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* One trajectory under way, in the smallest system that it never leaves, or in the full one. */
typedef struct traveller {
  dkm_integrator *integrator;
  dkm_start start;
  bool inside;
  double *u; /* room for a state */
} traveller;

static void end(traveller *c) {
  dkm_integrator_destroy(c->integrator);
  dkm_start_free(&c->start);
  free(c->u);
}

static const double beside = 1e-6; /* a subspace, by what errors of steps had added: a state is of it all the same */

/* The state that the course was given, of the point's own classes; in its subspace what rounding had added is taken away. */
static dkm_status take_state(traveller *c, const dkm_course *course, dkm_error *err) {
  const int64_t K = course->system->n_classes, k = c->start.full.n_classes;
  const size_t n_beta = 2 * (size_t)course->system->n_modes, n = dkm_model_size(&c->start.full);
  double *own = malloc(2 * n * sizeof *own);
  if (!own) return dkm_fail(err, DKM_MEMORY, "out of memory for a state");
  for (int component = 0; component < 3; component++)
    memcpy(own + component * k, course->state + component * K, (size_t)k * sizeof *own);
  memcpy(own + 3 * k, course->state + 3 * K, n_beta * sizeof *own);
  double *lifted = own + n;
  bool fits = true;
  for (size_t i = 0; i < n; i++) fits = fits && isfinite(own[i]);
  if (c->inside && fits) {
    dkm_start_reduce_state(&c->start, own, c->u);
    dkm_start_lift_state(&c->start, c->u, lifted);
    for (size_t i = 0; i < n; i++) fits = fits && fabs(lifted[i] - own[i]) <= beside;
  } else {
    memcpy(c->u, own, n * sizeof *own);
  }
  free(own);
  return fits ? DKM_OK : dkm_fail(err, DKM_INPUT, "the state to go on from is none of this point's");
}

/* Ready where it begins, or not at all. */
static dkm_status begin(traveller *c, const dkm_course *course, bool between_steps, dkm_error *err) {
  const dkm_system *system = course->system;
  dkm_solver own = *course->solver;
  const bool driven = dkm_drive_kind_of(system->drive) != DKM_DRIVE_NONE;
  own.between_steps = between_steps;
  own.dynamics = driven ? DKM_DYNAMICS_DRIVEN : dkm_point_dynamics(course->point);
  *c = (traveller){.u = malloc(dkm_model_size(system) * sizeof *c->u)};
  dkm_status status = c->u ? DKM_OK : dkm_fail(err, DKM_MEMORY, "out of memory for a state");
  if (status == DKM_OK) status = dkm_start_create(system, course->point, &c->start, err);
  c->inside = c->start.is_reduced && !c->start.is_pattern;
  if (status == DKM_OK)
    status = dkm_integrator_create(c->inside ? &c->start.system : &c->start.full, &own,
                                   course->cpu ? course->cpu : dkm_cpu_best_for_one(), &c->integrator, err);
  if (status == DKM_OK)
    status = course->state ? take_state(c, course, err) : dkm_start_state(&c->start, c->inside, c->u, err);
  if (status != DKM_OK) {
    end(c);
    return status;
  }
  const dkm_point followed = driven      ? dkm_start_driven_point(&c->start, c->inside)
                             : c->inside ? c->start.point
                                         : c->start.given;
  dkm_integrator_load(c->integrator, 0, &followed, c->u, course->state ? course->t_state : 0.0);
  return DKM_OK;
}

static dkm_status has_failed(const traveller *c, dkm_error *err) {
  const dkm_lane *lane = dkm_integrator_lane(c->integrator, 0);
  return dkm_fail(err, DKM_NUMERIC, "the trajectory failed at t = %g: %s", lane->t, dkm_failure_text(lane->failure));
}

dkm_status dkm_trajectory_compute(const dkm_course *course, double t_start, double t_end, double dt, dkm_trajectory *out,
                                  dkm_error *err) {
  const int64_t n_intervals = (int64_t)floor((t_end - t_start) / dt * (1.0 + 1e-12)); /* 0.3/0.1 is a little less than 3 */
  const size_t n = (size_t)n_intervals + 1, M = (size_t)course->system->n_modes;
  traveller c;
  *out = (dkm_trajectory){.n_modes = course->system->n_modes,
                          .t = malloc(n * sizeof(double)),
                          .xi = malloc(n * M * sizeof(double)),
                          .alpha_re = malloc(n * M * sizeof(double)),
                          .alpha_im = malloc(n * M * sizeof(double))};
  dkm_status status = DKM_OK;
  if (!out->t || !out->xi || !out->alpha_re || !out->alpha_im)
    status = dkm_fail(err, DKM_MEMORY, "out of memory for a trajectory of %zu samples", n);
  if (status == DKM_OK && !(status = begin(&c, course, true, err))) {
    for (int64_t i = 0; i <= n_intervals && status == DKM_OK; i++)
      if (!take_sample(c.integrator, &c.start, c.inside, t_start + dt * (double)i, out)) status = has_failed(&c, err);
    out->steps = dkm_integrator_lane(c.integrator, 0)->steps;
    end(&c);
  }
  if (status != DKM_OK) dkm_trajectory_free(out);
  return status;
}

dkm_status dkm_trajectory_follow(const dkm_course *course, int64_t n, const double *t, dkm_trajectory_visit *visit, void *context,
                                 dkm_error *err) {
  double order[3][DKM_MAX_MODES];
  traveller c;
  dkm_status status = begin(&c, course, false, err);
  if (status != DKM_OK) return status;
  double *full = malloc(dkm_model_size(&c.start.full) * sizeof *full);
  if (!full) status = dkm_fail(err, DKM_MEMORY, "out of memory for a state");
  for (int64_t i = 0; i < n && status == DKM_OK; i++) {
    if (!dkm_integrator_sample(c.integrator, 0, t[i], order[0], order[1], order[2])) {
      status = has_failed(&c, err);
      break;
    }
    dkm_integrator_state(c.integrator, 0, c.inside ? c.u : full);
    if (c.inside) dkm_start_lift_state(&c.start, c.u, full);
    if (!visit(context, i, &c.start.full, full)) status = dkm_fail(err, DKM_STOPPED, "the trajectory was stopped at t = %g", t[i]);
  }
  free(full);
  end(&c);
  return status;
}
