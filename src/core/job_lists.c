/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Brackets for lists of one value; see job_lists.h.
 *
 * libcyaml's schema has one type for each key.  So the text is completed before it is read: copied up to the beginning and the
 * end of each such value, which libyaml counts in characters. */
#include "job_lists.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "job_yaml.h"

typedef struct copy {
  const dkm_job_fields *fields;
  const char *text, *from; /* `from` and `n_characters`: what is copied so far */
  size_t n_characters;
  char *out, *to;
  bool out_of_memory;
} copy;

static bool is_list(const dkm_job_fields *fields, const char *path) {
  const char *dot = strrchr(path, '.');
  if (!dot) return false;
  const cyaml_schema_field_t *field = dkm_job_fields_find(dkm_job_fields_at(fields, path), dot + 1, strlen(dot + 1));
  return field && field->value.type == CYAML_SEQUENCE;
}

static void copy_up_to(copy *c, size_t n_characters) {
  for (; c->n_characters < n_characters && *c->from; c->n_characters++)
    do *c->to++ = *c->from++;
    while (((unsigned char)*c->from & 0xC0) == 0x80);
}

/* A dkm_yaml_visit. */
static void complete(void *context, const char *path, const dkm_yaml_place *place, const char *value) {
  copy *c = context;
  const bool is_bare = *value && !strpbrk(value, ",[]{}#|>&*!%\n");
  if (!is_bare || c->out_of_memory || !is_list(c->fields, path)) return;
  if (!c->out) {
    static const char mark_of_order[] = "\xef\xbb\xbf"; /* not a character for libyaml */
    c->out = c->to = malloc(3 * strlen(c->text) + 1);
    c->out_of_memory = !c->out;
    if (c->out_of_memory) return;
    if (strncmp(c->text, mark_of_order, strlen(mark_of_order)) == 0) c->from += strlen(mark_of_order);
  }
  copy_up_to(c, place->first);
  *c->to++ = '[';
  copy_up_to(c, place->end);
  *c->to++ = ']';
}

dkm_status dkm_job_lists_complete(const dkm_job_fields *fields, const char *text, char **out) {
  copy c = {.fields = fields, .text = text, .from = text};
  const dkm_status status = dkm_yaml_walk(text, complete, &c);
  *out = c.out;
  if (status == DKM_OK && c.out) strcpy(c.to, c.from);
  if (status == DKM_OK && !c.out_of_memory) return DKM_OK;
  free(c.out);
  *out = NULL;
  return DKM_MEMORY;
}
