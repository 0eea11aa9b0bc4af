/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite: one computation, a density matrix or a trajectory, from start to end.
 *
 * The numbers y that the steps advance are those of the state, then those of the mean field and of the frame (finite_flow.h).
 * A step: what the frame does during it is chosen from the moments at its beginning; it is tried; it is done again, shorter, if its
 * error is too large, and with more levels if the weight at an edge is; a trajectory that has lost its share of norm jumps, and
 * the step ends there.  Steps end at the times that are asked for.
 *
 * Jumps (J. Dalibard, Y. Castin, K. Molmer, Phys. Rev. Lett. 68, 580 (1992)): psi evolves by A until its norm^2 has fallen from 1
 * to a random number r; then b_mu psi takes its place, mu with a probability in proportion to kappa_mu <b_mu^+ b_mu>.  The moment is
 * found by Newton's method, since (norm^2)' = -sum_mu kappa_mu <psi|b_mu^+ b_mu|psi>: each iteration is a step of another length
 * from the same beginning, so that the jump is as exact as the steps are.  psi is brought to norm 1 after each step. */
#include "dickemap/finite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/clock.h"
#include "finite_computation.h"
#include "finite_pages.h"
#include "finite_positive.h"

static const double ask_interval = 0.1;   /* seconds between two questions whether to give up */
static const double first_step = 0.01;    /* in units of the fastest rate of the model */
static const double shortest_step = 1e-9; /* likewise */
static const double recentring = 1.0;     /* likewise: at which a frame comes back to its trajectory */
/* Where stability limits steps, errors grow with a high power of h beyond it, so that h would run into it again and again. */
static const double stay_below = 0.9, come_back = 1.02;
enum { MOST_NEWTON = 60, SHRINK_INTERVAL = 8 };
static const double worth_it = 1.2;       /* more levels than in the laboratory that a computation begins again for */
static const double shrink_share = 0.1;   /* of `edge`: weight that may be lost where levels are taken away */

/* ---- creation ---- */

static double fastest_rate(const dkm_finite_model *model) {
  double rate = 2.0 * fabs(model->Omega) + 2.0 * fabs(model->g0) + model->gamma_down + model->gamma_up + model->gamma_phi;
  for (int mu = 0; mu < model->n_modes; mu++) rate += fabs(model->Omega_mu[mu]) + model->kappa_mu[mu];
  return rate > 0.0 ? rate : 1.0;
}

/* At most: of a state, of what its steps need, and of one copy more, which there is of the old state while levels change (when they
 * become fewer all that was there has more room than that), and of this one while it is saved. */
static double bytes_of(const finite_kind *kind, const finite_space *space, int n_classical) {
  const double n = kind->values(space) + n_classical;
  double tables = 2.0 * (double)space->mode_rows; /* of the space, new and old */
  for (int f = 0; f < space->K + space->M; f++) tables += space->d[f] + 1.0;
  return dkm_finite_stepper_bytes(1) * n + 8.0 * (2.0 * n + kind->scratch(space) + 2.0 * tables);
}

static void give_back(dkm_finite *e) {
  dkm_finite_stepper_free(&e->stepper);
  dkm_finite_pages_give(e->work, e->n_work);
  e->work = NULL;
}

