/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job: reading, axes, --set, points and the canonical text of jobs that are right; test_job_messages.c has the
 * others. */
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
#include "dickemap/spins.h"
#include "test_folder.h"

/* The smallest job; `model` ends it, so that tests append keys to it. */
#define MODEL                                                                                                          \
  "model:\n"                                                                                                           \
  "  patterns: 3\n"                                                                                                    \
  "  Omega: 0.5\n"                                                                                                     \
  "  Omega_mu: [1.5, 2.0, 2.5]\n"                                                                                      \
  "  kappa_mu: [1.0]\n"
#define SMALL MODEL "  g0: 0.9\n"

static void parse(dkm_job *job, const char *text, const char *set) {
  dkm_error err = {DKM_OK, ""};
  if (dkm_job_parse(job, "job.yaml", text, set ? 1 : 0, &set, &err) != DKM_OK) fail_msg("%s", err.message);
}

/* ---- what is accepted ---- */

/* That of a file may be of a version that was silent about keys without effect; one that is given now has none of them. */
static void jobs_of_files_may_have_keys_without_effect(void **state) {
  (void)state;
  static const char *const texts[] = {"task: states\nsolver: {t_max: 10}\n" SMALL, "task: states\nsolver: {method: gsl}\n" SMALL,
                                      "task: states\nsolver: {sensitivity: on}\n" SMALL};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    dkm_job job;
    dkm_error err = {DKM_OK, ""};
    parse(&job, texts[i], NULL);
    dkm_job_free(&job);
    assert_int_equal(dkm_job_read_text(&job, "job.yaml", texts[i], 0, NULL, &err), DKM_INPUT);
    assert_non_null(strstr(err.message, "has no effect with task: states"));
  }
}

static void a_job_without_axes_is_one_point(void **state) {
  (void)state;
  dkm_job job;
  dkm_point point;
  parse(&job, "title: one\n" SMALL, NULL);
  assert_int_equal(job.n_points, 1);
  assert_int_equal(job.n_dims, 0);
  assert_string_equal(job.title, "one");
  assert_string_equal(job.unit, "1");
  dkm_job_point(&job, 0, &point);
  assert_true(point.g0 == 0.9 && point.Omega == 0.5);
  for (int mu = 0; mu < 3; mu++) assert_true(point.Omega_mu[mu] == 1.5 + 0.5 * mu && point.kappa_mu[mu] == 1);
  dkm_job_free(&job);
}

static void defaults_are_those_of_the_manual(void **state) {
  (void)state;
  dkm_job job;
  parse(&job, SMALL, NULL);
  assert_string_equal(job.title, "");
  assert_int_equal(job.system.mapping, DKM_GAUGED);
  assert_int_equal(job.base.pattern, 1);
  assert_true(job.base.overlap == 1 && job.base.perturbation == 0);
  assert_int_equal(job.base.seed, 1);
  assert_int_equal(job.solver.method, DKM_METHOD_ENSEMBLE);
  assert_true(job.solver.tolerance == 1e-10 && job.solver.t_max == 1e7);
  assert_int_equal(job.solver.max_steps, DKM_DEFAULT_MAX_STEPS);
  assert_int_equal(DKM_DEFAULT_MAX_STEPS, 1000000);
  assert_true(!job.solver.sensitivity && !job.sensitivity_given);
  assert_false(job.keep_state);
  dkm_job_free(&job);
}

static void every_key_is_read(void **state) {
  (void)state;
  dkm_job job;
  parse(&job,
        SMALL "  mapping: ungauged\n"
              "initial: {pattern: 3, overlap: -0.5, perturbation: 1e-3, seed: 134217727}\n"
              "solver: {method: gsl, tolerance: 1e-12, t_max: 500, max_steps: 1e3, sensitivity: on}\n"
              "output: {state: final}\n"
              "axes: []\n",
        NULL);
  assert_int_equal(job.system.n_classes, 8);
  assert_int_equal(job.base.pattern, 3);
  assert_true(job.base.overlap == -0.5 && job.base.perturbation == 1e-3);
  assert_int_equal(job.base.seed, DKM_MAX_SEED);
  assert_int_equal(job.solver.method, DKM_METHOD_GSL);
  assert_true(job.solver.tolerance == 1e-12 && job.solver.t_max == 500);
  assert_int_equal(job.solver.max_steps, 1000);
  assert_true(job.solver.sensitivity && job.sensitivity_given);
  assert_true(job.keep_state);
  dkm_job_free(&job);
}

static void blue_detuning_is_legal(void **state) {
  (void)state;
  dkm_job job;
  parse(&job, SMALL "axes:\n- {name: \"Omega_mu[2]\", from: -2, to: 2, points: 4}\n", "model.Omega_mu=-1.5");
  assert_true(job.base.Omega_mu[0] == -1.5 && job.base.Omega_mu[2] == -1.5);
  assert_true(job.axes[0].values[0] == -2 && job.axes[0].values[3] == 2);
  dkm_job_free(&job);
}

