/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loops of finite-N dynamics: against matrices made of textbook definitions, each instruction set against the others; steps of
 * order 8; energy; frames. */
#include "cmocka_headers.h"

#include <complex.h>
#include <gsl/gsl_rng.h>
#include <string.h>

#include "finite_flow.h"
#include "finite_kind.h"
#include "finite_models.h"
#include "finite_step.h"

enum { MAX_ROWS = 144 };
typedef double complex matrix[MAX_ROWS][MAX_ROWS];

static double uniform(gsl_rng *rng) {
  return 2.0 * gsl_rng_uniform(rng) - 1.0;
}

static finite_operator random_operator(gsl_rng *rng, const finite_space *space) {
  finite_operator op = {.space = space, .scale = 0.3 + gsl_rng_uniform(rng), .has_v = true, .has_c = true};
  for (int k = 0; k < space->K; k++) {
    op.zeta[k] = uniform(rng);
    for (int a = 0; a < 3; a++) op.R[k][a] = uniform(rng), op.v[k][a] = uniform(rng);
    for (int mu = 0; mu < space->M; mu++) op.f[k][mu] = uniform(rng) > 0.0 ? 1.0 : -1.0;
  }
  for (int mu = 0; mu < space->M; mu++) op.c_re[mu] = uniform(rng), op.c_im[mu] = uniform(rng), op.kappa[mu] = 0.7 + 0.2 * mu;
  return op;
}

/* <row|O|column> of one factor, the others being the same: 0 ... 2 S_x, S_y, S_z of a large spin whose state j has S_z = N - 2j;
 * 3: the annihilation operator. */
static double complex element(const finite_space *s, int f, int what, int64_t row, int64_t column) {
  if (row / s->stride[f] / s->d[f] != column / s->stride[f] / s->d[f] || row % s->stride[f] != column % s->stride[f]) return 0.0;
  const int i = (int)(row / s->stride[f] % s->d[f]), j = (int)(column / s->stride[f] % s->d[f]);
  if (what == 3) return i + 1 == j ? sqrt(j) : 0.0;
  if (what == 2) return i == j ? s->N - 2 * i : 0.0;
  if (i - j != 1 && j - i != 1) return 0.0;
  const double J = 0.5 * s->N, m = J - (i < j ? j : i); /* the lower of the two */
  const double raise = sqrt(J * (J + 1.0) - m * (m + 1.0));
  return what == 0 ? raise : i < j ? -I * raise : I * raise; /* 2J_x, 2J_y */
}

/* H and A of finite_space.h. */
static void dense(const finite_operator *op, const dkm_finite_model *model, matrix H, matrix A) {
  const finite_space *s = op->space;
  static matrix field, spin;
  memset(H, 0, sizeof(matrix));
  for (int k = 0; k < s->K; k++) {
    for (int64_t r = 0; r < s->rows; r++)
      for (int64_t c = 0; c < s->rows; c++) {
        field[r][c] = 0.0;
        spin[r][c] = r == c ? -s->N * op->zeta[k] : 0.0;
        for (int mu = 0; mu < s->M; mu++)
          field[r][c] += op->scale * op->f[k][mu] * (element(s, s->K + mu, 3, r, c) + conj(element(s, s->K + mu, 3, c, r)));
        for (int a = 0; a < 3; a++) {
          spin[r][c] += op->R[k][a] * element(s, k, a, r, c);
          if (op->has_v) H[r][c] += op->v[k][a] * element(s, k, a, r, c);
        }
      }
    for (int64_t r = 0; r < s->rows; r++)
      for (int64_t c = 0; c < s->rows; c++)
        for (int64_t i = 0; i < s->rows; i++) H[r][c] += field[r][i] * spin[i][c];
  }
  for (int64_t r = 0; r < s->rows; r++)
    for (int64_t c = 0; c < s->rows; c++)
      for (int mu = 0; mu < s->M; mu++) {
        const double complex drive = op->c_re[mu] + I * op->c_im[mu];
        if (op->has_c) H[r][c] += drive * conj(element(s, s->K + mu, 3, c, r)) + conj(drive) * element(s, s->K + mu, 3, r, c);
        if (r == c) H[r][c] += model->Omega_mu[mu] * (double)(r / s->stride[s->K + mu] % s->d[s->K + mu]);
      }
  for (int64_t r = 0; r < s->rows; r++)
    for (int64_t c = 0; c < s->rows; c++) {
      A[r][c] = -I * H[r][c];
      for (int mu = 0; mu < s->M && r == c; mu++)
        A[r][c] -= 0.5 * op->kappa[mu] * (double)(r / s->stride[s->K + mu] % s->d[s->K + mu]);
    }
}

