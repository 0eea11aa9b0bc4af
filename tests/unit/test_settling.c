/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verdicts by theorem, through dkm_evaluate: what is said, how it is known, how well, and at what cost. */
#include "cmocka_headers.h"

#include <stdlib.h>
#include <string.h>

#include "dickemap/check.h"
#include "dickemap/evaluate.h"
#include "dickemap/theory.h"
#include "couplings.h"
#include "desk.h"
#include "evaluation.h"
#include "random_points.h"

enum { MAX_STATE = 3 * 64 + 2 * 7, MAX_CLASSES = 64 };

static const dkm_solver usual = {
    .method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = 1e9, .max_steps = 200000, .sensitivity = true};

static dkm_record evaluate_one(const dkm_system *p, const dkm_point *pt, const dkm_solver *solver) {
  dkm_record r;
  evaluate_all(p, solver, NULL, 1, pt, &r);
  return r;
}

static void complain(const dkm_system *p, const dkm_point *pt, const dkm_record *r, const char *what) {
  printf("%s: ", p->mapping == DKM_GAUGED ? "gauged" : "ungauged");
  print_point(pt, p->n_modes);
  fail_msg("%s, %s, retrieved %d: %s", dkm_verdict_name(r->verdict), dkm_how_name(r->how), r->retrieved, what);
}

/* ---- GSL ---- */

typedef struct judge {
  const dkm_system *system;
  dkm_integrator *integrator;
  double *u;
} judge;

static judge begin(const dkm_system *p, const dkm_point *pt) {
  const dkm_solver solver = {.method = DKM_METHOD_GSL, .tolerance = 1e-11, .t_max = 1e12};
  judge j = {.system = p, .u = malloc(dkm_model_size(p) * sizeof *j.u)};
  assert_int_equal(dkm_integrator_create(p, &solver, NULL, &j.integrator, NULL), DKM_OK);
  assert_int_equal(dkm_model_start(p, pt, j.u, NULL), DKM_OK);
  dkm_integrator_load(j.integrator, 0, pt, j.u, 0.0);
  return j;
}

static void end(judge *j) {
  dkm_integrator_destroy(j->integrator);
  free(j->u);
}

/* Mean overlaps of n looks from now until t. */
static void mean_until(judge *j, double t, int n, double *mean) {
  double xi[DKM_MAX_MODES], work[2 * MAX_CLASSES];
  dkm_lane *lane = dkm_integrator_lane(j->integrator, 0);
  const double start = lane->t;
  memset(mean, 0, DKM_MAX_MODES * sizeof *mean);
  for (int i = 1; i <= n; i++) {
    lane->t_limit = lane->t_pause = start + (t - start) * i / n;
    while (lane->t < lane->t_limit) dkm_integrator_advance(j->integrator);
    dkm_integrator_state(j->integrator, 0, j->u);
    dkm_model_overlaps(j->system, j->u, xi, work);
    for (int mu = 0; mu < j->system->n_modes; mu++) mean[mu] += xi[mu] / n;
  }
}

static double distance(const dkm_system *p, const double *a, const double *b) {
  double largest = 0.0;
  for (int mu = 0; mu < p->n_modes; mu++) largest = fmax(largest, fabs(a[mu] - b[mu]));
  return largest;
}

/* Any signs for which the theorem holds. */
static dkm_point random_settling(gsl_rng *rng, int n_modes, int i, int perturbed) {
  dkm_point pt = random_point(rng, n_modes, 0, perturbed);
  for (int mu = 0; mu < n_modes; mu++) pt.Omega_mu[mu] *= i / 2 % 2 ? -1.0 : 1.0;
  if (i / 4 % 2) pt.Omega *= -1.0;
  if (i % 2) pt.overlap = 1.0;
  return pt;
}

/* ---- exact starts ---- */

/* Omega and Omega_mu of either sign, Fig. 3's magnitudes. */
static void exact_starts_are_those_of_eq_12_up_to_strong_coupling(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 4);
  for (int signs = 0; signs < 4; signs++)
    for (double g0 = 0.3; g0 < 14.5; g0 *= 1.1)
      for (int pattern = 1; pattern <= 4; pattern++) {
        dkm_point pt = fig3_point(g0, pattern);
        if (signs & 1) pt.Omega *= -1.0;
        for (int mu = 0; mu < 4 && signs & 2; mu++) pt.Omega_mu[mu] *= -1.0;
        const dkm_record r = evaluate_one(&p, &pt, &usual);
        if (r.verdict != DKM_VERDICT_FIXED_POINT || r.how != DKM_HOW_SETTLED || r.steps > 60)
          complain(&p, &pt, &r, "not settled within 60 steps");
        assert_close(fabs(r.xi[pattern - 1]), dkm_theory_xi(&pt, pattern - 1), 1e-8);
        assert_close(fabs(r.xi[pattern - 1]), dkm_theory_xi(&pt, pattern - 1), r.xi_error);
        assert_true(r.n_unstable == 0 || pt.g0 < r.g_retrieve);
      }
}

