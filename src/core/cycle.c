/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shooting for periodic solutions, and Floquet multipliers.
 *
 * References: R. Seydel, Practical Bifurcation and Stability Analysis, ch. 7 (Springer 2010). */
#include "cycle_workspace.h"

#include <gsl/gsl_complex_math.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/exponent.h"
#include "gsl_calls.h"

/* Newton converges, or is given up, within so many iterations; a change of a variable or a relative one of the period
 * beyond this leads somewhere else. */
enum { ITERATIONS = 12 };
static const double farthest = 0.5, farthest_period = 0.2;
/* A cycle returns to this. Unstable directions and long periods amplify rounding, hence the second: it is enough if
 * Newton cannot do better. */
static const double returns = 1e-12, returns_nearly = 1e-9;
/* Spins with a smaller transverse part are periodic themselves. */
static const double precesses = 1e-6;
/* Rotations by less than sqrt(2 times this) have no axis to speak of: every direction recurs. */
static const double turns = 1e-9;
/* Multipliers whose |log| is below this are neutral. */
static const double neutral = 1e-8;
/* An order parameter that moves less is at rest: Newton has found a fixed point. */
static const double at_rest = 1e-7;
/* u(T/n) = u(0) up to this, and this fraction of the amplitude, makes T/n a period. */
static const double same_point = 1e-8, same_fraction = 1e-3;
/* It is asked for these n, again and again: the trajectory is followed for twice the period in all. */
static const int divisors[] = {2,  3,  5,  7,  11, 13, 17, 19, 23, 29, 31, 37, 41,
                               43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97};
enum { N_DIVISORS = sizeof divisors / sizeof *divisors };

static size_t rows_of(const dkm_system *p, bool losses) {
  return (losses ? 3 : 2) * (size_t)p->n_classes + 2 * (size_t)p->n_modes;
}

static bool is_too_large(const dkm_system *p, bool losses) {
  return rows_of(p, losses) > DKM_CYCLE_MAX_ROWS;
}

double dkm_cycle_workspace_bytes(const dkm_system *system, bool losses) {
  if (is_too_large(system, losses)) return sizeof(dkm_cycle_workspace);
  const double size = (double)dkm_model_size(system), rows = (double)rows_of(system, losses),
               K = (double)system->n_classes;
  return sizeof(dkm_cycle_workspace) + dkm_tangent_bytes(system) +
         sizeof(double) * (size * rows + 2.0 * rows * rows + 18.0 * K + 4.0 * size + 2.0 * K + 10.0 * rows);
}

void dkm_cycle_workspace_destroy(dkm_cycle_workspace *w) {
  if (!w) return;
  dkm_tangent_destroy(w->tangent);
  free(w->basis);
  free(w->at_end);
  free(w->begun);
  free(w->rate);
  free(w->work);
  free(w->columns);
  free(w->rotation);
  if (w->jacobian) gsl_matrix_free(w->jacobian);
  if (w->bordered) gsl_matrix_free(w->bordered);
  if (w->right) gsl_vector_free(w->right);
  if (w->step) gsl_vector_free(w->step);
  if (w->permutation) gsl_permutation_free(w->permutation);
  if (w->multipliers) gsl_vector_complex_free(w->multipliers);
  if (w->eigen) gsl_eigen_nonsymm_free(w->eigen);
  free(w);
}

dkm_status dkm_cycle_workspace_create(const dkm_system *system, bool losses, dkm_cycle_workspace **out,
                                      dkm_error *err) {
  dkm_cycle_workspace *w = calloc(1, sizeof *w);
  const size_t K = (size_t)system->n_classes, n = rows_of(system, losses);
  if (w) {
    w->system = *system;
    w->losses = losses;
    w->per_spin = losses ? 3 : 2;
    w->size = dkm_model_size(system);
    w->rows = n;
    if (is_too_large(system, losses)) {
      *out = w;
      return DKM_OK;
    }
    w->basis = calloc(9 * K, sizeof *w->basis);
    w->at_end = calloc(w->size, sizeof *w->at_end);
    w->begun = calloc(w->size, sizeof *w->begun);
    w->rate = calloc(w->size, sizeof *w->rate);
    w->work = calloc(w->size + 2 * K, sizeof *w->work);
    w->columns = calloc(w->size * n, sizeof *w->columns);
    w->rotation = calloc(9 * K, sizeof *w->rotation);
    dkm_gsl_begin();
    w->jacobian = gsl_matrix_alloc(n, n);
    w->bordered = gsl_matrix_alloc(n + 1, n + 1);
    w->right = gsl_vector_alloc(n + 1);
    w->step = gsl_vector_alloc(n + 1);
    w->permutation = gsl_permutation_alloc(n + 1);
    w->multipliers = gsl_vector_complex_alloc(n);
    w->eigen = gsl_eigen_nonsymm_alloc(n);
    dkm_gsl_end();
  }
  if (!w || !w->basis || !w->at_end || !w->begun || !w->rate || !w->work || !w->columns || !w->rotation ||
      !w->jacobian || !w->bordered || !w->right || !w->step || !w->permutation || !w->multipliers || !w->eigen) {
    dkm_cycle_workspace_destroy(w);
    return dkm_fail(err, DKM_MEMORY, "out of memory for limit cycles");
  }
  dkm_status status = dkm_tangent_create(system, &w->tangent, err);
  if (status != DKM_OK) {
    dkm_cycle_workspace_destroy(w);
    return status;
  }
  *out = w;
  return DKM_OK;
}

