/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hopf points with modes of both signs: argv = SEED N, prints N of them as a table (hopf.txt).
 *
 * Random points, M = 3, Omega_mu of signs +, -, +; states at rest by dkm_fixedpoint_near from spins with random sides.
 * One whose every direction is damped is followed along g0 in both directions until a complex pair of its spectrum crosses
 * the imaginary axis; bisection gives g_H.  Beyond it the small cycle is reached by integration (truth.h), and then
 * followed back to amplitude 1e-3 by shooting, from the shape of the last one, scaled.  Kept if every cycle is stable and
 * some start of the program's kind leads to the largest, by integration.
 * (M = 2, a blue mode and a red one: none of 31838 states at rest of 1500 points was stable, so that none can lose it.) */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/fixedpoint.h"
#include "truth.h"

enum { M = 3 };
static const double tolerance = 1e-13;

static uint64_t random_state;

static double uniform(void) {
  random_state = random_state * 6364136223846793005u + 1442695040888963407u;
  return (double)(random_state >> 11) * 0x1p-53;
}

static double log_uniform(double low, double high) {
  return low * pow(high / low, uniform());
}

typedef struct hopf_point {
  dkm_point point; /* g0: g_H */
  int side;        /* the state is unstable where side (g0 - g_H) > 0 */
  rest at;         /* g_H */
} hopf_point;

static bool rest_at(const dkm_point *p, double g0, const rest *from, rest *to) {
  dkm_point q = *p;
  equations e;
  q.g0 = g0;
  equations_of(&q, M, &e);
  return rest_find(&e, from->u, to);
}

/* ---- search ---- */

/* A stable state at rest of a random point. */
static bool stable_rest(dkm_fixedpoint_workspace *workspace, dkm_point *p, rest *found) {
  *p = (dkm_point){.Omega = log_uniform(0.1, 2.0), .pattern = 1};
  for (int mu = 0; mu < M; mu++) {
    p->Omega_mu[mu] = (mu % 2 ? -1.0 : 1.0) * log_uniform(0.2, 5.0);
    p->kappa_mu[mu] = log_uniform(0.2, 5.0);
  }
  p->g0 = sample_g_least(p, M) * log_uniform(1.0, 4.0);
  equations e;
  equations_of(p, M, &e);
  for (int attempt = 0; attempt < 24; attempt++) {
    double u[MOST] = {0}, state[MOST], xi[MAX_M];
    dkm_fixedpoint fixed;
    for (int k = 0; k < e.K; k++) {
      const double z = 2.0 * uniform() - 1.0;
      u[2 * e.K + k] = z;
      u[k] = (uniform() < 0.5 ? -1.0 : 1.0) * sqrt(1.0 - z * z);
    }
    equations_overlaps(&e, u, xi);
    for (int mu = 0; mu < M; mu++) dkm_point_steady_mode(p, mu, xi[mu], &u[3 * e.K + mu], &u[3 * e.K + M + mu]);
    if (dkm_fixedpoint_near(workspace, p, u, true, &fixed, state) && rest_find(&e, state, found) &&
        found->n_unstable == 0 && found->decay > 1e-5)
      return true;
  }
  return false;
}

/* From a stable state along g0 to where a pair crosses. */
static bool crossing_along(const dkm_point *p, const rest *from, int side, hopf_point *out) {
  const double factor = 0.02, least = 0.3 * p->g0, most = 4.0 * p->g0;
  rest stable = *from, next;
  for (double g = p->g0; g > least && g < most; g *= 1.0 + side * factor) {
    const double beyond = g * (1.0 + side * factor);
    if (!rest_at(p, beyond, &stable, &next) || next.moved > 0.2) return false;
    if (next.n_unstable == 0) {
      stable = next;
      continue;
    }
    if (next.n_unstable != 2 || next.real <= 1e-9) return false;
    double low = g, high = beyond;
    for (int i = 0; i < 60; i++) {
      const double middle = 0.5 * (low + high);
      rest at;
      if (!rest_at(p, middle, &stable, &at)) return false;
      if (at.real > 0.0)
        high = middle;
      else
        low = middle, stable = at;
    }
    *out = (hopf_point){.point = *p, .side = side, .at = stable};
    out->point.g0 = high;
    return stable.imaginary > 0.05 && fabs(stable.real) < 1e-9;
  }
  return false;
}

/* ---- cycles ---- */

typedef struct small_cycle {
  double distance; /* |g0 - g_H| */
  double amplitude[MAX_M], largest;
  cycle cycle;
} small_cycle;

