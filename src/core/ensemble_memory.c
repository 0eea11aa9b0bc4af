/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instruction sets, and the memory of an ensemble. */
#include "ensemble_memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- instruction sets ---- */

static const ensemble_kernel *const kernels[] = {
#if defined(__x86_64__)
    &dkm_ensemble_avx512, &dkm_ensemble_avx2,
#endif
    &dkm_ensemble_plain};
enum { N_KERNELS = sizeof kernels / sizeof kernels[0] };

static const ensemble_kernel *kernel_named(const char *cpu) {
  for (int i = 0; i < N_KERNELS; i++)
    if (cpu ? strcmp(cpu, kernels[i]->cpu) == 0 : kernels[i]->supported()) return kernels[i];
  return NULL;
}

const char *const *dkm_cpu_names(void) {
  static const char *names[N_KERNELS + 1];
  for (int i = 0; i < N_KERNELS; i++) names[i] = kernels[i]->cpu;
  return names;
}

const char *dkm_cpu_best(void) {
  return kernel_named(NULL)->cpu;
}

/* A vector of eight gives nothing to one point, and takes twice as long as one of four where a core makes two halves of
 * it (Zen 4: tests/bench/stiff). */
const char *dkm_cpu_best_for_one(void) {
  return dkm_cpu_supported("avx2") ? "avx2" : dkm_cpu_best();
}

bool dkm_cpu_supported(const char *name) {
  const ensemble_kernel *kernel = kernel_named(name);
  return kernel && kernel->supported();
}

/* ---- memory ---- */

/* Order of the expansion. The cost of a step grows as P^2, its length as tolerance^(1/P):
 * the multiples of four that were fastest at equal error in tests/bench. */
static int order_for(double tolerance) {
  if (tolerance > 1e-5) return 12;
  if (tolerance > 1e-9) return 16;
  if (tolerance > 1e-13) return 20;
  return 24;
}

/* Beyond this size of a batch its coefficients are not kept (ensemble_body.h): a share of the last level of
 * cache that a core can count on where every core computes. Where the coefficients are read from memory a step takes
 * five times as long, while streaming them takes twice (tests/bench/growth). */
static const double kept_bytes = 8.0 * 1024 * 1024;

/* Classes of the kernel, and log2 of them or of a group. */
static int64_t kernel_classes(const dkm_system *system, int *bits) {
  const int64_t K = system->n_classes, group = 1 << ENSEMBLE_GROUP_BITS;
  *bits = 0;
  while ((int64_t)1 << *bits < K && (dkm_system_has_patterns(system) || *bits < ENSEMBLE_GROUP_BITS)) ++*bits;
  return dkm_system_has_patterns(system) ? K : K > group ? (K + group - 1) / group * group : (int64_t)1 << *bits;
}

static bool is_streamed(const dkm_system *system, const dkm_solver *solver, int lanes, int order) {
  int bits;
  if (solver->dynamics != DKM_DYNAMICS_CONSERVED) return false;
  if (kernel_classes(system, &bits) < 1 << ENSEMBLE_GROUP_BITS || solver->coefficients == DKM_COEFFICIENTS_KEPT)
    return false;
  return solver->coefficients == DKM_COEFFICIENTS_STREAMED ||
         8.0 * (double)system->n_classes * ensemble_class_vectors(order) * lanes > kept_bytes;
}

/* Doubles of a lane in blocks of classes and in states, and for all modes. */
static double lane_doubles(const dkm_system *system, dkm_dynamics dynamics, int order, bool streamed) {
  int bits;
  const double K = (double)kernel_classes(system, &bits), M = system->n_modes;
  const double n_blocks = streamed ? 1 << ENSEMBLE_GROUP_BITS : K;
  const double couplings = dkm_system_has_patterns(system) ? 0.0 : 2.0 * K * M;
  return n_blocks * class_vectors(dynamics, order) + (streamed ? K * ENSEMBLE_STATE_VECTORS : 0.0) +
         M * ensemble_mode_vectors(order) + couplings;
}

/* Spins with losses and unbalanced couplings resolve every mode. */
static bool resolves_modes(const dkm_solver *solver) {
  return solver->resolve_modes || solver->dynamics != DKM_DYNAMICS_CONSERVED;
}

/* The same for modes that follow the spins. */
static double slow_doubles(const dkm_system *system, const dkm_solver *solver, int order) {
  if (resolves_modes(solver)) return 0.0;
  int bits;
  return system->n_modes * (double)ensemble_slow_vectors(order) +
         (double)ensemble_held_vectors(kernel_classes(system, &bits), system->n_modes);
}

