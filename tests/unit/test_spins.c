/* SPDX-License-Identifier: GPL-3.0-or-later */
/* spins: classes against counts of single spins, which know nothing of sorting; what depends on which seed. */
#include "dickemap/spins.h"

#include <math.h>
#include <string.h>

#include "cmocka_headers.h"

enum { M = 3, N = 60, MAX = 4096 };

/* Numbers that look random enough, 0 ... 2^31-1. */
static uint32_t next_number(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 1;
}

/* Couplings -1, 0, 1 of N spins, of which many have the same column. */
static void fill(double G[M * N], uint32_t seed) {
  for (int i = 0; i < M * N; i++) G[i] = (double)(next_number(&seed) / 7 % 3) - 1.0;
}

static void realise(const dkm_spins *spins, const dkm_point *point, dkm_couplings *out) {
  dkm_error err = {DKM_OK, ""};
  if (dkm_spins_realise(spins, point, out, &err) != DKM_OK) fail_msg("%s", err.message);
}

static bool same_system(const dkm_couplings *a, const dkm_couplings *b) {
  const size_t K = (size_t)a->system.n_classes;
  if (a->system.n_classes != b->system.n_classes || a->system.n_modes != b->system.n_modes) return false;
  return memcmp(a->memory, b->memory, K * (2 * (size_t)a->system.n_modes + 1) * sizeof(double)) == 0 &&
         !a->system.cue == !b->system.cue &&
         (!a->system.cue || memcmp(a->system.cue, b->system.cue, K * sizeof(double)) == 0);
}

/* ---- a finite number of spins ---- */

/* Whether class k is what spin j is. */
static bool is_of(const dkm_system *system, int64_t k, const double *G, const double *cue, int j) {
  for (int mu = 0; mu < system->n_modes; mu++)
    if (system->couplings[k * system->n_modes + mu] != G[mu * N + j]) return false;
  return !cue || system->cue[k] == cue[j];
}

static void check_counts(const dkm_system *system, const double *G, const double *cue) {
  for (int j = 0; j < N; j++) {
    int n = 0;
    for (int64_t k = 0; k < system->n_classes; k++) n += is_of(system, k, G, cue, j);
    assert_int_equal(n, 1); /* no two classes are the same */
  }
  int64_t n_all = 0;
  for (int64_t k = 0; k < system->n_classes; k++) {
    int n = 0;
    for (int j = 0; j < N; j++) n += is_of(system, k, G, cue, j);
    assert_true(n > 0 && system->weights[k] == n / (double)N); /* to the bit */
    n_all += n;
  }
  assert_int_equal(n_all, N);
}

static void classes_are_distinct_columns_with_exact_weights(void **state) {
  (void)state;
  double G[M * N], cue[N];
  const dkm_point point = {.pattern = 2};
  for (uint32_t seed = 1; seed <= 20; seed++) {
    dkm_couplings found;
    dkm_spins spins = {.mapping = DKM_MATRIX, .n_modes = M, .n_spins = N, .G = G};
    fill(G, seed);
    realise(&spins, &point, &found);
    assert_null(found.system.cue);
    assert_true(found.system.n_classes > 1 && found.system.n_classes <= 27);
    check_counts(&found.system, G, NULL);
    dkm_couplings_free(&found);

    uint32_t more = seed + 100;
    for (int j = 0; j < N; j++) cue[j] = (double)(next_number(&more) / 5 % 2) - 0.25;
    spins.cue = cue;
    realise(&spins, &point, &found);
    check_counts(&found.system, G, cue);
    dkm_couplings_free(&found);
  }
}

/* The cue of the pattern, over its largest coupling, where classes have one because some spins are flipped. */
static void without_a_cue_of_its_own_it_is_the_pattern_or_the_mixture(void **state) {
  (void)state;
  double G[2 * 4] = {2, -1, 0.5, 1, /**/ 1, 1, -1, -1};
  const dkm_spins spins = {.mapping = DKM_MATRIX, .n_modes = 2, .n_spins = 4, .G = G};
  dkm_couplings found;
  realise(&spins, &(dkm_point){.pattern = 1, .flip_exactly = 4}, &found); /* all of them */
  assert_int_equal(found.system.n_classes, 4);
  for (int64_t k = 0; k < 4; k++) assert_true(found.system.cue[k] == -found.system.couplings[2 * k] / 2);
  dkm_couplings_free(&found);
  realise(&spins, &(dkm_point){.pattern = 1, .mixture = {-1, 0.75}, .flip_exactly = 4}, &found);
  for (int64_t k = 0; k < 4; k++) {
    const double sum = -found.system.couplings[2 * k] + 0.75 * found.system.couplings[2 * k + 1];
    assert_true(found.system.cue[k] == (sum > 0 ? -1 : 1));
  }
  dkm_couplings_free(&found);
}

