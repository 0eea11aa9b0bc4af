/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_save: a computation under way as bytes: which one it is, its progress, y, rows so far.  See dickemap/finite.h. */
#include <string.h>

#include "finite_computation.h"

/* What the bytes of a computation depend on. */
typedef struct identity {
  uint64_t mark;
  double tolerance, edge;
  int64_t n_times, index;
  uint64_t seed, model, times;
  int method, frame;
} identity;

static uint64_t digest(const void *data, size_t n) {
  const unsigned char *p = data;
  uint64_t h = 0;
  for (size_t i = 0; i < n; i++) h = finite_stream_mix((h ^ p[i]) + FINITE_GOLDEN);
  return h;
}

/* Of what counts of a model. */
static uint64_t digest_of_model(const dkm_finite_model *model) {
  dkm_finite_model m;
  memset(&m, 0, sizeof m);
  m.n_modes = model->n_modes;
  m.spins_per_class = model->spins_per_class;
  m.g0 = model->g0;
  m.Omega = model->Omega;
  m.gamma_down = model->gamma_down;
  m.gamma_up = model->gamma_up;
  m.gamma_phi = model->gamma_phi;
  memcpy(m.spin, model->spin, (size_t)dkm_finite_classes(model) * sizeof *m.spin);
  for (int mu = 0; mu < m.n_modes; mu++) {
    m.Omega_mu[mu] = model->Omega_mu[mu];
    m.kappa_mu[mu] = model->kappa_mu[mu];
    m.alpha_re[mu] = model->alpha_re[mu];
    m.alpha_im[mu] = model->alpha_im[mu];
  }
  return digest(&m, sizeof m);
}

static void identify(const dkm_finite *e, identity *out) {
  memset(out, 0, sizeof *out);
  out->mark = 0x31746966706d6b64u; /* dkmpfit1 */
  out->tolerance = e->how.tolerance;
  out->edge = e->how.edge;
  out->n_times = e->n_times;
  out->index = e->index;
  out->seed = e->how.seed;
  out->model = digest_of_model(&e->model);
  out->times = digest(e->times, (size_t)e->n_times * sizeof *e->times);
  out->method = e->how.method;
  out->frame = e->how.frame;
}

static size_t saved_bytes(const dkm_finite *e, int64_t i_time, double n_state) {
  return sizeof(identity) + sizeof(finite_progress) + sizeof e->whole +
         8 * ((size_t)n_state + (size_t)e->n_classical + (size_t)i_time * (size_t)(e->n_columns + e->n_mean_field));
}

size_t dkm_finite_saved_bytes(const dkm_finite *e) {
  return saved_bytes(e, e->at.i_time, (double)e->n_state);
}

static void put(unsigned char **to, const void *data, size_t n) {
  memcpy(*to, data, n);
  *to += n;
}

static void get(const unsigned char **from, void *data, size_t n) {
  memcpy(data, *from, n);
  *from += n;
}

void dkm_finite_save(const dkm_finite *e, void *bytes) {
  unsigned char *to = bytes;
  identity who;
  identify(e, &who);
  put(&to, &who, sizeof who);
  put(&to, &e->at, sizeof e->at);
  put(&to, e->whole, sizeof e->whole);
  put(&to, e->y, 8 * (size_t)(e->n_state + e->n_classical));
  put(&to, e->values, 8 * (size_t)e->at.i_time * (size_t)e->n_columns);
  put(&to, e->mean_field, 8 * (size_t)e->at.i_time * (size_t)e->n_mean_field);
}

dkm_status dkm_finite_restore(dkm_finite *e, const void *bytes, size_t n_bytes, dkm_error *err) {
  const unsigned char *from = bytes;
  identity who, mine;
  finite_progress at;
  finite_space space;
  identify(e, &mine);
  if (n_bytes < sizeof who + sizeof at) return dkm_fail(err, DKM_INPUT, "these bytes are no computation of finitely many spins");
  get(&from, &who, sizeof who);
  get(&from, &at, sizeof at);
  bool fits = memcmp(&who, &mine, sizeof who) == 0 && at.i_time >= 0 && at.i_time <= e->n_times;
  double levels = 1.0; /* in all, each of which takes more than a byte */
  for (int f = 0; f < e->n_factors && fits; f++) {
    levels *= at.d[f];
    fits = at.d[f] >= 2 && levels <= (double)n_bytes;
  }
  if (!fits) return dkm_fail(err, DKM_INPUT, "these bytes are of another computation of finitely many spins");
  dkm_status status = dkm_finite_space_create(&e->model, at.d, &space, err);
  if (status) return status;
  fits = saved_bytes(e, at.i_time, e->kind->values(&space)) == n_bytes;
  dkm_finite_space_free(&space);
  if (!fits) return dkm_fail(err, DKM_INPUT, "the bytes of a computation of finitely many spins are damaged");
  if ((status = dkm_finite_set_levels(e, at.d, err))) return status;
  e->at = at;
  dkm_finite_flow_create(&e->model, at.said.frame, &e->flow);
  get(&from, e->whole, sizeof e->whole);
  get(&from, e->y, 8 * (size_t)(e->n_state + e->n_classical));
  get(&from, e->values, 8 * (size_t)at.i_time * (size_t)e->n_columns);
  get(&from, e->mean_field, 8 * (size_t)at.i_time * (size_t)e->n_mean_field);
  return DKM_OK;
}
