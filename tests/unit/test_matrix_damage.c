/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Patterns from damaged files: whatever the bytes are, the answer is a matrix that keeps what matrix.h promises, or one
 * line that says what is wrong.  Made for the sanitizers: each file is parsed where the memory ends with it. */
#include <stdio.h>

#include "cmocka_headers.h"
#include "dickemap/matrix.h"
#include "png_writer.h"

static unsigned random_below(unsigned n) { /* the same everywhere */
  static uint64_t x = 11;
  x = x * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(x >> 33) % n;
}

static void check_matrix(const dkm_matrix *m) {
  assert_in_range(m->n_rows, 1, DKM_MAX_MODES);
  assert_in_range(m->n_columns, 1, DKM_MAX_COLUMNS);
  if (m->width) assert_int_equal((int64_t)m->width * m->height, m->n_columns);
  for (int row = 0; row < m->n_rows; row++) {
    double largest = 0;
    for (int64_t k = 0; k < m->n_columns; k++) {
      const double value = m->values[row * m->n_columns + k];
      assert_true(isfinite(value) && (value != 0 || !signbit(value)));
      if (m->width) assert_true(fabs(value) <= 1);
      largest = fmax(largest, fabs(value));
    }
    assert_true(largest > 0);
  }
}

/* Returns whether they are a matrix. */
static bool parse(const unsigned char *bytes, size_t n) {
  unsigned char *copy = malloc(n ? n : 1);
  assert_non_null(copy);
  memcpy(copy, bytes, n);
  const dkm_matrix_file file = {"damaged", copy, n};
  dkm_status status = DKM_OK;
  for (int reading = DKM_READ_THRESHOLD; reading <= DKM_READ_GREY; reading++) {
    dkm_matrix matrix;
    dkm_error err = {0};
    status = dkm_matrix_parse(1, &file, (dkm_reading)reading, &matrix, &err);
    if (status == DKM_OK) {
      check_matrix(&matrix);
    } else {
      if (status != DKM_INPUT || strncmp(err.message, "damaged:", 8) != 0)
        fail_msg("status %d: %s", status, err.message);
      assert_null(matrix.values);
      assert_int_equal(matrix.n_rows, 0);
    }
    dkm_matrix_free(&matrix);
  }
  free(copy);
  return status == DKM_OK;
}

typedef struct outcome {
  int n_read, n_refused;
} outcome;

static void count(outcome *o, bool is_read) {
  if (is_read)
    o->n_read++;
  else
    o->n_refused++;
}

/* Every length; then n copies with up to eight bytes changed, inserted or removed. `fix` mends what such a file has of
 * checksums, so that damage gets further than to them; NULL: none. */
static outcome damage(const unsigned char *whole, size_t n_bytes, int n, void (*fix)(unsigned char *, size_t)) {
  outcome o = {0};
  assert_true(parse(whole, n_bytes));
  for (size_t length = 0; length < n_bytes; length++) count(&o, parse(whole, length));
  for (int i = 0; i < n; i++) {
    static unsigned char bytes[MAX_PNG_BYTES + 8];
    size_t length = n_bytes;
    memcpy(bytes, whole, n_bytes);
    for (unsigned changes = 1 + random_below(8); changes > 0 && length > 0; changes--) {
      const size_t at = random_below((unsigned)length);
      switch (random_below(4)) {
      case 0: /* a bit */
        bytes[at] ^= (unsigned char)(1u << random_below(8));
        break;
      case 1: /* a byte, often one of the file's own */
        bytes[at] = random_below(2) ? (unsigned char)random_below(256) : whole[random_below((unsigned)n_bytes)];
        break;
      case 2: /* one more */
        memmove(bytes + at + 1, bytes + at, length++ - at);
        break;
      default: /* one less */
        memmove(bytes + at, bytes + at + 1, --length - at);
      }
    }
    if (fix) fix(bytes, length);
    count(&o, parse(bytes, length));
  }
  return o;
}

static outcome damage_text(const char *text, int n) {
  return damage((const unsigned char *)text, strlen(text), n, NULL);
}

static void damaged_texts_are_read_or_refused(void **state) {
  (void)state;
  const outcome o = damage_text("\xEF\xBB\xBF# patterns\r\n1.5, -1 +2e-3 .25\r\n\n-1e2\t0 , 3 0.125 # second\n"
                                "0 0 0 1\n# end",
                                20000);
  assert_true(o.n_read > 100 && o.n_refused > 100);
}

