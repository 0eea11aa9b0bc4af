/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What theory says against records: sound ones pass, and each thing that may be wrong is told. */
#include "cmocka_headers.h"

#include <string.h>

#include "dickemap/check.h"
#include "dickemap/evaluate.h"
#include "dickemap/theory.h"
#include "evaluation.h"
#include "random_points.h"

static void fill_overlaps(const dkm_system *p, const dkm_point *pt, const double *xi, dkm_record *r) {
  for (int mu = 0; mu < p->n_modes; mu++) {
    const double D = pt->Omega_mu[mu] * pt->Omega_mu[mu] + 0.25 * pt->kappa_mu[mu] * pt->kappa_mu[mu];
    r->xi[mu] = xi[mu];
    r->occupation[mu] = (double)p->n_classes * pt->g0 * pt->g0 * xi[mu] * xi[mu] / D;
  }
  r->retrieved = dkm_record_leading(xi, p->n_modes, DKM_RETRIEVED_OVERLAP, &r->xi_second);
}

/* A sound record: of the pattern state of the cue, or of the overlaps given. */
static dkm_record record_of(const dkm_system *p, const dkm_point *pt, int verdict, const double *given) {
  const int cue = pt->pattern - 1;
  double xi[DKM_MAX_MODES] = {0};
  dkm_record r;
  dkm_record_clear(&r);
  r.verdict = (uint8_t)verdict;
  r.xi_theory = dkm_theory_xi(pt, cue);
  r.g_crit = dkm_theory_g_crit(pt, cue);
  r.g_retrieve = dkm_theory_g_retrieve(p, pt, cue);
  r.precession = 0.0;
  xi[cue] = -r.xi_theory;
  fill_overlaps(p, pt, given ? given : xi, &r);
  if (verdict != DKM_VERDICT_LIMIT_CYCLE && verdict != DKM_VERDICT_QUASIPERIODIC && verdict != DKM_VERDICT_IRREGULAR)
    return r;
  r.xi_amplitude[0] = r.amplitude = 0.1;
  r.period = 9.5;
  r.frequency_1 = 2.0 * M_PI / r.period;
  r.cycle_residual = 1e-13;
  r.growth_rate = -0.1;
  r.lyapunov = verdict == DKM_VERDICT_IRREGULAR ? 0.1 : 0.0;
  r.lyapunov_error = 1e-3;
  return r;
}

static void assert_sound(const dkm_system *p, const dkm_point *pt, const dkm_record *r) {
  char why[DKM_MESSAGE_BYTES] = "";
  if (dkm_check_record(p, pt, r, why, sizeof why)) return;
  print_point(pt, p->n_modes);
  fail_msg("%s: %s", dkm_verdict_name(r->verdict), why);
}

/* Fails unless the record is objected to with a clause that begins with these words. */
static void assert_told(const dkm_system *p, const dkm_point *pt, const dkm_record *r, const char *words) {
  char why[DKM_MESSAGE_BYTES] = "nothing";
  if (!dkm_check_record(p, pt, r, why, sizeof why) && strncmp(why, words, strlen(words)) == 0) return;
  fail_msg("told: %s\nexpected: %s", why, words);
}

static dkm_point tilted(dkm_point pt) {
  pt.perturbation = 0.01;
  return pt;
}

/* ---- which verdicts are possible ---- */

