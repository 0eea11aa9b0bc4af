/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The canonical text of a job: what two jobs must share for their records to be the same, one "key = value" a line.
 *
 * Numbers are written as %.17g, which tells all doubles apart.  What an axis gives is written as `axis`, whatever
 * the file says beside it.  An axis of more than LISTED values is written as its number of values, its ends and
 * a hash of all of them (64-bit FNV-1a over their bits, little endian). */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/job.h"
#include "dickemap/option.h"
#include "dickemap/task.h"
#include "job_axes.h"
#include "job_system.h"

enum { LISTED = 1000 };

static const uint64_t no_hash = 0xcbf29ce484222325u;

static uint64_t hash_more(uint64_t hash, const double *values, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    uint64_t bits;
    memcpy(&bits, &values[i], sizeof bits);
    for (int shift = 0; shift < 64; shift += 8) hash = (hash ^ ((bits >> shift) & 0xff)) * 0x100000001b3u;
  }
  return hash;
}

static uint64_t hash_values(const double *values, int64_t n) {
  return hash_more(no_hash, values, n);
}

/* Of each mode, or the one value. */
static void write_parameter(FILE *out, const dkm_job *job, const dkm_parameter *p) {
  const int first = p->per_mode, last = p->per_mode ? job->system.n_modes : 0;
  bool silent = p->later;
  for (int mode = first; mode <= last && silent; mode++)
    silent = !dkm_job_axes_cover(job, p, mode) && dkm_parameter_get(p, &job->base, mode) == p->fallback;
  if (silent) return;
  fprintf(out, p->per_mode ? "%s = [" : "%s = ", p->key);
  for (int mode = first; mode <= last; mode++) {
    if (mode > first) fputs(", ", out);
    if (dkm_job_axes_cover(job, p, mode))
      fputs("axis", out);
    else
      fprintf(out, "%.17g", dkm_parameter_get(p, &job->base, mode));
  }
  fputs(p->per_mode ? "]\n" : "\n", out);
}

enum { LINE_BYTES = 96 };

static const char *spell_option(const dkm_option *o, double value, char line[LINE_BYTES]) {
  if (o->words)
    snprintf(line, LINE_BYTES, "%s = %s", o->key, o->words[(int)value]);
  else
    snprintf(line, LINE_BYTES, "%s = %.17g", o->key, value);
  return line;
}

static void write_options(FILE *out, const dkm_job *job, bool of_system) {
  char line[LINE_BYTES];
  for (int i = 0; i < dkm_n_options; i++) {
    const dkm_option *o = &dkm_options[i];
    if (o->kind != DKM_OPTION_NUMBER || (o == DKM_OPTION(n_spins) && job->system.mapping == DKM_MATRIX))
      continue; /* lists and files have lines of their own (write_tables); and a matrix tells its spins there */
    const double value = dkm_option_get(o, job);
    if (dkm_option_of_system(o) == of_system && !(o->later && value == o->fallback))
      fprintf(out, "%s\n", spell_option(o, value, line));
  }
}

static void write_numbers(FILE *out, const char *key, const dkm_numbers *numbers) {
  for (int i = 0; i < numbers->n; i++) fprintf(out, "%s%s%.17g", i ? "" : key, i ? ", " : " = [", numbers->values[i]);
  if (numbers->n > 0) fputs("]\n", out);
}

/* Of files not their names count, but what was read: couplings, by a hash. */
static void write_tables(FILE *out, const dkm_job *job) {
  const dkm_job_tables *t = job->tables;
  write_numbers(out, "model.values", &job->values);
  write_numbers(out, "model.probabilities", &job->probabilities);
  if (!t || t->matrix.n_rows == 0) return;
  fprintf(out, "model.matrix = %d rows of %" PRId64 ", hash %016" PRIx64 "\n", t->matrix.n_rows, t->matrix.n_columns,
          hash_values(t->matrix.values, t->matrix.n_rows * t->matrix.n_columns));
}

