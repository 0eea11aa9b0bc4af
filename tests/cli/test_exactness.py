# SPDX-License-Identifier: GPL-3.0-or-later
"""`task: exactness` from outside: finitely many spins beside the mean field."""

import json
import zlib

import h5py
import numpy as np
import pytest

from test_reduce import check_going_on, contents, ok  # noqa: F401 (a fixture)

MODEL = "model: {patterns: 1, Omega: 0.5, Omega_mu: [1.0], kappa_mu: [1.0]}\ninitial: {overlap: 0.9}\n"
JOB = "task: exactness\n" + MODEL + """exactness: {t_end: 10, points: 11}
axes:
  - {name: g0, values: [0.4, 0.9]}
  - {name: spins_per_class, values: [1, 2, 4]}
"""
TWO = """task: exactness
model: {patterns: 2, g0: 0.8, Omega: 0.5, Omega_mu: [1.0, 1.5], kappa_mu: [1.0], spins_per_class: 1}
initial: {pattern: 2, perturbation: 0.2}
exactness: {t_end: 1, points: 3, edge: 1e-7}
solver: {tolerance: 1e-7}
"""
ONE_POINT = JOB.replace("axes:\n  - {name: g0, values: [0.4, 0.9]}\n  - {name: spins_per_class, values: [1, 2, 4]}\n", "").replace(
    "patterns: 1", "patterns: 1, g0: 0.9, spins_per_class: 4")
JUMPS = JOB.replace("points: 11", "points: 11, method: trajectories, trajectories: 40")
# E_N of FINITE-N calculations at t = 1, 2, 5, 10, by another program; (g0, N).
KNOWN = {(0.4, 1): (3.1964171725, 3.6970783670, 3.7268125543, 3.6210908185),
         (0.4, 2): (1.6012012264, 1.8926805364, 1.9716436040, 1.9229696544),
         (0.9, 1): (3.7932907308, 5.0058419685, 5.4751310902, 6.1878991887),
         (0.9, 4): (0.9954905560, 1.7512053882, 2.9312963474, 3.1297214531)}


@pytest.fixture
def computed(dickemap, tmp_path):
    """computed(text, *arguments): the fields of what a job gives, `failure` by name; theory has nothing against them."""

    def compute(text, *arguments):
        (tmp_path / "a.yaml").write_text(text)
        ok(dickemap("run", "a.yaml", "-q", "--overwrite", *arguments))
        ok(dickemap("verify", "a.h5", "--sample", "2"))
        with h5py.File(tmp_path / "a.h5") as file:
            fields = {name: data[()] for name, data in file.items() if isinstance(data, h5py.Dataset)}
            about = file["failure"].attrs
            names = dict(zip(about["flag_values"].tolist(), about["flag_meanings"].decode().split()))
            return fields | {"failure": np.vectorize(names.get, otypes=[object])(fields["failure"])}

    return compute


def test_errors_of_the_mean_field_are_those_that_are_known(computed):
    found = computed(JOB)
    for (g0, N), expected in KNOWN.items():
        at = list(found["g0"]).index(g0), list(found["spins_per_class"]).index(N)
        np.testing.assert_allclose(found["E_N"][at][[1, 2, 5, 10]], expected, rtol=1e-8)
    N = found["spins_per_class"]
    np.testing.assert_allclose(found["E_N"][:, :, 0], np.broadcast_to(3 / N, (2, 3)), rtol=1e-12)
    np.testing.assert_allclose(found["E_N"], found["E_N_spins"] + found["E_N_modes"], rtol=1e-12)
    assert (found["failure"] == "none").all() and (found["E_N_se"] == 0).all() and (found["trace_error"] < 1e-9).all()
    slope = 3 * np.sqrt(2) * found["g0"]
    np.testing.assert_allclose(found["bound_rate"], np.broadcast_to(slope[:, None], (2, 3)), rtol=1e-14)
    np.testing.assert_allclose(found["log_bound"], np.log(3 / N)[None, :, None] + slope[:, None, None] * found["time"], rtol=1e-12)
    assert (np.log(found["E_N"]) <= found["log_bound"]).all() and (found["log_bound"] <= found["log_bound_paper"]).all()


