/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Lyapunov function, its landscape, and what that says of a state. */
#include "cmocka_headers.h"

#include <gsl/gsl_sort.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dickemap/fixedpoint.h"
#include "dickemap/integrator.h"
#include "dickemap/landscape.h"
#include "dickemap/theory.h"
#include "evaluation.h"
#include "random_points.h"

enum { MAX_STATE = 3 * 16 + 2 * 4, MAX_CLASSES = 16 };

static dkm_landscape *landscape_for(const dkm_system *p, const dkm_point *pt) {
  dkm_landscape *l = NULL;
  assert_int_equal(dkm_landscape_create(p, &l, NULL), DKM_OK);
  if (pt) dkm_landscape_turn(l, pt, NULL);
  return l;
}

/* A point for which the theorem holds, with the given signs of Omega and of all Omega_mu. */
static dkm_point random_settling(gsl_rng *rng, int n_modes, int sign, int sign_mu) {
  dkm_point pt = random_point(rng, n_modes, 0, 1);
  pt.Omega *= sign;
  for (int mu = 0; mu < n_modes; mu++) pt.Omega_mu[mu] *= sign_mu;
  return pt;
}

/* Spins of unit length in any direction, modes of any amplitude. */
static void random_state(gsl_rng *rng, const dkm_system *p, double *u) {
  const int64_t K = p->n_classes;
  for (int64_t k = 0; k < K; k++) {
    const double z = uniform_between(rng, -1, 1), phi = uniform_between(rng, 0, 2 * M_PI), rest = sqrt(1 - z * z);
    u[k] = rest * cos(phi);
    u[K + k] = rest * sin(phi);
    u[2 * K + k] = z;
  }
  for (int i = 0; i < 2 * p->n_modes; i++) u[3 * K + i] = uniform_between(rng, -1, 1);
}

/* ---- the theorem ---- */

/* V is a polynomial of second degree: the difference over +- half a step along u' is dV/dt up to rounding. */
static void the_lyapunov_function_falls_as_the_modes_lose(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 400; trial++) {
    const int M = 1 + trial % 4, sign_mu = trial / 4 % 2 ? -1 : 1;
    const dkm_system p = patterns_of(trial % 3 == 0 ? DKM_UNGAUGED : DKM_GAUGED, M);
    const dkm_point pt = random_settling(rng, M, trial / 8 % 2 ? -1 : 1, sign_mu);
    const size_t size = dkm_model_size(&p);
    double u[MAX_STATE], rate[MAX_STATE], up[MAX_STATE], down[MAX_STATE], work[2 * MAX_CLASSES], loss = 0;
    assert_int_equal(dkm_landscape_sign(&p, &pt), sign_mu);
    dkm_landscape *l = landscape_for(&p, &pt);
    random_state(rng, &p, u);
    dkm_model_rhs(&p, &pt, u, rate, work);
    for (size_t i = 0; i < size; i++) {
      up[i] = u[i] + 0.5 * rate[i];
      down[i] = u[i] - 0.5 * rate[i];
    }
    for (int mu = 0; mu < M; mu++)
      loss += pt.kappa_mu[mu] / fabs(pt.Omega_mu[mu]) * pow(rate[3 * p.n_classes + mu], 2);
    assert_close(dkm_landscape_value(l, up) - dkm_landscape_value(l, down), -loss, 1e-13 * (1 + loss));
    dkm_landscape_destroy(l);
  }
  gsl_rng_free(rng);
}

/* By GSL, from the starts that the program has and from any others. */
static void it_never_rises_along_a_trajectory(void **state) {
  (void)state;
  enum { LOOKS = 300 };
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  const dkm_solver solver = {.method = DKM_METHOD_GSL, .tolerance = 1e-12, .t_max = 1e7};
  for (int trial = 0; trial < 32; trial++) {
    const int M = 1 + trial % 4;
    const dkm_system p = patterns_of(trial / 4 % 2 ? DKM_UNGAUGED : DKM_GAUGED, M);
    const dkm_point pt = random_settling(rng, M, trial / 8 % 2 ? -1 : 1, trial / 16 % 2 ? -1 : 1);
    const int64_t K = p.n_classes;
    double u[MAX_STATE], rate[MAX_STATE], work[2 * MAX_CLASSES], loss_before = NAN, lost = 0;
    dkm_landscape *l = landscape_for(&p, &pt);
    dkm_integrator *integrator;
    assert_int_equal(dkm_integrator_create(&p, &solver, NULL, &integrator, NULL), DKM_OK);
    if (trial % 2)
      random_state(rng, &p, u);
    else
      assert_int_equal(dkm_model_start(&p, &pt, u, NULL), DKM_OK);
    dkm_integrator_load(integrator, 0, &pt, u, 0.0);
    dkm_lane *lane = dkm_integrator_lane(integrator, 0);
    const double start = dkm_landscape_value(l, u), dt = 0.02;
    double before = start;
    for (int i = 0; i <= LOOKS; i++) {
      if (i > 0) {
        lane->t_limit = lane->t_pause = dt * i;
        while (lane->t < lane->t_limit) dkm_integrator_advance(integrator);
        dkm_integrator_state(integrator, 0, u);
      }
      const double value = dkm_landscape_value(l, u);
      double loss = 0;
      dkm_model_rhs(&p, &pt, u, rate, work);
      for (int mu = 0; mu < M; mu++) loss += pt.kappa_mu[mu] / fabs(pt.Omega_mu[mu]) * pow(rate[3 * K + mu], 2);
      if (i > 0) lost += 0.5 * dt * (loss + loss_before);
      loss_before = loss;
      if (!(value <= before + 1e-11)) print_point(&pt, M);
      assert_true(value <= before + 1e-11);
      before = value;
    }
    assert_close(start - before, lost, 1e-3 * (1 + lost)); /* by the trapezoidal rule */
    dkm_integrator_destroy(integrator);
    dkm_landscape_destroy(l);
  }
  gsl_rng_free(rng);
}

