/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The workload that every competitor runs: 256 points of the M = 4 model of Fig. 3 (8 classes),
 * g0 = 0.5 ... 2 in 64 steps times the four patterns, started at overlap 0.9 with the rest
 * of each spin along -x, integrated to t = 200.  The answer is the four overlaps of every
 * point, its error the largest difference from reference.txt (long double, see reference.cpp).
 *
 * State of 32 numbers: x_k, y_k, z_k (8 each), Re alpha_mu, Im alpha_mu (4 each), in the
 * paper's normalisation (7), with g = g0/sqrt(8). For C and C++. */
#ifndef WORKLOAD_H
#define WORKLOAD_H
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { N_MODES = 4, N_CLASSES = 8, N_STATE = 3 * N_CLASSES + 2 * N_MODES, N_POINTS = 256, N_G0 = 64, N_ROUNDS = 3 };
static const double OMEGA = 0.5, KAPPA = 1.0, T_END = 200.0;

static inline int sign_of(int mu, int k) {
  return (k >> (N_MODES - 1 - mu)) & 1 ? -1 : 1;
}
static inline int cue_of(int i_point) {
  return i_point / N_G0;
}
static inline double g0_of(int i_point) {
  return 0.5 + 1.5 * (i_point % N_G0) / (N_G0 - 1);
}

static inline void start_of(int i_point, double *u) {
  for (int i = 0; i < N_STATE; i++) u[i] = 0.0;
  for (int k = 0; k < N_CLASSES; k++) {
    u[k] = -sqrt(1.0 - 0.9 * 0.9);
    u[2 * N_CLASSES + k] = 0.9 * sign_of(cue_of(i_point), k);
  }
}

/* The right-hand side as a user who cares would write it: sums and differences in pairs
 * instead of a matrix product.  T: double, or long double for the reference. */
#define DEFINE_RHS(NAME, T)                                                                        \
  static inline void NAME(T g, const T *u, T *du) {                                                \
    const T *z = u + 16, c = 4 * g;                                                                \
    const T a0 = c * u[24], a1 = c * u[25], a2 = c * u[26], a3 = c * u[27], p = a0 + a1, m = a0 - a1; \
    const T r[4] = {p + a2, p - a2, m + a2, m - a2};                                               \
    T h[N_CLASSES], sum[4], difference[4];                                                         \
    for (int j = 0; j < 4; j++) {                                                                  \
      h[2 * j] = r[j] + a3;                                                                        \
      h[2 * j + 1] = r[j] - a3;                                                                    \
      sum[j] = z[2 * j] + z[2 * j + 1];                                                            \
      difference[j] = z[2 * j] - z[2 * j + 1];                                                     \
    }                                                                                              \
    for (int k = 0; k < N_CLASSES; k++) {                                                          \
      du[k] = -h[k] * u[8 + k];                                                                    \
      du[8 + k] = h[k] * u[k] - 2 * (T)OMEGA * z[k];                                               \
      du[16 + k] = 2 * (T)OMEGA * u[8 + k];                                                        \
    }                                                                                              \
    const T b0 = sum[0] + sum[1], b1 = sum[2] + sum[3];                                            \
    const T s[4] = {b0 + b1, b0 - b1, (sum[0] - sum[1]) + (sum[2] - sum[3]),                       \
                    (difference[0] + difference[1]) + (difference[2] + difference[3])};            \
    for (int mu = 0; mu < N_MODES; mu++) {                                                         \
      const T Omega_mu = (T)OMEGA * (mu + 3), half_kappa = (T)KAPPA / 2;                           \
      du[24 + mu] = Omega_mu * u[28 + mu] - half_kappa * u[24 + mu];                               \
      du[28 + mu] = -Omega_mu * u[24 + mu] - half_kappa * u[28 + mu] - g * s[mu];                  \
    }                                                                                              \
  }

static inline double coupling_of(int i_point) {
  return g0_of(i_point) / sqrt((double)N_CLASSES);
}

static inline void overlaps_of(const double *u, double *xi) {
  for (int mu = 0; mu < N_MODES; mu++) {
    double s = 0.0;
    for (int k = 0; k < N_CLASSES; k++) s += sign_of(mu, k) * u[2 * N_CLASSES + k];
    xi[mu] = s / N_CLASSES;
  }
}

/* CPU time of this thread: what others do on a shared core is left out. */
static inline double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Runs solve(xi) N_ROUNDS times and prints "milliseconds a point, largest error, rms error"
 * of the fastest round. argv[1] of every competitor is its tolerance, argv[2] reference.txt. */
static inline int report(const char *reference, void (*solve)(double *xi)) {
  static double xi[N_POINTS * N_MODES];
  double best = INFINITY, largest = 0.0, square = 0.0;
  FILE *file = fopen(reference, "r");
  if (!file) {
    fprintf(stderr, "cannot read %s\n", reference);
    return 1;
  }
  for (int round = 0; round < N_ROUNDS; round++) {
    double begin = cpu_seconds();
    solve(xi);
    best = fmin(best, cpu_seconds() - begin);
  }
  for (int i = 0; i < N_POINTS * N_MODES; i++) {
    double exact;
    if (fscanf(file, "%lf", &exact) != 1) return 1;
    double error = fabs(xi[i] - exact);
    if (!(error <= largest) && !isnan(largest)) largest = error; /* keeps a NaN */
    square += error * error;
  }
  fclose(file);
  printf("%.6f %.3e %.3e\n", 1e3 * best / N_POINTS, largest, sqrt(square / (N_POINTS * N_MODES)));
  return 0;
}

#endif
