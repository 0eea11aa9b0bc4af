/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spins at rest in constant fields. */
#include "response.h"

#include <math.h>
#include <string.h>

static double dot(const double *a, const double *b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void cross(const double *a, const double *b, double *c) {
  for (int i = 0; i < 3; i++) c[i] = a[(i + 1) % 3] * b[(i + 2) % 3] - a[(i + 2) % 3] * b[(i + 1) % 3];
}

rest_kind dkm_rest_kind(const dkm_point *point) {
  if (!dkm_point_has_losses(point)) return REST_ALONG_FIELD;
  return dkm_point_gamma_1(point) > 0.0 ? REST_FORGETS : REST_ALONG_X;
}

/* m = A^-1 a */
static void solve(const dkm_point *point, const double *B, const double *a, double *m) {
  const double gamma_1 = dkm_point_gamma_1(point), gamma_T = dkm_point_gamma_T(point);
  const double torque[3] = {gamma_1 * B[0], gamma_T * B[1], gamma_T * B[2]};
  const double diagonal[3] = {gamma_T * gamma_T, gamma_1 * gamma_T, gamma_1 * gamma_T};
  const double det = gamma_1 * gamma_T * gamma_T + 4.0 * dot(B, torque), along = dot(B, a);
  double across[3];
  cross(torque, a, across);
  for (int i = 0; i < 3; i++) m[i] = (diagonal[i] * a[i] + 4.0 * B[i] * along + 2.0 * across[i]) / det;
}

bool dkm_rest_spin(const dkm_point *point, const double *B, double c, double *m) {
  const double size = sqrt(dot(B, B)), pump[3] = {dkm_point_pump(point), 0.0, 0.0};
  switch (dkm_rest_kind(point)) {
  case REST_FORGETS:
    solve(point, B, pump, m);
    return true;
  case REST_ALONG_X:
    m[0] = c;
    m[1] = m[2] = 0.0;
    return B[1] == 0.0 && B[2] == 0.0;
  case REST_ALONG_FIELD:
    break;
  }
  for (int i = 0; i < 3; i++) m[i] = c * B[i] / size;
  return size > 0.0;
}

void dkm_rest_slopes(const dkm_point *point, const double *B, double c, double *by, double *bz) {
  double *slopes[] = {by, bz};
  for (int j = 0; j < 2; j++) {
    double unit[3] = {0}, torque[3], m[3];
    unit[j + 1] = 1.0;
    memset(slopes[j], 0, 3 * sizeof *by);
    if (dkm_rest_kind(point) == REST_ALONG_X || !dkm_rest_spin(point, B, c, m)) continue;
    if (dkm_rest_kind(point) == REST_FORGETS) { /* A dm = 2 dB x m */
      cross(unit, m, torque);
      for (int i = 0; i < 3; i++) torque[i] *= 2.0;
      solve(point, B, torque, slopes[j]);
      continue;
    }
    const double square = dot(B, B), size = sqrt(square);
    for (int i = 0; i < 3; i++) slopes[j][i] = c / size * (unit[i] - B[i] * B[j + 1] / square);
  }
}

/* Unit vectors with first x second along B. */
static void frame_of(const double *B, double *first, double *second) {
  const double size = sqrt(dot(B, B)), y[3] = {0.0, 1.0, 0.0};
  double axis[3];
  for (int i = 0; i < 3; i++) axis[i] = size > 0.0 ? B[i] / size : i == 0;
  const double along = dot(axis, y);
  /* y, as far as it is across the field; where that is hardly so, z. */
  const int of = fabs(along) < 0.9 ? 1 : 2;
  for (int i = 0; i < 3; i++) first[i] = (i == of) - axis[of] * axis[i];
  const double length = sqrt(dot(first, first));
  for (int i = 0; i < 3; i++) first[i] /= length;
  cross(axis, first, second);
}

void dkm_rest_motion(const dkm_point *point, const double *B, const double *m, spin_motion *motion) {
  const double y[3] = {0.0, 1.0, 0.0}, z[3] = {0.0, 0.0, 1.0};
  const double gamma_1 = dkm_point_gamma_1(point), gamma_T = dkm_point_gamma_T(point);
  double basis[3][3] = {{1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}, {0.0, 0.0, 1.0}}, by_y[3], by_z[3];
  *motion = (spin_motion){.size = dkm_rest_kind(point) == REST_FORGETS ? 3 : 2};
  if (motion->size == 2) frame_of(B, basis[0], basis[1]);
  cross(y, m, by_y);
  cross(z, m, by_z);
  for (int i = 0; i < motion->size; i++) {
    motion->drive_y[i] = 2.0 * dot(by_y, basis[i]);
    motion->drive_z[i] = 2.0 * dot(by_z, basis[i]);
    motion->read_y[i] = basis[i][1];
    motion->read_z[i] = basis[i][2];
    for (int j = 0; j < motion->size; j++) { /* 2 B x e_j - Gamma e_j */
      double rate[3];
      cross(B, basis[j], rate);
      const double lost[3] = {gamma_1 * basis[j][0], gamma_T * basis[j][1], gamma_T * basis[j][2]};
      for (int c = 0; c < 3; c++) rate[c] = 2.0 * rate[c] - lost[c];
      motion->L[i][j] = dot(rate, basis[i]);
    }
  }
}
