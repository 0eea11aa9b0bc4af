/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The interface for other languages (session.h), as a program uses it that knows nothing else. */
#include "dickemap/session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_headers.h"
#include "dickemap/evaluate.h"
#include "dickemap/job.h"

static const char text[] = "model: {patterns: 2, Omega: 0.5, Omega_mu: [1.5, 2.0], kappa_mu: [1.0]}\n"
                           "initial: {perturbation: 0.1}\n"
                           "axes:\n- {name: g0, values: [0.4, 1.0, 2.0]}\n- {name: pattern, values: [1, 2]}\n";
enum { M = 2, N = 6 };

static dkm_session *opened(int n_sets, const char *const *sets) {
  dkm_session *session;
  dkm_error err;
  if (dkm_session_open("job.yaml", text, n_sets, sets, NULL, &session, &err)) fail_msg("%s", err.message);
  return session;
}

static dkm_session_variable variable_of(const dkm_session *session, const char *name, int *index) {
  dkm_session_variable variable;
  int i = 0;
  while (dkm_session_describe(session, i, &variable) && strcmp(variable.name, name) != 0) i++;
  if (i == dkm_session_n_variables(session)) fail_msg("there is no %s", name);
  if (index) *index = i;
  return variable;
}

static void records_are_those_of_the_evaluator(void **state) {
  (void)state;
  dkm_session *session = opened(0, NULL);
  const size_t bytes = (size_t)dkm_session_record_bytes(session);
  const dkm_session_variable xi = variable_of(session, "xi", NULL), verdict = variable_of(session, "verdict", NULL);
  char *records = malloc(N * bytes);
  uint8_t status[N];
  dkm_job job;
  dkm_evaluator *evaluator;
  dkm_error err;
  assert_int_equal(dkm_session_n_points(session), N);
  assert_int_equal(dkm_session_run(session, 0, 2, &(dkm_session_records){.records = records, .status = status}, NULL, NULL, &err), DKM_OK);
  const dkm_session_records rest = {.records = records + 2 * bytes, .status = status + 2};
  assert_int_equal(dkm_session_run(session, 2, N - 2, &rest, NULL, NULL, &err), DKM_OK);
  assert_int_equal(dkm_job_parse(&job, "job.yaml", text, 0, NULL, &err), DKM_OK);
  assert_int_equal(dkm_evaluator_create(&job.system, &job.solver, NULL, &evaluator, &err), DKM_OK);
  for (int i = 0; i < N; i++) {
    dkm_point point;
    dkm_record record;
    dkm_job_point(&job, i, &point);
    assert_int_equal(dkm_evaluate(evaluator, 1, &point, &record, NULL, &err), DKM_OK);
    assert_int_equal(status[i], 1);
    assert_memory_equal(records + (size_t)i * bytes + xi.offset, record.xi, M * sizeof(double));
    assert_int_equal(*(uint8_t *)(records + (size_t)i * bytes + verdict.offset), record.verdict);
  }
  dkm_evaluator_destroy(evaluator);
  dkm_job_free(&job);
  free(records);
  dkm_session_close(session);
}

static void variables_are_described_as_in_the_file(void **state) {
  (void)state;
  dkm_session *session = opened(0, NULL);
  int i_pattern;
  double values[3];
  dkm_error err;
  const dkm_session_variable pattern = variable_of(session, "pattern", &i_pattern), xi = variable_of(session, "xi", NULL);
  const dkm_session_variable verdict = variable_of(session, "verdict", NULL);
  assert_true(pattern.kind == DKM_SESSION_COORDINATE && pattern.is_axis && pattern.n_values == 2);
  assert_string_equal(pattern.type, "int32");
  assert_int_equal(dkm_session_values(session, i_pattern, values, &err), DKM_OK);
  assert_true(values[0] == 1.0 && values[1] == 2.0);
  assert_string_equal(xi.dims, "g0 pattern mode");
  assert_true(xi.n_dims == 3 && xi.shape[0] == 3 && xi.shape[1] == 2 && xi.shape[2] == M && xi.n_values == M && isnan(xi.fill));
  assert_string_equal(verdict.type, "uint8");
  assert_memory_equal(verdict.flag_meanings, "none fixed_point ", 17);
  assert_true(verdict.n_flags == DKM_N_VERDICTS && verdict.fill == 0.0);
  assert_int_equal(dkm_session_values(session, dkm_session_n_variables(session) - 1, values, &err), DKM_INPUT);
  assert_int_equal(dkm_session_describe(session, dkm_session_n_variables(session), &(dkm_session_variable){0}), 0);
  dkm_session_close(session);
}

