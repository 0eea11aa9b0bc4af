/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The task exactness of a job: which models it knows, and when it looks. */
#include "job_exactness.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/option.h"
#include "dickemap/task.h"
#include "job_axes.h"

enum { MOST_MODES = 2 }; /* three would take weeks */

/* What a point has, or all points of a job have, of what its computation depends on. */
struct demands {
  bool lossy;
  double least, most;            /* spins of a class */
  const dkm_parameter *has_more; /* what the mean field knows and large spins do not; NULL */
};

enum { N_UNKNOWN = 3 };
static const dkm_parameter *unknown_to_large_spins(int i) {
  const dkm_parameter *const list[N_UNKNOWN] = {DKM_PARAMETER(flip), DKM_PARAMETER(flip_exactly), DKM_PARAMETER(imbalance)};
  return list[i];
}

/* A rule that they break: what of the job does, an option or a parameter with such a value (NaN: no single one), and what is wrong. */
struct breach {
  const char *key; /* NULL: there is none */
  const dkm_parameter *parameter;
  double value;
  char text[DKM_MESSAGE_BYTES];
};

__attribute__((format(printf, 3, 4))) static void break_option(struct breach *breach, const char *key, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  *breach = (struct breach){.key = key};
  vsnprintf(breach->text, sizeof breach->text, format, arguments);
  va_end(arguments);
}

__attribute__((format(printf, 4, 5))) static void break_parameter(struct breach *breach, const dkm_parameter *parameter, double value,
                                                                  const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  *breach = (struct breach){.key = parameter->key, .parameter = parameter, .value = value};
  vsnprintf(breach->text, sizeof breach->text, format, arguments);
  va_end(arguments);
}

/* The first that they break. */
static void find_breach(const dkm_job *job, const struct demands *demands, struct breach *breach) {
  const dkm_parameter *spins = DKM_PARAMETER(spins_per_class);
  const dkm_option *patterns = DKM_OPTION(system.n_modes), *method = DKM_OPTION(exactness.method);
  const double N = demands->most;
  *breach = (struct breach){.key = NULL};
  if (demands->lossy && job->system.n_modes > 1) {
    break_option(breach, patterns->key, "is %d, but must be 1 for task: exactness with losses of single spins", job->system.n_modes);
  } else if (demands->has_more) {
    break_parameter(breach, demands->has_more, NAN, "is not 0 everywhere, but task: exactness knows nothing of it; leave it out");
  } else if (demands->least < 1 || N > DKM_FINITE_MAX_SPINS) {
    const double wrong = demands->least < 1 ? demands->least : N;
    break_parameter(breach, spins, wrong, "is %g, but task: exactness needs an integer 1 ... %g, as a key or an axis", wrong,
                    DKM_FINITE_MAX_SPINS);
  } else if (demands->lossy && N > DKM_FINITE_MAX_SYMMETRIC) {
    break_parameter(breach, spins, N,
                    "is %g, but with losses of single spins must be at most %d: the permutation-invariant space of N spins has "
                    "(N + 1)(N + 2)(N + 3)/6 = %.0f dimensions for each pair of photon numbers",
                    N, DKM_FINITE_MAX_SYMMETRIC, (N + 1) * (N + 2) * (N + 3) / 6);
  } else if (demands->lossy && job->exactness.method != DKM_FINITE_AUTO) {
    break_option(breach, method->key, "is %s, but must be automatic with losses of single spins, which leave the large spins' space",
                 dkm_option_word(method, job));
  }
}

static dkm_status check_model(const dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  if (job->system.mapping != DKM_GAUGED)
    return dkm_schema_fail(source, err, "model.mapping", "is %s, but task: exactness knows gauged patterns alone",
                           dkm_option_word(DKM_OPTION(system.mapping), job));
  if (job->system.n_modes > MOST_MODES)
    return dkm_schema_fail(source, err, "model.patterns", "is %d, but must be 1 or 2 for task: exactness", job->system.n_modes);
  if (job->drive) return dkm_schema_fail(source, err, "drive.time", "is given, but task: exactness knows no drives");
  return DKM_OK;
}

static dkm_status check_points(const dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  struct demands demands = {.lossy = dkm_job_axes_any(job, DKM_PARAMETER(gamma_down)) || dkm_job_axes_any(job, DKM_PARAMETER(gamma_up)) ||
                                     dkm_job_axes_any(job, DKM_PARAMETER(gamma_phi))};
  struct breach breach;
  char place[DKM_PLACE_BYTES];
  dkm_job_axes_range(job, DKM_PARAMETER(spins_per_class), &demands.least, &demands.most);
  for (int i = 0; i < N_UNKNOWN && !demands.has_more; i++)
    if (dkm_job_axes_any(job, unknown_to_large_spins(i))) demands.has_more = unknown_to_large_spins(i);
  find_breach(job, &demands, &breach);
  if (!breach.key) return DKM_OK;
  const char *path = breach.parameter ? dkm_job_axes_place(job, source, breach.parameter, breach.value, place) : breach.key;
  return dkm_schema_fail(source, err, path, "%s", breach.text);
}

dkm_status dkm_job_check_point(const dkm_job *job, const dkm_point *point, dkm_error *err) {
  if (job->task != &dkm_task_exactness) return DKM_OK;
  struct demands demands = {.lossy = dkm_point_has_losses(point)};
  struct breach breach;
  demands.least = demands.most = dkm_parameter_get(DKM_PARAMETER(spins_per_class), point, 0);
  for (int i = 0; i < N_UNKNOWN && !demands.has_more; i++)
    if (dkm_parameter_get(unknown_to_large_spins(i), point, 0) != 0.0) demands.has_more = unknown_to_large_spins(i);
  find_breach(job, &demands, &breach);
  return breach.key ? dkm_fail(err, DKM_INPUT, "point: %s %s", breach.key, breach.text) : DKM_OK;
}

dkm_status dkm_job_exactness_read(dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  dkm_exactness *exactness = &job->exactness;
  if (job->task != &dkm_task_exactness) return DKM_OK;
  dkm_status status = check_model(job, source, err);
  if (status == DKM_OK) status = check_points(job, source, err);
  if (status != DKM_OK) return status;
  exactness->times = malloc((size_t)exactness->n_times * sizeof *exactness->times);
  if (!exactness->times) return dkm_fail(err, DKM_MEMORY, "%s: out of memory for %lld times", source->path, (long long)exactness->n_times);
  for (int64_t i = 0; i < exactness->n_times; i++)
    exactness->times[i] = exactness->t_end * ((double)i / (double)(exactness->n_times - 1));
  return DKM_OK;
}
