/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parameter and option: the tables are complete, and no row escapes whoever tells jobs and points apart.  Jobs that
 * differ in a single row are taken for different ones by the canonical text, by the equality of points and by the
 * matching of grids; tests/faults/test_resume.py has the same of --resume. */
#include "dickemap/parameter.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dickemap/match.h"
#include "dickemap/option.h"

enum { M = 3, KEYS_BYTES = 512, SET_BYTES = 256, TEXT_BYTES = 1 << 16 };

/* A job of each mapping. */
#define MODEL(rest) "model: {g0: 0.9, Omega: 0.5, Omega_mu: [1.5], kappa_mu: [1.0]" rest "}\n"
static const char text[] = MODEL(", patterns: 3");
static const char values_text[] =
    MODEL(", patterns: 3, mapping: values, values: [-1, 0, 2], probabilities: [0.25, 0.5, 0.25]");
static const char matrix_text[] = MODEL(", mapping: matrix, matrix: a.txt") "initial: {cue: c.txt}\n";
static const char images_text[] = MODEL(", mapping: matrix, images: [a.pbm, b.pbm, c.pbm]");
static const char random_text[] = MODEL(", patterns: 3, mapping: random, spins: 40");
static const char drive_text[] =
    MODEL(", patterns: 3") "drive: {time: [0, 0.5, 1], g0: [0, 2, 1], Omega: [1, 1, 2], duration: 3}\n";
static const char reduce_text[] = MODEL(", patterns: 3") "axes: [{name: seed, values: [1, 2]}]\nreduce: seed\n";
static const char states_text[] = "task: states\n" MODEL(", patterns: 3");
static const char exactness_text[] = "task: exactness\n" MODEL(", patterns: 1, spins_per_class: 2");
static const char *const text_of_mapping[] = {[DKM_GAUGED] = text,
                                              [DKM_UNGAUGED] = MODEL(", patterns: 3, mapping: ungauged"),
                                              [DKM_VALUES] = values_text,
                                              [DKM_MATRIX] = matrix_text,
                                              [DKM_RANDOM] = random_text};

/* One state of one class and mode (states.h), with this as x. */
#define ZERO "\0\0\0\0\0\0\0\0"
#define ONE "\0\0\0\0\0\0\xf0\x3f"
#define STATES(x) "dickemap states 1: n = 1, M = 1, K = 1, parameters =\n" x ZERO ZERO ZERO ZERO
static const char from_text[] = MODEL(", patterns: 1") "initial: {from: a.h5}\n";

#define FILE_OF(file, content)                                                                                         \
  { .name = (char[]){file}, .bytes = (char[]){content}, .n_bytes = sizeof content - 1 }
static const dkm_job_file files[] = {
    FILE_OF("a.txt", "1 1 0.5 -1\n1 -1 1 -1\n0.1 0.2 0.3 0.4\n"),
    FILE_OF("b.txt", "1 1 0.5 -1\n1 -1 1 -1\n0.1 0.2 0.3 0.5\n"),
    FILE_OF("c.txt", "1 0 -1 1\n"),
    FILE_OF("d.txt", "1 0 -1 -1\n"),
    FILE_OF("a.pbm", "P1 2 2 1 1 0 0"),
    FILE_OF("b.pbm", "P1 2 2 1 0 1 0"),
    FILE_OF("c.pbm", "P1 2 2 1 0 0 1"),
    FILE_OF("d.pbm", "P1 2 2 1 0 0 0"),
    FILE_OF("a.h5", STATES(ZERO)),
    FILE_OF("b.h5", STATES(ONE)),
};
enum { N_FILES = sizeof files / sizeof *files };

static void parse_text(dkm_job *job, const char *job_text, const char *set) {
  dkm_error err = {DKM_OK, ""};
  if (dkm_job_parse_with_files(job, "job.yaml", job_text, set ? 1 : 0, &set, N_FILES, files, &err) != DKM_OK)
    fail_msg("%s", err.message);
}

