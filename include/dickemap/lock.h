/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lock: one run at a time on one output, by a file <output>.lock beside it that names its holder.  Rank 0 only.
 *
 * A lock is stale, and replaced, if its holder is on this host and no longer lives (no such process, another
 * process that got its number, or the machine was restarted), or if it was taken by an earlier start of the batch job that
 * is being requeued (SLURM_JOB_ID and SLURM_RESTART_COUNT). Whether a holder on another host lives cannot be seen from here.
 * Only runs take the lock; readers need none. */
#ifndef DICKEMAP_LOCK_H
#define DICKEMAP_LOCK_H
#include <stdbool.h>
#include <stddef.h>

#include "dickemap/status.h"

typedef struct dkm_lock dkm_lock;

/* Takes the lock of the output; its folder exists.  break_lock: whoever holds it.  note[note_bytes]: a sentence
 * about a lock that was replaced, "" if there was none.  Fails with DKM_INPUT and says who holds it, DKM_IO,
 * DKM_MEMORY. */
dkm_status dkm_lock_take(const char *output, bool break_lock, dkm_lock **out, char *note, size_t note_bytes,
                         dkm_error *err);

/* Removes the lock if it is still ours. NULL is allowed. */
void dkm_lock_release(dkm_lock *lock);

#endif