static double largest_amplitude(const equations *e, small_cycle *c) {
  double mean[3 * MAX_M];
  cycle_means(e, &c->cycle, tolerance, mean, c->amplitude);
  c->largest = 0.0;
  for (int mu = 0; mu < M; mu++) c->largest = fmax(c->largest, c->amplitude[mu]);
  return c->largest;
}

/* By integration from close to the unstable state. */
static bool born(const hopf_point *h, double distance, small_cycle *c) {
  dkm_point p = h->point;
  equations e;
  rest at;
  truth t;
  p.g0 += h->side * distance;
  equations_of(&p, M, &e);
  if (!rest_find(&e, h->at.u, &at) || at.n_unstable != 2) return false;
  double u[MOST];
  memcpy(u, at.u, sizeof u);
  for (int k = 0; k < e.K; k++) { /* turned about x */
    const double y = u[e.K + k], z = u[2 * e.K + k], angle = 0.02 * (k + 1);
    u[e.K + k] = y * cos(angle) - z * sin(angle);
    u[2 * e.K + k] = y * sin(angle) + z * cos(angle);
  }
  const truth_options o = {1e-12, 4.0 / at.real, 0.0, 6e7};
  truth_find(&e, u, &o, &t);
  if (t.kind != TRUTH_CYCLE) return false;
  int64_t evaluations = 0;
  c->distance = distance;
  return cycle_close(&e, t.state, t.period, tolerance, &c->cycle, &evaluations) && largest_amplitude(&e, c) < 0.3;
}

/* The cycle closer to g_H, by shooting. */
static bool followed(const hopf_point *h, const small_cycle *from, double distance, small_cycle *c) {
  dkm_point p = h->point;
  equations e;
  rest at, there;
  int64_t evaluations = 0;
  double u[MOST];
  const double shrink = sqrt(distance / from->distance);
  p.g0 += h->side * distance;
  equations_of(&p, M, &e);
  if (!rest_find(&e, h->at.u, &at) || !rest_at(&h->point, h->point.g0 + h->side * from->distance, &h->at, &there)) return false;
  for (int i = 0; i < equations_size(&e); i++) u[i] = at.u[i] + shrink * (from->cycle.u[i] - there.u[i]);
  for (int k = 0; k < e.K; k++) {
    const double length = sqrt(u[k] * u[k] + u[e.K + k] * u[e.K + k] + u[2 * e.K + k] * u[2 * e.K + k]);
    for (int a = 0; a < 3; a++) u[a * e.K + k] /= length;
  }
  const double period = 2.0 * M_PI / h->at.imaginary;
  c->distance = distance;
  return cycle_close(&e, u, period + (from->cycle.period - period) * shrink * shrink, tolerance, &c->cycle, &evaluations) &&
         c->cycle.n_unstable == 0 && largest_amplitude(&e, c) > 0.3 * shrink * from->largest;
}

/* ---- a start that leads there ---- */

static bool leads_there(const hopf_point *h, const small_cycle *c, dkm_point *start) {
  dkm_system system;
  dkm_error err;
  equations e;
  double u[MAX_STATE], target[3 * MAX_M], xi[MAX_M];
  if (dkm_system_of_patterns(&system, DKM_GAUGED, M, &err) != DKM_OK) exit(2);
  for (int attempt = 0; attempt < 90; attempt++) {
    *start = h->point;
    start->g0 += h->side * c->distance;
    start->pattern = 1 + attempt % M;
    start->overlap = attempt < 30 ? 1.0 : round(100.0 * (2.0 * uniform() - 1.0)) / 100.0;
    start->perturbation = round(100.0 * log_uniform(0.05, 1.0)) / 100.0;
    start->seed = 1 + attempt / M;
    equations_of(start, M, &e);
    if (dkm_model_start(&system, start, u, &err) != DKM_OK) exit(2);
    order_parameters(&e, c->cycle.u, target);
    flow f;
    flow_begin(&f, &e, u, 0, 1e-9);
    bool near = false;
    for (int i = 0; i < 20 && !near; i++) { /* the images under changes of signs are as good */
      double missed = 0.0;
      flow_until(&f, f.t + 60.0);
      equations_overlaps(&e, f.u, xi);
      for (int mu = 0; mu < M; mu++) missed = fmax(missed, fabs(fabs(xi[mu]) - fabs(target[mu])));
      near = missed < 3.0 * c->largest + 0.02 && f.t > 300.0;
    }
    flow_end(&f);
    if (!near) continue;
    truth t;
    const truth_options o = {1e-12, fmax(1024.0, 4.0 / c->cycle.decay), 0.0, 1e8};
    truth_find(&e, u, &o, &t);
    if (t.kind == TRUTH_CYCLE && fabs(t.period - c->cycle.period) < 1e-6 * t.period) return true;
  }
  return false;
}

