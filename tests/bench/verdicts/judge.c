/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The independent judge (judge.h): equations, landscape, long integrations. */
#include "judge.h"

#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_odeiv2.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the equations (7), losses and imbalance ---- */

static void fill(equations *e) {
  e->V = e->Omega_mu[0] > 0.0 ? 1 : -1;
  e->w = 1.0 / e->K;
  e->lossy = e->along > 0.0 || e->across > 0.0;
  for (int mu = 0; mu < e->M; mu++) {
    e->D[mu] = e->Omega_mu[mu] * e->Omega_mu[mu] + 0.25 * e->kappa_mu[mu] * e->kappa_mu[mu];
    e->reach[mu] = e->g0 * fabs(e->Omega_mu[mu]) / e->D[mu];
  }
}

void equations_of(const dkm_point *p, int M, equations *e) {
  const double down = p->gamma_down, up = p->gamma_up, along = down + up;
  *e = (equations){.M = M, .K = 1 << (M - 1), .g0 = p->g0, .Omega = p->Omega, .eta = p->imbalance, .along = along,
                   .across = 0.5 * along + 2.0 * p->gamma_phi, .pump = up - down};
  for (int mu = 0; mu < M; mu++) {
    e->Omega_mu[mu] = p->Omega_mu[mu];
    e->kappa_mu[mu] = p->kappa_mu[mu];
    for (int k = 0; k < e->K; k++) e->f[mu][k] = mu > 0 && (k >> (M - 1 - mu) & 1) ? -1.0 : 1.0;
  }
  fill(e);
}

void equations_of_cue(const dkm_point *p, equations *e) {
  *e = (equations){.M = 1, .K = 1, .g0 = p->g0, .Omega = p->Omega};
  e->Omega_mu[0] = p->Omega_mu[p->pattern - 1];
  e->kappa_mu[0] = p->kappa_mu[p->pattern - 1];
  e->f[0][0] = 1.0;
  fill(e);
}

int equations_size(const equations *e) {
  return 3 * e->K + 2 * e->M;
}

void equations_overlaps(const equations *e, const double *u, double *xi) {
  const double *z = u + 2 * e->K;
  for (int mu = 0; mu < e->M; mu++) {
    xi[mu] = 0.0;
    for (int k = 0; k < e->K; k++) xi[mu] += e->w * e->f[mu][k] * z[k];
  }
}

/* For each class the field B = (Omega, eta g0 sum_mu G 2 Im beta_mu, g0 sum_mu G 2 Re beta_mu), less its first component. */
static void fields_on_spins(const equations *e, const double *u, double *By, double *Bz) {
  const double *re = u + 3 * e->K, *im = re + e->M;
  for (int k = 0; k < e->K; k++) {
    By[k] = Bz[k] = 0.0;
    for (int mu = 0; mu < e->M; mu++) {
      By[k] += e->eta * e->g0 * e->f[mu][k] * 2.0 * im[mu];
      Bz[k] += e->g0 * e->f[mu][k] * 2.0 * re[mu];
    }
  }
}

/* += 2 B x m; and the part of the losses that is linear in m. */
static void turn(double Bx, double By, double Bz, const double m[3], double dm[3]) {
  dm[0] += 2.0 * (By * m[2] - Bz * m[1]);
  dm[1] += 2.0 * (Bz * m[0] - Bx * m[2]);
  dm[2] += 2.0 * (Bx * m[1] - By * m[0]);
}

static void lose(const equations *e, const double m[3], double dm[3]) {
  dm[0] -= e->along * m[0];
  dm[1] -= e->across * m[1];
  dm[2] -= e->across * m[2];
}

