/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The points of a job: from an index to parameters and back, by name, and what occurs among them. */
#include <stdio.h>
#include <string.h>

#include "dickemap/job.h"
#include "job_axes.h"
#include "job_hint.h"
#include "job_spelling.h"
#include "job_system.h"

/* ---- what occurs ---- */

bool dkm_job_needs_all_classes(const dkm_job *job) {
  return !dkm_system_has_patterns(&job->system) || dkm_job_axes_any(job, DKM_PARAMETER(perturbation)) ||
         dkm_job_axes_any(job, DKM_PARAMETER(mixture));
}

void dkm_job_dynamics(const dkm_job *job, bool occurs[DKM_N_DYNAMICS]) {
  const dkm_parameter *const rates[] = {DKM_PARAMETER(gamma_down), DKM_PARAMETER(gamma_up), DKM_PARAMETER(gamma_phi)};
  const dkm_parameter *imbalance = DKM_PARAMETER(imbalance);
  bool lossy = false, always = false; /* some points, all of them */
  for (int i = 0; i < 3; i++) {
    const bool any = dkm_job_axes_any(job, rates[i]);
    lossy = lossy || any;
    always = always || (any && !dkm_job_axes_cover(job, rates[i], 0));
  }
  const bool unbalanced = dkm_job_axes_any(job, imbalance), all = unbalanced && !dkm_job_axes_cover(job, imbalance, 0);
  const dkm_drive_kind drive = dkm_drive_kind_of(job->drive);
  const bool undriven = drive != DKM_DRIVE_REPEATS;
  occurs[DKM_DYNAMICS_CONSERVED] = undriven && !always && !all;
  occurs[DKM_DYNAMICS_LOSSY] = undriven && lossy && !all;
  occurs[DKM_DYNAMICS_UNBALANCED] = undriven && unbalanced;
  occurs[DKM_DYNAMICS_DRIVEN] = drive != DKM_DRIVE_NONE;
}

/* ---- from an index to parameters ---- */

void dkm_job_index(const dkm_job *job, int64_t i_point, int64_t index[DKM_MAX_AXES]) {
  if (job->reduces) index[job->n_dims] = 0;
  if (job->searches) index[job->n_dims + 1] = 0;
  for (int dim = job->n_dims - 1; dim >= 0; dim--) {
    index[dim] = i_point % job->shape[dim];
    i_point /= job->shape[dim];
  }
}

int64_t dkm_job_i_point(const dkm_job *job, const int64_t index[DKM_MAX_AXES]) {
  int64_t i_point = 0;
  for (int dim = 0; dim < job->n_dims; dim++) i_point = i_point * job->shape[dim] + index[dim];
  return i_point;
}

void dkm_job_set_axes(const dkm_job *job, const int64_t index[DKM_MAX_AXES], dkm_point *point) {
  for (int i = 0; i < job->n_axes; i++) {
    const dkm_axis *axis = &job->axes[i];
    dkm_parameter_set(axis->parameter, point, job->system.n_modes, axis->mode, axis->values[index[axis->dim]]);
  }
}

void dkm_job_point(const dkm_job *job, int64_t i_point, dkm_point *point) {
  dkm_job_start(job, i_point, 0, point);
}

void dkm_job_start(const dkm_job *job, int64_t i_point, int64_t j, dkm_point *point) {
  int64_t index[DKM_MAX_AXES];
  dkm_job_index(job, i_point, index);
  if (job->reduces) index[job->n_dims] = j;
  *point = job->base;
  dkm_job_set_axes(job, index, point);
}

const char *dkm_job_describe_point(const dkm_job *job, int64_t i_point, char *out, size_t out_bytes) {
  int64_t index[DKM_MAX_AXES];
  dkm_job_index(job, i_point, index);
  size_t used = (size_t)snprintf(out, out_bytes, "point %lld", (long long)i_point);
  const char *before = " (";
  for (int i = 0; i < job->n_axes && used < out_bytes; i++) {
    const dkm_axis *axis = &job->axes[i];
    if (axis->dim >= job->n_dims) continue; /* all of it */
    used += (size_t)snprintf(out + used, out_bytes - used, "%s%s=%.10g", before, axis->long_name,
                             axis->values[index[axis->dim]]);
    before = ", ";
  }
  if (*before == ',' && used < out_bytes) snprintf(out + used, out_bytes - used, ")");
  return out;
}

