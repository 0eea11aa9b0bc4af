/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of quantities, and numbers as a job spells them. */
#include "job_quantity.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *name, *key;
  bool per_mode;
  dkm_limits limits; /* max of `pattern` is the number of patterns */
} quantities[] = {
    [DKM_AXIS_G0] = {"g0", "model.g0", false, {.min = 0, .max = INFINITY}},
    [DKM_AXIS_OMEGA] = {"Omega", "model.Omega", false, {.min = -INFINITY, .max = INFINITY}},
    [DKM_AXIS_OMEGA_MU] = {"Omega_mu", "model.Omega_mu", true, {.min = -INFINITY, .max = INFINITY, .not_zero = true}},
    [DKM_AXIS_KAPPA_MU] = {"kappa_mu", "model.kappa_mu", true, {.min = 0, .max = INFINITY, .min_excluded = true}},
    [DKM_AXIS_PATTERN] = {"pattern", "initial.pattern", false, {.min = 1, .max = DKM_MAX_MODES, .integer = true}},
    [DKM_AXIS_OVERLAP] = {"overlap", "initial.overlap", false, {.min = -1, .max = 1}},
    [DKM_AXIS_PERTURBATION] = {"perturbation", "initial.perturbation", false, {.min = 0, .max = 1}},
    [DKM_AXIS_SEED] = {"seed", "initial.seed", false, {.min = 0, .max = (double)DKM_MAX_SEED, .integer = true}},
};
enum { N_QUANTITIES = sizeof quantities / sizeof *quantities };

bool dkm_limits_allow(const dkm_limits *limits, double value) {
  return isfinite(value) && (limits->min_excluded ? value > limits->min : value >= limits->min) &&
         value <= limits->max && !(limits->not_zero && value == 0) && !(limits->integer && value != floor(value));
}

const char *dkm_limits_text(const dkm_limits *limits, char out[DKM_LIMITS_BYTES]) {
  if (limits->integer)
    snprintf(out, DKM_LIMITS_BYTES, "an integer %.0f ... %.0f", limits->min, limits->max);
  else if (limits->not_zero)
    snprintf(out, DKM_LIMITS_BYTES, "a finite number other than 0");
  else if (isfinite(limits->max))
    snprintf(out, DKM_LIMITS_BYTES, "a number from %g to %g", limits->min, limits->max);
  else if (isfinite(limits->min))
    snprintf(out, DKM_LIMITS_BYTES, "a finite number %s %g", limits->min_excluded ? ">" : ">=", limits->min);
  else
    snprintf(out, DKM_LIMITS_BYTES, "a finite number");
  return out;
}

double dkm_number_parse(const char *text) {
  size_t length = strlen(text);
  if (length == 0 || strspn(text, "0123456789+-.eE") != length) return NAN;
  char *end;
  double value = strtod(text, &end);
  return *end == '\0' ? value + 0.0 : NAN; /* + 0.0 turns -0 into 0: one number, one spelling */
}

dkm_status dkm_number_read(const dkm_job_source *source, dkm_error *err, const char *key_path, const char *text,
                           const dkm_limits *limits, double *value) {
  char allowed[DKM_LIMITS_BYTES], quoted[DKM_QUOTE_BYTES];
  *value = text ? dkm_number_parse(text) : NAN;
  if (dkm_limits_allow(limits, *value)) return DKM_OK;
  return dkm_schema_fail(source, err, key_path, "is %s, but must be %s", text ? dkm_quote(text, quoted) : "missing",
                         dkm_limits_text(limits, allowed));
}

dkm_limits dkm_quantity_limits(dkm_quantity quantity, int n_modes) {
  dkm_limits limits = quantities[quantity].limits;
  if (quantity == DKM_AXIS_PATTERN) limits.max = n_modes;
  return limits;
}

const char *dkm_quantity_name(dkm_quantity quantity) {
  return quantities[quantity].name;
}

const char *dkm_quantity_key(dkm_quantity quantity) {
  return quantities[quantity].key;
}

