/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lock_holder: the text of a lock, and what it says about its holder's life; see lock_holder.h. */
#include "lock_holder.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dickemap/clock.h"
#include "dickemap/here.h"

enum { STAT_BYTES = 1024 };
static const long long ended = -2; /* a start of a process that only waits for its parent to take note */

/* ---- who ---- */

/* When a process started, in ticks since the boot; -1 if there is none or it cannot be seen; `ended` if it has ended
 * and only waits for its parent to take note, which an orphan may do for ever. */
static long long start_of(long pid) {
  char path[64], text[STAT_BYTES];
  snprintf(path, sizeof path, "/proc/%ld/stat", pid);
  FILE *file = fopen(path, "re");
  if (!file) return -1;
  const size_t n = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[n] = '\0';
  char *at = strrchr(text, ')'); /* the name, field 2, may hold anything; the start is field 22 */
  if (at && (strncmp(at, ") Z", 3) == 0 || strncmp(at, ") X", 3) == 0)) return ended;
  for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
  return at ? strtoll(at + 1, NULL, 10) : -1;
}

static void read_word(const char *path, char word[DKM_HOLDER_WORD_BYTES]) {
  FILE *file = fopen(path, "re");
  word[0] = '\0';
  if (!file) return;
  if (!fgets(word, DKM_HOLDER_WORD_BYTES, file)) word[0] = '\0';
  word[strcspn(word, "\n")] = '\0';
  fclose(file);
}

static void print_flock(const struct stat *file, char out[DKM_HOLDER_WORD_BYTES]) {
  snprintf(out, DKM_HOLDER_WORD_BYTES, "%llu:%llu", (unsigned long long)file->st_dev, (unsigned long long)file->st_ino);
}

void dkm_holder_describe_us(dkm_holder *us) {
  const char *job = getenv("SLURM_JOB_ID"), *restart = getenv("SLURM_RESTART_COUNT");
  memset(us, 0, sizeof *us);
  dkm_here_host(us->host, sizeof us->host);
  read_word("/proc/sys/kernel/random/boot_id", us->boot);
  const ssize_t n = readlink("/proc/self/ns/pid", us->processes, sizeof us->processes - 1);
  us->processes[n > 0 ? n : 0] = '\0';
  snprintf(us->job, sizeof us->job, "%s", job ? job : "");
  us->restart = restart ? strtol(restart, NULL, 10) : 0;
  us->pid = (long)getpid();
  us->started = start_of(us->pid);
  strcpy(us->flock, "none");
  dkm_clock_date(us->time);
}

void dkm_holder_set_flock(dkm_holder *us, const struct stat *file) {
  print_flock(file, us->flock);
}

/* ---- the text ---- */

int dkm_holder_print(const dkm_holder *h, char *text) {
  return snprintf(text, DKM_HOLDER_TEXT_BYTES,
                  "host: %s\nboot: %s\npid: %ld\nstarted: %lld\nprocesses: %s\nflock: %s\nbeat: %ld\njob: %s\n"
                  "restart: %ld\ntime: %s\n",
                  h->host, h->boot, h->pid, h->started, h->processes, h->flock, h->beat, h->job, h->restart, h->time);
}

bool dkm_holder_parse(char *text, dkm_holder *h) {
  const struct {
    const char *key;
    char *value;
  } words[] = {{"host", h->host},   {"boot", h->boot}, {"processes", h->processes},
               {"flock", h->flock}, {"job", h->job},   {"time", h->time}};
  char *rest;
  memset(h, 0, sizeof *h);
  for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
    char *value = strstr(line, ": ");
    if (!value) return false;
    *value = '\0';
    value += 2;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
      if (strcmp(line, words[i].key) == 0) snprintf(words[i].value, DKM_HOLDER_WORD_BYTES, "%s", value);
    if (strcmp(line, "pid") == 0) h->pid = strtol(value, NULL, 10);
    if (strcmp(line, "started") == 0) h->started = strtoll(value, NULL, 10);
    if (strcmp(line, "beat") == 0) h->beat = strtol(value, NULL, 10);
    if (strcmp(line, "restart") == 0) h->restart = strtol(value, NULL, 10);
  }
  return h->host[0] != '\0' && h->pid > 0 && h->time[0] != '\0';
}

/* ---- alive? ---- */

/* Of a process in our own namespace, on this start of this machine. */
static dkm_holder_life judge_process(const dkm_holder *h, const dkm_holder *us, const char **why) {
  *why = "that process is gone";
  if (h->pid == us->pid && h->started == us->started) return DKM_HOLDER_ALIVE; /* this very process */
  if (kill((pid_t)h->pid, 0) != 0 && errno == ESRCH) return DKM_HOLDER_DEAD;
  const long long started = start_of(h->pid);
  if (started == ended || (started >= 0 && h->started >= 0 && started != h->started)) return DKM_HOLDER_DEAD;
  return DKM_HOLDER_ALIVE;
}

dkm_holder_life dkm_holder_judge(const dkm_holder *h, const dkm_holder *us, const dkm_holder_signs *signs,
                                 const char **why) {
  char same_file[DKM_HOLDER_WORD_BYTES];
  *why = "an earlier start of this batch job";
  if (us->job[0] != '\0' && strcmp(h->job, us->job) == 0 && us->restart > h->restart) return DKM_HOLDER_DEAD;
  *why = "";
  if (signs->flocked) return DKM_HOLDER_ALIVE;
  const bool same_host = strcmp(h->host, us->host) == 0;
  const bool other_boot = h->boot[0] != '\0' && us->boot[0] != '\0' && strcmp(h->boot, us->boot) != 0;
  const bool same_boot = !other_boot && h->boot[0] != '\0' && us->boot[0] != '\0';
  print_flock(&signs->file, same_file);
  if (signs->free && same_boot && strcmp(h->flock, same_file) == 0) { /* one kernel, one file: its word is final */
    *why = "that process is gone";
    return DKM_HOLDER_DEAD;
  }
  *why = "it is on another host";
  if (!same_host && !same_boot) return DKM_HOLDER_UNKNOWN;
  if (other_boot) {
    *why = "the machine was restarted since";
    return signs->age >= DKM_HOLDER_SILENCE ? DKM_HOLDER_DEAD : DKM_HOLDER_SILENT_SOON;
  }
  *why = "it is in another namespace of processes (a container)";
  /* The locks of older versions do not say where their number counts. */
  if (h->processes[0] != '\0' && strcmp(h->processes, us->processes) != 0) return DKM_HOLDER_UNKNOWN;
  return judge_process(h, us, why);
}
