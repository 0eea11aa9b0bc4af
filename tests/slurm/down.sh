#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# down: ends the jobs and the daemons that tests/slurm/up.sh started in DIR, by their process ids, nothing else.
set -uo pipefail
[ $# -eq 1 ] || { echo "usage: tests/slurm/down.sh DIR" >&2; exit 1; }
dir=$1
export SLURM_CONF=$dir/slurm.conf

runs() { # runs PIDFILE NAME: prints the process id if that process is what it should be
  local pid
  pid=$(cat "$1" 2>/dev/null) && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ] && echo "$pid"
}

stop() { # stop PIDFILE NAME
  local pid
  pid=$(runs "$1" "$2") || return
  kill -TERM "$pid"
  for _ in $(seq 100); do
    runs "$1" "$2" >/dev/null || return
    sleep 0.1
  done
  kill -KILL "$pid"
}

# Jobs first: what watches over a job outlives its slurmd.
if runs "$dir/run/slurmctld.pid" slurmctld >/dev/null; then
  mapfile -t jobs < <(squeue -h -o %A | sort -u)
  if [ ${#jobs[@]} -gt 0 ]; then scancel "${jobs[@]}"; fi
  for _ in $(seq 150); do
    [ -z "$(squeue -h)" ] && break
    sleep 0.1
  done
fi
for file in "$dir"/run/slurmd-*.pid; do stop "$file" slurmd; done
stop "$dir/run/slurmctld.pid" slurmctld
stop "$dir/run/munged.pid" munged
exit 0
