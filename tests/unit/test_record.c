/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of fields, the names of codes, the checksum. */
#include "dickemap/record.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

enum { M = 3 };

/* A record whose every member differs from every other and from 0. */
static dkm_record some_record(void) {
  dkm_record record;
  dkm_record_clear(&record);
  for (int i = 0; i < dkm_n_fields; i++) {
    void *member = (char *)&record + dkm_fields[i].offset;
    for (int mu = 0; mu < (dkm_fields[i].shape == DKM_PER_MODE ? M : 1); mu++) switch (dkm_fields[i].type) {
      case DKM_FLOAT64:
        ((double *)member)[mu] = i + 0.1 * (mu + 1);
        break;
      case DKM_INT64:
        *(int64_t *)member = 1000000000000 + i;
        break;
      case DKM_INT32:
        *(int32_t *)member = 100000 + i;
        break;
      case DKM_INT8:
        *(int8_t *)member = (int8_t)-i;
        break;
      case DKM_UINT8:
        *(uint8_t *)member = (uint8_t)i;
        break;
      }
  }
  return record;
}

static uint32_t checksum(const dkm_record *record) {
  return dkm_record_checksum(record, M, NULL, 0);
}

/* Every byte of a record belongs to exactly one row, but for the padding at its end. */
static void the_table_covers_the_record(void **state) {
  (void)state;
  unsigned char owner[sizeof(dkm_record)] = {0};
  size_t end = 0;
  for (int i = 0; i < dkm_n_fields; i++) {
    const size_t bytes = dkm_field_type_bytes(dkm_fields[i].type) * (dkm_fields[i].shape == DKM_PER_MODE ? DKM_MAX_MODES : 1);
    for (size_t b = 0; b < bytes; b++) assert_int_equal(owner[dkm_fields[i].offset + b]++, 0);
    if (dkm_fields[i].offset + bytes > end) end = dkm_fields[i].offset + bytes;
  }
  for (size_t b = 0; b < end; b++) assert_int_equal(owner[b], 1);
  assert_true(sizeof(dkm_record) - end < sizeof(double));
}

static void every_field_has_a_name_of_its_own_a_unit_and_a_long_name(void **state) {
  (void)state;
  for (int i = 0; i < dkm_n_fields; i++) {
    assert_true(strlen(dkm_fields[i].name) > 0 && strlen(dkm_fields[i].units) > 0 &&
                strlen(dkm_fields[i].long_name) > 0);
    for (int j = 0; j < i; j++) assert_string_not_equal(dkm_fields[i].name, dkm_fields[j].name);
  }
}

static void a_cleared_record_is_undecided_and_not_a_number(void **state) {
  (void)state;
  dkm_record record;
  memset(&record, 0x5a, sizeof record);
  dkm_record_clear(&record);
  assert_int_equal(record.verdict, DKM_VERDICT_UNDECIDED);
  assert_int_equal(record.failure, DKM_FAILURE_NONE);
  assert_int_equal(record.retrieved, 0);
  assert_int_equal(record.sensitive, DKM_SENSITIVE_NOT_MEASURED);
  assert_int_equal(record.limited, DKM_LIMITED_UNKNOWN);
  assert_int_equal(record.how, DKM_HOW_NOT_APPLICABLE);
  assert_int_equal(record.method, DKM_RECORD_METHOD);
  assert_int_equal(record.steps, 0);
  assert_int_equal(record.n_unstable, 0);
  for (int mu = 0; mu < DKM_MAX_MODES; mu++) assert_true(isnan(record.xi[mu]) && isnan(record.alpha_im[mu]));
  assert_true(isnan(record.residual) && isnan(record.wall_time));
}

