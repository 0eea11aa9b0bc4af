/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finite_step: see finite_step.h. */
#include "finite_step.h"

#include <math.h>

#include "finite_pages.h"

enum { STAGES = 12 };

static const double nodes[STAGES] = {0.0,
                                     0.05260015195876773,
                                     0.0789002279381516,
                                     0.1183503419072274,
                                     0.2816496580927726,
                                     0.3333333333333333,
                                     0.25,
                                     0.3076923076923077,
                                     0.6512820512820513,
                                     0.6,
                                     0.8571428571428571,
                                     1.0};
static const double a[STAGES][STAGES] = {
    {0.0},
    {0.05260015195876773},
    {0.0197250569845379, 0.0591751709536137},
    {0.02958758547680685, 0.0, 0.08876275643042054},
    {0.2413651341592667, 0.0, -0.8845494793282861, 0.924834003261792},
    {0.037037037037037035, 0.0, 0.0, 0.17082860872947386, 0.12546768756682242},
    {0.037109375, 0.0, 0.0, 0.17025221101954405, 0.06021653898045596, -0.017578125},
    {0.03709200011850479, 0.0, 0.0, 0.17038392571223998, 0.10726203044637328, -0.015319437748624402, 0.008273789163814023},
    {0.6241109587160757, 0.0, 0.0, -3.3608926294469414, -0.868219346841726, 27.59209969944671, 20.154067550477894,
     -43.48988418106996},
    {0.47766253643826434, 0.0, 0.0, -2.4881146199716677, -0.590290826836843, 21.230051448181193, 15.279233632882423,
     -33.28821096898486, -0.020331201708508627},
    {-0.9371424300859873, 0.0, 0.0, 5.186372428844064, 1.0914373489967295, -8.149787010746927, -18.52006565999696,
     22.739487099350505, 2.4936055526796523, -3.0467644718982196},
    {2.273310147516538, 0.0, 0.0, -10.53449546673725, -2.0008720582248625, -17.9589318631188, 27.94888452941996,
     -2.8589982771350235, -8.87285693353063, 12.360567175794303, 0.6433927460157636},
};
static const double b[STAGES] = {0.054293734116568765, 0.0, 0.0, 0.0, 0.0,
                                 4.450312892752409,    1.8915178993145003, -5.801203960010585,
                                 0.3111643669578199,   -0.1521609496625161, 0.20136540080403034,
                                 0.04471061572777259};
/* Differences from embedded results of orders 3 and 5. */
static const double e3[STAGES] = {-0.18980075407240762, 0.0, 0.0, 0.0, 0.0,
                                  4.450312892752409,    1.8915178993145003, -5.801203960010585,
                                  -0.4226823213237919,  -0.1521609496625161, 0.20136540080403034,
                                  0.02265179219836082};
static const double e5[STAGES] = {0.01312004499419488, 0.0, 0.0, 0.0, 0.0,
                                  -1.2251564463762044, -0.4957589496572502, 1.6643771824549864,
                                  -0.35032884874997366, 0.3341791187130175, 0.08192320648511571,
                                  -0.022355307863886294};

/* Stages 2 and 3 enter none after the fifth, so that 11 and 12 take their places. */
static const int slot[STAGES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2};

double dkm_finite_stepper_bytes(int64_t n) {
  return (FINITE_SLOTS + 1.0) * (double)n * (double)sizeof(double);
}

dkm_status dkm_finite_stepper_create(const finite_kernel *kernel, int64_t n, finite_stepper *out, dkm_error *err) {
  *out = (finite_stepper){.kernel = kernel,
                          .n = n,
                          .memory = dkm_finite_pages_take(n * FINITE_SLOTS),
                          .next = dkm_finite_pages_take(n)};
  if (!out->memory || !out->next) {
    dkm_finite_stepper_free(out);
    return dkm_fail(err, DKM_MEMORY, "out of memory for the steps of %lld numbers", (long long)n);
  }
  for (int i = 0; i < FINITE_SLOTS; i++) out->k[i] = out->memory + i * n;
  return DKM_OK;
}

void dkm_finite_stepper_free(finite_stepper *stepper) {
  dkm_finite_pages_give(stepper->memory, stepper->n * FINITE_SLOTS);
  dkm_finite_pages_give(stepper->next, stepper->n);
  *stepper = (finite_stepper){0};
}

/* The stages with coefficients that are not 0, times h. */
static int gather(const finite_stepper *s, const double *row, int n_stages, double h, double *c, const double **k) {
  int n = 0;
  for (int j = 0; j < n_stages; j++)
    if (row[j] != 0.0) {
      c[n] = h * row[j];
      k[n++] = s->k[slot[j]];
    }
  return n;
}

void dkm_finite_step_begin(finite_stepper *stepper, finite_rhs *f, void *context, double t, const double *y) {
  f(context, t, y, stepper->k[0]);
}

double dkm_finite_step_try(finite_stepper *stepper, finite_rhs *f, void *context, double t, const double *y, double h) {
  double c[STAGES];
  const double *k[STAGES];
  for (int i = 1; i < STAGES; i++) {
    const int n = gather(stepper, a[i], i, h, c, k);
    stepper->kernel->combine(stepper->n, stepper->next, y, n, c, k);
    f(context, t + nodes[i] * h, stepper->next, stepper->k[slot[i]]);
  }
  int n = gather(stepper, e5, STAGES, h, c, k);
  const double fifth = stepper->kernel->size(stepper->n, n, c, k);
  n = gather(stepper, e3, STAGES, h, c, k);
  const double third = stepper->kernel->size(stepper->n, n, c, k);
  n = gather(stepper, b, STAGES, h, c, k);
  stepper->kernel->combine(stepper->n, stepper->next, y, n, c, k);
  const double both = fifth + 0.01 * third;
  return both > 0.0 ? fifth / sqrt(both) : both; /* a NaN stays one */
}

double dkm_finite_step_factor(double error) {
  if (!(error < 1e300)) return 0.2;
  if (error < 1e-8) return 5.0;
  const double factor = 0.9 / sqrt(sqrt(sqrt(error))); /* order 8; no pow, whose last bit is the machine's */
  return factor < 0.2 ? 0.2 : factor > 5.0 ? 5.0 : factor;
}
