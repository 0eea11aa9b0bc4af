/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ensemble_memory: what ensemble_memory.c makes, for ensemble.c, which moves points in and out of lanes. */
#ifndef DICKEMAP_ENSEMBLE_MEMORY_H
#define DICKEMAP_ENSEMBLE_MEMORY_H
#include "ensemble.h"
#include "integrator_method.h"

typedef struct workspace {
  ensemble e; /* first: it is aligned as the whole */
  const ensemble_kernel *kernel;
  double *scratch;                      /* 2K values: y_k or z_k of one lane, and room for their sums */
  double mean_step[ENSEMBLE_MAX_LANES]; /* of a lane in the last call of advance */
} workspace;

/* Doubles of blocks, all lanes together. */
static inline int class_vectors(dkm_dynamics dynamics, int order) {
  return dynamics == DKM_DYNAMICS_CONSERVED ? ensemble_class_vectors(order) : ensemble_open_vectors(order);
}

static inline size_t class_doubles(const ensemble *e) {
  return (size_t)class_vectors(e->dynamics, e->order) * (size_t)e->lanes;
}

static inline size_t mode_doubles(const ensemble *e) {
  return (size_t)ensemble_mode_vectors(e->order) * (size_t)e->lanes;
}

static inline size_t slow_block(const ensemble *e) {
  return (size_t)ensemble_slow_vectors(e->order) * (size_t)e->lanes;
}

static inline size_t series_block(const ensemble *e) {
  return (size_t)ensemble_series_vectors(e->order) * (size_t)e->lanes;
}

/* As in integrator_method.h; lanes are zeros, of `system`, and not yet unloaded. */
dkm_status dkm_ensemble_create(const dkm_system *system, const dkm_solver *solver, const char *cpu, workspace **out,
                               dkm_error *err);
void dkm_ensemble_destroy(void *memory);
double dkm_ensemble_bytes(const dkm_system *system, const dkm_solver *solver, const char *cpu);

#endif