dkm_status dkm_cycle_workspace_fit(dkm_cycle_workspace **w, const dkm_system *system, bool losses, dkm_error *err) {
  if (*w && ((*w)->losses != losses || (*w)->system.n_classes != system->n_classes ||
             (*w)->system.n_modes != system->n_modes)) {
    dkm_cycle_workspace_destroy(*w);
    *w = NULL;
  }
  if (!*w) return dkm_cycle_workspace_create(system, losses, w, err);
  (*w)->system = *system;
  if ((*w)->tangent) dkm_tangent_set_system((*w)->tangent, system);
  return DKM_OK;
}

/* ---- directions of spins ---- */

static double length_of(const double *a) {
  return sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
}

static void cross(const double *a, const double *b, double *c) {
  c[0] = a[1] * b[2] - a[2] * b[1];
  c[1] = a[2] * b[0] - a[0] * b[2];
  c[2] = a[0] * b[1] - a[1] * b[0];
}

static void spin_of(const double *u, int64_t K, int64_t k, double *m) {
  for (int i = 0; i < 3; i++) m[i] = u[i * K + k];
}

/* Two unit vectors across a spin and each other; any two for a spin of length 0.  Or all three axes. */
static void make_basis(dkm_cycle_workspace *w, const double *u) {
  const int64_t K = w->system.n_classes;
  for (int64_t k = 0; w->losses && k < K; k++)
    for (int i = 0; i < 3; i++) w->basis[9 * k + 4 * i] = 1.0;
  if (w->losses) return;
  for (int64_t k = 0; k < K; k++) {
    double m[3], axis[3] = {0}, *first = w->basis + 9 * k, *second = first + 3;
    spin_of(u, K, k, m);
    int least = 0;
    for (int i = 1; i < 3; i++) least = fabs(m[i]) < fabs(m[least]) ? i : least;
    axis[least] = 1.0;
    if (!(length_of(m) > 0.0)) m[(least + 1) % 3] = 1.0;
    cross(axis, m, first);
    double length = length_of(first);
    for (int i = 0; i < 3; i++) first[i] /= length;
    cross(m, first, second);
    length = length_of(second);
    for (int i = 0; i < 3; i++) second[i] /= length;
  }
}

/* A difference of states (elements `stride` apart) in the basis: w->rows values. */
static double reduced(const dkm_cycle_workspace *w, const double *d, size_t stride, size_t row) {
  const size_t K = (size_t)w->system.n_classes;
  if (row >= w->per_spin * K) return d[(row + (3 - w->per_spin) * K) * stride];
  const size_t k = row / w->per_spin;
  const double *e = w->basis + 9 * k + 3 * (row % w->per_spin);
  return e[0] * d[k * stride] + e[1] * d[(K + k) * stride] + e[2] * d[(2 * K + k) * stride];
}

/* Each direction of the basis as a column of differences. */
static void begin_columns(dkm_cycle_workspace *w) {
  const size_t K = (size_t)w->system.n_classes, n = w->rows, per_spin = w->per_spin;
  memset(w->columns, 0, w->size * n * sizeof *w->columns);
  for (size_t k = 0; k < K; k++)
    for (size_t j = 0; j < per_spin; j++)
      for (size_t i = 0; i < 3; i++) w->columns[(i * K + k) * n + per_spin * k + j] = w->basis[9 * k + 3 * j + i];
  for (size_t c = per_spin * K; c < n; c++) w->columns[((3 - per_spin) * K + c) * n + c] = 1.0;
}

