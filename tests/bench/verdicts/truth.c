/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rest, cycle, torus or chaos (truth.h). */
#include "truth.h"

#include <gsl/gsl_fft_real.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *truth_name(truth_kind k) {
  static const char *const names[N_TRUTHS] = {"unknown", "rest", "cycle", "torus", "chaos"};
  return names[k];
}

enum { BLOCKS = 32, CROSSINGS = 2048, MOST_RETURNS = 400, ORDER = 3 * 4 };

typedef struct crossing {
  double t, v[ORDER], u[MOST];
} crossing;

/* One window. */
typedef struct window {
  double t_begin, t_end;
  double mean[ORDER], low[ORDER], high[ORDER], size;
  double block[BLOCKS]; /* growth rate of the tangent */
  double growth;        /* logarithm over the whole window */
  int n_crossings;      /* kept, the last ones */
} window;

typedef struct pursuit {
  const equations *e;
  const truth_options *o;
  flow flow;
  int section;  /* order parameter that is watched, -1: not yet */
  double level;
  crossing *ring;
  int64_t n_crossings; /* in this window */
  int64_t n_extra;     /* evaluations beside the flow's */
  uint64_t random;
} pursuit;

static const crossing *crossing_at(const pursuit *p, int64_t i) {
  return &p->ring[i % CROSSINGS];
}

static double watched(const pursuit *p, const double *u) {
  double v[3 * MAX_M];
  order_parameters(p->e, u, v);
  return v[p->section] - p->level;
}

/* The crossing within the step from `before` (all values of the flow) to the present state: secant on single steps. */
static void add_crossing(pursuit *p, const double *before, double t_before) {
  const double whole = p->flow.t - t_before;
  double a = 0.0, sa = watched(p, before), b = whole, sb = watched(p, p->flow.u), x = 0.0;
  double to[2 * MOST];
  for (int i = 0; i < 60 && b - a > 1e-15 * whole; i++) {
    x = a - sa * (b - a) / (sb - sa);
    if (i % 3 == 2 || !(x > a && x < b)) x = 0.5 * (a + b);
    if (!flow_within(&p->flow, before, x, to)) return;
    const double s = watched(p, to);
    if (fabs(s) < 1e-15) break;
    if (s < 0.0)
      a = x, sa = s;
    else
      b = x, sb = s;
    if (i > 8 && fabs(s) < 1e-14) break;
  }
  crossing *c = &p->ring[p->n_crossings++ % CROSSINGS];
  c->t = t_before + x;
  memcpy(c->u, to, (size_t)p->flow.n * sizeof *to);
  order_parameters(p->e, to, c->v);
}

/* Takes the norm of the tangent out, and what of it changes lengths of spins. */
static double stretch(flow *f) {
  const int K = f->e->K;
  double square = 0.0;
  for (int k = 0; k < K; k++) {
    const double *m = f->u + k;
    double *v = f->u + f->n + k;
    const double along = m[0] * v[0] + m[K] * v[K] + m[2 * K] * v[2 * K];
    for (int a = 0; a < 3; a++) v[a * K] -= along * m[a * K];
  }
  for (int i = 0; i < f->n; i++) square += f->u[f->n + i] * f->u[f->n + i];
  for (int i = 0; i < f->n; i++) f->u[f->n + i] /= sqrt(square);
  return 0.5 * log(square);
}

static double random_number(pursuit *p) { /* -1/2 ... 1/2 */
  p->random = p->random * 6364136223846793005u + 1442695040888963407u;
  return (double)(p->random >> 11) * 0x1p-53 - 0.5;
}

/* Rounding alone may keep a trajectory on a subspace that is unstable: what the equations do not conserve must not last. */
static void kick(pursuit *p) {
  for (int i = 0; i < p->flow.n; i++) p->flow.u[i] += 1e-14 * random_number(p);
}

