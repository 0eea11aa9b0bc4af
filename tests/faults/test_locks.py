# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time on one output: also in containers, by other names, after losses of power, on file systems without hard
links; and what has the name of something of ours without being it."""

import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
import time

import h5py
import pytest

from file_system import FileSystem
from files import SLOWLY, contents, message_of, n_done, names_in, wait_for, wrong_records

MANY = ["--set", "axes.g0.points=30000"]
SMALL = ["--set", "axes.g0.points=5"]
LONG_AGO = 3600  # seconds
OLD = "host: elsewhere\nboot: x\npid: 5\nstarted: 7\njob: 12\nrestart: 0\ntime: 2026-01-02T03:04:05Z\n"


def holder_of(lock):
    return int(next(line for line in lock.read_text().splitlines() if line.startswith("pid: ")).split()[1])


@pytest.fixture
def under_way(start, job, tmp_path):
    """A run on a.h5 that takes long."""
    process = start(tmp_path, "run", job, *MANY, "-o", "a.h5")
    wait_for(lambda: n_done(tmp_path / "a.h5") > 0)
    yield process
    if process.poll() is None:
        process.kill()
        process.communicate()


# ---- a living run holds its lock ----


def test_a_run_in_another_namespace_of_processes_is_seen_alive(program, environment, under_way, job, tmp_path):
    unshare = ["unshare", "--pid", "--fork", "--mount-proc"]
    if subprocess.run([*unshare, "true"], capture_output=True).returncode != 0:
        pytest.skip("no new namespaces of processes here")
    second = subprocess.run([*unshare, program, "run", job, *MANY, "-o", "a.h5", "--resume"], cwd=tmp_path, env=environment,
                            capture_output=True, text=True, timeout=300)
    assert second.returncode == 1, second.stderr
    assert f"in use by another run: process {under_way.pid} on host" in second.stderr
    assert under_way.poll() is None


def test_a_run_that_was_stopped_is_alive(under_way, finish, job, tmp_path):
    under_way.send_signal(signal.SIGSTOP)
    second = finish(tmp_path, "run", job, *MANY, "-o", "a.h5", "--resume")
    assert second.returncode == 1 and "in use by another run" in message_of(second)
    under_way.send_signal(signal.SIGCONT)


def test_another_name_of_the_file_is_in_use_too(under_way, finish, job, tmp_path):
    os.link(tmp_path / "a.h5", tmp_path / "b.h5")
    (tmp_path / "c.h5").symlink_to("a.h5")
    for name, why in (("b.h5", "another of its 2 names (hard links)"), ("c.h5", f"process {under_way.pid} on host")):
        for how in ("--resume", "--overwrite"):
            second = finish(tmp_path, "run", job, *MANY, "-o", name, how)
            assert second.returncode == 1 and why in message_of(second)
    assert finish(tmp_path, "info", "--all", "b.h5").returncode == 0
    with h5py.File(tmp_path / "b.h5", "r"):  # with the locks of HDF5
        pass
    under_way.send_signal(signal.SIGTERM)
    under_way.communicate(timeout=60)
    assert names_in(tmp_path) == ["a.h5", "b.h5", "c.h5", "job.yaml"]


def test_signs_of_life_are_given_while_a_run_works(under_way, tmp_path):
    before = (tmp_path / "a.h5.lock").stat().st_mtime
    wait_for(lambda: (tmp_path / "a.h5.lock").stat().st_mtime > before)


def test_a_run_whose_lock_is_removed_takes_it_again(under_way, finish, job, tmp_path):
    lock = tmp_path / "a.h5.lock"
    lock.unlink()
    wait_for(lock.exists)
    assert holder_of(lock) == under_way.pid
    second = finish(tmp_path, "run", job, *MANY, "-o", "a.h5", "--resume")
    assert second.returncode == 1 and f"process {under_way.pid}" in message_of(second)
    under_way.send_signal(signal.SIGTERM)
    _, told = under_way.communicate(timeout=60)
    assert "its lock was removed by somebody, and is taken again" in told
    assert not lock.exists()


def test_a_run_whose_lock_is_taken_by_force_gives_way(under_way, start, finish, job, tmp_path):
    second = start(tmp_path, "run", job, *MANY, "-o", "a.h5", "--resume", "--break-lock")
    under_way.out, under_way.err = under_way.communicate(timeout=120)
    assert under_way.returncode == 85
    message = message_of(under_way)
    assert f"another run has taken its lock by force: process {second.pid} on host" in message and "--resume" in message
    assert second.poll() is None and holder_of(tmp_path / "a.h5.lock") == second.pid
    second.send_signal(signal.SIGTERM)
    assert second.communicate(timeout=60) and second.returncode == 85
    assert wrong_records(tmp_path / "a.h5")[0] == 0
    assert names_in(tmp_path) == ["a.h5", "job.yaml"]


# ---- a lock that nobody holds ----


def age(path):
    then = path.stat().st_mtime - LONG_AGO
    os.utime(path, (then, then))


def test_an_empty_lock_that_nobody_keeps_is_replaced(finish, job, tmp_path):
    lock = tmp_path / "a.h5.lock"
    lock.touch()
    age(lock)
    result = finish(tmp_path, "run", job, *SMALL, "-o", "a.h5", "--resume")
    assert result.returncode == 0 and "replaced an empty lock" in result.err
    assert not lock.exists()


@pytest.mark.long
def test_a_new_empty_lock_is_watched_for_a_minute(finish, job, tmp_path):
    (tmp_path / "a.h5.lock").touch()
    begin = time.monotonic()
    result = finish(tmp_path, "run", job, *SMALL, "-o", "a.h5", "--resume")
    assert result.returncode == 0 and "replaced an empty lock" in result.err
    assert time.monotonic() - begin > 50


def test_a_reader_that_keeps_a_flock_on_a_stale_lock_is_not_waited_for(finish, job, tmp_path):
    lock = tmp_path / "a.h5.lock"
    lock.write_text(OLD)
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        result = finish(tmp_path, "run", job, *SMALL, "-o", "a.h5")
    assert result.returncode == 1 and "--break-lock" in message_of(result)


def test_what_another_host_says_last_is_told(finish, job, tmp_path):
    lock = tmp_path / "a.h5.lock"
    lock.write_text(OLD + "beat: 10\n")
    age(lock)
    message = message_of(finish(tmp_path, "run", job, *SMALL, "-o", "a.h5"))
    assert "whether it lives cannot be seen from here: it is on another host" in message
    assert "its last sign of life, one is due every 10 s, was 36" in message and "--break-lock" in message


def test_texts_in_a_lock_cannot_reach_the_terminal(finish, job, tmp_path):
    lock = tmp_path / "a.h5.lock"
    lock.write_bytes(OLD.replace("elsewhere", "\x1b]0;owned\x07 \x9b31m").encode("latin-1"))
    assert finish(tmp_path, "run", job, *SMALL, "-o", "a.h5").returncode == 1
    result = finish(tmp_path, "run", job, *SMALL, "-o", "a.h5", "--break-lock")
    assert result.returncode == 0 and "]0;owned" in result.err
    assert not set(result.err) & set("\x1b\x07\x9b")


def test_resume_needs_nobody_after_a_loss_of_power(start, finish, job, tmp_path):
    """A file system that is cut off without writing what it has in memory, soon after the start."""
    file_system = FileSystem("ext4", tmp_path)
    disk = file_system.folder
    try:
        shutil.copy(tmp_path / job, disk)
        os.sync()
        process = start(disk, "run", job, "-o", "a.h5", *SLOWLY)
        wait_for(lambda: n_done(disk / "a.h5") > 0)
        file_system.cut_off()
        process.communicate(timeout=300)
        assert process.returncode != 0
        file_system.mount_again()
        assert (disk / "a.h5.lock").stat().st_size > 0
        result = finish(disk, "run", job, "-o", "a.h5", "--resume")
        assert result.returncode == 0 and f"replaced the lock of process {process.pid}" in result.err
        assert not (disk / "a.h5.lock").exists()
    finally:
        file_system.unmount("-l")


# ---- what has the name of something of ours ----


@pytest.mark.parametrize("kind", ["FIFO", "link", "folder"])
def test_what_has_the_name_of_the_lock_is_neither_waited_for_nor_followed(finish, job, tmp_path, kind):
    lock, victim = tmp_path / "a.h5.lock", tmp_path / "precious.txt"
    victim.write_text("precious\n")
    if kind == "FIFO":
        os.mkfifo(lock)
    elif kind == "link":
        lock.symlink_to(victim)
    else:
        lock.mkdir()
    result = finish(tmp_path, "run", job, *SMALL, "-o", "a.h5")
    assert result.returncode == 1 and f"a.h5.lock is a {kind}, not a file" in message_of(result)
    assert not (tmp_path / "a.h5").exists()
    if kind != "folder":
        result = finish(tmp_path, "run", job, *SMALL, "-o", "a.h5", "--break-lock")
        assert result.returncode == 0 and f"removed a {kind}" in result.err
        assert not os.path.lexists(lock)
    assert victim.read_text() == "precious\n"


@pytest.mark.parametrize("arguments", [["run", "job.yaml", "-o", "fifo.h5"], ["run", "job.yaml", "-o", "fifo.h5", "--resume"],
                                       ["run", "job.yaml", "-o", "fifo.h5", "--overwrite"],
                                       ["run", "job.yaml", "-o", "a.h5", "--extend", "fifo.h5"], ["info", "--all", "fifo.h5"],
                                       ["verify", "fifo.h5"], ["merge", "fifo.h5", "-o", "a.h5"]])
def test_a_fifo_is_no_output(finish, job, tmp_path, arguments):
    os.mkfifo(tmp_path / "fifo.h5")
    result = finish(tmp_path, *arguments)
    assert result.returncode == 1 and "fifo.h5" in message_of(result) and "not a regular file" in message_of(result)
    assert sorted(os.listdir(tmp_path)) == ["fifo.h5", "job.yaml"]


def test_a_link_to_nothing_is_named_as_what_it_is(finish, job, tmp_path):
    (tmp_path / "a.h5").symlink_to("gone/b.h5")
    for how in ([], ["--resume"], ["--overwrite"]):
        result = finish(tmp_path, "run", job, *SMALL, "-o", "a.h5", *how)
        assert result.returncode == 1
        assert "output a.h5 is a link to gone/b.h5, where there is no file" in message_of(result)
    assert sorted(os.listdir(tmp_path)) == ["a.h5", "job.yaml"]


def test_files_of_the_user_with_names_like_ours_stay(start, finish, job, tmp_path):
    process = start(tmp_path, "run", job, *MANY, "-o", "a.h5")
    wait_for(lambda: n_done(tmp_path / "a.h5") > 0)
    process.kill()
    process.communicate()
    theirs = {"a.h5.new-2": b"notes", "a.h5.new-20261125": (tmp_path / "a.h5").read_bytes(), "a.h5.new-3": b"",
              f"a.h5.new-{process.pid}": b"notes", "a.h5.lock.new-3-4": b"notes", "a.h5.new-": b"notes"}
    for name, text in theirs.items():
        (tmp_path / name).write_bytes(text)
    (tmp_path / "a.h5.new-7").mkdir()
    (tmp_path / "b.h5.new-5").write_text("notes")
    result = finish(tmp_path, "run", job, *MANY, "-o", "a.h5", "--resume", "--time-limit", "0:02")
    assert result.returncode in (0, 85) and f"replaced the lock of process {process.pid}" in result.err
    assert finish(tmp_path, "merge", "a.h5", "-o", "b.h5").returncode in (0, 85)
    assert {name: (tmp_path / name).read_bytes() for name in theirs} == theirs
    assert (tmp_path / "a.h5.new-7").is_dir() and (tmp_path / "b.h5.new-5").read_text() == "notes"


# ---- file systems without hard links ----


@pytest.fixture
def no_links():
    """What to preload, into the program alone."""
    library = pathlib.Path(os.environ.get("DICKEMAP_BUILD", "."), "tests", "no_links.so").resolve()
    if not library.exists():
        pytest.skip("DICKEMAP_BUILD does not name a build folder with tests/no_links.so")
    return {"LD_PRELOAD": str(library)}


def test_a_run_needs_no_hard_links(start, finish, no_links, job, whole, tmp_path):
    path = tmp_path / "a.h5"
    process = start(tmp_path, "run", job, "-o", "a.h5", *SLOWLY, variables=no_links)
    wait_for(lambda: n_done(path) > 0)
    second = finish(tmp_path, "run", job, "-o", "a.h5", "--resume", variables=no_links)
    assert second.returncode == 1 and f"process {process.pid}" in message_of(second)
    process.kill()
    process.communicate()
    result = finish(tmp_path, "run", job, "-o", "a.h5", "--resume", variables=no_links)
    assert result.returncode == 0 and f"replaced the lock of process {process.pid}" in result.err
    assert contents(path) == whole
    assert sorted(os.listdir(tmp_path)) == ["a.h5", "job.yaml"]
    refused = finish(tmp_path, "run", job, "-o", "a.h5", variables=no_links)
    assert refused.returncode == 1 and "exists already" in message_of(refused)
