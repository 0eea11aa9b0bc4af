# SPDX-License-Identifier: GPL-3.0-or-later
"""Stationary states along an axis (`task: states`): how deep each lies, its overlaps, how many there are, how fast they decay."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

from ..errors import Error
from . import canvas, cells, labels, slices, style

AN_OVERLAP = 1e-9


def leading(data: xr.Dataset) -> np.ndarray:
    """The pattern of the largest overlap of each state, from 1; 0 where there is none."""
    xi = np.nan_to_num(abs(data["state_xi"].transpose(..., "mode").values))
    return np.where(xi.max(-1) > AN_OVERLAP, xi.argmax(-1) + 1, 0)


def states(data: slices.Data, x: str | None = None, *, select: slices.Selection | None = None, nearest: bool = False,
           inverted: bool = False, ax=None):
    """The stationary states of a file of `task: states` along an axis.

        figures.states("landscape.h5")
        figures.states("states.h5", x="kappa_mu", select={"g0": 1.2})

    Left: the landscape U of each state above that of xi = 0 (where there is none: the largest overlap); stable states in the colour
    of the pattern that leads, others grey.  Right: how many there are, and the slowest decay of the stable ones.  Where the search
    was not complete numbers are lower bounds: hatched.  inverted: also states with classes turned against their fields.
    x: None takes g0, or the longest axis.  select, nearest: as of `figures.map`.  A single point is drawn over the largest overlap.
    Returns the figure, or with `ax` that Axes, with the left panel alone.
    """
    data = slices.opened(data)
    if "state_xi" not in data:
        raise Error("the file has no states: its job does not say `task: states`")
    data, select, several = slices.selected(data, select, nearest)
    slices.checked_axes(data, "n_states", {"--x": x}, select)
    free = [axis for axis in slices.numeric_axes(data, "n_states") if axis not in {slices.group_of(data, name) for name in select}]
    single = x is None and not free
    x = x or (free[0] if free else slices.axes_of(data, "n_states")[0])
    slices.all_shown(data, several, [x], "--x")
    part = slices.cut_out(data, "n_states", [x], None, select, nearest)
    shown = part.data
    if not inverted and "state_n_inverted" in shown:
        names = ("state_U", "state_index", "state_xi", "state_n_unstable")
        shown = shown.assign({name: shown[name].where(~(shown.state_n_inverted > 0)) for name in names})
    with style.styled():
        if ax is not None or single:
            figure, (axes,) = style.panels(1, 4.0, 2.9, ax)
            handles, found = _levels(axes, shown, x, single), set()
            _hatch_nothing(axes, part.data, x, found)
            canvas.legend_beside(axes, handles + canvas.hatch_handles(found))
            axes.set_title(part.title)
            return style.finished(figure, ax)
        figure, panels = plt.subplot_mosaic([["U", "n"], ["U", "rate"]], figsize=(7.6, 3.9), layout="constrained",
                                            gridspec_kw={"width_ratios": [1.3, 1]})
        handles, found = _levels(panels["U"], shown, x, False), set()
        _numbers(panels["n"], part.data, x, found)
        _rates(panels["rate"], shown, x)
        for name in ("U", "rate"):
            _hatch_nothing(panels[name], part.data, x, found)
        canvas.legend_below(panels["U"], handles + canvas.hatch_handles(found))
        panels["U"].set_title(part.title)
        panels["n"].set_xlabel("")
        panels["n"].tick_params(labelbottom=False)
        return style.finished(figure, None)


def _stable(data):
    """Stable, and otherwise; NaN-free."""
    growing = data["state_n_unstable"].values
    known = np.isfinite(data["state_xi"].values).any(-1)
    return known & (growing == 0), known & (growing != 0)


def _levels(axes, data, x, single):
    """A dot a state; handles of the legend."""
    data = data.transpose(x, ..., "state", "mode")
    U, nu, at = data["state_U"].values, leading(data), data[x].values.astype(float)
    stable, other = _stable(data)
    has_U = np.isfinite(U).any()
    lead = np.nan_to_num(abs(data["state_xi"].values)).max(-1)
    if has_U:
        normal = np.where((nu == 0) & np.isfinite(U), U, np.nan)
        reference = np.where(np.isfinite(normal).any(1), np.nanmax(np.where(np.isfinite(normal), normal, -np.inf), 1), np.nan)
        reference = np.where(np.isfinite(reference), reference, np.nanmax(np.where(np.isfinite(U), U, -np.inf), 1))
        height, text = U - reference[:, None], r"$U - U(\xi = 0)$"
        text += labels.in_unit(data["state_U"].attrs.get("units"))
    else:
        height, text = lead, r"largest $|\xi|$"
    place = lead if single else np.broadcast_to(at[:, None], height.shape)
    handles = []
    index = data["state_index"].values
    for chosen, size, grey, name in ((other & ~(index == 1), 1.6, "0.72", "unstable" if not has_U else "unstable, other"),
                                     (other & (index == 1), 2.6, "0.30", "saddles of index 1")):
        if chosen.any():
            handles += axes.plot(place[chosen], height[chosen], ".", ms=size * (3 if single else 1), color=grey, label=name, zorder=1)
    colours = style.pattern_colours(data.sizes["mode"])
    for pattern in np.unique(nu[stable]).tolist():
        chosen = stable & (nu == pattern)
        colour, name = ("black", r"$\xi = 0$, stable") if pattern == 0 else (colours[pattern - 1], f"pattern {pattern}, stable")
        handles += axes.plot(place[chosen], height[chosen], ".", ms=9 if single else 4.5, color=colour, zorder=2, label=name)
    axes.set(xlabel=r"largest $|\xi|$" if single else labels.label(data, x), ylabel=text if not (single and not has_U) else "")
    if not single:
        canvas.set_axis(axes.xaxis, data[x].values, canvas.is_log(at), canvas.ends(at))
    return handles


def _hatch_nothing(axes, data, x, found):
    """Where no state is known at all."""
    why = cells.absent(data, "n_states").values
    why = np.where(np.isin(why, [cells.code("not computed"), cells.code("failed")]), why, 0)
    at = data[x].values
    canvas.blocks(axes, canvas.edges(at, canvas.is_log(at)), why, found, None, None)


def _numbers(axes, data, x, found):
    at = data[x].values.astype(float)
    is_log = canvas.is_log(at)
    why = cells.absent(data, "n_states").values
    for field, colour, name in (("n_states", "0.5", "all"), ("n_stable", style.COLOURS[0], "stable")):
        values = data[field].values.astype(float)
        values = np.where(why == cells.code("does not apply"), np.nan, values)
        axes.step(at, values, where="mid", color=colour, label=name, lw=1.1)
    canvas.blocks(axes, canvas.edges(at, is_log), why, found, None, None)
    found_some = data["n_stable"].values[data["n_stable"].values > 0]
    low = found_some.min() if found_some.size else 1
    if float(data["n_states"].max()) > 30 * low:
        axes.set(yscale="log", ylim=(0.7 * low, None))
    else:
        axes.set_ylim(0, None)
    axes.set_ylabel("states")
    canvas.set_axis(axes.xaxis, data[x].values, is_log, canvas.ends(at))
    canvas.legend_beside(axes, axes.get_legend_handles_labels()[0])


def _rates(axes, data, x):
    data = data.transpose(x, ..., "state", "mode")
    nu, (stable, _) = leading(data), _stable(data)
    at = data[x].values.astype(float)
    place = np.broadcast_to(at[:, None], nu.shape)
    rates = data["state_decay_rate"].values
    colours = style.pattern_colours(data.sizes["mode"])
    for pattern in np.unique(nu[stable]).tolist():
        chosen = stable & (nu == pattern)
        axes.plot(place[chosen], rates[chosen], ".", ms=4, color="black" if pattern == 0 else colours[pattern - 1])
    axes.set(ylim=(0, None), xlabel=labels.label(data, x),
             ylabel="slowest decay" + labels.in_unit(data["state_decay_rate"].attrs.get("units")))
    canvas.set_axis(axes.xaxis, data[x].values, canvas.is_log(at), canvas.ends(at))
