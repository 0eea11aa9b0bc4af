/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the harnesses share, see fuzz.h; and the options of the sanitizers. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz.h"

/* Axes of up to 10^8 values are legal; here they run out of memory instead, which is tried that way too. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
  return "max_allocation_size_mb=32:allocator_may_return_null=1:detect_leaks=1";
}

void fuzz_claim(bool is_true, const char *format, ...) {
  if (is_true) return;
  char message[4096];
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  dprintf(STDERR_FILENO, "broken: %s\n", message);
  abort();
}

void *fuzz_alloc(size_t bytes) {
  void *memory = malloc(bytes);
  fuzz_claim(memory, "out of memory");
  return memory;
}

bool fuzz_is_one_line(const char *text) {
  for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
    if (iscntrl(c[0]) || (c[0] == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0)) return false; /* C0, DEL, C1 */
    if (c[0] == 0xE2 && c[1] == 0x80 && (c[2] == 0xA8 || c[2] == 0xA9)) return false; /* LS, PS */
  }
  return true;
}