/* Where damping is slower than oscillation by orders of magnitude, |xi| is known all the same, and only a sign may be
 * left open, after a part of max_steps: weak coupling (small Omega), atoms in a cavity, hardly any loss. */
static void exact_starts_are_known_where_damping_is_slow(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 4);
  int n_symmetric = 0, n = 0;
  for (int kind = 0; kind < 3; kind++)
    for (double small = 0.3; small > 1e-5; small *= 0.1)
      for (int j = 0; j < 6; j++) {
        static const double ratio[] = {1.001, 1.03, 1.3, 3.0, 10.0, 100.0};
        dkm_point pt = fig3_point(1.0, 1 + j % 4);
        if (kind == 0) pt.Omega = small;
        for (int mu = 0; mu < 4; mu++) {
          if (kind == 1) pt.Omega_mu[mu] /= small;
          if (kind == 1) pt.kappa_mu[mu] /= small;
          if (kind == 2) pt.kappa_mu[mu] *= small;
        }
        pt.g0 = ratio[j] * dkm_theory_g_crit(&pt, pt.pattern - 1);
        const dkm_record r = evaluate_one(&p, &pt, &usual);
        n++;
        n_symmetric += r.how == DKM_HOW_SYMMETRIC;
        if (r.verdict != DKM_VERDICT_FIXED_POINT || r.steps > 1.5 * (double)usual.max_steps / 50)
          complain(&p, &pt, &r, "not known within a fiftieth of max_steps");
        assert_close(fabs(r.xi[pt.pattern - 1]), dkm_theory_xi(&pt, pt.pattern - 1), 1e-8);
        assert_close(fabs(r.xi[pt.pattern - 1]), dkm_theory_xi(&pt, pt.pattern - 1), r.xi_error);
        assert_int_equal(abs(r.retrieved), pt.pattern);
      }
  assert_true(n_symmetric > n / 10 && n_symmetric < n);
}

/* ---- tilted starts ---- */

/* One and two modes: every end is a fixed point; its pattern and sign are what GSL comes to. */
static void tilted_starts_of_two_modes_end_where_gsl_does(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int n_compared = 0, n_how[DKM_N_HOWS] = {0};
  for (int i = 0; i < 60; i++) {
    const dkm_system p = patterns_of(DKM_GAUGED, 1 + (i % 4 > 0));
    const dkm_point pt = random_settling(rng, p.n_modes, i, 1);
    const dkm_record r = evaluate_one(&p, &pt, &usual);
    double xi[DKM_MAX_MODES];
    if (r.verdict != DKM_VERDICT_FIXED_POINT) complain(&p, &pt, &r, "not a fixed point");
    if (r.t_end == 0.0 || r.sensitive != DKM_SENSITIVE_NO || !(r.decay_rate > 3e-4)) continue;
    judge j = begin(&p, &pt);
    for (double t = r.t_end; t <= 16.0 / r.decay_rate + r.t_end; t += 1.0 / r.decay_rate) {
      mean_until(&j, t, 1, xi);
      if (distance(&p, xi, r.xi) < 1e-3) break;
    }
    if (!(distance(&p, xi, r.xi) < 1e-3)) complain(&p, &pt, &r, "GSL is elsewhere");
    end(&j);
    n_how[r.how]++;
    n_compared++;
  }
  assert_true(n_compared >= 30 && n_how[DKM_HOW_SETTLED] >= 20);
  gsl_rng_free(rng);
}

/* Slow ones cannot be followed to their end, but long enough to see them on one side: the label is that of the mean. */
static void predictions_hold_while_gsl_can_follow(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int n_predicted = 0, n_settled = 0;
  dkm_solver solver = usual;
  solver.max_steps = 5000;
  for (int i = 0; i < 400 && (n_predicted < 16 || n_settled < 16); i++) {
    const dkm_system p = patterns_of(i % 3 ? DKM_GAUGED : DKM_UNGAUGED, 2 + i % 2);
    dkm_point pt = random_settling(rng, p.n_modes, i, 1);
    double xi[DKM_MAX_MODES], second;
    const double loss = pow(10.0, -uniform_between(rng, 0.0, 2.0));
    for (int mu = 0; mu < p.n_modes; mu++) pt.kappa_mu[mu] *= loss;
    pt.g0 *= uniform_between(rng, 1.0, 3.0);
    const dkm_record r = evaluate_one(&p, &pt, &solver);
    int *n = r.how == DKM_HOW_PREDICTED ? &n_predicted : &n_settled;
    if ((r.how != DKM_HOW_PREDICTED && r.how != DKM_HOW_SETTLED) || r.retrieved == 0 || r.t_end == 0.0 ||
        r.sensitive != DKM_SENSITIVE_NO || r.t_end > 1000 || *n >= 16)
      continue;
    judge j = begin(&p, &pt);
    mean_until(&j, 2.0 * r.t_end, 1, xi);
    mean_until(&j, 4.0 * r.t_end + 200.0, 400, xi);
    if (dkm_record_leading(xi, p.n_modes, 0.0, &second) != r.retrieved) complain(&p, &pt, &r, "GSL is elsewhere");
    end(&j);
    (*n)++;
  }
  assert_true(n_predicted >= 10 && n_settled >= 10);
  gsl_rng_free(rng);
}

