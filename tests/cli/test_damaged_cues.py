# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged cues against closed forms: what becomes of flips, from which g0 mixtures are stable."""

import json

import h5py
import numpy
import pytest

FIG3 = "model: {patterns: 4, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5, 3.0], kappa_mu: [1.0]}\n"
EQUAL = "model: {patterns: 3, Omega: 0.5, Omega_mu: [1.0], kappa_mu: [1.0]}\n"
G_4, G_EQUAL = 0.8779711460710615, 0.5590169943749475


@pytest.fixture
def records(dickemap, tmp_path):
    """records(text, *arguments): the fields of what a job gives; theory has nothing against them."""

    def compute(text, *arguments):
        (tmp_path / "job.yaml").write_text(text)
        result = dickemap("run", "job.yaml", "-o", "out.h5", "--overwrite", *arguments)
        assert result.returncode == 0, result.stderr
        assert dickemap("verify", "out.h5", "--sample", "4").returncode == 0
        with h5py.File(tmp_path / "out.h5") as file:
            return {name: data[()] for name, data in file.items() if isinstance(data, h5py.Dataset)}

    return compute


@pytest.fixture
def spins_of_point(dickemap, tmp_path):
    """spins_of_point(text): where the spins of a job's point start, [spin, xyz]."""

    def compute(text):
        (tmp_path / "point.yaml").write_text(text)
        (tmp_path / "spins.csv").unlink(missing_ok=True)
        result = dickemap("point", "point.yaml", "--spins", "spins.csv")
        assert result.returncode == 0, result.stderr
        return numpy.loadtxt(tmp_path / "spins.csv", delimiter=",", skiprows=1)[:, 2:5]

    return compute


# LANDSCAPE: |xi_4| of Fig. 3's pattern 4 for p = 0.1 ... 0.4.
@pytest.mark.parametrize("g0, expected", [(1.2, [0.5945191, 0.2710220, 0, 0]), (1.6, [0.7411712, 0.5189747, 0.2633149, 0])])
def test_flips_of_a_probability_shorten_the_pattern_state(records, g0, expected):
    found = records(FIG3 + f"initial: {{pattern: 4}}\naxes: [{{name: flip, values: [0.1, 0.2, 0.3, 0.4]}}]\n",
                    "--set", f"model.g0={g0}")
    end = numpy.where(numpy.isnan(found["xi_limit"][:, 3]), found["xi"][:, 3], found["xi_limit"][:, 3])
    numpy.testing.assert_allclose(abs(end), expected, atol=1e-6)
    s = 1 - 2 * found["flip"]
    numpy.testing.assert_allclose(found["g_crit"], G_4 / numpy.sqrt(s), rtol=1e-12)
    numpy.testing.assert_allclose(found["xi_theory"], expected, atol=1e-6)


def test_the_pattern_state_of_one_mode_exists_until_it_is_flipped_too_far(records):
    g, p = G_EQUAL, 0.5 * (1 - (G_EQUAL / 0.9)**2)
    found = records(EQUAL.replace("3,", "1,", 1) + f"axes: [{{name: flip, values: [{p - 1e-3}, {p + 1e-3}]}}]\n",
                    "--set", "model.g0=0.9")
    end = numpy.where(numpy.isnan(found["xi_limit"]), found["xi"], found["xi_limit"])[:, 0]
    s = 1 - 2 * (p - 1e-3)
    assert abs(abs(end[0]) - numpy.sqrt(s**2 - (g / 0.9)**4)) < 1e-6 and abs(end[1]) < 1e-9
    assert abs(end[0]) > 0.03


# PHYSICS 5: symmetric mixtures of three patterns, r = (g0/g_nu)^2, xi = (z(3 xi) + z(xi))/4, stable above 1.4226235 g_nu.
@pytest.mark.parametrize("g0, expected", [(0.9, 0.4241952324), (1.3, 0.4813477611)])
def test_mixtures_of_three_are_fixed_points(records, g0, expected):
    found = records(EQUAL + "initial: {mixture: [1, 1, 1]}\n", "--set", f"model.g0={g0}", "--set", "solver.t_max=1e5")
    # Four classes and three modes: what is left of the energy may stay locked, which makes xi a little smaller.
    away = expected - abs(found["xi"])
    assert (abs(away) <= numpy.maximum(1e-8, 2 * found["xi_error"])).all() and (away > -1e-8).all()
    assert numpy.isin(found["verdict"], (1, 2, 8)).all() and found["n_unstable"] == 0
    assert numpy.isnan(found["xi_theory"]).all() and numpy.isnan(found["g_crit"]).all()


