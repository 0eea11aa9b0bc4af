/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CSV, line by line. */
#include "job_table.h"

#include <stdio.h>
#include <string.h>

#include "job_spelling.h"

enum { ENTRY_BYTES = 64, SHOWN_BYTES = 40, NAMES_BYTES = 256 };

/* Where reading has got to. */
typedef struct place {
  const dkm_job_file *file;
  const char *at, *end;
  int64_t line; /* from 1 */
} place;

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

/* The next line that says something, without what ends it; false at the end. */
static bool next_line(place *p, const char **begin, const char **end) {
  while (p->at < p->end) {
    const char *stop = memchr(p->at, '\n', (size_t)(p->end - p->at));
    *begin = p->at;
    *end = stop ? stop : p->end;
    p->at = stop ? stop + 1 : p->end;
    p->line++;
    while (*end > *begin && is_blank((*end)[-1])) --*end;
    while (*begin < *end && is_blank(**begin)) ++*begin;
    if (*begin < *end && **begin != '#') return true;
  }
  return false;
}

/* Takes one entry off a line; false if there is none. *is_last: no comma follows.  What is too long, or holds a NUL, ends
 * in dots, and is no number and no name then. */
static bool next_entry(const char **at, const char *end, char entry[ENTRY_BYTES], bool *is_last) {
  if (*at > end) return false;
  const char *comma = memchr(*at, ',', (size_t)(end - *at)), *from = *at, *to = comma ? comma : end;
  *is_last = !comma;
  *at = comma ? comma + 1 : end + 1;
  while (from < to && is_blank(*from)) from++;
  while (to > from && is_blank(to[-1])) to--;
  if (to - from >= 2 && *from == '"' && to[-1] == '"') {
    from++;
    to--;
  }
  const size_t n = (size_t)(to - from);
  const bool is_whole = n < ENTRY_BYTES && !memchr(from, '\0', n);
  snprintf(entry, ENTRY_BYTES, "%.*s%s", (int)(is_whole ? n : n < SHOWN_BYTES ? n : SHOWN_BYTES), from, is_whole ? "" : "...");
  return true;
}

static dkm_status fail_at(const place *p, dkm_error *err, const char *what) {
  return dkm_fail(err, DKM_INPUT, "%s:%lld: %s", p->file->name, (long long)p->line, what);
}

/* Finds the column, from 0, and how many there are. */
static dkm_status read_header(place *p, const char *name, const char *other_name, int *column, int *n_columns, dkm_error *err) {
  const char *at, *end;
  char entry[ENTRY_BYTES], names[NAMES_BYTES] = "", what[DKM_MESSAGE_BYTES / 2];
  bool is_last = false;
  *column = -1;
  *n_columns = 0;
  if (!next_line(p, &at, &end)) return dkm_fail(err, DKM_INPUT, "%s is empty, but must be a table (CSV)", p->file->name);
  for (; !is_last && next_entry(&at, end, entry, &is_last); ++*n_columns) {
    const bool is_it = strcmp(entry, name) == 0 || strcmp(entry, other_name) == 0;
    if (is_it && *column >= 0) {
      snprintf(what, sizeof what, "two columns are named %s", name);
      return fail_at(p, err, what);
    }
    if (is_it) *column = *n_columns;
    const size_t used = strlen(names);
    snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", entry);
  }
  if (*column >= 0) return DKM_OK;
  snprintf(what, sizeof what, "no column is named %s (there are: %s)", name, names);
  for (char *c = what; *c; c++)
    if ((unsigned char)*c < ' ') *c = '?';
  return fail_at(p, err, what);
}

static dkm_status take_number(const place *p, const char *name, const char *entry, const dkm_limits *limits, double *value,
                              dkm_error *err) {
  char quoted[DKM_QUOTE_BYTES], allowed[DKM_LIMITS_BYTES], what[DKM_MESSAGE_BYTES / 2];
  *value = dkm_number_parse(entry);
  if (dkm_limits_allow(limits, *value)) return DKM_OK;
  snprintf(what, sizeof what, "%s is %s, but must be %s", name, dkm_quote(entry, quoted), dkm_limits_text(limits, allowed));
  return fail_at(p, err, what);
}

dkm_status dkm_table_column(const dkm_job_file *file, const char *name, const char *other_name, const dkm_limits *limits,
                            int64_t *n, double *values, dkm_error *err) {
  place p = {.file = file, .at = file->bytes, .end = (const char *)file->bytes + file->n_bytes};
  const char *at, *end;
  char entry[ENTRY_BYTES], what[DKM_MESSAGE_BYTES / 2];
  int column, n_columns;
  *n = 0;
  if (file->n_bytes >= 3 && memcmp(p.at, "\xef\xbb\xbf", 3) == 0) p.at += 3;
  dkm_status status = read_header(&p, name, other_name, &column, &n_columns, err);
  for (; status == DKM_OK && next_line(&p, &at, &end); ++*n) {
    bool is_last = false;
    int i = 0;
    double value;
    for (; !is_last && status == DKM_OK && next_entry(&at, end, entry, &is_last); i++)
      if (i == column) status = take_number(&p, name, entry, limits, values ? &values[*n] : &value, err);
    if (status != DKM_OK || i == n_columns) continue;
    snprintf(what, sizeof what, "has %d entries, but the first line names %d columns", i, n_columns);
    status = fail_at(&p, err, what);
  }
  if (status == DKM_OK && *n == 0) return dkm_fail(err, DKM_INPUT, "%s has no line with numbers", file->name);
  return status;
}
