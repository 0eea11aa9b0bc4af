/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_fluctuations: the limit of N E_N, see dkm_finite_fluctuations in dickemap/finite.h.
 *
 * Fluctuations about the mean field become Gaussian as N -> infinity, and their symmetrised covariance V follows from the Jacobian
 * J of the mean-field equations and the noise of what is lost: kappa_mu/4 in each quadrature of a mode; and of single spins what keeps
 * the covariance of each of them at C = 1 - m m^T while losses alone, m' = v - G m with G = diag(Gamma_1, gamma_T, gamma_T), act:
 *
 *   D = C' + G C + C G = 2 G - v m^T - m v^T. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "finite_check.h"
#include "finite_flow.h"
#include "finite_step.h"

enum { MAX_ROWS = 3 * DKM_FINITE_MAX_CLASSES + 2 * DKM_FINITE_MAX_MODES };

static int rows_of(const finite_flow *flow) {
  return 3 * flow->K + 2 * flow->M;
}

/* The Jacobian J[i*n + j] = d u_i'/d u_j of the mean field u (finite_flow.h: m_k at 3k, Re, Im alpha_mu at 3K + 2mu). */
static void linearise(const finite_flow *flow, const double *u, double *J) {
  const dkm_finite_model *model = flow->model;
  const int K = flow->K, M = flow->M, n = rows_of(flow);
  const double gamma_1 = model->gamma_down + model->gamma_up, gamma_T = 0.5 * gamma_1 + 2.0 * model->gamma_phi;
  const double Omega = model->Omega;
  memset(J, 0, (size_t)(n * n) * sizeof *J);
  for (int mu = 0; mu < M; mu++) {
    const int i = 3 * K + 2 * mu;
    const double w = model->Omega_mu[mu], half = 0.5 * model->kappa_mu[mu];
    J[i * n + i] = J[(i + 1) * n + i + 1] = -half;
    J[i * n + i + 1] = w;
    J[(i + 1) * n + i] = -w;
  }
  for (int k = 0; k < K; k++) {
    const int x = 3 * k, y = x + 1, z = x + 2;
    double b = 0.0; /* 2 B_z */
    for (int mu = 0; mu < M; mu++) {
      const int i = 3 * K + 2 * mu;
      const double slope = 4.0 * flow->g * flow->f[k][mu];
      b += slope * u[i];
      J[x * n + i] = -slope * u[y];
      J[y * n + i] = slope * u[x];
      J[(i + 1) * n + z] = -flow->g * flow->f[k][mu];
    }
    J[x * n + x] = -gamma_1;
    J[x * n + y] = -b;
    J[y * n + x] = b;
    J[y * n + y] = J[z * n + z] = -gamma_T;
    J[y * n + z] = -2.0 * Omega;
    J[z * n + y] = 2.0 * Omega;
  }
}

/* y: u, then V by rows. */
static void rhs(void *context, double t, const double *y, double *dy) {
  (void)t;
  const finite_flow *flow = context;
  const int K = flow->K, M = flow->M, n = rows_of(flow);
  const dkm_finite_model *model = flow->model;
  double J[MAX_ROWS * MAX_ROWS];
  const double *V = y + n;
  double *dV = dy + n;
  dkm_finite_flow_mean_field(flow, y, dy);
  linearise(flow, y, J);
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      double sum = 0.0;
      for (int l = 0; l < n; l++) sum += J[i * n + l] * V[l * n + j] + J[j * n + l] * V[i * n + l];
      dV[i * n + j] = sum;
    }
  const double gamma_1 = model->gamma_down + model->gamma_up, pump = model->gamma_up - model->gamma_down;
  const double gamma_T = 0.5 * gamma_1 + 2.0 * model->gamma_phi;
  for (int k = 0; k < K; k++)
    for (int a = 0; a < 3; a++) {
      const int i = 3 * k + a;
      dV[i * n + i] += 2.0 * (a == 0 ? gamma_1 : gamma_T);
      dV[3 * k * n + i] -= pump * y[i]; /* v m^T, v along x */
      dV[i * n + 3 * k] -= pump * y[i];
    }
  for (int i = 3 * K; i < 3 * K + 2 * M; i++) dV[i * n + i] += 0.25 * model->kappa_mu[(i - 3 * K) / 2];
}

dkm_status dkm_finite_fluctuations(const dkm_finite_model *model, int64_t n_times, const double *times, double tolerance,
                                   double *limit, double *mean_field, dkm_error *err) {
  dkm_status status = dkm_finite_check(model, n_times, times, NULL, err);
  if (status) return status;
  if (tolerance == 0.0) tolerance = DKM_FINITE_TOLERANCE;
  if (!(tolerance > 0.0)) return dkm_fail(err, DKM_INPUT, "the tolerance of steps is %g", tolerance);
  const int K = dkm_finite_classes(model), M = model->n_modes, n = 3 * K + 2 * M;
  finite_stepper stepper;
  if ((status = dkm_finite_stepper_create(dkm_finite_kernel_of(NULL), n + n * n, &stepper, err))) return status;
  double *y = calloc((size_t)(n + n * n), sizeof *y);
  if (!y) {
    dkm_finite_stepper_free(&stepper);
    return dkm_fail(err, DKM_MEMORY, "out of memory for fluctuations of %d numbers", n);
  }
  finite_flow flow;
  double c[12 * DKM_FINITE_MAX_CLASSES + 4 * DKM_FINITE_MAX_MODES], *V = y + n;
  dkm_finite_flow_create(model, DKM_FINITE_MEAN_FIELD, &flow);
  dkm_finite_flow_start(&flow, c);
  memcpy(y, c, (size_t)n * sizeof *y);
  for (int k = 0; k < K; k++)
    for (int a = 3 * k; a < 3 * k + 3; a++)
      for (int b = 3 * k; b < 3 * k + 3; b++) V[a * n + b] = (a == b) - y[a] * y[b];
  for (int i = 3 * K; i < n; i++) V[i * n + i] = 0.25;
  double t = 0.0, h = 1e-3;
  for (int64_t i = 0; i < n_times && !status; i++) {
    while (t < times[i] && !status) {
      const double left = times[i] - t;
      double size = 0.0, tried = h < left ? h : left;
      for (int j = 0; j < n + n * n; j++) size += y[j] * y[j];
      dkm_finite_step_begin(&stepper, rhs, &flow, t, y);
      const double error = dkm_finite_step_try(&stepper, rhs, &flow, t, y, tried) / (tolerance * sqrt(size));
      const double next = tried * dkm_finite_step_factor(error);
      if (error <= 1.0) {
        t = tried == left ? times[i] : t + tried;
        memcpy(y, stepper.next, (size_t)(n + n * n) * sizeof *y);
        if (tried < left || next > h) h = next;
      } else {
        h = next;
        if (t + h == t) status = dkm_fail(err, DKM_NUMERIC, "fluctuations about the mean field grow too fast at t = %g", t);
      }
    }
    double spins = 0.0, modes = 0.0;
    for (int j = 0; j < 3 * K; j++) spins += V[j * n + j];
    for (int j = 3 * K; j < n; j++) modes += 2.0 * V[j * n + j];
    limit[3 * i] = spins + modes;
    limit[3 * i + 1] = spins;
    limit[3 * i + 2] = modes;
    if (mean_field) memcpy(mean_field + i * n, y, (size_t)n * sizeof *y);
  }
  free(y);
  dkm_finite_stepper_free(&stepper);
  return status;
}
