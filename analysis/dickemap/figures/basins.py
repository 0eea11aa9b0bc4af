# SPDX-License-Identifier: GPL-3.0-or-later
"""How often random starts end in what: of files that have counted them (`reduce`), and of those that have every start."""

from __future__ import annotations

import numpy as np
import xarray as xr

import matplotlib.pyplot as plt

from .. import counting, reading, verdicts
from ..errors import Error
from . import canvas, cells, cuts, labels, maps, slices, style


def basins(data: slices.Data, x: str | None = None, y: str | None = None, *, panels: str | None = None, over: str | None = None,
           select: slices.Selection | None = None, nearest: bool = False, ax=None):
    """How often starts end in each attractor.

        figures.basins("retrieval_map.h5", panels="pattern")                       # two axes: how often the cue is retrieved
        figures.basins("retrieval_map.h5", x="g0", select={"perturbation": 0.02})  # one axis: shares of all outcomes
        figures.basins("letters.h5", x="flip_exactly", panels="pattern")           # of single records, over the seed

    Along x alone the shares of all outcomes are stacked, starts without an outcome and starts that are not computed hatched, and a
    line with its interval (Wilson's, 95 %) is the probability that the cue is retrieved, with either sign.  Over x and y it is a
    map of that probability.
    x, y: None takes g0 and, where x is not named, the longest other axis.  panels: small multiples.  over: of single records, the
    axis of the starts, None: seed.  select, nearest: as of `figures.map`.  Returns the figure, or `ax` where that is given.
    """
    data = slices.opened(data)
    data, select, several = slices.selected(data, select, nearest)
    if "fatal_median" in data:
        return _fatal(data, x, select, nearest, ax)
    counted = _counted(data, over)
    slices.checked_axes(counted, "n_decided", {"--x": x, "--y": y, "--panels": panels}, select)
    panels = panels or slices.first_free(counted, several, [x, y])
    slices.all_shown(counted, several, [x, y, panels], "--panels")
    taken = {slices.group_of(counted, name) for name in (x, y, panels, *select) if name}
    free = [axis for axis in slices.numeric_axes(counted, "n_decided") if axis not in taken]
    if x is None and y is None and len(free) > 1 or y is not None:
        if "retrieval_either_sign" not in counted or np.isnan(counted["retrieval_either_sign"]).all():
            raise Error("starts of this file have no one cue that could be retrieved: draw the outcomes along one axis, --x")
        return maps.map(counted, x, y, "retrieval_either_sign", panels=panels, select=select, nearest=nearest, ax=ax)
    x = x or (free[0] if free else slices.axes_of(counted, "n_decided")[0])
    part = slices.cut_out(counted, "n_decided", [x, *([panels] if panels else [])], None, select, nearest)
    with style.styled():
        return _along(part, x, panels, ax)


def _fatal(data, x, select, nearest, ax):
    return cuts.cut(data, x, "fatal_median", select=select, nearest=nearest, ax=ax)


def _counted(data: xr.Dataset, over: str | None) -> xr.Dataset:
    """The data as a file of `reduce` has them: `count` [axes, outcome], `n_decided`, `n_undecided`, of these `n_failed`, and how often
    the cue is retrieved; and `n_not_computed`, as starts of one cell may be done and others not."""
    if "count" in data and "outcome" in data.dims:
        return data
    if "verdict" not in data:
        raise Error("the file has neither single trajectories nor counts of starts")
    over = over or slices.over_of(data, "verdict", [], {})
    if over is None:
        raise Error("there is no axis of random starts, `seed`: name one by --over")
    if over not in data["verdict"].dims:
        raise Error(f"'{over}' is not an axis of the file (axes: {', '.join(map(str, data['verdict'].dims))})")
    ended = counting.outcome(data)
    if not bool(reading.done(data).any()):
        raise Error("nothing is computed yet")
    present = sorted({*np.unique(ended.values).tolist()} - {counting.NO_OUTCOME}) or [0]
    count = xr.concat([(ended == code).sum(over) for code in present], xr.DataArray(present, dims="outcome", name="outcome"))
    n_decided = (ended != counting.NO_OUTCOME).sum(over)
    is_done = reading.done(data).sum(over)
    n_failed = verdicts.is_verdict(data, "failed").sum(over)
    result = xr.Dataset({"count": count.transpose(..., "outcome"), "n_decided": n_decided, "n_undecided": is_done - n_decided,
                         "n_failed": n_failed, "n_not_computed": data.sizes[over] - is_done,
                         "status": xr.where(is_done > 0, 1, 0).astype(np.uint8)}, attrs=data.attrs)
    result = result.assign_coords({name: c for name, c in data.coords.items()
                                   if over not in c.dims and set(c.dims) <= {*result.dims, "mode"}})
    result["outcome"].attrs = {name: ended.attrs[name] for name in ("flag_values", "flag_meanings")}
    cue = data["pattern"] if "pattern" in data.coords else slices.cue_of(data)
    if cue is not None and reading.of_job(data, "initial.cue") is None:
        how_often = counting.probability(data, cue, over, either_sign=True)
        for end in ("", "_low", "_high"):
            result[f"retrieval_either_sign{end}"] = how_often[f"probability{end}"]
    return result


