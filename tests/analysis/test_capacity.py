# SPDX-License-Identifier: GPL-3.0-or-later
"""How many patterns a memory keeps: jobs/capacity.sh from outside, and what its picture is made of."""

import os
import pathlib
import subprocess

import h5py
import numpy as np
import pytest
from test_plots import picture

ROOT = pathlib.Path(__file__).resolve().parents[2]
SMALL = ["--set", "model.spins=24", "--set", "axes.pattern_seed.points=4"]


@pytest.fixture(scope="module")
def capacity(program, tmp_path_factory):
    """Runs it for small memories; returns the folder and what it printed."""
    folder = tmp_path_factory.mktemp("capacity")

    def run(*arguments):
        return subprocess.run([ROOT / "jobs" / "capacity.sh", "-n", "2", "-o", folder, *arguments], text=True, capture_output=True,
                              env=os.environ | {"DICKEMAP": str(program)})
    result = run(*SMALL, "2", "3")
    assert result.returncode == 0, result.stderr
    return folder, result.stdout, run


def test_a_job_for_each_number_and_a_picture(capacity):
    folder, printed, _ = capacity
    assert sorted(path.name for path in folder.glob("*.h5")) == [f"{job}-{M}.h5" for job in ("capacity", "recall") for M in (2, 3)]
    assert "2 numbers of patterns up to 3, 2 of them with trajectories" in printed
    picture(folder / "capacity.png")


def test_what_is_there_is_continued(capacity):
    folder, _, run = capacity
    before = (folder / "capacity-2.h5").read_bytes()
    assert run(*SMALL, "2", "3").returncode == 0
    assert (folder / "capacity-2.h5").read_bytes() == before


@pytest.mark.parametrize("arguments, message", [(["two"], "'two' is no number of patterns"), (["-o"], "-o needs a value")])
def test_bad_arguments_are_refused(capacity, arguments, message):
    _, _, run = capacity
    result = run(*arguments)
    assert result.returncode == 1 and message in result.stderr


def test_shares_are_those_of_the_file(capacity):
    import dickemap
    import plot_capacity

    folder, _, _ = capacity
    data, recall = dickemap.open(folder / "capacity-3.h5"), dickemap.open(folder / "recall-3.h5")
    with h5py.File(folder / "capacity-3.h5") as file:
        kept = (file["pattern_xi"][:, 1] > 0.9).sum()
    curves = {curve.label: curve.points for curve in plot_capacity.shares([data], [recall])}
    load, share, low, high = curves["states, $g_0$ = 5.59"][0]
    assert load == 3 / 24 and share == kept / 12 and low < share <= high
    assert curves[r"trajectories, $\gamma_\downarrow$ = 0.1"][0][1] == np.mean(recall.retrieved == 1)  # none is undecided


def test_hopfield_networks_forget_above_their_capacity():
    import plot_capacity

    assert plot_capacity.hopfield(60, 1, 5) == (5, 5)
    few, n_few = plot_capacity.hopfield(60, 3, 5)
    many, n_many = plot_capacity.hopfield(60, 24, 2)
    assert few > 0.8 * n_few and many < 0.2 * n_many


def test_other_files_are_refused(script, closed_forms):
    result = script("plot_capacity.py", closed_forms)
    assert result.returncode != 0 and "not of a job like jobs/recall.yaml" in result.stderr and "Traceback" not in result.stderr
