/* SPDX-License-Identifier: GPL-3.0-or-later */
/* image_png: PNG by libpng, see image.h.
 *
 * libpng undoes compression and interlacing.  Samples are taken as they are in the file and become couplings here, so
 * that no version of libpng has an opinion about grey, gamma or transparency:
 *
 *   Y = 299 R + 587 G + 114 B of samples 0 ... m,   over white   L = a Y + (m − a) 1000 m,   0 <= L <= F = 1000 m²
 *   grey: 1 − 2 L/F     threshold: +1 where 2 L < F
 *
 * in integers (F < 2^43) up to the one division.  Of the chunks only those are read that make the pixels: a text that
 * would unpack to something huge is passed by.
 *
 * libpng tells of errors by longjmp.  What is changed between it and the setjmp is in a `decoder` that lives outside. */
#include "image.h"

#include <limits.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

/* Four bytes are enough: the rest of the signature tells whether a transfer changed ends of lines. */
bool dkm_png_is_begun(const dkm_matrix_file *file) {
  return file->n_bytes >= 4 && memcmp(file->bytes, signature, 4) == 0;
}

static dkm_status corrupt(const char *name, const char *why, dkm_error *err) {
  return dkm_fail(err, DKM_INPUT, "%s: is a corrupt or truncated PNG image: %s", name, why);
}

static uint32_t big_endian(const unsigned char *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Without libpng, which has bounds of its own and no numbers in its messages. */
dkm_status dkm_png_measure(const dkm_matrix_file *file, int *width, int *height, dkm_error *err) {
  static const unsigned char head[8] = {0, 0, 0, 13, 'I', 'H', 'D', 'R'};
  const unsigned char *bytes = file->bytes;
  if (memcmp(bytes, signature, file->n_bytes < 8 ? file->n_bytes : 8) != 0)
    return corrupt(file->name, "its first 8 bytes are damaged, as by a transfer as text", err);
  if (file->n_bytes < 24) return corrupt(file->name, "it ends within its head", err);
  if (memcmp(bytes + 8, head, 8) != 0) return corrupt(file->name, "it does not begin with its head (IHDR)", err);
  const uint32_t size[2] = {big_endian(bytes + 16), big_endian(bytes + 20)};
  dkm_status status = dkm_image_check_size(file->name, size[0], size[1], err);
  if (status) return status;
  *width = (int)size[0];
  *height = (int)size[1];
  return DKM_OK;
}

/* ---- libpng ---- */

typedef struct decoder {
  const dkm_matrix_file *file;
  size_t at; /* bytes read */
  int width, height;
  png_structp png;
  png_infop info;
  unsigned char *samples; /* row*row_bytes + byte; two bytes a sample, big endian, where depth is 16, else one */
  size_t row_bytes;
  int kind, depth, n_channels;
  png_colorp palette;
  int n_colours;
  png_bytep alpha; /* of the first n_alpha colours of a palette */
  int n_alpha;
  png_color_16p transparent; /* without palette: the one sample, or colour, that is transparent; NULL: none */
  bool out_of_memory;
  char message[256];
} decoder;

static void on_error(png_structp png, png_const_charp message) {
  decoder *d = png_get_error_ptr(png);
  snprintf(d->message, sizeof d->message, "%s", message);
  png_longjmp(png, 1); /* also to where libpng itself waits, before the setjmp below */
}

static void on_warning(png_structp png, png_const_charp message) {
  (void)png, (void)message; /* what it read is usable */
}

static png_voidp on_malloc(png_structp png, png_alloc_size_t n_bytes) {
  void *memory = malloc(n_bytes);
  if (!memory) ((decoder *)png_get_mem_ptr(png))->out_of_memory = true;
  return memory;
}

static void on_free(png_structp png, png_voidp memory) {
  (void)png;
  free(memory);
}

static void on_read(png_structp png, png_bytep bytes, size_t n) {
  decoder *d = png_get_io_ptr(png);
  if (n > d->file->n_bytes - d->at) png_error(png, "it ends too early");
  memcpy(bytes, (const unsigned char *)d->file->bytes + d->at, n);
  d->at += n;
}

static void read_head(decoder *d) {
  png_structp png = d->png;
  png_set_read_fn(png, d, on_read);
  png_set_user_limits(png, DKM_MAX_COLUMNS, DKM_MAX_COLUMNS);
#ifdef PNG_HANDLE_AS_UNKNOWN_SUPPORTED
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1); /* all but IHDR, PLTE, tRNS, IDAT, IEND */
#endif
  png_read_info(png, d->info);
  if (png_get_image_width(png, d->info) != (png_uint_32)d->width ||
      png_get_image_height(png, d->info) != (png_uint_32)d->height)
    png_error(png, "it has two sizes"); /* never seen; `values` was measured by the first */
  d->kind = png_get_color_type(png, d->info);
  d->depth = png_get_bit_depth(png, d->info);
  d->n_channels = png_get_channels(png, d->info);
  if (d->kind == PNG_COLOR_TYPE_PALETTE) png_get_PLTE(png, d->info, &d->palette, &d->n_colours);
  png_get_tRNS(png, d->info, &d->alpha, &d->n_alpha, &d->transparent);
}

