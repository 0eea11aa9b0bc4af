/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_info: `dickemap info FILE.h5`: what a file holds and how far it is.
 *
 * One `key: value` a line, the same keys in the same order for every file, so that scripts
 * can read it too.  Records are read in blocks, so a file of any size needs little memory,
 * and only those that are done are counted.  While a run is writing, the counts are those
 * of the moment. */
#include <getopt.h>
#include <stdlib.h>

#include "arguments.h"
#include "attempt.h"
#include "cli.h"
#include "dickemap/option.h"
#include "dickemap/store.h"
#include "dickemap/task.h"
#include "dickemap/unfinished.h"

/* Points read at a time. */
enum { BLOCK = 1 << 14 };

static const char help[] =
    "usage: dickemap info FILE.h5\n"
    "\n"
    "Says what a file of dickemap holds: the job, its axes, how many points are done and left,\n"
    "how many ended in each verdict and how that is known, with what it was computed, and each run that worked on it.\n"
    "Reads only; a run may be writing the file at the same time.\n"
    "\n"
    "options:\n"
    "  -h, --help   this text\n";

typedef struct counts {
  int64_t left, done, others; /* others: to be computed in other shards */
  int64_t verdict[DKM_N_VERDICTS], how[DKM_N_HOWS], failure[DKM_N_FAILURES];
  int64_t unstable;     /* fixed points with directions that grow */
  int64_t other_method; /* records of the methods of another version */
} counts;

static void count_record(const dkm_form *form, const void *bytes, counts *found) {
  const dkm_record *record = bytes;
  found->other_method += dkm_form_method(form, bytes) != DKM_RECORD_METHOD;
  if (form->task != &dkm_task_sweep) return;
  if (record->verdict < DKM_N_VERDICTS) found->verdict[record->verdict]++;
  if (record->how < DKM_N_HOWS) found->how[record->how]++;
  found->unstable += dkm_record_is_unstable(record);
  if (record->failure < DKM_N_FAILURES) found->failure[record->failure]++;
}

/* The status of a block is read first: a record that is done then is complete when it is read. */
static dkm_status count_points(dkm_store_reader *reader, counts *found, dkm_error *err) {
  const dkm_shard shard = dkm_store_reader_shard(reader);
  dkm_store_walk walk = {.most = BLOCK};
  dkm_form form;
  dkm_form_of(dkm_store_reader_job(reader), &form);
  walk.most = dkm_form_block(&form, BLOCK);
  char *records = malloc((size_t)walk.most * form.bytes);
  dkm_status status = DKM_OK;
  *found = (counts){0};
  if (!records) status = dkm_fail(err, DKM_MEMORY, "info: out of memory for a block of points");

  while (dkm_store_walk_on(&walk, reader, &status, err)) {
    found->done += walk.n - walk.n_todo;
    if (walk.n_todo < walk.n) status = dkm_store_reader_records(reader, walk.first, walk.n, records, NULL, NULL, err);
    for (int64_t i = 0; i < walk.n && !status; i++)
      if (walk.status[i] != DKM_STATUS_TODO)
        count_record(&form, dkm_form_record(&form, records, i), found);
      else if (dkm_shard_has(&shard, walk.first + i))
        found->left++;
      else
        found->others++;
  }
  dkm_store_walk_end(&walk);
  free(records);
  return status;
}

static void print_attribute(dkm_store_reader *reader, const char *key, const char *name) {
  char text[4096];
  dkm_store_reader_attribute(reader, name, text, sizeof text);
  dkm_cli_say(stdout, "%s: %s\n", key, text);
}

/* How the file was made, and by whom it was continued. */
static dkm_status print_provenance(dkm_store_reader *reader, dkm_error *err) {
  char first[256], all[4096], *history = dkm_store_reader_text(reader, "history");
  if (!history) return dkm_fail(err, DKM_MEMORY, "info: out of memory for the history");
  dkm_store_reader_attribute(reader, "dickemap_version", first, sizeof first);
  dkm_attempt_distinct(history, DKM_ATTEMPT_VERSION, first, all, sizeof all);
  dkm_cli_say(stdout, "version: %s\n", all);
  print_attribute(reader, "created", "date_created");
  print_attribute(reader, "host", "host");
  print_attribute(reader, "ranks", "n_ranks");
  print_attribute(reader, "command", "command");
  dkm_store_reader_attribute(reader, "instruction_set", first, sizeof first);
  dkm_attempt_distinct(history, DKM_ATTEMPT_INSTRUCTION_SETS, first, all, sizeof all);
  dkm_cli_say(stdout, "instruction set: %s\n", all);
  print_attribute(reader, "GSL", "gsl_version");
  print_attribute(reader, "HDF5", "hdf5_version");
  print_attribute(reader, "MPI", "mpi_version");
  dkm_attempt_print(history);
  free(history);
  return DKM_OK;
}

