#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# quickstart: from a fresh Debian machine to Fig. 3 of the paper, computed here.
# Takes what is there (compiler, MPI, HDF5), installs what is missing, builds, runs jobs/fig3.yaml through MPI, compares
# every point with the closed form (Eq. 12), draws the picture.  Everything it makes is in build/release and out/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=jobs/setup.sh
. jobs/setup.sh

case ${1:-} in
  '') ;;
  -h | --help) echo "usage: jobs/quickstart.sh   (no arguments; see README.md)"; exit 0 ;;
  *) echo "jobs/quickstart.sh takes no arguments, got '$1'" >&2; exit 1 ;;
esac

step() { printf '\n== %s\n' "$*"; }

step "1/5 packages"
setup_packages build python
echo "all there"

step "2/5 build"
cores=$(nproc)
mkdir -p build out
log=build/quickstart.log
if ! { cmake --preset release -DBUILD_TESTING=OFF && cmake --build --preset release -j "$cores"; } >$log 2>&1; then
  tail -n 30 $log >&2
  echo "The build failed; the whole log is $log." >&2
  exit 1
fi
dickemap=build/release/dickemap

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
setup_scratch "$scratch"
setup_mpi
# The launcher that belongs to the MPI of the build, should PATH have another one first.
MPIEXEC=$(sed -n 's/^MPIEXEC_EXECUTABLE:FILEPATH=//p' build/release/CMakeCache.txt)
export MPIEXEC
$dickemap --version

step "3/5 run: jobs/fig3.yaml, $cores worker(s) and a master"
jobs/mpirun.sh -n $((cores + 1)) $dickemap run jobs/fig3.yaml -o out/fig3.h5 --overwrite

step "4/5 check against Eq. 12"
"$PYTHON" analysis/check_fig3.py out/fig3.h5

step "5/5 picture"
"$PYTHON" analysis/plot_fig3.py out/fig3.h5 -o out/fig3.png

step "done"
cat <<END
data       out/fig3.h5          (HDF5; labelled arrays in Python: analysis/dickemap)
picture    out/fig3.png
program    $dickemap   (try: $dickemap --help)
job        jobs/fig3.yaml       (change it, then: jobs/mpirun.sh -n $((cores + 1)) $dickemap run JOB.yaml)
END