/* ---- by name ---- */

/* Number of points along a zip group; 0: the job has none of that name. */
static int64_t points_of_group(const dkm_job *job, const char *name) {
  for (int i = 0; i < job->n_axes; i++)
    if (*job->axes[i].zip && strcmp(job->axes[i].zip, name) == 0) return job->axes[i].n;
  return 0;
}

/* "; or a number along: path" */
enum { GROUPS_BYTES = 64 + DKM_MAX_AXES * (DKM_NAME_BYTES + 2) };
static const char *groups_text(const dkm_job *job, char out[GROUPS_BYTES]) {
  const char *before = "; or a number along: ";
  size_t used = 0;
  *out = '\0';
  for (int d = 0; d < job->n_dims; d++)
    if (points_of_group(job, job->dim_name[d]) > 0) {
      used += (size_t)snprintf(out + used, GROUPS_BYTES - used, "%s%s", before, job->dim_name[d]);
      before = ", ";
    }
  return out;
}

/* Sets what `name` stands for, a quantity or a zip group. */
static dkm_status set_named(const dkm_job *job, dkm_point *point, const char *name, const char *text, const char *label,
                            dkm_error *err) {
  const int64_t n_zipped = points_of_group(job, name);
  const dkm_parameter *parameter = NULL;
  int mode;
  char reason[DKM_REASON_BYTES], quoted[DKM_QUOTE_BYTES], allowed[DKM_LIMITS_BYTES], hint[DKM_HINT_BYTES], groups[GROUPS_BYTES];
  if (!n_zipped && !dkm_parameter_parse(name, job->system.n_modes, &parameter, &mode, reason))
    return dkm_fail(err, DKM_INPUT, "%s: %s%s", label, reason, groups_text(job, groups));
  const dkm_limits limits = n_zipped ? (dkm_limits){.min = 0, .max = (double)(n_zipped - 1), .integer = true}
                                     : dkm_parameter_limits(parameter, job->system.n_modes);
  const double value = dkm_number_parse(text);
  if (!dkm_limits_allow(&limits, value))
    return dkm_fail(err, DKM_INPUT, "%s: %s is %s, but must be %s%s", label, name, dkm_quote(text, quoted),
                    dkm_limits_text(&limits, allowed), dkm_hint(dkm_quote(text, quoted), 1, hint));
  if (parameter) dkm_parameter_set(parameter, point, job->system.n_modes, mode, value);
  for (int i = 0; i < job->n_axes && !parameter; i++) {
    const dkm_axis *axis = &job->axes[i];
    if (strcmp(axis->zip, name) == 0)
      dkm_parameter_set(axis->parameter, point, job->system.n_modes, axis->mode, axis->values[(int64_t)value]);
  }
  return DKM_OK;
}

/* What a decimal comma leaves behind it. */
static bool is_fraction(const char *text) {
  return *text && text[strspn(text, "0123456789")] == '\0';
}

dkm_status dkm_job_assign(const dkm_job *job, dkm_point *point, const char *assignment, dkm_error *err) {
  char name[DKM_NAME_BYTES], label[256];
  const char *equals = strchr(assignment, '=');
  if (!equals || equals == assignment || (size_t)(equals - assignment) >= sizeof name)
    return dkm_fail(err, DKM_INPUT, "--at %.200s: must have the form name=value, such as g0=1.1%s", assignment,
                    is_fraction(assignment) ? "; numbers have a decimal point, and commas separate them" : "");
  snprintf(name, sizeof name, "%.*s", (int)(equals - assignment), assignment);
  snprintf(label, sizeof label, "--at %.200s", assignment);
  dkm_point changed = *point;
  dkm_status status = set_named(job, &changed, name, equals + 1, label, err);
  if (status == DKM_OK) status = dkm_job_system_check_point(job, &changed, label, err);
  if (status == DKM_OK) *point = changed;
  return status;
}
