/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dickemap verify: whether the records of a file can be believed.
 *
 *   metadata       everything but records has the checksum that it was written with (opening the file fails otherwise)
 *   coordinates    those of the file are those of its job
 *   status         codes that exist, and the one that goes with the verdict
 *   checksums      of every record that is done, with its state where states are kept
 *   residual       a fixed point stands still
 *   theory         what theory says about every record (check.h); Eq. 12 is a part of it
 *   superseded     records of an older method, and how many of them theory objects to
 *   recomputed     some points, drawn at random, by the other integration method
 *
 * verify_records.c does what concerns single records, verify_recompute.c the last. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#include "arguments.h"
#include "arithmetic.h"
#include "cli.h"
#include "verify.h"

enum {
  MAX_SHOWN = 10, /* differences that are spelled out */
  DEFAULT_SAMPLE = 16,
  MAX_SAMPLE = 1000000
};
static const double default_seconds = 10;

static const char help[] =
    "usage: dickemap verify FILE.h5 [OPTIONS]\n"
    "Checks a file: metadata, coordinates, status and checksum of every record that is done, whether theory allows\n"
    "what it says, and some points at random, computed anew by the other method (gsl, or ensemble for a job of method\n"
    "gsl), and again by its own: the same bits, or on other machines the same to 1e-12. Says what was checked and\n"
    "what differs; exit code 3 if anything does. Points that are not done, and records of the methods of an older\n"
    "version, are counted, and are no difference by themselves. Reads only.\n\n"
    "      --sample N       points to compute anew (default: 16; 0: none)\n"
    "      --seed S         of their choice (default: 1)\n"
    "      --seconds T      give up computing a point after this time (default: 10)\n"
    "  -h, --help           this text\n";

struct arguments {
  const char *file;
  long sample;
  long seed;
  double seconds;
};

void dkm_verify_differs(dkm_verification *v, dkm_verify_check *check, int64_t i_point, const char *format, ...) {
  check->n_different++;
  v->n_different++;
  if (v->n_shown == MAX_SHOWN) return;
  v->n_shown++;
  char point[DKM_MESSAGE_BYTES];
  dkm_cli_say(stdout, "difference: %s: ", dkm_job_describe_point(v->job, i_point, point, sizeof point));
  va_list arguments;
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  printf("\n");
}

/* ---- the report ---- */

static void print_check(const char *name, const dkm_verify_check *check) {
  printf("%s: %" PRId64 " checked, %" PRId64 " differ\n", name, check->n, check->n_different);
}

static void print_deviation(const char *name, const dkm_verify_check *check) {
  printf("%s: %" PRId64 " checked, %" PRId64 " differ, deviation at most %.1e\n", name, check->n, check->n_different,
         check->largest);
}

static void print_report(const dkm_verification *v, const dkm_store_reader *reader, bool wrong_axes) {
  const bool sweeps = v->form.task == &dkm_task_sweep;
  if (v->n_different > v->n_shown + wrong_axes)
    printf("difference: ... and %" PRId64 " more\n", v->n_different - v->n_shown - wrong_axes);
  printf("points: %" PRId64 "\n", v->job->n_points);
  printf("done: %" PRId64 "\n", v->n_done);
  printf("left: %" PRId64 "\n", v->n_left);
  if (v->shard.n > 1)
    printf("of other shards: %" PRId64 ", this is shard %d of %d\n", v->job->n_points - v->n_done - v->n_left,
           v->shard.index, v->shard.n);
  printf("failed: %" PRId64 "\n", v->n_failed_points);
  printf("metadata: %s\n", dkm_store_reader_guarded(reader) ? "the checksum agrees"
                                                            : "no checksum, another program has written this file");
  printf("coordinates: %d checked, %s\n", v->job->n_axes + 1, wrong_axes ? "1 differs" : "0 differ");
  print_check("status", &v->status);
  print_check("checksums", &v->checksum);
  if (sweeps) print_deviation("residual", &v->residual);
  if (v->form.task->check) print_check("theory", &v->theory);
  if (sweeps) printf("in closed form: %" PRId64 ", deviation at most %.1e\n", v->n_closed_forms, v->theory.largest);
  printf("superseded: %" PRId64 " of an older method, %" PRId64 " of them contradicted by theory\n", v->n_superseded,
         v->n_refuted);
  if (sweeps)
    printf("recomputed by %s: %" PRId64 " checked, %" PRId64 " differ, deviation at most %.1e\n",
           dkm_verify_method(v->job), v->recomputed.n, v->recomputed.n_different, v->recomputed.largest);
  if (v->skips_again)
    printf("the same method again: not compared, the file is of another %s\n",
           dkm_store_reader_is_current(reader) ? "machine, whose steps by gsl differ" : "version");
  else
    printf("the same method again: %" PRId64 " checked, %" PRId64 " differ, %" PRId64
           " have the same bits, others agree "
           "to 1e-12, deviation at most %.1e\n",
           v->again.n, v->again.n_different, v->n_same_bits, v->again.largest);
  printf("recomputed, nothing to compare: %" PRId64 " undecided or failed, %" PRId64 " sensitive, %" PRId64
         " given up after %g s\n",
         v->n_undecided, v->n_undetermined, v->n_given_up, v->seconds);
}

