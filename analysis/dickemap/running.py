# SPDX-License-Identifier: GPL-3.0-or-later
"""The program, started from Python: `run` among processes of MPI, and `plan`.

The program is found by $DICKEMAP, then in build/release next to this package, then on PATH.  mpirun ($MPIEXEC) is called as
jobs/mpirun.sh calls it: on one machine, with more processes than cores."""

from __future__ import annotations

import contextlib
import errno
import inspect
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import tty
import warnings
from typing import Any, Iterator, Mapping, Sequence

import xarray as xr

from . import arguments, jobs, reading
from .errors import Error
from .progress import Bar

OF_OPEN = tuple(name for name in inspect.signature(reading.open).parameters if name != "path")
STOPPED = 85  # the program's exit code
AGAIN = 0.5  # seconds from the first USR1, after which no point is begun, to the second, which suspends those under way
PROGRESS = re.compile(r"(\d+)/(\d+) points, [\d.]+ %, (.*?)\s*(?:\x1b\[K)?$")  # include/dickemap/progress.h


def program() -> str:
    """Where the program is."""
    beside = pathlib.Path(__file__).resolve().parents[2] / "build" / "release" / "dickemap"
    found = os.environ.get("DICKEMAP") or (str(beside) if os.access(beside, os.X_OK) else shutil.which("dickemap"))
    if not found:
        raise Error("the program dickemap was not found: build it (jobs/quickstart.sh), or let DICKEMAP name it")
    return found


def run(job: jobs.Job, output: str | os.PathLike | None = None, ranks: int | None = None, resume: bool = True, *,
        set: Mapping[str, Any] | None = None, overwrite: bool = False, options: Sequence[str] = (), progress: bool | None = None,
        **how: Any) -> xr.Dataset:
    """Computes a job among processes and returns its file, as `open` does.

    job: a path, YAML, or a mapping of its keys.  output: the file; None keeps none.  ranks: processes, one of which hands out the
    points; None takes the cores and one, or a single process without mpirun.  resume: what is there already in `output` is
    continued; with False a file that exists is refused, or replaced with overwrite=True.  set: keys to override,
    {"solver.t_max": 1e5}.  options: further ones of the program, such as ["--time-limit", "2h"] or ["--extend", "old.h5"].
    progress: True, False, or None for a bar where somebody looks.  how: as of `open`.

    Ctrl-C ends the run in good order: points under way are suspended, the same call continues.  Raises Error in the words of the
    program.
    """
    for name in how:  # before anything is computed
        if name not in OF_OPEN:
            raise Error(f"run: there is no argument {name} (there are: job, output, ranks, resume, set, overwrite, options, progress, "
                        f"{', '.join(OF_OPEN)})")
    if isinstance(options, (str, bytes)) or not all(isinstance(word, str) for word in options):
        raise Error('run: options are words of the command line, ["--time-limit", "2h"]')
    if ranks is not None:
        arguments.number("run: ranks", ranks, 1, integer=True)
    if output is not None:
        arguments.path(output, "run: the output")
    with contextlib.ExitStack() as stack:
        if output is None:
            output = os.path.join(stack.enter_context(tempfile.TemporaryDirectory(prefix="dickemap-")), "output.h5")
            if how.get("chunks") is not None:
                raise Error("run: without an output there is no file to be read in chunks")
        file = stack.enter_context(jobs.as_file(job))
        exists = ["--overwrite"] if overwrite else ["--resume"] if resume and "--extend" not in options else []
        command = [*_mpirun(ranks), program(), "run", str(file), "-o", os.fspath(output), *exists, *options, *_sets(set)]
        _follow(command, progress, _renamed(job, file))
        return reading.open(output, **how)


class Plan(dict):
    """What a job would take: {"points": ..., "time of a point": ..., "estimate": ...} as texts; printed as the program does."""

    def __init__(self, text: str):
        super().__init__(re.findall(r"^(\S.*?)\s{2,}(\S.*)$", text, re.MULTILINE))
        self.text = text

    def __repr__(self) -> str:
        return self.text.rstrip()

    __str__ = __repr__


def plan(job: jobs.Job, *, set: Mapping[str, Any] | None = None) -> Plan:
    """Checks a job and says what it would take.  Raises Error in the words of the program."""
    with jobs.as_file(job) as file:
        result = subprocess.run([program(), "plan", str(file), *_sets(set)], env=_environment(), text=True, capture_output=True)
    said = _Said()
    for line in result.stderr.splitlines():
        said.take(line)
    said.end(result.returncode, _renamed(job, file))
    return Plan(result.stdout)


def _renamed(job, file):
    """(from, to): messages name the job, and not the file that was written for the program."""
    return (str(file), jobs.NAME) if jobs.text_of(job) is not None else None


def _sets(set):
    return [word for setting in jobs.settings(set) for word in ("--set", setting)]


# ---- mpirun ----


