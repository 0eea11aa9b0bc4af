/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of states at rest against theory: closed forms, and equations that modes and spins at rest satisfy. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "check_subject.h"
#include "dickemap/landscape.h"
#include "dickemap/theory.h"
#include "response.h"

/* Of |xi| that is `xi` in closed form: rounding of (g_nu/g0)^4 is amplified close to the threshold. */
static double tolerance_about(const subject *s, double xi) {
  return fmax(s->xi_error, rounding) + sqrt(xi * xi + 64.0 * DBL_EPSILON) - xi;
}

/* |alpha|^2 over xi^2, wherever the order parameters are steady */
static double occupation_factor(const dkm_system *system, const dkm_point *point, int mu) {
  return system->occupation_factor * point->g0 * point->g0 / dkm_point_D(point, mu);
}

/* ---- overlaps that are steady in the end ---- */

bool dkm_check_normal_state_below_g_c(const subject *s) {
  double g_c = INFINITY;
  const dkm_system *asked = dkm_start_asked(s->start);
  const double *lengths = dkm_start_lengths(s->start);
  if (!s->limit || s->point->Omega == 0.0 || s->start->point.g0 == 0.0 || s->point->imbalance != 0.0) return true;
  if (dkm_point_has_losses(s->point))
    g_c = dkm_theory_g_normal(asked, &s->start->point, NULL);
  else if (!dkm_system_has_patterns(asked) || lengths) {
    if (s->sign == 0) return true;
    g_c = dkm_theory_g_normal(asked, &s->start->point, lengths);
  } else
    for (int mu = 0; mu < asked->n_modes; mu++) g_c = fmin(g_c, dkm_theory_g_crit(&s->start->point, mu));
  if (!(s->point->g0 < g_c * (1.0 - rounding))) return true;
  for (int mu = 0; mu < s->system->n_modes; mu++)
    if (!(fabs(s->limit[mu]) <= tolerance_about(s, 0.0)))
      return object(s, "|xi| of mode %d is %.10g, but nothing is steady below g_c = %.10g other than xi = 0", mu + 1,
                    fabs(s->limit[mu]), g_c);
  return true;
}

/* |alpha|^2 follows from xi, at rest. Where xi fluctuates still it is a mean: by more than alpha' = -kappa/2 alpha -
 * i sqrt(K) g0 xi lets it, at resonance, it cannot exceed that. */
bool dkm_check_occupations_go_with_overlaps(const subject *s) {
  const dkm_record *record = s->record;
  if (!is_steady(record->verdict) || s->point->imbalance != 0.0 || is_driven_for_ever(s)) return true;
  for (int mu = 0; mu < s->system->n_modes; mu++) {
    const double factor = occupation_factor(s->system, s->point, mu), xi = fabs(record->xi[mu]);
    const double expected = factor * xi * xi, error = fmax(s->xi_error, rounding);
    const double tolerance = rounding * expected + factor * error * (2.0 * xi + error);
    const double swing = 2.0 * s->point->g0 / s->point->kappa_mu[mu] * record->xi_rms[mu];
    const bool swings = record->verdict == DKM_VERDICT_DARK_PRECESSION && !isnan(swing);
    const double above = swings ? 4.0 * s->system->occupation_factor * swing * swing : 0.0;
    const double excess_found = record->occupation[mu] - expected;
    if (!(excess_found >= -tolerance && excess_found <= above + tolerance))
      return object(s, "occupation of mode %d is %.10g, its overlap gives %.10g", mu + 1, record->occupation[mu],
                    expected);
  }
  return true;
}

