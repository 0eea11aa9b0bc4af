# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs in the SLURM of these tests."""

import pathlib
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


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

    @classmethod
    def of(cls, environment, number, log):
        """A job that has been submitted by somebody else."""
        batch = cls.__new__(cls)
        batch.environment, batch.number, batch.log = environment, number, log
        return batch

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

    def numbers(self):
        """All jobs that belong to it."""
        return [self.number]

    def end(self):
        """Cancels what has not ended, and waits."""
        subprocess.run(["scancel", *self.numbers()], env=self.environment, timeout=60)
        for number in self.numbers():
            self.until(lambda: not subprocess.run(["squeue", "-h", "-j", number], env=self.environment, text=True,
                                                  capture_output=True).stdout.strip())