static void write_cue(FILE *out, const dkm_job *job) {
  const dkm_job_tables *t = job->tables;
  if (t && t->cue)
    fprintf(out, "initial.cue = %" PRId64 ", hash %016" PRIx64 "\n", t->matrix.n_columns,
            hash_values(t->cue, t->matrix.n_columns));
}

/* States to start from: what they are, and of which points. */
static void write_states(FILE *out, const dkm_job *job) {
  const dkm_states *s = job->system.from;
  if (!s) return;
  uint64_t hash = hash_values(s->u, s->n * (3 * s->n_classes + 2 * s->n_modes));
  for (int64_t i = 0; i < s->n; i++)
    for (int p = 0; p < dkm_n_parameters; p++) {
      const dkm_parameter *parameter = &dkm_parameters[p];
      for (int mode = parameter->per_mode; mode <= (parameter->per_mode ? s->n_modes : 0); mode++) {
        const double value = dkm_parameter_get(parameter, &s->points[i], mode);
        if (!(parameter->later && value == parameter->fallback)) hash = hash_more(hash, &value, 1);
      }
    }
  fprintf(out, "initial.from = %" PRId64 " states, hash %016" PRIx64 "\n", s->n, hash);
}

/* Closes a stream of open_memstream; its text, NULL if not all of it could be kept. */
static char *end_of(FILE *out, char **text) {
  const bool failed = ferror(out);
  if (fclose(out) == 0 && !failed) return *text;
  free(*text);
  return NULL;
}

/* Their order decides where a record stands, so it has a line of its own. */
static void write_order(FILE *out, const dkm_job *job) {
  fputs("axes = [", out);
  for (int i = 0; i < job->n_axes; i++)
    fprintf(out, "%s%s%s%s", i ? ", " : "", job->axes[i].long_name, *job->axes[i].zip ? " in " : "", job->axes[i].zip);
  fputs("]\n", out);
}

/* What is asked of each point; of starts that are reduced all values count, as those of a rule and not of points. */
static void write_task(FILE *out, const dkm_job *job) {
  if (job->task == &dkm_task_states) fprintf(out, "task = %s\n", job->task->name);
  if (!job->reduces) return;
  fputs("reduce =", out);
  for (int i = 0; i < job->n_axes; i++)
    if (job->axes[i].dim == job->n_dims)
      fprintf(out, " %s %" PRId64 " values, hash %016" PRIx64, job->axes[i].long_name, job->n_starts,
              hash_values(job->axes[i].values, job->n_starts));
  fputs("\n", out);
  for (int i = 0; i < job->n_axes && job->searches; i++)
    if (job->axes[i].dim == job->n_dims + 1)
      fprintf(out, "fatal = %s, %" PRId64 " values, hash %016" PRIx64 "\n", job->axes[i].long_name, job->axes[i].n,
              hash_values(job->axes[i].values, job->axes[i].n));
}

static void write_axis(FILE *out, const dkm_axis *axis) {
  fprintf(out, "axes.%s = ", axis->long_name);
  if (axis->n > LISTED) {
    fprintf(out, "%" PRId64 " values, %.17g ... %.17g, hash %016" PRIx64 "\n", axis->n, axis->values[0],
            axis->values[axis->n - 1], hash_values(axis->values, axis->n));
    return;
  }
  for (int64_t i = 0; i < axis->n; i++) fprintf(out, "%s%.17g", i ? ", " : "[", axis->values[i]);
  fputs("]\n", out);
}

