/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One run at a time on one output. */
#define _GNU_SOURCE /* flock */
#include "dickemap/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_headers.h"
#include "test_folder.h"

enum { NAME_BYTES = 200, NOTE_BYTES = 300, TEXT_BYTES = 2000, LONG_AGO = 3600, PATIENCE = 100 };
static char folder[NAME_BYTES / 2], output[NAME_BYTES], lock_name[NAME_BYTES + 8], note[NOTE_BYTES];
static dkm_error err;

/* Some file systems have no hard links. */
static bool has_links;
int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to) {
  if (has_links) return __real_link(from, to);
  errno = EPERM;
  return -1;
}

static int make_folder(void **state) {
  (void)state;
  if (!make_test_folder("lock", folder, sizeof folder)) return -1;
  snprintf(output, sizeof output, "%s/a.h5", folder);
  snprintf(lock_name, sizeof lock_name, "%s.lock", output);
  unsetenv("SLURM_JOB_ID");
  unsetenv("SLURM_RESTART_COUNT");
  has_links = true;
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

/* Dates the lock back: no sign of life for an hour. */
static void age_lock(void) {
  struct stat now;
  assert_int_equal(stat(lock_name, &now), 0);
  const struct timespec then[2] = {{.tv_sec = now.st_mtim.tv_sec - LONG_AGO}, {.tv_sec = now.st_mtim.tv_sec - LONG_AGO}};
  assert_int_equal(utimensat(AT_FDCWD, lock_name, then, 0), 0);
}

static void read_word(const char *path, char word[NAME_BYTES]) {
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  assert_non_null(fgets(word, NAME_BYTES, file));
  word[strcspn(word, "\n")] = '\0';
  fclose(file);
}

/* A lock of this host by this start of the machine. */
static void write_lock_of(long pid, const char *processes, const char *flocked) {
  char host[NAME_BYTES] = "", boot[NAME_BYTES], text[TEXT_BYTES];
  assert_int_equal(gethostname(host, sizeof host - 1), 0);
  read_word("/proc/sys/kernel/random/boot_id", boot);
  snprintf(text, sizeof text,
           "host: %s\nboot: %s\npid: %ld\nstarted: -1\nprocesses: %s\nflock: %s\nbeat: 10\njob: \nrestart: 0\ntime: then\n",
           host, boot, pid, processes, flocked);
  write_lock(text);
}

/* A process that takes the lock and keeps it until it is killed. */
static pid_t start_holder(void) {
  int ready[2];
  char byte;
  assert_int_equal(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    dkm_lock *lock;
    if (dkm_lock_take(output, false, &lock, note, sizeof note, &err) || write(ready[1], "", 1) != 1) _exit(1);
    for (;;) pause();
  }
  close(ready[1]);
  assert_int_equal(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  return child;
}

static void end_process(pid_t child) {
  kill(child, SIGKILL);
  assert_int_equal(waitpid(child, NULL, 0), child);
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
  age_lock();
  lock_is_replaced_because("restarted");
  /* Another machine may have our name: while its run gives signs of life, it holds. */
  write_lock(text);
  const pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 10 * PATIENCE; i++) {
      utimensat(AT_FDCWD, lock_name, NULL, 0);
      usleep(100000);
    }
    _exit(0);
  }
  lock_is_refused_with("in use by another run");
  end_process(child);
  unlink(lock_name);
}

static void a_flock_says_more_than_numbers_of_processes(void **state) {
  (void)state;
  char text[TEXT_BYTES] = "", *at;
  const pid_t child = start_holder();
  lock_is_refused_with("in use by another run");
  /* As seen from another namespace of processes, where that number is nobody's. */
  const int descriptor = open(lock_name, O_RDWR);
  const ssize_t n = read(descriptor, text, sizeof text - 1);
  assert_true(n > 0 && (at = strstr(text, "processes: pid:[")) != NULL);
  at[strlen("processes: pid:[")] ^= 1;
  assert_non_null(at = strstr(text, "pid: "));
  memset(at + strlen("pid: "), '9', strcspn(at + strlen("pid: "), "\n"));
  assert_int_equal(pwrite(descriptor, text, (size_t)n, 0), n);
  close(descriptor);
  lock_is_refused_with("in use by another run");
  kill(child, SIGSTOP); /* not dead */
  lock_is_refused_with("in use by another run");
  end_process(child);
  lock_is_replaced_because("that process is gone");
}

static void without_a_flock_another_namespace_of_processes_cannot_be_seen(void **state) {
  (void)state;
  const pid_t gone = fork();
  if (gone == 0) _exit(0);
  waitpid(gone, NULL, 0);
  write_lock_of(gone, "pid:[1]", "none");
  age_lock();
  lock_is_refused_with("another namespace of processes");
  assert_non_null(strstr(err.message, "sign of life, one is due every 10 s, was 360"));
  write_lock_of(gone, "pid:[1]", "1:1"); /* a flock, but on a file that is not this one here */
  lock_is_refused_with("another namespace of processes");
  char ours[NAME_BYTES] = "";
  assert_true(readlink("/proc/self/ns/pid", ours, sizeof ours - 1) > 0);
  write_lock_of(gone, ours, "none");
  lock_is_replaced_because("that process is gone");
}

