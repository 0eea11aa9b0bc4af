/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The progress line, and when it is printed. */
#include "dickemap/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void check_line(int64_t n_total, int64_t n_before, int64_t n_done, double elapsed, const char *expected) {
  char line[160];
  dkm_progress progress = {.n_total = n_total, .n_before = n_before};
  dkm_progress_line(&progress, n_done, elapsed, line, sizeof line);
  assert_string_equal(line, expected);
}

static void the_line_shows_points_percent_rate_and_time_left(void **state) {
  (void)state;
  check_line(800, 0, 400, 4.0, "400/800 points, 50.0 %, 100/s, ETA 0:00:04");
  check_line(1000000000, 0, 1000000, 100.0, "1000000/1000000000 points, 0.1 %, 10000/s, ETA 27:45:00");
  check_line(10, 0, 1, 30.0, "1/10 points, 10.0 %, 0.0333/s, ETA 0:04:30");
}

static void the_rate_leaves_out_what_was_done_before(void **state) {
  (void)state;
  check_line(800, 300, 400, 10.0, "400/800 points, 50.0 %, 10.0/s, ETA 0:00:40");
}

static void before_the_first_point_the_time_left_is_unknown(void **state) {
  (void)state;
  check_line(800, 0, 0, 10.0, "0/800 points, 0.0 %, 0/s, ETA unknown");
  check_line(800, 0, 0, 0.0, "0/800 points, 0.0 %, 0/s, ETA unknown");
}

/* 512 points are under way at any moment and each takes 5 to 15 s, some 50/s: the first is reported long before that rate. */
static void the_first_time_left_that_is_given_is_near_the_truth(void **state) {
  (void)state;
  enum { N_LANES = 512, N_TOTAL = 100000 };
  static double t_end[N_LANES];
  dkm_progress progress = {.n_total = N_TOTAL};
  char line[160];
  const char *eta = NULL;
  int64_t n_done = 0;
  long h = 0, m = 0, s = 0;
  double t = 0;
  for (int i = 0; i < N_LANES; i++) t_end[i] = 5 + 10.0 * i / N_LANES;
  for (; t < 60 && !eta; t += 0.2) {
    for (int i = 0; i < N_LANES; i++)
      if (t >= t_end[i]) {
        n_done++;
        t_end[i] += 5 + 10.0 * ((i * 7) % N_LANES) / N_LANES;
      }
    dkm_progress_note(&progress, n_done, t);
    dkm_progress_line(&progress, n_done, t, line, sizeof line);
    eta = strstr(line, "ETA ");
    if (eta && strcmp(eta, "ETA unknown") == 0) eta = NULL;
  }
  assert_non_null(eta);
  assert_int_equal(sscanf(eta, "ETA %ld:%ld:%ld", &h, &m, &s), 3);
  const double seconds = (double)(3600 * h + 60 * m + s), truth = N_TOTAL / 51.2;
  assert_true(seconds > truth / 2 && seconds < 2 * truth);
}

/* Two ranks, points of 20 s each: from the second of 25 on, or a minute after the first, until the end. */
static void few_points_that_take_long_have_a_time_left(void **state) {
  (void)state;
  const struct {
    int64_t n_total, n_before;
    double since;
  } runs[] = {{25, 0, 20}, {45, 20, 20}, {5000, 0, 80}};
  for (size_t r = 0; r < sizeof runs / sizeof *runs; r++) {
    dkm_progress progress = {.n_total = runs[r].n_total, .n_before = runs[r].n_before};
    for (double t = 0; t <= 200; t += 0.2) {
      const int64_t n_new = 2 * (int64_t)((t + 1e-9) / 20);
      char line[160];
      long h, m, s;
      dkm_progress_note(&progress, runs[r].n_before + n_new, t);
      dkm_progress_line(&progress, runs[r].n_before + n_new, t, line, sizeof line);
      if (t < runs[r].since) continue;
      if (sscanf(strstr(line, "ETA"), "ETA %ld:%ld:%ld", &h, &m, &s) != 3) fail_msg("%.1f s: %s", t, line);
      const double truth = (double)(runs[r].n_total - runs[r].n_before - n_new) * 10;
      assert_true((double)(3600 * h + 60 * m + s) < 2.5 * truth && (double)(3600 * h + 60 * m + s) > truth / 2);
    }
  }
}

