/* SPDX-License-Identifier: GPL-3.0-or-later */
/* g0 and Omega that change with time. */
#include "cmocka_headers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/core/tangent.h"
#include "couplings.h"
#include "dickemap/cycle.h"
#include "dickemap/drive.h"
#include "dickemap/evaluate.h"
#include "dickemap/trajectory.h"
#include "integrate.h"
#include "random_points.h"

enum { MAX_CLASSES = 64, MAX_STATE = 3 * MAX_CLASSES + 2 * 6 };

static dkm_drive random_drive(gsl_rng *rng, bool repeat) {
  dkm_drive drive = {.n = 2 + (int)gsl_rng_uniform_int(rng, 6), .repeat = repeat};
  for (int i = 0; i < drive.n; i++) {
    drive.time[i] = i == 0 ? 0.0 : i == drive.n - 1 ? 1.0 : uniform_between(rng, drive.time[i - 1], 1.0);
    drive.g0[i] = uniform_between(rng, 0, 2);
    drive.Omega[i] = uniform_between(rng, -1, 2);
  }
  if (drive.n > 4) drive.time[2] = drive.time[1]; /* a jump */
  return drive;
}

static dkm_point random_driven_point(gsl_rng *rng, int n_modes, int kind) {
  dkm_point p = random_point(rng, n_modes, kind % 5 == 4, 1);
  p.duration = pow(10.0, uniform_between(rng, -0.5, 1.3));
  if (kind % 3 == 1) p.gamma_down = uniform_between(rng, 0, 0.5);
  if (kind % 3 == 1) p.gamma_phi = uniform_between(rng, 0, 0.2);
  if (kind % 3 == 2) p.imbalance = uniform_between(rng, -1, 1);
  return p;
}

/* ---- pieces ---- */

static void pieces_follow_each_other(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 200; trial++) {
    const dkm_drive drive = random_drive(rng, trial % 2);
    const dkm_point pt = random_driven_point(rng, 1, 0);
    double t = 0.0;
    for (int64_t i = 0; i < 40; i++) {
      const dkm_piece piece = dkm_drive_piece(&drive, &pt, i);
      assert_true(piece.begin == t && piece.end > piece.begin);
      assert_int_equal(dkm_drive_piece_at(&drive, &pt, piece.begin), i);
      const double middle = isfinite(piece.end) ? 0.5 * (piece.begin + piece.end) : piece.begin + 1.0;
      assert_int_equal(dkm_drive_piece_at(&drive, &pt, middle), i);
      /* straight from knot to knot */
      const double phase = drive.repeat ? fmod(middle, pt.duration) / pt.duration : fmin(middle / pt.duration, 1.0);
      int k = 0;
      while (k < drive.n - 2 && drive.time[k + 1] <= phase) k++;
      const double part = isfinite(piece.end) ? (phase - drive.time[k]) / (drive.time[k + 1] - drive.time[k]) : 1.0;
      const dkm_point now = dkm_drive_point_at(&drive, &pt, middle);
      assert_close(now.g0, pt.g0 * (drive.g0[k] + part * (drive.g0[k + 1] - drive.g0[k])), 1e-8);
      assert_close(now.Omega, pt.Omega * (drive.Omega[k] + part * (drive.Omega[k + 1] - drive.Omega[k])), 1e-8);
      t = piece.end;
      if (isinf(t)) break;
    }
    assert_true(drive.repeat != isinf(t));
    const dkm_point last = dkm_drive_final(&drive, &pt);
    assert_close(last.g0, drive.repeat ? pt.g0 : pt.g0 * drive.g0[drive.n - 1], 1e-15);
  }
  gsl_rng_free(rng);
}

/* ---- trajectories ---- */

