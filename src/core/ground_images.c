/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which of the states of +-1 patterns are images of each other.
 *
 * Signs of the overlaps are symmetries: eps_mu = +-1 turns xi_mu to eps_mu xi_mu and the spins of the column f to those of eps f, so
 * that other classes are inverted.  All images exist, whether the search found them or not, and their number is known: 2^M divided by
 * that of the signs that change neither xi nor the choice of classes.  Permutations of equal modes are symmetries too; what they
 * make of a state is found on its own. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground.h"

/* Two numbers closer than this, in units of what is of order one, are the same of two images. */
static const double same_image = 1e-7;

/* ---- signs ---- */

/* Bit M - 1 - mu of a class is set where its column has -1 in row mu; of gauged patterns the first row is +1. */
static int64_t turned_class(const dkm_system *system, int64_t k, int64_t signs) {
  const int64_t first = (int64_t)1 << (system->n_modes - 1);
  if (system->mapping == DKM_GAUGED && (signs & first)) signs ^= 2 * first - 1;
  return k ^ signs;
}

/* The classes that these signs lead to, rising. */
static void turn_classes(const dkm_system *system, int n, const int64_t *classes, int64_t signs, int64_t *out) {
  for (int i = 0; i < n; i++) {
    const int64_t k = turned_class(system, classes[i], signs);
    int at = i;
    for (; at > 0 && out[at - 1] > k; at--) out[at] = out[at - 1];
    out[at] = k;
  }
}

static int compare_classes(int n, const int64_t *a, const int64_t *b) {
  for (int i = 0; i < n; i++)
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  return 0;
}

/* To xi >= 0 and, as signs of overlaps that are 0 are free, the first choice of classes. */
static void turn_signs(const dkm_system *system, dkm_ground_state *s) {
  const int M = system->n_modes;
  int64_t signs = 0, free_signs = 0, n_kept = 0, classes[DKM_MOST_INVERTED], best[DKM_MOST_INVERTED];
  for (int mu = 0; mu < M; mu++) {
    const int64_t bit = (int64_t)1 << (M - 1 - mu);
    if (s->xi[mu] == 0.0) free_signs |= bit;
    if (!(s->xi[mu] < 0.0)) continue;
    signs |= bit;
    s->xi[mu] = -s->xi[mu];
    s->alpha_re[mu] = -s->alpha_re[mu];
    s->alpha_im[mu] = -s->alpha_im[mu];
  }
  turn_classes(system, s->n_inverted, s->inverted, signs, best);
  memcpy(s->inverted, best, sizeof best);
  for (int64_t some = free_signs;; some = (some - 1) & free_signs) { /* each choice of them, 0 the last */
    turn_classes(system, s->n_inverted, s->inverted, some, classes);
    const int order = compare_classes(s->n_inverted, classes, s->inverted);
    n_kept += order == 0;
    if (compare_classes(s->n_inverted, classes, best) < 0) memcpy(best, classes, sizeof best);
    if (some == 0) break;
  }
  memcpy(s->inverted, best, sizeof best);
  s->n_images = ((int64_t)1 << M) / n_kept;
}

/* ---- permutations of equal modes ---- */

static bool are_equal_modes(const dkm_point *point, int mu, int nu) {
  return point->Omega_mu[mu] == point->Omega_mu[nu] && point->kappa_mu[mu] == point->kappa_mu[nu];
}

static void swap(double *values, int mu, int nu) {
  const double kept = values[mu];
  values[mu] = values[nu];
  values[nu] = kept;
}

/* Among equal modes the largest overlap first. */
static void sort_equal_modes(const dkm_point *point, int n_modes, dkm_ground_state *s) {
  for (int mu = 1; mu < n_modes; mu++)
    for (int at = mu, nu = mu - 1; nu >= 0; nu--) {
      if (!are_equal_modes(point, nu, at)) continue;
      if (s->xi[nu] >= s->xi[at]) break;
      swap(s->xi, nu, at);
      swap(s->alpha_re, nu, at);
      swap(s->alpha_im, nu, at);
      at = nu;
    }
}

/* ---- which are the same ---- */

static bool is_close(double a, double b, double scale) {
  if (!isfinite(a) || !isfinite(b)) return a == b || (isnan(a) && isnan(b));
  return fabs(a - b) <= same_image * fmax(scale, fmax(fabs(a), fabs(b)));
}

/* Whether two agree in all that is known of them. */
static bool agree(int n_modes, double unit, const dkm_ground_state *a, const dkm_ground_state *b) {
  if (a->index != b->index || a->has_spectrum != b->has_spectrum || a->spectrum.n_unstable != b->spectrum.n_unstable ||
      !is_close(a->escape, b->escape, unit) || !is_close(a->spectrum.growth_rate, b->spectrum.growth_rate, unit))
    return false;
  for (int mu = 0; mu < n_modes; mu++)
    if (!is_close(a->xi[mu], b->xi[mu], 1.0)) return false;
  return true;
}

/* Leaves one of each kind, in the order of a ground.  by_signs: those that signs make of one, whose number is known already; else
 * those that agree, with the sum of their images: permutations make them of one, or no difference between them is recorded. */
static void merge(int n_modes, double unit, bool by_signs, dkm_ground *ground) {
  int64_t n = 0;
  qsort(ground->states, (size_t)ground->n, sizeof *ground->states, dkm_ground_by_depth);
  for (int64_t i = 0; i < ground->n; i++) {
    const dkm_ground_state *new = &ground->states[i];
    bool known = false;
    for (int64_t j = n; j-- > 0 && !known;) {
      dkm_ground_state *s = &ground->states[j];
      if (s->n_inverted != new->n_inverted || !is_close(s->U, new->U, unit)) break;
      known = agree(n_modes, unit, s, new) && (!by_signs || compare_classes(s->n_inverted, s->inverted, new->inverted) == 0);
      if (known && !by_signs) s->n_images += new->n_images;
    }
    if (!known) ground->states[n++] = *new;
  }
  ground->n = n;
}

void dkm_ground_merge_images(const dkm_system *system, const dkm_point *point, dkm_ground *ground) {
  const int M = system->n_modes;
  for (int64_t i = 0; i < ground->n; i++) turn_signs(system, &ground->states[i]);
  merge(M, fabs(point->Omega), true, ground);
  for (int64_t i = 0; i < ground->n; i++) sort_equal_modes(point, M, &ground->states[i]);
  merge(M, fabs(point->Omega), false, ground);
}