/* More classes than patterns: xi of steady order parameters is met within xi_error long after. */
static void steady_order_parameters_stay_within_their_error(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int n_compared = 0;
  for (int i = 0; i < 60 && n_compared < 15; i++) {
    const dkm_system p = patterns_of(i % 3 == 2 ? DKM_UNGAUGED : DKM_GAUGED, 3 + (i % 5 == 4));
    const dkm_point pt = random_settling(rng, p.n_modes, i, 1);
    const dkm_record r = evaluate_one(&p, &pt, &usual);
    double xi[DKM_MAX_MODES];
    if (r.verdict == DKM_VERDICT_UNDECIDED) complain(&p, &pt, &r, "nothing is known");
    if (r.verdict != DKM_VERDICT_DARK_PRECESSION || r.t_end == 0.0 || r.sensitive != DKM_SENSITIVE_NO) continue;
    if (r.n_unstable != 0 || !(r.decay_rate > 0.0)) complain(&p, &pt, &r, "steady next to what is unstable");
    judge j = begin(&p, &pt);
    const double rested = fmax(2.0 * r.t_end, r.t_end + 20.0 / r.decay_rate); /* what is left would show beside a small error */
    mean_until(&j, rested, 1, xi);
    mean_until(&j, 2.0 * rested + 100.0, 1000, xi);
    if (!(distance(&p, xi, r.xi) <= r.xi_error)) {
      printf("off by %.2e, xi_error %.2e\n", distance(&p, xi, r.xi), r.xi_error);
      complain(&p, &pt, &r, "GSL is elsewhere");
    }
    end(&j);
    n_compared++;
  }
  assert_int_equal(n_compared, 15);
  gsl_rng_free(rng);
}

/* Three that drift on slowly: the change of the means from octave to octave has grown later. */
static void slow_drift_stays_within_its_error(void **state) {
  (void)state;
  static const dkm_point points[] = {
      {.g0 = 1.7901632167398931, .Omega = -0.95883531200233851, .pattern = 1, .overlap = 1,
       .perturbation = 0.08861394647881389, .seed = 426,
       .Omega_mu = {2.9323347239289435, 2.5405942062847315, 2.084179372480139, 2.4594076847191899},
       .kappa_mu = {1.2545183749170974, 1.5530630553839728, 1.5598130030557513, 1.2215326327132061}},
      {.g0 = 1.1914263382554056, .Omega = 0.60362214071210474, .pattern = 1, .overlap = 1,
       .perturbation = 0.12818482135725207, .seed = 485,
       .Omega_mu = {1.3679815152892842, 2.1150855121435597, 2.8934179177973416, 1.73043384286575},
       .kappa_mu = {1.3807613020762801, 1.9879763736389577, 1.1532812402583659, 1.0436410733964294}},
      {.g0 = 0.91149090901017193, .Omega = 0.90497916701715431, .pattern = 2, .overlap = 1,
       .perturbation = 0.20370508839725515, .seed = 696,
       .Omega_mu = {-1.2323918687179685, -1.52538167797029, -1.4673871181905267, -2.1372414084151385},
       .kappa_mu = {1.6988465199247003, 0.77233539579901844, 1.234615781228058, 1.8075373070314527}}};
  const dkm_system p = patterns_of(DKM_GAUGED, 4);
  int n_off = 0;
  for (int i = 0; i < 3; i++) {
    const dkm_record r = evaluate_one(&p, &points[i], &usual);
    double xi[DKM_MAX_MODES];
    if (r.verdict != DKM_VERDICT_DARK_PRECESSION) continue;
    judge j = begin(&p, &points[i]);
    mean_until(&j, 4.0 * r.t_end, 1, xi);
    mean_until(&j, 8.0 * r.t_end, 2000, xi);
    if (!(distance(&p, xi, r.xi) <= r.xi_error)) {
      n_off++;
      printf("point %d: off by %.2e, xi_error %.2e\n", i, distance(&p, xi, r.xi), r.xi_error);
    }
    end(&j);
  }
  assert_int_equal(n_off, 0);
}

