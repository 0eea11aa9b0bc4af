/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records against theory. check.h has what is asked; each question is a function here or, about
 * states at rest, in check_rest.c, and a row in a table. */
#include "dickemap/check.h"

#include <math.h>
#include <stdlib.h>

#include "check_subject.h"
#include "dickemap/landscape.h"
#include "dickemap/theory.h"
#include "dickemap/units.h"

/* Another overlap of more than this part of the largest made a mixture in version 0.1.0. */
static const double mixture_fraction = 1e-2;
static const double same_period = 1e-6;

double dkm_check_xi_error(const dkm_record *record) {
  if (!isnan(record->xi_error)) return record->xi_error;
  const bool precesses = record->verdict != DKM_VERDICT_FIXED_POINT && !isnan(record->precession);
  return usual_error + (precesses ? 0.5 * record->precession * record->precession : 0.0);
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

static bool retrieved_is_that_of_the_end(const subject *s) {
  dkm_record expected = *s->record;
  dkm_record_name_pattern(&expected, s->system->n_modes);
  if (!isnan(s->record->xi_second) && !same(s->record->xi_second, expected.xi_second, rounding))
    return object(s, "xi_second is %.17g, but of xi it is %.17g", s->record->xi_second, expected.xi_second);
  return s->record->retrieved == expected.retrieved ||
         object(s, "retrieved is %d, but where it is certain to end the leading overlap says %d", s->record->retrieved,
                expected.retrieved);
}

/* Where order parameters move, none needs be named. */
static bool retrieved_is_the_leading_overlap(const subject *s) {
  const dkm_record *record = s->record;
  int expected, other;
  double second, other_second;
  if (!is_steady(record->verdict) && record->retrieved == 0 && isnan(record->xi_second)) return true;
  if (dkm_record_limit_is_certain(record)) return retrieved_is_that_of_the_end(s);
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
                                                       dkm_check_modes_are_at_rest,
                                                       overlaps_are_possible,
                                                       closed_forms_are_those_of_theory,
                                                       dkm_check_exact_start_ends_in_eq_12,
                                                       uncoupled_spins_precess,
                                                       dkm_check_overlap_of_the_start_is_kept,
                                                       dkm_check_normal_state_below_g_c,
                                                       dkm_check_fixed_point_is_self_consistent,
                                                       dkm_check_spins_are_those_of_the_modes,
                                                       dkm_check_occupations_go_with_overlaps,
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
