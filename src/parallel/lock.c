/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lock: one run at a time on one output; see dickemap/lock.h.
 *
 * The file, one "key: value" a line:
 *   host, boot     name of the machine, and the random number of its present start
 *   pid, started   the process, and when it started, in clock ticks since the boot (/proc/PID/stat)
 *   job, restart   SLURM_JOB_ID and SLURM_RESTART_COUNT, empty outside of a batch job
 *   time           when the lock was taken, for people
 *
 * Taking: the text is written to a file of another name, which is then linked to the lock's name; a link
 * never overwrites, also on NFS, and a lock is never seen half written.
 * Replacing a stale lock is a race between runs that all find it stale.  Each first locks the stale file
 * itself with flock, then looks whether the name still leads to this very file, and only then removes it: who
 * comes second finds another file, or none, and begins anew. */
#define _GNU_SOURCE /* flock, realpath */
#include "dickemap/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dickemap/file.h"

enum { TEXT_BYTES = 1024, WORD_BYTES = 128, MAX_TRIES = 10, ENDED = -2 };

struct dkm_lock {
  char *path;
  dev_t device;
  ino_t inode;
};

struct holder {
  char host[WORD_BYTES], boot[WORD_BYTES], job[WORD_BYTES], time[WORD_BYTES];
  long pid, restart;
  long long started;
};

/* ---- who ---- */

/* When a process started, in ticks since the boot; -1 if there is none or it cannot be seen; ENDED if it has ended
 * and only waits for its parent to take note, which an orphan may do for ever. */
static long long start_of(long pid) {
  char path[64], text[TEXT_BYTES];
  snprintf(path, sizeof path, "/proc/%ld/stat", pid);
  FILE *file = fopen(path, "re");
  if (!file) return -1;
  const size_t n = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[n] = '\0';
  char *at = strrchr(text, ')'); /* the name, field 2, may hold anything; the start is field 22 */
  if (at && (strncmp(at, ") Z", 3) == 0 || strncmp(at, ") X", 3) == 0)) return ENDED;
  for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
  return at ? strtoll(at + 1, NULL, 10) : -1;
}

static void read_word(const char *path, char word[WORD_BYTES]) {
  FILE *file = fopen(path, "re");
  word[0] = '\0';
  if (!file) return;
  if (!fgets(word, WORD_BYTES, file)) word[0] = '\0';
  word[strcspn(word, "\n")] = '\0';
  fclose(file);
}

static void describe_us(struct holder *us) {
  const char *job = getenv("SLURM_JOB_ID"), *restart = getenv("SLURM_RESTART_COUNT");
  const time_t now = time(NULL);
  struct tm utc;
  memset(us, 0, sizeof *us);
  if (gethostname(us->host, sizeof us->host - 1) != 0) strcpy(us->host, "unknown");
  read_word("/proc/sys/kernel/random/boot_id", us->boot);
  snprintf(us->job, sizeof us->job, "%s", job ? job : "");
  us->restart = restart ? strtol(restart, NULL, 10) : 0;
  us->pid = (long)getpid();
  us->started = start_of(us->pid);
  strftime(us->time, sizeof us->time, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
}

static int print_holder(const struct holder *h, char text[TEXT_BYTES]) {
  return snprintf(text, TEXT_BYTES,
                  "host: %s\nboot: %s\npid: %ld\nstarted: %lld\njob: %s\nrestart: %ld\ntime: %s\n", h->host, h->boot,
                  h->pid, h->started, h->job, h->restart, h->time);
}

/* False if the text is not that of a lock. */
static bool parse_holder(char *text, struct holder *h) {
  memset(h, 0, sizeof *h);
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    char *value = strstr(line, ": ");
    if (!value) return false;
    *value = '\0';
    value += 2;
    if (strcmp(line, "host") == 0) snprintf(h->host, sizeof h->host, "%s", value);
    if (strcmp(line, "boot") == 0) snprintf(h->boot, sizeof h->boot, "%s", value);
    if (strcmp(line, "job") == 0) snprintf(h->job, sizeof h->job, "%s", value);
    if (strcmp(line, "time") == 0) snprintf(h->time, sizeof h->time, "%s", value);
    if (strcmp(line, "pid") == 0) h->pid = strtol(value, NULL, 10);
    if (strcmp(line, "started") == 0) h->started = strtoll(value, NULL, 10);
    if (strcmp(line, "restart") == 0) h->restart = strtol(value, NULL, 10);
  }
  return h->host[0] != '\0' && h->pid > 0 && h->time[0] != '\0';
}

/* Why the holder cannot be alive; NULL if it may be. */
static const char *why_stale(const struct holder *h, const struct holder *us) {
  if (us->job[0] != '\0' && strcmp(h->job, us->job) == 0 && us->restart > h->restart)
    return "an earlier start of this batch job";
  if (strcmp(h->host, us->host) != 0) return NULL;
  if (h->boot[0] != '\0' && us->boot[0] != '\0' && strcmp(h->boot, us->boot) != 0)
    return "the machine was restarted since";
  if (h->pid == us->pid && h->started == us->started) return NULL; /* this very process */
  if (kill((pid_t)h->pid, 0) != 0 && errno == ESRCH) return "that process is gone";
  const long long started = start_of(h->pid);
  if (started == ENDED) return "that process is gone";
  if (started >= 0 && h->started >= 0 && started != h->started) return "that process is gone";
  return NULL;
}

