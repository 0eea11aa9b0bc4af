/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Closed forms of the pattern states and of their spectra. */
#include "dickemap/theory.h"

#include <gsl/gsl_eigen.h>
#include <gsl/gsl_poly.h>
#include <math.h>
#include <stdlib.h>

#include "dickemap/drive.h"
#include "dickemap/states.h"
#include "gsl_calls.h"

bool dkm_theory_applies(const dkm_point *point) {
  return point->Omega != 0.0;
}

/* Whether spins forget how long they were: those of a state are then equally long, whatever the start. */
static bool spins_forget(const dkm_point *point) {
  return dkm_point_gamma_1(point) > 0.0;
}

bool dkm_theory_has_pattern_state(const dkm_system *system, const dkm_point *point, int nu) {
  if (dkm_drive_repeats(system->drive)) return false;
  if (dkm_point_has_losses(point) && point->imbalance != 0.0) return false;
  if (!dkm_theory_applies(point) || !dkm_system_pattern_is_closed(system, nu)) return false;
  return spins_forget(point) ||
         ((!system->from || system->from->unit_spins) &&
          (point->flip == 0.0 || (!dkm_point_has_mixture(point, system->n_modes) && !system->cue)));
}

static double sign_of(double value) {
  return value < 0.0 ? -1.0 : 1.0;
}

/* x of every spin in the normal state whose stability g_nu is about. */
static double normal_x(const dkm_point *point, int nu) {
  if (!dkm_point_has_losses(point)) return -sign_of(point->Omega * point->Omega_mu[nu]) * dkm_point_length(point);
  return spins_forget(point) ? dkm_point_pump(point) / dkm_point_gamma_1(point) : 0.0;
}

/* Where spins at x answer to static fields so strongly that the mode holds them: theory.h. */
static double open_g_crit(const dkm_point *point, int nu) {
  const double eta = point->imbalance, gamma_T = dkm_point_gamma_T(point), x = normal_x(point, nu);
  const double a_0 = 4.0 * point->Omega * point->Omega + gamma_T * gamma_T, D = dkm_point_D(point, nu);
  const double b = 2.0 * point->Omega * point->Omega_mu[nu] * (1.0 + eta * eta) - eta * gamma_T * point->kappa_mu[nu];
  const double discriminant = b * b - 4.0 * eta * eta * a_0 * D;
  if (!(b * x < 0.0) || discriminant < 0.0) return INFINITY;
  return sqrt(0.5 * D * a_0 / (fabs(x) * (fabs(b) + sqrt(discriminant))));
}

double dkm_theory_g_crit(const dkm_point *point, int nu) {
  if (!dkm_theory_applies(point)) return NAN;
  if (dkm_point_dynamics(point) != DKM_DYNAMICS_CONSERVED) return open_g_crit(point, nu);
  return sqrt(0.5 * fabs(point->Omega / point->Omega_mu[nu]) * dkm_point_D(point, nu) / dkm_point_length(point));
}

double dkm_theory_g_normal(const dkm_system *system, const dkm_point *point, const double *lengths) {
  const int M = system->n_modes;
  const int64_t K = system->n_classes;
  double C[DKM_MAX_MODES * DKM_MAX_MODES], R[DKM_MAX_MODES], eigenvalues[DKM_MAX_MODES], largest = 0.0;
  if (!dkm_theory_applies(point) || point->imbalance != 0.0) return NAN;
  if (dkm_drive_repeats(system->drive)) return NAN;
  for (int mu = 0; mu < M; mu++) {
    if (sign_of(point->Omega_mu[mu]) != sign_of(point->Omega_mu[0])) return NAN;
    R[mu] = sqrt(fabs(point->Omega_mu[mu]) / dkm_point_D(point, mu));
  }
  double *s = malloc((size_t)K * sizeof *s);
  if (!s) return NAN;
  const bool lossy = dkm_point_has_losses(point);
  for (int64_t k = 0; k < K; k++) s[k] = lossy ? 1.0 : lengths ? lengths[k] : dkm_point_length(point);
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
  if (!lossy) return sqrt(0.5 * fabs(point->Omega) / largest);
  const double x = normal_x(point, 0), gamma_T = dkm_point_gamma_T(point);
  if (!(point->Omega * point->Omega_mu[0] * x < 0.0)) return INFINITY;
  return sqrt((4.0 * point->Omega * point->Omega + gamma_T * gamma_T) / (8.0 * fabs(point->Omega * x) * largest));
}

