# SPDX-License-Identifier: GPL-3.0-or-later
"""A field along one axis: numbers as points over the curves of theory, means with their intervals, classes as strips, and shares of
starts."""

from __future__ import annotations

import dataclasses
import numpy as np
import xarray as xr

import matplotlib.pyplot as plt

from .. import reading
from ..errors import Error
from . import canvas, cells, labels, lines, maps, slices, style

FINE = 2001
MOST_CURVES = 24
VISIBLE = 4e-3  # of the height of a frame, or of the value on a logarithmic scale: smaller errors lie within their points
DASHES = {"crit": ":", "least": ":", "ret": "-."}  # of thresholds
POINTS = 45  # that are drawn as circles; more stand as small dots


def cut(data: slices.Data, x: str | None = None, field: str | None = None, *, by: str | None = None, over: str | None = None,
        select: slices.Selection | None = None, nearest: bool = False, signed: bool = False, theory: bool = True, log: bool = False,
        ax=None):
    """A field along an axis, one curve for each value of another, with theory where it has one.

        figures.cut("out/fig3.h5")                                            # Fig. 3a: |xi| of each cue over g0
        figures.cut("out/fig3.h5", "g0", "occupation", select={"pattern": 2})
        figures.cut(data, "g0", "xi", by="pattern", over="seed")              # means of the seeds, intervals of 95 %
        figures.cut(data, "g0", "verdict", by="pattern")                      # classes: a strip for each cue

    data: a Dataset or the path of a file.  x: None takes g0, or the longest axis.  field: None takes what `figures.map` would.
    by: an axis; None takes the cue's pattern, else the mode, else an axis of few values.  over: an axis of starts, along which
    numbers become their mean with its interval (Student's, 95 %), and classes their shares.  select, nearest, signed: as of
    `figures.map`.  log: a logarithmic vertical scale.
    theory: Eq. (12) and what follows from it, for xi, occupation, alpha and x_mean, where points have ended in that state; for other
        fields lines at g_c.

    Where the file has the error of a field (xi_error, lyapunov_error, ...) points have error bars, if these are large enough to be seen;
    means have the interval of their scatter, which has these errors in it.
    Points without a result are left out, and hatched blocks show where: over the whole height for one curve, in a strip above the
    frame for several; in that strip also where some starts of a mean, or of a cell that counts them, have none.  Returns the
    figure, or `ax` where that is given.
    """
    data = slices.opened(data, None if field is None else [field])
    field = field or maps.default_field(data)
    data, select, several = slices.selected(data, select, nearest)
    if field in cells.NOT_DRAWN:
        raise Error(f"{field} is not something to draw")
    slices.checked_axes(data, field, {"--x": x, "--by": by, "--over": over}, select)
    over = over or slices.over_of(data, field, [x, by], select)
    x = x or _axis(data, field, [by, over, *select])
    categorical = cells.is_categorical(slices.field_values(data, field))
    by = by or slices.first_free(data, several, [x, over]) or _curves(data, field, [x, over, *select], categorical)
    slices.all_shown(data, several, [x, by, over], "--by")
    part = slices.cut_out(data, field, [x, *([by] if by else [])], over, select, nearest)
    with style.styled():
        if categorical and over:
            return _shares(part, x, by, over, ax)
        return _strips(part, x, by, ax) if categorical else _curves_of(part, x, by, over, signed, theory, log, ax)


def _axis(data, field, taken):
    used = {slices.group_of(data, name) for name in taken if name}
    free = [axis for axis in slices.numeric_axes(data, field) if axis not in used]
    free += [dim for dim in slices.axes_of(data, field) if dim not in used and dim not in free]
    if not free:
        raise Error(f"{field} has no axis to cut along")
    longer = [dim for dim in free if data.sizes[dim] > 1]
    return (longer or free)[0]


