/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A PNG in memory, written by libpng, of any colour type and depth. */
#ifndef PNG_WRITER_H
#define PNG_WRITER_H
#include <png.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/matrix.h"

enum { MAX_PNG_BYTES = 1 << 18 };

typedef struct png_picture {
  int kind, depth, width, height; /* kind: PNG_COLOR_TYPE_... */
  bool interlaced;
  const unsigned short *samples; /* [(row*width + column)*n_channels + channel] */
  int n_colours;
  const png_color *palette;
  int n_alpha;
  const png_byte *alpha;           /* of the palette */
  const png_color_16 *transparent; /* the one that is; NULL: none */
  const char *comment;             /* packed; NULL: none */
} png_picture;

typedef struct png_bytes {
  unsigned char bytes[MAX_PNG_BYTES];
  size_t n;
} png_bytes;

static inline int png_channels(int kind) {
  return kind == PNG_COLOR_TYPE_RGB         ? 3
         : kind == PNG_COLOR_TYPE_RGB_ALPHA ? 4
         : kind == PNG_COLOR_TYPE_GRAY_ALPHA ? 2
                                             : 1;
}

static inline void png_append(png_structp png, png_bytep bytes, size_t n) {
  png_bytes *out = png_get_io_ptr(png);
  if (n > sizeof out->bytes - out->n) png_error(png, "the test wants a larger picture than it has room for");
  memcpy(out->bytes + out->n, bytes, n);
  out->n += n;
}

static inline void png_flush_nothing(png_structp png) {
  (void)png;
}

/* libpng aborts if it is used wrongly. */
static inline dkm_matrix_file write_png(const png_picture *p, png_bytes *out) {
  const int n_channels = png_channels(p->kind);
  out->n = 0;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, out, png_append, png_flush_nothing);
  png_set_user_limits(png, DKM_MAX_COLUMNS, DKM_MAX_COLUMNS);
  png_set_IHDR(png, info, (png_uint_32)p->width, (png_uint_32)p->height, p->depth, p->kind,
               p->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  if (p->palette) png_set_PLTE(png, info, p->palette, p->n_colours);
  if (p->alpha || p->transparent) png_set_tRNS(png, info, p->alpha, p->n_alpha, p->transparent);
  if (p->comment) {
    char key[] = "Comment", *text = strdup(p->comment);
    png_text chunk = {.compression = PNG_TEXT_COMPRESSION_zTXt, .key = key, .text = text, .text_length = strlen(text)};
    png_set_text(png, info, &chunk, 1);
    free(text);
  }
  png_write_info(png, info);
  png_set_packing(png);
  const int n_passes = png_set_interlace_handling(png);
  const int n = p->width * n_channels;
  png_bytep row_bytes = calloc((size_t)n, 2);
  for (int pass = 0; pass < n_passes; pass++)
    for (int row = 0; row < p->height; row++) {
      for (int i = 0; i < n; i++) {
        const unsigned short sample = p->samples[row * n + i];
        if (p->depth == 16) {
          row_bytes[2 * i] = (png_byte)(sample >> 8);
          row_bytes[2 * i + 1] = (png_byte)(sample & 0xFF);
        } else {
          row_bytes[i] = (png_byte)sample;
        }
      }
      png_write_row(png, row_bytes);
    }
  png_write_end(png, info);
  free(row_bytes);
  png_destroy_write_struct(&png, &info);
  return (dkm_matrix_file){"picture.png", out->bytes, out->n};
}

#endif
