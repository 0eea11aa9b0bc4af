/* SPDX-License-Identifier: GPL-3.0-or-later */
/* truth: what motion a trajectory with modes of both signs comes to, by following it.
 *
 * The state is carried with one tangent vector (Benettin) through windows that double in length, [t, 2t].  Each window
 * yields means and sizes of the order parameters, the growth of the tangent in blocks, and the crossings of a section.
 * What is then asked, in this order:
 *   rest    the order parameters hardly move, and Newton finds a state without growing directions that close; or they have
 *           not moved at all for two windows (spins that precess darkly)
 *   cycle   the crossings recur; Newton closes the orbit, no Floquet exponent is positive, and the trajectory comes nearer
 *           from one window to the next; or, if K > M, the order parameters recur to rounding over the window (dark spins)
 *   chaos   the tangent grew by more than e^15 in the last window, significantly
 *   torus   it grew by less than e^4 in the last two, sizes and means stay, and the leading two lines of the spectrum, which
 *           are no multiples of each other, stay from early to late */
#ifndef VERDICTS_TRUTH_H
#define VERDICTS_TRUTH_H
#include "orbit.h"

typedef enum truth_kind { TRUTH_UNKNOWN, TRUTH_REST, TRUTH_CYCLE, TRUTH_TORUS, TRUTH_CHAOS, N_TRUTHS } truth_kind;

const char *truth_name(truth_kind k);

typedef struct truth {
  truth_kind kind;
  double t_known, t;     /* end of the window that first said so without contradiction since; followed until */
  double chaos_until;    /* end of the last window with chaos, 0: none */
  double mean[3 * MAX_M], amplitude[MAX_M]; /* of the order parameters; half of peak to peak of xi_mu */
  double size;           /* sqrt of the summed variances in the last window */
  double size_before;    /* and in the one before */
  double distance;       /* rest, cycle: of the order parameters from the exact one when followed to t */
  double period, residual, growth, decay; /* of the cycle or the state at rest; NaN where not known */
  int n_unstable;
  double lyapunov, lyapunov_error; /* chaos: over the last two windows; otherwise over the last one */
  double frequency[2], weight;     /* torus: leading lines, power of the second over the first's */
  int64_t n_evaluations;
  double state[MOST];    /* at t */
} truth;

typedef struct truth_options {
  double tolerance;  /* of the integration */
  double t_first;    /* length of the first window */
  double t_least;    /* oscillations are followed at least until then */
  double work;       /* bound on n_evaluations */
} truth_options;

void truth_find(const equations *e, const double *start, const truth_options *o, truth *out);

#endif
