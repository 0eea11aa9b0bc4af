/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All records of a file, counted; see survey.h. */
#include "survey.h"

#include <math.h>
#include <stdlib.h>

/* Points read at a time. */
enum { BLOCK = 1 << 14 };

static void count_value(dkm_survey_values *of, double value) {
  if (!isfinite(value)) return;
  if (of->n++ == 0) of->least = of->most = value;
  if (value < of->least) of->least = value;
  if (value > of->most) of->most = value;
  of->sum += value;
}

static void count_fields(dkm_survey *s, const void *record) {
  for (int f = 0; f < s->form.n_fields; f++) {
    const dkm_field *field = &s->form.fields[f];
    for (size_t i = 0; i < s->form.n_values[f]; i++) {
      const double value = dkm_form_value(&s->form, record, f, (int)i);
      if (!field->codes)
        count_value(&s->values[f], value);
      else if (value >= 0 && value < field->codes->n && value < DKM_SURVEY_CODES)
        s->codes[f][(int)value]++;
    }
  }
}

/* Starts of a cell, of the task `basins`. */
static void count_outcomes(dkm_survey *s, const void *record) {
  const int f = dkm_form_find(&s->form, "count");
  for (size_t i = 0; i < s->form.n_values[f]; i++) s->outcomes[i] += (int64_t)dkm_form_value(&s->form, record, f, (int)i);
  s->undecided += s->form.task->n_undecided(&s->form, record);
}

static void count_record(dkm_survey *s, const dkm_job *job, const void *record) {
  s->other_method += dkm_form_method(&s->form, record) != DKM_RECORD_METHOD;
  s->unstable += job->task == &dkm_task_sweep && dkm_record_is_unstable(record);
  count_fields(s, record);
  if (job->task == &dkm_task_basins) count_outcomes(s, record);
}

/* The status of a block is read first: a record that is done then is complete when it is read. */
dkm_status dkm_survey_take(dkm_store_reader *reader, dkm_survey *s, dkm_error *err) {
  const dkm_job *job = dkm_store_reader_job(reader);
  const dkm_shard shard = dkm_store_reader_shard(reader);
  *s = (dkm_survey){0};
  dkm_form_of(job, &s->form);
  dkm_store_walk walk = {.most = dkm_form_block(&s->form, BLOCK)};
  char *records = malloc((size_t)walk.most * s->form.bytes);
  dkm_status status = DKM_OK;
  if (!records) status = dkm_fail(err, DKM_MEMORY, "out of memory for a block of points");
  while (dkm_store_walk_on(&walk, reader, &status, err)) {
    s->done += walk.n - walk.n_todo;
    if (walk.n_todo < walk.n) status = dkm_store_reader_records(reader, walk.first, walk.n, records, NULL, NULL, err);
    for (int64_t i = 0; i < walk.n && !status; i++)
      if (walk.status[i] != DKM_STATUS_TODO)
        count_record(s, job, dkm_form_record(&s->form, records, i));
      else if (dkm_shard_has(&shard, walk.first + i))
        s->left++;
      else
        s->others++;
  }
  dkm_store_walk_end(&walk);
  free(records);
  return status;
}

const dkm_survey_values *dkm_survey_of(const dkm_survey *s, const char *field) {
  const int f = dkm_form_find(&s->form, field);
  return f >= 0 && s->values[f].n > 0 ? &s->values[f] : NULL;
}

int64_t dkm_survey_code(const dkm_survey *s, const char *field, int code) {
  const int f = dkm_form_find(&s->form, field);
  return f >= 0 && code >= 0 && code < DKM_SURVEY_CODES ? s->codes[f][code] : 0;
}
