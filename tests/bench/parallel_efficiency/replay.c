/* SPDX-License-Identifier: GPL-3.0-or-later */
/* replay: the protocol of src/parallel/schedule.c with simulated workers, as a discrete-event simulation: how long
 * workers of large machines would idle, and which rule for the sizes of ranges is best.  Nothing here depends on the
 * clock: the same numbers on every machine.
 *
 *   replay COSTS CASE WORKERS POINTS_PER_WORKER RULE...     one line for each rule
 *   replay COSTS                                            names of the cases
 *   replay COSTS --check                                    a test: the rule is near the ideal on some jobs
 *
 * RULE  rule              dkm_todo_range_size itself
 *       timed:D:T:F:L     its form with other numbers: T seconds, F times workers * service, divisor D, at least L times
 *                         workers * service
 *       guided:D:FLOOR    left/(D workers), at least one round of lanes, at least FLOOR * workers * service
 *                         worth of points (FLOOR = 0: none), at most 4096 rounds
 *       fixed:N           N points
 *       ideal             one point a range and messages that take no time: what uneven points leave to any rule that hands
 *                         them out in order (a few per cent can be won or lost by luck at the end)
 *
 * Worker.  A vector of `lanes` points, each of which takes its number of steps; a step takes the same time however
 * many lanes are in use, and a lane that is free and has no point is lost.  So a worker is `lanes` slots rather than
 * one server; the scalar work at the end of a point (Newton, spectrum; the same for all points of a case) stops all
 * of them.  Idle time below is that of lanes.  A worker draws from its range as lanes become free; when it takes
 * the range held ahead it sends a REQUEST; what is finished is reported once in the reporting interval.  A worker
 * with nothing at all polls with growing naps, as the master does, and both find a message only at the end of a nap.
 *
 * Master.  Messages are served in the order of their arrival, `service` seconds each, a REPORT for each range like a
 * REQUEST.  What it knows of the points' cost is what the REQUESTs of the real protocol tell.
 *
 * Points.  Steps recorded by the real program (costs.txt) on grids of which the first axis is the slow one.  A larger
 * grid is the same with a finer first axis, so that slow points lie together as they do in the recorded one, however
 * many they are; each number of steps is varied by a quarter (hash of its index). */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/todo.h"

enum { LANES = 8, MAX_ROUNDS = 4096, MAX_STEPS = 20000, MEMORY = 64 }; /* MEMORY: PACE_MEMORY of todo.c */
static const double service = 5e-6; /* of each message: measured by service.c below that, on a network that */
static const double latency = 5e-6; /* one way, beside the service */
static const double block = 3e-4;   /* a worker's, to write the records of a range: some 10 us a field */
static const double nap_first = 50e-6, nap_longest = 1e-3, nap_slack = 50e-6;

/* ---- recorded points ---- */

typedef struct recording {
  char name[32];
  int n, inner; /* points; points with the same value of the first axis */
  double seconds_per_step, seconds_per_point;
  double steps[MAX_STEPS];
} recording;

/* The case `name` of a file of costs, or with name == NULL: prints all names. */
static bool read_costs(const char *path, const char *name, recording *r) {
  FILE *file = fopen(path, "r");
  bool found = false;
  if (!file) {
    fprintf(stderr, "replay: %s cannot be read\n", path);
    return false;
  }
  char line[4096];
  recording head = {0};
  while (fgets(line, sizeof line, file)) {
    if (line[0] == '#') continue;
    if (sscanf(line, "case %31s %d %lf %lf", head.name, &head.inner, &head.seconds_per_step, &head.seconds_per_point) ==
        4) {
      if (!name) printf("%s\n", head.name);
      if (found) break;
      if (name && strcmp(head.name, name) == 0) {
        *r = head;
        found = true;
      }
      continue;
    }
    char *at = line, *end;
    for (double steps; found && (steps = strtod(at, &end), end != at) && r->n < MAX_STEPS; at = end)
      r->steps[r->n++] = steps;
  }
  fclose(file);
  if (name && (!found || r->n < r->inner)) {
    fprintf(stderr, "replay: %s has no points of a case %s\n", path, name);
    return false;
  }
  return true;
}

