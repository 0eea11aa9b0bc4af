/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a job through its schema, --set, and the place of every message.
 *
 * libcyaml reports errors through a log function: one line with the cause, then a backtrace from the inside out,
 *   Load: Unexpected key: kapa_mu
 *   Load: Backtrace:
 *     in mapping (line: 3, column: 6)
 *     in mapping field 'model' (line: 3, column: 3)
 * whose lines are where the enclosing values begin.  The names in it give a key path, and the key path gives
 * the exact line (job_yaml.h). */
#include "job_schema.h"

#include <ctype.h>
#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job_fields.h"
#include "job_hint.h"
#include "job_lists.h"
#include "job_spelling.h"
#include "job_yaml.h"

/* ---- messages ---- */

enum { LABEL_BYTES = 256, SHOWN_KEY_BYTES = 160 };

/* A text that is read through the schema: the file, or what a --set or --at amounts to. */
typedef struct document {
  const char *label; /* "job.yaml", "--set model.g0=1" or "--at g0=1" */
  const char *text;
  bool has_lines; /* lines and columns mean something to the user */
} document;

/* Of --at without the group, which is not typed there. */
static void set_label(const dkm_job_source *source, int i_set, char label[LABEL_BYTES]) {
  const char *set = source->sets[i_set], *option = i_set < source->n_own ? "--set" : "--at";
  if (i_set >= source->n_own) set += strcspn(set, ".") + 1;
  int n = snprintf(label, LABEL_BYTES, "%s %s", option, set);
  if (n >= LABEL_BYTES) memcpy(label + LABEL_BYTES - 4, "...", 4);
  for (; *label; label++)
    if (iscntrl((unsigned char)*label)) *label = '?';
}

/* Which line, also returned: that of the value (of_key: of its key), or of the innermost group around it that exists. */
static int place_of(const document *doc, const char *key_path, int occurrence, bool of_key, char *out,
                    size_t out_bytes) {
  char path[DKM_YAML_PATH_BYTES];
  snprintf(path, sizeof path, "%s", key_path);
  bool of_item = false; /* of a list without brackets: its value is the item */
  *out = '\0';
  while (doc->has_lines && *path) {
    dkm_yaml_place place;
    if (dkm_yaml_find(doc->text, path, occurrence, &place)) {
      const bool at_key = of_key && !(of_item && place.kind == DKM_YAML_SCALAR);
      const int line = at_key ? place.key_line : place.line;
      snprintf(out, out_bytes, ":%d:%d", line, at_key ? place.key_column : place.column);
      return line;
    }
    size_t end = strlen(path);
    while (end > 0 && path[end - 1] != '.' && path[end - 1] != '[') end--;
    of_item = end > 0 && path[end - 1] == '[';
    path[end > 0 ? end - 1 : 0] = '\0';
    occurrence = 1;
    of_key = true;
  }
  return 0;
}

/* "axes[2].points" as users say it: "axes.g0.points". */
static void show_key(const dkm_job_keys *keys, const char *key_path, char out[SHOWN_KEY_BYTES]) {
  unsigned number = 0;
  int n = 0;
  if (keys && sscanf(key_path, "axes[%u]%n", &number, &n) == 1 && n > 0 && number >= 1 && number <= keys->axes_count) {
    const char *name = keys->axes[number - 1].name;
    if (name && *name && strlen(name) < DKM_YAML_KEY_BYTES &&
        strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_[]") == strlen(name)) {
      snprintf(out, SHOWN_KEY_BYTES, "axes.%s%s", name, key_path + n);
      return;
    }
  }
  snprintf(out, SHOWN_KEY_BYTES, "%s", key_path);
}

/* DKM_INPUT with "LABEL:LINE:COLUMN: ..."; occurrence and of_key as in place_of. */
static dkm_status fail_in(const document *doc, dkm_error *err, const char *key_path, int occurrence, bool of_key,
                          const char *format, ...) __attribute__((format(printf, 6, 7)));

static dkm_status fail_in(const document *doc, dkm_error *err, const char *key_path, int occurrence, bool of_key,
                          const char *format, ...) {
  char place[48], message[DKM_MESSAGE_BYTES], hint[DKM_HINT_BYTES] = "";
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  const int line = place_of(doc, key_path, occurrence, of_key, place, sizeof place);
  if (!doc->has_lines)
    dkm_hint(message, 1, hint);
  else if (line > 0)
    dkm_hint(doc->text, line, hint);
  return dkm_fail(err, DKM_INPUT, "%s%s: %s%s", doc->label, place, message, hint);
}

