/* SPDX-License-Identifier: GPL-3.0-or-later */
/* arguments: one loop around getopt_long for all subcommands; see arguments.h. */
#include "arguments.h"

#include <assert.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "dickemap/integrator.h"
#include "dickemap/meant.h"

/* getopt_long has answered '?' or ':'. */
static dkm_status fail_option(char **argv, int answer, int n, const dkm_argument *arguments, dkm_error *err) {
  const char *command = argv[0], *word = argv[optind - 1];
  const char *next = argv[optind];
  /* A short option may be one of several in its word; getopt is still at that word unless it is the last of them. */
  const char *in_word =
      next && next[0] == '-' && next[1] != '-' && optopt != 0 && optopt <= UCHAR_MAX ? strchr(next + 1, optopt) : NULL;
  if (in_word && in_word[1]) word = next;
  bool is_long = strncmp(word, "--", 2) == 0;
  char letter[3] = {'-', (char)optopt, '\0'};
  if (answer == '?' && strcmp(command, "run") == 0 && !is_long && (optopt == 'n' || optopt == 'j'))
    return dkm_fail(err, DKM_INPUT, "run: unknown option %s; processes are started by mpirun: mpirun -n 3 dickemap run JOB.yaml",
                    letter);
  if (answer == ':')
    return dkm_fail(err, DKM_INPUT, "%s: option %s needs an argument; see `dickemap %s --help`", command,
                    is_long ? word : letter, command);
  if (is_long && optopt && strchr(word, '='))
    return dkm_fail(err, DKM_INPUT, "%s: option %.*s takes no argument; see `dickemap %s --help`", command,
                    (int)strcspn(word, "="), word, command);
  char meant[DKM_MEANT_BYTES] = "", typed[64];
  const char *names[DKM_MOST_ARGUMENTS + 1] = {"--help"};
  for (int i = 0; i < n; i++) names[i + 1] = arguments[i].name;
  snprintf(typed, sizeof typed, "%.*s", (int)strcspn(word, "="), word);
  if (is_long) dkm_meant_text(typed, n + 1, names, meant);
  return dkm_fail(err, DKM_INPUT, "%s: unknown option %s; %ssee `dickemap %s --help`", command,
                  optopt > 0 && optopt < 0x80 ? letter : word, meant, command);
}

/* g0=1.1, and not a file that has such a name. */
static bool is_assignment(const char *word) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_[]";
  const size_t bytes = word ? strspn(word, letters) : 0;
  return bytes > 0 && word[bytes] == '=' && access(word, F_OK) != 0;
}

dkm_status dkm_arguments_read(int argc, char **argv, const char *help, int n, const dkm_argument *arguments,
                              bool *helped, dkm_error *err) {
  enum { FIRST = UCHAR_MAX + 1 }; /* answers for what has no letter */
  struct option options[DKM_MOST_ARGUMENTS + 2] = {{0}};
  char letters[2 * DKM_MOST_ARGUMENTS + 3] = ":h", *letter = letters + strlen(letters);
  assert(n <= DKM_MOST_ARGUMENTS);
  for (int i = 0; i < n; i++) {
    const dkm_argument *a = &arguments[i];
    options[i] = (struct option){a->name + strlen("--"), a->take ? required_argument : no_argument, NULL, FIRST + i};
    if (a->letter) *letter++ = a->letter;
    if (a->letter && a->take) *letter++ = ':';
  }
  options[n] = (struct option){"help", no_argument, NULL, 'h'};
  *helped = false;
  optind = 1;
  for (int answer; (answer = getopt_long(argc, argv, letters, options, NULL)) != -1;) {
    if (answer == 'h') {
      dkm_cli_print(help);
      *helped = true;
      return DKM_OK;
    }
    int i = 0;
    while (i < n && answer != FIRST + i && answer != arguments[i].letter) i++;
    if (i == n) return fail_option(argv, answer, n, arguments, err);
    if (!arguments[i].take) {
      *(bool *)arguments[i].target = true;
      continue;
    }
    dkm_status status = arguments[i].take(argv[0], arguments[i].name, optarg, arguments[i].target, err);
    while (!status && arguments[i].take == dkm_argument_assignments && is_assignment(argv[optind]))
      status = arguments[i].take(argv[0], arguments[i].name, argv[optind++], arguments[i].target, err);
    if (status) return status;
  }
  return DKM_OK;
}

dkm_status dkm_argument_text(const char *command, const char *name, const char *text, void *target, dkm_error *err) {
  (void)command, (void)name, (void)err;
  *(const char **)target = text;
  return DKM_OK;
}

dkm_status dkm_argument_cpu(const char *command, const char *name, const char *text, void *target, dkm_error *err) {
  (void)command, (void)name;
  *(const char **)target = text;
  return dkm_cpu_check(text, err);
}

dkm_status dkm_argument_texts(const char *command, const char *name, const char *text, void *target, dkm_error *err) {
  dkm_texts *texts = target;
  const char **longer = realloc(texts->list, sizeof *longer * ((size_t)texts->n + 1));
  if (!longer) return dkm_fail(err, DKM_MEMORY, "%s: out of memory (%s)", command, name);
  texts->list = longer;
  texts->list[texts->n++] = text;
  return DKM_OK;
}

dkm_status dkm_argument_assignments(const char *command, const char *name, const char *text, void *target, dkm_error *err) {
  return dkm_argument_texts(command, name, text, target, err);
}

static dkm_status take_number(const char *command, const char *name, const char *text, bool zero_is_allowed, double *value,
                              dkm_error *err) {
  char *end;
  *value = strtod(text, &end);
  if (end != text && *end == '\0' && isfinite(*value) && (*value > 0 || (zero_is_allowed && *value == 0))) return DKM_OK;
  return dkm_fail(err, DKM_INPUT, "%s: %s is \"%s\", but must be a finite number %s 0", command, name, text,
                  zero_is_allowed ? ">=" : ">");
}

dkm_status dkm_argument_not_negative(const char *command, const char *name, const char *text, void *target,
                                     dkm_error *err) {
  return take_number(command, name, text, true, target, err);
}

dkm_status dkm_argument_positive(const char *command, const char *name, const char *text, void *target,
                                 dkm_error *err) {
  return take_number(command, name, text, false, target, err);
}
