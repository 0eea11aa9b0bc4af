# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts from the final states of an earlier file."""

import csv
import io
import re

import h5py
import numpy
import pytest

MODEL = "model: {patterns: 2, Omega: 0.5, Omega_mu: [1.5, 2.0], kappa_mu: [1.0]}\n"
UP = MODEL + """\
initial: {overlap: 0.9}
output: {state: final}
axes: [{name: g0, from: 0.5, to: 1.5, points: 11}, {name: pattern, values: [1, 2]}]
"""
ON = MODEL + """\
initial: {from: up.h5, perturbation: 1e-3}
output: {state: final}
axes: [{name: g0, values: [0.61, 0.98, 1.47, 3.0]}, {name: pattern, values: [2]}]
"""


@pytest.fixture
def folder(dickemap, tmp_path):
    (tmp_path / "up.yaml").write_text(UP)
    (tmp_path / "on.yaml").write_text(ON)
    assert dickemap("run", "up.yaml", "-o", "up.h5").returncode == 0
    return tmp_path


def test_a_start_is_the_state_of_the_nearest_point(dickemap, folder):
    """Nearest in units of the ranges, 1 for g0 and for pattern: g0 = 0.6, 1, 1.5, 1.5 of pattern 2."""
    with h5py.File(folder / "up.h5") as file:
        spins, beta = file["m"][:, 1], file["beta_re"][:, 1]
    for g0, i in ((0.61, 1), (0.98, 5), (1.47, 10), (3.0, 10)):
        result = dickemap("point", "on.yaml", "--at", f"g0={g0},perturbation=0", "--trajectory", "-", "--t-end", "1")
        assert result.returncode == 0, result.stderr
        row = next(csv.DictReader(io.StringIO(result.stdout)))
        z = spins[i, :, 2]
        assert float(row["xi_1"]) == pytest.approx(z.mean(), abs=1e-15)
        assert float(row["xi_2"]) == pytest.approx((z * [1, -1]).mean(), abs=1e-15)
        assert float(row["alpha_re_2"]) == pytest.approx(numpy.sqrt(2) * beta[i, 1], abs=1e-15)


def test_the_pattern_is_followed_up(dickemap, folder):
    """A pattern state that is stable stays one; the closed form says where. Theory has nothing against the records."""
    assert dickemap("run", "on.yaml", "-o", "on.h5", ranks=2).returncode == 0
    with h5py.File(folder / "on.h5") as file:
        xi, g0, verdict = abs(file["xi"][:, 0]), file["g0"][()], file["verdict"][()]
    assert (verdict == 1).all()
    expected = numpy.sqrt(1 - (0.7288689868556625 / g0[1:])**4)
    numpy.testing.assert_allclose(xi[1:, 1], expected, atol=1e-8)
    (folder / "up.h5").unlink()  # what is needed of it is in the file
    assert dickemap("verify", "on.h5").returncode == 0
    resumed = dickemap("run", "on.yaml", "-o", "on.h5", "--resume")
    assert resumed.returncode == 1 and "up.h5" in resumed.stderr  # the job itself cannot be read any more


def test_other_states_make_another_job(dickemap, folder):
    assert dickemap("run", "on.yaml", "-o", "on.h5").returncode == 0
    assert dickemap("run", "up.yaml", "-o", "other.h5", "--set", "initial.overlap=0.8").returncode == 0
    result = dickemap("run", "on.yaml", "-o", "on.h5", "--resume", "--set", "initial.from=other.h5")
    assert result.returncode == 1 and "initial.from" in result.stderr and "cannot be resumed" in result.stderr
    (folder / "up.h5").rename(folder / "renamed.h5")  # the same states
    assert dickemap("run", "on.yaml", "-o", "on.h5", "--resume", "--set", "initial.from=renamed.h5").returncode == 0


def test_a_start_at_rest_stays_there_until_it_is_tilted(dickemap, folder):
    """At the very points of the file, pattern 1's states: fixed points, where nothing moves."""
    job = MODEL + "initial: {from: up.h5}\naxes: [{name: g0, values: [0.9, 1.1, 1.3]}, {name: pattern, values: [1]}]\n"
    (folder / "rest.yaml").write_text(job)
    assert dickemap("run", "rest.yaml", "-o", "rest.h5").returncode == 0
    with h5py.File(folder / "rest.h5") as file, h5py.File(folder / "up.h5") as up:
        assert (file["verdict"][()] == 1).all() and (file["steps"][()] <= 1).all()
        i = [4, 6, 8]
        numpy.testing.assert_allclose(file["xi"][:, 0], up["xi"][i, 0], atol=1e-10)


