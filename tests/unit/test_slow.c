/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Modes that follow the spins: steps that the spins alone bound. */
#include "cmocka_headers.h"

#include <complex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/integrator.h"
#include "random_points.h"

enum { MAX_STATE = 3 * 16 + 2 * 5 };

static dkm_integrator *make(const dkm_system *p, const dkm_solver *solver, const char *cpu) {
  dkm_integrator *integrator = NULL;
  assert_int_equal(dkm_integrator_create(p, solver, cpu, &integrator, NULL), DKM_OK);
  return integrator;
}

/* Goes on in a lane until time t; returns the steps so far. */
static int64_t go_on(dkm_integrator *integrator, int lane, double t) {
  dkm_lane *l = dkm_integrator_lane(integrator, lane);
  l->t_limit = t;
  while (l->t < t) {
    dkm_integrator_advance(integrator);
    assert_int_equal(l->failure, DKM_FAILURE_NONE);
  }
  return l->steps;
}

/* u -> state at time t. */
static int64_t integrate(const dkm_system *p, const dkm_solver *solver, const dkm_point *pt, double *u, double t) {
  dkm_integrator *integrator = make(p, solver, NULL);
  dkm_integrator_load(integrator, 0, pt, u, 0.0);
  const int64_t steps = go_on(integrator, 0, t);
  dkm_integrator_state(integrator, 0, u);
  dkm_integrator_destroy(integrator);
  return steps;
}

static double distance(const dkm_system *p, const double *u, const double *v) {
  double largest = 0.0;
  for (size_t i = 0; i < dkm_model_size(p); i++) largest = fmax(largest, fabs(u[i] - v[i]));
  return largest;
}

/* A cavity of an experiment with atoms, rates per microsecond. */
static dkm_point cavity(double g0) {
  return (dkm_point){.g0 = g0, .Omega = 0.025, .Omega_mu = {20}, .kappa_mu = {16.2}, .pattern = 1, .overlap = 0.8};
}

static double decades(gsl_rng *rng, double low, double high) {
  return low * exp(uniform_between(rng, 0.0, log(high / low)));
}

/* Fast modes over decades, of either sign, one of M ordinary now and then, below and above threshold. */
static dkm_point stiff_point(gsl_rng *rng, int M, bool one_ordinary) {
  dkm_point pt = random_point(rng, M, 1, 1);
  double g_least = INFINITY;
  pt.Omega = decades(rng, 0.01, 1.0);
  for (int mu = 0; mu < M; mu++) {
    pt.Omega_mu[mu] = decades(rng, 5.0, 500.0) * (gsl_rng_uniform(rng) < 0.3 ? -1.0 : 1.0);
    pt.kappa_mu[mu] = decades(rng, 1.0, 500.0);
    if (one_ordinary && mu == 0) {
      pt.Omega_mu[mu] = pt.Omega * uniform_between(rng, 0.5, 2.0);
      pt.kappa_mu[mu] = pt.Omega * uniform_between(rng, 0.5, 2.0);
    }
    g_least = fmin(g_least, sqrt(0.5 * pt.Omega * dkm_point_D(&pt, mu) / fabs(pt.Omega_mu[mu])));
  }
  pt.g0 = g_least * uniform_between(rng, 0.3, 2.5);
  return pt;
}

/* As long as some periods of the spins (longer transients amplify any difference too much), but not more than some
   thousand of the fastest mode. */
static double time_for(const dkm_point *pt, int M) {
  double fastest = 0.0;
  for (int mu = 0; mu < M; mu++) fastest = fmax(fastest, sqrt(dkm_point_D(pt, mu)));
  return fmin(10.0 / pt->Omega, 3e4 / fastest);
}

/* The error of slow steps is that of steps which resolve every mode, at the same tolerance, by a small factor; most
 * points need far fewer of them and none needs more. (Below order 20, at tolerances above 1e-9, steps bounded by a fast
 * mode are far more exact than was asked for: at 1e-6 the error of slow ones was 400 times theirs at one such point.) */
