/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tangent: a trajectory together with small differences from it, by the linearised equations.
 *
 * What shooting and Floquet multipliers need (cycle.h): a stretch of a trajectory, and what becomes of many small
 * differences, its columns.  Both by a Taylor series of order 24, the equations written as in
 * ensemble_body.h, the columns those of their derivative; one trajectory at a time, plain C, to rounding error: steps
 * end where the last terms are some 1e-15.  Lengths of spins are conserved to that, if they are, and not restored, so that
 * columns are the derivative of what is computed.  Only + - * / sqrt: the same bits on every machine. */
#ifndef DICKEMAP_TANGENT_H
#define DICKEMAP_TANGENT_H
#include <stdbool.h>

#include "dickemap/model.h"

typedef struct dkm_tangent dkm_tangent;

/* Fails with DKM_MEMORY. The patterns are copied. */
dkm_status dkm_tangent_create(const dkm_system *system, dkm_tangent **out, dkm_error *err);
/* Another system with as many classes and modes. */
void dkm_tangent_set_system(dkm_tangent *tangent, const dkm_system *system);

void dkm_tangent_destroy(dkm_tangent *tangent);
double dkm_tangent_bytes(const dkm_system *system);

/* Takes u (3K + 2M values), at time `from` of a drive that repeats (of no meaning otherwise), to the time T > 0 later,
 * and columns[row*n_columns + c], row < 3K + 2M, c < n_columns, with it (NULL for none).  coupled: false to leave the
 * modes out of the differences, those of spins then rotate with their class in the field that it has, and rows of modes
 * are not looked at.  Returns false if a number is not finite or the step becomes too small: u and columns are then
 * spoilt. */
bool dkm_tangent_advance(dkm_tangent *tangent, const dkm_point *point, double from, double T, double *u,
                         double *columns, int n_columns, bool coupled);

#endif
