/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jobs/README.md and the manual page say of every key what its row says: type, limits, default, meaning.  A failure shows the
 * line that should be there. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dickemap/option.h"

enum { CELL_BYTES = 256, LINE_BYTES = 1024, PAGE_BYTES = 1 << 18 };

/* A row of either table, in words. */
typedef struct entry {
  const char *key, *description;
  char type[CELL_BYTES], fallback[CELL_BYTES];
} entry;

static const char *read_page(const char *name) {
  static char page[PAGE_BYTES];
  char path[4096];
  snprintf(path, sizeof path, PROJECT_DIR "/%s", name);
  FILE *file = fopen(path, "r");
  if (!file) fail_msg("%s cannot be read", path);
  const size_t n = fread(page, 1, sizeof page - 1, file);
  fclose(file);
  assert_true(n > 0 && n < sizeof page - 1);
  page[n] = '\0';
  return page;
}

/* ---- numbers as people write them ---- */

/* 1e+07 becomes 1e7. */
static void drop_padding(char *number) {
  char *exponent = strchr(number, 'e');
  if (!exponent) return;
  char *digits = exponent + 1, *to = exponent + 1;
  if (*digits == '-') to++;
  digits += strspn(digits, "+-0");
  memmove(to, digits, strlen(digits) + 1);
}

/* The shortest way to write it; with a minus sign. */
static const char *spell(double value, bool whole, char out[CELL_BYTES]) {
  char plain[64], scientific[64];
  snprintf(plain, sizeof plain, whole ? "%.0f" : "%.15g", fabs(value));
  snprintf(scientific, sizeof scientific, "%.0e", fabs(value));
  drop_padding(plain);
  drop_padding(scientific);
  const bool shorter = !whole && strtod(scientific, NULL) == fabs(value) && strlen(scientific) < strlen(plain);
  if (whole && value == ldexp(1.0, 53)) snprintf(plain, sizeof plain, "2^53");
  snprintf(out, CELL_BYTES, "%s%s", value < 0 ? "−" : "", shorter ? scientific : plain);
  return out;
}

static void spell_type(const dkm_limits *limits, const char *noun, char out[CELL_BYTES]) {
  char low[CELL_BYTES], high[CELL_BYTES];
  spell(limits->min, limits->integer, low);
  spell(limits->max, limits->integer, high);
  if (limits->not_zero)
    snprintf(out, CELL_BYTES, "%s, not 0", noun);
  else if (isfinite(limits->max) && limits->min_excluded)
    snprintf(out, CELL_BYTES, "%s > %.40s, ≤ %.40s", noun, low, high);
  else if (isfinite(limits->max))
    snprintf(out, CELL_BYTES, "%s %.40s … %.40s", noun, low, limits->up_to_modes ? "M" : high);
  else if (isfinite(limits->min))
    snprintf(out, CELL_BYTES, "%s %s %.40s", noun, limits->min_excluded ? ">" : "≥", low);
  else
    snprintf(out, CELL_BYTES, "%s", noun);
}

/* ---- rows in words ---- */

static const char *noun_of(const dkm_limits *limits) {
  return limits->integer ? "integer" : "number";
}

static entry entry_of_parameter(const dkm_parameter *p) {
  entry e = {.key = p->key, .description = p->description};
  spell_type(&p->limits, p->per_mode ? "list of 1 or M numbers" : noun_of(&p->limits), e.type);
  if (isnan(p->fallback))
    snprintf(e.fallback, sizeof e.fallback, "required, unless %s", p->per_mode ? "axes" : "an axis");
  else
    spell(p->fallback, p->limits.integer, e.fallback);
  return e;
}

static entry entry_of_option(const dkm_option *o) {
  entry e = {.key = o->key, .description = o->description};
  size_t used = 0;
  for (int i = 0; o->words && o->words[i]; i++)
    used += (size_t)snprintf(e.type + used, sizeof e.type - used, "%s`%s`", i ? ", " : "", o->words[i]);
  if (o->kind == DKM_OPTION_FILE || o->kind == DKM_OPTION_FILES)
    snprintf(e.type, sizeof e.type, o->kind == DKM_OPTION_FILE ? "name of a file" : "list of names of files");
  else if (!o->words)
    spell_type(&o->limits, o->kind == DKM_OPTION_NUMBERS ? "list of numbers" : noun_of(&o->limits), e.type);
  if (o->kind != DKM_OPTION_NUMBER)
    snprintf(e.fallback, sizeof e.fallback, "none");
  else if (isnan(o->fallback))
    snprintf(e.fallback, sizeof e.fallback, "required");
  else if (o->words)
    snprintf(e.fallback, sizeof e.fallback, "`%s`", o->words[(int)o->fallback]);
  else
    spell(o->fallback, o->limits.integer, e.fallback);
  return e;
}

