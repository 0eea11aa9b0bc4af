# SPDX-License-Identifier: GPL-3.0-or-later
"""The program started from Python."""

import os
import pathlib
import pty
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import dickemap
import machine
from dickemap import running
from dickemap.progress import Bar

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIG3 = ROOT / "jobs" / "fig3.yaml"
SMALL = {"axes.g0.points": 9}
SLOW = {"model": {"patterns": 4, "g0": 3.0, "Omega": 1.0, "Omega_mu": [1, -1.3, 1.7, -2.1], "kappa_mu": [0.01]},
        "initial": {"perturbation": 0.5}, "solver": {"max_steps": 10**12, "t_max": 1e12},
        "axes": [{"name": "seed", "from": 1, "to": 64, "points": 64}]}
LONG = SLOW | {"solver": {"max_steps": 150000}}  # some seconds


@pytest.fixture(autouse=True)
def of_this_build(program):
    """The program under test."""


@pytest.mark.parametrize("ranks", [1, 3, None])
def test_the_dataset_is_that_of_evaluate(tmp_path, ranks):
    data = dickemap.run(FIG3, tmp_path / "out.h5", ranks=ranks, set=SMALL)
    here = dickemap.evaluate(FIG3, set=SMALL)
    assert data.checksum.values.tobytes() == here.checksum.values.tobytes()
    assert data.attrs["n_ranks"] == ranks or ranks is None
    assert dickemap.open(tmp_path / "out.h5").identical(data)


def test_without_an_output_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = dickemap.run({"model": SLOW["model"] | {"g0": 0.0}}, ranks=1)
    assert dickemap.done(data).all() and data.xi.dims == ("point", "mode") and not any(tmp_path.iterdir())


def test_what_is_there_is_continued_refused_or_replaced(tmp_path):
    path = tmp_path / "out.h5"
    dickemap.run(FIG3, path, ranks=1, set=SMALL)
    before = path.read_bytes()
    dickemap.run(FIG3, path, ranks=1, set=SMALL)
    assert path.read_bytes() == before
    with pytest.raises(dickemap.Error, match="out.h5.*exists"):
        dickemap.run(FIG3, path, ranks=1, set=SMALL, resume=False)
    with pytest.raises(dickemap.Error, match="axes.g0"):
        dickemap.run(FIG3, path, ranks=1, set={"axes.g0.points": 8})
    assert dickemap.run(FIG3, path, ranks=1, set={"axes.g0.points": 8}, overwrite=True).sizes["g0"] == 8


@pytest.mark.parametrize("ranks", [1, 3])
def test_errors_are_the_program_s(tmp_path, ranks):
    with pytest.raises(dickemap.Error) as error:
        dickemap.run({"model": SLOW["model"] | {"kappa_mu": [0]}}, tmp_path / "out.h5", ranks=ranks)
    said = str(error.value)
    assert "model.kappa_mu" in said and "must be" in said and not said.startswith("dickemap") and len(said.splitlines()) == 1


def test_a_plan_says_what_a_job_takes():
    plan = dickemap.plan(FIG3, set=SMALL)
    assert plan["points"] == "36 = 9 g0 x 4 pattern" and "core-hours" in plan["estimate"]
    assert str(plan).startswith("job ") and repr(plan) == str(plan)
    with pytest.raises(dickemap.Error, match="model.g0 is missing"):
        dickemap.plan("{model: {patterns: 2, Omega: 1, Omega_mu: [1], kappa_mu: [1]}}")
    with pytest.warns(UserWarning, match="change"):
        dickemap.plan({"model": SLOW["model"] | {"patterns": 1, "Omega_mu": [2.0]}, "axes": SLOW["axes"]} | {"solver": {"max_steps": 1000}})


@pytest.mark.parametrize("ranks", [1, 3])
def test_ctrl_c_ends_a_run_that_can_be_continued(tmp_path, ranks):
    path = tmp_path / "slow.h5"

    def interrupt():
        while not path.exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    handler = signal.getsignal(signal.SIGINT)
    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt, match="stopped early.*--resume continues"):
        dickemap.run(LONG, path, ranks=ranks)
    assert signal.getsignal(signal.SIGINT) is handler
    assert not dickemap.done(dickemap.open(path)).all()
    data = dickemap.run(LONG, path, ranks=ranks)
    assert dickemap.done(data).all() and "resume" in data.history
    assert data.checksum.values.tobytes() == dickemap.evaluate(LONG).checksum.values.tobytes()


