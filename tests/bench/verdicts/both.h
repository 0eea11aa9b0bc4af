/* SPDX-License-Identifier: GPL-3.0-or-later */
/* both: a point of which no theorem says that it comes to rest,
 * what the program says at three tolerances, and what the judge holds against it. */
#ifndef VERDICTS_BOTH_H
#define VERDICTS_BOTH_H
#include "trial.h"
#include "truth.h"

enum { N_TOLERANCES = 3, MIDDLE = 1 }; /* 1e-8, 1e-10, 1e-12; the one in the middle is judged */

typedef enum both_finding {
  BOTH_AGREES,
  BOTH_WRONG,
  BOTH_DIES_OUT,  /* irregular, but followed longer it is not */
  BOTH_SENSITIVE, /* the judge's own tolerances disagree about the start */
  BOTH_LATE,      /* the judge's work ended before he could tell */
  N_BOTH_FINDINGS
} both_finding;

typedef struct both_trial {
  kind kind;
  int64_t index;
  int M;
  dkm_point point;
  dkm_record records[N_TOLERANCES];
  double state[MAX_STATE]; /* final, of the middle tolerance */
  uint8_t sensitive;       /* dkm_sensitive, asked where the verdict changes with tolerance */
  bool judged, has_start, has_claim;
  truth start, claim; /* what becomes of the start, and of the program's final state */
  both_finding finding;
  char complaint[400];
  bool asked_exponent, close_exponent, near_exponent; /* of chaos: within 3 standard errors, within 30 % */
  bool asked_floquet, right_floquet;
} both_trial;

/* Fills start (unless it is there), claim and the findings. work: bound on the evaluations of each pursuit. */
void both_judge(both_trial *t, double work);

/* Fields that the record may not have yet, by name in the table of fields; NaN if there is none. */
double both_field(const dkm_record *record, const char *name, int mode);

#endif