/* Also beyond the end of a drive, and over several of its periods. */
static void ensemble_and_gsl_agree(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 150; trial++) {
    const int M = 1 + trial % 5;
    double u[MAX_STATE], v[MAX_STATE];
    dkm_couplings tables = {0};
    dkm_system p;
    dkm_system_of_patterns(&p, trial % 4 ? DKM_GAUGED : DKM_UNGAUGED, M, NULL);
    if (trial % 3 == 2) {
      tables = random_couplings(rng, M, 1 + trial % 11);
      p = tables.system;
    }
    const dkm_drive drive = random_drive(rng, trial % 2);
    const dkm_point pt = random_driven_point(rng, M, trial / 2);
    p.drive = &drive;
    dkm_model_start(&p, &pt, u, NULL);
    memcpy(v, u, sizeof u);
    dkm_integrator *ensemble = integrator_for(&p, DKM_METHOD_ENSEMBLE, 1e-11, DKM_DYNAMICS_DRIVEN, NULL);
    dkm_integrator *gsl = integrator_for(&p, DKM_METHOD_GSL, 1e-13, DKM_DYNAMICS_DRIVEN, NULL);
    const double t = uniform_between(rng, 5, 12), before = uniform_between(rng, 0, 1) * t;
    integrate(ensemble, 0, &pt, u, 0.0, before); /* loaded again within a piece */
    integrate(ensemble, 0, &pt, u, before, t);
    integrate(gsl, 0, &pt, v, 0.0, t);
    const double error = difference(u, v, dkm_model_size(&p));
    if (!(error <= 1e-7)) print_point(&pt, M);
    assert_close(error, 0.0, 1e-7);
    dkm_integrator_destroy(ensemble);
    dkm_integrator_destroy(gsl);
    dkm_couplings_free(&tables);
  }
  gsl_rng_free(rng);
}

/* The closer the tolerance, the smaller the error: knots do not spoil the order. */
static void errors_go_with_the_tolerance(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  double sum[4] = {0};
  for (int trial = 0; trial < 30; trial++) {
    double exact[MAX_STATE], u[MAX_STATE], start[MAX_STATE];
    dkm_system p;
    dkm_system_of_patterns(&p, DKM_GAUGED, 2, NULL);
    const dkm_drive drive = random_drive(rng, trial % 2);
    const dkm_point pt = random_driven_point(rng, 2, trial);
    p.drive = &drive;
    dkm_model_start(&p, &pt, start, NULL);
    for (int i = 0; i < 5; i++) {
      static const double tolerances[] = {1e-15, 1e-5, 1e-7, 1e-9, 1e-11};
      memcpy(u, start, sizeof u);
      dkm_integrator *integrator = integrator_for(&p, DKM_METHOD_ENSEMBLE, tolerances[i], DKM_DYNAMICS_DRIVEN, NULL);
      integrate(integrator, 0, &pt, u, 0.0, 8.0);
      dkm_integrator_destroy(integrator);
      if (i == 0) memcpy(exact, u, sizeof u);
      if (i > 0) sum[i - 1] += log10(fmax(1e-16, difference(u, exact, dkm_model_size(&p)))) / 30.0;
    }
  }
  print_message("mean log10 of the error at 1e-5, 1e-7, 1e-9, 1e-11: %.1f %.1f %.1f %.1f\n", sum[0], sum[1], sum[2],
                sum[3]);
  for (int i = 0; i < 3; i++) assert_true(sum[i + 1] < sum[i] - 1.0);
  gsl_rng_free(rng);
}

/* Whatever the instruction set, the lane, the neighbours; and put aside anywhere. */
static void bits_depend_on_the_point_alone(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 10; trial++) {
    const int M = 1 + trial % 4;
    double start[MAX_STATE], first[MAX_STATE];
    bool has_first = false;
    dkm_system p;
    dkm_system_of_patterns(&p, DKM_GAUGED, M, NULL);
    const dkm_drive drive = random_drive(rng, trial % 2);
    const dkm_point pt = random_driven_point(rng, M, trial);
    p.drive = &drive;
    dkm_model_start(&p, &pt, start, NULL);
    for (const char *const *cpu = dkm_cpu_names(); *cpu; cpu++) {
      if (!dkm_cpu_supported(*cpu)) continue;
      dkm_integrator *integrator = integrator_for(&p, DKM_METHOD_ENSEMBLE, 1e-10, DKM_DYNAMICS_DRIVEN, *cpu);
      for (int at = 0; at < dkm_integrator_lanes(integrator); at++) {
        double u[MAX_STATE];
        dkm_point neighbour = pt;
        neighbour.duration *= 0.7;
        for (int other = 0; other < at; other++) dkm_integrator_load(integrator, other, &neighbour, start, 0.3);
        dkm_integrator_load(integrator, at, &pt, start, 0.0);
        dkm_lane *lane = dkm_integrator_lane(integrator, at);
        lane->t_limit = 9.0;
        lane->t_pause = 2.0 + at;
        while (lane->t < 2.0 + at) dkm_integrator_advance(integrator);
        void *bytes = malloc(dkm_integrator_saved_bytes(integrator));
        dkm_integrator_save(integrator, at, bytes);
        dkm_integrator_unload(integrator, at);
        dkm_integrator_restore(integrator, at, &pt, bytes);
        free(bytes);
        lane->t_pause = INFINITY;
        while (lane->t < 9.0) dkm_integrator_advance(integrator);
        dkm_integrator_state(integrator, at, u);
        for (int other = 0; other <= at; other++) dkm_integrator_unload(integrator, other);
        if (!has_first) memcpy(first, u, sizeof u);
        has_first = true;
        assert_memory_equal(u, first, dkm_model_size(&p) * sizeof *u);
      }
      dkm_integrator_destroy(integrator);
    }
  }
  gsl_rng_free(rng);
}