double dkm_ensemble_bytes(const dkm_system *system, const dkm_solver *solver, const char *cpu) {
  const ensemble_kernel *kernel = kernel_named(cpu);
  const int lanes = kernel ? kernel->lanes : ENSEMBLE_MAX_LANES, order = order_for(solver->tolerance);
  const bool streamed = is_streamed(system, solver, lanes, order);
  return sizeof(workspace) +
         sizeof(double) *
             (lanes * (lane_doubles(system, solver->dynamics, order, streamed) + slow_doubles(system, solver, order) +
                       (solver->between_steps ? system->n_modes * ensemble_series_vectors(order) : 0)) +
              2.0 * (double)system->n_classes);
}

static void *aligned_zeros(size_t doubles) {
  size_t bytes = (doubles * sizeof(double) + 63) / 64 * 64;
  void *memory = aligned_alloc(64, bytes);
  if (memory) memset(memory, 0, bytes);
  return memory;
}

void dkm_ensemble_destroy(void *memory) {
  workspace *w = memory;
  if (!w) return;
  free(w->e.couplings);
  free(w->e.weighted);
  free(w->e.classes);
  free(w->e.states);
  free(w->e.modes);
  free(w->e.slow);
  free(w->e.held);
  free(w->e.series);
  free(w->scratch);
  free(w);
}

dkm_status dkm_cpu_check(const char *cpu, dkm_error *err) {
  const ensemble_kernel *kernel = kernel_named(cpu);
  char names[128] = "";
  for (int i = 0; i < N_KERNELS; i++)
    if (kernels[i]->supported()) {
      if (names[0]) strcat(names, ", ");
      strcat(names, kernels[i]->cpu);
    }
  if (!kernel) return dkm_fail(err, DKM_INPUT, "unknown instruction set \"%s\"; this machine runs: %s", cpu, names);
  if (!kernel->supported())
    return dkm_fail(err, DKM_INPUT, "this machine does not run instruction set \"%s\"; it runs: %s", cpu, names);
  return DKM_OK;
}

dkm_status dkm_ensemble_create(const dkm_system *system, const dkm_solver *solver, const char *cpu, workspace **out,
                               dkm_error *err) {
  dkm_status status = dkm_cpu_check(cpu, err);
  if (status != DKM_OK) return status;
  const ensemble_kernel *kernel = kernel_named(cpu);
  workspace *w = aligned_zeros((sizeof *w + sizeof(double) - 1) / sizeof(double));
  if (!w) return dkm_fail(err, DKM_MEMORY, "out of memory for the integrator");
  w->kernel = kernel;
  w->e.system = *system;
  w->e.n_classes = kernel_classes(system, &w->e.bits);
  w->e.lanes = kernel->lanes;
  w->e.order = order_for(solver->tolerance);
  w->e.tolerance = solver->tolerance;
  w->e.dynamics = solver->dynamics;
  const bool streamed = is_streamed(system, solver, w->e.lanes, w->e.order);
  const size_t K = (size_t)w->e.n_classes, M = (size_t)system->n_modes, n_lanes = (size_t)w->e.lanes;
  const size_t n_blocks = streamed ? 1 << ENSEMBLE_GROUP_BITS : K;
  const bool any_couplings = !dkm_system_has_patterns(system);
  if (any_couplings) {
    w->e.couplings = aligned_zeros(K * M * n_lanes);
    w->e.weighted = aligned_zeros(K * M * n_lanes);
  }
  w->e.classes = aligned_zeros(n_blocks * class_doubles(&w->e));
  if (streamed) w->e.states = aligned_zeros(K * ENSEMBLE_STATE_VECTORS * n_lanes);
  w->e.modes = aligned_zeros((size_t)system->n_modes * mode_doubles(&w->e));
  w->scratch = aligned_zeros(2 * (size_t)system->n_classes);
  if (!resolves_modes(solver)) {
    w->e.slow = aligned_zeros((size_t)system->n_modes * slow_block(&w->e));
    w->e.held = aligned_zeros(ensemble_held_vectors(w->e.n_classes, system->n_modes) * n_lanes);
  }
  if (solver->between_steps) w->e.series = aligned_zeros((size_t)system->n_modes * series_block(&w->e));
  if (!w->e.classes || (any_couplings && (!w->e.couplings || !w->e.weighted)) ||
      (solver->between_steps && !w->e.series) || (!resolves_modes(solver) && (!w->e.slow || !w->e.held)) ||
      (streamed && !w->e.states) || !w->e.modes || !w->scratch) {
    dkm_ensemble_destroy(w);
    return dkm_fail(err, DKM_MEMORY, "out of memory for the integrator: %d patterns need %.3g GiB on each rank",
                    system->n_modes, dkm_ensemble_bytes(system, solver, cpu) / 0x1p30);
  }
  for (int lane = 0; lane < kernel->lanes; lane++) w->e.of_lane[lane] = *system;
  *out = w;
  return DKM_OK;
}
