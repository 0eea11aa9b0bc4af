/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The schedule among real ranks.  Run by ctest under mpirun with 1, 2, 3 and 5 ranks; every
 * claim is made for each of them.  A claim that does not hold is named with its line and rank. */
#include "dickemap/schedule.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dickemap/agree.h"
#include "dickemap/share_job.h"

enum { LANES = 8, N_POINTS = 10007, BILLION = 1000000000 };
static int rank, n_ranks, n_wrong;

#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%s:%d: rank %d of %d: %s\n", __FILE__, __LINE__, rank, n_ranks, #condition);                    \
      n_wrong++;                                                                                                       \
    }                                                                                                                  \
  } while (0)

/* What the callbacks of one claim do, and what they saw. */
struct scene {
  int drawn[N_POINTS], done[N_POINTS], bad_status; /* how often each point was drawn here, done on rank 0 */
  int64_t n_drawn, n_done;
  bool without_waiting;      /* ask with wait = false until the end */
  bool in_parts;             /* report each range backwards, in pieces of at most 3 points */
  long nap_ns;               /* after each draw */
  long point_ns;             /* for each point as well */
  int64_t n_ranges, largest; /* ranges drawn here; points of the largest from the third on */
  int failing_rank;          /* whose work fails after its first range; -1: nobody's */
  bool hold_on;              /* others draw no more after their first range, but wait for the interrupt */
  bool done_fails, tick_fails, tick_stops, never_report;
  bool interrupted;

  /* A list that grows: what is done brings, as spawn says, other points, all below n_spawned (0: it does not grow). */
  dkm_range (*spawn)(dkm_range range);
  int64_t n_spawned;
  dkm_range spawned[N_POINTS];
  int n_ranges_spawned, n_ranges_given;
  bool more_fails;
  bool hold_back;               /* report only when told to, one range each time */
  dkm_range held[N_POINTS];
  int n_held;
  bool fail_unreported;         /* the work of whoever draws first */
  bool leave;                   /* after the first range */
  int64_t slow_point;           /* takes half a second */
};

static const struct scene plain = {.failing_rank = -1, .slow_point = -1};

