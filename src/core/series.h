/* SPDX-License-Identifier: GPL-3.0-or-later */
/* series: what motion.c needs of series.c beside dickemap/motion.h. */
#ifndef DICKEMAP_SERIES_H
#define DICKEMAP_SERIES_H
#include "dickemap/motion.h"

/* Samples that an interpolated value is made from; doubles of work space. */
enum { DKM_SERIES_NODES = 8, DKM_SERIES_WORK = 5 * DKM_MOTION_MOST };

/* One variable of dkm_series_at. */
double dkm_series_variable_at(const dkm_series *series, int c, double x);

#endif