def test_mpirun_is_called_as_everywhere_else(monkeypatch):
    wanted = machine.mpi_variables()
    for name in wanted:
        monkeypatch.delenv(name, raising=False)
    ours = running._environment()
    assert {name: ours[name] for name in wanted} == wanted
    monkeypatch.setenv("OMPI_MCA_btl_tcp_if_include", "eth0")
    assert running._environment()["OMPI_MCA_btl_tcp_if_include"] == "eth0"
    script = "set -eu; . jobs/setup.sh; setup_mpi; setup_mpirun; printf '%s\\n' \"${MPIRUN[@]}\" -n 3"
    said = subprocess.run(["bash", "-c", script], cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout.splitlines()
    command = running._mpirun(3)
    assert [os.path.basename(command[0]), *command[1:]] == [os.path.basename(said[0]), *said[1:]]
    assert running._mpirun(1) == []


def test_a_launcher_or_program_that_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("MPIEXEC", raising=False)
    with pytest.raises(dickemap.Error, match="3 ranks need mpirun"):
        dickemap.run(FIG3, ranks=3)
    assert running._mpirun(None) == []
    monkeypatch.delenv("DICKEMAP")
    monkeypatch.setattr(running, "__file__", str(tmp_path / "a" / "b" / "c.py"))
    with pytest.raises(dickemap.Error, match="the program dickemap was not found"):
        dickemap.plan(FIG3)


# ---- progress ----


def test_lines_of_progress_are_understood():
    for line in ("[####------] 412/800 points, 51.5 %, 133/s, ETA 0:00:03\x1b[K", "412/800 points, 51.5 %, 133/s, ETA 0:00:03"):
        assert running.PROGRESS.search(line).groups() == ("412", "800", "133/s, ETA 0:00:03")
    assert not running.PROGRESS.search("dickemap: stopped early: 412 of 800 points done")


def test_a_bar_is_drawn_on_a_terminal_and_nowhere_else(tmp_path):
    """Under a terminal of its own."""
    code = ("import sys, time; sys.path[:0] = ['analysis']\n"
            "from dickemap.progress import Bar\n"
            "with Bar(4) as bar:\n"
            "    for i in range(5): time.sleep(0.25); bar.update(i)\n")
    ours, theirs = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=theirs)
    process.wait()
    os.close(theirs)
    drawn = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert "[####################--------------------] 2/4 points, 50.0 %" in drawn and drawn.endswith("\n")
    quiet = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert quiet.stderr == ""


def test_a_bar_is_drawn_in_a_notebook(monkeypatch):
    """As much of IPython as it asks for."""
    shown = []

    class Handle:
        def update(self, data, raw):
            shown.append(data["text/plain"])

    def display(data, raw, display_id):
        shown.append(data["text/plain"])
        return Handle()

    kernel = type("Shell", (), {"kernel": object()})
    monkeypatch.setitem(sys.modules, "IPython", type("IPython", (), {"get_ipython": staticmethod(lambda: kernel)}))
    monkeypatch.setitem(sys.modules, "IPython.display", type("display", (), {"display": staticmethod(display)}))
    monkeypatch.setattr("dickemap.progress.INTERVAL", 0.0)
    with Bar(2) as bar:
        bar.update(1)
        bar.update(2, note="done")
    assert len(shown) == 3 and "1/2 points" in shown[0] and shown[-1].endswith("2/2 points, 100.0 %, done")


def test_the_progress_of_a_run_is_shown(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(Bar, "update", lambda self, n_done, total=None, note="": seen.append((n_done, total)))
    dickemap.run(FIG3, tmp_path / "out.h5", ranks=3, set={"axes.g0.points": 100})
    assert seen and seen[-1] == (400, 400) and np.all(np.diff([n for n, _ in seen]) >= 0)
