# SPDX-License-Identifier: GPL-3.0-or-later
"""File systems that are cut off in the middle of a run, as when a disk dies or power is lost: ext4 and xfs in a file, shut
down as the kernel does after a fatal error.  What was not synced by then is lost."""

import fcntl
import os
import shutil
import struct
import subprocess

import pytest

from files import wait_for

FS_IOC_SHUTDOWN, WITHOUT_FLUSHING_THE_JOURNAL = 0x8004587D, 2
MAKE = {"ext4": ["mkfs.ext4", "-q", "-F"], "xfs": ["mkfs.xfs", "-q", "-f"]}


class FileSystem:
    """A file system of a kind in a file, mounted on a folder."""

    def __init__(self, kind, scratch):
        if os.geteuid() != 0:
            pytest.skip("only root may mount")
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
