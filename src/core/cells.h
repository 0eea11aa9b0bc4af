/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cells: engines of tasks (task.h) whose points are cells of starts, all those along the dimension that is reduced. Internal to
 * task_basins.c and task_fatal.c.
 *
 *   cells    |--- 17 ---|--- 18 ---|--- 19 ---|        drawn one after the other
 *   starts    ########## ######.#.. ...                # ended, . under way: an evaluator's lanes are always full
 *
 * Of each start little is kept, what its kind wants to know; a start may take several trajectories, one after the other.  When
 * all of a cell have ended its record is made of what was kept, in the order of the axis, so that it does not depend on the
 * order in which they ended.  A cell that is put aside is what was kept, and the states of those under way. */
#ifndef DICKEMAP_CELLS_H
#define DICKEMAP_CELLS_H
#include "dickemap/task.h"

typedef struct cells_kind {
  size_t kept_bytes; /* of a start; zeros at first */
  /* Changes the point of a start before its next trajectory. NULL: every start has one, at its point. */
  void (*place)(const dkm_job *job, const void *kept, dkm_point *point);
  /* Takes note of the end of a trajectory of start j; false: the start needs another one. */
  bool (*take)(const dkm_job *job, int64_t i_point, int64_t j, const dkm_record *record, void *kept);
  /* Fills a cleared record from what was kept of n_starts starts; steps and wall_time are filled by cells.c. DKM_MEMORY. */
  dkm_status (*finish)(const dkm_job *job, const dkm_form *form, const void *kept, void *record, dkm_error *err);
} cells_kind;

/* These are as in dkm_task, whose `cells` say the kind. */
dkm_status dkm_cells_create(const dkm_job *job, const char *cpu, void **engine, dkm_error *err);
void dkm_cells_destroy(void *engine);
double dkm_cells_bytes(const dkm_job *job, const char *cpu);
dkm_status dkm_cells_run(void *engine, const dkm_task_stream *stream, dkm_error *err);
dkm_status dkm_cells_save(void *engine, double least_seconds, dkm_save *save, void *context, dkm_error *err);

/* The outcome that the cue of start j of a point stands for (basins.h); DKM_OUTCOME_NONE: it is no pattern. */
int dkm_cells_cue(const dkm_job *job, int64_t i_point, int64_t j);

/* Value i of a field, by its place in the list; and a share of n with the interval of Wilson, into the field and the two that follow
 * it in the list. */
void dkm_cells_put(const dkm_form *form, void *record, int field, int i, double value);
void dkm_cells_put_share(const dkm_form *form, void *record, int field, int i, int64_t k, int64_t n);

#endif
