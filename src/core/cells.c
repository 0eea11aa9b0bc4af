/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cells of starts, kept under way and put aside. */
#include "cells.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/basins.h"
#include "dickemap/proportion.h"

typedef enum start_state { TO_DO, UNDER_WAY, ENDED } start_state;

/* What a saved cell begins with; then what is kept of its starts, how far each is, and for each under way its index, a size, and its
 * bytes. */
typedef struct saved_cell {
  int64_t n_starts, kept_bytes, n_under_way, steps, zero;
  double wall_time;
} saved_cell; /* 48 bytes: what follows is aligned as by malloc */

typedef struct cell {
  int64_t i_point;        /* -1: free */
  int64_t n_drawn;        /* those before it have been drawn */
  int64_t n_ended, steps;
  double wall_time;
  char *kept;
  uint8_t *states;        /* start_state */
  int n_again;            /* starts that need another trajectory, */
  int64_t *again;         /* room for all under way */
  char *saved;            /* what it goes on from; NULL */
  size_t saved_bytes;
  char *aside;            /* bytes of starts under way, while it is put aside */
  size_t aside_bytes;
  int64_t n_aside;
  double t_aside;
  bool is_long;           /* a start under way has taken long enough to be worth it */
} cell;

typedef struct cells_engine {
  const cells_kind *kind;
  const dkm_job *job;
  dkm_form form;
  dkm_evaluator *evaluator;
  const dkm_task_stream *stream;
  int n_cells; /* places; there are never more cells under way than starts */
  cell *cells;
  int current; /* -1: none */
  int n_again; /* in all cells */
  void *record;
  dkm_error failure;
} engine;

/* More than an evaluator has under way, those that look for a lane included. */
enum { MOST_AGAIN = 256 };

static void empty(cell *c) {
  free(c->kept);
  free(c->states);
  free(c->again);
  free(c->saved);
  free(c->aside);
  *c = (cell){.i_point = -1};
}

void dkm_cells_destroy(void *of) {
  engine *e = of;
  if (!e) return;
  for (int i = 0; i < e->n_cells; i++) empty(&e->cells[i]);
  free(e->cells);
  free(e->record);
  dkm_evaluator_destroy(e->evaluator);
  free(e);
}

dkm_status dkm_cells_create(const dkm_job *job, const char *cpu, void **out, dkm_error *err) {
  engine *e = calloc(1, sizeof *e);
  *out = NULL;
  if (!e) return dkm_fail(err, DKM_MEMORY, "out of memory for an evaluator");
  e->kind = job->task->cells;
  e->job = job;
  e->current = -1;
  dkm_form_of(job, &e->form);
  e->record = malloc(e->form.bytes);
  dkm_status status = e->record ? dkm_evaluator_create(&job->system, &job->solver, cpu, &e->evaluator, err)
                                : dkm_fail(err, DKM_MEMORY, "out of memory for a record");
  if (status == DKM_OK)
    *out = e;
  else
    dkm_cells_destroy(e);
  return status;
}

double dkm_cells_bytes(const dkm_job *job, const char *cpu) {
  /* Cells under way, where no start takes much longer than others; what is kept, what is saved of it, what it goes on from. */
  enum { USUAL = 2, COPIES = 3 };
  return dkm_task_sweep.bytes(job, cpu) + USUAL * COPIES * (double)job->n_starts * ((double)job->task->cells->kept_bytes + 1.0);
}

static int place_of(const engine *e, int64_t i_point) {
  for (int i = 0; i < e->n_cells; i++)
    if (e->cells[i].i_point == i_point) return i;
  return -1;
}

static cell *cell_of(const engine *e, int64_t id) {
  return &e->cells[place_of(e, id / e->job->n_starts)];
}

/* A free place; -1 without memory. */
static int free_place(engine *e) {
  const int place = place_of(e, -1), more = e->n_cells ? 2 * e->n_cells : 4, n = e->n_cells;
  if (place >= 0) return place;
  cell *larger = realloc(e->cells, (size_t)more * sizeof *larger);
  if (!larger) return -1;
  e->cells = larger;
  for (; e->n_cells < more; e->n_cells++) e->cells[e->n_cells] = (cell){.i_point = -1};
  return n;
}

