/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check: what theory says against a record, without integrating anything. */
#ifndef DICKEMAP_CHECK_H
#define DICKEMAP_CHECK_H
#include <stdbool.h>
#include <stddef.h>

#include "dickemap/model.h"
#include "dickemap/record.h"

/* Whether the record of this point can be right.  If not, `why` (why_bytes, may be 0) says in one clause what is wrong. */
bool dkm_check_record(const dkm_patterns *patterns, const dkm_point *point, const dkm_record *record, char *why,
                      size_t why_bytes);

#endif