def _curves(data, field, taken, categorical):
    used = {slices.group_of(data, name) for name in taken if name}
    free = [dim for dim in slices.axes_of(data, field) if dim not in used and data.sizes[dim] > 1]
    most = MOST_CURVES if not categorical else 2 * MOST_CURVES
    if "outcome" in free:
        return "outcome"
    for dim in ("pattern", "mode", *sorted(free, key=lambda dim: data.sizes[dim])):
        if dim in free and data.sizes[dim] <= (most if dim in ("pattern", "mode") else 6):
            return dim
    return None


def _of_outcomes(data, present):
    """Their colours: those of all pictures."""
    found = cells.outcome_classes(present, cells.most_patterns(data, present), labels.outcome_names(data))
    return [next(kind.colour for kind in found if kind.code == code) for code in present]


def _parts(part, by):
    """(value, slice) of each curve; where it is a mode, labels know."""
    if not by:
        return [(None, part)]
    axis = by if by in part.data.dims else slices.group_of(part.data, by)
    values = slices.values_of(part.data, axis)
    if by == "outcome":
        kept = np.isin(values, slices.outcomes_of(part.data, part.field))
        part, values = dataclasses.replace(part, data=part.data.isel(outcome=kept)), values[kept]
    if values.size > MOST_CURVES:
        raise Error(f"{by} has {values.size} values, more than {MOST_CURVES} curves: select one, or draw a map")
    return [(v.item(), dataclasses.replace(part, data=part.data.isel({axis: i}))) for i, v in enumerate(values)]


def _curves_of(part, x, by, over, signed, theory, log, ax):
    parts = _parts(part, by)
    at = part.data[x].values if x in part.data.coords else np.arange(part.data.sizes[x])
    is_log = canvas.is_log(at)
    border = canvas.edges(at, is_log)
    ends = border[[0, -1]] if at.dtype.kind in "iu" else canvas.ends(at)
    figure, (axes,) = style.panels(1, 4.0, 2.9, ax)
    if by == "outcome":
        colours = _of_outcomes(part.data, [value for value, _ in parts])
    else:
        colours = (style.pattern_colours if by in ("pattern", "mode", None) else style.sequence_colours)(len(parts))
    found, some, handles, theories, has_interval, has_limit, all_values, bars = set(), set(), [], {}, False, False, [], []
    for i, ((value, own), colour) in enumerate(zip(parts, colours)):
        if over:
            result = cells.mean(own.data, own.field, over, signed)
            values, why = result["mean"].values, result["why"].values
            low, high, lost = result["low"].values, result["high"].values, result["lost"]
        else:
            values, why = cells.shown(own.data, own.field, signed).values, cells.absent(own.data, own.field).values
            (low, high), lost = _interval(own, why), cells.lost_shares(own.data, own.field)
        values = np.where(np.isfinite(values), values, np.nan)
        style_of = _style(at.size, colour, log)
        if theory:
            theories |= _theory(axes, own, x, by, value, signed, at if at.size > 1 else border, is_log, colour)
        if low is not None:
            has_interval |= bool(np.isfinite(low).any())
            axes.fill_between(at, low, high, color=colour, alpha=0.22, lw=0, zorder=2)
            all_values += [low, high]
        axes.plot(at, values, zorder=3, **(style_of if low is None else style_of | {"ls": "-", "lw": 1.0}))
        all_values.append(values)
        limit = None if over else _mean_field(own, signed)
        if limit is not None and theory:
            axes.plot(at, limit, color=colour, lw=1.0, ls="--", zorder=2)[0].set_gid("mean field")
            all_values.append(limit)
            has_limit = True
        if not over:
            error = _error(own, x, values)
            bars.append((values, error, colour))
            all_values += [values - error, values + error]
        canvas.blocks(axes, border, why, found, i if len(parts) > 1 else None, colour, ends)
        canvas.lost_blocks(axes, border, lost.transpose("reason", x).values, some, i, colour, ends)
        if value is not None:
            handles.append(plt.Line2D([], [], color=colour, marker="o", mfc=style_of.get("mfc", colour), ms=3.5, lw=1.0,
                                      ls="-" if theories or low is not None else "",
                                      label=labels.outcome_text(value, labels.outcome_names(part.data)) if by == "outcome" else
                                      labels.item(part.data, by, value)))
    whole = 1.04 if cells.is_unsigned(part.field) else np.ptp(np.concatenate([[0.0], *[v[np.isfinite(v)] for v in all_values]]))
    has_bars = any([_error_bars(axes, at, *bar, None if log else whole) for bar in bars])
    _frame(axes, part, x, by, at, is_log, border, np.concatenate(all_values), signed, log, over)
    if has_bars:
        about = part.data[_error_name(part)].attrs.get("long_name", "")
        handles.append(plt.Line2D([], [], color="0.3", lw=0.9, marker="|", ms=7, ls="",
                                  label="standard error" if about.startswith("standard") else "error"))
    if has_limit:
        handles.append(plt.Line2D([], [], color="0.3", lw=1.0, ls="--", label="mean field"))
    handles += [plt.Line2D([], [], color="0.3", lw=1.0, ls=dashes, label=text) for text, dashes in theories.items()]
    if over:
        handles.append(plt.Rectangle((0, 0), 1, 1, fc="0.3", alpha=0.25, label=f"mean over {labels.WORDS.get(over, over)}, 95 %"))
    elif has_interval:
        handles.append(plt.Rectangle((0, 0), 1, 1, fc="0.3", alpha=0.25, label="interval" + _level(part)))
    canvas.legend_beside(axes, handles + canvas.hatch_handles(found) + canvas.hatch_handles(some, "some starts: "))
    lines_above = len(parts) if some or found and len(parts) > 1 else 0
    if part.title:
        axes.set_title(part.title, pad=6 + 4.2 * lines_above)
    return style.finished(figure, ax)


