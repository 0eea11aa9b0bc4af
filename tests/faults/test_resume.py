# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that end early in good order, are resumed, or are refused because another run holds the file."""

import os
import pathlib
import re
import signal
import subprocess
import time

import h5py
import numpy
import pytest

from files import N_POINTS, SLOWLY, contents, message_of, n_done, wait_for, wrong_records

README = pathlib.Path(__file__).resolve().parents[2] / "jobs" / "README.md"
MANY = ["--set", "axes.g0.points=30000"]  # sixty times as long


@pytest.fixture
def partial(start, job, tmp_path):
    """part.h5, of which a part is done."""
    process = start(tmp_path, "run", job, "-o", "part.h5", *SLOWLY)
    wait_for(lambda: n_done(tmp_path / "part.h5") > 0 or process.poll() is not None)
    process.send_signal(signal.SIGUSR1)
    process.communicate()
    path = tmp_path / "part.h5"
    assert process.returncode == 85 and 0 < n_done(path) < N_POINTS
    return path


# ---- resume ----


@pytest.mark.parametrize("ranks", [None, 3])
def test_a_resumed_file_has_the_bits_of_an_uninterrupted_one(finish, partial, whole, tmp_path, ranks):
    before = n_done(partial)
    result = finish(tmp_path, "run", "job.yaml", "-o", "part.h5", "--resume", ranks=ranks)
    assert result.returncode == 0, result.err
    assert contents(partial) == whole
    assert f"{before}  points were done before" in result.out and f"{N_POINTS - before}  points in" in result.out
    assert f"{N_POINTS}/{N_POINTS} points, 100.0 %" in result.err


def test_resume_begins_a_file_that_does_not_exist(finish, job, tmp_path, whole):
    assert finish(tmp_path, "run", job, "-o", "new.h5", "--resume", ranks=3).returncode == 0
    assert contents(tmp_path / "new.h5") == whole


def test_resuming_a_complete_file_changes_nothing(finish, job, tmp_path):
    assert finish(tmp_path, "run", job, "-o", "a.h5", "--set", "axes.g0.points=5").returncode == 0
    before = (tmp_path / "a.h5").read_bytes()
    result = finish(tmp_path, "run", job, "-o", "a.h5", "--set", "axes.g0.points=5", "--resume")
    assert result.returncode == 0 and "10  points were done before" in result.out
    assert (tmp_path / "a.h5").read_bytes() == before


def test_another_job_is_not_resumed_and_the_keys_are_named(finish, partial, tmp_path):
    before = partial.read_bytes()
    result = finish(tmp_path, "run", "job.yaml", "-o", "part.h5", "--resume", "--set", "model.Omega=0.7", "--set",
                    "solver.t_max=1e4")
    message = message_of(result)
    assert result.returncode == 1 and "cannot be resumed" in message
    assert "model.Omega" in message and "solver.t_max" in message
    assert partial.read_bytes() == before


MODEL = "g0: 1.0, Omega: 0.5, Omega_mu: [1.5], kappa_mu: [1.0]"
PATTERNS = (f"model: {{patterns: 3, {MODEL}}}\n"
            "drive: {time: [0, 0.5, 1], g0: [1, 1.5, 1], Omega: [1, 1.2, 1], duration: 2, repeat: false}\n")
VALUES = f"model: {{patterns: 2, {MODEL}, mapping: values, values: [-1, 0, 2], probabilities: [0.25, 0.5, 0.25]}}\n"
MATRIX = f"model: {{{MODEL}, mapping: matrix, matrix: a.txt}}\ninitial: {{cue: c.txt}}\n"
IMAGES = f"model: {{{MODEL}, mapping: matrix, images: [a.pbm, b.pbm]}}\n"
RANDOM = f"model: {{patterns: 3, {MODEL}, mapping: random, spins: 40}}\n"
REDUCE = f"model: {{patterns: 3, {MODEL}}}\naxes: [{{name: seed, values: [1, 2]}}]\nreduce: seed\n"
EXACTNESS = ("task: exactness\nmodel: {patterns: 1, spins_per_class: 2, g0: 0.4, Omega: 0.5, Omega_mu: [1], kappa_mu: [1]}\n"
             "initial: {overlap: 0.9}\nexactness: {t_end: 1, points: 3}\n")
