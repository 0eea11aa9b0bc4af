/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Taylor series of a trajectory and of the equations linearised about it. */
#include "tangent.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/drive.h"

/* Columns are advanced in blocks of so many, whose coefficients stay in the cache. */
enum { ORDER = 24, TERMS = ORDER + 1, BLOCK = 16 };

/* An oscillation of frequency w is multiplied by exp(i h w) up to (h w)^25/25! = 5e-14 a step. */
static const double most_phase = 3.0;
/* While a drive changes frequencies, by as much as they are in a step at most, the same is true of half the phase; and columns have
 * the frequencies of spins and modes together, which a trajectory at rest does not show. */
static const double most_driven_phase = 1.5;
/* The last terms of variables of order 1 are below this. */
static const double last_term = 1e-15;
/* Steps that are not short enough are made so by this factor, at most so often. */
static const double shorter = 0.8;
enum { SHORTENED_MOST = 200 };
/* What is left of a piece of a drive where rounding has missed its end, in units of the period. */
static const double missed = 1e-13;

/* g0 and Omega at the beginning of a step, and how they change. */
typedef struct strengths {
  double g0, g0_slope, Omega, Omega_slope;
} strengths;

struct dkm_tangent {
  dkm_system system;
  double *H, *V, *X, *Y, *Z, *R, *I;        /* coefficients [k*TERMS + n], of modes [mu*TERMS + n] */
  double *dH, *dV, *dX, *dY, *dZ, *dR, *dI; /* of a block of columns [(k*TERMS + n)*BLOCK + c] */
  double *order, *work;                     /* K and K values */
  strengths now;                            /* of the step */
  double *memory;
};

static size_t doubles_of(const dkm_system *p) {
  const size_t K = (size_t)p->n_classes, M = (size_t)p->n_modes;
  return (5 * K + 2 * M) * TERMS * (1 + BLOCK) + 2 * K;
}

dkm_status dkm_tangent_create(const dkm_system *system, dkm_tangent **out, dkm_error *err) {
  const size_t classes = (size_t)system->n_classes * TERMS, modes = (size_t)system->n_modes * TERMS;
  dkm_tangent *t = calloc(1, sizeof *t);
  if (t) t->memory = malloc(doubles_of(system) * sizeof *t->memory);
  if (!t || !t->memory) {
    free(t);
    return dkm_fail(err, DKM_MEMORY, "out of memory for a linearised trajectory");
  }
  t->system = *system;
  struct {
    double **at;
    size_t n;
  } const parts[] = {{&t->H, classes},
                     {&t->V, classes},
                     {&t->X, classes},
                     {&t->Y, classes},
                     {&t->Z, classes},
                     {&t->R, modes},
                     {&t->I, modes},
                     {&t->dH, classes * BLOCK},
                     {&t->dV, classes * BLOCK},
                     {&t->dX, classes * BLOCK},
                     {&t->dY, classes * BLOCK},
                     {&t->dZ, classes * BLOCK},
                     {&t->dR, modes * BLOCK},
                     {&t->dI, modes * BLOCK},
                     {&t->order, (size_t)system->n_classes},
                     {&t->work, (size_t)system->n_classes}};
  double *next = t->memory;
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; next += parts[i].n, i++) *parts[i].at = next;
  *out = t;
  return DKM_OK;
}

void dkm_tangent_set_system(dkm_tangent *t, const dkm_system *system) {
  t->system = *system;
}

void dkm_tangent_destroy(dkm_tangent *t) {
  if (!t) return;
  free(t->memory);
  free(t);
}

double dkm_tangent_bytes(const dkm_system *system) {
  return sizeof(dkm_tangent) + sizeof(double) * (double)doubles_of(system);
}

/* ---- the trajectory ---- */