/* beta_mu' = -(i Omega_mu + kappa_mu/2) beta_mu - i g0 sum_k w G z_k + eta g0 sum_k w G y_k: linear. */
static void fields_rhs(const equations *e, const double *u, double *du) {
  const double *y = u + e->K, *z = y + e->K, *re = z + e->K, *im = re + e->M;
  double *dre = du + 3 * e->K, *dim = dre + e->M;
  for (int mu = 0; mu < e->M; mu++) {
    double of_y = 0.0, of_z = 0.0;
    for (int k = 0; k < e->K; k++) of_y += e->w * e->f[mu][k] * y[k], of_z += e->w * e->f[mu][k] * z[k];
    dre[mu] = e->Omega_mu[mu] * im[mu] - 0.5 * e->kappa_mu[mu] * re[mu] + e->eta * e->g0 * of_y;
    dim[mu] = -e->Omega_mu[mu] * re[mu] - 0.5 * e->kappa_mu[mu] * im[mu] - e->g0 * of_z;
  }
}

void equations_rhs(const equations *e, const double *u, double *du) {
  double By[MAX_K], Bz[MAX_K];
  fields_on_spins(e, u, By, Bz);
  for (int k = 0; k < e->K; k++) {
    const double m[3] = {u[k], u[e->K + k], u[2 * e->K + k]};
    double dm[3] = {e->pump, 0.0, 0.0};
    turn(e->Omega, By[k], Bz[k], m, dm);
    lose(e, m, dm);
    for (int a = 0; a < 3; a++) du[a * e->K + k] = dm[a];
  }
  fields_rhs(e, u, du);
}

void equations_tangent(const equations *e, const double *u, const double *v, double *dv) {
  double By[MAX_K], Bz[MAX_K], vBy[MAX_K], vBz[MAX_K];
  fields_on_spins(e, u, By, Bz);
  fields_on_spins(e, v, vBy, vBz);
  for (int k = 0; k < e->K; k++) {
    const double m[3] = {u[k], u[e->K + k], u[2 * e->K + k]}, vm[3] = {v[k], v[e->K + k], v[2 * e->K + k]};
    double dm[3] = {0};
    turn(e->Omega, By[k], Bz[k], vm, dm);
    turn(0.0, vBy[k], vBz[k], m, dm);
    lose(e, vm, dm);
    for (int a = 0; a < 3; a++) dv[a * e->K + k] = dm[a];
  }
  fields_rhs(e, v, dv);
}

void equations_jacobian(const equations *e, const double *u, double J[MOST][MOST]) {
  const int n = equations_size(e);
  double v[MOST], column[MOST];
  for (int j = 0; j < n; j++) {
    memset(v, 0, sizeof v);
    v[j] = 1.0;
    equations_tangent(e, u, v, column);
    for (int i = 0; i < n; i++) J[i][j] = column[i];
  }
}

/* Two unit vectors perpendicular to the spin m and to each other. */
static void transverse(const double m[3], double a[3], double b[3]) {
  int least = 0;
  for (int i = 1; i < 3; i++)
    if (fabs(m[i]) < fabs(m[least])) least = i;
  double length = 0.0, square = m[0] * m[0] + m[1] * m[1] + m[2] * m[2];
  for (int i = 0; i < 3; i++) a[i] = (i == least) - m[least] * m[i] / square;
  for (int i = 0; i < 3; i++) length += a[i] * a[i];
  for (int i = 0; i < 3; i++) a[i] /= sqrt(length);
  for (int i = 0; i < 3; i++) b[i] = (m[(i + 1) % 3] * a[(i + 2) % 3] - m[(i + 2) % 3] * a[(i + 1) % 3]) / sqrt(square);
}

int equations_basis(const equations *e, const double *u, double basis[MOST][MOST]) {
  const int K = e->K;
  memset(basis, 0, MOST * sizeof *basis);
  if (e->lossy) {
    for (int i = 0; i < equations_size(e); i++) basis[i][i] = 1.0;
    return equations_size(e);
  }
  for (int k = 0; k < K; k++) {
    const double m[3] = {u[k], u[K + k], u[2 * K + k]};
    double a[3], b[3];
    transverse(m, a, b);
    for (int i = 0; i < 3; i++) basis[2 * k][i * K + k] = a[i], basis[2 * k + 1][i * K + k] = b[i];
  }
  for (int i = 0; i < 2 * e->M; i++) basis[2 * K + i][3 * K + i] = 1.0;
  return 2 * K + 2 * e->M;
}

