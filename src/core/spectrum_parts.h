/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What spectrum.c, spectrum_dense.c, spectrum_secular.c and spectrum_open.c share. */
#ifndef DICKEMAP_SPECTRUM_PARTS_H
#define DICKEMAP_SPECTRUM_PARTS_H
#include <complex.h>

#include "fixedpoint_workspace.h"
#include "secular.h"

/* |Re lambda| below this times the largest |lambda| is neutral: the accuracy of eigenvalues of matrices of some hundred
 * rows.  Of an eigenvalue that is measured from a pole, times its distance from there. */
#define DKM_SPECTRUM_NEUTRAL 1e-11

/* Fills w->c, the components along the fields at `state`, and w->order, sorted by field.  Neighbours whose fields are
 * equal within `tolerance` form groups. */
dkm_status dkm_spectrum_sort_fields(dkm_fixedpoint_workspace *w, const dkm_point *point, const double *state,
                                    double tolerance, int64_t *n_groups, dkm_error *err);
/* The group that begins with order[first] ends before this. */
int64_t dkm_spectrum_group_end(const dkm_fixedpoint_workspace *w, double tolerance, int64_t first);

/* Adds a direction by its rate, the real part of an eigenvalue that is known within `unknown`. */
void dkm_spectrum_count(dkm_spectrum *spectrum, double rate, double unknown);

/* basis[mu*M + i], i < rank: orthonormal columns that span the range of a Gram matrix (M x M). */
dkm_status dkm_spectrum_reduce_gram(const double *gram, int M, double *basis, int *rank, dkm_error *err);

/* Eigenvalues of a (overwritten) into values[rows of a]; *scale: the largest modulus. */
dkm_status dkm_spectrum_eigenvalues(gsl_matrix *a, double complex *values, double *scale, dkm_error *err);

/* Of a matrix; scale: the largest modulus. */
typedef struct dkm_eigenvalues {
  int64_t n;
  double complex *values; /* to be freed; NULL: there would be more than were wanted */
  double scale;
} dkm_eigenvalues;

/* All but what no mode sees, after dkm_spectrum_sort_fields, if they are most_rows at most. */
dkm_status dkm_spectrum_dense(dkm_fixedpoint_workspace *w, const dkm_point *point, double tolerance, int64_t n_groups,
                              int64_t most_rows, dkm_eigenvalues *out, dkm_error *err);

/* Adds all of them, known within this part of the largest. */
void dkm_spectrum_count_all(dkm_spectrum *spectrum, const dkm_eigenvalues *eigenvalues, double unknown);

/* The same as an equation, to be freed.  *n_undriven: directions that modes see but do not drive, eigenvalues
 * +-2iB exactly. */
dkm_status dkm_spectrum_secular(dkm_fixedpoint_workspace *w, const dkm_point *point, double tolerance, int64_t n_groups,
                                dkm_secular *s, int64_t *n_undriven, dkm_error *err);

/* Adds its roots to the spectrum. */
dkm_status dkm_spectrum_by_roots(dkm_fixedpoint_workspace *w, const dkm_point *point, double tolerance,
                                 int64_t n_groups, dkm_spectrum *spectrum, dkm_error *err);

/* All directions where spins lose something or couplings are unbalanced, added to an empty spectrum; fields that agree to
 * `tolerance` count as equal. */
dkm_status dkm_spectrum_open(dkm_fixedpoint_workspace *w, const dkm_point *point, const double *state,
                             double tolerance, dkm_spectrum *spectrum, dkm_error *err);
/* The same about a state in the symmetric subspace of a +-1 pattern, by its reduced state (x, y, z, Re beta, Im beta): of one mode
 * and one spin (sector, from 0), or of all (sector < 0). */
dkm_status dkm_spectrum_open_symmetric(const dkm_point *point, int n_modes, int64_t n_classes, int sector,
                                       const double *small_state, dkm_spectrum *spectrum, dkm_error *err);

#endif