/* ---- flips ---- */

/* Which of N spins are flipped: each has a cue of another size. Returns their number. */
static int find_flipped(const dkm_point *point, const double *G, double offset, bool flipped[N]) {
  double cue[N];
  int n = 0;
  for (int j = 0; j < N; j++) cue[j] = offset + (j + 1) / 1024.0;
  const dkm_spins spins = {.mapping = DKM_MATRIX, .n_modes = M, .n_spins = N, .G = G, .cue = cue};
  dkm_couplings found;
  realise(&spins, point, &found);
  assert_int_equal(found.system.n_classes, N);
  for (int j = 0; j < N; j++) {
    int n_plus = 0, n_minus = 0;
    for (int64_t k = 0; k < N; k++) {
      n_plus += found.system.cue[k] == cue[j];
      n_minus += found.system.cue[k] == -cue[j];
    }
    assert_int_equal(n_plus + n_minus, 1);
    flipped[j] = n_minus == 1;
    n += n_minus;
  }
  dkm_couplings_free(&found);
  return n;
}

static void as_many_spins_are_flipped_as_is_said(void **state) {
  (void)state;
  double G[M * N];
  bool flipped[N];
  fill(G, 1);
  for (int n = 0; n <= N; n++)
    assert_int_equal(find_flipped(&(dkm_point){.pattern = 1, .seed = 5, .flip_exactly = n}, G, 0, flipped), n);
}

static void which_spins_are_flipped_depends_on_the_seed_alone(void **state) {
  (void)state;
  double G[M * N], other_G[M * N];
  bool a[N], b[N];
  fill(G, 1);
  fill(other_G, 2);
  find_flipped(&(dkm_point){.pattern = 1, .seed = 7, .flip_exactly = 12}, G, 0, a);
  find_flipped(&(dkm_point){.pattern = 2, .seed = 7, .flip_exactly = 12, .pattern_seed = 9, .g0 = 1}, other_G, 0.5, b);
  assert_memory_equal(a, b, sizeof a);
  find_flipped(&(dkm_point){.pattern = 1, .seed = 8, .flip_exactly = 12}, G, 0, b);
  assert_memory_not_equal(a, b, sizeof a);
}

/* Each as often as any other: 600 draws of 12 of 60 spins are 120 +- 9.8 for each. */
static void every_spin_is_flipped_as_often(void **state) {
  (void)state;
  double G[M * N];
  bool flipped[N];
  int n[N] = {0};
  fill(G, 1);
  for (int seed = 0; seed < 600; seed++) {
    find_flipped(&(dkm_point){.pattern = 1, .seed = seed, .flip_exactly = 12}, G, 0, flipped);
    for (int j = 0; j < N; j++) n[j] += flipped[j];
  }
  for (int j = 0; j < N; j++)
    if (n[j] < 75 || n[j] > 165) fail_msg("spin %d is flipped %d times", j, n[j]);
}

static void more_spins_than_there_are_cannot_be_flipped(void **state) {
  (void)state;
  const dkm_spins spins = {.mapping = DKM_RANDOM, .n_modes = 2, .n_spins = 5};
  dkm_couplings found;
  dkm_error err = {DKM_OK, ""};
  assert_int_equal(dkm_spins_realise(&spins, &(dkm_point){.pattern = 1, .flip_exactly = 6}, &found, &err), DKM_INPUT);
  assert_string_equal(err.message, "6 spins cannot be flipped, there are 5");
  assert_null(found.memory);
}

/* ---- random patterns ---- */

static void random_patterns_are_gauged_and_depend_on_their_seed_alone(void **state) {
  (void)state;
  const dkm_spins spins = {.mapping = DKM_RANDOM, .n_modes = 6, .n_spins = 40};
  dkm_couplings found, other;
  realise(&spins, &(dkm_point){.pattern = 1, .pattern_seed = 3}, &found);
  realise(&spins, &(dkm_point){.pattern = 4, .pattern_seed = 3, .seed = 8, .g0 = 1, .overlap = 0.5}, &other);
  assert_true(same_system(&found, &other));
  dkm_couplings_free(&other);
  realise(&spins, &(dkm_point){.pattern = 1, .pattern_seed = 4, .seed = 3}, &other);
  assert_false(same_system(&found, &other));
  dkm_couplings_free(&other);
  double sum = 0.0;
  for (int64_t k = 0; k < found.system.n_classes; k++) {
    assert_true(found.system.couplings[6 * k] == 1.0);
    for (int mu = 1; mu < 6; mu++) assert_true(fabs(found.system.couplings[6 * k + mu]) == 1.0);
    const double n = 40 * found.system.weights[k];
    assert_true(fabs(n - round(n)) < 1e-12 && n > 0.5);
    sum += n;
  }
  assert_true(fabs(sum - 40) < 1e-12);
  dkm_couplings_free(&found);
}

