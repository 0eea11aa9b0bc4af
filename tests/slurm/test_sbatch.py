# SPDX-License-Identifier: GPL-3.0-or-later
"""jobs/dickemap.sbatch under a real SLURM: submitted once, and in the end there is a complete file."""

import pathlib
import re
import shutil
import subprocess

import h5py
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
JOB = """\
model:
  patterns: 2
  Omega: 0.5
  Omega_mu: [1.5, 2.0]
  kappa_mu: [1.0]
axes:
  - {name: g0, from: 0.3, to: 1.5, points: 13}
  - {name: pattern, values: [1, 2]}
solver: {t_max: 1e5}
"""
N_SLOW = 120  # some ten seconds: GSL, modes of both signs
SLOW_JOB = """\
model:
  patterns: 4
  Omega: 0.5
  Omega_mu: [1.5, -2.0, 2.5, -3.0]
  kappa_mu: [1.0]
initial: {perturbation: 1e-3}
axes:
  - {name: g0, from: 0.3, to: 1.5, points: 30}
  - {name: pattern, values: [1, 2, 3, 4]}
solver: {method: gsl, t_max: 4e3}
"""
# Stands in for the program where the script itself is tested: each rank notes how it was called and which signals
# came; in the first run it waits for USR1 and stops in good order, later it is done.
STAND_IN = """\
#!/bin/bash
rank=${OMPI_COMM_WORLD_RANK:-${PMIX_RANK:-0}}
echo "stand-in $rank: $*" >>"calls.$rank"
trap 'echo "USR1" >>"signals.$rank"; sleep 0.5; exit 85' USR1
touch "ready.$rank"
while [ "${SLURM_RESTART_COUNT:-0}" -lt "${STOPS:-1}" ]; do sleep 0.1; done
"""
BOTH = pytest.mark.parametrize("launcher", ["mpirun", "srun"])
RANKS = range(4)


@pytest.fixture
def stand_in(tmp_path):
    path = tmp_path / "stand-in"
    path.write_text(STAND_IN)
    path.chmod(0o755)
    return path


@pytest.fixture(scope="session")
def resumes(program):
    """The script always calls `run --resume`."""
    if "--resume" not in subprocess.run([program, "run", "--help"], text=True, capture_output=True, check=True).stdout:
        pytest.skip("this program has no `run --resume`")
    return program


def n_done(path):
    with h5py.File(path) as file:
        return int((file["status"][()] > 0).sum()), file["status"].size


# ---- the script ----


@pytest.mark.parametrize("script", ["jobs/dickemap.sbatch", "jobs/dickemap-array.sbatch", "tests/slurm/up.sh",
                                    "tests/slurm/down.sh"])
def test_scripts_are_clean(script):
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    result = subprocess.run(["shellcheck", ROOT / script], text=True, capture_output=True)
    assert result.returncode == 0, result.stdout


def test_what_a_user_must_change_is_at_the_top():
    lines = (ROOT / "jobs" / "dickemap.sbatch").read_text().splitlines()
    begin, end = (next(i for i, line in enumerate(lines) if mark in line) for mark in ("from here ----", "---- to here."))
    changed = ("#SBATCH --nodes=", "#SBATCH --ntasks-per-node=", "#SBATCH --time=", "##SBATCH --partition=",
               "##SBATCH --account=", "JOB=", "OUTPUT=", "DICKEMAP=", "LAUNCHER=", "# module load ")
    for start in changed:
        assert [begin < i < end for i, line in enumerate(lines) if line.startswith(start)] == [True], start
    assert begin < 15 and end < 30


def test_sbatch_reads_every_option():
    """It reads none below the first command."""
    lines = (ROOT / "jobs" / "dickemap.sbatch").read_text().splitlines()
    first = next(i for i, line in enumerate(lines) if line and not line.startswith("#"))
    options = [i for i, line in enumerate(lines) if line.startswith("#SBATCH")]
    assert len(options) > 5 and max(options) < first


@BOTH
def test_usr1_reaches_every_rank_once_and_the_job_is_queued_again(submit, stand_in, tmp_path, launcher):
    batch = submit(stand_in, LAUNCHER=launcher)
    batch.until(lambda: all((tmp_path / f"ready.{rank}").exists() for rank in RANKS), running=True)
    batch.command("scancel", "--batch", "--signal=USR1", batch.number)  # as --signal=B:USR1@... does
    assert batch.ended() == ("COMPLETED", 0), batch.text()
    for rank in RANKS:
        assert (tmp_path / f"signals.{rank}").read_text() == "USR1\n"
        assert (tmp_path / f"calls.{rank}").read_text() == f"stand-in {rank}: run job.yaml -o out.h5 --resume\n" * 2
    assert batch.show()["Restarts"] == "1"
    log = batch.text()  # one log for both runs
    assert "restart 0, n[1-2]" in log and "exit code 85" in log
    assert log.index("exit code 85") < log.index("restart 1, n[1-2]") < log.index("exit code 0")


def test_restarts_are_limited(submit, stand_in, tmp_path):
    batch = submit(stand_in, LAUNCHER="srun", MAX_RESTARTS="0")
    batch.until(lambda: all((tmp_path / f"ready.{rank}").exists() for rank in RANKS), running=True)
    batch.command("scancel", "--batch", "--signal=USR1", batch.number)
    assert batch.ended() == ("FAILED", 85)
    assert "stopped after 0 restarts (MAX_RESTARTS); submit it once more, it continues" in batch.text()


