/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Closed forms beside what was computed; see point_theory.h. */
#include "point_theory.h"

#include <math.h>
#include <stdio.h>

#include "dickemap/theory.h"

void dkm_point_forms_find(const dkm_system *system, const dkm_point *point, dkm_point_forms *f) {
  *f = (dkm_point_forms){0};
  for (int nu = 0; nu < system->n_modes; nu++) {
    if (!dkm_theory_closed_forms(system, point, nu, f->value[f->n])) continue;
    for (int i = 0; i < DKM_N_CLOSED_FORMS; i++) f->known[i] = f->known[i] || !isnan(f->value[f->n][i]);
    f->pattern[f->n++] = nu;
  }
}

/* Why some have none. */
static void print_lacks(const dkm_system *system, const dkm_point *point, const dkm_point_forms *f) {
  if (!dkm_theory_applies(point)) {
    printf("  none: Omega is 0\n");
    return;
  }
  if (f->n < system->n_modes) {
    printf("  none of");
    for (int nu = 0, i = 0, n = 0; nu < system->n_modes; nu++)
      if (i < f->n && f->pattern[i] == nu)
        i++;
      else
        printf("%s %d", n++ ? "," : f->n + 1 < system->n_modes ? " patterns" : " pattern", nu + 1);
    printf(": these are for couplings +-1 that are orthogonal to all others, and spins of one length\n");
  }
  if (f->n > 0 && !f->known[1])
    printf("  no g_retrieve: %s\n",
           dkm_point_dynamics(point) == DKM_DYNAMICS_CONSERVED
               ? "that is for modes of one sign, and patterns of which each has such a state"
               : "with losses or unbalanced couplings no g0 keeps a pattern state for certain");
}

/* Of patterns it is the smallest g_crit; spins that are flipped with a probability may differ in length. */
double dkm_point_g_normal(const dkm_system *system, const dkm_point *point) {
  return point->flip == 0.0 && !dkm_system_has_patterns(system) ? dkm_theory_g_normal(system, point, NULL) : NAN;
}

void dkm_point_theory_print(const dkm_system *system, const dkm_point *point) {
  dkm_point_forms f;
  dkm_point_forms_find(system, point, &f);
  printf("\nclosed forms of the pattern states (nan where they do not apply)\n");
  if (f.n > 0) printf("  %7s", "pattern");
  for (int i = 0; i < DKM_N_CLOSED_FORMS; i++)
    if (f.known[i]) printf(" %16s", dkm_closed_form_names[i]);
  if (f.n > 0) printf("\n");
  for (int j = 0; j < f.n; j++) {
    printf("  %7d", f.pattern[j] + 1);
    for (int i = 0; i < DKM_N_CLOSED_FORMS; i++)
      if (f.known[i]) printf(" %16.12g", f.value[j][i]);
    printf("\n");
  }
  print_lacks(system, point, &f);
  const double g_c = dkm_point_g_normal(system, point);
  if (!isnan(g_c)) printf("  below g0 = %.12g every trajectory ends without overlaps\n", g_c);
}
