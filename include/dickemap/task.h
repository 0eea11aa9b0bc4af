/* SPDX-License-Identifier: GPL-3.0-or-later */
/* task: kinds of work that a job can ask for at each of its points, described once.
 *
 *   sweep    one trajectory from each point, a dkm_record of it
 *   basins   all starts that differ in a random choice, counted by what they end in
 *   fatal    the smallest shock from which such starts lose their pattern
 *   states   all stationary states
 *   exactness  the exact dynamics of finitely many spins beside the mean field
 *
 * A task says which fields its records have and how they are made.  Everything else (the output file, workers, points that are
 * suspended, merging) handles records as bytes whose form is asked for here.  To add a task: its fields and functions in a
 * file of its own, its row in task.c, its word in the manuals, and what commands say of it (info, plan, the end of a run). */
#ifndef DICKEMAP_TASK_H
#define DICKEMAP_TASK_H
#include "dickemap/evaluate.h"
#include "dickemap/job.h"
#include "dickemap/record.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where points come from and where their records go; as dkm_stream (evaluate.h), but that points are known by their index in the
 * job, and records by their form.  The bytes that resume gives are valid until resumed is called, or resume again. */
typedef struct dkm_task_stream {
  void *context;
  bool (*next)(void *context, int64_t *i_point);
  void (*done)(void *context, int64_t i_point, const void *record, const double *state);
  bool (*interrupt)(void *context); /* may be NULL */
  bool wants_states;                /* of tasks that keep them */
  bool (*resume)(void *context, int64_t i_point, const void **bytes, size_t *n_bytes); /* may be NULL */
  void (*resumed)(void *context, int64_t i_point, double t);                           /* may be NULL */
} dkm_task_stream;

struct dkm_form;   /* below */
struct cells_kind; /* of the library itself */

typedef struct dkm_task {
  const char *name;               /* of the key `task`, and in files */
  const char *text;
  const dkm_field_list *fields;
  size_t record_bytes;            /* of a struct, in which fields have offsets; 0: they follow one another (dkm_form) */
  bool keeps_states;              /* `output.state` may be `final` */
  const struct cells_kind *cells; /* of tasks whose points are cells of starts: what is kept of these; NULL */
  /* An engine makes records; cpu as in dkm_integrator_create. Fails with DKM_INPUT, DKM_MEMORY. */
  dkm_status (*create)(const dkm_job *job, const char *cpu, void **engine, dkm_error *err);
  void (*destroy)(void *engine); /* NULL is allowed */
  double (*bytes)(const dkm_job *job, const char *cpu); /* that it would take on each rank */
  /* As dkm_evaluate_stream and dkm_evaluator_save. save NULL: points begin anew.  `states` asks whether to go on also
   * between states, whose spectra may take seconds. */
  dkm_status (*run)(void *engine, const dkm_task_stream *stream, dkm_error *err);
  dkm_status (*save)(void *engine, double least_seconds, dkm_save *save, void *context, dkm_error *err);
  bool (*has_failed)(const struct dkm_form *form, const void *record);      /* NULL: none ever does */
  int64_t (*n_undecided)(const struct dkm_form *form, const void *record); /* starts without an outcome; NULL: there are none */
  /* What theory has against a record (check.h), which was made by any method; NULL: it knows nothing of them. */
  bool (*check)(const dkm_job *job, int64_t i_point, const void *record, char *why, size_t why_bytes);
} dkm_task;

extern const dkm_task dkm_task_sweep, dkm_task_basins, dkm_task_fatal, dkm_task_states, dkm_task_exactness;

/* Computes point i_point alone with an engine of the form's task, into `record` of form->bytes.  interrupt: asked with `context` whether to
 * give it up; NULL: never.  *finished: whether it was not; else the record is as it was.  Fails as dkm_task.run. */
dkm_status dkm_task_run_one(const struct dkm_form *form, void *engine, int64_t i_point, bool (*interrupt)(void *context), void *context,
                            void *record, bool *finished, dkm_error *err);

/* The one that `name` stands for in a job (basins and fatal are asked for otherwise, by `reduce`); NULL: there is none. */
const dkm_task *dkm_task_named(const char *name);

/* ---- the form of the records of a job ---- */

/* A record is `bytes` bytes, aligned for its values; field f has n_values[f] values at offset[f]. */
typedef struct dkm_form {
  const dkm_task *task;
  int n_fields;
  const dkm_field *fields;
  size_t bytes, offset[DKM_MOST_FIELDS], n_values[DKM_MOST_FIELDS];
  int method, wall_time, steps; /* fields of every task */
  int limited; /* the field `limited`, of cells of starts `n_limited`; -1: records are the same for the same limits alone */
} dkm_form;

void dkm_form_of(const dkm_job *job, dkm_form *form);
void dkm_form_of_sweep(int n_modes, dkm_form *form); /* of dkm_record, without a job */

/* How many of `most` records make no more than 16 MB; at least one. */
int64_t dkm_form_block(const dkm_form *form, int64_t most);

/* The index of a field, -1 if the task has none of that name. */
int dkm_form_find(const dkm_form *form, const char *name);

/* Record i of an array of them, which lie one after the other. */
static inline void *dkm_form_record(const dkm_form *form, void *records, int64_t i) {
  return (char *)records + (size_t)i * form->bytes;
}

/* Field f of a record. */
static inline void *dkm_form_member(const dkm_form *form, void *record, int f) {
  return (char *)record + form->offset[f];
}
static inline const void *dkm_form_at(const dkm_form *form, const void *record, int f) {
  return (const char *)record + form->offset[f];
}

/* Its value i, as a double. */
static inline double dkm_form_value(const dkm_form *form, const void *record, int f, int i) {
  return dkm_field_value(form->fields[f].type, dkm_form_at(form, record, f), i);
}

/* Fill values everywhere, and this program's method. */
void dkm_form_clear(const dkm_form *form, void *record);

/* As dkm_record_checksum. */
uint32_t dkm_form_checksum(const dkm_form *form, const void *record, const double *state, size_t n_state);

uint8_t dkm_form_method(const dkm_form *form, const void *record);
bool dkm_form_has_failed(const dkm_form *form, const void *record);

/* Whether solver.max_steps or t_max had a say in a record (record.h), of a cell: in that of any start; of tasks that do not note
 * it, DKM_LIMITED_UNKNOWN. */
dkm_limited dkm_form_limited(const dkm_form *form, const void *record);

/* Whether something was written there; the value 0 of `verdict` and of `method` mean that nothing was. */
bool dkm_form_is_written(const dkm_form *form, const void *record);

/* Whether theory has nothing against a record, whichever method made it: dkm_task.check. */
bool dkm_form_stands(const dkm_form *form, const dkm_job *job, int64_t i_point, const void *record, char *why,
                     size_t why_bytes);

/* The first field of a record that is done whose code does not exist; NULL if there is none. */
const dkm_field *dkm_form_unknown_code(const dkm_form *form, const void *record);

#ifdef __cplusplus
}
#endif

#endif
