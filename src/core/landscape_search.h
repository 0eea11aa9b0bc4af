/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What landscape.c (states, valleys) and landscape_search.c (all critical points) share: U of the active modes. */
#ifndef DICKEMAP_LANDSCAPE_SEARCH_H
#define DICKEMAP_LANDSCAPE_SEARCH_H
#include <gsl/gsl_eigen.h>

#include "dickemap/landscape.h"

/* Beyond SEARCH_MODES active modes, or SEARCH_POINTS critical points up to signs, the search is given up. */
enum { SEARCH_MODES = 6, SEARCH_CLASSES = 1 << (SEARCH_MODES - 1), SEARCH_POINTS = 512 };

/* A critical point of U in the first orthant. */
typedef struct search_point {
  double q[SEARCH_MODES];
  double U, escape;
  int index, n_nonzero;
  int end[2], end_sign[2]; /* of a saddle: points downhill on either side, and which of their q are negative (bits) */
} search_point;

/* U of n modes: patterns, ratios, and what was found. */
typedef struct search {
  int n, n_classes;
  double r[SEARCH_MODES];
  signed char f[SEARCH_CLASSES][SEARCH_MODES];
  int n_points;
  search_point points[SEARCH_POINTS]; /* rising U */
  bool complete, degenerate;          /* the room was enough; an eigenvalue is close to 0 */
  bool certified;
  double lowest_saddle, highest_escape;
  int parent[SEARCH_POINTS << SEARCH_MODES], order[SEARCH_POINTS]; /* of join_minima and sort_points */
  /* for eigenvalues */
  gsl_eigen_symmv_workspace *eigen[SEARCH_MODES + 1];
} search;

/* Room for n = SEARCH_MODES at most. Returns false if there is no memory. */
bool dkm_search_begin(search *s);
void dkm_search_end(search *s);

/* All critical points of U for n >= 1 modes with ratios r > 1. */
void dkm_search_run(search *s, int n, const double *r);

#endif
