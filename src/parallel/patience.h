/* SPDX-License-Identifier: GPL-3.0-or-later */
/* patience: waiting for other ranks, asleep and not for ever.
 *
 * An MPI call that waits spins on a core and never gives up.  These post it, look whether it is done, and sleep in between.
 * Once one has returned DKM_PARALLEL, nothing collective is possible any more. */
#ifndef DICKEMAP_PATIENCE_H
#define DICKEMAP_PATIENCE_H
#include <mpi.h>
#include <stddef.h>

#include "dickemap/status.h"

enum { MASTER = 0 };

/* Sleeps for *ns or a first short nap, and doubles it up to a millisecond; set *ns to 0 after a message. */
void dkm_patience_nap(long *ns);

/* DKM_PARALLEL, with what MPI says of `code` and the rank. */
dkm_status dkm_patience_fail_mpi(dkm_error *err, MPI_Comm comm, int code, const char *call);

/* Seconds for which this rank waits: rank 0 speaks first, then one of the others. */
double dkm_patience_of(MPI_Comm comm, double seconds);

/* Waits for a request that `call` has made with the result `code`, for so many seconds or DKM_AGREE_PATIENCE.  After
 * DKM_PARALLEL the request is still open: MPI may read and write its memory until the process ends, so that it must be
 * neither on the stack nor freed. */
dkm_status dkm_patience_complete_within(MPI_Comm comm, double seconds, int code, const char *call, MPI_Request *request,
                                        dkm_error *err);
dkm_status dkm_patience_complete(MPI_Comm comm, int code, const char *call, MPI_Request *request, dkm_error *err);

/* Collective: data[n_bytes] of `root`, the same everywhere afterwards.  Passes through memory of its own, so that data may
 * be on the stack, or freed after a failure. */
dkm_status dkm_patience_broadcast_within(MPI_Comm comm, double seconds, void *data, size_t n_bytes, int root,
                                         dkm_error *err);
dkm_status dkm_patience_broadcast(MPI_Comm comm, void *data, size_t n_bytes, int root, dkm_error *err);

#endif