/* "axes[2]" */
static bool is_axis(const char *path) {
  return strncmp(path, "axes[", strlen("axes[")) == 0 && path[strlen(path) - 1] == ']' && !strchr(path, '.');
}

/* True if `path` is `whole` or lies within it. */
static bool lies_within(const char *path, const char *whole) {
  size_t n = strlen(whole);
  return strncmp(path, whole, n) == 0 && (path[n] == '\0' || path[n] == '.' || path[n] == '[');
}

dkm_status dkm_schema_fail(const dkm_job_source *source, dkm_error *err, const char *key_path, const char *format,
                           ...) {
  char shown[SHOWN_KEY_BYTES], message[DKM_MESSAGE_BYTES], label[LABEL_BYTES];
  document doc = {source->path, source->text, true};
  for (int i = 0; i < source->n_sets && source->set_paths; i++) { /* the last one that set this key counts, or one of this axis */
    const char *set = source->set_paths[i];
    if (!set || !(lies_within(key_path, set) || (is_axis(key_path) && lies_within(set, key_path)))) continue;
    set_label(source, i, label);
    doc = (document){label, "", false};
  }
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  show_key(source->keys, key_path, shown);
  return fail_in(&doc, err, key_path, 1, false, "%s %s", shown, message);
}

int dkm_schema_line(const dkm_job_source *source, const char *key_path) {
  dkm_yaml_place place;
  return dkm_yaml_find(source->text, key_path, 1, &place) ? place.key_line : 0;
}

/* ---- reading through libcyaml ---- */

/* What libcyaml's log says about a failure. */
typedef struct failure_log {
  char cause[256];
  char path[DKM_YAML_PATH_BYTES];
} failure_log;

static void prepend(char path[DKM_YAML_PATH_BYTES], const char *component) {
  char joined[DKM_YAML_PATH_BYTES + DKM_YAML_KEY_BYTES + 16];
  snprintf(joined, sizeof joined, "%s%s%s", component, *path == '\0' || *path == '[' ? "" : ".", path);
  snprintf(path, DKM_YAML_PATH_BYTES, "%.*s", DKM_YAML_PATH_BYTES - 1, joined);
}

static void take_log(cyaml_log_t level, void *context, const char *format, va_list args) {
  failure_log *log = context;
  char line[256], name[DKM_YAML_KEY_BYTES];
  unsigned entry;
  if (level < CYAML_LOG_ERROR) return;
  vsnprintf(line, sizeof line, format, args);
  line[strcspn(line, "\n")] = '\0';
  /* libcyaml 1.3.1 and later: field 'model' (line...); before: field: model */
  if (sscanf(line, "  in mapping field%*[ ':]%63[^' ]", name) == 1)
    prepend(log->path, name);
  else if (sscanf(line, "  in sequence entry%*[ ':]%u", &entry) == 1) {
    snprintf(name, sizeof name, "[%u]", entry);
    prepend(log->path, name);
  } else if (!*log->cause && strstr(line, "Backtrace") == NULL)
    snprintf(log->cause, sizeof log->cause, "%s", strncmp(line, "Load: ", 6) == 0 ? line + 6 : line);
}

static const cyaml_config_t config_without_log = {
    .mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR, .flags = CYAML_CFG_NO_ALIAS};

