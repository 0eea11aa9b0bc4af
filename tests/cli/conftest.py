# SPDX-License-Identifier: GPL-3.0-or-later
"""The program as a user meets it: DICKEMAP names the program under test."""

import os
import pathlib
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))  # tests that take from others
from machine import mpi_variables, mpirun

SUPPRESSIONS = pathlib.Path(__file__).resolve().parents[1] / "lsan.supp"
JOB = """\
title: A small map
model:
  patterns: 2
  Omega: 0.5
  Omega_mu: [1.5, 2.0]
  kappa_mu: [1.0]
initial: {overlap: 1.0}
axes:
  - {name: g0, from: 0.3, to: 1.5, points: 13}
  - {name: pattern, values: [1, 2]}
solver: {method: ensemble, tolerance: 1e-10, t_max: 1e5}
"""


@pytest.fixture(scope="session")
def program():
    """Path of the program under test."""
    if "DICKEMAP" not in os.environ:
        pytest.skip("DICKEMAP does not name the program to test")
    return str(pathlib.Path(os.environ["DICKEMAP"]).resolve())


@pytest.fixture(scope="session")
def mpi_environment():
    """Environment for ranks of this machine alone, with session files in a folder of their own."""
    # A short name: sockets live there, and their paths are limited to some 100 bytes.
    with tempfile.TemporaryDirectory(prefix="dkm") as session:
        yield os.environ | mpi_variables() | {
            "TMPDIR": session,
            # With the sanitizers, as in tests/CMakeLists.txt
            "ASAN_OPTIONS": "fast_unwind_on_malloc=0:intercept_tls_get_addr=0",
            "LSAN_OPTIONS": f"suppressions={SUPPRESSIONS}:print_suppressions=0",
        }


@pytest.fixture
def dickemap(program, mpi_environment, tmp_path):
    """dickemap(*arguments, ranks=N) in the test's folder: the finished process. Without ranks: no mpirun."""

    def run(*arguments, ranks=None, cwd=tmp_path, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 300} | options
        return subprocess.run(mpirun(ranks) + [program, *map(str, arguments)], cwd=cwd, env=mpi_environment, text=True,
                              **options)

    return run


@pytest.fixture(scope="session")
def make(program, mpi_environment, tmp_path_factory):
    """make(*lists of arguments): a folder of the session with small.yaml (the fixture `job`), in which these runs have
    been made, for tests that copy their files."""

    def run(*commands):
        folder = tmp_path_factory.mktemp("made")
        (folder / "small.yaml").write_text(JOB)
        for command in commands:
            subprocess.run([program, "run", "small.yaml", "-q", *command], cwd=folder, env=mpi_environment, check=True,
                           capture_output=True, timeout=300)
        return folder

    return run


@pytest.fixture
def refused(dickemap, tmp_path):
    """refused(*arguments, ranks=N): runs what must be refused and returns the message. Checks that there is one
    message of one line, exit code 1, nothing on standard output and no file that was not there before."""

    def run(*arguments, ranks=None, **options):
        before = sorted(tmp_path.rglob("*"))
        result = dickemap(*arguments, ranks=ranks, **options)
        messages = [line for line in result.stderr.splitlines() if line.startswith("dickemap: ")]
        assert result.returncode == 1, result.stderr
        assert len(messages) == 1, result.stderr
        assert ranks is not None or result.stderr == messages[0] + "\n"  # mpirun has more to say
        assert result.stdout.startswith("---") or result.stdout == ""  # mpirun's note that a process failed
        assert sorted(tmp_path.rglob("*")) == before
        return messages[0].removeprefix("dickemap: ")

    return run


@pytest.fixture
def job(tmp_path):
    """A job of 26 points, in the test's folder."""
    path = tmp_path / "small.yaml"
    path.write_text(JOB)
    return path
