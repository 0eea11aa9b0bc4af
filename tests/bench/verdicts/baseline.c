/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Work of version 0.1.0: argv = SEED N MAX_STEPS FIRST_KIND LAST_KIND
 *
 * Compiled by run.py --baseline against the headers and the library of commit 3d7a619.  The first N points of
 * those kinds (sample.h) with t_max = 1e6; that version has no bound on steps, so that t_max rises by factors of 4 and a point
 * is left alone ("cut") once the next rung would take more than MAX_STEPS; what it has taken is then a lower bound.
 * Prints a line a point: kind, index, steps, t_end, ended | t_max | cut, verdict. */
#include <stdio.h>
#include <stdlib.h>

#include "dickemap/evaluate.h"
#include "sample.h"

static const double t_first = 64.0, t_most = 1e6, factor = 4.0;

typedef struct case_of {
  int64_t index;
  dkm_point point;
} case_of;

/* All points of one kind with M modes, rung by rung. */
static void climb(kind k, int M, case_of *cases, int64_t n, double max_steps) {
  dkm_error err;
  dkm_patterns patterns;
  dkm_point *points = malloc((size_t)n * sizeof *points + 1);
  dkm_record *records = malloc((size_t)n * sizeof *records + 1);
  if (!points || !records || dkm_patterns_init(&patterns, DKM_GAUGED, M, &err) != DKM_OK) exit(2);
  for (double t_max = t_first; n > 0; t_max *= factor) {
    if (t_max > t_most) t_max = t_most;
    const dkm_solver solver = {.method = DKM_METHOD_ENSEMBLE, .tolerance = 1e-10, .t_max = t_max};
    dkm_evaluator *evaluator;
    for (int64_t i = 0; i < n; i++) points[i] = cases[i].point;
    if (dkm_evaluator_create(&patterns, &solver, NULL, &evaluator, &err) != DKM_OK ||
        dkm_evaluate(evaluator, n, points, records, NULL, &err) != DKM_OK) {
      fprintf(stderr, "baseline: %s\n", err.message);
      exit(2);
    }
    dkm_evaluator_destroy(evaluator);
    int64_t left = 0;
    for (int64_t i = 0; i < n; i++) {
      const dkm_record *r = &records[i];
      const bool open = r->verdict == DKM_VERDICT_UNDECIDED, last = t_max >= t_most;
      if (open && !last && (double)r->steps * factor <= max_steps)
        cases[left++] = cases[i];
      else
        printf("%d %lld %lld %.6g %s %s\n", (int)k, (long long)cases[i].index, (long long)r->steps, r->t_end,
               !open  ? "ended"
               : last ? "t_max"
                      : "cut",
               dkm_verdict_name(r->verdict));
    }
    fflush(stdout);
    n = left;
  }
  free(points);
  free(records);
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  const uint64_t seed = strtoull(argv[1], NULL, 10);
  const int64_t n = atoll(argv[2]);
  case_of *cases = malloc((size_t)n * sizeof *cases + 1);
  if (!cases) return 2;
  for (int k = atoi(argv[4]); k <= atoi(argv[5]); k++)
    for (int M = 1; M <= MAX_M; M++) {
      int64_t chosen = 0;
      for (int64_t i = 0; i < n; i++) {
        dkm_point point;
        if (sample_point(seed, (kind)k, i, &point) == M) cases[chosen++] = (case_of){i, point};
      }
      climb((kind)k, M, cases, chosen, atof(argv[3]));
    }
  free(cases);
  return 0;
}
