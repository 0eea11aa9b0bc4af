/* SPDX-License-Identifier: GPL-3.0-or-later */
/* leftovers: files that killed runs have left beside an output. */
#ifndef DICKEMAP_LEFTOVERS_H
#define DICKEMAP_LEFTOVERS_H

/* Removes what is known to be left by killed runs from the folder of the output, and nothing else of a like name:
 *
 *   <output>.new-<pid>            what HDF5 leaves of a file (its signature, or nothing or zeros at the beginning), if `pid` is
 *                                 `dead`: a process whose lock is stale; 0: none
 *   <output>.lock.new-<pid>-<n>   a lock of that process, on which nobody keeps a flock
 *
 * Only regular files of this user that have no other name.  For the lock, which does this while nobody else can have
 * the output.  Whatever cannot be removed stays. */
void dkm_leftovers_remove(const char *output, long dead);

#endif
