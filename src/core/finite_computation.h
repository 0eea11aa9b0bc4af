/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_computation: what a computation of finitely many spins consists of, for finite.c (from start to end) and finite_save.c. */
#ifndef DICKEMAP_FINITE_COMPUTATION_H
#define DICKEMAP_FINITE_COMPUTATION_H
#include "finite_check.h"
#include "finite_flow.h"
#include "finite_kind.h"
#include "finite_step.h"
#include "finite_stream.h"

/* What is saved beside arrays. */
typedef struct finite_progress {
  double t, h;
  double h_most;         /* just below the last step that was too long; it rises by and by */
  int64_t i_time;
  int64_t accepted;      /* steps since levels were last looked at for shrinking */
  finite_stream stream;
  double r, survival;    /* of a trajectory: random number of the next jump, norm^2 lost so far since the last */
  int d[FINITE_MAX_FACTORS];
  finite_moments moments; /* of the state */
  double most_photons[DKM_FINITE_MAX_MODES]; /* <a^+ a> so far */
  dkm_finite_diagnostics said;
} finite_progress;

struct dkm_finite {
  dkm_finite_model model;
  dkm_finite_how how;
  int64_t n_times, index;
  double *times;
  const finite_kernel *kernel;
  const finite_kind *kind;
  finite_flow flow;
  bool whole[FINITE_MAX_FACTORS];
  bool jumps;   /* a trajectory */
  bool chooses; /* its frame */
  int K, M, n_factors, n_classical, n_columns, n_mean_field;
  finite_progress at;
  finite_space space;
  finite_operator op;
  finite_stepper stepper;
  int64_t n_state, n_work; /* values of the state, before the classical ones; of work */
  double *y, *work;        /* n_state + n_classical; scratch of the equation; of finite_pages.h, as those of the stepper */
  double *values, *mean_field;
  double t_asked;   /* when it was last asked whether to give up, and before which time */
  int64_t i_asked;
};

/* Makes the space one of levels d (of each factor), and moves the state there, if there is one.  Fails with DKM_LIMIT if it would
 * exceed how.memory, the computation being as before, and with DKM_MEMORY; then it can only be destroyed. */
dkm_status dkm_finite_set_levels(dkm_finite *finite, const int *d, dkm_error *err);

#endif
