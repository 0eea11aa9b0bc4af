/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job: wrong jobs and their messages, which are compared whole: they are what the user sees. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dickemap/job.h"

/* The smallest job; `model` ends it, so that tests append keys to it. */
#define MODEL                                                                                                          \
  "model:\n"                                                                                                           \
  "  patterns: 3\n"                                                                                                    \
  "  Omega: 0.5\n"                                                                                                     \
  "  Omega_mu: [1.5, 2.0, 2.5]\n"                                                                                      \
  "  kappa_mu: [1.0]\n"
#define SMALL MODEL "  g0: 0.9\n"
#define QUANTITIES                                                                                                     \
  "g0, Omega, Omega_mu, Omega_mu[1 ... 3], kappa_mu, kappa_mu[1 ... 3], pattern, overlap, perturbation, seed, flip, "  \
  "flip_exactly, mixture, mixture[1 ... 3], pattern_seed, "                      \
  "gamma_down, gamma_up, gamma_phi, imbalance, duration, spins_per_class"
#define KEYS_OF_MODEL                                                                                                  \
  "patterns, mapping, values, probabilities, matrix, images, shades, spins, g0, Omega, Omega_mu, kappa_mu, "           \
  "pattern_seed, gamma_down, gamma_up, gamma_phi, imbalance, spins_per_class"

/* Files that a job may name. */
#define FILE_OF(file, content)                                                                                         \
  { .name = (char[]){file}, .bytes = (char[]){content}, .n_bytes = sizeof content - 1 }
static const dkm_job_file files[] = {
    FILE_OF("good.txt", "1 1 -1 1\n1 -1 1 1\n"),
    FILE_OF("ragged.txt", "# patterns\n1 1 -1 1\n1 -1 1\n"),
    FILE_OF("word.txt", "1 1\n1 one\n"),
    FILE_OF("nan.txt", "1 nan\n1 1\n"),
    FILE_OF("zero.txt", "1 1\n0 0.0\n"),
    FILE_OF("empty.txt", ""),
    FILE_OF("small.pbm", "P1 2 2 1 1 0 0"),
    FILE_OF("other.pbm", "P1 2 2 1 0 1 0"),
    FILE_OF("large.pbm", "P1 3 2 1 1 0 0 1 0"),
    FILE_OF("cue4.txt", "1 1 1 -1\n"),
    FILE_OF("cue3.txt", "1 1 1\n"),
    FILE_OF("cue2.txt", "1 1 1 -1.5\n"),
};
enum { N_FILES = sizeof files / sizeof *files };

static void refused(const char *text, const char *set, const char *message) {
  dkm_error err = {DKM_OK, ""};
  dkm_job job;
  memset(&job, 0xff, sizeof job);
  assert_int_equal(dkm_job_parse_with_files(&job, "job.yaml", text, set ? 1 : 0, &set, N_FILES, files, &err),
                   DKM_INPUT);
  assert_string_equal(err.message, message);
  assert_null(job.text); /* empty: nothing to free */
  assert_int_equal(job.n_axes, 0);
}

static void unknown_keys_are_refused_with_their_place(void **state) {
  (void)state;
  refused("titel: x\n" SMALL, NULL,
          "job.yaml:1:1: unknown key \"titel\" at the top level; did you mean title? "
          "allowed: title, unit, task, model, initial, drive, axes, reduce, "
          "fatal, solver, output, exactness");
  refused(SMALL "  kapa_mu: [1]\n", NULL, "job.yaml:7:3: unknown key \"kapa_mu\" in model; did you mean kappa_mu? allowed: " KEYS_OF_MODEL);
  refused(MODEL "axes:\n- {name: g0, points: 2, form: 1, to: 2}\n", NULL,
          "job.yaml:7:25: unknown key \"form\" in axes[1]; did you mean from? "
          "allowed: name, from, to, points, scale, sample, seed, values, "
          "file, zip");
}

static void wrong_types_are_refused(void **state) {
  (void)state;
  refused("model: 5\n", NULL, "job.yaml:1:8: model is a single value, but must be a group of keys");
  refused("model: {patterns: [4]}\n", NULL, "job.yaml:1:19: model.patterns is a list, but must be a single value");
  refused("model: {kappa_mu: {a: 1}}\n", NULL,
          "job.yaml:1:19: model.kappa_mu is a group of keys, but must be a list, such as [1, 2]");
  refused("model: {kappa_mu: [1, {a: 1}]}\n", NULL,
          "job.yaml:1:23: model.kappa_mu[2] is a group of keys, but must be a single value");
  refused("model: {patterns: four}\n", NULL,
          "job.yaml:1:19: model.patterns is \"four\", but must be an integer 1 ... 20");
  refused("model: {patterns: 2.5}\n", NULL, "job.yaml:1:19: model.patterns is 2.5, but must be an integer 1 ... 20");
  refused(SMALL "axes:\n- 5\n", NULL, "job.yaml:8:3: axes[1] is a single value, but must be a group of keys");
}

static void numbers_with_something_behind_them_are_refused(void **state) {
  (void)state;
  refused(SMALL "initial: {overlap: 0.5.1}\n", NULL,
          "job.yaml:7:20: initial.overlap is 0.5.1, but must be a number from -1 to 1");
  refused(SMALL "initial: {overlap: 1.0x}\n", NULL,
          "job.yaml:7:20: initial.overlap is \"1.0x\", but must be a number from -1 to 1");
  refused(SMALL "initial: {seed: 0x10}\n", NULL,
          "job.yaml:7:17: initial.seed is \"0x10\", but must be an integer 0 ... 134217727");
  refused(SMALL "initial: {seed: }\n", NULL,
          "job.yaml:7:17: initial.seed is empty, but must be an integer 0 ... 134217727");
}

static void what_is_often_mistyped_is_hinted_at(void **state) {
  (void)state;
  refused(SMALL "initial: {overlap: \xe2\x88\x92""0.5}\n", NULL,
          "job.yaml:7:20: initial.overlap is \"\xe2\x88\x92""0.5\", but must be a number from -1 to 1; there is a minus sign of "
          "typesetting (U+2212) in place of -");
  refused(MODEL "  g0: 0,9\n", NULL,
          "job.yaml:6:7: model.g0 is \"0,9\", but must be a finite number >= 0; if 0,9 has a decimal comma: numbers have a point, "
          "0.9");
  refused(SMALL "axes:\n- {name: kappa_mu[1], values: [1, 2]}\n", NULL,
          "job.yaml:8:18: not valid YAML: did not find expected ',' or '}' while parsing a flow mapping; within braces such a "
          "name needs quotation marks: \"kappa_mu[1]\"");
  refused(SMALL, "kappa_mu=2",
          "--set kappa_mu=2: unknown key \"kappa_mu\" at the top level; did you mean model.kappa_mu? allowed: title, unit, task, model, "
          "initial, drive, axes, reduce, fatal, solver, output, exactness");
}

