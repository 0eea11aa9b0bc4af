/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job_table: columns of a CSV file. Internal to the job module.
 *
 * The first line names the columns; each line after it has a number for each of them.  They are separated by commas, with blanks
 * around them; names may stand in quotation marks.  Empty lines, and what follows a # at the beginning of a line, are no part
 * of it.  A byte order mark and carriage returns are put up with. */
#ifndef DICKEMAP_JOB_TABLE_H
#define DICKEMAP_JOB_TABLE_H
#include "dickemap/job.h"
#include "dickemap/parameter.h"

/* The column whose name is one of these two: *n numbers, into values (NULL: only counted), which limits allow.  Fails with
 * DKM_INPUT: no such column, a line with another number of entries, no line at all, a number that is none or not allowed. */
dkm_status dkm_table_column(const dkm_job_file *file, const char *name, const char *other_name, const dkm_limits *limits,
                            int64_t *n, double *values, dkm_error *err);

#endif
