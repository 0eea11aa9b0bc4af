/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Kinds of motion told from series made of known functions. */
#include "cmocka_headers.h"

#include <string.h>

#include "dickemap/motion.h"

/* A sum of oscillations that decay at a rate, for one mode: xi, and beta with other phases. */
typedef struct line {
  double amplitude, frequency;
} line;

/* As far from every fraction as a ratio of frequencies can be. */
static const double golden = 0.61803398874989485;

static dkm_series *make_series(int n_samples, double dt, int n_lines, const line *lines, double rate, double growth) {
  dkm_series *s = NULL;
  assert_int_equal(dkm_series_create(1, &s, NULL), DKM_OK);
  s->n = s->n_samples = n_samples;
  s->t0 = 0.0;
  s->dt = dt;
  for (int i = 0; i < n_samples; i++)
    for (int c = 0; c < 3; c++) {
      double *v = s->values + 3 * i + c, *v_rate = s->rates + 3 * i + c;
      *v = 0.1 * c;
      *v_rate = 0.0;
      for (int l = 0; l < n_lines; l++) {
        const double w = lines[l].frequency, t = i * dt, phase = w * t + 0.7 * c + l;
        const double a = lines[l].amplitude * exp(-rate * t) / (1 + c);
        *v += a * cos(phase);
        *v_rate += -a * w * sin(phase) - rate * a * cos(phase);
      }
    }
  for (int j = 0; j < n_samples / DKM_MOTION_STRETCH; j++) s->growth[j] = exp(growth * (1 + 0.5 * sin(j)));
  return s;
}

static dkm_motion analyse(int n_samples, double dt, int n_lines, const line *lines, double rate, double growth) {
  dkm_motion m;
  dkm_series *s = make_series(n_samples, dt, n_lines, lines, rate, growth);
  const dkm_point point = {.g0 = 1.0, .Omega = 0.5, .Omega_mu = {1.0}, .kappa_mu = {0.5}};
  dkm_motion_analyse(s, &point, 1e-10, &m);
  dkm_series_destroy(s);
  return m;
}

static void between_samples_interpolation_is_as_good_as_promised(void **state) {
  (void)state;
  const double promised[] = {4e-12, 4e-7, 3e-4};
  for (int harmonic = 1; harmonic <= 3; harmonic++) {
    const line one = {1.0, harmonic};
    dkm_series *s = make_series(DKM_MOTION_LEAST, DKM_MOTION_PHASE, 1, &one, 0.0, 0.0);
    for (double x = 3.0; x <= s->n - 4; x += 0.37) {
      double v[3];
      dkm_series_at(s, x, v);
      for (int c = 0; c < 3; c++)
        assert_close(v[c], 0.1 * c + cos(harmonic * DKM_MOTION_PHASE * x + 0.7 * c) / (1 + c), promised[harmonic - 1]);
    }
    dkm_series_destroy(s);
  }
}

static void the_best_guess_of_a_period_is_the_shortest(void **state) {
  (void)state;
  for (double frequency = 0.11; frequency < 1.0; frequency *= 1.23) {
    /* One line; harmonics alone with a common period of 1; a period doubled by a weak subharmonic. */
    const line lines[][3] = {{{1, frequency}, {0, 1}, {0, 1}},
                             {{1, frequency}, {0.5, 1.5 * frequency}, {0.3, 2 * frequency}},
                             {{1, frequency}, {0.01, 0.5 * frequency}, {0, 1}}};
    const double factor[] = {1, 2, 2};
    for (int i = 0; i < 3; i++) {
      dkm_motion m = analyse(4096, 0.4, 3, lines[i], 0.0, 0.0);
      assert_true(m.kind != DKM_MOTION_TORUS && m.n_periods > 0);
      assert_close(m.periods[m.n_periods - 1], factor[i] * 2 * M_PI / frequency, 1e-6);
      assert_true(m.recurrence < 1e-6);
      for (int j = 1; j < m.n_periods; j++) assert_true(m.periods[j] > m.periods[j - 1]);
    }
  }
}

static void amplitude_mean_and_size_are_those_of_the_function(void **state) {
  (void)state;
  const line one = {0.3, 0.913};
  dkm_motion m = analyse(1024, 0.7, 1, &one, 0.0, 0.0);
  assert_close(m.amplitude, 0.3, 1e-9);
  assert_close(m.xi_amplitude[0], 0.3, 1e-9);
  /* -kappa (Omega_1 <|beta|^2> + g0 <xi Re beta>) with the phases of make_series */
  assert_close(m.power, -0.5 * (m.beta_sq[0] + 0.045 / 2 * cos(0.7)), 1e-6);
  assert_true(m.power_error < 1e-5);
  assert_close(m.xi[0], 0.0, 1e-6);
  assert_close(m.beta_re[0], 0.1, 1e-6);
  assert_close(m.beta_im[0], 0.2, 1e-6);
  assert_close(m.xi_rms[0], 0.3 / sqrt(2), 1e-6);
  assert_close(m.size, 0.3 / sqrt(2) * sqrt(1 + 1.0 / 4 + 1.0 / 9), 1e-6);
  assert_close(m.beta_sq[0], 0.01 + 0.04 + 0.045 * (1.0 / 4 + 1.0 / 9), 1e-6);
}

