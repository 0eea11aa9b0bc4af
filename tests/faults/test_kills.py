# SPDX-License-Identifier: GPL-3.0-or-later
"""Real SIGKILLs at random moments: the file opens or is not there, no record marked done is wrong, and the resumed file
has the bits of an uninterrupted one."""

import collections
import os
import pathlib
import random
import signal
import subprocess
import time

import h5py
import pytest

from files import N_POINTS, SLOWLY, contents, n_done, wait_for, wrong_records
from machine import below

SEED = 20211


def ranks_of(mpirun):
    """Process ids of the ranks that mpirun has started."""
    return below(mpirun.pid)


def run_in(folder):
    """Processes that work in the folder: mpirun and its ranks."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cwd"):
        try:
            if path.readlink() == folder:
                found.append(int(path.parent.name))
        except OSError:
            continue  # ended, or not ours
    return found


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def kill_run(process, folder, victims, chance):
    """Kills `victims` of a run; returns when every process of it is gone. False if it had ended by itself.
    mpirun itself may stay: about one in a hundred of Open MPI 4.1.4 with PMIx 4.2 waits for ever for a lock of its own in
    PMIx_server_finalize, when all ranks are gone."""
    ranks = ranks_of(process)
    alive = process.poll() is None
    if victims == "mpirun":
        kill(process.pid)
    elif victims == "all ranks":
        for pid in ranks:
            kill(pid)
    elif ranks:
        kill(chance.choice(ranks))
    else:
        kill(process.pid)
    # A rank that mpirun has just started may survive it, or mpirun such a rank.
    end = time.monotonic() + 15
    while run_in(folder):
        if time.monotonic() > end:
            for pid in run_in(folder):
                kill(pid)
        time.sleep(0.02)
    process.communicate(timeout=60)
    return alive


def check_sound(finish, path):
    """Not there, or it opens and what is marked done is right; returns the number of points done."""
    if not path.exists():
        return 0
    told = finish(path.parent, "info", "--all", path.name)  # metadata have their checksum
    assert told.returncode == 0, told.err
    subprocess.run(["h5dump", "-H", path], check=True, capture_output=True, timeout=60)
    with h5py.File(path, locking=False) as file:
        assert file["status"].size == N_POINTS
    wrong, done = wrong_records(path)
    assert wrong == 0
    return done


def kill_and_resume(start, finish, folder, whole, n_kills, seed):
    """Files are killed up to four times each, then completed and compared. Every other one is killed while it is being
    created, or as soon as it is there."""
    chance = random.Random(seed)
    done_when_killed, n_files, n_incomplete, victims = [], 0, 0, collections.Counter()
    while len(done_when_killed) < n_kills:
        path = folder / f"{n_files}.h5"
        n_files += 1
        for attempt in range(4):
            process = start(folder, "run", "job.yaml", "-o", path.name, "--resume", *SLOWLY, ranks=3)
            if attempt == 0 and n_files % 2:
                wait_for(lambda: path.exists() or any(folder.glob(f"{path.name}.new-*")))
                time.sleep(chance.uniform(0, 0.01))
            else:
                time.sleep(chance.uniform(0.05, 2.0))
            victim = chance.choice(["one rank", "all ranks", "mpirun"])
            if kill_run(process, folder, victim, chance):
                done_when_killed.append(check_sound(finish, path))
                victims[victim] += 1
                n_incomplete += not path.exists() and any(folder.glob(f"{path.name}.new-*"))
        result = finish(folder, "run", "job.yaml", "-o", path.name, "--resume", ranks=3)
        assert result.returncode == 0, result.err
        assert contents(path) == whole
        left = [name for name in os.listdir(folder) if name.startswith(path.name) and name != path.name]
        assert left == []
        path.unlink()
    # The moments were spread: before the first record, and in the middle.
    assert min(done_when_killed) < N_POINTS / 4 and max(done_when_killed) > N_POINTS / 4
    print(f"{len(done_when_killed)} kills ({dict(victims)}) of {n_files} files, {n_incomplete} during creation; "
          f"points done: {sorted(done_when_killed)}")


def test_20_kills_lose_nothing(start, finish, job, tmp_path, whole):
    kill_and_resume(start, finish, tmp_path, whole, 20, SEED)


@pytest.mark.long
def test_200_kills_lose_nothing(start, finish, job, tmp_path, whole):
    kill_and_resume(start, finish, tmp_path, whole, 200, SEED + 1)


@pytest.mark.parametrize("moment", range(3))
def test_a_kill_during_creation_leaves_no_file_and_its_leftover_is_removed(start, job, tmp_path, moment):
    """A file of some 200 MB takes long enough to be hit."""
    path = tmp_path / "large.h5"
    arguments = ["run", job, "-o", path.name, "--resume", "--set", "axes.g0.points=300000"]
    process = start(tmp_path, *arguments, ranks=2)
    wait_for(lambda: path.exists() or any(p.stat().st_size for p in tmp_path.glob("large.h5.new-*")))
    time.sleep(0.02 * moment)
    assert kill_run(process, tmp_path, "all ranks", random)
    if not path.exists():
        assert len(list(tmp_path.glob("large.h5.new-*"))) == 1
    process = start(tmp_path, *arguments, ranks=2)
    wait_for(lambda: n_done(path) > 0)
    kill_run(process, tmp_path, "all ranks", random)
    assert list(tmp_path.glob("large.h5.new-*")) == []
    with h5py.File(path, locking=False) as file:
        assert file["status"].shape == (300000, 2)