def test_the_mean_field_beside_it_is_that_of_a_sweep(computed, dickemap, tmp_path):
    found = computed(JOB)
    (tmp_path / "b.yaml").write_text(MODEL.replace("1, Omega:", "1, g0: 0.9, Omega:"))
    ok(dickemap("point", "b.yaml", "--trajectory", "t.csv", "--t-end", "10", "--dt", "1"))
    columns = np.genfromtxt(tmp_path / "t.csv", delimiter=",", names=True)
    for name, column in (("xi_mean_field", "xi_1"), ("alpha_re_mean_field", "alpha_re_1"), ("alpha_im_mean_field", "alpha_im_1")):
        np.testing.assert_allclose(found[name][1, 2, :, 0], columns[column], atol=1e-8)


@pytest.mark.parametrize("text", [JOB, JUMPS, TWO], ids=["master", "trajectories", "two_modes"])
def test_files_have_the_same_bits_for_any_ranks_and_instruction_set(dickemap, tmp_path, text):
    (tmp_path / "a.yaml").write_text(text)
    ok(dickemap("run", "a.yaml", "-o", "one.h5", "-q"))
    ok(dickemap("run", "a.yaml", "-o", "three.h5", "-q", ranks=3))
    ok(dickemap("run", "a.yaml", "-o", "plain.h5", "-q", "--cpu", "plain"))
    assert contents(tmp_path / "one.h5") == contents(tmp_path / "three.h5") == contents(tmp_path / "plain.h5")


def test_trajectories_agree_with_the_density_matrix(computed):
    exact, mean = computed(JOB), computed(JUMPS)
    assert (mean["n_trajectories"] == 40).all() and (mean["n_jumps"] > 0).all()
    for name in ("E_N", "xi", "occupation"):
        away, error = mean[name] - exact[name], mean[f"{name}_se"]
        assert (error[:, 1:, 5:] > 0).all()  # every trajectory has lost photons by then
        assert (abs(away) < 6 * error + 1e-6)[:, :, 5:].all()
        assert (abs(away) > error)[:, :, 5:].any()


def test_trajectories_depend_on_the_seed(computed):
    text = JUMPS.replace("trajectories: 40", "trajectories: 4")
    one, other = computed(text), computed(text, "--set", "initial.seed=2")
    assert (one["E_N"][:, :, 5:] != other["E_N"][:, :, 5:]).all()


def test_a_density_matrix_that_does_not_fit_becomes_trajectories_or_a_failure(computed):
    text = JOB.replace("values: [1, 2, 4]", "values: [40]").replace("points: 11", "points: 3, memory: 1, trajectories: 2")
    assert (computed(text)["n_trajectories"] == 2).all()
    found = computed(text, "--set", "exactness.method=master")
    assert (found["failure"] == "memory").all() and (found["status"] == 2).all() and np.isnan(found["E_N"]).all()
    assert (104 * (found["levels_spin"] * found["levels_mode"]) ** 2 > 0.8e6).all()  # those that were asked for
    assert (found["memory_needed"] > 1).all()  # of these, in MB


def test_a_point_says_how_much_memory_it_needs(computed):
    """What suffices, by its own word, suffices; and of one that fails at its start it is what that takes."""
    losses = ONE_POINT.replace("model: {", "model: {gamma_down: 0.1, ")
    for text, method in ((ONE_POINT.replace("spins_per_class: 4", "spins_per_class: 6"), "master"), (losses, "automatic")):
        enough = computed(text, "--set", "exactness.memory=1000")["memory_needed"].item()
        assert 2 < enough < 100
        for allowed, failure in ((1.001 * enough, "none"), (0.999 * enough, "memory")):
            found = computed(text, "--set", f"exactness.memory={allowed}", "--set", f"exactness.method={method}")
            assert found["failure"] == failure and (found["memory_needed"] <= allowed) == (failure == "none")
    start = computed(losses, "--set", "exactness.memory=1")
    assert start["failure"] == "memory" and start["memory_needed"] > 1 and start["levels_mode"] > 1


