/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job_fields: which keys a job may have, as libcyaml's schema of dkm_job_keys. Internal to the job module.
 *
 * The groups model, initial, solver and output have the keys of dkm_options and dkm_parameters, so their schema is made
 * from these tables; title and axes have one of their own. */
#ifndef DICKEMAP_JOB_FIELDS_H
#define DICKEMAP_JOB_FIELDS_H
#include <cyaml/cyaml.h>

#include "dickemap/meant.h"
#include "job_schema.h"

typedef struct dkm_job_fields dkm_job_fields;

/* NULL if out of memory. */
dkm_job_fields *dkm_job_fields_create(void);
void dkm_job_fields_destroy(dkm_job_fields *fields);

/* The schema of a whole job. */
const cyaml_schema_value_t *dkm_job_fields_schema(const dkm_job_fields *fields);

/* The fields of the group with this path: "model", "axes[2]"; at the top level "". */
const cyaml_schema_field_t *dkm_job_fields_at(const dkm_job_fields *fields, const char *path);

/* The one with that key; NULL if there is none. */
const cyaml_schema_field_t *dkm_job_fields_find(const cyaml_schema_field_t *fields, const char *key, size_t key_bytes);

/* Where the text of a row's key ("model.g0") is. */
const dkm_key_text *dkm_job_fields_text(const dkm_job_fields *fields, const dkm_job_keys *keys, const char *key);

/* Their keys, separated by ", ". */
enum { DKM_KEYS_BYTES = 512 };
const char *dkm_job_fields_list(const cyaml_schema_field_t *fields, char out[DKM_KEYS_BYTES]);

/* For a key that the group with this path does not have: where else there is one of that name, else which is near to it, here or else
 * elsewhere: "did you mean model.Omega? ", or "". Returns out. */
const char *dkm_job_fields_suggest(const dkm_job_fields *fields, const char *path, const char *key, char out[DKM_MEANT_BYTES]);

#endif
