/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_flow: see finite_flow.h. */
#include "finite_flow.h"

#include <math.h>
#include <string.h>

#include "finite_check.h"

void dkm_finite_flow_create(const dkm_finite_model *model, dkm_finite_frame frame, finite_flow *flow) {
  *flow = (finite_flow){.model = model, .frame = frame, .K = dkm_finite_classes(model), .M = model->n_modes};
  flow->g = model->g0 / sqrt((double)flow->K);
  for (int k = 0; k < flow->K; k++)
    for (int mu = 0; mu < flow->M; mu++) flow->f[k][mu] = dkm_finite_pattern(model, mu, k);
}

static double dot(const double *a, const double *b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void cross(const double *a, const double *b, double *out) {
  out[0] = a[1] * b[2] - a[2] * b[1];
  out[1] = a[2] * b[0] - a[0] * b[2];
  out[2] = a[0] * b[1] - a[1] * b[0];
}

static void normalise(double *a) {
  const double length = sqrt(dot(a, a));
  for (int i = 0; i < 3; i++) a[i] /= length;
}

void dkm_finite_flow_start(const finite_flow *flow, double *c) {
  const int K = flow->K, M = flow->M;
  for (int k = 0; k < K; k++) {
    double *axes = c + finite_flow_axes(K, M, k), *m = c + 3 * k;
    dkm_finite_spin(flow->model, k, m);
    if (finite_model_has_losses(flow->model)) { /* no large spin, whose direction they would follow */
      for (int i = 0; i < 9; i++) axes[i] = i % 4 == 0 ? 1.0 : 0.0;
      continue;
    }
    /* The second axis is across m and the coordinate axis that it is farthest from. */
    const double ax = fabs(m[0]), ay = fabs(m[1]), az = fabs(m[2]);
    const int least = ay <= ax && ay <= az ? 1 : ax <= az ? 0 : 2;
    double unit[3] = {0};
    unit[least] = 1.0;
    memcpy(axes + 6, m, 3 * sizeof *m);
    cross(axes + 6, unit, axes + 3);
    normalise(axes + 3);
    cross(axes + 3, axes + 6, axes);
  }
  for (int mu = 0; mu < M; mu++) {
    double *alpha = c + 3 * K + 2 * mu, *alpha_f = c + finite_flow_alpha(K, M, mu);
    alpha[0] = alpha_f[0] = flow->model->alpha_re[mu];
    alpha[1] = alpha_f[1] = flow->model->alpha_im[mu];
  }
}

/* B_k of these amplitudes (Re, Im each). */
static void field(const finite_flow *flow, int k, const double *alpha, double *B) {
  double h = 0.0;
  for (int mu = 0; mu < flow->M; mu++) h += flow->f[k][mu] * 2.0 * alpha[2 * mu];
  B[0] = flow->model->Omega;
  B[1] = 0.0;
  B[2] = flow->g * h;
}

static double zeta_at(const finite_flow *flow, double t, const double *c, int k) {
  if (flow->frame == DKM_FINITE_LABORATORY) return 0.0;
  if (flow->frame == DKM_FINITE_MEAN_FIELD) return c[3 * k + 2];
  return flow->zeta[k] + flow->zeta_rate[k] * (t - flow->t0);
}

/* turn_1 e_1 + turn_2 e_2 + turn_3 e_3 */
static void turning(const finite_flow *flow, int k, const double *axes, double *w) {
  for (int a = 0; a < 3; a++) w[a] = flow->turn[k][0] * axes[a] + flow->turn[k][1] * axes[3 + a] + flow->turn[k][2] * axes[6 + a];
}

static void amplitude_rhs(const finite_flow *flow, int mu, const double *alpha, double pull, double *out) {
  const double w = flow->model->Omega_mu[mu], half = 0.5 * flow->model->kappa_mu[mu];
  out[0] = w * alpha[1] - half * alpha[0];
  out[1] = -w * alpha[0] - half * alpha[1] - flow->g * pull;
}

void dkm_finite_flow_mean_field(const finite_flow *flow, const double *c, double *dc) {
  const dkm_finite_model *model = flow->model;
  const int K = flow->K, M = flow->M;
  const double gamma_1 = model->gamma_down + model->gamma_up, pump = model->gamma_up - model->gamma_down;
  const double gamma_T = 0.5 * gamma_1 + 2.0 * model->gamma_phi;
  double pull[DKM_FINITE_MAX_MODES] = {0};
  for (int k = 0; k < K; k++) {
    const double *m = c + 3 * k;
    double *dm = dc + 3 * k, B[3];
    field(flow, k, c + 3 * K, B);
    cross(B, m, dm);
    for (int a = 0; a < 3; a++) dm[a] *= 2.0;
    dm[0] += pump - gamma_1 * m[0];
    dm[1] -= gamma_T * m[1];
    dm[2] -= gamma_T * m[2];
    for (int mu = 0; mu < M; mu++) pull[mu] += flow->f[k][mu] * m[2];
  }
  for (int mu = 0; mu < M; mu++) amplitude_rhs(flow, mu, c + 3 * K + 2 * mu, pull[mu], dc + 3 * K + 2 * mu);
}

void dkm_finite_flow_rhs(const finite_flow *flow, double t, const double *c, double *dc) {
  const int K = flow->K, M = flow->M;
  double pull_f[DKM_FINITE_MAX_MODES] = {0};
  dkm_finite_flow_mean_field(flow, c, dc);
  for (int k = 0; k < K; k++) {
    const double *axes = c + finite_flow_axes(K, M, k);
    double *daxes = dc + finite_flow_axes(K, M, k), B[3], W[3];
    if (flow->frame == DKM_FINITE_LABORATORY) {
      memset(daxes, 0, 9 * sizeof *daxes);
    } else {
      field(flow, k, c + finite_flow_alpha(K, M, 0), B);
      turning(flow, k, axes, W);
      for (int a = 0; a < 3; a++) W[a] = 2.0 * (W[a] + B[a]);
      for (int i = 0; i < 3; i++) cross(W, axes + 3 * i, daxes + 3 * i);
    }
    const double zeta = zeta_at(flow, t, c, k);
    for (int mu = 0; mu < M; mu++) pull_f[mu] += flow->f[k][mu] * zeta;
  }
  for (int mu = 0; mu < M; mu++) {
    const int at = finite_flow_alpha(K, M, mu);
    amplitude_rhs(flow, mu, c + at, pull_f[mu], dc + at);
    dc[at] += flow->u_re[mu];
    dc[at + 1] += flow->u_im[mu];
  }
}

void dkm_finite_flow_operator(const finite_flow *flow, double t, const double *c, finite_operator *op) {
  const int K = flow->K, M = flow->M;
  const double root_N = sqrt((double)flow->model->spins_per_class);
  op->scale = flow->g / root_N;
  memcpy(op->f, flow->f, sizeof op->f);
  op->has_v = flow->frame == DKM_FINITE_LABORATORY || flow->turns;
  op->has_c = flow->drifts;
  for (int k = 0; k < K; k++) {
    const double *axes = c + finite_flow_axes(K, M, k);
    double B[3];
    field(flow, k, c + finite_flow_alpha(K, M, 0), B);
    for (int i = 0; i < 3; i++) {
      op->R[k][i] = axes[3 * i + 2];
      op->v[k][i] = flow->frame == DKM_FINITE_LABORATORY ? dot(B, axes + 3 * i) : -flow->turn[k][i];
    }
    op->zeta[k] = zeta_at(flow, t, c, k);
  }
  for (int mu = 0; mu < M; mu++) { /* -i sqrt(N) u */
    op->kappa[mu] = flow->model->kappa_mu[mu];
    op->c_re[mu] = root_N * flow->u_im[mu];
    op->c_im[mu] = -root_N * flow->u_re[mu];
  }
}

void dkm_finite_flow_follow(finite_flow *flow, double t, double rate, const double *c, const finite_moments *moments) {
  if (flow->frame != DKM_FINITE_FOLLOWING) return;
  const int K = flow->K, M = flow->M;
  const double N = (double)flow->model->spins_per_class;
  flow->t0 = t;
  flow->turns = flow->drifts = rate > 0.0;
  for (int k = 0; k < K; k++) {
    const double *axes = c + finite_flow_axes(K, M, k), *S = moments->S[k];
    double y = 0.0, z = 0.0;
    for (int i = 0; i < 3; i++) {
      y += axes[3 * i + 1] * S[i];
      z += axes[3 * i + 2] * S[i];
    }
    flow->zeta[k] = z / N;
    flow->zeta_rate[k] = 2.0 * flow->model->Omega * y / N;
    /* e_3' = 2 turn x e_3 = rate (S_1, S_2, 0)/|S| */
    const double length = sqrt(dot(S, S));
    flow->turn[k][0] = length > 0.0 ? -0.5 * rate * S[1] / length : 0.0;
    flow->turn[k][1] = length > 0.0 ? 0.5 * rate * S[0] / length : 0.0;
    flow->turn[k][2] = 0.0;
  }
  for (int mu = 0; mu < M; mu++) {
    flow->u_re[mu] = rate * moments->b_re[mu] / sqrt(N);
    flow->u_im[mu] = rate * moments->b_im[mu] / sqrt(N);
  }
}

void dkm_finite_flow_row(const finite_flow *flow, const double *c, const finite_moments *moments, double *row) {
  const int K = flow->K, M = flow->M;
  const double N = (double)flow->model->spins_per_class, root_N = sqrt(N);
  double spins = 0.0, modes = 0.0;
  for (int k = 0; k < K; k++) {
    const double *axes = c + finite_flow_axes(K, M, k), *m = c + 3 * k, *S = moments->S[k];
    double *out = row + dkm_finite_column_spin(k), across = 0.0;
    for (int a = 0; a < 3; a++) out[a] = (axes[a] * S[0] + axes[3 + a] * S[1] + axes[6 + a] * S[2]) / N;
    /* <(S/N - m)^2> = (<S^2> - |<S>|^2)/N^2 + |<S>/N - m|^2, the first by components that no error of the axes enters */
    for (int a = 0; a < 3; a++) across += (out[a] - m[a]) * (out[a] - m[a]);
    spins += (moments->SS[k] - dot(S, S)) / (N * N) + across;
  }
  for (int mu = 0; mu < M; mu++) {
    const double *alpha = c + 3 * K + 2 * mu, *alpha_f = c + finite_flow_alpha(K, M, mu);
    double *out = row + dkm_finite_column_mode(K, mu);
    const double b_re = moments->b_re[mu] / root_N, b_im = moments->b_im[mu] / root_N, n = moments->n[mu] / N;
    const double d_re = alpha_f[0] - alpha[0], d_im = alpha_f[1] - alpha[1];
    out[0] = alpha_f[0] + b_re;
    out[1] = alpha_f[1] + b_im;
    out[2] = n + 2.0 * (alpha_f[0] * b_re + alpha_f[1] * b_im) + alpha_f[0] * alpha_f[0] + alpha_f[1] * alpha_f[1];
    modes += 2.0 * (n + 2.0 * (d_re * b_re + d_im * b_im) + d_re * d_re + d_im * d_im) + 1.0 / N;
  }
  row[DKM_FINITE_ERROR] = spins + modes;
  row[DKM_FINITE_ERROR_SPINS] = spins;
  row[DKM_FINITE_ERROR_MODES] = modes;
}
