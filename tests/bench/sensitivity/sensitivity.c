/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What solver.sensitivity costs, and what it is worth.
 *
 *   cost PERTURBATION N_SEEDS EVERY ROUNDS
 *     The grid of Fig. 3 (4 patterns, every EVERYth of 200 values of g0 from 0.01 to 2) times N_SEEDS seeds, tolerance
 *     1e-10, with and without the measurement in turns.  Prints: points, CPU ms a point without and with (medians), the
 *     median of the ratios of neighbouring rounds, records that differ in anything but the two fields and wall_time.
 *   grid M N_G0 N_SEEDS SEED
 *     N_G0 values of g0 from 0.5 to 2 x 5 overlaps from 0.5 to 0.9 x M patterns x N_SEEDS seeds from SEED on,
 *     perturbation 0.01, at tolerances 1e-6, 1e-8 and 1e-10, and 1e-12 to compare with.
 *   boundary M N_G0 SEED
 *     Points that approach basin boundaries: wherever neighbours on a line of 17 overlaps from 0.5 to 0.9 (N_G0 values of g0
 *     from 0.5 to 2 x M patterns, perturbation 0.01) have different outcomes, the interval is bisected 40 times at
 *     tolerance 1e-13; all of the midpoints, at 1e-6, 1e-8 and 1e-10, and that of the bisection to compare with.
 *   Both print a line for each point and tolerance: tolerance, amplification, amplification_total, sensitive, whether the
 *   outcome differs from that to compare with (-1: one of them did not come to rest) and whether a |xi| does
 *   by more than 1e-6.  Outcomes differ if `retrieved` does, or for mixtures a xi by more than 0.1. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dickemap/evaluate.h"

enum { N_G0 = 200, N_PATTERNS = 4, MAX_ROUNDS = 100, N_OVERLAPS = 5, N_LINE = 17, N_BISECTIONS = 40, N_TOLERANCES = 3 };
static const double tolerances[N_TOLERANCES] = {1e-6, 1e-8, 1e-10};

static double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *allocated(size_t n, size_t bytes) {
  void *memory = calloc(n, bytes);
  if (memory) return memory;
  fprintf(stderr, "out of memory\n");
  exit(1);
}

static dkm_point make_point(int M, double g0, int pattern, double overlap, double perturbation, int seed) {
  dkm_point p = {
      .g0 = g0, .Omega = 0.5, .pattern = pattern, .overlap = overlap, .perturbation = perturbation, .seed = seed};
  for (int mu = 0; mu < M; mu++) {
    p.Omega_mu[mu] = 0.5 * (mu + 3);
    p.kappa_mu[mu] = 1.0;
  }
  return p;
}

/* CPU seconds. */
static double evaluate(int M, double tolerance, bool sensitivity, int n, const dkm_point *points, dkm_record *records) {
  dkm_system system;
  const dkm_solver solver = {
      .method = DKM_METHOD_ENSEMBLE, .tolerance = tolerance, .t_max = 2e4, .sensitivity = sensitivity};
  dkm_evaluator *evaluator;
  dkm_error err;
  dkm_status status = dkm_system_of_patterns(&system, DKM_GAUGED, M, &err);
  if (status == DKM_OK) status = dkm_evaluator_create(&system, &solver, NULL, &evaluator, &err);
  const double start = cpu_seconds();
  if (status == DKM_OK) status = dkm_evaluate(evaluator, n, points, records, NULL, &err);
  if (status != DKM_OK) {
    fprintf(stderr, "%s\n", err.message);
    exit(1);
  }
  const double time = cpu_seconds() - start;
  dkm_evaluator_destroy(evaluator);
  return time;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values, int n) {
  qsort(values, (size_t)n, sizeof *values, ascending);
  return 0.5 * (values[(n - 1) / 2] + values[n / 2]);
}

static void cost(double perturbation, int n_seeds, int every, int rounds) {
  double without[MAX_ROUNDS], with[MAX_ROUNDS], ratio[MAX_ROUNDS];
  dkm_point *points = allocated((size_t)(N_G0 * N_PATTERNS * n_seeds), sizeof *points);
  int n = 0, n_different = 0;
  for (int i = 0; i < N_G0; i += every)
    for (int j = 0; j < N_PATTERNS * n_seeds; j++)
      points[n++] = make_point(N_PATTERNS, 0.01 + 1.99 * i / (N_G0 - 1), 1 + j % N_PATTERNS, 1.0, perturbation,
                               1 + j / N_PATTERNS);
  dkm_record *plain = allocated((size_t)n, sizeof *plain), *measured = allocated((size_t)n, sizeof *measured);
  for (int round = 0; round < rounds; round++) {
    without[round] = evaluate(N_PATTERNS, 1e-10, false, n, points, plain);
    with[round] = evaluate(N_PATTERNS, 1e-10, true, n, points, measured);
    ratio[round] = with[round] / without[round];
  }
  for (int i = 0; i < n; i++) {
    measured[i].amplification = plain[i].amplification;
    measured[i].amplification_total = plain[i].amplification_total;
    measured[i].sensitive = plain[i].sensitive;
    n_different +=
        dkm_record_checksum(&plain[i], N_PATTERNS, NULL, 0) != dkm_record_checksum(&measured[i], N_PATTERNS, NULL, 0);
  }
  printf("%d %.6g %.6g %.4f %d\n", n, 1e3 * median(without, rounds) / n, 1e3 * median(with, rounds) / n,
         median(ratio, rounds), n_different);
  free(points);
  free(plain);
  free(measured);
}