static void errors_are_those_of_resolved_modes(void **state) {
  (void)state;
  enum { N = SAMPLE(60) };
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  const dkm_solver gsl = {.method = DKM_METHOD_GSL, .tolerance = 1e-13};
  int n_faster = 0;
  for (int trial = 0; trial < N; trial++) {
    const int M = 1 + trial % 4;
    dkm_system p;
    double exact[MAX_STATE] = {0}, u[MAX_STATE], v[MAX_STATE];
    dkm_system_of_patterns(&p, DKM_GAUGED, M, NULL);
    const dkm_point pt = stiff_point(rng, M, trial % 3 == 2 && M > 1);
    const double t = time_for(&pt, M);
    for (double tolerance = 1e-8; tolerance > 0.5e-12; tolerance *= 1e-2) {
      const dkm_solver slow = {.tolerance = tolerance}, resolved = {.tolerance = tolerance, .resolve_modes = true};
      dkm_model_start(&p, &pt, exact, NULL);
      memcpy(u, exact, sizeof u);
      memcpy(v, exact, sizeof v);
      integrate(&p, &gsl, &pt, exact, t);
      const int64_t n_slow = integrate(&p, &slow, &pt, u, t), n_resolved = integrate(&p, &resolved, &pt, v, t);
      const double error = distance(&p, u, exact), other = distance(&p, v, exact);
      if (!(error < 20.0 * fmax(other, 10.0 * tolerance))) {
        print_point(&pt, M);
        fail_msg("tolerance %g, t = %g: error %g, %g with all modes resolved", tolerance, t, error, other);
      }
      if (!((double)n_slow < 1.1 * (double)n_resolved + 20)) {
        print_point(&pt, M);
        fail_msg("%lld steps, %lld with all modes resolved", (long long)n_slow, (long long)n_resolved);
      }
      n_faster += n_slow < n_resolved / 4;
    }
  }
  printf("%d of %d with less than a quarter of the steps\n", n_faster, 3 * N);
  assert_true(n_faster > N);
  gsl_rng_free(rng);
}

/* One class and one mode in long double: Taylor series of order 30, short steps. */
static void exact_cavity(const dkm_point *pt, long double t, long double *u) {
  enum { P = 30 };
  const long double g0 = pt->g0, W = 2 * (long double)pt->Omega, Om = pt->Omega_mu[0], k = pt->kappa_mu[0] / 2.0L;
  const int64_t n_steps = (int64_t)ceill(t * 0.5L * sqrtl(Om * Om + k * k));
  const long double h = t / n_steps;
  for (int64_t i = 0; i < n_steps; i++) {
    long double c[5][P + 1];
    for (int j = 0; j < 5; j++) c[j][0] = u[j];
    for (int n = 0; n < P; n++) {
      long double hx = 0, hy = 0;
      for (int q = 0; q <= n; q++) {
        hx += 4 * g0 * c[3][q] * c[0][n - q];
        hy += 4 * g0 * c[3][q] * c[1][n - q];
      }
      c[0][n + 1] = -hy / (n + 1);
      c[1][n + 1] = (hx - W * c[2][n]) / (n + 1);
      c[2][n + 1] = W * c[1][n] / (n + 1);
      c[3][n + 1] = (Om * c[4][n] - k * c[3][n]) / (n + 1);
      c[4][n + 1] = (-Om * c[3][n] - k * c[4][n] - g0 * c[2][n]) / (n + 1);
    }
    for (int j = 0; j < 5; j++) {
      u[j] = c[j][P];
      for (int n = P - 1; n >= 0; n--) u[j] = u[j] * h + c[j][n];
    }
  }
}

static void the_cavity_agrees_with_long_double(void **state) {
  (void)state;
  static const double g0[] = {0.3, 0.6, 1.2, 2.0};
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, 1, NULL);
  for (int i = 0; i < 4; i++) {
    const dkm_point pt = cavity(g0[i]);
    long double exact[5];
    double start[5], u[5];
    dkm_model_start(&p, &pt, start, NULL);
    for (int j = 0; j < 5; j++) exact[j] = start[j];
    exact_cavity(&pt, 1000, exact);
    for (double tolerance = 1e-6; tolerance > 1e-13; tolerance *= 1e-2) {
      double error = 0.0;
      const dkm_solver solver = {.tolerance = tolerance};
      memcpy(u, start, sizeof u);
      const int64_t steps = integrate(&p, &solver, &pt, u, 1000);
      for (int j = 0; j < 5; j++) error = fmax(error, fabs((double)(u[j] - exact[j])));
      /* A phase that drifts: tolerance times steps, and what a period's change amounts to in the end. */
      if (!(error < 200.0 * tolerance && steps < 2500))
        fail_msg("g0 = %g, tolerance %g: error %g, %lld steps", g0[i], tolerance, error, (long long)steps);
    }
  }
}

