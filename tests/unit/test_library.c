/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The library inside somebody else's program, who has a handler for the errors of GSL: the default one aborts. */
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "cmocka_headers.h"
#include "dickemap/evaluate.h"
#include "dickemap/fixedpoint.h"
#include "dickemap/theory.h"

static atomic_int n_calls;

static void theirs(const char *reason, const char *file, int line, int code) {
  (void)reason;
  (void)file;
  (void)line;
  (void)code;
  n_calls++;
}

static void another(const char *reason, const char *file, int line, int code) {
  theirs(reason, file, line, code);
}

/* Which handler is in force. */
static gsl_error_handler_t *in_force(void) {
  gsl_error_handler_t *handler = gsl_set_error_handler(theirs);
  gsl_set_error_handler(handler);
  return handler;
}

static int setup(void **state) {
  (void)state;
  n_calls = 0;
  gsl_set_error_handler(theirs);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  gsl_set_error_handler(NULL); /* the default one */
  return 0;
}

/* One mode, exactly at its threshold, with all spins down: 1 - 2 g0^2 Omega_1/(Omega D) = 0. */
static const dkm_point at_threshold = {
    .g0 = 1, .Omega = 1, .Omega_mu = {1}, .kappa_mu = {2}, .pattern = 1, .overlap = 0.5};

static void near_a_singular_matrix(void) {
  dkm_system system;
  dkm_fixedpoint_workspace *workspace;
  dkm_fixedpoint fixed;
  const double u[5] = {-1, 0, 0, 0, 0};
  double found[5];
  assert_int_equal(dkm_system_of_patterns(&system, DKM_GAUGED, 1, NULL), DKM_OK);
  assert_int_equal(system.n_classes, 1);
  assert_int_equal(dkm_fixedpoint_workspace_create(&system, &workspace, NULL), DKM_OK);
  assert_false(dkm_fixedpoint_near(workspace, &at_threshold, u, true, &fixed, found));
  dkm_fixedpoint_workspace_destroy(workspace);
}

static void the_matrix_is_singular_for_gsl(void **state) {
  (void)state;
  gsl_matrix *zero = gsl_matrix_calloc(1, 1);
  gsl_vector *one = gsl_vector_calloc(1);
  gsl_permutation *permutation = gsl_permutation_alloc(1);
  int sign;
  /* The calls of the library: so the other tests can fail.  Newer versions (2.8) say it by the answer of the first one. */
  if (gsl_linalg_LU_decomp(zero, permutation, &sign) == 0) {
    assert_int_not_equal(gsl_linalg_LU_svx(zero, permutation, one), 0);
    assert_true(n_calls > 0);
  }
  gsl_matrix_free(zero);
  gsl_vector_free(one);
  gsl_permutation_free(permutation);
}

static void a_singular_matrix_is_no_error_of_the_caller(void **state) {
  (void)state;
  near_a_singular_matrix();
  assert_int_equal(n_calls, 0);
  assert_ptr_equal(in_force(), theirs);
}

static void the_default_handler_does_not_abort(void **state) {
  (void)state;
  gsl_set_error_handler(NULL);
  near_a_singular_matrix();
  assert_null(in_force());
}

static void coefficients_without_roots_are_no_error_of_the_caller(void **state) {
  (void)state;
  dkm_point point = at_threshold;
  dkm_complex roots[4];
  point.kappa_mu[1] = INFINITY;
  point.Omega_mu[1] = 1.0;
  dkm_theory_quartic(&point, 0, 1, roots);
  for (int i = 0; i < 4; i++) assert_true(isnan(creal(roots[i])));
  assert_int_equal(n_calls, 0);
  assert_ptr_equal(in_force(), theirs);
}

/* ---- a whole evaluation: its callbacks run under the caller's handler ---- */

struct stream {
  int64_t n, next, n_done;
  bool is_theirs;
};

static bool next(void *context, dkm_point *point, int64_t *id) {
  struct stream *s = context;
  s->is_theirs = s->is_theirs && in_force() == theirs;
  if (s->next == s->n) return false;
  *id = s->next++;
  *point = (dkm_point){.g0 = 0.5 + 0.05 * (double)*id,
                       .Omega = 0.5,
                       .Omega_mu = {1.5, 2.0},
                       .kappa_mu = {1, 1},
                       .pattern = 1,
                       .overlap = 1,
                       .perturbation = *id % 2 ? 1e-3 : 0.0,
                       .seed = 1};
  return true;
}

