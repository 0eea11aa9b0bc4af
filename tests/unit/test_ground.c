/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All stationary states of the ground branch, and their spectra. */
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multiroots.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_headers.h"
#include "../../src/core/ground.h"
#include "couplings.h"
#include "dickemap/drive.h"
#include "dickemap/evaluate.h"
#include "dickemap/theory.h"
#include "evaluation.h"
#include "random_points.h"

/* Overlaps that spins along the fields of overlaps xi have: the states are its fixed points. */
static void answer(const dkm_system *p, const dkm_point *pt, const double *xi, double *out) {
  const int M = p->n_modes;
  const double sign = pt->Omega_mu[0] > 0 ? 1 : -1;
  for (int mu = 0; mu < M; mu++) out[mu] = 0.0;
  for (int64_t k = 0; k < p->n_classes; k++) {
    double h = 0.0;
    for (int mu = 0; mu < M; mu++) {
      const double D = pt->Omega_mu[mu] * pt->Omega_mu[mu] + 0.25 * pt->kappa_mu[mu] * pt->kappa_mu[mu];
      h += dkm_system_coupling(p, mu, k) * -2.0 * pt->g0 * pt->g0 * pt->Omega_mu[mu] * xi[mu] / D;
    }
    const double z = -sign * h / hypot(pt->Omega, h);
    for (int mu = 0; mu < M; mu++) out[mu] += dkm_system_weight(p, k) * dkm_system_coupling(p, mu, k) * z;
  }
}

static double largest_difference(int n, const double *a, const double *b) {
  double largest = 0.0;
  for (int i = 0; i < n; i++) largest = fmax(largest, fabs(a[i] - b[i]));
  return largest;
}

/* Whether xi is an image of a state. */
static bool is_image(const dkm_ground_state *s, int M, bool even, const double *xi) {
  double same[DKM_MAX_MODES], turned[DKM_MAX_MODES], all[DKM_MAX_MODES];
  for (int mu = 0; mu < M; mu++) {
    same[mu] = s->xi[mu];
    turned[mu] = -s->xi[mu];
    all[mu] = copysign(s->xi[mu], xi[mu]);
  }
  return largest_difference(M, same, xi) < 1e-6 || largest_difference(M, turned, xi) < 1e-6 ||
         (even && largest_difference(M, all, xi) < 1e-6);
}

static dkm_point point_of_one_sign(gsl_rng *rng, int M, int i) {
  dkm_point pt = random_point(rng, M, 0, 1);
  if (i % 3 == 1) pt.Omega = -pt.Omega;
  if (i % 4 == 1)
    for (int mu = 0; mu < M; mu++) pt.Omega_mu[mu] = -pt.Omega_mu[mu];
  return pt;
}

/* Each is stationary; as many directions grow as U has descending ones; iteration from anywhere ends in one of the minima. */
static void check_states(gsl_rng *rng, const dkm_system *p, const dkm_point *pt, bool even) {
  enum { N_STARTS = 40, N_ITERATIONS = 20000 };
  const int M = p->n_modes;
  dkm_ground g;
  dkm_error err;
  assert_int_equal(dkm_ground_find(p, pt, NULL, &g, &err), DKM_OK);
  assert_true(g.n >= 1 && g.complete);
  int64_t euler = 0;
  for (int i = 0; i < g.n; i++) {
    const dkm_ground_state *s = &g.states[i];
    double xi[DKM_MAX_MODES];
    answer(p, pt, s->xi, xi);
    assert_true(largest_difference(M, xi, s->xi) < 1e-9);
    if (i > 0) assert_true(s->U >= g.states[i - 1].U);
    assert_true(s->has_spectrum);
    if (s->spectrum.n_unstable != s->index) print_point(pt, M);
    assert_int_equal(s->spectrum.n_unstable, s->index);
    assert_int_equal(isnan(s->escape), s->index > 0);
    if (s->index == 0) assert_true(s->escape > s->U);
    for (int mu = 0; mu < M; mu++) {
      const double D = pt->Omega_mu[mu] * pt->Omega_mu[mu] + 0.25 * pt->kappa_mu[mu] * pt->kappa_mu[mu];
      assert_true(fabs(s->alpha_re[mu] / p->alpha_factor + pt->g0 * pt->Omega_mu[mu] * s->xi[mu] / D) < 1e-12);
    }
    euler += (s->index % 2 ? -1 : 1) * s->n_images;
  }
  assert_int_equal(euler, 1);
  for (int start = 0; start < N_STARTS; start++) {
    double xi[DKM_MAX_MODES], next[DKM_MAX_MODES];
    for (int mu = 0; mu < M; mu++) xi[mu] = uniform_between(rng, -1, 1);
    for (int i = 0; i < N_ITERATIONS; i++) {
      answer(p, pt, xi, next);
      const double moved = largest_difference(M, xi, next);
      for (int mu = 0; mu < M; mu++) xi[mu] += 0.3 * (next[mu] - xi[mu]);
      if (moved < 1e-11) break;
    }
    int n_found = 0;
    for (int i = 0; i < g.n; i++) n_found += g.states[i].index == 0 && is_image(&g.states[i], M, even, xi);
    if (n_found == 0) print_point(pt, M);
    assert_true(n_found >= 1);
  }
  dkm_ground_free(&g);
}

