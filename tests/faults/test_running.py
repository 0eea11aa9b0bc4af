# SPDX-License-Identifier: GPL-3.0-or-later
"""While a run is under way: who may look, who is killed, who is told to give up."""

import os
import signal
import subprocess
import time

import h5py
import numpy
import pytest

from files import SLOWLY, contents, message_of, n_done, wait_for, wrong_records
from test_kills import ranks_of, run_in

MANY = ["--set", "axes.g0.points=30000"]
# Next to no loss, so that a point takes minutes: the modes oscillate some 10^8 times before they rest.
SLOW = """\
model: {patterns: 3, g0: 0.9, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5], kappa_mu: [1.0e-8]}
initial: {overlap: 0.3, perturbation: 0.1}
axes:
  - {name: seed, from: 1, to: 4, points: 4}
solver: {t_max: 1e12, tolerance: 1e-14}
"""

def test_anybody_may_read_while_a_run_writes(start, finish, job, tmp_path):
    xarray = pytest.importorskip("xarray")
    path = tmp_path / "a.h5"
    process = start(tmp_path, "run", job, *MANY, "-o", "a.h5", ranks=3)
    wait_for(lambda: n_done(path) > 0)
    before = n_done(path)
    for engine in ("h5netcdf", "netcdf4"):
        with xarray.open_dataset(path, engine=engine) as data:
            done = data.status.values == 1  # first: what is done then is complete when it is read
            assert numpy.isin(data.verdict.values[done], data.verdict.attrs["flag_values"]).all()
    subprocess.run(["h5dump", "-H", path], check=True, capture_output=True)
    subprocess.run(["ncdump", "-h", path], check=True, capture_output=True)
    told = finish(tmp_path, "info", "--all", "a.h5")
    checked = finish(tmp_path, "verify", "a.h5", "--sample", 1)
    assert process.poll() is None  # all of them read a file that was being written
    assert told.returncode == 0 and checked.returncode == 0, checked.out
    assert "no difference, but incomplete" in checked.out and "no end recorded: still under way" in told.out
    wait_for(lambda: n_done(path) > before)
    process.send_signal(signal.SIGUSR1)
    process.communicate(timeout=60)
    assert process.returncode == 85 and wrong_records(path)[0] == 0


def test_plan_and_point_never_touch_the_output(finish, job, tmp_path):
    assert finish(tmp_path, "run", job, "--set", "axes.g0.points=5").returncode == 0
    (tmp_path / "job.h5.lock").write_text("somebody's\n")
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    assert finish(tmp_path, "plan", job, "--set", "axes.g0.points=5").returncode == 0
    assert finish(tmp_path, "point", job, "--at", "g0=0.7,pattern=1").returncode == 0
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("ranks", [None, 2])
def test_a_second_usr1_gives_up_points_under_way(start, tmp_path, ranks):
    """The first one lets them finish, for up to half a minute, which these points do not."""
    (tmp_path / "slow.yaml").write_text(SLOW)
    path = tmp_path / "a.h5"
    process = start(tmp_path, "run", "slow.yaml", "-o", "a.h5", ranks=ranks)
    wait_for(lambda: path.exists() and b": begun: " in path.read_bytes())
    time.sleep(1)  # points are begun
    process.send_signal(signal.SIGUSR1)
    told = ""
    while "points under way are finished" not in told:
        line = process.stderr.readline()
        assert line, told
        told += line
    second = time.monotonic()
    process.send_signal(signal.SIGUSR1)
    while "points under way are suspended" not in told:
        line = process.stderr.readline()
        assert line, told
        told += line
    assert time.monotonic() - second < 20  # of the 30 s that they would have had
    process.communicate(timeout=60)
    assert process.returncode == 85 and n_done(path) == 0
    with h5py.File(path) as file:
        assert file.attrs["history"].endswith(b" of 4 points done; stopped early (signal USR1)")


@pytest.mark.parametrize("victim", ["a worker", "the master"])
def test_a_rank_that_dies_ends_the_run_which_can_be_resumed(start, finish, job, tmp_path, whole, victim):
    path = tmp_path / "a.h5"
    process = start(tmp_path, "run", job, "-o", "a.h5", *SLOWLY, ranks=3)
    wait_for(lambda: n_done(path) > 0)
    holder = int(next(line for line in (tmp_path / "a.h5.lock").read_text().splitlines()
                      if line.startswith("pid: ")).split()[1])
    ranks = ranks_of(process)
    assert holder in ranks and len(ranks) == 3
    os.kill(holder if victim == "the master" else max(set(ranks) - {holder}), signal.SIGKILL)
    wait_for(lambda: not set(run_in(tmp_path)) - {process.pid}, 30)  # the other ranks end by themselves
    try:
        process.out, process.err = process.communicate(timeout=20)
        assert "signal 9" in process.out + process.err  # MPICH tells standard output
    except subprocess.TimeoutExpired:  # mpirun waits for itself, see test_kills.py
        process.kill()
        process.communicate()
    assert process.returncode not in (0, 1, 85)
    wrong, done = wrong_records(path)
    assert wrong == 0 and 0 < done
    assert finish(tmp_path, "run", job, "-o", "a.h5", "--resume", ranks=3).returncode == 0
    assert contents(path) == whole
