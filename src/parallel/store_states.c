/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_states: the final states of a file, to start from. */
#include <stdlib.h>
#include <string.h>

#include "dickemap/states.h"
#include "store_hdf5.h"

enum { KEYS_BYTES = 256, BLOCK = 64 };

static dkm_status check_system(const char *path, const dkm_job *old, const dkm_job *job, dkm_error *err) {
  char keys[KEYS_BYTES], *text = dkm_job_canonical_system(old), *own = dkm_job_canonical_system(job);
  dkm_status status = DKM_OK;
  if (!text || !own)
    status = dkm_fail(err, DKM_MEMORY, "%s: out of memory for its system", path);
  else if (dkm_job_differences(text, own, keys, sizeof keys) > 0)
    status = dkm_fail(err, DKM_INPUT, "%s is of another system: %s differ", path, keys);
  free(text);
  free(own);
  return status;
}

/* Adds what is done of a block of points. */
static dkm_status add_block(dkm_store_reader *reader, const dkm_store_walk *walk, double *room, dkm_states *states,
                            dkm_error *err) {
  const dkm_job *job = dkm_store_reader_job(reader);
  const size_t size = dkm_model_size(&job->system);
  dkm_status status = dkm_store_reader_states(reader, walk->first, walk->n, room, err);
  for (int64_t i = 0; i < walk->n && status == DKM_OK; i++) {
    if (walk->status[i] != DKM_STATUS_DONE ||
        dkm_states_classes(job->system.n_classes, job->system.n_modes, room + (size_t)i * size) == 0)
      continue;
    dkm_job_point(job, walk->first + i, &states->points[states->n]);
    memcpy(states->u + (size_t)states->n * size, room + (size_t)i * size, size * sizeof *room);
    states->n++;
  }
  return status;
}

dkm_status dkm_store_pack_states(const char *path, const dkm_job *job, void **bytes, size_t *n_bytes, dkm_error *err) {
  dkm_store_reader *reader = NULL;
  dkm_states states = {0};
  dkm_store_walk walk = {.most = BLOCK};
  double *room = NULL;
  dkm_status status = dkm_store_reader_open(path, &reader, err);
  if (status != DKM_OK) return status;
  const dkm_job *old = dkm_store_reader_job(reader);
  const size_t size = dkm_model_size(&old->system);
  if (!old->keep_state)
    status = dkm_fail(err, DKM_INPUT, "%s keeps no final states: its job says `output: {state: none}`", path);
  if (status == DKM_OK && dkm_job_flips_spins(old))
    status = dkm_fail(err, DKM_INPUT, "%s has points whose spins are flipped exactly: each has classes of its own", path);
  if (status == DKM_OK) status = check_system(path, old, job, err);
  if (status != DKM_OK) goto cleanup;
  states = (dkm_states){.n_modes = old->system.n_modes, .n_classes = old->system.n_classes};
  states.points = malloc((size_t)old->n_points * sizeof *states.points);
  states.u = malloc((size_t)old->n_points * size * sizeof *states.u);
  room = malloc(BLOCK * size * sizeof *room);
  if (!states.points || !states.u || !room) {
    status = dkm_fail(err, DKM_MEMORY, "%s: out of memory for its states", path);
    goto cleanup;
  }
  while (dkm_store_walk_on(&walk, reader, &status, err)) status = add_block(reader, &walk, room, &states, err);
  dkm_store_walk_end(&walk);
  if (status == DKM_OK && states.n == 0) status = dkm_fail(err, DKM_INPUT, "%s has no final states yet", path);
  if (status == DKM_OK) status = dkm_states_pack(&states, bytes, n_bytes, err);

cleanup:
  dkm_states_free(&states);
  free(room);
  dkm_store_reader_close(reader);
  return status;
}
