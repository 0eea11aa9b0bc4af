/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Critical points of the landscape with their spectra. */
#include "ground.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/clock.h"
#include "dickemap/drive.h"
#include "dickemap/spins.h"
#include "response.h"

static const double ask_interval = 0.1; /* seconds */

/* Why there are no isolated states at rest; NULL: there are. */
static const char *lack(const dkm_system *system, const dkm_point *point) {
  if (dkm_drive_repeats(system->drive)) return "the drive repeats";
  if (!(point->g0 > 0.0)) return "g0 is 0";
  if (point->Omega == 0.0) return "Omega is 0";
  if (dkm_rest_kind(point) == REST_ALONG_X) return "with dephasing alone any component of spins along x stays";
  return NULL;
}

double dkm_ground_choices(int64_t n_classes, int most_inverted) {
  double sum = 0.0, choices = 1.0;
  for (int n = 0; n <= most_inverted && n <= n_classes; n++) {
    sum += choices;
    choices *= (double)(n_classes - n) / (n + 1);
  }
  return sum;
}

dkm_status dkm_ground_ask(ground_work *work, dkm_error *err) {
  const double now = dkm_clock_now();
  if (!work->how->interrupt || now - work->t_asked < ask_interval) return DKM_OK;
  work->t_asked = now;
  return work->how->interrupt(work->how->context) ? dkm_fail(err, DKM_STOPPED, "the search was given up") : DKM_OK;
}

int dkm_ground_by_depth(const void *a, const void *b) {
  const dkm_ground_state *x = a, *y = b;
  if (x->n_inverted != y->n_inverted) return x->n_inverted < y->n_inverted ? -1 : 1;
  if (x->U != y->U && !isnan(x->U)) return x->U < y->U ? -1 : 1;
  if (isnan(x->U) && x->spectrum.n_unstable != y->spectrum.n_unstable)
    return x->spectrum.n_unstable < y->spectrum.n_unstable ? -1 : 1;
  for (int mu = 0; mu < DKM_MAX_MODES; mu++)
    if (x->xi[mu] != y->xi[mu]) return x->xi[mu] > y->xi[mu] ? -1 : 1;
  return 0;
}

dkm_status dkm_ground_take_spectrum(const ground_work *work, const double *state, dkm_ground_state *out, dkm_error *err) {
  const dkm_status status = dkm_fixedpoint_spectrum(work->spectra, work->point, state, -1, 0.0, &out->spectrum, err);
  out->has_spectrum = status == DKM_OK;
  return status == DKM_NUMERIC ? DKM_OK : status;
}

static void count(dkm_ground *ground) {
  for (int64_t i = 0; i < ground->n; i++) {
    const dkm_ground_state *s = &ground->states[i];
    if (s->n_inverted > 0) {
      ground->n_inverted += s->n_images;
      continue;
    }
    ground->n_all += s->n_images;
    if (s->index == 0 || (s->index < 0 && s->has_spectrum && s->spectrum.n_unstable == 0)) ground->n_stable += s->n_images;
  }
}

/* state: room for one. */
static dkm_status describe(const ground_work *work, const dkm_critical *c, double *state, dkm_ground_state *out, dkm_error *err) {
  const dkm_system *system = work->system;
  const int M = system->n_modes;
  *out = (dkm_ground_state){
      .U = c->value, .escape = c->index == 0 ? c->escape : NAN, .index = c->index, .n_images = c->n_images};
  memcpy(out->xi, c->xi, (size_t)M * sizeof *c->xi);
  dkm_landscape_aligned_state(work->landscape, c->xi, state);
  const double *re = state + 3 * system->n_classes, *im = re + M;
  for (int mu = 0; mu < M; mu++) {
    out->alpha_re[mu] = system->alpha_factor * re[mu];
    out->alpha_im[mu] = system->alpha_factor * im[mu];
  }
  return dkm_ground_take_spectrum(work, state, out, err);
}

static dkm_status describe_all(ground_work *work, dkm_ground *ground, dkm_error *err) {
  const dkm_critical *critical;
  dkm_status status = DKM_OK;
  const int n = dkm_landscape_critical(work->landscape, &critical, &ground->complete);
  double *state = malloc(dkm_model_size(work->system) * sizeof *state);
  ground->states = calloc((size_t)n + 1, sizeof *ground->states);
  if (!state || !ground->states) status = dkm_fail(err, DKM_MEMORY, "out of memory for %d stationary states", n);
  for (int i = 0; i < n && status == DKM_OK && (status = dkm_ground_ask(work, err)) == DKM_OK; i++) {
    dkm_ground_state *to = &ground->states[ground->n++];
    status = describe(work, &critical[i], state, to, err);
  }
  free(state);
  return status;
}

/* ---- inverted classes ---- */

static dkm_status append(dkm_ground *ground, const dkm_ground *part, dkm_error *err) {
  dkm_ground_state *states = realloc(ground->states, (size_t)(ground->n + part->n + 1) * sizeof *states);
  if (!states) return dkm_fail(err, DKM_MEMORY, "out of memory for %" PRId64 " stationary states", ground->n + part->n);
  ground->states = states;
  memcpy(states + ground->n, part->states, (size_t)part->n * sizeof *states);
  ground->n += part->n;
  ground->complete = ground->complete && part->complete;
  return DKM_OK;
}

/* The next choice of n of K indices, rising; false: there is none. */
static bool next_choice(int n, int64_t K, int64_t *choice) {
  int i = n - 1;
  while (i >= 0 && choice[i] == K - n + i) i--;
  if (i < 0) return false;
  choice[i]++;
  for (int j = i + 1; j < n; j++) choice[j] = choice[j - 1] + 1;
  return true;
}

