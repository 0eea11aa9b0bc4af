/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Samples of a trajectory and of the separation from its shadow. */
#include "dickemap/sampling.h"

#include "dickemap/drive.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gsl_calls.h"
#include "separation.h"

/* Stretches without samples are this many times as long as the time between samples: separations stay small. */
static const double followed_stretch = 16.0;
/* A step leaves errors of this size in variables of order 1. */
static const double rounding = 4.0 * DBL_EPSILON;
/* A logarithm, more than amplitudes vary in the course of an oscillation. */
static const double visible = 7.0;

struct dkm_sampling {
  dkm_system system;
  const dkm_start *symmetric;
  dkm_integrator *integrator;
  int lane;
  double departure; /* the first distance of the shadow */
  dkm_series *series;
  gsl_rng *rng;
  double *trajectory, *shadow; /* states at the end and at the beginning of the stretch, 3K + 2M values each */
  double separation;
  int alive;     /* modes that are not empty, or were not when `hidden` was looked at last */
  double hidden; /* most of hidden_growth since it was below -visible */
  double fastest;
  bool has_shadow;                                    /* it belongs to the trajectory at t_stretch */
  bool on_shadow;                                     /* which of them is in the lane */
  bool follows;                                       /* no samples are taken */
  double t_stretch, t_end;                            /* where the stretch began, and ends */
  double until, stretch;                              /* follows: to when, and by what stretches */
  double followed_growth, followed_xi[DKM_MAX_MODES]; /* the overlaps at the end of that */
  dkm_exponent exponent;
  int64_t steps; /* of the trajectory up to then */
};

dkm_status dkm_sampling_create(const dkm_system *system, double tolerance, dkm_integrator *integrator, int lane,
                               dkm_sampling **out, dkm_error *err) {
  dkm_sampling *s = calloc(1, sizeof *s);
  dkm_status status = DKM_OK;
  if (s) {
    s->system = *system;
    s->integrator = integrator;
    s->lane = lane;
    s->departure = fmin(1e-4, fmax(1e-7, sqrt(tolerance)));
    s->trajectory = calloc(dkm_model_size(system), sizeof *s->trajectory);
    s->shadow = calloc(dkm_model_size(system), sizeof *s->shadow);
    dkm_gsl_begin();
    s->rng = gsl_rng_alloc(gsl_rng_mt19937);
    dkm_gsl_end();
  }
  if (!s || !s->trajectory || !s->shadow || !s->rng)
    status = dkm_fail(err, DKM_MEMORY, "out of memory for two states of a trajectory");
  else
    status = dkm_series_create(system->n_modes, &s->series, err);
  if (status != DKM_OK) {
    dkm_sampling_destroy(s);
    return status;
  }
  *out = s;
  return DKM_OK;
}

void dkm_sampling_set_system(dkm_sampling *s, const dkm_system *system, const dkm_start *symmetric) {
  s->system = *system;
  s->symmetric = symmetric;
  s->series->n_modes = system->n_modes;
}

int64_t dkm_sampling_steps(const dkm_sampling *s) {
  return s->steps;
}

void dkm_sampling_destroy(dkm_sampling *s) {
  if (!s) return;
  dkm_series_destroy(s->series);
  free(s->trajectory);
  free(s->shadow);
  if (s->rng) gsl_rng_free(s->rng);
  free(s);
}

double dkm_sampling_bytes(const dkm_system *system) {
  return sizeof(dkm_sampling) + dkm_series_bytes(system->n_modes) +
         2.0 * sizeof(double) * (double)dkm_model_size(system);
}

const dkm_series *dkm_sampling_series(const dkm_sampling *s) {
  return s->series;
}

const dkm_exponent *dkm_sampling_exponent(const dkm_sampling *s) {
  return &s->exponent;
}

bool dkm_sampling_follows(const dkm_sampling *s) {
  return s->follows;
}

