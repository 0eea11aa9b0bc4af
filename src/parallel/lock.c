/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lock: one run at a time on one output; see dickemap/lock.h.
 *
 * Taking: the text (lock_holder.h) is written to a file of another name with a flock on it, put on disk, and that file
 * is then linked to the lock's name; a link never overwrites, also on NFS, and a lock is never seen half written, nor
 * without its flock, nor empty after a loss of power.
 * A lock that is there is lock_contest's matter. */
#define _GNU_SOURCE /* F_OFD_SETLK, pthread_timedjoin_np */
#include "dickemap/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dickemap/file.h"
#include "dickemap/leftovers.h"
#include "dickemap/printable.h"
#include "lock_contest.h"

enum { MAX_TRIES = 10, MAX_WAIT = DKM_HOLDER_SILENCE + 30, NEWS_BYTES = 512, NAME_BYTES = 64 };

/* Far behind the end of any file, where no other program locks anything. */
static const off_t mark_at = (off_t)1 << 62;

struct dkm_lock {
  char *name, *output; /* as it was given, for messages; without symbolic links */
  char *path, *own;    /* the lock's name, and that of the file before it is linked */
  dkm_holder us;
  bool break_lock, without_links;
  int descriptor; /* with the flock */
  struct stat file;
  int mark; /* on the output, or -1 */
  struct stat marked;
  /* the thread that touches the file */
  bool has_thread;
  pthread_t thread;
  pthread_mutex_t mutex; /* of what follows; never kept while files are used */
  pthread_cond_t wake;
  bool ending, lost;
  char news[NEWS_BYTES];
};

/* ---- the file ---- */

static void close_file(dkm_lock *lock) {
  if (lock->descriptor >= 0) dkm_file_close(lock->descriptor);
  lock->descriptor = -1;
}

/* A new file with our text, on disk, with a flock on it. *exists: there is something of that name. */
static dkm_status make_file(dkm_lock *lock, const char *name, bool *exists, dkm_error *err) {
  char text[DKM_HOLDER_TEXT_BYTES];
  *exists = false;
  const int descriptor = dkm_file_open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
  if (descriptor < 0) {
    *exists = errno == EEXIST;
    return *exists ? DKM_OK : dkm_contest_fail(lock->path, "made", err);
  }
  close_file(lock); /* not before: its number as a file would be free for another one */
  lock->descriptor = descriptor;
  dkm_status status = DKM_OK;
  strcpy(lock->us.flock, "none");
  if (fstat(descriptor, &lock->file) != 0) status = dkm_contest_fail(lock->path, "made", err);
  if (!status && dkm_contest_get_flock(descriptor, 1)) dkm_holder_set_flock(&lock->us, &lock->file);
  const int n = dkm_holder_print(&lock->us, text);
  if (!status && dkm_file_write(descriptor, text, (size_t)n) != 0)
    status = dkm_contest_fail(lock->path, "written", err);
  if (!status && dkm_file_sync(descriptor) != 0) status = dkm_contest_fail(lock->path, "put on disk", err);
  if (status) {
    close_file(lock);
    memset(&lock->file, 0, sizeof lock->file); /* no file is ours */
    unlink(name);
  }
  return status;
}

/* The file that is to be linked, under a name that nobody has. */
static dkm_status make_own(dkm_lock *lock, dkm_error *err) {
  bool exists = true;
  dkm_status status = DKM_OK;
  for (int i = 0; i < MAX_TRIES && exists && !status; i++) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    sprintf(lock->own, "%s.new-%ld-%ld", lock->path, lock->us.pid, (long)now.tv_nsec);
    status = make_file(lock, lock->own, &exists, err);
  }
  if (exists && !status) {
    errno = EEXIST;
    status = dkm_contest_fail(lock->path, "made", err);
  }
  return status;
}

static bool has_no_links(int error) {
  return error == EPERM || error == ENOTSUP || error == EOPNOTSUPP || error == ENOSYS || error == EMLINK;
}

/* Gives the lock its name, unless there is something of that name; `own` was made and stays. */
static dkm_status place(dkm_lock *lock, bool *taken, dkm_error *err) {
  struct stat made;
  bool exists = false;
  dkm_status status = DKM_OK;
  *taken = false;
  if (!lock->without_links) {
    /* Where the answer of a server was lost and the request repeated, the number of links tells the truth. */
    *taken = link(lock->own, lock->path) == 0;
    const int error = errno;
    if (!*taken && error == EEXIST) *taken = fstat(lock->descriptor, &made) == 0 && made.st_nlink > 1;
    if (!*taken && has_no_links(error)) {
      lock->without_links = true;
    } else if (!*taken && error != EEXIST) {
      errno = error;
      return dkm_contest_fail(lock->path, "made", err);
    }
  }
  if (lock->without_links) {
    struct stat named;
    if (lstat(lock->path, &named) == 0) return DKM_OK; /* `own` is kept while we look at it: it has the clock */
    status = make_file(lock, lock->path, &exists, err);
    *taken = !status && !exists;
    if (!status && exists) {
      unlink(lock->own);
      status = make_own(lock, err);
    }
  }
  if (*taken && dkm_file_sync_folder(lock->path) != 0) {
    status = dkm_contest_fail(lock->path, "put on disk", err);
    unlink(lock->path);
    *taken = false;
  }
  return status;
}

