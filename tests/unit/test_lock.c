/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One run at a time on one output. */
#include "dickemap/lock.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_headers.h"
#include "test_folder.h"

enum { NAME_BYTES = 200, NOTE_BYTES = 300 };
static char folder[NAME_BYTES / 2], output[NAME_BYTES], lock_name[NAME_BYTES + 8], note[NOTE_BYTES];
static dkm_error err;

static int make_folder(void **state) {
  (void)state;
  if (!make_test_folder("lock", folder, sizeof folder)) return -1;
  snprintf(output, sizeof output, "%s/a.h5", folder);
  snprintf(lock_name, sizeof lock_name, "%s.lock", output);
  unsetenv("SLURM_JOB_ID");
  unsetenv("SLURM_RESTART_COUNT");
  return 0;
}

/* Fails if a test has left anything behind. */
static int remove_folder(void **state) {
  (void)state;
  return rmdir(folder);
}

static void write_lock(const char *text) {
  FILE *file = fopen(lock_name, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

static void lock_is_replaced_because(const char *reason) {
  dkm_lock *lock;
  assert_int_equal(dkm_lock_take(output, false, &lock, note, sizeof note, &err), DKM_OK);
  assert_non_null(strstr(note, reason));
  dkm_lock_release(lock);
}

static void lock_is_refused_with(const char *part) {
  dkm_lock *lock;
  assert_int_equal(dkm_lock_take(output, false, &lock, note, sizeof note, &err), DKM_INPUT);
  assert_null(lock);
  assert_non_null(strstr(err.message, part));
  assert_non_null(strstr(err.message, "--break-lock"));
}

static void a_lock_is_held_until_it_is_released(void **state) {
  (void)state;
  dkm_lock *lock;
  assert_int_equal(dkm_lock_take(output, false, &lock, note, sizeof note, &err), DKM_OK);
  assert_string_equal(note, "");
  lock_is_refused_with("in use by another run");
  dkm_lock_release(lock);
  assert_int_equal(access(lock_name, F_OK), -1);
  assert_int_equal(dkm_lock_take(output, false, &lock, note, sizeof note, &err), DKM_OK);
  dkm_lock_release(lock);
}

static void another_name_of_the_output_has_the_same_lock(void **state) {
  (void)state;
  char other[NAME_BYTES + 4];
  dkm_lock *lock, *second;
  snprintf(other, sizeof other, "%s-2", output);
  close(open(output, O_CREAT | O_WRONLY, 0600));
  assert_int_equal(symlink(output, other), 0);
  assert_int_equal(dkm_lock_take(output, false, &lock, note, sizeof note, &err), DKM_OK);
  assert_int_equal(dkm_lock_take(other, false, &second, note, sizeof note, &err), DKM_INPUT);
  dkm_lock_release(lock);
  unlink(other);
  unlink(output);
}

static void the_lock_of_a_process_that_is_gone_is_replaced(void **state) {
  (void)state;
  const pid_t child = fork();
  if (child == 0) {
    dkm_lock *lock;
    _exit(dkm_lock_take(output, false, &lock, note, sizeof note, &err) != DKM_OK);
  }
  int outcome;
  assert_int_equal(waitpid(child, &outcome, 0), child);
  assert_int_equal(outcome, 0);
  lock_is_replaced_because("that process is gone");
}

static void a_process_that_has_ended_but_was_not_waited_for_does_not_hold_the_lock(void **state) {
  (void)state;
  const pid_t child = fork();
  if (child == 0) {
    dkm_lock *lock;
    _exit(dkm_lock_take(output, false, &lock, note, sizeof note, &err) != DKM_OK);
  }
  siginfo_t ended;
  assert_int_equal(waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT), 0); /* it stays a zombie */
  lock_is_replaced_because("that process is gone");
  assert_int_equal(waitpid(child, NULL, 0), child);
}

static void a_number_that_another_process_got_does_not_hold_the_lock(void **state) {
  (void)state;
  char host[NAME_BYTES] = "", text[2 * NAME_BYTES];
  assert_int_equal(gethostname(host, sizeof host - 1), 0);
  snprintf(text, sizeof text, "host: %s\nboot: \npid: 1\nstarted: 99999999999\njob: \nrestart: 0\ntime: then\n", host);
  write_lock(text);
  lock_is_replaced_because("that process is gone");
}

static void a_lock_from_before_the_machine_was_restarted_is_replaced(void **state) {
  (void)state;
  char host[NAME_BYTES] = "", text[2 * NAME_BYTES];
  assert_int_equal(gethostname(host, sizeof host - 1), 0);
  snprintf(text, sizeof text, "host: %s\nboot: 0-0\npid: %ld\nstarted: -1\njob: \nrestart: 0\ntime: then\n", host,
           (long)getppid());
  write_lock(text);
  lock_is_replaced_because("restarted");
}

static void a_lock_from_another_host_holds(void **state) {
  (void)state;
  write_lock("host: far away\nboot: 1\npid: 77\nstarted: 5\njob: 12\nrestart: 0\ntime: then\n");
  lock_is_refused_with("process 77 on host far away, batch job 12, since then");
  setenv("SLURM_JOB_ID", "12", 1);
  lock_is_refused_with("process 77 on host far away"); /* the same start of the batch job, another step */
  setenv("SLURM_RESTART_COUNT", "1", 1);
  lock_is_replaced_because("an earlier start of this batch job");
  unsetenv("SLURM_JOB_ID");
  unsetenv("SLURM_RESTART_COUNT");
}

static void a_lock_that_cannot_be_read_holds_until_it_is_broken(void **state) {
  (void)state;
  dkm_lock *lock;
  write_lock("nonsense\n");
  lock_is_refused_with("not readable as a lock");
  assert_int_equal(dkm_lock_take(output, true, &lock, note, sizeof note, &err), DKM_OK);
  assert_non_null(strstr(note, "--break-lock"));
  dkm_lock_release(lock);
}

static void releasing_leaves_a_lock_that_someone_else_took_by_force(void **state) {
  (void)state;
  dkm_lock *ours, *theirs;
  assert_int_equal(dkm_lock_take(output, false, &ours, note, sizeof note, &err), DKM_OK);
  assert_int_equal(dkm_lock_take(output, true, &theirs, note, sizeof note, &err), DKM_OK);
  dkm_lock_release(ours);
  assert_int_equal(access(lock_name, F_OK), 0);
  dkm_lock_release(theirs);
  assert_int_equal(access(lock_name, F_OK), -1);
}

static void a_folder_that_is_missing_is_named(void **state) {
  (void)state;
  dkm_lock *lock;
  char missing[NAME_BYTES + 8];
  snprintf(missing, sizeof missing, "%s/none/a.h5", folder);
  assert_int_equal(dkm_lock_take(missing, false, &lock, note, sizeof note, &err), DKM_IO);
  assert_non_null(strstr(err.message, "none/a.h5.lock"));
  assert_non_null(strstr(err.message, "No such file"));
}

int main(void) {
#define CLAIM(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
  const struct CMUnitTest tests[] = {
      CLAIM(a_lock_is_held_until_it_is_released),
      CLAIM(another_name_of_the_output_has_the_same_lock),
      CLAIM(the_lock_of_a_process_that_is_gone_is_replaced),
      CLAIM(a_process_that_has_ended_but_was_not_waited_for_does_not_hold_the_lock),
      CLAIM(a_number_that_another_process_got_does_not_hold_the_lock),
      CLAIM(a_lock_from_before_the_machine_was_restarted_is_replaced),
      CLAIM(a_lock_from_another_host_holds),
      CLAIM(a_lock_that_cannot_be_read_holds_until_it_is_broken),
      CLAIM(releasing_leaves_a_lock_that_someone_else_took_by_force),
      CLAIM(a_folder_that_is_missing_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
