/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The roots of the secular equation against the eigenvalues of the matrix, closed forms and more digits.
 *
 *   test_spectrum          everything that is quick
 *   test_spectrum long     512 and 1024 classes against the matrix */
#include "cmocka_headers.h"

#include <complex.h>
#include <gsl/gsl_eigen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "couplings.h"
#include "dickemap/fixedpoint.h"
#include "dickemap/theory.h"
#include "random_points.h"
#include "secular_roots.h"
#include "spectrum_parts.h"

static const double same_field = 1e-11;

/* A state of a system with spins along their fields, and all that is asked of it. */
typedef struct spin_case {
  dkm_system system;
  dkm_point point;
  double *state;
  dkm_fixedpoint_workspace *workspace;
  int64_t n_groups;
} spin_case;

/* Which components: all -1, as they are in a stable state, nearly so, or anything. */
typedef enum { ALIGNED, NEARLY_ALIGNED, ANY } components;

/* Re beta of the modes is given (M values). */
static spin_case make_case(gsl_rng *rng, const dkm_system *system, const dkm_point *point, const double *re,
                           components which) {
  const int64_t K = system->n_classes;
  const int M = system->n_modes;
  spin_case c = {.system = *system, .point = *point, .state = calloc(dkm_model_size(system), sizeof(double))};
  double amplitude[DKM_MAX_MODES], *h = malloc((size_t)K * sizeof *h);
  for (int mu = 0; mu < M; mu++) amplitude[mu] = 2.0 * (c.state[3 * K + mu] = re[mu]);
  dkm_system_fields(system, amplitude, h);
  for (int64_t k = 0; k < K; k++) {
    const double bz = point->g0 * h[k], B = sqrt(point->Omega * point->Omega + bz * bz);
    double along = point->Omega_mu[0] > 0.0 ? -1.0 : 1.0;
    if (which == NEARLY_ALIGNED) along *= uniform_between(rng, 0.99, 1);
    if (which == ANY) along = uniform_between(rng, -1, 1);
    c.state[k] = along * point->Omega / B;
    c.state[2 * K + k] = along * bz / B;
  }
  free(h);
  assert_int_equal(dkm_fixedpoint_workspace_create(system, &c.workspace, NULL), DKM_OK);
  assert_int_equal(dkm_spectrum_sort_fields(c.workspace, &c.point, c.state, same_field, &c.n_groups, NULL), DKM_OK);
  return c;
}

static void free_case(spin_case *c) {
  free(c->state);
  dkm_fixedpoint_workspace_destroy(c->workspace);
}

static dkm_spectrum spectrum_by_roots(spin_case *c) {
  dkm_spectrum s = {.growth_rate = NAN, .decay_rate = NAN};
  dkm_error err = {.message = ""};
  if (dkm_spectrum_by_roots(c->workspace, &c->point, same_field, c->n_groups, &s, &err) != DKM_OK) {
    print_point(&c->point, c->system.n_modes);
    fail_msg("K = %lld: %s", (long long)c->system.n_classes, err.message);
  }
  return s;
}

static dkm_secular secular_of(spin_case *c, int64_t *n_undriven) {
  dkm_secular s;
  assert_int_equal(dkm_spectrum_secular(c->workspace, &c->point, same_field, c->n_groups, &s, n_undriven, NULL),
                   DKM_OK);
  return s;
}

static double complex root_value(const dkm_secular_roots *r, int64_t i) {
  return r->re[i] + I * (r->base[i] + r->im[i]);
}

/* Every eigenvalue of the matrix has a root of its own within `agree` of the largest modulus, and the counts are the
 * same. Returns the largest relative distance. */