static void an_axis_may_stand_in_for_a_key_of_the_model(void **state) {
  (void)state;
  dkm_job job;
  parse(&job,
        "model: {patterns: 2, Omega_mu: [1]}\n"
        "axes:\n"
        "- {name: g0, values: [0.5, 1]}\n"
        "- {name: Omega, values: [0.25]}\n"
        "- {name: \"kappa_mu[1]\", values: [1, 2]}\n"
        "- {name: \"kappa_mu[2]\", values: [3]}\n",
        NULL);
  dkm_point point;
  dkm_job_point(&job, 3, &point);
  assert_true(point.g0 == 1 && point.Omega == 0.25 && point.kappa_mu[0] == 2 && point.kappa_mu[1] == 3);
  dkm_job_free(&job);
}

/* ---- systems ---- */

#define OF(rest) "model: {g0: 0.9, Omega: 0.5, Omega_mu: [1.5], kappa_mu: [1.0], " rest "}\n"
#define FILE_OF(file, content)                                                                                         \
  { .name = (char[]){file}, .bytes = (char[]){content}, .n_bytes = sizeof content - 1 }

static void parse_with(dkm_job *job, const char *text, int n_files, const dkm_job_file *files) {
  dkm_error err = {DKM_OK, ""};
  if (dkm_job_parse_with_files(job, "job.yaml", text, 0, NULL, n_files, files, &err) != DKM_OK)
    fail_msg("%s", err.message);
}

static void independent_values_make_the_classes_of_all_columns(void **state) {
  (void)state;
  dkm_job job;
  parse(&job, OF("patterns: 2, mapping: values, values: [-1, 0, 2], probabilities: [0.25, 0.25, 0.5]"), NULL);
  assert_int_equal(job.system.mapping, DKM_VALUES);
  assert_int_equal(job.system.n_classes, 9);
  assert_true(job.system.largest == 2 && job.system.alpha_factor == 1 && job.system.spins == NULL);
  assert_int_equal(job.n_spins, 0);
  assert_int_equal(job.values.n, 3);
  assert_true(job.values.values[2] == 2 && job.probabilities.values[2] == 0.5);
  double w = 0.0; /* of both couplings 2 */
  for (int64_t k = 0; k < 9; k++)
    if (job.system.couplings[2 * k] == 2 && job.system.couplings[2 * k + 1] == 2) w += job.system.weights[k];
  assert_true(w == 0.25);
  assert_true(dkm_job_needs_all_classes(&job));
  dkm_job_free(&job);
}

/* Thirds in decimals. */
static void probabilities_are_scaled_to_the_sum_1(void **state) {
  (void)state;
  dkm_job job;
  parse(
      &job,
      OF("patterns: 1, mapping: values, values: [1, 2, 3], probabilities: [0.3333333333, 0.3333333333, 0.3333333333]"),
      NULL);
  double sum = 0.0;
  for (int64_t k = 0; k < 3; k++) sum += job.system.weights[k];
  assert_true(fabs(sum - 1.0) < 1e-15);
  dkm_job_free(&job);
}

static void a_matrix_tells_the_number_of_patterns(void **state) {
  (void)state;
  const dkm_job_file file = FILE_OF("p.txt", "1 1 -1 1\n0.5 0.5 3 0.5\n");
  dkm_job job;
  parse_with(&job, OF("mapping: matrix, matrix: p.txt") "initial: {pattern: 2}\n", 1, &file);
  assert_int_equal(job.system.n_modes, 2);
  assert_int_equal(job.n_spins, 4);
  assert_int_equal(job.system.n_classes, 2);
  assert_true(job.system.largest == 3 && job.system.weights[0] == 0.75 && job.system.weights[1] == 0.25);
  assert_true(job.system.couplings[0] == 1 && job.system.couplings[1] == 0.5 && job.system.couplings[3] == 3);
  assert_null(job.system.cue);
  assert_null(job.system.spins);
  assert_null(job.warning);
  assert_true(job.base.Omega_mu[1] == 1.5 && job.base.pattern == 2);
  assert_int_equal(job.n_files, 1);
  assert_string_equal(job.files[0].name, "p.txt");
  assert_memory_equal(job.files[0].bytes, file.bytes, file.n_bytes);
  dkm_job_free(&job);
}

static void images_are_patterns_of_their_pixels(void **state) {
  (void)state;
  const dkm_job_file files[] = {FILE_OF("a.pbm", "P1 2 2 1 1 0 0"), FILE_OF("b.pbm", "P1 2 2 1 0 1 0")};
  dkm_job job;
  parse_with(&job, OF("mapping: matrix, images: [a.pbm, b.pbm, a.pbm], shades: grey"), 2, files);
  assert_int_equal(job.system.n_modes, 3);
  assert_int_equal(job.n_spins, 4);
  assert_int_equal(job.system.n_classes, 4);
  assert_int_equal(job.shades, DKM_READ_GREY);
  assert_int_equal(job.n_files, 2); /* each once */
  assert_string_equal(job.warning, "patterns 1 and 3 are the same");
  dkm_job_free(&job);
}

