/* SPDX-License-Identifier: GPL-3.0-or-later */
/* status: codes, exit codes and messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dickemap/status.h"

static void exit_codes_are_those_of_the_manual(void **state) {
  (void)state;
  assert_int_equal(dkm_status_exit_code(DKM_OK), 0);
  assert_int_equal(dkm_status_exit_code(DKM_INPUT), 1);
  assert_int_equal(dkm_status_exit_code(DKM_MEMORY), 2);
  assert_int_equal(dkm_status_exit_code(DKM_IO), 2);
  assert_int_equal(dkm_status_exit_code(DKM_NUMERIC), 2);
  assert_int_equal(dkm_status_exit_code(DKM_PARALLEL), 2);
  assert_int_equal(dkm_status_exit_code(DKM_DIFFERENT), 3);
  assert_int_equal(dkm_status_exit_code(DKM_STOPPED), 85);
  assert_int_equal(dkm_status_exit_code(DKM_LIMIT), 2);
}

static void every_status_has_a_text_and_unknown_ones_do_not_crash(void **state) {
  (void)state;
  for (int status = DKM_OK; status <= DKM_LIMIT; status++) assert_true(strlen(dkm_status_text(status)) > 5);
  assert_string_equal(dkm_status_text((dkm_status)99), "unknown status");
  assert_int_equal(dkm_status_exit_code((dkm_status)99), 2);
}

static void fail_returns_the_status_and_fills_the_message(void **state) {
  (void)state;
  dkm_error err = {DKM_OK, "before"};
  assert_int_equal(dkm_fail(&err, DKM_IO, "%s: %d", "file", 7), DKM_IO);
  assert_int_equal(err.status, DKM_IO);
  assert_string_equal(err.message, "file: 7");
}

static void fail_without_a_place_for_the_message_returns_the_status(void **state) {
  (void)state;
  assert_int_equal(dkm_fail(NULL, DKM_MEMORY, "nobody listens"), DKM_MEMORY);
}

static void a_message_may_quote_the_one_that_it_replaces(void **state) {
  (void)state;
  dkm_error err;
  dkm_fail(&err, DKM_IO, "cause");
  dkm_fail(&err, DKM_INPUT, "effect: %s", err.message);
  assert_string_equal(err.message, "effect: cause");
}

static void long_messages_are_cut_between_characters_and_say_so(void **state) {
  (void)state;
  char text[3 * DKM_MESSAGE_BYTES];
  for (int offset = 0; offset < 3; offset++) { /* the cut falls on each byte of the three-byte sequence in turn */
    memset(text, 'x', sizeof text);
    for (size_t i = (size_t)offset; i + 3 < sizeof text; i += 3) memcpy(text + i, "\xe2\x82\xac", 3);
    text[sizeof text - 1] = '\0';
    dkm_error err;
    dkm_fail(&err, DKM_INPUT, "%s", text);
    size_t length = strlen(err.message);
    assert_in_range(length, DKM_MESSAGE_BYTES - 6, DKM_MESSAGE_BYTES - 1);
    assert_string_equal(err.message + length - 3, "...");
    assert_int_equal((unsigned char)err.message[length - 4], 0xac); /* a whole character before the dots */
  }
}

static void a_message_is_one_line_without_control_characters(void **state) {
  (void)state;
  dkm_error err;
  dkm_fail(&err, DKM_INPUT,
           "a\nb\x1b[31mc\td\xc2\x9b"
           "31m\xe2\x80\xa8\xc3\xa9"); /* CSI, LS, a letter */
  assert_string_equal(err.message, "a b [31mc d  31m   \xc3\xa9");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exit_codes_are_those_of_the_manual),
      cmocka_unit_test(every_status_has_a_text_and_unknown_ones_do_not_crash),
      cmocka_unit_test(fail_returns_the_status_and_fills_the_message),
      cmocka_unit_test(fail_without_a_place_for_the_message_returns_the_status),
      cmocka_unit_test(a_message_may_quote_the_one_that_it_replaces),
      cmocka_unit_test(long_messages_are_cut_between_characters_and_say_so),
      cmocka_unit_test(a_message_is_one_line_without_control_characters),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
