/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lock: one run at a time on one output, by a file <output>.lock beside it that names its holder.  Rank 0 only.
 *
 * Signs of a living holder
 *   - It keeps a flock on the lock's file for its whole life; the system lets go of it when the process ends, however it
 *     ends.  Whoever cannot get that flock knows that the holder lives.
 *   - It touches the file every DKM_LOCK_BEAT_SECONDS, from a thread of its own, so that dead storage stops neither run nor
 *     ending.  Ages are measured on the clock of the file system, which writer and reader share.
 *   - A read lock on one byte far behind the end of the output, which other names of the same file (hard links) lead to.
 *
 * A lock is stale, and replaced, if
 *   - it was taken by an earlier start of the batch job that is being requeued (SLURM_JOB_ID and SLURM_RESTART_COUNT);
 *   - nobody has the flock that its holder had on this very file of this kernel, whatever the namespace of processes;
 *   - its process is gone, in our namespace of processes, on this host and since the same start of the machine;
 *   - the host has our name, but was started again, and the file was not touched for a minute, which is waited for if need
 *     be: another machine may have the same name;
 *   - it is empty, as a loss of power may leave it, nobody has a flock on it, and it stays so for a minute; a living
 *     run writes its text at once.
 * In all other cases (another host, another namespace where there is no flock, a text that is not ours) it cannot be
 * seen from here whether the holder lives.  The lock then holds, and the message says so, gives the last sign of
 * life, and names
 * --break-lock.
 *
 * A run whose lock is gone takes it again and says so.  A run whose lock was taken by another (--break-lock) is to give
 * way: dkm_lock_is_lost.  What it has written stays; both compute the same bits.
 *
 * Where there are no hard links (vfat, some network and FUSE mounts) the lock is made by O_EXCL under its name
 * instead of being linked to it complete: it may be seen empty for a moment, which the minute above covers.  Where
 * there is no flock (some NFS and Lustre mounts) process, namespace and start of the machine decide as above. Only
 * runs take the lock; readers need none. */
#ifndef DICKEMAP_LOCK_H
#define DICKEMAP_LOCK_H
#include <stdbool.h>
#include <stddef.h>

#include "dickemap/status.h"

enum { DKM_LOCK_BEAT_SECONDS = 10 };

typedef struct dkm_lock dkm_lock;

/* Takes the lock of the output; its folder exists.  break_lock: whoever holds it.  note[note_bytes]: a sentence
 * about a lock that was replaced, "" if there was none; what its holder has left half made is removed (leftovers.h).  
 * May wait for a minute to see whether a holder lives.  Fails with DKM_INPUT and says who holds it or that there is
 * no file of that name but a link, FIFO, folder ...; DKM_IO; DKM_MEMORY, also where no thread can be made. */
dkm_status dkm_lock_take(const char *output, bool break_lock, dkm_lock **out, char *note, size_t note_bytes,
                         dkm_error *err);

/* To be called when the output has been created or replaced: its other names are locked too.  Fails with DKM_INPUT if a
 * run is using it by one of them (never with break_lock).  Where the file system has no such locks: DKM_OK. */
dkm_status dkm_lock_mark_output(dkm_lock *lock, dkm_error *err);

/* Whether another run has taken the lock from us, as was last seen; costs nothing, may be asked at any time.
 * note[note_bytes]: a sentence about what happened since it was asked last (also: taken again), mostly "". */
bool dkm_lock_is_lost(dkm_lock *lock, char *note, size_t note_bytes);

/* Whether a run seems to hold the lock of an output, for those who only look: by the rules above; where it cannot be seen whether the
 * holder lives, one that was touched lately.  Takes nothing and waits for nobody. */
bool dkm_lock_seems_held(const char *output);

/* Removes the lock if it is still ours. NULL is allowed.  Storage that does not answer is not waited for. */
void dkm_lock_release(dkm_lock *lock);

#endif
