/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Patterns from texts and from PBM images; what belongs to all kinds of files. PNG: test_matrix_png.c. */
#include "dickemap/matrix.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmocka_headers.h"
#include "test_folder.h"

static dkm_matrix_file file_of(const char *name, const char *text) {
  return (dkm_matrix_file){name, text, strlen(text)};
}

/* A copy that ends where the text ends, so that a sanitizer sees a look behind it. */
static dkm_status parse_bytes(const char *name, const void *bytes, size_t n, dkm_matrix *matrix, dkm_error *err) {
  void *copy = malloc(n ? n : 1);
  assert_non_null(copy);
  memcpy(copy, bytes, n);
  const dkm_matrix_file file = {name, copy, n};
  const dkm_status status = dkm_matrix_parse(1, &file, DKM_READ_THRESHOLD, matrix, err);
  free(copy);
  return status;
}

static void reads(const char *text, int n_rows, int64_t n_columns, const double *values) {
  dkm_matrix matrix;
  dkm_error err = {0};
  if (parse_bytes("m.txt", text, strlen(text), &matrix, &err)) fail_msg("%s", err.message);
  assert_int_equal(matrix.n_rows, n_rows);
  assert_int_equal(matrix.n_columns, n_columns);
  for (int64_t i = 0; i < n_rows * n_columns; i++)
    if (memcmp(&matrix.values[i], &values[i], sizeof *values) != 0)
      fail_msg("number %lld is %.17g, not %.17g", (long long)i, matrix.values[i], values[i]);
  dkm_matrix_free(&matrix);
  assert_null(matrix.values);
}

static void refuses_bytes(const void *bytes, size_t n, const char *message) {
  dkm_matrix matrix = {.n_rows = 7};
  dkm_error err = {0};
  assert_int_equal(parse_bytes("m", bytes, n, &matrix, &err), DKM_INPUT);
  assert_string_equal(err.message, message);
  assert_null(matrix.values);
  assert_int_equal(matrix.n_rows, 0);
}

static void refuses(const char *text, const char *message) {
  refuses_bytes(text, strlen(text), message);
}

/* ---- texts ---- */

static void a_text_is_rows_of_numbers(void **state) {
  (void)state;
  const double wanted[] = {1, -1, 0.5, 2, 0, 1e-3};
  reads("1 -1 0.5\n2 0 1e-3\n", 2, 3, wanted);
  reads("1 -1 0.5\n2 0 1e-3", 2, 3, wanted);
  reads("\t+1, -1.0,0.5\t\r\n 2.,0  ,\t.1E-02\r\n", 2, 3, wanted);
  reads("# two patterns\n\n1 -1 .5 # the first\r\n \t \n#2 3\n2 -0 1e-3#", 2, 3, wanted);
  reads("\xEF\xBB\xBF"
        "1 -1 0.5\n2 0 1e-3\n",
        2, 3, wanted);
  reads("7", 1, 1, (const double[]){7});
}

static void a_text_has_width_and_height_0(void **state) {
  (void)state;
  dkm_matrix matrix;
  assert_int_equal(parse_bytes("m", "1 2\n", 4, &matrix, NULL), DKM_OK);
  assert_int_equal(matrix.width, 0);
  assert_int_equal(matrix.height, 0);
  dkm_matrix_free(&matrix);
}

static void numbers_are_read_to_the_last_bit(void **state) {
  (void)state;
  reads("0.1 1e-320 1.7976931348623157e308 9007199254740993 -0.333333333333333333333333333333333333333333333333", 1, 5,
        (const double[]){0.1, 1e-320, 1.7976931348623157e308, 9007199254740992.0, -1.0 / 3});
}

/* A locale with a decimal comma: one of the machine, or one made into a folder. */
static bool set_decimal_comma(const char *folder) {
  static const char *const names[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "fr_FR"};
  char command[512];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (setlocale(LC_NUMERIC, names[i])) return true;
  snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 '%s/de_DE.UTF-8' >'%s/log' 2>&1", folder, folder);
  return system(command) == 0 && setenv("LOCPATH", folder, 1) == 0 && setlocale(LC_NUMERIC, "de_DE.UTF-8");
}

