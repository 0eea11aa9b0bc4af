/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_headers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/evaluate.h"
#include "dickemap/theory.h"
#include "random_points.h"

static dkm_evaluator *make(const dkm_system *p, int method, double tolerance, double t_max) {
  dkm_solver solver = {.tolerance = tolerance, .t_max = t_max};
  dkm_evaluator *e = NULL;
  solver.method = method;
  assert_int_equal(dkm_evaluator_create(p, &solver, NULL, &e, NULL), DKM_OK);
  return e;
}

static dkm_record evaluate_one(const dkm_system *p, const dkm_point *pt, int method, double t_max) {
  dkm_evaluator *e = make(p, method, 1e-10, t_max);
  dkm_record r;
  assert_int_equal(dkm_evaluate(e, 1, pt, &r, NULL, NULL), DKM_OK);
  dkm_evaluator_destroy(e);
  return r;
}

static dkm_system fig3_patterns(void) {
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, 4, NULL);
  return p;
}

static void check_fig3_record(const dkm_system *p, const dkm_point *pt, const dkm_record *r) {
  const int nu = pt->pattern - 1;
  assert_int_equal(r->verdict, DKM_VERDICT_FIXED_POINT);
  assert_close(fabs(r->xi[nu]), dkm_theory_xi(pt, nu), 1e-8);
  for (int mu = 0; mu < 4; mu++)
    if (mu != nu) assert_true(fabs(r->xi[mu]) <= 1e-8);
  assert_close(r->occupation[nu], pow(cabs(dkm_theory_alpha(p, pt, nu)), 2), 1e-8);
  assert_int_equal(abs(r->retrieved), dkm_theory_xi(pt, nu) > 0 ? nu + 1 : 0);
  if (r->retrieved) assert_true((r->retrieved > 0) == (r->xi[nu] > 0));
  assert_true(r->residual <= 1e-12);
}

static void fig_3_is_that_of_eq_12(void **state) {
  (void)state;
  dkm_system p = fig3_patterns();
  enum { N = 4 * 19 };
  dkm_point points[N];
  dkm_record records[N];
  for (int i = 0; i < N; i++) points[i] = fig3_point(0.15 + 0.1 * (i / 4), 1 + i % 4);
  dkm_evaluator *e = make(&p, DKM_METHOD_ENSEMBLE, 1e-10, 1e7);
  assert_int_equal(dkm_evaluate(e, N, points, records, NULL, NULL), DKM_OK);
  for (int i = 0; i < N; i++) check_fig3_record(&p, &points[i], &records[i]);
  dkm_evaluator_destroy(e);
}

static void gsl_gives_the_same_records(void **state) {
  (void)state;
  dkm_system p = fig3_patterns();
  for (int i = 0; i < 4; i++) {
    dkm_point pt = fig3_point(0.5 + 0.25 * i, 1 + i);
    dkm_record r = evaluate_one(&p, &pt, DKM_METHOD_GSL, 1e7);
    check_fig3_record(&p, &pt, &r);
  }
}

/* Without coupling the spins precess for ever, however small the overlap: known in closed form, whatever t_max. */
static void free_precession_is_a_limit_cycle(void **state) {
  (void)state;
  dkm_system p = fig3_patterns();
  for (double overlap = 1.0; overlap > 1e-7; overlap *= 0.1)
    for (int j = 0; j < 4; j++) {
      dkm_point pt = fig3_point(0.0, 1 + j);
      pt.overlap = overlap;
      pt.perturbation = j % 2 ? 0.01 : 0.0;
      pt.Omega *= 1 + 0.3 * j;
      dkm_record r = evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, j < 2 ? 1e4 : 1e-3);
      if (r.verdict != DKM_VERDICT_LIMIT_CYCLE) fail_msg("overlap %g: verdict %s", overlap, dkm_verdict_name(r.verdict));
      assert_true(r.how == DKM_HOW_SETTLED && r.t_end == 0.0 && r.steps == 0);
      assert_close(r.period, M_PI / pt.Omega, 1e-15 * r.period);
      assert_close(r.lyapunov, 0.0, 0.0);
      if (pt.perturbation == 0.0) {
        assert_close(r.xi_rms[j], overlap / sqrt(2), 1e-15 * overlap);
        assert_close(r.amplitude, overlap, 1e-15 * overlap);
      }
    }
}

static void a_start_on_a_saddle_stays_and_is_reported_unstable(void **state) {
  (void)state;
  dkm_system p = fig3_patterns();
  dkm_point pt = fig3_point(1.0, 1);
  pt.overlap = 0.0; /* the normal state, above every g_nu */
  dkm_record r = evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, 1e7);
  assert_int_equal(r.verdict, DKM_VERDICT_FIXED_POINT);
  assert_int_equal(r.n_unstable, 4);
  assert_true(r.growth_rate > 0.1);
  assert_int_equal(r.retrieved, 0);
}

/* Between g_nu and g_ret the symmetric start reaches its pattern, any other goes elsewhere. */
static void a_perturbation_leads_away_from_a_pattern_below_g_ret(void **state) {
  (void)state;
  dkm_system p = fig3_patterns();
  dkm_point pt = fig3_point(0.95, 4);
  dkm_record r = evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, 1e7);
  assert_int_equal(r.verdict, DKM_VERDICT_FIXED_POINT);
  assert_close(fabs(r.xi[3]), 0.520094, 1e-6);
  assert_true(r.n_unstable > 0 && r.growth_rate > 0);
  assert_true(r.g_crit < pt.g0 && pt.g0 < r.g_retrieve);
  pt.perturbation = 1e-6;
  r = evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, 1e7);
  assert_true(r.verdict == DKM_VERDICT_DARK_PRECESSION || r.verdict == DKM_VERDICT_FIXED_POINT);
  assert_int_equal(abs(r.retrieved), 1);
  assert_int_equal(r.n_unstable, 0);
}