static void missing_keys_are_named(void **state) {
  (void)state;
  refused("title: x\n", NULL, "job.yaml: model.patterns is missing, but must be an integer 1 ... 20");
  refused("title: x\nmodel: {patterns: 2}\n", NULL,
          "job.yaml:2:1: model.g0 is missing, but must be a finite number >= 0");
  refused("title: x\nmodel: {patterns: 2, g0: 1}\n", NULL,
          "job.yaml:2:1: model.Omega is missing, but must be a finite number");
  refused("model: {patterns: 2, Omega: 1}\n", NULL,
          "job.yaml:1:1: model.g0 is missing, but must be a finite number >= 0");
  refused("model: {patterns: 2, Omega: 1, g0: 1, Omega_mu: [1]}\n", NULL,
          "job.yaml:1:1: model.kappa_mu is missing, but must be a list of 1 or 2 values");
  refused("model: {patterns: 2, Omega: 1, g0: 1, Omega_mu: [1]}\naxes:\n- {name: \"kappa_mu[1]\", values: [1]}\n", NULL,
          "job.yaml:1:1: model.kappa_mu is missing, but must be a list of 1 or 2 values");
}

static void values_out_of_range_are_refused(void **state) {
  (void)state;
  refused("model:\n  patterns: 2\n  Omega: 1\n  g0: -1\n", NULL,
          "job.yaml:4:7: model.g0 is -1, but must be a finite number >= 0");
  refused(SMALL, "model.kappa_mu=[1, -1, 1]",
          "--set model.kappa_mu=[1, -1, 1]: model.kappa_mu[2] is -1, but must be a finite number > 0");
  refused(SMALL, "model.kappa_mu=0", "--set model.kappa_mu=0: model.kappa_mu[1] is 0, but must be a finite number > 0");
  refused(SMALL, "model.Omega_mu=0",
          "--set model.Omega_mu=0: model.Omega_mu[1] is 0, but must be a finite number other than 0");
  refused(SMALL "initial: {pattern: 0}\n", NULL, "job.yaml:7:20: initial.pattern is 0, but must be an integer 1 ... 3");
  refused(SMALL "initial:\n  pattern: 4\n", NULL,
          "job.yaml:8:12: initial.pattern is 4, but must be an integer 1 ... 3");
  refused(SMALL "initial: {overlap: -1.01}\n", NULL,
          "job.yaml:7:20: initial.overlap is -1.01, but must be a number from -1 to 1");
  refused(SMALL "initial: {perturbation: 2}\n", NULL,
          "job.yaml:7:25: initial.perturbation is 2, but must be a number from 0 to 1");
  refused(SMALL "initial: {seed: -1}\n", NULL,
          "job.yaml:7:17: initial.seed is -1, but must be an integer 0 ... 134217727");
  refused(SMALL "solver: {tolerance: 1e-2}\n", NULL,
          "job.yaml:7:21: solver.tolerance is 1e-2, but must be a number from 1e-15 to 0.001");
  refused(SMALL "solver: {t_max: 0}\n", NULL, "job.yaml:7:17: solver.t_max is 0, but must be a finite number > 0");
  refused(SMALL "solver: {max_steps: 0}\n", NULL,
          "job.yaml:7:21: solver.max_steps is 0, but must be an integer 1 ... 9007199254740992");
  refused(SMALL "solver:\n  max_steps: 1.5\n", NULL,
          "job.yaml:8:14: solver.max_steps is 1.5, but must be an integer 1 ... 9007199254740992");
  refused(SMALL, "solver.max_steps=1e16",
          "--set solver.max_steps=1e16: solver.max_steps is 1e16, but must be an integer 1 ... 9007199254740992");
}

static void values_that_are_not_finite_are_refused(void **state) {
  (void)state;
  refused(SMALL, "model.Omega=.nan", "--set model.Omega=.nan: model.Omega is .nan, but must be a finite number");
  refused(SMALL, "model.Omega=nan", "--set model.Omega=nan: model.Omega is nan, but must be a finite number");
  refused(SMALL, "model.g0=.inf", "--set model.g0=.inf: model.g0 is .inf, but must be a finite number >= 0");
  refused(SMALL, "model.g0=1e999", "--set model.g0=1e999: model.g0 is 1e999, but must be a finite number >= 0");
  refused(MODEL "axes:\n- {name: g0, values: [1, .nan]}\n", NULL,
          "job.yaml:7:26: axes.g0.values[2] is .nan, but must be a finite number >= 0");
  refused(MODEL "axes:\n- {name: g0, from: 1, to: inf, points: 3}\n", NULL,
          "job.yaml:7:27: axes.g0.to is inf, but must be a finite number >= 0");
}

static void choices_are_listed(void **state) {
  (void)state;
  refused(SMALL "  mapping: letters\n", NULL,
          "job.yaml:7:12: model.mapping is \"letters\", but must be gauged, ungauged, values, matrix or random");
  refused(SMALL "solver: {method: rk4}\n", NULL,
          "job.yaml:7:18: solver.method is \"rk4\", but must be ensemble or gsl");
  refused(SMALL "solver: {sensitivity: maybe}\n", NULL,
          "job.yaml:7:23: solver.sensitivity is \"maybe\", but must be off or on");
  refused(SMALL "output: {state: all}\n", NULL, "job.yaml:7:17: output.state is \"all\", but must be none or final");
  refused(MODEL "axes:\n- {name: g0, from: 1, to: 2, points: 3, scale: cubic}\n", NULL,
          "job.yaml:7:48: axes.g0.scale is \"cubic\", but must be linear or log");
}

static void lists_per_mode_have_one_or_all_values(void **state) {
  (void)state;
  refused(SMALL, "model.Omega_mu=1,2",
          "--set model.Omega_mu=1,2: model.Omega_mu has 2 values, but must have 1 or 3, the number of patterns");
  refused("model:\n  Omega_mu: []\n", NULL,
          "job.yaml:2:13: model.Omega_mu is an empty list, but must hold at least one value");
}

static void too_many_patterns_are_refused_with_the_memory_they_would_take(void **state) {
  (void)state;
  dkm_error err;
  dkm_job job;
  assert_int_equal(dkm_job_parse(&job, "job.yaml", "model: {patterns: 24}\n", 0, NULL, &err), DKM_INPUT);
  const char *start = "job.yaml:1:19: model.patterns is 24, but must be an integer 1 ... 20: with 2^23 classes a state "
                      "would take 0.201 GB and a rank, which integrates several at once, ";
  assert_memory_equal(err.message, start, strlen(start));
  assert_true(strtod(err.message + strlen(start), NULL) > 0.201); /* how much more depends on the lanes of the kernel */
  refused("model: {patterns: 21000}\n", NULL,
          "job.yaml:1:19: model.patterns is 21000, but must be an integer 1 ... 20");
  refused("model: {patterns: 0}\n", NULL, "job.yaml:1:19: model.patterns is 0, but must be an integer 1 ... 20");
}