static void states_are_stationary_and_complete(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int i = 0; i < 40; i++) {
    const int M = 1 + i % 4;
    dkm_system p;
    assert_int_equal(dkm_system_of_patterns(&p, DKM_GAUGED, M, NULL), DKM_OK);
    const dkm_point pt = point_of_one_sign(rng, M, i);
    check_states(rng, &p, &pt, true);
  }
  for (int i = 0; i < 40; i++) {
    const int M = 1 + i % 3;
    dkm_couplings c = random_couplings(rng, M, M + 1 + i % 5);
    const dkm_point pt = point_of_one_sign(rng, M, i);
    check_states(rng, &c.system, &pt, false);
    dkm_couplings_free(&c);
  }
  gsl_rng_free(rng);
}

/* M = 2 above both thresholds: the normal state, two patterns, four mixtures between them. */
static void the_states_of_two_patterns_are_known(void **state) {
  (void)state;
  dkm_system p;
  dkm_ground g;
  const dkm_point pt = fig3_point(1.2, 1);
  assert_int_equal(dkm_system_of_patterns(&p, DKM_GAUGED, 2, NULL), DKM_OK);
  assert_int_equal(dkm_ground_find(&p, &pt, NULL, &g, NULL), DKM_OK);
  assert_true(g.complete);
  assert_int_equal(g.n, 4);
  assert_int_equal(g.n_all, 9);
  assert_int_equal(g.n_stable, 4);
  assert_true(g.states[0].xi[0] > 0.9 && g.states[0].index == 0 && g.states[0].n_images == 2);
  assert_true(g.states[1].xi[1] > 0.8 && g.states[1].index == 0 && g.states[1].n_images == 2);
  assert_true(fabs(g.states[2].U - -0.334244042266) < 1e-11 && g.states[2].index == 1 && g.states[2].n_images == 4);
  assert_true(fabs(g.states[2].xi[0] - 0.3867248158) < 1e-9 && fabs(g.states[2].xi[1] - 0.5567129809) < 1e-9);
  assert_true(g.states[3].index == 2 && g.states[3].n_images == 1 && g.states[3].xi[0] == 0 && g.states[3].xi[1] == 0);
  assert_true(fabs(g.states[1].escape - g.states[2].U) < 1e-12);
  dkm_ground_free(&g);
}

/* A ramp ends where the last knot says. */
static void a_drive_counts_as_what_it_ends_in(void **state) {
  (void)state;
  const dkm_drive drive = {.n = 2, .time = {0, 1}, .g0 = {0.2, 1.2}, .Omega = {1, 1}};
  dkm_system p;
  dkm_ground ramp, plain;
  dkm_point pt = fig3_point(1.2, 1);
  assert_int_equal(dkm_system_of_patterns(&p, DKM_GAUGED, 2, NULL), DKM_OK);
  assert_int_equal(dkm_ground_find(&p, &pt, NULL, &plain, NULL), DKM_OK);
  p.drive = &drive;
  pt.g0 = 1.0;
  pt.duration = 10.0;
  assert_int_equal(dkm_ground_find(&p, &pt, NULL, &ramp, NULL), DKM_OK);
  assert_int_equal(ramp.n, plain.n);
  assert_true(fabs(ramp.states[0].U - plain.states[0].U) < 1e-14);
  dkm_ground_free(&ramp);
  dkm_ground_free(&plain);
}

