/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PNG images, written by libpng, as patterns. */
#include <stdio.h>
#include <zlib.h>

#include "cmocka_headers.h"
#include "dickemap/matrix.h"
#include "png_writer.h"

/* ---- memory that is counted, and that is short at a certain call ---- */

static size_t largest;
static int calls_left = -1; /* until one fails; -1: none does */

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_malloc(size_t n) {
  if (n > largest) largest = n;
  if (calls_left == 0) return NULL;
  if (calls_left > 0) calls_left--;
  return __real_malloc(n);
}

void *__real_calloc(size_t n, size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes) {
  if (n * bytes > largest) largest = n * bytes;
  if (calls_left == 0) return NULL;
  if (calls_left > 0) calls_left--;
  return __real_calloc(n, bytes);
}

/* ---- pictures ---- */

enum { WIDTH = 11, HEIGHT = 9, N = WIDTH * HEIGHT, MAX_COLOURS = 256 };

static png_bytes storage;

static unsigned random_below(unsigned n) { /* the same everywhere */
  static uint64_t x = 1;
  x = x * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(x >> 33) % n;
}

/* Every kind and depth that there is. */
static const struct {
  int kind, depth;
} kinds[] = {{PNG_COLOR_TYPE_GRAY, 1},        {PNG_COLOR_TYPE_GRAY, 2},      {PNG_COLOR_TYPE_GRAY, 4},
             {PNG_COLOR_TYPE_GRAY, 8},        {PNG_COLOR_TYPE_GRAY, 16},     {PNG_COLOR_TYPE_PALETTE, 1},
             {PNG_COLOR_TYPE_PALETTE, 2},     {PNG_COLOR_TYPE_PALETTE, 4},   {PNG_COLOR_TYPE_PALETTE, 8},
             {PNG_COLOR_TYPE_RGB, 8},         {PNG_COLOR_TYPE_RGB, 16},      {PNG_COLOR_TYPE_GRAY_ALPHA, 8},
             {PNG_COLOR_TYPE_GRAY_ALPHA, 16}, {PNG_COLOR_TYPE_RGB_ALPHA, 8}, {PNG_COLOR_TYPE_RGB_ALPHA, 16}};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

typedef struct random_picture {
  png_picture p;
  unsigned short samples[4 * N];
  png_color palette[MAX_COLOURS];
  png_byte alpha[MAX_COLOURS];
  png_color_16 transparent;
} random_picture;

static void draw(random_picture *r, int kind, int depth, bool interlaced, bool transparent) {
  const int n_channels = png_channels(kind);
  *r =
      (random_picture){.p = {.kind = kind, .depth = depth, .width = WIDTH, .height = HEIGHT, .interlaced = interlaced}};
  r->p.samples = r->samples;
  for (int i = 0; i < N * n_channels; i++) r->samples[i] = (unsigned short)random_below(1u << depth);
  if (kind == PNG_COLOR_TYPE_PALETTE) {
    r->p.n_colours = 1 << depth;
    r->p.palette = r->palette;
    for (int i = 0; i < r->p.n_colours; i++)
      r->palette[i] =
          (png_color){(png_byte)random_below(256), (png_byte)random_below(256), (png_byte)random_below(256)};
    r->p.n_alpha = transparent ? (1 << depth) - 1 : 0; /* the last colour has none */
    r->p.alpha = transparent ? r->alpha : NULL;
    for (int i = 0; i < r->p.n_alpha; i++) r->alpha[i] = (png_byte)random_below(256);
  } else if (transparent) { /* the colour of the pixel in the middle */
    const unsigned short *middle = r->samples + N / 2 * n_channels;
    if (kind == PNG_COLOR_TYPE_GRAY) r->transparent = (png_color_16){.gray = middle[0]};
    if (kind == PNG_COLOR_TYPE_RGB)
      r->transparent = (png_color_16){.red = middle[0], .green = middle[1], .blue = middle[2]};
    r->p.transparent = &r->transparent;
  }
}

/* Blackness of a pixel from +1 to -1, in floating point and by another way than the library. */
static double blackness(const random_picture *r, int k) {
  const png_picture *p = &r->p;
  const unsigned short *s = r->samples + k * png_channels(p->kind);
  const double most = p->kind == PNG_COLOR_TYPE_PALETTE ? 255 : (1 << p->depth) - 1;
  double red = s[0], green = s[0], blue = s[0], alpha = most;
  if (p->kind == PNG_COLOR_TYPE_PALETTE) {
    red = r->palette[s[0]].red, green = r->palette[s[0]].green, blue = r->palette[s[0]].blue;
    if (s[0] < p->n_alpha) alpha = r->alpha[s[0]];
  }
  if (p->kind & PNG_COLOR_MASK_ALPHA) alpha = s[png_channels(p->kind) - 1];
  if (p->kind == PNG_COLOR_TYPE_RGB || p->kind == PNG_COLOR_TYPE_RGB_ALPHA) green = s[1], blue = s[2];
  if (p->transparent && p->kind == PNG_COLOR_TYPE_GRAY && red == r->transparent.gray) alpha = 0;
  if (p->transparent && p->kind == PNG_COLOR_TYPE_RGB && red == r->transparent.red && green == r->transparent.green &&
      blue == r->transparent.blue)
    alpha = 0;
  const double opacity = alpha / most, grey = 0.299 * red / most + 0.587 * green / most + 0.114 * blue / most;
  return 1 - 2 * (1 - opacity + opacity * grey);
}

