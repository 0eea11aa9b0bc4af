# SPDX-License-Identifier: GPL-3.0-or-later
"""File systems that are cut off in the middle of a run, as when a disk dies or a server is gone: ext4 and xfs in a file,
shut down as the kernel does after a fatal error.  What was not synced by then is lost."""

import fcntl
import os
import shutil
import struct
import subprocess
import time

import pytest

from calls import Bench, arrays, differences, end
from files import JOB, n_done, wait_for

FS_IOC_SHUTDOWN, WITHOUT_FLUSHING_THE_JOURNAL = 0x8004587D, 2
BOUND = 120  # seconds; a hang has none
MAKE = {"ext4": ["mkfs.ext4", "-q", "-F"], "xfs": ["mkfs.xfs", "-q", "-f"]}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")


class FileSystem:
    """A file system of a kind in a file, mounted on a folder."""

    def __init__(self, kind, scratch):
        self.image, self.folder = scratch / "image", scratch / "mounted"
        self.folder.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(320 << 20)
        tool = shutil.which(MAKE[kind][0], path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if not tool:
            pytest.skip(f"{MAKE[kind][0]} is not installed")
        subprocess.run([tool, *MAKE[kind][1:], self.image], check=True, capture_output=True)
        if self.mount().returncode:
            pytest.skip(f"{kind} cannot be mounted here")

    def mount(self):
        return subprocess.run(["mount", "-o", "loop", self.image, self.folder], capture_output=True)

    def cut_off(self):
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, FS_IOC_SHUTDOWN, struct.pack("I", WITHOUT_FLUSHING_THE_JOURNAL))
        finally:
            os.close(descriptor)

    def unmount(self, *options):
        return subprocess.run(["umount", *options, self.folder], capture_output=True)

    def mount_again(self):
        wait_for(lambda: self.unmount().returncode == 0)
        assert self.mount().returncode == 0


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
    process = bench.start(tmp_path, *arguments, ranks=ranks)
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
