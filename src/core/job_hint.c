/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hints beside messages; see job_hint.h.
 *
 * Office programs and web pages replace what is typed by what looks better, and a key or a number with such a character
 * is another one.  A hint never changes what a job means. */
#include "job_hint.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
  const char *bytes, *name, *meant;
} lookalikes[] = {
    {"\xc2\xa0", "a no-break space (U+00A0)", "a space"},
    {"\xe2\x80\xaf", "a narrow no-break space (U+202F)", "a space"},
    {"\xe2\x80\x89", "a thin space (U+2009)", "a space"},
    {"\xe3\x80\x80", "a wide space (U+3000)", "a space"},
    {"\xe2\x88\x92", "a minus sign of typesetting (U+2212)", "-"},
    {"\xe2\x80\x93", "a dash (U+2013)", "-"},
    {"\xe2\x80\x94", "a long dash (U+2014)", "-"},
    {"\xe2\x80\x9c", "a curly quotation mark (U+201C)", "\""},
    {"\xe2\x80\x9d", "a curly quotation mark (U+201D)", "\""},
    {"\xe2\x80\x98", "a curly quotation mark (U+2018)", "'"},
    {"\xe2\x80\x99", "a curly quotation mark (U+2019)", "'"},
};
enum { N_LOOKALIKES = sizeof lookalikes / sizeof *lookalikes };

/* Much of a line is a list of numbers, in which nothing is looked for. */
enum { MOST_BYTES = 1000 };

typedef struct span {
  const char *begin, *end;
} span;

static span find_line(const char *text, int line) {
  for (; line > 1 && (text = strchr(text, '\n')) != NULL; line--) text++;
  if (!text) return (span){"", ""};
  span found = {text, text};
  while (*found.end && *found.end != '\n' && found.end - text < MOST_BYTES &&
         !(found.end > text && found.end[-1] == ' ' && *found.end == '#'))
    found.end++;
  return found;
}

static int find_lookalike(span line) {
  for (const char *at = line.begin; at < line.end; at++)
    for (int i = 0; i < N_LOOKALIKES; i++)
      if (strncmp(at, lookalikes[i].bytes, strlen(lookalikes[i].bytes)) == 0) return i;
  return N_LOOKALIKES;
}

static size_t digits_at(const char *at) {
  return strspn(at, "0123456789");
}

/* `g0: 1,5`, also where the next key follows, and "1,5": the 1 and the 5. Lists begin with a bracket. */
static bool find_comma(span line, span *whole, span *fraction) {
  for (const char *at = line.begin; at < line.end; at++) {
    if (*at != ':' && *at != '"') continue;
    const char *number = at + 1 + strspn(at + 1, " ");
    const char *comma = number + strspn(number, "+-");
    comma += digits_at(comma);
    const char *end = comma + 1 + (*comma == ',' ? digits_at(comma + 1) : 0);
    if (comma == number || *comma != ',' || end == comma + 1 || end > line.end) continue;
    if (*at == '"' ? *end != '"' : *end && !strchr(" }\r\n", *end) && strncmp(end, ", ", 2) != 0) continue;
    *whole = (span){number, comma};
    *fraction = (span){comma + 1, end};
    return true;
  }
  return false;
}

/* `name: Omega_mu[1]` */
static bool find_bare_index(span line, span *name) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
  for (const char *at = line.begin; (at = strstr(at, "name:")) != NULL && at < line.end;) {
    at += strlen("name:");
    at += strspn(at, " ");
    const char *open = at + strspn(at, letters), *close = open + (*open == '[') + digits_at(open + (*open == '['));
    if (open == at || *open != '[' || *close != ']' || close >= line.end) continue;
    *name = (span){at, close + 1};
    return true;
  }
  return false;
}

static const char *hint(span line, bool is_syntax, char out[DKM_HINT_BYTES]) {
  const int i = find_lookalike(line);
  span a, b;
  *out = '\0';
  if (i < N_LOOKALIKES)
    snprintf(out, DKM_HINT_BYTES, "; there is %s in place of %s", lookalikes[i].name, lookalikes[i].meant);
  else if (is_syntax && find_bare_index(line, &a))
    snprintf(out, DKM_HINT_BYTES, "; within braces such a name needs quotation marks: \"%.*s\"", (int)(a.end - a.begin), a.begin);
  else if (find_comma(line, &a, &b))
    snprintf(out, DKM_HINT_BYTES, "; if %.*s has a decimal comma: numbers have a point, %.*s.%.*s", (int)(b.end - a.begin), a.begin,
             (int)(a.end - a.begin), a.begin, (int)(b.end - b.begin), b.begin);
  return out;
}

const char *dkm_hint(const char *text, int line, char out[DKM_HINT_BYTES]) {
  return hint(find_line(text, line), false, out);
}

const char *dkm_hint_syntax(const char *text, int line, char out[DKM_HINT_BYTES]) {
  return hint(find_line(text, line), true, out);
}
