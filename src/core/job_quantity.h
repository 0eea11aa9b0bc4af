/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job_quantity: what a point consists of, how a job spells it and which values are allowed. Internal to the job
 * module; the one table in job_quantity.c serves keys, axes and `--at` alike. */
#ifndef DICKEMAP_JOB_QUANTITY_H
#define DICKEMAP_JOB_QUANTITY_H
#include "dickemap/job.h"
#include "job_schema.h"

typedef struct dkm_limits {
  double min, max;
  bool min_excluded, not_zero, integer;
} dkm_limits;

/* Infinite values and NaN are never allowed. */
bool dkm_limits_allow(const dkm_limits *limits, double value);

/* "an integer 1 ... 4", "a finite number > 0", ... */
enum { DKM_LIMITS_BYTES = 96 };
const char *dkm_limits_text(const dkm_limits *limits, char out[DKM_LIMITS_BYTES]);

/* NaN for everything that is not a decimal number, also for 1.5x, 0x10 and the empty string. */
double dkm_number_parse(const char *text);

/* Converts the text of one key (NULL: absent) and checks it; fails with "... is -1, but must be a finite number > 0". */
dkm_status dkm_number_read(const dkm_job_source *source, dkm_error *err, const char *key_path, const char *text,
                           const dkm_limits *limits, double *value);

/* Values that a quantity may take if there are n_modes patterns. */
dkm_limits dkm_quantity_limits(dkm_quantity quantity, int n_modes);

/* Name of a quantity ("Omega_mu"), and the key that gives it if no axis does ("model.Omega_mu"). */
const char *dkm_quantity_name(dkm_quantity quantity);
const char *dkm_quantity_key(dkm_quantity quantity);

/* Reads "Omega_mu[2]"; *mode is 0 without an index. Fails with a reason that begins with the name. */
enum { DKM_REASON_BYTES = 320 };
bool dkm_quantity_parse(const char *name, int n_modes, dkm_quantity *quantity, int *mode,
                        char reason[DKM_REASON_BYTES]);

/* Sets it in a point (mode 0 of a per-mode quantity: in all n_modes modes). */
void dkm_quantity_set(dkm_point *point, int n_modes, dkm_quantity quantity, int mode, double value);

/* What a point has of it (mode 0 of a per-mode quantity: of the first mode). */
double dkm_quantity_get(const dkm_point *point, dkm_quantity quantity, int mode);

/* A value as a message quotes it: numbers bare, other text in quotation marks, control characters as ?, cut if long. */
enum { DKM_QUOTE_BYTES = 64 };
const char *dkm_quote(const char *value, char out[DKM_QUOTE_BYTES]);

#endif
