/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is hardly meant, though it is no error; see job_warnings.h. */
#define _GNU_SOURCE /* asprintf */
#include "job_warnings.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/option.h"
#include "dickemap/task.h"
#include "job_axes.h"

__attribute__((format(printf, 3, 4))) static dkm_status warn(dkm_job *job, dkm_error *err, const char *format, ...) {
  char text[256], *all = NULL;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (asprintf(&all, "%s%s%s", job->warning ? job->warning : "", job->warning ? "; " : "", text) < 0)
    return dkm_fail(err, DKM_MEMORY, "out of memory for a job");
  free(job->warning);
  job->warning = all;
  return DKM_OK;
}

dkm_status dkm_job_warn_of_duplicates(dkm_job *job, dkm_error *err) {
  int first, second, sign;
  if (!dkm_matrix_find_duplicate(&job->tables->matrix, &first, &second, &sign)) return DKM_OK;
  const char *text = sign > 0 ? "the same" : "the same but for the sign";
  return warn(job, err, "patterns %d and %d are %s", first + 1, second + 1, text);
}

/* What a seed draws by: where all are 0 it draws nothing, but for quantum trajectories. */
enum { N_DRAWN = 2 };
static const dkm_parameter *drawn_by(int i) {
  return i == 0 ? DKM_PARAMETER(perturbation) : DKM_PARAMETER(flip_exactly);
}

static bool seeds_draw(const dkm_job *job) {
  bool draws = job->task == &dkm_task_exactness;
  for (int i = 0; i < N_DRAWN; i++) draws = draws || dkm_job_axes_any(job, drawn_by(i));
  return draws;
}

/* Whether all that an axis of this dimension, or none, gives of these is 0 at index j of it. */
static bool is_idle_at(const dkm_job *job, int dim, int64_t j) {
  for (int i = 0; i < N_DRAWN; i++) {
    const int axis = dkm_job_axes_find(job, drawn_by(i));
    if (axis >= 0 && job->axes[axis].dim == dim && job->axes[axis].values[j] != 0.0) return false;
  }
  return true;
}

bool dkm_job_seeds_in_part(const dkm_job *job) {
  const int seed = dkm_job_axes_find(job, DKM_PARAMETER(seed));
  if (seed < 0 || job->axes[seed].n == 1 || job->task == &dkm_task_exactness || !seeds_draw(job)) return false;
  for (int i = 0; i < N_DRAWN; i++) {
    const int axis = dkm_job_axes_find(job, drawn_by(i));
    if (axis < 0 && dkm_parameter_get(drawn_by(i), &job->base, 0) != 0.0) return false;
    /* Beside its own seed each, or searched from 0 on, 0 is one start. */
    if (axis >= 0 && (job->axes[axis].dim == job->axes[seed].dim || job->axes[axis].dim > job->n_dims)) return false;
    bool any = axis < 0;
    for (int64_t j = 0; axis >= 0 && j < job->axes[axis].n; j++) any = any || is_idle_at(job, job->axes[axis].dim, j);
    if (!any) return false;
  }
  return true;
}

/* Whether no axis advances together with it. */
static bool is_alone(const dkm_job *job, int i) {
  int n = 0;
  for (int j = 0; j < job->n_axes; j++) n += job->axes[j].dim == job->axes[i].dim;
  return n == 1;
}

dkm_status dkm_job_warn_of_idle_axes(dkm_job *job, dkm_error *err) {
  const bool draws = seeds_draw(job);
  dkm_status status = DKM_OK;
  for (int i = 0; i < job->n_axes && status == DKM_OK; i++) {
    if (job->axes[i].n == 1) continue;
    const bool is_counted = job->reduces && job->axes[i].dim == job->n_dims && is_alone(job, i);
    if (job->axes[i].parameter == DKM_PARAMETER(seed) && !draws)
      status = warn(job, err, "the axis seed changes nothing: it draws directions of initial.perturbation and spins of flip_exactly%s",
                    is_counted ? ", which are 0; what is counted are copies of one start" : "");
    if (job->axes[i].parameter == DKM_PARAMETER(pattern) && (job->cue_file.n > 0 || job->from_file.n > 0) && !draws)
      status = warn(job, err, "the axis pattern changes nothing but closed forms beside %s", DKM_OPTION(cue_file)->key);
  }
  return status;
}

/* Whether a --set replaces the axes of the file. */
static bool sets_axes(const dkm_job_source *source) {
  for (int i = 0; i < source->n_sets; i++)
    if (strcmp(source->set_paths[i], "axes") == 0) return true;
  return false;
}

dkm_status dkm_job_warn_beside_axes(dkm_job *job, const dkm_job_source *source, dkm_error *err) {
  dkm_status status = DKM_OK;
  for (int j = 0; j < dkm_n_parameters && status == DKM_OK && !sets_axes(source); j++) {
    const dkm_parameter *parameter = &dkm_parameters[j];
    const dkm_key_text *text = dkm_schema_text(source, parameter->key);
    if (!(text->value || text->values) || !dkm_job_axes_give(job, parameter)) continue;
    char place[DKM_PLACE_BYTES];
    const int line = dkm_schema_line(source, dkm_job_axes_place(job, source, parameter, NAN, place));
    int n_axes = 0;
    for (int i = 0; i < job->n_axes; i++) n_axes += job->axes[i].parameter == parameter;
    status = warn(job, err, "%s of line %d has no effect, as the %s of line %d%s %s", parameter->key,
                  dkm_schema_line(source, parameter->key), n_axes > 1 ? "axes" : "axis", line, n_axes > 1 ? " ... give" : " gives",
                  parameter->name);
  }
  return status;
}