static void oscillations_need_modes_of_both_signs_and_a_start_off_one_mode(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 4);
  const int oscillations[] = {DKM_VERDICT_LIMIT_CYCLE, DKM_VERDICT_QUASIPERIODIC, DKM_VERDICT_IRREGULAR};
  for (int i = 0; i < 3; i++) {
    dkm_point pt = tilted(fig3_point(1.1, 1));
    dkm_record r = record_of(&p, &pt, oscillations[i], NULL);
    char told[100];
    snprintf(told, sizeof told, "%s, where nothing but rest is possible", dkm_verdict_name(oscillations[i]));
    assert_told(&p, &pt, &r, told);
    for (int mu = 0; mu < 4; mu++) pt.Omega_mu[mu] = -pt.Omega_mu[mu];
    r = record_of(&p, &pt, oscillations[i], NULL);
    assert_told(&p, &pt, &r, told);
    pt.Omega_mu[2] = -pt.Omega_mu[2]; /* both signs */
    r = record_of(&p, &pt, oscillations[i], NULL);
    assert_sound(&p, &pt, &r);
    pt.perturbation = 0.0; /* one mode */
    r = record_of(&p, &pt, oscillations[i], NULL);
    assert_told(&p, &pt, &r, told);
    pt = tilted(pt);
    pt.Omega = 0.0;
    r = record_of(&p, &pt, oscillations[i], (const double[4]){0.5});
    assert_told(&p, &pt, &r, dkm_verdict_name(oscillations[i]));
  }
}

static void dark_precession_needs_more_classes_than_modes(void **state) {
  (void)state;
  const char *told = "dark_precession, but constant overlaps leave no spin free to precess";
  for (int M = 1; M <= 3; M++)
    for (int mapping = DKM_GAUGED; mapping <= DKM_UNGAUGED; mapping++) {
      dkm_system p;
      dkm_system_of_patterns(&p, mapping, M, NULL);
      dkm_point pt = tilted(fig3_point(1.1, 1));
      pt.perturbation = 1e-9; /* overlaps are those of the means of classes that turn together, hardly shorter than 1 */
      dkm_record r = record_of(&p, &pt, DKM_VERDICT_DARK_PRECESSION, NULL);
      const bool possible = mapping == DKM_UNGAUGED || M > 2;
      if (possible)
        assert_sound(&p, &pt, &r);
      else
        assert_told(&p, &pt, &r, told);
      pt.Omega_mu[M - 1] = -pt.Omega_mu[M - 1]; /* whatever the signs */
      r = record_of(&p, &pt, DKM_VERDICT_DARK_PRECESSION, NULL);
      if (possible)
        assert_sound(&p, &pt, &r);
      else
        assert_told(&p, &pt, &r, told);
      pt.perturbation = 0.0; /* one class */
      r = record_of(&p, &pt, DKM_VERDICT_DARK_PRECESSION, NULL);
      assert_told(&p, &pt, &r, told);
      pt.Omega = 0.0;
      pt.overlap = 0.5;
      r = record_of(&p, &pt, DKM_VERDICT_DARK_PRECESSION, (const double[4]){0.5});
      assert_sound(&p, &pt, &r);
    }
}

static void uncoupled_spins_precess_with_one_period(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 4);
  dkm_point pt = fig3_point(0.0, 2);
  dkm_record r = record_of(&p, &pt, DKM_VERDICT_LIMIT_CYCLE, NULL);
  r.period = M_PI / pt.Omega;
  assert_sound(&p, &pt, &r);
  r.period *= 2.0;
  assert_told(&p, &pt, &r, "period is 12.56637061, but uncoupled spins precess with 6.283185307");
  r.period = NAN;
  assert_told(&p, &pt, &r, "period is nan");
  r = record_of(&p, &pt, DKM_VERDICT_FIXED_POINT, NULL);
  assert_told(&p, &pt, &r, "fixed_point, but uncoupled spins precess for ever");
  r = record_of(&p, &pt, DKM_VERDICT_QUASIPERIODIC, NULL);
  assert_told(&p, &pt, &r, "quasiperiodic, but uncoupled spins precess with one frequency");
  pt.overlap = 0.0;
  r = record_of(&p, &pt, DKM_VERDICT_FIXED_POINT, NULL);
  assert_sound(&p, &pt, &r);
  r = record_of(&p, &pt, DKM_VERDICT_LIMIT_CYCLE, NULL);
  assert_told(&p, &pt, &r, "limit_cycle, but the start is at rest");
}

