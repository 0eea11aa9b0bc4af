/* SPDX-License-Identifier: GPL-3.0-or-later */
/* attempt: the lines of a file's history about each run; see attempt.h. */
#include "attempt.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arithmetic.h"
#include "cli.h"
#include "dickemap/clock.h"
#include "dickemap/here.h"
#include "dickemap/lock.h"
#include "dickemap/printable.h"
#include "dickemap/store.h"

enum { LINE_BYTES = 8192 };
static const char begun[] = ": begun: ", ended[] = ": ended ";

dkm_status dkm_attempt_begin(dkm_attempt *attempt, int64_t n_done, dkm_error *err) {
  char line[LINE_BYTES], date[DKM_CLOCK_DATE_BYTES], hdf5[64], mpi[DKM_HERE_MPI_BYTES],
      batch[160] = "", arithmetic[DKM_ARITHMETIC_BYTES];
  const char *job = getenv("SLURM_JOB_ID"), *restart = getenv("SLURM_RESTART_COUNT");
  bool kept;
  dkm_clock_date(date);
  dkm_arithmetic_here(arithmetic);
  dkm_store_library_version(hdf5, sizeof hdf5);
  dkm_here_mpi(mpi);
  if (job && job[0])
    snprintf(batch, sizeof batch, "batch job %.60s, restart %.20s; ", job, restart && restart[0] ? restart : "0");
  snprintf(line, sizeof line, "%s%s%lld of %lld points done; dickemap %s; %s; %s, %s, %s; %d rank%s on %s; %s%s", date,
           begun, (long long)n_done, (long long)attempt->n_points, dkm_cli_version, attempt->instruction_sets,
           arithmetic, hdf5, mpi, attempt->n_ranks, attempt->n_ranks == 1 ? "" : "s", attempt->hosts, batch,
           attempt->command);
  dkm_printable_make(line); /* one line, whatever the command was */
  attempt->t_begun = dkm_clock_now();
  dkm_status status = dkm_store_append_history(attempt->output, line, &kept, err);
  if (status) return status;
  attempt->begun = kept;
  if (!kept)
    dkm_cli_say(stderr, "%s: another program has copied or changed it, so that its history cannot be continued\n",
                attempt->output);
  return DKM_OK;
}

dkm_status dkm_attempt_end(dkm_attempt *attempt, int64_t n_done, const char *how, dkm_error *err) {
  char line[LINE_BYTES], date[DKM_CLOCK_DATE_BYTES], duration[32];
  bool kept;
  if (!attempt->begun) return DKM_OK;
  attempt->begun = false;
  dkm_clock_date(date);
  dkm_cli_duration(dkm_clock_now() - attempt->t_begun, duration, sizeof duration);
  snprintf(line, sizeof line, "%s%safter %s: %lld of %lld points done; %s", date, ended, duration, (long long)n_done,
           (long long)attempt->n_points, how);
  dkm_printable_make(line);
  return dkm_store_append_history(attempt->output, line, &kept, err);
}

/* ---- reading ---- */

/* The next line that is about the beginning (is_begun) or end of a run; *line then points behind it. */
static bool next_line(const char **line, bool *is_begun, char out[LINE_BYTES]) {
  while (**line) {
    const size_t length = strcspn(*line, "\n");
    snprintf(out, LINE_BYTES, "%.*s", (int)(length < LINE_BYTES ? length : LINE_BYTES - 1), *line);
    *line += length + ((*line)[length] == '\n');
    const char *colon = strstr(out, ": ");
    if (!colon) continue;
    *is_begun = strncmp(colon, begun, strlen(begun)) == 0;
    if (*is_begun || strncmp(colon, ended, strlen(ended)) == 0) return true;
  }
  return false;
}

/* "2.5 s" as dkm_cli_duration spells it; NaN for anything else. */
static double seconds_of(const char *text) {
  static const struct {
    const char *name;
    double seconds;
  } units[] = {{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"min", 60}, {"h", 3600}, {"days", 86400}};
  double number;
  char unit[8];
  if (sscanf(text, "%lf %7[a-z]", &number, unit) != 2) return NAN;
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    if (strcmp(unit, units[i].name) == 0) return number * units[i].seconds;
  return NAN;
}

