/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Outcomes that are known at time 0: no coupling, no splitting, neither, below every threshold, at rest. */
#include "cmocka_headers.h"

#include <stdlib.h>
#include <string.h>

#include "dickemap/check.h"
#include "dickemap/evaluate.h"
#include "dickemap/theory.h"
#include "random_points.h"

enum { MAX_M = 3, MAX_K = 8, MAX_STATE = 3 * MAX_K + 2 * MAX_M };

static const double overlaps[] = {0.0, 0.5, 1.0, -1.0}, tilts[] = {0.0, 0.2};
enum { N_OVERLAPS = 4, N_TILTS = 2 };

static dkm_record evaluate_one(const dkm_system *p, const dkm_point *pt, double *u) {
  const dkm_solver solver = {.method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = 1e-3, .max_steps = 1};
  dkm_evaluator *e = NULL;
  dkm_record r;
  char why[256] = "";
  assert_int_equal(dkm_evaluator_create(p, &solver, NULL, &e, NULL), DKM_OK);
  assert_int_equal(dkm_evaluate(e, 1, pt, &r, u, NULL), DKM_OK);
  dkm_evaluator_destroy(e);
  assert_true(r.how == DKM_HOW_SETTLED && r.t_settled == 0.0 && r.t_end == 0.0 && r.steps == 0);
  if (!dkm_check_record(p, pt, &r, why, sizeof why)) fail_msg("%s: %s", dkm_verdict_name(r.verdict), why);
  return r;
}

/* The state at time t by GSL, and the mean and rms of the overlaps of n looks until then. */
static void integrate(const dkm_system *p, const dkm_point *pt, double t, int n, double *u, double *mean, double *rms) {
  const dkm_solver solver = {.method = DKM_METHOD_GSL, .tolerance = 1e-12, .t_max = 1e9};
  dkm_integrator *integrator;
  double xi[DKM_MAX_MODES], work[2 * MAX_K], square[DKM_MAX_MODES] = {0};
  assert_int_equal(dkm_integrator_create(p, &solver, NULL, &integrator, NULL), DKM_OK);
  assert_int_equal(dkm_model_start(p, pt, u, NULL), DKM_OK);
  dkm_integrator_load(integrator, 0, pt, u, 0.0);
  dkm_lane *lane = dkm_integrator_lane(integrator, 0);
  memset(mean, 0, DKM_MAX_MODES * sizeof *mean);
  for (int i = 1; i <= n; i++) {
    lane->t_limit = lane->t_pause = t * i / n;
    while (lane->t < lane->t_limit) dkm_integrator_advance(integrator);
    dkm_integrator_state(integrator, 0, u);
    dkm_model_overlaps(p, u, xi, work);
    for (int mu = 0; mu < p->n_modes; mu++) {
      mean[mu] += xi[mu] / n;
      square[mu] += xi[mu] * xi[mu] / n;
    }
  }
  for (int mu = 0; mu < p->n_modes; mu++) rms[mu] = sqrt(fmax(0.0, square[mu] - mean[mu] * mean[mu]));
  dkm_integrator_destroy(integrator);
}

/* Each start of each number of modes: signs of everything, both mappings. */
typedef void check_start(const dkm_system *p, dkm_point *pt, double *largest);
static void for_all_starts(check_start *check, int mixed) {
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  double u[MAX_STATE];
  for (int M = 1; M <= MAX_M; M++)
    for (int mapping = DKM_GAUGED; mapping <= DKM_UNGAUGED; mapping++)
      for (int i = 0; i < N_OVERLAPS * N_TILTS; i++) {
        dkm_system p;
        dkm_system_of_patterns(&p, (dkm_mapping)mapping, M, NULL);
        dkm_point pt = random_point(rng, M, mixed, 1);
        pt.Omega *= i % 3 ? 1 : -1;
        pt.overlap = overlaps[i / N_TILTS];
        pt.perturbation = tilts[i % N_TILTS];
        check(&p, &pt, u);
      }
  gsl_rng_free(rng);
}

/* ---- no coupling ---- */

