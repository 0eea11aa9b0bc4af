/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lock_contest: a lock that somebody else has, or had; see lock_contest.h.
 *
 * Replacing a stale lock is a race between runs that all find it stale.  Each first gets the flock of the stale file,
 * then looks whether the name still leads to this very file, and only then removes it: who comes second finds another
 * file, or none, and begins anew.  No flock is waited for: anybody who may read a file can keep one. Whatever else
 * has the lock's name (a link, a FIFO, a folder) is neither followed nor opened. */
#define _GNU_SOURCE /* flock, O_NOFOLLOW */
#include "lock_contest.h"

#include <errno.h>
#include <math.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "dickemap/file.h"
#include "dickemap/leftovers.h"
#include "dickemap/printable.h"

enum { WHAT_BYTES = 512, FLOCK_TRIES = 10 };

bool dkm_contest_get_flock(int descriptor, int tries) {
  static const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000}; /* others may be looking at it, too */
  for (int i = 0; i < tries; i++) {
    if (i > 0) nanosleep(&pause, NULL);
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK && errno != EINTR) return false;
  }
  errno = EWOULDBLOCK;
  return false;
}

dkm_status dkm_contest_fail(const char *path, const char *what, dkm_error *err) {
  return dkm_fail(err, DKM_IO, "the lock %s cannot be %s: %s", path, what, strerror(errno));
}

static void say(dkm_contest *contest, const char *text) {
  snprintf(contest->note, contest->note_bytes, "%s", text);
  dkm_printable_make(contest->note);
}

static const char *kind_of(mode_t mode) {
  return S_ISLNK(mode)    ? "a link"
         : S_ISFIFO(mode) ? "a FIFO"
         : S_ISDIR(mode)  ? "a folder"
         : S_ISSOCK(mode) ? "a socket"
                          : "a device";
}

/* What has the lock's name is no file: nothing of ours. */
static dkm_contest_outcome refuse_kind(mode_t mode, dkm_contest *contest, dkm_error *err) {
  char text[WHAT_BYTES];
  if (contest->break_lock && !S_ISDIR(mode)) {
    if (unlink(contest->path) != 0 && errno != ENOENT) {
      dkm_contest_fail(contest->path, "removed", err);
      return DKM_CONTEST_REFUSED;
    }
    snprintf(text, sizeof text, "removed %s that had the name of its lock (--break-lock)", kind_of(mode));
    say(contest, text);
    return DKM_CONTEST_TRY_AGAIN;
  }
  dkm_fail(err, DKM_INPUT, "output %s cannot be locked: %s is %s, not a file; if no run is using it, %s", contest->name,
           contest->path, kind_of(mode), S_ISDIR(mode) ? "remove it" : "--break-lock removes it");
  return DKM_CONTEST_REFUSED;
}

/* Seconds since the file was touched, by the clock that dates files in this folder. */
static double age_of(const dkm_contest *contest, const struct stat *file) {
  struct stat own;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (contest->clock >= 0 && futimens(contest->clock, NULL) == 0 && fstat(contest->clock, &own) == 0) now = own.st_mtim;
  const double age = (double)(now.tv_sec - file->st_mtim.tv_sec) + 1e-9 * (double)(now.tv_nsec - file->st_mtim.tv_nsec);
  return age > 0 ? age : 0;
}

/* Opened to see and to flock, which some network file systems allow only to those who may write. */
static int open_theirs(const char *path) {
  const int flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  const int descriptor = dkm_file_open(path, O_RDWR | flags, 0);
  return descriptor >= 0 || (errno != EACCES && errno != EPERM && errno != EROFS)
             ? descriptor
             : dkm_file_open(path, O_RDONLY | flags, 0);
}

static void refuse(const dkm_contest *contest, const dkm_holder *h, dkm_holder_life life, const char *why, double age,
                   dkm_error *err) {
  char doubt[256] = "";
  if (life != DKM_HOLDER_ALIVE && h->beat > 0)
    snprintf(
        doubt, sizeof doubt,
        " (whether it lives cannot be seen from here: %s; its last sign of life, one is due every %ld s, was %.0f s "
        "ago)",
        why, h->beat, age);
  else if (life != DKM_HOLDER_ALIVE)
    snprintf(doubt, sizeof doubt, " (whether it lives cannot be seen from here: %s)", why);
  dkm_fail(err, DKM_INPUT,
           "output %s is in use by another run: process %ld on host %s%s%s, since %s%s; if that run is no more, "
           "--break-lock removes its lock %s",
           contest->name, h->pid, h->host, h->job[0] ? ", batch job " : "", h->job, h->time, doubt, contest->path);
}

/* Whether the lock in `text`, of n bytes, is to be removed, and why; otherwise DKM_CONTEST_WAIT or
 * DKM_CONTEST_REFUSED. */
