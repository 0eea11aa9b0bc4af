/* SPDX-License-Identifier: GPL-3.0-or-later */
/* flip_bytes FILE.h5 FIRST END STEP: what the reader makes of a file with one damaged byte.
 *
 * For each position FIRST, FIRST + STEP, ... < END (END 0: the end of the file) of a complete file, in a copy of it: one
 * bit flipped, and the whole byte inverted; for each sector of 512 bytes between FIRST and END: all of it 0.  Each
 * damaged file is read, all of it, by a process of its own, under a time limit: job, coordinates, every record with its
 * checksum.
 *
 * Prints one "key: value" a line: how many were refused with a message, found by a check, harmless (all values
 * as before), silently wrong, crashed or timed out, and "bad: POSITION DAMAGE OUTCOME" for each of the last three.
 * Exit code 0 if there were none of those. */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dickemap/store.h"

enum { HARMLESS, REFUSED, FOUND, WRONG, N_OUTCOMES, CRASHED = N_OUTCOMES, TIMED_OUT, N_ALL };
static const char *const names[N_ALL] = {"harmless", "refused", "found", "wrong", "crashed", "timed out"};
enum { SECONDS = 10, SECTOR = 512 };
#define MEMORY_LIMIT ((rlim_t)4 << 30) /* a damaged length must not take the machine down */

struct contents {
  int64_t n;
  char *job;
  uint8_t *status;
  dkm_record *records;
  uint32_t *checksums, *computed;
};

static void free_contents(struct contents *c) {
  free(c->job);
  free(c->status);
  free(c->records);
  free(c->checksums);
  free(c->computed);
}

static dkm_status read_all(const char *path, struct contents *c, dkm_error *err) {
  dkm_store_reader *reader;
  dkm_status status = dkm_store_reader_open(path, &reader, err);
  if (status) return status;
  const dkm_job *job = dkm_store_reader_job(reader);
  c->n = job->n_points;
  c->job = dkm_job_canonical(job);
  c->status = malloc((size_t)c->n);
  c->records = malloc((size_t)c->n * sizeof *c->records);
  c->checksums = malloc((size_t)c->n * sizeof *c->checksums);
  c->computed = malloc((size_t)c->n * sizeof *c->computed);
  if (!c->job || !c->status || !c->records || !c->checksums || !c->computed) return dkm_fail(err, DKM_MEMORY, "out of memory");
  status = dkm_store_reader_status(reader, 0, c->n, c->status, err);
  if (!status) status = dkm_store_reader_records(reader, 0, c->n, c->records, c->checksums, c->computed, err);
  if (!status) status = dkm_store_check_axes(path, job, err);
  for (int64_t i = 0; !status && i < c->n; i++)
    if (c->computed[i] != c->checksums[i] ||
        c->status[i] != (c->records[i].verdict == DKM_VERDICT_FAILED ? DKM_STATUS_POINT_FAILED : DKM_STATUS_DONE))
      status = dkm_fail(err, DKM_DIFFERENT, "point %lld", (long long)i);
  dkm_store_reader_close(reader);
  return status;
}

static int outcome_of(const char *path, const struct contents *sound) {
  struct contents c;
  dkm_error err = {0};
  const dkm_status status = read_all(path, &c, &err);
  if (status == DKM_DIFFERENT) return FOUND;
  if (status) return err.message[0] ? REFUSED : WRONG;
  if (c.n != sound->n || strcmp(c.job, sound->job) != 0) return WRONG;
  /* Checksums agree with records, and with those of the sound file: the records are the same. */
  return memcmp(c.checksums, sound->checksums, (size_t)c.n * sizeof *c.checksums) == 0 ? HARMLESS : WRONG;
}

static int in_a_process(const char *path, const struct contents *sound) {
  int state;
  const pid_t child = fork();
  if (child < 0) return -1;
  if (child == 0) {
    const struct rlimit none = {0}, memory = {MEMORY_LIMIT, MEMORY_LIMIT};
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_AS, &memory);
    alarm(SECONDS);
    _exit(outcome_of(path, sound));
  }
  if (waitpid(child, &state, 0) != child) return -1;
  if (WIFEXITED(state)) return WEXITSTATUS(state) < N_OUTCOMES ? WEXITSTATUS(state) : CRASHED;
  return WTERMSIG(state) == SIGALRM ? TIMED_OUT : CRASHED;
}

static int fail(const char *what) {
  perror(what);
  return 2;
}

static char *read_file(const char *path, size_t *size) {
  struct stat found;
  FILE *file = fopen(path, "rb");
  if (!file || fstat(fileno(file), &found) != 0) return NULL;
  char *bytes = malloc((size_t)found.st_size);
  *size = bytes ? fread(bytes, 1, (size_t)found.st_size, file) : 0;
  fclose(file);
  return bytes;
}

static long count[N_ALL];

/* Overwrites `n` bytes, asks a process, and puts them back. False if the system fails. */
static bool damage(const char *path, int descriptor, const char *bytes, size_t at, const char *damaged, size_t n,
                   const char *how, const struct contents *sound) {
  if (pwrite(descriptor, damaged, n, (off_t)at) != (ssize_t)n) return false;
  const int outcome = in_a_process(path, sound);
  if (outcome < 0) return false;
  count[outcome]++;
  if (outcome >= WRONG) printf("bad: %zu %s %s\n", at, how, names[outcome]);
  return pwrite(descriptor, bytes + at, n, (off_t)at) == (ssize_t)n;
}

int main(int argc, char **argv) {
  static const char zeros[SECTOR];
  struct contents sound;
  dkm_error err = {0};
  char copy[4096];
  size_t size;
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc != 5) {
    fprintf(stderr, "usage: flip_bytes FILE.h5 FIRST END STEP\n");
    return 2;
  }
  const size_t first = strtoul(argv[2], NULL, 10), step = strtoul(argv[4], NULL, 10);
  size_t end = strtoul(argv[3], NULL, 10);
  char *bytes = read_file(argv[1], &size);
  if (!bytes || step == 0) return fail(argv[1]);
  if (end == 0 || end > size) end = size;
  if (read_all(argv[1], &sound, &err)) {
    fprintf(stderr, "%s\n", err.message);
    return 2;
  }
  snprintf(copy, sizeof copy, "%s.flipped", argv[1]);
  const int descriptor = open(copy, O_RDWR | O_CREAT | O_TRUNC, 0666);
  if (descriptor < 0 || write(descriptor, bytes, size) != (ssize_t)size) return fail(copy);

  for (size_t at = first; at < end; at += step) {
    const char flipped = (char)(bytes[at] ^ 1 << at % 8), inverted = (char)~bytes[at];
    if (!damage(copy, descriptor, bytes, at, &flipped, 1, "bit", &sound) ||
        !damage(copy, descriptor, bytes, at, &inverted, 1, "byte", &sound))
      return fail(copy);
  }
  for (size_t at = (first + SECTOR - 1) / SECTOR * SECTOR; at + SECTOR <= end; at += SECTOR)
    if (!damage(copy, descriptor, bytes, at, zeros, SECTOR, "sector", &sound)) return fail(copy);
  for (int i = 0; i < N_ALL; i++) printf("%s: %ld\n", names[i], count[i]);
  close(descriptor);
  unlink(copy);
  free(bytes);
  free_contents(&sound);
  return count[WRONG] + count[CRASHED] + count[TIMED_OUT] > 0;
}