dkm_growth dkm_sampling_growth(const dkm_sampling *s) {
  if (s->follows) return (dkm_growth){1, &s->followed_growth, s->followed_xi, 0};
  return (dkm_growth){s->series->n_samples / DKM_MOTION_STRETCH, s->series->growth, s->series->values,
                      3 * (size_t)s->system.n_modes * DKM_MOTION_STRETCH};
}

double dkm_sampling_fastest(const dkm_sampling *s) {
  return s->fastest;
}

const double *dkm_sampling_shadow(const dkm_sampling *s) {
  return s->shadow;
}

/* The fastest of the modes and of the precession 2|B_k|, |h_k| <= sum_mu 2 |Re beta_mu|, |v_k| likewise. */
static double fastest_frequency(const dkm_system *system, const dkm_point *point, const double *u) {
  const double *re = u + 3 * system->n_classes, *im = re + system->n_modes;
  const dkm_point most = dkm_drive_most(system->drive, point);
  double field = 0.0, along_y = 0.0, fastest = 0.0;
  for (int mu = 0; mu < system->n_modes; mu++) {
    field += 2.0 * most.g0 * system->largest * fabs(re[mu]);
    along_y += 2.0 * most.imbalance * most.g0 * system->largest * fabs(im[mu]);
    fastest = fmax(fastest, fabs(point->Omega_mu[mu]));
  }
  return fmax(fastest, 2.0 * sqrt(most.Omega * most.Omega + field * field + along_y * along_y));
}

double dkm_sampling_spacing(const dkm_system *system, const dkm_point *point, const double *u, double fastest) {
  const double spacing = DKM_MOTION_PHASE / fmax(fastest, fastest_frequency(system, point, u));
  const double period = dkm_drive_period(system->drive, point);
  return period > 0.0 ? period / ceil(period / spacing) : spacing; /* the same phases in each period */
}

/* ---- samples ---- */

static void take_sample(dkm_sampling *s, const dkm_point *point, const double *u, double *scratch) {
  const dkm_system *system = &s->system;
  dkm_series *series = s->series;
  const int M = system->n_modes;
  const size_t row = 3 * (size_t)M, n = dkm_model_size(system);
  const int64_t K = system->n_classes;
  double *value = series->values + (size_t)series->n * row, *rate = series->rates + (size_t)series->n * row;
  dkm_point now = *point;
  if (dkm_drive_period(system->drive, point) > 0.0)
    now = dkm_drive_point_at(system->drive, point, dkm_integrator_lane(s->integrator, s->lane)->t);
  dkm_model_rhs(system, &now, u, scratch, scratch + n);
  dkm_model_overlaps(system, u, value, scratch + n);
  dkm_model_overlaps(system, scratch, rate, scratch + n); /* xi is linear in z */
  memcpy(value + M, u + 3 * K, 2 * (size_t)M * sizeof *value);
  memcpy(rate + M, scratch + 3 * K, 2 * (size_t)M * sizeof *rate);
  s->fastest = fmax(s->fastest, fastest_frequency(system, point, u));
  series->n++;
}

static double sample_time(const dkm_series *series, int i) {
  return series->t0 + i * series->dt;
}

/* ---- the shadow ---- */

/* Where all that a mode belongs to has nearly died, the trajectory is close to states without it, and a small difference
 * from it shrinks in these directions as the trajectory's own distance does.  That of the shadow cannot, once it is no
 * more than rounding errors, rounding/departure of the separation.  The logarithm of what the shadow then has too much, or
 * of what it is still away from that, negative. */
static double hidden_growth(const dkm_sampling *s, const double *u, int *alive) {
  const int M = s->system.n_modes;
  const double *re = u + 3 * s->system.n_classes, *im = re + M, least = rounding / s->departure;
  double largest = 0.0, smallest = INFINITY;
  *alive = 0;
  for (int mu = 0; mu < M; mu++) {
    const double square = re[mu] * re[mu] + im[mu] * im[mu];
    *alive += square > 0.0;
    largest = fmax(largest, square);
    if (square > 0.0) smallest = fmin(smallest, square); /* zero: not excited, nor is it in the shadow */
  }
  smallest = fmax(smallest, 1e-300 * largest); /* their ratio is a number */
  return smallest < largest ? 0.5 * dkm_exponent_log(least * least * (largest / smallest)) : -INFINITY;
}

