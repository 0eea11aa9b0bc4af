# SPDX-License-Identifier: GPL-3.0-or-later
"""A field over two axes: classes in their colours, numbers on a scale, cells without a result hatched, lines of theory."""

from __future__ import annotations

from typing import Mapping

import contourpy
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.colors import ListedColormap, Normalize

from ..errors import Error
from . import canvas, cells, labels, lines, slices, style

LINE_STYLES = {"crit": "-", "least": "-", "ret": (0, (4, 1.6))}


# ---- cells ----


def draw_lines(axes, part: slices.Slice, x: str, y: str, borders, logs, found: dict) -> None:
    """Lines of theory; found: handles of a legend by label."""
    for text, what in lines.kinds(part.data, part.field, None if part.follows_cue else part.mode_number).items():
        line = lines.over_map(part.data, part.field, x, y, borders, logs, what)
        if line is None:
            continue
        for points in contourpy.contour_generator(*line).lines(0.0):
            drawn, = axes.plot(*points.T, color="black", lw=1.2, ls=LINE_STYLES[what], zorder=3, path_effects=style.HALO)
            drawn.set_gid(f"theory {what}")
        found[text] = plt.Line2D([], [], color="black", lw=1.2, ls=LINE_STYLES[what], label=text)


# ---- the picture ----


def map(data: slices.Data, x: str | None = None, y: str | None = None, field: str | None = None, *, panels: str | None = None,
        over: str | None = None, select: slices.Selection | None = None, nearest: bool = False, signed: bool = False,
        theory: bool = True, ax=None):
    """A field over two axes, small multiples over a third.

        figures.map("phase_diagram.h5", "g0", "Omega_mu_1", "xi", select={"kappa_mu": 1, "pattern": 2})
        figures.map("phase_diagram.h5", "g0", "kappa_mu", "verdict", panels="pattern").savefig("map.pdf")
        figures.map(data, "g0", "perturbation", "retrieved", over="seed")

    data: a Dataset or the path of a file.  x, y: axes, also those that advance together by their own names; of a sample (axes
    that advance together both) each point is a dot.  None: g0 and the longest other.  field: of the file, or xi_end, outcome; None:
    `verdict` where trajectories oscillate, else `xi`; of states and of starts that are counted `n_stable`, `retrieval_either_sign`.
    over: an axis of starts (None: seed, if it is left): numbers become their mean, and each cell of a field of classes is divided
    in the shares of its starts.  select: {axis: value} of the others, which else stand at their first value and `mode` at the
    cue's pattern; the value must be there, unless `nearest`.  A list of values leaves the axis
    with these alone.  signed: overlaps with their sign, else |xi|.
    theory: g_c and g_ret, where they mean something (lines.py).

    Cells without a result are hatched, for each reason in its own way.  Of means and of starts that are counted, as much of a cell is
    hatched as its starts have none (not computed yet, undecided, failed); all of it where these are most.  Returns the figure, or
    `ax` where that is given.
    """
    data = slices.opened(data, None if field is None else [field])
    field = field or default_field(data)
    data, select, several = slices.selected(data, select, nearest)
    if field in cells.NOT_DRAWN:
        raise Error(f"{field} is not something to draw")
    slices.checked_axes(data, field, {"--x": x, "--y": y, "--panels": panels, "--over": over}, select)
    over = over or slices.over_of(data, field, [x, y, panels], select)
    x, y = _two_axes(data, field, x, y, [panels, over, *select])
    panels = panels or slices.first_free(data, several, [x, y, over])
    slices.all_shown(data, several, [x, y, over, panels], "--panels")
    part = slices.cut_out(data, field, [x, y, *([panels] if panels else [])], over, select, nearest)
    with style.styled():
        if slices.group_of(data, x) == slices.group_of(data, y):
            return _scatter(part, x, y, panels, over, signed, ax)
        return _draw(part, x, y, panels, over, signed, theory, ax)


def default_field(data: xr.Dataset) -> str:
    """What a picture of the data shows first."""
    for field in ("retrieval_either_sign", "fatal_median", "n_stable"):
        if field in data and not np.all(cells.absent(data, field).values == cells.code("does not apply")):
            return field
    if "count" in data and "outcome" in data.dims:
        return "entropy"
    if "verdict" not in data or "xi" not in data:
        there = ", ".join(sorted({*data.data_vars} - {*cells.NOT_DRAWN}))
        raise Error(f"this file has no field that a picture shows by itself: name one by --field (there are: {there})")
    decided = cells.shown(data, "verdict")
    names = {c.name for c in cells.classes(data, decided)}
    is_lost = float((cells.absent(data, "verdict") > 0).mean()) > 0.2
    return "verdict" if names - {"fixed point", "dark precession", "relaxing"} or is_lost and not names else "xi"


