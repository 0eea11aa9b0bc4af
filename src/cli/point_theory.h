/* SPDX-License-Identifier: GPL-3.0-or-later */
/* point_theory: closed forms of the pattern states of a point. */
#ifndef DICKEMAP_POINT_THEORY_H
#define DICKEMAP_POINT_THEORY_H
#include <stdbool.h>

#include "dickemap/theory.h"

typedef struct dkm_point_forms {
  int n, pattern[DKM_MAX_MODES]; /* those that have such states, from 0 */
  double value[DKM_MAX_MODES][DKM_N_CLOSED_FORMS];
  bool known[DKM_N_CLOSED_FORMS]; /* for any of them */
} dkm_point_forms;

void dkm_point_forms_find(const dkm_system *system, const dkm_point *point, dkm_point_forms *forms);

/* As a table, with the reasons why some have none. */
void dkm_point_theory_print(const dkm_system *system, const dkm_point *point);

/* Below it every trajectory ends without overlaps; NaN: not known. */
double dkm_point_g_normal(const dkm_system *system, const dkm_point *point);

#endif