static void nap(long ns) {
  nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

/* A status byte that depends on the point, so that bytes that went astray are seen. */
static uint8_t status_of(int64_t i) {
  return (uint8_t)(1 + i % 251);
}

static dkm_status report(dkm_schedule *schedule, dkm_range range, dkm_error *err) {
  uint8_t status[4096 * LANES];
  for (int64_t i = 0; i < range.count; i++) status[i] = status_of(range.first + i);
  return dkm_schedule_report(schedule, range, status, 0, err);
}

static dkm_status report_in_parts(dkm_schedule *schedule, dkm_range range, dkm_error *err) {
  for (int64_t end = range.first + range.count; end > range.first;) {
    int64_t count = end - range.first < 3 ? end - range.first : 3;
    end -= count;
    dkm_status status = report(schedule, (dkm_range){end, count}, err);
    if (status) return status;
  }
  return DKM_OK;
}

static dkm_status report_one_held(struct scene *scene, dkm_schedule *schedule, dkm_error *err) {
  scene->n_held--;
  return report(schedule, scene->held[scene->n_held], err);
}

static dkm_status work(void *context, dkm_schedule *schedule, dkm_error *err) {
  struct scene *scene = context;
  for (;;) {
    dkm_range range;
    dkm_next next = dkm_schedule_next(schedule, !scene->without_waiting, &range);
    if (next == DKM_NEXT_END) break;
    if (next == DKM_NEXT_REPORT) {
      CHECK(scene->n_held > 0 || scene->never_report);
      if (scene->n_held == 0) return DKM_OK;
      dkm_status status = report_one_held(scene, schedule, err);
      if (status) return status;
      continue;
    }
    if (next == DKM_NEXT_WAIT) {
      CHECK(scene->without_waiting);
      nap(100000);
      continue;
    }
    CHECK(range.count > 0);
    scene->n_drawn += range.count;
    if (++scene->n_ranges > 2 && range.count > scene->largest) scene->largest = range.count;
    for (int64_t i = 0; i < range.count && scene->point_ns; i++) nap(scene->point_ns);
    for (int64_t i = range.first; i < range.first + range.count; i++)
      if (i < N_POINTS) scene->drawn[i]++;
    if (scene->nap_ns) nap(scene->nap_ns);
    if (scene->slow_point >= range.first && scene->slow_point < range.first + range.count) {
      if (scene->tick_stops && rank != 0) MPI_Send(NULL, 0, MPI_BYTE, 0, 0, MPI_COMM_WORLD); /* for `may_stop` */
      nap(BILLION / 2);
    }
    if (scene->fail_unreported) return dkm_fail(err, DKM_NUMERIC, "enough");
    if (scene->never_report) continue;
    if (scene->hold_back) {
      scene->held[scene->n_held++] = range;
      continue;
    }
    dkm_status status = scene->in_parts ? report_in_parts(schedule, range, err) : report(schedule, range, err);
    if (status) return status;
    if (scene->leave) return DKM_OK;
    if (scene->failing_rank == rank) return dkm_fail(err, DKM_NUMERIC, "rank %d has had enough", rank);
    while (scene->hold_on && !dkm_schedule_interrupted(schedule)) nap(1000000);
  }
  while (scene->n_held > 0) {
    dkm_status status = report_one_held(scene, schedule, err);
    if (status) return status;
  }
  scene->interrupted = dkm_schedule_interrupted(schedule);
  return DKM_OK;
}

static void spawn(struct scene *scene, dkm_range range) {
  if (range.first + range.count > scene->n_spawned) range.count = scene->n_spawned - range.first;
  if (range.count > 0) scene->spawned[scene->n_ranges_spawned++] = range;
}

static dkm_status more(void *context, dkm_range *range, dkm_error *err) {
  struct scene *scene = context;
  CHECK(rank == 0);
  CHECK(range->count == 0);
  if (scene->more_fails && scene->n_done > 0) return dkm_fail(err, DKM_MEMORY, "no room to grow");
  if (scene->n_ranges_given < scene->n_ranges_spawned) *range = scene->spawned[scene->n_ranges_given++];
  return DKM_OK;
}

static dkm_status done(void *context, dkm_range range, const uint8_t *status, dkm_error *err) {
  struct scene *scene = context;
  CHECK(rank == 0);
  if (scene->done_fails) return dkm_fail(err, DKM_IO, "no room for point %d", 12);
  scene->n_done += range.count;
  if (scene->spawn) spawn(scene, scene->spawn(range));
  for (int64_t i = 0; i < range.count; i++) {
    if (status[i] != status_of(range.first + i)) scene->bad_status++;
    if (range.first + i < N_POINTS) scene->done[range.first + i]++;
  }
  return DKM_OK;
}

/* Not before the slow point, if there is one, is under way. */
static bool may_stop(const struct scene *scene) {
  int has_begun = scene->slow_point < 0 || scene->drawn[scene->slow_point];
  if (has_begun) return true;
  MPI_Iprobe(MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, &has_begun, MPI_STATUS_IGNORE);
  if (has_begun) MPI_Recv(NULL, 0, MPI_BYTE, MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  return has_begun;
}

static dkm_status tick(void *context, int64_t n_done, double longest, dkm_stop *stop, dkm_error *err) {
  (void)longest;
  struct scene *scene = context;
  CHECK(rank == 0);
  CHECK(n_done == scene->n_done);
  if (scene->tick_fails) return dkm_fail(err, DKM_IO, "the clock fell off the wall");
  if (scene->tick_stops && may_stop(scene)) *stop = DKM_STOP_DRAW_NO_MORE;
  return DKM_OK;
}

static dkm_status run(struct scene *scene, int64_t n_todo, const dkm_range *todo, bool *stopped, dkm_error *err) {
  dkm_schedule_ops ops = {.context = scene, .work = work, .done = done, .tick = tick};
  if (scene->spawn) ops.more = more;
  *err = (dkm_error){0};
  return dkm_schedule_run(MPI_COMM_WORLD, rank == 0 ? n_todo : 0, rank == 0 ? todo : NULL, LANES, &ops, stopped, err);
}

/* Points of todo, and those that they bring, which together are the ranges `all`. */
static void check_each_spawned_once(struct scene scene, int64_t n_todo, const dkm_range *todo, int64_t n_all,
                                    const dkm_range *all) {
  static int drawn[N_POINTS];
  bool stopped = true;
  dkm_error err;
  CHECK(run(&scene, n_todo, todo, &stopped, &err) == DKM_OK);
  CHECK(!stopped);
  CHECK(!scene.interrupted);
  CHECK(rank != 0 || n_ranks == 1 || scene.n_drawn == 0);
  MPI_Reduce(scene.drawn, drawn, N_POINTS, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
  if (rank != 0) return;
  int n_off = 0;
  for (int64_t i = 0, i_all = 0; i < N_POINTS; i++) {
    while (i_all < n_all && i >= all[i_all].first + all[i_all].count) i_all++;
    int expected = i_all < n_all && i >= all[i_all].first;
    n_off += drawn[i] != expected || scene.done[i] != expected;
  }
  CHECK(n_off == 0);
  CHECK(scene.bad_status == 0);
}

static void check_each_point_once(struct scene scene, int64_t n_todo, const dkm_range *todo) {
  check_each_spawned_once(scene, n_todo, todo, n_todo, todo);
}

static void every_point_is_handed_out_and_marked_exactly_once(void) {
  check_each_point_once(plain, 1, (dkm_range[]){{0, N_POINTS}});
}

static void ranges_left_over_from_an_earlier_run_are_done_and_nothing_else(void) {
  check_each_point_once(plain, 4, (dkm_range[]){{3, 1}, {17, 900}, {5000, 4}, {5100, 4907}});
}

static void a_worker_that_asks_without_waiting_gets_every_point_too(void) {
  struct scene scene = plain;
  scene.without_waiting = true;
  check_each_point_once(scene, 1, (dkm_range[]){{0, N_POINTS}});
}

static void a_range_may_be_reported_in_parts_in_any_order(void) {
  struct scene scene = plain;
  scene.in_parts = true;
  check_each_point_once(scene, 1, (dkm_range[]){{0, N_POINTS}});
}

static void more_ranks_than_points_is_fine(void) {
  check_each_point_once(plain, 1, (dkm_range[]){{0, 2}});
  check_each_point_once(plain, 1, (dkm_range[]){{7, 1}});
}

/* The first two ranges of a worker are handed out before the master knows the pace. Naps may be longer than asked for,
 * never shorter, so that ranges may only be smaller. */
static void slow_points_come_in_ranges_of_a_tenth_of_a_second(void) {
  struct scene scene = plain;
  scene.point_ns = 15000000;
  bool stopped;
  dkm_error err;
  const int n_workers = n_ranks > 1 ? n_ranks - 1 : 1;
  CHECK(run(&scene, 1, &(dkm_range){0, 56 * n_workers}, &stopped, &err) == DKM_OK);
  CHECK(scene.largest <= 6); /* a quarter of an equal share would be 8 and more */
  int64_t any = scene.largest;
  CHECK(dkm_agree_sum(MPI_COMM_WORLD, 1, &any, &err) == DKM_OK);
  CHECK(any > 0);
}

static void nothing_to_do_is_fine(void) {
  check_each_point_once(plain, 0, NULL);
}

static void check_failure(struct scene scene, dkm_range todo, dkm_status status, const char *message) {
  bool stopped = true;
  dkm_error err;
  CHECK(run(&scene, 1, &todo, &stopped, &err) == status);
  CHECK(err.status == status);
  CHECK(strcmp(err.message, message) == 0);
  CHECK(!stopped);
  CHECK(rank != 0 || scene.n_done < BILLION);
}

/* What all ranks are told when the last one fails: where, if it is another than rank 0. */
static void describe_failure(char *message, size_t n_bytes) {
  char host[DKM_WORD_BYTES] = "", where[DKM_WORD_BYTES + 32] = "";
  gethostname(host, sizeof host - 1);
  MPI_Bcast(host, sizeof host, MPI_CHAR, n_ranks - 1, MPI_COMM_WORLD);
  if (n_ranks > 1) snprintf(where, sizeof where, "rank %d on %s: ", n_ranks - 1, host);
  snprintf(message, n_bytes, "%srank %d has had enough", where, n_ranks - 1);
}

static void an_error_in_the_work_of_one_rank_ends_the_run_on_all_with_its_message(void) {
  char message[192];
  struct scene scene = plain;
  scene.failing_rank = n_ranks - 1;
  describe_failure(message, sizeof message);
  check_failure(scene, (dkm_range){0, BILLION}, DKM_NUMERIC, message);
}

static void others_are_interrupted_in_their_work_when_one_fails(void) {
  char message[192];
  struct scene scene = plain;
  scene.failing_rank = n_ranks - 1;
  scene.hold_on = true;
  describe_failure(message, sizeof message);
  check_failure(scene, (dkm_range){0, BILLION}, DKM_NUMERIC, message);
}

static void an_error_in_done_ends_the_run_on_all_with_its_message(void) {
  struct scene scene = plain;
  scene.done_fails = true;
  check_failure(scene, (dkm_range){0, BILLION}, DKM_IO, "no room for point 12");
}

static void an_error_in_tick_ends_the_run_on_all_with_its_message(void) {
  struct scene scene = plain;
  scene.tick_fails = true;
  scene.nap_ns = 5000000;
  check_failure(scene, (dkm_range){0, BILLION}, DKM_IO, "the clock fell off the wall");
}

static void points_that_were_drawn_but_never_reported_are_an_error(void) {
  struct scene scene = plain;
  scene.never_report = true;
  bool stopped;
  dkm_error err;
  CHECK(run(&scene, 1, &(dkm_range){0, 5}, &stopped, &err) == DKM_PARALLEL);
  CHECK(strstr(err.message, "finished without having reported ") && strstr(err.message, " of its points"));
}

static void a_stop_request_finishes_what_was_handed_out_and_no_more(void) {
  struct scene scene = plain;
  scene.tick_stops = true;
  scene.nap_ns = 5000000; /* the 10^9 points would take minutes, tick asks to stop long before */
  bool stopped = false;
  dkm_error err;
  CHECK(run(&scene, 1, &(dkm_range){0, BILLION}, &stopped, &err) == DKM_OK);
  CHECK(stopped);
  CHECK(!scene.interrupted);
  int64_t n_drawn = scene.n_drawn;
  CHECK(dkm_agree_sum(MPI_COMM_WORLD, 1, &n_drawn, &err) == DKM_OK);
  CHECK(rank != 0 || (scene.n_done == n_drawn && n_drawn > 0 && n_drawn < BILLION));
}

/* ---- a list that grows ---- */

/* Point i brings 2i + 1 and 2i + 2: a tree, all of it from point 0. */
static dkm_range children(dkm_range range) {
  return (dkm_range){2 * range.first + 1, 2 * range.count};
}

static const struct scene tree = {.failing_rank = -1, .slow_point = -1, .spawn = children, .n_spawned = N_POINTS};

static void check_tree(struct scene scene) {
  check_each_spawned_once(scene, 1, &(dkm_range){0, 1}, 1, &(dkm_range){0, scene.n_spawned});
}

static void points_that_depend_on_reported_ones_are_done_exactly_once(void) {
  check_tree(tree);
  struct scene scene = tree;
  scene.in_parts = true;
  scene.n_spawned = 1000; /* ranges of few points, a message each */
  check_tree(scene);
}

static void a_list_may_begin_empty_and_may_not_grow_after_all(void) {
  struct scene scene = tree;
  spawn(&scene, (dkm_range){0, 1});
  check_each_spawned_once(scene, 0, NULL, 1, &(dkm_range){0, N_POINTS});
  scene = tree;
  scene.n_spawned = 0;
  check_each_point_once(scene, 0, NULL);
  check_each_point_once(scene, 1, &(dkm_range){0, N_POINTS});
}

static void workers_that_hold_reports_back_are_told_to_report(void) {
  struct scene scene = tree;
  scene.hold_back = true;
  check_tree(scene);
  scene.without_waiting = true;
  check_tree(scene);
}

/* Point 0 brings 1 and 2, and 2 brings 3, which brings 4, ... one after the other. */
static dkm_range chain(dkm_range range) {
  const int64_t last = range.first + range.count - 1;
  return last == 0 ? (dkm_range){1, 2} : (dkm_range){last + 1, last > 1};
}

static void new_points_go_to_workers_without_any_first(void) {
  struct scene scene = tree;
  scene.spawn = chain;
  scene.n_spawned = 6;
  scene.slow_point = 1;
  bool stopped;
  dkm_error err;
  CHECK(run(&scene, 1, &(dkm_range){0, 1}, &stopped, &err) == DKM_OK);
  CHECK(rank != 0 || scene.n_done == 6);
  int n_others = 0;
  for (int i = 2; i < 6; i++) n_others += scene.drawn[i];
  CHECK(n_ranks <= 2 || !scene.drawn[1] || n_others == 0);
}

/* The first point lasts longer than it takes to stop: all requests are parked by then.  Its children are left. */
static void a_stop_while_requests_wait_for_points_ends_the_run(void) {
  struct scene scene = tree;
  scene.tick_stops = true;
  scene.slow_point = 0;
  bool stopped = false;
  dkm_error err;
  CHECK(run(&scene, 1, &(dkm_range){0, 1}, &stopped, &err) == DKM_OK);
  CHECK(stopped);
  CHECK(rank != 0 || (scene.n_done > 0 && scene.n_done < N_POINTS));
  scene = tree;
  scene.tick_stops = true;
  scene.slow_point = 0;
  scene.n_spawned = 1; /* no children: nothing is left */
  CHECK(run(&scene, 1, &(dkm_range){0, 1}, &stopped, &err) == DKM_OK);
  CHECK(!stopped);
}

static void an_error_while_requests_wait_for_points_ends_the_run(void) {
  struct scene scene = tree;
  scene.slow_point = 0;
  scene.fail_unreported = true;
  bool stopped = true;
  dkm_error err;
  CHECK(run(&scene, 1, &(dkm_range){0, 1}, &stopped, &err) == DKM_NUMERIC);
  CHECK(strstr(err.message, "enough"));
  CHECK(!stopped);
}

static void an_error_in_more_ends_the_run_on_all_with_its_message(void) {
  struct scene scene = tree;
  scene.more_fails = true;
  bool stopped = true;
  dkm_error err;
  CHECK(run(&scene, 1, &(dkm_range){0, 1}, &stopped, &err) == DKM_MEMORY);
  CHECK(strcmp(err.message, "no room to grow") == 0);
}

static void points_that_others_wait_for_but_are_never_reported_are_an_error(void) {
  struct scene scene = tree;
  scene.never_report = true;
  bool stopped;
  dkm_error err;
  CHECK(run(&scene, 1, &(dkm_range){0, 1}, &stopped, &err) == DKM_PARALLEL);
  CHECK(strstr(err.message, "finished without having reported 1 of its points"));
}

static void workers_that_leave_before_the_end_are_an_error(void) {
  struct scene scene = tree;
  scene.leave = true;
  bool stopped = true;
  dkm_error err;
  CHECK(run(&scene, 1, &(dkm_range){0, 1}, &stopped, &err) == DKM_PARALLEL);
  CHECK(!stopped);
  CHECK(n_ranks > 1 || strcmp(err.message, "all workers have finished, but 2 points are left") == 0);
}

/* CPU time over wall time can only fall when the machine is busy, so this is no race with it. */
static void ranks_with_nothing_to_do_sleep(void) {
  struct scene scene = plain;
  scene.nap_ns = 400000000;
  struct timespec wall[2], cpu[2];
  bool stopped;
  dkm_error err;
  MPI_Barrier(MPI_COMM_WORLD);
  clock_gettime(CLOCK_MONOTONIC, &wall[0]);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu[0]);
  CHECK(run(&scene, 1, &(dkm_range){0, LANES}, &stopped, &err) == DKM_OK); /* one range: one worker */
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu[1]);
  clock_gettime(CLOCK_MONOTONIC, &wall[1]);
  double elapsed = (double)(wall[1].tv_sec - wall[0].tv_sec) + 1e-9 * (double)(wall[1].tv_nsec - wall[0].tv_nsec);
  double used = (double)(cpu[1].tv_sec - cpu[0].tv_sec) + 1e-9 * (double)(cpu[1].tv_nsec - cpu[0].tv_nsec);
  if (rank == 0) printf("# master: %.1f %% of a core while it waits\n", 100 * used / elapsed);
  CHECK(elapsed > 0.3);
  CHECK(used < 0.2 * elapsed);
}

static void the_lowest_rank_that_failed_speaks_for_all(void) {
  dkm_error err = {0};
  CHECK(dkm_agree(MPI_COMM_WORLD, DKM_OK, &err) == DKM_OK);
  bool fails = rank >= n_ranks / 2;
  dkm_status status = fails ? dkm_fail(&err, DKM_MEMORY, "rank %d is full", rank) : DKM_OK;
  char message[64];
  snprintf(message, sizeof message, "rank %d is full", n_ranks / 2);
  CHECK(dkm_agree(MPI_COMM_WORLD, status, &err) == DKM_MEMORY);
  CHECK(strcmp(err.message, message) == 0);
}

static void a_rank_that_does_not_come_is_named(void) {
  dkm_error err = {0};
  if (rank == 0 && n_ranks > 1) {
    CHECK(dkm_agree_within(MPI_COMM_WORLD, 1, 0, DKM_OK, &err) == DKM_PARALLEL);
    CHECK(strstr(err.message, "rank 1 did not answer for 1 s"));
    CHECK((strstr(err.message, "nor did") != NULL) == (n_ranks > 2));
    const dkm_status own = dkm_fail(&err, DKM_IO, "no room"); /* what happened here is told as well */
    CHECK(dkm_agree_within(MPI_COMM_WORLD, 1, INFINITY, own, &err) == DKM_PARALLEL);
    CHECK(strncmp(err.message, "no room; rank 1 did not answer for 1 s", 38) == 0);
    CHECK(dkm_agree(MPI_COMM_WORLD, DKM_PARALLEL, &err) == DKM_PARALLEL); /* and not after five minutes */
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

static void rank_0_is_waited_for_as_long_as_it_works_alone(void) {
  dkm_error err = {0};
  const double patience = 0.1; /* that of the last of five ranks is 8.1 s */
  if (rank == 0) nap(BILLION - 1);
  for (int i = 0; i < 9 && rank == 0 && n_ranks > 1; i++) nap(BILLION - 1);
  CHECK(dkm_agree_within(MPI_COMM_WORLD, patience, INFINITY, DKM_OK, &err) == DKM_OK);
}

static void sums_reach_every_rank(void) {
  dkm_error err;
  int64_t values[2] = {rank, (int64_t)1 << 40};
  CHECK(dkm_agree_sum(MPI_COMM_WORLD, 2, values, &err) == DKM_OK);
  CHECK(values[0] == n_ranks * (n_ranks - 1) / 2);
  CHECK(values[1] == (int64_t)n_ranks << 40);
}

static void distinct_words_reach_the_master_in_order_of_rank(void) {
  dkm_error err;
  char list[256] = "x", expected[256] = "", word[DKM_WORD_BYTES];
  snprintf(word, sizeof word, "%.*s", rank == 1 ? 0 : 20, rank % 2 ? "odd" : "even"); /* rank 1 has nothing to say */
  CHECK(dkm_agree_list_words(MPI_COMM_WORLD, word, list, sizeof list, &err) == DKM_OK);
  CHECK(rank != 0 || strcmp(list, n_ranks > 3 ? "even, odd" : "even") == 0);

  /* Room for one long word, and for how many there are more. */
  memset(word, 'a' + rank, sizeof word - 1);
  word[sizeof word - 1] = '\0';
  CHECK(dkm_agree_list_words(MPI_COMM_WORLD, word, list, 100, &err) == DKM_OK);
  memset(expected, 'a', sizeof word - 1);
  if (n_ranks > 1) sprintf(expected + sizeof word - 1, " and %d more", n_ranks - 1);
  CHECK(rank != 0 || strcmp(list, expected) == 0);
}

/* Allocations of the library here; see CMakeLists.txt. */
static bool memory_is_out;
void *__real_malloc(size_t n_bytes);
void *__real_calloc(size_t n, size_t n_bytes);
void *__wrap_malloc(size_t n_bytes);
void *__wrap_calloc(size_t n, size_t n_bytes);
void *__wrap_malloc(size_t n_bytes) {
  return memory_is_out ? NULL : __real_malloc(n_bytes);
}
void *__wrap_calloc(size_t n, size_t n_bytes) {
  return memory_is_out ? NULL : __real_calloc(n, n_bytes);
}

static void rank_0_without_memory_fails_on_all_at_once(void) {
  dkm_error err = {0};
  char list[256] = "x";
  memory_is_out = rank == 0;
  CHECK(dkm_agree(MPI_COMM_WORLD, DKM_OK, &err) == DKM_MEMORY);
  CHECK(strstr(err.message, "out of memory (the list of "));
  CHECK(dkm_agree_list_words(MPI_COMM_WORLD, "word", list, sizeof list, &err) == DKM_MEMORY);
  CHECK(strstr(err.message, "out of memory (the words of "));
  memory_is_out = false;
}

static const char job_text[] =
    "title: shared\n"
    "model: {patterns: 2, mapping: gauged, Omega: 0.5, Omega_mu: [1.5, 2.0], kappa_mu: [1.0]}\n"
    "initial: {pattern: 1, overlap: 1.0, perturbation: 0.0, seed: 1}\n"
    "axes:\n"
    "  - {name: g0, from: 0.1, to: 3.0, points: 17, scale: log}\n"
    "  - {name: pattern, values: [1, 2]}\n"
    "solver: {method: ensemble, tolerance: 1e-10, t_max: 1e7}\n"
    "output: {state: none}\n";

static void the_job_of_rank_0_reaches_all_with_its_settings_and_the_very_bits_of_its_axes(void) {
  dkm_job job = {0};
  dkm_error err = {0};
  const char *sets[] = {"model.Omega=0.75", "axes.g0.points=19"};
  dkm_status status = DKM_OK;
  if (rank == 0) {
    status = dkm_job_parse(&job, "shared.yaml", job_text, 2, sets, &err);
    /* as if rank 0 had another libm than the rest */
    if (!status) job.axes[0].values[5] = nextafter(job.axes[0].values[5], 10.0);
  }
  CHECK(dkm_agree(MPI_COMM_WORLD, status, &err) == DKM_OK);
  CHECK(dkm_share_job(MPI_COMM_WORLD, &job, &err) == DKM_OK);
  if (n_wrong) {
    fprintf(stderr, "rank %d: %s\n", rank, err.message);
    return;
  }
  CHECK(job.base.Omega == 0.75);
  CHECK(job.n_axes == 2 && job.axes[0].n == 19 && job.n_points == 38);
  CHECK(strcmp(job.path, "shared.yaml") == 0 && strcmp(job.text, job_text) == 0);
  double mine[19], theirs[19];
  memcpy(mine, job.axes[0].values, sizeof mine);
  memcpy(theirs, mine, sizeof mine);
  MPI_Bcast(theirs, 19, MPI_DOUBLE, 0, MPI_COMM_WORLD);
  CHECK(memcmp(mine, theirs, sizeof mine) == 0);
  dkm_job_free(&job);
}

static void a_job_that_another_rank_cannot_read_is_an_error_on_all(void) {
  dkm_job job = {0};
  dkm_error err = {0};
  dkm_status status = rank == 0 ? dkm_job_parse(&job, "shared.yaml", job_text, 0, NULL, &err) : DKM_OK;
  CHECK(dkm_agree(MPI_COMM_WORLD, status, &err) == DKM_OK);
  if (rank == 0 && !status) strcpy(job.text, "title: [");
  status = dkm_share_job(MPI_COMM_WORLD, &job, &err);
  CHECK(status == (n_ranks == 1 ? DKM_OK : DKM_INPUT));
  CHECK(n_ranks == 1 || strstr(err.message, "shared.yaml"));
  CHECK(rank == 0 || (job.text == NULL && job.n_axes == 0));
  if (rank == 0) dkm_job_free(&job);
}

#define CLAIM(name)                                                                                                    \
  { #name, name }
static const struct {
  const char *name;
  void (*test)(void);
} claims[] = {
    CLAIM(every_point_is_handed_out_and_marked_exactly_once),
    CLAIM(ranges_left_over_from_an_earlier_run_are_done_and_nothing_else),
    CLAIM(a_worker_that_asks_without_waiting_gets_every_point_too),
    CLAIM(a_range_may_be_reported_in_parts_in_any_order),
    CLAIM(more_ranks_than_points_is_fine),
    CLAIM(slow_points_come_in_ranges_of_a_tenth_of_a_second),
    CLAIM(nothing_to_do_is_fine),
    CLAIM(an_error_in_the_work_of_one_rank_ends_the_run_on_all_with_its_message),
    CLAIM(others_are_interrupted_in_their_work_when_one_fails),
    CLAIM(an_error_in_done_ends_the_run_on_all_with_its_message),
    CLAIM(an_error_in_tick_ends_the_run_on_all_with_its_message),
    CLAIM(points_that_were_drawn_but_never_reported_are_an_error),
    CLAIM(a_stop_request_finishes_what_was_handed_out_and_no_more),
    CLAIM(points_that_depend_on_reported_ones_are_done_exactly_once),
    CLAIM(a_list_may_begin_empty_and_may_not_grow_after_all),
    CLAIM(workers_that_hold_reports_back_are_told_to_report),
    CLAIM(new_points_go_to_workers_without_any_first),
    CLAIM(a_stop_while_requests_wait_for_points_ends_the_run),
    CLAIM(an_error_while_requests_wait_for_points_ends_the_run),
    CLAIM(an_error_in_more_ends_the_run_on_all_with_its_message),
    CLAIM(points_that_others_wait_for_but_are_never_reported_are_an_error),
    CLAIM(workers_that_leave_before_the_end_are_an_error),
    CLAIM(ranks_with_nothing_to_do_sleep),
    CLAIM(the_lowest_rank_that_failed_speaks_for_all),
    CLAIM(a_rank_that_does_not_come_is_named),
    CLAIM(rank_0_is_waited_for_as_long_as_it_works_alone),
    CLAIM(sums_reach_every_rank),
    CLAIM(distinct_words_reach_the_master_in_order_of_rank),
    CLAIM(rank_0_without_memory_fails_on_all_at_once),
    CLAIM(the_job_of_rank_0_reaches_all_with_its_settings_and_the_very_bits_of_its_axes),
    CLAIM(a_job_that_another_rank_cannot_read_is_an_error_on_all),
};

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
  int n_failed = 0;
  for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
    n_wrong = 0;
    claims[i].test();
    MPI_Allreduce(MPI_IN_PLACE, &n_wrong, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) printf("%s %s\n", n_wrong ? "FAILED" : "ok    ", claims[i].name);
    fflush(stdout);
    n_failed += n_wrong > 0;
  }
  MPI_Finalize();
  return n_failed > 0;
}