static void nothing_moves_an_overlap_without_omega(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 2);
  dkm_point pt = fig3_point(1.1, 2);
  pt.Omega = 0.0;
  for (int i = -2; i <= 2; i++) {
    pt.overlap = 0.5 * i;
    const double xi[2] = {0.0, pt.overlap}, wrong[2] = {0.0, 0.9 * pt.overlap + 0.01};
    const int verdict = i % 2 ? DKM_VERDICT_DARK_PRECESSION : DKM_VERDICT_FIXED_POINT;
    dkm_record r = record_of(&p, &pt, verdict, xi);
    assert_sound(&p, &pt, &r);
    r = record_of(&p, &pt, verdict, wrong);
    assert_told(&p, &pt, &r, "xi of mode 2 is ");
    r = record_of(&p, &pt, i % 2 ? DKM_VERDICT_FIXED_POINT : DKM_VERDICT_DARK_PRECESSION, xi);
    assert_told(&p, &pt, &r, i % 2 ? "fixed_point, but the spins turn" : "dark_precession, but the spins are at rest");
  }
  pt = fig3_point(1.1, 2);
  pt.overlap = 0.0; /* and an exact start at rest stays at rest */
  dkm_record r = record_of(&p, &pt, DKM_VERDICT_FIXED_POINT, (const double[2]){0.0, 0.0});
  assert_sound(&p, &pt, &r);
  r = record_of(&p, &pt, DKM_VERDICT_FIXED_POINT, NULL);
  assert_told(&p, &pt, &r, "xi of mode 2 is ");
}

/* ---- overlaps ---- */

static void below_g_c_there_is_only_the_normal_state(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 4);
  for (int negative = 0; negative <= 4; negative += 2) { /* both signs as well */
    dkm_point pt = tilted(fig3_point(0.6, 4));
    for (int mu = 0; mu < negative; mu++) pt.Omega_mu[mu] = -pt.Omega_mu[mu];
    dkm_record r = record_of(&p, &pt, DKM_VERDICT_FIXED_POINT, NULL);
    assert_sound(&p, &pt, &r);
    const double xi[4] = {0.0, 2e-6, 0.0, 0.0};
    for (int verdict = DKM_VERDICT_FIXED_POINT; verdict <= DKM_VERDICT_DARK_PRECESSION; verdict++) {
      r = record_of(&p, &pt, verdict, xi);
      assert_told(&p, &pt, &r, "|xi| of mode 2 is 2e-06, but nothing is steady below g_c = 0.6454972244");
    }
    r.precession = 0.01; /* known to 5e-5 */
    assert_sound(&p, &pt, &r);
    r.xi_error = 1e-7;
    assert_told(&p, &pt, &r, "|xi| of mode 2 is 2e-06");
    r = record_of(&p, &pt, DKM_VERDICT_RELAXING, xi);
    assert_sound(&p, &pt, &r);
    memcpy(r.xi_limit, xi, sizeof xi);
    assert_told(&p, &pt, &r, "|xi| of mode 2 is 2e-06");
    pt.g0 = 0.65;
    r = record_of(&p, &pt, DKM_VERDICT_DARK_PRECESSION, xi);
    assert_sound(&p, &pt, &r);
  }
}