static double compare_with_matrix(spin_case *c, double agree) {
  dkm_eigenvalues e;
  double worst = 0.0;
  int64_t n_undriven = 0, n_values = 0;
  dkm_secular_roots roots;
  dkm_error err = {.message = ""};
  assert_int_equal(dkm_spectrum_dense(c->workspace, &c->point, same_field, c->n_groups, 100000, &e, &err), DKM_OK);
  dkm_secular s = secular_of(c, &n_undriven);
  if (dkm_secular_roots_find(&s, &roots, &err) != DKM_OK) {
    print_point(&c->point, c->system.n_modes);
    fail_msg("K = %lld: %s", (long long)c->system.n_classes, err.message);
  }
  assert_int_equal(e.n, roots.n + roots.n_pairs + n_undriven);
  double complex *all = malloc((size_t)e.n * sizeof *all);
  for (int64_t i = 0; i < roots.n; i++) {
    all[n_values++] = root_value(&roots, i);
    if (i < roots.n_pairs) all[n_values++] = conj(root_value(&roots, i));
  }
  for (int64_t i = 0; i < e.n && n_undriven == 0; i++) {
    int64_t best = 0;
    for (int64_t k = 1; k < n_values; k++)
      if (cabs(all[k] - e.values[i]) < cabs(all[best] - e.values[i])) best = k;
    worst = fmax(worst, cabs(all[best] - e.values[i]) / e.scale);
    all[best] = all[--n_values]; /* one root each */
  }
  if (!(worst <= agree)) {
    print_point(&c->point, c->system.n_modes);
    fail_msg("K = %lld: an eigenvalue is missed by %.3g", (long long)c->system.n_classes, worst);
  }
  dkm_spectrum dense = {.growth_rate = NAN, .decay_rate = NAN}, found = spectrum_by_roots(c);
  dkm_spectrum_count_all(&dense, &e, DKM_SPECTRUM_NEUTRAL);
  assert_int_equal(found.n_unstable + found.n_damped + found.n_marginal, e.n);
  if (dense.n_marginal == 0) { /* else some rates are below what the matrix can tell */
    assert_int_equal(found.n_marginal, 0);
    assert_int_equal(found.n_unstable, dense.n_unstable);
    assert_int_equal(found.n_damped, dense.n_damped);
    assert_close(found.growth_rate, dense.growth_rate, agree * e.scale);
    if (dense.n_damped > 0) assert_close(found.decay_rate, dense.decay_rate, agree * e.scale);
  }
  free(all);
  free(e.values);
  dkm_secular_roots_free(&roots);
  dkm_secular_free(&s);
  return worst;
}

/* A point at `factor` times the smallest critical coupling. */
static dkm_point point_at(gsl_rng *rng, int M, int blue, double factor) {
  dkm_point point = random_point(rng, M, blue, 0);
  double smallest = INFINITY;
  for (int mu = 0; mu < M; mu++)
    smallest = fmin(smallest, sqrt(point.Omega * dkm_point_D(&point, mu) / (2.0 * fabs(point.Omega_mu[mu]))));
  point.g0 = factor * smallest;
  return point;
}

static void random_modes(gsl_rng *rng, int M, int trial, double *re) {
  for (int mu = 0; mu < M; mu++) re[mu] = uniform_between(rng, -0.7, 0.7);
  if (trial % 3 == 1) /* nearly a pattern: fields are nearly equal */
    for (int mu = 0; mu < M; mu++) re[mu] *= mu == 0 ? 1.0 : 1e-3;
}

static void roots_are_the_eigenvalues_of_the_matrix_of_patterns(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 240; trial++) {
    const int M = 1 + trial % 7;
    dkm_system system;
    double re[DKM_MAX_MODES];
    assert_int_equal(dkm_system_of_patterns(&system, trial % 4 ? DKM_GAUGED : DKM_UNGAUGED, M, NULL), DKM_OK);
    const double factors[] = {0.3, 0.999, 1.001, 1.3, 2.5};
    const dkm_point point = point_at(rng, M, trial % 2, factors[trial % 5]);
    random_modes(rng, M, trial, re);
    spin_case c = make_case(rng, &system, &point, re, (components)(trial / 2 % 3));
    compare_with_matrix(&c, 1e-12);
    free_case(&c);
  }
  gsl_rng_free(rng);
}