static void axes_of_unknown_quantities_are_refused(void **state) {
  (void)state;
  refused(SMALL "axes:\n- {name: gamma_left, values: [1]}\n", NULL,
          "job.yaml:8:10: axes.gamma_left.name is wrong: \"gamma_left\" is not a quantity; allowed: " QUANTITIES);
  refused(SMALL "axes:\n- {values: [1]}\n", NULL,
          "job.yaml:8:3: axes[1].name is missing, but must say what the axis varies, such as g0");
}

static void mode_indices_out_of_range_are_refused(void **state) {
  (void)state;
  static const char *const wrong[] = {"[0]", "[4]", "[-1]", "[x]", "[1]x", "[", "[99999999999999999999]"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    char text[512], message[512];
    snprintf(text, sizeof text, SMALL "axes:\n- name: \"Omega_mu%s\"\n  values: [1]\n", wrong[i]);
    char key[64]; /* a name with odd characters is not part of the key */
    snprintf(key, sizeof key, strchr(wrong[i], '-') ? "axes[1]" : "axes.Omega_mu%s", wrong[i]);
    snprintf(message, sizeof message, "job.yaml:8:9: %s.name is wrong: \"Omega_mu%s\" has a mode index outside 1 ... 3",
             key, wrong[i]);
    refused(text, NULL, message);
  }
  refused(SMALL "axes:\n- {name: \"g0[1]\", values: [1]}\n", NULL,
          "job.yaml:8:10: axes.g0[1].name is wrong: \"g0[1]\" has a mode index, but there is one g0 for all modes");
}

static void empty_axes_are_refused(void **state) {
  (void)state;
  refused(MODEL "axes:\n- name: g0\n", NULL,
          "job.yaml:7:3: axes.g0 is empty, but must have values or from, to and points");
  refused(MODEL "axes:\n- {name: g0, values: []}\n", NULL,
          "job.yaml:7:22: axes[1].values is an empty list, but must hold at least one value");
  refused(MODEL "axes:\n- {name: g0, from: 1, to: 2, points: 0}\n", NULL,
          "job.yaml:7:38: axes.g0.points is 0, but must be an integer 1 ... 1000000000");
}

static void axes_that_are_not_monotonic_are_refused(void **state) {
  (void)state;
  refused(MODEL "axes:\n- {name: g0, values: [1, 2, 1.5]}\n", NULL,
          "job.yaml:7:22: axes.g0.values must rise or fall strictly, but value 2 is 2 and value 3 is 1.5");
  refused(MODEL "axes:\n- {name: g0, values: [1, 1]}\n", NULL,
          "job.yaml:7:22: axes.g0.values must rise or fall strictly, but value 1 is 1 and value 2 is 1");
  refused(MODEL "axes:\n- {name: g0, from: 1, to: 1, points: 2}\n", NULL,
          "job.yaml:7:27: axes.g0.to is 1, but must differ from `from`");
  refused(MODEL "axes:\n- {name: g0, from: 1, to: 1.0000000000000002, points: 3}\n", NULL,
          "job.yaml:7:3: axes.g0 must rise or fall strictly, but value 1 is 1 and value 2 is 1");
}

static void a_plateau_is_not_monotonic(void **state) {
  (void)state;
  refused(MODEL "axes:\n- {name: g0, values: [1, 2, 2]}\n", NULL,
          "job.yaml:7:22: axes.g0.values must rise or fall strictly, but value 2 is 2 and value 3 is 2");
  refused(MODEL "axes:\n- {name: g0, values: [2, 1, 1]}\n", NULL,
          "job.yaml:7:22: axes.g0.values must rise or fall strictly, but value 2 is 1 and value 3 is 1");
}

static void incomplete_axes_are_refused(void **state) {
  (void)state;
  refused(MODEL "axes:\n- {name: g0, from: 1, to: 2}\n", NULL,
          "job.yaml:7:3: axes.g0.points is missing, but must be an integer 1 ... 1000000000");
  refused(MODEL "axes:\n- {name: g0, from: 1, points: 2}\n", NULL,
          "job.yaml:7:3: axes.g0.to is missing, but must be a finite number >= 0");
  refused(MODEL "axes:\n- {name: g0, to: 1, points: 2}\n", NULL,
          "job.yaml:7:3: axes.g0.from is missing, but must be a finite number >= 0");
  refused(MODEL "axes:\n- {name: g0, from: 1, to: 2, points: 1}\n", NULL,
          "job.yaml:7:38: axes.g0.points is 1, but must be at least 2 since `from` and `to` differ");
  refused(MODEL "axes:\n- {name: g0, values: [1], points: 1}\n", NULL,
          "job.yaml:7:3: axes.g0 has both values and points, but must have either values or from, to and points");
}

static void values_on_an_axis_stay_within_the_range_of_the_quantity(void **state) {
  (void)state;
  refused(MODEL "axes:\n- {name: g0, from: -1, to: 1, points: 3}\n", NULL,
          "job.yaml:7:20: axes.g0.from is -1, but must be a finite number >= 0");
  refused(MODEL "axes:\n- {name: g0, from: 0, to: 1, points: 3, scale: log}\n", NULL,
          "job.yaml:7:20: axes.g0.from is 0, but must be a finite number > 0");
  refused(SMALL "axes:\n- {name: Omega_mu, from: -1, to: 1, points: 3}\n", NULL,
          "job.yaml:8:3: axes.Omega_mu value 2 of 3 is 0, but must be a finite number other than 0");
  refused(SMALL "axes:\n- {name: pattern, from: 1, to: 2, points: 3}\n", NULL,
          "job.yaml:8:3: axes.pattern value 2 of 3 is 1.5, but must be an integer 1 ... 3");
  refused(SMALL "axes:\n- {name: pattern, values: [1, 4]}\n", NULL,
          "job.yaml:8:31: axes.pattern.values[2] is 4, but must be an integer 1 ... 3");
}

/* A number that no axis of this parameter may have, where any number may stand NaN. */
static void spell_wrong(const dkm_parameter *parameter, char out[32]) {
  if (parameter->limits.not_zero || parameter->limits.min_excluded)
    strcpy(out, "0");
  else if (isfinite(parameter->limits.min))
    snprintf(out, 32, "%.0f", parameter->limits.min - 1);
  else
    strcpy(out, "nan");
}

