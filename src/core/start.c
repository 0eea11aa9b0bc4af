/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The start of a point, and the invariant subspace that it lies in. */
#include "dickemap/start.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/drive.h"
#include "dickemap/spins.h"
#include "dickemap/states.h"
#include "partition.h"

/* ---- the smaller system ---- */

/* Modes that are alike become one: with beta' = sqrt(n) beta and G' = (sum of signed couplings)/sqrt(n) of n modes the equations
 * keep their form. */
static void take_modes(dkm_start *start, const partition *p) {
  start->system.n_modes = p->n_mode_groups;
  start->point.pattern = 1;
  for (int mu = 0; mu < p->system->n_modes; mu++) {
    const int group = p->mode_group[mu];
    start->mode_group[mu] = group;
    start->mode_factor[mu] = group < 0 ? 0.0 : p->mode_sign[mu] / sqrt(dkm_partition_size(p, group));
    if (group < 0) continue;
    start->point.Omega_mu[group] = start->given.Omega_mu[mu];
    start->point.kappa_mu[group] = start->given.kappa_mu[mu];
    start->point.mixture[group] = start->given.mixture[mu];
    if (mu == start->given.pattern - 1) start->point.pattern = group + 1;
  }
  start->point.seed = 0; /* of nothing: directions that are drawn there depend on the point alone */
}

static dkm_status make_tables(dkm_start *start, const partition *p, dkm_error *err) {
  const int M = p->system->n_modes, m = p->n_mode_groups;
  double *G = calloc((size_t)p->n_groups * (size_t)m, sizeof *G), *w = calloc((size_t)p->n_groups, sizeof *w);
  dkm_status status = G && w ? DKM_OK : dkm_fail(err, DKM_MEMORY, "out of memory for a start");
  for (int64_t k = 0; k < p->system->n_classes && status == DKM_OK; k++) {
    const int64_t group = p->class_of[k];
    w[group] += dkm_system_weight(p->system, k);
    for (int g = 0; g < m; g++) G[group * m + g] = p->signatures[k * M + g] / sqrt(dkm_partition_size(p, g));
  }
  if (status == DKM_OK)
    status = dkm_couplings_create_like(p->system, m, p->n_groups, G, w, &start->tables, err);
  if (status == DKM_OK) start->system = start->tables.system;
  free(G);
  free(w);
  return status;
}

static void make_pattern(dkm_start *start) {
  const int cue = start->given.pattern - 1;
  for (int mu = 0; mu < start->full.n_modes; mu++) {
    start->mode_group[mu] = mu == cue ? 0 : -1;
    start->mode_factor[mu] = mu == cue ? 1.0 : 0.0;
  }
  start->point.Omega_mu[0] = start->given.Omega_mu[cue];
  start->point.kappa_mu[0] = start->given.kappa_mu[cue];
  start->point.pattern = 1;
  start->point.seed = 0;
  dkm_system_of_patterns(&start->system, DKM_GAUGED, 1, NULL); /* cannot fail for M = 1 */
  start->system.drive = start->full.drive;
  start->is_reduced = start->is_pattern = true;
}

bool dkm_start_is_pattern(const dkm_system *system, const dkm_point *point) {
  return dkm_system_has_patterns(system) && point->perturbation == 0.0 &&
         !dkm_point_has_mixture(point, system->n_modes) && !system->from;
}

/* One class that sees one mode, as it sees its pattern. */
static bool is_pattern(const dkm_start *start, const partition *p) {
  const int cue = start->given.pattern - 1;
  return start->full.log2_unit == 0 && p->n_groups == 1 && p->n_mode_groups == 1 && p->mode_group[cue] == 0 &&
         dkm_partition_size(p, 0) == 1 && !start->full.cue && !start->full.from &&
         !dkm_point_has_mixture(&start->given, start->full.n_modes) && fabs(p->signatures[0]) == 1.0;
}

