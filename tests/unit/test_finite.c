/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The exact dynamics of finitely many spins: tables made by independent programs, limits that are known, what is conserved, bounds,
 * and computations that are put aside. */
#include "cmocka_headers.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "finite_models.h"

static const dkm_finite_how fine = {.method = DKM_FINITE_MASTER, .tolerance = 1e-12, .edge = 1e-12};
static const double table_times[] = {1.0, 2.0, 5.0, 10.0};
enum { N_TABLE_TIMES = 4 };

/* ---- tables: E_N of programs in the laboratory, displaced and co-moving frames, checked with QuTiP ---- */

typedef struct entry {
  int N;
  double g0, z, E[N_TABLE_TIMES];
} entry;

static void compare(const entry *e, const dkm_finite_how *how, double tolerance) {
  const dkm_finite_model model = one_mode(e->N, e->g0, e->z);
  rows r = run_rows(&model, N_TABLE_TIMES, table_times, how);
  for (int i = 0; i < N_TABLE_TIMES; i++) {
    if (!(fabs(row_value(&r, i, DKM_FINITE_ERROR) - e->E[i]) <= tolerance))
      fail_msg("N = %d, g0 = %g, frame %d, t = %g: %.12f, expected %.12f", e->N, e->g0, (int)how->frame, table_times[i],
               row_value(&r, i, DKM_FINITE_ERROR), e->E[i]);
    assert_close(row_value(&r, i, DKM_FINITE_ERROR_SPINS) + row_value(&r, i, DKM_FINITE_ERROR_MODES), row_value(&r, i, 0), 1e-13);
  }
  assert_true(r.said.trace_error < 1e-12 + how->edge && r.said.edge_weight <= how->edge && r.said.edge_weight > 0.0);
  assert_true(r.said.negativity <= 1e3 * how->tolerance || r.said.levels[0] * r.said.levels[1] > DKM_FINITE_POSITIVE_ROWS);
  free_rows(&r);
}

static const entry table[] = {{1, 0.4, 0.9, {3.1964171725, 3.6970783670, 3.7268125543, 3.6210908185}},
                              {2, 0.4, 0.9, {1.6012012264, 1.8926805364, 1.9716436040, 1.9229696544}},
                              {8, 0.4, 0.9, {0.4008840049, 0.4836599816, 0.5014674640, 0.5134401780}},
                              {1, 0.55901699437494742, 0.9, {3.3629681320, 4.1584868066, 4.0490616738, 4.0652821308}},
                              {1, 0.9, 0.9, {3.7932907308, 5.0058419685, 5.4751310902, 6.1878991887}},
                              {4, 0.9, 0.9, {0.9954905560, 1.7512053882, 2.9312963474, 3.1297214531}}};
/* 32 and 100 spins: to what their weights at the edge allowed */
static const entry large_table[] = {{32, 0.4, 0.9, {0.1002582426, 0.1216643795, 0.1212259056, 0.1299796625}},
                                    {100, 0.4, 0.9, {0.0320853524, 0.0389888557, 0.0382143135, 0.0418333747}},
                                    {8, 0.55901699437494742, 0.9, {0.4252534180, 0.5957954511, 0.7894832435, 0.8225741214}},
                                    {8, 0.9, 1.0, {0.4705119628, 0.9941829767, 2.8622464081, 3.0073515180}}};

static void errors_are_those_of_the_tables(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) compare(&table[i], &fine, 1e-9);
}

static void errors_do_not_depend_on_the_frame(void **state) {
  (void)state;
  for (int frame = DKM_FINITE_LABORATORY; frame <= DKM_FINITE_FOLLOWING; frame++) {
    dkm_finite_how how = fine;
    how.frame = frame;
    for (int i = 1; i < 3; i++) compare(&table[i], &how, 1e-9);
  }
}

/* A state near a product state is followed; one that splits is kept in the laboratory, where it needs fewer levels. */
static void frames_are_chosen_by_the_levels_that_they_need(void **state) {
  (void)state;
  dkm_finite_how how = {.method = DKM_FINITE_MASTER, .tolerance = 1e-6, .edge = 1e-6};
  const dkm_finite_model near = one_mode(8, 0.4, 0.9), split = one_mode(8, 0.9, 0.9);
  rows r = run_rows(&near, 3, table_times, &how);
  assert_int_equal(r.said.frame, DKM_FINITE_FOLLOWING);
  free_rows(&r);
  r = run_rows(&split, 3, table_times, &how);
  how.frame = DKM_FINITE_FOLLOWING;
  rows followed = run_rows(&split, 3, table_times, &how);
  assert_int_equal(r.said.frame, DKM_FINITE_LABORATORY);
  assert_true(r.said.levels[1] < followed.said.levels[1]);
  for (int i = 0; i < 3; i++) assert_close(row_value(&r, i, 0), row_value(&followed, i, 0), 1e-4);
  free_rows(&r);
  free_rows(&followed);
}

static void errors_of_many_spins_are_those_of_the_tables(void **state) {
  (void)state;
  const dkm_finite_how how = {.method = DKM_FINITE_MASTER, .tolerance = 1e-10, .edge = 1e-10};
  for (size_t i = 0; i < sizeof large_table / sizeof large_table[0]; i++) compare(&large_table[i], &how, 1e-8);
}