/* Those that still drift: xi is where they are, and the pattern is where they stay. */
static void relaxing_order_parameters_are_where_the_record_says(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int n_compared = 0;
  for (int i = 0; i < 200 && n_compared < 8; i++) {
    const dkm_system p = patterns_of(i % 3 == 2 ? DKM_UNGAUGED : DKM_GAUGED, 3);
    dkm_point pt = random_settling(rng, p.n_modes, i, 1);
    pt.g0 *= 1.5;
    const dkm_record r = evaluate_one(&p, &pt, &usual);
    double xi[DKM_MAX_MODES], second;
    if (r.verdict != DKM_VERDICT_RELAXING || r.sensitive != DKM_SENSITIVE_NO || r.t_end > 4000) continue;
    judge j = begin(&p, &pt);
    mean_until(&j, r.t_end / 1.15, 1, xi); /* the last window */
    mean_until(&j, r.t_end, 400, xi);
    if (!(distance(&p, xi, r.xi) <= r.xi_error)) {
      printf("off by %.2e, xi_error %.2e\n", distance(&p, xi, r.xi), r.xi_error);
      complain(&p, &pt, &r, "GSL is elsewhere now");
    }
    mean_until(&j, 2.0 * r.t_end, 1, xi);
    mean_until(&j, 4.0 * r.t_end, 400, xi);
    if (r.retrieved != 0 && dkm_record_leading(xi, p.n_modes, 0.0, &second) != r.retrieved)
      complain(&p, &pt, &r, "GSL is elsewhere later");
    assert_true(isfinite(r.xi_limit[0]) && r.L_limit <= r.L_end);
    end(&j);
    n_compared++;
  }
  assert_int_equal(n_compared, 8);
  gsl_rng_free(rng);
}

/* Overlaps are those of the way, but the pattern is that of the end as soon as that is certain. */
static void the_pattern_of_what_is_settled_is_that_of_its_end(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 3);
  const dkm_point pt = {.g0 = 0.7, .Omega = 0.5, .Omega_mu = {1.5, 1.6, 1.8}, .kappa_mu = {0.4, 0.4, 0.4}, .pattern = 3,
                        .overlap = 1.0, .perturbation = 0.9, .seed = 4};
  dkm_solver solver = usual;
  double xi[DKM_MAX_MODES], second;
  solver.max_steps = 60;
  const dkm_record r = evaluate_one(&p, &pt, &solver);
  assert_true(r.verdict == DKM_VERDICT_RELAXING && r.how == DKM_HOW_SETTLED && fabs(r.xi[2]) > fabs(r.xi[0]));
  assert_int_equal(r.retrieved, dkm_record_leading(r.xi_limit, p.n_modes, 0.0, &second));
  judge j = begin(&p, &pt);
  mean_until(&j, 50.0 * r.t_end, 1, xi);
  mean_until(&j, 55.0 * r.t_end, 400, xi);
  if (dkm_record_leading(xi, p.n_modes, 0.0, &second) != r.retrieved) complain(&p, &pt, &r, "GSL ends elsewhere");
  end(&j);
}

static bool same_if_known(double a, double b) {
  return isnan(a) ? isnan(b) : fabs(a - b) < 1e-10;
}

/* Classes of opposite columns turn as one, shorter than either where they start apart: their minima are those of such spins,
 * which are known of tables of the same couplings. */
static void ends_of_ungauged_patterns_are_those_of_pairs(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  dkm_solver solver = usual;
  int n_relaxing = 0;
  solver.max_steps = 5000;
  for (int i = 0; i < 12; i++) {
    const dkm_system p = patterns_of(DKM_UNGAUGED, 2 + i % 2);
    dkm_couplings tables = tables_of(&p);
    dkm_point pt = random_settling(rng, p.n_modes, i, 1);
    pt.g0 *= 1.5;
    pt.perturbation = 0.5;
    const dkm_record r = evaluate_one(&p, &pt, &solver), known = evaluate_one(&tables.system, &pt, &solver);
    if (r.verdict != known.verdict || r.how != known.how || r.retrieved != known.retrieved) complain(&p, &pt, &r, "tables differ");
    assert_true(same_if_known(r.L_limit, known.L_limit) && same_if_known(r.L_saddle, known.L_saddle));
    if (r.verdict == DKM_VERDICT_RELAXING) {
      assert_true(distance(&p, r.xi_limit, known.xi_limit) < 1e-10);
      n_relaxing++;
    }
    dkm_couplings_free(&tables);
  }
  assert_true(n_relaxing >= 3);
  gsl_rng_free(rng);
}

