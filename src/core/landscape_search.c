/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All critical points of U(q), up to the signs of q: a deterministic search, and a test of whether it was complete.
 *
 *   starts      rays into the first orthant, to the minimum of U on each; from there Newton (any index) and descent
 *   saddles     from the top of the straight line between two minima: up along the softest direction, down along the others
 *   downhill    from each saddle of index 1 to both sides; minima that were not known yet join the list, and again
 *   certificate sum (-1)^index over all images = 1 (U rises at infinity); no eigenvalue is 0; all minima are joined
 *   more        otherwise more starts, a few rounds of them
 *
 * Then the saddles are put in from below, joining the minima on both sides (union-find over all images): the first that
 * joins a minimum to another one is its escape height. */
#include "landscape_search.h"
#include "gsl_calls.h"

#include <math.h>
#include <string.h>

enum { NEWTON_STEPS = 60, DESCENT_STEPS = 100000, CLIMBING_STEPS = 100, EXTRA_ROUNDS = 2 };
/* Where |grad U| is below this q is a critical point to rounding, when Newton has one more step to go. */
static const double converged = 1e-10;
/* Critical points closer than this are one; a component below it is 0. */
static const double same_point = 1e-6, zero_component = 1e-7;
/* An eigenvalue of the Hessian (of order 1) below this says nothing reliable about its sign. */
static const double degenerate_eigenvalue = 1e-9;

bool dkm_search_begin(search *s) {
  bool sound = true;
  dkm_gsl_begin();
  for (size_t n = 1; n <= SEARCH_MODES; n++) sound = (s->eigen[n] = gsl_eigen_symmv_alloc(n)) && sound;
  dkm_gsl_end();
  return sound;
}

void dkm_search_end(search *s) {
  for (int n = 1; n <= SEARCH_MODES; n++)
    if (s->eigen[n]) gsl_eigen_symmv_free(s->eigen[n]);
}

/* ---- U ---- */

/* U, and grad[n] (may be NULL). */
static double potential(const search *s, const double *q, double *grad) {
  const double w = 1.0 / s->n_classes;
  double U = 0.0, sum[SEARCH_MODES] = {0};
  for (int k = 0; k < s->n_classes; k++) {
    double v = 0.0;
    for (int i = 0; i < s->n; i++) v += s->f[k][i] * (s->r[i] * q[i]);
    const double root = sqrt(1.0 + 2.0 * v * v);
    U -= 0.5 * w * root;
    for (int i = 0; i < s->n; i++) sum[i] += s->f[k][i] * (w * v / root);
  }
  for (int i = 0; i < s->n; i++) U += 0.5 * q[i] * q[i];
  for (int i = 0; grad && i < s->n; i++) grad[i] = q[i] - s->r[i] * sum[i];
  return U;
}

/* Hessian H[i*n + j]. */
static void hessian(const search *s, const double *q, double *H) {
  const int n = s->n;
  const double w = 1.0 / s->n_classes;
  memset(H, 0, (size_t)(n * n) * sizeof *H);
  for (int k = 0; k < s->n_classes; k++) {
    double v = 0.0;
    for (int i = 0; i < n; i++) v += s->f[k][i] * (s->r[i] * q[i]);
    const double root = sqrt(1.0 + 2.0 * v * v), c = w / (root * root * root);
    for (int i = 0; i < n; i++)
      for (int j = 0; j <= i; j++) H[i * n + j] += s->f[k][i] * s->f[k][j] * c;
  }
  for (int i = 0; i < n; i++)
    for (int j = 0; j <= i; j++) H[j * n + i] = H[i * n + j] = (i == j) - s->r[i] * s->r[j] * H[i * n + j];
}

/* Its eigenvalues (rising) and vectors[i*n + j] (component i of vector j). */
static void hessian_eigen(search *s, const double *q, double *values, double *vectors) {
  const int n = s->n;
  double H[SEARCH_MODES * SEARCH_MODES];
  hessian(s, q, H);
  gsl_matrix_view a = gsl_matrix_view_array(H, (size_t)n, (size_t)n);
  gsl_matrix_view e = gsl_matrix_view_array(vectors, (size_t)n, (size_t)n);
  gsl_vector_view d = gsl_vector_view_array(values, (size_t)n);
  dkm_gsl_begin();
  gsl_eigen_symmv(&a.matrix, &d.vector, &e.matrix, s->eigen[n]);
  gsl_eigen_symmv_sort(&d.vector, &e.matrix, GSL_EIGEN_SORT_VAL_ASC);
  dkm_gsl_end();
}