def _interval(own, why):
    """What the file has beside a field as NAME_low and NAME_high: (low, high), or (None, None)."""
    stem = own.field.removesuffix("_median")
    if f"{stem}_low" not in own.data or f"{stem}_high" not in own.data:
        return None, None
    low, high = own.data[f"{stem}_low"].values, own.data[f"{stem}_high"].values
    known = (why == 0) & np.isfinite(low) & np.isfinite(high)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def _mean_field(own, signed):
    """What the file has beside a field as NAME_mean_field: the limit of infinitely many spins."""
    name = f"{own.field}_mean_field"
    if name not in own.data or own.data[name].dims != own.data[own.field].dims:
        return None
    values = own.data[name].values
    return abs(values) if cells.is_unsigned(own.field) and not signed else values


def _level(part):
    """Of the interval, as the file has it."""
    about = part.data[f"{part.field.removesuffix('_median')}_low"].attrs.get("long_name", "")
    return ", 95 %" if "95" in about else ""


def _error_name(own):
    """The field beside it that has its error, or its standard error; None where there is none."""
    return next((name for name in (f"{own.field}_error", f"{own.field}_se") if name in own.data), None)


def _error(own, x, values):
    """What the file has of the error of each value, NaN where it has none."""
    name = _error_name(own)
    if name is None or own.data[name].dims != (x,):
        return np.full(values.shape, np.nan)
    error = own.data[name].values.astype(float)
    return np.where(np.isfinite(values) & np.isfinite(error) & (error > 0), error, np.nan)


def _error_bars(axes, at, values, error, colour, whole) -> bool:
    """Whether any is large enough to be seen in a frame of that height; None: of a logarithmic scale."""
    with np.errstate(invalid="ignore"):
        shown = error > VISIBLE * (abs(values) if whole is None else whole)
    if shown.any():
        axes.errorbar(at[shown], values[shown], error[shown], fmt="none", ecolor=colour, elinewidth=0.9, capsize=1.8, capthick=0.7,
                      zorder=2.5)[2][0].set_gid("error")
    return bool(shown.any())


def _style(n, colour, log):
    if n <= POINTS:
        return {"marker": "o", "ms": 3.6, "mfc": "white", "mec": colour, "color": colour, "mew": 0.9, "ls": "", "clip_on": log}
    return {"marker": "o", "ms": 2.0, "mew": 0, "color": colour, "ls": "", "clip_on": log}


