/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cycle_workspace: shared by cycle.c, which finds cycles, and cycle_means.c, which measures them. */
#ifndef DICKEMAP_CYCLE_WORKSPACE_H
#define DICKEMAP_CYCLE_WORKSPACE_H
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_matrix.h>
#include <gsl/gsl_permutation.h>
#include <gsl/gsl_vector.h>

#include "dickemap/cycle.h"
#include "dickemap/drive.h"
#include "tangent.h"

struct dkm_cycle_workspace {
  dkm_system system;
  dkm_tangent *tangent;
  bool losses;
  double from;       /* the time of the drive at the point of the cycle that is looked for */
  size_t size, rows; /* 3K + 2M, and 2K + 2M or as many */
  size_t per_spin;   /* directions of a spin: two across it, three where its length is not kept */
  double *basis;     /* of them: [k*9], as many vectors */
  double *at_end, *begun, *rate, *work;
  double *columns;  /* [size*rows] */
  double *rotation; /* [3K*3] */
  gsl_matrix *jacobian, *bordered;
  gsl_vector *right, *step;
  gsl_permutation *permutation;
  gsl_vector_complex *multipliers;
  gsl_eigen_nonsymm_workspace *eigen;
};

/* Whether the period is that of a drive, or a multiple. */
static inline bool is_driven(const dkm_cycle_workspace *w, const dkm_point *point) {
  return dkm_drive_period(w->system.drive, point) > 0.0;
}

/* Means and amplitudes over the period T from u into *cycle. Returns false if the trajectory cannot be followed. */
bool dkm_cycle_take_means(dkm_cycle_workspace *w, const dkm_point *given, const double *u, double T, dkm_cycle *cycle);

#endif