def _along(part, x, panels, ax):
    parts = canvas.panel_parts(part, panels)
    if ax is not None and len(parts) > 1:
        raise Error("several panels do not fit on one Axes")
    many = len(parts) > 1
    figure, all_axes = style.panels(len(parts), *((2.1, 1.9) if many else (4.0, 2.9)), ax, sharex=many, sharey=many)
    total = part.data["count"].where(part.data["count"] >= 0, 0).sum([dim for dim in part.data["count"].dims if dim != "outcome"])
    present = [int(code) for code, n in zip(part.data["outcome"].values, total.values) if n > 0]
    kinds = cells.outcome_classes(present, cells.most_patterns(part.data, present), labels.outcome_names(part.data))
    found, has_line = set(), False
    for axes, (value, own) in zip(all_axes, parts):
        counts = own.data["count"].where(own.data["count"] >= 0, 0).transpose("outcome", x)
        lost = np.zeros((len(cells.WHY), own.data.sizes[x]))
        for why, n in cells.starts_of_cells(own.data)[1].items():
            lost[cells.WHY.index(why)] = n.values
        is_done = reading.done(own.data).values
        lost[cells.WHY.index("not computed")] = np.where(is_done, lost[cells.WHY.index("not computed")], 1)
        each = [counts.sel(outcome=kind.code).values.astype(float) for kind in kinds]
        cuts.draw_shares(axes, own.data, x, [kind.colour for kind in kinds], np.array(each).reshape(len(kinds), -1), lost, found)
        has_line |= _retrieval(axes, own.data, x)
        axes.set_xlabel(labels.label(part.data, x, words=not many))
        if value is not None:
            axes.set_title(labels.item(part.data, panels, value))
    all_axes[0].set_ylabel("share of starts")
    if many:
        figure.suptitle(part.title, fontsize=9)
    else:
        all_axes[0].set_title(part.title)
    handles = canvas.class_handles(kinds) + canvas.hatch_handles(found)
    if has_line:
        handles += [plt.Line2D([], [], color="black", lw=1.3, label="cue retrieved, either sign"),
                    plt.Line2D([], [], color="black", lw=0.8, ls=":", label="its interval, 95 %")]
    canvas.legend_beside(all_axes[canvas.columns(all_axes) - 1], handles)
    return style.finished(figure, ax)


def _retrieval(axes, data, x) -> bool:
    name = "retrieval_either_sign"
    if name not in data or data[name].dims != (x,):
        return False
    share, low, high = (data[f"{name}{end}"].values for end in ("", "_low", "_high"))
    known = np.isfinite(share) & (data["n_decided"].values > 0) & (cells.absent(data, name).values == 0)
    if not known.any():
        return False
    at = data[x].values.astype(float)
    for values, look in ((share, {"lw": 1.3}), (low, {"lw": 0.8, "ls": ":"}), (high, {"lw": 0.8, "ls": ":"})):
        axes.plot(at, np.where(known, values, np.nan), color="black", zorder=5, path_effects=style.HALO, **look)
    return True