static void reasons_are_given_where_states_are_not_isolated(void **state) {
  (void)state;
  const dkm_drive repeats = {.n = 2, .repeat = true, .time = {0, 1}, .g0 = {0.2, 1.2}, .Omega = {1, 1}};
  dkm_point points[3];
  static const char *const reasons[] = {"g0 is 0", "Omega is 0", "dephasing alone"};
  dkm_system p;
  dkm_ground g;
  dkm_error err;
  assert_int_equal(dkm_system_of_patterns(&p, DKM_GAUGED, 2, NULL), DKM_OK);
  for (int i = 0; i < 3; i++) points[i] = fig3_point(1.2, 1);
  points[0].g0 = 0.0;
  points[1].Omega = 0.0;
  points[2].gamma_phi = 0.1;
  for (int i = 0; i < 3; i++) {
    assert_int_equal(dkm_ground_find(&p, &points[i], NULL, &g, &err), DKM_INPUT);
    assert_non_null(strstr(err.message, reasons[i]));
    assert_null(g.states);
  }
  p.drive = &repeats;
  dkm_point pt = fig3_point(1.2, 1);
  pt.duration = 1.0;
  assert_int_equal(dkm_ground_find(&p, &pt, NULL, &g, &err), DKM_INPUT);
  assert_non_null(strstr(err.message, "repeats"));
}

/* ---- without a landscape ---- */

/* Where there is one, Newton's method finds what the landscape has. */
static void newton_finds_the_critical_points_of_the_landscape(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int n_complete = 0;
  for (int i = 0; i < 30; i++) {
    const int M = 1 + i % 3;
    dkm_couplings c = random_couplings(rng, M, M + 1 + i % 4);
    dkm_system patterns;
    assert_int_equal(dkm_system_of_patterns(&patterns, DKM_GAUGED, M, NULL), DKM_OK);
    const dkm_system *p = i % 2 ? &patterns : &c.system;
    const dkm_point pt = point_of_one_sign(rng, M, i);
    const dkm_ground_search plain = {0};
    ground_work work = {.system = p, .point = &pt, .how = &plain};
    dkm_ground landscape, newton = {0};
    assert_int_equal(dkm_ground_find(p, &pt, NULL, &landscape, NULL), DKM_OK);
    assert_int_equal(dkm_fixedpoint_workspace_create(p, &work.spectra, NULL), DKM_OK);
    assert_int_equal(dkm_ground_newton(&work, 0, NULL, &newton, NULL), DKM_OK);
    n_complete += newton.complete;
    if (newton.complete) {
      assert_int_equal(newton.n, landscape.n);
      int64_t n_all = 0, n_stable = 0;
      for (int j = 0; j < newton.n; j++) {
        n_all += newton.states[j].n_images;
        if (newton.states[j].spectrum.n_unstable == 0) n_stable += newton.states[j].n_images;
      }
      assert_int_equal(n_all, landscape.n_all);
      assert_int_equal(n_stable, landscape.n_stable);
      for (int j = 0; j < landscape.n; j++) {
        int n_same = 0;
        for (int k = 0; k < newton.n; k++) n_same += is_image(&landscape.states[j], M, i % 2, newton.states[k].xi);
        assert_int_equal(n_same, 1);
      }
    }
    dkm_fixedpoint_workspace_destroy(work.spectra);
    dkm_ground_free(&newton);
    dkm_ground_free(&landscape);
    dkm_couplings_free(&c);
  }
  assert_true(n_complete >= 28);
  gsl_rng_free(rng);
}

