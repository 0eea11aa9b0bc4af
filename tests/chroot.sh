#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# chroot: the tests on another Debian, or with another MPI, in a folder: takes root, a network, 3 GB and an hour or so.
# Nothing of this machine changes but the folder.  Never run by tests/run.sh.
#
#   tests/chroot.sh FOLDER DISTRIBUTION [openmpi|mpich] [-- COMMAND...]
#
#   FOLDER         is made by debootstrap, or has been by an earlier call; it is the user's to remove
#   DISTRIBUTION   as debootstrap calls it: bookworm, trixie, ...
#   openmpi|mpich  the MPI that is there beforehand, by its runtime alone; without it, what jobs/packages.txt chooses
#   COMMAND        instead of tests/run.sh, from the root of the tree: tests/run.sh --sanitizers, jobs/quickstart.sh, ...
#
# The tree is a clone of the last commit, in FOLDER/srv/dickemap; builds of earlier calls are there still.  $MIRROR: where
# packages come from, if not from where this machine has its own.  The last lines name the machine that was tested
# and say how it went; the exit code is that of COMMAND.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() { echo "tests/chroot.sh: $*" >&2; exit 1; }
usage="usage: tests/chroot.sh FOLDER DISTRIBUTION [openmpi|mpich] [-- COMMAND...]"
case ${1:-} in -h | --help) echo "$usage"; exit 0 ;; esac
[ $# -ge 2 ] || die "$usage"
folder=$1 distribution=$2
shift 2
mpi=()
case ${1:---} in
  openmpi) mpi=(openmpi-bin) ;;
  mpich) mpi=(mpich) ;;
  --) ;;
  *) die "unknown argument '$1'; $usage" ;;
esac
[ ${#mpi[@]} -eq 0 ] || shift
if [ "${1:-}" = -- ]; then shift; fi
command=("$@")
[ ${#command[@]} -gt 0 ] || command=(tests/run.sh)

[ "$(id -u)" -eq 0 ] || die "only root can make a chroot and enter it"
for tool in debootstrap git unshare chroot; do
  command -v $tool >/dev/null || die "$tool is missing"
done
unshare --mount --pid --fork true 2>/dev/null || die "this machine lets nobody mount (a container without the right to?)"

# ---- the machine ----
# shellcheck disable=SC2016 # expanded by apt-get
mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 2>/dev/null |
  awk '$2 !~ /-/ && !found { print $1; found = 1 }')} || true
if [ ! -e "$folder/etc/debian_version" ]; then
  [ -n "$mirror" ] || die "set MIRROR to the URL of a Debian mirror"
  if [ -d "$folder" ] && [ -n "$(ls -A "$folder")" ]; then die "$folder is not empty, and no Debian"; fi
  debootstrap --variant=minbase --include=ca-certificates,git "$distribution" "$folder" "$mirror"
fi
grep -qx "VERSION_CODENAME=$distribution" "$folder/etc/os-release" || die "$folder is not $distribution"
cp /etc/resolv.conf "$folder/etc/resolv.conf"
grep -qwsF "$(hostname)" "$folder/etc/hosts" || echo "127.0.0.1 localhost $(hostname)" >>"$folder/etc/hosts" # for SLURM
printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d" # packages start no daemons
chmod 755 "$folder/usr/sbin/policy-rc.d"

# ---- the tree ----
tree=$folder/srv/dickemap
if [ ! -e "$tree/.git" ]; then
  git clone -q --depth 1 "file://$PWD" "$tree"
else
  git -C "$tree" fetch -q --depth 1 "file://$PWD" HEAD
  git -C "$tree" reset -q --hard FETCH_HEAD
  git -C "$tree" clean -q -d -f
fi
[ -z "$(git status --porcelain)" ] || echo "tests/chroot.sh: what is not committed is not tested" >&2

# ---- in it: own processes and mounts, which end with the command ----
code=0
trap 'kill -KILL "${inside:-}" 2>/dev/null || true' EXIT # unshare heeds no other signal; its children end with it
# shellcheck disable=SC2016 # expanded by the inner shell
unshare --mount --pid --fork --kill-child bash -c '
  set -eu
  folder=$1; shift
  mount --bind "$folder" "$folder" # unshare, in it, takes its root to be a mount
  mount -t proc proc "$folder/proc"
  mount --rbind /sys "$folder/sys"
  mount --rbind /dev "$folder/dev"
  exec chroot "$folder" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    LC_ALL=C.UTF-8 ${http_proxy:+"http_proxy=$http_proxy"} bash -c "$@"
' - "$folder" '
  set -u
  cd /srv/dickemap
  if [ -n "$1" ] && ! command -v mpirun >/dev/null; then
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$1"; } \
      >/tmp/mpi.log 2>&1 || { cat /tmp/mpi.log; exit 1; }
  fi
  before=$(readlink -f "$(command -v mpirun)")
  shift
  "$@"
  code=$?
  printf "\n== machine\n"
  sed -n "s/^PRETTY_NAME=//p" /etc/os-release
  cc --version | head -n 1
  cmake --version | head -n 1
  build/release/dickemap --version
  after=$(readlink -f "$(command -v mpirun)")
  if [ -n "$before" ] && [ "$before" != "$after" ]; then
    echo "the MPI of the machine was switched: $before, then $after"
    code=1
  fi
  exit $code
' - "${mpi[*]:-}" "${command[@]}" &
inside=$!
wait $inside || code=$?
echo "tests/chroot.sh: $distribution${mpi[*]:+, ${mpi[*]}}: ${command[*]}: exit code $code"
exit $code