TOO_LARGE = ONE_POINT.replace("points: 11", "points: 3, memory: 1, method: master").replace(", spins_per_class: 4", "")


def test_a_failed_point_is_shown_without_a_table(dickemap, tmp_path):
    (tmp_path / "a.yaml").write_text(TOO_LARGE + "axes: [{name: spins_per_class, values: [1, 50]}]\n")
    ok(dickemap("run", "a.yaml", "-q"))
    assert "N_E_N_limit" in ok(dickemap("show", "a.h5", "--at", "spins_per_class=1")).stdout
    shown = ok(dickemap("show", "a.h5", "--at", "spins_per_class=50")).stdout
    assert "memory_needed" in shown and "N_E_N_limit" not in shown


def test_plan_speaks_of_failures_and_not_of_max_steps(dickemap, tmp_path):
    (tmp_path / "a.yaml").write_text(TOO_LARGE + "axes: [{name: spins_per_class, values: [1, 40, 50]}]\n")
    said = ok(dickemap("plan", "a.yaml")).stdout
    assert "probe points    3 of 3 finished, 2 failed\n" in said and "max_steps" not in said


def test_a_run_says_how_many_points_failed(dickemap, tmp_path):
    (tmp_path / "a.yaml").write_text(TOO_LARGE + "axes: [{name: spins_per_class, values: [1, 40, 50]}]\n")
    for ranks in (None, 3):
        said = ok(dickemap("run", "a.yaml", "-q", "--overwrite", ranks=ranks)).stdout
        assert "           2  points failed: `show --at` says why\n" in said
    (tmp_path / "a.yaml").write_text(ONE_POINT)
    assert "failed" not in ok(dickemap("run", "a.yaml", "-q", "--overwrite")).stdout


def test_a_state_that_fits_where_it_is_followed_is_not_taken_to_the_laboratory(computed):
    """Of 90 spins that need 22 levels where axes follow them, and 54 in the laboratory, which would not fit."""
    found = computed("task: exactness\nmodel: {patterns: 1, Omega: -0.7, Omega_mu: [1.2], kappa_mu: [0.5], g0: 0.6, spins_per_class: 90}\n"
                     "initial: {overlap: -0.4}\nexactness: {t_end: 1.5, points: 4, method: master, edge: 1.0e-6}\n"
                     "solver: {tolerance: 1.0e-7}\n")
    assert found["failure"] == "none" and found["frame"] == 3 and found["levels_spin"] < 40


def test_seeds_are_those_of_trajectories(dickemap, tmp_path):
    (tmp_path / "a.yaml").write_text(JUMPS.replace("values: [1, 2, 4]", "values: [2]") + "  - {name: seed, values: [1, 2]}\n")
    result = ok(dickemap("run", "a.yaml", "-q"))
    assert "changes nothing" not in result.stderr
    with h5py.File(tmp_path / "a.h5") as file:
        assert (file["E_N"][..., 0, -1] != file["E_N"][..., 1, -1]).all()


def test_a_start_at_rest_is_where_a_sweep_ends(computed):
    found = computed(JOB.replace("points: 11", "points: 11, start: rest"), "--set", "initial.overlap=1")
    x, z, alpha = -0.3858024691, 0.9225814082, -0.6642586139 - 0.3321293070j  # at g0 = 0.9
    np.testing.assert_allclose(abs(found["spin"][1, 0, 0, 0]), abs(np.array([x, 0, z])), atol=1e-9)
    np.testing.assert_allclose(abs(found["alpha_re"][1, 0, 0, 0] + 1j * found["alpha_im"][1, 0, 0, 0]), abs(alpha), rtol=1e-8)
    np.testing.assert_allclose(found["xi_mean_field"][1], found["xi_mean_field"][1, :, :1].repeat(11, 1), atol=1e-8)
    np.testing.assert_allclose(found["E_N"][:, :, 0], np.broadcast_to(3 / found["spins_per_class"], (2, 3)), rtol=1e-9)


