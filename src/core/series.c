/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A window of samples: its memory, and what it is between two of them (Hermite interpolation). */
#include "dickemap/series.h"

#include <stdlib.h>

dkm_status dkm_series_create(int n_modes, dkm_series **out, dkm_error *err) {
  const size_t most = DKM_MOTION_MOST, row = 3 * (size_t)n_modes;
  dkm_series *s = calloc(1, sizeof *s);
  if (s) {
    s->n_modes = n_modes;
    s->values = malloc(most * row * sizeof *s->values);
    s->rates = malloc(most * row * sizeof *s->rates);
    s->growth = malloc(most / DKM_MOTION_STRETCH * sizeof *s->growth);
    s->work = malloc(DKM_SERIES_WORK * sizeof *s->work);
  }
  if (!s || !s->values || !s->rates || !s->growth || !s->work) {
    dkm_series_destroy(s);
    return dkm_fail(err, DKM_MEMORY, "out of memory for %d samples of the order parameters", DKM_MOTION_MOST);
  }
  *out = s;
  return DKM_OK;
}

void dkm_series_destroy(dkm_series *s) {
  if (!s) return;
  free(s->values);
  free(s->rates);
  free(s->growth);
  free(s->work);
  free(s);
}

double dkm_series_bytes(int n_modes) {
  return sizeof(dkm_series) +
         sizeof(double) * (DKM_MOTION_MOST * (6.0 * n_modes + 1.0 / DKM_MOTION_STRETCH) + DKM_SERIES_WORK);
}

/* ---- interpolation ---- */

enum { NODES = DKM_SERIES_NODES };

/* Weights of the values and (times dt) of the rates at nodes 0 ... 7 for offset s among them:
 * (1 - 2 l_j'(j) (s - j)) l_j^2 and (s - j) l_j^2, with Lagrange's l_j(s) = prod_{m != j} (s - m)/(j - m). */
static void hermite_weights(double s, double *value, double *rate) {
  static const double scale[NODES] = {-1.0 / 5040, 1.0 / 720, -1.0 / 240, 1.0 / 144,
                                      -1.0 / 144,  1.0 / 240, -1.0 / 720, 1.0 / 5040}; /* 1/prod (j - m) */
  static const double slope[NODES] = {-363.0 / 140, -29.0 / 20, -47.0 / 60, -1.0 / 4,
                                      1.0 / 4,      47.0 / 60,  29.0 / 20,  363.0 / 140}; /* l_j'(j) = sum 1/(j - m) */
  double below[NODES], above = 1.0;
  below[0] = 1.0;
  for (int j = 1; j < NODES; j++) below[j] = below[j - 1] * (s - (j - 1));
  for (int j = NODES - 1; j >= 0; above *= s - j, j--) {
    const double lagrange = below[j] * above * scale[j], square = lagrange * lagrange;
    value[j] = (1.0 - 2.0 * slope[j] * (s - j)) * square;
    rate[j] = (s - j) * square;
  }
}

static int first_node(const dkm_series *s, double x) {
  const int i = (int)x - (NODES / 2 - 1);
  return i < 0 ? 0 : i > s->n - NODES ? s->n - NODES : i;
}

/* Of variable c from nodes i ... i + 7 with these weights. */
static double interpolate(const dkm_series *s, const double *value, const double *rate, int i, int c) {
  const int row = 3 * s->n_modes;
  double sum = 0.0, sum_rate = 0.0;
  for (int j = 0; j < NODES; j++) {
    sum += value[j] * s->values[(i + j) * row + c];
    sum_rate += rate[j] * s->rates[(i + j) * row + c];
  }
  return sum + s->dt * sum_rate;
}

void dkm_series_at(const dkm_series *s, double x, double *v) {
  const int i = first_node(s, x);
  double value[NODES], rate[NODES];
  hermite_weights(x - i, value, rate);
  for (int c = 0; c < 3 * s->n_modes; c++) v[c] = interpolate(s, value, rate, i, c);
}

double dkm_series_variable_at(const dkm_series *s, int c, double x) {
  const int i = first_node(s, x);
  double value[NODES], rate[NODES];
  hermite_weights(x - i, value, rate);
  return interpolate(s, value, rate, i, c);
}
