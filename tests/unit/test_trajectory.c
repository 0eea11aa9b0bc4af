/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Samples of a trajectory: taken between the ends of steps. */
#include "cmocka_headers.h"

#include <stdlib.h>
#include <string.h>

#include "dickemap/trajectory.h"
#include "random_points.h"

/* A cavity of an experiment with atoms, rates per microsecond: its mode follows the spins. */
static dkm_point cavity(double g0) {
  return (dkm_point){.g0 = g0, .Omega = 0.025, .Omega_mu = {20}, .kappa_mu = {16.2}, .pattern = 1, .overlap = 0.8};
}

/* The points of these tests: ordinary ones, and every fourth with fast modes, one of them now and then beside an ordinary
 * one. */
static dkm_point some_point(gsl_rng *rng, int M, int trial) {
  dkm_point pt = random_point(rng, M, 1, 1);
  if (trial % 4 != 3) return pt;
  for (int mu = trial % 8 == 3 ? 0 : M - 1; mu < M; mu++) {
    pt.Omega_mu[mu] *= 40.0;
    pt.kappa_mu[mu] *= 40.0;
  }
  return pt;
}

static dkm_trajectory compute(const dkm_system *p, const dkm_point *pt, const dkm_solver *solver, const char *cpu,
                              double t_end, double dt) {
  dkm_trajectory trajectory;
  dkm_error err;
  const dkm_course course = {.system = p, .point = pt, .solver = solver, .cpu = cpu};
  if (dkm_trajectory_compute(&course, 0.0, t_end, dt, &trajectory, &err) != DKM_OK) fail_msg("%s", err.message);
  return trajectory;
}

/* The largest difference between samples of a and every stride-th of b. */
static double distance(const dkm_trajectory *a, const dkm_trajectory *b, int64_t stride) {
  const int M = a->n_modes;
  double largest = 0.0;
  for (int64_t i = 0; i < a->n; i++) {
    assert_true(a->t[i] == b->t[i * stride]);
    for (int mu = 0; mu < M; mu++) {
      const int64_t j = i * M + mu, k = i * stride * M + mu;
      largest = fmax(largest, fabs(a->xi[j] - b->xi[k]));
      largest = fmax(largest, fmax(fabs(a->alpha_re[j] - b->alpha_re[k]), fabs(a->alpha_im[j] - b->alpha_im[k])));
    }
  }
  return largest;
}

/* Against GSL, whose steps end at the samples. */
static void samples_are_those_of_steps_that_end_there(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  const dkm_solver gsl = {.method = DKM_METHOD_GSL, .tolerance = 1e-13};
  for (int trial = 0; trial < 24; trial++) {
    const int M = 1 + trial / 4 % 3;
    dkm_system p;
    dkm_system_of_patterns(&p, DKM_GAUGED, M, NULL);
    const dkm_point pt = some_point(rng, M, trial);
    for (double tolerance = 1e-6; tolerance > 0.5e-12; tolerance *= 1e-2) {
      const dkm_solver solver = {.tolerance = tolerance};
      dkm_trajectory exact = compute(&p, &pt, &gsl, NULL, 10.0, 0.0625),
                     sampled = compute(&p, &pt, &solver, NULL, 10.0, 0.0625);
      assert_true(sampled.n == 161 && exact.n == 161);
      const double error = distance(&sampled, &exact, 1);
      if (!(error < 1000.0 * tolerance)) {
        print_point(&pt, M);
        fail_msg("tolerance %g: error %g", tolerance, error);
      }
      dkm_trajectory_free(&exact);
      dkm_trajectory_free(&sampled);
    }
  }
  gsl_rng_free(rng);
}