static void roots_are_the_eigenvalues_of_the_matrix_of_any_couplings(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 160; trial++) {
    const int M = 1 + trial % 6;
    const int64_t K = 4 + (int64_t)gsl_rng_uniform_int(rng, trial % 10 ? 60 : 197);
    double re[DKM_MAX_MODES];
    dkm_couplings couplings = random_couplings(rng, M, K);
    const double factors[] = {0.3, 1.0, 1.7, 2.2, 6.0};
    const dkm_point point = point_at(rng, M, trial % 2, factors[trial % 5]);
    random_modes(rng, M, trial, re);
    spin_case c = make_case(rng, &couplings.system, &point, re, (components)(trial / 2 % 3));
    compare_with_matrix(&c, 1e-12);
    free_case(&c);
    dkm_couplings_free(&couplings);
  }
  gsl_rng_free(rng);
}

/* Equal modes and a mixture of patterns: groups of equal fields, and eigenvalues that are the same. */
static void equal_eigenvalues_are_all_found(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 40; trial++) {
    const int M = 2 + trial % 5;
    dkm_system system;
    double re[DKM_MAX_MODES];
    assert_int_equal(dkm_system_of_patterns(&system, DKM_GAUGED, M, NULL), DKM_OK);
    dkm_point point = point_at(rng, M, 0, uniform_between(rng, 0.5, 2.5));
    for (int mu = 0; mu < M; mu++) {
      point.Omega_mu[mu] = point.Omega_mu[0];
      point.kappa_mu[mu] = point.kappa_mu[0];
      re[mu] = mu < 1 + trial % 3 ? 0.2 : 0.0;
    }
    spin_case c = make_case(rng, &system, &point, re, ALIGNED);
    compare_with_matrix(&c, 1e-9);
    free_case(&c);
  }
  gsl_rng_free(rng);
}

/* Spins without a component along their field drive nothing back: +-2iB, marginal. Some of equal fields may cancel. */
static void spins_across_their_fields_are_marginal(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 20; trial++) {
    const int M = 2 + trial % 3;
    const double re[DKM_MAX_MODES] = {0.3, trial % 2 ? 0.0 : 0.11, trial % 2 ? 0.0 : 0.04, trial % 2 ? 0.0 : 0.017};
    dkm_system system;
    assert_int_equal(dkm_system_of_patterns(&system, DKM_GAUGED, M, NULL), DKM_OK);
    const dkm_point point = point_at(rng, M, 0, 1.5);
    spin_case c = make_case(rng, &system, &point, re, ANY);
    const int64_t K = system.n_classes;
    if (trial % 2) /* one group */
      for (int64_t k = K / 2; k < K; k++) {
        c.state[k] = -c.state[k - K / 2];
        c.state[2 * K + k] = -c.state[2 * K + k - K / 2];
      }
    else
      c.state[0] = c.state[2 * K] = 0.0;
    assert_int_equal(dkm_spectrum_sort_fields(c.workspace, &c.point, c.state, same_field, &c.n_groups, NULL), DKM_OK);
    dkm_eigenvalues e;
    dkm_spectrum dense = {.growth_rate = NAN, .decay_rate = NAN};
    assert_int_equal(dkm_spectrum_dense(c.workspace, &c.point, same_field, c.n_groups, 1000, &e, NULL), DKM_OK);
    dkm_spectrum_count_all(&dense, &e, 1e-7); /* they may be double */
    free(e.values);
    const dkm_spectrum found = spectrum_by_roots(&c);
    if (trial % 2 == 0) assert_int_equal(found.n_marginal, 2);
    assert_int_equal(found.n_marginal, dense.n_marginal);
    assert_int_equal(found.n_unstable, dense.n_unstable);
    assert_int_equal(found.n_damped, dense.n_damped);
    free_case(&c);
  }
  gsl_rng_free(rng);
}

