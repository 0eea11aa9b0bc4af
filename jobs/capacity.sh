#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# capacity: how many patterns does a memory of 100 spins keep? One job a number of patterns M, of the states (jobs/capacity.yaml)
# and of trajectories (jobs/recall.yaml); then the picture.  What is there already is continued.
# About twenty minutes on two cores; trajectories with M = 18 and 20 take half of it.
set -euo pipefail
here=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<END
usage: jobs/capacity.sh [-n RANKS] [-o FOLDER] [--set KEY=VALUE]... [M ...]
  -n RANKS          processes, one of which hands out the points (default: cores + 1)
  -o FOLDER         for the files (default: out/capacity)
  --set KEY=VALUE   for all jobs, such as model.spins=200 or axes.pattern_seed.points=4
  M ...             numbers of patterns, at most 20 (default: 2 4 6 8 10 12 14 16 18 20)
END
}

ranks=$(($(nproc) + 1))
folder=out/capacity
settings=()
numbers=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    -n | -o | --set)
      [ $# -ge 2 ] || { echo "jobs/capacity.sh: $1 needs a value" >&2; exit 1; }
      case $1 in
        -n) ranks=$2 ;;
        -o) case $2 in /*) folder=$2 ;; *) folder=$here/$2 ;; esac ;;
        --set) settings+=(--set "$2") ;;
      esac
      shift 2 ;;
    *[!0-9]* | '') echo "jobs/capacity.sh: '$1' is no number of patterns; see --help" >&2; exit 1 ;;
    *) numbers+=("$1"); shift ;;
  esac
done
[ ${#numbers[@]} -gt 0 ] || numbers=(2 4 6 8 10 12 14 16 18 20)

dickemap=${DICKEMAP:-build/release/dickemap}
[ -x "$dickemap" ] || { echo "jobs/capacity.sh: $dickemap is not there; jobs/quickstart.sh builds it" >&2; exit 1; }
mkdir -p "$folder"
files=()
for M in "${numbers[@]}"; do
  for job in capacity recall; do
    file=$folder/$job-$M.h5
    echo "== $job, M = $M"
    jobs/mpirun.sh -n "$ranks" "$dickemap" run jobs/$job.yaml --set model.patterns="$M" ${settings[@]+"${settings[@]}"} \
      -o "$file" --resume --quiet
    files+=("$file")
  done
done
"${PYTHON:-/usr/bin/python3}" analysis/plot_capacity.py "${files[@]}" -o "$folder/capacity.png"
