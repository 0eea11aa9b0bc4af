/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a command line.
 *
 * Each line is an argument; a first line SLURM_JOB_END_TIME=... is the environment.  The program's own main() is
 * called with them.  Where a command would begin to work (read an output file, integrate, write) the linker
 * puts a function of this file instead (--wrap, see CMakeLists.txt), which ends the command with exit code 85: all
 * arguments and settings were accepted.  Whatever job is named is the one below.  MPI is not started: this process is
 * the only rank.
 *
 * Whatever comes, the program ends with 0 (help), 1 and one line on standard error, or gets to work. */
#include <getopt.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/agree.h"
#include "dickemap/evaluate.h"
#include "dickemap/job.h"
#include "dickemap/lock.h"
#include "dickemap/resume.h"
#include "dickemap/share_job.h"
#include "dickemap/store.h"
#include "dickemap/trajectory.h"
#include "ending.h"
#include "fuzz.h"

enum { MAX_ARGUMENTS = 64 };

static const char job_text[] = "model: {patterns: 3, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5], kappa_mu: [1.0]}\n"
                               "axes:\n"
                               "- {name: g0, from: 0.1, to: 0.4, points: 4}\n"
                               "- {name: pattern, values: [1, 3]}\n"
                               "- {name: \"Omega_mu[2]\", values: [1, 2], zip: path}\n"
                               "- {name: overlap, values: [0.5, 1], zip: path}\n";

/* main.c with its main() renamed. */
int dickemap_main(int argc, char **argv);

/* ---- what stands in for work ---- */

static dkm_status stop(dkm_error *err) {
  return dkm_fail(err, DKM_STOPPED, "accepted");
}

#define WRAPPED(name) __wrap_##name
int WRAPPED(MPI_Init_thread)(int *argc, char ***argv, int wanted, int *level);
int WRAPPED(MPI_Init_thread)(int *argc, char ***argv, int wanted, int *level) {
  *level = wanted;
  (void)argc, (void)argv;
  return MPI_SUCCESS;
}
int WRAPPED(MPI_Finalize)(void);
int WRAPPED(MPI_Finalize)(void) {
  return MPI_SUCCESS;
}
int WRAPPED(MPI_Comm_set_errhandler)(MPI_Comm comm, MPI_Errhandler handler);
int WRAPPED(MPI_Comm_set_errhandler)(MPI_Comm comm, MPI_Errhandler handler) {
  (void)comm, (void)handler;
  return MPI_SUCCESS;
}
int WRAPPED(MPI_Comm_rank)(MPI_Comm comm, int *rank);
int WRAPPED(MPI_Comm_rank)(MPI_Comm comm, int *rank) {
  (void)comm;
  *rank = 0;
  return MPI_SUCCESS;
}
int WRAPPED(MPI_Comm_size)(MPI_Comm comm, int *size);
int WRAPPED(MPI_Comm_size)(MPI_Comm comm, int *size) {
  (void)comm;
  *size = 1;
  return MPI_SUCCESS;
}
dkm_status WRAPPED(dkm_agree)(MPI_Comm comm, dkm_status status, dkm_error *err);
dkm_status WRAPPED(dkm_agree)(MPI_Comm comm, dkm_status status, dkm_error *err) {
  (void)comm, (void)err;
  return status;
}
dkm_status WRAPPED(dkm_agree_with_first)(MPI_Comm comm, double seconds, dkm_status status, dkm_error *err);
dkm_status WRAPPED(dkm_agree_with_first)(MPI_Comm comm, double seconds, dkm_status status, dkm_error *err) {
  (void)comm, (void)seconds, (void)err;
  return status;
}
dkm_status WRAPPED(dkm_share_job)(MPI_Comm comm, dkm_job *job, dkm_error *err);
dkm_status WRAPPED(dkm_share_job)(MPI_Comm comm, dkm_job *job, dkm_error *err) {
  (void)comm, (void)job, (void)err;
  return DKM_OK;
}
dkm_status WRAPPED(dkm_ending_catch_signals)(bool follows, dkm_error *err);
dkm_status WRAPPED(dkm_ending_catch_signals)(bool follows, dkm_error *err) {
  (void)follows, (void)err;
  return DKM_OK;
}
dkm_status WRAPPED(dkm_job_read)(dkm_job *job, const char *path, int n_sets, const char *const *sets, dkm_error *err);
dkm_status WRAPPED(dkm_job_read)(dkm_job *job, const char *path, int n_sets, const char *const *sets, dkm_error *err) {
  return dkm_job_parse(job, path, job_text, n_sets, sets, err);
}
dkm_status WRAPPED(dkm_store_check_output_of)(const char *path, const dkm_job *job, const dkm_shard *shard,
                                              bool overwrite, dkm_error *err);
dkm_status WRAPPED(dkm_store_check_output_of)(const char *path, const dkm_job *job, const dkm_shard *shard,
                                              bool overwrite, dkm_error *err) {
  (void)path, (void)job, (void)shard, (void)overwrite, (void)err;
  return DKM_OK;
}
dkm_status WRAPPED(dkm_resume_check)(const char *path, const dkm_job *job, bool *exists, dkm_error *err);
dkm_status WRAPPED(dkm_resume_check)(const char *path, const dkm_job *job, bool *exists, dkm_error *err) {
  (void)path, (void)job, (void)err;
  *exists = false;
  return DKM_OK;
}
dkm_status WRAPPED(dkm_evaluator_create)(const dkm_system *system, const dkm_solver *solver, const char *cpu,
                                         dkm_evaluator **out, dkm_error *err);
