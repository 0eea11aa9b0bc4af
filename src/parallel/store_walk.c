/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_walk: through all points of a file, block by block; see dickemap/store.h. */
#include <stdlib.h>

#include "dickemap/store.h"

enum { STATUS_BLOCK = 1 << 20 };

bool dkm_store_walk_on(dkm_store_walk *walk, dkm_store_reader *reader, dkm_status *status, dkm_error *err) {
  if (*status) return false;
  if (!walk->status && !(walk->status = malloc((size_t)walk->most))) {
    *status = dkm_fail(err, DKM_MEMORY, "out of memory for the status of %lld points", (long long)walk->most);
    return false;
  }
  walk->first += walk->n;
  const int64_t left = dkm_store_reader_job(reader)->n_points - walk->first;
  walk->n = left < walk->most ? left : walk->most;
  walk->n_todo = 0;
  *status = dkm_store_reader_status(reader, walk->first, walk->n, walk->status, err);
  for (int64_t i = 0; !*status && i < walk->n; i++) walk->n_todo += walk->status[i] == DKM_STATUS_TODO;
  return !*status && walk->n > 0;
}

void dkm_store_walk_end(dkm_store_walk *walk) {
  free(walk->status);
  *walk = (dkm_store_walk){0};
}

dkm_status dkm_store_reader_count_done(dkm_store_reader *reader, int64_t *n_done, dkm_error *err) {
  dkm_store_walk walk = {.most = STATUS_BLOCK};
  dkm_status status = DKM_OK;
  *n_done = 0;
  while (dkm_store_walk_on(&walk, reader, &status, err)) *n_done += walk.n - walk.n_todo;
  dkm_store_walk_end(&walk);
  return status;
}
