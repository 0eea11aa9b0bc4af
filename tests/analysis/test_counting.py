# SPDX-License-Identifier: GPL-3.0-or-later
"""Probabilities and boundaries, against the program's own counts and closed forms."""

import pathlib

import numpy as np
import pytest
import xarray as xr

import dickemap
import synthetic

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = {
    "one sign": {"patterns": 3, "g0": 1.0, "Omega": 0.5, "Omega_mu": [1.5, 2.0, 2.5], "kappa_mu": [1.0]},
    "both signs": {"patterns": 2, "g0": 1.0, "Omega": 1.0, "Omega_mu": [1.0, -2.0], "kappa_mu": [1.0]},
    "losses": {"patterns": 2, "g0": 1.0, "Omega": 0.5, "Omega_mu": [1.5, 2.0], "kappa_mu": [1.0], "gamma_down": 0.05},
}


def starts(model, **more):
    return {"model": MODELS[model], "initial": {"perturbation": 0.5, "pattern": 2}, "solver": {"max_steps": 5000},
            "axes": [{"name": "seed", "from": 1, "to": 40, "points": 40}, {"name": "g0", "values": [0.5, 0.75, 1.0, 1.5]}]} | more


@pytest.fixture(scope="module", params=MODELS)
def both(program, request):
    """The same starts, one record each, and counted."""
    job = starts(request.param)
    return dickemap.evaluate(job), dickemap.evaluate(job | {"reduce": "seed"} | {"solver": job["solver"] | {"until": "rest"}})


def test_outcomes_are_those_that_the_program_counts(both):
    single, counted = both
    ended = dickemap.outcome(single)
    for outcome in counted["outcome"].values:
        np.testing.assert_array_equal((ended == outcome).sum("seed"), counted["count"].sel(outcome=outcome))
    np.testing.assert_array_equal((ended == dickemap.NO_OUTCOME).sum("seed"), counted.n_undecided)


def test_outcomes_have_the_names_that_the_program_gives_them_and_no_mean(both):
    single, counted = both
    ended, named = dickemap.outcome(single), counted["outcome"]
    names = dict(zip(ended.attrs["flag_values"].tolist(), ended.attrs["flag_meanings"].split()))
    assert names == dict(zip(named.attrs["flag_values"].tolist(), named.attrs["flag_meanings"].split())) | {dickemap.NO_OUTCOME: "none"}
    assert ended.attrs["_FillValue"] == dickemap.NO_OUTCOME and set(np.unique(ended)) <= set(names)
    assert set(np.unique(dickemap.flag_names(ended))) == {names[code] for code in np.unique(ended)}
    with pytest.raises(dickemap.Error, match="outcome are flags, which have no mean"):
        dickemap.mean(ended)


def test_outcomes_are_written_and_read_again(both, tmp_path):
    ended = dickemap.outcome(both[0])
    ended.to_netcdf(tmp_path / "o.nc")
    with xr.open_dataset(tmp_path / "o.nc", mask_and_scale=False) as read:
        xr.testing.assert_equal(read["outcome"], ended)
        assert read["outcome"].attrs["flag_meanings"] == ended.attrs["flag_meanings"]


def test_a_start_without_an_outcome_has_a_label_of_its_own_and_labels_no_boundary():
    job = starts("one sign")
    data = dickemap.evaluate(job | {"axes": job["axes"][1:]})
    data["verdict"].values[0] = data.verdict.attrs["flag_meanings"].split().index("undecided")
    ended = dickemap.outcome(data)
    assert ended.values[0] == dickemap.NO_OUTCOME and (ended.values[1:] != dickemap.NO_OUTCOME).all()
    with pytest.raises(dickemap.Error, match="outcomes are labels"):
        dickemap.boundary(data, ended, -500)


def test_an_exact_start_may_end_on_a_saddle(program):
    """Between g_crit and g_retrieve."""
    data = dickemap.evaluate(ROOT / "jobs" / "fig3.yaml", g0=[0.95, 1.5], pattern=[4, 4])
    assert dickemap.outcome(data).values.tolist() == [101, 4] and data.n_unstable[0] > 0