static void a_pattern_is_kept_above_g_ret_while_spins_precess(void **state) {
  (void)state;
  dkm_system p = fig3_patterns();
  dkm_point pt = fig3_point(1.1, 3);
  pt.perturbation = 1e-3;
  dkm_record r = evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, 1e7);
  assert_int_equal(r.verdict, DKM_VERDICT_DARK_PRECESSION);
  assert_true(r.precession > 1e-5);
  assert_true(r.residual > 1e-5);
  assert_true(r.n_unstable == 0 && r.growth_rate < 0 && r.decay_rate > 0);
}

/* Modes of opposite sign: M = 2, Omega = 0.5. */
static dkm_point blue_point(double g0, double Omega_1, double kappa_1, double Omega_2, double kappa_2) {
  return (dkm_point){.g0 = g0, .Omega = 0.5, .Omega_mu = {Omega_1, Omega_2}, .kappa_mu = {kappa_1, kappa_2},
                     .pattern = 1, .overlap = 1.0, .perturbation = 0.01, .seed = 1};
}

static dkm_system two_patterns(void) {
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, 2, NULL);
  return p;
}

/* Both methods, both cues: the same cycle, hence the same period. */
static void a_regular_oscillation_is_a_limit_cycle(void **state) {
  (void)state;
  const dkm_system p = two_patterns();
  for (int i = 0; i < 3; i++) {
    dkm_point pt = blue_point(0.722, 2.142, 0.495, -1.758, 0.609);
    pt.pattern = 1 + i % 2;
    dkm_record r = evaluate_one(&p, &pt, i == 2 ? DKM_METHOD_GSL : DKM_METHOD_ENSEMBLE, 1e5);
    assert_int_equal(r.verdict, DKM_VERDICT_LIMIT_CYCLE);
    assert_close(r.period, 9.48396, 1e-4);
    assert_true(r.cycle_residual < 1e-11 && r.n_unstable == 0 && r.decay_rate > 0.0 && r.growth_rate < 0.0);
    assert_close(r.frequency_1, 2 * M_PI / r.period, 1e-14);
    assert_true(isnan(r.frequency_2));
    assert_true(r.lyapunov == 0.0 && r.lyapunov_error == 0.0);
    assert_true(r.amplitude > 0.5 && r.amplitude < 1.0 && r.drift < 1e-3 && r.residual > 1e-3);
  }
}

static void chaos_is_irregular_with_its_exponent(void **state) {
  (void)state;
  const dkm_system p = two_patterns();
  for (int i = 0; i < 3; i++) {
    dkm_point pt = blue_point(1.034, 1.688, 1.346, -1.410, 1.277);
    pt.pattern = 1 + i % 2;
    dkm_record r = evaluate_one(&p, &pt, i == 2 ? DKM_METHOD_GSL : DKM_METHOD_ENSEMBLE, 1e5);
    assert_int_equal(r.verdict, DKM_VERDICT_IRREGULAR);
    assert_close(r.lyapunov, 0.32, 0.02);
    assert_true(r.lyapunov_error > 0.0 && r.lyapunov_error < 0.01 && r.lyapunov_times >= 1e4);
    assert_true(isnan(r.period) && isnan(r.frequency_1) && isnan(r.frequency_2));
  }
}

/* Calm near a saddle and bursts in turn: no two windows in succession are clear, several together are. */
static void intermittent_chaos_is_irregular(void **state) {
  (void)state;
  const dkm_system p = two_patterns();
  dkm_point pt = {0};
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  gsl_rng_set(rng, 5);
  for (int i = 0; i <= 25; i++) pt = random_point(rng, 2, 1, 1);
  gsl_rng_free(rng);
  dkm_record r = evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, 1e6);
  assert_int_equal(r.verdict, DKM_VERDICT_IRREGULAR);
  assert_true(r.lyapunov > 0.01 && r.lyapunov < 0.1 && r.lyapunov_error < 0.2 * r.lyapunov);
}

/* Now and then within rounding of the pattern's own subspace, where the shadow cannot follow: 0.0125 by the linearised
 * equations, which need no shadow, over 3e5. */
static void chaos_close_to_a_subspace_has_a_large_error(void **state) {
  (void)state;
  const dkm_system p = two_patterns();
  const dkm_point pt = {.g0 = 2.04343,
                        .Omega = 1,
                        .Omega_mu = {-0.265063, 9.09939},
                        .kappa_mu = {2.10046, 0.202426},
                        .pattern = 2,
                        .overlap = 1,
                        .perturbation = 0.00782423,
                        .seed = 70248348};
  const dkm_record r = evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, 2e5);
  assert_int_equal(r.verdict, DKM_VERDICT_IRREGULAR);
  assert_true(fabs(r.lyapunov - 0.0125) <= 2.0 * r.lyapunov_error && r.lyapunov_error < 0.012);
}

/* Both methods see the same torus: its frequencies, no exponent. */
static void two_frequencies_are_quasiperiodic(void **state) {
  (void)state;
  const dkm_system p = two_patterns();
  for (int i = 0; i < 2; i++) {
    dkm_point pt = blue_point(0.772, 0.722, 0.880, -1.540, 1.623);
    pt.Omega = 0.906;
    pt.overlap = 0.0;
    pt.perturbation = 0.1;
    dkm_record r = evaluate_one(&p, &pt, i ? DKM_METHOD_GSL : DKM_METHOD_ENSEMBLE, 1e5);
    assert_int_equal(r.verdict, DKM_VERDICT_QUASIPERIODIC);
    assert_close(r.frequency_1, 1.8512049, 1e-6);
    assert_close(r.frequency_2, 1.6072112, 1e-6);
    assert_true(isnan(r.period));
    assert_true(fabs(r.lyapunov) <= 3.0 * r.lyapunov_error && r.lyapunov_error < 2e-3);
  }
}