static void opposite_patterns_are_warned_of(void **state) {
  (void)state;
  const dkm_job_file file = FILE_OF("p.txt", "1 2\n3 3\n-1 -2\n");
  dkm_job job;
  parse_with(&job, OF("mapping: matrix, matrix: p.txt"), 1, &file);
  assert_string_equal(job.warning, "patterns 1 and 3 are the same but for the sign");
  dkm_job_free(&job);
}

static void a_cue_of_its_own_divides_classes(void **state) {
  (void)state;
  const dkm_job_file files[] = {FILE_OF("p.txt", "1 1 -1 -1\n"), FILE_OF("c.txt", "1 0.5 -1 -1\n")};
  dkm_job job;
  parse_with(&job, OF("mapping: matrix, matrix: p.txt") "initial: {cue: c.txt}\n", 2, files);
  assert_int_equal(job.system.n_classes, 3);
  assert_true(job.system.cue[0] == 1 && job.system.cue[1] == 0.5 && job.system.cue[2] == -1);
  assert_true(job.system.weights[0] == 0.25 && job.system.weights[2] == 0.5);
  assert_int_equal(job.n_files, 2);
  dkm_job_free(&job);
}

static void a_system_that_depends_on_the_point_is_the_largest(void **state) {
  (void)state;
  const dkm_job_file file = FILE_OF("p.txt", "1 1 1 1 1 -1\n");
  dkm_job job;
  parse(&job, OF("patterns: 3, mapping: random, spins: 40, pattern_seed: 7"), NULL);
  assert_int_equal(job.n_spins, 40);
  assert_true(job.base.pattern_seed == 7 && job.system.spins && !job.system.couplings);
  assert_int_equal(job.system.n_classes, 4);
  dkm_job_free(&job);
  parse(&job, OF("patterns: 3, mapping: random, spins: 40") "axes:\n- {name: flip_exactly, values: [5, 1, 0]}\n", NULL);
  assert_int_equal(job.system.n_classes, 8);
  dkm_job_free(&job);
  parse(&job, OF("patterns: 8, mapping: random, spins: 40"), NULL);
  assert_int_equal(job.system.n_classes, 40);
  dkm_job_free(&job);
  parse_with(&job, OF("mapping: matrix, matrix: p.txt") "initial: {flip_exactly: 1}\n", 1, &file);
  assert_int_equal(job.system.n_classes, 3);
  assert_int_equal(job.system.spins->n_spins, 6);
  dkm_job_free(&job);
}

static void cues_are_read(void **state) {
  (void)state;
  dkm_job job;
  dkm_point point;
  parse(&job, SMALL "initial: {flip: 0.2, mixture: [1, -0.5, 0]}\naxes:\n- {name: 'mixture[3]', values: [0, 2]}\n",
        NULL);
  dkm_job_point(&job, 1, &point);
  assert_true(point.flip == 0.2 && point.mixture[0] == 1 && point.mixture[1] == -0.5 && point.mixture[2] == 2);
  assert_true(dkm_job_needs_all_classes(&job));
  dkm_job_free(&job);
}

/* Names are relative to the folder of the job, wherever it is read from; bytes are the job's. */
static void files_are_found_from_the_folder_of_the_job(void **state) {
  (void)state;
  char folder[4096], path[2][4200], absolute[4400];
  dkm_error err = {DKM_OK, ""};
  dkm_job job, copy;
  assert_true(make_test_folder("job", folder, sizeof folder));
  snprintf(path[0], sizeof path[0], "%s/job.yaml", folder);
  snprintf(path[1], sizeof path[1], "%s/p.txt", folder);
  static const char *const contents[] = {OF("mapping: matrix, matrix: p.txt"), "1 2 3\n"};
  for (int i = 0; i < 2; i++) {
    FILE *file = fopen(path[i], "w");
    assert_non_null(file);
    fputs(contents[i], file);
    fclose(file);
  }
  if (dkm_job_read(&job, path[0], 0, NULL, &err) != DKM_OK) fail_msg("%s", err.message);
  assert_int_equal(job.n_spins, 3);
  assert_string_equal(job.files[0].name, "p.txt");
  assert_int_equal(dkm_job_parse_with_files(&copy, "elsewhere", job.text, 0, NULL, job.n_files, job.files, &err),
                   DKM_OK);
  assert_int_equal(copy.n_spins, 3);
  dkm_job_free(&copy);
  dkm_job_free(&job);
  snprintf(absolute, sizeof absolute, "model.matrix=%s", path[1]);
  const char *set = absolute;
  assert_int_equal(dkm_job_read(&job, path[0], 1, &set, &err), DKM_OK);
  dkm_job_free(&job);
  assert_int_equal(remove(path[1]), 0);
  assert_int_equal(dkm_job_read(&job, path[0], 0, NULL, &err), DKM_INPUT);
  assert_non_null(strstr(err.message, "job.yaml:1:"));
  assert_non_null(strstr(err.message, "p.txt: cannot be read: No such file or directory"));
  remove(path[0]);
  remove(folder);
}

/* ---- axes ---- */