/* ---- the file ---- */

static dkm_status fail_lock(const char *path, const char *what, dkm_error *err) {
  return dkm_fail(err, DKM_IO, "the lock %s cannot be %s: %s", path, what, strerror(errno));
}

static bool same_file(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Someone's lock is there: removes it (*removed) or says why not.  Gone or replaced in the meantime: DKM_OK, and the
 * caller tries again. */
static dkm_status clear(const char *output, const char *path, const struct holder *us, bool break_lock, char *note,
                        size_t note_bytes, dkm_error *err) {
  char text[TEXT_BYTES];
  struct stat opened, named;
  struct holder h;
  dkm_status status = DKM_OK;
  const int descriptor = dkm_file_open(path, O_RDONLY, 0);
  if (descriptor < 0) return errno == ENOENT ? DKM_OK : fail_lock(path, "read", err);
  /* Where flock is not supported, the race described above remains. */
  dkm_file_lock(descriptor, LOCK_EX);
  const ssize_t n = dkm_file_read(descriptor, text, sizeof text - 1);
  if (n < 0 || fstat(descriptor, &opened) != 0) {
    status = fail_lock(path, "read", err);
    goto cleanup;
  }
  if (stat(path, &named) != 0 || !same_file(&opened, &named)) goto cleanup;
  text[n] = '\0';
  const bool known = parse_holder(text, &h);
  const char *reason = break_lock ? "--break-lock" : known ? why_stale(&h, us) : NULL;
  if (!reason && !known) {
    status = dkm_fail(err, DKM_INPUT,
                      "output %s is locked by %s, which is not readable as a lock; if no run is using it, --break-lock "
                      "removes it",
                      output, path);
  } else if (!reason) {
    status = dkm_fail(err, DKM_INPUT,
                      "output %s is in use by another run: process %ld on host %s%s%s, since %s; if that run is no "
                      "more, --break-lock removes its lock %s",
                      output, h.pid, h.host, h.job[0] ? ", batch job " : "", h.job, h.time, path);
  } else if (unlink(path) != 0 && errno != ENOENT) {
    status = fail_lock(path, "removed", err);
  } else if (known) {
    snprintf(note, note_bytes, "replaced the lock of process %ld on host %s, taken %s (%s)", h.pid, h.host, h.time,
             reason);
  } else {
    snprintf(note, note_bytes, "replaced an unreadable lock (%s)", reason);
  }
cleanup:
  close(descriptor);
  return status;
}

/* The text under a name of its own; what an earlier process of our number left there is replaced. */
static dkm_status write_text(const char *path, const char *text, size_t n, struct stat *made, dkm_error *err) {
  unlink(path);
  const int descriptor = dkm_file_open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
  if (descriptor < 0) return fail_lock(path, "written", err);
  const bool good = dkm_file_write(descriptor, text, n) == 0 && fstat(descriptor, made) == 0;
  dkm_status status = good ? DKM_OK : fail_lock(path, "written", err);
  if (dkm_file_close(descriptor) != 0 && !status) status = fail_lock(path, "written", err);
  if (status) unlink(path);
  return status;
}

dkm_status dkm_lock_take(const char *output, bool break_lock, dkm_lock **out, char *note, size_t note_bytes,
                         dkm_error *err) {
  char text[TEXT_BYTES];
  char *own = NULL, *target = realpath(output, NULL); /* all links to one output share a lock */
  struct holder us;
  struct stat made;
  dkm_lock *lock = calloc(1, sizeof *lock);
  dkm_status status = DKM_OK;
  bool taken = false;

  *out = NULL;
  note[0] = '\0';
  if (!target) target = strdup(output);
  const size_t size = target ? strlen(target) + sizeof ".lock.new-" + 3 * sizeof(long) : 0;
  if (lock && target) lock->path = malloc(size);
  own = malloc(size);
  if (!lock || !target || !lock->path || !own) {
    status = dkm_fail(err, DKM_MEMORY, "out of memory for the lock of output %s", output);
    goto cleanup;
  }
  snprintf(lock->path, size, "%s.lock", target);
  snprintf(own, size, "%s.lock.new-%ld", target, (long)getpid());
  describe_us(&us);
  status = write_text(own, text, (size_t)print_holder(&us, text), &made, err);
  if (status) goto cleanup;
  for (int i = 0; i < MAX_TRIES && !taken && !status; i++) {
    taken = link(own, lock->path) == 0;
    if (taken) break;
    if (errno != EEXIST)
      status = fail_lock(lock->path, "made", err);
    else
      status = clear(output, lock->path, &us, break_lock, note, note_bytes, err);
  }
  if (!taken && !status)
    status = dkm_fail(err, DKM_INPUT, "output %s is in use: other runs keep taking its lock %s", output, lock->path);
  unlink(own);
  lock->device = made.st_dev;
  lock->inode = made.st_ino;

cleanup:
  free(own);
  free(target);
  if (status) {
    if (lock) free(lock->path);
    free(lock);
    return status;
  }
  *out = lock;
  return DKM_OK;
}

void dkm_lock_release(dkm_lock *lock) {
  struct stat named;
  if (!lock) return;
  if (stat(lock->path, &named) == 0 && named.st_dev == lock->device && named.st_ino == lock->inode) unlink(lock->path);
  free(lock->path);
  free(lock);
}
