/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records against theory. check.h has what is asked; each question is a function here, and a row in a table. */
#include "dickemap/check.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "dickemap/drive.h"
#include "dickemap/landscape.h"
#include "dickemap/start.h"
#include "dickemap/theory.h"
#include "dickemap/units.h"
#include "response.h"

/* Of methods that did not fill xi_error: limits found by Newton's method; what is left is for points close to a
 * threshold. */
static const double usual_error = 1e-6;
/* What is computed twice from the same numbers, or found by Newton's method. */
static const double rounding = 1e-10;
/* Overlaps are at most 1, and sums of squares too, but for rounding in K terms. */
static const double excess = 1e-9;
static const double self_consistency = 1e-8;
static const double same_period = 1e-6;
/* Another overlap of more than this part of the largest made a mixture in version 0.1.0. */
static const double mixture_fraction = 1e-2;

/* What the questions are about: the point, its full system, and the smallest one that it stays in; all but what is
 * given with couplings in these units (units.h). */
typedef struct subject {
  double unit;
  const dkm_point *given;
  const dkm_record *given_record;
  const dkm_system *system;
  const dkm_point *point;
  const dkm_record *record;
  const dkm_start *start;
  bool exact;          /* one class and one mode: Eq. 12 */
  int sign;            /* of the Lyapunov function of what is followed, 0: there is none */
  const double *limit; /* M overlaps that are steady in the end; NULL if the record names none */
  double xi_error;
  char *why;
  size_t why_bytes;
} subject;

/* Returns false, so that a question may end with it. */
__attribute__((format(printf, 2, 3))) static bool object(const subject *s, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int n = vsnprintf(s->why, s->why_bytes, format, arguments);
  va_end(arguments);
  if (s->unit != 1.0 && n >= 0 && (size_t)n < s->why_bytes)
    snprintf(s->why + n, s->why_bytes - (size_t)n, " (overlaps in units of %g)", s->unit);
  return false;
}

static bool is_steady(int verdict) {
  return verdict == DKM_VERDICT_FIXED_POINT || verdict == DKM_VERDICT_DARK_PRECESSION;
}

static bool is_oscillation(int verdict) {
  return verdict == DKM_VERDICT_LIMIT_CYCLE || verdict == DKM_VERDICT_QUASIPERIODIC ||
         verdict == DKM_VERDICT_IRREGULAR || verdict == DKM_VERDICT_HETEROCLINIC;
}

/* NaN agrees with NaN, infinity with itself. */
static bool same(double stored, double computed, double tolerance) {
  if (isinf(computed)) return stored == computed;
  if (isnan(stored) || isnan(computed)) return isnan(stored) && isnan(computed);
  return fabs(stored - computed) <= tolerance * fmax(1.0, fabs(computed));
}

double dkm_check_xi_error(const dkm_record *record) {
  if (!isnan(record->xi_error)) return record->xi_error;
  const bool precesses = record->verdict != DKM_VERDICT_FIXED_POINT && !isnan(record->precession);
  return usual_error + (precesses ? 0.5 * record->precession * record->precession : 0.0);
}

/* Of |xi| that is `xi` in closed form: rounding of (g_nu/g0)^4 is amplified close to the threshold. */
static double tolerance_about(const subject *s, double xi) {
  return fmax(s->xi_error, rounding) + sqrt(xi * xi + 64.0 * DBL_EPSILON) - xi;
}

static bool is_conserved(const subject *s) {
  return dkm_point_dynamics(s->point) == DKM_DYNAMICS_CONSERVED;
}

/* Whether a drive has carried it away from its start, or goes on for ever. */
static bool is_driven(const subject *s) {
  return dkm_drive_kind_of(s->system->drive) != DKM_DRIVE_NONE;
}

static bool is_driven_for_ever(const subject *s) {
  return dkm_drive_repeats(s->system->drive);
}

/* |alpha|^2 over xi^2, wherever the order parameters are steady */
static double occupation_factor(const dkm_system *system, const dkm_point *point, int mu) {
  return system->occupation_factor * point->g0 * point->g0 / dkm_point_D(point, mu);
}

