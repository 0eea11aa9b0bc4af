#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# up: a real SLURM on this machine alone, for tests: munged, slurmctld and two slurmd that claim two CPUs each.
# Needs root (SLURM starts jobs as their users), no systemd, and nothing outside of DIR.
#
#   tests/slurm/up.sh DIR PORT     DIR: empty, with a short name (sockets: some 100 bytes); PORT ... PORT+2 are used
#   tests/slurm/down.sh DIR        ends what was started there
#
# Prints the path of slurm.conf, for SLURM_CONF.  Every daemon listens on 127.0.0.1.  Where the kernel allows it a node
# has a host name of its own: Open MPI takes processes of one host name for neighbours that share memory.
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: tests/slurm/up.sh DIR PORT" >&2; exit 1; }
dir=$1 port=$2
host=$(hostname -s)
nodes=(n1 n2)
cpus=2

# Daemons and commands listen where this name leads to, and wait long before they say that it leads nowhere.
getent hosts "$host" >/dev/null || { echo "tests/slurm/up.sh: no address of '$host' (/etc/hosts lacks it)" >&2; exit 1; }

mkdir -p "$dir"/{run,log,state,spool,munge,tmp}
chmod 755 "$dir" "$dir"/*/
chmod 700 "$dir/munge"

# Who is who: a key and a socket of our own, whatever munge the machine runs.
(umask 077; head -c 1024 /dev/urandom >"$dir/munge/key")
munged --force --key-file="$dir/munge/key" --socket="$dir/run/munge.sock" --pid-file="$dir/run/munged.pid" \
  --log-file="$dir/log/munged.log" --seed-file="$dir/munge/seed"

memory=$(awk '/MemTotal/ {print int($2 / 1024 / 2)}' /proc/meminfo)
namespaces=no
if unshare --uts --mount true 2>/dev/null; then namespaces=yes; fi

{
  cat <<END
ClusterName=dickemap
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/run/munge.sock,cred_expire=5
SlurmctldPidFile=$dir/run/slurmctld.pid
SlurmdPidFile=$dir/run/slurmd-%n.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd-%n.log
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
TmpFS=$dir/tmp/%n
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
ProctrackType=proctrack/linuxproc
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0,bf_interval=1
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=3600
KillWait=5
END
  for i in "${!nodes[@]}"; do
    node=${nodes[i]}
    echo "NodeName=$node NodeAddr=127.0.0.1 NodeHostname=$([ $namespaces = yes ] && echo "$node" || echo "$host")" \
      "Port=$((port + 1 + i)) CPUs=$cpus Sockets=1 CoresPerSocket=$cpus ThreadsPerCore=1 RealMemory=$memory"
  done
  echo "PartitionName=test Nodes=$(IFS=,; echo "${nodes[*]}") Default=YES MaxTime=INFINITE DefaultTime=10 State=UP"
} >"$dir/slurm.conf"
{ cat /etc/hosts; printf '127.0.0.1 %s\n' "${nodes[@]}"; } >"$dir/hosts"

export SLURM_CONF=$dir/slurm.conf
slurmctld -f "$SLURM_CONF"
for node in "${nodes[@]}"; do
  mkdir -p "$dir/spool/$node" "$dir/tmp/$node" # PMIx keeps its sockets in TmpFS
  chmod 1777 "$dir/tmp/$node"
  if [ $namespaces = yes ]; then # its view of /etc/hosts is its own as well: the machine's file is not touched
    # shellcheck disable=SC2016 # the inner shell expands
    unshare --uts --mount bash -c 'hostname "$2" && mount --bind "$3" /etc/hosts && exec slurmd -f "$1" -N "$2"' - \
      "$SLURM_CONF" "$node" "$dir/hosts"
  else
    slurmd -f "$SLURM_CONF" -N "$node"
  fi
done

# A command that finds no slurmctld takes some 10 s to say so: seconds are counted, not attempts.
until [ $SECONDS -ge 60 ]; do
  ready=$(sinfo -h -N -o %T 2>/dev/null | grep -c '^idle$' || true)
  if [ "$ready" -eq ${#nodes[@]} ]; then echo "$SLURM_CONF"; exit 0; fi
  sleep 0.1
done
echo "tests/slurm/up.sh: the nodes are not ready after 60 s" >&2
tail -n 20 "$dir"/log/*.log >&2
exit 1
