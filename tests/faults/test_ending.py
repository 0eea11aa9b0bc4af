# SPDX-License-Identifier: GPL-3.0-or-later
"""How a run ends when a rank hangs, a disk is slow or limited, or a call of the system fails: with one message and the
right code, within a bound, and with everything that was reported."""

import os
import pathlib
import resource
import signal
import subprocess
import time

import h5py
import pytest

from calls import Bench, end
from files import JOB, N_POINTS, SLOWLY, contents, message_of, n_done, wait_for, wrong_records
from machine import mpirun
from test_kills import ranks_of

# Six points of some seconds each, whose states are saved when the run is told to end.
SLOW_POINTS = """\
model: {patterns: 3, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5], kappa_mu: [1.0e-8], g0: 0.9}
initial: {overlap: 0.3, perturbation: 0.1}
axes:
  - {name: seed, from: 1, to: 6, points: 6}
solver: {t_max: 1e12, tolerance: 1e-14}
"""
MANY = ["--set", "axes.g0.points=30000"]


@pytest.fixture
def bench(program, environment):
    if "DICKEMAP_BUILD" not in os.environ:
        pytest.skip("DICKEMAP_BUILD does not name the build folder")
    return Bench(program, os.environ["DICKEMAP_BUILD"], environment)


@pytest.fixture
def launch(bench, tmp_path):
    """launch(*arguments, ranks, calls): a run in the folder of the test, which is ended with the test."""
    processes = []

    def begin(*arguments, ranks=1, calls=None):
        calls = calls and {"FOLDER": os.path.realpath(tmp_path)} | calls
        processes.append(bench.start(tmp_path, *arguments, ranks=ranks, calls=calls))
        return processes[-1]

    yield begin
    for process in processes:
        if process.poll() is None:
            end(process)
            process.communicate()


def wait_to_the_end(process, seconds):
    process.out, process.err = process.communicate(timeout=seconds)
    return process.returncode


def check_left_behind(path, history):
    """Nothing that was reported is lost, and the file says how the run ended."""
    wrong, done = wrong_records(path)
    assert wrong == 0 and done > 0
    assert not path.with_name(path.name + ".lock").exists()
    with h5py.File(path) as file:
        last = file.attrs["history"].decode().splitlines()[-1]
    assert f": {done} of " in last and history in last and "did not answer for" in last
    return done


def test_a_time_limit_holds_while_a_rank_is_stopped(launch, finish, job, tmp_path, whole):
    path = tmp_path / "a.h5"
    process = launch("run", job, "-o", "a.h5", "--time-limit", "0:05", *SLOWLY, ranks=3)
    wait_for(lambda: n_done(path) > 0)
    holder = int((tmp_path / "a.h5.lock").read_text().split("pid: ")[1].split()[0])
    victim = max(set(ranks_of(process)) - {holder})
    os.kill(victim, signal.SIGSTOP)
    assert wait_to_the_end(process, 120) == 85
    said = message_of(process)
    assert said.startswith("stopped early (--time-limit") and "with --resume continues" in said
    assert " did not answer for " in said and "points in its hands" in said
    done = check_left_behind(path, "stopped early (--time-limit")
    assert f": {done} of {N_POINTS} points done" in said
    assert f"{done}  points in " in process.out
    assert finish(tmp_path, "run", job, "-o", "a.h5", "--resume", ranks=3).returncode == 0
    assert contents(path) == whole


@pytest.mark.parametrize("call", ["write", "fdatasync"])
def test_a_time_limit_holds_while_a_rank_hangs_in_a_call(launch, finish, job, tmp_path, whole, call):
    path = tmp_path / "a.h5"
    process = launch("run", job, "-o", "a.h5", "--time-limit", "0:05", *SLOWLY, ranks=3,
                     calls={"RANK": 2, "FAIL": f"{call} hang 3 0", "FIRED": tmp_path / "fired"})
    assert wait_to_the_end(process, 120) == 85
    assert (tmp_path / "fired").read_text().startswith("rank 2: ")
    assert "rank 2 on " in message_of(process)
    check_left_behind(path, "stopped early (--time-limit")
    assert finish(tmp_path, "run", job, "-o", "a.h5", "--resume", ranks=3).returncode == 0
    assert contents(path) == whole


@pytest.mark.long
@pytest.mark.parametrize("n_signals", [1, 2])
def test_usr1_ends_a_run_of_which_a_rank_hangs(launch, job, tmp_path, n_signals):
    """Half a minute for points under way, which a second signal gives up, and as long for the ranks to answer."""
    path = tmp_path / "a.h5"
    process = launch("run", job, *MANY, "-o", "a.h5", ranks=3, calls={"RANK": 2, "FAIL": "fdatasync hang 2 0"})
    wait_for(lambda: n_done(path) > 0)
    time.sleep(2)
    for _ in range(n_signals):
        process.send_signal(signal.SIGUSR1)
        time.sleep(2)
    assert wait_to_the_end(process, 180) == 85
    assert "signal USR1" in message_of(process) and "rank 2 on " in message_of(process)
    check_left_behind(path, "stopped early (signal USR1")