/* Wherever an axis has it: line and column of that value, or the --set that gives it. */
static void what_is_wrong_on_an_axis_is_placed_there(void **state) {
  (void)state;
  static const struct {
    const char *format, *set, *place, *part;
  } ways[] = {
      {"- name: %s\n  values:\n  - 1\n  - %s\n", NULL, "job.yaml:12:5", ".values[2]"},
      {"- name: %s\n  from: 1\n  to: %s\n  points: 2\n", NULL, "job.yaml:11:7", ".to"},
      {"- name: %s\n  from: 1\n  points: 2\n  to: 1 # %s\n", "axes.%s.to=%s", "--set", ".to"},
  };
  for (int i = 0; i < dkm_n_parameters; i++)
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
      const dkm_parameter *parameter = &dkm_parameters[i];
      char text[1024] = SMALL "axes:\n- {name: kappa_mu_1, values: [1, 2]}\n", wrong[32], set[64], start[128];
      const char *name = strcmp(parameter->name, "kappa_mu") == 0 ? "kappa_mu_2" : parameter->name, *p_set = set;
      dkm_error err = {DKM_OK, ""};
      dkm_job job;
      spell_wrong(parameter, wrong);
      snprintf(text + strlen(text), sizeof text - strlen(text), ways[w].format, name, wrong);
      if (ways[w].set) snprintf(set, sizeof set, ways[w].set, name, wrong);
      assert_int_equal(dkm_job_parse(&job, "job.yaml", text, ways[w].set != NULL, &p_set, &err), DKM_INPUT);
      snprintf(start, sizeof start, "%s%s%s: axes.%s%s is %s, but must be ", ways[w].place, ways[w].set ? " " : "",
               ways[w].set ? set : "", name, ways[w].part, wrong);
      if (strncmp(err.message, start, strlen(start)) != 0) fail_msg("%s\ninstead of\n%s", err.message, start);
    }
}