static dkm_contest_outcome judge(char *text, size_t n, const dkm_holder_signs *signs, dkm_contest *contest,
                                 dkm_error *err) {
  char what[WHAT_BYTES];
  dkm_holder h;
  const char *why = "--break-lock";
  const bool touched = contest->waiting && (contest->touched.tv_sec != signs->file.st_mtim.tv_sec ||
                                            contest->touched.tv_nsec != signs->file.st_mtim.tv_nsec);
  size_t n_nul = 0;
  while (n_nul < n && text[n_nul] == '\0') n_nul++;
  const bool empty = n_nul == n, known = !empty && dkm_holder_parse(text, &h);
  dkm_holder_life life = DKM_HOLDER_UNKNOWN;
  if (known) {
    life = dkm_holder_judge(&h, contest->us, signs, &why);
    snprintf(what, sizeof what, "replaced the lock of process %ld on host %s, taken %s", h.pid, h.host, h.time);
  } else if (empty) {
    snprintf(what, sizeof what, "replaced an empty lock");
    why = "nobody keeps it, as after a loss of power";
    life = signs->flocked                     ? DKM_HOLDER_ALIVE
           : signs->age >= DKM_HOLDER_SILENCE ? DKM_HOLDER_DEAD
                                              : DKM_HOLDER_SILENT_SOON;
  } else {
    snprintf(what, sizeof what, "replaced an unreadable lock");
  }
  if (life == DKM_HOLDER_SILENT_SOON && touched) life = DKM_HOLDER_ALIVE;
  if (contest->break_lock) {
    why = "--break-lock";
  } else if (life == DKM_HOLDER_SILENT_SOON) {
    contest->waiting = true;
    contest->touched = signs->file.st_mtim;
    return DKM_CONTEST_WAIT;
  } else if (life != DKM_HOLDER_DEAD && known) {
    refuse(contest, &h, life, why, signs->age, err);
    return DKM_CONTEST_REFUSED;
  } else if (life != DKM_HOLDER_DEAD) {
    dkm_fail(err, DKM_INPUT, "output %s is locked by %s, which is %s; if no run is using it, --break-lock removes it",
             contest->name, contest->path, empty ? "empty, but kept by a process" : "not readable as a lock");
    return DKM_CONTEST_REFUSED;
  }
  /* First, so that a kill between the two leaves the one that remembers the other. */
  if (known && life == DKM_HOLDER_DEAD) dkm_leftovers_remove(contest->output, h.pid);
  if (unlink(contest->path) != 0 && errno != ENOENT) {
    dkm_contest_fail(contest->path, "removed", err);
    return DKM_CONTEST_REFUSED;
  }
  snprintf(what + strlen(what), sizeof what - strlen(what), " (%s)", why);
  say(contest, what);
  return DKM_CONTEST_TRY_AGAIN;
}

bool dkm_contest_seems_held(const char *path) {
  char text[DKM_HOLDER_TEXT_BYTES];
  dkm_holder us, theirs;
  dkm_holder_signs signs = {0};
  const char *why;
  const int descriptor = dkm_file_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
  if (descriptor < 0) return false;
  signs.free = flock(descriptor, LOCK_SH | LOCK_NB) == 0;
  signs.flocked = !signs.free && errno == EWOULDBLOCK;
  const ssize_t n = dkm_file_read_at(descriptor, text, sizeof text - 1, 0);
  const bool is_seen = n >= 0 && fstat(descriptor, &signs.file) == 0 && S_ISREG(signs.file.st_mode);
  dkm_file_close(descriptor);
  if (!is_seen) return false;
  text[n] = '\0';
  signs.age = fmax(0.0, difftime(time(NULL), signs.file.st_mtime));
  dkm_holder_describe_us(&us);
  const dkm_holder_life life =
      dkm_holder_parse(text, &theirs) ? dkm_holder_judge(&theirs, &us, &signs, &why) : DKM_HOLDER_UNKNOWN;
  return life == DKM_HOLDER_ALIVE || (life == DKM_HOLDER_UNKNOWN && signs.age < DKM_HOLDER_SILENCE);
}

dkm_contest_outcome dkm_contest_lock(dkm_contest *contest, dkm_error *err) {
  char text[DKM_HOLDER_TEXT_BYTES];
  struct stat named;
  dkm_holder_signs signs = {0};
  dkm_contest_outcome outcome = DKM_CONTEST_TRY_AGAIN;
  if (lstat(contest->path, &named) != 0) {
    if (errno == ENOENT) return DKM_CONTEST_TRY_AGAIN;
    dkm_contest_fail(contest->path, "read", err);
    return DKM_CONTEST_REFUSED;
  }
  if (!S_ISREG(named.st_mode)) return refuse_kind(named.st_mode, contest, err);
  const int descriptor = open_theirs(contest->path);
  if (descriptor < 0) {
    if (errno == ENOENT || errno == ELOOP) return DKM_CONTEST_TRY_AGAIN;
    dkm_contest_fail(contest->path, "read", err);
    return DKM_CONTEST_REFUSED;
  }
  signs.free = dkm_contest_get_flock(descriptor, FLOCK_TRIES);
  signs.flocked = !signs.free && errno == EWOULDBLOCK;
  const ssize_t n = dkm_file_read_at(descriptor, text, sizeof text - 1, 0);
  if (n < 0 || fstat(descriptor, &signs.file) != 0) {
    dkm_contest_fail(contest->path, "read", err);
    outcome = DKM_CONTEST_REFUSED;
  } else if (S_ISREG(signs.file.st_mode) && lstat(contest->path, &named) == 0 &&
             dkm_file_is_same(&signs.file, &named)) {
    text[n] = '\0';
    signs.age = age_of(contest, &signs.file);
    outcome = judge(text, (size_t)n, &signs, contest, err);
  }
  dkm_file_close(descriptor);
  return outcome;
}