/* g0 times a coefficient of order n, that of order n - 1 being `before`. */
static double driven(const dkm_tangent *t, int n, double now, double before) {
  const double product = t->now.g0 * now;
  return t->now.g0_slope != 0.0 && n > 0 ? product + t->now.g0_slope * before : product;
}

/* Coefficient n of g0 times a series. */
static double driven_series(const dkm_tangent *t, const double *series, int n) {
  return driven(t, n, series[n], n > 0 ? series[n - 1] : 0.0);
}

/* Order n + 1 of a class beyond the paper's equations: what it loses, and the field along y. */
static void add_open_terms(dkm_tangent *t, const dkm_point *point, int64_t k, int n) {
  const double gamma_1 = dkm_point_gamma_1(point), gamma_T = dkm_point_gamma_T(point), inverse = 1.0 / (n + 1);
  const double *V = t->V + k * TERMS;
  double *X = t->X + k * TERMS, *Y = t->Y + k * TERMS, *Z = t->Z + k * TERMS;
  double x = (n == 0 ? dkm_point_pump(point) : 0.0) - gamma_1 * X[n], z = -gamma_T * Z[n];
  for (int j = 0; point->imbalance != 0.0 && j <= n; j++) {
    x += V[j] * Z[n - j];
    z -= V[j] * X[n - j];
  }
  X[n + 1] += x * inverse;
  Y[n + 1] -= gamma_T * Y[n] * inverse;
  Z[n + 1] += z * inverse;
}

/* The same of what couplings that are not balanced do: V[n] of the classes, and y to order n + 1 of the modes. */
static void expand_imbalance(dkm_tangent *t, const dkm_point *point, int n, double *sums) {
  const dkm_system *p = &t->system;
  double amplitude[DKM_MAX_MODES];
  for (int mu = 0; mu < p->n_modes; mu++) amplitude[mu] = 4.0 * point->imbalance * driven_series(t, t->I + mu * TERMS, n);
  dkm_system_fields(p, amplitude, t->order);
  for (int64_t k = 0; k < p->n_classes; k++) t->V[k * TERMS + n] = t->order[k];
  for (int64_t k = 0; k < p->n_classes; k++) t->order[k] = t->Y[k * TERMS + n];
  dkm_system_sums(p, t->order, sums, t->work);
}

/* Coefficients of orders 0 ... ORDER from the state u. */
static void expand(dkm_tangent *t, const dkm_point *point, const double *u) {
  const dkm_system *p = &t->system;
  const int64_t K = p->n_classes;
  const int M = p->n_modes;
  const bool open = dkm_point_dynamics(point) != DKM_DYNAMICS_CONSERVED;
  double amplitude[DKM_MAX_MODES], sums[DKM_MAX_MODES] = {0}, sums_y[DKM_MAX_MODES] = {0};
  double before[DKM_MAX_MODES], before_y[DKM_MAX_MODES];
  for (int64_t k = 0; k < K; k++) {
    t->X[k * TERMS] = u[k];
    t->Y[k * TERMS] = u[K + k];
    t->Z[k * TERMS] = u[2 * K + k];
  }
  for (int mu = 0; mu < M; mu++) {
    t->R[mu * TERMS] = u[3 * K + mu];
    t->I[mu * TERMS] = u[3 * K + M + mu];
  }
  for (int n = 0; n < ORDER; n++) {
    const double inverse = 1.0 / (n + 1);
    for (int mu = 0; mu < M; mu++) amplitude[mu] = 4.0 * driven_series(t, t->R + mu * TERMS, n);
    dkm_system_fields(p, amplitude, t->order);
    for (int64_t k = 0; k < K; k++) t->H[k * TERMS + n] = t->order[k];
    for (int64_t k = 0; k < K; k++) t->order[k] = t->Z[k * TERMS + n];
    memcpy(before, sums, sizeof before);
    memcpy(before_y, sums_y, sizeof before_y);
    dkm_system_sums(p, t->order, sums, t->work);
    if (point->imbalance != 0.0) expand_imbalance(t, point, n, sums_y);
    for (int64_t k = 0; k < K; k++) {
      const double *H = t->H + k * TERMS;
      double *X = t->X + k * TERMS, *Y = t->Y + k * TERMS, *Z = t->Z + k * TERMS;
      double x = 0.0, y = -2.0 * t->now.Omega * Z[n], z = 2.0 * t->now.Omega * Y[n];
      if (t->now.Omega_slope != 0.0 && n > 0) {
        y -= 2.0 * t->now.Omega_slope * Z[n - 1];
        z += 2.0 * t->now.Omega_slope * Y[n - 1];
      }
      for (int j = 0; j <= n; j++) {
        x -= H[j] * Y[n - j];
        y += H[j] * X[n - j];
      }
      X[n + 1] = x * inverse;
      Y[n + 1] = y * inverse;
      Z[n + 1] = z * inverse;
      if (open) add_open_terms(t, point, k, n);
    }
    for (int mu = 0; mu < M; mu++) {
      double *R = t->R + mu * TERMS, *I = t->I + mu * TERMS;
      const double half_kappa = 0.5 * point->kappa_mu[mu];
      R[n + 1] = (point->Omega_mu[mu] * I[n] - half_kappa * R[n]) * inverse;
      I[n + 1] = (-point->Omega_mu[mu] * R[n] - half_kappa * I[n] - driven(t, n, sums[mu], before[mu])) * inverse;
      if (point->imbalance != 0.0) R[n + 1] += point->imbalance * driven(t, n, sums_y[mu], before_y[mu]) * inverse;
    }
  }
}

