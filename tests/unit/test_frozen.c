/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Barriers of spins that keep their components along their fields. */
#include "cmocka_headers.h"

#include "evaluation.h"
#include "random_points.h"
#include "scene.h"

/* Spins aligned at a minimum: U_a is U there, and the barrier is no higher than the pass to any minimum with another
 * label. (A plane may cut a third valley: then it is lower.) */
static void frozen_barriers_are_not_above_the_pass(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int n_compared = 0;
  for (int trial = 0; trial < 200; trial++) {
    scene s = random_scene(rng, trial, 2 + trial % 3, size_between(rng, 3, 10), 2, 6);
    search_scene(&s);
    for (int i = 0; i < s.n && s.certified && !dkm_landscape_is_even(s.landscape); i++) {
      double u[MOST_STATE];
      dkm_frozen frozen;
      int leading = 0;
      if (s.points[i].index > 0) continue;
      dkm_landscape_aligned_state(s.landscape, s.points[i].xi, u);
      assert_true(dkm_landscape_frozen(s.landscape, u, dkm_landscape_value(s.landscape, u), &frozen));
      for (int mu = 0; mu < s.M; mu++) {
        assert_close(frozen.xi[mu], s.points[i].xi[mu], 1e-7);
        if (fabs(s.points[i].xi[mu]) > fabs(s.points[i].xi[leading])) leading = mu;
      }
      assert_int_equal(frozen.leading, leading);
      /* Minima of a list whose other members are led by another overlap, or the other way: its escape is that pass. */
      bool only = true;
      for (int j = 0; j < s.n; j++)
        if (j != i && s.points[j].index == 0) {
          int other = 0;
          for (int mu = 0; mu < s.M; mu++)
            if (fabs(s.points[j].xi[mu]) > fabs(s.points[j].xi[other])) other = mu;
          only = only && other != leading;
        }
      if (!only) continue;
      assert_true(frozen.barrier <= s.points[i].escape + 1e-6);
      n_compared++;
    }
    end_scene(&s);
  }
  assert_true(n_compared > 100);
  gsl_rng_free(rng);
}

/* Gauged patterns at a point of these g0/g_mu, spins of length 1; ends with its landscape. */
static scene scene_of_ratios(int M, const double *ratio) {
  scene s = {.M = M, .couplings = {.system = patterns_of(DKM_GAUGED, M)}, .point = point_of_ratios(M, ratio)};
  s.K = s.couplings.system.n_classes;
  assert_int_equal(dkm_landscape_create(&s.couplings.system, &s.landscape, NULL), DKM_OK);
  dkm_landscape_turn(s.landscape, &s.point, NULL);
  return s;
}

/* Turns aligned spins away from their fields, so that a_k, at least `least`, is left of them along these: the lengths of s. */
static void turn_away(gsl_rng *rng, scene *s, double least, double *u) {
  for (int64_t k = 0; k < s->K; k++) {
    const double a = s->lengths[k] = uniform_between(rng, least, 1.0);
    u[k] *= a;
    u[2 * s->K + k] *= a;
    u[s->K + k] = sqrt(1.0 - a * a);
  }
}

/* U of spins aligned with the fields of these overlaps, as V. */
static double potential_at(dkm_landscape *l, const double *xi) {
  double u[MOST_STATE];
  dkm_landscape_aligned_state(l, xi, u);
  return dkm_landscape_value(l, u);
}

/* Far above threshold U -> |Omega| (sum_mu q_mu^2/2 - mean_k |sum_mu f_k,mu r_mu q_mu|/sqrt(2)).  Where a first spin changes
 * over from pattern `lead` to others, r_lead |q_lead| = sum_nu r_nu |q_nu|: there it is at least -|Omega|/4/(1/r_lead^2 + 1/sum
 * r_nu^2), which can be far above other minima.  The barrier is no lower, and no higher than the way straight to them. */