/* One mode with losses: the normal state, and above threshold the pattern with the overlap in closed form. */
static void states_with_losses_are_those_in_closed_form(void **state) {
  (void)state;
  dkm_system p;
  dkm_ground g;
  dkm_point pt = {.g0 = 1.1, .Omega = 0.6, .Omega_mu = {1.2}, .kappa_mu = {0.9}, .pattern = 1, .overlap = 1, .gamma_down = 0.25,
                  .gamma_up = 0.05, .gamma_phi = 0.06};
  assert_int_equal(dkm_system_of_patterns(&p, DKM_GAUGED, 1, NULL), DKM_OK);
  assert_int_equal(dkm_ground_find(&p, &pt, NULL, &g, NULL), DKM_OK);
  assert_true(g.complete && !g.has_landscape);
  assert_int_equal(g.n, 2);
  assert_int_equal(g.n_all, 3);
  assert_int_equal(g.n_stable, 2);
  assert_true(fabs(g.states[0].xi[0] - 0.3419625949) < 1e-9 && g.states[0].spectrum.n_unstable == 0);
  assert_true(g.states[1].xi[0] == 0 && g.states[1].spectrum.n_unstable == 1);
  dkm_ground_free(&g);
  pt.g0 = 0.2;
  assert_int_equal(dkm_ground_find(&p, &pt, NULL, &g, NULL), DKM_OK);
  assert_int_equal(g.n, 1);
  assert_int_equal(g.n_stable, 1);
  dkm_ground_free(&g);
}

/* Unbalanced, one mode: |B| = 2 g0^2/a with both roots a of LANDSCAPE's closed form where they exist. */
static void unbalanced_states_are_those_in_closed_form(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  dkm_system p;
  int n_two = 0;
  assert_int_equal(dkm_system_of_patterns(&p, DKM_GAUGED, 1, NULL), DKM_OK);
  for (int i = 0; i < 60; i++) {
    dkm_ground g;
    dkm_point pt = random_point(rng, 1, 0, 1);
    pt.imbalance = uniform_between(rng, 0.05, 0.95) * (i % 2 ? -1 : 1);
    pt.g0 = uniform_between(rng, 0.2, 6.0);
    const double W = pt.Omega_mu[0], eta2 = pt.imbalance * pt.imbalance, kappa = pt.kappa_mu[0];
    const double inside = W * W * (1 - eta2) * (1 - eta2) - eta2 * kappa * kappa;
    int n_expected = 1;
    double expected[2];
    for (int sign = -1; sign <= 1; sign += 2) {
      if (inside < 0) continue;
      const double a = (W * (1 + eta2) + sign * sqrt(inside)) / (2 * eta2);
      if (pt.g0 <= sqrt(a * pt.Omega / 2)) continue;
      const double B = 2 * pt.g0 * pt.g0 / a, ratio = 2 * (a - W) / kappa;
      const double Q = sqrt((B * B - pt.Omega * pt.Omega) / (4 * pt.g0 * pt.g0 * (1 + eta2 * ratio * ratio)));
      expected[n_expected - 1] = 2 * pt.g0 * Q / B; /* z = -B_z/|B| */
      n_expected++;
    }
    assert_int_equal(dkm_ground_find(&p, &pt, NULL, &g, NULL), DKM_OK);
    if (g.n != n_expected || !g.complete) print_point(&pt, 1), printf("eta %g: %d of %d\n", pt.imbalance, (int)g.n, n_expected);
    assert_true(g.complete);
    assert_int_equal(g.n, n_expected);
    for (int j = 0; j < n_expected - 1; j++) {
      int n_same = 0;
      for (int k = 0; k < g.n; k++) n_same += fabs(fabs(g.states[k].xi[0]) - expected[j]) < 1e-8;
      assert_int_equal(n_same, 1);
    }
    n_two += n_expected == 3;
    dkm_ground_free(&g);
  }
  assert_true(n_two >= 5);
  gsl_rng_free(rng);
}

