/* SPDX-License-Identifier: GPL-3.0-or-later */
/* image: the pixels of a PBM (P1) or PNG in memory, as couplings; what dickemap/matrix.h promises about them. */
#ifndef DICKEMAP_IMAGE_H
#define DICKEMAP_IMAGE_H
#include "dickemap/matrix.h"

typedef enum dkm_content { DKM_TEXT, DKM_PBM, DKM_PNG } dkm_content;

/* What the first bytes say. DKM_INPUT if nothing that is read: empty, an image of another kind, not a text. */
dkm_status dkm_image_recognize(const dkm_matrix_file *file, dkm_content *content, dkm_error *err);

/* Width and height, from the head alone: both positive, at most DKM_MAX_COLUMNS pixels.  Then the pixels, into
 * values[row*width + column].  content: DKM_PBM or DKM_PNG. */
dkm_status dkm_image_measure(const dkm_matrix_file *file, dkm_content content, int *width, int *height, dkm_error *err);
dkm_status dkm_image_read(const dkm_matrix_file *file, dkm_content content, dkm_reading reading, double *values,
                          dkm_error *err);

/* Of these, the part of PNG (image_png.c). */
bool dkm_png_is_begun(const dkm_matrix_file *file);
dkm_status dkm_png_measure(const dkm_matrix_file *file, int *width, int *height, dkm_error *err);
dkm_status dkm_png_read(const dkm_matrix_file *file, dkm_reading reading, double *values, dkm_error *err);

/* DKM_INPUT unless a size of positive numbers has at most DKM_MAX_COLUMNS pixels. */
dkm_status dkm_image_check_size(const char *name, int64_t width, int64_t height, dkm_error *err);

#endif
