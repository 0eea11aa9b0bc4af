/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dickemap merge: the files of shards, or any files of one job, put together.
 *
 *   every file is one of ours and of the same job -> the output may be written -> its lock
 *   -> a new file with all records that agree with their checksums (store_carry.c), under a temporary name
 *   -> it gets its name -> what is missing is counted and told
 *
 * Shards may overlap where their records are equal, but for digits in which machines differ (compare.h).  The new
 * file is a file as a run makes it: if points are missing `run --resume` computes them. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "arguments.h"
#include "arithmetic.h"
#include "cli.h"
#include "dickemap/carry.h"
#include "dickemap/file.h"
#include "dickemap/lock.h"
#include "dickemap/resume.h"

enum { MAX_NAMED = 3, STATUS_BLOCK = 1 << 20 };

static const char help[] =
    "usage: dickemap merge SHARD.h5... -o FILE.h5 [OPTIONS]\n"
    "Puts the files of shards (run --shard), or any files of the same job, together into a new one. Every record is\n"
    "compared with its checksum; damaged ones are left out. Two files may hold the same point if its records are\n"
    "equal, or equal but for digits in which machines differ (1e-12): that of the first file is kept. Says which\n"
    "points are missing: then the exit code is 85, and `run --resume` computes them.\n\n"
    "  -o, --output FILE.h5   the file to write\n"
    "      --overwrite        replace an existing file\n"
    "      --break-lock       ignore that a run seems to use the output\n"
    "  -h, --help             this text\n";

struct arguments {
  const char *output;
  int n_shards;
  char **shards;
  bool overwrite, break_lock;
};

/* What was found out about the shards. */
struct shards {
  dkm_store_reader *first; /* its job is that of the output */
  char instruction_set[64];
};

/* Opens all and compares their jobs; the first one stays open. */
static dkm_status look_at_shards(const struct arguments *args, struct shards *found, dkm_error *err) {
  char keys[DKM_MESSAGE_BYTES / 2], instruction_set[sizeof found->instruction_set];
  struct stat output, shard;
  char *first = NULL;
  const bool has_output = stat(args->output, &output) == 0;
  dkm_status status = DKM_OK;
  for (int i = 0; i < args->n_shards && !status; i++) {
    dkm_store_reader *reader = NULL;
    char *canonical = NULL;
    if (has_output && stat(args->shards[i], &shard) == 0 && dkm_file_is_same(&shard, &output)) {
      status =
          dkm_fail(err, DKM_INPUT, "merge: %s is one of the files to merge and cannot be the output", args->output);
      break;
    }
    if ((status = dkm_store_reader_open(args->shards[i], &reader, err))) break;
    canonical = dkm_job_canonical(dkm_store_reader_job(reader));
    dkm_store_reader_attribute(reader, "instruction_set", instruction_set, sizeof instruction_set);
    if (!canonical) {
      status = dkm_fail(err, DKM_MEMORY, "%s: out of memory for its job", args->shards[i]);
    } else if (i == 0) {
      found->first = reader;
      first = canonical;
      memcpy(found->instruction_set, instruction_set, sizeof instruction_set);
      continue;
    } else if (dkm_job_differences(first, canonical, keys, sizeof keys) != 0) {
      status = dkm_fail(err, DKM_INPUT, "%s holds another job than %s, which differs in %s", args->shards[i],
                        args->shards[0], keys);
    } else if (strcmp(found->instruction_set, instruction_set) != 0) {
      snprintf(found->instruction_set, sizeof found->instruction_set, "several");
    }
    free(canonical);
    dkm_store_reader_close(reader);
  }
  free(first);
  return status;
}

/* What the new file lacks: the number of points, the first few in words. */
static dkm_status find_missing(const char *path, int64_t *n_missing, char *out, size_t out_bytes, dkm_error *err) {
  dkm_store_reader *reader = NULL;
  dkm_status status = dkm_store_reader_open(path, &reader, err);
  if (status) return status;
  const dkm_job *job = dkm_store_reader_job(reader);
  dkm_store_walk walk = {.most = STATUS_BLOCK};
  size_t used = 0;
  *n_missing = 0;
  out[0] = '\0';
  while (dkm_store_walk_on(&walk, reader, &status, err))
    for (int64_t i = 0; i < walk.n; i++) {
      char point[DKM_MESSAGE_BYTES / 4];
      if (walk.status[i] != DKM_STATUS_TODO || (*n_missing)++ >= MAX_NAMED || used >= out_bytes) continue;
      used += (size_t)snprintf(out + used, out_bytes - used, "%s%s", *n_missing > 1 ? ", " : "",
                               dkm_job_describe_point(job, walk.first + i, point, sizeof point));
    }
  dkm_store_walk_end(&walk);
  dkm_store_reader_close(reader);
  return status;
}