static void codes_have_names_and_unknown_ones_a_question_mark(void **state) {
  (void)state;
  assert_string_equal(dkm_verdict_name(DKM_VERDICT_FIXED_POINT), "fixed_point");
  assert_string_equal(dkm_verdict_name(DKM_VERDICT_FAILED), "failed");
  assert_string_equal(dkm_verdict_text(DKM_VERDICT_FIXED_POINT), "all variables come to rest");
  assert_string_equal(dkm_failure_name(DKM_FAILURE_NONE), "none");
  assert_string_equal(dkm_failure_name(DKM_FAILURE_LENGTH_LOST), "length_lost");
  assert_string_equal(dkm_failure_text(DKM_FAILURE_NONE), "it did not");
  assert_string_equal(dkm_sensitive_name(DKM_SENSITIVE_YES), "yes");
  assert_string_equal(dkm_sensitive_name(DKM_SENSITIVE_NOT_MEASURED), "not_measured");
  assert_string_equal(dkm_sensitive_text(DKM_SENSITIVE_NO), "errors of the size of the tolerance do not change the outcome");
  assert_string_equal(dkm_verdict_name(DKM_VERDICT_NONE), "none");
  assert_string_equal(dkm_verdict_name(DKM_VERDICT_RELAXING), "relaxing");
  assert_string_equal(dkm_how_name(DKM_HOW_SETTLED), "settled");
  assert_string_equal(dkm_how_text(DKM_HOW_NOT_APPLICABLE), "the end is not known, or is an oscillation");
  const int unknown[] = {-1, DKM_N_VERDICTS, 255};
  for (int i = 0; i < 3; i++) {
    assert_string_equal(dkm_verdict_name(unknown[i]), "?");
    assert_string_equal(dkm_verdict_text(unknown[i]), "?");
    assert_string_equal(dkm_failure_name(unknown[i]), "?");
    assert_string_equal(dkm_failure_text(unknown[i]), "?");
    assert_string_equal(dkm_how_name(unknown[i]), "?");
    assert_string_equal(dkm_how_text(unknown[i]), "?");
    assert_string_equal(dkm_sensitive_name(unknown[i]), "?");
    assert_string_equal(dkm_sensitive_text(unknown[i]), "?");
    assert_string_equal(dkm_limited_name(unknown[i]), "?");
    assert_string_equal(dkm_limited_text(unknown[i]), "?");
  }
}

static void fields_that_are_codes_name_them(void **state) {
  (void)state;
  int n_coded = 0;
  for (int i = 0; i < dkm_n_fields; i++) {
    const dkm_codes *codes = dkm_fields[i].codes;
    if (!codes) continue;
    n_coded++;
    assert_int_equal(dkm_fields[i].type, DKM_UINT8);
    for (int code = 0; code < codes->n; code++) {
      assert_string_not_equal(codes->name(code), "?");
      assert_null(strchr(codes->name(code), ' ')); /* they are words of flag_meanings */
      assert_string_not_equal(codes->text(code), "?");
      for (int before = 0; before < code; before++) assert_string_not_equal(codes->name(code), codes->name(before));
    }
    assert_string_equal(codes->name(codes->n), "?");
    assert_true(codes->n <= DKM_CODE_UNKNOWN);
  }
  assert_int_equal(n_coded, 5); /* verdict, how, failure, sensitive, limited */
}

static void a_code_that_does_not_exist_is_found_in_any_field(void **state) {
  (void)state;
  dkm_record record;
  dkm_record_clear(&record);
  assert_null(dkm_record_unknown_code(&record));
  for (int i = 0; i < dkm_n_fields; i++) {
    const dkm_codes *codes = dkm_fields[i].codes;
    if (!codes) continue;
    uint8_t *code = (uint8_t *)&record + dkm_fields[i].offset, before = *code;
    *code = (uint8_t)codes->n;
    assert_ptr_equal(dkm_record_unknown_code(&record), &dkm_fields[i]);
    *code = before;
  }
}