/* Samples lie on the driven trajectory. */
static void sampled_trajectories_are_driven(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 20; trial++) {
    const int M = 1 + trial % 3;
    double u[MAX_STATE], xi[DKM_MAX_MODES], work[2 * MAX_CLASSES];
    dkm_system p;
    dkm_trajectory sampled;
    dkm_system_of_patterns(&p, DKM_GAUGED, M, NULL);
    const dkm_drive drive = random_drive(rng, trial % 2);
    dkm_point pt = random_driven_point(rng, M, trial);
    if (trial % 4 < 2) pt.perturbation = 0.0;
    p.drive = &drive;
    const dkm_solver solver = {.tolerance = 1e-11, .t_max = 1e7};
    const dkm_course course = {.system = &p, .point = &pt, .solver = &solver};
    assert_int_equal(dkm_trajectory_compute(&course, 0.0, 6.0, 1.5, &sampled, NULL), DKM_OK);
    assert_int_equal(sampled.n, 5);
    dkm_model_start(&p, &pt, u, NULL);
    dkm_integrator *gsl = integrator_for(&p, DKM_METHOD_GSL, 1e-13, DKM_DYNAMICS_DRIVEN, NULL);
    for (int i = 1; i < 5; i++) {
      integrate(gsl, 0, &pt, u, 1.5 * (i - 1), 1.5 * i);
      dkm_model_overlaps(&p, u, xi, work);
      for (int mu = 0; mu < M; mu++) assert_close(sampled.xi[i * M + mu], xi[mu], 1e-7);
    }
    dkm_integrator_destroy(gsl);
    dkm_trajectory_free(&sampled);
  }
  gsl_rng_free(rng);
}

/* ---- the map over a period ---- */

/* Columns of the linearised equations are derivatives of the trajectory, which is that of the ensemble. */
static void tangents_follow_the_drive(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 40; trial++) {
    const int M = 1 + trial % 3;
    double start[MAX_STATE], u[MAX_STATE], v[MAX_STATE];
    dkm_tangent *t = NULL;
    dkm_system p;
    dkm_system_of_patterns(&p, DKM_GAUGED, M, NULL);
    const dkm_drive drive = random_drive(rng, true);
    const dkm_point pt = random_driven_point(rng, M, trial);
    p.drive = &drive;
    const size_t n = dkm_model_size(&p);
    double *columns = calloc(n * n, sizeof *columns);
    for (size_t i = 0; i < n; i++) columns[i * n + i] = 1.0;
    assert_int_equal(dkm_tangent_create(&p, &t, NULL), DKM_OK);
    dkm_model_start(&p, &pt, start, NULL);
    const double from = uniform_between(rng, 0, 1) * pt.duration, T = 4.0;
    memcpy(u, start, sizeof u);
    memcpy(v, start, sizeof v);
    assert_true(dkm_tangent_advance(t, &pt, from, T, u, columns, (int)n, true));
    dkm_integrator *integrator = integrator_for(&p, DKM_METHOD_ENSEMBLE, 1e-13, DKM_DYNAMICS_DRIVEN, NULL);
    integrate(integrator, 0, &pt, v, from, from + T);
    dkm_integrator_destroy(integrator);
    assert_close(difference(u, v, n), 0.0, 1e-9);
    for (size_t c = 0; c < n; c++) {
      const double h = 1e-5;
      double plus[MAX_STATE], minus[MAX_STATE];
      memcpy(plus, start, sizeof plus);
      memcpy(minus, start, sizeof minus);
      plus[c] += h;
      minus[c] -= h;
      assert_true(dkm_tangent_advance(t, &pt, from, T, plus, NULL, 0, true));
      assert_true(dkm_tangent_advance(t, &pt, from, T, minus, NULL, 0, true));
      for (size_t i = 0; i < n; i++) {
        const double slope = (plus[i] - minus[i]) / (2 * h);
        assert_close(columns[i * n + c], slope, 1e-5 * fmax(1.0, fabs(slope)));
      }
    }
    dkm_tangent_destroy(t);
    free(columns);
  }
  gsl_rng_free(rng);
}

