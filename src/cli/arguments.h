/* SPDX-License-Identifier: GPL-3.0-or-later */
/* arguments: the options of a subcommand, from a table of them. */
#ifndef DICKEMAP_ARGUMENTS_H
#define DICKEMAP_ARGUMENTS_H
#include <stdbool.h>

#include "dickemap/status.h"

/* Takes the text behind an option into its target; command and name ("--t-end") are for messages. DKM_INPUT. */
typedef dkm_status dkm_argument_take(const char *command, const char *name, const char *text, void *target,
                                     dkm_error *err);

typedef struct dkm_argument {
  const char *name;        /* "--t-end" */
  char letter;             /* of its short form, -o; 0: there is none */
  dkm_argument_take *take; /* NULL: nothing follows it, and *(bool *)target becomes true */
  void *target;
} dkm_argument;

enum { DKM_MOST_ARGUMENTS = 20 };

/* Reads all options of a subcommand, which argv[0] names; operands are then argv[optind ... argc-1]. --help prints the
 * help and ends it: *helped.  DKM_INPUT with a message that names the option; what `take` fails with. */
dkm_status dkm_arguments_read(int argc, char **argv, const char *help, int n, const dkm_argument *arguments,
                              bool *helped, dkm_error *err);

/* The text itself, of argv: a const char *. */
dkm_argument_take dkm_argument_text;

/* The name of an instruction set that this machine runs: a const char *. Whatever the job then asks for. */
dkm_argument_take dkm_argument_cpu;

/* Texts of an option that may be repeated: a dkm_texts, empty at first, whose list the caller frees.  Also DKM_MEMORY. */
typedef struct dkm_texts {
  int n;
  const char **list;
} dkm_texts;
dkm_argument_take dkm_argument_texts;

/* The same, of NAME=VALUE: also words behind it that have this form, and are no files, are texts of the option. */
dkm_argument_take dkm_argument_assignments;

/* A finite number > 0: a double. */
dkm_argument_take dkm_argument_positive;

/* A finite number >= 0: a double. */
dkm_argument_take dkm_argument_not_negative;

#endif