static void the_barrier_of_frozen_spins_is_the_ridge_of_their_pattern(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int n_shallow = 0;
  for (int trial = 0; trial < 120; trial++) {
    const int M = 2 + trial % 4, lead = trial / 4 % M;
    double ratio[DKM_MAX_MODES], u[MOST_STATE], others = 0.0, deepest = 0.0;
    for (int mu = 0; mu < M; mu++) {
      ratio[mu] = 60.0 * pow(4.0, uniform_between(rng, 0, 1));
      deepest = fmax(deepest, ratio[mu]);
      if (mu != lead) others += ratio[mu] * ratio[mu];
    }
    scene s = scene_of_ratios(M, ratio);
    dkm_landscape *l = s.landscape;
    const double unit = fabs(s.point.Omega), mine = ratio[lead] * ratio[lead], ridge = -0.25 * unit / (1.0 / mine + 1.0 / others);
    for (int side = -1; side <= 1; side += 2) {
      double at[DKM_MAX_MODES] = {0};
      dkm_frozen frozen, turning;
      at[lead] = side;
      dkm_landscape_aligned_state(l, at, u);
      assert_true(dkm_landscape_frozen(l, u, dkm_landscape_value(l, u), &frozen));
      assert_int_equal(frozen.leading, lead);
      assert_true(frozen.barrier >= ridge * 1.002);
      assert_true(frozen.barrier > dkm_landscape_value(l, u));
      turn_away(rng, &s, 0.9, u); /* which lifts the ridge */
      assert_true(dkm_landscape_frozen(l, u, dkm_landscape_value(l, u), &turning));
      assert_true(turning.leading == lead && turning.barrier >= ridge * 1.002);
      for (int mu = 0; mu < M; mu++) {
        double top = -INFINITY;
        for (int i = 0; i <= 4000; i++) {
          double xi[DKM_MAX_MODES] = {0};
          xi[lead] = side * (mu == lead ? 1.0 - i / 2000.0 : 1.0 - i / 4000.0);
          if (mu != lead) xi[mu] = i / 4000.0;
          top = fmax(top, potential_at(l, xi));
        }
        assert_true(frozen.barrier <= top + 1e-3 * fabs(top));
      }
    }
    n_shallow += ridge > -0.25 * unit * deepest * deepest;
    dkm_landscape_destroy(l);
  }
  assert_true(n_shallow >= 80); /* other valleys are deeper than the ridge of this one */
  gsl_rng_free(rng);
}

/* The lowest of U_a that random search finds where turn r_lead q_lead is the sum of the others' |r q| (other < 0), or side r_other
 * q_other.  s: its lengths are the a_k. */
static double lowest_by_search(gsl_rng *rng, const scene *s, const double *ratio, int lead, int other, double turn, double side) {
  double lowest = INFINITY;
  for (int start = 0; start < 12; start++) {
    double best[DKM_MAX_MODES] = {0}, U = INFINITY, spread = 1.0;
    for (int trial = 0; trial < 1500; trial++, spread *= 0.99) {
      double q[DKM_MAX_MODES] = {0}, sum = 0.0;
      for (int mu = 0; mu < s->M; mu++) {
        q[mu] = best[mu] + spread * ratio[mu] * uniform_between(rng, -1, 1);
        if (mu != lead) sum += ratio[mu] * fabs(q[mu]);
      }
      if (other >= 0) sum = side * turn * ratio[other] * q[other];
      q[lead] = turn * sum / ratio[lead];
      if (sum < 0.0) continue;
      const double here = potential(s, q, NULL, NULL);
      if (here < U) {
        U = here;
        memcpy(best, q, sizeof best);
      }
    }
    lowest = fmin(lowest, U);
  }
  return lowest;
}

/* Of spins in random directions about those of a pattern, next to threshold and above: what is lower than the barrier crosses
 * neither of the surfaces, wherever these are lowest, but for few. */
static void barriers_of_frozen_spins_are_not_above_both_surfaces(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int n_asked = 0, n_above = 0;
  for (int trial = 0; n_asked < 250 && trial < 4000; trial++) {
    const int M = 3 + trial % 2, lead = trial / 2 % M;
    double ratio[DKM_MAX_MODES], at[DKM_MAX_MODES] = {0}, u[MOST_STATE], highest = INFINITY;
    for (int mu = 0; mu < M; mu++) ratio[mu] = 1.1 * pow(6.0, uniform_between(rng, 0, 1));
    scene s = scene_of_ratios(M, ratio);
    dkm_landscape *l = s.landscape;
    at[lead] = 1.0;
    dkm_landscape_aligned_state(l, at, u);
    turn_away(rng, &s, 0.1, u);
    const double value = dkm_landscape_value(l, u);
    dkm_frozen frozen;
    if (dkm_landscape_frozen(l, u, value, &frozen) && frozen.leading == lead && frozen.barrier > value) {
      const double turn = frozen.xi[lead] < 0.0 ? 1.0 : -1.0; /* xi = -q/r */
      for (int mu = 0; mu < M; mu++)
        for (int side = -1; side <= 1 && mu != lead; side += 2)
          highest = fmin(highest, lowest_by_search(rng, &s, ratio, lead, mu, turn, side));
      highest = fmax(highest, lowest_by_search(rng, &s, ratio, lead, -1, turn, 1.0));
      n_asked++;
      n_above += frozen.barrier / fabs(s.point.Omega) > highest + 1e-6 * fabs(highest);
    }
    dkm_landscape_destroy(l);
  }
  assert_int_equal(n_asked, 250);
  assert_true(n_above <= 2);
  gsl_rng_free(rng);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frozen_barriers_are_not_above_the_pass),
      cmocka_unit_test(the_barrier_of_frozen_spins_is_the_ridge_of_their_pattern),
      cmocka_unit_test(barriers_of_frozen_spins_are_not_above_both_surfaces),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