/* One and two modes, spaces that are cut and whole, states of no symmetry. */
static void loops_are_the_matrices(void **state) {
  (void)state;
  static matrix H, A, rho;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  const struct {
    int M, N, d[4];
  } of[] = {{1, 5, {6, 7}}, {1, 9, {4, 9}}, {2, 2, {3, 3, 4, 4}}, {2, 7, {3, 2, 4, 5}}};
  const finite_kernel *kernels[] = {&dkm_finite_kernel_plain, dkm_finite_kernel_of(NULL)};
  for (int i = 0; i < 4; i++) {
    dkm_finite_model model = {.n_modes = of[i].M, .spins_per_class = of[i].N, .Omega_mu = {1.3, -0.6}, .kappa_mu = {0.7, 0.9}};
    finite_space s;
    assert_int_equal(dkm_finite_space_create(&model, of[i].d, &s, NULL), DKM_OK);
    const int64_t n = s.rows;
    assert_true(n <= MAX_ROWS);
    finite_operator op = random_operator(rng, &s);
    dense(&op, &model, H, A);
    double *psi = malloc(2 * (size_t)n * sizeof *psi), *P = malloc((size_t)(n * n) * sizeof *P);
    double *out[2], *work = malloc(6 * FINITE_LANES * (size_t)n * sizeof *work);
    for (int b = 0; b < 2; b++) out[b] = malloc((size_t)(n * n + 2 * n) * sizeof **out);
    for (int64_t r = 0; r < 2 * n; r++) psi[r] = uniform(rng);
    for (int64_t r = 0; r < n * n; r++) P[r] = uniform(rng);
    for (int64_t r = 0; r < n; r++)
      for (int64_t c = 0; c <= r; c++) rho[r][c] = r == c ? P[r * n + c] : P[r * n + c] + I * P[c * n + r], rho[c][r] = conj(rho[r][c]);
    for (int b = 0; b < 2; b++) kernels[b]->pure(&op, psi, out[b], work);
    assert_memory_equal(out[0], out[1], 2 * (size_t)n * sizeof(double));
    for (int64_t r = 0; r < n; r++) {
      double complex sum = 0.0;
      for (int64_t c = 0; c < n; c++) sum += A[r][c] * (psi[c] + I * psi[n + c]);
      assert_close(out[0][r], creal(sum), 1e-12);
      assert_close(out[0][n + r], cimag(sum), 1e-12);
    }
    for (int b = 0; b < 2; b++) kernels[b]->density(&op, P, out[b], work);
    assert_memory_equal(out[0], out[1], (size_t)(n * n) * sizeof(double));
    for (int64_t r = 0; r < n; r++)
      for (int64_t c = 0; c <= r; c++) {
        double complex sum = 0.0;
        for (int64_t j = 0; j < n; j++) sum += A[r][j] * rho[j][c] + rho[r][j] * conj(A[c][j]);
        for (int mu = 0; mu < s.M; mu++) {
          const int64_t stride = s.stride[s.K + mu], d = s.d[s.K + mu], p = r / stride % d, q = c / stride % d;
          if (p + 1 < d && q + 1 < d) sum += op.kappa[mu] * sqrt((p + 1.0) * (q + 1.0)) * rho[r + stride][c + stride];
        }
        assert_close(out[0][r * n + c], creal(sum), 1e-11);
        if (c < r) assert_close(out[0][c * n + r], cimag(sum), 1e-11);
      }
    /* moments of rho = |psi><psi| are those of psi */
    for (int64_t r = 0; r < n; r++)
      for (int64_t c = 0; c <= r; c++) {
        const double complex x = (psi[r] + I * psi[n + r]) * (psi[c] - I * psi[n + c]);
        P[r * n + c] = creal(x);
        if (c < r) P[c * n + r] = cimag(x);
      }
    finite_moments pure, mixed;
    dkm_finite_space_moments_pure(&s, psi, &pure);
    dkm_finite_space_moments_density(&s, P, &mixed);
    assert_close(pure.norm, mixed.norm, 1e-12 * pure.norm);
    for (int f = 0; f < s.K + s.M; f++)
      for (int what = f < s.K ? 0 : 3; what < (f < s.K ? 3 : 4); what++) {
        double complex sum = 0.0;
        for (int64_t r = 0; r < n; r++)
          for (int64_t c = 0; c < n; c++)
            sum += element(&s, f, what, r, c) * (psi[c] + I * psi[n + c]) * (psi[r] - I * psi[n + r]) / pure.norm;
        assert_close(f < s.K ? pure.S[f][what] : pure.b_re[f - s.K], creal(sum), 1e-12);
        assert_close(f < s.K ? mixed.S[f][what] : mixed.b_re[f - s.K], creal(sum), 1e-12);
        if (f >= s.K) assert_close(mixed.b_im[f - s.K], cimag(sum), 1e-12);
      }
    free(psi);
    free(P);
    free(work);
    for (int b = 0; b < 2; b++) free(out[b]);
    dkm_finite_space_free(&s);
  }
  gsl_rng_free(rng);
}

