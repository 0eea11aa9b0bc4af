/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_headers.h"

#include <stdlib.h>
#include <string.h>

#include "couplings.h"

static dkm_system make(dkm_mapping mapping, int n_modes) {
  dkm_system p;
  assert_int_equal(dkm_system_of_patterns(&p, mapping, n_modes, NULL), DKM_OK);
  return p;
}

static void the_gauged_mapping_has_half_as_many_classes(void **state) {
  (void)state;
  for (int M = 1; M <= DKM_MAX_MODES; M++) {
    assert_int_equal(make(DKM_GAUGED, M).n_classes, (int64_t)1 << (M - 1));
    assert_int_equal(make(DKM_UNGAUGED, M).n_classes, (int64_t)1 << M);
    assert_true(make(DKM_GAUGED, M).weight * (double)make(DKM_GAUGED, M).n_classes == 1.0);
  }
}

static void signs_are_those_of_the_paper(void **state) {
  (void)state;
  /* Fig. 2, M = 3: f_1 = ++++, f_2 = ++--, f_3 = +-+-. */
  const int fig2[3][4] = {{1, 1, 1, 1}, {1, 1, -1, -1}, {1, -1, 1, -1}};
  dkm_system p = make(DKM_GAUGED, 3);
  for (int mu = 0; mu < 3; mu++)
    for (int k = 0; k < 4; k++) assert_true(dkm_system_coupling(&p, mu, k) == fig2[mu][k]);
  /* Fig. S1: the first pattern has both signs. */
  p = make(DKM_UNGAUGED, 3);
  for (int k = 0; k < 8; k++) assert_true(dkm_system_coupling(&p, 0, k) == (k < 4 ? 1 : -1));
}

static void rows_are_orthogonal(void **state) {
  (void)state;
  for (int mapping = DKM_GAUGED; mapping <= DKM_UNGAUGED; mapping++)
    for (int M = 1; M <= 8; M++) {
      dkm_system p = make((dkm_mapping)mapping, M);
      for (int mu = 0; mu < M; mu++)
        for (int nu = 0; nu < M; nu++) {
          double sum = 0;
          for (int64_t k = 0; k < p.n_classes; k++) sum += dkm_system_coupling(&p, mu, k) * dkm_system_coupling(&p, nu, k);
          assert_true(sum == (mu == nu ? (double)p.n_classes : 0));
        }
    }
}

static void fast_sums_agree_with_the_definition(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int mapping = DKM_GAUGED; mapping <= DKM_UNGAUGED; mapping++)
    for (int M = 1; M <= 12; M++) {
      dkm_system p = make((dkm_mapping)mapping, M);
      const int64_t K = p.n_classes;
      double a[DKM_MAX_MODES], s[DKM_MAX_MODES];
      double *h = malloc((size_t)K * sizeof *h), *q = malloc((size_t)K * sizeof *q), *work = malloc((size_t)K * sizeof *work);
      for (int mu = 0; mu < M; mu++) a[mu] = uniform_between(rng, -1, 1);
      for (int64_t k = 0; k < K; k++) q[k] = uniform_between(rng, -1, 1);
      dkm_system_fields(&p, a, h);
      dkm_system_sums(&p, q, s, work);
      for (int64_t k = 0; k < K; k++) {
        double expected = 0;
        for (int mu = 0; mu < M; mu++) expected += dkm_system_coupling(&p, mu, k) * a[mu];
        assert_close(h[k], expected, 1e-13);
      }
      for (int mu = 0; mu < M; mu++) {
        double expected = 0;
        for (int64_t k = 0; k < K; k++) expected += dkm_system_coupling(&p, mu, k) * q[k];
        assert_close(s[mu], expected / (double)K, 1e-14);
      }
      free(h);
      free(q);
      free(work);
    }
  gsl_rng_free(rng);
}

static void a_pattern_has_no_overlap_with_another_not_even_by_rounding(void **state) {
  (void)state;
  for (int mapping = DKM_GAUGED; mapping <= DKM_UNGAUGED; mapping++)
    for (int M = 1; M <= 10; M++) {
      dkm_system p = make((dkm_mapping)mapping, M);
      double *q = malloc((size_t)p.n_classes * sizeof *q), *work = malloc((size_t)p.n_classes * sizeof *work);
      double s[DKM_MAX_MODES];
      for (int nu = 0; nu < M; nu++) {
        for (int64_t k = 0; k < p.n_classes; k++) q[k] = 0.1 * dkm_system_coupling(&p, nu, k);
        dkm_system_sums(&p, q, s, work);
        for (int mu = 0; mu < M; mu++)
          if (mu != nu) assert_true(s[mu] == 0.0);
        assert_true(s[nu] == 0.1);
      }
      free(q);
      free(work);
    }
}