/* Im beta' = 0, whatever y is: what the amplitudes of modes at rest have to do with the overlaps of unbalanced couplings. */
bool dkm_check_modes_are_at_rest(const subject *s) {
  const dkm_record *record = s->record;
  const dkm_point *point = s->point;
  if (record->verdict != DKM_VERDICT_FIXED_POINT || is_driven_for_ever(s) || point->imbalance == 0.0) return true;
  for (int mu = 0; mu < s->system->n_modes; mu++) {
    const double factor = s->system->alpha_factor;
    const double re = record->alpha_re[mu] / factor, im = record->alpha_im[mu] / factor;
    const double rate = point->Omega_mu[mu] * re + 0.5 * point->kappa_mu[mu] * im + point->g0 * record->xi[mu];
    const double size = fabs(point->Omega_mu[mu] * re) + point->kappa_mu[mu] * fabs(im) + point->g0;
    if (!(fabs(rate) <= (self_consistency + s->xi_error) * size))
      return object(s, "mode %d is not at rest: alpha is %.10g + %.10g i, and xi %.10g", mu + 1, record->alpha_re[mu],
                    record->alpha_im[mu], record->xi[mu]);
  }
  return true;
}

/* Right-hand side of the self-consistency equations of `system` at xi, with c_k = c |m_k| or, for c = 0, +-|m_k| such that
 * z_k has the sign that it has in xi (+-1 patterns, rank G = K).  lengths as in dkm_start_lengths. */
static void self_consistent_overlaps(const dkm_system *system, const dkm_point *point, const double *lengths,
                                     const double *xi, int c, double *expected) {
  const int M = system->n_modes;
  double field[DKM_MAX_MODES];
  for (int mu = 0; mu < M; mu++) {
    field[mu] = -2.0 * point->g0 * point->g0 * point->Omega_mu[mu] * xi[mu] / dkm_point_D(point, mu);
    expected[mu] = 0.0;
  }
  for (int64_t k = 0; k < system->n_classes; k++) {
    double along_z = 0.0, z_of_xi = 0.0; /* g0 h_k; z_k = sum_mu f_{mu,k} xi_mu */
    for (int mu = 0; mu < M; mu++) {
      const double f = dkm_system_coupling(system, mu, k);
      along_z += f * field[mu];
      z_of_xi += f * xi[mu];
    }
    const double length = lengths ? lengths[k] : dkm_point_length(point);
    const double component = length * (c != 0 ? c : (z_of_xi * along_z < 0.0 ? -1.0 : 1.0));
    const double B = hypot(point->Omega, along_z);
    const double z = B > 0.0 ? component * along_z / B : 0.0;
    for (int mu = 0; mu < M; mu++)
      expected[mu] += dkm_system_weight(system, k) * dkm_system_coupling(system, mu, k) * z;
  }
}

/* Whether what is asked about (start.h) is at rest: also where spins precess about means that are. */
static bool asked_is_at_rest(const subject *s) {
  if (s->record->verdict == DKM_VERDICT_FIXED_POINT) return true;
  return s->record->verdict == DKM_VERDICT_DARK_PRECESSION && s->start->bodies.n_bodies > 0 &&
         dkm_system_full_rank(&s->start->bodies.system);
}

/* Damped spins are aligned: an inverted class adds two directions that grow.  (Exact starts: Eq. 12.) */
bool dkm_check_fixed_point_is_self_consistent(const subject *s) {
  const dkm_system *asked = dkm_start_asked(s->start);
  const double *lengths = dkm_start_lengths(s->start);
  double xi[DKM_MAX_MODES] = {0}, expected[DKM_MAX_MODES], steepness = 1.0;
  if (!is_conserved(s) || is_driven_for_ever(s) || !asked_is_at_rest(s) || s->exact || s->point->Omega == 0.0 ||
      s->start->point.g0 == 0.0 ||
      (s->sign == 0 && !(dkm_system_has_patterns(asked) && dkm_system_full_rank(asked) && !lengths)))
    return true;
  for (int mu = 0; mu < s->system->n_modes; mu++) {
    const double ratio = s->point->g0 / dkm_theory_g_crit(s->point, mu);
    steepness = fmax(steepness, ratio * ratio * s->system->largest * s->system->largest);
    if (s->start->mode_group[mu] >= 0) xi[s->start->mode_group[mu]] = s->record->xi[mu] / s->start->mode_factor[mu];
  }
  /* The equations amplify an error of xi by no more than this. */
  const double error = isnan(s->record->xi_error) ? 0.0 : s->xi_error;
  const double tolerance = self_consistency + (1.0 + steepness) * error;
  self_consistent_overlaps(asked, &s->start->point, lengths, xi, -s->sign, expected);
  for (int mu = 0; mu < s->system->n_modes; mu++) {
    const int i = s->start->mode_group[mu];
    const double aligned = i < 0 ? 0.0 : s->start->mode_factor[mu] * expected[i];
    if (!(fabs(s->record->xi[mu] - aligned) <= tolerance))
      return object(s, "xi of mode %d is %.10g, but aligned spins in its field give %.10g", mu + 1, s->record->xi[mu],
                    aligned);
  }
  return true;
}