STATES = f"task: states\nmodel: {{patterns: 3, {MODEL}}}\n"
FILES = {"a.txt": "1 1 0.5 -1\n1 -1 1 -1\n", "b.txt": "1 1 0.5 -1\n1 -1 1 -0.5\n", "c.txt": "1 0 -1 1\n",
         "d.txt": "1 0 -1 -1\n", "a.pbm": "P1 2 2 1 1 0 0", "b.pbm": "P1 2 2 1 0 1 0", "d.pbm": "P1 2 2 1 0 0 0"}
ANOTHER = {  # of every key a value that the job below does not have
    "model.patterns": "1", "model.mapping": "ungauged", "model.g0": "1.1", "model.Omega": "0.6",
    "model.Omega_mu": "[1.5, 2, 2.6]", "model.kappa_mu": "[1, 1.1, 1]", "initial.pattern": "2",
    "initial.overlap": "0.9", "initial.perturbation": "0.1", "initial.seed": "2", "solver.method": "gsl",
    "solver.tolerance": "1e-9", "solver.t_max": "1e6", "solver.max_steps": "999999", "solver.sensitivity": "on",
    "model.gamma_down": "0.1", "model.gamma_up": "0.1", "model.gamma_phi": "0.1", "model.imbalance": "0.1",
    "drive.time": "[0, 0.4, 1]", "drive.g0": "[0, 1, 2]",
    "drive.Omega": "[1, 2, 1]", "drive.duration": "3", "drive.repeat": "true",
    "initial.flip": "0.1", "initial.mixture": "[1, 1, 1]", "output.state": "final"}
ANOTHER_OF = {  # the same of keys that only jobs of other mappings have
    VALUES: {"model.values": "[-1, 0, 3]", "model.probabilities": "[0.25, 0.25, 0.5]"},
    MATRIX: {"model.matrix": "b.txt", "initial.cue": "d.txt"},
    IMAGES: {"model.images": "[a.pbm, d.pbm]", "model.shades": "grey"},
    RANDOM: {"model.spins": "41", "model.pattern_seed": "2", "initial.flip_exactly": "1"},
    REDUCE: {"solver.until": "rest"},
    STATES: {"output.states": "65", "output.inverted": "1"},
    EXACTNESS: {"model.spins_per_class": "3", "exactness.t_end": "2", "exactness.points": "4", "exactness.start": "rest",
                "exactness.method": "trajectories", "exactness.frame": "laboratory", "exactness.trajectories": "10",
                "exactness.edge": "1e-8", "exactness.memory": "10"}}
CALLED = {"model.images": "model.matrix"}  # files are compared by what was read


def test_every_key_has_another_value_below():
    keys = re.findall(r"^\| `((?:model|drive|initial|solver|output|exactness)\.\w+)` \|", README.read_text(), re.MULTILINE)
    elsewhere = ["initial.from"]  # tests/cli/test_states.py
    assert sorted(keys) == sorted([*ANOTHER, *elsewhere, *(key for others in ANOTHER_OF.values() for key in others)])


@pytest.mark.parametrize("text", [PATTERNS, *ANOTHER_OF], 
                         ids=["patterns", "values", "matrix", "images", "random", "reduce", "states", "exactness"])