static void check_picture(const random_picture *r) {
  const dkm_matrix_file file = write_png(&r->p, &storage);
  dkm_matrix grey, ink;
  dkm_error err = {0};
  if (dkm_matrix_parse(1, &file, DKM_READ_GREY, &grey, &err)) fail_msg("%s", err.message);
  if (dkm_matrix_parse(1, &file, DKM_READ_THRESHOLD, &ink, &err)) fail_msg("%s", err.message);
  assert_int_equal(grey.n_rows, 1);
  assert_int_equal(grey.width, WIDTH);
  assert_int_equal(grey.height, HEIGHT);
  assert_int_equal(grey.n_columns, N);
  for (int k = 0; k < N; k++) {
    const double wanted = blackness(r, k);
    if (!(fabs(grey.values[k] - wanted) <= 1e-15))
      fail_msg("kind %d, depth %d, interlaced %d, pixel %d: %.17g, not %.17g", r->p.kind, r->p.depth, r->p.interlaced,
               k, grey.values[k], wanted);
    assert_true(fabs(ink.values[k]) == 1);
    if (fabs(wanted) > 1e-12) assert_true(ink.values[k] == (wanted > 0 ? 1 : -1));
  }
  dkm_matrix_free(&grey);
  dkm_matrix_free(&ink);
}

static void every_kind_and_depth_is_read(void **state) {
  (void)state;
  random_picture r;
  for (int i = 0; i < N_KINDS; i++)
    for (int interlaced = 0; interlaced < 2; interlaced++)
      for (int transparent = 0; transparent < 2; transparent++) {
        if (transparent && (kinds[i].kind & PNG_COLOR_MASK_ALPHA)) continue;
        draw(&r, kinds[i].kind, kinds[i].depth, interlaced, transparent);
        check_picture(&r);
      }
}

/* ---- exact values ---- */

static dkm_matrix parse_grey(const unsigned short *samples, int kind, int width, int height, dkm_reading reading) {
  const png_picture p = {.kind = kind, .depth = 8, .width = width, .height = height, .samples = samples};
  const dkm_matrix_file file = write_png(&p, &storage);
  dkm_matrix matrix;
  dkm_error err = {0};
  if (dkm_matrix_parse(1, &file, reading, &matrix, &err)) fail_msg("%s", err.message);
  return matrix;
}

static void black_is_plus_one_and_white_minus_one(void **state) {
  (void)state;
  const unsigned short samples[] = {0, 255, 51, 204, 127, 128};
  const double grey[] = {1, -1, 0.6, -0.6, 1.0 / 255, -1.0 / 255}, ink[] = {1, -1, 1, -1, 1, -1};
  dkm_matrix matrix = parse_grey(samples, PNG_COLOR_TYPE_GRAY, 3, 2, DKM_READ_GREY);
  assert_memory_equal(matrix.values, grey, sizeof grey);
  dkm_matrix_free(&matrix);
  matrix = parse_grey(samples, PNG_COLOR_TYPE_GRAY, 3, 2, DKM_READ_THRESHOLD);
  assert_memory_equal(matrix.values, ink, sizeof ink);
  dkm_matrix_free(&matrix);
}

/* Few colours are 127500 of 255000, exactly half. */
static void half_grey(unsigned short rgb[3]) {
  for (unsigned r = 0; r < 256; r++)
    for (unsigned g = 0; g < 256; g++)
      for (unsigned b = 0; b < 256; b++)
        if (r != g && 299 * r + 587 * g + 114 * b == 127500) {
          rgb[0] = (unsigned short)r, rgb[1] = (unsigned short)g, rgb[2] = (unsigned short)b;
          return;
        }
  fail_msg("no colour is half grey");
}

