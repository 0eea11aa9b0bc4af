/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All critical points of U(q), up to images: a deterministic search, and a test of whether it was complete.
 *
 *   starts      rays to the minimum of U on each; from there Newton (any index) and descent.  Where U is even rays into
 *               the first orthant, otherwise into half of the space: directions {-1, 0, 1}^n and the columns
 *   saddles     from the top of the straight line between two minima: up along the softest direction, down along the
 *               others
 *   downhill    from each saddle of index 1 to both sides; minima that were not known yet join the list, and again
 *   certificate sum (-1)^index over all images = 1 (U rises at infinity); no eigenvalue is 0; all minima are joined
 *   more        otherwise more starts, a few rounds of them
 *
 * Except for +-1 patterns there can be a thousand times as many rays and classes, so that the work is bounded; a search
 * that is over before its end is not certified.  The certificate is necessary, not sufficient: where it was believed as
 * soon as it held, 3 of 3162 random systems (M <= 4, K <= 40, to 8 g_c) lacked a saddle that lowers an escape height.
 * So one more round of starts must find nothing new: of 6686 none lacked one then, or a minimum, as far as 300 random
 * starts for each can tell.  In larger systems only a part is done: descents from the patterns and from some columns,
 * and saddles between the lowest minima that were found. */
#include "landscape_search.h"

#include <math.h>
#include <string.h>

enum { EXTRA_ROUNDS = 2, MOST = DKM_MAX_MODES, COLUMNS = 64, BATCH = 16, QUIET_ROUNDS = 1 };
/* Critical points closer than this are one; a component below it is 0. */
static const double same_point = 1e-6, zero_component = 1e-7;
/* An eigenvalue of the Hessian (of order 1) below this says nothing reliable about its sign. */
static const double degenerate_eigenvalue = 1e-9;
/* Multiplications that a search may take, some tens of milliseconds, and how much of them may be spent on
 * starts, at first and in all. */
static const double most_work = 1.2e8, starts_part = 0.4, more_part = 0.8;

/* ---- the list ---- */

/* Index of the critical point at q (up to images), or -1. */
static int find_point(const search *s, const double *q) {
  for (int p = 0; p < s->n_points; p++)
    if (dkm_search_image_at(s, &s->points[p], q, same_point * s->scale) >= 0) return p;
  return -1;
}

/* Makes components that are next to 0 exactly 0: each of them where U is even, and the others positive; else only all
 * together. Returns the idle bits. */
static int tidy(const search *s, double *q) {
  const double zero = zero_component * s->scale;
  int idle = 0;
  if (s->extent == SEARCH_EVEN) {
    for (int i = 0; i < s->n; i++) {
      q[i] = fabs(q[i]);
      if (q[i] <= zero) q[i] = 0.0;
      idle |= q[i] > 0.0 ? 0 : 1 << i;
    }
    return idle;
  }
  for (int i = 0; i < s->n; i++)
    if (fabs(q[i]) > zero) return 0;
  memset(q, 0, (size_t)s->n * sizeof *q);
  return 1;
}

/* Adds the critical point that Newton finds from q, if it is new; its index in the list, -1: none, or no room. */
static int add_point(search *s, const double *from) {
  double q[MOST], values[MOST], vectors[MOST * MOST];
  memcpy(q, from, (size_t)s->n * sizeof *q);
  if (!dkm_search_newton(s, q)) return -1;
  if (s->extent == SEARCH_EVEN) {
    tidy(s, q);
    if (!dkm_search_newton(s, q)) return -1;
  }
  const int idle = tidy(s, q); /* rounding in the eigenvectors */
  const int known = find_point(s, q);
  if (known >= 0) return known;
  if (s->n_points == SEARCH_POINTS) {
    s->complete = false;
    return -1;
  }
  search_point *p = &s->points[s->n_points];
  *p = (search_point){.U = dkm_search_potential(s, q, NULL), .escape = INFINITY, .idle = idle, .end = {-1, -1}};
  memcpy(p->q, q, (size_t)s->n * sizeof *q);
  dkm_search_hessian_eigen(s, q, values, vectors);
  for (int i = 0; i < s->n; i++) {
    p->index += values[i] < 0.0;
    if (fabs(values[i]) < degenerate_eigenvalue) s->degenerate = true;
  }
  return s->n_points++;
}

