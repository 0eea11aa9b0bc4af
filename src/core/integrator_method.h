/* SPDX-License-Identifier: GPL-3.0-or-later */
/* integrator_method: the table of functions behind integrator.h, one for each method. */
#ifndef DICKEMAP_INTEGRATOR_METHOD_H
#define DICKEMAP_INTEGRATOR_METHOD_H
#include "dickemap/integrator.h"

enum { INTEGRATOR_MAX_LANES = 8 };

typedef struct integrator_method {
  /* Creates a workspace and says how many lanes it has; cpu as in dkm_integrator_create. */
  dkm_status (*create)(const dkm_patterns *patterns, const dkm_solver *solver, const char *cpu, void **workspace,
                       int *lanes, dkm_error *err);
  void (*destroy)(void *workspace);
  double (*bytes)(const dkm_patterns *patterns, const dkm_solver *solver, const char *cpu);
  int (*order)(const void *workspace);
  void (*load)(void *workspace, int lane, const dkm_point *point, const double *u);
  void (*unload)(void *workspace, int lane);
  void (*state)(const void *workspace, int lane, double *u);
  void (*window)(void *workspace, int lane, dkm_window *window);
  void (*advance)(void *workspace, dkm_lane *lanes); /* lanes: of the integrator, in and out */
} integrator_method;

extern const integrator_method integrator_ensemble, integrator_gsl;

/* Time integrals of xi, xi^2 and |beta|^2 over a window -> means and rms (for both methods). */
void integrator_window_statistics(dkm_window *window, int n_modes, const double *sum_xi, const double *sum_xi_sq,
                                  const double *sum_beta_sq);

#endif
