# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures, asked by what is on them: which colours and hatches, where, and lines with which data, against the files that the
program has written."""

import importlib.util
import os
import pathlib
import signal
import subprocess
import time

import matplotlib
import numpy as np
import pytest
import xarray as xr
from matplotlib.collections import PolyCollection, QuadMesh
from matplotlib.colors import to_rgb

import dickemap
import plot_exactness

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
from dickemap import figures  # noqa: E402
from dickemap.figures import canvas, cells, labels, lines, slices, style  # noqa: E402

JOBS = {
    "both_signs": """
unit: MHz
model: {patterns: 2, Omega: 0.5, kappa_mu: [1.0]}
initial: {overlap: 0.9, perturbation: 0.1}
axes:
  - {name: g0, from: 0.3, to: 1.5, points: 13}
  - {name: "Omega_mu[1]", values: [1.5]}
  - {name: "Omega_mu[2]", from: -3, to: 3, points: 12}
solver: {max_steps: 6000}
""",
    "exact": """
model: {patterns: 2, Omega: 0.5, kappa_mu: [1.0]}
axes:
  - {name: g0, from: 0.3, to: 1.5, points: 13}
  - {name: pattern, values: [1, 2]}
  - {name: Omega_mu, from: -4, to: 4, points: 14}
""",
    "seeds": """
unit: 2 pi kHz
model: {patterns: 3, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5], kappa_mu: [1.0]}
initial: {overlap: 0.9, perturbation: 0.3}
axes:
  - {name: g0, from: 0.4, to: 1.6, points: 13}
  - {name: pattern, values: [1, 2, 3]}
  - {name: seed, from: 1, to: 8, points: 8}
""",
    "sample": """
model: {patterns: 2, Omega: 0.5, Omega_mu: [1.0, 2.0], kappa_mu: [1.0]}
axes:
  - {name: g0, from: 0.2, to: 1.6, points: 40, sample: sobol}
  - {name: "kappa_mu[1]", from: 0.1, to: 4, points: 40, sample: sobol}
""",
    "states": """
task: states
model: {patterns: 3, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5]}
axes:
  - {name: g0, from: 0.4, to: 1.6, points: 7}
  - {name: kappa_mu, values: [0.5, 1.0]}
""",
    "cells": """
model: {patterns: 3, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5], kappa_mu: [1.0]}
axes:
  - {name: pattern, values: [1, 2, 3]}
  - {name: perturbation, from: 0.05, to: 1.0, points: 4, scale: log}
  - {name: g0, from: 0.6, to: 1.8, points: 7}
  - {name: seed, from: 1, to: 12, points: 12}
reduce: seed
""",
    "fatal": """
model: {patterns: 2, Omega: 0.5, Omega_mu: [1.5, 2.0], kappa_mu: [1.0]}
initial: {pattern: 2}
axes:
  - {name: g0, from: 0.75, to: 1.6, points: 5}
  - {name: perturbation, from: 0.02, to: 1.0, points: 8, scale: log}
  - {name: seed, from: 1, to: 9, points: 9}
reduce: seed
fatal: perturbation
""",
    "drive": """
model: {patterns: 1, Omega: 0.5, Omega_mu: [1.0], kappa_mu: [0.1]}
initial: {overlap: 0.9}
drive: {time: [0, 0.5, 0.5, 1], g0: [1, 1, 0, 0], duration: 6.283185307179586, repeat: true}
axes:
  - {name: g0, values: [0.3, 0.6, 0.7]}