/* ---- verdicts ---- */

static dkm_evaluator *evaluator_of(const dkm_system *p, int method) {
  dkm_solver solver = {.tolerance = 1e-10, .t_max = 1e7, .max_steps = 1000000};
  dkm_evaluator *e = NULL;
  solver.method = method;
  assert_int_equal(dkm_evaluator_create(p, &solver, NULL, &e, NULL), DKM_OK);
  return e;
}

/* The modulated Dicke model (arXiv:1708.01472), omega = 1 - eps, omega_0 = 1 + eps, the coupling on for half of each period:
 * z has the other sign after each period. */
static void the_sign_alternates_from_period_to_period(void **state) {
  (void)state;
  const dkm_drive drive = {.n = 4, .repeat = true, .time = {0, 0.5, 0.5, 1}, .g0 = {1, 1, 0, 0}, .Omega = {1, 1, 1, 1}};
  static const double deviations[] = {0.0, 0.02};
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, 1, NULL);
  p.drive = &drive;
  dkm_evaluator *e = evaluator_of(&p, DKM_METHOD_ENSEMBLE);
  for (int i = 0; i < 2; i++) {
    const double eps = deviations[i];
    double u[5];
    dkm_record record;
    const dkm_point pt = {.g0 = 1.0,
                          .Omega = 0.5 * (1 + eps),
                          .Omega_mu = {1 - eps},
                          .kappa_mu = {0.1},
                          .pattern = 1,
                          .overlap = 0.9,
                          .duration = 2 * M_PI};
    assert_int_equal(dkm_evaluate(e, 1, &pt, &record, u, NULL), DKM_OK);
    assert_int_equal(record.verdict, DKM_VERDICT_LIMIT_CYCLE);
    assert_int_equal(record.period_multiple, 2);
    assert_close(record.period, 4 * M_PI, 1e-12);
    assert_true(record.growth_rate < 0.0 && record.n_unstable == 0 && record.cycle_residual <= 1e-9);
    dkm_integrator *gsl = integrator_for(&p, DKM_METHOD_GSL, 1e-13, DKM_DYNAMICS_DRIVEN, NULL);
    const double z = u[2]; /* where the drive begins */
    for (int n = 1; n <= 4; n++) {
      integrate(gsl, 0, &pt, u, 0.0, 2 * M_PI);
      assert_close(u[2], n % 2 ? -z : z, 1e-7);
    }
    assert_true(fabs(z) > 0.1);
    dkm_integrator_destroy(gsl);
  }
  dkm_evaluator_destroy(e);
}

/* Knots that do not differ are no drive; and with any that is over, what follows has the end that its state has. */
static void a_constant_drive_is_none(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  const dkm_drive constant = {.n = 3, .repeat = true, .time = {0, 0.3, 1}, .g0 = {1, 1, 1}, .Omega = {1, 1, 1}};
  for (int trial = 0; trial < 40; trial++) {
    const int M = 1 + trial % 3;
    dkm_system without, with;
    dkm_record a, b;
    dkm_system_of_patterns(&without, DKM_GAUGED, M, NULL);
    with = without;
    with.drive = &constant;
    dkm_point pt = random_driven_point(rng, M, trial), plain;
    pt.kappa_mu[0] = fmax(pt.kappa_mu[0], 0.5);
    if (trial % 2) pt.perturbation = 0.0;
    plain = pt;
    plain.duration = 0.0;
    dkm_evaluator *e = evaluator_of(&without, DKM_METHOD_ENSEMBLE), *f = evaluator_of(&with, DKM_METHOD_ENSEMBLE);
    assert_int_equal(dkm_evaluate(e, 1, &plain, &a, NULL, NULL), DKM_OK);
    assert_int_equal(dkm_evaluate(f, 1, &pt, &b, NULL, NULL), DKM_OK);
    a.wall_time = b.wall_time = 0.0;
    assert_int_equal(dkm_record_checksum(&a, M, NULL, 0), dkm_record_checksum(&b, M, NULL, 0));
    dkm_evaluator_destroy(e);
    dkm_evaluator_destroy(f);
  }
  gsl_rng_free(rng);
}

