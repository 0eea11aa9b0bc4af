/* SPDX-License-Identifier: GPL-3.0-or-later */
/* schedule: who computes which points; see dickemap/schedule.h.
 *
 *        master (rank 0)                                     worker (rank 1, 2, ...)
 *        ---------------                                     -----------------------
 *                          <-------- REQUEST --------        once at the start, with the name of its host
 *        next range of     --------- RANGE ---------->       held ahead
 *        `todo`            <-------- REQUEST --------        when it takes the range held ahead, before it
 *                          --------- RANGE ---------->       computes it; tells how long the one before took
 *                                      ...
 *        `done` marks it   <-------- REPORT ---------        range + one status byte a point, after
 *                                      ...                   its records are synced to disk
 *        `tick` says so    -------- DRAW_NO_MORE --->        start no more points, finish those under way;
 *                          ----------- GIVE_UP ----->        or not even those.  END answers all REQUESTs
 *                          <--------- ALIVE ---------        when it has sent nothing for some seconds
 *        none left now     --------- LATER ---------->       the REQUEST is parked: what is finished is to be
 *        `more` may give   <-------- REPORT ---------        reported, what is under way is gone on with
 *        points then       --------- RANGE ---------->       or END: the reply to the parked REQUEST
 *                                      ...
 *        `todo` is empty   --------- END ------------>       in reply to a REQUEST: no more ranges
 *        count workers     <--- FINISHED or ERROR ---        `work` has returned; an ERROR carries
 *                                                            status and message
 *        all have finished --------- CLOSE ---------->       nobody sends any more
 *        outcome           ===== broadcast to all ===>       same status and message everywhere
 *
 * At any moment after an ERROR, or when a callback of the master fails:
 *                          --------- ABORT ---------->       give up, then FINISHED as usual
 *
 * Contents     REQUEST char host[DKM_WORD_BYTES] (the first), nothing, or int64 count, double seconds: of the range before
 *              RANGE   int64 first, count
 *              REPORT  int64 first, count, double seconds of notice wanted, then count bytes
 *              ERROR   dkm_error as it lies in memory (all ranks run the same program)
 *              others  nothing
 *
 * Why it cannot hang: a worker has at most one REQUEST open, and each REQUEST gets exactly one
 * RANGE or END, at once or after a LATER.  Messages between two ranks stay in order, so that whatever the master sent
 * before CLOSE has been received when CLOSE arrives.  The master never blocks in a send (it
 * posts them and completes them when the worker has answered), hence the blocking sends of the
 * workers always find it receiving.  There is no collective call between the first REQUEST and
 * the last CLOSE.
 *
 * A REQUEST is parked only where there is `more`, nothing is left to hand out, and points are under way.  Every one of those
 * is with a worker, in a range that it computes, holds ahead, or has computed and not reported; and no worker sleeps on such
 * points, since dkm_schedule_next returns DKM_NEXT_REPORT instead to one that has any.  So they are reported in the end.
 * After every message and tick the master looks at the parked REQUESTs: reports have brought points, which workers without
 * any get first; or none are under way any more and `more` has given none since the last was done, or the run is to
 * end: then all get END.  A worker that has finished is not waited for, nor given points: its REQUEST gets END.
 *
 * Unless a rank does: stopped, or within a call of a file system that does not answer.  While there is no reason to end, the
 * master waits for it, and the others compute all the rest.  A worker answers between two bits of work only, and one
 * bit, such as the eigenvalues of a large matrix, can take minutes, so that silence alone proves nothing.  But once
 * points were to be given up (GIVE_UP, ABORT), `tick`, or a minute after a failure the master itself, decides that there has
 * been time enough.  Then it takes what has arrived, sends nothing more, names those that have not answered, and returns;
 * the others still wait for CLOSE, and are ended by the MPI_Abort that follows.
 *
 * Why it sleeps: an MPI receive spins on a core while it waits.  The master polls with
 * MPI_Iprobe and sleeps in between, as do workers with nothing to do: patience.h. */
#include "dickemap/schedule.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/agree.h"
#include "dickemap/clock.h"
#include "dickemap/here.h"
#include "patience.h"