dkm_status dkm_finite_set_levels(dkm_finite *e, const int *d, dkm_error *err) {
  finite_space space;
  dkm_status status = dkm_finite_space_create(&e->model, d, &space, err);
  if (status) return status;
  const double bytes = bytes_of(e->kind, &space, e->n_classical);
  e->at.said.memory = fmax(e->at.said.memory, bytes);
  if (bytes > e->how.memory) {
    status = dkm_fail(err, DKM_LIMIT, "%lld states are too many: they need %.3g bytes, but %.3g are allowed", (long long)space.rows,
                      bytes, e->how.memory);
    for (int f = 0; f < e->n_factors; f++) /* what was asked for, for who reports it */
      if (d[f] > e->at.said.levels[f]) e->at.said.levels[f] = d[f];
    dkm_finite_space_free(&space);
    return status;
  }
  give_back(e); /* of what there was, y alone is needed */
  const int64_t n_state = (int64_t)e->kind->values(&space), n = n_state + e->n_classical;
  double *y = dkm_finite_pages_take(n);
  e->n_work = (int64_t)e->kind->scratch(&space) + 1;
  e->work = dkm_finite_pages_take(e->n_work);
  if (!y || !e->work)
    status = dkm_fail(err, DKM_MEMORY, "out of memory for a state of %lld numbers", (long long)n);
  else
    status = dkm_finite_stepper_create(e->kernel, n, &e->stepper, err);
  if (status) {
    dkm_finite_space_free(&space);
    dkm_finite_pages_give(y, n);
    return status;
  }
  if (e->y) {
    e->kind->move(&e->space, e->y, &space, y);
    memcpy(y + n_state, e->y + e->n_state, (size_t)e->n_classical * sizeof *y);
    dkm_finite_pages_give(e->y, e->n_state + e->n_classical);
  }
  dkm_finite_space_free(&e->space);
  e->space = space;
  e->y = y;
  e->n_state = n_state;
  e->op.space = &e->space;
  for (int f = 0; f < e->n_factors; f++) {
    e->at.d[f] = d[f];
    if (d[f] > e->at.said.levels[f]) e->at.said.levels[f] = d[f];
  }
  return DKM_OK;
}

/* At time 0 in this frame. */
static dkm_status begin(dkm_finite *e, dkm_finite_frame frame, dkm_error *err) {
  const dkm_finite_diagnostics before = e->at.said;
  int d[FINITE_MAX_FACTORS];
  dkm_finite_flow_create(&e->model, frame, &e->flow);
  e->at = (finite_progress){.h = first_step / fastest_rate(&e->model),
                     .h_most = INFINITY,
                     .stream = finite_stream_of(e->how.seed, (uint64_t)e->index),
                     .survival = 1.0};
  e->at.said = (dkm_finite_diagnostics){
      .method = e->how.method, .frame = frame, .negativity = NAN, .steps = before.steps, .rejected = before.rejected};
  e->kind->levels(&e->model, d, e->whole);
  const dkm_status status = dkm_finite_set_levels(e, d, err);
  if (status) return status;
  double *c = e->y + e->n_state;
  e->kind->start(&e->space, &e->model, e->y);
  dkm_finite_flow_start(&e->flow, c);
  if (e->how.method == DKM_FINITE_SYMMETRIC) { /* single spins are kept along the axes of the laboratory */
    double *axes = c + finite_flow_axes(e->K, e->M, 0);
    for (int i = 0; i < 9; i++) axes[i] = i % 4 == 0 ? 1.0 : 0.0;
  }
  e->kind->moments(&e->space, e->y, &e->at.moments);
  if (e->jumps) e->at.r = finite_stream_next(&e->at.stream);
  return DKM_OK;
}

dkm_status dkm_finite_create(const dkm_finite_model *model, int64_t n_times, const double *times, const dkm_finite_how *how,
                             int64_t index, dkm_finite **out, dkm_error *err) {
  *out = NULL;
  dkm_status status = dkm_finite_check(model, n_times, times, how, err);
  if (status) return status;
  if (how->method == DKM_FINITE_AUTO) return dkm_fail(err, DKM_INPUT, "one computation needs a method");
  dkm_finite *e = calloc(1, sizeof *e);
  if (!e) return dkm_fail(err, DKM_MEMORY, "out of memory for a computation of finitely many spins");
  e->model = *model;
  e->how = dkm_finite_how_complete(how);
  e->index = index;
  e->n_times = n_times;
  e->K = dkm_finite_classes(model);
  e->M = model->n_modes;
  e->n_factors = e->K + e->M;
  e->n_classical = finite_flow_size(e->K, e->M);
  e->n_columns = dkm_finite_columns(model);
  e->n_mean_field = dkm_finite_mean_field_columns(model);
  e->kernel = dkm_finite_kernel_of(e->how.cpu);
  e->jumps = how->method == DKM_FINITE_TRAJECTORIES;
  e->kind = e->jumps ? &dkm_finite_pure : how->method == DKM_FINITE_MASTER ? &dkm_finite_density : &dkm_finite_symmetric;
  if (how->method == DKM_FINITE_SYMMETRIC) e->how.frame = DKM_FINITE_LABORATORY;
  e->chooses = how->method == DKM_FINITE_MASTER && how->frame == DKM_FINITE_BEST;
  e->times = malloc((size_t)n_times * sizeof *e->times);
  e->values = malloc((size_t)n_times * (size_t)e->n_columns * sizeof *e->values);
  e->mean_field = malloc((size_t)n_times * (size_t)e->n_mean_field * sizeof *e->mean_field);
  if (!e->times || !e->values || !e->mean_field) {
    dkm_finite_destroy(e);
    return dkm_fail(err, DKM_MEMORY, "out of memory for %lld times", (long long)n_times);
  }
  memcpy(e->times, times, (size_t)n_times * sizeof *times);
  status = begin(e, e->how.frame, err);
  if (status == DKM_OK || status == DKM_LIMIT)
    *out = e;
  else
    dkm_finite_destroy(e);
  return status;
}

