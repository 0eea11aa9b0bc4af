/* SPDX-License-Identifier: GPL-3.0-or-later */
/* integrator: one small interface over two ways to integrate the mean-field equations.
 *
 *   ensemble   ours: many points at a time, one a vector lane, each with its own step
 *              (Taylor series; src/core/ensemble.c)
 *   gsl        odeiv2 rk8pd, one point at a time: the oracle (src/core/reference.c)
 *
 * Modes that are much faster than everything else follow the spins once their transients have died: the ensemble then
 * takes steps that the spins alone bound (src/core/ensemble_slow.h), where that is faster.
 *
 * A workspace has `lanes` slots.  The caller loads a start into a slot, calls advance()
 * until the slot asks for attention (see dkm_lane), reads the state, and loads the next
 * point.  Slots never influence each other: what a lane computes depends on what was loaded
 * into it alone, bit for bit, whatever its neighbours do. */
#ifndef DICKEMAP_INTEGRATOR_H
#define DICKEMAP_INTEGRATOR_H
#include <stdbool.h>

#include "dickemap/model.h"
#include "dickemap/record.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the caller and an integrator share about one slot. */
typedef struct dkm_lane {
  bool active;    /* a trajectory is loaded; advance() skips other slots */
  double t;       /* time reached */
  double t_pause; /* the caller wants to look once t >= t_pause; steps are not shortened for it */
  double t_limit; /* the last step ends here exactly */
  int64_t piece;  /* of the drive, if there is one (drive.h) */
  int64_t steps;  /* what was computed: attempts at a step that was not taken count as well */
  int64_t steps_pause; /* the caller also wants to look after the step that makes it so many; 0: no */
  dkm_failure failure;
} dkm_lane;

/* What happened in a slot between two calls of dkm_integrator_window. */
typedef struct dkm_window {
  double length;                    /* of time */
  double rate_max;                  /* max over steps and mu of |xi_mu'|, |Re beta_mu'|, |Im beta_mu'| */
  double mean[DKM_MAX_MODES];       /* of xi_mu, sampled once a step and weighted with the steps */
  double rms[DKM_MAX_MODES];        /* of xi_mu about its mean, sampled likewise */
  double occupation[DKM_MAX_MODES]; /* mean of |beta_mu|^2 */
} dkm_window;

typedef enum dkm_method { DKM_METHOD_ENSEMBLE, DKM_METHOD_GSL } dkm_method;

/* Whether the Taylor coefficients of all classes are kept in memory or formed again in each sweep over the classes: by
 * size (0), or as said here, for comparisons. The results have the same bits. (Of conserved spins; else they are kept.) */
typedef enum dkm_coefficients {
  DKM_COEFFICIENTS_BY_SIZE,
  DKM_COEFFICIENTS_KEPT,
  DKM_COEFFICIENTS_STREAMED
} dkm_coefficients;

typedef struct dkm_solver {
  dkm_method method;
  double tolerance;  /* bound on the local error of each step, for variables of order 1 */
  double t_max;      /* give up there */
  int64_t max_steps; /* or after so many steps of the trajectory; 0: no such bound */
  dkm_coefficients coefficients;
  bool between_steps; /* keep the last step's series for dkm_integrator_sample */
  bool resolve_modes; /* resolve fast modes even where they only follow the spins (ensemble): for comparisons */
  bool full_space;    /* never integrate the smaller system of a start (start.h): for comparisons; gsl never does */
  dkm_dynamics dynamics; /* of the points of an integrator (0: conserved), which has no others; gsl takes any. The driven ones
                            begin with their drive at time 0 */
  bool until_settled; /* end a trajectory once its outcome is known, with xi of the minimum that it leads to and little else of
                         the record; evaluate.h only */
  bool sensitivity;   /* also measure how much small differences are amplified (sensitivity.h); evaluate.h only */
} dkm_solver;

typedef struct dkm_integrator dkm_integrator;

/* cpu: NULL (the best that this machine has) or the name of an instruction set, see
 * dkm_cpu_name; ignored by gsl.  Fails with DKM_INPUT for a name that is unknown or not
 * supported by this machine, DKM_MEMORY. The system is copied. */
