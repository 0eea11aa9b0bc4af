/* SPDX-License-Identifier: GPL-3.0-or-later */
/* here: where and with what this process runs, as messages, locks and files name it. */
#ifndef DICKEMAP_HERE_H
#define DICKEMAP_HERE_H
#include <stddef.h>

/* The name of this host, as much of it as there is room for; "unknown" if it has none. */
void dkm_here_host(char *out, size_t out_bytes);

/* "Open MPI v4.1.4": the first line, up to a comma, of what MPI says about itself, blanks as one. The rest says who
 * packaged it.  Before MPI_Init, too. */
enum { DKM_HERE_MPI_BYTES = 128 };
void dkm_here_mpi(char out[DKM_HERE_MPI_BYTES]);

#endif
