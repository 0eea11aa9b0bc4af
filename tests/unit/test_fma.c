/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fused multiply-add made of additions and multiplications against that of the C library: argv = number of
 * triples of each kind [, seed].  The C library is called through a counter, so that one that is always asked cannot
 * pass for the other. */
#include "cmocka_headers.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/core/ensemble_fma.h"

double __real_fma(double a, double b, double c);
double __wrap_fma(double a, double b, double c);

static int64_t n_triples = 300000, n_asked;

double __wrap_fma(double a, double b, double c) {
  n_asked++;
  return __real_fma(a, b, c);
}

/* ---- numbers ---- */

static uint64_t state;

static uint64_t bits(void) { /* splitmix64 */
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

static int between(int least, int most) {
  return least + (int)(bits() % (uint64_t)(most - least + 1));
}

static double as_double(uint64_t b) {
  double a;
  memcpy(&a, &b, sizeof a);
  return a;
}

static uint64_t as_bits(double a) {
  uint64_t b;
  memcpy(&b, &a, sizeof b);
  return b;
}

/* Of either sign, between 2^exponent and its double, with so many digits below the first. */
static double number(int exponent, int n_digits) {
  const uint64_t digits = bits() & 0x000fffffffffffff & ~(0x000fffffffffffffULL >> n_digits);
  return copysign(scalbn(as_double(0x3ff0000000000000 | digits), exponent), bits() & 1 ? 1.0 : -1.0);
}

static double some_steps_from(double a, int most) {
  const int n = between(-most, most);
  return isfinite(a) && a != 0.0 ? as_double(as_bits(a) + (uint64_t)(int64_t)n) : a;
}

/* ---- kinds of triples: v[0] v[1] + v[2] ---- */

static void of_all_digits(double *v) {
  for (int i = 0; i < 2; i++) v[i] = number(between(-30, 30), 52);
  v[2] = number(between(-120, 120), 52);
}

/* Sums that are ties, most of them exactly. */
static void of_few_digits(double *v) {
  for (int i = 0; i < 3; i++) v[i] = number(between(-30, 30), between(0, 30));
}

/* Half a unit in the last place of c, or a part of that, and 2^-52 or 2^-104 of it more or less. */
static void next_to_a_tie(double *v) {
  v[2] = number(between(-20, 20), between(40, 52));
  v[0] = scalbn(some_steps_from(copysign(1.0, number(0, 0)), 3), between(-2, 2));
  v[1] = scalbn(some_steps_from(1.0, 3), ilogb(v[2]) - between(51, 55) - ilogb(v[0]));
}

/* Products of all digits but of an error that is tiny, or nearly half a unit in the last place: with n a whole number,
 * n times its inverse modulo 2^53 is as small as one likes there. */
static void next_to_a_tie_of_all_digits(double *v) {
  const uint64_t n = (1ULL << 52) | bits() >> 12 | 1,
                 left = (bits() & 1 ? 1ULL << 52 : 0) + (uint64_t)(int64_t)between(-3, 3);
  uint64_t inverse = n; /* modulo 2^3; each step doubles the digits */
  for (int i = 0; i < 5; i++) inverse *= 2 - n * inverse;
  v[0] = copysign((double)n, number(0, 0));
  v[1] = (double)(inverse * left & ((1ULL << 53) - 1));
  v[2] = number(v[1] == 0.0 ? 0 : ilogb(v[0] * v[1]) + between(-2, 6), between(40, 52));
}

static void that_cancel(double *v) {
  for (int i = 0; i < 2; i++) v[i] = number(between(-30, 30), between(10, 52));
  v[2] = some_steps_from(-(v[0] * v[1]), between(0, 1) ? 3 : 0);
}

/* About where errors of products are too small, and where they are not. */
static void that_are_tiny(double *v) {
  for (int i = 0; i < 2; i++) v[i] = number(between(-560, -440), between(0, 52));
  v[2] = number(between(-1074, -850), 52);
  if (between(0, 3) == 0) v[2] = some_steps_from(-(v[0] * v[1]), 2);
}

static void that_are_subnormal(double *v) {
  for (int i = 0; i < 3; i++) v[i] = number(between(0, 1) ? between(-1074, -1000) : between(-60, 60), between(0, 52));
}

/* Also with factors so close to a power of two that their first halves are one, and the product of those overflows. */
static void that_are_huge(double *v) {
  v[0] = number(between(1, 1023), 52);
  v[1] = number(between(1019, 1024) - ilogb(v[0]), 52);
  if (bits() & 1)
    for (int i = 0; i < 2; i++)
      v[i] = some_steps_from(scalbn(copysign(1.0, v[i]), i ? 1024 - ilogb(v[0]) : ilogb(v[0])), 1 << 24);
  v[2] = bits() & 1 ? number(between(950, 1023), 52) : some_steps_from(-(v[0] * v[1]), 3);
}

static void of_all_exponents(double *v) {
  for (int i = 0; i < 3; i++) v[i] = as_double(bits());
}

static void of_special_numbers(double *v) {
  static const double special[] = {0.0,
                                   1.0,
                                   0x1p-480,
                                   0x1p-481,
                                   0x1p-1022,
                                   0x1p-1074,
                                   0x1p-537,
                                   0x1p996,
                                   0x1p511,
                                   0x1p1023,
                                   0x1.fffffffffffffp1023,
                                   INFINITY,
                                   NAN,
                                   3.0};
  for (int i = 0; i < 3; i++) {
    v[i] = special[between(0, sizeof special / sizeof special[0] - 1)];
    if (between(0, 2) == 0) v[i] = some_steps_from(v[i], 1);
    if (bits() & 1) v[i] = -v[i];
  }
}

/* ---- tests ---- */

static bool same(double a, double b) {
  return as_bits(a) == as_bits(b) || (isnan(a) && isnan(b));
}

/* Both lanes must be right, whatever the other one needs. */
static void compare(void (*kind)(double *), void (*kind_of_other)(double *)) {
  for (int64_t i = 0; i < n_triples; i++) {
    double v[2][3];
    kind(v[i & 1]);
    kind_of_other(v[!(i & 1)]);
    const fma_pair z =
        fma_of_pair((fma_pair){v[0][0], v[1][0]}, (fma_pair){v[0][1], v[1][1]}, (fma_pair){v[0][2], v[1][2]});
    for (int lane = 0; lane < 2; lane++) {
      const double *t = v[lane], expected = __real_fma(t[0], t[1], t[2]);
      if (!same(z[lane], expected))
        fail_msg("%a * %a + %a = %a, not %a (lane %d)", t[0], t[1], t[2], expected, z[lane], lane);
    }
  }
}

static void every_kind_is_rounded_as_by_the_c_library(void **unused) {
  static void (*const kinds[])(double *) = {
      of_all_digits,      of_few_digits, next_to_a_tie,    next_to_a_tie_of_all_digits, that_cancel, that_are_tiny,
      that_are_subnormal, that_are_huge, of_all_exponents, of_special_numbers};
  enum { N_KINDS = sizeof kinds / sizeof kinds[0] };
  (void)unused;
  for (int i = 0; i < N_KINDS; i++)
    for (int other = 0; other < 2; other++) compare(kinds[i], other ? kinds[i] : of_all_digits);
}

/* What a trajectory asks for: numbers of all digits, of few, and zeros. */
static void the_c_library_is_hardly_asked(void **unused) {
  static void (*const kinds[])(double *) = {of_all_digits, of_few_digits, that_cancel};
  (void)unused;
  for (int i = 0; i < 3; i++) {
    n_asked = 0;
    compare(kinds[i], kinds[i]);
    if (n_asked > n_triples / 1000) fail_msg("kind %d: %lld of %lld", i, (long long)n_asked, (long long)n_triples);
  }
  n_asked = 0;
  for (int i = 0; i < 512; i++) {
    double v[2][3];
    for (int lane = 0; lane < 2; lane++)
      for (int j = 0; j < 3; j++) {
        const int sort = i >> j & 1 ? between(0, 1) : 2;
        v[lane][j] = sort == 2 ? number(0, 52) : sort ? 0.0 : -0.0;
      }
    const fma_pair z =
        fma_of_pair((fma_pair){v[0][0], v[1][0]}, (fma_pair){v[0][1], v[1][1]}, (fma_pair){v[0][2], v[1][2]});
    for (int lane = 0; lane < 2; lane++)
      if (!same(z[lane], __real_fma(v[lane][0], v[lane][1], v[lane][2])))
        fail_msg("%a * %a + %a = %a", v[lane][0], v[lane][1], v[lane][2], z[lane]);
  }
  assert_int_equal(n_asked, 0);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_kind_is_rounded_as_by_the_c_library),
      cmocka_unit_test(the_c_library_is_hardly_asked),
  };
  if (argc > 1) n_triples = atoll(argv[1]);
  if (argc > 2) state = strtoull(argv[2], NULL, 10);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
