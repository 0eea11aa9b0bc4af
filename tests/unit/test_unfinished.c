/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The folder of unfinished points: what is there when, and for whom. */
#define _GNU_SOURCE /* memmem */
#include "cmocka_headers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dickemap/record.h"
#include "dickemap/unfinished.h"
#include "test_folder.h"

static char folder[256], output[300];

static int make_output(void **state) {
  (void)state;
  if (!make_test_folder("unfinished", folder, sizeof folder)) return -1;
  snprintf(output, sizeof output, "%s/a.h5", folder);
  FILE *file = fopen(output, "w");
  return file ? fclose(file) : -1;
}

static int remove_output(void **state) {
  (void)state;
  return unlink(output) != 0 || rmdir(folder) != 0; /* nothing else is left */
}

static dkm_job make_job(const char *g0) {
  char text[256];
  dkm_job job = {0};
  snprintf(text, sizeof text,
           "model: {patterns: 2, g0: %s, Omega: 0.5, Omega_mu: [1.5], kappa_mu: [1.0]}\n"
           "axes:\n  - {name: seed, from: 1, to: 100, points: 100}\n", g0);
  assert_int_equal(dkm_job_parse(&job, "job.yaml", text, 0, NULL, NULL), DKM_OK);
  return job;
}

static dkm_unfinished *open_states(const dkm_job *job, const char *version) {
  dkm_unfinished *u = NULL;
  assert_int_equal(dkm_unfinished_open(output, version, job, &u, NULL), DKM_OK);
  return u;
}

static bool there(int64_t i_point) {
  char name[384];
  struct stat file;
  snprintf(name, sizeof name, "%s.unfinished/%lld", output, (long long)i_point);
  return stat(name, &file) == 0;
}

static void check_state(dkm_unfinished *u, int64_t i_point, const char *text) {
  const void *bytes = NULL;
  size_t n = 0;
  dkm_error why;
  const bool found = dkm_unfinished_load(u, i_point, &bytes, &n, &why);
  assert_int_equal(why.status, DKM_OK);
  assert_int_equal(found, text != NULL);
  if (!found) return;
  assert_int_equal(n, strlen(text));
  assert_memory_equal(bytes, text, n);
}

static void save(dkm_unfinished *u, int64_t i_point, double t, const char *text) {
  dkm_error err = {0};
  assert_int_equal(dkm_unfinished_save(u, i_point, t, text, strlen(text), &err), DKM_OK);
}

static void the_last_state_of_a_point_is_found_by_the_next_run(void **state) {
  (void)state;
  dkm_job job = make_job("0.7");
  dkm_unfinished *u = open_states(&job, "1"), *other = open_states(&job, "1");
  dkm_unfinished_survey found;
  check_state(u, 17, NULL);
  save(u, 99, 3.0, "ninety-nine");
  save(u, 17, 1.0, "first");
  save(u, 17, 2.0, "second");
  save(u, 5, 2.5, "");
  check_state(u, 17, "second");
  check_state(other, 17, NULL); /* it was opened before: each rank asks for its own points */
  dkm_unfinished_close(other);
  dkm_unfinished_close(u);
  u = open_states(&job, "1");
  check_state(u, 5, "");
  check_state(u, 17, "second");
  check_state(u, 99, "ninety-nine");
  check_state(u, 18, NULL);
  dkm_unfinished_look(u, &found);
  assert_true(found.n_usable == 3 && found.t_least == 2.0 && found.t_most == 3.0);
  dkm_unfinished_close(u);
  dkm_unfinished_tidy(output, NULL, NULL);
  dkm_job_free(&job);
}

