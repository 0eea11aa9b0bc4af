/* SPDX-License-Identifier: GPL-3.0-or-later */
/* series: order parameters of a trajectory at uniform times, and between them.
 *
 * A series holds the order parameters v = (xi_mu, Re beta_mu, Im beta_mu) and their time derivatives, both exact to the
 * integrator's tolerance, at times t0 + i dt; between them Hermite interpolation through 8 samples is as good as the
 * samples themselves while the fastest frequency in it times dt stays below DKM_MOTION_PHASE. */
#ifndef DICKEMAP_SERIES_H
#define DICKEMAP_SERIES_H
#include "dickemap/model.h"

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

/* One variable of it. */
double dkm_series_variable_at(const dkm_series *series, int c, double x);

/* Samples that an interpolated value is made from; doubles of work space. */
enum { DKM_SERIES_NODES = 8, DKM_SERIES_WORK = 5 * DKM_MOTION_MOST };

#ifdef __cplusplus
}
#endif

#endif