/* A drive leads somewhere, and the trajectory from there is that of an undriven system: the state at the end of the drive by
 * GSL, followed by GSL for as long. */
static void drives_that_end_hand_over_their_state(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int compared = 0;
  for (int trial = 0; trial < 30; trial++) {
    const int M = 1 + trial % 3;
    double end[MAX_STATE], v[MAX_STATE];
    dkm_system p;
    dkm_record record, other;
    dkm_system_of_patterns(&p, DKM_GAUGED, M, NULL);
    const dkm_drive drive = random_drive(rng, false);
    dkm_point pt = random_driven_point(rng, M, trial);
    if (trial % 2) pt.perturbation = 0.0;
    p.drive = &drive;
    dkm_evaluator *e = evaluator_of(&p, DKM_METHOD_ENSEMBLE), *f = evaluator_of(&p, DKM_METHOD_GSL);
    assert_int_equal(dkm_evaluate(e, 1, &pt, &record, end, NULL), DKM_OK);
    assert_true(record.t_end >= pt.duration);
    assert_true(isnan(record.t_settled) || record.t_settled >= pt.duration);
    if (trial % 10 == 0) {
      assert_int_equal(dkm_evaluate(f, 1, &pt, &other, NULL, NULL), DKM_OK);
      if (record.verdict == DKM_VERDICT_FIXED_POINT && other.verdict == DKM_VERDICT_FIXED_POINT)
        assert_close(fabs(record.xi[0]), fabs(other.xi[0]), 1e-8);
    }
    if (record.verdict == DKM_VERDICT_FIXED_POINT && record.n_unstable == 0 && record.decay_rate > 0.02) {
      /* the trajectory goes there, but for a sign that the symmetry leaves open */
      dkm_integrator *gsl = integrator_for(&p, DKM_METHOD_GSL, 1e-12, DKM_DYNAMICS_DRIVEN, NULL);
      double xi[DKM_MAX_MODES], work[2 * MAX_CLASSES];
      dkm_model_start(&p, &pt, v, NULL);
      integrate(gsl, 0, &pt, v, 0.0, pt.duration + 20.0 / record.decay_rate + 50.0);
      dkm_model_overlaps(&p, v, xi, work);
      for (int mu = 0; mu < M; mu++) assert_close(fabs(xi[mu]), fabs(record.xi[mu]), 1e-4);
      compared++;
      dkm_integrator_destroy(gsl);
    }
    dkm_evaluator_destroy(e);
    dkm_evaluator_destroy(f);
  }
  print_message("%d ends compared\n", compared);
  assert_true(compared >= 8);
  gsl_rng_free(rng);
}

/* Means over a period in which rates jump: by exact quadrature between the knots. */
static void means_know_of_knots(void **state) {
  (void)state;
  const dkm_drive drive = {.n = 2, .repeat = true, .time = {0, 1}, .g0 = {1, 1}, .Omega = {0.2, 1.8}};
  static const double durations[] = {1, 4, 8}, expected[] = {0.722636554840, 0.491290828765, 0.614373546365};
  static const int multiples[] = {2, 6, 2};
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, 1, NULL);
  p.drive = &drive;
  dkm_evaluator *e = evaluator_of(&p, DKM_METHOD_ENSEMBLE);
  for (int i = 0; i < 3; i++) {
    dkm_record r;
    const dkm_point pt = {.g0 = 1, .Omega = 1, .Omega_mu = {1}, .kappa_mu = {1}, .pattern = 1, .overlap = 1,
                          .duration = durations[i]};
    assert_int_equal(dkm_evaluate(e, 1, &pt, &r, NULL, NULL), DKM_OK);
    assert_int_equal(r.period_multiple, multiples[i]);
    assert_close(fabs(r.xi[0]), expected[i], 1e-9);
  }
  dkm_evaluator_destroy(e);
}

