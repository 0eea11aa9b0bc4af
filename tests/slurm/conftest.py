# SPDX-License-Identifier: GPL-3.0-or-later
"""A real SLURM of two nodes on this machine, for tests of jobs/*.sbatch."""

import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
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
    # A short name: sockets live there, and their paths are limited to some 100 bytes.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dkm", dir="/tmp"))
    port = random.randrange(20000, 30000, 10)
    try:
        subprocess.run([HERE / "up.sh", folder, str(port)], check=True, timeout=120, stdout=subprocess.DEVNULL)
        yield {name: value for name, value in os.environ.items() if not name.startswith("SLURM")} | {
            "SLURM_CONF": str(folder / "slurm.conf"),
            "TMPDIR": str(folder / "tmp"),
            "OMPI_ALLOW_RUN_AS_ROOT": "1",
            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_btl_tcp_if_include": "lo",
            "OMPI_MCA_oob_tcp_if_include": "lo",
            "OMPI_MCA_mpi_yield_when_idle": "1",
            "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
        }
    finally:
        subprocess.run([HERE / "down.sh", folder], timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


class Batch:
    """One job, submitted with jobs/dickemap.sbatch."""

    def __init__(self, environment, folder, program, *options, **variables):
        self.environment = environment
        self.log = folder / "log"
        # What a user changes in the script comes from outside here: options and variables.
        result = subprocess.run(
            ["sbatch", "--parsable", "--ntasks-per-node=2", "--time=10", f"--output={self.log}", *options,
             ROOT / "jobs" / "dickemap.sbatch"],
            cwd=folder, env=environment | {"DICKEMAP": str(program), "JOB": "job.yaml", "OUTPUT": "out.h5"} | variables,
            text=True, capture_output=True, timeout=60)
        assert result.returncode == 0, result.stderr
        self.number = result.stdout.strip()

    def command(self, *words):
        return subprocess.run(words, env=self.environment, check=True, text=True, capture_output=True, timeout=60).stdout

    def show(self):
        """{key: value} of `scontrol show job`."""
        return dict(word.split("=", 1) for word in self.command("scontrol", "show", "job", self.number).split()
                    if "=" in word)

    def text(self):
        return self.log.read_text() if self.log.exists() else ""

    def until(self, condition, seconds=60, running=False):
        """Waits until the condition holds; running: which it can only as long as the job runs."""
        end = time.monotonic() + seconds
        while not condition():
            hopeless = time.monotonic() > end or (running and self.show()["JobState"] in ("FAILED", "COMPLETED"))
            assert not hopeless, f"{self.show()}\n{self.text()}"
            time.sleep(0.1)

    def ended(self):
        """Waits; (state, exit code of the script)"""
        self.until(lambda: self.show()["JobState"] not in ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING"))
        shown = self.show()
        return shown["JobState"], int(shown["ExitCode"].split(":")[0])


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
        subprocess.run(["scancel", batch.number], env=slurm_environment, timeout=60)
        batch.until(lambda: not subprocess.run(["squeue", "-h", "-j", batch.number], env=slurm_environment, text=True,
                                               capture_output=True).stdout.strip())
