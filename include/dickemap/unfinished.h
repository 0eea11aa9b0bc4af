/* SPDX-License-Identifier: GPL-3.0-or-later */
/* unfinished: states of points that were under way when a run ended, in a folder beside its output:
 *
 *   FILE.h5.unfinished/17     the state of point 17, as dkm_evaluator_save made it, behind a head that says of which
 *                             job, version and point it is and how far it got, with checksums
 *
 * Each is written by the rank that computes the point, under another name, synced and renamed, so that it is there as a
 * whole or not at all; there are never more than points under way.  Nothing is gathered at the end: the seconds before
 * a time limit go to writing alone. A state that is damaged, of another job or version is not used, and its point
 * begins anew.
 *
 * The folder must belong to this user or to the owner of the folder around it, must be no link, and must not be
 * writable by everybody (unless the folder around it is, without the sticky bit): what others plant there would be
 * continued, or lead us to overwrite files elsewhere. */
#ifndef DICKEMAP_UNFINISHED_H
#define DICKEMAP_UNFINISHED_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dickemap/job.h"
#include "dickemap/status.h"

typedef struct dkm_unfinished dkm_unfinished;

/* Whether there is something in the folder's place that is not to be used, touching nothing: DKM_INPUT, and what to
 * do about it. Also DKM_MEMORY. */
dkm_status dkm_unfinished_check(const char *output, dkm_error *err);

/* Lists what there is for an output; the folder is made when something is saved.  version: of the program, with its git
 * hash; it, DKM_RECORD_METHOD and the job's canonical text must be those of the states that are to be used.  Any
 * rank, also while others write.  Fails with DKM_MEMORY, DKM_IO (the folder cannot be read). */
dkm_status dkm_unfinished_open(const char *output, const char *version, const dkm_job *job, dkm_unfinished **out,
                               dkm_error *err);
void dkm_unfinished_close(dkm_unfinished *unfinished);

/* The folder's name, for messages; owned by the handle. */
const char *dkm_unfinished_folder(const dkm_unfinished *unfinished);

/* What the heads say; n_usable: those of this job and version that are whole, as far as the head can tell. */
typedef struct dkm_unfinished_survey {
  int64_t n_usable, n_other_version, n_other_job, n_damaged;
  double t_least, t_most; /* times reached by the usable ones */
} dkm_unfinished_survey;
void dkm_unfinished_look(const dkm_unfinished *unfinished, dkm_unfinished_survey *survey);

/* Replaces the state of a point, which got to time t.  Fails with DKM_IO, DKM_MEMORY; what was there before is then still
 * there. */
dkm_status dkm_unfinished_save(dkm_unfinished *unfinished, int64_t i_point, double t, const void *bytes, size_t n_bytes,
                               dkm_error *err);

/* The state of a point, aligned as by malloc, valid until the next call or dkm_unfinished_forget; false if there is none to be
 * used.  `why` then says what is wrong with the contents, where the head was in order; its status is DKM_OK otherwise. */
bool dkm_unfinished_load(dkm_unfinished *unfinished, int64_t i_point, const void **bytes, size_t *n_bytes,
                         dkm_error *why);

/* Frees what dkm_unfinished_load gave: nobody needs it any more. */
void dkm_unfinished_forget(dkm_unfinished *unfinished);

/* The records of points first ... first+count-1 are on disk and were reported: their states are removed by the next
 * call but one of dkm_unfinished_sweep, when they will have been marked as done. */
void dkm_unfinished_settle(dkm_unfinished *unfinished, int64_t first, int64_t count);
void dkm_unfinished_sweep(dkm_unfinished *unfinished);

/* Rank 0, while nobody else works on the output: removes the states of points that are done (NULL: of all), what a
 * killed run left half written, and the folder once it is empty.  Other files in it are left alone. */
void dkm_unfinished_tidy(const char *output, bool (*is_done)(void *context, int64_t i_point), void *context);

#endif
