/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether a list of critical points is complete, and through which saddle each minimum is left first.
 *
 * Saddles are put in from below, joining the minima on both sides (union-find over all images): the first that joins a
 * minimum to another one is its escape height. */
#include <math.h>

#include "landscape_search.h"

static int count_bits(int bits) {
  int n = 0;
  for (; bits; bits >>= 1) n += bits & 1;
  return n;
}

int dkm_search_multiplicity(const search *s, const search_point *p) {
  return search_n_images(s) >> count_bits(p->idle);
}

int dkm_search_image_at(const search *s, const search_point *p, const double *q, double tolerance) {
  int image = 0;
  if (s->extent == SEARCH_EVEN) {
    for (int i = 0; i < s->n; i++) {
      if (!(fabs(fabs(q[i]) - p->q[i]) <= tolerance)) return -1;
      if (signbit(q[i]) && p->q[i] > 0.0) image |= 1 << i;
    }
    return image;
  }
  double along = 0.0;
  for (int i = 0; i < s->n; i++) along += q[i] * p->q[i];
  if (along < 0.0) image = 1;
  for (int i = 0; i < s->n; i++)
    if (!(fabs(q[i] - (image ? -p->q[i] : p->q[i])) <= tolerance)) return -1;
  return image;
}

/* By insertion. */
void dkm_search_order(search *s) {
  for (int p = 0; p < s->n_points; p++) {
    int i = p;
    for (; i > 0 && s->points[s->order[i - 1]].U > s->points[p].U; i--) s->order[i] = s->order[i - 1];
    s->order[i] = p;
  }
}

static int euler_sum(const search *s) {
  int sum = 0;
  for (int p = 0; p < s->n_points; p++)
    sum += (s->points[p].index % 2 ? -1 : 1) * dkm_search_multiplicity(s, &s->points[p]);
  return sum;
}

static int root_of(int *parent, int i) {
  while (parent[i] != i) i = parent[i] = parent[parent[i]];
  return i;
}

/* Joins minima through the saddles from below; whether all of them are joined in the end. Node of an image of point p:
 * p n_images + image, with 0 for idle bits. */
static bool join_minima(search *s) {
  const int n_images = search_n_images(s);
  int n_parts = 0;
  dkm_search_order(s);
  for (int p = 0; p < s->n_points; p++) {
    if (s->points[p].index == 0) n_parts += dkm_search_multiplicity(s, &s->points[p]);
    for (int image = 0; image < n_images; image++) s->parent[p * n_images + image] = p * n_images + image;
  }
  for (int i = 0; i < s->n_points; i++) {
    search_point *saddle = &s->points[s->order[i]];
    if (saddle->index != 1) continue;
    for (int side = 0; side < 2; side++)
      if (saddle->end[side] < 0 || s->points[saddle->end[side]].index != 0) return false;
    for (int image = 0; image < n_images; image++) {
      int node[2];
      for (int side = 0; side < 2; side++) {
        const search_point *end = &s->points[saddle->end[side]];
        node[side] = saddle->end[side] * n_images + ((image ^ saddle->end_image[side]) & ~end->idle);
      }
      if (node[0] == node[1]) continue;
      for (int side = 0; side < 2; side++) {
        search_point *end = &s->points[saddle->end[side]];
        end->escape = fmin(end->escape, saddle->U);
      }
      const int a = root_of(s->parent, node[0]), b = root_of(s->parent, node[1]);
      if (a != b) n_parts--;
      s->parent[a] = b;
    }
  }
  return n_parts == 1;
}

bool dkm_search_certify(search *s) {
  for (int p = 0; p < s->n_points; p++) s->points[p].escape = INFINITY;
  const bool joined = join_minima(s);
  s->certified = s->complete && !s->degenerate && euler_sum(s) == 1 && joined;
  return s->certified;
}

static void sort_points(search *s) {
  int place[SEARCH_POINTS];
  dkm_search_order(s);
  for (int i = 0; i < s->n_points; i++) place[s->order[i]] = i;
  for (int p = 0; p < s->n_points; p++)
    for (int side = 0; side < 2; side++)
      if (s->points[p].end[side] >= 0) s->points[p].end[side] = place[s->points[p].end[side]];
  for (int p = 0; p < s->n_points; p++)
    while (place[p] != p) { /* each exchange puts one where it belongs */
      const int to = place[p];
      const search_point moved = s->points[p];
      s->points[p] = s->points[to];
      s->points[to] = moved;
      place[p] = place[to];
      place[to] = to;
    }
}

void dkm_search_finish(search *s) {
  sort_points(s);
  s->lowest_saddle = NAN; /* of a search that found none, and was incomplete: nothing is below it */
  s->highest_escape = -INFINITY;
  for (int p = 0; p < s->n_points; p++) {
    if (s->points[p].index == 1) s->lowest_saddle = fmin(s->lowest_saddle, s->points[p].U);
    if (s->points[p].index == 0) s->highest_escape = fmax(s->highest_escape, s->points[p].escape);
  }
}