static void the_decimal_point_is_a_point_in_every_locale(void **state) {
  (void)state;
  char folder[200], command[256];
  assert_true(make_test_folder("locale", folder, sizeof folder));
  const bool is_set = set_decimal_comma(folder);
  snprintf(command, sizeof command, "rm -r '%s'", folder);
  assert_int_equal(system(command), 0);
  if (!is_set) skip();
  assert_close(strtod("0,5", NULL), 0.5, 0);
  reads("0.5 -1.25e1\n", 1, 2, (const double[]){0.5, -12.5});
  setlocale(LC_NUMERIC, "C");
}

static void a_row_of_another_length_is_named_with_its_line(void **state) {
  (void)state;
  refuses("# G\n\n1 1 1\n1 -1 1\n1 -1\n",
          "m:5: has 2 numbers, but the first row (line 3) has 3; all must have as many");
  refuses("1 1\n1 1 1\n", "m:2: has 3 numbers, but the first row (line 1) has 2; all must have as many");
  refuses("1 1 1\n1\n", "m:2: has 1 number, but the first row (line 1) has 3; all must have as many");
}

static void what_is_no_number_is_named_with_line_and_column(void **state) {
  (void)state;
  refuses("1 2\n1 two\n", "m:2: 'two' in column 3 is not a number; allowed: finite decimal numbers");
  refuses("1;2;3\n", "m:1: '1;2;3' in column 1 is not a number; allowed: finite decimal numbers");
  static const char *const words[] = {"0x10", "1e", "1e+", ".", "-",    "+-1",  "1.2.3", "1d0",
                                      "--1",  "e5", "1_0", "½", "1\r2", "1e5.", "'1'"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    char text[64], message[128];
    snprintf(text, sizeof text, "1, %s,2\n", words[i]);
    snprintf(message, sizeof message, "m:1: '%s' in column 4 is not a number; allowed: finite decimal numbers",
             strcmp(words[i], "1\r2") == 0 ? "1 2" : words[i]);
    refuses(text, message);
  }
}

static void a_number_has_up_to_127_characters(void **state) {
  (void)state;
  char text[256] = "";
  memset(text, '0', 127);
  text[126] = '3';
  reads(text, 1, 1, (const double[]){3});
  strcpy(text + 126, "03");
  refuses(text,
          "m:1: '0000000000000000000000000000000000000000...' in column 1 is not a number; allowed: finite decimal "
          "numbers");
}

static void what_is_not_finite_is_refused(void **state) {
  (void)state;
  static const char *const words[] = {"nan", "-inf", "Infinity", "1e309", "-2e308"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    char text[64], message[128];
    snprintf(text, sizeof text, "1 2\n3 %s", words[i]);
    snprintf(message, sizeof message, "m:2: '%s' in column 3 is not a finite number; allowed: finite decimal numbers",
             words[i]);
    refuses(text, message);
  }
}

static void commas_stand_between_numbers(void **state) {
  (void)state;
  refuses("1,,2\n", "m:1: a number is missing before the comma in column 3");
  refuses("1 , , 2\n", "m:1: a number is missing before the comma in column 5");
  refuses("1\n,2\n", "m:2: a number is missing before the comma in column 1");
  refuses("1, 2,\n", "m:1: a number is missing behind the comma in column 5");
  refuses("1, 2, # and so on\n", "m:1: a number is missing behind the comma in column 5");
}

static void a_row_of_zeros_is_refused(void **state) {
  (void)state;
  refuses("1 0\n# zero\n0 -0.0\n", "m:3: row 2 is 0 everywhere, but must have some other number");
}

static void a_column_of_zeros_is_allowed(void **state) {
  (void)state;
  reads("1 0\n-1 0\n", 2, 2, (const double[]){1, 0, -1, 0});
}

static void twenty_rows_are_allowed_and_no_more(void **state) {
  (void)state;
  char text[256] = "";
  double ones[20];
  for (int i = 0; i < 20; i++) {
    strcat(text, "1\n");
    ones[i] = 1;
  }
  reads(text, 20, 1, ones);
  strcat(text, "\n-1\n");
  refuses(text, "m:22: is row 21 of 21, but at most 20 are allowed (a row is a pattern, a column is a spin)");
  strcat(text, "2\n3\n");
  refuses(text, "m:22: is row 21 of 23, but at most 20 are allowed (a row is a pattern, a column is a spin)");
}