/* Two modes, of both signs, two classes of two spins in different directions, one mode displaced: QuTiP's mesolve, atol 1e-12. */
static void two_modes_are_those_of_qutip(void **state) {
  (void)state;
  const dkm_finite_model model = {.n_modes = 2,
                                  .spins_per_class = 2,
                                  .g0 = 0.5,
                                  .Omega = 0.6,
                                  .Omega_mu = {1.1, -0.7},
                                  .kappa_mu = {0.9, 1.3},
                                  .spin = {{-sqrt(0.19), 0.0, 0.9}, {sin(1.2) * cos(0.7), sin(1.2) * sin(0.7), cos(1.2)}},
                                  .alpha_re = {0.0, 0.3},
                                  .alpha_im = {0.0, -0.2}};
  static const double times[] = {0.5};
  static const double expected[] = {3.155730488369, 2.108927020544, 1.046803467825, -0.360783896994, -0.567813417571,
                                    0.720395423102, 0.750250394450, 0.119965558991, 0.587504522826, -0.054471183145,
                                    -0.202116883440, 0.056165051142, 0.263057350096, -0.109787156360, 0.092307314667};
  const dkm_finite_how how = {.method = DKM_FINITE_MASTER, .tolerance = 1e-10, .edge = 1e-10};
  rows r = run_rows(&model, 1, times, &how);
  for (int i = 0; i < r.columns; i++)
    if (!(fabs(row_value(&r, 0, i) - expected[i]) <= 1e-8))
      fail_msg("column %d: %.12f, expected %.12f", i, row_value(&r, 0, i), expected[i]);
  free_rows(&r);
}

/* Brute force over all states of N single spins gave the first, both agree with an independent permutation-invariant program. */
static void losses_of_single_spins_are_those_of_the_tables(void **state) {
  (void)state;
  static const int N[] = {3, 6};
  static const double expected[][4] = {{-0.3669109330, -0.0108409840, 0.1179850838, 0.9580768188},
                                       {-0.41814580553, -0.02013728911, 0.13864029118, 1.27394294708}};
  static const double times[] = {5.0};
  for (int i = 0; i < 2; i++) {
    dkm_finite_model model = one_mode(N[i], 0.9, 1.0);
    model.gamma_down = 0.2;
    model.gamma_phi = 0.1;
    const dkm_finite_how how = {.tolerance = i ? 1e-8 : 1e-10, .edge = i ? 1e-9 : 1e-11};
    rows r = run_rows(&model, 1, times, &how);
    assert_int_equal(r.said.method, DKM_FINITE_SYMMETRIC);
    for (int a = 0; a < 3; a++) assert_close(row_value(&r, 0, dkm_finite_column_spin(0) + a), expected[i][a], 1e-8);
    assert_close(N[i] * row_value(&r, 0, dkm_finite_column_mode(1, 0) + 2), expected[i][3], 1e-8);
    free_rows(&r);
  }
}

/* Two spins that start shorter than 1, in a coherent field, by QuTiP's mesolve with every spin written out: x, y, z, Re and Im alpha,
 * photons, <S^2>/N^2 at t = 2 and 5. */
static void spins_that_start_mixed_are_those_of_qutip(void **state) {
  (void)state;
  static const double expected[][7] = {
      {-0.42567046320, 0.14357319532, 0.13790468808, -0.35432717831, -0.17036706013, 0.93220671266, 1.73779061228},
      {-0.34026802402, -0.00273469234, 0.11084129935, -0.08536353157, -0.00103122032, 0.82950177366, 1.65022122926}};
  static const double times[] = {0.0, 2.0, 5.0}, m[] = {-0.5, 0.2, 0.6};
  dkm_finite_model model = one_mode(2, 0.9, 1.0);
  model.gamma_down = 0.2;
  model.gamma_phi = 0.1;
  memcpy(model.spin[0], m, sizeof m);
  model.alpha_re[0] = 0.3;
  model.alpha_im[0] = -0.2;
  rows r = run_rows(&model, 3, times, &(dkm_finite_how){.tolerance = 1e-11, .edge = 1e-12});
  const double start = (3.0 - 0.65 + 1.0) / 2.0;
  assert_close(row_value(&r, 0, DKM_FINITE_ERROR), start, 1e-14);
  assert_close(dkm_finite_start_error(&model), start, 1e-14);
  for (int i = 0; i < 2; i++) {
    const double *x = expected[i], *f = r.mean_field + (i + 1) * dkm_finite_mean_field_columns(&model);
    for (int a = 0; a < 3; a++) assert_close(row_value(&r, i + 1, dkm_finite_column_spin(0) + a), x[a], 1e-9);
    for (int a = 0; a < 2; a++) assert_close(row_value(&r, i + 1, dkm_finite_column_mode(1, 0) + a), x[3 + a], 1e-9);
    assert_close(2.0 * row_value(&r, i + 1, dkm_finite_column_mode(1, 0) + 2), x[5], 1e-9);
    double spins = x[6];
    for (int a = 0; a < 3; a++) spins += f[a] * f[a] - 2.0 * f[a] * x[a];
    assert_close(row_value(&r, i + 1, DKM_FINITE_ERROR_SPINS), spins, 1e-9);
  }
  free_rows(&r);
}

/* Without losses the permutation-invariant space says what the large spin does, E_N and correlations of spins included. */
static void without_losses_single_spins_are_a_large_spin(void **state) {
  (void)state;
  const dkm_finite_model model = one_mode(3, 0.6, 0.9);
  dkm_finite_how how = {.method = DKM_FINITE_MASTER, .tolerance = 1e-9, .edge = 1e-10};
  rows master = run_rows(&model, 2, table_times, &how);
  how.method = DKM_FINITE_SYMMETRIC;
  rows symmetric = run_rows(&model, 2, table_times, &how);
  for (int i = 0; i < 2 * master.columns; i++) assert_close(symmetric.values[i], master.values[i], 1e-7);
  free_rows(&master);
  free_rows(&symmetric);
}

/* ---- one spin: the exponential of a dense matrix ---- */

enum { N_DENSE = 26, DENSE = 2 * N_DENSE }; /* sigma_z = +1: rows 0 ... N_DENSE - 1 */

