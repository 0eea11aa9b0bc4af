/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Critical points and escape heights for any couplings, weights and lengths of spins. */
#include "cmocka_headers.h"

#include <gsl/gsl_complex.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_matrix.h>
#include <gsl/gsl_sort.h>

#include "dickemap/fixedpoint.h"
#include "evaluation.h"
#include "jacobian.h"
#include "scene.h"

/* ---- critical points ---- */

static int euler_of(const scene *s) {
  int sum = 0;
  for (int i = 0; i < s->n; i++) sum += (s->points[i].index % 2 ? -1 : 1) * s->points[i].n_images;
  return sum;
}

/* Eigenvalues of the Jacobian at u with positive real parts. */
static int count_unstable(const scene *s, const double *u) {
  const size_t n = dkm_model_size(&s->couplings.system);
  gsl_vector_complex *values = gsl_vector_complex_alloc(n);
  int n_unstable = 0;
  jacobian_eigenvalues(&s->couplings.system, &s->point, u, values);
  for (size_t j = 0; j < n; j++) n_unstable += GSL_REAL(gsl_vector_complex_get(values, j)) > 1e-6;
  gsl_vector_complex_free(values);
  return n_unstable;
}

static void critical_points_are_fixed_points_with_as_many_unstable_directions(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int by_index[5] = {0};
  for (int trial = 0; trial < 48; trial++) {
    scene s = random_scene(rng, trial, 1 + trial % 4, size_between(rng, 1, 16), 1, 3);
    dkm_fixedpoint_workspace *w;
    assert_int_equal(dkm_fixedpoint_workspace_create(&s.couplings.system, &w, NULL), DKM_OK);
    search_scene(&s);
    assert_true(s.certified);
    assert_int_equal(euler_of(&s), 1);
    for (int i = 0; i < s.n; i++) {
      double xi[DKM_MAX_MODES], u[MOST_STATE], at[MOST_STATE], rate[MOST_STATE], work[2 * MOST_CLASSES], largest = 0;
      dkm_fixedpoint fixed;
      for (int mu = 0; mu < s.M; mu++) {
        xi[mu] = (i % 2 ? -1 : 1) * s.points[i].xi[mu]; /* either image */
        largest = fmax(largest, fabs(xi[mu]));
      }
      assert_int_equal(s.points[i].n_images, largest > 0 ? 2 : 1);
      dkm_landscape_aligned_state(s.landscape, xi, u);
      dkm_model_rhs(&s.couplings.system, &s.point, u, rate, work);
      for (size_t j = 0; j < dkm_model_size(&s.couplings.system); j++) assert_close(rate[j], 0, 1e-10);
      assert_close(dkm_landscape_value(s.landscape, u), s.points[i].value, 1e-12);
      assert_true(dkm_fixedpoint_near(w, &s.point, u, true, &fixed, at));
      for (int mu = 0; mu < s.M; mu++) assert_close(fixed.xi[mu], xi[mu], 1e-9);
      const int n_unstable = count_unstable(&s, u);
      if (n_unstable != s.points[i].index) print_point(&s.point, s.M);
      assert_int_equal(n_unstable, s.points[i].index);
      by_index[s.points[i].index]++;
    }
    dkm_fixedpoint_workspace_destroy(w);
    end_scene(&s);
  }
  assert_true(by_index[0] >= 48 && by_index[1] > 48 && by_index[2] > 10);
  gsl_rng_free(rng);
}

/* Newton by Cramer's rule would do; here by elimination. */
static bool solve(int n, double *a, double *b) {
  for (int c = 0; c < n; c++) {
    int pivot = c;
    for (int i = c + 1; i < n; i++)
      if (fabs(a[i * n + c]) > fabs(a[pivot * n + c])) pivot = i;
    if (a[pivot * n + c] == 0) return false;
    for (int j = 0; j < n; j++) {
      const double t = a[c * n + j];
      a[c * n + j] = a[pivot * n + j];
      a[pivot * n + j] = t;
    }
    const double t = b[c];
    b[c] = b[pivot];
    b[pivot] = t;
    for (int i = 0; i < n; i++) {
      const double factor = i == c ? 0 : a[i * n + c] / a[c * n + c];
      for (int j = c; j < n; j++) a[i * n + j] -= factor * a[c * n + j];
      b[i] -= factor * b[c];
    }
  }
  for (int i = 0; i < n; i++) b[i] /= a[i * n + i];
  return true;
}