static void an_empty_lock_is_replaced_unless_somebody_keeps_it(void **state) {
  (void)state;
  write_lock("");
  age_lock();
  lock_is_replaced_because("empty lock");
  const int descriptor = open(lock_name, O_RDWR | O_CREAT, 0600);
  assert_int_equal(ftruncate(descriptor, 300), 0); /* its size, but not its text, came to the disk */
  age_lock();
  lock_is_replaced_because("empty lock");
  close(descriptor);
  write_lock("");
  age_lock();
  const int kept = open(lock_name, O_RDONLY);
  assert_int_equal(flock(kept, LOCK_SH), 0);
  lock_is_refused_with("empty, but kept by a process");
  close(kept);
  unlink(lock_name);
}

static void what_is_no_file_is_neither_opened_nor_followed(void **state) {
  (void)state;
  char victim[NAME_BYTES + 8];
  dkm_lock *lock;
  struct stat before, after;
  snprintf(victim, sizeof victim, "%s/victim", folder);
  close(open(victim, O_CREAT | O_WRONLY, 0600));
  assert_int_equal(stat(victim, &before), 0);
  for (int kind = 0; kind < 3; kind++) {
    static const char *const names[] = {"a FIFO", "a link", "a link"};
    if (kind == 0) assert_int_equal(mkfifo(lock_name, 0600), 0);
    if (kind == 1) assert_int_equal(symlink(victim, lock_name), 0);
    if (kind == 2) assert_int_equal(symlink("nowhere", lock_name), 0);
    lock_is_refused_with(names[kind]);
    assert_int_equal(dkm_lock_take(output, true, &lock, note, sizeof note, &err), DKM_OK);
    assert_non_null(strstr(note, names[kind]));
    dkm_lock_release(lock);
  }
  assert_int_equal(stat(victim, &after), 0);
  assert_int_equal(after.st_size, 0);
  assert_int_equal(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
  assert_int_equal(mkdir(lock_name, 0700), 0);
  assert_int_equal(dkm_lock_take(output, true, &lock, note, sizeof note, &err), DKM_INPUT);
  assert_non_null(strstr(err.message, "a folder"));
  rmdir(lock_name);
  unlink(victim);
}

static void a_hard_link_to_the_output_is_locked_too(void **state) {
  (void)state;
  char other[NAME_BYTES + 8];
  dkm_lock *lock, *second;
  snprintf(other, sizeof other, "%s/b.h5", folder);
  assert_int_equal(dkm_lock_take(output, false, &lock, note, sizeof note, &err), DKM_OK);
  close(open(output, O_CREAT | O_WRONLY, 0600));
  assert_int_equal(dkm_lock_mark_output(lock, &err), DKM_OK);
  assert_int_equal(link(output, other), 0);
  assert_int_equal(dkm_lock_take(other, false, &second, note, sizeof note, &err), DKM_INPUT);
  assert_non_null(strstr(err.message, "another of its 2 names"));
  assert_int_equal(dkm_lock_take(other, true, &second, note, sizeof note, &err), DKM_OK);
  dkm_lock_release(second);
  dkm_lock_release(lock);
  assert_int_equal(dkm_lock_take(other, false, &second, note, sizeof note, &err), DKM_OK);
  dkm_lock_release(second);
  unlink(other);
  unlink(output);
}

static void a_file_system_without_hard_links_has_locks(void **state) {
  (void)state;
  dkm_lock *lock;
  has_links = false;
  assert_int_equal(dkm_lock_take(output, false, &lock, note, sizeof note, &err), DKM_OK);
  assert_string_equal(note, "");
  lock_is_refused_with("in use by another run");
  dkm_lock_release(lock);
  end_process(start_holder());
  lock_is_replaced_because("that process is gone");
}

/* The next sign of life is due within 10 s. */
static bool is_lost_within_a_while(dkm_lock *lock) {
  for (int i = 0; i < 10 * PATIENCE; i++) {
    const bool lost = dkm_lock_is_lost(lock, note, sizeof note);
    if (lost || note[0]) return lost;
    usleep(100000);
  }
  fail_msg("nothing happened");
  return false;
}

static void a_lock_that_is_gone_is_taken_again(void **state) {
  (void)state;
  dkm_lock *lock;
  assert_int_equal(dkm_lock_take(output, false, &lock, note, sizeof note, &err), DKM_OK);
  assert_false(dkm_lock_is_lost(lock, note, sizeof note));
  unlink(lock_name);
  assert_false(is_lost_within_a_while(lock));
  assert_non_null(strstr(note, "taken again"));
  lock_is_refused_with("in use by another run");
  dkm_lock_release(lock);
}

static void a_lock_that_another_run_took_by_force_is_lost(void **state) {
  (void)state;
  dkm_lock *ours, *theirs;
  struct stat before, after;
  assert_int_equal(dkm_lock_take(output, false, &ours, note, sizeof note, &err), DKM_OK);
  assert_int_equal(dkm_lock_take(output, true, &theirs, note, sizeof note, &err), DKM_OK);
  assert_int_equal(stat(lock_name, &before), 0);
  assert_true(is_lost_within_a_while(ours));
  assert_non_null(strstr(note, "by force: process"));
  dkm_lock_release(ours);
  for (int i = 0; i < 10 * PATIENCE; i++) { /* theirs gives signs of life */
    assert_int_equal(stat(lock_name, &after), 0);
    if (after.st_mtim.tv_sec > before.st_mtim.tv_sec) break;
    usleep(100000);
  }
  assert_true(after.st_mtim.tv_sec > before.st_mtim.tv_sec);
  dkm_lock_release(theirs);
}

static void touch(const char *name, const char *text) {
  FILE *file = fopen(name, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

static void only_what_the_dead_holder_left_is_removed(void **state) {
  (void)state;
  char left[NAME_BYTES + 64], kept[5][NAME_BYTES + 64];
  const pid_t child = start_holder();
  snprintf(left, sizeof left, "%s.new-%ld", output, (long)child);
  snprintf(kept[0], sizeof kept[0], "%s.new-%ld", output, (long)child + 1);
  snprintf(kept[1], sizeof kept[1], "%s.new-%ld0", output, (long)child);
  snprintf(kept[2], sizeof kept[2], "%s.new-20261125", output);
  snprintf(kept[3], sizeof kept[3], "%s.lock.new-%ld-7", output, (long)child);
  snprintf(kept[4], sizeof kept[4], "%s.news", output);
  touch(left, "\211HDF\r\n\032\n and what follows");
  for (int i = 0; i < 5; i++) touch(kept[i], "notes\n");
  end_process(child);
  char lost[NAME_BYTES + 64], text[TEXT_BYTES] = ""; /* a lock that did not get its name */
  FILE *file = fopen(lock_name, "r");
  assert_true(fread(text, 1, sizeof text - 1, file) > 0);
  fclose(file);
  snprintf(lost, sizeof lost, "%s.lock.new-%ld-8", output, (long)child);
  touch(lost, text);
  lock_is_replaced_because("that process is gone");
  assert_int_equal(access(left, F_OK), -1);
  assert_int_equal(access(lost, F_OK), -1);
  for (int i = 0; i < 5; i++) assert_int_equal(unlink(kept[i]), 0);

  /* A file of the user that has the dead one's number: by its contents. */
  const pid_t second = start_holder();
  snprintf(left, sizeof left, "%s.new-%ld", output, (long)second);
  touch(left, "notes\n");
  end_process(second);
  lock_is_replaced_because("that process is gone");
  assert_int_equal(unlink(left), 0);
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

/* Takes the lock again and again until it has had it n times, and at last dies with it. The exit code says whether another
 * had it meanwhile. */
static void contend(int n) {
  char held[NAME_BYTES + 8];
  snprintf(held, sizeof held, "%s/held", folder);
  for (int i = 0; i < n;) {
    dkm_lock *lock;
    if (dkm_lock_take(output, false, &lock, note, sizeof note, &err)) {
      if (!strstr(err.message, "in use")) _exit(2);
      continue;
    }
    const int alone = open(held, O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (alone < 0) _exit(1);
    close(alone);
    usleep(1000);
    unlink(held);
    if (++i < n) dkm_lock_release(lock);
  }
  _exit(0);
}

static void of_many_contenders_one_has_the_lock_at_a_time(void **state) {
  (void)state;
  enum { CONTENDERS = 8, TIMES = 5, ROUNDS = 2 };
  for (int round = 0; round < ROUNDS; round++) {
    pid_t children[CONTENDERS];
    has_links = round == 0;
    for (int i = 0; i < CONTENDERS; i++)
      if ((children[i] = fork()) == 0) contend(TIMES);
    for (int i = 0; i < CONTENDERS; i++) {
      int outcome;
      assert_int_equal(waitpid(children[i], &outcome, 0), children[i]);
      assert_int_equal(outcome, 0);
    }
  }
  lock_is_replaced_because("that process is gone"); /* the last one's */
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
      CLAIM(a_flock_says_more_than_numbers_of_processes),
      CLAIM(without_a_flock_another_namespace_of_processes_cannot_be_seen),
      CLAIM(an_empty_lock_is_replaced_unless_somebody_keeps_it),
      CLAIM(what_is_no_file_is_neither_opened_nor_followed),
      CLAIM(a_hard_link_to_the_output_is_locked_too),
      CLAIM(a_file_system_without_hard_links_has_locks),
      CLAIM(a_lock_that_is_gone_is_taken_again),
      CLAIM(a_lock_that_another_run_took_by_force_is_lost),
      CLAIM(only_what_the_dead_holder_left_is_removed),
      CLAIM(of_many_contenders_one_has_the_lock_at_a_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