/* Turns libcyaml's failure into one sentence. */
static dkm_status explain(const document *doc, const dkm_job_fields *fields, cyaml_err_t code, failure_log *log,
                          dkm_error *err) {
  if (code == CYAML_ERR_OOM) return dkm_fail(err, DKM_MEMORY, "%s: out of memory while reading the job", doc->label);
  char allowed[DKM_KEYS_BYTES], path[DKM_YAML_PATH_BYTES + 2 * DKM_YAML_KEY_BYTES], suggestion[DKM_MEANT_BYTES];
  const char *key = strstr(log->cause, "key: ");
  if (code == CYAML_ERR_INVALID_KEY && key) {
    key += strlen("key: ");
    dkm_job_fields_list(dkm_job_fields_at(fields, log->path), allowed);
    snprintf(path, sizeof path, "%s%s%.*s", log->path, *log->path ? "." : "", DKM_YAML_KEY_BYTES, key);
    dkm_job_fields_suggest(fields, log->path, key, suggestion);
    return fail_in(doc, err, path, 1, true, "unknown key \"%s\" %s%s; %sallowed: %s", key,
                   *log->path ? "in " : "at the top level", log->path, suggestion, allowed);
  }
  if (code == CYAML_ERR_UNEXPECTED_EVENT && strstr(log->cause, "already seen"))
    return fail_in(doc, err, log->path, 2, true, "key %s occurs twice", log->path);
  if (code == CYAML_ERR_SEQUENCE_ENTRIES_MIN) {
    char *entry = strrchr(log->path, '[');
    if (entry) *entry = '\0';
    return fail_in(doc, err, log->path, 1, false, "%s is an empty list, but must hold at least one value", log->path);
  }
  if (code == CYAML_ERR_INVALID_VALUE && strstr(log->cause, "Expecting")) {
    const char *found = strstr(log->cause, "event: SEQ")   ? "a list"
                        : strstr(log->cause, "event: MAP") ? "a group of keys"
                                                           : "a single value";
    const char *expected = strstr(log->cause, "Expecting SEQ")   ? "a list, such as [1, 2]"
                           : strstr(log->cause, "Expecting MAP") ? "a group of keys"
                                                                 : "a single value";
    return fail_in(doc, err, log->path, 1, false, "%s is %s, but must be %s", log->path, found, expected);
  }
  return fail_in(doc, err, log->path, 1, false, "%s", *log->cause ? log->cause : cyaml_strerror(code));
}

static dkm_status load_document(const document *doc, const dkm_job_fields *fields, dkm_job_keys **keys,
                                dkm_error *err) {
  dkm_yaml_problem problem;
  dkm_status status = dkm_yaml_check(doc->text, &problem);
  if (status == DKM_MEMORY) return dkm_fail(err, status, "%s: out of memory while reading the job", doc->label);
  if (status != DKM_OK) {
    char hint[DKM_HINT_BYTES];
    if (!doc->has_lines || problem.line == 0)
      return dkm_fail(err, status, "%s: %s%s", doc->label, problem.message, dkm_hint_syntax(doc->label, 1, hint));
    return dkm_fail(err, status, "%s:%d:%d: %s%s", doc->label, problem.line, problem.column, problem.message,
                    dkm_hint_syntax(doc->text, problem.line, hint));
  }
  char *completed;
  status = dkm_job_lists_complete(fields, doc->text, &completed);
  if (status != DKM_OK) return dkm_fail(err, status, "%s: out of memory while reading the job", doc->label);
  const char *text = completed ? completed : doc->text;
  failure_log log = {.cause = "", .path = ""};
  cyaml_config_t config = config_without_log;
  config.log_fn = take_log;
  config.log_ctx = &log;
  cyaml_data_t *data = NULL;
  cyaml_err_t code =
      cyaml_load_data((const uint8_t *)text, strlen(text), &config, dkm_job_fields_schema(fields), &data, NULL);
  free(completed);
  *keys = data;
  return code == CYAML_OK ? DKM_OK : explain(doc, fields, code, &log, err);
}

/* ---- --set ---- */

static void swap_bytes(void *a, void *b, size_t n) {
  unsigned char *p = a, *q = b;
  for (size_t i = 0; i < n; i++) {
    unsigned char byte = p[i];
    p[i] = q[i];
    q[i] = byte;
  }
}

/* Exchanges one key's value between two structs of the same group. */
static void swap_key(void *a, void *b, const cyaml_schema_field_t *field) {
  swap_bytes((char *)a + field->data_offset, (char *)b + field->data_offset, sizeof(void *));
  if (field->value.type == CYAML_SEQUENCE)
    swap_bytes((char *)a + field->count_offset, (char *)b + field->count_offset, field->count_size);
}

/* An axis is given by values, by a file, or by from, to, points and the like: setting one of them drops the others. */
static void swap_axis_key(dkm_axis_keys *a, dkm_axis_keys *b, const dkm_job_fields *fields,
                          const cyaml_schema_field_t *field) {
  static const struct {
    const char *key;
    int way; /* in which it gives the axis */
  } keys[] = {{"from", 0}, {"to", 0}, {"points", 0}, {"scale", 0}, {"sample", 0}, {"seed", 0}, {"values", 1}, {"file", 2}};
  enum { N_KEYS = sizeof keys / sizeof *keys };
  const cyaml_schema_field_t *axis_fields = dkm_job_fields_at(fields, "axes");
  int set = 0;
  while (set < N_KEYS && strcmp(field->key, keys[set].key) != 0) set++;
  swap_key(a, b, field);
  for (int i = 0; i < N_KEYS && set < N_KEYS; i++)
    if (keys[i].way != keys[set].way) swap_key(a, b, dkm_job_fields_find(axis_fields, keys[i].key, strlen(keys[i].key)));
}