static dkm_status place_or_contest(dkm_lock *lock, dkm_contest *contest, dkm_error *err) {
  bool taken = false;
  dkm_status status = DKM_OK;
  for (int n_tries = 0, n_waits = 0; n_tries < MAX_TRIES && n_waits < MAX_WAIT;) {
    status = place(lock, &taken, err);
    if (taken || status) return status;
    contest->clock = lock->descriptor;
    switch (dkm_contest_lock(contest, err)) {
    case DKM_CONTEST_TRY_AGAIN:
      n_tries++;
      break;
    case DKM_CONTEST_WAIT:
      n_waits++;
      sleep(1);
      break;
    case DKM_CONTEST_REFUSED:
      return err->status;
    }
  }
  return dkm_fail(err, DKM_INPUT, "output %s is in use: other runs keep taking its lock %s", lock->name, lock->path);
}

/* ---- other names of the output ---- */

dkm_status dkm_lock_mark_output(dkm_lock *lock, dkm_error *err) {
  struct flock ours = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = mark_at, .l_len = 1}, theirs = ours;
  struct stat file;
  /* Whatever else is wrong with the output, others say. */
  const int descriptor = dkm_file_open(lock->output, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW, 0);
  if (descriptor < 0) return DKM_OK;
  const bool seen = fstat(descriptor, &file) == 0;
  const bool again = seen && lock->mark >= 0 && dkm_file_is_same(&file, &lock->marked);
  if (!seen || again || !S_ISREG(file.st_mode) || fcntl(descriptor, F_OFD_SETLK, &ours) != 0) {
    dkm_file_close(descriptor);
    return DKM_OK;
  }
  /* A read lock, since programs that read the file keep read locks on all of it on some network file systems.  First
   * set, then looked: of two runs that begin at once at least one sees the other. */
  theirs.l_type = F_WRLCK;
  if (!lock->break_lock && fcntl(descriptor, F_OFD_GETLK, &theirs) == 0 && theirs.l_type != F_UNLCK &&
      theirs.l_start == mark_at && theirs.l_len == 1) {
    dkm_file_close(descriptor);
    return dkm_fail(err, DKM_INPUT,
                    "output %s is in use by another run, which knows it by another of its %lld names (hard links); if "
                    "that run is no more, --break-lock ignores it",
                    lock->name, (long long)file.st_nlink);
  }
  if (lock->mark >= 0) dkm_file_close(lock->mark);
  lock->mark = descriptor;
  lock->marked = file;
  return DKM_OK;
}

/* ---- signs of life ---- */

static void tell(dkm_lock *lock, bool lost, const char *text) {
  pthread_mutex_lock(&lock->mutex);
  lock->lost = lock->lost || lost;
  snprintf(lock->news, sizeof lock->news, "%s", text);
  dkm_printable_make(lock->news);
  pthread_mutex_unlock(&lock->mutex);
}

