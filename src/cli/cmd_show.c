/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dickemap show: one record of a file, as `point` prints those that it computes. Reads only. */
#define _GNU_SOURCE /* asprintf */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>

#include "arguments.h"
#include "at.h"
#include "cli.h"
#include "dickemap/spins.h"
#include "dickemap/store.h"
#include "json.h"
#include "point_listing.h"

static const char help[] =
    "usage: dickemap show FILE.h5 --at NAME=VALUE[,NAME=VALUE]... [OPTIONS]\n"
    "Prints the record of one point of a file, and computes nothing: what became of it, its parameters, the fields\n"
    "that apply, closed forms to compare with. Of every task; a run may be writing the file at the same time.\n\n"
    "      --at NAME=VALUE,...    where, with commas or spaces: a value for each axis, of which the nearest is taken;\n"
    "                             for axes that advance together the number of the point along them, from 0: point=8\n"
    "      --json                 print it for programs: all fields, also those that do not apply, as null\n"
    "  -h, --help                 this text\n";

struct arguments {
  const char *path;
  dkm_texts at;
  bool json;
};

/* Only a record that is done says something. */
static dkm_status read_record(dkm_store_reader *reader, const struct arguments *args, int64_t i_point, void *record,
                              dkm_error *err) {
  const dkm_job *job = dkm_store_reader_job(reader);
  char where[512];
  uint8_t mark;
  uint32_t stored, computed;
  dkm_job_describe_point(job, i_point, where, sizeof where);
  dkm_status status = dkm_store_reader_status(reader, i_point, 1, &mark, err);
  if (!status && mark == DKM_STATUS_TODO)
    return dkm_fail(err, DKM_STOPPED, "show: %s of %s is not done; `dickemap point` computes it alone", where, args->path);
  if (!status) status = dkm_store_reader_records(reader, i_point, 1, record, &stored, &computed, err);
  if (!status && stored != computed)
    return dkm_fail(err, DKM_DIFFERENT, "show: %s of %s is damaged: its checksum is wrong", where, args->path);
  return status;
}

static dkm_status print(const struct arguments *args, dkm_listing *listing, dkm_error *err) {
  dkm_couplings own;
  dkm_status status = dkm_spins_system(&listing->job->system, listing->point, &own, &listing->system, err);
  if (status) return status;
  if (args->json)
    status = dkm_json_print(dkm_listing_json(listing, NULL), err);
  else
    dkm_listing_print(listing);
  dkm_couplings_free(&own);
  return status;
}

static dkm_status show(const struct arguments *args, dkm_store_reader *reader, dkm_error *err) {
  const dkm_job *job = dkm_store_reader_job(reader);
  int64_t index[DKM_MAX_AXES];
  dkm_point asked, point;
  dkm_form form;
  char *what = NULL;
  dkm_status status = dkm_at_check_axes(&args->at, "show", args->path, job, err);
  if (!status) status = dkm_at_choose(&args->at, "show", args->path, job, &asked, err);
  if (status) return status;
  dkm_at_nearest(job, &asked, index);
  const int64_t i_point = dkm_job_i_point(job, index);
  dkm_job_point(job, i_point, &point);
  dkm_form_of(job, &form);
  void *record = malloc(form.bytes);
  if (!record || asprintf(&what, "point %" PRId64 " of %s", i_point, args->path) < 0)
    status = dkm_fail(err, DKM_MEMORY, "show: out of memory for a record");
  if (!status) status = read_record(reader, args, i_point, record, err);
  if (!status)
    status = print(args, &(dkm_listing){.what = what, .job = job, .asked = &asked, .point = &point, .form = &form, .record = record},
                   err);
  free(what);
  free(record);
  return status;
}

dkm_status dkm_cmd_show(int argc, char **argv, dkm_error *err) {
  struct arguments args = {0};
  const dkm_argument arguments[] = {{"--at", 0, dkm_argument_assignments, &args.at}, {"--json", 0, NULL, &args.json}};
  dkm_store_reader *reader = NULL;
  bool helped;
  dkm_status status = dkm_arguments_read(argc, argv, help, 2, arguments, &helped, err);
  if (status || helped) goto cleanup;
  if (optind != argc - 1) {
    status = dkm_fail(err, DKM_INPUT, "show: expected one output file, got %d arguments; see `dickemap show --help`", argc - optind);
    goto cleanup;
  }
  args.path = argv[optind];
  status = dkm_store_reader_open(args.path, &reader, err);
  if (!status) status = show(&args, reader, err);

cleanup:
  dkm_store_reader_close(reader);
  free(args.at.list);
  return status;
}
