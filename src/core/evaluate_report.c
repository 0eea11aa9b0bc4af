/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records on their way out: from the smallest system of a start to the full one, whose stability they speak of. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/theory.h"
#include "evaluate_engine.h"
#include "inquiry.h"

/* Every spin of a state along the field of overlaps xi, modes at rest; lengths as they are. h: room for fields. */
static void align(const dkm_system *system, const dkm_point *point, const double *xi, double *h, double *state) {
  const int64_t K = system->n_classes;
  const int M = system->n_modes, sign = dkm_landscape_sign(system, point);
  double amplitude[DKM_MAX_MODES];
  for (int mu = 0; mu < M; mu++) {
    dkm_point_steady_mode(point, mu, xi[mu], &state[3 * K + mu], &state[3 * K + M + mu]);
    amplitude[mu] = 2.0 * state[3 * K + mu];
  }
  dkm_system_fields(system, amplitude, h);
  for (int64_t k = 0; k < K; k++) {
    double *x = &state[k], *y = &state[K + k], *z = &state[2 * K + k];
    const double bz = point->g0 * h[k], B = sqrt(point->Omega * point->Omega + bz * bz);
    const double along = -sign * sqrt(*x * *x + *y * *y + *z * *z) / B;
    *x = along * point->Omega;
    *y = 0.0;
    *z = along * bz;
  }
}

/* The end of a record of what is asked about (start.h), u being its state: a fixed point, spins that precess about one, or
 * the limit of what relaxes, as a state of `start->system`, bodies as one (bodies.h).  rest: three times its size, the last two
 * are room. */
static void find_rest(const dkm_start *start, const double *u, const dkm_record *record, double *rest) {
  const dkm_bodies *bodies = &start->bodies;
  const size_t size = dkm_model_size(&start->system);
  double *means = bodies->n_bodies ? rest + size : rest, *h = rest + 2 * size;
  if (bodies->n_bodies)
    dkm_bodies_means(bodies, u, means);
  else
    memcpy(means, u, size * sizeof *u);
  if (record->verdict == DKM_VERDICT_RELAXING) align(dkm_start_asked(start), &start->point, record->xi_limit, h, means);
  if (bodies->n_bodies) dkm_bodies_spread(bodies, means, rest);
}

/* All directions about a state e->lifted of the full space: a fixed point, or one that spins precess about. */
static dkm_status full_spectrum(dkm_evaluator *e, const dkm_start *start, bool precesses, dkm_spectrum *spectrum,
                                dkm_error *err) {
  if (!e->full_space) {
    const dkm_status status = dkm_fixedpoint_workspace_create(&e->system, &e->full_space, err);
    if (status != DKM_OK) return status;
  }
  if (!e->full_scratch) e->full_scratch = calloc(dkm_evaluate_scratch_size(&e->system), sizeof *e->full_scratch);
  if (!e->full_scratch) return dkm_fail(err, DKM_MEMORY, "out of memory for a spectrum");
  dkm_fixedpoint_set_system(e->full_space, &start->full);
  if (!precesses) return dkm_fixedpoint_spectrum(e->full_space, &start->given, e->lifted, -1, 0.0, spectrum, err);
  double ignored;
  const dkm_inquiry q = {.system = &start->full,
                         .point = &start->given,
                         .solver = &e->solver,
                         .workspace = e->full_space,
                         .u = e->lifted,
                         .scratch = e->full_scratch};
  return dkm_stationary_dressed_spectrum(&q, spectrum, &ignored) ? DKM_OK : DKM_NUMERIC;
}

/* All directions about the end of a reduced record; by_sectors: those of a pattern need no state of the full space. */
static dkm_status lift_spectrum(dkm_evaluator *e, const dkm_start *start, bool by_sectors, const double *u,
                                const dkm_record *reduced, dkm_record *record, dkm_error *err) {
  dkm_spectrum spectrum;
  dkm_status status;
  double *rest = malloc(3 * dkm_model_size(&start->system) * sizeof *rest);
  if (!rest) return dkm_fail(err, DKM_MEMORY, "out of memory for a state");
  find_rest(start, u, reduced, rest);
  if (by_sectors)
    status = dkm_fixedpoint_symmetric_spectrum(&start->full, &start->given, rest, &spectrum, err);
  else {
    dkm_start_lift_state(start, rest, e->lifted);
    status = full_spectrum(e, start, record->verdict == DKM_VERDICT_DARK_PRECESSION, &spectrum, err);
  }
  free(rest);
  if (status == DKM_NUMERIC) { /* no field, no spectrum */
    record->growth_rate = record->decay_rate = NAN;
    record->n_unstable = record->n_neutral = 0; /* as where none is asked for */
    return DKM_OK;
  }
  if (status == DKM_OK) dkm_record_fill_spectrum(&spectrum, record);
  return status;
}

/* All Floquet exponents of a periodic end of a reduced record, u being a point of the cycle, that at which a drive begins. */
static dkm_status lift_exponents(dkm_evaluator *e, const dkm_start *start, const double *u, dkm_record *record,
                                 dkm_error *err) {
  dkm_spectrum spectrum;
  dkm_status status = dkm_cycle_workspace_fit(&e->full_cycles, &start->full, dkm_point_has_losses(&start->given), err);
  if (status != DKM_OK) return status;
  dkm_start_lift_state(start, u, e->lifted);
  if (dkm_cycle_exponents(e->full_cycles, &start->given, e->lifted, 0.0, record->period, &spectrum)) {
    dkm_record_fill_spectrum(&spectrum, record);
    return DKM_OK;
  }
  record->growth_rate = record->decay_rate = NAN; /* too many directions */
  record->n_unstable = record->n_neutral = 0;
  return DKM_OK;
}

