/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What fixedpoint.c and fixedpoint_open.c (Newton) and spectrum.c (eigenvalues) share. */
#ifndef DICKEMAP_FIXEDPOINT_WORKSPACE_H
#define DICKEMAP_FIXEDPOINT_WORKSPACE_H
#include <gsl/gsl_matrix.h>
#include <gsl/gsl_permutation.h>
#include <gsl/gsl_vector.h>

#include "dickemap/fixedpoint.h"

/* A class and the strength of its field, to be sorted by it. */
typedef struct class_field {
  double B;
  int64_t k;
} class_field;

struct dkm_fixedpoint_workspace {
  dkm_system system;
  double *c, *h, *q; /* K values each: component along the field, field, weights of a Gram matrix */
  double *v;         /* K values: the field along y (unbalanced couplings) */
  double *work;      /* 2K values */
  double *du;        /* 3K + 2M values */
  class_field *order; /* K values */
  gsl_matrix *jacobian; /* 2M rows, as the next two; M are used where couplings are balanced and nothing is lost */
  gsl_vector *step;
  gsl_permutation *permutation;
};

/* The distances of u (overlaps xi_now) from the fixed point `state` (overlaps fixed->xi), and its residual. */
void dkm_fixedpoint_measure(dkm_fixedpoint_workspace *w, const dkm_point *point, const double *u, const double *xi_now,
                            const double *state, dkm_fixedpoint *fixed);

/* ---- fixedpoint_open.c: losses of single spins, unbalanced couplings ---- */

/* h_k and v_k of these amplitudes into w->h, w->v. */
void dkm_fixedpoint_open_fields(dkm_fixedpoint_workspace *w, const dkm_point *point, const double *re,
                                const double *im);

/* As dkm_fixedpoint_near. */
bool dkm_fixedpoint_open_near(dkm_fixedpoint_workspace *w, const dkm_point *point, const double *u, bool aligned,
                              dkm_fixedpoint *fixed, double *state);

#endif
