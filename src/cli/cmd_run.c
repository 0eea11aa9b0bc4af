/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dickemap run: its arguments; run_job.c is what it does. */
#include <getopt.h>
#include <math.h>
#include <stdlib.h>

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
    "      --extend OLD.h5    begin with the points that this file has, of a job with other axes; may be repeated\n"
    "      --shard I/N        compute part I of N only, in a file of its own (default: with .IofN.h5); see merge\n"
    "      --time-limit TIME  end in good order before; minutes, MM:SS, HH:MM:SS or D-HH:MM:SS\n"
    "      --save-interval TIME  save points under way that take long this often (default: 1 minute)\n"
    "      --break-lock       ignore that another run seems to use the output\n"
    "      --set KEY=VALUE    override a key of the job, such as solver.t_max=1e5; may be repeated\n"
    "      --cpu NAME         instruction set (default: the best that the machine has)\n"
    "  -q, --quiet            no progress on standard error\n"
    "  -h, --help             this text\n\n"
    "Rank 0 hands out points and the others compute; a single rank does everything itself.\n"
    "Signal USR1, the time limit and the end of a SLURM job end a run early with exit code 85: everything\n"
    "finished is in the file, and --resume continues it, also inside points that were under way: their states are\n"
    "in the folder FILE.h5.unfinished (not with solver.sensitivity).\n";

struct arguments {
  dkm_run_request request;
  const char **sets, **old; /* room for argc each */
  bool help;
};

static dkm_status parse_arguments(int argc, char **argv, struct arguments *args, dkm_error *err) {
  enum { OVERWRITE = 256, RESUME, CHECK, RETRY_FAILED, EXTEND, SHARD, TIME_LIMIT, SAVE_INTERVAL, BREAK_LOCK, SET, CPU };
  static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                          {"overwrite", no_argument, NULL, OVERWRITE},
                                          {"resume", no_argument, NULL, RESUME},
                                          {"check", no_argument, NULL, CHECK},
                                          {"retry-failed", no_argument, NULL, RETRY_FAILED},
                                          {"extend", required_argument, NULL, EXTEND},
                                          {"shard", required_argument, NULL, SHARD},
                                          {"time-limit", required_argument, NULL, TIME_LIMIT},
                                          {"save-interval", required_argument, NULL, SAVE_INTERVAL},
                                          {"break-lock", no_argument, NULL, BREAK_LOCK},
                                          {"set", required_argument, NULL, SET},
                                          {"cpu", required_argument, NULL, CPU},
                                          {"quiet", no_argument, NULL, 'q'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
  int answer;
  optind = 1;
  while ((answer = getopt_long(argc, argv, ":o:qh", options, NULL)) != -1) switch (answer) {
    case 'o':
      args->request.output.path = optarg;
      break;
    case OVERWRITE:
      args->request.output.overwrite = true;
      break;
    case RESUME:
      args->request.output.resume = true;
      break;
    case CHECK:
      args->request.output.check = true;
      break;
    case RETRY_FAILED:
      args->request.output.retry_failed = true;
      break;
    case EXTEND:
      args->old[args->request.output.n_old++] = optarg;
      break;
    case SHARD:
      if (dkm_shard_parse(optarg, &args->request.output.shard, err)) return err->status;
      args->request.output.has_shard = true;
      break;
    case TIME_LIMIT:
      if (dkm_ending_parse_time("--time-limit", optarg, &args->request.time_limit, err)) return err->status;
      break;
    case SAVE_INTERVAL:
      if (dkm_ending_parse_time("--save-interval", optarg, &args->request.save_interval, err)) return err->status;
      break;
    case BREAK_LOCK:
      args->request.break_lock = true;
      break;
    case SET:
      args->sets[args->request.n_sets++] = optarg;
      break;
    case CPU:
      args->request.cpu = optarg;
      break;
    case 'q':
      args->request.quiet = true;
      break;
    case 'h':
      args->help = true;
      return DKM_OK;
    default:
      return dkm_cli_option_error(argv, answer, err);
    }
  if (args->request.output.resume && args->request.output.overwrite)
    return dkm_fail(err, DKM_INPUT, "run: --resume and --overwrite exclude each other; see `dickemap run --help`");
  if ((args->request.output.check || args->request.output.retry_failed) && !args->request.output.resume)
    return dkm_fail(err, DKM_INPUT, "run: %s needs --resume; see `dickemap run --help`",
                    args->request.output.check ? "--check" : "--retry-failed");
  if (optind == argc) return dkm_fail(err, DKM_INPUT, "run: no job file given; see `dickemap run --help`");
  if (optind + 1 < argc)
    return dkm_fail(err, DKM_INPUT, "run: unexpected argument \"%s\" after the job file %s; see `dickemap run --help`",
                    argv[optind + 1], argv[optind]);
  args->request.job = argv[optind];
  return DKM_OK;
}

dkm_status dkm_cmd_run(int argc, char **argv, dkm_error *err) {
  struct arguments args = {.request = {.t_start = dkm_clock_now(),
                                       .time_limit = INFINITY,
                                       .save_interval = 60,
                                       .output.shard = DKM_SHARD_WHOLE}};
  dkm_run_request *request = &args.request;
  char *default_name = NULL, *command = NULL;
  dkm_status status = dkm_cli_join_command(argc, argv, &command, err); /* before getopt reorders argv */
  request->command = command;
  request->sets = args.sets = malloc(sizeof *args.sets * (size_t)(argc > 0 ? argc : 1));
  request->output.old = args.old = malloc(sizeof *args.old * (size_t)(argc > 0 ? argc : 1));
  if ((!args.sets || !args.old) && !status) status = dkm_fail(err, DKM_MEMORY, "out of memory (arguments)");
  if (!status) status = parse_arguments(argc, argv, &args, err);
  if (status) goto cleanup;
  if (args.help) {
    dkm_cli_print(help);
    goto cleanup;
  }
  if (!request->output.path) {
    status = dkm_run_output_name(request->job, &request->output.shard, request->output.has_shard, &default_name, err);
    request->output.path = default_name;
  }
  if (!status) status = dkm_run_job(request, err);

cleanup:
  free(command);
  free(default_name);
  free(args.old);
  free(args.sets);
  return status;
}