static void exactly_half_is_paper_and_coupling_zero(void **state) {
  (void)state;
  unsigned short samples[6] = {0};
  half_grey(samples);
  dkm_matrix matrix = parse_grey(samples, PNG_COLOR_TYPE_RGB, 2, 1, DKM_READ_THRESHOLD);
  assert_close(matrix.values[0], -1, 0);
  dkm_matrix_free(&matrix);
  matrix = parse_grey(samples, PNG_COLOR_TYPE_RGB, 2, 1, DKM_READ_GREY);
  assert_memory_equal(matrix.values, ((const double[]){0, 1}), 2 * sizeof(double));
  dkm_matrix_free(&matrix);
}

static void one_colour_may_be_transparent(void **state) {
  (void)state;
  const unsigned short samples[] = {0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0};
  const double ink[] = {-1, 1, 1, 1};
  const png_color_16 black = {0};
  const png_picture p = {
      .kind = PNG_COLOR_TYPE_RGB, .depth = 8, .width = 4, .height = 1, .samples = samples, .transparent = &black};
  const dkm_matrix_file file = write_png(&p, &storage);
  dkm_matrix matrix;
  assert_int_equal(dkm_matrix_parse(1, &file, DKM_READ_THRESHOLD, &matrix, NULL), DKM_OK);
  assert_memory_equal(matrix.values, ink, sizeof ink);
  dkm_matrix_free(&matrix);
}

/* ---- what is refused ---- */

static void refuses(const dkm_matrix_file *file, dkm_status status, const char *message) {
  dkm_matrix matrix;
  dkm_error err = {0};
  assert_int_equal(dkm_matrix_parse(1, file, DKM_READ_GREY, &matrix, &err), status);
  assert_string_equal(err.message, message);
  assert_null(matrix.values);
}

static void a_picture_without_any_coupling_is_refused(void **state) {
  (void)state;
  unsigned short samples[6];
  half_grey(samples);
  half_grey(samples + 3);
  const png_picture p = {.kind = PNG_COLOR_TYPE_RGB, .depth = 8, .width = 2, .height = 1, .samples = samples};
  const dkm_matrix_file file = write_png(&p, &storage);
  refuses(&file, DKM_INPUT,
          "picture.png: is half grey everywhere, which is coupling 0, but must have some other pixel");
}

/* Puts a size into the head, with the right checksum. */
static void claim_size(unsigned char *png, uint32_t width, uint32_t height) {
  for (int i = 0; i < 4; i++) {
    png[16 + i] = (unsigned char)(width >> (24 - 8 * i));
    png[20 + i] = (unsigned char)(height >> (24 - 8 * i));
  }
  const uLong crc = crc32(0, png + 12, 17);
  for (int i = 0; i < 4; i++) png[29 + i] = (unsigned char)(crc >> (24 - 8 * i));
}

static void a_huge_picture_is_refused_with_its_number_before_memory_is_asked_for(void **state) {
  (void)state;
  random_picture r;
  draw(&r, PNG_COLOR_TYPE_GRAY, 1, false, false);
  const dkm_matrix_file file = write_png(&r.p, &storage);
  claim_size(storage.bytes, 50000, 20000);
  largest = 0;
  refuses(&file, DKM_INPUT,
          "picture.png: is an image of 50000 x 20000 = 1000000000 pixels, but must have at most 1048576");
  claim_size(storage.bytes, UINT32_MAX, UINT32_MAX);
  refuses(&file, DKM_INPUT,
          "picture.png: is an image of 4294967295 x 4294967295 = 1.8446744065119617e+19 pixels, but must have at most "
          "1048576");
  claim_size(storage.bytes, 0, 3);
  refuses(&file, DKM_INPUT, "picture.png: is an image of 0 x 3 pixels, but must have some");
  assert_true(largest < 4096); /* what the C library takes for messages */
}

static void the_largest_picture_is_read(void **state) {
  (void)state;
  static const unsigned short none[DKM_MAX_COLUMNS];
  const png_picture p = {
      .kind = PNG_COLOR_TYPE_GRAY, .depth = 1, .width = DKM_MAX_COLUMNS, .height = 1, .samples = none};
  const dkm_matrix_file file = write_png(&p, &storage);
  dkm_matrix matrix;
  dkm_error err = {0};
  if (dkm_matrix_parse(1, &file, DKM_READ_GREY, &matrix, &err)) fail_msg("%s", err.message);
  assert_int_equal(matrix.n_columns, DKM_MAX_COLUMNS);
  assert_close(matrix.values[DKM_MAX_COLUMNS - 1], 1, 0);
  dkm_matrix_free(&matrix);
}