static double power_of(double h, int n) {
  double power = 1.0;
  for (int i = 0; i < n; i++) power *= h;
  return power;
}

/* The largest |coefficient| of an order, of spins and modes. */
static double norm_of(const dkm_tangent *t, int n) {
  double norm = 0.0;
  for (int64_t k = 0; k < t->system.n_classes; k++)
    norm = fmax(norm, fmax(fabs(t->X[k * TERMS + n]), fmax(fabs(t->Y[k * TERMS + n]), fabs(t->Z[k * TERMS + n]))));
  for (int mu = 0; mu < t->system.n_modes; mu++)
    norm = fmax(norm, fmax(fabs(t->R[mu * TERMS + n]), fabs(t->I[mu * TERMS + n])));
  return norm;
}

/* A step after which the series still converges; 0 if there is none. */
static double step_size(const dkm_tangent *t, const dkm_point *given, double h_most) {
  const dkm_point most = dkm_drive_most(t->system.drive, given), *point = &most;
  double scale = 1.0, field = 0.0, along_y = 0.0, fastest = 0.0;
  for (int mu = 0; mu < t->system.n_modes; mu++) {
    const double r = fabs(t->R[mu * TERMS]);
    scale = fmax(scale, fmax(r, fabs(t->I[mu * TERMS])));
    field += 4.0 * point->g0 * t->system.largest * r;
    along_y += 4.0 * point->imbalance * point->g0 * t->system.largest * fabs(t->I[mu * TERMS]);
    fastest = fmax(fastest, sqrt(dkm_point_D(point, mu)));
  }
  fastest = fmax(fastest, sqrt(4.0 * point->Omega * point->Omega + field * field + along_y * along_y));
  fastest = fmax(fastest, fmax(dkm_point_gamma_1(point), dkm_point_gamma_T(point)));
  double h = fmin(h_most, most_phase / fastest);
  if (dkm_drive_period(t->system.drive, given) > 0.0) {
    const double together = 2.0 * point->g0 * t->system.largest * sqrt((double)t->system.n_modes);
    h = fmin(h_most, most_driven_phase / (fastest + together));
  }
  const double last = norm_of(t, ORDER), before = norm_of(t, ORDER - 1);
  for (int i = 0; i < SHORTENED_MOST; i++, h *= shorter) {
    const double power = power_of(h, ORDER - 1);
    if (before * power <= last_term * scale && last * power * h <= last_term * scale) return h;
  }
  return 0.0;
}