/* out = L rho with matrices as they are in the textbook, [row][column][re, im]. */
static void dense_liouvillian(double g0, double Omega, double Omega_1, double kappa, double gamma_down, double (*rho)[DENSE][2],
                              double (*out)[DENSE][2]) {
  static double H[DENSE][DENSE];
  memset(H, 0, sizeof H);
  for (int s = 0; s < 2; s++)
    for (int n = 0; n < N_DENSE; n++) {
      const int r = s * N_DENSE + n;
      H[r][r] = Omega_1 * n;
      H[r][(1 - s) * N_DENSE + n] = Omega;
      if (n > 0) H[r][r - 1] = H[r - 1][r] = (s ? -g0 : g0) * sqrt(n);
    }
  for (int r = 0; r < DENSE; r++)
    for (int c = 0; c < DENSE; c++) {
      double re = 0.0, im = 0.0;
      for (int i = 0; i < DENSE; i++) { /* -i (H rho - rho H) */
        re += H[r][i] * rho[i][c][1] - rho[r][i][1] * H[i][c];
        im -= H[r][i] * rho[i][c][0] - rho[r][i][0] * H[i][c];
      }
      const int n = r % N_DENSE, m = c % N_DENSE;
      for (int part = 0; part < 2; part++) {
        double *to = part ? &im : &re;
        if (n + 1 < N_DENSE && m + 1 < N_DENSE) *to += kappa * sqrt((n + 1.0) * (m + 1.0)) * rho[r + 1][c + 1][part];
        *to -= 0.5 * kappa * (n + m) * rho[r][c][part];
        /* L = |-x><+x|: <s|L|s'> = (-1)^s/2, L^+ L = |+x><+x| */
        double both = 0.0, left = 0.0, right = 0.0;
        for (int a = 0; a < 2; a++) {
          left += rho[a * N_DENSE + n][c][part];
          right += rho[r][a * N_DENSE + m][part];
          for (int b = 0; b < 2; b++) both += rho[a * N_DENSE + n][b * N_DENSE + m][part];
        }
        *to += gamma_down * (((r < N_DENSE) == (c < N_DENSE) ? 0.25 : -0.25) * both - 0.25 * left - 0.25 * right);
      }
      out[r][c][0] = re;
      out[r][c][1] = im;
    }
}

/* rho <- exp(L t) rho, by its series over short times. */
static void dense_exponential(double g0, double Omega, double Omega_1, double kappa, double gamma_down, double t,
                              double (*rho)[DENSE][2]) {
  static double term[DENSE][DENSE][2], next[DENSE][DENSE][2];
  enum { PARTS = 40, ORDER = 22 };
  for (int part = 0; part < PARTS; part++) {
    memcpy(term, rho, sizeof term);
    for (int order = 1; order <= ORDER; order++) {
      dense_liouvillian(g0, Omega, Omega_1, kappa, gamma_down, term, next);
      for (int i = 0; i < DENSE * DENSE * 2; i++) {
        ((double *)term)[i] = ((double *)next)[i] * (t / PARTS) / order;
        ((double *)rho)[i] += ((double *)term)[i];
      }
    }
  }
}

static void check_one_spin(double gamma_down) {
  static double rho[DENSE][DENSE][2];
  const double g0 = 0.7, Omega = 0.5, Omega_1 = 1.0, kappa = 0.8, t = 2.0;
  const double x = 0.48, y = -0.64, z = 0.6;
  memset(rho, 0, sizeof rho);
  rho[0][0][0] = 0.5 * (1.0 + z);
  rho[N_DENSE][N_DENSE][0] = 0.5 * (1.0 - z);
  rho[0][N_DENSE][0] = rho[N_DENSE][0][0] = 0.5 * x;
  rho[0][N_DENSE][1] = -0.5 * y;
  rho[N_DENSE][0][1] = 0.5 * y;
  dense_exponential(g0, Omega, Omega_1, kappa, gamma_down, t, rho);
  double m[3] = {0}, photons = 0.0, a[2] = {0};
  for (int n = 0; n < N_DENSE; n++) {
    m[0] += 2.0 * rho[0 + n][N_DENSE + n][0];
    m[1] -= 2.0 * rho[0 + n][N_DENSE + n][1];
    m[2] += rho[n][n][0] - rho[N_DENSE + n][N_DENSE + n][0];
    for (int s = 0; s < 2; s++) {
      const int r = s * N_DENSE + n;
      photons += n * rho[r][r][0];
      if (n > 0) a[0] += sqrt(n) * rho[r][r - 1][0], a[1] += sqrt(n) * rho[r][r - 1][1];
    }
  }
  const dkm_finite_model model = {.n_modes = 1, .spins_per_class = 1, .g0 = g0, .Omega = Omega, .Omega_mu = {Omega_1},
                                  .kappa_mu = {kappa}, .gamma_down = gamma_down, .spin = {{x, y, z}}};
  dkm_finite_how how = fine;
  how.method = DKM_FINITE_AUTO;
  rows r = run_rows(&model, 1, &t, &how);
  assert_int_equal(r.said.method, gamma_down > 0.0 ? DKM_FINITE_SYMMETRIC : DKM_FINITE_MASTER);
  for (int i = 0; i < 3; i++) assert_close(row_value(&r, 0, DKM_FINITE_SPIN + i), m[i], 1e-9);
  const int mode = dkm_finite_column_mode(1, 0);
  assert_close(row_value(&r, 0, mode), a[0], 1e-9);
  assert_close(row_value(&r, 0, mode + 1), a[1], 1e-9);
  assert_close(row_value(&r, 0, mode + 2), photons, 1e-9);
  free_rows(&r);
}

static void one_spin_is_the_exponential_of_its_matrix(void **state) {
  (void)state;
  check_one_spin(0.0);
  check_one_spin(0.3);
}

/* ---- limits and what is conserved ---- */

