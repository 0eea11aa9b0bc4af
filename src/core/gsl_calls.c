/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gsl_calls: GSL's error handler while the library calls it; see gsl_calls.h. */
#include "gsl_calls.h"

#include <float.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <pthread.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int n_callers;
static gsl_error_handler_t *of_others; /* while there are callers */

/* Not gsl_set_error_handler_off, to tell ours from what others set. */
static void say_nothing(const char *reason, const char *file, int line, int code) {
  (void)reason;
  (void)file;
  (void)line;
  (void)code;
}

void dkm_gsl_begin(void) {
  pthread_mutex_lock(&mutex);
  if (n_callers++ == 0) of_others = gsl_set_error_handler(say_nothing);
  pthread_mutex_unlock(&mutex);
}

void dkm_gsl_end(void) {
  pthread_mutex_lock(&mutex);
  if (--n_callers == 0) {
    gsl_error_handler_t *last = gsl_set_error_handler(of_others);
    if (last != say_nothing) gsl_set_error_handler(last);
  }
  pthread_mutex_unlock(&mutex);
}

bool dkm_gsl_eigenvalues(gsl_matrix *a, gsl_vector_complex *values, gsl_eigen_nonsymm_workspace *workspace) {
  static const double lost = DBL_MIN / DBL_EPSILON;
  for (size_t i = 0; i < a->size1; i++)
    for (size_t j = 0; j < a->size2; j++)
      if (fabs(gsl_matrix_get(a, i, j)) < lost) gsl_matrix_set(a, i, j, 0.0);
  gsl_eigen_nonsymm_params(0, 1, workspace);
  return gsl_eigen_nonsymm(a, values, workspace) == 0;
}
