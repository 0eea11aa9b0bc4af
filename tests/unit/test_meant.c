/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which names a word comes near to. */
#include "cmocka_headers.h"

#include <string.h>

#include "dickemap/meant.h"

static const char *const names[] = {"Omega", "Omega_mu", "kappa_mu", "gamma_down", "gamma_up", "gamma_phi", "g0", "perturbation", "unit"};
enum { N = sizeof names / sizeof *names };

static void assert_asked(const char *word, const char *expected) {
  char out[DKM_MEANT_BYTES];
  assert_string_equal(dkm_meant_text(word, N, names, out), expected);
}

static void the_nearest_is_asked_for(void **state) {
  (void)state;
  assert_asked("omega", "did you mean Omega? ");          /* case */
  assert_asked("Omega_nu", "did you mean Omega_mu? ");    /* one letter, not three left over */
  assert_asked("Omegas", "did you mean Omega? ");
  assert_asked("units", "did you mean unit? ");
  assert_asked("tilt", "did you mean perturbation? ");    /* a word of the field */
  assert_asked("pert", "did you mean perturbation? ");    /* its beginning */
  assert_asked("gamma", "did you mean gamma_down, gamma_up or gamma_phi? ");
  assert_asked("kapap_mu", "did you mean kappa_mu? ");    /* exchanged */
  assert_asked("colour", "");
  assert_asked("", "");
  assert_asked("[2]", "");
}

static void no_name_and_long_words_do_no_harm(void **state) {
  (void)state;
  char word[400], out[DKM_MEANT_BYTES];
  int found[DKM_MOST_MEANT];
  memset(word, 'x', sizeof word - 1);
  word[sizeof word - 1] = '\0';
  assert_int_equal(dkm_meant("g0", 0, NULL, found), 0);
  assert_int_equal(dkm_meant(word, N, names, found), 0);
  const char *const alike[] = {"ab_c", "abc", "AbC", "a-bc", "abC", "A_b_c"}; /* more than are told */
  assert_int_equal(dkm_meant("aBc", 6, alike, found), DKM_MOST_MEANT);
  const char *const long_names[] = {word, word, word, word};
  dkm_meant_ask(4, long_names, out); /* cut, not written beyond */
  assert_int_equal(strlen(out), DKM_MEANT_BYTES - 1);
}

static void what_is_sure_is_alike_or_a_word_of_the_field(void **state) {
  (void)state;
  assert_true(dkm_meant_surely("OMEGA_MU", "Omega_mu") && dkm_meant_surely("tilt", "perturbation"));
  assert_false(dkm_meant_surely("Omega_nu", "Omega_mu") || dkm_meant_surely("pert", "perturbation") || dkm_meant_surely("", "g0"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_nearest_is_asked_for),
      cmocka_unit_test(no_name_and_long_words_do_no_harm),
      cmocka_unit_test(what_is_sure_is_alike_or_a_word_of_the_field),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
