# SPDX-License-Identifier: GPL-3.0-or-later
"""What pictures are made of: axes with their ticks, scales of numbers, cells and hatches, legends, titles."""

from __future__ import annotations

import dataclasses
from typing import Sequence

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import BoundaryNorm, ListedColormap, LogNorm, Normalize, TwoSlopeNorm
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from ..errors import Error
from . import cells, labels, slices, style

MOST_PANELS = 16
VECTOR_CELLS = 900  # up to so many are drawn as vectors; more make files large and seams visible
PROBABILITIES = ("probability", "retrieval", "retrieval_either_sign")


# ---- axes ----


def is_log(values: np.ndarray) -> bool:
    """Spaced evenly in the logarithm, or more evenly there than in the value: over decades, or much more."""
    values = np.asarray(values, float)
    if values.size < 3 or values.min() <= 0:
        return False
    steps, of_log = np.diff(values), np.diff(np.log(values))
    uneven, uneven_log = np.ptp(steps) / abs(steps.mean()), np.ptp(of_log) / abs(of_log.mean())
    reach = values.max() / values.min()
    return uneven_log < uneven and (uneven_log < 1e-6 or reach > 30 or reach > 5 and uneven_log < uneven / 3)


def edges(values: np.ndarray, log: bool = False) -> np.ndarray:
    """Borders of the cells around points: midpoints, on a logarithmic scale geometric ones."""
    at = np.log(values) if log else np.asarray(values, float)
    if at.size == 1:
        border = at[0] + np.array([-0.5, 0.5]) * (1 if np.asarray(values).dtype.kind in "iu" else 0.1 * abs(at[0]) or 1.0)
    else:
        middle = (at[1:] + at[:-1]) / 2
        border = np.concatenate([[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]])
    return np.exp(border) if log else border


