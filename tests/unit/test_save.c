/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trajectories that are put aside and continued have the bits of those that go on. */
#include "cmocka_headers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desk.h"
#include "random_points.h"

/* ---- integrators ---- */

static dkm_integrator *make(const dkm_system *p, const dkm_solver *solver, const char *cpu) {
  dkm_integrator *integrator = NULL;
  assert_int_equal(dkm_integrator_create(p, solver, cpu, &integrator, NULL), DKM_OK);
  return integrator;
}

/* Some calls of advance with a pause in sight, as evaluate.c would make them. */
static void go_on(dkm_integrator *integrator, int lane, double length) {
  dkm_lane *l = dkm_integrator_lane(integrator, lane);
  l->t_pause = l->t + length;
  while (l->t < l->t_pause) dkm_integrator_advance(integrator);
}

static void check_same_end(const dkm_system *p, dkm_integrator *a, int lane_a, dkm_integrator *b, int lane_b) {
  const size_t size = dkm_model_size(p);
  double *u = malloc(size * sizeof *u), *v = malloc(size * sizeof *v);
  dkm_window window_a = {0}, window_b = {0};
  const dkm_lane *l = dkm_integrator_lane(a, lane_a), *m = dkm_integrator_lane(b, lane_b);
  dkm_integrator_state(a, lane_a, u);
  dkm_integrator_state(b, lane_b, v);
  dkm_integrator_window(a, lane_a, &window_a);
  dkm_integrator_window(b, lane_b, &window_b);
  assert_memory_equal(u, v, size * sizeof *u);
  assert_memory_equal(&window_a, &window_b, sizeof window_a);
  assert_true(l->t == m->t && l->steps == m->steps && l->t_pause == m->t_pause);
  free(u);
  free(v);
}

/* Continued in another workspace, another lane, another instruction set, with coefficients kept or streamed. */
static void a_lane_that_is_restored_goes_on_with_the_same_bits(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int M = 1; M <= 6; M++)
    for (int method = DKM_METHOD_ENSEMBLE; method <= DKM_METHOD_GSL; method++) {
      dkm_system p;
      dkm_system_of_patterns(&p, M % 2 ? DKM_UNGAUGED : DKM_GAUGED, M, NULL);
      dkm_solver solver = {.tolerance = 1e-10, .t_max = 1e7};
      solver.method = method;
      double *u = malloc(dkm_model_size(&p) * sizeof *u);
      const dkm_point pt = random_point(rng, M, M % 2, 1);
      assert_int_equal(dkm_model_start(&p, &pt, u, NULL), DKM_OK);
      for (int64_t i = 0; i < 3 * p.n_classes; i++) u[i] *= 0.7; /* not only unit spins */
      dkm_integrator *first = make(&p, &solver, NULL);
      dkm_integrator_load(first, 0, &pt, u, 0.0);
      go_on(first, 0, 37.0);
      void *bytes = malloc(dkm_integrator_saved_bytes(first));
      dkm_integrator_save(first, 0, bytes);
      go_on(first, 0, 41.0);
      const double t_end = dkm_integrator_lane(first, 0)->t;
      for (const char *const *cpu = dkm_cpu_names(); *cpu; cpu++)
        for (int coefficients = DKM_COEFFICIENTS_BY_SIZE; coefficients <= DKM_COEFFICIENTS_STREAMED; coefficients++) {
          if (!dkm_cpu_supported(*cpu)) continue;
          solver.coefficients = coefficients;
          dkm_integrator *second = make(&p, &solver, *cpu);
          const int lane = dkm_integrator_lanes(second) - 1;
          dkm_integrator_load(second, 0, &pt, u, 0.0); /* a neighbour */
          dkm_integrator_restore(second, lane, &pt, bytes);
          go_on(second, lane, 41.0);
          assert_true(dkm_integrator_lane(second, lane)->t == t_end);
          /* the first one's window is asked for once: again from its own bytes */
          dkm_integrator *again = make(&p, &solver, NULL);
          dkm_integrator_restore(again, 0, &pt, bytes);
          go_on(again, 0, 41.0);
          check_same_end(&p, again, 0, second, lane);
          dkm_integrator_destroy(again);
          dkm_integrator_destroy(second);
        }
      solver.coefficients = DKM_COEFFICIENTS_BY_SIZE;
      dkm_integrator *second = make(&p, &solver, NULL);
      dkm_integrator_restore(second, 0, &pt, bytes);
      go_on(second, 0, 41.0);
      check_same_end(&p, first, 0, second, 0);
      dkm_integrator_destroy(second);
      dkm_integrator_destroy(first);
      free(bytes);
      free(u);
    }
  gsl_rng_free(rng);
}