def test_a_job_that_differs_in_any_key_is_not_resumed(finish, tmp_path, text):
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "job.yaml").write_text(text)
    assert finish(tmp_path, "run", "job.yaml", "-o", "one.h5").returncode == 0
    before = (tmp_path / "one.h5").read_bytes()
    for key, value in ANOTHER_OF.get(text, ANOTHER).items():
        result = finish(tmp_path, "run", "job.yaml", "-o", "one.h5", "--resume", "--set", f"{key}={value}")
        message, named = message_of(result), CALLED.get(key, key)
        assert result.returncode == 1 and "cannot be resumed" in message and named in message, key
        assert (tmp_path / "one.h5").read_bytes() == before
        extended = finish(tmp_path, "run", "job.yaml", "-o", "new.h5", "--extend", "one.h5", "--set", f"{key}={value}")
        if key == "output.state":  # beside the records, which are the same; but there are none of them to take
            assert extended.returncode == 0
        else:
            assert extended.returncode == 1 and named in message_of(extended), key
            assert not (tmp_path / "new.h5").exists()


def test_a_file_is_the_same_by_its_contents_and_not_by_its_name(finish, tmp_path):
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "job.yaml").write_text(MATRIX)
    assert finish(tmp_path, "run", "job.yaml", "-o", "one.h5").returncode == 0
    (tmp_path / "renamed.txt").write_text("# the same numbers\n" + FILES["a.txt"].replace("1 -1 1", "1.0, -1, 1"))
    result = finish(tmp_path, "run", "job.yaml", "-o", "one.h5", "--resume", "--set", "model.matrix=renamed.txt")
    assert result.returncode == 0 and "1  points were done before" in result.out, result.err
    (tmp_path / "a.txt").write_text(FILES["b.txt"])
    result = finish(tmp_path, "run", "job.yaml", "-o", "one.h5", "--resume")
    assert result.returncode == 1 and "model.matrix" in message_of(result)


@pytest.mark.parametrize("content, named", [(b"hello", "is not an HDF5 file"), (None, "damaged")])
def test_a_file_that_is_not_ours_or_damaged_is_not_resumed(finish, partial, tmp_path, content, named):
    content = partial.read_bytes()[:4000] if content is None else content
    (tmp_path / "x.h5").write_bytes(content)
    result = finish(tmp_path, "run", "job.yaml", "-o", "x.h5", "--resume")
    assert result.returncode in (1, 2) and "cannot be resumed" in message_of(result) and named in message_of(result)
    assert (tmp_path / "x.h5").read_bytes() == content


def test_check_finds_damaged_records_and_computes_them_again(finish, partial, whole, tmp_path):
    assert finish(tmp_path, "run", "job.yaml", "-o", "part.h5", "--resume").returncode == 0
    with h5py.File(partial, "r+") as file:
        file["xi"][7, 1, 0] += 1e-9
        file["steps"][100, 0] += 1
        file["status"][200, 0] = 77
    assert wrong_records(partial)[0] == 2
    result = finish(tmp_path, "run", "job.yaml", "-o", "part.h5", "--resume", "--check", ranks=3)
    assert result.returncode == 0 and "3 points were marked done but do not agree" in result.err
    assert contents(partial) == whole


def test_retry_failed_computes_failed_points_again(finish, partial, whole, tmp_path):
    assert finish(tmp_path, "run", "job.yaml", "-o", "part.h5", "--resume").returncode == 0
    with h5py.File(partial, "r+") as file:
        file["status"][40:43, 1] = 2
    result = finish(tmp_path, "run", "job.yaml", "-o", "part.h5", "--resume")
    assert f"{N_POINTS}  points were done before" in result.out
    result = finish(tmp_path, "run", "job.yaml", "-o", "part.h5", "--resume", "--retry-failed")
    assert f"{N_POINTS - 3}  points were done before" in result.out
    assert contents(partial) == whole


