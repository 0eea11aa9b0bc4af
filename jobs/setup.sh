# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# setup: what jobs/quickstart.sh, jobs/mpirun.sh and tests/run.sh share: what must be there, and mpirun on one machine.
# Sourced; setup_packages from the root of the tree.
#
#   setup_packages SECTION...   everything in these sections of jobs/packages.txt works, or the script ends.
#                               What is there is taken, wherever it comes from (Debian, modules, Spack, a PATH).
#                               Debian, Ubuntu: installs what is missing, as root or through a sudo that asks
#                               nothing; otherwise names the packages and exits 1.  The MPI of the machine stays:
#                               nothing is installed that would bring a second one.
#                               Elsewhere: names what is missing and exits 1.
#   setup_scratch DIR           temporary files go to DIR
#   setup_mpi                   environment for processes of MPI on this machine alone
#   setup_mpi_environment       prints it, NAME=VALUE, one a line
#   setup_mpirun                sets the array MPIRUN, to be followed by -n and the program.  $MPIEXEC is taken for
#                               mpirun where it is set.

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

# Whether the compiler makes a program of this text.
setup_compiles() { # setup_compiles COMMAND TEXT
  local folder works=1
  command -v "$1" >/dev/null || return 1
  folder=$(mktemp -d) || return 1
  printf '%s\n' "$2" >"$folder/try.c"
  if (cd "$folder" && "$1" try.c -o try) >/dev/null 2>&1; then works=0; fi
  rm -rf "$folder"
  return $works
}

# Whether NAME --version tells MAJOR.MINOR or later.
setup_is_recent() { # setup_is_recent NAME>=MAJOR.MINOR
  local said major minor
  said=$("${1%%>=*}" --version 2>/dev/null) || return 1
  [[ $said =~ ([0-9]+)\.([0-9]+) ]] || return 1
  IFS=. read -r major minor <<<"${1##*>=}"
  ((BASH_REMATCH[1] > major || (BASH_REMATCH[1] == major && BASH_REMATCH[2] >= minor)))
}

# One `check` of jobs/packages.txt.
setup_check() {
  case $1 in
    command:*'>='*) setup_is_recent "${1#command:}" ;;
    command:*) command -v "${1#command:}" >/dev/null ;;
    pc:*) pkg-config --exists "${1#pc:}" 2>/dev/null ;;
    python:*) "$PYTHON" -c "import ${1#python:}" 2>/dev/null ;;
    compiler:cc) setup_compiles cc $'#include <stdio.h>\nint main(void) { return puts("") < 0; }' ;;
    compiler:mpicc) setup_compiles mpicc $'#include <mpi.h>\nint main(int c, char **v) { return MPI_Init(&c, &v); }' ;;
    mpirun) command -v "${MPIEXEC:-mpirun}" >/dev/null || command -v mpiexec >/dev/null ;;
    hdf5) command -v h5cc >/dev/null || command -v h5pcc >/dev/null || [ -e "${HDF5_ROOT:-/nonexistent}/include/hdf5.h" ] ;;
    *) echo "jobs/packages.txt: unknown check '$1'" >&2; exit 1 ;;
  esac
}

# Whose MPI the machine has: openmpi, mpich, other or none.
setup_mpi_family() {
  local said
  said=$({ "${MPIEXEC:-mpirun}" --version || mpiexec --version || mpicc -show; } 2>/dev/null </dev/null) || true
  case $said in
    '') if command -v mpicc >/dev/null; then echo other; else echo none; fi ;;
    *"Open MPI"* | *openmpi* | *open-mpi*) echo openmpi ;;
    *HYDRA* | *mpich*) echo mpich ;;
    *) echo other ;;
  esac
}

# Of the packages a|b the one that goes with the MPI of the machine, else the first.
setup_choose() { # setup_choose PACKAGES FAMILY
  local -a names
  local name
  IFS='|' read -ra names <<<"$1"
  for name in "${names[@]}"; do
    case $name in *"$2"*) echo "$name"; return ;; esac
  done
  echo "${names[0]}"
}

# Ends the script if installing what is `missing` would bring another MPI than the machine has: Debian's alternatives
# would make that one `mpicc` and `mpirun` for everybody.
setup_keep_mpi() { # setup_keep_mpi FAMILY
  local foreign
  case $1 in
    none) return ;;
    openmpi) foreign='mpich|libmpich' ;;
    mpich) foreign='openmpi-bin|libopenmpi|openmpi-common' ;;
    *) foreign='mpich|libmpich|openmpi-bin|libopenmpi|openmpi-common' ;;
  esac
  foreign=$(apt-get install -s -q --no-install-recommends "${missing[@]}" 2>/dev/null </dev/null |
    awk -v foreign="^($foreign)" '$1 == "Inst" && $2 ~ foreign { printf " %s", $2 }') || true
  [ -z "$foreign" ] && return
  { echo "Missing: ${missing[*]}"
    echo "Installing that would bring a second MPI ($1 is the one of this machine):$foreign"
    echo 'Nothing was installed. See "Building on a cluster" in src/README.md.'; } >&2
  exit 1
}