/* Also what only the whole job tells to be wrong. */
static void what_a_job_has_no_room_for_on_an_axis_is_placed_there(void **state) {
  (void)state;
#define EXACT                                                                                                          \
  "task: exactness\nmodel: {patterns: 1, g0: 1, Omega: 1, Omega_mu: 1, kappa_mu: 1}\n"                                  \
  "exactness: {t_end: 1, points: 2}\naxes:\n- {name: overlap, values: [0.5, 1]}\n"
#define AT "- name: "
  static const struct {
    const char *text, *set, *message;
  } cases[] = {
      {EXACT AT "spins_per_class\n  values:\n  - 3\n  - 0\n  zip: a\n- {name: imbalance, values: [0, 0], zip: a}\n", NULL,
       "job.yaml:9:5: axes.spins_per_class.values[2] is 0, but task: exactness needs an integer 1 ..."},
      {EXACT AT "spins_per_class\n  from: 0\n  to: 4\n  points: 3\n", NULL,
       "job.yaml:7:9: axes.spins_per_class.from is 0, but task: exactness needs an integer 1 ..."},
      {EXACT AT "spins_per_class\n  from: 4\n  to: 8\n  points: 5\n", "axes.spins_per_class.from=0",
       "--set axes.spins_per_class.from=0: axes.spins_per_class.from is 0, but task"},
      {EXACT AT "spins_per_class\n  values: [2, 11]\n- {name: gamma_phi, values: [0, 1]}\n", NULL,
       "job.yaml:7:15: axes.spins_per_class.values[2] is 11, but with losses of single spins must be at most 10"},
      {EXACT "- {name: spins_per_class, values: [1]}\n" AT "flip\n  values: [0, 0.5]\n", NULL,
       "job.yaml:7:3: axes.flip is not 0 everywhere, but task: exactness knows nothing of it"},
      {EXACT "- {name: spins_per_class, values: [1]}\n" AT "imbalance\n  values: [0, 0.5]\n", NULL,
       "job.yaml:7:3: axes.imbalance is not 0 everywhere, but task: exactness knows nothing of it"},
      {SMALL "axes:\n- {name: overlap, values: [1]}\n" AT "spins_per_class\n  values: [1, 2]\n", NULL,
       "job.yaml:9:3: axes.spins_per_class has no effect without task: exactness"},
      {SMALL "axes:\n- {name: overlap, values: [1]}\n" AT "flip_exactly\n  values:\n  - 0\n  - 2\n", NULL,
       "job.yaml:12:5: axes.flip_exactly.values[2] is 2, but model.mapping: gauged has no number of spins"},
      {SMALL "axes:\n- {name: overlap, values: [1]}\n" AT "pattern_seed\n  values: [1, 2]\n", NULL,
       "job.yaml:9:3: axes.pattern_seed is for model.mapping: random alone"},
      {SMALL "axes:\n- {name: overlap, values: [1]}\n" AT "duration\n  values: [1, 2]\n", NULL,
       "job.yaml:9:3: axes.duration varies the duration of a drive, but there is none: drive.time is missing"},
      {SMALL "drive: {time: [0, 1], g0: [0, 1]}\naxes:\n" AT "duration\n  values:\n  - 2\n  - 0\n", NULL,
       "job.yaml:12:5: axes.duration.values[2] is 0, but a drive needs a number > 0"},
      {SMALL "axes:\n" AT "pattern\n  from: 1\n  to: 3\n  points: 3\n", "axes.pattern.points=4",
       "--set axes.pattern.points=4: axes.pattern value 2 of 4 is 1.66666666666667, but must be an integer 1 ... 3"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    dkm_error err = {DKM_OK, ""};
    dkm_job job;
    assert_int_equal(dkm_job_parse(&job, "job.yaml", cases[i].text, cases[i].set != NULL, &cases[i].set, &err), DKM_INPUT);
    if (strncmp(err.message, cases[i].message, strlen(cases[i].message)) != 0)
      fail_msg("%s\ninstead of\n%s", err.message, cases[i].message);
  }
#undef AT
#undef EXACT
}

static void two_axes_for_one_quantity_are_refused(void **state) {
  (void)state;
  refused(MODEL "axes:\n- {name: g0, values: [1]}\n- {name: g0, values: [2]}\n", NULL,
          "job.yaml:8:10: axes.g0.name occurs twice: axes 1 and 2 both vary g0");
  refused(SMALL "axes:\n- {name: \"kappa_mu[2]\", values: [1]}\n- {name: kappa_mu, values: [2]}\n", NULL,
          "job.yaml:9:10: axes.kappa_mu.name is ambiguous: axes kappa_mu[2] and kappa_mu both vary kappa_mu[2]");
}

static void more_axes_than_there_is_room_for_are_refused(void **state) {
  (void)state;
  char text[2048] = SMALL "axes:\n", line[64], message[128];
  for (int i = 0; i <= DKM_MAX_AXES; i++) {
    snprintf(line, sizeof line, "- {name: \"Omega_mu[%d]\"}\n", i + 1);
    strcat(text, line);
  }
  snprintf(message, sizeof message, "job.yaml:8:1: axes has %d axes, but at most %d are possible", DKM_MAX_AXES + 1, DKM_MAX_AXES);
  refused(text, NULL, message);
}

static void too_many_points_are_refused_with_their_number(void **state) {
  (void)state;
  refused(MODEL "axes:\n- {name: g0, from: 0, to: 1, points: 1000000000}\n- {name: pattern, values: [1, 2]}\n", NULL,
          "job.yaml:7:1: axes make 2000000000 points, but at most 1000000000 are possible");
  refused(MODEL "axes:\n"
                "- {name: g0, from: 0, to: 1, points: 1e9}\n- {name: Omega, from: 0, to: 1, points: 1e9}\n"
                "- {name: overlap, from: 0, to: 1, points: 1e9}\n",
          NULL, "job.yaml:7:1: axes make 1e+27 points, but at most 1000000000 are possible");
  refused(MODEL "axes:\n- {name: g0, from: 0, to: 1, points: 99999999999999999999}\n", NULL,
          "job.yaml:7:38: axes.g0.points is 99999999999999999999, but must be an integer 1 ... 1000000000");
}

static void axes_that_would_fill_the_memory_are_refused(void **state) {
  (void)state;
  refused(MODEL "axes:\n- {name: g0, from: 0, to: 1, points: 1000000000}\n", NULL,
          "job.yaml:7:1: axes have 1000000000 values in all, but at most 100000000 are possible");
  refused(MODEL
          "axes:\n"
          "- {name: g0, from: 0, to: 1, points: 6e7, zip: a}\n- {name: Omega, from: 0, to: 1, points: 6e7, zip: a}\n",
          NULL, "job.yaml:7:1: axes have 120000000 values in all, but at most 100000000 are possible");
}

static void zip_groups_must_fit(void **state) {
  (void)state;
  refused(MODEL "axes:\n- {name: g0, values: [1, 2], zip: a}\n- {name: Omega, values: [1], zip: a}\n", NULL,
          "job.yaml:8:3: axes.Omega has 1 values, but g0, in the same zip a, has 2");
  refused(MODEL "axes:\n- {name: g0, values: [1, 2], zip: a}\n", NULL,
          "job.yaml:7:35: axes.g0.zip is \"a\", but no other axis is in that group");
  refused(MODEL "axes:\n- {name: g0, values: [1, 2], zip: xi}\n", NULL,
          "job.yaml:7:35: axes.g0.zip is \"xi\", a name that the output file gives to something else; choose another");
  refused(MODEL "axes:\n- {name: g0, values: [1, 2], zip: seed}\n", NULL,
          "job.yaml:7:35: axes.g0.zip is \"seed\", a name that the output file gives to an axis; choose another");
  refused(
      MODEL "axes:\n- {name: g0, values: [1, 2], zip: 2a}\n", NULL,
      "job.yaml:7:35: axes.g0.zip is \"2a\", but must be a name of letters, digits and _, at most 63, not beginning "
      "with a digit");
}

static void texts_that_are_no_job_are_refused(void **state) {
  (void)state;
  refused("", NULL, "job.yaml: this job is empty");
  refused("# nothing\n", NULL, "job.yaml: this job is empty");
  refused("---\n", NULL, "job.yaml:2:1: this job is empty");
  refused("hello", NULL, "job.yaml:1:1: a job must consist of keys and values, such as `model:`");
  refused("[1, 2]", NULL, "job.yaml:1:1: a job must consist of keys and values, such as `model:`");
  refused("a: b: c\n", NULL, "job.yaml:1:5: not valid YAML: mapping values are not allowed in this context");
  refused(
      "model:\n\tOmega: 1\n", NULL,
      "job.yaml:2:1: not valid YAML: a tab is not allowed for indentation, only spaces are");
  refused("a: \x01\n", NULL, "job.yaml:1:4: not UTF-8 text: control characters are not allowed");
  refused("title: x\n# M\xfcnchen\n", NULL, "job.yaml:2:4: not UTF-8 text: invalid leading UTF-8 octet");
  refused(SMALL, "title=\xff", "--set title=?: not UTF-8 text: invalid leading UTF-8 octet");
  refused("\xef\xbb\xbf"
          "titel: x\r\n",
          NULL, /* a mark of byte order and Windows' ends of lines are no mistakes */
          "job.yaml:1:1: unknown key \"titel\" at the top level; did you mean title? "
          "allowed: title, unit, task, model, initial, drive, axes, reduce, "
          "fatal, solver, output, exactness");
  refused(SMALL "---\n" SMALL, NULL, "job.yaml:7:1: a second YAML document begins here");
  refused("title: &t x\nmodel: *t\n", NULL, "job.yaml:2:8: aliases (*name) are not supported");
  refused("base: &b {g0: 1}\nmodel: {<<: *b}\n", NULL, "job.yaml:2:13: aliases (*name) are not supported");
  refused("model: {<<: {g0: 1}}\n", NULL, "job.yaml:1:9: unknown key \"<<\" in model; allowed: " KEYS_OF_MODEL);
  refused("# x\r\n%TAG !a! b\n---\n" SMALL, NULL, "job.yaml:2:1: tag directives (%TAG) are not supported");
  refused("# x\xe2\x80\xa8%TAG !a! b\n", NULL, "job.yaml:1:7: tag directives (%TAG) are not supported");
  refused("title: 5 %TAG\n", NULL, "job.yaml: model.patterns is missing, but must be an integer 1 ... 20");
  refused("? [a]\n: b\n", NULL, "job.yaml:1:3: a key must be a single word");
  refused(SMALL "\"\": 1\n", NULL, "job.yaml:7:1: a key is missing before this colon");
  refused(SMALL "\"a\\nb\": 1\n", NULL, "job.yaml:7:1: this key is far too long or holds strange characters");
  refused(SMALL "\"a\\0b\": 1\n", NULL, "job.yaml:7:1: this key is far too long or holds strange characters");
  refused(SMALL "title: \"a\\0b\"\n", NULL, "job.yaml:7:8: this value holds a zero byte");
  refused("title: a\nmodel: {}\ntitle: b\n", NULL, "job.yaml:3:1: key title occurs twice");
}

static void deep_nesting_is_refused(void **state) {
  (void)state;
  char text[3000];
  memset(text, '[', sizeof text - 1);
  text[0] = 'a', text[1] = ':', text[2] = ' ', text[sizeof text - 1] = '\0';
  refused(text, NULL, "job.yaml:1:11: nested too deeply for a job");
}

static void long_titles_are_refused(void **state) {
  (void)state;
  char text[2000];
  snprintf(text, sizeof text, "title: %01001d\n%s", 0, SMALL);
  refused(text, NULL, "job.yaml:1:8: title has 1001 bytes, but must have at most 1000");
}

static void titles_that_would_command_a_terminal_are_refused(void **state) {
  (void)state;
  refused("title: \"\\e[31mred\"\n" SMALL, NULL, "job.yaml:1:8: title holds a control character, but must be text");
  refused("title: \"\\x9b31m\"\n" SMALL, NULL, "job.yaml:1:8: title holds a control character, but must be text");
  dkm_job job;
  dkm_error err;
  assert_int_equal(dkm_job_parse(&job, "job.yaml", "title: |\n  caf\xc3\xa9\n  \t2\n" SMALL, 0, NULL, &err), DKM_OK);
  assert_string_equal(job.title, "caf\xc3\xa9\n\t2\n");
  dkm_job_free(&job);
}

/* ---- systems ---- */

#define OF(rest)     "model:\n  g0: 0.9\n  Omega: 0.5\n  Omega_mu: [1.5]\n  kappa_mu: [1.0]\n" rest
#define VALUES(rest) OF("  patterns: 3\n  mapping: values\n" rest)
#define MATRIX(rest) OF("  mapping: matrix\n" rest)
#define RANDOM(rest) OF("  patterns: 3\n  mapping: random\n" rest)

static void values_must_be_a_distribution(void **state) {
  (void)state;
  refused(VALUES(""), NULL,
          "job.yaml:1:1: model.values is missing, but must be a list, each of it a number from -1e+06 to "
          "1e+06");
  refused(VALUES("  values: [1, 2]\n"), NULL,
          "job.yaml:1:1: model.probabilities is missing, but must be a list, each of it a number > 0 and <= 1");
  refused(VALUES("  values: [1, 2, 3]\n  probabilities: [0.5, 0.5]\n"), NULL,
          "job.yaml:9:18: model.probabilities has 2 numbers, but must have 3, one for each of model.values");
  refused(VALUES("  values: [1, 2]\n  probabilities: [0.5, 0.4]\n"), NULL,
          "job.yaml:9:18: model.probabilities has the sum 0.9, but must have the sum 1");
  refused(VALUES("  values: [1, 2]\n  probabilities: [0.5, 0.50000001]\n"), NULL,
          "job.yaml:9:18: model.probabilities has the sum 1.00000001, but must have the sum 1");
  refused(VALUES("  values: [1, 2]\n  probabilities: [1, 0]\n"), NULL,
          "job.yaml:9:22: model.probabilities[2] is 0, but must be a number > 0 and <= 1");
  refused(VALUES("  values: [1, 2, 1.0]\n  probabilities: [0.5, 0.25, 0.25]\n"), NULL,
          "job.yaml:8:18: model.values[3] is 1, as is model.values[1], but each must be another");
  refused(VALUES("  values: [1, many]\n  probabilities: [0.5, 0.5]\n"), NULL,
          "job.yaml:8:15: model.values[2] is \"many\", but must be a number from -1e+06 to 1e+06");
  refused(VALUES("  values: [0]\n  probabilities: [1]\n"), NULL,
          "job.yaml:8:11: model.values is 0 alone, but must have some other number");
  refused(
      VALUES("  values: [1, 0, 2]\n  probabilities: [0.25, 0.25, 0.5]\n"), "model.patterns=13",
      "job.yaml:8:11: model.values has 3 numbers, and 13 patterns of them 1594323 columns: more than 1048576 classes");
}

static void a_matrix_must_be_one(void **state) {
  (void)state;
#define WITH(name) MATRIX("  matrix: " name "\n"), NULL, "job.yaml:7:11: model.matrix cannot be used: " name
  refused(MATRIX(""), NULL,
          "job.yaml:1:1: model.matrix is missing, but model.mapping: matrix needs it, or model.images");
  refused(WITH("ragged.txt") ":3: has 3 numbers, but the first row (line 2) has 4; all must have as many");
  refused(WITH("word.txt") ":2: 'one' in column 3 is not a number; allowed: finite decimal numbers");
  refused(WITH("nan.txt") ":1: 'nan' in column 3 is not a finite number; allowed: finite decimal numbers");
  refused(WITH("zero.txt") ":2: row 2 is 0 everywhere, but must have some other number");
  refused(WITH("empty.txt") ": is empty");
  refused(MATRIX("  matrix: none.txt\n"), NULL,
          "job.yaml:7:11: model.matrix names none.txt, which is not with the job");
  refused(MATRIX("  matrix: ''\n"), NULL, "job.yaml:7:11: model.matrix is empty, but must name a file");
  refused(MATRIX("  matrix: [good.txt]\n"), NULL, "job.yaml:7:11: model.matrix is a list, but must be a single value");
  refused(MATRIX("  images: {a: small.pbm}\n"), NULL,
          "job.yaml:7:11: model.images is a group of keys, but must be a list, such as [1, 2]");
  refused(MATRIX("  matrix: good.txt\n  patterns: 3\n"), NULL,
          "job.yaml:8:13: model.patterns is 3, but model.matrix gives 2");
  refused(MATRIX("  images: [small.pbm, other.pbm]\n  patterns: 1\n"), NULL,
          "job.yaml:8:13: model.patterns is 1, but model.images gives 2");
  refused(MATRIX("  matrix: good.txt\n  patterns: 21\n"), NULL,
          "job.yaml:8:13: model.patterns is 21, but must be an integer 1 ... 20");
  refused(MATRIX("  matrix: good.txt\n  images: [small.pbm]\n"), NULL,
          "job.yaml:8:11: model.images is given beside model.matrix, but patterns come from one of them");
  refused(MATRIX("  matrix: good.txt\ninitial: {pattern: 3}\n"), NULL,
          "job.yaml:8:20: initial.pattern is 3, but must be an integer 1 ... 2");
#undef WITH
}

static void images_must_have_one_size(void **state) {
  (void)state;
  refused(
      MATRIX("  images: [small.pbm, large.pbm]\n"), NULL,
      "job.yaml:7:11: model.images cannot be used: large.pbm: has 3 x 2 pixels, but small.pbm has 2 x 2; all images "
      "must be of one size");
  refused(
      MATRIX("  images: [small.pbm, good.txt]\n"), NULL,
      "job.yaml:7:11: model.images cannot be used: good.txt: is a text, but of 2 files each must be an image, PBM (P1) "
      "or PNG");
  char text[2048] = MATRIX("  images: [small.pbm");
  for (int i = 0; i < 20; i++) strcat(text, ", small.pbm");
  refused(strcat(text, "]\n"), NULL,
          "job.yaml:7:11: model.images names 21 images, but must name 1 ... 20, one a pattern");
}

static void a_cue_must_fit_its_patterns(void **state) {
  (void)state;
#define WITH(name)                                                                                                     \
  MATRIX("  matrix: good.txt\ninitial:\n  cue: " name "\n"), NULL, "job.yaml:9:8: initial.cue cannot be used: " name
  refused(WITH("cue3.txt") ": has 3 numbers, but the patterns have 4 spins");
  refused(WITH("large.pbm") ": has 6 pixels, but the patterns have 4 spins");
  refused(WITH("good.txt") ": has 2 rows, but a cue must have one");
  refused(WITH("cue2.txt") ": number 4 is -1.5, but must be from -1 to 1, as a component of a spin");
  refused(MATRIX("  matrix: good.txt\ninitial:\n  cue: cue4.txt\n  mixture: [1, 1]\n"), NULL,
          "job.yaml:10:12: initial.mixture is given beside initial.cue, but there is one cue");
  refused(MATRIX("  matrix: good.txt\ninitial: {cue: cue4.txt}\naxes:\n- {name: 'mixture[2]', values: [0, 1]}\n"), NULL,
          "job.yaml:10:3: axes.mixture[2] is given beside initial.cue, but there is one cue");
#undef WITH
}

static void random_patterns_need_a_number_of_spins(void **state) {
  (void)state;
  refused(RANDOM(""), NULL, "job.yaml:1:1: model.spins is missing, but must be an integer 1 ... 1048576");
  refused(RANDOM("  spins: 0\n"), NULL, "job.yaml:8:10: model.spins is 0, but must be an integer 1 ... 1048576");
  refused(RANDOM("  spins: 1.5\n"), NULL, "job.yaml:8:10: model.spins is 1.5, but must be an integer 1 ... 1048576");
  refused(RANDOM("  spins: 1048577\n"), NULL,
          "job.yaml:8:10: model.spins is 1048577, but must be an integer 1 ... 1048576");
  refused(OF("  mapping: random\n  spins: 5\n"), NULL,
          "job.yaml:1:1: model.patterns is missing, but must be an integer 1 ... 20");
  refused(RANDOM("  spins: 5\n  pattern_seed: -1\n"), NULL,
          "job.yaml:9:17: model.pattern_seed is -1, but must be an integer 0 ... 134217727");
}

static void keys_of_another_mapping_are_refused(void **state) {
  (void)state;
  refused(SMALL "  values: [1, 2]\n", NULL,
          "job.yaml:7:11: model.values is for model.mapping: values alone, but that is "
          "gauged");
  refused(SMALL, "model.probabilities=1",
          "--set model.probabilities=1: model.probabilities is for model.mapping: values alone, but that is gauged");
  refused(SMALL "  matrix: good.txt\n", NULL,
          "job.yaml:7:11: model.matrix is for model.mapping: matrix alone, but that is gauged");
  refused(SMALL "  mapping: ungauged\n  images: [small.pbm]\n", NULL,
          "job.yaml:8:11: model.images is for model.mapping: matrix alone, but that is ungauged");
  refused(RANDOM("  spins: 5\n  shades: grey\n"), NULL,
          "job.yaml:9:11: model.shades is for model.mapping: matrix alone, but that is random");
  refused(SMALL "initial: {cue: cue4.txt}\n", NULL,
          "job.yaml:7:16: initial.cue is for model.mapping: matrix alone, but that is gauged");
  refused(SMALL "  spins: 40\n", NULL,
          "job.yaml:7:10: model.spins is for model.mapping: random alone, but that is gauged");
  refused(MATRIX("  matrix: good.txt\n  spins: 4\n"), NULL,
          "job.yaml:8:10: model.spins is for model.mapping: random alone, but that is matrix");
  refused(SMALL "  pattern_seed: 2\n", NULL,
          "job.yaml:7:17: model.pattern_seed is for model.mapping: random alone, but that is gauged");
  refused(SMALL "axes:\n- {name: pattern_seed, values: [1, 2]}\n", NULL,
          "job.yaml:8:3: axes.pattern_seed is for model.mapping: random alone, but that is gauged");
}

static void no_more_spins_are_flipped_than_there_are(void **state) {
  (void)state;
  refused(RANDOM("  spins: 5\ninitial: {flip_exactly: 6}\n"), NULL,
          "job.yaml:9:25: initial.flip_exactly is 6, but must be an integer 0 ... 5, the number of spins");
  refused(
      MATRIX("  matrix: good.txt\n"), "initial.flip_exactly=5",
      "--set initial.flip_exactly=5: initial.flip_exactly is 5, but must be an integer 0 ... 4, the number of spins");
  refused(RANDOM("  spins: 5\naxes:\n- {name: flip_exactly, values: [6, 3, 0]}\n"), NULL,
          "job.yaml:10:33: axes.flip_exactly.values[1] is 6, but must be an integer 0 ... 5, the number of spins");
  refused(
      SMALL "initial: {flip_exactly: 1}\n", NULL,
      "job.yaml:7:25: initial.flip_exactly is 1, but model.mapping: gauged has no number of spins; initial.flip is for "
      "it");
  refused(
      SMALL "axes:\n- {name: flip_exactly, values: [0, 1]}\n", NULL,
      "job.yaml:8:36: axes.flip_exactly.values[2] is 1, but model.mapping: gauged has no number of spins; initial.flip is for it");
  refused(SMALL "initial: {flip: 1.5}\n", NULL, "job.yaml:7:17: initial.flip is 1.5, but must be a number from 0 to 1");
  refused(SMALL "initial: {mixture: [1, 1]}\n", NULL,
          "job.yaml:7:20: initial.mixture has 2 values, but must have 1 or 3, the number of patterns");
}

/* Assignments to a point of a job that has room for other points only. */
static void points_of_another_system_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *text, *assignment, *message;
  } cases[] = {
      {SMALL, "pattern_seed=2", "pattern_seed is for model.mapping: random alone, but that is gauged"},
      {SMALL, "flip_exactly=1", "model.mapping: gauged has no number of spins; flip is for it"},
      {RANDOM("  spins: 5\n"), "flip_exactly=6",
       "flip_exactly is 6, but must be an integer 0 ... 5, the number of spins"},
      {RANDOM("  spins: 5\ninitial: {flip_exactly: 2}\n"), "flip_exactly=3",
       "flip_exactly is 3, but the job flips 2 spins at most; --set initial.flip_exactly=3 changes it"},
      {MATRIX("  matrix: good.txt\n"), "flip_exactly=1",
       "flip_exactly is 1, but the job flips 0 spins at most; --set initial.flip_exactly=1 changes it"},
      {MATRIX("  matrix: good.txt\ninitial: {cue: cue4.txt}\n"), "mixture=1",
       "a mixture beside initial.cue, but there is one cue"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    dkm_job job;
    dkm_error err = {DKM_OK, ""};
    char message[512];
    assert_int_equal(dkm_job_parse_with_files(&job, "job.yaml", cases[i].text, 0, NULL, N_FILES, files, &err), DKM_OK);
    dkm_point point = job.base;
    assert_int_equal(dkm_job_assign(&job, &point, cases[i].assignment, &err), DKM_INPUT);
    snprintf(message, sizeof message, "--at %s: %s", cases[i].assignment, cases[i].message);
    assert_string_equal(err.message, message);
    assert_memory_equal(&point, &job.base, sizeof point);
    dkm_job_free(&job);
  }
}