static double largest(const double *a, int n) {
  double m = 0.0;
  for (int i = 0; i < n; i++) m = fmax(m, fabs(a[i]));
  return m;
}

/* Up along the softest direction, down along the others, each component of the gradient over |eigenvalue|. */
static void climbing_step(search *s, const double *q, const double *grad, double *step) {
  const int n = s->n;
  double values[SEARCH_MODES], vectors[SEARCH_MODES * SEARCH_MODES];
  hessian_eigen(s, q, values, vectors);
  for (int i = 0; i < n; i++) step[i] = 0.0;
  for (int j = 0; j < n; j++) {
    double along = 0.0;
    for (int i = 0; i < n; i++) along += vectors[i * n + j] * grad[i];
    const double scale = (j == 0 ? -1.0 : 1.0) * fmax(fabs(values[j]), 1e-3);
    for (int i = 0; i < n; i++) step[i] -= vectors[i * n + j] * (along / scale);
  }
}

/* Newton's step -H^-1 grad, by elimination with pivots; false if H is singular.  (GSL's LU decomposition allocates
 * memory each time.) */
static bool newton_step(const search *s, const double *q, const double *grad, double *step) {
  const int n = s->n;
  double H[SEARCH_MODES * SEARCH_MODES];
  hessian(s, q, H);
  for (int i = 0; i < n; i++) step[i] = -grad[i];
  for (int c = 0; c < n; c++) {
    int pivot = c;
    for (int i = c + 1; i < n; i++)
      if (fabs(H[i * n + c]) > fabs(H[pivot * n + c])) pivot = i;
    if (!(fabs(H[pivot * n + c]) > 1e-14)) return false;
    for (int j = 0; pivot != c && j < n; j++) {
      const double h = H[c * n + j];
      H[c * n + j] = H[pivot * n + j];
      H[pivot * n + j] = h;
    }
    const double g = step[c];
    step[c] = step[pivot];
    if (pivot != c) step[pivot] = g;
    for (int i = c + 1; i < n; i++) {
      const double factor = H[i * n + c] / H[c * n + c];
      for (int j = c; j < n; j++) H[i * n + j] -= factor * H[c * n + j];
      step[i] -= factor * step[c];
    }
  }
  for (int c = n - 1; c >= 0; c--) {
    for (int j = c + 1; j < n; j++) step[c] -= H[c * n + j] * step[j];
    step[c] /= H[c * n + c];
  }
  return true;
}

/* Length scale of U: where the largest overlaps are. */
static double extent(const search *s) {
  return largest(s->r, s->n);
}

/* Newton from q, in place; true if it converges. */
static bool newton(search *s, double *q) {
  double grad[SEARCH_MODES], step[SEARCH_MODES];
  for (int it = 0; it < NEWTON_STEPS; it++) {
    potential(s, q, grad);
    const double size = largest(grad, s->n);
    if (!newton_step(s, q, grad, step)) return false;
    const double length = largest(step, s->n), bound = 0.5 * extent(s);
    const double factor = length > bound ? bound / length : 1.0;
    for (int i = 0; i < s->n; i++) q[i] += factor * step[i];
    if (size <= converged * extent(s) && length <= 1e-8 * extent(s)) return true;
  }
  return false;
}

/* Down from q, in place, along a path on which U never rises: q -> grad of the convex part, see landscape.c. */
static void descend(const search *s, double *q, double accuracy) {
  double grad[SEARCH_MODES];
  for (int it = 0; it < DESCENT_STEPS; it++) {
    potential(s, q, grad);
    for (int i = 0; i < s->n; i++) q[i] -= grad[i];
    if (largest(grad, s->n) < accuracy * extent(s)) return;
  }
}

/* Up along the softest direction, down along the others, from q, in place. */
static bool climb(search *s, double *q) {
  double grad[SEARCH_MODES], step[SEARCH_MODES];
  for (int it = 0; it < CLIMBING_STEPS; it++) {
    potential(s, q, grad);
    if (largest(grad, s->n) < 1e-6 * extent(s)) return newton(s, q);
    climbing_step(s, q, grad, step);
    const double factor = fmin(1.0, 0.1 * extent(s) / fmax(largest(step, s->n), 1e-300));
    for (int i = 0; i < s->n; i++) q[i] += factor * step[i];
  }
  return false;
}