static dkm_status add_inverted(ground_work *work, dkm_ground *ground, dkm_error *err) {
  const int64_t K = work->system->n_classes;
  dkm_status status = DKM_OK;
  for (int n = 1; n <= work->how->most_inverted && n <= K && status == DKM_OK; n++) {
    int64_t choice[DKM_MOST_INVERTED];
    for (int i = 0; i < n; i++) choice[i] = i;
    do {
      dkm_ground part = {0};
      status = dkm_ground_newton(work, n, choice, &part, err);
      if (status == DKM_OK) status = append(ground, &part, err);
      free(part.states);
    } while (status == DKM_OK && next_choice(n, K, choice));
  }
  return status;
}

/* Whether they still add up to 1 for each choice of inverted classes once symmetries have said how many images there are. */
static bool signs_add_up(const dkm_system *system, int most_inverted, const dkm_ground *ground) {
  double sum[DKM_MOST_INVERTED + 1] = {0};
  bool some[DKM_MOST_INVERTED + 1] = {false};
  for (int64_t i = 0; i < ground->n; i++) {
    const dkm_ground_state *s = &ground->states[i];
    if (s->index < 0 && !s->has_spectrum) return false;
    some[s->n_inverted] = true;
    sum[s->n_inverted] += ((s->index < 0 ? s->spectrum.n_unstable : s->index) % 2 ? -1.0 : 1.0) * (double)s->n_images;
  }
  for (int n = 0; n <= most_inverted; n++) {
    const double choices = dkm_ground_choices(system->n_classes, n) - (n > 0 ? dkm_ground_choices(system->n_classes, n - 1) : 0.0);
    if (some[n] && sum[n] != choices) return false;
  }
  return true;
}

/* ---- all of it ---- */

static dkm_status check(const dkm_system *system, const dkm_point *point, const dkm_ground_search *how, dkm_error *err) {
  const char *reason = lack(system, point);
  const double choices = dkm_ground_choices(system->n_classes, how->most_inverted);
  if (reason) return dkm_fail(err, DKM_INPUT, "no list of stationary states at this point: %s", reason);
  if (choices > DKM_MOST_CHOICES)
    return dkm_fail(err, DKM_INPUT, "up to %d of %" PRId64 " classes can be inverted in %.0f ways, more than %.0f",
                    how->most_inverted, system->n_classes, choices, DKM_MOST_CHOICES);
  return DKM_OK;
}

static dkm_status search_all(ground_work *work, dkm_ground *ground, dkm_error *err) {
  dkm_status status;
  if (work->landscape) {
    dkm_landscape_turn(work->landscape, work->point, NULL);
    for (int nu = 0; nu < work->system->n_modes; nu++) ground->pattern_xi[nu] = dkm_landscape_kept(work->landscape, nu);
    status = describe_all(work, ground, err);
  } else
    status = dkm_ground_newton(work, 0, NULL, ground, err);
  if (status == DKM_OK && dkm_rest_kind(work->point) == REST_ALONG_FIELD) status = add_inverted(work, ground, err);
  return status;
}

static void put_in_order(const ground_work *work, dkm_ground *ground) {
  if (dkm_system_has_patterns(work->system)) {
    dkm_ground_merge_images(work->system, work->point, ground);
    ground->complete = ground->complete && signs_add_up(work->system, work->how->most_inverted, ground);
  } else
    qsort(ground->states, (size_t)ground->n, sizeof *ground->states, dkm_ground_by_depth);
  count(ground);
}

/* The system is that of the point. */
static dkm_status find(const dkm_system *system, const dkm_point *given, const dkm_ground_search *how, dkm_ground *ground,
                       dkm_error *err) {
  const dkm_point point = dkm_drive_final(system->drive, given);
  ground_work work = {.system = system, .point = &point, .how = how, .t_asked = dkm_clock_now()};
  *ground = (dkm_ground){.has_landscape = dkm_landscape_sign(system, &point) != 0};
  for (int mu = 0; mu < DKM_MAX_MODES; mu++) ground->pattern_xi[mu] = NAN;
  dkm_status status = check(system, &point, how, err);
  if (status == DKM_OK) status = dkm_fixedpoint_workspace_create(system, &work.spectra, err);
  if (status == DKM_OK && ground->has_landscape) status = dkm_landscape_create(system, &work.landscape, err);
  if (status == DKM_OK) status = search_all(&work, ground, err);
  if (status == DKM_OK) put_in_order(&work, ground);
  if (work.spectra) dkm_fixedpoint_workspace_destroy(work.spectra);
  if (work.landscape) dkm_landscape_destroy(work.landscape);
  if (status != DKM_OK) dkm_ground_free(ground);
  return status;
}

dkm_status dkm_ground_find(const dkm_system *system, const dkm_point *point, const dkm_ground_search *how, dkm_ground *ground,
                           dkm_error *err) {
  static const dkm_ground_search plain = {0};
  dkm_couplings own;
  const dkm_system *of_point;
  *ground = (dkm_ground){0};
  dkm_status status = dkm_spins_system(system, point, &own, &of_point, err);
  if (status == DKM_OK) status = find(of_point, point, how ? how : &plain, ground, err);
  dkm_couplings_free(&own);
  return status;
}

void dkm_ground_free(dkm_ground *ground) {
  free(ground->states);
  *ground = (dkm_ground){0};
}