static void a_row_has_up_to_2_to_the_20_numbers(void **state) {
  (void)state;
  const size_t n = DKM_MAX_COLUMNS, n_bytes = 2 * n + 4;
  char *text = malloc(n_bytes);
  assert_non_null(text);
  for (size_t i = 0; i < n_bytes / 2; i++) memcpy(text + 2 * i, "1 ", 2);
  dkm_matrix matrix;
  assert_int_equal(parse_bytes("m", text, 2 * n, &matrix, NULL), DKM_OK);
  assert_int_equal(matrix.n_columns, DKM_MAX_COLUMNS);
  assert_close(matrix.values[DKM_MAX_COLUMNS - 1], 1, 0);
  dkm_matrix_free(&matrix);
  refuses_bytes(text, n_bytes, "m:1: has 1048578 numbers, but a row must have at most 1048576");
  free(text);
}

static void a_file_without_numbers_is_refused(void **state) {
  (void)state;
  refuses("", "m: is empty");
  refuses("\n \t\r\n# nothing", "m: has no numbers, but blanks and comments at most");
}

static void what_is_neither_text_nor_image_is_refused(void **state) {
  (void)state;
  refuses_bytes("1 \0 2", 5, "m: is neither a text of numbers (byte 3 is 0x00) nor an image in PBM (P1) or PNG");
  refuses_bytes("1\x1b", 2, "m: is neither a text of numbers (byte 2 is 0x1b) nor an image in PBM (P1) or PNG");
  refuses_bytes("\xFF\xD8\xFF\xE0\0", 5,
                "m: is neither a text of numbers (byte 5 is 0x00) nor an image in PBM (P1) or PNG"); /* JPEG */
  refuses("1\x7F", "m: is neither a text of numbers (byte 2 is 0x7f) nor an image in PBM (P1) or PNG");
  refuses_bytes("\0", 1, "m: is neither a text of numbers (byte 1 is 0x00) nor an image in PBM (P1) or PNG");
}

static void other_images_of_netpbm_are_named(void **state) {
  (void)state;
  static const char *const kinds[] = {"PGM, P2", "PPM, P3", "PBM, P4", "PGM, P5", "PPM, P6", "PAM, P7"};
  for (int i = 0; i < 6; i++) {
    char text[64], message[256];
    snprintf(text, sizeof text, "P%d\n2 2\n255\n0 0 0 0\n", i + 2);
    snprintf(message, sizeof message,
             "m: is an image of a kind that is not read (%s); PBM in its plain kind (P1) and PNG are", kinds[i]);
    refuses(text, message);
  }
}

/* ---- PBM ---- */

static void ones_of_a_pbm_are_ink(void **state) {
  (void)state;
  static const char *const texts[] = {"P1\n3 2\n1 0 0\n0 1 1\n", "P1 3 2 100011",
                                      "P1#L\n# 3\n3# w\n2#h\n10#0\n0 # 1\n011#", "P1\r\n3 2\r\n100\r\n011\r\n"};
  const double wanted[] = {1, -1, -1, -1, 1, 1};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    dkm_matrix matrix;
    dkm_error err = {0};
    if (parse_bytes("l.pbm", texts[i], strlen(texts[i]), &matrix, &err)) fail_msg("%s", err.message);
    assert_int_equal(matrix.n_rows, 1);
    assert_int_equal(matrix.n_columns, 6);
    assert_int_equal(matrix.width, 3);
    assert_int_equal(matrix.height, 2);
    assert_memory_equal(matrix.values, wanted, sizeof wanted);
    dkm_matrix_free(&matrix);
  }
}

static void a_wrong_pixel_of_a_pbm_is_named(void **state) {
  (void)state;
  refuses("P1 # x\n2 2\n1 0\n1 2\n",
          "m:4: '2' in column 3 is no pixel (4 of 4; row 2, column 2); allowed: 0 (paper) and 1 (ink)");
  refuses_bytes("P1\n2 2\n1\0", 9,
                "m:3: 0x00 in column 2 is no pixel (2 of 4; row 1, column 2); allowed: 0 (paper) and 1 "
                "(ink)");
}

static void a_pbm_of_another_length_is_refused(void **state) {
  (void)state;
  refuses("P1\n2 2\n1 0 1", "m:3: ends after 3 of 2 x 2 = 4 pixels");
  refuses("P1\n2 2\n10\n101\n", "m:4: goes on in column 3, behind all of the 2 x 2 = 4 pixels");
}

