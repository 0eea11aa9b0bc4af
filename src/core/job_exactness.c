/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The task exactness of a job: which models it knows, and when it looks. */
#include "job_exactness.h"

#include <stdlib.h>
#include <string.h>

#include "dickemap/option.h"
#include "dickemap/task.h"
#include "job_axes.h"

enum { MOST_MODES = 2 }; /* three would take weeks */

static bool is_given(const dkm_job_source *source, const char *key) {
  return dkm_schema_text(source, key)->value != NULL;
}

static dkm_status refuse_without_task(const dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  for (int i = 0; i < dkm_n_options; i++)
    if (strncmp(dkm_options[i].key, "exactness.", strlen("exactness.")) == 0 && is_given(source, dkm_options[i].key))
      return dkm_schema_fail(source, err, dkm_options[i].key, "has no effect without task: exactness");
  if (dkm_job_axes_any(job, DKM_PARAMETER(spins_per_class)))
    return dkm_schema_fail(source, err, DKM_PARAMETER(spins_per_class)->key, "has no effect without task: exactness");
  return DKM_OK;
}

/* What the mean field may have and large spins may not. */
static dkm_status check_model(const dkm_job *job, const dkm_job_source *source, bool lossy, dkm_error *err) {
  const dkm_parameter *const refused[] = {DKM_PARAMETER(flip), DKM_PARAMETER(flip_exactly), DKM_PARAMETER(imbalance)};
  if (job->system.mapping != DKM_GAUGED)
    return dkm_schema_fail(source, err, "model.mapping", "is %s, but task: exactness knows gauged patterns alone",
                           dkm_option_word(DKM_OPTION(system.mapping), job));
  if (job->system.n_modes > MOST_MODES)
    return dkm_schema_fail(source, err, "model.patterns", "is %d, but must be 1 or 2 for task: exactness", job->system.n_modes);
  if (lossy && job->system.n_modes > 1)
    return dkm_schema_fail(source, err, "model.patterns", "is %d, but must be 1 for task: exactness with losses of single spins",
                           job->system.n_modes);
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
    if (dkm_job_axes_any(job, refused[i]))
      return dkm_schema_fail(source, err, refused[i]->key, "is not 0 everywhere, but task: exactness knows nothing of it; leave it out");
  if (job->drive) return dkm_schema_fail(source, err, "drive.time", "is given, but task: exactness knows no drives");
  if (job->solver.sensitivity)
    return dkm_schema_fail(source, err, DKM_OPTION(solver.sensitivity)->key, "is on, but has no effect with task: exactness");
  return DKM_OK;
}

static dkm_status check_spins(const dkm_job *job, const dkm_job_source *source, bool lossy, dkm_error *err) {
  const dkm_parameter *parameter = DKM_PARAMETER(spins_per_class);
  double least, largest;
  dkm_job_axes_range(job, parameter, &least, &largest);
  if (least < 1)
    return dkm_schema_fail(source, err, parameter->key, "is 0, but task: exactness needs an integer 1 ... %g, as a key or an axis",
                           DKM_FINITE_MAX_SPINS);
  if (lossy && largest > DKM_FINITE_MAX_SYMMETRIC)
    return dkm_schema_fail(source, err, parameter->key,
                           "is up to %g, but with losses of single spins must be at most %d: the permutation-invariant space of N spins "
                           "has (N + 1)(N + 2)(N + 3)/6 = %.0f dimensions for each pair of photon numbers",
                           largest, DKM_FINITE_MAX_SYMMETRIC, (largest + 1) * (largest + 2) * (largest + 3) / 6);
  if (lossy && job->exactness.method != DKM_FINITE_AUTO)
    return dkm_schema_fail(source, err, DKM_OPTION(exactness.method)->key,
                           "is %s, but must be automatic with losses of single spins, which leave the large spins' space",
                           dkm_option_word(DKM_OPTION(exactness.method), job));
  return DKM_OK;
}

dkm_status dkm_job_exactness_read(dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  dkm_exactness *exactness = &job->exactness;
  if (job->task != &dkm_task_exactness) return refuse_without_task(job, source, err);
  const bool lossy = dkm_job_axes_any(job, DKM_PARAMETER(gamma_down)) || dkm_job_axes_any(job, DKM_PARAMETER(gamma_up)) ||
                     dkm_job_axes_any(job, DKM_PARAMETER(gamma_phi));
  dkm_status status = check_model(job, source, lossy, err);
  if (status == DKM_OK) status = check_spins(job, source, lossy, err);
  if (status != DKM_OK) return status;
  exactness->times = malloc((size_t)exactness->n_times * sizeof *exactness->times);
  if (!exactness->times) return dkm_fail(err, DKM_MEMORY, "%s: out of memory for %lld times", source->path, (long long)exactness->n_times);
  for (int64_t i = 0; i < exactness->n_times; i++)
    exactness->times[i] = exactness->t_end * ((double)i / (double)(exactness->n_times - 1));
  return DKM_OK;
}