void equations_renormalise(const equations *e, double *u) {
  for (int k = 0; k < e->K && !e->lossy; k++) {
    double *x = u + k, *y = x + e->K, *z = y + e->K;
    const double length = sqrt(*x * *x + *y * *y + *z * *z);
    *x /= length, *y /= length, *z /= length;
  }
}

double equations_lyapunov(const equations *e, const double *u) {
  const double *x = u, *re = u + 3 * e->K, *im = re + e->M;
  double xi[MAX_M], L = 0.0;
  equations_overlaps(e, u, xi);
  for (int mu = 0; mu < e->M; mu++) {
    const double Q = re[mu], speed = e->Omega_mu[mu] * im[mu] - 0.5 * e->kappa_mu[mu] * Q;
    L += (speed * speed + e->D[mu] * Q * Q) / (2.0 * e->Omega_mu[mu]) + e->g0 * Q * xi[mu];
  }
  for (int k = 0; k < e->K; k++) L += 0.5 * e->Omega * e->w * x[k];
  return e->V * L;
}

/* ---- the landscape ---- */

static void fields(const equations *e, const double *q, double *v) {
  for (int k = 0; k < e->K; k++) {
    v[k] = 0.0;
    for (int mu = 0; mu < e->M; mu++) v[k] += e->f[mu][k] * e->reach[mu] * q[mu];
  }
}

double equations_landscape(const equations *e, const double *q) {
  double v[MAX_K], U = 0.0;
  fields(e, q, v);
  for (int mu = 0; mu < e->M; mu++) U += 0.5 * e->g0 * e->reach[mu] * q[mu] * q[mu];
  for (int k = 0; k < e->K; k++) U -= 0.5 * e->w * hypot(e->Omega, 2.0 * e->g0 * v[k]);
  return U;
}

/* The overlaps that the spins would have in the field of q: critical points are q = F(q), and dU/dq_mu =
 * g0 reach_mu (q_mu - F_mu). */
static void answer(const equations *e, const double *q, double *F) {
  double v[MAX_K];
  fields(e, q, v);
  for (int mu = 0; mu < e->M; mu++) {
    F[mu] = 0.0;
    for (int k = 0; k < e->K; k++)
      F[mu] += e->w * e->f[mu][k] * 2.0 * e->g0 * v[k] / hypot(e->Omega, 2.0 * e->g0 * v[k]);
  }
}

/* Second derivatives of U, divided by g0 sqrt(reach_mu reach_nu): symmetric, at most 1, the same index. */
static void curvature(const equations *e, const double *q, double H[MAX_M][MAX_M]) {
  double v[MAX_K];
  fields(e, q, v);
  for (int mu = 0; mu < e->M; mu++)
    for (int nu = 0; nu < e->M; nu++) {
      double sum = 0.0;
      for (int k = 0; k < e->K; k++) {
        const double B = hypot(e->Omega, 2.0 * e->g0 * v[k]);
        sum += e->w * e->f[mu][k] * e->f[nu][k] * 2.0 * e->g0 * e->Omega * e->Omega / (B * B * B);
      }
      H[mu][nu] = (mu == nu) - sum * sqrt(e->reach[mu] * e->reach[nu]);
    }
}

static int index_at(const equations *e, const double *q) {
  double H[MAX_M][MAX_M], packed[MAX_M * MAX_M], values[MAX_M];
  curvature(e, q, H);
  for (int i = 0; i < e->M; i++)
    for (int j = 0; j < e->M; j++) packed[i * e->M + j] = H[i][j];
  gsl_matrix_view matrix = gsl_matrix_view_array(packed, (size_t)e->M, (size_t)e->M);
  gsl_vector_view vector = gsl_vector_view_array(values, (size_t)e->M);
  gsl_eigen_symm_workspace *work = gsl_eigen_symm_alloc((size_t)e->M);
  gsl_eigen_symm(&matrix.matrix, &vector.vector, work);
  gsl_eigen_symm_free(work);
  int n = 0;
  for (int i = 0; i < e->M; i++) n += values[i] < 0.0;
  return n;
}

