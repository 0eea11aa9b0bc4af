/* SPDX-License-Identifier: GPL-3.0-or-later */
/* truth_line: a point and what the judge says of it as one line of text, key=value with commas between the values of modes. */
#ifndef VERDICTS_TRUTH_LINE_H
#define VERDICTS_TRUTH_LINE_H
#include <stdio.h>

#include "truth.h"

void truth_line_write(FILE *file, uint64_t seed, kind k, int64_t index, int M, const dkm_point *point, const truth *t);

/* Whether the line is one of a point; the point itself follows from seed, kind and index (sample.h). */
bool truth_line_read(const char *line, uint64_t *seed, kind *k, int64_t *index, truth *t);

#endif