/* Negative pivots of the Hessian: its index (Sylvester), where no leading minor vanishes. */
static int index_of(const scene *s, const double *q) {
  const int n = s->M;
  double H[MOST_MODES * MOST_MODES];
  int index = 0;
  potential(s, q, NULL, H);
  for (int c = 0; c < n; c++) {
    index += H[c * n + c] < 0;
    for (int i = c + 1; i < n; i++)
      for (int j = n - 1; j >= c; j--) H[i * n + j] -= H[i * n + c] / H[c * n + c] * H[c * n + j];
  }
  return index;
}

/* A critical point from a random start: down with most of them first, then Newton. */
static bool random_critical(gsl_rng *rng, const scene *s, bool down, double *q) {
  double grad[MOST_MODES], H[MOST_MODES * MOST_MODES], scale = 0;
  for (int mu = 0; mu < s->M; mu++) {
    const double r = s->point.g0 / dkm_theory_g_crit(&s->point, mu);
    q[mu] = r * uniform_between(rng, -1, 1);
    scale = fmax(scale, r);
  }
  for (int it = 0; it < 300 && down; it++) {
    potential(s, q, grad, NULL);
    for (int mu = 0; mu < s->M; mu++) q[mu] -= grad[mu];
  }
  for (int it = 0; it < 60; it++) {
    double size = 0, step = 0;
    potential(s, q, grad, H);
    for (int mu = 0; mu < s->M; mu++) size = fmax(size, fabs(grad[mu]));
    if (!solve(s->M, H, grad)) return false;
    for (int mu = 0; mu < s->M; mu++) step = fmax(step, fabs(grad[mu]));
    for (int mu = 0; mu < s->M; mu++) q[mu] -= grad[mu] * fmin(1, 0.2 * scale / step);
    if (size < 1e-11 * scale && step < 1e-8 * scale) return true;
  }
  return false;
}

/* The point of the list with these q, or NULL; *image: which sign. */
static const dkm_critical *find(const scene *s, const double *q, double within) {
  double known[MOST_MODES];
  for (int i = 0; i < s->n; i++) {
    q_of(s, s->points[i].xi, known);
    for (int image = -1; image <= 1; image += 2) {
      int mu = 0;
      while (mu < s->M && fabs(q[mu] - image * known[mu]) <= within) mu++;
      if (mu == s->M) return &s->points[i];
    }
  }
  return NULL;
}

/* Random starts find no minimum that is not in the list, and no saddle below its lowest one. */
static void random_starts_find_nothing_new(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  gsl_rng_set(rng, 1); /* where the search must not stop as soon as the certificate holds */
  int n_certified = 0, n_minima = 0, n_saddles = 0, n_several = 0;
  for (int trial = 0; trial < 400; trial++) {
    scene s = random_scene(rng, trial, 1 + trial % 4, size_between(rng, 1, 40), 1, trial < 200 ? 3 : 8);
    double lowest = INFINITY, q[MOST_MODES];
    int pairs = 0;
    search_scene(&s);
    n_certified += s.certified;
    for (int i = 0; i < s.n; i++) {
      if (s.points[i].index == 1) lowest = fmin(lowest, s.points[i].value);
      pairs += s.points[i].index == 0;
    }
    n_several += pairs > 1;
    if (dkm_landscape_is_even(s.landscape)) assert_true(s.K == 1 || s.M == 1);
    for (int start = 0; start < 150 && s.certified && !dkm_landscape_is_even(s.landscape); start++) {
      if (!random_critical(rng, &s, start % 3 > 0, q)) continue;
      const int index = index_of(&s, q);
      const double value = fabs(s.point.Omega) * potential(&s, q, NULL, NULL);
      const dkm_critical *c = find(&s, q, 1e-6 * (1 + s.point.g0 / s.g_c));
      if (c) {
        assert_close(c->value, value, 1e-11);
        assert_int_equal(c->index, index);
      } else if (index == 0 || (index == 1 && value < lowest))
        fail_msg("trial %d, M = %d, K = %d, %g g_c: index %d at %.9g is not in the list of %d", trial, s.M, (int)s.K,
                 s.point.g0 / s.g_c, index, value, s.n);
      n_minima += index == 0;
      n_saddles += index == 1;
    }
    end_scene(&s);
  }
  if (n_certified < 390) fail_msg("%d of 400 certified", n_certified);
  assert_true(n_minima > 20000 && n_saddles > 1000 && n_several > 80);
  gsl_rng_free(rng);
}