/* ---- any record ---- */

/* sum_k w_k |G_{mu,k}| |m_k| */
static double largest_overlap(const subject *s, int mu) {
  const bool any_length = s->start->lengths || dkm_point_has_losses(s->point);
  const double length = any_length ? 1.0 : dkm_point_length(s->point);
  double sum = 0.0;
  if (dkm_system_has_patterns(s->system)) return length;
  for (int64_t k = 0; k < s->system->n_classes; k++)
    sum += dkm_system_weight(s->system, k) * fabs(dkm_system_coupling(s->system, mu, k)) * length;
  return sum;
}

static bool overlaps_are_possible(const subject *s) {
  const double *const lists[] = {s->record->xi, s->record->xi_limit};
  const bool must = is_steady(s->record->verdict) || is_oscillation(s->record->verdict);
  for (int list = 0; list < 2; list++) {
    double sum = 0.0;
    for (int mu = 0; mu < s->system->n_modes; mu++) {
      const double xi = lists[list][mu];
      if (isnan(xi) && must && list == 0) return object(s, "|xi| of mode %d is nan", mu + 1);
      const double most = largest_overlap(s, mu);
      if (fabs(xi) > most + excess) return object(s, "|xi| of mode %d is %.10g, above %.10g", mu + 1, fabs(xi), most);
      sum += xi * xi;
    }
    if (dkm_system_has_patterns(s->system) && sum > 1.0 + excess)
      return object(s, "the sum of xi^2 is %.10g, above 1", sum);
  }
  if (s->record->xi_error < 0.0) return object(s, "xi_error is %.3g, below 0", s->record->xi_error);
  return true;
}

/* Method 1 left closed forms out for Omega Omega_mu < 0; rounding of g_crit/g0 is amplified at the threshold. */
static bool closed_forms_are_those_of_theory(const subject *s) {
  const int cue = s->point->pattern - 1;
  dkm_record theory;
  dkm_theory_fill(s->system, s->given, &theory);
  const double g_crit = theory.g_crit, xi_theory = theory.xi_theory, g_retrieve = theory.g_retrieve;
  const dkm_record *record = s->given_record;
  const bool left_out = record->method < 2 && isnan(record->g_crit) && isnan(record->xi_theory) &&
                        isnan(record->g_retrieve) && s->point->Omega * s->point->Omega_mu[cue] < 0.0;
  if (left_out) return true;
  if (!same(record->g_crit, g_crit, rounding))
    return object(s, "g_crit is %.17g, the closed form gives %.17g", record->g_crit, g_crit);
  if (!same(record->xi_theory, xi_theory, usual_error))
    return object(s, "xi_theory is %.17g, Eq. 12 gives %.17g", record->xi_theory, xi_theory);
  if (!isnan(record->x_theory) && !same(record->x_theory, theory.x_theory, rounding)) /* older files have none */
    return object(s, "x_theory is %.17g, the closed form gives %.17g", record->x_theory, theory.x_theory);
  if (!same(record->g_retrieve, g_retrieve, rounding))
    return object(s, "g_retrieve is %.17g, the closed form gives %.17g", record->g_retrieve, g_retrieve);
  return true;
}

static int old_retrieved(const double *xi, int M) {
  double second;
  const int leading = dkm_record_leading(xi, M, DKM_RETRIEVED_OVERLAP, &second);
  return leading != 0 && second > mixture_fraction * fabs(xi[abs(leading) - 1]) ? DKM_RETRIEVED_MIXTURE : leading;
}