/* Classes and modes that a start does not tell apart. */
static dkm_status reduce(dkm_start *start, dkm_error *err) {
  const dkm_system *full = &start->full;
  partition p = {0};
  double *u = malloc(dkm_model_size(full) * sizeof *u);
  dkm_status status = u ? dkm_start_state(start, false, u, err) : dkm_fail(err, DKM_MEMORY, "out of memory for a start");
  if (status == DKM_OK) status = dkm_partition_find(full, &start->given, u, &p, err);
  if (status != DKM_OK) goto cleanup;
  if (p.n_mode_groups == 0 || dkm_partition_drives_nothing(&p)) { /* as without coupling, classes and modes as they are */
    start->point.g0 = 0.0;
    start->uncoupled = start->is_reduced = true;
    start->u = u;
    u = NULL;
  } else if (is_pattern(start, &p)) {
    make_pattern(start);
  } else if (p.n_mode_groups < full->n_modes || p.n_groups < full->n_classes) {
    start->is_reduced = true;
    take_modes(start, &p);
    status = make_tables(start, &p, err);
    if (status != DKM_OK) goto cleanup;
    start->class_of = p.class_of;
    start->sign = p.sign;
    p.class_of = NULL;
    p.sign = NULL;
    start->u = malloc(dkm_model_size(&start->system) * sizeof *start->u);
    if (start->u)
      dkm_start_reduce_state(start, u, start->u);
    else
      status = dkm_fail(err, DKM_MEMORY, "out of memory for a start");
  }

cleanup:
  free(u);
  dkm_partition_free(&p);
  return status;
}

/* Whether spins may be of different lengths: those that are flipped with a probability are shorter by what they had of z. */
static bool lengths_may_differ(const dkm_start *start) {
  /* Of +-1 patterns all spins are as long, but for those at which a mixture cancels. */
  const bool common_length =
      dkm_system_has_patterns(&start->full) && !dkm_point_has_mixture(&start->given, start->full.n_modes);
  return start->full.from || (start->given.flip != 0.0 && !start->is_pattern && !common_length);
}

/* |m_k| of the state u at the start, where they are not what dkm_point_length says. */
static dkm_status measure_lengths(dkm_start *start, const double *u, dkm_error *err) {
  const int64_t K = start->system.n_classes;
  const double common = dkm_point_length(&start->given);
  bool same = true;
  start->lengths = malloc((size_t)K * sizeof *start->lengths);
  if (!start->lengths) return dkm_fail(err, DKM_MEMORY, "out of memory for a start");
  for (int64_t k = 0; k < K; k++) {
    const double x = u[k], y = u[K + k], z = u[2 * K + k];
    start->lengths[k] = sqrt(x * x + y * y + z * z);
    same = same && fabs(start->lengths[k] - common) <= 1e-14;
  }
  if (!same) return DKM_OK;
  free(start->lengths);
  start->lengths = NULL;
  return DKM_OK;
}

/* What the spins of the start are to the questions about its end: their lengths, and the bodies that they form.  (Uncoupled
 * spins need no bodies: what becomes of them is known in closed form.) */
static dkm_status measure_spins(dkm_start *start, dkm_error *err) {
  const bool losses = dkm_point_has_losses(&start->point); /* whatever lengths are, they do not stay */
  const bool alike = !losses || dkm_point_gamma_1(&start->point) > 0.0;
  const bool by_lengths = !losses && lengths_may_differ(start);
  const bool by_bodies = alike && start->point.g0 != 0.0 && start->point.Omega != 0.0 && dkm_bodies_may_be(&start->system);
  if (!by_lengths && !by_bodies) return DKM_OK;
  double *u = malloc(dkm_model_size(&start->system) * sizeof *u);
  dkm_status status = u ? dkm_start_state(start, true, u, err) : dkm_fail(err, DKM_MEMORY, "out of memory for a start");
  if (status == DKM_OK && by_lengths) status = measure_lengths(start, u, err);
  if (status == DKM_OK && by_bodies) status = dkm_bodies_create(&start->system, u, &start->bodies, err);
  if (status == DKM_OK && losses) dkm_bodies_forget(&start->bodies);
  free(u);
  return status;
}

