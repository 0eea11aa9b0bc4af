/* SPDX-License-Identifier: GPL-3.0-or-later */
/* motion: what kind of motion a series of order parameters (series.h) shows.
 *
 * A cycle is only guessed here, and shown by shooting (cycle.h): on a section of the flow, where one of the variables
 * crosses a level upwards, the variable and the level being those that are crossed fastest, the motion comes back
 * near to where it was after p crossings.  A torus has more than one frequency in its spectrum, the same ones in both
 * halves of the window, and neighbours that do not part exponentially.
 *
 * Only + - * / sqrt enter, no function of the C library whose last bit might depend on the machine, not even for the
 * logarithm of growth. The exception is GSL's Fourier transform, that is, the frequencies and weights of lines. Its
 * radix-2 transform asks for the sines of pi/2^j alone; the table of sines that GSL's other one makes has other bits on
 * machines without fused multiply-add. */
#ifndef DICKEMAP_MOTION_H
#define DICKEMAP_MOTION_H
#include <stdbool.h>

#include "dickemap/series.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum dkm_motion_kind {
  DKM_MOTION_UNCLEAR, /* drifting, or the window is too short to tell */
  DKM_MOTION_TORUS,
  DKM_MOTION_CHAOS
} dkm_motion_kind;

enum { DKM_MOTION_PERIODS = 4 };

typedef struct dkm_motion {
  dkm_motion_kind kind;
  /* Means (weighted with sin^2, so that the phase at which the window ends hardly matters). */
  double xi[DKM_MAX_MODES], beta_re[DKM_MAX_MODES], beta_im[DKM_MAX_MODES];
  double xi_rms[DKM_MAX_MODES], beta_sq[DKM_MAX_MODES];
  double xi_amplitude[DKM_MAX_MODES]; /* half of peak to peak */
  double size;         /* sqrt of the summed variances of all 3M variables */
  double half_size[2]; /* the same of the two halves of the window */
  double amplitude;    /* the largest of xi_amplitude */
  double rate_max;     /* largest |rate| of a sample */
  double quietest;     /* smallest max_c |v_c| of a sample: how near it came to order parameters of zero */
  double drift;        /* change of the mean of xi between the halves of the window */
  int n_periods;       /* what may be periods, from the shortest: each recurs better by half than those before */
  double periods[DKM_MOTION_PERIODS];
  double recurrence;   /* of the last of them: |v(t) - v(t - period)|/size at the end of the window; NaN: there is none */
  double frequency[2]; /* angular; leading lines of the spectrum, NaN if absent */
  double weight[2];    /* their power, as fractions of the leading one */
  double growth;       /* logarithm of the growth of a small separation, its alignment at the beginning left out */
  /* Mean of the power that the modes take in, E' of dkm_motion_power; its standard error, from halves or quarters of the
   * window, whichever is larger; and what it depends on how samples are weighted. */
  double power, power_error, power_resolution;
} dkm_motion;

/* E' per spin where the order parameters are v (3M values as in a series): with the energy
 *   E = Omega sum_k w_k x_k + sum_mu Omega_mu |beta_mu|^2 + 2 g0 sum_mu Re beta_mu xi_mu,
 *   E' = -sum_mu kappa_mu (Omega_mu |beta_mu|^2 + g0 xi_mu Re beta_mu)
 * exactly, so that its mean over a window is a drift without cancellation. */
double dkm_motion_power(const dkm_point *point, int n_modes, const double *v);

/* Looks at a full window. tolerance: the integrator's. */
void dkm_motion_analyse(const dkm_series *series, const dkm_point *point, double tolerance, dkm_motion *motion);

#ifdef __cplusplus
}
#endif

#endif