/* The key that a --set names. */
typedef struct target {
  const cyaml_schema_field_t *group, *field; /* group NULL: top level */
  unsigned axis;                             /* from 1 */
} target;

static dkm_status no_such_key(const dkm_job_source *source, const char *label, const char *key, const char *group_path,
                              dkm_error *err) {
  char allowed[DKM_KEYS_BYTES], suggestion[DKM_MEANT_BYTES], hint[DKM_HINT_BYTES];
  dkm_job_fields_list(dkm_job_fields_at(source->fields, group_path), allowed);
  dkm_job_fields_suggest(source->fields, group_path, key, suggestion);
  return dkm_fail(err, DKM_INPUT, "%s: unknown key \"%s\" %s%s; %sallowed: %s%s", label, key,
                  *group_path ? "in " : "at the top level", group_path, suggestion, allowed, dkm_hint(label, 1, hint));
}

static dkm_status find_axis(const dkm_job_source *source, const char *label, const char *name, size_t name_bytes,
                            target *t, dkm_error *err) {
  char have[256] = "", meant[DKM_MEANT_BYTES];
  char typed[DKM_YAML_KEY_BYTES];
  const char *names[DKM_MAX_AXES];
  int n = 0;
  for (unsigned i = 0; i < source->keys->axes_count; i++) {
    const char *other = source->keys->axes[i].name;
    if (!other) continue;
    if (dkm_names_agree(other, strlen(other), name, name_bytes)) {
      t->axis = i + 1;
      return DKM_OK;
    }
    size_t used = strlen(have);
    snprintf(have + used, sizeof have - used, "%s%s", used ? ", " : "", other);
    if (n < DKM_MAX_AXES) names[n++] = other;
  }
  snprintf(typed, sizeof typed, "%.*s", (int)name_bytes, name);
  return dkm_fail(err, DKM_INPUT, "%s: the job has no axis %.*s; %sit has: %s", label, (int)name_bytes, name,
                  dkm_meant_text(typed, n, names, meant), *have ? have : "none");
}

static dkm_status find_target(const dkm_job_source *source, const char *label, const char *key, target *t,
                              dkm_error *err) {
  const char *rest = strchr(key, '.'), *leaf = key;
  char group[DKM_YAML_KEY_BYTES] = "";
  *t = (target){NULL, NULL, 0};
  if (rest) {
    snprintf(group, sizeof group, "%.*s", (int)(rest - key), key);
    t->group = dkm_job_fields_find(dkm_job_fields_at(source->fields, ""), group, strlen(group));
    if (!t->group && find_axis(source, label, group, strlen(group), t, NULL) == DKM_OK)
      return dkm_fail(err, DKM_INPUT, "%s: unknown key \"%s\" at the top level; did you mean axes.%s?", label, group, key);
    if (!t->group || t->group->value.type == CYAML_STRING) return no_such_key(source, label, group, "", err);
    leaf = strrchr(key, '.') + 1;
    if (t->group->value.type == CYAML_MAPPING && leaf != rest + 1)
      return no_such_key(source, label, rest + 1, group, err);
    if (t->group->value.type == CYAML_SEQUENCE) {
      if (leaf == rest + 1)
        return dkm_fail(err, DKM_INPUT, "%s: must name an axis and its key, such as axes.g0.points", label);
      dkm_status status = find_axis(source, label, rest + 1, (size_t)(leaf - 1 - (rest + 1)), t, err);
      if (status != DKM_OK) return status;
      if (strcmp(leaf, "name") == 0) return dkm_fail(err, DKM_INPUT, "%s: an axis cannot be renamed", label);
    }
  }
  t->field = dkm_job_fields_find(dkm_job_fields_at(source->fields, group), leaf, strlen(leaf));
  if (!t->field) return no_such_key(source, label, leaf, group, err);
  if (t->field->value.type == CYAML_MAPPING)
    return dkm_fail(err, DKM_INPUT, "%s: %s is a group; name one of its keys, such as %s.%s", label, key, key,
                    t->field->value.mapping.fields->key);
  return DKM_OK;
}

/* Whether YAML would see more than one line: beside control characters there are NEL, LS and PS. What is on a second
 * line would be read as keys of its own. */