/* Seconds that point i of n occupies a lane. */
static double lane_seconds(const recording *r, int64_t i, int64_t n) {
  const int64_t n_rows = (n + r->inner - 1) / r->inner, recorded_rows = r->n / r->inner;
  const int64_t row = (int64_t)((double)(i / r->inner) / (double)n_rows * (double)recorded_rows);
  uint64_t hash = (uint64_t)i * 0x9E3779B97F4A7C15u;
  hash = (hash ^ (hash >> 31)) * 0xBF58476D1CE4E5B9u;
  const double spread = pow(1.25, 2.0 * (double)(hash >> 11) * 0x1p-53 - 1.0);
  return r->steps[row * r->inner + i % r->inner] * spread * r->seconds_per_step;
}

/* ---- rules ---- */

typedef struct rule {
  enum { REAL, GUIDED, TIMED, FIXED, IDEAL } kind;
  double divisor, floor, seconds, least;
  int64_t fixed;
} rule;

static bool parse_rule(const char *text, rule *out) {
  *out = (rule){0};
  if (strcmp(text, "rule") == 0) return out->kind = REAL, true;
  if (strcmp(text, "ideal") == 0) return out->kind = IDEAL, true;
  long long fixed;
  if (sscanf(text, "fixed:%lld", &fixed) == 1 && fixed > 0) {
    *out = (rule){.kind = FIXED, .fixed = fixed};
    return true;
  }
  if (sscanf(text, "timed:%lf:%lf:%lf:%lf", &out->divisor, &out->seconds, &out->floor, &out->least) == 4)
    return out->kind = TIMED, true;
  out->kind = GUIDED;
  return sscanf(text, "guided:%lf:%lf", &out->divisor, &out->floor) == 2 && out->divisor > 0 && out->floor >= 0;
}

/* ---- events ---- */

typedef struct event {
  double t;
  enum { ARRIVES, RANGE, DRY, SYNC } kind; /* at the master; at a worker; a lane finds no point; reports are due */
  int32_t worker, n_messages;              /* ARRIVES: n_messages REPORTs, or a REQUEST if 0 */
} event;

typedef struct heap {
  event *events;
  int64_t n, room;
} heap;

static void push(heap *h, event e) {
  if (h->n == h->room) {
    h->room = h->room ? 2 * h->room : 1024;
    h->events = realloc(h->events, (size_t)h->room * sizeof *h->events);
    if (!h->events) exit(2);
  }
  int64_t i = h->n++;
  for (; i > 0 && h->events[(i - 1) / 2].t > e.t; i = (i - 1) / 2) h->events[i] = h->events[(i - 1) / 2];
  h->events[i] = e;
}

static event pop(heap *h) {
  const event first = h->events[0], last = h->events[--h->n];
  int64_t i = 0;
  for (int64_t child; (child = 2 * i + 1) < h->n; i = child) {
    if (child + 1 < h->n && h->events[child + 1].t < h->events[child].t) child++;
    if (h->events[child].t >= last.t) break;
    h->events[i] = h->events[child];
  }
  h->events[i] = last;
  return first;
}

/* When somebody who has been polling since t_idle notices what happens at t. */
static double notices(double t_idle, double t) {
  double nap = nap_first;
  if (t <= t_idle) return t_idle;
  while (nap < nap_longest) {
    t_idle += nap + nap_slack;
    if (t_idle >= t) return t_idle;
    nap *= 2;
  }
  return t_idle + ceil((t - t_idle) / (nap_longest + nap_slack)) * (nap_longest + nap_slack);
}

/* ---- the simulation ---- */

typedef struct worker {
  double finish[LANES]; /* in vector time, INFINITY if empty */
  double lag;           /* clock - vector time: scalar work so far, and times without any point */
  double t_dry;         /* since when a lane has had no point */
  double waited;        /* lane seconds lost while a RANGE was on its way */
  double t_synced;
  dkm_range hand, ahead;
  bool held, dry, ended, sync_due;
  int32_t n_unreported;
  double t_taken;       /* when it took the range in hand */
  int64_t taken, drawn; /* points of that range; of the one before, which the REQUEST tells, with its seconds */
  double drawn_seconds;
} worker;

