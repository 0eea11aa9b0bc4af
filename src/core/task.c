/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tasks by name, and records as bytes. */
#include "dickemap/task.h"

#include <string.h>

#include "dickemap/labels.h"

static const dkm_task *const tasks[] = {&dkm_task_sweep, &dkm_task_states, &dkm_task_exactness};

const dkm_task *dkm_task_named(const char *name) {
  for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
    if (strcmp(tasks[i]->name, name) == 0) return tasks[i];
  return NULL;
}

/* ---- one point ---- */

/* A stream of it. */
struct one {
  const dkm_form *form;
  int64_t i_point;
  bool (*interrupt)(void *context);
  void *context, *record;
  bool drawn, finished;
};

static bool next_one(void *context, int64_t *i_point) {
  struct one *one = context;
  if (one->drawn) return false;
  one->drawn = true;
  *i_point = one->i_point;
  return true;
}

static void take_one(void *context, int64_t i_point, const void *record, const double *state) {
  struct one *one = context;
  (void)i_point, (void)state;
  one->finished = true;
  memcpy(one->record, record, one->form->bytes);
}

static bool interrupt_one(void *context) {
  const struct one *one = context;
  return one->interrupt(one->context);
}

dkm_status dkm_task_run_one(const dkm_form *form, void *engine, int64_t i_point, bool (*interrupt)(void *context), void *context,
                            void *record, bool *finished, dkm_error *err) {
  struct one one = {.form = form, .i_point = i_point, .interrupt = interrupt, .context = context, .record = record};
  const dkm_task_stream stream = {
      .context = &one, .next = next_one, .done = take_one, .interrupt = interrupt ? interrupt_one : NULL};
  const dkm_status status = form->task->run(engine, &stream, err);
  *finished = one.finished;
  return status;
}

/* ---- the form of records ---- */

static void form_of(const dkm_task *task, const dkm_counts *counts, dkm_form *form) {
  *form = (dkm_form){.task = task, .n_fields = task->fields->n, .fields = task->fields->rows};
  size_t end = 0;
  for (int f = 0; f < form->n_fields; f++) {
    const dkm_field *field = &form->fields[f];
    const size_t bytes = dkm_field_type_bytes(field->type);
    dkm_dims dims = {0};
    dkm_dims_add(&dims, field->shape, counts);
    form->n_values[f] = (size_t)dkm_dims_values(&dims);
    end = (end + bytes - 1) / bytes * bytes;
    form->offset[f] = form->task->record_bytes ? field->offset : end;
    end += form->n_values[f] * bytes;
  }
  form->bytes = form->task->record_bytes ? form->task->record_bytes : (end + 15) / 16 * 16;
  form->method = dkm_form_find(form, "method");
  form->wall_time = dkm_form_find(form, "wall_time");
  form->steps = dkm_form_find(form, "steps");
  form->limited = dkm_form_find(form, task->cells ? "n_limited" : "limited");
}

void dkm_form_of(const dkm_job *job, dkm_form *form) {
  const dkm_counts counts = dkm_counts_of(job);
  form_of(job->task, &counts, form);
}

void dkm_form_of_sweep(int n_modes, dkm_form *form) {
  form_of(&dkm_task_sweep, &(dkm_counts){.n_modes = n_modes}, form);
}

int64_t dkm_form_block(const dkm_form *form, int64_t most) {
  const int64_t n = (int64_t)(((size_t)1 << 24) / form->bytes);
  return n < 1 ? 1 : n < most ? n : most;
}

int dkm_form_find(const dkm_form *form, const char *name) {
  for (int f = 0; f < form->n_fields; f++)
    if (strcmp(form->fields[f].name, name) == 0) return f;
  return -1;
}

void dkm_form_clear(const dkm_form *form, void *record) {
  if (form->task == &dkm_task_sweep) {
    dkm_record_clear(record);
    return;
  }
  memset(record, 0, form->bytes);
  for (int f = 0; f < form->n_fields; f++) {
    const size_t bytes = dkm_field_type_bytes(form->fields[f].type);
    for (size_t i = 0; i < form->n_values[f]; i++)
      memcpy((char *)dkm_form_member(form, record, f) + i * bytes, dkm_field_fill(&form->fields[f]), bytes);
  }
  *(uint8_t *)dkm_form_member(form, record, form->method) = DKM_RECORD_METHOD;
}

uint32_t dkm_form_checksum(const dkm_form *form, const void *record, const double *state, size_t n_state) {
  uint32_t crc = 0;
  for (int f = 0; f < form->n_fields; f++)
    if (form->fields[f].reproducible)
      crc = dkm_record_crc(crc, form->fields[f].type, dkm_form_at(form, record, f), form->n_values[f]);
  if (state) crc = dkm_record_crc(crc, DKM_FLOAT64, state, n_state);
  return dkm_record_crc_end(crc);
}

uint8_t dkm_form_method(const dkm_form *form, const void *record) {
  return *(const uint8_t *)dkm_form_at(form, record, form->method);
}

bool dkm_form_has_failed(const dkm_form *form, const void *record) {
  return form->task->has_failed && form->task->has_failed(form, record);
}

dkm_limited dkm_form_limited(const dkm_form *form, const void *record) {
  if (form->limited < 0) return DKM_LIMITED_UNKNOWN;
  const int64_t value = (int64_t)dkm_form_value(form, record, form->limited, 0);
  if (!form->task->cells) return (dkm_limited)value;
  return value < 0 ? DKM_LIMITED_UNKNOWN : value > 0 ? DKM_LIMITED_YES : DKM_LIMITED_NO;
}

bool dkm_form_is_written(const dkm_form *form, const void *record) {
  if (form->task == &dkm_task_sweep) return ((const dkm_record *)record)->verdict != DKM_VERDICT_NONE;
  return dkm_form_method(form, record) != 0;
}

bool dkm_form_stands(const dkm_form *form, const dkm_job *job, int64_t i_point, const void *record, char *why,
                     size_t why_bytes) {
  return !form->task->check || form->task->check(job, i_point, record, why, why_bytes);
}

const dkm_field *dkm_form_unknown_code(const dkm_form *form, const void *record) {
  for (int f = 0; f < form->n_fields; f++) {
    const dkm_codes *codes = form->fields[f].codes;
    const uint8_t *code = dkm_form_at(form, record, f);
    for (size_t i = 0; codes && i < form->n_values[f]; i++)
      if (code[i] >= codes->n) return &form->fields[f];
  }
  return NULL;
}