static void the_theorem_is_claimed_where_it_holds(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 4);
  dkm_point pt = fig3_point(1.0, 1);
  assert_int_equal(dkm_landscape_sign(&p, &pt), 1);
  for (int mu = 0; mu < 4; mu++) { /* ever more of them negative */
    pt.Omega_mu[mu] *= -1;
    assert_int_equal(dkm_landscape_sign(&p, &pt), mu < 3 ? 0 : -1);
  }
  pt.Omega *= -1;
  assert_int_equal(dkm_landscape_sign(&p, &pt), -1);
  pt.Omega = 0;
  assert_int_equal(dkm_landscape_sign(&p, &pt), 0);
  pt = fig3_point(0.0, 1);
  assert_int_equal(dkm_landscape_sign(&p, &pt), 0);
  for (int M = 1; M <= 8; M++) {
    const dkm_system gauged = patterns_of(DKM_GAUGED, M), ungauged = patterns_of(DKM_UNGAUGED, M);
    assert_int_equal(dkm_landscape_full_rank(&gauged), M <= 2);
    assert_false(dkm_landscape_full_rank(&ungauged));
  }
}

/* ---- critical points ---- */

/* U(q) of landscape.h for patterns of M modes, written out once more. */
static double potential(const dkm_system *p, const double *r, const double *q) {
  double U = 0;
  for (int mu = 0; mu < p->n_modes; mu++) U += 0.5 * q[mu] * q[mu];
  for (int64_t k = 0; k < p->n_classes; k++) {
    double v = 0;
    for (int mu = 0; mu < p->n_modes; mu++) v += dkm_system_coupling(p, mu, k) * r[mu] * q[mu];
    U -= 0.5 * p->weight * sqrt(1 + 2 * v * v);
  }
  return U;
}

/* With all spins along their fields and the modes at rest V is U. */
static void with_aligned_spins_it_is_the_potential(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 200; trial++) {
    const int M = 1 + trial % 4, sign_mu = trial / 4 % 2 ? -1 : 1;
    const dkm_system p = patterns_of(trial % 3 == 0 ? DKM_UNGAUGED : DKM_GAUGED, M);
    const dkm_point pt = random_settling(rng, M, trial / 8 % 2 ? -1 : 1, sign_mu);
    double xi[DKM_MAX_MODES], q[DKM_MAX_MODES], r[DKM_MAX_MODES], u[MAX_STATE], rate[MAX_STATE], work[2 * MAX_CLASSES];
    dkm_landscape *l = landscape_for(&p, &pt);
    for (int mu = 0; mu < M; mu++) {
      xi[mu] = uniform_between(rng, -1, 1);
      r[mu] = pt.g0 / dkm_theory_g_crit(&pt, mu);
      q[mu] = -sign_mu * xi[mu] * r[mu] / M_SQRT2;
    }
    dkm_landscape_aligned_state(l, xi, u);
    assert_close(dkm_landscape_value(l, u), fabs(pt.Omega) * potential(&p, r, q), 1e-13);
    dkm_model_rhs(&p, &pt, u, rate, work);
    for (int64_t i = 0; i < 3 * p.n_classes; i++) assert_close(rate[i], 0, 1e-13);
    for (int mu = 0; mu < M; mu++) assert_close(rate[3 * p.n_classes + mu], 0, 1e-13);
    dkm_landscape_destroy(l);
  }
  gsl_rng_free(rng);
}

typedef struct census {
  int minima, saddles, all, euler; /* with their images; saddles of index 1 */
} census;

static census count(const dkm_critical *points, int n) {
  census c = {0};
  for (int i = 0; i < n; i++) {
    c.minima += points[i].index == 0 ? points[i].n_images : 0;
    c.saddles += points[i].index == 1 ? points[i].n_images : 0;
    c.all += points[i].n_images;
    c.euler += (points[i].index % 2 ? -1 : 1) * points[i].n_images;
  }
  return c;
}

/* Minima and saddles of index 1, searched for by other programs; M = 2 with equal modes: v_1 and v_2 are independent. */
static void there_are_as_many_minima_and_saddles_as_known(void **state) {
  (void)state;
  static const struct {
    int n_modes, equal;
    double g0; /* relative to the smallest g_nu */
    int minima, saddles;
  } known[] = {
      {2, 1, 1.1, 4, 4},  {2, 1, 2, 4, 4},    {2, 1, 5, 4, 4},     {2, 0, 1.1, 2, 1}, {2, 0, 2, 4, 4},
      {2, 0, 5, 4, 4},    {3, 1, 1.1, 6, 12}, {3, 1, 2, 14, 24},   {3, 1, 5, 14, 24}, {3, 0, 1.1, 2, 1},
      {3, 0, 2, 6, 16},   {3, 0, 5, 14, 24},  {4, 1, 1.1, 8, 24},  {4, 1, 2, 40, 96}, {4, 1, 5, 40, 192},
      {4, 0, 1.1, 2, 1},  {4, 0, 2, 8, 24},   {4, 0, 5, 48, 168},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    const int M = known[i].n_modes;
    const dkm_system p = patterns_of(DKM_GAUGED, M);
    dkm_point pt = fig3_point(1.0, 1);
    for (int mu = 0; known[i].equal && mu < M; mu++) pt.Omega_mu[mu] = 1.0;
    pt.g0 = known[i].g0 * dkm_theory_g_crit(&pt, 0);
    const dkm_critical *points;
    bool certified;
    dkm_landscape *l = landscape_for(&p, &pt);
    const int n = dkm_landscape_critical(l, &points, &certified);
    const census c = count(points, n);
    if (c.minima != known[i].minima || c.saddles != known[i].saddles || !certified || c.euler != 1)
      fail_msg("M = %d, %s modes, %g g_c: %d/%d instead of %d/%d, %d in all, Euler %d%s", M,
               known[i].equal ? "equal" : "Fig. 3's", known[i].g0, c.minima, c.saddles, known[i].minima,
               known[i].saddles, c.all, c.euler, certified ? "" : ", not certified");
    for (int j = 1; j < n; j++) assert_true(points[j].value >= points[j - 1].value);
    dkm_landscape_destroy(l);
  }
}

