# SPDX-License-Identifier: GPL-3.0-or-later
"""jobs/dickemap-array.sbatch under a real SLURM: shards as an array, stopped and continued, and merged in the end."""

import pathlib
import subprocess

import h5py
import pytest

from slurm_jobs import Batch

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "jobs" / "dickemap-array.sbatch"
N_SHARDS = 3
JOB = """\
model:
  patterns: 4
  Omega: 0.5
  Omega_mu: [1.5, -2.0, 2.5, -3.0]
  kappa_mu: [1.0]
initial: {perturbation: 1e-3}
axes:
  - {name: g0, from: 0.3, to: 1.5, points: 15}
  - {name: pattern, values: [1, 2, 3, 4]}
solver: {method: gsl, t_max: 5e3}
"""
# Stands in for the program where the script itself is tested: notes how it was called; shard 2 waits for USR1 in its first
# run and stops in good order.
STAND_IN = """\
#!/bin/bash
echo "$*" >>"calls.$SLURM_ARRAY_TASK_ID"
if [ "$SLURM_ARRAY_TASK_ID" -ne 2 ] || [ "${SLURM_RESTART_COUNT:-0}" -ge "${STOPS:-1}" ]; then exit "${END:-0}"; fi
trap 'exit 85' USR1
touch ready
while true; do sleep 0.1; done
"""


class Array(Batch):
    """The array of shards and its merge, as jobs/dickemap-array.sbatch submits them."""

    def __init__(self, environment, folder, program, *options, **variables):
        self.environment, self.folder, self.log = environment, folder, folder / "log.1"
        result = subprocess.run(
            [SCRIPT, "--ntasks-per-node=2", "--time=10", f"--output={folder}/log.%a", *options],
            cwd=folder, env=environment | {"DICKEMAP": str(program), "OUTPUT": "out.h5", "SHARDS": str(N_SHARDS)} | variables,
            text=True, capture_output=True, timeout=60)
        assert result.returncode == 0, result.stderr
        self.number, merge = result.stdout.split()
        self.merge = Batch.of(environment, f"{merge}_0", folder / "log.0")

    def shard(self, i):
        return Batch.of(self.environment, f"{self.number}_{i}", self.folder / f"log.{i}")

    def numbers(self):
        return [self.number, self.merge.number.split("_")[0]]


@pytest.fixture
def submit(slurm_environment, tmp_path):
    """submit(program, *options of sbatch, **variables of the script): the jobs, ended with the test if not before."""
    tmp_path.chmod(0o755)
    arrays = []

    def run(program, *options, **variables):
        arrays.append(Array(slurm_environment, tmp_path, program, *options, **variables))
        return arrays[-1]

    yield run
    for array in arrays:
        array.end()


@pytest.fixture
def stand_in(tmp_path):
    path = tmp_path / "stand-in"
    path.write_text(STAND_IN)
    path.chmod(0o755)
    return path


# ---- the script ----


def test_what_a_user_must_change_is_at_the_top():
    lines = SCRIPT.read_text().splitlines()
    begin, end = (next(i for i, line in enumerate(lines) if mark in line) for mark in ("from here ----", "---- to here."))
    changed = ("#SBATCH --nodes=", "#SBATCH --ntasks-per-node=", "#SBATCH --time=", "##SBATCH --partition=",
               "##SBATCH --account=", "SHARDS=", "JOB=", "OUTPUT=", "DICKEMAP=", "LAUNCHER=", "# module load ")
    for start in changed:
        assert [begin < i < end for i, line in enumerate(lines) if line.startswith(start)] == [True], start
    assert begin < 15 and end < 35
    first = next(i for i, line in enumerate(lines) if line and not line.startswith("#"))
    options = [i for i, line in enumerate(lines) if line.startswith("#SBATCH")]
    assert len(options) > 5 and max(options) < first  # sbatch reads none below the first command


def test_it_is_as_like_the_script_of_one_job_as_can_be():
    """What passes the warning on and waits is the same."""
    parts = []
    for path in (SCRIPT, ROOT / "jobs" / "dickemap.sbatch"):
        text = path.read_text()
        parts.append(text[text.index("child=$!"):text.index('echo "', text.index("child=$!"))])
    assert parts[0] == parts[1] and "trap" in parts[0]


