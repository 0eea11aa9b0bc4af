/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gsl_calls: where GSL may fail, it does not abort.
 *
 * GSL tells of errors through one handler of the whole process, and its default handler aborts.  The library returns
 * what GSL returns as a status or a record, so its calls are made between these two:
 *
 *   dkm_gsl_begin(); ... a few calls of GSL, nothing of the user's ...; dkm_gsl_end();
 *
 * Meanwhile errors are silent; afterwards the handler that was there before is in force again.  Calls may be nested and
 * made by several threads at the same time: the first sets the handler, the last one restores it, and what somebody
 * else has set in between stays.  What another thread of the caller asks GSL for during these microseconds fails
 * silently too: with one handler a process there is no other way, short of doing without GSL. Functions that cannot
 * fail with what they are given (freeing, setting elements, random numbers) need none of this. */
#ifndef DICKEMAP_GSL_CALLS_H
#define DICKEMAP_GSL_CALLS_H
#include <gsl/gsl_eigen.h>
#include <stdbool.h>

void dkm_gsl_begin(void);
void dkm_gsl_end(void);

/* Eigenvalues of a (overwritten), balanced; false if they do not converge. Elements so small that they have lost digits count as 0:
 * balancing makes them as large as any other. Between the two above. */
bool dkm_gsl_eigenvalues(gsl_matrix *a, gsl_vector_complex *values, gsl_eigen_nonsymm_workspace *workspace);

#endif