/* Of very many spins they are the classes of Fig. 2, in their order: shares of 1/8 +- 0.0013. */
static void many_random_spins_fill_the_classes_evenly(void **state) {
  (void)state;
  const dkm_spins spins = {.mapping = DKM_RANDOM, .n_modes = 4, .n_spins = 1 << 16};
  dkm_couplings found;
  dkm_system gauged;
  assert_int_equal(dkm_system_of_patterns(&gauged, DKM_GAUGED, 4, NULL), DKM_OK);
  realise(&spins, &(dkm_point){.pattern = 1, .pattern_seed = 1}, &found);
  assert_int_equal(found.system.n_classes, 8);
  for (int64_t k = 0; k < 8; k++) {
    if (fabs(found.system.weights[k] - 0.125) > 0.006) fail_msg("class %d: %g", (int)k, found.system.weights[k]);
    for (int mu = 0; mu < 4; mu++)
      assert_true(dkm_system_coupling(&found.system, mu, k) == dkm_system_coupling(&gauged, mu, k));
  }
  dkm_couplings_free(&found);
}

/* ---- how many classes there can be ---- */

/* No point has more, and some point has as many. */
static void check_bound(const dkm_spins *spins, int flipped, bool *reached) {
  int64_t most = 0;
  dkm_couplings found;
  *reached = false;
  assert_int_equal(dkm_spins_most_classes(spins, flipped, &most, NULL), DKM_OK);
  assert_true(most >= 1 && most <= spins->n_spins);
  for (int n = 0; n <= flipped; n++)
    for (int seed = 0; seed < 20; seed++) {
      realise(spins, &(dkm_point){.pattern = 1 + seed % 2, .seed = seed, .pattern_seed = seed, .flip_exactly = n},
              &found);
      if (found.system.n_classes > most) fail_msg("%d classes, bound %d", (int)found.system.n_classes, (int)most);
      *reached = *reached || found.system.n_classes == most;
      dkm_couplings_free(&found);
    }
}

static void no_point_has_more_classes_than_most(void **state) {
  (void)state;
  double G[M * N], cue[N];
  bool reached;
  fill(G, 4);
  for (int j = 0; j < N; j++) cue[j] = j % 3 - 1.0;
  for (int i = 0; i < M * N; i++) G[i] = G[i] < 0.0 ? -1.0 : 1.0; /* 8 columns */
  dkm_spins spins = {.mapping = DKM_MATRIX, .n_modes = M, .n_spins = N, .G = G};
  check_bound(&spins, 0, &reached);
  assert_true(reached);
  check_bound(&spins, 1, &reached);
  assert_true(reached);
  check_bound(&spins, 30, &reached); /* of each class some */
  assert_true(reached);
  spins.cue = cue;
  check_bound(&spins, 0, &reached);
  assert_true(reached);
  check_bound(&spins, 5, &reached);
  spins = (dkm_spins){.mapping = DKM_RANDOM, .n_modes = M, .n_spins = N};
  check_bound(&spins, 0, &reached);
  assert_true(reached);
  check_bound(&spins, 30, &reached);
  assert_true(reached);
  spins.n_spins = 3; /* fewer spins than columns */
  check_bound(&spins, 3, &reached);
  assert_true(reached);
}

/* ---- independent couplings ---- */

/* All n_values^M columns, one by one: their classes hold what they do. */
static void check_values(int n_modes, int n_values, const double *values, const double *probabilities,
                         int64_t expected) {
  dkm_couplings found;
  double share[MAX] = {0}, sum = 0.0;
  int n_columns = 1;
  for (int mu = 0; mu < n_modes; mu++) n_columns *= n_values;
  assert_int_equal(dkm_values_n_classes(n_modes, n_values, values, probabilities), expected);
  assert_int_equal(dkm_values_realise(n_modes, n_values, values, probabilities, &found, NULL), DKM_OK);
  assert_int_equal(found.system.n_classes, expected);
  for (int c = 0; c < n_columns; c++) {
    int n_same = 0, n_opposite = 0;
    int64_t of = -1;
    for (int64_t k = 0; k < expected; k++) {
      bool same = true, opposite = true;
      for (int mu = 0, rest = c; mu < n_modes; mu++, rest /= n_values) {
        same = same && found.system.couplings[k * n_modes + mu] == values[rest % n_values];
        opposite = opposite && found.system.couplings[k * n_modes + mu] == -values[rest % n_values];
      }
      n_same += same;
      n_opposite += opposite;
      if (same || (opposite && expected < n_columns)) of = k;
    }
    if (expected == n_columns)
      assert_int_equal(n_same, 1);
    else
      assert_true(n_same + n_opposite == 1 || (n_same == 1 && n_opposite == 1)); /* both: all of them 0 */
    double p = 1.0;
    for (int mu = 0, rest = c; mu < n_modes; mu++, rest /= n_values) p *= probabilities[rest % n_values];
    assert_true(of >= 0);
    share[of] += p;
  }
  for (int64_t k = 0; k < expected; k++) {
    assert_true(fabs(found.system.weights[k] - share[k]) < 1e-15);
    sum += found.system.weights[k];
  }
  assert_true(fabs(sum - 1.0) < 1e-14);
  assert_true(found.system.alpha_factor == 1.0);
  dkm_couplings_free(&found);
}

