/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a message costs the master: the real protocol (dkm_schedule_run) with points that take no time, and the real
 * store for the marks.  Prints microseconds of the master's CPU time.
 *
 *   jobs/mpirun.sh -n 3 BUILD_DIRECTORY/tests/service [FILE.h5]     FILE.h5 (service.h5) is written */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dickemap/schedule.h"
#include "dickemap/store.h"

enum { N_RANGES = 1000, N_POINTS = 64, N_MARKS = 20000 }; /* N_POINTS: of each range */

static const char job_text[] = "model: {patterns: 1, Omega: 0.5, Omega_mu: [1.5], kappa_mu: [1.0]}\n"
                               "axes:\n  - {name: g0, from: 0.1, to: 3.0, points: 1000000}\n";

struct scene {
  int64_t part; /* points of a REPORT: 1 keeps the master busy without a break, N_POINTS is one a range */
};

static double cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static dkm_status work(void *context, dkm_schedule *schedule, dkm_error *err) {
  const struct scene *scene = context;
  const uint8_t status[N_POINTS] = {0};
  dkm_range range;
  while (dkm_schedule_next(schedule, true, &range) == DKM_NEXT_RANGE) {
    const int64_t end = range.first + range.count;
    for (dkm_range part = {.first = range.first}; part.first < end; part.first += part.count) {
      part.count = scene->part < end - part.first ? scene->part : end - part.first;
      dkm_status outcome = dkm_schedule_report(schedule, part, status, 0, err);
      if (outcome) return outcome;
    }
  }
  return DKM_OK;
}

static dkm_status done(void *context, dkm_range range, const uint8_t *status, dkm_error *err) {
  (void)context, (void)range, (void)status, (void)err;
  return DKM_OK;
}

static dkm_status tick(void *context, int64_t n_done, double longest, dkm_stop *stop, dkm_error *err) {
  (void)context, (void)n_done, (void)longest, (void)stop, (void)err;
  return DKM_OK;
}

/* The master's seconds for each range; a short run in `todo` by itself is one, but for a few at the end. */
static double seconds_per_range(int64_t part, dkm_error *err) {
  struct scene scene = {part};
  const dkm_schedule_ops ops = {.context = &scene, .work = work, .done = done, .tick = tick};
  dkm_range *todo = malloc(N_RANGES * sizeof *todo);
  bool stopped;
  for (int64_t i = 0; todo && i < N_RANGES; i++) todo[i] = (dkm_range){2 * N_POINTS * i, N_POINTS};
  const double start = cpu();
  err->status = todo ? dkm_schedule_run(MPI_COMM_WORLD, N_RANGES, todo, 4096, &ops, &stopped, err)
                     : dkm_fail(err, DKM_MEMORY, "out of memory (%d ranges)", N_RANGES);
  const double end = cpu();
  free(todo);
  return (end - start) / N_RANGES;
}

static double seconds_per_mark(const char *path, dkm_error *err) {
  const dkm_provenance provenance = {.version = "", .command = "", .instruction_set = "", .n_ranks = 1};
  const uint8_t status[32] = {0};
  dkm_job job = {0};
  dkm_store *store = NULL;
  double start = 0;
  dkm_status outcome = dkm_job_parse(&job, "service.yaml", job_text, 0, NULL, err);
  if (!outcome) outcome = dkm_store_create(path, &job, &provenance, true, err);
  if (!outcome) outcome = dkm_store_open(path, &job, &store, err);
  start = cpu();
  for (int64_t i = 0; i < N_MARKS && !outcome; i++) outcome = dkm_store_mark(store, i * 7919 % 900000, 32, status, err);
  start = (cpu() - start) / N_MARKS;
  if (!outcome) outcome = dkm_store_close(store, err);
  dkm_job_free(&job);
  return start;
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  int rank;
  dkm_error err = {0};
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  const double whole = seconds_per_range(N_POINTS, &err), pieces = err.status ? 0 : seconds_per_range(1, &err);
  const double report = (pieces - whole) / (N_POINTS - 1);
  const double mark = err.status || rank > 0 ? 0 : seconds_per_mark(argc > 1 ? argv[1] : "service.h5", &err);
  if (rank == 0 && !err.status)
    printf("REQUEST and RANGE, with the naps between %.2f us; REPORT %.2f us, its mark in the file %.2f us\n",
           1e6 * (whole - report), 1e6 * report, 1e6 * mark);
  if (err.status) fprintf(stderr, "rank %d: %s\n", rank, err.message);
  MPI_Finalize();
  return err.status != DKM_OK;
}
