/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ensemble method: many points at a time, one a vector lane.  This file moves points in
 * and out of lanes; their memory is that of ensemble_memory.c, the arithmetic is in ensemble_body.h. */
#include "ensemble_memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/exponent.h"

static int ensemble_order(const void *memory) {
  return ((const workspace *)memory)->e.order;
}

/* ---- lanes ---- */

static double *element(double *block, const ensemble *e, int vector, int lane) {
  return block + (size_t)vector * (size_t)e->lanes + lane;
}

/* Where x_k, y_k, z_k and Q of a lane's state are: those of class k are at[...][k stride]. */
enum { CLASS_X, CLASS_Y, CLASS_Z, CLASS_Q, CLASS_VALUES };
typedef struct lane_classes {
  double *at[CLASS_VALUES];
  size_t stride;
} lane_classes;

static lane_classes classes_of(const ensemble *e, int lane) {
  const int P = e->order;
  double *const block = e->states ? e->states : e->classes;
  const size_t stride = e->states ? ENSEMBLE_STATE_VECTORS * (size_t)e->lanes : class_doubles(e);
  const bool open = e->dynamics != DKM_DYNAMICS_CONSERVED;
  const int x = e->states ? CLASS_X : open ? ensemble_open_x(P) : ensemble_class_x(P);
  const int y = e->states ? CLASS_Y : open ? ensemble_open_y(P) : ensemble_class_y(P);
  const int z = e->states ? CLASS_Z : open ? ensemble_open_z(P) : ensemble_class_z(P);
  const int q = e->states ? CLASS_Q : open ? ensemble_open_q(P) : ensemble_class_q(P);
  return (lane_classes){{element(block, e, x, lane), element(block, e, y, lane), element(block, e, z, lane), element(block, e, q, lane)},
                        stride};
}

/* The same of Re, Im beta. */
static double *mode_value(const ensemble *e, int mu, int imaginary, int lane) {
  return element(e->modes + (size_t)mu * mode_doubles(e), e, imaginary * (e->order + 1), lane);
}

static void clear_window(ensemble *e, int lane) {
  e->window_length[lane] = e->rate_max[lane] = 0.0;
  for (int mu = 0; mu < e->system.n_modes; mu++)
    e->sum_xi[mu][lane] = e->sum_xi_sq[mu][lane] = e->sum_beta_sq[mu][lane] = 0.0;
}

/* Sums of y and z over the classes, by the scalar routine: the kernel's own have the same bits. */
static void sum_classes(workspace *w, int lane) {
  ensemble *e = &w->e;
  const dkm_system *system = &e->of_lane[lane];
  const int64_t K = system->n_classes;
  const lane_classes c = classes_of(e, lane);
  double sum[DKM_MAX_MODES];
  for (int what = CLASS_Y; what <= CLASS_Z; what++) {
    for (int64_t k = 0; k < K; k++) w->scratch[k] = c.at[what][(size_t)k * c.stride];
    dkm_system_sums(system, w->scratch, sum, w->scratch + K);
    for (int mu = 0; mu < system->n_modes; mu++) (what == CLASS_Y ? e->sum_y : e->sum_z)[mu][lane] = sum[mu];
  }
}

/* How fast a mode may be taken to be in step_size: its frequency w = |Omega_mu + i kappa_mu/2| times
 * (1e-8/r)^(1/(P+1)), for an error r of its amplitude in a step that is small beside the decay in that time, at least
 * kappa_mu/(2 w) of it: r = 1e-6 where that is a tenth or more.  (Coupled to the spins it oscillates up to sqrt 2
 * times faster, with r up to 1e-3.) */
static double mode_frequency(int order, double Omega_mu, double half_kappa) {
  static const double decade[ENSEMBLE_MAX_ORDER / 4 + 1] = {0.0,   0.631, 0.774, 0.838,
                                                            0.873, 0.896, 0.912}; /* 10^(-1/(P+1)) */
  const double w = sqrt(Omega_mu * Omega_mu + half_kappa * half_kappa), one = decade[order / 4];
  return half_kappa >= 0.1 * w ? one * one * w : half_kappa >= 0.01 * w ? one * w : w;
}