static void parse(dkm_job *job, const char *set) {
  parse_text(job, text, set);
}

/* An allowed value that is not this one. */
static double another(const dkm_limits *limits, double value) {
  static const double candidates[] = {0.75, 0.25, 1, 2, 3, 1e-9, 1e-5};
  for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++)
    if (candidates[i] != value && dkm_limits_allow(limits, candidates[i])) return candidates[i];
  fail_msg("no candidate for limits %g ... %g", limits->min, limits->max);
  return NAN;
}

/* ---- the tables ---- */

static int compare_offsets(const void *a, const void *b) {
  const dkm_parameter *x = *(const dkm_parameter *const *)a, *y = *(const dkm_parameter *const *)b;
  return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Their sizes add up to that of the struct, but for what alignment demands between them. */
static void the_rows_cover_every_byte_of_a_point(void **state) {
  (void)state;
  const dkm_parameter *rows[DKM_MOST_PARAMETERS];
  size_t end = 0, align = 1;
  for (int i = 0; i < dkm_n_parameters; i++) rows[i] = &dkm_parameters[i];
  qsort(rows, (size_t)dkm_n_parameters, sizeof *rows, compare_offsets);
  for (int i = 0; i < dkm_n_parameters; i++) {
    const size_t bytes = dkm_field_type_bytes(rows[i]->type);
    if (rows[i]->offset != (end + bytes - 1) / bytes * bytes) fail_msg("a member before %s has no row", rows[i]->name);
    end = rows[i]->offset + bytes * (rows[i]->per_mode ? DKM_MAX_MODES : 1);
    if (bytes > align) align = bytes;
  }
  if (sizeof(dkm_point) != (end + align - 1) / align * align) fail_msg("a member at the end of dkm_point has no row");
}

/* Also of a member that fits into padding. */
static void there_are_as_many_rows_as_members_of_a_point(void **state) {
  (void)state;
  static char header[TEXT_BYTES];
  FILE *file = fopen(PROJECT_DIR "/include/dickemap/model.h", "r");
  assert_non_null(file);
  header[fread(header, 1, sizeof header - 1, file)] = '\0';
  fclose(file);
  const char *end = strstr(header, "} dkm_point;"), *at = strstr(header, "typedef struct dkm_point {");
  int n = 0;
  assert_true(at && end && at < end);
  for (; at < end; at++)
    if (*at == ';' || *at == ',') /* declarations, and declarators of one; comments apart */
      n++;
    else if (at[0] == '/' && at[1] == '*')
      at = strstr(at, "*/");
  assert_int_equal(n, dkm_n_parameters);
}

static void rows_are_named_once_and_have_sensible_limits(void **state) {
  (void)state;
  for (int i = 0; i < dkm_n_parameters; i++) {
    const dkm_parameter *p = &dkm_parameters[i];
    const bool of_model = strncmp(p->key, "model.", 6) == 0;
    assert_true(of_model || strncmp(p->key, "initial.", 8) == 0 || strncmp(p->key, "drive.", 6) == 0);
    assert_string_equal(strchr(p->key, '.') + 1, p->name);
    assert_true(strlen(p->name) < DKM_NAME_BYTES - 8 && *p->long_name && *p->description && *p->units);
    assert_ptr_equal(dkm_parameter_at(p->offset), p);
    assert_ptr_equal(dkm_parameter_named(p->name, strlen(p->name)), p);
    assert_int_equal(p->limits.integer, p->type != DKM_FLOAT64);
    if (p->limits.integer) assert_true(p->limits.min >= INT32_MIN && p->limits.max <= INT32_MAX);
    if (!isnan(p->fallback)) assert_true(dkm_limits_allow(&p->limits, p->fallback));
    if (p->later) assert_false(isnan(p->fallback));
    for (int f = 0; f < dkm_n_fields; f++)
      assert_string_not_equal(p->name, dkm_fields[f].name); /* both are in a file */
  }
  for (int i = 0; i < dkm_n_options; i++) {
    const dkm_option *o = &dkm_options[i];
    assert_ptr_equal(dkm_option_at(o->offset), o);
    assert_true(*o->description);
    if (o->later) assert_false(isnan(o->fallback));
    if (o->kind != DKM_OPTION_NUMBER) continue;
    assert_int_equal(o->words ? 0 : o->limits.integer, !o->words && o->type != DKM_FLOAT64);
    if (!isnan(o->fallback) && !o->words) assert_true(dkm_limits_allow(&o->limits, o->fallback));
  }
  assert_null(dkm_parameter_named("Omega_", 6));
}

/* ---- a value goes where its row says ---- */

static void what_is_set_is_got_and_nothing_else_changes(void **state) {
  (void)state;
  dkm_job job;
  parse(&job, NULL);
  for (int i = 0; i < dkm_n_parameters; i++) {
    const dkm_parameter *p = &dkm_parameters[i];
    const dkm_limits limits = dkm_parameter_limits(p, M);
    for (int mode = 0; mode <= (p->per_mode ? M : 0); mode++) {
      dkm_point point = job.base;
      const double value = another(&limits, dkm_parameter_get(p, &point, mode));
      dkm_parameter_set(p, &point, M, mode, value);
      for (int j = 0; j < dkm_n_parameters; j++) {
        const dkm_parameter *q = &dkm_parameters[j];
        for (int other = q->per_mode; other <= (q->per_mode ? M : 0); other++) {
          const bool is_set = p == q && (mode == 0 || mode == other);
          const double expected = is_set ? value : dkm_parameter_get(q, &job.base, other);
          assert_true(dkm_parameter_get(q, &point, other) == expected);
        }
      }
      if (p->per_mode) assert_true(dkm_parameter_get(p, &point, M + 1) == 0.0); /* modes beyond M stay as they were */
    }
  }
  dkm_job_free(&job);
}

/* All of them doubled, the motion is the same at half the time: every derivative has twice its value, to the bit. */
static void rates_are_what_sets_the_unit_of_time(void **state) {
  (void)state;
  dkm_job job;
  double u[3 * 4 + 2 * M], du[3 * 4 + 2 * M], twice[3 * 4 + 2 * M], work[2 * 4];
  dkm_error err = {DKM_OK, ""};
  parse(&job, "initial.perturbation=0.1");
  dkm_point doubled = job.base;
  for (int i = 0; i < dkm_n_parameters; i++)
    for (int mode = 1; mode <= M && dkm_parameters[i].scale == DKM_SCALE_RATE; mode++)
      if (mode == 1 || dkm_parameters[i].per_mode)
        dkm_parameter_set(&dkm_parameters[i], &doubled, M, mode,
                          2.0 * dkm_parameter_get(&dkm_parameters[i], &doubled, mode));
  assert_int_equal(dkm_model_size(&job.system), sizeof u / sizeof *u);
  assert_int_equal(dkm_model_start(&job.system, &job.base, u, &err), DKM_OK);
  for (int i = 0; i < 2 * M; i++) u[3 * 4 + i] = 0.1 / (i + 1);
  dkm_model_rhs(&job.system, &job.base, u, du, work);
  dkm_model_rhs(&job.system, &doubled, u, twice, work);
  for (size_t i = 0; i < sizeof u / sizeof *u; i++) assert_true(twice[i] == 2.0 * du[i] && du[i] != 0.0);
  dkm_job_free(&job);
}

/* Every byte belongs to a member, or to a mode that does not count, or is padding. */
static void points_are_equal_if_every_member_is(void **state) {
  (void)state;
  dkm_job job;
  parse(&job, NULL);
  dkm_point copy = job.base, other = job.base;
  assert_true(dkm_point_equal(&job.base, &copy, M));
  for (size_t b = 0; b < sizeof copy; b++) {
    bool counts = false;
    for (int i = 0; i < dkm_n_parameters; i++) {
      const dkm_parameter *p = &dkm_parameters[i];
      const size_t bytes = dkm_field_type_bytes(p->type) * (p->per_mode ? M : 1);
      counts = counts || (b >= p->offset && b < p->offset + bytes);
    }
    copy = job.base;
    ((unsigned char *)&copy)[b] ^= 1;
    if (dkm_point_equal(&job.base, &copy, M) == counts) fail_msg("byte %zu", b);
  }
  copy = other = job.base;
  copy.overlap = 0.0;
  other.overlap = -0.0; /* starts with other bits */
  assert_false(dkm_point_equal(&copy, &other, M));
  dkm_job_free(&job);
}

/* ---- jobs that differ in one row ---- */

/* "model.Omega_mu=[1.5, 0.75, 1.5]", where mode 2 becomes 0.75. */
static void spell_parameter(const dkm_parameter *p, const dkm_point *point, int mode, double value, char *set) {
  size_t used = (size_t)snprintf(set, SET_BYTES, "%s=%s", p->key, p->per_mode ? "[" : "");
  for (int m = p->per_mode; m <= (p->per_mode ? M : 0); m++)
    used += (size_t)snprintf(set + used, SET_BYTES - used, "%s%.17g", m > 1 ? ", " : "",
                             m == mode ? value : dkm_parameter_get(p, point, m));
  snprintf(set + used, SET_BYTES - used, "%s", p->per_mode ? "]" : "");
}

static bool has_key(const char *keys, const char *key) {
  const size_t n = strlen(key);
  for (const char *at = keys; (at = strstr(at, key)); at += n)
    if ((at == keys || at[-1] == ' ') && (at[n] == '\0' || at[n] == ',' || at[n] == '[')) return true;
  return false;
}

/* The canonical texts differ, in this key; `alone` if in nothing else. */
static void check_texts(const dkm_job *a, const dkm_job *b, const char *key, bool alone) {
  char keys[KEYS_BYTES];
  char *text_a = dkm_job_canonical(a), *text_b = dkm_job_canonical(b);
  assert_non_null(text_a);
  assert_non_null(text_b);
  const int n = dkm_job_differences(text_a, text_b, keys, sizeof keys);
  if (!has_key(keys, key) || (alone && n != 1))
    fail_msg("of jobs that differ in %s the texts differ in: %s", key, keys);
  free(text_a);
  free(text_b);
}

static int64_t find_first(const dkm_job *old, const dkm_job *job) {
  dkm_match *match;
  dkm_error err = {DKM_OK, ""};
  assert_int_equal(dkm_match_create(old, job, &match, &err), DKM_OK);
  const int64_t found = dkm_match_find(match, 0);
  dkm_match_destroy(match);
  return found;
}

/* Of some parameters only systems of a number of spins know. */
static const char *text_of_parameter(const dkm_parameter *p) {
  if (p == DKM_PARAMETER(duration)) return drive_text;
  if (p == DKM_PARAMETER(spins_per_class)) return exactness_text;
  return p == DKM_PARAMETER(flip_exactly) || p == DKM_PARAMETER(pattern_seed) ? random_text : text;
}

static void check_parameter(const dkm_parameter *p, int mode) {
  dkm_job job, other;
  char set[SET_BYTES], keys[KEYS_BYTES];
  const dkm_limits limits = dkm_parameter_limits(p, M);
  parse_text(&job, text_of_parameter(p), NULL);
  const double value = another(&limits, dkm_parameter_get(p, &job.base, mode));
  spell_parameter(p, &job.base, mode, value, set);
  parse_text(&other, text_of_parameter(p), set);
  check_texts(&job, &other, p->key, true);
  if (dkm_point_equal(&job.base, &other.base, M)) fail_msg("points that differ in %s are equal", set);
  if (find_first(&job, &other) >= 0 || find_first(&other, &job) >= 0) fail_msg("%s is not seen in matching", set);
  assert_true(dkm_match_differences(&job, &other, keys, sizeof keys) == 1 && has_key(keys, p->key));
  dkm_job_free(&other);

  /* An axis of the other value, too. */
  if (mode)
    snprintf(set, sizeof set, "axes=[{name: '%s[%d]', values: [%.17g]}]", p->name, mode, value);
  else
    snprintf(set, sizeof set, "axes=[{name: %s, values: [%.17g]}]", p->name, value);
  parse_text(&other, text_of_parameter(p), set);
  check_texts(&job, &other, p->key, false);
  if (find_first(&job, &other) >= 0 || find_first(&other, &job) >= 0) fail_msg("%s is not seen in matching", set);
  dkm_job_free(&other);
  dkm_job_free(&job);
}

static void no_parameter_escapes_text_equality_and_matching(void **state) {
  (void)state;
  for (int i = 0; i < dkm_n_parameters; i++)
    for (int mode = dkm_parameters[i].per_mode; mode <= (dkm_parameters[i].per_mode ? M : 0); mode++)
      check_parameter(&dkm_parameters[i], mode);
}

/* Options that say something of one mapping, or task, alone: a job with them, another value, and the key of their line. */
static const struct {
  const char *key, *text, *set, *line;
} of_mappings[] = {
    {"model.values", values_text, "model.values=-1,0,3", "model.values"},
    {"model.probabilities", values_text, "model.probabilities=0.25,0.25,0.5", "model.probabilities"},
    {"model.matrix", matrix_text, "model.matrix=b.txt", "model.matrix"},
    {"model.images", images_text, "model.images=[a.pbm, b.pbm, d.pbm]", "model.matrix"},
    {"model.shades", images_text, "model.shades=grey", "model.shades"},
    {"model.spins", random_text, "model.spins=41", "model.spins"},
    {"initial.cue", matrix_text, "initial.cue=d.txt", "initial.cue"},
    {"initial.from", from_text, "initial.from=b.h5", "initial.from"},
    {"drive.time", drive_text, "drive.time=0,0.25,1", "drive.time"},
    {"drive.g0", drive_text, "drive.g0=0,2,2", "drive.g0"},
    {"drive.Omega", drive_text, "drive.Omega=1,-1,2", "drive.Omega"},
    {"drive.repeat", drive_text, "drive.repeat=true", "drive.repeat"},
    {"solver.until", reduce_text, "solver.until=rest", "solver.until"},
    {"output.states", states_text, "output.states=65", "output.states"},
    {"output.inverted", states_text, "output.inverted=1", "output.inverted"},
    {"exactness.t_end", exactness_text, "exactness.t_end=11", "exactness.t_end"},
    {"exactness.points", exactness_text, "exactness.points=11", "exactness.points"},
    {"exactness.start", exactness_text, "exactness.start=rest", "exactness.start"},
    {"exactness.method", exactness_text, "exactness.method=master", "exactness.method"},
    {"exactness.frame", exactness_text, "exactness.frame=laboratory", "exactness.frame"},
    {"exactness.trajectories", exactness_text, "exactness.trajectories=11", "exactness.trajectories"},
    {"exactness.edge", exactness_text, "exactness.edge=1e-6", "exactness.edge"},
    {"exactness.memory", exactness_text, "exactness.memory=11", "exactness.memory"},
};
enum { N_OF_MAPPINGS = sizeof of_mappings / sizeof *of_mappings };

/* Two jobs that differ in an option, and in nothing else if it is `alone`. */
static void check_option(const dkm_option *o, const dkm_job *job, const dkm_job *other, const char *line, bool alone) {
  char keys[KEYS_BYTES];
  check_texts(job, other, line, alone);
  const bool of_records = strcmp(o->key, "output.state") != 0; /* what is kept beside them matters to nobody else */
  const int n = dkm_match_differences(job, other, keys, sizeof keys);
  if ((n > 0 && has_key(keys, line)) != of_records || n > (alone ? 1 : 3))
    fail_msg("of jobs that differ in %s: %s", o->key, keys);
}

/* Its row above, N_OF_MAPPINGS if there is none. */
static int row_of(const dkm_option *o) {
  int i = 0;
  while (i < N_OF_MAPPINGS && strcmp(of_mappings[i].key, o->key) != 0) i++;
  return i;
}

static void check_option_of_mapping(const dkm_option *o) {
  const int i = row_of(o);
  if (i == N_OF_MAPPINGS) fail_msg("no job for %s", o->key);
  dkm_job job, other;
  parse_text(&job, of_mappings[i].text, NULL);
  parse_text(&other, of_mappings[i].text, of_mappings[i].set);
  check_option(o, &job, &other, of_mappings[i].line, true);
  dkm_job_free(&other);
  dkm_job_free(&job);
}

static void no_option_escapes_text_and_matching(void **state) {
  (void)state;
  for (int i = 0; i < dkm_n_options; i++) {
    const dkm_option *o = &dkm_options[i];
    dkm_job job, other;
    char set[SET_BYTES];
    if (o->kind != DKM_OPTION_NUMBER || row_of(o) < N_OF_MAPPINGS) {
      check_option_of_mapping(o);
      continue;
    }
    parse(&job, NULL);
    const double before = dkm_option_get(o, &job);
    for (int word = 0; o->words ? o->words[word] != NULL : word == 0; word++) {
      const bool is_mapping = o == DKM_OPTION(system.mapping);
      if (o->words && word == (int)before) continue;
      if (o->words)
        snprintf(set, sizeof set, "%s=%s", o->key, o->words[word]);
      else
        snprintf(set, sizeof set, "%s=%.17g", o->key, another(&o->limits, before));
      parse_text(&other, is_mapping ? text_of_mapping[word] : text, is_mapping ? NULL : set);
      assert_true(dkm_option_get(o, &other) == (o->words ? word : another(&o->limits, before)));
      check_option(o, &job, &other, o->key, !is_mapping && !dkm_option_of_system(o));
      dkm_job_free(&other);
    }
    dkm_job_free(&job);
  }
}

/* ---- files ---- */

/* matrix_text with these contents of a.txt, which is also there as new.txt, and of c.txt. */
static void parse_contents(dkm_job *job, const char *set, const char *matrix, const char *cue) {
  dkm_error err = {DKM_OK, ""};
  const dkm_job_file two[] = {{.name = (char[]){"a.txt"}, .bytes = (char *)matrix, .n_bytes = strlen(matrix)},
                              {.name = (char[]){"c.txt"}, .bytes = (char *)cue, .n_bytes = strlen(cue)},
                              {.name = (char[]){"new.txt"}, .bytes = (char *)matrix, .n_bytes = strlen(matrix)}};
  if (dkm_job_parse_with_files(job, "job.yaml", matrix_text, set ? 1 : 0, &set, 3, two, &err) != DKM_OK)
    fail_msg("%s", err.message);
}

static void files_of_one_name_are_told_apart_by_what_was_read(void **state) {
  (void)state;
  static const struct {
    const char *set, *matrix, *cue, *differs;
  } cases[] = {
      {NULL, "1 2\n3 4\n", "1 -1\n", ""},
      {"model.matrix=new.txt", "1 2\n3 4\n", "1 -1\n", ""},
      {"title=x", "# patterns\n1.0, 2e0\n\n3 +4", "1 -1.0", ""},
      {NULL, "1 2\n3 5\n", "1 -1\n", "model.matrix"},
      {NULL, "1 3\n2 4\n", "1 -1\n", "model.matrix"},
      {NULL, "1 2\n3 4\n", "1 -0.5\n", "initial.cue"},
      {"model.matrix=new.txt", "1 2\n3 5\n", "1 1\n", "model.matrix, initial.cue"},
  };
  dkm_job job, other;
  char keys[KEYS_BYTES];
  parse_contents(&job, NULL, "1 2\n3 4\n", "1 -1\n");
  char *canonical = dkm_job_canonical(&job);
  assert_non_null(canonical);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    parse_contents(&other, cases[i].set, cases[i].matrix, cases[i].cue);
    char *others = dkm_job_canonical(&other);
    assert_non_null(others);
    dkm_job_differences(canonical, others, keys, sizeof keys);
    assert_string_equal(keys, cases[i].differs);
    assert_int_equal(strcmp(canonical, others) == 0, *cases[i].differs == '\0');
    assert_true(dkm_match_differences(&job, &other, keys, sizeof keys) >= 0);
    assert_string_equal(keys, cases[i].differs);
    free(others);
    dkm_job_free(&other);
  }
  free(canonical);
  dkm_job_free(&job);
}