static double sum_series(const double *a, double h) {
  double sum = a[ORDER];
  for (int n = ORDER - 1; n >= 0; n--) sum = sum * h + a[n];
  return sum;
}

/* u at the end of the step; returns false if it is not finite. */
static bool sum_state(const dkm_tangent *t, double h, double *u) {
  const int64_t K = t->system.n_classes;
  const int M = t->system.n_modes;
  double finite = 0.0;
  for (int64_t k = 0; k < K; k++) {
    u[k] = sum_series(t->X + k * TERMS, h);
    u[K + k] = sum_series(t->Y + k * TERMS, h);
    u[2 * K + k] = sum_series(t->Z + k * TERMS, h);
  }
  for (int mu = 0; mu < M; mu++) {
    u[3 * K + mu] = sum_series(t->R + mu * TERMS, h);
    u[3 * K + M + mu] = sum_series(t->I + mu * TERMS, h);
  }
  for (int64_t i = 0; i < 3 * K + 2 * M; i++) finite += 0.0 * u[i];
  return finite == 0.0;
}

/* ---- its columns ---- */

/* Where a coefficient of a block of columns begins. */
static double *at(double *block, int64_t i, int n) {
  return block + (i * TERMS + n) * BLOCK;
}

/* dH[n] (of dR, factor 4) or dV[n] (of dI, 4 eta) of all classes. */
static void expand_fields(dkm_tangent *t, double *of_modes, double factor, int n, double *of_classes) {
  const dkm_system *p = &t->system;
  for (int64_t k = 0; k < p->n_classes; k++) {
    double *field = at(of_classes, k, n);
    memset(field, 0, BLOCK * sizeof *field);
    for (int mu = 0; mu < p->n_modes; mu++) {
      const double G = factor * dkm_system_coupling(p, mu, k), g = t->now.g0 * G, slope = t->now.g0_slope * G;
      const double *amplitude = at(of_modes, mu, n);
      for (int c = 0; c < BLOCK; c++) field[c] += g * amplitude[c];
      for (int c = 0; slope != 0.0 && n > 0 && c < BLOCK; c++) field[c] += slope * at(of_modes, mu, n - 1)[c];
    }
  }
}

/* What add_open_terms does to columns. */
static void add_open_columns(dkm_tangent *t, const dkm_point *point, int64_t k, int n, bool coupled) {
  const double gamma_1 = dkm_point_gamma_1(point), gamma_T = dkm_point_gamma_T(point), inverse = 1.0 / (n + 1);
  const double *V = t->V + k * TERMS, *X = t->X + k * TERMS, *Z = t->Z + k * TERMS;
  double x[BLOCK], z[BLOCK];
  for (int c = 0; c < BLOCK; c++) {
    x[c] = -gamma_1 * at(t->dX, k, n)[c];
    z[c] = -gamma_T * at(t->dZ, k, n)[c];
  }
  for (int j = 0; point->imbalance != 0.0 && j <= n; j++) {
    const double *dX = at(t->dX, k, n - j), *dZ = at(t->dZ, k, n - j), *dV = at(t->dV, k, j);
    for (int c = 0; c < BLOCK; c++) {
      x[c] += V[j] * dZ[c] + (coupled ? dV[c] * Z[n - j] : 0.0);
      z[c] -= V[j] * dX[c] + (coupled ? dV[c] * X[n - j] : 0.0);
    }
  }
  for (int c = 0; c < BLOCK; c++) {
    at(t->dX, k, n + 1)[c] += x[c] * inverse;
    at(t->dY, k, n + 1)[c] -= gamma_T * at(t->dY, k, n)[c] * inverse;
    at(t->dZ, k, n + 1)[c] += z[c] * inverse;
  }
}

