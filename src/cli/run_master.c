/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run_master: what rank 0 of `dickemap run` does beside handing out points; see run_master.h. */
#include "run_master.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "dickemap/clock.h"

static const double look_interval = 5; /* seconds */

/* ---- while points are computed ---- */

dkm_status dkm_run_master_mark(dkm_run_master *master, dkm_range range, const uint8_t *status, dkm_error *err) {
  const dkm_status marked = dkm_store_mark(master->store, range.first, range.count, status, err);
  if (!marked) master->n_marked += range.count;
  return marked;
}

/* Another run works on the same file by force: it has it.  Everything finished is in the file, and stays. */
static void look_at_lock(dkm_run_master *master) {
  char note[DKM_MESSAGE_BYTES / 2];
  master->lost = dkm_lock_is_lost(master->lock, note, sizeof note);
  if (note[0] && !master->lost) dkm_cli_say(stderr, "%s: %s\n", master->path, note);
  if (!master->lost) return;
  if (master->ending.stop == DKM_STOP_NOT)
    snprintf(master->ending.reason, sizeof master->ending.reason, "%.*s", (int)sizeof master->ending.reason - 1, note);
  master->ending.stop = DKM_STOP_GIVE_UP;
}

/* Marks are put on disk now and then, which only the loss of power misses.  Where the output just cannot be looked
 * at, the next write will say what is wrong with the storage. */
static dkm_status look_at_output(dkm_run_master *master, dkm_error *err) {
  dkm_error why = {0};
  if (dkm_store_look(master->store, &why) == DKM_DIFFERENT) return dkm_fail(err, DKM_IO, "%s", why.message);
  if (master->n_synced == master->n_marked) return DKM_OK;
  master->n_synced = master->n_marked;
  return dkm_store_sync(master->store, err);
}

dkm_status dkm_run_master_tick(dkm_run_master *master, int64_t n_done, double notice, dkm_stop *stop, dkm_error *err) {
  const double t = dkm_clock_now();
  master->n_done = master->n_before + n_done;
  if (t >= master->t_look) {
    const dkm_status status = look_at_output(master, err);
    if (status) return status;
    master->t_look = t + look_interval;
  }
  const dkm_stop before = master->ending.stop;
  if (!master->lost) look_at_lock(master);
  *stop = dkm_ending_look(&master->ending, notice);
  if (*stop != before && *stop != DKM_STOP_LEAVE_BEHIND && !master->quiet) {
    dkm_progress_end(&master->progress, master->n_done);
    dkm_cli_say(stderr, "ending early (%s): %s\n", master->ending.reason,
                *stop != DKM_STOP_GIVE_UP ? "points under way are finished"
                : master->ending.suspends ? "points under way are suspended"
                                          : "points under way are given up");
  } else if (*stop == before && !master->quiet) {
    dkm_progress_update(&master->progress, master->n_done);
  }
  return DKM_OK;
}

/* ---- the end ---- */

/* Whether the file under the output's name has everything that was marked as done, at least. */
static dkm_status count_marks(const dkm_run_master *master, dkm_error *err) {
  dkm_store_reader *reader = NULL;
  int64_t n_done = 0;
  dkm_status status = dkm_store_reader_open(master->path, &reader, err);
  if (!status) status = dkm_store_reader_count_done(reader, &n_done, err);
  dkm_store_reader_close(reader);
  if (!status && n_done < master->n_before + master->n_marked)
    status =
        dkm_fail(err, DKM_IO,
                 "%s holds %lld points that are done, and should hold %lld: another program changed it while the run "
                 "was using it; --resume computes the rest",
                 master->path, (long long)n_done, (long long)(master->n_before + master->n_marked));
  return status;
}

/* The output was taken away, as `what` says: copies what would be lost, and adds this to what the run came to. */
static dkm_status say_lost(const dkm_run_master *master, dkm_status status, const char *what, dkm_error *err) {
  char *copy = NULL;
  dkm_error lost = {0}, before = *err;
  const dkm_status rescued = dkm_store_rescue(master->store, &copy, &lost);
  const bool is_known = !status || strcmp(before.message, what) == 0; /* or the run ended because of it */
  dkm_fail(err, DKM_IO, "%s%s%s%s%s%s", is_known ? "" : before.message, is_known ? "" : "; ", what,
           rescued ? "; " : copy ? "; what was done is in " : "", rescued ? lost.message : copy ? copy : "",
           copy ? ", which can be given the old name and resumed" : "");
  free(copy);
  return DKM_IO;
}

dkm_status dkm_run_master_finish(dkm_run_master *master, dkm_status status, dkm_error *err) {
  dkm_error why = {0};
  const dkm_status synced = dkm_store_sync(master->store, status ? NULL : err); /* the system says once that it failed */
  if (!status) status = synced;
  const dkm_status looked = dkm_store_look(master->store, &why);
  if (looked == DKM_DIFFERENT) {
    master->attempt.begun = false; /* the history under that name is not ours */
    status = say_lost(master, status, why.message, err);
  } else if (looked && !status) {
    status = dkm_fail(err, looked, "%s", why.message);
  }
  const dkm_status closed = dkm_store_close(master->store, status ? NULL : err);
  master->store = NULL;
  if (!status) status = closed;
  return status || master->lost ? status : count_marks(master, err); /* who has the lock may have reset marks */
}