def set_axis(axis, values: np.ndarray, log: bool, border: np.ndarray) -> None:
    """Scale, limits and ticks: at the points where they are few, at whole numbers where nothing lies between."""
    values = np.asarray(values)
    (axis.axes.set_xlim if axis.axis_name == "x" else axis.axes.set_ylim)(border[0], border[-1])
    if log:
        (axis.axes.set_xscale if axis.axis_name == "x" else axis.axes.set_yscale)("log")
        (axis.axes.set_xlim if axis.axis_name == "x" else axis.axes.set_ylim)(border[0], border[-1])
        few = values.size <= 8 and np.diff(np.log(values)).min() > 0.08 * np.log(border[-1] / border[0])
        if few and values.dtype.kind in "iu":
            axis.set_major_locator(FixedLocator(values.astype(float)))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_locator(NullLocator())
        elif border[-1] / border[0] < 200:  # ticks at powers of ten are too few
            ticks = [m * 10.0**e for e in range(-9, 10) for m in (1, 2, 5) if border[0] <= m * 10.0**e <= border[-1]]
            axis.set_major_locator(FixedLocator(ticks))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_locator(NullLocator())
    elif values.size <= 6 and (values.size == 1 or np.diff(values).min() > 0.09 * (border[-1] - border[0])):
        axis.set_major_locator(FixedLocator(values.astype(float)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}".replace("-", "−")))
    elif values.dtype.kind in "iu":
        axis.set_major_locator(MaxNLocator(integer=True))
    if values.dtype.kind in "iu" and values.size <= 24:
        axis.set_tick_params(length=0)


def ends(values: np.ndarray) -> np.ndarray:
    """The frame of a cut: from the first point to the last."""
    at = np.asarray(values, float)
    return np.array([at.min(), at.max()]) if at.size > 1 else edges(values)


# ---- scales ----


@dataclasses.dataclass
class Scale:
    """How numbers become colours, the same for all panels."""

    cmap: matplotlib.colors.Colormap
    norm: Normalize
    extend: str = "neither"
    ticks: Sequence[float] | None = None


def scale_of(values: np.ndarray, field: str, signed: bool = False, whole: bool = False) -> Scale:
    """Overlaps from 0, or -1, to 1; whole numbers in steps; what has both signs through white at 0; what is positive over more
    than two decades by its logarithm."""
    known = values[np.isfinite(values)]
    colours = matplotlib.colormaps[style.SEQUENCE].copy()
    if field in PROBABILITIES:
        return Scale(matplotlib.colormaps["cividis"], Normalize(0, 1))
    if cells.is_unsigned(field) or field in ("pattern_xi", "xi_theory", "xi_mean"):
        most = max(1.0, abs(known).max()) if known.size else 1.0
        if signed or known.size and known.min() < -1e-9:
            return Scale(style.SIGNED, TwoSlopeNorm(0, -most, most))
        return Scale(colours, Normalize(0, most))
    if not known.size:
        return Scale(colours, Normalize(0, 1))
    low, high = known.min(), known.max()
    if low < 0 < high and min(-low, high) > 0.02 * max(-low, high):
        return Scale(style.SIGNED, TwoSlopeNorm(0, -max(-low, high), max(-low, high)))
    if whole and high - low <= 12:
        steps = np.arange(low - 0.5, high + 1)
        n = steps.size - 1
        return Scale(ListedColormap([colours(i) for i in np.linspace(0, 1, max(n, 2))[:n]]), BoundaryNorm(steps, n),
                     ticks=np.arange(low, high + 1))
    positive = known[known > 0]
    if positive.size > 0.5 * known.size and low >= 0 and positive.max() > 100 * positive.min():
        floor = positive.min()
        if positive.max() > 1e10 * floor:  # rounding errors would take most of the colours
            floor = max(floor, np.quantile(positive, 0.02))
        below = bool((known < floor).any())
        return Scale(colours, LogNorm(floor, positive.max(), clip=False), "min" if below else "neither")
    if low == high:
        return Scale(colours, Normalize(low - 0.5 * abs(low or 1), high + 0.5 * abs(high or 1)))
    return Scale(colours, Normalize(low, high))


def add_bar(figure, axes, scale: Scale, text: str) -> None:
    mappable = plt.cm.ScalarMappable(scale.norm, scale.cmap)
    bar = figure.colorbar(mappable, ax=axes, label=text, extend=scale.extend, aspect=24, ticks=scale.ticks,
                          pad=0.015 if isinstance(axes, list) else 0.03)
    bar.ax.tick_params(direction="out", length=2.5)
    bar.outline.set_linewidth(0.7)
    if scale.ticks is not None:
        bar.ax.minorticks_off()
    elif isinstance(scale.norm, LogNorm):
        bar.minorticks_off()


# ---- cells ----


def without_result(code: int) -> dict:
    """The look of cells without a result, by the code of the reason; their gid names it."""
    hatch, ink, paper = style.HATCHES[cells.WHY[code - 1]]
    return {"facecolor": paper, "edgecolor": ink, "hatch": hatch, "gid": f"no result: {cells.WHY[code - 1]}"}


def runs(there: np.ndarray):
    """(row, first, end) of cells side by side that are True."""
    for row, line in enumerate(there):
        ends = np.flatnonzero(np.diff(np.concatenate([[False], line, [False]]).astype(int)))
        yield from ((row, first, end) for first, end in zip(ends[::2], ends[1::2]))


def hatched(axes, border_x: np.ndarray, border_y: np.ndarray, why: np.ndarray, found: set[int]) -> None:
    """Cells [y, x] without a result, for each reason in its hatch."""
    for code in np.unique(why[why > 0]).tolist():
        corners = [[(border_x[a], border_y[row]), (border_x[b], border_y[row]), (border_x[b], border_y[row + 1]),
                   (border_x[a], border_y[row + 1])] for row, a, b in runs(why == code)]
        axes.add_collection(PolyCollection(corners, **without_result(code), linewidth=0, zorder=1.5), autolim=False)
        found.add(code)


def striped(axes, border_x, border_y, parts: np.ndarray, colours: list, log_x: bool, found: set[int]) -> None:
    """Each cell divided along x in shares [part, y, x] that add up to 1: the first in the colours (None: left as it is), the others
    one for each reason why there is no result, hatched."""
    ends = np.nan_to_num(np.cumsum(parts, axis=0))
    at = np.log(border_x) if log_x else border_x
    left, width = at[:-1], np.diff(at)
    for i, part in enumerate(parts):
        begin = ends[i - 1] if i else np.zeros_like(ends[0])
        rows, columns = np.nonzero(np.nan_to_num(part) > 0)
        if not rows.size or i < len(colours) and colours[i] is None:
            continue
        x0, x1 = (left[columns] + edge[rows, columns] * width[columns] for edge in (begin, ends[i]))
        x0, x1 = (np.exp(x0), np.exp(x1)) if log_x else (x0, x1)
        y0, y1 = border_y[rows], border_y[rows + 1]
        corners = np.stack([np.stack([x0, x1, x1, x0], 1), np.stack([y0, y0, y1, y1], 1)], axis=2)
        if i < len(colours):
            look = {"facecolor": colours[i], "edgecolor": colours[i], "linewidth": 0.1, "zorder": 1}
        else:
            code = 1 + i - len(colours)
            look = {**without_result(code), "linewidth": 0, "zorder": 1.5}
            found.add(code)
        axes.add_collection(PolyCollection(corners, **look), autolim=False)


def separated(axes, border_x: np.ndarray, border_y: np.ndarray) -> None:
    """White lines between cells that are divided, thinner the more there are."""
    for draw, border in ((axes.vlines, border_x), (axes.hlines, border_y)):
        ends = (border_y if border is border_x else border_x)[[0, -1]]
        draw(border[1:-1], *ends, color="white", lw=min(1.0, 40 / border.size), zorder=2).set_gid("between cells")


def lost_starts(axes, border_x, border_y, lost: np.ndarray, log_x: bool, found: set[int]) -> None:
    """What share of the starts of each cell has no result [reason, y, x], as a hatched strip of that width at its right."""
    striped(axes, border_x, border_y, np.concatenate([1 - lost.sum(0, keepdims=True), lost]), [None], log_x, found)


def hatch_handles(found: set[int], some: str = "") -> list:
    """For a legend.  some: "some starts: ", of cells that have a result all the same."""
    handles = []
    for code in sorted(found):
        look = without_result(code)
        handles.append(plt.Rectangle((0, 0), 1, 1, **look | {"hatch": 2 * look["hatch"][:2], "gid": None}, lw=0.5,
                                     label=some + cells.WHY[code - 1]))
    return handles


def class_handles(kinds: Sequence[cells.Class]) -> list:
    """For a legend."""
    return [plt.Rectangle((0, 0), 1, 1, fc=kind.colour, ec="0.3", lw=0.4, label=kind.name) for kind in kinds]


def mesh(axes, border_x, border_y, values: np.ndarray, cmap, norm) -> None:
    if isinstance(norm, LogNorm):  # zeros have no logarithm: they are below the scale
        values = np.where(values < norm.vmin, 0.5 * norm.vmin, values)
    many = values.size > VECTOR_CELLS
    edge = {} if many else {"edgecolor": "face", "linewidth": 0.2}
    axes.pcolormesh(border_x, border_y, np.ma.masked_invalid(values), cmap=cmap, norm=norm, rasterized=many, zorder=1, **edge)


def blocks(axes, border, why, found, row, colour, frame_x=None):
    """Hatched, where there is no result: over the whole height, or above the frame, from frame_x[0] to frame_x[1], in the row of the
    curve."""
    _blocks(axes, border, {code: why == code for code in np.unique(why[why > 0]).tolist()}, found, row, colour, frame_x)


def lost_blocks(axes, border, lost: np.ndarray, found: set[int], row: int, colour, frame_x) -> None:
    """Above the frame in the row of the curve, where some starts [reason, x] have no result, hatched for the most frequent reason."""
    there, most = lost.sum(0) > 0, lost.argmax(0)
    _blocks(axes, border, {1 + i: there & (most == i) for i in np.unique(most[there]).tolist()}, found, row, colour, frame_x,
            "some starts: ")


def _blocks(axes, border, where, found, row, colour, frame_x, some=""):
    frame = axes.get_xaxis_transform()
    low, high = (0.0, 1.0) if row is None else (1.012 + 0.02 * row, 1.030 + 0.02 * row)
    if row is not None:  # nothing cuts off what is above the frame
        border = np.clip(border, *frame_x)
    for code, there in where.items():
        look = without_result(code) | ({"lw": 0} if row is None else {"lw": 0.4, "edgecolor": colour, "clip_on": False})
        for _, a, b in runs(there[None, :]):
            axes.add_patch(plt.Rectangle((border[a], low), border[b] - border[a], high - low, transform=frame, zorder=0.5,
                                         **look | {"gid": some + look["gid"]}))
        found.add(code)


# ---- legends, titles, panels ----


def legend_beside(axes, handles: list) -> None:
    if handles:
        axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0, handlelength=1.2, handleheight=1.1)