/* n-th coefficient of the prediction of Re beta_mu (ensemble_slow.h). */
static double *predicted(const ensemble *e, int mu, int n, int lane) {
  return element(e->slow + (size_t)mu * slow_block(e), e, n, lane);
}

/* No mode of the lane is slow before it has been shown to be. */
static void clear_slow(ensemble *e, int lane) {
  e->t_look[lane] = INFINITY;
  e->tries[lane] = 0.0;
  e->pause[lane] = 64.0;
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    e->t_try[mu][lane] = e->settled[mu][lane] = 0.0;
    for (int n = 0; e->slow && n < e->order; n++) *predicted(e, mu, n, lane) = 0.0;
  }
}

/* When it is worth to look for slow modes after a start at time t: not before the transients have died, as large as the
 * distance from where the mode would be if the spins stood still. */
static void begin_slow(ensemble *e, int lane, const dkm_point *point, double t) {
  clear_slow(e, lane);
  if (!e->slow || e->mode_frequency[lane] <= ensemble_slow_gain * fabs(e->two_Omega[lane])) return;
  e->t_look[lane] = t;
  for (int mu = 0; mu < e->of_lane[lane].n_modes; mu++) {
    double re, im;
    dkm_point_steady_mode(point, mu, e->sum_z[mu][lane], &re, &im);
    const double c = fabs(*mode_value(e, mu, 0, lane) - re) + fabs(*mode_value(e, mu, 1, lane) - im);
    e->t_try[mu][lane] = t + 2.0 / point->kappa_mu[mu] * dkm_exponent_log(fmax(1.0, c / e->transient_most[mu][lane]));
  }
}

static void load_parameters(workspace *w, int lane, const dkm_point *point) {
  ensemble *e = &w->e;
  e->g0[lane] = point->g0;
  e->four_g0[lane] = 4.0 * point->g0;
  e->field_most[lane] = 4.0 * point->g0 * e->of_lane[lane].largest;
  e->two_Omega[lane] = 2.0 * point->Omega;
  e->gamma_1[lane] = dkm_point_gamma_1(point);
  e->gamma_T[lane] = dkm_point_gamma_T(point);
  e->pump[lane] = dkm_point_pump(point);
  e->eta[lane] = point->imbalance;
  e->eta_field_most[lane] = fabs(point->imbalance) * e->field_most[lane];
  e->Omega_begin[lane] = e->two_Omega[lane];
  e->g0_slope[lane] = e->Omega_slope[lane] = e->piece_begin[lane] = 0.0;
  for (int n = 1; n < e->order; n++) e->rotation[n][lane] = 4.0 * point->Omega * point->Omega / (n * (n + 1.0));
  e->mode_frequency[lane] = 0.0;
  for (int mu = 0; mu < e->of_lane[lane].n_modes; mu++) {
    const double half_kappa = 0.5 * point->kappa_mu[mu];
    e->Omega_mu[mu][lane] = point->Omega_mu[mu];
    e->half_kappa[mu][lane] = half_kappa;
    e->pace[mu][lane] = mode_frequency(e->order, point->Omega_mu[mu], half_kappa);
    e->mode_frequency[lane] = fmax(e->mode_frequency[lane], e->pace[mu][lane]);
    const double D = dkm_point_D(point, mu);
    e->over_D[mu][lane] = 1.0 / D;
    e->over_Omega[mu][lane] = 1.0 / point->Omega_mu[mu];
    /* Dropped, it changes beta by itself and spins by 4 g0 |G| |c|/|lambda|. */
    e->transient_most[mu][lane] = e->tolerance * fmin(1.0, sqrt(D) / e->field_most[lane]);
  }
  w->mean_step[lane] = 1.0 / e->mode_frequency[lane];
}

/* What the step has to resolve of a frequency that changes: the largest, and what it changes by within a step, a phase of some 5 of
 * the spins' own. */
static double resolved(double most, double slope, double Omega_most) {
  return most + fmin(most, fabs(slope) * 2.5 / Omega_most); /* no splitting: twice the largest */
}