static void states_of_another_version_or_job_are_counted_and_not_used(void **state) {
  (void)state;
  dkm_job job = make_job("0.7"), another = make_job("0.8");
  dkm_unfinished *u = open_states(&job, "1");
  dkm_unfinished_survey found;
  save(u, 1, 1.0, "one");
  dkm_unfinished_close(u);
  u = open_states(&job, "2");
  check_state(u, 1, NULL);
  dkm_unfinished_look(u, &found);
  assert_true(found.n_usable == 0 && found.n_other_version == 1 && found.n_other_job == 0 && found.n_damaged == 0);
  dkm_unfinished_close(u);
  u = open_states(&another, "1");
  check_state(u, 1, NULL);
  dkm_unfinished_look(u, &found);
  assert_true(found.n_usable == 0 && found.n_other_version == 0 && found.n_other_job == 1 && found.n_damaged == 0);
  save(u, 1, 1.0, "of this job");
  check_state(u, 1, "of this job");
  dkm_unfinished_close(u);
  dkm_unfinished_tidy(output, NULL, NULL);
  dkm_job_free(&job);
  dkm_job_free(&another);
}

/* Two programs of one version string may compute in different ways, where nobody knows their git hash. */
static void a_state_names_the_method_of_records(void **state) {
  (void)state;
  dkm_job job = make_job("0.7");
  char name[384], bytes[256], expected[32];
  dkm_unfinished *u = open_states(&job, "1");
  save(u, 1, 1.0, "one");
  snprintf(name, sizeof name, "%s.unfinished/1", output);
  snprintf(expected, sizeof expected, "1, method %d", DKM_RECORD_METHOD);
  FILE *file = fopen(name, "r+");
  assert_non_null(file);
  const size_t n = fread(bytes, 1, sizeof bytes, file);
  char *version = memmem(bytes, n, expected, strlen(expected) + 1);
  assert_non_null(version);
  fclose(file);
  dkm_unfinished_close(u);
  dkm_unfinished_tidy(output, NULL, NULL);
  dkm_job_free(&job);
}

static void a_state_is_removed_one_sweep_after_its_record_was_reported(void **state) {
  (void)state;
  dkm_job job = make_job("0.7");
  dkm_unfinished *u = open_states(&job, "1");
  for (int i = 0; i < 40; i += 4) save(u, (i * 7) % 40, i, "state"); /* in no order */
  dkm_unfinished_sweep(u);
  dkm_unfinished_settle(u, 8, 8); /* 8 and 12 */
  dkm_unfinished_sweep(u);
  assert_true(there(8) && there(12)); /* the master may not have marked them yet */
  dkm_unfinished_settle(u, 12, 9); /* 16 and 20; 12 again */
  dkm_unfinished_sweep(u);
  assert_true(there(4) && !there(8) && !there(12) && there(16) && there(20) && there(24));
  check_state(u, 8, NULL);
  check_state(u, 16, "state");
  dkm_unfinished_sweep(u);
  assert_true(there(4) && !there(16) && !there(20) && there(24));
  dkm_unfinished_close(u);
  dkm_unfinished_tidy(output, NULL, NULL);
  dkm_job_free(&job);
}

static bool is_even(void *context, int64_t i_point) {
  ++*(int *)context;
  return i_point % 2 == 0;
}

static void tidying_removes_what_is_done_and_what_is_half_written(void **state) {
  (void)state;
  dkm_job job = make_job("0.7");
  dkm_unfinished *u = open_states(&job, "1");
  char name[384];
  int n_asked = 0;
  dkm_unfinished_tidy(output, NULL, NULL); /* there is nothing */
  for (int i = 0; i < 4; i++) save(u, i, i, "state");
  snprintf(name, sizeof name, "%s.unfinished/7.new", output);
  FILE *half = fopen(name, "w");
  assert_non_null(half);
  fclose(half);
  dkm_unfinished_tidy(output, is_even, &n_asked);
  assert_int_equal(n_asked, 4);
  assert_true(!there(0) && there(1) && !there(2) && there(3));
  assert_int_equal(access(name, F_OK), -1);
  dkm_unfinished_close(u);
  dkm_unfinished_tidy(output, NULL, NULL);
  dkm_job_free(&job);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_last_state_of_a_point_is_found_by_the_next_run),
      cmocka_unit_test(states_of_another_version_or_job_are_counted_and_not_used),
      cmocka_unit_test(a_state_names_the_method_of_records),
      cmocka_unit_test(a_state_is_removed_one_sweep_after_its_record_was_reported),
      cmocka_unit_test(tidying_removes_what_is_done_and_what_is_half_written),
  };
  return cmocka_run_group_tests(tests, make_output, remove_output);
}