def _theory(axes, own, x, by, value, signed, border, is_log, colour) -> dict[str, object]:
    """Curves of both signs where signs are shown; else, at thresholds, lines to the frame.  {what the legend says: dashes}."""
    data = own.data
    if x not in data.coords or data[x].values.dtype.kind != "f" or reading.of_job(data, "model.g0") is None:
        return {}
    mode = value if by == "mode" else own.mode_number or lines.cue_of(data)
    kinds = lines.kinds(data, own.field, mode)
    if not kinds or mode is None:
        return {}
    at, finer, _ = lines.fine(data, x, border[[0, -1]], is_log, FINE)
    if by == "mode" and lines.is_exact(data) and lines.cue_of(data) is not None and value != lines.cue_of(data):
        return {}
    curve = lines.curve(data, x, own.field, (at, finer), int(mode))
    if curve is not None:
        if not lines.is_exact(data):
            cells_of = canvas.edges(data[x].values, is_log)
            curve = np.where(lines.is_drawn(data, x, own.field, (at, finer), cells_of, int(mode)), curve, np.nan)
        if not np.isfinite(curve).any():
            return {}
        branches = [curve, -curve] if signed and own.field in ("xi", "xi_end") or own.field in ("alpha_re", "alpha_im") else [curve]
        for branch in branches:
            drawn, = axes.plot(at, branch, color=colour, lw=1.0, zorder=2)
            drawn.set_gid("theory")
        found = {"Eq. (12)" if own.field in ("xi", "xi_end") else "closed form": "-"}
        if lines.is_exact(data) or by == "mode" and value != lines.cue_of(data):
            return found
        # Where the state of a tilted start begins to be stable, its curve begins; the line says why there.
        return found | {text: DASHES[what] for text, what in kinds.items() if what == "ret" and _crossings(axes, at, finer, what, colour)}
    if not lines.is_closed(data) or np.isnan(np.max(lines.one_sign(data))) and not lines.is_exact(data):
        return {}
    return {text: DASHES[what] for text, what in kinds.items() if _crossings(axes, at, finer, what, colour)}


def _crossings(axes, at, finer, what, colour) -> bool:
    """Lines where the coupling is that of a threshold."""
    distance = lines.parameters(finer)["g0"] - lines.threshold(finer, what)
    distance = np.broadcast_to(np.asarray(distance, float), at.shape)
    with np.errstate(invalid="ignore"):
        changes = np.diff(np.sign(distance)) != 0
    crossings = np.flatnonzero(changes & np.isfinite(np.diff(distance)))
    for i in crossings:
        place = at[i] - distance[i] * (at[i + 1] - at[i]) / (distance[i + 1] - distance[i])
        axes.axvline(place, color=colour, lw=0.9, ls=DASHES[what], zorder=1).set_gid(f"theory {what}")
    return crossings.size > 0


def _frame(axes, part, x, by, at, is_log, border, values, signed, log, over):
    known = values[np.isfinite(values)]
    is_overlap = cells.is_unsigned(part.field)
    canvas.set_axis(axes.xaxis, at, is_log, border if at.dtype.kind in "iu" else canvas.ends(at))
    axes.set_xlabel(labels.label(part.data, x))
    mode = r"\mu" if by == "mode" else part.mode
    text = labels.label(part.data, part.field, mode, is_overlap and not signed)
    axes.set_ylabel(text)
    wide = bool(known.size) and 1e9 * known.min() > known.max() > 300 * known.min() > 0 and not is_overlap and not over
    if log or wide:
        axes.set_yscale("log")
    elif is_overlap or part.field in canvas.PROBABILITIES:
        axes.set_ylim(-1.04 if signed else 0, 1.04)
    elif known.size and known.min() >= 0:
        axes.set_ylim(0, None)
    if not log and signed or known.size and known.min() < 0 < known.max():
        axes.axhline(0, color="0.8", lw=0.7, zorder=0)


