/* SPDX-License-Identifier: GPL-3.0-or-later */
/* resume: what is left to do in a file that an earlier run has begun.  Everything here is for rank 0 alone and
 * serial; the caller holds the file's lock (lock.h), so that nobody else is writing. */
#ifndef DICKEMAP_RESUME_H
#define DICKEMAP_RESUME_H
#include "dickemap/schedule.h"
#include "dickemap/store.h"

/* Whether the file can be continued with the job.  *exists: there is a file at all (DKM_OK without one).
 * DKM_INPUT if it is not ours, holds another job, with the keys that differ, has another unit, or has fields that only a later version
 * knows; DKM_IO if it is damaged. */
dkm_status dkm_resume_check(const char *path, const dkm_job *job, bool *exists, dkm_error *err);

typedef struct dkm_resume {
  int64_t n_todo, n_reset; /* numbers of ranges */
  dkm_range *todo;         /* every point to compute: disjoint, ascending, as long as possible */
  dkm_range *reset;        /* of these, such as are marked as done or failed in the file */
  int64_t n_points;        /* in todo */
  int64_t n_wrong;         /* of them, marked done but with a wrong checksum (or an impossible status) */
  int64_t n_refuted;       /* of them, marked done, but made by another method, and theory contradicts */
  int64_t n_retried;       /* of them, marked failed and to be tried again */
} dkm_resume;

/* Reads the status of all points in blocks, and the method of those that are done.  check: also compares every
 * finished record with its checksum; retry_failed: points with verdict `failed` are computed again.  A range takes 16
 * bytes: a file that was written by runs has about one a block of up to 1024 points (16 MB for 10^9 points); the
 * worst case, every other point done, takes 8 bytes a point.  On failure *resume is empty. */
dkm_status dkm_resume_find(const char *path, const dkm_job *job, bool check, bool retry_failed, dkm_resume *resume,
                           dkm_error *err);
void dkm_resume_free(dkm_resume *resume);

/* Marks the points in `reset` as to be done and syncs, so that a kill while they are computed anew leaves none of them
 * marked done.  Local; called by the master once the file is open. */
dkm_status dkm_resume_reset(const dkm_resume *resume, dkm_store *store, dkm_error *err);

#endif