/* Floquet exponents of exact starts are those of all directions, and right where the trajectory itself shows no frequency. */
static void exponents_are_those_of_all_directions(void **state) {
  (void)state;
  const dkm_drive weak = {.n = 3, .repeat = true, .time = {0, .5, 1}, .g0 = {1, 1.02, 1}, .Omega = {1, 1, 1}};
  const dkm_drive many = {.n = 8, .repeat = true,
                          .time = {0.0, 0.430427, 0.430427, 0.51372, 0.51372, 0.611506, 0.854972, 1.0},
                          .g0 = {0.195582, 1.55046, 0.0, 0.0, 0.0, 0.792859, 0.0, 0.0},
                          .Omega = {-0.419157, -0.893971, 1.78899, -0.890343, 1.39047, -0.62153, 0.333214, -0.358903}};
  dkm_system p;
  dkm_record r;
  dkm_system_of_patterns(&p, DKM_GAUGED, 2, NULL);
  p.drive = &weak;
  dkm_evaluator *e = evaluator_of(&p, DKM_METHOD_ENSEMBLE);
  const dkm_point exact = {.g0 = 0.885, .Omega = 1, .Omega_mu = {1, 1.3}, .kappa_mu = {1, 1}, .pattern = 2, .overlap = 1,
                           .duration = 1.7};
  assert_int_equal(dkm_evaluate(e, 1, &exact, &r, NULL, NULL), DKM_OK);
  assert_int_equal(r.verdict, DKM_VERDICT_FIXED_POINT);
  assert_int_equal(r.n_unstable, 1);
  assert_close(r.growth_rate, 0.048550, 1e-6);
  assert_close(r.decay_rate, 0.098363, 1e-6);
  dkm_evaluator_destroy(e);
  p.drive = &many;
  e = evaluator_of(&p, DKM_METHOD_ENSEMBLE);
  const dkm_point at_rest = {.g0 = 1.77095, .Omega = 3.88532, .Omega_mu = {0.480408, 5.17954}, .kappa_mu = {2.49622, 3.41827},
                             .pattern = 1, .overlap = 1, .duration = 3.12385};
  assert_int_equal(dkm_evaluate(e, 1, &at_rest, &r, NULL, NULL), DKM_OK);
  assert_int_equal(r.verdict, DKM_VERDICT_FIXED_POINT);
  assert_close(r.growth_rate, -0.0301440, 1e-7);
  dkm_evaluator_destroy(e);
}

/* What is amplified in a ramp counts: here the sign in the end is that of rounding. */
static void growth_within_a_ramp_is_counted(void **state) {
  (void)state;
  const dkm_drive drive = {.n = 3, .time = {0, 0.51328, 1}, .g0 = {1.07663, 0.9, 0.999387}, .Omega = {1, 1, 1}};
  dkm_solver solver = {.tolerance = 1e-10, .t_max = 1e7, .max_steps = 1000000, .sensitivity = true};
  dkm_system p;
  dkm_record r;
  dkm_evaluator *e = NULL;
  dkm_system_of_patterns(&p, DKM_GAUGED, 2, NULL);
  p.drive = &drive;
  assert_int_equal(dkm_evaluator_create(&p, &solver, NULL, &e, NULL), DKM_OK);
  const dkm_point pt = {.g0 = 3.85424, .Omega = 9.8118, .Omega_mu = {0.205726, 2.87601}, .kappa_mu = {1.43932, 0.607565},
                        .pattern = 1, .overlap = 1, .perturbation = 0.00261634, .seed = 36, .duration = 5612.43};
  assert_int_equal(dkm_evaluate(e, 1, &pt, &r, NULL, NULL), DKM_OK);
  assert_true(r.amplification > 1e4);
  assert_int_equal(r.sensitive, DKM_SENSITIVE_YES);
  dkm_evaluator_destroy(e);
}

/* Below threshold the order falls to rounding errors, while other differences stay what they are: each sign that is another at
 * another tolerance is known for sensitive. */
