/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The canonical text of a job: what two jobs must share for their records to be the same, one "key = value" a line.
 *
 * Numbers are written as %.17g, which tells all doubles apart.  What an axis gives is written as `axis`, whatever
 * the file says beside it.  An axis of more than LISTED values is written as its number of values, its ends and
 * a hash of all of them (64-bit FNV-1a over their bits, little endian). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/job.h"
#include "job_axes.h"
#include "job_quantity.h"

enum { LISTED = 1000 };

static uint64_t hash_values(const double *values, int64_t n) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (int64_t i = 0; i < n; i++) {
    uint64_t bits;
    memcpy(&bits, &values[i], sizeof bits);
    for (int shift = 0; shift < 64; shift += 8) hash = (hash ^ ((bits >> shift) & 0xff)) * 0x100000001b3u;
  }
  return hash;
}

static void write_scalar(FILE *out, const dkm_job *job, dkm_quantity quantity, double value) {
  if (dkm_job_axes_cover(job, quantity, 0))
    fprintf(out, "%s = axis\n", dkm_quantity_key(quantity));
  else
    fprintf(out, "%s = %.17g\n", dkm_quantity_key(quantity), value);
}

static void write_per_mode(FILE *out, const dkm_job *job, dkm_quantity quantity, const double *values) {
  fprintf(out, "%s = [", dkm_quantity_key(quantity));
  for (int mode = 1; mode <= job->patterns.n_modes; mode++) {
    if (mode > 1) fputs(", ", out);
    if (dkm_job_axes_cover(job, quantity, mode))
      fputs("axis", out);
    else
      fprintf(out, "%.17g", values[mode - 1]);
  }
  fputs("]\n", out);
}

/* Their order decides where a record stands, so it has a line of its own. */
static void write_order(FILE *out, const dkm_job *job) {
  fputs("axes = [", out);
  for (int i = 0; i < job->n_axes; i++)
    fprintf(out, "%s%s%s%s", i ? ", " : "", job->axes[i].long_name, *job->axes[i].zip ? " in " : "", job->axes[i].zip);
  fputs("]\n", out);
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

char *dkm_job_canonical(const dkm_job *job) {
  char *text = NULL;
  size_t bytes = 0;
  FILE *out = open_memstream(&text, &bytes);
  if (!out) return NULL;
  const dkm_point *base = &job->base;
  fprintf(out, "model.patterns = %d\n", job->patterns.n_modes);
  fprintf(out, "model.mapping = %s\n", job->patterns.mapping == DKM_GAUGED ? "gauged" : "ungauged");
  write_scalar(out, job, DKM_AXIS_G0, base->g0);
  write_scalar(out, job, DKM_AXIS_OMEGA, base->Omega);
  write_per_mode(out, job, DKM_AXIS_OMEGA_MU, base->Omega_mu);
  write_per_mode(out, job, DKM_AXIS_KAPPA_MU, base->kappa_mu);
  write_scalar(out, job, DKM_AXIS_PATTERN, base->pattern);
  write_scalar(out, job, DKM_AXIS_OVERLAP, base->overlap);
  write_scalar(out, job, DKM_AXIS_PERTURBATION, base->perturbation);
  write_scalar(out, job, DKM_AXIS_SEED, (double)base->seed);
  write_order(out, job);
  for (int i = 0; i < job->n_axes; i++) write_axis(out, &job->axes[i]);
  fprintf(out, "solver.method = %s\n", job->solver.method == DKM_METHOD_GSL ? "gsl" : "ensemble");
  fprintf(out, "solver.tolerance = %.17g\n", job->solver.tolerance);
  fprintf(out, "solver.t_max = %.17g\n", job->solver.t_max);
  fprintf(out, "solver.max_steps = %" PRId64 "\n", job->solver.max_steps);
  /* Off is as if there were no such key. */
  if (job->solver.sensitivity) fputs("solver.sensitivity = on\n", out);
  fprintf(out, "output.state = %s\n", job->keep_state ? "final" : "none");
  int failed = ferror(out);
  if (fclose(out) != 0 || failed) {
    free(text);
    return NULL;
  }
  return text;
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
  char implied[64];
  const int n = snprintf(implied, sizeof implied, "solver.max_steps = %" PRId64, DKM_DEFAULT_MAX_STEPS);
  return bytes == (size_t)n && memcmp(line, implied, bytes) == 0;
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