static void read_samples(decoder *d) {
  png_structp png = d->png;
  png_set_packing(png); /* 1, 2, 4 bits a sample: in a byte each */
  const int n_passes = png_set_interlace_handling(png);
  png_read_update_info(png, d->info);
  d->row_bytes = png_get_rowbytes(png, d->info);
  if (d->row_bytes != (size_t)d->width * (size_t)d->n_channels * (d->depth == 16 ? 2 : 1))
    png_error(png, "its rows are of another length than its head says");
  d->samples = calloc((size_t)d->height, d->row_bytes);
  d->out_of_memory = !d->samples;
  if (d->out_of_memory) return;
  for (int pass = 0; pass < n_passes; pass++)
    for (int row = 0; row < d->height; row++) png_read_row(png, d->samples + (size_t)row * d->row_bytes, NULL);
  png_read_end(png, NULL);
}

/* false: d->message says why, or memory was short. */
static bool decode(decoder *d) {
  if (setjmp(png_jmpbuf(d->png))) return false;
  read_head(d);
  read_samples(d);
  return !d->out_of_memory;
}

/* ---- samples to couplings ---- */

static int64_t sample_at(const decoder *d, int row, int column, int channel) {
  const size_t i = (size_t)column * (size_t)d->n_channels + (size_t)channel;
  const unsigned char *samples = d->samples + (size_t)row * d->row_bytes;
  return d->depth == 16 ? samples[2 * i] << 8 | samples[2 * i + 1] : samples[i];
}

/* That colour has 16 bits, of which those beyond the depth do not count. */
static bool is_transparent(const png_color_16 *t, bool coloured, const int64_t rgb[3], int64_t most) {
  if (!coloured) return rgb[0] == (t->gray & most);
  return rgb[0] == (t->red & most) && rgb[1] == (t->green & most) && rgb[2] == (t->blue & most);
}

/* Red, green, blue and alpha, each 0 ... *most; false if a palette has no such colour. */
static bool colour_at(const decoder *d, int row, int column, int64_t rgba[4], int64_t *most) {
  *most = d->kind == PNG_COLOR_TYPE_PALETTE ? 255 : (1 << d->depth) - 1;
  rgba[3] = *most;
  if (d->kind == PNG_COLOR_TYPE_PALETTE) {
    const int64_t i = sample_at(d, row, column, 0);
    if (i >= d->n_colours) return false;
    rgba[0] = d->palette[i].red, rgba[1] = d->palette[i].green, rgba[2] = d->palette[i].blue;
    if (i < d->n_alpha) rgba[3] = d->alpha[i];
    return true;
  }
  const bool coloured = d->kind & PNG_COLOR_MASK_COLOR;
  for (int c = 0; c < 3; c++) rgba[c] = sample_at(d, row, column, coloured ? c : 0);
  if (d->kind & PNG_COLOR_MASK_ALPHA)
    rgba[3] = sample_at(d, row, column, d->n_channels - 1);
  else if (d->transparent && is_transparent(d->transparent, coloured, rgba, *most))
    rgba[3] = 0;
  return true;
}

static double coupling(const int64_t rgba[4], int64_t most, dkm_reading reading) {
  const int64_t Y = 299 * rgba[0] + 587 * rgba[1] + 114 * rgba[2];
  const int64_t L = rgba[3] * Y + (most - rgba[3]) * 1000 * most, full = 1000 * most * most;
  if (reading == DKM_READ_THRESHOLD) return 2 * L < full ? 1.0 : -1.0;
  return (double)(full - 2 * L) / (double)full;
}

static dkm_status convert(const decoder *d, dkm_reading reading, double *values, dkm_error *err) {
  for (int row = 0; row < d->height; row++)
    for (int column = 0; column < d->width; column++) {
      int64_t rgba[4], most;
      if (!colour_at(d, row, column, rgba, &most)) {
        char why[160];
        snprintf(why, sizeof why, "its pixel in row %d, column %d has colour %lld of a palette of %d, counted from 0",
                 row + 1, column + 1, (long long)sample_at(d, row, column, 0), d->n_colours);
        return corrupt(d->file->name, why, err);
      }
      values[(int64_t)row * d->width + column] = coupling(rgba, most, reading);
    }
  return DKM_OK;
}

dkm_status dkm_png_read(const dkm_matrix_file *file, dkm_reading reading, double *values, dkm_error *err) {
  decoder d = {.file = file};
  dkm_status status = dkm_png_measure(file, &d.width, &d.height, err);
  if (status) return status;
  d.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &d, on_error, on_warning, &d, on_malloc, on_free);
  d.info = d.png ? png_create_info_struct(d.png) : NULL;
  if (!d.info)
    status = dkm_fail(err, DKM_MEMORY, "%s: libpng %s (built with %s) does not start: out of memory or another version",
                      file->name, png_get_libpng_ver(NULL), PNG_LIBPNG_VER_STRING);
  else if (decode(&d))
    status = convert(&d, reading, values, err);
  else if (d.out_of_memory)
    status = dkm_fail(err, DKM_MEMORY, "%s: out of memory while reading the image of %d x %d pixels", file->name,
                      d.width, d.height);
  else
    status = corrupt(file->name, d.message, err);
  if (d.png) png_destroy_read_struct(&d.png, &d.info, NULL);
  free(d.samples);
  return status;
}
