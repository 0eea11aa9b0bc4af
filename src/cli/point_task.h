/* SPDX-License-Identifier: GPL-3.0-or-later */
/* point_task: what a job's task makes of a single point, as `run` would write it.
 *
 * For task: exactness.  Of all others `point` follows the start itself, as a sweep does: cells of basins and of fatal have no single
 * start, and states are listed by `point --states`. */
#ifndef DICKEMAP_POINT_TASK_H
#define DICKEMAP_POINT_TASK_H
#include <stdbool.h>

#include "dickemap/job.h"
#include "dickemap/task.h"

/* Whether `point` shows the record of the job's task: of task: exactness. */
bool dkm_point_task_is_asked(const dkm_job *job);

/* The record, of the form *form, malloc'ed: the caller frees it.  Without one after a failure: DKM_INPUT, DKM_MEMORY, and as the task. */
dkm_status dkm_point_task_compute(const dkm_job *job, const dkm_point *point, const char *cpu, dkm_form *form, void **record,
                                  dkm_error *err);

#endif
