/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of an axis from its ends; see job_spacing.h.
 *
 * With from = A 10^e and to = B 10^e, A and B integers of at most 18 digits, value i is the fraction
 *
 *   (A (n-1-i) + B i) 10^e / (n-1)
 *
 * of two integers below 2^127 (10^18 times 10^9 points times 2; the power of ten goes to either side and is limited
 * so that there is room).  Long division gives its leading 55 bits or more and tells whether anything is left; turning
 * that into a double rounds once. */
#include "job_spacing.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "job_spelling.h"

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

enum {
  MAX_DIGITS = 18,   /* of A and B: below 2^60 */
  MAX_DIVIDED = 19,  /* 10^e with e >= -19: (n-1) 10^19 < 2^94 */
  MAX_MULTIPLIED = 9 /* e <= 9: 2 10^18 10^9 10^9 < 2^122 */
};

/* number * 10^exponent == text, without trailing zeros; false if it has too many digits. */
static bool read_decimal(const char *text, int64_t *number, int *exponent) {
  bool is_negative = *text == '-', after_point = false;
  int zeros = 0; /* seen, and to be counted only if another digit follows */
  *number = 0;
  *exponent = 0;
  if (*text == '+' || *text == '-') text++;
  for (; *text == '.' || (*text >= '0' && *text <= '9'); text++) {
    if (*text == '.') {
      after_point = true;
      continue;
    }
    *exponent -= after_point;
    if (*text == '0') {
      zeros += *number != 0; /* leading ones count for nothing */
      continue;
    }
    for (; zeros >= 0; zeros--) {
      if (*number >= (int64_t)1e17) return false; /* 18 digits already */
      *number *= 10;
    }
    zeros = 0;
    *number += *text - '0';
  }
  *exponent += zeros;
  if (*text == 'e' || *text == 'E') {
    const long given = strtol(text + 1, NULL, 10);
    if (labs(given) > 1000) return false;
    *exponent += (int)given;
  }
  if (*number == 0) *exponent = 0;
  if (is_negative) *number = -*number;
  return true;
}

/* number * 10^shift, which must keep to MAX_DIGITS. */
static bool shift_decimal(int64_t *number, int shift) {
  for (; shift > 0 && *number != 0; shift--) {
    if (llabs(*number) >= (int64_t)1e17) return false;
    *number *= 10;
  }
  return true;
}

/* The double next to numerator/denominator; false if that is 2^55 or more.  2^shift denominator < 2^127: so many bits
 * of the quotient come with each division; 1 <= shift <= 62. */
static bool round_fraction(int128 numerator, uint128 denominator, int shift, double *value) {
  uint128 rest = numerator < 0 ? -(uint128)numerator : (uint128)numerator;
  const uint128 whole = rest / denominator;
  int n_bits = 0; /* of the fraction that are in `bits` */
  if (whole >> 55) return false;
  uint64_t bits = (uint64_t)whole;
  rest -= whole * denominator;
  while (bits >> 54 == 0 && rest != 0) {
    int more = bits == 0 ? shift : 55 - (64 - __builtin_clzll(bits));
    if (more > shift) more = shift;
    rest <<= more;
    const uint128 quotient = rest / denominator;
    rest -= quotient * denominator;
    bits = bits << more | (uint64_t)quotient;
    n_bits += more;
  }
  /* One more bit stands for all that follow: is the rest more than half of a unit in the last place, or just that? */
  *value = ldexp((double)(bits << 1 | (rest != 0)), -n_bits - 1);
  if (numerator < 0) *value = -*value;
  return true;
}

static bool linear_exactly(const char *from, const char *to, int64_t n, double *values) {
  int64_t a, b;
  int exponent_a, exponent_b;
  if (!read_decimal(from, &a, &exponent_a) || !read_decimal(to, &b, &exponent_b)) return false;
  if (a == 0) exponent_a = exponent_b;
  if (b == 0) exponent_b = exponent_a;
  int exponent = exponent_a < exponent_b ? exponent_a : exponent_b;
  if (!shift_decimal(&a, exponent_a - exponent) || !shift_decimal(&b, exponent_b - exponent)) return false;
  if (exponent < -MAX_DIVIDED || exponent > MAX_MULTIPLIED) return false;
  int128 factor = 1;
  uint128 denominator = (uint128)(n - 1);
  for (; exponent > 0; exponent--) factor *= 10;
  for (; exponent < 0; exponent++) denominator *= 10;
  int shift = 1;
  while (shift < 62 && denominator >> (126 - shift) == 0) shift++;
  for (int64_t i = 1; i < n - 1; i++)
    if (!round_fraction(((int128)a * (n - 1 - i) + (int128)b * i) * factor, denominator, shift, &values[i]))
      return false;
  return true;
}

/* i/(n-1) in lowest terms. */
static void reduce(int64_t *i, int64_t *n) {
  int64_t a = *i, b = *n;
  while (b != 0) {
    const int64_t rest = a % b;
    a = b;
    b = rest;
  }
  *i /= a;
  *n /= a;
}

void dkm_spacing_linear(const char *from, const char *to, int64_t n, double *values) {
  values[0] = dkm_number_parse(from);
  if (n == 1) return;
  values[n - 1] = dkm_number_parse(to);
  if (linear_exactly(from, to, n, values)) return;
  for (int64_t j = 1; j < n - 1; j++) {
    int64_t i = j, m = n - 1;
    reduce(&i, &m);
    values[j] = values[0] + (values[n - 1] - values[0]) * (double)i / (double)m;
  }
}

void dkm_spacing_log(const char *from, const char *to, int64_t n, double *values) {
  values[0] = dkm_number_parse(from);
  if (n == 1) return;
  values[n - 1] = dkm_number_parse(to);
  /* expl and logl rather than exp and log: what machines may disagree on is lost in the last rounding, so that
   * a job has the same values, bit for bit, wherever it is read. */
  const long double log_from = logl((long double)values[0]), log_to = logl((long double)values[n - 1]);
  for (int64_t j = 1; j < n - 1; j++) {
    int64_t i = j, m = n - 1;
    reduce(&i, &m);
    values[j] = (double)expl(log_from + (log_to - log_from) * (long double)i / (long double)m);
  }
}