static void ensemble_set_piece(void *memory, int lane, const dkm_piece *piece) {
  ensemble *e = &((workspace *)memory)->e;
  const double length = isfinite(piece->end) ? piece->end - piece->begin : 0.0;
  const double g0_most = fmax(fabs(piece->g0), fabs(piece->g0 + piece->g0_slope * length));
  const double Omega_most = fmax(fabs(piece->Omega), fabs(piece->Omega + piece->Omega_slope * length));
  e->g0[lane] = piece->g0;
  e->g0_slope[lane] = piece->g0_slope;
  e->Omega_begin[lane] = 2.0 * piece->Omega;
  e->Omega_slope[lane] = 2.0 * piece->Omega_slope;
  e->piece_begin[lane] = piece->begin;
  e->field_most[lane] = 4.0 * resolved(g0_most, piece->g0_slope, Omega_most) * e->of_lane[lane].largest;
  e->eta_field_most[lane] = fabs(e->eta[lane]) * e->field_most[lane];
  e->two_Omega[lane] = 2.0 * (Omega_most > 0.0 ? resolved(Omega_most, piece->Omega_slope, Omega_most) : 0.0);
}

static void ensemble_set_system(void *memory, int lane, const dkm_system *system) {
  ((workspace *)memory)->e.of_lane[lane] = *system;
}

static void load_couplings(ensemble *e, int lane) {
  const dkm_system *system = &e->of_lane[lane];
  if (!e->couplings) return;
  for (int64_t k = 0; k < system->n_classes; k++)
    for (int mu = 0; mu < system->n_modes; mu++) {
      const size_t at = ((size_t)k * (size_t)e->system.n_modes + (size_t)mu) * (size_t)e->lanes + (size_t)lane;
      e->couplings[at] = dkm_system_coupling(system, mu, k);
      e->weighted[at] = dkm_system_weight(system, k) * e->couplings[at];
    }
}

/* An idle lane integrates a state of zeros for ever. */
static void ensemble_unload(void *memory, int lane) {
  workspace *w = memory;
  ensemble *e = &w->e;
  const lane_classes c = classes_of(e, lane);
  e->Omega_begin[lane] = e->g0_slope[lane] = e->Omega_slope[lane] = e->piece_begin[lane] = 0.0;
  e->g0[lane] = e->four_g0[lane] = e->field_most[lane] = e->two_Omega[lane] = 0.0;
  e->gamma_1[lane] = e->gamma_T[lane] = e->pump[lane] = e->eta[lane] = e->eta_field_most[lane] = 0.0;
  for (int n = 0; n < ENSEMBLE_MAX_ORDER; n++) e->rotation[n][lane] = 0.0;
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    e->Omega_mu[mu][lane] = e->half_kappa[mu][lane] = e->sum_y[mu][lane] = e->sum_z[mu][lane] = 0.0;
    e->pace[mu][lane] = e->over_D[mu][lane] = e->over_Omega[mu][lane] = 0.0;
    *mode_value(e, mu, 0, lane) = *mode_value(e, mu, 1, lane) = 0.0;
  }
  for (int64_t k = 0; k < e->n_classes; k++)
    for (int what = CLASS_X; what <= CLASS_Q; what++) c.at[what][(size_t)k * c.stride] = 0.0;
  for (size_t i = 0; e->couplings && i < (size_t)(e->n_classes * e->system.n_modes); i++)
    e->couplings[i * (size_t)e->lanes + (size_t)lane] = e->weighted[i * (size_t)e->lanes + (size_t)lane] = 0.0;
  e->mode_frequency[lane] = 1.0;
  clear_slow(e, lane);
  e->finite[lane] = e->steps[lane] = 0.0;
  clear_window(e, lane);
}