/* The most that was hidden is in doubt, once the trajectory has gone away from there; not where a mode has died for good: then it
 * is in the subspace. */
static double doubt(dkm_sampling *s, const double *u) {
  int alive;
  const double now = hidden_growth(s, u, &alive), most = alive < s->alive ? 0.0 : s->hidden;
  s->alive = alive;
  s->hidden = now > -visible ? fmax(now, most) : 0.0;
  return now > -visible ? 0.0 : most;
}

/* The shadow at its first distance from the trajectory at u, in a direction that depends on the point alone. */
static void depart(dkm_sampling *s, const dkm_point *point, const double *u) {
  s->separation = s->departure;
  s->hidden = fmax(hidden_growth(s, u, &s->alive), 0.0);
  s->has_shadow = true;
  memcpy(s->shadow, u, dkm_model_size(&s->system) * sizeof *u);
  dkm_separation_depart(&s->system, point, s->symmetric, 0, s->rng, s->shadow, 1.0);
  dkm_separation_scale(&s->system, point, u, s->shadow, s->separation / dkm_separation_of(&s->system, u, s->shadow));
}

void dkm_sampling_forget(dkm_sampling *s) {
  s->has_shadow = false;
}

/* Stretches begin at the time of the lane, u being its state; the first one ends at t_end. Steps are counted from the
 * load. */
static void begin_stretches(dkm_sampling *s, const dkm_point *point, const double *u) {
  dkm_lane *l = dkm_integrator_lane(s->integrator, s->lane);
  if (!s->has_shadow || l->t != s->t_stretch) {
    dkm_exponent_begin(&s->exponent);
    depart(s, point, u);
  }
  s->t_stretch = l->t;
  s->steps = l->steps;
  s->on_shadow = false;
  dkm_integrator_load(s->integrator, s->lane, point, u, s->t_stretch);
}

/* The trajectory is at the end of the stretch, at u: now its shadow. */
static void turn_to_shadow(dkm_sampling *s, const dkm_point *point, const double *u, double t_end) {
  dkm_lane *l = dkm_integrator_lane(s->integrator, s->lane);
  memcpy(s->trajectory, u, dkm_model_size(&s->system) * sizeof *u);
  s->steps += l->steps;
  s->t_end = t_end;
  dkm_integrator_load(s->integrator, s->lane, point, s->shadow, s->t_stretch);
  l->t_limit = t_end;
  s->on_shadow = true;
}

/* The shadow is at the end of the stretch, at u, which becomes the trajectory, in the lane again. The growth; NaN if
 * the shadow has failed. */
static double turn_to_trajectory(dkm_sampling *s, const dkm_point *point, double *u) {
  double growth = NAN;
  if (dkm_integrator_lane(s->integrator, s->lane)->failure != DKM_FAILURE_NONE)
    depart(s, point, s->trajectory);
  else {
    const double separation = fmax(dkm_separation_of(&s->system, s->trajectory, u), DBL_MIN); /* for the logarithm */
    growth = separation / s->separation;
    dkm_exponent_add(&s->exponent, growth, s->t_end - s->t_stretch, doubt(s, s->trajectory));
    memcpy(s->shadow, u, dkm_model_size(&s->system) * sizeof *u);
    /* To the other side: what the separation is too large for, quadratic terms, has the other sign there. A torus is
     * else left on the same side for ever, and has an exponent that is proportional to the separation. */
    dkm_separation_scale(&s->system, point, s->trajectory, s->shadow, -s->separation / separation);
  }
  memcpy(u, s->trajectory, dkm_model_size(&s->system) * sizeof *u);
  s->on_shadow = false;
  s->t_stretch = s->t_end;
  dkm_integrator_load(s->integrator, s->lane, point, u, s->t_stretch);
  return growth;
}

