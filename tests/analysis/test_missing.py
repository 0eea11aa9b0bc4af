# SPDX-License-Identifier: GPL-3.0-or-later
"""Means, shares and counts of starts of which some are not computed, undecided or failed: none of them looks complete."""

import matplotlib
import numpy as np
import pytest
import xarray as xr
from matplotlib.collections import PolyCollection, QuadMesh

import dickemap

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from dickemap import figures, reading  # noqa: E402
from dickemap.figures import cells, style  # noqa: E402

JOB = {"model": {"patterns": 3, "Omega": 0.5, "Omega_mu": [1.5, 2.0, 2.5], "kappa_mu": [1.0]},
       "initial": {"overlap": 0.9, "perturbation": 0.3},
       "axes": [{"name": "g0", "from": 0.4, "to": 1.6, "points": 7}, {"name": "pattern", "values": [1, 2]},
                {"name": "seed", "from": 1, "to": 8, "points": 8}]}
LOST = {"not computed": (2, 0, 3), "undecided": (3, 1, 2), "failed": (4, 0, 1)}  # why: (g0, pattern, how many of the eight starts)
MOST = (5, 1, 6)  # not computed: more than half
NONE = (6, 0, 8)
WIDTH = 0.2  # of a cell


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def whole():
    return dickemap.evaluate(JOB)


@pytest.fixture(scope="module")
def counted():
    return dickemap.evaluate(JOB | {"reduce": "seed"})


def code_of(data, name):
    return data.verdict.attrs["flag_meanings"].split().index(name)


@pytest.fixture
def part(whole):
    """Some starts of some cells without a result."""
    data = whole.copy(deep=True)
    for i, j, n in (LOST["not computed"], MOST, NONE):
        data["status"].values[i, j, :n] = reading.TODO
    for why in ("undecided", "failed"):
        i, j, n = LOST[why]
        data["verdict"].values[i, j, :n] = code_of(data, why)
    return reading.masked(data)


@pytest.fixture
def part_counted(counted):
    """The same of a job that counts them, whose cells are done or not."""
    data = counted.copy(deep=True)
    for why in ("undecided", "failed"):
        i, j, n = LOST[why]
        data["n_undecided"].values[i, j], data["n_decided"].values[i, j] = n, 8 - n
        data["n_failed"].values[i, j] = n if why == "failed" else 0
    data["status"].values[NONE[0], NONE[1]] = reading.TODO
    return reading.masked(data)


def strips(axes, why):
    """{(g0 index, row): hatched part of the cell's width} of a map over g0 and pattern."""
    found = {}
    for patches in axes.collections:
        if isinstance(patches, PolyCollection) and patches.get_gid() == f"no result: {why}":
            assert patches.get_hatch() == style.HATCHES[why][0]
            for path in patches.get_paths():
                box = path.get_extents()
                for row in range(round(box.y0 + 0.5), round(box.y1 + 0.5)):
                    for i in range(7):
                        low, high = 0.4 + WIDTH * (i - 0.5), 0.4 + WIDTH * (i + 0.5)
                        covered = max(0.0, min(box.x1, high) - max(box.x0, low)) / WIDTH
                        if covered > 1e-6:
                            found[i, row - 1] = found.get((i, row - 1), 0) + covered
    return found


def legend_of(figure):
    return [text.get_text() for axes in figure.axes if axes.get_legend() for text in axes.get_legend().get_texts()]


# ---- numbers ----


def test_a_mean_says_how_many_values_are_missing(part):
    band = dickemap.mean(abs(part.xi).sel(mode=1))
    lost = xr.zeros_like(band["n"])
    for i, j, n in (LOST["not computed"], MOST, NONE):
        lost.values[i, j] = n
    np.testing.assert_array_equal(band["n_missing"], lost)
    np.testing.assert_array_equal(band["n"], 8 - lost)


def test_a_mean_of_whole_numbers_leaves_out_what_is_not_known(whole, part):
    i, j, n = LOST["not computed"]
    band = dickemap.mean(part.steps)
    assert float(band["mean"][i, j]) == pytest.approx(whole.steps.values[i, j, n:].mean())
    assert band["n"].values[i, j] == 8 - n and np.isnan(band["mean"].values[NONE[:2]])