static void write_points(FILE *out, const dkm_job *job) {
  write_cue(out, job);
  write_states(out, job);
  write_numbers(out, DKM_OPTION(drive_time)->key, &job->drive_time);
  write_numbers(out, DKM_OPTION(drive_g0)->key, &job->drive_g0);
  write_numbers(out, DKM_OPTION(drive_Omega)->key, &job->drive_Omega);
  for (int i = 0; i < dkm_n_parameters; i++) write_parameter(out, job, &dkm_parameters[i]);
  write_order(out, job);
  write_task(out, job);
  for (int i = 0; i < job->n_axes; i++) write_axis(out, &job->axes[i]);
  write_options(out, job, false);
}

/* The system first. */
static char *text_of(const dkm_job *job, bool whole) {
  char *text = NULL;
  size_t bytes = 0;
  FILE *out = open_memstream(&text, &bytes);
  if (!out) return NULL;
  write_options(out, job, true);
  write_tables(out, job);
  if (whole) write_points(out, job);
  return end_of(out, &text);
}

char *dkm_job_canonical_system(const dkm_job *job) {
  return text_of(job, false);
}

char *dkm_job_canonical(const dkm_job *job) {
  return text_of(job, true);
}

/* The next line of a canonical text: its start and length, and the length of its key. NULL at the end. */
static const char *next_line(const char **text, size_t *bytes, size_t *key_bytes) {
  const char *line = *text;
  if (*line == '\0') return NULL;
  *bytes = strcspn(line, "\n");
  const char *equals = strstr(line, " = ");
  *key_bytes = equals && equals < line + *bytes ? (size_t)(equals - line) : *bytes;
  *text += *bytes + (line[*bytes] == '\n');
  return line;
}

typedef enum match { KEY_ABSENT, VALUE_DIFFERS, VALUE_EQUAL } match;

static match find_line(const char *text, const char *wanted, size_t wanted_bytes, size_t wanted_key_bytes) {
  const char *line;
  size_t bytes, key_bytes;
  while ((line = next_line(&text, &bytes, &key_bytes)))
    if (key_bytes == wanted_key_bytes && memcmp(line, wanted, key_bytes) == 0)
      return bytes == wanted_bytes && memcmp(line, wanted, bytes) == 0 ? VALUE_EQUAL : VALUE_DIFFERS;
  return KEY_ABSENT;
}

/* Whether a line says what its absence means: texts of version 0.1.0 have none for solver.max_steps. */
static bool is_implied(const char *line, size_t bytes) {
  char implied[LINE_BYTES];
  for (int i = 0; i < dkm_n_options; i++)
    if (dkm_options[i].kind == DKM_OPTION_NUMBER && !isnan(dkm_options[i].fallback)) {
      spell_option(&dkm_options[i], dkm_options[i].fallback, implied);
      if (strlen(implied) == bytes && memcmp(line, implied, bytes) == 0) return true;
    }
  return false;
}

static bool differs(const char *line, size_t bytes, match found) {
  return found == VALUE_DIFFERS || (found == KEY_ABSENT && !is_implied(line, bytes));
}

static void append_key(char *out, size_t out_bytes, const char *key, size_t key_bytes) {
  size_t used = strlen(out);
  snprintf(out + used, out_bytes - used, "%s%.*s", used ? ", " : "", (int)key_bytes, key);
}

int dkm_job_differences(const char *canonical_a, const char *canonical_b, char *out, size_t out_bytes) {
  int n = 0;
  const char *line, *rest = canonical_a;
  size_t bytes, key_bytes;
  if (out_bytes > 0) *out = '\0';
  while ((line = next_line(&rest, &bytes, &key_bytes)))
    if (differs(line, bytes, find_line(canonical_b, line, bytes, key_bytes))) {
      n++;
      if (out_bytes > 0) append_key(out, out_bytes, line, key_bytes);
    }
  rest = canonical_b;
  while ((line = next_line(&rest, &bytes, &key_bytes)))
    if (find_line(canonical_a, line, bytes, key_bytes) == KEY_ABSENT && !is_implied(line, bytes)) {
      n++;
      if (out_bytes > 0) append_key(out, out_bytes, line, key_bytes);
    }
  return n;
}
