/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The growth of a separation, summed in blocks that double in length. */
#include "dickemap/exponent.h"

#include <math.h>
#include <string.h>

/* Blocks that are needed for an estimate, and the parts of the time that are left out. */
enum { LEAST_BLOCKS = 8, CUTS = 3 };
static const double left_out[CUTS] = {0.25, 0.375, 0.5};

double dkm_exponent_log(double a) {
  static const double log_2 = 0.693147180559945309417;
  int exponent = 0;               /* of NaN it is unspecified */
  double m = frexp(a, &exponent); /* exact */
  if (m < 0.70710678118654752) {
    m *= 2.0;
    exponent--;
  }
  /* log m = 2 artanh s, |s| < 0.172: s^25/25 is below the last bit. */
  const double s = (m - 1.0) / (m + 1.0), square = s * s;
  double sum = 0.0;
  for (int n = 23; n >= 1; n -= 2) sum = sum * square + 1.0 / n;
  return exponent * log_2 + 2.0 * s * sum;
}

void dkm_exponent_begin(dkm_exponent *e) {
  memset(e, 0, sizeof *e);
}

static void merge_pairs(dkm_exponent *e) {
  for (int i = 0; i < DKM_EXPONENT_BLOCKS / 2; i++) {
    e->time[i] = e->time[2 * i] + e->time[2 * i + 1];
    e->growth[i] = e->growth[2 * i] + e->growth[2 * i + 1];
    e->doubt[i] = e->doubt[2 * i] + e->doubt[2 * i + 1];
  }
  e->n = DKM_EXPONENT_BLOCKS / 2;
  e->block_time *= 2.0;
}

void dkm_exponent_add(dkm_exponent *e, double factor, double time, double doubt) {
  if (!(factor > 0.0) || !isfinite(factor)) return;
  if (e->block_time == 0.0) e->block_time = time;
  e->last_time += time;
  e->last_growth += dkm_exponent_log(factor);
  e->last_doubt += doubt;
  if (e->last_time < e->block_time) return;
  if (e->n == DKM_EXPONENT_BLOCKS) merge_pairs(e);
  e->time[e->n] = e->last_time;
  e->growth[e->n] = e->last_growth;
  e->doubt[e->n++] = e->last_doubt;
  e->last_time = e->last_growth = e->last_doubt = 0.0;
}

/* Standard error of the rate, from blocks first ... n-1 in groups of `size`, as many as there are at the end. */
static double error_of_groups(const dkm_exponent *e, int first, int size, double rate) {
  double square = 0.0, time = 0.0;
  int n = 0;
  for (int i = first + (e->n - first) % size; i < e->n; i += size, n++) {
    double apart = 0.0;
    for (int j = i; j < i + size; j++) {
      apart += e->growth[j] - rate * e->time[j];
      time += e->time[j];
    }
    square += apart * apart;
  }
  return n >= 2 ? sqrt(square * n / (n - 1.0)) / time : 0.0;
}

/* The estimate from block `first` on. */
static void estimate_from(const dkm_exponent *e, int first, double part, dkm_exponent_estimate *now) {
  double growth = 0.0, doubt = 0.0, time = 0.0, error = 0.0;
  for (int i = first; i < e->n; i++) {
    growth += e->growth[i];
    doubt += e->doubt[i];
    time += e->time[i];
  }
  const double mean = growth / time, shear = dkm_exponent_log(1.0 / part) / time;
  for (int size = 1; 2 * size <= e->n - first; size *= 2) error = fmax(error, error_of_groups(e, first, size, mean));
  now->doubt = 0.5 * doubt / time;
  now->rate = mean - now->doubt;
  now->error = sqrt(error * error + shear * shear + now->doubt * now->doubt);
}

dkm_exponent_estimate dkm_exponent_now(const dkm_exponent *e) {
  dkm_exponent_estimate now = {.time = e->last_time, .rate = NAN, .error = NAN, .doubt = NAN};
  for (int i = 0; i < e->n; i++) now.time += e->time[i];
  now.late_growth = e->last_growth - e->last_doubt;
  now.late_time = e->last_time;
  double before = 0.0;
  int cut = 0;
  for (int i = 0; i < e->n; before += e->time[i], i++) {
    if (before >= 0.5 * now.time) {
      now.late_growth += e->growth[i] - e->doubt[i];
      now.late_time += e->time[i];
    }
    if (cut == CUTS || before < left_out[cut] * now.time || e->n < LEAST_BLOCKS) continue;
    dkm_exponent_estimate another = now;
    estimate_from(e, i, left_out[cut++], &another);
    if (cut == 1 || another.error < now.error) now = another;
  }
  return now;
}