static void exact_starts_end_in_eq_12(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 4);
  for (int signs = 0; signs < 4; signs++)
    for (int above = 0; above < 2; above++) {
      dkm_point pt = fig3_point(above ? 1.1 : 0.7, 4);
      if (signs % 2) pt.Omega = -pt.Omega;
      if (signs / 2) pt.Omega_mu[3] = -pt.Omega_mu[3];
      const dkm_record sound = record_of(&p, &pt, DKM_VERDICT_FIXED_POINT, NULL);
      assert_sound(&p, &pt, &sound);
      assert_true(dkm_check_has_closed_form(&p, &pt, &sound));
      assert_close(dkm_check_deviation(&p, &pt, &sound), 0.0, 1e-15);
      dkm_record r = sound;
      r.xi[3] += 1e-5;
      assert_told(&p, &pt, &r, "|xi| of mode 4 is ");
      assert_close(dkm_check_deviation(&p, &pt, &r), 1e-5, 1e-12);
      r.xi_error = 2e-5;
      assert_sound(&p, &pt, &r);
      r = sound;
      r.xi[1] = 1e-5;
      assert_told(&p, &pt, &r, "|xi| of mode 2 is 1e-05, Eq. 12 gives 0");
      r = sound;
      r.occupation[3] += 0.01;
      assert_told(&p, &pt, &r, "occupation of mode 4 is ");
      r = sound;
      r.occupation[0] = NAN;
      assert_told(&p, &pt, &r, "occupation of mode 1 is nan, Eq. 12 gives 0");
      r = sound; /* on the way there */
      r.verdict = DKM_VERDICT_RELAXING;
      memset(r.xi, 0, sizeof r.xi);
      memcpy(r.xi_limit, sound.xi, 4 * sizeof(double));
      assert_sound(&p, &pt, &r);
      r.xi_limit[3] += 1e-5;
      assert_told(&p, &pt, &r, "|xi| of mode 4 is ");
    }
}

static void the_threshold_itself_amplifies_rounding(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 4);
  dkm_point pt = fig3_point(1.0, 2);
  pt.g0 = dkm_theory_g_crit(&pt, 1) * (1.0 + 1e-15);
  dkm_record r = record_of(&p, &pt, DKM_VERDICT_FIXED_POINT, (const double[4]){0});
  r.xi_error = 1e-12;
  assert_true(r.xi_theory > 1e-9);
  assert_sound(&p, &pt, &r);
}

/* A tilted start of three patterns that ended in pattern 1, and pattern 1 with another overlap. */
static void fixed_points_are_self_consistent(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 3);
  for (int negative = 0; negative < 2; negative++) {
    dkm_point pt = tilted(fig3_point(1.1, 3));
    if (negative)
      for (int mu = 0; mu < 3; mu++) pt.Omega_mu[mu] = -pt.Omega_mu[mu];
    const double xi = dkm_theory_xi(&pt, 0);
    dkm_record r = record_of(&p, &pt, DKM_VERDICT_FIXED_POINT, (const double[3]){-xi});
    assert_sound(&p, &pt, &r);
    r = record_of(&p, &pt, DKM_VERDICT_FIXED_POINT, (const double[3]){-xi - 1e-7});
    assert_told(&p, &pt, &r, "xi of mode 1 is -0.9388");
    r.xi_error = 1e-7;
    assert_sound(&p, &pt, &r);
    r = record_of(&p, &pt, DKM_VERDICT_FIXED_POINT, (const double[3]){xi, 1e-6});
    assert_told(&p, &pt, &r, "xi of mode 2 is 1e-06, but aligned spins in its field give");
    r = record_of(&p, &pt, DKM_VERDICT_FIXED_POINT, (const double[3]){xi});
    r.occupation[0] *= 1.0001;
    assert_told(&p, &pt, &r, "occupation of mode 1 is ");
  }
}

/* Three equal modes: the symmetric mixture of PHYSICS is no pattern, and self-consistent. */
static void mixtures_are_self_consistent(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 3);
  dkm_point pt = {.g0 = 0.9, .Omega = 0.5, .pattern = 1, .overlap = 1.0, .perturbation = 0.3};
  for (int mu = 0; mu < 3; mu++) pt.Omega_mu[mu] = pt.kappa_mu[mu] = 1.0;
  const double m = 0.4241952324;
  dkm_record r = record_of(&p, &pt, DKM_VERDICT_FIXED_POINT, (const double[3]){m, -m, m});
  r.xi_error = 1e-10; /* the digits above */
  assert_sound(&p, &pt, &r);
  r = record_of(&p, &pt, DKM_VERDICT_FIXED_POINT, (const double[3]){m, -m, 0.99 * m});
  assert_told(&p, &pt, &r, "xi of mode ");
}

