/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A window of samples whose shadow fails: that says nothing about the trajectory. */
#include "dickemap/sampling.h"

#include <math.h>
#include <string.h>

#include "cmocka_headers.h"
#include "dickemap/evaluate.h"
#include "dickemap/sensitivity.h"

enum { N_SAMPLES = 1024, SIZE = 3 * 2 + 2 * 2, ROOM = SIZE + 4 };

/* Modes of opposite sign: order parameters oscillate. */
static const dkm_point point = {.g0 = 0.722,
                                .Omega = 0.5,
                                .Omega_mu = {2.142, -1.758},
                                .kappa_mu = {0.495, 0.609},
                                .pattern = 1,
                                .overlap = 1.0,
                                .perturbation = 0.01,
                                .seed = 1};

struct window {
  double values[N_SAMPLES * 6], growth[N_SAMPLES / DKM_MOTION_STRETCH], end[SIZE], t_end;
  int64_t steps;
  double total; /* of its sensitivity */
};

/* One window; the i_stretch-th shadow fails (-1: none). */
static void take(const dkm_solver *solver, int i_stretch, struct window *out) {
  dkm_system system;
  dkm_integrator *integrator;
  dkm_sampling *sampling;
  dkm_sensitivity *sensitivity;
  double u[SIZE], scratch[ROOM], t_next;
  int n_shadows = 0;
  bool was_on_shadow = false;
  assert_int_equal(dkm_system_of_patterns(&system, DKM_GAUGED, 2, NULL), DKM_OK);
  assert_int_equal(dkm_model_size(&system), SIZE);
  assert_int_equal(dkm_integrator_create(&system, solver, NULL, &integrator, NULL), DKM_OK);
  assert_int_equal(dkm_sampling_create(&system, solver->tolerance, integrator, 0, &sampling, NULL), DKM_OK);
  assert_int_equal(dkm_sensitivity_create(&system, solver, NULL, &sensitivity, NULL), DKM_OK);
  assert_int_equal(dkm_model_start(&system, &point, u, NULL), DKM_OK);
  const int shadow = dkm_sensitivity_begin(sensitivity, &system, NULL, &point, u, &t_next);
  dkm_sensitivity_pause(sensitivity, shadow);
  dkm_integrator_load(integrator, 0, &point, u, 0.0);
  dkm_sampling_begin(sampling, &point, N_SAMPLES, dkm_sampling_spacing(&system, &point, u, 0.0), u, scratch);
  for (bool full = false; !full;) {
    dkm_lane *lane = dkm_integrator_lane(integrator, 0);
    while (lane->t < lane->t_limit) {
      assert_int_equal(lane->failure, DKM_FAILURE_NONE);
      dkm_integrator_advance(integrator);
    }
    const bool on_shadow = dkm_sampling_on_shadow(sampling);
    if (on_shadow && !was_on_shadow && n_shadows++ == i_stretch) lane->failure = DKM_FAILURE_STEP_TOO_SMALL;
    was_on_shadow = on_shadow;
    full = dkm_sampling_continue(sampling, &point, u, scratch);
    was_on_shadow = was_on_shadow && dkm_sampling_on_shadow(sampling);
  }
  const dkm_series *series = dkm_sampling_series(sampling);
  assert_int_equal(dkm_integrator_lane(integrator, 0)->failure, DKM_FAILURE_NONE);
  memcpy(out->values, series->values, sizeof out->values);
  memcpy(out->growth, series->growth, sizeof out->growth);
  memcpy(out->end, u, sizeof u);
  out->t_end = dkm_integrator_lane(integrator, 0)->t;
  out->steps = dkm_sampling_steps(sampling);
  const dkm_growth growth = dkm_sampling_growth(sampling);
  assert_int_equal(growth.n, N_SAMPLES / DKM_MOTION_STRETCH);
  dkm_sensitivity_resume(sensitivity, shadow, out->t_end, u, dkm_sampling_shadow(sampling), growth);
  out->total = dkm_sensitivity_total(sensitivity, shadow);
  dkm_sensitivity_destroy(sensitivity);
  dkm_sampling_destroy(sampling);
  dkm_integrator_destroy(integrator);
}

static void a_shadow_that_fails_leaves_the_trajectory_as_it_is(void **state) {
  static struct window sound, other;
  (void)state;
  for (int method = 0; method < 2; method++) {
    dkm_solver solver = {.tolerance = 1e-10, .t_max = 1e5};
    solver.method = (dkm_method)method;
    take(&solver, -1, &sound);
    assert_true(sound.total >= 1.0);
    for (int i = 0; i < N_SAMPLES / DKM_MOTION_STRETCH; i += 63) {
      take(&solver, i, &other);
      assert_memory_equal(other.values, sound.values, sizeof sound.values);
      assert_memory_equal(other.end, sound.end, sizeof sound.end);
      assert_true(other.t_end == sound.t_end && other.steps == sound.steps);
      assert_true(isnan(other.growth[i]));
      for (int j = 0; j < N_SAMPLES / DKM_MOTION_STRETCH; j++)
        assert_true(j < i ? other.growth[j] == sound.growth[j] : j == i || other.growth[j] > 0.0);
      assert_true(isnan(other.total)); /* is not known any more */
    }
  }
}

/* Steps of gsl at the largest tolerance, for a thousand periods of a spin. */
static void a_length_that_is_lost_is_a_failure(void **state) {
  dkm_system system;
  (void)state;
  assert_int_equal(dkm_system_of_patterns(&system, DKM_GAUGED, 2, NULL), DKM_OK);
  for (int method = 0; method < 2; method++) {
    dkm_solver solver = {.tolerance = 1e-3, .t_max = 2e4};
    dkm_evaluator *evaluator;
    dkm_record record;
    dkm_point chaos = point;
    solver.method = (dkm_method)method;
    chaos.g0 = 1.034;
    chaos.Omega_mu[0] = 1.688;
    chaos.Omega_mu[1] = -1.410;
    assert_int_equal(dkm_evaluator_create(&system, &solver, NULL, &evaluator, NULL), DKM_OK);
    assert_int_equal(dkm_evaluate(evaluator, 1, &chaos, &record, NULL, NULL), DKM_OK);
    dkm_evaluator_destroy(evaluator);
    if (method == DKM_METHOD_GSL) {
      assert_int_equal(record.verdict, DKM_VERDICT_FAILED);
      assert_int_equal(record.failure, DKM_FAILURE_LENGTH_LOST);
      assert_true(record.t_end < 2e4);
    } else {
      assert_int_not_equal(record.verdict, DKM_VERDICT_FAILED);
      assert_int_equal(record.failure, DKM_FAILURE_NONE);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_shadow_that_fails_leaves_the_trajectory_as_it_is),
      cmocka_unit_test(a_length_that_is_lost_is_a_failure),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
