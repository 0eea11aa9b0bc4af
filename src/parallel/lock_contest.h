/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lock_contest: what is to be done about a lock that somebody else has, or had. */
#ifndef DICKEMAP_LOCK_CONTEST_H
#define DICKEMAP_LOCK_CONTEST_H
#include <stddef.h>
#include <time.h>

#include "dickemap/status.h"
#include "lock_holder.h"

typedef struct dkm_contest {
  const char *name, *output, *path; /* of the output as it was given, and without links; of the lock */
  const dkm_holder *us;
  bool break_lock;
  int clock;  /* a file of ours in the same folder, which is touched to learn what time it is there */
  char *note; /* note[note_bytes]: what was replaced */
  size_t note_bytes;
  bool waiting; /* for a sign of life, since `touched`; begins as false */
  struct timespec touched;
} dkm_contest;

typedef enum dkm_contest_outcome {
  DKM_CONTEST_TRY_AGAIN, /* it was stale and is removed, or is gone */
  DKM_CONTEST_WAIT,      /* not stale yet: look again in a second */
  DKM_CONTEST_REFUSED    /* *err, which is not NULL, says why */
} dkm_contest_outcome;

dkm_contest_outcome dkm_contest_lock(dkm_contest *contest, dkm_error *err);

/* A flock on the file, without waiting.  False with EWOULDBLOCK if somebody else keeps one, with another error where
 * there are none; others may just be looking at it, so that several tries (50 ms each) make sure. */
bool dkm_contest_get_flock(int descriptor, int tries);

/* DKM_IO: the lock cannot be made, written, read, ...; errno says why. */
dkm_status dkm_contest_fail(const char *path, const char *what, dkm_error *err);

/* As dkm_lock_seems_held, of the lock's own path. */
bool dkm_contest_seems_held(const char *path);

#endif
