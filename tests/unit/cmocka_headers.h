/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmocka with the headers that it wants before it, and a comparison of doubles (its own
 * assert_float_equal rounds to single precision). */
#ifndef CMOCKA_HEADERS_H
#define CMOCKA_HEADERS_H
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* How many cases a test takes of n: with the address sanitizer, which makes them ten or twenty times as slow, a quarter. */
#ifdef __SANITIZE_ADDRESS__
#define SAMPLE(n) (((n) + 3) / 4)
#else
#define SAMPLE(n) (n)
#endif

/* Fails unless |actual - expected| <= tolerance; a NaN fails. */
#define assert_close(actual, expected, tolerance)                                                                  \
  do {                                                                                                             \
    const double actual_ = (actual), expected_ = (expected), tolerance_ = (tolerance);                             \
    if (!(fabs(actual_ - expected_) <= tolerance_))                                                                \
      fail_msg("%s = %.17g, expected %s = %.17g within %g", #actual, actual_, #expected, expected_, tolerance_);   \
  } while (0)

#endif