double dkm_theory_g_retrieve(const dkm_system *system, const dkm_point *point, int nu) {
  double easiest = INFINITY;
  if (dkm_point_dynamics(point) != DKM_DYNAMICS_CONSERVED) return NAN;
  for (int mu = 0; mu < system->n_modes; mu++) {
    if (sign_of(point->Omega_mu[mu]) != sign_of(point->Omega_mu[nu]) || !dkm_system_pattern_is_closed(system, mu))
      return NAN;
    easiest = fmin(easiest, dkm_theory_g_crit(point, mu));
  }
  double g_nu = dkm_theory_g_crit(point, nu);
  return g_nu * sqrt(g_nu / easiest);
}

/* z^2 = (Gamma_1 x - p) D Omega/(2 g0^2 Omega_nu gamma_T), x that of the state. */
static double lossy_xi(const dkm_point *point, int nu) {
  const double gamma_T = dkm_point_gamma_T(point), D = dkm_point_D(point, nu), square = point->g0 * point->g0;
  const double x = -D * (4.0 * point->Omega * point->Omega + gamma_T * gamma_T) /
                   (8.0 * point->Omega * point->Omega_mu[nu] * square);
  const double z_square = (dkm_point_gamma_1(point) * x - dkm_point_pump(point)) * D * point->Omega /
                          (2.0 * square * point->Omega_mu[nu] * gamma_T);
  return sqrt(fmax(0.0, z_square));
}

/* Im beta/Re beta of an unbalanced pattern state: 2 (a - Omega_nu)/kappa_nu, a = 2 s g_nu^2/|Omega|. */
static double unbalanced_ratio(const dkm_point *point, int nu) {
  const double g_nu = dkm_theory_g_crit(point, nu), Omega_nu = fabs(point->Omega_mu[nu]);
  const double a = 2.0 * dkm_point_length(point) * g_nu * g_nu / fabs(point->Omega);
  return sign_of(point->Omega_mu[nu]) * 2.0 * (a - Omega_nu) / point->kappa_mu[nu];
}

/* Its Re beta: |B| = |Omega| (g0/g_nu)^2, |B|^2 = Omega^2 + 4 g0^2 ((Re beta)^2 + eta^2 (Im beta)^2). */
static double unbalanced_re(const dkm_point *point, int nu) {
  const double ratio = point->g0 / dkm_theory_g_crit(point, nu), square = ratio * ratio, Omega = point->Omega;
  const double slope = point->imbalance * unbalanced_ratio(point, nu);
  const double across = (square - 1.0) * (square + 1.0) / (1.0 + slope * slope);
  return 0.5 * fabs(Omega) / point->g0 * sqrt(across);
}

static double unbalanced_xi(const dkm_point *point, int nu) {
  const double ratio = point->g0 / dkm_theory_g_crit(point, nu), B = fabs(point->Omega) * ratio * ratio;
  return dkm_point_length(point) * 2.0 * point->g0 * unbalanced_re(point, nu) / B;
}

double dkm_theory_xi(const dkm_point *point, int nu) {
  double g_nu = dkm_theory_g_crit(point, nu);
  if (isnan(g_nu)) return NAN;
  if (point->g0 <= g_nu) return 0.0;
  if (dkm_point_has_losses(point)) return point->imbalance == 0.0 ? lossy_xi(point, nu) : NAN;
  if (point->imbalance != 0.0) return unbalanced_xi(point, nu);
  double ratio = g_nu / point->g0, square = ratio * ratio;
  return dkm_point_length(point) * sqrt((1.0 - square) * (1.0 + square));
}