dkm_status dkm_run_master_finish_without(dkm_run_master *master, double elapsed, dkm_status status, dkm_error *err) {
  const dkm_error why = *err;
  char duration[32];
  master->n_done = master->n_before + master->n_marked;
  if (!master->quiet) dkm_progress_end(&master->progress, master->n_done);
  if (status != DKM_STOPPED) return dkm_run_master_finish(master, status, err);
  if (dkm_run_master_finish(master, DKM_OK, err)) {
    const dkm_error also = *err;
    return dkm_fail(err, also.status, "%s; %s", also.message, why.message);
  }
  dkm_cli_duration(elapsed, duration, sizeof duration);
  dkm_cli_say(stdout, "%12lld  points in %s, written to %s\n", (long long)master->n_marked, duration, master->path);
  const size_t used = strlen(master->ending.reason);
  snprintf(master->ending.reason + used, sizeof master->ending.reason - used, "; %s", why.message);
  return dkm_fail(err, DKM_STOPPED,
                  "stopped early (%s): %lld of %lld points done, %lld left; the same command with --resume continues",
                  master->ending.reason, (long long)master->n_done, (long long)master->n_points,
                  (long long)(master->n_points - master->n_done));
}

void dkm_run_master_print(const dkm_run_master *master, const dkm_run_worker *sum, const dkm_shard *shard,
                          double elapsed) {
  char duration[32], part[64] = "";
  const int64_t n_done = sum->n_finished;
  dkm_cli_duration(elapsed, duration, sizeof duration);
  for (int v = DKM_VERDICT_NONE + 1; v < DKM_N_VERDICTS; v++) {
    if (sum->n_verdicts[v] > 0) printf("%12lld  %s\n", (long long)sum->n_verdicts[v], dkm_verdict_name(v));
    if (v == DKM_VERDICT_FIXED_POINT && sum->n_unstable > 0)
      printf("%12lld  of these unstable: any tilt of the start leads away\n", (long long)sum->n_unstable);
  }
  if (sum->n_undecided > 0) printf("%12lld  starts have no outcome: undecided, or failed\n", (long long)sum->n_undecided);
  if (sum->n_failed > 0) printf("%12lld  points failed: `show --at` says why\n", (long long)sum->n_failed);
  if (master->n_before > 0) printf("%12lld  points were done before\n", (long long)master->n_before);
  if (sum->n_resumed > 0) printf("%12lld  points went on inside\n", (long long)sum->n_resumed);
  if (shard->n > 1) snprintf(part, sizeof part, " of shard %d/%d", shard->index, shard->n);
  dkm_cli_say(stdout, "%12lld  points%s in %s (%.3g points/s), written to %s\n", (long long)n_done, part, duration,
              (double)n_done / elapsed, master->path);
}

dkm_status dkm_run_master_end_attempt(dkm_run_master *master, dkm_status status, dkm_error *err) {
  dkm_error history = {0};
  if (!master->attempt.begun || master->lost) return status;
  char how[DKM_MESSAGE_BYTES + 16] = "complete";
  if (status == DKM_STOPPED)
    snprintf(how, sizeof how, "stopped early (%s)", master->ending.reason);
  else if (status)
    snprintf(how, sizeof how, "failed: %s", err->message);
  const dkm_status ended = dkm_attempt_end(&master->attempt, master->n_before + master->n_marked, how, &history);
  return ended && !status ? dkm_fail(err, ended, "%s", history.message) : status;
}

/* ---- points that were under way ---- */

static bool is_marked(void *context, int64_t i_point) {
  dkm_store_reader *reader = context;
  uint8_t status = DKM_STATUS_TODO;
  if (i_point >= dkm_store_reader_job(reader)->n_points) return true;
  return dkm_store_reader_status(reader, i_point, 1, &status, NULL) == DKM_OK && status != DKM_STATUS_TODO;
}

void dkm_run_master_tidy_states(const dkm_run_master *master, bool complete) {
  dkm_store_reader *reader = NULL;
  if (complete)
    dkm_unfinished_tidy(master->path, NULL, NULL);
  else if (dkm_store_reader_open(master->path, &reader, NULL) == DKM_OK)
    dkm_unfinished_tidy(master->path, is_marked, reader);
  dkm_store_reader_close(reader);
}

void dkm_run_master_tell_states(const dkm_run_master *master, const dkm_unfinished *unfinished) {
  dkm_unfinished_survey found;
  const char *folder = dkm_unfinished_folder(unfinished);
  dkm_unfinished_look(unfinished, &found);
  if (found.n_usable > 0 && !master->quiet)
    dkm_cli_say(stderr, "%s: %lld point%s on inside, from t = %.6g%s\n", folder, (long long)found.n_usable,
                found.n_usable == 1 ? " goes" : "s go", found.t_least, found.n_usable == 1 ? "" : " and later");
  const int64_t n_useless = found.n_other_version + found.n_other_job + found.n_damaged;
  if (n_useless > 0)
    dkm_cli_say(
        stderr,
        "%s: %lld state%s not used (%lld of another version of dickemap, %lld of another job, %lld damaged): %s anew\n",
        folder, (long long)n_useless, n_useless == 1 ? " is" : "s are", (long long)found.n_other_version,
        (long long)found.n_other_job, (long long)found.n_damaged,
        n_useless == 1 ? "the point begins" : "the points begin");
}
