/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stream of points for tests, interrupted again and again; after cmocka. */
#ifndef DESK_H
#define DESK_H
#include <stdlib.h>
#include <string.h>

#include "dickemap/evaluate.h"

enum { DESK_MOST = 16 };

/* A stream that is interrupted at the n-th question, and keeps what is saved of its points. */
typedef struct desk {
  dkm_evaluator *evaluator;
  int n, next;
  const dkm_point *points;
  dkm_record records[DESK_MOST];
  bool done[DESK_MOST];
  void *bytes[DESK_MOST];
  size_t n_bytes[DESK_MOST];
  double t[DESK_MOST];
  int n_saved, n_windows, n_resumed; /* n_windows: saved with more than 1000 values, so within a window of samples */
  int questions, most_questions;
  double least_seconds;
} desk;

static inline bool desk_next(void *context, dkm_point *point, int64_t *id) {
  desk *d = context;
  while (d->next < d->n && d->done[d->next]) d->next++;
  if (d->next == d->n) return false;
  *id = d->next;
  *point = d->points[d->next++];
  return true;
}

static inline void desk_done(void *context, int64_t id, const dkm_record *record, const double *state) {
  desk *d = context;
  (void)state;
  assert_false(d->done[id]);
  d->records[id] = *record;
  d->done[id] = true;
}

static inline bool desk_keep(void *context, int64_t id, double t, const void *bytes, size_t n_bytes) {
  desk *d = context;
  free(d->bytes[id]);
  d->bytes[id] = malloc(n_bytes);
  memcpy(d->bytes[id], bytes, n_bytes);
  d->n_bytes[id] = n_bytes;
  d->t[id] = t;
  d->n_saved++;
  d->n_windows += n_bytes > 8000;
  return true;
}

static inline bool desk_interrupt(void *context) {
  desk *d = context;
  if (++d->questions < d->most_questions) return false;
  assert_int_equal(dkm_evaluator_save(d->evaluator, d->least_seconds, desk_keep, d, NULL), DKM_OK);
  return true;
}

static inline bool desk_offer(void *context, int64_t id, const void **bytes, size_t *n_bytes) {
  desk *d = context;
  *bytes = d->bytes[id];
  *n_bytes = d->n_bytes[id];
  return d->bytes[id] != NULL;
}

static inline void desk_resumed(void *context, int64_t id, double t) {
  desk *d = context;
  assert_true(t == d->t[id]);
  d->n_resumed++;
}

static inline bool desk_is_complete(const desk *d) {
  for (int i = 0; i < d->n; i++)
    if (!d->done[i]) return false;
  return true;
}

static inline dkm_stream desk_stream(desk *d) {
  return (dkm_stream){.context = d,
                      .next = desk_next,
                      .done = desk_done,
                      .interrupt = desk_interrupt,
                      .resume = desk_offer,
                      .resumed = desk_resumed};
}

#endif
