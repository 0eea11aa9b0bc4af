/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a job.
 *
 * Lines that begin with "--set " are settings, in order; all other lines are the file.  Whatever comes, the parser
 * answers with a job, or with one line that says where the mistake is.  A job then has to keep what job.h promises:
 *
 *   text, sets -> job -> canonical text                 the same whenever it is read
 *                           |-> YAML  -> job            the same canonical text and the same points
 *                           `-> --set -> job            likewise
 *   index of a point -> indices along each dimension -> index of the point; parameters within their ranges */
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/job.h"
#include "fuzz.h"

enum { MAX_SETS = 32, MAX_LINES = 64 };

/* ---- the input ---- */

typedef struct input {
  char *text, *lines; /* the job; the whole input, cut into lines that sets point to */
  int n_sets;
  const char *sets[MAX_SETS];
} input;

/* A file and arguments end at a zero byte: what is behind one is left out. */
static void read_input(const uint8_t *data, size_t size, input *in) {
  static const char set[] = "--set ";
  *in = (input){.text = fuzz_alloc(size + 1), .lines = fuzz_alloc(size + 1)};
  memcpy(in->lines, data, size);
  in->lines[size] = '\0';
  char *text = in->text;
  for (char *line = in->lines, *next; line; line = next) {
    size_t bytes = strcspn(line, "\n");
    next = line[bytes] ? line + bytes + 1 : NULL;
    if (strncmp(line, set, sizeof set - 1) == 0 && in->n_sets < MAX_SETS) {
      line[bytes] = '\0';
      in->sets[in->n_sets++] = line + sizeof set - 1;
      continue;
    }
    memcpy(text, line, bytes);
    text += bytes;
    if (next) *text++ = '\n';
  }
  *text = '\0';
}

static void free_input(input *in) {
  free(in->lines);
  free(in->text);
}

/* ---- another spelling of a job, from its canonical text ---- */

/* "model.g0 = 0.9" etc. */
typedef struct key_value {
  char *key, *value;
} key_value;

static int split_canonical(char *text, key_value pairs[MAX_LINES]) {
  int n = 0;
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    char *equals = strstr(line, " = ");
    fuzz_claim(equals && n < MAX_LINES, "a line of the canonical text is not a key and a value: %s", line);
    *equals = '\0';
    pairs[n++] = (key_value){line, equals + 3};
  }
  return n;
}

/* A value of a list of the model; what an axis gives may have any value there. */
static void write_list(FILE *out, const char *value) {
  for (const char *at = value; *at;) {
    if (strncmp(at, "axis", 4) == 0) {
      fputc('1', out);
      at += 4;
    } else {
      fputc(*at++, out);
    }
  }
}

/* {name: "Omega_mu[2]", zip: path, values: [1, 2]}, ... of all axes; `order` is "[g0, Omega_mu[2] in path]". */
static void write_axes(FILE *out, const char *order, int n, const key_value pairs[MAX_LINES]) {
  const char *at = order + 1;
  for (int i = 0; i < n; i++) {
    if (strncmp(pairs[i].key, "axes.", 5) != 0) continue;
    size_t bytes = strcspn(at, ", ");
    if (at[bytes] == '\0') bytes--; /* the closing bracket */
    const char *name = pairs[i].key + 5;
    fuzz_claim(strlen(name) == bytes && memcmp(name, at, bytes) == 0, "axis %s is not in its place in %s", name, order);
    at += bytes;
    fprintf(out, "{name: \"%s\", values: %s", name, pairs[i].value);
    if (strncmp(at, " in ", 4) == 0) {
      size_t zip = strcspn(at += 4, ",]");
      fprintf(out, ", zip: \"%.*s\"", (int)zip, at);
      at += zip;
    }
    fputc('}', out);
    if (*at == ',') fputs(", ", out), at += 2;
  }
  fuzz_claim(strcmp(at, "]") == 0, "the order of axes does not end: %s", order);
}

static const char *value_of(const char *key, int n, const key_value pairs[MAX_LINES]) {
  for (int i = 0; i < n; i++)
    if (strcmp(pairs[i].key, key) == 0) return pairs[i].value;
  fuzz_claim(false, "the canonical text has no %s", key);
  return "";
}

static FILE *open_text(char **text, size_t *bytes) {
  *text = NULL;
  FILE *out = open_memstream(text, bytes);
  fuzz_claim(out, "out of memory");
  return out;
}

/* Each group in flow style on a line of its own. */
static char *spell_as_yaml(int n, const key_value pairs[MAX_LINES]) {
  char *text, group[64] = "";
  size_t bytes;
  FILE *out = open_text(&text, &bytes);
  for (int i = 0; i < n; i++) {
    const char *leaf = strchr(pairs[i].key, '.');
    if (!leaf || strncmp(pairs[i].key, "axes.", 5) == 0 || strcmp(pairs[i].value, "axis") == 0) continue;
    size_t group_bytes = (size_t)(leaf - pairs[i].key);
    if (strlen(group) != group_bytes || memcmp(group, pairs[i].key, group_bytes) != 0) {
      fprintf(out, "%s%.*s: {", *group ? "}\n" : "", (int)group_bytes, pairs[i].key);
      snprintf(group, sizeof group, "%.*s", (int)group_bytes, pairs[i].key);
    } else {
      fputs(", ", out);
    }
    fprintf(out, "%s: ", leaf + 1);
    write_list(out, pairs[i].value);
  }
  fputs("}\naxes: [", out);
  write_axes(out, value_of("axes", n, pairs), n, pairs);
  fputs("]\n", out);
  fclose(out);
  return text;
}

/* The same keys, each in a --set of its own. */
static int spell_as_sets(int n, const key_value pairs[MAX_LINES], char *sets[MAX_LINES]) {
  int n_sets = 0;
  for (int i = 0; i < n; i++) {
    size_t bytes;
    if (strncmp(pairs[i].key, "axes.", 5) == 0 || strcmp(pairs[i].value, "axis") == 0) continue;
    FILE *out = open_text(&sets[n_sets++], &bytes);
    fprintf(out, "%s=", pairs[i].key);
    if (strcmp(pairs[i].key, "axes") == 0) {
      fputc('[', out);
      write_axes(out, pairs[i].value, n, pairs);
      fputc(']', out);
    } else {
      write_list(out, pairs[i].value);
    }
    fclose(out);
  }
  return n_sets;
}

/* ---- what must hold ---- */

static void check_point(const dkm_job *job, const dkm_point *p) {
  fuzz_claim(isfinite(p->g0) && p->g0 >= 0 && isfinite(p->Omega), "g0 %g, Omega %g", p->g0, p->Omega);
  for (int mu = 0; mu < job->system.n_modes; mu++) {
    fuzz_claim(isfinite(p->Omega_mu[mu]) && p->Omega_mu[mu] != 0, "Omega_mu[%d] is %g", mu + 1, p->Omega_mu[mu]);
    fuzz_claim(isfinite(p->kappa_mu[mu]) && p->kappa_mu[mu] > 0, "kappa_mu[%d] is %g", mu + 1, p->kappa_mu[mu]);
  }
  fuzz_claim(p->pattern >= 1 && p->pattern <= job->system.n_modes, "pattern is %d", p->pattern);
  fuzz_claim(fabs(p->overlap) <= 1 && p->perturbation >= 0 && p->perturbation <= 1, "overlap %g, perturbation %g",
             p->overlap, p->perturbation);
  fuzz_claim(p->seed >= 0 && p->seed <= DKM_MAX_SEED, "seed is %lld", (long long)p->seed);
}

/* Both ends and some points between them. */
static int64_t nth_index(const dkm_job *job, int n) {
  return n == 0   ? 0
         : n == 1 ? job->n_points - 1
                  : (int64_t)(0.6180339887498949 * n * (double)job->n_points) % job->n_points;
}
enum { N_INDICES = 6 };

static void check_grid(const dkm_job *job) {
  int64_t n_points = 1;
  for (int dim = 0; dim < job->n_dims; dim++) n_points *= job->shape[dim];
  fuzz_claim(n_points == job->n_points && n_points >= 1 && n_points <= DKM_MAX_POINTS, "%lld points, shape of %lld",
             (long long)job->n_points, (long long)n_points);
  for (int n = 0; n < N_INDICES; n++) {
    int64_t i_point = nth_index(job, n), index[DKM_MAX_AXES], back = 0;
    dkm_point point;
    dkm_job_index(job, i_point, index);
    for (int dim = 0; dim < job->n_dims; dim++) {
      fuzz_claim(index[dim] >= 0 && index[dim] < job->shape[dim], "index %lld along dimension %d of length %lld",
                 (long long)index[dim], dim, (long long)job->shape[dim]);
      back = back * job->shape[dim] + index[dim];
    }
    fuzz_claim(back == i_point, "point %lld has the indices of point %lld", (long long)i_point, (long long)back);
    dkm_job_point(job, i_point, &point);
    check_point(job, &point);
    for (int i = 0; i < job->n_axes; i++) { /* an axis moves to its own value what stands elsewhere */
      const dkm_axis *axis = &job->axes[i];
      char assignment[2 * DKM_NAME_BYTES];
      dkm_error err;
      dkm_point assigned = point;
      snprintf(assignment, sizeof assignment, "%s=%.17g", axis->long_name, axis->values[index[axis->dim]]);
      fuzz_claim(dkm_job_assign(job, &assigned, assignment, &err) == DKM_OK, "%s", err.message);
      fuzz_claim(dkm_point_equal(&point, &assigned, job->system.n_modes), "--at %s leads elsewhere", assignment);
      if (!*axis->zip) continue;
      snprintf(assignment, sizeof assignment, "%s=%lld", axis->zip, (long long)index[axis->dim]);
      fuzz_claim(dkm_job_assign(job, &assigned, assignment, &err) == DKM_OK, "%s", err.message);
      fuzz_claim(dkm_point_equal(&point, &assigned, job->system.n_modes), "--at %s leads elsewhere", assignment);
    }
  }
}

/* A text that is not read as this job is a mistake of the parser. */
static void check_same(const dkm_job *job, const char *canonical, const char *text, int n_sets,
                       const char *const *sets) {
  dkm_job other;
  dkm_error err = {0};
  char keys[256];
  dkm_status status = dkm_job_parse(&other, "other.yaml", text, n_sets, sets, &err);
  if (status == DKM_MEMORY) return;
  fuzz_claim(status == DKM_OK, "the job in another spelling is refused: %s\n%s", err.message, text);
  char *other_canonical = dkm_job_canonical(&other);
  fuzz_claim(other_canonical, "out of memory");
  fuzz_claim(strcmp(canonical, other_canonical) == 0 &&
                 dkm_job_differences(canonical, other_canonical, keys, sizeof keys) == 0,
             "the job in another spelling differs:\n%s\n%s\n%s", text, canonical, other_canonical);
  fuzz_claim(other.n_points == job->n_points, "%lld and %lld points", (long long)other.n_points,
             (long long)job->n_points);
  for (int n = 0; n < N_INDICES; n++) {
    dkm_point a, b;
    dkm_job_point(job, nth_index(job, n), &a);
    dkm_job_point(&other, nth_index(job, n), &b);
    fuzz_claim(dkm_point_equal(&a, &b, job->system.n_modes), "point %lld differs:\n%s", (long long)nth_index(job, n),
               text);
  }
  free(other_canonical);
  dkm_job_free(&other);
}

static void check_spellings(const dkm_job *job, const char *canonical) {
  key_value pairs[MAX_LINES];
  char *sets[MAX_LINES], *split = strdup(canonical);
  fuzz_claim(split, "out of memory");
  int n = split_canonical(split, pairs);
  char *yaml = spell_as_yaml(n, pairs);
  check_same(job, canonical, yaml, 0, NULL);
  int n_sets = spell_as_sets(n, pairs, sets);
  check_same(job, canonical, "title: settings alone\n", n_sets, (const char *const *)sets);
  for (int i = 0; i < n_sets; i++) free(sets[i]);
  free(yaml);
  free(split);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  input in;
  dkm_job job;
  dkm_error err = {0};
  read_input(data, size, &in);
  dkm_status status = dkm_job_parse(&job, "job.yaml", in.text, in.n_sets, in.sets, &err);
  if (status == DKM_OK) {
    char *canonical = dkm_job_canonical(&job);
    fuzz_claim(canonical, "out of memory");
    check_grid(&job);
    check_same(&job, canonical, in.text, in.n_sets, in.sets);
    if (!strstr(canonical, " hash ")) check_spellings(&job, canonical); /* longer axes are not spelled out */
    free(canonical);
  } else {
    fuzz_claim(status == DKM_INPUT || status == DKM_MEMORY, "status %d", status);
    fuzz_claim(err.status == status, "status %d, but in the message %d", status, err.status);
    fuzz_claim(strncmp(err.message, "job.yaml:", 9) == 0 || strncmp(err.message, "--set ", 6) == 0,
               "a message without a place: %s", err.message);
    fuzz_claim(fuzz_is_one_line(err.message), "a message of several lines: %s", err.message);
    fuzz_claim(!job.text && job.n_axes == 0, "a job was left behind");
  }
  dkm_job_free(&job);
  free_input(&in);
  return 0;
}
