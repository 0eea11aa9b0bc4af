/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Samples over boxes, by GSL. */
#include "job_sample.h"

#include <gsl/gsl_qrng.h>
#include <gsl/gsl_rng.h>
#include <math.h>

#include "gsl_calls.h"

enum { MOST_DIMENSIONS = 40, STREAMS = 16 }; /* as many streams of a seed as axes at least */

/* u in [0, 1) to a value.  Long double and one rounding: what machines may disagree on in the last digits of logarithms is lost
 * in it. */
static double value_at(const dkm_sample *s, double u) {
  if (s->whole) return s->from + floor(u * (s->to - s->from + 1.0));
  if (!s->is_log) return s->from + u * (s->to - s->from);
  const long double from = logl((long double)s->from), to = logl((long double)s->to);
  const double value = (double)expl(from + (to - from) * (long double)u);
  return fmin(fmax(value, s->from), s->to);
}

dkm_status dkm_sample_random(const dkm_sample *sample, int64_t seed, int i_axis, int64_t n, double *values, dkm_error *err) {
  dkm_gsl_begin();
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  dkm_gsl_end();
  if (!rng) return dkm_fail(err, DKM_MEMORY, "out of memory for the random number generator");
  gsl_rng_set(rng, (unsigned long)(seed * STREAMS + i_axis + 1));
  for (int64_t j = 0; j < n; j++) values[j] = value_at(sample, gsl_rng_uniform(rng));
  gsl_rng_free(rng);
  return DKM_OK;
}

dkm_status dkm_sample_sobol(const dkm_sample *sample, int i, int n_axes, int64_t n, double *values, dkm_error *err) {
  double u[MOST_DIMENSIONS];
  dkm_gsl_begin();
  gsl_qrng *sequence = gsl_qrng_alloc(gsl_qrng_sobol, (unsigned)n_axes);
  dkm_gsl_end();
  if (!sequence) return dkm_fail(err, DKM_MEMORY, "out of memory for the Sobol sequence");
  for (int64_t j = 0; j < n; j++) {
    gsl_qrng_get(sequence, u);
    values[j] = value_at(sample, u[i]);
  }
  gsl_qrng_free(sequence);
  return DKM_OK;
}