static void print_source(const dkm_carry_source *source) {
  dkm_cli_say(stdout, "%s: %lld points", source->path, (long long)source->n_carried);
  if (source->n_repeated > 0) printf(", %lld that were in a file before", (long long)source->n_repeated);
  dkm_arithmetic_tell_digits(stdout, source);
  if (source->n_damaged > 0) printf(", %lld damaged (wrong checksum) and left out", (long long)source->n_damaged);
  if (source->n_refuted > 0)
    printf(", %lld of an older method and contradicted by theory, left out", (long long)source->n_refuted);
  printf("\n");
  dkm_store_reader *reader = NULL;
  if (dkm_store_reader_open(source->path, &reader, NULL) == DKM_OK) dkm_arithmetic_tell(stdout, source->path, reader);
  dkm_store_reader_close(reader);
}

static dkm_status merge(const struct arguments *args, const char *command, dkm_error *err) {
  struct shards shards = {0};
  dkm_carry carry = {.n_sources = args->n_shards};
  dkm_lock *lock = NULL;
  char note[DKM_MESSAGE_BYTES], missing[DKM_MESSAGE_BYTES / 2], *records_from = NULL;
  int64_t n_missing = 0;
  dkm_status status = look_at_shards(args, &shards, err);
  if (status) goto cleanup;
  const dkm_job *job = carry.job = dkm_store_reader_job(shards.first);
  dkm_provenance provenance = {
      .version = dkm_cli_version, .command = command, .instruction_set = shards.instruction_set, .n_ranks = 1};
  carry.sources = calloc((size_t)args->n_shards, sizeof *carry.sources);
  if (!carry.sources) {
    status = dkm_fail(err, DKM_MEMORY, "merge: out of memory for the list of files");
    goto cleanup;
  }
  for (int i = 0; i < args->n_shards; i++) carry.sources[i].path = args->shards[i];

  status = dkm_carry_describe(&carry, &records_from, err);
  provenance.records_from = records_from;
  if (!status) status = dkm_store_check_output(args->output, job, args->overwrite, err);
  if (!status) status = dkm_lock_take(args->output, args->break_lock, &lock, note, sizeof note, err);
  if (status) goto cleanup;
  if (note[0]) dkm_cli_say(stderr, "%s: %s\n", args->output, note);
  status = dkm_store_create_filled(args->output, job, &provenance, args->overwrite, dkm_carry_fill, &carry, err);
  if (!status) status = find_missing(args->output, &n_missing, missing, sizeof missing, err);
  if (status) goto cleanup;

  for (int i = 0; i < args->n_shards; i++) print_source(&carry.sources[i]);
  dkm_cli_say(stdout, "%s: %lld of %lld points\n", args->output, (long long)(job->n_points - n_missing),
              (long long)job->n_points);
  if (n_missing > 0)
    status = dkm_fail(
        err, DKM_STOPPED, "%s is written, but %lld of %lld points are missing: %s%s; `run --resume` computes them",
        args->output, (long long)n_missing, (long long)job->n_points, missing, n_missing > MAX_NAMED ? ", ..." : "");

cleanup:
  dkm_lock_release(lock);
  free(records_from);
  free(carry.sources);
  dkm_store_reader_close(shards.first);
  return status;
}

/* ---- arguments ---- */

static dkm_status read_arguments(int argc, char **argv, struct arguments *args, bool *helped, dkm_error *err) {
  const dkm_argument arguments[] = {{"--output", 'o', dkm_argument_text, &args->output},
                                    {"--overwrite", 0, NULL, &args->overwrite},
                                    {"--break-lock", 0, NULL, &args->break_lock}};
  dkm_status status = dkm_arguments_read(argc, argv, help, 3, arguments, helped, err);
  if (status || *helped) return status;
  args->shards = argv + optind;
  args->n_shards = argc - optind;
  if (args->n_shards == 0) return dkm_fail(err, DKM_INPUT, "merge: no files given; see `dickemap merge --help`");
  if (!args->output)
    return dkm_fail(err, DKM_INPUT, "merge: no output given: name a file with -o; see `dickemap merge --help`");
  return DKM_OK;
}

dkm_status dkm_cmd_merge(int argc, char **argv, dkm_error *err) {
  struct arguments args = {0};
  char *command = NULL;
  bool helped = false;
  dkm_status status = dkm_cli_join_command(argc, argv, &command, err); /* before getopt reorders argv */
  if (!status) status = read_arguments(argc, argv, &args, &helped, err);
  if (!status && !helped) status = merge(&args, command, err);
  free(command);
  return status;
}
