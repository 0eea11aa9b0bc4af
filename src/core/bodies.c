/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spins with equal couplings as one, and back. */
#define _GNU_SOURCE /* qsort_r */
#include "dickemap/bodies.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/model.h"

/* A mean of spins that is shorter than this part of them is what rounding leaves of none. */
static const double cancelled = 1e-14;

/* ---- which classes ---- */

/* The sign that makes the first coupling that is not 0 positive. */
static int sign_of(const dkm_system *system, int64_t k) {
  const double *G = system->couplings + k * system->n_modes;
  int mu = 0;
  while (mu < system->n_modes - 1 && G[mu] == 0.0) mu++;
  return G[mu] < 0.0 ? -1 : 1;
}

static int compare(const dkm_system *system, int64_t a, int64_t b) {
  const int M = system->n_modes, sign = sign_of(system, a) * sign_of(system, b);
  const double *G = system->couplings + a * M, *H = system->couplings + b * M;
  for (int mu = 0; mu < M; mu++)
    if (G[mu] != sign * H[mu]) return sign_of(system, a) * G[mu] < sign_of(system, b) * H[mu] ? -1 : 1;
  return 0;
}

static int by_couplings(const void *a, const void *b, void *context) {
  const int64_t ka = *(const int64_t *)a, kb = *(const int64_t *)b;
  const int order = compare(context, ka, kb);
  return order ? order : (ka > kb) - (ka < kb);
}

/* Of ungauged patterns classes k and K - 1 - k, all bits of whose numbers differ, have opposite columns. */
static void group_mirror_images(dkm_bodies *b) {
  b->n_bodies = b->n_classes / 2;
  for (int64_t k = 0; k < b->n_classes; k++) {
    const bool is_image = k >= b->n_bodies;
    b->body_of[k] = is_image ? b->n_classes - 1 - k : k;
    b->sign[k] = is_image ? -1 : 1;
  }
}

static dkm_status group(const dkm_system *system, dkm_bodies *b, dkm_error *err) {
  const int64_t K = system->n_classes;
  int64_t *order = malloc((size_t)K * sizeof *order), n = 0;
  if (!order) return dkm_fail(err, DKM_MEMORY, "out of memory for a start");
  for (int64_t k = 0; k < K; k++) order[k] = k;
  qsort_r(order, (size_t)K, sizeof *order, by_couplings, (void *)system);
  for (int64_t j = 0; j < K; j++) {
    n += j == 0 || compare(system, order[j - 1], order[j]) != 0;
    b->body_of[order[j]] = n - 1;
    b->sign[order[j]] = (signed char)sign_of(system, order[j]);
  }
  b->n_bodies = n;
  free(order);
  return DKM_OK;
}

/* With the first row made +1 ungauged patterns are gauged ones, whose sums are as fast. */
static void make_gauged(const dkm_system *system, dkm_bodies *b) {
  dkm_system_of_patterns(&b->system, DKM_GAUGED, system->n_modes, NULL); /* cannot fail for so many modes */
  b->system.alpha_factor = system->alpha_factor;
  b->system.occupation_factor = system->occupation_factor;
  b->system.drive = system->drive;
  for (int64_t k = 0; k < b->n_classes; k++) b->part[k] = 0.5;
}

static dkm_status make_system(const dkm_system *system, dkm_bodies *b, dkm_error *err) {
  const int M = system->n_modes;
  double *G = malloc((size_t)b->n_bodies * (size_t)M * sizeof *G), *w = calloc((size_t)b->n_bodies, sizeof *w);
  dkm_status status = G && w ? DKM_OK : dkm_fail(err, DKM_MEMORY, "out of memory for a start");
  for (int64_t k = 0; k < system->n_classes && status == DKM_OK; k++) {
    const int64_t i = b->body_of[k];
    w[i] += dkm_system_weight(system, k);
    for (int mu = 0; mu < M; mu++) G[i * M + mu] = b->sign[k] * dkm_system_coupling(system, mu, k) + 0.0; /* no -0.0 */
  }
  if (status == DKM_OK) status = dkm_couplings_create_like(system, M, b->n_bodies, G, w, &b->tables, err);
  for (int64_t k = 0; k < system->n_classes && status == DKM_OK; k++)
    b->part[k] = dkm_system_weight(system, k) / w[b->body_of[k]];
  if (status == DKM_OK) b->system = b->tables.system;
  free(G);
  free(w);
  return status;
}

