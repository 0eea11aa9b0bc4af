/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job_schema: the keys of a job as text. Internal to the job module.
 *
 * The schema (job_fields.h) fixes which keys exist and whether each is a value, a list or a group; every value stays the
 * text that the user wrote, so that job.c converts each number once, strictly, and quotes it as it was spelled.
 * --set strings are small YAML texts of their own, read through the same schema, whose one key then replaces
 * the file's. */
#ifndef DICKEMAP_JOB_SCHEMA_H
#define DICKEMAP_JOB_SCHEMA_H
#include <stddef.h>

#include "dickemap/option.h"
#include "dickemap/parameter.h"
#include "dickemap/status.h"

/* NULL: the key is absent. Members are named as the keys are. */
typedef struct dkm_axis_keys {
  char *name, *from, *to, *points, *scale, *sample, *seed, *file, *zip;
  char **values;
  unsigned values_count;
} dkm_axis_keys;

/* Of a key of a group: its value, or the values of its list. */
typedef struct dkm_key_text {
  char *value, **values;
  unsigned values_count;
} dkm_key_text;

/* A group whose keys are rows of dkm_options or dkm_parameters. */
enum { DKM_N_GROUPS = 6, DKM_MOST_KEYS = DKM_MOST_OPTIONS + DKM_MOST_PARAMETERS };

typedef struct dkm_group_keys {
  dkm_key_text keys[DKM_MOST_KEYS];
} dkm_group_keys;

typedef struct dkm_job_keys {
  char *title, *unit, *task, *reduce, *fatal;
  dkm_group_keys groups[DKM_N_GROUPS];
  dkm_axis_keys *axes;
  unsigned axes_count;
} dkm_job_keys;

/* What was read and where it came from. path, text and sets are borrowed. */
typedef struct dkm_job_source {
  const char *path, *text;
  int n_sets, n_own; /* the first n_own are of --set; the others complete the job, and are of --at */
  const char *const *sets;
  char **set_paths; /* key path that each --set replaced: "model.g0", "axes[2].points" */
  struct dkm_job_fields *fields;
  dkm_job_keys *keys;
  const char **lacking; /* of a single point: where the key goes of a parameter that no key and no axis gives; else NULL */
} dkm_job_source;

/* Fails with DKM_INPUT, DKM_MEMORY; call dkm_schema_free in any case. */
dkm_status dkm_schema_load(dkm_job_source *source, const char *path, const char *text, int n_sets, int n_own,
                           const char *const *sets, dkm_error *err);
void dkm_schema_free(dkm_job_source *source);

/* What was read of the key of a row: "model.g0". */
const dkm_key_text *dkm_schema_text(const dkm_job_source *source, const char *key);

/* DKM_INPUT with "job.yaml:12:5: axes.g0.points <message>", "--set axes.g0.points=0: axes.g0.points <message>" or
 * "--at g0=-1: model.g0 <message>", for the key path axes[1].points. A key that is absent is placed where its group begins. */
dkm_status dkm_schema_fail(const dkm_job_source *source, dkm_error *err, const char *key_path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The line of the file that has this key path; 0: it does not. */
int dkm_schema_line(const dkm_job_source *source, const char *key_path);

#endif
