# SPDX-License-Identifier: GPL-3.0-or-later
"""Finitely many spins beside the mean field (`task: exactness`), over time."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

from .. import arguments, models, reading, verdicts
from ..errors import Error
from . import canvas, labels, slices, style

SPINS = "spins_per_class"
MOST_PANELS, COLUMNS = 8, 4
# E_N up to which the mean field is said to hold, a convention: spins of a class are vectors of length 1 at most, so that E_N is of
# order 1 (2 z^2 of spins that have split over both branches z, -z, and what their modes add) where the mean field has failed, and 0.3
# lies on the way there.  As E_N grows exponentially on that way, another number moves the time by its logarithm alone.
HOLDS = 0.3
LARGEST = 700.0  # logarithm of a bound that a double still holds
ALWAYS = ("g0", "Omega", "Omega_mu", "kappa_mu", SPINS)  # parameters that are told whatever they are, others if they are not 0


def course(axes, data: xr.Dataset, along: str | None) -> None:
    """N E_N(t) of data over time and one axis: a curve for each value, its standard error as a band, the limit dashed."""
    values = slices.values_of(data, along) if along else [None]
    top, high = 0.0, 0.0  # of curves, of limits
    for i, (colour, value) in enumerate(zip(style.sequence_colours(len(values)), values)):
        one = data.isel({along: i}) if along else data
        N = _spins(one)
        scaled, error = N * one.E_N.values, N * one.E_N_se.values
        name = None if value is None else labels.item(data, along, value)
        axes.plot(one.time, scaled, color=colour, lw=1, label=name)
        if (error > 0).any():
            axes.fill_between(one.time, scaled - error, scaled + error, color=colour, alpha=0.3, lw=0)
        top = max(top, np.nanmax(scaled, initial=0.0))
        if along != SPINS:
            axes.plot(one.time, one.N_E_N_limit, "--", color=colour, lw=1)
            high = max(high, np.nanmax(one.N_E_N_limit.values, initial=0.0))
    if along == SPINS:  # the limit is that of all N
        limit = data.N_E_N_limit.max(SPINS)
        axes.plot(data.time, limit, "k--", lw=1, label=r"$N \to \infty$")
        high = np.nanmax(limit.values, initial=0.0)
    else:
        axes.plot([], [], "--", color="0.3", lw=1, label=r"$N \to \infty$")
    if said := without_curves(data, along):
        axes.annotate(said, (0.03, 0.97), xycoords="axes fraction", va="top", fontsize=7, color="0.3").set_gid("no result")
    # A limit that leaves finite N far behind would hide them.
    axes.set(ylim=(0, 1.1 * max(top, min(high, 2 * top)) or 1.0),
             xlim=(float(data.time[0]), float(data.time[-1])), xlabel=labels.label(data, "time"))


def errors(axes, data: xr.Dataset, along: str | None) -> None:
    """E_N(t) itself, in the same colours, under its bound, which leaves the frame; and HOLDS dotted: below it the mean field holds."""
    values = slices.values_of(data, along) if along else [None]
    seen = [HOLDS]
    for i, colour in enumerate(style.sequence_colours(len(values))):
        one = data.isel({along: i}) if along else data
        E = one.E_N.where(one.E_N > 0)
        axes.plot(one.time, E, color=colour, lw=1)
        if np.isfinite(one.log_bound).any():
            axes.plot(one.time, np.exp(np.minimum(one.log_bound, LARGEST)), color=colour, lw=0.8, ls="-.")[0].set_gid("bound")
        seen += [float(E.min()), float(E.max())]
    axes.axhline(HOLDS, color="0.3", lw=0.9, ls=":", zorder=0).set_gid("holds")
    axes.set(yscale="log", xlim=(float(data.time[0]), float(data.time[-1])), xlabel=labels.label(data, "time"),
             ylim=(0.7 * np.nanmin(seen), 5 * np.nanmax(seen)))


def _spins(one: xr.Dataset) -> float:
    """N of a point; NaN where the file does not tell."""
    return models.number(one, f"model.{SPINS}")


def of_job(data: xr.Dataset, taken=()) -> dict[str, float | str]:
    """What the job says of the model and of the start that is not in the picture already (taken) and has one value."""
    found = {}
    at_rest = reading.of_job(data, "exactness.start") == "rest"
    several = int(reading.of_job(data, "model.patterns") or 1) > 1
    for line in str(data.attrs.get("job_canonical", "")).splitlines():
        key, _, text = line.partition(" = ")
        group, _, name = key.partition(".")
        if group not in ("model", "initial") or name in ("patterns", "mapping", "seed") or name == "pattern" and not several or \
                name == "overlap" and at_rest:  # a start at rest keeps no overlap of a cue
            continue
        for own, word in labels.of_modes(name, text.strip("[]").split(",")).items():
            try:
                value = float(word)
            except ValueError:  # an axis, the name of a file
                continue
            if own not in taken and (value != 0 or name in ALWAYS or name == "overlap"):
                found[own] = value
    return found | ({"start": "at rest"} if at_rest else {})


def without_curves(data: xr.Dataset, along: str | None) -> str:
    """Which points have no curve, and why; "" if all have one."""
    why: dict[str, list[str]] = {}
    for i, value in enumerate(slices.values_of(data, along) if along else [None]):
        one = data.isel({along: i}) if along else data
        if np.isfinite(one["E_N"].values).any():
            continue
        flag = verdicts.flag_names(one["failure"]).item()
        reason = ("not computed" if not reading.done(one) else
                  "failed" if flag in ("none", "") else f"failed: {labels.flag_text(flag)}")
        why.setdefault(reason, []).append("" if value is None else labels.item(data, along, value))
    return "\n".join(", ".join(filter(None, names)) + f" ({reason})" for reason, names in why.items())


def band_handles(data: xr.Dataset) -> list:
    """For a legend: what bands are, if there are any."""
    if not (data["E_N_se"] > 0).any():
        return []
    n = np.unique(data["n_trajectories"].where(data["n_trajectories"] > 0))
    n = [str(int(value)) for value in n if np.isfinite(value)]
    return [plt.Rectangle((0, 0), 1, 1, fc="0.3", alpha=0.3, lw=0, label=f"standard error\n({' or '.join(n)} trajectories)")]


def _panels(n: int, ax):
    """(figure, n Axes, as many below them), of a caller's Axes without those below."""
    if ax is not None:
        return *style.panels(1, 0, 0, ax), []
    columns, blocks = min(n, COLUMNS), -(-n // COLUMNS)
    figure, grid = plt.subplots(2 * blocks, columns, figsize=(1.1 + 2.6 * columns, 0.5 + 3.9 * blocks), layout="constrained",
                                squeeze=False, height_ratios=[2.3, 1.6] * blocks)
    above, below = list(grid[::2].flat), list(grid[1::2].flat)
    for axes in (*above[n:], *below[n:]):
        axes.set_visible(False)
    return figure, above[:n], below[:n]


def exactness(data: slices.Data, along: str | None = None, *, panels: str | None = None, select: slices.Selection | None = None,
              nearest: bool = False, ax=None):
    """How far finitely many spins are from the mean field: above N E_N over time, a curve for each value of an axis (N, where it is
    one), small multiples over another; dashed the limit of infinitely many.  Below E_N itself: the mean field holds as long as it
    stays below the dotted line, 0.3, by convention; dash-dotted the bound of E_N, where there is one (not with
    losses of single spins).  What has no result has no curve, and its panel says why.

        figures.exactness("exactness.h5")
        figures.exactness("exactness.h5", along="g0", select={"spins_per_class": 32})

    select, nearest: as of `figures.map`.  Returns the figure, or with `ax` that Axes, with N E_N alone.
    """
    data = slices.opened(data)
    if "E_N" not in data:
        raise Error("the file has no E_N: its job does not say `task: exactness`")
    data, select, several = slices.selected(data, select, nearest)
    axes_there = [dim for dim in data["E_N"].dims if dim != "time"]
    for what, name in (("--along", along), ("--panels", panels), *(("--select", name) for name in select)):
        if name and slices.group_of(data, arguments.axis_name(what, name)) not in axes_there:
            raise Error(f"{name} is no axis of the file{arguments.among(name, axes_there, 'it has')}")
    free = [dim for dim in axes_there if data.sizes[dim] > 1 and dim not in {slices.group_of(data, name) for name in select}]
    along = along or (SPINS if SPINS in free else free[0] if free else None)
    free = [dim for dim in free if dim not in (along, panels)]
    panels = panels or (free[0] if free and ax is None else None)
    slices.all_shown(data, several, [along, panels], "--panels")
    part = slices.cut_out(data, "E_N", [name for name in (along, panels, "time") if name], None, select, nearest)
    failure = part.data["failure"]
    shown = part.data.where(verdicts.flag_names(failure) == "none").assign(status=part.data.status, failure=failure)
    n = shown.sizes[panels] if panels else 1
    if n > MOST_PANELS:
        raise Error(f"{panels} has {n} values, more than {MOST_PANELS} panels: choose by --select, or name another axis")
    with style.styled():
        figure, grid, below = _panels(n, ax)
        for i, axes in enumerate(grid):
            one = shown.isel({panels: i}) if panels else shown
            course(axes, one, along)
            if below:
                errors(below[i], one, along)
                axes.set_xlabel("")
            if panels:
                axes.set_title(labels.item(data, panels, slices.values_of(shown, panels)[i]))
        grid[0].set_ylabel(r"$N E_N$")
        handles = grid[-1].get_legend_handles_labels()[0]
        if below:
            below[0].set_ylabel("$E_N$")
            handles.append(plt.Line2D([], [], color="0.3", lw=0.9, ls=":", label=f"$E_N$ = {HOLDS}"))
            if np.isfinite(shown["log_bound"]).any():
                handles.append(plt.Line2D([], [], color="0.3", lw=0.8, ls="-.", label="bound of $E_N$"))
            handles += band_handles(shown)
            fixed = {**part.fixed, **of_job(data, {*part.fixed, along, panels})}
            figure.suptitle(labels.items(data, fixed), fontsize=9)
        canvas.legend_beside(grid[min(len(grid), COLUMNS) - 1], handles)
        return style.finished(figure, ax)
