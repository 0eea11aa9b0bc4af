# SPDX-License-Identifier: GPL-3.0-or-later
"""The map of atoms in a cavity: computed by the program, compared with the closed forms, drawn."""

import pathlib
import subprocess

import h5py
import matplotlib.image
import numpy as np
import pytest

import check_cavity
import dickemap
import synthetic

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def cavity(tmp_path):
    """12 x 12 points as theory has them, complete."""
    return synthetic.write_cavity(tmp_path / "cavity.h5", 12)


def test_the_closed_forms_pass(script, cavity):
    result = script("check_cavity.py", cavity)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "points     144, decided rightly 144: 144 fixed_point\n" in result.stdout
    assert result.stdout.endswith("passed (tolerance 1e-08)\n")


def test_the_program_passes(program, script, tmp_path):
    subprocess.run([program, "run", ROOT / "jobs" / "cavity.yaml", "-o", tmp_path / "some.h5", "--set",
                    "axes.Omega_mu.points=8", "--set", "axes.g0.points=8"], check=True, capture_output=True, timeout=120)
    result = script("check_cavity.py", tmp_path / "some.h5")
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_rate_is_that_of_the_whole_jacobian():
    """Equations (7) for M = K = 1, linearised about the fixed point: (x, y, z, Re beta, Im beta)."""
    for Omega_mu, g0 in ((20.0, 1.5), (-8.0, 0.46), (3.0, 0.2), (-40.0, 0.02)):
        g_c = check_cavity.dickemap.g_crit(check_cavity.OMEGA, Omega_mu, check_cavity.KAPPA)
        Omega, kappa = check_cavity.OMEGA, check_cavity.KAPPA
        z = check_cavity.dickemap.xi_theory(g0, g_c)
        x = -np.sign(Omega_mu) * np.sqrt(1 - z**2)
        Q = -g0 * Omega_mu * z / (Omega_mu**2 + kappa**2 / 4)
        h = 2 * g0 * 2 * Q
        jacobian = np.array([[0, -h, 0, 0, 0],
                             [h, 0, -2 * Omega, 4 * g0 * x, 0],
                             [0, 2 * Omega, 0, 0, 0],
                             [0, 0, 0, -kappa / 2, Omega_mu],
                             [0, 0, -g0, -Omega_mu, -kappa / 2]])
        spectrum = np.linalg.eigvals(jacobian)
        slowest = np.sort(spectrum.real[abs(spectrum) > 1e-12])[-1]  # the spin's length is conserved
        assert check_cavity.decay_rate(Omega_mu, g0) == pytest.approx(-slowest, rel=1e-5)


@pytest.mark.parametrize("field, at, value, message", [
    ("xi", (0, 11, 0), 0.9, "|xi|"),  # blue
    ("xi", (11, 11, 0), 0.9, "|xi|"),  # red
    ("xi", (3, 0, 0), 1e-7, "|xi|"),
    ("xi", (6, 5, 0), np.nan, "|xi|"),
    ("decay_rate", (9, 9), 1e-4, "decay_rate"),
])
def test_one_wrong_number_is_found(script, cavity, field, at, value, message):
    with h5py.File(cavity, "a") as file:
        file[field][at] = value
    result = script("check_cavity.py", cavity)
    assert result.returncode == 3
    assert [line for line in result.stdout.splitlines() if line.startswith(message) and "TOO MUCH" in line]


@pytest.mark.parametrize("verdict", ["undecided", "relaxing", "limit_cycle"])
def test_a_point_that_is_no_fixed_point_is_found(script, cavity, verdict):
    with h5py.File(cavity, "a") as file:
        file["verdict"][7, 3] = synthetic.code(verdict)
    result = script("check_cavity.py", cavity)
    assert result.returncode == 3 and f"1 {verdict}" in result.stdout
    assert result.stdout.endswith("FAILED (tolerance 1e-08)\n")


def test_files_without_closed_forms_for_blue_detuning_are_read(script, cavity):
    with h5py.File(cavity, "a") as file:  # as version 0.1.0 has them
        file["g_crit"][:6] = np.nan
    assert script("check_cavity.py", cavity).returncode == 0


@pytest.mark.parametrize("name", ["check_cavity.py", "plot_cavity.py"])
def test_a_file_of_another_job_is_refused(script, closed_forms, cavity, name):
    result = script(name, closed_forms)
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert "not of a job like jobs/cavity.yaml: it has no decay_rate" in result.stderr


def test_other_numbers_are_not_those_of_the_job(script, cavity):
    with h5py.File(cavity, "a") as file:
        file["g_crit"][...] *= 1.1
    result = script("check_cavity.py", cavity)
    assert result.returncode == 1 and "expected Omega = 0.025 and kappa = 16.2" in result.stderr


@pytest.mark.parametrize("name", ["check_cavity.py", "plot_cavity.py"])
def test_a_missing_file_is_named(script, name):
    result = script(name, "nowhere.h5")
    assert result.returncode == 1 and "nowhere.h5" in result.stderr and "Traceback" not in result.stderr


def test_the_picture_shows_what_was_computed(script, cavity, tmp_path):
    def draw(name):
        result = script("plot_cavity.py", cavity, "-o", name)
        assert result.returncode == 0 and not result.stderr, result.stderr
        return matplotlib.image.imread(tmp_path / name), result.stdout

    (right, said), changes = draw("right.png"), []
    assert right.shape[0] > 500 and right.shape[1] > 1200 and said.endswith(", 0 points not at rest\n")
    for field, at, value in (("xi", (10, 10, 0), 0.3), ("decay_rate", (10, 10), 1e-6),
                             ("verdict", (2, 2), synthetic.code("undecided"))):
        with h5py.File(cavity, "a") as file:
            file[field][at] = value
        wrong, said = draw("wrong.png")
        assert right.shape == wrong.shape
        columns = np.flatnonzero((right != wrong).any(axis=(0, 2)))
        changes.append((columns.min() < right.shape[1] // 2, columns.max() > right.shape[1] // 2))
        right = wrong
    assert changes == [(True, False), (False, True), (True, True)]  # the overlap is on the left, the time on the right
    assert said.endswith(", 1 points not at rest\n")


def test_a_map_of_another_experiment_has_its_own_threshold_and_unit(program, tmp_path):
    import plot_cavity
    (tmp_path / "other.yaml").write_text("""unit: 2 pi kHz
model: {patterns: 1, Omega: 2.0, kappa_mu: [0.5]}
axes:
  - {name: "Omega_mu[1]", from: -6, to: -1, points: 6}
  - {name: g0, from: 0.5, to: 3, points: 6}
""")
    subprocess.run([program, "run", "other.yaml", "--quiet"], cwd=tmp_path, check=True)
    data = check_cavity.open_map(tmp_path / "other.h5")
    figure = plot_cavity.draw(data)
    axes = figure.axes[0]
    below = next(line for line in axes.lines if line.get_xdata()[0] < 0)
    np.testing.assert_allclose(below.get_ydata(), dickemap.g_crit(2.0, below.get_xdata(), 0.5))
    assert axes.get_xlabel() == r"detuning $\Omega_1$ (2π kHz)" and axes.get_ylabel() == "coupling $g_0$ (2π kHz)"
    assert any("1/(2π kHz)" in each.get_xlabel() for each in figure.axes)


def test_a_map_without_a_point_at_rest_is_drawn(script, cavity):
    with h5py.File(cavity, "a") as file:
        file["verdict"][...] = synthetic.code("undecided")
    result = script("plot_cavity.py", cavity)
    assert result.returncode == 0 and not result.stderr, result.stderr
