/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What became of a trajectory, said as to a person; see point_words.h. */
#include "point_words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "dickemap/sensitivity.h"

static void print_end(const dkm_record *record, int n_modes) {
  printf("  on its way to:");
  for (int mu = 0; mu < n_modes; mu++) printf(" %.10g", record->xi_limit[mu] + 0.0); /* no -0 */
  printf(", overlaps of the minimum, with all spins at rest\n");
}

/* Where it goes from the state that it was followed to. */
static void print_outlook(const dkm_record *record, int n_modes) {
  if (!isnan(record->xi_limit[0]))
    print_end(record, n_modes);
  if (!isnan(record->L_limit)) {
    printf("  Lyapunov function: %.10g when the integration ended, %.10g at the end state", record->L_end,
           record->L_limit);
    if (!isnan(record->L_saddle)) printf(", lowest barrier around that %.10g", record->L_saddle);
    printf("\n");
  }
  if (!isnan(record->t_settled))
    printf("  settled: from t = %.6g on it is certain where the trajectory ends\n", record->t_settled);
  if (!isnan(record->relaxation_rate)) {
    printf("  relaxation: order parameters approach their limit with the rate %.6g", record->relaxation_rate);
    if (record->relaxation_rate_error > 0.0) printf(" +- %.2g", record->relaxation_rate_error);
    if (!isnan(record->relaxation_time))
      printf(", and come within 1e-3 of it at t = %.3g or so", record->relaxation_time);
    printf("\n");
    if (record->verdict == DKM_VERDICT_FIXED_POINT && record->relaxation_time > record->t_end)
      printf("  at rest: not yet at t = %.6g, where xi was %.3g away; the record is the limit\n", record->t_end,
             record->drift);
  }
}

/* The record in words. */
static void print_meaning(const dkm_record *record, int n_modes) {
  printf("  verdict: %s, %s\n", dkm_verdict_name(record->verdict), dkm_verdict_text(record->verdict));
  if (record->how == DKM_HOW_NOT_APPLICABLE && record->verdict == DKM_VERDICT_RELAXING)
    printf("  how it is known: not at all; xi_limit is what lies downhill from here, and the label may be another\n");
  else if (record->how != DKM_HOW_NOT_APPLICABLE)
    printf("  how it is known: %s, %s\n", dkm_how_name(record->how), dkm_how_text(record->how));
  if (record->failure) printf("  failure: %s\n", dkm_failure_text(record->failure));
  if (dkm_record_is_unstable(record))
    printf("  unstable: %d direction%s; any tilt of the start leads away\n", record->n_unstable,
           record->n_unstable == 1 ? " grows" : "s grow");
  if (record->retrieved == 0)
    printf("  retrieved: no pattern");
  else
    printf("  retrieved: pattern %d, sign %c", abs(record->retrieved), record->retrieved > 0 ? '+' : '-');
  if (record->retrieved != 0 && dkm_record_limit_is_certain(record))
    printf(", where it ends");
  else if (record->retrieved != 0 && n_modes > 1)
    printf("; the second largest |xi| is %.6g", record->xi_second);
  printf("\n");
  if (!isnan(record->xi_error)) printf("  known to: each xi within %.2g\n", record->xi_error);
  print_outlook(record, n_modes);
}

/* Whether the outcome is determined. */
static void print_sensitivity(const dkm_record *record, double tolerance) {
  if (record->sensitive == DKM_SENSITIVE_NOT_MEASURED) {
    printf("  sensitive: not measured (%s)\n",
           record->verdict == DKM_VERDICT_FAILED ? "the integration failed" : "solver.sensitivity is off");
    return;
  }
  printf("  sensitive: %s; ", dkm_sensitive_name(record->sensitive));
  if (record->verdict == DKM_VERDICT_IRREGULAR)
    printf("small differences grow for ever\n");
  else if (record->sensitive == DKM_SENSITIVE_YES)
    printf(
        "errors of the size of the tolerance, %g, grew by a factor of up to %.3g on the way and may have decided the "
        "outcome\n",
        tolerance, record->amplification);
  else
    printf(
        "%s: differences of the size of the tolerance, %g, grew by a factor of %.3g at most\n",
        record->how == DKM_HOW_SYMMETRIC ? "but the sign is not known yet" : "the outcome is determined", tolerance, record->amplification);
  if (record->sensitive == DKM_SENSITIVE_NO && record->amplification_total * tolerance >= DKM_SENSITIVE_PRODUCT)
    printf("             but details such as the last digits of xi are not: differences grew by a factor of %.3g in "
           "all\n",
           record->amplification_total);
}

void dkm_point_words_print(const dkm_record *record, int n_modes, double tolerance) {
  print_meaning(record, n_modes);
  print_sensitivity(record, tolerance);
}