enum { REQUEST = 1, REPORT, ALIVE, FINISHED, ERROR, RANGE, LATER, END, DRAW_NO_MORE, GIVE_UP, ABORT, CLOSE };

static const double tick_interval = 0.2; /* seconds: "a few times a second" */
static const double alive_interval = 5;  /* seconds */
static const double abort_patience = 60; /* seconds after a failure; see "Unless a rank does" above */

enum { RANGE_WORDS = 2, RANGE_BYTES = RANGE_WORDS * (int)sizeof(int64_t) };
enum { HEAD_BYTES = RANGE_BYTES + (int)sizeof(double) };       /* of a REPORT, before its status bytes */
enum { PACE_BYTES = (int)(sizeof(int64_t) + sizeof(double)) }; /* of a REQUEST */
enum { SLOT_REPLY, SLOT_LATER, SLOT_DRAW_NO_MORE, SLOT_GIVE_UP, SLOT_ABORT, SLOT_CLOSE, N_SLOTS };

/* What the master knows of one worker, and its messages to it that may be on their way. */
struct peer {
  bool open;                  /* neither FINISHED nor ERROR has arrived */
  bool parked;                /* its REQUEST has not been answered */
  char host[DKM_WORD_BYTES];  /* "" until its first REQUEST */
  double t_heard;             /* when its last message arrived */
  int64_t n_points;           /* handed out and not reported yet */
  int64_t reply[RANGE_WORDS]; /* contents of the RANGE under way */
  MPI_Request slots[N_SLOTS]; /* one message of each kind at a time */
};

struct dkm_schedule {
  MPI_Comm comm;
  int rank, n_ranks, lanes;
  const dkm_schedule_ops *ops;
  dkm_error broken; /* an MPI call failed: this rank cannot reach the others any more */
  char *buffer;     /* for the message being sent (worker) or received (master) */
  int buffer_bytes; /* room for the longest of the protocol */

  /* master, or the only rank */
  dkm_todo todo;
  int64_t n_done;
  bool has_news;      /* `more` has not been asked since something was done */
  dkm_stop stop;      /* what `tick` has asked for; on a worker, what the master has told it */
  double notice;      /* seconds, the most that was asked for: by any rank (master), here (worker) */
  bool done_failed;   /* `done` is not called any more */
  double t_tick;      /* when to call `tick` next */
  dkm_error failure;  /* the first one: the outcome of the run */
  double t_failed;    /* when it was seen */
  struct peer *peers; /* by rank, [0] unused; NULL if there is only one rank */
  int n_open, n_parked;

  /* worker */
  bool held, parked, ended, aborted, closed;
  dkm_range ahead;
  int64_t n_unreported;    /* points drawn and not reported */
  int64_t n_taken;         /* points of the range taken last; 0: none yet */
  double t_taken, t_drawn; /* when it was taken, and when the worker asked for more; 0: not yet */
  double t_sent;           /* when the last message was sent */
};

/* Notes a failed MPI call within the run; returns whether all is well. */
static bool reached(dkm_schedule *s, int code, const char *call) {
  if (code == MPI_SUCCESS) return true;
  if (!s->broken.status) dkm_patience_fail_mpi(&s->broken, s->comm, code, call);
  return false;
}

/* ---- what is done and what is left to do: the master, or the only rank ---- */

/* range: NULL for a message without contents. */
static void post(dkm_schedule *s, int rank, int slot, int tag, const dkm_range *range) {
  struct peer *peer = &s->peers[rank];
  /* A worker asks again only after it has received the previous reply: no waiting here. */
  if (!reached(s, MPI_Wait(&peer->slots[slot], MPI_STATUS_IGNORE), "MPI_Wait")) return;
  if (range) memcpy(peer->reply, (int64_t[RANGE_WORDS]){range->first, range->count}, RANGE_BYTES);
  reached(s, MPI_Isend(peer->reply, range ? RANGE_WORDS : 0, MPI_INT64_T, rank, tag, s->comm, &peer->slots[slot]),
          "MPI_Isend");
}

/* The first failure is kept; everybody is told to give up. */
static void fail_run(dkm_schedule *s, const dkm_error *why) {
  if (s->failure.status) return;
  s->failure = *why;
  s->t_failed = dkm_clock_now();
  for (int rank = 1; s->peers && rank < s->n_ranks; rank++)
    if (s->peers[rank].open) post(s, rank, SLOT_ABORT, ABORT, NULL);
}

