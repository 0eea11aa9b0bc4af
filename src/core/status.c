/* SPDX-License-Identifier: GPL-3.0-or-later */
/* status: codes, exit codes and messages; see dickemap/status.h. */
#include "dickemap/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dickemap/printable.h"

/* Cuts a message that filled its buffer so that its end shows, and not within a UTF-8 sequence. */
static void mark_as_cut(char message[DKM_MESSAGE_BYTES]) {
  static const char dots[] = "...";
  size_t at = DKM_MESSAGE_BYTES - sizeof dots;
  while (at > 0 && ((unsigned char)message[at] & 0xC0) == 0x80) at--;
  memcpy(message + at, dots, sizeof dots);
}

dkm_status dkm_fail(dkm_error *err, dkm_status status, const char *format, ...) {
  if (!err) return status;
  /* Through a buffer of its own: arguments may point into err->message. */
  char message[DKM_MESSAGE_BYTES];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(message, sizeof message, format, args);
  va_end(args);
  if (n < 0) message[0] = '\0';
  if (n >= DKM_MESSAGE_BYTES) mark_as_cut(message);
  dkm_printable_make(message); /* messages quote what users and libraries wrote */
  err->status = status;
  memcpy(err->message, message, sizeof message);
  return status;
}

int dkm_status_exit_code(dkm_status status) {
  switch (status) {
#define EXIT_CODE(name, exit_code, text)                                                                               \
  case DKM_##name:                                                                                                     \
    return exit_code;
    DKM_STATUS_LIST(EXIT_CODE)
#undef EXIT_CODE
  }
  return 2;
}

const char *dkm_status_text(dkm_status status) {
  switch (status) {
#define TEXT(name, exit_code, text)                                                                                    \
  case DKM_##name:                                                                                                     \
    return text;
    DKM_STATUS_LIST(TEXT)
#undef TEXT
  }
  return "unknown status";
}