/* Without coupling spins precess and coherent states stay coherent: E_N = (2K + M)/N for ever. */
static void without_coupling_the_error_does_not_change(void **state) {
  (void)state;
  dkm_finite_model model = one_mode(6, 0.0, 0.6);
  model.alpha_re[0] = 0.7;
  model.alpha_im[0] = -0.4;
  for (int method = DKM_FINITE_MASTER; method <= DKM_FINITE_TRAJECTORIES; method++)
    for (int frame = DKM_FINITE_LABORATORY; frame <= DKM_FINITE_FOLLOWING; frame++) {
      const dkm_finite_how how = {.method = method, .frame = frame, .n_trajectories = 2};
      rows r = run_rows(&model, N_TABLE_TIMES, table_times, &how);
      for (int i = 0; i < N_TABLE_TIMES; i++) {
        assert_close(row_value(&r, i, 0), 3.0 / 6.0, 1e-8);
        assert_close(row_value(&r, i, dkm_finite_column_mode(1, 0) + 2), 0.65 * exp(-table_times[i]), 1e-8);
      }
      free_rows(&r);
    }
}

/* Without losses a trajectory never jumps, and is the whole truth. */
static void without_losses_one_trajectory_is_the_density_matrix(void **state) {
  (void)state;
  dkm_finite_model model = one_mode(3, 0.6, 0.9);
  model.kappa_mu[0] = 0.0;
  dkm_finite_how how = fine;
  rows master = run_rows(&model, 2, table_times, &how);
  how.method = DKM_FINITE_TRAJECTORIES;
  how.n_trajectories = 2;
  rows pure = run_rows(&model, 2, table_times, &how);
  assert_int_equal(pure.said.n_jumps, 0);
  for (int i = 0; i < 2 * master.columns; i++) {
    assert_close(pure.values[i], master.values[i], 1e-8);
    assert_close(pure.errors[i], 0.0, 1e-8);
  }
  free_rows(&master);
  free_rows(&pure);
}

/* N E_N -> the limit of Gaussian fluctuations, as 1/N. */
static void fluctuations_are_those_of_the_tables(void **state) {
  (void)state;
  static const struct {
    double g0, limit[N_TABLE_TIMES];
  } of[] = {{0.4, {3.20866317, 3.90155798, 3.78862653, 4.20058047}},
            {0.55901699437494742, {3.40812591, 4.91295349, 10.170889, 11.461629}},
            {0.9, {4.06251160, 9.28523149, 41.1339075, 26.1503699}}};
  double limit[3 * N_TABLE_TIMES];
  for (int i = 0; i < 3; i++) {
    const dkm_finite_model model = one_mode(1, of[i].g0, 0.9);
    assert_int_equal(dkm_finite_fluctuations(&model, N_TABLE_TIMES, table_times, 1e-12, limit, NULL, NULL), DKM_OK);
    for (int t = 0; t < N_TABLE_TIMES; t++) assert_close(limit[3 * t], of[i].limit[t], 1e-6);
  }
  dkm_finite_model model = one_mode(1, 0.9, 0.9); /* the pattern state */
  const double D = 1.25, x = -0.3125 / 0.81, z = sqrt(1.0 - x * x);
  model.spin[0][0] = x;
  model.spin[0][2] = z;
  model.alpha_re[0] = -0.9 * z / D;
  model.alpha_im[0] = -0.45 * z / D;
  static const double times[] = {1.0, 2.0, 5.0, 10.0, 20.0}, stable[] = {3.20796959, 3.14036644, 3.25928518, 3.39398553, 3.60008386};
  double five[15], mean_field[25];
  assert_int_equal(dkm_finite_fluctuations(&model, 5, times, 1e-12, five, mean_field, NULL), DKM_OK);
  for (int t = 0; t < 5; t++) {
    assert_close(five[3 * t], stable[t], 1e-7);
    assert_close(mean_field[5 * t + 2], z, 1e-8);
  }
}

static void errors_of_many_spins_approach_the_fluctuations(void **state) {
  (void)state;
  const dkm_finite_how how = {.method = DKM_FINITE_MASTER, .tolerance = 1e-8, .edge = 1e-9};
  double limit[3 * 2], off[2];
  for (int i = 0; i < 2; i++) {
    const int N = i ? 1000000 : 1000;
    const dkm_finite_model model = one_mode(N, 0.4, 0.9);
    assert_int_equal(dkm_finite_fluctuations(&model, 2, table_times, 1e-12, limit, NULL, NULL), DKM_OK);
    rows r = run_rows(&model, 2, table_times, &how);
    off[i] = N * row_value(&r, 1, 0) - limit[3];
    free_rows(&r);
  }
  assert_true(fabs(off[0]) > 1e-4 && fabs(off[0]) < 1e-2);
  assert_close(off[1], 0.0, 1e-4);
}

/* Two modes and classes that differ, without losses, where one trajectory is exact. */
static void errors_of_two_modes_approach_the_fluctuations(void **state) {
  (void)state;
  dkm_finite_model model = {.n_modes = 2,
                            .g0 = 0.6,
                            .Omega = 0.5,
                            .Omega_mu = {1.0, -0.8},
                            .spin = {{-sqrt(0.19), 0.0, 0.9}, {0.48, 0.64, 0.6}},
                            .alpha_re = {0.1, 0.3}};
  const dkm_finite_how how = {.method = DKM_FINITE_TRAJECTORIES, .n_trajectories = 2};
  double limit[3], off[2], mean_field[10];
  for (int i = 0; i < 2; i++) {
    model.spins_per_class = i ? 4000 : 400;
    assert_int_equal(dkm_finite_fluctuations(&model, 1, table_times, 1e-12, limit, mean_field, NULL), DKM_OK);
    rows r = run_rows(&model, 1, table_times, &how);
    off[i] = model.spins_per_class * row_value(&r, 0, 0) - limit[0];
    for (int c = 0; c < 10; c++) assert_close(mean_field[c], r.mean_field[c], 1e-6);
    free_rows(&r);
  }
  assert_true(limit[0] > 6.5); /* of 6 at the start */
  assert_true(fabs(off[0]) > 1e-4 && fabs(off[0]) < 2e-2);
  assert_close(off[1], 0.1 * off[0], 0.02 * fabs(off[0]) + 1e-4);
}

