/* SPDX-License-Identifier: GPL-3.0-or-later */
/* arithmetic: what the last digits of records depend on (compare.h), and what is told about files that were made by
 * another kind of it. */
#ifndef DICKEMAP_ARITHMETIC_H
#define DICKEMAP_ARITHMETIC_H
#include <stdbool.h>
#include <stdio.h>

#include "dickemap/carry.h"
#include "dickemap/store.h"

/* "GSL 2.7.1 on x86_64", as lines of a history have it (attempt.h); older lines name GSL alone. */
enum { DKM_ARITHMETIC_BYTES = 256 };
void dkm_arithmetic_here(char out[DKM_ARITHMETIC_BYTES]);

/* Whether a run of another kind had a part in a file; tell: says so in a line that begins with `label`. */
bool dkm_arithmetic_is_elsewhere(dkm_store_reader *reader);
void dkm_arithmetic_tell(FILE *out, const char *label, dkm_store_reader *reader);

/* A clause, if records of the source differ in their last digits from those of a file before it. */
void dkm_arithmetic_tell_digits(FILE *out, const dkm_carry_source *source);

#endif