/* As many classes as modes: the sign of each spin along its field follows from the overlaps. */
static void with_both_signs_classes_choose_their_side(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 2);
  dkm_point pt = tilted(fig3_point(1.1, 2));
  pt.Omega_mu[0] = -pt.Omega_mu[0];
  for (int nu = 0; nu < 2; nu++) {
    double xi[2] = {0};
    xi[nu] = dkm_theory_xi(&pt, nu);
    dkm_record r = record_of(&p, &pt, DKM_VERDICT_FIXED_POINT, xi);
    assert_sound(&p, &pt, &r);
    xi[nu] -= 0.01;
    r = record_of(&p, &pt, DKM_VERDICT_FIXED_POINT, xi);
    assert_told(&p, &pt, &r, nu ? "xi of mode 2 is " : "xi of mode 1 is ");
  }
}

static void overlaps_are_those_of_unit_spins(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 4);
  dkm_point pt = tilted(fig3_point(1.1, 1));
  pt.Omega_mu[0] = -pt.Omega_mu[0];
  const dkm_record sound = record_of(&p, &pt, DKM_VERDICT_IRREGULAR, (const double[4]){0.5, 0.5, 0.5, -0.5});
  assert_sound(&p, &pt, &sound);
  dkm_record r = record_of(&p, &pt, DKM_VERDICT_IRREGULAR, (const double[4]){0.5, 0.5, 0.5, -0.51});
  assert_told(&p, &pt, &r, "the sum of xi^2 is 1.0101, above 1");
  r = record_of(&p, &pt, DKM_VERDICT_IRREGULAR, (const double[4]){0.0, -1.01});
  assert_told(&p, &pt, &r, "|xi| of mode 2 is 1.01, above 1");
  r = sound;
  r.xi[2] = NAN;
  assert_told(&p, &pt, &r, "|xi| of mode 3 is nan");
  r.verdict = DKM_VERDICT_UNDECIDED; /* given up before the first window ended */
  r.retrieved = 0;
  r.xi_second = NAN;
  assert_sound(&p, &pt, &r);
  r = sound;
  r.xi_limit[1] = 1.1;
  assert_told(&p, &pt, &r, "|xi| of mode 2 is 1.1, above 1");
  r = sound;
  r.xi_error = -1e-300;
  assert_told(&p, &pt, &r, "xi_error is -1e-300, below 0");
}

/* ---- what else a record says ---- */

static void retrieved_is_the_leading_overlap(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 4);
  const dkm_point pt = tilted(fig3_point(1.1, 1));
  const double xi[4] = {0.1, -0.6, 0.005, 0.0};
  dkm_record r = record_of(&p, &pt, DKM_VERDICT_DARK_PRECESSION, xi);
  assert_int_equal(r.retrieved, -2);
  assert_sound(&p, &pt, &r);
  const int wrong[] = {2, -1, 0, DKM_RETRIEVED_MIXTURE};
  for (int i = 0; i < 4; i++) {
    r.retrieved = (int8_t)wrong[i];
    assert_told(&p, &pt, &r, "retrieved is ");
  }
  r.method = 1; /* a mixture then */
  assert_sound(&p, &pt, &r);
  r.retrieved = -2;
  assert_told(&p, &pt, &r, "retrieved is -2, but the leading overlap says 127");
  r = record_of(&p, &pt, DKM_VERDICT_DARK_PRECESSION, xi);
  r.xi_second = 0.005;
  assert_told(&p, &pt, &r, "xi_second is 0.005, but the second largest |xi| is 0.1");
  r.xi_second = NAN;
  assert_sound(&p, &pt, &r);
  /* Nothing where no overlap is known to differ from 0. */
  r = record_of(&p, &pt, DKM_VERDICT_DARK_PRECESSION, (const double[4]){2e-6});
  r.retrieved = 0;
  assert_told(&p, &pt, &r, "retrieved is 0, but the leading overlap says 1");
  r.xi_error = 3e-6;
  assert_sound(&p, &pt, &r);
  /* Of a trajectory under way it may be that of the end. */
  r = record_of(&p, &pt, DKM_VERDICT_RELAXING, xi);
  assert_sound(&p, &pt, &r);
  r.retrieved = 3;
  assert_told(&p, &pt, &r, "retrieved is 3");
  for (int mu = 0; mu < 4; mu++) r.xi_limit[mu] = mu == 2 ? 0.7 : 0.0;
  r.xi_second = NAN;
  assert_sound(&p, &pt, &r);
  /* Of one that is certain to end there it must be. */
  r.how = DKM_HOW_SETTLED;
  assert_sound(&p, &pt, &r);
  r.retrieved = -2;
  assert_told(&p, &pt, &r, "retrieved is -2, but where it is certain to end the leading overlap says 3");
}