/* The monodromy matrix of u over T into w->jacobian, the end into w->at_end. */
static bool take_monodromy(dkm_cycle_workspace *w, const dkm_point *point, const double *u, double T) {
  make_basis(w, u);
  begin_columns(w);
  memcpy(w->at_end, u, w->size * sizeof *u);
  if (!dkm_tangent_advance(w->tangent, point, w->from, T, w->at_end, w->columns, (int)w->rows, true)) return false;
  for (size_t row = 0; row < w->rows; row++)
    for (size_t c = 0; c < w->rows; c++) gsl_matrix_set(w->jacobian, row, c, reduced(w, w->columns + c, w->rows, row));
  return true;
}

static double largest_difference(const double *a, const double *b, size_t n) {
  double largest = 0.0;
  for (size_t i = 0; i < n; i++) largest = dkm_larger(largest, fabs(a[i] - b[i]));
  return largest;
}

/* ---- dressing ---- */

/* The axis of a rotation (rows are components, 3 columns); false if it hardly turns. */
static bool axis_of(const double *rotation, int64_t K, int64_t k, double *axis) {
  double s[3][3], trace = 0.0;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) s[i][j] = 0.5 * (rotation[(i * K + k) * 3 + j] + rotation[(j * K + k) * 3 + i]);
  for (int i = 0; i < 3; i++) trace += s[i][i];
  const double cosine = 0.5 * (trace - 1.0);
  if (!(1.0 - cosine > turns)) return false;
  int best = 0; /* s - cosine = (1 - cosine) n n^T */
  for (int i = 0; i < 3; i++) {
    s[i][i] -= cosine;
    best = s[i][i] > s[best][best] ? i : best;
  }
  const double length = length_of(s[best]);
  for (int i = 0; i < 3; i++) axis[i] = s[best][i] / length;
  return true;
}

/* The component of spin k of a state along its Floquet axis, and the axis; false: every direction recurs. */
static bool along_axis(const dkm_cycle_workspace *w, const double *state, int64_t k, double *axis, double *along) {
  double m[3];
  spin_of(state, w->system.n_classes, k, m);
  if (!axis_of(w->rotation, w->system.n_classes, k, axis)) return false;
  *along = m[0] * axis[0] + m[1] * axis[1] + m[2] * axis[2];
  return true;
}

/* Lays the spins of a state along their Floquet axes, if that takes more than rounding: *precession is the largest
 * transverse part that is left out. */
static bool dress(dkm_cycle_workspace *w, const dkm_point *point, double T, double *state, double *precession) {
  const int64_t K = w->system.n_classes;
  double axis[3], along;
  memset(w->rotation, 0, 9 * (size_t)K * sizeof *w->rotation);
  for (int i = 0; i < 3; i++)
    for (int64_t k = 0; k < K; k++) w->rotation[(i * K + k) * 3 + i] = 1.0;
  memcpy(w->at_end, state, w->size * sizeof *state);
  if (!dkm_tangent_advance(w->tangent, point, w->from, T, w->at_end, w->rotation, 3, false)) return false;
  *precession = 0.0;
  for (int64_t k = 0; k < K; k++) {
    double across[3];
    if (!along_axis(w, state, k, axis, &along)) continue;
    for (int i = 0; i < 3; i++) across[i] = state[i * K + k] - along * axis[i];
    *precession = fmax(*precession, length_of(across));
  }
  if (*precession <= precesses) *precession = 0.0;
  for (int64_t k = 0; *precession > 0.0 && k < K; k++)
    if (along_axis(w, state, k, axis, &along))
      for (int i = 0; i < 3; i++) state[i * K + k] = along * axis[i];
  return true;
}

/* ---- Newton ---- */