static bool pursue(pursuit *p, double t_end, window *w) {
  flow *f = &p->flow;
  const int n_order = 3 * p->e->M;
  double v[3 * MAX_M], last[3 * MAX_M], before[2 * MOST], square[ORDER] = {0};
  *w = (window){.t_begin = f->t, .t_end = t_end};
  p->n_crossings = 0;
  order_parameters(p->e, f->u, last);
  for (int i = 0; i < n_order; i++) w->low[i] = w->high[i] = last[i];
  for (int b = 0; b < BLOCKS; b++) {
    const double t_block = b == BLOCKS - 1 ? t_end : w->t_begin + (t_end - w->t_begin) * (b + 1) / BLOCKS;
    double growth = 0.0;
    while (f->t < t_block) {
      const double t_before = f->t;
      memcpy(before, f->u, f->system.dimension * sizeof *before);
      if (!flow_step(f, t_block)) return false;
      order_parameters(p->e, f->u, v);
      for (int i = 0; i < n_order; i++) {
        const double half = 0.5 * (f->t - t_before);
        w->mean[i] += half * (last[i] + v[i]);
        square[i] += half * (last[i] * last[i] + v[i] * v[i]);
        w->low[i] = fmin(w->low[i], v[i]);
        w->high[i] = fmax(w->high[i], v[i]);
      }
      if (p->section >= 0 && last[p->section] < p->level && v[p->section] >= p->level) add_crossing(p, before, t_before);
      memcpy(last, v, sizeof last);
      double norm = 0.0;
      for (int i = 0; i < f->n; i++) norm = fmax(norm, fabs(f->u[f->n + i]));
      if (norm > 1e2 || norm < 1e-2) growth += stretch(f), gsl_odeiv2_evolve_reset(f->evolve);
    }
    growth += stretch(f);
    kick(p);
    flow_renormalise(f);
    w->block[b] = growth / ((w->t_end - w->t_begin) / BLOCKS);
    w->growth += growth;
  }
  double variance = 0.0;
  for (int i = 0; i < n_order; i++) {
    w->mean[i] /= t_end - w->t_begin;
    variance += fmax(0.0, square[i] / (t_end - w->t_begin) - w->mean[i] * w->mean[i]);
  }
  w->size = sqrt(variance);
  w->n_crossings = p->n_crossings < CROSSINGS ? (int)p->n_crossings : CROSSINGS;
  return true;
}

/* The next window is cut where this one moved most. */
static void choose_section(pursuit *p, const window *w) {
  double most = -1.0;
  for (int i = 0; i < 3 * p->e->M; i++)
    if (w->high[i] - w->low[i] > most) most = w->high[i] - w->low[i], p->section = i;
  p->level = w->mean[p->section];
}

static double distance(int n, const double *a, const double *b) {
  double largest = 0.0;
  for (int i = 0; i < n; i++) largest = fmax(largest, fabs(a[i] - b[i]));
  return largest;
}

/* Largest change of the order parameters between crossings that are `p` apart, in the last few. */
static double recurrence(const pursuit *q, const window *w, int p) {
  const int64_t last = q->n_crossings - 1, least = q->n_crossings - w->n_crossings + p;
  int64_t first = last - (2 * p > 8 ? 2 * p : 8);
  if (first < least) first = least;
  double largest = 0.0;
  for (int64_t i = first; i <= last; i++)
    largest = fmax(largest, distance(3 * q->e->M, crossing_at(q, i)->v, crossing_at(q, i - p)->v));
  return largest;
}

/* ---- rest ---- */

static bool at_rest(pursuit *p, const window *w, const window *previous, truth *out) {
  static const double near = 0.02, still = 1e-7;
  const int n_order = 3 * p->e->M;
  const double moved = distance(n_order, w->mean, previous->mean);
  rest r;
  if (w->size > near || (w->size > still && w->size > 0.7 * previous->size)) return false;
  /* Spins that precess darkly for ever move the overlaps by the square of their angle from those of the state that
   * Newton finds. */
  const double moves = p->e->K > p->e->M && !p->e->lossy ? 0.0 : 5.0 * w->size;
  if (rest_find(p->e, p->flow.u, &r) && r.n_unstable == 0 && r.moved <= moves + 1e-8) {
    out->distance = r.moved;
    out->residual = r.residual;
    out->growth = r.growth;
    out->decay = r.decay;
    out->n_unstable = 0;
    order_parameters(p->e, r.u, out->mean);
    return true;
  }
  if (p->e->lossy) return false; /* nothing precesses for ever; where all is still it may be about to leave */
  if (w->size > still || previous->size > 100.0 * still || moved > still) return false;
  memcpy(out->mean, w->mean, (size_t)n_order * sizeof *w->mean); /* dark precession */
  out->distance = moved;
  out->growth = out->decay = out->residual = NAN;
  return true;
}

/* ---- cycles ---- */