static void files_that_cannot_be_read_are_refused(void **state) {
  (void)state;
  dkm_error err;
  dkm_job job;
  assert_int_equal(dkm_job_read(&job, "no/such/job.yaml", 0, NULL, &err), DKM_INPUT);
  assert_string_equal(err.message, "no/such/job.yaml: cannot be read: No such file or directory");
  assert_int_equal(dkm_job_read(&job, ".", 0, NULL, &err), DKM_INPUT);
  assert_string_equal(err.message, ".: is a folder, but must be a job file");
  assert_int_equal(dkm_job_read(&job, "/dev/zero", 0, NULL, &err), DKM_INPUT);
  assert_string_equal(err.message, "/dev/zero: is not a text file (it holds a zero byte)");
}

static void wrong_sets_are_refused(void **state) {
  (void)state;
  static const char axis[] = MODEL "axes:\n- {name: g0, from: 0, to: 1, points: 3}\n";
  refused(SMALL, "nothing", "--set nothing: must have the form key=value, such as model.Omega=0.4");
  refused(SMALL, "=1", "--set =1: must have the form key=value, such as model.Omega=0.4");
  refused(SMALL, "model.Om=1", "--set model.Om=1: unknown key \"Om\" in model; allowed: " KEYS_OF_MODEL);
  refused(SMALL, "modul.Omega=1",
          "--set modul.Omega=1: unknown key \"modul\" at the top level; did you mean model? "
          "allowed: title, unit, task, model, initial, drive, axes, "
          "reduce, fatal, solver, output, exactness");
  refused(SMALL, "model.Omega.x=1", "--set model.Omega.x=1: unknown key \"Omega.x\" in model; did you mean Omega? allowed: " KEYS_OF_MODEL);
  refused(SMALL, "model={g0: 1}",
          "--set model={g0: 1}: model is a group; name one of its keys, such as model.patterns");
  refused(SMALL, "model.Omega=[1]", "--set model.Omega=[1]: model.Omega is a list, but must be a single value");
  refused(SMALL, "model.Omega={",
          "--set model.Omega={: not valid YAML: did not find expected node content while parsing a flow node");
  refused(SMALL, "title=a\nmodel: x", "--set title=a?model: x: must be a single line of text");
  refused(SMALL, "title=a\xc2\x85output: {state: final}", /* lines to YAML as well: NEL, LS, PS */
          "--set title=a  output: {state: final}: must be a single line of text");
  refused(SMALL, "title=a\xe2\x80\xa8output: {state: final}",
          "--set title=a   output: {state: final}: must be a single line of text");
  refused(SMALL, "title=a\xe2\x80\xa9output: {state: final}",
          "--set title=a   output: {state: final}: must be a single line of text");
  refused(axis, "axes.g1.points=2", "--set axes.g1.points=2: the job has no axis g1; did you mean g0? it has: g0");
  refused(MODEL "axes:\n- {name: g0, values: [1]}\n", "axes.g0.points=2", /* drops the values */
          "job.yaml:7:3: axes.g0.from is missing, but must be a finite number >= 0");
  refused(SMALL, "axes.g0.points=2", "--set axes.g0.points=2: the job has no axis g0; it has: none");
  refused(axis, "axes.g0=2", "--set axes.g0=2: must name an axis and its key, such as axes.g0.points");
  refused(axis, "axes.g0.name=Omega", "--set axes.g0.name=Omega: an axis cannot be renamed");
  refused(axis, "axes.g0.point=2",
          "--set axes.g0.point=2: unknown key \"point\" in axes; did you mean points? "
          "allowed: name, from, to, points, scale, sample, seed, values, "
          "file, zip");
  refused(axis, "axes.g0.points=0",
          "--set axes.g0.points=0: axes.g0.points is 0, but must be an integer 1 ... 1000000000");
}