/* The mode's losses damp the precession at 2 Omega^2 kappa/D, some 1e-4 of its frequency. The exact eigenvalue is a
   root
 * of (s^2 + 4 B^2) ((s + kappa/2)^2 + Omega_mu^2) = 8 g0^2 Omega_mu Omega^2/B. */
static void slow_relaxation_is_followed(void **state) {
  (void)state;
  static const double g0[] = {1.2, 2.0};
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, 1, NULL);
  for (int i = 0; i < 2; i++) {
    dkm_point pt = cavity(g0[i]);
    const double D = dkm_point_D(&pt, 0), ratio = pt.g0 * pt.g0 / (0.5 * pt.Omega * D / pt.Omega_mu[0]);
    const double B = pt.Omega * ratio, k = 0.5 * pt.kappa_mu[0];
    double complex s = 2.0 * I * B;
    for (int j = 0; j < 50; j++) {
      const double complex q = (s + k) * (s + k) + pt.Omega_mu[0] * pt.Omega_mu[0];
      const double complex f = (s * s + 4 * B * B) * q - 8 * pt.g0 * pt.g0 * pt.Omega_mu[0] * pt.Omega * pt.Omega / B;
      s -= f / (2 * s * q + (s * s + 4 * B * B) * 2 * (s + k));
    }
    assert_close(-creal(s), 2 * pt.Omega * pt.Omega * pt.kappa_mu[0] / D, 1e-6);
    pt.overlap = sqrt(1 - 1 / (ratio * ratio)) - 0.01; /* near its pattern */
    const dkm_solver solver = {.tolerance = 1e-10};
    dkm_integrator *integrator = make(&p, &solver, NULL);
    dkm_window first, last;
    double u[5];
    dkm_model_start(&p, &pt, u, NULL);
    dkm_integrator_load(integrator, 0, &pt, u, 0.0);
    go_on(integrator, 0, 1e3);
    dkm_integrator_window(integrator, 0, &first);
    go_on(integrator, 0, 1.1e4);
    dkm_integrator_window(integrator, 0, &first);
    go_on(integrator, 0, 9e4);
    dkm_integrator_window(integrator, 0, &last);
    go_on(integrator, 0, 1e5);
    dkm_integrator_window(integrator, 0, &last);
    const double rate = log(first.rms[0] / last.rms[0]) / 8.9e4;
    if (!(fabs(rate / -creal(s) - 1) < 0.01)) fail_msg("g0 = %g: rate %g, exactly %g", pt.g0, rate, -creal(s));
    dkm_integrator_destroy(integrator);
  }
}

/* A decay of 1e-6 is nothing to a time of 1e13: attempts that it puts off must not be made again for ever. */
static void a_late_attempt_that_fails_is_not_repeated_for_ever(void **state) {
  (void)state;
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, 1, NULL);
  dkm_point pt = cavity(1.2);
  pt.kappa_mu[0] = 1e6;
  pt.overlap = 0.5;
  const dkm_solver solver = {.tolerance = 1e-10};
  dkm_integrator *integrator = make(&p, &solver, NULL);
  double u[5];
  const double t = 1e13;
  dkm_model_start(&p, &pt, u, NULL);
  dkm_integrator_load(integrator, 0, &pt, u, t);
  const dkm_lane *l = dkm_integrator_lane(integrator, 0);
  for (int call = 0; call < 3 && l->failure == DKM_FAILURE_NONE; call++) dkm_integrator_advance(integrator);
  assert_true(l->t > t || l->failure == DKM_FAILURE_STEP_TOO_SMALL);
  dkm_integrator_destroy(integrator);
}

/* Where no mode is slow nothing has changed. */
static void ordinary_points_keep_their_bits(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  const dkm_solver slow = {.tolerance = 1e-9}, resolved = {.tolerance = 1e-9, .resolve_modes = true};
  for (int trial = 0; trial < 21; trial++) {
    const int M = 1 + trial % 4;
    dkm_system p;
    double u[MAX_STATE], v[MAX_STATE];
    dkm_system_of_patterns(&p, DKM_GAUGED, M, NULL);
    dkm_point pt = random_point(rng, M, 1, 1);
    if (trial % 3 == 0)
      for (int mu = 0; mu < M; mu++) { /* a good cavity: its transient lasts */
        pt.Omega_mu[mu] *= 30.0;
        pt.kappa_mu[mu] *= 1e-4;
      }
    dkm_model_start(&p, &pt, u, NULL);
    memcpy(v, u, sizeof u);
    assert_true(integrate(&p, &slow, &pt, u, 60.0) == integrate(&p, &resolved, &pt, v, 60.0));
    assert_memory_equal(u, v, dkm_model_size(&p) * sizeof *u);
  }
  gsl_rng_free(rng);
}

