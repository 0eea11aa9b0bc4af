/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Another machine, to be preloaded: what GSL and the library's functions return may be another double next to the right
 * one, the same for the same one; and the machine says that it is one of another architecture. */
#define _GNU_SOURCE
#include <complex.h>
#include <dlfcn.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <sys/utsname.h>

static double nudge(double x) {
  uint64_t bits;
  if (!isfinite(x) || fabs(x) < 1e-300) return x;
  memcpy(&bits, &x, sizeof bits);
  bits *= UINT64_C(0x9e3779b97f4a7c15);
  bits ^= bits >> 29;
  bits *= UINT64_C(0xbf58476d1ce4e5b9);
  bits ^= bits >> 32;
  return bits % 4 == 0 ? nextafter(x, INFINITY) : bits % 4 == 1 ? nextafter(x, -INFINITY) : x;
}

#define NEXT(name) (next ? next : (next = (__typeof__(next))dlsym(RTLD_NEXT, #name)))
#define ONE(name)                                                                                                      \
  double name(double x) {                                                                                              \
    static double (*next)(double);                                                                                     \
    return nudge(NEXT(name)(x));                                                                                       \
  }
#define TWO(name)                                                                                                      \
  double name(double x, double y) {                                                                                    \
    static double (*next)(double, double);                                                                             \
    return nudge(NEXT(name)(x, y));                                                                                    \
  }
ONE(sin)
ONE(cos)
ONE(exp)
ONE(log)
ONE(log10)
TWO(pow)
TWO(hypot)

double cabs(double complex z) {
  static double (*next)(double complex);
  return nudge(NEXT(cabs)(z));
}

/* Eigenvalues are known to the rounding of the largest element. */
int gsl_eigen_nonsymm(gsl_matrix *a, gsl_vector_complex *values, gsl_eigen_nonsymm_workspace *workspace) {
  static int (*next)(gsl_matrix *, gsl_vector_complex *, gsl_eigen_nonsymm_workspace *);
  const double largest = fmax(fabs(gsl_matrix_max(a)), fabs(gsl_matrix_min(a)));
  const int code = NEXT(gsl_eigen_nonsymm)(a, values, workspace);
  for (size_t i = 0; i < 2 * values->size; i++) {
    const double x = values->data[i];
    if (x != 0.0) values->data[i] = x + 2.0 * (nudge(largest + x) - (largest + x));
  }
  return code;
}

int gsl_linalg_LU_svx(const gsl_matrix *lu, const gsl_permutation *permutation, gsl_vector *x) {
  static int (*next)(const gsl_matrix *, const gsl_permutation *, gsl_vector *);
  const int code = NEXT(gsl_linalg_LU_svx)(lu, permutation, x);
  for (size_t i = 0; i < x->size; i++) gsl_vector_set(x, i, nudge(gsl_vector_get(x, i)));
  return code;
}

int uname(struct utsname *machine) {
  static int (*next)(struct utsname *);
  const int code = NEXT(uname)(machine);
  strcpy(machine->machine, "elsewhere");
  return code;
}