/* The verdict needs windows: with too little time it is not given, and what is known is. */
static void an_oscillation_without_time_for_samples_is_undecided(void **state) {
  (void)state;
  const dkm_system p = two_patterns();
  const dkm_point pt = blue_point(0.722, 2.142, 0.495, -1.758, 0.609);
  dkm_record r = evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, 300);
  assert_int_equal(r.verdict, DKM_VERDICT_UNDECIDED);
  assert_true(r.t_end == 300 && r.residual > 1e-3 && isfinite(r.drift) && isnan(r.period) && isnan(r.lyapunov));
}

/* A trajectory ends at its bounds, not before and not after, whatever part of a window or of the time between windows
 * that is. */
static void undecided_trajectories_end_at_their_bounds(void **state) {
  (void)state;
  const dkm_system p = two_patterns();
  const dkm_point pt = blue_point(1.034, 1.688, 1.346, -1.410, 1.277);
  static const double t_max[] = {300, 777, 1000, 1234, 2000, 2222, 5000};
  for (size_t i = 0; i < sizeof t_max / sizeof *t_max; i++) {
    const dkm_record r = evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, t_max[i]);
    assert_true(r.t_end == t_max[i]);
    assert_true(r.xi_error <= 1.0);
  }
  const dkm_point strong = blue_point(1e3, 1.0, 1.0, -1.0, 1.0); /* fields grow by orders of magnitude at the start */
  const dkm_point bursts = {.g0 = 0.6589834642580867, /* in its windows and between them there are more steps a time */
                            .Omega = 1.0,
                            .Omega_mu = {0.0346416782694501, -1.7602017702015684},
                            .kappa_mu = {0.18297211545616765, 3.5706753866310303},
                            .pattern = 2,
                            .overlap = -0.66349510202776618,
                            .perturbation = 0.00019253906934779284,
                            .seed = 44158};
  const struct {
    const dkm_point *point;
    int64_t max_steps;
  } bounds[] = {{&pt, 1000},       {&pt, 4000},      {&pt, 20000},     {&pt, 30000},     {&strong, 1000},
                {&strong, 100000}, {&bursts, 12345}, {&bursts, 30000}, {&bursts, 100000}};
  for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
    const dkm_solver solver = {
        .method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = 1e6, .max_steps = bounds[i].max_steps};
    dkm_evaluator *e;
    dkm_record r;
    assert_int_equal(dkm_evaluator_create(&p, &solver, NULL, &e, NULL), DKM_OK);
    assert_int_equal(dkm_evaluate(e, 1, bounds[i].point, &r, NULL, NULL), DKM_OK);
    dkm_evaluator_destroy(e);
    if ((double)r.steps < 0.95 * (double)bounds[i].max_steps || r.steps > bounds[i].max_steps)
      fail_msg("%d steps of %d", (int)r.steps, (int)bounds[i].max_steps);
  }
}

/* Nor does a shadow change where. */
static void a_shadow_does_not_change_where_a_trajectory_ends(void **state) {
  (void)state;
  dkm_system p;
  assert_int_equal(dkm_system_of_patterns(&p, DKM_GAUGED, 4, NULL), DKM_OK);
  const dkm_point pt = {.g0 = 1.5379447934087531,
                        .Omega = 1.0,
                        .Omega_mu = {0.2707300775102701, -1.5933482177352865, -0.15746367903350575, 0.3577248426470326},
                        .kappa_mu = {0.08023240024989216, 5.380111100244196, 0.038341650810006976, 0.9566400883465401},
                        .pattern = 4,
                        .overlap = -0.3043934603554914,
                        .perturbation = 0.10878193941510385,
                        .seed = 29812};
  dkm_record r[2];
  for (int i = 0; i < 2; i++) {
    const dkm_solver solver = {
        .method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = 1e7, .max_steps = 30000, .sensitivity = i == 1};
    dkm_evaluator *e;
    assert_int_equal(dkm_evaluator_create(&p, &solver, NULL, &e, NULL), DKM_OK);
    assert_int_equal(dkm_evaluate(e, 1, &pt, &r[i], NULL, NULL), DKM_OK);
    dkm_evaluator_destroy(e);
    assert_true(r[i].steps == solver.max_steps);
  }
  assert_true(r[0].t_end == r[1].t_end && r[0].xi[0] == r[1].xi[0]);
}

/* Trajectories need not resolve a mode that only follows the spins, but shooting does: if it were tried here it would take
 * a day, while 20000 steps take a moment. */
static void shooting_waits_where_a_mode_is_fast(void **state) {
  (void)state;
  dkm_system p;
  assert_int_equal(dkm_system_of_patterns(&p, DKM_GAUGED, 3, NULL), DKM_OK);
  const dkm_point pt = {.g0 = 0.1,
                        .Omega = 1.0,
                        .Omega_mu = {4.4226437760455922e-07, 2.2866411512650311, -0.0017448445893854521},
                        .kappa_mu = {37.336411365201229, 0.086525219540428591, 3e8},
                        .pattern = 2,
                        .overlap = 1.0,
                        .perturbation = 0.1,
                        .seed = 38015796};
  const dkm_solver solver = {.method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = 1e7, .max_steps = 20000};
  dkm_evaluator *e;
  dkm_record r;
  assert_int_equal(dkm_evaluator_create(&p, &solver, NULL, &e, NULL), DKM_OK);
  assert_int_equal(dkm_evaluate(e, 1, &pt, &r, NULL, NULL), DKM_OK);
  dkm_evaluator_destroy(e);
  assert_int_equal(r.verdict, DKM_VERDICT_UNDECIDED);
  assert_true(r.t_end > 1e3 && r.steps == solver.max_steps);
}