static void growth_of_what_had_died_out_is_counted(void **state) {
  (void)state;
  enum { N_DURATIONS = 12, N_SEEDS = 3, N = N_DURATIONS * N_SEEDS };
  const dkm_drive drive = {.n = 3, .time = {0, 0.5, 1}, .g0 = {1.2, 0.3, 1.2}, .Omega = {1, 1, 1}};
  dkm_system p;
  dkm_point points[N];
  dkm_record records[2][N];
  dkm_system_of_patterns(&p, DKM_GAUGED, 3, NULL);
  p.drive = &drive;
  for (int i = 0; i < N; i++)
    points[i] = (dkm_point){.g0 = 1, .Omega = 0.5, .Omega_mu = {1.5, 2, 2.5}, .kappa_mu = {1, 1, 1}, .pattern = 1, .overlap = 0.3,
                            .perturbation = 0.1, .seed = 1 + i % N_SEEDS,
                            .duration = 600.0 * pow(5.0, (i / N_SEEDS) / (N_DURATIONS - 1.0))};
  for (int which = 0; which < 2; which++) {
    dkm_solver solver = {.tolerance = which ? 1e-10 : 1e-9, .t_max = 1e5, .max_steps = 1000000, .sensitivity = true};
    dkm_evaluator *e = NULL;
    assert_int_equal(dkm_evaluator_create(&p, &solver, NULL, &e, NULL), DKM_OK);
    assert_int_equal(dkm_evaluate(e, N, points, records[which], NULL, NULL), DKM_OK);
    dkm_evaluator_destroy(e);
  }
  int n_others = 0;
  for (int i = 0; i < N; i++) {
    if (records[0][i].xi[0] * records[1][i].xi[0] > 0.0) continue;
    n_others++;
    assert_int_equal(records[0][i].sensitive, DKM_SENSITIVE_YES);
    assert_int_equal(records[1][i].sensitive, DKM_SENSITIVE_YES);
  }
  assert_true(n_others >= 3);
}

/* Ramps that end at different times, with shadows: each point has the record that it has alone. */
static void ramps_beside_each_other_are_those_alone(void **state) {
  (void)state;
  enum { N = 60 };
  const dkm_drive drive = {.n = 3, .time = {0, 0.5, 1}, .g0 = {0.2, 1.5, 1}, .Omega = {1, 1, 1}};
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  dkm_system p;
  dkm_point points[N];
  dkm_record together[N];
  dkm_system_of_patterns(&p, DKM_GAUGED, 2, NULL);
  p.drive = &drive;
  for (int i = 0; i < N; i++) {
    points[i] = random_driven_point(rng, 2, i % 3 == 1 ? 1 : 0);
    points[i].kappa_mu[0] = points[i].kappa_mu[1] = 1.5;
    if (i % 2) points[i].perturbation = 0.0;
  }
  for (int sensitivity = 0; sensitivity < 2; sensitivity++) {
    const dkm_solver solver = {.tolerance = 1e-10, .t_max = 1e5, .max_steps = 20000, .sensitivity = sensitivity};
    dkm_evaluator *e = NULL;
    assert_int_equal(dkm_evaluator_create(&p, &solver, NULL, &e, NULL), DKM_OK);
    assert_int_equal(dkm_evaluate(e, N, points, together, NULL, NULL), DKM_OK);
    for (int i = 0; i < N; i++) {
      dkm_record alone;
      assert_int_equal(dkm_evaluate(e, 1, &points[i], &alone, NULL, NULL), DKM_OK);
      if (dkm_record_checksum(&alone, 2, NULL, 0) != dkm_record_checksum(&together[i], 2, NULL, 0)) print_point(&points[i], 2);
      assert_int_equal(dkm_record_checksum(&alone, 2, NULL, 0), dkm_record_checksum(&together[i], 2, NULL, 0));
      assert_true(alone.t_end >= points[i].duration && alone.xi[0] == alone.xi[0]);
      if (sensitivity) assert_true(alone.amplification >= 1.0);
    }
    dkm_evaluator_destroy(e);
  }
  gsl_rng_free(rng);
}

/* ---- put aside ---- */

enum { N_SLOW = 12 };
typedef struct desk_of_ramps {
  const dkm_point *points;
  bool done[N_SLOW], given[N_SLOW], saved_now[N_SLOW];
  dkm_record records[N_SLOW];
  void *saved[N_SLOW];
  size_t n_bytes[N_SLOW];
  int calls, most;
} desk_of_ramps;

static bool next_ramp(void *context, dkm_point *point, int64_t *id) {
  desk_of_ramps *d = context;
  for (int i = 0; i < N_SLOW; i++) {
    if (d->done[i] || d->given[i]) continue;
    d->given[i] = true;
    *id = i;
    *point = d->points[i];
    return true;
  }
  return false;
}

static void ramp_done(void *context, int64_t id, const dkm_record *record, const double *u) {
  desk_of_ramps *d = context;
  (void)u;
  assert_false(d->done[id]);
  d->done[id] = true;
  d->records[id] = *record;
}

static bool save_ramp(void *context, int64_t id, double t, const void *bytes, size_t n_bytes) {
  desk_of_ramps *d = context;
  (void)t;
  free(d->saved[id]);
  d->saved[id] = malloc(n_bytes);
  d->saved_now[id] = true;
  d->n_bytes[id] = n_bytes;
  memcpy(d->saved[id], bytes, n_bytes);
  return true;
}