/* ---- steps ---- */

static void pendulum(void *context, double t, const double *y, double *dy) {
  (void)context;
  dy[0] = y[1] + cos(t);
  dy[1] = -y[0] * y[0];
}

/* Errors of a step fall as h^9, estimates as h^8 or faster: each coefficient counts. */
static void steps_are_of_order_8(void **state) {
  (void)state;
  finite_stepper s;
  assert_int_equal(dkm_finite_stepper_create(&dkm_finite_kernel_plain, 2, &s, NULL), DKM_OK);
  double error[2], estimate[2];
  for (int i = 0; i < 2; i++) {
    const double h = i ? 0.2 : 0.4;
    const double y[2] = {0.5, 0.8};
    double fine[2] = {0.5, 0.8};
    for (int part = 0; part < 16; part++) {
      dkm_finite_step_begin(&s, pendulum, NULL, part * h / 16, fine);
      dkm_finite_step_try(&s, pendulum, NULL, part * h / 16, fine, h / 16);
      memcpy(fine, s.next, sizeof fine);
    }
    dkm_finite_step_begin(&s, pendulum, NULL, 0.0, y);
    estimate[i] = dkm_finite_step_try(&s, pendulum, NULL, 0.0, y, h);
    error[i] = hypot(s.next[0] - fine[0], s.next[1] - fine[1]);
    assert_true(error[i] < estimate[i]);
  }
  assert_true(log2(error[0] / error[1]) > 8.3 && log2(error[0] / error[1]) < 10.0);
  assert_true(log2(estimate[0] / estimate[1]) > 7.0);
  dkm_finite_stepper_free(&s);
}

/* ---- energy ---- */

typedef struct closed {
  finite_operator op;
  double *work;
} closed;

static void schroedinger(void *context, double t, const double *y, double *dy) {
  (void)t;
  closed *e = context;
  dkm_finite_kernel_of(NULL)->pure(&e->op, y, dy, e->work);
}

/* <H> = -Im <psi|A|psi> without losses */
static double energy(closed *e, const double *psi, double *image) {
  const int64_t n = e->op.space->rows;
  double sum = 0.0;
  schroedinger(e, 0.0, psi, image);
  for (int64_t i = 0; i < n; i++) sum -= psi[i] * image[n + i] - psi[n + i] * image[i];
  return sum;
}

static void without_losses_energy_is_conserved(void **state) {
  (void)state;
  dkm_finite_model model = one_mode(6, 0.8, 0.9);
  model.kappa_mu[0] = 0.0;
  const int d[] = {7, 60};
  finite_space s;
  finite_flow flow;
  finite_stepper stepper;
  double c[16], *psi = calloc(840, sizeof *psi), *image = calloc(840, sizeof *image);
  assert_int_equal(dkm_finite_space_create(&model, d, &s, NULL), DKM_OK);
  assert_int_equal(dkm_finite_stepper_create(dkm_finite_kernel_of(NULL), 840, &stepper, NULL), DKM_OK);
  dkm_finite_flow_create(&model, DKM_FINITE_LABORATORY, &flow);
  dkm_finite_flow_start(&flow, c);
  closed e = {.op = {.space = &s}, .work = calloc(840, sizeof(double))};
  dkm_finite_flow_operator(&flow, 0.0, c, &e.op);
  psi[0] = 1.0;
  const double start = energy(&e, psi, image);
  assert_close(start, 0.5 * 6.0 * -sqrt(0.19), 1e-12); /* Omega S_x */
  for (int i = 0; i < 400; i++) {
    dkm_finite_step_begin(&stepper, schroedinger, &e, 0.0, psi);
    dkm_finite_step_try(&stepper, schroedinger, &e, 0.0, psi, 0.01);
    memcpy(psi, stepper.next, 840 * sizeof *psi);
  }
  finite_moments m;
  dkm_finite_space_moments_pure(&s, psi, &m);
  assert_true(m.n[0] > 1.0 && fabs(m.S[0][2] - 6.0) > 1.0); /* much has happened */
  assert_close(energy(&e, psi, image), start, 1e-9);
  free(psi);
  free(image);
  free(e.work);
  dkm_finite_stepper_free(&stepper);
  dkm_finite_space_free(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(loops_are_the_matrices),
      cmocka_unit_test(steps_are_of_order_8),
      cmocka_unit_test(without_losses_energy_is_conserved),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