/* Newton for q = F(q). Returns whether it converged. */
static bool newton(const equations *e, double *q) {
  const size_t M = (size_t)e->M;
  double H[MAX_M][MAX_M], F[MAX_M], packed[MAX_M * MAX_M], right[MAX_M], step[MAX_M];
  size_t order[MAX_M];
  gsl_permutation permutation = {M, order};
  for (int iteration = 0; iteration < 60; iteration++) {
    double size = 0.0;
    int sign;
    curvature(e, q, H);
    answer(e, q, F);
    for (size_t i = 0; i < M; i++) { /* in the variables sqrt(reach) q */
      right[i] = sqrt(e->reach[i]) * (q[i] - F[i]);
      for (size_t j = 0; j < M; j++) packed[i * M + j] = H[i][j];
    }
    gsl_matrix_view matrix = gsl_matrix_view_array(packed, M, M);
    gsl_vector_view b = gsl_vector_view_array(right, M), x = gsl_vector_view_array(step, M);
    gsl_linalg_LU_decomp(&matrix.matrix, &permutation, &sign);
    if (gsl_linalg_LU_solve(&matrix.matrix, &permutation, &b.vector, &x.vector) != GSL_SUCCESS) return false;
    for (size_t i = 0; i < M; i++) size = fmax(size, fabs(step[i] /= sqrt(e->reach[i])));
    if (!isfinite(size)) return false;
    for (size_t i = 0; i < M; i++) q[i] -= step[i] * (size > 0.5 ? 0.5 / size : 1.0);
    if (size < 1e-13) return true;
  }
  return false;
}

static void add(const equations *e, const double *from, critical_points *found) {
  double q[MAX_M];
  memcpy(q, from, sizeof q);
  if (!newton(e, q)) return;
  for (int mu = 0; mu < e->M; mu++)
    if (fabs(q[mu]) < 1e-12) q[mu] = 0.0;
  for (int i = 0; i < found->n; i++) {
    double difference = 0.0;
    for (int mu = 0; mu < e->M; mu++) difference = fmax(difference, fabs(q[mu] - found->at[i].q[mu]));
    if (difference < 1e-8) return;
  }
  const int index = index_at(e, q);
  const double U = equations_landscape(e, q);
  if (index == 0) found->lowest = fmin(found->lowest, U);
  if (index == 1) found->lowest_saddle = fmin(found->lowest_saddle, U);
  if (found->n == (int)(sizeof found->at / sizeof *found->at)) return;
  memcpy(found->at[found->n].q, q, sizeof q);
  found->at[found->n].U = U;
  found->at[found->n++].index = index;
  found->euler += index % 2 ? -1 : 1;
}

/* All row signs are symmetries of U for the +-1 patterns: every critical point comes with its images. */
static void add_images(const equations *e, const double *from, critical_points *found) {
  double q[MAX_M];
  memcpy(q, from, sizeof q);
  const int before = found->n;
  add(e, q, found);
  if (found->n == before) return;
  double base[MAX_M];
  memcpy(base, found->at[before].q, sizeof base);
  for (int signs = 1; signs < 1 << e->M; signs++) {
    for (int mu = 0; mu < e->M; mu++) q[mu] = signs >> mu & 1 ? -base[mu] : base[mu];
    add(e, q, found);
  }
}

/* q -> the nearest point (in units of q) with v_k = 0 for the classes given. */
static void project(const equations *e, const int *classes, int n, double *q) {
  for (int sweep = 0; sweep < (n == 1 ? 1 : 60); sweep++) /* one plane after the other */
    for (int i = 0; i < n; i++) {
      const int k = classes[i];
      double v = 0.0, square = 0.0;
      for (int mu = 0; mu < e->M; mu++) v += e->f[mu][k] * e->reach[mu] * q[mu], square += e->reach[mu] * e->reach[mu];
      for (int mu = 0; mu < e->M; mu++) q[mu] -= v * e->f[mu][k] * e->reach[mu] / square;
    }
}

static double random_unit(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(*state >> 11) * 0x1p-53;
}

