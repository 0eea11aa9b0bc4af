# SPDX-License-Identifier: GPL-3.0-or-later
"""The retrieval threshold: measured by the program, compared with g_ret, drawn."""

import pathlib
import shutil
import subprocess
import sys

import h5py
import matplotlib.image
import numpy as np
import pytest

import check_threshold
import synthetic

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def measured(program, tmp_path_factory):
    """jobs/retrieval_threshold.yaml with a third of its couplings."""
    path = tmp_path_factory.mktemp("threshold") / "threshold.h5"
    subprocess.run([program, "run", ROOT / "jobs" / "retrieval_threshold.yaml", "-o", path, "--set", "axes.g0.points=67"],
                   check=True, capture_output=True)
    return path


@pytest.fixture
def copy(measured, tmp_path):
    return pathlib.Path(shutil.copy(measured, tmp_path / "copy.h5"))


@pytest.fixture
def check(monkeypatch, capsys):
    """The check as a function: (exit code, what it prints)."""

    def run(path):
        monkeypatch.setattr(sys, "argv", ["check_threshold.py", str(path)])
        return check_threshold.main(), capsys.readouterr().out

    return run


def position(path, perturbation, pattern, g0):
    """Index of the point nearest to g0."""
    with h5py.File(path) as file:
        return perturbation, pattern - 1, int(np.argmin(abs(file["g0"][...] - g0)))


def test_the_measured_thresholds_are_g_nu_and_g_ret(script, measured):
    result = script("check_threshold.py", measured)
    assert result.returncode == 0, result.stdout + result.stderr
    rows = [line.split() for line in result.stdout.splitlines() if "g_ret =" in line]
    theory = [0.645497, 0.774510, 0.901027, 1.023937]
    assert len(rows) == 4
    for row, g_ret in zip(rows, theory):
        assert float(row[4]) <= g_ret <= float(row[5]) and float(row[5]) - float(row[4]) < 0.008
        assert float(row[-1]) == g_ret


def test_it_is_no_matter_of_the_seed(program, check, tmp_path):
    subprocess.run([program, "run", ROOT / "jobs" / "retrieval_threshold.yaml", "-o", tmp_path / "other.h5",
                    "--set", "axes.g0.points=26", "--set", "initial.seed=2"], check=True, capture_output=True)
    code, printed = check(tmp_path / "other.h5")
    assert code == 0, printed


@pytest.mark.parametrize("field, perturbation, pattern, g0, value, message", [
    ("retrieved", 1, 4, 0.95, 4, "retrieved 4"),       # a tilted start in the window
    ("retrieved", 1, 4, 1.08, 1, "retrieved 1"),       # above it
    ("retrieved", 0, 4, 0.95, 1, "retrieved 1"),       # an exact start in the window
    ("xi", 1, 3, 1.0, np.nan, "differs from Eq. (12)"),
    ("n_unstable", 0, 4, 0.95, 0, "n_unstable 0"),
])
def test_one_wrong_number_is_found(check, copy, field, perturbation, pattern, g0, value, message):
    with h5py.File(copy, "a") as file:
        file[field][position(copy, perturbation, pattern, g0)] = value
    code, printed = check(copy)
    assert code == 3
    assert "WRONG" in printed and message in printed and printed.splitlines()[-1].startswith("FAILED")


def test_an_undecided_point_is_found(check, copy):
    with h5py.File(copy, "a") as file:
        file["verdict"][position(copy, 1, 1, 0.62)] = synthetic.code("undecided")
    code, printed = check(copy)
    assert code == 3 and "1 undecided" in printed


@pytest.mark.parametrize("name", ["check_threshold.py", "plot_threshold.py"])
def test_a_file_of_another_job_is_refused(script, closed_forms, name):
    result = script(name, closed_forms)
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert "not of a job like jobs/retrieval_threshold.yaml: it has no" in result.stderr


def test_a_missing_file_is_named(script):
    result = script("check_threshold.py", "nowhere.h5")
    assert result.returncode == 1 and "nowhere.h5" in result.stderr and "Traceback" not in result.stderr


def test_both_starts_are_needed(check, copy):
    with h5py.File(copy, "a") as file:
        file["perturbation"][...] = [1e-7, 1e-6]
    with pytest.raises(SystemExit, match="expected two perturbations, one of them 0"):
        check(copy)


def test_the_picture_shows_what_was_computed(script, copy, tmp_path):
    result = script("plot_threshold.py", copy, "-o", "right.png")
    assert result.returncode == 0 and not result.stderr, result.stderr
    with h5py.File(copy, "a") as file:
        file["retrieved"][position(copy, 1, 4, 0.95)] = 3
    assert script("plot_threshold.py", copy, "-o", "wrong.png").returncode == 0
    right, wrong = (matplotlib.image.imread(tmp_path / name) for name in ("right.png", "wrong.png"))
    assert right.shape == wrong.shape and right.shape[0] > 600
    assert not np.array_equal(right, wrong)