/* Order n + 1 of a class; coupled: with dH. */
static void expand_class(dkm_tangent *t, const dkm_point *point, int64_t k, int n, bool coupled) {
  const double *H = t->H + k * TERMS, *X = t->X + k * TERMS, *Y = t->Y + k * TERMS, inverse = 1.0 / (n + 1);
  const double two_Omega = 2.0 * t->now.Omega, *dy = at(t->dY, k, n), *dz = at(t->dZ, k, n);
  double x[BLOCK] = {0}, y[BLOCK];
  for (int c = 0; c < BLOCK; c++) y[c] = -two_Omega * dz[c];
  for (int j = 0; j <= n; j++) {
    const double *dX = at(t->dX, k, n - j), *dY = at(t->dY, k, n - j), *dH = at(t->dH, k, j), h = H[j];
    for (int c = 0; c < BLOCK; c++) {
      x[c] -= h * dY[c];
      y[c] += h * dX[c];
    }
    if (!coupled) continue;
    const double x_base = X[n - j], y_base = Y[n - j];
    for (int c = 0; c < BLOCK; c++) {
      x[c] -= dH[c] * y_base;
      y[c] += dH[c] * x_base;
    }
  }
  double *dX = at(t->dX, k, n + 1), *dY = at(t->dY, k, n + 1), *dZ = at(t->dZ, k, n + 1);
  for (int c = 0; c < BLOCK; c++) {
    dX[c] = x[c] * inverse;
    dY[c] = y[c] * inverse;
    dZ[c] = two_Omega * dy[c] * inverse;
  }
  const double slope = 2.0 * t->now.Omega_slope * inverse;
  for (int c = 0; slope != 0.0 && n > 0 && c < BLOCK; c++) {
    dY[c] -= slope * at(t->dZ, k, n - 1)[c];
    dZ[c] += slope * at(t->dY, k, n - 1)[c];
  }
  if (dkm_point_dynamics(point) != DKM_DYNAMICS_CONSERVED) add_open_columns(t, point, k, n, coupled);
}

/* sum_k w_k G_{mu,k} of a variable of the classes (dY, dZ), times `factor`, added to `sum`. */
static void add_sum(const dkm_tangent *t, double *of, int mu, int n, double factor, double *sum) {
  const dkm_system *p = &t->system;
  for (int64_t k = 0; k < p->n_classes; k++) {
    const double wG = factor * dkm_system_weight(p, k) * dkm_system_coupling(p, mu, k), *d = at(of, k, n);
    for (int c = 0; c < BLOCK; c++) sum[c] += wG * d[c];
  }
}

/* g0 times such a sum, order n. */
static void add_driven_sum(const dkm_tangent *t, double *of, int mu, int n, double *sum) {
  add_sum(t, of, mu, n, 1.0, sum);
  for (int c = 0; c < BLOCK; c++) sum[c] *= t->now.g0;
  if (t->now.g0_slope != 0.0 && n > 0) add_sum(t, of, mu, n - 1, t->now.g0_slope, sum);
}

/* Order n + 1 of the modes. */
static void expand_modes(dkm_tangent *t, const dkm_point *point, int n) {
  const double inverse = 1.0 / (n + 1);
  for (int mu = 0; mu < t->system.n_modes; mu++) {
    const double Omega_mu = point->Omega_mu[mu], half_kappa = 0.5 * point->kappa_mu[mu];
    const double *r = at(t->dR, mu, n), *i = at(t->dI, mu, n);
    double *dR = at(t->dR, mu, n + 1), *dI = at(t->dI, mu, n + 1), sum[BLOCK] = {0}, sum_y[BLOCK] = {0};
    add_driven_sum(t, t->dZ, mu, n, sum);
    if (point->imbalance != 0.0) add_driven_sum(t, t->dY, mu, n, sum_y);
    for (int c = 0; c < BLOCK; c++) {
      dR[c] = (Omega_mu * i[c] - half_kappa * r[c]) * inverse;
      dI[c] = (-Omega_mu * r[c] - half_kappa * i[c] - sum[c]) * inverse;
      if (point->imbalance != 0.0) dR[c] += point->imbalance * sum_y[c] * inverse;
    }
  }
}

