/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records as bytes, and the tasks whose records are not those of single trajectories. */
#include "dickemap/task.h"

#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/core/mersenne.h"
#include "cmocka_headers.h"
#include "dickemap/basins.h"
#include "dickemap/ground.h"
#include "dickemap/spins.h"
#include "dickemap/proportion.h"

enum { M = 4, N_STARTS = 60, N_FATAL = 12 };

#define MODEL "model: {patterns: 4, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5, 3.0], kappa_mu: [1.0]}\n"
static const char sweep_text[] = MODEL "initial: {pattern: 4, perturbation: 0.25}\n"
                                       "axes:\n- {name: seed, from: 1, to: 60, points: 60}\n- {name: g0, values: [0.5, 1.2]}\n";
static const char reduce_text[] = MODEL "initial: {pattern: 4, perturbation: 0.25}\n"
                                        "axes:\n- {name: seed, from: 1, to: 60, points: 60}\n- {name: g0, values: [0.5, 1.2]}\n"
                                        "reduce: seed\n";
static const char states_text[] = "task: states\n" MODEL "axes:\n- {name: g0, values: [0, 0.5, 1.2]}\noutput: {states: 8}\n";

#define FATAL(seeds)                                                                                            \
  MODEL "initial: {pattern: 4}\naxes:\n- {name: seed, " seeds "}\n- {name: g0, values: [1.05, 1.3]}\n"          \
        "- {name: perturbation, from: 0.05, to: 0.8, points: 7, scale: log}\nreduce: seed\nfatal: perturbation\n"
static const char fatal_text[] = FATAL("from: 1, to: 12, points: 12");
static const char long_fatal_text[] = FATAL("from: 1, to: 120, points: 120"); /* many times what lies between two questions */

static dkm_job parse(const char *text, const char *set) {
  dkm_job job;
  dkm_error err;
  if (dkm_job_parse(&job, "job.yaml", text, set ? 1 : 0, &set, &err) != DKM_OK) fail_msg("%s", err.message);
  return job;
}

/* ---- forms ---- */

static void fields_lie_aligned_and_apart(void **state) {
  (void)state;
  static const char *const texts[] = {sweep_text, reduce_text, states_text, fatal_text};
  for (int i = 0; i < 4; i++) {
    dkm_job job = parse(texts[i], NULL);
    dkm_form form;
    dkm_form_of(&job, &form);
    char *used = calloc(form.bytes, 1);
    assert_non_null(used);
    for (int f = 0; f < form.n_fields; f++) {
      const size_t bytes = dkm_field_type_bytes(form.fields[f].type), n = bytes * form.n_values[f];
      assert_true(n > 0 && form.offset[f] % bytes == 0 && form.offset[f] + n <= form.bytes);
      for (size_t j = 0; j < n; j++) {
        if (used[form.offset[f] + j]) fail_msg("%s: field %s overlaps", job.task->name, form.fields[f].name);
        used[form.offset[f] + j] = 1;
      }
      for (int g = 0; g < f; g++) assert_string_not_equal(form.fields[g].name, form.fields[f].name);
      assert_int_equal(dkm_form_find(&form, form.fields[f].name), f);
    }
    assert_true(form.bytes % 8 == 0 && form.method >= 0 && form.wall_time >= 0 && form.steps >= 0);
    assert_int_equal(form.fields[form.wall_time].reproducible, 0);
    free(used);
    dkm_job_free(&job);
  }
}

