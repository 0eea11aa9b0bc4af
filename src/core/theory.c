/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Closed forms of the pattern states and of their spectra. */
#include "dickemap/theory.h"

#include <gsl/gsl_eigen.h>
#include <gsl/gsl_poly.h>
#include <math.h>
#include <stdlib.h>

#include "dickemap/states.h"
#include "gsl_calls.h"

bool dkm_theory_applies(const dkm_point *point) {
  return point->Omega != 0.0;
}

bool dkm_theory_has_pattern_state(const dkm_system *system, const dkm_point *point, int nu) {
  return dkm_theory_applies(point) && dkm_system_pattern_is_closed(system, nu) &&
         (!system->from || system->from->unit_spins) &&
         (point->flip == 0.0 || (!dkm_point_has_mixture(point, system->n_modes) && !system->cue));
}

static double sign_of(double value) {
  return value < 0.0 ? -1.0 : 1.0;
}

double dkm_theory_g_crit(const dkm_point *point, int nu) {
  if (!dkm_theory_applies(point)) return NAN;
  return sqrt(0.5 * fabs(point->Omega / point->Omega_mu[nu]) * dkm_point_D(point, nu) / dkm_point_length(point));
}

double dkm_theory_g_normal(const dkm_system *system, const dkm_point *point, const double *lengths) {
  const int M = system->n_modes;
  const int64_t K = system->n_classes;
  double C[DKM_MAX_MODES * DKM_MAX_MODES], R[DKM_MAX_MODES], eigenvalues[DKM_MAX_MODES], largest = 0.0;
  if (!dkm_theory_applies(point)) return NAN;
  for (int mu = 0; mu < M; mu++) {
    if (sign_of(point->Omega_mu[mu]) != sign_of(point->Omega_mu[0])) return NAN;
    R[mu] = sqrt(fabs(point->Omega_mu[mu]) / dkm_point_D(point, mu));
  }
  double *s = malloc((size_t)K * sizeof *s);
  if (!s) return NAN;
  for (int64_t k = 0; k < K; k++) s[k] = lengths ? lengths[k] : dkm_point_length(point);
  dkm_system_gram(system, s, C);
  free(s);
  for (int mu = 0; mu < M; mu++)
    for (int nu = 0; nu < M; nu++) C[mu * M + nu] *= R[mu] * R[nu];
  gsl_matrix_view matrix = gsl_matrix_view_array(C, (size_t)M, (size_t)M);
  gsl_vector_view values = gsl_vector_view_array(eigenvalues, (size_t)M);
  dkm_gsl_begin();
  gsl_eigen_symm_workspace *workspace = gsl_eigen_symm_alloc((size_t)M);
  const bool solved = workspace && gsl_eigen_symm(&matrix.matrix, &values.vector, workspace) == 0;
  dkm_gsl_end();
  if (workspace) gsl_eigen_symm_free(workspace);
  if (!solved) return NAN;
  for (int mu = 0; mu < M; mu++) largest = fmax(largest, eigenvalues[mu]);
  return sqrt(0.5 * fabs(point->Omega) / largest);
}

double dkm_theory_g_retrieve(const dkm_system *system, const dkm_point *point, int nu) {
  double easiest = INFINITY;
  for (int mu = 0; mu < system->n_modes; mu++) {
    if (sign_of(point->Omega_mu[mu]) != sign_of(point->Omega_mu[nu]) || !dkm_system_pattern_is_closed(system, mu))
      return NAN;
    easiest = fmin(easiest, dkm_theory_g_crit(point, mu));
  }
  double g_nu = dkm_theory_g_crit(point, nu);
  return g_nu * sqrt(g_nu / easiest);
}

double dkm_theory_xi(const dkm_point *point, int nu) {
  double g_nu = dkm_theory_g_crit(point, nu);
  if (isnan(g_nu)) return NAN;
  if (point->g0 <= g_nu) return 0.0;
  double ratio = g_nu / point->g0, square = ratio * ratio;
  return dkm_point_length(point) * sqrt((1.0 - square) * (1.0 + square));
}

double complex dkm_theory_alpha(const dkm_system *system, const dkm_point *point, int nu) {
  double xi = dkm_theory_xi(point, nu);
  return -system->alpha_factor * point->g0 * xi * (point->Omega_mu[nu] + 0.5 * point->kappa_mu[nu] * I) /
         dkm_point_D(point, nu);
}

void dkm_theory_pattern_state(const dkm_system *system, const dkm_point *point, int nu, int sign, double *u) {
  const int64_t K = system->n_classes;
  const int M = system->n_modes;
  const double z = sign * dkm_theory_xi(point, nu), ratio = dkm_theory_g_crit(point, nu) / point->g0;
  const double x = -sign_of(point->Omega * point->Omega_mu[nu]) * fmin(1.0, ratio * ratio);
  double complex beta = sign * dkm_theory_alpha(system, point, nu) / system->alpha_factor;
  for (int64_t k = 0; k < K; k++) {
    u[k] = x;
    u[K + k] = 0.0;
    u[2 * K + k] = z * dkm_system_coupling(system, nu, k);
  }
  for (int i = 0; i < 2 * M; i++) u[3 * K + i] = 0.0;
  u[3 * K + nu] = creal(beta);
  u[3 * K + M + nu] = cimag(beta);
}

void dkm_theory_fill(const dkm_system *system, const dkm_point *point, dkm_record *record) {
  const int cue = point->pattern - 1;
  record->xi_theory = record->g_crit = record->g_retrieve = NAN;
  if (dkm_point_has_mixture(point, system->n_modes) || !dkm_theory_has_pattern_state(system, point, cue)) return;
  record->xi_theory = dkm_theory_xi(point, cue);
  record->g_crit = dkm_theory_g_crit(point, cue);
  record->g_retrieve = dkm_theory_g_retrieve(system, point, cue);
}

void dkm_theory_quartic(const dkm_point *point, int nu, int mu, double complex roots[4]) {
  const double g_nu = dkm_theory_g_crit(point, nu);
  const double ratio = point->g0 > g_nu ? point->g0 / g_nu : 1.0;
  const double B = fabs(point->Omega) * ratio * ratio;
  const double kappa = point->kappa_mu[mu], D = dkm_point_D(point, mu);
  /* Spins have the component -sign(Omega_nu) along their field. */
  const double coupling = 8.0 * point->g0 * point->g0 * sign_of(point->Omega_mu[nu]) * point->Omega_mu[mu] *
                          point->Omega * point->Omega / B;
  double coefficients[5] = {4.0 * B * B * D - coupling, 4.0 * B * B * kappa, 4.0 * B * B + D, kappa, 1.0};
  double packed[8];
  bool finite = true; /* with others GSL would look for the roots for ever */
  for (int i = 0; i < 5; i++) finite = finite && isfinite(coefficients[i]);
  dkm_gsl_begin();
  gsl_poly_complex_workspace *workspace = gsl_poly_complex_workspace_alloc(5);
  bool solved = workspace && finite && !isnan(g_nu) && gsl_poly_complex_solve(coefficients, 5, workspace, packed) == 0;
  dkm_gsl_end();
  for (int i = 0; i < 4; i++) roots[i] = solved ? packed[2 * i] + packed[2 * i + 1] * I : NAN;
  if (workspace) gsl_poly_complex_workspace_free(workspace);
}