@BOTH
def test_other_exit_codes_end_the_job(submit, tmp_path, launcher):
    wrong = tmp_path / "wrong"
    wrong.write_text("#!/bin/bash\nexit 1\n")
    wrong.chmod(0o755)
    batch = submit(wrong, "--nodes=1", "--ntasks-per-node=1", LAUNCHER=launcher)
    assert batch.ended() == ("FAILED", 1)
    assert batch.show()["Restarts"] == "0" and "exit code 1," in batch.text()


def test_an_unknown_launcher_is_refused(submit, stand_in):
    batch = submit(stand_in, LAUNCHER="aprun")
    assert batch.ended() == ("FAILED", 1)
    assert "dickemap.sbatch: LAUNCHER is 'aprun', but must be mpirun or srun\n" in batch.text()


# ---- the program in the script ----


@BOTH
def test_a_job_ends_in_a_complete_file(submit, resumes, tmp_path, launcher):
    (tmp_path / "job.yaml").write_text(JOB)
    batch = submit(resumes, LAUNCHER=launcher)
    assert batch.ended() == ("COMPLETED", 0), batch.text()
    assert n_done(tmp_path / "out.h5") == (26, 26)
    with h5py.File(tmp_path / "out.h5") as file:
        assert file.attrs["n_ranks"] == 4


def done(program, path):
    """Points done, also while a run is writing; 0 if there is no file yet."""
    result = subprocess.run([program, "info", "--all", path], text=True, capture_output=True)
    found = re.search(r"^done: (\d+)$", result.stdout, re.MULTILINE)
    return int(found[1]) if found else 0


def assert_complete_and_sound(program, path):
    result = subprocess.run([program, "verify", path, "--sample", "0"], text=True, capture_output=True)
    assert result.returncode == 0 and "result: complete, no difference" in result.stdout, result.stdout


@BOTH
def test_a_job_that_is_warned_stops_is_queued_again_and_completes(submit, resumes, tmp_path, launcher):
    (tmp_path / "job.yaml").write_text(SLOW_JOB)
    batch = submit(resumes, LAUNCHER=launcher)
    batch.until(lambda: done(resumes, tmp_path / "out.h5") > 0, running=True)
    batch.command("scancel", "--batch", "--signal=USR1", batch.number)
    batch.until(lambda: "exit code 85" in batch.text(), running=True)
    assert 0 < done(resumes, tmp_path / "out.h5") < N_SLOW
    assert batch.ended() == ("COMPLETED", 0), batch.text()
    assert batch.show()["Restarts"] == "1"
    assert_complete_and_sound(resumes, tmp_path / "out.h5")


@BOTH
def test_a_job_that_is_cancelled_leaves_a_file_that_resumes(submit, resumes, tmp_path, launcher):
    (tmp_path / "job.yaml").write_text(SLOW_JOB)
    batch = submit(resumes, LAUNCHER=launcher)
    batch.until(lambda: done(resumes, tmp_path / "out.h5") > 0, running=True)
    batch.command("scancel", batch.number)
    assert batch.ended()[0] == "CANCELLED"
    batch.until(lambda: batch.command("squeue", "-h", "-j", batch.number).strip() == "")
    before = done(resumes, tmp_path / "out.h5")
    assert 0 < before < N_SLOW
    again = submit(resumes, LAUNCHER=launcher)
    assert again.ended() == ("COMPLETED", 0), again.text()
    assert_complete_and_sound(resumes, tmp_path / "out.h5")


@pytest.mark.long
@BOTH
def test_the_warning_comes_before_the_limit(submit, resumes, tmp_path, launcher):
    """A job of minutes with a limit of two; SLURM looks at limits now and then only."""
    (tmp_path / "job.yaml").write_text(SLOW_JOB.replace("points: 30", "points: 600"))
    batch = submit(resumes, "--time=2", "--signal=B:USR1@60", LAUNCHER=launcher)
    batch.until(lambda: "exit code 85" in batch.text(), seconds=150, running=True)
    batch.until(lambda: "restart 1," in batch.text(), seconds=60)
    assert "CANCELLED" not in batch.text() and "TIME LIMIT" not in batch.text()


# ---- how ranks are started ----


def batch_of(environment, folder, command):
    """A batch job of two tasks that runs one command: its exit code and log."""
    (folder / "job.yaml").write_text(JOB)
    folder.chmod(0o755)
    result = subprocess.run(["sbatch", "--wait", "--ntasks=2", "--nodes=1", "--output=log", "--wrap", command], cwd=folder,
                            env=environment, capture_output=True, text=True, timeout=300)
    log = folder / "log"
    return result.returncode, log.read_text() if log.exists() else result.stderr


def test_srun_without_pmix_is_refused_once(slurm_environment, program, tmp_path):
    code, log = batch_of(slurm_environment, tmp_path, f"srun --mpi=none {program} run job.yaml -o out.h5")
    assert code == 1, log
    messages = [line for line in log.splitlines() if line.startswith("dickemap: ")]
    assert len(messages) == 1 and "srun has started 2 processes, but MPI sees 1" in messages[0], log
    assert not (tmp_path / "out.h5").exists()


@pytest.mark.parametrize("launcher", ["", "mpirun -n 1", "mpirun", "srun --mpi=pmix"])
def test_every_other_way_to_start_it_is_taken(slurm_environment, program, tmp_path, launcher):
    code, log = batch_of(slurm_environment, tmp_path, f"{launcher} {program} run job.yaml -o out.h5 -q")
    assert code == 0, log
    assert n_done(tmp_path / "out.h5") == (26, 26)