static void damaged_pictures_are_refused(void **state) {
  (void)state;
  random_picture r;
  draw(&r, PNG_COLOR_TYPE_GRAY, 8, false, false);
  dkm_matrix_file file = write_png(&r.p, &storage);
  const size_t whole = file.n_bytes;
  const char *const too_early = "picture.png: is a corrupt or truncated PNG image: it ends too early";
  file.n_bytes = whole - 1;
  refuses(&file, DKM_INPUT, too_early);
  file.n_bytes = whole - 12; /* all but the end mark */
  refuses(&file, DKM_INPUT, too_early);
  file.n_bytes = whole / 2;
  refuses(&file, DKM_INPUT, too_early);
  file.n_bytes = 20;
  refuses(&file, DKM_INPUT, "picture.png: is a corrupt or truncated PNG image: it ends within its head");
  file.n_bytes = 4;
  refuses(&file, DKM_INPUT, "picture.png: is a corrupt or truncated PNG image: it ends within its head");
  file.n_bytes = whole;
  storage.bytes[whole / 2] ^= 1;
  dkm_matrix matrix;
  dkm_error err = {0};
  assert_int_equal(dkm_matrix_parse(1, &file, DKM_READ_GREY, &matrix, &err), DKM_INPUT);
  assert_non_null(
      strstr(err.message, "picture.png: is a corrupt or truncated PNG image: IDAT: ")); /* in libpng's words */
  storage.bytes[12] = 'X';
  refuses(&file, DKM_INPUT, "picture.png: is a corrupt or truncated PNG image: it does not begin with its head (IHDR)");
  memmove(storage.bytes + 4, storage.bytes + 5, whole - 5); /* CR LF became LF */
  refuses(&file, DKM_INPUT,
          "picture.png: is a corrupt or truncated PNG image: its first 8 bytes are damaged, as by a transfer as text");
}

/* libpng calls that benign, and would take black. */
static void a_colour_that_the_palette_does_not_have_is_refused(void **state) {
  (void)state;
  random_picture r;
  draw(&r, PNG_COLOR_TYPE_PALETTE, 4, true, false);
  for (int k = 0; k < N; k++) r.samples[k] %= 5;
  r.p.n_colours = 5;
  check_picture(&r);
  r.samples[3 * WIDTH + 7] = 5;
  const dkm_matrix_file file = write_png(&r.p, &storage);
  refuses(&file, DKM_INPUT,
          "picture.png: is a corrupt or truncated PNG image: its pixel in row 4, column 8 has colour 5 of "
          "a palette of 5, counted from 0");
}

/* A text of 4 MiB packs to 4 kB; libpng itself refuses those of 8 MB. */
static void texts_in_a_picture_are_not_unpacked(void **state) {
  (void)state;
  enum { TEXT_BYTES = 1 << 22 };
  char *text = malloc(TEXT_BYTES);
  assert_non_null(text);
  memset(text, 'x', TEXT_BYTES - 1);
  text[TEXT_BYTES - 1] = '\0';
  random_picture r;
  draw(&r, PNG_COLOR_TYPE_GRAY, 8, false, false);
  r.p.comment = text;
  const dkm_matrix_file file = write_png(&r.p, &storage);
  free(text);
  dkm_matrix matrix;
  largest = 0;
  assert_int_equal(dkm_matrix_parse(1, &file, DKM_READ_GREY, &matrix, NULL), DKM_OK);
  assert_true(largest < 1 << 17);
  dkm_matrix_free(&matrix);
}

static void without_memory_at_any_moment_the_answer_is_that(void **state) {
  (void)state;
  random_picture r;
  draw(&r, PNG_COLOR_TYPE_PALETTE, 8, true, true);
  const dkm_matrix_file file = write_png(&r.p, &storage);
  dkm_status status = DKM_MEMORY;
  int n = 0;
  for (; status == DKM_MEMORY; n++) {
    dkm_matrix matrix;
    dkm_error err = {0};
    calls_left = n;
    status = dkm_matrix_parse(1, &file, DKM_READ_GREY, &matrix, &err);
    calls_left = -1;
    if (status != DKM_OK && status != DKM_MEMORY) fail_msg("call %d: %s", n, err.message);
    assert_true((status == DKM_OK) == (matrix.values != NULL));
    dkm_matrix_free(&matrix);
  }
  assert_true(n > 5); /* values, libpng's two structures, zlib's, samples */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_kind_and_depth_is_read),
      cmocka_unit_test(black_is_plus_one_and_white_minus_one),
      cmocka_unit_test(exactly_half_is_paper_and_coupling_zero),
      cmocka_unit_test(one_colour_may_be_transparent),
      cmocka_unit_test(a_picture_without_any_coupling_is_refused),
      cmocka_unit_test(a_huge_picture_is_refused_with_its_number_before_memory_is_asked_for),
      cmocka_unit_test(the_largest_picture_is_read),
      cmocka_unit_test(damaged_pictures_are_refused),
      cmocka_unit_test(a_colour_that_the_palette_does_not_have_is_refused),
      cmocka_unit_test(texts_in_a_picture_are_not_unpacked),
      cmocka_unit_test(without_memory_at_any_moment_the_answer_is_that),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