@pytest.mark.parametrize("pattern, either_sign", [(2, False), (-2, False), (1, True), (2, True), (0, False)])
def test_probabilities_of_starts_and_of_counts_agree_with_the_file(both, pattern, either_sign):
    single, counted = both
    one, other = (dickemap.probability(data, pattern, either_sign=either_sign) for data in both)
    assert one.probability.dims == ("g0",)
    for name in ("probability", "probability_low", "probability_high", "n"):
        np.testing.assert_array_equal(one[name], other[name])
        if not either_sign and name != "n":
            np.testing.assert_allclose(one[name], counted[name].sel(outcome=pattern), rtol=1e-14, atol=1e-16)
    if pattern == 2:
        file = "retrieval_either_sign" if either_sign else "retrieval"
        np.testing.assert_array_equal(one.probability, counted[file])


def test_the_pattern_may_be_another_one_at_each_point(program):
    job = starts("one sign")
    job["axes"] = [*job["axes"][:1], {"name": "pattern", "values": [1, 2, 3]}]
    data = dickemap.evaluate(job)
    found = dickemap.probability(data, data.pattern)
    assert found.probability.dims == ("pattern",)
    for nu in (1, 2, 3):
        assert found.probability.sel(pattern=nu) == dickemap.probability(data, nu).probability.sel(pattern=nu)


def test_what_cannot_be_counted_is_refused(closed_forms):
    data = dickemap.open(closed_forms)
    with pytest.raises(dickemap.Error, match="'seed' is not an axis of the data"):
        dickemap.probability(data, 1)
    with pytest.raises(dickemap.Error, match="fields that the data do not have: n_unstable"):
        dickemap.outcome(data)


def test_wilson_s_interval_has_its_textbook_values():
    """Wilson 1927; Brown, Cai and DasGupta 2001."""
    np.testing.assert_allclose(dickemap.wilson(5, 10), (0.236593, 0.763407), atol=1e-6)
    np.testing.assert_allclose(dickemap.wilson(0, 10), (0.0, 0.277533), atol=1e-6)
    low, high = dickemap.wilson(np.array([0, 7, 7, 0]), np.array([5, 7, 9, 0]))
    assert low[0] == 0 and high[1] == 1 and low[2] < 7 / 9 < high[2] and (low[3], high[3]) == (0, 1)
    narrow = dickemap.wilson(5, 10, z=1.0)
    assert dickemap.wilson(5, 10)[0] < narrow[0] < 0.5


def test_a_boundary_is_where_the_closed_form_has_it(closed_forms):
    data = dickemap.open(closed_forms)
    cue = abs(data.xi).where(data["mode"] == data.pattern).max("mode")
    found = dickemap.boundary(data, cue, 0.5, along="g0")
    assert found.dims == ("pattern",) and "g0" not in found.coords
    g = data.g_crit.isel(g0=0).values / (1 - 0.25) ** 0.25
    np.testing.assert_allclose(found, g, atol=0.02)  # points are 0.05 apart


def test_a_boundary_of_truths_lies_in_the_middle():
    x = xr.DataArray([[False, False, True, False], [True] * 4, [True, False, False, True]], dims=("a", "x"),
                     coords={"x": [1.0, 2.0, 4.0, 5.0], "a": [0, 1, 2]}, name="it")
    np.testing.assert_array_equal(dickemap.boundary(x.to_dataset(), "it", along="x"), [3.0, np.nan, 1.5])
    np.testing.assert_array_equal(dickemap.boundary(x.to_dataset(), x, along="a"), [0.5, 0.5, 1.5, 0.5])
    assert dickemap.boundary(x.to_dataset(), "it", along="x").name == "x_boundary"