def test_a_start_at_rest_with_losses_has_shorter_spins(computed, dickemap, tmp_path):
    """Decay leaves x = -1 below threshold, dephasing what a sweep says; above it spins are shorter. The mean field stays there."""
    text = JOB.replace("points: 11", "points: 3, start: rest").replace("patterns: 1", "patterns: 1, gamma_down: 0.05")
    for how in ((), ("--set", "model.gamma_down=0", "--set", "model.gamma_phi=0.1")):
        found = computed(text, *how)
        m = found["spin_mean_field"][:, :, :, 0]
        square = (m[:, :, 0] ** 2).sum(-1)
        assert (found["failure"] == "none").all() and (found["dynamics"] == 3).all()
        (tmp_path / "sweep.yaml").write_text(MODEL.replace("patterns: 1", "patterns: 1, gamma_down: 0.05")
                                             + "axes: [{name: g0, values: [0.4, 0.9]}]\n")
        ok(dickemap("run", "sweep.yaml", "-q", "--overwrite", *how))
        with h5py.File(tmp_path / "sweep.h5") as sweep:
            for i in range(2):
                np.testing.assert_allclose(m[i, :, 0, 0], sweep["x_mean"][i], atol=1e-6)
                np.testing.assert_allclose(abs(m[i, :, 0, 2]), abs(sweep["xi"][i, 0]), atol=1e-6)
        assert (0.1 < square[1]).all() and (square[1] < 0.95).all()
        np.testing.assert_allclose(m, np.broadcast_to(m[:, :, :1], m.shape), atol=1e-8)
        np.testing.assert_allclose(found["spin"][:, :, 0, 0], m[:, :, 0], atol=1e-14)
        np.testing.assert_allclose(found["E_N"][:, :, 0], (4 - square) / found["spins_per_class"], rtol=1e-12)
        np.testing.assert_allclose(found["N_E_N_limit"][:, :, 0], 4 - square, rtol=1e-12)
        assert (found["E_N"][:, :, 1:] > 0).all()


def test_a_state_of_shorter_spins_is_a_start_with_losses_alone(computed, dickemap, tmp_path):
    (tmp_path / "s.yaml").write_text(MODEL.replace("1, Omega:", "1, g0: 0.9, gamma_down: 0.05, Omega:") + "output: {state: final}\n")
    ok(dickemap("run", "s.yaml", "-q"))
    text = ONE_POINT.replace("points: 11", "points: 3").replace("overlap: 0.9", "from: s.h5")
    assert computed(text)["failure"] == "start"
    assert "shorter than 1, which without losses" in ok(dickemap("show", "a.h5")).stdout
    found = computed(text, "--set", "model.gamma_down=0.05")
    m = found["spin_mean_field"][0, 0]
    assert found["failure"] == "none" and (m ** 2).sum() < 0.95
    np.testing.assert_allclose(found["E_N"][0, 0], (4 - (m ** 2).sum()) / 4, rtol=1e-12)


def test_losses_of_single_spins(computed):
    """One class, in the permutation-invariant space: x, y, z and photons at t = 5, by another program."""
    text = ("task: exactness\nmodel: {patterns: 1, g0: 0.9, Omega: 0.5, Omega_mu: [1], kappa_mu: [1], gamma_down: 0.2, gamma_phi: 0.1}\n"
            "exactness: {t_end: 5, points: 2}\naxes: [{name: spins_per_class, values: [3, 6]}]\n")
    found = computed(text)
    np.testing.assert_allclose(found["spin"][:, 1, 0], [[-0.3669109330, -0.0108409840, 0.1179850838],
                                                        [-0.41814580553, -0.02013728911, 0.13864029118]], atol=1e-8)
    np.testing.assert_allclose(found["occupation"][:, 1, 0] * [3, 6], [0.9580768188, 1.27394294708], atol=1e-8)
    assert np.isnan(found["log_bound"]).all()