/* ---- the list ---- */

/* Index of the critical point at q (up to signs), or -1. */
static int find_point(const search *s, const double *q) {
  const double tolerance = same_point * extent(s);
  for (int p = 0; p < s->n_points; p++) {
    int i = 0;
    while (i < s->n && fabs(fabs(q[i]) - s->points[p].q[i]) <= tolerance) i++;
    if (i == s->n) return p;
  }
  return -1;
}

/* The image of q without negative components, those next to 0 made 0; returns how many are not. */
static int to_orthant(const search *s, double *q) {
  int n_nonzero = 0;
  for (int i = 0; i < s->n; i++) {
    q[i] = fabs(q[i]);
    if (q[i] <= zero_component * extent(s)) q[i] = 0.0;
    n_nonzero += q[i] > 0.0;
  }
  return n_nonzero;
}

/* Adds the critical point that Newton finds from q, if it is new; its index in the list, -1: none, or no room. */
static int add_point(search *s, const double *from) {
  double q[SEARCH_MODES], values[SEARCH_MODES], vectors[SEARCH_MODES * SEARCH_MODES];
  memcpy(q, from, sizeof q);
  if (!newton(s, q)) return -1;
  to_orthant(s, q);
  if (!newton(s, q)) return -1;
  const int n_nonzero = to_orthant(s, q); /* rounding in the eigenvectors */
  const int known = find_point(s, q);
  if (known >= 0) return known;
  if (s->n_points == SEARCH_POINTS) {
    s->complete = false;
    return -1;
  }
  search_point *p = &s->points[s->n_points];
  *p = (search_point){.U = potential(s, q, NULL), .escape = INFINITY, .n_nonzero = n_nonzero, .end = {-1, -1}};
  memcpy(p->q, q, sizeof q);
  hessian_eigen(s, q, values, vectors);
  for (int i = 0; i < s->n; i++) {
    p->index += values[i] < 0.0;
    if (fabs(values[i]) < degenerate_eigenvalue) s->degenerate = true;
  }
  return s->n_points++;
}

/* ---- starts ---- */

/* The minimum of U on the ray along d: U'(t) = t |d|^2 - sum w c^2 t/sqrt(1 + 2 c^2 t^2) with c_k = v_k(d), by
 * bisection. */
static double ray_minimum(const search *s, const double *d) {
  double low = 0.0, high = 1.0, grad[SEARCH_MODES], q[SEARCH_MODES];
  for (int it = 0; it < 80; it++) {
    const bool rising_high = it < 30 && low == 0.0 && high < 1e6;
    const double t = rising_high ? high : 0.5 * (low + high);
    double slope = 0.0;
    for (int i = 0; i < s->n; i++) q[i] = t * d[i];
    potential(s, q, grad);
    for (int i = 0; i < s->n; i++) slope += grad[i] * d[i];
    if (slope < 0.0) {
      low = t;
      if (rising_high) high = 2.0 * t;
    } else
      high = t;
    if (high - low <= 1e-3 * high) break;
  }
  return 0.5 * (low + high);
}

static void start_along(search *s, const double *d) {
  double q[SEARCH_MODES];
  const double t = ray_minimum(s, d);
  /* The higher the index, the closer to the origin. */
  for (double part = 0.5; part <= 1.0; part += 0.25) {
    for (int i = 0; i < SEARCH_MODES; i++) q[i] = i < s->n ? part * t * d[i] : 0.0;
    add_point(s, q);
  }
  for (int i = 0; i < SEARCH_MODES; i++) q[i] = i < s->n ? t * d[i] : 0.0;
  descend(s, q, 1e-3);
  add_point(s, q);
}

/* Rays with components 0 ... most, in units in which patterns have equal overlaps. */
static void start_grid(search *s, int most) {
  double d[SEARCH_MODES];
  int digit[SEARCH_MODES] = {0};
  for (;;) {
    int i = 0;
    while (i < s->n && ++digit[i] > most) digit[i++] = 0;
    if (i == s->n || !s->complete) return;
    for (int j = 0; j < s->n; j++) d[j] = digit[j] * s->r[j];
    start_along(s, d);
  }
}