void critical_search(const equations *e, int n_starts, critical_points *found) {
  double q[MAX_M] = {0}, F[MAX_M];
  uint64_t state = 20240229;
  *found = (critical_points){.lowest_saddle = INFINITY, .lowest = INFINITY};
  add(e, q, found);
  for (int nu = 0; nu < e->M; nu++) { /* pattern states, Eq. 12 */
    const double square = 0.5 * fabs(e->Omega) / fabs(e->Omega_mu[nu]) * e->D[nu] / (e->g0 * e->g0);
    if (square >= 1.0) continue;
    memset(q, 0, sizeof q);
    q[nu] = sqrt(1.0 - square * square);
    add_images(e, q, found);
  }
  for (int i = 0; i < n_starts; i++) {
    for (int mu = 0; mu < e->M; mu++) q[mu] = 2.4 * random_unit(&state) - 1.2;
    add_images(e, q, found);
    if (e->M == 1) continue;
    int classes[MAX_M], n = 1 + (int)(random_unit(&state) * (e->M - 1));
    for (int j = 0; j < n; j++) classes[j] = (int)(random_unit(&state) * e->K);
    for (int mu = 0; mu < e->M; mu++) q[mu] = 2.4 * random_unit(&state) - 1.2;
    for (int sweep = 0; sweep < 100; sweep++) { /* downhill along the planes */
      project(e, classes, n, q);
      answer(e, q, F);
      for (int mu = 0; mu < e->M; mu++) q[mu] += 0.5 * (F[mu] - q[mu]);
    }
    project(e, classes, n, q);
    add_images(e, q, found);
  }
}

void descend(const equations *e, double *q) {
  double F[MAX_M];
  for (int i = 0; i < 100000; i++) { /* q' = F - q falls in U; small steps first, so as not to leap over a barrier */
    double size = 0.0;
    answer(e, q, F);
    for (int mu = 0; mu < e->M; mu++) size = fmax(size, fabs(F[mu] - q[mu]));
    if (size < 1e-12) break;
    double step = i < 2000 ? 0.02 : 1.0;
    if (i < 2000 && step * size > 2e-3) step = 2e-3 / size;
    for (int mu = 0; mu < e->M; mu++) q[mu] += step * (F[mu] - q[mu]);
  }
  double end[MAX_M];
  memcpy(end, q, sizeof end);
  if (!newton(e, end)) return;
  double moved = 0.0;
  for (int mu = 0; mu < e->M; mu++) moved = fmax(moved, fabs(end[mu] - q[mu]));
  if (moved < 1e-4) memcpy(q, end, sizeof end);
}

void descend_from_overlaps(const equations *e, const double *xi, double *xi_end) {
  double q[MAX_M] = {0};
  for (int mu = 0; mu < e->M; mu++) q[mu] = -e->V * xi[mu];
  descend(e, q);
  for (int mu = 0; mu < e->M; mu++) xi_end[mu] = -e->V * q[mu];
}

/* ---- long integrations ---- */

typedef struct counted {
  const equations *e;
  int64_t n;
} counted;

static int gsl_rhs(double t, const double u[], double du[], void *params) {
  counted *c = params;
  (void)t;
  c->n++;
  equations_rhs(c->e, u, du);
  return GSL_SUCCESS;
}

/* Of the last windows: whether nothing changes any more. */
static bool steady(const equations *e, const history *h, double depth) {
  const int n = h->n_windows;
  if (n < 12) return false;
  for (int i = n - 2; i < n; i++) {
    if (fabs(h->windows[i].L - h->windows[i - 1].L) > 1e-7 * depth || h->windows[i].rms > 1e-4) return false;
    for (int mu = 0; mu < e->M; mu++)
      if (fabs(h->windows[i].mean[mu] - h->windows[i - 1].mean[mu]) > 1e-6) return false;
  }
  return true;
}