static void linear_axes_end_exactly_and_rise_evenly(void **state) {
  (void)state;
  dkm_job job;
  parse(&job, MODEL "axes:\n- {name: g0, from: 0.01, to: 2.0, points: 200}\n", NULL);
  const dkm_axis *axis = &job.axes[0];
  assert_int_equal(axis->n, 200);
  assert_true(axis->values[0] == 0.01 && axis->values[199] == 2.0);
  for (int i = 0; i < 200; i++) assert_true(fabs(axis->values[i] - 0.01 * (i + 1)) < 1e-15);
  dkm_job_free(&job);
}

static void logarithmic_axes_end_exactly_and_rise_by_a_constant_factor(void **state) {
  (void)state;
  dkm_job job;
  parse(&job, MODEL "axes:\n- {name: g0, from: 0.03, to: 0.7, points: 41, scale: log}\n", NULL);
  const dkm_axis *axis = &job.axes[0];
  assert_true(axis->values[0] == 0.03 && axis->values[40] == 0.7);
  double factor = pow(0.7 / 0.03, 1.0 / 40);
  for (int i = 1; i < 41; i++) assert_true(fabs(axis->values[i] / axis->values[i - 1] / factor - 1) < 1e-14);
  dkm_job_free(&job);
}

/* What a grid of points has in common with a longer or finer one has the same bits. */
static void values_do_not_depend_on_the_grid_that_they_are_in(void **state) {
  (void)state;
  static const struct {
    const char *a, *b;
    int first, step; /* value i of a is value first + i step of b */
  } grids[] = {{"from: 0.01, to: 2.0, points: 200", "from: 0.01, to: 20, points: 2000", 0, 1},
               {"from: 0.01, to: 2.0, points: 200", "from: 0, to: +2.01, points: 202", 1, 1},
               {"from: 0.01, to: 2.0, points: 200", "from: 0.01, to: 2.0, points: 598", 0, 3},
               {"from: 0.1, to: 0.7, points: 8", "from: 0.1, to: 0.7, points: 71", 0, 10},
               {"from: 1.3e-5, to: 0.7e-3, points: 30", "from: .000013, to: 7e-4, points: 88", 0, 3},
               {"from: 0.3, to: 700, points: 30, scale: log", "from: 0.3, to: 700, points: 146, scale: log", 0, 5},
               /* beyond exact arithmetic, refined */
               {"from: 1.0000000000000001e-9, to: 3.3e8, points: 30",
                "from: 1.0000000000000001e-9, to: 3.3e8, points: 204", 0, 7},
               {"from: 1.5e40, to: 3.3e41, points: 30", "from: 1.5e40, to: 3.3e41, points: 88", 0, 3}};
  for (size_t g = 0; g < sizeof grids / sizeof *grids; g++) {
    dkm_job a, b;
    char text[2048];
    snprintf(text, sizeof text, MODEL "axes:\n- {name: g0, %s}\n", grids[g].a);
    parse(&a, text, NULL);
    snprintf(text, sizeof text, MODEL "axes:\n- {name: g0, %s}\n", grids[g].b);
    parse(&b, text, NULL);
    for (int64_t i = 0; i < a.n_points; i++) {
      const double x = a.axes[0].values[i], y = b.axes[0].values[grids[g].first + i * grids[g].step];
      if (x != y) fail_msg("%s: value %lld is %.17g, but %.17g in %s", grids[g].a, (long long)i, x, y, grids[g].b);
    }
    dkm_job_free(&a);
    dkm_job_free(&b);
  }
}

/* The decimal that a value stands for, read as a number, for steps that are decimals. */
static void linear_axes_have_the_doubles_next_to_their_numbers(void **state) {
  (void)state;
  dkm_job job;
  char number[40];
  parse(&job, SMALL "axes:\n- {name: Omega, from: -37.00, to: 63, points: 100001}\n", NULL);
  for (int i = 0; i <= 100000; i++) {
    const int thousandths = i - 37000;
    snprintf(number, sizeof number, "%s%d.%03d", thousandths < 0 ? "-" : "", abs(thousandths) / 1000,
             abs(thousandths) % 1000);
    if (job.axes[0].values[i] != strtod(number, NULL)) fail_msg("%s is %.17g", number, job.axes[0].values[i]);
  }
  dkm_job_free(&job);
  /* Thirds: the quotient of two numbers that are exact is rounded once. */
  parse(&job, SMALL "axes:\n- {name: Omega, from: 1, to: 1000, points: 2998}\n", NULL);
  for (int i = 0; i < 2998; i++) assert_true(job.axes[0].values[i] == (double)(3 + i) / 3.0);
  dkm_job_free(&job);
}

static void axes_may_fall(void **state) {
  (void)state;
  dkm_job job;
  parse(&job, MODEL "axes:\n- {name: g0, from: 2, to: 1, points: 3}\n- {name: overlap, values: [1, 0.5, -1]}\n", NULL);
  assert_true(job.axes[0].values[1] == 1.5);
  assert_int_equal(job.n_points, 9);
  dkm_job_free(&job);
}

