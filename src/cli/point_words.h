/* SPDX-License-Identifier: GPL-3.0-or-later */
/* point_words: the record of a trajectory in words, the verdict first. */
#ifndef DICKEMAP_POINT_WORDS_H
#define DICKEMAP_POINT_WORDS_H
#include "dickemap/record.h"

/* tolerance: of the solver. */
void dkm_point_words_print(const dkm_record *record, int n_modes, double tolerance);

#endif