def test_a_probability_says_how_many_starts_are_missing_and_why(whole, part):
    found = dickemap.probability(part, 1)
    left, missing = np.zeros((7, 2)), np.zeros((7, 2))
    for i, j, n in (LOST["not computed"], MOST, NONE):
        left[i, j] = missing[i, j] = n
    for why in ("undecided", "failed"):
        i, j, n = LOST[why]
        missing[i, j] = n
    np.testing.assert_array_equal(found.n_missing, missing)
    np.testing.assert_array_equal(found.n_not_computed, left)
    np.testing.assert_array_equal(found.n + found.n_missing, 8)
    i, j, n = LOST["not computed"]
    k = int((dickemap.outcome(whole).values[i, j, n:] == 1).sum())
    assert (float(found.probability_low[i, j]), float(found.probability_high[i, j])) == dickemap.wilson(k, 8 - n)


def test_a_probability_of_counted_starts_does_the_same(part_counted):
    found = dickemap.probability(part_counted, 1)
    for why in ("undecided", "failed"):
        i, j, n = LOST[why]
        assert found.n_missing.values[i, j] == n and found.n_not_computed.values[i, j] == 0
    assert found.n_missing.values[NONE[:2]] == found.n_not_computed.values[NONE[:2]] == 8 and found.n.values[NONE[:2]] == 0
    assert int(found.n_not_computed.sum()) == 8


def test_no_boundary_of_truths_or_of_whole_numbers_lies_beside_what_is_not_done(whole):
    data = whole.copy(deep=True)
    data["status"].values[3:] = reading.TODO
    data = reading.masked(data)
    at_rest = dickemap.is_at_rest(data)
    assert at_rest.values[:3].all() and not at_rest.values[3:].any()
    assert np.isnan(dickemap.boundary(data, at_rest, along="g0")).all()
    assert np.isnan(dickemap.boundary(data, "steps", -0.5, along="g0")).all()
    for part in (at_rest.sel(seed=1), at_rest.isel(seed=0, pattern=1), data.steps.sel(seed=1) * 0 + at_rest.sel(seed=1)):
        assert np.isnan(dickemap.boundary(data, part, along="g0")).all()


def test_a_part_of_the_truths_has_the_boundaries_of_its_starts(whole):
    high = whole.g0.broadcast_like(whole.status) > 0.9
    found = dickemap.boundary(whole, high, along="g0")
    for seed in (1, 8):
        np.testing.assert_array_equal(dickemap.boundary(whole, high.sel(seed=seed), along="g0"), found.sel(seed=seed))


def test_a_field_of_which_nobody_knows_what_is_done_has_no_boundary(part):
    at_rest = dickemap.is_at_rest(part)
    for truths in (at_rest.any("seed"), at_rest.sel(seed=1, drop=True)):
        with pytest.raises(dickemap.Error, match="not over seed"):
            dickemap.boundary(part, truths, along="g0")
    with pytest.raises(dickemap.Error, match="seed = 99 is not in the data"):
        dickemap.boundary(part, at_rest.sel(seed=1).assign_coords(seed=99), along="g0")
    found = dickemap.probability(part, 1)
    assert dickemap.boundary(found, "probability", along="g0").dims == ("pattern",)


# ---- pictures ----


@pytest.mark.parametrize("draw", [lambda data: figures.map(data, "g0", "pattern", "xi", over="seed"),
                                  lambda data: figures.basins(data, "g0", "pattern")], ids=["map", "basins"])
def test_a_mean_over_part_of_the_starts_is_hatched_by_that_part(part, draw):
    figure = draw(part)
    for why, (i, j, n) in LOST.items():
        found = strips(figure.axes[0], why)
        assert found.pop((i, j)) == pytest.approx(n / 8), why
        assert why == "not computed" or not found
        assert why in legend_of(figure)
    found = strips(figure.axes[0], "not computed") | strips(figure.axes[0], "most starts not computed")
    assert found[NONE[:2]] == pytest.approx(1) and found[MOST[:2]] == pytest.approx(1) and len(found) == 3
    mesh, = (m for m in figure.axes[0].collections if isinstance(m, QuadMesh))
    known = ~np.ma.getmaskarray(mesh.get_array()).reshape(2, 7)
    np.testing.assert_array_equal(np.argwhere(~known), sorted([[NONE[1], NONE[0]], [MOST[1], MOST[0]]]))


def test_a_map_of_counted_starts_is_hatched_by_what_is_undecided(part_counted):
    figure = figures.basins(part_counted, "g0", "pattern")
    for why in ("undecided", "failed"):
        i, j, n = LOST[why]
        assert strips(figure.axes[0], why) == {(i, j): pytest.approx(n / 8)}
    assert strips(figure.axes[0], "not computed") == {NONE[:2]: pytest.approx(1)}
    entropy = figures.map(part_counted, "g0", "pattern", "entropy")
    assert strips(entropy.axes[0], "undecided") and not strips(
        figures.map(part_counted, "g0", "pattern", "n_undecided").axes[0], "undecided")