def is_map(data: xr.Dataset, field: str, select: Mapping[str, float]) -> bool:
    """Whether a first look at the field is a map: two axes beside the cue's pattern, or one with many values, or a sample."""
    axes = [axis for axis in slices.numeric_axes(data, field) if axis not in {slices.group_of(data, name) for name in select}]
    long_ones = [axis for axis in axes if axis != "pattern" and (data.sizes[axis] > 4 or len(axes) == 2)]
    sampled = [axis for axis in axes if sum(data[name].dims == (axis,) and name != axis for name in data.coords) > 1]
    return len(long_ones) > 1 or len(axes) == 1 and bool(sampled)


def _two_axes(data, field, x, y, taken):
    """The axes of the map: those named, then g0, then the longest; of axes that advance together the first that can be one."""
    used = {slices.group_of(data, name) for name in (x, y, *taken) if name}
    dims = slices.axes_of(data, field)
    free = [axis for axis in slices.numeric_axes(data, field) if axis not in used]
    members = {dim: [str(name) for name in data.coords if data[name].dims == (dim,) and name != dim and data[name].dtype.kind == "f"]
               for dim in dims}
    groups = [dim for dim in free if members[dim]]
    if x is None and y is None and len(free) == 1 and groups and len(members[free[0]]) > 1:
        return tuple(members[free[0]][:2])
    if y is None and x is not None and slices.group_of(data, x) != x and not free:
        others = [name for name in members[slices.group_of(data, x)] if name != x]
        free = others or free
    free = [next((name for name in members.get(axis, ()) if np.unique(data[name]).size == data.sizes[axis]), axis) for axis in free]
    free += [dim for dim in dims if dim in ("mode", "state") and dim not in used and data.sizes[dim] > 1]
    free += [dim for dim in dims if dim not in used and dim not in free and data.sizes[dim] == 1 and dim != "mode"]
    if len(free) < [x, y].count(None):
        raise Error(f"{field} has no two axes to make a map of (axes: {', '.join(dims)})")
    x = x or free.pop(0)
    return x, y or free.pop(0)


