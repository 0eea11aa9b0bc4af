/* SPDX-License-Identifier: GPL-3.0-or-later */
/* arithmetic: what the last digits of records depend on; see arithmetic.h. */
#include "arithmetic.h"

#include <gsl/gsl_version.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "attempt.h"

void dkm_arithmetic_here(char out[DKM_ARITHMETIC_BYTES]) {
  struct utsname machine;
  snprintf(out, DKM_ARITHMETIC_BYTES, "GSL %.60s on %.60s", gsl_version,
           uname(&machine) == 0 ? machine.machine : "an unknown machine");
}

/* The kinds in the history of a file that are not ours; "" if there are none. */
static void list_others(dkm_store_reader *reader, char out[DKM_ARITHMETIC_BYTES]) {
  char *history = dkm_store_reader_text(reader, "history"), all[DKM_ARITHMETIC_BYTES] = "", here[DKM_ARITHMETIC_BYTES];
  size_t used = 0;
  out[0] = '\0';
  dkm_arithmetic_here(here);
  if (history) dkm_attempt_distinct(history, DKM_ATTEMPT_ARITHMETIC, "", all, sizeof all);
  for (const char *kind = all; *kind; kind += strspn(kind, "; ")) {
    const size_t length = strcspn(kind, ";");
    const bool is_ours = strncmp(kind, here, length) == 0 && (here[length] == '\0' || here[length] == ' ');
    if (!is_ours)
      used += (size_t)snprintf(out + used, sizeof all - used, "%s%.*s", used ? "; " : "", (int)length, kind);
    kind += length;
  }
  free(history);
}

bool dkm_arithmetic_is_elsewhere(dkm_store_reader *reader) {
  char others[DKM_ARITHMETIC_BYTES];
  list_others(reader, others);
  return others[0] != '\0';
}

void dkm_arithmetic_tell(FILE *out, const char *label, dkm_store_reader *reader) {
  char others[DKM_ARITHMETIC_BYTES], here[DKM_ARITHMETIC_BYTES];
  list_others(reader, others);
  dkm_arithmetic_here(here);
  if (others[0])
    fprintf(out, "%s: records of %s, here is %s: they agree to 1e-12 (of method gsl: to the tolerance)\n", label,
            others, here);
}

void dkm_arithmetic_tell_digits(FILE *out, const dkm_carry_source *source) {
  if (source->n_in_digits > 0)
    fprintf(out, " (%lld of them with other last digits, by at most %.1e, in %s: those of the file before are kept)",
            (long long)source->n_in_digits, source->most.relative, source->most.name);
}
