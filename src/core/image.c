/* SPDX-License-Identifier: GPL-3.0-or-later */
/* image: what a file is, and PBM in its plain kind (P1), which people draw with an editor:
 *
 *   P1 # a comment
 *   width height
 *   010 1 10...       width*height digits, 1 is ink; blanks, ends of lines and comments between them do not matter
 *
 * Such files have mistakes of people, so a digit too many is told like one too few.  See image.h. */
#include "image.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- what it is ---- */

static bool is_blank(int c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The digit of a Netpbm's "P1" ... "P7"; '\0' if it is none. A text of numbers does not begin so. */
static char netpbm_kind(const dkm_matrix_file *file) {
  const char *bytes = file->bytes;
  if (file->n_bytes < 2 || bytes[0] != 'P' || bytes[1] < '1' || bytes[1] > '7') return '\0';
  return file->n_bytes == 2 || is_blank(bytes[2]) || bytes[2] == '#' ? bytes[1] : '\0';
}

dkm_status dkm_image_recognize(const dkm_matrix_file *file, dkm_content *content, dkm_error *err) {
  static const char *const netpbm[] = {"", "", "PGM, P2", "PPM, P3", "PBM, P4", "PGM, P5", "PPM, P6", "PAM, P7"};
  if (file->n_bytes == 0) return dkm_fail(err, DKM_INPUT, "%s: is empty", file->name);
  if (dkm_png_is_begun(file)) {
    *content = DKM_PNG;
    return DKM_OK;
  }
  const char kind = netpbm_kind(file);
  if (kind == '1') {
    *content = DKM_PBM;
    return DKM_OK;
  }
  if (kind)
    return dkm_fail(err, DKM_INPUT,
                    "%s: is an image of a kind that is not read (%s); PBM in its plain kind (P1) and PNG are",
                    file->name, netpbm[kind - '0']);
  const unsigned char *bytes = file->bytes;
  for (size_t i = 0; i < file->n_bytes; i++)
    if ((bytes[i] < ' ' && !is_blank(bytes[i])) || bytes[i] == 0x7F)
      return dkm_fail(err, DKM_INPUT,
                      "%s: is neither a text of numbers (byte %zu is 0x%02x) nor an image in PBM (P1) or PNG",
                      file->name, i + 1, bytes[i]);
  *content = DKM_TEXT;
  return DKM_OK;
}

dkm_status dkm_image_check_size(const char *name, int64_t width, int64_t height, dkm_error *err) {
  if (width < 1 || height < 1)
    return dkm_fail(err, DKM_INPUT, "%s: is an image of %lld x %lld pixels, but must have some", name, (long long)width,
                    (long long)height);
  if (height > DKM_MAX_COLUMNS / width) {
    const double n_pixels = (double)width * (double)height; /* may be more than an int64_t holds */
    return dkm_fail(err, DKM_INPUT, "%s: is an image of %lld x %lld = %.17g pixels, but must have at most %d", name,
                    (long long)width, (long long)height, n_pixels, DKM_MAX_COLUMNS);
  }
  return DKM_OK;
}

/* ---- PBM ---- */

typedef struct scanner {
  const dkm_matrix_file *file;
  const char *bytes;
  size_t at;
  int64_t line;      /* from 1 */
  size_t line_start; /* place of its first byte */
} scanner;

enum { END = -1 };

static int peek(const scanner *s) {
  return s->at < s->file->n_bytes ? (unsigned char)s->bytes[s->at] : END;
}

static int64_t column(const scanner *s) { /* from 1 */
  return (int64_t)(s->at - s->line_start) + 1;
}

static void step(scanner *s) {
  if (s->bytes[s->at++] != '\n') return;
  s->line++;
  s->line_start = s->at;
}

/* To the next byte that means something. */
static void skip_blanks_and_comments(scanner *s) {
  for (;;) {
    if (peek(s) == '#')
      while (peek(s) != END && peek(s) != '\n') step(s);
    if (peek(s) == END || !is_blank(peek(s))) return;
    step(s);
  }
}

/* 'x', or 0x1b of what cannot be printed by itself */
static const char *spell(int c, char out[8]) {
  snprintf(out, 8, isprint(c) ? "'%c'" : "0x%02x", c);
  return out;
}

static dkm_status read_size(scanner *s, const char *what, int64_t *value, dkm_error *err) {
  char found[8];
  skip_blanks_and_comments(s);
  if (peek(s) == END)
    return dkm_fail(err, DKM_INPUT, "%s:%lld: ends before its %s; P1, width, height and pixels are wanted",
                    s->file->name, (long long)s->line, what);
  if (peek(s) < '0' || peek(s) > '9')
    return dkm_fail(err, DKM_INPUT, "%s:%lld: %s in column %lld is not the %s of the image, a number from 1 to %d",
                    s->file->name, (long long)s->line, spell(peek(s), found), (long long)column(s), what,
                    DKM_MAX_COLUMNS);
  const int64_t line = s->line, first = column(s);
  for (*value = 0; peek(s) >= '0' && peek(s) <= '9'; step(s))
    if (*value <= INT32_MAX) *value = *value * 10 + (peek(s) - '0');
  if (*value < 1 || *value > INT32_MAX)
    return dkm_fail(err, DKM_INPUT, "%s:%lld: the %s in column %lld is %s, but must be from 1 to %d", s->file->name,
                    (long long)line, what, (long long)first, *value ? "more than 2147483647" : "0", DKM_MAX_COLUMNS);
  return DKM_OK;
}

static dkm_status scan_head(scanner *s, const dkm_matrix_file *file, int *width, int *height, dkm_error *err) {
  int64_t size[2] = {0, 0};
  *s = (scanner){.file = file, .bytes = file->bytes, .at = 2 /* P1 */, .line = 1};
  dkm_status status = read_size(s, "width", &size[0], err);
  if (!status) status = read_size(s, "height", &size[1], err);
  if (!status) status = dkm_image_check_size(file->name, size[0], size[1], err);
  if (status) return status;
  *width = (int)size[0];
  *height = (int)size[1];
  return DKM_OK;
}

static dkm_status read_pbm(const dkm_matrix_file *file, double *values, dkm_error *err) {
  scanner s;
  char found[8];
  int width, height;
  dkm_status status = scan_head(&s, file, &width, &height, err);
  if (status) return status;
  const int n_pixels = width * height;
  for (int k = 0; k <= n_pixels; k++, step(&s)) {
    skip_blanks_and_comments(&s);
    if (k == n_pixels && peek(&s) == END) break;
    if (k == n_pixels)
      return dkm_fail(err, DKM_INPUT, "%s:%lld: goes on in column %lld, behind all of the %d x %d = %d pixels",
                      file->name, (long long)s.line, (long long)column(&s), width, height, n_pixels);
    if (peek(&s) == END)
      return dkm_fail(err, DKM_INPUT, "%s:%lld: ends after %d of %d x %d = %d pixels", file->name, (long long)s.line, k,
                      width, height, n_pixels);
    if (peek(&s) != '0' && peek(&s) != '1')
      return dkm_fail(err, DKM_INPUT,
                      "%s:%lld: %s in column %lld is no pixel (%d of %d; row %d, column %d); allowed: 0 (paper) and 1 "
                      "(ink)",
                      file->name, (long long)s.line, spell(peek(&s), found), (long long)column(&s), k + 1, n_pixels,
                      k / width + 1, k % width + 1);
    values[k] = peek(&s) == '1' ? 1.0 : -1.0;
  }
  return DKM_OK;
}

/* ---- either kind ---- */

dkm_status dkm_image_measure(const dkm_matrix_file *file, dkm_content content, int *width, int *height,
                             dkm_error *err) {
  scanner s;
  return content == DKM_PNG ? dkm_png_measure(file, width, height, err) : scan_head(&s, file, width, height, err);
}

dkm_status dkm_image_read(const dkm_matrix_file *file, dkm_content content, dkm_reading reading, double *values,
                          dkm_error *err) {
  return content == DKM_PNG ? dkm_png_read(file, reading, values, err) : read_pbm(file, values, err);
}