/* Pattern states at strong coupling: rates of 1e-9 ... 1e-13 beside frequencies of 1e3 and more, from the quartics,
 * which are solved from their poles as well. */
static void tiny_rates_of_pattern_states_are_those_of_the_quartics(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int tiny = 0;
  for (int trial = 0; trial < 60; trial++) {
    const int M = 1 + trial % 5;
    dkm_system system;
    dkm_spectrum exact;
    assert_int_equal(dkm_system_of_patterns(&system, DKM_GAUGED, M, NULL), DKM_OK);
    const dkm_point point = point_at(rng, M, 0, 3.0 + 1.2 * trial);
    spin_case c = {.system = system, .point = point, .state = calloc(dkm_model_size(&system), sizeof(double))};
    dkm_theory_pattern_state(&system, &point, 0, 1, c.state);
    assert_int_equal(dkm_fixedpoint_workspace_create(&system, &c.workspace, NULL), DKM_OK);
    assert_int_equal(dkm_spectrum_sort_fields(c.workspace, &point, c.state, same_field, &c.n_groups, NULL), DKM_OK);
    assert_int_equal(c.n_groups, 1);
    const dkm_spectrum found = spectrum_by_roots(&c);
    assert_int_equal(dkm_fixedpoint_spectrum(c.workspace, &point, c.state, -1, 0.0, &exact, NULL), DKM_OK);
    if (found.n_unstable != exact.n_unstable || !(fabs(found.decay_rate / exact.decay_rate - 1.0) <= 1e-9)) {
      print_point(&point, M);
      fail_msg("decay rate %.12g, exactly %.12g", found.decay_rate, exact.decay_rate);
    }
    assert_int_equal(found.n_damped, exact.n_damped);
    assert_int_equal(found.n_marginal, exact.n_marginal);
    tiny += exact.decay_rate < 1e-12 * 2.0 * c.workspace->order[0].B;
    free_case(&c);
  }
  assert_true(tiny > 10);
  gsl_rng_free(rng);
}

/* det N at the number i base + offset, in long double, from the poles and couplings. */
static complex long double determinant(const dkm_secular *s, long double base, complex long double offset) {
  const int M = s->n_modes;
  complex long double N[DKM_MAX_MODES][DKM_MAX_MODES], det = 1.0L;
  const complex long double z = offset + I * base;
  for (int mu = 0; mu < M; mu++)
    for (int nu = 0; nu <= mu; nu++) {
      complex long double sum = 0.0L;
      if (mu == nu) {
        const complex long double shifted = z + (long double)s->half_kappa[mu];
        sum = (shifted * shifted + (long double)s->Omega[mu] * s->Omega[mu]) / s->Omega[mu];
      }
      for (int64_t j = 0; j < s->n_poles; j++) {
        const long double p = s->pole[j];
        sum -= s->coupling[j * s->n_packed + mu * (mu + 1) / 2 + nu] /
               ((offset + I * (base - p)) * (offset + I * (base + p)));
      }
      N[mu][nu] = N[nu][mu] = sum;
    }
  for (int k = 0; k < M; k++) {
    int pivot = k;
    for (int i = k + 1; i < M; i++)
      if (cabsl(N[i][k]) > cabsl(N[pivot][k])) pivot = i;
    for (int j = 0; j < M && pivot != k; j++) {
      const complex long double kept = N[k][j];
      N[k][j] = N[pivot][j];
      N[pivot][j] = kept;
    }
    det *= pivot == k ? N[k][k] : -N[k][k];
    for (int i = k + 1; i < M; i++) {
      const complex long double factor = N[i][k] / N[k][k];
      for (int j = k; j < M; j++) N[i][j] -= factor * N[k][j];
    }
  }
  return det;
}

/* Unequal fields, any components: every offset from a pole by Newton's method in long double, with secants of det N
 * times the offset. */