/* ---- bounds ---- */

static void bounds_hold_and_a_third_of_the_constant_does_not(void **state) {
  (void)state;
  enum { N_TIMES = 31 };
  double times[N_TIMES], largest = 0.0;
  for (int i = 0; i < N_TIMES; i++) times[i] = 0.1 * i;
  dkm_finite_how how = {.method = DKM_FINITE_MASTER, .tolerance = 1e-9, .edge = 1e-9, .n_trajectories = 2};
  dkm_finite_model models[] = {one_mode(8, 0.4, 0.9), one_mode(4, 0.9, 0.9), one_mode(200, 1.0, 0.0)};
  /* The normal state, at resonance and unstable: E_N grows at nearly 2 g0. Without losses one trajectory is exact. */
  models[2].kappa_mu[0] = 0.0;
  for (int m = 0; m < 3; m++) {
    if (m == 2) how.method = DKM_FINITE_TRAJECTORIES;
    const double C = dkm_finite_constant(&models[m]), paper = dkm_finite_constant_paper(&models[m]);
    assert_close(C, 3.0 * sqrt(2.0) * models[m].g0, 1e-14);
    assert_true(paper > C);
    rows r = run_rows(&models[m], N_TIMES, times, &how);
    assert_close(row_value(&r, 0, 0), dkm_finite_start_error(&models[m]), 1e-13);
    for (int i = 1; i < N_TIMES; i++) {
      const double rate = log(row_value(&r, i, 0) / row_value(&r, i - 1, 0)) / (times[i] - times[i - 1]);
      assert_true(rate <= C);
      assert_true(log(row_value(&r, i, 0)) <= dkm_finite_log_bound(&models[m], C, times[i]));
      if (rate / C > largest) largest = rate / C;
    }
    free_rows(&r);
  }
  assert_true(largest > 1.0 / 3.0 && largest < 0.5);
}

/* Constants of the supplement as other people get them. */
static void constants_are_known(void **state) {
  (void)state;
  const double g0[] = {0.4, 0.55901699437494742, 0.9}, paper[] = {94.3, 144.4, 294.4}, sharper[] = {1.70, 2.37, 3.82};
  for (int i = 0; i < 3; i++) {
    const dkm_finite_model model = one_mode(8, g0[i], 0.9);
    assert_close(dkm_finite_constant_paper(&model), paper[i], 0.05);
    assert_close(dkm_finite_constant(&model), sharper[i], 0.005);
  }
  dkm_finite_model lossy = one_mode(8, 0.4, 0.9);
  lossy.gamma_down = 0.1;
  assert_true(isnan(dkm_finite_constant(&lossy)) && isnan(dkm_finite_constant_paper(&lossy)));
}

/* ---- trajectories ---- */

static void trajectories_average_to_the_density_matrix(void **state) {
  (void)state;
  const dkm_finite_model model = one_mode(2, 0.7, 0.9);
  dkm_finite_how how = {.method = DKM_FINITE_MASTER, .tolerance = 1e-8, .edge = 1e-8};
  rows master = run_rows(&model, 3, table_times, &how);
  how.method = DKM_FINITE_TRAJECTORIES;
  for (int frame = DKM_FINITE_LABORATORY; frame <= DKM_FINITE_FOLLOWING; frame++) {
    how.frame = frame;
    how.n_trajectories = 400;
    rows mean = run_rows(&model, 3, table_times, &how);
    assert_true(mean.said.n_jumps > 100 && mean.said.n_trajectories == 400);
    for (int i = 0; i < 3 * master.columns; i++) {
      assert_true(mean.errors[i] > 0.0 && mean.errors[i] < 0.2);
      if (!(fabs(mean.values[i] - master.values[i]) <= 4.5 * mean.errors[i]))
        fail_msg("frame %d, number %d: %g +- %g, the density matrix has %g", frame, i, mean.values[i], mean.errors[i], master.values[i]);
    }
    free_rows(&mean);
  }
  free_rows(&master);
}

static dkm_finite *trajectory(const dkm_finite_model *model, const dkm_finite_how *how, int64_t index) {
  dkm_finite *e = NULL;
  dkm_error err = {0};
  if (dkm_finite_create(model, N_TABLE_TIMES, table_times, how, index, &e, &err)) fail_msg("%s", err.message);
  return e;
}

static void a_trajectory_depends_on_seed_and_index_alone(void **state) {
  (void)state;
  const dkm_finite_model model = one_mode(4, 0.9, 0.9);
  dkm_finite_how how = {.method = DKM_FINITE_TRAJECTORIES, .tolerance = 1e-7, .edge = 1e-7, .seed = 5};
  const size_t bytes = (size_t)(N_TABLE_TIMES * dkm_finite_columns(&model)) * sizeof(double);
  dkm_finite *e[4] = {trajectory(&model, &how, 3), trajectory(&model, &how, 4), trajectory(&model, &how, 3), NULL};
  how.seed = 6;
  e[3] = trajectory(&model, &how, 3);
  for (int i = 3; i >= 0; i--) assert_int_equal(dkm_finite_advance(e[i], NULL), DKM_OK);
  assert_memory_equal(dkm_finite_values(e[0]), dkm_finite_values(e[2]), bytes);
  assert_true(memcmp(dkm_finite_values(e[0]), dkm_finite_values(e[1]), bytes) != 0);
  assert_true(memcmp(dkm_finite_values(e[0]), dkm_finite_values(e[3]), bytes) != 0);
  for (int i = 0; i < 4; i++) dkm_finite_destroy(e[i]);
}