/* ---- starts ---- */

/* The minimum of U on the ray along d: U'(t) = t |d|^2 - sum w c^2 t/sqrt(1 + 2 c^2 t^2) with c_k = v_k(d), by
 * bisection. */
static double ray_minimum(search *s, const double *d) {
  double low = 0.0, high = 1.0, grad[MOST], q[MOST];
  for (int it = 0; it < 80; it++) {
    const bool rising_high = it < 30 && low == 0.0 && high < 1e6;
    const double t = rising_high ? high : 0.5 * (low + high);
    double slope = 0.0;
    for (int i = 0; i < s->n; i++) q[i] = t * d[i];
    dkm_search_potential(s, q, grad);
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
  double q[MOST];
  const double t = ray_minimum(s, d);
  /* The higher the index, the closer to the origin. */
  for (double part = 0.5; part <= 1.0 && s->extent != SEARCH_PART; part += 0.25) {
    for (int i = 0; i < s->n; i++) q[i] = part * t * d[i];
    add_point(s, q);
  }
  for (int i = 0; i < s->n; i++) q[i] = t * d[i];
  dkm_search_descend(s, q, 1e-3);
  add_point(s, q);
}

/* Rays with components least ... most, in units in which patterns have equal overlaps; of opposite ones only that whose
 * last component that is not 0 is positive. */
static void start_grid(search *s, int least, int most) {
  double d[MOST];
  int digit[MOST] = {0};
  for (int i = 0; i < s->n; i++) digit[i] = least;
  for (;;) {
    int i = 0, last = s->n - 1;
    while (i < s->n && ++digit[i] > most) digit[i++] = least;
    if (i == s->n || !s->complete || search_is_over(s)) return;
    while (last >= 0 && digit[last] == 0) last--;
    if (last < 0 || digit[last] < 0) continue;
    for (int j = 0; j < s->n; j++) d[j] = digit[j] * s->reach[j];
    start_along(s, d);
  }
}

/* Towards single patterns, then to where the fields on the spins are the columns. */
static void start_patterns(search *s) {
  double d[MOST] = {0};
  for (int i = 0; i < s->n; i++) {
    d[i] = s->reach[i];
    start_along(s, d);
    d[i] = 0.0;
  }
}

static void start_columns(search *s) {
  double d[MOST];
  const int64_t most = s->n_classes < COLUMNS ? s->n_classes : COLUMNS;
  for (int64_t c = 0; c < most && s->complete && !search_is_over(s); c++) {
    const double *f = s->f + c * s->n_classes / most * s->n; /* evenly among all */
    for (int i = 0; i < s->n; i++) d[i] = s->r[i] * f[i];
    start_along(s, d);
  }
}

/* Rays that fill the orthant, or the space, evenly: a Weyl sequence of square roots of primes. */
static void start_more(search *s, int round, int n_starts) {
  static const double root[SEARCH_MODES] = {1.4142135623730951, 1.7320508075688772, 2.23606797749979,
                                            2.6457513110645907, 3.3166247903554,    3.605551275463989};
  double d[MOST];
  for (int i = 0; i < n_starts && s->complete && !search_is_over(s); i++) {
    const int place = round * n_starts + i + 1;
    for (int j = 0; j < s->n; j++) {
      const double part = place * root[j] - floor(place * root[j]);
      d[j] = (s->extent == SEARCH_EVEN ? part : 2.0 * part - 1.0) * (i % 2 ? s->reach[j] : 1.0);
    }
    start_along(s, d);
  }
}

/* ---- saddles ---- */

/* The highest point of the line from a to b, q = a + at (b - a); returns at. */
static double top_between(search *s, const double *a, const double *b, double *q) {
  double top = -INFINITY, at = 0.5;
  for (int j = 1; j < 16; j++) {
    for (int i = 0; i < s->n; i++) q[i] = a[i] + (b[i] - a[i]) * j / 16.0;
    const double U = dkm_search_potential(s, q, NULL);
    if (U > top) {
      top = U;
      at = j / 16.0;
    }
  }
  for (int i = 0; i < s->n; i++) q[i] = a[i] + (b[i] - a[i]) * at;
  return at;
}

/* A little to the side of it. */
static void saddle_between(search *s, const double *a, const double *b) {
  double q[MOST];
  top_between(s, a, b, q);
  for (int i = 0; i < s->n; i++) q[i] += (i % 2 ? 0.03 : -0.02) * s->reach[i];
  if (dkm_search_climb(s, q)) add_point(s, q);
}

static void image_of(const search *s, const search_point *p, int image, double *q) {
  for (int i = 0; i < s->n; i++) q[i] = search_flips(s, image, i) ? -p->q[i] : p->q[i];
}

/* The higher an index, the fewer rays lead to its points: one with an index higher by one is often on the line between
 * two of them, if one of these is not among the first ... points. */
static void search_tops(search *s, int first) {
  double b[MOST], q[MOST];
  const int n_points = s->n_points;
  for (int i = first; i < n_points; i++)
    for (int j = 0; j <= i && s->complete; j++) {
      const search_point *from = &s->points[i], *to = &s->points[j];
      if (from->index != to->index || from->index == 0 || from->index >= s->n - 1) continue;
      for (int image = i == j ? 1 : 0; image < 2 && !search_is_over(s); image++) {
        image_of(s, to, image, b);
        top_between(s, from->q, b, q);
        add_point(s, q);
      }
    }
}

/* Between minima first ... and all others, in all their images. */
static void search_saddles(search *s, int first) {
  const int n_images = search_n_images(s);
  int minima[SEARCH_POINTS], n_minima = 0;
  double b[MOST];
  dkm_search_order(s);
  for (int i = 0; i < s->n_points; i++)
    if (s->points[s->order[i]].index == 0) minima[n_minima++] = s->order[i];
  if ((double)n_minima * n_minima * n_images > 2e4) n_minima = (int)sqrt(2e4 / n_images); /* the lowest of them */
  for (int i = 0; i < n_minima; i++)
    for (int j = 0; j <= i && s->complete; j++) {
      if (minima[i] < first && minima[j] < first) continue;
      for (int image = 0; image < n_images && !search_is_over(s); image++) {
        const search_point *to = &s->points[minima[j]];
        if ((i == j && image == 0) || image & to->idle) continue; /* idle bits make no other image */
        image_of(s, to, image, b);
        saddle_between(s, s->points[minima[i]].q, b);
      }
    }
}

/* From a saddle to both sides; points that were not known are added. */
static void go_downhill(search *s, int p) {
  double values[MOST], vectors[MOST * MOST], q[MOST];
  dkm_search_hessian_eigen(s, s->points[p].q, values, vectors);
  for (int side = 0; side < 2; side++) {
    if (s->points[p].end[side] >= 0) continue;
    for (int i = 0; i < s->n; i++) q[i] = s->points[p].q[i] + (side ? -1e-3 : 1e-3) * s->scale * vectors[i * s->n];
    dkm_search_descend(s, q, 1e-7);
    if (search_is_over(s)) return;
    const int end = add_point(s, q);
    const int image = end < 0 ? 0 : dkm_search_image_at(s, &s->points[end], q, INFINITY);
    s->points[p].end[side] = end;
    s->points[p].end_image[side] = image & ~(end < 0 ? 0 : s->points[end].idle);
  }
}

static void all_downhill(search *s) {
  for (int p = 0; p < s->n_points && !search_is_over(s); p++)
    if (s->points[p].index == 1) go_downhill(s, p);
}

/* ---- searches ---- */

/* One mode: the normal state is the saddle between two images of the only minimum, since grad U(q)/q rises. */
static void solve_one_mode(search *s) {
  double q = 0.0, U;
  const double top = s->patterns ? -0.5 : dkm_search_potential(s, &q, NULL);
  if (s->patterns) { /* 1 + 2 v^2 = r^4 */
    const double square = s->r[0] * s->r[0];
    q = sqrt(0.5 * (square - 1.0) * (1.0 + 1.0 / square));
    U = -0.25 * (square + 1.0 / square);
  } else {
    double low = 0.0, high = s->scale, grad;
    for (int it = 0; it < 1100 && high - low > 1e-16 * high; it++) {
      q = low > 0.0 ? 0.5 * (low + high) : 0.5 * high;
      if (q == low || q == high) break;
      dkm_search_potential(s, &q, &grad);
      *(grad < 0.0 ? &low : &high) = q;
    }
    U = fmin(top, dkm_search_potential(s, &q, NULL));
  }
  s->points[0] = (search_point){.q = {q}, .U = U, .escape = top, .end = {-1, -1}};
  s->points[1] =
      (search_point){.U = top, .escape = INFINITY, .index = 1, .idle = 1, .end = {0, 0}, .end_image = {0, 1}};
  s->n_points = 2;
  s->certified = true;
  dkm_search_finish(s);
}

static void begin_search(search *s, search_extent extent) {
  s->extent = extent;
  s->n_points = 0;
  s->complete = true;
  s->degenerate = s->certified = false;
  s->work = 0.0;
  s->work_bound = INFINITY;
  s->scale = 0.0;
  for (int i = 0; i < s->n; i++) {
    double sum = 0.0;
    for (int64_t k = 0; k < s->n_classes; k++) sum += s->w[k] * fabs(s->f[k * s->n + i]);
    s->reach[i] = s->r[i] * sum;
    s->scale = fmax(s->scale, s->reach[i]);
  }
}

/* Saddles and what is downhill from them, until nothing new is found; known: points that this was done for before. */
static void join_points(search *s, int *known) {
  for (int before = -1; before < s->n_points && s->complete && !search_is_over(s);) {
    before = s->n_points;
    search_saddles(s, *known);
    if (s->extent != SEARCH_PART) all_downhill(s);
    *known = before;
  }
}

static void search_even(search *s) {
  const double all = s->patterns ? INFINITY : most_work; /* of +-1 patterns there are few classes */
  int known = 0;
  s->work_bound = starts_part * all;
  start_grid(s, 0, s->n <= 4 ? 3 : s->n == 5 ? 2 : 1);
  s->work_bound = all;
  all_downhill(s);
  for (int round = 0; !dkm_search_certify(s) && s->complete && !s->degenerate && round < EXTRA_ROUNDS; round++) {
    if (round > 0) start_more(s, round, 64 << s->n);
    join_points(s, &known);
  }
  if (search_is_over(s)) s->certified = false;
}

/* Until nothing is new. Each bound on the work leaves some of it for what comes after. */
static void search_whole(search *s) {
  int known = 0, topped = 0, n_quiet = 0;
  s->work_bound = starts_part * most_work;
  start_patterns(s);
  start_columns(s);
  start_grid(s, -1, 1);
  s->work_bound = most_work;
  all_downhill(s);
  for (int round = 0; n_quiet < QUIET_ROUNDS && s->complete && !s->degenerate && s->work < more_part * most_work;
       round++) {
    const int before = s->n_points;
    s->work_bound = more_part * most_work;
    if (round > 0) {
      search_tops(s, topped);
      topped = before;
      start_more(s, round, BATCH * s->n);
    }
    s->work_bound = most_work;
    join_points(s, &known);
    const bool quiet = dkm_search_certify(s) && round > 0 && s->n_points == before;
    n_quiet = quiet ? n_quiet + 1 : 0;
  }
  if (search_is_over(s)) s->certified = false;
}

static void search_part(search *s) {
  int known = 0;
  s->work_bound = starts_part * most_work;
  start_patterns(s);
  start_columns(s);
  s->work_bound = most_work;
  join_points(s, &known);
}

void dkm_search_run(search *s, search_extent extent) {
  const double origin[MOST] = {0};
  begin_search(s, extent);
  if (s->n == 1) {
    solve_one_mode(s);
    return;
  }
  add_point(s, origin);
  if (extent == SEARCH_EVEN)
    search_even(s);
  else if (extent == SEARCH_WHOLE)
    search_whole(s);
  else
    search_part(s);
  dkm_search_finish(s);
}