def test_mixtures_of_three_are_stable_from_their_threshold_on(records):
    threshold = 1.4226235 * G_EQUAL
    found = records(EQUAL + "initial: {mixture: [1, -1, 1]}\n"
                    f"axes: [{{name: g0, values: [{threshold - 2e-3}, {threshold + 2e-3}]}}]\n")
    assert numpy.isin(found["verdict"], (1, 2)).all()
    assert found["n_unstable"][0] > 0 and found["n_unstable"][1] == 0


def test_spins_never_overlap_more_than_they_are_long(records):
    found = records(FIG3 + "initial: {pattern: 2, perturbation: 0.3, overlap: 0.8}\n"
                    "axes: [{name: g0, from: 0.5, to: 3, points: 6}, {name: flip, values: [0.1, 0.3, 0.45]}]\n",
                    "--set", "solver.max_steps=20000")
    s = numpy.sqrt(1 - 0.8**2 + (0.8 * (1 - 2 * found["flip"]))**2)
    assert (abs(found["xi"]) <= s[None, :, None] + 1e-9).all()


def write_matrix(tmp_path, name, *rows):
    (tmp_path / name).write_text("\n".join(" ".join(map(str, row)) for row in rows) + "\n")


TWO = "Omega: 0.5, Omega_mu: [1, 1.3], kappa_mu: [1.0]"


@pytest.mark.parametrize("tilt", [0, 0.1])
def test_flips_do_not_shorten_spins_at_which_a_mixture_cancels(records, tmp_path, tilt):
    write_matrix(tmp_path, "m.txt", (1, 1), (1, -1))
    start = f"initial: {{mixture: [1, 1], flip: 0.3, perturbation: {tilt}}}\n"
    patterns = records(f"model: {{patterns: 2, {TWO}, g0: 0.75}}\n" + start)
    matrix = records(f"model: {{mapping: matrix, matrix: m.txt, {TWO}, g0: 0.75}}\n" + start)
    assert patterns["verdict"] == matrix["verdict"] == 1
    numpy.testing.assert_allclose(patterns["xi"], matrix["xi"], atol=1e-9)
    assert abs(patterns["xi"]).max() > 0.3


@pytest.mark.parametrize("rows, initial", [(((1, 1),), "flip_exactly: 1"), (((1, 1, -1, -1), (1, -1, 1, -1)), "cue: c.txt")])
def test_starts_that_drive_no_mode_stay_without_overlaps(records, tmp_path, rows, initial):
    """Flipped spins cancel the others, or the cue is orthogonal to all patterns: no field ever acts."""
    write_matrix(tmp_path, "m.txt", *rows)
    (tmp_path / "c.txt").write_text("1 1 1 1\n")
    found = records("model: {mapping: matrix, matrix: m.txt, g0: 2, Omega: 0.5, Omega_mu: [1.0], kappa_mu: [1.0]}\n"
                    f"initial: {{{initial}}}\n")
    assert found["verdict"] == 2 and (found["xi"] == 0).all() and found["steps"] == 0


def test_locked_energy_can_end_without_overlaps_above_the_threshold(records, tmp_path):
    write_matrix(tmp_path, "m.txt", (-1, -1, 1, -1), (-1, 1, -1, -1), (-1, 1, 1, -1))
    (tmp_path / "c.txt").write_text("1 0.5 0 -1\n")
    found = records("model: {mapping: matrix, matrix: m.txt, g0: .527, Omega: 0.5, Omega_mu: [.7, 1.28, .55], "
                    "kappa_mu: [.82, 1.08, .97]}\ninitial: {cue: c.txt}\n")
    assert found["verdict"] == 2 and (found["xi"] == 0).all() and found["L_limit"] == pytest.approx(-0.125, abs=1e-9)
    assert found["steps"] == 0  # spins 1 and 4 turn together and cancel: those that are left are below their threshold


