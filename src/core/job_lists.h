/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job_lists: a list of one value may do without its brackets. Internal to the job module. */
#ifndef DICKEMAP_JOB_LISTS_H
#define DICKEMAP_JOB_LISTS_H
#include "job_fields.h"

/* *out: the text with brackets around each value that stands where a list must, as `kappa_mu: 1.0`; malloc'ed, or NULL if
 * there are none.  What is in brackets, braces or has a comma stays as it is, for the schema to refuse.  Lines keep their
 * numbers.  Of a text that dkm_yaml_check accepts; DKM_MEMORY. */
dkm_status dkm_job_lists_complete(const dkm_job_fields *fields, const char *text, char **out);

#endif