/* A file of an earlier version has no line of it. */
static void what_came_later_has_no_line_where_it_is_as_before(void **state) {
  (void)state;
  dkm_job job;
  parse(&job, NULL);
  char *canonical = dkm_job_canonical(&job);
  assert_non_null(canonical);
  for (int i = 0; i < dkm_n_parameters; i++)
    assert_int_equal(strstr(canonical, dkm_parameters[i].key) == NULL, dkm_parameters[i].later);
  for (int i = 0; i < dkm_n_options; i++)
    assert_int_equal(strstr(canonical, dkm_options[i].key) == NULL, dkm_options[i].later);
  free(canonical);
  dkm_job_free(&job);
}

/* To the byte: files that exist hold it, and states of points under way are known by its checksum. */
static void the_canonical_text_is_what_it_was(void **state) {
  (void)state;
  static const char expected[] = "model.patterns = 3\n"
                                 "model.mapping = gauged\n"
                                 "model.g0 = axis\n"
                                 "model.Omega = 0.5\n"
                                 "model.Omega_mu = [1.5, axis, 1.5]\n"
                                 "model.kappa_mu = [1, 1, 1]\n"
                                 "initial.pattern = 1\n"
                                 "initial.overlap = 1\n"
                                 "initial.perturbation = 0\n"
                                 "initial.seed = 1\n"
                                 "axes = [g0 in a, Omega_mu[2] in a]\n"
                                 "axes.g0 = [0.10000000000000001, 2]\n"
                                 "axes.Omega_mu[2] = [3, 4]\n"
                                 "solver.method = ensemble\n"
                                 "solver.tolerance = 1e-10\n"
                                 "solver.t_max = 10000000\n"
                                 "solver.max_steps = 1000000\n"
                                 "output.state = none\n";
  dkm_job job;
  parse(&job, "axes=[{name: g0, values: [0.1, 2], zip: a}, {name: 'Omega_mu[2]', values: [3, 4], zip: a}]");
  char *canonical = dkm_job_canonical(&job);
  assert_string_equal(canonical, expected);
  free(canonical);
  dkm_job_free(&job);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_rows_cover_every_byte_of_a_point),
      cmocka_unit_test(there_are_as_many_rows_as_members_of_a_point),
      cmocka_unit_test(rows_are_named_once_and_have_sensible_limits),
      cmocka_unit_test(what_is_set_is_got_and_nothing_else_changes),
      cmocka_unit_test(rates_are_what_sets_the_unit_of_time),
      cmocka_unit_test(points_are_equal_if_every_member_is),
      cmocka_unit_test(no_parameter_escapes_text_equality_and_matching),
      cmocka_unit_test(no_option_escapes_text_and_matching),
      cmocka_unit_test(files_of_one_name_are_told_apart_by_what_was_read),
      cmocka_unit_test(what_came_later_has_no_line_where_it_is_as_before),
      cmocka_unit_test(the_canonical_text_is_what_it_was),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