@pytest.mark.parametrize("rows, cue, keys", [
    ("1 2", "1 -0.45", "g0: 0.46957, Omega: 1, Omega_mu: [1], kappa_mu: [0.001]"),
    ("-1 -1 -1 -2 2 1 -1 -1 0 -2", "1 1 1 -1 -1 -1 -1 1 1 -1", "g0: 1.6, Omega: -2, Omega_mu: [-1.8], kappa_mu: [0.02]"),
])
def test_one_active_mode_is_no_overlap_where_energy_stays_locked(records, tmp_path, rows, cue, keys):
    """More bodies than modes: followed for long with an integrator of its own, all order parameters die."""
    (tmp_path / "m.txt").write_text(rows + "\n")
    (tmp_path / "c.txt").write_text(cue + "\n")
    found = records(f"model: {{mapping: matrix, matrix: m.txt, {keys}}}\ninitial: {{overlap: -1, cue: c.txt}}\n")
    assert found["verdict"] == 2 and found["retrieved"] == 0 and abs(found["xi"][0]) < 1e-9 and found["n_unstable"] == 0


@pytest.mark.parametrize("g0, overlap, seed", [(0.52, 1, 1), (0.52, -0.5, 3), (0.55, 0, 3)])
def test_tilted_patterns_may_lock_their_energy_too(records, g0, overlap, seed):
    """Above the threshold of one mode, 0.5; at 1/4 of them order parameters are 1e-5 still, the rest follows."""
    found = records("model: {patterns: 4, Omega: 0.5, Omega_mu: [1, 2.2, 3, 4], kappa_mu: [0.05], "
                    f"g0: {g0}}}\ninitial: {{perturbation: 1, overlap: {overlap}, seed: {seed}}}\n")
    assert found["verdict"] == 2 and found["retrieved"] == 0 and abs(found["xi"]).max() < 1e-9


@pytest.mark.parametrize("flipped, g0", [(1, 0.9), (4, 1.2), (4, 4), (7, 0.9), (12, 4)])
def test_spins_with_equal_couplings_end_as_one_shorter_spin(records, spins_of_point, flipped, g0):
    """All spins of one pattern feel one field: tilted and flipped, their mean is the pattern state of its own length."""
    text = (f"model: {{mapping: random, patterns: 1, spins: 24, g0: {g0}, Omega: 0.5, Omega_mu: [1.0], kappa_mu: [1.0]}}\n"
            f"initial: {{flip_exactly: {flipped}, perturbation: 0.3}}\n")
    found = records(text)
    spins = spins_of_point(text)
    mean = spins.mean(axis=0)
    length = numpy.sqrt((mean**2).sum())
    across = numpy.sqrt(1 - (spins @ mean / length) ** 2).max()
    expected = numpy.sqrt(max(0, length**2 - (G_EQUAL / g0) ** 4))
    assert found["verdict"] == 2 and found["how"] == 2 and found["precession"] == pytest.approx(across, abs=1e-9)
    assert abs(found["xi"][0]) == pytest.approx(expected, abs=1e-9) and found["xi_error"] < 1e-10
    assert found["n_neutral"] == 1 + 3 and found["n_unstable"] == 0


@pytest.mark.parametrize("patterns, spins", [(1, 24), (3, 60)])
def test_flipped_spins_without_a_tilt_come_to_rest(records, patterns, spins):
    """Opposite to the others of their body for ever, and theory has nothing against it (verify, in records)."""
    found = records(f"model: {{mapping: random, patterns: {patterns}, spins: {spins}, Omega: 0.5, Omega_mu: [1.0], kappa_mu: [1.0]}}\n"
                    "axes: [{name: g0, values: [0.7, 1.2, 4]}, {name: flip_exactly, values: [0, 4, 11]}]\n")
    assert (found["verdict"] == 1).sum() >= (8 if patterns == 1 else 1)


