/* SPDX-License-Identifier: GPL-3.0-or-later */
/* matrix: patterns from files, see dickemap/matrix.h.
 *
 * A text is walked twice by the same code: first to check it and to count, then to store.  So memory is asked for once
 * all is known to be right, and only as much as there are numbers. */
#define _GNU_SOURCE /* newlocale, strtod_l */
#include "dickemap/matrix.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dickemap/file.h"
#include "image.h"

/* ---- one number ---- */

enum { WORD_BYTES = 128 }; /* of a number, with the zero byte at its end */

static size_t count_digits(const char *text) {
  return strspn(text, "0123456789");
}

/* [sign] digits [. digits] [e [sign] digits], with a digit beside the point: what strtod takes, but no hexadecimals. */
static bool is_decimal(const char *word) {
  if (*word == '+' || *word == '-') word++;
  size_t n = count_digits(word);
  word += n;
  if (*word == '.') {
    const size_t behind = count_digits(++word);
    n += behind;
    word += behind;
  }
  if (n == 0) return false;
  if (*word == 'e' || *word == 'E') {
    word++;
    if (*word == '+' || *word == '-') word++;
    n = count_digits(word);
    if (n == 0) return false;
    word += n;
  }
  return *word == '\0';
}

static bool is_infinity_or_nan(const char *word) {
  if (*word == '+' || *word == '-') word++;
  return strcasecmp(word, "nan") == 0 || strcasecmp(word, "inf") == 0 || strcasecmp(word, "infinity") == 0;
}

/* ---- a text ---- */

typedef struct walk {
  const char *name;
  locale_t locale;                         /* the decimal point is a point */
  double *values;                          /* where to store; NULL: check and count */
  int64_t line, first_line, line_too_many; /* the present one; of the first row; of the first row that is too many */
  int64_t n_rows, n_columns;
} walk;

static dkm_status read_number(const walk *w, const char *bytes, size_t n_bytes, int64_t column, double *value,
                              dkm_error *err) {
  char word[WORD_BYTES];
  const bool is_long = n_bytes >= sizeof word;
  const size_t n_kept = is_long ? sizeof word - 1 : n_bytes;
  memcpy(word, bytes, n_kept);
  word[n_kept] = '\0';
  const bool decimal = !is_long && is_decimal(word);
  *value = decimal ? strtod_l(word, NULL, w->locale) + 0.0 : NAN; /* + 0.0 turns -0 into 0: equal rows are equal */
  if (isfinite(*value)) return DKM_OK;
  return dkm_fail(err, DKM_INPUT,
                  "%s:%lld: '%.40s%s' in column %lld is not a %snumber; allowed: finite decimal numbers", w->name,
                  (long long)w->line, word, strlen(word) > 40 ? "..." : "", (long long)column,
                  decimal || (!is_long && is_infinity_or_nan(word)) ? "finite " : "");
}