# ---- classes ----


def _strips(part, x, by, ax):
    """A row of cells for each curve."""
    at = part.data[x].values if x in part.data.coords else np.arange(part.data.sizes[x])
    is_log = canvas.is_log(at)
    border = canvas.edges(at, is_log)
    rows = part.data[by].values if by and by in part.data.coords else np.arange(part.data.sizes[by] if by else 1)
    figure, (axes,) = style.panels(1, 4.0, 0.55 + min(2.4, 0.30 * rows.size), ax)
    kinds, found = cells.classes(part.data, cells.shown(part.data, part.field)), set()
    data = part.data if by else part.data.expand_dims("row")
    y = by or "row"
    part_of = dataclasses.replace(part, data=data)
    border_y = np.arange(rows.size + 1) - 0.5
    maps.draw_classes(axes, part_of, x, y, None, (border, border_y), (is_log, False), kinds, found)
    canvas.set_axis(axes.xaxis, at, is_log, border)
    axes.set(ylim=(-0.5, rows.size - 0.5), xlabel=labels.label(part.data, x))
    if by and rows.size <= 24:
        every = -(-rows.size // 12)
        axes.set_yticks(range(0, rows.size, every), [labels.item(part.data, by, value.item()) for value in rows[::every]])
    else:
        axes.set_yticks([])
    axes.tick_params(axis="y", length=0)
    canvas.titles(figure, [axes], part, None, ax, False)
    canvas.legend_beside(axes, canvas.class_handles(kinds) + canvas.hatch_handles(found))
    return style.finished(figure, ax)


def _shares(part, x, by, over, ax):
    parts = _parts(part, by)
    if ax is not None and len(parts) > 1:
        raise Error("several panels do not fit on one Axes")
    many = len(parts) > 1
    figure, all_axes = style.panels(len(parts), *((2.1, 1.9) if many else (4.0, 2.9)), ax, sharex=many, sharey=many)
    kinds, found = cells.classes(part.data, cells.shown(part.data, part.field)), set()
    for axes, (value, own) in zip(all_axes, parts):
        present, counts, lost = cells.shares(own.data, own.field, over)
        draw_shares(axes, own.data, x, [next(k.colour for k in kinds if k.code == c.code) for c in present],
                    counts.transpose("class", x).values, lost.transpose("why", x).values, found)
        axes.set_xlabel(labels.label(part.data, x, words=not many))
        if value is not None:
            axes.set_title(labels.item(part.data, by, value))
    all_axes[0].set_ylabel("share of starts")
    canvas.titles(figure, all_axes, part, over, ax, many)
    canvas.legend_beside(all_axes[canvas.columns(all_axes) - 1],
                         canvas.class_handles(kinds) + canvas.hatch_handles(found))
    return style.finished(figure, ax)


def draw_shares(axes, data: xr.Dataset, x: str, colours: list, counts: np.ndarray, lost: np.ndarray, found: set[int]) -> None:
    """Stacked over cells along x: counts [class, x] in colours, lost [why, x] hatched."""
    at = data[x].values if x in data.coords else np.arange(data.sizes[x])
    is_log = canvas.is_log(at)
    border = canvas.edges(at, is_log)
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = np.nan_to_num(np.concatenate([counts, lost]) / (counts.sum(0) + lost.sum(0)))
    ends = np.cumsum(parts, axis=0)
    for i, part in enumerate(parts):
        if not part.any():
            continue
        begin = ends[i - 1] if i else np.zeros(at.size)
        place = {"x": border[:-1], "width": np.diff(border), "height": part, "bottom": begin, "align": "edge"}
        if i < len(colours):
            axes.bar(**place, color=colours[i], lw=0)
            continue
        code = 1 + i - len(colours)
        axes.bar(**place, **canvas.without_result(code), lw=0)
        found.add(code)
    axes.set_ylim(0, 1)
    canvas.set_axis(axes.xaxis, at, is_log, border)