/* A cycle that the trajectory is close to. */
static bool on_cycle(pursuit *q, const window *w, truth *out) {
  static const double likely = 0.03, near = 0.05, exact = 1e-8;
  enum { TRIES = 3 };
  int tries = 0;
  for (int p = 1; p <= MOST_RETURNS && 3 * p < w->n_crossings && tries < TRIES; p++) {
    const double d = recurrence(q, w, p);
    if (d > likely * w->size) continue;
    const crossing *last = crossing_at(q, q->n_crossings - 1), *before = crossing_at(q, q->n_crossings - 1 - p);
    const double period = last->t - before->t;
    cycle c;
    tries++;
    if (cycle_close(q->e, last->u, period, q->o->tolerance, &c, &q->n_extra) && c.n_unstable == 0 &&
        c.moved <= near * w->size && fabs(c.growth) < INFINITY) {
      cycle_means(q->e, &c, q->o->tolerance, out->mean, out->amplitude);
      out->period = c.period;
      out->residual = c.residual;
      out->growth = c.growth;
      out->decay = c.decay;
      out->n_unstable = c.n_unstable;
      out->distance = c.moved;
      return true;
    }
    const int returns = (w->n_crossings - 1) / p;
    const double all = distance(3 * q->e->M, last->v, crossing_at(q, q->n_crossings - 1 - (int64_t)p * returns)->v);
    if (q->e->K > q->e->M && d < exact * w->size && all < exact * w->size) { /* spins that precess darkly */
      out->period = (last->t - crossing_at(q, q->n_crossings - 1 - (int64_t)p * returns)->t) / returns;
      out->residual = d;
      out->growth = out->decay = NAN;
      out->n_unstable = 0;
      out->distance = d;
      memcpy(out->mean, w->mean, sizeof w->mean);
      for (int mu = 0; mu < q->e->M; mu++) out->amplitude[mu] = 0.5 * (w->high[mu] - w->low[mu]);
      return true;
    }
  }
  return false;
}

/* ---- lines ---- */

static double fastest(const equations *e, const window *w) {
  double h = 0.0, most = 0.0;
  for (int mu = 0; mu < e->M; mu++) {
    h += 2.0 * fmax(fabs(w->low[e->M + mu]), fabs(w->high[e->M + mu]));
    most = fmax(most, fabs(e->Omega_mu[mu]));
  }
  return fmax(most, 2.0 * hypot(e->Omega, e->g0 * h));
}

/* The largest of the power outside what is marked: frequency, interpolated for a Hann window. */
static double leading(const double *power, const bool *marked, int n, double bin, double *height) {
  int best = -1;
  for (int i = 2; i < n - 2; i++)
    if (!marked[i] && power[i] >= power[i - 1] && power[i] >= power[i + 1] && (best < 0 || power[i] > power[best])) best = i;
  if (best < 0) return NAN;
  const int side = power[best + 1] > power[best - 1] ? 1 : -1;
  const double ratio = sqrt(power[best + side] / power[best]);
  *height = power[best];
  return bin * (best + side * (2.0 * ratio - 1.0) / (ratio + 1.0));
}

/* The leading line of the order parameters' summed spectrum from the present state on, and the leading one that is no
 * multiple of it. */
static void find_lines(pursuit *p, const window *w, double frequency[2], double *weight) {
  enum { N = 1 << 14, WIDTH = 4 };
  const int n_order = 3 * p->e->M;
  const double dt = 0.4 * M_PI / fastest(p->e, w), bin = 2.0 * M_PI / (N * dt);
  double *series = calloc((size_t)n_order * N, sizeof *series), *power = calloc(N / 2, sizeof *power), height[2] = {0};
  bool *marked = calloc(N / 2, sizeof *marked);
  double v[3 * MAX_M];
  if (!series || !power || !marked) exit(2);
  flow f;
  flow_begin(&f, p->e, p->flow.u, 0, p->o->tolerance);
  for (int i = 0; i < N; i++) {
    flow_until(&f, dt * i);
    order_parameters(p->e, f.u, v);
    for (int c = 0; c < n_order; c++)
      series[c * N + i] = (v[c] - w->mean[c]) * (1.0 - cos(2.0 * M_PI * i / N));
  }
  for (int c = 0; c < n_order; c++) {
    gsl_fft_real_radix2_transform(series + c * N, 1, N);
    for (int i = 1; i < N / 2; i++) {
      const double re = series[c * N + i], im = series[c * N + N - i];
      power[i] += re * re + im * im;
    }
  }
  frequency[0] = leading(power, marked, N / 2, bin, &height[0]);
  for (int m = 0; !isnan(frequency[0]) && m * frequency[0] / bin < N / 2; m++) {
    const int centre = (int)lround(m * frequency[0] / bin);
    for (int i = centre - WIDTH; i <= centre + WIDTH; i++)
      if (i >= 0 && i < N / 2) marked[i] = true;
  }
  frequency[1] = leading(power, marked, N / 2, bin, &height[1]);
  *weight = height[1] / height[0];
  p->n_extra += f.n_evaluations;
  flow_end(&f);
  free(series);
  free(power);
  free(marked);
}

static bool same_lines(const double a[2], double weight_a, const double b[2], double weight_b) {
  for (int i = 0; i < 2; i++)
    if (!(fabs(a[i] - b[i]) <= 2e-3 * fabs(a[i]))) return false;
  return weight_a > 1e-8 && weight_b > 0.8 * weight_a && weight_b < 1.25 * weight_a;
}

/* ---- all of it ---- */