enum { N_POINTS = SAMPLE(19) };
static const double t_end = 150.0;

/* Loads the points into lanes as they come free, in the given order, and keeps states and steps at t_end. `put_aside`:
 * lanes are saved and continued elsewhere every so many calls of advance. */
static void run_all(const dkm_system *p, const dkm_solver *solver, const char *cpu, const dkm_point *points,
                    bool backward, int put_aside, double *states, int64_t *steps) {
  dkm_integrator *integrator = make(p, solver, cpu);
  const int lanes = dkm_integrator_lanes(integrator);
  const size_t size = dkm_model_size(p);
  void *bytes = malloc(dkm_integrator_saved_bytes(integrator));
  int in_lane[8], next = 0, n_done = 0, n_calls = 0;
  while (n_done < N_POINTS) {
    for (int l = 0; l < lanes; l++) {
      dkm_lane *lane = dkm_integrator_lane(integrator, l);
      if (lane->active && lane->t >= t_end) {
        dkm_integrator_state(integrator, l, states + (size_t)in_lane[l] * size);
        steps[in_lane[l]] = lane->steps;
        dkm_integrator_unload(integrator, l);
        n_done++;
      }
      if (!lane->active && next < N_POINTS) {
        double u[MAX_STATE];
        in_lane[l] = backward ? N_POINTS - 1 - next : next;
        next++;
        dkm_model_start(p, &points[in_lane[l]], u, NULL);
        dkm_integrator_load(integrator, l, &points[in_lane[l]], u, 0.0);
        lane->t_limit = t_end;
      }
      if (put_aside) lane->t_pause = lane->t + 1.7; /* looks often */
      if (put_aside && n_calls % put_aside == l % put_aside && lane->active) {
        dkm_integrator_save(integrator, l, bytes);
        dkm_integrator_unload(integrator, l);
        dkm_integrator_restore(integrator, l, &points[in_lane[l]], bytes);
      }
    }
    dkm_integrator_advance(integrator);
    n_calls++;
  }
  free(bytes);
  dkm_integrator_destroy(integrator);
}

/* Slow and ordinary points side by side: neither neighbours nor instruction sets nor what is kept nor interruptions
 * change a bit. */
static void bits_depend_on_the_point_alone(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int M = 1; M <= 5; M++) {
    dkm_system p;
    dkm_point points[N_POINTS];
    int64_t steps[N_POINTS], other_steps[N_POINTS];
    dkm_system_of_patterns(&p, DKM_GAUGED, M, NULL);
    for (int i = 0; i < N_POINTS; i++)
      points[i] = i % 4 == 3 ? random_point(rng, M, 1, 1) : stiff_point(rng, M, i % 2 && M > 1);
    const size_t bytes = N_POINTS * dkm_model_size(&p) * sizeof(double);
    double *reference = malloc(bytes), *other = malloc(bytes);
    dkm_solver solver = {.tolerance = 1e-9, .coefficients = DKM_COEFFICIENTS_KEPT};
    run_all(&p, &solver, NULL, points, false, 0, reference, steps);
    for (const char *const *cpu = dkm_cpu_names(); *cpu; cpu++) {
      if (!dkm_cpu_supported(*cpu)) continue;
      for (int way = 0; way < 4; way++) {
        solver.coefficients = way % 2 ? DKM_COEFFICIENTS_STREAMED : DKM_COEFFICIENTS_KEPT;
        run_all(&p, &solver, *cpu, points, way == 1, way < 2 ? 0 : way, other, other_steps);
        if (memcmp(reference, other, bytes) != 0 || memcmp(steps, other_steps, sizeof steps) != 0)
          fail_msg("instruction set %s, M = %d, way %d: other bits", *cpu, M, way);
      }
    }
    free(reference);
    free(other);
  }
  gsl_rng_free(rng);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(errors_are_those_of_resolved_modes), cmocka_unit_test(the_cavity_agrees_with_long_double),
      cmocka_unit_test(slow_relaxation_is_followed),        cmocka_unit_test(ordinary_points_keep_their_bits),
      cmocka_unit_test(bits_depend_on_the_point_alone),
      cmocka_unit_test(a_late_attempt_that_fails_is_not_repeated_for_ever),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