static void wrong_assignments_are_refused(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"g0", "--at g0: must have the form name=value, such as g0=1.1"},
      {"g0=-1", "--at g0=-1: g0 is -1, but must be a finite number >= 0"},
      {"pattern=4", "--at pattern=4: pattern is 4, but must be an integer 1 ... 3"},
      {"kappa_mu[4]=1", "--at kappa_mu[4]=1: \"kappa_mu[4]\" has a mode index outside 1 ... 3"},
      {"kapa=1", "--at kapa=1: \"kapa\" is not a quantity; allowed: " QUANTITIES},
  };
  dkm_job job;
  dkm_error err;
  assert_int_equal(dkm_job_parse(&job, "job.yaml", SMALL, 0, NULL, &err), DKM_OK);
  dkm_point before = job.base, point = job.base;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(dkm_job_assign(&job, &point, cases[i][0], &err), DKM_INPUT);
    assert_string_equal(err.message, cases[i][1]);
    assert_memory_equal(&point, &before, sizeof point);
  }
  dkm_job_free(&job);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unknown_keys_are_refused_with_their_place),
      cmocka_unit_test(wrong_types_are_refused),
      cmocka_unit_test(numbers_with_something_behind_them_are_refused),
      cmocka_unit_test(what_is_often_mistyped_is_hinted_at), cmocka_unit_test(missing_keys_are_named),
      cmocka_unit_test(values_out_of_range_are_refused),
      cmocka_unit_test(values_that_are_not_finite_are_refused),
      cmocka_unit_test(choices_are_listed),
      cmocka_unit_test(lists_per_mode_have_one_or_all_values),
      cmocka_unit_test(too_many_patterns_are_refused_with_the_memory_they_would_take),
      cmocka_unit_test(axes_of_unknown_quantities_are_refused),
      cmocka_unit_test(mode_indices_out_of_range_are_refused),
      cmocka_unit_test(empty_axes_are_refused),
      cmocka_unit_test(axes_that_are_not_monotonic_are_refused),
      cmocka_unit_test(a_plateau_is_not_monotonic),
      cmocka_unit_test(incomplete_axes_are_refused),
      cmocka_unit_test(values_on_an_axis_stay_within_the_range_of_the_quantity),
      cmocka_unit_test(what_is_wrong_on_an_axis_is_placed_there),
      cmocka_unit_test(what_a_job_has_no_room_for_on_an_axis_is_placed_there),
      cmocka_unit_test(two_axes_for_one_quantity_are_refused),
      cmocka_unit_test(more_axes_than_there_is_room_for_are_refused),
      cmocka_unit_test(too_many_points_are_refused_with_their_number),
      cmocka_unit_test(axes_that_would_fill_the_memory_are_refused),
      cmocka_unit_test(zip_groups_must_fit),
      cmocka_unit_test(texts_that_are_no_job_are_refused),
      cmocka_unit_test(deep_nesting_is_refused),
      cmocka_unit_test(long_titles_are_refused),
      cmocka_unit_test(titles_that_would_command_a_terminal_are_refused),
      cmocka_unit_test(values_must_be_a_distribution),
      cmocka_unit_test(a_matrix_must_be_one),
      cmocka_unit_test(images_must_have_one_size),
      cmocka_unit_test(a_cue_must_fit_its_patterns),
      cmocka_unit_test(random_patterns_need_a_number_of_spins),
      cmocka_unit_test(keys_of_another_mapping_are_refused),
      cmocka_unit_test(no_more_spins_are_flipped_than_there_are),
      cmocka_unit_test(points_of_another_system_are_refused),
      cmocka_unit_test(files_that_cannot_be_read_are_refused),
      cmocka_unit_test(wrong_sets_are_refused),
      cmocka_unit_test(wrong_assignments_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
