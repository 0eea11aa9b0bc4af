/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_headers.h"

#include <stdlib.h>
#include <string.h>

#include "dickemap/patterns.h"
#include "random_points.h"

static dkm_patterns make(dkm_mapping mapping, int n_modes) {
  dkm_patterns p;
  assert_int_equal(dkm_patterns_init(&p, mapping, n_modes, NULL), DKM_OK);
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
  dkm_patterns p = make(DKM_GAUGED, 3);
  for (int mu = 0; mu < 3; mu++)
    for (int k = 0; k < 4; k++) assert_int_equal(dkm_patterns_sign(&p, mu, k), fig2[mu][k]);
  /* Fig. S1: the first pattern has both signs. */
  p = make(DKM_UNGAUGED, 3);
  for (int k = 0; k < 8; k++) assert_int_equal(dkm_patterns_sign(&p, 0, k), k < 4 ? 1 : -1);
}

static void rows_are_orthogonal(void **state) {
  (void)state;
  for (int mapping = DKM_GAUGED; mapping <= DKM_UNGAUGED; mapping++)
    for (int M = 1; M <= 8; M++) {
      dkm_patterns p = make((dkm_mapping)mapping, M);
      for (int mu = 0; mu < M; mu++)
        for (int nu = 0; nu < M; nu++) {
          int64_t sum = 0;
          for (int64_t k = 0; k < p.n_classes; k++) sum += dkm_patterns_sign(&p, mu, k) * dkm_patterns_sign(&p, nu, k);
          assert_int_equal(sum, mu == nu ? p.n_classes : 0);
        }
    }
}

static void fast_sums_agree_with_the_definition(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int mapping = DKM_GAUGED; mapping <= DKM_UNGAUGED; mapping++)
    for (int M = 1; M <= 12; M++) {
      dkm_patterns p = make((dkm_mapping)mapping, M);
      const int64_t K = p.n_classes;
      double a[DKM_MAX_MODES], s[DKM_MAX_MODES];
      double *h = malloc((size_t)K * sizeof *h), *q = malloc((size_t)K * sizeof *q), *work = malloc((size_t)K * sizeof *work);
      for (int mu = 0; mu < M; mu++) a[mu] = uniform_between(rng, -1, 1);
      for (int64_t k = 0; k < K; k++) q[k] = uniform_between(rng, -1, 1);
      dkm_patterns_fields(&p, a, h);
      dkm_patterns_sums(&p, q, s, work);
      for (int64_t k = 0; k < K; k++) {
        double expected = 0;
        for (int mu = 0; mu < M; mu++) expected += dkm_patterns_sign(&p, mu, k) * a[mu];
        assert_close(h[k], expected, 1e-13);
      }
      for (int mu = 0; mu < M; mu++) {
        double expected = 0;
        for (int64_t k = 0; k < K; k++) expected += dkm_patterns_sign(&p, mu, k) * q[k];
        assert_close(s[mu], expected, 1e-11);
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
      dkm_patterns p = make((dkm_mapping)mapping, M);
      double *q = malloc((size_t)p.n_classes * sizeof *q), *work = malloc((size_t)p.n_classes * sizeof *work);
      double s[DKM_MAX_MODES];
      for (int nu = 0; nu < M; nu++) {
        for (int64_t k = 0; k < p.n_classes; k++) q[k] = 0.1 * dkm_patterns_sign(&p, nu, k);
        dkm_patterns_sums(&p, q, s, work);
        for (int mu = 0; mu < M; mu++)
          if (mu != nu) assert_true(s[mu] == 0.0);
        assert_true(s[nu] * p.weight == 0.1);
      }
      free(q);
      free(work);
    }
}

static void the_number_of_patterns_is_checked(void **state) {
  (void)state;
  dkm_patterns p;
  dkm_error err;
  assert_int_equal(dkm_patterns_init(&p, DKM_GAUGED, 0, &err), DKM_INPUT);
  assert_string_equal(err.message, "number of patterns 0 is outside 1 ... 20");
  assert_int_equal(dkm_patterns_init(&p, DKM_GAUGED, 21, &err), DKM_INPUT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_gauged_mapping_has_half_as_many_classes),
      cmocka_unit_test(signs_are_those_of_the_paper),
      cmocka_unit_test(rows_are_orthogonal),
      cmocka_unit_test(fast_sums_agree_with_the_definition),
      cmocka_unit_test(a_pattern_has_no_overlap_with_another_not_even_by_rounding),
      cmocka_unit_test(the_number_of_patterns_is_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