dkm_status dkm_start_create(const dkm_system *system, const dkm_point *point, dkm_start *start, dkm_error *err) {
  const dkm_point last = dkm_drive_final(system->drive, point);
  *start = (dkm_start){.given = last, .g0 = point->g0, .Omega = point->Omega, .full = *system, .system = *system,
                       .point = last};
  for (int mu = 0; mu < system->n_modes; mu++) {
    start->mode_group[mu] = mu;
    start->mode_factor[mu] = 1.0;
  }
  if (dkm_start_is_pattern(system, point)) {
    make_pattern(start);
    return DKM_OK;
  }
  const dkm_system *of_point;
  dkm_status status = dkm_spins_system(system, point, &start->own, &of_point, err);
  start->full = start->system = *of_point;
  if (status == DKM_OK && point->perturbation == 0.0) status = reduce(start, err);
  if (status == DKM_OK) status = measure_spins(start, err);
  if (status != DKM_OK) dkm_start_free(start);
  return status;
}

void dkm_start_free(dkm_start *start) {
  free(start->class_of);
  free(start->sign);
  free(start->u);
  free(start->lengths);
  dkm_bodies_free(&start->bodies);
  dkm_couplings_free(&start->tables);
  dkm_couplings_free(&start->own);
  *start = (dkm_start){0};
}

dkm_point dkm_start_driven_point(const dkm_start *start, bool reduced) {
  dkm_point point = reduced ? start->point : start->given;
  point.g0 = reduced && start->uncoupled ? 0.0 : start->g0;
  point.Omega = start->Omega;
  return point;
}

/* The nearest state, its spins tilted if that is wanted: where it is a fixed point nothing else would leave it. */
static dkm_status from_state(const dkm_start *start, double *u, dkm_error *err) {
  const dkm_states *from = start->full.from;
  dkm_point point = dkm_start_driven_point(start, false); /* in units of 1, as the points of the states are */
  point.g0 = ldexp(point.g0, -start->full.log2_unit);
  if (!dkm_states_take(from, dkm_states_nearest(from, &point), start->full.n_classes, u))
    return dkm_fail(err, DKM_INPUT, "the state to start from has other classes");
  if (start->given.perturbation > 0.0) dkm_model_tilt(&start->full, &start->given, u);
  return DKM_OK;
}

dkm_status dkm_start_move(dkm_start *start, const void *u, dkm_error *err) {
  const size_t bytes = dkm_model_size(&start->system) * sizeof *start->u;
  if (!start->u && !(start->u = malloc(bytes))) return dkm_fail(err, DKM_MEMORY, "out of memory for a start");
  memcpy(start->u, u, bytes);
  start->moved = true;
  return DKM_OK;
}

dkm_status dkm_start_state(const dkm_start *start, bool reduced, double *u, dkm_error *err) {
  if (!reduced && start->moved) {
    dkm_start_lift_state(start, start->u, u);
    return DKM_OK;
  }
  if (reduced && start->u) {
    memcpy(u, start->u, dkm_model_size(&start->system) * sizeof *u);
    return DKM_OK;
  }
  if (start->full.from) return from_state(start, u, err);
  return reduced ? dkm_model_start(&start->system, &start->point, u, err)
                 : dkm_model_start(&start->full, &start->given, u, err);
}

/* ---- states and records ---- */

double dkm_start_sign(const dkm_start *start, int64_t k) {
  if (!start->sign && !start->is_pattern) return 1.0;
  return start->sign ? start->sign[k] : dkm_system_coupling(&start->full, start->given.pattern - 1, k);
}