void dkm_finite_destroy(dkm_finite *finite) {
  if (!finite) return;
  dkm_finite_space_free(&finite->space);
  give_back(finite);
  dkm_finite_pages_give(finite->y, finite->n_state + finite->n_classical);
  free(finite->times);
  free(finite->values);
  free(finite->mean_field);
  free(finite);
}

/* ---- steps ---- */

static void rhs(void *context, double t, const double *y, double *dy) {
  dkm_finite *e = context;
  const double *c = y + e->n_state;
  dkm_finite_flow_rhs(&e->flow, t, c, dy + e->n_state);
  dkm_finite_flow_operator(&e->flow, t, c, &e->op);
  e->kind->rhs(e->kernel, &e->op, &e->model, y, dy, e->work);
}

/* Levels of factor f after it has become too small.  A density matrix pays for them twice. */
static int more_levels(const dkm_finite *e, int f) {
  const int d = e->at.d[f], next = e->jumps ? d + (d / 8 > 4 ? d / 8 : 4) : d + (d / 16 > 2 ? d / 16 : 2);
  return f < e->K && next > e->model.spins_per_class ? e->model.spins_per_class + 1 : next;
}

/* Levels of mode mu that a laboratory would have needed so far for as many photons as there were: a Poisson distribution has a
 * weight of some exp(-z^2/2) above n + z sqrt(n) + z^2/6. */
static double laboratory_levels(const dkm_finite *e, int mu) {
  double z2 = 0.0;
  for (double weight = e->how.edge; weight < 1.0; weight *= 10.0) z2 += 4.605; /* 2 ln 10 */
  const double n = e->at.most_photons[mu];
  return n + sqrt(z2 * n) + z2 / 6.0 + 2.0;
}

/* A density matrix that has split over two branches has its mean between them, or at the heavier one, so that the lighter one is
 * farther from there than from no photons at all.  The spins may need all of their levels in the laboratory, far more than
 * where the axes follow them: all levels together count. */
static bool is_better_off_in_the_laboratory(const dkm_finite *e, const int *d) {
  if (!e->chooses || e->flow.frame == DKM_FINITE_LABORATORY) return false;
  double here = 1.0, there = 1.0;
  for (int k = 0; k < e->K; k++) {
    here *= d[k];
    there *= e->model.spins_per_class + 1.0;
  }
  for (int mu = 0; mu < e->M; mu++) {
    here *= d[e->K + mu];
    there *= laboratory_levels(e, mu);
  }
  return here > worth_it * there;
}

/* Adds levels where the weight at the edge of `state` is too large, or begins again in the laboratory.  *grown: whether any were. */
static dkm_status grow(dkm_finite *e, const double *state, bool *grown, dkm_error *err) {
  int d[FINITE_MAX_FACTORS];
  double heaviest = 0.0;
  *grown = false;
  for (int f = 0; f < e->n_factors; f++) {
    d[f] = e->at.d[f];
    if (e->whole[f]) continue;
    const double weight = e->kind->tail(&e->space, state, f, d[f] - 2);
    if (weight > heaviest) heaviest = weight;
    if (weight <= e->how.edge) continue;
    d[f] = more_levels(e, f);
    if (f < e->K && d[f] > e->model.spins_per_class) e->whole[f] = true;
    *grown = true;
  }
  if (*grown && is_better_off_in_the_laboratory(e, d)) return begin(e, DKM_FINITE_LABORATORY, err);
  if (*grown) return dkm_finite_set_levels(e, d, err);
  if (heaviest > e->at.said.edge_weight) e->at.said.edge_weight = heaviest;
  return DKM_OK;
}