/* In steps hundreds of times as long as the mode's time. */
static void samples_of_slow_steps_are_those_of_resolved_modes(void **state) {
  (void)state;
  static const double g0[] = {0.6, 1.2, 2.0};
  const dkm_solver slow = {.tolerance = 1e-10}, resolved = {.tolerance = 1e-10, .resolve_modes = true};
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, 1, NULL);
  for (int i = 0; i < 3; i++) {
    const dkm_point pt = cavity(g0[i]);
    dkm_trajectory a = compute(&p, &pt, &slow, NULL, 500.0, 0.125), b = compute(&p, &pt, &resolved, NULL, 500.0, 0.125);
    const double error = distance(&a, &b, 1);
    if (!(error < 5e-9)) fail_msg("g0 = %g: error %g", g0[i], error);
    assert_true(a.steps < b.steps / 3);
    dkm_trajectory_free(&a);
    dkm_trajectory_free(&b);
  }
}

/* Neither are there more steps where there are more samples, nor does a sample depend on the others by a bit; nor on the
 * instruction set, or on what is kept. */
static void samples_change_nothing(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 24; trial++) {
    const int M = 1 + trial / 4 % 5;
    dkm_system p;
    dkm_system_of_patterns(&p, DKM_GAUGED, M, NULL);
    const dkm_point pt = some_point(rng, M, trial);
    dkm_solver solver = {.tolerance = 1e-10};
    dkm_trajectory sparse = compute(&p, &pt, &solver, NULL, 64.0, 8.0);
    for (const char *const *cpu = dkm_cpu_names(); *cpu; cpu++) {
      if (!dkm_cpu_supported(*cpu)) continue;
      for (int streamed = 0; streamed < 2; streamed++) {
        solver.coefficients = streamed ? DKM_COEFFICIENTS_STREAMED : DKM_COEFFICIENTS_KEPT;
        dkm_trajectory dense = compute(&p, &pt, &solver, *cpu, 64.0, 1.0 / 64);
        assert_true(dense.n == 4097 && sparse.n == 9);
        assert_true(dense.steps == sparse.steps);
        assert_true(distance(&sparse, &dense, 512) == 0.0);
        dkm_trajectory_free(&dense);
      }
    }
    dkm_trajectory_free(&sparse);
  }
  gsl_rng_free(rng);
}

/* Without series the last step ends at the sample: the same numbers to the tolerance, more steps. */
static void without_series_steps_end_at_samples(void **state) {
  (void)state;
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, 4, NULL);
  const dkm_point pt = fig3_point(0.9, 2);
  int64_t steps[2];
  double xi[2][4], re[2][4], im[2][4], *u = malloc(dkm_model_size(&p) * sizeof *u);
  for (int between = 0; between < 2; between++) {
    const dkm_solver solver = {.tolerance = 1e-10, .between_steps = between};
    dkm_integrator *integrator;
    assert_int_equal(dkm_integrator_create(&p, &solver, NULL, &integrator, NULL), DKM_OK);
    dkm_model_start(&p, &pt, u, NULL);
    dkm_integrator_load(integrator, 0, &pt, u, 0.0);
    for (int i = 1; i <= 100; i++)
      assert_true(dkm_integrator_sample(integrator, 0, 0.1 * i, xi[between], re[between], im[between]));
    steps[between] = dkm_integrator_lane(integrator, 0)->steps;
    assert_true(between || dkm_integrator_lane(integrator, 0)->t == 0.1 * 100);
    dkm_integrator_destroy(integrator);
  }
  assert_true(steps[0] == 100 && steps[1] < 50);
  for (int mu = 0; mu < 4; mu++) {
    assert_close(xi[0][mu], xi[1][mu], 1e-9);
    assert_close(re[0][mu], re[1][mu], 1e-9);
    assert_close(im[0][mu], im[1][mu], 1e-9);
  }
  free(u);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(samples_are_those_of_steps_that_end_there),
      cmocka_unit_test(samples_of_slow_steps_are_those_of_resolved_modes),
      cmocka_unit_test(samples_change_nothing),
      cmocka_unit_test(without_series_steps_end_at_samples),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
