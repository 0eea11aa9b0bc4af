/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers and names as a job spells them; see job_spelling.h. */
#include "job_spelling.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/meant.h"

const char *dkm_limits_text(const dkm_limits *limits, char out[DKM_LIMITS_BYTES]) {
  if (limits->integer)
    snprintf(out, DKM_LIMITS_BYTES, "an integer %.0f ... %.0f", limits->min, limits->max);
  else if (limits->not_zero)
    snprintf(out, DKM_LIMITS_BYTES, "a finite number other than 0");
  else if (isfinite(limits->max) && limits->min_excluded)
    snprintf(out, DKM_LIMITS_BYTES, "a number > %g and <= %g", limits->min, limits->max);
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

/* "g0, Omega, Omega_mu, Omega_mu[1 ... 4], ..." */
static void list_names(int n_modes, char *out, size_t out_bytes) {
  size_t used = 0;
  for (int i = 0; i < dkm_n_parameters && used < out_bytes; i++) {
    const char *name = dkm_parameters[i].name;
    used += (size_t)snprintf(out + used, out_bytes - used, "%s%s", i ? ", " : "", name);
    if (dkm_parameters[i].per_mode && used < out_bytes)
      used += (size_t)snprintf(out + used, out_bytes - used, ", %s[1 ... %d]", name, n_modes);
  }
}

/* Length of the name before its index, and where the digits of that begin: "Omega_mu[2]", "Omega_mu_2"; NULL: it has none. */
static size_t split_name(const char *name, const char **digits) {
  const size_t length = strcspn(name, "[");
  const char *last = strrchr(name, '_');
  *digits = name[length] ? name + length + 1 : NULL;
  if (*digits || !last || last[1] == '\0' || strspn(last + 1, "0123456789") != strlen(last + 1)) return length;
  *digits = last + 1;
  return (size_t)(last - name);
}

bool dkm_parameter_parse(const char *name, int n_modes, const dkm_parameter **parameter, int *mode,
                         char reason[DKM_REASON_BYTES]) {
  char quoted[DKM_QUOTE_BYTES], meant[DKM_MEANT_BYTES], allowed[DKM_REASON_BYTES - DKM_MEANT_BYTES - 2 * DKM_QUOTE_BYTES];
  const char *digits;
  const size_t length = split_name(name, &digits);
  *parameter = dkm_parameter_named(name, length);
  *mode = 0;
  if (!*parameter) {
    const char *names[DKM_MOST_PARAMETERS];
    for (int i = 0; i < dkm_n_parameters; i++) names[i] = dkm_parameters[i].name;
    list_names(n_modes, allowed, sizeof allowed);
    snprintf(reason, DKM_REASON_BYTES, "%s is not a quantity; %sallowed: %s", dkm_quote(name, quoted),
             dkm_meant_text(name, dkm_n_parameters, names, meant), allowed);
    return false;
  }
  if (!digits) return true;
  if (!(*parameter)->per_mode) {
    snprintf(reason, DKM_REASON_BYTES, "%s has a mode index, but there is one %s for all modes",
             dkm_quote(name, quoted), (*parameter)->name);
    return false;
  }
  const char *end = name[length] == '[' ? "]" : "";
  size_t n_digits = strspn(digits, "0123456789");
  long index = n_digits > 0 && n_digits < 9 && strcmp(digits + n_digits, end) == 0 ? strtol(digits, NULL, 10) : 0;
  if (index < 1 || index > n_modes) {
    snprintf(reason, DKM_REASON_BYTES, "%s has a mode index outside 1 ... %d", dkm_quote(name, quoted), n_modes);
    return false;
  }
  *mode = (int)index;
  return true;
}

/* A byte of a name as in the file: [ is _, and ] is nothing. */
static char plain_byte(const char *name, size_t bytes, size_t i) {
  if (i >= bytes || (name[i] == ']' && i + 1 == bytes)) return '\0';
  return name[i] == '[' ? '_' : name[i];
}

bool dkm_names_agree(const char *a, size_t a_bytes, const char *b, size_t b_bytes) {
  size_t i = 0;
  while (plain_byte(a, a_bytes, i) && plain_byte(a, a_bytes, i) == plain_byte(b, b_bytes, i)) i++;
  return plain_byte(a, a_bytes, i) == plain_byte(b, b_bytes, i);
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
