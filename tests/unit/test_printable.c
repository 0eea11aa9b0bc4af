/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Texts made fit for a terminal. */
#include "dickemap/printable.h"

#include <stdio.h>
#include <string.h>

#include "cmocka_headers.h"

static void becomes(const char *text, const char *wanted) {
  char out[64];
  snprintf(out, sizeof out, "%s", text);
  dkm_printable_make(out);
  assert_string_equal(out, wanted);
}

static void letters_of_all_languages_stay(void **state) {
  (void)state;
  becomes("", "");
  becomes("g0 = 1.5 \xc2\xb5 \xce\xba\xc2\xb2 \xe2\x82\xac \xf0\x9f\x8c\x8d",
          "g0 = 1.5 \xc2\xb5 \xce\xba\xc2\xb2 \xe2\x82\xac \xf0\x9f\x8c\x8d");
}

static void what_a_terminal_obeys_becomes_spaces(void **state) {
  (void)state;
  becomes("a\nb\rc\td\x1b[31me\x7f", "a b c d [31me ");
  becomes("a\xc2\x9b" "31m", "a  31m");              /* CSI */
  becomes("a\xe2\x80\xa8z\xe2\x80\xaez\xe2\x81\xa6", "a   z   z   "); /* a new line, and from right to left */
}

static void bytes_that_are_not_utf_8_become_question_marks(void **state) {
  (void)state;
  becomes("a\x9b" "31m", "a?31m");  /* CSI of 8 bits */
  becomes("\xe9t\xe9", "?t?");      /* Latin-1 */
  becomes("\xc0\x9b", "??");        /* longer than needed */
  becomes("\xed\xa0\x80", "???");   /* half a surrogate */
  becomes("\xf4\x90\x80\x80", "????"); /* too large */
  becomes("a\xe2\x80", "a??");      /* cut */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(letters_of_all_languages_stay),
      cmocka_unit_test(what_a_terminal_obeys_becomes_spaces),
      cmocka_unit_test(bytes_that_are_not_utf_8_become_question_marks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