static void read_begun(const char *line, dkm_attempt_told *told) {
  long long n;
  const char *text = strstr(line, begun);
  *told = (dkm_attempt_told){.n_before = -1, .n_after = -1, .seconds = NAN};
  snprintf(told->begun, sizeof told->begun, "%.*s", (int)(text - line), line);
  text += strlen(begun);
  if (sscanf(text, "%lld", &n) == 1) told->n_before = n;
  const char *with = strstr(text, "; ");
  snprintf(told->with, sizeof told->with, "%s", with ? with + 2 : "");
}

static void read_ended(const char *line, dkm_attempt_told *told) {
  long long n;
  const char *text = strstr(line, ended), *after = strstr(text, "after "), *done = strstr(text + strlen(ended), ": ");
  snprintf(told->ended, sizeof told->ended, "%.*s", (int)(text - line), line);
  if (after) told->seconds = seconds_of(after + strlen("after "));
  if (done && sscanf(done, ": %lld", &n) == 1) told->n_after = n;
  const char *how = done ? strstr(done, "; ") : NULL;
  snprintf(told->how, sizeof told->how, "%s", how ? how + 2 : "");
}

bool dkm_attempt_next(const char **history, dkm_attempt_told *told) {
  char line[LINE_BYTES];
  bool is_begun;
  if (!next_line(history, &is_begun, line)) return false;
  if (!is_begun) { /* its beginning was left out */
    read_begun(": begun: ", told);
    read_ended(line, told);
    return true;
  }
  read_begun(line, told);
  const char *behind = *history;
  if (next_line(history, &is_begun, line) && !is_begun)
    read_ended(line, told);
  else
    *history = behind;
  return true;
}

bool dkm_attempt_is_under_way(const dkm_attempt_told *last, const char *output) {
  return !last->ended[0] && dkm_lock_seems_held(output);
}

double dkm_attempt_seconds_left(const dkm_attempt_told *last, bool is_under_way, int64_t n_done, int64_t left) {
  struct tm t = {0};
  double seconds = last->seconds;
  int64_t n = last->n_after - last->n_before;
  if (is_under_way && sscanf(last->begun, "%d-%d-%dT%d:%d:%d", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour, &t.tm_min, &t.tm_sec) == 6) {
    t.tm_year -= 1900;
    t.tm_mon -= 1;
    seconds = difftime(time(NULL), timegm(&t));
    n = n_done - last->n_before;
  } else if (last->n_after < 0) {
    return NAN;
  }
  return last->n_before >= 0 && n > 0 && seconds > 0 ? seconds / (double)n * (double)left : NAN;
}

void dkm_attempt_print(const char *history) {
  char line[LINE_BYTES];
  bool is_begun, open = false; /* a line is begun and waits for its end */
  while (next_line(&history, &is_begun, line)) {
    if (is_begun) {
      if (open) printf("; no end recorded\n");
      dkm_cli_say(stdout, "attempt: %s", line);
    } else {
      dkm_cli_say(stdout, "%s%s\n", open ? "; " : "attempt: ", line);
    }
    open = is_begun;
  }
  if (open) printf("; no end recorded: still under way, or killed\n");
}

void dkm_attempt_distinct(const char *history, int field, const char *first, char *out, size_t out_bytes) {
  static const char version[] = "dickemap ";
  char line[LINE_BYTES];
  bool is_begun;
  snprintf(out, out_bytes, "%s", first);
  while (next_line(&history, &is_begun, line)) {
    if (!is_begun) continue;
    const char *at = line;
    for (int i = 0; at && i < field; i++) at = (at = strstr(at, "; ")) ? at + 2 : NULL;
    if (!at) continue;
    if (field == DKM_ATTEMPT_VERSION && strncmp(at, version, strlen(version)) == 0) at += strlen(version);
    const int length = (int)strcspn(at, field == DKM_ATTEMPT_ARITHMETIC ? ",;" : ";");
    const size_t used = strlen(out);
    bool known = false;
    for (const char *c = out; c && !known; c = (c = strstr(c, "; ")) ? c + 2 : NULL)
      known = strncmp(c, at, (size_t)length) == 0 && (c[length] == ';' || c[length] == '\0');
    if (!known && used + (size_t)length + 3 < out_bytes)
      snprintf(out + used, out_bytes - used, "%s%.*s", used ? "; " : "", length, at);
  }
}