/* The critical point with these |xi|, or NULL. */
static const dkm_critical *find(const dkm_critical *points, int n, int n_modes, const double *xi, double within) {
  for (int i = 0; i < n; i++) {
    int mu = 0;
    while (mu < n_modes && fabs(points[i].xi[mu] - xi[mu]) <= within) mu++;
    if (mu == n_modes) return &points[i];
  }
  return NULL;
}

/* M = 2 (Omega_mu = 1.5, 2; kappa = 1; Omega = 0.5): g0 of each change of an index.  Within 1e-5 of it the way down is too
 * flat to be followed, and the landscape is not certified. */
static void branches_begin_where_they_should(void **state) {
  (void)state;
  static const struct {
    double g0;
    int pattern; /* of the state; 0: the normal one */
    int below, above;
    int mixed_below, mixed_above; /* images of saddles of index 1 with both overlaps */
  } branches[] = {{0.645497224368, 0, 0, 1, 0, 0}, {0.728868986856, 0, 1, 2, 0, 0}, {0.774509979037, 2, 1, 0, 0, 4}};
  const dkm_system p = patterns_of(DKM_GAUGED, 2);
  for (size_t i = 0; i < sizeof branches / sizeof *branches; i++)
    for (int side = 0; side < 4; side++) {
      const int above = side % 2;
      const double distance = side < 2 ? 1e-6 : 1e-4;
      dkm_point pt = fig3_point(branches[i].g0 * (above ? 1 + distance : 1 - distance), 1);
      const dkm_critical *points;
      bool certified;
      double xi[2] = {0};
      if (branches[i].pattern) xi[branches[i].pattern - 1] = dkm_theory_xi(&pt, branches[i].pattern - 1);
      dkm_landscape *l = landscape_for(&p, &pt);
      const int n = dkm_landscape_critical(l, &points, &certified);
      const dkm_critical *c = find(points, n, 2, xi, 1e-9);
      assert_non_null(c);
      assert_int_equal(c->index, above ? branches[i].above : branches[i].below);
      if (side >= 2) assert_true(certified);
      int mixed = 0;
      for (int j = 0; j < n; j++)
        if (points[j].index == 1 && points[j].xi[0] > 0 && points[j].xi[1] > 0) mixed += points[j].n_images;
      assert_int_equal(mixed, above ? branches[i].mixed_above : branches[i].mixed_below);
      dkm_landscape_destroy(l);
    }
}

static void mixtures_of_two_have_known_overlaps(void **state) {
  (void)state;
  static const double known[2][3] = {{0.8, 0.1449947807, 0.4803794545}, {1.2, 0.3867248158, 0.5567129809}};
  const dkm_system p = patterns_of(DKM_GAUGED, 2);
  for (int i = 0; i < 2; i++) {
    const dkm_point pt = fig3_point(known[i][0], 1);
    const dkm_critical *points;
    bool certified;
    dkm_landscape *l = landscape_for(&p, &pt);
    const int n = dkm_landscape_critical(l, &points, &certified);
    const dkm_critical *c = find(points, n, 2, &known[i][1], 1e-9);
    assert_non_null(c);
    assert_int_equal(c->index, 1);
    assert_int_equal(c->n_images, 4);
    if (i == 1) assert_close(c->value, -0.334244042266, 1e-11);
    dkm_landscape_destroy(l);
  }
}