static void one_point_needs_no_end(void **state) {
  (void)state;
  dkm_job job;
  parse(&job, MODEL "axes:\n- {name: g0, from: 0.3, points: 1}\n- {name: seed, from: 7, to: 7, points: 1}\n", NULL);
  assert_int_equal(job.n_points, 1);
  assert_true(job.axes[0].values[0] == 0.3 && job.axes[1].values[0] == 7);
  dkm_job_free(&job);
}

static void integer_axes_may_be_given_by_their_ends(void **state) {
  (void)state;
  dkm_job job;
  parse(&job,
        SMALL "axes:\n- {name: pattern, from: 1, to: 3, points: 3}\n- {name: seed, from: 0, to: 1e6, points: 5}\n",
        NULL);
  assert_true(job.axes[0].values[1] == 2 && job.axes[1].values[1] == 250000);
  dkm_job_free(&job);
}

static void names_in_the_file_follow_netcdf_and_keep_the_spelling_of_the_job(void **state) {
  (void)state;
  dkm_job job;
  parse(&job, SMALL "axes:\n- {name: \"Omega_mu[2]\", values: [1]}\n- {name: kappa_mu, values: [1]}\n", NULL);
  assert_string_equal(job.axes[0].name, "Omega_mu_2");
  assert_string_equal(job.axes[0].long_name, "Omega_mu[2]");
  assert_int_equal(job.axes[0].mode, 2);
  assert_string_equal(job.dim_name[0], "Omega_mu_2");
  assert_string_equal(job.axes[1].name, "kappa_mu");
  assert_int_equal(job.axes[1].mode, 0);
  dkm_job_free(&job);
}

static void the_last_axis_varies_fastest(void **state) {
  (void)state;
  dkm_job job;
  dkm_point point;
  parse(&job,
        MODEL "axes:\n"
              "- {name: g0, values: [1, 2, 3]}\n"
              "- {name: \"kappa_mu[3]\", values: [10, 20]}\n"
              "- {name: pattern, values: [1, 2, 3]}\n",
        NULL);
  assert_int_equal(job.n_points, 18);
  for (int64_t i = 0; i < 18; i++) {
    int64_t index[DKM_MAX_AXES];
    dkm_job_index(&job, i, index);
    assert_int_equal((index[0] * job.shape[1] + index[1]) * job.shape[2] + index[2], i);
    dkm_job_point(&job, i, &point);
    assert_true(point.g0 == (double)(i / 6 + 1));
    assert_true(point.kappa_mu[2] == (i / 3 % 2 ? 20 : 10) && point.kappa_mu[1] == 1);
    assert_int_equal(point.pattern, i % 3 + 1);
  }
  dkm_job_free(&job);
}

static void zipped_axes_advance_together_and_share_a_dimension(void **state) {
  (void)state;
  dkm_job job;
  dkm_point point;
  parse(&job,
        SMALL "axes:\n"
              "- {name: Omega, values: [0.5, 0.25, 0.75], zip: path}\n"
              "- {name: pattern, values: [1, 3]}\n"
              "- {name: overlap, from: 0, to: 1, points: 3, zip: path}\n",
        NULL);
  assert_int_equal(job.n_dims, 2);
  assert_int_equal(job.n_points, 6);
  assert_string_equal(job.dim_name[0], "path");
  assert_string_equal(job.dim_name[1], "pattern");
  assert_int_equal(job.axes[2].dim, 0);
  dkm_job_point(&job, 3, &point); /* index (1, 1) */
  assert_true(point.Omega == 0.25 && point.overlap == 0.5);
  assert_int_equal(point.pattern, 3);
  dkm_job_free(&job);
}

static void a_billion_points_are_possible(void **state) {
  (void)state;
  dkm_job job;
  dkm_point point;
  parse(&job,
        MODEL "axes:\n"
              "- {name: g0, from: 0, to: 1, points: 1e5}\n"
              "- {name: seed, from: 0, to: 9999, points: 10000}\n",
        NULL);
  assert_int_equal(job.n_points, 1000000000);
  dkm_job_point(&job, 999999999, &point);
  assert_true(point.g0 == 1 && point.seed == 9999);
  dkm_job_free(&job);
}

/* ---- --set ---- */

static void set_replaces_a_key_of_the_file(void **state) {
  (void)state;
  dkm_job job;
  parse(&job, SMALL, "model.g0=1.25");
  assert_true(job.base.g0 == 1.25);
  dkm_job_free(&job);
  parse(&job, SMALL, "model.Omega_mu=[3, 2, 1]");
  assert_true(job.base.Omega_mu[0] == 3 && job.base.Omega_mu[2] == 1);
  dkm_job_free(&job);
  parse(&job, SMALL, "model.Omega_mu=3,2,1");
  assert_true(job.base.Omega_mu[0] == 3 && job.base.Omega_mu[2] == 1);
  dkm_job_free(&job);
}

static void set_gives_a_key_that_the_file_lacks(void **state) {
  (void)state;
  dkm_job job;
  parse(&job, SMALL, "initial.pattern=2");
  assert_int_equal(job.base.pattern, 2);
  dkm_job_free(&job);
  parse(&job, SMALL, "axes=[{name: g0, values: [1, 2]}]");
  assert_int_equal(job.n_points, 2);
  dkm_job_free(&job);
}