static void a_pbm_without_size_is_refused(void **state) {
  (void)state;
  refuses("P1", "m:1: ends before its width; P1, width, height and pixels are wanted");
  refuses("P1\n16 # no more\n", "m:3: ends before its height; P1, width, height and pixels are wanted");
  refuses("P1\n16 x\n", "m:2: 'x' in column 4 is not the height of the image, a number from 1 to 1048576");
  refuses("P1\n-3 2\n", "m:2: '-' in column 1 is not the width of the image, a number from 1 to 1048576");
  refuses("P1\n3 0\n", "m:2: the height in column 3 is 0, but must be from 1 to 1048576");
  refuses("P1\n18446744073709551618 1\n10\n", /* 2^64 + 2 */
          "m:2: the width in column 1 is more than 2147483647, but must be from 1 to 1048576");
}

static void a_pbm_of_too_many_pixels_is_refused_with_their_number(void **state) {
  (void)state;
  refuses("P1\n1024 1025\n1", "m: is an image of 1024 x 1025 = 1049600 pixels, but must have at most 1048576");
  refuses("P1\n2147483647 2147483647\n1",
          "m: is an image of 2147483647 x 2147483647 = 4.6116860141324206e+18 pixels, but must have at most 1048576");
}

/* ---- several files ---- */

static const char *const corner = "P1 2 2 1000", *const bar = "P1 2 2 1010", *const line = "P1 4 1 0110",
                         *const tall = "P1 2 3 100000";

static void a_list_of_images_is_a_matrix(void **state) {
  (void)state;
  const dkm_matrix_file files[] = {file_of("corner.pbm", corner), file_of("bar.pbm", bar)};
  const double wanted[] = {1, -1, -1, -1, 1, -1, 1, -1};
  dkm_matrix matrix;
  assert_int_equal(dkm_matrix_parse(2, files, DKM_READ_GREY, &matrix, NULL), DKM_OK);
  assert_int_equal(matrix.n_rows, 2);
  assert_int_equal(matrix.n_columns, 4);
  assert_int_equal(matrix.width, 2);
  assert_memory_equal(matrix.values, wanted, sizeof wanted);
  dkm_matrix_free(&matrix);
}

static void refuses_files(int n, const dkm_matrix_file *files, const char *message) {
  dkm_matrix matrix;
  dkm_error err = {0};
  assert_int_equal(dkm_matrix_parse(n, files, DKM_READ_THRESHOLD, &matrix, &err), DKM_INPUT);
  assert_string_equal(err.message, message);
  assert_null(matrix.values);
}

static void images_of_different_size_are_named_with_their_sizes(void **state) {
  (void)state;
  const dkm_matrix_file files[] = {file_of("corner.pbm", corner), file_of("bar.pbm", bar), file_of("line.pbm", line)};
  refuses_files(3, files, "line.pbm: has 4 x 1 pixels, but corner.pbm has 2 x 2; all images must be of one size");
  const dkm_matrix_file others[] = {file_of("tall.pbm", tall), file_of("bar.pbm", bar)};
  refuses_files(2, others, "bar.pbm: has 2 x 2 pixels, but tall.pbm has 2 x 3; all images must be of one size");
}

static void a_text_among_images_is_refused(void **state) {
  (void)state;
  const dkm_matrix_file files[] = {file_of("corner.pbm", corner), file_of("m.txt", "1 0 0 1")};
  refuses_files(2, files, "m.txt: is a text, but of 2 files each must be an image, PBM (P1) or PNG");
}

static void the_number_of_images_is_bounded(void **state) {
  (void)state;
  dkm_matrix_file files[DKM_MAX_MODES + 1];
  for (int i = 0; i <= DKM_MAX_MODES; i++) files[i] = file_of("bar.pbm", bar);
  dkm_matrix matrix;
  assert_int_equal(dkm_matrix_parse(DKM_MAX_MODES, files, DKM_READ_THRESHOLD, &matrix, NULL), DKM_OK);
  dkm_matrix_free(&matrix);
  refuses_files(DKM_MAX_MODES + 1, files, "21 images are given, one a pattern, but from 1 to 20 are allowed");
  refuses_files(0, files, "0 images are given, one a pattern, but from 1 to 20 are allowed");
}

static void the_damaged_one_of_several_images_is_named(void **state) {
  (void)state;
  const dkm_matrix_file files[] = {file_of("corner.pbm", corner), file_of("bar.pbm", "P1 2 2 101")};
  refuses_files(2, files, "bar.pbm:1: ends after 3 of 2 x 2 = 4 pixels");
}