/* Whether `retrieved` and xi_second are those of these overlaps. */
static bool is_leading(const subject *s, const double *xi, int *expected, double *second) {
  const int M = s->system->n_modes, retrieved = s->record->retrieved;
  double largest = 0.0;
  for (int mu = 0; mu < M; mu++) largest = fmax(largest, fabs(xi[mu]));
  *expected = dkm_record_leading(xi, M, DKM_RETRIEVED_OVERLAP, second);
  if (s->record->method < 2) *expected = old_retrieved(xi, M);
  if (!isnan(s->record->xi_second) && !same(s->record->xi_second, *second, rounding)) return false;
  /* An overlap that is not known to differ from 0 need not be named. */
  return retrieved == *expected || (retrieved == 0 && largest <= s->record->xi_error);
}

/* Where order parameters move, none needs be named. */
static bool retrieved_is_the_leading_overlap(const subject *s) {
  const dkm_record *record = s->record;
  int expected, other;
  double second, other_second;
  if (!is_steady(record->verdict) && record->retrieved == 0 && isnan(record->xi_second)) return true;
  if (is_leading(s, record->xi, &expected, &second)) return true;
  if (!is_steady(record->verdict) && !isnan(record->xi_limit[0]) &&
      is_leading(s, record->xi_limit, &other, &other_second))
    return true;
  if (record->retrieved != expected)
    return object(s, "retrieved is %d, but the leading overlap says %d", record->retrieved, expected);
  return object(s, "xi_second is %.10g, but the second largest |xi| is %.10g", record->xi_second, second);
}

/* L is stationary at a limit, so that its error is of second order; the rest is rounding. */
static bool lyapunov_function_falls(const subject *s) {
  const dkm_record *record = s->record;
  double scale = 1.0;
  const double largest = s->system->largest;
  if (isnan(record->L_limit)) return true;
  for (int mu = 0; mu < s->system->n_modes; mu++) {
    const double ratio = s->point->g0 / dkm_theory_g_crit(s->point, mu);
    scale += ratio * ratio * largest * largest;
  }
  const double tolerance = (excess + s->xi_error * s->xi_error) * scale * fmax(1.0, fabs(s->point->Omega));
  if (record->L_limit > record->L_end + tolerance)
    return object(s, "L_limit, %.10g, is above L_end, %.10g, but L cannot rise", record->L_limit, record->L_end);
  if (record->L_limit > record->L_saddle + tolerance)
    return object(s, "L_limit, %.10g, is above the barrier around it, %.10g", record->L_limit, record->L_saddle);
  return true;
}

/* ---- which verdicts are possible ---- */

static bool verdict_is_possible(const subject *s) {
  const int verdict = s->record->verdict;
  if (is_oscillation(verdict) && s->sign != 0)
    return object(s, "%s, where nothing but rest is possible", dkm_verdict_name(verdict));
  if (verdict == DKM_VERDICT_DARK_PRECESSION && dkm_point_has_losses(s->point))
    return object(s, "dark_precession, but spins that lose something do not precess for ever");
  if (is_oscillation(verdict) && s->point->Omega == 0.0 && s->point->imbalance == 0.0)
    return object(s, "%s, but overlaps are constants of motion for Omega = 0", dkm_verdict_name(verdict));
  if (is_driven_for_ever(s)) return true;
  if (verdict == DKM_VERDICT_DARK_PRECESSION && dkm_system_full_rank(&s->start->system) && s->point->Omega != 0.0)
    return object(s, "dark_precession, but constant overlaps leave no spin free to precess");
  return true;
}

/* Whether no spin precesses about the x axis. */
static bool starts_along_x(const subject *s) {
  const int64_t K = s->system->n_classes;
  double *u = malloc(dkm_model_size(s->system) * sizeof *u), across = 0.0;
  const bool known = u && dkm_start_state(s->start, false, u, NULL) == DKM_OK;
  for (int64_t k = K; known && k < 3 * K; k++) across = fmax(across, fabs(u[k]));
  free(u);
  return known && across == 0.0;
}