/* ---- +-1 patterns in tables ---- */

/* M modes of Fig. 3, or equal ones, at g0 relative to the smallest g_nu. */
static dkm_point known_point(int M, bool equal, double g0) {
  dkm_point pt = fig3_point(1.0, 1);
  for (int mu = 0; equal && mu < M; mu++) pt.Omega_mu[mu] = 1.0;
  pt.g0 = g0 * dkm_theory_g_crit(&pt, 0);
  return pt;
}

static void tables_of_patterns_have_the_landscape_of_patterns(void **state) {
  (void)state;
  static const double g0[] = {0.9, 1.1, 1.5, 2, 5};
  for (int i = 0; i < 80; i++) {
    const int M = 1 + i % 4;
    const bool equal = i / 4 % 2;
    const dkm_system p = patterns_of(i / 40 ? DKM_UNGAUGED : DKM_GAUGED, M);
    const dkm_point pt = known_point(M, equal, g0[i / 8 % 5]);
    dkm_couplings tables = tables_of(&p);
    dkm_landscape *a, *b;
    const dkm_critical *points_a, *points_b;
    bool certified_a, certified_b;
    assert_int_equal(dkm_landscape_create(&p, &a, NULL), DKM_OK);
    assert_int_equal(dkm_landscape_create(&tables.system, &b, NULL), DKM_OK);
    dkm_landscape_turn(a, &pt, NULL);
    dkm_landscape_turn(b, &pt, NULL);
    assert_int_equal(dkm_landscape_n_active(a), dkm_landscape_n_active(b));
    assert_true(dkm_landscape_is_even(a) && dkm_landscape_is_even(b));
    const int n = dkm_landscape_critical(a, &points_a, &certified_a);
    assert_int_equal(dkm_landscape_critical(b, &points_b, &certified_b), n);
    assert_true(certified_a && certified_b);
    for (int j = 0; j < n; j++) { /* equal values may come in another order */
      int found = -1;
      for (int k = 0; k < n && found < 0; k++) {
        int mu = 0;
        while (mu < M && fabs(points_b[k].xi[mu] - points_a[j].xi[mu]) <= 1e-9) mu++;
        if (mu == M) found = k;
      }
      assert_true(found >= 0);
      const dkm_critical *of_a = &points_a[j], *of_b = &points_b[found];
      assert_close(of_b->value, of_a->value, 1e-13);
      assert_true(of_b->escape == of_a->escape || fabs(of_b->escape - of_a->escape) < 1e-13);
      assert_true(of_b->index == of_a->index && of_b->n_images == of_a->n_images);
    }
    dkm_landscape_destroy(a);
    dkm_landscape_destroy(b);
    dkm_couplings_free(&tables);
  }
}

/* Weights that are a little uneven take the symmetry away, and leave minima, saddles and escape heights: what was known
 * of +-1 patterns is then found without it. */
