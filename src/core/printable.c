/* SPDX-License-Identifier: GPL-3.0-or-later */
/* printable: see dickemap/printable.h. */
#include "dickemap/printable.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Decodes the UTF-8 sequence at c; returns its length, 0 if there is none (also: longer than needed, a surrogate, too
 * large). */
static size_t decode(const unsigned char *c, uint32_t *code) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const size_t n = c[0] < 0x80 ? 1 : c[0] < 0xC0 ? 0 : c[0] < 0xE0 ? 2 : c[0] < 0xF0 ? 3 : c[0] < 0xF8 ? 4 : 0;
  if (n <= 1) {
    *code = c[0];
    return n;
  }
  *code = c[0] & (0x7Fu >> n);
  for (size_t i = 1; i < n; i++) {
    if ((c[i] & 0xC0) != 0x80) return 0; /* also at the end of the text */
    *code = *code << 6 | (c[i] & 0x3F);
  }
  return *code >= least[n] && *code <= 0x10FFFF && (*code < 0xD800 || *code > 0xDFFF) ? n : 0;
}

static bool is_obeyed(uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x61C || code == 0x200E || code == 0x200F ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

void dkm_printable_make(char *text) {
  for (char *c = text; *c;) {
    uint32_t code;
    const size_t n = decode((const unsigned char *)c, &code);
    if (n == 0)
      *c++ = '?';
    else if (is_obeyed(code))
      memset(c, ' ', n);
    if (n > 0) c += n;
  }
}