def legend_below(axes, handles: list, points: float = 33) -> None:
    """Under the label of the horizontal axis."""
    if handles:
        below = axes.transAxes + ScaledTranslation(0, -points / 72, axes.figure.dpi_scale_trans)
        axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, 0), bbox_transform=below, borderaxespad=0,
                    ncols=min(3, len(handles)), handlelength=1.6, handleheight=1.1, columnspacing=1.2)


def panel_parts(part: slices.Slice, panels):
    if not panels:
        return [(None, part)]
    data = part.data
    axis = panels if panels in data.dims else slices.group_of(data, panels)
    values = slices.values_of(data, axis)
    if values.size > MOST_PANELS:
        raise Error(f"{panels} has {values.size} values, more than {MOST_PANELS} panels: select one, or take another axis")
    parts = []
    for i, value in enumerate(values):
        parts.append((value.item(), dataclasses.replace(part, data=data.isel({axis: i}))))
    return parts


def columns(all_axes) -> int:
    """Of the panels of a picture; of a caller's Axes, which may be one of many, 1."""
    spec = all_axes[0].get_subplotspec()
    return min(spec.get_gridspec().ncols, len(all_axes)) if spec is not None else 1


def starts_of(data) -> str:
    """What cells that count starts count: of which cue, where all have one, and how many each."""
    cue = slices.cue_of(data) if "pattern" not in data.coords else None
    return (f"cue {cue}, " if cue is not None else "") + f"{cells.starts_a_cell(data)} starts a cell"


def titles(figure, all_axes, part, over, ax, many, divided=False):
    """divided: each cell is divided in the shares of its starts."""
    texts = [part.title]
    if cells.is_categorical(part.values):
        texts.insert(0, labels.WORDS.get(part.field, labels.flag_text(part.field)))
    if "n_decided" in part.data and part.field != "n_decided":
        texts.append(starts_of(part.data))
    if over:
        starts = f"{part.data.sizes[over]} starts along {labels.WORDS.get(over, over)}"
        texts.append(f"widths: shares of {starts} in each cell" if divided else starts)
    text = ";  ".join(text for text in texts if text)
    if many:
        figure.suptitle(text, fontsize=9)
    elif text:
        all_axes[0].set_title(text)