@pytest.mark.parametrize("arguments, named", [
    (["--resume", "--overwrite"], "--resume and --overwrite exclude each other"),
    (["--check"], "--check needs --resume"), (["--retry-failed"], "--retry-failed needs --resume"),
    (["--time-limit", "soon"], "--time-limit soon is not a time"),
    (["--time-limit", "1:75"], "--time-limit 1:75 is not a time"),
    (["--time-limit", "0"], "--time-limit 0 is not a time"), (["--time-limit", "1:"], "--time-limit 1: is not a time"),
    (["--time-limit", "1-24"], "--time-limit 1-24 is not a time"),
])
def test_wrong_arguments_are_named(finish, job, tmp_path, arguments, named):
    result = finish(tmp_path, "run", job, *arguments)
    assert result.returncode == 1 and named in message_of(result)
    assert os.listdir(tmp_path) == ["job.yaml"]


# ---- ending in good order ----


def check_ended(process, path, why):
    message = message_of(process)
    assert process.returncode == 85, process.err
    done = n_done(path)
    with h5py.File(path, locking=False) as file:
        size = file["status"].size
    assert 0 < done < size
    assert f"stopped early ({why}" in message and "--resume" in message
    assert f"{done} of {size} points done, {size - done} left" in message
    assert not path.with_name(path.name + ".lock").exists()


@pytest.mark.parametrize("ranks", [None, 2, 3])
def test_usr1_ends_a_run_in_good_order(start, job, tmp_path, ranks):
    path = tmp_path / "a.h5"
    process = start(tmp_path, "run", job, *MANY, "-o", "a.h5", ranks=ranks)
    wait_for(lambda: n_done(path) > 0)
    process.send_signal(signal.SIGUSR1)
    process.out, process.err = process.communicate(timeout=60)
    check_ended(process, path, "signal USR1")
    with h5py.File(path) as file:  # everything that was finished is marked
        assert ((file["checksum"][()] != 0) == (file["status"][()] != 0)).all()


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_term_and_int_end_a_run_at_once(start, finish, job, tmp_path, whole, name):
    path = tmp_path / "a.h5"
    process = start(tmp_path, "run", job, "-o", "a.h5", *SLOWLY)
    wait_for(lambda: n_done(path) > 0)
    process.send_signal(name)
    process.out, process.err = process.communicate(timeout=60)
    assert "points under way are suspended" in process.err
    check_ended(process, path, f"signal {name.name.removeprefix('SIG')}")
    assert finish(tmp_path, "run", job, "-o", "a.h5", "--resume", ranks=3).returncode == 0
    assert contents(path) == whole  # nothing was marked that was not finished


def test_a_time_limit_ends_a_run_before_it_and_resume_continues(finish, job, tmp_path, whole):
    path = tmp_path / "a.h5"
    began = time.monotonic()
    process = finish(tmp_path, "run", job, *MANY, "-o", "a.h5", "--time-limit", "0:04", ranks=3)
    check_ended(process, path, "--time-limit, ")
    assert time.monotonic() - began < 30  # all points would take longer
    process = finish(tmp_path, "run", job, *MANY, "-o", "a.h5", "--resume", "--time-limit", "0:04", ranks=3)
    assert process.returncode in (0, 85) and "points were done before" in process.out


def test_the_end_of_a_slurm_job_ends_a_run(finish, job, tmp_path):
    process = finish(tmp_path, "run", job, *MANY, "-o", "a.h5", ranks=3,
                     variables={"SLURM_JOB_END_TIME": str(int(time.time()) + 5)})
    check_ended(process, tmp_path / "a.h5", "SLURM_JOB_END_TIME, ")


@pytest.fixture
def squeue(tmp_path, monkeypatch):
    """squeue(answer, code=0): variables of a batch job in which SLURM gives that answer about the time left."""

    def fake(answer, code=0):
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "squeue").write_text(f'#!/bin/sh\n[ "$*" = "-h -j 77 -o %L" ] && echo "{answer}"\nexit {code}\n')
        (folder / "squeue").chmod(0o755)
        return {"PATH": f"{folder}:{os.environ['PATH']}", "SLURM_JOB_ID": "77"}

    return fake