static void closed_forms_in_a_record_are_those_of_theory(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 4);
  dkm_point pt = fig3_point(1.1, 3);
  dkm_record r = record_of(&p, &pt, DKM_VERDICT_UNDECIDED, NULL);
  r.g_crit += 1e-9;
  assert_told(&p, &pt, &r, "g_crit is ");
  r = record_of(&p, &pt, DKM_VERDICT_FIXED_POINT, NULL);
  r.xi_theory = NAN;
  assert_told(&p, &pt, &r, "xi_theory is nan");
  r = record_of(&p, &pt, DKM_VERDICT_FIXED_POINT, NULL);
  r.g_retrieve = 0.9;
  assert_told(&p, &pt, &r, "g_retrieve is 0.9");
  /* Version 0.1.0 knew them for Omega Omega_mu > 0 only. */
  for (int mu = 0; mu < 4; mu++) pt.Omega_mu[mu] = -pt.Omega_mu[mu];
  r = record_of(&p, &pt, DKM_VERDICT_FIXED_POINT, NULL);
  r.g_crit = r.xi_theory = r.g_retrieve = NAN;
  assert_told(&p, &pt, &r, "g_crit is nan");
  r.method = 1;
  assert_sound(&p, &pt, &r);
}

static void the_lyapunov_function_falls(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 4);
  const dkm_point pt = tilted(fig3_point(1.1, 1));
  const dkm_record sound = record_of(&p, &pt, DKM_VERDICT_FIXED_POINT, NULL);
  dkm_record r = sound;
  r.L_end = -0.3;
  r.L_limit = r.L_saddle = -0.4;
  assert_sound(&p, &pt, &r);
  r.L_limit = -0.3 + 1e-12;
  r.L_saddle = NAN;
  assert_sound(&p, &pt, &r);
  r.L_limit = -0.29;
  assert_told(&p, &pt, &r, "L_limit, -0.29, is above L_end, -0.3, but L cannot rise");
  r = sound;
  r.L_limit = -0.3;
  r.L_saddle = -0.31;
  assert_told(&p, &pt, &r, "L_limit, -0.3, is above the barrier around it, -0.31");
}

static void oscillations_need_their_evidence(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 2);
  const dkm_point pt = {.g0 = 0.722, .Omega = 0.5, .Omega_mu = {2.142, -1.758}, .kappa_mu = {0.495, 0.609},
                        .pattern = 1, .overlap = 1.0, .perturbation = 0.01};
  dkm_record cycle = record_of(&p, &pt, DKM_VERDICT_LIMIT_CYCLE, NULL), r;
  cycle.xi_amplitude[0] = cycle.amplitude = 0.3;
  cycle.xi_amplitude[1] = 0.2;
  assert_sound(&p, &pt, &cycle);
  r = cycle;
  r.amplitude = 0.2;
  assert_told(&p, &pt, &r, "amplitude is 0.2, but the largest of xi_amplitude 0.3");
  r = cycle;
  r.n_unstable = 1;
  r.growth_rate = 0.1;
  assert_told(&p, &pt, &r, "limit_cycle with 1 growing directions, growth_rate 0.1");
  r = cycle;
  r.cycle_residual = 1e-4;
  assert_told(&p, &pt, &r, "limit_cycle, but after a period variables differ by 0.0001");
  r = cycle;
  r.period = 19;
  assert_told(&p, &pt, &r, "frequency_1 is 0.6613879271, but period is 19");
  r.method = 2; /* did not measure all of it */
  assert_sound(&p, &pt, &r);
  r = cycle;
  r.verdict = DKM_VERDICT_IRREGULAR;
  r.lyapunov = 1e-3;
  r.lyapunov_error = 2e-3;
  assert_told(&p, &pt, &r, "irregular with the exponent 0.001 +- 0.002");
  r.verdict = DKM_VERDICT_QUASIPERIODIC;
  assert_sound(&p, &pt, &r);
  r.lyapunov = 3e-3;
  assert_told(&p, &pt, &r, "quasiperiodic with the exponent 0.003 +- 0.002");
}

