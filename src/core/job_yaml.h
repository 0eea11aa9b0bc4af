/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job_yaml: where things stand in a YAML text. Internal to the job module.
 *
 * libcyaml says what a job means but forgets where it stood; messages need the line.  A place is
 * named by its key path, items of lists counted from 1: "model.kappa_mu[2]", "axes[1].points". */
#ifndef DICKEMAP_JOB_YAML_H
#define DICKEMAP_JOB_YAML_H
#include <stdbool.h>
#include <stddef.h>

#include "dickemap/status.h"

enum { DKM_YAML_KEY_BYTES = 64, DKM_YAML_PATH_BYTES = 1024 };

typedef enum dkm_yaml_kind { DKM_YAML_SCALAR, DKM_YAML_LIST, DKM_YAML_MAPPING } dkm_yaml_kind;

typedef struct dkm_yaml_place {
  int line, column;         /* of the value, from 1 */
  int key_line, key_column; /* of its key; the value's where there is none */
  dkm_yaml_kind kind;
  size_t first, end;        /* of a scalar: the characters of the text before it, and up to its end */
} dkm_yaml_place;

/* What makes a text unusable, whatever its schema: a syntax error, more than one document or none, an alias,
 * a tag directive, a key that is not a word, nesting far beyond what a job needs, a root that is not a mapping. */
typedef struct dkm_yaml_problem {
  char message[256];
  int line, column; /* from 1; 0 if unknown */
} dkm_yaml_problem;

/* DKM_OK; DKM_INPUT with *problem filled; DKM_MEMORY. */
dkm_status dkm_yaml_check(const char *text, dkm_yaml_problem *problem);

/* Finds the occurrence-th node (from 1) with this key path in a text that dkm_yaml_check accepts. */
bool dkm_yaml_find(const char *text, const char *path, int occurrence, dkm_yaml_place *place);

/* Calls visit for each scalar of such a text, in its order: the key path, the place, and the value. DKM_MEMORY. */
typedef void dkm_yaml_visit(void *context, const char *path, const dkm_yaml_place *place, const char *value);
dkm_status dkm_yaml_walk(const char *text, dkm_yaml_visit *visit, void *context);

#endif
