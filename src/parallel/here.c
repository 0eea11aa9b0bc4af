/* SPDX-License-Identifier: GPL-3.0-or-later */
/* here: see dickemap/here.h. */
#include "dickemap/here.h"

#include <limits.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void dkm_here_host(char *out, size_t out_bytes) {
  char host[HOST_NAME_MAX + 1] = ""; /* a shorter one would get nothing of a long name */
  const char *name = gethostname(host, sizeof host) == 0 && host[0] ? host : "unknown";
  snprintf(out, out_bytes, "%.*s", (int)out_bytes - 1, name);
}

void dkm_here_mpi(char out[DKM_HERE_MPI_BYTES]) {
  char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  if (MPI_Get_library_version(text, &length) != MPI_SUCCESS) length = 0;
  text[length] = '\0';
  text[strcspn(text, ",\n\r")] = '\0';
  size_t used = 0;
  for (const char *c = text; *c && used < DKM_HERE_MPI_BYTES - 1; c++) {
    const bool is_blank = *c == ' ' || *c == '\t'; /* MPICH writes columns */
    if (!is_blank || (used > 0 && out[used - 1] != ' ')) out[used++] = is_blank ? ' ' : *c;
  }
  out[used] = '\0';
}
