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


def children_of_all():
    """{process id: its children that have not ended}"""
    children = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # ended in the meantime
        if fields and fields[0] != "Z":
            children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    return children


def descendants(pid, children=None):
    """Processes below a process, each before the one that started it."""
    children = children_of_all() if children is None else children
    return [found for child in children.get(pid, []) for found in (*descendants(child, children), child)]


def below(pid):
    """Process ids of the ranks that a launcher has started: Open MPI's own children, those of a proxy of MPICH's."""
    children = children_of_all()
    return sorted(found for found in descendants(pid, children)
                  if found not in children and rank_of(environment_of(found)) is not None)


def environment_of(pid):
    """Environment with which a process was started; empty if it has ended."""
    try:
        words = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return {}
    return dict(word.decode(errors="replace").split("=", 1) for word in words if b"=" in word)