/* ---- evaluators ---- */

/* One process after the other, each with an evaluator of its own, until all is done; returns how many there were. */
static int work(desk *d, const dkm_system *p, const dkm_solver *solver, const char *cpu, bool alternate) {
  dkm_stream stream = desk_stream(d);
  int n = 0;
  for (; !desk_is_complete(d); n++) {
    dkm_solver this_time = *solver;
    if (alternate && n % 2) this_time.coefficients = DKM_COEFFICIENTS_STREAMED;
    assert_int_equal(dkm_evaluator_create(p, &this_time, alternate && n % 2 ? "plain" : cpu, &d->evaluator, NULL),
                     DKM_OK);
    d->next = d->questions = 0;
    assert_int_equal(dkm_evaluate_stream(d->evaluator, &stream, NULL), DKM_OK);
    dkm_evaluator_destroy(d->evaluator);
    assert_true(n < 2000);
  }
  for (int i = 0; i < d->n; i++) {
    free(d->bytes[i]);
    d->bytes[i] = NULL;
  }
  return n;
}

static void check_bits(const dkm_system *p, int n, const dkm_point *points, const dkm_record *a,
                       const dkm_record *b) {
  for (int i = 0; i < n; i++) {
    if (a[i].steps != b[i].steps || a[i].t_end != b[i].t_end) print_point(&points[i], p->n_modes);
    assert_true(a[i].steps == b[i].steps && a[i].t_end == b[i].t_end);
    assert_int_equal(dkm_record_checksum(&a[i], p->n_modes, NULL, 0), dkm_record_checksum(&b[i], p->n_modes, NULL, 0));
  }
}

/* Points of every kind: at rest soon, cycles, tori, chaos, undecided. Every other process has other coefficients and
 * instructions. */
static void interrupted_points_have_the_records_of_uninterrupted_ones(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int n_resumed = 0, n_windows = 0, n_processes = 0, n_kinds = 0;
  bool kind[DKM_N_VERDICTS] = {false};
  for (int M = 1; M <= 4; M++)
    for (int perturbed = 0; perturbed <= 1; perturbed++) {
      dkm_system p;
      dkm_point points[DESK_MOST];
      dkm_record whole[DESK_MOST];
      desk d = {.n = DESK_MOST, .points = points, .most_questions = 1 + M % 3};
      dkm_system_of_patterns(&p, M % 2 ? DKM_GAUGED : DKM_UNGAUGED, M, NULL);
      for (int i = 0; i < DESK_MOST; i++) points[i] = random_point(rng, M, i % 2, perturbed && i % 3);
      const dkm_solver solver = {.method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = 2e4};
      dkm_evaluator *e;
      assert_int_equal(dkm_evaluator_create(&p, &solver, NULL, &e, NULL), DKM_OK);
      assert_int_equal(dkm_evaluate(e, DESK_MOST, points, whole, NULL, NULL), DKM_OK);
      dkm_evaluator_destroy(e);
      n_processes += work(&d, &p, &solver, NULL, M > 1);
      n_resumed += d.n_resumed;
      n_windows += d.n_windows;
      check_bits(&p, DESK_MOST, points, whole, d.records);
      for (int i = 0; i < DESK_MOST; i++) kind[whole[i].verdict] = true;
    }
  for (int v = 0; v < DKM_N_VERDICTS; v++) n_kinds += kind[v];
  print_message("%d processes, %d times a point was continued, %d times it was put aside within a window of samples\n",
                n_processes, n_resumed, n_windows);
  assert_true(n_resumed > 100 && n_windows > 100 && n_kinds >= 4);
  gsl_rng_free(rng);
}