/* In a frame that does not depend on them steps of any length lead to the same jumps, whose moments are exact. */
static void jumps_do_not_depend_on_steps(void **state) {
  (void)state;
  const dkm_finite_model model = one_mode(2, 0.9, 0.9);
  dkm_finite_how how = {.method = DKM_FINITE_TRAJECTORIES, .frame = DKM_FINITE_LABORATORY, .tolerance = 1e-7, .edge = 1e-10};
  dkm_finite *rough = trajectory(&model, &how, 1);
  how.tolerance = 1e-10;
  dkm_finite *exact = trajectory(&model, &how, 1);
  assert_int_equal(dkm_finite_advance(rough, NULL), DKM_OK);
  assert_int_equal(dkm_finite_advance(exact, NULL), DKM_OK);
  assert_true(dkm_finite_said(exact)->n_jumps > 3 && dkm_finite_said(exact)->n_jumps == dkm_finite_said(rough)->n_jumps);
  assert_true(dkm_finite_said(exact)->steps > dkm_finite_said(rough)->steps);
  for (int i = 0; i < N_TABLE_TIMES * dkm_finite_columns(&model); i++)
    assert_close(dkm_finite_values(rough)[i], dkm_finite_values(exact)[i], 1e-4);
  dkm_finite_destroy(rough);
  dkm_finite_destroy(exact);
}

/* ---- put aside ---- */

/* Questions come where a time is reached, and now and then. */
static bool every_other_time(void *context) {
  return ++*(int *)context % 2 == 0;
}

/* On the way to the third time; of a computation that is not there yet when it is created. */
static bool after_two_times(void *context) {
  return dkm_finite_rows(*(dkm_finite **)context) == 2;
}

static void what_is_put_aside_goes_on_with_the_same_bits(void **state) {
  (void)state;
  dkm_finite_model models[2] = {one_mode(8, 0.9, 0.9), one_mode(2, 0.5, 0.9)}; /* the first begins again in another frame */
  models[1].gamma_down = 0.1;
  for (int method = DKM_FINITE_MASTER; method <= DKM_FINITE_SYMMETRIC; method++) {
    const dkm_finite_model *model = &models[method == DKM_FINITE_SYMMETRIC];
    dkm_finite_how how = {.method = method, .tolerance = 1e-6, .edge = 1e-6, .seed = 2};
    dkm_finite *whole = trajectory(model, &how, 1);
    assert_int_equal(dkm_finite_advance(whole, NULL), DKM_OK);
    int asked = 0, parts = 0;
    how.interrupt = every_other_time;
    how.context = &asked;
    dkm_finite *now = trajectory(model, &how, 1);
    dkm_status status;
    while ((status = dkm_finite_advance(now, NULL)) == DKM_STOPPED) {
      const size_t n = dkm_finite_saved_bytes(now);
      void *bytes = malloc(n);
      dkm_finite_save(now, bytes);
      dkm_finite_destroy(now);
      now = trajectory(model, &how, 1);
      assert_int_equal(dkm_finite_restore(now, bytes, n - 1, NULL), DKM_INPUT);
      assert_int_equal(dkm_finite_restore(now, bytes, n, NULL), DKM_OK);
      free(bytes);
      parts++;
    }
    assert_int_equal(status, DKM_OK);
    assert_true(parts > 2);
    assert_memory_equal(dkm_finite_values(now), dkm_finite_values(whole),
                        (size_t)(N_TABLE_TIMES * dkm_finite_columns(model)) * sizeof(double));
    assert_int_equal(dkm_finite_said(now)->steps, dkm_finite_said(whole)->steps);
    dkm_finite *other = trajectory(model, &how, 2);
    const size_t n = dkm_finite_saved_bytes(whole);
    void *bytes = malloc(n);
    dkm_finite_save(whole, bytes);
    assert_int_equal(dkm_finite_restore(other, bytes, n, NULL), DKM_INPUT); /* another index */
    free(bytes);
    dkm_finite_destroy(other);
    dkm_finite_destroy(now);
    dkm_finite_destroy(whole);
  }
}

/* Density matrices in the middle, after levels were added, in a frame that moves; with losses in the laboratory: restored into a
 * computation that has the levels of its start. */