/* ---- table ---- */

static int farthest_first(const void *a, const void *b) {
  const double x = ((const small_cycle *)a)->distance, y = ((const small_cycle *)b)->distance;
  return (x < y) - (x > y);
}

static void print_list(const char *key, int n, const double *values) {
  printf(" %s=", key);
  for (int i = 0; i < n; i++) printf("%s%.17g", i ? "," : "", values[i]);
}

enum { SIZES = 6 };

static bool measure(const hopf_point *h, int number) {
  static const double wanted[SIZES] = {0.1, 0.03, 0.01, 0.003, 0.002, 0.001};
  small_cycle first, c[SIZES];
  dkm_point start;
  double distance = 1e-3 * h->point.g0;
  if (!born(h, distance, &first) && !born(h, distance *= 4.0, &first)) return false;
  for (int i = 0; i < SIZES; i++) {
    const small_cycle *from = i == 0 ? &first : &c[i - 1];
    const double ratio = wanted[i] / from->largest;
    if (i == 0 && ratio > 1.0)
      c[i] = first; /* not larger than it was born */
    else if (!followed(h, from, from->distance * ratio * ratio, &c[i]))
      return false;
  }
  if (!leads_there(h, &c[0], &start)) {
    printf("# no start found: Omega=%.6g Omega_mu=%.6g,%.6g,%.6g g_H=%.10g\n", h->point.Omega, h->point.Omega_mu[0],
           h->point.Omega_mu[1], h->point.Omega_mu[2], h->point.g0);
    fflush(stdout);
    return false;
  }
  qsort(c, SIZES, sizeof *c, farthest_first);
  printf("point=%d M=%d Omega=%.17g", number, M, h->point.Omega);
  print_list("Omega_mu", M, h->point.Omega_mu);
  print_list("kappa_mu", M, h->point.kappa_mu);
  printf(" g_H=%.13g side=%d frequency=%.10g pattern=%d overlap=%.17g perturbation=%.17g seed=%lld start_g0=%.17g", h->point.g0,
         h->side, h->at.imaginary, start.pattern, start.overlap, start.perturbation, (long long)start.seed, start.g0);
  print_list("state", 3 * (1 << (M - 1)) + 2 * M, h->at.u);
  printf("\n");
  for (int i = 0; i < SIZES; i++) {
    printf("cycle point=%d g0=%.17g distance=%.10g period=%.12g amplitude=%.9g amplitude/sqrt(distance)=%.6g", number,
           h->point.g0 + h->side * c[i].distance, c[i].distance, c[i].cycle.period, c[i].largest,
           c[i].largest / sqrt(c[i].distance));
    print_list("xi_amplitude", M, c[i].amplitude);
    printf(" decay=%.6g residual=%.2g", c[i].cycle.decay, c[i].cycle.residual);
    print_list("state", 3 * (1 << (M - 1)) + 2 * M, c[i].cycle.u);
    printf("\n");
  }
  fflush(stdout);
  return true;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  const int n = atoi(argv[2]);
  dkm_system system;
  dkm_error err;
  dkm_fixedpoint_workspace *workspace;
  gsl_set_error_handler_off();
  const uint64_t seed = strtoull(argv[1], NULL, 10) * 7919 + 13;
  if (dkm_system_of_patterns(&system, DKM_GAUGED, M, &err) != DKM_OK ||
      dkm_fixedpoint_workspace_create(&system, &workspace, &err) != DKM_OK)
    return 2;
  for (int found = 0, tried = 0; found < n; tried++) {
    random_state = seed + 1000003u * (uint64_t)tried; /* of this one alone, however long the last search for a start was */
    for (int i = 0; i < 20; i++) uniform();
    dkm_point p;
    rest stable;
    hopf_point h;
    if (!stable_rest(workspace, &p, &stable)) continue;
    for (int side = -1; side <= 1 && found < n; side += 2)
      if (crossing_along(&p, &stable, side, &h) && measure(&h, found + 1)) {
        found++;
        break;
      }
  }
  dkm_fixedpoint_workspace_destroy(workspace);
  return 0;
}