def test_no_boundary_is_seen_beside_points_that_are_not_done(tmp_path):
    data = dickemap.open(synthetic.write(tmp_path / "part.h5", to_do=[4 * 3 + 1, *(4 * i for i in range(11, 14))]))
    found = dickemap.boundary(data, abs(data.xi).max("mode"), 0.01, along="g0")
    assert np.isnan(found[0]) and np.isfinite(found[1:]).all()
    with pytest.raises(dickemap.Error, match="'kappa' is not an axis of xi"):
        dickemap.boundary(data, "xi", along="kappa")


@pytest.mark.parametrize("sign", [1, -1])
def test_a_pattern_upside_down_is_retrieved_too(sign):
    """Points that are not done, and mixtures of method 1, are not."""
    labels = xr.DataArray(np.array([[0, 0, 3, 2], [3, -3, 0, 0], [0, -128, 1, 1], [0, 127, 127, 2], [-1, 1, -1, 1]], np.int8),
                          dims=("a", "g0"), coords={"g0": [1.0, 2.0, 3.0, 4.0]}, name="retrieved", attrs={"_FillValue": np.int8(-128)})
    labels = labels.copy(data=np.where(abs(labels.values) < 100, sign * labels.values, labels.values)).assign_attrs(labels.attrs)
    for field in ("retrieved", labels):
        np.testing.assert_array_equal(dickemap.boundary(labels.to_dataset(), field, along="g0"), [2.5, 2.5, np.nan, 3.5, np.nan])
    np.testing.assert_array_equal(dickemap.boundary(labels.to_dataset(), labels == sign, along="g0"), [np.nan, np.nan, 2.5, np.nan, 1.5])


def test_the_last_crossing_may_be_asked_for():
    x = xr.DataArray([[False, False, True, False], [True] * 4, [True, False, False, True]], dims=("a", "x"),
                     coords={"x": [1.0, 2.0, 4.0, 5.0], "a": [0, 1, 2]}, name="it")
    np.testing.assert_array_equal(dickemap.boundary(x.to_dataset(), "it", along="x", which="last"), [4.5, np.nan, 4.5])


def test_an_axis_of_one_value_or_of_modes_is_not_meant(closed_forms):
    data = dickemap.open(closed_forms).isel(pattern=[1])
    xi = abs(data.xi)
    assert dickemap.boundary(data, xi).identical(dickemap.boundary(data, xi, along="g0"))


def test_the_readme_names_what_probabilities_and_means_consist_of(both):
    text = (ROOT / "analysis" / "README.md").read_text()
    table = text[text.index("| of `probability` | of `mean` |"):].partition("\n\n")[0]
    for data in both:
        found = dickemap.probability(data, 2)
        assert all(f"`{name}`" in table for name in found) and "probability_low" in found
        for end in ("low", "high"):
            np.testing.assert_array_equal(found[end], found[f"probability_{end}"])
    means = dickemap.mean(both[0].xi, "seed")
    assert all(f"`{name}`" in table for name in means) and set(means) - {"mean"} <= set(found)
    assert callable(both[1].count) and both[1]["count"].dims and 'data["count"]' in text


@pytest.mark.parametrize("function", [
    lambda data: dickemap.probability(data, 2), dickemap.outcome, dickemap.done, dickemap.alpha, dickemap.xi_end, dickemap.is_at_rest,
    lambda data: dickemap.is_how(data, "settled"), lambda data: dickemap.is_flag(data, "how", "settled"),
    lambda data: dickemap.select(data, verdict="fixed_point"), lambda data: dickemap.boundary(data, "retrieved", along="g0")])
def test_a_path_stands_for_its_data(program, tmp_path_factory, function):
    path = tmp_path_factory.getbasetemp() / "starts.h5"
    data = dickemap.open(path) if path.exists() else dickemap.run(starts("one sign"), path, ranks=1)
    assert function(path).identical(function(data)) and dickemap.verdict_counts(str(path)) == dickemap.verdict_counts(data)


def test_counts_may_be_whole_numbers_in_floating_point():
    assert dickemap.wilson(np.array([1.0, 2.0]), 10.0)[0].tolist() == dickemap.wilson([1, 2], 10)[0].tolist()
