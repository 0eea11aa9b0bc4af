#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# run: the tests.  Installs what is missing (as jobs/quickstart.sh does), builds release, runs ctest, then the Python
# tests.  The last line is "N passed, N failed, N skipped"; exit 0 if nothing failed.
#
#   tests/run.sh [--sanitizers] [--long]
#
#   --sanitizers   builds asan too and runs with it ctest and the Python tests of the command line
#   --long         also the tests that take minutes (ctest label and pytest mark `long`)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=jobs/setup.sh
. jobs/setup.sh

long=no asan=no
for argument; do
  case $argument in
    --long) long=yes ;;
    --sanitizers) asan=yes ;;
    -h | --help) echo "usage: tests/run.sh [--sanitizers] [--long]"; exit 0 ;;
    *) echo "tests/run.sh: unknown argument '$argument' (allowed: --sanitizers, --long)" >&2; exit 1 ;;
  esac
done
if [ $long = yes ]; then
  ctest_tier=() pytest_tier=()
else
  ctest_tier=(-LE long) pytest_tier=(-m "not long")
fi

sections=(build python test)
if [ "$(id -u)" -eq 0 ]; then sections+=(slurm disks); fi # only root can start a SLURM of its own, and mount
if [ $long = yes ]; then sections+=(fuzz octave); fi
setup_packages "${sections[@]}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
setup_scratch "$scratch"
setup_mpi
# Our code is checked for leaks, the MPI library and those below it are not.  To tell them apart takes whole
# stacks (slow unwinding); without the second option LeakSanitizer stumbles over modules loaded by MPI.
export LSAN_OPTIONS=suppressions=$PWD/tests/lsan.supp:print_suppressions=0
export ASAN_OPTIONS=fast_unwind_on_malloc=0:intercept_tls_get_addr=0
export PYTHONDONTWRITEBYTECODE=1
# The first command of the READMEs builds the program in a copy of the tree (tests/docs): of what is compiled here.
export CMAKE_C_COMPILER_LAUNCHER=ccache CCACHE_DIR=${CCACHE_DIR:-$PWD/build/ccache} CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

at_once=2 # tests; many of them wait, for signals, deadlines and disks, and some are four ranks

reports=build/reports
rm -rf $reports
mkdir -p $reports
broken=() # stages that failed, whether or not they could say which test it was

stage() { # stage NAME COMMAND...
  local name=$1
  shift
  printf '\n== %s\n' "$name"
  "$@" || broken+=("$name")
}

build() { # build PRESET
  cmake --preset "$1" -DBUILD_TESTING=ON >"$reports/configure-$1.log" 2>&1 || { cat "$reports/configure-$1.log"; return 1; }
  cmake --build --preset "$1" -j "$(nproc)" >"$reports/build-$1.log" 2>&1 || { tail -n 40 "$reports/build-$1.log"; return 1; }
}

run_ctest() { # run_ctest PRESET
  ctest --preset "$1" --timeout 900 -j "$at_once" "${ctest_tier[@]}" --output-junit "$PWD/$reports/ctest-$1.xml"
}

run_pytest() { # run_pytest PRESET TESTS...
  local preset=$1
  shift
  # The launcher that belongs to the MPI of the build, should PATH have another one first.
  MPIEXEC=$(sed -n 's/^MPIEXEC_EXECUTABLE:FILEPATH=//p' "build/$preset/CMakeCache.txt") \
    DICKEMAP=$PWD/build/$preset/dickemap DICKEMAP_BUILD=$PWD/build/$preset \
    "$PYTHON" -m pytest -n "$at_once" --dist loadfile "$@" "${pytest_tier[@]}" --junit-xml="$reports/pytest-$preset.xml"
}

stage "build release" build release
if [ $asan = yes ]; then (build asan) & fi # takes minutes, in which the release tests run
asan_build=${!:-}
if [[ " ${broken[*]} " != *" build release "* ]]; then
  stage "ctest release" run_ctest release
  stage "pytest release" run_pytest release tests
fi
if [ $asan = yes ]; then stage "build asan" wait "$asan_build"; fi
if [ $asan = yes ] && [[ " ${broken[*]} " != *" build asan "* ]]; then
  stage "ctest asan" run_ctest asan
  # Without those that are about physics alone: with sanitizers the unit tests ask the same.
  stage "pytest asan" run_pytest asan tests/cli \
    --ignore=tests/cli/test_{damaged_cues,systems,spins,losses,states,cases,same_bits}.py \
    --deselect=cli/test_reduce.py::test_{retrieval_of_random_patterns,the_smallest_fatal_number_of_flips} \
    --deselect=cli/test_extend.py::test_points_that_limits_have_shaped_are_followed_further
fi

# A stage that broke without a failing test to show for it counts as one failure.
printf '\n== result\n'
"$PYTHON" - "$reports" "${broken[@]}" <<'END'
import pathlib, sys, xml.etree.ElementTree as tree

passed = failed = skipped = 0
silent = set(sys.argv[2:])
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.xml")):
    for suite in tree.parse(path).getroot().iter("testsuite"):
        count = {key: int(suite.get(key) or 0) for key in ("tests", "failures", "errors", "skipped", "disabled")}
        bad = count["failures"] + count["errors"]
        out = count["skipped"] + count["disabled"]
        passed, failed, skipped = passed + count["tests"] - bad - out, failed + bad, skipped + out
        if bad:
            silent.discard(path.stem.replace("-", " "))
for stage in sorted(sys.argv[2:]):
    print(f"failed: {stage}")
failed += len(silent)
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(1 if failed or not passed else 0)
END
