/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main: `dickemap <subcommand> ...`, on every rank.
 *
 * Subcommands return a status; this is the only place that prints an error (rank 0, once) and
 * that turns a status into the exit code.  MPI is started by `run` alone (ranks.c); all else is done by one process. */
#include <cyaml/cyaml.h>
#include <getopt.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_version.h>
#include <jansson.h>
#include <mpi.h>
#include <png.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "cli.h"
#include "dickemap/here.h"
#include "dickemap/integrator.h"
#include "dickemap/meant.h"
#include "dickemap/store.h"
#include "ranks.h"

static dkm_status help(int argc, char **argv, dkm_error *err);

typedef struct subcommand {
  const char *name;
  dkm_status (*run)(int argc, char **argv, dkm_error *err);
  const char *help;
  bool parallel; /* runs on all ranks */
} subcommand;

static const subcommand subcommands[] = {
    {"run", dkm_cmd_run, "compute all points of a job, in parallel under mpirun", true},
    {"plan", dkm_cmd_plan, "check a job and say what it would take, without running it", false},
    {"point", dkm_cmd_point, "compute one point and print everything about it", false},
    {"info", dkm_cmd_info, "say what an output file holds, also while it is being written", false},
    {"show", dkm_cmd_show, "print one record of an output file", false},
    {"verify", dkm_cmd_verify, "check an output file: records, theory, some points computed anew", false},
    {"merge", dkm_cmd_merge, "put the files of shards together", false},
    {"basins", dkm_cmd_basins, "count how often the starts of an output file end in each attractor", false},
    {"help", help, "say what a subcommand's arguments are", false},
};
enum { N_SUBCOMMANDS = sizeof subcommands / sizeof subcommands[0] };

static void print_help(void) {
  char text[2048];
  int n = snprintf(text, sizeof text,
                   "usage: dickemap SUBCOMMAND [ARGUMENTS]\n"
                   "Maps phase diagrams of open multimode Dicke models.\n\n");
  for (int i = 0; i < N_SUBCOMMANDS; i++)
    n += snprintf(text + n, sizeof text - (size_t)n, "  %-7s %s\n", subcommands[i].name, subcommands[i].help);
  snprintf(text + n, sizeof text - (size_t)n,
           "\n  dickemap help SUBCOMMAND     its arguments; also dickemap SUBCOMMAND --help\n"
           "  dickemap --version           versions of all libraries, instruction set in use\n\n"
           "Exit codes: 0 done, 1 the job or the arguments are wrong, 2 failed,\n"
           "            3 verify found a difference, 85 stopped early or incomplete, can be resumed.\n");
  dkm_cli_print(text);
}

static void print_version(void) {
  char text[2048], hdf5[64], mpi[DKM_HERE_MPI_BYTES];
  dkm_store_library_version(hdf5, sizeof hdf5);
  dkm_here_mpi(mpi);
  snprintf(text, sizeof text,
           "dickemap %s\n"
           "%s\n"
           "%s\n"
           "GSL %s\n"
           "libcyaml %s\n"
           "zlib %s\n"
           "libpng %s\n"
           "jansson %s\n"
           "instruction set %s\n",
           dkm_cli_version, mpi, hdf5, gsl_version, cyaml_version_str, zlibVersion(), png_get_libpng_ver(NULL),
           JANSSON_VERSION, dkm_cpu_best());
  dkm_cli_print(text);
}

static dkm_status find_subcommand(const char *name, const subcommand **found, dkm_error *err) {
  for (int i = 0; i < N_SUBCOMMANDS; i++)
    if (strcmp(name, subcommands[i].name) == 0) {
      *found = &subcommands[i];
      return DKM_OK;
    }
  const char *names[N_SUBCOMMANDS];
  char meant[DKM_MEANT_BYTES];
  for (int i = 0; i < N_SUBCOMMANDS; i++) names[i] = subcommands[i].name;
  return dkm_fail(err, DKM_INPUT, "unknown subcommand \"%s\"; %ssee `dickemap --help`", name,
                  dkm_meant_text(name, N_SUBCOMMANDS, names, meant));
}

static dkm_status help(int argc, char **argv, dkm_error *err) {
  const subcommand *about = NULL;
  if (argc > 2) return dkm_fail(err, DKM_INPUT, "help: expected one subcommand, got %d arguments; see `dickemap --help`", argc - 1);
  if (argc < 2 || argv[1][0] == '-' || strcmp(argv[1], "help") == 0) {
    print_help();
    return DKM_OK;
  }
  if (find_subcommand(argv[1], &about, err)) return err->status;
  return about->run(2, (char *[]){argv[1], "--help", NULL}, err);
}

static dkm_status dispatch(int argc, char **argv, dkm_error *err) {
  if (argc < 2) return dkm_fail(err, DKM_INPUT, "no subcommand given; see `dickemap --help`");
  const char *name = argv[1];
  if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
    print_help();
    return DKM_OK;
  }
  if (strcmp(name, "--version") == 0) {
    print_version();
    return DKM_OK;
  }
  if (name[0] == '-') {
    char meant[DKM_MEANT_BYTES];
    const char *const options[] = {"--help", "--version"};
    return dkm_fail(err, DKM_INPUT, "unknown option %s; %ssee `dickemap --help`", name, dkm_meant_text(name, 2, options, meant));
  }
  const subcommand *asked = NULL;
  if (find_subcommand(name, &asked, err)) return err->status;
  return asked->parallel || dkm_ranks_first() ? asked->run(argc - 1, argv + 1, err) : DKM_OK;
}

int main(int argc, char **argv) {
  dkm_error err = {0};
  gsl_set_error_handler_off(); /* its default handler aborts */
  opterr = 0;                  /* getopt's own messages would come from every rank */
  signal(SIGXFSZ, SIG_IGN);    /* beyond a limit on the size of files writing fails, which is said */

  dkm_job_set_states_reader(dkm_store_pack_states);
  dkm_status status = dkm_store_begin(&err);
  if (!status) status = dispatch(argc, argv, &err);
  const bool first = dkm_ranks_first();
  if (first && status == DKM_OK && (fflush(stdout) || ferror(stdout)))
    status = dkm_fail(&err, DKM_IO, "cannot write to standard output");
  if (first && status) fprintf(stderr, "dickemap: %s\n", err.message);
  dkm_ranks_end(status, err.message);
  return dkm_status_exit_code(status);
}
