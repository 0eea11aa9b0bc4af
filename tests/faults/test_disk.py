# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks that are full, fill up, or cannot be written: one message with the system's reason, and nothing is lost."""

import os
import re
import shutil
import subprocess

import h5py
import pytest

from files import JOB, contents, message_of, n_done, wait_for, wrong_records

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")


@pytest.fixture
def disk(tmp_path):
    """A disk of 16 MB."""
    path = tmp_path / "disk"
    path.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", path], capture_output=True).returncode:
        pytest.skip("tmpfs cannot be mounted here")
    (path / "job.yaml").write_text(JOB)
    yield path
    subprocess.run(["umount", "-l", path], check=True)


def fill(disk, left=0):
    """Fills the disk but for `left` bytes, with a file `ballast`."""
    with open(disk / "ballast", "ab", buffering=0) as ballast:
        for size in (1 << 16, 1 << 12):
            try:
                while True:
                    ballast.write(bytes(size))
            except OSError:
                pass
    os.truncate(disk / "ballast", (disk / "ballast").stat().st_size - left)


@pytest.fixture
def sparse(whole_file, disk, tmp_path):
    """a.h5 on the disk: nothing is done, and what is to be written has no space yet, as in files of some gigabytes."""
    path = shutil.copy(whole_file, tmp_path / "a.h5")
    with h5py.File(path, "r+") as file:
        file["status"][...] = 0
        file["checksum"][...] = 0
        regions = [(file[name].id.get_offset(), file[name].id.get_storage_size()) for name in file
                   if file[name].shape[:2] == file["status"].shape and name != "status"]
    for offset, length in regions:
        subprocess.run(["fallocate", "-p", "-o", str(offset), "-l", str(length), path], check=True)
    subprocess.run(["cp", "--sparse=always", path, disk], check=True)
    assert (disk / "a.h5").stat().st_blocks * 512 < path.stat().st_size / 3
    return disk / "a.h5"


def test_a_disk_that_fills_up_while_records_are_written(finish, sparse, whole):
    fill(sparse.parent, left=64 * 1024)  # of some 0.3 MB
    process = finish(sparse.parent, "run", "job.yaml", "-o", "a.h5", "--resume", ranks=3)
    assert process.returncode == 2, process.err
    said = message_of(process)
    assert re.fullmatch(r"rank [12] on \S+: a\.h5: `\w+` cannot be written: No space left on device", said), said
    assert not (sparse.parent / "a.h5.lock").exists()
    assert wrong_records(sparse)[0] == 0
    told = finish(sparse.parent, "info", "--all", "a.h5")
    assert told.returncode == 0 and f"points done; failed: {said}" in told.out
    (sparse.parent / "ballast").unlink()
    assert finish(sparse.parent, "run", "job.yaml", "-o", "a.h5", "--resume", ranks=3).returncode == 0
    assert contents(sparse) == whole
    assert finish(sparse.parent, "verify", "a.h5", "--sample", 0).returncode == 0


def test_a_disk_without_room_for_the_lock(finish, sparse):
    fill(sparse.parent)
    before = sparse.read_bytes()
    process = finish(sparse.parent, "run", "job.yaml", "-o", "a.h5", "--resume")
    assert process.returncode == 2 and "No space left on device" in message_of(process)
    assert "the lock" in message_of(process)
    assert sorted(os.listdir(sparse.parent)) == ["a.h5", "ballast", "job.yaml"] and sparse.read_bytes() == before


def test_a_disk_without_room_for_the_file(finish, disk):
    """Seen beforehand, by its size."""
    process = finish(disk, "run", "job.yaml", "-o", "a.h5", "--set", "axes.g0.points=2000000")
    assert process.returncode == 2 and "are free in folder ." in message_of(process)
    assert os.listdir(disk) == ["job.yaml"]
    fill(disk, left=1 << 20)
    process = finish(disk, "run", "job.yaml", "-o", "a.h5", "--set", "axes.g0.points=3000", ranks=2)
    assert process.returncode == 2
    assert re.search(r"would take 0\.00\d+ GB, but only 0\.00105 GB are free", message_of(process))
    assert sorted(os.listdir(disk)) == ["ballast", "job.yaml"]


def test_a_disk_that_fills_up_during_a_run_whose_file_has_its_space(start, finish, disk, whole):
    process = start(disk, "run", "job.yaml", "-o", "a.h5", ranks=3)
    wait_for(lambda: (disk / "a.h5").exists() and (disk / "a.h5").stat().st_size)
    fill(disk)
    process.communicate(timeout=300)
    assert process.returncode == 0
    assert contents(disk / "a.h5") == whole


def test_a_disk_that_can_only_be_read(finish, disk, tmp_path):
    assert finish(disk, "run", "job.yaml", "-o", "a.h5", "--set", "axes.g0.points=5").returncode == 0
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    few = ["--set", "axes.g0.points=5"]
    for arguments in (["-o", "b.h5"], ["-o", "b.h5", "--resume"], ["-o", "a.h5", *few, "--overwrite"]):
        process = finish(disk, "run", "job.yaml", *arguments)
        assert process.returncode == 1 and "Read-only file system" in message_of(process)
    process = finish(disk, "run", "job.yaml", "-o", "a.h5", *few, "--resume", "--check")
    assert process.returncode == 2 and "Read-only file system" in message_of(process)
    assert finish(disk, "info", "--all", "a.h5").returncode == 0 and finish(disk, "verify", "a.h5").returncode == 0
    assert n_done(disk / "a.h5") == 10 and sorted(os.listdir(disk)) == ["a.h5", "job.yaml"]


def test_a_file_that_can_only_be_read(finish, disk, tmp_path):
    """Not even by root."""
    assert finish(disk, "run", "job.yaml", "-o", "a.h5", "--set", "axes.g0.points=5").returncode == 0
    with h5py.File(disk / "a.h5", "r+") as file:
        file["status"][3] = 0
    shutil.copy(disk / "a.h5", tmp_path / "here.h5")
    (tmp_path / "there.h5").touch()
    subprocess.run(["mount", "--bind", tmp_path / "here.h5", tmp_path / "there.h5"], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", tmp_path / "there.h5"], check=True)
        process = finish(tmp_path, "run", disk / "job.yaml", "-o", "there.h5", "--set", "axes.g0.points=5", "--resume")
        assert process.returncode == 2 and "Read-only file system" in message_of(process)
        assert not (tmp_path / "there.h5.lock").exists()
    finally:
        subprocess.run(["umount", "-l", tmp_path / "there.h5"], check=True)
    assert n_done(tmp_path / "here.h5") == 8