/* The variable of row `row` among the coefficients of a block. */
static double *row_of(dkm_tangent *t, int64_t row, int n) {
  const int64_t K = t->system.n_classes, M = t->system.n_modes;
  if (row < K) return at(t->dX, row, n);
  if (row < 2 * K) return at(t->dY, row - K, n);
  if (row < 3 * K) return at(t->dZ, row - 2 * K, n);
  return row < 3 * K + M ? at(t->dR, row - 3 * K, n) : at(t->dI, row - 3 * K - M, n);
}

/* Columns first ... first + count - 1 over a step of the trajectory whose coefficients are there. */
static void advance_block(dkm_tangent *t, const dkm_point *point, double h, double *columns, int n_columns, int first,
                          int count, bool coupled) {
  const int64_t K = t->system.n_classes, rows = 3 * K + (coupled ? 2 * t->system.n_modes : 0);
  for (int64_t row = 0; row < rows; row++) {
    double *begin = row_of(t, row, 0);
    for (int c = 0; c < BLOCK; c++) begin[c] = c < count ? columns[row * n_columns + first + c] : 0.0;
  }
  for (int n = 0; n < ORDER; n++) {
    if (coupled) expand_fields(t, t->dR, 4.0, n, t->dH);
    if (coupled && point->imbalance != 0.0) expand_fields(t, t->dI, 4.0 * point->imbalance, n, t->dV);
    for (int64_t k = 0; k < K; k++) expand_class(t, point, k, n, coupled);
    if (coupled) expand_modes(t, point, n);
  }
  for (int64_t row = 0; row < rows; row++) {
    double sum[BLOCK];
    memcpy(sum, row_of(t, row, ORDER), sizeof sum);
    for (int n = ORDER - 1; n >= 0; n--) {
      const double *a = row_of(t, row, n);
      for (int c = 0; c < BLOCK; c++) sum[c] = sum[c] * h + a[c];
    }
    for (int c = 0; c < count; c++) columns[row * n_columns + first + c] = sum[c];
  }
}

/* g0 and Omega at this time; returns for how long they go on to change so. */
static double set_strengths(dkm_tangent *t, const dkm_point *point, double time) {
  const double period = dkm_drive_period(t->system.drive, point);
  t->now = (strengths){.g0 = point->g0, .Omega = point->Omega};
  if (!(period > 0.0)) return INFINITY;
  const dkm_piece piece =
      dkm_drive_piece(t->system.drive, point, dkm_drive_piece_at(t->system.drive, point, time + missed * period));
  const dkm_point now = dkm_piece_point_at(&piece, point, time);
  t->now = (strengths){
      .g0 = now.g0, .g0_slope = piece.g0_slope, .Omega = now.Omega, .Omega_slope = piece.Omega_slope};
  return piece.end - time;
}

bool dkm_tangent_advance(dkm_tangent *t, const dkm_point *point, double from, double T, double *u, double *columns,
                         int n_columns, bool coupled) {
  double passed = 0.0;
  while (passed < T) {
    const double lasts = set_strengths(t, point, from + passed);
    expand(t, point, u);
    const double left = T - passed, h = step_size(t, point, fmin(left, lasts));
    if (!(h > 0.0) || !(passed + h > passed)) return false;
    for (int first = 0; columns && first < n_columns; first += BLOCK)
      advance_block(t, point, h, columns, n_columns, first, n_columns - first < BLOCK ? n_columns - first : BLOCK,
                    coupled);
    if (!sum_state(t, h, u)) return false;
    passed = h < left ? passed + h : T;
  }
  return true;
}