static void what_is_wrong_is_said(void **state) {
  (void)state;
  static const char *const sets[] = {"model.Omega=zero"};
  dkm_session *session;
  dkm_error err;
  assert_int_equal(dkm_session_open("job.yaml", text, 1, sets, NULL, &session, &err), DKM_INPUT);
  assert_null(session);
  assert_non_null(strstr(err.message, "model.Omega"));
  assert_int_equal(dkm_session_open("nowhere.yaml", NULL, 0, NULL, NULL, &session, &err), DKM_INPUT);
  assert_non_null(strstr(err.message, "nowhere.yaml"));
  session = opened(0, NULL);
  assert_int_equal(dkm_session_run(session, 4, 3, &(dkm_session_records){0}, NULL, NULL, &err), DKM_INPUT);
  assert_string_equal(err.message, "points 4 to 6: the job has points 0 to 5");
  dkm_session_close(session);
  dkm_session_close(NULL);
}

static int at_once(void *context, int64_t n_done) {
  *(int64_t *)context = n_done;
  return 1;
}

static void what_is_stopped_says_so_and_can_go_on(void **state) {
  (void)state;
  /* Modes of both signs: each point takes longer than it takes to be asked. */
  static const char *const sets[] = {"solver.method=gsl", "initial.perturbation=0.3", "model.Omega_mu=[1.5, -2]",
                                     "axes.g0.values=[1, 1.1, 1.2]", "solver.max_steps=20000"};
  dkm_session *session = opened(5, sets);
  char *records = malloc(N * (size_t)dkm_session_record_bytes(session));
  uint8_t status[N];
  int64_t n_seen = -1, n_done = 0;
  dkm_error err;
  const dkm_session_records to = {.records = records, .status = status};
  assert_int_equal(dkm_session_run(session, 0, N, &to, at_once, &n_seen, &err), DKM_STOPPED);
  for (int i = 0; i < N; i++) n_done += status[i] != 0;
  assert_true(n_seen >= 0 && n_done == n_seen && n_done < N);
  assert_int_equal(dkm_session_run(session, 0, 1, &to, NULL, NULL, &err), DKM_OK);
  free(records);
  dkm_session_close(session);
}

static void a_trajectory_begins_at_the_start_and_loses_energy(void **state) {
  (void)state;
  enum { N_TIMES = 5, K = 2 };
  static const char *const sets[] = {"initial.perturbation=0"};
  static const double t[N_TIMES] = {0, 0.5, 1, 20, 40}, wrong[2] = {1, 0};
  double xi[N_TIMES * M], re[N_TIMES * M], im[N_TIMES * M], L[N_TIMES], spins[N_TIMES * K * 3];
  dkm_session *session = opened(1, sets);
  dkm_error err;
  assert_int_equal(dkm_session_n_classes(session), K);
  dkm_session_samples to = {.n = N_TIMES, .t = t, .xi = xi, .alpha_re = re, .alpha_im = im, .L = L, .spins = spins};
  assert_int_equal(dkm_session_trajectory(session, 5, &to, NULL, NULL, &err), DKM_OK);
  assert_true(xi[0] == 0.0 && xi[1] == 1.0 && re[1] == 0.0 && L[0] == 0.0);
  for (int i = 1; i < N_TIMES; i++) assert_true(L[i] < L[i - 1] + 1e-12);
  for (int i = 0; i < N_TIMES * K; i++)
    assert_true(fabs(spins[3 * i] * spins[3 * i] + spins[3 * i + 1] * spins[3 * i + 1] + spins[3 * i + 2] * spins[3 * i + 2] - 1) < 1e-9);
  to = (dkm_session_samples){.n = 2, .t = wrong, .xi = xi, .alpha_re = re, .alpha_im = im};
  assert_int_equal(dkm_session_trajectory(session, 5, &to, NULL, NULL, &err), DKM_INPUT);
  dkm_session_close(session);
}

static void a_point_has_its_quantities_and_closed_forms(void **state) {
  (void)state;
  dkm_session *session = opened(0, NULL);
  double forms[4 * M];
  dkm_error err;
  assert_true(dkm_session_quantity(session, 5, "g0", 0) == 2.0 && dkm_session_quantity(session, 5, "Omega_mu", 2) == 2.0);
  assert_true(isnan(dkm_session_quantity(session, 5, "nothing", 0)) && isnan(dkm_session_quantity(session, N, "g0", 0)));
  assert_string_equal(dkm_session_key("g0"), "model.g0");
  assert_null(dkm_session_key("nothing"));
  assert_int_equal(dkm_session_closed_forms(session, 5, forms, &err), DKM_OK);
  assert_true(fabs(forms[4] - sqrt(0.5 / 4.0 * 4.25)) < 1e-14);
  assert_string_equal(dkm_session_text(session, "task"), "sweep");
  assert_null(dkm_session_text(session, "nothing"));
  assert_int_equal(dkm_session_version(), DKM_SESSION_VERSION);
  dkm_session_close(session);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(records_are_those_of_the_evaluator),
      cmocka_unit_test(variables_are_described_as_in_the_file),
      cmocka_unit_test(what_is_wrong_is_said),
      cmocka_unit_test(what_is_stopped_says_so_and_can_go_on),
      cmocka_unit_test(a_trajectory_begins_at_the_start_and_loses_energy),
      cmocka_unit_test(a_point_has_its_quantities_and_closed_forms),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