/* Rays that fill the orthant evenly: a Weyl sequence of square roots of primes. */
static void start_more(search *s, int round) {
  static const double root[SEARCH_MODES] = {1.4142135623730951, 1.7320508075688772, 2.23606797749979,
                                            2.6457513110645907, 3.3166247903554,    3.605551275463989};
  const int n_starts = 64 << s->n;
  double d[SEARCH_MODES];
  for (int i = 0; i < n_starts && s->complete; i++) {
    const int place = round * n_starts + i + 1;
    for (int j = 0; j < s->n; j++) d[j] = (place * root[j] - floor(place * root[j])) * (i % 2 ? s->r[j] : 1.0);
    start_along(s, d);
  }
}

/* ---- saddles ---- */

/* The highest point of the line from a to b, a little to its side. */
static void saddle_between(search *s, const double *a, const double *b) {
  double top = -INFINITY, at = 0.5, q[SEARCH_MODES];
  for (int j = 1; j < 16; j++) {
    for (int i = 0; i < s->n; i++) q[i] = a[i] + (b[i] - a[i]) * j / 16.0;
    const double U = potential(s, q, NULL);
    if (U > top) {
      top = U;
      at = j / 16.0;
    }
  }
  for (int i = 0; i < SEARCH_MODES; i++)
    q[i] = i < s->n ? a[i] + (b[i] - a[i]) * at + (i % 2 ? 0.03 : -0.02) * s->r[i] : 0.0;
  if (climb(s, q)) add_point(s, q);
}

/* Indices of points by rising U, by insertion. */
static void order_points(search *s) {
  for (int p = 0; p < s->n_points; p++) {
    int i = p;
    for (; i > 0 && s->points[s->order[i - 1]].U > s->points[p].U; i--) s->order[i] = s->order[i - 1];
    s->order[i] = p;
  }
}

/* Between minima first ... and all others, in all their images. */
static void search_saddles(search *s, int first) {
  int minima[SEARCH_POINTS], n_minima = 0;
  double b[SEARCH_MODES];
  order_points(s);
  for (int i = 0; i < s->n_points; i++)
    if (s->points[s->order[i]].index == 0) minima[n_minima++] = s->order[i];
  if ((double)n_minima * n_minima * (1 << s->n) > 2e4) n_minima = (int)sqrt(2e4 / (1 << s->n)); /* the lowest of them */
  for (int i = 0; i < n_minima; i++)
    for (int j = 0; j <= i && s->complete; j++) {
      if (minima[i] < first && minima[j] < first) continue;
      for (int signs = 0; signs < 1 << s->n; signs++) {
        bool image = true; /* signs of components that are 0 make no other image */
        for (int c = 0; c < s->n; c++) {
          const bool negative = signs >> c & 1;
          if (negative && s->points[minima[j]].q[c] == 0.0) image = false;
          b[c] = negative ? -s->points[minima[j]].q[c] : s->points[minima[j]].q[c];
        }
        if (!image || (i == j && signs == 0)) continue;
        saddle_between(s, s->points[minima[i]].q, b);
      }
    }
}

/* From a saddle to both sides; points that were not known are added. */
static void go_downhill(search *s, int p) {
  double values[SEARCH_MODES], vectors[SEARCH_MODES * SEARCH_MODES], q[SEARCH_MODES];
  hessian_eigen(s, s->points[p].q, values, vectors);
  for (int side = 0; side < 2; side++) {
    if (s->points[p].end[side] >= 0) continue;
    for (int i = 0; i < SEARCH_MODES; i++)
      q[i] = i < s->n ? s->points[p].q[i] + (side ? -1e-3 : 1e-3) * extent(s) * vectors[i * s->n] : 0.0;
    descend(s, q, 1e-7);
    const int end = add_point(s, q);
    s->points[p].end[side] = end;
    s->points[p].end_sign[side] = 0;
    for (int i = 0; end >= 0 && i < s->n; i++)
      if (q[i] < 0.0 && s->points[end].q[i] > 0.0) s->points[p].end_sign[side] |= 1 << i;
  }
}

static void all_downhill(search *s) {
  for (int p = 0; p < s->n_points; p++)
    if (s->points[p].index == 1) go_downhill(s, p);
}

/* ---- certificate, escape heights ---- */

static int euler_sum(const search *s) {
  int sum = 0;
  for (int p = 0; p < s->n_points; p++) sum += (s->points[p].index % 2 ? -1 : 1) * (1 << s->points[p].n_nonzero);
  return sum;
}