/* One step for u and T; false if it is none. */
static bool improve(dkm_cycle_workspace *w, const dkm_point *point, double *u, double *T) {
  const int64_t K = w->system.n_classes;
  const size_t n = w->rows;
  int sign;
  for (size_t row = 0; row < n; row++) {
    for (size_t c = 0; c < n; c++)
      gsl_matrix_set(w->bordered, row, c, gsl_matrix_get(w->jacobian, row, c) - (row == c ? 1.0 : 0.0));
    gsl_vector_set(w->right, row, reduced(w, u, 1, row) - reduced(w, w->at_end, 1, row));
  }
  if (is_driven(w, point)) { /* the period is given */
    for (size_t i = 0; i < n; i++) {
      gsl_matrix_set(w->bordered, n, i, 0.0);
      gsl_matrix_set(w->bordered, i, n, 0.0);
    }
    gsl_matrix_set(w->bordered, n, n, 1.0);
  } else {
    dkm_model_rhs(&w->system, point, u, w->rate, w->work);
    for (size_t c = 0; c < n; c++) gsl_matrix_set(w->bordered, n, c, reduced(w, w->rate, 1, c));
    dkm_model_rhs(&w->system, point, w->at_end, w->rate, w->work);
    for (size_t row = 0; row < n; row++) gsl_matrix_set(w->bordered, row, n, reduced(w, w->rate, 1, row));
    gsl_matrix_set(w->bordered, n, n, 0.0);
  }
  gsl_vector_set(w->right, n, 0.0);
  dkm_gsl_begin();
  const bool solved = !gsl_linalg_LU_decomp(w->bordered, w->permutation, &sign) &&
                      !gsl_linalg_LU_solve(w->bordered, w->permutation, w->right, w->step);
  dkm_gsl_end();
  if (!solved) return false;
  const double dT = gsl_vector_get(w->step, n);
  for (size_t i = 0; i < n; i++)
    if (!(fabs(gsl_vector_get(w->step, i)) <= farthest)) return false;
  if (!(fabs(dT) <= farthest_period * *T)) return false;
  for (int64_t k = 0; k < K; k++) {
    double m[3];
    spin_of(u, K, k, m);
    const double length = length_of(m);
    for (size_t j = 0; j < w->per_spin; j++)
      for (size_t i = 0; i < 3; i++)
        m[i] += gsl_vector_get(w->step, w->per_spin * (size_t)k + j) * w->basis[9 * (size_t)k + 3 * j + i];
    const double factor = w->losses ? 1.0 : length > 0.0 ? length / length_of(m) : 0.0;
    for (int i = 0; i < 3; i++) u[i * K + k] = factor * m[i];
  }
  const size_t spins = w->per_spin * (size_t)K;
  for (size_t i = spins; i < n; i++) u[3 * (size_t)K + i - spins] += gsl_vector_get(w->step, i);
  *T += dT;
  return true;
}

/* Leaves the monodromy matrix of the cycle in w->jacobian. */
static bool converge(dkm_cycle_workspace *w, const dkm_point *point, double *u, double *T, double *residual) {
  double before = INFINITY;
  for (int iteration = 0; iteration < ITERATIONS; iteration++) {
    if (!take_monodromy(w, point, u, *T)) return false;
    *residual = largest_difference(w->at_end, u, w->size);
    if (*residual <= returns || (*residual <= returns_nearly && *residual > 0.3 * before)) return true;
    if (iteration > 3 && !(*residual < 0.5 * before)) return false;
    before = *residual;
    if (!improve(w, point, u, T)) return false;
  }
  return false;
}

/* ---- what the cycle is like ---- */

/* Whether T is a period too. */
static bool recurs(dkm_cycle_workspace *w, const dkm_point *point, const double *u, double T, double amplitude) {
  double *now = w->at_end;
  memcpy(now, u, w->size * sizeof *u);
  return dkm_tangent_advance(w->tangent, point, w->from, T, now, NULL, 0, true) &&
         largest_difference(now, u, w->size) <= fmin(same_point, same_fraction * amplitude);
}

/* The shortest period of the cycle through u, of which T is a period. */
static double shortest_period(dkm_cycle_workspace *w, const dkm_point *point, const double *u, double T,
                              double amplitude) {
  if (is_driven(w, point)) { /* a multiple of the drive's */
    int n = (int)lround(T / point->duration);
    for (int i = 0; i < N_DIVISORS; i++)
      while (n % divisors[i] == 0 && recurs(w, point, u, n / divisors[i] * point->duration, amplitude))
        n /= divisors[i];
    return n * point->duration;
  }
  for (int i = 0; i < N_DIVISORS; i++)
    while (recurs(w, point, u, T / divisors[i], amplitude)) T /= divisors[i];
  return T;
}