/* ---- windows ---- */

void dkm_sampling_begin(dkm_sampling *s, const dkm_point *point, int n_samples, double dt, const double *u,
                        double *scratch) {
  begin_stretches(s, point, u);
  s->follows = false;
  s->series->n_samples = n_samples;
  s->series->n = 0;
  s->series->t0 = s->t_stretch;
  s->series->dt = dt;
  s->fastest = 0.0;
  take_sample(s, point, u, scratch);
  dkm_integrator_lane(s->integrator, s->lane)->t_limit = sample_time(s->series, 1);
}

bool dkm_sampling_on_shadow(const dkm_sampling *s) {
  return s->on_shadow;
}

/* The last sample, n_samples, is only the end of the last stretch. */
static bool continue_window(dkm_sampling *s, const dkm_point *point, double *u, double *scratch) {
  dkm_series *series = s->series;
  const int i = series->n;
  if (!s->on_shadow && i % DKM_MOTION_STRETCH == 0) {
    turn_to_shadow(s, point, u, sample_time(series, i));
    return false;
  }
  if (s->on_shadow) {
    series->growth[i / DKM_MOTION_STRETCH - 1] = turn_to_trajectory(s, point, u);
    if (i == series->n_samples) return true;
  }
  take_sample(s, point, u, scratch);
  dkm_integrator_lane(s->integrator, s->lane)->t_limit = sample_time(series, i + 1);
  return false;
}

/* ---- without samples ---- */

void dkm_sampling_follow(dkm_sampling *s, const dkm_point *point, double until, double dt, const double *u) {
  begin_stretches(s, point, u);
  s->follows = true;
  s->series->n = 0;
  s->until = until;
  s->stretch = followed_stretch * dt;
  s->followed_growth = 1.0;
  dkm_integrator_lane(s->integrator, s->lane)->t_limit = fmin(s->t_stretch + s->stretch, until);
}

static void grow_by(dkm_sampling *s, double growth) {
  s->followed_growth = isnan(growth) ? NAN : fmax(1e-300, fmin(1e300, s->followed_growth * growth));
}

static bool continue_following(dkm_sampling *s, const dkm_point *point, double *u, double *scratch) {
  dkm_lane *l = dkm_integrator_lane(s->integrator, s->lane);
  if (!s->on_shadow) {
    turn_to_shadow(s, point, u, l->t);
    return false;
  }
  grow_by(s, turn_to_trajectory(s, point, u));
  if (s->t_stretch >= s->until) {
    dkm_model_overlaps(&s->system, u, s->followed_xi, scratch);
    return true;
  }
  l->t_limit = fmin(s->t_stretch + s->stretch, s->until);
  return false;
}

void dkm_sampling_cut(dkm_sampling *s) {
  const dkm_lane *l = dkm_integrator_lane(s->integrator, s->lane);
  if (!s->follows && s->series->n == s->series->n_samples && l->t >= l->t_limit) return;
  if (!s->follows) { /* the growth in its stretches is all that is left of a window */
    const int n = s->series->n > 0 ? (s->series->n - 1) / DKM_MOTION_STRETCH : 0;
    s->followed_growth = 1.0;
    for (int i = 0; i < n; i++) grow_by(s, s->series->growth[i]);
    s->series->n = 0;
    s->follows = true;
  }
  s->until = l->t;
}

bool dkm_sampling_continue(dkm_sampling *s, const dkm_point *point, double *u, double *scratch) {
  dkm_integrator_state(s->integrator, s->lane, u);
  return s->follows ? continue_following(s, point, u, scratch) : continue_window(s, point, u, scratch);
}

/* ---- a window put aside: this, then values, rates, growth, trajectory, shadow as far as they are filled ---- */