/* Any parameters: each is at rest, and their signs add up. */
static void signs_add_up_wherever_there_is_no_landscape(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int n_complete = 0;
  enum { N = 60 };
  for (int i = 0; i < N; i++) {
    const int M = 1 + i % 3, kind = i % 4;
    dkm_couplings c = random_couplings(rng, M, M + 1 + i % 4);
    dkm_system patterns;
    dkm_ground g;
    assert_int_equal(dkm_system_of_patterns(&patterns, DKM_GAUGED, M, NULL), DKM_OK);
    const dkm_system *p = i % 2 ? &patterns : &c.system;
    dkm_point pt = random_point(rng, M, kind == 0, 1);
    if (kind > 0) pt.gamma_down = kind == 2 ? 0 : uniform_between(rng, 0.01, 0.5);
    if (kind == 1) pt.gamma_phi = uniform_between(rng, 0, 0.3);
    if (kind >= 2) pt.imbalance = uniform_between(rng, -0.9, 0.9);
    assert_int_equal(dkm_ground_find(p, &pt, NULL, &g, NULL), DKM_OK);
    n_complete += g.complete;
    if (!g.complete) print_point(&pt, M), printf("kind %d, %d states, eta %g\n", kind, (int)g.n, pt.imbalance);
    dkm_ground_free(&g);
    dkm_couplings_free(&c);
  }
  assert_true(n_complete >= N - 4);
  gsl_rng_free(rng);
}

/* ---- inverted classes ---- */

/* Overlaps that spins have that lie along the fields of overlaps xi, or, where inverted[k], against them. */
typedef struct turned {
  const dkm_system *p;
  const dkm_point *pt;
  unsigned inverted; /* bit k */
} turned;

static void answer_turned(const turned *t, const double *xi, double *out) {
  const int M = t->p->n_modes;
  const double sign = t->pt->Omega_mu[0] > 0 ? 1 : -1;
  for (int mu = 0; mu < M; mu++) out[mu] = 0.0;
  for (int64_t k = 0; k < t->p->n_classes; k++) {
    double h = 0.0;
    for (int mu = 0; mu < M; mu++) {
      const double W = t->pt->Omega_mu[mu], kappa = t->pt->kappa_mu[mu];
      h += dkm_system_coupling(t->p, mu, k) * -2.0 * t->pt->g0 * t->pt->g0 * W * xi[mu] / (W * W + 0.25 * kappa * kappa);
    }
    const double z = -sign * h / hypot(t->pt->Omega, h) * (t->inverted >> k & 1 ? -1 : 1);
    for (int mu = 0; mu < M; mu++) out[mu] += dkm_system_weight(t->p, k) * dkm_system_coupling(t->p, mu, k) * z;
  }
}

/* For GSL: what is to be 0. */
static int residual(const gsl_vector *x, void *of, gsl_vector *f) {
  const turned *t = of;
  double xi[2], out[2];
  for (size_t i = 0; i < x->size; i++) xi[i] = gsl_vector_get(x, i);
  answer_turned(t, xi, out);
  for (size_t i = 0; i < x->size; i++) gsl_vector_set(f, i, out[i] - xi[i]);
  return GSL_SUCCESS;
}

/* The zeros of that for M <= 2 overlaps, by a search of its own from a dense grid of starts. */
static int all_zeros(turned *t, double zeros[][2]) {
  enum { SIDE = 41, MOST = 64 };
  const size_t M = (size_t)t->p->n_modes;
  gsl_multiroot_fsolver *solver = gsl_multiroot_fsolver_alloc(gsl_multiroot_fsolver_hybrids, M);
  gsl_multiroot_function f = {residual, M, t};
  gsl_vector *x = gsl_vector_alloc(M);
  int n = 0;
  for (int start = 0; start < (M == 1 ? SIDE : SIDE * SIDE); start++) {
    gsl_vector_set(x, 0, -1.0 + 2.0 * (start % SIDE) / (SIDE - 1.0));
    if (M == 2) gsl_vector_set(x, 1, -1.0 + 2.0 * (start / SIDE) / (SIDE - 1.0));
    gsl_multiroot_fsolver_set(solver, &f, x);
    for (int it = 0; it < 60 && gsl_multiroot_test_residual(solver->f, 1e-13) == GSL_CONTINUE; it++)
      if (gsl_multiroot_fsolver_iterate(solver)) break;
    if (gsl_multiroot_test_residual(solver->f, 1e-12) == GSL_CONTINUE) continue;
    double xi[2] = {gsl_vector_get(solver->x, 0), M == 2 ? gsl_vector_get(solver->x, 1) : 0.0};
    bool known = false;
    for (int i = 0; i < n && !known; i++) known = largest_difference(2, zeros[i], xi) < 1e-6;
    if (known) continue;
    assert_true(n < MOST);
    memcpy(zeros[n++], xi, sizeof xi);
  }
  gsl_multiroot_fsolver_free(solver);
  gsl_vector_free(x);
  return n;
}