typedef struct simulation {
  const recording *points;
  rule rule;
  int n_workers;
  int64_t n_points, next, n_requests, n_reports;
  double service, latency, report_interval;
  bool naps;
  worker *workers;
  heap heap;
  double t_free, busy; /* master: when it has served everything so far; time that it spent on it */
  double recent_seconds, recent_points,
      seconds_per_point; /* what the master believes, of a worker's time; 0: it does not know */
} simulation;

static double t_of(const worker *w, double v) {
  return v + w->lag;
}

/* Empties the lanes that are through at time t. */
static void finish_until(const simulation *s, worker *w, double t) {
  for (;;) {
    int first = 0;
    for (int lane = 1; lane < LANES; lane++)
      if (w->finish[lane] < w->finish[first]) first = lane;
    if (!(t_of(w, w->finish[first]) <= t)) return;
    w->finish[first] = INFINITY;
    w->lag += s->points->seconds_per_point;
  }
}

/* Draws points into free lanes from time t on, until there are none in hand; returns when that is. */
static double compute(simulation *s, worker *w, double t) {
  bool empty = true;
  for (int lane = 0; lane < LANES; lane++) empty &= isinf(w->finish[lane]);
  double v = t - w->lag;
  if (empty) { /* vector time stood still */
    w->lag = t;
    v = 0;
  }
  for (;;) {
    int lane = 0;
    for (int i = 1; i < LANES; i++) /* a free one first, else the next to finish */
      if (isinf(w->finish[i]) ? !isinf(w->finish[lane]) : !isinf(w->finish[lane]) && w->finish[i] < w->finish[lane])
        lane = i;
    if (!isinf(w->finish[lane])) {
      v = w->finish[lane];
      w->lag += s->points->seconds_per_point;
      w->finish[lane] = INFINITY;
    }
    if (w->hand.count == 0) {
      if (s->naps) w->lag += block;
      return t_of(w, v);
    }
    w->finish[lane] = v + lane_seconds(s->points, w->hand.first++, s->n_points);
    w->hand.count--;
  }
}

/* Takes the range that it holds and asks for the next. */
static void take(simulation *s, int i, double t) {
  worker *w = &s->workers[i];
  w->drawn = w->taken;
  w->drawn_seconds = w->t_dry - w->t_taken;
  w->hand = w->ahead;
  w->taken = w->hand.count;
  w->t_taken = t;
  w->held = w->dry = false;
  push(&s->heap, (event){t + s->latency, ARRIVES, i, 0});
  push(&s->heap, (event){compute(s, w, t), DRY, i, 0});
}

static void report_later(simulation *s, int i, double t) {
  worker *w = &s->workers[i];
  w->n_unreported++;
  if (w->sync_due) return;
  w->sync_due = true;
  push(&s->heap, (event){fmax(t, w->t_synced + s->report_interval), SYNC, i, 0});
}

/* The rest of a worker that gets no more ranges: when its last point is through, and the report of it. */
static double end_of(simulation *s, int i) {
  worker *w = &s->workers[i];
  double last = 0;
  for (int lane = 0; lane < LANES; lane++)
    if (!isinf(w->finish[lane])) {
      last = fmax(last, w->finish[lane]);
      w->lag += s->points->seconds_per_point;
      w->finish[lane] = INFINITY;
    }
  last = fmax(t_of(w, last), w->t_dry);
  if (w->n_unreported > 0) push(&s->heap, (event){last, SYNC, i, 0});
  return last;
}

static int64_t range_size(const simulation *s, int64_t left) {
  int64_t size;
  switch (s->rule.kind) {
  case REAL:
    size = dkm_todo_range_size(left, s->n_workers, LANES, s->seconds_per_point);
    break;
  case GUIDED: {
    size = (int64_t)((double)left / (s->rule.divisor * s->n_workers));
    const double least = s->rule.floor * s->n_workers * service;
    const int64_t floor = s->seconds_per_point > 0 ? (int64_t)fmin(least / s->seconds_per_point, 1e9) : 0;
    if (size < floor) size = floor;
    if (size < LANES) size = LANES;
    if (size > MAX_ROUNDS * LANES) size = MAX_ROUNDS * LANES;
    size = (size + LANES - 1) / LANES * LANES;
    break;
  }
  case TIMED: {
    const double seconds = fmax(s->rule.seconds, s->rule.floor * s->n_workers * service);
    size = s->seconds_per_point > 0 ? (int64_t)fmin(seconds / s->seconds_per_point, MAX_ROUNDS * LANES) : LANES;
    const int64_t share = (int64_t)((double)left / (s->rule.divisor * s->n_workers));
    int64_t least = LANES;
    if (s->seconds_per_point > 0)
      least = (int64_t)fmin(s->rule.least * s->n_workers * service / s->seconds_per_point, MAX_ROUNDS * LANES);
    if (least > left / s->n_workers) least = left / s->n_workers;
    if (size > share) size = share;
    if (size < least) size = least;
    if (size < 1) size = 1;
    if (size > LANES) size -= size % LANES;
    break;
  }
  case FIXED:
    size = s->rule.fixed;
    break;
  default:
    size = 1;
  }
  return size < left ? size : left;
}

