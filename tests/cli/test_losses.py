# SPDX-License-Identifier: GPL-3.0-or-later
"""Losses of single spins, unbalanced couplings and drives, from outside."""

import pathlib
import sys

import h5py
import numpy
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "analysis"))
KINDS = """\
model: {patterns: 2, Omega: 0.5, Omega_mu: [1.5, 2.0], kappa_mu: [1.0]}
initial: {overlap: 0.8, perturbation: 0.1}
axes:
  - {name: gamma_down, values: [0, 0.1]}
  - {name: imbalance, values: [-0.1, 0, 0.3]}
  - {name: g0, values: [0.5, 0.9, 1.5]}
output: {state: final}
"""
DRIVEN = """\
model: {patterns: 2, g0: 1.0, Omega: 0.5, Omega_mu: [1.5, 2.0], kappa_mu: [1.0], gamma_down: 0.1}
initial: {overlap: 0.8, perturbation: 0.1}
drive: {time: [0, 0.5, 0.5, 1], g0: [0.2, 1.5, 0.5, 1]}
axes:
  - {name: duration, values: [0.1, 3, 20, 200]}
  - {name: seed, values: [1, 2, 3, 4, 5]}
"""


def fields(path, *left_out):
    with h5py.File(path) as file:
        return {name: data[()] for name, data in file.items()
                if isinstance(data, h5py.Dataset) and name not in ("wall_time", *left_out)}


@pytest.mark.parametrize("text", [KINDS, DRIVEN, DRIVEN.replace("0.5, 1]}", "0.5, 1], repeat: true}")],
                         ids=["kinds", "ramp", "repeat"])
def test_records_have_the_same_bits_for_any_number_of_ranks(dickemap, tmp_path, text):
    """Points of different equations beside each other, in lanes and on ranks."""
    (tmp_path / "job.yaml").write_text(text)
    for ranks in (1, 3):
        result = dickemap("run", "job.yaml", "-o", f"{ranks}.h5", ranks=ranks)
        assert result.returncode == 0, result.stderr
    one, three = fields(tmp_path / "1.h5"), fields(tmp_path / "3.h5")
    assert [name for name in one if one[name].tobytes() != three[name].tobytes()] == []
    assert dickemap("verify", "1.h5").returncode == 0


def test_points_without_losses_are_those_of_a_job_without_them(dickemap, tmp_path):
    (tmp_path / "job.yaml").write_text(KINDS)
    assert dickemap("run", "job.yaml", "-o", "all.h5").returncode == 0
    lines = [line for line in KINDS.splitlines() if "gamma_down" not in line and "imbalance" not in line]
    (tmp_path / "plain.yaml").write_text("\n".join(lines))
    assert dickemap("run", "plain.yaml", "-o", "plain.h5").returncode == 0
    every, plain = fields(tmp_path / "all.h5"), fields(tmp_path / "plain.h5", "checksum")
    axes = {"gamma_down", "imbalance", "g0", "mode", "class", "xyz"}
    shared = [name for name in plain if name not in axes and plain[name].shape[:1] == (3,)]
    assert len(shared) > 40
    assert [name for name in shared if every[name][0, 1].tobytes() != plain[name].tobytes()] == []


def test_the_unbalanced_model_changes_on_its_lines(dickemap, tmp_path):
    """Where x = -1 ends and where it does not differs from pitchfork and Hopf line by no more than a step of the grid."""
    import plot_unbalanced as lines

    job = ROOT / "jobs" / "unbalanced.yaml"
    result = dickemap("run", job, "-o", "out.h5", "--set", "axes.g0.to=1.2", "--set", "axes.g0.points=30", "--set",
                      "axes.imbalance.points=31")
    assert result.returncode == 0, result.stderr
    found = fields(tmp_path / "out.h5")
    g0, eta = numpy.meshgrid(found["g0"], found["imbalance"], indexing="ij")
    normal = (abs(found["xi"][..., 0]) < 1e-6) & (found["x_mean"] < 0) & (found["verdict"] == 1)
    step = 1.5 * max(numpy.diff(found["g0"]).max(), 0.5 * numpy.diff(found["imbalance"]).max())
    usual = (1.0, 1.0, 1.0)

    def stable(minus, plus):
        return (lines.pitchfork(*usual, minus, plus) > 0) & (plus < lines.hopf_slope(*usual) * minus)

    around = [stable(g0 * (1 + eta) + a, g0 * (1 - eta) + b) for a in (-step, 0, step) for b in (-step, 0, step)]
    inside, outside = numpy.all(around, axis=0), ~numpy.any(around, axis=0)
    assert inside.sum() > 100 and outside.sum() > 100
    assert normal[inside].all() and not normal[outside].any()
    inverted = ~numpy.any([b < lines.hopf_slope(*usual) * a for a, b in
                           [(g0 * (1 + eta) + a, g0 * (1 - eta) + b) for a in (0, step) for b in (0, -step)]], axis=0)
    assert inverted.sum() > 50 and (found["x_mean"][inverted & (g0 < 0.6)] > 0.999).all()


