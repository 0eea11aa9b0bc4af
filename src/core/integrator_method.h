/* SPDX-License-Identifier: GPL-3.0-or-later */
/* integrator_method: the table of functions behind integrator.h, one for each method. */
#ifndef DICKEMAP_INTEGRATOR_METHOD_H
#define DICKEMAP_INTEGRATOR_METHOD_H
#include "dickemap/drive.h"
#include "dickemap/integrator.h"

enum { INTEGRATOR_MAX_LANES = 8 };

typedef struct integrator_method {
  /* Creates a workspace and says how many lanes it has; cpu as in dkm_integrator_create. */
  dkm_status (*create)(const dkm_system *system, const dkm_solver *solver, const char *cpu, void **workspace,
                       int *lanes, dkm_error *err);
  void (*destroy)(void *workspace);
  double (*bytes)(const dkm_system *system, const dkm_solver *solver, const char *cpu);
  int (*order)(const void *workspace);
  void (*set_system)(void *workspace, int lane, const dkm_system *system);
  void (*load)(void *workspace, int lane, const dkm_point *point, const double *u, double t);
  /* g0 and Omega of what is loaded change as in this piece from now on; of driven lanes, after load and restore too. */
  void (*set_piece)(void *workspace, int lane, const dkm_piece *piece);
  void (*unload)(void *workspace, int lane);
  void (*state)(const void *workspace, int lane, double *u);
  void (*window)(void *workspace, int lane, dkm_window *window);
  void (*advance)(void *workspace, dkm_lane *lanes); /* lanes: of the integrator, in and out */
  /* Whether order parameters can be had at any time of the last step, or only at its end. */
  bool (*is_between_steps)(const void *workspace);
  /* At time t, of a lane that has come to its t_pause or t_limit in the last call of advance; t_end: that of its state.
   */
  void (*order_parameters)(const void *workspace, int lane, double t, double t_end, double *xi, double *beta_re,
                           double *beta_im);
  /* What a lane holds beside its dkm_lane. steps: of that one. */
  size_t (*saved_doubles)(const void *workspace);
  void (*save)(const void *workspace, int lane, double *values);
  void (*restore)(void *workspace, int lane, const dkm_point *point, int64_t steps, const double *values);
} integrator_method;

extern const integrator_method dkm_integrator_ensemble, dkm_integrator_gsl;

/* How many steps of K classes last some tenths of a second at most, at 2 us a class (ensemble: 0.5 us for eight points,
 * gsl: 1.5 us for one); at least one. */
int64_t dkm_integrator_steps_at_once(int64_t n_classes);

/* Time integrals of xi, xi^2 and |beta|^2 over a window -> means and rms (for both methods). */
void dkm_integrator_window_statistics(dkm_window *window, int n_modes, const double *sum_xi, const double *sum_xi_sq,
                                      const double *sum_beta_sq);

#endif