/* Three equal modes: with equal overlaps v is 3, or -1 times their field. */
static void mixtures_of_three_have_known_overlaps(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 3);
  const double g_c = 0.559016994375, golden = 0.5 * (1 + sqrt(5));
  static const double stable_from = 0.795270728767;
  for (int i = 0; i < 5; i++) {
    const double g0[] = {g_c * sqrt(golden) * (1 - 1e-5), g_c * sqrt(golden) * (1 + 1e-5), stable_from * (1 - 1e-5),
                         stable_from * (1 + 1e-5), 0.9};
    dkm_point pt = fig3_point(g0[i], 1);
    const dkm_critical *points;
    bool certified;
    for (int mu = 0; mu < 3; mu++) pt.Omega_mu[mu] = 1.0;
    assert_close(dkm_theory_g_crit(&pt, 0), g_c, 1e-12);
    dkm_landscape *l = landscape_for(&p, &pt);
    const int n = dkm_landscape_critical(l, &points, &certified);
    int n_symmetric = 0, n_two = 0;
    for (int j = 0; j < n; j++) {
      const double *xi = points[j].xi;
      int n_nonzero = 0;
      for (int mu = 0; mu < 3; mu++) n_nonzero += xi[mu] > 0;
      n_two += n_nonzero == 2 && points[j].index == 1; /* equal overlaps of two: a saddle up to where it forks */
      if (n_nonzero < 3 || fabs(xi[1] - xi[0]) > 1e-9 || fabs(xi[2] - xi[0]) > 1e-9) continue;
      n_symmetric++;
      assert_int_equal(points[j].n_images, 8);
      if (i >= 2) assert_int_equal(points[j].index == 0, i > 2);
      /* grad U = 0: xi = sqrt(2) (phi(3 v) + phi(v))/4 with v = r q, phi(v) = v/sqrt(1 + 2 v^2) */
      const double r = pt.g0 / dkm_theory_g_crit(&pt, 0), v = r * xi[0] * r / M_SQRT2;
      assert_close(xi[0], M_SQRT2 * 0.25 * (3 * v / sqrt(1 + 18 * v * v) + v / sqrt(1 + 2 * v * v)), 1e-11);
    }
    assert_true(certified);
    assert_int_equal(n_symmetric, 1);
    if (i < 2) assert_int_equal(n_two, i == 0 ? 3 : 0);
    if (i == 4) {
      const double known[3] = {0.50052924, 0.37313967, 0.37313967};
      assert_non_null(find(points, n, 3, known, 1e-8));
    }
    dkm_landscape_destroy(l);
  }
}

/* Any image of it: the state with aligned spins is at rest, and as many directions grow as the index says. */
static void critical_points_are_fixed_points_with_as_many_unstable_directions(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int n_compared = 0, by_index[5] = {0};
  for (int trial = 0; trial < 48; trial++) {
    const int M = 1 + trial % 4;
    const dkm_system p = patterns_of(trial / 4 % 2 ? DKM_UNGAUGED : DKM_GAUGED, M);
    const dkm_point pt = random_settling(rng, M, trial / 8 % 2 ? -1 : 1, trial / 16 % 2 ? -1 : 1);
    const dkm_critical *points;
    bool certified;
    dkm_landscape *l = landscape_for(&p, &pt);
    dkm_fixedpoint_workspace *w;
    assert_int_equal(dkm_fixedpoint_workspace_create(&p, &w, NULL), DKM_OK);
    const int n = dkm_landscape_critical(l, &points, &certified);
    if (!certified || count(points, n).euler != 1) print_point(&pt, M);
    assert_true(certified);
    assert_int_equal(count(points, n).euler, 1);
    for (int i = 0; i < n; i++) {
      double xi[DKM_MAX_MODES], u[MAX_STATE], rate[MAX_STATE], work[2 * MAX_CLASSES];
      int n_images = 1;
      for (int mu = 0; mu < M; mu++) {
        assert_true(points[i].xi[mu] >= 0);
        if (points[i].xi[mu] > 0) n_images *= 2;
        xi[mu] = points[i].xi[mu] * (gsl_rng_uniform(rng) < 0.5 ? -1 : 1);
      }
      assert_int_equal(points[i].n_images, n_images);
      dkm_landscape_aligned_state(l, xi, u);
      dkm_model_rhs(&p, &pt, u, rate, work);
      for (size_t j = 0; j < dkm_model_size(&p); j++) assert_close(rate[j], 0, 1e-10);
      assert_close(dkm_landscape_value(l, u), points[i].value, 1e-12);
      dkm_spectrum spectrum;
      assert_int_equal(dkm_fixedpoint_spectrum(w, &pt, u, -1, 0.0, &spectrum, NULL), DKM_OK);
      if (spectrum.n_unstable != points[i].index) print_point(&pt, M);
      assert_int_equal(spectrum.n_unstable, points[i].index);
      by_index[points[i].index]++;
      n_compared++;
    }
    dkm_fixedpoint_workspace_destroy(w);
    dkm_landscape_destroy(l);
  }
  assert_true(n_compared > 150 && by_index[0] > 30 && by_index[1] > 30 && by_index[2] > 10 && by_index[3] > 3);
  gsl_rng_free(rng);
}

/* ---- escape heights by brute force ---- */

static int root_of(int *parent, int i) {
  while (parent[i] != i) i = parent[i] = parent[parent[i]];
  return i;
}

/* A grid of n^M nodes over overlaps in [-1.2, 1.2]. */
typedef struct grid {
  int n_modes, n, n_nodes;
  double spacing;
} grid;

static void place_of(const grid *g, int node, int *place) {
  for (int mu = g->n_modes - 1; mu >= 0; mu--, node /= g->n) place[mu] = node % g->n;
}

/* The d-th of the 3^M nodes around a place, itself among them; -1: outside. */
static int neighbour(const grid *g, const int *place, int d) {
  int node = 0;
  for (int mu = 0; mu < g->n_modes; mu++, d /= 3) {
    const int i = place[mu] + d % 3 - 1;
    if (i < 0 || i >= g->n) return -1;
    node = node * g->n + i;
  }
  return node;
}