dkm_status WRAPPED(dkm_evaluator_create)(const dkm_system *system, const dkm_solver *solver, const char *cpu,
                                         dkm_evaluator **out, dkm_error *err) {
  (void)system, (void)solver, (void)cpu;
  *out = NULL;
  return stop(err);
}
dkm_status WRAPPED(dkm_trajectory_compute)(const dkm_course *course, double t_start, double t_end, double dt,
                                           dkm_trajectory *trajectory, dkm_error *err);
dkm_status WRAPPED(dkm_trajectory_compute)(const dkm_course *course, double t_start, double t_end, double dt,
                                           dkm_trajectory *trajectory, dkm_error *err) {
  (void)course, (void)t_start, (void)t_end, (void)dt, (void)trajectory;
  return stop(err);
}
dkm_status WRAPPED(dkm_store_reader_open)(const char *path, dkm_store_reader **out, dkm_error *err);
dkm_status WRAPPED(dkm_store_reader_open)(const char *path, dkm_store_reader **out, dkm_error *err) {
  (void)path, (void)out;
  return stop(err);
}
/* Never to be reached: nothing may be written. */
dkm_status WRAPPED(dkm_lock_take)(const char *output, bool break_lock, dkm_lock **out, char *note, size_t note_bytes,
                                  dkm_error *err);
dkm_status WRAPPED(dkm_lock_take)(const char *output, bool break_lock, dkm_lock **out, char *note, size_t note_bytes,
                                  dkm_error *err) {
  (void)break_lock, (void)out, (void)note, (void)note_bytes, (void)err;
  fuzz_claim(false, "%s would have been written", output);
  return DKM_OK;
}
dkm_status WRAPPED(dkm_store_create)(const char *path, const dkm_job *job, const dkm_provenance *provenance,
                                     bool overwrite, dkm_error *err);
dkm_status WRAPPED(dkm_store_create)(const char *path, const dkm_job *job, const dkm_provenance *provenance,
                                     bool overwrite, dkm_error *err) {
  (void)job, (void)provenance, (void)overwrite, (void)err;
  fuzz_claim(false, "%s would have been written", path);
  return DKM_OK;
}

/* ---- a command line ---- */

/* Each argument in memory of its own length. The caller frees argv[1 ... argc-1]. */
static int split_arguments(const uint8_t *data, size_t size, char *argv[MAX_ARGUMENTS + 1]) {
  static char name[] = "dickemap";
  int argc = 0;
  argv[argc++] = name;
  for (size_t at = 0; at < size && argc < MAX_ARGUMENTS;) {
    const uint8_t *end = memchr(data + at, '\n', size - at);
    size_t bytes = end ? (size_t)(end - (data + at)) : size - at;
    char *line = fuzz_alloc(bytes + 1);
    memcpy(line, data + at, bytes);
    line[bytes] = '\0';
    argv[argc++] = line;
    at += bytes + 1;
  }
  argv[argc] = NULL;
  return argc;
}

/* getopt keeps a place within an argument between calls: 0 makes it forget that of the command line before. */
static void forget_options(void) {
  static char name[] = "dickemap";
  char *argv[] = {name, NULL};
  optind = 0;
  getopt(1, argv, "");
  optind = 1;
}

static void check_outcome(int code, const char *out, const char *err) {
  static const char begin[] = "dickemap: ";
  if (code == 0) {
    fuzz_claim(*out, "nothing was done");
    fuzz_claim(!*err, "exit code 0 with a message: %s", err);
    return;
  }
  size_t bytes = strlen(err);
  fuzz_claim(strncmp(err, begin, sizeof begin - 1) == 0 && err[bytes - 1] == '\n', "exit code %d without a message: %s",
             code, err);
  char *line = strdup(err);
  fuzz_claim(line, "out of memory");
  line[bytes - 1] = '\0';
  fuzz_claim(bytes > sizeof begin && fuzz_is_one_line(line), "no message of one line: %s", line);
  free(line);
  bool memory = code == 2 && strstr(err, "out of memory");
  fuzz_claim(code == 1 || code == 85 || memory, "exit code %d: %s", code, err);
  fuzz_claim(code != 1 || !*out, "a wrong command line prints: %s", out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char slurm[] = "SLURM_JOB_END_TIME=";
  char *argv[MAX_ARGUMENTS + 1], *given[MAX_ARGUMENTS + 1], *out = NULL, *err = NULL;
  size_t out_bytes, err_bytes;
  FILE *real_stdout = stdout, *real_stderr = stderr;
  int argc = split_arguments(data, size, argv), n_given = argc;
  memcpy(given, argv, sizeof argv); /* getopt changes the order */

  unsetenv("SLURM_JOB_END_TIME");
  if (argc > 1 && strncmp(argv[1], slurm, sizeof slurm - 1) == 0) {
    fuzz_claim(setenv("SLURM_JOB_END_TIME", argv[1] + sizeof slurm - 1, 1) == 0, "out of memory");
    memmove(&argv[1], &argv[2], (size_t)(argc - 1) * sizeof *argv);
    argc--;
  }
  forget_options();
  stdout = open_memstream(&out, &out_bytes);
  stderr = open_memstream(&err, &err_bytes);
  fuzz_claim(stdout && stderr, "out of memory");
  int code = dickemap_main(argc, argv);
  fclose(stdout);
  fclose(stderr);
  stdout = real_stdout;
  stderr = real_stderr;
  check_outcome(code, out, err);

  free(out);
  free(err);
  for (int i = 1; i < n_given; i++) free(given[i]);
  return 0;
}
