/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bodies: means of spins that turn together obey the equations of single spins, and what is said of the spins is true. */
#include "couplings.h"

#include <math.h>
#include <string.h>

#include "dickemap/bodies.h"
#include "dickemap/model.h"

enum { K = 12, M = 3, N = 4, SIZE = 3 * K + 2 * M }; /* three classes a body */

typedef struct scene {
  dkm_couplings tables;
  dkm_point point;
  double u[SIZE]; /* unit spins */
  dkm_bodies bodies;
} scene;

static void begin(gsl_rng *rng, scene *s) {
  double G[K * M], w[K], total = 0.0;
  s->point = (dkm_point){.g0 = uniform_between(rng, 0.3, 2), .Omega = 0.5, .pattern = 1};
  for (int mu = 0; mu < M; mu++) {
    s->point.Omega_mu[mu] = uniform_between(rng, 0.5, 3);
    s->point.kappa_mu[mu] = uniform_between(rng, 0.2, 2);
    s->u[3 * K + mu] = uniform_between(rng, -1, 1);
    s->u[3 * K + M + mu] = uniform_between(rng, -1, 1);
  }
  for (int k = 0; k < K; k++) {
    const double sign = gsl_rng_uniform(rng) < 0.5 ? -1 : 1;
    for (int mu = 0; mu < M; mu++) G[k * M + mu] = k < N ? uniform_between(rng, -1, 1) : sign * G[(k % N) * M + mu];
    total += w[k] = uniform_between(rng, 0.1, 1);
    double m[3], square = 0.0;
    for (int c = 0; c < 3; c++) {
      m[c] = uniform_between(rng, -1, 1);
      square += m[c] * m[c];
    }
    for (int c = 0; c < 3; c++) s->u[c * K + k] = m[c] / sqrt(square);
  }
  for (int k = 0; k < K; k++) w[k] /= total;
  assert_int_equal(dkm_couplings_create(DKM_MATRIX, M, K, G, w, NULL, &s->tables, NULL), DKM_OK);
  assert_int_equal(dkm_bodies_create(&s->tables.system, s->u, &s->bodies, NULL), DKM_OK);
  assert_int_equal(s->bodies.n_bodies, N);
}

static void end(scene *s) {
  dkm_bodies_free(&s->bodies);
  dkm_couplings_free(&s->tables);
}

/* Fourth-order Runge-Kutta steps. */
static void advance(const scene *s, int n, double dt, double *u) {
  double k[4][SIZE], at[SIZE], work[2 * K];
  const double ahead[] = {0.0, 0.5, 0.5, 1.0};
  for (int step = 0; step < n; step++) {
    for (int i = 0; i < 4; i++) {
      for (int j = 0; j < SIZE; j++) at[j] = u[j] + (i ? ahead[i] * dt * k[i - 1][j] : 0.0);
      dkm_model_rhs(&s->tables.system, &s->point, at, k[i], work);
    }
    for (int j = 0; j < SIZE; j++) u[j] += dt / 6.0 * (k[0][j] + 2.0 * k[1][j] + 2.0 * k[2][j] + k[3][j]);
  }
}

static void means_obey_the_equations(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 100; trial++) {
    scene s;
    double means[SIZE], du[SIZE], rates[SIZE], means_of_rates[SIZE], work[2 * K], xi[M], xi_means[M];
    begin(rng, &s);
    dkm_bodies_means(&s.bodies, s.u, means);
    dkm_model_rhs(&s.tables.system, &s.point, s.u, du, work);
    dkm_model_rhs(&s.bodies.system, &s.point, means, rates, work);
    dkm_bodies_means(&s.bodies, du, means_of_rates);
    for (int i = 0; i < 3 * N + 2 * M; i++) assert_close(rates[i], means_of_rates[i], 1e-13);
    dkm_model_overlaps(&s.tables.system, s.u, xi, work);
    dkm_model_overlaps(&s.bodies.system, means, xi_means, work);
    for (int mu = 0; mu < M; mu++) assert_close(xi[mu], xi_means[mu], 1e-14);
    end(&s);
  }
  gsl_rng_free(rng);
}