@pytest.mark.parametrize("scale", [1000, 0.001])
def test_starts_from_states_and_checks_know_the_size_of_couplings(records, dickemap, tmp_path, scale):
    """Of several states each g0 takes its own, whatever couplings are measured in; verify compares what both methods find."""
    rows = scale * numpy.array([[1, -0.8], [0.5, 0.7]])
    write_matrix(tmp_path, "m.txt", *rows.tolist())
    (tmp_path / "c.txt").write_text("1 -1\n")
    couplings = [g0 / scale for g0 in (0.9, 1.3, 2.1, 3.0)]
    text = (f"model: {{mapping: matrix, matrix: m.txt, {TWO}}}\naxes: [{{name: g0, values: {couplings}}}]\n"
            "output: {state: final}\n")
    first = records(text + "initial: {cue: c.txt, overlap: 0.6}\n")
    (tmp_path / "out.h5").rename(tmp_path / "first.h5")
    again = records(text + "initial: {from: first.h5}\n")
    numpy.testing.assert_allclose(first["xi"], again["xi"], atol=1e-9 * scale)
    assert (again["verdict"] == 1).all() and (numpy.diff(abs(first["xi"][:, 0])) > 0).all()
    assert "\nresult: complete, no difference\n" in dickemap("verify", "out.h5", "--sample", "4").stdout


def test_flips_of_a_grey_cue_have_no_closed_form(records, tmp_path):
    write_matrix(tmp_path, "m.txt", (1,))
    (tmp_path / "c.txt").write_text("0.1\n")
    text = "model: {mapping: matrix, matrix: m.txt, g0: 0.9, Omega: 0.5, Omega_mu: [1.0], kappa_mu: [1.0]}\n"
    found = records(text + "initial: {cue: c.txt, flip: 0.4}\n")
    length = numpy.sqrt(1 - 0.1**2 + (0.2 * 0.1)**2)
    assert abs(found["xi"][0]) == pytest.approx(numpy.sqrt(length**2 - (G_EQUAL / 0.9)**4), abs=1e-8)
    assert numpy.isnan(found["g_crit"]) and numpy.isnan(found["xi_theory"])


@pytest.mark.parametrize("mixture", ["[1, 1, 1, 1]", "[1, -1, 0, 0]", "[1, 1, 1, 0]"])
def test_mixtures_with_equal_modes_stay_symmetric_in_every_mapping(records, mixture):
    """Also of an even number of patterns, where some spins have no cue and stay along x."""
    mappings = ("", ", mapping: ungauged", ", mapping: values, values: [1, -1], probabilities: [0.5, 0.5]")
    found = [records(f"model: {{patterns: 4{mapping}, g0: 1.2, Omega: 0.5, Omega_mu: [1.0], kappa_mu: [1.0]}}\n"
                     f"initial: {{mixture: {mixture}}}\n") for mapping in mappings]
    weights = numpy.array(json.loads(mixture))
    for one in found:
        assert one["verdict"] == found[0]["verdict"] != 6
        numpy.testing.assert_allclose(one["xi"], found[0]["xi"], atol=1e-9)
        xi = one["xi"].ravel()
        assert (xi[weights == 0] == 0).all()
        numpy.testing.assert_allclose(xi[weights != 0] * weights[weights != 0], xi[0], atol=1e-15)


def test_starts_from_a_symmetric_state_stay_on_its_subspace(records, tmp_path):
    """Where the mixture is a saddle nothing but rounding would leave it: 1e-16 grew to another state in version 0.1."""
    model = "model: {patterns: 5, Omega: 0.5, Omega_mu: [1.0], kappa_mu: [1.0], g0: 0.7}\noutput: {state: final}\n"
    records(model + "initial: {mixture: [1, 1, 1, 0, 0], overlap: 0.8}\n")
    (tmp_path / "out.h5").rename(tmp_path / "mixture.h5")
    found = records(model.replace(", g0: 0.7", "") + "initial: {from: mixture.h5}\naxes: [{name: g0, values: [0.6, 0.9]}]\n")
    assert (found["verdict"] == 1).all() and found["n_unstable"].tolist() == [2, 0]
    for xi in found["xi"]:
        assert xi[0] == xi[1] == xi[2] > 0.1 and xi[3] == xi[4] == 0
    assert found["steps"].max() < 10000


def test_spins_along_x_are_at_rest_without_coupling(records, tmp_path):
    """The patterns of a mixture cancel for every spin; `records` asks `verify`, which must know."""
    write_matrix(tmp_path, "m.txt", (1, -1, 1), (1, -1, 1))
    found = records("model: {mapping: matrix, matrix: m.txt, Omega: 0.5, Omega_mu: [1.0], kappa_mu: [1.0]}\n"
                    "initial: {mixture: [1, -1]}\n"
                    "axes: [{name: g0, values: [0, 1]}]\n")
    assert (found["verdict"] == 1).all() and (found["xi"] == 0).all()