static void set_changes_one_key_of_an_axis(void **state) {
  (void)state;
  dkm_job job;
  static const char text[] =
      MODEL "axes:\n- {name: g0, from: 0, to: 1, points: 3}\n- {name: pattern, values: [1, 2]}\n";
  parse(&job, text, "axes.g0.points=5");
  assert_int_equal(job.n_points, 10);
  assert_true(job.axes[0].values[1] == 0.25);
  dkm_job_free(&job);
  parse(&job, text, "axes.g0.values=0.5,0.7"); /* drops from, to, points */
  assert_int_equal(job.axes[0].n, 2);
  assert_true(job.axes[0].values[0] == 0.5);
  dkm_job_free(&job);
}

static void sets_apply_in_order_and_messages_blame_the_last(void **state) {
  (void)state;
  dkm_error err;
  dkm_job job;
  static const char *const sets[] = {"axes=[{name: pattern, values: [1]}]", "axes.pattern.values=1,3", "model.g0=5",
                                     "model.g0=6"};
  assert_int_equal(dkm_job_parse(&job, "job.yaml", SMALL, 4, sets, &err), DKM_OK);
  assert_int_equal(job.n_points, 2);
  assert_true(job.base.g0 == 6);
  dkm_job_free(&job);
  static const char *const wrong[] = {"axes=[{name: pattern, values: [7]}]", "axes.pattern.values=1,9"};
  assert_int_equal(dkm_job_parse(&job, "job.yaml", SMALL, 2, wrong, &err), DKM_INPUT);
  assert_string_equal(err.message,
                      "--set axes.pattern.values=1,9: axes.pattern.values[2] is 9, but must be an integer 1 "
                      "... 3");
  assert_int_equal(dkm_job_parse(&job, "job.yaml", SMALL, 1, wrong, &err), DKM_INPUT);
  assert_string_equal(err.message,
                      "--set axes=[{name: pattern, values: [7]}]: axes.pattern.values[1] is 7, but must be "
                      "an integer 1 ... 3");
}

static void text_and_sets_reproduce_the_job(void **state) {
  (void)state;
  dkm_error err;
  dkm_job job, again;
  static const char *const sets[] = {"model.g0=1.1", "solver.t_max=100"};
  assert_int_equal(dkm_job_parse(&job, "job.yaml", SMALL, 2, sets, &err), DKM_OK);
  assert_int_equal(job.n_sets, 2);
  assert_string_equal(job.sets[1], sets[1]);
  assert_string_equal(job.text, SMALL);
  assert_int_equal(dkm_job_parse(&again, job.path, job.text, job.n_sets, (const char *const *)job.sets, &err), DKM_OK);
  char *a = dkm_job_canonical(&job), *b = dkm_job_canonical(&again);
  assert_string_equal(a, b);
  free(a);
  free(b);
  dkm_job_free(&job);
  dkm_job_free(&again);
}

/* ---- --at ---- */

static void assign_takes_every_quantity(void **state) {
  (void)state;
  dkm_job job;
  dkm_error err;
  parse(&job, SMALL, NULL);
  dkm_point p = job.base;
  static const char *const assignments[] = {"g0=1.1",    "Omega=-0.5",  "Omega_mu[3]=-7",    "kappa_mu=2",
                                            "pattern=3", "overlap=0.5", "perturbation=1e-2", "seed=12"};
  for (size_t i = 0; i < sizeof assignments / sizeof *assignments; i++)
    assert_int_equal(dkm_job_assign(&job, &p, assignments[i], &err), DKM_OK);
  assert_true(p.g0 == 1.1 && p.Omega == -0.5 && p.Omega_mu[2] == -7 && p.Omega_mu[1] == 2);
  assert_true(p.kappa_mu[0] == 2 && p.kappa_mu[2] == 2 && p.overlap == 0.5 && p.perturbation == 1e-2);
  assert_int_equal(p.pattern, 3);
  assert_int_equal(p.seed, 12);
  dkm_job_free(&job);
}

static void assign_takes_all_of_a_zip_group_by_the_index_along_it(void **state) {
  (void)state;
  dkm_job job;
  dkm_error err;
  parse(&job,
        SMALL "axes:\n"
              "- {name: Omega, values: [0.5, 0.25, 0.75], zip: path}\n"
              "- {name: pattern, values: [1, 3]}\n"
              "- {name: 'Omega_mu[2]', values: [5, 6, 7], zip: path}\n",
        NULL);
  dkm_point p = job.base;
  for (int i = 0; i < 3; i++) {
    dkm_point point;
    const char text[] = {'p', 'a', 't', 'h', '=', (char)('0' + i), '\0'};
    dkm_job_point(&job, 2 * i, &point);
    assert_int_equal(dkm_job_assign(&job, &p, text, &err), DKM_OK);
    assert_true(dkm_point_equal(&p, &point, 3));
  }
  const dkm_point before = p;
  static const char *const wrong[] = {"path=3", "path=-1", "path=0.5", "path=x", "path="};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    assert_int_equal(dkm_job_assign(&job, &p, wrong[i], &err), DKM_INPUT);
    assert_non_null(strstr(err.message, "but must be an integer 0 ... 2"));
    assert_true(dkm_point_equal(&p, &before, 3));
  }
  dkm_job_free(&job);
}