def test_flipped_pixels_heal_with_decay_and_not_without(dickemap, tmp_path):
    result = dickemap("run", ROOT / "jobs" / "healing.yaml", "-o", "out.h5", "--set", "axes.seed.points=3", "--set",
                      "axes.seed.to=3")
    assert result.returncode == 0, result.stderr
    found = fields(tmp_path / "out.h5")
    own = found["retrieved"] == found["pattern"][:, None, None]
    xi = numpy.take_along_axis(abs(found["xi"]), (found["pattern"] - 1).astype(int)[None, :, None, None, None], axis=-1)[..., 0]
    healed, kept = own[1], own[0]
    assert healed[:, :3].sum() >= 32 and kept[:, :3].sum() >= 28  # of 36, up to 20 %
    # found again, a letter is as good as one that was never damaged; without decay it is as damaged as it was
    for pattern in range(4):
        whole = xi[1, pattern, 0, 0]
        assert abs(xi[1, pattern][healed[pattern]] - whole).max() < 1e-9
        assert xi[0, pattern, 2][kept[pattern, 2]].max() < 0.75 * xi[0, pattern, 0].min()


@pytest.mark.parametrize("drive, message", [
    ("{time: [0, 0.5, 0.4, 1], duration: 1}", "drive.time[3] is 0.4, but must not be below the one before, 0.5"),
    ("{time: [0, 0.5, 0.5, 0.5, 1], duration: 1}", "drive.time[4] is 0.5 for the third time, but two make a jump"),
    ("{time: [0.1, 1], duration: 1}", "drive.time[1] is 0.1, but must be 0, the beginning"),
    ("{time: [0, 0.9], duration: 1}", "drive.time[2] is 0.9, but must be 1, the end"),
    ("{time: [0], duration: 1}", "drive.time has 1 number, but must have 2 ... 256"),
    ("{time: [0, 1], g0: [1, 2, 3], duration: 1}", "drive.g0 has 3 numbers, but must have 2, one for each of drive.time"),
    ("{time: [0, 1], g0: [1, -2], duration: 1}", "drive.g0[2] is -2, but must be a finite number >= 0"),
    ("{time: [0, 1], g0: [1, 2]}", "drive.duration is missing, but a drive needs a number > 0"),
    ("{time: [0, 1], g0: [1, 2], duration: 0}", "drive.duration is 0, but a drive needs a number > 0"),
    ("{g0: [1, 2], duration: 1}", "drive.time is missing"),
    ("{repeat: true}", "drive.repeat is given without drive.time"),
    ("{duration: 3}", "drive.duration is given without drive.time"),
    ("{time: [0, 1], repeat: maybe, duration: 1}", "drive.repeat is \"maybe\", but must be false or true"),
])
def test_wrong_drives_are_refused(dickemap, tmp_path, drive, message):
    (tmp_path / "job.yaml").write_text("model: {patterns: 1, g0: 1, Omega: 1, Omega_mu: [1], kappa_mu: [1]}\n"
                                       f"drive: {drive}\n")
    result = dickemap("run", "job.yaml", "-o", "out.h5")
    assert result.returncode == 1 and message in result.stderr and "job.yaml:2:" in result.stderr, result.stderr
    assert not (tmp_path / "out.h5").exists()


@pytest.mark.parametrize("key, value, allowed", [("gamma_down", -0.1, ">= 0"), ("gamma_phi", "nan", ">= 0"),
                                                ("imbalance", 1.5, "from -1 to 1")])
def test_rates_out_of_range_are_refused(dickemap, tmp_path, key, value, allowed):
    (tmp_path / "job.yaml").write_text(
        f"model: {{patterns: 1, g0: 1, Omega: 1, Omega_mu: [1], kappa_mu: [1], {key}: {value}}}\n")
    result = dickemap("plan", "job.yaml")
    assert result.returncode == 1 and f"model.{key} is {value}" in result.stderr and allowed in result.stderr, result.stderr