/* ---- for kinds ---- */

int dkm_cells_cue(const dkm_job *job, int64_t i_point, int64_t j) {
  dkm_point point;
  dkm_job_start(job, i_point, j, &point);
  if (job->system.cue || job->system.from || dkm_point_has_mixture(&point, job->system.n_modes) || point.overlap == 0.0)
    return DKM_OUTCOME_NONE;
  return point.overlap > 0.0 ? point.pattern : -point.pattern;
}

void dkm_cells_put(const dkm_form *form, void *record, int field, int i, double value) {
  dkm_field_put(form->fields[field].type, dkm_form_member(form, record, field), i, value);
}

void dkm_cells_put_share(const dkm_form *form, void *record, int field, int i, int64_t k, int64_t n) {
  const dkm_interval interval = dkm_proportion_wilson(k, n);
  dkm_cells_put(form, record, field, i, n > 0 ? (double)k / (double)n : NAN);
  dkm_cells_put(form, record, field + 1, i, interval.low);
  dkm_cells_put(form, record, field + 2, i, interval.high);
}

/* ---- going on from what was saved ---- */

static size_t kept_size(const engine *e) {
  return (size_t)e->job->n_starts * e->kind->kept_bytes;
}

static size_t rounded(size_t n) {
  return (n + 15) / 16 * 16;
}

static size_t head_size(const engine *e) {
  return sizeof(saved_cell) + rounded(kept_size(e)) + rounded((size_t)e->job->n_starts);
}

/* What was kept; false: the bytes are none of such a cell. */
static bool restore(const engine *e, cell *c) {
  const size_t n = (size_t)e->job->n_starts;
  saved_cell head;
  if (c->saved_bytes < head_size(e)) return false;
  memcpy(&head, c->saved, sizeof head);
  if (head.n_starts != e->job->n_starts || head.kept_bytes != (int64_t)e->kind->kept_bytes) return false;
  memcpy(c->kept, c->saved + sizeof head, kept_size(e));
  memcpy(c->states, c->saved + sizeof head + rounded(kept_size(e)), n);
  for (size_t j = 0; j < n; j++) {
    if (c->states[j] != ENDED) c->states[j] = TO_DO;
    c->n_ended += c->states[j] == ENDED;
  }
  c->steps = head.steps;
  c->wall_time = head.wall_time;
  return c->n_ended < e->job->n_starts;
}

/* Start j among the bytes of those that were under way. */
static bool find_saved(const engine *e, const cell *c, int64_t j, const void **bytes, size_t *n_bytes) {
  size_t at = head_size(e);
  int64_t head[2]; /* index, bytes */
  while (c->saved && at <= c->saved_bytes && c->saved_bytes - at >= sizeof head) {
    memcpy(head, c->saved + at, sizeof head);
    at += sizeof head;
    if (head[1] < 0 || (size_t)head[1] > c->saved_bytes - at) return false;
    if (head[0] == j) {
      *bytes = c->saved + at;
      *n_bytes = (size_t)head[1];
      return true;
    }
    at += rounded((size_t)head[1]);
  }
  return false;
}

static dkm_status take_saved(engine *e, cell *c, dkm_error *err) {
  const void *bytes;
  size_t n_bytes;
  if (!e->stream->resume || !e->stream->resume(e->stream->context, c->i_point, &bytes, &n_bytes)) return DKM_OK;
  c->saved = malloc(n_bytes + 1);
  if (!c->saved) return dkm_fail(err, DKM_MEMORY, "out of memory for the state of a point");
  memcpy(c->saved, bytes, n_bytes);
  c->saved_bytes = n_bytes;
  if (restore(e, c)) {
    if (e->stream->resumed) e->stream->resumed(e->stream->context, c->i_point, 0.0);
    return DKM_OK;
  }
  free(c->saved);
  c->saved = NULL;
  c->n_ended = c->steps = 0;
  c->wall_time = 0.0;
  memset(c->kept, 0, kept_size(e));
  memset(c->states, TO_DO, (size_t)e->job->n_starts);
  return DKM_OK;
}

