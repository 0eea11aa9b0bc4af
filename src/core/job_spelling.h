/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job_spelling: how a job spells numbers and the names of parameters, and how messages quote them. Internal to the job
 * module; it serves keys, axes and `--at` alike. */
#ifndef DICKEMAP_JOB_SPELLING_H
#define DICKEMAP_JOB_SPELLING_H
#include "dickemap/parameter.h"
#include "job_schema.h"

/* "an integer 1 ... 4", "a finite number > 0", ... */
enum { DKM_LIMITS_BYTES = 96 };
const char *dkm_limits_text(const dkm_limits *limits, char out[DKM_LIMITS_BYTES]);

/* NaN for everything that is not a decimal number, also for 1.5x, 0x10 and the empty string. */
double dkm_number_parse(const char *text);

/* Converts the text of one key (NULL: absent) and checks it; fails with "... is -1, but must be a finite number > 0". */
dkm_status dkm_number_read(const dkm_job_source *source, dkm_error *err, const char *key_path, const char *text,
                           const dkm_limits *limits, double *value);

/* Reads the name of a parameter among n_modes patterns, such as "Omega_mu[2]", or, as in files, "Omega_mu_2"; *mode is 0
 * without an index. Fails with a reason that begins with the name. */
enum { DKM_REASON_BYTES = 832 };
bool dkm_parameter_parse(const char *name, int n_modes, const dkm_parameter **parameter, int *mode,
                         char reason[DKM_REASON_BYTES]);

/* Whether two names of axes are one, which may be spelled "Omega_mu[2]" and "Omega_mu_2". */
bool dkm_names_agree(const char *a, size_t a_bytes, const char *b, size_t b_bytes);

/* A value as a message quotes it: numbers bare, other text in quotation marks, control characters as ?, cut if long. */
enum { DKM_QUOTE_BYTES = 64 };
const char *dkm_quote(const char *value, char out[DKM_QUOTE_BYTES]);

#endif