/* The four letters of jobs/letters spell a word; tests/analysis/test_letters.py knows what else they have to be. */
static void letters_of_the_jobs_are_read(void **state) {
  (void)state;
  static const char *const paths[] = {PROJECT_DIR "/jobs/letters/s.pbm", PROJECT_DIR "/jobs/letters/p.pbm",
                                      PROJECT_DIR "/jobs/letters/i.pbm", PROJECT_DIR "/jobs/letters/n.pbm"};
  dkm_matrix_file files[4];
  for (int i = 0; i < 4; i++) {
    void *bytes;
    dkm_error err;
    if (dkm_matrix_load(paths[i], &bytes, &files[i].n_bytes, &err)) fail_msg("%s", err.message);
    files[i].name = paths[i];
    files[i].bytes = bytes;
  }
  dkm_matrix matrix;
  dkm_error err;
  if (dkm_matrix_parse(4, files, DKM_READ_THRESHOLD, &matrix, &err)) fail_msg("%s", err.message);
  assert_int_equal(matrix.width, 16);
  assert_int_equal(matrix.height, 16);
  for (int mu = 0; mu < 4; mu++)
    for (int nu = 0; nu < 4; nu++) {
      double sum = 0;
      for (int k = 0; k < 256; k++) sum += matrix.values[mu * 256 + k] * matrix.values[nu * 256 + k];
      assert_true(mu == nu ? sum == 256 : fabs(sum) < 64);
    }
  const double first_of_s[] = {-1, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1};
  assert_memory_equal(matrix.values, first_of_s, sizeof first_of_s);
  dkm_matrix_free(&matrix);
  for (int i = 0; i < 4; i++) free((void *)files[i].bytes);
}

/* ---- cues ---- */

static dkm_matrix parse(const char *text) {
  dkm_matrix matrix;
  const dkm_matrix_file file = file_of("m", text);
  assert_int_equal(dkm_matrix_parse(1, &file, DKM_READ_THRESHOLD, &matrix, NULL), DKM_OK);
  return matrix;
}

static void cue_is(const char *patterns, const char *text, const char *message, const double *wanted) {
  dkm_matrix matrix = parse(patterns);
  const dkm_matrix_file file = file_of("cue", text);
  const double untouched[] = {7, 7, 7, 7};
  double cue[4];
  memcpy(cue, untouched, sizeof cue);
  dkm_error err = {0};
  assert_int_equal(dkm_matrix_parse_cue(&matrix, &file, DKM_READ_THRESHOLD, cue, &err), message ? DKM_INPUT : DKM_OK);
  if (message) assert_string_equal(err.message, message);
  assert_memory_equal(cue, message ? untouched : wanted, sizeof cue);
  dkm_matrix_free(&matrix);
}

static void a_cue_has_as_many_spins_as_the_patterns(void **state) {
  (void)state;
  const double wanted[] = {1, -1, -1, -1}, halves[] = {0.5, -1, 0, 1};
  cue_is(bar, corner, NULL, wanted);
  cue_is("1 2 3 4\n", corner, NULL, wanted);
  cue_is(bar, "0.5 -1 0 1\n", NULL, halves);
  cue_is(bar, line, "cue: has 4 x 1 pixels, but the images of the patterns have 2 x 2", NULL);
  cue_is(bar, tall, "cue: has 2 x 3 pixels, but the images of the patterns have 2 x 2", NULL);
  cue_is("1 2 3\n", corner, "cue: has 4 pixels, but the patterns have 3 spins", NULL);
  cue_is(bar, "1 1 1\n", "cue: has 3 numbers, but the patterns have 4 spins", NULL);
  cue_is(bar, "1 1 1 1\n1 1 1 1\n", "cue: has 2 rows, but a cue must have one", NULL);
  cue_is(bar, "1 1 -1.5 1\n", "cue: number 3 is -1.5, but must be from -1 to 1, as a component of a spin", NULL);
  cue_is(bar, "1 1 x 1\n", "cue:1: 'x' in column 5 is not a number; allowed: finite decimal numbers", NULL);
}

/* ---- duplicates ---- */

static void duplicate_is(const char *text, int first, int second, int sign) {
  dkm_matrix matrix = parse(text);
  int found[3] = {-1, -1, 0};
  assert_int_equal(dkm_matrix_find_duplicate(&matrix, &found[0], &found[1], &found[2]), sign != 0);
  assert_int_equal(found[0], first);
  assert_int_equal(found[1], second);
  assert_int_equal(found[2], sign);
  dkm_matrix_free(&matrix);
}