static int root_of(int *parent, int i) {
  while (parent[i] != i) i = parent[i] = parent[parent[i]];
  return i;
}

/* Joins minima through the saddles from below; whether all of them are joined in the end. Node of image `signs` of
 * point p: p 2^n + signs, with 0 for signs of components that are 0. */
static bool join_minima(search *s) {
  const int n_signs = 1 << s->n;
  int n_parts = 0;
  order_points(s);
  for (int p = 0; p < s->n_points; p++) {
    if (s->points[p].index == 0) n_parts += 1 << s->points[p].n_nonzero;
    for (int signs = 0; signs < n_signs; signs++) s->parent[p * n_signs + signs] = p * n_signs + signs;
  }
  for (int i = 0; i < s->n_points; i++) {
    search_point *saddle = &s->points[s->order[i]];
    if (saddle->index != 1) continue;
    for (int side = 0; side < 2; side++)
      if (saddle->end[side] < 0 || s->points[saddle->end[side]].index != 0) return false;
    for (int signs = 0; signs < n_signs; signs++) {
      int node[2];
      for (int side = 0; side < 2; side++) {
        const search_point *end = &s->points[saddle->end[side]];
        int bits = signs ^ saddle->end_sign[side];
        for (int c = 0; c < s->n; c++)
          if (end->q[c] == 0.0) bits &= ~(1 << c);
        node[side] = saddle->end[side] * n_signs + bits;
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

/* Whether the list is complete, as far as that can be told; escape heights. */
static bool certify(search *s) {
  for (int p = 0; p < s->n_points; p++) s->points[p].escape = INFINITY;
  const bool joined = join_minima(s);
  s->certified = s->complete && !s->degenerate && euler_sum(s) == 1 && joined;
  return s->certified;
}

/* Puts the list in that order. */
static void sort_points(search *s) {
  int place[SEARCH_POINTS];
  order_points(s);
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

static void find_heights(search *s) {
  s->lowest_saddle = NAN; /* of a search that found none, and was incomplete: nothing is below it */
  s->highest_escape = -INFINITY;
  for (int p = 0; p < s->n_points; p++) {
    if (s->points[p].index == 1) s->lowest_saddle = fmin(s->lowest_saddle, s->points[p].U);
    if (s->points[p].index == 0) s->highest_escape = fmax(s->highest_escape, s->points[p].escape);
  }
}

/* One mode: the normal state is the saddle between two images of the minimum, 1 + 2 v^2 = r^4. */
static void solve_one_mode(search *s) {
  const double square = s->r[0] * s->r[0], U = -0.25 * (square + 1.0 / square);
  s->points[0] = (search_point){.q = {sqrt(0.5 * (square - 1.0) * (1.0 + 1.0 / square))},
                                .U = U,
                                .escape = -0.5,
                                .n_nonzero = 1,
                                .end = {-1, -1}};
  s->points[1] = (search_point){.U = -0.5, .escape = INFINITY, .index = 1, .end = {0, 0}, .end_sign = {0, 1}};
  s->n_points = 2;
  s->certified = true;
}

void dkm_search_run(search *s, int n, const double *r) {
  s->n = n;
  s->n_classes = 1 << (n - 1);
  memcpy(s->r, r, (size_t)n * sizeof *r);
  for (int k = 0; k < s->n_classes; k++)
    for (int i = 0; i < n; i++) s->f[k][i] = i > 0 && (k >> (n - 1 - i) & 1) ? -1 : 1;
  s->n_points = 0;
  s->complete = true;
  s->degenerate = s->certified = false;
  const double origin[SEARCH_MODES] = {0};
  if (n == 1) {
    solve_one_mode(s);
    find_heights(s);
    return;
  }
  add_point(s, origin);
  start_grid(s, n <= 4 ? 3 : n == 5 ? 2 : 1);
  all_downhill(s);
  for (int round = 0, known = 0; !certify(s) && s->complete && !s->degenerate && round < EXTRA_ROUNDS; round++) {
    if (round > 0) start_more(s, round);
    for (int before = -1; before < s->n_points && s->complete;) {
      before = s->n_points;
      search_saddles(s, known);
      all_downhill(s);
      known = before;
    }
  }
  sort_points(s);
  find_heights(s);
}