static void tiny_rates_have_all_their_digits(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int tiny = 0;
  for (int trial = 0; trial < 40; trial++) {
    const int M = 1 + trial % 4;
    const int64_t K = 6 + trial % 20;
    double re[DKM_MAX_MODES];
    int64_t n_undriven = 0;
    dkm_secular_roots roots;
    dkm_couplings couplings = random_couplings(rng, M, K);
    const dkm_point point = point_at(rng, M, trial % 2, 5.0 + 4.0 * trial);
    for (int mu = 0; mu < M; mu++) re[mu] = point.g0 * uniform_between(rng, -1, 1);
    spin_case c = make_case(rng, &couplings.system, &point, re, trial % 3 ? ANY : ALIGNED);
    dkm_secular s = secular_of(&c, &n_undriven);
    assert_int_equal(dkm_secular_roots_find(&s, &roots, NULL), DKM_OK);
    for (int64_t i = 0; i < roots.n_pairs; i++) {
      if (roots.base[i] == 0.0) continue;
      const long double base = roots.base[i];
      complex long double x = roots.re[i] + I * (complex long double)roots.im[i], x_before = x * (1.0L + 1e-6L);
      complex long double f_before = determinant(&s, base, x_before) * x_before;
      for (int step = 0; step < 8; step++) {
        const complex long double f = determinant(&s, base, x) * x;
        if (f == f_before) break;
        const complex long double change = f * (x - x_before) / (f - f_before);
        x_before = x;
        f_before = f;
        x -= change;
        if (cabsl(change) < 1e-17L * cabsl(x)) break;
      }
      const double error = (double)(cabsl(x - (roots.re[i] + I * (complex long double)roots.im[i])) / cabsl(x));
      const double rate_error = (double)fabsl(roots.re[i] / creall(x) - 1.0L);
      const double size = sqrt(roots.re[i] * roots.re[i] + roots.im[i] * roots.im[i]);
      if (!(error <= 1e-10 && error * size <= roots.radius[i] && rate_error <= 1e-9)) {
        print_point(&point, M);
        fail_msg("K = %lld: root near %.6g i: offset %.3g off, rate %.12g by %.3g", (long long)K, roots.base[i], error,
                 roots.re[i], rate_error);
      }
      tiny += fabs(roots.re[i]) < 1e-12 * roots.base[i];
    }
    dkm_secular_roots_free(&roots);
    dkm_secular_free(&s);
    free_case(&c);
    dkm_couplings_free(&couplings);
  }
  assert_true(tiny > 20);
  gsl_rng_free(rng);
}

/* Number of negative eigenvalues of a symmetric matrix a[i*n + k]. */
static int negative(int n, double *a) {
  gsl_matrix_view view = gsl_matrix_view_array(a, (size_t)n, (size_t)n);
  gsl_vector *values = gsl_vector_alloc((size_t)n);
  gsl_eigen_symm_workspace *workspace = gsl_eigen_symm_alloc((size_t)n);
  int found = 0;
  gsl_eigen_symm(&view.matrix, values, workspace);
  for (int i = 0; i < n; i++) found += gsl_vector_get(values, (size_t)i) < 0.0;
  gsl_eigen_symm_free(workspace);
  gsl_vector_free(values);
  return found;
}

/* Modes of one sign, nothing marginal: the energy falls wherever anything moves, so that as many directions grow as it
 * has descending ones: two for each direction of spins against their field, and those of N(0). */