/* ---- their spins ---- */

/* As its body sees it. */
static void spin_of(const dkm_bodies *b, const double *u, int64_t k, double *m) {
  m[0] = u[k];
  m[1] = b->sign[k] * u[b->n_classes + k];
  m[2] = b->sign[k] * u[2 * b->n_classes + k];
}

static void put_spin(const dkm_bodies *b, const double *m, int64_t k, double *u) {
  u[k] = m[0];
  u[b->n_classes + k] = b->sign[k] * m[1];
  u[2 * b->n_classes + k] = b->sign[k] * m[2];
}

static void mean_of(const dkm_bodies *b, const double *means, int64_t i, double *m) {
  for (int c = 0; c < 3; c++) m[c] = means[c * b->n_bodies + i];
}

static double dot(const double *a, const double *b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void cross(const double *a, const double *b, double *c) {
  for (int i = 0; i < 3; i++) c[i] = a[(i + 1) % 3] * b[(i + 2) % 3] - a[(i + 2) % 3] * b[(i + 1) % 3];
}

/* Constants of motion: how long means are, and where the spins are beside them. */
static void measure(const double *u, double *means, dkm_bodies *b) {
  dkm_bodies_means(b, u, means);
  for (int64_t i = 0; i < b->n_bodies; i++) {
    double m[3];
    mean_of(b, means, i, m);
    b->lengths[i] = sqrt(dot(m, m));
    if (b->lengths[i] < cancelled) b->lengths[i] = 0.0;
  }
  for (int64_t k = 0; k < b->n_classes; k++) {
    double spin[3], m[3], across[3];
    const double length = b->lengths[b->body_of[k]];
    spin_of(b, u, k, spin);
    mean_of(b, means, b->body_of[k], m);
    b->share[k] = length > 0.0 ? dot(spin, m) / (length * length) : 0.0;
    for (int c = 0; c < 3; c++) across[c] = spin[c] - b->share[k] * m[c];
    b->across = fmax(b->across, sqrt(dot(across, across)));
  }
}

dkm_status dkm_bodies_create(const dkm_system *system, const double *u, dkm_bodies *out, dkm_error *err) {
  const size_t K = (size_t)system->n_classes;
  double *means = NULL;
  const bool of_patterns = dkm_system_has_patterns(system);
  *out = (dkm_bodies){.n_classes = system->n_classes};
  if (!dkm_bodies_may_be(system)) return DKM_OK;
  out->body_of = malloc(K * sizeof *out->body_of);
  out->sign = malloc(K * sizeof *out->sign);
  dkm_status status = out->body_of && out->sign ? DKM_OK : DKM_MEMORY;
  if (status == DKM_OK && of_patterns) group_mirror_images(out);
  if (status == DKM_OK && !of_patterns) status = group(system, out, err);
  const bool single = out->n_bodies == system->n_classes;
  if (status == DKM_OK && !single) {
    out->part = malloc(K * sizeof *out->part);
    out->share = malloc(K * sizeof *out->share);
    out->lengths = malloc((size_t)out->n_bodies * sizeof *out->lengths);
    means = malloc(dkm_model_size(system) * sizeof *means);
    status = out->part && out->share && out->lengths && means ? DKM_OK : DKM_MEMORY;
  }
  if (status == DKM_OK && !single && of_patterns) make_gauged(system, out);
  if (status == DKM_OK && !single && !of_patterns) status = make_system(system, out, err);
  if (status == DKM_OK && !single) measure(u, means, out);
  free(means);
  if (status != DKM_OK || single) dkm_bodies_free(out);
  return status == DKM_OK ? DKM_OK : dkm_fail(err, status, "out of memory for the bodies of %zu classes", K);
}

void dkm_bodies_free(dkm_bodies *b) {
  free(b->body_of);
  free(b->sign);
  free(b->part);
  free(b->share);
  free(b->lengths);
  dkm_couplings_free(&b->tables);
  *b = (dkm_bodies){0};
}

void dkm_bodies_forget(dkm_bodies *b) {
  if (!b->n_bodies) return;
  b->forgets = true;
  b->across = 0.0;
  for (int64_t k = 0; k < b->n_classes; k++) b->share[k] = 1.0;
}

/* ---- states ---- */

static void copy_modes(const dkm_bodies *b, const double *from, double *to) {
  memcpy(to, from, 2 * (size_t)b->system.n_modes * sizeof *to);
}

void dkm_bodies_means(const dkm_bodies *b, const double *u, double *means) {
  const int64_t n = b->n_bodies;
  for (int64_t i = 0; i < 3 * n; i++) means[i] = 0.0;
  for (int64_t k = 0; k < b->n_classes; k++) {
    double m[3];
    spin_of(b, u, k, m);
    for (int c = 0; c < 3; c++) means[c * n + b->body_of[k]] += b->part[k] * m[c];
  }
  copy_modes(b, u + 3 * b->n_classes, means + 3 * n);
}

void dkm_bodies_spread(const dkm_bodies *b, const double *means, double *u) {
  for (int64_t k = 0; k < b->n_classes; k++) {
    double m[3];
    mean_of(b, means, b->body_of[k], m);
    for (int c = 0; c < 3; c++) m[c] *= b->share[k];
    put_spin(b, m, k, u);
  }
  copy_modes(b, means + 3 * b->n_bodies, u + 3 * b->n_classes);
}

/* m by half a turn about a unit vector. */
static void turn_half(const double *axis, double *m) {
  const double twice = 2.0 * dot(axis, m);
  for (int i = 0; i < 3; i++) m[i] = twice * axis[i] - m[i];
}

/* m by the rotation of `from` to `to`, unit vectors, by the shortest way: half a turn about `from`, which leaves that as it
 * is, and half a turn about the axis between both, which brings it to `to`.  Lengths stay to rounding whatever the angle is;
 * of opposite vectors the axis is one across both, and of nearly opposite ones it is not known to many digits. */
static void rotate(const double *from, const double *to, double *m) {
  double between[3], unit[3] = {0};
  for (int i = 0; i < 3; i++) between[i] = from[i] + to[i];
  if (!(dot(between, between) > 1e-28)) {
    int least = 0;
    for (int i = 1; i < 3; i++)
      if (fabs(from[i]) < fabs(from[least])) least = i;
    unit[least] = 1.0;
    cross(from, unit, between);
  }
  const double length = sqrt(dot(between, between));
  for (int i = 0; i < 3; i++) between[i] /= length;
  turn_half(from, m);
  turn_half(between, m);
}

/* The same to rounding at any angle: what the first rotation has left is a small one. */
static void rotate_exactly(const double *from, const double *to, double *m) {
  double at[3];
  memcpy(at, from, sizeof at);
  rotate(from, to, m);
  rotate(from, to, at);
  const double length = sqrt(dot(at, at));
  for (int i = 0; i < 3; i++) at[i] /= length;
  rotate(at, to, m);
}

dkm_status dkm_bodies_turn(const dkm_bodies *b, const double *means, double *u, dkm_error *err) {
  double *now = malloc(dkm_model_size(&b->system) * sizeof *now);
  if (!now) return dkm_fail(err, DKM_MEMORY, "out of memory for a state");
  dkm_bodies_means(b, u, now);
  for (int64_t k = 0; k < b->n_classes; k++) {
    double from[3], to[3], m[3];
    const int64_t i = b->body_of[k];
    mean_of(b, now, i, from);
    mean_of(b, means, i, to);
    const double length = sqrt(dot(from, from)), other = sqrt(dot(to, to));
    if (b->lengths[i] == 0.0 || length == 0.0 || other == 0.0) continue;
    for (int c = 0; c < 3; c++) {
      from[c] /= length;
      to[c] /= other;
    }
    spin_of(b, u, k, m);
    rotate_exactly(from, to, m);
    put_spin(b, m, k, u);
  }
  copy_modes(b, means + 3 * b->n_bodies, u + 3 * b->n_classes);
  free(now);
  return DKM_OK;
}