MATRIX = ONE_POINT.replace("points: 11", "points: 41, method: master, frame: following")
LOSSES = ONE_POINT.replace("patterns: 1", "patterns: 1, gamma_down: 0.1").replace("points: 11", "points: 41")


@pytest.mark.parametrize("how", ["kill", "stop"])
@pytest.mark.parametrize("text", [lambda n: JUMPS.replace("[1, 2, 4]", "[16]").replace("trajectories: 40", f"trajectories: {25 * n}"),
                                  lambda n: MATRIX.replace("per_class: 4", f"per_class: {7 + n.bit_length()}"),
                                  lambda n: LOSSES.replace("per_class: 4", f"per_class: {min(4 + n.bit_length(), 10)}")],
                         ids=["trajectories", "density_matrix", "losses"])
def test_a_point_goes_on_inside(check_going_on, how, text):
    """Density matrices have more levels by then than at their start: n_max grows from 4 and 8 to some 20."""
    check_going_on(text, how)


def test_point_prints_what_run_writes(dickemap, tmp_path):
    (tmp_path / "a.yaml").write_text(JUMPS.replace("trajectories: 40", "trajectories: 4") + "  - {name: seed, values: [1, 2]}\n")
    ok(dickemap("run", "a.yaml", "-q"))
    at = "g0=0.9,spins_per_class=2,seed=2"
    stored, computed = (json.loads(ok(dickemap(*words, "--at", at, "--json")).stdout)["record"]
                        for words in (("show", "a.h5"), ("point", "a.yaml")))
    assert len(stored["E_N"]) == 11 and stored["dynamics"] == "trajectories" and stored["n_jumps"] > 0
    assert {**stored, "wall_time": None} == {**computed, "wall_time": None}
    told = ok(dickemap("point", "a.yaml", "--at", "g0=0.7,spins_per_class=3,seed=1", "--set", "exactness.method=master")).stdout
    assert "not on the grid: g0 = 0.7" in told and "  following  " in told and "  master  " in told
    rows = [line.split() for line in told.split("E_N_se")[1].splitlines()[1:12]]
    assert [float(row[0]) for row in rows] == list(range(11)) and float(rows[0][1]) == 1.0  # (2 K + M)/N
    assert all(float(row[2]) == 0.0 for row in rows)


@pytest.mark.parametrize("more, message", [
    ("imbalance=0.3", "model.imbalance is not 0 everywhere, but task: exactness knows nothing of it"),
    ("flip=0.3", "initial.flip is not 0 everywhere, but task: exactness knows nothing of it"),
    ("spins_per_class=0", "model.spins_per_class is 0, but task: exactness needs an integer 1 ... "),
    ("spins_per_class=11,gamma_down=0.1", "model.spins_per_class is 11, but with losses of single spins must be at most 10"),
])
def test_point_refuses_what_run_refuses(refused, tmp_path, more, message):
    (tmp_path / "a.yaml").write_text(JOB)
    at = ["--at", ",".join(dict.fromkeys(["g0=0.4", more] + ["spins_per_class=2"] * ("spins" not in more)))]
    assert refused("point", "a.yaml", *at).startswith(f"point: {message}")


def test_point_refuses_losses_by_another_method_or_of_two_classes(refused, tmp_path):
    (tmp_path / "a.yaml").write_text(JOB)
    at = ["--at", "g0=0.4,spins_per_class=2,gamma_down=0.1"]
    assert "exactness.method is master, but must be automatic" in refused("point", "a.yaml", *at, "--set", "exactness.method=master")
    (tmp_path / "b.yaml").write_text(TWO)
    assert "model.patterns is 2, but must be 1 for task: exactness with losses" in refused("point", "b.yaml", "--at", "gamma_down=0.1")