/* Another run has it now. */
static void tell_loss(dkm_lock *lock) {
  char text[DKM_HOLDER_TEXT_BYTES], news[NEWS_BYTES];
  dkm_holder h;
  const int descriptor = dkm_file_open(lock->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
  const ssize_t n = descriptor >= 0 ? dkm_file_read_at(descriptor, text, sizeof text - 1, 0) : -1;
  if (descriptor >= 0) dkm_file_close(descriptor);
  text[n > 0 ? n : 0] = '\0';
  if (dkm_holder_parse(text, &h))
    snprintf(news, sizeof news, "another run has taken its lock by force: process %ld on host %s", h.pid, h.host);
  else
    snprintf(news, sizeof news, "something else has taken the name of its lock");
  tell(lock, true, news);
}

/* Storage that does not answer, or with an error, says nothing about the lock. */
static void beat(dkm_lock *lock) {
  struct stat named;
  bool taken;
  if (lstat(lock->path, &named) == 0) {
    if (dkm_file_is_same(&named, &lock->file))
      futimens(lock->descriptor, NULL);
    else
      tell_loss(lock);
  } else if (errno == ENOENT && !make_own(lock, NULL)) {
    if (!place(lock, &taken, NULL) && taken) tell(lock, false, "its lock was removed by somebody, and is taken again");
    unlink(lock->own);
  }
}

static void *keep_alive(void *context) {
  dkm_lock *lock = context;
  struct timespec next;
  clock_gettime(CLOCK_MONOTONIC, &next);
  pthread_mutex_lock(&lock->mutex);
  while (!lock->ending && !lock->lost) {
    next.tv_sec += DKM_LOCK_BEAT_SECONDS;
    while (!lock->ending && pthread_cond_timedwait(&lock->wake, &lock->mutex, &next) != ETIMEDOUT) continue;
    if (lock->ending) break;
    pthread_mutex_unlock(&lock->mutex);
    beat(lock);
    clock_gettime(CLOCK_MONOTONIC, &next); /* it may have taken long */
    pthread_mutex_lock(&lock->mutex);
  }
  pthread_mutex_unlock(&lock->mutex);
  return NULL;
}

static dkm_status start_thread(dkm_lock *lock, dkm_error *err) {
  pthread_condattr_t clock;
  sigset_t all, before;
  pthread_condattr_init(&clock);
  pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
  pthread_mutex_init(&lock->mutex, NULL);
  pthread_cond_init(&lock->wake, &clock);
  pthread_condattr_destroy(&clock);
  sigfillset(&all); /* signals are for the main thread */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(&lock->thread, NULL, keep_alive, lock);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  lock->has_thread = error == 0;
  return error ? dkm_fail(err, DKM_MEMORY, "no thread for the lock of output %s: %s", lock->name, strerror(error))
               : DKM_OK;
}

bool dkm_lock_is_lost(dkm_lock *lock, char *note, size_t note_bytes) {
  pthread_mutex_lock(&lock->mutex);
  const bool lost = lock->lost;
  snprintf(note, note_bytes, "%s", lock->news);
  lock->news[0] = '\0';
  pthread_mutex_unlock(&lock->mutex);
  return lost;
}

/* ---- taking and releasing ---- */

static void destroy(dkm_lock *lock) {
  if (!lock) return;
  close_file(lock);
  if (lock->mark >= 0) dkm_file_close(lock->mark);
  free(lock->name);
  free(lock->output);
  free(lock->path);
  free(lock->own);
  free(lock);
}

dkm_status dkm_lock_take(const char *output, bool break_lock, dkm_lock **out, char *note, size_t note_bytes,
                         dkm_error *err) {
  dkm_error own = {0};
  if (!err) err = &own;
  *out = NULL;
  note[0] = '\0';
  dkm_lock *lock = calloc(1, sizeof *lock);
  if (!lock) return dkm_fail(err, DKM_MEMORY, "out of memory for the lock of output %s", output);
  lock->descriptor = lock->mark = -1;
  lock->break_lock = break_lock;
  lock->name = strdup(output);
  lock->output = dkm_file_target(output); /* all symbolic links to one output share a lock */
  const size_t size = lock->output ? strlen(lock->output) + sizeof ".lock" : 0;
  lock->path = size ? malloc(size) : NULL;
  lock->own = size ? malloc(size + NAME_BYTES) : NULL;
  if (!lock->name || !lock->path || !lock->own) {
    destroy(lock);
    return dkm_fail(err, DKM_MEMORY, "out of memory for the lock of output %s", output);
  }
  sprintf(lock->path, "%s.lock", lock->output);
  dkm_holder_describe_us(&lock->us);
  lock->us.beat = DKM_LOCK_BEAT_SECONDS;

  dkm_contest contest = {.name = lock->name,
                         .output = lock->output,
                         .path = lock->path,
                         .us = &lock->us,
                         .break_lock = break_lock,
                         .note = note,
                         .note_bytes = note_bytes};
  dkm_status status = make_own(lock, err);
  if (!status) {
    status = place_or_contest(lock, &contest, err);
    unlink(lock->own);
  }
  if (status) {
    destroy(lock);
    return status;
  }
  dkm_leftovers_remove(lock->output, 0);
  status = dkm_lock_mark_output(lock, err);
  if (!status) status = start_thread(lock, err);
  if (status)
    dkm_lock_release(lock);
  else
    *out = lock;
  return status;
}

void dkm_lock_release(dkm_lock *lock) {
  struct stat named;
  struct timespec soon;
  if (!lock) return;
  if (lock->has_thread) {
    pthread_mutex_lock(&lock->mutex);
    lock->ending = true;
    pthread_cond_signal(&lock->wake);
    pthread_mutex_unlock(&lock->mutex);
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_sec += 2;
    if (pthread_timedjoin_np(lock->thread, NULL, &soon) != 0) return; /* it waits for storage, and keeps the memory */
    pthread_cond_destroy(&lock->wake);
    pthread_mutex_destroy(&lock->mutex);
  }
  if (lstat(lock->path, &named) == 0 && dkm_file_is_same(&named, &lock->file)) unlink(lock->path);
  destroy(lock);
}

bool dkm_lock_seems_held(const char *output) {
  char path[4096];
  if ((size_t)snprintf(path, sizeof path, "%s.lock", output) >= sizeof path) return false;
  return dkm_contest_seems_held(path);
}
