# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs under failing_calls.c: their environment, their end within a bound, and what their files are compared with."""

import dataclasses
import multiprocessing
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

import h5py

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from machine import descendants, mpi_variables, mpirun  # noqa: E402

# Points of some milliseconds, with states: every kind of variable, and each rank writes several times.
JOB = """\
title: Points for failing calls
model: {patterns: 3, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5], kappa_mu: [1.0]}
initial: {overlap: 1.0, perturbation: 1.0e-3}
axes:
  - {name: g0, from: 0.3, to: 1.5, points: 60}
  - {name: pattern, values: [1, 2]}
output: {state: final}
solver: {t_max: 1e5}
"""


# Points of which some take a second: their states are saved on the way.
SLOW_JOB = """\
title: Slow points for failing calls
model: {patterns: 3, g0: 1.5, Omega: 0.5, Omega_mu: [1.5, -2.0, 2.5], kappa_mu: [1.0]}
initial: {overlap: 0.5}
axes:
  - {name: perturbation, values: [0.0, 0.1]}
  - {name: seed, values: [1, 2, 3]}
solver: {method: ensemble, tolerance: 1e-10, t_max: 1e5, max_steps: 8000000}
"""


@dataclasses.dataclass
class Run:
    """How a run ended: its code, None if it had to be ended; its output; its messages."""
    code: int | None
    out: str
    err: str

    @property
    def messages(self):
        return [line.removeprefix("dickemap: ") for line in self.err.splitlines() if line.startswith("dickemap: ")]


def end(process):
    """Ends a process that the caller has started, with all that it has started."""
    for pid in [*descendants(process.pid), process.pid] if process.poll() is None else []:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


class Bench:
    """A program to test, with the library that lets its calls fail."""

    def __init__(self, program, build, environment=os.environ):
        self.program = str(pathlib.Path(program).resolve())
        self.library = str(pathlib.Path(build).resolve() / "tests" / "failing_calls.so")
        self.environment = {name: value for name, value in environment.items() if not name.startswith("SLURM_")} \
            | mpi_variables()

    def command(self, *arguments, ranks=1, calls=None):
        """calls: variables of failing_calls.c without CALLS_, such as {"FOLDER": path}; the launcher does not see them."""
        launcher = mpirun(ranks) if ranks > 1 else []
        shim = [] if calls is None else ["env", f"LD_PRELOAD={self.library}",
                                         *(f"CALLS_{name}={value}" for name, value in calls.items())]
        return [*launcher, *shim, self.program, *map(str, arguments)]

    def start(self, folder, *arguments, ranks=1, calls=None, session=None):
        environment = self.environment | ({"TMPDIR": session} if session else {})
        return subprocess.Popen(self.command(*arguments, ranks=ranks, calls=calls), cwd=folder, env=environment,
                                text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, folder, *arguments, ranks=1, calls=None, bound=120):
        """A run to its end, or to the bound, in seconds; code 128 + n of a process that a signal ended."""
        with tempfile.TemporaryDirectory(prefix="dkm") as session:
            process = self.start(folder, *arguments, ranks=ranks, calls=calls, session=session)
            try:
                out, err = process.communicate(timeout=bound)
                code = process.returncode
            except subprocess.TimeoutExpired:
                end(process)
                out, err = process.communicate()
                code = None
        return Run(code if code is None or code >= 0 else 128 - code, out, err)

    def counts(self, folder, *arguments, ranks=1):
        """{rank: {call: how often}} of an undisturbed run in the folder."""
        table = pathlib.Path(folder).with_suffix(".counts")
        calls = {"FOLDER": os.path.realpath(folder), "COUNT": table}
        run = self.run(folder, *arguments, ranks=ranks, calls=calls)
        assert run.code == 0, run.err
        found = {}
        for line in table.read_text().splitlines():
            numbers = {name: int(n) for name, n in re.findall(r"(\w+)=(\d+)", line)}
            known = found.setdefault(numbers.pop("rank"), numbers)
            known.update({call: max(n, known[call]) for call, n in numbers.items()})  # helpers of MPI count nothing
        return found


def arrays(path):
    """Every dataset but the one that is not reproducible."""
    with h5py.File(path, "r", locking=False) as file:
        return {name: file[name][()] for name in file if name != "wall_time"}


def differences(path, reference):
    """What a file says that is not so, in words: about points that are marked done, and about anything else but records;
    and the number of points that are done."""
    try:
        found = arrays(path)
    except Exception as error:  # h5py has many for files that are damaged
        return [f"unreadable: {error}"], 0
    if found.keys() != reference.keys():
        return [f"other datasets: {sorted(found.keys() ^ reference.keys())}"], 0
    status = reference["status"]
    done = found["status"] != 0
    wrong = []
    for name, values in reference.items():
        other = found[name]
        if values.shape != other.shape or values.dtype != other.dtype:
            wrong.append(f"`{name}` has another shape or type")
        elif values.shape[:status.ndim] == status.shape:
            if values[done].tobytes() != other[done].tobytes():
                wrong.append(f"`{name}` of a point that is done")
        elif values.tobytes() != other.tobytes() if values.dtype.kind != "O" else (values != other).any():
            wrong.append(f"`{name}`")
    return wrong, int(done.sum())


def differences_apart(path, reference, bound=60):
    """The same in a process of its own: HDF5 may crash on a damaged file, or never come to an end."""
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe(duplex=False)
    process = fork.Process(target=lambda: theirs.send(differences(path, reference)))
    process.start()
    theirs.close()
    try:
        answer = ours.recv() if ours.poll(bound) else (["unreadable: no end"], 0)
    except EOFError:
        answer = (["unreadable: a crash"], 0)
    process.kill()
    process.join()
    return answer