/* ---- jobs/README.md ---- */

/* Behind the default may stand where it is another one: `off` (`point`: `on`). */
static void check_readme(const char *page, const entry *e) {
  char begin[LINE_BYTES], end[LINE_BYTES];
  snprintf(begin, sizeof begin, "\n| `%s` | %s | %s", e->key, e->type, e->fallback);
  snprintf(end, sizeof end, " | %s |\n", e->description);
  const char *line = strstr(page, begin), *rest = line ? line + strlen(begin) : NULL;
  if (rest && *rest == ' ' && rest[1] == '(') rest = strstr(rest, ") |") ? strstr(rest, ") |") + 1 : rest;
  if (!rest || strncmp(rest, end, strlen(end)) != 0) fail_msg("jobs/README.md should say:%s%s", begin, end);
}

/* ---- the manual page ---- */

/* Without backticks and what terminals may not have. */
static void simplify(const char *text, char out[LINE_BYTES]) {
  static const char dots[] = "…";
  while (*text)
    if (*text == '`') {
      text++;
    } else if (strncmp(text, dots, strlen(dots)) == 0) {
      out = stpcpy(out, "to");
      text += strlen(dots);
    } else {
      *out++ = *text++;
    }
  *out = '\0';
}

static void check_manual(const char *page, const entry *e) {
  char item[4 * LINE_BYTES], type[LINE_BYTES], fallback[LINE_BYTES], description[LINE_BYTES];
  simplify(e->type, type);
  simplify(e->fallback, fallback);
  simplify(e->description, description);
  snprintf(item, sizeof item, "\n.It Ic %s\n%s (%s%s):\n%s.\n", e->key, type,
           strncmp(fallback, "required", 8) == 0 ? "" : "default ", fallback, description);
  if (!strstr(page, item)) fail_msg("the manual page should say:%s", item);
}

static void check_all(const char *name, void (*check)(const char *page, const entry *e)) {
  const char *page = read_page(name);
  for (int i = 0; i < dkm_n_options; i++) {
    const entry e = entry_of_option(&dkm_options[i]);
    check(page, &e);
  }
  for (int i = 0; i < dkm_n_parameters; i++) {
    const entry e = entry_of_parameter(&dkm_parameters[i]);
    check(page, &e);
  }
}

static void the_readme_says_what_the_rows_say(void **state) {
  (void)state;
  check_all("jobs/README.md", check_readme);
}

static void the_manual_page_says_what_the_rows_say(void **state) {
  (void)state;
  check_all("src/cli/dickemap.1", check_manual);
}

/* An index may stand beside a name that takes one. */
static void the_readme_names_what_an_axis_may_vary(void **state) {
  (void)state;
  char cell[LINE_BYTES] = "", *at;
  const char *line = strstr(read_page("jobs/README.md"), "\n| `axes.name` |");
  assert_non_null(line);
  sscanf(line + 1, "| `axes.name` | quantity | required | %1000[^|]", cell);
  at = cell;
  for (int i = 0; i < dkm_n_parameters; i++) {
    const dkm_parameter *p = &dkm_parameters[i];
    for (int indexed = 0; indexed <= p->per_mode; indexed++) {
      char name[CELL_BYTES];
      const bool is_last = i == dkm_n_parameters - 1 && indexed == p->per_mode;
      size_t n = (size_t)snprintf(name, sizeof name, "`%s%s", p->name, indexed ? "[" : "");
      if (strncmp(at, name, n) != 0) fail_msg("jobs/README.md, axes.name: %s` should be next in: %s", name, at);
      if (indexed) n += strspn(at + n, "0123456789]");
      if (strncmp(at + n, is_last ? "` " : "`, ", is_last ? 2 : 3) != 0)
        fail_msg("jobs/README.md, axes.name: after %s", name);
      at += n + (is_last ? 2 : 3);
    }
  }
  assert_string_equal(at, "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_readme_says_what_the_rows_say),
      cmocka_unit_test(the_manual_page_says_what_the_rows_say),
      cmocka_unit_test(the_readme_names_what_an_axis_may_vary),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