@pytest.mark.long
def test_a_failure_ends_a_run_of_which_another_rank_hangs(launch, tmp_path, job):
    """Both are told."""
    path = tmp_path / "a.h5"
    process = launch("run", job, *MANY, "-o", "a.h5", ranks=4, calls={"RANK": 2, "FAIL": "fdatasync hang 2 0"})
    wait_for(lambda: n_done(path) > 0)
    # A rank that is refused its part of the protocol: rank 0 cannot write its marks any more
    holder = int((tmp_path / "a.h5.lock").read_text().split("pid: ")[1].split()[0])
    resource.prlimit(holder, resource.RLIMIT_FSIZE, (0, 0))
    assert wait_to_the_end(process, 240) == 2
    said = message_of(process)
    assert "File too large" in said and "; rank 2 on " in said and " did not answer for " in said
    assert wrong_records(path)[0] == 0


@pytest.mark.long
def test_no_rank_waits_for_ever_for_one_that_hangs_before_the_work(launch, finish, job, tmp_path, whole):
    """Where a worker looks for states."""
    process = launch("run", job, "-o", "a.h5", "-q", ranks=3, calls={"RANK": 1, "FAIL": "open hang 1 0"})
    assert wait_to_the_end(process, 500) == 2
    assert "rank 1 did not answer for 300 s" in message_of(process)
    assert not (tmp_path / "a.h5.lock").exists()
    assert finish(tmp_path, "run", job, "-o", "a.h5", "--resume", ranks=3).returncode == 0
    assert contents(tmp_path / "a.h5") == whole


def test_term_waits_for_a_slow_disk(launch, tmp_path):
    """States take 2 s each to be put on disk, six of them more than the 10 s that once were the end."""
    (tmp_path / "job.yaml").write_text(SLOW_POINTS)
    path = tmp_path / "a.h5"
    process = launch("run", "job.yaml", "-o", "a.h5", "--save-interval", "60:00", calls={"FAIL": "fsync slow 4 0"})
    wait_for(lambda: path.exists() and b": begun: " in path.read_bytes())
    time.sleep(1)
    begin = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert wait_to_the_end(process, 120) == 85
    n_saved = len(list((tmp_path / "a.h5.unfinished").iterdir()))
    assert time.monotonic() - begin > 2 * n_saved - 1 and n_saved > 0
    assert "stopped early (signal TERM)" in message_of(process)
    assert f"{n_saved} of them suspended" in message_of(process)


@pytest.mark.parametrize("ranks", [1, 3])
def test_a_limit_on_the_size_of_files_is_a_failure_with_a_message(program, environment, tmp_path, ranks):
    """Of less than the output needs, and more than MPI needs for itself."""
    (tmp_path / "job.yaml").write_text(JOB)
    launcher = mpirun(ranks) if ranks > 1 else []
    limited = ["bash", "-c", 'ulimit -c 0; ulimit -f 30000; exec "$@"', "bash", program]
    process = subprocess.run([*launcher, *limited, "run", "job.yaml", "-o", "a.h5", "--set", "axes.g0.points=200000"],
                             cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert process.returncode == 2, process.stderr
    messages = [line for line in process.stderr.splitlines() if line.startswith("dickemap: ")]
    assert len(messages) == 1 and "File too large" in messages[0]
    assert os.listdir(tmp_path) == ["job.yaml"]


def test_a_file_that_can_neither_be_written_nor_closed_ends_with_its_message_alone(launch, job, tmp_path):
    """The metadata of the new file, from some write on: HDF5 must not try again when the program ends."""
    seen = set()
    for nth in range(1, 100, 7):
        process = launch("run", job, "-o", "a.h5", "--set", "axes.g0.points=5", "-q", calls={"FAIL": f"write EIO {nth} 0"})
        code = wait_to_the_end(process, 120)
        seen.add(code)
        if code == 0:  # fewer writes than that
            break
        assert code == 2, (nth, process.err)
        assert "Input/output error" in message_of(process), (nth, process.err)
        assert "Signal" not in process.err
        for left in pathlib.Path(tmp_path).glob("a.h5*"):
            left.unlink()
    assert 2 in seen


@pytest.mark.parametrize("call", ["open", "write", "read", "fsync", "fdatasync"])
def test_calls_that_a_signal_interrupts_are_made_again(launch, bench, tmp_path, job, call):
    few = ["--set", "axes.g0.points=5", "-q"]
    assert wait_to_the_end(launch("run", job, "-o", "whole.h5", *few), 120) == 0
    n = bench.counts(tmp_path, "run", job, "-o", "counted.h5", *few)[0][call]
    assert n > 0
    for nth in range(1, n + 1, max(1, n // 8)):
        process = launch("run", job, "-o", "a.h5", "--overwrite", *few, calls={"FAIL": f"{call} EINTR {nth} 3"})
        assert wait_to_the_end(process, 120) == 0, (nth, process.err)
        assert contents(tmp_path / "a.h5") == contents(tmp_path / "whole.h5")


def test_paths_may_be_long(launch, job, tmp_path):
    folder = tmp_path / ("d" * 200) / ("e" * 100)
    folder.mkdir(parents=True)
    process = launch("run", job, "-o", folder / "a.h5", "--set", "axes.g0.points=5", ranks=2)
    assert wait_to_the_end(process, 120) == 0, process.err
    assert n_done(folder / "a.h5") == 10
    assert os.listdir(folder) == ["a.h5"]