def _draw(part, x, y, panels, over, signed, theory, ax):
    parts = canvas.panel_parts(part, panels)
    if ax is not None and len(parts) > 1:
        raise Error("several panels do not fit on one Axes")
    at_x, at_y = part.data[x].values if x in part.data.coords else np.arange(part.data.sizes[x]), \
        part.data[y].values if y in part.data.coords else np.arange(part.data.sizes[y])
    logs = canvas.is_log(at_x), canvas.is_log(at_y)
    borders = canvas.edges(at_x, logs[0]), canvas.edges(at_y, logs[1])
    many = len(parts) > 1
    figure, all_axes = style.panels(len(parts), *((2.0, 2.1) if many else (3.5, 3.2)), ax, sharex=many, sharey=many)
    categorical = cells.is_categorical(part.values)
    found, drawn = set(), {}
    if categorical:
        kinds = cells.classes(part.data, cells.shown(part.data, part.field))
    else:
        results = [_numbers(own, over, signed) for _, own in parts]
        scale = canvas.scale_of(np.concatenate([r["mean"].values.ravel() for r in results]), part.field, signed,
                         part.values.dtype.kind in "iu" and not over)
    for i, (axes, (value, own)) in enumerate(zip(all_axes, parts)):
        if categorical:
            draw_classes(axes, own, x, y, over, borders, logs, kinds, found)
        else:
            canvas.mesh(axes, *borders, results[i]["mean"].transpose(y, x).values, scale.cmap, scale.norm)
            canvas.hatched(axes, *borders, results[i]["why"].transpose(y, x).values, found)
            canvas.lost_starts(axes, *borders, results[i]["lost"].transpose("reason", y, x).values, logs[0], found)
        canvas.set_axis(axes.xaxis, at_x, logs[0], borders[0])
        canvas.set_axis(axes.yaxis, at_y, logs[1], borders[1])
        if theory:
            draw_lines(axes, own, x, y, borders, logs, drawn)
        if value is not None:
            axes.set_title(labels.item(part.data, panels, value))
        if not many or axes.get_subplotspec().is_last_row() or i + canvas.columns(all_axes) >= len(all_axes):
            axes.set_xlabel(labels.label(part.data, x, words=not many))
            axes.tick_params(labelbottom=True)
        if not many or axes.get_subplotspec().is_first_col():
            axes.set_ylabel(labels.label(part.data, y, words=not many))
    canvas.titles(figure, all_axes, part, over, ax, many, categorical)
    rest = [*canvas.hatch_handles(found), *drawn.values()]
    if categorical:
        canvas.legend_beside(all_axes[canvas.columns(all_axes) - 1],
                      canvas.class_handles(kinds) + rest)
    else:
        canvas.add_bar(figure, all_axes if many else all_axes[0], scale,
                       ("mean " if over else "") + _label(part, signed))
        canvas.legend_below(all_axes[-canvas.columns(all_axes)] if many and len(all_axes) % canvas.columns(all_axes) == 0 else
                     all_axes[(len(all_axes) - 1) // canvas.columns(all_axes) * canvas.columns(all_axes)], rest)
    return style.finished(figure, ax)


def _numbers(own, over, signed):
    """`mean` and `why` there is none, and what share of starts is `lost`."""
    if over:
        return cells.mean(own.data, own.field, over, signed)
    return xr.Dataset({"mean": cells.shown(own.data, own.field, signed), "why": cells.absent(own.data, own.field),
                       "lost": cells.lost_shares(own.data, own.field)})


def _label(part, signed):
    return labels.label(part.data, part.field, part.mode, cells.is_unsigned(part.field) and not signed)


def draw_classes(axes, own, x, y, over, borders, logs, kinds, found):
    if over:
        present, counts, lost = cells.shares(own.data, own.field, over)
        colours = [next(k.colour for k in kinds if k.code == c.code) for c in present]
        both = np.concatenate([counts.transpose("class", y, x).values, lost.transpose("why", y, x).values]).astype(float)
        canvas.striped(axes, *borders, both / both.sum(0), colours, logs[0], found)
        canvas.separated(axes, *borders)
        return
    values = cells.shown(own.data, own.field).transpose(y, x).values
    position = np.full(values.shape, np.nan)
    for i, kind in enumerate(kinds):
        position[values == kind.code] = i
    colours = ListedColormap([kind.colour for kind in kinds] or ["white"])
    canvas.mesh(axes, *borders, position, colours, Normalize(-0.5, max(len(kinds), 1) - 0.5))
    canvas.hatched(axes, *borders, cells.absent(own.data, own.field).transpose(y, x).values, found)


def _scatter(part, x, y, panels, over, signed, ax):
    """Points of a sample, each at its place."""
    if panels or over:
        raise Error("points of a sample are drawn one by one, without panels and means")
    data = part.data
    at_x, at_y = data[x].values.astype(float), data[y].values.astype(float)
    values, why = cells.shown(data, part.field, signed).values, cells.absent(data, part.field).values
    figure, (axes,) = style.panels(1, 3.5, 3.2, ax)
    size = float(np.clip(3000 / max(values.size, 1), 4, 40))
    handles = []
    if cells.is_categorical(part.values):
        for kind in cells.classes(data, cells.shown(data, part.field)):
            own = values == kind.code
            handles.append(axes.scatter(at_x[own], at_y[own], s=size, color=[kind.colour], lw=0, label=kind.name))
    else:
        scale = canvas.scale_of(values, part.field, signed, part.values.dtype.kind in "iu")
        known = np.isfinite(values)
        axes.scatter(at_x[known], at_y[known], c=values[known], s=size, cmap=scale.cmap, norm=scale.norm, lw=0)
        canvas.add_bar(figure, axes, scale, _label(part, signed))
    for code in np.unique(why[why > 0]).tolist():
        marker = {"failed": "x", "not computed": ".", "does not apply": "."}.get(cells.WHY[code - 1], "+")
        handles.append(axes.scatter(at_x[why == code], at_y[why == code], s=size, marker=marker, lw=0.7, label=cells.WHY[code - 1],
                                    color=style.HATCHES[cells.WHY[code - 1]][1]))
    for axis, values, name in ((axes.xaxis, at_x, x), (axes.yaxis, at_y, y)):
        if values.min() > 0 and values.max() > 100 * values.min() and np.ptp(np.log(np.quantile(values, [0.25, 0.75]))) > 1.2:
            (axes.set_xscale if axis is axes.xaxis else axes.set_yscale)("log")
        axis.set_label_text(labels.label(data, name))
    canvas.titles(figure, [axes], part, None, ax, False)
    if cells.is_categorical(part.values):
        canvas.legend_beside(axes, handles)
    else:
        canvas.legend_below(axes, handles)
    return style.finished(figure, ax)
