# SPDX-License-Identifier: GPL-3.0-or-later
"""Only `run` starts MPI: everything else works where MPI does not, and in one process of many."""

import os
import pathlib
import subprocess

import pytest

from machine import mpirun

SET = ["--set", "axes.g0.points=3"]


@pytest.fixture
def no_mpi(program, tmp_path):
    """no_mpi(*arguments): the program where MPI does not start."""
    if "DICKEMAP_BUILD" not in os.environ:
        pytest.skip("DICKEMAP_BUILD does not name the build folder")
    if b"__asan_init" in subprocess.run(["nm", "-D", program], capture_output=True).stdout:
        pytest.skip("sanitizers want to be preloaded themselves")
    library = pathlib.Path(os.environ["DICKEMAP_BUILD"]).resolve() / "tests" / "no_mpi.so"

    def run(*arguments):
        return subprocess.run([program, *map(str, arguments)], cwd=tmp_path, capture_output=True, text=True, timeout=300,
                              env=os.environ | {"LD_PRELOAD": str(library)})

    return run


def test_all_but_run_work_where_mpi_does_not_start(no_mpi, dickemap, job, tmp_path):
    for i in (1, 2):
        assert dickemap("run", "small.yaml", *SET, "--shard", f"{i}/2").returncode == 0
    refused = no_mpi("run", "small.yaml", *SET)
    assert refused.returncode == 111 and "MPI was started" in refused.stderr
    for arguments, said in [
            (["--version"], "HDF5 "), (["--help"], "usage: dickemap"), (["run", "--help"], "usage: mpirun"),
            (["plan", "small.yaml"], "points          26"), (["point", "small.yaml", "--at", "g0=0.7,pattern=1"], "xi"),
            (["merge", "small.1of2.h5", "small.2of2.h5", "-o", "all.h5"], ""), (["info", "--all", "all.h5"], "done: 6"),
            (["verify", "all.h5"], "no difference"),
            (["point", "small.yaml", "--at", "g0=0.7,pattern=1", "--trajectory", "t.h5"], "")]:
        result = no_mpi(*arguments)
        assert result.returncode == 0, (arguments, result.stderr)
        assert said in result.stdout and result.stderr == ""
    assert "MPI" in no_mpi("--version").stdout.splitlines()[1].upper()
    assert (tmp_path / "t.h5").exists()


def test_wrong_arguments_of_run_are_told_before_mpi_is_started(no_mpi):
    result = no_mpi("run", "--no-such-option")
    assert result.returncode == 1 and result.stderr.startswith("dickemap: run: unknown option")


def test_one_of_several_processes_does_what_needs_only_one(dickemap, job, tmp_path):
    result = dickemap("plan", "small.yaml", ranks=3)
    assert result.returncode == 0 and result.stdout.count("points          26") == 1
    result = dickemap("info", "--all", "small.h5", ranks=3)
    assert result.returncode == 1
    assert [line for line in result.stderr.splitlines() if "dickemap: " in line] == [
        "dickemap: small.h5: No such file or directory"]


@pytest.mark.parametrize("task", [0, 2])
def test_processes_of_srun_that_mpi_takes_for_runs_of_their_own_are_refused(program, mpi_environment, job, tmp_path, task):
    """By a message of the first of them, before anything is computed."""
    step = mpi_environment | {"SLURM_STEP_NUM_TASKS": "3", "SLURM_PROCID": str(task)}
    result = subprocess.run([program, "run", "small.yaml"], cwd=tmp_path, env=step, capture_output=True, text=True,
                            timeout=300)
    assert result.returncode == 1 and result.stdout == ""
    assert os.listdir(tmp_path) == ["small.yaml"]
    if task == 0:
        assert "srun has started 3 processes, but MPI sees 1" in result.stderr
        assert "srun --mpi=pmix" in result.stderr and "mpirun" in result.stderr
    else:
        assert result.stderr == ""


@pytest.mark.parametrize("launcher,slurm", [
    ([], {"SLURM_NTASKS": "4", "SLURM_PROCID": "0"}),  # a batch script that runs the program itself
    ([], {"SLURM_NTASKS": "4", "SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"}),  # srun -n 1
    (mpirun(1), {"SLURM_NTASKS": "4"}),  # mpirun within an allocation
    (mpirun(1), {"SLURM_NTASKS": "4", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1"})])  # ... a daemon's step
def test_other_runs_within_an_allocation_are_none_of_these(program, mpi_environment, job, tmp_path, launcher, slurm):
    result = subprocess.run([*launcher, program, "run", "small.yaml", "-q"], cwd=tmp_path, env=mpi_environment | slurm,
                            capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "small.h5").exists()
