/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Walks over the events of libyaml and keeps track of the key path.
 *
 * Nothing is stored: the text is walked once to check it and again for each place that a message asks for, so
 * that a list of a million values costs no table.  Anchors without aliases are harmless and ignored, as are
 * tags; aliases are refused, which also rules out texts that unfold to something huge. */
#include "job_yaml.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

/* A job nests four deep (axes, an axis, its values, a value). What is a little deeper is left to the schema, whose
 * messages are better. */
enum { MAX_DEPTH = 8 };

typedef struct level {
  bool is_list;
  bool has_key; /* of a mapping: a key was read and its value comes next */
  long count;   /* of a list: items so far */
  size_t path_bytes;
  yaml_mark_t key_mark;
} level;

typedef struct walk {
  const char *text;
  yaml_parser_t parser;
  yaml_event_t event;
  int n_documents;
  int depth; /* open lists and mappings */
  level levels[MAX_DEPTH];
  char path[DKM_YAML_PATH_BYTES]; /* of the current node; MAX_DEPTH keys fit */
} walk;

typedef enum step_result { STEP_NODE, STEP_END, STEP_PROBLEM, STEP_MEMORY } step_result;

static bool walk_start(walk *w, const char *text) {
  memset(w, 0, sizeof *w);
  w->text = text;
  if (!yaml_parser_initialize(&w->parser)) return false;
  yaml_parser_set_input_string(&w->parser, (const unsigned char *)text, strlen(text));
  return true;
}

static void walk_end(walk *w) {
  yaml_event_delete(&w->event);
  yaml_parser_delete(&w->parser);
}

static step_result problem_at(dkm_yaml_problem *problem, yaml_mark_t mark, const char *message) {
  snprintf(problem->message, sizeof problem->message, "%s", message);
  problem->line = (int)mark.line + 1;
  problem->column = (int)mark.column + 1;
  return STEP_PROBLEM;
}

/* Line and column, in bytes, of an offset into the text. */
static yaml_mark_t mark_of(const char *text, size_t offset) {
  yaml_mark_t mark = {0};
  for (size_t i = 0; i < offset && text[i]; i++) {
    mark.column++;
    if (text[i] == '\n') mark.line++, mark.column = 0;
  }
  return mark;
}

/* Whether the character at a mark, whose columns count characters, is a tab. */
static bool is_tab(const char *text, yaml_mark_t mark) {
  for (; mark.line > 0 && text; mark.line--) text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL;
  for (; text && *text && mark.column > 0; mark.column--)
    do text++;
    while (((unsigned char)*text & 0xC0) == 0x80);
  return text && *text == '\t';
}

static step_result syntax_problem(const walk *w, dkm_yaml_problem *problem) {
  const yaml_parser_t *parser = &w->parser;
  if (parser->error == YAML_MEMORY_ERROR) return STEP_MEMORY;
  const char *what = parser->problem ? parser->problem : "unknown error";
  char message[sizeof problem->message];
  if (parser->error == YAML_READER_ERROR) { /* libyaml knows the byte only */
    snprintf(message, sizeof message, "not UTF-8 text: %s", what);
    return problem_at(problem, mark_of(w->text, parser->problem_offset), message);
  }
  if (is_tab(w->text, parser->problem_mark))
    return problem_at(problem, parser->problem_mark, "not valid YAML: a tab is not allowed for indentation, only spaces are");
  const char *context = parser->context ? parser->context : "";
  const bool is_key = strstr(context, "simple key") != NULL; /* the problem is then on a later line */
  snprintf(message, sizeof message, "not valid YAML: %s%s%s", what, *context ? " " : "", context);
  return problem_at(problem, is_key ? parser->context_mark : parser->problem_mark, message);
}

/* A value is complete: its key, if it had one, is used up. */
static void leave_value(walk *w) {
  if (w->depth == 0) return;
  level *top = &w->levels[w->depth - 1];
  top->has_key = false;
  w->path[top->path_bytes] = '\0';
}

static step_result read_key(walk *w, dkm_yaml_problem *problem) {
  level *top = &w->levels[w->depth - 1];
  const char *key = (const char *)w->event.data.scalar.value;
  size_t bytes = w->event.data.scalar.length;
  bool is_word = bytes > 0 && bytes < DKM_YAML_KEY_BYTES;
  for (size_t i = 0; is_word && i < bytes; i++) is_word = !iscntrl((unsigned char)key[i]);
  if (!is_word)
    return problem_at(problem, w->event.start_mark,
                      bytes == 0 ? "a key is missing before this colon"
                                 : "this key is far too long or holds strange characters");
  snprintf(w->path + top->path_bytes, sizeof w->path - top->path_bytes, "%s%s", top->path_bytes ? "." : "", key);
  top->has_key = true;
  top->key_mark = w->event.start_mark;
  return STEP_NODE;
}