static void damaged_pbms_are_read_or_refused(void **state) {
  (void)state;
  const outcome o = damage_text("P1 # L\n5 4\n1 0 0 0 0\n10000\n10 000#\n11111\n# end", 20000);
  assert_true(o.n_read > 100 && o.n_refused > 100);
}

/* The CRC of each chunk, as far as chunks can be told. */
static void fix_png(unsigned char *bytes, size_t n) {
  for (size_t at = 8; at + 12 <= n;) {
    const size_t length =
        (size_t)bytes[at] << 24 | (size_t)bytes[at + 1] << 16 | (size_t)bytes[at + 2] << 8 | bytes[at + 3];
    if (length > n - at - 12) return;
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = at + 4; i < at + 8 + length; i++) {
      crc ^= bytes[i];
      for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    for (int i = 0; i < 4; i++) bytes[at + 8 + length + (size_t)i] = (unsigned char)(~crc >> (24 - 8 * i));
    at += 12 + length;
  }
}

static void damaged_pngs_are_read_or_refused(void **state) {
  (void)state;
  enum { WIDTH = 9, HEIGHT = 7 };
  static const int kinds[][2] = {{PNG_COLOR_TYPE_GRAY, 1},       {PNG_COLOR_TYPE_GRAY, 16},
                                 {PNG_COLOR_TYPE_PALETTE, 2},    {PNG_COLOR_TYPE_PALETTE, 8},
                                 {PNG_COLOR_TYPE_RGB, 8},        {PNG_COLOR_TYPE_RGB, 16},
                                 {PNG_COLOR_TYPE_GRAY_ALPHA, 8}, {PNG_COLOR_TYPE_RGB_ALPHA, 16}};
  static const png_color palette[4] = {{0, 0, 0}, {9, 99, 199}, {255, 255, 255}, {1, 2, 3}};
  static const png_byte alpha[3] = {255, 0, 100};
  static png_bytes storage;
  outcome all = {0};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    for (int interlaced = 0; interlaced < 2; interlaced++) {
      unsigned short samples[4 * WIDTH * HEIGHT];
      const bool has_palette = kinds[i][0] == PNG_COLOR_TYPE_PALETTE;
      const unsigned n_samples = has_palette ? 4 : 1u << kinds[i][1];
      for (int k = 0; k < 4 * WIDTH * HEIGHT; k++) samples[k] = (unsigned short)random_below(n_samples);
      const png_picture p = {.kind = kinds[i][0],
                             .depth = kinds[i][1],
                             .width = WIDTH,
                             .height = HEIGHT,
                             .interlaced = interlaced,
                             .samples = samples,
                             .n_colours = 4,
                             .n_alpha = 3,
                             .palette = has_palette ? palette : NULL,
                             .alpha = has_palette ? alpha : NULL};
      const dkm_matrix_file file = write_png(&p, &storage);
      const outcome o = damage(storage.bytes, file.n_bytes, 1000, NULL),
                    fixed = damage(storage.bytes, file.n_bytes, 2000, fix_png);
      all.n_read += o.n_read + fixed.n_read;
      all.n_refused += o.n_refused + fixed.n_refused;
    }
  assert_true(all.n_read > 100 && all.n_refused > 10000);
}

static void random_bytes_are_read_or_refused(void **state) {
  (void)state;
  static const char *const heads[] = {"", "P1 ", "P1\n3 3\n", "\x89PNG\r\n\x1a\n", "1 2\n", "#", "-", "\xEF\xBB\xBF"};
  static const char signs[] = "0123456789 \t\n\r,#+-.eEPxn";
  int n_read = 0;
  for (int i = 0; i < 40000; i++) {
    unsigned char bytes[128];
    const char *head = heads[random_below(sizeof heads / sizeof *heads)];
    const size_t n_head = strlen(head), n = n_head + random_below(100);
    const bool is_binary = random_below(3) == 0;
    memcpy(bytes, head, n_head);
    for (size_t at = n_head; at < n; at++)
      bytes[at] = (unsigned char)(is_binary ? random_below(256) : (unsigned char)signs[random_below(sizeof signs - 1)]);
    if (parse(bytes, n)) n_read++;
  }
  assert_true(n_read > 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(damaged_texts_are_read_or_refused),
      cmocka_unit_test(damaged_pbms_are_read_or_refused),
      cmocka_unit_test(damaged_pngs_are_read_or_refused),
      cmocka_unit_test(random_bytes_are_read_or_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