static void a_torus_has_two_frequencies_and_is_no_cycle(void **state) {
  (void)state;
  for (double second = 0.3; second < 1.2; second += 0.137) {
    const line lines[] = {{1, golden}, {0.02, second}};
    dkm_motion m = analyse(8192, 0.5, 2, lines, 0.0, 0.0);
    assert_int_equal(m.kind, DKM_MOTION_TORUS);
    assert_close(m.frequency[0], lines[0].frequency, 1e-6);
    assert_close(m.frequency[1], lines[1].frequency, 1e-5);
  }
}

/* Half of the window does not tell lines so close from each other: that must not be asked for. */
static void a_torus_may_have_close_frequencies(void **state) {
  (void)state;
  const double bin = 2 * M_PI / (8192 * 0.5);
  for (double bins = 6.3; bins < 12; bins += 1.1) {
    const line lines[] = {{1, golden}, {0.7, golden + bins * bin}};
    dkm_motion m = analyse(8192, 0.5, 2, lines, 0.0, 0.0);
    assert_int_equal(m.kind, DKM_MOTION_TORUS);
    assert_close(m.frequency[0], lines[0].frequency, 1e-2 * bin);
    assert_close(m.frequency[1], lines[1].frequency, 1e-2 * bin);
  }
}

static void a_weak_modulation_is_no_cycle(void **state) {
  (void)state;
  const line lines[] = {{1, 0.6}, {1e-5, 0.6 * golden}};
  dkm_motion m = analyse(8192, 0.5, 2, lines, 0.0, 0.0);
  assert_int_equal(m.kind, DKM_MOTION_TORUS);
  assert_close(m.frequency[1], 0.6 * golden, 1e-5);
}

static void what_decays_is_unclear(void **state) {
  (void)state;
  /* A cycle that is not reached yet is no torus of its harmonics and subharmonics. */
  const line harmonics[] = {{1, 0.6}, {0.3, 1.2}, {0.1, 0.9}};
  for (int n = 1; n <= 3; n++) assert_int_equal(analyse(4096, 0.5, n, harmonics, 2e-7, 0).kind, DKM_MOTION_UNCLEAR);
  const line lines[] = {{1, 0.6}, {0.3, 0.6 * golden}};
  for (double rate = 1e-8; rate < 1e-2; rate *= 10) assert_int_equal(analyse(4096, 0.5, 1, lines, rate, 0).kind, DKM_MOTION_UNCLEAR);
  for (double rate = 1e-4; rate < 1e-2; rate *= 10) assert_int_equal(analyse(4096, 0.5, 2, lines, rate, 0).kind, DKM_MOTION_UNCLEAR);
}

static void rest_and_noise_are_unclear(void **state) {
  (void)state;
  const line none = {0.0, 1.0}, noise = {5e-10, 1.0}, enough = {5e-9, 1.0};
  assert_int_equal(analyse(1024, 0.5, 1, &none, 0, 0).kind, DKM_MOTION_UNCLEAR);
  assert_int_equal(analyse(1024, 0.5, 1, &noise, 0, 0).kind, DKM_MOTION_UNCLEAR);
  assert_int_equal(analyse(1024, 0.5, 1, &noise, 0, 0).n_periods, 0);
  assert_int_equal(analyse(1024, 0.5, 1, &enough, 0, 0).n_periods, 1);
}

/* The same two lines: what parts exponentially is chaos, what parts a little is too early to tell. */
static void separations_that_grow_are_chaos(void **state) {
  (void)state;
  const line lines[] = {{1, 0.6}, {0.3, 0.6 * golden}};
  dkm_motion m = analyse(4096, 0.5, 2, lines, 0, 0.4);
  assert_int_equal(m.kind, DKM_MOTION_CHAOS);
  assert_close(m.growth, 0.4 * 0.75 * 512, 2.0); /* in each stretch of 8 samples, the first quarter left out */
  assert_int_equal(analyse(4096, 0.5, 2, lines, 0, 0.02).kind, DKM_MOTION_UNCLEAR);
  assert_int_equal(analyse(4096, 0.5, 2, lines, 0, 0.0).kind, DKM_MOTION_TORUS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(between_samples_interpolation_is_as_good_as_promised),
      cmocka_unit_test(the_best_guess_of_a_period_is_the_shortest),
      cmocka_unit_test(amplitude_mean_and_size_are_those_of_the_function),
      cmocka_unit_test(a_torus_has_two_frequencies_and_is_no_cycle),
      cmocka_unit_test(a_torus_may_have_close_frequencies),
      cmocka_unit_test(a_weak_modulation_is_no_cycle),
      cmocka_unit_test(what_decays_is_unclear),
      cmocka_unit_test(rest_and_noise_are_unclear),
      cmocka_unit_test(separations_that_grow_are_chaos),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