def test_slurm_is_asked_for_the_end_where_the_environment_does_not_tell_it(finish, job, tmp_path, squeue):
    process = finish(tmp_path, "run", job, *MANY, "-o", "a.h5", variables=squeue("0:05"))
    check_ended(process, tmp_path / "a.h5", "the end of the batch job, ")


@pytest.mark.parametrize("answer, code, note", [("UNLIMITED", 0, False), ("", 1, True)])
def test_a_batch_job_without_an_end(finish, job, tmp_path, squeue, answer, code, note):
    process = finish(tmp_path, "run", job, "--set", "axes.g0.points=5", variables=squeue(answer, code))
    assert process.returncode == 0
    assert ("batch job 77: squeue does not say how much time is left; --time-limit does" in process.err) == note


def test_an_end_time_that_is_no_number_is_refused(finish, job, tmp_path):
    process = finish(tmp_path, "run", job, variables={"SLURM_JOB_END_TIME": "noon"})
    assert process.returncode == 1 and "SLURM_JOB_END_TIME=noon" in message_of(process)


# ---- the lock ----


def test_a_second_run_on_the_same_file_is_refused_and_readers_are_not(start, finish, job, tmp_path):
    path = tmp_path / "a.h5"
    process = start(tmp_path, "run", job, *MANY, "-o", "a.h5")
    wait_for(lambda: n_done(path) > 0)
    second = finish(tmp_path, "run", job, *MANY, "-o", "a.h5", "--resume")
    assert second.returncode == 1
    message = message_of(second)
    assert f"process {process.pid} on host {os.uname().nodename}" in message and "--break-lock" in message
    assert finish(tmp_path, "info", "--all", "a.h5").returncode == 0
    assert finish(tmp_path, "run", job, *MANY, "-o", "a.h5", "--overwrite").returncode == 1
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert not (tmp_path / "a.h5.lock").exists()


def test_the_lock_of_a_killed_run_is_replaced(start, finish, job, tmp_path):
    path = tmp_path / "a.h5"
    process = start(tmp_path, "run", job, "-o", "a.h5", *SLOWLY)
    wait_for(lambda: n_done(path) > 0)
    process.kill()
    process.communicate()
    assert (tmp_path / "a.h5.lock").exists()
    result = finish(tmp_path, "run", job, "-o", "a.h5", "--resume")
    assert result.returncode == 0 and f"replaced the lock of process {process.pid}" in result.err
    assert sorted(os.listdir(tmp_path)) == ["a.h5", "job.yaml"]


def test_a_lock_from_another_host_holds_until_it_is_broken(finish, job, tmp_path):
    lock = tmp_path / "a.h5.lock"
    lock.write_text("host: elsewhere\nboot: x\npid: 5\nstarted: 7\njob: 12\nrestart: 0\ntime: 2026-01-02T03:04:05Z\n")
    small = ["--set", "axes.g0.points=5"]
    result = finish(tmp_path, "run", job, *small, "-o", "a.h5")
    assert result.returncode == 1 and lock.exists() and not (tmp_path / "a.h5").exists()
    for part in ("process 5 on host elsewhere, batch job 12, since 2026-01-02T03:04:05Z", "--break-lock", "a.h5.lock"):
        assert part in message_of(result)
    requeued = {"SLURM_JOB_ID": "12", "SLURM_RESTART_COUNT": "1", "SLURM_JOB_END_TIME": "9999999999"}
    result = finish(tmp_path, "run", job, *small, "-o", "a.h5", variables=requeued)
    assert result.returncode == 0 and "an earlier start of this batch job" in result.err
    lock.write_text("nonsense")
    result = finish(tmp_path, "run", job, *small, "-o", "a.h5", "--resume")
    assert result.returncode == 1 and "not readable as a lock" in message_of(result)
    assert finish(tmp_path, "run", job, *small, "-o", "a.h5", "--resume", "--break-lock").returncode == 0
    assert not lock.exists()