static void the_checksum_sees_every_reproducible_field_and_no_other(void **state) {
  (void)state;
  const dkm_record record = some_record();
  for (int i = 0; i < dkm_n_fields; i++)
    for (int mu = 0; mu < (dkm_fields[i].shape == DKM_PER_MODE ? M : 1); mu++) {
      dkm_record changed = record;
      unsigned char *byte = (unsigned char *)&changed + dkm_fields[i].offset;
      byte[(size_t)mu * dkm_field_type_bytes(dkm_fields[i].type)] ^= 1; /* the last bit of the value */
      if (strcmp(dkm_fields[i].name, "wall_time") == 0)
        assert_int_equal(checksum(&record), checksum(&changed));
      else
        assert_int_not_equal(checksum(&record), checksum(&changed));
    }
}

static void the_checksum_is_blind_to_unused_modes_and_padding(void **state) {
  (void)state;
  const dkm_record record = some_record();
  dkm_record other;
  memset(&other, 0xff, sizeof other);
  for (int i = 0; i < dkm_n_fields; i++)
    memcpy((char *)&other + dkm_fields[i].offset, (const char *)&record + dkm_fields[i].offset,
           dkm_field_type_bytes(dkm_fields[i].type) * (dkm_fields[i].shape == DKM_PER_MODE ? M : 1));
  assert_memory_not_equal(&record, &other, sizeof record);
  assert_int_equal(checksum(&record), checksum(&other));
}

static void every_nan_has_the_same_checksum(void **state) {
  (void)state;
  dkm_record record = some_record(), other = record;
  const uint64_t negative_with_payload = UINT64_C(0xfff8000000001234);
  record.growth_rate = NAN;
  memcpy(&other.growth_rate, &negative_with_payload, 8);
  assert_true(isnan(other.growth_rate));
  assert_int_equal(checksum(&record), checksum(&other));
}

/* CRC-32 as the ISO 3309 polynomial defines it, bit by bit. */
static uint32_t crc_bitwise(uint32_t crc, uint64_t value, int n_bytes) {
  crc = ~crc;
  for (int i = 0; i < 8 * n_bytes; i++, value >>= 1)
    crc = ((crc ^ value) & 1) ? (crc >> 1) ^ UINT32_C(0xedb88320) : crc >> 1;
  return ~crc;
}

static uint64_t bits_of(double x) {
  uint64_t bits;
  memcpy(&bits, &x, 8);
  return bits;
}

/* The order and the widths are part of the file format: written out once more, by hand. */
static void the_checksum_is_crc32_of_little_endian_values_in_the_tables_order(void **state) {
  (void)state;
  const dkm_record r = some_record();
  uint32_t crc = 0;
  const double *const modes[] = {r.xi, r.xi_rms, r.occupation, r.alpha_re, r.alpha_im};
  for (int i = 0; i < 5; i++)
    for (int mu = 0; mu < M; mu++) crc = crc_bitwise(crc, bits_of(modes[i][mu]), 8);
  crc = crc_bitwise(crc, bits_of(r.xi_error), 8);
  crc = crc_bitwise(crc, bits_of(r.xi_second), 8);
  for (int mu = 0; mu < M; mu++) crc = crc_bitwise(crc, bits_of(r.xi_limit[mu]), 8);
  crc = crc_bitwise(crc, r.verdict, 1);
  crc = crc_bitwise(crc, r.how, 1);
  crc = crc_bitwise(crc, r.method, 1);
  crc = crc_bitwise(crc, r.failure, 1);
  crc = crc_bitwise(crc, (uint8_t)r.retrieved, 1);
  const double before[] = {r.residual, r.drift, r.precession, r.growth_rate, r.decay_rate};
  for (int i = 0; i < 5; i++) crc = crc_bitwise(crc, bits_of(before[i]), 8);
  crc = crc_bitwise(crc, (uint32_t)r.n_unstable, 4);
  crc = crc_bitwise(crc, (uint32_t)r.n_neutral, 4);
  crc = crc_bitwise(crc, bits_of(r.amplitude), 8);
  for (int mu = 0; mu < M; mu++) crc = crc_bitwise(crc, bits_of(r.xi_amplitude[mu]), 8);
  crc = crc_bitwise(crc, bits_of(r.period), 8);
  crc = crc_bitwise(crc, (uint32_t)r.period_multiple, 4);
  const double moving[] = {r.cycle_residual, r.frequency_1, r.frequency_2, r.lyapunov,           r.lyapunov_error,
                           r.lyapunov_times, r.power,          r.power_error, r.amplification, r.amplification_total};
  for (int i = 0; i < 10; i++) crc = crc_bitwise(crc, bits_of(moving[i]), 8);
  crc = crc_bitwise(crc, r.sensitive, 1);
  crc = crc_bitwise(crc, r.limited, 1);
  crc = crc_bitwise(crc, bits_of(r.x_mean), 8);
  crc = crc_bitwise(crc, bits_of(r.x_theory), 8);
  const double after[] = {r.xi_theory, r.g_crit,          r.g_retrieve,            r.L_end,           r.L_limit, r.L_saddle,
                          r.t_settled, r.relaxation_rate, r.relaxation_rate_error, r.relaxation_time, r.t_end};
  for (int i = 0; i < 11; i++) crc = crc_bitwise(crc, bits_of(after[i]), 8);
  crc = crc_bitwise(crc, (uint64_t)r.steps, 8);
  assert_int_equal(checksum(&r), crc);
  double kept[100];
  for (int i = 0; i < 100; i++) {
    kept[i] = 0.01 * i;
    crc = crc_bitwise(crc, bits_of(kept[i]), 8);
  }
  assert_int_equal(dkm_record_checksum(&r, M, kept, 100), crc);
}