static void ensemble_load(void *memory, int lane, const dkm_point *point, const double *u, double t) {
  workspace *w = memory;
  ensemble *e = &w->e;
  const int64_t K = e->of_lane[lane].n_classes;
  const int M = e->of_lane[lane].n_modes;
  const lane_classes c = classes_of(e, lane);
  if (K < e->n_classes || M < e->system.n_modes) ensemble_unload(w, lane); /* what the point leaves empty of the kernel's */
  load_couplings(e, lane);
  load_parameters(w, lane, point);
  for (int mu = 0; mu < M; mu++) {
    *mode_value(e, mu, 0, lane) = u[3 * K + mu];
    *mode_value(e, mu, 1, lane) = u[3 * K + M + mu];
  }
  for (int64_t k = 0; k < K; k++) {
    double x = u[k], y = u[K + k], z = u[2 * K + k], square = x * x + y * y + z * z;
    const size_t at = (size_t)k * c.stride;
    c.at[CLASS_X][at] = x;
    c.at[CLASS_Y][at] = y;
    c.at[CLASS_Z][at] = z;
    c.at[CLASS_Q][at] = square > 0.0 ? 0.5 / square : 0.0;
  }
  sum_classes(w, lane);
  begin_slow(e, lane, point, t);
  e->finite[lane] = e->steps[lane] = 0.0;
  clear_window(e, lane);
}

static void ensemble_state(const void *memory, int lane, double *u) {
  const ensemble *e = &((const workspace *)memory)->e;
  const int64_t K = e->of_lane[lane].n_classes;
  const int M = e->of_lane[lane].n_modes;
  const lane_classes c = classes_of(e, lane);
  for (int what = CLASS_X; what <= CLASS_Z; what++)
    for (int64_t k = 0; k < K; k++) u[what * K + k] = c.at[what][(size_t)k * c.stride];
  for (int mu = 0; mu < M; mu++) {
    u[3 * K + mu] = *mode_value(e, mu, 0, lane);
    u[3 * K + M + mu] = *mode_value(e, mu, 1, lane);
  }
}

static bool ensemble_is_between_steps(const void *memory) {
  return ((const workspace *)memory)->e.series != NULL;
}

/* The series c of a lane summed at tau, 0 <= tau <= h. What it misses at tau = h, its term of order P above all, counts
 * as a term of that order: order parameters do not jump at the end of a step. */
static double between(const ensemble *e, const double *c, double tau, double h, double at_end) {
  double sum = 0.0, sum_end = 0.0;
  for (int n = e->order - 1; n >= 0; n--) {
    const double c_n = c[n * e->lanes];
    sum = sum * tau + c_n;
    sum_end = sum_end * h + c_n;
  }
  double power = 1.0;
  for (int n = 0; n < e->order; n++) power *= tau / h;
  return sum + power * (at_end - sum_end);
}

static void ensemble_order_parameters(const void *memory, int lane, double t, double t_end, double *xi, double *beta_re,
                                      double *beta_im) {
  const ensemble *e = &((const workspace *)memory)->e;
  const double tau = t - e->t_begin[lane], h = t_end - e->t_begin[lane];
  for (int mu = 0; mu < e->of_lane[lane].n_modes; mu++) {
    double *const values[] = {&xi[mu], &beta_re[mu], &beta_im[mu]};
    const double at_end[] = {e->sum_z[mu][lane], *mode_value(e, mu, 0, lane), *mode_value(e, mu, 1, lane)};
    for (int i = 0; i < 3; i++)
      *values[i] = t < t_end ? between(e, element(e->series + (size_t)mu * series_block(e), e, i * e->order, lane), tau,
                                       h, at_end[i])
                             : at_end[i];
  }
}

static void ensemble_window(void *memory, int lane, dkm_window *window) {
  ensemble *e = &((workspace *)memory)->e;
  double sum_xi[DKM_MAX_MODES], sum_xi_sq[DKM_MAX_MODES], sum_beta_sq[DKM_MAX_MODES];
  for (int mu = 0; mu < e->system.n_modes; mu++) {
    sum_xi[mu] = e->sum_xi[mu][lane];
    sum_xi_sq[mu] = e->sum_xi_sq[mu][lane];
    sum_beta_sq[mu] = e->sum_beta_sq[mu][lane];
  }
  window->length = e->window_length[lane];
  window->rate_max = e->rate_max[lane];
  dkm_integrator_window_statistics(window, e->system.n_modes, sum_xi, sum_xi_sq, sum_beta_sq);
  clear_window(e, lane);
}