/* Takes levels away that have become empty, if they are worth it. */
static dkm_status shrink(dkm_finite *e, dkm_error *err) {
  int d[FINITE_MAX_FACTORS], least[FINITE_MAX_FACTORS];
  bool shrunk = false, whole[FINITE_MAX_FACTORS];
  e->kind->levels(&e->model, least, whole);
  for (int f = 0; f < e->n_factors; f++) {
    int fewer = d[f] = e->at.d[f];
    if (whole[f]) continue;
    while (fewer > least[f] && e->kind->tail(&e->space, e->y, f, fewer - 3) <= shrink_share * e->how.edge) fewer--;
    if (d[f] - fewer < (d[f] / 8 > 4 ? d[f] / 8 : 4)) continue;
    d[f] = fewer;
    e->whole[f] = false;
    shrunk = true;
  }
  return shrunk ? dkm_finite_set_levels(e, d, err) : DKM_OK;
}

static void scale(double *x, int64_t n, double by) {
  for (int64_t i = 0; i < n; i++) x[i] *= by;
}

/* Norm^2 that is left after the step that has been tried, over r/survival, minus 1; its derivative by the length of the step. */
static double excess(dkm_finite *e, double *slope) {
  finite_moments m;
  dkm_finite_space_moments_pure(&e->space, e->stepper.next, &m);
  const double share = m.norm * e->at.survival / e->at.r;
  *slope = 0.0;
  for (int mu = 0; mu < e->M; mu++) *slope -= share * e->model.kappa_mu[mu] * m.n[mu];
  return share - 1.0;
}

/* The step from y, of at most length h, at whose end the jump is due, and which has been tried last. */
static double find_jump(dkm_finite *e, double h) {
  static const double exact = 1e-13;
  double low = 0.0, high = h, slope, over = excess(e, &slope);
  for (int i = 0; i < MOST_NEWTON && fabs(over) > exact && high - low > 1e-15 * h; i++) {
    if (over < 0.0)
      high = h;
    else
      low = h;
    h -= over / slope;
    if (!(h > low && h < high)) h = 0.5 * (low + high);
    dkm_finite_step_try(&e->stepper, rhs, e, e->at.t, e->y, h);
    over = excess(e, &slope);
  }
  return h;
}

/* psi, of norm 1, loses a photon. */
static dkm_status jump(dkm_finite *e, dkm_error *err) {
  double share[DKM_FINITE_MAX_MODES], all = 0.0;
  for (int mu = 0; mu < e->M; mu++) all += share[mu] = e->model.kappa_mu[mu] * e->at.moments.n[mu];
  if (!(all > 0.0)) { /* no photons: it was errors of the steps that norm was lost to */
    e->at.r = finite_stream_next(&e->at.stream);
    e->at.survival = 1.0;
    return DKM_OK;
  }
  double left = finite_stream_next(&e->at.stream) * all;
  int mu = 0;
  while (mu < e->M - 1 && (left -= share[mu]) >= 0.0) mu++;
  dkm_finite_space_lower(&e->space, mu, e->y);
  dkm_finite_space_moments_pure(&e->space, e->y, &e->at.moments);
  scale(e->y, e->n_state, 1.0 / sqrt(e->at.moments.norm));
  e->at.r = finite_stream_next(&e->at.stream);
  e->at.survival = 1.0;
  e->at.said.n_jumps++;
  bool grown; /* relative to fewer photons the weight at the edge is larger */
  return grow(e, e->y, &grown, err);
}

static void note_photons(dkm_finite *e) {
  const double *c = e->y + e->n_state, root_N = sqrt((double)e->model.spins_per_class);
  for (int mu = 0; mu < e->M; mu++) {
    const double *alpha = c + finite_flow_alpha(e->K, e->M, mu), x = root_N * alpha[0], y = root_N * alpha[1];
    const double n = e->at.moments.n[mu] + 2.0 * (x * e->at.moments.b_re[mu] + y * e->at.moments.b_im[mu]) + x * x + y * y;
    if (n > e->at.most_photons[mu]) e->at.most_photons[mu] = n;
  }
}