static void without_symmetry_there_are_as_many_minima_and_saddles_as_known(void **state) {
  (void)state;
  static const struct {
    int M, equal;
    double g0;
    int minima, saddles;
  } known[] = {{2, 0, 2, 4, 4},  {2, 0, 5, 4, 4},   {3, 1, 1.1, 6, 12}, {3, 1, 2, 14, 24},  {3, 1, 5, 14, 24},
               {3, 0, 2, 6, 16}, {3, 0, 5, 14, 24}, {4, 0, 1.1, 2, 1},  {4, 1, 1.1, 8, 24}, {4, 0, 2, 8, 24}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    const int M = known[i].M;
    const dkm_system p = patterns_of(DKM_UNGAUGED, M);
    const dkm_point pt = known_point(M, known[i].equal, known[i].g0);
    dkm_couplings tables = tables_of(&p);
    dkm_landscape *l, *l_patterns;
    const dkm_critical *points, *points_patterns;
    bool certified, certified_patterns;
    double lengths[16], escape = -INFINITY, escape_patterns = -INFINITY;
    for (int k = 0; k < 1 << M; k++) lengths[k] = 1 - 1e-7 * ((k * 5) % 7);
    assert_int_equal(dkm_landscape_create(&tables.system, &l, NULL), DKM_OK);
    assert_int_equal(dkm_landscape_create(&p, &l_patterns, NULL), DKM_OK);
    dkm_landscape_turn(l, &pt, lengths);
    dkm_landscape_turn(l_patterns, &pt, NULL);
    const int n = dkm_landscape_critical(l, &points, &certified);
    const int n_patterns = dkm_landscape_critical(l_patterns, &points_patterns, &certified_patterns);
    assert_false(dkm_landscape_is_even(l));
    int minima = 0, saddles = 0;
    for (int j = 0; j < n; j++) {
      minima += points[j].index == 0 ? points[j].n_images : 0;
      saddles += points[j].index == 1 ? points[j].n_images : 0;
      if (points[j].index == 0) escape = fmax(escape, points[j].escape);
    }
    for (int j = 0; j < n_patterns; j++)
      if (points_patterns[j].index == 0) escape_patterns = fmax(escape_patterns, points_patterns[j].escape);
    if (!certified || minima != known[i].minima || saddles != known[i].saddles)
      fail_msg("M = %d, %g g_c: %d/%d instead of %d/%d%s", M, known[i].g0, minima, saddles, known[i].minima,
               known[i].saddles, certified ? "" : ", not certified");
    assert_close(points[0].value, points_patterns[0].value, 1e-5);
    assert_close(escape, escape_patterns, 1e-5);
    dkm_landscape_destroy(l);
    dkm_landscape_destroy(l_patterns);
    dkm_couplings_free(&tables);
  }
}

/* A part p of each class turned over: s = 1 - 2 p, |xi|^2 = s^2 - (g_nu/g0)^4. */
static void damaged_cues_have_shorter_overlaps(void **state) {
  (void)state;
  static const struct {
    double g0, p, xi;
  } known[] = {{1.2, 0.1, 0.5945191}, {1.2, 0.2, 0.2710220}, {1.2, 0.3, 0}, {1.6, 0.1, 0.7411712},
               {1.6, 0.2, 0.5189747}, {1.6, 0.3, 0.2633149}, {1.6, 0.4, 0}};
  const dkm_system p = patterns_of(DKM_GAUGED, 4);
  dkm_landscape *l;
  assert_int_equal(dkm_landscape_create(&p, &l, NULL), DKM_OK);
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    const dkm_point pt = fig3_point(known[i].g0, 4);
    const dkm_critical *points;
    bool certified, found = false;
    double lengths[8];
    for (int k = 0; k < 8; k++) lengths[k] = 1 - 2 * known[i].p;
    dkm_landscape_turn(l, &pt, lengths);
    const int n = dkm_landscape_critical(l, &points, &certified);
    assert_true(certified);
    for (int j = 0; j < n; j++)
      found = found || (points[j].xi[0] == 0 && points[j].xi[1] == 0 && points[j].xi[2] == 0 && points[j].xi[3] > 0 &&
                        fabs(points[j].xi[3] - known[i].xi) < 1e-7);
    assert_int_equal(found, known[i].xi > 0);
  }
  dkm_landscape_destroy(l);
}

/* ---- escape heights by brute force ---- */

static int root_of(int *parent, int i) {
  while (parent[i] != i) i = parent[i] = parent[parent[i]];
  return i;
}

