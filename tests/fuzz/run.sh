#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# run: invents job files (fuzz_job.c), command lines (fuzz_cli.c) and files of patterns (fuzz_matrix.c), with clang's
# libFuzzer and the sanitizers for addresses, leaks and undefined behaviour, and stops at the first that breaks what the
# harness claims.
#
#   tests/fuzz/run.sh [SECONDS [job|cli|matrix]...]     default: 600 seconds for each of them, one after the other
#
# Builds into build/fuzz.  What was found worth keeping stays in build/fuzz/corpus, so that the next run goes on from
# there.  An input that breaks something is in build/fuzz/findings: repair, then add it to tests/fuzz/corpus, where the
# ordinary tests replay it.  Exit code: 0 nothing found, 1 something found, or clang is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=jobs/setup.sh
. jobs/setup.sh

if [ "${1:-}" = -h ] || [ "${1:-}" = --help ]; then
  echo "usage: tests/fuzz/run.sh [SECONDS [job|cli|matrix]...]"
  exit 0
fi
seconds=${1:-600}
shift || true
harnesses=("$@")
if [ ${#harnesses[@]} -eq 0 ]; then harnesses=(job cli matrix); fi
if ! [[ $seconds =~ ^[1-9][0-9]{0,5}$ ]]; then
  echo "tests/fuzz/run.sh: '$seconds' is not a time (allowed: 1 ... 999999 seconds)" >&2
  exit 1
fi
for name in "${harnesses[@]}"; do
  case $name in
    job | cli | matrix) ;;
    *) echo "tests/fuzz/run.sh: unknown harness '$name' (allowed: job, cli, matrix)" >&2; exit 1 ;;
  esac
done

setup_packages build test fuzz
root=$PWD build=$PWD/build/fuzz
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if ! clang -x c -fsanitize=fuzzer,address,undefined -o "$scratch/probe" - 2>"$scratch/log" <<'END'
#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return data[0] > size; }
END
then
  cat "$scratch/log" >&2
  echo "tests/fuzz/run.sh: this clang has no libFuzzer or no sanitizers (Debian: libclang-rt-dev)" >&2
  exit 1
fi

mkdir -p "$build/corpus/job" "$build/corpus/cli" "$build/corpus/matrix" "$build/findings"
{ cmake --preset fuzz && cmake --build --preset fuzz -j "$(nproc)"; } >"$scratch/log" 2>&1 ||
  { tail -n 40 "$scratch/log" >&2; exit 1; }
cp jobs/*.yaml "$build/corpus/job"
cp jobs/letters/*.pbm "$build/corpus/matrix"
{ # keys as the parser names them; subcommands and options as their help names them; the rest
  "$build/tests/fuzz/fuzz_dictionary"
  sed -nE 's/.*usage:.* dickemap ([a-z]+) .*/\1/p' src/cli/cmd_*.c | sort -u | sed 's/.*/"&\\x0a"/'
  grep -ohE -- '--[a-z][a-z-]+' src/cli/cmd_*.c | sort -u | sed 's/.*/"&\\x0a"/'
  cat tests/fuzz/words.dict
} >"$build/dictionary.txt"

# Programs start in an empty folder: nothing that a command line names is there.
found=0
for name in "${harnesses[@]}"; do
  printf '\n== %s, %s s\n' "$name" "$seconds"
  mkdir "$scratch/$name"
  (cd "$scratch/$name" &&
    "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
      -dict="$build/dictionary.txt" -artifact_prefix="$build/findings/$name-" -print_final_stats=1 \
      "$build/corpus/$name" "$root/tests/fuzz/corpus/$name") >"$build/$name.log" 2>&1 || found=1
  grep -E '^(stat::|broken:|SUMMARY|ERROR|==[0-9]+==ERROR|Test unit written)' "$build/$name.log" || true
done
[ $found -eq 0 ] || echo "something was found: build/fuzz/*.log, build/fuzz/findings" >&2
exit $found
