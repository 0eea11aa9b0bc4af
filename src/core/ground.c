/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Critical points of the landscape with their spectra. */
#include "ground.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/drive.h"
#include "response.h"

/* Why there are no isolated states at rest; NULL: there are. */
static const char *lack(const dkm_system *system, const dkm_point *point) {
  if (dkm_drive_repeats(system->drive)) return "the drive repeats";
  if (!(point->g0 > 0.0)) return "g0 is 0";
  if (point->Omega == 0.0) return "Omega is 0";
  if (dkm_rest_kind(point) == REST_ALONG_X) return "with dephasing alone any component of spins along x stays";
  return NULL;
}

static int by_depth(const void *a, const void *b) {
  const dkm_ground_state *x = a, *y = b;
  if (x->U != y->U && !isnan(x->U)) return x->U < y->U ? -1 : 1;
  if (isnan(x->U) && x->spectrum.n_unstable != y->spectrum.n_unstable)
    return x->spectrum.n_unstable < y->spectrum.n_unstable ? -1 : 1;
  for (int mu = 0; mu < DKM_MAX_MODES; mu++)
    if (x->xi[mu] != y->xi[mu]) return x->xi[mu] > y->xi[mu] ? -1 : 1;
  return 0;
}

dkm_status dkm_ground_take_spectrum(dkm_fixedpoint_workspace *workspace, const dkm_point *point, const double *state,
                                    dkm_ground_state *out, dkm_error *err) {
  const dkm_status status = dkm_fixedpoint_spectrum(workspace, point, state, -1, 0.0, &out->spectrum, err);
  out->has_spectrum = status == DKM_OK;
  return status == DKM_NUMERIC ? DKM_OK : status;
}

void dkm_ground_count(dkm_ground *ground) {
  ground->n_all = ground->n_stable = 0;
  for (int64_t i = 0; i < ground->n; i++) {
    const dkm_ground_state *s = &ground->states[i];
    ground->n_all += s->n_images;
    if (s->index == 0 || (s->index < 0 && s->has_spectrum && s->spectrum.n_unstable == 0)) ground->n_stable += s->n_images;
  }
}

/* state: room for one. */
static dkm_status describe(const dkm_system *system, const dkm_point *point, dkm_landscape *landscape,
                           dkm_fixedpoint_workspace *spectra, const dkm_critical *c, double *state, dkm_ground_state *out,
                           dkm_error *err) {
  const int M = system->n_modes;
  *out = (dkm_ground_state){
      .U = c->value, .escape = c->index == 0 ? c->escape : NAN, .index = c->index, .n_images = c->n_images};
  memcpy(out->xi, c->xi, (size_t)M * sizeof *c->xi);
  dkm_landscape_aligned_state(landscape, c->xi, state);
  const double *re = state + 3 * system->n_classes, *im = re + M;
  for (int mu = 0; mu < M; mu++) {
    out->alpha_re[mu] = system->alpha_factor * re[mu];
    out->alpha_im[mu] = system->alpha_factor * im[mu];
  }
  return dkm_ground_take_spectrum(spectra, point, state, out, err);
}

static dkm_status describe_all(const dkm_system *system, const dkm_point *point, dkm_landscape *landscape,
                               dkm_fixedpoint_workspace *spectra, dkm_ground *ground, dkm_error *err) {
  const dkm_critical *critical;
  dkm_status status = DKM_OK;
  dkm_landscape_turn(landscape, point, NULL);
  const int n = dkm_landscape_critical(landscape, &critical, &ground->complete);
  double *state = malloc(dkm_model_size(system) * sizeof *state);
  ground->states = calloc((size_t)n + 1, sizeof *ground->states);
  if (!state || !ground->states) status = dkm_fail(err, DKM_MEMORY, "out of memory for %d stationary states", n);
  for (int i = 0; i < n && status == DKM_OK; i++) {
    dkm_ground_state *to = &ground->states[ground->n++];
    status = describe(system, point, landscape, spectra, &critical[i], state, to, err);
  }
  free(state);
  dkm_ground_count(ground);
  return status;
}

dkm_status dkm_ground_find(const dkm_system *system, const dkm_point *given, dkm_ground *ground, dkm_error *err) {
  const dkm_point last = dkm_drive_final(system->drive, given), *point = &last;
  const char *reason = lack(system, point);
  dkm_landscape *landscape = NULL;
  dkm_fixedpoint_workspace *spectra = NULL;
  *ground = (dkm_ground){.has_landscape = dkm_landscape_sign(system, point) != 0};
  if (reason) return dkm_fail(err, DKM_INPUT, "no list of stationary states at this point: %s", reason);
  dkm_status status = dkm_fixedpoint_workspace_create(system, &spectra, err);
  if (status == DKM_OK && ground->has_landscape) status = dkm_landscape_create(system, &landscape, err);
  if (status == DKM_OK)
    status = ground->has_landscape ? describe_all(system, point, landscape, spectra, ground, err)
                                   : dkm_ground_newton(system, point, spectra, ground, err);
  if (status == DKM_OK) qsort(ground->states, (size_t)ground->n, sizeof *ground->states, by_depth);
  if (spectra) dkm_fixedpoint_workspace_destroy(spectra);
  if (landscape) dkm_landscape_destroy(landscape);
  if (status != DKM_OK) dkm_ground_free(ground);
  return status;
}

void dkm_ground_free(dkm_ground *ground) {
  free(ground->states);
  *ground = (dkm_ground){0};
}