static void a_cleared_record_has_fill_values_and_a_method(void **state) {
  (void)state;
  dkm_job job = parse(reduce_text, NULL);
  dkm_form form;
  dkm_form_of(&job, &form);
  void *record = malloc(form.bytes), *other = malloc(form.bytes);
  assert_true(record && other);
  dkm_form_clear(&form, record);
  assert_int_equal(dkm_form_method(&form, record), DKM_RECORD_METHOD);
  assert_true(dkm_form_is_written(&form, record) && !dkm_form_has_failed(&form, record));
  assert_null(dkm_form_unknown_code(&form, record));
  for (int f = 0; f < form.n_fields; f++) {
    const double value = dkm_form_value(&form, record, f, 0);
    if (f != form.method) assert_true(isnan(value) || value == -1);
  }
  /* The checksum sees every value but the time. */
  const uint32_t checksum = dkm_form_checksum(&form, record, NULL, 0);
  for (int f = 0; f < form.n_fields; f++) {
    memcpy(other, record, form.bytes);
    dkm_field_put(form.fields[f].type, dkm_form_member(&form, other, f), (int)form.n_values[f] - 1, 3);
    const bool differs = f != form.wall_time && !(f == form.method && DKM_RECORD_METHOD == 3);
    assert_int_equal(dkm_form_checksum(&form, other, NULL, 0) != checksum, differs);
  }
  free(record);
  free(other);
  dkm_job_free(&job);
}

/* ---- points ---- */

static void starts_are_the_points_of_the_sweep(void **state) {
  (void)state;
  dkm_job sweep = parse(sweep_text, NULL), reduced = parse(reduce_text, NULL);
  assert_true(sweep.n_points == 2 * N_STARTS && sweep.n_starts == 1 && !sweep.reduces);
  assert_true(reduced.n_points == 2 && reduced.n_starts == N_STARTS && reduced.reduces);
  for (int64_t i = 0; i < 2; i++)
    for (int64_t j = 0; j < N_STARTS; j++) {
      dkm_point a, b;
      dkm_job_start(&reduced, i, j, &a);
      dkm_job_point(&sweep, 2 * j + i, &b);
      assert_true(dkm_point_equal(&a, &b, M));
    }
  dkm_job_free(&sweep);
  dkm_job_free(&reduced);
}

/* ---- engines ---- */

typedef struct desk {
  const dkm_form *form;
  int64_t next, n; /* points to be drawn */
  char *records;   /* of all */
  bool done[8];
  /* A run that is given up after so many questions, and what was saved then. */
  int questions_left;
  void *engine;
  char *saved;
  size_t n_saved;
  int64_t i_saved;
  int n_resumed;
} desk;

static bool draw(void *context, int64_t *i_point) {
  desk *d = context;
  if (d->next == d->n) return false;
  *i_point = d->next++;
  return true;
}

static void take(void *context, int64_t i_point, const void *record, const double *state) {
  desk *d = context;
  assert_null(state);
  assert_false(d->done[i_point]);
  d->done[i_point] = true;
  memcpy(d->records + (size_t)i_point * d->form->bytes, record, d->form->bytes);
}

static bool keep(void *context, int64_t i_point, double t, const void *bytes, size_t n_bytes) {
  desk *d = context;
  assert_true(t >= 0);
  free(d->saved);
  d->saved = malloc(n_bytes);
  memcpy(d->saved, bytes, n_bytes);
  d->n_saved = n_bytes;
  d->i_saved = i_point;
  return true;
}

static bool give_up(void *context) {
  desk *d = context;
  if (d->questions_left < 0 || d->questions_left-- > 0) return false;
  assert_int_equal(d->form->task->save(d->engine, 0.0, keep, d, NULL), DKM_OK);
  return true;
}

static bool offer(void *context, int64_t i_point, const void **bytes, size_t *n_bytes) {
  desk *d = context;
  *bytes = d->saved;
  *n_bytes = d->n_saved;
  return d->saved && i_point == d->i_saved;
}

static void count_resumed(void *context, int64_t i_point, double t) {
  desk *d = context;
  (void)i_point;
  (void)t;
  d->n_resumed++;
}