/* Points that were under way when a run ended, or when it last saved them. */
static dkm_status print_unfinished(const char *path, const dkm_job *job, dkm_error *err) {
  dkm_unfinished *unfinished = NULL;
  dkm_unfinished_survey found;
  const dkm_status status = dkm_unfinished_open(path, dkm_cli_version, job, &unfinished, err);
  if (status != DKM_OK) return status;
  dkm_unfinished_look(unfinished, &found);
  printf("unfinished: %lld", (long long)found.n_usable);
  if (found.n_usable > 0) printf(", t = %.6g to %.6g", found.t_least, found.t_most);
  printf("\nunfinished and not usable: %lld of another version, %lld of another job, %lld damaged\n",
         (long long)found.n_other_version, (long long)found.n_other_job, (long long)found.n_damaged);
  dkm_unfinished_close(unfinished);
  return DKM_OK;
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

static dkm_status print_info(const char *path, dkm_error *err) {
  dkm_store_reader *reader = NULL;
  counts found;
  char spins[DKM_SPINS_BYTES];
  dkm_status status = dkm_store_reader_open(path, &reader, err);
  if (status != DKM_OK) return status;
  const dkm_job *job = dkm_store_reader_job(reader);
  const dkm_shard shard = dkm_store_reader_shard(reader);
  const bool sweeps = job->task == &dkm_task_sweep;
  if ((status = count_points(reader, &found, err)) != DKM_OK) goto cleanup;

  dkm_cli_say(stdout, "file: %s\n", path);
  print_attribute(reader, "title", "title");
  printf("task: %s\n", job->task->name);
  print_attribute(reader, "job", "job_file");
  print_attribute(reader, "set", "job_sets");
  printf("patterns: %d, %s, %s\n", job->system.n_modes, dkm_option_word(DKM_OPTION(system.mapping), job),
         dkm_cli_spins(job, &job->system, spins));
  printf("state: %s\n", dkm_option_word(DKM_OPTION(keep_state), job));
  print_axes(job);
  printf("points: %lld\n", (long long)job->n_points);
  if (job->reduces) printf("starts of each point: %lld\n", (long long)job->n_starts);
  printf("shard: %d of %d\n", shard.index, shard.n);
  printf("done: %lld\n", (long long)found.done);
  printf("left: %lld\n", (long long)found.left);
  printf("of other shards: %lld\n", (long long)found.others);
  if ((status = print_unfinished(path, job, err)) != DKM_OK) goto cleanup;
  for (int v = DKM_VERDICT_NONE + 1; v < DKM_N_VERDICTS && sweeps; v++)
    printf("verdict %s: %lld\n", dkm_verdict_name(v), (long long)found.verdict[v]);
  if (sweeps) printf("unstable fixed points: %lld\n", (long long)found.unstable);
  for (int h = 0; h < DKM_N_HOWS && sweeps; h++) printf("how %s: %lld\n", dkm_how_name(h), (long long)found.how[h]);
  for (int f = DKM_FAILURE_NONE + 1; f < DKM_N_FAILURES && sweeps; f++)
    printf("failure %s: %lld\n", dkm_failure_name(f), (long long)found.failure[f]);
  printf("of an older method: %lld\n", (long long)found.other_method);
  print_attribute(reader, "format", "format_version");
  print_attribute(reader, "records from", "records_from");
  if ((status = print_provenance(reader, err)) != DKM_OK) goto cleanup;
  if (fflush(stdout) != 0 || ferror(stdout)) status = dkm_fail(err, DKM_IO, "info: standard output cannot be written");

cleanup:
  dkm_store_reader_close(reader);
  return status;
}

dkm_status dkm_cmd_info(int argc, char **argv, dkm_error *err) {
  bool helped;
  dkm_status status = dkm_arguments_read(argc, argv, help, 0, NULL, &helped, err);
  if (status || helped) return status;
  if (optind != argc - 1)
    return dkm_fail(err, DKM_INPUT, "info: expected one output file, got %d arguments; see `dickemap info --help`",
                    argc - optind);
  return print_info(argv[optind], err);
}