/* gsl has one lane and no quotient. Modes of both signs take time, and samples. */
static void interrupted_points_of_gsl_have_the_same_records(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  enum { N = 4 };
  dkm_system p;
  dkm_point points[N];
  dkm_record whole[N];
  desk d = {.n = N, .points = points, .most_questions = 1};
  dkm_system_of_patterns(&p, DKM_GAUGED, 3, NULL);
  for (int i = 0; i < N; i++) {
    points[i] = random_point(rng, 3, 0, 1);
    points[i].Omega_mu[i % 3] *= -1.0;
  }
  const dkm_solver solver = {.method = DKM_METHOD_GSL, .tolerance = 1e-10, .t_max = 5e3};
  dkm_evaluator *e;
  assert_int_equal(dkm_evaluator_create(&p, &solver, NULL, &e, NULL), DKM_OK);
  assert_int_equal(dkm_evaluate(e, N, points, whole, NULL, NULL), DKM_OK);
  dkm_evaluator_destroy(e);
  work(&d, &p, &solver, NULL, false);
  check_bits(&p, N, points, whole, d.records);
  assert_true(d.n_resumed > 4 && d.n_windows > 0);
  gsl_rng_free(rng);
}

/* ---- what is passed, and what is taken ---- */

static bool refuse(void *context, int64_t id, double t, const void *bytes, size_t n_bytes) {
  desk_keep(context, id, t, bytes, n_bytes);
  return false;
}
static bool save_once(void *context) {
  desk *d = context;
  assert_int_equal(dkm_evaluator_save(d->evaluator, 1e3, desk_keep, d, NULL), DKM_OK);
  assert_int_equal(d->n_saved, 0); /* none has taken so long */
  assert_int_equal(dkm_evaluator_save(d->evaluator, 0.0, refuse, d, NULL), DKM_OK);
  return true;
}
static void only_slow_points_are_saved_and_only_as_long_as_wanted(void **state) {
  (void)state;
  dkm_system p;
  dkm_point points[DESK_MOST];
  desk d = {.n = DESK_MOST, .points = points};
  dkm_system_of_patterns(&p, DKM_GAUGED, 4, NULL);
  for (int i = 0; i < DESK_MOST; i++) {
    points[i] = fig3_point(1.0 + 0.01 * i, 1);
    points[i].Omega_mu[0] = -1.0;
    points[i].perturbation = 0.1;
  }
  const dkm_stream stream = {.context = &d, .next = desk_next, .done = desk_done, .interrupt = save_once};
  dkm_solver solver = {.method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = 1e6};
  for (int sensitivity = 0; sensitivity <= 1; sensitivity++) {
    solver.sensitivity = sensitivity;
    d.next = d.n_saved = 0;
    assert_int_equal(dkm_evaluator_create(&p, &solver, NULL, &d.evaluator, NULL), DKM_OK);
    assert_int_equal(dkm_evaluate_stream(d.evaluator, &stream, NULL), DKM_OK);
    assert_int_equal(d.n_saved, sensitivity ? 0 : 1); /* shadows cannot be continued */
    dkm_evaluator_destroy(d.evaluator);
  }
  for (int i = 0; i < DESK_MOST; i++) free(d.bytes[i]);
}