enum { GRID = 301, NODES = GRID * GRID };

/* U of two modes on a grid, flooded: the level at which the part around a minimum first meets that of another one. */
static void flood(const scene *s, double extent, int n_minima, const double (*minima)[2], double *escape) {
  double *U = malloc(NODES * sizeof *U);
  size_t *order = malloc(NODES * sizeof *order);
  int *parent = malloc(NODES * sizeof *parent), *label = malloc(NODES * sizeof *label);
  const double spacing = 2 * extent / (GRID - 1);
  for (int node = 0; node < NODES; node++) {
    const double q[2] = {-extent + spacing * (node / GRID), -extent + spacing * (node % GRID)};
    U[node] = potential(s, q, NULL, NULL);
    parent[node] = label[node] = -1;
  }
  for (int m = 0; m < n_minima; m++) {
    int lowest = -1;
    const int x = (int)lround((minima[m][0] + extent) / spacing), y = (int)lround((minima[m][1] + extent) / spacing);
    for (int d = 0; d < 9; d++) {
      const int node = (x + d / 3 - 1) * GRID + y + d % 3 - 1;
      if (lowest < 0 || U[node] < U[lowest]) lowest = node;
    }
    label[lowest] = m;
    escape[m] = INFINITY;
  }
  gsl_sort_index(order, U, 1, NODES);
  for (int i = 0; i < NODES; i++) {
    const int node = (int)order[i], x = node / GRID, y = node % GRID;
    parent[node] = node;
    for (int d = 0; d < 9; d++) {
      const int nx = x + d / 3 - 1, ny = y + d % 3 - 1, other = nx * GRID + ny;
      if (nx < 0 || ny < 0 || nx >= GRID || ny >= GRID || parent[other] < 0) continue;
      const int a = root_of(parent, node), b = root_of(parent, other);
      if (a == b) continue;
      if (label[a] >= 0 && label[b] >= 0)
        escape[label[a]] = fmin(escape[label[a]], U[node]), escape[label[b]] = fmin(escape[label[b]], U[node]);
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
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int n_several = 0;
  for (int trial = 0; trial < 400 && n_several < 12; trial++) {
    scene s = random_scene(rng, trial, 2, size_between(rng, 2, 6), 2, 4);
    double minima[16][2] = {{0}}, escape[16], extent = 0;
    int n_minima = 0, of[16];
    search_scene(&s);
    for (int i = 0; i < s.n; i++) {
      if (s.points[i].index > 0) continue;
      assert_true(n_minima + 2 <= 16);
      for (int image = 0; image < 2; image++) {
        double q[MOST_MODES] = {0};
        q_of(&s, s.points[i].xi, q);
        for (int mu = 0; mu < 2; mu++) {
          minima[n_minima][mu] = image ? -q[mu] : q[mu];
          extent = fmax(extent, 1.3 * fabs(q[mu]));
        }
        of[n_minima++] = i;
      }
    }
    if (n_minima >= 4) {
      n_several++;
      assert_true(s.certified);
      flood(&s, extent, n_minima, (const double(*)[2])minima, escape);
      for (int m = 0; m < n_minima; m++)
        if (!(fabs(escape[m] - s.points[of[m]].escape / fabs(s.point.Omega)) <= 2e-3))
          fail_msg("trial %d, minimum %d: flood %.8f, landscape %.8f", trial, m, escape[m],
                   s.points[of[m]].escape / fabs(s.point.Omega));
    }
    end_scene(&s);
  }
  assert_int_equal(n_several, 12);
  gsl_rng_free(rng);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(critical_points_are_fixed_points_with_as_many_unstable_directions),
      cmocka_unit_test(random_starts_find_nothing_new),
      cmocka_unit_test(tables_of_patterns_have_the_landscape_of_patterns),
      cmocka_unit_test(without_symmetry_there_are_as_many_minima_and_saddles_as_known),
      cmocka_unit_test(damaged_cues_have_shorter_overlaps),
      cmocka_unit_test(escape_heights_are_those_of_a_flood),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