static void lengths_shares_and_what_is_across_are_constants_of_motion(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 20; trial++) {
    scene s;
    dkm_bodies later;
    begin(rng, &s);
    advance(&s, 2000, 1e-3, s.u);
    assert_int_equal(dkm_bodies_create(&s.tables.system, s.u, &later, NULL), DKM_OK);
    for (int i = 0; i < N; i++) assert_close(later.lengths[i], s.bodies.lengths[i], 1e-10);
    for (int k = 0; k < K; k++) assert_close(later.share[k], s.bodies.share[k], 1e-8);
    assert_close(later.across, s.bodies.across, 1e-8);
    assert_true(s.bodies.across > 0.1 && s.bodies.across <= 1 + 1e-14);
    dkm_bodies_free(&later);
    end(&s);
  }
  gsl_rng_free(rng);
}

static void spread_spins_have_the_same_means(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  scene s;
  double means[SIZE], spread[SIZE], back[SIZE];
  begin(rng, &s);
  dkm_bodies_means(&s.bodies, s.u, means);
  dkm_bodies_spread(&s.bodies, means, spread);
  dkm_bodies_means(&s.bodies, spread, back);
  for (int i = 0; i < 3 * N + 2 * M; i++) assert_close(back[i], means[i], 1e-14);
  end(&s);
  gsl_rng_free(rng);
}

/* By any angle, half a turn and those next to it included, angles between spins stay. */
static void turned_bodies_keep_their_shape(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int trial = 0; trial < 100; trial++) {
    scene s;
    double means[SIZE], turned[SIZE], back[SIZE];
    begin(rng, &s);
    dkm_bodies_means(&s.bodies, s.u, means);
    for (int i = 0; i < N; i++) {
      double to[3], square = 0.0;
      for (int c = 0; c < 3; c++) {
        to[c] = trial % 4 == 0   ? -means[c * N + i]
                : trial % 4 == 1 ? means[c * N + i]
                : trial % 4 == 2 ? -means[c * N + i] * (1 + pow(10, -1 - trial / 4 % 16) * uniform_between(rng, -1, 1))
                                 : uniform_between(rng, -1, 1);
        square += to[c] * to[c];
      }
      for (int c = 0; c < 3; c++) means[c * N + i] = to[c] / sqrt(square) * s.bodies.lengths[i];
    }
    memcpy(turned, s.u, sizeof turned);
    assert_int_equal(dkm_bodies_turn(&s.bodies, means, turned, NULL), DKM_OK);
    dkm_bodies_means(&s.bodies, turned, back);
    for (int i = 0; i < 3 * N + 2 * M; i++) assert_close(back[i], means[i], 1e-12);
    for (int j = 0; j < K; j++)
      for (int k = j % N; k < K; k += N) {
        double before = 0.0, after = 0.0;
        const double signs = s.bodies.sign[j] * s.bodies.sign[k];
        for (int c = 0; c < 3; c++) {
          before += (c ? signs : 1) * s.u[c * K + j] * s.u[c * K + k];
          after += (c ? signs : 1) * turned[c * K + j] * turned[c * K + k];
        }
        assert_close(after, before, 1e-12);
      }
    end(&s);
  }
  gsl_rng_free(rng);
}

/* Two opposite spins: nothing is left that a mode could see, and nothing to turn. */
static void a_body_may_have_no_mean(void **state) {
  (void)state;
  const double G[] = {1, 1}, w[] = {0.5, 0.5};
  double u[] = {0.6, -0.6, 0, 0, 0.8, -0.8, 0.1, 0.2}, means[5] = {0, 0, 0, 0.3, 0.4}, before[8];
  dkm_couplings tables;
  dkm_bodies bodies;
  assert_int_equal(dkm_couplings_create(DKM_MATRIX, 1, 2, G, w, NULL, &tables, NULL), DKM_OK);
  assert_int_equal(dkm_bodies_create(&tables.system, u, &bodies, NULL), DKM_OK);
  assert_int_equal(bodies.n_bodies, 1);
  assert_true(bodies.lengths[0] == 0 && bodies.share[0] == 0 && bodies.across == 1);
  memcpy(before, u, sizeof u);
  assert_int_equal(dkm_bodies_turn(&bodies, means, u, NULL), DKM_OK);
  assert_memory_equal(u, before, 6 * sizeof *u);
  assert_true(u[6] == 0.3 && u[7] == 0.4);
  dkm_bodies_free(&bodies);
  dkm_couplings_free(&tables);
}

