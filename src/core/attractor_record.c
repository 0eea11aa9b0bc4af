/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every verdict puts into the record of a trajectory. */
#include <math.h>
#include <string.h>

#include "attractor_verdicts.h"
#include "dickemap/theory.h"

/* A pattern is retrieved if its overlap is above the first of these; another one whose
 * overlap is more than the second fraction of it makes a mixture. */
static const double retrieved_overlap = 1e-6, mixture_fraction = 1e-2;

/* Everything that needs no integration. */
static void fill_theory(const dkm_patterns *patterns, const dkm_point *point, dkm_record *record) {
  const int cue = point->pattern - 1;
  record->xi_theory = dkm_theory_xi(point, cue);
  record->g_crit = dkm_theory_g_crit(point, cue);
  record->g_retrieve = dkm_theory_g_retrieve(patterns, point, cue);
}

void attractor_fill_alpha(const dkm_patterns *patterns, int mu, double beta_re, double beta_im, dkm_record *record) {
  const double root_K = sqrt((double)patterns->n_classes);
  record->alpha_re[mu] = root_K * beta_re;
  record->alpha_im[mu] = root_K * beta_im;
}

static int8_t retrieved_pattern(const dkm_patterns *patterns, const double *xi) {
  int largest = 0;
  for (int mu = 1; mu < patterns->n_modes; mu++)
    if (fabs(xi[mu]) > fabs(xi[largest])) largest = mu;
  if (!(fabs(xi[largest]) > retrieved_overlap)) return 0;
  for (int mu = 0; mu < patterns->n_modes; mu++)
    if (mu != largest && fabs(xi[mu]) > mixture_fraction * fabs(xi[largest])) return DKM_RETRIEVED_MIXTURE;
  return (int8_t)(xi[largest] > 0.0 ? largest + 1 : -(largest + 1));
}

/* Members that every verdict has in common. */
void attractor_fill_common(const dkm_attractor *a, const dkm_patterns *patterns, const dkm_point *point,
                           const double *xi_rms, const dkm_lane *lane, dkm_record *record) {
  dkm_record_clear(record);
  fill_theory(patterns, point, record);
  record->t_end = lane->t;
  record->steps = a->steps + lane->steps;
  record->drift = a->drift;
  if (xi_rms) memcpy(record->xi_rms, xi_rms, (size_t)patterns->n_modes * sizeof(double));
}

void attractor_fill_stationary(const dkm_patterns *patterns, const dkm_fixedpoint *fixed, const double *state,
                               const dkm_spectrum *spectrum, dkm_record *record) {
  const int M = patterns->n_modes;
  const double *re = state + 3 * patterns->n_classes, *im = re + M;
  for (int mu = 0; mu < M; mu++) {
    record->xi[mu] = fixed->xi[mu];
    attractor_fill_alpha(patterns, mu, re[mu], im[mu], record);
    record->occupation[mu] = (double)patterns->n_classes * (re[mu] * re[mu] + im[mu] * im[mu]);
  }
  record->retrieved = retrieved_pattern(patterns, record->xi);
  record->drift = fixed->distance;
  record->precession = fixed->precession;
  if (!spectrum) return;
  record->growth_rate = spectrum->growth_rate;
  record->decay_rate = spectrum->decay_rate;
  record->n_unstable = (int32_t)spectrum->n_unstable;
  record->n_neutral = (int32_t)spectrum->n_neutral;
}

/* Means over the last window. The mean of beta follows from that of xi: the mean of beta' is
 * the change of beta over the window divided by its length. */
void attractor_fill_means(const dkm_patterns *patterns, const dkm_point *point, const dkm_window *window,
                          dkm_record *record) {
  for (int mu = 0; mu < patterns->n_modes; mu++) {
    const double D = point->Omega_mu[mu] * point->Omega_mu[mu] + 0.25 * point->kappa_mu[mu] * point->kappa_mu[mu];
    const double factor = -point->g0 * window->mean[mu] / D;
    record->xi[mu] = window->mean[mu];
    attractor_fill_alpha(patterns, mu, factor * point->Omega_mu[mu], factor * 0.5 * point->kappa_mu[mu], record);
    record->occupation[mu] = (double)patterns->n_classes * window->occupation[mu];
  }
}

double attractor_residual(const dkm_patterns *patterns, const dkm_point *point, const double *u, double *scratch) {
  const size_t n = dkm_model_size(patterns);
  double largest = 0.0;
  dkm_model_rhs(patterns, point, u, scratch, scratch + n);
  for (size_t i = 0; i < n; i++)
    if (!(fabs(scratch[i]) <= largest)) largest = fabs(scratch[i]);
  return largest;
}
