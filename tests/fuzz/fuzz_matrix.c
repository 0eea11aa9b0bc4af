/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a file of patterns, in both readings of grey: a matrix that keeps what matrix.h promises, and an image is a
 * cue of its own; or one line that says what is wrong. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/matrix.h"
#include "fuzz.h"

static void check_matrix(const dkm_matrix *m) {
  fuzz_claim(m->n_rows >= 1 && m->n_rows <= DKM_MAX_MODES, "%d rows", m->n_rows);
  fuzz_claim(m->n_columns >= 1 && m->n_columns <= DKM_MAX_COLUMNS, "%lld columns", (long long)m->n_columns);
  fuzz_claim(m->width ? (int64_t)m->width * m->height == m->n_columns : m->height == 0, "%d x %d pixels, %lld columns",
             m->width, m->height, (long long)m->n_columns);
  for (int row = 0; row < m->n_rows; row++) {
    double largest = 0;
    for (int64_t k = 0; k < m->n_columns; k++) {
      const double value = m->values[row * m->n_columns + k];
      fuzz_claim(isfinite(value) && !(value == 0 && signbit(value)), "value %g", value);
      fuzz_claim(!m->width || fabs(value) <= 1, "a pixel is %g", value);
      largest = fmax(largest, fabs(value));
    }
    fuzz_claim(largest > 0, "row %d is zero", row);
  }
}

static void check_cue(const dkm_matrix *m, const dkm_matrix_file *file, dkm_reading reading) {
  dkm_error err = {0};
  double *cue = fuzz_alloc((size_t)m->n_columns * sizeof *cue);
  const dkm_status status = dkm_matrix_parse_cue(m, file, reading, cue, &err);
  if (m->width)
    fuzz_claim(status == DKM_OK || status == DKM_MEMORY, "an image is no cue of its own: %s", err.message);
  else
    fuzz_claim(status == DKM_OK || status == DKM_MEMORY || status == DKM_INPUT, "status %d", status);
  if (status == DKM_OK)
    fuzz_claim(memcmp(cue, m->values, (size_t)m->n_columns * sizeof *cue) == 0, "the cue is another row");
  free(cue);
}

static void check_message(dkm_status status, const dkm_error *err) {
  fuzz_claim(status == DKM_INPUT || status == DKM_MEMORY, "status %d", status);
  fuzz_claim(err->status == status, "status %d, but in the message %d", status, err->status);
  fuzz_claim(strncmp(err->message, "file:", 5) == 0, "a message without a place: %s", err->message);
  fuzz_claim(fuzz_is_one_line(err->message), "a message of several lines: %s", err->message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const dkm_matrix_file file = {"file", data, size};
  for (int reading = DKM_READ_THRESHOLD; reading <= DKM_READ_GREY; reading++) {
    dkm_matrix matrix;
    dkm_error err = {0};
    const dkm_status status = dkm_matrix_parse(1, &file, (dkm_reading)reading, &matrix, &err);
    if (status == DKM_OK) {
      int first, second, sign;
      check_matrix(&matrix);
      check_cue(&matrix, &file, (dkm_reading)reading);
      if (dkm_matrix_find_duplicate(&matrix, &first, &second, &sign))
        fuzz_claim(0 <= first && first < second && second < matrix.n_rows, "rows %d and %d", first, second);
    } else {
      check_message(status, &err);
      fuzz_claim(!matrix.values && matrix.n_rows == 0, "a matrix was left behind");
    }
    dkm_matrix_free(&matrix);
  }
  return 0;
}