static void with_modes_of_one_sign_the_index_of_the_energy_counts_what_grows(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int compared = 0;
  for (int trial = 0; trial < 60; trial++) {
    const int M = 1 + trial % 10;
    dkm_system system;
    double re[DKM_MAX_MODES];
    int64_t n_undriven = 0;
    assert_int_equal(dkm_system_of_patterns(&system, DKM_GAUGED, M, NULL), DKM_OK);
    dkm_point point = point_at(rng, M, 0, uniform_between(rng, 0.5, 3));
    const double sign = trial % 4 == 3 ? -1.0 : 1.0;
    for (int mu = 0; mu < M; mu++) point.Omega_mu[mu] *= sign;
    random_modes(rng, M, trial, re);
    spin_case c = make_case(rng, &system, &point, re, (components)(trial / 3 % 3));
    dkm_secular s = secular_of(&c, &n_undriven);
    double at_0[DKM_MAX_MODES * DKM_MAX_MODES] = {0};
    int expected = 0;
    for (int64_t j = 0; j < s.n_poles; j++) {
      double C[DKM_MAX_MODES * DKM_MAX_MODES];
      for (int mu = 0; mu < M; mu++)
        for (int nu = 0; nu <= mu; nu++)
          C[mu * M + nu] = C[nu * M + mu] = sign * s.coupling[j * s.n_packed + mu * (mu + 1) / 2 + nu];
      for (int i = 0; i < M * M; i++) at_0[i] -= C[i] / (s.pole[j] * s.pole[j]);
      if (s.rank[j] == 1) { /* its sign is that of the trace */
        double trace = 0.0;
        for (int mu = 0; mu < M; mu++) trace += C[mu * M + mu];
        expected += 2 * (trace < 0.0);
        continue;
      }
      for (int mu = 0; mu < M; mu++) C[mu * M + mu] += 1e-12; /* its kernel does not count */
      expected += 2 * negative(M, C);
    }
    for (int mu = 0; mu < M; mu++) at_0[mu * M + mu] += dkm_point_D(&point, mu) / fabs(point.Omega_mu[mu]);
    expected += negative(M, at_0);
    const dkm_spectrum found = spectrum_by_roots(&c);
    if (found.n_marginal == 0) {
      if (found.n_unstable != expected) {
        print_point(&point, M);
        fail_msg("%lld grow, the energy has index %d", (long long)found.n_unstable, expected);
      }
      compared++;
    }
    dkm_secular_free(&s);
    free_case(&c);
  }
  assert_true(compared > 50);
  gsl_rng_free(rng);
}

/* One approximation of a root is put elsewhere, or onto another one. */
static void a_root_that_is_withheld_is_noticed(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  dkm_system system;
  double re[DKM_MAX_MODES];
  int64_t n_undriven = 0;
  dkm_secular_roots roots;
  dkm_error err;
  assert_int_equal(dkm_system_of_patterns(&system, DKM_GAUGED, 7, NULL), DKM_OK);
  const dkm_point point = point_at(rng, 7, 1, 1.4);
  random_modes(rng, 7, 1, re);
  spin_case c = make_case(rng, &system, &point, re, ANY);
  dkm_secular s = secular_of(&c, &n_undriven);
  assert_int_equal(dkm_secular_roots_find(&s, &roots, NULL), DKM_OK);
  assert_int_equal(dkm_secular_roots_prove(&s, &roots, NULL), DKM_OK);
  for (int64_t i = 0; i < roots.n; i++) {
    const double base = roots.base[i], x = roots.re[i], y = roots.im[i];
    const int64_t other = (i + 1) % roots.n;
    for (int kind = 0; kind < 4; kind++) {
      roots.re[i] = kind == 0 ? 1.01 * x : kind == 1 ? x + 0.1 : roots.re[other];
      roots.im[i] = kind < 2 ? y : roots.im[other] * (1.0 + (kind == 3 ? 1e-10 : 0.0));
      roots.base[i] = kind < 2 ? base : roots.base[other];
      assert_int_equal(dkm_secular_roots_prove(&s, &roots, &err), DKM_NUMERIC);
      assert_non_null(strstr(err.message, "not certain"));
    }
    roots.base[i] = base;
    roots.re[i] = x;
    roots.im[i] = y;
  }
  int64_t fast = 0;
  for (int64_t i = 1; i < roots.n; i++)
    if (fabs(roots.re[i]) > fabs(roots.re[fast])) fast = i;
  const double rate = roots.re[fast];
  roots.re[fast] *= 1.0 + 1e-6; /* its disc is small beside its rate still; the sum of all is off */
  assert_int_equal(dkm_secular_roots_prove(&s, &roots, &err), DKM_NUMERIC);
  assert_non_null(strstr(err.message, "miss their sum"));
  roots.re[fast] = rate;
  assert_int_equal(dkm_secular_roots_prove(&s, &roots, NULL), DKM_OK);
  roots.n--; /* one too few */
  assert_int_equal(dkm_secular_roots_prove(&s, &roots, &err), DKM_NUMERIC);
  dkm_secular_roots_free(&roots);
  dkm_secular_free(&s);
  free_case(&c);
  gsl_rng_free(rng);
}

