#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# mpirun on one machine, as Open MPI or MPICH wants to be called there: more ranks than cores, root, no network.
#
#   jobs/mpirun.sh -n RANKS PROGRAM [ARGUMENTS]     $MPIEXEC: the launcher, if it is not `mpirun`
set -euo pipefail
# shellcheck source=jobs/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
setup_mpi
setup_mpirun
exec "${MPIRUN[@]}" "$@"
