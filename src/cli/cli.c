/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the subcommands share: version, printing, quantities for people. */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/printable.h"
#include "ranks.h"
#include "version.h" /* DKM_VERSION, by cmake/version.cmake */

enum { SAY_BYTES = 1 << 14 };

const char dkm_cli_version[] = DKM_VERSION;

void dkm_cli_print(const char *text) {
  if (dkm_ranks_first()) fputs(text, stdout);
}

void dkm_cli_say(FILE *file, const char *format, ...) {
  char text[SAY_BYTES];
  va_list arguments;
  va_start(arguments, format);
  const int n = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  const size_t length = n < 0 ? 0 : strlen(text);
  const size_t format_length = strlen(format);
  const bool is_end = format_length > 0 && format[format_length - 1] == '\n';
  if (length > 0 && text[length - 1] == '\n') text[length - 1] = '\0';
  dkm_printable_make(text);
  fputs(text, file);
  if (is_end) fputc('\n', file);
}

dkm_status dkm_cli_join_command(int argc, char **argv, char **out, dkm_error *err) {
  size_t size = sizeof "dickemap";
  for (int i = 0; i < argc; i++) size += strlen(argv[i]) + 1;
  *out = malloc(size);
  if (!*out) return dkm_fail(err, DKM_MEMORY, "out of memory (the command line)");
  char *at = stpcpy(*out, "dickemap");
  for (int i = 0; i < argc; i++) at = stpcpy(stpcpy(at, " "), argv[i]);
  return DKM_OK;
}

dkm_status dkm_cli_check_new(const char *path, dkm_error *err) {
  if (strcmp(path, "-") == 0) return DKM_OK;
  FILE *file = fopen(path, "wx");
  if (!file)
    return errno == EEXIST ? dkm_fail(err, DKM_INPUT, "%s exists; it is not overwritten", path)
                           : dkm_fail(err, DKM_INPUT, "%s: cannot be written: %s", path, strerror(errno));
  fclose(file);
  remove(path);
  return DKM_OK;
}

void dkm_cli_warn(const dkm_job *job) {
  if (job->warning) dkm_cli_say(stderr, "%s: warning: %s\n", job->path, job->warning);
}

const char *dkm_cli_spins(const dkm_job *job, const dkm_system *system, char out[DKM_SPINS_BYTES]) {
  const long long n_spins = job->n_spins, n_classes = system->n_classes;
  const int used = n_spins > 0 ? snprintf(out, DKM_SPINS_BYTES, "%lld spin%s, ", n_spins, n_spins == 1 ? "" : "s") : 0;
  snprintf(out + used, DKM_SPINS_BYTES - (size_t)used, "%lld classes%s", n_classes, system->spins ? " at most" : "");
  return out;
}

void dkm_cli_say_unit(const dkm_job *job, const char *before) {
  if (strcmp(job->unit, "1") != 0) dkm_cli_say(stdout, "%sfrequencies in %s, times in 1/(%s)\n", before, job->unit, job->unit);
}

const char *dkm_cli_number(double value, char out[DKM_NUMBER_BYTES]) {
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(out, DKM_NUMBER_BYTES, "%.*g", digits, value);
    if (strtod(out, NULL) == value) break;
  }
  return out;
}

void dkm_cli_bytes(double bytes, char *out, size_t out_bytes) {
  static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  enum { N_UNITS = sizeof units / sizeof *units };
  if (bytes < 1024) {
    snprintf(out, out_bytes, "%.0f bytes", bytes);
    return;
  }
  int unit = 0;
  for (bytes /= 1024; bytes >= 1023.95 && unit < N_UNITS - 1; bytes /= 1024) unit++; /* 1023.95 would print as 1024.0 */
  snprintf(out, out_bytes, "%.1f %s", bytes, units[unit]);
}

void dkm_cli_duration(double seconds, char *out, size_t out_bytes) {
  static const struct {
    double up_to, seconds; /* below up_to seconds, count in units of so many */
    const char *name;
  } units[] = {{1e-3, 1e-6, "us"}, {1, 1e-3, "ms"},     {120, 1, "s"},
               {7200, 60, "min"},  {172800, 3600, "h"}, {1e300, 86400, "days"}};
  int unit = 0;
  while (seconds >= units[unit].up_to && units[unit].up_to < 1e300) unit++;
  snprintf(out, out_bytes, "%.3g %s", seconds / units[unit].seconds, units[unit].name);
}