/* The series of poles that are far is their sum. */
static void series_are_sums_over_poles(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  dkm_system system;
  double re[DKM_MAX_MODES];
  int64_t n_undriven = 0;
  enum { M = 10 };
  assert_int_equal(dkm_system_of_patterns(&system, DKM_GAUGED, M, NULL), DKM_OK);
  for (int trial = 0; trial < 3; trial++) {
    const dkm_point point = point_at(rng, M, 1, 1.4);
    random_modes(rng, M, trial, re);
    spin_case c = make_case(rng, &system, &point, re, ANY);
    dkm_secular s = secular_of(&c, &n_undriven), direct = s;
    assert_true(s.n_segments > 8);
    direct.n_segments = 0;
    for (int i = 0; i < 300; i++) {
      const int64_t j = (int64_t)gsl_rng_uniform_int(rng, (unsigned long)s.n_poles);
      const double gap = s.pole[j + 1 < s.n_poles ? j + 1 : j] - s.pole[j > 0 ? j - 1 : j];
      const double size = gap * (i % 2 ? 1.0 : uniform_between(rng, 1, 20)), im = size * uniform_between(rng, -1, 1);
      const dkm_offset z = {s.pole[j], size * uniform_between(rng, -1, 1), im};
      dkm_secular_value a, b;
      const int64_t skip = i % 5 ? -1 : j;
      assert_true(dkm_secular_at(&s, z, skip, &a) && dkm_secular_at(&direct, z, skip, &b));
      const double slope = sqrt(b.slope_re * b.slope_re + b.slope_im * b.slope_im);
      const double allowed = 1e-14 * b.rounding;
      assert_close(ldexp(a.det, (int)(a.exponent - b.exponent)) / b.det, 1.0, allowed);
      assert_close(a.slope_re, b.slope_re, allowed * slope);
      assert_close(a.slope_im, b.slope_im, allowed * slope);
      assert_true(a.rounding > 0.3 * b.rounding && a.rounding < 4.0 * b.rounding);
    }
    dkm_secular_free(&s);
    free_case(&c);
  }
  gsl_rng_free(rng);
}

/* Above 600 rows there is a spectrum, and it is that of the matrix. */
static void large_systems_have_the_spectrum_of_the_matrix(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  const int n_modes[] = {10, 10, 10, 11};
  for (int trial = 0; trial < 4; trial++) {
    const int M = n_modes[trial];
    dkm_system system;
    double re[DKM_MAX_MODES];
    dkm_spectrum s;
    assert_int_equal(dkm_system_of_patterns(&system, DKM_GAUGED, M, NULL), DKM_OK);
    const dkm_point point = point_at(rng, M, trial % 2, 1.4);
    random_modes(rng, M, trial, re);
    spin_case c = make_case(rng, &system, &point, re, (components)(trial % 3));
    printf("K = %lld: %.3g\n", (long long)system.n_classes, compare_with_matrix(&c, 1e-12));
    const dkm_spectrum found = spectrum_by_roots(&c);
    assert_int_equal(dkm_fixedpoint_spectrum(c.workspace, &point, c.state, -1, 0.0, &s, NULL), DKM_OK);
    assert_true(s.growth_rate == found.growth_rate && s.decay_rate == found.decay_rate);
    assert_int_equal(s.n_unstable, found.n_unstable);
    assert_int_equal(s.n_unstable + s.n_damped + s.n_neutral, dkm_model_size(&system));
    free_case(&c);
  }
  gsl_rng_free(rng);
}