/* 1000 points at 100/s, then 1/s: the average would promise the end much too early for long. */
static void the_time_left_follows_a_change_of_pace(void **state) {
  (void)state;
  dkm_progress progress = {.n_total = 2000};
  char line[160];
  for (double t = 0; t <= 60; t += 0.2) {
    const int64_t n_done = t <= 10 ? (int64_t)(100 * t) : 1000 + (int64_t)(t - 10);
    dkm_progress_note(&progress, n_done, t);
    dkm_progress_line(&progress, n_done, t, line, sizeof line);
  }
  long h, m, s;
  assert_int_equal(sscanf(strstr(line, "ETA"), "ETA %ld:%ld:%ld", &h, &m, &s), 3);
  assert_in_range(3600 * h + 60 * m + s, 850, 1050);
}

static void a_rate_that_would_take_decades_gives_no_time_left(void **state) {
  (void)state;
  check_line(1000000000, 0, 1, 1e6, "1/1000000000 points, 0.0 %, 0.000001/s, ETA unknown");
}

static void the_last_line_says_done_and_only_it_says_100_percent(void **state) {
  (void)state;
  check_line(800, 0, 800, 4.0, "800/800 points, 100.0 %, 200/s, done");
  check_line(100000, 0, 99999, 100.0, "99999/100000 points, 99.9 %, 1000/s, ETA 0:00:01");
  check_line(0, 0, 0, 1.0, "0/0 points, 100.0 %, 0/s, done");
}

static void a_line_that_does_not_fit_is_cut(void **state) {
  (void)state;
  char line[10];
  dkm_progress progress = {.n_total = 800};
  dkm_progress_line(&progress, 400, 4.0, line, sizeof line);
  assert_string_equal(line, "400/800 p");
}

/* What update and end print on stderr, caught in a file. */
static void catch_stderr(dkm_progress *progress, double last_printed_ago, int64_t n_done, bool end, char *out,
                         size_t out_bytes) {
  FILE *file = tmpfile();
  assert_non_null(file);
  fflush(stderr);
  int terminal = dup(STDERR_FILENO);
  assert_true(terminal >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
  dkm_progress_start(progress, 800, 0);
  bool log = !progress->terminal;
  progress->t_printed -= last_printed_ago;
  dkm_progress_update(progress, n_done);
  if (end) dkm_progress_end(progress, n_done);
  fflush(stderr);
  dup2(terminal, STDERR_FILENO);
  close(terminal);
  rewind(file);
  size_t n = fread(out, 1, out_bytes - 1, file);
  out[n] = '\0';
  fclose(file);
  assert_true(log);
}

static void a_log_gets_a_plain_line_every_ten_seconds(void **state) {
  (void)state;
  char out[400];
  dkm_progress progress;
  catch_stderr(&progress, 0, 5, false, out, sizeof out);
  assert_string_equal(out, "");
  catch_stderr(&progress, 11, 5, false, out, sizeof out);
  assert_memory_equal(out, "5/800 points, 0.6 %, ", 21);
  assert_null(strchr(out, '\r'));
  assert_int_equal(out[strlen(out) - 1], '\n');
}

static void the_end_is_always_printed(void **state) {
  (void)state;
  char out[400];
  dkm_progress progress;
  catch_stderr(&progress, 0, 800, true, out, sizeof out);
  assert_memory_equal(out, "800/800 points, 100.0 %, ", 25);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_line_shows_points_percent_rate_and_time_left),
      cmocka_unit_test(the_rate_leaves_out_what_was_done_before),
      cmocka_unit_test(before_the_first_point_the_time_left_is_unknown),
      cmocka_unit_test(the_first_time_left_that_is_given_is_near_the_truth),
      cmocka_unit_test(few_points_that_take_long_have_a_time_left),
      cmocka_unit_test(the_time_left_follows_a_change_of_pace),
      cmocka_unit_test(a_rate_that_would_take_decades_gives_no_time_left),
      cmocka_unit_test(the_last_line_says_done_and_only_it_says_100_percent),
      cmocka_unit_test(a_line_that_does_not_fit_is_cut),
      cmocka_unit_test(a_log_gets_a_plain_line_every_ten_seconds),
      cmocka_unit_test(the_end_is_always_printed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
