/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trials through dkm_evaluate_stream. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "trial.h"

double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct batch {
  trial **trials;
  int64_t n, next;
  double deadline; /* of CPU time, 0: none */
} batch;

static bool next_point(void *context, dkm_point *point, int64_t *id) {
  batch *b = context;
  if (b->next == b->n) return false;
  *id = b->next;
  *point = b->trials[b->next++]->point;
  return true;
}

static void take_record(void *context, int64_t id, const dkm_record *record, const double *state) {
  batch *b = context;
  trial *t = b->trials[id];
  const size_t K = (size_t)1 << (t->M - 1);
  t->record = *record;
  memcpy(t->state, state, (3 * K + 2 * (size_t)t->M) * sizeof *state);
  t->given_up = false;
}

static bool too_late(void *context) {
  const batch *b = context;
  return b->deadline > 0.0 && cpu_seconds() > b->deadline;
}

void run_trials(trial *trials, int64_t n, const dkm_solver *solver, double cpu_cap) {
  enum { BATCH = 8 };
  dkm_error err;
  trial **chosen = malloc((size_t)n * sizeof *chosen + 1);
  if (!chosen) exit(2);
  for (int M = 1; M <= MAX_M; M++) {
    int64_t n_chosen = 0;
    for (int64_t i = 0; i < n; i++)
      if (trials[i].M == M) {
        dkm_record_clear(&trials[i].record);
        trials[i].given_up = true;
        chosen[n_chosen++] = &trials[i];
      }
    if (n_chosen == 0) continue;
    dkm_system system;
    dkm_evaluator *evaluator;
    if (dkm_system_of_patterns(&system, DKM_GAUGED, M, &err) != DKM_OK ||
        dkm_evaluator_create(&system, solver, NULL, &evaluator, &err) != DKM_OK) {
      fprintf(stderr, "verdicts: %s\n", err.message);
      exit(2);
    }
    for (int64_t first = 0; first < n_chosen;) {
      batch b = {.trials = chosen + first, .n = n_chosen - first};
      if (cpu_cap > 0.0) {
        if (b.n > BATCH) b.n = BATCH;
        b.deadline = cpu_seconds() + cpu_cap * (double)b.n;
      }
      const dkm_stream stream = {&b, .next = next_point, .done = take_record, .interrupt = too_late,
                                 .wants_states = true};
      if (dkm_evaluate_stream(evaluator, &stream, &err) != DKM_OK) {
        fprintf(stderr, "verdicts: %s\n", err.message);
        exit(2);
      }
      first += b.n;
    }
    dkm_evaluator_destroy(evaluator);
  }
  free(chosen);
}
