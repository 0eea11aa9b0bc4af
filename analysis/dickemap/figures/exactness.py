# SPDX-License-Identifier: GPL-3.0-or-later
"""Finitely many spins beside the mean field (`task: exactness`), over time."""

from __future__ import annotations

from typing import Mapping

import numpy as np
import xarray as xr

from .. import arguments, reading, verdicts
from ..errors import Error
from . import canvas, labels, slices, style

SPINS = "spins_per_class"
MOST_PANELS = 8


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
        axes.plot(data.time, limit, "k--", lw=1, label=r"$\infty$")
        high = np.nanmax(limit.values, initial=0.0)
    # A limit that leaves finite N far behind would hide them.
    axes.set(ylim=(0, 1.1 * max(top, min(high, 2 * top)) or 1.0),
             xlim=(float(data.time[0]), float(data.time[-1])), xlabel=labels.label(data, "time"))


def _without_curve(one: xr.Dataset) -> str:
    """Why a point has no curve, "" where it has one."""
    if np.isfinite(one["E_N"].values).any():
        return ""
    if not reading.done(one):
        return "(not computed)"
    why = verdicts.flag_names(one["failure"]).item()
    return "(failed)" if why in ("none", "") else f"(failed: {labels.flag_text(why)})"


def exactness(data: slices.Data, along: str | None = None, *, panels: str | None = None, select: Mapping[str, float] | None = None,
              nearest: bool = False, ax=None):
    """How far finitely many spins are from the mean field: N E_N over time, a curve for each value of an axis (N, where it is one),
    small multiples over another; dashed the limit of infinitely many.  What has no result has no curve, and the legend says why.

        figures.exactness("exactness.h5")
        figures.exactness("exactness.h5", along="g0", select={"spins_per_class": 32})

    select, nearest: as of `figures.map`.  Returns the figure, or with `ax` that Axes, with one panel.
    """
    data = slices.opened(data)
    if "E_N" not in data:
        raise Error("the file has no E_N: its job does not say `task: exactness`")
    select = slices.selected(select)
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
        figure, grid = style.panels(n, 2.6, 2.3, ax)
        for i, axes in enumerate(grid):
            course(axes, shown.isel({panels: i}) if panels else shown, along)
            if panels:
                axes.set_title(labels.item(data, panels, slices.values_of(shown, panels)[i]))
        grid[0].set_ylabel(r"$N E_N$")
        canvas.legend_beside(grid[-1], grid[-1].get_legend_handles_labels()[0])
        if ax is None and part.title:
            figure.suptitle(part.title, fontsize=9)
        return style.finished(figure, ax)
