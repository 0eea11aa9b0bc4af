/* SPDX-License-Identifier: GPL-3.0-or-later */
/* orbit: trajectories of the equations of judge.h with their linearisation, and the periodic and resting ones among them.
 *
 * GSL's rk8pd carries a state and any number of tangent vectors; cycles are closed by Newton's method on the flow in the
 * full space, each spin kept on its sphere but where there are losses, with the dense monodromy matrix.  K <= MOST_K. */
#ifndef VERDICTS_ORBIT_H
#define VERDICTS_ORBIT_H
#include <gsl/gsl_odeiv2.h>

#include "judge.h"

/* A trajectory: u holds the state and then n_tangents vectors, n values each. */
typedef struct flow {
  const equations *e;
  int n, n_tangents;
  double t, step; /* step: the next one to be tried */
  double *u;
  int64_t n_evaluations; /* of the equations; one with tangents counts 1 + n_tangents */
  gsl_odeiv2_system system;
  gsl_odeiv2_step *stepper;
  gsl_odeiv2_control *control;
  gsl_odeiv2_evolve *evolve;
} flow;

/* The equations are borrowed; tangents begin as zero. Exits without memory. */
void flow_begin(flow *f, const equations *e, const double *u, int n_tangents, double tolerance);
void flow_end(flow *f);

/* One step that ends at t_end at the latest; false if it failed. */
bool flow_step(flow *f, double t_end);
bool flow_until(flow *f, double t_end);

/* From a state kept earlier, `dt` in one step without error control: for times within a step that was accepted. */
bool flow_within(flow *f, const double *from, double dt, double *to);

/* equations_renormalise of the state. */
void flow_renormalise(flow *f);

/* Order parameters v = (xi, Re beta, Im beta), 3M values; of a state, or their rates if `u` is a rate. */
void order_parameters(const equations *e, const double *u, double *v);

/* A closed orbit. */
typedef struct cycle {
  double u[MOST];   /* a state on it */
  double period;    /* the shortest: no n-th part of it, n <= 7, closes the orbit */
  double residual;  /* max |u(T) - u(0)| */
  double moved;     /* max |change of an order parameter| from the guess to u */
  bool has_floquet;
  int n_unstable;   /* exponents above noise */
  double growth;    /* largest real part of the Floquet exponents, that of the phase left out */
  double decay;     /* of the slowest damped direction */
  double phase;     /* |exponent| of the phase, 0 but for rounding */
} cycle;

/* Newton from a state and a period. Returns whether it converged. *n_evaluations is added to. */
bool cycle_close(const equations *e, const double *guess, double period, double tolerance, cycle *out,
                 int64_t *n_evaluations);

/* Means of the order parameters over the period, amplitude[mu]: half of peak to peak of xi_mu. */
void cycle_means(const equations *e, const cycle *c, double tolerance, double *mean, double *amplitude);

/* A state at rest. */
typedef struct rest {
  double u[MOST];
  double residual, moved; /* max |u'|; max |change of an order parameter| from the guess */
  int n_unstable;         /* eigenvalues with real part above noise */
  double growth, decay;   /* largest real part; slowest damped direction; neutral ones (|real part| within noise) left out */
  double real, imaginary; /* of the complex pair with the largest real part */
} rest;

bool rest_find(const equations *e, const double *guess, rest *out);

#endif