/* Up to 600 rows the matrix, beyond the roots. */
static void small_systems_are_a_matrix_and_large_ones_an_equation(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int M = 9; M <= 10; M++) {
    dkm_system system;
    dkm_spectrum s, other = {.growth_rate = NAN, .decay_rate = NAN};
    double re[DKM_MAX_MODES];
    assert_int_equal(dkm_system_of_patterns(&system, DKM_GAUGED, M, NULL), DKM_OK);
    const dkm_point point = point_at(rng, M, 0, 1.4);
    random_modes(rng, M, 0, re);
    spin_case c = make_case(rng, &system, &point, re, ANY);
    if (M == 9) {
      dkm_eigenvalues e;
      assert_int_equal(dkm_spectrum_dense(c.workspace, &point, same_field, c.n_groups, 600, &e, NULL), DKM_OK);
      assert_int_equal(e.n, 2 * 256 + 2 * M);
      dkm_spectrum_count_all(&other, &e, DKM_SPECTRUM_NEUTRAL);
      free(e.values);
    } else
      other = spectrum_by_roots(&c);
    assert_int_equal(dkm_fixedpoint_spectrum(c.workspace, &point, c.state, -1, 0.0, &s, NULL), DKM_OK);
    assert_true(s.growth_rate == other.growth_rate && s.decay_rate == other.decay_rate);
    assert_int_equal(s.n_unstable, other.n_unstable);
    assert_int_equal(s.n_damped, other.n_damped);
    assert_int_equal(s.n_unstable + s.n_damped + s.n_neutral, dkm_model_size(&system));
    free_case(&c);
  }
  gsl_rng_free(rng);
}

/* More fields than are taken: said, and at once. */
static void too_many_fields_are_refused(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  enum { M = 16 };
  dkm_system system;
  dkm_spectrum s;
  dkm_error err;
  double re[DKM_MAX_MODES];
  assert_int_equal(dkm_system_of_patterns(&system, DKM_GAUGED, M, NULL), DKM_OK);
  const dkm_point point = point_at(rng, M, 0, 1.4);
  random_modes(rng, M, 0, re);
  spin_case c = make_case(rng, &system, &point, re, ALIGNED);
  assert_int_equal(dkm_fixedpoint_spectrum(c.workspace, &point, c.state, -1, 0.0, &s, &err), DKM_NUMERIC);
  assert_non_null(strstr(err.message, "at most 16384"));
  free_case(&c);
  gsl_rng_free(rng);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(roots_are_the_eigenvalues_of_the_matrix_of_patterns),
      cmocka_unit_test(roots_are_the_eigenvalues_of_the_matrix_of_any_couplings),
      cmocka_unit_test(equal_eigenvalues_are_all_found),
      cmocka_unit_test(spins_across_their_fields_are_marginal),
      cmocka_unit_test(tiny_rates_of_pattern_states_are_those_of_the_quartics),
      cmocka_unit_test(tiny_rates_have_all_their_digits),
      cmocka_unit_test(with_modes_of_one_sign_the_index_of_the_energy_counts_what_grows),
      cmocka_unit_test(a_root_that_is_withheld_is_noticed),
      cmocka_unit_test(series_are_sums_over_poles),
      cmocka_unit_test(small_systems_are_a_matrix_and_large_ones_an_equation),
      cmocka_unit_test(too_many_fields_are_refused),
  };
  const struct CMUnitTest long_tests[] = {cmocka_unit_test(large_systems_have_the_spectrum_of_the_matrix)};
  if (argc > 1 && strcmp(argv[1], "long") == 0) return cmocka_run_group_tests(long_tests, NULL, NULL);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
