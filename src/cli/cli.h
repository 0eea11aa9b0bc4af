/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cli: what main.c and the subcommands (cmd_*.c, one file each) share.
 *
 * A subcommand parses its own arguments (arguments.h), does its work and returns a
 * status; main() prints the message once, on rank 0, and maps the status to the exit code. */
#ifndef DICKEMAP_CLI_H
#define DICKEMAP_CLI_H
#include <stdio.h>

#include "dickemap/job.h"

/* Reported by --version and recorded in files, see cmake/version.cmake: "0.2.0 (git abc1234)". */
extern const char dkm_cli_version[];

/* argv[0] is the subcommand's name. dkm_cmd_run is called on every rank, the others on rank 0 and without MPI. */
dkm_status dkm_cmd_run(int argc, char **argv, dkm_error *err);
dkm_status dkm_cmd_plan(int argc, char **argv, dkm_error *err);
dkm_status dkm_cmd_point(int argc, char **argv, dkm_error *err);
dkm_status dkm_cmd_show(int argc, char **argv, dkm_error *err);
dkm_status dkm_cmd_info(int argc, char **argv, dkm_error *err);
dkm_status dkm_cmd_verify(int argc, char **argv, dkm_error *err);
dkm_status dkm_cmd_merge(int argc, char **argv, dkm_error *err);
dkm_status dkm_cmd_basins(int argc, char **argv, dkm_error *err);

/* The command line as one text, for a file's history; malloc'ed, the caller frees. To be called before getopt
 * reorders argv. DKM_MEMORY. */
dkm_status dkm_cli_join_command(int argc, char **argv, char **out, dkm_error *err);

/* Prints help on rank 0 only. */
void dkm_cli_print(const char *text);

/* Prints on this rank, as fprintf, a part of a line or a whole one with its '\n' at the end, made printable: for
 * texts from files, jobs and command lines. Cut after some 16 kB. */
void dkm_cli_say(FILE *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Before anything is computed: whether a new file can be made under this name ("-": standard output). DKM_INPUT. */
dkm_status dkm_cli_check_new(const char *path, dkm_error *err);

/* What a job says that is hardly meant, on stderr: for a subcommand that reads one, once, on rank 0. */
void dkm_cli_warn(const dkm_job *job);

/* "24 spins, 20 classes at most" into out: of a system, all points of a job or one. */
enum { DKM_SPINS_BYTES = 96 };
const char *dkm_cli_spins(const dkm_job *job, const dkm_system *system, char out[DKM_SPINS_BYTES]);

/* One line of what numbers are in, where a job has a unit: "<before>frequencies in 2 pi kHz, times in 1/(2 pi kHz)"; nothing without. */
void dkm_cli_say_unit(const dkm_job *job, const char *before);

/* The shortest decimal number that is this very double: "1.1", not "1.1000000000000001". Returns out. */
enum { DKM_NUMBER_BYTES = 32 };
const char *dkm_cli_number(double value, char out[DKM_NUMBER_BYTES]);

/* "1.5 GiB" etc., "3.2 h" etc. into out. */
void dkm_cli_bytes(double bytes, char *out, size_t out_bytes);
void dkm_cli_duration(double seconds, char *out, size_t out_bytes);

#endif
