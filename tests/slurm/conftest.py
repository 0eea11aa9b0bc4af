# SPDX-License-Identifier: GPL-3.0-or-later
"""A real SLURM of two nodes on this machine, for tests of jobs/*.sbatch."""

import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from machine import mpi_variables  # noqa: E402
from slurm_jobs import Batch  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "scancel", "squeue", "sinfo", "unshare"]


@pytest.fixture(scope="session")
def program():
    """Path of the program under test."""
    if "DICKEMAP" not in os.environ:
        pytest.skip("DICKEMAP does not name the program to test")
    return str(pathlib.Path(os.environ["DICKEMAP"]).resolve())


@pytest.fixture(scope="session")
def slurm_environment():
    """Starts SLURM and ends it; the environment in which its commands and jobs run."""
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (jobs/packages.txt, section [slurm])")
    if os.getuid() != 0:
        pytest.skip("only root can start a SLURM of its own")
    name = socket.gethostname().partition(".")[0]
    try:
        socket.getaddrinfo(name, None)
    except socket.gaierror:
        pytest.skip(f"this machine has no address for its own name, {name}, where SLURM listens: /etc/hosts lacks it")
    # A short name: sockets live there, and their paths are limited to some 100 bytes.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dkm", dir="/tmp"))
    port = random.randrange(20000, 30000, 10)
    try:
        subprocess.run([HERE / "up.sh", folder, str(port)], check=True, timeout=120, stdout=subprocess.DEVNULL)
        yield {name: value for name, value in os.environ.items() if not name.startswith("SLURM")} | mpi_variables() | {
            "SLURM_CONF": str(folder / "slurm.conf"),
            "TMPDIR": str(folder / "tmp"),
        }
    finally:
        subprocess.run([HERE / "down.sh", folder], timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def submit(slurm_environment, tmp_path):
    """submit(program, *options of sbatch, **variables of the script): the job, ended with the test if not before."""
    tmp_path.chmod(0o755)
    batches = []

    def run(program, *options, **variables):
        batches.append(Batch(slurm_environment, tmp_path, program, *options, **variables))
        return batches[-1]

    yield run
    for batch in batches:
        batch.end()
