# SPDX-License-Identifier: GPL-3.0-or-later
"""Outputs that somebody else replaces, cuts or overwrites while a run writes them: the run says so, and does not claim that
its results are there."""

import os
import shutil

import pytest

from files import JOB, message_of, n_done, wait_for


def replace_by_name(other, output):
    """As rsync and editors do."""
    os.replace(other, output)


def cut(_, output):
    """As the shell's > does."""
    os.truncate(output, 0)


def overwrite(other, output):
    """As cp does: the same file, other bytes."""
    output.write_bytes(other.read_bytes())


def remove(_, output):
    output.unlink()


@pytest.fixture(scope="module")
def foreign(finish, tmp_path_factory):
    """A complete file of another job."""
    folder = tmp_path_factory.mktemp("foreign")
    (folder / "job.yaml").write_text(JOB)
    result = finish(folder, "run", "job.yaml", "-o", "other.h5", "-q", "--set", "axes.g0.points=50")
    assert result.returncode == 0, result.err
    return folder / "other.h5"


@pytest.mark.parametrize("how", [replace_by_name, cut, overwrite, remove])
@pytest.mark.parametrize("ranks", [None, 3])
def test_an_output_that_is_not_ours_any_more(start, finish, tmp_path, foreign, how, ranks):
    (tmp_path / "job.yaml").write_text(JOB)
    output, other = tmp_path / "a.h5", tmp_path / "other.h5"
    shutil.copy(foreign, other)
    process = start(tmp_path, "run", "job.yaml", "-o", "a.h5", "-q", ranks=ranks)
    wait_for(lambda: n_done(output) > 0)
    how(other, output)
    process.out, process.err = process.communicate(timeout=120)
    assert process.returncode == 2, process.err
    assert "a.h5" in message_of(process)
    assert "written to" not in process.out
    assert not (tmp_path / "a.h5.lock").exists()
    if how is replace_by_name:
        assert output.read_bytes() == foreign.read_bytes()
    if how is remove:
        assert not output.exists()
        return
    left = output.read_bytes()
    again = finish(tmp_path, "run", "job.yaml", "-o", "a.h5", "-q", "--resume", ranks=ranks)
    assert again.returncode == 1 and "a.h5" in message_of(again)
    assert output.read_bytes() == left