/* A bound in time may cut off an instability while it grows: what is said then is of that time, not of long before. */
static void a_record_that_is_cut_short_says_where_it_is(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 3);
  dkm_point pt = fig3_point(1.0, 1);
  pt.overlap = 0.0;
  pt.perturbation = 1e-12;
  for (double t = 20.0; t < 61.0; t += 10.0) {
    dkm_solver solver = usual;
    double xi[DKM_MAX_MODES];
    solver.t_max = t;
    const dkm_record r = evaluate_one(&p, &pt, &solver);
    judge j = begin(&p, &pt);
    mean_until(&j, t / 1.15, 1, xi);
    mean_until(&j, t, 200, xi);
    if (!(distance(&p, xi, r.xi) <= r.xi_error)) {
      printf("t_max %g: off by %.2e, xi_error %.2e\n", t, distance(&p, xi, r.xi), r.xi_error);
      complain(&p, &pt, &r, "GSL is elsewhere");
    }
    end(&j);
  }
}

/* ---- how ---- */

static void each_way_to_know_the_end_is_met(void **state) {
  (void)state;
  dkm_point pt;
  dkm_record r;
  const dkm_system one = patterns_of(DKM_GAUGED, 1), two = patterns_of(DKM_GAUGED, 2), four = patterns_of(DKM_GAUGED, 4);

  pt = fig3_point(1.1, 2); /* caught by a damped fixed point while some spins precess */
  pt.perturbation = 1e-3;
  r = evaluate_one(&four, &pt, &usual);
  assert_true(r.how == DKM_HOW_REACHED && r.verdict == DKM_VERDICT_DARK_PRECESSION && r.retrieved == 2);
  assert_true(r.precession > 1e-5 && r.precession < 1e-2);

  pt.perturbation = 0.0; /* below every barrier after some steps */
  r = evaluate_one(&four, &pt, &usual);
  assert_true(r.how == DKM_HOW_SETTLED && r.verdict == DKM_VERDICT_FIXED_POINT && r.t_settled <= r.t_end);
  assert_true(r.L_end < r.L_saddle && r.L_limit < r.L_end);
  assert_close(r.L_saddle, -0.25, 1e-15); /* of its own system, of one mode */

  pt = (dkm_point){.g0 = 3.05, .Omega = 0.389, .Omega_mu = {1.426, 1.895}, .kappa_mu = {1.29, 0.569}, .pattern = 1,
                   .overlap = -0.215, .perturbation = 0.067, .seed = 213}; /* V stays above barriers for 1e6 */
  r = evaluate_one(&two, &pt, &usual);
  assert_true(r.how == DKM_HOW_PREDICTED && r.verdict == DKM_VERDICT_FIXED_POINT && r.retrieved == -1);
  assert_true(isnan(r.t_settled) && r.relaxation_time > 1e5 && r.t_end < 1e3);

  pt = (dkm_point){.g0 = 0.55, .Omega = 0.025, .Omega_mu = {20}, .kappa_mu = {4}, .pattern = 1, .overlap = 1.0};
  r = evaluate_one(&one, &pt, &usual); /* over the barrier and back for 1e5 */
  assert_true(r.how == DKM_HOW_SYMMETRIC && r.verdict == DKM_VERDICT_FIXED_POINT && abs(r.retrieved) == 1);
  assert_true(r.L_end > r.L_saddle && isnan(r.t_settled));
  assert_close(fabs(r.xi[0]), r.xi_theory, r.xi_error);

  pt = fig3_point(1.2, 1); /* no time to know anything */
  pt.overlap = 0.1;
  pt.perturbation = 0.1;
  dkm_solver solver = usual;
  solver.t_max = 0.5;
  r = evaluate_one(&four, &pt, &solver);
  assert_true(r.how == DKM_HOW_NOT_APPLICABLE && r.verdict == DKM_VERDICT_UNDECIDED && isnan(r.t_settled));
}

/* ---- bounds ---- */

/* Steps are bounded up to a look, at times that grow by 15 %. What is said with few steps is not wrong: whatever is settled
 * is so with many, and whatever else is said has its own name. */