def test_overlaps_that_cancel_among_all_spins_stay_0(records, tmp_path):
    """Only the sums over all spins vanish, not those of classes alike; and a sum of rounding errors is no oscillation."""
    write_matrix(tmp_path, "m.txt", (1, 1, -1, 1), (-1, 1, 1, -1))
    (tmp_path / "c.txt").write_text("0.5 0 1 0.5\n")
    found = records("model: {mapping: matrix, matrix: m.txt, g0: 0.91347, Omega: 0.5, Omega_mu: [2.25, 2.21], "
                    "kappa_mu: [1.05, 1.52]}\ninitial: {cue: c.txt, overlap: 0.8}\n")
    assert found["verdict"] == 2 and (found["xi"] == 0).all() and found["n_unstable"] > 0
    write_matrix(tmp_path, "m.txt", (1, -1, 1, 1, 1, -1))
    found = records("model: {mapping: matrix, matrix: m.txt, g0: 0.955, Omega: 0.5, Omega_mu: [1.02], kappa_mu: [1.39]}\n"
                    "initial: {overlap: 0.8, flip_exactly: 3, seed: 35}\n")
    assert found["verdict"] == 2 and (found["xi"] == 0).all()


@pytest.mark.parametrize("model, initial, rate", [
    ("patterns: 2, g0: 3.308, Omega: 0.5, Omega_mu: [1.02], kappa_mu: [2.77]", "mixture: [1, 1], flip: 0.1", 1.76),
    ("patterns: 3, mapping: ungauged, g0: 1.667, Omega: 0.5, Omega_mu: [1], kappa_mu: [1]", "mixture: [1, 0, 1]", 1.286)])
def test_stability_is_asked_in_the_full_space(records, model, initial, rate):
    """Mixtures of two are saddles, whatever they do on their subspace; a tilt leads to a pattern."""
    found = records(f"model: {{{model}}}\ninitial: {{{initial}}}\n")
    assert found["verdict"] in (1, 2, 8) and found["n_unstable"] > 0
    assert found["growth_rate"][0] == pytest.approx(rate, abs=0.01)


# Spins that precess keep the order away until they have lost enough energy; while the order dies out, differences in it do, and
# a hundredth of a millionth of what was is decided anew by rounding errors (found among 400 random points, and by an adversary).
DELAYED = {"pattern_309": ("patterns: 4, mapping: random, spins: 60, pattern_seed: 310, g0: 2.6153217619284987, Omega: 5.6992698481772095, "
                           "Omega_mu: [1.761448171455413, 2.5512145310640335, 2.491555558051914, 2.231560690328479], "
                           "kappa_mu: [0.7847449724096804, 0.889013174874708, 0.5731648748740553, 0.2940565598197281]", (1e-10, 1e-12)),
           "pattern_2": ("patterns: 4, mapping: random, spins: 60, g0: 3.0044, Omega: 6.9052, Omega_mu: [2.3654], "
                         "kappa_mu: [1.3325, 0.23598, 0.83473, 1.4302]", (1e-10, 1e-11))}


@pytest.mark.parametrize("model, tolerances", DELAYED.values(), ids=DELAYED)
def test_errors_made_after_the_order_has_died_out_count(dickemap, tmp_path, model, tolerances):
    (tmp_path / "job.yaml").write_text(f"model: {{{model}}}\ninitial: {{pattern: 2, flip: 0.1}}\nsolver: {{max_steps: 30000}}\n")
    points = []
    for tolerance in tolerances:
        result = dickemap("point", "job.yaml", "--json", "--set", f"solver.tolerance={tolerance}")
        assert result.returncode == 0, result.stderr
        points.append(json.loads(result.stdout)["record"])
    assert points[0]["retrieved"] != points[1]["retrieved"]  # else there is nothing to be told
    for point, tolerance in zip(points, tolerances):
        assert point["sensitive"] == "yes" and point["amplification"] * tolerance > 1e-3
