/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reference method: GSL's odeiv2 with the 8th-order Prince-Dormand pair, one point at a
 * time, on the scalar right-hand side of model.c.  Slow and independent of the ensemble
 * kernel in every respect that matters: its oracle. */
#include <gsl/gsl_errno.h>
#include <gsl/gsl_odeiv2.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gsl_calls.h"
#include "integrator_method.h"

typedef struct workspace {
  dkm_system system; /* of the point that is loaded */
  dkm_point point;
  bool driven; /* g0 and Omega are those of ... */
  dkm_piece piece;
  size_t size; /* doubles in the largest state; a smaller one is followed by zeros that stay */
  size_t most_modes;
  double *u, *du, *work; /* state, right-hand side, 2K values for sums */
  double h;              /* the step to try next */
  gsl_odeiv2_step *step;
  gsl_odeiv2_control *control;
  gsl_odeiv2_evolve *evolve;
  double window_length, rate_max;
  double sum_xi[DKM_MAX_MODES], sum_xi_sq[DKM_MAX_MODES], sum_beta_sq[DKM_MAX_MODES];
} workspace;

/* The point as it is at time t. */
static dkm_point point_at(const workspace *w, double t) {
  return w->driven ? dkm_piece_point_at(&w->piece, &w->point, t) : w->point;
}

static int right_hand_side(double t, const double u[], double du[], void *params) {
  workspace *w = params;
  const size_t n = dkm_model_size(&w->system);
  const dkm_point point = point_at(w, t);
  dkm_model_rhs(&w->system, &point, u, du, w->work);
  memset(du + n, 0, (w->size - n) * sizeof *du);
  return GSL_SUCCESS;
}

static void gsl_destroy(void *memory) {
  workspace *w = memory;
  if (!w) return;
  if (w->evolve) gsl_odeiv2_evolve_free(w->evolve);
  if (w->control) gsl_odeiv2_control_free(w->control);
  if (w->step) gsl_odeiv2_step_free(w->step);
  free(w->u);
  free(w->du);
  free(w->work);
  free(w);
}

static double gsl_bytes(const dkm_system *system, const dkm_solver *solver, const char *cpu) {
  (void)solver;
  (void)cpu;
  /* rk8pd keeps 13 stages and 2 temporaries, evolve 4 more copies of the state, we 2. */
  return sizeof(workspace) + sizeof(double) * (21.0 * (double)dkm_model_size(system) + 2.0 * (double)system->n_classes);
}

static dkm_status gsl_create(const dkm_system *system, const dkm_solver *solver, const char *cpu, void **out,
                             int *lanes, dkm_error *err) {
  (void)cpu; /* compiled once, for every CPU */
  workspace *w = calloc(1, sizeof *w);
  if (w) {
    w->system = *system;
    w->size = dkm_model_size(system);
    w->most_modes = (size_t)system->n_modes;
    w->u = calloc(w->size, sizeof *w->u);
    w->du = calloc(w->size, sizeof *w->du);
    w->work = calloc(2 * (size_t)system->n_classes, sizeof *w->work);
    dkm_gsl_begin();
    w->step = gsl_odeiv2_step_alloc(gsl_odeiv2_step_rk8pd, w->size);
    w->control = gsl_odeiv2_control_y_new(solver->tolerance, solver->tolerance);
    w->evolve = gsl_odeiv2_evolve_alloc(w->size);
    dkm_gsl_end();
  }
  if (!w || !w->u || !w->du || !w->work || !w->step || !w->control || !w->evolve) {
    gsl_destroy(w);
    return dkm_fail(err, DKM_MEMORY, "out of memory for the integrator: %d patterns need %.3g GiB on each rank",
                    system->n_modes, gsl_bytes(system, solver, cpu) / 0x1p30);
  }
  *out = w;
  *lanes = 1;
  return DKM_OK;
}

static void clear_window(workspace *w) {
  w->window_length = w->rate_max = 0.0;
  memset(w->sum_xi, 0, sizeof w->sum_xi);
  memset(w->sum_xi_sq, 0, sizeof w->sum_xi_sq);
  memset(w->sum_beta_sq, 0, sizeof w->sum_beta_sq);
}

static void gsl_set_system(void *memory, int lane, const dkm_system *system) {
  (void)lane;
  ((workspace *)memory)->system = *system;
}

static void gsl_load(void *memory, int lane, const dkm_point *point, const double *u, double t) {
  (void)t;
  workspace *w = memory;
  (void)lane;
  w->point = *point;
  w->driven = false;
  memset(w->u, 0, w->size * sizeof *w->u);
  memcpy(w->u, u, dkm_model_size(&w->system) * sizeof *u);
  gsl_odeiv2_evolve_reset(w->evolve);
  gsl_odeiv2_step_reset(w->step);
  w->h = 1e-2 / (1.0 + fabs(point->Omega) + point->g0);
  clear_window(w);
}

static void gsl_set_piece(void *memory, int lane, const dkm_piece *piece) {
  workspace *w = memory;
  (void)lane;
  w->driven = true;
  w->piece = *piece;
  gsl_odeiv2_evolve_reset(w->evolve); /* the derivative that it keeps is that of another piece */
  gsl_odeiv2_step_reset(w->step);
}

static void gsl_unload(void *memory, int lane) {
  (void)memory;
  (void)lane;
}

static void gsl_state(const void *memory, int lane, double *u) {
  const workspace *w = memory;
  (void)lane;
  memcpy(u, w->u, dkm_model_size(&w->system) * sizeof *u);
}

