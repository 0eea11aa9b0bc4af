/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One pass over the records of a file: each by itself, without computing anything.
 *
 * The file is read in blocks, so that one of any size needs little memory.  In the same pass the points to
 * recompute are drawn, all with the same chance, without knowing their number beforehand (Vitter, algorithm R).
 * Points that are not done are no difference: they are counted, in a shard without those of the others.  A run may be
 * writing: the status of a point is read before its record. */
#include <gsl/gsl_rng.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/check.h"
#include "dickemap/compare.h"
#include "verify.h"

enum { BLOCK_POINTS = 1 << 14 };
/* |u'| of a fixed point in units of the rates in the equations: Newton's method leaves some 1e-15. */
static const double residual_tolerance = 1e-8;

static void check_status(dkm_verification *v, int64_t i, uint8_t status, const void *record) {
  const dkm_field *unknown = dkm_form_unknown_code(&v->form, record);
  const bool sweeps = v->form.task == &dkm_task_sweep;
  v->status.n++;
  if (status != DKM_STATUS_DONE && status != DKM_STATUS_POINT_FAILED)
    dkm_verify_differs(v, &v->status, i, "status is %d, which does not exist", status);
  else if (unknown)
    dkm_verify_differs(v, &v->status, i, "%s is %d, which does not exist", unknown->name,
                       *(const uint8_t *)dkm_form_at(&v->form, record, dkm_form_find(&v->form, unknown->name)));
  else if (!dkm_form_is_written(&v->form, record))
    dkm_verify_differs(v, &v->status, i, "status is %d, but there is no %s", status, sweeps ? "verdict" : "record");
  else if ((status == DKM_STATUS_POINT_FAILED) != dkm_form_has_failed(&v->form, record))
    dkm_verify_differs(v, &v->status, i, "status is %d, but the verdict is %s", status,
                       sweeps ? dkm_verdict_name(((const dkm_record *)record)->verdict) : "another");
}

static void check_checksum(dkm_verification *v, int64_t i, uint32_t stored, uint32_t computed) {
  v->checksum.n++;
  if (stored == computed) return;
  if (stored == 0)
    dkm_verify_differs(v, &v->checksum, i, "marked as done, but its record was never written");
  else
    dkm_verify_differs(v, &v->checksum, i, "checksum is %08" PRIx32 ", that of the record is %08" PRIx32, stored,
                       computed);
}

static void check_residual(dkm_verification *v, int64_t i, const dkm_point *point, const dkm_record *record) {
  const bool of_map = dkm_drive_period(v->job->system.drive, point) > 0.0; /* over a period of the drive */
  const double residual =
      of_map ? record->cycle_residual : record->residual / dkm_compare_rate(&v->job->system, point, record);
  if (record->verdict != DKM_VERDICT_FIXED_POINT) return;
  v->residual.n++;
  v->residual.largest = fmax(v->residual.largest, residual);
  if (!(residual <= residual_tolerance))
    dkm_verify_differs(v, &v->residual, i, "residual is %.3g, too large for a fixed point",
                       of_map ? record->cycle_residual : record->residual);
}

/* Records of an older method count as superseded, and as a difference only if they cannot be right. */
static void check_theory(dkm_verification *v, int64_t i, const dkm_point *point, const dkm_record *record) {
  const dkm_system *system = &v->job->system;
  const bool is_old = dkm_record_is_other(record);
  char why[DKM_MESSAGE_BYTES];
  if (record->verdict == DKM_VERDICT_FAILED) return;
  v->theory.n++;
  if (dkm_check_has_closed_form(system, point, record)) {
    v->n_closed_forms++;
    v->theory.largest = fmax(v->theory.largest, dkm_check_deviation(system, point, record));
  }
  if (dkm_check_record(system, point, record, why, sizeof why)) return;
  v->n_refuted += is_old;
  dkm_verify_differs(v, &v->theory, i, "%s", why);
}