/* ---- the stream of starts ---- */

static bool open_cell(engine *e) {
  int64_t i_point;
  e->current = -1;
  if (!e->stream->next(e->stream->context, &i_point)) return false;
  const int place = free_place(e);
  cell *c = place < 0 ? NULL : &e->cells[place];
  if (c) {
    c->i_point = i_point;
    c->kept = calloc(kept_size(e) + 1, 1);
    c->states = calloc((size_t)e->job->n_starts, 1);
    c->again = malloc(MOST_AGAIN * sizeof *c->again);
  }
  if (!c || !c->kept || !c->states || !c->again)
    e->failure.status = dkm_fail(&e->failure, DKM_MEMORY, "out of memory for the starts of a point");
  else
    e->failure.status = take_saved(e, c, &e->failure);
  e->current = place;
  return !e->failure.status;
}

/* A start of the current cell that was not drawn yet; false if there is none. */
static bool draw(engine *e, int64_t *j) {
  cell *c = e->current < 0 ? NULL : &e->cells[e->current];
  while (c && c->n_drawn < e->job->n_starts)
    if (c->states[c->n_drawn++] == TO_DO) {
      *j = c->n_drawn - 1;
      return true;
    }
  return false;
}

/* One that needs another trajectory; those come first, so that no cell waits. */
static cell *draw_again(engine *e, int64_t *j) {
  for (int i = 0; i < e->n_cells && e->n_again > 0; i++)
    if (e->cells[i].n_again > 0) {
      *j = e->cells[i].again[--e->cells[i].n_again];
      e->n_again--;
      return &e->cells[i];
    }
  return NULL;
}

static bool next_start(void *context, dkm_point *point, int64_t *id) {
  engine *e = context;
  int64_t j = 0;
  if (e->failure.status) return false;
  cell *c = draw_again(e, &j);
  if (!c) {
    while (!draw(e, &j))
      if (!open_cell(e)) return false;
    c = &e->cells[e->current];
  }
  c->states[j] = UNDER_WAY;
  dkm_job_start(e->job, c->i_point, j, point);
  if (e->kind->place) e->kind->place(e->job, c->kept + (size_t)j * e->kind->kept_bytes, point);
  *id = c->i_point * e->job->n_starts + j;
  return true;
}

static void make_record(engine *e, const cell *c) {
  dkm_form_clear(&e->form, e->record);
  e->failure.status = e->kind->finish(e->job, &e->form, c->kept, e->record, &e->failure);
  dkm_cells_put(&e->form, e->record, e->form.steps, 0, (double)c->steps);
  dkm_cells_put(&e->form, e->record, e->form.wall_time, 0, c->wall_time);
  if (!e->failure.status) e->stream->done(e->stream->context, c->i_point, e->record, NULL);
}

static void take_start(void *context, int64_t id, const dkm_record *record, const double *state) {
  engine *e = context;
  const int64_t j = id % e->job->n_starts;
  cell *c = cell_of(e, id);
  (void)state;
  c->steps += record->steps;
  c->wall_time += record->wall_time;
  if (!e->kind->take(e->job, c->i_point, j, record, c->kept + (size_t)j * e->kind->kept_bytes)) {
    c->states[j] = TO_DO;
    assert(c->n_again < MOST_AGAIN);
    c->again[c->n_again++] = j;
    e->n_again++;
    return;
  }
  c->states[j] = ENDED;
  if (++c->n_ended < e->job->n_starts || e->failure.status) return;
  make_record(e, c);
  if (e->current == c - e->cells) e->current = -1;
  empty(c);
}

static bool interrupted(void *context) {
  engine *e = context;
  return e->failure.status || (e->stream->interrupt && e->stream->interrupt(e->stream->context));
}

static bool resume_start(void *context, int64_t id, const void **bytes, size_t *n_bytes) {
  engine *e = context;
  return find_saved(e, cell_of(e, id), id % e->job->n_starts, bytes, n_bytes);
}