/* Spins that forget where they came from are in their fields what these fields alone make of them (response.h). */
bool dkm_check_spins_are_those_of_the_modes(const subject *s) {
  const dkm_system *asked = dkm_start_asked(s->start);
  const dkm_point *point = &s->start->point;
  double re[DKM_MAX_MODES] = {0}, im[DKM_MAX_MODES] = {0}, expected[DKM_MAX_MODES] = {0}, field = 0.0;
  if (s->record->verdict != DKM_VERDICT_FIXED_POINT || is_driven_for_ever(s) || point->g0 == 0.0 ||
      dkm_rest_kind(point) != REST_FORGETS)
    return true;
  for (int mu = 0; mu < s->system->n_modes; mu++) {
    const int i = s->start->mode_group[mu];
    const double factor = s->system->alpha_factor * s->start->mode_factor[mu];
    if (i < 0) continue;
    re[i] = s->record->alpha_re[mu] / factor;
    im[i] = s->record->alpha_im[mu] / factor;
    field += fabs(re[i]) + fabs(im[i]);
  }
  for (int64_t k = 0; k < asked->n_classes; k++) {
    double h = 0.0, v = 0.0, B[3], m[3];
    for (int mu = 0; mu < asked->n_modes; mu++) {
      h += 2.0 * dkm_system_coupling(asked, mu, k) * re[mu];
      v += 2.0 * dkm_system_coupling(asked, mu, k) * im[mu];
    }
    dkm_rest_field(point, h, v, B);
    dkm_rest_spin(point, B, 0.0, m);
    for (int mu = 0; mu < asked->n_modes; mu++)
      expected[mu] += dkm_system_weight(asked, k) * dkm_system_coupling(asked, mu, k) * m[2];
  }
  /* A spin turns by as much as the torque of a field exceeds its losses. */
  const double steepness = 2.0 * point->g0 * (1.0 + field) / dkm_point_gamma_T(point);
  const double tolerance = self_consistency + (1.0 + steepness) * fmax(s->xi_error, 1e-12);
  for (int mu = 0; mu < s->system->n_modes; mu++) {
    const int i = s->start->mode_group[mu];
    const double xi = i < 0 ? 0.0 : s->start->mode_factor[mu] * expected[i];
    if (!(fabs(s->record->xi[mu] - xi) <= tolerance))
      return object(s, "xi of mode %d is %.10g, but spins at rest in the field of the modes give %.10g", mu + 1,
                    s->record->xi[mu], xi);
  }
  return true;
}

/* ---- starts without perturbation ---- */

/* By a field, off the saddle between the two states of its pattern. */
static bool is_pushed(const dkm_point *point) {
  return point->overlap != 0.0 && point->flip != 0.5 && dkm_theory_applies(point) && point->g0 > 0.0;
}

bool dkm_check_has_closed_form(const dkm_system *system, const dkm_point *given, const dkm_record *record) {
  const dkm_point last = dkm_drive_final(system->drive, given), *point = &last;
  if (dkm_drive_repeats(system->drive)) return false;
  const bool ends = record->verdict == DKM_VERDICT_FIXED_POINT ||
                    (record->verdict == DKM_VERDICT_RELAXING && !isnan(record->xi_limit[0]));
  const bool has_form = point->imbalance == 0.0; /* else there are other states beside the pattern's */
  return ends && has_form && dkm_start_is_pattern(system, point) && is_pushed(point);
}