/* Mean and standard error of the growth rate over one window or two. */
static void exponent(const window *w, const window *previous, bool both, truth *out) {
  const double long_ = w->t_end - w->t_begin, short_ = previous->t_end - previous->t_begin;
  double mean = 0.0, square = 0.0, n = 0.0;
  /* Blocks of the earlier window are half as long: pairs of them count as one. */
  for (int b = 0; b < BLOCKS; b++) mean += w->block[b], square += w->block[b] * w->block[b], n++;
  if (both && fabs(long_ - 2.0 * short_) < 1e-6 * long_)
    for (int b = 0; b < BLOCKS; b += 2) {
      const double pair = 0.5 * (previous->block[b] + previous->block[b + 1]);
      mean += pair, square += pair * pair, n++;
    }
  mean /= n;
  out->lyapunov = mean;
  out->lyapunov_error = sqrt(fmax(0.0, square / n - mean * mean) / (n - 1.0));
}

static truth_kind ask(pursuit *p, const window *w, const window *previous, truth *out) {
  if (at_rest(p, w, previous, out)) return TRUTH_REST;
  exponent(w, previous, false, out);
  if (w->growth > 15.0 && out->lyapunov > 3.0 * out->lyapunov_error) {
    exponent(w, previous, previous->growth > 15.0, out);
    return TRUTH_CHAOS;
  }
  if (w->growth < 8.0 && on_cycle(p, w, out)) return TRUTH_CYCLE;
  const bool steady = fabs(w->size - previous->size) < 0.03 * w->size &&
                      distance(3 * p->e->M, w->mean, previous->mean) < 0.03 * w->size;
  return w->growth < 4.0 && previous->growth < 4.0 && steady ? TRUTH_TORUS : TRUTH_UNKNOWN;
}

void truth_find(const equations *e, const double *start, const truth_options *o, truth *out) {
  pursuit p = {.e = e, .o = o, .section = -1, .random = 12345, .ring = calloc(CROSSINGS, sizeof *p.ring)};
  window w = {0}, previous = {0};
  truth now = {0}, last = {0};
  double first_lines[2] = {NAN, NAN}, first_weight = 0.0, t_lines = 0.0;
  if (!p.ring) exit(2);
  flow_begin(&p.flow, e, start, 1, o->tolerance);
  for (int i = 0; i < p.flow.n; i++) p.flow.u[p.flow.n + i] = random_number(&p);
  *out = (truth){.kind = TRUTH_UNKNOWN};
  double chaos_until = 0.0;
  bool done = false;
  for (int k = 0; !done; k++) {
    const double t_end = ldexp(o->t_first, k);
    if ((double)p.flow.n_evaluations * (k > 0 ? 2.0 : 1.0) > o->work) break;
    if (!pursue(&p, t_end, &w)) break;
    now = (truth){.t = t_end, .period = NAN, .residual = NAN, .growth = NAN, .decay = NAN, .distance = NAN,
                  .frequency = {NAN, NAN}, .size = w.size, .size_before = previous.size};
    for (int mu = 0; mu < e->M; mu++) now.amplitude[mu] = 0.5 * (w.high[mu] - w.low[mu]);
    memcpy(now.mean, w.mean, sizeof w.mean);
    if (k > 0) now.kind = ask(&p, &w, &previous, &now);
    if (now.kind == TRUTH_CHAOS) chaos_until = t_end;
    if (now.kind == TRUTH_TORUS && k >= 4) {
      find_lines(&p, &w, now.frequency, &now.weight);
      if (t_lines == 0.0 || !same_lines(first_lines, first_weight, now.frequency, now.weight)) {
        memcpy(first_lines, now.frequency, sizeof first_lines);
        first_weight = now.weight, t_lines = t_end;
      }
    }
    now.t_known = now.kind != TRUTH_UNKNOWN && now.kind == last.kind ? last.t_known : t_end;
    now.chaos_until = chaos_until;
    switch (now.kind) {
    case TRUTH_REST:
      done = true;
      break;
    case TRUTH_CYCLE: /* nearer than before, or as near as rounding allows */
      done = last.kind == TRUTH_CYCLE && fabs(now.period - last.period) < 1e-5 * now.period && t_end >= o->t_least &&
             (now.distance < 1e-7 || now.distance < 0.7 * last.distance);
      break;
    case TRUTH_TORUS:
      done = t_end >= o->t_least && t_end >= 4.0 * t_lines;
      break;
    case TRUTH_CHAOS:
      done = t_end >= o->t_least && t_end >= 4.0 * now.t_known;
      break;
    default:
      break;
    }
    *out = last = now;
    previous = w;
    choose_section(&p, &w);
  }
  if (!done && (out->kind == TRUTH_TORUS || out->kind == TRUTH_CYCLE)) out->kind = TRUTH_UNKNOWN;
  out->n_evaluations = p.flow.n_evaluations + p.n_extra;
  memcpy(out->state, p.flow.u, (size_t)p.flow.n * sizeof *out->state);
  flow_end(&p.flow);
  free(p.ring);
}
