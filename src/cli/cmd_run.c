/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dickemap run: its arguments; run_job.c is what it does. */
#include <getopt.h>
#include <math.h>
#include <stdlib.h>

#include "arguments.h"
#include "cli.h"
#include "dickemap/clock.h"
#include "ending.h"
#include "run_job.h"

static const char help[] =
    "usage: mpirun -n RANKS dickemap run JOB.yaml [OPTIONS]\n"
    "Computes all points of a job and writes them into one HDF5 file.\n\n"
    "  -o, --output FILE.h5   the file to write (default: the job's name with .h5, in the current folder)\n"
    "      --overwrite        replace an existing file\n"
    "      --resume           continue an existing file of the same job; begin it if there is none\n"
    "      --check            with --resume: compare all records with their checksums and marks, redo wrong ones\n"
    "      --retry-failed     with --resume: also redo points with verdict `failed`\n"
    "      --extend OLD.h5    begin with the points that this file has, of a job with other axes\n"
    "                         or smaller limits; may be repeated\n"
    "      --shard I/N        compute part I of N only, in a file of its own (default: with .IofN.h5); see merge\n"
    "      --time-limit TIME  end in good order before: 2h, 90min, 45s; or minutes, MM:SS, HH:MM:SS, D-HH:MM:SS\n"
    "      --save-interval TIME  save points under way that take long this often (default: 1 minute)\n"
    "      --break-lock       ignore that another run seems to use the output\n"
    "      --set KEY=VALUE    override a key of the job, such as solver.t_max=1e5; may be repeated\n"
    "      --cpu NAME         instruction set (default: the best that the machine has)\n"
    "  -q, --quiet            no progress on standard error\n"
    "  -h, --help             this text\n\n"
    "Rank 0 hands out points and the others compute; a single rank does everything itself.\n"
    "Signal USR1, the time limit and the end of a SLURM job end a run early with exit code 85: everything\n"
    "finished is in the file, and --resume continues it, also inside points that were under way: their states are\n"
    "in the folder FILE.h5.unfinished (not with solver.sensitivity or task: states).\n";

static dkm_status take_shard(const char *command, const char *name, const char *text, void *target, dkm_error *err) {
  dkm_run_output *output = target;
  (void)command, (void)name;
  output->has_shard = true;
  return dkm_shard_parse(text, &output->shard, err);
}

static dkm_status take_time(const char *command, const char *name, const char *text, void *target, dkm_error *err) {
  (void)command;
  return dkm_ending_parse_time(name, text, target, err);
}

static dkm_status read_arguments(int argc, char **argv, dkm_run_request *r, dkm_texts *sets, dkm_texts *old,
                                 bool *helped, dkm_error *err) {
  const dkm_argument arguments[] = {{"--output", 'o', dkm_argument_text, &r->output.path},
                                    {"--overwrite", 0, NULL, &r->output.overwrite},
                                    {"--resume", 0, NULL, &r->output.resume},
                                    {"--check", 0, NULL, &r->output.check},
                                    {"--retry-failed", 0, NULL, &r->output.retry_failed},
                                    {"--extend", 0, dkm_argument_texts, old},
                                    {"--shard", 0, take_shard, &r->output},
                                    {"--time-limit", 0, take_time, &r->time_limit},
                                    {"--save-interval", 0, take_time, &r->save_interval},
                                    {"--break-lock", 0, NULL, &r->break_lock},
                                    {"--set", 0, dkm_argument_texts, sets},
                                    {"--cpu", 0, dkm_argument_cpu, &r->cpu},
                                    {"--quiet", 'q', NULL, &r->quiet}};
  dkm_status status =
      dkm_arguments_read(argc, argv, help, sizeof arguments / sizeof *arguments, arguments, helped, err);
  if (status || *helped) return status;
  r->sets = sets->list;
  r->n_sets = sets->n;
  r->output.old = old->list;
  r->output.n_old = old->n;
  if (r->output.resume && r->output.overwrite)
    return dkm_fail(err, DKM_INPUT, "run: --resume and --overwrite exclude each other; see `dickemap run --help`");
  if ((r->output.check || r->output.retry_failed) && !r->output.resume)
    return dkm_fail(err, DKM_INPUT, "run: %s needs --resume; see `dickemap run --help`",
                    r->output.check ? "--check" : "--retry-failed");
  if (optind == argc) return dkm_fail(err, DKM_INPUT, "run: no job file given; see `dickemap run --help`");
  if (optind + 1 < argc)
    return dkm_fail(err, DKM_INPUT, "run: unexpected argument \"%s\" after the job file %s; see `dickemap run --help`",
                    argv[optind + 1], argv[optind]);
  r->job = argv[optind];
  return DKM_OK;
}

dkm_status dkm_cmd_run(int argc, char **argv, dkm_error *err) {
  dkm_run_request request = {
      .t_start = dkm_clock_now(), .time_limit = INFINITY, .save_interval = 60, .output.shard = DKM_SHARD_WHOLE};
  dkm_texts sets = {0}, old = {0};
  char *default_name = NULL, *command = NULL;
  bool helped = false;
  dkm_status status = dkm_cli_join_command(argc, argv, &command, err); /* before getopt reorders argv */
  request.command = command;
  if (!status) status = read_arguments(argc, argv, &request, &sets, &old, &helped, err);
  if (status || helped) goto cleanup;
  if (!request.output.path) {
    status = dkm_run_output_name(request.job, &request.output.shard, request.output.has_shard, &default_name, err);
    request.output.path = default_name;
  }
  if (!status) status = dkm_run_job(&request, err);

cleanup:
  free(command);
  free(default_name);
  free(old.list);
  free(sets.list);
  return status;
}
