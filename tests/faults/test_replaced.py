# SPDX-License-Identifier: GPL-3.0-or-later
"""Outputs that somebody else replaces, cuts or overwrites while a run writes them: the run says so, and does not claim that
its results are there."""

import os
import shutil

import pytest

from files import JOB, message_of, n_done, wait_for

LONG_JOB = JOB.replace("points: 3000", "points: 12000")


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


@pytest.mark.parametrize("how", [replace_by_name, cut, overwrite, remove])
@pytest.mark.parametrize("ranks", [None, 3])
def test_an_output_that_is_not_ours_any_more(start, tmp_path, whole_file, how, ranks):
    (tmp_path / "job.yaml").write_text(LONG_JOB)
    output, other = tmp_path / "a.h5", tmp_path / "other.h5"
    shutil.copy(whole_file, other)
    foreign = other.read_bytes()
    process = start(tmp_path, "run", "job.yaml", "-o", "a.h5", "-q", ranks=ranks)
    wait_for(lambda: n_done(output) > 0)
    how(other, output)
    process.out, process.err = process.communicate(timeout=120)
    assert process.returncode == 2, process.err
    assert "a.h5" in message_of(process)
    assert "written to" not in process.out
    if how is replace_by_name:
        assert output.read_bytes() == foreign
    if how is remove:
        assert not output.exists()
    assert not (tmp_path / "a.h5.lock").exists()


@pytest.mark.parametrize("how", [replace_by_name, cut, remove])
def test_what_is_left_after_it_is_resumed_or_refused(start, finish, tmp_path, whole_file, how):
    """With one message, or none: a foreign file is not taken for ours."""
    (tmp_path / "job.yaml").write_text(LONG_JOB)
    output, other = tmp_path / "a.h5", tmp_path / "other.h5"
    shutil.copy(whole_file, other)
    process = start(tmp_path, "run", "job.yaml", "-o", "a.h5", "-q")
    wait_for(lambda: n_done(output) > 0)
    how(other, output)
    process.communicate(timeout=120)
    again = finish(tmp_path, "run", "job.yaml", "-o", "a.h5", "-q", "--resume")
    if how is remove:
        assert again.returncode == 0
    else:
        assert again.returncode == 1 and "a.h5" in message_of(again)