/* One step, to `end` at most. */
static dkm_status step(dkm_finite *e, double end, dkm_error *err) {
  const double shortest = shortest_step / fastest_rate(&e->model);
  const double left = end - e->at.t;
  double h = e->at.h;
  const bool shortened = h >= left;
  if (shortened)
    h = left;
  else if (h > 0.5 * left)
    h = 0.5 * left;
  dkm_finite_flow_follow(&e->flow, e->at.t, e->jumps ? recentring * fastest_rate(&e->model) : 0.0, e->y + e->n_state, &e->at.moments);
  dkm_finite_step_begin(&e->stepper, rhs, e, e->at.t, e->y);
  double error;
  for (bool retried = false;; retried = true) {
    error = dkm_finite_step_try(&e->stepper, rhs, e, e->at.t, e->y, h) / e->how.tolerance;
    if (!(error <= 1.0)) {
      e->at.h_most = stay_below * h;
      h *= dkm_finite_step_factor(error);
      e->at.said.rejected++;
      if (h < shortest) return dkm_fail(err, DKM_NUMERIC, "steps become too short at t = %g", e->at.t);
      continue;
    }
    bool grown;
    const dkm_finite_frame frame = e->flow.frame;
    const dkm_status status = grow(e, e->stepper.next, &grown, err);
    if (status || e->flow.frame != frame) return status;
    if (!grown) {
      const double longer = h * dkm_finite_step_factor(error);
      if (!shortened || retried || longer < e->at.h) e->at.h = longer;
      e->at.h_most *= come_back;
      if (e->at.h > e->at.h_most) e->at.h = e->at.h_most;
      break;
    }
    e->at.said.rejected++;
    dkm_finite_step_begin(&e->stepper, rhs, e, e->at.t, e->y);
  }
  double slope;
  const bool jumps = e->jumps && excess(e, &slope) <= 0.0;
  if (jumps) h = find_jump(e, h);
  double *y = e->stepper.next;
  e->stepper.next = e->y;
  e->y = y;
  e->at.t = h == left ? end : e->at.t + h;
  e->at.said.steps++;
  e->at.said.step_error += error * e->how.tolerance;
  e->kind->moments(&e->space, e->y, &e->at.moments);
  note_photons(e);
  if (e->jumps) {
    e->at.survival *= e->at.moments.norm;
    scale(e->y, e->n_state, 1.0 / sqrt(e->at.moments.norm));
  } else {
    e->at.said.trace_error = fmax(e->at.said.trace_error, fabs(e->at.moments.norm - 1.0));
  }
  if (jumps) {
    const dkm_status status = jump(e, err);
    if (status) return status;
  }
  if (++e->at.accepted % SHRINK_INTERVAL) return DKM_OK;
  return shrink(e, err);
}

dkm_status dkm_finite_advance(dkm_finite *e, dkm_error *err) {
  while (e->at.i_time < e->n_times) {
    const double end = e->times[e->at.i_time];
    if (e->at.t < end) {
      const double now = e->how.interrupt ? dkm_clock_now() : 0.0;
      if (e->how.interrupt && (now - e->t_asked >= ask_interval || e->at.i_time != e->i_asked)) {
        e->t_asked = now;
        e->i_asked = e->at.i_time;
        if (e->how.interrupt(e->how.context)) return dkm_fail(err, DKM_STOPPED, "the computation was interrupted");
      }
      const dkm_status status = step(e, end, err);
      if (status) return status;
      continue;
    }
    const double *c = e->y + e->n_state;
    dkm_finite_flow_row(&e->flow, c, &e->at.moments, e->values + e->at.i_time * e->n_columns);
    double *mean_field = e->mean_field + e->at.i_time * e->n_mean_field;
    memcpy(mean_field, c, (size_t)e->n_mean_field * sizeof *c);
    if (++e->at.i_time == e->n_times && e->how.method == DKM_FINITE_MASTER && e->space.rows <= DKM_FINITE_POSITIVE_ROWS)
      e->at.said.negativity = dkm_finite_negativity(e->space.rows, e->y, e->stepper.memory);
  }
  return DKM_OK;
}

int64_t dkm_finite_rows(const dkm_finite *finite) { return finite->at.i_time; }
const double *dkm_finite_values(const dkm_finite *finite) { return finite->values; }
const double *dkm_finite_mean_field(const dkm_finite *finite) { return finite->mean_field; }
const dkm_finite_diagnostics *dkm_finite_said(const dkm_finite *finite) { return &finite->at.said; }