/* ---- canonical text ---- */

static void differ(const char *text_a, const char *set_a, const char *text_b, const char *set_b, const char *keys) {
  dkm_job a, b;
  char out[256];
  int n_keys = *keys ? 1 : 0;
  for (const char *c = keys; *c; c++) n_keys += *c == ',';
  parse(&a, text_a, set_a);
  parse(&b, text_b, set_b);
  char *canonical_a = dkm_job_canonical(&a), *canonical_b = dkm_job_canonical(&b);
  assert_non_null(canonical_a);
  assert_non_null(canonical_b);
  int n = dkm_job_differences(canonical_a, canonical_b, out, sizeof out);
  assert_string_equal(out, keys);
  assert_int_equal(n, n_keys);
  free(canonical_a);
  free(canonical_b);
  dkm_job_free(&a);
  dkm_job_free(&b);
}

static void spelling_title_and_comments_do_not_make_another_job(void **state) {
  (void)state;
  differ(
      SMALL, NULL,
      "# the same\n"
      "title: x\n"
      "solver: {t_max: 10000000.0}\n"
      "model: {g0: 9e-1, kappa_mu: [1, 1.0, 1], Omega_mu: [1.50, 2, 2.5], Omega: .5, patterns: 3, mapping: gauged}\n",
      NULL, "");
  differ(MODEL "axes:\n- {name: g0, from: 0, to: 1, points: 3}\n", NULL,
         SMALL "axes:\n- {name: g0, values: [-0, 0.5, 1]}\n", NULL, "");
  differ(SMALL, NULL, SMALL, "solver.sensitivity=off", "");
  differ(SMALL, NULL, SMALL, "solver.max_steps=1e6", "");
}

static void every_key_that_matters_makes_another_job(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"model.mapping=ungauged", "model.mapping"},
      {"model.g0=0.8", "model.g0"},
      {"model.Omega=0.50000000000000011", "model.Omega"},
      {"model.Omega_mu=1.5,2,2.6", "model.Omega_mu"},
      {"model.kappa_mu=2", "model.kappa_mu"},
      {"initial.pattern=2", "initial.pattern"},
      {"initial.overlap=0.9", "initial.overlap"},
      {"initial.perturbation=0.1", "initial.perturbation"},
      {"initial.seed=2", "initial.seed"},
      {"solver.method=gsl", "solver.method"},
      {"solver.tolerance=1e-9", "solver.tolerance"},
      {"solver.t_max=1e6", "solver.t_max"},
      {"solver.max_steps=999999", "solver.max_steps"},
      {"solver.sensitivity=on", "solver.sensitivity"},
      {"output.state=final", "output.state"},
      {"axes=[{name: g0, values: [0.9]}]", "model.g0, axes, axes.g0"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) differ(SMALL, NULL, SMALL, cases[i][0], cases[i][1]);
}

static void remove_line(char *text, const char *key) {
  char *line = strstr(text, key), *rest = strchr(line, '\n') + 1;
  memmove(line, rest, strlen(rest) + 1);
}

/* The attribute job_canonical of files of version 0.1.0 has no line solver.max_steps. */
static void a_key_that_an_older_text_lacks_has_its_default(void **state) {
  (void)state;
  static const struct {
    const char *set, *keys;
  } cases[] = {{NULL, ""},
               {"solver.max_steps=1000000", ""},
               {"solver.max_steps=1000001", "solver.max_steps"},
               {"solver.sensitivity=on", "solver.sensitivity"}};
  dkm_job job;
  char out[64];
  parse(&job, SMALL, NULL);
  char *old = dkm_job_canonical(&job);
  dkm_job_free(&job);
  remove_line(old, "solver.max_steps");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    parse(&job, SMALL, cases[i].set);
    char *canonical = dkm_job_canonical(&job);
    const int n_keys = *cases[i].keys ? 1 : 0;
    assert_int_equal(dkm_job_differences(old, canonical, out, sizeof out), n_keys);
    assert_string_equal(out, cases[i].keys);
    assert_int_equal(dkm_job_differences(canonical, old, out, sizeof out), n_keys);
    assert_string_equal(out, cases[i].keys);
    free(canonical);
    dkm_job_free(&job);
  }
  free(old);
}

static void axes_matter_by_value_order_and_zip(void **state) {
  (void)state;
  static const char text[] = MODEL "axes:\n- {name: g0, values: [1, 2]}\n- {name: pattern, values: [1, 2]}\n";
  differ(text, NULL, text, "axes.g0.values=1,2.5", "axes.g0");
  differ(text, NULL, text, "axes=[{name: pattern, values: [1, 2]}, {name: g0, values: [1, 2]}]", "axes");
  differ(text, NULL, text, "axes=[{name: g0, values: [1, 2], zip: a}, {name: pattern, values: [1, 2], zip: a}]",
         "axes");
  differ(text, NULL, text, "axes=[{name: g0, values: [1, 2]}]", "initial.pattern, axes, axes.pattern");
}