/* Weak chaos that is calm for long: the mean of one window is not that of all, which is -0.9645 in parts of 5e4 up to
 * t = 4e5, by another integrator. */
static void means_of_intermittent_chaos_have_an_error_that_knows_of_bursts(void **state) {
  (void)state;
  dkm_system p;
  assert_int_equal(dkm_system_of_patterns(&p, DKM_UNGAUGED, 2, NULL), DKM_OK);
  const dkm_point pt = {.g0 = 1.9107272328692488,
                        .Omega = -0.38446137127466501,
                        .Omega_mu = {1.5904275119537488, -2.3427771888673306},
                        .kappa_mu = {0.38469137377938012, 1.0615155909299696},
                        .pattern = 2,
                        .overlap = -0.64030072838068008,
                        .perturbation = 4.0996727946914517e-06,
                        .seed = 437};
  static const double t_max[] = {5e4, 1e5, 1.5e5};
  for (size_t i = 0; i < sizeof t_max / sizeof *t_max; i++) {
    const dkm_record r = evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, t_max[i]);
    assert_int_equal(r.verdict, i == 0 ? DKM_VERDICT_UNDECIDED : DKM_VERDICT_IRREGULAR);
    if (!(fabs(r.xi[1] + 0.9645) <= r.xi_error))
      fail_msg("t %g: xi %g, error %g", t_max[i], r.xi[1], r.xi_error);
    assert_int_equal(r.retrieved, -2);
  }
}

/* A weak overlap grows by exp(1.4e-4 t) and destroys what looks like a torus until then. */
static void a_growing_overlap_is_no_torus(void **state) {
  (void)state;
  dkm_system p;
  assert_int_equal(dkm_system_of_patterns(&p, DKM_UNGAUGED, 4, NULL), DKM_OK);
  const dkm_point pt = {.g0 = 0.28060312325532955,
                        .Omega = 0.8852097306118294,
                        .Omega_mu = {0.07301928637334432, 3.945042415793856, -1.8980797162584429, -33.151410622808974},
                        .kappa_mu = {11.05505290909752, 0.10433132046220667, 0.030591678787499316, 0.03539196657156072},
                        .pattern = 2,
                        .overlap = 1.0,
                        .perturbation = 5.0686545443562165e-05,
                        .seed = 311};
  assert_int_not_equal(evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, 3e4).verdict, DKM_VERDICT_QUASIPERIODIC);
}

/* A damped oscillation of 1e-6 beside a fast mode: nearly at rest, everything recurs. */
static void hardly_moving_states_have_no_shortest_period(void **state) {
  (void)state;
  const dkm_system p = two_patterns();
  const dkm_point pt = {.g0 = 0.0042932331643448516,
                        .Omega = 0.05451643734955489,
                        .Omega_mu = {-0.4785767681556112, 0.05817890986043408},
                        .kappa_mu = {8.75924264595814, 0.04159043844712895},
                        .pattern = 2,
                        .overlap = 1.0,
                        .perturbation = 1.4939234071798567e-06,
                        .seed = 101};
  assert_int_not_equal(evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, 1e6).verdict, DKM_VERDICT_LIMIT_CYCLE);
}

/* Spins that precess a little, or hardly: below some 1e-6 they count as at rest, above as precessing about their axes. */
static void small_precession_leaves_a_cycle(void **state) {
  (void)state;
  dkm_system p;
  assert_int_equal(dkm_system_of_patterns(&p, DKM_UNGAUGED, 2, NULL), DKM_OK);
  dkm_point pt = blue_point(0.722, 2.142, 0.495, -1.758, 0.609);
  for (double perturbation = 1e-9; perturbation < 0.2; perturbation *= perturbation < 1e-7 || perturbation > 1e-4 ? 10 : 2) {
    pt.perturbation = perturbation;
    const dkm_record r = evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, 1e4);
    if (r.verdict != DKM_VERDICT_LIMIT_CYCLE || r.steps > 10000)
      fail_msg("perturbation %g: %s after %d steps", perturbation, dkm_verdict_name(r.verdict), (int)r.steps);
  }
}