static void check_free(const dkm_system *p, dkm_point *pt, double *u) {
  const int64_t K = p->n_classes;
  const int M = p->n_modes;
  double start[MAX_STATE], mean[DKM_MAX_MODES], rms[DKM_MAX_MODES], largest = 0.0, across = 0.0;
  pt->g0 = 0.0;
  const dkm_record r = evaluate_one(p, pt, u);
  assert_int_equal(dkm_model_start(p, pt, start, NULL), DKM_OK);
  for (int64_t k = 0; k < K; k++) across = fmax(across, hypot(start[K + k], start[2 * K + k]));
  integrate(p, pt, M_PI / fabs(pt->Omega), 256, u, mean, rms); /* one period: the start again */
  for (size_t i = 0; i < dkm_model_size(p); i++) assert_close(u[i], start[i], 1e-9);
  for (int mu = 0; mu < M; mu++) {
    assert_close(mean[mu], 0.0, 1e-9);
    assert_close(r.xi[mu], 0.0, 0.0);
    assert_close(r.xi_rms[mu], rms[mu], 1e-9);
    assert_close(r.occupation[mu], 0.0, 0.0);
    assert_close(r.alpha_re[mu], 0.0, 0.0);
    assert_close(r.alpha_im[mu], 0.0, 0.0);
    largest = fmax(largest, rms[mu] * M_SQRT2);
  }
  assert_close(r.precession, across, 1e-15);
  assert_int_equal(r.retrieved, 0);
  if (across == 0.0) {
    assert_int_equal(r.verdict, DKM_VERDICT_FIXED_POINT);
    return;
  }
  assert_int_equal(r.verdict, DKM_VERDICT_LIMIT_CYCLE);
  assert_close(r.period, M_PI / fabs(pt->Omega), 1e-15 * r.period);
  assert_close(r.frequency_1, 2.0 * fabs(pt->Omega), 1e-15 * r.frequency_1);
  assert_close(r.amplitude, largest, 1e-9);
  assert_close(r.lyapunov, 0.0, 0.0);
}

static void without_coupling_spins_precess_for_ever(void **state) {
  (void)state;
  for_all_starts(check_free, 1);
}

/* ---- no splitting ---- */

/* Overlaps and z are constants; the modes answer to them, by GSL after many of their decay times. */
static void check_degenerate(const dkm_system *p, dkm_point *pt, double *u) {
  const int64_t K = p->n_classes;
  const int M = p->n_modes;
  double start[MAX_STATE], end[MAX_STATE], mean[DKM_MAX_MODES], rms[DKM_MAX_MODES], xi[DKM_MAX_MODES], work[2 * MAX_K],
      field[MAX_K] = {0}, across = 0.0;
  pt->Omega = 0.0;
  const dkm_record r = evaluate_one(p, pt, u);
  assert_int_equal(dkm_model_start(p, pt, start, NULL), DKM_OK);
  dkm_model_overlaps(p, start, xi, work);
  integrate(p, pt, 150.0, 1, end, mean, rms); /* kappa >= 0.5 */
  const double K_root = sqrt((double)K);
  for (int mu = 0; mu < M; mu++) {
    const double re = end[3 * K + mu], im = end[3 * K + M + mu];
    assert_close(mean[mu], xi[mu], 1e-9);
    assert_close(r.xi[mu], xi[mu], 1e-15);
    assert_close(r.xi_rms[mu], 0.0, 0.0);
    assert_close(r.alpha_re[mu], K_root * re, 1e-9);
    assert_close(r.alpha_im[mu], K_root * im, 1e-9);
    assert_close(r.occupation[mu], (double)K * (re * re + im * im), 1e-9);
    for (int64_t k = 0; k < K; k++) field[k] += dkm_system_coupling(p, mu, k) * re;
  }
  for (int64_t k = 0; k < K; k++)
    if (fabs(field[k]) > 1e-9) across = fmax(across, hypot(end[k], end[K + k]));
  assert_close(r.precession, across, 1e-7);
  assert_int_equal(r.verdict, across > 1e-7 ? DKM_VERDICT_DARK_PRECESSION : DKM_VERDICT_FIXED_POINT);
  if (pt->perturbation == 0.0) {
    assert_int_equal(r.retrieved, pt->overlap > 0 ? pt->pattern : pt->overlap < 0 ? -pt->pattern : 0);
    assert_close(r.xi[pt->pattern - 1], pt->overlap, 1e-15);
  }
  /* The state that the record describes has these modes. */
  for (int mu = 0; mu < 2 * M; mu++) assert_close(u[3 * K + mu], end[3 * K + mu], 1e-9);
  assert_true(isnan(r.xi_theory));
}

static void without_splitting_overlaps_are_constants(void **state) {
  (void)state;
  for_all_starts(check_degenerate, 1);
}

static void check_neither(const dkm_system *p, dkm_point *pt, double *u) {
  double start[MAX_STATE], xi[DKM_MAX_MODES], work[2 * MAX_K];
  pt->Omega = pt->g0 = 0.0;
  const dkm_record r = evaluate_one(p, pt, u);
  assert_int_equal(dkm_model_start(p, pt, start, NULL), DKM_OK);
  dkm_model_overlaps(p, start, xi, work);
  assert_int_equal(r.verdict, DKM_VERDICT_FIXED_POINT);
  assert_true(r.residual == 0.0 && r.precession == 0.0);
  for (int mu = 0; mu < p->n_modes; mu++) {
    assert_close(r.xi[mu], xi[mu], 1e-15);
    assert_close(r.occupation[mu], 0.0, 0.0);
  }
  for (size_t i = 0; i < dkm_model_size(p); i++) assert_close(u[i], start[i], 1e-15);
}