static bool resume_ramp(void *context, int64_t id, const void **bytes, size_t *n_bytes) {
  desk_of_ramps *d = context;
  *bytes = d->saved[id];
  *n_bytes = d->n_bytes[id];
  return d->saved[id] != NULL;
}

static dkm_evaluator *under_way;
static bool interrupt_ramps(void *context) {
  desk_of_ramps *d = context;
  if (++d->calls < d->most) return false;
  for (int i = 0; i < N_SLOW; i++) d->saved_now[i] = false;
  assert_int_equal(dkm_evaluator_save(under_way, 0.0, save_ramp, d, NULL), DKM_OK);
  int unsaved = 0; /* at most the one that waits for a lane and has not begun */
  for (int i = 0; i < N_SLOW; i++) unsaved += d->given[i] && !d->done[i] && !d->saved_now[i];
  assert_true(unsaved <= 1);
  return true;
}

/* Stopped again and again, in ramps, between them and what follows, and after, the records are those of a run in one go. */
static void ramps_go_on_where_they_were_put_aside(void **state) {
  (void)state;
  const dkm_drive drive = {.n = 3, .time = {0, 0.5, 1}, .g0 = {0.2, 1.5, 1}, .Omega = {1, 1, 1}};
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  dkm_system p;
  dkm_point points[N_SLOW];
  dkm_record whole[N_SLOW];
  dkm_system_of_patterns(&p, DKM_GAUGED, 7, NULL);
  p.drive = &drive;
  for (int i = 0; i < N_SLOW; i++) {
    points[i] = random_driven_point(rng, 7, i % 2 ? 1 : 0);
    points[i].Omega_mu[1] *= -1;
    points[i].duration = 300.0 * (1 + i % 4);
  }
  const dkm_solver solver = {.tolerance = 1e-10, .t_max = 1e3, .max_steps = 3000};
  assert_int_equal(dkm_evaluator_create(&p, &solver, NULL, &under_way, NULL), DKM_OK);
  assert_int_equal(dkm_evaluate(under_way, N_SLOW, points, whole, NULL, NULL), DKM_OK);
  dkm_evaluator_destroy(under_way);
  desk_of_ramps d = {.points = points};
  const dkm_stream stream = {.context = &d, .next = next_ramp, .done = ramp_done, .interrupt = interrupt_ramps,
                             .resume = resume_ramp};
  int runs = 0;
  for (bool left = true; left; runs++) {
    d.calls = 0;
    d.most = 3 + runs % 5;
    memset(d.given, 0, sizeof d.given);
    assert_int_equal(dkm_evaluator_create(&p, &solver, NULL, &under_way, NULL), DKM_OK);
    assert_int_equal(dkm_evaluate_stream(under_way, &stream, NULL), DKM_OK);
    dkm_evaluator_destroy(under_way);
    left = false;
    for (int i = 0; i < N_SLOW; i++) left = left || !d.done[i];
    assert_true(runs < 10000);
  }
  print_message("%d runs\n", runs);
  assert_true(runs > 3);
  for (int i = 0; i < N_SLOW; i++) {
    assert_int_equal(dkm_record_checksum(&whole[i], 7, NULL, 0), dkm_record_checksum(&d.records[i], 7, NULL, 0));
    free(d.saved[i]);
  }
  gsl_rng_free(rng);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pieces_follow_each_other),
      cmocka_unit_test(ensemble_and_gsl_agree),
      cmocka_unit_test(errors_go_with_the_tolerance),
      cmocka_unit_test(bits_depend_on_the_point_alone),
      cmocka_unit_test(sampled_trajectories_are_driven),
      cmocka_unit_test(tangents_follow_the_drive),
      cmocka_unit_test(the_sign_alternates_from_period_to_period),
      cmocka_unit_test(a_constant_drive_is_none),
      cmocka_unit_test(ramps_beside_each_other_are_those_alone),
      cmocka_unit_test(ramps_go_on_where_they_were_put_aside),
      cmocka_unit_test(means_know_of_knots),
      cmocka_unit_test(exponents_are_those_of_all_directions),
      cmocka_unit_test(growth_within_a_ramp_is_counted),
      cmocka_unit_test(growth_of_what_had_died_out_is_counted),
      cmocka_unit_test(drives_that_end_hand_over_their_state),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