/* Floquet exponents from the matrix in w->jacobian, which is used up. */
static bool take_exponents(dkm_cycle_workspace *w, const dkm_point *point, double T, dkm_spectrum *spectrum) {
  dkm_gsl_begin();
  const bool found = dkm_gsl_eigenvalues(w->jacobian, w->multipliers, w->eigen);
  dkm_gsl_end();
  if (!found) return false;
  size_t flow = w->rows; /* none where a drive says when is when */
  double nearest = INFINITY;
  for (size_t i = 0; !is_driven(w, point) && i < w->rows; i++) {
    const gsl_complex multiplier = gsl_vector_complex_get(w->multipliers, i);
    const double re = GSL_REAL(multiplier) - 1.0, im = GSL_IMAG(multiplier), distance = sqrt(re * re + im * im);
    if (!(distance < nearest)) continue;
    nearest = distance;
    flow = i;
  }
  *spectrum =
      (dkm_spectrum){.growth_rate = -INFINITY, .decay_rate = NAN, .n_neutral = w->losses ? 0 : w->system.n_classes};
  for (size_t i = 0; i < w->rows; i++) {
    if (i == flow) continue;
    const gsl_complex multiplier = gsl_vector_complex_get(w->multipliers, i);
    const double re = GSL_REAL(multiplier), im = GSL_IMAG(multiplier);
    const double size = fmax(sqrt(re * re + im * im), 1e-300), exponent = dkm_exponent_log(size);
    if (fabs(exponent) <= neutral) {
      spectrum->n_neutral++;
      continue;
    }
    const double rate = exponent / T;
    spectrum->growth_rate = fmax(spectrum->growth_rate, rate);
    if (rate > 0.0) {
      spectrum->n_unstable++;
      continue;
    }
    spectrum->n_damped++;
    spectrum->decay_rate = isnan(spectrum->decay_rate) ? -rate : fmin(spectrum->decay_rate, -rate);
  }
  return true;
}

/* The distances of u from the point of the cycle that was found from it, spins as they were laid for it. */
static void take_distances(dkm_cycle_workspace *w, const double *u, const double *state, dkm_cycle *cycle) {
  const size_t K = (size_t)w->system.n_classes;
  const int M = w->system.n_modes;
  double xi[DKM_MAX_MODES], xi_cycle[DKM_MAX_MODES];
  dkm_model_overlaps(&w->system, u, xi, w->work);
  dkm_model_overlaps(&w->system, state, xi_cycle, w->work);
  cycle->distance_all = largest_difference(w->begun, state, w->size);
  cycle->distance =
      fmax(largest_difference(xi, xi_cycle, (size_t)M), largest_difference(u + 3 * K, state + 3 * K, 2 * (size_t)M));
}

static double amplitude_of(const dkm_cycle_workspace *w, const dkm_cycle *cycle) {
  double most = 0.0;
  for (int mu = 0; mu < w->system.n_modes; mu++) most = fmax(most, cycle->xi_amplitude[mu]);
  return most;
}

bool dkm_cycle_find(dkm_cycle_workspace *w, const dkm_point *point, const double *u, double t, double period,
                    bool dresses, dkm_cycle *cycle, double *state) {
  if (is_too_large(&w->system, w->losses)) return false;
  const double of_drive = dkm_drive_period(w->system.drive, point);
  double T = of_drive > 0.0 ? of_drive * fmax(1.0, round(period / of_drive)) : period;
  w->from = of_drive > 0.0 ? fmod(t, of_drive) : 0.0;
  memcpy(state, u, w->size * sizeof *u);
  cycle->precession = 0.0;
  if (dresses && !dress(w, point, T, state, &cycle->precession)) return false;
  memcpy(w->begun, state, w->size * sizeof *state);
  if (!converge(w, point, state, &T, &cycle->residual) ||
      (of_drive == 0.0 && fabs(T / period - 1.0) > farthest_period) || !take_exponents(w, point, T, &cycle->spectrum) ||
      !dkm_cycle_take_means(w, point, state, T, cycle))
    return false;
  const double amplitude = amplitude_of(w, cycle);
  if (of_drive == 0.0 && !(amplitude > at_rest)) return false; /* Newton finds fixed points too */
  cycle->period = shortest_period(w, point, state, T, amplitude);
  if (cycle->period < T &&
      (!converge(w, point, state, &cycle->period, &cycle->residual) ||
       !take_exponents(w, point, cycle->period, &cycle->spectrum) || !dkm_cycle_take_means(w, point, state, cycle->period, cycle)))
    return false;
  take_distances(w, u, state, cycle);
  if (!(w->from > 0.0)) return true;
  return dkm_tangent_advance(w->tangent, point, w->from, of_drive - w->from, state, NULL, 0, true);
}

bool dkm_cycle_exponents(dkm_cycle_workspace *w, const dkm_point *point, const double *u, double t, double period,
                         dkm_spectrum *spectrum) {
  if (is_too_large(&w->system, w->losses)) return false;
  const double of_drive = dkm_drive_period(w->system.drive, point);
  w->from = of_drive > 0.0 ? fmod(t, of_drive) : 0.0;
  return take_monodromy(w, point, u, period) && take_exponents(w, point, period, spectrum);
}