bool dkm_quantity_parse(const char *name, int n_modes, dkm_quantity *quantity, int *mode,
                        char reason[DKM_REASON_BYTES]) {
  char quoted[DKM_QUOTE_BYTES];
  size_t length = strcspn(name, "[");
  int i = 0;
  while (i < N_QUANTITIES &&
         (strncmp(name, quantities[i].name, length) != 0 || quantities[i].name[length] != '\0' || length == 0))
    i++;
  if (i == N_QUANTITIES) {
    snprintf(reason, DKM_REASON_BYTES,
             "%s is not a quantity; allowed: g0, Omega, Omega_mu, Omega_mu[1 ... %d], kappa_mu, kappa_mu[1 ... %d], "
             "pattern, overlap, perturbation, seed",
             dkm_quote(name, quoted), n_modes, n_modes);
    return false;
  }
  *quantity = (dkm_quantity)i;
  *mode = 0;
  if (name[length] == '\0') return true;
  if (!quantities[i].per_mode) {
    snprintf(reason, DKM_REASON_BYTES, "%s has a mode index, but there is one %s for all modes",
             dkm_quote(name, quoted), quantities[i].name);
    return false;
  }
  const char *digits = name + length + 1;
  size_t n_digits = strspn(digits, "0123456789");
  long index = n_digits > 0 && n_digits < 9 && strcmp(digits + n_digits, "]") == 0 ? strtol(digits, NULL, 10) : 0;
  if (index < 1 || index > n_modes) {
    snprintf(reason, DKM_REASON_BYTES, "%s has a mode index outside 1 ... %d", dkm_quote(name, quoted), n_modes);
    return false;
  }
  *mode = (int)index;
  return true;
}

void dkm_quantity_set(dkm_point *point, int n_modes, dkm_quantity quantity, int mode, double value) {
  double *per_mode = NULL;
  switch (quantity) {
  case DKM_AXIS_G0:
    point->g0 = value;
    break;
  case DKM_AXIS_OMEGA:
    point->Omega = value;
    break;
  case DKM_AXIS_OMEGA_MU:
    per_mode = point->Omega_mu;
    break;
  case DKM_AXIS_KAPPA_MU:
    per_mode = point->kappa_mu;
    break;
  case DKM_AXIS_PATTERN:
    point->pattern = (int)value;
    break;
  case DKM_AXIS_OVERLAP:
    point->overlap = value;
    break;
  case DKM_AXIS_PERTURBATION:
    point->perturbation = value;
    break;
  case DKM_AXIS_SEED:
    point->seed = (int64_t)value;
    break;
  }
  if (!per_mode) return;
  for (int mu = 0; mu < n_modes; mu++)
    if (mode == 0 || mode == mu + 1) per_mode[mu] = value;
}

double dkm_quantity_get(const dkm_point *point, dkm_quantity quantity, int mode) {
  const int mu = mode > 0 ? mode - 1 : 0;
  switch (quantity) {
  case DKM_AXIS_G0:
    return point->g0;
  case DKM_AXIS_OMEGA:
    return point->Omega;
  case DKM_AXIS_OMEGA_MU:
    return point->Omega_mu[mu];
  case DKM_AXIS_KAPPA_MU:
    return point->kappa_mu[mu];
  case DKM_AXIS_PATTERN:
    return point->pattern;
  case DKM_AXIS_OVERLAP:
    return point->overlap;
  case DKM_AXIS_PERTURBATION:
    return point->perturbation;
  case DKM_AXIS_SEED:
    return (double)point->seed;
  }
  return NAN;
}

const char *dkm_quote(const char *value, char out[DKM_QUOTE_BYTES]) {
  enum { SHOWN = 44 };
  if (*value == '\0') return strcpy(out, "empty");
  bool is_number = strspn(value, "0123456789+-.eE") == strlen(value) || strcmp(value, ".nan") == 0 ||
                   strcmp(value, "nan") == 0 || strcmp(value + (*value == '-'), ".inf") == 0 ||
                   strcmp(value + (*value == '-'), "inf") == 0;
  size_t n = strlen(value), used = 0;
  bool cut = n > SHOWN;
  if (cut)
    for (n = SHOWN; n > 0 && ((unsigned char)value[n] & 0xC0) == 0x80;) n--; /* not within a UTF-8 sequence */
  if (!is_number) out[used++] = '"';
  for (size_t i = 0; i < n; i++) out[used++] = iscntrl((unsigned char)value[i]) ? '?' : value[i];
  snprintf(out + used, DKM_QUOTE_BYTES - used, "%s%s", cut ? "..." : "", is_number ? "" : "\"");
  return out;
}
