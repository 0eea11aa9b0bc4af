/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Means over a period: trapezoidal sums, which converge faster than any power for what is smooth and periodic. */
#include <math.h>
#include <string.h>

#include "cycle_workspace.h"

/* Samples of a period; this many for each oscillation at the fastest frequency at least. */
enum { SAMPLES = 800, LEAST_SAMPLES = 24, MOST_SAMPLES = 64 * SAMPLES };

/* An extremum between three neighbouring samples, the middle one being the largest in size. */
static double vertex(double left, double middle, double right) {
  const double curvature = left - 2.0 * middle + right, slope = right - left;
  return curvature != 0.0 ? middle - slope * slope / (8.0 * curvature) : middle;
}

/* Sums of which means over a period are made, and of squares of the distance of xi from `first`. */
typedef struct cycle_sums {
  double xi[DKM_MAX_MODES], re[DKM_MAX_MODES], im[DKM_MAX_MODES], beta_sq[DKM_MAX_MODES], square[DKM_MAX_MODES], x;
} cycle_sums;

/* Adds 1/n of a sample. */
static void add_sample(dkm_cycle_workspace *w, const double *now, const double *xi, const double *first, double n,
                       cycle_sums *sums) {
  const int64_t K = w->system.n_classes;
  const int M = w->system.n_modes;
  for (int mu = 0; mu < M; mu++) {
    const double re = now[3 * K + mu], im = now[3 * K + M + mu];
    sums->xi[mu] += xi[mu] / n;
    sums->square[mu] += (xi[mu] - first[mu]) * (xi[mu] - first[mu]) / n;
    sums->re[mu] += re / n;
    sums->im[mu] += im / n;
    sums->beta_sq[mu] += (re * re + im * im) / n;
  }
  sums->x += dkm_system_mean(&w->system, now, w->work) / n;
}

/* Samples over the period T of a drive, at whose knots rates jump: Gauss's rule of 4 points between them, some n points
 * in all. */
static bool add_pieces(dkm_cycle_workspace *w, const dkm_point *point, const double *u, double T, int n,
                       const double *first, cycle_sums *sums) {
  static const double at[4] = {0.06943184420297371, 0.33000947820757187, 0.66999052179242813, 0.93056815579702629};
  static const double weight[4] = {0.17392742256872693, 0.32607257743127307, 0.32607257743127307, 0.17392742256872693};
  const double rounding = 1e-13 * T;
  double *now = w->at_end, xi[DKM_MAX_MODES];
  memcpy(now, u, w->size * sizeof *u);
  for (double t = 0.0; T - t > rounding;) {
    const int64_t i_piece = dkm_drive_piece_at(w->system.drive, point, w->from + t + rounding);
    const double end = fmin(T, dkm_drive_piece(w->system.drive, point, i_piece).end - w->from);
    const int parts = (int)ceil(0.25 * n * (end - t) / T);
    const double length = (end - t) / parts;
    for (int part = 0; part < parts; part++)
      for (int i = 0; i <= 4; i++) {
        const double from = i > 0 ? at[i - 1] : 0.0, to = i < 4 ? at[i] : 1.0;
        if (!dkm_tangent_advance(w->tangent, point, w->from + t + (part + from) * length, (to - from) * length, now,
                                 NULL, 0, true))
          return false;
        if (i == 4) continue;
        dkm_model_overlaps(&w->system, now, xi, w->work);
        add_sample(w, now, xi, first, T / (weight[i] * length), sums);
      }
    t = end;
  }
  return true;
}

bool dkm_cycle_take_means(dkm_cycle_workspace *w, const dkm_point *given, const double *u, double T, dkm_cycle *cycle) {
  const dkm_point most = dkm_drive_most(w->system.drive, given), *point = &most;
  const int64_t K = w->system.n_classes;
  const int M = w->system.n_modes;
  double fastest = 2.0 * fabs(point->Omega), field = 0.0;
  for (int mu = 0; mu < M; mu++) {
    fastest = fmax(fastest, fabs(point->Omega_mu[mu]));
    field += 4.0 * point->g0 * (fabs(u[3 * K + mu]) + fabs(point->imbalance * u[3 * K + M + mu]));
  }
  int n = SAMPLES;
  while (n < MOST_SAMPLES && n < LEAST_SAMPLES * T * (fastest + field) / (2.0 * M_PI)) n *= 2;
  double xi[3][DKM_MAX_MODES], low[DKM_MAX_MODES], high[DKM_MAX_MODES];
  cycle_sums sums;
  memset(&sums, 0, sizeof sums);
  const bool driven = is_driven(w, given);
  double *now = w->at_end, first[DKM_MAX_MODES];
  memcpy(now, u, w->size * sizeof *u);
  for (int i = 0; i <= n + 1; i++) { /* samples 0 and 1 come again, as neighbours of the last */
    double *present = xi[i % 3];
    dkm_model_overlaps(&w->system, now, present, w->work);
    if (i == 0) memcpy(first, present, sizeof first);
    if (i < n && !driven) add_sample(w, now, present, first, n, &sums);
    for (int mu = 0; mu < M; mu++) {
      const double left = xi[(i + 1) % 3][mu], middle = xi[(i + 2) % 3][mu], right = present[mu];
      if (i == 0) low[mu] = high[mu] = right;
      if (i < 2) continue;
      if (middle >= left && middle >= right) high[mu] = fmax(high[mu], vertex(left, middle, right));
      if (middle <= left && middle <= right) low[mu] = fmin(low[mu], vertex(left, middle, right));
    }
    if (i <= n && !dkm_tangent_advance(w->tangent, given, w->from + T / n * i, T / n, now, NULL, 0, true)) return false;
  }
  if (driven && !add_pieces(w, given, u, T, n, first, &sums)) return false;
  cycle->x_mean = sums.x;
  for (int mu = 0; mu < M; mu++) {
    const double shift = sums.xi[mu] - first[mu];
    cycle->xi[mu] = sums.xi[mu];
    cycle->beta_re[mu] = sums.re[mu];
    cycle->beta_im[mu] = sums.im[mu];
    cycle->beta_sq[mu] = sums.beta_sq[mu];
    cycle->xi_rms[mu] = sqrt(fmax(0.0, sums.square[mu] - shift * shift));
    cycle->xi_amplitude[mu] = 0.5 * (high[mu] - low[mu]);
  }
  return true;
}