static dkm_failure failure_of(const workspace *w, int lane) {
  const ensemble *e = &w->e;
  const lane_classes c = classes_of(e, lane);
  for (int mu = 0; mu < e->system.n_modes; mu++)
    if (!isfinite(*mode_value(e, mu, 0, lane)) || !isfinite(*mode_value(e, mu, 1, lane))) return DKM_FAILURE_NOT_FINITE;
  for (int64_t k = 0; k < e->n_classes; k++)
    for (int what = CLASS_X; what <= CLASS_Z; what++)
      if (!isfinite(c.at[what][(size_t)k * c.stride])) return DKM_FAILURE_NOT_FINITE;
  return DKM_FAILURE_STEP_TOO_SMALL;
}

/* Where steps become shorter than they were, a call takes more of them than were planned, up to so many times. */
enum { MORE_STEPS = 4 };

/* The kernel returns at the end of a step, with one lane at one of its pauses; for none is a step made shorter. */
static void ensemble_advance(void *memory, dkm_lane *lanes) {
  workspace *w = memory;
  ensemble *e = &w->e;
  const double n_at_once = (double)dkm_integrator_steps_at_once(e->n_classes);
  for (int lane = 0; lane < e->lanes; lane++) {
    e->t[lane] = lanes[lane].active ? lanes[lane].t : 0.0;
    e->t_pause[lane] =
        lanes[lane].active ? fmin(lanes[lane].t_pause, lanes[lane].t + n_at_once * w->mean_step[lane]) : INFINITY;
    e->t_limit[lane] = lanes[lane].active ? lanes[lane].t_limit : INFINITY;
    e->steps_pause[lane] = INFINITY;
    if (!lanes[lane].active) continue;
    e->steps_pause[lane] = (double)lanes[lane].steps + MORE_STEPS * n_at_once;
    if (lanes[lane].steps_pause > 0) e->steps_pause[lane] = fmin(e->steps_pause[lane], (double)lanes[lane].steps_pause);
  }
  w->kernel->advance(e);
  for (int lane = 0; lane < e->lanes; lane++) {
    if (!lanes[lane].active) continue;
    const double n_steps = e->steps[lane] - (double)lanes[lane].steps, passed = e->t[lane] - lanes[lane].t;
    if (passed > 0.0) w->mean_step[lane] = passed / n_steps;
    lanes[lane].t = e->t[lane];
    lanes[lane].steps = (int64_t)e->steps[lane];
    if (isnan(e->finite[lane])) lanes[lane].failure = failure_of(w, lane);
  }
}

/* ---- lanes put aside ----
 *
 *   x, y, z, Q of each class; Re, Im beta, sum_y, sum_z, and the window's three sums of each mode;
 *   length and largest rate of the window
 *   where modes may be slow: t_look, tries, pause; t_try, settled and the prediction of each mode
 *
 * Q is that of the start: the lengths of the present spins have other bits. */

enum { SAVED_OF_CLASS = 4, SAVED_OF_MODE = 7, SAVED_OF_WINDOW = 2, SAVED_OF_LANE = 3, SAVED_OF_SLOW_MODE = 2 };

static size_t ensemble_saved_doubles(const void *memory) {
  const ensemble *e = &((const workspace *)memory)->e;
  const size_t K = (size_t)e->n_classes, M = (size_t)e->system.n_modes;
  const size_t slow = SAVED_OF_LANE + (SAVED_OF_SLOW_MODE + (size_t)e->order) * M;
  return SAVED_OF_CLASS * K + SAVED_OF_MODE * M + SAVED_OF_WINDOW + (e->slow ? slow : 0);
}

