# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs whose file system is cut off (file_system.py)."""

import os
import time

import pytest

from calls import Bench, arrays, differences, end
from file_system import MAKE, FileSystem
from files import JOB, SLOWLY, n_done, wait_for

BOUND = 120  # seconds; a hang has none


@pytest.fixture(params=sorted(MAKE))
def file_system(request, tmp_path):
    made = FileSystem(request.param, tmp_path)
    yield made
    made.unmount("-l")


@pytest.fixture(scope="module")
def bench(program):
    return Bench(program, os.environ.get("DICKEMAP_BUILD", "."))


@pytest.fixture(scope="module")
def reference(whole_file):
    return arrays(whole_file)


def cut_off_and_resume(file_system, bench, reference, tmp_path, ready, delay=0.0, ranks=3):
    (tmp_path / "job.yaml").write_text(JOB)
    output = file_system.folder / "a.h5"
    arguments = ["run", "job.yaml", "-o", output, "-q"]
    process = bench.start(tmp_path, *arguments, *SLOWLY, ranks=ranks)
    try:
        wait_for(lambda: ready(output) or process.poll() is not None)
        time.sleep(delay)
        assert process.poll() is None, "the run was over before its file system was cut off"
        file_system.cut_off()
        _, err = process.communicate(timeout=BOUND)
    finally:
        end(process)
    messages = [line for line in err.splitlines() if line.startswith("dickemap: ")]
    assert process.returncode == 2 and len(messages) == 1, f"code {process.returncode}: {err}"
    file_system.mount_again()
    if output.exists():
        wrong, _ = differences(output, reference)
        assert not wrong
    again = bench.run(tmp_path, *arguments, "--resume", ranks=ranks, bound=300)
    assert again.code == 0, again.err
    wrong, n = differences(output, reference)
    assert not wrong and n == reference["status"].size
    assert sorted(set(os.listdir(file_system.folder)) - {"lost+found"}) == ["a.h5"]


def test_a_file_system_that_is_cut_off(file_system, bench, reference, tmp_path):
    """While records are written."""
    cut_off_and_resume(file_system, bench, reference, tmp_path, lambda output: n_done(output) > 0)


@pytest.mark.long
@pytest.mark.parametrize("ranks", [1, 3])
@pytest.mark.parametrize("delay", [0, 0.05, 0.2, 0.5, 1, 1.5])
def test_a_file_system_that_is_cut_off_at_other_moments(file_system, bench, reference, tmp_path, ranks, delay):
    """From when the lock is taken on."""
    def begun(output):
        return output.with_name("a.h5.lock").exists()
    cut_off_and_resume(file_system, bench, reference, tmp_path, begun, delay, ranks)