/* Spins precess about the x axis, if they are not along it. */
static bool uncoupled_spins_precess(const subject *s) {
  const dkm_record *record = s->record;
  const double Omega = s->point->Omega;
  if (is_driven_for_ever(s)) return true;
  if (s->point->g0 == 0.0 && dkm_point_has_losses(s->point) && record->verdict != DKM_VERDICT_FIXED_POINT)
    return object(s, "%s, but uncoupled spins with losses come to rest", dkm_verdict_name(record->verdict));
  if (s->point->g0 != 0.0 || Omega == 0.0 || dkm_point_has_losses(s->point) || is_driven(s)) return true;
  const bool at_rest = starts_along_x(s);
  if (record->verdict == DKM_VERDICT_FIXED_POINT && !at_rest)
    return object(s, "fixed_point, but uncoupled spins precess for ever");
  if (is_oscillation(record->verdict) && (at_rest || record->verdict != DKM_VERDICT_LIMIT_CYCLE))
    return object(s, "%s, but %s", dkm_verdict_name(record->verdict),
                  at_rest ? "the start is at rest" : "uncoupled spins precess with one frequency");
  if (record->verdict == DKM_VERDICT_LIMIT_CYCLE && !same(record->period * fabs(Omega) / M_PI, 1.0, same_period))
    return object(s, "period is %.10g, but uncoupled spins precess with %.10g", record->period, M_PI / fabs(Omega));
  return true;
}

/* What the verdict rests on, where the method measures it. */
static bool oscillation_has_its_evidence(const subject *s) {
  const dkm_record *record = s->record;
  const int verdict = record->verdict;
  if (record->method < 3 || s->point->g0 == 0.0 || !is_oscillation(verdict) || verdict == DKM_VERDICT_HETEROCLINIC)
    return true;
  double amplitude = 0.0;
  for (int mu = 0; mu < s->system->n_modes; mu++) amplitude = fmax(amplitude, record->xi_amplitude[mu]);
  if (!(amplitude > 0.0) || !same(record->amplitude, amplitude, rounding))
    return object(s, "amplitude is %.10g, but the largest of xi_amplitude %.10g", record->amplitude, amplitude);
  if (verdict == DKM_VERDICT_LIMIT_CYCLE) {
    const bool of_subspace = s->start->is_reduced; /* it may be unstable outside of it */
    if (!of_subspace && (record->n_unstable != 0 || !(record->growth_rate < 0.0)))
      return object(s, "limit_cycle with %d growing directions, growth_rate %.10g", (int)record->n_unstable,
                    record->growth_rate);
    if (!(record->cycle_residual <= self_consistency))
      return object(s, "limit_cycle, but after a period variables differ by %.3g", record->cycle_residual);
    if (!same(record->frequency_1 * record->period / (2.0 * M_PI), 1.0, rounding))
      return object(s, "frequency_1 is %.10g, but period is %.10g", record->frequency_1, record->period);
  }
  if (verdict == DKM_VERDICT_IRREGULAR && !(record->lyapunov > record->lyapunov_error))
    return object(s, "irregular with the exponent %.3g +- %.3g", record->lyapunov, record->lyapunov_error);
  if (verdict == DKM_VERDICT_QUASIPERIODIC && !(record->lyapunov <= record->lyapunov_error))
    return object(s, "quasiperiodic with the exponent %.3g +- %.3g", record->lyapunov, record->lyapunov_error);
  return true;
}

/* Of a drive that repeats the response: its period is a multiple of the drive's, once for what is steady from period to period. */
static bool response_is_a_multiple(const subject *s) {
  const dkm_record *record = s->record;
  const int n = record->period_multiple;
  const bool steady = is_steady(record->verdict), recurs = steady || record->verdict == DKM_VERDICT_LIMIT_CYCLE;
  if (!is_driven_for_ever(s)) {
    if (n > 0) return object(s, "period_multiple is %d without a drive that repeats", n);
    return true;
  }
  if (!recurs) return n <= 0 || object(s, "%s with period_multiple %d", dkm_verdict_name(record->verdict), n);
  if (steady ? n != 1 : n < 2) return object(s, "%s with period_multiple %d", dkm_verdict_name(record->verdict), n);
  if (!same(record->period / (n * s->point->duration), 1.0, rounding))
    return object(s, "period is %.10g, which is not %d times that of the drive, %.10g", record->period, n,
                  s->point->duration);
  if (!(record->cycle_residual <= self_consistency))
    return object(s, "after a period variables differ by %.3g", record->cycle_residual);
  if (!same(record->frequency_1 * record->period / (2.0 * M_PI), 1.0, rounding))
    return object(s, "frequency_1 is %.10g, but period is %.10g", record->frequency_1, record->period);
  if (record->n_unstable > 0 && !s->start->is_reduced)
    return object(s, "the end of a tilted start has %d growing directions", (int)record->n_unstable);
  return true;
}