static void with_neither_nothing_moves(void **state) {
  (void)state;
  for_all_starts(check_neither, 1);
}

/* ---- below every threshold, at rest ---- */

static void check_weak(const dkm_system *p, dkm_point *pt, double *u) {
  const int M = p->n_modes, sign = pt->seed % 2 ? -1 : 1;
  double least = INFINITY, largest = 0.0, start[MAX_STATE], xi[DKM_MAX_MODES], work[2 * MAX_K];
  for (int mu = 0; mu < M; mu++) {
    pt->Omega_mu[mu] *= sign;
    least = fmin(least, dkm_theory_g_crit(pt, mu));
  }
  pt->g0 = pt->seed % 3 ? 0.8 * least : 1e-3 * least;
  const dkm_record r = evaluate_one(p, pt, u);
  assert_int_equal(dkm_model_start(p, pt, start, NULL), DKM_OK);
  dkm_model_overlaps(p, start, xi, work);
  /* Symmetric starts have one class and one mode: nothing is dark for them. */
  const bool dark = pt->perturbation > 0.0 && p->n_classes > M;
  if (r.verdict != (dark ? DKM_VERDICT_DARK_PRECESSION : DKM_VERDICT_FIXED_POINT)) print_point(pt, M);
  assert_int_equal(r.verdict, dark ? DKM_VERDICT_DARK_PRECESSION : DKM_VERDICT_FIXED_POINT);
  for (int mu = 0; mu < M; mu++) {
    assert_close(r.xi[mu], 0.0, 0.0);
    assert_close(r.occupation[mu], 0.0, 0.0);
    largest = fmax(largest, fabs(xi[mu]));
  }
  assert_close(r.drift, largest, 1e-15);
  /* A start at rest stays, the inverted normal state too. */
  const bool inverted = pt->overlap == 0.0 && pt->perturbation == 0.0 && sign * pt->Omega < 0.0;
  if (r.n_unstable > 0 && !inverted) print_point(pt, M);
  assert_true(r.retrieved == 0 && (r.n_unstable > 0) == inverted && r.decay_rate > 0.0);
  if (largest > 0.0) assert_true(r.L_limit < r.L_end || dark);
}

static void below_every_threshold_overlaps_vanish(void **state) {
  (void)state;
  for_all_starts(check_weak, 0);
}

/* And they do so at decay_rate, seen by GSL at 0.8 of the threshold. */
static void below_threshold_overlaps_vanish_in_time(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 12; trial++) {
    const int M = 1 + trial % 3;
    dkm_system p;
    dkm_system_of_patterns(&p, trial % 2 ? DKM_UNGAUGED : DKM_GAUGED, M, NULL);
    dkm_point pt = random_point(rng, M, 0, 1);
    double u[MAX_STATE], mean[DKM_MAX_MODES], rms[DKM_MAX_MODES], xi[DKM_MAX_MODES], work[2 * MAX_K], least = INFINITY;
    for (int mu = 0; mu < M; mu++) {
      pt.Omega_mu[mu] *= trial / 6 ? -1 : 1;
      least = fmin(least, dkm_theory_g_crit(&pt, mu));
    }
    pt.g0 = 0.8 * least;
    const dkm_record r = evaluate_one(&p, &pt, NULL);
    if (r.decay_rate < 2e-3) continue;
    integrate(&p, &pt, 12.0 / r.decay_rate, 1, u, mean, rms);
    dkm_model_overlaps(&p, u, xi, work);
    for (int mu = 0; mu < M; mu++) assert_close(xi[mu], 0.0, 2e-3);
  }
  gsl_rng_free(rng);
}

/* The normal state above threshold stays, and so does a pattern state; modes of both signs as well. */
static void a_start_at_rest_stays(void **state) {
  (void)state;
  for (int sign = -1; sign <= 1; sign += 2)
    for (int mixed = 0; mixed < 2; mixed++) {
      dkm_system p;
      double u[MAX_STATE];
      dkm_system_of_patterns(&p, DKM_GAUGED, 3, NULL);
      dkm_point pt = fig3_point(1.3, 2);
      pt.Omega *= sign;
      if (mixed) pt.Omega_mu[0] *= -1;
      pt.overlap = 0.0;
      const dkm_record r = evaluate_one(&p, &pt, u);
      assert_int_equal(r.verdict, DKM_VERDICT_FIXED_POINT);
      assert_true(r.n_unstable > 0 && r.retrieved == 0 && r.residual == 0.0);
      for (int mu = 0; mu < 3; mu++) assert_close(r.xi[mu], 0.0, 0.0);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_coupling_spins_precess_for_ever),
      cmocka_unit_test(without_splitting_overlaps_are_constants),
      cmocka_unit_test(with_neither_nothing_moves),
      cmocka_unit_test(below_every_threshold_overlaps_vanish),
      cmocka_unit_test(below_threshold_overlaps_vanish_in_time),
      cmocka_unit_test(a_start_at_rest_stays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