static void what_an_axis_gives_is_taken_from_it_alone(void **state) {
  (void)state;
  static const char text[] = SMALL "axes:\n- {name: g0, values: [1, 2]}\n- {name: \"Omega_mu[2]\", values: [1, 2]}\n";
  differ(text, NULL, text, "model.g0=17", "");
  differ(text, NULL, text, "model.Omega_mu=1.5,77,2.5", "");
  differ(text, NULL, text, "model.Omega_mu=1.5,2,77", "model.Omega_mu");
  differ(text, NULL, text, "axes.g0.values=3,4", "axes.g0");
  differ(text, NULL, text, "axes.Omega_mu[2].values=3,4", "axes.Omega_mu[2]");
}

static void long_axes_are_told_apart_by_any_of_their_values(void **state) {
  (void)state;
  static char text[60000], other[60000];
  size_t used = (size_t)snprintf(text, sizeof text, MODEL "axes:\n- name: g0\n  values:\n");
  for (int i = 0; i < 1500; i++) used += (size_t)snprintf(text + used, sizeof text - used, "  - %d.25\n", i);
  memcpy(other, text, sizeof text);
  differ(text, NULL, other, NULL, "");
  char *changed = strstr(other, "- 700.25");
  changed[7] = '6';
  differ(text, NULL, other, NULL, "axes.g0");
}

static void differences_fit_into_a_short_buffer(void **state) {
  (void)state;
  char out[12];
  assert_int_equal(
      dkm_job_differences("aaaa = 1\nbbbb = 1\ncccc = 1\n", "aaaa = 2\nbbbb = 2\ndddd = 1\n", out, sizeof out), 4);
  assert_string_equal(out, "aaaa, bbbb,");
  assert_int_equal(dkm_job_differences("a = 1\n", "a = 2\n", out, 0), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_job_without_axes_is_one_point),
      cmocka_unit_test(defaults_are_those_of_the_manual),
      cmocka_unit_test(every_key_is_read),
      cmocka_unit_test(blue_detuning_is_legal),
      cmocka_unit_test(an_axis_may_stand_in_for_a_key_of_the_model),
      cmocka_unit_test(independent_values_make_the_classes_of_all_columns),
      cmocka_unit_test(probabilities_are_scaled_to_the_sum_1),
      cmocka_unit_test(a_matrix_tells_the_number_of_patterns),
      cmocka_unit_test(images_are_patterns_of_their_pixels),
      cmocka_unit_test(opposite_patterns_are_warned_of),
      cmocka_unit_test(a_cue_of_its_own_divides_classes),
      cmocka_unit_test(a_system_that_depends_on_the_point_is_the_largest),
      cmocka_unit_test(cues_are_read),
      cmocka_unit_test(files_are_found_from_the_folder_of_the_job),
      cmocka_unit_test(linear_axes_end_exactly_and_rise_evenly),
      cmocka_unit_test(values_do_not_depend_on_the_grid_that_they_are_in),
      cmocka_unit_test(linear_axes_have_the_doubles_next_to_their_numbers),
      cmocka_unit_test(logarithmic_axes_end_exactly_and_rise_by_a_constant_factor),
      cmocka_unit_test(axes_may_fall),
      cmocka_unit_test(one_point_needs_no_end),
      cmocka_unit_test(integer_axes_may_be_given_by_their_ends),
      cmocka_unit_test(names_in_the_file_follow_netcdf_and_keep_the_spelling_of_the_job),
      cmocka_unit_test(the_last_axis_varies_fastest),
      cmocka_unit_test(zipped_axes_advance_together_and_share_a_dimension),
      cmocka_unit_test(a_billion_points_are_possible),
      cmocka_unit_test(set_replaces_a_key_of_the_file),
      cmocka_unit_test(set_gives_a_key_that_the_file_lacks),
      cmocka_unit_test(set_changes_one_key_of_an_axis),
      cmocka_unit_test(sets_apply_in_order_and_messages_blame_the_last),
      cmocka_unit_test(text_and_sets_reproduce_the_job),
      cmocka_unit_test(assign_takes_every_quantity),
      cmocka_unit_test(assign_takes_all_of_a_zip_group_by_the_index_along_it),
      cmocka_unit_test(spelling_title_and_comments_do_not_make_another_job),
      cmocka_unit_test(every_key_that_matters_makes_another_job),
      cmocka_unit_test(a_key_that_an_older_text_lacks_has_its_default),
      cmocka_unit_test(axes_matter_by_value_order_and_zip),
      cmocka_unit_test(what_an_axis_gives_is_taken_from_it_alone),
      cmocka_unit_test(long_axes_are_told_apart_by_any_of_their_values),
      cmocka_unit_test(jobs_of_files_may_have_keys_without_effect),
      cmocka_unit_test(differences_fit_into_a_short_buffer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
