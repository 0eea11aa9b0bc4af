# SPDX-License-Identifier: GPL-3.0-or-later
"""How processes are started through the MPI of this machine. jobs/setup.sh knows; this asks it."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]


def mpirun(ranks):
    """The words before a program that is to run among so many ranks; none where `ranks` is None."""
    return [] if ranks is None else [str(ROOT / "jobs" / "mpirun.sh"), "-n", str(ranks)]


def mpi_variables():
    """Environment of processes of MPI on this machine alone, also of those without mpirun."""
    lines = subprocess.run(["bash", "-c", ". jobs/setup.sh; setup_mpi_environment"], cwd=ROOT, check=True, text=True,
                           stdout=subprocess.PIPE).stdout
    return dict(line.split("=", 1) for line in lines.splitlines())


def mpi_family():
    """"openmpi", "mpich", "other" or "none"."""
    return subprocess.run(["bash", "-c", ". jobs/setup.sh; setup_mpi_family"], cwd=ROOT, check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def rank_of(environment):
    """Rank of a process among others, from its environment; None if it was started alone."""
    for name in ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"):
        if name in environment:
            return int(environment[name])
    return None


def below(pid):
    """Process ids of the ranks that a launcher has started: Open MPI's own children, those of a proxy of MPICH's."""
    parents = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # ended in the meantime
        if fields[0] != "Z":
            parents[int(path.parent.name)] = int(fields[1])
    ancestors, found = {pid}, set()
    while ancestors:
        ancestors = {child for child, parent in parents.items() if parent in ancestors}
        found |= ancestors
    return sorted(child for child in found if rank_of(environment_of(child)) is not None and child not in parents.values())


def environment_of(pid):
    """Environment with which a process was started; empty if it has ended."""
    try:
        words = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return {}
    return dict(word.decode(errors="replace").split("=", 1) for word in words if b"=" in word)