/* Points that were handed out and have not been reported. */
static int64_t n_under_way(const dkm_schedule *s) {
  return s->todo.n_total - s->todo.n_left - s->n_done;
}

/* Asks for more points if there is a reason to. */
static void look_for_more(dkm_schedule *s) {
  if (!s->ops->more || !s->has_news) return;
  s->has_news = false;
  for (dkm_range range = {.count = 1}; range.count > 0 && !s->failure.status;) {
    dkm_error why = {0};
    range = (dkm_range){0};
    why.status = s->ops->more(s->ops->context, &range, &why);
    if (!why.status && range.count > 0) why.status = dkm_todo_add(&s->todo, range, &why);
    if (why.status) fail_run(s, &why);
  }
}

/* Whether nothing is left to hand out now, but may be once more points have been reported. */
static bool has_to_wait(dkm_schedule *s) {
  if (!s->ops->more || s->stop != DKM_STOP_NOT || s->failure.status) return false;
  look_for_more(s);
  return s->todo.n_left == 0 && n_under_way(s) > 0 && !s->failure.status;
}

/* The next range, or false if none is to be handed out any more. */
static bool draw_range(dkm_schedule *s, dkm_range *range) {
  return s->stop == DKM_STOP_NOT && !s->failure.status && dkm_todo_draw(&s->todo, range);
}

static dkm_status mark_done(dkm_schedule *s, dkm_range range, const uint8_t *status) {
  if (s->done_failed) return s->failure.status;
  if (range.count == 0) return DKM_OK;
  dkm_error why = {0};
  why.status = s->ops->done(s->ops->context, range, status, &why);
  if (why.status) {
    s->done_failed = true;
    fail_run(s, &why);
    return why.status;
  }
  s->n_done += range.count;
  s->has_news = true;
  return DKM_OK;
}

static void tick_if_due(dkm_schedule *s) {
  double t = dkm_clock_now();
  if (t < s->t_tick || s->failure.status) return;
  s->t_tick = t + tick_interval;
  dkm_error why = {0};
  dkm_stop stop = DKM_STOP_NOT;
  why.status = s->ops->tick(s->ops->context, s->n_done, s->notice, &stop, &why);
  if (why.status) {
    fail_run(s, &why);
    return;
  }
  if (stop <= s->stop) return; /* nothing new; there is no way back */
  s->stop = stop;
  for (int rank = 1; s->peers && rank < s->n_ranks; rank++) {
    if (!s->peers[rank].open) continue;
    if (stop == DKM_STOP_LEAVE_BEHIND) continue;
    if (stop == DKM_STOP_GIVE_UP)
      post(s, rank, SLOT_GIVE_UP, GIVE_UP, NULL);
    else
      post(s, rank, SLOT_DRAW_NO_MORE, DRAW_NO_MORE, NULL);
  }
}

/* ---- the master's side of the protocol ---- */

static void answer(dkm_schedule *s, int rank) {
  dkm_range range;
  if (s->peers[rank].open && draw_range(s, &range)) {
    s->peers[rank].n_points += range.count;
    post(s, rank, SLOT_REPLY, RANGE, &range);
  } else {
    post(s, rank, SLOT_REPLY, END, NULL);
  }
}

static void park(dkm_schedule *s, int rank) {
  s->peers[rank].parked = true;
  s->n_parked++;
  post(s, rank, SLOT_LATER, LATER, NULL);
}

static void answer_parked(dkm_schedule *s, int rank) {
  s->peers[rank].parked = false;
  s->n_parked--;
  answer(s, rank);
}

/* Those that still have points would hold ahead what others could begin at once. */
static void answer_all_parked(dkm_schedule *s) {
  for (int busy = 0; busy <= 1; busy++)
    for (int rank = 1; rank < s->n_ranks; rank++) {
      if (s->n_parked == 0 || has_to_wait(s)) return;
      if (s->peers[rank].parked && (s->peers[rank].n_points > 0) == busy) answer_parked(s, rank);
    }
}

