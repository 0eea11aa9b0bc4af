/* SPDX-License-Identifier: GPL-3.0-or-later */
/* States of an earlier file: bytes, and which is nearest. */
#define _GNU_SOURCE /* open_memstream */
#include "dickemap/states.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/parameter.h"
#include "dickemap/spins.h"

static const char head[] = "dickemap states 1: n = ";
enum { LINE_BYTES = 4096 };
#define MOST_NUMBERS ((int64_t)DKM_MAX_STATES_BYTES / 8)
/* Lengths are constants of motion to some rounding errors and those of steps. */
static const double same_length = 1e-6;

static int64_t state_size(const dkm_states *s) {
  return 3 * s->n_classes + 2 * (int64_t)s->n_modes;
}

static int n_of(const dkm_parameter *parameter, int n_modes) {
  return parameter->per_mode ? n_modes : 1;
}

/* ---- bytes ---- */

static void put(FILE *out, double value) {
  uint64_t bits;
  unsigned char bytes[8];
  memcpy(&bits, &value, sizeof bits);
  for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(bits >> (8 * i));
  fwrite(bytes, 1, sizeof bytes, out);
}

static double get(const unsigned char *bytes) {
  uint64_t bits = 0;
  double value;
  for (int i = 0; i < 8; i++) bits |= (uint64_t)bytes[i] << (8 * i);
  memcpy(&value, &bits, sizeof value);
  return value;
}

dkm_status dkm_states_pack(const dkm_states *s, void **bytes, size_t *n_bytes, dkm_error *err) {
  char *text = NULL;
  if (s->n > MOST_NUMBERS / (state_size(s) + DKM_MOST_PARAMETERS * s->n_modes))
    return dkm_fail(err, DKM_INPUT,
                    "%" PRId64 " states of %" PRId64 " numbers are more than the %d MiB that a job may carry", s->n,
                    state_size(s), DKM_MAX_STATES_BYTES >> 20);
  FILE *out = open_memstream(&text, n_bytes);
  if (!out) return dkm_fail(err, DKM_MEMORY, "out of memory for states");
  fprintf(out, "%s%" PRId64 ", M = %d, K = %" PRId64 ", parameters =", head, s->n, s->n_modes, s->n_classes);
  for (int p = 0; p < dkm_n_parameters; p++) fprintf(out, " %s", dkm_parameters[p].name);
  fputc('\n', out);
  for (int64_t i = 0; i < s->n; i++) {
    for (int p = 0; p < dkm_n_parameters; p++)
      for (int mu = 0; mu < n_of(&dkm_parameters[p], s->n_modes); mu++)
        put(out, dkm_parameter_get(&dkm_parameters[p], &s->points[i], dkm_parameters[p].per_mode ? mu + 1 : 0));
    for (int64_t j = 0; j < state_size(s); j++) put(out, s->u[i * state_size(s) + j]);
  }
  const bool failed = ferror(out);
  if (fclose(out) != 0 || failed) {
    free(text);
    return dkm_fail(err, DKM_MEMORY, "out of memory for states");
  }
  *bytes = text;
  return DKM_OK;
}

static dkm_status damaged(const char *name, dkm_states *states, dkm_error *err) {
  dkm_states_free(states);
  return dkm_fail(err, DKM_INPUT, "%s: holds no states of dickemap, or is damaged", name);
}

/* The rows that a line names; returns their number, -1: one is not known, and numbers are left out for no name. */
static int read_names(char *names, const dkm_parameter *rows[DKM_MOST_PARAMETERS]) {
  int n = 0;
  for (char *word; (word = strsep(&names, " "));) {
    if (!*word) continue;
    if (n == DKM_MOST_PARAMETERS || !(rows[n] = dkm_parameter_named(word, strlen(word)))) return -1;
    n++;
  }
  return n;
}

