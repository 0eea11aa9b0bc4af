/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the search of critical points is made of: U and ways through it (landscape_potential.c), the list of points and
 * starts (landscape_search.c), the certificate (landscape_join.c); landscape_valley.c asks.
 *
 *   U(q) = sum_i q_i^2/2 - (1/2) sum_k w_k sqrt(1 + 2 v_k^2),   v_k = sum_i f_{k,i} r_i q_i
 *
 * with any real f and weights w_k >= 0.
 *
 * Images.  U(-q) = U(q) always.  Where it is even in each q_i the images of a point are its reflections in any of its
 * coordinates; an image is then a number of n bits, those of the coordinates that change sign.  Otherwise there are
 * two, 0 and 1 (-q).  In both cases images of images are those of the exclusive or. */
#ifndef DICKEMAP_LANDSCAPE_SEARCH_H
#define DICKEMAP_LANDSCAPE_SEARCH_H
#include <gsl/gsl_eigen.h>

#include "dickemap/landscape.h"

/* A search is whole for at most SEARCH_MODES modes and SEARCH_CLASSES classes, and for SEARCH_POINTS critical points up
 * to images; up to SEARCH_CLASSES_PART classes a part of it is done. */
enum {
  SEARCH_MODES = 6,
  SEARCH_CLASSES = 512,
  SEARCH_CLASSES_PART = 4096,
  SEARCH_POINTS = 512,
  SEARCH_NODES = SEARCH_POINTS << SEARCH_MODES
};

/* A critical point of U; in the first orthant where U is even. */
typedef struct search_point {
  double q[DKM_MAX_MODES];
  double U, escape;
  int index;
  int idle;                 /* bits that change nothing: of coordinates that are 0 */
  int end[2], end_image[2]; /* of a saddle: points downhill on either side, and which of their images */
} search_point;

typedef enum search_extent {
  SEARCH_EVEN,  /* everything, U even in each coordinate */
  SEARCH_WHOLE, /* everything, as far as the work allows */
  SEARCH_PART   /* minima and saddles for a limited amount of work */
} search_extent;

typedef struct search {
  /* U */
  int n;
  int64_t n_classes;
  bool patterns; /* +-1, all columns up to sign, equal weights */
  double r[DKM_MAX_MODES];
  double *f, *w; /* f_{k,i} at [k*n + i] */
  /* derived: largest possible |q_i|/sqrt(2), and the largest of them */
  double reach[DKM_MAX_MODES], scale;
  /* what was found */
  search_extent extent;
  int n_points;
  search_point points[SEARCH_POINTS]; /* rising U */
  bool complete, degenerate;          /* room and work were enough; an eigenvalue is close to 0 */
  bool certified;
  double lowest_saddle, highest_escape;
  double work, work_bound; /* in multiplications, about */
  int parent[SEARCH_NODES], order[SEARCH_POINTS]; /* of the certificate */
  int n_eigen;
  gsl_eigen_symmv_workspace *eigen[DKM_MAX_MODES + 1];
} search;

/* Room for n modes and so many classes at most. Returns false if there is no memory; dkm_search_end is due anyway. */
bool dkm_search_begin(search *s, int n, int64_t n_classes);
void dkm_search_end(search *s);

/* All critical points of U, for n >= 1 modes that are set by the caller (n, n_classes, patterns, r, f, w), for which
 * q = 0 is no minimum. */
void dkm_search_run(search *s, search_extent extent);

/* ---- images ---- */

static inline int search_n_images(const search *s) { return s->extent == SEARCH_EVEN ? 1 << s->n : 2; }
static inline bool search_flips(const search *s, int image, int i) {
  return s->extent == SEARCH_EVEN ? image >> i & 1 : image;
}
/* How many different images a point has. */
int dkm_search_multiplicity(const search *s, const search_point *p);
/* Which image of p is q, up to the tolerance (of each coordinate); -1: none. */
int dkm_search_image_at(const search *s, const search_point *p, const double *q, double tolerance);

/* ---- landscape_potential.c ---- */

/* U, and grad[n] (may be NULL). */
double dkm_search_potential(search *s, const double *q, double *grad);
/* Eigenvalues (rising) of the Hessian and vectors[i*n + j], component i of vector j. */
void dkm_search_hessian_eigen(search *s, const double *q, double *values, double *vectors);
/* The largest eigenvalue of a symmetric matrix of n rows, which is overwritten. */
double dkm_search_largest_eigenvalue(search *s, int n, double *matrix);
/* Newton from q, in place; true if it converges. */
bool dkm_search_newton(search *s, double *q);
/* Down from q, in place, along a path on which U never rises, until |grad U| < accuracy s->scale. */
void dkm_search_descend(search *s, double *q, double accuracy);
/* Up along the softest direction, down along the others, from q, in place; true if it converges. */
bool dkm_search_climb(search *s, double *q);
/* Whether the work is done that was allowed. */
static inline bool search_is_over(const search *s) { return s->work > s->work_bound; }

/* ---- landscape_join.c ---- */

/* Indices of points by rising U into s->order. */
void dkm_search_order(search *s);
/* Whether the list is complete, as far as that can be told; escape heights. */
bool dkm_search_certify(search *s);
/* Puts the list in that order, and finds the lowest saddle and the highest escape. */
void dkm_search_finish(search *s);

#endif