static void classes_of_values_are_all_columns_with_products_of_probabilities(void **state) {
  (void)state;
  check_values(3, 3, (double[]){-1, 0, 2}, (double[]){0.3, 0.2, 0.5}, 27);
  check_values(2, 4, (double[]){1, 2, 3, 4}, (double[]){0.1, 0.2, 0.3, 0.4}, 16);
  check_values(4, 1, (double[]){-2}, (double[]){1}, 1);
  check_values(3, 2, (double[]){-1, 1}, (double[]){0.25, 0.75}, 8); /* not even: as it is */
}

static void of_an_even_distribution_columns_of_both_signs_are_one_class(void **state) {
  (void)state;
  check_values(3, 3, (double[]){-1, 0, 1}, (double[]){0.3, 0.4, 0.3}, 14);
  check_values(3, 2, (double[]){0.5, -0.5}, (double[]){0.5, 0.5}, 4);
  check_values(2, 4, (double[]){-2, 1, 2, -1}, (double[]){0.1, 0.4, 0.1, 0.4}, 8);
}

static void values_of_one_size_are_the_patterns_of_fig_2(void **state) {
  (void)state;
  dkm_couplings found;
  dkm_system gauged;
  assert_int_equal(dkm_system_of_patterns(&gauged, DKM_GAUGED, 5, NULL), DKM_OK);
  assert_int_equal(dkm_values_realise(5, 2, (double[]){1, -1}, (double[]){0.5, 0.5}, &found, NULL), DKM_OK);
  assert_int_equal(found.system.n_classes, gauged.n_classes);
  for (int64_t k = 0; k < gauged.n_classes; k++) {
    assert_true(found.system.weights[k] == gauged.weight);
    for (int mu = 0; mu < 5; mu++)
      assert_true(dkm_system_coupling(&found.system, mu, k) == dkm_system_coupling(&gauged, mu, k));
  }
  dkm_couplings_free(&found);
}

static void more_classes_than_allowed_are_refused(void **state) {
  (void)state;
  const double even[] = {-1, 0, 1}, p_even[] = {0.25, 0.5, 0.25}, p_uneven[] = {0.25, 0.25, 0.5};
  const double halves[] = {0.5, 0.5};
  dkm_couplings found;
  dkm_error err = {DKM_OK, ""};
  assert_int_equal(dkm_values_n_classes(20, 2, (double[]){-1, 1}, halves), DKM_MAX_CLASSES / 2);
  assert_int_equal(dkm_values_n_classes(20, 2, (double[]){0, 1}, halves), DKM_MAX_CLASSES);
  assert_int_equal(dkm_values_n_classes(13, 3, even, p_even), 797162);
  assert_int_equal(dkm_values_n_classes(13, 3, even, p_uneven), 0);
  assert_int_equal(dkm_values_n_classes(14, 3, even, p_even), 0);
  assert_int_equal(dkm_values_n_classes(20, 3, even, p_even), 0);
  assert_int_equal(dkm_values_realise(14, 3, even, p_even, &found, &err), DKM_INPUT);
  assert_string_equal(err.message, "14 patterns with 3 values have more than 1048576 classes");
  assert_null(found.memory);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(classes_are_distinct_columns_with_exact_weights),
      cmocka_unit_test(without_a_cue_of_its_own_it_is_the_pattern_or_the_mixture),
      cmocka_unit_test(as_many_spins_are_flipped_as_is_said),
      cmocka_unit_test(which_spins_are_flipped_depends_on_the_seed_alone),
      cmocka_unit_test(every_spin_is_flipped_as_often),
      cmocka_unit_test(more_spins_than_there_are_cannot_be_flipped),
      cmocka_unit_test(random_patterns_are_gauged_and_depend_on_their_seed_alone),
      cmocka_unit_test(many_random_spins_fill_the_classes_evenly),
      cmocka_unit_test(no_point_has_more_classes_than_most),
      cmocka_unit_test(classes_of_values_are_all_columns_with_products_of_probabilities),
      cmocka_unit_test(of_an_even_distribution_columns_of_both_signs_are_one_class),
      cmocka_unit_test(values_of_one_size_are_the_patterns_of_fig_2),
      cmocka_unit_test(more_classes_than_allowed_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