/* questions: -1: to the end. */
static void work(const dkm_job *job, desk *d, int questions) {
  const dkm_task_stream stream = {
      .context = d, .next = draw, .done = take, .interrupt = give_up, .resume = offer, .resumed = count_resumed};
  d->questions_left = questions;
  assert_int_equal(job->task->create(job, NULL, &d->engine, NULL), DKM_OK);
  assert_int_equal(job->task->run(d->engine, &stream, NULL), DKM_OK);
  job->task->destroy(d->engine);
}

static desk desk_of(const dkm_job *job, dkm_form *form) {
  dkm_form_of(job, form);
  return (desk){.form = form, .n = job->n_points, .records = calloc((size_t)job->n_points, form->bytes)};
}

static double value_of(const desk *d, int64_t i_point, const char *name, int i) {
  const int f = dkm_form_find(d->form, name);
  if (f < 0) fail_msg("no field %s", name);
  return dkm_form_value(d->form, d->records + (size_t)i_point * d->form->bytes, f, i);
}

/* Against the records of a sweep, counted here. */
static void cells_count_what_single_records_say(void **state) {
  (void)state;
  dkm_job job = parse(reduce_text, "solver.until=rest"), quick = parse(reduce_text, NULL);
  dkm_form form;
  desk d = desk_of(&job, &form), q = desk_of(&quick, &form);
  work(&job, &d, -1);
  work(&quick, &q, -1);
  dkm_evaluator *e;
  assert_int_equal(dkm_evaluator_create(&job.system, &job.solver, NULL, &e, NULL), DKM_OK);
  for (int64_t i = 0; i < 2; i++) {
    static dkm_point points[N_STARTS];
    static dkm_record records[N_STARTS];
    int count[2 * M + 1] = {0};
    double sum[2 * M + 1] = {0}, entropy = 0.0;
    for (int j = 0; j < N_STARTS; j++) dkm_job_start(&job, i, j, &points[j]);
    assert_int_equal(dkm_evaluate(e, N_STARTS, points, records, NULL, NULL), DKM_OK);
    for (int j = 0; j < N_STARTS; j++) {
      assert_true(dkm_record_comes_to_rest(&records[j]));
      count[records[j].retrieved + M]++;
      if (records[j].retrieved) sum[records[j].retrieved + M] += records[j].xi[abs(records[j].retrieved) - 1];
    }
    for (int o = 0; o < dkm_outcome_number(M); o++) {
      const int n = o <= 2 * M ? count[o] : 0;
      const dkm_interval interval = dkm_proportion_wilson(n, N_STARTS);
      assert_true(value_of(&d, i, "count", o) == n);
      assert_true(value_of(&q, i, "count", o) == n); /* whoever waits for less sees the same */
      assert_true(value_of(&d, i, "probability", o) == n / (double)N_STARTS);
      assert_true(value_of(&d, i, "probability_low", o) == interval.low && value_of(&d, i, "probability_high", o) == interval.high);
      if (n > 0 && dkm_outcome_at(M, o) != 0) {
        assert_true(fabs(value_of(&d, i, "xi_mean", o) - sum[o] / n) < 1e-13);
        assert_true(fabs(value_of(&q, i, "xi_mean", o)) > fabs(value_of(&d, i, "xi_mean", o)) - 1e-9); /* of minima */
      }
      if (n > 0) entropy -= n / (double)N_STARTS * log(n / (double)N_STARTS);
    }
    assert_true(fabs(value_of(&d, i, "entropy", 0) - entropy) < 1e-14);
    assert_true(value_of(&d, i, "retrieval", 0) == count[2 * M] / (double)N_STARTS);
    assert_true(value_of(&d, i, "n_decided", 0) == N_STARTS && value_of(&d, i, "n_undecided", 0) == 0);
    assert_true(10 * value_of(&q, i, "steps", 0) < value_of(&d, i, "steps", 0) || i == 0);
  }
  assert_true(value_of(&d, 1, "retrieval", 0) > 0 && value_of(&d, 1, "retrieval", 0) < 1); /* there was something to count */
  dkm_evaluator_destroy(e);
  free(d.records);
  free(q.records);
  dkm_job_free(&job);
  dkm_job_free(&quick);
}

