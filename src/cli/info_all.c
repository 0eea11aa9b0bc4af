/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Everything about a file, one `key: value` a line, the same keys in the same order for every file of a task. */
#include <stdio.h>

#include "cli.h"
#include "dickemap/option.h"
#include "dickemap/task.h"
#include "info.h"

static void print_attribute(dkm_store_reader *reader, const char *key, const char *name) {
  char text[4096];
  dkm_store_reader_attribute(reader, name, text, sizeof text);
  dkm_cli_say(stdout, "%s: %s\n", key, text);
}

/* That of the first run, and those of others that were different. */
static void print_distinct(dkm_store_reader *reader, const char *history, const char *key, const char *name, int field) {
  char first[256], all[4096];
  dkm_store_reader_attribute(reader, name, first, sizeof first);
  dkm_attempt_distinct(history, field, first, all, sizeof all);
  dkm_cli_say(stdout, "%s: %s\n", key, all);
}

/* How the file was made, and by whom it was continued. */
static void print_provenance(dkm_store_reader *reader, const char *history) {
  print_distinct(reader, history, "version", "dickemap_version", DKM_ATTEMPT_VERSION);
  print_attribute(reader, "created", "date_created");
  print_attribute(reader, "host", "host");
  print_attribute(reader, "ranks", "n_ranks");
  print_attribute(reader, "command", "command");
  print_distinct(reader, history, "instruction set", "instruction_set", DKM_ATTEMPT_INSTRUCTION_SETS);
  print_attribute(reader, "GSL", "gsl_version");
  print_attribute(reader, "HDF5", "hdf5_version");
  print_attribute(reader, "MPI", "mpi_version");
  dkm_attempt_print(history);
}

static void print_axes(const dkm_job *job) {
  for (int i = 0; i < job->n_axes; i++) {
    const dkm_axis *axis = &job->axes[i];
    dkm_cli_say(stdout, "axis: %s, %lld values, %.10g to %.10g", axis->long_name, (long long)axis->n, axis->values[0],
                axis->values[axis->n - 1]);
    if (axis->zip[0]) dkm_cli_say(stdout, ", zip %s", axis->zip);
    printf("\n");
  }
}

static void print_unfinished(const dkm_unfinished_survey *found) {
  printf("unfinished: %lld", (long long)found->n_usable);
  if (found->n_usable > 0) printf(", t = %.6g to %.6g", found->t_least, found->t_most);
  printf("\nunfinished and not usable: %lld of another version, %lld of another job, %lld damaged\n",
         (long long)found->n_other_version, (long long)found->n_other_job, (long long)found->n_damaged);
}

static void print_codes(const dkm_survey *s, const char *field, int first, int n, const char *(*name)(int code)) {
  for (int code = first; code < n; code++)
    printf("%s %s: %lld\n", field, name(code), (long long)dkm_survey_code(s, field, code));
}

void dkm_info_print_all(const dkm_info *info) {
  const dkm_job *job = info->job;
  const dkm_survey *s = &info->survey;
  const bool sweeps = job->task == &dkm_task_sweep;
  char spins[DKM_SPINS_BYTES];
  dkm_cli_say(stdout, "file: %s\n", info->path);
  print_attribute(info->reader, "title", "title");
  printf("task: %s\n", job->task->name);
  print_attribute(info->reader, "job", "job_file");
  print_attribute(info->reader, "set", "job_sets");
  printf("patterns: %d, %s, %s\n", job->system.n_modes, dkm_option_word(DKM_OPTION(system.mapping), job),
         dkm_cli_spins(job, &job->system, spins));
  printf("state: %s\n", dkm_option_word(DKM_OPTION(keep_state), job));
  print_axes(job);
  dkm_cli_say_unit(job, "units: ");
  printf("points: %lld\n", (long long)job->n_points);
  if (job->reduces) printf("starts of each point: %lld\n", (long long)job->n_starts);
  printf("shard: %d of %d\n", info->shard.index, info->shard.n);
  printf("done: %lld\n", (long long)s->done);
  printf("left: %lld\n", (long long)s->left);
  printf("of other shards: %lld\n", (long long)s->others);
  print_unfinished(&info->unfinished);
  if (sweeps) print_codes(s, "verdict", DKM_VERDICT_NONE + 1, DKM_N_VERDICTS, dkm_verdict_name);
  if (sweeps) printf("unstable fixed points: %lld\n", (long long)s->unstable);
  if (sweeps) print_codes(s, "how", 0, DKM_N_HOWS, dkm_how_name);
  if (sweeps) print_codes(s, "failure", DKM_FAILURE_NONE + 1, DKM_N_FAILURES, dkm_failure_name);
  printf("of an older method: %lld\n", (long long)s->other_method);
  print_attribute(info->reader, "format", "format_version");
  print_attribute(info->reader, "records from", "records_from");
  print_provenance(info->reader, info->history);
}
