# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# setup: what jobs/quickstart.sh and tests/run.sh share: the packages, and mpirun on one machine.
# Sourced, from the root of the tree.
#
#   setup_packages SECTION...   everything in these sections of jobs/packages.txt is there, or the script ends:
#                               Debian, Ubuntu: installs what is missing, as root or through a sudo that asks
#                               nothing; otherwise names the packages and exits 1.
#                               Elsewhere: names what is missing and exits 1.
#   setup_mpi DIR               environment for mpirun on this machine alone; temporary files go to DIR
#   setup_mpirun                sets the array MPIRUN, to be followed by -n and the program

PYTHON=${PYTHON:-/usr/bin/python3}

# Prints the lines "package check" of the sections given.
setup_list() {
  awk -v wanted=" $* " '
    { sub(/#.*/, "") }
    /^\[/ { section = $1; gsub(/[][]/, "", section); known[section] = 1; next }
    NF && index(wanted, " " section " ") { print $1, $2 }
    END {
      n = split(wanted, names, " ")
      for (i = 1; i <= n; i++) if (!(names[i] in known)) {
        print "jobs/packages.txt has no section [" names[i] "]" > "/dev/stderr"; exit 1
      }
    }' jobs/packages.txt
}

setup_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | head -n 1)" = installed ]
}

# One `check` of jobs/packages.txt.
setup_check() {
  case $1 in
    command:*) command -v "${1#command:}" >/dev/null ;;
    pc:*) pkg-config --exists "${1#pc:}" 2>/dev/null ;;
    python:*) "$PYTHON" -c "import ${1#python:}" 2>/dev/null ;;
    *) echo "jobs/packages.txt: unknown check '$1'" >&2; exit 1 ;;
  esac
}

# Installs what is `missing`; the arguments go before each command. Shows the log only if that fails.
setup_install() {
  local log
  log=$(mktemp)
  # The lists may be absent or old on a new machine; if they cannot be fetched, the old ones may still do.
  if { "$@" apt-get update -q || true
       "$@" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
     } >"$log" 2>&1 </dev/null; then
    rm -f "$log"
  else
    cat "$log" >&2
    rm -f "$log"
    echo "apt-get could not install these packages: ${missing[*]}" >&2
    exit 1
  fi
}

setup_packages() {
  local list package check alternative present
  local -a missing=() names
  list=$(setup_list "$@") || exit 1

  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    while read -r package check; do
      setup_check "$check" || missing+=("${check#*:} (Debian: ${package%%|*})")
    done <<<"$list"
    [ ${#missing[@]} -eq 0 ] && return
    { echo "Missing on this machine, please install or load:"; printf '  %s\n' "${missing[@]}"
      echo 'See "Building on a cluster" in README.md.'; } >&2
    exit 1
  fi

  while read -r package check; do
    present=no
    IFS='|' read -ra names <<<"$package"
    for alternative in "${names[@]}"; do
      if setup_installed "$alternative"; then present=yes; fi
    done
    [ $present = yes ] || missing+=("${names[0]}")
  done <<<"$list"
  [ ${#missing[@]} -eq 0 ] && return

  if [ "$(id -u)" -eq 0 ]; then
    echo "Installing: ${missing[*]}"
    setup_install
  elif sudo -n true 2>/dev/null; then
    echo "Installing (sudo): ${missing[*]}"
    setup_install sudo -n
  else
    { echo "Packages are missing, and installing them needs root. As root:"
      echo "  apt-get install --no-install-recommends ${missing[*]}"; } >&2
    exit 1
  fi
}

setup_mpi() {
  export TMPDIR=$1 OMPI_MCA_orte_tmpdir_base=$1
  [ -w "${HOME:-/nonexistent}" ] || export MPLCONFIGDIR=$1 # where matplotlib keeps its list of fonts
  # More ranks than cores: the master sleeps, and waiting ranks give way to computing ones.
  export OMPI_MCA_mpi_yield_when_idle=1
  # One machine: no network, and no kernel call that containers forbid.
  export OMPI_MCA_oob_tcp_if_include=lo OMPI_MCA_btl_tcp_if_include=lo
  export OMPI_MCA_btl_vader_single_copy_mechanism=none
  if [ "$(id -u)" -eq 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
}

# Only Open MPI counts slots and has to be told that more ranks than cores are meant, and that root is.
setup_mpirun() {
  MPIRUN=(mpirun)
  case $(mpirun --version 2>/dev/null) in
    *"Open MPI"*)
      MPIRUN+=(--oversubscribe)
      if [ "$(id -u)" -eq 0 ]; then MPIRUN+=(--allow-run-as-root); fi
      ;;
  esac
}