/* What a record of each verdict must hold (IS), must not (NO), or may (MAY). */
static void every_verdict_comes_with_its_evidence(void **state) {
  (void)state;
  enum { NO, IS, MAY, N_EVIDENCE = 15 };
  static const struct {
    int verdict;
    double t_max;
    int has[N_EVIDENCE]; /* residual drift precession growth decay | amplitude period frequency_1 frequency_2 lyapunov |
                            lyapunov_error lyapunov_times power power_error cycle_residual */
  } kinds[] = {
      {DKM_VERDICT_FIXED_POINT, 1e5, {IS, IS, IS, IS, IS, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO}},
      {DKM_VERDICT_DARK_PRECESSION, 1e5, {IS, IS, IS, IS, IS, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO}},
      {DKM_VERDICT_LIMIT_CYCLE, 1e5, {IS, IS, IS, IS, IS, IS, IS, IS, NO, IS, IS, NO, IS, IS, IS}},
      {DKM_VERDICT_QUASIPERIODIC, 1e5, {IS, IS, NO, NO, NO, IS, NO, IS, IS, IS, IS, NO, IS, IS, NO}},
      {DKM_VERDICT_IRREGULAR, 1e5, {IS, IS, NO, NO, NO, IS, NO, NO, NO, IS, IS, IS, IS, IS, NO}},
      {DKM_VERDICT_UNDECIDED, 300, {IS, MAY, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO}},
      {DKM_VERDICT_UNDECIDED, 700, {IS, IS, NO, NO, NO, IS, NO, IS, MAY, IS, IS, NO, IS, IS, NO}},
  };
  enum { N_KINDS = sizeof kinds / sizeof kinds[0] };
  const dkm_system two = two_patterns();
  dkm_system four; /* classes: more than modes, so that some precession is dark */
  dkm_system_of_patterns(&four, DKM_UNGAUGED, 2, NULL);
  dkm_point torus = blue_point(0.772, 0.722, 0.880, -1.540, 1.623);
  torus.Omega = 0.906;
  torus.overlap = 0.0;
  torus.perturbation = 0.1;
  dkm_point symmetric = blue_point(0.9, 1.5, 1.0, 2.0, 1.0), tilted = symmetric;
  symmetric.perturbation = 0.0;
  const dkm_point points[N_KINDS] = {symmetric, tilted, blue_point(0.722, 2.142, 0.495, -1.758, 0.609), torus,
                                     blue_point(1.034, 1.688, 1.346, -1.410, 1.277),
                                     blue_point(0.722, 2.142, 0.495, -1.758, 0.609),
                                     torus};
  for (int i = 0; i < N_KINDS; i++) {
    const dkm_record r = evaluate_one(kinds[i].verdict == DKM_VERDICT_DARK_PRECESSION ? &four : &two, &points[i],
                                      DKM_METHOD_ENSEMBLE, kinds[i].t_max);
    assert_string_equal(dkm_verdict_name(r.verdict), dkm_verdict_name(kinds[i].verdict));
    const double evidence[N_EVIDENCE] = {r.residual, r.drift, r.precession, r.growth_rate, r.decay_rate, r.amplitude,
                                         r.period, r.frequency_1, r.frequency_2, r.lyapunov, r.lyapunov_error,
                                         r.lyapunov_times, r.power, r.power_error, r.cycle_residual};
    for (int j = 0; j < N_EVIDENCE; j++)
      if (kinds[i].has[j] != MAY && isfinite(evidence[j]) != (kinds[i].has[j] == IS))
        fail_msg("%s: evidence %d is %g", dkm_verdict_name(r.verdict), j, evidence[j]);
    assert_true(isnan(r.amplitude) || r.amplitude == fmax(r.xi_amplitude[0], r.xi_amplitude[1]));
    assert_true(r.t_end > 0 && r.t_end <= kinds[i].t_max && r.steps > 0);
    assert_true((r.n_neutral > 0) == (r.verdict <= DKM_VERDICT_LIMIT_CYCLE));
    for (int mu = 0; mu < 2; mu++)
      assert_true(isfinite(r.xi[mu]) && isfinite(r.xi_rms[mu]) && isfinite(r.alpha_re[mu]) && isfinite(r.alpha_im[mu]) &&
                  isfinite(r.occupation[mu]));
  }
}

/* Close above g_ret the slowest decay is slow and the soft mode makes the fields of precessing spins differ by
 * more than rounding; close below, the escape is slow. Neither is mistaken for the other. */
static void verdicts_hold_close_to_g_ret(void **state) {
  (void)state;
  dkm_system p = fig3_patterns();
  for (int pattern = 2; pattern <= 4; pattern++)
    for (double distance = 1e-2; distance > 2e-5; distance *= 0.1)
      for (int above = 0; above < 2; above++) {
        dkm_point pt = fig3_point(1.0, pattern);
        pt.perturbation = 1e-6;
        pt.g0 = dkm_theory_g_retrieve(&p, &pt, pattern - 1) + (above ? distance : -distance);
        dkm_record r = evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, 1e6);
        if (r.verdict != DKM_VERDICT_DARK_PRECESSION || abs(r.retrieved) != (above ? pattern : 1) || r.n_unstable != 0) {
          print_point(&pt, 4);
          fail_msg("%s, retrieved %d, %d unstable", dkm_verdict_name(r.verdict), r.retrieved, (int)r.n_unstable);
        }
        if (above) assert_close(fabs(r.xi[pattern - 1]), dkm_theory_xi(&pt, pattern - 1), 1e-8);
      }
}

/* Verdicts of every kind: the same bits alone, in company, and from every instruction set. */
static void oscillations_do_not_depend_on_neighbours_or_instruction_set(void **state) {
  (void)state;
  enum { N = 12 };
  const dkm_system p = two_patterns();
  dkm_point points[N];
  dkm_record together[N], other;
  bool seen[DKM_N_VERDICTS] = {false};
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int i = 0; i < N; i++) points[i] = random_point(rng, 2, 1, i % 4 != 0);
  points[3] = blue_point(0.722, 2.142, 0.495, -1.758, 0.609);
  points[8] = blue_point(1.034, 1.688, 1.346, -1.410, 1.277);
  dkm_evaluator *e = make(&p, DKM_METHOD_ENSEMBLE, 1e-10, 2e4);
  assert_int_equal(dkm_evaluate(e, N, points, together, NULL, NULL), DKM_OK);
  dkm_evaluator_destroy(e);
  const dkm_solver solver = {.method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = 2e4};
  for (const char *const *cpu = dkm_cpu_names(); *cpu; cpu++) {
    if (!dkm_cpu_supported(*cpu)) continue;
    assert_int_equal(dkm_evaluator_create(&p, &solver, *cpu, &e, NULL), DKM_OK);
    for (int i = N - 1; i >= 0; i--) {
      assert_int_equal(dkm_evaluate(e, 1, &points[i], &other, NULL, NULL), DKM_OK);
      seen[other.verdict] = true;
      if (dkm_record_checksum(&other, 2, NULL, 0) != dkm_record_checksum(&together[i], 2, NULL, 0)) {
        print_point(&points[i], 2);
        fail_msg("%s: %s alone, %s in company", *cpu, dkm_verdict_name(other.verdict), dkm_verdict_name(together[i].verdict));
      }
    }
    dkm_evaluator_destroy(e);
  }
  assert_true(seen[DKM_VERDICT_FIXED_POINT] && seen[DKM_VERDICT_LIMIT_CYCLE] && seen[DKM_VERDICT_IRREGULAR]);
  gsl_rng_free(rng);
}

