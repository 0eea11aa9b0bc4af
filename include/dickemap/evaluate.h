/* SPDX-License-Identifier: GPL-3.0-or-later */
/* evaluate: THE SEAM.  Points in, records out; pure: no files, no messages, no clock except
 * for `wall_time`.  The parallel run, `point`, `verify` and the tests all come through here.
 *
 * A record depends on its point, the patterns and the solver alone: not on the other points
 * of a batch, their order, the machine's instruction set or the number of ranks. */
#ifndef DICKEMAP_EVALUATE_H
#define DICKEMAP_EVALUATE_H
#include "dickemap/integrator.h"
#include "dickemap/record.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dkm_evaluator dkm_evaluator;

/* cpu as in dkm_integrator_create. The memory for the full space is only taken once a point
 * needs it: starts along a pattern are integrated as one class and one mode (start.h).
 * Fails with DKM_INPUT, DKM_MEMORY. */
dkm_status dkm_evaluator_create(const dkm_system *system, const dkm_solver *solver, const char *cpu,
                                dkm_evaluator **out, dkm_error *err);
void dkm_evaluator_destroy(dkm_evaluator *evaluator);

/* Bytes that an evaluator would take on each rank, samples (sampling.h; 0.4 MB M and 0.3 MB more for each lane,
 * taken once a trajectory in it oscillates), one point that is being saved and, with solver->sensitivity, shadows
 * included, for points with and without perturbation (perturbed) or only for such without; occurs: with which equations,
 * NULL: the paper's alone. */
double dkm_evaluator_bytes(const dkm_system *system, const dkm_solver *solver, const char *cpu, bool perturbed,
                           const bool occurs[DKM_N_DYNAMICS]);

/* Where the points of a stream come from and where the records go. */
typedef struct dkm_stream {
  void *context;
  /* Writes the next point and a name for it of the caller's choice and returns true; or
   * returns false if there is none now.  Asked again whenever a lane is free. */
  bool (*next)(void *context, dkm_point *point, int64_t *id);
  /* Receives one finished record; state (3K + 2M values, NULL unless wants_states) is the final
   * state, valid during the call: the fixed point itself for a stationary verdict, else the
   * trajectory's end. */
  void (*done)(void *context, int64_t id, const dkm_record *record, const double *state);
  /* Called every few milliseconds of computing, after seconds where cycles (M > 6) or
   * spectra (thousands of classes with unequal fields) of large systems are looked for;
   * returns true to give up the points that are under way (they are not reported). May be NULL. */
  bool (*interrupt)(void *context);
  bool wants_states;
  /* Asked when a point is about to begin: returns true and the bytes that dkm_evaluator_save has made of it, aligned
   * as by malloc and valid until the next call of any function here, `resumed` too; or false: it begins at its start. May be NULL. */
  bool (*resume)(void *context, int64_t id, const void **bytes, size_t *n_bytes);
  /* A point goes on at time t with those bytes; not called if they are not of this point, patterns and solver, and it
   * begins at its start. May be NULL. */
  void (*resumed)(void *context, int64_t id, double t);
} dkm_stream;

/* One point under way: id as given by `next`; t: the time reached; bytes: all that is needed to continue, valid during
 * the call. Returns false to be spared the rest. */
typedef bool dkm_save(void *context, int64_t id, double t, const void *bytes, size_t n_bytes);

/* To be called from within `interrupt` only, which may then return either answer: passes each point under way that at
 * least least_seconds of computing have been spent on, also in earlier processes, to `save`.  A program built from the
 * same source continues it, with any instruction set, and the record will have the same bits (but wall_time, the sum of
 * what was spent).  The bytes take 8 (4K + 33M) and some kB, while a window of samples is under way up to 0.4 MB M and
 * 48 K more; one such buffer is allocated.  With solver->sensitivity nothing is passed: shadows cannot be continued.
 * Fails with DKM_MEMORY. */
dkm_status dkm_evaluator_save(dkm_evaluator *evaluator, double least_seconds, dkm_save *save, void *context,
                              dkm_error *err);

/* Runs until `next` has returned false and every lane is empty, or an interrupt.  Lanes that
 * become free are refilled at once, so a slow point holds up nobody.
 * Fails with DKM_MEMORY; a point that fails is a record of verdict `failed`. */
dkm_status dkm_evaluate_stream(dkm_evaluator *evaluator, const dkm_stream *stream, dkm_error *err);

/* The same for an array: records[i] describes points[i]; states (n * (3K + 2M) doubles,
 * point by point) may be NULL. */
dkm_status dkm_evaluate(dkm_evaluator *evaluator, int64_t n, const dkm_point *points, dkm_record *records,
                        double *states, dkm_error *err);

#ifdef __cplusplus
}
#endif

#endif
