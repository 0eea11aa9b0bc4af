# SPDX-License-Identifier: GPL-3.0-or-later
"""Finitely many spins beside the mean field (`task: exactness`), over time."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

from .. import arguments, reading, verdicts
from ..errors import Error
from . import canvas, labels, slices, style

SPINS = "spins_per_class"
MOST_PANELS, COLUMNS = 8, 4
HOLDS = 0.3  # E_N up to which the mean field is said to hold


def course(axes, data: xr.Dataset, along: str | None) -> None:
    """N E_N(t) of data over time and one axis: a curve for each value, its standard error as a band, the limit dashed."""
    values = slices.values_of(data, along) if along else [None]
    top, high = 0.0, 0.0  # of curves, of limits
    weight = 2 * data.sizes["class"] + data.sizes["mode"]  # N E_N at the start
    for i, (colour, value) in enumerate(zip(style.sequence_colours(len(values)), values)):
        one = data.isel({along: i}) if along else data
        N = np.round(weight / one.E_N.values[0]) if np.isfinite(one.E_N.values[0]) else np.nan
        scaled, error = N * one.E_N.values, N * one.E_N_se.values
        name = " ".join(text for text in (None if value is None else labels.item(data, along, value), _without_curve(one)) if text)
        axes.plot(one.time, scaled, color=colour, lw=1, label=name or None)
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
    # A limit that leaves finite N far behind would hide them.
    axes.set(ylim=(0, 1.1 * max(top, min(high, 2 * top)) or 1.0),
             xlim=(float(data.time[0]), float(data.time[-1])), xlabel=labels.label(data, "time"))


def errors(axes, data: xr.Dataset, along: str | None) -> None:
    """E_N(t) itself, in the same colours, and HOLDS dotted: below it the mean field holds."""
    values = slices.values_of(data, along) if along else [None]
    for i, colour in enumerate(style.sequence_colours(len(values))):
        one = data.isel({along: i}) if along else data
        axes.plot(one.time, one.E_N.where(one.E_N > 0), color=colour, lw=1)
    axes.axhline(HOLDS, color="0.3", lw=0.9, ls=":", zorder=0).set_gid("holds")
    axes.set(yscale="log", xlim=(float(data.time[0]), float(data.time[-1])), xlabel=labels.label(data, "time"))


def _of_job(data: xr.Dataset, taken) -> dict[str, float]:
    """Parameters of the job that are not in the picture already, and have one value."""
    found = {}
    for key in ("model.spins_per_class", "model.g0", "model.Omega", "model.Omega_mu", "model.kappa_mu", "initial.overlap"):
        name, text = key.split(".")[1], reading.of_job(data, key)
        words = [] if text is None else text.strip("[]").split(",")
        found |= {own: float(word) for own, word in labels.of_modes(name, words).items() if "axis" not in word and own not in taken}
    return found


def _without_curve(one: xr.Dataset) -> str:
    """Why a point has no curve, "" where it has one."""
    if np.isfinite(one["E_N"].values).any():
        return ""
    if not reading.done(one):
        return "(not computed)"
    why = verdicts.flag_names(one["failure"]).item()
    return "(failed)" if why in ("none", "") else f"(failed: {labels.flag_text(why)})"


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
    stays below the dotted line, 0.3.  What has no result has no curve, and the legend says why.

        figures.exactness("exactness.h5")
        figures.exactness("exactness.h5", along="g0", select={"spins_per_class": 32})

    select, nearest: as of `figures.map`.  Returns the figure, or with `ax` that Axes, with N E_N alone.
    """
    data = slices.opened(data)
    if "E_N" not in data:
        raise Error("the file has no E_N: its job does not say `task: exactness`")
    data, select = slices.selected(data, select, nearest)
    axes_there = [dim for dim in data["E_N"].dims if dim != "time"]
    for what, name in (("--along", along), ("--panels", panels), *(("--select", name) for name in select)):
        if name and slices.group_of(data, arguments.axis_name(what, name)) not in axes_there:
            raise Error(f"{name} is no axis of the file (it has: {', '.join(axes_there)})")
    free = [dim for dim in axes_there if data.sizes[dim] > 1 and dim not in {slices.group_of(data, name) for name in select}]
    along = along or (SPINS if SPINS in free else free[0] if free else None)
    free = [dim for dim in free if dim not in (along, panels)]
    panels = panels or (free[0] if free and ax is None else None)
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
            fixed = {**part.fixed, **_of_job(data, {*part.fixed, along, panels})}
            figure.suptitle(labels.items(data, fixed), fontsize=9)
        canvas.legend_beside(grid[min(len(grid), COLUMNS) - 1], handles)
        return style.finished(figure, ax)
