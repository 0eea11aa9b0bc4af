/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libcyaml's schema; see job_fields.h.  Every key is optional here; job.c asks for those that a job needs. */
#include "job_fields.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/option.h"
#include "dickemap/parameter.h"

/* As messages list them; axes come before `solver`. */
static const char *const group_names[DKM_N_GROUPS] = {"model", "initial", "drive", "solver", "output", "exactness"};
enum { SOLVER = 3, N_TOP = DKM_N_GROUPS + 6 };

struct dkm_job_fields {
  cyaml_schema_field_t group[DKM_N_GROUPS][DKM_MOST_KEYS + 1]; /* a field without a key is the end */
  cyaml_schema_field_t top[N_TOP + 1];
  cyaml_schema_value_t whole;
};

#define VALUE(type, key)                                                                                               \
  CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, key, 0, CYAML_UNLIMITED)
#define LIST(type, key, entry, min)                                                                                    \
  CYAML_FIELD_SEQUENCE(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, key, entry, min, CYAML_UNLIMITED)

static const cyaml_schema_value_t item = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED)};
static const cyaml_schema_field_t axis_fields[] = {
    VALUE(dkm_axis_keys, name),  VALUE(dkm_axis_keys, from),
    VALUE(dkm_axis_keys, to),    VALUE(dkm_axis_keys, points),
    VALUE(dkm_axis_keys, scale), VALUE(dkm_axis_keys, sample),
    VALUE(dkm_axis_keys, seed),  LIST(dkm_axis_keys, values, &item, 1),
    VALUE(dkm_axis_keys, file),  VALUE(dkm_axis_keys, zip),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t axis_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, dkm_axis_keys, axis_fields)};

static const cyaml_schema_field_t value_field = VALUE(dkm_key_text, value);
static const cyaml_schema_field_t list_field = LIST(dkm_key_text, values, &item, 1);
static const cyaml_schema_field_t title_field = VALUE(dkm_job_keys, title);
static const cyaml_schema_field_t unit_field = VALUE(dkm_job_keys, unit);
static const cyaml_schema_field_t task_field = VALUE(dkm_job_keys, task);
static const cyaml_schema_field_t reduce_field = VALUE(dkm_job_keys, reduce);
static const cyaml_schema_field_t fatal_field = VALUE(dkm_job_keys, fatal);
static const cyaml_schema_field_t axes_field = LIST(dkm_job_keys, axes, &axis_schema, 0);

static int group_of(const char *key) {
  int g = 0;
  while (strncmp(group_names[g], key, strcspn(key, ".")) != 0 || group_names[g][strcspn(key, ".")] != '\0') g++;
  return g;
}

static const char *name_in_group(const char *key) {
  return strchr(key, '.') + 1;
}

/* The key of a row, "model.g0", becomes the next field of its group. */
static void add_key(dkm_job_fields *fields, const char *key, bool is_list) {
  cyaml_schema_field_t *field = fields->group[group_of(key)];
  size_t offset = 0;
  for (; field->key; field++) offset += sizeof(dkm_key_text);
  *field = is_list ? list_field : value_field;
  field->key = name_in_group(key);
  field->data_offset += (uint32_t)offset;
  field->count_offset += (uint32_t)offset;
}

dkm_job_fields *dkm_job_fields_create(void) {
  dkm_job_fields *fields = calloc(1, sizeof *fields);
  if (!fields) return NULL;
  for (int i = 0; i < dkm_n_options; i++) {
    const dkm_option_kind kind = dkm_options[i].kind;
    add_key(fields, dkm_options[i].key, kind == DKM_OPTION_NUMBERS || kind == DKM_OPTION_FILES);
  }
  for (int i = 0; i < dkm_n_parameters; i++) add_key(fields, dkm_parameters[i].key, dkm_parameters[i].per_mode);
  int n = 0;
  fields->top[n++] = title_field;
  fields->top[n++] = unit_field;
  fields->top[n++] = task_field;
  for (int g = 0; g < DKM_N_GROUPS; g++) {
    if (g == SOLVER) {
      fields->top[n++] = axes_field;
      fields->top[n++] = reduce_field;
      fields->top[n++] = fatal_field;
    }
    fields->top[n++] = (cyaml_schema_field_t){
        .key = group_names[g],
        .data_offset = (uint32_t)(offsetof(dkm_job_keys, groups) + (size_t)g * sizeof(dkm_group_keys)),
        .value = {CYAML_VALUE_MAPPING(CYAML_FLAG_OPTIONAL, dkm_group_keys, fields->group[g])}};
  }
  assert(n == N_TOP);
  fields->whole = (cyaml_schema_value_t){CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, dkm_job_keys, fields->top)};
  return fields;
}

