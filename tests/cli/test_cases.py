# SPDX-License-Identifier: GPL-3.0-or-later
"""Small inputs on which version 0.1.0 was wrong, undecided or slow, each an example of its kind.

What is right comes from a Lyapunov function (include/dickemap/landscape.h): with frequencies of one sign, coupling and
Omega != 0, every trajectory comes to rest, and with M <= 2 patterns so do all spins; and from closed forms."""

import h5py
import numpy as np
import pytest

AT_REST = {"fixed_point", "relaxing", "undecided"}  # what may be said of one that does rest in the end, M <= 2
STEADY = AT_REST | {"dark_precession"}  # any M


@pytest.fixture
def outcome(dickemap, tmp_path):
    """outcome(text of a job, settings): its records by field, in the order of the grid; `verdict` and `how` as names,
    `said`: what the run printed."""

    def run(text, *settings, seconds=60):
        (tmp_path / "case.yaml").write_text(text)
        options = [word for setting in settings for word in ("--set", setting)]
        result = dickemap("run", "case.yaml", "--quiet", "--overwrite", *options, timeout=seconds)
        assert result.returncode == 0, result.stderr
        with h5py.File(tmp_path / "case.h5") as file:
            axes = len(file["status"].shape)
            shape = file["status"].shape
            records = {name: field[()].reshape(-1, *field.shape[axes:]) for name, field in file.items()
                       if isinstance(field, h5py.Dataset) and field.shape[:axes] == shape and field.size}
            for name in ("verdict", "how"):
                meanings = file[name].attrs["flag_meanings"]
                meanings = (meanings.decode() if isinstance(meanings, bytes) else meanings).split()
                names = dict(zip(file[name].attrs["flag_values"], meanings))
                records[name] = [names[code] for code in records[name]]
        return records | {"said": result.stdout}

    return run


def rests_at(records, xi):
    """Every record is a fixed point, it says how that is known, and |xi| of the first mode is xi, of others 0."""
    assert set(records["verdict"]) == {"fixed_point"}
    assert set(records["how"]) <= {"reached", "settled", "symmetric"}
    expected = np.zeros(records["xi"].shape)
    expected[:, 0] = xi
    np.testing.assert_allclose(abs(records["xi"]), expected, rtol=0, atol=1e-8)


def g_crit(Omega, Omega_mu, kappa):
    return np.sqrt(abs(Omega / (2 * Omega_mu)) * (Omega_mu**2 + kappa**2 / 4))


def equation_12(g0, g):
    return np.sqrt(1 - np.minimum(g / np.asarray(g0), 1) ** 4)


# ---- below the threshold everything decays, however slowly ----

BELOW = {
    "at_1e-3": "{patterns: 1, g0: 0.001, Omega: 0.5, Omega_mu: [1.5], kappa_mu: [1.0]}",
    "at_2e-3_tilted": "{patterns: 1, g0: 0.002131118642090737, Omega: 0.5, Omega_mu: [1.5], kappa_mu: [10.0]}\n"
                      "initial: {perturbation: 0.01}",
    "scan": "{patterns: 1, Omega: 0.5, Omega_mu: [1.5], kappa_mu: [1.0]}\n"
            "axes:\n- {name: g0, values: [1.0e-3, 1.4e-3, 2.5e-3]}\n- {name: overlap, values: [0.5, 1.0]}",
    "good_cavity": "{patterns: 1, g0: 0.01089029790286894, Omega: 0.5, Omega_mu: [1.5], kappa_mu: [0.03162277660168379]}",
    "bad_cavity": "{patterns: 2, g0: 2.0, Omega: 0.5, Omega_mu: [1.5, 2.0]}\n"
                  "axes:\n- {name: kappa_mu, values: [562, 1000]}",
}


@pytest.mark.parametrize("case", BELOW)
def test_weak_coupling_ends_in_the_normal_state(outcome, case):
    rests_at(outcome(f"model: {BELOW[case]}\n", "solver.t_max=1e6"), 0)


@pytest.mark.parametrize("tolerance", ["1e-10", "1e-6"])
def test_the_verdict_does_not_depend_on_the_tolerance(outcome, tolerance):
    rests_at(outcome(f"model: {BELOW['good_cavity']}\nsolver: {{tolerance: {tolerance}, t_max: 1e7}}\n"), 0)


# ---- far above it the end is Eq. (12), however slowly it is reached ----

ABOVE = {
    "at_10": ("{patterns: 1, g0: 10.0, Omega: 0.5, Omega_mu: [1.5], kappa_mu: [1.0]}\nsolver: {t_max: 1e5}\n",
              equation_12(10, g_crit(0.5, 1.5, 1))),
    "scan": ("{patterns: 1, Omega: 0.25, Omega_mu: [1.0], kappa_mu: [2.0]}\n"
             "axes:\n- {name: g0, values: [3, 4, 5, 6, 20]}\n", equation_12([3, 4, 5, 6, 20], 0.5)),
    "tilted": ("{patterns: 1, g0: 16.34, Omega: 0.163, Omega_mu: [4.742], kappa_mu: [9.794]}\n"
               "initial: {overlap: -1.0, perturbation: 1.6e-07, seed: 5673}\nsolver: {t_max: 1e6}\n",
               equation_12(16.34, g_crit(0.163, 4.742, 9.794))),
}


@pytest.mark.parametrize("case", ABOVE)
def test_strong_coupling_ends_in_the_pattern(outcome, case):
    text, xi = ABOVE[case]
    records = outcome(f"model: {text}")
    rests_at(records, xi)
    assert set(abs(records["retrieved"])) == {1}


