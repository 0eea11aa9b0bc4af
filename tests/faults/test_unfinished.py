# SPDX-License-Identifier: GPL-3.0-or-later
"""Points that take long: a run that ends inside them goes on inside them."""

import os
import re
import shutil
import signal
import struct
import zlib

import pytest

from files import contents, message_of, n_done, wait_for

# Three of the six points are followed until t_max, which takes some seconds; the others are known at once.
JOB = """\
title: Slow points
model: {patterns: 3, g0: 1.5, Omega: 0.5, Omega_mu: [1.5, -2.0, 2.5], kappa_mu: [1.0]}
initial: {overlap: 0.5}
axes:
  - {name: perturbation, values: [0.0, 0.1]}
  - {name: seed, values: [1, 2, 3]}
solver: {method: ensemble, tolerance: 1e-10, t_max: 5e5, max_steps: 8000000}
"""
SLOW = ["3", "4", "5"]
T_MAX = 5e5
OFTEN = ["--save-interval", "0.9s"]  # what took a sixth of that is saved, and so long that it is suspended, too


@pytest.fixture
def job(tmp_path):
    (tmp_path / "job.yaml").write_text(JOB)
    return "job.yaml"


@pytest.fixture(scope="module")
def slow_file(finish, tmp_path_factory):
    """The file of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("slow")
    (folder / "job.yaml").write_text(JOB)
    result = finish(folder, "run", "job.yaml", "-o", "whole.h5")
    assert result.returncode == 0, result.err
    assert sorted(os.listdir(folder)) == ["job.yaml", "whole.h5"]
    return folder / "whole.h5"


@pytest.fixture(scope="module")
def slow(slow_file):
    return contents(slow_file)


def states(path):
    """Names in the folder of unfinished points, without those half written."""
    folder = path.with_name(path.name + ".unfinished")
    return sorted(name for name in os.listdir(folder) if name.isdigit()) if folder.exists() else []


def interrupt(start, folder, *arguments, ranks=None, how):
    """A run until its slow points have been saved once, then ended."""
    process = start(folder, "run", "job.yaml", "-o", "a.h5", *OFTEN, *arguments, ranks=ranks)
    wait_for(lambda: states(folder / "a.h5") == SLOW or process.poll() is not None)
    how(process)
    process.out, process.err = process.communicate(timeout=60)
    return process


def usr1_twice(process):
    process.send_signal(signal.SIGUSR1)
    wait_for(lambda: "points under way are finished" in process.stderr.readline())
    process.send_signal(signal.SIGUSR1)


def times(finish, folder):
    """What `info` says about unfinished points: their number, and least and greatest time reached."""
    told = finish(folder, "info", "--all", "a.h5").out
    found = re.search(r"^unfinished: (\d+)(?:, t = (\S+) to (\S+))?$", told, re.MULTILINE)
    return int(found[1]), float(found[2] or 0), float(found[3] or 0), told


def resume(finish, folder, *, ranks=None, n_inside=len(SLOW)):
    result = finish(folder, "run", "job.yaml", "-o", "a.h5", "--resume", ranks=ranks)
    assert result.returncode == 0, result.err
    assert (f"{n_inside}  points went on inside" in result.out) == (n_inside > 0)
    assert sorted(os.listdir(folder)) == ["a.h5", "job.yaml"]
    return result


@pytest.fixture(scope="module")
def stopped(start, tmp_path_factory):
    """A folder with a.h5, whose slow points are suspended."""
    folder = tmp_path_factory.mktemp("stopped")
    (folder / "job.yaml").write_text(JOB)
    process = interrupt(start, folder, how=lambda process: process.send_signal(signal.SIGTERM))
    assert process.returncode == 85, process.err
    return folder


@pytest.fixture
def copy(stopped, tmp_path):
    shutil.copytree(stopped, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_a_second_usr1_suspends_points_and_resume_goes_on_inside(start, finish, job, tmp_path, slow):
    process = interrupt(start, tmp_path, ranks=3, how=usr1_twice)
    assert process.returncode == 85, process.err
    assert "points under way are suspended" in process.err
    left = 6 - n_done(tmp_path / "a.h5")  # all three, unless the machine was very slow to pass the signal on
    assert 1 <= left <= 3 and f"{left} left, {left} of them suspended" in message_of(process)
    assert len(states(tmp_path / "a.h5")) == left and set(states(tmp_path / "a.h5")) <= set(SLOW)
    n, least, most, _ = times(finish, tmp_path)
    assert n == left and 0 < least <= most < T_MAX
    result = resume(finish, tmp_path, n_inside=left)
    assert f"on inside, from t = {least:.6g}" in result.err
    assert contents(tmp_path / "a.h5") == slow


def test_a_time_limit_is_used_up_and_suspends_points(start, finish, job, tmp_path, slow):
    """No run falls behind the one before, and together they come to the end, though none would come to the end of a slow point."""
    reached = []
    for _ in range(300):  # a busy machine gives it little of each second
        process = finish(tmp_path, "run", job, "-o", "a.h5", "--resume", "--time-limit", "0:01")
        if process.returncode == 0:
            break
        assert process.returncode == 85 and "ending early (--time-limit" in process.err
        assert "points under way are suspended" in process.err
        reached.append((n_done(tmp_path / "a.h5"), times(finish, tmp_path)[2]))  # what is furthest, until it is done
    assert process.returncode == 0 and len(reached) >= 1
    assert reached == sorted(reached) and any(t > 0 for _, t in reached)
    assert contents(tmp_path / "a.h5") == slow


def test_a_killed_run_goes_on_from_what_it_saved_last(start, finish, job, tmp_path, slow):
    process = interrupt(start, tmp_path, how=lambda process: process.kill())
    assert process.returncode == -signal.SIGKILL
    n, least, most, _ = times(finish, tmp_path)
    assert n == 3 and 0 < least <= most < T_MAX
    (tmp_path / "a.h5.unfinished" / "4.new").write_bytes(b"half written")
    result = resume(finish, tmp_path, ranks=3)
    assert f"3 points go on inside, from t = {least:.6g} and later" in result.err
    assert contents(tmp_path / "a.h5") == slow


# ---- states that cannot be used ----

HEAD_BYTES, VERSION_AT, CRC_AT = 168, 16, 160


def rewrite_head(path, at, new):
    """Other bytes in the head, whose checksum is that of them."""
    content = bytearray(path.read_bytes())
    content[at:at + len(new)] = new
    content[CRC_AT:CRC_AT + 4] = struct.pack("=I", zlib.crc32(content[:CRC_AT]))
    path.write_bytes(content)


def test_a_state_of_another_version_one_cut_short_and_a_damaged_one_are_not_used(finish, copy, slow):
    folder = copy / "a.h5.unfinished"
    assert (folder / "3").read_bytes()[:16] == b"dickemap-state 1"
    rewrite_head(folder / "3", VERSION_AT, b"0.0.1 (git 0000000)\0")
    (folder / "4").write_bytes((folder / "4").read_bytes()[:-1])
    content = bytearray((folder / "5").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "5").write_bytes(content)
    n, _, _, told = times(finish, copy)  # the head of the last one is in order
    assert n == 1 and "unfinished and not usable: 1 of another version, 0 of another job, 1 damaged" in told
    result = resume(finish, copy, n_inside=0)
    assert "2 states are not used (1 of another version of dickemap, 0 of another job, 1 damaged)" in result.err
    assert "a.h5.unfinished/5 is not used (wrong checksum): the point begins anew" in result.err
    assert contents(copy / "a.h5") == slow


def test_files_that_are_no_states_are_told_apart(finish, copy):
    for name, content in (("3", b""), ("4", b"hello"), ("5", bytes(4096))):
        (copy / "a.h5.unfinished" / name).write_bytes(content)
    n, _, _, told = times(finish, copy)
    assert n == 0 and "unfinished and not usable: 0 of another version, 0 of another job, 3 damaged" in told


def test_states_of_another_point_and_another_job_are_not_used(finish, copy, slow):
    folder = copy / "a.h5.unfinished"
    shutil.copy(folder / "4", folder / "3")
    rewrite_head(folder / "5", 148, b"\1\2\3\4")  # checksum of the job
    result = resume(finish, copy, n_inside=1)
    assert "2 states are not used (0 of another version of dickemap, 2 of another job, 0 damaged)" in result.err
    assert contents(copy / "a.h5") == slow


def test_overwrite_removes_states_and_leaves_files_of_others(finish, copy):
    (copy / "a.h5.unfinished" / "notes.txt").write_text("not of dickemap")
    result = finish(copy, "run", "job.yaml", "-o", "a.h5", "--overwrite")
    assert result.returncode == 0 and "inside" not in result.out + result.err
    assert os.listdir(copy / "a.h5.unfinished") == ["notes.txt"]


def test_a_file_of_the_name_of_the_folder_is_left_alone(finish, job, tmp_path):
    (tmp_path / "a.h5.unfinished").write_text("not of dickemap")
    process = finish(tmp_path, "run", job, "-o", "a.h5")
    assert process.returncode == 1 and "is a file, not a folder" in message_of(process)
    assert not (tmp_path / "a.h5").exists()
    assert (tmp_path / "a.h5.unfinished").read_text() == "not of dickemap"


def test_a_state_that_cannot_be_written_is_told_once_and_costs_no_record(start, job, tmp_path):
    for name in SLOW:
        (tmp_path / "a.h5.unfinished" / f"{name}.new").mkdir(parents=True)  # where the state would be written
    process = start(tmp_path, "run", job, "-o", "a.h5", "--save-interval", "0:01")  # the others are done by then
    told = process.stderr.readline()
    while "points under way cannot be saved" not in told:
        assert told
        told = process.stderr.readline()
    assert ".new cannot be written: Is a directory" in told
    process.send_signal(signal.SIGTERM)
    process.out, process.err = process.communicate(timeout=60)
    assert process.returncode == 85 and "cannot be saved" not in process.err
    assert "3 of 6 points done, 3 left, 0 of them suspended" in message_of(process)


def test_with_sensitivity_points_are_given_up(start, job, tmp_path):
    path = tmp_path / "a.h5"
    process = start(tmp_path, "run", job, "-o", "a.h5", "--set", "solver.sensitivity=on", *OFTEN)
    wait_for(path.exists)
    process.send_signal(signal.SIGTERM)
    process.out, process.err = process.communicate(timeout=60)
    assert process.returncode == 85 and "points under way are given up" in process.err
    assert "0 of them suspended" in message_of(process) and not states(path)


def test_an_interval_that_is_no_time_is_refused(finish, job, tmp_path):
    process = finish(tmp_path, "run", job, "--save-interval", "often")
    assert process.returncode == 1 and "--save-interval often is not a time" in message_of(process)