void dkm_job_fields_destroy(dkm_job_fields *fields) {
  free(fields);
}

const cyaml_schema_value_t *dkm_job_fields_schema(const dkm_job_fields *fields) {
  return &fields->whole;
}

const cyaml_schema_field_t *dkm_job_fields_find(const cyaml_schema_field_t *fields, const char *key, size_t key_bytes) {
  for (; fields->key; fields++)
    if (strlen(fields->key) == key_bytes && memcmp(fields->key, key, key_bytes) == 0) return fields;
  return NULL;
}

const cyaml_schema_field_t *dkm_job_fields_at(const dkm_job_fields *fields, const char *path) {
  if (*path == '\0') return fields->top;
  const cyaml_schema_field_t *field = dkm_job_fields_find(fields->top, path, strcspn(path, ".["));
  if (!field) return fields->top;
  return field->value.type == CYAML_MAPPING ? field->value.mapping.fields : axis_fields;
}

const dkm_key_text *dkm_job_fields_text(const dkm_job_fields *fields, const dkm_job_keys *keys, const char *key) {
  const char *name = name_in_group(key);
  const int g = group_of(key);
  return &keys->groups[g].keys[dkm_job_fields_find(fields->group[g], name, strlen(name)) - fields->group[g]];
}

const char *dkm_job_fields_list(const cyaml_schema_field_t *fields, char out[DKM_KEYS_BYTES]) {
  *out = '\0';
  for (const cyaml_schema_field_t *field = fields; field->key; field++) {
    size_t used = strlen(out);
    snprintf(out + used, DKM_KEYS_BYTES - used, "%s%s", used ? ", " : "", field->key);
  }
  return out;
}

/* Names of keys, those of groups with their group. */
enum { MOST_NAMES = N_TOP + DKM_N_GROUPS * DKM_MOST_KEYS, NAME_BYTES = 64 };
struct names {
  int n;
  const char *keys[MOST_NAMES], *groups[MOST_NAMES]; /* NULL: not to be told */
};

/* A name that several groups have counts in the first of them. */
static void add_names(struct names *names, const cyaml_schema_field_t *fields, const char *group) {
  for (; fields->key; fields++) {
    bool is_new = true;
    for (int i = 0; i < names->n; i++) is_new = is_new && strcmp(names->keys[i], fields->key) != 0;
    if (!is_new) continue;
    names->keys[names->n] = fields->key;
    names->groups[names->n++] = group;
  }
}

static const char *ask(const struct names *names, int n, const int *found, char out[DKM_MEANT_BYTES]) {
  char whole[DKM_MOST_MEANT][NAME_BYTES];
  const char *chosen[DKM_MOST_MEANT];
  for (int i = 0; i < n; i++) {
    const char *group = names->groups[found[i]];
    const bool is_top = group && !*group;
    snprintf(whole[i], NAME_BYTES, "%s%s%s%s", group ? group : "", group && !is_top ? "." : "", names->keys[found[i]],
             is_top ? " at the top level" : "");
    chosen[i] = whole[i];
  }
  return dkm_meant_ask(n, chosen, out);
}

const char *dkm_job_fields_suggest(const dkm_job_fields *fields, const char *path, const char *key, char out[DKM_MEANT_BYTES]) {
  struct names here = {0}, elsewhere = {0};
  int found[DKM_MOST_MEANT];
  add_names(&here, dkm_job_fields_at(fields, path), NULL);
  for (int g = 0; g < DKM_N_GROUPS; g++) add_names(&elsewhere, fields->group[g], group_names[g]);
  if (*path) add_names(&elsewhere, fields->top, "");
  const int n_here = dkm_meant(key, here.n, here.keys, found);
  const bool is_sure = n_here > 0 && dkm_meant_surely(key, here.keys[found[0]]);
  for (int i = 0; i < elsewhere.n && !is_sure; i++)
    if (strcmp(elsewhere.keys[i], key) == 0) return ask(&elsewhere, 1, &i, out);
  if (n_here > 0) return ask(&here, n_here, found, out);
  return ask(&elsewhere, dkm_meant(key, elsewhere.n, elsewhere.keys, found), found, out);
}
