/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which of the states of +-1 patterns are images of each other. */
#include <math.h>

#include "ground.h"

/* Two numbers closer than this, in units of what is of order one, are the same of two images. */
static const double same_image = 1e-7;

/* |xi|, and among modes that are equal the largest first: the same for all images. */
static void canonical(const dkm_point *point, int n_modes, const double *xi, double *out) {
  for (int mu = 0; mu < n_modes; mu++) {
    int at = mu;
    for (int nu = mu - 1; nu >= 0; nu--) {
      if (point->Omega_mu[nu] != point->Omega_mu[mu] || point->kappa_mu[nu] != point->kappa_mu[mu]) continue;
      if (out[nu] >= fabs(xi[mu])) break;
      out[at] = out[nu];
      at = nu;
    }
    out[at] = fabs(xi[mu]);
  }
}

static bool is_close(double a, double b, double scale) {
  return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= same_image * fmax(scale, fmax(fabs(a), fabs(b)));
}

/* Whether they differ in nothing but signs of overlaps, the order of equal modes and which classes are inverted.  All signs and
 * all permutations of equal modes are symmetries of U, if only of all choices of inverted classes together; states that they do
 * not join but that agree in all of this are the same for whoever asks. */
static bool are_images(const dkm_system *system, const dkm_point *point, const dkm_ground_state *a, const dkm_ground_state *b) {
  const double unit = fabs(point->Omega);
  double one[DKM_MAX_MODES], other[DKM_MAX_MODES];
  if (a->n_inverted != b->n_inverted || a->index != b->index || a->has_spectrum != b->has_spectrum ||
      a->spectrum.n_unstable != b->spectrum.n_unstable || !is_close(a->U, b->U, unit) || !is_close(a->escape, b->escape, unit) ||
      !is_close(a->spectrum.growth_rate, b->spectrum.growth_rate, unit))
    return false;
  canonical(point, system->n_modes, a->xi, one);
  canonical(point, system->n_modes, b->xi, other);
  for (int mu = 0; mu < system->n_modes; mu++)
    if (!is_close(one[mu], other[mu], 1.0)) return false;
  return true;
}

void dkm_ground_merge_images(const dkm_system *system, const dkm_point *point, dkm_ground *ground) {
  int64_t n = 0;
  for (int64_t i = 0; i < ground->n; i++) {
    const dkm_ground_state *new = &ground->states[i];
    int64_t j = n - 1;
    while (j >= 0 && ground->states[j].n_inverted == new->n_inverted && is_close(ground->states[j].U, new->U, fabs(point->Omega)) &&
           !are_images(system, point, &ground->states[j], new))
      j--;
    if (j >= 0 && are_images(system, point, &ground->states[j], new))
      ground->states[j].n_images += new->n_images;
    else
      ground->states[n++] = *new;
  }
  ground->n = n;
}