/* A spin whose part across the mean of its body is larger than this never comes to rest. */
static const double at_rest = 1e-9;

/* What a record of bodies (bodies.h) says of their spins, u being the state: those that precess about the mean of their body
 * do so for ever, and each class more than there are bodies has three directions more that neither grow nor decay, if they
 * are not counted yet. */
static dkm_status tell_spins(const dkm_start *start, const double *u, bool counted, dkm_record *record,
                             dkm_error *err) {
  const dkm_bodies *bodies = &start->bodies;
  if (record->n_neutral > 0 && !counted && !bodies->forgets)
    record->n_neutral += (int32_t)(3 * (bodies->n_classes - bodies->n_bodies));
  if (bodies->across <= at_rest) return DKM_OK;
  double *work = malloc(dkm_evaluate_scratch_size(&start->system) * sizeof *work);
  if (!work) return dkm_fail(err, DKM_MEMORY, "out of memory for a record");
  if (!isnan(record->residual)) record->residual = dkm_model_residual(&start->system, &start->point, u, work);
  if (record->verdict == DKM_VERDICT_LIMIT_CYCLE)
    record->precession = fmax(record->precession, bodies->across); /* about the axes of their means */
  else if (!isnan(record->precession))
    record->precession = dkm_model_precession(&start->system, &start->point, u, work);
  if (record->verdict == DKM_VERDICT_FIXED_POINT) record->verdict = DKM_VERDICT_DARK_PRECESSION;
  free(work);
  return DKM_OK;
}

/* A state of all classes that points of the job can have, those that this one lacks being NaN. */
static const double *laid_out(dkm_evaluator *e, const dkm_start *start, const double *u) {
  const int64_t K = e->system.n_classes, n = start->full.n_classes;
  const int M = e->system.n_modes;
  if (n == K) return u;
  for (int i = 0; i < 3; i++)
    for (int64_t k = 0; k < K; k++) e->laid_out[i * K + k] = k < n ? u[i * n + k] : NAN;
  memcpy(e->laid_out + 3 * K, u + 3 * n, 2 * (size_t)M * sizeof *u);
  return e->laid_out;
}

static dkm_status measure_x(const dkm_start *start, const double *u, dkm_record *record, dkm_error *err) {
  double *work = malloc((size_t)start->system.n_classes * sizeof *work);
  if (!work) return dkm_fail(err, DKM_MEMORY, "out of memory for a record");
  record->x_mean = dkm_system_mean(&start->system, u, work);
  free(work);
  return DKM_OK;
}

/* Times count from the start, and so do steps. */
static void add_drive(const trajectory *t, dkm_record *record) {
  record->t_end += t->past.time; /* NaN stays what it is */
  record->t_settled += t->past.time;
  record->relaxation_time += t->past.time;
  record->steps += t->past.steps;
}

dkm_status dkm_evaluate_report(dkm_evaluator *e, trajectory *t, dkm_record *record, const double *u,
                               const dkm_stream *stream, dkm_error *err) {
  const dkm_start *start = &t->start;
  const size_t size = dkm_model_size(&e->system);
  const bool repeats = dkm_drive_repeats(start->full.drive); /* no spectra but Floquet exponents */
  const bool rests =
      !repeats && (record->verdict == DKM_VERDICT_FIXED_POINT ||
                   (!start->is_pattern && (record->verdict == DKM_VERDICT_DARK_PRECESSION ||
                                           (record->verdict == DKM_VERDICT_RELAXING && !isnan(record->xi_limit[0])))));
  const bool by_sectors = start->is_pattern && dkm_system_has_patterns(&start->full);
  const double *state = u;
  dkm_status status = DKM_OK;
  /* Differences within bodies that forget decay: their rates are those of the single spins. */
  const bool by_spins = rests && !start->is_reduced && start->bodies.forgets;
  const bool recurs = start->is_reduced && record->period > 0.0 && record->cycle_residual >= 0.0 &&
                      record->precession == 0.0 && start->given.g0 != 0.0;
  const bool lifts = recurs || (start->is_reduced && (stream->wants_states || (rests && !by_sectors))) || by_spins;
  if (lifts && !e->lifted && !(e->lifted = calloc(size, sizeof *e->lifted))) status = DKM_MEMORY;
  if (e->system.spins && !e->laid_out && !(e->laid_out = calloc(size, sizeof *e->laid_out))) status = DKM_MEMORY;
  if (status != DKM_OK) return dkm_fail(err, status, "out of memory for a state");
  if (start->is_reduced) {
    const dkm_record reduced = *record;
    dkm_start_lift_record(start, &reduced, record);
    if (rests) status = lift_spectrum(e, start, by_sectors, u, &reduced, record, err);
    if (recurs) status = lift_exponents(e, start, u, record, err);
    if (stream->wants_states) dkm_start_lift_state(start, u, e->lifted);
    state = e->lifted;
  }
  if (by_spins) {
    const dkm_record of_bodies = *record;
    status = lift_spectrum(e, start, false, u, &of_bodies, record, err);
  }
  if (status == DKM_OK && start->bodies.n_bodies)
    status = tell_spins(start, u, start->is_reduced && rests, record, err);
  if (status == DKM_OK && isnan(record->x_mean)) status = measure_x(start, u, record, err);
  const dkm_point driven = dkm_start_driven_point(start, false), point = dkm_units_point_back(&e->units, &driven);
  add_drive(t, record);
  dkm_units_scale_record(e->units.unit, e->system.n_modes, record);
  dkm_theory_fill(&start->full, &point, record);
  if (status == DKM_OK)
    stream->done(stream->context, t->id, record, stream->wants_states ? laid_out(e, start, state) : NULL);
  dkm_start_free(&t->start);
  return status;
}