/* One and two classes turned, of any couplings: those that a search of its own finds. */
static void states_with_inverted_classes_are_all_found(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  gsl_error_handler_t *handler = gsl_set_error_handler_off();
  int n_complete = 0, n_with_overlaps = 0;
  enum { N = 16 };
  for (int i = 0; i < N; i++) {
    const int M = 1 + i % 2, K = M + 1 + i % 3;
    const dkm_ground_search how = {.most_inverted = 2};
    dkm_couplings c = random_couplings(rng, M, K);
    dkm_point pt = point_of_one_sign(rng, M, i);
    dkm_ground g;
    int64_t n_expected = 0;
    pt.g0 *= 2.0;
    assert_int_equal(dkm_ground_find(&c.system, &pt, &how, &g, NULL), DKM_OK);
    for (unsigned inverted = 1; inverted < 1u << K; inverted++) {
      turned t = {&c.system, &pt, inverted};
      double zeros[64][2];
      if (__builtin_popcount(inverted) > 2) continue;
      const int n = all_zeros(&t, zeros);
      n_expected += n;
      n_with_overlaps += n > 1;
      for (int z = 0; z < n; z++) {
        int n_same = 0;
        for (int j = 0; j < g.n; j++)
          n_same += g.states[j].n_inverted == __builtin_popcount(inverted) && is_image(&g.states[j], M, false, zeros[z]);
        if (g.complete) assert_true(n_same >= 1);
      }
    }
    n_complete += g.complete;
    if (g.complete) assert_int_equal(g.n_inverted, n_expected);
    for (int j = 0; j < g.n; j++)
      assert_true(g.states[j].n_inverted == 0 || (g.states[j].index == -1 && isfinite(g.states[j].U) && isnan(g.states[j].escape)));
    dkm_ground_free(&g);
    dkm_couplings_free(&c);
  }
  assert_true(n_complete >= N - 1 && n_with_overlaps > 10);
  gsl_set_error_handler(handler);
  gsl_rng_free(rng);
}

/* Of +-1 patterns the choices of one class are images of each other; too many choices are refused. */
static void choices_of_patterns_are_images(void **state) {
  (void)state;
  const dkm_ground_search one = {.most_inverted = 1}, many = {.most_inverted = 4};
  dkm_system p;
  dkm_ground g;
  dkm_error err;
  const dkm_point pt = fig3_point(0.4, 1);
  assert_int_equal(dkm_system_of_patterns(&p, DKM_GAUGED, 4, NULL), DKM_OK);
  assert_int_equal(dkm_ground_find(&p, &pt, &one, &g, NULL), DKM_OK);
  assert_true(g.complete && g.n == 2 && g.n_all == 1 && g.n_inverted == 8);
  for (int j = 0; j < g.n; j++)
    for (int mu = 0; mu < 4; mu++) assert_true(g.states[j].xi[mu] >= 0.0);
  assert_true(g.states[1].n_inverted == 1 && g.states[1].n_images == 8 && g.states[1].U > g.states[0].U);
  /* x of one class of eight turned over: V rises by Omega/8 */
  assert_true(fabs(g.states[1].U - g.states[0].U - 0.5 / 8) < 1e-12);
  dkm_ground_free(&g);
  assert_int_equal(dkm_system_of_patterns(&p, DKM_GAUGED, 6, NULL), DKM_OK);
  assert_int_equal(dkm_ground_find(&p, &pt, &many, &g, &err), DKM_INPUT);
  assert_non_null(strstr(err.message, "of 32 classes can be inverted in 41449 ways"));
}

