/* SPDX-License-Identifier: GPL-3.0-or-later */
/* carry: records of files that exist, for a new one: what `run --extend` and `merge` have in common.  Rank 0, serial.
 *
 * A point of the new job takes the record of the same point (match.h) of an old file if it is done there and the record
 * agrees with its checksum; it then has the bits that a run would give it, in every field, wall_time too.  A record of
 * another method (DKM_RECORD_METHOD), which may have other bits, is taken if theory has nothing against it
 * (dkm_check_record), and keeps its `method`.  Where the new job lets points be followed for longer, records that limits have
 * shaped stay behind (match.h): these points are computed with the larger ones.  Old files may be of any format that can be
 * read; they are read only; a run may be writing them. */
#ifndef DICKEMAP_CARRY_H
#define DICKEMAP_CARRY_H
#include "dickemap/compare.h"
#include "dickemap/store.h"

typedef struct dkm_carry_source {
  const char *path;
  /* What became of it, filled by dkm_carry_fill: */
  int64_t n_done;      /* points that are done in the old file */
  int64_t n_carried;   /* points of the new file that have their record from this one */
  int64_t n_repeated;  /* ... that had the same record from a file before */
  int64_t n_in_digits; /* of these, such as agree but for their last digits (compare.h): the first one is kept */
  dkm_difference most; /* the largest difference among them */
  int64_t n_damaged;   /* left out, as record and checksum, or status and verdict, do not agree */
  int64_t n_refuted;   /* left out, as another method made them and theory contradicts */
  int64_t n_limited;   /* left out, as larger limits of the new job may tell more */
  bool has_others;     /* it has records of another method */
  bool lacks_states;   /* the new file keeps states and the old one does not: nothing could be carried */
} dkm_carry_source;

typedef struct dkm_carry {
  const dkm_job *job;     /* the new file's */
  const dkm_shard *shard; /* only points that it has; NULL: all */
  int n_sources;
  dkm_carry_source *sources;
} dkm_carry;

/* Whether the file at `path` can have records in common with the job.  DKM_INPUT with the keys because of which it
 * cannot, or if it is not ours; DKM_IO if it is damaged. */
dkm_status dkm_carry_check(const char *path, const dkm_job *job, dkm_error *err);

/* Where the records come from, one line a file, with the versions of dickemap and GSL that began it, for
 * dkm_provenance; malloc'ed, the caller frees.  As dkm_store_reader_open, and DKM_MEMORY. */
dkm_status dkm_carry_describe(const dkm_carry *carry, char **out, dkm_error *err);

/* A dkm_store_fill; context: a dkm_carry.
 * DKM_INPUT, naming the point and what differs, if two sources hold records of one point and method that do not agree
 * as machines do (compare.h); of different methods this program's counts.  DKM_IO, DKM_MEMORY. */
dkm_status dkm_carry_fill(void *context, const char *new_path, dkm_error *err);

#endif
