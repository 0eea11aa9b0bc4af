/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Time to verdict: argv = METHOD PERTURBATION N_SEEDS SAMPLE REPEATS
 *
 * The grid of Fig. 3, 4 patterns x 200 values of g0 from 0.01 to 2, times N_SEEDS seeds of
 * the perturbation.  SAMPLE: 0 for all points, else so many drawn at random (seed 1).  REPEATS: how many times each of
 * them is computed.  A few points leave lanes idle while the last ones finish, a job of thousands does not: repeated as often as
 * there are lanes, a sample costs what it would in such a job.
 *   ensemble   dkm_evaluate as it is
 *   full       the same without the quotient
 *   gsl        dkm_evaluate with GSL rk8pd in place of the ensemble: the same verdicts and windows
 *   residual   what one would write: GSL rk8pd until max |u'| < 1e-8, or t = 1e6
 * All at tolerance 1e-10.  Prints: points, CPU seconds a point, undecided or capped, largest difference of |xi|
 * from Eq. 12 over the points that were decided with a pattern state stable for their start. */
#include <gsl/gsl_odeiv2.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dickemap/evaluate.h"
#include "dickemap/theory.h"

enum { N_G0 = 200, N_PATTERNS = 4, STATE = 3 * 8 + 2 * 4 };
static const double tolerance = 1e-10, residual_goal = 1e-8, t_cap = 1e6;

typedef struct system_of_equations {
  dkm_system system;
  dkm_point point;
} system_of_equations;

static double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static dkm_point grid_point(int i, double perturbation) {
  dkm_point p = {.g0 = 0.01 + 1.99 * (i % N_G0) / (N_G0 - 1), .Omega = 0.5, .overlap = 1.0, .perturbation = perturbation};
  p.pattern = 1 + i / N_G0 % N_PATTERNS;
  p.seed = 1 + i / (N_G0 * N_PATTERNS);
  for (int mu = 0; mu < N_PATTERNS; mu++) {
    p.Omega_mu[mu] = 0.5 * (mu + 3);
    p.kappa_mu[mu] = 1.0;
  }
  return p;
}

static int right_hand_side(double t, const double u[], double du[], void *params) {
  system_of_equations *s = params;
  double work[16];
  (void)t;
  dkm_model_rhs(&s->system, &s->point, u, du, work);
  return GSL_SUCCESS;
}

/* |xi| of the cue; *capped: the residual was still above its goal at the cap. */
static double until_residual(const dkm_system *system, const dkm_point *point, int *capped) {
  system_of_equations s = {*system, *point};
  gsl_odeiv2_system equations = {right_hand_side, NULL, STATE, &s};
  gsl_odeiv2_step *step = gsl_odeiv2_step_alloc(gsl_odeiv2_step_rk8pd, STATE);
  gsl_odeiv2_control *control = gsl_odeiv2_control_y_new(tolerance, tolerance);
  gsl_odeiv2_evolve *evolve = gsl_odeiv2_evolve_alloc(STATE);
  double u[STATE], du[STATE], work[16], xi[DKM_MAX_MODES], t = 0.0, h = 1e-2, residual = INFINITY;
  if (dkm_model_start(system, point, u, NULL) != DKM_OK) exit(1);
  while (t < t_cap && residual >= residual_goal) {
    if (gsl_odeiv2_evolve_apply(evolve, control, step, &equations, &t, t_cap, &h, u) != GSL_SUCCESS) exit(1);
    right_hand_side(t, u, du, &s);
    residual = 0.0;
    for (int i = 0; i < STATE; i++) residual = fmax(residual, fabs(du[i]));
  }
  *capped = residual >= residual_goal;
  dkm_model_overlaps(system, u, xi, work);
  gsl_odeiv2_evolve_free(evolve);
  gsl_odeiv2_control_free(control);
  gsl_odeiv2_step_free(step);
  return fabs(xi[point->pattern - 1]);
}

int main(int argc, char **argv) {
  if (argc != 6) return 1;
  const char *method = argv[1];
  const double perturbation = atof(argv[2]);
  const int n_all = N_G0 * N_PATTERNS * atoi(argv[3]), n_chosen = atoi(argv[4]) > 0 ? atoi(argv[4]) : n_all,
            repeats = atoi(argv[5]), n = n_chosen * repeats;
  int *all = malloc((size_t)n_all * sizeof *all), *chosen = malloc((size_t)n_chosen * sizeof *chosen);
  dkm_point *points = malloc((size_t)n * sizeof *points);
  dkm_record *records = malloc((size_t)n * sizeof *records);
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  dkm_system system;
  if (!all || !chosen || !points || !records || !rng) return 1;
  gsl_rng_set(rng, 1);
  for (int i = 0; i < n_all; i++) all[i] = i;
  if (n_chosen < n_all)
    gsl_ran_choose(rng, chosen, (size_t)n_chosen, all, (size_t)n_all, sizeof *all);
  else
    memcpy(chosen, all, (size_t)n_chosen * sizeof *all);
  for (int i = 0; i < n; i++) points[i] = grid_point(chosen[i / repeats], perturbation);
  dkm_system_of_patterns(&system, DKM_GAUGED, N_PATTERNS, NULL);

  int n_open = 0;
  double difference = 0.0, seconds;
  if (strcmp(method, "residual") == 0) {
    const double begin = cpu_seconds();
    for (int i = 0; i < n; i++) {
      int capped;
      double xi = until_residual(&system, &points[i], &capped);
      n_open += capped;
      if (!capped && perturbation == 0.0)
        difference = fmax(difference, fabs(xi - dkm_theory_xi(&points[i], points[i].pattern - 1)));
    }
    seconds = cpu_seconds() - begin;
  } else {
    dkm_solver solver = {.method = strcmp(method, "gsl") == 0 ? DKM_METHOD_GSL : DKM_METHOD_ENSEMBLE,
                         .tolerance = tolerance, .t_max = t_cap, .full_space = strcmp(method, "full") == 0};
    dkm_evaluator *evaluator;
    dkm_error err;
    if (dkm_evaluator_create(&system, &solver, NULL, &evaluator, &err) != DKM_OK) return 1;
    const double begin = cpu_seconds();
    if (dkm_evaluate(evaluator, n, points, records, NULL, &err) != DKM_OK) return 1;
    seconds = cpu_seconds() - begin;
    for (int i = 0; i < n; i++) {
      const int nu = points[i].pattern - 1;
      n_open += records[i].verdict == DKM_VERDICT_UNDECIDED;
      if (records[i].verdict == DKM_VERDICT_FIXED_POINT && perturbation == 0.0)
        difference = fmax(difference, fabs(fabs(records[i].xi[nu]) - dkm_theory_xi(&points[i], nu)));
    }
    dkm_evaluator_destroy(evaluator);
  }
  printf("%d %.6e %d %.1e\n", n_chosen, seconds / n, n_open / repeats, difference);
  gsl_rng_free(rng);
  free(all);
  free(chosen);
  free(points);
  free(records);
  return 0;
}