double dkm_theory_x(const dkm_point *point, int nu) {
  if (dkm_point_has_losses(point) && !spins_forget(point)) return NAN; /* what is along x stays */
  const double ratio = dkm_theory_g_crit(point, nu) / point->g0;
  return isnan(ratio) ? NAN : normal_x(point, nu) * fmin(1.0, ratio * ratio);
}

double complex dkm_theory_alpha(const dkm_system *system, const dkm_point *point, int nu) {
  double xi = dkm_theory_xi(point, nu);
  if (point->imbalance != 0.0 && !dkm_point_has_losses(point) && xi > 0.0)
    return -system->alpha_factor * sign_of(point->Omega_mu[nu]) * unbalanced_re(point, nu) *
           (1.0 + unbalanced_ratio(point, nu) * I);
  return -system->alpha_factor * point->g0 * xi * (point->Omega_mu[nu] + 0.5 * point->kappa_mu[nu] * I) /
         dkm_point_D(point, nu);
}

void dkm_theory_pattern_state(const dkm_system *system, const dkm_point *point, int nu, int sign, double *u) {
  const int64_t K = system->n_classes;
  const int M = system->n_modes;
  const double z = sign * dkm_theory_xi(point, nu);
  const double x = dkm_point_has_losses(point) && !spins_forget(point) ? 0.0 : dkm_theory_x(point, nu);
  double y = 0.0;
  double complex beta = sign * dkm_theory_alpha(system, point, nu) / system->alpha_factor;
  if (dkm_point_has_losses(point))
    y = 0.5 * dkm_point_gamma_T(point) * z / point->Omega;
  else if (point->imbalance != 0.0 && z != 0.0) /* along the field */
    y = z * point->imbalance * cimag(beta) / creal(beta);
  for (int64_t k = 0; k < K; k++) {
    u[k] = x;
    u[K + k] = y * dkm_system_coupling(system, nu, k);
    u[2 * K + k] = z * dkm_system_coupling(system, nu, k);
  }
  for (int i = 0; i < 2 * M; i++) u[3 * K + i] = 0.0;
  u[3 * K + nu] = creal(beta);
  u[3 * K + M + nu] = cimag(beta);
}

const char *const dkm_closed_form_names[DKM_N_CLOSED_FORMS] = {"g_crit", "g_retrieve", "|xi|", "|alpha|^2"};

bool dkm_theory_closed_forms(const dkm_system *system, const dkm_point *point, int nu, double forms[DKM_N_CLOSED_FORMS]) {
  for (int i = 0; i < DKM_N_CLOSED_FORMS; i++) forms[i] = NAN;
  if (!dkm_theory_has_pattern_state(system, point, nu)) return false;
  const double alpha = cabs(dkm_theory_alpha(system, point, nu));
  forms[0] = dkm_theory_g_crit(point, nu);
  forms[1] = dkm_theory_g_retrieve(system, point, nu);
  forms[2] = dkm_theory_xi(point, nu);
  forms[3] = alpha * alpha;
  return true;
}

void dkm_theory_fill(const dkm_system *system, const dkm_point *given, dkm_record *record) {
  const dkm_point last = dkm_drive_final(system->drive, given), *point = &last;
  const int cue = point->pattern - 1;
  record->xi_theory = record->x_theory = record->g_crit = record->g_retrieve = NAN;
  if (dkm_point_has_mixture(point, system->n_modes) || !dkm_theory_has_pattern_state(system, point, cue)) return;
  record->xi_theory = dkm_theory_xi(point, cue);
  record->x_theory = dkm_theory_x(point, cue);
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