/* Bytes of another point, or too few of them: it begins at its start. */
static void bytes_of_something_else_are_not_used(void **state) {
  (void)state;
  enum { N = 2 };
  dkm_system p;
  dkm_point points[N];
  dkm_record whole[N];
  dkm_system_of_patterns(&p, DKM_GAUGED, 3, NULL);
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int i = 0; i < N; i++) points[i] = random_point(rng, 3, 1, 1);
  const dkm_solver solver = {.method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = 1e4};
  dkm_evaluator *e;
  assert_int_equal(dkm_evaluator_create(&p, &solver, NULL, &e, NULL), DKM_OK);
  assert_int_equal(dkm_evaluate(e, N, points, whole, NULL, NULL), DKM_OK);
  for (int kind = 0; kind < 3; kind++) {
    desk d = {.evaluator = e, .n = N, .points = points, .most_questions = 1};
    dkm_stream stream = desk_stream(&d);
    assert_int_equal(dkm_evaluate_stream(e, &stream, NULL), DKM_OK);
    assert_int_equal(d.n_saved, N);
    if (kind == 0) { /* exchanged */
      void *bytes = d.bytes[0];
      const size_t n = d.n_bytes[0];
      d.bytes[0] = d.bytes[1];
      d.n_bytes[0] = d.n_bytes[1];
      d.bytes[1] = bytes;
      d.n_bytes[1] = n;
    } else if (kind == 1) { /* cut short */
      for (int i = 0; i < N; i++) d.n_bytes[i] -= 8;
    } else { /* nothing */
      for (int i = 0; i < N; i++) d.n_bytes[i] = 0;
    }
    d.next = 0;
    stream.interrupt = NULL;
    assert_int_equal(dkm_evaluate_stream(e, &stream, NULL), DKM_OK);
    assert_int_equal(d.n_resumed, 0);
    check_bits(&p, N, points, whole, d.records);
    for (int i = 0; i < N; i++) free(d.bytes[i]);
  }
  dkm_evaluator_destroy(e);
  gsl_rng_free(rng);
}

/* In the quotient a trajectory has one mode, but its record tells of all: every parameter must be the same. */
static void a_point_that_differs_in_any_parameter_is_not_continued(void **state) {
  (void)state;
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, 3, NULL);
  /* One mode above threshold is given a part of the steps. */
  const dkm_solver solver = {
      .method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = 1e4, .max_steps = INT64_C(1000000000000)};
  dkm_evaluator *e;
  assert_int_equal(dkm_evaluator_create(&p, &solver, NULL, &e, NULL), DKM_OK);
  for (int quotient = 0; quotient <= 1; quotient++) {
    dkm_point point = fig3_point(1.2, 1);
    point.Omega_mu[0] = -1.0; /* nothing is settled for long, so that there is time to ask */
    point.overlap = 0.5;
    for (int mu = 0; mu < 3; mu++) point.kappa_mu[mu] = quotient ? 1e-9 : 1e-3;
    point.perturbation = quotient ? 0.0 : 1e-3;
    dkm_point points[13];
    for (int i = 0; i < 13; i++) points[i] = point;
    points[1].g0 = 1.3;
    points[2].Omega = 0.4;
    for (int mu = 0; mu < 3; mu++) {
      points[3 + mu].Omega_mu[mu] = 3.0;
      points[6 + mu].kappa_mu[mu] = 2.0;
    }
    points[9].overlap = 0.9;
    points[10].seed = 2;
    points[11].pattern = 2;
    points[12].perturbation = quotient ? 0.0 : 2e-3;
    for (int i = 0; i < 13; i++) {
      desk d = {.evaluator = e, .n = 1, .points = &point, .most_questions = 1};
      dkm_stream stream = desk_stream(&d);
      assert_int_equal(dkm_evaluate_stream(e, &stream, NULL), DKM_OK);
      assert_int_equal(d.n_saved, 1);
      d.points = &points[i];
      d.next = 0;
      stream.interrupt = NULL;
      assert_int_equal(dkm_evaluate_stream(e, &stream, NULL), DKM_OK);
      const bool same = i == 0 || (i == 12 && quotient);
      if (d.n_resumed != same) fail_msg("quotient %d, parameter %d: %d resumed", quotient, i, d.n_resumed);
      free(d.bytes[0]);
    }
  }
  dkm_evaluator_destroy(e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_lane_that_is_restored_goes_on_with_the_same_bits),
      cmocka_unit_test(interrupted_points_have_the_records_of_uninterrupted_ones),
      cmocka_unit_test(interrupted_points_of_gsl_have_the_same_records),
      cmocka_unit_test(only_slow_points_are_saved_and_only_as_long_as_wanted),
      cmocka_unit_test(bytes_of_something_else_are_not_used),
      cmocka_unit_test(a_point_that_differs_in_any_parameter_is_not_continued),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
