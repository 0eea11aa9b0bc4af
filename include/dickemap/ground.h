/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ground: all stationary states of a point in which every spin lies along its field, with the lowest energy; with losses of single
 * spins there are no others.
 *
 * Where there is a landscape U (landscape.h) they are its critical points, and a theorem ties both: the number of directions that
 * grow is the index of U, the number of its negative eigenvalues there, and their rates are real.  Minima are what a trajectory
 * can end in; those of index 1 are the passes between their basins.
 *
 * Elsewhere (modes of both signs, losses, unbalanced couplings) they are found by Newton's method for the modes, from many places,
 * and a trajectory may end in none of them.  In both cases the signs (-1)^n_unstable of all states add up to 1, which shows when
 * some are missing.  Without losses, states with some classes turned against their fields are stationary too; for each choice of
 * these classes the same sum is 1.  There are exponentially many choices, so that only those of few classes are searched, and only
 * if asked for. */
#ifndef DICKEMAP_GROUND_H
#define DICKEMAP_GROUND_H
#include "dickemap/fixedpoint.h"
#include "dickemap/landscape.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DKM_MOST_INVERTED = 4 };

typedef struct dkm_ground_state {
  double xi[DKM_MAX_MODES], alpha_re[DKM_MAX_MODES], alpha_im[DKM_MAX_MODES]; /* of one image: of
                       +-1 patterns that with xi >= 0, among equal modes the largest first */
  double U;         /* V of landscape.h there, in the units of g0; NaN without a landscape, as `escape` */
  double escape;    /* minima: U of the lowest saddle that leads to another minimum; infinity: none; others: NaN */
  int index;        /* of U; -1 without a landscape, or with inverted classes */
  int n_inverted;   /* classes turned against their fields, and which ones, rising */
  int64_t inverted[DKM_MOST_INVERTED];
  int64_t n_images; /* that symmetries make of it, itself among them: xi and -xi, or, for +-1 patterns, all reflections and what
                       permutations of equal modes make of them; 1: the normal state */
  bool has_spectrum; /* false: it could not be computed (dkm_fixedpoint_spectrum) */
  dkm_spectrum spectrum;
} dkm_ground_state;

typedef struct dkm_ground {
  int64_t n;
  dkm_ground_state *states; /* n; rising in n_inverted, then in U, or in n_unstable; those that are equal in that falling in xi[0],
                               xi[1], ... */
  bool has_landscape;
  int64_t n_all, n_stable;  /* with images, without inverted classes */
  int64_t n_inverted;       /* with images and inverted classes */
  bool complete;            /* certified (dkm_landscape_critical), or the signs add up to 1, none is degenerate and the last one was
                               found early: necessary for having found all, not sufficient */
  double pattern_xi[DKM_MAX_MODES]; /* overlap with each pattern in the minimum of U that descent from it leads to, > 0 if it has the
                                       sign of the pattern; NaN without a landscape, or where descent takes too long */
} dkm_ground;

/* What is wanted of a search. */
typedef struct dkm_ground_search {
  int most_inverted;                /* classes that may be turned against their fields at once: 0 ... DKM_MOST_INVERTED */
  bool (*interrupt)(void *context); /* asked a few times a second whether to give up; may be NULL */
  void *context;
} dkm_ground_search;

/* How many choices of at most so many of K classes there are. */
double dkm_ground_choices(int64_t n_classes, int most_inverted);
#define DKM_MOST_CHOICES 4096.0

/* Searches them.  Random patterns are drawn by the point's seed; a drive that ends counts as what it is in the end; lengths of the
 * spins are those of the point's start.  Without losses of single spins all choices of inverted
 * classes are searched, with them there are none.
 * how: NULL for its defaults.  Fails with DKM_INPUT where states are no isolated points (g0 or Omega is 0, dephasing alone), do not
 * rest (a drive that repeats), or where choices are more than DKM_MOST_CHOICES; with DKM_STOPPED if it was interrupted;
 * DKM_MEMORY. */
dkm_status dkm_ground_find(const dkm_system *system, const dkm_point *point, const dkm_ground_search *how, dkm_ground *ground,
                           dkm_error *err);
void dkm_ground_free(dkm_ground *ground);

#ifdef __cplusplus
}
#endif

#endif