@pytest.mark.parametrize("task", ["exactness", "states", "sweep"])
def test_an_unknown_instruction_set_is_refused_whatever_the_task(refused, tmp_path, task):
    model = "model: {patterns: 1, g0: 0.9, Omega: 0.5, Omega_mu: [1.0], kappa_mu: [1.0], spins_per_class: 2}\n"
    (tmp_path / "a.yaml").write_text(f"task: {task}\n" + (model if task == "exactness" else model.replace(", spins_per_class: 2", "")))
    for command in ("run", "point"):
        assert refused(command, "a.yaml", "--cpu", "sse9").startswith('unknown instruction set "sse9"; this machine runs: ')


def exponent(N, E):
    """p of E ~ N^-p, and its error."""
    (slope, _), covariance = np.polyfit(np.log(N), np.log(E), 1, cov=True)
    return -slope, np.sqrt(covariance[0, 0])


@pytest.mark.parametrize("g0, start", [(0.4, "cue"), (0.9, "rest")])
def test_the_error_of_the_mean_field_falls_as_one_over_N(computed, g0, start):
    """The theorem, below threshold and from rest above it: E_N ~ N^-1, and N E_N goes to its limit."""
    text = JOB.replace("values: [1, 2, 4]", "values: [8, 16, 32]").replace("values: [0.4, 0.9]", f"values: [{g0}]")
    found = computed(text.replace("t_end: 10, points: 11", f"t_end: 5, points: 3, method: master, edge: 1e-7, start: {start}")
                     + "solver: {tolerance: 1e-7}\n")
    N, limit = found["spins_per_class"], found["N_E_N_limit"][0, 0]
    assert (found["failure"] == "none").all()
    for i in (1, 2):
        E = found["E_N"][0, :, i]
        p, error = exponent(N, E)
        assert abs(p - 1) < 3 * error + 0.03 and error < 0.03
        assert abs(np.log2(E[1] / E[2]) - 1) < 0.03  # of the larger ones alone
        assert abs(N[2] * E[2] - limit[i]) < 0.6 * abs(N[0] * E[0] - limit[i]) and abs(N[2] * E[2] / limit[i] - 1) < 0.03


def test_steps_that_become_too_short_are_no_lack_of_memory(computed):
    """Spins at rest in a field of 4 g0^2 turn faster than steps that are measured by g0 may be."""
    found = computed(JOB.replace("values: [0.4, 0.9]", "values: [1e9]").replace("points: 11", "points: 3, start: rest"))
    assert (found["failure"] == "steps").all() and (found["status"] == 2).all() and np.isnan(found["E_N"]).all()


def test_the_solver_leads_to_the_rest_that_spins_begin_in(computed):
    """Its limits and its method have a say there."""
    job = """task: exactness
model: {patterns: 2, g0: 0.9, Omega: 0.5, Omega_mu: [1.0, 1.5], kappa_mu: [1.0], spins_per_class: 1}
initial: {overlap: 0.9, perturbation: 0.2}
exactness: {t_end: 0.1, points: 2, start: rest, method: trajectories, trajectories: 2}
"""
    ours, gsl, short = (computed(job + solver) for solver in ("", "solver: {method: gsl}\n", "solver: {max_steps: 2}\n"))
    assert (ours["failure"] == "none").all() and (short["failure"] == "not_at_rest").all()
    np.testing.assert_allclose(gsl["xi_mean_field"], ours["xi_mean_field"], rtol=1e-6)
    assert (abs(ours["xi_mean_field"]).max() > 0.5).all()