static void on_request(dkm_schedule *s, int rank, int n_bytes) {
  if (n_bytes == PACE_BYTES) {
    int64_t count;
    double seconds;
    memcpy(&count, s->buffer, sizeof count);
    memcpy(&seconds, s->buffer + sizeof count, sizeof seconds);
    dkm_todo_note_pace(&s->todo, count, seconds);
  } else if (n_bytes == DKM_WORD_BYTES) {
    memcpy(s->peers[rank].host, s->buffer, DKM_WORD_BYTES);
    s->peers[rank].host[DKM_WORD_BYTES - 1] = '\0';
  }
  if (has_to_wait(s))
    park(s, rank);
  else
    answer(s, rank);
}

static void on_report(dkm_schedule *s, int rank, int n_bytes) {
  dkm_error why = {0};
  dkm_range range = {0};
  double notice = 0;
  if (n_bytes >= HEAD_BYTES) {
    memcpy(&range, s->buffer, RANGE_BYTES);
    memcpy(&notice, s->buffer + RANGE_BYTES, sizeof notice);
  }
  if (n_bytes != HEAD_BYTES + range.count || range.count > s->peers[rank].n_points) {
    dkm_fail(&why, DKM_PARALLEL, "rank %d reported %lld points, but it was given no more than %lld", rank,
             (long long)range.count, (long long)s->peers[rank].n_points);
    fail_run(s, &why);
    return;
  }
  s->peers[rank].n_points -= range.count;
  if (notice > s->notice) s->notice = notice;
  mark_done(s, range, (const uint8_t *)s->buffer + HEAD_BYTES);
}

static void on_finished(dkm_schedule *s, int rank, int n_bytes) {
  struct peer *peer = &s->peers[rank];
  peer->open = false;
  s->n_open--;
  if (peer->parked) answer_parked(s, rank);
  dkm_error why = {0};
  if (n_bytes == (int)sizeof why) { /* an ERROR; "No space left on device" is worth little without where */
    memcpy(&why, s->buffer, sizeof why);
    dkm_error placed = {0};
    dkm_fail(&placed, why.status, "rank %d%s%s: %s", rank, peer->host[0] ? " on " : "", peer->host, why.message);
    fail_run(s, &placed);
  } else if (peer->n_points > 0 && s->stop == DKM_STOP_NOT && !s->failure.status) {
    dkm_fail(&why, DKM_PARALLEL, "rank %d finished without having reported %lld of its points", rank,
             (long long)peer->n_points);
    fail_run(s, &why);
  }
}

/* Handles one message if there is one. */
static bool serve(dkm_schedule *s) {
  int arrived = 0, n_bytes = 0;
  MPI_Status status;
  if (!reached(s, MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, s->comm, &arrived, &status), "MPI_Iprobe")) return false;
  if (!arrived) return false;
  int rank = status.MPI_SOURCE, tag = status.MPI_TAG;
  if (!reached(s, MPI_Recv(s->buffer, s->buffer_bytes, MPI_BYTE, rank, tag, s->comm, &status), "MPI_Recv"))
    return false;
  if (!reached(s, MPI_Get_count(&status, MPI_BYTE, &n_bytes), "MPI_Get_count")) return false;
  s->peers[rank].t_heard = dkm_clock_now();
  switch (tag) {
  case ALIVE:
    break;
  case REQUEST:
    on_request(s, rank, n_bytes);
    break;
  case REPORT:
    on_report(s, rank, n_bytes);
    break;
  case FINISHED:
  case ERROR:
    on_finished(s, rank, n_bytes);
    break;
  default:
    assert(!"a tag of the protocol");
  }
  return true;
}

/* Whether those that have not finished are left behind. */
static bool has_waited_enough(const dkm_schedule *s) {
  if (s->failure.status) return dkm_clock_now() > s->t_failed + abort_patience;
  return s->stop == DKM_STOP_LEAVE_BEHIND;
}

