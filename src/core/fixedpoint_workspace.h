/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What fixedpoint.c (Newton) and spectrum.c (eigenvalues) share. */
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
  double *work;      /* 2K values */
  double *du;        /* 3K + 2M values */
  class_field *order; /* K values */
  gsl_matrix *jacobian;
  gsl_vector *step;
  gsl_permutation *permutation;
};

#endif
