/* SPDX-License-Identifier: GPL-3.0-or-later */
/* matrix: the user's own patterns, G_mu,k of M patterns (rows) and N_sp spins (columns), from a text or from images.
 *
 *   a text      M lines of N_sp numbers, separated by blanks, tabs or a comma each.  `#` and what follows it in its
 *               line is a comment; lines without numbers are skipped.  Lines may end with CR LF.  Numbers are decimal,
 *               with a point, whatever the locale is.
 *   M images    one a pattern, all of one size; pixel `row*width + column` is spin k, rows from the top.
 *               PBM (P1): 1 is ink, +1; 0 is paper, -1; comments; digits with or without blanks between them.
 *               PNG: every colour type and depth, interlaced or not.  Grey is (299 red + 587 green + 114 blue)/1000 of
 *               the samples as they are (gamma, profiles and orientation are not looked at), over white where they
 *               are transparent.
 *
 * What a file is, its first bytes say, not its name.  Reading takes the bytes, which may come from a file, from a
 * message or from an output file; the name serves messages alone.  All arithmetic on pixels is exact but for one
 * division, so that couplings are the same on every machine.
 *
 * Functions that fail leave *matrix empty and *err with one sentence: file, line or pixel, what was found, what is
 * allowed.  DKM_INPUT: the file is wrong; DKM_MEMORY; DKM_IO (dkm_matrix_load alone).
 *
 * Images cost more than their bytes: a PNG of some kB may have a million pixels, which are 8 MiB of values and up to as
 * many of samples. */
#ifndef DICKEMAP_MATRIX_H
#define DICKEMAP_MATRIX_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dickemap/system.h" /* DKM_MAX_MODES, the most rows */
#include "dickemap/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  DKM_MAX_COLUMNS = 1 << 20,          /* spins, numbers in a line, pixels of an image */
  DKM_MAX_MATRIX_FILE_BYTES = 1 << 26 /* what dkm_matrix_load takes: each rank has it, and so has the output file */
};

/* How the pixels of an image become couplings; it does not matter to PBM nor to a text. */
typedef enum dkm_reading {
  DKM_READ_THRESHOLD, /* darker than half: +1 (ink), else -1 */
  DKM_READ_GREY       /* linear, from +1 (black) to -1 (white) */
} dkm_reading;

/* What a file holds. Borrowed: who made it frees it. */
typedef struct dkm_matrix_file {
  const char *name; /* for messages */
  const void *bytes;
  size_t n_bytes;
} dkm_matrix_file;

typedef struct dkm_matrix {
  int n_rows;        /* M, 1 ... DKM_MAX_MODES */
  int64_t n_columns; /* N_sp, 1 ... DKM_MAX_COLUMNS */
  double *values;    /* G_mu,k at [mu*n_columns + k]; finite, no -0, no row of only zeros; owned */
  int width, height; /* of the images, width*height = n_columns; 0 for a text */
} dkm_matrix;

/* The matrix in one text, or in n_files images (one of them: one pattern).  Sizes and limits are checked before memory
 * is asked for. *matrix is overwritten; the caller frees it. */
dkm_status dkm_matrix_parse(int n_files, const dkm_matrix_file *files, dkm_reading reading, dkm_matrix *matrix,
                            dkm_error *err);

/* z_k of a cue, one image of as many pixels as the matrix has columns, and of the size of its images if it has such; or
 * a text of one row, each number from -1 to 1.  cue: n_columns values; untouched on failure. */
dkm_status dkm_matrix_parse_cue(const dkm_matrix *matrix, const dkm_matrix_file *file, dkm_reading reading, double *cue,
                                dkm_error *err);

/* Whether two rows are equal (*sign +1) or opposite (*sign -1), in every number exactly: the first such pair, row
 * *first < *second, both from 0. No mistake, but hardly meant. */
bool dkm_matrix_find_duplicate(const dkm_matrix *matrix, int *first, int *second, int *sign);

/* Also of an empty one. */
void dkm_matrix_free(dkm_matrix *matrix);

/* All bytes of a file or a pipe, to be freed with free(); not NULL where there are none. */
dkm_status dkm_matrix_load(const char *path, void **bytes, size_t *n_bytes, dkm_error *err);

#ifdef __cplusplus
}
#endif

#endif