/* Whether a start tilted by so much ends in the cue's pattern. */
static bool is_retrieved(dkm_evaluator *e, const dkm_job *job, int64_t i_point, int64_t j, double tilt) {
  dkm_point point;
  dkm_record record;
  dkm_job_start(job, i_point, j, &point);
  point.perturbation = tilt;
  assert_int_equal(dkm_evaluate(e, 1, &point, &record, NULL, NULL), DKM_OK);
  return dkm_outcome_of(&record) == 4;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Against a search of its own. */
static void the_smallest_fatal_tilt_is_found(void **state) {
  (void)state;
  dkm_job job = parse(fatal_text, NULL);
  dkm_form form;
  desk d = desk_of(&job, &form);
  dkm_evaluator *e;
  const double *tilts = NULL;
  int64_t n_tilts = 0;
  for (int i = 0; i < job.n_axes; i++)
    if (job.axes[i].dim == job.n_dims + 1) {
      tilts = job.axes[i].values;
      n_tilts = job.axes[i].n;
    }
  assert_true(job.searches && job.n_points == 2 && n_tilts == 7);
  work(&job, &d, -1);
  assert_int_equal(dkm_evaluator_create(&job.system, &job.solver, NULL, &e, NULL), DKM_OK);
  int n_at_once = 0, n_never = 0;
  double found[N_FATAL];
  for (int64_t j = 0; j < N_FATAL; j++) {
    int64_t i = 0;
    while (i < n_tilts && is_retrieved(e, &job, 1, j, tilts[i])) i++;
    n_at_once += i == 0;
    n_never += i == n_tilts;
    double low = i > 0 ? tilts[i - 1] : 0.0, high = i < n_tilts ? tilts[i] : INFINITY;
    while (i > 0 && i < n_tilts && high - low > 1e-4 * high) {
      const double tilt = 0.5 * (low + high);
      if (is_retrieved(e, &job, 1, j, tilt))
        low = tilt;
      else
        high = tilt;
    }
    found[j] = high;
  }
  qsort(found, N_FATAL, sizeof *found, ascending);
  assert_true(value_of(&d, 1, "n_at_once", 0) == n_at_once && value_of(&d, 1, "n_never", 0) == n_never);
  assert_true(value_of(&d, 1, "n_found", 0) == N_FATAL - n_at_once - n_never && n_at_once + n_never < N_FATAL / 2);
  assert_true(fabs(value_of(&d, 1, "fatal_median", 0) - 0.5 * (found[5] + found[6])) < 2e-3 * found[6]);
  assert_true(fabs(value_of(&d, 1, "fatal_least", 0) - found[0]) < 2e-3 * found[0]);
  /* P(Bin(12, 1/2) < 3) = 0.0193 and < 4 = 0.0730, so the third from either end. */
  assert_true(fabs(value_of(&d, 1, "fatal_low", 0) - found[2]) < 2e-3 * found[2]);
  assert_true(fabs(value_of(&d, 1, "fatal_high", 0) - found[9]) < 2e-3 * found[9]);
  dkm_evaluator_destroy(e);
  free(d.records);
  dkm_job_free(&job);
}

/* Put aside again and again, in any state, a cell ends with the same bits. */
static void check_going_on(const char *text, const char *set, int least_resumed) {
  dkm_job job = parse(text, set);
  dkm_form form;
  desk whole = desk_of(&job, &form), d = desk_of(&job, &form);
  work(&job, &whole, -1);
  int n_rounds = 0;
  while (!d.done[0] || !d.done[1]) {
    d.next = d.done[0] ? 1 : 0;
    d.n = d.next + 1;
    work(&job, &d, 1 + n_rounds / 8); /* for longer and longer: slow machines get on, too */
    n_rounds++;
    assert_true(n_rounds < 10000);
  }
  assert_true(d.n_resumed >= least_resumed);
  for (int64_t i = 0; i < 2; i++) {
    const char *a = whole.records + (size_t)i * form.bytes, *b = d.records + (size_t)i * form.bytes;
    assert_int_equal(dkm_form_checksum(&form, a, NULL, 0), dkm_form_checksum(&form, b, NULL, 0));
  }
  /* What is cut or of another number of starts is not gone on from. */
  d.done[0] = false;
  d.i_saved = 0;
  d.n_saved = d.n_saved < 40 ? d.n_saved : 40;
  d.n_resumed = 0;
  d.next = 0;
  d.n = 1;
  work(&job, &d, -1);
  assert_int_equal(d.n_resumed, 0);
  assert_int_equal(dkm_form_checksum(&form, whole.records, NULL, 0), dkm_form_checksum(&form, d.records, NULL, 0));
  free(d.saved);
  free(d.records);
  free(whole.records);
  dkm_job_free(&job);
}

static void a_cell_goes_on_inside(void **state) {
  (void)state;
  check_going_on(reduce_text, "solver.until=rest", 3);
  check_going_on(long_fatal_text, NULL, 3);
}

static void states_are_those_of_the_search(void **state) {
  (void)state;
  dkm_job job = parse(states_text, NULL);
  dkm_form form;
  desk d = desk_of(&job, &form);
  work(&job, &d, -1);
  assert_true(value_of(&d, 0, "complete", 0) == 2 && value_of(&d, 0, "n_states", 0) == -1); /* g0 = 0 */
  for (int64_t i = 1; i < 3; i++) {
    dkm_point point;
    dkm_ground ground;
    dkm_job_point(&job, i, &point);
    assert_int_equal(dkm_ground_find(&job.system, &point, NULL, &ground, NULL), DKM_OK);
    assert_true(value_of(&d, i, "n_states", 0) == (double)ground.n_all && value_of(&d, i, "n_stable", 0) == (double)ground.n_stable);
    assert_true(value_of(&d, i, "n_different", 0) == (double)ground.n && value_of(&d, i, "complete", 0) == ground.complete);
    assert_true(value_of(&d, i, "full", 0) == (ground.n > 8));
    for (int s = 0; s < 8; s++) {
      if (s >= ground.n) {
        assert_true(isnan(value_of(&d, i, "state_U", s)) && value_of(&d, i, "state_multiplicity", s) == -1);
        continue;
      }
      const dkm_ground_state *g = &ground.states[s];
      assert_true(value_of(&d, i, "state_U", s) == g->U && value_of(&d, i, "state_index", s) == g->index);
      assert_true(value_of(&d, i, "state_n_unstable", s) == (double)g->spectrum.n_unstable);
      assert_true(value_of(&d, i, "state_multiplicity", s) == (double)g->n_images);
      for (int mu = 0; mu < M; mu++) assert_true(value_of(&d, i, "state_xi", s * M + mu) == g->xi[mu]);
    }
    dkm_ground_free(&ground);
  }
  assert_true(value_of(&d, 1, "n_states", 0) == 1 && value_of(&d, 2, "full", 0) == 1);
  free(d.records);
  dkm_job_free(&job);
}

/* Random patterns are drawn by the point's seed, and its drive counts as what it ends in. */
static void states_of_random_patterns_are_those_of_the_point(void **state) {
  (void)state;
  dkm_job job = parse("task: states\n"
                      "model: {patterns: 3, mapping: random, spins: 40, g0: 0.5, Omega: 0.5, Omega_mu: [1.5, 2, 2.5], kappa_mu: [1]}\n"
                      "axes:\n- {name: pattern_seed, values: [3, 8]}\n"
                      "drive: {time: [0, 1], g0: [1, 4], duration: 10}\noutput: {states: 8}\n", NULL);
  dkm_form form;
  desk d = desk_of(&job, &form);
  work(&job, &d, -1);
  for (int64_t i = 0; i < 2; i++) {
    dkm_point point;
    dkm_couplings couplings;
    dkm_ground ground;
    dkm_job_point(&job, i, &point);
    assert_int_equal(dkm_spins_realise(job.system.spins, &point, &couplings, NULL), DKM_OK);
    point.g0 *= 4;
    point.duration = 0;
    assert_int_equal(dkm_ground_find(&couplings.system, &point, NULL, &ground, NULL), DKM_OK);
    assert_true(ground.n > 3 && value_of(&d, i, "n_different", 0) == (double)ground.n);
    for (int mu = 0; mu < 3; mu++) {
      assert_true(value_of(&d, i, "state_xi", mu) == ground.states[0].xi[mu]);
      assert_true(value_of(&d, i, "pattern_xi", mu) == ground.pattern_xi[mu] && ground.pattern_xi[mu] > 0.5);
    }
    dkm_ground_free(&ground);
    dkm_couplings_free(&couplings);
  }
  assert_true(value_of(&d, 0, "state_U", 0) != value_of(&d, 1, "state_U", 0));
  free(d.records);
  dkm_job_free(&job);
}

/* ---- tilts ---- */

static void numbers_are_those_of_gsl(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  static const uint64_t seeds[] = {0, 1, 33, 4357, 0xffffffffu, 0x100000000u, 0x1234567890u};
  for (size_t s = 0; s < sizeof seeds / sizeof *seeds; s++) {
    mersenne m;
    mersenne_seed(&m, seeds[s]);
    gsl_rng_set(rng, (unsigned long)seeds[s]);
    for (int i = 0; i < 2000; i++) assert_true(mersenne_uniform(&m) == gsl_rng_uniform(rng));
  }
  for (uint64_t seed = 1; seed < 3000; seed += 7) {
    mersenne m;
    mersenne_seed(&m, seed);
    gsl_rng_set(rng, (unsigned long)seed);
    for (int i = 0; i < 40; i++) assert_true(mersenne_uniform(&m) == gsl_rng_uniform(rng));
  }
  mersenne many[MERSENNE_MOST];
  const uint64_t first = 0xffffffffu - 64; /* some beyond 32 bits */
  mersenne_seed_many(many, MERSENNE_MOST, first, 32);
  for (int j = 0; j < MERSENNE_MOST; j++) {
    gsl_rng_set(rng, (unsigned long)(first + 32 * (uint64_t)j));
    for (int i = 0; i < 2000; i++) assert_true(mersenne_uniform(&many[j]) == gsl_rng_uniform(rng));
  }
  gsl_rng_free(rng);
}

static void outcomes_are_listed_once_in_order(void **state) {
  (void)state;
  char a[DKM_OUTCOME_BYTES], b[DKM_OUTCOME_BYTES];
  for (int n_modes = 1; n_modes <= DKM_MAX_MODES; n_modes++)
    for (int i = 1; i < dkm_outcome_number(n_modes); i++) {
      assert_true(dkm_outcome_at(n_modes, i) > dkm_outcome_at(n_modes, i - 1));
      assert_string_not_equal(dkm_outcome_word(dkm_outcome_at(n_modes, i), a), dkm_outcome_word(dkm_outcome_at(n_modes, i - 1), b));
      assert_null(strpbrk(a, " +-"));
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fields_lie_aligned_and_apart),
      cmocka_unit_test(a_cleared_record_has_fill_values_and_a_method),
      cmocka_unit_test(starts_are_the_points_of_the_sweep),
      cmocka_unit_test(cells_count_what_single_records_say),
      cmocka_unit_test(the_smallest_fatal_tilt_is_found),
      cmocka_unit_test(a_cell_goes_on_inside),
      cmocka_unit_test(states_are_those_of_the_search),
      cmocka_unit_test(states_of_random_patterns_are_those_of_the_point),
      cmocka_unit_test(numbers_are_those_of_gsl),
      cmocka_unit_test(outcomes_are_listed_once_in_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