/* The i-th number saved of a lane's slow modes; NULL: there are no more. */
static double *saved_of_slow(const ensemble *e, size_t i, int lane) {
  double *const of_lane[SAVED_OF_LANE] = {(double *)&e->t_look[lane], (double *)&e->tries[lane],
                                          (double *)&e->pause[lane]};
  if (!e->slow) return NULL;
  if (i < SAVED_OF_LANE) return of_lane[i];
  const size_t each = SAVED_OF_SLOW_MODE + (size_t)e->order;
  const int mu = (int)((i - SAVED_OF_LANE) / each), n = (int)((i - SAVED_OF_LANE) % each) - SAVED_OF_SLOW_MODE;
  if (mu >= e->system.n_modes) return NULL;
  return n == -2   ? (double *)&e->t_try[mu][lane]
         : n == -1 ? (double *)&e->settled[mu][lane]
                   : predicted(e, mu, n, lane);
}

/* What is saved of a mode, and where it is. */
static double *saved_of_mode(const ensemble *e, int mu, int i, int lane) {
  double *const at[SAVED_OF_MODE] = {mode_value(e, mu, 0, lane),         mode_value(e, mu, 1, lane),
                                     (double *)&e->sum_y[mu][lane],      (double *)&e->sum_z[mu][lane],
                                     (double *)&e->sum_xi[mu][lane],     (double *)&e->sum_xi_sq[mu][lane],
                                     (double *)&e->sum_beta_sq[mu][lane]};
  return at[i];
}

static void ensemble_save(const void *memory, int lane, double *values) {
  const ensemble *e = &((const workspace *)memory)->e;
  const lane_classes c = classes_of(e, lane);
  const double *at;
  for (int64_t k = 0; k < e->n_classes; k++)
    for (int what = CLASS_X; what <= CLASS_Q; what++) *values++ = c.at[what][(size_t)k * c.stride];
  for (int mu = 0; mu < e->system.n_modes; mu++)
    for (int i = 0; i < SAVED_OF_MODE; i++) *values++ = *saved_of_mode(e, mu, i, lane);
  *values++ = e->window_length[lane];
  *values++ = e->rate_max[lane];
  for (size_t i = 0; (at = saved_of_slow(e, i, lane)); i++) *values++ = *at;
}

static void ensemble_restore(void *memory, int lane, const dkm_point *point, int64_t steps, const double *values) {
  workspace *w = memory;
  ensemble *e = &w->e;
  const lane_classes c = classes_of(e, lane);
  double *at;
  ensemble_unload(w, lane);
  load_couplings(e, lane);
  load_parameters(w, lane, point);
  for (int64_t k = 0; k < e->n_classes; k++)
    for (int what = CLASS_X; what <= CLASS_Q; what++) c.at[what][(size_t)k * c.stride] = *values++;
  for (int mu = 0; mu < e->system.n_modes; mu++)
    for (int i = 0; i < SAVED_OF_MODE; i++) *saved_of_mode(e, mu, i, lane) = *values++;
  e->window_length[lane] = *values++;
  e->rate_max[lane] = *values++;
  for (size_t i = 0; (at = saved_of_slow(e, i, lane)); i++) *at = *values++;
  e->finite[lane] = 0.0;
  e->steps[lane] = (double)steps;
}

static dkm_status ensemble_create(const dkm_system *system, const dkm_solver *solver, const char *cpu, void **out,
                                  int *lanes, dkm_error *err) {
  workspace *w;
  dkm_status status = dkm_ensemble_create(system, solver, cpu, &w, err);
  if (status != DKM_OK) return status;
  for (int lane = 0; lane < w->e.lanes; lane++) ensemble_unload(w, lane);
  *out = w;
  *lanes = w->e.lanes;
  return DKM_OK;
}

const integrator_method dkm_integrator_ensemble = {
    ensemble_create,
    dkm_ensemble_destroy,
    dkm_ensemble_bytes,
    ensemble_order,
    ensemble_set_system,
    ensemble_load,
    ensemble_set_piece,
    ensemble_unload,
    ensemble_state,
    ensemble_window,
    ensemble_advance,
    ensemble_is_between_steps,
    ensemble_order_parameters,
    ensemble_saved_doubles,
    ensemble_save,
    ensemble_restore,
};