/* The outcome of slow relaxation is settled long before it is over, and the record is the limit. */
static void slow_relaxation_is_told_within_its_decay_time(void **state) {
  (void)state;
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, 1, NULL);
  dkm_point pt = {.g0 = 1.41, .Omega = 1.1, .Omega_mu = {0.51}, .kappa_mu = {0.63}, .pattern = 1, .overlap = -0.1, .seed = 1};
  for (int i = 0; i < 2; i++) {
    pt.perturbation = i ? 1e-3 : 0.0;
    dkm_record r = evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, 1e5);
    assert_int_equal(r.verdict, DKM_VERDICT_FIXED_POINT);
    assert_true(r.decay_rate < 5e-5 && r.t_end < 1e-3 / r.decay_rate && r.drift > 0.1 && r.residual < 1e-12);
    assert_close(fabs(r.xi[0]), r.xi_theory, 1e-12);
  }
}

/* Between the normal state and the inverted one: no arithmetic follows the ever longer times between two switches. */
static void switching_between_saddles_is_heteroclinic(void **state) {
  (void)state;
  const dkm_system p = two_patterns();
  dkm_point points[] = {
      {.g0 = 0.420147, .Omega = 0.545584, .Omega_mu = {-1.443931, 1.364723}, .kappa_mu = {2.090749, 1.116772},
       .pattern = 2, .overlap = -0.727986, .perturbation = 0.044873},
      {.g0 = 0.423551, .Omega = 0.249015, .Omega_mu = {1.588324, -0.550890}, .kappa_mu = {0.656399, 1.990118},
       .pattern = 1, .overlap = -0.157345, .perturbation = 0.050497}};
  for (int i = 0; i < 2; i++)
    for (int seed = 1; seed <= 4; seed++) {
      points[i].seed = seed;
      const dkm_record r = evaluate_one(&p, &points[i], DKM_METHOD_ENSEMBLE, 1e6);
      assert_string_equal(dkm_verdict_name(r.verdict), "heteroclinic");
      assert_true(r.retrieved == 0 && isnan(r.lyapunov) && isnan(r.period) && r.xi_error == 1.0);
      assert_true(r.amplitude > 0.1);
    }
  /* The eigenvalues say that the times between switches shrink: what it ends in is an oscillation. */
  dkm_point shrinking = {.g0 = 0.290562, .Omega = 1.0, .Omega_mu = {-1.38398, 0.932866}, .kappa_mu = {1.52946, 0.18063},
                         .pattern = 1, .overlap = 1.0, .perturbation = 0.00114227, .seed = 70248348};
  assert_int_not_equal(evaluate_one(&p, &shrinking, DKM_METHOD_ENSEMBLE, 1e6).verdict, DKM_VERDICT_HETEROCLINIC);
  /* A saddle that is passed once, on the way to where the tilt leads, is none of this. */
  dkm_point passing = points[0];
  passing.overlap = 1.0;
  passing.perturbation = 1e-12;
  assert_int_not_equal(evaluate_one(&p, &passing, DKM_METHOD_ENSEMBLE, 300).verdict, DKM_VERDICT_HETEROCLINIC);
}

/* Modes so fast that they damp the spins slowly: it looks like a torus for long, and is none. */
static void slow_growth_is_not_quasiperiodic(void **state) {
  (void)state;
  const dkm_system p = two_patterns();
  const dkm_point points[] = {
      {.g0 = 2.08204, .Omega = 1.0, .Omega_mu = {86.7069, -98.5922}, .kappa_mu = {9.86355, 4.33129}, .pattern = 2,
       .overlap = 1.0, .perturbation = 0.0326086, .seed = 74745537},
      {.g0 = 2.70293, .Omega = 1.0, .Omega_mu = {245.299, -138.784}, .kappa_mu = {30.1443, 7.28466}, .pattern = 1,
       .overlap = 1.0, .perturbation = 0.00165656, .seed = 74745537},
      {.g0 = 1.26487, .Omega = 1.0, .Omega_mu = {-131.551, 2.88985}, .kappa_mu = {0.941764, 3.42786}, .pattern = 2,
       .overlap = 1.0, .perturbation = 0.235674, .seed = 35423080}};
  for (int i = 0; i < 3; i++)
    assert_int_not_equal(evaluate_one(&p, &points[i], DKM_METHOD_ENSEMBLE, 5e3).verdict, DKM_VERDICT_QUASIPERIODIC);
}

/* Weak coupling makes modulation slow: it takes the longest windows to see it recur. */
static void slow_modulation_is_quasiperiodic(void **state) {
  (void)state;
  dkm_system p;
  dkm_system_of_patterns(&p, DKM_GAUGED, 3, NULL);
  const dkm_point pt = {.g0 = 0.069487923092674458, .Omega = 0.56307332408614452, .pattern = 2,
                        .Omega_mu = {1.0703540856484324, -2.3770524859428406, -1.0669732997193933},
                        .kappa_mu = {2.1116593378289332, 0.46609039490884974, 0.7678964455393239},
                        .overlap = -0.86875599902123213, .perturbation = 9.7695779132007733e-06, .seed = 433};
  dkm_record r = evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, 1e6);
  assert_int_equal(r.verdict, DKM_VERDICT_QUASIPERIODIC);
  assert_true(fabs(r.frequency_1 - r.frequency_2) < 0.01);
}

