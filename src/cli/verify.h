/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verify: what the parts of `dickemap verify` share: cmd_verify.c (arguments, report), verify_records.c (one pass over
 * all records), verify_recompute.c (some points anew), verify_task.c (the same of other tasks than a sweep).  Rank 0 only. */
#ifndef DICKEMAP_VERIFY_H
#define DICKEMAP_VERIFY_H
#include "dickemap/job.h"
#include "dickemap/shard.h"
#include "dickemap/store.h"
#include "dickemap/task.h"

/* One kind of check: how many were made, how many failed, the largest deviation. */
typedef struct dkm_verify_check {
  int64_t n, n_different;
  double largest;
} dkm_verify_check;

typedef struct dkm_verify_sampled {
  int64_t i_point;
  void *record; /* owned */
} dkm_verify_sampled;

typedef struct dkm_verification {
  long sample, seed; /* points to compute anew, and of their choice */
  double seconds;    /* for each of them */
  const dkm_job *job;
  dkm_shard shard;
  dkm_form form;
  int64_t n_done, n_left, n_failed_points, n_different; /* n_left: the shard's own points */
  int n_shown;
  dkm_verify_check status, checksum, residual, theory, recomputed;
  int64_t n_closed_forms;          /* of the records held against theory, those that Eq. 12 is about */
  int64_t n_superseded, n_refuted; /* records of an older method, and those that theory objects to */
  int64_t n_current;               /* the others that are done */
  dkm_verify_check again;          /* by the job's own method, and */
  int64_t n_same_bits;             /* of them those with the bits of the file */
  bool skips_again;                /* it is not asked for: an older file, or another machine's steps of gsl */
  int64_t n_given_up, n_undecided; /* points computed anew that say nothing, */
  int64_t n_undetermined;          /* or that the next digits of the arithmetic decide */
  dkm_verify_sampled *sampled;     /* room for `sample` */
  int64_t n_sampled;
} dkm_verification;

/* Tells a difference of a point, the first ten of all, and counts it. */
__attribute__((format(printf, 4, 5))) void dkm_verify_differs(dkm_verification *v, dkm_verify_check *check,
                                                              int64_t i_point, const char *format, ...);

/* Checks every record that is done by itself, and draws the sample. */
dkm_status dkm_verify_records(dkm_verification *v, dkm_store_reader *reader, dkm_error *err);

/* Computes the sample anew. */
dkm_status dkm_verify_recompute(dkm_verification *v, dkm_error *err);

/* The same of a task that is no sweep: by its own engine, the same bits on one kind of machine. */
dkm_status dkm_verify_task(dkm_verification *v, dkm_error *err);

/* Counts and tells how a record that the same method has made anew compares with the one of the file. */
void dkm_verify_same(dkm_verification *v, const dkm_verify_sampled *sampled, const void *anew);

/* Name of the method that does it: not that of the job. */
const char *dkm_verify_method(const dkm_job *job);

#endif