/* U on a grid, flooded: the level at which the part around each image of a minimum first meets that of another one. */
static void flood(const dkm_system *p, const double *r, int n, int n_minima, const double (*minima)[3], double *escape) {
  grid g = {.n_modes = p->n_modes, .n = n, .n_nodes = 1, .spacing = 2.4 / (n - 1)};
  int around = 1, place[3];
  for (int mu = 0; mu < g.n_modes; mu++) {
    g.n_nodes *= n;
    around *= 3;
  }
  const size_t n_nodes = (size_t)g.n_nodes;
  double *U = malloc(n_nodes * sizeof *U), q[3];
  size_t *order = malloc(n_nodes * sizeof *order);
  int *parent = malloc(n_nodes * sizeof *parent), *label = malloc(n_nodes * sizeof *label);
  for (int node = 0; node < g.n_nodes; node++) {
    place_of(&g, node, place);
    for (int mu = 0; mu < g.n_modes; mu++) q[mu] = (-1.2 + g.spacing * place[mu]) * r[mu] / M_SQRT2;
    U[node] = potential(p, r, q);
    parent[node] = label[node] = -1;
  }
  for (int m = 0; m < n_minima; m++) { /* the lowest node next to it */
    int lowest = -1;
    for (int mu = 0; mu < g.n_modes; mu++) place[mu] = (int)lround((minima[m][mu] + 1.2) / g.spacing);
    for (int d = 0; d < around; d++) {
      const int node = neighbour(&g, place, d);
      if (lowest < 0 || U[node] < U[lowest]) lowest = node;
    }
    label[lowest] = m;
    escape[m] = INFINITY;
  }
  gsl_sort_index(order, U, 1, n_nodes);
  for (size_t s = 0; s < n_nodes; s++) {
    const int node = (int)order[s];
    parent[node] = node;
    place_of(&g, node, place);
    for (int d = 0; d < around; d++) {
      const int other = neighbour(&g, place, d);
      if (other < 0 || parent[other] < 0) continue;
      const int a = root_of(parent, node), b = root_of(parent, other);
      if (a == b) continue;
      if (label[a] >= 0 && label[b] >= 0) {
        escape[label[a]] = fmin(escape[label[a]], U[node]);
        escape[label[b]] = fmin(escape[label[b]], U[node]);
      }
      parent[b] = a;
      if (label[a] < 0) label[a] = label[b];
    }
  }
  free(U);
  free(order);
  free(parent);
  free(label);
}

static void escape_heights_are_those_of_a_flood(void **state) {
  (void)state;
  static const struct {
    int n_modes, n; /* of the grid */
    double ratio[3], within;
  } cases[] = {{2, 401, {1.4, 1.4}, 1e-4},      {2, 401, {1.2, 1.1}, 1e-4}, {2, 401, {1.6, 1.5}, 1e-4},
               {2, 401, {2.0, 1.3}, 1e-4},      {2, 401, {1.7, 2.5}, 2e-4}, {2, 401, {1.2, 0.9}, 1e-4},
               {2, 401, {3.0, 2.9}, 3e-4},      {3, 81, {1.6, 1.6, 1.6}, 2e-3},
               {3, 81, {2.0, 1.6, 1.4}, 2e-3}};
  bool different = false;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const int M = cases[i].n_modes;
    const dkm_system p = patterns_of(DKM_GAUGED, M);
    const dkm_point pt = point_of_ratios(M, cases[i].ratio);
    const dkm_critical *points;
    bool certified;
    dkm_landscape *l = landscape_for(&p, &pt);
    const int n = dkm_landscape_critical(l, &points, &certified);
    double minima[32][3], escape[32];
    int n_minima = 0, of[32];
    assert_true(certified);
    for (int j = 0; j < n; j++)
      for (int signs = 0; signs < 1 << M && points[j].index == 0; signs++) {
        bool image = true;
        for (int mu = 0; mu < M; mu++) {
          minima[n_minima][mu] = points[j].xi[mu] * (signs >> mu & 1 ? -1 : 1);
          image = image && !(signs >> mu & 1 && points[j].xi[mu] == 0);
        }
        if (image) of[n_minima++] = j;
      }
    flood(&p, cases[i].ratio, cases[i].n, n_minima, (const double(*)[3])minima, escape);
    for (int m = 0; m < n_minima; m++) {
      const double expected = points[of[m]].escape / pt.Omega;
      if (!(fabs(escape[m] - expected) <= cases[i].within))
        fail_msg("M = %d, ratios %g, %g ..., minimum (%.6f, %.6f ...): flood %.8f, landscape %.8f", M,
                 cases[i].ratio[0], cases[i].ratio[1], minima[m][0], minima[m][1], escape[m], expected);
      different = different || fabs(expected - points[of[0]].escape / pt.Omega) > 10 * cases[i].within;
    }
    dkm_landscape_destroy(l);
  }
  assert_true(different); /* valleys have heights of their own */
}

/* ---- valleys ---- */