static void max_steps_bounds_the_steps_and_gives_no_false_verdict(void **state) {
  (void)state;
  enum { N = 48 };
  static const int64_t bounds[] = {10, 100, 1000, 10000};
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  dkm_point points[N];
  bool seen[DKM_N_VERDICTS][DKM_N_HOWS] = {{false}};
  for (int M = 1; M <= 4; M++) {
    const dkm_system p = patterns_of(M % 2 ? DKM_UNGAUGED : DKM_GAUGED, M);
    dkm_record much[N], r[N];
    for (int i = 0; i < N; i++) {
      points[i] = random_settling(rng, M, i, i % 3);
      const double slow = pow(10.0, -uniform_between(rng, 0.0, 4.0));
      for (int mu = 0; mu < M; mu++) points[i].kappa_mu[mu] *= i % 2 ? slow : 1.0;
    }
    evaluate_all(&p, &usual, NULL, N, points, much);
    for (int b = 0; b < 4; b++) {
      dkm_solver solver = usual;
      solver.max_steps = bounds[b];
      solver.sensitivity = false;
      evaluate_all(&p, &solver, NULL, N, points, r);
      for (int i = 0; i < N; i++) {
        seen[r[i].verdict][r[i].how] = true;
        int n_active = 0; /* of its own system */
        for (int mu = 0; mu < M; mu++)
          n_active += (points[i].perturbation > 0.0 || mu == points[i].pattern - 1) &&
                      points[i].g0 > dkm_theory_g_crit(&points[i], mu);
        if (r[i].how == DKM_HOW_SYMMETRIC && n_active != 1) complain(&p, &points[i], &r[i], "more than a sign is open");
        if (r[i].L_end >= r[i].L_saddle && !isnan(r[i].t_settled))
          complain(&p, &points[i], &r[i], "settled above the barrier");
        /* One octave at least, and two looks. */
        if (r[i].steps > 1.2 * (double)bounds[b] + 2) complain(&p, &points[i], &r[i], "too many steps");
        const bool steady = r[i].verdict == DKM_VERDICT_FIXED_POINT || r[i].verdict == DKM_VERDICT_DARK_PRECESSION;
        if (!steady && r[i].verdict != DKM_VERDICT_RELAXING && r[i].verdict != DKM_VERDICT_UNDECIDED)
          complain(&p, &points[i], &r[i], "impossible");
        /* The bound may come before a look would have, and asks then. */
        if (r[i].how == DKM_HOW_SETTLED && much[i].how == DKM_HOW_SETTLED && !(r[i].t_settled <= much[i].t_settled))
          complain(&p, &points[i], &r[i], "settled later with fewer steps");
        if (r[i].verdict == DKM_VERDICT_FIXED_POINT && much[i].verdict == DKM_VERDICT_FIXED_POINT)
          for (int mu = 0; mu < M; mu++)
            if (r[i].how != DKM_HOW_SYMMETRIC && fabs(r[i].xi[mu] - much[i].xi[mu]) > 1e-10)
              complain(&p, &points[i], &r[i], "another end");
      }
    }
  }
  assert_true(seen[DKM_VERDICT_RELAXING][DKM_HOW_SETTLED] && seen[DKM_VERDICT_FIXED_POINT][DKM_HOW_SYMMETRIC] &&
              seen[DKM_VERDICT_UNDECIDED][DKM_HOW_NOT_APPLICABLE] && seen[DKM_VERDICT_FIXED_POINT][DKM_HOW_SETTLED]);
  gsl_rng_free(rng);
}

/* Too many modes for the search of critical points: nothing is proven. */
static void nothing_is_settled_with_more_modes_than_can_be_searched(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 7);
  dkm_solver solver = usual;
  solver.max_steps = 3000;
  for (int seed = 1; seed <= 3; seed++) {
    dkm_point pt = fig3_point(1.5, 1 + seed);
    for (int mu = 0; mu < 7; mu++) pt.Omega_mu[mu] = 1.5 + 0.1 * mu;
    for (int mu = 0; mu < 7; mu++) pt.kappa_mu[mu] = 1.0;
    pt.perturbation = 0.1;
    pt.seed = seed;
    const dkm_record r = evaluate_one(&p, &pt, &solver);
    if (r.how == DKM_HOW_SETTLED || !isnan(r.t_settled)) complain(&p, &pt, &r, "settled");
    pt.perturbation = 0.0; /* its own system has one mode */
    const dkm_record exact = evaluate_one(&p, &pt, &solver);
    assert_true(exact.how == DKM_HOW_SETTLED);
  }
}

/* Next to threshold and far above: what is found incompletely must not look settled. */
static void strong_coupling_is_not_settled_before_its_time(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 2);
  const dkm_point pt = {.g0 = 16.639670118607928, .Omega = 0.025094649909099858,
                        .Omega_mu = {2.6806530134053901, 2.0570716734509915},
                        .kappa_mu = {0.49914183072800844, 1.1826559555550673}, .pattern = 2,
                        .overlap = -0.31545517779886723, .perturbation = 0.0097013712113257489, .seed = 698};
  const dkm_record r = evaluate_one(&p, &pt, &usual); /* V is far above both minima for ever */
  if (!isnan(r.t_settled) && !(r.L_end < r.L_saddle)) complain(&p, &pt, &r, "settled above every barrier");
}