dkm_status dkm_states_parse(const char *name, const void *bytes, size_t n_bytes, dkm_states *s, dkm_error *err) {
  char line[LINE_BYTES];
  const dkm_parameter *rows[DKM_MOST_PARAMETERS];
  const unsigned char *at = bytes,
                      *end = n_bytes ? memchr(bytes, '\n', n_bytes < LINE_BYTES ? n_bytes : LINE_BYTES) : NULL;
  int n_names = 0;
  *s = (dkm_states){0};
  if (!end || (size_t)(end - at) >= sizeof line) return damaged(name, s, err);
  memcpy(line, at, (size_t)(end - at));
  line[end - at] = '\0';
  int begins = 0;
  if (sscanf(line, "dickemap states 1: n = %" SCNd64 ", M = %d, K = %" SCNd64 ", parameters =%n", &s->n, &s->n_modes,
             &s->n_classes, &begins) != 3 ||
      begins == 0 || s->n < 1 || s->n_modes < 1 || s->n_modes > DKM_MAX_MODES || s->n_classes < 1 ||
      s->n_classes > DKM_MAX_CLASSES || s->n > MOST_NUMBERS / state_size(s) ||
      (n_names = read_names(line + begins, rows)) < 0)
    return damaged(name, s, err);
  int64_t each = state_size(s);
  for (int p = 0; p < n_names; p++) each += n_of(rows[p], s->n_modes);
  if ((int64_t)(n_bytes - (size_t)(end + 1 - at)) != 8 * each * s->n) return damaged(name, s, err);
  s->points = calloc((size_t)s->n, sizeof *s->points);
  s->u = malloc((size_t)(s->n * state_size(s)) * sizeof *s->u);
  if (!s->points || !s->u) {
    dkm_states_free(s);
    return dkm_fail(err, DKM_MEMORY, "%s: out of memory for states", name);
  }
  at = end + 1;
  for (int64_t i = 0; i < s->n; i++) {
    for (int p = 0; p < dkm_n_parameters; p++)
      if (!isnan(dkm_parameters[p].fallback))
        dkm_parameter_set(&dkm_parameters[p], &s->points[i], s->n_modes, 0, dkm_parameters[p].fallback);
    for (int p = 0; p < n_names; p++)
      for (int mu = 0; mu < n_of(rows[p], s->n_modes); mu++, at += 8) {
        const double value = get(at);
        if (!dkm_limits_allow(&rows[p]->limits, value)) return damaged(name, s, err);
        dkm_parameter_set(rows[p], &s->points[i], s->n_modes, rows[p]->per_mode ? mu + 1 : 0, value);
      }
    for (int64_t j = 0; j < state_size(s); j++, at += 8) s->u[i * state_size(s) + j] = get(at);
    if (dkm_states_classes(s->n_classes, s->n_modes, s->u + i * state_size(s)) == 0) return damaged(name, s, err);
  }
  s->unit_spins = true;
  for (int64_t i = 0; i < s->n; i++)
    for (int64_t k = 0; k < s->n_classes && s->unit_spins && !isnan(s->u[i * state_size(s) + k]); k++) {
      const double *x = s->u + i * state_size(s) + k, *y = x + s->n_classes, *z = y + s->n_classes;
      s->unit_spins = fabs(sqrt(*x * *x + *y * *y + *z * *z) - 1.0) <= same_length;
    }
  return DKM_OK;
}

void dkm_states_free(dkm_states *s) {
  free(s->points);
  free(s->u);
  *s = (dkm_states){0};
}

/* ---- classes ---- */

int64_t dkm_states_classes(int64_t n_classes, int n_modes, const double *u) {
  int64_t n = 0;
  while (n < n_classes && isfinite(u[n])) n++;
  for (int64_t i = 0; i < 3 * n_classes; i++)
    if (i % n_classes < n ? !isfinite(u[i]) : !isnan(u[i])) return 0;
  for (int64_t i = 3 * n_classes; i < 3 * n_classes + 2 * n_modes; i++)
    if (!isfinite(u[i])) return 0;
  return n;
}

bool dkm_states_take(const dkm_states *s, int64_t i, int64_t n_classes, double *u) {
  const double *from = s->u + i * state_size(s);
  if (dkm_states_classes(s->n_classes, s->n_modes, from) != n_classes) return false;
  for (int c = 0; c < 3; c++)
    memcpy(u + c * n_classes, from + c * s->n_classes, (size_t)n_classes * sizeof *u);
  memcpy(u + 3 * n_classes, from + 3 * s->n_classes, 2 * (size_t)s->n_modes * sizeof *u);
  return true;
}

/* ---- the nearest ---- */

bool dkm_states_have(const dkm_states *s, int64_t pattern_seed) {
  int64_t i = 0;
  while (i < s->n && s->points[i].pattern_seed != pattern_seed) i++;
  return i < s->n;
}

int64_t dkm_states_nearest(const dkm_states *s, const dkm_point *point) {
  double low[DKM_MOST_PARAMETERS][DKM_MAX_MODES], high[DKM_MOST_PARAMETERS][DKM_MAX_MODES], least = INFINITY;
  int64_t nearest = 0;
  for (int p = 0; p < dkm_n_parameters; p++)
    for (int mu = 0; mu < n_of(&dkm_parameters[p], s->n_modes); mu++) {
      const int mode = dkm_parameters[p].per_mode ? mu + 1 : 0;
      low[p][mu] = INFINITY;
      high[p][mu] = -INFINITY;
      for (int64_t i = 0; i < s->n; i++) {
        const double value = dkm_parameter_get(&dkm_parameters[p], &s->points[i], mode);
        low[p][mu] = fmin(low[p][mu], value);
        high[p][mu] = fmax(high[p][mu], value);
      }
    }
  for (int64_t i = 0; i < s->n; i++) {
    double distance = 0.0;
    if (s->points[i].pattern_seed != point->pattern_seed) continue;
    for (int p = 0; p < dkm_n_parameters; p++)
      for (int mu = 0; mu < n_of(&dkm_parameters[p], s->n_modes); mu++) {
        const int mode = dkm_parameters[p].per_mode ? mu + 1 : 0;
        const double range = high[p][mu] - low[p][mu];
        if (!(range > 0.0)) continue;
        const double d = (dkm_parameter_get(&dkm_parameters[p], &s->points[i], mode) -
                          dkm_parameter_get(&dkm_parameters[p], point, mode)) /
                         range;
        distance += d * d;
      }
    if (!(distance < least)) continue;
    least = distance;
    nearest = i;
  }
  return nearest;
}