static int64_t class_of(const dkm_start *start, int64_t k) {
  return start->class_of ? start->class_of[k] : start->is_pattern ? 0 : k;
}

void dkm_start_reduce_state(const dkm_start *start, const double *u, double *reduced) {
  const int64_t K = start->full.n_classes, n = start->system.n_classes;
  const int M = start->full.n_modes, m = start->system.n_modes;
  for (int64_t k = K - 1; k >= 0; k--) { /* the first of a class is the one that stays */
    const int64_t group = class_of(start, k);
    const double sign = dkm_start_sign(start, k);
    reduced[group] = u[k];
    reduced[n + group] = sign * u[K + k];
    reduced[2 * n + group] = sign * u[2 * K + k];
  }
  for (int mu = M - 1; mu >= 0; mu--) {
    const int i = start->mode_group[mu];
    if (i < 0) continue;
    reduced[3 * n + i] = u[3 * K + mu] / start->mode_factor[mu];
    reduced[3 * n + m + i] = u[3 * K + M + mu] / start->mode_factor[mu];
  }
}

void dkm_start_lift_state(const dkm_start *start, const double *reduced, double *u) {
  const int64_t K = start->full.n_classes, n = start->system.n_classes;
  const int M = start->full.n_modes, m = start->system.n_modes;
  for (int64_t k = 0; k < K; k++) {
    const int64_t group = class_of(start, k);
    const double sign = dkm_start_sign(start, k);
    u[k] = reduced[group];
    u[K + k] = sign * reduced[n + group];
    u[2 * K + k] = sign * reduced[2 * n + group];
  }
  for (int mu = 0; mu < M; mu++) {
    const int i = start->mode_group[mu];
    u[3 * K + mu] = i < 0 ? 0.0 : start->mode_factor[mu] * reduced[3 * n + i];
    u[3 * K + M + mu] = i < 0 ? 0.0 : start->mode_factor[mu] * reduced[3 * n + m + i];
  }
}

void dkm_start_lift_record(const dkm_start *start, const dkm_record *reduced, dkm_record *record) {
  const int M = start->full.n_modes;
  const double factor = start->full.alpha_factor / start->system.alpha_factor;
  *record = *reduced;
  for (int mu = 0; mu < M; mu++) {
    const int i = start->mode_group[mu];
    const double f = i < 0 ? 0.0 : start->mode_factor[mu], size = fabs(f);
    const int of = i < 0 ? 0 : i;
    record->xi[mu] = f * reduced->xi[of];
    record->xi_rms[mu] = size * reduced->xi_rms[of];
    record->occupation[mu] = size * size * factor * factor * reduced->occupation[of];
    record->alpha_re[mu] = f * factor * reduced->alpha_re[of];
    record->alpha_im[mu] = f * factor * reduced->alpha_im[of];
    record->xi_limit[mu] = f * reduced->xi_limit[of];
    record->xi_amplitude[mu] = size * reduced->xi_amplitude[of];
    if (i >= 0) continue; /* nothing moves it, whatever is known of the others */
    record->xi[mu] = record->xi_rms[mu] = record->occupation[mu] = record->alpha_re[mu] = record->alpha_im[mu] = 0.0;
    record->xi_limit[mu] = isnan(reduced->xi_limit[0]) ? NAN : 0.0;
    record->xi_amplitude[mu] = isnan(reduced->xi_amplitude[0]) ? NAN : 0.0;
  }
  if (start->is_pattern) {
    record->retrieved = (int8_t)(reduced->retrieved * start->given.pattern); /* 1, -1 or 0 */
    return;
  }
  if (!isnan(record->amplitude)) {
    record->amplitude = 0.0;
    for (int mu = 0; mu < M; mu++) record->amplitude = fmax(record->amplitude, record->xi_amplitude[mu]);
  }
  if (reduced->retrieved == 0 && isnan(reduced->xi_second)) return; /* order parameters that are not steady */
  dkm_record_name_pattern(record, M);
}