static void a_record_that_says_nothing_can_be_right(void **state) {
  (void)state;
  const dkm_system p = patterns_of(DKM_GAUGED, 4);
  const dkm_point pt = fig3_point(1.1, 1);
  const int verdicts[] = {DKM_VERDICT_NONE, DKM_VERDICT_FAILED, DKM_N_VERDICTS, 255};
  for (int i = 0; i < 4; i++) {
    dkm_record r;
    dkm_record_clear(&r);
    r.verdict = (uint8_t)verdicts[i];
    assert_sound(&p, &pt, &r);
  }
  dkm_record r = record_of(&p, &pt, DKM_VERDICT_LIMIT_CYCLE, NULL);
  assert_false(dkm_check_record(&p, &pt, &r, NULL, 0));
}

/* ---- records as they are made ---- */

static void computed_records_are_sound(void **state) {
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  for (int M = 1; M <= 4; M++)
    for (int mapping = DKM_GAUGED; mapping <= DKM_UNGAUGED; mapping++) {
      enum { N = 40 };
      const dkm_solver solver = {.method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = 2e3};
      dkm_system p;
      dkm_point points[N];
      dkm_record records[N];
      dkm_evaluator *e = NULL;
      dkm_system_of_patterns(&p, mapping, M, NULL);
      for (int i = 0; i < N; i++) {
        points[i] = random_point(rng, M, i % 2, p.n_classes > M && i % 3 == 0);
        if (i % 4 > 1) points[i].Omega = -points[i].Omega;
        if (i % 10 == 8) points[i].overlap = 0.0;
      }
      assert_int_equal(dkm_evaluator_create(&p, &solver, NULL, &e, NULL), DKM_OK);
      assert_int_equal(dkm_evaluate(e, N, points, records, NULL, NULL), DKM_OK);
      for (int i = 0; i < N; i++) assert_sound(&p, &points[i], &records[i]);
      dkm_evaluator_destroy(e);
    }
  gsl_rng_free(rng);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(oscillations_need_modes_of_both_signs_and_a_start_off_one_mode),
      cmocka_unit_test(dark_precession_needs_more_classes_than_modes),
      cmocka_unit_test(uncoupled_spins_precess_with_one_period),
      cmocka_unit_test(nothing_moves_an_overlap_without_omega),
      cmocka_unit_test(below_g_c_there_is_only_the_normal_state),
      cmocka_unit_test(exact_starts_end_in_eq_12),
      cmocka_unit_test(the_threshold_itself_amplifies_rounding),
      cmocka_unit_test(fixed_points_are_self_consistent),
      cmocka_unit_test(mixtures_are_self_consistent),
      cmocka_unit_test(with_both_signs_classes_choose_their_side),
      cmocka_unit_test(overlaps_are_those_of_unit_spins),
      cmocka_unit_test(retrieved_is_the_leading_overlap),
      cmocka_unit_test(closed_forms_in_a_record_are_those_of_theory),
      cmocka_unit_test(the_lyapunov_function_falls),
      cmocka_unit_test(oscillations_need_their_evidence),
      cmocka_unit_test(a_record_that_says_nothing_can_be_right),
      cmocka_unit_test(computed_records_are_sound),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