static void equal_and_opposite_rows_are_found(void **state) {
  (void)state;
  duplicate_is("1 2\n", -1, -1, 0);
  duplicate_is("1 2\n1 -2\n2 4\n2 1\n", -1, -1, 0);
  duplicate_is("1 2\n3 4\n-3 4\n3 4\n1 2\n", 0, 4, 1); /* the first row that has one */
  duplicate_is("5 6\n1 0\n3 4\n-1 -0\n", 1, 3, -1);
  duplicate_is("0 -1\n0 1\n", 0, 1, -1);
}

/* ---- files ---- */

static void load_is(const char *path, dkm_status status, const char *content) {
  void *bytes;
  size_t n;
  dkm_error err = {0};
  assert_int_equal(dkm_matrix_load(path, &bytes, &n, &err), status);
  if (status == DKM_OK) {
    assert_int_equal(n, strlen(content));
    assert_non_null(bytes);
    assert_memory_equal(bytes, content, n);
    free(bytes);
  } else {
    char wanted[512];
    snprintf(wanted, sizeof wanted, "%s: %s", path, content);
    assert_string_equal(err.message, wanted);
    assert_null(bytes);
    assert_int_equal(n, 0);
  }
}

static void write_text(const char *path, const char *text, long size) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
  if (size) assert_int_equal(truncate(path, size), 0);
}

static void bytes_of_a_file_are_loaded(void **state) {
  (void)state;
  char folder[200], path[256], longer[50001];
  assert_true(make_test_folder("matrix", folder, sizeof folder));
  snprintf(path, sizeof path, "%s/m.txt", folder);
  load_is(path, DKM_INPUT, "cannot be read: No such file or directory");
  load_is(folder, DKM_INPUT, "is a folder, but must be a file of patterns");
  write_text(path, "", 0);
  load_is(path, DKM_OK, "");
  memset(longer, '1', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  write_text(path, longer, 0);
  load_is(path, DKM_OK, longer);
  write_text(path, "1", DKM_MAX_MATRIX_FILE_BYTES + 1L);
  load_is(path, DKM_INPUT, "is larger than 64 MiB, but patterns and cues must not be");
  unlink(path);
  rmdir(folder);
}

static void an_endless_pipe_is_refused(void **state) {
  (void)state;
  load_is("/dev/zero", DKM_INPUT, "is larger than 64 MiB, but patterns and cues must not be");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_text_is_rows_of_numbers),
      cmocka_unit_test(a_text_has_width_and_height_0),
      cmocka_unit_test(numbers_are_read_to_the_last_bit),
      cmocka_unit_test(the_decimal_point_is_a_point_in_every_locale),
      cmocka_unit_test(a_row_of_another_length_is_named_with_its_line),
      cmocka_unit_test(what_is_no_number_is_named_with_line_and_column),
      cmocka_unit_test(a_number_has_up_to_127_characters),
      cmocka_unit_test(what_is_not_finite_is_refused),
      cmocka_unit_test(commas_stand_between_numbers),
      cmocka_unit_test(a_row_of_zeros_is_refused),
      cmocka_unit_test(a_column_of_zeros_is_allowed),
      cmocka_unit_test(twenty_rows_are_allowed_and_no_more),
      cmocka_unit_test(a_row_has_up_to_2_to_the_20_numbers),
      cmocka_unit_test(a_file_without_numbers_is_refused),
      cmocka_unit_test(what_is_neither_text_nor_image_is_refused),
      cmocka_unit_test(other_images_of_netpbm_are_named),
      cmocka_unit_test(ones_of_a_pbm_are_ink),
      cmocka_unit_test(a_wrong_pixel_of_a_pbm_is_named),
      cmocka_unit_test(a_pbm_of_another_length_is_refused),
      cmocka_unit_test(a_pbm_without_size_is_refused),
      cmocka_unit_test(a_pbm_of_too_many_pixels_is_refused_with_their_number),
      cmocka_unit_test(a_list_of_images_is_a_matrix),
      cmocka_unit_test(images_of_different_size_are_named_with_their_sizes),
      cmocka_unit_test(a_text_among_images_is_refused),
      cmocka_unit_test(the_number_of_images_is_bounded),
      cmocka_unit_test(the_damaged_one_of_several_images_is_named),
      cmocka_unit_test(letters_of_the_jobs_are_read),
      cmocka_unit_test(a_cue_has_as_many_spins_as_the_patterns),
      cmocka_unit_test(equal_and_opposite_rows_are_found),
      cmocka_unit_test(bytes_of_a_file_are_loaded),
      cmocka_unit_test(an_endless_pipe_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
