# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that are killed, stopped, refused and resumed.  DICKEMAP names the program under test."""

import os
import pathlib
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from files import JOB, contents  # noqa: E402
from machine import mpi_variables, mpirun  # noqa: E402

SUPPRESSIONS = pathlib.Path(__file__).resolve().parents[1] / "lsan.supp"


@pytest.fixture(scope="session")
def program():
    """Path of the program under test."""
    if "DICKEMAP" not in os.environ:
        pytest.skip("DICKEMAP does not name the program to test")
    return str(pathlib.Path(os.environ["DICKEMAP"]).resolve())


@pytest.fixture(scope="session")
def environment():
    """Ranks of this machine alone, with session files in a folder of their own; no batch job around us."""
    with tempfile.TemporaryDirectory(prefix="dkm") as session:
        yield {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")} | mpi_variables() | {
            "TMPDIR": session, "ASAN_OPTIONS": "fast_unwind_on_malloc=0:intercept_tls_get_addr=0",
            "LSAN_OPTIONS": f"suppressions={SUPPRESSIONS}:print_suppressions=0"}


@pytest.fixture(scope="session")
def start(program, environment):
    """start(folder, *arguments, ranks=N, variables={}): the process, under way. Without ranks: no mpirun. Processes
    that a test leaves behind are ended with it."""
    processes = []

    def run(folder, *arguments, ranks=None, variables=None):
        process = subprocess.Popen(mpirun(ranks) + [program, *map(str, arguments)], cwd=folder, text=True,
                                   env=environment | (variables or {}), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        processes.append(process)
        return process

    yield run
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.fixture(scope="session")
def finish(start):
    """finish(folder, *arguments, ...): as start, and waits; the process has .out and .err."""

    def run(*arguments, **options):
        process = start(*arguments, **options)
        process.out, process.err = process.communicate(timeout=900)
        return process

    return run


@pytest.fixture
def job(tmp_path):
    (tmp_path / "job.yaml").write_text(JOB)
    return "job.yaml"


@pytest.fixture(scope="session")
def whole_file(finish, tmp_path_factory):
    """The file of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "job.yaml").write_text(JOB)
    result = finish(folder, "run", "job.yaml", "-o", "whole.h5", ranks=3)
    assert result.returncode == 0, result.err
    return folder / "whole.h5"


@pytest.fixture(scope="session")
def whole(whole_file):
    """Contents of the file of an uninterrupted run."""
    return contents(whole_file)