""",
    "point": "model: {patterns: 2, g0: 0.9, Omega: 0.5, Omega_mu: [1.0, 2.0], kappa_mu: [1.0]}\n",
}


@pytest.fixture(scope="module")
def files(program, tmp_path_factory):
    """{name: path} of an output of each of the jobs."""
    folder = tmp_path_factory.mktemp("figures")
    for name, job in JOBS.items():
        (folder / f"{name}.yaml").write_text(f"title: {name}{job if job[0] == chr(10) else chr(10) + job}")
        subprocess.run([program, "run", f"{name}.yaml", "--quiet"], cwd=folder, check=True, capture_output=True)
    return {name: folder / f"{name}.h5" for name in JOBS}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


# ---- what is on a picture ----


def hatched_cells(axes, data, x, y, why):
    """Truths [y, x]: where patches of a reason are, by the middles of the cells."""
    found = np.zeros((data.sizes[y], data.sizes[x]), bool)
    for patches in axes.collections:
        if isinstance(patches, PolyCollection) and patches.get_gid() == f"no result: {why}":
            assert patches.get_hatch() == style.HATCHES[why][0]
            for path in patches.get_paths():
                box = path.get_extents()
                inside_x = (data[x].values > box.x0) & (data[x].values < box.x1)
                inside_y = (data[y].values > box.y0) & (data[y].values < box.y1)
                found |= np.outer(inside_y, inside_x)
    return found


def colours_of(axes, shape):
    """[y, x, rgb] of the cells, NaN where there is none."""
    mesh, = (found for found in axes.collections if isinstance(found, QuadMesh))
    values = np.ma.masked_invalid(mesh.get_array()).reshape(shape)
    rgb = mesh.cmap(mesh.norm(values))[..., :3]
    rgb[np.ma.getmaskarray(values)] = np.nan
    return rgb


def legend_of(figure):
    return [text.get_text() for axes in figure.axes if axes.get_legend() for text in axes.get_legend().get_texts()]


def theory_lines(axes, kind=""):
    return [line for line in axes.lines if (line.get_gid() or "").startswith(f"theory {kind}".strip())]


def verdict_is(data, *names):
    return dickemap.flag_names(data.verdict).isin(names)


# ---- results and no results ----


def test_verdicts_have_their_colours_and_undecided_cells_are_hatched(files):
    data = dickemap.open(files["both_signs"]).isel(Omega_mu_1=0)
    names = dickemap.flag_names(data.verdict).transpose("Omega_mu_2", "g0").values
    assert {"fixed_point", "irregular", "undecided"} <= set(names.ravel())
    figure = figures.map(data, "g0", "Omega_mu_2", "verdict")
    axes = figure.axes[0]
    rgb = colours_of(axes, names.shape)
    for name in set(names.ravel()) - {"undecided"}:
        np.testing.assert_allclose(rgb[names == name], np.tile(to_rgb(style.VERDICTS[name]), ((names == name).sum(), 1)))
    assert np.isnan(rgb[names == "undecided"]).all()
    np.testing.assert_array_equal(hatched_cells(axes, data, "g0", "Omega_mu_2", "undecided"), names == "undecided")
    occur = {name.replace("_", " ") for name in names.ravel()}
    assert {text for text in legend_of(figure) if not text.startswith("$")} == occur, "only the classes that occur, all by name"


@pytest.mark.parametrize("field", ["xi", "occupation", "retrieved", "growth_rate", "x_mean", "xi_end", "outcome"])
def test_no_field_is_drawn_where_the_trajectory_is_undecided(files, field):
    data = dickemap.open(files["both_signs"]).isel(Omega_mu_1=0)
    undecided = verdict_is(data, "undecided").transpose("Omega_mu_2", "g0").values
    axes = figures.map(data, "g0", "Omega_mu_2", field).axes[0]
    assert np.isnan(colours_of(axes, undecided.shape)[undecided]).all()
    np.testing.assert_array_equal(hatched_cells(axes, data, "g0", "Omega_mu_2", "undecided"), undecided)


def test_what_is_known_of_the_computation_is_drawn_whatever_the_verdict(files):
    data = dickemap.open(files["both_signs"]).isel(Omega_mu_1=0)
    for field in ("steps", "t_end", "g_crit"):
        axes = figures.map(data, "g0", "Omega_mu_2", field).axes[0]
        assert np.isfinite(colours_of(axes, (12, 13))).all(), field


def test_a_label_is_no_result_where_the_end_is_not_known(files):
    data = dickemap.open(files["both_signs"]).isel(Omega_mu_1=0)
    relaxing = list(data.verdict.attrs["flag_meanings"].split()).index("relaxing")
    data["verdict"].values[4, 11], data["how"].values[4, 11] = relaxing, 0
    for field in ("retrieved", "outcome"):
        axes = figures.map(data, "g0", "Omega_mu_2", field).axes[0]
        found = hatched_cells(axes, data, "g0", "Omega_mu_2", "end not known")
        assert found[11, 4] and found.sum() == 1
    assert np.isfinite(colours_of(figures.map(data, "g0", "Omega_mu_2", "verdict").axes[0], (12, 13))[11, 4]).all()


def test_failed_points_are_hatched_in_their_own_way(files):
    data = dickemap.open(files["exact"]).sel(pattern=1)
    data["verdict"].values[2, 3] = list(data.verdict.attrs["flag_meanings"].split()).index("failed")
    figure = figures.map(data, "g0", "Omega_mu", "xi")
    found = hatched_cells(figure.axes[0], data, "g0", "Omega_mu", "failed")
    assert found[3, 2] and found.sum() == 1 and "failed" in legend_of(figure)


def test_the_file_of_a_run_that_was_killed_shows_what_is_there(program, tmp_path):
    job = JOBS["exact"].replace("points: 13", "points: 120").replace("points: 14", "points: 60") + "initial: {perturbation: 0.01}\n"
    (tmp_path / "half.yaml").write_text("title: half" + job)
    path = tmp_path / "half.h5"
    run = subprocess.Popen([program, "run", "half.yaml", "--quiet", "--cpu", "plain"], cwd=tmp_path, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    begun = time.monotonic()
    while run.poll() is None and time.monotonic() < begun + 120:
        time.sleep(0.05)
        try:
            if path.exists() and int(dickemap.done(dickemap.open(path, fields="status")).sum()) > 100:
                break
        except (OSError, ValueError):
            continue
    run.send_signal(signal.SIGKILL)
    run.wait()
    data = dickemap.open(path).sel(pattern=2)
    to_do = (~dickemap.done(data)).transpose("Omega_mu", "g0").values
    assert 0 < to_do.sum()
    axes = figures.map(data, "g0", "Omega_mu", "xi").axes[0]
    np.testing.assert_array_equal(hatched_cells(axes, data, "g0", "Omega_mu", "not computed"), to_do)
    assert np.isnan(colours_of(axes, to_do.shape)[to_do]).all()


def test_the_points_of_other_shards_are_not_computed(program, files, tmp_path):
    job = files["exact"].with_suffix(".yaml")
    subprocess.run([program, "run", job, "--shard", "1/3", "-o", tmp_path / "s.h5", "--quiet"], check=True, capture_output=True)
    data = dickemap.open(tmp_path / "s.h5").sel(pattern=1)
    to_do = (~dickemap.done(data)).transpose("Omega_mu", "g0").values
    assert to_do.any() and not to_do.all()
    axes = figures.map(data, "g0", "Omega_mu", "retrieved").axes[0]
    np.testing.assert_array_equal(hatched_cells(axes, data, "g0", "Omega_mu", "not computed"), to_do)


def test_a_cut_leaves_out_what_is_undecided_and_shows_where(files):
    data = dickemap.open(files["both_signs"]).isel(Omega_mu_1=0, Omega_mu_2=1)
    undecided = verdict_is(data, "undecided").values
    assert undecided.any() and not undecided.all()
    axes = figures.cut(data, "g0", "xi", select={"mode": 1}).axes[0]
    points, = (line for line in axes.lines if line.get_marker() == "o")
    np.testing.assert_array_equal(np.isnan(points.get_ydata()), undecided)
    np.testing.assert_allclose(points.get_ydata()[~undecided], abs(data.xi.sel(mode=1)).values[~undecided])
    blocks = [patch for patch in axes.patches if patch.get_gid() == "no result: undecided"]
    covered = [any(b.get_x() < g0 < b.get_x() + b.get_width() for b in blocks) for g0 in data.g0.values]
    np.testing.assert_array_equal(covered, undecided)


@pytest.mark.parametrize("field", ["xi", "verdict", "steps"])
def test_a_picture_of_nothing_is_hatched_all_over(files, field):
    data = dickemap.open(files["exact"]).sel(pattern=1)
    data["status"] = data.status * 0
    axes = figures.map(data, "g0", "Omega_mu", field).axes[0]
    assert hatched_cells(axes, data, "g0", "Omega_mu", "not computed").all()
    figures.cut(data, "g0", field)


# ---- colours and scales ----


def test_patterns_have_one_colour_each_and_are_paler_upside_down(files):
    data = dickemap.open(files["seeds"])
    kinds = {kind.code: kind for kind in cells.classes(data, cells.shown(data, "retrieved"))}
    assert {0, 1, 2, 3} <= set(kinds)
    for code, kind in kinds.items():
        if code:
            whole = style.pattern_colours(3)[abs(code) - 1]
            assert kind.colour == (whole if code > 0 else style.paler(whole))
            assert kind.name == f"pattern {abs(code)}" + ", upside down" * (code < 0)
    some = {kind.code: kind.colour for kind in cells.classes(data, cells.shown(data.isel(g0=slice(-3, None)), "retrieved"))}
    assert 0 not in some and all(kinds[code].colour == colour for code, colour in some.items())


def test_overlaps_are_from_0_to_1_or_through_white_at_0(files):
    data = dickemap.open(files["seeds"]).sel(pattern=2)
    plain, = (m for m in figures.map(data, "g0", "seed", "xi").axes[0].collections if isinstance(m, QuadMesh))
    signed, = (m for m in figures.map(data, "g0", "seed", "xi", signed=True).axes[0].collections if isinstance(m, QuadMesh))
    assert (plain.norm.vmin, plain.norm.vmax) == (0, 1) and plain.cmap.name == "viridis"
    np.testing.assert_allclose(plain.get_array().reshape(8, 13), abs(data.xi.sel(mode=2)).T)
    assert (signed.norm.vmin, signed.norm.vmax) == (-1, 1)
    np.testing.assert_allclose(signed.cmap(signed.norm(0.0))[:3], 1, atol=0.01)
    np.testing.assert_allclose(signed.get_array().reshape(8, 13), data.xi.sel(mode=2).T)


@pytest.mark.parametrize("values, norm, ends", [
    ([1.0, 2.0, 3.0], "Normalize", (1, 3)), ([1e-5, 1e-2, 3.0], "LogNorm", (1e-5, 3)), ([-1.0, 0.5, 2.0], "TwoSlopeNorm", (-2, 2)),
    ([np.nan, np.nan], "Normalize", (0, 1)), ([2.0, 2.0], "Normalize", (1, 3)), ([0.0, 0.0], "Normalize", (-0.5, 0.5))])
def test_scales_go_with_the_numbers(values, norm, ends):
    scale = canvas.scale_of(np.array(values), "decay_rate")
    assert type(scale.norm).__name__ == norm and (scale.norm.vmin, scale.norm.vmax) == pytest.approx(ends)


def test_whole_numbers_have_a_colour_each(files):
    scale = canvas.scale_of(np.array([0.0, 3.0, 2.0]), "n_unstable", whole=True)
    assert list(scale.ticks) == [0, 1, 2, 3] and len({scale.cmap(scale.norm(i)) for i in range(4)}) == 4


def test_axes_are_logarithmic_where_their_values_are():
    assert canvas.is_log(np.geomspace(0.1, 2, 5)) and canvas.is_log(np.array([0.01, 0.1, 0.5, 10]))
    assert not canvas.is_log(np.linspace(0.1, 2, 5)) and not canvas.is_log(np.array([-1.0, 1, 10])) and not canvas.is_log(np.array([1, 10]))
    np.testing.assert_allclose(canvas.edges(np.array([1.0, 10.0, 100.0]), True), 10 ** np.array([-0.5, 0.5, 1.5, 2.5]))
    np.testing.assert_allclose(canvas.edges(np.array([-3.0, -1.0, 4.0])), [-4, -2, 1.5, 6.5])


# ---- lines of theory ----


def test_thresholds_are_the_closed_form_in_both_branches_and_reach_the_frame(files):
    data = dickemap.open(files["exact"]).sel(pattern=1)
    figure = figures.map(data, "g0", "Omega_mu", "xi")
    axes = figure.axes[0]
    drawn = theory_lines(axes, "crit")
    points = np.concatenate([line.get_xydata() for line in drawn])
    far = abs(points[:, 1]) > 0.3  # nearer to 0 the line is steep
    np.testing.assert_allclose(points[far, 0], dickemap.g_crit(0.5, points[far, 1], 1.0), rtol=2e-3)
    bottom, top = axes.get_ylim()
    assert points[:, 1].min() == pytest.approx(bottom) and points[:, 1].max() == pytest.approx(top)
    assert points[:, 0].max() == pytest.approx(axes.get_xlim()[1]) and r"$g_{\mathrm{c}}$" in legend_of(figure)
    assert {np.sign(line.get_ydata()[0]) for line in drawn} == {-1, 1}


def test_tilted_starts_have_the_threshold_of_stability_of_each_cue(files):
    data = dickemap.open(files["seeds"])
    axes = figures.map(data, "g0", "pattern", "xi", over="seed").axes[0]
    g = dickemap.g_crit(0.5, np.array([1.5, 2.0, 2.5]), 1.0)
    expected = dickemap.g_retrieve(g, g.min())
    points = np.concatenate([line.get_xydata() for line in theory_lines(axes, "ret")])
    assert not theory_lines(axes, "crit")
    for pattern, place in enumerate(expected, 1):
        own = points[abs(points[:, 1] - pattern) < 0.4999, 0]
        assert own.size == 0 or abs(own - place).max() < 0.01
        assert abs(points[:, 0] - place).min() < 0.01


def test_no_line_means_anything_over_modes_of_both_signs(files):
    data = dickemap.open(files["both_signs"]).isel(Omega_mu_1=0)
    for field in ("verdict", "xi", "retrieved"):
        drawn = theory_lines(figures.map(data, "g0", "Omega_mu_2", field).axes[0])
        assert drawn and all((line.get_ydata() > 0).all() for line in drawn), field
    assert not theory_lines(figures.map(data.isel(Omega_mu_2=slice(0, 6)), "g0", "Omega_mu_2", "verdict").axes[0])
    assert not theory_lines(figures.map(data, "g0", "Omega_mu_2", "lyapunov").axes[0]), "nothing is known there on this side"
    assert not theory_lines(figures.map(data, "g0", "Omega_mu_2", "verdict", theory=False).axes[0])


def test_the_line_of_the_cue_is_not_drawn_over_another_mode(files):
    data = dickemap.open(files["exact"])
    own = figures.map(data, "g0", "Omega_mu", "xi", select={"pattern": 1, "mode": 1}).axes[0]
    other = figures.map(data, "g0", "Omega_mu", "xi", select={"pattern": 1, "mode": 2}).axes[0]
    assert theory_lines(own) and not theory_lines(other)


def test_a_cut_has_the_curve_of_each_cue(files):
    data = dickemap.open(files["exact"]).isel(Omega_mu=[9])
    for field, closed in (("xi", lambda g0, xi: xi),
                          ("occupation", lambda g0, xi: dickemap.occupation_theory(g0, xi, Omega_mu, 1.0, 2))):
        axes = figures.cut(data, "g0", field).axes[0]
        Omega_mu = float(data.Omega_mu[0])
        curves = theory_lines(axes)
        assert len(curves) == 2
        for curve in curves:
            g0 = curve.get_xdata()
            xi = dickemap.xi_theory(g0, dickemap.g_crit(0.5, Omega_mu, 1.0))
            np.testing.assert_allclose(curve.get_ydata(), closed(g0, xi), atol=1e-12)
        circles = [line for line in axes.lines if line.get_marker() == "o" and line.get_gid() is None]
        for pattern, line in zip((1, 2), circles):
            np.testing.assert_allclose(line.get_ydata(), abs(data[field].sel(pattern=pattern, mode=pattern)).values[:, 0])


def error_bars(axes):
    """{x: (low, high)} of all error bars."""
    found = [c for c in axes.collections if c.get_gid() == "error"]
    return {round(float(a[0]), 9): (a[1], b[1]) for bars in found for a, b in bars.get_segments()}


@pytest.mark.parametrize("field", ["lyapunov", "power"])
def test_points_have_the_error_bars_that_the_file_knows(files, field):
    data = dickemap.open(files["both_signs"]).isel(Omega_mu_1=0, Omega_mu_2=1)
    figure = figures.cut(data, "g0", field)
    values, errors = data[field].values, data[f"{field}_error"].values
    low, high = figure.axes[0].get_ylim()
    results = np.isfinite(values) & ~verdict_is(data, "undecided", "failed").values
    known = results & (errors > 4e-3 * np.ptp([0, *(values + errors)[results], *(values - errors)[results]]))
    bars = error_bars(figure.axes[0])
    assert known.any() and sorted(bars) == pytest.approx(data.g0.values[known].tolist())
    np.testing.assert_allclose(list(bars.values()), np.c_[values - errors, values + errors][known])
    assert np.nanmax((values + errors)[known]) < high and np.nanmin((values - errors)[known]) > low
    assert ("standard error" if field == "lyapunov" else "error") in legend_of(figure)


def test_errors_that_nobody_could_see_have_no_bars(files):
    figure = figures.cut(files["exact"], "g0", "xi")
    assert (dickemap.open(files["exact"]).xi_error > 0).any() and not error_bars(figure.axes[0]) and "error" not in legend_of(figure)
    data = dickemap.open(files["exact"])
    data["xi_error"] = data.xi_error * 0 + 0.05
    assert len(error_bars(figures.cut(data.isel(Omega_mu=5), "g0", "xi", select={"pattern": 1, "mode": 1}).axes[0])) == 13
    assert {"lyapunov", "lyapunov_error"} <= set(slices.opened(files["exact"], ["lyapunov"]).data_vars)


def curves_of(axes):
    """Curves of theory, without the lines of thresholds."""
    return [line for line in theory_lines(axes) if line.get_gid() == "theory"]


def covered(line, border):
    """Which cells between the borders a line, with gaps where it is NaN, goes through in their middle half."""
    x, there = line.get_xdata(), np.isfinite(line.get_ydata())
    found = []
    for low, high in zip(border[:-1], border[1:]):
        own = there[(x > low + (high - low) / 4) & (x < high - (high - low) / 4)]
        found.append(own.size > 0 and own.all())
    return np.array(found)


def assert_ranges(line, ends, frame):
    """A line is there from each of the ends to the next, and nowhere else, within two of its places."""
    x, there = line.get_xdata(), np.isfinite(line.get_ydata())
    assert x[0] == pytest.approx(frame[0]) and x[-1] == pytest.approx(frame[1])
    expected = np.zeros(x.size, bool)
    for low, high in zip(ends[::2], ends[1::2]):
        expected |= (x >= low) & (x <= high)
    near = abs(x[:, None] - np.array([end for end in ends if frame[0] < end < frame[1]] or [np.inf])).min(1) < 2 * (x[1] - x[0])
    np.testing.assert_array_equal(there[~near], expected[~near])


@pytest.mark.parametrize("points", [7, 40])
@pytest.mark.parametrize("field", ["xi", "occupation", "alpha_re"])
def test_of_tilted_starts_the_curve_goes_from_where_the_pattern_is_stable_to_the_frame(field, points):
    """Wherever the couplings lie; and the normal state from the frame to where it loses its stability."""
    job = {"model": {"patterns": 3, "Omega": 0.5, "Omega_mu": [1.5, 2.0, 2.5], "kappa_mu": [1.0]}, "initial": {"perturbation": 0.3}}
    data = dickemap.evaluate(job, g0=np.linspace(0.5, 1.4, points), pattern=[1, 2, 3], product=True)
    g_crit = dickemap.g_crit(0.5, np.array([1.5, 2.0, 2.5]), 1.0)
    g_ret = dickemap.g_retrieve(g_crit, g_crit[0])
    axes = figures.cut(data, "g0", field).axes[0]
    frame = axes.get_xlim()
    for pattern, colour in zip((1, 2, 3), style.pattern_colours(3)):
        lines_of = [line for line in curves_of(axes) if line.get_color() == colour]
        assert len(lines_of) == (2 if field == "alpha_re" else 1)
        begin, = (line.get_xdata()[0] for line in theory_lines(axes, "ret") if line.get_color() == colour)
        assert begin == pytest.approx(g_ret[pattern - 1], abs=1e-3)
        for line in lines_of:
            assert_ranges(line, (frame[0], g_crit[0], g_ret[pattern - 1], frame[1]), frame)
            known, x = np.isfinite(line.get_ydata()), line.get_xdata()
            xi = dickemap.xi_theory(x, g_crit[pattern - 1])
            arguments = (x, xi, (1.5, 2.0, 2.5)[pattern - 1], 1.0, 4)
            closed = {"xi": xi, "occupation": dickemap.occupation_theory(*arguments), "alpha_re": dickemap.alpha_theory(*arguments).real}
            np.testing.assert_allclose(abs(line.get_ydata())[known], abs(closed[field])[known], atol=1e-12)


def test_along_the_tilt_the_curve_reaches_both_frames():
    """Though large tilts leave the pattern; below g_c it is the normal state; where no start ends in the pattern there is none."""
    job = {"model": {"patterns": 3, "Omega": 0.5, "Omega_mu": [1.5, 2.0, 2.5], "kappa_mu": [1.0]}, "initial": {"pattern": 3}}
    tilts = np.geomspace(0.02, 1, 9)
    for g0, share, height in ((1.2, 1, None), (0.5, 1, 0), (0.82, 0, None)):
        data = dickemap.evaluate(job, g0=g0, perturbation=tilts)
        axes = figures.cut(data, "perturbation", "xi", select={"mode": 3}).axes[0]
        drawn = curves_of(axes)
        assert len(drawn) == share
        for line in drawn:
            assert_ranges(line, axes.get_xlim(), axes.get_xlim())
            expected = dickemap.xi_theory(g0, dickemap.g_crit(0.5, 2.5, 1.0)) if height is None else height
            np.testing.assert_allclose(line.get_ydata(), expected, atol=1e-12)


@pytest.mark.parametrize("field", ["xi", "occupation"])
def test_of_modes_of_both_signs_the_curve_goes_through_what_has_ended_in_the_pattern_alone(field):
    """As no pattern is stable: there is chaos, and below g_c rest without a pattern."""
    job = {"model": {"patterns": 2, "Omega": 0.5, "Omega_mu": [1.5, -2.0], "kappa_mu": [1.0]}, "solver": {"max_steps": 6000},
           "initial": {"perturbation": 0.3}}
    data = dickemap.evaluate(job, g0=np.linspace(0.5, 1.4, 19), pattern=[1, 2], product=True)
    axes = figures.cut(data, "g0", field).axes[0]
    border = canvas.edges(data.g0.values)
    rest = verdict_is(data, "fixed_point", "dark_precession").values
    curves = {line.get_color(): line for line in curves_of(axes)}
    for j, (pattern, colour) in enumerate(zip((1, 2), style.pattern_colours(2))):
        g_crit = dickemap.g_crit(0.5, (1.5, -2.0)[j], 1.0)
        own = rest[:, j] & (abs(data.retrieved.values[:, j].astype(int)) == pattern)
        normal = rest[:, j] & (data.retrieved.values[:, j] == 0) & (data.g0.values < g_crit)
        if colour not in curves:
            assert not (own | normal).any()
            continue
        away = abs(data.g0.values - g_crit) > 0.05
        np.testing.assert_array_equal((covered(curves[colour], border) == (own | normal))[away], True)
    assert (~rest).any()


def test_a_curve_of_a_mode_is_that_of_its_pattern_whatever_the_cue(files):
    data = dickemap.open(files["seeds"]).sel(pattern=3)
    axes = figures.cut(data, "g0", "xi", by="mode").axes[0]
    curves = {line.get_color(): line for line in curves_of(axes)}
    g_crit = dickemap.g_crit(0.5, np.array([1.5, 2.0, 2.5]), 1.0)
    g_ret = dickemap.g_retrieve(g_crit, g_crit[0])
    for mode, colour in zip((1, 2, 3), style.pattern_colours(3)):
        own = (abs(data.retrieved.astype(int)) == mode) & verdict_is(data, "fixed_point", "dark_precession")
        assert own.any()
        frame = axes.get_xlim()
        assert_ranges(curves[colour], (frame[0], g_crit[0], g_ret[mode - 1], frame[1]), frame)
    assert [line.get_xdata()[0] for line in theory_lines(axes, "ret")] == [pytest.approx(g_ret[2], abs=1e-3)]  # the cue's
    one = figures.cut(data.isel(g0=slice(0, 4)), "g0", "xi", by="mode").axes[0]  # up to 0.7
    assert len({line.get_color() for line in curves_of(one) if np.nanmax(line.get_ydata()) > 0.1}) == 1


def test_thresholds_of_a_cut_are_those_of_a_map_and_are_called_so(files):
    figure = figures.cut(dickemap.open(files["seeds"]).isel(seed=0), "g0", "growth_rate")
    g_crit = dickemap.g_crit(0.5, np.array([1.5, 2.0, 2.5]), 1.0)
    for kind, places in (("least", g_crit[[0, 0, 0]]), ("ret", dickemap.g_retrieve(g_crit, g_crit[0]))):
        found = sorted(line.get_xdata()[0] for line in theory_lines(figure.axes[0], kind))
        np.testing.assert_allclose(found, places, rtol=1e-4)
    assert {r"$g_{\mathrm{c}}$, least", r"$g_{\mathrm{ret}}$"} <= set(legend_of(figure))
    figure = figures.cut(dickemap.open(files["cells"]), "g0", "retrieval", select={"perturbation": 0.05})
    assert r"$g_{\mathrm{ret}}$" in legend_of(figure) and r"$g_{\mathrm{c}}$" not in legend_of(figure)


def test_a_cut_with_signs_has_both_branches(files):
    data = dickemap.open(files["exact"]).isel(Omega_mu=9)
    up, down = theory_lines(figures.cut(data, "g0", "xi", select={"pattern": 1, "mode": 1}, signed=True).axes[0])
    np.testing.assert_array_equal(up.get_ydata(), -down.get_ydata())
    assert up.get_ydata().max() > 0.5


def test_a_cut_along_detunings_of_either_sign(files):
    data = dickemap.open(files["exact"]).sel(pattern=1, g0=1.0, method="nearest")
    curve, = theory_lines(figures.cut(data, "Omega_mu", "xi", select={"mode": 1}).axes[0])
    x, g0 = curve.get_xdata(), float(data.g0)
    known = x != 0
    np.testing.assert_allclose(curve.get_ydata()[known], dickemap.xi_theory(g0, dickemap.g_crit(0.5, x[known], 1.0)), atol=1e-12)
    assert curve.get_ydata()[(x < -0.5) & (x > -1.5)].min() > 0.5


def test_the_closed_forms_are_those_of_the_file_or_none(files):
    data = dickemap.open(files["exact"])
    assert lines.is_closed(data)
    data["g_crit"] = data.g_crit * 1.001
    assert not lines.is_closed(data)
    axes = figures.map(data.sel(pattern=1), "g0", "Omega_mu", "xi").axes[0]
    points = np.concatenate([line.get_xydata() for line in theory_lines(axes, "crit")])
    far = abs(points[:, 1]) > 1
    np.testing.assert_allclose(points[far, 0], 1.001 * dickemap.g_crit(0.5, points[far, 1], 1.0), rtol=0.03)


# ---- means and shares ----


def test_means_have_the_interval_of_student():
    values = xr.DataArray([[1.0, 2.0, 4.0, np.nan], [3.0, np.nan, np.nan, np.nan], [np.nan] * 4], dims=("g0", "seed"), name="xi")
    band = dickemap.mean(values)
    t = 4.302652729911275  # two degrees of freedom
    np.testing.assert_allclose(band["mean"], [7 / 3, 3, np.nan])
    np.testing.assert_allclose(band["high"] - band["mean"], [t * np.std([1, 2, 4], ddof=1) / np.sqrt(3), np.nan, np.nan])
    assert band["n"].values.tolist() == [3, 1, 0]
    with pytest.raises(dickemap.Error, match="'noise' is not an axis"):
        dickemap.mean(values, over="noise")


@pytest.mark.parametrize("n, t", [(2, 12.7062), (3, 4.30265), (4, 3.18245), (5, 2.77645), (10, 2.26216), (31, 2.04227), (1001, 1.96234)])
def test_student_s_points_are_those_of_the_tables(n, t):
    from dickemap.counting import student
    assert student(n) == pytest.approx(t, rel=2e-3)


def test_a_cut_over_seeds_shows_means_with_intervals(files):
    data = dickemap.open(files["seeds"])
    figure = figures.cut(data, "g0", "xi", by="pattern")
    axes = figure.axes[0]
    bands = [found for found in axes.collections if isinstance(found, PolyCollection)]
    points = [line for line in axes.lines if line.get_marker() == "o" and line.get_xdata().size == 13]
    for pattern, line in zip((1, 2, 3), points):
        expected = dickemap.mean(abs(data.xi.sel(pattern=pattern, mode=pattern)), "seed")
        np.testing.assert_allclose(line.get_ydata(), expected["mean"])
        corners = bands[pattern - 1].get_paths()[0].vertices[:, 1]
        assert corners.max() == pytest.approx(float(expected["high"].max()))
    assert any("mean over seed" in text for text in legend_of(figure))


def test_cells_of_several_starts_are_divided_in_their_shares(files):
    data = dickemap.open(files["seeds"])
    axes = figures.map(data, "g0", "pattern", "retrieved", over="seed").axes[0]
    width = float(np.diff(data.g0.values).mean())
    for kind in cells.classes(data, cells.shown(data, "retrieved")):
        share = (data.retrieved == kind.code).mean("seed")
        own = [c for c in axes.collections if isinstance(c, PolyCollection) and np.allclose(c.get_facecolor()[0][:3], kind.colour)]
        boxes = [path.get_extents() for path in own[0].get_paths()]
        assert sum(box.width for box in boxes) == pytest.approx(float(share.sum()) * width, rel=1e-6)
        assert len(boxes) == int((share > 0).sum())


def test_a_mean_of_starts_most_of_which_are_undecided_is_no_result(files):
    data = dickemap.open(files["seeds"])
    undecided = list(data.verdict.attrs["flag_meanings"].split()).index("undecided")
    data["verdict"].values[3, 1, :5] = undecided  # of eight
    data["verdict"].values[4, 1, :2] = undecided
    data["verdict"].values[5, 1, :] = undecided
    axes = figures.map(data, "g0", "pattern", "xi", over="seed").axes[0]
    most = hatched_cells(axes, data, "g0", "pattern", "most starts undecided")
    assert most[1, 3] and most.sum() == 1
    assert hatched_cells(axes, data, "g0", "pattern", "undecided")[1, 5]
    rgb = colours_of(axes, (3, 13))
    assert np.isnan(rgb[1, 3]).all() and np.isnan(rgb[1, 5]).all() and np.isfinite(rgb[1, 4]).all()


# ---- other files ----


def test_a_sample_is_drawn_point_by_point(files):
    data = dickemap.open(files["sample"])
    axes = figures.picture(data).axes[0]
    drawn = np.concatenate([np.c_[c.get_offsets(), c.get_array()] for c in axes.collections])
    expected = np.c_[data.g0, data.kappa_mu_1, abs(data.xi.sel(mode=1))]
    np.testing.assert_allclose(drawn[np.lexsort(drawn.T)], expected[np.lexsort(expected.T)])


def test_states_are_drawn_by_depth_and_pattern(files):
    data = dickemap.open(files["states"])
    figure = figures.states(data, x="g0", select={"kappa_mu": 1.0})
    here = data.sel(kappa_mu=1.0)
    stable = (here.state_n_unstable == 0) & np.isfinite(here.state_xi.isel(mode=0, drop=True))
    named = [text for text in legend_of(figure) if text.startswith("pattern")]
    assert named == ["pattern 1, stable", "pattern 2, stable", "pattern 3, stable"]
    drawn = sum(line.get_xdata().size for line in figure.axes[0].lines if line.get_label().endswith(", stable"))
    assert drawn == int(stable.sum())
    counts = {line.get_label(): line.get_ydata() for line in figure.axes[1].lines}
    np.testing.assert_array_equal(counts["all"], here.n_states)
    np.testing.assert_array_equal(counts["stable"], here.n_stable)


def test_states_of_a_search_that_is_not_complete_are_a_bound(files):
    data = dickemap.open(files["states"])
    data["complete"].values[3, 1] = 0
    axes = figures.map(data, "g0", "kappa_mu", "n_stable").axes[0]
    found = hatched_cells(axes, data, "g0", "kappa_mu", "search not complete")
    assert found[1, 3] and found.sum() == 1
    figure = figures.states(data, x="g0", select={"kappa_mu": 1.0})
    assert [patch.get_gid() for patch in figure.axes[1].patches] == ["no result: search not complete"]


def test_shares_of_outcomes_add_up(files):
    data = dickemap.open(files["cells"])
    figure = figures.basins(data, x="g0", select={"pattern": 3, "perturbation": 1.0})
    axes = figure.axes[0]
    here = data.sel(pattern=3).isel(perturbation=-1)
    heights = {}
    for patch in axes.patches:
        heights.setdefault(tuple(np.round(patch.get_facecolor()[:3], 6)), 0.0)
        heights[tuple(np.round(patch.get_facecolor()[:3], 6))] += patch.get_height()
    for kind in cells.outcome_classes([int(o) for o in data.outcome.values if here["count"].sel(outcome=o).sum() > 0], 3, {}):
        if abs(kind.code) < 100:
            expected = float(here.probability.sel(outcome=kind.code).sum())
            assert heights[tuple(np.round(kind.colour, 6))] == pytest.approx(expected)
    curve = next(line for line in axes.lines if line.get_linestyle() == "-")
    np.testing.assert_allclose(curve.get_ydata(), here.retrieval_either_sign)


def test_counted_and_single_starts_give_the_same_picture(files, program, tmp_path):
    job = (files["cells"].with_suffix(".yaml")).read_text().replace("reduce: seed", "solver: {until: rest}")
    (tmp_path / "single.yaml").write_text(job.replace("solver: {until: rest}", ""))
    subprocess.run([program, "run", "single.yaml", "--quiet"], cwd=tmp_path, check=True, capture_output=True)
    from dickemap.figures.basins import _counted
    single, counted = _counted(dickemap.open(tmp_path / "single.h5"), None), dickemap.open(files["cells"])
    np.testing.assert_array_equal(single.n_decided, counted.n_decided)
    np.testing.assert_allclose(single.retrieval_either_sign, counted.retrieval_either_sign)


def test_maps_of_cells_have_a_panel_for_each_cue(files):
    data = dickemap.open(files["cells"])
    figure = figures.basins(data, panels="pattern")
    for pattern, axes in zip((1, 2, 3), figure.axes):
        mesh, = (m for m in axes.collections if isinstance(m, QuadMesh))
        np.testing.assert_allclose(mesh.get_array().reshape(4, 7), data.retrieval_either_sign.sel(pattern=pattern))
        assert axes.get_title() == f"cue {pattern}" and (mesh.norm.vmin, mesh.norm.vmax) == (0, 1)


def test_fatal_shocks_above_all_values_are_no_number(files):
    data = dickemap.open(files["fatal"])
    above = np.isinf(data.fatal_median.values)
    assert above.any() and not above.all()
    axes = figures.picture(data).axes[0]
    points = next(line for line in axes.lines if line.get_marker() == "o")
    np.testing.assert_allclose(points.get_ydata(), np.where(above, np.nan, data.fatal_median))
    blocks = [patch for patch in axes.patches if patch.get_gid() == "no result: above all values"]
    assert [any(b.get_x() < g0 < b.get_x() + b.get_width() for b in blocks) for g0 in data.g0.values] == above.tolist()


# ---- courses ----


def test_a_trajectory_shows_overlaps_occupations_and_L_in_the_job_s_unit(files):
    job = JOBS["seeds"]
    course = dickemap.trajectory(job, 30, 301, g0=0.9, pattern=2, seed=1)
    record = dickemap.point(job, g0=0.9, pattern=2, seed=1)
    top, middle, bottom = figures.trajectory(course, record).axes
    for mode in (1, 2, 3):
        np.testing.assert_array_equal(top.lines[mode - 1].get_ydata(), course.xi.sel(mode=mode))
        np.testing.assert_allclose(middle.lines[mode - 1].get_ydata(), abs(dickemap.alpha(course).sel(mode=mode)) ** 2)
    np.testing.assert_array_equal(bottom.lines[0].get_ydata(), course.L)
    assert bottom.get_xlabel() == "time $t$ (1/(2π kHz))" and bottom.get_ylabel() == "$L$ (2π kHz)"


def test_a_trajectory_shows_what_its_record_says_of_the_end(files):
    job, at = files["exact"].with_suffix(".yaml"), {"g0": 0.9, "pattern": 2, "Omega_mu": 1.5}
    record = dickemap.point(job, **at)
    top, _, bottom = figures.trajectory(dickemap.trajectory(job, **at), record).axes
    marks = {line.get_gid(): line for line in [*top.lines, *bottom.lines]}
    for field in ("L_limit", "L_saddle"):
        assert set(marks[field].get_ydata()) == {float(record[field])}
    assert marks["t_settled"].get_xdata()[0] == float(record.t_settled)
    ends = [line.get_ydata()[0] for line in top.lines if line.get_linewidth() > 2 and len(line.get_ydata()) == 2]
    np.testing.assert_array_equal(ends, record.xi)


def test_of_blue_detuning_it_is_the_negative_of_L_that_falls_as_in_records():
    job = {"model": {"patterns": 2, "g0": 1.1, "Omega": 0.5, "Omega_mu": [-1.5, -2.0], "kappa_mu": [1.0]}}
    course, record = dickemap.trajectory(job, 60, 601), dickemap.point(job)
    bottom = figures.trajectory(course, record).axes[-1]
    falling = bottom.lines[0].get_ydata()
    np.testing.assert_array_equal(falling, -course.L)
    assert (np.diff(falling) < 1e-9).all() and falling[-1] > float(record.L_limit) and bottom.get_ylabel() == "$-L$"


def test_a_trajectory_without_a_lyapunov_function_has_no_panel_of_it(files):
    course = dickemap.trajectory(files["drive"].with_suffix(".yaml"), 20, 201, g0=0.7)
    assert np.isnan(course.L).all() and len(figures.trajectory(course).axes) == 2


THRESHOLD = {"model": {"patterns": 2, "Omega": 0.5, "Omega_mu": [1.5, 2.0], "kappa_mu": [1.0]}}


def test_a_trajectory_goes_on_until_its_outcome_is_certain():
    """Just above the threshold that takes long."""
    course, record = dickemap.trajectory(THRESHOLD, g0=0.6456), dickemap.point(THRESHOLD, g0=0.6456)
    assert float(record.t_settled) > 200 and float(course.t[-1]) == pytest.approx(2 * float(record.t_settled))
    marks = [line for line in figures.trajectory(course, record).axes[0].lines if line.get_gid() == "t_settled"]
    assert len(marks) == 1
    top = figures.trajectory(course, record, until=300).axes[0]
    assert top.get_xlim()[1] == pytest.approx(300, abs=1) and not [line for line in top.lines if line.get_gid() == "t_settled"]
    assert any(text.startswith("outcome certain from $t$ = 4") for text in legend_of(top.figure))
    with pytest.raises(dickemap.Error, match="there is none until 3000"):
        figures.trajectory(course, until=3000)


def test_a_trajectory_that_never_settles_or_settles_at_once_has_its_limits():
    chaotic = THRESHOLD | {"model": THRESHOLD["model"] | {"Omega_mu": [1.5, -2.0]}, "initial": {"perturbation": 0.1}}
    assert float(dickemap.trajectory(chaotic, g0=1.2).t[-1]) == 200
    at_once = dickemap.trajectory(THRESHOLD, g0=0.3)
    assert float(at_once.t[-1]) == pytest.approx(float(dickemap.point(THRESHOLD, g0=0.3).relaxation_time))
    slow = THRESHOLD | {"model": THRESHOLD["model"] | {"Omega": 1e-4}}  # comes to rest after 1e6/kappa
    assert float(dickemap.trajectory(slow, g0=1.0).t[-1]) <= 1e4


@pytest.mark.parametrize("option", ["--until", "--t-end"])
def test_the_end_of_a_trajectory_may_be_given(files, program, script, tmp_path, monkeypatch, option):
    import plot
    parser, ends = plot.parser(), []
    monkeypatch.setattr(figures, "trajectory", lambda way, record, until, log: ends.append((way, until)) or plt.figure())
    at = "g0=0.9,pattern=2,Omega_mu=1.5"
    subprocess.run([program, "point", files["exact"].with_suffix(".yaml"), "--at", at, "--trajectory", tmp_path / "course.h5",
                    "--t-end", "30"], check=True, capture_output=True)
    for words in ([str(files["exact"]), "--at", at], [str(tmp_path / "course.h5")]):
        plot.draw(parser.parse_args(["trajectory", *words, option, "12.5"]))
    assert float(ends[0][0].t[-1]) == 12.5 and ends[1][1] == 12.5
    result = script("plot.py", "trajectory", "course.h5", option, "12.5")
    assert result.returncode == 0 and (tmp_path / "trajectory.png").exists(), result.stderr
    result = script("plot.py", "trajectory", "course.h5", option, "31")
    assert result.returncode == 1 and "from t = 0 to 30: there is none until 31" in result.stderr


@pytest.mark.parametrize("suffix", ["csv", "h5"])
def test_the_program_s_trajectories_are_drawn_too(files, program, tmp_path, suffix):
    path = tmp_path / f"course.{suffix}"
    subprocess.run([program, "point", files["exact"].with_suffix(".yaml"), "--at", "g0=0.9,pattern=2,Omega_mu=1.5", "--trajectory", path,
                    "--t-end", "10"], check=True, capture_output=True)
    axes = figures.trajectory(path).axes[0]
    expected = dickemap.trajectory(files["exact"].with_suffix(".yaml"), 10, 1001, g0=0.9, pattern=2, Omega_mu=1.5)
    np.testing.assert_allclose(axes.lines[1].get_ydata(), expected.xi.sel(mode=2), atol=1e-6)


def test_a_line_of_a_spectrum_has_its_frequency_and_amplitude():
    t = np.linspace(0, 400, 8001)
    course = xr.Dataset({"xi": (("t", "mode"), (3 + 0.25 * np.cos(1.3 * t) + 0.01 * np.sin(4.0 * t))[:, None])},
                        {"t": ("t", t, {"units": "1/(MHz)"}), "mode": [1]})
    heights = figures.amplitudes(course).sel(mode=1)
    assert float(heights.omega[int(heights.values.argmax())]) == pytest.approx(1.3, abs=np.pi / 200)
    assert float(heights.max()) == pytest.approx(0.25, rel=0.16)  # up to a bin away
    assert float(heights.sel(omega=4.0, method="nearest")) == pytest.approx(0.01, rel=0.16)
    axes = figures.spectrum(course).axes[0]
    assert axes.get_xlabel() == r"angular frequency $\omega$ (MHz)" and axes.get_yscale() == "log"
    with pytest.raises(dickemap.Error, match="at least 8 samples"):
        figures.spectrum(course, begin=399.9)


def test_a_limit_cycle_has_the_frequency_of_its_record(files):
    job = files["drive"].with_suffix(".yaml")
    record, course = dickemap.point(job, g0=0.7), dickemap.trajectory(job, 1500, 15001, g0=0.7)
    assert str(dickemap.flag_names(record.verdict).values) == "limit_cycle"
    heights = figures.amplitudes(course).sel(mode=1)
    assert float(heights.omega[int(heights.values.argmax())]) == pytest.approx(2 * np.pi / float(record.period), rel=0.01)
    mark, = (line for line in figures.spectrum(course, record).axes[0].lines if line.get_gid() == "frequency_1")
    assert mark.get_xdata()[0] == pytest.approx(float(record.frequency_1))


# ---- letters ----


def test_letters_show_the_cue_and_what_becomes_of_it(program, tmp_path):
    job = ROOT / "jobs" / "letters.yaml"
    figure = figures.letters(job, pattern=3, percents=[0, 20], t_end=5)
    images = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    assert [image.shape for image in images] == 4 * [(16, 16)]
    pixels = np.array([[int(digit) for digit in line.split()] if " " in line.strip() else [int(digit) for digit in line.strip()]
                       for line in (ROOT / "jobs/letters/p.pbm").read_text().split("16 16\n")[1].splitlines() if line.strip()])
    np.testing.assert_array_equal(images[0] > 0, pixels.reshape(16, 16) == 1)
    assert int((np.sign(images[2]) != np.sign(images[0])).sum()) == round(0.2 * 256)
    subprocess.run([program, "run", job, "-o", tmp_path / "l.h5", "--quiet", "--set", "axes.flip_exactly.values=[0]", "--set",
                    "axes.seed.values=[1]"], check=True, capture_output=True)
    again = figures.letters(tmp_path / "l.h5", pattern=3, percents=[0], t_end=5)
    np.testing.assert_allclose([axes.images[0].get_array() for axes in again.axes if axes.images][1], images[1])


def test_letters_that_are_not_there_are_refused(program):
    with pytest.raises(dickemap.Error, match="pattern is 5, but there are 4 images"):
        figures.letters(ROOT / "jobs" / "letters.yaml", pattern=5)
    with pytest.raises(dickemap.Error, match="has no images"):
        figures.letters(ROOT / "jobs" / "fig3.yaml")


# ---- labels ----


@pytest.mark.parametrize("units, text", [
    ("1", ""), ("MHz", "MHz"), ("1/(MHz)", "MHz$^{-1}$"), ("(MHz)^2", "MHz$^2$"), ("2 pi kHz", "2π kHz"), ("1/(2 pi kHz)", "1/(2π kHz)"),
    ("(2 pi kHz)^2", "(2π kHz)$^2$"), ("1/(2pi*kHz)", "1/(2π kHz)"), ("1/(2*pi*kHz)", "1/(2π kHz)"), ("2pi kHz", "2π kHz"),
    ("1/(2πkHz)", "1/(2πkHz)"), ("(2pi*kHz)^2", "(2π kHz)$^2$"), ("1/(10*MHz)", "1/(10*MHz)"),
    ("1/us", "µs$^{-1}$"), ("1/(1/us)", "µs"), ("kappa", r"$\kappa$"), ("s", "s"), (None, "")])
def test_units_stand_in_labels(units, text):
    assert labels.unit_text(units) == text


def test_labels_have_symbols_words_and_units(files):
    data = dickemap.open(files["both_signs"])
    axes = figures.map(data, "g0", "Omega_mu_2", "xi").axes
    assert axes[0].get_xlabel() == "coupling $g_0$ (MHz)" and axes[0].get_ylabel() == r"frequency of the mode $\Omega_{2}$ (MHz)"
    assert axes[1].get_ylabel() == r"$|\xi_{1}|$"
    assert axes[0].get_title() == r"$\Omega_{1}$ = 1.5 MHz"
    assert figures.cut(data, "g0", "xi", select={"Omega_mu_2": 3}).axes[0].get_ylabel() == r"$|\xi_{\mu}|$"


def test_every_symbol_is_one_that_can_be_set():
    for name in labels.SYMBOLS:
        figure = plt.figure()
        figure.text(0, 0, f"${labels.symbol(name)}$")
        figure.draw_without_rendering()
        plt.close(figure)


# ---- axes and selections ----


def test_the_mode_follows_the_cue(files):
    data = dickemap.open(files["exact"])
    for pattern in (1, 2):
        axes = figures.map(data, "g0", "Omega_mu", "xi", select={"pattern": pattern}).axes
        mesh, = (m for m in axes[0].collections if isinstance(m, QuadMesh))
        np.testing.assert_allclose(mesh.get_array().reshape(14, 13), abs(data.xi.sel(pattern=pattern, mode=pattern)).T)
        assert axes[1].get_ylabel() == rf"$|\xi_{{{pattern}}}|$" and f"cue {pattern}" in axes[0].get_title()


def test_of_data_that_the_caller_has_selected_the_rest_is_drawn(files):
    data = dickemap.open(files["exact"])
    for mode in (1, 2):
        axes = figures.map(data.sel(pattern=2, mode=mode), "g0", "Omega_mu", "xi").axes
        assert axes[1].get_ylabel() == rf"$|\xi_{{{mode}}}|$" and axes[0].get_title() == "cue 2"
        assert bool(theory_lines(axes[0])) == (mode == 2)


def test_a_caller_s_axes_are_drawn_on_and_returned(files):
    figure, (left, right) = plt.subplots(1, 2)
    assert figures.map(files["exact"], "g0", "Omega_mu", "xi", ax=left) is left
    assert figures.cut(files["exact"], "g0", "xi", ax=right) is right
    with pytest.raises(dickemap.Error, match="several panels do not fit"):
        figures.map(files["exact"], "g0", "Omega_mu", "xi", panels="pattern", ax=left)
    before = matplotlib.rcParams["font.family"]
    figures.cut(files["exact"])
    assert matplotlib.rcParams["font.family"] == before


@pytest.mark.parametrize("name, suffix", [*((name, "png") for name in JOBS), ("both_signs", "pdf"), ("seeds", "svg")])
def test_every_file_has_a_picture(files, script, tmp_path, name, suffix):
    result = script("plot.py", files[name], "-o", f"p.{suffix}")
    assert result.returncode == 0 and result.stdout == f"p.{suffix}\n" and not result.stderr, result.stderr
    head = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}[suffix]
    assert (tmp_path / f"p.{suffix}").read_bytes().startswith(head)


@pytest.mark.parametrize("arguments, message", [
    (["map", "exact", "--x", "kappa"], "'kappa' is not an axis of xi (axes: g0, pattern, Omega_mu, mode)"),
    (["map", "exact", "--x", "g0", "--y", "g0"], "--x and --y must name different axes"),
    (["map", "exact", "--x", "g0", "--y", "pattern", "--select", "g0=1"], "must name different axes"),
    (["map", "exact", "--select", "mode"], "mode: expected AXIS=NUMBER"),
    (["map", "exact", "--select", "mode=two"], "mode=two: expected AXIS=NUMBER"),
    (["map", "exact", "--field", "zeta"], "no field 'zeta' (there are:"),
    (["map", "exact", "--field", "checksum"], "checksum is not something to draw"),
    (["map", "exact", "--select", "mode=9", "--field", "xi"], "mode has no value 9 (it has 1, 2)"),
    (["map", "exact", "--select", "mode=9", "--nearest", "--field", "xi"], "mode has no value 9 (it has 1, 2)"),
    (["map", "exact", "--x", "pattern", "--y", "Omega_mu", "--select", "g0=1.02"], "g0 has no value 1.02"),
    (["map", "exact", "--x", "pattern", "--y", "Omega_mu", "--select", "g0=3", "--nearest"], "g0 = 3 is beyond its values"),
    (["map", "exact", "--x", "pattern", "--y", "Omega_mu", "--select", "g0=nan"], "g0 = nan is not a number to select"),
    (["map", "point", "--field", "verdict"], "has no two axes"),
    (["cut", "exact", "--by", "seed"], "'seed' is not an axis of"),
    (["states", "exact"], "the file has no states"),
    (["basins", "exact"], "there is no axis of random starts"),
    (["basins", "states"], "neither single trajectories nor counts"),
    (["trajectory", "exact"], "a value is needed for"),
    (["picture", "exact", "-o", "p.h5"], "a picture's name ends with"),
    (["picture", "exact", "-o", "no/p.png"], "the folder does not exist"),
])
def test_what_cannot_be_drawn_is_said_in_one_line(files, script, tmp_path, arguments, message):
    kind, name, *more = arguments
    result = script("plot.py", kind, files[name], *more)
    assert result.returncode == 1 and message in result.stderr, result.stderr
    assert result.stderr.startswith("plot.py: ") and len(result.stderr.splitlines()) == 1
    assert not list(tmp_path.glob("*.png"))


@pytest.mark.parametrize("content", [None, b"", b"no HDF5"])
def test_a_file_that_is_none_is_refused(script, tmp_path, content):
    if content is not None:
        (tmp_path / "x.h5").write_bytes(content)
    result = script("plot.py", "x.h5")
    assert result.returncode == 1 and "x.h5" in result.stderr and "Traceback" not in result.stderr


def test_an_empty_selection_is_refused(files):
    data = dickemap.open(files["exact"])
    with pytest.raises(dickemap.Error, match="an axis is empty"):
        figures.map(data.isel(g0=slice(0, 0)), "g0", "Omega_mu", "xi")


@pytest.mark.parametrize("arguments", [["map", "--panels", "pattern", "--field", "n_unstable"], ["cut", "--x", "Omega_mu", "--field", "xi"],
                                       ["cut", "--field", "verdict", "--by", "pattern"], ["map", "--x", "pattern", "--y", "mode"],
                                       ["map", "--field", "how"], ["cut", "--field", "decay_rate", "--log"]])
def test_pictures_of_other_axes_and_fields(files, script, tmp_path, arguments):
    result = script("plot.py", arguments[0], files["exact"], *arguments[1:])
    assert result.returncode == 0 and not result.stderr, result.stderr
    assert (tmp_path / f"{arguments[0]}.png").stat().st_size > 5000


@pytest.mark.parametrize("select", [{"g0": [0], "Omega_mu": [3]}, {"g0": [1, 5], "Omega_mu": [0, 1, 2]},
                                    {"g0": slice(None), "Omega_mu": [4]}])
def test_small_maps_have_all_their_cells(files, select):
    data = dickemap.open(files["exact"]).sel(pattern=1).isel(select)
    axes = figures.map(data, "g0", "Omega_mu", "xi").axes[0]
    assert np.isfinite(colours_of(axes, (data.sizes["Omega_mu"], data.sizes["g0"]))).all()
    assert axes.get_xlim()[0] < data.g0.values.min() and axes.get_xlim()[1] > data.g0.values.max()


# ---- the job inside of a file ----


def test_a_point_of_a_file_is_followed_by_the_job_inside_of_it(files, script, tmp_path):
    result = script("plot.py", "trajectory", files["both_signs"], "--at", "g0=0.9,Omega_mu_1=1.5,Omega_mu_2=2", "--t-end", "20")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "trajectory.png").exists()


def test_a_job_inside_of_a_file_comes_with_its_settings(program, files, tmp_path):
    from dickemap import jobs
    subprocess.run([program, "run", files["point"].with_suffix(".yaml"), "--set", "model.g0=1.25", "-o", tmp_path / "p.h5", "--quiet"],
                   check=True, capture_output=True)
    with jobs.inside(tmp_path / "p.h5") as (job, sets):
        assert float(dickemap.point(job, set=sets).xi_theory) == float(dickemap.open(tmp_path / "p.h5").xi_theory)
        assert job.read_text() == files["point"].with_suffix(".yaml").read_text()
    assert not job.exists()


def test_a_job_that_names_files_outside_of_its_folder_is_not_written_out(program, tmp_path):
    from dickemap import jobs
    job = (ROOT / "jobs" / "letters.yaml").read_text().replace("letters/", f"{ROOT}/jobs/letters/").split("axes:")[0]
    (tmp_path / "far.yaml").write_text(job)
    subprocess.run([program, "run", "far.yaml", "--quiet"], cwd=tmp_path, check=True, capture_output=True)
    with pytest.raises(dickemap.Error, match="outside of its own folder"):
        with jobs.inside(tmp_path / "far.h5"):
            pass


# ---- arrays of dask ----


@pytest.mark.skipif(not importlib.util.find_spec("dask"), reason="python3-dask is not installed")
def test_files_in_chunks_give_the_same_pictures(files):
    whole = figures.map(files["both_signs"], "g0", "Omega_mu_2", "xi")
    with dickemap.open(files["both_signs"], chunks={"g0": 4}) as data:
        assert data.xi.chunks is not None
        figure = figures.map(data, "g0", "Omega_mu_2", "xi")
        xr.testing.assert_allclose(dickemap.mean(data.xi, "g0").compute(), dickemap.mean(dickemap.open(files["both_signs"]).xi, "g0"))
    np.testing.assert_array_equal(colours_of(figure.axes[0], (12, 13)), colours_of(whole.axes[0], (12, 13)))


def test_chunks_without_dask_are_refused(files, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "dask" else find(name, *more))
    with pytest.raises(ImportError, match="python3-dask"):
        dickemap.open(files["exact"], chunks="auto")


def test_only_the_fields_that_a_picture_needs_are_read(files):
    data = slices.opened(files["exact"], ["xi"])
    assert {"xi", "status", "verdict", "g_crit"} <= set(data.data_vars) and "L_end" not in data and "occupation" not in data
    assert os.fspath(files["exact"])


def test_finitely_many_spins_are_drawn_over_time(tmp_path, program):
    (tmp_path / "e.yaml").write_text("""task: exactness