/* What a line that has numbers means to the matrix. */
static dkm_status end_row(walk *w, int64_t n, bool is_zero, dkm_error *err) {
  if (w->n_rows == 0) {
    w->first_line = w->line;
    w->n_columns = n;
  }
  if (n > DKM_MAX_COLUMNS)
    return dkm_fail(err, DKM_INPUT, "%s:%lld: has %lld numbers, but a row must have at most %d", w->name,
                    (long long)w->line, (long long)n, DKM_MAX_COLUMNS);
  if (n != w->n_columns)
    return dkm_fail(err, DKM_INPUT,
                    "%s:%lld: has %lld number%s, but the first row (line %lld) has %lld; all must have as many",
                    w->name, (long long)w->line, (long long)n, n == 1 ? "" : "s", (long long)w->first_line,
                    (long long)w->n_columns);
  if (is_zero)
    return dkm_fail(err, DKM_INPUT, "%s:%lld: row %lld is 0 everywhere, but must have some other number", w->name,
                    (long long)w->line, (long long)w->n_rows + 1);
  if (++w->n_rows == DKM_MAX_MODES + 1) w->line_too_many = w->line;
  return DKM_OK;
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/* at ... end: a line without comment and without its end. */
static dkm_status read_line(walk *w, const char *at, const char *end, dkm_error *err) {
  const char *const line = at, *comma = NULL; /* the one before, if that is what stood before; likewise a number */
  int64_t n = 0;
  bool is_zero = true, has_number = false;
  for (;;) {
    while (at < end && is_blank(*at)) at++;
    if (at == end) break;
    if (*at == ',') {
      if (!has_number)
        return dkm_fail(err, DKM_INPUT, "%s:%lld: a number is missing before the comma in column %lld", w->name,
                        (long long)w->line, (long long)(at - line) + 1);
      comma = at++;
      has_number = false;
      continue;
    }
    const char *word = at;
    while (at < end && !is_blank(*at) && *at != ',') at++;
    double value;
    const dkm_status status = read_number(w, word, (size_t)(at - word), (int64_t)(word - line) + 1, &value, err);
    if (status) return status;
    if (w->values) w->values[w->n_rows * w->n_columns + n] = value;
    if (value != 0) is_zero = false;
    comma = NULL;
    has_number = true;
    n++;
  }
  if (comma)
    return dkm_fail(err, DKM_INPUT, "%s:%lld: a number is missing behind the comma in column %lld", w->name,
                    (long long)w->line, (long long)(comma - line) + 1);
  return n ? end_row(w, n, is_zero, err) : DKM_OK;
}

static dkm_status walk_text(walk *w, const dkm_matrix_file *file, dkm_error *err) {
  static const char mark[] = "\xEF\xBB\xBF"; /* that a text is UTF-8, as some editors write */
  const char *at = file->bytes, *const end = at + file->n_bytes;
  w->line = w->n_rows = 0;
  if (file->n_bytes >= 3 && memcmp(at, mark, 3) == 0) at += 3;
  while (at < end) {
    const char *newline = memchr(at, '\n', (size_t)(end - at)), *line_end = newline ? newline : end;
    const char *comment = memchr(at, '#', (size_t)(line_end - at)), *stop = comment ? comment : line_end;
    if (stop > at && !comment && stop[-1] == '\r') stop--;
    w->line++;
    const dkm_status status = read_line(w, at, stop, err);
    if (status) return status;
    at = newline ? newline + 1 : end;
  }
  if (w->n_rows == 0)
    return dkm_fail(err, DKM_INPUT, "%s: has no numbers, but blanks and comments at most", file->name);
  if (w->n_rows > DKM_MAX_MODES)
    return dkm_fail(err, DKM_INPUT,
                    "%s:%lld: is row %d of %lld, but at most %d are allowed (a row is a pattern, a column is a spin)",
                    file->name, (long long)w->line_too_many, DKM_MAX_MODES + 1, (long long)w->n_rows, DKM_MAX_MODES);
  return DKM_OK;
}

static dkm_status no_memory(const char *name, int64_t n_rows, int64_t n_columns, dkm_error *err) {
  return dkm_fail(err, DKM_MEMORY, "%s: out of memory for %lld rows of %lld numbers", name, (long long)n_rows,
                  (long long)n_columns);
}

/* The memory of a matrix; no byte of it if there is an error. */
static dkm_status allocate(dkm_matrix *matrix, const char *name, int64_t n_rows, int64_t n_columns, dkm_error *err) {
  double *values = malloc((size_t)(n_rows * n_columns) * sizeof *values);
  if (!values) return no_memory(name, n_rows, n_columns, err);
  *matrix = (dkm_matrix){.n_rows = (int)n_rows, .n_columns = n_columns, .values = values};
  return DKM_OK;
}

static dkm_status parse_text(const dkm_matrix_file *file, dkm_matrix *matrix, dkm_error *err) {
  walk w = {.name = file->name, .locale = newlocale(LC_ALL_MASK, "C", (locale_t)0)};
  if (!w.locale) return dkm_fail(err, DKM_MEMORY, "%s: out of memory for the locale C", file->name);
  dkm_status status = walk_text(&w, file, err);
  if (!status) status = allocate(matrix, file->name, w.n_rows, w.n_columns, err);
  if (!status) {
    w.values = matrix->values;
    status = walk_text(&w, file, err);
  }
  freelocale(w.locale);
  return status;
}

/* ---- images ---- */

static dkm_status parse_images(int n_files, const dkm_matrix_file *files, dkm_reading reading, dkm_matrix *matrix,
                               dkm_error *err) {
  dkm_content content[DKM_MAX_MODES];
  int width = 0, height = 0;
  for (int i = 0; i < n_files; i++) {
    int own_width, own_height;
    dkm_status status = dkm_image_recognize(&files[i], &content[i], err);
    if (!status && content[i] == DKM_TEXT)
      status = dkm_fail(err, DKM_INPUT, "%s: is a text, but of %d files each must be an image, PBM (P1) or PNG",
                        files[i].name, n_files);
    if (!status) status = dkm_image_measure(&files[i], content[i], &own_width, &own_height, err);
    if (status) return status;
    if (i > 0 && (own_width != width || own_height != height))
      return dkm_fail(err, DKM_INPUT, "%s: has %d x %d pixels, but %s has %d x %d; all images must be of one size",
                      files[i].name, own_width, own_height, files[0].name, width, height);
    width = own_width, height = own_height;
  }
  dkm_status status = allocate(matrix, files[0].name, n_files, (int64_t)width * height, err);
  for (int i = 0; i < n_files && !status; i++) {
    double *row = matrix->values + i * matrix->n_columns;
    status = dkm_image_read(&files[i], content[i], reading, row, err);
    int64_t k = 0;
    while (!status && k < matrix->n_columns && row[k] == 0) k++;
    if (!status && k == matrix->n_columns)
      status =
          dkm_fail(err, DKM_INPUT, "%s: is half grey everywhere, which is coupling 0, but must have some other pixel",
                   files[i].name);
  }
  matrix->width = width;
  matrix->height = height;
  return status;
}

/* ---- the module ---- */

dkm_status dkm_matrix_parse(int n_files, const dkm_matrix_file *files, dkm_reading reading, dkm_matrix *matrix,
                            dkm_error *err) {
  dkm_content content = DKM_PBM;
  dkm_status status = DKM_OK;
  *matrix = (dkm_matrix){0};
  if (n_files < 1 || n_files > DKM_MAX_MODES)
    return dkm_fail(err, DKM_INPUT, "%d images are given, one a pattern, but from 1 to %d are allowed", n_files,
                    DKM_MAX_MODES);
  if (n_files == 1) status = dkm_image_recognize(&files[0], &content, err);
  if (!status)
    status =
        content == DKM_TEXT ? parse_text(&files[0], matrix, err) : parse_images(n_files, files, reading, matrix, err);
  if (status) dkm_matrix_free(matrix);
  return status;
}

static dkm_status check_cue(const dkm_matrix *matrix, const dkm_matrix *own, const char *name, dkm_error *err) {
  if (own->width && matrix->width && (own->width != matrix->width || own->height != matrix->height))
    return dkm_fail(err, DKM_INPUT, "%s: has %d x %d pixels, but the images of the patterns have %d x %d", name,
                    own->width, own->height, matrix->width, matrix->height);
  if (own->n_rows != 1) return dkm_fail(err, DKM_INPUT, "%s: has %d rows, but a cue must have one", name, own->n_rows);
  if (own->n_columns != matrix->n_columns)
    return dkm_fail(err, DKM_INPUT, "%s: has %lld %s, but the patterns have %lld spins", name,
                    (long long)own->n_columns, own->width ? "pixels" : "numbers", (long long)matrix->n_columns);
  for (int64_t k = 0; k < own->n_columns; k++)
    if (fabs(own->values[k]) > 1)
      return dkm_fail(err, DKM_INPUT, "%s: number %lld is %.17g, but must be from -1 to 1, as a component of a spin",
                      name, (long long)k + 1, own->values[k]);
  return DKM_OK;
}

dkm_status dkm_matrix_parse_cue(const dkm_matrix *matrix, const dkm_matrix_file *file, dkm_reading reading, double *cue,
                                dkm_error *err) {
  dkm_matrix own;
  dkm_status status = dkm_matrix_parse(1, file, reading, &own, err);
  if (!status) status = check_cue(matrix, &own, file->name, err);
  if (!status) memcpy(cue, own.values, (size_t)own.n_columns * sizeof *cue);
  dkm_matrix_free(&own);
  return status;
}

static bool is_row_times(const double *a, const double *b, int64_t n, int sign) {
  int64_t k = 0;
  while (k < n && a[k] == sign * b[k]) k++;
  return k == n;
}

bool dkm_matrix_find_duplicate(const dkm_matrix *matrix, int *first, int *second, int *sign) {
  const int64_t n = matrix->n_columns;
  for (int i = 0; i < matrix->n_rows; i++)
    for (int j = i + 1; j < matrix->n_rows; j++)
      for (int s = 1; s >= -1; s -= 2)
        if (is_row_times(matrix->values + i * n, matrix->values + j * n, n, s)) {
          *first = i, *second = j, *sign = s;
          return true;
        }
  return false;
}

void dkm_matrix_free(dkm_matrix *matrix) {
  free(matrix->values);
  *matrix = (dkm_matrix){0};
}

dkm_status dkm_matrix_load(const char *path, void **bytes, size_t *n_bytes, dkm_error *err) {
  static const dkm_file_limits limits = {
      .what = "a file of patterns", .most = DKM_MAX_MATRIX_FILE_BYTES, .advice = "patterns and cues must not be"};
  char *all = NULL;
  const dkm_status status = dkm_file_load(path, &limits, &all, n_bytes, err);
  *bytes = all;
  return status;
}