/* The same of other tasks, of which theory knows something. */
static void check_task(dkm_verification *v, int64_t i, const void *record) {
  char why[DKM_MESSAGE_BYTES];
  if (dkm_form_has_failed(&v->form, record)) return;
  v->theory.n++;
  if (dkm_form_stands(&v->form, v->job, i, record, why, sizeof why)) return;
  v->n_refuted += dkm_form_method(&v->form, record) != DKM_RECORD_METHOD;
  dkm_verify_differs(v, &v->theory, i, "%s", why);
}

/* Algorithm R: the n-th of the records that may be drawn replaces one of the sample with probability size/n. */
static dkm_status offer(dkm_verification *v, gsl_rng *rng, int64_t i, const void *record, dkm_error *err) {
  dkm_verify_sampled *to = NULL;
  if (dkm_form_method(&v->form, record) != DKM_RECORD_METHOD) return DKM_OK;
  if (v->n_sampled < v->sample) {
    to = &v->sampled[v->n_sampled];
    if (!(to->record = malloc(v->form.bytes))) return dkm_fail(err, DKM_MEMORY, "verify: out of memory for its sample");
    v->n_sampled++;
  } else if (v->sample > 0) {
    const unsigned long place = gsl_rng_uniform_int(rng, (unsigned long)v->n_current);
    if (place < (unsigned long)v->sample) to = &v->sampled[place];
  }
  if (!to) return DKM_OK;
  to->i_point = i;
  memcpy(to->record, record, v->form.bytes);
  return DKM_OK;
}

/* The record of point i, which is done. */
static dkm_status check_record(dkm_verification *v, int64_t i, uint8_t status, const void *record,
                               const uint32_t checksums[2], gsl_rng *rng, dkm_error *err) {
  const bool is_old = dkm_form_method(&v->form, record) != DKM_RECORD_METHOD;
  v->n_done++;
  v->n_failed_points += status == DKM_STATUS_POINT_FAILED;
  check_status(v, i, status, record);
  check_checksum(v, i, checksums[0], checksums[1]);
  v->n_superseded += is_old;
  v->n_current += !is_old;
  if (v->form.task == &dkm_task_sweep) {
    dkm_point point;
    dkm_job_point(v->job, i, &point);
    check_residual(v, i, &point, record);
    check_theory(v, i, &point, record);
  } else if (v->form.task->check) {
    check_task(v, i, record);
  }
  return offer(v, rng, i, record, err);
}

dkm_status dkm_verify_records(dkm_verification *v, dkm_store_reader *reader, dkm_error *err) {
  const int64_t block = dkm_form_block(&v->form, BLOCK_POINTS);
  dkm_store_walk walk = {.most = block};
  uint32_t *stored = malloc((size_t)block * sizeof *stored), *computed = malloc((size_t)block * sizeof *computed);
  char *records = malloc((size_t)block * v->form.bytes);
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  dkm_status status = DKM_OK;
  if (!stored || !computed || !records || !rng) {
    status = dkm_fail(err, DKM_MEMORY, "verify: out of memory for a block of points");
    goto cleanup;
  }
  gsl_rng_set(rng, (unsigned long)v->seed);

  while (dkm_store_walk_on(&walk, reader, &status, err)) {
    if (walk.n_todo < walk.n)
      status = dkm_store_reader_records(reader, walk.first, walk.n, records, stored, computed, err);
    for (int64_t i = 0; i < walk.n && !status; i++)
      if (walk.status[i] != DKM_STATUS_TODO)
        status = check_record(v, walk.first + i, walk.status[i], dkm_form_record(&v->form, records, i),
                              (const uint32_t[]){stored[i], computed[i]}, rng, err);
      else
        v->n_left += dkm_shard_has(&v->shard, walk.first + i);
  }

cleanup:
  gsl_rng_free(rng);
  free(records);
  free(computed);
  free(stored);
  dkm_store_walk_end(&walk);
  return status;
}