def test_two_patterns_never_end_in_dark_precession(outcome):
    """As many patterns as classes: steady overlaps are steady spins. Here they still climb at t = 3e6."""
    records = outcome("model: {patterns: 2, g0: 1.0, Omega: 0.0001, Omega_mu: [1.0, 2.0], kappa_mu: [1.0]}\n"
                      "initial: {overlap: 0.5, perturbation: 0.1}\nsolver: {t_max: 1e6, max_steps: 100000}\n")
    assert set(records["verdict"]) <= AT_REST


# ---- without Omega z is conserved ----


def test_without_a_field_spins_precess_where_they_are(outcome):
    records = outcome("model: {patterns: 2, g0: 1.0, Omega: 0, Omega_mu: [1.0, 2.0], kappa_mu: [1.0]}\n"
                      "initial: {overlap: 0.5, perturbation: 0.1}\nsolver: {t_max: 1e6}\n")
    assert records["verdict"] == ["dark_precession"]
    assert abs(records["xi"][0, 0] - 0.5) < 0.1  # the tilt's share
    assert records["t_end"] < 1e3  # the modes have followed by 30/kappa


def test_with_hardly_a_field_nothing_oscillates_for_ever(outcome):
    records = outcome("model: {patterns: 2, g0: 1.0, Omega_mu: [1.0, 2.0], kappa_mu: [1.0]}\n"
                      "initial: {overlap: 0.5, perturbation: 0.1}\nsolver: {t_max: 1e6, max_steps: 100000}\n"
                      "axes:\n- {name: Omega, values: [1.0e-6, 1.0e-4, 1.0e-3, 1.0e-2]}\n")
    assert set(records["verdict"]) <= AT_REST


def test_a_scan_through_no_field_is_at_rest_but_for_what_precesses(outcome):
    """Omega = 0: at overlap 0 there is nothing that spins could precess about, at +-1 they lie along their field."""
    Omega, overlap = (axis.ravel() for axis in np.meshgrid(np.linspace(-0.5, 0.5, 5), [-1, 0, 0.5, 1], indexing="ij"))
    records = outcome("model: {patterns: 2, g0: 1.2, Omega_mu: [1.5, 2.0], kappa_mu: [1.0]}\n"
                      "axes:\n- {name: Omega, from: -0.5, to: 0.5, points: 5}\n"
                      "- {name: overlap, values: [-1, 0, 0.5, 1]}\n")
    precesses = (Omega == 0) & (overlap == 0.5)
    assert records["verdict"] == np.where(precesses, "dark_precession", "fixed_point").tolist()
    conserved = (Omega == 0) | (overlap == 0)  # at overlap 0 spins stay at x = -1, stable or not
    xi = np.where(conserved, abs(overlap), equation_12(1.2, g_crit(Omega, 1.5, 1)))
    np.testing.assert_allclose(abs(records["xi"]), np.transpose([xi, 0 * xi]), rtol=0, atol=1e-8)


# ---- which pattern, and what else is there ----


def names_the_leading_pattern(records):
    overlaps = abs(records["xi"])
    for xi, size, retrieved, second in zip(records["xi"], overlaps, records["retrieved"], records["xi_second"]):
        largest, runner_up = np.sort(size)[:-3:-1]
        assert 1 <= abs(retrieved) <= size.size
        leading = xi[abs(retrieved) - 1]
        assert np.sign(leading) == np.sign(retrieved) and abs(leading) >= largest - 1e-12
        assert abs(second - runner_up) < 1e-12


def test_equal_modes_leave_no_doubt_about_the_leading_pattern(outcome):
    records = outcome("model: {patterns: 5, Omega: 0.5, Omega_mu: [1.0], kappa_mu: [1.0]}\n"
                      "initial: {perturbation: 0.3}\nsolver: {t_max: 1e5}\n"
                      "axes:\n- {name: g0, values: [0.7, 0.9, 1.2]}\n- {name: seed, values: [1, 2]}\n")
    names_the_leading_pattern(records)
    assert set(records["verdict"]) <= STEADY


def test_a_small_second_overlap_is_a_field_and_no_mixture(outcome):
    g0 = [1.0229129191309223, 1.0239358320500533, 1.0239368559869093, 1.0239378799237653, 1.024960792842896]
    records = outcome("model: {patterns: 4, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5, 3.0], kappa_mu: [1.0]}\n"
                      f"initial: {{pattern: 4}}\nsolver: {{t_max: 1e6}}\naxes:\n- {{name: g0, values: {g0}}}\n"
                      "- {name: perturbation, values: [0.0, 1.0e-6, 0.01]}\n")
    names_the_leading_pattern(records)
    assert set(records["verdict"]) <= STEADY
    exact = slice(0, None, 3)
    assert set(records["verdict"][exact]) == {"fixed_point"} and set(records["xi_second"][exact]) == {0}
    np.testing.assert_allclose(abs(records["xi"][exact, 3]), equation_12(g0, g_crit(0.5, 3.0, 1)), rtol=0, atol=1e-8)


def test_fixed_points_that_cannot_hold_are_counted_apart(outcome):
    """A start at x = -1 stays there, also where the least tilt would lead away."""
    records = outcome("model: {patterns: 2, Omega: 0.5, Omega_mu: [1.5, 2.0], kappa_mu: [1.0]}\n"
                      "initial: {overlap: 0}\naxes:\n- {name: g0, from: 0.2, to: 2.0, points: 10}\n")
    assert set(records["verdict"]) == {"fixed_point"} and abs(records["xi"]).max() < 1e-8
    assert records["n_unstable"].tolist() == [0, 0, 0, 2, 2, 2, 2, 2, 2, 2]
    unstable = [line.split() for line in records["said"].splitlines() if "unstable" in line]
    assert [line[0] for line in unstable] == ["7"], records["said"]