dkm_status dkm_integrator_create(const dkm_system *system, const dkm_solver *solver, const char *cpu,
                                 dkm_integrator **out, dkm_error *err);
void dkm_integrator_destroy(dkm_integrator *integrator);

/* Bytes that a workspace would take, without creating it. */
double dkm_integrator_bytes(const dkm_system *system, const dkm_solver *solver, const char *cpu);

/* Number of slots, and the slots themselves (owned by the integrator). */
int dkm_integrator_lanes(const dkm_integrator *integrator);
dkm_lane *dkm_integrator_lane(dkm_integrator *integrator, int lane);

/* Evaluations of the right-hand side that a step amounts to: the order of the Taylor expansion, the stages of gsl. */
int dkm_integrator_order(const dkm_integrator *integrator);

/* The system, with its drive, of what is loaded into a slot from now on; at first that of dkm_integrator_create. One
 * with couplings of any values may have other couplings than that and fewer classes and modes; +-1 patterns have only
 * one. */
void dkm_integrator_set_system(dkm_integrator *integrator, int lane, const dkm_system *system);

/* Starts a trajectory in a slot at time t from u (3K + 2M values, copied). Resets the
 * window; the caller sets t_pause and t_limit afterwards (they start at infinity). */
void dkm_integrator_load(dkm_integrator *integrator, int lane, const dkm_point *point, const double *u, double t);

/* Empties a slot. */
void dkm_integrator_unload(dkm_integrator *integrator, int lane);

/* The state of a slot (3K + 2M values). */
void dkm_integrator_state(const dkm_integrator *integrator, int lane, double *u);

/* Goes on with a slot until time t, not before that of an earlier call, and gives the order parameters there: xi_mu,
 * Re beta_mu, Im beta_mu (M values each).  With solver.between_steps the ensemble sums the Taylor series of the step in
 * which t is, so that no step ends for the sake of a sample; without it, and by gsl, the last step ends at t.  For an
 * integrator with a single active slot, of which t_pause and t_limit are set here; false if the trajectory fails. */
bool dkm_integrator_sample(dkm_integrator *integrator, int lane, double t, double *xi, double *beta_re,
                           double *beta_im);

/* Reads the window of a slot, which began at the last call of this function or at the load,
 * and begins a new one. */
void dkm_integrator_window(dkm_integrator *integrator, int lane, dkm_window *window);

/* Advances every active slot, at least one step, until at least one of them has reached its
 * t_pause, steps_pause or t_limit or has failed, or some tenths of a second have been computed: call it again then, which
 * changes no bit.  Does nothing if no slot is active. */
void dkm_integrator_advance(dkm_integrator *integrator);

/* A trajectory can be put aside between two calls of advance, and be continued by another process: everything that later
 * bits depend on, the slot's members and the window included, as bytes.  They serve an integrator of the same patterns,
 * method, tolerance and resolve_modes, with any instruction set, coefficients kept or streamed, built from the same
 * source; neither this nor the point is checked.  save writes dkm_integrator_saved_bytes() bytes; restore takes the
 * place of load. */
size_t dkm_integrator_saved_bytes(const dkm_integrator *integrator);
void dkm_integrator_save(const dkm_integrator *integrator, int lane, void *bytes);
void dkm_integrator_restore(dkm_integrator *integrator, int lane, const dkm_point *point, const void *bytes);

/* Instruction sets of the ensemble kernel: names of those built in (NULL at the end), the
 * best one that this machine runs, that for one point at a time, and whether it runs a given one. */
const char *const *dkm_cpu_names(void);
const char *dkm_cpu_best(void);
const char *dkm_cpu_best_for_one(void);
bool dkm_cpu_supported(const char *name);

/* DKM_INPUT for a name that is unknown or not this machine's, with those that are; NULL is the best one. */
dkm_status dkm_cpu_check(const char *name, dkm_error *err);

#ifdef __cplusplus
}
#endif

#endif
