/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_kind: pure states (of trajectories) and density matrices of K large spins and M modes.  The start is the state without
 * flips and photons, relative to a frame that is where the product state is. */
#include "finite_kind.h"

#include <string.h>

/* A density matrix of two modes and classes pays for twice the levels of each with 256 times the time. */
enum { FIRST_LEVELS_PURE = 8, FIRST_LEVELS_DENSITY = 4 };

static void levels(const dkm_finite_model *model, int first, int *d, bool *whole) {
  const int K = dkm_finite_classes(model), all = model->spins_per_class + 1;
  for (int f = 0; f < K + model->n_modes; f++) {
    whole[f] = f < K && all <= first;
    d[f] = whole[f] ? all : first;
  }
}

/* ---- pure ---- */

static void pure_levels(const dkm_finite_model *model, int *d, bool *whole) {
  levels(model, FIRST_LEVELS_PURE, d, whole);
}

static double pure_values(const finite_space *space) {
  return 2.0 * (double)space->rows;
}

static void pure_start(const finite_space *space, const dkm_finite_model *model, double *psi) {
  (void)model;
  memset(psi, 0, 2 * (size_t)space->rows * sizeof *psi);
  psi[0] = 1.0;
}

static void pure_rhs(const finite_kernel *kernel, const finite_operator *op, const dkm_finite_model *model, const double *psi,
                     double *out, double *work) {
  (void)model;
  kernel->pure(op, psi, out, work);
}

const finite_kind dkm_finite_pure = {pure_levels, pure_values,
                                     pure_values, pure_start,
                                     pure_rhs, dkm_finite_space_moments_pure,
                                     dkm_finite_space_tail_pure, dkm_finite_space_move_pure};

/* ---- density ---- */

static void density_levels(const dkm_finite_model *model, int *d, bool *whole) {
  levels(model, FIRST_LEVELS_DENSITY, d, whole);
}

static double density_values(const finite_space *space) {
  return (double)space->rows * (double)space->rows;
}

static double density_scratch(const finite_space *space) {
  return 6.0 * FINITE_LANES * (double)space->rows;
}

static void density_start(const finite_space *space, const dkm_finite_model *model, double *P) {
  (void)model;
  memset(P, 0, (size_t)space->rows * (size_t)space->rows * sizeof *P);
  P[0] = 1.0;
}

static void density_rhs(const finite_kernel *kernel, const finite_operator *op, const dkm_finite_model *model, const double *P,
                        double *out, double *work) {
  (void)model;
  kernel->density(op, P, out, work);
}

const finite_kind dkm_finite_density = {density_levels, density_values,
                                        density_scratch, density_start,
                                        density_rhs, dkm_finite_space_moments_density,
                                        dkm_finite_space_tail_density, dkm_finite_space_move_density};