/* A CRC is linear: flipping bit j of the input flips a pattern e_j of the output, whatever
 * the input.  So a state with CRC 0 can be solved for, here in the low bits of one double. */
static void the_checksum_is_never_zero(void **state) {
  (void)state;
  const dkm_record record = some_record();
  enum { N_FREE = 48 };
  uint64_t base = bits_of(1.0), solution = 0;
  double value = 1.0;
  uint32_t target = dkm_record_checksum(&record, M, &value, 1), pattern[N_FREE];
  uint64_t made_of[N_FREE];
  for (int j = 0; j < N_FREE; j++) {
    const uint64_t bits = base ^ (UINT64_C(1) << j);
    memcpy(&value, &bits, 8);
    pattern[j] = dkm_record_checksum(&record, M, &value, 1) ^ target;
    made_of[j] = UINT64_C(1) << j;
  }
  for (int bit = 0, row = 0; bit < 32; bit++) { /* Gauss over GF(2) */
    int pivot = row;
    while (pivot < N_FREE && !(pattern[pivot] >> bit & 1)) pivot++;
    if (pivot == N_FREE) continue;
    const uint32_t p = pattern[pivot];
    const uint64_t m = made_of[pivot];
    pattern[pivot] = pattern[row];
    made_of[pivot] = made_of[row];
    pattern[row] = p;
    made_of[row] = m;
    for (int j = row + 1; j < N_FREE; j++)
      if (pattern[j] >> bit & 1) {
        pattern[j] ^= p;
        made_of[j] ^= m;
      }
    if (target >> bit & 1) {
      target ^= p;
      solution ^= m;
    }
    row++;
  }
  assert_int_equal(target, 0);
  base ^= solution;
  memcpy(&value, &base, 8);
  assert_int_equal(dkm_record_checksum(&record, M, &value, 1), 1);
}

static void the_leading_overlap_names_the_pattern_and_its_sign(void **state) {
  (void)state;
  double second;
  assert_int_equal(dkm_record_leading((const double[]){0.1, -0.7, 0.3}, 3, 1e-6, &second), -2);
  assert_true(second == 0.3);
  assert_int_equal(dkm_record_leading((const double[]){0.9, -0.7, 0.3}, 3, 1e-6, &second), 1);
  assert_true(second == 0.7);
  assert_int_equal(dkm_record_leading((const double[]){0.0, 0.0, 2e-6}, 3, 1e-6, &second), 3);
  assert_true(second == 0.0);
  /* Of equal ones the first. */
  assert_int_equal(dkm_record_leading((const double[]){0.2, -0.4, 0.4}, 3, 1e-6, &second), -2);
  assert_true(second == 0.4);
}

