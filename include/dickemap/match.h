/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match: which points of one job are points of another.
 *
 * Two points are the same if all their parameters (dkm_point) are equal, bit for bit: then, and only then, a run of
 * either job gives the same record.  How the jobs arrange them (order of axes, which of them are zipped, what is an
 * axis here and a fixed value there) does not matter. */
#ifndef DICKEMAP_MATCH_H
#define DICKEMAP_MATCH_H
#include "dickemap/job.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dkm_match dkm_match;

/* Both jobs are borrowed. Memory: 8 bytes for each value of the old job's axes. DKM_MEMORY. */
dkm_status dkm_match_create(const dkm_job *old, const dkm_job *job, dkm_match **out, dkm_error *err);
void dkm_match_destroy(dkm_match *match);

/* The index in the old grid of point i_point of the job; -1 if it is not there.  Where the old grid has it several
 * times (in a zip group), one of them. */
int64_t dkm_match_find(const dkm_match *match, int64_t i_point);

/* Whether `job` lets points be followed for longer than `old`: solver.max_steps or t_max are larger, and neither is smaller.
 * Records of the old one are then those of the new one where limits had no say (dkm_form_limited). */
bool dkm_match_goes_further(const dkm_job *old, const dkm_job *job);

/* The keys because of which the jobs have no record in common: patterns, mapping and solver, which must be equal but for limits
 * that go further, of tasks whose records note them; and every parameter for which they share no value.  Separated by ", "
 * into out[out_bytes]; returns their number, -1 if out of memory. */
int dkm_match_differences(const dkm_job *old, const dkm_job *job, char *out, size_t out_bytes);

/* Those of the limits, solver.t_max and max_steps, because of which no record of `old` could be one of `job`: they are smaller than there,
 * or, of tasks whose records do not note them, not equal.  With both values, and what would be possible, as a part of a sentence into
 * out[out_bytes], which is empty if there are none; returns their number. */
int dkm_match_limits(const dkm_job *old, const dkm_job *job, char *out, size_t out_bytes);

/* Whether the jobs reduce, or search along, other values, so that no record of one says anything of the other; then how many values
 * each has, and what to do, as a part of a sentence into out[out_bytes], which is else empty. */
bool dkm_match_starts(const dkm_job *old, const dkm_job *job, char *out, size_t out_bytes);

/* How many values of axis i_axis of the job the old one has up to rounding, but not exactly; example[0] is an old value
 * and example[1] the new one next to it. -1 if out of memory. */
int64_t dkm_match_rounded(const dkm_job *old, const dkm_job *job, int i_axis, double example[2]);

#ifdef __cplusplus
}
#endif

#endif
