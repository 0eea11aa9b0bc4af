/* SPDX-License-Identifier: GPL-3.0-or-later */
/* no_mpi: a library to be preloaded with which MPI does not start, as on login nodes and in containers. */
#include <mpi.h>
#include <stdio.h>
#include <unistd.h>

enum { CODE = 111 };

static int refuse(void) {
  fputs("no_mpi: MPI was started\n", stderr);
  _exit(CODE);
}

int MPI_Init(int *argc, char ***argv) {
  (void)argc, (void)argv;
  return refuse();
}

int MPI_Init_thread(int *argc, char ***argv, int required, int *provided) {
  (void)argc, (void)argv, (void)required, (void)provided;
  return refuse();
}
