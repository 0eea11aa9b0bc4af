/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_info: `dickemap info FILE.h5`: what a file holds and how far it is.
 *
 * Records are read in blocks, so a file of any size needs little memory, and only those that are done are counted.  While a
 * run is writing, the counts are those of the moment. */
#include <getopt.h>
#include <math.h>
#include <stdlib.h>

#include "arguments.h"
#include "cli.h"
#include "info.h"

static const char help[] =
    "usage: dickemap info FILE.h5 [OPTIONS]\n"
    "\n"
    "Says what a file of dickemap holds, at a glance: the job and its axes, how many points are done and left, what they\n"
    "ended in, the range of the overlaps, how long the rest would take and how the last run ended.\n"
    "Reads only; a run may be writing the file at the same time.\n"
    "\n"
    "options:\n"
    "      --all    every line about it, one `key: value` each: also how ends are known, with what they were\n"
    "               computed, and each run that worked on it\n"
    "      --json   all of it for programs, and the range of each field; what there is not is null\n"
    "  -h, --help   this text\n";

struct arguments {
  const char *path;
  bool all, json;
};

static dkm_status look_at_unfinished(dkm_info *info, dkm_error *err) {
  dkm_unfinished *unfinished = NULL;
  const dkm_status status = dkm_unfinished_open(info->path, dkm_cli_version, info->job, &unfinished, err);
  if (status) return status;
  dkm_unfinished_look(unfinished, &info->unfinished);
  dkm_unfinished_close(unfinished);
  return DKM_OK;
}

/* The last run that tells says how fast points are done. */
static void look_at_runs(dkm_info *info) {
  const int64_t done = info->survey.done, left = info->survey.left;
  info->seconds_left = NAN;
  for (const char *history = info->history; dkm_attempt_next(&history, &info->last);) {
    const double seconds = dkm_attempt_seconds_left(&info->last, false, done, left);
    info->has_last = true;
    if (!isnan(seconds) && left > 0) info->seconds_left = seconds;
  }
  info->is_under_way = info->has_last && dkm_attempt_is_under_way(&info->last, info->path);
  const double seconds = info->is_under_way ? dkm_attempt_seconds_left(&info->last, true, done, left) : NAN;
  if (!isnan(seconds) && left > 0) info->seconds_left = seconds;
}

static dkm_status collect(dkm_info *info, dkm_error *err) {
  info->job = dkm_store_reader_job(info->reader);
  info->shard = dkm_store_reader_shard(info->reader);
  dkm_status status = dkm_survey_take(info->reader, &info->survey, err);
  if (!status) status = look_at_unfinished(info, err);
  if (status) return status;
  info->history = dkm_store_reader_text(info->reader, "history");
  if (!info->history) return dkm_fail(err, DKM_MEMORY, "info: out of memory for the history");
  look_at_runs(info);
  return DKM_OK;
}

static dkm_status print(const struct arguments *args, const dkm_info *info, dkm_error *err) {
  if (args->json) return dkm_info_print_json(info, err);
  if (args->all)
    dkm_info_print_all(info);
  else
    dkm_info_print_glance(info);
  if (fflush(stdout) != 0 || ferror(stdout)) return dkm_fail(err, DKM_IO, "info: standard output cannot be written");
  return DKM_OK;
}

static dkm_status tell(const struct arguments *args, dkm_error *err) {
  dkm_info *info = calloc(1, sizeof *info);
  if (!info) return dkm_fail(err, DKM_MEMORY, "info: out of memory");
  info->path = args->path;
  dkm_status status = dkm_store_reader_open(info->path, &info->reader, err);
  if (!status) status = collect(info, err);
  if (!status) status = print(args, info, err);
  dkm_store_reader_close(info->reader);
  free(info->history);
  free(info);
  return status;
}

dkm_status dkm_cmd_info(int argc, char **argv, dkm_error *err) {
  struct arguments args = {0};
  const dkm_argument arguments[] = {{"--all", 0, NULL, &args.all}, {"--json", 0, NULL, &args.json}};
  bool helped;
  dkm_status status = dkm_arguments_read(argc, argv, help, 2, arguments, &helped, err);
  if (status || helped) return status;
  if (optind != argc - 1)
    return dkm_fail(err, DKM_INPUT, "info: expected one output file, got %d arguments; see `dickemap info --help`",
                    argc - optind);
  if (args.all && args.json) return dkm_fail(err, DKM_INPUT, "info: --json has all of it already; leave out --all");
  args.path = argv[optind];
  return tell(&args, err);
}
