# SPDX-License-Identifier: GPL-3.0-or-later
"""The analysis scripts as modules and as programs, and files for them to read."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "analysis"), str(ROOT / "tests" / "analysis")]

import synthetic  # noqa: E402


@pytest.fixture
def closed_forms(tmp_path):
    """Fig. 3 as theory has it, complete."""
    return synthetic.write(tmp_path / "theory.h5")


@pytest.fixture
def script(tmp_path):
    """Runs analysis/<name> with arguments in an empty folder: the finished process."""

    def run(name, *arguments):
        return subprocess.run([ROOT / "analysis" / name, *map(str, arguments)], cwd=tmp_path, text=True,
                              capture_output=True)

    return run


@pytest.fixture(scope="session")
def program():
    """The dickemap program under test."""
    if "DICKEMAP" not in os.environ:
        pytest.skip("DICKEMAP does not name the program to test")
    return os.environ["DICKEMAP"]


@pytest.fixture(scope="session")
def computed(program, tmp_path_factory):
    """jobs/fig3.yaml with 12 couplings, computed by one process."""
    path = tmp_path_factory.mktemp("fig3") / "fig3.h5"
    subprocess.run([program, "run", ROOT / "jobs" / "fig3.yaml", "-o", path, "--set", "axes.g0.points=12"], check=True,
                   capture_output=True)
    return path