/* ---- overlaps that are steady in the end ---- */

static bool normal_state_below_g_c(const subject *s) {
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
static bool occupations_go_with_overlaps(const subject *s) {
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
static bool modes_are_at_rest(const subject *s) {
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
static bool fixed_point_is_self_consistent(const subject *s) {
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
static bool spins_are_those_of_the_modes(const subject *s) {
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

static bool exact_start_ends_in_eq_12(const subject *s) {
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
static bool overlap_of_the_start_is_kept(const subject *s) {
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

static bool fail_for_memory(char *why, size_t why_bytes) {
  snprintf(why, why_bytes, "out of memory");
  return false;
}

/* Asks all questions about a record in these units. */
static bool ask(const dkm_units *units, const dkm_point *given, const dkm_record *given_record,
                const dkm_record *record, char *why, size_t why_bytes) {
  static bool (*const questions[])(const subject *) = {verdict_is_possible,
                                                       oscillation_has_its_evidence,
                                                       response_is_a_multiple,
                                                       modes_are_at_rest,
                                                       overlaps_are_possible,
                                                       closed_forms_are_those_of_theory,
                                                       exact_start_ends_in_eq_12,
                                                       uncoupled_spins_precess,
                                                       overlap_of_the_start_is_kept,
                                                       normal_state_below_g_c,
                                                       fixed_point_is_self_consistent,
                                                       spins_are_those_of_the_modes,
                                                       occupations_go_with_overlaps,
                                                       retrieved_is_the_leading_overlap,
                                                       lyapunov_function_falls};
  const int verdict = record->verdict;
  const dkm_point point = dkm_units_point(units, given);
  dkm_start start;
  bool sound = true;
  if (dkm_start_create(&units->system, &point, &start, NULL) != DKM_OK) return fail_for_memory(why, why_bytes);
  subject s = {.unit = units->unit,
               .given = given,
               .given_record = given_record,
               .system = &start.full,
               .point = &start.given,
               .record = record,
               .start = &start,
               .exact = start.is_pattern,
               .sign = dkm_landscape_sign(&start.system, &start.point),
               .xi_error = dkm_check_xi_error(record),
               .why = why,
               .why_bytes = why_bytes};
  const bool rests = !dkm_drive_repeats(units->system.drive); /* else xi is a mean over a period */
  if (is_steady(verdict) && rests) s.limit = record->xi;
  if (verdict == DKM_VERDICT_RELAXING && !isnan(record->xi_limit[0])) s.limit = record->xi_limit;
  for (size_t i = 0; i < sizeof questions / sizeof *questions && sound; i++) sound = questions[i](&s);
  dkm_start_free(&start);
  return sound;
}

bool dkm_check_record(const dkm_system *system, const dkm_point *point, const dkm_record *record, char *why,
                      size_t why_bytes) {
  const int verdict = record->verdict;
  dkm_record scaled = *record;
  dkm_units units;
  if (verdict == DKM_VERDICT_NONE || verdict >= DKM_N_VERDICTS || verdict == DKM_VERDICT_FAILED) return true;
  if (dkm_units_create(system, &units, NULL) != DKM_OK) return fail_for_memory(why, why_bytes);
  dkm_units_scale_record(1.0 / units.unit, system->n_modes, &scaled);
  const bool sound = ask(&units, point, record, &scaled, why, why_bytes);
  dkm_units_free(&units);
  return sound;
}