# The lists of packages may be absent or old on a new machine; if they cannot be fetched, the old ones may still do.
setup_update() {
  "$@" apt-get update -q >/dev/null 2>&1 </dev/null || true
}

# Installs what is `missing`; the arguments go before the command. Shows the log only if that fails.
setup_install() {
  local log
  log=$(mktemp)
  if "$@" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" \
    >"$log" 2>&1 </dev/null; then
    rm -f "$log"
  else
    cat "$log" >&2
    rm -f "$log"
    echo "apt-get could not install these packages: ${missing[*]}" >&2
    exit 1
  fi
}

# Fills `missing` with packages and `failed` with what the checks say.
setup_look() { # setup_look LIST FAMILY
  local package check
  missing=() failed=()
  while read -r package check; do
    setup_check "$check" && continue
    package=$(setup_choose "$package" "$2")
    missing+=("$package")
    failed+=("${check#*:} (Debian: $package)")
  done <<<"$1"
}

setup_packages() {
  local list family
  local -a missing failed
  list=$(setup_list "$@") || exit 1
  family=$(setup_mpi_family)
  setup_look "$list" "$family"
  [ ${#missing[@]} -eq 0 ] && return

  if ! command -v apt-get >/dev/null; then
    { echo "Missing on this machine, please install or load:"; printf '  %s\n' "${failed[@]}"
      echo 'See "Building on a cluster" in src/README.md.'; } >&2
    exit 1
  fi

  if [ "$(id -u)" -eq 0 ]; then
    setup_update
    setup_keep_mpi "$family"
    echo "Installing: ${missing[*]}"
    setup_install
  elif sudo -n true 2>/dev/null; then
    setup_update sudo -n
    setup_keep_mpi "$family"
    echo "Installing (sudo): ${missing[*]}"
    setup_install sudo -n
  else
    setup_keep_mpi "$family"
    { echo "Packages are missing, and installing them needs root. As root:"
      echo "  apt-get install --no-install-recommends ${missing[*]}"; } >&2
    exit 1
  fi
  setup_look "$list" "$family"
  [ ${#missing[@]} -eq 0 ] && return
  { echo "Installed, and yet it does not work:"; printf '  %s\n' "${failed[@]}"; } >&2
  exit 1
}

# Names that begin with OMPI are those of Open MPI, with PRTE and PMIX of its version 5; MPICH needs none.
setup_mpi_environment() {
  # More ranks than cores: the master sleeps, and waiting ranks give way to computing ones.
  echo OMPI_MCA_mpi_yield_when_idle=1
  # Slots are not counted.
  echo OMPI_MCA_rmaps_base_oversubscribe=1
  echo PRTE_MCA_rmaps_default_mapping_policy=:OVERSUBSCRIBE
  # One machine: no network, and no kernel call that containers forbid.
  echo OMPI_MCA_oob_tcp_if_include=lo
  echo OMPI_MCA_btl_tcp_if_include=lo
  echo OMPI_MCA_btl_vader_single_copy_mechanism=none
  if [ "$(id -u)" -eq 0 ]; then
    echo OMPI_ALLOW_RUN_AS_ROOT=1
    echo OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
}

# What the caller has set stays.
setup_mpi() {
  local name value
  while IFS='=' read -r name value; do
    [ -n "${!name:-}" ] || export "$name=$value"
  done < <(setup_mpi_environment)
}

setup_scratch() {
  export TMPDIR=$1 OMPI_MCA_orte_tmpdir_base=$1
  [ -w "${HOME:-/nonexistent}" ] || export MPLCONFIGDIR=$1 # where matplotlib keeps its list of fonts
}

# Only Open MPI counts slots and has to be told that more ranks than cores are meant, and that root is.
setup_mpirun() {
  MPIRUN=("${MPIEXEC:-mpirun}")
  command -v "${MPIRUN[0]}" >/dev/null || MPIRUN=(mpiexec)
  case $("${MPIRUN[@]}" --version 2>/dev/null) in
    *"Open MPI) 5"*) MPIRUN+=(--map-by :OVERSUBSCRIBE) ;;
    *"Open MPI"*) MPIRUN+=(--oversubscribe) ;;
    *) return ;;
  esac
  if [ "$(id -u)" -eq 0 ]; then MPIRUN+=(--allow-run-as-root); fi
}
