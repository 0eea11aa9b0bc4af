/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Points of one job in another, against a search through all pairs. */
#include "dickemap/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MODEL "model: {patterns: 3, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5], kappa_mu: [1.0], g0: 0.9}\n"

static void parse(dkm_job *job, const char *axes, const char *set) {
  char text[2048];
  dkm_error err = {0};
  snprintf(text, sizeof text, MODEL "%s", axes);
  if (dkm_job_parse(job, "job.yaml", text, set ? 1 : 0, &set, &err)) fail_msg("%s: %s", axes, err.message);
}

static bool same(const dkm_point *a, const dkm_point *b) {
  for (int mu = 0; mu < 3; mu++)
    if (a->Omega_mu[mu] != b->Omega_mu[mu] || a->kappa_mu[mu] != b->kappa_mu[mu]) return false;
  return a->g0 == b->g0 && a->Omega == b->Omega && a->pattern == b->pattern && a->overlap == b->overlap &&
         a->perturbation == b->perturbation && a->seed == b->seed;
}

/* Compares with all pairs; returns how many points of the job the old one has. */
static int64_t check(const dkm_job *old, const dkm_job *job) {
  dkm_match *match = NULL;
  int64_t n = 0;
  assert_int_equal(dkm_match_create(old, job, &match, NULL), DKM_OK);
  for (int64_t i = 0; i < job->n_points; i++) {
    dkm_point point, other;
    dkm_job_point(job, i, &point);
    const int64_t found = dkm_match_find(match, i);
    bool exists = false;
    for (int64_t j = 0; j < old->n_points; j++) {
      dkm_job_point(old, j, &other);
      exists = exists || same(&point, &other);
    }
    assert_int_equal(found >= 0, exists);
    if (!exists) continue;
    dkm_job_point(old, found, &other);
    assert_true(same(&point, &other));
    n++;
  }
  dkm_match_destroy(match);
  return n;
}

static void grids_share_exactly_the_points_whose_parameters_are_equal(void **state) {
  (void)state;
  static const struct {
    const char *old, *job;
    int n_shared;
  } pairs[] = {
      {"axes: [{name: g0, from: 0.1, to: 1, points: 10}]", "axes: [{name: g0, from: 0.1, to: 2, points: 20}]", 10},
      {"axes: [{name: g0, from: 0.1, to: 1, points: 10}]", "axes: [{name: g0, from: 0.1, to: 1, points: 19}]", 10},
      {"axes: [{name: g0, from: 1, to: 0.1, points: 10}]", "axes: [{name: g0, from: 0.1, to: 1, points: 19}]", 10},
      {"axes: [{name: g0, values: [0.1, 0.3]}]", "axes: [{name: g0, values: [0.1, 0.2, 0.3]}]", 2},
      /* an axis more, of which one value equals what was fixed; and one less */
      {"axes: [{name: g0, values: [0.1, 0.3]}]", "axes: [{name: g0, values: [0.1, 0.3]}, {name: Omega, values: [0.4, 0.5]}]",
       2},
      {"axes: [{name: Omega, values: [0.4, 0.5]}, {name: g0, values: [0.1, 0.3]}]", "axes: [{name: g0, values: [0.3, 0.5]}]",
       1},
      {"axes: []", "axes: [{name: g0, values: [0.8, 0.9]}, {name: pattern, values: [3, 1]}]", 1},
      {"axes: [{name: g0, values: [0.8, 0.9]}]", "axes: []", 1},
      /* another order */
      {"axes: [{name: g0, values: [0.1, 0.3]}, {name: pattern, values: [1, 2, 3]}]",
       "axes: [{name: pattern, values: [3, 2]}, {name: g0, values: [0.3, 0.2, 0.1]}]", 4},
      /* zipped and not, values in any order and repeated */
      {"axes: [{name: g0, values: [0.3, 0.1, 0.2, 0.1], zip: a}, {name: Omega, values: [1, 2, 3, 2], zip: a}]",
       "axes: [{name: g0, values: [0.1, 0.2, 0.3]}, {name: Omega, values: [1, 2, 3]}]", 3},
      {"axes: [{name: g0, values: [0.1, 0.2, 0.3]}, {name: Omega, values: [1, 2, 3]}]",
       "axes: [{name: g0, values: [0.3, 0.1, 0.1], zip: a}, {name: Omega, values: [3, 1, 1], zip: a}]", 3},
      /* all modes, and one of them */
      {"axes: [{name: kappa_mu, values: [1, 2]}]", "axes: [{name: 'kappa_mu[2]', values: [1, 2]}]", 1},
      {"axes: [{name: 'kappa_mu[2]', values: [1, 2]}]", "axes: [{name: kappa_mu, values: [1, 2]}]", 1},
      {"axes: [{name: 'Omega_mu[2]', values: [1, 2]}]", "axes: [{name: 'Omega_mu[2]', values: [2, 3]}, {name: seed, values: [1, 2]}]",
       1},
      {"axes: [{name: overlap, values: [0, 1]}]", "axes: [{name: overlap, values: [0.5, 1]}, {name: perturbation, values: [0, 1e-3]}]",
       1},
  };
  for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++) {
    dkm_job old, job;
    char keys[256];
    parse(&old, pairs[p].old, NULL);
    parse(&job, pairs[p].job, NULL);
    if (check(&old, &job) != pairs[p].n_shared) fail_msg("%s and %s", pairs[p].old, pairs[p].job);
    assert_int_equal(check(&job, &job), job.n_points);
    assert_int_equal(dkm_match_differences(&old, &job, keys, sizeof keys), 0);
    assert_string_equal(keys, "");
    dkm_job_free(&job);
    dkm_job_free(&old);
  }
}