/* States below the barrier, next to aligned ones; GSL follows them until they are at the minimum that was named. */
static void a_settled_state_ends_where_it_is_said_to(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  const dkm_solver solver = {.method = DKM_METHOD_GSL, .tolerance = 1e-10, .t_max = 1e7};
  int n_followed = 0;
  for (int trial = 0; trial < 4000 && n_followed < 60; trial++) {
    const int M = 1 + trial % 2;
    const dkm_system p = patterns_of(DKM_GAUGED, M);
    dkm_point pt = random_settling(rng, M, trial / 2 % 2 ? -1 : 1, trial / 4 % 2 ? -1 : 1);
    double xi[DKM_MAX_MODES], u[MAX_STATE], noise[MAX_STATE], best = INFINITY;
    for (int mu = 0; mu < M; mu++) { /* fast enough, and deep enough */
      pt.kappa_mu[mu] = uniform_between(rng, 1.0, 2.0);
      best = fmin(best, dkm_theory_g_crit(&pt, mu));
    }
    pt.g0 = best * uniform_between(rng, 1.1, 1.7);
    dkm_landscape *l = landscape_for(&p, &pt);
    for (int mu = 0; mu < M; mu++) xi[mu] = uniform_between(rng, -1, 1);
    dkm_landscape_aligned_state(l, xi, u);
    random_state(rng, &p, noise);
    const double weight = uniform_between(rng, 0, 0.8);
    for (size_t i = 0; i < dkm_model_size(&p); i++) u[i] += weight * noise[i];
    for (int64_t k = 0; k < p.n_classes; k++) { /* unit spins */
      const double length = sqrt(pow(u[k], 2) + pow(u[p.n_classes + k], 2) + pow(u[2 * p.n_classes + k], 2));
      for (int a = 0; a < 3; a++) u[a * p.n_classes + k] /= length;
    }
    const double value = dkm_landscape_value(l, u);
    dkm_valley valley;
    dkm_landscape_valley(l, u, value, &valley);
    if (valley.settled) {
      double largest = 1.0;
      assert_true(valley.known && valley.below && valley.limit <= value && value < valley.barrier);
      assert_true(dkm_landscape_may_be_settled(l, value));
      n_followed++;
      dkm_integrator *integrator;
      assert_int_equal(dkm_integrator_create(&p, &solver, NULL, &integrator, NULL), DKM_OK);
      dkm_integrator_load(integrator, 0, &pt, u, 0.0);
      dkm_lane *lane = dkm_integrator_lane(integrator, 0);
      while (largest > 0.02 && lane->t < 5000) {
        double now[DKM_MAX_MODES], work[2 * MAX_CLASSES];
        lane->t_limit = lane->t_pause = lane->t + 5.0;
        while (lane->t < lane->t_limit) dkm_integrator_advance(integrator);
        dkm_integrator_state(integrator, 0, u);
        dkm_model_overlaps(&p, u, now, work);
        largest = 0;
        for (int mu = 0; mu < M; mu++) largest = fmax(largest, fabs(now[mu] - valley.xi[mu]));
      }
      if (!(largest <= 0.02)) print_point(&pt, M);
      assert_true(largest <= 0.02);
      dkm_integrator_destroy(integrator);
    }
    dkm_landscape_destroy(l);
  }
  assert_true(n_followed == 60);
  gsl_rng_free(rng);
}

/* Descent keeps the sign of each Re beta_mu, and ends in a minimum of the list, not above where it began. */
static void descent_keeps_signs(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 200; trial++) {
    const int M = 1 + trial % 4, sign_mu = trial / 8 % 2 ? -1 : 1;
    const dkm_system p = patterns_of(trial / 4 % 2 ? DKM_UNGAUGED : DKM_GAUGED, M);
    const dkm_point pt = random_settling(rng, M, trial / 16 % 2 ? -1 : 1, sign_mu);
    double u[MAX_STATE], r[DKM_MAX_MODES], q[DKM_MAX_MODES], absolute[DKM_MAX_MODES];
    const dkm_critical *points;
    bool certified;
    dkm_valley valley;
    dkm_landscape *l = landscape_for(&p, &pt);
    random_state(rng, &p, u);
    dkm_landscape_valley(l, u, INFINITY, &valley);
    const bool one_end = dkm_landscape_n_active(l) == 0;
    assert_true(valley.known && valley.below == one_end && valley.settled == one_end);
    for (int mu = 0; mu < M; mu++) {
      const double Q = u[3 * p.n_classes + mu];
      const double D = pow(pt.Omega_mu[mu], 2) + 0.25 * pow(pt.kappa_mu[mu], 2);
      assert_true(valley.xi[mu] * Q * sign_mu <= 0);
      q[mu] = Q * sqrt(D / fabs(pt.Omega * pt.Omega_mu[mu]));
      r[mu] = pt.g0 / dkm_theory_g_crit(&pt, mu);
      absolute[mu] = fabs(valley.xi[mu]);
    }
    assert_true(valley.limit <= fabs(pt.Omega) * potential(&p, r, q) + 1e-12);
    const int n = dkm_landscape_critical(l, &points, &certified);
    const dkm_critical *c = find(points, n, M, absolute, 1e-12);
    assert_non_null(c);
    assert_int_equal(c->index, 0);
    assert_close(c->value, valley.limit, 1e-14);
    if (certified) assert_true(c->escape == valley.barrier);
    dkm_landscape_destroy(l);
  }
  gsl_rng_free(rng);
}

static void below_threshold_there_is_one_end(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int M = 1; M <= 4; M++) {
    const dkm_system p = patterns_of(DKM_GAUGED, M);
    dkm_point pt = random_settling(rng, M, 1, M % 2 ? -1 : 1);
    double u[MAX_STATE], least = INFINITY;
    const dkm_critical *points;
    bool certified;
    dkm_valley valley;
    for (int mu = 0; mu < M; mu++) least = fmin(least, dkm_theory_g_crit(&pt, mu));
    pt.g0 = least * (1 - 1e-14);
    dkm_landscape *l = landscape_for(&p, &pt);
    assert_int_equal(dkm_landscape_n_active(l), 0);
    assert_int_equal(dkm_landscape_critical(l, &points, &certified), 1);
    assert_true(certified && points[0].index == 0 && points[0].n_images == 1 && points[0].escape == INFINITY);
    assert_close(points[0].value, -0.5 * pt.Omega, 1e-15);
    random_state(rng, &p, u);
    assert_true(dkm_landscape_may_be_settled(l, dkm_landscape_value(l, u)));
    dkm_landscape_valley(l, u, dkm_landscape_value(l, u), &valley);
    assert_true(valley.known && valley.settled && valley.below);
    for (int mu = 0; mu < M; mu++) assert_close(valley.xi[mu], 0, 0);
    pt.g0 = least * (1 + 1e-14);
    dkm_landscape_turn(l, &pt, NULL);
    assert_int_equal(dkm_landscape_n_active(l), 1);
    dkm_landscape_destroy(l);
  }
  gsl_rng_free(rng);
}