static bool has_several_lines(const char *text) {
  static const char *const breaks[] = {"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};
  for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++)
    if (strstr(text, breaks[i])) return true;
  while (*text && !iscntrl((unsigned char)*text)) text++;
  return *text != '\0';
}

static dkm_status apply_set(dkm_job_source *source, int i_set, dkm_error *err) {
  const char *set = source->sets[i_set], *value = strchr(set, '=');
  char label[LABEL_BYTES], key[2 * DKM_YAML_KEY_BYTES];
  set_label(source, i_set, label);
  if (!value || value == set)
    return dkm_fail(err, DKM_INPUT, "%s: must have the form key=value, such as model.Omega=0.4", label);
  if (has_several_lines(set)) return dkm_fail(err, DKM_INPUT, "%s: must be a single line of text", label);
  if ((size_t)(value - set) >= sizeof key)
    return dkm_fail(err, DKM_INPUT, "%s: there is no key as long as this", label);
  snprintf(key, sizeof key, "%.*s", (int)(value - set), set);
  value++;

  target t;
  dkm_status status = find_target(source, label, key, &t, err);
  if (status != DKM_OK) return status;
  dkm_job_keys *own = NULL;
  size_t bytes = strlen(value) + 2 * sizeof key;
  char *text = malloc(bytes), *path = malloc(bytes);
  if (!text || !path) {
    status = dkm_fail(err, DKM_MEMORY, "%s: out of memory", label);
    goto cleanup;
  }
  const char *leaf = t.field->key;
  /* A list of numbers may lose its brackets, which shells treat as patterns: model.kappa_mu=1,2 */
  bool bare = t.group && t.field->value.type == CYAML_SEQUENCE && *value != '[';
  const char *open = bare ? "[" : "", *close = bare ? "]" : "";
  if (!t.group) {
    snprintf(text, bytes, "%s: %s\n", leaf, value);
    snprintf(path, bytes, "%s", leaf);
  } else if (t.axis == 0) {
    snprintf(text, bytes, "%s:\n  %s: %s%s%s\n", t.group->key, leaf, open, value, close);
    snprintf(path, bytes, "%s.%s", t.group->key, leaf);
  } else {
    snprintf(text, bytes, "axes:\n  - %s: %s%s%s\n", leaf, open, value, close);
    snprintf(path, bytes, "axes[%u].%s", t.axis, leaf);
  }
  status = load_document(&(document){label, text, false}, source->fields, &own, err);
  if (status != DKM_OK) goto cleanup;
  if (!t.group)
    swap_key(source->keys, own, t.field);
  else if (t.axis == 0)
    swap_key((char *)source->keys + t.group->data_offset, (char *)own + t.group->data_offset, t.field);
  else
    swap_axis_key(&source->keys->axes[t.axis - 1], &own->axes[0], source->fields, t.field);
  source->set_paths[i_set] = path;
  path = NULL;
cleanup:
  cyaml_free(&config_without_log, dkm_job_fields_schema(source->fields), own, 0);
  free(path);
  free(text);
  return status;
}

dkm_status dkm_schema_load(dkm_job_source *source, const char *path, const char *text, int n_sets, int n_own,
                           const char *const *sets, dkm_error *err) {
  *source = (dkm_job_source){.path = path, .text = text, .n_sets = n_sets, .n_own = n_own, .sets = sets};
  if (n_sets > 0) {
    source->set_paths = calloc((size_t)n_sets, sizeof *source->set_paths);
    if (!source->set_paths) return dkm_fail(err, DKM_MEMORY, "%s: out of memory", path);
  }
  source->fields = dkm_job_fields_create();
  if (!source->fields) return dkm_fail(err, DKM_MEMORY, "%s: out of memory", path);
  dkm_status status = load_document(&(document){path, text, true}, source->fields, &source->keys, err);
  for (int i = 0; i < n_sets && status == DKM_OK; i++) status = apply_set(source, i, err);
  return status;
}

void dkm_schema_free(dkm_job_source *source) {
  if (source->fields) cyaml_free(&config_without_log, dkm_job_fields_schema(source->fields), source->keys, 0);
  dkm_job_fields_destroy(source->fields);
  for (int i = 0; i < source->n_sets && source->set_paths; i++) free(source->set_paths[i]);
  free(source->set_paths);
  source->set_paths = NULL;
  source->fields = NULL;
  source->keys = NULL;
}

const dkm_key_text *dkm_schema_text(const dkm_job_source *source, const char *key) {
  return dkm_job_fields_text(source->fields, source->keys, key);
}