dkm_status dkm_cells_run(void *of, const dkm_task_stream *stream, dkm_error *err) {
  engine *e = of;
  const dkm_stream starts = {
      .context = e, .next = next_start, .done = take_start, .interrupt = interrupted, .resume = resume_start};
  e->stream = stream;
  e->failure = (dkm_error){0};
  dkm_status status = dkm_evaluate_stream(e->evaluator, &starts, err);
  if (e->failure.status) status = dkm_fail(err, e->failure.status, "%s", e->failure.message);
  for (int i = 0; i < e->n_cells; i++) empty(&e->cells[i]); /* of a run that was given up */
  e->current = -1;
  e->n_again = 0;
  return status;
}

/* ---- putting aside ---- */

struct putting {
  engine *e;
  bool no_memory;
};

/* A dkm_save: one start more among those of its cell. */
static bool put_start_aside(void *context, int64_t id, double t, const void *bytes, size_t n_bytes) {
  struct putting *p = context;
  cell *c = cell_of(p->e, id);
  const int64_t head[2] = {id % p->e->job->n_starts, (int64_t)n_bytes};
  const size_t n = sizeof head + rounded(n_bytes);
  char *more = realloc(c->aside, c->aside_bytes + n);
  if (!more) {
    p->no_memory = true;
    return false;
  }
  c->aside = more;
  memset(more + c->aside_bytes, 0, n);
  memcpy(more + c->aside_bytes, head, sizeof head);
  memcpy(more + c->aside_bytes + sizeof head, bytes, n_bytes);
  c->aside_bytes += n;
  c->n_aside++;
  c->t_aside = fmax(c->t_aside, t);
  return true;
}

/* A dkm_save that keeps nothing. */
static bool mark_cell(void *context, int64_t id, double t, const void *bytes, size_t n_bytes) {
  struct putting *p = context;
  (void)t;
  (void)bytes;
  (void)n_bytes;
  cell_of(p->e, id)->is_long = true;
  return true;
}

static dkm_status save_cell(engine *e, cell *c, dkm_save *save, void *context, bool *more, dkm_error *err) {
  const saved_cell head = {.n_starts = e->job->n_starts,
                           .kept_bytes = (int64_t)e->kind->kept_bytes,
                           .n_under_way = c->n_aside,
                           .steps = c->steps,
                           .wall_time = c->wall_time};
  const size_t n = head_size(e) + c->aside_bytes;
  char *bytes = calloc(n, 1);
  if (!bytes) return dkm_fail(err, DKM_MEMORY, "out of memory (%zu bytes for the state of a point)", n);
  memcpy(bytes, &head, sizeof head);
  memcpy(bytes + sizeof head, c->kept, kept_size(e));
  memcpy(bytes + sizeof head + rounded(kept_size(e)), c->states, (size_t)e->job->n_starts);
  if (c->aside_bytes) memcpy(bytes + head_size(e), c->aside, c->aside_bytes);
  *more = save(context, c->i_point, c->t_aside, bytes, n);
  free(bytes);
  return DKM_OK;
}

dkm_status dkm_cells_save(void *of, double least_seconds, dkm_save *put_away, void *context, dkm_error *err) {
  engine *e = of;
  struct putting p = {.e = e};
  bool more = true;
  dkm_status status = dkm_evaluator_save(e->evaluator, least_seconds, mark_cell, &p, err);
  if (status == DKM_OK) status = dkm_evaluator_save(e->evaluator, 0.0, put_start_aside, &p, err);
  if (status == DKM_OK && p.no_memory) status = dkm_fail(err, DKM_MEMORY, "out of memory for the state of a point");
  for (int i = 0; i < e->n_cells; i++) {
    cell *c = &e->cells[i];
    if (c->i_point >= 0 && status == DKM_OK && more && (c->is_long || c->wall_time >= least_seconds))
      status = save_cell(e, c, put_away, context, &more, err);
    free(c->aside);
    c->aside = NULL;
    c->aside_bytes = 0;
    c->n_aside = 0;
    c->t_aside = 0.0;
    c->is_long = false;
  }
  return status;
}