double dkm_check_deviation(const dkm_system *system, const dkm_point *given, const dkm_record *record) {
  const dkm_point last = dkm_drive_final(system->drive, given), *point = &last;
  const bool at_rest = record->verdict == DKM_VERDICT_FIXED_POINT;
  const double *limit = at_rest ? record->xi : record->xi_limit;
  double largest = 0.0;
  for (int mu = 0; mu < system->n_modes; mu++) {
    const double xi = mu == point->pattern - 1 ? dkm_theory_xi(point, mu) : 0.0;
    const double occupation = occupation_factor(system, point, mu) * xi * xi;
    largest = fmax(largest, fabs(fabs(limit[mu]) - xi));
    if (at_rest) largest = fmax(largest, fabs(record->occupation[mu] - occupation) / fmax(1.0, occupation));
  }
  return largest;
}

bool dkm_check_exact_start_ends_in_eq_12(const subject *s) {
  const bool ends = s->record->verdict == DKM_VERDICT_FIXED_POINT || s->record->verdict == DKM_VERDICT_RELAXING;
  if (!s->exact || !is_pushed(s->point) || !ends || !s->limit || s->point->imbalance != 0.0) return true;
  for (int mu = 0; mu < s->system->n_modes; mu++) {
    const double xi = mu == s->point->pattern - 1 ? dkm_theory_xi(s->point, mu) : 0.0, found = fabs(s->limit[mu]);
    const double tolerance = tolerance_about(s, xi), factor = occupation_factor(s->system, s->point, mu);
    const double x = s->record->x_mean, x_theory = dkm_theory_x(s->point, s->point->pattern - 1);
    if (s->record->verdict == DKM_VERDICT_FIXED_POINT && !isnan(x) && !isnan(x_theory) &&
        !(fabs(x - x_theory) <= usual_error))
      return object(s, "x_mean is %.10g, the closed form gives %.10g", x, x_theory);
    if (!(fabs(found - xi) <= tolerance))
      return object(s, "|xi| of mode %d is %.10g, Eq. 12 gives %.10g", mu + 1, found, xi);
    if (s->record->verdict == DKM_VERDICT_FIXED_POINT &&
        !(fabs(s->record->occupation[mu] - factor * xi * xi) <=
          rounding * factor * xi * xi + factor * tolerance * (2.0 * xi + tolerance)))
      return object(s, "occupation of mode %d is %.10g, Eq. 12 gives %.10g", mu + 1, s->record->occupation[mu],
                    factor * xi * xi);
  }
  return true;
}

/* A start at rest stays there, and without Omega all overlaps stay while spins turn about z, if they are not along
 * it. */
bool dkm_check_overlap_of_the_start_is_kept(const subject *s) {
  const bool at_rest = s->point->overlap == 0.0 || fabs(s->point->overlap) == 1.0 || s->point->g0 == 0.0;
  const int verdict = s->record->verdict;
  if (!is_conserved(s) || is_driven(s) || !s->exact || !s->limit ||
      (s->point->Omega != 0.0 && s->point->overlap != 0.0 && s->point->flip != 0.5))
    return true;
  if (is_steady(verdict) && at_rest != (verdict == DKM_VERDICT_FIXED_POINT))
    return object(s, "%s, but the spins %s", dkm_verdict_name(verdict),
                  at_rest ? "are at rest" : "turn about z for ever");
  for (int mu = 0; mu < s->system->n_modes; mu++) {
    const double xi = mu == s->point->pattern - 1 ? (1.0 - 2.0 * s->point->flip) * s->point->overlap : 0.0;
    if (!(fabs(s->limit[mu] - xi) <= excess))
      return object(s, "xi of mode %d is %.10g, but that of the start is kept, %.10g", mu + 1, s->limit[mu], xi);
  }
  return true;
}