/* "rank 2 on n003 did not answer for 31 s (24 points in its hands)" */
static void describe_silent(const dkm_schedule *s, char *out, size_t out_bytes) {
  enum { MAX_NAMED = 3 };
  const double t = dkm_clock_now();
  int n = 0;
  size_t used = 0;
  out[0] = '\0';
  for (int rank = 1; rank < s->n_ranks; rank++) {
    const struct peer *peer = &s->peers[rank];
    if (!peer->open || n++ >= MAX_NAMED || used >= out_bytes) continue;
    used += (size_t)snprintf(
        out + used, out_bytes - used, "%srank %d%s%s did not answer for %.0f s (%lld points in its hands)",
        used ? ", " : "", rank, peer->host[0] ? " on " : "", peer->host, t - peer->t_heard, (long long)peer->n_points);
  }
  if (n > MAX_NAMED && used < out_bytes) snprintf(out + used, out_bytes - used, ", nor did %d more", n - MAX_NAMED);
}

static void be_master(dkm_schedule *s) {
  long ns = 0;
  while (s->n_open > 0 && !s->broken.status) {
    if (serve(s)) {
      ns = 0;
    } else {
      if (has_waited_enough(s)) return;
      dkm_patience_nap(&ns);
    }
    tick_if_due(s);
    answer_all_parked(s);
  }
  for (int rank = 1; rank < s->n_ranks && !s->broken.status; rank++) post(s, rank, SLOT_CLOSE, CLOSE, NULL);
  for (int rank = 1; rank < s->n_ranks && !s->broken.status; rank++)
    reached(s, MPI_Waitall(N_SLOTS, s->peers[rank].slots, MPI_STATUSES_IGNORE), "MPI_Waitall");
}

/* ---- the worker's side ---- */

static void send_to_master(dkm_schedule *s, int tag, const void *bytes, int n_bytes) {
  if (s->broken.status) return;
  reached(s, MPI_Send(bytes, n_bytes, MPI_BYTE, MASTER, tag, s->comm), "MPI_Send");
  s->t_sent = dkm_clock_now();
}

/* While `work` is under way. */
static void be_heard(dkm_schedule *s) {
  if (dkm_clock_now() > s->t_sent + alive_interval) send_to_master(s, ALIVE, NULL, 0);
}

/* Takes what has arrived from the master, never waits; returns whether there was a message. */
static bool listen(dkm_schedule *s) {
  int arrived = 0;
  MPI_Status status;
  int64_t words[RANGE_WORDS] = {0};
  if (s->broken.status) return false;
  if (!reached(s, MPI_Iprobe(MASTER, MPI_ANY_TAG, s->comm, &arrived, &status), "MPI_Iprobe") || !arrived) return false;
  if (!reached(s, MPI_Recv(words, RANGE_WORDS, MPI_INT64_T, MASTER, status.MPI_TAG, s->comm, MPI_STATUS_IGNORE),
               "MPI_Recv"))
    return false;
  switch (status.MPI_TAG) {
  case RANGE:
    s->ahead = (dkm_range){.first = words[0], .count = words[1]};
    s->held = true;
    s->parked = false;
    break;
  case LATER:
    s->parked = true;
    break;
  case END:
    s->ended = true;
    break;
  case DRAW_NO_MORE:
    if (s->stop == DKM_STOP_NOT) s->stop = DKM_STOP_DRAW_NO_MORE;
    break;
  case GIVE_UP:
    s->stop = DKM_STOP_GIVE_UP;
    break;
  case ABORT:
    s->aborted = true;
    break;
  case CLOSE:
    s->closed = true;
    break;
  default:
    assert(!"a tag of the protocol");
  }
  return true;
}

static void be_worker(dkm_schedule *s) {
  dkm_error why = {0};
  char host[DKM_WORD_BYTES] = "";
  dkm_here_host(host, sizeof host);
  send_to_master(s, REQUEST, host, sizeof host);
  why.status = s->ops->work(s->ops->context, s, &why);
  if (why.status)
    send_to_master(s, ERROR, &why, (int)sizeof why);
  else
    send_to_master(s, FINISHED, NULL, 0);
  long ns = 0;
  while (!s->closed && !s->broken.status) {
    if (listen(s))
      ns = 0;
    else
      dkm_patience_nap(&ns);
  }
}

static void be_alone(dkm_schedule *s) {
  dkm_error why = {0};
  why.status = s->ops->work(s->ops->context, s, &why);
  if (!why.status && !s->failure.status && s->stop == DKM_STOP_NOT && n_under_way(s) > 0)
    dkm_fail(&why, DKM_PARALLEL, "rank 0 finished without having reported %lld of its points",
             (long long)n_under_way(s));
  if (why.status) fail_run(s, &why);
}