/* ---- symmetries ---- */

/* LANDSCAPE of equal modes at 2 g_c: as many minima and saddles as there are with all images, each kind listed once. */
static void permutations_of_equal_modes_are_images(void **state) {
  (void)state;
  static const struct { int M, n_minima, n_saddles; } known[] = {{3, 14, 24}, {4, 40, 96}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    const int M = known[i].M;
    int n[2] = {0};
    dkm_system p;
    dkm_ground g;
    dkm_point pt = {.g0 = 2 * 0.559016994375, .Omega = 0.5, .pattern = 1, .overlap = 1};
    for (int mu = 0; mu < M; mu++) pt.Omega_mu[mu] = pt.kappa_mu[mu] = 1.0;
    assert_int_equal(dkm_system_of_patterns(&p, DKM_GAUGED, M, NULL), DKM_OK);
    assert_int_equal(dkm_ground_find(&p, &pt, NULL, &g, NULL), DKM_OK);
    assert_true(g.complete);
    for (int j = 0; j < g.n; j++) {
      if (g.states[j].index < 2) n[g.states[j].index] += (int)g.states[j].n_images;
      for (int k = 0; k < j; k++) assert_true(fabs(g.states[j].U - g.states[k].U) > 1e-9);
      for (int mu = 0; mu < M; mu++) {
        assert_true(g.states[j].xi[mu] >= (mu + 1 < M ? g.states[j].xi[mu + 1] - 1e-9 : 0.0));
        assert_true(fabs(g.states[j].alpha_re[mu] / p.alpha_factor + pt.g0 * g.states[j].xi[mu] / 1.25) < 1e-9);
      }
    }
    assert_int_equal(n[0], known[i].n_minima);
    assert_int_equal(n[1], known[i].n_saddles);
    dkm_ground_free(&g);
    pt.kappa_mu[0] = 1.0 + 1e-6; /* no longer equal: those that mode 1 takes part in are apart */
    dkm_ground other;
    assert_int_equal(dkm_ground_find(&p, &pt, NULL, &other, NULL), DKM_OK);
    assert_true(other.n > g.n);
    dkm_ground_free(&other);
  }
}

/* A pattern is kept from g_retrieve on, with the overlap of Eq. (12), and lost to another one below. */
static void patterns_are_kept_from_g_retrieve_on(void **state) {
  (void)state;
  dkm_system p;
  int n_kept = 0, n_lost = 0;
  assert_int_equal(dkm_system_of_patterns(&p, DKM_GAUGED, 4, NULL), DKM_OK);
  for (int i = 0; i < 40; i++) {
    const dkm_point pt = fig3_point(0.5 + 0.031 * i, 1);
    dkm_ground g;
    assert_int_equal(dkm_ground_find(&p, &pt, NULL, &g, NULL), DKM_OK);
    for (int nu = 0; nu < 4; nu++) {
      const double g_ret = dkm_theory_g_retrieve(&p, &pt, nu), ratio = dkm_theory_g_crit(&pt, nu) / pt.g0;
      if (fabs(pt.g0 - g_ret) < 0.01 || fabs(pt.g0 - dkm_theory_g_crit(&pt, 0)) < 0.01) continue;
      if (pt.g0 > g_ret) {
        assert_true(fabs(g.pattern_xi[nu] - sqrt(1 - ratio * ratio * ratio * ratio)) < 1e-8);
        n_kept++;
      } else {
        assert_true(fabs(g.pattern_xi[nu]) < fmax(1e-6, 0.9 * sqrt(fmax(0, 1 - ratio * ratio * ratio * ratio))));
        n_lost++;
      }
    }
    dkm_ground_free(&g);
  }
  assert_true(n_kept > 40 && n_lost > 40);
}

static bool give_up(void *n_left) {
  return --*(int *)n_left < 0;
}

