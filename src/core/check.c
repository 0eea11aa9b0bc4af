/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records against theory. */
#include "dickemap/check.h"

#include <stdio.h>

#include "dickemap/landscape.h"
#include "dickemap/quotient.h"

static bool is_oscillation(int verdict) {
  return verdict == DKM_VERDICT_LIMIT_CYCLE || verdict == DKM_VERDICT_QUASIPERIODIC ||
         verdict == DKM_VERDICT_IRREGULAR;
}

bool dkm_check_record(const dkm_patterns *patterns, const dkm_point *point, const dkm_record *record, char *why,
                      size_t why_bytes) {
  dkm_patterns system = *patterns;
  dkm_point reduced = *point;
  if (dkm_quotient_applies(point)) dkm_quotient_reduce(point, &system, &reduced);
  if (is_oscillation(record->verdict) && dkm_landscape_sign(&system, &reduced) != 0) {
    snprintf(why, why_bytes, "%s, where nothing but rest is possible", dkm_verdict_name(record->verdict));
    return false;
  }
  return true;
}