static void serve(simulation *s, event e) {
  const double start = s->naps ? notices(s->t_free, e.t) : fmax(s->t_free, e.t);
  const int n = e.n_messages > 0 ? e.n_messages : 1;
  s->t_free = start + n * s->service;
  s->busy += n * s->service;
  if (e.n_messages > 0) {
    s->n_reports += n;
    return;
  }
  s->n_requests++;
  worker *w = &s->workers[e.worker];
  if (w->drawn > 0) {
    s->recent_seconds += w->drawn_seconds - s->recent_seconds / MEMORY;
    s->recent_points += (double)w->drawn - s->recent_points / MEMORY;
    s->seconds_per_point = s->recent_seconds / s->recent_points;
  }
  const int64_t left = s->n_points - s->next;
  w->ahead = (dkm_range){s->next, left > 0 ? range_size(s, left) : 0};
  s->next += w->ahead.count;
  push(&s->heap, (event){s->t_free + s->latency, RANGE, e.worker, 0});
}

/* Returns the idle part of all lanes; prints unless name is NULL. */
static double print(const simulation *s, const char *name, double end) {
  double useful = 0, waited = 0;
  for (int64_t i = 0; i < s->n_points; i++)
    useful += lane_seconds(s->points, i, s->n_points) + LANES * s->points->seconds_per_point;
  for (int i = 0; i < s->n_workers; i++) waited += s->workers[i].waited;
  const double all = LANES * (double)s->n_workers * end, idle = 100 * (1 - useful / all);
  if (name)
    printf(
        "%-14s %10.4g s  idle %6.2f %%  waiting %6.2f %%  end %6.2f %%  master %6.2f %%  ranges %lld  reports %lld\n",
        name, end, idle, 100 * waited / all, idle - 100 * waited / all, 100 * s->busy / end, (long long)s->n_requests,
        (long long)s->n_reports);
  return idle / 100;
}

