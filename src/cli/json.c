/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What subcommands print for programs; see json.h. */
#include "json.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of all that is put together by this process, which prints one. */
static bool incomplete;

json_t *dkm_json_number(double value) {
  return isfinite(value) ? json_real(value + 0.0) : json_null(); /* no -0 */
}

json_t *dkm_json_numbers(int64_t n, const double *values) {
  json_t *list = json_array();
  for (int64_t i = 0; i < n; i++) dkm_json_add(list, dkm_json_number(values[i]));
  return list;
}

json_t *dkm_json_text(const char *text) {
  json_t *value = json_string(text);
  if (value) return value;
  char *plain = strdup(text);
  for (char *c = plain; c && *c; c++)
    if ((unsigned char)*c >= 0x80) *c = '?';
  value = plain ? json_string(plain) : NULL;
  free(plain);
  return value;
}

void dkm_json_put(json_t *object, const char *key, json_t *value) {
  if (json_object_set_new(object, key, value) != 0) incomplete = true;
}

void dkm_json_add(json_t *list, json_t *value) {
  if (json_array_append_new(list, value) != 0) incomplete = true;
}

dkm_status dkm_json_print(json_t *root, dkm_error *err) {
  dkm_status status = DKM_OK;
  if (!root || incomplete)
    status = dkm_fail(err, DKM_MEMORY, "out of memory for JSON");
  else if (json_dumpf(root, stdout, JSON_INDENT(2)) != 0 || putchar('\n') == EOF || fflush(stdout) != 0)
    status = dkm_fail(err, DKM_IO, "standard output cannot be written");
  json_decref(root);
  return status;
}