/* What the order parameters show of spins that precess is of the second order in the tilt.  Where that still drifts the
 * record has the limit as well: Eq. 12. */
static void a_large_tilt_is_settled_early_and_steady_to_second_order(void **state) {
  (void)state;
  dkm_system p = fig3_patterns();
  int n_steady = 0, n_relaxing = 0;
  for (int seed = 1; seed <= 12; seed++) {
    dkm_point pt = fig3_point(seed % 2 ? 1.3 : 2.2, 1);
    pt.perturbation = 0.1;
    pt.seed = seed;
    dkm_record r = evaluate_one(&p, &pt, DKM_METHOD_ENSEMBLE, 1e6);
    assert_true(r.verdict == DKM_VERDICT_DARK_PRECESSION || r.verdict == DKM_VERDICT_RELAXING);
    assert_true(r.how == DKM_HOW_SETTLED && r.t_settled < 20 && r.steps < 100000);
    assert_int_equal(abs(r.retrieved), 1);
    assert_true(r.precession > 1e-2 && r.n_unstable == 0);
    if (r.verdict == DKM_VERDICT_DARK_PRECESSION) {
      assert_true(r.xi_rms[0] < 1e-3);
      assert_close(fabs(r.xi[0]), r.xi_theory, 0.01);
    }
    if (r.verdict == DKM_VERDICT_RELAXING) assert_close(fabs(r.xi_limit[0]), r.xi_theory, 1e-12);
    n_steady += r.verdict == DKM_VERDICT_DARK_PRECESSION;
    n_relaxing += r.verdict == DKM_VERDICT_RELAXING;
  }
  assert_true(n_steady > 0 && n_relaxing > 0);
}

static void records_do_not_depend_on_their_neighbours(void **state) {
  (void)state;
  enum { N = 24 };
  dkm_system p = fig3_patterns();
  dkm_point points[N], reversed[N];
  dkm_record records[N], other[N];
  const size_t size = dkm_model_size(&p);
  double *states = malloc(N * size * sizeof *states), *other_states = malloc(N * size * sizeof *states);
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int i = 0; i < N; i++) points[i] = reversed[N - 1 - i] = random_point(rng, 4, 0, i % 2);
  dkm_evaluator *e = make(&p, DKM_METHOD_ENSEMBLE, 1e-10, 1e4);
  assert_int_equal(dkm_evaluate(e, N, points, records, states, NULL), DKM_OK);
  assert_int_equal(dkm_evaluate(e, N, reversed, other, other_states, NULL), DKM_OK);
  for (int i = 0; i < N; i++) {
    assert_int_equal(dkm_record_checksum(&records[i], 4, states + (size_t)i * size, size),
                     dkm_record_checksum(&other[N - 1 - i], 4, other_states + (size_t)(N - 1 - i) * size, size));
  }
  dkm_evaluator_destroy(e);
  gsl_rng_free(rng);
  free(states);
  free(other_states);
}

/* The quotient against the full space: the same verdict and pattern, values to 1e-10, the same spectrum. */
static void the_quotient_gives_the_records_of_the_full_space(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int M = 1; M <= 6; M++) {
    enum { N = 24 };
    dkm_system p;
    dkm_point points[N];
    dkm_record small[N], full[N];
    dkm_system_of_patterns(&p, M % 2 ? DKM_GAUGED : DKM_UNGAUGED, M, NULL);
    const size_t size = dkm_model_size(&p);
    double *small_states = malloc(N * size * sizeof(double)), *full_states = malloc(N * size * sizeof(double));
    for (int i = 0; i < N; i++) points[i] = random_point(rng, M, 0, 0);
    dkm_solver solver = {.method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = 1e6};
    dkm_evaluator *e;
    assert_int_equal(dkm_evaluator_create(&p, &solver, NULL, &e, NULL), DKM_OK);
    assert_int_equal(dkm_evaluate(e, N, points, small, small_states, NULL), DKM_OK);
    dkm_evaluator_destroy(e);
    solver.full_space = true;
    assert_int_equal(dkm_evaluator_create(&p, &solver, NULL, &e, NULL), DKM_OK);
    assert_int_equal(dkm_evaluate(e, N, points, full, full_states, NULL), DKM_OK);
    dkm_evaluator_destroy(e);
    for (int i = 0; i < N; i++) {
      if (small[i].verdict != full[i].verdict || small[i].n_unstable != full[i].n_unstable) print_point(&points[i], M);
      assert_int_equal(small[i].verdict, full[i].verdict);
      assert_int_equal(abs(small[i].retrieved), abs(full[i].retrieved));
      assert_int_equal(small[i].n_unstable, full[i].n_unstable);
      assert_int_equal(small[i].n_neutral, full[i].n_neutral);
      assert_close(small[i].growth_rate, full[i].growth_rate, 1e-9);
      assert_close(small[i].decay_rate, full[i].decay_rate, 1e-9);
      assert_close(small[i].xi_theory, full[i].xi_theory, 0);
      assert_close(small[i].g_retrieve, full[i].g_retrieve, 0);
      if (small[i].verdict != DKM_VERDICT_FIXED_POINT) continue;
      const double sign = small[i].retrieved == full[i].retrieved ? 1 : -1; /* may flip on a chaotic way */
      for (int mu = 0; mu < M; mu++) {
        assert_close(sign * small[i].xi[mu], full[i].xi[mu], 1e-10);
        assert_close(sign * small[i].alpha_re[mu], full[i].alpha_re[mu], 1e-9);
        assert_close(small[i].occupation[mu], full[i].occupation[mu], 1e-9);
      }
      if (sign > 0)
        for (size_t j = 0; j < size; j++) assert_close(small_states[(size_t)i * size + j], full_states[(size_t)i * size + j], 1e-10);
    }
    free(small_states);
    free(full_states);
  }
  gsl_rng_free(rng);
}