static void where_all_couplings_differ_there_are_none(void **state) {
  (void)state;
  const double G[] = {1, 0.5, -0.25}, w[] = {0.25, 0.25, 0.5};
  const double u[] = {0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0};
  dkm_couplings tables;
  dkm_bodies bodies;
  dkm_system patterns;
  assert_int_equal(dkm_couplings_create(DKM_MATRIX, 1, 3, G, w, NULL, &tables, NULL), DKM_OK);
  assert_int_equal(dkm_bodies_create(&tables.system, u, &bodies, NULL), DKM_OK);
  assert_true(bodies.n_bodies == 0 && !bodies.body_of);
  assert_int_equal(dkm_system_of_patterns(&patterns, DKM_GAUGED, 1, NULL), DKM_OK);
  assert_int_equal(dkm_bodies_create(&patterns, u, &bodies, NULL), DKM_OK);
  assert_int_equal(bodies.n_bodies, 0);
  dkm_couplings_free(&tables);
}

/* Classes of ungauged patterns, against tables of the same couplings. */
static void mirror_images_among_patterns_turn_together(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int n_modes = 1; n_modes <= 4; n_modes++) {
    dkm_system patterns;
    dkm_bodies pairs, known;
    double u[3 * 16 + 2 * 4], means[3 * 8 + 2 * 4], means_known[3 * 8 + 2 * 4];
    assert_int_equal(dkm_system_of_patterns(&patterns, DKM_UNGAUGED, n_modes, NULL), DKM_OK);
    dkm_couplings tables = tables_of(&patterns);
    const int64_t n_classes = patterns.n_classes, n = n_classes / 2;
    for (size_t i = 0; i < dkm_model_size(&patterns); i++) u[i] = uniform_between(rng, -1, 1);
    assert_int_equal(dkm_bodies_create(&patterns, u, &pairs, NULL), DKM_OK);
    assert_int_equal(dkm_bodies_create(&tables.system, u, &known, NULL), DKM_OK);
    assert_true(pairs.n_bodies == n && known.n_bodies == n && pairs.system.n_classes == n);
    assert_true(pairs.system.alpha_factor == patterns.alpha_factor && pairs.across == known.across);
    dkm_bodies_means(&pairs, u, means);
    dkm_bodies_means(&known, u, means_known);
    for (int64_t k = 0; k < n_classes; k++) {
      const int64_t i = pairs.body_of[k], j = known.body_of[k];
      assert_true(pairs.sign[k] == known.sign[k] && pairs.part[k] == known.part[k] && pairs.share[k] == known.share[k]);
      assert_true(pairs.lengths[i] == known.lengths[j]);
      assert_true(dkm_system_weight(&pairs.system, i) == dkm_system_weight(&known.system, j));
      for (int c = 0; c < 3; c++) assert_true(means[c * n + i] == means_known[c * n + j]);
      for (int mu = 0; mu < n_modes; mu++)
        assert_true(dkm_system_coupling(&pairs.system, mu, i) == dkm_system_coupling(&known.system, mu, j));
    }
    dkm_bodies_free(&pairs);
    dkm_bodies_free(&known);
    dkm_couplings_free(&tables);
  }
  gsl_rng_free(rng);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(means_obey_the_equations),
      cmocka_unit_test(lengths_shares_and_what_is_across_are_constants_of_motion),
      cmocka_unit_test(spread_spins_have_the_same_means),
      cmocka_unit_test(turned_bodies_keep_their_shape),
      cmocka_unit_test(a_body_may_have_no_mean),
      cmocka_unit_test(where_all_couplings_differ_there_are_none),
      cmocka_unit_test(mirror_images_among_patterns_turn_together),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