/* Damping over four decades, coupling over one. */
static void records_are_such_as_theory_allows(void **state) {
  (void)state;
  enum { N = 120 };
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int n_wrong = 0;
  dkm_solver solver = usual;
  solver.max_steps = 20000;
  solver.sensitivity = false;
  for (int i = 0; i < N; i++) {
    const dkm_system p = patterns_of(i % 8 < 4 ? DKM_GAUGED : DKM_UNGAUGED, 1 + i % 4);
    dkm_point pt = random_settling(rng, p.n_modes, i, i % 3);
    const double slow = pow(10.0, -uniform_between(rng, 0.0, 4.0));
    char why[256] = "";
    for (int mu = 0; mu < p.n_modes; mu++) pt.kappa_mu[mu] *= slow;
    pt.g0 *= pow(10.0, gsl_rng_uniform(rng));
    const dkm_record r = evaluate_one(&p, &pt, &solver);
    if (dkm_check_record(&p, &pt, &r, why, sizeof why)) continue;
    n_wrong++;
    printf("%s, %s: %s\n  ", dkm_verdict_name(r.verdict), dkm_how_name(r.how), why);
    print_point(&pt, p.n_modes);
  }
  assert_int_equal(n_wrong, 0);
  gsl_rng_free(rng);
}

/* ---- bits ---- */

enum { N_BITS = DESK_MOST };

/* Points of all kinds, some of them long. */
static void points_for_bits(const dkm_system *p, gsl_rng *rng, dkm_point *points) {
  for (int i = 0; i < N_BITS; i++) {
    points[i] = random_settling(rng, p->n_modes, i, i % 4);
    for (int mu = 0; mu < p->n_modes; mu++) points[i].kappa_mu[mu] *= i % 3 ? 1.0 : 1e-3;
  }
}

static void check_bits(const dkm_system *p, const dkm_point *pt, const dkm_record *a, const dkm_record *b) {
  if (dkm_record_checksum(a, p->n_modes, NULL, 0) == dkm_record_checksum(b, p->n_modes, NULL, 0)) return;
  printf("%s, %s, %lld steps and ", dkm_verdict_name(a->verdict), dkm_how_name(a->how), (long long)a->steps);
  complain(p, pt, b, "other bits");
}

static void records_have_the_same_bits_alone_in_company_and_from_every_instruction_set(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  dkm_solver solver = usual;
  solver.max_steps = 20000;
  for (int M = 2; M <= 4; M++) {
    const dkm_system p = patterns_of(DKM_GAUGED, M);
    dkm_point points[N_BITS], reversed[N_BITS];
    dkm_record together[N_BITS], other[N_BITS], alone;
    solver.sensitivity = M == 3;
    points_for_bits(&p, rng, points);
    for (int i = 0; i < N_BITS; i++) reversed[N_BITS - 1 - i] = points[i];
    evaluate_all(&p, &solver, NULL, N_BITS, points, together);
    for (const char *const *cpu = dkm_cpu_names(); *cpu; cpu++) {
      if (!dkm_cpu_supported(*cpu)) continue;
      evaluate_all(&p, &solver, *cpu, N_BITS, reversed, other);
      for (int i = 0; i < N_BITS; i++) check_bits(&p, &points[i], &together[i], &other[N_BITS - 1 - i]);
      evaluate_all(&p, &solver, *cpu, 1, &points[M], &alone);
      check_bits(&p, &points[M], &together[M], &alone);
    }
  }
  gsl_rng_free(rng);
}

/* What is remembered between looks (octaves, predictions) goes along. */
static void records_have_the_same_bits_after_interruptions(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  dkm_solver solver = usual;
  solver.max_steps = 20000;
  solver.sensitivity = false;
  int n_resumed = 0;
  for (int M = 2; M <= 4; M++) {
    const dkm_system p = patterns_of(DKM_GAUGED, M);
    dkm_point points[N_BITS];
    dkm_record whole[N_BITS];
    points_for_bits(&p, rng, points);
    desk d = {.n = N_BITS, .points = points};
    const dkm_stream stream = desk_stream(&d);
    evaluate_all(&p, &solver, NULL, N_BITS, points, whole);
    while (!desk_is_complete(&d)) {
      d.next = 0;
      assert_int_equal(dkm_evaluator_create(&p, &solver, NULL, &d.evaluator, NULL), DKM_OK);
      assert_int_equal(dkm_evaluate_stream(d.evaluator, &stream, NULL), DKM_OK);
      dkm_evaluator_destroy(d.evaluator);
    }
    for (int i = 0; i < N_BITS; i++) {
      check_bits(&p, &points[i], &whole[i], &d.records[i]);
      free(d.bytes[i]);
    }
    n_resumed += d.n_resumed;
  }
  assert_true(n_resumed > 20);
  gsl_rng_free(rng);
}

/* ---- the other method, sensitivity ---- */