def test_cells_most_starts_of_which_have_failed_say_so(whole, counted):
    """Two undecided and four failed of eight starts, and the other way round."""
    data, counts = whole.copy(deep=True), counted.copy(deep=True)
    for i, names in ((2, ("undecided",) * 2 + ("failed",) * 4), (4, ("undecided",) * 4 + ("failed",) * 2)):
        data["verdict"].values[i, 0, :6] = [code_of(data, name) for name in names]
        counts["n_undecided"].values[i, 0], counts["n_failed"].values[i, 0] = 6, names.count("failed")
        counts["n_decided"].values[i, 0] = 2
    for figure in (figures.map(data, "g0", "pattern", "xi", over="seed"), figures.basins(data, "g0", "pattern"),
                   figures.basins(counts, "g0", "pattern")):
        for why, i in (("most starts failed", 2), ("most starts undecided", 4)):
            assert strips(figure.axes[0], why) == {(i, 0): pytest.approx(1)} and why in legend_of(figure)


def test_a_complete_mean_has_no_hatch(whole, counted):
    for figure in (figures.map(whole, "g0", "pattern", "xi", over="seed"), figures.basins(counted, "g0", "pattern"),
                   figures.cut(whole, "g0", "xi", over="seed"), figures.basins(whole, x="g0")):
        assert not [text for text in legend_of(figure) if text.removeprefix("some starts: ") in cells.WHY]


@pytest.mark.parametrize("select", [{}, {"pattern": 1, "mode": 1}])
def test_a_cut_shows_above_the_frame_where_some_starts_are_missing(part, select):
    figure = figures.cut(part, "g0", "xi", over="seed", select=select)
    here = {why: cell for why, cell in LOST.items() if not select or cell[1] == select["pattern"] - 1}
    for why, (i, _, _) in here.items():
        block, = (patch for patch in figure.axes[0].patches if patch.get_gid() == f"some starts: no result: {why}")
        assert block.get_x() < 0.4 + WIDTH * i < block.get_x() + block.get_width() and block.get_y() > 1
        assert f"some starts: {why}" in legend_of(figure)


@pytest.mark.parametrize("pattern", [1, 2])
def test_stacked_shares_have_all_starts(whole, part, pattern):
    axes = figures.basins(part, x="g0", select={"pattern": pattern}).axes[0]
    for why, (i, j, n) in {**LOST, "none": NONE, "most": MOST}.items():
        if j != pattern - 1:
            continue
        kind = why if why in LOST else "not computed"
        bars = [patch for patch in axes.patches if patch.get_gid() == f"no result: {kind}"
                and abs(patch.get_x() + patch.get_width() / 2 - (0.4 + WIDTH * i)) < 1e-9]
        assert sum(bar.get_height() for bar in bars) == pytest.approx(n / 8), why
    line = next(line for line in axes.lines if line.get_linestyle() == "-")
    lost = [cell[0] for cell in (MOST, NONE) if cell[1] == pattern - 1]
    assert np.isnan(line.get_ydata()[lost]).all() and np.isfinite(np.delete(line.get_ydata(), lost)).all()


def test_states_that_are_not_computed_are_hatched_in_every_panel():
    data = dickemap.evaluate({"task": "states", "model": JOB["model"], "axes": [{"name": "g0", "from": 0.4, "to": 1.6, "points": 7}]})
    data["status"].values[4] = reading.TODO
    figure = figures.states(reading.masked(data))
    for axes in figure.axes:
        block, = (patch for patch in axes.patches if patch.get_gid() == "no result: not computed")
        assert block.get_x() < 1.2 < block.get_x() + block.get_width()


def test_a_panel_says_which_points_of_finitely_many_spins_are_not_computed():
    job = {"task": "exactness", "model": {"patterns": 1, "Omega": 0.5, "Omega_mu": [1.0], "kappa_mu": [1.0], "g0": 0.9},
           "exactness": {"t_end": 2, "points": 5}, "axes": [{"name": "spins_per_class", "values": [1, 2, 3]}]}
    data = dickemap.evaluate(job)
    data["status"].values[1] = reading.TODO
    data = reading.masked(data)
    for name in ("memory", "not_at_rest"):
        data["failure"].values[2] = data.failure.attrs["flag_meanings"].split().index(name)
        figure = figures.exactness(data)
        shown = name.replace("_", " ")
        assert {"$N$ = 1", "$N$ = 2", "$N$ = 3"} <= set(legend_of(figure))
        assert figure.axes[0].texts[0].get_text() == f"$N$ = 2 (not computed)\n$N$ = 3 (failed: {shown})"