/* A search that would take long ends soon after it is asked to. */
static void a_search_can_be_given_up(void **state) {
  (void)state;
  int n_left = 2;
  const dkm_ground_search how = {.most_inverted = 2, .interrupt = give_up, .context = &n_left};
  dkm_system p;
  dkm_ground g;
  dkm_error err;
  dkm_point pt = fig3_point(1.6, 1);
  assert_int_equal(dkm_system_of_patterns(&p, DKM_UNGAUGED, 4, NULL), DKM_OK);
  assert_int_equal(dkm_ground_find(&p, &pt, &how, &g, &err), DKM_STOPPED);
  assert_int_equal(n_left, -1);
  assert_null(g.states);
}

/* ---- what trajectories end in ---- */

/* Tilted starts of one sign or with losses: each end at rest is one of the stable states, and each limit of one that relaxes. */
static void trajectories_end_in_stable_states(void **state) {
  (void)state;
  enum { N_POINTS = 16, N_STARTS = 24 };
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int n_ends = 0, n_other = 0;
  for (int i = 0; i < N_POINTS; i++) {
    const int M = 1 + i % 4;
    const dkm_solver solver = {.tolerance = 1e-10, .t_max = 1e4, .max_steps = 10000};
    dkm_system p;
    dkm_point points[N_STARTS];
    dkm_record records[N_STARTS];
    dkm_ground g;
    assert_int_equal(dkm_system_of_patterns(&p, DKM_GAUGED, M, NULL), DKM_OK);
    dkm_point pt = point_of_one_sign(rng, M, i);
    if (i % 2) pt.gamma_down = uniform_between(rng, 0.02, 0.3);
    for (int j = 0; j < N_STARTS; j++) {
      points[j] = pt;
      points[j].pattern = 1 + j % M;
      points[j].overlap = uniform_between(rng, -1, 1);
      points[j].perturbation = uniform_between(rng, 0.01, 1);
      points[j].seed = j;
    }
    assert_int_equal(dkm_ground_find(&p, &pt, NULL, &g, NULL), DKM_OK);
    if (!g.complete) print_point(&pt, M);
    assert_true(g.complete);
    evaluate_all(&p, &solver, NULL, N_STARTS, points, records);
    for (int j = 0; j < N_STARTS; j++) {
      const dkm_record *r = &records[j];
      const bool rests = r->verdict == DKM_VERDICT_FIXED_POINT;
      const bool relaxes = r->verdict == DKM_VERDICT_RELAXING && !isnan(r->xi_limit[0]);
      n_other += !rests && !relaxes;
      if (!rests && !relaxes) continue; /* dark precession dresses its state; with losses cycles are possible */
      int n_found = 0;
      for (int k = 0; k < g.n; k++)
        n_found += g.states[k].spectrum.n_unstable == 0 && is_image(&g.states[k], M, true, rests ? r->xi : r->xi_limit);
      if (n_found != 1) print_point(&points[j], M);
      assert_int_equal(n_found, 1);
      n_ends++;
    }
    dkm_ground_free(&g);
  }
  printf("%d ends, %d of other kinds\n", n_ends, n_other);
  assert_true(n_ends > N_POINTS * N_STARTS / 2);
  gsl_rng_free(rng);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(states_are_stationary_and_complete),
      cmocka_unit_test(the_states_of_two_patterns_are_known),
      cmocka_unit_test(a_drive_counts_as_what_it_ends_in),
      cmocka_unit_test(reasons_are_given_where_states_are_not_isolated),
      cmocka_unit_test(newton_finds_the_critical_points_of_the_landscape),
      cmocka_unit_test(states_with_losses_are_those_in_closed_form),
      cmocka_unit_test(unbalanced_states_are_those_in_closed_form),
      cmocka_unit_test(signs_add_up_wherever_there_is_no_landscape),
      cmocka_unit_test(states_with_inverted_classes_are_all_found),
      cmocka_unit_test(choices_of_patterns_are_images),
      cmocka_unit_test(permutations_of_equal_modes_are_images),
      cmocka_unit_test(patterns_are_kept_from_g_retrieve_on),
      cmocka_unit_test(a_search_can_be_given_up),
      cmocka_unit_test(trajectories_end_in_stable_states),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