static void gsl_gives_the_same_verdicts_labels_and_overlaps(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int n_compared = 0, n_other_verdict = 0;
  for (int i = 0; i < 32; i++) {
    const dkm_system p = patterns_of(DKM_GAUGED, 1 + i % 4);
    const dkm_point pt = random_settling(rng, p.n_modes, i, i % 4);
    dkm_solver solver = usual;
    const dkm_record r = evaluate_one(&p, &pt, &solver);
    if (r.sensitive != DKM_SENSITIVE_NO || r.how == DKM_HOW_SYMMETRIC) continue;
    solver.method = DKM_METHOD_GSL;
    solver.sensitivity = false;
    const dkm_record g = evaluate_one(&p, &pt, &solver);
    /* A drift next to what still counts as steady may fall on either side. */
    n_other_verdict += g.verdict != r.verdict;
    if (g.verdict != r.verdict && !(r.verdict == DKM_VERDICT_RELAXING || g.verdict == DKM_VERDICT_RELAXING))
      complain(&p, &pt, &g, dkm_verdict_name(r.verdict));
    if (g.retrieved != r.retrieved) complain(&p, &pt, &g, "another label");
    if (g.verdict == r.verdict && !(distance(&p, g.xi, r.xi) <= g.xi_error + r.xi_error)) {
      printf("%.2e apart, errors %.2e and %.2e\n", distance(&p, g.xi, r.xi), g.xi_error, r.xi_error);
      complain(&p, &pt, &g, "other overlaps");
    }
    n_compared++;
  }
  assert_true(n_compared >= 20 && n_other_verdict <= 2);
  gsl_rng_free(rng);
}

/* A settled outcome cannot be decided by what errors do later, and measuring changes no bit of it. */
static void sensitivity_is_that_of_the_way_to_where_it_is_settled(void **state) {
  (void)state;
  enum { N = 24 };
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  const dkm_system p = patterns_of(DKM_GAUGED, 3);
  dkm_point points[N];
  dkm_record with[N], without[N];
  int n_later = 0;
  for (int i = 0; i < N; i++) {
    points[i] = random_settling(rng, 3, 1, i % 4); /* starts next to a pattern */
    points[i].g0 = 1.6 + 0.02 * i;
    for (int mu = 0; mu < 3; mu++) {
      points[i].Omega_mu[mu] = 1.5 + 0.5 * mu;
      points[i].kappa_mu[mu] = 1.0;
    }
    points[i].Omega = 0.5;
    points[i].perturbation = fmin(points[i].perturbation, 0.05);
  }
  dkm_solver solver = usual;
  evaluate_all(&p, &solver, NULL, N, points, with);
  solver.sensitivity = false;
  evaluate_all(&p, &solver, NULL, N, points, without);
  for (int i = 0; i < N; i++) {
    if (with[i].how == DKM_HOW_SETTLED && with[i].t_settled < 10.0 && with[i].sensitive != DKM_SENSITIVE_NO)
      complain(&p, &points[i], &with[i], "settled early, and yet sensitive");
    n_later += with[i].amplification_total > 1e3 * with[i].amplification;
    with[i].amplification = with[i].amplification_total = NAN;
    with[i].sensitive = DKM_SENSITIVE_NOT_MEASURED;
    check_bits(&p, &points[i], &without[i], &with[i]);
  }
  assert_true(n_later > 0);
  gsl_rng_free(rng);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exact_starts_are_those_of_eq_12_up_to_strong_coupling),
      cmocka_unit_test(exact_starts_are_known_where_damping_is_slow),
      cmocka_unit_test(tilted_starts_of_two_modes_end_where_gsl_does),
      cmocka_unit_test(predictions_hold_while_gsl_can_follow),
      cmocka_unit_test(steady_order_parameters_stay_within_their_error),
      cmocka_unit_test(slow_drift_stays_within_its_error),
      cmocka_unit_test(relaxing_order_parameters_are_where_the_record_says),
      cmocka_unit_test(the_pattern_of_what_is_settled_is_that_of_its_end),
      cmocka_unit_test(ends_of_ungauged_patterns_are_those_of_pairs),
      cmocka_unit_test(a_record_that_is_cut_short_says_where_it_is),
      cmocka_unit_test(each_way_to_know_the_end_is_met),
      cmocka_unit_test(max_steps_bounds_the_steps_and_gives_no_false_verdict),
      cmocka_unit_test(nothing_is_settled_with_more_modes_than_can_be_searched),
      cmocka_unit_test(strong_coupling_is_not_settled_before_its_time),
      cmocka_unit_test(records_are_such_as_theory_allows),
      cmocka_unit_test(records_have_the_same_bits_alone_in_company_and_from_every_instruction_set),
      cmocka_unit_test(records_have_the_same_bits_after_interruptions),
      cmocka_unit_test(gsl_gives_the_same_verdicts_labels_and_overlaps),
      cmocka_unit_test(sensitivity_is_that_of_the_way_to_where_it_is_settled),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
