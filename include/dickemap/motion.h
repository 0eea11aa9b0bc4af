/* SPDX-License-Identifier: GPL-3.0-or-later */
/* motion: what kind of motion a series of order parameters shows.
 *
 * A series holds the order parameters v = (xi_mu, Re beta_mu, Im beta_mu) and their time
 * derivatives, both exact to the integrator's tolerance, at uniform times t0 + i dt; between
 * them Hermite interpolation through 8 samples is as good as the samples themselves while
 * the fastest frequency in it times dt stays below DKM_MOTION_PHASE.
 *
 * Cycle or torus is decided on a section of the flow: one of the variables crosses a level upwards.  The
 * variable and the level are those that are crossed fastest.  A cycle returns to the same point of the section
 * after p crossings (the smallest such p: a multiple of a period is no period) and, for the
 * verdict, recurs at every other phase and over the whole window as well.  A torus does
 * not, has more than one frequency in its spectrum, the same ones in both halves of the
 * window, and neighbours that do not part exponentially.
 *
 * Only + - * / sqrt enter, no function of the C library whose last bit might depend on the
 * machine: not the logarithm for the exponent, nor the sines of the Fourier transform. */
#ifndef DICKEMAP_MOTION_H
#define DICKEMAP_MOTION_H
#include <stdbool.h>

#include "dickemap/patterns.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A window has 2^10 ... 2^15 samples, and from 2^13 on it counts as a long one; the growth of a small separation is
 * measured every 8 of them. */
enum { DKM_MOTION_LEAST = 1 << 10, DKM_MOTION_LONG = 1 << 13, DKM_MOTION_MOST = 1 << 15, DKM_MOTION_STRETCH = 8 };

/* Largest frequency times dt. Interpolation errors are 2e-12 of what oscillates at that frequency, 1e-7 of
 * its second harmonic, 7e-5 of the third. */
#define DKM_MOTION_PHASE 0.7853981633974483

typedef struct dkm_series {
  int n_modes, n_samples;  /* n_samples: of this window, a power of two */
  int n;                   /* taken so far */
  double t0, dt;
  double *values, *rates;  /* values[i*3M + c], c = mu: xi, M + mu: Re beta, 2M + mu: Im beta */
  double *growth;          /* growth[j]: factor of a small separation between samples 8j and 8(j+1) */
  double *work;            /* of dkm_motion_analyse */
} dkm_series;

/* Room for DKM_MOTION_MOST samples. Fails with DKM_MEMORY. */
dkm_status dkm_series_create(int n_modes, dkm_series **out, dkm_error *err);
void dkm_series_destroy(dkm_series *series);
double dkm_series_bytes(int n_modes);

/* v at time t0 + x dt, 3M values; 3 <= x <= n - 4. */
void dkm_series_at(const dkm_series *series, double x, double *v);

typedef enum dkm_motion_kind {
  DKM_MOTION_UNCLEAR, /* drifting, or the window is too short to tell */
  DKM_MOTION_CYCLE,
  DKM_MOTION_TORUS,
  DKM_MOTION_CHAOS
} dkm_motion_kind;

typedef struct dkm_motion {
  dkm_motion_kind kind;
  /* Means (weighted with sin^2, so that the phase at which the window ends hardly matters). */
  double xi[DKM_MAX_MODES], beta_re[DKM_MAX_MODES], beta_im[DKM_MAX_MODES];
  double xi_rms[DKM_MAX_MODES], beta_sq[DKM_MAX_MODES];
  double size;         /* sqrt of the summed variances of all 3M variables */
  double half_size[2]; /* the same of the two halves of the window */
  double amplitude;    /* largest half of peak to peak of a xi */
  double drift;        /* change of the mean of xi between the halves of the window */
  double period;       /* CYCLE */
  double recurrence;   /* CYCLE: largest |v(t + n period) - v(t)|/size found in the window */
  double frequency[2]; /* angular; CYCLE: of the cycle, NaN; otherwise: leading lines of the spectrum, NaN if absent */
  double weight[2];    /* their power, as fractions of the leading one */
  double lyapunov;     /* growth rate of a small separation, its alignment at the beginning left out */
  double growth;       /* logarithm of the growth that it was measured from */
  double lyapunov_error; /* standard error of its mean over blocks */
} dkm_motion;

/* Looks at a full window. tolerance: the integrator's. */
void dkm_motion_analyse(const dkm_series *series, double tolerance, dkm_motion *motion);

/* log(a) for a > 0 within 1e-15, from + - * / alone. */
double dkm_motion_log(double a);

#ifdef __cplusplus
}
#endif

#endif
