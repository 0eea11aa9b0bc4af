/* SPDX-License-Identifier: GPL-3.0-or-later */
/* survey: what the records of a file say in all: how many there are, how often each code occurs, ranges of values. */
#ifndef DICKEMAP_SURVEY_H
#define DICKEMAP_SURVEY_H
#include "dickemap/store.h"
#include "dickemap/task.h"

enum { DKM_SURVEY_CODES = 16 };

/* The values of a field that are finite, of all points, modes and states together. */
typedef struct dkm_survey_values {
  int64_t n;
  double least, most, sum;
} dkm_survey_values;

typedef struct dkm_survey {
  dkm_form form;
  int64_t left, done, others; /* points; others: to be computed in other shards */
  int64_t unstable;           /* fixed points with directions that grow, of a sweep */
  int64_t other_method;       /* records of the methods of another version */
  dkm_survey_values values[DKM_MOST_FIELDS];
  int64_t codes[DKM_MOST_FIELDS][DKM_SURVEY_CODES]; /* how often a code occurs, of fields that have them */
  int64_t outcomes[DKM_MOST_OUTCOMES];              /* with `reduce`: starts with outcome dkm_outcome_at(M, i) */
  int64_t undecided;                                /* ... and without */
} dkm_survey;

/* Reads the records that are done, in blocks.  While a run is writing, it is what the file has at the moment.  *survey is
 * large. Fails with DKM_IO, DKM_MEMORY. */
dkm_status dkm_survey_take(dkm_store_reader *reader, dkm_survey *survey, dkm_error *err);

/* Of a field by name; NULL: the task has none, or no value of it. */
const dkm_survey_values *dkm_survey_of(const dkm_survey *survey, const char *field);

/* How often a code of a field occurs; 0 for a field that the task does not have. */
int64_t dkm_survey_code(const dkm_survey *survey, const char *field, int code);

#endif