@pytest.mark.parametrize("change, message", [
    (("patterns: 1", "patterns: 3"), "model.patterns is 3, but must be 1 or 2 for task: exactness"),
    (("patterns: 1", "patterns: 1, mapping: ungauged"), "model.mapping is ungauged, but task: exactness knows gauged patterns alone"),
    (("values: [1, 2, 4]", "values: [0, 2]"), "axes.spins_per_class.values[1] is 0, but task: exactness needs an integer 1"),
    (("overlap: 0.9", "overlap: 0.9, flip: 0.1"), "initial.flip is not 0 everywhere, but task: exactness knows nothing of it"),
    (("patterns: 1", "patterns: 1, imbalance: 0.1"), "model.imbalance is not 0 everywhere"),
    (("patterns: 1", "patterns: 2, gamma_down: 0.1"), "model.patterns is 2, but must be 1 for task: exactness with losses"),
    (("patterns: 1", "patterns: 1, gamma_phi: 0.1"), None),
    (("2, 4]", "2, 11]", "patterns: 1", "patterns: 1, gamma_up: 0.1"), "at most 10: the permutation-invariant space of N spins has"),
    (("points: 11", "points: 11, method: master", "patterns: 1", "patterns: 1, gamma_up: 0.1"),
     "exactness.method is master, but must be automatic"),
    (("task: exactness\n", "", "axes:", "unit: 1/s\naxes:"), "exactness.t_end has no effect without task: exactness"),
    (("task: exactness\n", "", "exactness: {t_end: 10, points: 11}\n", ""), "axes.spins_per_class has no effect without task: exactness"),
    (("task: exactness\n", "task: exactness\nreduce: g0\n"), "reduce counts what starts end in, which task: exactness has none of"),
    (("task: exactness\n", "task: exactness\noutput: {state: final}\n"), "output.state is final, but task: exactness keeps no states"),
    (("points: 11", "points: 1"), "exactness.points is 1, but must be an integer 2 ..."),
    *[(("task: exactness\n", f"task: exactness\nsolver: {{{key}: {value}}}\n"),
       f"a.yaml:2:{12 + len(key)}: solver.{key} is {value}, but has no effect with task: exactness and exactness.start: cue: "
       f"it must be {default} there, or left out") for key, value, default in (("method", "gsl", "ensemble"), ("t_max", "100", "10000000"),
                                                        ("max_steps", "100", "1000000"), ("sensitivity", "on", "off"),
                                                        ("until", "settled", "rest"))],
    (("task: exactness\n", "task: exactness\nsolver: {tolerance: 1e-7, method: ensemble, t_max: 1e7}\n"), None),
    (("task: exactness\n", "task: exactness\nsolver: {tolerance: 1e-7, method: gsl, t_max: 100, max_steps: 100}\n",
      "points: 11", "points: 11, start: rest"), None),
    (("task: exactness\n", "task: exactness\nsolver: {sensitivity: on}\n", "points: 11", "points: 11, start: rest"),
     "solver.sensitivity is on, but has no effect with task: exactness: it must be off"),
])
def test_wrong_jobs_are_refused(dickemap, tmp_path, change, message):
    text = JOB
    for old, new in zip(change[::2], change[1::2]):
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "a.yaml").write_text(text)
    result = dickemap("plan", "a.yaml")
    if message is None:
        assert result.returncode == 0, result.stderr
    else:
        assert result.returncode == 1 and message in result.stderr and result.stderr.count("\n") == 1


def checksum_of(file, at):
    """As the program computes it: CRC-32 of the reproducible fields, in the order that the file lists."""
    crc = 0
    for name in file.attrs["checksum_fields"].decode().split():
        crc = zlib.crc32(np.ascontiguousarray(file[name][at]).tobytes(), crc)
    return crc or 1


@pytest.mark.parametrize("field, at, value, message", [
    ("E_N", 0, 1.0, "E_N is 1 at the start, but (2 K + M)/N is 3"), ("E_N", 3, 1e12, "above its bound"),
    ("E_N", 3, -1.0, "E_N is -1 at t = 3, but a sum of squares"), ("xi", 3, 1.5, "|xi| is 1.5 at t = 3, above 1")])
def test_a_record_that_theory_forbids_is_told(dickemap, tmp_path, field, at, value, message):
    (tmp_path / "a.yaml").write_text(JOB)
    ok(dickemap("run", "a.yaml", "-q"))
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        assert file["checksum"][0, 0] == checksum_of(file, (0, 0))
        file[field][0, 0, at] = value
        file["checksum"][0, 0] = checksum_of(file, (0, 0))
    result = dickemap("verify", "a.h5", "--sample", "0")
    assert result.returncode == 3 and message in result.stdout + result.stderr
