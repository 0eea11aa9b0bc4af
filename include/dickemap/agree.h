/* SPDX-License-Identifier: GPL-3.0-or-later */
/* agree: plain collectives, before and after the dynamic part of a run (schedule.h).  Waiting ranks sleep.
 *
 * DKM_PARALLEL from these and from dkm_schedule_run may mean that an MPI call failed on this rank alone, or that others
 * did not answer; they cannot be told then, and MPI_Abort is to follow.  (MPI_ERRORS_RETURN must be set on comm for that
 * to be reported.) */
#ifndef DICKEMAP_AGREE_H
#define DICKEMAP_AGREE_H
#include <mpi.h>
#include <stddef.h>
#include <stdint.h>

#include "dickemap/status.h"

/* Seconds for which rank 0 waits for the others in what is collective, each of them working by itself before it: opening,
 * closing and allocating take seconds, and recovery of a network file system a minute or two.  The others wait
 * somewhat longer, each rank longer than the one before, so that one of them speaks. */
enum { DKM_AGREE_PATIENCE = 300 };

/* The outcome of the lowest rank that did not succeed becomes everybody's: status and message.  DKM_PARALLEL on rank 0
 * after DKM_AGREE_PATIENCE, with a message that names the ranks that did not answer, and on the others if rank 0
 * did not.  With DKM_PARALLEL it returns at once: nothing collective is possible then.  DKM_MEMORY on every rank if
 * rank 0 has no room for the list of ranks. */
dkm_status dkm_agree(MPI_Comm comm, dkm_status status, dkm_error *err);

/* The same where rank 0 alone has worked, which may take it long (creating or checking a large file): the others wait
 * for it so many seconds or INFINITY, and it for them as above. */
dkm_status dkm_agree_with_first(MPI_Comm comm, double seconds_for_first, dkm_status status, dkm_error *err);

/* Both with a patience of so many seconds; seconds_for_first 0: the others have no more of it. */
dkm_status dkm_agree_within(MPI_Comm comm, double seconds, double seconds_for_first, dkm_status status, dkm_error *err);

/* values[i] becomes its sum over all ranks. */
dkm_status dkm_agree_sum(MPI_Comm comm, int n, int64_t *values, dkm_error *err);

/* The distinct words of all ranks, each shorter than DKM_WORD_BYTES, in order of rank, into list[list_bytes] on
 * rank 0: "n001, n002"; empty words are left out, and what does not fit is counted: "n001, n002 and 62 more".
 * DKM_MEMORY on every rank if there is no room on rank 0. */
enum { DKM_WORD_BYTES = 64 };
dkm_status dkm_agree_list_words(MPI_Comm comm, const char *word, char *list, size_t list_bytes, dkm_error *err);

#endif