def _environment():
    """Of processes of MPI on this machine alone, as setup_mpi_environment of jobs/setup.sh has it; what is set stays."""
    wanted = {"OMPI_MCA_mpi_yield_when_idle": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
              "PRTE_MCA_rmaps_default_mapping_policy": ":OVERSUBSCRIBE", "OMPI_MCA_oob_tcp_if_include": "lo",
              "OMPI_MCA_btl_tcp_if_include": "lo", "OMPI_MCA_btl_vader_single_copy_mechanism": "none"}
    if os.geteuid() == 0:
        wanted |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    return wanted | {name: value for name, value in os.environ.items() if value or name not in wanted}


def _mpirun(ranks):
    """The words before the program; none for a single process."""
    launcher = next(filter(None, (shutil.which(name) for name in (os.environ.get("MPIEXEC", "mpirun"), "mpiexec"))), None)
    if ranks is None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        ranks = cores + 1 if cores > 1 and launcher else 1
    if ranks == 1:
        return []
    if not launcher:
        raise Error(f"run: {ranks} ranks need mpirun, which was not found (Debian: openmpi-bin, or mpich)")
    version = subprocess.run([launcher, "--version"], text=True, capture_output=True, env=_environment()).stdout
    options = ["--map-by", ":OVERSUBSCRIBE"] if "Open MPI) 5" in version else ["--oversubscribe"] if "Open MPI" in version else []
    if options and os.geteuid() == 0:
        options.append("--allow-run-as-root")
    return [launcher, *options, "-n", str(ranks)]


# ---- a run under way ----


class _Said:
    """What the program says on stderr, but for its progress."""

    def __init__(self):
        self.lines = []

    def take(self, line):
        if line.strip():
            self.lines.append(line.rstrip())

    def end(self, code, renamed):
        """Warnings become such, what went wrong an Error; with names (from, to) for those of files."""
        self.lines = [line.replace(*renamed) if renamed else line for line in self.lines]
        for line in self.lines:
            if ": warning: " in line:
                warnings.warn(line.partition(": warning: ")[2], stacklevel=4)
        if code:
            own = [line.partition("dickemap: ")[2] for line in self.lines if line.startswith("dickemap: ")]
            raise Error("\n".join(own or self.lines or [f"the program ended with exit code {code}"]))


@contextlib.contextmanager
def _terminal() -> Iterator[tuple[int, int]]:
    """Two ends, to read and to write: of a terminal, to which the program shows its progress five times a second, and not every
    ten seconds; of a pipe where there are no terminals."""
    try:
        ends = os.openpty()
        tty.setraw(ends[1])
    except OSError:
        ends = os.pipe()
    left = list(ends)
    try:
        yield ends
    finally:
        for end in left:
            with contextlib.suppress(OSError):
                os.close(end)


def _pieces(end):
    """Lines, and what a bar rewrites, until nobody writes any more."""
    rest = ""
    while True:
        try:
            some = os.read(end, 1 << 16)
        except OSError as error:  # of a terminal that nobody has open for writing
            if error.errno != errno.EIO:
                raise
            some = b""
        *whole, rest = re.split("[\r\n]", rest + some.decode(errors="replace"))
        yield from whole
        if not some:
            yield rest
            return


class _Stop:
    """How a run is ended in good order: USR1, which mpirun passes on, twice; whoever insists ends it at once."""

    def __init__(self, process):
        self.process, self.n_asked = process, 0

    def ask(self, *_):
        self.n_asked += 1
        if self.n_asked == 1:
            self._send(signal.SIGUSR1)
            timer = threading.Timer(AGAIN, self._send, (signal.SIGUSR1,))
            timer.daemon = True
            timer.start()
        else:
            self._send(signal.SIGTERM)

    def _send(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)


def _follow(command, progress, renamed):
    """Until the program has ended; its progress as ours."""
    said = _Said()
    with _terminal() as (ours, theirs), Bar(0, progress) as bar:
        # In a session of its own: Ctrl-C on a terminal is for us alone, who pass on what is meant.
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs, env=_environment(),
                                   start_new_session=True)
        os.close(theirs)
        stop = _Stop(process)
        main = threading.current_thread() is threading.main_thread()
        previous = signal.signal(signal.SIGINT, stop.ask) if main and callable(signal.getsignal(signal.SIGINT)) else None
        try:
            for piece in _pieces(ours):
                found = PROGRESS.search(piece)
                if found:
                    bar.update(int(found[1]), int(found[2]), found[3])
                else:
                    said.take(piece)
            code = process.wait()
        except BaseException:
            stop.ask()
            process.wait()
            raise
        finally:
            if previous:
                signal.signal(signal.SIGINT, previous)
    if stop.n_asked and code:
        raise KeyboardInterrupt("; ".join(line for line in said.lines if line.startswith("dickemap: ")))
    said.end(code, renamed)
