/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json: what subcommands print for programs, by libjansson.
 *
 * Numbers that a file or a point does not have (NaN, infinite) are null.  What could not be put together for lack of memory
 * shows when it is printed, so that nobody asks in between. */
#ifndef DICKEMAP_JSON_H
#define DICKEMAP_JSON_H
#include <jansson.h>
#include <stdint.h>

#include "dickemap/status.h"

/* New values; NULL without memory. A text that is not UTF-8 has ? in place of its bytes. */
json_t *dkm_json_number(double value);
json_t *dkm_json_numbers(int64_t n, const double *values);
json_t *dkm_json_text(const char *text);

/* Puts a new value under a key, or behind the last of a list, which then owns it.  Of a value or an owner that is NULL the
 * owner becomes incomplete. */
void dkm_json_put(json_t *object, const char *key, json_t *value);
void dkm_json_add(json_t *list, json_t *value);

/* Prints and frees it. DKM_MEMORY if it is NULL or incomplete, DKM_IO. */
dkm_status dkm_json_print(json_t *root, dkm_error *err);

#endif