static dkm_status verify_file(const struct arguments *args, dkm_error *err) {
  dkm_verification v = {.sample = args->sample, .seed = args->seed, .seconds = args->seconds};
  dkm_store_reader *reader = NULL;
  dkm_error axes = {0};
  dkm_status status = dkm_store_reader_open(args->file, &reader, err);
  if (status != DKM_OK) return status;
  v.job = dkm_store_reader_job(reader);
  dkm_form_of(v.job, &v.form);
  v.shard = dkm_store_reader_shard(reader);
  v.sampled = calloc((size_t)(args->sample > 0 ? args->sample : 1), sizeof *v.sampled);
  if (!v.sampled) {
    status = dkm_fail(err, DKM_MEMORY, "verify: out of memory for a sample of %ld points", args->sample);
    goto cleanup;
  }

  dkm_cli_say(stdout, "file: %s\n", args->file);
  v.skips_again = !dkm_store_reader_is_current(reader) ||
                  (v.job->solver.method == DKM_METHOD_GSL && dkm_arithmetic_is_elsewhere(reader));
  dkm_arithmetic_tell(stdout, "arithmetic", reader);
  status = dkm_store_check_axes(args->file, v.job, &axes);
  if (status == DKM_DIFFERENT) {
    dkm_cli_say(stdout, "difference: %s\n", axes.message);
    v.n_different++;
  } else if (status != DKM_OK) {
    dkm_fail(err, status, "%s", axes.message);
    goto cleanup;
  }
  if ((status = dkm_verify_records(&v, reader, err)) != DKM_OK) goto cleanup;
  if ((status = dkm_verify_recompute(&v, err)) != DKM_OK) goto cleanup;
  print_report(&v, reader, axes.status == DKM_DIFFERENT);
  if (v.n_different > 0)
    status = dkm_fail(err, DKM_DIFFERENT, "%s: %" PRId64 " differences found", args->file, v.n_different);
  else if (v.n_left > 0)
    printf("result: no difference, but incomplete: %" PRId64 " of %" PRId64 " points are left\n", v.n_left,
           v.n_done + v.n_left);
  else if (v.shard.n > 1)
    printf("result: shard %d of %d is complete, no difference\n", v.shard.index, v.shard.n);
  else
    printf("result: complete, no difference\n");

cleanup:
  for (int64_t i = 0; v.sampled && i < v.n_sampled; i++) free(v.sampled[i].record);
  free(v.sampled);
  dkm_store_reader_close(reader);
  return status;
}

/* ---- arguments ---- */

static dkm_status take_whole(const char *name, const char *text, long most, long *value, dkm_error *err) {
  char *end;
  errno = 0;
  *value = strtol(text, &end, 10);
  if (end != text && *end == '\0' && errno == 0 && *value >= 0 && *value <= most) return DKM_OK;
  return dkm_fail(err, DKM_INPUT, "verify: %s is \"%s\", but must be a whole number 0 ... %ld", name, text, most);
}

static dkm_status take_sample(const char *command, const char *name, const char *text, void *target, dkm_error *err) {
  (void)command;
  return take_whole(name, text, MAX_SAMPLE, target, err);
}

static dkm_status take_seed(const char *command, const char *name, const char *text, void *target, dkm_error *err) {
  (void)command;
  return take_whole(name, text, INT32_MAX, target, err);
}

dkm_status dkm_cmd_verify(int argc, char **argv, dkm_error *err) {
  struct arguments args = {.sample = DEFAULT_SAMPLE, .seed = 1, .seconds = default_seconds};
  const dkm_argument arguments[] = {{"--sample", 0, take_sample, &args.sample},
                                    {"--seed", 0, take_seed, &args.seed},
                                    {"--seconds", 0, dkm_argument_positive, &args.seconds}};
  bool helped;
  dkm_status status = dkm_arguments_read(argc, argv, help, 3, arguments, &helped, err);
  if (status || helped) return status;
  if (optind != argc - 1)
    return dkm_fail(err, DKM_INPUT, "verify: expected one output file, got %d arguments; see `dickemap verify --help`",
                    argc - optind);
  args.file = argv[optind];
  return verify_file(&args, err);
}