static void gsl_window(void *memory, int lane, dkm_window *window) {
  workspace *w = memory;
  (void)lane;
  window->length = w->window_length;
  window->rate_max = w->rate_max;
  dkm_integrator_window_statistics(window, w->system.n_modes, w->sum_xi, w->sum_xi_sq, w->sum_beta_sq);
  clear_window(w);
}

/* What the window needs of the state before a step. */
typedef struct observation {
  double xi[DKM_MAX_MODES], beta_sq[DKM_MAX_MODES], rate;
} observation;

static void observe(workspace *w, double t, observation *o) {
  const dkm_point point = point_at(w, t);
  const int M = w->system.n_modes;
  const double *re = w->u + 3 * w->system.n_classes, *im = re + M;
  double xi_rate[DKM_MAX_MODES];
  dkm_model_overlaps(&w->system, w->u, o->xi, w->work);
  dkm_model_rhs(&w->system, &point, w->u, w->du, w->work);
  dkm_model_overlaps(&w->system, w->du, xi_rate, w->work); /* xi is linear in z */
  o->rate = 0.0;
  for (int mu = 0; mu < M; mu++) {
    const double *mode_rate = w->du + 3 * w->system.n_classes + mu;
    o->beta_sq[mu] = re[mu] * re[mu] + im[mu] * im[mu];
    o->rate = fmax(o->rate, fmax(fabs(xi_rate[mu]), fmax(fabs(mode_rate[0]), fabs(mode_rate[M]))));
  }
}

static void add_to_window(workspace *w, const observation *o, double h) {
  for (int mu = 0; mu < w->system.n_modes; mu++) {
    w->sum_xi[mu] += h * o->xi[mu];
    w->sum_xi_sq[mu] += h * o->xi[mu] * o->xi[mu];
    w->sum_beta_sq[mu] += h * o->beta_sq[mu];
  }
  w->rate_max = fmax(w->rate_max, o->rate);
  w->window_length += h;
}

static int gsl_order(const void *memory) {
  (void)memory;
  return 13; /* stages of rk8pd */
}

static void gsl_advance(void *memory, dkm_lane *lane) {
  workspace *w = memory;
  gsl_odeiv2_system system = {right_hand_side, NULL, w->size, w};
  int64_t n_left = dkm_integrator_steps_at_once(w->system.n_classes);
  do {
    observation before;
    observe(w, lane->t, &before);
    double t_before = lane->t, t_target = isfinite(lane->t_limit) ? lane->t_limit : HUGE_VAL;
    dkm_gsl_begin();
    int code = gsl_odeiv2_evolve_apply(w->evolve, w->control, w->step, &system, &lane->t, t_target, &w->h, w->u);
    dkm_gsl_end();
    lane->steps++;
    add_to_window(w, &before, lane->t - t_before);
    for (size_t i = 0; i < w->size; i++)
      if (!isfinite(w->u[i])) lane->failure = DKM_FAILURE_NOT_FINITE;
    if (lane->failure == DKM_FAILURE_NONE && (code != GSL_SUCCESS || !(lane->t > t_before)))
      lane->failure = DKM_FAILURE_STEP_TOO_SMALL;
  } while (lane->failure == DKM_FAILURE_NONE && lane->t < lane->t_pause && lane->t < lane->t_limit &&
           lane->steps != lane->steps_pause && --n_left > 0);
}

static bool gsl_is_between_steps(const void *memory) {
  (void)memory;
  return false;
}

static void gsl_order_parameters(const void *memory, int lane, double t, double t_end, double *xi, double *beta_re,
                                 double *beta_im) {
  const workspace *w = memory;
  const double *beta = w->u + 3 * w->system.n_classes;
  const size_t M = (size_t)w->system.n_modes;
  (void)lane;
  (void)t;
  (void)t_end;
  dkm_model_overlaps(&w->system, w->u, xi, w->work);
  memcpy(beta_re, beta, M * sizeof *beta);
  memcpy(beta_im, beta + M, M * sizeof *beta);
}

/* State, next step, window.  The derivative that evolve keeps from the end of a step is formed again, from the same
 * state by the same function. */
static size_t gsl_saved_doubles(const void *memory) {
  const workspace *w = memory;
  return w->size + 3 + 3 * w->most_modes;
}

static void gsl_save(const void *memory, int lane, double *values) {
  const workspace *w = memory;
  const size_t M = (size_t)w->system.n_modes;
  (void)lane;
  memcpy(values, w->u, w->size * sizeof *values);
  values += w->size;
  *values++ = w->h;
  *values++ = w->window_length;
  *values++ = w->rate_max;
  memcpy(values, w->sum_xi, M * sizeof *values);
  memcpy(values + M, w->sum_xi_sq, M * sizeof *values);
  memcpy(values + 2 * M, w->sum_beta_sq, M * sizeof *values);
}

static void gsl_restore(void *memory, int lane, const dkm_point *point, int64_t steps, const double *values) {
  workspace *w = memory;
  const size_t M = (size_t)w->system.n_modes;
  (void)steps;
  gsl_load(memory, lane, point, values, 0.0);
  values += w->size;
  w->h = *values++;
  w->window_length = *values++;
  w->rate_max = *values++;
  memcpy(w->sum_xi, values, M * sizeof *values);
  memcpy(w->sum_xi_sq, values + M, M * sizeof *values);
  memcpy(w->sum_beta_sq, values + 2 * M, M * sizeof *values);
}

const integrator_method dkm_integrator_gsl = {
    gsl_create,           gsl_destroy,       gsl_bytes, gsl_order,   gsl_set_system, gsl_load,
    gsl_set_piece,        gsl_unload,        gsl_state, gsl_window,  gsl_advance,    gsl_is_between_steps,
    gsl_order_parameters, gsl_saved_doubles, gsl_save,  gsl_restore,
};