static void done(void *context, int64_t id, const dkm_record *record, const double *u) {
  struct stream *s = context;
  (void)id;
  (void)u;
  s->n_done += record->verdict != DKM_VERDICT_FAILED;
  s->is_theirs = s->is_theirs && in_force() == theirs;
}

static void evaluate(dkm_method method, bool sensitivity, struct stream *s) {
  const dkm_solver solver = {.method = method, .tolerance = 1e-8, .t_max = 1e4, .sensitivity = sensitivity};
  const dkm_stream stream = {.context = s, .next = next, .done = done};
  dkm_system system;
  dkm_evaluator *evaluator;
  assert_int_equal(dkm_system_of_patterns(&system, DKM_GAUGED, 2, NULL), DKM_OK);
  assert_int_equal(dkm_evaluator_create(&system, &solver, NULL, &evaluator, NULL), DKM_OK);
  assert_int_equal(dkm_evaluate_stream(evaluator, &stream, NULL), DKM_OK);
  dkm_evaluator_destroy(evaluator);
}

static void callbacks_run_under_the_handler_of_the_caller(void **state) {
  (void)state;
  for (int method = DKM_METHOD_ENSEMBLE; method <= DKM_METHOD_GSL; method++)
    for (int sensitivity = 0; sensitivity <= 1; sensitivity++) {
      struct stream s = {.n = 8, .is_theirs = true};
      evaluate((dkm_method)method, sensitivity, &s);
      assert_int_equal(s.n_done, 8);
      assert_true(s.is_theirs);
    }
  assert_int_equal(n_calls, 0);
}

/* ---- threads ---- */

enum { N_THREADS = 4, N_ROUNDS = 2000 };

static void *work(void *context) {
  dkm_system system;
  dkm_fixedpoint_workspace *workspace = NULL;
  const double u[5] = {-1, 0, 0, 0, 0};
  bool *sound = context;
  *sound = dkm_system_of_patterns(&system, DKM_GAUGED, 1, NULL) == DKM_OK &&
           dkm_fixedpoint_workspace_create(&system, &workspace, NULL) == DKM_OK;
  for (int i = 0; *sound && i < N_ROUNDS; i++) {
    dkm_fixedpoint fixed;
    double found[5];
    *sound = !dkm_fixedpoint_near(workspace, &at_threshold, u, true, &fixed, found);
  }
  dkm_fixedpoint_workspace_destroy(workspace);
  return NULL;
}

static void threads_leave_the_handler_of_the_caller(void **state) {
  pthread_t threads[N_THREADS];
  bool sound[N_THREADS];
  (void)state;
  for (int i = 0; i < N_THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, work, &sound[i]), 0);
  for (int i = 0; i < N_THREADS; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < N_THREADS; i++) assert_true(sound[i]);
  assert_int_equal(n_calls, 0);
  assert_ptr_equal(in_force(), theirs);
}

static void a_handler_set_meanwhile_stays(void **state) {
  pthread_t threads[N_THREADS];
  bool sound[N_THREADS];
  (void)state;
  for (int i = 0; i < N_THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, work, &sound[i]), 0);
  gsl_set_error_handler(another);
  for (int i = 0; i < N_THREADS; i++) pthread_join(threads[i], NULL);
  assert_ptr_equal(in_force(), another);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(the_matrix_is_singular_for_gsl, setup, teardown),
      cmocka_unit_test_setup_teardown(a_singular_matrix_is_no_error_of_the_caller, setup, teardown),
      cmocka_unit_test_setup_teardown(the_default_handler_does_not_abort, setup, teardown),
      cmocka_unit_test_setup_teardown(coefficients_without_roots_are_no_error_of_the_caller, setup, teardown),
      cmocka_unit_test_setup_teardown(callbacks_run_under_the_handler_of_the_caller, setup, teardown),
      cmocka_unit_test_setup_teardown(threads_leave_the_handler_of_the_caller, setup, teardown),
      cmocka_unit_test_setup_teardown(a_handler_set_meanwhile_stays, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
