/* SPDX-License-Identifier: GPL-3.0-or-later */
/* share_job: rank 0's job on every rank; see dickemap/share_job.h.  Its text, its settings and the files that it names travel, and are read
 * again. */
#include "dickemap/share_job.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dickemap/agree.h"
#include "patience.h"

/* Strings one after another, each with its 0, as in argv of a new process; then of each file its name, the number of its
 * bytes, and these. */
static dkm_status pack_job(const dkm_job *job, char **pack, int64_t *n_bytes, dkm_error *err) {
  size_t size = strlen(job->path) + 1 + strlen(job->text) + 1;
  for (int i = 0; i < job->n_sets; i++) size += strlen(job->sets[i]) + 1;
  for (int i = 0; i < job->n_files; i++)
    size += strlen(job->files[i].name) + 1 + sizeof(size_t) + job->files[i].n_bytes;
  char *at = *pack = malloc(size);
  if (!at) return dkm_fail(err, DKM_MEMORY, "out of memory (%zu bytes of job text)", size);
  at = stpcpy(at, job->path) + 1;
  at = stpcpy(at, job->text) + 1;
  for (int i = 0; i < job->n_sets; i++) at = stpcpy(at, job->sets[i]) + 1;
  for (int i = 0; i < job->n_files; i++) {
    const dkm_job_file *file = &job->files[i];
    at = stpcpy(at, file->name) + 1;
    memcpy(at, &file->n_bytes, sizeof file->n_bytes);
    at += sizeof file->n_bytes;
    if (file->n_bytes > 0) memcpy(at, file->bytes, file->n_bytes);
    at += file->n_bytes;
  }
  *n_bytes = (int64_t)size;
  return DKM_OK;
}

static dkm_status unpack_job(dkm_job *job, char *pack, int n_sets, int n_files, dkm_error *err) {
  const char **sets = malloc(sizeof *sets * ((size_t)n_sets + 1));
  dkm_job_file *files = malloc(sizeof *files * ((size_t)n_files + 1));
  if (!sets || !files) {
    free(sets);
    free(files);
    return dkm_fail(err, DKM_MEMORY, "out of memory (%d settings, %d files)", n_sets, n_files);
  }
  char *path = pack, *text = path + strlen(path) + 1, *at = text + strlen(text) + 1;
  for (int i = 0; i < n_sets; i++) {
    sets[i] = at;
    at += strlen(at) + 1;
  }
  for (int i = 0; i < n_files; i++) {
    files[i].name = at;
    at += strlen(at) + 1;
    memcpy(&files[i].n_bytes, at, sizeof files[i].n_bytes);
    files[i].bytes = at + sizeof files[i].n_bytes;
    at = (char *)files[i].bytes + files[i].n_bytes;
  }
  dkm_status status = dkm_job_parse_with_files(job, path, text, n_sets, sets, n_files, files, err);
  free(files);
  free(sets);
  return status;
}

dkm_status dkm_share_job(MPI_Comm comm, dkm_job *job, dkm_error *err) {
  int rank;
  char *pack = NULL;
  bool parsed = false;
  int64_t sizes[3] = {0}; /* bytes of the pack, numbers of --set strings and of files */
  MPI_Comm_rank(comm, &rank);
  dkm_status status = DKM_OK;
  if (rank == MASTER) {
    status = pack_job(job, &pack, &sizes[0], err);
    sizes[1] = job->n_sets;
    sizes[2] = job->n_files;
  }
  status = dkm_agree(comm, status, err);
  if (!status) status = dkm_patience_broadcast(comm, sizes, sizeof sizes, MASTER, err);
  if (status) goto cleanup;

  if (rank != MASTER && !(pack = malloc((size_t)sizes[0])))
    status = dkm_fail(err, DKM_MEMORY, "out of memory (%lld bytes of job text)", (long long)sizes[0]);
  status = dkm_agree(comm, status, err);
  if (!status) status = dkm_patience_broadcast(comm, pack, (size_t)sizes[0], MASTER, err);
  if (status) goto cleanup;

  if (rank != MASTER) {
    status = unpack_job(job, pack, (int)sizes[1], (int)sizes[2], err);
    parsed = !status;
  }
  status = dkm_agree(comm, status, err);
  /* A logarithmic axis goes through libm, which may round differently on another node. */
  for (int i = 0; !status && i < job->n_axes; i++)
    status = dkm_patience_broadcast(comm, job->axes[i].values, (size_t)job->axes[i].n * sizeof *job->axes[i].values,
                                    MASTER, err);

cleanup:
  if (status && parsed) dkm_job_free(job);
  free(pack);
  return status;
}