/* Both engines at work, in turn and interleaved. */
static void points_with_and_without_perturbation_share_a_batch(void **state) {
  (void)state;
  enum { N = 40 };
  dkm_system p = fig3_patterns();
  dkm_point points[N];
  dkm_record together[N], alone;
  for (int i = 0; i < N; i++) {
    points[i] = fig3_point(1.0 + 0.01 * i, 1 + i % 4);
    points[i].perturbation = i % 3 == 0 || i > 30 ? 1e-3 : 0.0;
  }
  dkm_evaluator *e = make(&p, DKM_METHOD_ENSEMBLE, 1e-10, 1e4);
  assert_int_equal(dkm_evaluate(e, N, points, together, NULL, NULL), DKM_OK);
  for (int i = 0; i < N; i++) {
    assert_int_equal(dkm_evaluate(e, 1, &points[i], &alone, NULL, NULL), DKM_OK);
    assert_int_equal(dkm_record_checksum(&alone, 4, NULL, 0), dkm_record_checksum(&together[i], 4, NULL, 0));
  }
  dkm_evaluator_destroy(e);
}

/* A stream that runs dry, waits, and is asked again; and an interrupt. */
typedef struct counting {
  int given, done, n;
} counting;
static bool count_next(void *context, dkm_point *pt, int64_t *id) {
  counting *c = context;
  if (c->given == c->n) return false;
  *id = c->given;
  *pt = fig3_point(1.0 + 0.01 * c->given++, 1);
  return true;
}
static void count_done(void *context, int64_t id, const dkm_record *record, const double *u) {
  counting *c = context;
  (void)id;
  (void)u;
  assert_int_equal(record->verdict, DKM_VERDICT_FIXED_POINT);
  c->done++;
}
static bool interrupt_at_once(void *context) {
  (void)context;
  return true;
}
static void a_stream_can_be_resumed_and_interrupted(void **state) {
  (void)state;
  dkm_system p = fig3_patterns();
  dkm_evaluator *e = make(&p, DKM_METHOD_ENSEMBLE, 1e-10, 1e7);
  counting c = {.n = 11};
  dkm_stream stream = {.context = &c, .next = count_next, .done = count_done};
  assert_int_equal(dkm_evaluate_stream(e, &stream, NULL), DKM_OK);
  assert_int_equal(c.done, 11);
  c.n = 20;
  assert_int_equal(dkm_evaluate_stream(e, &stream, NULL), DKM_OK);
  assert_int_equal(c.done, 20);
  c = (counting){.n = 100000};
  stream.interrupt = interrupt_at_once;
  assert_int_equal(dkm_evaluate_stream(e, &stream, NULL), DKM_OK);
  assert_true(c.done < c.given && c.given < c.n);
  dkm_evaluator_destroy(e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fig_3_is_that_of_eq_12),
      cmocka_unit_test(gsl_gives_the_same_records),
      cmocka_unit_test(free_precession_is_a_limit_cycle),
      cmocka_unit_test(a_start_on_a_saddle_stays_and_is_reported_unstable),
      cmocka_unit_test(a_perturbation_leads_away_from_a_pattern_below_g_ret),
      cmocka_unit_test(a_pattern_is_kept_above_g_ret_while_spins_precess),
      cmocka_unit_test(a_regular_oscillation_is_a_limit_cycle),
      cmocka_unit_test(chaos_is_irregular_with_its_exponent),
      cmocka_unit_test(intermittent_chaos_is_irregular),
      cmocka_unit_test(chaos_close_to_a_subspace_has_a_large_error),
      cmocka_unit_test(two_frequencies_are_quasiperiodic),
      cmocka_unit_test(an_oscillation_without_time_for_samples_is_undecided),
      cmocka_unit_test(undecided_trajectories_end_at_their_bounds),
      cmocka_unit_test(a_shadow_does_not_change_where_a_trajectory_ends),
      cmocka_unit_test(shooting_waits_where_a_mode_is_fast),
      cmocka_unit_test(means_of_intermittent_chaos_have_an_error_that_knows_of_bursts),
      cmocka_unit_test(a_growing_overlap_is_no_torus),
      cmocka_unit_test(hardly_moving_states_have_no_shortest_period),
      cmocka_unit_test(small_precession_leaves_a_cycle),
      cmocka_unit_test(every_verdict_comes_with_its_evidence),
      cmocka_unit_test(verdicts_hold_close_to_g_ret),
      cmocka_unit_test(oscillations_do_not_depend_on_neighbours_or_instruction_set),
      cmocka_unit_test(slow_relaxation_is_told_within_its_decay_time),
      cmocka_unit_test(switching_between_saddles_is_heteroclinic),
      cmocka_unit_test(slow_growth_is_not_quasiperiodic),
      cmocka_unit_test(slow_modulation_is_quasiperiodic),
      cmocka_unit_test(a_large_tilt_is_settled_early_and_steady_to_second_order),
      cmocka_unit_test(records_do_not_depend_on_their_neighbours),
      cmocka_unit_test(the_quotient_gives_the_records_of_the_full_space),
      cmocka_unit_test(points_with_and_without_perturbation_share_a_batch),
      cmocka_unit_test(a_stream_can_be_resumed_and_interrupted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
