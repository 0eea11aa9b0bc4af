/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ranks: MPI as the command line needs it: started by `run` alone, so that everything else works on login nodes and in
 * containers where MPI does not start; ended on every way out of the program. */
#ifndef DICKEMAP_RANKS_H
#define DICKEMAP_RANKS_H
#include <stdbool.h>

#include "dickemap/status.h"

/* Whether this process speaks for all that were started together: rank 0, also before MPI is started and where a
 * launcher starts a subcommand that needs one process only. */
bool dkm_ranks_first(void);

/* Starts MPI; errors in it are returned from now on.  DKM_INPUT where SLURM has started several processes that MPI
 * takes for as many runs. */
dkm_status dkm_ranks_start(dkm_error *err);

/* Other ranks do not answer any more: dkm_ranks_end does not wait for them. */
void dkm_ranks_leave_behind(void);

/* Ends MPI, if it was started: together with the others, or, after dkm_ranks_leave_behind or with DKM_PARALLEL, all
 * of them with this exit code (then it does not return).  message: of the status. */
void dkm_ranks_end(dkm_status status, const char *message);

#endif