static void keys_that_leave_nothing_in_common_are_named(void **state) {
  (void)state;
  static const struct {
    const char *axes, *set, *keys;
  } changes[] = {
      {"", "solver.tolerance=1e-9", "solver.tolerance"},
      {"", "solver.method=gsl", "solver.method"},
      {"", "solver.sensitivity=on", "solver.sensitivity"}, /* other records: amplification, sensitive */
      {"", "model.mapping=ungauged", "model.mapping"},
      {"", "model.Omega=0.6", "model.Omega"},
      {"", "model.Omega_mu=[1.5, 2.1, 2.5]", "model.Omega_mu[2]"},
      {"", "model.kappa_mu=[2]", "model.kappa_mu[1], model.kappa_mu[2], model.kappa_mu[3]"},
      {"", "initial.seed=2", "initial.seed"},
      {"axes: [{name: g0, values: [0.8, 1.0]}]", NULL, "axes.g0"},
      {"axes: [{name: kappa_mu, values: [2, 3]}]", NULL, "axes.kappa_mu"},
      {"axes: [{name: 'kappa_mu[3]', values: [2, 3]}]", "solver.method=gsl", "solver.method, axes.kappa_mu[3]"},
  };
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    dkm_job old, job;
    char keys[256];
    parse(&old, "", NULL);
    parse(&job, changes[i].axes, changes[i].set);
    assert_true(dkm_match_differences(&old, &job, keys, sizeof keys) > 0);
    assert_string_equal(keys, changes[i].keys);
    assert_true(dkm_match_differences(&job, &old, keys, sizeof keys) > 0);
    assert_string_equal(keys, changes[i].keys);
    dkm_job_free(&job);
    dkm_job_free(&old);
  }
}

/* Records that no limit has shaped are those of larger ones, which tasks note whose records are of trajectories. */
static void limits_may_grow_but_not_shrink(void **state) {
  (void)state;
  static const struct {
    const char *task, *set, *there, *back; /* keys; NULL: records may be the same */
  } changes[] = {
      {"", "solver.t_max=1e8", NULL, "solver.t_max"},
      {"", "solver.max_steps=100", "solver.max_steps", NULL},
      {"reduce: seed\naxes: [{name: seed, values: [1, 2]}]\n", "solver.max_steps=100", "solver.max_steps", NULL},
      {"task: states\n", "solver.max_steps=100", "solver.max_steps", "solver.max_steps"},
  };
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    dkm_job old, job;
    char keys[256];
    parse(&old, changes[i].task, NULL);
    parse(&job, changes[i].task, changes[i].set);
    for (int back = 0; back < 2; back++) {
      const char *expected = back ? changes[i].back : changes[i].there;
      const int n = back ? dkm_match_differences(&job, &old, keys, sizeof keys) : dkm_match_differences(&old, &job, keys, sizeof keys);
      assert_int_equal(n, expected ? 1 : 0);
      assert_string_equal(keys, expected ? expected : "");
    }
    assert_int_not_equal(dkm_match_goes_further(&old, &job), dkm_match_goes_further(&job, &old));
    assert_false(dkm_match_goes_further(&job, &job));
    dkm_job_free(&job);
    dkm_job_free(&old);
  }
}

static void a_limit_that_shrinks_is_named_though_the_other_grows(void **state) {
  (void)state;
  dkm_job old, job;
  char keys[256];
  parse(&old, "solver: {max_steps: 1000, t_max: 1e5}\n", NULL);
  parse(&job, "solver: {max_steps: 2000, t_max: 1e4}\n", NULL);
  assert_false(dkm_match_goes_further(&old, &job) || dkm_match_goes_further(&job, &old));
  assert_int_equal(dkm_match_differences(&old, &job, keys, sizeof keys), 2);
  assert_string_equal(keys, "solver.t_max, solver.max_steps");
  dkm_job_free(&job);
  dkm_job_free(&old);
}

static void values_that_differ_by_rounding_are_counted_and_not_shared(void **state) {
  (void)state;
  dkm_job old, job;
  double example[2];
  parse(&old, "axes: [{name: g0, values: [0.1, 0.30000000000000004, 0.5, 0.7]}]", NULL);
  parse(&job, "axes: [{name: g0, values: [0.1, 0.3, 0.5000000000000001, 0.6]}]", NULL);
  assert_int_equal(check(&old, &job), 1);
  assert_int_equal(dkm_match_rounded(&old, &job, 0, example), 2);
  assert_true(example[0] == 0.30000000000000004 && example[1] == 0.3);
  assert_int_equal(dkm_match_rounded(&old, &old, 0, example), 0);
  dkm_job_free(&job);
  dkm_job_free(&old);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(grids_share_exactly_the_points_whose_parameters_are_equal),
      cmocka_unit_test(keys_that_leave_nothing_in_common_are_named),
      cmocka_unit_test(limits_may_grow_but_not_shrink),
      cmocka_unit_test(a_limit_that_shrinks_is_named_though_the_other_grows),
      cmocka_unit_test(values_that_differ_by_rounding_are_counted_and_not_shared),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