static bool at_rest(const dkm_record *r) {
  return r->verdict == DKM_VERDICT_FIXED_POINT || r->verdict == DKM_VERDICT_DARK_PRECESSION;
}

static int outcomes_differ(int M, const dkm_record *a, const dkm_record *b) {
  if (!at_rest(a) || !at_rest(b)) return -1;
  if (a->retrieved != b->retrieved) return 1;
  for (int mu = 0; mu < M && a->retrieved == DKM_RETRIEVED_MIXTURE; mu++)
    if (fabs(a->xi[mu] - b->xi[mu]) > 0.1) return 1;
  return 0;
}

static int details_differ(int M, const dkm_record *a, const dkm_record *b) {
  if (!at_rest(a) || !at_rest(b)) return -1;
  for (int mu = 0; mu < M; mu++)
    if (fabs(fabs(a->xi[mu]) - fabs(b->xi[mu])) > 1e-6) return 1;
  return 0;
}

/* Evaluates at every tolerance and prints what became of each point; finest: to compare with. */
static void compare(int M, int n, const dkm_point *points, const dkm_record *finest) {
  dkm_record *records = allocated((size_t)n, sizeof *records);
  for (int k = 0; k < N_TOLERANCES; k++) {
    evaluate(M, tolerances[k], true, n, points, records);
    for (int i = 0; i < n; i++)
      printf("%g %.6g %.6g %d %d %d\n", tolerances[k], records[i].amplification, records[i].amplification_total,
             records[i].sensitive, outcomes_differ(M, &records[i], &finest[i]),
             details_differ(M, &records[i], &finest[i]));
  }
  free(records);
}

static double grid_g0(int i, int n_g0) {
  return 0.5 + 1.5 * i / (n_g0 - 1);
}

static void grid(int M, int n_g0, int n_seeds, int first_seed) {
  const size_t room = (size_t)(n_g0 * N_OVERLAPS * M * n_seeds);
  dkm_point *points = allocated(room, sizeof *points);
  dkm_record *finest = allocated(room, sizeof *finest);
  int n = 0;
  for (int i = 0; i < n_g0; i++)
    for (int j = 0; j < N_OVERLAPS; j++)
      for (int nu = 1; nu <= M; nu++)
        for (int s = 0; s < n_seeds; s++)
          points[n++] = make_point(M, grid_g0(i, n_g0), nu, 0.5 + 0.1 * j, 0.01, first_seed + s);
  evaluate(M, 1e-12, false, n, points, finest);
  compare(M, n, points, finest);
  free(points);
  free(finest);
}

/* Both ends of an interval of overlaps across a basin boundary. */
typedef struct bracket {
  dkm_point low, high;
  dkm_record at_low;
} bracket;

static void boundary(int M, int n_g0, int seed) {
  const size_t room = (size_t)(n_g0 * M * N_LINE);
  dkm_point *line = allocated(room, sizeof *line);
  dkm_record *ends = allocated(room, sizeof *ends);
  bracket *brackets = allocated(room, sizeof *brackets);
  int n = 0, n_brackets = 0, n_points = 0;
  for (int i = 0; i < n_g0 * M; i++)
    for (int j = 0; j < N_LINE; j++)
      line[n++] = make_point(M, grid_g0(i / M, n_g0), 1 + i % M, 0.5 + 0.4 * j / (N_LINE - 1), 0.01, seed);
  evaluate(M, 1e-13, false, n, line, ends);
  for (int i = 0; i + 1 < n; i++)
    if ((i + 1) % N_LINE != 0 && outcomes_differ(M, &ends[i], &ends[i + 1]) == 1)
      brackets[n_brackets++] = (bracket){line[i], line[i + 1], ends[i]};
  dkm_point *middle = allocated((size_t)n_brackets + 1, sizeof *middle);
  dkm_record *at_middle = allocated((size_t)n_brackets + 1, sizeof *at_middle);
  dkm_point *points = allocated((size_t)(n_brackets + 1) * N_BISECTIONS, sizeof *points);
  dkm_record *finest = allocated((size_t)(n_brackets + 1) * N_BISECTIONS, sizeof *finest);
  for (int step = 0; step < N_BISECTIONS; step++) {
    for (int i = 0; i < n_brackets; i++) {
      middle[i] = brackets[i].low;
      middle[i].overlap = 0.5 * (brackets[i].low.overlap + brackets[i].high.overlap);
    }
    evaluate(M, 1e-13, false, n_brackets, middle, at_middle);
    for (int i = 0; i < n_brackets; i++) {
      points[n_points] = middle[i];
      finest[n_points++] = at_middle[i];
      *(outcomes_differ(M, &at_middle[i], &brackets[i].at_low) == 0 ? &brackets[i].low : &brackets[i].high) = middle[i];
    }
  }
  compare(M, n_points, points, finest);
  free(line);
  free(ends);
  free(brackets);
  free(middle);
  free(at_middle);
  free(points);
  free(finest);
}

int main(int argc, char **argv) {
  if (argc == 6 && strcmp(argv[1], "cost") == 0 && atoi(argv[4]) > 0 && atoi(argv[5]) > 0 &&
      atoi(argv[5]) <= MAX_ROUNDS)
    cost(atof(argv[2]), atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
  else if (argc == 6 && strcmp(argv[1], "grid") == 0 && atoi(argv[3]) > 1)
    grid(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
  else if (argc == 5 && strcmp(argv[1], "boundary") == 0 && atoi(argv[3]) > 1)
    boundary(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
  else {
    fprintf(stderr, "usage: see the top of %s\n", __FILE__);
    return 1;
  }
  return 0;
}