/* The worker takes a range; `pace` is what its REQUEST then tells of the one before, NULL if there was none. */
static const char *take(dkm_schedule *s, int64_t n_points, char pace[PACE_BYTES]) {
  const int64_t count = s->n_taken;
  const double seconds = s->t_drawn - s->t_taken;
  memcpy(pace, &count, sizeof count);
  memcpy(pace + sizeof count, &seconds, sizeof seconds);
  s->n_taken = n_points;
  s->t_taken = dkm_clock_now();
  s->t_drawn = 0;
  return count > 0 ? pace : NULL;
}

dkm_next dkm_schedule_next(dkm_schedule *s, bool wait, dkm_range *range) {
  char pace[PACE_BYTES];
  if (s->t_drawn == 0) s->t_drawn = dkm_clock_now();
  if (s->n_ranks == 1) {
    tick_if_due(s);
    if (s->n_taken > 0) dkm_todo_note_pace(&s->todo, s->n_taken, s->t_drawn - s->t_taken);
    s->n_taken = 0;
    if (has_to_wait(s)) return DKM_NEXT_REPORT;
    if (!draw_range(s, range)) return DKM_NEXT_END;
    take(s, range->count, pace);
    return DKM_NEXT_RANGE;
  }
  long ns = 0;
  for (;;) {
    while (listen(s)) continue;
    be_heard(s);
    if (s->aborted || s->broken.status || s->stop != DKM_STOP_NOT) return DKM_NEXT_END;
    if (s->held) break;
    if (s->ended) return DKM_NEXT_END;
    if (s->parked && s->n_unreported > 0) return DKM_NEXT_REPORT;
    if (!wait) return DKM_NEXT_WAIT;
    dkm_patience_nap(&ns);
  }
  *range = s->ahead;
  s->held = false;
  s->n_unreported += range->count;
  const char *told = take(s, range->count, pace);
  send_to_master(s, REQUEST, told, told ? PACE_BYTES : 0);
  return DKM_NEXT_RANGE;
}

dkm_status dkm_schedule_report(dkm_schedule *s, dkm_range range, const uint8_t *status, double notice, dkm_error *err) {
  assert(range.count >= 0 && range.count <= DKM_TODO_MAX_ROUNDS * (int64_t)s->lanes);
  if (notice > s->notice) s->notice = notice;
  if (s->n_ranks == 1) {
    dkm_status outcome = mark_done(s, range, status);
    tick_if_due(s);
    return outcome ? dkm_fail(err, outcome, "%s", s->failure.message) : DKM_OK;
  }
  memcpy(s->buffer, (int64_t[RANGE_WORDS]){range.first, range.count}, RANGE_BYTES);
  memcpy(s->buffer + RANGE_BYTES, &s->notice, sizeof s->notice);
  if (range.count > 0) memcpy(s->buffer + HEAD_BYTES, status, (size_t)range.count);
  send_to_master(s, REPORT, s->buffer, (int)(HEAD_BYTES + range.count));
  s->n_unreported -= range.count;
  return s->broken.status ? dkm_fail(err, DKM_PARALLEL, "%s", s->broken.message) : DKM_OK;
}

bool dkm_schedule_interrupted(dkm_schedule *s) {
  if (s->n_ranks == 1) {
    tick_if_due(s);
    return s->failure.status != DKM_OK;
  }
  while (listen(s)) continue;
  be_heard(s);
  return s->aborted || s->broken.status;
}

dkm_stop dkm_schedule_stopping(dkm_schedule *s) {
  if (s->n_ranks == 1)
    tick_if_due(s);
  else {
    while (listen(s)) continue;
    be_heard(s);
  }
  return s->stop;
}

/* ---- the run ---- */

/* What is left after a stop is known only now; otherwise nothing may be. */
static void look_back(dkm_schedule *s) {
  dkm_error why = {0};
  if (s->failure.status || s->n_open > 0) return; /* nothing more is sent to those that do not answer */
  look_for_more(s);
  if (s->failure.status || s->stop != DKM_STOP_NOT || s->todo.n_left == 0) return;
  dkm_fail(&why, DKM_PARALLEL, "all workers have finished, but %lld points are left", (long long)s->todo.n_left);
  fail_run(s, &why);
}