static double simulate(const recording *points, const char *name, rule which, int n_workers, int64_t n_points) {
  simulation s = {.points = points,
                  .rule = which,
                  .n_workers = n_workers,
                  .n_points = n_points,
                  .naps = which.kind != IDEAL,
                  .service = which.kind == IDEAL ? 0 : service,
                  .latency = which.kind == IDEAL ? 0 : latency,
                  .report_interval = 1.0};
  s.workers = calloc((size_t)n_workers, sizeof *s.workers);
  if (!s.workers) exit(2);
  for (int i = 0; i < n_workers; i++) {
    for (int lane = 0; lane < LANES; lane++) s.workers[i].finish[lane] = INFINITY;
    s.workers[i].dry = true;
    push(&s.heap, (event){s.latency, ARRIVES, i, 0});
  }
  double end = 0;
  while (s.heap.n > 0) {
    const event e = pop(&s.heap);
    worker *w = &s.workers[e.worker];
    switch (e.kind) {
    case ARRIVES:
      serve(&s, e);
      if (s.t_free > end) end = s.t_free;
      break;
    case RANGE: {
      if (w->ahead.count == 0) {
        w->ended = true;
      } else {
        w->held = true;
      }
      if (!w->dry) break;
      /* Lanes that became free in the meantime have waited; a worker without any point sleeps. */
      double t = e.t, last = w->t_dry, lost = 0;
      int n_free = 0;
      double frees[LANES];
      worker copy = *w;
      for (;;) {
        int first = 0;
        for (int lane = 1; lane < LANES; lane++)
          if (copy.finish[lane] < copy.finish[first]) first = lane;
        if (!(t_of(&copy, copy.finish[first]) <= t)) break;
        last = t_of(&copy, copy.finish[first]) + points->seconds_per_point;
        frees[n_free++] = last;
        copy.finish[first] = INFINITY;
        copy.lag += points->seconds_per_point;
      }
      bool all = true;
      int n_empty = 0;
      for (int lane = 0; lane < LANES; lane++) {
        all &= isinf(copy.finish[lane]);
        n_empty += isinf(w->finish[lane]);
      }
      if (all && s.naps) t = notices(last, t);
      lost = n_empty * (t - w->t_dry);
      for (int i = 0; i < n_free; i++) lost += fmax(t - frees[i], 0);
      if (w->ended) {
        end = fmax(end, end_of(&s, e.worker));
      } else {
        w->waited += lost;
        finish_until(&s, w, t);
        take(&s, e.worker, t);
      }
      break;
    }
    case DRY:
      report_later(&s, e.worker, e.t);
      w->dry = true;
      w->t_dry = e.t;
      if (w->held)
        take(&s, e.worker, e.t);
      else if (w->ended)
        end = fmax(end, end_of(&s, e.worker));
      break;
    case SYNC:
      if (w->n_unreported == 0) break;
      push(&s.heap, (event){e.t + s.latency, ARRIVES, e.worker, w->n_unreported});
      w->n_unreported = 0;
      w->sync_due = false;
      w->t_synced = e.t;
    }
  }
  const double idle = print(&s, name, end);
  free(s.workers);
  free(s.heap.events);
  return idle;
}

/* What the schedule promises on machines that can be simulated at once; the number of claims that do not hold. */
static int check(const char *path) {
  static const struct {
    const char *name;
    int n_workers;
    int64_t per_worker;
  } jobs[] = {{"fig3", 100, 2000},
              {"perturbed", 100, 2000},
              {"blue", 100, 1000},
              {"perturbed", 1000, 200},
              {"blue", 1000, 200}};
  int n_wrong = 0;
  for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++) {
    static recording points;
    points = (recording){0};
    if (!read_costs(path, jobs[i].name, &points)) return 1;
    const int64_t n_points = jobs[i].n_workers * jobs[i].per_worker;
    const double ideal = simulate(&points, NULL, (rule){.kind = IDEAL}, jobs[i].n_workers, n_points);
    const double real = simulate(&points, NULL, (rule){.kind = REAL}, jobs[i].n_workers, n_points);
    /* The time of the run against that of a master without any cost. */
    const double factor = (1 - ideal) / (1 - real);
    const bool good = factor < 1.05 && ideal >= 0 && real >= 0 && ideal < 1;
    printf("%s %-10s %5d workers, %5lld points each: idle %5.2f %%, ideal %5.2f %%, time %.3f of the ideal\n",
           good ? "ok    " : "FAILED", jobs[i].name, jobs[i].n_workers, (long long)jobs[i].per_worker, 100 * real,
           100 * ideal, factor);
    n_wrong += !good;
  }
  return n_wrong;
}

int main(int argc, char **argv) {
  static recording points;
  if (argc == 3 && strcmp(argv[2], "--check") == 0) return check(argv[1]) != 0;
  if (argc == 2) return !read_costs(argv[1], NULL, &points);
  if (argc < 6) {
    fprintf(stderr, "usage: replay COSTS [--check | CASE WORKERS POINTS_PER_WORKER RULE...]\n");
    return 1;
  }
  const int n_workers = atoi(argv[3]);
  const int64_t per_worker = atoll(argv[4]);
  if (!read_costs(argv[1], argv[2], &points)) return 1;
  if (n_workers < 1 || per_worker < 1) {
    fprintf(stderr, "replay: %s workers, %s points each (allowed: 1 or more)\n", argv[3], argv[4]);
    return 1;
  }
  for (int i = 5; i < argc; i++) {
    rule which;
    if (!parse_rule(argv[i], &which)) {
      fprintf(stderr, "replay: %s is no rule\n", argv[i]);
      return 1;
    }
    simulate(&points, argv[i], which, n_workers, n_workers * per_worker);
  }
  return 0;
}