static void a_certain_end_names_the_pattern_where_overlaps_do_not_yet(void **state) {
  (void)state;
  static const double way[] = {0.04, 0.0, -0.24}, end[] = {-0.6, 0.1, 0.0};
  dkm_record r;
  dkm_record_clear(&r);
  r.verdict = DKM_VERDICT_RELAXING;
  for (int mu = 0; mu < 3; mu++) {
    r.xi[mu] = way[mu];
    r.xi_limit[mu] = end[mu];
  }
  for (int how = 0; how < DKM_N_HOWS; how++) {
    const bool certain = how == DKM_HOW_SETTLED || how == DKM_HOW_SYMMETRIC;
    r.how = (uint8_t)how;
    assert_int_equal(dkm_record_limit_is_certain(&r), certain);
    dkm_record_name_pattern(&r, 3);
    assert_int_equal(r.retrieved, certain ? -1 : -3);
    assert_true(r.xi_second == 0.04);
  }
  r.how = DKM_HOW_SETTLED;
  r.xi_error = 0.3; /* of the way */
  dkm_record_name_pattern(&r, 3);
  assert_int_equal(r.retrieved, -1);
  r.xi_error = 0.01;
  r.xi_limit[2] = -0.6 * (1 - 1e-12); /* equal but for rounding: that which leads on the way */
  dkm_record_name_pattern(&r, 3);
  assert_int_equal(r.retrieved, -3);
  r.xi_limit[2] = -0.6 * (1 - 1e-5);
  dkm_record_name_pattern(&r, 3);
  assert_int_equal(r.retrieved, -1);
  r.xi_limit[0] = r.xi_limit[1] = r.xi_limit[2] = 0.0;
  dkm_record_name_pattern(&r, 3);
  assert_int_equal(r.retrieved, 0);
  r.xi_limit[0] = NAN;
  r.xi_error = 0.01;
  dkm_record_name_pattern(&r, 3);
  assert_int_equal(r.retrieved, -3);
}

static void small_overlaps_name_no_pattern(void **state) {
  (void)state;
  double second;
  assert_int_equal(dkm_record_leading((const double[]){1e-7, -1e-6}, 2, 1e-6, &second), 0);
  assert_true(second == 1e-7);
  assert_int_equal(dkm_record_leading((const double[]){0.5}, 1, 1e-6, &second), 1);
  assert_true(second == 0.0);
  assert_int_equal(dkm_record_leading((const double[]){0.5, NAN}, 2, 1e-6, &second), 0);
  assert_true(isnan(second));
  assert_int_equal(dkm_record_leading((const double[]){NAN, 0.5}, 2, 1e-6, &second), 0);
  assert_int_equal(dkm_record_leading((const double[]){NAN}, 1, 1e-6, &second), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_table_covers_the_record),
      cmocka_unit_test(every_field_has_a_name_of_its_own_a_unit_and_a_long_name),
      cmocka_unit_test(a_cleared_record_is_undecided_and_not_a_number),
      cmocka_unit_test(codes_have_names_and_unknown_ones_a_question_mark),
      cmocka_unit_test(fields_that_are_codes_name_them),
      cmocka_unit_test(a_code_that_does_not_exist_is_found_in_any_field),
      cmocka_unit_test(the_checksum_sees_every_reproducible_field_and_no_other),
      cmocka_unit_test(the_checksum_is_blind_to_unused_modes_and_padding),
      cmocka_unit_test(every_nan_has_the_same_checksum),
      cmocka_unit_test(the_checksum_is_crc32_of_little_endian_values_in_the_tables_order),
      cmocka_unit_test(the_checksum_is_never_zero),
      cmocka_unit_test(the_leading_overlap_names_the_pattern_and_its_sign),
      cmocka_unit_test(a_certain_end_names_the_pattern_where_overlaps_do_not_yet),
      cmocka_unit_test(small_overlaps_name_no_pattern),
  };
  return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