/* The valleys are 1e-12 deep: |xi| is known, but nothing is settled that shallow. */
static void one_mode_next_to_threshold_is_not_settled(void **state) {
  (void)state;
  for (int M = 1; M <= 3; M++) {
    const double ratio[3] = {1 + 1e-6, 0.9, 0.5}, xi = sqrt(1 - pow(1 + 1e-6, -4));
    const dkm_system p = patterns_of(DKM_GAUGED, M);
    const dkm_point pt = point_of_ratios(M, ratio);
    const dkm_critical *points;
    bool certified;
    dkm_valley valley;
    double u[MAX_STATE], start[DKM_MAX_MODES] = {-0.3 * xi};
    dkm_landscape *l = landscape_for(&p, &pt);
    assert_int_equal(dkm_landscape_n_active(l), 1);
    assert_int_equal(dkm_landscape_critical(l, &points, &certified), 2);
    assert_true(certified && points[0].index == 0 && points[0].n_images == 2 && points[1].index == 1);
    assert_close(points[0].xi[0], xi, 1e-10); /* a square root of rounding errors */
    assert_close(points[1].xi[0], 0, 0);
    assert_close(points[0].escape, -0.5 * pt.Omega, 1e-15);
    dkm_landscape_aligned_state(l, start, u);
    dkm_landscape_valley(l, u, dkm_landscape_value(l, u), &valley);
    assert_true(valley.known && !valley.settled && !valley.below);
    assert_close(valley.xi[0], -xi, 1e-10);
    dkm_landscape_destroy(l);
  }
}

/* Next to where a branch forks the list of saddles is not known to be complete: V may be below all that were found, but
 * that is no proof. */
static void what_is_not_certified_is_not_settled(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 2);
  const dkm_point pt = fig3_point(0.774509979037 * (1 + 1e-6), 1);
  const dkm_critical *points;
  bool certified;
  double u[MAX_STATE], lowest = INFINITY, xi[DKM_MAX_MODES] = {dkm_theory_xi(&pt, 0)};
  dkm_valley valley;
  dkm_landscape *l = landscape_for(&p, &pt);
  const int n = dkm_landscape_critical(l, &points, &certified);
  for (int i = 0; i < n; i++)
    if (points[i].index == 1) lowest = fmin(lowest, points[i].value);
  dkm_landscape_aligned_state(l, xi, u);
  dkm_landscape_valley(l, u, dkm_landscape_value(l, u), &valley);
  assert_false(certified);
  assert_true(valley.known && valley.below && !valley.settled);
  assert_close(valley.barrier, lowest, 1e-15);
  dkm_landscape_destroy(l);
}

/* Far above threshold saddles are narrow, and none may be found: then nothing is below them. */
static void nothing_is_below_saddles_that_were_not_found(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 2);
  for (double ratio = 10.0; ratio < 3000.0; ratio *= 1.5) {
    const double ratios[2] = {ratio, 1.1 * ratio};
    const dkm_point pt = point_of_ratios(2, ratios);
    const dkm_critical *points;
    bool certified;
    double u[MAX_STATE], xi[DKM_MAX_MODES] = {0.3, 0.2}; /* above the barrier: between the two */
    dkm_valley valley;
    dkm_landscape *l = landscape_for(&p, &pt);
    const int n = dkm_landscape_critical(l, &points, &certified);
    dkm_landscape_aligned_state(l, xi, u);
    const double value = -0.5 * pt.Omega * 1.001; /* next to the normal state's */
    dkm_landscape_valley(l, u, value, &valley);
    if (valley.below || valley.settled || (certified && count(points, n).saddles == 0))
      fail_msg("settled at %g g_nu, certified: %d", ratio, certified);
    dkm_landscape_destroy(l);
  }
}

/* ---- turning, and what is beyond the search ---- */

static bool same_points(const dkm_critical *a, int n_a, const dkm_critical *b, int n_b) {
  return n_a == n_b && memcmp(a, b, (size_t)n_a * sizeof *a) == 0;
}

/* Equal g0, Omega, Omega_mu, kappa_mu: the search is not repeated, as its time shows; otherwise its result is that of a
 * landscape that never knew another point. */