static void a_density_matrix_with_more_levels_goes_on_with_the_same_bits(void **state) {
  (void)state;
  static const double times[] = {0.5, 1.0, 1.5, 2.0};
  const struct {
    int method, frame, mode;
    dkm_finite_model model;
  } of[] = {{DKM_FINITE_MASTER, DKM_FINITE_FOLLOWING, 1, one_mode(8, 0.9, 0.9)},
            {DKM_FINITE_MASTER, DKM_FINITE_MEAN_FIELD, 1, one_mode(8, 0.9, 0.9)},
            {DKM_FINITE_SYMMETRIC, DKM_FINITE_LABORATORY, 1, one_mode(3, 1.2, 0.9)}};
  for (int i = 0; i < 3; i++) {
    dkm_finite_model model = of[i].model;
    if (of[i].method == DKM_FINITE_SYMMETRIC) model.gamma_down = 0.1, model.gamma_phi = 0.05;
    dkm_finite_how how = {.method = of[i].method, .frame = of[i].frame, .tolerance = 1e-7, .edge = 1e-7};
    dkm_finite *whole = NULL, *first = NULL, *rest = NULL;
    assert_int_equal(dkm_finite_create(&model, N_TABLE_TIMES, times, &how, 0, &whole, NULL), DKM_OK);
    const int begin = dkm_finite_said(whole)->levels[of[i].mode];
    assert_int_equal(dkm_finite_advance(whole, NULL), DKM_OK);
    how.interrupt = after_two_times;
    how.context = &first;
    assert_int_equal(dkm_finite_create(&model, N_TABLE_TIMES, times, &how, 0, &first, NULL), DKM_OK);
    assert_int_equal(dkm_finite_advance(first, NULL), DKM_STOPPED);
    assert_true(dkm_finite_rows(first) == 2 && dkm_finite_said(first)->levels[of[i].mode] > begin);
    assert_int_equal(dkm_finite_said(first)->frame, of[i].frame);
    const size_t n = dkm_finite_saved_bytes(first);
    void *bytes = malloc(n);
    dkm_finite_save(first, bytes);
    dkm_finite_destroy(first);
    how.interrupt = NULL;
    assert_int_equal(dkm_finite_create(&model, N_TABLE_TIMES, times, &how, 0, &rest, NULL), DKM_OK);
    assert_int_equal(dkm_finite_restore(rest, bytes, n, NULL), DKM_OK);
    free(bytes);
    assert_int_equal(dkm_finite_rows(rest), 2);
    assert_int_equal(dkm_finite_advance(rest, NULL), DKM_OK);
    assert_memory_equal(dkm_finite_values(rest), dkm_finite_values(whole),
                        (size_t)(N_TABLE_TIMES * dkm_finite_columns(&model)) * sizeof(double));
    assert_memory_equal(dkm_finite_mean_field(rest), dkm_finite_mean_field(whole),
                        (size_t)(N_TABLE_TIMES * dkm_finite_mean_field_columns(&model)) * sizeof(double));
    assert_true(dkm_finite_said(rest)->steps == dkm_finite_said(whole)->steps);
    assert_true(dkm_finite_said(rest)->step_error == dkm_finite_said(whole)->step_error);
    dkm_finite_destroy(rest);
    dkm_finite_destroy(whole);
  }
}

/* ---- memory ---- */

/* Peak of the resident memory of this process, in bytes; of a child it begins anew. */
static double peak_bytes(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * (double)usage.ru_maxrss;
}

/* Bytes that a computation has taken at most, which adds levels until they do not fit any more, and is saved whenever it asks. */
static double peak_of(const dkm_finite_model *model, const dkm_finite_how *how) {
  int ends[2];
  double taken = NAN;
  assert_int_equal(pipe(ends), 0);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    dkm_finite *e = NULL;
    const double before = peak_bytes();
    dkm_status status = dkm_finite_create(model, N_TABLE_TIMES, table_times, how, 0, &e, NULL);
    while (!status && (status = dkm_finite_advance(e, NULL)) == DKM_STOPPED) {
      void *bytes = malloc(dkm_finite_saved_bytes(e));
      dkm_finite_save(e, bytes);
      free(bytes);
      status = DKM_OK;
    }
    taken = status == DKM_LIMIT ? peak_bytes() - before : NAN;
    _exit(write(ends[1], &taken, sizeof taken) != sizeof taken);
  }
  close(ends[1]);
  assert_int_equal(read(ends[0], &taken, sizeof taken), sizeof taken);
  close(ends[0]);
  int code;
  assert_int_equal(waitpid(child, &code, 0), child);
  return taken;
}

static void memory_stays_below_what_is_allowed(void **state) {
  (void)state;
#ifdef __SANITIZE_ADDRESS__
  skip(); /* which takes memory of its own */
#endif
  static const double allowed[] = {4e6, 30e6}, besides = 0.5e6; /* code that is run for the first time, tables */
  dkm_finite_model models[] = {one_mode(40, 0.9, 0.9), one_mode(6, 0.9, 0.9)};
  models[1].gamma_down = 0.1;
  for (int method = DKM_FINITE_MASTER; method <= DKM_FINITE_SYMMETRIC; method += 2)
    for (int i = 0; i < 2; i++) {
      int asked = 0;
      const dkm_finite_how how = {.method = method, .frame = DKM_FINITE_FOLLOWING, .tolerance = 1e-4, .edge = 1e-12,
                                  .memory = allowed[i], .interrupt = every_other_time, .context = &asked};
      const double peak = peak_of(&models[method == DKM_FINITE_SYMMETRIC], &how);
      if (!(peak <= allowed[i] + besides && peak > 0.5 * allowed[i]))
        fail_msg("method %d, %g bytes allowed: %g were taken", method, allowed[i], peak);
    }
}

/* 104 L^2 bytes of L levels in all, and 208 C(N + 3, 3) n^2 with losses: that is 13 states, of which the last to be added, the copy
 * of a smaller one, may be less. */
static void memory_is_what_the_formulas_say(void **state) {
  (void)state;
#ifdef __SANITIZE_ADDRESS__
  skip(); /* which takes memory of its own */
#endif
  static const double end[] = {5.0}, besides = 0.5e6;
  for (int lossy = 0; lossy < 2; lossy++) {
    dkm_finite_model model = one_mode(lossy ? 10 : 20, 0.9, 0.9);
    if (lossy) model.gamma_down = 0.1;
    double said[2] = {NAN, NAN};
    int ends[2], code;
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
      const dkm_finite_how how = {.method = lossy ? DKM_FINITE_SYMMETRIC : DKM_FINITE_MASTER, .frame = DKM_FINITE_LABORATORY,
                                  .tolerance = 1e-3, .edge = 1e-3};
      const double before = peak_bytes();
      const rows r = run_rows(&model, 1, end, &how);
      said[0] = peak_bytes() - before;
      const double n = r.said.levels[1];
      said[1] = lossy ? 208.0 * 286.0 * n * n : 104.0 * r.said.levels[0] * r.said.levels[0] * n * n;
      _exit(write(ends[1], said, sizeof said) != sizeof said);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], said, sizeof said), sizeof said);
    close(ends[0]);
    assert_int_equal(waitpid(child, &code, 0), child);
    if (!(said[0] > 0.88 * said[1] && said[0] < 1.02 * said[1] + besides && said[1] > 10.0 * besides))
      fail_msg("%g bytes were taken, where the formula says %g", said[0], said[1]);
  }
}

