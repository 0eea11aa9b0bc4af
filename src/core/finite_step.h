/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_step: one step of an explicit Runge-Kutta method of order 8 with an estimate of its error: Dormand and Prince's 8(5,3)
 * with 12 stages, E. Hairer, S. P. Norsett, G. Wanner, Solving Ordinary Differential Equations I (1993), section II.10. */
#ifndef DICKEMAP_FINITE_STEP_H
#define DICKEMAP_FINITE_STEP_H
#include "finite_kernel.h"

typedef void finite_rhs(void *context, double t, const double *y, double *dy);

enum { FINITE_SLOTS = 10 };

typedef struct finite_stepper {
  const finite_kernel *kernel;
  int64_t n;
  double *memory;                  /* of the slots, one after the other: free between two steps */
  double *k[FINITE_SLOTS];
  double *next; /* n values: the state after the step; may be exchanged for another array of finite_pages.h */
} finite_stepper;

/* Bytes that a stepper of n values takes. */
double dkm_finite_stepper_bytes(int64_t n);
/* Fails with DKM_MEMORY. */
dkm_status dkm_finite_stepper_create(const finite_kernel *kernel, int64_t n, finite_stepper *out, dkm_error *err);
void dkm_finite_stepper_free(finite_stepper *stepper);

/* f(t, y), with which a step from there begins: to be called before the first try, and whenever f has changed. */
void dkm_finite_step_begin(finite_stepper *stepper, finite_rhs *f, void *context, double t, const double *y);

/* next = y(t + h), and the estimated 2-norm of its error. */
double dkm_finite_step_try(finite_stepper *stepper, finite_rhs *f, void *context, double t, const double *y, double h);

/* h times this for the next try, from an error over the tolerance. */
double dkm_finite_step_factor(double error);

#endif