typedef struct saved {
  double separation, hidden, fastest, t_stretch, t_end, t0, dt, until, stretch, followed_growth;
  int64_t steps, n_samples, n, on_shadow, follows, alive;
  dkm_exponent exponent;
} saved;

typedef struct part {
  double *values;
  size_t n;
} part;
enum { N_PARTS = 5 };

static void parts_of(const dkm_sampling *s, size_t n_taken, part parts[N_PARTS]) {
  const size_t row = 3 * (size_t)s->system.n_modes, size = dkm_model_size(&s->system);
  parts[0] = (part){s->series->values, n_taken * row};
  parts[1] = (part){s->series->rates, n_taken * row};
  parts[2] = (part){s->series->growth, n_taken / DKM_MOTION_STRETCH};
  parts[3] = (part){s->trajectory, size};
  parts[4] = (part){s->shadow, size};
}

static size_t bytes_of(const part parts[N_PARTS]) {
  size_t n = 0;
  for (int i = 0; i < N_PARTS; i++) n += parts[i].n;
  return sizeof(saved) + n * sizeof(double);
}

size_t dkm_sampling_saved_bytes(const dkm_sampling *s) {
  part parts[N_PARTS];
  parts_of(s, (size_t)s->series->n, parts);
  return bytes_of(parts);
}

void dkm_sampling_save(const dkm_sampling *s, void *bytes) {
  const saved head = {.separation = s->separation,
                      .hidden = s->hidden,
                      .fastest = s->fastest,
                      .t_stretch = s->t_stretch,
                      .t_end = s->t_end,
                      .t0 = s->series->t0,
                      .dt = s->series->dt,
                      .until = s->until,
                      .stretch = s->stretch,
                      .followed_growth = s->followed_growth,
                      .steps = s->steps,
                      .n_samples = s->series->n_samples,
                      .n = s->series->n,
                      .on_shadow = s->on_shadow,
                      .follows = s->follows,
                      .alive = s->alive,
                      .exponent = s->exponent};
  part parts[N_PARTS];
  char *to = bytes;
  parts_of(s, (size_t)head.n, parts);
  memcpy(to, &head, sizeof head);
  to += sizeof head;
  for (int i = 0; i < N_PARTS; i++) {
    memcpy(to, parts[i].values, parts[i].n * sizeof(double));
    to += parts[i].n * sizeof(double);
  }
}

bool dkm_sampling_restore(dkm_sampling *s, const void *bytes, size_t n_bytes) {
  const char *from = bytes;
  saved head;
  part parts[N_PARTS];
  if (n_bytes < sizeof head) return false;
  memcpy(&head, from, sizeof head);
  from += sizeof head;
  if (head.n_samples < 0 || head.n_samples > DKM_MOTION_MOST || head.n < 0 || head.n > head.n_samples) return false;
  if (head.exponent.n < 0 || head.exponent.n > DKM_EXPONENT_BLOCKS) return false;
  parts_of(s, (size_t)head.n, parts);
  if (n_bytes != bytes_of(parts)) return false;
  for (int i = 0; i < N_PARTS; i++) {
    memcpy(parts[i].values, from, parts[i].n * sizeof(double));
    from += parts[i].n * sizeof(double);
  }
  s->separation = head.separation;
  s->hidden = head.hidden;
  s->alive = (int)head.alive;
  s->fastest = head.fastest;
  s->t_stretch = head.t_stretch;
  s->steps = head.steps;
  s->t_end = head.t_end;
  s->until = head.until;
  s->stretch = head.stretch;
  s->followed_growth = head.followed_growth;
  s->exponent = head.exponent;
  s->has_shadow = true;
  s->on_shadow = head.on_shadow != 0;
  s->follows = head.follows != 0;
  s->series->t0 = head.t0;
  s->series->dt = head.dt;
  s->series->n_samples = (int)head.n_samples;
  s->series->n = (int)head.n;
  return true;
}