/* ---- what does not fit, what is wrong ---- */

static void a_density_matrix_that_does_not_fit_becomes_trajectories(void **state) {
  (void)state;
  const dkm_finite_model model = one_mode(12, 0.9, 0.9);
  dkm_finite_how how = {.tolerance = 1e-6, .edge = 1e-6, .memory = 3e6, .n_trajectories = 3};
  rows r = run_rows(&model, 2, table_times, &how);
  assert_int_equal(r.said.method, DKM_FINITE_TRAJECTORIES);
  free_rows(&r);
  how.method = DKM_FINITE_MASTER;
  double values[12], errors[12], mean_field[10];
  dkm_finite_result result = {.values = values, .errors = errors, .mean_field = mean_field};
  dkm_error err = {0};
  assert_int_equal(dkm_finite_run(&model, 2, table_times, &how, &result, &err), DKM_LIMIT);
  assert_non_null(strstr(err.message, "are allowed"));
}

/* A field of 1e12 turns spins faster than the steps that a model of such rates may make. */
static void steps_that_become_too_short_are_no_lack_of_memory(void **state) {
  (void)state;
  dkm_finite_model model = one_mode(4, 0.4, 0.9);
  model.alpha_re[0] = 1e12;
  dkm_finite_how how = {0};
  double values[12], errors[12], mean_field[10];
  dkm_finite_result result = {.values = values, .errors = errors, .mean_field = mean_field};
  dkm_error err = {0};
  for (int method = DKM_FINITE_AUTO; method <= DKM_FINITE_SYMMETRIC; method++) {
    how.method = method;
    assert_int_equal(dkm_finite_run(&model, 2, table_times, &how, &result, &err), DKM_NUMERIC);
    assert_non_null(strstr(err.message, "steps become too short"));
  }
}

static void wrong_input_is_refused(void **state) {
  (void)state;
  static const double falling[] = {1.0, 0.5};
  dkm_error err = {0};
  dkm_finite_model model = one_mode(4, 0.4, 0.9);
  assert_int_equal(dkm_finite_check(&model, 2, falling, NULL, &err), DKM_INPUT);
  assert_non_null(strstr(err.message, "rise"));
  model.spins_per_class = 0;
  assert_int_equal(dkm_finite_check(&model, 1, falling, NULL, &err), DKM_INPUT);
  assert_non_null(strstr(err.message, "spins_per_class"));
  model = one_mode(4, 0.4, 0.9);
  model.spin[0][1] = 0.5;
  assert_int_equal(dkm_finite_check(&model, 1, falling, NULL, &err), DKM_INPUT);
  assert_non_null(strstr(err.message, "no spin is longer than 1"));
  model.spin[0][1] = 0.0;
  model.spin[0][2] = 0.5;
  assert_int_equal(dkm_finite_check(&model, 1, falling, NULL, &err), DKM_INPUT);
  assert_non_null(strstr(err.message, "without losses of single spins it must be 1"));
  model.gamma_down = 0.1;
  assert_int_equal(dkm_finite_check(&model, 1, falling, NULL, &err), DKM_OK);
  model = one_mode(11, 0.4, 0.9);
  model.gamma_phi = 0.1;
  const dkm_finite_how how = {0};
  assert_int_equal(dkm_finite_check(&model, 1, falling, &how, &err), DKM_INPUT);
  assert_non_null(strstr(err.message, "at most 10"));
}

int main(int argc, char **argv) {
  const struct CMUnitTest quick[] = {
      cmocka_unit_test(errors_are_those_of_the_tables),
      cmocka_unit_test(errors_do_not_depend_on_the_frame),
      cmocka_unit_test(frames_are_chosen_by_the_levels_that_they_need),
      cmocka_unit_test(two_modes_are_those_of_qutip),
      cmocka_unit_test(losses_of_single_spins_are_those_of_the_tables),
      cmocka_unit_test(spins_that_start_mixed_are_those_of_qutip),
      cmocka_unit_test(without_losses_single_spins_are_a_large_spin),
      cmocka_unit_test(one_spin_is_the_exponential_of_its_matrix),
      cmocka_unit_test(without_coupling_the_error_does_not_change),
      cmocka_unit_test(without_losses_one_trajectory_is_the_density_matrix),
      cmocka_unit_test(fluctuations_are_those_of_the_tables),
      cmocka_unit_test(errors_of_many_spins_approach_the_fluctuations),
      cmocka_unit_test(errors_of_two_modes_approach_the_fluctuations),
      cmocka_unit_test(bounds_hold_and_a_third_of_the_constant_does_not),
      cmocka_unit_test(constants_are_known),
      cmocka_unit_test(trajectories_average_to_the_density_matrix),
      cmocka_unit_test(a_trajectory_depends_on_seed_and_index_alone),
      cmocka_unit_test(jumps_do_not_depend_on_steps),
      cmocka_unit_test(what_is_put_aside_goes_on_with_the_same_bits),
      cmocka_unit_test(a_density_matrix_with_more_levels_goes_on_with_the_same_bits),
      cmocka_unit_test(memory_stays_below_what_is_allowed),
      cmocka_unit_test(memory_is_what_the_formulas_say),
      cmocka_unit_test(a_density_matrix_that_does_not_fit_becomes_trajectories),
      cmocka_unit_test(steps_that_become_too_short_are_no_lack_of_memory),
      cmocka_unit_test(wrong_input_is_refused),
  };
  const struct CMUnitTest many[] = {cmocka_unit_test(errors_of_many_spins_are_those_of_the_tables)};
  (void)argv;
  return argc > 1 ? cmocka_run_group_tests(many, NULL, NULL) : cmocka_run_group_tests(quick, NULL, NULL);
}