static void turning_keeps_what_was_found_for_equal_parameters(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 4);
  dkm_point pt = fig3_point(1.4, 1), other;
  const dkm_critical *points, *fresh;
  bool certified;
  dkm_landscape *l = landscape_for(&p, &pt);
  clock_t before = clock();
  const int n = dkm_landscape_critical(l, &points, &certified);
  const clock_t searching = clock() - before;
  dkm_critical *kept = malloc((size_t)n * sizeof *kept);
  memcpy(kept, points, (size_t)n * sizeof *kept);
  before = clock();
  for (int i = 0; i < 5; i++) {
    pt.pattern = 1 + i % 4;
    pt.overlap = 0.1 * i;
    pt.perturbation = 0.01 * i;
    pt.seed = i;
    dkm_landscape_turn(l, &pt, NULL);
    const int n_again = dkm_landscape_critical(l, &points, &certified);
    assert_true(same_points(points, n_again, kept, n));
  }
  assert_true(clock() - before < searching);
  for (int i = 0; i < 4; i++) { /* and back again each time */
    other = pt;
    if (i == 0) other.g0 = 1.41;
    if (i == 1) other.Omega *= -1.1;
    if (i == 2) other.Omega_mu[3] *= 1.1;
    if (i == 3) other.kappa_mu[0] *= 1.1;
    dkm_landscape *l_fresh = landscape_for(&p, &other);
    const int n_fresh = dkm_landscape_critical(l_fresh, &fresh, &certified);
    dkm_landscape_turn(l, &other, NULL);
    int n_other = dkm_landscape_critical(l, &points, &certified);
    assert_true(same_points(points, n_other, fresh, n_fresh));
    assert_false(same_points(points, n_other, kept, n));
    dkm_landscape_turn(l, &pt, NULL);
    n_other = dkm_landscape_critical(l, &points, &certified);
    assert_true(same_points(points, n_other, kept, n));
    dkm_landscape_destroy(l_fresh);
  }
  free(kept);
  dkm_landscape_destroy(l);
}

/* Lengths of classes that a smaller system does not have are not taken to be up to date after it. */
static void a_smaller_system_in_between_changes_nothing(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 4), smaller = patterns_of(DKM_GAUGED, 2);
  const dkm_point pt = fig3_point(1.4, 1);
  const double short_spins[8] = {0.5, 0.6, 0.7, 0.8, 0.5, 0.6, 0.7, 0.8};
  const dkm_critical *points, *fresh;
  bool certified;
  dkm_landscape *l = landscape_for(&p, &pt), *l_fresh = landscape_for(&p, &pt);
  dkm_landscape_turn(l, &pt, short_spins);
  assert_int_equal(dkm_landscape_set_system(l, &smaller, NULL), DKM_OK);
  dkm_landscape_turn(l, &pt, NULL);
  assert_int_equal(dkm_landscape_set_system(l, &p, NULL), DKM_OK);
  dkm_landscape_turn(l, &pt, NULL);
  const int n = dkm_landscape_critical(l, &points, &certified), n_fresh = dkm_landscape_critical(l_fresh, &fresh, &certified);
  assert_true(same_points(points, n, fresh, n_fresh));
  dkm_landscape_destroy(l);
  dkm_landscape_destroy(l_fresh);
}

/* More than six modes above threshold: nothing is found, nothing is settled, and minima are still known by descent. */
static void beyond_the_search_nothing_is_settled(void **state) {
  (void)state;
  for (int M = 7; M <= 8; M++) {
    const dkm_system p = patterns_of(DKM_GAUGED, M);
    double ratio[8], xi[DKM_MAX_MODES] = {0}, *u = malloc(dkm_model_size(&p) * sizeof *u);
    for (int mu = 0; mu < M; mu++) ratio[mu] = 2.0 - 0.05 * mu;
    dkm_point pt = point_of_ratios(M, ratio);
    const dkm_critical *points;
    bool certified = true;
    dkm_valley valley;
    dkm_landscape *l = landscape_for(&p, &pt);
    assert_int_equal(dkm_landscape_n_active(l), M);
    assert_int_equal(dkm_landscape_critical(l, &points, &certified), 0);
    assert_false(certified);
    xi[M - 1] = -dkm_theory_xi(&pt, M - 1);
    dkm_landscape_aligned_state(l, xi, u);
    const double value = dkm_landscape_value(l, u);
    assert_false(dkm_landscape_may_be_settled(l, value));
    dkm_landscape_valley(l, u, value, &valley);
    assert_true(valley.known && !valley.settled && !valley.below && isnan(valley.barrier));
    assert_close(valley.xi[M - 1], xi[M - 1], 1e-9);
    ratio[M - 2] = ratio[M - 1] = 0.8; /* fewer above threshold: it is searched */
    pt = point_of_ratios(M, ratio);
    dkm_landscape_turn(l, &pt, NULL);
    assert_int_equal(dkm_landscape_n_active(l), M - 2);
    assert_true(dkm_landscape_critical(l, &points, &certified) > 0);
    dkm_landscape_destroy(l);
    free(u);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_lyapunov_function_falls_as_the_modes_lose),
      cmocka_unit_test(it_never_rises_along_a_trajectory),
      cmocka_unit_test(the_theorem_is_claimed_where_it_holds),
      cmocka_unit_test(with_aligned_spins_it_is_the_potential),
      cmocka_unit_test(there_are_as_many_minima_and_saddles_as_known),
      cmocka_unit_test(branches_begin_where_they_should),
      cmocka_unit_test(mixtures_of_two_have_known_overlaps),
      cmocka_unit_test(mixtures_of_three_have_known_overlaps),
      cmocka_unit_test(critical_points_are_fixed_points_with_as_many_unstable_directions),
      cmocka_unit_test(escape_heights_are_those_of_a_flood),
      cmocka_unit_test(a_settled_state_ends_where_it_is_said_to),
      cmocka_unit_test(descent_keeps_signs),
      cmocka_unit_test(below_threshold_there_is_one_end),
      cmocka_unit_test(one_mode_next_to_threshold_is_not_settled),
      cmocka_unit_test(what_is_not_certified_is_not_settled),
      cmocka_unit_test(nothing_is_below_saddles_that_were_not_found),
      cmocka_unit_test(turning_keeps_what_was_found_for_equal_parameters),
      cmocka_unit_test(a_smaller_system_in_between_changes_nothing),
      cmocka_unit_test(beyond_the_search_nothing_is_settled),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
