/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which keys have a say in the records of which task; see job_uses.h.
 *
 * Keys of `initial` and `drive` are not in the table: all tasks but states have starts, and of a job of task: states `point` follows and
 * `show` draws the one that they describe.  What exactness does not know of them job_exactness.c refuses.  Nor is output.state (job.c). */
#include "job_uses.h"

#include <math.h>
#include <string.h>

#include "dickemap/option.h"
#include "dickemap/task.h"
#include "job_axes.h"

/* Tasks; of exactness by its starts, as those at rest are the ends of trajectories of the mean field. */
enum {
  SWEEP = 1,
  BASINS = 2,
  FATAL = 4,
  STATES = 8,
  FROM_CUE = 16,
  FROM_REST = 32,
  REDUCED = BASINS | FATAL,
  FOLLOWED = SWEEP | REDUCED | FROM_REST,
  EXACTNESS = FROM_CUE | FROM_REST
};

typedef struct use {
  size_t offset;   /* of the option */
  int tasks;       /* whose records depend on it */
  bool is_old;     /* files cannot have it elsewhere: it was never accepted there */
  const char *own; /* "task: states" if it was made for that alone; or NULL */
} use;

#define USE(member) offsetof(dkm_job, member)
static const use uses[] = {
    {USE(solver.method), FOLLOWED, false, NULL},
    {USE(solver.tolerance), FOLLOWED | FROM_CUE, false, NULL},
    {USE(solver.t_max), FOLLOWED, false, NULL},
    {USE(solver.max_steps), FOLLOWED, false, NULL},
    {USE(solver.sensitivity), SWEEP | BASINS, false, NULL},
    {USE(solver.until_settled), REDUCED, true, NULL},
    {USE(n_states), STATES, true, "task: states"},
    {USE(most_inverted), STATES, true, "task: states"},
    {USE(exactness.t_end), EXACTNESS, true, "task: exactness"},
    {USE(exactness.n_times), EXACTNESS, true, "task: exactness"},
    {USE(exactness.start), EXACTNESS, true, "task: exactness"},
    {USE(exactness.method), EXACTNESS, true, "task: exactness"},
    {USE(exactness.frame), EXACTNESS, true, "task: exactness"},
    {USE(exactness.n_trajectories), EXACTNESS, true, "task: exactness"},
    {USE(exactness.edge), EXACTNESS, true, "task: exactness"},
    {USE(exactness.memory), EXACTNESS, true, "task: exactness"},
};

static int task_of(const dkm_job *job) {
  if (job->task == &dkm_task_basins) return BASINS;
  if (job->task == &dkm_task_fatal) return FATAL;
  if (job->task == &dkm_task_states) return STATES;
  if (job->task == &dkm_task_exactness) return job->exactness.start == DKM_EXACTNESS_REST ? FROM_REST : FROM_CUE;
  return SWEEP;
}

/* As the job asks for it. */
static const char *name_of(int task) {
  switch (task) {
  case BASINS: return "reduce";
  case FATAL: return "fatal";
  case STATES: return "task: states";
  case FROM_CUE: return "task: exactness and exactness.start: cue";
  case FROM_REST: return "task: exactness";
  default: return "task: sweep without reduce";
  }
}

static dkm_status refuse(const dkm_job *job, const dkm_job_source *source, const dkm_option *option, dkm_error *err) {
  const char *task = name_of(task_of(job));
  const double value = dkm_option_get(option, job);
  if (option->words)
    return dkm_schema_fail(source, err, option->key, "is %s, but has no effect with %s: it must be %s there, or left out",
                           option->words[(int)value], task, option->words[(int)option->fallback]);
  return dkm_schema_fail(source, err, option->key, "is %.15g, but has no effect with %s: it must be %.15g there, or left out", value, task,
                         option->fallback);
}

dkm_status dkm_job_uses_check(const dkm_job *job, const dkm_job_source *source, bool strictly, dkm_error *err) {
  char place[DKM_PLACE_BYTES];
  for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
    const dkm_option *option = dkm_option_at(uses[i].offset);
    if (uses[i].tasks & task_of(job) || !(strictly || uses[i].is_old) || !dkm_schema_text(source, option->key)->value) continue;
    if (uses[i].own) return dkm_schema_fail(source, err, option->key, "has no effect without %s", uses[i].own);
    if (dkm_option_get(option, job) != option->fallback) return refuse(job, source, option, err);
  }
  const dkm_parameter *spins = DKM_PARAMETER(spins_per_class);
  if (!(task_of(job) & EXACTNESS) && dkm_job_axes_any(job, spins))
    return dkm_schema_fail(source, err, dkm_job_axes_place(job, source, spins, NAN, place), "has no effect without task: exactness");
  return DKM_OK;
}