def test_a_shard_that_is_warned_is_queued_again_and_the_merge_waits_for_it(submit, stand_in, tmp_path):
    array = submit(stand_in, "--ntasks-per-node=1", JOB="map.yaml", OUTPUT="map.h5")
    array.until(lambda: (tmp_path / "ready").exists(), running=False)
    for i in (1, 3):
        assert array.shard(i).ended() == ("COMPLETED", 0), array.shard(i).text()
    assert array.merge.show()["JobState"] == "PENDING" and not (tmp_path / "calls.0").exists()
    array.command("scancel", "--batch", "--signal=USR1", array.shard(2).number)
    assert array.merge.ended() == ("COMPLETED", 0), array.merge.text()
    assert array.shard(2).show()["Restarts"] == "1"
    for i, times in ((1, 1), (2, 2), (3, 1)):
        assert (tmp_path / f"calls.{i}").read_text() == f"run map.yaml --shard {i}/3 -o map.{i}of3.h5 --resume\n" * times
    assert (tmp_path / "calls.0").read_text() == "merge map.1of3.h5 map.2of3.h5 map.3of3.h5 -o map.h5\n"
    log = array.shard(2).text()  # one log for both runs
    assert log.index("restart 0, n") < log.index("exit code 85") < log.index("restart 1, n") < log.index("exit code 0")


def test_a_shard_that_fails_for_good_cancels_the_merge(submit, stand_in, tmp_path):
    array = submit(stand_in, "--ntasks-per-node=1", STOPS="0", END="1")
    array.until(lambda: array.merge.show()["JobState"] == "CANCELLED")
    assert array.shard(2).ended() == ("FAILED", 1) and "exit code 1," in array.shard(2).text()
    assert not (tmp_path / "calls.0").exists()


def test_restarts_are_limited(submit, stand_in, tmp_path):
    array = submit(stand_in, "--ntasks-per-node=1", MAX_RESTARTS="0")
    array.until(lambda: (tmp_path / "ready").exists())
    array.command("scancel", "--batch", "--signal=USR1", array.shard(2).number)
    assert array.shard(2).ended() == ("FAILED", 85)
    assert "stopped after 0 restarts (MAX_RESTARTS); run this again, it continues" in array.shard(2).text()


@pytest.mark.parametrize("variables, message", [
    ({"LAUNCHER": "aprun"}, "LAUNCHER is 'aprun', but must be mpirun or srun"),
    ({"SHARDS": "many"}, "SHARDS is 'many', but must be a whole number > 0"),
    ({"SHARDS": "0"}, "SHARDS is '0', but must be a whole number > 0"),
])
def test_wrong_settings_are_refused_before_anything_is_submitted(slurm_environment, tmp_path, variables, message):
    result = subprocess.run([SCRIPT], cwd=tmp_path, env=slurm_environment | variables, text=True, capture_output=True)
    assert result.returncode == 1 and result.stdout == ""
    assert result.stderr == f"dickemap-array.sbatch: {message}\n"


# ---- the program in the script ----


def contents(path):
    with h5py.File(path, locking=False) as file:
        return {name: file[name][()].tobytes() for name in file if name != "wall_time"}


def n_done(path):
    if not path.exists():
        return 0
    with h5py.File(path, locking=False) as file:
        return int((file["status"][()] > 0).sum())


@pytest.mark.parametrize("launcher", ["mpirun", pytest.param("srun", marks=pytest.mark.long)])
def test_shards_that_are_warned_and_cancelled_end_in_the_file_of_a_whole_run(submit, program, tmp_path, launcher):
    (tmp_path / "job.yaml").write_text(JOB)
    first = tmp_path / "out.1of3.h5"
    array = submit(program, LAUNCHER=launcher)
    array.until(lambda: n_done(first) > 0)
    array.command("scancel", "--batch", "--signal=USR1", array.shard(1).number)
    array.until(lambda: "exit code 85" in array.shard(1).text())
    array.command("scancel", array.number)
    array.until(lambda: array.merge.show()["JobState"] == "CANCELLED")
    array.until(lambda: array.command("squeue", "-h", "-j", array.number).strip() == "")
    assert 0 < n_done(first) < 20
    again = submit(program, LAUNCHER=launcher)
    assert again.merge.ended() == ("COMPLETED", 0), again.merge.text()
    assert "out.h5: 60 of 60 points" in again.merge.text()
    whole = subprocess.run([program, "run", "job.yaml", "-o", "whole.h5", "-q"], cwd=tmp_path, capture_output=True)
    assert whole.returncode == 0
    assert contents(tmp_path / "out.h5") == contents(tmp_path / "whole.h5")