static void follow(const equations *e, const double *start, bool until_settled, double saddle, double depth,
                   double tolerance, double work, history *h) {
  enum { BETWEEN_LOOKS = 16 };
  counted c = {e, 0};
  const size_t n = (size_t)equations_size(e);
  gsl_odeiv2_system system = {gsl_rhs, NULL, n, &c};
  gsl_odeiv2_step *stepper = gsl_odeiv2_step_alloc(gsl_odeiv2_step_rk8pd, n);
  gsl_odeiv2_control *control = gsl_odeiv2_control_y_new(tolerance, tolerance);
  gsl_odeiv2_evolve *evolve = gsl_odeiv2_evolve_alloc(n);
  double u[MAX_STATE], xi[MAX_M], before[MAX_M], sum[MAX_M] = {0}, square[MAX_M] = {0};
  double t = 0.0, h_step = 1e-3, t_window = 0.0, t_next = 0.125;
  *h = (history){.t_settled = NAN};
  memcpy(u, start, n * sizeof *u);
  equations_overlaps(e, u, xi);
  for (int i = 0; (double)c.n < work; i++) {
    const double t_before = t;
    memcpy(before, xi, sizeof xi);
    if (gsl_odeiv2_evolve_apply(evolve, control, stepper, &system, &t, 1e15, &h_step, u) != GSL_SUCCESS) break;
    equations_overlaps(e, u, xi);
    for (int mu = 0; mu < e->M; mu++) {
      sum[mu] += 0.5 * (t - t_before) * (before[mu] + xi[mu]);
      square[mu] += 0.5 * (t - t_before) * (before[mu] * before[mu] + xi[mu] * xi[mu]);
    }
    if (i % BETWEEN_LOOKS == 0) {
      equations_renormalise(e, u);
      gsl_odeiv2_evolve_reset(evolve);
      if (isnan(h->t_settled) && equations_lyapunov(e, u) < saddle - 1e-9 * depth) {
        h->t_settled = t;
        if (until_settled) break;
      }
    }
    if (t < t_next || h->n_windows == MAX_WINDOWS) continue;
    const int j = h->n_windows++;
    h->windows[j].t = t;
    h->windows[j].L = equations_lyapunov(e, u);
    for (int mu = 0; mu < e->M; mu++) {
      const double mean = sum[mu] / (t - t_window);
      h->windows[j].mean[mu] = mean;
      h->windows[j].rms = fmax(h->windows[j].rms, sqrt(fmax(0.0, square[mu] / (t - t_window) - mean * mean)));
      sum[mu] = square[mu] = 0.0;
    }
    t_window = t;
    while (t_next <= t) t_next *= 2.0;
    if (steady(e, h, depth)) {
      h->end = ARRIVED;
      break;
    }
  }
  if (h->end == NOT_JUDGED && !isnan(h->t_settled)) h->end = SETTLED;
  h->t = t;
  h->evaluations = c.n;
  double q[MAX_M] = {0};
  const bool by_mean = h->n_windows > 0 && !until_settled;
  for (int mu = 0; mu < e->M; mu++)
    q[mu] = by_mean ? -e->V * h->windows[h->n_windows - 1].mean[mu] : u[3 * e->K + mu] / e->reach[mu];
  descend(e, q);
  for (int mu = 0; mu < e->M; mu++) h->xi_end[mu] = -e->V * q[mu];
  gsl_odeiv2_evolve_free(evolve);
  gsl_odeiv2_control_free(control);
  gsl_odeiv2_step_free(stepper);
}

void judge(const equations *e, const double *start, bool until_settled, double work, judgement *out) {
  critical_points *found = malloc(sizeof *found);
  if (!found) exit(2);
  critical_search(e, e->M == 1 ? 4 : e->M == 2 ? 400 : 300, found);
  *out = (judgement){.M = e->M, .lowest_saddle = found->lowest_saddle, .lowest = found->lowest};
  free(found);
  judge_once_more(e, start, until_settled, out, 1e-11, work, &out->first);
  judge_once_more(e, start, until_settled, out, 1e-12, work, &out->second);
}

void judge_once_more(const equations *e, const double *start, bool until_settled, const judgement *j, double tolerance,
                     double work, history *out) {
  const double depth = fabs(j->lowest) + fabs(equations_lyapunov(e, start)); /* L is of this size */
  follow(e, start, until_settled, j->lowest_saddle, depth, tolerance, work, out);
}