/* Enters the value that the current event begins. */
static step_result enter_value(walk *w, dkm_yaml_problem *problem, dkm_yaml_place *place) {
  yaml_mark_t mark = w->event.start_mark, key_mark = mark;
  if (w->depth > 0) {
    level *top = &w->levels[w->depth - 1];
    if (top->is_list)
      snprintf(w->path + top->path_bytes, sizeof w->path - top->path_bytes, "[%ld]", ++top->count);
    else
      key_mark = top->key_mark;
  }
  *place = (dkm_yaml_place){(int)mark.line + 1, (int)mark.column + 1, (int)key_mark.line + 1, (int)key_mark.column + 1,
                            DKM_YAML_SCALAR, mark.index, w->event.end_mark.index};
  if (w->event.type == YAML_SCALAR_EVENT) {
    if (strlen((const char *)w->event.data.scalar.value) != w->event.data.scalar.length)
      return problem_at(problem, mark, "this value holds a zero byte");
    return STEP_NODE;
  }
  place->kind = w->event.type == YAML_SEQUENCE_START_EVENT ? DKM_YAML_LIST : DKM_YAML_MAPPING;
  if (w->depth == MAX_DEPTH) return problem_at(problem, mark, "nested too deeply for a job");
  w->levels[w->depth++] =
      (level){.is_list = place->kind == DKM_YAML_LIST, .path_bytes = strlen(w->path), .key_mark = mark};
  return STEP_NODE;
}

/* The next value, in the order of the text; w->path is its key path. */
static step_result walk_next(walk *w, dkm_yaml_problem *problem, dkm_yaml_place *place) {
  if (w->event.type == YAML_SCALAR_EVENT) leave_value(w);
  for (;;) {
    yaml_event_delete(&w->event);
    if (!yaml_parser_parse(&w->parser, &w->event)) return syntax_problem(w, problem);
    bool wants_key = w->depth > 0 && !w->levels[w->depth - 1].is_list && !w->levels[w->depth - 1].has_key;
    switch (w->event.type) {
    case YAML_STREAM_END_EVENT:
      return STEP_END;
    case YAML_DOCUMENT_START_EVENT:
      if (w->n_documents++) return problem_at(problem, w->event.start_mark, "a second YAML document begins here");
      break;
    case YAML_ALIAS_EVENT:
      return problem_at(problem, w->event.start_mark, "aliases (*name) are not supported");
    case YAML_SCALAR_EVENT:
      if (!wants_key) return enter_value(w, problem, place);
      if (read_key(w, problem) == STEP_PROBLEM) return STEP_PROBLEM;
      break;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
      if (wants_key) return problem_at(problem, w->event.start_mark, "a key must be a single word");
      return enter_value(w, problem, place);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
      w->depth--;
      leave_value(w);
      break;
    default:
      break;
    }
  }
}

/* Whether `at` begins a line of the text, as YAML has it: also behind NEL, LS, PS and the mark of byte order. */
static bool begins_line(const char *text, const char *at) {
  static const char *const before[] = {"\n", "\r", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xef\xbb\xbf"};
  for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
    size_t bytes = strlen(before[i]);
    if ((size_t)(at - text) >= bytes && memcmp(at - bytes, before[i], bytes) == 0) return true;
  }
  return at == text;
}

/* libyaml compares each tag directive with all others, so that a file of them would take for ever; jobs have no use
 * for any. */
static bool find_tag_directive(const char *text, dkm_yaml_problem *problem) {
  const char *at = strstr(text, "%TAG");
  while (at && !begins_line(text, at)) at = strstr(at + 1, "%TAG");
  if (!at) return false;
  problem_at(problem, mark_of(text, (size_t)(at - text)), "tag directives (%TAG) are not supported");
  return true;
}

dkm_status dkm_yaml_check(const char *text, dkm_yaml_problem *problem) {
  walk w;
  if (find_tag_directive(text, problem)) return DKM_INPUT;
  if (!walk_start(&w, text)) return DKM_MEMORY;
  dkm_yaml_place place;
  step_result result;
  bool has_root = false;
  while ((result = walk_next(&w, problem, &place)) == STEP_NODE) {
    if (has_root) continue;
    has_root = true;
    if (place.kind == DKM_YAML_MAPPING) continue;
    bool is_empty = place.kind == DKM_YAML_SCALAR && w.event.data.scalar.length == 0;
    result = problem_at(problem, w.event.start_mark,
                        is_empty ? "this job is empty" : "a job must consist of keys and values, such as `model:`");
    break;
  }
  walk_end(&w);
  if (result == STEP_MEMORY) return DKM_MEMORY;
  if (result == STEP_PROBLEM) return DKM_INPUT;
  if (!has_root) {
    snprintf(problem->message, sizeof problem->message, "this job is empty");
    problem->line = problem->column = 0;
    return DKM_INPUT;
  }
  return DKM_OK;
}

dkm_status dkm_yaml_walk(const char *text, dkm_yaml_visit *visit, void *context) {
  walk w;
  if (!walk_start(&w, text)) return DKM_MEMORY;
  dkm_yaml_problem ignored;
  dkm_yaml_place place;
  step_result result;
  while ((result = walk_next(&w, &ignored, &place)) == STEP_NODE)
    if (place.kind == DKM_YAML_SCALAR) visit(context, w.path, &place, (const char *)w.event.data.scalar.value);
  walk_end(&w);
  return result == STEP_MEMORY ? DKM_MEMORY : DKM_OK;
}

bool dkm_yaml_find(const char *text, const char *path, int occurrence, dkm_yaml_place *place) {
  walk w;
  if (!walk_start(&w, text)) return false;
  dkm_yaml_problem ignored;
  bool found = false;
  while (!found && walk_next(&w, &ignored, place) == STEP_NODE) found = strcmp(w.path, path) == 0 && --occurrence == 0;
  walk_end(&w);
  return found;
}