static dkm_status allocate(dkm_schedule *s, dkm_error *err) {
  s->buffer_bytes = HEAD_BYTES + DKM_TODO_MAX_ROUNDS * s->lanes;
  if (s->buffer_bytes < (int)sizeof(dkm_error)) s->buffer_bytes = (int)sizeof(dkm_error);
  s->buffer = malloc((size_t)s->buffer_bytes);
  if (!s->buffer) return dkm_fail(err, DKM_MEMORY, "out of memory (%d bytes for messages)", s->buffer_bytes);
  if (s->rank != MASTER || s->n_ranks == 1) return DKM_OK;
  s->peers = calloc((size_t)s->n_ranks, sizeof *s->peers);
  if (!s->peers) return dkm_fail(err, DKM_MEMORY, "out of memory (the master's list of %d ranks)", s->n_ranks);
  for (int rank = 1; rank < s->n_ranks; rank++) {
    s->peers[rank].open = true;
    s->peers[rank].t_heard = dkm_clock_now();
    for (int slot = 0; slot < N_SLOTS; slot++) s->peers[rank].slots[slot] = MPI_REQUEST_NULL;
  }
  s->n_open = s->n_ranks - 1;
  return DKM_OK;
}

dkm_status dkm_schedule_run(MPI_Comm comm, int64_t n_todo, const dkm_range *todo, int lanes,
                            const dkm_schedule_ops *ops, bool *stopped, dkm_error *err) {
  dkm_status status;
  dkm_schedule s = {.comm = MPI_COMM_NULL, .ops = ops, .lanes = lanes};
  *stopped = false;
  /* A communicator of its own: our tags cannot meet anybody else's messages. */
  static MPI_Comm own; /* a request that is given up may set it until the process ends */
  MPI_Request request;
  status = dkm_patience_complete(comm, MPI_Comm_idup(comm, &own, &request), "MPI_Comm_idup", &request, err);
  if (status) return status;
  s.comm = own;
  MPI_Comm_set_errhandler(s.comm, MPI_ERRORS_RETURN);
  MPI_Comm_rank(s.comm, &s.rank);
  MPI_Comm_size(s.comm, &s.n_ranks);
  if (s.rank == MASTER) {
    dkm_todo_begin(&s.todo, n_todo, todo, s.n_ranks > 1 ? s.n_ranks - 1 : 1, lanes);
    s.has_news = true;
    s.t_tick = dkm_clock_now() + tick_interval;
  }
  status = dkm_agree(s.comm, allocate(&s, err), err);
  if (status) goto cleanup;

  if (s.n_ranks == 1)
    be_alone(&s);
  else if (s.rank == MASTER)
    be_master(&s);
  else
    be_worker(&s);

  if (s.broken.status) { /* no collective can be trusted any more */
    status = dkm_fail(err, s.broken.status, "%s", s.broken.message);
    goto cleanup;
  }
  if (s.rank == MASTER) look_back(&s);
  if (s.n_open > 0) { /* what was sent to those may still be under way, so that it stays where it is */
    char who[DKM_MESSAGE_BYTES / 2];
    describe_silent(&s, who, sizeof who);
    *stopped = s.n_done < s.todo.n_total;
    return s.failure.status ? dkm_fail(err, DKM_PARALLEL, "%s; %s", s.failure.message, who)
                            : dkm_fail(err, DKM_STOPPED, "%s", who);
  }
  int unfinished = s.stop != DKM_STOP_NOT && s.n_done < s.todo.n_total;
  status = dkm_patience_broadcast(s.comm, &s.failure, sizeof s.failure, MASTER, err);
  if (!status) status = dkm_patience_broadcast(s.comm, &unfinished, sizeof unfinished, MASTER, err);
  if (status) goto cleanup;
  *stopped = unfinished;
  if (s.failure.status) status = dkm_fail(err, s.failure.status, "%s", s.failure.message);

cleanup:
  dkm_todo_end(&s.todo);
  free(s.peers);
  free(s.buffer);
  if (status != DKM_PARALLEL) MPI_Comm_free(&s.comm); /* what was given up may still be under way in it */
  return status;
}