model: {patterns: 1, Omega: 0.5, Omega_mu: [1.0], kappa_mu: [1.0]}
initial: {overlap: 0.9}
exactness: {t_end: 2, points: 9}
axes:
  - {name: g0, values: [0.4, 0.9]}
  - {name: spins_per_class, values: [1, 3, 4]}
""")
    subprocess.run([program, "run", "e.yaml", "--quiet"], cwd=tmp_path, check=True)
    data = dickemap.open(tmp_path / "e.h5")
    data["failure"].values[1, 1] = data.failure.attrs["flag_meanings"].split().index("steps")  # without a result there is no curve
    figure = figures.picture(data)
    panels, below = figure.axes[:2], figure.axes[2:]
    assert len(below) == 2 and [axes.get_title() for axes in panels] == ["$g_0$ = 0.4", "$g_0$ = 0.9"]
    for g0, axes in zip(data.g0.values, panels):
        curves = {line.get_label(): line for line in axes.lines}
        for N in data.spins_per_class.values:
            here = data.sel(g0=g0, spins_per_class=N)
            failed = dickemap.flag_names(here.failure) == "steps"
            drawn = curves[f"$N$ = {N}"]  # the legend is that of all panels
            if failed:
                assert np.isnan(drawn.get_ydata()).all()
            else:
                np.testing.assert_allclose(drawn.get_ydata(), N * here.E_N.values)
                np.testing.assert_allclose(curves[r"$N \to \infty$"].get_ydata(), here.N_E_N_limit.values)
    assert [[text.get_text() for text in axes.texts] for axes in panels] == [[], ["$N$ = 3 (failed: steps)"]]
    for g0, axes in zip(data.g0.values, below):
        holds, = (line for line in axes.lines if line.get_gid() == "holds")
        assert set(holds.get_ydata()) == {0.3} and axes.get_yscale() == "log"
        np.testing.assert_allclose(axes.lines[0].get_ydata(), data.E_N.sel(g0=g0).isel(spins_per_class=0))
    one = figures.exactness(data.isel(g0=[1], spins_per_class=[2]))
    assert r"$N \to \infty$" in legend_of(one) and "$E_N$ = 0.3" in legend_of(one)
    assert all(text in one._suptitle.get_text() for text in ("$N$ = 4", "$g_0$ = 0.9", r"$\Omega$ = 0.5"))
    course = figures.cut(data, "time", "xi", select={"g0": 0.9}).axes[0]
    assert not theory_lines(course)
    limit = next(line for line in course.lines if line.get_gid() == "mean field")
    np.testing.assert_allclose(limit.get_ydata(), abs(data.xi_mean_field.sel(g0=0.9).isel(spins_per_class=0, mode=0)))
    along = figures.exactness(data, along="g0", select={"spins_per_class": 4}).axes
    assert along[1].get_xlabel().startswith("time") and sum(line.get_xdata().size > 0 for line in along[0].lines) == 4
    with pytest.raises(dickemap.Error, match="pattern is no axis"):
        figures.exactness(data, along="pattern")


UNITS = ("model: {patterns: 1, Omega: 0.5, Omega_mu: [1.0], kappa_mu: [1.0], spins_per_class: 2, gamma_phi: 0.1}\n"
         "unit: MHz\ndrive: {time: [0, 1], g0: [1, 2]}\naxes: [{name: g0, values: [0.4, 0.9]}, {name: duration, values: [1]}]\n")


def test_parameters_of_the_job_have_its_unit_in_the_pictures_of_finitely_many_spins(tmp_path, program):
    (tmp_path / "e.yaml").write_text(f"task: exactness\nexactness: {{t_end: 1, points: 5}}\n{UNITS}".replace(
        ", spins_per_class: 2, gamma_phi: 0.1}", "}").replace("drive: {time: [0, 1], g0: [1, 2]}\n", "").replace(
        "name: duration, values: [1]", "name: spins_per_class, values: [1, 2]"))
    subprocess.run([program, "run", "e.yaml", "--quiet"], cwd=tmp_path, check=True)
    data = dickemap.open(tmp_path / "e.h5")
    figure = figures.exactness(data, along="spins_per_class")
    assert figure.axes[1].get_title() == "$g_0$ = 0.9 MHz"
    assert {text.strip() for text in figure._suptitle.get_text().replace("\n", ",").split(",")} == {
        r"$\Omega$ = 0.5 MHz", r"$\Omega_{\mu}$ = 1 MHz", r"$\kappa_{\mu}$ = 1 MHz", "overlap of the start = 1"}
    assert "$g_0$ = 0.4 MHz" in legend_of(figures.exactness(data, along="g0", select={"spins_per_class": 1}))
    figure, _ = plot_exactness.draw(data, memory=data.isel(g0=1))
    texts = [text for axes in figure.axes for text in (axes.get_title(), axes.get_xlabel(), axes.get_ylabel())]
    for text in ("$g_0$ = 0.9 MHz", "time $t$ (MHz$^{-1}$)", "$t$ (MHz$^{-1}$)", "$E_N$ at $t$ = 1 MHz$^{-1}$", "$g_0$ (MHz)",
                 r"growth of $\ln E_N$ (MHz)", "a retrieved pattern survives (MHz$^{-1}$)"):
        assert text in texts, text


def test_parameters_of_a_trajectory_s_point_have_the_job_s_unit(tmp_path, program):
    (tmp_path / "t.yaml").write_text(UNITS.replace(", spins_per_class: 2", ""))
    subprocess.run([program, "point", "t.yaml", "--at", "g0=0.4", "--trajectory", "t.h5", "--t-end", "2"], cwd=tmp_path, check=True,
                   capture_output=True)
    title = figures.trajectory(tmp_path / "t.h5").axes[0].get_title()
    assert all(text in title for text in ("$g_0$ = 0.4 MHz", r"$\Omega_{\mu}$ = 1 MHz", r"$\gamma_\phi$ = 0.1 MHz")), title
    course = dickemap.trajectory(tmp_path / "t.yaml", t_end=2, g0=0.9)
    assert "$g_0$ = 0.9 MHz" in figures.trajectory(course).axes[0].get_title()


# ---- what a newcomer asks for ----


@pytest.mark.parametrize("field", ["retrieval", "retrieval_either_sign", "probability"])
def test_what_has_an_interval_in_the_file_is_drawn_with_it(files, field):
    data = dickemap.open(files["cells"]).sel(pattern=2).isel(perturbation=1)
    select = {"pattern": 2, "perturbation": float(data.perturbation)} | ({"outcome": 2} if field == "probability" else {})
    figure = figures.cut(files["cells"], "g0", field, select=select)
    data = data.sel(outcome=2) if field == "probability" else data
    line, = (line for line in figure.axes[0].lines if line.get_marker() == "o")
    band, = (found for found in figure.axes[0].collections if isinstance(found, PolyCollection))
    assert line.get_linestyle() == "-" and "interval, 95 %" in legend_of(figure)
    corners = {(round(float(x), 9), round(float(y), 9)) for x, y in band.get_paths()[0].vertices}
    for end in ("low", "high"):
        assert {(round(float(p), 9), round(float(v), 9)) for p, v in zip(data.g0, data[f"{field}_{end}"])} <= corners


@pytest.mark.parametrize("x, y", [("g0", "Omega_mu"), ("Omega_mu", "g0")])
def test_a_steep_line_reaches_the_frame_in_both_orientations(x, y):
    job = {"model": {"patterns": 1, "Omega": 25, "kappa_mu": [200]}}
    data = dickemap.evaluate(job, Omega_mu=np.linspace(-1000, 1000, 30), g0=np.linspace(5, 340, 30), product=True)
    axes = figures.map(data, x, y, "xi").axes[0]
    frame = axes.get_xlim() if x == "g0" else axes.get_ylim()
    for sign in (-1, 1):
        points = np.concatenate([np.asarray(line.get_xydata())[:, ::1 if x == "g0" else -1] for line in theory_lines(axes, "crit")])
        own = points[(np.sign(points[:, 1]) == sign)]
        near = own[abs(own[:, 1]) < 50]
        assert near[:, 0].max() == pytest.approx(max(frame))
        np.testing.assert_allclose(near[:, 0], dickemap.g_crit(25, near[:, 1], 200), rtol=0.02)


@pytest.mark.parametrize("n_done", [0, 40])
def test_lines_of_theory_do_not_depend_on_what_is_computed(files, n_done):
    data = dickemap.open(files["seeds"])
    whole = np.concatenate([line.get_xydata() for line in theory_lines(figures.map(data, "g0", "pattern", "xi", over="seed").axes[0])])
    status = data.status.values.copy()
    status.reshape(-1)[n_done:] = 0
    data["status"] = data.status.dims, status
    half = dickemap.reading.masked(data)
    assert int(np.isfinite(half.g_crit).sum()) == n_done
    drawn = np.concatenate([line.get_xydata() for line in theory_lines(figures.map(half, "g0", "pattern", "xi", over="seed").axes[0])])
    np.testing.assert_array_equal(drawn, whole)


def test_every_reason_has_a_hatch_of_its_own():
    looks = {why: (frozenset(hatch), paper) for why, (hatch, _, paper) in style.HATCHES.items()}
    assert len(set(looks.values())) == len(looks)
    handles = canvas.hatch_handles(set(range(1, 1 + len(cells.WHY))))
    assert {h.get_label(): (frozenset(h.get_hatch() or ""), ) for h in handles} == {why: (look[0], ) for why, look in looks.items()}


def test_strips_above_a_cut_end_with_the_frame(files):
    data = dickemap.open(files["seeds"])
    data["status"].values[[0, -1]] = 0
    axes = figures.cut(data, "g0", "xi", by="pattern").axes[0]
    strips = [p for p in axes.patches if (p.get_gid() or "").startswith("no result") and p.get_y() > 1]
    assert len(strips) == 6
    for strip in strips:
        assert axes.get_xlim()[0] <= strip.get_x() and strip.get_x() + strip.get_width() <= axes.get_xlim()[1]


def test_shares_of_starts_are_said_to_be_shares_and_cells_are_seen_as_one(files):
    figure = figures.map(files["seeds"], "g0", "pattern", "retrieved", over="seed")
    assert "widths: shares of 8 starts" in figure.axes[0].get_title()
    across, along = (c for c in figure.axes[0].collections if c.get_gid() == "between cells")
    assert len(across.get_segments()) == 12 and len(along.get_segments()) == 2
    assert "widths" not in figures.map(files["seeds"], "g0", "pattern", "xi", over="seed").axes[0].get_title()


def test_outcomes_that_occur_are_curves_or_asked_for(files):
    data = dickemap.open(files["cells"])
    counts = data["count"].sel(pattern=2).isel(perturbation=1)
    occur = [int(code) for code, own in zip(data.outcome.values, counts.transpose("outcome", ...)) if (own > 0).any()]
    select = {"pattern": 2, "perturbation": float(data.perturbation[1])}
    figure = figures.cut(files["cells"], "g0", "probability", select=select)
    curves = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert len(curves) == len(occur) > 1
    for code, line in zip(occur, curves):
        np.testing.assert_array_equal(line.get_ydata(), data.probability.sel(select, method="nearest").sel(outcome=code))
    with pytest.raises(dickemap.Error, match=r"choose one by --select outcome=..., of .*2 \(pattern 2\)"):
        figures.map(files["cells"], "g0", "perturbation", "probability", select={"pattern": 2})


@pytest.mark.parametrize("name", ["cells", "states"])
def test_of_a_file_with_nothing_in_it_that_is_what_is_said(files, name):
    data = dickemap.open(files[name])
    data["status"] = data.status * 0
    for draw in (figures.picture, figures.map, figures.cut, figures.basins, figures.states):
        with pytest.raises(dickemap.Error, match="nothing is computed yet"):
            draw(data)


def test_starts_none_of_which_is_computed_are_said_to_be_none(files):
    data = dickemap.open(files["seeds"])
    data["status"] = data.status * 0
    with pytest.raises(dickemap.Error, match="nothing is computed yet"):
        figures.basins(data)


def test_a_trajectory_of_the_program_says_of_which_point_it_is(files, program, tmp_path):
    subprocess.run([program, "point", files["exact"].with_suffix(".yaml"), "--at", "g0=0.9,pattern=2,Omega_mu=1.5", "--trajectory",
                    tmp_path / "c.h5", "--t-end", "2"], check=True, capture_output=True)
    title = figures.trajectory(tmp_path / "c.h5").axes[0].get_title()
    assert all(text in title for text in ("cue 2", "$g_0$ = 0.9", r"$\Omega_{1}$ = 1.5")), title


def test_several_values_of_an_axis_can_be_selected(files):
    whole = dickemap.open(files["seeds"])
    g0 = [float(whole.g0[2]), float(whole.g0[5])]
    axes = figures.cut(files["seeds"], "pattern", "xi", by="g0", select={"g0": g0, "seed": 1}).axes[0]
    assert sum(line.get_marker() == "o" for line in axes.lines) == 2
    with pytest.raises(dickemap.Error, match="g0 has no value 17"):
        figures.cut(files["seeds"], "pattern", "xi", select={"g0": [g0[0], 17]})
    with pytest.raises(dickemap.Error, match="nothing is no axis of the file"):
        figures.picture(files["seeds"], select={"nothing": [1, 2]})


@pytest.mark.parametrize("signs, rows", [((1, 1), 3), ((-1, -1), 3), ((1, -1), 2)])
def test_a_trajectory_shows_L_where_it_falls(signs, rows):
    job = {"model": {"patterns": 2, "Omega": 0.5, "Omega_mu": [1.5 * signs[0], 2 * signs[1]], "kappa_mu": [1.0], "g0": 1.1},
           "initial": {"perturbation": 0.1}}
    course = dickemap.trajectory(job, t_end=20, points=101)
    figure = figures.trajectory(course)
    assert len(figure.axes) == rows
    if rows == 3:
        assert (np.diff(figure.axes[2].lines[0].get_ydata()) < 1e-9).all()
    else:
        assert (np.diff(course.L) > 1e-6).any() and (np.diff(course.L) < -1e-6).any()


def test_a_spectrum_is_that_of_the_motion_that_a_record_has_ended_in(tmp_path):
    """A torus that is reached after long transient chaos, of which any other course is another: both frequencies and what they sum up
    to are all there is, to the resolution of the window."""
    job = {"model": {"patterns": 2, "Omega": 0.5, "Omega_mu": [1.5, -2.0], "kappa_mu": [1.0], "g0": 1.5}, "initial": {"perturbation": 0.1}}
    record = dickemap.point(job, set={"output.state": "final"})
    assert verdict_is(record, "quasiperiodic") and float(record.t_end) > 1e4
    length = figures.window(record, 20001)
    course = dickemap.trajectory(job, float(record.t_end) + length, 20001, after=record)
    assert float(course.t[0]) == float(record.t_end)
    heights = figures.amplitudes(course).max("mode")
    strong = heights.omega.values[heights.values > 0.05 * float(heights.max())]
    first, second = float(record.frequency_1), float(record.frequency_2)
    sums = np.array([i * first + j * second for i in range(-9, 10) for j in range(-9, 10)])
    assert strong.size and all(abs(sums - omega).min() < 4 * np.pi / (length / 2) for omega in strong)


def test_a_trajectory_goes_on_from_the_end_of_a_record():
    """As the whole course does, where errors have not grown; also in a subspace, and with a drive."""
    model = {"patterns": 3, "Omega": 0.5, "Omega_mu": [1.5, -2.0, 2.5], "kappa_mu": [1.0], "g0": 0.9}
    tilted = {"initial": {"perturbation": 0.2}}
    for more in ({"model": {**model, "imbalance": -0.5, "g0": 2}}, tilted, {"initial": {"mixture": [1, 1, 0]}},
                 {"drive": {"time": [0, 1], "g0": [0.9, 1.1], "duration": 200}, **tilted}):
        job = {"model": model, "solver": {"max_steps": 150}, **more}
        record = dickemap.point(job, set={"output.state": "final"})
        t_from = float(record.t_end)
        on = dickemap.trajectory(job, t_from + 5, 11, after=record, spins=True)
        whole = dickemap.trajectory(job, t_from + 5, 11, t_start=t_from, spins=True)
        assert verdict_is(record, "undecided") and 1 < t_from < 195 and np.ptp(on.xi.values) > 1e-3
        for name in ("t", "xi", "alpha_re", "alpha_im", "m"):
            np.testing.assert_allclose(on[name], whole[name], atol=1e-6)
    job = {"model": model | {"Omega_mu": [1.5, 2.0, 2.5]}}
    record = dickemap.point(job, set={"output.state": "final"})
    rest = dickemap.trajectory(job, points=11, after=record)
    assert float(rest.t[-1]) > float(record.t_end) + 10
    np.testing.assert_allclose(rest.xi, np.broadcast_to(dickemap.xi_end(record), rest.xi.shape), atol=1e-8)  # at the fixed point
    with pytest.raises(dickemap.Error, match="after has no m"):
        dickemap.trajectory(job, 100, after=dickemap.point(job))
    with pytest.raises(dickemap.Error, match="after is a record of another point"):
        dickemap.trajectory({"model": {"patterns": 1, "Omega": 0.5, "Omega_mu": [1.5], "kappa_mu": [1.0], "g0": 1}}, 100, after=record)
    with pytest.raises(dickemap.Error, match="t_start is 0, but must be"):
        dickemap.trajectory(job, 100, t_start=0, after=record)
    with pytest.raises(dickemap.Error, match="t_start is 9, but must be below t_end, 8"):
        dickemap.trajectory(job, 8, t_start=9)


def test_a_cut_of_finitely_many_spins_is_that_of_the_last_time():
    job = {"task": "exactness", "model": {"patterns": 1, "Omega": 0.5, "Omega_mu": [1.0], "kappa_mu": [1.0], "g0": 0.9},
           "initial": {"overlap": 0.9}, "exactness": {"t_end": 2, "points": 11, "method": "trajectories", "trajectories": 20}}
    data = dickemap.evaluate(job, spins_per_class=[2, 8, 32])
    figure = figures.cut(data, "spins_per_class", "E_N")
    circles, = (line for line in figure.axes[0].lines if line.get_marker() == "o" and line.get_xdata().size)
    np.testing.assert_array_equal(circles.get_ydata(), data.E_N.isel(time=-1))
    assert "$t$ = 2" in figure.axes[0].get_title() and len(error_bars(figure.axes[0])) == 3 and "standard error" in legend_of(figure)
    assert figure.axes[0].get_xscale() == "log" and figure.axes[0].get_xticks().tolist() == [2, 8, 32]


def test_a_map_says_how_many_starts_it_counts(files):
    data = dickemap.evaluate({"model": {"patterns": 3, "Omega": 0.5, "Omega_mu": [1.5, 2.0, 2.5], "kappa_mu": [1.0]},
                              "initial": {"pattern": 2}, "reduce": "seed", "axes": [{"name": "seed", "from": 1, "to": 7, "points": 7}]},
                             g0=[0.6, 1.0, 1.3], perturbation=[0.1, 0.3], product=True)
    assert "cue 2, 7 starts a cell" in figures.map(data, "g0", "perturbation").axes[0].get_title()
    failed = data.assign(n_decided=data.n_decided - 1, n_undecided=data.n_undecided + 1, n_failed=data.n_failed + 1)  # which are undecided
    assert "cue 2, 7 starts a cell" in figures.map(failed, "g0", "perturbation").axes[0].get_title()


def test_a_picture_of_finitely_many_spins_shows_the_bound_where_there_is_one():
    """Curves below it, in their colours, within a frame that is theirs."""
    job = {"task": "exactness", "model": {"patterns": 1, "Omega": 0.5, "Omega_mu": [1.0], "kappa_mu": [1.0], "g0": 0.9},
           "initial": {"overlap": 0.9}, "exactness": {"t_end": 3, "points": 13}}
    data = dickemap.evaluate(job, spins_per_class=[1, 4])
    figure = figures.exactness(data)
    axes = figure.axes[1]
    bounds = [line for line in axes.lines if line.get_gid() == "bound"]
    for i, bound in enumerate(bounds):
        curve, = (line for line in axes.lines if line.get_color() == bound.get_color() and line.get_gid() is None)
        np.testing.assert_allclose(bound.get_ydata(), data.E_N[i, 0] * np.exp(3 * np.sqrt(2) * 0.9 * data.time), rtol=1e-9)
        assert (curve.get_ydata()[1:] < bound.get_ydata()[1:]).all()
    assert len(bounds) == 2 and axes.get_ylim()[1] < 10 * float(data.E_N.max()) and "bound of $E_N$" in legend_of(figure)
    lossy = figures.exactness(dickemap.evaluate(job, gamma_down=0.1, spins_per_class=[1, 4]))
    assert not [line for line in lossy.axes[1].lines if line.get_gid() == "bound"] and "bound of $E_N$" not in legend_of(lossy)


@pytest.mark.parametrize("draw", [
    lambda files, ax: figures.map(files["exact"], "g0", "Omega_mu", "verdict", select={"pattern": 1}, ax=ax),
    lambda files, ax: figures.map(files["seeds"], "g0", "pattern", "retrieved", over="seed", ax=ax),
    lambda files, ax: figures.cut(files["seeds"], "g0", "retrieved", over="seed", select={"pattern": 2}, ax=ax),
    lambda files, ax: figures.basins(files["seeds"], "g0", select={"pattern": 2}, ax=ax),
])
def test_any_of_a_callers_axes_will_do(files, draw):
    figure, grid = plt.subplots(2, 3, layout="constrained")
    for ax in (grid[0, 0], grid[1, 2]):
        assert draw(files, ax) is ax and (ax.collections or ax.patches) and ax.get_legend()


def test_several_selected_values_are_all_shown_or_refused(files):
    whole = dickemap.open(files["seeds"])
    g0 = [float(whole.g0[2]), float(whole.g0[5])]
    axes = figures.cut(files["seeds"], "pattern", "xi", select={"g0": g0, "seed": 1}).axes[0]  # they become the curves
    assert sum(line.get_marker() == "o" for line in axes.lines) == 2
    figure = figures.map(files["seeds"], "g0", "seed", "xi", select={"pattern": [1, 3]})
    assert {"cue 1", "cue 3"} <= {axes.get_title() for axes in figure.axes}
    assert figures.picture(files["seeds"], select={"pattern": [1, 3]}).axes
    with pytest.raises(dickemap.Error, match="several values of g0 are selected, of which only one would be shown: name it by --by"):
        figures.cut(files["seeds"], "pattern", "xi", by="mode", select={"g0": g0, "seed": 1})


def test_a_course_at_rest_has_no_spectrum():
    job = {"model": {"patterns": 1, "Omega": 0.5, "Omega_mu": [1.5], "kappa_mu": [1.0], "g0": 1.1}}
    with pytest.raises(dickemap.Error, match="xi is at rest from t = 900 on: there is no motion to show"):
        figures.spectrum(dickemap.trajectory(job, 1000, 2001), begin=900)


def test_beside_exact_starts_the_line_of_tilted_ones_ends():
    """In a map over tilts, 0 among them, g_c of the cue goes through the row of 0, and g_ret through the others."""
    job = {"model": {"patterns": 3, "Omega": 0.5, "Omega_mu": [1.5, 2.0, 2.5], "kappa_mu": [1.0]}, "initial": {"pattern": 3}}
    data = dickemap.evaluate(job, g0=np.linspace(0.5, 1.4, 12), perturbation=[0, 0.1, 0.2, 0.3], product=True)
    axes = figures.map(data, "g0", "perturbation", "xi", select={"mode": 3}).axes[0]
    g_crit = dickemap.g_crit(0.5, np.array([1.5, 2.0, 2.5]), 1.0)
    crit, = theory_lines(axes, "crit")
    ret, = theory_lines(axes, "ret")
    np.testing.assert_allclose(crit.get_xdata(), g_crit[2], rtol=2e-3)
    np.testing.assert_allclose(ret.get_xdata(), dickemap.g_retrieve(g_crit[2], g_crit[0]), rtol=2e-3)
    assert crit.get_ydata().max() <= 0.05 <= ret.get_ydata().min() + 0.01 and ret.get_ydata().max() == pytest.approx(0.35)


def test_a_record_of_another_point_is_nothing_to_go_on_from():
    job = {"model": {"patterns": 3, "Omega": 0.5, "Omega_mu": [1.5, 2.0, 2.5], "kappa_mu": [1.0], "g0": 1.1}}
    record = dickemap.point(job, set={"output.state": "final"}, pattern=3)
    with pytest.raises(dickemap.Error, match="after is a record of another point: its model, start or drive"):
        dickemap.trajectory(job, after=record, pattern=2)
    assert dickemap.trajectory(job, after=record, pattern=3, set={"solver.tolerance": 1e-9}).sizes["t"] == 1001
    with pytest.raises(dickemap.Error, match="there is no argument tend; did you mean t_end"):
        dickemap.trajectory(job, tend=50)
    many = dickemap.evaluate(job, set={"output.state": "final"}, pattern=[1, 2])
    with pytest.raises(dickemap.Error, match="must be the record of one point"):
        dickemap.trajectory(job, after=many, pattern=2)
