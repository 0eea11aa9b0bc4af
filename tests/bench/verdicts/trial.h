/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trial: a point, what the program says about it, and what is wrong with that. */
#ifndef VERDICTS_TRIAL_H
#define VERDICTS_TRIAL_H
#include "dickemap/evaluate.h"
#include "judge.h"

typedef enum finding {
  FINE,      /* agrees with all that was asked */
  WRONG,
  SENSITIVE, /* disagrees, but tolerances of the judge itself disagree with each other */
  LATE,      /* nothing to hold against it: the judge's work ended first */
} finding;

typedef struct trial {
  kind kind;
  int64_t index;
  int M;
  dkm_point point;
  dkm_record record;
  double state[MAX_STATE]; /* as dkm_evaluate leaves it */
  bool given_up;           /* --cpu-cap: there is no record */
  finding finding;
  char complaint[400];
  bool judged;                   /* by integration */
  bool asked_label, right_label; /* by the judge's integrations, or since the closed form leaves no choice */
  bool asked_likely, right_likely; /* M >= 3, where the judge ran out of work, but his last windows have one label */
  double true_error;             /* of xi, where the judge arrived; NaN elsewhere */
  bool has_spectrum;
} trial;

/* ---- running (run.c) ---- */

/* Fills record and state of n trials. cpu_cap: CPU seconds a point, in batches of 8; 0: none. Exits on errors. */
void run_trials(trial *trials, int64_t n, const dkm_solver *solver, double cpu_cap);
double cpu_seconds(void);

/* ---- checking (check.c) ---- */

void complain(trial *t, finding finding, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Overlaps of the end that the record claims, or NULL if it claims none. */
const double *claimed_end(const trial *t);

/* |xi_nu| of Eq. 12 with |Omega| and |Omega_nu|. */
double closed_form(const dkm_point *point, int nu);

/* Theorem and closed forms: all that costs nothing. */
void check_cheaply(trial *t);

/* Whether the closed forms leave something to the judge. */
bool worth_judging(const trial *t);
void check_with_judge(trial *t, const judgement *j, double work);

/* Judges a trial: the sign of an exact start in the equations of its cue. */
void judge_trial(const trial *t, double work, judgement *out);
void judge_again(const trial *t, const judgement *j, double tolerance, double work, history *out);

/* ---- spectra (spectrum.c) ---- */

/* For fixed points with K <= 8: the state against the equations, the spectrum against that of the dense Jacobian. */
void check_spectrum(trial *t);

/* ---- maps (maps.c): print, and return whether every point is as it should be ---- */

bool map_cavity(const dkm_solver *solver, double cpu_cap);
bool map_fig3_strong(const dkm_solver *solver, double cpu_cap);

#endif