@pytest.mark.parametrize("change, message", [
    (("from: up.h5", "from: none.h5"), r"initial.from .*none.h5"),
    (("from: up.h5", "from: on.yaml"), r"initial.from .*not an HDF5 file"),
    (("patterns: 2", "patterns: 2, mapping: ungauged"), r"initial.from .*another system: model.mapping"),
    (("perturbation: 1e-3", "overlap: 0.5"), r"initial.from is given beside overlap"),
    (("name: pattern, values: [2]", "name: flip, values: [0.1]"), r"initial.from is given beside flip"),
])
def test_what_cannot_be_is_refused(dickemap, folder, change, message):
    (folder / "on.yaml").write_text(ON.replace(*change))
    for command in (["run", "on.yaml", "-o", "on.h5"], ["plan", "on.yaml"]):
        result = dickemap(*command)
        assert result.returncode == 1 and re.search(r"on.yaml:\d+:\d+: " + message, result.stderr), result.stderr
    assert not (folder / "on.h5").exists()


def test_a_file_without_states_is_refused(dickemap, folder):
    assert dickemap("run", "up.yaml", "-o", "up.h5", "--overwrite", "--set", "output.state=none").returncode == 0
    result = dickemap("plan", "on.yaml")
    assert result.returncode == 1 and "keeps no final states" in result.stderr


def test_closed_forms_are_of_unit_spins(dickemap, folder):
    """States of a flipped cue are shorter: Eq. 12 is not about them."""
    (folder / "flipped.yaml").write_text(UP.replace("overlap: 0.9", "flip: 0.2"))
    assert dickemap("run", "flipped.yaml", "-o", "flipped.h5").returncode == 0
    (folder / "on.yaml").write_text(ON.replace("up.h5", "flipped.h5"))
    assert dickemap("run", "on.yaml", "-o", "on.h5").returncode == 0
    assert dickemap("verify", "on.h5").returncode == 0
    with h5py.File(folder / "on.h5") as file, h5py.File(folder / "flipped.h5") as before:
        assert numpy.isnan(file["g_crit"]).all() and numpy.isnan(file["xi_theory"]).all()
        assert abs(file["xi"][2, 0, 1]) == pytest.approx(abs(before["xi"][10, 1, 1]), abs=0.02)


RANDOM = "model: {{mapping: random, patterns: 3, spins: 5, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.2], kappa_mu: [1.0]{}}}\n"


def test_random_patterns_start_from_states_of_their_own(dickemap, tmp_path):
    """Few spins leave classes empty, others for each seed; a state at rest stays where it is."""
    states = "output: {state: final}\naxes: [{name: g0, values: [0.8, 1.4]}, {name: pattern_seed, values: [1, 2, 3, 4]}]\n"
    (tmp_path / "up.yaml").write_text(RANDOM.format("") + "initial: {overlap: 0.9}\n" + states)
    assert dickemap("run", "up.yaml", "-o", "up.h5").returncode == 0
    (tmp_path / "on.yaml").write_text(RANDOM.format("") + "initial: {from: up.h5}\n" + states)
    result = dickemap("run", "on.yaml", "-o", "on.h5")
    assert result.returncode == 0, result.stderr
    assert dickemap("verify", "on.h5", "--sample", "8").returncode == 0
    with h5py.File(tmp_path / "up.h5") as up, h5py.File(tmp_path / "on.h5") as on:
        lacking = numpy.isnan(up["m"][0, :, :, 2]).sum(axis=1)
        assert lacking.max() > 0 and len(set(lacking)) > 1
        rest = up["verdict"][()] == 1
        assert rest.sum() >= 4
        numpy.testing.assert_allclose(on["xi"][()][rest], up["xi"][()][rest], atol=1e-9)
        assert (on["steps"][()][rest] < up["steps"][()][rest]).any()
    result = dickemap("run", "on.yaml", "-o", "x.h5", "--set", "axes.pattern_seed.values=[1, 5]")
    assert result.returncode == 1
    assert "axes.pattern_seed.values[2] is 5, but initial.from has no state of the patterns that it draws" in result.stderr
    result = dickemap("point", "on.yaml", "--at", "g0=0.8,pattern_seed=9")
    assert result.returncode == 1 and "up.h5 has no state of the patterns that pattern_seed 9 draws" in result.stderr
    (tmp_path / "flips.yaml").write_text(RANDOM.format(", g0: 0.8") + "initial: {flip_exactly: 2}\noutput: {state: final}\n")
    assert dickemap("run", "flips.yaml", "-o", "flips.h5").returncode == 0
    result = dickemap("run", "on.yaml", "-o", "x.h5", "--set", "initial.from=flips.h5")
    assert result.returncode == 1 and "flips.h5 has points whose spins are flipped exactly" in result.stderr