/* All that is asked of a system, of patterns and of the same by tables. */
static void tables_of_patterns_are_the_same_system(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int mapping = DKM_GAUGED; mapping <= DKM_UNGAUGED; mapping++)
    for (int M = 1; M <= 7; M++) {
      const dkm_system p = make((dkm_mapping)mapping, M);
      dkm_couplings t = tables_of(&p);
      const size_t K = (size_t)p.n_classes;
      double a[DKM_MAX_MODES], s[2][DKM_MAX_MODES], gram[2][DKM_MAX_MODES * DKM_MAX_MODES], C[DKM_MAX_MODES * DKM_MAX_MODES];
      double *q = malloc(4 * K * sizeof *q), *h[2] = {q + K, q + 2 * K}, *work = q + 3 * K;
      for (int mu = 0; mu < M; mu++) a[mu] = uniform_between(rng, -1, 1);
      for (size_t k = 0; k < K; k++) q[k] = uniform_between(rng, -1, 1);
      const dkm_system *const systems[2] = {&p, &t.system};
      for (int i = 0; i < 2; i++) {
        dkm_system_fields(systems[i], a, h[i]);
        dkm_system_sums(systems[i], q, s[i], work);
      }
      assert_close(dkm_system_mean(&p, q, work), dkm_system_mean(&t.system, q, work), 1e-15);
      for (size_t k = 0; k < K; k++) assert_close(h[0][k], h[1][k], 1e-14);
      for (int mu = 0; mu < M; mu++) assert_close(s[0][mu], s[1][mu], 1e-15);
      memcpy(h[0], q, K * sizeof *q);
      dkm_system_gram(&p, h[0], gram[0]);
      dkm_system_gram(&t.system, q, gram[1]);
      for (int i = 0; i < M * M; i++) assert_close(gram[0][i], gram[1][i], 1e-15);
      dkm_system_correlations(&t.system, C);
      for (int i = 0; i < M * M; i++) assert_true(C[i] == (i % (M + 1) == 0));
      assert_int_equal(dkm_system_full_rank(&t.system), dkm_system_full_rank(&p));
      for (int nu = 0; nu < M; nu++) assert_true(dkm_system_pattern_is_closed(&t.system, nu));
      dkm_couplings_free(&t);
      free(q);
    }
  gsl_rng_free(rng);
}

static void properties_of_couplings_are_asked(void **state) {
  (void)state;
  /* Rows overlap; the second column is twice the first. */
  const double G[] = {1, 0.5, 1, -1, 2, 1}, w[] = {0.25, 0.25, 0.5}, independent[] = {1, 0.5, 1, -1};
  dkm_couplings t;
  assert_int_equal(dkm_couplings_create(DKM_MATRIX, 2, 3, G, w, NULL, &t, NULL), DKM_OK);
  assert_false(dkm_system_pattern_is_closed(&t.system, 0));
  assert_false(dkm_system_full_rank(&t.system));
  double C[4];
  dkm_system_correlations(&t.system, C);
  assert_close(C[1], 0.25 * 0.5 - 0.25 + 0.5 * 2, 1e-15);
  assert_close(C[1], C[2], 0);
  dkm_couplings_free(&t);
  assert_int_equal(dkm_couplings_create(DKM_MATRIX, 2, 2, independent, w, NULL, &t, NULL), DKM_OK);
  assert_true(dkm_system_full_rank(&t.system));
  dkm_couplings_free(&t);
  const double dependent[] = {1, 0.5, -2, -1};
  assert_int_equal(dkm_couplings_create(DKM_MATRIX, 2, 2, dependent, w, NULL, &t, NULL), DKM_OK);
  assert_false(dkm_system_full_rank(&t.system));
  dkm_couplings_free(&t);
}

static void the_number_of_patterns_is_checked(void **state) {
  (void)state;
  dkm_system p;
  dkm_error err;
  assert_int_equal(dkm_system_of_patterns(&p, DKM_GAUGED, 0, &err), DKM_INPUT);
  assert_string_equal(err.message, "number of patterns 0 is outside 1 ... 20");
  assert_int_equal(dkm_system_of_patterns(&p, DKM_GAUGED, 21, &err), DKM_INPUT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_gauged_mapping_has_half_as_many_classes),
      cmocka_unit_test(signs_are_those_of_the_paper),
      cmocka_unit_test(rows_are_orthogonal),
      cmocka_unit_test(fast_sums_agree_with_the_definition),
      cmocka_unit_test(a_pattern_has_no_overlap_with_another_not_even_by_rounding),
      cmocka_unit_test(tables_of_patterns_are_the_same_system),
      cmocka_unit_test(properties_of_couplings_are_asked),
      cmocka_unit_test(the_number_of_patterns_is_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
